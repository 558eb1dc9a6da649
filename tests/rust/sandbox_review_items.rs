//! G&L: what `updateReviewItems` changes, and what it refuses.

use serde_json::json;

use infosecops::sandbox::Sandbox;

use crate::sandbox_governance::call;
use crate::sandbox_wire::{Reply, start};

const DOCUMENTED_REVIEW: &str = "<Review>
<ReviewResultName>UAR-3</ReviewResultName>
<SignOff>false</SignOff>
<UpdateCommentsOnly>false</UpdateCommentsOnly>
<ReviewItemChange state=\"revoke\" comments=\"Alice no longer needs this access\">
<RevieweeUserId>asmith</RevieweeUserId>
<RevieweeAccount name=\"mason.stewart@example.com\" business-source=\"Okta\"/>
<Group name=\"HR Department\" business-source=\"Okta\"/>
</ReviewItemChange>
<ReviewItemChange state=\"revoke\" comments=\"Alex no longer needs this access\">
<RevieweeUserId>achen</RevieweeUserId>
<RevieweeAccount name=\"TelemetryUser\" business-source=\"CyberArk (REST)\"/>
<Group name=\"Auditors\" business-source=\"CyberArk (REST)\"/>
</ReviewItemChange>
</Review>";

fn update(sandbox: &Sandbox, name: &str, changes: &str) -> Reply {
    let body = format!("<Review><ReviewResultName>{name}</ReviewResultName>{changes}</Review>");
    call(sandbox, "POST", "cmd=updateReviewItems&format=json", &body)
}

fn change(state: &str, user: &str, item: &str) -> String {
    format!("<ReviewItemChange state=\"{state}\"><RevieweeUserId>{user}</RevieweeUserId>{item}</ReviewItemChange>")
}

#[test]
fn the_documented_review_is_updated_and_then_in_the_same_state() {
    let sandbox = start();
    let reply = call(&sandbox, "GET", "cmd=updateReviewItems&format=json", DOCUMENTED_REVIEW);
    assert_eq!(reply.status, 200);
    let status = "Success. Updated all 2 review components with specified states.";
    assert_eq!(
        reply.json(),
        json!({"data": {"type": "updateReviewItems", "Status": status}})
    );
    assert!(sandbox.journal().last(&Default::default()).unwrap().applied);

    let again = call(&sandbox, "POST", "cmd=updateReviewItems&format=json", DOCUMENTED_REVIEW);
    assert_eq!(again.status, 412);
    assert!(
        again
            .body
            .contains("Status=Failure.  None of the 2 review components could be updated.")
    );
    assert!(again.body.contains(
        "Status For Review Item(asmith-HR Department for the account mason.stewart@example.com)=Failure \
         (The review component is already in the same state as being updated.)"
    ));
    assert!(!sandbox.journal().last(&Default::default()).unwrap().applied);
}

#[test]
fn items_fail_one_by_one() {
    let sandbox = start();
    let changes = [
        change(
            "maintain",
            "asmith",
            "<Entitlement resource=\"Dynatrace\" action=\"-\" business-source=\"Dynatrace\"/>",
        ),
        change(
            "ESCALATE",
            "bjones",
            "<ApplicationRole name=\"Approver\" business-source=\"Datadog\"/>",
        ),
        change(
            "sideways",
            "bjones",
            "<GlobalRole name=\"Finance Clerk\" role-set=\"Finance Roles\"/>",
        ),
        change(
            "revoke",
            "asmith",
            "<Entitlement resource=\"Vault\" action=\"read\" business-source=\"Vault\"/>",
        ),
        change(
            "revoke",
            "nobody",
            "<Group name=\"HR Department\" business-source=\"Okta\"/>",
        ),
        change(
            "revoke",
            "achen",
            "<Group name=\"Payroll &lt;Admins&gt; &amp; &quot;Co&quot;\" business-source=\"Active Directory\"/>",
        ),
    ];
    let reply = update(&sandbox, "UAR-3", &changes.concat());
    assert_eq!(reply.status, 200);
    let document = reply.json();
    let lines: Vec<&str> = document["data"]["Status"].as_str().unwrap().lines().collect();
    assert_eq!(
        lines,
        [
            "Partial Success. Updated 3 of 6 review components successfully.",
            "Status For Review Item(asmith-Dynatrace -)=Success",
            "Status For Review Item(bjones-Approver)=Success",
            "Status For Review Item(bjones-Finance Clerk)=Failure (State specified should be one of [Maintain, \
             revoke, none])",
            "Status For Review Item(asmith-Vault read)=Failure (The review component is locked and can not be \
             changed.)",
            "Status For Review Item(nobody-HR Department)=Failure (Specified review component does not exist.)",
            "Status For Review Item(achen-Payroll <Admins> & \"Co\")=Success",
        ]
    );
}

#[test]
fn reviews_that_cannot_be_updated_are_refused() {
    let sandbox = start();
    let item = change(
        "revoke",
        "asmith",
        "<Group name=\"HR Department\" business-source=\"Okta\"/>",
    );
    let refusal = |name: &str, changes: &str| {
        let reply = update(&sandbox, name, changes);
        (reply.status, reply.body)
    };
    let (status, body) = refusal("No such", &item);
    assert!(status == 412 && body.contains("Could not find a review with name No such"));
    let (status, body) = refusal("Azure Role #3-1", &item);
    assert!(status == 412 && body.contains("The review is not an actionable state."));
    let dtd = format!("<!DOCTYPE Review [<!ENTITY x \"y\">]>{DOCUMENTED_REVIEW}");
    assert_eq!(call(&sandbox, "POST", "cmd=updateReviewItems", &dtd).status, 400);
    assert_eq!(
        call(&sandbox, "POST", "cmd=updateReviewItems", "<Review><a></Review>").status,
        400
    );
    assert_eq!(
        call(&sandbox, "POST", "cmd=updateReviewItems", &"<a>".repeat(100)).status,
        400
    );
}

#[test]
fn comments_expiry_and_sign_off_count() {
    let sandbox = start();
    let group = "<Group name=\"Contractors\" business-source=\"Okta\"/>";
    let with = |attributes: &str, account: &str, flags: &str| {
        let changes = format!(
            "{flags}<ReviewItemChange {attributes}><RevieweeUserId>cdiaz</RevieweeUserId><RevieweeAccount \
             name=\"{account}\" business-source=\"Okta\"/>{group}</ReviewItemChange>"
        );
        update(&sandbox, "UAR-3", &changes).status
    };
    let comments_only = "<UpdateCommentsOnly>true</UpdateCommentsOnly>";
    assert_eq!(with("comments=\"seen\"", "cdiaz", comments_only), 200);
    assert_eq!(with("state=\"maintain\" expires-on=\"2030-12-31\"", "cdiaz", ""), 412);
    assert_eq!(with("state=\"revoke\" expires-on=\"31-Dec-2030\"", "cdiaz", ""), 412);
    assert_eq!(with("state=\"maintain\" expires-on=\"31-Dec-2030\"", "cdiaz", ""), 200);
    assert_eq!(with("state=\"revoke\"", "cdiaz-adm", "<SignOff>true</SignOff>"), 200);
    assert_eq!(with("state=\"none\"", "cdiaz-adm", ""), 412, "signed off, so locked");
}
