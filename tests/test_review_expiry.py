"""When a maintained item expires: what is no date, or none that anybody means, never reaches the server."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import pickle
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import Group, ReviewItemChange
from test_review_items import GL, status
from wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

numpy = pytest.importorskip("numpy")
pandas = pytest.importorskip("pandas")

ITEM = Group("HR", "Okta")
ROW = {"state": "maintain", "reviewee": "jdoe", "kind": "group", "name": "HR", "business_source": "Okta"}
DAY = dt.date(2030, 12, 31)
DONE = status("Success. Updated all 1 review components with specified states.")


class NotADate(dt.date):
    """A date by its class that equals nothing, as NaT does."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, _: object) -> bool:
        return False

    def __ne__(self, _: object) -> bool:
        return True


class Later(dt.datetime):
    """A subclass with a value."""


def constructed(value: Any) -> ReviewItemChange:
    return ReviewItemChange("maintain", "jdoe", ITEM, expires_on=value)


def nested(value: Any) -> dict[str, Any]:
    return {"state": "maintain", "reviewee": "jdoe", "item": ITEM, "expires_on": value}


def nested_dicts(value: Any) -> dict[str, Any]:
    return {**nested(value), "item": {"kind": "group", "name": "HR", "business_source": "Okta"}}


DIRECT = [constructed, nested, nested_dicts]
NO_DATES = [
    pandas.NaT,
    pandas.NA,
    numpy.datetime64("NaT", "D"),
    math.nan,
    numpy.float32("nan"),
    decimal.Decimal("NaN"),
    NotADate(2030, 12, 31),
]
OLD = [
    dt.date(1969, 12, 31),
    dt.date(1, 1, 1),
    dt.datetime(1969, 12, 31, 23, 59),  # noqa: DTZ001
    pandas.Timestamp("1900-01-01"),
    dt.date.min,
]
DATES = [
    DAY,
    dt.datetime(2030, 12, 31, 23, 59),  # noqa: DTZ001
    dt.datetime(2030, 12, 31, tzinfo=dt.timezone.utc),
    Later(2030, 12, 31),
    pandas.Timestamp("2030-12-31 08:00"),
]


def sent(connect: Callable[..., Any], change: object) -> str:
    with Wire(DONE) as wire:
        connect(GL, wire.url, token="t").update_review_items("UAR", change if hasattr(change, "columns") else [change])
        return wire.only.body.decode()


def refused(connect: Callable[..., Any], make: Callable[[Any], Any], value: Any) -> Exception:
    with Wire(DONE) as wire:
        with pytest.raises((TypeError, infosecops.ConfigError), match=r"expires_on: ") as caught:
            connect(GL, wire.url, token="t").update_review_items("UAR", [make(value)])
        assert wire.connections == 0
    return caught.value


@pytest.mark.parametrize("make", DIRECT)
@pytest.mark.parametrize("value", NO_DATES, ids=repr)
def test_what_is_no_date_is_refused_where_it_is_given(connect: Callable[..., Any], make: Any, value: Any) -> None:
    assert type(refused(connect, make, value)) is TypeError


@pytest.mark.parametrize("value", [*NO_DATES, None, ""], ids=repr)
def test_what_is_no_date_is_an_empty_cell_of_a_row(connect: Callable[..., Any], value: Any) -> None:
    if isinstance(value, NotADate):
        value = pandas.NaT
    assert "expires-on" not in sent(connect, {**ROW, "expires_on": value})


@pytest.mark.parametrize("values", [[pandas.NaT], [None], [numpy.datetime64("NaT", "D")]])
def test_what_is_no_date_is_an_empty_cell_of_a_frame(connect: Callable[..., Any], values: list[Any]) -> None:
    columns = {name: [value] for name, value in ROW.items()}
    frames = [
        pandas.DataFrame({**columns, "expires_on": pandas.to_datetime(values)}),
        pandas.DataFrame({**columns, "expires_on": pandas.Series(values, dtype=object)}),
    ]
    for frame in frames:
        assert "expires-on" not in sent(connect, frame)


def test_what_is_no_date_is_an_empty_cell_of_other_frames(connect: Callable[..., Any]) -> None:
    polars, pyarrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    columns = {name: [value] for name, value in ROW.items()}
    empty = polars.DataFrame({**columns, "expires_on": polars.Series([None], dtype=polars.Date)})
    assert "expires-on" not in sent(connect, empty)
    assert "expires-on" not in sent(
        connect, pyarrow.table({**columns, "expires_on": pyarrow.nulls(1, pyarrow.date32())})
    )


@pytest.mark.parametrize("make", [*DIRECT, lambda value: {**ROW, "expires_on": value}])
@pytest.mark.parametrize("value", OLD, ids=repr)
def test_a_year_that_nobody_means_is_refused(connect: Callable[..., Any], make: Any, value: Any) -> None:
    error = refused(connect, make, value)
    assert type(error) is infosecops.ConfigError
    assert error.outcome == "not_sent"
    assert "1970" in str(error)


@pytest.mark.parametrize("cell", ["1969-12-31", "0001-01-01", "NaT", "nan"])
def test_a_file_with_such_a_date_is_refused_by_line_and_column(tmp_path: Path, cell: str) -> None:
    file = tmp_path / "changes.csv"
    file.write_text(",".join([*ROW, "expires_on"]) + "\n" + ",".join([*ROW.values(), cell]) + "\n")
    with pytest.raises(infosecops.ConfigError, match="line 2, column expires_on: "):
        ReviewItemChange.from_csv(file)


@pytest.mark.parametrize("make", [*DIRECT, lambda value: {**ROW, "expires_on": value}])
@pytest.mark.parametrize("value", DATES, ids=repr)
def test_dates_and_times_of_a_day_are_dates(connect: Callable[..., Any], make: Any, value: Any) -> None:
    assert ' expires-on="31-Dec-2030"' in sent(connect, make(value))
    for day in (dt.date(1970, 1, 1), dt.date.max):
        assert f' expires-on="{day.day:02}-{day:%b}-{day.year}"' in sent(connect, make(day))


@pytest.mark.parametrize("make", DIRECT)
def test_none_is_no_date_on_every_way(connect: Callable[..., Any], make: Any) -> None:
    assert "expires-on" not in sent(connect, make(None))


def test_a_change_that_travelled_keeps_its_date() -> None:
    assert pickle.loads(pickle.dumps(constructed(DAY))).expires_on == DAY
    assert pickle.loads(pickle.dumps(constructed(None))).expires_on is None
