"""Bulk calls over an executor: what is handed out, when, and what is known of what does not come back.

Parts are handed out few at a time, each once. What was not handed out, or was taken back before it began, was not sent;
of what was handed out and gave no answer, nothing is claimed.
"""

from __future__ import annotations

import sys

from infosecops._parts import Part, Work, packed, refuse_awaitable
from infosecops.errors import Error, TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Executor, Future
    from typing import Any, Protocol, TypeVar

    from infosecops._client import BaseClient

    E = TypeVar("E", bound=Error)

    class Parts(Protocol):
        """What is divided."""

        operation: str
        recipe: str
        """How to find out what became of inputs without an answer."""

        def __len__(self) -> int: ...
        def inputs(self, number: int) -> tuple[object, ...]:
            """The arguments of the call of one part."""
            ...

        def count(self, number: int) -> int:
            """How many inputs one part has."""
            ...

        def undone(self, result: Any, /) -> int:  # noqa: ANN401
            """How many of a part's inputs are not known to be done."""
            ...

        def is_last(self, answer: Any, /) -> bool:  # noqa: ANN401
            """Whether the server would answer alike to all that is still to be sent."""
            ...


__all__ = ["Shared", "error_of", "run_parts", "run_parts_async"]

_USUAL_WORKERS = 8
_TITLES = {"governance_lifecycle": "Governance & Lifecycle", "sd_elements": "SD Elements", "sectona": "Sectona"}


def workers_of(executor: Executor) -> int:
    """How many tasks it runs at a time; a guess for executors that do not say."""
    found = getattr(executor, "_max_workers", None)
    return found if isinstance(found, int) and found > 0 else _USUAL_WORKERS


class Shared:
    """A checked executor and the call that its workers make.

    Raises:
        TypeError: It is no executor, or the call does not travel to its workers.
    """

    def __init__(
        self, executor: Executor, client: BaseClient, call: Callable[..., Any], options: dict[str, Any]
    ) -> None:
        self.executor = _checked(executor)
        self._is_own = self.executor is not executor
        self.client = client
        prepare = getattr(self.executor, "prepare", None)
        if prepare is not None and "max_concurrency" in options:
            # It counts parts, and means requests.
            options = {**options, "max_concurrency": 1}
        self.work: Work | bytes
        if _has_threads(self.executor):
            self.work = Work(call, options)
        else:
            self.work = packed(call, options, self.executor, client)
        if prepare is not None:
            prepare(client.url)

    @property
    def cancels_truly(self) -> bool:
        """Whether a task that it calls cancelled has not begun. Some say so of tasks that go on elsewhere."""
        from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

        return isinstance(self.executor, (ThreadPoolExecutor, ProcessPoolExecutor)) or hasattr(self.executor, "prepare")

    def close(self) -> None:
        """Let go of what was made for this call."""
        if self._is_own:
            self.executor.shutdown(wait=False)

    @property
    def workers(self) -> int:
        """How many parts it can make at a time."""
        return workers_of(self.executor)


def _checked(executor: Executor) -> Executor:
    """The executor to be used for what was given."""
    from concurrent.futures import Executor

    if not isinstance(executor, Executor):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"executor: must be a concurrent.futures.Executor, not {type(executor).__name__}")
    cfexecutor = sys.modules.get("distributed.cfexecutor")
    if cfexecutor is not None and isinstance(executor, cfexecutor.ClientExecutor):
        # By itself it runs tasks again whose workers died.
        from infosecops.dask import guarded

        return guarded(executor)
    return executor


def _has_threads(executor: Executor) -> bool:
    from concurrent import futures

    other = getattr(futures, "InterpreterPoolExecutor", None)
    is_other = other is not None and isinstance(executor, other)
    return isinstance(executor, futures.ThreadPoolExecutor) and not is_other


class _Run:
    """The parts of one call on their way. ``tell`` is called with every future that has ended, on any thread."""

    def __init__(self, shared: Shared, parts: Parts, tell: Callable[[Future[Any]], object]) -> None:
        self._shared = shared
        self._parts = parts
        self._tell = tell
        self._running: dict[Future[Any], int] = {}
        self._has_given_up = False
        self._next = 0
        self._given = 0
        self._ended = self._undone = 0
        self._total = sum(map(parts.count, range(len(parts))))
        self._why_ended: str | None = None
        self.answers: list[Any] = [None] * len(parts)

    @property
    def is_running(self) -> bool:
        return bool(self._running)

    def fill(self) -> None:
        """Hand out as many parts as keep the workers busy."""
        # One more than they can make, so that none waits for this thread.
        while self._why_ended is None and self._next < len(self._parts) and len(self._running) <= self._shared.workers:
            number = self._next
            part = Part(self._shared.work, self._parts.inputs(number), self._given, self._shared.client.url)
            try:
                future: Future[Any] = self._shared.executor.submit(part)
            except Exception as error:
                if number == 0:
                    raise
                self._why_ended = f"the executor takes no more: {type(error).__name__}"
                break
            self._next += 1
            self._given += self._parts.count(number)
            self._running[future] = number
            future.add_done_callback(self._tell)
        if self._why_ended is not None and not self._has_given_up:
            self._has_given_up = True
            self._give_up()

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many inputs are through, how many there are, how many of those that are through are not done."""
        return self._ended, self._total, self._undone

    def take(self, future: Future[Any]) -> None:
        """Note what became of a part.

        Raises:
            BaseException: What ``on_result`` raised in a worker.
        """
        number = self._running.pop(future)
        answer = self._answer(future)
        self._note(number, answer)
        if self._why_ended is None and self._parts.is_last(answer):
            self._why_ended = "the server refused an earlier part for a reason that all share"

    def stop(self) -> None:
        """Take back what has not begun. Each tells of itself like those that ended."""
        for future in list(self._running):
            future.cancel()

    def _give_up(self) -> None:
        self.stop()
        for number in range(self._next, len(self._parts)):
            self._note(number, self._not_sent())
        self._next = len(self._parts)

    def _note(self, number: int, answer: object) -> None:
        count = self._parts.count(number)
        self.answers[number] = answer
        self._ended += count
        self._undone += count if isinstance(answer, Error) else self._parts.undone(answer)

    def _answer(self, future: Future[Any]) -> object:
        if future.cancelled():
            return self._not_sent() if self._shared.cancels_truly else self._lost("it was cancelled")
        error = future.exception()
        if error is not None:
            return self._lost(type(error).__name__)
        kind, value = future.result()
        if kind == "raised":
            raise value
        return value

    def _not_sent(self) -> Error:
        why = self._why_ended or "its task was cancelled before it began"
        return self._error(Error, f"not sent: {why}", "not_sent", "send it again when that is settled")

    def _lost(self, why: str) -> Error:
        text = f"the worker that made the call died or failed ({why}), and it may have been applied"
        return self._error(TransportError, text, "unknown", self._parts.recipe)

    def _error(self, kind: type[Error], text: str, outcome: str, hint: str) -> Error:
        return error_of(kind, self._shared.client, self._parts.operation, text, outcome=outcome, hint=hint)


def error_of(  # noqa: PLR0913
    kind: type[E], client: BaseClient, operation: str, text: str, *, outcome: str, hint: str
) -> E:
    """An error that says what the native half would say."""
    system = client._system  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    message = f"{_TITLES[system]} {operation}: {text}. Hint: {hint}"
    return kind(message, system=system, operation=operation, url=client.url, outcome=outcome, hint=hint)


def run_parts(shared: Shared, parts: Parts, on_progress: Callable[[int, int, int], object] | None) -> list[Any]:
    """Have all parts made; gives what became of each, or an :class:`Error`. ``on_progress`` is told on this thread."""
    from queue import SimpleQueue

    ended: SimpleQueue[Future[Any]] = SimpleQueue()
    run = _Run(shared, parts, ended.put)
    try:
        run.fill()
        while run.is_running:
            run.take(ended.get())
            run.fill()
            if on_progress is not None:
                refuse_awaitable(on_progress(*run.counts))
    except BaseException:
        run.stop()
        raise
    finally:
        shared.close()
    return settled(run.answers)


async def run_parts_async(
    shared: Shared, parts: Parts, on_progress: Callable[[int, int, int], object] | None
) -> list[Any]:
    """The same for the running loop, on whose thread ``on_progress`` is told, and awaited if it has to be."""
    from asyncio import Queue, get_running_loop

    loop = get_running_loop()
    ended: Queue[Future[Any]] = Queue()

    def tell(future: Future[Any]) -> None:
        try:
            loop.call_soon_threadsafe(ended.put_nowait, future)
        except RuntimeError:
            """The loop is closed: nobody waits any more."""

    run = _Run(shared, parts, tell)
    try:
        run.fill()
        while run.is_running:
            run.take(await ended.get())
            run.fill()
            if on_progress is not None:
                told: Any = on_progress(*run.counts)
                if hasattr(told, "__await__"):
                    waited_for: Awaitable[object] = told
                    await waited_for
    except BaseException:
        run.stop()
        raise
    finally:
        shared.close()
    return settled(run.answers)


def settled(answers: list[Any]) -> list[Any]:
    """The answers of the parts.

    Raises:
        Error: All parts failed alike before anything was done, as one call would have.
    """
    if answers and all(isinstance(answer, Error) and answer.outcome in ("not_sent", "rejected") for answer in answers):
        raise next((answer for answer in answers if answer.outcome == "rejected"), answers[0])
    return answers
