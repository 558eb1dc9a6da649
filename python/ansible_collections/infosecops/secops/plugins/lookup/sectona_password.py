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
  - In check mode the vault is not asked. The lookup returns the text V(not requested in check mode) instead, unless
    O(ask_in_check_mode) is set.
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
  ask_in_check_mode:
    description:
      - Ask the vault in check mode too. The vault records the request.
      - Set it where a task with C(check_mode=false) uses the password, because that task does its work in check mode.
    type: bool
    default: false
    vars:
      - name: infosecops_sectona_ask_in_check_mode
notes:
  - Check mode is that of the run, as C(ansible_check_mode) tells it. Ansible does not tell lookups whether a single
    task has C(check_mode=true).
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
    - In check mode V(not requested in check mode) in the place of each secret. With O(full) the dictionary has the
      account as it was asked for, and nothing of what the vault knows besides.
  type: list
  elements: raw
"""

from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.infosecops.secops.plugins.module_utils._common import plain
from ansible_collections.infosecops.secops.plugins.plugin_utils._common import (
    check_given,
    check_terms,
    client_of,
)

NOT_REQUESTED = "not requested in check mode"
TOLD = ("authentication_type", "account_type", "created_by", "created_on", "created_on_text", "status", "kind", "extra")
"""What only the vault knows of an account."""


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        check_terms(terms, AnsibleLookupError)
        check_given(self, kwargs, variables, AnsibleLookupError)
        self.set_options(var_options=variables, direct=kwargs)
        asks = self.get_option("ask_in_check_mode") or not is_check_mode(variables)
        # Made in check mode too, so that wrong options fail there already. It sends nothing by itself.
        with client_of(self, "sectona", AnsibleLookupError) as pam:
            accounts = [self.account(pam, name) if asks else self.stand_in(name) for name in terms]
        return accounts if self.get_option("full") else [account["password"] for account in accounts]

    def account(self, pam, name):
        asset = [self.get_option(option) for option in ("asset_type", "asset_host")]
        more = {option: self.get_option(option) for option in ("instance", "db_instance")}
        return plain(pam.request_password(*asset, name, **more).to_dict(reveal=True))

    def stand_in(self, name):
        """An account that was not asked for, with the same keys."""
        asset = {option: self.get_option(option) for option in ("asset_type", "asset_host")}
        secrets = {"password": NOT_REQUESTED, "pass_phrase": NOT_REQUESTED}
        return dict(dict.fromkeys(TOLD), **asset, account_name=name, **secrets)


def is_check_mode(variables):
    """Whether the run is in check mode. Where there are no variables, such as in an inventory, its options say so."""
    return bool((variables or {}).get("ansible_check_mode", context.CLIARGS.get("check", False)))
