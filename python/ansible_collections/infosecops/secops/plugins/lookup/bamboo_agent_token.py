# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: bamboo_agent_token
short_description: Access tokens of Agent APIs for Bamboo
version_added: 0.1.0
author: The infosecops contributors (!UNKNOWN)
description:
  - Returns the uuids of access tokens, by their names. They are credentials, which open the agents.
  - A name that no token has, or several have, is an error.
options:
  _terms:
    description: The names of the tokens.
    type: list
    elements: str
    required: true
seealso:
  - module: infosecops.secops.bamboo_agent_token
  - module: infosecops.secops.bamboo_agent
extends_documentation_fragment:
  - infosecops.secops.connection_bamboo.plugin
"""

EXAMPLES = r"""
- name: Have an agent take no more builds
  infosecops.secops.bamboo_agent:
    url: "{{ bamboo_url }}"
    uuid: "{{ lookup('infosecops.secops.bamboo_agent_token', 'read and write', url=bamboo_url, token=bamboo_token) }}"
    agent_id: 131073
    enabled: false
"""

RETURN = r"""
_raw:
  description: The uuid of each token.
  type: list
  elements: str
"""

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.infosecops.secops.plugins.plugin_utils._common import (
    check_given,
    check_terms,
    client_of,
)


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        check_terms(terms, AnsibleLookupError)
        check_given(self, kwargs, variables, AnsibleLookupError)
        self.set_options(var_options=variables, direct=kwargs)
        with client_of(self, "bamboo_agents", AnsibleLookupError) as bamboo:
            tokens = bamboo.tokens.list()
        return [uuid(tokens, name) for name in terms]


def uuid(tokens, name):
    """The uuid of the one token that has the name."""
    fitting = [token for token in tokens if token.name == name]
    if len(fitting) != 1:
        raise AnsibleLookupError(f"{len(fitting) or 'no'} access tokens of Bamboo have the name {name!r}")
    return fitting[0].uuid.reveal()
