"""Accounts that are kept for a time: opt-in, wiped when they should be, and asked for once by all who want them."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import AccountRequest
from test_bulk import named, numbered
from test_memory import ENVELOPES, occurrences
from test_pickling import fetch
from test_sectona import SECTONA, envelope, request_page
from wire import Drop, Hang, Received, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 30.0
HOUR = 3600.0
CANARY = "canary-in-the-cache"
KEPT = {"access_key": "k", "cache_ttl": HOUR}
NO = ok(envelope(IsSuccess=False, LogCode="011670", Result=None))


def test_nothing_is_kept_unless_it_is_asked_for(connect: Callable[..., Any]) -> None:
    with Wire(ok(envelope())) as wire:
        for options, requests in (({}, 2), ({"cache_ttl": None}, 4), ({"cache_ttl": HOUR}, 5)):
            pam = connect(SECTONA, wire.url, access_key="k", **options)
            assert request_page(pam) == request_page(pam)
            assert len(wire.requests) == requests


def test_each_of_the_five_fields_counts(connect: Callable[..., Any]) -> None:
    requests: list[tuple[tuple[str, str, str], dict[str, str]]] = [
        (("t", "h", "a"), {}),
        (("T", "h", "a"), {}),
        (("t", "H", "a"), {}),
        (("t", "h", "A"), {}),
        (("t", "h", "a"), {"instance": "Other"}),
        (("t", "h", "a"), {"db_instance": "ORCL"}),
    ]
    with Wire(named) as wire:
        pam = connect(SECTONA, wire.url, **KEPT)
        for _ in range(2):
            for names, options in requests:
                assert pam.request_password(*names, **options).account_name == names[2]
        assert len(wire.requests) == len(requests)


@pytest.mark.parametrize("failure", [NO, Drop(), ok("nonsense")])
def test_failures_are_not_kept(connect: Callable[..., Any], failure: Any) -> None:
    with Wire(failure, ok(envelope())) as wire:
        pam = connect(SECTONA, wire.url, **KEPT)
        with pytest.raises(infosecops.Error):
            request_page(pam)
        request_page(pam)
        request_page(pam)
        assert len(wire.requests) == 2


def test_fresh_asks_the_vault_and_its_answer_is_kept(connect: Callable[..., Any]) -> None:
    count = iter(range(10))

    def changing(_: Received) -> bytes:
        return ok(envelope(Result=f'{{"Password": "p{next(count)}"}}'))

    with Wire(changing) as wire:
        pam = connect(SECTONA, wire.url, **KEPT)
        got = [
            pam.request_password("t", "h", "a", fresh=fresh).password.reveal() for fresh in (False, False, True, False)
        ]
        assert got == ["p0", "p0", "p1", "p1"]
        assert pam.request_passwords([("t", "h", "a")]).values()[0].password.reveal() == "p1"
        assert pam.request_passwords([("t", "h", "a")], fresh=True).values()[0].password.reveal() == "p2"
        assert len(wire.requests) == 3


def test_closing_wipes_and_what_was_handed_out_stays(connect: Callable[..., Any]) -> None:
    with Wire(named) as wire:
        pam = connect(SECTONA, wire.url, **KEPT)
        account = pam.request_password("t", "h", "a")
        close = pam.aclose if hasattr(pam, "aclose") else pam.close
        close()
        assert account.password.reveal() == "secret of a"
        pam.request_password("t", "h", "a")
        assert len(wire.requests) == 2


def test_what_has_expired_is_asked_for_again(connect: Callable[..., Any]) -> None:
    with Wire(named) as wire:
        # Gone before the next call can begin.
        pam = connect(SECTONA, wire.url, access_key="k", cache_ttl=1e-9)
        pam.request_password("t", "h", "a")
        pam.request_password("t", "h", "a")
        assert len(wire.requests) == 2


def test_the_same_account_twice_in_one_operation_is_asked_for_once(connect: Callable[..., Any]) -> None:
    with Wire(named) as wire:
        result = connect(SECTONA, wire.url, **KEPT).request_passwords(numbered(3) * 4, max_concurrency=12)
        assert (result.ok, result.total, len(wire.requests)) == (True, 12, 3)
        assert [account.account_name for account in result.values()] == ["a0", "a1", "a2"] * 4


def test_threads_share_one_request() -> None:
    begun = threading.Barrier(8)
    with Wire(named) as wire, infosecops.Sectona(wire.url, proxy="direct", **KEPT) as pam:

        def ask(_: int) -> str:
            begun.wait(LIMIT)
            return pam.request_password("t", "h", "a").password.reveal()

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(ask, range(8))) == {"secret of a"}
        assert len(wire.requests) == 1


def test_tasks_share_one_request_and_whoever_waits_outlives_a_cancelled_one() -> None:
    hang = Hang()

    async def main() -> None:
        with Wire(hang, named) as wire:
            async with infosecops.AsyncSectona(wire.url, proxy="direct", **KEPT) as pam:
                first = asyncio.create_task(pam.request_password("t", "h", "a"))
                assert await asyncio.to_thread(hang.reached.wait, LIMIT)
                others = [asyncio.create_task(pam.request_password("t", "h", "a")) for _ in range(5)]
                await asyncio.sleep(0)
                first.cancel()
                accounts = await asyncio.gather(*others)
                assert {account.password.reveal() for account in accounts} == {"secret of a"}
                assert len(wire.requests) == 2

    asyncio.run(main())


def test_whoever_waits_has_its_own_time() -> None:
    hang = Hang()

    async def main() -> None:
        with Wire(hang) as wire:
            async with infosecops.AsyncSectona(wire.url, proxy="direct", timeout=0.3, **KEPT) as pam:
                first = asyncio.create_task(pam.request_password("t", "h", "a"))
                assert await asyncio.to_thread(hang.reached.wait, LIMIT)
                results = await asyncio.gather(
                    first, *(pam.request_password("t", "h", "a") for _ in range(2)), return_exceptions=True
                )
                assert {(type(error), error.outcome) for error in results} == {(infosecops.DeadlineExceeded, "unknown")}
                assert len(wire.requests) == 1

    asyncio.run(main())


def test_what_the_key_of_another_call_raised_stays_there() -> None:
    inside, go = threading.Event(), threading.Event()
    asked = []

    def key() -> str:
        asked.append(1)
        if len(asked) == 1:
            inside.set()
            assert go.wait(LIMIT)
            raise LookupError("no key today")
        return "k"

    with (
        Wire(named) as wire,
        infosecops.Sectona(wire.url, access_key=key, cache_ttl=HOUR, proxy="direct") as pam,
        ThreadPoolExecutor(2) as pool,
    ):
        first = pool.submit(pam.request_password, "t", "h", "a")
        assert inside.wait(LIMIT)
        second = pool.submit(pam.request_password, "t", "h", "a")
        go.set()
        with pytest.raises(LookupError):
            first.result(LIMIT)
        assert second.result(LIMIT).account_name == "a"
        assert len(wire.requests) == 1


def test_it_is_neither_shown_nor_pickled() -> None:
    with Wire(ok(envelope(Result=f'{{"Password": "{CANARY}"}}'))) as wire:
        pam = infosecops.Sectona(wire.url, access_key=fetch, cache_ttl=HOUR, proxy="direct")
        request_page(pam)
        assert CANARY not in f"{pam!r} {pam.__dict__}"
        pickled = pickle.dumps(pam)
        assert CANARY.encode() not in pickled
        again = pickle.loads(pickled)
        request_page(again)
        request_page(again)
        assert len(wire.requests) == 2


@pytest.mark.parametrize("ttl", [0, -1.0, float("nan")])
def test_the_time_is_checked(connect: Callable[..., Any], ttl: float) -> None:
    with pytest.raises(infosecops.ConfigError, match="cache_ttl"):
        connect(SECTONA, "https://pam.example.com", access_key="k", cache_ttl=ttl)


FORKING = """
import gc, os, sys
from infosecops import Sectona
pam = Sectona({url!r}, access_key="key", proxy="direct", cache_ttl=3600)
pam.request_password("Unix Based", "web01", "deploy")
pam.request_password("Unix Based", "web01", "deploy")
gc.collect()
child = os.fork()
if child == 0:
    sys.stdin.readline()
    pam.request_password("Unix Based", "web01", "deploy")
    pam.close()
    os._exit(0)
print(child, flush=True)
assert os.waitpid(child, 0)[1] == 0
sys.stdin.readline()
pam.close()
print("closed", flush=True)
sys.stdin.readline()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads another process's memory through /proc")
def test_a_child_begins_empty_and_finds_nothing_in_its_memory() -> None:
    password = "pw-" + "".join(f"{number:x}" for number in range(9, 40))
    asked_again = threading.Event()
    answer = ok(ENVELOPES["text"].format(password))

    def give_again(_: Received) -> bytes:
        asked_again.set()
        return answer

    with Wire(answer, give_again) as wire:
        parent = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", FORKING.format(url=wire.url)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        watchdog = threading.Timer(60, parent.kill)
        watchdog.start()
        try:
            child = int(parent.stdout.readline())
            assert len(wire.requests) == 1
            assert occurrences(parent.pid, password.encode()) > 0, "the scan finds what is there"
            assert occurrences(child, password.encode()) == 0
            parent.stdin.write(b"\n")
            assert asked_again.wait(LIMIT)
            parent.stdin.write(b"\n")
            assert parent.stdout.readline() == b"closed\n"
            assert occurrences(parent.pid, password.encode()) == 0
        finally:
            watchdog.cancel()
            parent.stdin.close()
            parent.wait(60)
            parent.stdout.close()
        assert len(wire.requests) == 2


def test_requests_can_be_made_of_what_is_kept(connect: Callable[..., Any]) -> None:
    with Wire(named) as wire:
        pam = connect(SECTONA, wire.url, **KEPT)
        pam.request_password("t", "h", "a")
        assert pam.request_passwords([AccountRequest("t", "h", "a")]).ok
        assert len(wire.requests) == 1
