"""What the eight client classes share: settings, closing, running an operation, the way to what is not modelled."""

from __future__ import annotations

from sys import modules

from infosecops._infosecops import Found, RawCall, Secret, Settings, config_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from os import PathLike
    from types import TracebackType
    from typing import Any, Literal, Protocol, TypeAlias, TypedDict, TypeVar
    from typing import Generic as Generic  # noqa: PLC0414 - exported

    from typing_extensions import Self

    from infosecops._config_report import ConfigReport
    from infosecops._infosecops import Event, Operation, Response, Retry
    from infosecops._kernel import Ticking

    Given = TypeVar("Given")
    T = TypeVar("T")
    SecretLike: TypeAlias = str | Secret | Callable[[], str | Secret]
    AsyncSecretLike: TypeAlias = str | Secret | Callable[[], str | Secret | Awaitable[str | Secret]]
    Effect: TypeAlias = Literal["read", "idempotent", "unsafe", "audited"]

    class CommonOptions(TypedDict, total=False):
        """The keywords that all clients take."""

        timeout: float
        connect_timeout: float
        retry: Retry
        ca_file: str | PathLike[str] | None
        client_cert: str | PathLike[str] | tuple[str | PathLike[str], str | PathLike[str]] | None
        proxy: str | None
        allow_http: bool
        danger_accept_invalid_certs: bool
        max_response_bytes: int
        max_connections: int
        user_agent: str | None
        headers: Mapping[str, str] | None
        on_event: Callable[[Event], object] | None

    class Native(Protocol):
        """What the native half of every client has."""

        def close(self) -> None: ...
        def request(self, call: RawCall, /) -> Operation[Response]: ...

else:

    class Generic:
        """Stands for typing's, whose import is not worth its time here: takes the parameters and forgets them."""

        def __class_getitem__(cls, _: object) -> type:
            return cls

    Given = T = None


class BaseClient:
    """A client's settings. No network traffic happens before the first call."""

    _system: str
    _native: Any  # A Native. Every client narrows it, which a mutable attribute of another type does not allow.
    _settings: Settings
    _given: dict[str, Any]
    _sources: dict[str, tuple[str, list[tuple[str, object]]]] | None = None
    """Who gave which setting; None for a client that was made by its constructor."""

    @classmethod
    def from_env(cls, **overrides: Any) -> Self:  # noqa: ANN401 - each client names its own
        """Make a client of environment variables, such as ``INFOSECOPS_SD_ELEMENTS_URL``; see docs/configuration.md.

        Args:
            **overrides: Keywords of the constructor; they come before the environment.

        Raises:
            ConfigError: Something is missing or can't be used; the variables are named.

        Example:
            >>> import os, infosecops
            >>> os.environ["INFOSECOPS_SD_ELEMENTS_URL"] = "https://sde.example.com"
            >>> infosecops.SDElements.from_env(token="from elsewhere")
            SDElements('https://sde.example.com')
            >>> del os.environ["INFOSECOPS_SD_ELEMENTS_URL"]
        """
        try:
            return cls._made_of(Found(cls._system, overrides))
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass.
            del overrides

    @classmethod
    def from_profile(cls, profile: str, **overrides: Any) -> Self:  # noqa: ANN401 - each client names its own
        """Make a client of a profile, a table of a file in the user's configuration folder; see docs/configuration.md.

        Args:
            profile: Its name: for an :class:`SDElements` of ``prod``, the table ``[prod.sd_elements]`` is read.
            **overrides: Keywords of the constructor; they come before the environment, and that before the profile.

        Raises:
            ConfigError: Something is missing or can't be used; file, table and line are named.

        Example:
            >>> import infosecops
            >>> try:
            ...     infosecops.SDElements.from_profile("no such profile")
            ... except infosecops.ConfigError as error:
            ...     print(error.outcome)
            not_sent
        """
        try:
            return cls._made_of(Found(cls._system, overrides, profile))
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass.
            del overrides

    @classmethod
    def _made_of(cls, found: Found) -> Self:
        client: Self = found.make(cls)
        client._sources = found.sources
        return client

    def _configure(self, url: str, common: Any) -> Settings:  # noqa: ANN401
        try:
            self._settings = Settings(self._system, url, common)
        finally:
            # Both may hold a password, and tracebacks show the locals of every frame they pass.
            del url, common
        return self._settings

    @property
    def url(self) -> str:
        """The server's base URL, cleaned."""
        return self._settings.url

    def config_report(self) -> ConfigReport:
        """Show every setting with its value, who gave it, and what that shadows. Secrets are masked.

        Example:
            >>> import infosecops
            >>> sde = infosecops.SDElements("https://sde.example.com", token="t", timeout=5)
            >>> sde.config_report()["timeout"]
            ConfigEntry('timeout', 5.0, 'keyword')
        """
        from infosecops._config_report import ConfigReport

        return ConfigReport(config_rows(self._settings, self._given, self._sources))

    def __repr__(self) -> str:
        settings = getattr(self, "_settings", None)
        return f"{type(self).__name__}({settings.url!r})" if settings else f"<{type(self).__name__}, not made>"

    def _repr_html_(self) -> str:
        from infosecops import _html

        return _html.client(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle how the client was made: its settings, and the callables that give its credentials."""
        url, common = self._settings.portable()
        for name, value in self._given.items():
            if isinstance(value, Secret):
                raise TypeError(
                    f"{type(self).__name__} cannot be pickled: {name} was given as it is, and secrets do not travel; "
                    f"pass a function of a module that fetches it, such as {name}=fetch_{name}"
                )
        return _make, (type(self), url, {**self._given, **common}), {"_sources": self._sources}

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


def _make(cls: Callable[..., BaseClient], url: str, options: dict[str, Any]) -> BaseClient:
    return cls(url, **options)


class Client(BaseClient):
    """A client whose calls block the calling thread. Safe to share between threads, and to use after a fork."""

    def request(  # noqa: PLR0913
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        json: object = None,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        effect: Effect = "unsafe",
    ) -> Response:
        """Make a request that is not modelled, with the client's auth, TLS, deadline, retries and masking.

        Args:
            method: GET, HEAD, POST, PUT, PATCH or DELETE.
            path: Below the client's url; it can't leave that host. ``..``, backslashes and control characters are
                refused, percent-encoded ones too.
            params: Query parameters; True becomes ``true``, None is left out.
            json: Sent as JSON in UTF-8. NaN, infinities and lone surrogates are refused: JSON has none.
            body: Sent as it is; text in UTF-8. Not together with ``json``.
            headers: Added to the client's own.
            effect: What repeating it would do, which decides whether it is ever sent again by itself.

        Raises:
            ConfigError: An argument's value can't be sent; the text names it. Nothing was sent.
            TypeError: An argument is of the wrong type; the text names it. Nothing was sent.
            Error: As every call; an answer that is not 2xx is raised.

        Example:
            >>> from infosecops.sandbox import Sandbox
            >>> with Sandbox() as box, box.sd_elements() as sde:
            ...     sde.request("GET", "/api/v2/users/me/", effect="read").status
            200
        """
        native: Native = self._native
        try:
            call = RawCall(method, path, params=params, json=json, body=body, headers=headers, effect=effect)
            # The call itself is not kept: a traceback would hold its body as long as an error is.
            operation = native.request(call)
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass.
            del path, params, json, body, headers
        del call
        return run_here(operation)

    def close(self) -> None:
        """Close the idle connections. A later call opens new ones."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()


class AsyncClient(BaseClient):
    """A client for asyncio. Safe to use from several loops, and after a fork."""

    async def request(  # noqa: PLR0913
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, object] | None = None,
        json: object = None,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        effect: Effect = "unsafe",
    ) -> Response:
        """Make a request that is not modelled; see :meth:`Client.request`."""
        native: Native = self._native
        try:
            call = RawCall(method, path, params=params, json=json, body=body, headers=headers, effect=effect)
            # The call itself is not kept: a traceback would hold its body as long as an error is.
            operation = native.request(call)
        finally:
            # They may hold secrets, and tracebacks show the locals of every frame they pass.
            del path, params, json, body, headers
        del call
        return await run(operation)

    async def aclose(self) -> None:
        """Close the idle connections. A later call opens new ones."""
        self._native.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        await self.aclose()


def run_here(operation: Operation[T]) -> T:
    """Make a call on this thread."""
    return operation.wait()


async def run(operation: Operation[T]) -> T:
    """Make a call for the running loop. Cancelling it aborts the call and closes its connection."""
    # Programs that start kernels have loaded parts of ipykernel, too; most programs have not.
    ticking_class = _ticking_class() if "ipykernel.kernelbase" in modules else None
    task = operation.start()
    ticks = ticking_class(task.future.get_loop()) if ticking_class else None
    try:
        return await task.future
    except BaseException:
        task.abort()
        task.future.cancel()
        raise
    finally:
        if ticks is not None:
            ticks.stop()
        # The traceback of an error leads to this frame, and the garbage collector cannot see into the task.
        del task


def _ticking_class() -> type[Ticking]:
    from infosecops._kernel import Ticking

    return Ticking
