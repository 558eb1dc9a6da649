# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: sectona_password
short_description: Passwords of the Sectona vault
version_added: 0.1.0
author: The infosecops contributors (!UNKNOWN)
description:
  - Requests the secrets of accounts on an asset.
  - The vault records each request. A variable that holds a lookup asks again whenever it is used, for each host.
    To ask once, put the answer into a fact, as the example does.
options:
  _terms:
    description: The names of the accounts.
    type: list
    elements: str
    required: true
  asset_type:
    description: The type of the asset, exactly as it is configured in Sectona.
    type: str
    required: true
    vars:
      - name: infosecops_sectona_asset_type
  asset_host:
    description: The host name or address of the asset.
    type: str
    required: true
    vars:
      - name: infosecops_sectona_asset_host
  instance:
    description: The instance of Sectona.
    type: str
    default: Default
    vars:
      - name: infosecops_sectona_instance
  db_instance:
    description: The database instance, for assets that are databases.
    type: str
    vars:
      - name: infosecops_sectona_db_instance
  full:
    description: Return all that the vault tells of an account, and not its password alone.
    type: bool
    default: false
seealso:
  - module: infosecops.secops.sectona_password_file
  - name: Password vault of Sectona
    description: The vendor's page.
    link: https://docs.sectona.com/pam-technical-documentation/6.0/api-password-vault
extends_documentation_fragment:
  - infosecops.secops.connection_sectona.plugin
"""

EXAMPLES = r"""
- name: Request the password once, for all hosts and tasks
  ansible.builtin.set_fact:
    database_password: >-
      {{ lookup('infosecops.secops.sectona_password', 'system', asset_type='Oracle Database',
                asset_host='db01.example.net', db_instance='ORCL',
                url=sectona_url, access_key=sectona_access_key) }}
  run_once: true
  no_log: true

# Not by environment: at -vvv Ansible prints the command line that sets it, even under no_log.
- name: Use it
  ansible.builtin.command:
    cmd: sh -c 'read -r password && test -n "$password"'
    stdin: "{{ database_password }}"
  no_log: true
  changed_when: false
"""

RETURN = r"""
_raw:
  description:
    - The password of each account. With O(full) a dictionary, in which C(password) and C(pass_phrase) are text.
  type: list
  elements: raw
"""

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.infosecops.secops.plugins.module_utils._common import plain
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
        asset = [self.get_option(name) for name in ("asset_type", "asset_host")]
        more = {name: self.get_option(name) for name in ("instance", "db_instance")}
        with client_of(self, "sectona", AnsibleLookupError) as pam:
            accounts = [pam.request_password(*asset, name, **more) for name in terms]
        if self.get_option("full"):
            return [plain(account.to_dict(reveal=True)) for account in accounts]
        return [account.password.reveal() for account in accounts]
