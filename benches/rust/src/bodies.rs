//! What the four systems answer, in the forms their vendors document.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

pub const TOKENS: &str = concat!(
    r#"[{"uuid":"0b6a0a5e-5a0f-4f0e-9c59-3a4d7c1e2f88","name":"chef nodes","read":true,"change":false},"#,
    r#"{"uuid":"5f0c4f0b-6f6e-4c39-a1ab-95a7d5a1c0de","name":"puppet nodes","read":true,"change":true},"#,
    r#"{"uuid":"c2a94a3d-35a0-4b64-8f7c-0d9f4b0d7d11","name":"dashboards","read":true,"change":false}]"#
);

const SYSTEMS: [(&str, &str); 4] = [
    ("Jira", "sync_jira"),
    ("Rally", "sync_rally"),
    ("GitHub", "sync_github"),
    ("Azure DevOps", "sync_azure"),
];
/// Texts of connections repeat, as those of a server do whose jobs run again and again.
const CONNECTIONS: usize = 53;

/// A page of jobs: about 0.8 kB each, with 15 parameters.
pub fn jobs(first: usize, count: usize, total: usize, next: Option<&str>) -> String {
    let mut text = String::with_capacity(count * 900 + 200);
    let next = next.map_or_else(|| "null".to_owned(), |url| format!("\"{url}\""));
    let _ = write!(text, r#"{{"count":{total},"next":{next},"previous":null,"results":["#);
    for number in first..first + count {
        if number > first {
            text.push(',');
        }
        job(&mut text, number);
    }
    text.push_str("]}");
    text
}

fn job(text: &mut String, number: usize) {
    let connection = number % CONNECTIONS;
    let (system, command) = SYSTEMS.get(connection % SYSTEMS.len()).copied().unwrap_or_default();
    let (ready, succeeded) = (!number.is_multiple_of(10), number % 10 > 1);
    let message = if ready && !succeeded {
        "Could not log in: the password has expired"
    } else {
        ""
    };
    let (hour, minute, second) = (number / 3600 % 24, number / 60 % 60, number % 60);
    let (id, automatic, micro) = (100_000 + number, number.is_multiple_of(3), number % 1_000_000);
    let (priority, project) = (number % 11, connection * 3 + 1);
    let _ = write!(
        text,
        r#"{{"id":{id},"user":"no-reply+sync{connection}@corp.example.com","succeeded":{succeeded},"automatic":{automatic},"#
    );
    let _ = write!(
        text,
        r#""ready":{ready},"result_message":"{message}","last_run":"2024-02-01T{hour:02}:{minute:02}:{second:02}.{micro:06}Z","#
    );
    let _ = write!(
        text,
        r#""connection":{{"id":{connection},"alias":"Nightly sync {connection}","system":"{system}","frequency":"daily","#
    );
    let _ = write!(
        text,
        r#""command":"{command}","params":{{"alm_server":"tracker{connection}.corp.example.com","alm_method":"https","#
    );
    let _ = write!(
        text,
        r#""alm_user":"svc-sync{connection}","alm_pass":"pl4ce-h0lder-{connection}","alm_project":"PRJ{connection}","#
    );
    text.push_str(
        r#""alm_context":"/tracker","conflict_policy":"alm","alm_title_format":"[APPLICATION] TITLE","start_date":"2024-01-01","#,
    );
    let _ = write!(
        text,
        r#""alm_parent_issue":"PRJ{connection}-100","selected_tasks":"T1,T2,T{connection}","sde_min_priority":{priority},"#
    );
    text.push_str(r#""sde_statuses_in_scope":"TODO,DONE,NA","task_status_mapping":"{}","use_proxy":false},"#);
    let _ = write!(text, r#""project":{project}}}}}"#);
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wanted<'a> {
    #[serde(borrow)]
    asset_type: &'a str,
    asset_host: &'a str,
    account_name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Record<'a> {
    asset_type: &'a str,
    asset_host: &'a str,
    account_name: &'a str,
    account_authentication_type: &'a str,
    account_type: &'a str,
    password: &'a str,
    pass_phrase: &'a str,
    created_by: &'a str,
    created_on: &'a str,
    status: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a> {
    version: &'a str,
    is_success: bool,
    log_code: &'a str,
    result: &'a str,
    status_code: &'a str,
    timestamp: &'a str,
}

/// The password of the account that is asked for, as JSON in a string of JSON. None if the request can't be read.
pub fn password(request: &[u8]) -> Option<Vec<u8>> {
    let wanted: Wanted<'_> = serde_json::from_slice(request).ok()?;
    let record = Record {
        asset_type: wanted.asset_type,
        asset_host: wanted.asset_host,
        account_name: wanted.account_name,
        account_authentication_type: "Password",
        account_type: "Local",
        password: &format!("q\"uo'te\\back <&> {}", wanted.account_name),
        pass_phrase: "",
        created_by: "",
        created_on: "03 Jun 2019 15:22:11 GMT 05:30:00",
        status: "Active",
    };
    let envelope = Envelope {
        version: "6.0.0.0",
        is_success: true,
        log_code: "0",
        result: &serde_json::to_string(&record).ok()?,
        status_code: "Accepted",
        timestamp: "07 Jan 2024 08:06:00 GMT 05:30:00",
    };
    serde_json::to_vec(&envelope).ok()
}

/// What an upload is told.
pub fn uploaded(expected: u64, received: u64) -> String {
    if expected == received {
        return r#"{"data":{"type":"uploadCoverage","status":"success"}}"#.to_owned();
    }
    format!(
        r#"{{"data":{{"type":"uploadCoverage","status":"failure","message":"{received} bytes came instead of {expected}"}}}}"#
    )
}

/// What a review update is told.
pub fn updated(changes: usize) -> String {
    format!(
        r#"{{"data":{{"type":"updateReviewItems","Status":"Success. Updated all {changes} review components with specified states."}}}}"#
    )
}
