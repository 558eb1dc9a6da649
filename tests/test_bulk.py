"""Many passwords as one operation: every input has its place in the result, whatever happens to the others."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import threading
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import AccountRequest, Retry, VaultAccount
from test_sectona import SECTONA, envelope, record
from wire import Drop, Hang, Received, Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable

    from infosecops.sandbox import Sandbox

LIMIT = 30.0
DEPLOY = ("Unix Based", "web01.example.net", "deploy")
ROOT = ("Unix Based", "web01.example.net", "root")
SYSTEM = {
    "asset_type": "Oracle Database",
    "asset_host": "db01.example.net",
    "account_name": "system",
    "db_instance": "ORCL",
}
KEYS = AccountRequest("Unix Based", "CENTOS7", "admin152")
ALL = [DEPLOY, SYSTEM, KEYS]


def name_in(request: Received) -> str:
    return json.loads(request.body)["AccountName"]


def named(request: Received) -> bytes:
    """The account that was asked for, with a password of its own."""
    name = name_in(request)
    return ok(envelope(Result=record(AccountName=name, Password=f"secret of {name}")))


def numbered(count: int) -> list[tuple[str, str, str]]:
    return [("t", "h", f"a{number}") for number in range(count)]


def test_every_form_of_a_request_as_it_is_sent(connect: Callable[..., Any]) -> None:
    with Wire(named) as wire:
        pam = connect(SECTONA, wire.url, access_key="k")
        result = pam.request_passwords([DEPLOY, list(ROOT), SYSTEM, KEYS], max_concurrency=1)
        assert [json.loads(request.body) for request in wire.requests] == [
            {"AssetType": asset_type, "AssetHost": host, "DBInstance": db, "AccountName": name, "Instance": "Default"}
            for asset_type, host, name, db in [
                (*DEPLOY, ""),
                (*ROOT, ""),
                ("Oracle Database", "db01.example.net", "system", "ORCL"),
                ("Unix Based", "CENTOS7", "admin152", ""),
            ]
        ]
        assert {request.target for request in wire.requests} == {"/API/APP/APP008/RequestPassword"}
        assert [entry.input for entry in result] == [
            AccountRequest(*DEPLOY),
            AccountRequest(*ROOT),
            AccountRequest("Oracle Database", "db01.example.net", "system", db_instance="ORCL"),
            KEYS,
        ]


def test_all_of_the_vault(connect: Callable[..., Any], box: Sandbox) -> None:
    pam = connect(SECTONA, box.sectona.url, access_key=box.sectona.access_key)
    result = pam.request_passwords(iter(ALL))
    assert (result.ok, result.total, len(result)) == (True, 3, 3)
    known = {account.account_name: account.password for account in box.sectona.accounts}
    assert [account.password == known[account.account_name] for account in result.values()] == [True] * 3
    assert [entry.index for entry in result.succeeded] == [0, 1, 2]
    assert result[0].value.account_name == "deploy"
    assert (result.failed, result.unknown) == ((), ())
    assert box.journal.count(operation="RequestPassword") == 3
    assert pam.request_passwords([]).ok


def answers_by_name(request: Received) -> bytes | Drop:
    return {
        "rejected": ok(envelope(IsSuccess=False, LogCode="011670", Result=None)),
        "failing": html("", "503 Busy"),
        "dropped": Drop(),
    }.get(name_in(request), named(request))


def test_every_input_is_in_one_part_of_the_result(connect: Callable[..., Any]) -> None:
    names = ["a", "rejected", "b", "dropped", "failing", "c"]
    with Wire(answers_by_name) as wire:
        pam = connect(SECTONA, wire.url, access_key="k", retry=Retry(attempts=5, base=0.0))
        result = pam.request_passwords([("t", "h", name) for name in names], max_concurrency=1, on_partial="return")
        assert len(wire.requests) == 6
    assert (result.ok, result.total) == (False, 6)
    assert [entry.input.account_name for entry in result.succeeded] == ["a", "b", "c"]
    assert [entry.input.account_name for entry in result.failed] == ["rejected"]
    assert [entry.input.account_name for entry in result.unknown] == ["dropped", "failing"]
    assert [account.password.reveal() for account in result.values()] == ["secret of a", "secret of b", "secret of c"]
    assert isinstance(result.failed[0].error, infosecops.NotFoundError)
    assert (result.failed[0].value, result.succeeded[0].error) == (None, None)
    assert {entry.error.operation for entry in (*result.failed, *result.unknown)} == {"request_passwords"}
    assert [entry.error.outcome for entry in result.unknown] == ["unknown", "unknown"]


@pytest.mark.parametrize(
    ("names", "outcome", "text"),
    [
        (["a", "rejected"], "rejected", "1 of 2 requests failed; the first is input 1: "),
        (
            ["dropped", "b", "rejected"],
            "unknown",
            "1 of 3 requests failed, and the fate of 1 is not known; the first is input 0",
        ),
    ],
)
def test_what_is_not_whole_is_raised_with_the_result(
    connect: Callable[..., Any], names: list[str], outcome: str, text: str
) -> None:
    with Wire(answers_by_name) as wire:
        pam = connect(SECTONA, wire.url, access_key="canary")
        with pytest.raises(infosecops.PartialFailure, match=text) as caught:
            pam.request_passwords([("t", "h", name) for name in names], max_concurrency=1)
    error = caught.value
    assert (error.outcome, error.operation, error.system) == (outcome, "request_passwords", "sectona")
    assert (error.result.ok, error.result.total) == (False, len(names))
    again = pickle.loads(pickle.dumps(error))
    assert repr(again.result) == repr(error.result)
    assert "canary" not in f"{error} {error.__dict__} {list(error.result)}"


def test_no_connection_is_a_failure_that_is_safe_to_repeat(connect: Callable[..., Any]) -> None:
    with Wire(named) as wire:
        url = wire.url
    with pytest.raises(infosecops.PartialFailure) as caught:
        connect(SECTONA, url, access_key="k").request_passwords(numbered(3))
    assert caught.value.outcome == "not_sent"
    assert {type(entry.error) for entry in caught.value.result.failed} == {infosecops.ConnectError}


def test_so_many_at_a_time_and_no_more(connect: Callable[..., Any]) -> None:
    lock, peaks = threading.Lock(), []
    together = threading.Barrier(3)
    now = 0

    def slow(request: Received) -> bytes:
        nonlocal now
        with lock:
            now += 1
            peaks.append(now)
        together.wait(LIMIT)
        with lock:
            now -= 1
        together.wait(LIMIT)
        return named(request)

    with Wire(slow) as wire:
        pam = connect(SECTONA, wire.url, access_key="k", timeout=LIMIT)
        assert pam.request_passwords(numbered(9), max_concurrency=3).ok
    assert (len(peaks), max(peaks)) == (9, 3)


def test_each_request_has_a_timeout_of_its_own(connect: Callable[..., Any]) -> None:
    with Wire(Hang()) as wire:
        pam = connect(SECTONA, wire.url, access_key="k", timeout=0.2)
        result = pam.request_passwords(numbered(3), max_concurrency=1, on_partial="return")
        assert [type(entry.error) for entry in result.unknown] == [infosecops.DeadlineExceeded] * 3
        assert len(wire.requests) == 3


def test_progress_and_results_are_told(connect: Callable[..., Any]) -> None:
    counts: list[tuple[int, int, int]] = []
    entries: list[Any] = []
    with Wire(answers_by_name) as wire:
        result = connect(SECTONA, wire.url, access_key="k").request_passwords(
            [("t", "h", name) for name in ("a", "rejected", "b")],
            on_partial="return",
            max_concurrency=1,
            on_progress=lambda *told: counts.append(told),
            on_result=entries.append,
        )
    assert counts == [(1, 3, 0), (2, 3, 1), (3, 3, 1)]
    assert [entry.input for entry in entries] == [entry.input for entry in result]
    assert [entry.value for entry in entries] == [entry.value for entry in result]


@pytest.mark.parametrize("name", ["on_progress", "on_result"])
def test_what_a_listener_raises_ends_it(connect: Callable[..., Any], name: str) -> None:
    def enough(*_: object) -> None:
        raise LookupError("enough")

    with Wire(named) as wire:
        pam = connect(SECTONA, wire.url, access_key="k")
        with pytest.raises(LookupError, match="enough"):
            pam.request_passwords(numbered(5), max_concurrency=1, **{name: enough})
        assert len(wire.requests) == 1


def test_what_was_told_outlives_a_cancelled_task() -> None:
    kept: list[Any] = []
    hang = Hang()

    async def main() -> None:
        with Wire(named, named, hang) as wire:
            async with infosecops.AsyncSectona(wire.url, access_key="k", proxy="direct") as pam:
                task = asyncio.create_task(pam.request_passwords(numbered(4), max_concurrency=1, on_result=kept.append))
                assert await asyncio.to_thread(hang.reached.wait, LIMIT)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert await asyncio.to_thread(hang.released.wait, LIMIT)
                assert len(wire.requests) == 3

    asyncio.run(main())
    assert [entry.value.password.reveal() for entry in kept] == ["secret of a0", "secret of a1"]


def test_async_listeners_are_awaited_one_after_another(box: Sandbox) -> None:
    inside, seen = 0, []

    async def told(done: int, total: int, failed: int) -> None:
        nonlocal inside
        inside += 1
        assert inside == 1
        await asyncio.sleep(0)
        seen.append((done, total, failed))
        inside -= 1

    async def main() -> None:
        async with box.sectona.async_client() as pam:
            assert (await pam.request_passwords(ALL * 3, on_progress=told)).ok

    asyncio.run(main())
    assert seen == [(done, 9, 0) for done in range(1, 10)]


def test_a_listener_may_use_the_client(box: Sandbox) -> None:
    with box.sectona() as pam:
        found: list[VaultAccount] = []
        result = pam.request_passwords(
            ALL, on_progress=lambda *_: found.append(pam.request_password(*DEPLOY)), max_concurrency=2
        )
        assert result.ok
        assert [account.account_name for account in found] == ["deploy"] * 3


REFUSED = ok(envelope(IsSuccess=False, LogCode="011688", Result=None), status="401 Unauthorized")


def test_a_refused_key_is_not_sent_again(connect: Callable[..., Any]) -> None:
    with Wire(REFUSED) as wire:
        pam = connect(SECTONA, wire.url, access_key="wrong")
        with pytest.raises(infosecops.PartialFailure) as caught:
            pam.request_passwords(numbered(20), max_concurrency=2)
        assert len(wire.requests) <= 2
    failed = caught.value.result.failed
    assert [entry.index for entry in failed] == list(range(20))
    assert {type(entry.error) for entry in failed} == {infosecops.AuthenticationError}
    assert failed[-1].error.outcome == "not_sent"
    assert "wrong" not in str([entry.error for entry in failed])


def test_a_newer_key_is_used_for_the_rest(connect: Callable[..., Any]) -> None:
    keys = iter(["old", "new"])
    with Wire(named, REFUSED, named) as wire:
        pam = connect(SECTONA, wire.url, access_key=lambda: next(keys))
        result = pam.request_passwords(numbered(4), max_concurrency=1, on_partial="return")
        assert [entry.index for entry in result.failed] == [1]
        assert [entry.index for entry in result.succeeded] == [0, 2, 3]
        sent = [request.headers["authorization"] for request in wire.requests]
        assert sent[0] == sent[1] != sent[2] == sent[3]


def test_the_same_key_once_more_is_asked_for_again_by_the_next_call(connect: Callable[..., Any]) -> None:
    asked = []
    with Wire(REFUSED, named) as wire:
        pam = connect(SECTONA, wire.url, access_key=lambda: asked.append(1) or f"k{len(asked) // 3}")
        assert not pam.request_passwords(numbered(9), max_concurrency=1, on_partial="return").ok
        assert (len(wire.requests), len(asked)) == (1, 2)
        assert pam.request_passwords(numbered(2)).ok
        assert len(asked) == 3


def test_a_callable_that_raises_sends_nothing(connect: Callable[..., Any]) -> None:
    def fail() -> str:
        raise LookupError("no key today")

    with Wire(named) as wire:
        with pytest.raises(LookupError, match="no key today"):
            connect(SECTONA, wire.url, access_key=fail).request_passwords(numbered(3))
        assert wire.connections == 0


def test_a_callable_that_raises_later_fails_its_request_alone(connect: Callable[..., Any]) -> None:
    asked = []

    def key() -> str:
        asked.append(1)
        if len(asked) == 2:
            raise LookupError("no key today")
        return f"k{len(asked)}"

    with Wire(REFUSED, named) as wire:
        pam = connect(SECTONA, wire.url, access_key=key)
        result = pam.request_passwords(numbered(4), max_concurrency=1, on_partial="return")
    assert [entry.index for entry in result.failed] == [0, 1]
    assert isinstance(result.failed[1].error, LookupError)
    assert [entry.index for entry in result.succeeded] == [2, 3]


def test_every_bad_request_is_named_at_once_and_nothing_is_sent(connect: Callable[..., Any]) -> None:
    bad: list[Any] = [
        DEPLOY,
        ("a", "b"),
        ("a", "b", " "),
        {"asset_type": "a", "asset_host": "b"},
        {**SYSTEM, "Instance": "x"},
        {**SYSTEM, "instance": ""},
        DEPLOY,
        ("a", 1, "c"),
        "abc",
    ]
    with Wire(named) as wire:
        with pytest.raises(infosecops.ConfigError) as caught:
            connect(SECTONA, wire.url, access_key="k").request_passwords(bad)
        assert wire.connections == 0
    told = str(caught.value).split("; requests")
    assert [text.partition("]")[0].partition("[")[2] for text in told] == ["1", "2", "3", "4", "5", "7", "8"]
    assert "[3].account_name: is missing" in told[2]
    assert "[5].instance: must not be empty" in told[4]


@pytest.mark.parametrize("requests", ["abc", SYSTEM, 5, None, [5], [("a", "b", 3)], [("a", "b", "c", "d")]])
def test_wrong_types_are_type_errors(connect: Callable[..., Any], requests: Any) -> None:
    with pytest.raises(TypeError, match="requests"):
        connect(SECTONA, "http://127.0.0.1:9", access_key="k").request_passwords(requests)


def test_limits_are_checked(connect: Callable[..., Any]) -> None:
    pam = connect(SECTONA, "http://127.0.0.1:9", access_key="k")
    with pytest.raises(infosecops.ConfigError, match="max_concurrency"):
        pam.request_passwords([DEPLOY], max_concurrency=0)
    with pytest.raises(infosecops.ConfigError, match="on_partial"):
        pam.request_passwords([DEPLOY], on_partial="ignore")


def test_results_show_and_pickle_no_secret(box: Sandbox) -> None:
    with box.sectona() as pam:
        result = pam.request_passwords([*ALL, ROOT], on_partial="return")
    secrets = [account.password.reveal() for account in result.values()]
    shown = f"{result} {list(result)!r} {result.values()}"
    assert repr(result) == "BulkResult(total=4, succeeded=3, failed=1, unknown=0)"
    assert not any(secret in shown for secret in secrets)
    pickled = pickle.dumps(result)
    assert not any(secret.encode() in pickled for secret in secrets)
    again = pickle.loads(pickled)
    assert [entry.input for entry in again] == [entry.input for entry in result]
    assert (again[3].error.code, again.failed[0].index) == ("011672", 3)
    with pytest.raises(infosecops.ConfigError, match="left behind"):
        again[0].value.password.reveal()
    assert copy.deepcopy(KEYS) == pickle.loads(pickle.dumps(KEYS)) == KEYS
