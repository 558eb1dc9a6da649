"""Failed results: what was called, whether it was applied, what to do; and what of a part was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_systems import AGENT, BAMBOO, GL, ITEM, SDE, SECTONA

if TYPE_CHECKING:
    from ansible_run import Ansible

FIELDS = {"system", "operation", "status", "code", "outcome", "hint", "request_id", "msg"}


def failed(ansible: Ansible, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
    ran = ansible.run(ansible.tasks({f"infosecops.secops.{module}": arguments}))
    assert ran.status == 2, ran.output
    assert ran.told[-1].ended == "failed"
    return ran.result


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [({"status": 403}, "rejected"), ({"status": 500}, "unknown"), ({"drop": "after"}, "unknown")],
    ids=["refused", "broken", "cut"],
)
def test_a_start_says_whether_it_was_applied(ansible: Ansible, fault: dict[str, Any], outcome: str) -> None:
    ansible.box.faults.next(operation="jobs.alm.start", **fault)
    result = failed(ansible, "sde_job", {**SDE, "connection": 12})
    assert set(result) >= FIELDS
    assert (result["system"], result["operation"], result["outcome"]) == ("sd_elements", "jobs.alm.start", outcome)
    assert ansible.box.journal.count(operation="jobs.alm.start") == 1


def test_nobody_listens(ansible: Ansible) -> None:
    result = failed(ansible, "bamboo_agent_token_info", {**BAMBOO, "url": "http://127.0.0.1:1"})
    assert result["outcome"] == "not_sent"
    assert "127.0.0.1:1" in result["msg"]


def test_a_job_that_fails(ansible: Ansible) -> None:
    ansible.box.jobs.progress("polls", 1, then="failed", message="no rights in the tracker")
    result = failed(ansible, "sde_job", {**SDE, "connection": 12, "poll_interval": 0.1})
    assert result["job"]["succeeded"] is False
    assert (result["changed"], result["outcome"]) == (True, "rejected")
    assert "no rights in the tracker" in result["msg"]


def test_a_job_that_does_not_end(ansible: Ansible) -> None:
    ansible.box.jobs.progress("manual")
    result = failed(ansible, "sde_job", {**SDE, "connection": 12, "poll_interval": 0.1, "wait_timeout": 0.3})
    assert result["job"]["ready"] is False
    assert (result["changed"], result["outcome"]) == (True, "unknown")
    assert "nothing was stopped" in result["hint"]


def test_part_of_the_items(ansible: Ansible) -> None:
    items = [
        {"state": "revoke", "reviewee": "achen", "item": ITEM},
        {"state": "revoke", "reviewee": "nobody", "item": ITEM},
    ]
    result = failed(ansible, "gl_review_items", {**GL, "review": "UAR-3", "items": items})
    assert (result["changed"], result["updated"], result["total"]) == (True, 1, 2)
    assert [entry["index"] for entry in result["failed_items"]] == [1]
    assert result["unknown"] == []


def test_items_whose_fate_is_not_known(ansible: Ansible) -> None:
    ansible.box.faults.next(operation="updateReviewItems", drop="after")
    items = [{"state": "revoke", "reviewee": "achen", "item": ITEM}]
    result = failed(ansible, "gl_review_items", {**GL, "review": "UAR-3", "items": items})
    assert result["outcome"] == "unknown"
    assert ansible.box.journal.count(operation="updateReviewItems") == 1


def test_all_that_is_wrong_with_items_is_told_before_anything_is_sent(ansible: Ansible) -> None:
    items = [
        {"state": "revoke", "reviewee": "achen", "item": ITEM, "expires_on": "soon"},
        {"state": "revoke", "reviewee": "achen", "item": ITEM},
    ]
    result = failed(ansible, "gl_review_items", {**GL, "review": "UAR-3", "items": items})
    assert "items[0]" in result["msg"]
    assert len(ansible.box.journal) == 0


@pytest.mark.parametrize("more", [{}, {"check_mode": True}], ids=["run", "check"])
def test_wrong_coverage_is_not_sent(ansible: Ansible, more: dict[str, Any]) -> None:
    arguments = {**GL, "id": "61", "type": "reviewer", "content": "user_id='x'|user"}
    ran = ansible.run(ansible.tasks({"infosecops.secops.gl_review_coverage": arguments, **more}))
    assert ran.status == 2
    assert ran.result["outcome"] == "not_sent"
    assert len(ansible.box.journal) == 0


def test_several_tokens_of_a_name(ansible: Ansible) -> None:
    with ansible.box.bamboo_agents() as bamboo:
        first, second = bamboo.tokens.create("twice"), bamboo.tokens.create("twice")
    ansible.private += [first.uuid.reveal(), second.uuid.reveal()]
    ansible.box.journal.clear()
    result = failed(ansible, "bamboo_agent_token", {**BAMBOO, "name": "twice", "change": True})
    assert "2 tokens" in result["msg"]
    assert ansible.box.journal.count(operation="tokens.update") == 0
    ran = ansible.run(
        ansible.tasks({"infosecops.secops.bamboo_agent_token": {**BAMBOO, "uuid": "{{ uuid }}", "change": True}}),
        uuid=second.uuid.reveal(),
    )
    assert ran.result["token"] == {"name": "twice", "read": True, "change": True}


def test_the_vault_says_no(ansible: Ansible) -> None:
    asset = {"asset_type": "Unix Based", "asset_host": "web01.example.net", "account_name": "nobody"}
    result = failed(ansible, "sectona_password_file", {**SECTONA, **asset, "dest": str(ansible.folder / "x")})
    assert result["outcome"] == "rejected"
    assert not (ansible.folder / "x").exists()


def test_options_that_are_missing_are_named(ansible: Ansible) -> None:
    result = failed(ansible, "sde_job", {"connection": 12})
    assert "INFOSECOPS_SD_ELEMENTS_URL" in result["msg"]
    assert result["outcome"] == "not_sent"


def test_an_agent_that_stays_busy(ansible: Ansible) -> None:
    ansible.box.bamboo_agents.set_agent_busy(131073, busy=True)
    limits = {"wait_idle": True, "settle": 0.1, "wait_timeout": 0.4, "poll_interval": 0.1}
    result = failed(ansible, "bamboo_agent", {**AGENT, "agent_id": 131073, "enabled": False, **limits})
    assert result["agent"]["busy"] is True


def test_what_fails_on_the_host_says_whether_anything_was_sent(ansible: Ansible) -> None:
    missing = failed(ansible, "gl_review_items", {**GL, "review": "UAR-3", "src": str(ansible.folder / "missing.csv")})
    assert missing["outcome"] == "not_sent"
    assert "missing.csv" in missing["msg"]
    # The request was made; what came back could not be kept.
    asset = {"asset_type": "Unix Based", "asset_host": "web01.example.net", "account_name": "deploy"}
    result = failed(ansible, "sectona_password_file", {**SECTONA, **asset, "dest": "/proc/no-file-can-be-made-here"})
    assert result["outcome"] == "unknown"
    assert ansible.box.journal.count(operation="RequestPassword") == 1
