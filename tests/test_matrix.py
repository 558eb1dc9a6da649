"""Every operation with every fault, sync and async: what goes over the wire, what is raised, what works afterwards."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import infosecops
import matrix_run
import pytest
from infosecops.bamboo_agents import Agents, Tokens
from infosecops.sd_elements import Connections, ConnectionsOfKind, Jobs, JobsOfKind
from matrix import ATTEMPTS, ROWS
from matrix_expectation import OVERRIDES, Expectation, expected
from matrix_faults import FAULTS

if TYPE_CHECKING:
    from matrix import Row
    from matrix_faults import Fault
    from matrix_run import Cell

PAGE = Path(__file__).resolve().parent.parent / "docs" / "matrix.md"
EVERYTHING = matrix_run.everything()
# What a busy machine may add to a deadline; the faults last longer than this.
GRACE = 8.0
PREFIXES = {
    infosecops.GovernanceLifecycle: "",
    Jobs: "jobs.",
    JobsOfKind: "jobs.alm.",
    Connections: "connections.",
    ConnectionsOfKind: "connections.alm.",
    infosecops.Sectona: "",
    Tokens: "tokens.",
    Agents: "agents.",
}


@pytest.fixture(scope="module")
def cells(request: pytest.FixtureRequest) -> dict[str, Cell]:
    """All cells that were selected, tried in one go: those that have to wait do so side by side."""
    selected = {item.name for item in request.session.items}
    wanted = [
        cell for cell in EVERYTHING if f"{test_a_fault_does_what_the_effect_says.__name__}[{name_of(cell)}]" in selected
    ]
    return {str(cell): cell for cell in matrix_run.run(wanted)}


def name_of(cell: tuple[object, ...]) -> str:
    return "/".join(map(str, cell))


def wire_of(row: Row, expectation: Expectation, cell: Cell) -> list[str]:
    """The requests that must have been made."""
    if expectation.requests == 0:
        return []
    struck = expectation.wire or (row.struck,) * expectation.requests
    known = [*row.lead, *struck]
    # What the operation goes on to do after the struck request is its own business.
    return known + (cell.wire[len(known) :] if expectation.error is None else [])


@pytest.mark.parametrize(("row", "fault", "twin"), EVERYTHING, ids=map(name_of, EVERYTHING))
def test_a_fault_does_what_the_effect_says(row: Row, fault: Fault, twin: str, cells: dict[str, Cell]) -> None:
    cell = cells[name_of((row, fault, twin))]
    if cell.broken:
        raise cell.broken
    expectation = expected(row, fault)
    error = cell.error
    assert (error and type(error).__name__, error and error.outcome) == (expectation.error, expectation.outcome)
    assert cell.wire == wire_of(row, expectation, cell)
    assert cell.elapsed <= cell.limit + GRACE
    assert cell.afterwards is None
    if row.effect in ("unsafe", "audited"):
        assert cell.struck_applied <= 1
    if error is None:
        return
    if error.outcome in ("rejected", "not_sent"):
        assert cell.applied == 0
    assert error.system == row.system
    assert error.operation == row.operation
    assert "\n" not in str(error)
    if error.outcome == "unknown":
        assert error.hint
        assert error.hint in str(error)
    if fault.symptom != "redirect" and not expectation.wire and not isinstance(error, infosecops.WaitTimeout):
        is_searching = row.is_fresh and fault.status == 404
        assert error.attempts == (ATTEMPTS if fault.symptom == "gone" else 1 if is_searching else expectation.requests)


def public_operations() -> list[str]:
    found = {
        prefix + name
        for cls, prefix in PREFIXES.items()
        for name, _ in inspect.getmembers(cls, inspect.isfunction)
        if not name.startswith("_")
    }
    # They send nothing, or give objects that do.
    return sorted(found - {"close", "config_report", "credential", "jobs.kind", "connections.kind", "agents"})


@pytest.mark.parametrize("operation", public_operations())
def test_every_operation_is_in_the_matrix_and_on_its_page(operation: str) -> None:
    assert operation in {row.operation for row in ROWS}
    assert f"`{operation}`" in PAGE.read_text(encoding="utf-8")


def test_every_client_has_a_row_for_raw_requests() -> None:
    assert {row.system for row in ROWS if row.is_raw} == {row.system for row in ROWS}


def test_names_are_unique_and_every_override_is_needed() -> None:
    for names in (list(map(str, ROWS)), list(map(str, FAULTS))):
        assert len(set(names)) == len(names)
    for is_for, _, reason in OVERRIDES:
        assert any(is_for(row, fault) for row in ROWS for fault in FAULTS), reason
