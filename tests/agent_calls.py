"""What the matrix calls of the agents of Bamboo, for the sync client and its Async twin alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import infosecops

if TYPE_CHECKING:
    from collections.abc import Callable

UUID = "7ba167aa-631c-4771-b197-fcb459cc7fd7"
# One that is idle, and one that is disabled, too.
IDLE, DISABLED = 131073, 131075
QUICK = {"settle": 0, "poll_interval": 0.02}


def call(name: str, *arguments: int, **keywords: Any) -> Callable[[Any, Any], Any]:
    return lambda bamboo, _: getattr(bamboo.agents(UUID), name)(*arguments, **keywords)


def window(bamboo: Any, _: Any) -> Any:
    entered = bamboo.agents(UUID).maintenance_window(IDLE, **QUICK)
    if isinstance(bamboo, infosecops.BambooAgents):
        with entered as task:
            return task

    async def enter() -> Any:
        async with entered as task:
            return task

    return enter()


TASKS: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""The task that is open for each client."""


def open_task(bamboo: Any) -> Any:
    agents = bamboo.agents(UUID)
    if isinstance(bamboo, infosecops.BambooAgents):
        try:
            TASKS[bamboo] = agents.maintenance(IDLE)
        except infosecops.TaskLeftOpen as error:
            TASKS[bamboo] = error.task
        return None

    async def ask() -> None:
        try:
            TASKS[bamboo] = await agents.maintenance(IDLE)
        except infosecops.TaskLeftOpen as error:
            TASKS[bamboo] = error.task

    return ask()


def finish(bamboo: Any, _: Any) -> Any:
    return bamboo.agents(UUID).finish_maintenance(IDLE, TASKS[bamboo])


def close_task(bamboo: Any) -> Any:
    """Finish the task that a call before may have left open."""
    asked = open_task(bamboo)
    if asked is None:
        return finish(bamboo, None)

    async def close() -> Any:
        await asked
        return await finish(bamboo, None)

    return close()
