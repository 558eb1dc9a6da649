"""SD Elements, API v2: jobs of every kind, and the connections that they run.

Pages: https://docs.sdelements.com/release/4.12/api/docs/jobs
"""

from __future__ import annotations

from infosecops import _infosecops
from infosecops._async_jobs import AsyncJobs, AsyncJobsOfKind
from infosecops._client import AsyncClient, BaseClient, Client, run, run_here
from infosecops._jobs import Jobs, JobsOfKind
from infosecops._kinds import ByKind, OfKind
from infosecops._lists import AsyncLazyList, LazyList

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from infosecops._client import AsyncSecretLike, CommonOptions
    from infosecops._infosecops import Connection

    class Overrides(CommonOptions, total=False):
        """Keywords of ``from_env`` and ``from_profile``: those of the constructor."""

        url: str
        token: AsyncSecretLike


__all__ = [
    "AsyncConnections",
    "AsyncConnectionsOfKind",
    "AsyncJobs",
    "AsyncJobsOfKind",
    "AsyncSDElements",
    "Connections",
    "ConnectionsOfKind",
    "Jobs",
    "JobsOfKind",
    "SDElements",
]


class _Base(BaseClient):
    _system = "sd_elements"
    _native: _infosecops.SDElements

    def __init__(self, url: str, *, token: AsyncSecretLike, **common: Unpack[CommonOptions]) -> None:
        token = _infosecops.wrap(token)
        try:
            self._native = _infosecops.SDElements(self._configure(url, common), token=token)
            self._given = {"token": token}
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass.
            del url, common, token

    if TYPE_CHECKING:

        @classmethod
        def from_env(cls, **overrides: Unpack[Overrides]) -> Self: ...  # type: ignore[override]
        @classmethod
        def from_profile(cls, profile: str, **overrides: Unpack[Overrides]) -> Self: ...  # type: ignore[override]


class SDElements(_Base, Client):
    """A client for SD Elements.

    Args:
        url: Base URL of the instance, such as ``https://sde.example.com``; with or without ``/api/v2``.
        token: The key of the user menu's API settings, without quotes. A callable is asked when the key is first
            needed, and once more when the server refuses the one in use.
        **common: The keywords that all clients take.

    Raises:
        ConfigError: Arguments can't be used; nothing was sent.

    Example:
        >>> from infosecops.sandbox import Sandbox
        >>> with Sandbox() as box, box.sd_elements() as sde:
        ...     job = sde.jobs.alm.start(connection=12)
        ...     sde.jobs.alm.wait(job, timeout=60).succeeded
        True
    """

    @property
    def jobs(self) -> Jobs:
        """The jobs, by kind."""
        return Jobs(self)

    @property
    def connections(self) -> Connections:
        """The connections that jobs run, by kind."""
        return Connections(self)


class AsyncSDElements(_Base, AsyncClient):
    """The twin of :class:`SDElements` for asyncio."""

    @property
    def jobs(self) -> AsyncJobs:
        """The jobs, by kind."""
        return AsyncJobs(self)

    @property
    def connections(self) -> AsyncConnections:
        """The connections that jobs run, by kind."""
        return AsyncConnections(self)


class ConnectionsOfKind(OfKind):
    """Connections of one kind: list and get."""

    def list(
        self,
        *,
        project: int | None = None,
        include: str | None = None,
        page_size: int | None = None,
        limit: int | None = None,
    ) -> LazyList[Connection]:
        """List connections, the pages fetched as they are read.

        Args:
            project: Those of this project; documented for alm.
            include: Optional fields to add, separated by commas, such as ``last_job``.
            page_size: Records in one answer; by default the server decides.
            limit: Records at most, over all pages.

        Example:
            >>> from infosecops.sandbox import Sandbox
            >>> with Sandbox() as box, box.sd_elements() as sde:
            ...     [connection.id for connection in sde.connections.alm.list()]
            [12, 23]
        """
        return LazyList(
            f"connections.{self._kind}",
            lambda: self._native.connections_list(
                self._kind, project=project, include=include, page_size=page_size, limit=limit
            ),
        )

    def get(self, connection_id: int) -> Connection:
        """Get one connection.

        Raises:
            NotFoundError: There is none of this kind and id.
        """
        return run_here(self._native.connections_get(self._kind, connection_id))


class Connections(ByKind[ConnectionsOfKind]):
    """Connections of every kind: to find the id to start."""

    _of_kind = ConnectionsOfKind


class AsyncConnectionsOfKind(OfKind):
    """The twin of :class:`ConnectionsOfKind` for asyncio."""

    def list(
        self,
        *,
        project: int | None = None,
        include: str | None = None,
        page_size: int | None = None,
        limit: int | None = None,
    ) -> AsyncLazyList[Connection]:
        """List connections, with ``async for``; see :meth:`ConnectionsOfKind.list`."""
        return AsyncLazyList(
            f"connections.{self._kind}",
            lambda: self._native.connections_list(
                self._kind, project=project, include=include, page_size=page_size, limit=limit
            ),
        )

    async def get(self, connection_id: int) -> Connection:
        """Get one connection; see :meth:`ConnectionsOfKind.get`."""
        return await run(self._native.connections_get(self._kind, connection_id))


class AsyncConnections(ByKind[AsyncConnectionsOfKind]):
    """The twin of :class:`Connections` for asyncio."""

    _of_kind = AsyncConnectionsOfKind
