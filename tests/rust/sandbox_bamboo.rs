//! Bamboo: documented tokens in both families, logins, the XSRF check, agents.

use serde_json::{Value, json};

use infosecops::sandbox::{BambooApi, MaintenanceSettings, Sandbox};

use crate::sandbox_wire::{Reply, base64, send, start};

const NEW: &str = "/rest/agent-config/1.0/tokens/";
const JSON: (&str, &str) = ("Content-Type", "application/json");
const READER: &str = "d0ea6653-05e2-4d51-9d89-665cdfe86be6";
const WRITER: &str = "7ba167aa-631c-4771-b197-fcb459cc7fd7";

fn call(sandbox: &Sandbox, method: &str, target: &str, body: Value) -> Reply {
    let bearer = format!("Bearer {}", sandbox.credentials().bamboo_token);
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    send(sandbox, method, target, &[("Authorization", &bearer), JSON], &body)
}

fn documented() -> Value {
    json!([
        {"uuid": READER, "name": "readOnly", "read": true, "change": false},
        {"uuid": WRITER, "name": "read and write", "read": true, "change": true}
    ])
}

#[test]
fn documented_tokens_are_listed_created_and_updated() {
    let sandbox = start();
    assert_eq!(call(&sandbox, "GET", NEW, Value::Null).json(), documented());
    let wanted = json!({"name": "informational name", "read": true, "change": false});
    let created = call(&sandbox, "POST", NEW, wanted).json();
    assert_eq!(
        (&created["name"], &created["read"], &created["change"]),
        (&json!("informational name"), &json!(true), &json!(false))
    );
    assert_eq!(created["uuid"].as_str().unwrap().len(), 36);
    let wanted = json!({"uuid": WRITER, "name": "give me more power", "read": true, "change": true});
    let updated = call(&sandbox, "PUT", &format!("{NEW}{WRITER}"), wanted.clone());
    assert_eq!((updated.status, updated.json()), (200, wanted));
    assert_eq!(
        call(&sandbox, "GET", NEW, Value::Null).json().as_array().unwrap().len(),
        3
    );
    assert_eq!(sandbox.bamboo_tokens().len(), 3);
}

#[test]
fn the_older_family_answers_when_told_to() {
    let sandbox = start();
    let old = "/rest/agent/1.0/tokens";
    assert_eq!(
        call(&sandbox, "GET", "/rest/agent/1.0/tokens/", Value::Null).status,
        404
    );
    sandbox.set_bamboo_api(BambooApi::OldOnly);
    assert_eq!(
        call(&sandbox, "GET", "/rest/agent/1.0/tokens/", Value::Null).json(),
        documented()
    );
    let body = json!({"name": "a", "read": true, "change": false});
    assert_eq!(call(&sandbox, "POST", old, body.clone()).status, 200);
    assert_eq!(
        call(&sandbox, "POST", "/rest/agent/1.0/tokens/", body.clone()).status,
        404,
        "no slash here"
    );
    let missing = call(&sandbox, "GET", NEW, Value::Null);
    assert!(missing.status == 404 && missing.header("content-type").unwrap().starts_with("text/html"));
    sandbox.set_bamboo_api(BambooApi::Both);
    assert_eq!(call(&sandbox, "POST", NEW, body).status, 200);
}

#[test]
fn logins_count_as_the_guides_say() {
    let sandbox = start();
    let credentials = sandbox.credentials();
    let basic = format!(
        "Basic {}",
        base64(&format!(
            "{}:{}",
            credentials.bamboo_username, credentials.bamboo_password
        ))
    );
    let get = |target: &str, authorization: &str| {
        send(&sandbox, "GET", target, &[("Authorization", authorization)], "").status
    };
    assert_eq!(get(NEW, &basic), 401, "Basic without os_authType");
    assert_eq!(get(&format!("{NEW}?os_authType=basic"), &basic), 200);
    assert_eq!(get(&format!("{NEW}?os_authType=basic"), "Basic YTpi"), 401);
    assert_eq!(get(NEW, &format!("Bearer {}", credentials.bamboo_limited_token)), 403);
    assert_eq!(send(&sandbox, "GET", NEW, &[], "").status, 401);
}

#[test]
fn form_like_writes_need_the_header() {
    let sandbox = start();
    let bearer = format!("Bearer {}", sandbox.credentials().bamboo_token);
    let body = json!({"name": "a", "read": true, "change": false}).to_string();
    let post = |headers: &[(&str, &str)]| {
        let all = [&[("Authorization", bearer.as_str())], headers].concat();
        let reply = send(&sandbox, "POST", NEW, &all, &body);
        (reply.status, reply.body)
    };
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(post(&[form]), (403, "XSRF check failed".to_owned()));
    assert_eq!(post(&[]).0, 403);
    assert_eq!(post(&[JSON, ("Origin", "https://elsewhere.example")]).0, 403);
    assert_eq!(post(&[form, ("X-Atlassian-Token", "no-check")]).0, 415);
    assert_eq!(post(&[JSON, ("X-Atlassian-Token", "nocheck")]).0, 200);
}

#[test]
fn bodies_are_checked() {
    let sandbox = start();
    let put = |id: &str, body: Value| call(&sandbox, "PUT", &format!("{NEW}{id}"), body).status;
    assert_eq!(
        put(
            WRITER,
            json!({"uuid": READER, "name": "a", "read": true, "change": true})
        ),
        400
    );
    assert_eq!(put(WRITER, json!({"uuid": WRITER, "name": "a", "read": true})), 400);
    assert_eq!(
        put(
            "none",
            json!({"uuid": "none", "name": "a", "read": true, "change": true})
        ),
        404
    );
    assert_eq!(
        call(&sandbox, "POST", NEW, json!({"name": "", "read": true, "change": true})).status,
        400
    );
}

#[test]
fn agents_open_with_a_token() {
    let sandbox = start();
    let send = |method: &str, path: &str, uuid: &str| {
        send(
            &sandbox,
            method,
            &format!("/rest/agents/1.0/{path}?uuid={uuid}"),
            &[JSON],
            "",
        )
    };
    let state = json!({"id": 131_073, "name": "linux-01", "enabled": true, "busy": false});
    assert_eq!(send("GET", "131073/state", READER).json(), state);
    assert_eq!(
        send("GET", "131074/state/text", READER).body,
        "ENABLED=true\nBUSY=true\n"
    );
    assert_eq!(send("POST", "131073/state/disable", READER).status, 403);
    assert_eq!(send("POST", "131073/state/disable", WRITER).json()["enabled"], false);
    assert_eq!(send("POST", "131073/state/enable", WRITER).json()["enabled"], true);
    assert_eq!(send("GET", "131073/state", "none").status, 401);
    assert_eq!(send("GET", "1/state", READER).status, 404);
    assert_eq!(
        send("GET", "131073/capabilities", READER)
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(send("DELETE", "131073/capabilities", WRITER).json(), json!([]));
    assert_eq!(send("GET", "131073/capabilities", READER).json(), json!([]));
    assert_eq!(send("GET", "", READER).json()[2]["online"], false);
    assert_eq!(send("GET", "polling/version", "").body, "PVERSION=4.1\n");
    sandbox.set_agent_busy(131_074, true, Some(1));
    let busy = || send("GET", "131074/state", READER).json()["busy"].as_bool().unwrap();
    assert_eq!([busy(), busy()], [true, false]);
}

#[test]
fn maintenance_goes_one_by_one() {
    let sandbox = start();
    let send = |method: &str, path: &str| {
        send(
            &sandbox,
            method,
            &format!("/rest/agents/latest/{path}?uuid={WRITER}"),
            &[JSON],
            "",
        )
        .body
    };
    let first = send("POST", "131073/maintenance");
    assert!(
        first.starts_with("PCODE=YES_CHILD\nPMESSAGE=\"") && first.ends_with("ENABLED=false\nBUSY=false\nTASK=1\n")
    );
    assert!(send("POST", "131073/maintenance").starts_with("PCODE=UH_OH\n"));
    assert!(send("POST", "131074/maintenance").starts_with("PCODE=WAIT_FOR_SIBLINGS\n"));
    assert_eq!(send("GET", "131073/maintenance/text"), "TASK=1\n");
    assert!(send("PUT", "131073/maintenance/1/finish").starts_with("PCODE=NO_CHILD\n"));
    assert_eq!(send("GET", "131073/maintenance/text"), "TASK=0\n");
    let set = |allowed, max_away| sandbox.set_maintenance(MaintenanceSettings { allowed, max_away });
    set(false, 2);
    assert!(send("POST", "131073/maintenance").starts_with("PCODE=NO_CHILD\n"));
    set(true, 2);
    assert!(send("POST", "131073/maintenance").ends_with("TASK=2\n"));
    assert!(send("POST", "131074/maintenance").ends_with("TASK=3\n"));
    assert!(send("POST", "131075/maintenance").starts_with("PCODE=WAIT_FOR_SIBLINGS\n"));
    assert!(
        send("PUT", "131075/maintenance/2/finish").starts_with("PCODE=NO_CHILD\n"),
        "only the task counts"
    );
    assert!(send("PUT", "131073/maintenance/2/finish").starts_with("PCODE=UH_OH\n"));
}

#[test]
fn the_older_paths_have_state_and_switches() {
    let sandbox = start();
    sandbox.set_bamboo_api(BambooApi::OldOnly);
    let send = |method: &str, path: &str| {
        let target = format!("/rest/agent/1.0/{path}?uuid={WRITER}");
        send(&sandbox, method, &target, &[JSON], "")
    };
    assert_eq!(send("GET", "131074/text").body, "ENABLED=true\nBUSY=true\n");
    assert_eq!(send("POST", "131074/disable").json()["enabled"], false);
    assert_eq!(send("GET", "131074").json()["enabled"], false);
    assert_eq!(send("POST", "131074/enable").json()["enabled"], true);
    assert_eq!(send("POST", "131074/maintenance").status, 404);
}
