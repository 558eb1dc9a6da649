"""The matrix' own runner: an answer that comes late while a cell is being prepared breaks no cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matrix_run
import pytest
from infosecops.sandbox import Sandbox
from matrix import HASTY, ROWS
from matrix_expectation import expected
from matrix_faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix import Row

LATE = HASTY + 0.1
HASTY_FAULTS = [fault for fault in FAULTS if fault.name == "no answer"]
# One of each kind: a list, a change, several requests, a login before, a wait, many at once, a task that is given back.
NAMES = {
    "jobs.alm.list, second page",
    "update_review_items, second chunk",
    "run_review, its login",
    "tokens.create",
    "request_passwords",
    "wait_for_run",
    "jobs.alm.wait_all",
    "agents.maintenance_window, its finish",
}
SAMPLE = [row for row in ROWS if row.title in NAMES]


class BusyLane(matrix_run.Lane):
    """Each time something is got ready, one answer comes after the time of a hasty client."""

    delays = 0

    def again(self, call: Callable[[], object]) -> None:
        self.box.faults.next(system=self.row.system, operation=self.row.struck, skip=self.row.skip, delay=LATE)
        self.delays += 1
        super().again(call)
        self.box.faults.clear()


def test_the_sample_has_all_its_rows() -> None:
    assert {row.title for row in SAMPLE} == NAMES


@pytest.mark.parametrize("fault", HASTY_FAULTS, ids=str)
@pytest.mark.parametrize("row", SAMPLE, ids=str)
@pytest.mark.parametrize("twin", matrix_run.TWINS)
def test_a_late_answer_while_getting_ready_breaks_no_cell(row: Row, twin: str, fault: matrix_run.Fault) -> None:
    with Sandbox() as box:
        lane = BusyLane(row, twin, box)
        try:
            cell = lane.attempt(fault)
        finally:
            lane.close()
    expectation = expected(row, fault)
    error = cell.error
    assert (error and type(error).__name__, error and error.outcome) == (expectation.error, expectation.outcome)
    assert cell.wire == [*row.lead, *(row.struck,) * expectation.requests]
    assert cell.afterwards is None
    assert lane.delays >= 2
