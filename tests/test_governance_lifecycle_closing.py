"""Closing a client of Governance & Lifecycle ends the sessions that it opened itself, and no other."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import threading
import time
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import TrustedApp, UserLogin
from wire import Drop, Hang, Received, Wire, html, ok

if TYPE_CHECKING:
    from collections.abc import Callable

    from infosecops.sandbox import Sandbox

GL = "GovernanceLifecycle"
RUN = ok('{"data":{"type":"runReview","run-id":"17"}}')
ENDED = ok('{"data":{"type":"logoutUser"}}')
LIMIT = 2.0


class Sessions:
    """A server that gives each login a token of its own."""

    def __init__(self, ending: bytes | Drop | Hang = ENDED) -> None:
        self.ending = ending
        self.open: list[str] = []
        self._count = 0

    def __call__(self, request: Received) -> bytes | Drop | Hang:
        command = command_of(request)
        if command.startswith("login"):
            self._count += 1
            self.open.append(f"Bearer ws:{self._count}")
            return ok(f'{{"data":{{"token":"ws:{self._count}"}}}}')
        if command == "logoutUser":
            self.open.remove(request.headers["authorization"])
            return self.ending
        return RUN


def command_of(request: Received) -> str:
    return request.target.partition("cmd=")[2].partition("&")[0]


def commands(wire: Wire) -> list[str]:
    return [command_of(request) for request in wire.requests]


def password() -> str:
    return "pw"


@pytest.mark.parametrize("login", [UserLogin("jdoe", "pw"), TrustedApp("app", "secret")])
def test_the_end_of_with_ends_the_session(connect: Callable[..., Any], login: Any) -> None:
    server = Sessions()
    with Wire(server) as wire:
        gl = connect(GL, wire.url, login=login)
        with gl:
            gl.run_review("UAR")
            gl.run_review("UAR")
        assert commands(wire)[1:] == ["runReview", "runReview", "logoutUser"]
        assert wire.requests[-1].headers["authorization"] == "Bearer ws:1"
        assert server.open == []


def test_twenty_clients_leave_no_session(box: Sandbox, connect: Callable[..., Any]) -> None:
    place = box.governance_lifecycle
    for _ in range(20):
        gl = connect(GL, place.url, login=UserLogin(place.username, place.password))
        with gl:
            gl.get_review_status(61)
    assert box.journal.count(operation="loginUser") == 20
    assert box.journal.count(operation="logoutUser") == 20
    assert all(entry.status == 200 for entry in box.journal)


def test_a_body_that_raises_ends_the_session_and_keeps_its_error(connect: Callable[..., Any]) -> None:
    with Wire(Sessions()) as wire:
        gl = connect(GL, wire.url, login=UserLogin("jdoe", "pw"))
        gl.run_review("UAR")
        with pytest.raises(LookupError, match="of the body"), gl:
            raise LookupError("of the body")
        assert commands(wire)[-1] == "logoutUser"


@pytest.mark.parametrize(
    "ending",
    [
        Drop(),
        html("", "503 Busy"),
        html("<html>no</html>", "500 Oops"),
        html("<html>gone</html>", "401 Unauthorized"),
        ok("{}"),
        ok('{"data":{"type":"logoutUser","status":"failure","message":"no"}}'),
        ok("", status="302 Found", Location="http://192.0.2.1/"),
    ],
)
def test_a_logout_that_fails_is_nobodys_error(connect: Callable[..., Any], ending: bytes | Drop) -> None:
    def answer(request: Received) -> bytes | Drop:
        token = ok('{"data":{"token":"ws:1"}}')
        return {"loginUser": token, "logoutUser": ending}.get(command_of(request), RUN)

    with Wire(answer) as wire:
        gl = connect(GL, wire.url, login=UserLogin("jdoe", "pw"), retry=infosecops.Retry(attempts=1))
        with gl:
            gl.run_review("UAR")
        assert commands(wire) == ["loginUser", "runReview", "logoutUser"]


def test_a_server_that_does_not_answer_delays_the_end_by_two_seconds_at_most(connect: Callable[..., Any]) -> None:
    hang = Hang()
    with Wire(Sessions(hang)) as wire:
        gl = connect(GL, wire.url, login=UserLogin("jdoe", "pw"), timeout=60.0)
        gl.run_review("UAR")
        begun = time.monotonic()
        with gl:
            pass
        assert time.monotonic() - begun < LIMIT + 8.0, "not the client's timeout"
        assert hang.reached.is_set()
        assert hang.released.wait(30), "the connection is closed"


def test_a_server_that_is_gone_is_nobodys_error(connect: Callable[..., Any]) -> None:
    with Wire(Sessions()) as wire:
        gl = connect(GL, wire.url, login=UserLogin("jdoe", "pw"))
        gl.run_review("UAR")
    with gl:
        pass


def test_closing_twice_ends_it_once_and_a_later_call_logs_in_again(connect: Callable[..., Any]) -> None:
    server = Sessions()
    with Wire(server) as wire:
        gl = connect(GL, wire.url, login=UserLogin("jdoe", "pw"))
        for _ in range(2):
            gl.run_review("UAR")
            for _ in range(2):
                with gl:
                    pass
        assert commands(wire) == ["loginUser", "runReview", "logoutUser"] * 2
        assert server.open == []


def test_nothing_is_sent_where_nothing_was_opened(connect: Callable[..., Any]) -> None:
    with Wire(Sessions()) as wire:
        with connect(GL, wire.url, login=UserLogin("jdoe", "pw")):
            pass
        assert wire.connections == 0
        gl = connect(GL, wire.url, login=UserLogin("jdoe", "pw"))
        with gl:
            gl.login()
            gl.logout()
        assert commands(wire) == ["loginUser", "logoutUser"]


@pytest.mark.parametrize("token", ["given", lambda: "given"])
def test_a_given_token_is_never_logged_out(connect: Callable[..., Any], token: Any) -> None:
    with Wire(Sessions()) as wire:
        gl = connect(GL, wire.url, token=token)
        with gl:
            gl.run_review("UAR")
        assert commands(wire) == ["runReview"]


def test_a_session_is_kept_where_that_is_asked_for(connect: Callable[..., Any]) -> None:
    server = Sessions()
    with Wire(server) as wire:
        gl = connect(GL, wire.url, login=UserLogin("jdoe", "pw"), logout_on_close=False)
        with gl:
            gl.run_review("UAR")
        gl.run_review("UAR")
        assert commands(wire) == ["loginUser", "runReview", "runReview"]
        assert len(server.open) == 1
    with pytest.raises(TypeError, match="logout_on_close: must be a bool"):
        connect(GL, "https://gl.example.com", login=UserLogin("a", "b"), logout_on_close="no")


def test_a_second_login_leaves_no_session_behind(connect: Callable[..., Any]) -> None:
    server = Sessions()
    with Wire(server) as wire:
        gl = connect(GL, wire.url, login=UserLogin("jdoe", "pw"))
        with gl:
            gl.login()
            gl.login()
            gl.run_review("UAR")
        assert commands(wire) == ["loginUser", "loginUser", "runReview", "logoutUser", "logoutUser"]
        assert server.open == []


def test_events_tell_of_it_as_of_any_call(connect: Callable[..., Any]) -> None:
    events: list[infosecops.Event] = []
    with Wire(Sessions()) as wire:
        gl = connect(GL, wire.url, login=UserLogin("jdoe", "pw"), on_event=events.append)
        with gl:
            gl.run_review("UAR")
            events.clear()
    assert [(event.kind, event.operation) for event in events] == [("request", "logout"), ("response", "logout")]


def test_many_who_close_at_once_end_it_once() -> None:
    server = Sessions()
    with Wire(server) as wire:
        gl = infosecops.GovernanceLifecycle(wire.url, login=UserLogin("jdoe", "pw"), proxy="direct")
        gl.run_review("UAR")
        barrier = threading.Barrier(8)

        def close() -> None:
            barrier.wait()
            gl.close()

        threads = [threading.Thread(target=close) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert commands(wire).count("logoutUser") == 1


def test_what_is_dropped_without_closing_sends_nothing() -> None:
    with Wire(Sessions()) as wire:
        gl = infosecops.GovernanceLifecycle(wire.url, login=UserLogin("jdoe", "pw"), proxy="direct")
        gl.run_review("UAR")
        del gl
        gc.collect()
        assert commands(wire) == ["loginUser", "runReview"]


def test_a_copy_that_travelled_has_a_session_of_its_own() -> None:
    server = Sessions()
    with Wire(server) as wire:
        login = UserLogin("jdoe", password)
        with infosecops.GovernanceLifecycle(wire.url, login=login, proxy="direct") as gl:
            gl.run_review("UAR")
            with pickle.loads(pickle.dumps(gl)) as copy:
                copy.run_review("UAR")
            assert server.open == ["Bearer ws:1"]
            gl.run_review("UAR")
            kept = infosecops.GovernanceLifecycle(wire.url, login=login, logout_on_close=False, proxy="direct")
            with pickle.loads(pickle.dumps(kept)) as copy:
                copy.run_review("UAR")
        assert server.open == ["Bearer ws:3"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_leaves_the_session_of_its_parent_alone() -> None:
    server = Sessions()
    with (
        Wire(server) as wire,
        infosecops.GovernanceLifecycle(wire.url, login=UserLogin("jdoe", "pw"), proxy="direct") as gl,
    ):
        gl.run_review("UAR")
        for calls in (0, 1):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    with gl:
                        for _ in range(calls):
                            gl.run_review("UAR")
                    code = 0
                finally:
                    os._exit(code)
            assert os.waitpid(child, 0)[1] == 0
            assert server.open == ["Bearer ws:1"], "the child's own session has ended, the parent's has not"
        assert commands(wire) == ["loginUser", "runReview", "loginUser", "runReview", "logoutUser"]
        gl.run_review("UAR")


def test_a_cancelled_end_closes_the_connection() -> None:
    hang = Hang()

    async def main(url: str) -> None:
        gl = infosecops.AsyncGovernanceLifecycle(url, login=UserLogin("jdoe", "pw"), proxy="direct")
        await gl.run_review("UAR")
        closing = asyncio.ensure_future(gl.aclose())
        await asyncio.to_thread(hang.reached.wait, 30)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing
        assert await asyncio.to_thread(hang.released.wait, 30)

    with Wire(Sessions(hang)) as wire:
        asyncio.run(main(wire.url))
