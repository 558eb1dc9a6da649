"""Files of comma or semicolon separated values as review changes or coverage rules.

All rows are checked when a file is opened, and what is wrong with them is told at once. They are read anew each time
the rows are gone through, so a file of any size takes little memory.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from itertools import chain

from infosecops._client import Generic, T
from infosecops._infosecops import CoverageRule, change_of_row, equals
from infosecops.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TextIO

    from infosecops._infosecops import ReviewItemChange

__all__ = [
    "CHANGE_COLUMNS",
    "CHANGE_NEEDS",
    "RULES_SHOWN",
    "RULE_NEEDS",
    "CsvRows",
    "changes",
    "rule_column",
    "rule_of_row",
    "rules",
]

_DELIMITERS = ",;\t|"
_SHOWN = 20
CHANGE_NEEDS = ("state", "reviewee", "kind")
CHANGE_COLUMNS = (
    *CHANGE_NEEDS,
    *("name", "resource", "action", "business_source", "role_set"),
    *("account_name", "account_business_source", "comments", "expires_on"),
)
_RULE_COLUMNS = ("reviewer", "object_type", "objects", "subjects", "subject_type", "privilege")
_CONDITIONS = ("reviewer", "objects", "subjects")
RULE_NEEDS = ("object_type",)
RULES_SHOWN = (*_RULE_COLUMNS, *(f"{name}.<column>" for name in _CONDITIONS))


def changes(
    path: str | os.PathLike[str], encoding: str, delimiter: str | None, columns: Mapping[str, str | None] | None
) -> CsvRows[ReviewItemChange]:
    """Read review changes; see :meth:`ReviewItemChange.from_csv`."""
    known = {name: name for name in CHANGE_COLUMNS}
    return CsvRows(path, change_of_row, known.get, CHANGE_COLUMNS, CHANGE_NEEDS, (encoding, delimiter, columns))


def rules(
    path: str | os.PathLike[str], encoding: str, delimiter: str | None, columns: Mapping[str, str | None] | None
) -> CsvRows[CoverageRule]:
    """Read coverage rules; see :meth:`CoverageRule.from_csv`."""
    return CsvRows(path, rule_of_row, rule_column, RULES_SHOWN, RULE_NEEDS, (encoding, delimiter, columns))


def rule_column(name: str) -> str | None:
    """Give the name of a column of rules, None if there is no such column."""
    first, dot, column = name.partition(".")
    if dot:
        return name if first in _CONDITIONS and column else None
    return name if name in _RULE_COLUMNS else None


def rule_of_row(cells: dict[str, str]) -> CoverageRule:
    """Make a rule of the cells of a row. Errors begin with the column."""
    parts: dict[str, list[str]] = {}
    for name, cell in cells.items():
        if not cell:
            continue
        first, dot, column = name.partition(".")
        try:
            parts.setdefault(first, []).append(equals(column, cell) if dot else cell)
        except ConfigError as error:
            raise ConfigError(f"{name}: {str(error).partition(': ')[2]}") from None
    given = {name: " and ".join(conditions) for name, conditions in parts.items()}
    return CoverageRule(given.pop("reviewer", ""), given.pop("object_type", ""), **given)


class CsvRows(Generic[T]):
    """The rows of a file, in their order. Every iteration reads the file anew."""

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        path: str | os.PathLike[str],
        make: Callable[[dict[str, str]], T],
        column: Callable[[str], str | None],
        shown: tuple[str, ...],
        needed: tuple[str, ...],
        form: tuple[str, str | None, Mapping[str, str | None] | None],
    ) -> None:
        self._path = _checked_path(path)
        self._make, self._column, self._shown, self._needed = make, column, shown, needed
        self._encoding, self._delimiter, columns = form
        if self._delimiter is not None and (len(self._delimiter) != 1 or self._delimiter in '"\r\n'):
            raise ConfigError("delimiter: must be one character, and no quote or line break")
        self._renamed = _checked_columns(columns)
        self._count = self._check()

    def __len__(self) -> int:
        """How many rows there are, as they were counted when the file was opened."""
        return self._count

    def __iter__(self) -> Iterator[T]:
        for line, made in self._rows():
            if isinstance(made, _Wrong):
                raise ConfigError(f"{self._path}: line {line}, {made.text}; it was fine before: was the file changed?")
            yield made

    def __repr__(self) -> str:
        return f"<{self._count} rows of {self._path}>"

    def _check(self) -> int:
        count, wrong = 0, 0
        told: list[str] = []
        for line, made in self._rows():
            count += 1
            if isinstance(made, _Wrong):
                wrong += 1
                if len(told) < _SHOWN:
                    told.append(f"line {line}, {made.text}")
        if wrong:
            more = f"; and {wrong - len(told)} more" if wrong > len(told) else ""
            raise ConfigError(f"{self._path}: {wrong} of {count} rows can't be used: {'; '.join(told)}{more}")
        if not count:
            raise ConfigError(f"{self._path}: there are no rows below the first one, which names the columns")
        return count

    def _rows(self) -> Iterator[tuple[int, T | _Wrong]]:
        """Give the number of the line where each row begins, and what is made of it."""
        try:
            file = open(self._path, encoding=self._encoding, newline="")  # noqa: PTH123, SIM115 - closed below
        except OSError as error:
            raise ConfigError(f"path: cannot read {self._path}: {error.strerror}") from error
        except (LookupError, ValueError):
            raise ConfigError(f"encoding: {self._encoding!r} is not known") from None
        with file:
            try:
                yield from self._rows_of(file)
            except UnicodeError as error:
                hint = "; Excel writes utf-8-sig, cp1252 or, as 'Unicode text', utf-16"
                raise ConfigError(f"{self._path}: encoding: is not {self._encoding}: {error}{hint}") from error
            except csv.Error as error:
                raise ConfigError(f"{self._path}: is no such file of separated values: {error}") from error

    def _rows_of(self, file: TextIO) -> Iterator[tuple[int, T | _Wrong]]:
        begun, separator = 0, None
        lines = [file.readline()]
        if lines[0].lower().startswith("sep=") and len(lines[0].rstrip("\r\n")) == len("sep=x"):
            # Excel's own mark.
            begun, separator, lines = 1, lines[0][4], []
        delimiter = self._delimiter or separator or self._sniffed(lines, file)
        reader = csv.reader(chain(lines, file), delimiter=delimiter, strict=True)
        names = self._named(next(reader, list[str]()), begun + 1, delimiter)
        line = begun + reader.line_num + 1
        for cells in reader:
            if any(cells):
                yield line, self._made(names, cells)
            line = begun + reader.line_num + 1

    def _sniffed(self, lines: list[str], file: TextIO) -> str:
        """Give what separates most names of columns that are known. Lines read for it are added to `lines`."""

        def from_the_first() -> Iterator[str]:
            yield from tuple(lines)
            for line in file:
                lines.append(line)
                yield line

        def known(delimiter: str) -> int:
            try:
                names = next(csv.reader(from_the_first(), delimiter=delimiter), list[str]())
            except csv.Error:
                return 0
            return sum(self._own_name(name) is not None for name in names) * 100 + len(names)

        return max(_DELIMITERS, key=known)

    def _own_name(self, name: str) -> str | None:
        name = _folded(name)
        if name in self._renamed:
            renamed = self._renamed[name]
            return "" if renamed is None else self._column(renamed)
        first, dot, column = name.partition(".")
        first = first.strip().lower().replace(" ", "_").replace("-", "_")
        return self._column(first + dot + column.strip())

    def _named(self, header: list[str], line: int, delimiter: str) -> list[str]:
        names: list[str] = []
        for name in header:
            own = self._own_name(name)
            if own is None:
                folded = _folded(name)
                raise ConfigError(
                    f"{self._path}: line {line}, column {folded!r}: is not known; known are {', '.join(self._shown)}; "
                    f"columns={{{folded!r}: None}} leaves it out; the delimiter is {delimiter!r}"
                )
            if own and own in names:
                raise ConfigError(f"{self._path}: line {line}, column {own}: stands there twice")
            names.append(own)
        missing = [name for name in self._needed if name not in names]
        if missing:
            raise ConfigError(
                f"{self._path}: line {line}: names no column {' and no column '.join(missing)}; "
                f"the delimiter is {delimiter!r}"
            )
        return names

    def _made(self, names: list[str], cells: list[str]) -> T | _Wrong:
        if any(cells[len(names) :]):
            return _Wrong(f"column {len(names) + 1}: the row has more cells than the first one has names")
        row = {name: cell for name, cell in zip(names, cells) if name}  # noqa: B905 - both may be longer
        try:
            return self._make(row)
        except ConfigError as error:
            return _Wrong(f"column {error}")


class _Wrong:
    """What is wrong with a row."""

    def __init__(self, text: str) -> None:
        self.text = text


def _checked_path(path: object) -> str:
    try:
        found = os.fspath(path)  # type: ignore[call-overload]
    except TypeError:
        found = None
    if not isinstance(found, str):
        raise TypeError(f"path: must be a str or a path, not {type(path).__name__}")
    try:
        raw = os.fsencode(found)
    except UnicodeEncodeError as error:
        raise ConfigError(f"path: {error}") from error
    if b"\0" in raw:
        raise ConfigError("path: holds U+0000")
    return found


def _checked_columns(columns: object) -> dict[str, str | None]:
    checked: dict[str, str | None] = {}
    if columns is None:
        return checked
    wrong = "columns: must be a mapping of str to str or None"
    if not isinstance(columns, Mapping):
        raise TypeError(wrong)
    given: Mapping[Any, Any] = columns  # pyright: ignore[reportUnknownVariableType]
    for name, own in given.items():
        if not isinstance(name, str) or not isinstance(own, (str, type(None))):
            raise TypeError(wrong)
        checked[_folded(name)] = own
    return checked


def _folded(name: str) -> str:
    """Give the name of a column as it is compared: a spreadsheet breaks long names into lines."""
    return " ".join(name.split())
