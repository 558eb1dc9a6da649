"""What a forked child must not keep of its parent. Imported by the clients that need it."""

from __future__ import annotations

import os
from weakref import WeakSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from infosecops._infosecops import Sectona

__all__ = ["wipe_after_fork"]

_KEEPING: WeakSet[Sectona] = WeakSet()


def wipe_after_fork(client: Sectona) -> None:
    """Have each child wipe the copy that it gets of what the client keeps."""
    _KEEPING.add(client)


def _wipe_copies() -> None:
    for client in _KEEPING:
        client.wipe_copy()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_wipe_copies)
