"""Data frames as review changes or coverage rules: their rows, one after another."""

from __future__ import annotations

from infosecops._tables import needed
from infosecops.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from infosecops._infosecops import CoverageRule

__all__ = ["changes", "rules"]

_SHOWN = 20


def changes(frame: Any) -> Iterator[dict[str, object]]:  # noqa: ANN401 - of any library
    """Give the rows of a frame with the columns of :meth:`ReviewItemChange.from_csv`."""
    from infosecops._csv_rows import CHANGE_COLUMNS, CHANGE_NEEDS

    columns, rows = _opened(frame)
    names = _checked("changes", columns, CHANGE_COLUMNS.__contains__, CHANGE_COLUMNS, CHANGE_NEEDS)
    return (dict(zip(names, cells)) for cells in rows)  # noqa: B905 - from 3.10 on


def rules(frame: Any) -> list[CoverageRule]:  # noqa: ANN401 - of any library
    """Make rules of a frame with the columns of :meth:`CoverageRule.from_csv`."""
    from infosecops._csv_rows import RULE_NEEDS, RULES_SHOWN, rule_column, rule_of_row

    columns, rows = _opened(frame)
    names = _checked("coverage", columns, rule_column, RULES_SHOWN, RULE_NEEDS)
    made: list[CoverageRule] = []
    told: list[str] = []
    wrong = 0
    for index, cells in enumerate(rows):
        try:
            made.append(rule_of_row({name: _text(name, cell) for name, cell in zip(names, cells)}))  # noqa: B905
        except ConfigError as error:  # noqa: PERF203 - all that is wrong is told
            wrong += 1
            if len(told) < _SHOWN:
                told.append(f"coverage[{index}].{error}")
    if wrong:
        more = f"; and {wrong - len(told)} more" if wrong > len(told) else ""
        raise ConfigError(f"coverage: {wrong} of {wrong + len(made)} rows can't be used: {'; '.join(told)}{more}")
    return made


def _opened(frame: Any) -> tuple[list[object], Iterable[Iterable[object]]]:  # noqa: ANN401
    """Give the names of the columns, and the rows."""
    if _can(frame, "itertuples"):
        return list(frame.columns), frame.itertuples(index=False, name=None)
    if _can(frame, "iter_rows"):
        return list(frame.columns), frame.iter_rows()
    reader = needed("pyarrow", f"reading a {frame.__class__.__name__}").RecordBatchReader.from_stream(frame)
    return list(reader.schema.names), (row for batch in reader for row in _rows_of(batch))


def _can(frame: object, method: str) -> bool:
    # A column of the frame may have the name, too.
    return hasattr(type(frame), method)


def _rows_of(batch: Any) -> Iterable[tuple[object, ...]]:  # noqa: ANN401
    return zip(*(column.to_pylist() for column in batch.columns))  # noqa: B905 - from 3.10 on


def _checked(
    argument: str,
    names: list[object],
    is_known: Callable[[Any], object],
    shown: tuple[str, ...],
    needed: tuple[str, ...],
) -> list[str]:
    known = [name for name in names if isinstance(name, str) and is_known(name)]
    unknown = [str(name) for name in names if name not in known]
    if unknown:
        raise ConfigError(f"{argument}: no such column: {', '.join(unknown)}; known are {', '.join(shown)}")
    twice = sorted({name for name in known if known.count(name) > 1})
    if twice:
        raise ConfigError(f"{argument}: columns stand there twice: {', '.join(twice)}")
    missing = [name for name in needed if name not in names]
    if missing:
        raise ConfigError(f"{argument}: there is no column {' and no column '.join(missing)}")
    return known


def _text(name: object, cell: object) -> str:
    if isinstance(cell, str):
        return cell
    is_nan = isinstance(cell, float) and cell != cell  # noqa: PLR0124
    # What frames have where there is nothing.
    if cell is None or is_nan or type(cell).__name__ in {"NAType", "NaTType"}:
        return ""
    raise ConfigError(f"{name}: must be a str, not {type(cell).__name__}")
