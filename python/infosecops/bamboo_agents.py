"""Agent APIs for Bamboo, the plugin by Edward A. Webb: access tokens, and the agents that they open.

Pages: https://eddiewebb.atlassian.net/wiki/display/AAFB/Access+Token+Operations
"""

from __future__ import annotations

from infosecops import _infosecops
from infosecops._client import AsyncClient, BaseClient, Client, run, run_here
from infosecops._tables import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from typing_extensions import Self, Unpack

    from infosecops._agents import Agents, AsyncAgents
    from infosecops._client import AsyncSecretLike, CommonOptions
    from infosecops._infosecops import AccessToken, EnsureResult, Secret
    from infosecops._maintenance import AsyncMaintenanceWindow, MaintenanceWindow

    class Overrides(CommonOptions, total=False):
        """Keywords of ``from_env`` and ``from_profile``: those of the constructor."""

        url: str
        username: str | None
        password: AsyncSecretLike | None
        token: AsyncSecretLike | None
        api: Literal["auto", "agent-config", "agent"]


__all__ = [
    "Agents",
    "AsyncAgents",
    "AsyncBambooAgents",
    "AsyncMaintenanceWindow",
    "AsyncTokens",
    "BambooAgents",
    "MaintenanceWindow",
    "Tokens",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Most programs open no agents.
    from infosecops import _agents

    return getattr(_agents, name)


class _Base(BaseClient):
    _system = "bamboo_agents"
    _native: _infosecops.BambooAgents

    def __init__(
        self,
        url: str,
        *,
        username: str | None = None,
        password: AsyncSecretLike | None = None,
        token: AsyncSecretLike | None = None,
        api: Literal["auto", "agent-config", "agent"] = "auto",
        **common: Unpack[CommonOptions],
    ) -> None:
        password, token = _infosecops.wrap(password), _infosecops.wrap(token)
        try:
            self._native = _infosecops.BambooAgents(
                self._configure(url, common), username=username, password=password, token=token, api=api
            )
            self._given = {"username": username, "password": password, "token": token, "api": api}
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass.
            del url, common, username, password, token

    if TYPE_CHECKING:

        @classmethod
        def from_env(cls, **overrides: Unpack[Overrides]) -> Self: ...  # type: ignore[override]
        @classmethod
        def from_profile(cls, profile: str, **overrides: Unpack[Overrides]) -> Self: ...  # type: ignore[override]


class BambooAgents(_Base, Client):
    """A client for the plugin.

    Args:
        url: Base URL of Bamboo with its context path, such as ``https://ci.example.com/bamboo``.
        username: A Bamboo administrator, for Basic authentication.
        password: That user's password.
        token: A personal access token of Bamboo, instead of user name and password. It needs an administrator's rights.
        api: ``agent-config`` for the paths of version 1.5 and later, ``agent`` for those before, ``auto`` to find out
            by a list when first needed.
        **common: The keywords that all clients take.

    Raises:
        ConfigError: Arguments can't be used; nothing was sent.

    Example:
        >>> from infosecops.sandbox import Sandbox
        >>> with Sandbox() as box, box.bamboo_agents() as bamboo:
        ...     bamboo.tokens.ensure("chef nodes", read=True).changed
        True
    """

    @property
    def tokens(self) -> Tokens:
        """The access tokens."""
        return Tokens(self._native)

    def agents(self, uuid: AccessToken | AsyncSecretLike) -> Agents:
        """Open the agents with an access token. Needs no login: a client without any will do.

        Args:
            uuid: The token or its uuid, which is a credential: a callable is asked when it is first needed, and anew
                after a 401 or 403.

        Example:
            >>> from infosecops.sandbox import Sandbox
            >>> with Sandbox() as box, box.bamboo_agents() as bamboo:
            ...     agents = bamboo.agents(bamboo.tokens.find("readOnly").uuid)
            ...     agents.state(131073)
            AgentState(id=131073, enabled=True, name='linux-01', busy=False)
        """
        uuid = _infosecops.wrap(uuid)
        from infosecops._agents import Agents

        return Agents(self._native, uuid)


class AsyncBambooAgents(_Base, AsyncClient):
    """The twin of :class:`BambooAgents` for asyncio."""

    @property
    def tokens(self) -> AsyncTokens:
        """The access tokens."""
        return AsyncTokens(self._native)

    def agents(self, uuid: AccessToken | AsyncSecretLike) -> AsyncAgents:
        """Open the agents with an access token; see :meth:`BambooAgents.agents`. A callable may be async."""
        uuid = _infosecops.wrap(uuid)
        from infosecops._agents import AsyncAgents

        return AsyncAgents(self._native, uuid)


class Tokens:
    """Access tokens: list, create, update. Every operation needs a Bamboo administrator."""

    def __init__(self, native: _infosecops.BambooAgents) -> None:
        self._native = native

    def list(self) -> Table[AccessToken]:
        """All tokens with what they allow.

        Example:
            >>> from infosecops.sandbox import Sandbox
            >>> with Sandbox() as box, box.bamboo_agents() as bamboo:
            ...     [token.name for token in bamboo.tokens.list()]
            ['readOnly', 'read and write']
        """
        return Table(run_here(self._native.tokens_list()))

    def create(self, name: str, *, read: bool = True, change: bool = False) -> AccessToken:
        """Make a token. Names need not be unique, so a create that got no answer is never sent again by itself.

        Args:
            name: For people.
            read: Whether it may look. Without it a token is of no use.
            change: Whether it may change.
        """
        return run_here(self._native.tokens_create(name, read, change))

    def update(
        self,
        token: AccessToken | Secret | str,
        *,
        name: str | None = None,
        read: bool | None = None,
        change: bool | None = None,
    ) -> AccessToken:
        """Replace a token's name and rights; what is not given stays as it is.

        The server replaces all four fields, so with nothing but a uuid the present ones are listed first.

        Args:
            token: An :class:`AccessToken`, or its uuid.
            name: The new name.
            read: Whether it may look.
            change: Whether it may change.

        Raises:
            UnexpectedContentError: The server answered with another token.
        """
        token = _infosecops.wrap(token)
        return run_here(self._native.tokens_update(token, name=name, read=read, change=change))

    def find(self, name: str) -> AccessToken | None:
        """Find the token of this name, None if there is none.

        Raises:
            AmbiguousMatch: Several tokens have the name.
        """
        return run_here(self._native.tokens_find(name))

    def ensure(self, name: str, *, read: bool = True, change: bool = False) -> EnsureResult:
        """Make sure that there is one token of this name with exactly these rights.

        Raises:
            AmbiguousMatch: Several tokens have the name; nothing was changed.
        """
        return run_here(self._native.tokens_ensure(name, read, change))

    def revoke(self, token: AccessToken | Secret | str) -> AccessToken:
        """Take both rights away. The vendor documents no way to delete: the token stays listed, but powerless."""
        token = _infosecops.wrap(token)
        return run_here(self._native.tokens_revoke(token))


class AsyncTokens:
    """The twin of :class:`Tokens` for asyncio."""

    def __init__(self, native: _infosecops.BambooAgents) -> None:
        self._native = native

    async def list(self) -> Table[AccessToken]:
        """All tokens; see :meth:`Tokens.list`."""
        return Table(await run(self._native.tokens_list()))

    async def create(self, name: str, *, read: bool = True, change: bool = False) -> AccessToken:
        """Make a token; see :meth:`Tokens.create`."""
        return await run(self._native.tokens_create(name, read, change))

    async def update(
        self,
        token: AccessToken | Secret | str,
        *,
        name: str | None = None,
        read: bool | None = None,
        change: bool | None = None,
    ) -> AccessToken:
        """Replace a token's name and rights; see :meth:`Tokens.update`."""
        token = _infosecops.wrap(token)
        return await run(self._native.tokens_update(token, name=name, read=read, change=change))

    async def find(self, name: str) -> AccessToken | None:
        """Find the token of this name; see :meth:`Tokens.find`."""
        return await run(self._native.tokens_find(name))

    async def ensure(self, name: str, *, read: bool = True, change: bool = False) -> EnsureResult:
        """Make sure that there is one such token; see :meth:`Tokens.ensure`."""
        return await run(self._native.tokens_ensure(name, read, change))

    async def revoke(self, token: AccessToken | Secret | str) -> AccessToken:
        """Take both rights away; see :meth:`Tokens.revoke`."""
        token = _infosecops.wrap(token)
        return await run(self._native.tokens_revoke(token))
