#!/usr/bin/python
# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bamboo_agent
short_description: Enable or disable a build agent of Bamboo
version_added: 0.1.0
author: The infosecops contributors (!UNKNOWN)
description:
  - Enables or disables an agent if it is not so already, and may wait until its builds have ended.
  - Disabling lets builds that are running end.
  - After a change the state is read again, and the task fails if the agent does not have it.
options:
  uuid:
    description:
      - The uuid of an access token, which opens the agents. It needs the right to change them.
      - Taken from E(INFOSECOPS_BAMBOO_AGENTS_UUID) if not given.
    type: str
    required: true
  agent_id:
    description: The id of the agent.
    type: int
    required: true
  enabled:
    description: Whether the agent shall take builds. If not given, it is left as it is.
    type: bool
  wait_idle:
    description:
      - Wait until the agent is idle. Only with O(enabled=false), since others take new builds.
      - The server is late in telling that an agent is busy, so it must be idle for O(settle) seconds.
    type: bool
    default: false
  settle:
    description: Seconds for which the agent must be idle.
    type: float
    default: 120
  wait_timeout:
    description: Seconds to wait at most.
    type: float
    default: 3600
  poll_interval:
    description: Seconds between two looks.
    type: float
    default: 5
attributes:
  check_mode:
    support: full
    details: Reads the state. Does not wait.
  diff_mode:
    support: full
seealso:
  - module: infosecops.secops.bamboo_agent_info
  - module: infosecops.secops.bamboo_agent_token
extends_documentation_fragment:
  - infosecops.secops.connection_bamboo
  - infosecops.secops.attributes
  - infosecops.secops.attributes.bamboo
"""

EXAMPLES = r"""
- name: Have an agent take no more builds, and wait for those that run
  infosecops.secops.bamboo_agent:
    url: "{{ bamboo_url }}"
    uuid: "{{ bamboo_uuid }}"
    agent_id: 131073
    enabled: false
    wait_idle: true
    settle: 1
    poll_interval: 0.5

- name: Have it take builds again
  infosecops.secops.bamboo_agent:
    url: "{{ bamboo_url }}"
    uuid: "{{ bamboo_uuid }}"
    agent_id: 131073
    enabled: true
"""

RETURN = r"""
agent:
  description: The agent as it is, or would be in check mode.
  returned: success
  type: dict
  sample:
    id: 131073
    name: linux-01
    enabled: false
    busy: false
"""

from ansible_collections.infosecops.secops.plugins.module_utils._common import (
    ModuleBase,
    access_token_option,
    infosecops,
)


class BambooAgent(ModuleBase):
    system = "bamboo_agents"
    state = None

    def work(self, client):
        agents = client.agents(infosecops.Secret(self.params["uuid"]))
        agent_id, enabled = self.params["agent_id"], self.params["enabled"]
        self.state = before = agents.state(agent_id)
        changed = enabled is not None and before.enabled != enabled
        if changed and not self.check_mode:
            self.state = agents.enable(agent_id) if enabled else agents.disable(agent_id)
            self.applied = True
            self.state = agents.state(agent_id)
            if self.state.enabled != enabled:
                word = "enabled" if enabled else "disabled"
                raise self.unexpected(f"the agent {agent_id} is not {word} when it is read again", differs=False)
        if self.params["wait_idle"] and not self.check_mode:
            limits = {"settle": self.params["settle"], "timeout": self.params["wait_timeout"]}
            self.state = agents.wait_until_idle(agent_id, poll_interval=self.params["poll_interval"], **limits)
        agent = shown(self.state)
        if changed and self.check_mode:
            agent["enabled"] = enabled
        result = {"changed": changed, "agent": agent}
        return self.with_diff(result, {"enabled": before.enabled}, {"enabled": agent["enabled"]})

    def partial(self, error):
        return {"agent": shown(self.state)} if self.state else {}


def shown(state):
    return {"id": state.id, "name": state.name, "enabled": state.enabled, "busy": state.busy}


def main():
    uuid = access_token_option()
    uuid["uuid"]["required"] = True
    BambooAgent(
        dict(
            uuid,
            agent_id={"type": "int", "required": True},
            enabled={"type": "bool"},
            wait_idle={"type": "bool", "default": False},
            settle={"type": "float", "default": 120},
            wait_timeout={"type": "float", "default": 3600},
            poll_interval={"type": "float", "default": 5},
        ),
        required_if=[("wait_idle", True, ("enabled",))],
        supports_check_mode=True,
    ).run()


if __name__ == "__main__":
    main()
