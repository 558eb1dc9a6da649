"""Keeps the event loop of a notebook's kernel awake while a call is in flight, so that an interrupt is noticed.

ipykernel answers the interrupt of a cell that awaits by having its loop cancel the cell, but does not wake the loop for
it: a loop that waits for an answer would go on waiting. One that wakes by itself now and then finds the order.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, TimerHandle

__all__ = ["Ticking"]

_SECONDS = 0.1


class Ticking:
    """A timer that sets itself again, until it is stopped."""

    __slots__ = ("_handle", "_loop")
    _handle: TimerHandle

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._tick()

    def _tick(self) -> None:
        self._handle = self._loop.call_later(_SECONDS, self._tick)

    def stop(self) -> None:
        """Let the loop sleep."""
        self._handle.cancel()
