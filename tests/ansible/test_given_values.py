"""Ids and names arrive as text: what YAML has made a number or a boolean is refused, never converted and sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from ansible_systems import AGENT, BAMBOO, GL, SDE, SECTONA

if TYPE_CHECKING:
    from ansible_run import Ansible

ASSET = {"asset_type": "Unix Based", "asset_host": "web01.example.net", "account_name": "deploy", "dest": "/nowhere"}
GROUP = {"kind": "group", "name": "Auditors", "business_source": "AD"}
CHANGE = {"state": "revoke", "reviewee": "achen", "item": GROUP}
RULE = {"reviewer": "user_id='lbelkin'", "object_type": "app-role"}

REFUSED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("gl_review_state", {**GL, "id": 61, "state": "onhold"}, ["id: expected text, got the integer 61"]),
    ("gl_review_info", {**GL, "run_id": 1.5}, ["run_id: expected text, got the number 1.5"]),
    ("gl_review_run", {**GL, "name": False}, ["name: expected text, got the boolean false"]),
    (
        "gl_review_coverage",
        {**GL, "name": 83, "type": "reviewer", "rules": [{**RULE, "objects": True, "privilege": 0}]},
        ["name: expected text", "rules[0].objects: expected text", "rules[0].privilege: expected text"],
    ),
    ("gl_review_coverage", {**GL, "id": "61", "type": "reviewer", "content": 83}, ["content: expected text"]),
    ("gl_review_coverage", {**GL, "id": "61", "type": "reviewer", "src": 83}, ["src: expected text"]),
    (
        "gl_review_items",
        {
            **GL,
            "review": True,
            "sign_off_comments": 7,
            "items": [
                {**CHANGE, "comments": "0123"},
                {**CHANGE, "reviewee": 83, "comments": 1, "expires_on": 20261231},
                {**CHANGE, "item": {**GROUP, "name": True}, "account": {"name": 5, "business_source": None}},
            ],
        },
        [
            "review: expected text, got the boolean true",
            "sign_off_comments: expected text, got the integer 7",
            "items[1].reviewee: expected text, got the integer 83",
            "items[1].comments: expected text, got the integer 1",
            "items[1].expires_on: expected text, got the integer 20261231",
            "items[2].item.name: expected text, got the boolean true",
            "items[2].account.name: expected text, got the integer 5",
            "items[2].account.business_source: expected text, got nothing",
        ],
    ),
    # A dictionary may be given as text, too.
    (
        "gl_review_items",
        {**GL, "review": "UAR-3", "items": [{**CHANGE, "item": json.dumps({**GROUP, "name": 83})}]},
        ["items[0].item.name: expected text, got the integer 83"],
    ),
    ("sde_job", {**SDE, "kind": True, "connection": 12}, ["kind: expected text, got the boolean true"]),
    ("sde_job", {**SDE, "connection": "014"}, ["connection: expected an integer, got the text '014'"]),
    ("sde_job", {**SDE, "connection": 12, "project": 3.0}, ["project: expected an integer, got the number 3.0"]),
    (
        "sde_job_result",
        {**SDE, "connection": 12, "succeeded": True, "result_message": 14},
        ["result_message: expected text, got the integer 14"],
    ),
    ("sde_job_info", {**SDE, "user": 12, "limit": "010"}, ["user: expected text", "limit: expected an integer"]),
    (
        "sectona_password_file",
        {**SECTONA, **ASSET, "account_name": 83, "asset_host": 1.5, "dest": 0, "db_instance": True},
        ["account_name: expected text", "asset_host: expected text", "dest: expected text", "db_instance: expected"],
    ),
    ("sectona_password_file", {**SECTONA, **ASSET, "failover": [83]}, ["failover[0]: expected text"]),
    ("sectona_password_file", {**SECTONA, **ASSET, "failover": 83}, ["failover: expected a list of text"]),
    ("bamboo_agent_token", {**BAMBOO, "name": 83, "username": 5}, ["name: expected text", "username: expected text"]),
    ("bamboo_agent_token_info", {**BAMBOO, "name": True}, ["name: expected text, got the boolean true"]),
    (
        "bamboo_agent",
        {**AGENT, "agent_id": "0131073", "enabled": False, "settle": True},
        ["agent_id: expected an integer, got the text '0131073'", "settle: expected a number, got the boolean true"],
    ),
    ("bamboo_agent_info", {**AGENT, "agent_id": "1_31073"}, ["agent_id: expected an integer"]),
]


@pytest.mark.parametrize("system", ["gl_review_items", "gl", "sde", "sectona", "bamboo"])
def test_numbers_and_booleans_are_refused_by_every_module(ansible: Ansible, system: str) -> None:
    items = "gl_review_items"
    cases = [case for case in REFUSED if case[0].startswith(system) and (case[0] != items or system == items)]
    tasks = [{f"infosecops.secops.{module}": given, "ignore_errors": True} for module, given, _ in cases]
    ran = ansible.run(ansible.tasks(*tasks))
    assert len(ran.told) == len(cases), ran.output
    for index, (module, _, texts) in enumerate(cases):
        told = ran.told[index]
        assert told.ended == "failed", module
        assert told.result["msg"].count(": expected ") == len(texts), told.result["msg"]
        for text in texts:
            assert text in told.result["msg"]
        assert (told.result["outcome"], told.result["changed"]) == ("not_sent", False)
    assert "put the value in quotes" in ran.told[0].result["msg"]
    assert len(ansible.box.journal) == 0


PLAY = """\
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/infosecops.secops.gl:
      url: "{{ gl_url }}"
      token: "{{ gl_token }}"
  tasks:
"""
TASK = """\
    - infosecops.secops.gl_review_items:
        review: UAR-3
        items:
          - {state: revoke, reviewee: VALUE, item: {kind: group, name: Auditors, business_source: AD}}
      ignore_errors: true
"""


@pytest.mark.parametrize("values", [("0123", "on", "No", "1.0e+3", "12:30"), ("0x1F", "~", "null", ".5")])
def test_what_yaml_reads_otherwise_is_not_sent(ansible: Ansible, values: tuple[str, ...]) -> None:
    tasks = "".join(TASK.replace("VALUE", value) for value in values)
    (ansible.folder / "play.yml").write_text(PLAY + tasks, encoding="utf-8")
    ran = ansible.run(ansible.folder / "play.yml")
    assert len(ran.told) == len(values)
    for told in ran.told:
        assert "items[0].reviewee: expected text" in told.result["msg"]
    assert len(ansible.box.journal) == 0


def test_a_template_that_makes_a_number_is_not_sent(ansible: Ansible) -> None:
    given = {**GL, "id": "{{ number }}", "state": "onhold"}
    play = ansible.tasks({"infosecops.secops.gl_review_state": given})
    assert "id: expected text, got the integer 61" in ansible.run(play, number=61).result["msg"]
    assert len(ansible.box.journal) == 0
    given["id"] = "{{ number | string }}"
    assert ansible.run(ansible.tasks({"infosecops.secops.gl_review_state": given}), number=61).result["changed"]


def test_text_that_looks_like_a_number_is_sent_as_it_is(ansible: Ansible) -> None:
    item = {"state": "revoke", "reviewee": "0123", "item": GROUP}
    ran = ansible.run(ansible.tasks({"infosecops.secops.gl_review_items": {**GL, "review": "UAR-3", "items": [item]}}))
    assert [entry["change"]["reviewee"] for entry in ran.result["failed_items"]] == ["0123"]
    assert ansible.box.journal.count(operation="updateReviewItems") == 1


def test_ids_that_are_numbers_are_taken_as_numbers_and_as_digits(ansible: Ansible) -> None:
    tasks = [
        {f"infosecops.secops.{module}": {**given, option: value}}
        for module, given, option, number in (
            ("bamboo_agent_info", AGENT, "agent_id", 131073),
            ("bamboo_agent", AGENT, "agent_id", 131073),
            ("sde_job_info", {**SDE, "kind": "alm"}, "connection", 12),
            ("sde_job", {**SDE, "wait": False}, "connection", 12),
        )
        for value in (number, str(number), "{{ " + str(number) + " }}")
    ]
    ran = ansible.run(ansible.tasks(*tasks))
    assert ran.status == 0, ran.output
    assert len(ran.told) == len(tasks)


def test_a_secret_that_is_a_number_is_not_shown(ansible: Ansible) -> None:
    number = 918273645546372819
    ansible.private.append(str(number))
    given = {**GL, "token": "{{ pin }}", "id": "61", "state": "onhold"}
    ran = ansible.run(ansible.tasks({"infosecops.secops.gl_review_state": given}), pin=number)
    assert "token: expected text, got a value of the type integer" in ran.result["msg"]
    asked = "lookup('infosecops.secops.bamboo_agent_token', 'readOnly', url=bamboo_url, token=pin)"
    ran = ansible.run(ansible.tasks({"ansible.builtin.debug": {"msg": "{{ " + asked + " }}"}}), pin=number)
    assert "token: expected text, got a value of the type integer" in ran.result["msg"]
    assert len(ansible.box.journal) == 0


VAULT = "asset_type='Unix Based', asset_host='web01.example.net', url=sectona_url, access_key=sectona_access_key"
BOX = "url=bamboo_url, token=bamboo_token"


@pytest.mark.parametrize(
    ("asked", "text", "variables"),
    [
        (f"'sectona_password', 83, {VAULT}", "terms[0]: expected text, got the integer 83", {}),
        (f"'sectona_password', 'deploy', true, {VAULT}", "terms[1]: expected text, got the boolean true", {}),
        (f"'sectona_password', 'deploy', db_instance=83, {VAULT}", "db_instance: expected text", {}),
        (f"'sectona_password', 'deploy', timeout=true, {VAULT}", "timeout: expected a number", {}),
        (
            f"'sectona_password', 'deploy', {VAULT}",
            "instance: expected text, got the integer 83",
            {"infosecops_sectona_instance": 83},
        ),
        (f"'bamboo_agent_token', number, {BOX}", "terms[0]: expected text, got the integer 83", {"number": 83}),
        (f"'bamboo_agent_token', 'readOnly', username=false, {BOX}", "username: expected text", {}),
    ],
)
def test_lookups_refuse_them(ansible: Ansible, asked: str, text: str, variables: dict[str, Any]) -> None:
    call = "{{ lookup('infosecops.secops." + asked[1:] + ") }}"
    ran = ansible.run(ansible.tasks({"ansible.builtin.debug": {"msg": call}, "no_log": False}), **variables)
    assert ran.status == 2
    assert text in ran.result["msg"]
    assert len(ansible.box.journal) == 0


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"username": 83}, "username: expected text, got the integer 83"),
        ({"uuid": 83}, "uuid: expected text, got a value of the type integer"),
        ({"uuid": "{{ 83 }}"}, "uuid: expected text, got a value of the type integer"),
    ],
)
def test_the_inventory_refuses_them(ansible: Ansible, given: dict[str, Any], text: str) -> None:
    source = ansible.folder / "ci.bamboo_agents.yml"
    fields = {"plugin": "infosecops.secops.bamboo_agents", "url": ansible.box.bamboo_agents.url, "uuid": "x" * 36}
    source.write_text(yaml.safe_dump({**fields, **given}), encoding="utf-8")
    strict = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1"}
    listed = ansible.command("ansible-inventory", "-i", str(source), "--list", environment=strict, may_warn=True)
    assert listed.status != 0
    assert text in " ".join(listed.output.split())
    assert len(ansible.box.journal) == 0
