#!/usr/bin/python
# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sde_job_info
short_description: List jobs of SD Elements
version_added: 0.1.0
author: The infosecops contributors (!UNKNOWN)
description:
  - Gets one job, or lists the jobs of one kind or of all kinds.
options:
  kind:
    description:
      - What the connections are for, V(alm), V(analysis) or V(ldap); or another word that the server knows.
      - Without it, jobs of all kinds are listed, which servers from release 5.2 on can do.
    type: str
  id:
    description: The id of a job. Needs O(kind).
    type: int
  automatic:
    description: Scheduled ones only, or only those started by hand.
    type: bool
  connection:
    description: Those of this connection only.
    type: int
  ready:
    description: Finished ones only, or pending ones.
    type: bool
  succeeded:
    description: Those that ended well only, or the others.
    type: bool
  user:
    description: Those of the user with this e-mail address only.
    type: str
  limit:
    description: So many at most.
    type: int
  reveal:
    description:
      - Return the passwords in the C(params) of connections as they are, and not as C(****).
      - Use C(no_log) with it.
    type: bool
    default: false
seealso:
  - module: infosecops.secops.sde_job
  - name: Jobs of SD Elements
    description: The vendor's page.
    link: https://docs.sdelements.com/release/4.12/api/docs/jobs
extends_documentation_fragment:
  - infosecops.secops.connection_sde
  - infosecops.secops.attributes.reads
  - infosecops.secops.attributes.sde
"""

EXAMPLES = r"""
- name: List failed synchronizations with issue trackers
  infosecops.secops.sde_job_info:
    url: "{{ sde_url }}"
    token: "{{ sde_token }}"
    kind: alm
    ready: true
    succeeded: false
  register: failures

- name: Look at one job
  infosecops.secops.sde_job_info:
    url: "{{ sde_url }}"
    token: "{{ sde_token }}"
    kind: ldap
    id: 57
"""

RETURN = r"""
jobs:
  description: The jobs, in the order of the server.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 12
      kind: alm
      ready: true
      succeeded: true
      result_message: ""
      last_run: "2015-04-15T20:27:24.396442+00:00"
"""

from ansible_collections.infosecops.secops.plugins.module_utils._common import ModuleBase


class SdeJobInfo(ModuleBase):
    system = "sd_elements"

    def work(self, client):
        return {"changed": False, "jobs": [job.to_dict(reveal=self.params["reveal"]) for job in self.jobs(client)]}

    def jobs(self, client):
        jobs = client.jobs if self.params["kind"] is None else client.jobs.kind(self.params["kind"])
        if self.params["id"] is not None:
            return [jobs.get(self.params["id"])]
        names = ("automatic", "connection", "ready", "succeeded", "user", "limit")
        return jobs.list(**{name: self.params[name] for name in names})


def main():
    SdeJobInfo(
        {
            "kind": {"type": "str"},
            "id": {"type": "int"},
            "automatic": {"type": "bool"},
            "connection": {"type": "int"},
            "ready": {"type": "bool"},
            "succeeded": {"type": "bool"},
            "user": {"type": "str"},
            "limit": {"type": "int"},
            "reveal": {"type": "bool", "default": False},
        },
        required_by={"id": "kind"},
        supports_check_mode=True,
    ).run()


if __name__ == "__main__":
    main()
