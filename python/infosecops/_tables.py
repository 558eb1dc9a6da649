"""Tables: the records of a list that was read, for programs, terminals, notebooks and data frames."""

from __future__ import annotations

from infosecops._client import Generic, T

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import Any, overload

    from typing_extensions import CapsuleType, Self, SupportsIndex

    from infosecops._infosecops import Rows

__all__ = ["Table", "needed"]

_SHOWN = 10
_SHOWN_HTML = 50
_CELL = 24


class Table(Generic[T]):
    """The records of a list, in their order. Nothing of it sends a request, and it never changes.

    It is read like a list of records, and taken as a data frame by whatever knows Arrow: ``polars.DataFrame(table)``,
    ``pandas.DataFrame.from_arrow(table)``, ``pyarrow.table(table)``, DuckDB's ``from`` with the name of a variable.
    Columns have types, any cell may be empty, and secrets have no column; `docs/tables.md` lists the columns.

    Example:
        >>> from infosecops.sandbox import Sandbox
        >>> with Sandbox() as box, box.bamboo_agents() as bamboo:
        ...     tokens = bamboo.tokens.list()
        >>> tokens[0].name
        'readOnly'
        >>> tokens
        Table[AccessToken]: 2 rows
        name            read  change
        readOnly        True  False
        read and write  True  True
    """

    __slots__ = ("_flat", "_rows")

    def __init__(self, rows: Rows[T], flat: bool = False) -> None:  # noqa: FBT001, FBT002 - made by this package
        self._rows = rows
        self._flat = flat

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[T]:
        return iter(self._rows)

    if TYPE_CHECKING:

        @overload
        def __getitem__(self, index: SupportsIndex, /) -> T: ...
        @overload
        def __getitem__(self, index: slice, /) -> Self: ...

    def __getitem__(self, index: SupportsIndex | slice, /) -> T | Self:
        if isinstance(index, slice):
            return type(self)(self._rows.pick(index), self._flat)
        if not hasattr(index, "__index__"):
            raise TypeError(f"table indices must be integers or slices, not {type(index).__name__}")
        return self._rows.get(index)

    def __contains__(self, record: object) -> bool:
        return any(record == each for each in self)

    def __eq__(self, other: Any) -> bool:  # noqa: ANN401, PYI032 - of object they know half
        if not _is_list(other):
            return NotImplemented
        return len(self) == len(other) and all(mine == its for mine, its in zip(self, other))  # noqa: B905 - 3.10

    __hash__ = None  # type: ignore[assignment]

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[type[Self], tuple[Rows[T], bool]]:
        return type(self), (self._rows, self._flat)

    def flattened(self) -> Self:
        """Give the same table with records within spread over columns, such as ``connection_id``."""
        return type(self)(self._rows, True)

    def to_dicts(self, *, flatten: bool = False) -> list[dict[str, Any]]:
        """Give every row as a dict of its columns.

        These are the cells that data frames get. A record's own ``to_dict`` also has what has no column.

        Args:
            flatten: Spread records within over columns; see :meth:`flattened`.
        """
        return self._rows.dicts(flatten or self._flat)

    def to_pandas(self, *, flatten: bool = False) -> Any:  # noqa: ANN401 - pandas need not be installed
        """Make a ``pandas.DataFrame``; needs pandas and pyarrow.

        Numbers and booleans have the types ``Int64`` and ``boolean``, which may be empty.

        Args:
            flatten: Spread records within over columns; see :meth:`flattened`.
        """
        pandas, pyarrow = needed("pandas", "to_pandas()"), needed("pyarrow", "to_pandas()")
        types = {pyarrow.int64(): pandas.Int64Dtype(), pyarrow.bool_(): pandas.BooleanDtype()}
        table = self.flattened() if flatten else self
        return pyarrow.table(table).to_pandas(types_mapper=types.get)

    def to_polars(self, *, flatten: bool = False) -> Any:  # noqa: ANN401 - polars need not be installed
        """Make a ``polars.DataFrame``; needs polars.

        Args:
            flatten: Spread records within over columns; see :meth:`flattened`.
        """
        table = self.flattened() if flatten else self
        return needed("polars", "to_polars()").DataFrame(table)

    def __arrow_c_stream__(self, requested_schema: object = None) -> CapsuleType:
        # Whoever asks for other types has to convert: the protocol leaves that to us.
        return self._rows.stream(self._flat)

    def __arrow_c_schema__(self) -> CapsuleType:
        return self._rows.schema(self._flat)

    def __repr__(self) -> str:
        count = len(self)
        title = f"Table[{self._rows.class_name}]: {count} row{'' if count == 1 else 's'}"
        names, cells = self._first(_SHOWN)
        lines = [names, *([_shown(cell) for cell in row] for row in cells)]
        # What is empty in all of them would only take room.
        kept = [place for place in range(len(names)) if any(line[place] for line in lines[1:])]
        lines = [[line[place] for place in kept] for line in lines]
        widths = [max(map(len, column)) for column in zip(*lines)]  # noqa: B905 - 3.10
        drawn = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines if kept]
        more = [f"… {count - _SHOWN} more"] if count > _SHOWN else []
        return "\n".join([title, *drawn, *more])

    def _repr_html_(self) -> str:
        from infosecops import _html

        names, cells = self._first(_SHOWN_HTML)
        return _html.table(names, cells, len(self))

    def _first(self, limit: int) -> tuple[list[str], list[list[object]]]:
        names = self._rows.names(self._flat)
        rows = self._rows.dicts(self._flat, limit)
        return names, [[_told(row[name]) for name in names] for row in rows]


def _is_list(value: object) -> bool:
    return isinstance(value, (Table, list))


def _told(cell: Any) -> object:  # noqa: ANN401
    """Give a record within by its id and its name."""
    if not hasattr(cell, "keys"):
        return cell
    return " ".join(str(cell[name]) for name in ("id", "alias") if cell[name] is not None)


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    text = cell.isoformat(" ", "seconds").replace("+00:00", "Z") if isinstance(cell, _datetime()) else str(cell)
    if not text.isprintable():
        text = repr(text)[1:-1]
    return text if len(text) <= _CELL else f"{text[: _CELL - 1]}…"


def _datetime() -> type[datetime]:
    from datetime import datetime

    return datetime


def needed(name: str, who: str) -> Any:  # noqa: ANN401 - a module
    """Import a module that need not be installed."""
    try:
        return __import__(name)
    except ImportError as error:
        raise ImportError(f"{who} needs the package {name}, which is missing: pip install {name}", name=name) from error
