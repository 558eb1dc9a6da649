"""Every module that changes something, four times: check, apply, apply again, check again; and what diff mode shows."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from ansible_systems import AGENT, BAMBOO, GL, ITEM, SDE, SECTONA

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_run import Ansible

LINES = "user_id='lbelkin'|user|1=1|app-role|name='Datadog'|\n"
RULE = {"reviewer": "user_id='lbelkin'", "object_type": "app-role", "objects": "name='Datadog'"}


@dataclass
class Case:
    """A module, what it is given, and what the four runs tell."""

    name: str
    module: str
    arguments: dict[str, Any]
    changed: tuple[bool, bool, bool, bool]
    written: str
    """The operation that changes something, as the journal names it."""
    times: int = 1
    """How often that was sent after two applications."""
    read: tuple[str, ...] = ()
    """What check mode may send."""
    diff: str | None = None
    """What diff mode shows of the change."""
    jobs: str = "immediate"
    """How jobs go on."""


CASES = [
    Case(
        "an item is decided",
        "gl_review_items",
        {
            **GL,
            "review": "UAR-3",
            "items": [{"state": "revoke", "reviewee": "achen", "item": ITEM}],
            "same_state_ok": True,
        },
        # It cannot be read back before it is sent: check mode counts it.
        (True, True, False, True),
        "updateReviewItems",
        times=2,
        diff="revoke achen: group Auditors CyberArk (REST)",
    ),
    Case(
        "coverage is uploaded",
        "gl_review_coverage",
        {**GL, "id": "61", "type": "reviewer", "rules": [RULE]},
        (True, True, True, True),
        "uploadCoverage",
        times=2,
    ),
    Case(
        "coverage that was uploaded before",
        "gl_review_coverage",
        {
            **GL,
            "id": "61",
            "type": "reviewer",
            "content": LINES,
            "previous_sha256": sha256(LINES.encode()).hexdigest(),
        },
        (False, False, False, False),
        "uploadCoverage",
        times=0,
    ),
    Case(
        "a review is run",
        "gl_review_run",
        {**GL, "name": "UAR", "poll_interval": 0.1},
        (True, True, True, True),
        "runReview",
        times=2,
    ),
    Case(
        "a review is put on hold",
        "gl_review_state",
        {**GL, "id": "61", "state": "onhold"},
        (True, True, False, False),
        "setReviewState",
        read=("getReviewStatus",),
        diff='"state": "onhold"',
    ),
    Case(
        "a job that takes no time",
        "sde_job",
        {**SDE, "connection": 12, "poll_interval": 0.1, "reuse_newer_than": 3600},
        (True, True, False, False),
        "jobs.alm.start",
        read=("jobs.alm.list", "connections.alm.get"),
        diff="alm job of connection 12",
    ),
    Case(
        "a job that goes on",
        "sde_job",
        {**SDE, "kind": "ldap", "connection": 30, "wait": False},
        (True, True, False, False),
        "jobs.ldap.start",
        read=("jobs.ldap.list", "connections.ldap.get"),
        jobs="manual",
    ),
    Case(
        "a result is reported",
        "sde_job_result",
        {**SDE, "connection": 12, "succeeded": False, "result_message": "no space left"},
        (True, True, False, False),
        "jobs.alm.report",
        read=("jobs.alm.list", "connections.alm.get"),
        diff="no space left",
    ),
    Case(
        "a password is written",
        "sectona_password_file",
        {
            **SECTONA,
            "asset_type": "Unix Based",
            "asset_host": "web01.example.net",
            "account_name": "deploy",
            "dest": "{{ playbook_dir }}/deploy",
        },
        (True, True, False, False),
        "RequestPassword",
        times=2,
        diff='"exists": true',
    ),
    Case(
        "a token is made",
        "bamboo_agent_token",
        {**BAMBOO, "name": "chef nodes", "change": True},
        (True, True, False, False),
        "tokens.create",
        read=("tokens.list",),
        diff='"name": "chef nodes"',
    ),
    Case(
        "a token gets another right",
        "bamboo_agent_token",
        {**BAMBOO, "name": "readOnly", "change": True},
        (True, True, False, False),
        "tokens.update",
        read=("tokens.list",),
        diff='"change": true',
    ),
    Case(
        "a token is revoked",
        "bamboo_agent_token",
        {**BAMBOO, "name": "readOnly", "state": "revoked"},
        (True, True, False, False),
        "tokens.update",
        read=("tokens.list",),
        diff='"read": false',
    ),
    Case(
        "a token that is not there is revoked",
        "bamboo_agent_token",
        {**BAMBOO, "name": "nobody", "state": "revoked"},
        (False, False, False, False),
        "tokens.update",
        times=0,
        read=("tokens.list",),
    ),
    Case(
        "a token is asked for, and no right is named",
        "bamboo_agent_token",
        {**BAMBOO, "name": "read and write"},
        (False, False, False, False),
        "tokens.update",
        times=0,
        read=("tokens.list",),
    ),
    Case(
        "a token loses one right and keeps the other",
        "bamboo_agent_token",
        {**BAMBOO, "name": "read and write", "read": False},
        (True, True, False, False),
        "tokens.update",
        read=("tokens.list",),
        diff='"read": false',
    ),
    Case(
        "a result is reported, and nothing besides is named",
        "sde_job_result",
        {**SDE, "connection": 12, "succeeded": True},
        (True, True, False, False),
        "jobs.alm.report",
        read=("jobs.alm.list", "connections.alm.get"),
    ),
    Case(
        "an agent that is only looked at",
        "bamboo_agent",
        {**AGENT, "agent_id": 131073},
        (False, False, False, False),
        "agents.enable",
        times=0,
        read=("agents.state",),
    ),
    Case(
        "an agent is disabled",
        "bamboo_agent",
        {**AGENT, "agent_id": 131073, "enabled": False},
        (True, True, False, False),
        "agents.disable",
        read=("agents.state",),
        diff='"enabled": false',
    ),
    Case(
        "an agent that is enabled",
        "bamboo_agent",
        {**AGENT, "agent_id": 131073, "enabled": True},
        (False, False, False, False),
        "agents.enable",
        times=0,
        read=("agents.state",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_four_runs(case: Case, ansible: Ansible) -> None:
    box = ansible.box
    box.jobs.progress(case.jobs)
    play = ansible.tasks({f"infosecops.secops.{case.module}": case.arguments})
    changed, written = [], 0
    for options in [("--check", "--diff"), ("--diff",), (), ("--check",)]:
        box.journal.clear()
        ran = ansible.run(play, *options)
        assert ran.status == 0, ran.output
        changed.append(ran.result["changed"])
        operations = [entry.operation for entry in box.journal]
        if "--check" in options:
            assert set(operations) <= set(case.read)
        else:
            written += operations.count(case.written)
        if "--diff" in options and case.diff is not None:
            assert case.diff in ran.output
    assert tuple(changed) == case.changed
    assert written == case.times


def test_the_file_is_private_and_has_the_password(ansible: Ansible, tmp_path: Path) -> None:
    (case,) = [case for case in CASES if case.module == "sectona_password_file"]
    ran = ansible.run(ansible.tasks({"infosecops.secops.sectona_password_file": case.arguments}))
    assert ran.status == 0, ran.output
    (account,) = [account for account in ansible.box.sectona.accounts if account.account_name == "deploy"]
    assert (tmp_path / "deploy").read_bytes() == account.password.reveal_bytes()
    assert (tmp_path / "deploy").stat().st_mode & 0o777 == 0o600
    assert ran.result["kind"] == "password"


@pytest.mark.parametrize("mode", [0o644, 0o400])
def test_a_file_that_is_there_gets_content_and_mode(ansible: Ansible, tmp_path: Path, mode: int) -> None:
    (case,) = [case for case in CASES if case.module == "sectona_password_file"]
    (tmp_path / "deploy").write_text("of last week", encoding="utf-8")
    (tmp_path / "deploy").chmod(mode)
    play = ansible.tasks({"infosecops.secops.sectona_password_file": {**case.arguments, "mode": "0640"}})
    assert ansible.run(play).result["changed"]
    assert (tmp_path / "deploy").stat().st_mode & 0o777 == 0o640
    assert not ansible.run(play).result["changed"]
    # Only the mode differs: check mode tells.
    (tmp_path / "deploy").chmod(0o644)
    assert ansible.run(play, "--check").result["changed"]
    assert not list(tmp_path.glob(".infosecops-*"))


@pytest.mark.parametrize(("mode", "kept"), [(0o600, 0o600), (0o640, 0o640), (0o400, 0o400), (0o664, 0o660)])
def test_a_file_that_is_there_keeps_its_mode_if_none_is_given(
    ansible: Ansible, tmp_path: Path, mode: int, kept: int
) -> None:
    (case,) = [case for case in CASES if case.module == "sectona_password_file"]
    file = tmp_path / "deploy"
    file.write_text("of last week", encoding="utf-8")
    file.chmod(mode)
    play = ansible.tasks({"infosecops.secops.sectona_password_file": case.arguments})
    assert ansible.run(play).result["changed"]
    assert file.stat().st_mode & 0o777 == kept
    assert not ansible.run(play).result["changed"]
    file.chmod(mode)
    assert ansible.run(play).result["changed"] == (mode != kept)
    assert file.stat().st_mode & 0o777 == kept


def test_no_request_for_a_file_that_cannot_be(ansible: Ansible, tmp_path: Path) -> None:
    (case,) = [case for case in CASES if case.module == "sectona_password_file"]
    for dest in (tmp_path, tmp_path / "missing" / "deploy"):
        arguments = {**case.arguments, "dest": str(dest)}
        ran = ansible.run(ansible.tasks({"infosecops.secops.sectona_password_file": arguments}))
        assert ran.result["outcome"] == "not_sent"
    assert len(ansible.box.journal) == 0


def test_a_pass_phrase_that_is_not_there_is_not_written(ansible: Ansible, tmp_path: Path) -> None:
    (case,) = [case for case in CASES if case.module == "sectona_password_file"]
    arguments = {**case.arguments, "part": "pass_phrase"}
    ran = ansible.run(ansible.tasks({"infosecops.secops.sectona_password_file": arguments}))
    assert ran.status == 2
    assert "has no pass_phrase" in ran.result["msg"]
    assert not (tmp_path / "deploy").exists()


def uuid_of(ansible: Ansible, name: str) -> str:
    with ansible.box.bamboo_agents() as bamboo:
        token = bamboo.tokens.find(name)
    assert token is not None
    ansible.private.append(token.uuid.reveal())
    return token.uuid.reveal()


def test_a_token_that_is_renamed_keeps_its_rights(ansible: Ansible) -> None:
    uuid = uuid_of(ansible, "read and write")
    arguments = {**BAMBOO, "uuid": "{{ token_uuid }}", "name": "of another team"}
    play = ansible.tasks({"infosecops.secops.bamboo_agent_token": arguments})
    told = {"name": "of another team", "read": True, "change": True}
    for options, changed in ((("--check",), True), ((), True), ((), False), (("--check",), False)):
        ran = ansible.run(play, *options, token_uuid=uuid)
        assert (ran.result["changed"], ran.result["token"]) == (changed, told)
    assert ansible.box.journal.count(operation="tokens.update") == 1


def test_a_token_that_is_revealed_keeps_its_rights(ansible: Ansible) -> None:
    uuid = uuid_of(ansible, "read and write")
    arguments = {**BAMBOO, "name": "read and write", "reveal": True}
    ran = ansible.run(ansible.tasks({"infosecops.secops.bamboo_agent_token": arguments}), may_print=True)
    assert not ran.result["changed"]
    assert ran.result["token"] == {"name": "read and write", "read": True, "change": True, "uuid": uuid}
    assert ansible.box.journal.count(operation="tokens.update") == 0


def test_a_token_that_was_revoked_stays_so(ansible: Ansible) -> None:
    revoked = {"infosecops.secops.bamboo_agent_token": {**BAMBOO, "name": "readOnly", "state": "revoked"}}
    looked_at = {"infosecops.secops.bamboo_agent_token": {**BAMBOO, "name": "readOnly"}}
    ran = ansible.run(ansible.tasks(revoked, looked_at))
    assert [told.result["changed"] for told in ran.told] == [True, False]
    assert ran.result["token"] == {"name": "readOnly", "read": False, "change": False}


def test_a_new_token_has_the_defaults(ansible: Ansible) -> None:
    ran = ansible.run(ansible.tasks({"infosecops.secops.bamboo_agent_token": {**BAMBOO, "name": "chef nodes"}}))
    assert ran.result["token"] == {"name": "chef nodes", "read": True, "change": False}


def reported(ansible: Ansible, given: dict[str, Any]) -> dict[str, Any]:
    """What a task tells that reports a success, after another success was reported."""
    with ansible.box.sd_elements() as sde:
        sde.jobs.alm.report(12, succeeded=True, automatic=False, result_message="14 issues written")
    arguments = {**SDE, "connection": 12, "succeeded": True, **given}
    return ansible.run(ansible.tasks({"infosecops.secops.sde_job_result": arguments})).result


@pytest.mark.parametrize("given", [{}, {"automatic": False}, {"result_message": "14 issues written"}], ids=str)
def test_what_is_not_given_of_a_result_is_not_compared(ansible: Ansible, given: dict[str, Any]) -> None:
    assert not reported(ansible, given)["changed"]


@pytest.mark.parametrize("given", [{"automatic": True}, {"result_message": ""}, {"succeeded": False}], ids=str)
def test_a_new_result_has_the_defaults(ansible: Ansible, given: dict[str, Any]) -> None:
    told = reported(ansible, given)
    wanted = {"succeeded": True, "automatic": True, "result_message": "", **given}
    assert told["changed"]
    assert {name: told["job"][name] for name in wanted} == wanted


@pytest.mark.parametrize("module", ["sde_job", "sde_job_result"])
@pytest.mark.parametrize(("kind", "connection"), [("alm", 999), ("ldap", 12), ("of another kind", 12)])
def test_check_mode_tells_that_a_connection_is_not_there(
    ansible: Ansible, module: str, kind: str, connection: int
) -> None:
    arguments = {**SDE, "kind": kind.replace(" ", "-"), "connection": connection}
    more = {"succeeded": True} if module == "sde_job_result" else {}
    ran = ansible.run(ansible.tasks({f"infosecops.secops.{module}": {**arguments, **more}}), "--check")
    assert (ran.status, ran.result["outcome"], ran.result["status"]) == (2, "rejected", 404)
    assert not [entry for entry in ansible.box.journal if entry.applied]
