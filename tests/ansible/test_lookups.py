"""Lookups: what they return, how often they ask, and their errors of one line."""

from __future__ import annotations

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
