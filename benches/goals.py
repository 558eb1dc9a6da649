"""What this package is held to: a figure of ours against those of others, and whether it is reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ratios import median_of, median_ratio
from workload import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ratios import Round

OURS = "infosecops"
Metric = Literal["cpu", "wall", "peak", "extra"]
NOUNS = {"cpu": "CPU", "wall": "time", "peak": "peak memory", "extra": "extra memory"}


@dataclass(frozen=True)
class Goal:
    """What is asked for.

    `times`: the best of `others` needs at least `must` times what we need. `share`: we need at most `must` of what the
    best of `others` needs. `at most`: we need at most `must`, in microseconds or MB.
    """

    metric: Metric
    kind: Literal["times", "share", "at most"]
    must: float
    others: tuple[str, ...] = ()
    then: float | None = None
    """What would be better still."""
    ours: str = OURS


@dataclass
class Verdict:
    """A goal and what was measured. `reached` is None if no figure could be had."""

    goal: Goal
    value: float | None = None
    reached: bool | None = None
    further: bool | None = None
    against: str = ""
    missing: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What is asked for, in words."""
        goal, noun = self.goal, NOUNS[self.goal.metric]
        ours = "" if goal.ours == OURS else f"{label(goal.ours).removeprefix(OURS).lstrip(' +,')}: "
        if goal.kind == "at most":
            return f"{ours}{noun} at most {amount(goal.metric, goal.must)}"
        others = label(self.against) if self.against else "best of " + ", ".join(map(label, goal.others))
        sign = ">=" if goal.kind == "times" else "<="
        return f"{ours}{noun} {sign} {goal.must:g}x {others}"

    @property
    def measured(self) -> str:
        """What came of it."""
        if self.value is None:
            return "not measured"
        return amount(self.goal.metric, self.value) if self.goal.kind == "at most" else f"{self.value:.2f}x"

    @property
    def word(self) -> str:
        """The verdict."""
        words = {None: "not measured", True: "reached", False: "missed"}
        return words[self.reached] + (", and further" if self.further else "")


def is_ours(entry: str) -> bool:
    """Whether an entry is this package."""
    return entry.startswith(OURS)


def amount(metric: str, value: float) -> str:
    """A figure with its unit: memory in MB, times in what is easiest to read."""
    if metric in {"peak", "extra"}:
        return f"{value:.1f} MB"
    for limit, divisor, unit in ((1e3, 1, "us"), (1e6, 1e3, "ms")):
        if abs(value) < limit:
            return f"{value / divisor:.{1 if value / divisor < 100 else 0}f} {unit}"  # noqa: PLR2004 - three digits
    return f"{value / 1e6:.2f} s"


def judge(goal: Goal, rounds: Sequence[Round]) -> Verdict:
    """Measure a goal by the medians of the ratios within each round."""
    verdict = Verdict(goal)
    if goal.kind == "at most":
        verdict.value = median_of(rounds, goal.ours, goal.metric)
    else:
        found = {name: median_ratio(rounds, name, goal.ours, goal.metric) for name in goal.others}
        verdict.missing = [name for name, ratio in found.items() if ratio is None]
        known = {name: ratio for name, ratio in found.items() if ratio is not None}
        if not known:
            return verdict
        verdict.against = min(known, key=known.__getitem__)
        ratio = known[verdict.against]
        verdict.value = ratio if goal.kind == "times" else 1 / ratio
    if verdict.value is not None:
        verdict.reached = fulfils(goal, verdict.value, goal.must)
        verdict.further = goal.then is not None and fulfils(goal, verdict.value, goal.then)
    return verdict


def fulfils(goal: Goal, value: float, bound: float) -> bool:
    return value >= bound if goal.kind == "times" else value <= bound
