"""What a forked child must not keep of its parent. Imported where it is needed."""

from __future__ import annotations

import os
from weakref import WeakKeyDictionary, WeakSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from typing import Any

    from infosecops._infosecops import Sectona

__all__ = ["part_after_fork", "wipe_after_fork"]

_KEEPING: WeakSet[Sectona] = WeakSet()
_WATCHING: WeakKeyDictionary[AbstractEventLoop, int] = WeakKeyDictionary()


def wipe_after_fork(client: Sectona) -> None:
    """Have each child wipe the copy that it gets of what the client keeps."""
    _KEEPING.add(client)


def _wipe_copies() -> None:
    for client in _KEEPING:
        client.wipe_copy()


def part_after_fork(loop: AbstractEventLoop, descriptor: int) -> None:
    """Have the loop of a child not watch this descriptor of its parent's, which the child can't read."""
    from selectors import DefaultSelector

    # An epoll object is one for both processes; the other selectors of asyncio are not, or do not outlive a fork.
    if DefaultSelector.__name__ == "EpollSelector" and isinstance(getattr(loop, "_selector", None), DefaultSelector):
        _WATCHING[loop] = descriptor


def _part_loops() -> None:
    """Give each loop an epoll object of the child's own: a change in the parent's would be one for both."""
    for loop, descriptor in list(_WATCHING.items()):
        if not loop.is_closed():
            _part(loop, descriptor)
    _WATCHING.clear()


def _part(loop: AbstractEventLoop, descriptor: int) -> None:
    import select
    from contextlib import suppress
    from selectors import EVENT_READ, EVENT_WRITE

    selector: Any = getattr(loop, "_selector", None)
    with select.epoll() as own:
        for key in selector.get_map().values():
            reads = select.EPOLLIN if key.events & EVENT_READ else 0
            writes = select.EPOLLOUT if key.events & EVENT_WRITE else 0
            if key.fd != descriptor:
                # One that was closed meanwhile.
                with suppress(OSError):
                    own.register(key.fd, reads | writes)
        os.dup2(own.fileno(), selector.fileno(), inheritable=False)
    loop.remove_reader(descriptor)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_wipe_copies)
    os.register_at_fork(after_in_child=_part_loops)
