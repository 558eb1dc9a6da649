"""Maintenance windows: an agent is away and idle within, and is given back at the end, however it comes.

Pages: https://eddiewebb.atlassian.net/wiki/spaces/AAFB/pages/30507041/Maintenance+Operations
"""

from __future__ import annotations

from infosecops._client import run, run_here
from infosecops.errors import TaskLeftOpen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from infosecops import _infosecops
    from infosecops._infosecops import AgentState, MaintenanceTask, Operation

__all__ = ["AsyncMaintenanceWindow", "MaintenanceWindow"]


class _Window:
    """What a window needs; sends nothing."""

    def __init__(  # noqa: PLR0913
        self,
        native: _infosecops.Agents,
        agent_id: int,
        *,
        siblings_timeout: float,
        settle: float,
        timeout: float,
        poll_interval: float,
        on_progress: Callable[[MaintenanceTask | AgentState], object] | None,
    ) -> None:
        self._native = native
        self._agent_id = agent_id
        often = {"poll_interval": poll_interval, "on_progress": on_progress}
        self._asking = {"siblings_timeout": siblings_timeout, **often}
        self._waiting = {"settle": settle, "timeout": timeout, **often}
        self._task: MaintenanceTask | None = None
        # Check the arguments.
        self._ask()
        self._wait()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of agent {self._agent_id}: {'open' if self._task else 'not open'}>"

    def _ask(self) -> Operation[MaintenanceTask]:
        if self._task is not None:
            raise RuntimeError(f"this window of agent {self._agent_id} is open already")
        return self._native.window_ask(self._agent_id, **self._asking)  # type: ignore[arg-type]

    def _wait(self) -> Operation[AgentState]:
        return self._native.wait_until_idle(self._agent_id, **self._waiting, in_window=True)  # type: ignore[arg-type]

    def _take(self) -> MaintenanceTask:
        """The open task, which is finished once."""
        task, self._task = self._task, None
        if task is None:
            raise RuntimeError(f"this window of agent {self._agent_id} is not open")
        return task

    def _interrupted(self) -> TaskLeftOpen:
        ask = f"agents.maintenance({self._agent_id})"
        return TaskLeftOpen(
            f"Agent APIs for Bamboo {_OPERATION}: interrupted while it asked for maintenance of agent {self._agent_id},"
            f" so a task may be open. Hint: if {ask} raises TaskLeftOpen, finish the task that it names",
            system="bamboo_agents",
            operation=_OPERATION,
            outcome="unknown",
            hint=f"if {ask} raises TaskLeftOpen, finish the task that it names",
        )


class MaintenanceWindow(_Window):
    """The agent is away and idle within ``with``, which gives the :class:`MaintenanceTask`."""

    def __enter__(self) -> MaintenanceTask:
        asking = self._ask()
        try:
            task = self._task = run_here(asking)
            run_here(self._wait())
        except BaseException as error:
            if self._task is not None:
                self._finish(error)
            elif not isinstance(error, Exception):
                _chain(error, self._interrupted())
            raise
        return task

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._finish(error)

    def _finish(self, error: BaseException | None) -> None:
        task = self._take()
        try:
            run_here(self._native.window_finish(task))
        except BaseException as failure:  # noqa: BLE001 - it is raised, or told by what goes up
            _tell(task, failure, error)


class AsyncMaintenanceWindow(_Window):
    """The twin of :class:`MaintenanceWindow` for ``async with``."""

    async def __aenter__(self) -> MaintenanceTask:
        asking = self._ask()
        try:
            task = self._task = await run(asking)
            await run(self._wait())
        except BaseException as error:
            if self._task is not None:
                await self._finish(error)
            elif not isinstance(error, Exception):
                _chain(error, self._interrupted())
            raise
        return task

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        await self._finish(error)

    async def _finish(self, error: BaseException | None) -> None:
        task = self._take()
        try:
            await run(self._native.window_finish(task))
        except BaseException as failure:  # noqa: BLE001 - it is raised, or told by what goes up
            _tell(task, failure, error)


_OPERATION = "agents.maintenance_window"


def _tell(task: MaintenanceTask, failure: BaseException, body: BaseException | None) -> None:
    """Say that the task may be open; return if what the body raised goes up by itself."""
    if failure.__context__ is None:
        # What comes from the native module has no context by itself.
        failure.__context__ = body
    if isinstance(failure, TaskLeftOpen):
        left = failure
    else:
        left = _left_open(task)
        left.__cause__ = failure if isinstance(failure, Exception) else None
    if not isinstance(failure, Exception):
        # A second Ctrl-C, or a second cancellation.
        _chain(failure, left)
        raise failure
    if body is None or isinstance(body, Exception):
        raise left
    _chain(body, left)


def _left_open(task: MaintenanceTask) -> TaskLeftOpen:
    finish = f"agents.finish_maintenance({task.agent_id}, {task.id})"
    hint = f"look at agents.state({task.agent_id}).enabled: unless the agent was given back, call {finish}"
    return TaskLeftOpen(
        f"Agent APIs for Bamboo {_OPERATION}: maintenance task {task.id} of agent {task.agent_id} may be left open,"
        f" as finishing it was interrupted. Hint: {hint}",
        system="bamboo_agents",
        operation=_OPERATION,
        outcome="unknown",
        hint=hint,
        task=task,
    )


def _chain(error: BaseException, left: TaskLeftOpen) -> None:
    """Let an exception that goes up as it is say what else there is to know: at the end of its own chain."""
    # They were raised while it was handled, and a chain must not lead back to where it began.
    for own in (left, left.__cause__):
        if own is not None:
            own.__context__ = None
    last, seen = error, {id(error)}
    while (before := _shown_before(last)) is not None and id(before) not in seen:
        last = before
        seen.add(id(last))
    last.__context__ = left
    last.__suppress_context__ = False


def _shown_before(error: BaseException) -> BaseException | None:
    """What a traceback shows in front of an exception."""
    if error.__cause__ is not None or error.__suppress_context__:
        return error.__cause__
    return error.__context__
