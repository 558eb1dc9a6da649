#!/usr/bin/python
# Copyright (c) the infosecops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gl_review_items
short_description: Decide items of an access review in Governance & Lifecycle
version_added: 0.1.0
author: The infosecops contributors (!UNKNOWN)
description:
  - Changes the states of review items, and may sign them off.
  - All items are checked before anything is sent, and all that is wrong with them is told at once.
  - If not all items were updated, the task fails and says which were not, and of which that is not known.
  - Nothing is sent twice by itself. C(retries) with C(until) does send again; look at RV(unknown) first.
options:
  review:
    description: The name of the review result. It must be active.
    type: str
    required: true
  items:
    description: What to decide.
    type: list
    elements: dict
    suboptions:
      state:
        description: V(revoke), V(maintain), V(none) or the name of a custom state.
        type: str
        required: true
      reviewee:
        description: The user whose item it is.
        type: str
        required: true
      item:
        description: The item. Which suboptions are needed depends on its kind.
        type: dict
        required: true
        suboptions:
          kind:
            description: What it is.
            type: str
            choices: [entitlement, application_role, group, global_role]
            required: true
          name:
            description: The name of the role or group.
            type: str
          business_source:
            description: The application or directory that has it; not for global roles.
            type: str
          resource:
            description: The resource of an entitlement.
            type: str
          action:
            description: The action of an entitlement.
            type: str
          role_set:
            description: The role set of a global role.
            type: str
      account:
        description: The account that has the item, where the reviewee has several.
        type: dict
        suboptions:
          name:
            description: The name of the account.
            type: str
            required: true
          business_source:
            description: The application or directory that has it.
            type: str
            required: true
      comments:
        description: Comments for the item.
        type: str
      expires_on:
        description: The last day of an exception, such as V(2026-12-31).
        type: str
  src:
    description:
      - A file of comma separated values with a row for each item, on the host that runs the module.
      - Its columns are C(state), C(reviewee), C(kind), C(name), C(business_source), C(resource), C(action),
        C(role_set), C(account_name), C(account_business_source), C(comments), C(expires_on).
    type: path
  sign_off:
    description: Sign off what was reviewed.
    type: bool
    default: false
  sign_off_comments:
    description: Comments for the sign-off.
    type: str
  comments_only:
    description: Add comments and leave the states alone. Not known by releases 7.1 and 7.2.
    type: bool
    default: false
  chunk_size:
    description: Items in one request. By default all of them.
    type: int
  same_state_ok:
    description: Take an item for done that is in the wanted state already, so that a task can run again.
    type: bool
    default: false
attributes:
  check_mode:
    support: partial
    details: Items cannot be read back. Check mode sends nothing, checks all items, and counts them as changes.
  diff_mode:
    support: partial
    details: Items cannot be read back. Diff mode lists what is asked for, not what was before.
seealso:
  - module: infosecops.secops.gl_review_info
  - module: infosecops.secops.gl_review_state
  - name: updateReviewItems
    description: The vendor's page.
    link: https://pradeepkg.github.io/RSA/docs/review/updateReviewItems
extends_documentation_fragment:
  - infosecops.secops.connection_gl
  - infosecops.secops.attributes
  - infosecops.secops.attributes.gl
"""

EXAMPLES = r"""
- name: Take a group away from somebody who left
  infosecops.secops.gl_review_items:
    url: "{{ gl_url }}"
    token: "{{ gl_token }}"
    review: UAR-3
    same_state_ok: true
    items:
      - state: revoke
        reviewee: achen
        comments: left on Friday
        item:
          kind: group
          name: Auditors
          business_source: CyberArk (REST)

- name: Apply the decisions of a file, and sign off
  infosecops.secops.gl_review_items:
    url: "{{ gl_url }}"
    token: "{{ gl_token }}"
    review: UAR-3
    src: "{{ decisions_file }}"
    sign_off: true
    same_state_ok: true
"""

RETURN = r"""
updated:
  description: How many items were changed.
  returned: when the items were sent
  type: int
  sample: 2
total:
  description: How many items were given.
  returned: always
  type: int
  sample: 2
review_items:
  description: What the server said of each item.
  returned: when the items were sent
  type: list
  elements: dict
  contains:
    label:
      description: The item as the server names it.
      type: str
    account:
      description: The account, if it named one.
      type: str
    ok:
      description: Whether it was updated, or was in the wanted state already and O(same_state_ok) is set.
      type: bool
    reason:
      description: What the server said against it.
      type: str
failed_items:
  description: The items that were not changed, each with its C(index), the C(reason) and the C(change) asked for.
  returned: when the items were sent
  type: list
  elements: dict
unknown:
  description: The items that may have been changed or not, in the same form. Look before you send again.
  returned: when the items were sent
  type: list
  elements: dict
"""

from datetime import date

from ansible_collections.infosecops.secops.plugins.module_utils._common import ModuleBase, infosecops


class GlReviewItems(ModuleBase):
    system = "governance_lifecycle"

    def work(self, client):
        changes = self.changes()
        update = client.update_review_items(self.params["review"], changes, dry_run=self.check_mode, **self.options())
        result = {"changed": update.total > 0, "total": update.total} if self.check_mode else self.told(update)
        if self.module._diff:  # pylint: disable=protected-access
            result["diff"] = {"prepared": "".join(line(change) for change in changes)}
        return result

    def options(self):
        names = ("sign_off", "sign_off_comments", "comments_only", "chunk_size", "same_state_ok")
        return {name: self.params[name] for name in names}

    def changes(self):
        if self.params["src"] is not None:
            return infosecops.ReviewItemChange.from_csv(self.params["src"])
        return [self.change(index, item) for index, item in enumerate(self.params["items"])]

    def change(self, index, given):
        item = {name: value for name, value in given["item"].items() if value is not None}
        expires_on = given["expires_on"]
        try:
            return infosecops.ReviewItemChange(
                given["state"],
                given["reviewee"],
                item,
                account=given["account"],
                comments=given["comments"],
                expires_on=date.fromisoformat(expires_on) if expires_on else None,
            )
        except (TypeError, ValueError) as error:
            raise infosecops.ConfigError(f"items[{index}]: {error}") from None

    def told(self, update):
        return {
            "changed": update.updated > 0,
            "updated": update.updated,
            "total": update.total,
            "review_items": [item.to_dict() for item in update.items],
            "failed_items": [entry.to_dict() for entry in update.failed],
            "unknown": [entry.to_dict() for entry in update.unknown],
        }

    def partial(self, error):
        update = getattr(error, "result", None)
        return self.told(update) if update is not None else {}


def line(change):
    """A change for people."""
    item = " ".join(str(value) for value in change.to_dict()["item"].values())
    return f"{change.state} {change.reviewee}: {item}\n"


def main():
    item = {
        "kind": {
            "type": "str",
            "required": True,
            "choices": ["entitlement", "application_role", "group", "global_role"],
        },
        "name": {"type": "str"},
        "business_source": {"type": "str"},
        "resource": {"type": "str"},
        "action": {"type": "str"},
        "role_set": {"type": "str"},
    }
    account = {
        "name": {"type": "str", "required": True},
        "business_source": {"type": "str", "required": True},
    }
    change = {
        "state": {"type": "str", "required": True},
        "reviewee": {"type": "str", "required": True},
        "item": {"type": "dict", "required": True, "options": item},
        "account": {"type": "dict", "options": account},
        "comments": {"type": "str"},
        "expires_on": {"type": "str"},
    }
    GlReviewItems(
        {
            "review": {"type": "str", "required": True},
            "items": {"type": "list", "elements": "dict", "options": change},
            "src": {"type": "path"},
            "sign_off": {"type": "bool", "default": False},
            "sign_off_comments": {"type": "str"},
            "comments_only": {"type": "bool", "default": False},
            "chunk_size": {"type": "int"},
            "same_state_ok": {"type": "bool", "default": False},
        },
        mutually_exclusive=[("items", "src")],
        required_one_of=[("items", "src")],
        supports_check_mode=True,
    ).run()


if __name__ == "__main__":
    main()
