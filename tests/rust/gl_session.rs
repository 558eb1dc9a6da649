//! Governance & Lifecycle sessions on the wire: both logins, tokens that die, rights that lack, and the end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "gl_server.rs"]
mod gl_server;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use gl_server::{Server, json, page, with_app, with_token, with_user};
use infosecops::core::credential::{Credential, Holder, SecretSource};
use infosecops::core::error::{Error, Kind, Outcome};
use infosecops::core::secret::Secret;
use infosecops::systems::governance_lifecycle::{
    Auth, GovernanceLifecycle, get_security_settings, keep_alive, login, logout, run_review,
};

const DEAD: &str = "The token is not valid for the command 'runReview'. Token is invalid or expired";
const UNAUTHORIZED: &str = "401 Unauthorized";

fn login_answer(token: &str) -> String {
    json(&format!(r#"{{"data":{{"type":"loginUser","token":"{token}"}}}}"#))
}

fn ran() -> String {
    json(r#"{"data":{"type":"runReview","run-id":"17"}}"#)
}

#[tokio::test]
async fn a_user_logs_in_before_the_first_command() {
    let server = Server::scripted(&[login_answer("ws:1"), ran(), ran()]).await;
    let client = with_user();
    assert_eq!(run_review(&client, &server.call(), "R 1").await.unwrap(), "17");
    run_review(&client, &server.call(), "R 1").await.unwrap();
    let seen = server.seen();
    let body = "<username>svc&amp;co</username><password>p&lt;w&gt;rd</password>";
    assert_eq!(
        seen[0],
        format!(
            "POST /aveksa/command.submit?cmd=loginUser&format=json HTTP/1.1\r\n\
             user-agent: test\r\n\
             accept: application/json\r\n\
             content-type: application/xml\r\n\
             accept-encoding: gzip\r\n\
             host: 127.0.0.1\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
    );
    assert_eq!(
        seen[1],
        "GET /aveksa/command.submit?cmd=runReview&format=json&name=R%201 HTTP/1.1\r\n\
         user-agent: test\r\n\
         accept: application/json\r\n\
         authorization: Bearer ws:1\r\n\
         accept-encoding: gzip\r\n\
         host: 127.0.0.1\r\n\r\n"
    );
    assert_eq!(server.commands(), ["loginUser", "runReview", "runReview"]);
}

#[tokio::test]
async fn a_trusted_application_logs_in_by_headers() {
    let server = Server::scripted(&[json(r#"{"token":"ta:1"}"#), ran()]).await;
    let client = with_app();
    run_review(&client, &server.call(), "R").await.unwrap();
    let seen = server.seen();
    assert!(
        seen[0].starts_with(
            "POST /aveksa/command.submit?cmd=loginTrustedApp&format=json HTTP/1.1\r\n\
         user-agent: test\r\n\
         accept: application/json\r\n\
         clientid: app-1\r\n\
         clientsecret: s3cr3t\r\n"
        ),
        "{}",
        seen[0]
    );
    assert!(seen[0].ends_with("\r\n\r\n"));
    assert!(seen[1].contains("authorization: Bearer ta:1\r\n"));
    let error = keep_alive(&client, &server.call()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.context().outcome),
        (Kind::Config, Some(Outcome::NotSent))
    );
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn a_dead_token_is_renewed_exactly_once() {
    let server = Server::scripted(&[
        login_answer("ws:1"),
        page(UNAUTHORIZED, DEAD),
        login_answer("ws:2"),
        ran(),
        page(UNAUTHORIZED, "The token is invalid or expired"),
        login_answer("ws:3"),
        page(UNAUTHORIZED, DEAD),
    ])
    .await;
    let client = with_user();
    assert_eq!(run_review(&client, &server.call(), "R").await.unwrap(), "17");
    let error = run_review(&client, &server.call(), "R").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.context().outcome),
        (Kind::Authentication, Some(Outcome::Rejected))
    );
    let tokens: Vec<_> = server
        .seen()
        .iter()
        .filter_map(|request| Some(request.split_once("Bearer ")?.1[..4].to_owned()))
        .collect();
    assert_eq!(tokens, ["ws:1", "ws:2", "ws:2", "ws:3"]);
}

#[tokio::test]
async fn lacking_rights_never_lead_to_a_login() {
    let bare = "The token is not valid for the command 'runReview'. ";
    let server = Server::scripted(&[login_answer("ws:1"), page(UNAUTHORIZED, bare)]).await;
    let error = run_review(&with_user(), &server.call(), "R").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.context().outcome),
        (Kind::PermissionDenied, Some(Outcome::Rejected))
    );
    assert!(error.context().hint.is_some());
    assert_eq!(server.commands(), ["loginUser", "runReview"]);
}

#[tokio::test]
async fn many_calls_log_in_once_and_share_a_refusal() {
    let server = Server::answering(|request| {
        if request.contains("cmd=loginUser") {
            login_answer("ws:1")
        } else {
            ran()
        }
    })
    .await;
    let client = with_user();
    let calls: Vec<_> = (0..8).map(|_| server.call()).collect();
    let results = join_all(calls.iter().map(|call| run_review(&client, call, "R"))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(server.commands().iter().filter(|name| *name == "loginUser").count(), 1);

    let text = "User could not be validated. The username or password may be incorrect.";
    let server = Server::answering(move |_| page(UNAUTHORIZED, text)).await;
    let client = with_user();
    let calls: Vec<_> = (0..8).map(|_| server.call()).collect();
    for result in join_all(calls.iter().map(|call| run_review(&client, call, "R"))).await {
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.message()), (Kind::Authentication, text));
        assert_eq!(error.context().operation, "run_review");
    }
    assert_eq!(server.commands(), ["loginUser"]);
    assert!(run_review(&client, &server.call(), "R").await.is_err());
    assert_eq!(server.commands().len(), 2);
}

#[tokio::test]
async fn a_login_that_breaks_leaves_the_command_unsent() {
    let server = Server::answering(|_| String::new()).await;
    let error = run_review(&with_user(), &server.call(), "R").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.context().outcome),
        (Kind::Transport, Some(Outcome::NotSent))
    );
    assert!(server.commands().iter().all(|name| name == "loginUser"));
    assert!(!format!("{error} {:?}", error.context()).contains("p<w>rd"));
}

struct Counting(AtomicUsize);

impl SecretSource for Counting {
    fn fetch(&self) -> BoxFuture<'_, Result<Secret, Error>> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        async move { Ok(Secret::new(format!("ws:{number}"))) }.boxed()
    }
}

#[tokio::test]
async fn given_tokens_are_asked_for_again_only_where_that_can_help() {
    let server = Server::scripted(&[page(UNAUTHORIZED, DEAD), ran(), page(UNAUTHORIZED, DEAD)]).await;
    let source = Holder::new(Credential::Source(Arc::new(Counting(AtomicUsize::new(0)))));
    let client = GovernanceLifecycle::new(Auth::Token(source));
    run_review(&client, &server.call(), "R").await.unwrap();
    assert!(server.seen()[0].contains("Bearer ws:0") && server.seen()[1].contains("Bearer ws:1"));
    let error = run_review(&with_token(), &server.call(), "R").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Authentication);
    assert_eq!(server.seen().len(), 3);
    let error = login(&with_token(), &server.call()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
}

#[tokio::test]
async fn sessions_end_even_when_they_are_dead() {
    let server = Server::scripted(&[
        login_answer("ws:1"),
        json(r#"{"data":{"type":"logoutUser"}}"#),
        login_answer("ws:2"),
        json(r#"{"data":{"type":"getSecuritySettings","token-inactivity-timeout":"10","token-lifespan-timeout":"120","allow-username-save":"true"}}"#),
        page(UNAUTHORIZED, "The token is invalid or expired"),
    ])
    .await;
    let client = with_user();
    logout(&client, &server.call()).await.unwrap();
    login(&client, &server.call()).await.unwrap();
    logout(&client, &server.call()).await.unwrap();
    let settings = get_security_settings(&client, &server.call()).await.unwrap();
    assert_eq!(
        (settings.token_inactivity_timeout, settings.token_lifespan_timeout),
        (Some(10), Some(120))
    );
    assert_eq!((settings.allow_username_save, settings.extra.0.len()), (Some(true), 0));
    logout(&client, &server.call()).await.unwrap();
    assert_eq!(
        server.commands(),
        [
            "loginUser",
            "logoutUser",
            "loginUser",
            "getSecuritySettings",
            "logoutUser"
        ]
    );
    assert!(server.seen()[1].contains("authorization: Bearer ws:1\r\n"));
}
