"""Blocking calls, asyncio, threads, signals, forks, exit: a call ends when it should and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextvars
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import infosecops
import pytest
from infosecops import AsyncBambooAgents, BambooAgents
from wire import Hang, Wire, ok

EMPTY = ok("[]")


def client(url: str, **common: object) -> BambooAgents:
    return BambooAgents(url, **{"token": "t0ken", "proxy": "direct", "timeout": 20.0, **common})


def async_client(url: str, **common: object) -> AsyncBambooAgents:
    return AsyncBambooAgents(url, **{"token": "t0ken", "proxy": "direct", "timeout": 20.0, **common})


def echo(received: object) -> bytes:
    return ok(f'{{"path": "{received.target}"}}')


def test_an_operation_is_made_once() -> None:
    with Wire(EMPTY) as wire, client(wire.url) as api:
        operation = api._native.tokens_list()
        assert operation.wait() == []
        with pytest.raises(RuntimeError, match="once"):
            operation.wait()


def test_nothing_is_sent_by_constructing_or_printing() -> None:
    with Wire(EMPTY) as wire:
        api = client(wire.url)
        assert wire.url in repr(api)
        api.close()
        assert wire.connections == 0


def test_many_threads_get_their_own_answers() -> None:
    with Wire(echo) as wire, client(wire.url) as api, ThreadPoolExecutor(100) as pool:
        paths = [f"/thread/{number}" for number in range(1000)]
        answers = pool.map(lambda path: api.request("GET", path, effect="read").json()["path"], paths)
        assert list(answers) == paths


@pytest.mark.parametrize("raises", [KeyboardInterrupt, InterruptedError])
def test_a_signal_ends_a_blocking_call_and_closes_its_connection(raises: type[BaseException]) -> None:
    hang = Hang()

    def handler(*_: object) -> None:
        raise raises

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with Wire(hang) as wire, client(wire.url) as api:

            def kill() -> None:
                assert hang.reached.wait(10)
                os.kill(os.getpid(), signal.SIGUSR1)

            killer = threading.Thread(target=kill)
            killer.start()
            with pytest.raises(raises):
                api.request("POST", "/x")
            killer.join()
            assert hang.released.wait(10), "the connection stays open"
            wire.answers = [EMPTY]
            assert api.tokens.list() == []
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_async_calls_share_a_client() -> None:
    async def main(url: str) -> None:
        async with async_client(url) as api:
            calls = [api.request("GET", f"/{number}", effect="read") for number in range(200)]
            answers = await asyncio.gather(*calls)
            assert [answer.json()["path"] for answer in answers] == [f"/{number}" for number in range(200)]

    with Wire(echo) as wire:
        asyncio.run(main(wire.url))


def test_cancelling_closes_the_connection() -> None:
    hang = Hang()

    async def main(url: str) -> None:
        api = async_client(url)
        task = asyncio.create_task(api.request("POST", "/x"))
        await asyncio.to_thread(hang.reached.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(hang.released.wait, 10), "the connection stays open"

    with Wire(hang) as wire:
        asyncio.run(main(wire.url), debug=True)


def test_wait_for_closes_the_connection() -> None:
    hang = Hang()

    async def main(url: str) -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(async_client(url).request("POST", "/x"), 0.2)
        assert await asyncio.to_thread(hang.released.wait, 10), "the connection stays open"

    with Wire(hang) as wire:
        asyncio.run(main(wire.url))


def test_a_closed_loop_is_no_trouble() -> None:
    hang = Hang()

    async def main(url: str) -> None:
        task = asyncio.ensure_future(async_client(url).request("POST", "/x"))
        await asyncio.to_thread(hang.reached.wait, 10)
        assert not task.done()

    with Wire(hang, EMPTY) as wire:
        asyncio.run(main(wire.url))
        assert hang.released.wait(10)
        with client(wire.url) as api:
            assert api.tokens.list() == []


def test_two_loops_in_two_threads() -> None:
    async def main(url: str) -> list[str]:
        async with async_client(url) as api:
            return [(await api.request("GET", f"/{number}", effect="read")).json()["path"] for number in range(50)]

    with Wire(echo) as wire, ThreadPoolExecutor(2) as pool:
        for paths in pool.map(lambda _: asyncio.run(main(wire.url)), range(2)):
            assert paths == [f"/{number}" for number in range(50)]


def test_a_blocking_call_works_under_a_running_loop() -> None:
    async def main(url: str) -> None:
        with client(url) as api:
            assert api.tokens.list() == []

    with Wire(EMPTY) as wire:
        asyncio.run(main(wire.url))


def test_errors_come_through_await() -> None:
    async def main(url: str) -> None:
        with pytest.raises(infosecops.NotFoundError) as caught:
            await async_client(url).request("GET", "/x")
        assert caught.value.status == 404

    with Wire(ok("{}", status="404 Not Found")) as wire:
        asyncio.run(main(wire.url))


# Credentials from callables.


def test_a_callable_is_asked_when_first_needed_and_kept() -> None:
    asked = []

    def token() -> str:
        asked.append(threading.get_ident())
        return "from-callable"

    with Wire(EMPTY) as wire:
        api = client(wire.url, token=token)
        assert asked == []
        api.tokens.list()
        api.tokens.list()
        assert asked == [threading.get_ident()]
        assert wire.requests[1].headers["authorization"] == "Bearer from-callable"


def test_an_async_callable_runs_on_the_loop_with_the_callers_context() -> None:
    variable = contextvars.ContextVar("variable", default="unset")
    seen = []

    async def token() -> infosecops.Secret:
        await asyncio.sleep(0)
        seen.append((variable.get(), threading.get_ident()))
        return infosecops.Secret("from-coroutine")

    async def main(url: str) -> None:
        variable.set("mine")
        async with async_client(url, token=token) as api:
            await api.tokens.list()
        assert seen == [("mine", threading.get_ident())]

    with Wire(EMPTY) as wire:
        asyncio.run(main(wire.url))
        assert wire.only.headers["authorization"] == "Bearer from-coroutine"


def test_a_plain_callable_works_for_the_async_twin() -> None:
    async def main(url: str) -> None:
        async with async_client(url, token=lambda: "plain") as api:
            await api.tokens.list()

    with Wire(EMPTY) as wire:
        asyncio.run(main(wire.url))
        assert wire.only.headers["authorization"] == "Bearer plain"


def test_an_async_callable_needs_the_async_twin() -> None:
    async def token() -> str:
        return "x"

    with Wire(EMPTY) as wire, client(wire.url, token=token) as api:
        with pytest.raises(TypeError, match="Async twin"):
            api.tokens.list()
        assert wire.connections == 0


@pytest.mark.parametrize("value", [None, 5, b"bytes"])
def test_a_callable_must_give_a_text(value: object) -> None:
    refused = pytest.raises(TypeError, match="token: the callable must give")
    with Wire(EMPTY) as wire, client(wire.url, token=lambda: value) as api, refused:
        api.tokens.list()


def test_what_a_callable_raises_comes_up_as_it_is() -> None:
    def broken() -> str:
        raise LookupError("vault is sealed")

    async def main(url: str) -> None:
        with pytest.raises(LookupError, match="sealed"):
            await async_client(url, token=broken).tokens.list()

    with Wire(EMPTY) as wire:
        with client(wire.url, token=broken) as api, pytest.raises(LookupError, match="sealed"):
            api.tokens.list()
        asyncio.run(main(wire.url))
        assert wire.connections == 0


def test_a_callable_may_use_a_client_itself() -> None:
    with Wire(EMPTY) as vault, Wire(EMPTY) as wire:
        inner = client(vault.url)

        def token() -> str:
            inner.tokens.list()
            return "nested"

        with client(wire.url, token=token) as api:
            api.tokens.list()
        assert len(vault.requests) == len(wire.requests) == 1


# Events.


def test_events_tell_the_steps_without_secrets() -> None:
    events = []
    with Wire(EMPTY) as wire, client(wire.url, on_event=events.append) as api:
        api.request("GET", "/x", params={"token": "canary"}, effect="read")
        assert [(event.kind, event.status, event.attempt) for event in events] == [
            ("request", None, 1),
            ("response", 200, 1),
        ]
        assert "canary" not in repr(events)
        assert "token=****" in events[0].url


def test_a_broken_listener_breaks_no_call(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: object) -> None:
        raise ValueError("metrics are down")

    with Wire(EMPTY) as wire, client(wire.url, on_event=broken) as api:
        assert api.tokens.list() == []
    assert "on_event raised" in caplog.text


def test_debug_lines_go_to_the_products_logger(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "infosecops.bamboo_agents")
    with Wire(EMPTY) as wire, client(wire.url) as api:
        api.tokens.list()
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0].startswith("request tokens.list GET http://127.0.0.1:")
    assert "status=200" in lines[1]
    assert "t0ken" not in caplog.text


# Processes.


def child_call(url: str) -> None:
    with client(url) as api:
        assert api.tokens.list() == []


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_processes_of_every_kind_can_call(method: str) -> None:
    with Wire(EMPTY) as wire, client(wire.url) as api:
        api.tokens.list()
        process = multiprocessing.get_context(method).Process(target=child_call, args=(wire.url,))
        process.start()
        process.join(60)
        assert process.exitcode == 0


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_used_client_works_on_both_sides_of_a_fork() -> None:
    async def used(url: str) -> AsyncBambooAgents:
        api = async_client(url)
        await api.tokens.list()
        return api

    with Wire(EMPTY) as wire, client(wire.url) as api:
        api.tokens.list()
        twin = asyncio.run(used(wire.url))
        parents = {request.peer_port for request in wire.requests}
        child = os.fork()
        if child == 0:
            code = 1
            try:
                api.tokens.list()
                asyncio.run(twin.tokens.list())
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        children = {request.peer_port for request in wire.requests[2:]}
        assert len(wire.requests) == 4
        assert not children & parents, "the child used a connection of its parent"
        api.tokens.list()
        assert wire.requests[4].peer_port in parents


SCRIPTS = {
    "async work pending": """
import asyncio, infosecops
async def main():
    api = infosecops.AsyncBambooAgents({url!r}, token="t", proxy="direct")
    tasks = [asyncio.ensure_future(api.request("GET", "/x")) for _ in range(20)]
    await asyncio.sleep(0.05)
asyncio.run(main())
""",
    "a loop that is never closed": """
import asyncio, infosecops
loop = asyncio.new_event_loop()
api = infosecops.AsyncBambooAgents({url!r}, token="t", proxy="direct")
task = loop.create_task(api.request("GET", "/x"))
loop.run_until_complete(asyncio.sleep(0.05))
task.add_done_callback(print)
import os, sys
loop.call_soon(sys.exit)
task._log_destroy_pending = False
""",
    "a daemon thread in a call": """
import threading, infosecops
api = infosecops.BambooAgents({url!r}, token="t", proxy="direct")
threading.Thread(target=lambda: api.request("GET", "/x"), daemon=True).start()
import time; time.sleep(0.2)
""",
    "an environment that changes all the time": """
import os, threading, infosecops
from infosecops.sandbox import Sandbox
done = threading.Event()
def change():
    number = 0
    while not done.is_set():
        number += 1
        os.environ[f"CHANGE_{{number % 5000}}"] = "x" * (number % 50)
thread = threading.Thread(target=change)
thread.start()
for _ in range(60):
    with Sandbox() as box, box.sd_elements() as sde:
        sde.jobs.alm.get(12)
done.set()
thread.join()
""",
    "nothing but a client": """
import infosecops
api = infosecops.BambooAgents({url!r}, token="t", proxy="direct")
""",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_exit_is_silent(name: str) -> None:
    with Wire(Hang()) as wire:
        for _ in range(3):
            done = subprocess.run(
                [sys.executable, "-c", SCRIPTS[name].format(url=wire.url)], capture_output=True, timeout=60, check=False
            )
            assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
