//! G&L: coverage, tokens, the course of a review.

use std::io::Write;

use serde_json::json;

use infosecops::sandbox::{JobEnd, JobProgress, Sandbox};

use crate::sandbox_wire::{Reply, connect, read, send, start};

const DOCUMENTED_COVERAGE: &str =
    "\nuser_id='lbelkin'|user|1=1|app-role|name='Datadog'|\nuser_id='mcastro'|user|1=1|ent|name='Dynatrace'|\n";

pub fn call(sandbox: &Sandbox, method: &str, query: &str, body: &str) -> Reply {
    let bearer = format!("Bearer {}", sandbox.credentials().gl_token);
    send(
        sandbox,
        method,
        &format!("/aveksa/command.submit?{query}"),
        &[("Authorization", &bearer)],
        body,
    )
}

#[test]
fn coverage_is_uploaded_as_documented() {
    let sandbox = start();
    let reply = call(
        &sandbox,
        "POST",
        "cmd=uploadCoverage&format=json&id=61&type=reviewer",
        DOCUMENTED_COVERAGE,
    );
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.json(),
        json!({"data": {"type": "uploadCoverage", "status": "success"}})
    );
    assert_eq!(sandbox.gl_coverage(61).as_deref(), Some(DOCUMENTED_COVERAGE));

    let properties = call(
        &sandbox,
        "POST",
        "cmd=uploadCoverage&name=UAR&type=monitor",
        DOCUMENTED_COVERAGE,
    );
    assert_eq!(properties.body, "status=success\n");
    assert!(sandbox.gl_coverage(7).is_some());
}

#[test]
fn coverage_without_id_and_name_gets_the_documented_page() {
    let reply = call(&start(), "POST", "cmd=uploadCoverage&format=json", DOCUMENTED_COVERAGE);
    assert_eq!(reply.status, 412);
    assert_eq!(
        reply.body,
        "<html>\n<head>\n<title>Error</title>\n</head>\n<body>The id parameter or the name parameter must be provided \
         referencing a valid review\nresult or definition respectively.\nQuery \
         String=cmd=uploadCoverage&amp;format=json</body>\n</html>\n"
    );
}

#[test]
fn coverage_is_checked() {
    let sandbox = start();
    let upload = |query: &str, body: &str| {
        call(
            &sandbox,
            "POST",
            &format!("cmd=uploadCoverage&format=json&{query}"),
            body,
        )
    };
    assert_eq!(upload("id=61&name=UAR&type=monitor", DOCUMENTED_COVERAGE).status, 412);
    assert_eq!(upload("id=61", DOCUMENTED_COVERAGE).status, 412);
    let unknown = upload("id=5917&type=monitor", DOCUMENTED_COVERAGE);
    assert_eq!(unknown.status, 404);
    assert!(unknown.body.contains("Could not find a review with the id 5917"));
    let joined = upload(
        "id=61&type=monitor",
        "a='1'|user|1=1|ent|1=1|user_id='b'|user|1=1|ent|1=1|",
    );
    assert_eq!(joined.json()["data"]["status"], "failure");
    assert_eq!(
        upload("id=61&type=altmanager", "any layout").json()["data"]["status"],
        "success"
    );
    assert_eq!(
        upload("id=61&type=monitor&filename=coverage.txt", "").json()["data"]["status"],
        "success"
    );
    assert_eq!(
        upload("id=61&type=monitor&filename=other.txt", "").json()["data"]["status"],
        "failure"
    );
}

#[test]
fn tokens_come_from_logins_and_end() {
    let sandbox = start();
    let credentials = sandbox.credentials().clone();
    let escaped = credentials
        .gl_password
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let login = format!(
        "<username>{}</username><password>{escaped}</password>",
        credentials.gl_username
    );
    let target = "/aveksa/command.submit?cmd=loginUser&format=json";
    let document = send(&sandbox, "POST", target, &[], &login).json();
    assert_eq!(document["data"]["type"], "loginUser");
    let token = document["data"]["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("ws"));
    let wrong = send(
        &sandbox,
        "POST",
        target,
        &[],
        "<username>x</username><password>y</password>",
    );
    assert_eq!(wrong.status, 401);
    assert!(
        wrong
            .body
            .contains("User could not be validated. The username or password may be incorrect.")
    );

    let headers = [
        ("ClientId", credentials.gl_client_id.as_str()),
        ("ClientSecret", &credentials.gl_client_secret),
    ];
    let target = "/aveksa/command.submit?cmd=loginTrustedApp&format=json";
    let application = send(&sandbox, "POST", target, &headers, "").json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(application.starts_with("ta"));
    assert_eq!(send(&sandbox, "POST", target, &[], "").status, 401);

    let get = |command: &str, token: &str| {
        let token: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
        send(
            &sandbox,
            "GET",
            &format!("/aveksa/command.submit?cmd={command}&format=json&token={token}"),
            &[],
            "",
        )
    };
    assert_eq!(get("keepAlive", &token).json(), json!({"data": {"type": "keepAlive"}}));
    assert_eq!(get("keepAlive", &application).status, 401);
    assert_eq!(
        get("getSecuritySettings", &application).json()["data"]["token-lifespan-timeout"],
        "120"
    );
    assert_eq!(get("logoutUser", &token).status, 200);
    let gone = get("getReviewStatus", &token);
    assert_eq!(gone.status, 401);
    assert!(
        gone.body
            .contains("The token is not valid for the command 'getReviewStatus'. Token is invalid or expired")
    );
    let limited = get("runReview", &credentials.gl_limited_token);
    assert_eq!(limited.status, 401);
    assert!(
        limited
            .body
            .contains("The token is not valid for the command 'runReview'. \n")
    );
    sandbox.expire_gl_tokens();
    assert!(get("about", &application).body.contains("Token is invalid or expired"));
}

#[test]
fn an_unknown_command_is_the_reason_phrase() {
    let reply = call(&start(), "GET", "cmd=findNothing&format=json", "");
    assert_eq!((reply.status, reply.reason.as_str()), (404, "findNothing"));
}

#[test]
fn a_review_runs_its_course() {
    let sandbox = start();
    sandbox.set_job_progress(JobProgress::Polls(2), JobEnd::default());
    let get = |query: &str| call(&sandbox, "GET", &format!("format=json&{query}"), "").json()["data"].clone();
    let run = get("cmd=runReview&name=UAR")["run-id"].as_str().unwrap().to_owned();
    let status = || {
        get(&format!("cmd=getRunStatus&run-id={run}"))["overall-status"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        call(&sandbox, "GET", &format!("cmd=getReviewResult&run-id={run}"), "").status,
        404
    );
    assert_eq!([status(), status(), status()], ["New", "Running", "Completed"]);
    let id = get(&format!("cmd=getReviewResult&run-id={run}"))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let review = get(&format!("cmd=getReviewStatus&id={id}"));
    assert_eq!(
        (&review["name"], &review["state"]),
        (&json!("UAR-4"), &json!("InActionable"))
    );
    assert_eq!(review["total-entitlements"], "9");
    let set = |state: &str| get(&format!("cmd=setReviewState&id={id}&state={state}"))["status"].clone();
    assert_eq!(set("active"), "success");
    assert_eq!(
        get(&format!("cmd=updateUnreviewedItems&id={id}&state=maintain"))["status"],
        "success"
    );
    assert_eq!(
        get(&format!("cmd=getReviewStatus&id={id}"))["reviewed-entitlements"],
        "8"
    );
    assert_eq!(set("completed"), "success");
    assert_eq!(set("active"), "failure");
    let refreshed = get("cmd=refreshReview&id=61");
    assert_eq!(refreshed["name"], "UAR-3");
    let unknown = call(&sandbox, "GET", "cmd=setReviewState&id=99&state=active", "");
    assert!(unknown.status == 404 && unknown.body.contains("Could not find a report with the id 99"));
}

#[test]
fn runs_can_be_ended_by_hand() {
    let sandbox = start();
    sandbox.set_job_progress(JobProgress::Manual, JobEnd::default());
    let get = |query: &str| call(&sandbox, "GET", &format!("format=json&{query}"), "").json()["data"].clone();
    let run: u64 = get("cmd=runReview&name=UAR")["run-id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(get(&format!("cmd=getRunStatus&run-id={run}"))["overall-status"], "New");
    assert!(sandbox.finish_run(run, false));
    assert!(!sandbox.finish_run(run, true));
    assert_eq!(
        get(&format!("cmd=getRunStatus&run-id={run}"))["overall-status"],
        "Aborted"
    );
}

#[test]
fn large_and_chunked_bodies_are_read() {
    let sandbox = start();
    let line = "user_id='lbelkin'|user|1=1|app-role|name='Datadog'|\n";
    let large = line.repeat(10_000);
    let reply = call(&sandbox, "POST", "cmd=uploadCoverage&id=61&type=reviewer", &large);
    assert_eq!(reply.body, "status=success\n");
    let entry = sandbox.journal().last(&Default::default()).unwrap();
    assert_eq!(
        (entry.body_bytes, entry.body),
        (large.len(), format!("({} bytes, not kept)", large.len()))
    );

    let token = &sandbox.credentials().gl_token;
    let mut stream = connect(&sandbox);
    let head = "POST /aveksa/command.submit?cmd=uploadCoverage&id=7&type=reviewer HTTP/1.1\r\nHost: x\r\n";
    let chunks = format!("{:x}\r\n{line}\r\n{:x}\r\n{line}\r\n0\r\n\r\n", line.len(), line.len());
    let request =
        format!("{head}Authorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    assert_eq!(read(&mut stream).unwrap().0.status, 100);
    stream.write_all(chunks.as_bytes()).unwrap();
    assert_eq!(read(&mut stream).unwrap().0.body, "status=success\n");
    assert_eq!(sandbox.gl_coverage(7), Some(line.repeat(2)));
}
