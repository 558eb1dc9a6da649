#!/usr/bin/python
# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sde_job_result
short_description: Report the result of a run to SD Elements that was made elsewhere
version_added: 0.1.0
author: The infosecops contributors (!UNKNOWN)
description:
  - Records the result of a run, as a remote agent does. That makes a new job.
  - If the connection's newest finished job has the same result already, nothing is recorded. Of the result, the options
    that are given are compared.
  - A report is never sent twice by itself. If its fate is not known, the result says RV(ignore:outcome=unknown).
options:
  kind:
    description: What the connection is for, V(alm), V(analysis) or V(ldap); or another word that the server knows.
    type: str
    default: alm
  connection:
    description: The id of the connection.
    type: int
    required: true
  succeeded:
    description: Whether the run ended well.
    type: bool
    required: true
  result_message:
    description: What it has to say. A new job has an empty text, unless this is given.
    type: str
  automatic:
    description: Whether the run was a scheduled one. A new job says so, unless this is V(false).
    type: bool
  ready:
    description: Whether the job is finished. Left out by default, which the server takes for V(true).
    type: bool
  project:
    description: The id of the project, for servers that want it in the path.
    type: int
attributes:
  check_mode:
    support: full
    details: Looks at the newest finished job, and whether the connection exists. Records nothing.
  diff_mode:
    support: full
seealso:
  - module: infosecops.secops.sde_job
  - name: Jobs of SD Elements
    description: The vendor's page.
    link: https://docs.sdelements.com/release/4.12/api/docs/jobs
extends_documentation_fragment:
  - infosecops.secops.connection_sde
  - infosecops.secops.attributes
  - infosecops.secops.attributes.sde
"""

EXAMPLES = r"""
- name: Tell that the nightly export to the issue tracker went well
  infosecops.secops.sde_job_result:
    url: "{{ sde_url }}"
    token: "{{ sde_token }}"
    connection: 12
    succeeded: true
    result_message: 14 issues written
"""

RETURN = r"""
job:
  description: The job that was made, or the one that has this result already; none in check mode if it would be made.
  returned: success
  type: dict
  sample:
    id: 59
    kind: alm
    ready: true
    succeeded: true
    result_message: 14 issues written
"""

from ansible_collections.infosecops.secops.plugins.module_utils._common import ModuleBase

NEW = {"automatic": True, "succeeded": None, "result_message": ""}
"""What is recorded of a new job, where the task does not say it. Whether it succeeded is always given."""


class SdeJobResult(ModuleBase):
    system = "sd_elements"
    job = None

    def work(self, client):
        jobs = client.jobs.kind(self.params["kind"])
        newest = self.newest(jobs)
        given = {name: self.params[name] for name in NEW if self.params[name] is not None}
        before = {name: getattr(newest, name) for name in NEW} if newest else {}
        if dict(before, **given) == before and self.params["ready"] is not False:
            return {"changed": False, "job": newest.to_dict()}
        wanted = dict(NEW, **given)
        if self.check_mode:
            client.connections.kind(self.params["kind"]).get(self.params["connection"])
        else:
            self.report(jobs, wanted)
        result = {"changed": True, "job": self.job.to_dict() if self.job else None}
        return self.with_diff(result, before, wanted)

    def report(self, jobs, wanted):
        """Record the result, and read back the job that was made."""
        options = {name: self.params[name] for name in ("ready", "project")}
        self.job = jobs.report(self.params["connection"], **wanted, **options)
        self.applied = True
        self.job = jobs.get(self.job.id)
        if self.job.ready and self.job.succeeded != wanted["succeeded"]:
            raise self.unexpected(f"the job {self.job.id} was recorded with succeeded={self.job.succeeded}")

    def partial(self, error):
        return {"job": self.job.to_dict()} if self.job else {}

    def newest(self, jobs):
        done = jobs.list(connection=self.params["connection"], ready=True)
        return max(done, key=lambda job: job.id, default=None)


def main():
    SdeJobResult(
        {
            "kind": {"type": "str", "default": "alm"},
            "connection": {"type": "int", "required": True},
            "succeeded": {"type": "bool", "required": True},
            "result_message": {"type": "str"},
            "automatic": {"type": "bool"},
            "ready": {"type": "bool"},
            "project": {"type": "int"},
        },
        supports_check_mode=True,
    ).run()


if __name__ == "__main__":
    main()
