"""The four systems of a sandbox: where each is, what opens it, what can be set about it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal

    from typing_extensions import Unpack

    from infosecops._client import AsyncSecretLike, CommonOptions
    from infosecops._infosecops import SandboxAccount, SandboxServer, Secret, TrustedApp, UserLogin
    from infosecops.bamboo_agents import AsyncBambooAgents, BambooAgents
    from infosecops.governance_lifecycle import AsyncGovernanceLifecycle, GovernanceLifecycle
    from infosecops.sd_elements import AsyncSDElements, SDElements
    from infosecops.sectona import AsyncSectona, Sectona

    BambooApi = Literal["agent-config", "agent", "both"]

    class GovernanceLifecycleOptions(CommonOptions, total=False):
        """Keywords of a G&L client."""

        token: AsyncSecretLike
        login: UserLogin | TrustedApp
        logout_on_close: bool

    class SDElementsOptions(CommonOptions, total=False):
        """Keywords of an SD Elements client."""

        token: AsyncSecretLike

    class SectonaOptions(CommonOptions, total=False):
        """Keywords of a Sectona client."""

        access_key: AsyncSecretLike
        accept: Literal["json", "xml"]
        failover: Sequence[str]
        cache_ttl: float | None

    class BambooAgentsOptions(CommonOptions, total=False):
        """Keywords of a Bamboo client."""

        username: str | None
        password: AsyncSecretLike | None
        token: AsyncSecretLike | None
        api: Literal["auto", "agent-config", "agent"]


class Place:
    """Where a sandbox and its parts find the server. The parts must not hold the sandbox: it ends when it is let go."""

    __slots__ = ("current",)
    current: SandboxServer | None

    def __init__(self) -> None:
        self.current = None

    def server(self) -> SandboxServer:
        """The server, running or stopped."""
        if self.current is None:
            raise RuntimeError("the sandbox was not started: use `with Sandbox() as box:`, or call start()")
        return self.current


class PlainName:
    """A credential that is no secret."""

    def __set_name__(self, owner: type[Endpoint], name: str) -> None:
        self._name = name

    def __get__(self, endpoint: Endpoint | None, owner: type[Endpoint]) -> str:
        return self if endpoint is None else endpoint.credential(self._name)  # type: ignore[return-value]


class Credential:
    """A credential."""

    def __set_name__(self, owner: type[Endpoint], name: str) -> None:
        self._name = name

    def __get__(self, endpoint: Endpoint | None, owner: type[Endpoint]) -> Secret:
        return self if endpoint is None else endpoint.credential(self._name)  # type: ignore[return-value]


class Endpoint:
    """One system of a sandbox. Call it for a client that is wired to it."""

    __slots__ = ("_place",)
    _system: str
    _client: str
    _alternative: str | None = None
    """The keyword that is given instead of the credentials that a client gets by default."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @property
    def url(self) -> str:
        """The base URL to give to a client."""
        return self._place.server().url

    def credential(self, name: str) -> Any:  # noqa: ANN401
        """A credential by its name."""
        for system, known, value in self._place.server().credentials():
            if (system, known) == (self._system, name):
                return value
        raise AttributeError(f"{self._system} has no credential {name!r}")

    def _wiring(self) -> dict[str, Any]:
        raise NotImplementedError

    def _make(self, prefix: str, options: Any) -> Any:  # noqa: ANN401
        import infosecops

        keywords: dict[str, Any] = {"proxy": "direct"}
        try:
            if self._alternative not in options:
                keywords.update(self._wiring())
            keywords.update(options)
            return getattr(infosecops, prefix + self._client)(self.url, **keywords)
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass, the caller's too.
            keywords.clear()
            options.clear()

    def __repr__(self) -> str:
        address = "not started" if self._place.current is None else self._place.current.url
        return f"<{self._system} of a sandbox: {address}>"


class GovernanceLifecycleEndpoint(Endpoint):
    """RSA Governance & Lifecycle in a sandbox: ``box.governance_lifecycle``."""

    __slots__ = ()
    _system = "governance_lifecycle"
    _client = "GovernanceLifecycle"
    _alternative = "token"

    username = PlainName()
    """The user of ``UserLogin``."""
    password = Credential()
    """That user's password."""
    client_id = PlainName()
    """The application of ``TrustedApp``."""
    client_secret = Credential()
    """That application's secret."""
    token = Credential()
    """A token that is valid from the start, of a user who may change reviews."""
    limited_token = Credential()
    """A token of a user who may read only."""

    def _wiring(self) -> dict[str, Any]:
        import infosecops

        return {"login": infosecops.UserLogin(self.username, self.password)}

    def client(self, **options: Unpack[GovernanceLifecycleOptions]) -> GovernanceLifecycle:
        """Make a client that logs in as the user. Keywords go to the client; ``token`` replaces the login."""
        client: GovernanceLifecycle = self._make("", options)
        return client

    def async_client(self, **options: Unpack[GovernanceLifecycleOptions]) -> AsyncGovernanceLifecycle:
        """Make the twin for asyncio; see :meth:`client`."""
        client: AsyncGovernanceLifecycle = self._make("Async", options)
        return client

    __call__ = client

    def expire_tokens(self) -> None:
        """Make every token invalid, those of the sandbox included. A login gives a new one."""
        self._place.server().expire_gl_tokens()

    def coverage(self, review_id: int | str) -> str | None:
        """The coverage that was uploaded for a review result or definition; None if there was none."""
        return self._place.server().gl_coverage(review_id)


class SDElementsEndpoint(Endpoint):
    """SD Elements in a sandbox: ``box.sd_elements``."""

    __slots__ = ()
    _system = "sd_elements"
    _client = "SDElements"

    token = Credential()
    """The API token of an administrator."""
    limited_token = Credential()
    """The API token of a user who sees no connection parameters and runs no jobs."""

    def _wiring(self) -> dict[str, Any]:
        return {"token": self.token}

    def client(self, **options: Unpack[SDElementsOptions]) -> SDElements:
        """Make a client with the administrator's token. Keywords go to the client."""
        client: SDElements = self._make("", options)
        return client

    def async_client(self, **options: Unpack[SDElementsOptions]) -> AsyncSDElements:
        """Make the twin for asyncio; see :meth:`client`."""
        client: AsyncSDElements = self._make("Async", options)
        return client

    __call__ = client


class SectonaEndpoint(Endpoint):
    """Sectona PAM in a sandbox: ``box.sectona``."""

    __slots__ = ()
    _system = "sectona"
    _client = "Sectona"

    access_key = Credential()
    """The access key."""

    def _wiring(self) -> dict[str, Any]:
        return {"access_key": self.access_key}

    def client(self, **options: Unpack[SectonaOptions]) -> Sectona:
        """Make a client with the access key. Keywords go to the client."""
        client: Sectona = self._make("", options)
        return client

    def async_client(self, **options: Unpack[SectonaOptions]) -> AsyncSectona:
        """Make the twin for asyncio; see :meth:`client`."""
        client: AsyncSectona = self._make("Async", options)
        return client

    __call__ = client

    @property
    def accounts(self) -> list[SandboxAccount]:
        """The accounts in the vault.

        Example:
            >>> from infosecops.sandbox import Sandbox
            >>> with Sandbox() as box:
            ...     [account.asset_host for account in box.sectona.accounts if account.db_instance]
            ['db01.example.net']
        """
        return self._place.server().sectona_accounts()

    def set_password(self, account_name: str, password: str) -> None:
        """Give an account another password, as a rotation does.

        Raises:
            LookupError: There is no such account.
        """
        self._place.server().set_sectona_password(account_name, password)

    def add_account(
        self,
        account_name: str,
        password: str,
        *,
        asset_type: str = "Unix Based",
        asset_host: str = "web01.example.net",
    ) -> None:
        """Take an account into the vault that has a password.

        Args:
            account_name: Its name.
            password: Its password.
            asset_type: The type of its asset.
            asset_host: The host of its asset.

        Raises:
            ValueError: The asset has an account of this name.

        Example:
            >>> from infosecops.sandbox import Sandbox
            >>> with Sandbox() as box, box.sectona() as pam:
            ...     box.sectona.add_account("backup", "its password", asset_host="nas.example.net")
            ...     pam.request_password("Unix Based", "nas.example.net", "backup").password.reveal()
            'its password'
        """
        self._place.server().add_sectona_account(account_name, password, asset_type=asset_type, asset_host=asset_host)

    def set_result_form(self, form: Literal["text", "object"]) -> None:
        """Send ``Result`` as text that holds JSON (how a sandbox starts), or as an embedded object."""
        self._place.server().set_sectona_result_form(form)


class BambooAgentsEndpoint(Endpoint):
    """Agent APIs for Bamboo in a sandbox: ``box.bamboo_agents``.

    Example:
        >>> from infosecops.sandbox import Sandbox
        >>> with Sandbox() as box, box.bamboo_agents(timeout=5.0) as bamboo:
        ...     len(bamboo.tokens.list())
        2
    """

    __slots__ = ()
    _system = "bamboo_agents"
    _client = "BambooAgents"
    _alternative = "token"

    username = PlainName()
    """An administrator."""
    password = Credential()
    """The administrator's password."""
    token = Credential()
    """A personal access token of the administrator."""
    limited_token = Credential()
    """A personal access token without an administrator's rights."""
    access_token = Credential()
    """The uuid of the plugin's access token ``read and write``, for ``agents()``."""
    reading_access_token = Credential()
    """The uuid of the plugin's access token ``readOnly``, which may not change agents."""

    def _wiring(self) -> dict[str, Any]:
        return {"username": self.username, "password": self.password}

    def client(self, **options: Unpack[BambooAgentsOptions]) -> BambooAgents:
        """Make a client with the administrator's password. Keywords go to the client; ``token`` replaces it."""
        client: BambooAgents = self._make("", options)
        return client

    def async_client(self, **options: Unpack[BambooAgentsOptions]) -> AsyncBambooAgents:
        """Make the twin for asyncio; see :meth:`client`."""
        client: AsyncBambooAgents = self._make("Async", options)
        return client

    __call__ = client

    def set_api(self, api: BambooApi) -> None:
        """Choose the paths that are answered: of version 1.5 and later, of those before, or both."""
        self._place.server().set_bamboo_api(api)

    def set_agent_busy(self, agent_id: int | str, busy: bool = True, *, polls: int | None = None) -> None:  # noqa: FBT001, FBT002
        """Make an agent busy or idle.

        Args:
            agent_id: Its id.
            busy: Whether it builds something.
            polls: It becomes idle after so many questions about its state; None leaves it as it is.

        Raises:
            LookupError: There is no such agent.
        """
        self._place.server().set_agent_busy(agent_id, busy=busy, polls=polls)

    def set_maintenance(self, *, allowed: bool = True, max_away: int = 1) -> None:
        """Set what Bamboo's administrators set about maintenance.

        Args:
            allowed: Whether agents may be worked on; if not, requests are answered by ``NO_CHILD``.
            max_away: Agents that may be away at a time; a request beyond is answered by ``WAIT_FOR_SIBLINGS``.
        """
        self._place.server().set_maintenance(allowed=allowed, max_away=max_away)
