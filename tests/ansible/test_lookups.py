"""Lookups: what they return, how often they ask, and their errors of one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ansible_run import Ansible

ASSET = "asset_type='Unix Based', asset_host='web01.example.net'"
VAULT = "url=sectona_url, access_key=sectona_access_key"
MARKER = "a-marker-{{ 1 + 1 }}-{% raw %}-of-40-characters"


def compared(expression: str) -> dict[str, Any]:
    return {"ansible.builtin.assert": {"that": [expression], "quiet": True}, "no_log": True}


def test_a_password_is_no_template(ansible: Ansible) -> None:
    ansible.box.sectona.set_password("deploy", MARKER)
    (ansible.folder / "expected").write_text(MARKER, encoding="utf-8")
    asked = f"lookup('infosecops.secops.sectona_password', 'deploy', {ASSET}, {VAULT})"
    ran = ansible.run(
        ansible.tasks(
            {
                "ansible.builtin.copy": {"content": "{{ " + asked + " }}", "dest": "{{ playbook_dir }}/got"},
                "no_log": True,
            },
        )
    )
    assert ran.status == 0, ran.output
    assert (ansible.folder / "got").read_text(encoding="utf-8") == MARKER


def test_full_records_of_several_accounts(ansible: Ansible) -> None:
    ansible.box.sectona.add_account("backup", "a-password-of-its-own")
    asked = f"query('infosecops.secops.sectona_password', 'deploy', 'backup', {ASSET}, {VAULT}, full=true)"
    expression = f"({asked} | map(attribute='account_name') | list) == ['deploy', 'backup']"
    ran = ansible.run(ansible.tasks(compared(expression)))
    assert ran.status == 0, ran.output
    assert ansible.box.journal.count(operation="RequestPassword") == 2


def test_options_of_variables_and_environment(ansible: Ansible) -> None:
    asked = "lookup('infosecops.secops.sectona_password', 'deploy') | length > 0"
    ran = ansible.run(
        ansible.tasks(compared(asked)),
        infosecops_sectona_url=ansible.box.sectona.url,
        infosecops_sectona_access_key=ansible.box.sectona.access_key.reveal(),
        infosecops_sectona_asset_type="Unix Based",
        infosecops_sectona_asset_host="web01.example.net",
    )
    assert ran.status == 0, ran.output


def test_a_fact_asks_once_for_all_hosts(ansible: Ansible) -> None:
    asked = f"lookup('infosecops.secops.sectona_password', 'deploy', {ASSET}, {VAULT})"
    (ansible.folder / "hosts").write_text("one\ntwo\nthree\n", encoding="utf-8")
    tasks = [
        {"ansible.builtin.set_fact": {"kept": "{{ " + asked + " }}"}, "run_once": True, "no_log": True},
        compared("kept | length > 0"),
        compared("kept | length > 1"),
    ]
    play = ansible.tasks(*tasks, hosts="all", connection="local")
    ran = ansible.run(play, "-i", str(ansible.folder / "hosts"))
    assert ran.status == 0, ran.output
    assert ansible.box.journal.count(operation="RequestPassword") == 1


def test_what_fails_is_told_in_one_line(ansible: Ansible) -> None:
    asked = f"lookup('infosecops.secops.sectona_password', 'nobody', {ASSET}, {VAULT})"
    ran = ansible.run(ansible.tasks({"ansible.builtin.debug": {"msg": "{{ " + asked + " }}"}}))
    assert ran.status == 2
    assert "Sectona request_password: POST" in ran.result["msg"]
    assert "Hint:" in ran.result["msg"]
    assert "\n" not in ran.result["msg"]


def test_a_name_that_no_token_has(ansible: Ansible) -> None:
    asked = "lookup('infosecops.secops.bamboo_agent_token', 'nobody', url=bamboo_url, token=bamboo_token)"
    ran = ansible.run(ansible.tasks({"ansible.builtin.debug": {"msg": "{{ " + asked + " }}"}}))
    assert ran.status == 2
    assert "no access tokens of Bamboo have the name 'nobody'" in ran.result["msg"]


def test_check_mode_does_not_ask_the_vault(ansible: Ansible) -> None:
    asked = f"query('infosecops.secops.sectona_password', 'deploy', 'no such account', {ASSET}, {VAULT})"
    full = f"lookup('infosecops.secops.sectona_password', 'deploy', {ASSET}, {VAULT}, full=true)"
    tasks = [
        {"ansible.builtin.debug": {"msg": "{{ " + asked + " }}"}},
        {"ansible.builtin.debug": {"msg": "{{ " + full + " }}"}},
        # It does its work in check mode too, and would not get the password.
        {"ansible.builtin.debug": {"msg": "{{ " + asked + " }}"}, "check_mode": False},
    ]
    ran = ansible.run(ansible.tasks(*tasks), "--check")
    assert ran.status == 0, ran.output
    text = "not requested in check mode"
    assert [told.result["msg"] for told in ran.told[::2]] == [[text, text]] * 2
    account = ran.told[1].result["msg"]
    assert (account["account_name"], account["asset_host"]) == ("deploy", "web01.example.net")
    assert (account["password"], account["pass_phrase"], account["created_on"]) == (text, text, None)
    assert len(ansible.box.journal) == 0


def test_a_record_of_check_mode_has_the_same_keys(ansible: Ansible) -> None:
    asked = f"lookup('infosecops.secops.sectona_password', 'deploy', {ASSET}, {VAULT}, full=true)"
    play = ansible.tasks({"ansible.builtin.debug": {"msg": "{{ " + asked + " | sort }}"}})
    assert ansible.run(play).result["msg"] == ansible.run(play, "--check").result["msg"]
    assert ansible.box.journal.count(operation="RequestPassword") == 1


def test_check_mode_asks_the_vault_if_it_is_told_to(ansible: Ansible) -> None:
    asked = f"lookup('infosecops.secops.sectona_password', 'deploy', {ASSET}, {VAULT}"
    expression = f"{asked}, ask_in_check_mode=true) != {asked})"
    ran = ansible.run(ansible.tasks(compared(expression)), "--check")
    assert ran.status == 0, ran.output
    assert ansible.box.journal.count(operation="RequestPassword") == 1
    ran = ansible.run(
        ansible.tasks(compared(f"{asked}) | length > 0")), "--check", infosecops_sectona_ask_in_check_mode=True
    )
    assert ran.status == 0, ran.output
    assert ansible.box.journal.count(operation="RequestPassword") == 2


def test_an_inventory_of_check_mode_does_not_ask_the_vault(ansible: Ansible) -> None:
    # There are no variables where an inventory is read.
    asked = f"lookup('infosecops.secops.sectona_password', 'deploy', {ASSET}, url='{ansible.box.sectona.url}')"
    source = ansible.folder / "ci.bamboo_agents.yml"
    given = {"plugin": "infosecops.secops.bamboo_agents", "url": ansible.box.bamboo_agents.url}
    source.write_text(json.dumps({**given, "uuid": "{{ " + asked + " }}"}), encoding="utf-8")
    play = ansible.tasks({"ansible.builtin.ping": {}})
    environment = {"INFOSECOPS_SECTONA_ACCESS_KEY": ansible.box.sectona.access_key.reveal()}
    for options, times in ((("--check",), 0), ((), 1)):
        ansible.command(
            "ansible-playbook", str(play), "-i", str(source), *options, environment=environment, may_warn=True
        )
        assert ansible.box.journal.count(operation="RequestPassword") == times


def test_check_mode_tells_wrong_options(ansible: Ansible) -> None:
    asked = f"lookup('infosecops.secops.sectona_password', 'deploy', {ASSET}, url=sectona_url)"
    ran = ansible.run(ansible.tasks({"ansible.builtin.debug": {"msg": "{{ " + asked + " }}"}}), "--check")
    assert ran.status == 2
    assert "INFOSECOPS_SECTONA_ACCESS_KEY" in ran.result["msg"]


def test_check_mode_reads_access_tokens(ansible: Ansible) -> None:
    asked = "lookup('infosecops.secops.bamboo_agent_token', 'readOnly', url=bamboo_url, token=bamboo_token)"
    ran = ansible.run(ansible.tasks(compared(f"{asked} | length == 36")), "--check")
    assert ran.status == 0, ran.output
    assert ansible.box.journal.count(operation="tokens.list") == 1
