//! SD Elements: documented jobs, filters, pages, required fields, permissions, the course of a job.

use serde_json::{Value, json};

use infosecops::sandbox::{JobEnd, JobProgress, Sandbox};

use crate::sandbox_wire::{Reply, send, start};

fn call(sandbox: &Sandbox, method: &str, target: &str, body: Value) -> Reply {
    let token = format!("Token {}", sandbox.credentials().sde_token);
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let headers = [("Authorization", token.as_str()), ("Accept", "application/json")];
    send(sandbox, method, &format!("/api/v2/{target}"), &headers, &body)
}

fn get(sandbox: &Sandbox, target: &str) -> Value {
    let reply = call(sandbox, "GET", target, Value::Null);
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}

fn ids(list: &Value) -> Vec<u64> {
    list["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["id"].as_u64().unwrap())
        .collect()
}

#[test]
fn documented_jobs_are_there() {
    let sandbox = start();
    let job = get(&sandbox, "jobs/alm/12/");
    let documented = json!({
        "id": 12, "user": "admin@example.com", "succeeded": true, "automatic": true, "ready": true,
        "result_message": "", "last_run": "2015-04-15T20:27:24.396442Z",
        "connection": {
            "alias": "My Connection", "command": "run_my_connection", "frequency": "daily", "id": 23,
            "params": {
                "sde_project": "Demo Project", "alm_user": "rally_user",
                "sde_verification_filter": "none,partial,pass,fail", "rally_workspace": "Rally Workspace",
                "alm_method": "https", "alm_title_format": "$task_id $title",
                "alm_server": "rally1.rallydev.com", "sde_businessunit": "General",
                "sde_application": "Demo Application", "alm_project": "Rally Project",
                "alm_pass": "rally_password", "alm_phases": "requirements,architecture-design,development",
                "sde_statuses_in_scope": "TODO", "conflict_policy": "alm", "sde_min_priority": 7
            },
            "project": 7, "system": "Rally"
        }
    });
    assert_eq!(job, documented);
    assert_eq!(get(&sandbox, "jobs/analysis/12/")["connection"]["system"], "Whitehat");
    assert_eq!(get(&sandbox, "jobs/ldap/57/")["user"], 1);
    assert_eq!(get(&sandbox, "jobs/ldap/")["results"][0]["user"], "admin@example.com");
    assert_eq!(
        get(&sandbox, "jobs/alm/"),
        json!({"results": [documented, get(&sandbox, "jobs/alm/11/")]})
    );
}

#[test]
fn filters_select_and_unknown_words_do_not() {
    let sandbox = start();
    let listed = |query: &str| ids(&get(&sandbox, &format!("jobs/alm/?{query}")));
    assert_eq!(listed("succeeded=false"), [11]);
    assert_eq!(listed("succeeded=TRUE"), [12]);
    assert_eq!(listed("automatic=0"), [11]);
    assert_eq!(listed("ready=maybe"), [12, 11]);
    assert_eq!(listed("connection=23"), [12]);
    assert_eq!(listed("user=viewer%40example.com"), [11]);
    assert_eq!(listed("ready=false"), [0; 0]);
    assert_eq!(call(&sandbox, "GET", "jobs/alm/?connection=x", Value::Null).status, 400);
    assert_eq!(ids(&get(&sandbox, "jobs/")), [12, 12, 57, 71, 11]);
    let expanded = get(&sandbox, "jobs/?expand=user,triggered_by");
    assert_eq!(expanded["results"][0]["user"]["email"], "admin@example.com");
    assert_eq!(expanded["results"][0]["triggered_by"]["id"], 1);
}

#[test]
fn pages_have_absolute_neighbours() {
    let sandbox = start();
    let first = get(&sandbox, "jobs/?page_size=2&succeeded=true");
    assert_eq!((&first["count"], &first["previous"]), (&json!(4), &Value::Null));
    assert_eq!(
        first["next"],
        "http://sandbox.test:1/api/v2/jobs/?page_size=2&succeeded=true&page=2"
    );
    let second = get(&sandbox, "jobs/?page_size=2&succeeded=true&page=2");
    assert_eq!(second["next"], Value::Null);
    assert_eq!(
        second["previous"],
        "http://sandbox.test:1/api/v2/jobs/?page_size=2&succeeded=true"
    );
    let beyond = call(&sandbox, "GET", "jobs/?page_size=2&page=9", Value::Null);
    assert_eq!(
        (beyond.status, beyond.json()),
        (404, json!({"detail": "Invalid page."}))
    );
}

#[test]
fn a_start_and_a_report_are_told_apart_by_ready() {
    let sandbox = start();
    let started = call(
        &sandbox,
        "POST",
        "projects/1/jobs/alm/",
        json!({"connection": 12, "automatic": false, "ready": false}),
    );
    assert_eq!((started.status, started.reason.as_str()), (201, "Created"));
    let job = started.json();
    assert_eq!(
        (&job["ready"], &job["succeeded"], &job["connection"]["id"]),
        (&json!(false), &json!(false), &json!(12))
    );
    let reported = call(
        &sandbox,
        "POST",
        "jobs/ldap/",
        json!({"connection": 29, "result_message": "My Message", "succeeded": true, "automatic": true}),
    );
    assert_eq!(reported.status, 201);
    let job = reported.json();
    assert_eq!(
        (&job["ready"], &job["result_message"]),
        (&json!(true), &json!("My Message"))
    );
    let names: Vec<String> = sandbox
        .journal()
        .entries()
        .into_iter()
        .map(|entry| entry.operation)
        .collect();
    assert_eq!(names, ["jobs.alm.start", "jobs.ldap.report"]);
}

#[test]
fn fields_are_checked() {
    let sandbox = start();
    let refused = |body: Value| {
        let reply = call(&sandbox, "POST", "jobs/alm/", body);
        assert_eq!(reply.status, 400);
        reply.json()
    };
    assert_eq!(
        refused(json!({"ready": false, "automatic": true})),
        json!({"connection": ["This field is required."]})
    );
    assert_eq!(
        refused(json!({"connection": 12, "automatic": true})),
        json!({"succeeded": ["This field is required."], "result_message": ["This field is required."]})
    );
    assert_eq!(
        refused(json!({"connection": 999, "automatic": true, "ready": false})),
        json!({"connection": ["Invalid pk \"999\" - object does not exist."]})
    );
    assert_eq!(
        refused(json!({"connection": 12, "automatic": "maybe", "ready": false})),
        json!({"automatic": ["Must be a valid boolean."]})
    );
    assert!(refused(json!([]))["non_field_errors"].is_array());
    let token = format!("Token {}", sandbox.credentials().sde_token);
    let headers = [("Authorization", token.as_str())];
    let broken = send(&sandbox, "POST", "/api/v2/jobs/alm/", &headers, "{");
    assert!(
        broken.status == 400
            && broken.json()["detail"]
                .as_str()
                .unwrap()
                .starts_with("JSON parse error - ")
    );
    let headers = [("Authorization", token.as_str()), ("Content-Type", "text/plain")];
    assert_eq!(send(&sandbox, "POST", "/api/v2/jobs/alm/", &headers, "{}").status, 415);
}

#[test]
fn tokens_are_needed() {
    let sandbox = start();
    let with = |headers: &[(&str, &str)]| send(&sandbox, "GET", "/api/v2/users/me/", headers, "");
    let none = with(&[]);
    assert_eq!((none.status, none.header("www-authenticate")), (401, Some("Token")));
    assert_eq!(
        none.json(),
        json!({"detail": "Authentication credentials were not provided."})
    );
    let token = sandbox.credentials().sde_token.clone();
    assert_eq!(
        with(&[("Authorization", &format!("Token \"{token}\""))]).json(),
        json!({"detail": "Invalid token."})
    );
    assert_eq!(with(&[("Authorization", &format!("Token: {token}"))]).status, 401);
    assert_eq!(
        with(&[("Authorization", &format!("token {token}"))]).json()["email"],
        "admin@example.com"
    );
}

#[test]
fn a_token_without_the_right_sees_no_params_and_starts_nothing() {
    let sandbox = start();
    let token = format!("Token {}", sandbox.credentials().sde_limited_token);
    let headers = [("Authorization", token.as_str())];
    let job = send(&sandbox, "GET", "/api/v2/jobs/alm/12/", &headers, "").json();
    assert!(job["connection"].get("params").is_none());
    let start = json!({"connection": 12, "automatic": false, "ready": false}).to_string();
    assert_eq!(
        send(&sandbox, "POST", "/api/v2/jobs/alm/", &headers, &start).status,
        403
    );
    let secret = get(&sandbox, "connections/ldap/30/")["params"]["bind_password"].clone();
    assert_eq!(secret, "ldap_bind_password");
    assert_eq!(ids(&get(&sandbox, "connections/alm/")), [12, 23]);
}

#[test]
fn paths_are_exact() {
    let sandbox = start();
    for method in ["GET", "POST"] {
        let reply = call(&sandbox, method, "jobs/alm?ready=true", Value::Null);
        assert_eq!(
            (reply.status, reply.header("location")),
            (301, Some("/api/v2/jobs/alm/?ready=true"))
        );
    }
    let upper = call(&sandbox, "POST", "jobs/LDAP/", json!({}));
    assert!(upper.status == 404 && upper.body.contains("<h1>Not Found</h1>"));
    let unknown = call(&sandbox, "GET", "jobs/alm/999/", Value::Null);
    assert_eq!((unknown.status, unknown.json()), (404, json!({"detail": "Not found."})));
    assert_eq!(call(&sandbox, "DELETE", "jobs/alm/12/", Value::Null).status, 405);
}

#[test]
fn jobs_advance_as_told() {
    let sandbox = start();
    let start = |connection: u64| {
        let body = json!({"connection": connection, "automatic": false, "ready": false});
        call(&sandbox, "POST", "jobs/alm/", body).json()["id"].as_u64().unwrap()
    };
    let ready = |id: u64| get(&sandbox, &format!("jobs/alm/{id}/"))["ready"].as_bool().unwrap();

    assert!(ready(start(12)), "immediate is the default");

    sandbox.set_job_progress(
        JobProgress::Polls(2),
        JobEnd {
            succeeded: false,
            message: "no route".to_owned(),
        },
    );
    let id = start(12);
    assert_eq!(ids(&get(&sandbox, "jobs/alm/?ready=false")), [id]);
    assert_eq!([ready(id), ready(id), ready(id)], [false, false, true]);
    let job = get(&sandbox, &format!("jobs/alm/{id}/"));
    assert_eq!(
        (&job["succeeded"], &job["result_message"]),
        (&json!(false), &json!("no route"))
    );

    sandbox.set_job_progress(JobProgress::Manual, JobEnd::default());
    let id = start(23);
    assert_eq!([ready(id), ready(id), ready(id)], [false; 3]);
    assert!(!sandbox.finish_job(Some("ldap"), id, &JobEnd::default()));
    assert!(sandbox.finish_job(Some("alm"), id, &JobEnd::default()));
    assert!(!sandbox.finish_job(None, id, &JobEnd::default()));
    assert!(ready(id));
}
