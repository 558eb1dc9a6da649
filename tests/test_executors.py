"""Bulk calls over executors: the same results whoever does the work, and nothing claimed of what gave no answer."""

from __future__ import annotations

import asyncio
import http.client
import multiprocessing
import os
import pickle
import signal
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import bulk_calls
import pytest
from bulk_calls import ACCOUNTS, CHANGES, CHUNK, COUNT, answer, clients, everything, shown, shown_update
from infosecops import (
    AsyncGovernanceLifecycle,
    ConfigError,
    GovernanceLifecycle,
    NotFoundError,
    PartialFailure,
    SecretFile,
    Sectona,
    UserLogin,
)
from wire import Received, Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from infosecops.sandbox import Sandbox

METHODS = multiprocessing.get_all_start_methods()
needs_kill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
# Forking with threads around is the point.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def pool(kind: str, workers: int = 2) -> Executor:
    if kind == "threads":
        return ThreadPoolExecutor(workers)
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(kind))


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire(answer) as wire:
        yield wire


@pytest.mark.parametrize("kind", ["threads", *METHODS])
def test_the_same_results_whoever_does_the_work(kind: str, wire: Wire) -> None:
    expected = everything(wire.url, None)
    with pool(kind) as executor:
        passwords, jobs, update = everything(wire.url, executor)
    assert [passwords, jobs] == expected
    assert sum(error is not None for *_, error in passwords) == COUNT // 10
    assert {tuple(error) for *_, error in passwords if error} == {
        ("NotFoundError", "rejected"),
        ("ServerError", "unknown"),
        ("TransportError", "unknown"),
    }
    assert update["unknown"] == [*range(50, 60), *range(150, 160)]
    assert update["failed"] == [number for number in range(0, COUNT, 10) if number not in (50, 150)]
    assert update["total"] == COUNT
    assert update["updated"] == len(update["succeeded"]) == COUNT - 20 - 18
    # Each once, over both runs.
    targets = [request.target for request in wire.requests]
    assert sum("RequestPassword" in target for target in targets) == 2 * COUNT
    assert sum("updateReviewItems" in target for target in targets) == COUNT // CHUNK


@pytest.mark.parametrize("kind", ["threads", "spawn"])
def test_twins_await_the_same_and_leave_the_loop_free(kind: str, wire: Wire) -> None:
    pam, sde, gl = clients(wire.url, "Async")
    told: list[tuple[int, int, int]] = []

    async def on_progress(done: int, total: int, failed: int) -> None:
        await asyncio.sleep(0)
        told.append((done, total, failed))

    async def call(executor: Executor) -> list[Any]:
        passwords, jobs, update = await asyncio.gather(
            pam.request_passwords(
                ACCOUNTS, on_partial="return", on_result=bulk_calls.check, on_progress=on_progress, executor=executor
            ),
            sde.jobs.alm.wait_all(range(1, COUNT + 1), on_failure="return", executor=executor),
            gl.update_review_items("R", CHANGES, chunk_size=CHUNK, on_partial="return", executor=executor),
        )
        return [shown(passwords), shown(jobs), shown_update(update)]

    with pool(kind) as executor:
        found = asyncio.run(call(executor))
        assert found == everything(wire.url, executor)
    assert told[-1] == (COUNT, COUNT, COUNT // 10)
    assert [done for done, *_ in told] == sorted({done for done, *_ in told})


def test_jobs_of_several_kinds(wire: Wire) -> None:
    _, sde, _ = clients(wire.url)
    jobs = [sde.jobs.kind(kind).get(number) for number, kind in enumerate(("alm", "ldap", "analysis") * 3, 24)]
    del wire.requests[:]
    with pool("spawn") as executor:
        result = sde.jobs.wait_all(jobs, on_failure="return", executor=executor)
    assert [entry.input for entry in result] == list(range(24, 33))
    assert [(entry.index, type(entry.error).__name__) for entry in (*result.failed, *result.unknown)] == [
        (3, "JobFailed")
    ]
    kinds = {request.target.split("/")[4] for request in wire.requests}
    assert (len(wire.requests), kinds) == (9, {"alm", "ldap", "analysis"})


def test_secrets_stay_where_they_are_and_threads_share_them(wire: Wire) -> None:
    pam, *_ = clients(wire.url)
    with pool("threads") as executor:
        (account,) = pam.request_passwords(ACCOUNTS[:1], executor=executor).values()
        assert account.password.reveal() == "secret of a0"
    with pool("spawn", 1) as executor:
        (account,) = pam.request_passwords(ACCOUNTS[:1], executor=executor).values()
    assert repr(account.password) == "Secret(withheld)"
    with pytest.raises(ValueError, match="pickle"):
        account.password.reveal()


class Untouched(Executor):
    """Nothing is handed to it."""

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        raise AssertionError("something was submitted")


PASSWORDS = {"requests": ACCOUNTS}
UPDATE = {"review": "R", "changes": CHANGES}


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (TypeError, {"requests": [1, 2]}),
        (ConfigError, {**PASSWORDS, "max_concurrency": 0}),
        (TypeError, {**PASSWORDS, "on_progress": 1}),
        (TypeError, {**PASSWORDS, "on_result": lambda _: 1}),
        (ConfigError, {**UPDATE, "chunk_size": 0}),
        (ConfigError, {**UPDATE, "on_partial": "x"}),
        (TypeError, {**UPDATE, "changes": [*CHANGES, 1]}),
        (ConfigError, {**UPDATE, "chunk_size": 5, "sign_off": True}),
        (TypeError, {**UPDATE, "dry_run": 1}),
        (TypeError, {**UPDATE, "executor": map}),
        (ConfigError, {"jobs": [1], "timeout": -1.0}),
        (ConfigError, {"jobs": [1], "max_concurrency": 0}),
        (TypeError, {"jobs": "12"}),
        (TypeError, {"jobs": 12}),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_handed_out(
    kind: type[Exception], arguments: dict[str, Any], wire: Wire
) -> None:
    pam, sde, gl = clients(wire.url)
    calls = {"requests": pam.request_passwords, "review": gl.update_review_items, "jobs": sde.jobs.alm.wait_all}
    with pytest.raises(kind):
        calls[next(iter(arguments))](**{"executor": Untouched(), **arguments})
    assert not wire.requests


def test_clients_with_literal_secrets_do_not_travel(wire: Wire) -> None:
    pam = Sectona(wire.url, access_key="CANARY", proxy="direct")
    with pytest.raises(TypeError, match="pass a function of a module that fetches it"):
        pam.request_passwords(ACCOUNTS, executor=Untouched())
    with pytest.raises(TypeError, match=r"^on_result: must be a function of a module"):
        clients(wire.url)[0].request_passwords(ACCOUNTS, on_result=lambda _: None, executor=Untouched())
    assert not wire.requests
    # Threads take it as it is.
    with pool("threads") as executor:
        assert pam.request_passwords(ACCOUNTS[:2], executor=executor, on_result=lambda _: None).ok


def test_a_dry_run_hands_out_nothing() -> None:
    _, _, gl = clients("http://127.0.0.1:9")
    parts = gl.update_review_items("R", CHANGES, chunk_size=CHUNK, dry_run=True, executor=Untouched()).raw_parts
    assert len(parts) == COUNT // CHUNK


def test_a_partial_failure_has_the_merged_result_and_travels(wire: Wire) -> None:
    pam, _, gl = clients(wire.url)
    with pool("threads") as executor:
        with pytest.raises(PartialFailure, match="7 of 200 requests failed, and the fate of 13 is not known") as raised:
            pam.request_passwords(ACCOUNTS, executor=executor)
        assert (raised.value.outcome, raised.value.operation) == ("unknown", "request_passwords")
        assert raised.value.result.total == COUNT
        assert pickle.loads(pickle.dumps(raised.value)).result.total == COUNT
        with pytest.raises(PartialFailure, match="162 of 200 review components were updated") as raised:
            gl.update_review_items("R", CHANGES, chunk_size=CHUNK, executor=executor)
    update = raised.value.result
    assert update.counts == {"succeeded": 162, "failed": 18, "unknown": 20}
    again = [change.reviewee for change in update.retry_failed(same_state_ok=True)]
    assert again == [f"user{number}" for number in sorted([*update.to_dict()["failed"], *update.to_dict()["unknown"]])]
    assert len(update.raw_parts) == 18


def test_a_refused_review_ends_the_run_with_its_own_error() -> None:
    with Wire(html("Could not find a review with name R", "412 Precondition Failed")) as wire:
        _, _, gl = clients(wire.url)
        with pool("threads", 1) as executor, pytest.raises(NotFoundError):
            gl.update_review_items("R", CHANGES, chunk_size=1, on_partial="return", executor=executor)
        # What had been handed out by then, and no more.
        assert 1 <= len(wire.requests) <= 3


def test_a_refused_key_ends_the_run() -> None:
    with Wire(html("", "401 Unauthorized")) as wire:
        pam, *_ = clients(wire.url)
        with pool("threads", 1) as executor:
            result = pam.request_passwords(ACCOUNTS, max_concurrency=1, on_partial="return", executor=executor)
        assert len(wire.requests) <= 3
    assert len(result.failed) == COUNT
    assert sum(entry.error.outcome == "not_sent" for entry in result) >= COUNT - 3


@pytest.mark.parametrize("what", ["on_progress", "on_result"])
def test_what_a_callable_raises_comes_up_and_takes_back_what_has_not_begun(what: str, wire: Wire) -> None:
    def fail(*_: object) -> None:
        raise LookupError("enough")

    pam, *_ = clients(wire.url)
    with pool("threads", 1) as executor, pytest.raises(LookupError, match="enough"):
        pam.request_passwords(ACCOUNTS, executor=executor, **{what: fail})
    assert len(wire.requests) < COUNT


@pytest.mark.parametrize("what", ["on_progress", "on_result"])
def test_an_async_callable_needs_the_twin(what: str, wire: Wire) -> None:
    async def hear(*_: object) -> None: ...

    pam, *_ = clients(wire.url)
    with pool("threads", 1) as executor, pytest.raises(TypeError, match=r"^an async callable needs the Async twin"):
        pam.request_passwords(ACCOUNTS, executor=executor, **{what: hear})


def test_what_was_not_begun_when_the_executor_ended_was_not_sent(wire: Wire) -> None:
    pam, *_ = clients(wire.url)
    executor = ThreadPoolExecutor(1)

    def end(_: object) -> None:
        executor.shutdown(wait=False, cancel_futures=True)

    result = pam.request_passwords(ACCOUNTS[:3], on_result=end, on_partial="return", executor=executor)
    assert [entry.error and entry.error.outcome for entry in result] == [None, "not_sent", "not_sent"]
    assert len(wire.requests) == 1


@needs_kill
def test_nothing_is_claimed_of_what_a_killed_worker_had(wire: Wire) -> None:
    pam, *_ = clients(wire.url)
    with pool("spawn", 1) as executor:
        result = pam.request_passwords(
            ACCOUNTS[:40],
            max_concurrency=1,
            on_result=bulk_calls.kill_itself,
            on_partial="return",
            executor=executor,
        )
    assert len(wire.requests) == 1
    # The part that was begun and the one behind it; a process pool does not tell them apart.
    assert [entry.index for entry in result.unknown] == list(range(20))
    assert {entry.error.outcome for entry in result.failed} == {"not_sent"}
    error = result.unknown[0].error
    assert "the worker that made the call died or failed" in str(error)
    assert error.hint is not None
    assert "its log tells" in error.hint


class Relay:
    """Hands every request on, and does something when the answer to an unsafe one is there."""

    def __init__(self, box: Sandbox, when_answered: Callable[[Received], object]) -> None:
        self._host = box.url.removeprefix("http://")
        self._when_answered = when_answered

    def __call__(self, request: Received) -> bytes:
        connection = http.client.HTTPConnection(self._host)
        try:
            headers = {name: value for name, value in request.headers.items() if name != "host"}
            connection.request(request.method, request.target, request.body, headers)
            told = connection.getresponse()
            body = told.read()
        finally:
            connection.close()
        if "updateReviewItems" in request.target:
            self._when_answered(request)
        return ok(body, told.headers["content-type"], f"{told.status} {told.reason}")


def sandboxed(box: Sandbox, url: str, folder: Path, cls: Any = GovernanceLifecycle) -> Any:
    """A client of the sandbox that travels."""
    file = folder / "password"
    file.touch(0o600)
    file.write_text(box.governance_lifecycle.password.reveal())
    login = UserLogin(box.governance_lifecycle.username, SecretFile(file))
    return cls(url, login=login, proxy="direct")


@pytest.mark.parametrize("kind", METHODS)
@pytest.mark.parametrize("twin", [False, True])
def test_sessions_of_workers_end_with_them(box: Sandbox, tmp_path: Path, kind: str, *, twin: bool) -> None:
    gl: Any = sandboxed(box, box.url, tmp_path, GovernanceLifecycle if not twin else AsyncGovernanceLifecycle)
    changes = [bulk_calls.KNOWN] * 4
    with pool(kind) as executor:
        done = gl.update_review_items("UAR-3", changes, chunk_size=1, executor=executor, on_partial="return")
        update = asyncio.run(done) if twin else done
    assert update.total == 4
    logins = box.journal.count(operation="loginUser")
    assert 1 <= logins <= 2
    assert box.journal.count(operation="logoutUser") == logins


@needs_kill
def test_a_worker_killed_in_an_unsafe_call(box: Sandbox, tmp_path: Path) -> None:
    with pool("spawn", 1) as executor:
        pid = executor.submit(os.getpid).result()
        with Wire(Relay(box, lambda _: os.kill(pid, signal.SIGKILL))) as wire:
            gl = sandboxed(box, wire.url, tmp_path)
            with pytest.raises(PartialFailure) as raised:
                gl.update_review_items("UAR-3", [bulk_calls.KNOWN], executor=executor)
    assert box.journal.count(operation="updateReviewItems") == 1
    update = raised.value.result
    assert (raised.value.outcome, update.counts) == ("unknown", {"succeeded": 0, "failed": 0, "unknown": 1})
    assert "same_state_ok=True" in update.unknown[0].reason
