#!/usr/bin/python
# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gl_review_state
short_description: Set the state of a review in Governance & Lifecycle
version_added: 0.1.0
author: The infosecops contributors (!UNKNOWN)
description:
  - Makes a review result active, puts it on hold, or completes it, if that is not its state already.
  - A completed review cannot be opened again.
  - After a change the state is read again, and the task fails if the review does not have it.
options:
  id:
    description: The id of the review result.
    type: str
    required: true
  state:
    description: The state to have.
    type: str
    choices: [active, onhold, completed]
    required: true
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
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
- name: Put a review on hold
  infosecops.secops.gl_review_state:
    url: "{{ gl_url }}"
    token: "{{ gl_token }}"
    id: "61"
    state: onhold

- name: Let it go on
  infosecops.secops.gl_review_state:
    url: "{{ gl_url }}"
    token: "{{ gl_token }}"
    id: "61"
    state: active
"""

RETURN = r"""
id:
  description: The id of the review result.
  returned: success
  type: str
  sample: "61"
state:
  description: The state it has, or would have in check mode.
  returned: success
  type: str
  sample: onhold
before:
  description: The state it had, as the server writes it.
  returned: success
  type: str
  sample: Active
"""

from ansible_collections.infosecops.secops.plugins.module_utils._common import ModuleBase


class GlReviewState(ModuleBase):
    system = "governance_lifecycle"
    before = None
    """The state before a change."""

    def work(self, client):
        wanted = self.params["state"]
        before = self.state(client)
        changed = word(before) != wanted
        if changed and not self.check_mode:
            client.set_review_state(self.params["id"], wanted)
            self.applied, self.before = True, before
            after = self.state(client)
            if word(after) != wanted:
                text = f"the review {self.params['id']} is {after} when it is read again, not {wanted}"
                raise self.unexpected(text, differs=after != before)
        result = {"changed": changed, "id": self.params["id"], "state": wanted, "before": before}
        return self.with_diff(result, {"state": word(before)}, {"state": wanted})

    def state(self, client):
        """The state of the review, as the server writes it."""
        state = client.get_review_status(self.params["id"]).state
        if not word(state):
            raise self.unexpected(f"the server's answer about the review {self.params['id']} has no state")
        return state

    def partial(self, error):
        return {"id": self.params["id"], "before": self.before} if self.applied else {}


def word(state):
    """A state of the server as it is written in a task: C(On Hold) is C(onhold)."""
    return "".join(letter for letter in state or "" if letter.isalnum()).lower()


def main():
    GlReviewState(
        {
            "id": {"type": "str", "required": True},
            "state": {"type": "str", "required": True, "choices": ["active", "onhold", "completed"]},
        },
        supports_check_mode=True,
    ).run()


if __name__ == "__main__":
    main()
