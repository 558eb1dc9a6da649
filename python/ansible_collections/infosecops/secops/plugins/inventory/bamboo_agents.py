# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: bamboo_agents
short_description: Build agents of Bamboo as hosts
version_added: 0.1.0
author: The infosecops contributors (!UNKNOWN)
description:
  - Makes a host of every build agent, with the variables C(bamboo_agent_id), C(bamboo_agent_name),
    C(bamboo_agent_enabled), C(bamboo_agent_busy) and C(bamboo_agent_online).
  - The file of the inventory ends with C(bamboo_agents.yml) or C(bamboo_agents.yaml).
  - A cache holds these variables and no credential.
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [infosecops.secops.bamboo_agents]
  uuid:
    description:
      - The uuid of an access token, which opens the agents. It needs the right to read them.
      - May be a template, such as a lookup.
    type: str
    required: true
    env:
      - name: INFOSECOPS_BAMBOO_AGENTS_UUID
seealso:
  - module: infosecops.secops.bamboo_agent_info
extends_documentation_fragment:
  - infosecops.secops.connection_bamboo.plugin
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
"""

EXAMPLES = r"""
# File: ci.bamboo_agents.yml. The uuid of the token comes from E(INFOSECOPS_BAMBOO_AGENTS_UUID).
plugin: infosecops.secops.bamboo_agents
url: https://ci.example.com/bamboo
compose:
  ansible_host: bamboo_agent_name ~ '.example.com'
groups:
  takes_builds: bamboo_agent_enabled and bamboo_agent_online
keyed_groups:
  - key: bamboo_agent_name.split('-')[0]
    prefix: os
"""

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.infosecops.secops.plugins.module_utils._common import infosecops
from ansible_collections.infosecops.secops.plugins.plugin_utils._common import check_given, client_of

VARIABLES = ("id", "name", "enabled", "busy", "online")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "infosecops.secops.bamboo_agents"

    def verify_file(self, path):
        return super().verify_file(path) and path.endswith(("bamboo_agents.yml", "bamboo_agents.yaml"))

    def parse(self, inventory, loader, path, cache=True):  # noqa: FBT002 - the signature of all inventories
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        check_given(self, config, self._vars, AnsibleParserError)
        self.load_cache_plugin()
        key = self.get_cache_key(path)
        may_read = cache and self.get_option("cache")
        agents = self._cache.get(key) if may_read else None
        if agents is None:
            agents = self.agents()
            if self.get_option("cache"):
                self._cache[key] = agents
        for agent in agents:
            self.add(agent)

    def agents(self):
        """The agents as plain data."""
        uuid = self.get_option("uuid")
        if self.templar.is_template(uuid):
            uuid = self.templar.template(uuid)
            # A template may make a number of it.
            check_given(self, {"uuid": uuid}, None, AnsibleParserError)
        with client_of(self, "bamboo_agents", AnsibleParserError) as bamboo:
            found = bamboo.agents(infosecops.Secret(uuid)).list()
        return [{name: getattr(agent, name) for name in VARIABLES} for agent in found]

    def add(self, agent):
        """Make an agent a host with variables and groups."""
        host = agent["name"] or str(agent["id"])
        self.inventory.add_host(host)
        variables = {f"bamboo_agent_{name}": agent[name] for name in VARIABLES}
        for name, value in variables.items():
            self.inventory.set_variable(host, name, value)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)
