"""Lists that fetch their pages when they are read."""

from __future__ import annotations

from infosecops._client import Generic, T, run, run_here
from infosecops._tables import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Protocol

    from infosecops._infosecops import Operation, Records, Rows

    class NativePages(Protocol[T]):
        """A place in a list."""

        def next(self) -> Operation[list[T] | None]: ...

        def records(self) -> Operation[Records[T] | None]: ...

        def gather(self) -> Operation[bool]: ...

        def rows(self) -> Rows[T]: ...


# Records that are made without a pause: a millisecond's work.
_PORTION = 512


class _List(Generic[T]):
    def __init__(self, name: str, begin: Callable[[], NativePages[T]]) -> None:
        begin()  # Checks the arguments; fetches nothing.
        self._name = name
        self._begin = begin

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name}: fetched when iterated)"

    def _repr_html_(self) -> str:
        from infosecops import _html

        return _html.unread(self)


class LazyList(_List[T]):
    """A list of records. Every iteration reads it anew, page by page; nothing is fetched before."""

    def pages(self) -> Iterator[list[T]]:
        """Iterate over the pages."""
        pages = self._begin()
        while (page := run_here(pages.next())) is not None:
            yield page

    def __iter__(self) -> Iterator[T]:
        pages = self._begin()
        while (records := run_here(pages.records())) is not None:
            yield from records

    def collect(self) -> Table[T]:
        """Read everything."""
        pages = self._begin()
        while run_here(pages.gather()):
            pass
        return Table(pages.rows())


async def in_portions(records: Records[T]) -> AsyncIterator[T]:
    """Make records while other tasks of the event loop have their turn: a page may hold tens of thousands."""
    from asyncio import sleep
    from itertools import islice

    while portion := list(islice(records, _PORTION)):
        for record in portion:
            yield record
        if len(portion) == _PORTION:
            await sleep(0)


class AsyncLazyList(_List[T]):
    """The twin of :class:`LazyList` for ``async for``."""

    async def pages(self) -> AsyncIterator[list[T]]:
        """Iterate over the pages."""
        pages = self._begin()
        while (records := await run(pages.records())) is not None:
            yield [record async for record in in_portions(records)]

    async def __aiter__(self) -> AsyncIterator[T]:
        pages = self._begin()
        while (records := await run(pages.records())) is not None:
            async for record in in_portions(records):
                yield record

    async def collect(self) -> Table[T]:
        """Read everything."""
        pages = self._begin()
        while await run(pages.gather()):
            pass
        return Table(pages.rows())
