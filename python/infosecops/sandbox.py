"""The four systems on a loopback port of this machine, for tests and for trying things out.

They hold made-up data, take credentials that are made anew for every sandbox, fail on demand, and write down what they
were asked, secrets masked.

Example:
    >>> from infosecops.sandbox import Sandbox
    >>> with Sandbox() as box:
    ...     box.faults.next(system="bamboo_agents", status=503)
    ...     with box.bamboo_agents() as bamboo:
    ...         names = [token.name for token in bamboo.tokens.list()]  # sent twice: reading is safe to repeat
    ...     print(names, box.journal.count(operation="tokens.list"))
    ['readOnly', 'read and write'] 2
"""

from __future__ import annotations

from os import fspath

from infosecops._endpoints import (
    BambooAgentsEndpoint,
    GovernanceLifecycleEndpoint,
    Place,
    SDElementsEndpoint,
    SectonaEndpoint,
)
from infosecops._infosecops import JournalEntry, SandboxAccount, SandboxServer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike
    from types import TracebackType
    from typing import Literal, TypedDict, overload

    from typing_extensions import Self, Unpack

    from infosecops._endpoints import BambooApi
    from infosecops._infosecops import Secret

    System = Literal["governance_lifecycle", "sd_elements", "sectona", "bamboo_agents"]

    class FaultOptions(TypedDict, total=False):
        """The keywords of :meth:`Faults.next` and :meth:`Faults.always`."""

        system: System | None
        operation: str | None
        method: str | None
        skip: int
        status: int | None
        body: str | bytes | None
        content_type: str | None
        code: str | None
        drop: Literal["before", "after", "mid_body"] | None
        hang: bool
        delay: float | None
        truncate: int | None
        drip: float | None
        oversize: int | None
        bomb: int | None
        html: bool
        broken_json: bool
        redirect: str | None
        retry_after: int | str | None
        close: bool
        apply: bool


__all__ = [
    "BambooAgentsEndpoint",
    "Faults",
    "GovernanceLifecycleEndpoint",
    "Jobs",
    "Journal",
    "JournalEntry",
    "SDElementsEndpoint",
    "Sandbox",
    "SandboxAccount",
    "SectonaEndpoint",
]


class Sandbox:
    """The four systems on one loopback port, served by a thread that needs no Python.

    A process that is forked while it runs can reach it over its url, but neither controls nor stops it.

    Args:
        port: The port; 0 takes any free one.
        bamboo_api: The paths that the Bamboo plugin answers: those of version 1.5 and later, those before, or both.
        tls: PEM files with a certificate and its key, to serve https; the wired clients need ``ca_file=`` then.
        client_ca: A PEM file with the CA of the client certificates that are asked for.

    Raises:
        OSError: The port is taken, or a file can't be read or used.

    Example:
        >>> from infosecops.sandbox import Sandbox
        >>> box = Sandbox().start()
        >>> box.url.startswith("http://127.0.0.1:")
        True
        >>> box.stop()
        >>> box.running
        False
    """

    def __init__(
        self,
        port: int = 0,
        *,
        bamboo_api: BambooApi = "agent-config",
        tls: tuple[str | PathLike[str], str | PathLike[str]] | None = None,
        client_ca: str | PathLike[str] | None = None,
    ) -> None:
        certificate, key = (None, None) if tls is None else _contents("tls", tls)
        authority = None if client_ca is None else _content("client_ca", client_ca)
        self._options = (port, bamboo_api, certificate, key, authority)
        self._place = Place()
        self.governance_lifecycle = GovernanceLifecycleEndpoint(self._place)
        self.sd_elements = SDElementsEndpoint(self._place)
        self.sectona = SectonaEndpoint(self._place)
        self.bamboo_agents = BambooAgentsEndpoint(self._place)
        self.faults = Faults(self._place)
        self.jobs = Jobs(self._place)
        self.journal = Journal(self._place)

    def start(self) -> Self:
        """Start it; nothing happens if it runs. After a stop it begins anew, with new credentials."""
        if not self.running:
            self._place.current = SandboxServer(*self._options)
        return self

    def stop(self) -> None:
        """Cut all connections and stop. The journal can still be read."""
        if self._place.current is not None:
            self._place.current.stop()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is stopped, by another thread or a signal's handler, or for so many seconds.

        Returns:
            Whether it has stopped.
        """
        return self._place.server().wait(timeout)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether this process runs it."""
        return self._place.current is not None and self._place.current.is_running()

    @property
    def url(self) -> str:
        """The address of all four systems, such as ``http://127.0.0.1:49152``."""
        return self._place.server().url

    @property
    def port(self) -> int:
        """The port."""
        return self._place.server().port

    def describe(self) -> list[tuple[str, str, str, str | Secret]]:
        """System, url, name and value of every credential."""
        server = self._place.server()
        return [(system, server.url, name, value) for system, name, value in server.credentials()]

    def open_connections(self) -> int:
        """How many connections are open."""
        return self._place.server().open_connections()

    def close_idle_connections(self) -> None:
        """Close all idle connections, and busy ones after their answer. Returns before it is done."""
        self._place.server().close_idle_connections()

    def set_idle_timeout(self, timeout: float | None) -> None:
        """Close connections without a word when they were idle for so many seconds; None, as at first, keeps them."""
        self._place.server().set_idle_timeout(timeout)

    def __repr__(self) -> str:
        state = self._place.current.url if self._place.current is not None and self.running else "not running"
        return f"<Sandbox: {state}>"


class Faults:
    """What goes wrong on demand: ``box.faults``.

    Of several faults that fit a request, the oldest strikes.

    Example:
        >>> import infosecops
        >>> from infosecops.sandbox import Sandbox
        >>> with Sandbox() as box, box.bamboo_agents() as bamboo:
        ...     box.faults.next(operation="tokens.create", drop="after")
        ...     try:
        ...         bamboo.tokens.create("x")
        ...     except infosecops.TransportError as error:
        ...         print(error.outcome, box.journal.last(operation="tokens.create").applied)
        unknown True
    """

    __slots__ = ("_place",)

    def __init__(self, place: Place) -> None:
        self._place = place

    def next(self, *, times: int = 1, **fault: Unpack[FaultOptions]) -> None:
        """Let something go wrong with the next requests.

        Args:
            times: How many requests.
            **fault: For which requests, and what.

                Which: ``system``, ``operation`` (as in the journal; ``jobs.*`` stands for all that begin so),
                ``method``, and ``skip``, the number of such requests that are let through first.

                Answers instead of the system's, which does no work then, unless ``apply=True``: ``status``,
                ``body`` (str or bytes), ``code`` (a refusal with this code in the system's own form), ``html`` (a login
                page), ``redirect`` (a path of the sandbox, or another address).

                Changes to the answer: ``content_type``, ``truncate`` (to so many bytes), ``broken_json``,
                ``retry_after`` (seconds, or a date as text), ``close`` (says ``Connection: close``), ``oversize`` (so
                many blanks before it), ``bomb`` (the same, compressed), ``drip`` (byte by byte, with so many seconds
                between them).

                Otherwise: ``delay`` (seconds before the work is done), ``hang`` (no answer at all), ``drop`` (cuts the
                connection ``"before"`` the work is done, ``"after"`` it, or in ``"mid_body"`` of the answer).

        Raises:
            TypeError: An argument is unknown or of the wrong type.
            ValueError: An argument's value can't be used, or nothing would go wrong.
        """
        self._place.server().faults_next(times, fault)

    def always(self, **fault: Unpack[FaultOptions]) -> None:
        """Let something go wrong with all requests that fit, until :meth:`clear`; see :meth:`next`."""
        self._place.server().faults_always(fault)

    def clear(self) -> None:
        """Take back all faults."""
        self._place.server().faults_clear()

    @property
    def pending(self) -> int:
        """How many faults are still to come, or lasting."""
        return self._place.server().faults_pending()


class Jobs:
    """How work that takes time goes on: SD Elements' jobs and the review runs of G&L. ``box.jobs``."""

    __slots__ = ("_place",)

    def __init__(self, place: Place) -> None:
        self._place = place

    def progress(
        self,
        how: Literal["immediate", "manual", "polls"],
        n: int | None = None,
        *,
        then: Literal["succeeded", "failed"] = "succeeded",
        message: str = "",
    ) -> None:
        """Set how jobs go on that are started from now on.

        Args:
            how: ``immediate``: the first question finds them finished; ``polls``: so many questions find them running;
                ``manual``: until :meth:`finish`.
            n: The number of questions.
            then: How they end.
            message: Their result message.

        Example:
            >>> from infosecops.sandbox import Sandbox
            >>> with Sandbox() as box:
            ...     box.jobs.progress("polls", 3, then="failed", message="no such project")
        """
        self._place.server().set_job_progress(how, n, then=then, message=message)

    def finish(self, job_id: int | str, *, succeeded: bool = True, message: str = "", kind: str | None = None) -> None:
        """End an SD Elements job.

        Args:
            job_id: Its id.
            succeeded: How it ends.
            message: Its result message.
            kind: Such as ``alm``; without it, the newest job of this id.

        Raises:
            LookupError: No such job is unfinished.
        """
        self._place.server().finish_job(job_id, succeeded=succeeded, message=message, kind=kind)

    def finish_run(self, run_id: int | str, *, succeeded: bool = True) -> None:
        """End a G&L review run: completed with a new review, or aborted.

        Raises:
            LookupError: No such run is unfinished.
        """
        self._place.server().finish_run(run_id, succeeded=succeeded)


class Journal:
    """Every request that was received, oldest first, secrets masked: ``box.journal``. It reads like a list.

    ``operation`` may end in ``*`` for all operations that begin so.

    Example:
        >>> from infosecops.sandbox import Sandbox
        >>> with Sandbox() as box, box.bamboo_agents() as bamboo:
        ...     token = bamboo.tokens.create("chef nodes")
        ...     entry = box.journal.last(operation="tokens.create")
        ...     print(entry.method, entry.status, entry.headers["authorization"])
        POST 200 ****
    """

    __slots__ = ("_place",)

    def __init__(self, place: Place) -> None:
        self._place = place

    def entries(
        self, *, system: System | None = None, operation: str | None = None, method: str | None = None
    ) -> list[JournalEntry]:
        """All entries that fit."""
        return self._place.server().journal_entries(system=system, operation=operation, method=method)

    def count(self, *, system: System | None = None, operation: str | None = None, method: str | None = None) -> int:
        """How many entries fit."""
        return self._place.server().journal_count(system=system, operation=operation, method=method)

    def last(
        self, *, system: System | None = None, operation: str | None = None, method: str | None = None
    ) -> JournalEntry | None:
        """The newest entry that fits, None if none does."""
        return self._place.server().journal_last(system=system, operation=operation, method=method)

    def clear(self) -> None:
        """Forget all entries."""
        self._place.server().journal_clear()

    def __len__(self) -> int:
        return self.count()

    def __iter__(self) -> Iterator[JournalEntry]:
        return iter(self.entries())

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, index: int, /) -> JournalEntry: ...
        @overload
        def __getitem__(self, index: slice, /) -> list[JournalEntry]: ...

    def __getitem__(self, index: int | slice, /) -> JournalEntry | list[JournalEntry]:
        return self.entries()[index]

    def __repr__(self) -> str:
        return "\n".join(map(repr, self)) or "<an empty journal>"

    def _repr_html_(self) -> str:
        from infosecops import _html

        return _html.journal(self.entries())


def _contents(name: str, pair: tuple[str | PathLike[str], str | PathLike[str]]) -> tuple[bytes, bytes]:
    # A text of two letters is a pair of texts too.
    if not isinstance(pair, tuple) or len(pair) != 2:  # noqa: PLR2004 # pyright: ignore[reportUnnecessaryComparison, reportUnnecessaryIsInstance]
        raise TypeError(f"{name}: must be a pair of paths, the certificate and its key")
    certificate, key = pair
    return _content(name, certificate), _content(name, key)


def _content(name: str, path: str | PathLike[str]) -> bytes:
    try:
        # A number would be taken for a file that is open.
        with open(fspath(path), "rb") as file:  # noqa: PTH123
            return file.read()
    except TypeError:
        raise TypeError(f"{name}: must be a path, not {type(path).__name__}") from None
    except ValueError:
        raise ValueError(f"{name}: must be a path that the file system can have") from None
