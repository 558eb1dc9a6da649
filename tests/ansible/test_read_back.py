"""What a module reports was read: an answer that is not the documented one, or that says something else, fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from ansible_systems import AGENT, BAMBOO, GL, ITEM, SDE

if TYPE_CHECKING:
    from ansible_run import Ansible, Told

READ_ONLY = {"error": "The database is read-only"}
LINES = "user_id='lbelkin'|user|1=1|app-role|name='Datadog'|\n"
TOKEN = "tokens.create"
OTHER = {"uuid": "0d0f9d6e-5b7c-4c43-8a52-6f1f0e3cf7c1", "name": "chef nodes", "read": True, "change": True}
ITEMS = [{"state": "revoke", "reviewee": "achen", "item": ITEM}]

CASES = {
    "the state of a review": ("gl_review_state", {**GL, "id": "61", "state": "onhold"}, "setReviewState"),
    "coverage": ("gl_review_coverage", {**GL, "id": "61", "type": "reviewer", "content": LINES}, "uploadCoverage"),
    "items": ("gl_review_items", {**GL, "review": "UAR-3", "items": ITEMS}, "updateReviewItems"),
    "a run": ("gl_review_run", {**GL, "name": "UAR"}, "runReview"),
    "a job": ("sde_job", {**SDE, "connection": 12, "wait": False}, "jobs.alm.start"),
    "a result": ("sde_job_result", {**SDE, "connection": 12, "succeeded": True}, "jobs.alm.report"),
    "a new token": ("bamboo_agent_token", {**BAMBOO, "name": "chef nodes"}, TOKEN),
    "a token": ("bamboo_agent_token", {**BAMBOO, "name": "readOnly", "change": True}, "tokens.update"),
    "an agent": ("bamboo_agent", {**AGENT, "agent_id": 131073, "enabled": False}, "agents.disable"),
}


def failed(ansible: Ansible, module: str, given: dict[str, Any]) -> dict[str, Any]:
    ran = ansible.run(ansible.tasks({f"infosecops.secops.{module}": given}))
    assert ran.status == 2, ran.output
    return ran.result


def scripted(ansible: Ansible, module: str, given: dict[str, Any], operation: str, *options: str) -> list[Told]:
    """How tasks end whose answers are of another shape, one for each shape."""
    for body in (READ_ONLY, {}, [], {"data": {"status": "error"}}):
        ansible.box.faults.next(operation=operation, status=200, body=json.dumps(body))
    task = {f"infosecops.secops.{module}": given, "ignore_errors": True}
    ran = ansible.run(ansible.tasks(*[task] * 4), *options)
    assert [(told.ended, told.result["changed"]) for told in ran.told] == [("failed", False)] * 4
    assert ansible.box.journal.count(operation=operation) == 4
    return ran.told


@pytest.mark.parametrize("name", CASES)
def test_an_answer_of_another_shape_changes_nothing(ansible: Ansible, name: str) -> None:
    module, given, operation = CASES[name]
    for told in scripted(ansible, module, given, operation):
        assert told.result["outcome"] in ("unknown", "rejected")


@pytest.mark.parametrize("options", [(), ("--check",)], ids=["run", "check"])
def test_a_review_without_a_state_is_left_alone(ansible: Ansible, options: tuple[str, ...]) -> None:
    given = {**GL, "id": "61", "state": "onhold"}
    scripted(ansible, "gl_review_state", given, "getReviewStatus", *options)
    assert ansible.box.journal.count(operation="setReviewState") == 0


ACCEPTED: dict[str, dict[str, Any]] = {
    "the state of a review": {"data": {"type": "setReviewState", "name": "UAR-3", "status": "success"}},
    "an agent": {"id": 131073, "name": "linux-01", "enabled": False, "busy": False},
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_was_accepted_and_not_done_fails(ansible: Ansible, name: str) -> None:
    module, given, operation = CASES[name]
    # The work is not done, and the answer says that it was.
    ansible.box.faults.next(operation=operation, status=200, body=json.dumps(ACCEPTED[name]))
    result = failed(ansible, module, given)
    assert (result["changed"], result["outcome"]) == (False, "unknown")
    assert result["msg"].startswith("the server accepted the change, but a later step failed: ")
    if module == "gl_review_state":
        assert (result["id"], result["before"]) == ("61", "Active")


@pytest.mark.parametrize("other", [{"change": True}, {"change": False, "name": "somebody else's"}])
def test_another_token_than_the_one_that_was_asked_for_is_none(ansible: Ansible, other: dict[str, Any]) -> None:
    module, given, operation = CASES["a new token"]
    ansible.box.faults.next(operation=operation, status=200, body=json.dumps({**OTHER, **other}))
    ansible.private.append(OTHER["uuid"])
    result = failed(ansible, module, given)
    assert (result["changed"], result["outcome"]) == (False, "unknown")
    assert "it may have been applied" in result["msg"]


def test_an_update_of_a_token_that_is_not_done_fails(ansible: Ansible) -> None:
    with ansible.box.bamboo_agents() as bamboo:
        token = bamboo.tokens.find("readOnly")
    assert token is not None
    ansible.private.append(token.uuid.reveal())
    body = {"uuid": token.uuid.reveal(), "name": "readOnly", "read": True, "change": False}
    ansible.box.faults.next(operation="tokens.update", status=200, body=json.dumps(body))
    result = failed(ansible, "bamboo_agent_token", {**BAMBOO, "name": "readOnly", "change": True})
    assert (result["changed"], result["outcome"]) == (False, "unknown")


@pytest.mark.parametrize(
    ("name", "read", "skip"),
    [
        ("the state of a review", "getReviewStatus", 1),
        ("an agent", "agents.state", 1),
        ("a run", "getRunStatus", 0),
        ("a job", "jobs.alm.get", 0),
        ("a result", "jobs.alm.get", 0),
    ],
)
def test_a_change_that_cannot_be_read_back_is_told(ansible: Ansible, name: str, read: str, skip: int) -> None:
    module, given, operation = CASES[name]
    # By itself this is a refusal, which is safe to repeat. The change before it is not.
    ansible.box.faults.next(operation=read, skip=skip, status=403)
    result = failed(ansible, module, given)
    assert ansible.box.journal.last(operation=operation).applied
    assert (result["changed"], result["outcome"], result["status"]) == (True, "unknown", 403)


def test_a_result_that_was_recorded_otherwise_fails(ansible: Ansible) -> None:
    with ansible.box.sd_elements() as sde:
        failure = sde.jobs.alm.report(12, succeeded=False, result_message="no space left")
    body = {"id": failure.id, "ready": True, "succeeded": False, "result_message": "", "automatic": True}
    ansible.box.faults.next(operation="jobs.alm.report", status=201, body=json.dumps(body))
    given = {**SDE, "connection": 12, "succeeded": True}
    result = failed(ansible, "sde_job_result", given)
    assert (result["changed"], result["outcome"]) == (True, "unknown")
    assert result["job"]["id"] == failure.id
