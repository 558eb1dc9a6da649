"""A session that a module opens is logged out at its end, whatever the end is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from ansible_systems import ITEM

if TYPE_CHECKING:
    from ansible_run import Ansible

ITEMS = [{"state": "revoke", "reviewee": "achen", "item": ITEM}]
TASKS: list[tuple[str, dict[str, Any]]] = [
    ("gl_review_info", {"id": "61"}),
    ("gl_review_state", {"id": "61", "state": "onhold"}),
    ("gl_review_state", {"id": "61", "state": "active"}),
    ("gl_review_coverage", {"id": "61", "type": "reviewer", "content": "user_id='x'|user|1=1|app-role|name='y'|\n"}),
    ("gl_review_items", {"review": "UAR-3", "items": ITEMS}),
    ("gl_review_run", {"name": "UAR", "poll_interval": 0.1}),
]
# Refused by the server after the login.
FAILING: list[tuple[str, dict[str, Any]]] = [
    ("gl_review_info", {"id": "5917"}),
    ("gl_review_state", {"id": "5917", "state": "onhold"}),
    ("gl_review_items", {"review": "UAR-3", "items": [{"state": "revoke", "reviewee": "nobody", "item": ITEM}]}),
    ("gl_review_run", {"name": "nobody's"}),
]


def login(ansible: Ansible, kind: str) -> dict[str, Any]:
    system = ansible.box.governance_lifecycle
    names = ("username", "password") if kind == "user" else ("client_id", "client_secret")
    return {"url": system.url, names[0]: getattr(system, names[0]), names[1]: "{{ login_secret }}"}


def sessions(ansible: Ansible) -> tuple[int, int]:
    journal = ansible.box.journal
    logins = journal.count(operation="loginUser") + journal.count(operation="loginTrustedApp")
    return logins, journal.count(operation="logoutUser")


@pytest.mark.parametrize("kind", ["user", "app"])
def test_every_task_logs_out(ansible: Ansible, kind: str) -> None:
    secret = getattr(ansible.box.governance_lifecycle, "password" if kind == "user" else "client_secret")
    # An application has no reviewer's rights.
    tasks = TASKS if kind == "user" else TASKS[:1]
    given = [{f"infosecops.secops.{module}": {**login(ansible, kind), **own}} for module, own in tasks]
    ran = ansible.run(ansible.tasks(*given), login_secret=secret.reveal())
    assert ran.status == 0, ran.output
    assert sessions(ansible) == (len(tasks), len(tasks))


def test_tasks_that_fail_log_out(ansible: Ansible) -> None:
    given = [
        {f"infosecops.secops.{module}": {**login(ansible, "user"), **own}, "ignore_errors": True}
        for module, own in FAILING
    ]
    secret = ansible.box.governance_lifecycle.password.reveal()
    ran = ansible.run(ansible.tasks(*given), login_secret=secret)
    assert [told.ended for told in ran.told] == ["failed"] * len(FAILING)
    assert sessions(ansible) == (len(FAILING), len(FAILING))


def test_check_mode_logs_out_if_it_logs_in(ansible: Ansible) -> None:
    given = [{f"infosecops.secops.{module}": {**login(ansible, "user"), **own}} for module, own in TASKS]
    ran = ansible.run(ansible.tasks(*given), "--check", login_secret=ansible.box.governance_lifecycle.password.reveal())
    assert ran.status == 0, ran.output
    # Of the reads alone: info once, and the states.
    assert sessions(ansible) == (3, 3)


def test_a_session_that_was_given_stays(ansible: Ansible) -> None:
    given = {"url": "{{ gl_url }}", "token": "{{ gl_token }}", "id": "61"}
    assert ansible.run(ansible.tasks({"infosecops.secops.gl_review_info": given})).status == 0
    assert sessions(ansible) == (0, 0)
