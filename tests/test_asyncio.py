"""asyncio: cancelling closes sockets, loops may come and go, and nothing is left for the loop to complain about."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import AsyncBambooAgents, BambooAgents, Retry
from infosecops.sandbox import Sandbox
from loops import Run, needs_uvloop
from scale import note, scaled
from wire import Hang, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

PATIENCE = 30.0
EMPTY = ok("[]")
ONCE = Retry(attempts=1)

needs_anyio = pytest.mark.skipif(find_spec("anyio") is None, reason="anyio is not installed")
needs_groups = pytest.mark.skipif(sys.version_info < (3, 11), reason="TaskGroup and timeout() came with Python 3.11")


def async_client(url: str, **common: object) -> AsyncBambooAgents:
    return AsyncBambooAgents(url, **{"token": "t0ken", "proxy": "direct", "timeout": 20.0, "retry": ONCE, **common})


def client(url: str, **common: object) -> BambooAgents:
    return BambooAgents(url, **{"token": "t0ken", "proxy": "direct", "timeout": 20.0, "retry": ONCE, **common})


def echo(received: object) -> bytes:
    return ok(f'{{"path": "{received.target}"}}')


async def event(happened: threading.Event) -> bool:
    return await asyncio.to_thread(happened.wait, PATIENCE)


# Ways to give a call up.


async def by_cancelling(call: Coroutine[Any, Any, Any], reached: Awaitable[object]) -> None:
    task = asyncio.ensure_future(call)
    await reached
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_wait_for(call: Coroutine[Any, Any, Any], reached: Awaitable[object]) -> None:
    waiting = asyncio.ensure_future(reached)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(call, 0.1)
    assert await waiting


async def by_timeout(call: Coroutine[Any, Any, Any], reached: Awaitable[object]) -> None:
    async def in_time() -> None:
        async with asyncio.timeout(None) as scope:
            waiting = asyncio.ensure_future(reached)
            waiting.add_done_callback(lambda _: scope.reschedule(0))
            await call

    with pytest.raises(TimeoutError):
        await in_time()


async def by_a_group(call: Coroutine[Any, Any, Any], reached: Awaitable[object]) -> None:
    async def fail() -> None:
        await reached
        raise LookupError

    async def together() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(call)
            group.create_task(fail())

    with pytest.raises(Exception, match="unhandled errors") as caught:
        await together()
    assert [type(each) for each in caught.value.exceptions] == [LookupError]


async def by_gather(call: Coroutine[Any, Any, Any], reached: Awaitable[object]) -> None:
    both = asyncio.gather(call, asyncio.sleep(PATIENCE))
    await reached
    both.cancel()
    with pytest.raises(asyncio.CancelledError):
        await both


WAYS = [
    by_cancelling,
    by_wait_for,
    by_gather,
    pytest.param(by_timeout, marks=needs_groups),
    pytest.param(by_a_group, marks=needs_groups),
]


@pytest.mark.parametrize("give_up", WAYS)
def test_giving_up_closes_the_connection(give_up: Callable[..., Awaitable[None]], run: Run) -> None:
    async def main() -> None:
        async with async_client(wire.url) as api:
            await give_up(api.request("POST", "/x"), event(hang.reached))
            assert await event(hang.released), "the connection stays open"
            assert await api.tokens.list() == []

    hang = Hang()
    with Wire(hang, EMPTY) as wire:
        run(main())


def test_giving_up_in_paging_and_in_waiting(run: Run) -> None:
    async def seen(count: int) -> None:
        while box.journal.count() < count:
            await asyncio.to_thread(box.wait, 0.002)

    async def closed() -> None:
        while box.open_connections():
            await asyncio.to_thread(box.wait, 0.002)

    async def main() -> None:
        sde = box.sd_elements.async_client(retry=ONCE)
        box.faults.next(skip=1, hang=True)
        await by_cancelling(sde.jobs.alm.list(page_size=1).collect(), seen(2))
        await asyncio.wait_for(closed(), PATIENCE)
        box.jobs.progress("manual")
        job = await sde.jobs.alm.start(12)
        looked = asyncio.Event()

        async def look(_: object) -> None:
            looked.set()

        await by_cancelling(sde.jobs.alm.wait(job, poll_interval=60.0, on_progress=look), looked.wait())
        assert (await sde.jobs.alm.get(job.id)).ready is False

    with Sandbox() as box:
        run(main())


def test_giving_up_at_any_moment(run: Run) -> None:
    """Cancelled before, while and after the answer arrives: each call ends as cancelled or answered."""
    calls = scaled(500, 20_000)

    async def one(api: AsyncBambooAgents, number: int) -> str:
        task = asyncio.ensure_future(api.request("GET", "/nowhere" if number % 2 else "/rest/agent-config/1.0/tokens/"))
        for _ in range(number % 23):
            await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return "cancelled"
        except infosecops.NotFoundError:
            return "answered"
        return "answered"

    async def main() -> None:
        ends: list[str] = []
        async with box.bamboo_agents.async_client(retry=ONCE) as api:
            for number in range(0, calls, 10):
                ends += await asyncio.gather(*(one(api, number + more) for more in range(10)))
            assert len(await api.tokens.list()) == 2
        assert len(ends) == calls
        assert set(ends) <= {"cancelled", "answered"}

    with Sandbox() as box:
        run(main())
    note("asyncio", "calls cancelled at any moment; complaints of the loop", f"{calls}; 0")


def test_errors_come_through_await(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(infosecops.NotFoundError) as caught:
            await async_client(wire.url).request("GET", "/x")
        assert caught.value.status == 404
        # One that nobody ever awaited is the caller's to hear about, not ours: it was never begun.
        async_client(wire.url).request("GET", "/x").close()
        assert len(wire.requests) == 1

    with Wire(ok("{}", status="404 Not Found")) as wire:
        run(main())


# Loops.


def test_calls_share_a_client(run: Run) -> None:
    async def main() -> None:
        async with async_client(wire.url) as api:
            calls = [api.request("GET", f"/{number}", effect="read") for number in range(200)]
            answers = await asyncio.gather(*calls)
            assert [answer.json()["path"] for answer in answers] == [f"/{number}" for number in range(200)]

    with Wire(echo) as wire:
        run(main())


def test_a_loop_that_ends_takes_its_calls_with_it() -> None:
    hang = Hang()

    async def main() -> None:
        task = asyncio.ensure_future(async_client(wire.url).request("POST", "/x"))
        await event(hang.reached)
        assert not task.done()

    with Wire(hang, EMPTY) as wire:
        asyncio.run(main())
        assert hang.released.wait(PATIENCE)
        with client(wire.url) as api:
            assert api.tokens.list() == []


def test_answers_for_a_closed_loop_are_dropped() -> None:
    with Sandbox() as box:
        twin = box.bamboo_agents.async_client()
        for _ in range(scaled(20, 500)):
            loop = asyncio.new_event_loop()
            tasks = [loop.create_task(twin.tokens.list()) for _ in range(10)]
            loop.run_until_complete(asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED))
            for task in tasks:
                # asyncio's own complaint about who closes a loop like this.
                task._log_destroy_pending = False
            loop.close()
            del tasks, task
            gc.collect()
        assert len(asyncio.run(twin.tokens.list())) == 2


def test_one_client_on_two_loops_in_two_threads() -> None:
    async def main() -> list[str]:
        return [(await api.request("GET", f"/{number}", effect="read")).json()["path"] for number in range(100)]

    with Wire(echo) as wire, ThreadPoolExecutor(2) as pool:
        api = async_client(wire.url)
        for paths in pool.map(lambda _: asyncio.run(main()), range(2)):
            assert paths == [f"/{number}" for number in range(100)]


@needs_anyio
@pytest.mark.parametrize("use_uvloop", [False, pytest.param(True, marks=needs_uvloop)])
def test_anyio(*, use_uvloop: bool) -> None:
    import anyio

    hang = Hang()

    async def main() -> None:
        api = async_client(wire.url)
        with anyio.move_on_after(PATIENCE) as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(api.request, "POST", "/x")
                await anyio.to_thread.run_sync(hang.reached.wait, PATIENCE)
                group.cancel_scope.cancel()
        assert not scope.cancelled_caught
        await anyio.to_thread.run_sync(hang.released.wait, PATIENCE)
        assert hang.released.is_set(), "the connection stays open"
        with anyio.CancelScope(shield=True):
            assert await api.tokens.list() == []

    with Wire(hang, EMPTY) as wire:
        anyio.run(main, backend="asyncio", backend_options={"debug": True, "use_uvloop": use_uvloop})


def test_a_blocking_call_works_under_a_running_loop(run: Run) -> None:
    async def main() -> None:
        with client(wire.url) as api:
            assert api.tokens.list() == []

    with Wire(EMPTY) as wire:
        run(main())


def test_context_variables_reach_callbacks(run: Run) -> None:
    variable = contextvars.ContextVar("variable", default="unset")
    seen: list[tuple[str, int]] = []

    async def token() -> infosecops.Secret:
        await asyncio.sleep(0)
        seen.append((variable.get(), threading.get_ident()))
        return infosecops.Secret("from-coroutine")

    async def main() -> None:
        variable.set("mine")
        async with async_client(wire.url, token=token) as api:
            await api.tokens.list()
        assert seen == [("mine", threading.get_ident())]
        assert variable.get() == "mine"

    with Wire(EMPTY) as wire:
        run(main())
        assert wire.only.headers["authorization"] == "Bearer from-coroutine"
