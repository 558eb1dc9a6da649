//! SD Elements over a real socket: literal requests in, literal answers out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "sde_lists.rs"]
mod lists;
#[path = "sde_wire.rs"]
mod wire;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use infosecops::core::credential::{Credential, Holder, SecretSource};
use infosecops::core::error::{Error, Kind, Outcome, System};
use infosecops::core::request::{Backend, Request};
use infosecops::core::retry::Effect;
use infosecops::core::secret::Secret;
use infosecops::core::target::Target;
use infosecops::core::transport::Call;
use infosecops::systems::sd_elements::{
    API_PATHS, Job, ListFilter, Report, SdElements, get, job_failed, list, report, start, wait,
};
use lists::all;
use wire::{Server, answer, json};

fn call(server: &Server) -> Call {
    server.call(System::SdElements, API_PATHS, "/api/v2/")
}

fn client() -> SdElements {
    SdElements::new(Holder::new(Credential::Fixed(Secret::new("5f0c0d12"))))
}

const STARTED: &str = r#"{"id": 911, "user": "ci@corp.test", "succeeded": false, "automatic": false, "ready": false, "result_message": "",
 "last_run": "2024-02-01T10:00:00.000001Z", "connection": {"id": 40, "alias": "Nightly scan", "project": 7}}"#;

#[tokio::test]
async fn start_and_report_send_the_documented_bodies_once() {
    let created = answer("201 CREATED", "application/json", STARTED);
    let server = Server::start(vec![created.clone(), created.clone(), created]).await;
    let job = start(&client(), &call(&server), "analysis", 40, false, None)
        .await
        .unwrap();
    assert_eq!((job.id, job.ready, job.kind.as_str()), (911, Some(false), "analysis"));
    start(&client(), &call(&server), "alm", 12, true, Some(1))
        .await
        .unwrap();
    let done = Report {
        connection: 12,
        succeeded: true,
        result_message: "My Message".into(),
        automatic: true,
        ready: None,
    };
    report(&client(), &call(&server), "ldap", &done, None).await.unwrap();
    let requests = server.requests();
    assert!(requests[0].starts_with("POST /api/v2/jobs/analysis/ HTTP/1.1\r\n"));
    assert!(
        requests[0]
            .to_lowercase()
            .contains("content-type: application/json\r\n")
    );
    assert!(requests[0].ends_with("\r\n\r\n{\"connection\":40,\"automatic\":false,\"ready\":false}"));
    assert!(requests[1].starts_with("POST /api/v2/projects/1/jobs/alm/ HTTP/1.1\r\n"));
    assert!(requests[1].ends_with("{\"connection\":12,\"automatic\":true,\"ready\":false}"));
    assert!(requests[2].starts_with("POST /api/v2/jobs/ldap/ HTTP/1.1\r\n"));
    assert!(
        requests[2]
            .ends_with("{\"connection\":12,\"result_message\":\"My Message\",\"succeeded\":true,\"automatic\":true}")
    );
}

#[tokio::test]
async fn refusals_of_every_form_say_what_to_do() {
    let cases = [
        (
            "400 Bad Request",
            r#"{"connection": ["This field is required."]}"#,
            Kind::BadRequest,
            "connection: This field is required.",
        ),
        (
            "401 Unauthorized",
            r#"{"detail":"Invalid token.","code":"token_x"}"#,
            Kind::Authentication,
            "Invalid token.",
        ),
        ("403 Forbidden", "you may not", Kind::PermissionDenied, "you may not"),
        (
            "404 Not Found",
            r#"{"detail":"Not found."}"#,
            Kind::NotFound,
            "Not found.",
        ),
        (
            "405 Method Not Allowed",
            r#"{"detail":"Method \"POST\" not allowed."}"#,
            Kind::BadRequest,
            "not allowed",
        ),
        ("422 Unprocessable", r#""bare text""#, Kind::BadRequest, "bare text"),
        ("400 Bad Request", r#"["one", "two"]"#, Kind::BadRequest, "one; two"),
        (
            "500 Oops",
            "<html><title>x</title><body>Server Error (500)</body></html>",
            Kind::Server,
            "Server Error (500)",
        ),
    ];
    for (status, body, kind, message) in cases {
        let server = Server::start(vec![answer(status, "text/plain", body)]).await;
        let error = start(&client(), &call(&server), "alm", 12, false, None)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{status}");
        assert!(error.message().contains(message), "{error}");
        let unknown = error.context().outcome == Some(Outcome::Unknown);
        assert_eq!(unknown, status.starts_with('5'), "{error}");
        let hint = error.context().hint.clone().unwrap_or_default();
        assert_eq!(hint.contains("jobs.alm.list(connection=12)"), unknown, "{error}");
        assert_eq!(error.context().code.is_some(), status.starts_with("401"));
        assert!(!error.to_string().contains("5f0c0d12"));
    }
}

#[tokio::test]
async fn a_redirected_post_is_not_followed() {
    let redirect =
        "HTTP/1.1 301 Moved\r\nLocation: /api/v2/jobs/alm/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let server = Server::start(vec![redirect.to_owned()]).await;
    let request = Request::new(
        "request",
        http::Method::POST,
        Target::new("/api/v2/jobs/alm"),
        Effect::Unsafe,
    )
    .json("{}");
    let error = client().send(&call(&server), request).await.err().unwrap();
    assert_eq!((error.kind(), server.lines().len()), (Kind::UnexpectedContent, 1));
    assert!(error.to_string().contains("no slash at its end"), "{error}");
    let server = Server::start(vec![redirect.to_owned()]).await;
    let error = start(&client(), &call(&server), "alm", 1, false, None)
        .await
        .unwrap_err();
    assert_eq!(server.lines().len(), 1);
    assert!(error.to_string().contains("which is not followed"), "{error}");
}

#[tokio::test]
async fn good_statuses_with_other_content_are_errors() {
    let html = "<!DOCTYPE html><html><body>Please log in</body></html>";
    for (body, hint) in [
        (html, "login page"),
        (r#"{"results": []}"#, ""),
        (r#"[{"id": 1}]"#, ""),
        ("", ""),
        ("true", ""),
    ] {
        let server = Server::start(vec![answer("200 OK", "text/html", body)]).await;
        let error = get(&client(), &call(&server), "alm", 7).await.unwrap_err();
        assert_eq!(error.kind(), Kind::UnexpectedContent, "{body}");
        assert!(error.to_string().contains(hint), "{error}");
        assert_eq!(server.lines(), ["GET /api/v2/jobs/alm/7/ HTTP/1.1"]);
    }
    for body in [html, STARTED, r#"{"results": {}}"#, r#"[1, "x"]"#, "12"] {
        let server = Server::start(vec![json(body)]).await;
        let error = all(list(Some("alm"), &ListFilter::default()).unwrap(), &server)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), Kind::UnexpectedContent, "{body}");
    }
}

/// Gives another token every time.
struct Rotating(Mutex<u32>, bool);

impl SecretSource for Rotating {
    fn fetch(&self) -> BoxFuture<'_, Result<Secret, Error>> {
        let mut count = self.0.lock().unwrap();
        *count += 1;
        let number = if self.1 { *count } else { 0 };
        Box::pin(async move { Ok(Secret::new(format!("token-{number}"))) })
    }
}

#[tokio::test]
async fn a_refused_token_is_asked_for_again_once() {
    let refused = answer("401 Unauthorized", "application/json", r#"{"detail":"Invalid token."}"#);
    let created = answer("201 Created", "application/json", STARTED);
    let of = |changes| {
        SdElements::new(Holder::new(Credential::Source(Arc::new(Rotating(
            Mutex::new(0),
            changes,
        )))))
    };

    let server = Server::start(vec![refused.clone(), created.clone()]).await;
    let client = of(true);
    start(&client, &call(&server), "alm", 12, false, None).await.unwrap();
    assert!(server.requests()[0].contains("Token token-1\r\n") && server.requests()[1].contains("Token token-2\r\n"));

    for (changes, sent) in [(true, 2), (false, 1)] {
        let server = Server::start(vec![refused.clone(), refused.clone(), created.clone()]).await;
        let error = start(&of(changes), &call(&server), "alm", 12, false, None)
            .await
            .unwrap_err();
        assert_eq!((error.kind(), server.lines().len()), (Kind::Authentication, sent));
        assert_eq!(error.context().outcome, Some(Outcome::Rejected));
    }
}

#[tokio::test]
async fn tokens_that_no_header_can_carry_are_refused() {
    for token in ["", "a\r\nX-Evil: 1", "a\nb"] {
        let server = Server::start(Vec::new()).await;
        let client = SdElements::new(Holder::new(Credential::Fixed(Secret::new(token))));
        let error = get(&client, &call(&server), "alm", 1).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.context().operation.as_str()),
            (Kind::Config, "jobs.alm.get")
        );
        assert!(!error.to_string().contains("Evil"));
    }
}

#[tokio::test]
async fn waiting_outlives_a_broken_look_and_gives_the_failed_job() {
    let failed = r#"{"id": 9, "ready": true, "succeeded": false, "result_message": "no\nroute, alm_pass=hunter22"}"#;
    let pending = r#"{"id": 9, "ready": false, "connection": {"inaccessible": true}}"#;
    let broken = answer("500 Oops", "text/plain", "down");
    let server = Server::start(vec![broken, json(pending), json(failed)]).await;
    let (timeout, interval) = (Duration::from_secs(60), Duration::from_millis(20));
    let job = wait(&client(), &call(&server), "alm", 9, timeout, interval, None)
        .await
        .unwrap();
    assert!(!job.is_success());
    let error = job_failed(&client(), &call(&server), &job);
    assert_eq!(error.kind(), Kind::JobFailed);
    assert_eq!(error.message(), "alm job 9 failed: no route, alm_pass=****");
    assert_eq!(error.payload().unwrap().downcast_ref::<Job>().unwrap().id, 9);

    let server = Server::start(vec![json(pending)]).await;
    let timeout = Duration::from_millis(200);
    let late = wait(
        &client(),
        &call(&server),
        "alm",
        9,
        timeout,
        Duration::from_secs(9),
        None,
    )
    .await
    .unwrap_err();
    assert_eq!(late.kind(), Kind::WaitTimeout);
    assert!(late.payload().unwrap().downcast_ref::<Job>().is_some());
    assert!(late.to_string().contains("remote agent"), "{late}");
}
