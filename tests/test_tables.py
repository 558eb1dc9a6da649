"""Tables: read like lists, taken as data frames by four libraries, and never a secret in them."""

from __future__ import annotations

import asyncio
import copy
import pickle
import sys
from typing import Any

import pytest
from infosecops import AsyncBambooAgents, AsyncSDElements, Table
from infosecops.sandbox import Sandbox
from tables import CONNECTION, HOLLOW, JOB, JOBS, KINDS, MARKER, NOTHING, is_there, table_of


@pytest.fixture(params=KINDS)
def table(request: pytest.FixtureRequest) -> Table[Any]:
    return table_of(*KINDS[request.param])


@pytest.fixture
def jobs() -> Table[Any]:
    return table_of("jobs", JOBS)


@pytest.fixture(params=[False, True], ids=["nested", "flattened"])
def flatten(request: pytest.FixtureRequest) -> bool:
    return request.param


def test_a_table_is_read_like_a_list(jobs: Table[Any]) -> None:
    records = list(jobs)
    assert (len(jobs), jobs == records, records == jobs, bool(jobs)) == (4, True, True, True)
    assert jobs == table_of("jobs", JOBS)
    assert jobs != records[:3]
    assert jobs != table_of("jobs", [JOB, NOTHING, HOLLOW, NOTHING])
    assert jobs != tuple(records)
    assert (jobs[0], jobs[-1], jobs[True]) == (records[0], records[3], records[1])
    for part in (
        slice(1, None),
        slice(None, None, -1),
        slice(None, None, 2),
        slice(-9, 9),
        slice(3, 0, -2),
        slice(9, 12),
    ):
        assert isinstance(jobs[part], Table)
        assert list(jobs[part]) == records[part]
    assert records[2] in jobs
    assert records[0] not in jobs[1:3]
    assert [*reversed(jobs)] == records[::-1]
    for index in (4, -5, 10**6):
        with pytest.raises(IndexError, match="table index out of range"):
            jobs[index]
    for index in ("id", None, 1.0, (1,)):
        with pytest.raises(TypeError, match=f"integers or slices, not {type(index).__name__}"):
            jobs[index]  # type: ignore[index]
    with pytest.raises(TypeError, match="unhashable"):
        hash(jobs)
    assert copy.copy(jobs) is jobs
    assert copy.deepcopy(jobs) is jobs


def test_every_iteration_begins_anew(jobs: Table[Any]) -> None:
    one, other = iter(jobs), iter(jobs)
    assert (next(one).id, next(other).id, next(one).id) == (12, 12, 13)
    assert [job.id for job in one] == [14, 12]
    assert next(one, None) is None


def test_the_cells_of_a_row(jobs: Table[Any]) -> None:
    first, nothing, hollow, _ = jobs.to_dicts()
    assert {**first, "connection": None} == {
        "id": 12,
        "kind": "alm",
        "user": "a@b.c",
        "triggered_by": "9",
        "automatic": False,
        "ready": True,
        "succeeded": True,
        "result_message": JOB["result_message"],
        "last_run": jobs[0].last_run,
        "connection": None,
    }
    known = {name: CONNECTION[name] for name in CONNECTION if name not in {"params", "secret"}}
    assert first["connection"] == {**known, "kind": "alm"}
    assert nothing == {**dict.fromkeys(first), "id": 13, "kind": "alm"}
    assert hollow["connection"] == {**dict.fromkeys(first["connection"]), "kind": "alm"}
    flat = jobs.to_dicts(flatten=True)[0]
    assert flat == {
        **{name: first[name] for name in first if name != "connection"},
        **{f"connection_{name}": cell for name, cell in first["connection"].items()},
    }
    assert jobs.flattened().to_dicts() == jobs.to_dicts(flatten=True)
    assert jobs.flattened()[1:].to_dicts() == jobs.to_dicts(flatten=True)[1:]
    assert jobs.flattened() == jobs


def test_columns_of_a_connection_are_the_same_everywhere(jobs: Table[Any]) -> None:
    connections = table_of("connections", [CONNECTION])
    assert connections.to_dicts()[0] == jobs.to_dicts()[0]["connection"]
    assert list(connections.to_dicts()[0]) == list(jobs.to_dicts()[0]["connection"])


def test_polars_reads_a_table(table: Table[Any], flatten: bool) -> None:  # noqa: FBT001
    polars = pytest.importorskip("polars")
    table = table.flattened() if flatten else table
    for frame in (polars.DataFrame(table), table.to_polars()):
        assert frame.to_dicts() == table.to_dicts()
    assert polars.DataFrame(table[:0]).schema == polars.DataFrame(table).schema


def test_pyarrow_reads_a_table(table: Table[Any], flatten: bool) -> None:  # noqa: FBT001
    pyarrow = pytest.importorskip("pyarrow")
    table = table.flattened() if flatten else table
    read = pyarrow.table(table)
    read.validate(full=True)
    assert read.to_pylist() == table.to_dicts()
    assert read.schema == pyarrow.schema(table) == pyarrow.table(table[:0]).schema


def test_pandas_reads_a_table(table: Table[Any], flatten: bool) -> None:  # noqa: FBT001
    pandas, _ = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")

    def plain(cell: Any) -> Any:
        if isinstance(cell, dict):
            return {name: plain(inner) for name, inner in cell.items()}
        return None if cell is None or pandas.isna(cell) else cell

    frame = table.to_pandas(flatten=flatten)
    assert [plain(row) for row in frame.to_dict("records")] == table.to_dicts(flatten=flatten)
    assert list(frame.dtypes) == list(table[:0].to_pandas(flatten=flatten).dtypes)
    if hasattr(pandas.DataFrame, "from_arrow"):
        assert len(pandas.DataFrame.from_arrow(table)) == len(table)


def test_duckdb_reads_a_table(table: Table[Any], flatten: bool) -> None:  # noqa: FBT001
    duckdb, _ = pytest.importorskip("duckdb"), pytest.importorskip("pyarrow")
    found = table.flattened() if flatten else table
    with duckdb.connect() as database:
        read = database.sql("from found").to_arrow_table()
    assert read.to_pylist() == found.to_dicts()


def test_types_of_columns(jobs: Table[Any]) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    schema = pyarrow.schema(jobs)
    types = {field.name: str(field.type) for field in schema}
    nested = {field.name: str(field.type) for field in schema.field("connection").type}
    assert types.pop("connection").startswith("struct<")
    assert types == {
        "id": "int64",
        **dict.fromkeys(("kind", "user", "triggered_by", "result_message"), "large_string"),
        **dict.fromkeys(("automatic", "ready", "succeeded"), "bool"),
        "last_run": "timestamp[us, tz=UTC]",
    }
    assert set(nested.values()) == {"int64", "large_string", "bool"}
    assert all(field.nullable for field in schema)


def test_frames_of_pandas_have_types_that_may_be_empty(jobs: Table[Any]) -> None:
    pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    types = jobs.to_pandas(flatten=True).dtypes
    assert str(types["connection_project"]) == "Int64"
    assert str(types["ready"]) == "boolean"
    assert str(types["last_run"]) == "datetime64[us, UTC]"


def test_no_secret_is_in_a_table(table: Table[Any]) -> None:
    shown = [repr(table), repr(table.flattened()), table._repr_html_(), repr(table.to_dicts())]
    shown += [repr(pickle.dumps(table)), repr(table.to_dicts(flatten=True))]
    if is_there("pandas") and is_there("pyarrow"):
        shown.append(table.to_pandas().to_csv())
    if is_there("polars"):
        shown.append(repr(table.to_polars().to_dicts()))
    assert MARKER not in "".join(shown)


def test_a_terminal_shows_what_there_is(jobs: Table[Any]) -> None:
    shown = repr(jobs.flattened()[:3])
    assert not set(shown) & {"\x1b", "\r"}
    assert [line.split() for line in shown.splitlines()] == [
        ["Table[Job]:", "3", "rows"],
        list(jobs.to_dicts(flatten=True)[0]),
        [
            *("12", "alm", "a@b.c", "9", "False", "True", "True", 'line\\n"two"', "<b>ü\\x1b[31m"),
            *("2015-04-15", "20:27:24Z", "23", "alm", "Mine", "Rally", "daily", "run", "7", "False", "True", "False"),
        ],
        ["13", "alm"],
        ["14", "alm", "alm"],
    ]
    assert repr(jobs[1:3]).splitlines()[1:] == ["id  kind", "13  alm", "14  alm"]
    assert repr(jobs).splitlines()[2].endswith("  2015-04-15 20:27:24Z  23 Mine")
    assert repr(jobs[:0]) == "Table[Job]: 0 rows"
    assert repr(jobs[:1]).startswith("Table[Job]: 1 row\n")
    many = table_of("jobs", [{"id": number, "result_message": "x" * 99} for number in range(13)])
    lines = repr(many).splitlines()
    assert (len(lines), lines[-1], lines[11].split()) == (13, "… 3 more", ["9", "alm", "x" * 23 + "…"])


def test_a_notebook_shows_what_there_is(jobs: Table[Any]) -> None:
    html = jobs._repr_html_()
    assert "23 Mine" in html
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
    many = table_of("jobs", [{"id": number, "user": f"user{number}."} for number in range(60)])
    html = many._repr_html_()
    assert "user49." in html
    assert "user50." not in html
    assert "10" in html.split("user49.")[1]


def test_looking_at_a_table_sends_nothing() -> None:
    with Sandbox() as box, box.sd_elements() as sde:
        table = sde.jobs.list().collect()
        sent = len(box.journal)
        for look in (repr, Table._repr_html_, len, list, Table.to_dicts, Table.flattened, Table.__arrow_c_stream__):
            assert look(table)
        assert len(box.journal) == sent


def test_pages_are_gathered() -> None:
    with Sandbox() as box, box.sd_elements() as sde:
        assert len(box.journal) == 0
        table = sde.jobs.alm.list(page_size=1).collect()
        assert (len(table), len(box.journal)) == (2, 2)
        assert table == list(sde.jobs.alm.list())
        assert sde.jobs.alm.list(page_size=1, limit=1).collect() == table[:1]


def test_twins_give_tables() -> None:
    async def run(box: Sandbox) -> tuple[Any, ...]:
        bamboo_place, sde_place = box.bamboo_agents, box.sd_elements
        bamboo: AsyncBambooAgents = bamboo_place.async_client()
        sde: AsyncSDElements = sde_place.async_client()
        async with bamboo, sde:
            agents = bamboo.agents(bamboo_place.access_token)
            return await asyncio.gather(
                bamboo.tokens.list(), agents.list(), sde.jobs.list().collect(), sde.connections.alm.list().collect()
            )

    with Sandbox() as box:
        given = asyncio.run(run(box))
        with box.bamboo_agents() as bamboo, box.sd_elements() as sde:
            agents = bamboo.agents(box.bamboo_agents.access_token).list()
            sync = (bamboo.tokens.list(), agents, sde.jobs.list().collect(), sde.connections.alm.list().collect())
    assert [type(table) for table in given] == [Table] * 4
    assert tuple(given) == sync


@pytest.mark.parametrize(
    ("call", "missing"), [("to_polars", "polars"), ("to_pandas", "pandas"), ("to_pandas", "pyarrow")]
)
def test_a_missing_library_is_named(jobs: Table[Any], call: str, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if missing == "pyarrow":
        pytest.importorskip("pandas")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=rf"{call}\(\) needs the package {missing}.*: pip install {missing}$"):
        getattr(jobs, call)()
