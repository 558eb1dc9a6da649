"""Ansible forks a worker for every task and host; the controller may have used the package before."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_run import Ansible

HOSTS = 60
ASSET = "asset_type='Unix Based', asset_host='web01.example.net'"
VAULT = "url=sectona_url, access_key=sectona_access_key"


def inventory_of_agents(ansible: Ansible) -> Path:
    """An inventory whose plugin uses the package in the controller."""
    source = ansible.folder / "ci.bamboo_agents.yml"
    given = {
        "plugin": "infosecops.secops.bamboo_agents",
        "url": ansible.box.bamboo_agents.url,
        "uuid": ansible.box.bamboo_agents.access_token.reveal(),
        "compose": {"ansible_connection": "'local'"},
    }
    source.write_text(yaml.safe_dump(given), encoding="utf-8")
    return source


def checked(account: str) -> dict[str, Any]:
    """A task that compares a password with what it must be, and shows neither."""
    asked = f"lookup('infosecops.secops.sectona_password', {account}, {ASSET}, {VAULT})"
    return {
        "ansible.builtin.assert": {"that": [f"{asked} | hash('sha256') == expected"], "quiet": True},
        "no_log": True,
    }


def digest(ansible: Ansible, name: str) -> str:
    """Of an account's password: as a variable that would be a template."""
    (account,) = [account for account in ansible.box.sectona.accounts if account.account_name == name]
    return sha256(account.password.reveal_bytes()).hexdigest()


def test_inventory_in_the_controller_and_lookup_in_the_task(ansible: Ansible) -> None:
    play = ansible.tasks(checked("'deploy'"), checked("'deploy'"), hosts="all")
    ran = ansible.run(play, "-i", str(inventory_of_agents(ansible)), expected=digest(ansible, "deploy"))
    assert ran.status == 0, ran.output
    assert len(ran.told) == 6
    assert ansible.box.journal.count(operation="RequestPassword") == 6


def test_lookup_in_hosts_and_in_the_task(ansible: Ansible) -> None:
    # What names the host is a lookup too: the controller makes a call before it forks.
    asked = "lookup('infosecops.secops.bamboo_agent_token', 'readOnly', url=bamboo_url, token=bamboo_token)"
    hosts = "{{ 'localhost' if " + asked + " else 'nobody' }}"
    ran = ansible.run(ansible.tasks(checked("'deploy'"), hosts=hosts), expected=digest(ansible, "deploy"))
    assert ran.status == 0, ran.output
    assert [told.host for told in ran.told] == ["localhost"]


@pytest.mark.parametrize("strategy", ["linear", "free", "host_pinned"])
def test_sixty_hosts_each_with_its_own_password(ansible: Ansible, strategy: str) -> None:
    hosts = {}
    for number in range(HOSTS):
        name = f"service-{number:02}"
        ansible.box.sectona.add_account(name, f"the-password-{number}-of-one-host-alone")
        hosts[f"host{number:02}"] = {"ansible_connection": "local", "account": name, "expected": digest(ansible, name)}
    source = ansible.folder / "hosts.json"
    source.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    play = ansible.tasks(checked("account"), hosts="all", strategy=strategy)
    ran = ansible.run(play, "-f", "20", "-i", str(inventory_of_agents(ansible)), "-i", str(source), "-l", "host*")
    assert ran.status == 0, ran.output
    assert len(ran.told) == HOSTS
    assert ansible.box.journal.count(operation="RequestPassword") == HOSTS
