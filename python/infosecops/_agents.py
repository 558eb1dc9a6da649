"""Build agents, as an access token of the plugin opens them: look, switch, wait, maintain.

Pages: https://eddiewebb.atlassian.net/wiki/pages/viewpage.action?pageId=23986190
"""

from __future__ import annotations

from infosecops._client import run, run_here
from infosecops._lists import in_portions
from infosecops._maintenance import AsyncMaintenanceWindow, MaintenanceWindow
from infosecops._tables import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from builtins import list as List  # noqa: N812 - the methods named list hide it
    from collections.abc import Callable
    from typing import Literal

    from infosecops import _infosecops
    from infosecops._client import AsyncSecretLike
    from infosecops._infosecops import AccessToken, Agent, AgentState, Capability, MaintenanceTask

__all__ = ["Agents", "AsyncAgents"]


class _OfToken:
    def __init__(self, native: _infosecops.BambooAgents, uuid: AccessToken | AsyncSecretLike) -> None:
        self._native = native.agents(uuid)


class Agents(_OfToken):
    """Agents, opened by the uuid of an access token. The client's own login is not sent and not needed.

    An agent's id is ``<id>`` in its ``bamboo-agent.cfg.xml``. Looking needs the token's right ``read``, changing needs
    ``change`` beside it. What is called inferred below stands on no page of the vendor's; `docs/inferred.md` has the
    sources.

    Example:
        >>> from infosecops.sandbox import Sandbox
        >>> with Sandbox() as box, box.bamboo_agents() as bamboo:
        ...     agents = bamboo.agents(bamboo.tokens.find("read and write"))
        ...     [(agent.id, agent.name, agent.busy) for agent in agents.list() if agent.enabled]
        [(131073, 'linux-01', False), (131074, 'linux-02', True)]
    """

    def list(self) -> Table[Agent]:
        """All agents. Inferred: only scripts, one of the plugin's author's, show this path.

        Raises:
            ConfigError: The server has the paths before 1.5 alone, which have no list.
        """
        return Table(run_here(self._native.list_all()))

    def state(self, id: int, *, form: Literal["json", "text"] = "json") -> AgentState:  # noqa: A002
        """Whether an agent takes builds, and whether it builds something.

        With ``api="auto"`` this finds out which paths there are: those before 1.5 are asked after a 404.

        Args:
            id: The agent.
            form: The form to ask for. Whichever comes is understood; ``text`` has no name.

        Raises:
            NotFoundError: No such agent, or no plugin (inferred: the page has no refusals).
        """
        return run_here(self._native.state(id, form))

    def enable(self, id: int) -> AgentState:  # noqa: A002
        """Let an agent take builds.

        Raises:
            UnexpectedContentError: The answer says that it is still disabled.
        """
        return run_here(self._native.switch(id, True))

    def disable(self, id: int) -> AgentState:  # noqa: A002
        """Let an agent take no more builds. Those that run go on: see :meth:`wait_until_idle`.

        Raises:
            UnexpectedContentError: The answer says that it is still enabled.
        """
        return run_here(self._native.switch(id, False))

    def capabilities(self, id: int) -> List[Capability]:  # noqa: A002
        """What an agent has of its own; what all agents share is left out. From version 1.5 on."""
        return list(run_here(self._native.capabilities(id)))

    def clear_capabilities(self, id: int) -> None:  # noqa: A002
        """Remove all that an agent has of its own. From version 1.5 on.

        Raises:
            UnexpectedContentError: The answer says that some are left.
        """
        run_here(self._native.clear_capabilities(id))

    def maintenance(self, id: int) -> MaintenanceTask:  # noqa: A002
        """Ask once for maintenance of an agent. From version 1.5 on; :meth:`maintenance_window` does the rest, too.

        Returns:
            The answer. If ``.granted``, the agent was disabled and ``.id`` is a task that must be finished. Else its
            ``.code`` says why: ``WAIT_FOR_SIBLINGS`` (too many agents are away: ask again later), ``NO_CHILD`` (go on
            building), or a code of a newer version.

        Raises:
            TaskLeftOpen: An earlier task of this agent was not finished (``UH_OH``); ``.task`` is that task.
            ConflictError: Any other ``UH_OH``.
        """
        return run_here(self._native.maintenance(id))

    def finish_maintenance(self, id: int, task: MaintenanceTask | int) -> MaintenanceTask:  # noqa: A002
        """Say that maintenance is done; the agent takes builds again. From version 1.5 on.

        Args:
            id: The agent, or one that takes its place: only the task counts.
            task: The task or its id.

        Raises:
            ConflictError: The server answered ``UH_OH``.
        """
        return run_here(self._native.finish_maintenance(id, task))

    def target_version(self) -> str:
        """Get the version that agents are to have, or a word such as ``LATEST``. From version 1.5 on.

        The page warns: never update an agent because of this alone, ask for maintenance first. It prints no uuid for
        this operation; one is sent (inferred).
        """
        return run_here(self._native.target_version())

    def wait_until_idle(
        self,
        id: int,  # noqa: A002
        *,
        settle: float = 120.0,
        timeout: float = 3600.0,
        poll_interval: float = 5.0,
        on_progress: Callable[[AgentState], object] | None = None,
    ) -> AgentState:
        """Wait until an agent is idle: disabled, and not busy for a while.

        An agent that is enabled is never idle, as it may be given a build at any time. Looks that fail for a passing
        reason do not end the wait.

        Args:
            id: The agent.
            settle: Seconds that it must have been idle, over two looks at least. Inferred: scripts wait as long before
                they believe it.
            timeout: Seconds to wait at most.
            poll_interval: Seconds between two looks.
            on_progress: Is told the state after every look; what it raises ends the wait.

        Raises:
            WaitTimeout: Time was up; ``.last`` is the state as last seen.
            UnexpectedContentError: The server does not say whether the agent is busy.

        Example:
            >>> from infosecops.sandbox import Sandbox
            >>> with Sandbox() as box, box.bamboo_agents() as bamboo:
            ...     agents = bamboo.agents(bamboo.tokens.find("read and write"))
            ...     box.bamboo_agents.set_agent_busy(131074, polls=2)
            ...     agents.disable(131074).busy, agents.wait_until_idle(131074, settle=0, poll_interval=0.02).busy
            (True, False)
        """
        return run_here(
            self._native.wait_until_idle(
                id,
                settle=settle,
                timeout=timeout,
                poll_interval=poll_interval,
                on_progress=on_progress,
                in_window=False,
            )
        )

    def maintenance_window(  # noqa: PLR0913
        self,
        id: int,  # noqa: A002
        *,
        siblings_timeout: float = 3600.0,
        settle: float = 120.0,
        timeout: float = 3600.0,
        poll_interval: float = 15.0,
        on_progress: Callable[[MaintenanceTask | AgentState], object] | None = None,
    ) -> MaintenanceWindow:
        """Make a context manager within which an agent is away and idle. From version 1.5 on.

        Entering asks for maintenance, asks again while too many other agents are away, waits until the agent is idle,
        and gives the task. Leaving finishes the task, however the body ends; so does a wait that fails.

        Args:
            id: The agent.
            siblings_timeout: Seconds to wait at most for other agents to come back.
            settle: Seconds that the agent must have been idle; see :meth:`wait_until_idle`.
            timeout: Seconds to wait at most until it is idle.
            poll_interval: Seconds between two requests for maintenance, and between two looks at the agent.
            on_progress: Is told every answer that says to wait for others, and the state after every look; what it
                raises ends the wait.

        Raises:
            WaitTimeout: On entering: others were away too long (``.last`` is the last answer, nothing is open), or the
                agent was busy too long (``.last`` is its state, and the task was finished).
            ConflictError: On entering: the agent is to go on building (``NO_CHILD``), nothing is open.
            TaskLeftOpen: On entering, an earlier task is in the way. On leaving, the task could not be finished or
                it is not known whether it was; ``.task`` names it, and what the body raised is its context. An
                exception that is no ``Exception``, such as ``KeyboardInterrupt``, goes up as it is, and has this error
                as its own context.

        Example:
            >>> from infosecops.sandbox import Sandbox
            >>> with Sandbox() as box, box.bamboo_agents() as bamboo:
            ...     agents = bamboo.agents(bamboo.tokens.find("read and write"))
            ...     with agents.maintenance_window(131073, settle=0, poll_interval=0.02) as task:
            ...         print(task.id, task.version, agents.state(131073).enabled)
            ...     print(agents.state(131073).enabled)
            1 4.1 False
            True
        """
        return MaintenanceWindow(
            self._native,
            id,
            siblings_timeout=siblings_timeout,
            settle=settle,
            timeout=timeout,
            poll_interval=poll_interval,
            on_progress=on_progress,
        )


class AsyncAgents(_OfToken):
    """The twin of :class:`Agents` for asyncio."""

    async def list(self) -> Table[Agent]:
        """All agents; see :meth:`Agents.list`."""
        return Table(await run(self._native.list_all()))

    async def state(self, id: int, *, form: Literal["json", "text"] = "json") -> AgentState:  # noqa: A002
        """Look at an agent; see :meth:`Agents.state`."""
        return await run(self._native.state(id, form))

    async def enable(self, id: int) -> AgentState:  # noqa: A002
        """Let an agent take builds; see :meth:`Agents.enable`."""
        return await run(self._native.switch(id, True))

    async def disable(self, id: int) -> AgentState:  # noqa: A002
        """Let an agent take no more builds; see :meth:`Agents.disable`."""
        return await run(self._native.switch(id, False))

    async def capabilities(self, id: int) -> List[Capability]:  # noqa: A002
        """What an agent has of its own; see :meth:`Agents.capabilities`."""
        return [capability async for capability in in_portions(await run(self._native.capabilities(id)))]

    async def clear_capabilities(self, id: int) -> None:  # noqa: A002
        """Remove all that an agent has of its own; see :meth:`Agents.clear_capabilities`."""
        await run(self._native.clear_capabilities(id))

    async def maintenance(self, id: int) -> MaintenanceTask:  # noqa: A002
        """Ask once for maintenance of an agent; see :meth:`Agents.maintenance`."""
        return await run(self._native.maintenance(id))

    async def finish_maintenance(self, id: int, task: MaintenanceTask | int) -> MaintenanceTask:  # noqa: A002
        """Say that maintenance is done; see :meth:`Agents.finish_maintenance`."""
        return await run(self._native.finish_maintenance(id, task))

    async def target_version(self) -> str:
        """Get the version that agents are to have; see :meth:`Agents.target_version`."""
        return await run(self._native.target_version())

    async def wait_until_idle(
        self,
        id: int,  # noqa: A002
        *,
        settle: float = 120.0,
        timeout: float = 3600.0,
        poll_interval: float = 5.0,
        on_progress: Callable[[AgentState], object] | None = None,
    ) -> AgentState:
        """Wait until an agent is idle; see :meth:`Agents.wait_until_idle`. ``on_progress`` may be async."""
        return await run(
            self._native.wait_until_idle(
                id,
                settle=settle,
                timeout=timeout,
                poll_interval=poll_interval,
                on_progress=on_progress,
                in_window=False,
            )
        )

    def maintenance_window(  # noqa: PLR0913
        self,
        id: int,  # noqa: A002
        *,
        siblings_timeout: float = 3600.0,
        settle: float = 120.0,
        timeout: float = 3600.0,
        poll_interval: float = 15.0,
        on_progress: Callable[[MaintenanceTask | AgentState], object] | None = None,
    ) -> AsyncMaintenanceWindow:
        """Make a context manager for ``async with``; see :meth:`Agents.maintenance_window`.

        ``on_progress`` may be async. A task that is cancelled within finishes the maintenance before it ends.
        """
        return AsyncMaintenanceWindow(
            self._native,
            id,
            siblings_timeout=siblings_timeout,
            settle=settle,
            timeout=timeout,
            poll_interval=poll_interval,
            on_progress=on_progress,
        )
