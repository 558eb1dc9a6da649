#!/usr/bin/python
# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gl_review_info
short_description: Look at a review of Governance & Lifecycle
version_added: 0.1.0
author: The infosecops contributors (!UNKNOWN)
description:
  - Returns the state, the dates and the counts of a review result.
options:
  id:
    description: The id of the review result.
    type: str
  run_id:
    description: The id of the run that made the review result.
    type: str
seealso:
  - module: infosecops.secops.gl_review_run
  - name: Commands of reviews
    description: The vendor's pages.
    link: https://pradeepkg.github.io/RSA/docs/apireference
extends_documentation_fragment:
  - infosecops.secops.connection_gl
  - infosecops.secops.attributes.reads
  - infosecops.secops.attributes.gl
"""

EXAMPLES = r"""
- name: Look how far a review is
  infosecops.secops.gl_review_info:
    url: "{{ gl_url }}"
    token: "{{ gl_token }}"
    id: "61"
  register: found

- name: Show it
  ansible.builtin.debug:
    msg: "{{ found.review.reviewed_entitlements }} of {{ found.review.total_entitlements }}"
"""

RETURN = r"""
review:
  description: The review result.
  returned: success
  type: dict
  sample:
    id: "61"
    name: UAR-3
    state: Active
    start_date: "2023-08-03T20:12:08"
    reviewed_entitlements: 0
    total_entitlements: 9
"""

from ansible_collections.infosecops.secops.plugins.module_utils._common import ModuleBase


class GlReviewInfo(ModuleBase):
    system = "governance_lifecycle"

    def work(self, client):
        review = self.params["id"]
        if review is None:
            review = client.get_review_result(self.params["run_id"])
        return {"changed": False, "review": dict(client.get_review_status(review).to_dict(), id=review)}


def main():
    GlReviewInfo(
        {"id": {"type": "str"}, "run_id": {"type": "str"}},
        mutually_exclusive=[("id", "run_id")],
        required_one_of=[("id", "run_id")],
        supports_check_mode=True,
    ).run()


if __name__ == "__main__":
    main()
