"""Maintenance windows that Ctrl-C or a cancelled task interrupts: the agent is given back, or the open task named."""

from __future__ import annotations

import asyncio
import itertools
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import TaskLeftOpen
from test_agents import DISABLED, FINISHED, GRANTED, ID, sent, text
from test_idle_agents import BUSY, QUICK
from test_maintenance_window import FINISH, OfBodyError, Plugin
from wire import Hang, Wire, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 10.0


@contextmanager
def interrupted(hang: Hang) -> Iterator[None]:
    """Interrupt the main thread, as Ctrl-C does, when the request that hangs has come."""

    def wait() -> None:
        if hang.reached.wait(PATIENCE):
            signal.pthread_kill(main, signal.SIGINT)

    main = threading.main_thread().ident
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        signal.signal(signal.SIGINT, before)


def sync_window(wire: Wire) -> Any:
    return infosecops.BambooAgents(wire.url, proxy="direct", api="agent-config").agents("u-u-i-d")


def test_ctrl_c_while_it_asks() -> None:
    hang = Hang()
    with Wire(hang) as wire, interrupted(hang):
        with pytest.raises(KeyboardInterrupt) as caught, sync_window(wire).maintenance_window(ID, **QUICK):
            pass
        left = caught.value.__context__
        assert isinstance(left, TaskLeftOpen)
        assert (left.task, left.outcome) == (None, "unknown")
        assert "agents.maintenance(131073)" in left.hint
        assert len(wire.requests) == 1


def test_ctrl_c_while_it_waits() -> None:
    hang = Hang()
    with Wire(text(GRANTED), ok(BUSY), hang, text(FINISHED)) as wire, interrupted(hang):
        with pytest.raises(KeyboardInterrupt) as caught, sync_window(wire).maintenance_window(ID, **QUICK):
            pass
        assert caught.value.__context__ is None
        assert sent(wire)[-1][1].startswith(f"/rest/agents/1.0/{ID}/maintenance/1/finish")


def test_ctrl_c_while_it_finishes() -> None:
    hang = Hang()
    with Wire(text(GRANTED), ok(DISABLED), ok(DISABLED), hang) as wire, interrupted(hang):
        with pytest.raises(KeyboardInterrupt) as caught, sync_window(wire).maintenance_window(ID, **QUICK):
            raise OfBodyError
        assert isinstance(caught.value.__context__, OfBodyError)
        left = caught.value.__context__.__context__
        assert isinstance(left, TaskLeftOpen)
        assert (left.task.id, left.outcome) == (1, "unknown")
        assert "agents.finish_maintenance(131073, 1)" in left.hint


async def until(event: Any) -> None:
    await asyncio.get_running_loop().run_in_executor(None, event.wait, PATIENCE)


def run_cancelled(wire: Wire, hang: Hang, body: Any = None) -> BaseException | None:
    """Cancel a task when the request that hangs has come, or when the body runs. Gives what it ended with."""

    async def main() -> BaseException | None:
        async with infosecops.AsyncBambooAgents(wire.url, proxy="direct", api="agent-config") as bamboo:
            inside = asyncio.Event()

            async def work() -> None:
                async with bamboo.agents("u-u-i-d").maintenance_window(ID, **QUICK):
                    inside.set()
                    await asyncio.Event().wait()

            task = asyncio.ensure_future(work())
            if body is None:
                await until(hang.reached)
            else:
                await inside.wait()
            task.cancel()
            if body == "twice":
                await until(hang.reached)
                task.cancel()
            try:
                await task
            except asyncio.CancelledError as error:
                return error
            return None

    return asyncio.run(main())


def test_a_cancelled_body_gives_the_agent_back() -> None:
    plugin = Plugin()
    with Wire(plugin) as wire:
        ended = run_cancelled(wire, Hang(), body="once")
        assert isinstance(ended, asyncio.CancelledError)
        assert plugin.log[-1] == FINISH


def test_cancelled_while_it_waits() -> None:
    hang = Hang()
    with Wire(text(GRANTED), hang, text(FINISHED)) as wire:
        assert isinstance(run_cancelled(wire, hang), asyncio.CancelledError)
        assert sent(wire)[-1][0] == "PUT"


def test_cancelled_while_it_asks_or_again_while_it_finishes() -> None:
    for answers, body, task in (((), None, None), ((text(GRANTED), ok(DISABLED), ok(DISABLED)), "twice", 1)):
        hang = Hang()
        with Wire(*answers, hang) as wire:
            ended = run_cancelled(wire, hang, body)
            assert isinstance(ended, asyncio.CancelledError)
            chain = list(itertools.islice(chained(ended), 10))
            (left,) = [error for error in chain if isinstance(error, TaskLeftOpen)]
            assert (left.task and left.task.id, left.outcome) == (task, "unknown")


def chained(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
