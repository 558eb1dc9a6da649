"""A call whose outcome is unknown can be settled: its hint names the check, and the check works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops
import matrix_run
import pytest
from infosecops import Group, ReviewItemChange
from infosecops.sandbox import Sandbox
from matrix import BAMBOO, GL, PAM, ROWS, SDE
from matrix_expectation import expected
from matrix_faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from matrix import Row
    from matrix_faults import Fault
    from matrix_run import Cell

# What the hint of an unknown outcome must say.
RECIPES = {
    (GL, "upload_coverage"): "look at the coverage in the review",
    (GL, "update_review_items"): "same_state_ok=True",
    (GL, "command"): "look in the product whether it was applied",
    (GL, "run_review"): "look for a run of this definition",
    (GL, "set_review_state"): "get_review_status(id)",
    (GL, "refresh_review"): "get_review_status(id)",
    (GL, "update_unreviewed_items"): "get_review_status(id)",
    (SDE, "jobs.alm.start"): "jobs.alm.list(connection=12)",
    (SDE, "jobs.alm.report"): "jobs.alm.list(connection=12)",
    (PAM, "request_password"): "asking again is logged again",
    (PAM, "call"): "look in the vault whether it was applied",
    (BAMBOO, "tokens.create"): "list the tokens",
    (BAMBOO, "tokens.update"): "repeat the same update",
    (BAMBOO, "tokens.ensure"): ("ensure()", "repeat the same update"),
    (BAMBOO, "tokens.revoke"): "repeat the same update",
    (GL, "login"): "log in again, which does no harm",
    (GL, "logout"): "log out again, which does no harm",
    (BAMBOO, "agents.enable"): "look at agents.state(131073).enabled",
    (BAMBOO, "agents.disable"): "look at agents.state(131075).enabled",
    (BAMBOO, "agents.clear_capabilities"): "look at agents.capabilities(131073)",
    (BAMBOO, "agents.maintenance"): "TaskLeftOpen names the task",
    (BAMBOO, "agents.finish_maintenance"): "look at agents.state(131073).enabled",
    (BAMBOO, "agents.maintenance_window"): ("TaskLeftOpen names the task", "agents.finish_maintenance(131073, "),
}
# Of `request` only its caller knows what it does.
RAW_RECIPES = {
    "read": "nothing was changed",
    "idempotent": "repeat the same request",
    "unsafe": 'look at what this request changes in the system before sending it again; where repeating does no harm, \
pass effect="idempotent", or effect="read" if it changes nothing',
    "audited": "look at what this request changes there before sending it again, which is recorded again",
}
PUZZLES = {
    "500, though done",
    "503",
    "cut after",
    "no answer",
    "broken JSON",
    "login page",
    "too large",
    "redirect elsewhere",
}
PAIRS = [
    (row, fault)
    for row in ROWS
    for fault in FAULTS
    if ((row.system, row.operation) in RECIPES or row.is_raw)
    and (row.effect != "read" or row.is_raw)
    and fault.name in PUZZLES
    and expected(row, fault).outcome == "unknown"
]
CHANGES = [
    ReviewItemChange("revoke", "achen", Group("Auditors", "CyberArk (REST)"), comments="left"),
    ReviewItemChange("revoke", "asmith", Group("HR Department", "Okta"), comments="left"),
]


@pytest.fixture(scope="module")
def cells() -> dict[str, Cell]:
    return {f"{cell.row}/{cell.fault}": cell for cell in matrix_run.run((*pair, "sync") for pair in PAIRS)}


@pytest.mark.parametrize(("row", "fault"), PAIRS, ids=str)
def test_the_hint_names_the_check(row: Row, fault: Fault, cells: dict[str, Cell]) -> None:
    error = cells[f"{row}/{fault}"].error
    assert isinstance(error, infosecops.Error)
    assert error.outcome == "unknown"
    assert error.hint in str(error)
    if row.is_raw:
        # A read needs none where something better is known.
        assert RAW_RECIPES[row.effect] in error.hint or (row.effect == "read" and error.hint)
        return
    recipes = RECIPES[row.system, row.operation]
    is_second = row.struck in {"tokens.update", "agents.finish_maintenance"}
    recipe = recipes if isinstance(recipes, str) else recipes[is_second]
    assert recipe in error.hint


def test_every_operation_that_changes_something_has_a_recipe() -> None:
    changing = {(row.system, row.operation) for row in ROWS if row.effect != "read" and not row.is_raw}
    assert changing == set(RECIPES)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def applied(box: Sandbox, operation: str) -> int:
    return sum(entry.applied for entry in box.journal.entries(operation=operation))


def unknown(call: Callable[[], object]) -> infosecops.Error:
    with pytest.raises(infosecops.Error) as caught:
        call()
    assert caught.value.outcome == "unknown"
    return caught.value


@pytest.fixture
def bamboo(box: Sandbox, connect: Callable[..., Any]) -> Any:
    place = box.bamboo_agents
    return connect("BambooAgents", box.url, username=place.username, password=place.password)


@pytest.mark.parametrize(("drop", "made"), [("before", 0), ("after", 1), ("mid_body", 1)])
def test_ensure_settles_a_create(box: Sandbox, bamboo: Any, drop: Any, made: int) -> None:
    box.faults.next(operation="tokens.create", drop=drop)
    unknown(lambda: bamboo.tokens.create("agents", read=True))
    ensured = bamboo.tokens.ensure("agents", read=True)
    assert ensured.changed is (made == 0)
    assert applied(box, "tokens.create") == 1
    assert [token.name for token in bamboo.tokens.list()].count("agents") == 1


@pytest.mark.parametrize(("drop", "made"), [("before", 0), ("after", 1)])
def test_ensure_settles_itself(box: Sandbox, bamboo: Any, drop: Any, made: int) -> None:
    box.faults.next(operation="tokens.create", drop=drop)
    unknown(lambda: bamboo.tokens.ensure("agents"))
    assert bamboo.tokens.ensure("agents").changed is (made == 0)
    assert applied(box, "tokens.create") == 1
    assert bamboo.tokens.ensure("agents").changed is False


def test_an_update_is_settled_by_the_same_update(box: Sandbox, bamboo: Any) -> None:
    token = bamboo.tokens.find("readOnly")
    box.faults.next(operation="tokens.update", drop="after", times=3)
    unknown(lambda: bamboo.tokens.update(token, change=True))
    assert bamboo.tokens.update(token, change=True).change is True
    assert [(one.name, one.change) for one in bamboo.tokens.list()] == [("readOnly", True), ("read and write", True)]


@pytest.fixture
def agents(box: Sandbox, bamboo: Any) -> Any:
    return bamboo.agents(box.bamboo_agents.access_token)


@pytest.mark.parametrize(("drop", "is_done"), [("before", False), ("after", True), ("mid_body", True)])
def test_the_state_settles_a_switch(box: Sandbox, agents: Any, drop: Any, is_done: bool) -> None:  # noqa: FBT001
    agents.state(131073)
    for name, before in (("disable", True), ("enable", False)):
        box.faults.next(operation=f"agents.{name}", drop=drop)
        error = unknown(lambda name=name: getattr(agents, name)(131073))
        assert "agents.state(131073).enabled" in error.hint
        assert agents.state(131073).enabled is (before ^ is_done)
        assert getattr(agents, name)(131073).enabled is not before


@pytest.mark.parametrize(("drop", "left"), [("before", 2), ("after", 0)])
def test_the_capabilities_settle_their_removal(box: Sandbox, agents: Any, drop: Any, left: int) -> None:
    box.faults.next(operation="agents.clear_capabilities", drop=drop)
    unknown(lambda: agents.clear_capabilities(131073))
    assert len(agents.capabilities(131073)) == left


@pytest.mark.parametrize("drop", ["before", "after", "mid_body"])
def test_asking_again_settles_a_request_for_maintenance(box: Sandbox, agents: Any, drop: Any) -> None:
    box.faults.next(operation="agents.maintenance", drop=drop)
    unknown(lambda: agents.maintenance(131073))
    try:
        task = agents.maintenance(131073)
    except infosecops.TaskLeftOpen as error:
        task = error.task
    assert applied(box, "agents.maintenance") == 1
    assert agents.finish_maintenance(131073, task).enabled is True


@pytest.mark.parametrize(("drop", "is_done"), [("before", False), ("after", True), ("mid_body", True)])
def test_the_state_settles_a_finish(box: Sandbox, agents: Any, drop: Any, is_done: bool) -> None:  # noqa: FBT001
    box.faults.next(operation="agents.finish_maintenance", drop=drop)
    with (
        pytest.raises(infosecops.TaskLeftOpen) as caught,
        agents.maintenance_window(131073, settle=0, poll_interval=0.02) as task,
    ):
        pass
    assert (caught.value.outcome, caught.value.task) == ("unknown", task)
    assert agents.state(131073).enabled is is_done
    if not is_done:
        agents.finish_maintenance(131073, caught.value.task)
    assert agents.state(131073).enabled is True
    assert applied(box, "agents.finish_maintenance") == 1


@pytest.mark.parametrize(("drop", "started"), [("before", 0), ("after", 1), ("mid_body", 1)])
def test_a_list_settles_a_start(box: Sandbox, connect: Callable[..., Any], drop: Any, started: int) -> None:
    jobs = connect("SDElements", box.url, token=box.sd_elements.token).jobs.alm
    known = {job.id for job in jobs.list(connection=12)}
    box.faults.next(operation="jobs.alm.start", drop=drop)
    unknown(lambda: jobs.start(12))
    added = [job for job in jobs.list(connection=12) if job.id not in known]
    assert len(added) == started
    job = added[0] if added else jobs.start(12)
    assert jobs.wait(job, poll_interval=0.02).succeeded is True
    assert applied(box, "jobs.alm.start") == 1
    assert len({job.id for job in jobs.list(connection=12)} - known) == 1


@pytest.fixture
def gl(box: Sandbox, connect: Callable[..., Any]) -> Any:
    return connect("GovernanceLifecycle", box.url, token=box.governance_lifecycle.token)


@pytest.mark.parametrize(("drop", "updated"), [("before", 0), ("after", 1), ("mid_body", 1)])
def test_the_same_changes_settle_an_update_of_review_items(box: Sandbox, gl: Any, drop: Any, updated: int) -> None:
    box.faults.next(operation="updateReviewItems", drop=drop)
    unknown(lambda: gl.update_review_items("UAR-3", CHANGES))
    settled = gl.update_review_items("UAR-3", CHANGES, same_state_ok=True)
    assert settled.ok
    assert settled.updated == (0 if updated else 2)
    assert [change.index for change in settled.succeeded] == [0, 1]
    assert applied(box, "updateReviewItems") == 1
    assert gl.get_review_status(61).reviewed_entitlements == 2


def test_the_same_changes_settle_a_chunk(box: Sandbox, gl: Any) -> None:
    box.faults.next(operation="updateReviewItems", skip=1, drop="after")
    error = unknown(lambda: gl.update_review_items("UAR-3", CHANGES, chunk_size=1))
    assert [change.index for change in error.result.succeeded] == [0]
    assert [change.index for change in error.result.unknown] == [1]
    settled = gl.update_review_items("UAR-3", CHANGES, chunk_size=1, same_state_ok=True)
    assert settled.ok
    assert settled.updated == 0
    assert applied(box, "updateReviewItems") == 2
    assert gl.get_review_status(61).reviewed_entitlements == 2


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_login_is_settled_by_another(box: Sandbox, connect: Callable[..., Any], drop: Any) -> None:
    place = box.governance_lifecycle
    login = infosecops.UserLogin(place.username, place.password)
    gl = connect("GovernanceLifecycle", box.url, login=login, retry=infosecops.Retry(attempts=1))
    box.faults.next(operation="loginUser", drop=drop)
    unknown(gl.login)
    gl.login()
    assert gl.get_review_status(61).name
    assert box.journal.count(operation="loginUser") == 2


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"drop": "after"}, {"html": True}, {"status": 500}], ids=str)
def test_a_logout_is_settled_by_another(box: Sandbox, connect: Callable[..., Any], fault: dict[str, Any]) -> None:
    place = box.governance_lifecycle
    login = infosecops.UserLogin(place.username, place.password)
    gl = connect("GovernanceLifecycle", box.url, login=login, retry=infosecops.Retry(attempts=1))
    gl.login()
    box.faults.next(operation="logoutUser", **fault)
    unknown(gl.logout)
    gl.logout()
    assert box.journal.count(operation="logoutUser") == 2
    assert applied(box, "logoutUser") == 1
    gl.logout()
    assert box.journal.count(operation="logoutUser") == 2


def test_the_status_settles_a_state(box: Sandbox, gl: Any) -> None:
    box.faults.next(operation="setReviewState", drop="after")
    unknown(lambda: gl.set_review_state(61, "onhold"))
    assert gl.get_review_status(61).state == "OnHold"
    assert box.journal.count(operation="setReviewState") == 1
