#!/usr/bin/python
# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bamboo_agent_info
short_description: List build agents of Bamboo
version_added: 0.1.0
author: The infosecops contributors (!UNKNOWN)
description:
  - Returns one agent or all agents, with their capabilities if asked for.
options:
  uuid:
    description:
      - The uuid of an access token, which opens the agents. It needs the right to read them.
      - Taken from E(INFOSECOPS_BAMBOO_AGENTS_UUID) if not given.
    type: str
    required: true
  agent_id:
    description: The id of one agent. Without it all are listed, by a call that no page of the plugin documents.
    type: int
  capabilities:
    description: Return the agents' own capabilities too, by one more call for each agent.
    type: bool
    default: false
seealso:
  - module: infosecops.secops.bamboo_agent
  - plugin: infosecops.secops.bamboo_agents
    plugin_type: inventory
extends_documentation_fragment:
  - infosecops.secops.connection_bamboo
  - infosecops.secops.attributes.reads
  - infosecops.secops.attributes.bamboo
"""

EXAMPLES = r"""
- name: List all agents
  infosecops.secops.bamboo_agent_info:
    url: "{{ bamboo_url }}"
    uuid: "{{ bamboo_uuid }}"
  register: all

- name: Look at one, with what it can build
  infosecops.secops.bamboo_agent_info:
    url: "{{ bamboo_url }}"
    uuid: "{{ bamboo_uuid }}"
    agent_id: 131073
    capabilities: true
"""

RETURN = r"""
agents:
  description: The agents.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id.
      type: int
    name:
      description: The name.
      type: str
    enabled:
      description: Whether it takes builds.
      type: bool
    busy:
      description: Whether it builds. The server is late in telling so.
      type: bool
    online:
      description: Whether it is connected; not told of a single agent.
      type: bool
    capabilities:
      description: What the agent itself can do, by key; only with O(capabilities).
      type: dict
  sample:
    - id: 131073
      name: linux-01
      enabled: true
      busy: false
      online: true
"""

from ansible_collections.infosecops.secops.plugins.module_utils._common import (
    ModuleBase,
    access_token_option,
    infosecops,
)


class BambooAgentInfo(ModuleBase):
    system = "bamboo_agents"

    def work(self, client):
        agents = client.agents(infosecops.Secret(self.params["uuid"]))
        one = self.params["agent_id"]
        found = agents.list() if one is None else [agents.state(one)]
        return {"changed": False, "agents": [self.told(agents, agent) for agent in found]}

    def told(self, agents, agent):
        names = ("id", "name", "enabled", "busy", "online")
        told = {name: getattr(agent, name) for name in names if hasattr(agent, name)}
        if self.params["capabilities"]:
            told["capabilities"] = {one.key: one.value for one in agents.capabilities(agent.id)}
        return told


def main():
    uuid = access_token_option()
    uuid["uuid"]["required"] = True
    BambooAgentInfo(
        dict(uuid, agent_id={"type": "int"}, capabilities={"type": "bool", "default": False}),
        supports_check_mode=True,
    ).run()


if __name__ == "__main__":
    main()
