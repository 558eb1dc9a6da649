"""A client has at most so many connections in a process; further calls wait their turn."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from gauge import Gauge
from infosecops import AsyncSDElements, DeadlineExceeded, Retry, SDElements
from servers import free_port
from wire import LIMIT, Drop, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Authority
    from typing_extensions import Self

    Connect = Callable[..., Any]

QUIET = {"token": "t", "proxy": "direct", "retry": Retry(attempts=1), "timeout": 60.0}
CREDENTIALS: dict[str, dict[str, Any]] = {
    "GovernanceLifecycle": {"token": "t"},
    "SDElements": {"token": "t"},
    "Sectona": {"access_key": "k"},
    "BambooAgents": {"token": "t"},
}


async def gathered(api: AsyncSDElements, count: int, path: str = "/x") -> list[Any]:
    calls = [api.request("POST", path) for _ in range(count)]
    return await asyncio.gather(*calls, return_exceptions=True)


def threaded(api: SDElements, count: int, path: str = "/x") -> list[Any]:
    def call(_: int) -> Any:
        try:
            return api.request("POST", path)
        except infosecops.Error as error:
            return error

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(call, range(count)))


def many(kind: str, url: str, count: int, **options: Any) -> list[Any]:
    if kind == "sync":
        with SDElements(url, **{**QUIET, **options}) as api:
            return threaded(api, count)

    async def main() -> list[Any]:
        async with AsyncSDElements(url, **{**QUIET, **options}) as api:
            return await gathered(api, count)

    return asyncio.run(main())


@pytest.mark.parametrize(("kind", "count"), [("sync", 300), ("async", 3000)])
def test_no_more_connections_than_the_default_and_every_call_has_its_turn(kind: str, count: int) -> None:
    with Gauge(delay=0.005) as server:
        answers = many(kind, server.url, count)
        assert {answer.status for answer in answers} == {200}
        assert server.most <= 100
        assert len(server.targets) == count


@pytest.mark.parametrize("limit", [1, 3, 7])
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("secure", ["http", "https"])
def test_any_bound_is_kept_and_starves_nobody(kind: str, limit: int, secure: str, authority: Authority) -> None:
    tls = context_of(authority) if secure == "https" else None
    options = {"ca_file": authority.file} if tls else {}
    with Gauge(delay=0.002, tls=tls) as server:
        answers = many(kind, server.url, 60, max_connections=limit, **options)
        assert {getattr(answer, "status", answer) for answer in answers} == {200}
        assert server.most <= limit


def test_an_idle_connection_of_another_thread_is_given_up() -> None:
    with Gauge() as server, SDElements(server.url, max_connections=2, **QUIET) as api:
        # Each thread has a runtime, and connections, of its own.
        together = threading.Barrier(4, timeout=LIMIT)

        def call(_: int) -> int:
            together.wait()
            return api.request("GET", "/x", effect="read").status

        for _ in range(20):
            with ThreadPoolExecutor(4) as threads:
                assert list(threads.map(call, range(4))) == [200] * 4
        assert server.most <= 2


def context_of(authority: Authority) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority.issue("localhost").both)
    return context


class Holder:
    """A client of one connection, which is in use until the end, whatever the deadline of the call that has it."""

    def __init__(self, kind: str, url: str, timeout: float) -> None:
        self.is_async = kind == "async"
        self.release, self.held = threading.Event(), threading.Event()
        options = {**QUIET, "timeout": timeout, "max_connections": 1}
        self.api: Any = (
            AsyncSDElements(url, **options) if self.is_async else SDElements(url, on_event=self.stop, **options)
        )
        self.thread = threading.Thread(target=self.hold)

    def stop(self, event: infosecops.Event) -> None:
        """With the head of an answer there, and its body still to come."""
        if event.kind == "response" and not self.held.is_set():
            self.held.set()
            self.release.wait(LIMIT)

    def hold(self) -> None:
        with suppress(infosecops.Error):
            if self.is_async:
                asyncio.run(self.hold_loop())
            else:
                self.api.request("GET", "/jobs/", effect="read")

    async def hold_loop(self) -> None:
        # The thread of the loop itself drives a call that finds a connection, and then stands still.
        await self.api.request("GET", "/held", effect="read")
        task = asyncio.ensure_future(self.api.jobs.alm.get(1))
        await asyncio.sleep(0)
        self.held.set()
        self.release.wait(LIMIT)
        task.cancel()
        await asyncio.wait([task])

    def __enter__(self) -> Self:
        self.thread.start()
        assert self.held.wait(LIMIT)
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self.thread.join(LIMIT)

    def call(self, method: str, path: str) -> Any:
        async def call() -> Any:
            return await self.api.request(method, path)

        return asyncio.run(call()) if self.is_async else self.api.request(method, path)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_call_whose_turn_never_comes_was_not_sent_and_says_why(kind: str) -> None:
    with Gauge(hangs="/jobs/") as server, Holder(kind, server.url, timeout=1.0) as holder:
        for method in ("POST", "GET", "DELETE"):
            with pytest.raises(DeadlineExceeded) as caught:
                holder.call(method, "/queued")
            assert caught.value.outcome == "not_sent"
            assert "all 1 connections" in str(caught.value)
            assert "max_connections" in str(caught.value)
            assert caught.value.attempts == 1
        assert not any("queued" in target for target in server.targets)
        assert server.connections == 1


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_call_goes_on_when_its_turn_comes(kind: str) -> None:
    with Gauge(hangs="/jobs/") as server, Holder(kind, server.url, timeout=60.0) as holder:
        server.finish()
        threading.Timer(0.1, holder.release.set).start()
        assert holder.call("POST", "/queued").status == 200
        assert server.most == 1


def test_calls_that_are_cancelled_in_the_queue_hold_nobody_up() -> None:
    async def main(server: Gauge) -> None:
        async with AsyncSDElements(server.url, **{**QUIET, "max_connections": 2}) as api:
            hanging = [asyncio.ensure_future(api.request("POST", "/hang")) for _ in range(2)]
            for _ in hanging:
                await asyncio.to_thread(server.hanging.acquire)
            queued = [asyncio.ensure_future(api.request("POST", f"/{number}")) for number in range(300)]
            await asyncio.sleep(0)
            for call in queued[:299]:
                call.cancel()
            hanging[0].cancel()
            assert (await queued[299]).status == 200
            # A connection whose call was cancelled may count as long as its server has not noticed.
            assert server.most <= 3
            hanging[1].cancel()
            results = await asyncio.gather(*queued, *hanging, return_exceptions=True)
            assert sum(isinstance(result, asyncio.CancelledError) for result in results) == 301
            assert server.targets.count("/299") == 1
            assert len(server.targets) == 3

    with Gauge() as server:
        asyncio.run(main(server))


def test_calls_have_their_turn_in_the_order_in_which_they_came() -> None:
    async def main(server: Gauge) -> None:
        async with AsyncSDElements(server.url, **{**QUIET, "max_connections": 1}) as api:
            await asyncio.gather(*(api.request("POST", f"/{number}") for number in range(100)))

    with Gauge() as server:
        asyncio.run(main(server))
        assert server.targets == [f"/{number}" for number in range(100)]


def test_broken_answers_and_connections_give_their_place_back() -> None:
    answers = [b"nonsense", Drop(), Drop(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), ok("[]", status="500 No")]
    with Wire(*answers * 5, ok("[]")) as wire:

        async def main() -> None:
            async with AsyncSDElements(wire.url, **{**QUIET, "max_connections": 1}) as api:
                results = await gathered(api, 21)
                assert [getattr(result, "outcome", None) for result in results].count("unknown") == 20
                assert sum(isinstance(result, infosecops.Response) for result in results) == 1

        asyncio.run(main())


def test_a_server_that_takes_no_connection_gives_its_place_back(connect: Connect) -> None:
    api = connect("SDElements", f"http://127.0.0.1:{free_port()}", token="t", max_connections=1)
    for _ in range(5):
        with pytest.raises(infosecops.ConnectError):
            api.request("POST", "/x")


CTRL_C = """
import os, signal, sys, threading
from infosecops import SDElements

held = threading.Event()
def stop(event):
    if event.kind == "response" and threading.current_thread() is not threading.main_thread():
        held.set()
        threading.Event().wait()

api = SDElements(sys.argv[1], token="t", proxy="direct", max_connections=1, on_event=stop)
threading.Thread(target=api.request, args=("GET", "/hang"), daemon=True).start()
held.wait()
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    api.request("POST", "/queued")
except KeyboardInterrupt:
    os._exit(7)
"""

FORK = """
import os, sys, threading
from infosecops import SDElements

held = threading.Event()
def stop(event):
    if event.kind == "response" and threading.current_thread() is not threading.main_thread():
        held.set()

api = SDElements(sys.argv[1], token="t", proxy="direct", max_connections=1, timeout=30.0, on_event=stop)
threading.Thread(target=api.request, args=("GET", "/hang"), daemon=True).start()
held.wait()
child = os.fork()
if not child:
    os._exit(7 if api.request("POST", "/child").status == 200 else 1)
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals and forks of POSIX")
@pytest.mark.parametrize("script", [CTRL_C, FORK], ids=["ctrl-c", "fork"])
def test_a_call_in_the_queue_heeds_signals_and_a_child_has_a_queue_of_its_own(script: str) -> None:
    with Gauge() as server:
        command = [sys.executable, "-W", "ignore", "-c", script, server.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
        assert (done.returncode, done.stderr) == (7, "")
        assert ("/child" in server.targets) == (script is FORK)


@pytest.mark.parametrize("name", CREDENTIALS)
def test_every_client_takes_it_and_refuses_what_is_no_number_of_connections(name: str) -> None:
    for cls in (getattr(infosecops, name), getattr(infosecops, f"Async{name}")):
        cls("https://a.example.com", max_connections=1, **CREDENTIALS[name])
        cls("https://a.example.com", max_connections=2**32 - 1, **CREDENTIALS[name])
        for value in (0, -1, 2**32, 10**30):
            with pytest.raises(infosecops.ConfigError, match="max_connections"):
                cls("https://a.example.com", max_connections=value, **CREDENTIALS[name])
        for wrong in (True, 1.0, "1", None, [1]):
            with pytest.raises(TypeError, match="max_connections"):
                cls("https://a.example.com", max_connections=wrong, **CREDENTIALS[name])
