"""The part of the G&L tour that changes review items: every kind of item, and every kind of outcome."""

from __future__ import annotations

from datetime import date

import infosecops
from infosecops.demo.stage import Step, fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from infosecops import ReviewItemChange, ReviewUpdate
    from infosecops.demo.stage import Side, Tour

REVIEW = "UAR-3"
_COUNTS = fields("updated", "total", "ok")
_DECISIONS = """\
state;reviewee;kind;name;resource;action;business_source;comments
revoke;achen;group;Auditors;;;CyberArk (REST);changed teams
maintain;asmith;entitlement;;Dynatrace;-;Dynatrace;
revoke;bjones;application_role;Approver;;;Datadog;
"""
_DOCUMENT = """\
<Review>
<ReviewResultName>UAR-3</ReviewResultName>
<SignOff>false</SignOff>
<UpdateCommentsOnly>false</UpdateCommentsOnly>
<ReviewItemChange state="revoke" comments="Alice no longer needs this access">
<RevieweeUserId>asmith</RevieweeUserId>
<RevieweeAccount name="mason.stewart@example.com" business-source="Okta"/>
<Group name="HR Department" business-source="Okta"/>
</ReviewItemChange>
<ReviewItemChange state="maintain" expires-on="31-Dec-2030">
<RevieweeUserId>asmith</RevieweeUserId>
<Entitlement resource="Dynatrace" action="-" business-source="Dynatrace"/>
</ReviewItemChange>
<ReviewItemChange state="revoke">
<RevieweeUserId>bjones</RevieweeUserId>
<ApplicationRole name="Approver" business-source="Datadog"/>
</ReviewItemChange>
<ReviewItemChange state="custom">
<RevieweeUserId>bjones</RevieweeUserId>
<GlobalRole name="Finance Clerk" role-set="Finance Roles"/>
</ReviewItemChange>
</Review>"""


def tour(side: Side, gl: Any) -> Tour:  # noqa: ANN401
    """Change the items of one review."""
    changes = _every_kind()
    update = gl.update_review_items
    yield Step(
        "update_review_items",
        "dry_run",
        lambda: update(REVIEW, changes, dry_run=True),
        lambda result: result.raw.strip(),
        _DOCUMENT,
    )
    yield Step(
        "update_review_items",
        "the four kinds of items",
        lambda: update(REVIEW, changes),
        _COUNTS,
        {"updated": 4, "total": 4, "ok": True},
        applied=1,
        body_lines=0,
        proof=lambda _: [
            ("the document of the dry run, sent once", [_DOCUMENT], _documents(side)),
        ],
    )
    yield Step(
        "update_review_items",
        "again, same_state_ok",
        lambda: update(REVIEW, changes[:2], same_state_ok=True),
        lambda result: {"ok": result.ok, "failed": len(result.failed)},
        {"ok": True, "failed": 0},
        body_lines=0,
    )
    auditors = infosecops.Group("Auditors", "CyberArk (REST)")
    yield Step(
        "update_review_items",
        "comments_only",
        lambda: update(
            REVIEW,
            [infosecops.ReviewItemChange("none", "achen", auditors, comments="asked the manager")],
            comments_only=True,
        ),
        _COUNTS,
        {"updated": 1, "total": 1, "ok": True},
        applied=1,
        body_lines=5,
    )
    yield Step(
        "update_review_items",
        "sign_off",
        lambda: update(REVIEW, [_contractor("revoke")], sign_off=True, sign_off_comments="contract has ended"),
        _COUNTS,
        {"updated": 1, "total": 1, "ok": True},
        applied=1,
        body_lines=5,
    )
    yield from _not_all(update)
    yield Step(
        "update_review_items",
        "a review that is not active",
        lambda: update("Azure Role #3-1", changes[:1]),
        body_lines=0,
        refused=(infosecops.ConflictError, "rejected"),
    )


def from_a_file(side: Side, gl: Any, review: str) -> Tour:  # noqa: ANN401
    """Change items in two requests, the second of which is left unanswered, and settle what is left."""
    path = side.folder / "decisions.csv"
    path.write_text(_DECISIONS, encoding="utf-8")
    changes = infosecops.ReviewItemChange.from_csv(path)
    side.box.faults.next(operation="updateReviewItems", skip=1, drop="after")
    broken = yield Step(
        "update_review_items",
        "from a file, cut in mid-run",
        lambda: gl.update_review_items(review, changes, chunk_size=2, on_partial="return"),
        lambda result: result.counts,
        {"succeeded": 2, "failed": 0, "unknown": 1},
        applied=2,
        body_lines=0,
    )
    yield Step(
        "update_review_items",
        "what is left, same_state_ok",
        lambda: gl.update_review_items(review, broken.retry_failed(same_state_ok=True), same_state_ok=True),
        lambda result: result.counts,
        {"succeeded": 1, "failed": 0, "unknown": 0},
        body_lines=0,
    )


def _not_all(update: Any) -> Tour:  # noqa: ANN401
    payroll = infosecops.Group('Payroll <Admins> & "Co"', "Active Directory")
    # What was signed off is locked.
    mixed = [_contractor("maintain"), infosecops.ReviewItemChange("revoke", "achen", payroll)]
    yield Step(
        "update_review_items",
        "one done, one locked",
        lambda: update(REVIEW, mixed),
        lambda error: _outcomes(error.result),
        "done: achen, not done: cdiaz",
        applied=1,
        body_lines=0,
        refused=(infosecops.PartialFailure, "rejected"),
    )
    yield Step(
        "update_review_items",
        'again, on_partial="return"',
        lambda: update(REVIEW, mixed, on_partial="return", same_state_ok=True),
        _COUNTS,
        {"updated": 0, "total": 2, "ok": False},
        body_lines=0,
    )


def _documents(side: Side) -> list[str]:
    return [entry.body.strip() for entry in side.box.journal.entries(operation="updateReviewItems")]


def _outcomes(result: ReviewUpdate) -> str:
    done, failed = (", ".join(one.change.reviewee for one in part) for part in (result.succeeded, result.failed))
    return f"done: {done}, not done: {failed}"


def _contractor(state: str) -> ReviewItemChange:
    account = infosecops.RevieweeAccount("cdiaz-adm", "Okta")
    return infosecops.ReviewItemChange(state, "cdiaz", infosecops.Group("Contractors", "Okta"), account=account)


def _every_kind() -> list[Any]:
    change = infosecops.ReviewItemChange
    return [
        change(
            "revoke",
            "asmith",
            infosecops.Group("HR Department", "Okta"),
            account=infosecops.RevieweeAccount("mason.stewart@example.com", "Okta"),
            comments="Alice no longer needs this access",
        ),
        change(
            "maintain",
            "asmith",
            infosecops.Entitlement("Dynatrace", "-", "Dynatrace"),
            expires_on=date(2030, 12, 31),
        ),
        change("revoke", "bjones", infosecops.ApplicationRole("Approver", "Datadog")),
        {
            "state": "custom",
            "reviewee": "bjones",
            "item": {"kind": "global_role", "name": "Finance Clerk", "role_set": "Finance Roles"},
        },
    ]
