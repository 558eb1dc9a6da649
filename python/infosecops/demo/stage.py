"""Steps of the tour, and how each is done twice: by a blocking client and by its twin for asyncio."""

from __future__ import annotations

from dataclasses import dataclass, field
from inspect import isawaitable
from time import perf_counter

import infosecops

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Generator, Iterable
    from pathlib import Path
    from typing import Any

    from infosecops._lists import AsyncLazyList, LazyList
    from infosecops.sandbox import JournalEntry, Sandbox

    Tour = Generator["Step", Any, None]
    """Gives steps; is sent what each came to."""
    Proof = tuple[str, object, object]
    """What holds, what was expected, what was found."""


class _Result:
    def __repr__(self) -> str:
        return "a result"


RESULT = _Result()
"""Stands for what a call gives that is not refused."""
ANYTHING = object()
"""Stands for a result that can't be known before."""


def itself(value: object) -> object:
    """Show all of a result."""
    return value


def fields(*names: str) -> Callable[[object], dict[str, object]]:
    """Show some fields of a result."""
    return lambda value: {name: getattr(value, name) for name in names}


def nothing_to_prove(_: object) -> Iterable[Proof]:
    """Leave it at the result and the journal."""
    return ()


@dataclass(frozen=True)
class Step:
    """One call, and what must come of it."""

    operation: str
    """By its public name."""
    about: str
    """What is special about this call."""
    call: Callable[[], Any]
    view: Callable[[Any], object] = itself
    """What to show of the result, and to compare."""
    expected: object = ANYTHING
    """What ``view`` must give."""
    applied: int = 0
    """How many requests must have changed something on the server."""
    refused: tuple[type[infosecops.Error], str] | None = None
    """The error that must come instead of a result, and its outcome."""
    proof: Callable[[Any], Iterable[Proof]] = nothing_to_prove
    """What else must be true; is given the result, or the error that was expected."""
    body_lines: int = 3
    """How many lines of a request's body to show."""
    once: bool = False
    """Whether it is done by the blocking client alone, because the server records it."""
    needed: bool = True
    """Whether the steps after it can't do without its result."""


@dataclass
class Exchange:
    """One request and the status of its answer."""

    method: str
    url: str
    status: int | None = None
    received: JournalEntry | None = None
    """As the sandbox wrote it down."""

    @property
    def is_applied(self) -> bool:
        """Whether it changed something."""
        return self.received is not None and self.received.applied


@dataclass
class Taken:
    """What became of a step."""

    result: Any = None
    error: Exception | None = None
    seconds: float = 0.0
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    mismatches: list[Proof] = field(default_factory=list[tuple[str, object, object]])
    proven: list[str] = field(default_factory=list[str])


class Side:
    """One of the two ways to take the tour, with a sandbox of its own where there is one."""

    def __init__(self, name: str, loop: AbstractEventLoop | None, folder: Path, box: Sandbox | None = None) -> None:
        self.name = name
        self.folder = folder
        self.secrets: list[infosecops.Secret] = []
        self._loop = loop
        self._box = box
        self._events: list[infosecops.Event] = []
        self._clients: list[Any] = []

    @property
    def box(self) -> Sandbox:
        """The sandbox."""
        if self._box is None:
            raise RuntimeError("this side has a real system")
        return self._box

    def client(self, system: str, **options: Any) -> Any:  # noqa: ANN401
        """Make a client that is wired to the sandbox."""
        endpoint = getattr(self.box, system)
        make = endpoint.client if self._loop is None else endpoint.async_client
        return self._owned(make(on_event=self._events.append, **options))

    def real_client(self, name: str) -> Any:  # noqa: ANN401
        """Make a client for the real system that the environment names."""
        make = getattr(infosecops, name if self._loop is None else f"Async{name}")
        return self._owned(make.from_env(on_event=self._events.append))

    def pages(self, listed: LazyList[Any] | AsyncLazyList[Any]) -> Any:  # noqa: ANN401
        """Read all pages of a list."""
        if self._loop is None:
            return list(listed.pages())  # type: ignore[arg-type]

        async def read() -> list[Any]:
            return [page async for page in listed.pages()]  # type: ignore[union-attr]

        return read()

    def within(self, window: Any) -> Any:  # noqa: ANN401
        """Enter a maintenance window, and leave it at once."""
        if self._loop is None:
            with window as task:
                return task

        async def enter() -> Any:  # noqa: ANN401
            async with window as task:
                return task

        return enter()

    def take(self, step: Step) -> Taken:
        """Do it, and see whether everything is as expected."""
        del self._events[:]
        before = 0 if self._box is None else self._last()
        taken = Taken()
        start = perf_counter()
        try:
            taken.result = self._finish(step.call())
        except Exception as error:  # noqa: BLE001
            taken.error = error
        taken.seconds = perf_counter() - start
        taken.exchanges = exchanges(self._events)
        if self._box is not None:
            self._compare_with_journal(step, taken, [entry for entry in self._box.journal if entry.sequence > before])
        _judge(step, taken)
        return taken

    def close(self) -> None:
        """Close the clients."""
        for client in self._clients:
            self._finish(client.close() if self._loop is None else client.aclose())

    def _owned(self, client: Any) -> Any:  # noqa: ANN401
        self._clients.append(client)
        return client

    def _finish(self, given: Any) -> Any:  # noqa: ANN401
        return self._loop.run_until_complete(given) if self._loop is not None and isawaitable(given) else given

    def _last(self) -> int:
        entry = self.box.journal.last()
        return 0 if entry is None else entry.sequence

    @staticmethod
    def _compare_with_journal(step: Step, taken: Taken, entries: list[JournalEntry]) -> None:
        sent = [(exchange.method, exchange.status) for exchange in taken.exchanges]
        received = [(entry.method, entry.status) for entry in entries]
        _check(taken, ("what the client sent is what was received", sent, received))
        for place, entry in enumerate(entries[: len(taken.exchanges)]):
            taken.exchanges[place].received = entry
        applied = sum(entry.applied for entry in entries)
        _check(taken, ("requests that changed something", step.applied, applied))


def exchanges(events: Iterable[infosecops.Event]) -> list[Exchange]:
    """Put requests and answers together."""
    made: list[Exchange] = []
    for event in events:
        if event.kind == "request":
            made.append(Exchange(event.method, event.url))
        elif event.kind == "response" and made:
            made[-1].status = event.status
    return made


def _judge(step: Step, taken: Taken) -> None:
    if step.refused is None and taken.error is not None:
        taken.mismatches.append(("the call", RESULT, taken.error))
        return
    if step.refused is not None:
        wanted = (step.refused[0].__name__, step.refused[1])
        found = (type(taken.error).__name__, getattr(taken.error, "outcome", None)) if taken.error else taken.result
        _check(taken, ("the refusal and its outcome", wanted, found))
        if taken.mismatches:
            return
    try:
        if step.expected is not ANYTHING:
            _check(taken, ("the answer", step.expected, step.view(taken.error or taken.result)))
        for what, expected, found in step.proof(taken.error or taken.result):
            _check(taken, (what, expected, found))
            taken.proven.append(what)
    except Exception as error:  # noqa: BLE001
        taken.mismatches.append(("looking at the result", RESULT, error))


def _check(taken: Taken, proof: Proof) -> None:
    if proof[1] != proof[2]:
        taken.mismatches.append(proof)
