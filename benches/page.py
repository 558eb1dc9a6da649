"""What stays of a run: the figures as JSON, the goals in one table, docs/performance.md and its picture."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from textwrap import fill
from typing import TYPE_CHECKING, Any

import machine
import report
from bars import Bar, Group, svg
from goals import NOUNS, amount, is_ours, judge
from ratios import median_of, median_ratio, spread
from workload import label
from workloads import WORKLOADS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from ratios import Round
    from workload import Workload

PEERS = (
    *("requests", "urllib3", "httpx", "aiohttp", "uvloop", "pyreqwest", "primp", "pycurl"),
    *("orjson", "msgspec", "pydantic", "lxml"),
)

HEAD = """# Performance

This package beside the clients that people use instead, and beside what Rust alone needs for the same work.
`make bench` measures it; with `BENCH_ARGS=--write` it writes this page.

![Bars: what each client needs; the shorter, the better](performance.svg)

A bar with an arrow behind it goes on: it would be more than ten times as long as ours.

Times are those of one run on one machine and say nothing about another; what counts are the ratios. Every call of ours
goes through the public API with its defaults: deadline, mapping of errors, masking and logging are in place.

## How it is measured

* The server is a bare one in Rust ([benches/rust](../benches/rust)): one thread, connections kept open, answers in the
  vendors' documented forms that are made once. TLS 1.3, with a certificate authority made for the run.
* {cores}
* Each round runs every entry once, in a new random order and a fresh process each. `x time` and `x CPU` are medians
  over the rounds of the other's figure divided by ours in the same round: above 1, we need less.
* All entries do the same and must find the same (a name, a password, a sum over all that was read), or the run fails.
* CPU is the processor time of the client's whole process, user and system, while it works. `peak` is the most memory
  the process ever had, `extra` what it had at most above the moment before the work.
* Each client is used as one who knows it would use it: one session or pool, headers set once, a fast JSON reader
  beside a fast client, structs decoded directly from bytes, files streamed. `requests` looks for proxies and passwords
  in the environment and netrc before every call, unless `trust_env` is off. The limits are loops in Rust that do only
  what is needed. `reqwest loop` is what our client could reach if Python cost nothing.
* Rows with dicts, and those marked `text`, leave times as text; structs and our objects have datetimes. A row marked
  `raw` does not decode `params` at all.
* Starts (W6) are measured from outside: the whole process, less what an interpreter needed that did nothing right
  before it. In each round all entries take turns many times.

`make bench` needs no network but for its tools and peers. `make bench BENCH_ARGS="--only get,jobs"` runs a part,
`--quick` less of everything, `--help` tells the rest. The figures of every round are then in
`.build/bench/results.json`.
"""
PINNED = """Server and client have a core each. Processes that run only when nothing else wants to keep the cores from
  halting, except where many calls are in flight."""


def about(options: argparse.Namespace) -> dict[str, Any]:
    """Where and with what it was measured."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "pinned": machine.pinned(),
        "quick": options.quick,
        "versions": {**dict(map(versioned, PEERS)), "niquests": version_in(options.niquests, "niquests")},
    }


def versioned(package: str) -> tuple[str, str | None]:
    try:
        return package, version(package)
    except PackageNotFoundError:
        return package, None


def version_in(python: Path, package: str) -> str | None:
    """A package's version in another environment; None if it is not there."""
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    try:
        done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def plain(about_run: dict[str, Any], results: dict[str, list[Round]]) -> dict[str, Any]:
    """Everything, for other programs."""
    workloads = {}
    for name, rounds in results.items():
        workload = WORKLOADS[name]
        entries = {entry: figures_of(rounds, entry) for entry in report.names_of(workload)}
        verdicts = [judge(goal, rounds) for goal in workload.goals]
        workloads[name] = {
            "title": workload.title,
            "unit": workload.unit,
            "entries": {entry: figures for entry, figures in entries.items() if figures},
            "left_out": report.left_out(rounds),
            "goals": [
                {
                    "goal": verdict.text,
                    "must": verdict.goal.must,
                    "then": verdict.goal.then,
                    "value": verdict.value,
                    "against": verdict.against,
                    "missing": verdict.missing,
                    "reached": verdict.reached,
                    "further": verdict.further,
                }
                for verdict in verdicts
            ],
            "rounds": rounds,
        }
    return {"about": about_run, "workloads": workloads}


def figures_of(rounds: Sequence[Round], entry: str) -> dict[str, float]:
    """Medians, ratios to ours, and how far the rounds lie apart."""
    figures: dict[str, float] = {}
    for metric in report.METRICS:
        value = median_of(rounds, entry, metric)
        if value is None:
            continue
        figures[metric] = value
        ratio = median_ratio(rounds, entry, report.same_size(entry), metric)
        apart = spread(rounds, entry, metric)
        figures |= {f"x_{metric}": ratio} if ratio is not None else {}
        figures |= {f"spread_{metric}": apart} if apart is not None else {}
    return figures


def goals_of(results: dict[str, list[Round]]) -> list[list[str]]:
    """A row for every goal of every workload that was run."""
    rows = []
    for name, rounds in results.items():
        rows += [[name, *row] for row in report.goal_rows(WORKLOADS[name], rounds)]
    return rows


def goals_text(results: dict[str, list[Round]]) -> str:
    """All goals under each other."""
    rows = goals_of(results)
    return report.aligned([["workload", "goal", "measured", "", "then"], *rows]) if rows else ""


def markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    """A table whose first row is its head."""
    head, *others = rows
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *others]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def document(about_run: dict[str, Any], results: dict[str, list[Round]]) -> str:
    """The page."""
    cores = PINNED if about_run["pinned"] else "Server and client share the cores: pinning was not possible here."
    versions = ", ".join(f"{name} {found}" for name, found in about_run["versions"].items() if found)
    system = f"{about_run['system']} on {about_run['machine']}, {about_run['cores']} cores"
    measured = [f"Measured on {system}, CPython {about_run['python']}.", f"Versions: {versions}."]
    if about_run["quick"]:
        measured.append("This was a short run: fewer rounds, and fewer items than the titles say.")
    lines = [HEAD.format(cores=cores), *fill(" ".join(measured), 120).splitlines(), "", "## Goals", ""]
    lines += markdown([["Workload", "Goal", "Measured", "Verdict", "Further goal"], *goals_of(results)])
    for name, rounds in results.items():
        workload = WORKLOADS[name]
        lines += ["", f"## {workload.title}", "", f"Each {workload.unit}; medians of {len(rounds)} rounds.", ""]
        rows = report.table(workload, rounds)
        lines += markdown([*rows[:1], *([f"**{row[0]}**", *row[1:]] if is_ours(row[0]) else row for row in rows[1:])])
        absent = report.left_out(rounds)
        lines += ["", *(f"Left out: {entry}: {reason}." for entry, reason in absent.items())] if absent else []
    return "\n".join(lines) + "\n"


def picture(results: dict[str, list[Round]]) -> str:
    """The bars of what is drawn."""
    drawn = [(WORKLOADS[name], rounds) for name, rounds in results.items() if WORKLOADS[name].picture]
    titles = [f"{workload.title}: {NOUNS[workload.picture]}" for workload, _ in drawn]
    return svg([Group(title, bars_of(*each)) for title, each in zip(titles, drawn, strict=True)])


def bars_of(workload: Workload, rounds: Sequence[Round]) -> list[Bar]:
    bars = []
    for entry in report.names_of(workload):
        value = median_of(rounds, entry, workload.picture)
        if value is not None:
            kind = "ours" if is_ours(entry) else "limit" if entry in workload.limits else "other"
            bars.append(Bar(label(entry), value, amount(workload.picture, value), kind))
    return sorted(bars, key=lambda bar: bar.value)


def write(about_run: dict[str, Any], results: dict[str, list[Round]], folder: Path) -> None:
    """The page and its picture."""
    (folder / "performance.md").write_text(document(about_run, results), encoding="utf-8")
    (folder / "performance.svg").write_text(picture(results), encoding="utf-8")
