"""What comes back from many requests made as one operation: every input, and what became of it."""

from __future__ import annotations

from infosecops._client import Generic, Given, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from infosecops.errors import Error

__all__ = ["BulkEntry", "BulkResult"]


class BulkEntry(Generic[Given, T]):
    """One input and what became of it."""

    __slots__ = ("_error", "_index", "_input", "_value")

    def __init__(self, index: int, input: Given, value: T | None, error: Error | None, /) -> None:  # noqa: A002
        self._index = index
        self._input = input
        self._value = value
        self._error = error

    @property
    def index(self) -> int:
        """Its place among the inputs, from 0."""
        return self._index

    @property
    def input(self) -> Given:
        """What was asked for. Holds no secret."""
        return self._input

    @property
    def value(self) -> T | None:
        """What came back; None if there is an error."""
        return self._value

    @property
    def error(self) -> Error | None:
        """Why nothing came back; None if something did. What a callable of yours raised is its ``__cause__``."""
        return self._error

    def __repr__(self) -> str:
        what = f"value={self._value!r}" if self._error is None else f"error={self._error!r}"
        return f"BulkEntry(index={self._index}, input={self._input!r}, {what})"

    def __reduce__(self) -> tuple[Any, ...]:
        return BulkEntry, (self._index, self._input, self._value, self._error)


class BulkResult(Generic[Given, T]):
    """What became of every input. Each stands in exactly one of ``succeeded``, ``failed`` and ``unknown``.

    It can be pickled; secrets of the values stay behind.
    """

    __slots__ = ("_entries", "_failed", "_succeeded", "_unknown")

    def __init__(self, entries: Iterable[BulkEntry[Given, T]], /) -> None:
        self._entries = tuple(entries)
        self._succeeded = self._of("succeeded")
        self._failed = self._of("failed")
        self._unknown = self._of("unknown")

    def _of(self, fate: str) -> tuple[BulkEntry[Given, T], ...]:
        return tuple(entry for entry in self._entries if _fate(entry.error) == fate)

    @property
    def succeeded(self) -> tuple[BulkEntry[Given, T], ...]:
        """Those that came back, in the order of the inputs."""
        return self._succeeded

    @property
    def failed(self) -> tuple[BulkEntry[Given, T], ...]:
        """Those that are known not to be done: not sent, or rejected."""
        return self._failed

    @property
    def unknown(self) -> tuple[BulkEntry[Given, T], ...]:
        """Those that were sent and whose fate is not known."""
        return self._unknown

    @property
    def ok(self) -> bool:
        """Whether all succeeded."""
        return len(self._succeeded) == len(self._entries)

    @property
    def total(self) -> int:
        """How many inputs there were."""
        return len(self._entries)

    def values(self) -> list[T]:
        """Give what came back, in the order of the inputs; inputs that failed are left out."""
        return [entry.value for entry in self._succeeded]  # type: ignore[misc] # those of the succeeded are there

    def __iter__(self) -> Iterator[BulkEntry[Given, T]]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> BulkEntry[Given, T]:
        return self._entries[index]

    def __repr__(self) -> str:
        return (
            f"BulkResult(total={self.total}, succeeded={len(self._succeeded)}, failed={len(self._failed)}, "
            f"unknown={len(self._unknown)})"
        )

    def _repr_html_(self) -> str:
        from infosecops import _html

        return _html.bulk_result(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return BulkResult, (self._entries,)


def _fate(error: Error | None) -> str:
    if error is None:
        return "succeeded"
    return "failed" if error.outcome in ("not_sent", "rejected") else "unknown"
