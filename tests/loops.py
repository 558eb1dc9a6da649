"""Event loops of every kind that the asyncio twins must work on."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec

import pytest

Run = "Callable[[Coroutine[Any, Any, Any]], Any]"

needs_uvloop = pytest.mark.skipif(find_spec("uvloop") is None, reason="uvloop is not installed")


def new_uvloop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


class Unwatching(asyncio.SelectorEventLoop):
    """It can't watch what is not its own, like the Proactor loop of Windows."""

    def add_reader(self, *_: object) -> None:
        raise NotImplementedError


LOOPS = {"asyncio": asyncio.new_event_loop, "unwatching": Unwatching, "uvloop": new_uvloop}
