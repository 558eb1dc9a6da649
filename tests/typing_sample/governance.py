"""Clients of RSA Governance & Lifecycle, coverage files and changes of reviews."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from infosecops import (
    ApplicationRole,
    ChangeResult,
    CommandResult,
    CoverageProblem,
    CoverageReport,
    CoverageRule,
    Entitlement,
    GlobalRole,
    GovernanceLifecycle,
    Group,
    PartialFailure,
    Retry,
    RevieweeAccount,
    ReviewItemChange,
    ReviewItemResult,
    ReviewStatus,
    ReviewUpdate,
    RunStatus,
    Secret,
    SecuritySettings,
    TrustedApp,
    UserLogin,
    check_coverage,
    equals,
)
from infosecops.sandbox import GovernanceLifecycleEndpoint, Sandbox

from .asserted import assert_type

QUICK = Retry(attempts=2, base=0.0)
SOURCE = "CyberArk (REST)"
UNKNOWN = ReviewItemChange("revoke", "nobody", GlobalRole("Nothing", "Nowhere"))
CHANGES = [
    ReviewItemChange("revoke", "achen", Group("Auditors", SOURCE), comments="left", expires_on=None),
    ReviewItemChange("maintain", "bjones", ApplicationRole("Approver", "Datadog"), expires_on=date(2031, 1, 2)),
    ReviewItemChange("revoke", "asmith", Entitlement("Dynatrace", "-", "Dynatrace")),
    ReviewItemChange(
        "revoke", "cdiaz", Group("Contractors", "Okta"), account={"name": "cdiaz", "business_source": "Okta"}
    ),
]


def governance_lifecycle(box: Sandbox) -> None:
    endpoint = assert_type(box.governance_lifecycle, GovernanceLifecycleEndpoint)
    login = UserLogin(endpoint.username, assert_type(endpoint.password, Secret), auth_source=None)
    with GovernanceLifecycle(endpoint.url, login=login, proxy="direct", retry=QUICK) as gl:
        assert_type(gl.login(), None)
        status = assert_type(gl.get_review_status(61), ReviewStatus)
        assert_type(status.start_date, datetime | None)
        assert_type(status.total_entitlements, int | None)
        assert_type(status.extra, dict[str, Any])
        rule = CoverageRule(equals("user_id", "lbelkin"), "app-role", objects=equals("name", "Datadog"))
        report = assert_type(check_coverage([rule], type="monitor"), CoverageReport)
        assert assert_type(report.problems, list[CoverageProblem]) == []
        uploaded = assert_type(gl.upload_coverage([rule], type="reviewer", id=61, check=True), CommandResult)
        assert_type(uploaded.message, str | None)
        assert endpoint.coverage(61) is not None
        gl.upload_coverage(str(rule), type="reviewer", id="61")
        update = assert_type(gl.update_review_items("UAR-3", CHANGES, on_progress=told), ReviewUpdate)
        assert (update.ok, update.updated, update.total) == (True, 4, 4)
        assert_type(update.succeeded[0], ChangeResult)
        assert_type(update.succeeded[0].change.item, Entitlement | ApplicationRole | Group | GlobalRole)
        assert_type(update.succeeded[0].change.account, RevieweeAccount | None)
        again = gl.update_review_items(
            "UAR-3",
            [
                {
                    "state": "revoke",
                    "reviewee": "achen",
                    "item": {"kind": "group", "name": "Auditors", "business_source": SOURCE},
                }
            ],
            same_state_ok=True,
        )
        assert again.ok
        assert len(assert_type(again.raw_parts, list[str])) == assert_type(again.counts, dict[str, int])["succeeded"]
        try:
            gl.update_review_items("UAR-3", [UNKNOWN], progress=False)
        except PartialFailure as error:
            update = error.result
            assert isinstance(update, ReviewUpdate)
            for entry in update.iter_results("failed"):
                assert_type(entry, ChangeResult)
            for change in update.retry_failed(same_state_ok=False):
                assert_type(change, ReviewItemChange)
            failed = assert_type(update.failed, list[ChangeResult])
            assert failed[0].change == UNKNOWN
            item = assert_type(update.items[0], ReviewItemResult)
            assert_type(item.reason, str | None)
        else:
            raise AssertionError
        run_id = assert_type(gl.run_review("UAR"), str)
        assert_type(gl.get_run_status(run_id), RunStatus).to_dict()
        assert_type(gl.wait_for_run(run_id, timeout=60, poll_interval=0.02), RunStatus)
        assert_type(gl.get_review_result(run_id), str)
        gl.refresh_review(61, coverage=True, applications=["Okta"])
        gl.update_unreviewed_items(61, "maintain", unassigned=False, comment="as before")
        gl.set_review_state(61, "onhold")
        assert_type(gl.get_security_settings(), SecuritySettings)
        assert_type(gl.command("about", params={"verbose": True}, effect="read").data, Any)
        gl.keep_alive()
        gl.logout()
    app = TrustedApp(endpoint.client_id, lambda: endpoint.client_secret)
    with box.governance_lifecycle(login=app, timeout=10.0) as gl:
        assert_type(gl, GovernanceLifecycle).get_review_status("61")


def files() -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_text("Status;reviewee;kind;name;business_source\nrevoke;achen;group;Auditors;Okta\n")
        changes = ReviewItemChange.from_csv(path, encoding="utf-8", delimiter=";", columns={"Status": "state"})
        assert assert_type(list(changes), list[ReviewItemChange])[0].item == Group("Auditors", "Okta")
        path.write_text("reviewer.user_id,object_type\nlbelkin,ent\n")
        rules = CoverageRule.from_csv(path)
        assert (len(rules), assert_type(list(rules), list[CoverageRule])[0].object_type) == (1, "ent")
        assert check_coverage(rules).ok


def told(answered: int, of: int, not_done: int) -> None:
    assert answered <= of >= not_done
