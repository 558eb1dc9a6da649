"""The playbooks that come with the collection, run twice against the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from ansible_content import COLLECTION, DECISIONS

if TYPE_CHECKING:
    from ansible_run import Ansible, Ran

PLAYBOOKS = sorted(path.stem for path in (COLLECTION / "playbooks").glob("*.yml"))


def run(ansible: Ansible, name: str, **variables: Any) -> Ran:
    return ansible.run(f"infosecops.secops.{name}", **variables)


def test_all_playbooks_are_run_here_and_stand_in_the_readme() -> None:
    tested = {name.removeprefix("test_") for name in globals()}
    readme = (COLLECTION / "README.md").read_text(encoding="utf-8")
    for name in PLAYBOOKS:
        assert name in tested
        assert f"| `infosecops.secops.{name}` |" in readme


@pytest.fixture
def review_files(ansible: Ansible) -> dict[str, Any]:
    coverage, decisions = ansible.folder / "coverage.txt", ansible.folder / "decisions.csv"
    coverage.write_text("user_id='lbelkin'|user|1=1|app-role|name='Datadog'|\n", encoding="utf-8")
    decisions.write_text(DECISIONS, encoding="utf-8")
    return {
        "review_definition": "UAR",
        "coverage_file": str(coverage),
        "decisions_file": str(decisions),
        "review_poll_interval": 0.1,
    }


def test_review_closing(ansible: Ansible, review_files: dict[str, Any]) -> None:
    journal = ansible.box.journal
    ran = run(ansible, "review_closing", **review_files)
    assert ran.status == 0, ran.output
    operations = [entry.operation for entry in journal if entry.applied and not entry.operation.startswith("get")]
    assert operations == ["runReview", "setReviewState", "uploadCoverage", "updateReviewItems", "setReviewState"]
    # Each run makes a review of its own.
    assert run(ansible, "review_closing", **review_files).status == 0
    assert journal.count(operation="runReview") == 2


def test_review_closing_with_an_item_that_is_not_there(ansible: Ansible, review_files: dict[str, Any]) -> None:
    decisions = Path(review_files["decisions_file"])
    decisions.write_text(f"{DECISIONS}revoke,nobody,group,Auditors,CyberArk (REST),\n", encoding="utf-8")
    ran = run(ansible, "review_closing", **review_files)
    assert ran.status == 2
    (report,) = [told.result["msg"] for told in ran.told if told.task == "Report what was not done"]
    assert [entry["index"] for entry in report["failed"]] == [1]
    # It was opened, and not completed.
    assert ansible.box.journal.count(operation="setReviewState") == 1


def test_nightly_sync(ansible: Ansible) -> None:
    journal = ansible.box.journal
    first = run(ansible, "nightly_sync", sde_poll_interval=0.1)
    assert first.status == 0, first.output
    second = run(ansible, "nightly_sync", sde_poll_interval=0.1)
    assert second.status == 0, second.output
    assert second.changed() == []
    assert (journal.count(operation="jobs.alm.start"), journal.count(operation="jobs.analysis.start")) == (1, 1)


def test_database_task(ansible: Ansible) -> None:
    ansible.box.sectona.set_password("system", "a-password-with-{{-and-{%")
    proof = ansible.folder / "proof"
    for _ in range(2):
        ansible.box.journal.clear()
        command = f"sh -c 'read -r word && printf %s \"$word\" > {proof}'"
        ran = run(ansible, "database_task", database_command=command)
        assert ran.status == 0, ran.output
        assert ran.changed() == []
        assert proof.read_text(encoding="utf-8") == "a-password-with-{{-and-{%"
        proof.unlink()
        assert ansible.box.journal.count(operation="RequestPassword") == 1
        # Nothing else on disk has it.
        for path in ansible.folder.rglob("*"):
            assert not path.is_file() or b"a-password-with" not in path.read_bytes(), path


def test_agent_tokens(ansible: Ansible) -> None:
    given = {
        "agent_tokens": [{"name": "chef nodes", "change": True}, {"name": "readOnly", "change": False}],
        "agent_tokens_revoked": ["read and write", "nobody"],
        "agent_tokens_directory": str(ansible.folder),
    }
    first = run(ansible, "agent_tokens", **given)
    assert first.status == 0, first.output
    second = run(ansible, "agent_tokens", **given)
    assert second.status == 0, second.output
    assert second.changed() == []
    with ansible.box.bamboo_agents() as bamboo:
        tokens = {token.name: token for token in bamboo.tokens.list()}
    file = ansible.folder / "chef-nodes"
    assert file.read_text(encoding="utf-8") == tokens["chef nodes"].uuid.reveal()
    assert file.stat().st_mode & 0o777 == 0o600
    ansible.assert_private(first.output + second.output, "the output")
    assert (tokens["read and write"].read, tokens["read and write"].change) == (False, False)


@pytest.mark.parametrize("task", ["ansible.builtin.ping", "ansible.builtin.fail"], ids=["done", "failed"])
def test_agent_maintenance(ansible: Ansible, task: str) -> None:
    work = ansible.folder / "work.yml"
    work.write_text(yaml.safe_dump([{task: {}}]), encoding="utf-8")
    box = ansible.box
    box.bamboo_agents.set_agent_busy(131074, busy=False)
    limits = {"agent_settle": 0.1, "agent_poll_interval": 0.1}
    given = {"agent_ids": [131073, 131075], "agent_work": str(work), **limits}
    ran = run(ansible, "agent_maintenance", **given)
    assert ran.status == (0 if task.endswith("ping") else 2), ran.output
    with box.bamboo_agents() as bamboo:
        agents = {agent.id: agent for agent in bamboo.agents(box.bamboo_agents.access_token).list()}
    assert agents[131073].enabled
    # It did not take builds before either.
    assert not agents[131075].enabled
    assert box.journal.count(operation="agents.disable") == 1


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_dry_run_changes_nothing(ansible: Ansible, review_files: dict[str, Any], name: str) -> None:
    work = ansible.folder / "work.yml"
    work.write_text(yaml.safe_dump([{"ansible.builtin.ping": {}}]), encoding="utf-8")
    given = {
        "agent_ids": [131073],
        "agent_work": str(work),
        "agent_tokens_directory": str(ansible.folder),
        "agent_tokens_revoked": ["read and write"],
        "database_command": f"touch {ansible.folder / 'proof'}",
        **review_files,
    }
    ran = ansible.run(f"infosecops.secops.{name}", "--check", **given)
    assert ran.status == 0, ran.output
    sent = {entry.operation.rpartition(".")[2] for entry in ansible.box.journal}
    assert all(operation.startswith(("get", "list", "state")) for operation in sent), sent
    assert not (ansible.folder / "proof").exists()
    assert not (ansible.folder / "chef-nodes").exists()
