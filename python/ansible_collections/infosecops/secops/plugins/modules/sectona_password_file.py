#!/usr/bin/python
# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sectona_password_file
short_description: Write a password or key of the Sectona vault to a file
version_added: 0.1.0
author: The infosecops contributors (!UNKNOWN)
description:
  - Requests the secret of an account, and writes it to a file that others cannot read.
  - The secret is never returned, and stands in no log of Ansible.
  - Each run makes one request, which the vault records. In check mode it makes none.
options:
  asset_type:
    description: The type of the asset, exactly as it is configured in Sectona.
    type: str
    required: true
  asset_host:
    description: The host name or address of the asset.
    type: str
    required: true
  account_name:
    description: The account on the asset.
    type: str
    required: true
  instance:
    description: The instance of Sectona.
    type: str
    default: Default
  db_instance:
    description: The database instance, for assets that are databases.
    type: str
  dest:
    description: The file to write, on the host that runs the module. Its directory must exist.
    type: path
    required: true
  part:
    description: Which of the account's secrets to write.
    type: str
    choices: [password, pass_phrase]
    default: password
  mode:
    description:
      - The permissions of the file.
      - If not given, a new file gets V(0600), and a file that exists keeps its own, except that others lose access.
    type: raw
attributes:
  check_mode:
    support: partial
    details: Makes no request, and so tells only whether the file is missing.
  diff_mode:
    support: partial
    details: Tells whether the file is there, never what is in it.
seealso:
  - plugin: infosecops.secops.sectona_password
    plugin_type: lookup
  - name: Password vault of Sectona
    description: The vendor's page.
    link: https://docs.sectona.com/pam-technical-documentation/6.0/api-password-vault
extends_documentation_fragment:
  - ansible.builtin.files
  - infosecops.secops.connection_sectona
  - infosecops.secops.attributes
  - infosecops.secops.attributes.sectona
"""

EXAMPLES = r"""
- name: Give a service its password in a file
  infosecops.secops.sectona_password_file:
    url: "{{ sectona_url }}"
    access_key: "{{ sectona_access_key }}"
    asset_type: Unix Based
    asset_host: web01.example.net
    account_name: deploy
    dest: "{{ secrets_dir }}/deploy"
"""

RETURN = r"""
dest:
  description: The file.
  returned: success
  type: str
  sample: /etc/shop/database-password
kind:
  description: What the account has, V(password), V(key), V(key_with_secret) or V(other). None in check mode.
  returned: success
  type: str
  sample: password
account_name:
  description: The account.
  returned: success
  type: str
  sample: deploy
"""

import os
import stat
import tempfile
from pathlib import Path

from ansible_collections.infosecops.secops.plugins.module_utils._common import ModuleBase, infosecops


class SectonaPasswordFile(ModuleBase):
    system = "sectona"
    mode = None
    """The permissions that the file is to have."""

    def work(self, client):
        dest = Path(os.path.realpath(self.params["dest"]))
        if dest.is_dir() or not dest.parent.is_dir():
            raise infosecops.ConfigError(f"dest: no file can be at {dest}; no request was made")
        result = {"dest": str(dest), "kind": None, "account_name": self.params["account_name"]}
        is_there = dest.exists()
        self.mode = self.params["mode"]
        if self.mode is None:
            self.mode = stat.S_IMODE(dest.stat().st_mode) & ~stat.S_IRWXO if is_there else 0o600
        if self.check_mode:
            result["changed"] = self.have_attributes(dest) if is_there else True
        else:
            account = self.account(client)
            secret = getattr(account, self.params["part"])
            if not secret:
                text = f"part: the account has no {self.params['part']}; nothing was written"
                raise infosecops.ConfigError(text, outcome="rejected")
            self.hide(secret)
            result["kind"] = account.kind
            result["changed"] = self.have(dest, secret.reveal_bytes())
        return self.with_diff(result, {"exists": is_there}, {"exists": True})

    def account(self, client):
        names = ("asset_type", "asset_host", "account_name")
        return client.request_password(
            *[self.params[name] for name in names],
            instance=self.params["instance"],
            db_instance=self.params["db_instance"],
        )

    def have(self, dest, content):
        """Have a file with this content. Returns whether something changed."""
        if dest.exists() and dest.read_bytes() == content:
            return self.have_attributes(dest)
        # Private from its first byte on, it takes the other's place when it is complete.
        handle, path = tempfile.mkstemp(prefix=".infosecops-", dir=dest.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            if dest.exists():
                self.give(path, dest.stat())
            self.have_attributes(path)
            Path(path).replace(dest)
        finally:
            Path(path).unlink(missing_ok=True)
        return True

    def give(self, path, owner):
        """Let the file belong to whom the other one belongs, if we may."""
        if (owner.st_uid, owner.st_gid) != (os.getuid(), os.getgid()):
            os.chown(path, owner.st_uid, owner.st_gid)

    def have_attributes(self, path):
        attributes = self.module.load_file_common_arguments(dict(self.params, mode=self.mode), path=str(path))
        return self.module.set_fs_attributes_if_different(attributes, changed=False)


def main():
    SectonaPasswordFile(
        {
            "asset_type": {"type": "str", "required": True},
            "asset_host": {"type": "str", "required": True},
            "account_name": {"type": "str", "required": True},
            "instance": {"type": "str", "default": "Default"},
            "db_instance": {"type": "str"},
            "dest": {"type": "path", "required": True},
            "part": {"type": "str", "choices": ["password", "pass_phrase"], "default": "password"},
            "mode": {"type": "raw"},
        },
        add_file_common_args=True,
        supports_check_mode=True,
    ).run()


if __name__ == "__main__":
    main()
