"""A workload: who does it, how much, and what we are held to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from goals import Goal

COUNT_SEPARATOR = "@"
MIB = 1.048576
"""In MB."""
BYTES_IN_MIB = 1024 * 1024


def size_of(entry: str) -> str:
    """The number of items in an entry's name; empty if its workload says it."""
    return entry.partition(COUNT_SEPARATOR)[2]


def label(entry: str) -> str:
    """An entry's name for people."""
    name, _, size = entry.partition(COUNT_SEPARATOR)
    if not size:
        return name
    count, rest = divmod(int(size), BYTES_IN_MIB)
    shown = f"{count} MiB" if count and not rest else f"{int(size):,}".replace(",", " ")
    return f"{name}, {shown}"


@dataclass(frozen=True)
class Workload:
    """One table of the report."""

    name: str
    title: str
    module: str
    entries: tuple[str, ...]
    """With `@` behind it, the number of items of an entry; without, `options` says it."""
    unit: str = "call"
    address: str = "plain"
    options: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)
    """What differs in a short run."""
    limits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Entries in Rust: name and command."""
    rounds: int = 7
    slow: bool = False
    """Whether a short run does it once only."""
    awake: bool = True
    """Whether processes that run when nothing else does keep the cores from halting."""
    goals: tuple[Goal, ...] = ()
    picture: str = ""
    """The figure that is drawn; empty if none is."""
