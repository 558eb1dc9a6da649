"""What it costs to make data frames of 100 000 jobs: by Arrow, and by dicts. Needs polars, pandas and pyarrow.

Run it on an optimised build: ``python benches/tables.py``. It prints CPU time, medians of seven runs.
"""

from __future__ import annotations

import json
import statistics
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
from infosecops import SDElements

if TYPE_CHECKING:
    from collections.abc import Callable

    from infosecops import Job, Table

JOBS = 100_000
RUNS = 7


def job(number: int) -> dict[str, Any]:
    connection = {
        "id": number % 40,
        "alias": f"Connection {number % 40}",
        "system": "Jira",
        "frequency": "daily",
        "command": "sync_jira",
        "params": {"alm_user": "u", "alm_pass": "p"},
        "project": number % 40,
        "inaccessible": False,
    }
    return {
        "id": number,
        "user": f"user{number % 500}@example.com",
        "triggered_by": f"user{number % 300}@example.com",
        "automatic": number % 2 == 0,
        "ready": True,
        "succeeded": number % 7 != 0,
        "result_message": "" if number % 7 else "Could not log in to the server",
        "last_run": f"2026-0{number % 9 + 1}-11T10:{number % 60:02}:00.{number:06}Z",
        "connection": connection,
    }


class Server(BaseHTTPRequestHandler):
    """Answers one list."""

    answer = json.dumps([job(number) for number in range(JOBS)]).encode()

    def do_GET(self) -> None:
        """Give it."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def jobs() -> Table[Job]:
    with HTTPServer(("127.0.0.1", 0), Server) as server:
        Thread(target=server.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        with SDElements(url, token=lambda: "t", allow_http=True, proxy="direct") as sde:
            return sde.jobs.alm.list().collect()


def cost(work: Callable[[], object]) -> float:
    def once() -> float:
        begun = time.process_time()
        work()
        return (time.process_time() - begun) * 1000

    once()
    return statistics.median(once() for _ in range(RUNS))


def main() -> None:
    table = jobs()
    dicts = table.to_dicts()
    ways: dict[str, Callable[[], object]] = {
        "stream alone": table.__arrow_c_stream__,
        "polars": table.to_polars,
        "polars, of dicts that are there": lambda: pl.DataFrame(dicts),
        "polars, of to_dicts()": lambda: pl.DataFrame(table.to_dicts()),
        "polars, of each job's to_dict()": lambda: pl.DataFrame([job.to_dict() for job in table]),
        "pandas": table.to_pandas,
        "pandas, flattened": lambda: table.to_pandas(flatten=True),
        "pandas, of to_dicts()": lambda: pd.DataFrame(table.to_dicts()),
        "pandas, of to_dicts(), flattened": lambda: pd.DataFrame(table.to_dicts(flatten=True)),
        "to_dicts()": table.to_dicts,
        "pass over the objects": lambda: [None for _ in table],
    }
    for name, work in ways.items():
        print(f"{name:34}{cost(work):8.1f} ms")


if __name__ == "__main__":
    main()
