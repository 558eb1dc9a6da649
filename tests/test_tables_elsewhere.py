"""Tables leave the place where they were made: for other processes, threads, and readers that outlive them."""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
import threading
from typing import Any

import infosecops
import pytest
from infosecops import Table
from tables import JOB, JOBS, KINDS, is_there, table_of


@pytest.fixture(params=KINDS)
def table(request: pytest.FixtureRequest) -> Table[Any]:
    return table_of(*KINDS[request.param])


@pytest.fixture
def jobs() -> Table[Any]:
    return table_of("jobs", JOBS)


def test_a_table_travels_without_secrets(table: Table[Any]) -> None:
    for given in (table, table.flattened()):
        came = pickle.loads(pickle.dumps(given))
        assert came.to_dicts() == given.to_dicts()
        assert repr(came) == repr(given)
    if table.to_dicts() and hasattr(table[0], "uuid"):
        with pytest.raises(infosecops.ConfigError, match="left behind"):
            pickle.loads(pickle.dumps(table))[0].uuid.reveal()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_table_after_a_fork() -> None:
    script = """
import os, sys
from infosecops.sandbox import Sandbox
with Sandbox() as box, box.sd_elements() as sde:
    table = sde.jobs.list().collect()
    expected = table.to_dicts()
    held = table.__arrow_c_stream__()
    child = os.fork()
    if not child:
        ok = table.to_dicts() == expected and len(list(table)) == len(expected) and repr(table)
        del held
        table.__arrow_c_stream__()
        os._exit(0 if ok else 1)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_streams_that_nobody_reads_are_given_back(jobs: Table[Any]) -> None:
    kept = [(jobs.__arrow_c_stream__(), jobs.__arrow_c_schema__()) for _ in range(200)]
    assert {repr(one).split('"')[1] for one, _ in kept} == {"arrow_array_stream"}
    assert {repr(one).split('"')[1] for _, one in kept} == {"arrow_schema"}
    kept.clear()
    gc.collect()
    long = table_of("jobs", [JOB] * 5000)
    before = memory()
    for _ in range(60):
        long.__arrow_c_stream__()
    assert memory() - before < 30 * 2**20


def memory() -> int:
    """What this process holds, in bytes; 0 where it is not told."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * 4096
    except OSError:
        return 0


def test_what_is_read_outlives_the_table() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    table = table_of("jobs", JOBS)
    expected = table.to_dicts()
    stream = pyarrow.RecordBatchReader.from_stream(table)
    del table
    gc.collect()
    assert stream.read_all().to_pylist() == expected


def test_threads_read_one_table_at_a_time() -> None:
    table = table_of("jobs", JOBS * 500)
    expected, barrier = table.to_dicts(), threading.Barrier(3)
    found: list[bool] = []

    def read() -> None:
        barrier.wait(30)
        for _ in range(5):
            table.__arrow_c_stream__()
            whole = is_there("polars") and table.to_polars().to_dicts()
            found.append((whole or table.to_dicts()) == expected)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [True] * 15
