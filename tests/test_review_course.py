"""The whole course of a review, from the run of its definition to its completion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import infosecops
import pytest
from infosecops import CoverageRule, ReviewItemChange, TrustedApp, UserLogin, check_coverage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from infosecops.sandbox import Sandbox

COVERAGE = "reviewer.user_id;object_type;objects.name\nlbelkin;app-role;Datadog\nd'arcy;ent;Dynatrace\n"
DECISIONS = """state;reviewee;kind;name;resource;action;business_source;account_name;account_business_source;comments
revoke;asmith;group;HR Department;;;Okta;mason.stewart@example.com;Okta;Alice no longer needs this access
maintain;asmith;entitlement;;Dynatrace;-;Dynatrace;;;
revoke;achen;group;Auditors;;;CyberArk (REST);;;Alex no longer needs this access
revoke;nobody;group;Auditors;;;CyberArk (REST);;;
"""
COMMANDS = [
    *("loginUser", "getSecuritySettings", "runReview", "getRunStatus", "getReviewResult", "uploadCoverage"),
    *("setReviewState", "getReviewStatus", "refreshReview", "updateReviewItems", "keepAlive", "updateUnreviewedItems"),
]


def test_a_review_from_its_run_to_its_completion(box: Sandbox, connect: Callable[..., Any], tmp_path: Path) -> None:
    here = box.governance_lifecycle
    (tmp_path / "coverage.csv").write_text(COVERAGE)
    (tmp_path / "decisions.csv").write_text(DECISIONS)
    box.jobs.progress("polls", 2)
    gl = connect("GovernanceLifecycle", box.url, login=UserLogin(here.username, here.password))
    limits = gl.get_security_settings()
    assert (limits.token_inactivity_timeout, limits.token_lifespan_timeout) == (10, 120)

    run = gl.run_review("UAR")
    seen: list[str] = []
    gl.wait_for_run(run, poll_interval=0.02, on_progress=lambda status: seen.append(status.overall_status))
    assert seen[-1] == "Completed"
    assert len(seen) >= 2
    review = gl.get_review_result(run)

    rules = CoverageRule.from_csv(tmp_path / "coverage.csv")
    assert check_coverage(rules).ok
    assert gl.upload_coverage(rules, type="reviewer", id=review, check=True).status == "success"
    assert here.coverage(review).splitlines()[1] == "user_id='d''arcy'|user|1=1|ent|name='Dynatrace'|"

    assert gl.get_review_status(review).state == "InActionable"
    changes = ReviewItemChange.from_csv(tmp_path / "decisions.csv")
    name = gl.get_review_status(review).name
    with pytest.raises(infosecops.ConflictError):
        gl.update_review_items(name, changes)
    gl.set_review_state(review, "active")
    gl.refresh_review(review, coverage=True, users=True)
    gl.keep_alive()

    told: list[tuple[int, int, int]] = []
    with pytest.raises(infosecops.PartialFailure) as caught:
        gl.update_review_items(name, changes, chunk_size=2, on_progress=lambda *step: told.append(step))
    result = caught.value.result
    assert told == [(2, 4, 0), (4, 4, 1)]
    assert [entry.change.reviewee for entry in result.failed] == ["nobody"]
    assert result.counts == {"succeeded": 3, "failed": 1, "unknown": 0}

    status = gl.get_review_status(review)
    assert (status.state, status.reviewed_entitlements) == ("Active", 3)
    assert gl.update_unreviewed_items(review, "maintain", comment="closed by policy").status == "success"
    assert gl.get_review_status(review).reviewed_entitlements > status.reviewed_entitlements
    gl.set_review_state(review, "completed")
    assert gl.get_review_status(review).state == "Completed"
    gl.logout()

    assert {entry.operation for entry in box.journal} == {*COMMANDS, "logoutUser"}
    assert box.journal.count(operation="loginUser") == 1


def test_the_token_of_an_application_is_never_kept_alive(box: Sandbox, connect: Callable[..., Any]) -> None:
    here = box.governance_lifecycle
    gl = connect("GovernanceLifecycle", box.url, login=TrustedApp(here.client_id, here.client_secret))
    assert gl.get_review_status(61).name == "UAR-3"
    with pytest.raises(infosecops.Error, match="application"):
        gl.keep_alive()
    assert box.journal.count(operation="keepAlive") == 0
