#!/usr/bin/python
# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gl_review_coverage
short_description: Upload the coverage of a review to Governance & Lifecycle
version_added: 0.1.0
author: The infosecops contributors (!UNKNOWN)
description:
  - Says who reviews or monitors what, in a review result or definition.
  - The lines are checked before they are sent; errors in them fail the task, and nothing is sent.
  - An upload is never sent twice by itself. If its fate is not known, the result says RV(ignore:outcome=unknown).
options:
  id:
    description: The id of a review result.
    type: str
  name:
    description: The name of a review definition.
    type: str
  type:
    description: What the coverage says.
    type: str
    choices: [monitor, reviewer, altmanager]
    required: true
  src:
    description: A coverage file, on the host that runs the module. It is sent unchanged.
    type: path
  content:
    description: The lines of a coverage file. They are sent unchanged.
    type: str
  rules:
    description: Rules to write the lines of.
    type: list
    elements: dict
    suboptions:
      reviewer:
        description: The condition that finds the reviewers or monitors among the users.
        type: str
        required: true
      object_type:
        description: What is reviewed, such as V(app-role) or V(ent).
        type: str
        required: true
      objects:
        description: The condition for the objects. By default all.
        type: str
        default: 1=1
      subjects:
        description: The condition for those who have them. By default all.
        type: str
        default: 1=1
      subject_type:
        description: Whose objects.
        type: str
        default: user
      privilege:
        description: V(review) or V(signoff), where the definition has sign-off enabled.
        type: str
        default: ""
  filename:
    description: A file in the server's own import directory. The vendor advises against it.
    type: str
  alt_manager_resolves_to:
    description: The attribute of users that resolves the entries, for O(type=altmanager).
    type: str
  previous_sha256:
    description:
      - RV(sha256) of an earlier upload. If the lines are still the same, nothing is sent.
      - The server cannot be asked for the coverage that it has, so without this every run uploads.
    type: str
attributes:
  check_mode:
    support: partial
    details: The coverage cannot be read back. Check mode sends nothing and checks the lines.
  diff_mode:
    support: none
    details: The coverage cannot be read back.
seealso:
  - name: uploadCoverage
    description: The vendor's page.
    link: https://pradeepkg.github.io/RSA/docs/review/uploadCoverage
extends_documentation_fragment:
  - infosecops.secops.connection_gl
  - infosecops.secops.attributes
  - infosecops.secops.attributes.gl
"""

EXAMPLES = r"""
- name: Have one person review all roles of an application
  infosecops.secops.gl_review_coverage:
    url: "{{ gl_url }}"
    token: "{{ gl_token }}"
    id: "61"
    type: reviewer
    rules:
      - reviewer: user_id='lbelkin'
        object_type: app-role
        objects: name='Datadog'
  register: coverage

- name: Upload the same again only if it has changed
  infosecops.secops.gl_review_coverage:
    url: "{{ gl_url }}"
    token: "{{ gl_token }}"
    id: "61"
    type: reviewer
    content: "user_id='lbelkin'|user|1=1|app-role|name='Datadog'|"
    previous_sha256: "{{ coverage.sha256 }}"
"""

RETURN = r"""
type:
  description: What the coverage says.
  returned: success
  type: str
  sample: reviewer
status:
  description: What the server answered; none if nothing was sent.
  returned: success
  type: str
  sample: success
message:
  description: The server's message, if there was one.
  returned: success
  type: str
sha256:
  description: The checksum of the lines, to give as O(previous_sha256) next time. None with O(filename).
  returned: success
  type: str
rules:
  description: How many rules the lines hold. None with O(filename).
  returned: success
  type: int
  sample: 1
"""

import hashlib
from pathlib import Path

from ansible_collections.infosecops.secops.plugins.module_utils._common import ModuleBase, infosecops


class GlReviewCoverage(ModuleBase):
    system = "governance_lifecycle"

    def work(self, client):
        result = {"changed": True, "type": self.params["type"], "status": None, "message": None}
        coverage = self.coverage()
        result.update(rules=None, sha256=None)
        if coverage is not None:
            report = infosecops.check_coverage(coverage, type=self.params["type"])
            if not report.ok:
                raise infosecops.ConfigError(f"nothing was sent; {report}")
            result.update(rules=report.rules, sha256=hashlib.sha256(coverage).hexdigest())
            if result["sha256"] == self.params["previous_sha256"]:
                result["changed"] = False
        if result["changed"] and not self.check_mode:
            names = ("type", "id", "name", "filename", "alt_manager_resolves_to")
            answer = client.upload_coverage(coverage, **{name: self.params[name] for name in names})
            result.update(status=answer.status, message=answer.message)
        return result

    def coverage(self):
        """The bytes to send; None for a file of the server."""
        if self.params["src"] is not None:
            return Path(self.params["src"]).read_bytes()
        if self.params["content"] is not None:
            return self.params["content"].encode("utf-8")
        if self.params["rules"] is not None:
            rules = (infosecops.CoverageRule(**rule) for rule in self.params["rules"])
            return "".join(f"{rule}\n" for rule in rules).encode("utf-8")
        return None


def main():
    rule = {
        "reviewer": {"type": "str", "required": True},
        "object_type": {"type": "str", "required": True},
        "objects": {"type": "str", "default": "1=1"},
        "subjects": {"type": "str", "default": "1=1"},
        "subject_type": {"type": "str", "default": "user"},
        "privilege": {"type": "str", "default": ""},
    }
    contents = ("src", "content", "rules", "filename")
    GlReviewCoverage(
        {
            "id": {"type": "str"},
            "name": {"type": "str"},
            "type": {"type": "str", "required": True, "choices": ["monitor", "reviewer", "altmanager"]},
            "src": {"type": "path"},
            "content": {"type": "str"},
            "rules": {"type": "list", "elements": "dict", "options": rule},
            "filename": {"type": "str"},
            "alt_manager_resolves_to": {"type": "str"},
            "previous_sha256": {"type": "str"},
        },
        mutually_exclusive=[("id", "name"), contents],
        required_one_of=[("id", "name"), contents],
        supports_check_mode=True,
    ).run()


if __name__ == "__main__":
    main()
