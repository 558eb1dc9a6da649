//! The journal: what it tells, and that no secret ever stands in it.

use serde_json::json;

use infosecops::sandbox::{Filter, System};

use crate::sandbox_wire::{base64, send, start};

#[test]
fn it_tells_what_was_asked() {
    let sandbox = start();
    let token = format!("Token {}", sandbox.credentials().sde_token);
    let headers = [("Authorization", token.as_str()), ("X-Team", "blue")];
    let body = json!({"connection": 12, "automatic": false, "ready": false}).to_string();
    send(&sandbox, "POST", "/api/v2/jobs/alm/?x=1", &headers, &body);
    send(&sandbox, "GET", "/api/v2/jobs/alm/", &headers, "");
    send(&sandbox, "GET", "/elsewhere", &[], "");

    let entry = sandbox.journal().last(&Filter::operation("jobs.alm.start")).unwrap();
    assert_eq!(
        (entry.sequence, entry.system, entry.method.as_str()),
        (1, Some(System::SdElements), "POST")
    );
    assert_eq!(
        (entry.target.as_str(), entry.status, entry.applied),
        ("/api/v2/jobs/alm/?x=1", Some(201), true)
    );
    assert_eq!((entry.body.as_str(), entry.body_bytes), (body.as_str(), body.len()));
    assert_eq!(
        (entry.header("authorization"), entry.header("x-team")),
        (Some("****"), Some("blue"))
    );
    assert_eq!(sandbox.journal().count(&Filter::operation("jobs.*")), 2);
    assert_eq!(sandbox.journal().count(&Filter::system(System::SdElements)), 2);
    assert_eq!(
        sandbox.journal().count(&Filter {
            method: Some("get".to_owned()),
            ..Filter::default()
        }),
        2
    );
    let nowhere = sandbox.journal().last(&Filter::default()).unwrap();
    assert_eq!((nowhere.system, nowhere.status), (None, Some(404)));
    sandbox.journal().clear();
    assert_eq!(sandbox.journal().count(&Filter::default()), 0);
}

#[test]
fn it_never_holds_a_secret() {
    let sandbox = start();
    let credentials = sandbox.credentials().clone();
    let canary = "canary-7f3c91";
    let post = |target: &str, headers: &[(&str, &str)], body: &str| send(&sandbox, "POST", target, headers, body);

    // Wrong secrets, which the sandbox cannot know.
    let login = "/aveksa/command.submit?cmd=loginUser";
    post(
        login,
        &[],
        &format!("<username>u</username><password>{canary}</password>"),
    );
    post(login, &[], &format!("<username>u</username><password>{canary}"));
    post(
        &format!("/aveksa/command.submit?cmd=about&token={canary}&%74oken={canary}"),
        &[],
        "",
    );
    post(
        &format!("/aveksa/command.submit?token={canary}"),
        &[("ClientSecret", canary), ("Cookie", canary)],
        "",
    );
    post(
        "/aveksa/command.submit?cmd=x",
        &[("X-Api-Key", canary), ("Proxy-Authorization", canary)],
        "",
    );
    post(
        "/x",
        &[("Referer", &format!("http://h/p?uuid={canary}"))],
        &format!("{{\"a\":[{{\"alm_pass\":\"{canary}\"}}]}}"),
    );
    post("/x", &[], &format!("{{\"password\": \"{canary}"));
    post("/x", &[], &format!("user=a&password={canary}"));
    post(
        "/aveksa/command.submit?cmd=notifyVaultPasswordChange",
        &[],
        &format!("<Password>{canary}</Password>"),
    );
    post(
        "/x",
        &[],
        &json!({"Result": json!({"Password": canary}).to_string()}).to_string(),
    );
    post("/rest/agents/1.0/1/state/enable?uuid=canary-7f3c91", &[], "");
    send(
        &sandbox,
        "PUT",
        &format!("/rest/agent-config/1.0/tokens/{canary}"),
        &[],
        &json!({"uuid": canary}).to_string(),
    );

    // Right ones, wherever they turn up.
    for (_, _, name, value) in sandbox.describe() {
        if name.contains("username") || name == "client_id" {
            continue;
        }
        let percent: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        post(
            &format!("/aveksa/command.submit?cmd=about&note={percent}"),
            &[("X-Note", &value)],
            &value,
        );
        let escaped: String = value.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        post(
            &format!("/{percent}?{percent}={percent}"),
            &[],
            &format!("[\"{escaped}\"]"),
        );
        post(
            "/x",
            &[("X-Note", &base64(&value))],
            &json!({"note": value}).to_string(),
        );
    }
    let bearer = format!("Bearer {}", credentials.bamboo_token);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let body = json!({"name": "n", "read": true, "change": true}).to_string();
    let created = post("/rest/agent-config/1.0/tokens/", &headers, &body).json()["uuid"]
        .as_str()
        .unwrap()
        .to_owned();
    post(
        &format!("/x/{created}"),
        &[("X-Note", &created)],
        &created.to_uppercase(),
    );
    let headers = [
        ("ClientId", credentials.gl_client_id.as_str()),
        ("ClientSecret", &credentials.gl_client_secret),
    ];
    let issued = post("/aveksa/command.submit?cmd=loginTrustedApp&format=json", &headers, "").json();
    let issued = issued["token"].as_str().unwrap();
    post("/x", &[], issued);

    let mut secrets = vec![canary.to_owned(), created, issued.to_owned()];
    secrets.extend(
        sandbox
            .describe()
            .into_iter()
            .filter(|row| !["username", "client_id"].contains(&row.2))
            .map(|row| row.3),
    );
    secrets.extend(sandbox.sectona_accounts().into_iter().map(|account| account.password));
    let mut everything = format!("{sandbox:?}\n");
    for entry in sandbox.journal().entries() {
        everything.push_str(&format!(
            "{}\n{}\n{}\n{}\n",
            entry.operation, entry.method, entry.target, entry.body
        ));
        everything.extend(entry.headers.iter().map(|(name, value)| format!("{name}: {value}\n")));
    }
    let everything = everything.to_lowercase();
    assert!(everything.contains("****") && everything.contains("x-note"));
    for secret in secrets {
        let percent: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let escaped: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        for form in [secret.clone(), base64(&secret), percent, escaped] {
            assert!(!everything.contains(&form.to_lowercase()), "{form}");
        }
    }
}

#[test]
fn it_shows_what_is_not_secret() {
    let sandbox = start();
    let target = "/rest/agent-config/1.0/tokens/abc?os_authType=basic&uuid=x&name=token";
    let headers = [("X-Atlassian-Token", "no-check"), ("Accept", "application/json")];
    send(&sandbox, "PUT", target, &headers, "{\"name\": \"n\",  \"read\":true}");
    let entry = sandbox.journal().last(&Filter::default()).unwrap();
    assert_eq!(entry.operation, "tokens.update");
    assert_eq!(
        entry.target,
        "/rest/agent-config/1.0/tokens/****?os_authType=basic&uuid=****&name=token"
    );
    assert_eq!(entry.header("x-atlassian-token"), Some("no-check"));
    assert_eq!(entry.body, "{\"name\": \"n\",  \"read\":true}");
    send(
        &sandbox,
        "POST",
        "/aveksa/command.submit?cmd=uploadCoverage&id=61",
        &[],
        "a='1'|user|1=1|ent|name='Token'|",
    );
    let entry = sandbox.journal().last(&Filter::default()).unwrap();
    assert_eq!(entry.body, "a='1'|user|1=1|ent|name='Token'|");
    let login = "<username>jdoe</username><password>p</password>";
    send(&sandbox, "POST", "/aveksa/command.submit?cmd=loginUser", &[], login);
    let entry = sandbox.journal().last(&Filter::operation("loginUser")).unwrap();
    assert_eq!(entry.body, "<username>jdoe</username><password>****</password>");
}
