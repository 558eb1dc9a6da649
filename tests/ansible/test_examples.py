"""Every example of the documentation is run against the sandbox, as it is printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from ansible_content import DECISIONS, documented

if TYPE_CHECKING:
    from ansible_run import Ansible

TASKS = [(kind, name) for kind, name in documented() if kind != "inventory"]


@pytest.mark.parametrize(("kind", "name"), TASKS, ids=lambda value: value)
def test_example(kind: str, name: str, ansible: Ansible) -> None:
    decisions = ansible.folder / "decisions.csv"
    decisions.write_text(DECISIONS, encoding="utf-8")
    tasks = yaml.safe_load(documented()[kind, name]["examples"])
    assert all(task.get("name") for task in tasks)
    ran = ansible.run(ansible.tasks(*tasks), decisions_file=str(decisions), secrets_dir=str(ansible.folder))
    assert ran.status == 0, ran.output
    assert [told.ended for told in ran.told] == ["ok"] * len(tasks)
    if kind == "module":
        assert_returned(documented()[kind, name]["return"], name, ran.told)


def assert_returned(returned: dict[str, Any], name: str, told: list[Any]) -> None:
    """What the module returned is what its documentation says."""
    always = {key for key, value in returned.items() if value["returned"] in ("success", "always")}
    own = {"changed", "failed", "diff", "invocation"}
    # Not of other modules that an example uses, nor of tasks under no_log.
    results = [one.result for one in told if not {"msg", "censored"} & set(one.result)]
    assert results, name
    for result in results:
        assert always <= set(result), sorted(result)
        files = {"uid", "gid", "owner", "group", "mode", "size", "state", "path"} if "dest" in result else set()
        assert {key for key in result if not key.startswith("_ansible")} <= set(returned) | own | files


def test_inventory(ansible: Ansible) -> None:
    example = yaml.safe_load(documented()["inventory", "bamboo_agents"]["examples"])
    source = ansible.folder / "ci.bamboo_agents.yml"
    source.write_text(yaml.safe_dump({**example, "url": ansible.box.bamboo_agents.url}), encoding="utf-8")
    uuid = ansible.box.bamboo_agents.access_token.reveal()
    ran = ansible.command(
        "ansible-inventory", "-i", str(source), "--list", environment={"INFOSECOPS_BAMBOO_AGENTS_UUID": uuid}
    )
    ansible.assert_private(ran.output, "the inventory")
    listed = json.loads(ran.output, object_hook=lambda value: value.get("__ansible_unsafe", value))
    assert listed["os_linux"]["hosts"] == ["linux-01", "linux-02"]
    assert listed["takes_builds"]["hosts"] == ["linux-01", "linux-02"]
    assert listed["_meta"]["hostvars"]["windows-01"] == {
        "ansible_host": "windows-01.example.com",
        "bamboo_agent_busy": False,
        "bamboo_agent_enabled": False,
        "bamboo_agent_id": 131075,
        "bamboo_agent_name": "windows-01",
        "bamboo_agent_online": False,
    }
