"""The tables of a run, as text for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from goals import OURS, amount, judge
from ratios import median_of, median_ratio
from workload import COUNT_SEPARATOR, label, size_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ratios import Round
    from workload import Workload

METRICS = ("wall", "cpu", "peak", "extra")


def names_of(workload: Workload) -> list[str]:
    return [*workload.entries, *workload.limits]


def table(workload: Workload, rounds: Sequence[Round]) -> list[list[str]]:
    """A row for every entry that has figures: time, CPU, how many times ours they are, memory."""
    rows = [["", "time", "CPU", "x time", "x CPU", "peak", "extra"]]
    for name in names_of(workload):
        cells = []
        for metric in METRICS:
            value = median_of(rounds, name, metric)
            cells.append("" if value is None else amount(metric, value))
        if not any(cells):
            continue
        base = same_size(name)
        ratios = [median_ratio(rounds, name, base, metric) for metric in ("wall", "cpu")]
        shown = ["" if ratio is None or name == base else f"{ratio:.2f}" for ratio in ratios]
        rows.append([label(name), *cells[:2], *shown, *cells[2:]])
    return rows


def same_size(name: str) -> str:
    """Ours with as many items as the entry has."""
    size = size_of(name)
    return f"{OURS}{COUNT_SEPARATOR}{size}" if size else OURS


def goal_rows(workload: Workload, rounds: Sequence[Round]) -> list[list[str]]:
    """A row for every goal: what is asked for, what was measured, the verdict."""
    rows = []
    for goal in workload.goals:
        verdict = judge(goal, rounds)
        further = "" if goal.then is None else f"{goal.then:g}"
        if goal.kind == "at most" and goal.then is not None:
            further = amount(goal.metric, goal.then)
        rows.append([verdict.text, verdict.measured, verdict.word, further])
    return rows


def left_out(rounds: Sequence[Round]) -> dict[str, str]:
    """Entries without figures, and why."""
    reasons: dict[str, str] = {}
    for each in rounds:
        for name, figures in each.items():
            if "missing" in figures:
                reasons[label(name)] = f"{figures['missing']} is not installed"
            elif "failed" in figures:
                reasons[label(name)] = figures["failed"]
    return reasons


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Columns under each other: the first to the left, all others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(lines)


def text(workload: Workload, rounds: Sequence[Round]) -> str:
    """Everything of one workload."""
    parts = [f"== {workload.title} ({workload.name}; each {workload.unit}, medians of {len(rounds)} rounds)"]
    parts.append(aligned(table(workload, rounds)))
    if goals := goal_rows(workload, rounds):
        parts.append(aligned([["goal", "measured", "", "then"], *goals]))
    parts += [f"left out: {name}: {reason}" for name, reason in left_out(rounds).items()]
    return "\n".join(parts) + "\n"
