#!/usr/bin/python
# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bamboo_agent_token_info
short_description: List access tokens of Agent APIs for Bamboo
version_added: 0.1.0
author: The infosecops contributors (!UNKNOWN)
description:
  - Lists the access tokens and their rights.
options:
  name:
    description: Those of this name only. Names need not be unique.
    type: str
  reveal:
    description:
      - Return the uuids, which are credentials.
      - Use C(no_log) with it.
    type: bool
    default: false
seealso:
  - module: infosecops.secops.bamboo_agent_token
  - name: Access token operations of Agent APIs for Bamboo
    description: The vendor's page.
    link: https://eddiewebb.atlassian.net/wiki/display/AAFB/Access+Token+Operations
extends_documentation_fragment:
  - infosecops.secops.connection_bamboo
  - infosecops.secops.attributes.reads
  - infosecops.secops.attributes.bamboo
"""

EXAMPLES = r"""
- name: List the tokens
  infosecops.secops.bamboo_agent_token_info:
    url: "{{ bamboo_url }}"
    token: "{{ bamboo_token }}"
  register: found

- name: Name those that may change agents
  ansible.builtin.debug:
    msg: "{{ found.tokens | selectattr('change') | map(attribute='name') }}"
"""

RETURN = r"""
tokens:
  description: The tokens; their C(uuid) only with O(reveal).
  returned: success
  type: list
  elements: dict
  sample:
    - name: readOnly
      read: true
      change: false
"""

from ansible_collections.infosecops.secops.plugins.module_utils._common import ModuleBase


class BambooAgentTokenInfo(ModuleBase):
    system = "bamboo_agents"

    def work(self, client):
        name = self.params["name"]
        tokens = [token for token in client.tokens.list() if name is None or token.name == name]
        return {"changed": False, "tokens": [self.told(token) for token in tokens]}

    def told(self, token):
        self.hide(token.uuid)
        secret = {"uuid": token.uuid.reveal()} if self.params["reveal"] else {}
        return dict({"name": token.name, "read": token.read, "change": token.change}, **secret)


def main():
    BambooAgentTokenInfo(
        {"name": {"type": "str"}, "reveal": {"type": "bool", "default": False}},
        supports_check_mode=True,
    ).run()


if __name__ == "__main__":
    main()
