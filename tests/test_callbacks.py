"""Callables that a running call asks: they may call the client again, from many threads, and may raise."""

from __future__ import annotations

import _thread
import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import infosecops
import pytest
from infosecops import Retry
from scale import scaled
from wire import Hang, Wire, ok

if TYPE_CHECKING:
    from infosecops.sandbox import Sandbox
    from wire import Received

ONCE = Retry(attempts=1)
THREADS = 64


def echo(received: object) -> bytes:
    return ok(f'{{"path": "{received.target}"}}')


# Callbacks that call the client that calls them.


def test_progress_calls_the_same_client(box: Sandbox) -> None:
    box.jobs.progress("polls", 3)
    with box.sd_elements() as sde:
        seen: list[int] = []
        job = sde.jobs.alm.start(12)
        done = sde.jobs.alm.wait(
            job, poll_interval=0.001, on_progress=lambda job: seen.append(sde.jobs.alm.get(job.id).id)
        )
        assert done.succeeded
        assert set(seen) == {job.id}


def test_async_progress_calls_the_same_client(box: Sandbox) -> None:
    seen: list[int] = []

    async def main() -> None:
        async with box.sd_elements.async_client() as sde:

            async def look(job: infosecops.Job) -> None:
                found = await asyncio.gather(*(sde.jobs.alm.get(job.id) for _ in range(3)))
                seen.extend(job.id for job in found)

            box.jobs.progress("polls", 20)
            job = await sde.jobs.alm.start(12)
            assert (await sde.jobs.alm.wait(job, poll_interval=0.001, on_progress=look)).succeeded
            assert set(seen) == {job.id}

    asyncio.run(main())


def test_a_plain_callback_of_the_async_twin_makes_blocking_calls(box: Sandbox) -> None:
    seen: list[int] = []

    async def main() -> None:
        async with box.sd_elements.async_client() as sde:
            job = await sde.jobs.alm.start(12)
            await sde.jobs.alm.wait(
                job, poll_interval=0.001, on_progress=lambda job: seen.append(blocking.jobs.alm.get(job.id).id)
            )
            assert set(seen) == {job.id}

    box.jobs.progress("polls", 3)
    with box.sd_elements() as blocking:
        asyncio.run(main())


def test_a_token_is_fetched_with_the_client_that_needs_it(box: Sandbox) -> None:
    """A callable that calls its own client would ask itself for ever; through a request of another one it must not."""
    asked: list[int] = []
    known = box.bamboo_agents.token.reveal()

    def token() -> str:
        asked.append(threading.get_ident())
        with box.sectona() as pam:
            pam.request_password("Unix Based", "web01.example.net", "deploy")
        return known

    async def later() -> str:
        async with box.sectona.async_client() as pam:
            await pam.request_password("Unix Based", "web01.example.net", "deploy")
        return known

    async def main() -> None:
        async with box.bamboo_agents.async_client(token=later) as api:
            answers = await asyncio.gather(*(api.tokens.list() for _ in range(50)))
            assert {len(answer) for answer in answers} == {2}

    with box.bamboo_agents(token=token) as api, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: len(api.tokens.list()), range(200)))
    assert answers == [2] * 200
    assert 1 <= len(asked) <= 16
    asyncio.run(main())


def test_events_call_the_same_client(box: Sandbox) -> None:
    depth = threading.local()
    inner: list[int] = []

    def listen(event: infosecops.Event) -> None:
        if event.kind == "response" and not getattr(depth, "inside", False):
            depth.inside = True
            try:
                inner.append(len(api.tokens.list()))
            finally:
                depth.inside = False

    with box.bamboo_agents(on_event=listen) as api, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: api.tokens.list(), range(100)))
    assert inner == [2] * 100


# Threads.


def test_one_client_in_many_threads() -> None:
    calls = scaled(2_000, 50_000)
    with Wire(echo) as wire, ThreadPoolExecutor(THREADS) as pool:
        api = infosecops.BambooAgents(wire.url, token="t0ken", proxy="direct", retry=ONCE)
        paths = [f"/thread/{number}" for number in range(calls)]
        answers = pool.map(lambda path: api.request("GET", path, effect="read").json()["path"], paths)
        assert list(answers) == paths
        # A connection belongs to one of four runtimes, or to the one that the rest of the threads share.
        assert wire.connections <= THREADS + 4


def test_more_threads_than_there_are_runtimes_for(box: Sandbox) -> None:
    """All at once: each waits for the others before its answer comes."""
    together = 2 * THREADS + 22
    barrier = threading.Barrier(together)
    waiting = threading.local()

    def listen(event: infosecops.Event) -> None:
        if event.kind == "request" and not getattr(waiting, "over", False):
            waiting.over = True
            barrier.wait(60)

    with box.bamboo_agents(on_event=listen, timeout=60.0) as api, ThreadPoolExecutor(together) as pool:
        assert list(pool.map(lambda _: len(api.tokens.list()), range(together))) == [2] * together
        waiting = threading.local()
        assert list(pool.map(lambda _: len(api.tokens.list()), range(together))) == [2] * together


def test_who_is_back_from_a_call_holds_nobody_up(box: Sandbox) -> None:
    """Each waits after its call until all others are back from theirs."""
    together = 2 * THREADS + 22
    barrier = threading.Barrier(together)

    def calls(api: infosecops.BambooAgents) -> int:
        found = 0
        for _ in range(3):
            found += len(api.tokens.list())
            barrier.wait(60)
        return found

    with box.bamboo_agents(timeout=60.0) as api, ThreadPoolExecutor(together) as pool:
        assert list(pool.map(calls, [api] * together)) == [6] * together


def test_ctrl_c_ends_a_call_beyond_the_runtimes() -> None:
    """It closes its connection, as a call on a runtime of its own does; the others go on."""
    at_work, go_on = threading.Semaphore(0), threading.Event()
    hang = Hang()
    others = 70

    def listen(event: infosecops.Event) -> None:
        if event.kind == "request" and threading.current_thread() is not threading.main_thread():
            at_work.release()
            go_on.wait(60)

    def answer(received: Received) -> bytes | Hang:
        return hang if received.target == "/hang" else echo(received)

    with Wire(answer) as wire, ThreadPoolExecutor(others) as pool:
        api = infosecops.BambooAgents(wire.url, token="t", proxy="direct", retry=ONCE, on_event=listen, timeout=60.0)
        calls = [pool.submit(api.request, "GET", f"/{number}", effect="read") for number in range(others)]
        try:
            assert all(at_work.acquire(timeout=60) for _ in range(others))
            threading.Thread(target=lambda: hang.reached.wait(60) and _thread.interrupt_main()).start()
            with pytest.raises(KeyboardInterrupt):
                api.request("GET", "/hang", effect="read")
            assert hang.released.wait(60)
        finally:
            go_on.set()
        assert [call.result().json()["path"] for call in calls] == [f"/{number}" for number in range(others)]


def test_a_client_is_closed_while_others_use_it(box: Sandbox) -> None:
    over = threading.Event()
    with box.bamboo_agents() as api, ThreadPoolExecutor(8) as pool:

        def close() -> None:
            while not over.is_set():
                api.close()

        closing = threading.Thread(target=close)
        closing.start()
        try:
            assert list(pool.map(lambda _: len(api.tokens.list()), range(500))) == [2] * 500
        finally:
            over.set()
            closing.join()


# Exceptions.


class Stopped(BaseException):
    """Neither an Exception nor known to the package."""


@pytest.mark.parametrize("raised", [LookupError("x"), Stopped("x"), KeyboardInterrupt("x"), SystemExit(3)])
def test_what_progress_raises_ends_the_wait(box: Sandbox, raised: BaseException) -> None:
    box.jobs.progress("manual")

    def fail(_: object) -> None:
        raise raised

    with box.sd_elements() as sde:
        job = sde.jobs.alm.start(12)
        with pytest.raises(type(raised)) as caught:
            sde.jobs.alm.wait(job, poll_interval=60.0, on_progress=fail)
        assert caught.value is raised
        assert sde.jobs.alm.get(job.id).ready is False


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("raised", [LookupError("x"), Stopped("x"), asyncio.CancelledError("x")])
def test_what_progress_raises_comes_through_await(box: Sandbox, raised: BaseException, *, is_async: bool) -> None:
    def fail(_: object) -> None:
        raise raised

    async def fail_later(_: object) -> None:
        await asyncio.sleep(0)
        raise raised

    async def main() -> None:
        async with box.sd_elements.async_client() as sde:
            job = await sde.jobs.alm.start(12)
            with pytest.raises(type(raised)):
                await sde.jobs.alm.wait(job, poll_interval=60.0, on_progress=fail_later if is_async else fail)
            assert (await sde.jobs.alm.get(job.id)).ready is False

    box.jobs.progress("manual")
    asyncio.run(main(), debug=True)


def test_a_listener_that_exits_ends_a_blocking_call(box: Sandbox) -> None:
    def leave(_: object) -> None:
        raise SystemExit(7)

    with box.bamboo_agents(on_event=leave) as api, pytest.raises(SystemExit) as caught:
        api.tokens.list()
    assert caught.value.code == 7
