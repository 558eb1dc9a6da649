"""Data frames as review changes or coverage rules: their rows, one after another."""

from __future__ import annotations

from infosecops.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from infosecops._infosecops import CoverageRule

__all__ = ["changes", "rules"]

_SHOWN = 20


def changes(frame: Any) -> Iterator[dict[str, object]]:  # noqa: ANN401 - a frame of any library
    """Give the rows of a frame with the columns of :meth:`ReviewItemChange.from_csv`."""
    from infosecops._csv_rows import CHANGE_COLUMNS, CHANGE_NEEDS

    names, rows = _opened(frame)
    _check("changes", names, CHANGE_COLUMNS.__contains__, CHANGE_COLUMNS, CHANGE_NEEDS)
    return ({name: cell for name, cell in zip(names, cells)} for cells in rows)  # noqa: B905, C416 - 3.10


def rules(frame: Any) -> list[CoverageRule]:  # noqa: ANN401 - a frame of any library
    """Make rules of a frame with the columns of :meth:`CoverageRule.from_csv`."""
    from infosecops._csv_rows import RULE_NEEDS, RULES_SHOWN, rule_column, rule_of_row

    names, rows = _opened(frame)
    _check("coverage", names, rule_column, RULES_SHOWN, RULE_NEEDS)
    made: list[CoverageRule] = []
    told: list[str] = []
    wrong = 0
    for index, cells in enumerate(rows):
        try:
            row = {name: _text(name, cell) for name, cell in zip(names, cells)}  # noqa: B905 - 3.10
            made.append(rule_of_row(row))
        except ConfigError as error:
            wrong += 1
            if len(told) < _SHOWN:
                told.append(f"coverage[{index}].{error}")
    if wrong:
        more = f"; and {wrong - len(told)} more" if wrong > len(told) else ""
        raise ConfigError(f"coverage: {wrong} of {wrong + len(made)} rows can't be used: {'; '.join(told)}{more}")
    return made


def _opened(frame: Any) -> tuple[list[object], Iterable[Iterable[object]]]:  # noqa: ANN401
    """Give the names of the columns, and the rows."""
    kind = type(frame)
    if hasattr(kind, "itertuples"):
        return list(frame.columns), frame.itertuples(index=False, name=None)
    if hasattr(kind, "iter_rows"):
        return list(frame.columns), frame.iter_rows()
    reader = _reader(frame)
    return list(reader.schema.names), (row for batch in reader for row in _rows_of(batch))


def _reader(frame: Any) -> Any:  # noqa: ANN401
    try:
        from pyarrow import RecordBatchReader
    except ImportError as error:
        name = type(frame).__name__
        raise ImportError(
            f"reading a {name} needs the package pyarrow, which is missing: pip install pyarrow, or give a frame of "
            "pandas or polars",
            name="pyarrow",
        ) from error
    return RecordBatchReader.from_stream(frame)


def _rows_of(batch: Any) -> Iterable[tuple[object, ...]]:  # noqa: ANN401
    return zip(*(column.to_pylist() for column in batch.columns))  # noqa: B905 - 3.10


def _check(
    argument: str,
    names: list[object],
    is_known: Callable[[Any], object],
    shown: tuple[str, ...],
    needed: tuple[str, ...],
) -> None:
    unknown = [str(name) for name in names if not (isinstance(name, str) and is_known(name))]
    if unknown:
        raise ConfigError(f"{argument}: no such column: {', '.join(unknown)}; known are {', '.join(shown)}")
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"{argument}: the frame has the column {', '.join(twice)} twice")
    missing = [name for name in needed if name not in names]
    if missing:
        raise ConfigError(f"{argument}: the frame has no column {' and no column '.join(missing)}")


def _text(name: object, cell: object) -> str:
    if isinstance(cell, str):
        return cell
    is_nan = isinstance(cell, float) and cell != cell  # noqa: PLR0124
    # What frames have where there is nothing.
    if cell is None or is_nan or type(cell).__name__ in {"NAType", "NaTType"}:
        return ""
    raise ConfigError(f"{name}: must be a str, not {type(cell).__name__}")
