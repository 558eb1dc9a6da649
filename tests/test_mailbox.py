"""How results reach an event loop: nothing is left open, kept alive or lost, whatever becomes of the loop."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from infosecops import AsyncBambooAgents, Retry
from wire import Hang, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 30.0
EMPTY = ok("[]")


def client(url: str) -> AsyncBambooAgents:
    return AsyncBambooAgents(url, token="t0ken", proxy="direct", api="agent-config", retry=Retry(attempts=1))


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.mark.skipif(sys.platform != "linux", reason="counts what stands in /proc")
def test_loops_that_are_gone_leave_no_descriptor() -> None:
    def descriptors() -> int:
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir()))

    with Wire(EMPTY) as wire:
        api = client(wire.url)
        asyncio.run(api.tokens.list())
        before = descriptors()
        for _ in range(20):
            asyncio.run(api.tokens.list())
        assert descriptors() <= before
        asyncio.run(api.aclose())


def test_a_loop_is_not_kept_alive() -> None:
    with Wire(EMPTY) as wire:
        api = client(wire.url)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(api.tokens.list())
        loop.close()
        gone = weakref.ref(loop)
        del loop
        gc.collect()
        assert gone() is None


def test_the_first_callers_variables_are_not_kept(loop: asyncio.AbstractEventLoop) -> None:
    class Precious:
        pass

    def first(api: AsyncBambooAgents) -> weakref.ref[Precious]:
        variable: contextvars.ContextVar[Precious] = contextvars.ContextVar("variable")
        value = Precious()
        variable.set(value)
        loop.run_until_complete(api.tokens.list())
        return weakref.ref(value)

    with Wire(EMPTY) as wire:
        api = client(wire.url)
        kept = contextvars.copy_context().run(first, api)
        loop.run_until_complete(api.tokens.list())
        gc.collect()
        assert kept() is None


def test_a_result_that_comes_while_the_loop_stands_still_is_there_when_it_goes_on(
    loop: asyncio.AbstractEventLoop,
) -> None:
    stands_still, answered = threading.Event(), threading.Event()

    def answer(_received: Any) -> bytes:
        stands_still.wait(PATIENCE)
        answered.set()
        return EMPTY

    with Wire(answer) as wire:
        api = client(wire.url)
        task = loop.create_task(api.tokens.list())
        loop.run_until_complete(asyncio.sleep(0))
        stands_still.set()
        assert answered.wait(PATIENCE)
        assert not task.done()
        assert loop.run_until_complete(asyncio.wait_for(task, PATIENCE)) == []


def test_a_call_of_a_loop_that_was_closed_goes_with_it() -> None:
    hang = Hang()
    with Wire(hang, EMPTY) as wire:
        api = client(wire.url)
        loop = asyncio.new_event_loop()
        task = loop.create_task(api.tokens.list())
        loop.run_until_complete(asyncio.sleep(0))
        assert hang.reached.wait(PATIENCE)
        loop.close()
        # Told by the loop's end, or it would complain about a task that was never awaited.
        task._log_destroy_pending = False
        del task, loop
        gc.collect()
        assert asyncio.run(api.tokens.list()) == []


def test_every_loop_gets_its_own_results() -> None:
    def answer(received: Any) -> bytes:
        return ok(f'{{"path": "{received.target}"}}')

    with Wire(answer) as wire:
        api = client(wire.url)
        results: dict[int, list[str]] = {}

        async def several(number: int) -> list[str]:
            calls = [api.request("GET", f"/{number}/{n}", effect="read") for n in range(20)]
            return [(await call).json()["path"] for call in asyncio.as_completed(calls)]

        def run(number: int) -> None:
            results[number] = asyncio.run(several(number))

        threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert {number: sorted(paths) for number, paths in results.items()} == {
            number: sorted(f"/{number}/{n}" for n in range(20)) for number in range(8)
        }


def closing(loop: asyncio.AbstractEventLoop) -> None:
    loop.close()


def forgetting(_loop: asyncio.AbstractEventLoop) -> None:
    pass


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("leave", [closing, forgetting])
def test_a_new_loop_in_an_old_ones_place_is_told_apart(leave: Callable[[asyncio.AbstractEventLoop], None]) -> None:
    with Wire(EMPTY) as wire:
        api = client(wire.url)
        for _ in range(50):
            loop = asyncio.new_event_loop()
            assert loop.run_until_complete(asyncio.wait_for(api.tokens.list(), PATIENCE)) == []
            leave(loop)
            del loop
        gc.collect()
