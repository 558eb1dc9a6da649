#!/usr/bin/python
# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sde_job
short_description: Run a connection of SD Elements, unless it is running already
version_added: 0.1.0
author: The infosecops contributors (!UNKNOWN)
description:
  - Queues a job of a connection (issue tracker, security tool or directory) and waits for its end.
  - A job of the connection that has not ended is waited for instead of starting a second one.
  - A start is never sent twice by itself. If its fate is not known, the result says RV(ignore:outcome=unknown).
options:
  kind:
    description: What the connection is for, V(alm), V(analysis) or V(ldap); or another word that the server knows.
    type: str
    default: alm
  connection:
    description: The id of the connection.
    type: int
    required: true
  automatic:
    description: Record the job as a scheduled one.
    type: bool
    default: false
  project:
    description: The id of the project, for servers that want it in the path.
    type: int
  wait:
    description:
      - Wait for the end of the job.
      - A job that ends without success fails the task then.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait at most. Nothing is stopped when they are over.
    type: float
    default: 600
  poll_interval:
    description: Seconds between two looks at the job.
    type: float
    default: 2
  reuse_newer_than:
    description:
      - Start nothing if the connection's last success is not older than so many seconds.
      - The clocks of server and host are compared.
    type: int
attributes:
  check_mode:
    support: full
    details: Looks for a job that has not ended, and whether the connection exists. Starts nothing.
  diff_mode:
    support: full
seealso:
  - module: infosecops.secops.sde_job_info
  - module: infosecops.secops.sde_job_result
  - name: Jobs of SD Elements
    description: The vendor's page.
    link: https://docs.sdelements.com/release/4.12/api/docs/jobs
extends_documentation_fragment:
  - infosecops.secops.connection_sde
  - infosecops.secops.attributes
  - infosecops.secops.attributes.sde
"""

EXAMPLES = r"""
- name: Synchronize the issue tracker, and wait
  infosecops.secops.sde_job:
    url: "{{ sde_url }}"
    token: "{{ sde_token }}"
    connection: 12
    poll_interval: 0.5

- name: Import scan results, unless that was done in the last hour
  infosecops.secops.sde_job:
    url: "{{ sde_url }}"
    token: "{{ sde_token }}"
    kind: analysis
    connection: 23
    reuse_newer_than: 3600
    poll_interval: 0.5

- name: Queue a synchronization of the directory and go on
  infosecops.secops.sde_job:
    url: "{{ sde_url }}"
    token: "{{ sde_token }}"
    kind: ldap
    connection: 30
    wait: false
  register: directory
"""

RETURN = r"""
job:
  description: The job as it was last seen; in check mode none, if one would be started.
  returned: always
  type: dict
  sample:
    id: 58
    kind: alm
    ready: true
    succeeded: true
    result_message: ""
    last_run: "2026-03-02T01:00:07+00:00"
started:
  description: Whether a job was started, or would be in check mode.
  returned: success
  type: bool
"""

from datetime import datetime, timedelta, timezone

from ansible_collections.infosecops.secops.plugins.module_utils._common import ModuleBase


class SdeJob(ModuleBase):
    system = "sd_elements"
    job = None

    def work(self, client):
        jobs = client.jobs.kind(self.params["kind"])
        self.job = jobs.find_running(self.params["connection"])
        is_new = self.job is None
        if is_new:
            recent = self.recent(jobs)
            if recent is not None:
                return {"changed": False, "started": False, "job": recent.to_dict()}
            if self.check_mode:
                client.connections.kind(self.params["kind"]).get(self.params["connection"])
            else:
                self.job = self.start(jobs)
        if self.params["wait"] and not self.check_mode:
            self.job = self.ended(jobs)
        elif self.applied:
            self.job = jobs.get(self.job.id)
        result = {"changed": is_new, "started": is_new, "job": self.job.to_dict() if self.job else None}
        if not is_new:
            return result
        return self.with_diff(
            result, {}, {"started": f"{self.params['kind']} job of connection {self.params['connection']}"}
        )

    def recent(self, jobs):
        if self.params["reuse_newer_than"] is None:
            return None
        oldest = datetime.now(timezone.utc) - timedelta(seconds=self.params["reuse_newer_than"])
        done = jobs.list(connection=self.params["connection"], ready=True, succeeded=True)
        fitting = [job for job in done if job.last_run is not None and job.last_run >= oldest]
        return max(fitting, key=lambda job: job.last_run, default=None)

    def start(self, jobs):
        options = {name: self.params[name] for name in ("automatic", "project")}
        job = jobs.start(self.params["connection"], **options)
        self.applied = True
        return job

    def ended(self, jobs):
        return jobs.wait(self.job, timeout=self.params["wait_timeout"], poll_interval=self.params["poll_interval"])

    def partial(self, error):
        job = getattr(error, "job", None) or getattr(error, "last", None) or self.job
        return {"job": job.to_dict() if job else None}


def main():
    SdeJob(
        {
            "kind": {"type": "str", "default": "alm"},
            "connection": {"type": "int", "required": True},
            "automatic": {"type": "bool", "default": False},
            "project": {"type": "int"},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "float", "default": 600},
            "poll_interval": {"type": "float", "default": 2},
            "reuse_newer_than": {"type": "int"},
        },
        supports_check_mode=True,
    ).run()


if __name__ == "__main__":
    main()
