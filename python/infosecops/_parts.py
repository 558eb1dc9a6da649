"""A part of a bulk call, as it travels to an executor's worker, and how it is made there."""

from __future__ import annotations

import pickle

from infosecops._bulk import BulkEntry
from infosecops.errors import ConfigError, Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, TypeAlias

    from infosecops._client import BaseClient

    Told: TypeAlias = tuple[Literal["told", "failed", "raised"], Any]

__all__ = ["Part", "Work", "packed", "refuse_awaitable"]

_COROUTINE = 0x80
"""Marks the code of async functions."""

_KEPT_MAX = 8
_KEPT: dict[bytes, Work] = {}
"""The work that this process had lately, with its clients, whose connections serve the next part too."""


class Work:
    """The ordinary call that each part makes for its inputs."""

    __slots__ = ("_call", "_options", "is_twin")

    def __init__(self, call: Callable[..., Any], options: dict[str, Any]) -> None:
        self._call = call
        method: Any = call
        self.is_twin = bool(method.__func__.__code__.co_flags & _COROUTINE)
        self._options = options

    @property
    def client(self) -> Any:  # noqa: ANN401
        """Whose call it is."""
        call: Any = self._call
        owner = call.__self__
        # Jobs of a kind belong to a client, and have nothing to close themselves.
        return owner if hasattr(owner, "config_report") else None

    def done(self, inputs: tuple[object, ...], first: int) -> Told:
        """Make the call for inputs, the first of which has this place among all.

        What is ours comes back as a value; what ``on_result`` raised is told apart from it.
        """
        raised: list[BaseException] = []
        options = self._options
        if options.get("on_result") is not None:
            options = {**options, "on_result": _watched(options["on_result"], first, raised, is_twin=self.is_twin)}
        try:
            result = self._call(*inputs, **options)
            if self.is_twin:
                # A twin makes the same call, on a loop of its own.
                from asyncio import run

                result = run(result)
        except Exception as error:
            if any(each is error for each in raised):
                return "raised", error
            if isinstance(error, Error):
                return "failed", error
            raise
        return "told", result


def _watched(
    on_result: Callable[[Any], object], first: int, raised: list[BaseException], *, is_twin: bool
) -> Callable[[BulkEntry[Any, Any]], object]:
    def tell(entry: BulkEntry[Any, Any]) -> object:
        try:
            told = on_result(BulkEntry(first + entry.index, entry.input, entry.value, entry.error))
            if not is_twin:
                refuse_awaitable(told)
        except BaseException as error:
            raised.append(error)
            raise
        return _awaited(told) if hasattr(told, "__await__") else told

    async def _awaited(told: Any) -> object:  # noqa: ANN401
        try:
            return await told
        except BaseException as error:
            raised.append(error)
            raise

    return tell


def refuse_awaitable(told: Any) -> None:  # noqa: ANN401
    """For what a callable gave to a client that awaits nothing."""
    if hasattr(told, "__await__"):
        if hasattr(told, "close"):
            told.close()
        raise TypeError("an async callable needs the Async twin of this client")


class Part:
    """One task of an executor: called without arguments, in any thread or process."""

    __slots__ = ("_first", "_inputs", "_work", "server")

    def __init__(self, work: Work | bytes, inputs: tuple[object, ...], first: int, server: str) -> None:
        self._work = work
        self._inputs = inputs
        self._first = first
        self.server = server

    def __call__(self) -> Told:
        if isinstance(self._work, Work):
            return self._work.done(self._inputs, self._first)
        try:
            work = _unpacked(self._work)
        except Error as error:
            return "failed", error
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing was sent
            return "failed", ConfigError(
                f"a worker could not load what it was to call: {type(error).__name__}",
                outcome="not_sent",
                hint=f"workers need the modules, variables and files that the client is made of: {_missing(error)}",
            )
        kind, value = work.done(self._inputs, self._first)
        return (kind, _portable(value)) if kind == "raised" else (kind, value)

    def __repr__(self) -> str:
        return f"<part of a bulk call to {self.server}>"


def packed(call: Callable[..., Any], options: dict[str, Any], executor: object, client: BaseClient) -> bytes:
    """The work as it travels. What a client is made of travels by name, so that no secret does by accident.

    Raises:
        TypeError: Something of it does not travel.
    """
    try:
        client_alone = pickle.dumps(client)
    except (pickle.PicklingError, AttributeError) as error:
        raise TypeError(f"{type(client).__name__} cannot be pickled for the executor's workers: {error}") from None
    # Those who tell how to pickle have workers that begin as other programs.
    dumps: Callable[[object], bytes] | None = getattr(executor, "dumps", None)
    if dumps is not None and b"__main__" in client_alone:
        raise TypeError(
            f"{type(client).__name__} cannot go to this executor's workers: its credential comes from a function of "
            "the main program, which they don't have; put it into a module that they can import"
        )
    try:
        on_result = (dumps or pickle.dumps)(options.get("on_result"))
    except Exception as error:  # noqa: BLE001 - whatever it is, it can't travel
        raise TypeError(
            "on_result: must be a function of a module, as the workers of this executor run it, and it can't be "
            f"pickled: {type(error).__name__}"
        ) from None
    return pickle.dumps((call, {**options, "on_result": None} if "on_result" in options else options, on_result))


def _unpacked(work: bytes) -> Work:
    kept = _KEPT.get(work)
    if kept is None:
        call, options, pickled = pickle.loads(work)  # noqa: S301 - from whoever gave the task, which is code itself
        on_result = pickle.loads(pickled)  # noqa: S301
        kept = Work(call, options if on_result is None else {**options, "on_result": on_result})
        if not _KEPT:
            _leave_in_order()
        while len(_KEPT) >= _KEPT_MAX:
            _end(_KEPT.pop(next(iter(_KEPT))))
        _KEPT[work] = kept
    return kept


def _leave_in_order() -> None:
    """Have the sessions that parts opened in this worker end with it."""
    import atexit
    import sys

    # Processes of multiprocessing end without the hooks of others.
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.Finalize(None, _end_all, exitpriority=0)
    atexit.register(_end_all)


def _end_all() -> None:
    while _KEPT:
        _end(_KEPT.popitem()[1])


def _end(work: Work) -> None:
    client = work.client
    if client is None:
        return
    if work.is_twin:
        from asyncio import run

        run(client.aclose())
    else:
        client.close()


def _missing(error: Exception) -> str:
    name = getattr(error, "name", None)
    return f"no {name}" if isinstance(name, str) else "look at the worker's log"


def _portable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - whatever it does, it can't travel
        return RuntimeError(f"on_result raised {type(error).__name__} in a worker, which does not travel")
    return error
