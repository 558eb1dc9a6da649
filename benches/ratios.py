"""Medians over rounds. A machine's speed drifts from round to round, so ratios are made within a round."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    Round: TypeAlias = dict[str, dict[str, Any]]
    """By entry: its figures."""

SMALLEST = {"cpu": 1e-3, "wall": 1e-3, "peak": 0.1, "extra": 0.1}
"""Less than this is noise, and nothing is divided by it."""


def median_of(rounds: Sequence[Round], entry: str, metric: str) -> float | None:
    """The median of an entry's figure; None if no round has one."""
    figures = [each[entry][metric] for each in rounds if metric in each.get(entry, {})]
    return median(figures) if figures else None


def median_ratio(rounds: Sequence[Round], other: str, ours: str, metric: str) -> float | None:
    """The median over rounds of the other's figure divided by ours: above 1, ours is the smaller."""
    least = SMALLEST[metric]
    ratios = [
        max(each[other][metric], least) / max(each[ours][metric], least)
        for each in rounds
        if metric in each.get(other, {}) and metric in each.get(ours, {})
    ]
    return median(ratios) if ratios else None


def spread(rounds: Sequence[Round], entry: str, metric: str) -> float | None:
    """How far the figures of an entry lie apart, as a part of their median."""
    figures = [each[entry][metric] for each in rounds if metric in each.get(entry, {})]
    middle = median(figures) if figures else 0
    return (max(figures) - min(figures)) / middle if middle else None
