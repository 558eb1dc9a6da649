#!/usr/bin/python
# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gl_review_run
short_description: Run a review of Governance & Lifecycle
version_added: 0.1.0
author: The infosecops contributors (!UNKNOWN)
description:
  - Runs a review definition, waits until the review result is there, and returns its id.
  - Each run makes a new review result. A start is never sent twice by itself. If its fate is not known, the result
    says RV(ignore:outcome=unknown).
options:
  name:
    description: The name of the review definition.
    type: str
    required: true
  wait:
    description: Wait until the run has ended.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait at most. Nothing is stopped when they are over.
    type: float
    default: 600
  poll_interval:
    description: Seconds between two looks at the run.
    type: float
    default: 5
attributes:
  check_mode:
    support: partial
    details: Each run makes a new review. Check mode sends nothing, not even a question whether the definition exists.
  diff_mode:
    support: none
    details: Each run makes a new review.
seealso:
  - module: infosecops.secops.gl_review_info
  - name: Commands of reviews
    description: The vendor's pages.
    link: https://pradeepkg.github.io/RSA/docs/apireference
extends_documentation_fragment:
  - infosecops.secops.connection_gl
  - infosecops.secops.attributes
  - infosecops.secops.attributes.gl
"""

EXAMPLES = r"""
- name: Run the quarterly review
  infosecops.secops.gl_review_run:
    url: "{{ gl_url }}"
    token: "{{ gl_token }}"
    name: UAR
    poll_interval: 0.5
  register: run
"""

RETURN = r"""
run_id:
  description: The id of the run; none in check mode.
  returned: always
  type: str
status:
  description: How far the run is; none in check mode.
  returned: success
  type: str
review_id:
  description: The id of the review result; none in check mode and without O(wait).
  returned: success
  type: str
"""

from ansible_collections.infosecops.secops.plugins.module_utils._common import ModuleBase


class GlReviewRun(ModuleBase):
    system = "governance_lifecycle"
    run_id = None

    def work(self, client):
        result = {"changed": True, "run_id": None, "status": None, "review_id": None}
        if self.check_mode:
            return result
        self.run_id = client.run_review(self.params["name"])
        self.applied = True
        if self.params["wait"]:
            limits = {"timeout": self.params["wait_timeout"], "poll_interval": self.params["poll_interval"]}
            status = client.wait_for_run(self.run_id, **limits)
            result["review_id"] = client.get_review_result(self.run_id)
        else:
            status = client.get_run_status(self.run_id)
        result.update(run_id=self.run_id, status=status.overall_status)
        return result

    def partial(self, error):
        return {"run_id": self.run_id, "changed": self.run_id is not None}


def main():
    GlReviewRun(
        {
            "name": {"type": "str", "required": True},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "float", "default": 600},
            "poll_interval": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    ).run()


if __name__ == "__main__":
    main()
