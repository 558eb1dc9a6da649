#!/usr/bin/python
# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bamboo_agent_token
short_description: Have an access token of Agent APIs for Bamboo
version_added: 0.1.0
author: The infosecops contributors (!UNKNOWN)
description:
  - Makes sure that there is one access token of a name with these rights, or that it has none.
  - Options that are not given change nothing. A token that exists keeps its name and each right that the task does not
    name; the defaults are those of a new token.
  - The uuid of a token opens agents. It is returned only if asked for.
options:
  name:
    description:
      - The name of the token. Names need not be unique; several tokens of the name fail the task.
      - Together with O(uuid), the name to give to that token.
    type: str
  uuid:
    description:
      - The uuid of the token, to tell it from others.
      - With O(name), the token gets that name and keeps its rights, unless O(read) or O(change) is given.
    type: str
  read:
    description: Whether it may read the state of agents. A new token may, unless this is V(false).
    type: bool
  change:
    description: Whether it may change them. A new token may not, unless this is V(true).
    type: bool
  state:
    description:
      - V(present) to have the token. A token that was revoked stays so, unless O(read) or O(change) is given.
      - V(revoked) to take its rights away. Bamboo cannot delete tokens, so it stays in the list.
    type: str
    choices: [present, revoked]
    default: present
  reveal:
    description:
      - Return the uuid, which is a credential.
      - Use C(no_log) with it.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Never shows the uuid.
seealso:
  - module: infosecops.secops.bamboo_agent_token_info
  - plugin: infosecops.secops.bamboo_agent_token
    plugin_type: lookup
  - name: Access token operations of Agent APIs for Bamboo
    description: The vendor's page.
    link: https://eddiewebb.atlassian.net/wiki/display/AAFB/Access+Token+Operations
extends_documentation_fragment:
  - infosecops.secops.connection_bamboo
  - infosecops.secops.attributes
  - infosecops.secops.attributes.bamboo
"""

EXAMPLES = r"""
- name: Have a token that reads
  infosecops.secops.bamboo_agent_token:
    url: "{{ bamboo_url }}"
    token: "{{ bamboo_token }}"
    name: chef nodes

- name: Have a token that changes agents, and keep its uuid for later tasks
  infosecops.secops.bamboo_agent_token:
    url: "{{ bamboo_url }}"
    token: "{{ bamboo_token }}"
    name: maintenance
    change: true
    reveal: true
  register: maintenance
  no_log: true

- name: Get the uuid of a token, whatever its rights are
  infosecops.secops.bamboo_agent_token:
    url: "{{ bamboo_url }}"
    token: "{{ bamboo_token }}"
    name: read and write
    reveal: true
  register: known
  no_log: true

- name: Take its rights away
  infosecops.secops.bamboo_agent_token:
    url: "{{ bamboo_url }}"
    token: "{{ bamboo_token }}"
    name: chef nodes
    state: revoked
"""

RETURN = r"""
token:
  description: The token as it is, or would be in check mode; none if there is none to revoke.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
    read:
      description: Whether it may read the state of agents.
      type: bool
    change:
      description: Whether it may change them.
      type: bool
    uuid:
      description: What opens agents. Only with O(reveal), and not for a token that check mode would make.
      type: str
  sample:
    name: chef nodes
    read: true
    change: false
"""

from ansible_collections.infosecops.secops.plugins.module_utils._common import ModuleBase, infosecops

NEW = {"read": True, "change": False}
"""The rights of a new token, where the task does not name them."""


class BambooAgentToken(ModuleBase):
    system = "bamboo_agents"

    def work(self, client):
        found = self.find(client.tokens.list())
        wanted = self.wanted(found)
        before = shown(found) if found else None
        if wanted == before:
            return {"changed": False, "token": self.told(found)}
        if self.check_mode:
            told = dict(self.told(found) or {}, **wanted)
        else:
            told = self.told(self.have(client, found, wanted))
        return self.with_diff({"changed": True, "token": told}, before or {}, wanted)

    def have(self, client, found, wanted):
        """Update or create the token. Returns it as the server answers."""
        token = client.tokens.update(found, **wanted) if found else client.tokens.create(**wanted)
        self.hide(token.uuid)
        self.applied = True
        if shown(token) != wanted:
            text = f"the answer has the token {shown(token)}, not {wanted}"
            raise self.unexpected(text, differs=found is None or shown(token) != shown(found))
        return token

    def find(self, tokens):
        """The token that is meant; None if there is none of the name."""
        uuid, name = self.params["uuid"], self.params["name"]
        if uuid is not None:
            fitting = [token for token in tokens if token.uuid.reveal().lower() == uuid.lower()]
            if not fitting:
                raise infosecops.ConfigError("uuid: there is no such token")
        else:
            fitting = [token for token in tokens if token.name == name]
        if len(fitting) > 1:
            raise infosecops.AmbiguousMatch(
                f"{len(fitting)} tokens have the name {name!r}: give the uuid of the one you mean", outcome="not_sent"
            )
        for token in fitting:
            self.hide(token.uuid)
        return fitting[0] if fitting else None

    def wanted(self, found):
        """What the token shall be; None if there is nothing to revoke."""
        if self.params["state"] == "revoked":
            if found is None:
                return None
            given = {"name": self.params["name"], "read": False, "change": False}
        else:
            given = {name: self.params[name] for name in ("name", "read", "change")}
        present = shown(found) if found else NEW
        return {name: present[name] if value is None else value for name, value in given.items()}

    def told(self, token):
        if token is None:
            return None
        self.hide(token.uuid)
        secret = {"uuid": token.uuid.reveal()} if self.params["reveal"] else {}
        return dict(shown(token), **secret)


def shown(token):
    """A token without its uuid."""
    return {"name": token.name, "read": token.read, "change": token.change}


def main():
    BambooAgentToken(
        {
            "name": {"type": "str"},
            "uuid": {"type": "str", "no_log": True},
            "read": {"type": "bool"},
            "change": {"type": "bool"},
            "state": {"type": "str", "choices": ["present", "revoked"], "default": "present"},
            "reveal": {"type": "bool", "default": False},
        },
        required_one_of=[("name", "uuid")],
        supports_check_mode=True,
    ).run()


if __name__ == "__main__":
    main()
