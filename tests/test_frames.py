"""Data frames as review changes and as coverage rules: what is read, and how what is wrong is told."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sys
from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import (
    AsyncGovernanceLifecycle,
    CoverageRule,
    GlobalRole,
    Group,
    RevieweeAccount,
    ReviewItemChange,
    check_coverage,
)
from infosecops.sandbox import Sandbox
from test_review_items import GL
from wire import Wire, ok

if TYPE_CHECKING:
    from collections.abc import Callable

DAY = dt.date(2030, 1, 2)
COLUMNS: dict[str, list[Any]] = {
    "state": ["revoke", "maintain", "maintain"],
    "reviewee": ["a", "b", "ü"],
    "kind": ["group", "global_role", "Global Role"],
    "name": ["G", "R", "R"],
    "business_source": ["B", None, None],
    "role_set": [None, "S", "S"],
    "account_name": [None, "n", None],
    "account_business_source": [None, "s", None],
    "comments": [None, None, "x"],
    "expires_on": [None, DAY, None],
}
CHANGES = [
    ReviewItemChange("revoke", "a", Group("G", "B")),
    ReviewItemChange("maintain", "b", GlobalRole("R", "S"), account=RevieweeAccount("n", "s"), expires_on=DAY),
    ReviewItemChange("maintain", "ü", GlobalRole("R", "S"), comments="x"),
]
RULES: dict[str, list[Any]] = {
    "reviewer.user_id": ["d'arcy", "mcastro"],
    "object_type": ["app-role", "ent"],
    "objects.name": ["Datadog", None],
    "objects": [None, "name like 'Dyna%'"],
    "subjects.department": [None, "Finance"],
    "privilege": ["signoff", None],
}
LINES = [
    "user_id='d''arcy'|user|1=1|app-role|name='Datadog'|signoff",
    "user_id='mcastro'|user|department='Finance'|ent|name like 'Dyna%'|",
]


def of_pandas(columns: dict[str, list[Any]]) -> Any:
    return pytest.importorskip("pandas").DataFrame(columns)


def of_pandas_dates(columns: dict[str, list[Any]]) -> Any:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(columns).convert_dtypes()
    if "expires_on" in columns:
        frame["expires_on"] = pandas.to_datetime(frame["expires_on"])
        assert frame["expires_on"].dtype.kind == "M"
    return frame


def of_polars(columns: dict[str, list[Any]]) -> Any:
    return pytest.importorskip("polars").DataFrame(columns)


def of_pyarrow(columns: dict[str, list[Any]]) -> Any:
    return pytest.importorskip("pyarrow").table(columns)


class Stream:
    """Something else with a stream of Arrow."""

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self.table = pytest.importorskip("pyarrow").table(columns)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


def of_duckdb(columns: dict[str, list[Any]]) -> Any:
    duckdb = pytest.importorskip("duckdb")
    frame = of_pyarrow(columns)
    relation = duckdb.connect().sql("from frame")
    assert len(frame)
    return relation


FORMS = [of_pandas, of_pandas_dates, of_polars, of_pyarrow, of_duckdb, Stream]


@pytest.fixture(params=FORMS, ids=lambda form: form.__name__)
def make(request: pytest.FixtureRequest) -> Callable[[dict[str, list[Any]]], Any]:
    return request.param


@pytest.fixture
def gl(connect: Callable[..., Any]) -> Any:
    return connect(GL, "http://127.0.0.1:9", token="t")


def test_changes_of_a_frame(gl: Any, make: Callable[..., Any]) -> None:
    found = gl.update_review_items("R", make(COLUMNS), dry_run=True)
    assert found.raw == gl.update_review_items("R", CHANGES, dry_run=True).raw


def test_what_is_wrong_with_a_frame(gl: Any, make: Callable[..., Any]) -> None:
    unknown = {**COLUMNS, "Kommentar": ["x"] * 3, "stat": ["y"] * 3}
    with pytest.raises(infosecops.ConfigError, match="changes: no such column: Kommentar, stat; known are state, revi"):
        gl.update_review_items("R", make(unknown), dry_run=True)
    less = {name: cells for name, cells in COLUMNS.items() if name not in {"kind", "state"}}
    with pytest.raises(infosecops.ConfigError, match="changes: there is no column state and no column kind"):
        gl.update_review_items("R", make(less), dry_run=True)
    with pytest.raises(TypeError, match=r"changes\[0\]\.reviewee: must be a str, not int.*changes\[2\]\.reviewee"):
        gl.update_review_items("R", make({**COLUMNS, "reviewee": [1, 2, 3]}), dry_run=True)
    with pytest.raises(infosecops.ConfigError, match=r"changes\[1\]\.reviewee: must not be empty"):
        gl.update_review_items("R", make({**COLUMNS, "reviewee": ["a", None, "c"]}), dry_run=True)


def test_columns_must_be_texts_and_stand_there_once(gl: Any) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(COLUMNS)
    with pytest.raises(infosecops.ConfigError, match="changes: columns stand there twice: name"):
        gl.update_review_items("R", pandas.concat([frame, frame[["name"]]], axis=1), dry_run=True)
    with pytest.raises(infosecops.ConfigError, match="changes: no such column: 0; known"):
        gl.update_review_items("R", pandas.concat([frame, pandas.DataFrame({0: [1]})], axis=1), dry_run=True)
    with pytest.raises(infosecops.ConfigError, match="changes: no such column: itertuples, dtype"):
        gl.update_review_items("R", frame.assign(itertuples="x", dtype="y"), dry_run=True)


def test_a_column_of_changes_is_no_frame(gl: Any) -> None:
    pandas = pytest.importorskip("pandas")
    column = pandas.Series(CHANGES)
    expected = gl.update_review_items("R", CHANGES, dry_run=True).raw
    assert gl.update_review_items("R", column, dry_run=True).raw == expected


def test_a_frame_without_rows_is_as_a_list_without(gl: Any) -> None:
    polars = pytest.importorskip("polars")
    empty = polars.DataFrame(COLUMNS).clear()
    with pytest.raises(infosecops.ConfigError) as of_list:
        gl.update_review_items("R", [], dry_run=True)
    with pytest.raises(infosecops.ConfigError) as of_frame:
        gl.update_review_items("R", empty, dry_run=True)
    assert str(of_frame.value) == str(of_list.value)


@pytest.mark.parametrize("make", FORMS[:4])
def test_a_frame_is_applied(make: Callable[..., Any]) -> None:
    columns = {"state": ["revoke"], "reviewee": ["achen"], "kind": ["group"], "name": ["Auditors"]}
    frame = make({**columns, "business_source": ["CyberArk (REST)"], "comments": ["left"]})
    with Sandbox() as box, box.governance_lifecycle() as gl:
        assert gl.update_review_items("UAR-3", frame).updated == 1


def test_the_twin_takes_a_frame() -> None:
    polars = pytest.importorskip("polars")

    async def run() -> list[str]:
        async with AsyncGovernanceLifecycle("https://gl.example.com", token="t") as gl:
            frame = polars.DataFrame(COLUMNS)
            return [(await gl.update_review_items("R", given, dry_run=True)).raw for given in (frame, CHANGES)]

    of_frame, of_list = asyncio.run(run())
    assert of_frame == of_list


def test_coverage_of_a_frame(make: Callable[..., Any], connect: Callable[..., Any]) -> None:
    report = check_coverage(make(RULES))
    assert (report.rules, report.errors) == (2, 0)
    answer = json.dumps({"data": {"type": "uploadCoverage", "status": "success"}})
    with Wire(ok(answer)) as wire:
        gl = connect(GL, wire.url, token="t")
        gl.upload_coverage(make(RULES), type="reviewer", id=1)
        body = wire.only.body.decode()
    assert all(line in body for line in LINES)


def test_what_is_wrong_with_coverage(make: Callable[..., Any]) -> None:
    with pytest.raises(infosecops.ConfigError, match=r"coverage: no such column: owner\.name, type; known are revi"):
        check_coverage(make({**RULES, "owner.name": ["x"] * 2, "type": ["y"] * 2}))
    with pytest.raises(infosecops.ConfigError, match="coverage: there is no column object_type"):
        check_coverage(make({"reviewer": ["x"]}))
    with pytest.raises(infosecops.ConfigError) as caught:
        check_coverage(make({**RULES, "objects.name": ["a|b", None], "subjects.department": [None, "c\nd"]}))
    told = str(caught.value)
    assert "coverage: 2 of 2 rows can't be used: coverage[0].objects.name: holds '|'" in told
    assert "; coverage[1].subjects.department: " in told
    with pytest.raises(infosecops.ConfigError, match=r"coverage\[0\]\.privilege: must be a str, not int"):
        check_coverage(make({**RULES, "privilege": [1, 2]}))


def test_rules_in_a_list_are_still_rules() -> None:
    assert check_coverage([CoverageRule("a=1", "ent")]).rules == 1
    with pytest.raises(TypeError, match="coverage: must be"):
        check_coverage(5)  # type: ignore[arg-type]


def test_a_missing_library_is_named(gl: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream(COLUMNS)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"reading a Stream needs the package pyarrow.*: pip install pyarrow"):
        gl.update_review_items("R", stream, dry_run=True)
