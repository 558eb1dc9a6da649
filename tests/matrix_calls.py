"""Calls that rows of several systems make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops

if TYPE_CHECKING:
    from collections.abc import Callable


def raw(method: str, path: str, effect: str, **more: Any) -> Callable[[Any, Any], Any]:
    return lambda client, _: client.request(method, path, effect=effect, **more)


def only_of(client: Any, call: Callable[[], Any]) -> Any:
    if type(client).__name__.startswith("Async"):
        return _awaited_only(call)
    try:
        (value,) = call().values()
    except infosecops.PartialFailure as error:
        raise error.result[0].error from error
    return value


async def _awaited_only(call: Callable[[], Any]) -> Any:
    try:
        (value,) = (await call()).values()
    except infosecops.PartialFailure as error:
        raise error.result[0].error from error
    return value
