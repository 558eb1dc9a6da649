"""A part of a bulk call, as it travels to an executor's worker, and how it is made there."""

from __future__ import annotations

import pickle

from infosecops.errors import ConfigError, Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, TypeAlias

    Told: TypeAlias = tuple[Literal["told", "failed", "raised"], Any]

__all__ = ["Part", "Work", "packed"]

_KEPT_MAX = 8
_KEPT: dict[bytes, Work] = {}
"""The work that this process had lately, with its clients: their connections and credentials serve the next part too."""


class Work:
    """The ordinary call that each part makes for its inputs."""

    __slots__ = ("_call", "_options")

    def __init__(self, call: Callable[..., Any], options: dict[str, Any]) -> None:
        self._call = call
        self._options = options

    def done(self, *inputs: object) -> Told:
        """Make the call. What is ours comes back as a value; what ``on_result`` raised is told apart from it."""
        raised: list[BaseException] = []
        options = self._options
        if options.get("on_result") is not None:
            options = {**options, "on_result": _watched(options["on_result"], raised)}
        try:
            result = self._call(*inputs, **options)
            if hasattr(result, "__await__"):
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


def _watched(on_result: Callable[[Any], object], raised: list[BaseException]) -> Callable[[Any], object]:
    def tell(entry: object) -> object:
        try:
            told = on_result(entry)
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


class Part:
    """One task of an executor: called without arguments, in any thread or process."""

    __slots__ = ("_inputs", "_work", "server")

    def __init__(self, work: Work | bytes, inputs: tuple[object, ...], server: str) -> None:
        self._work = work
        self._inputs = inputs
        self.server = server

    def __call__(self) -> Told:
        if isinstance(self._work, Work):
            return self._work.done(*self._inputs)
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
        kind, value = work.done(*self._inputs)
        return (kind, _portable(value)) if kind == "raised" else (kind, value)

    def __repr__(self) -> str:
        return f"<part of a bulk call to {self.server}>"


def packed(call: Callable[..., Any], options: dict[str, Any], dumps: Callable[[object], bytes]) -> bytes:
    """The work as it travels.

    Raises:
        TypeError: Something of it does not travel.
    """
    for name in ("on_result",):
        try:
            dumps(options.get(name))
        except Exception as error:
            raise TypeError(
                f"{name}: must be a function of a module, as the workers of this executor run it, and it can't be "
                f"pickled: {type(error).__name__}"
            ) from None
    return dumps((call, options))


def _unpacked(work: bytes) -> Work:
    kept = _KEPT.get(work)
    if kept is None:
        kept = Work(*pickle.loads(work))  # noqa: S301 - from whoever gave the task, which is code itself
        while len(_KEPT) >= _KEPT_MAX:
            _KEPT.pop(next(iter(_KEPT)), None)
        _KEPT[work] = kept
    return kept


def _missing(error: Exception) -> str:
    name = getattr(error, "name", None)
    return f"no {name}" if isinstance(name, str) else "look at the worker's log"


def _portable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - whatever it does, it can't travel
        return RuntimeError(f"on_result raised {type(error).__name__} in a worker, which does not travel")
    return error
