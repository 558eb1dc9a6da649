//! Governance & Lifecycle on the wire: uploads, generic commands, and what the server refuses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "gl_server.rs"]
mod gl_server;

use gl_server::{Server, answer, json, page, with_token};
use http::Method;
use infosecops::core::body::Body;
use infosecops::core::error::{Kind, Outcome};
use infosecops::core::retry::Effect;
use infosecops::systems::governance_lifecycle::{
    Coverage, CoverageRule, CoverageUpload, command, equals, upload_coverage,
};

fn documented_upload() -> CoverageUpload {
    let rule = |user: &str, object_type: &str, name: &str| CoverageRule {
        reviewer: equals("user_id", user).unwrap(),
        object_type: object_type.into(),
        objects: equals("name", name).unwrap(),
        subjects: "1=1".into(),
        subject_type: "user".into(),
        privilege: String::new(),
    };
    CoverageUpload {
        coverage: Some(Coverage::Rules(vec![
            rule("lbelkin", "app-role", "Datadog"),
            rule("mcastro", "ent", "Dynatrace"),
        ])),
        kind: "reviewer".into(),
        id: Some("61".into()),
        ..CoverageUpload::default()
    }
}

#[tokio::test]
async fn the_documented_upload_is_sent_byte_for_byte() {
    let documented = "{\n\"data\": {\n\"type\": \"uploadCoverage\",\n\"status\": \"success\"\n}\n}";
    let server = Server::scripted(&[json(documented), json(documented)]).await;
    let (client, call) = (with_token(), server.call());
    let result = upload_coverage(&client, &call, documented_upload()).await.unwrap();
    assert_eq!(result.r#type.as_deref(), Some("uploadCoverage"));
    assert_eq!((result.status.as_deref(), result.message), (Some("success"), None));
    assert_eq!(
        server.seen(),
        [
            "POST /aveksa/command.submit?cmd=uploadCoverage&format=json&id=61&type=reviewer HTTP/1.1\r\n\
          user-agent: test\r\n\
          content-type: text/plain; charset=utf-8\r\n\
          accept: application/json\r\n\
          authorization: Bearer ws12:ab:-3f.01\r\n\
          accept-encoding: gzip\r\n\
          host: 127.0.0.1\r\n\
          content-length: 100\r\n\r\n\
          user_id='lbelkin'|user|1=1|app-role|name='Datadog'|\nuser_id='mcastro'|user|1=1|ent|name='Dynatrace'|"
        ]
    );
    let path = std::env::temp_dir().join(format!("gl-coverage-{}.txt", std::process::id()));
    std::fs::write(&path, "\n\u{fc}=1\r\n").unwrap();
    let upload = CoverageUpload {
        coverage: Some(Coverage::File(path.clone())),
        ..documented_upload()
    };
    upload_coverage(&client, &call, upload).await.unwrap();
    std::fs::remove_file(path).unwrap();
    assert!(server.seen()[1].ends_with("content-length: 7\r\n\r\n\n\u{fc}=1\r\n"));
}

#[tokio::test]
async fn refusals_of_an_upload_are_explained() {
    let documented = "The id parameter or the name parameter must be provided referencing a valid review\nresult or definition respectively.";
    let server = Server::scripted(&[
        page("412 Precondition Failed", documented),
        json(r#"{"data":{"type":"uploadCoverage","status":"failure","message":"line 2 is wrong"}}"#),
        answer(
            "200 OK",
            "application/json",
            "<!DOCTYPE html><html><body>Sign in</body></html>",
        ),
        answer("200 OK", "application/json", ""),
        String::new(),
    ])
    .await;
    let (client, call) = (with_token(), server.call());
    let expected = [
        (Kind::PreconditionFailed, Outcome::Rejected, "respectively."),
        (Kind::Api, Outcome::Rejected, "line 2 is wrong"),
        (Kind::UnexpectedContent, Outcome::Unknown, "HTML page"),
        (Kind::UnexpectedContent, Outcome::Unknown, "empty"),
        (Kind::Transport, Outcome::Unknown, ""),
    ];
    for (kind, outcome, text) in expected {
        let error = upload_coverage(&client, &call, documented_upload()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.context().outcome),
            (kind, Some(outcome)),
            "{error}"
        );
        assert!(
            error.message().ends_with(text) || error.message().contains(text),
            "{error}"
        );
        assert_eq!(error.context().operation, "upload_coverage");
    }
    // Nothing was sent twice.
    assert_eq!(server.seen().len(), 5);
    let wrong = CoverageUpload {
        id: None,
        ..documented_upload()
    };
    let error = upload_coverage(&client, &call, wrong).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.context().outcome),
        (Kind::Config, Some(Outcome::NotSent))
    );
    assert_eq!(server.seen().len(), 5);
}

async fn run(server: &Server, name: &str, params: &[(&str, &str)]) -> Result<(String, Option<String>), Kind> {
    let params: Vec<_> = params
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    let (client, call) = (with_token(), server.call());
    let result = command(&client, &call, name, &params, None, Method::GET, Effect::Read).await;
    let result = result.map_err(|error| error.kind())?;
    Ok((result.data.0.get().to_owned(), result.r#type))
}

#[tokio::test]
async fn every_envelope_is_opened() {
    let bodies = [
        (
            r#"{"data": {"type":"about","server-version":"7.5.2"}}"#,
            r#"{"type":"about","server-version":"7.5.2"}"#,
            Some("about"),
        ),
        (
            r#"{"findUsers":[{"id":"1","user_id":"jdoe"}]}"#,
            r#"[{"id":"1","user_id":"jdoe"}]"#,
            Some("findUsers"),
        ),
        (r#" {"id":"1"} "#, r#"{"id":"1"}"#, None),
        (r#"["a"]"#, r#"["a"]"#, None),
        (
            "run-id=5733,5734\r\nstart (local)=a=b\ninstructions=\nmore\n",
            r#"{"instructions":"\nmore","run-id":"5733,5734","start (local)":"a=b"}"#,
            None,
        ),
        ("<a><b>x</b></a>", r#""<a><b>x</b></a>""#, None),
    ];
    let server = Server::scripted(&bodies.map(|(body, ..)| json(body))).await;
    for (body, data, kind) in bodies {
        let found = run(&server, "findUsers", &[("name", "Azure Role #3-1 & more")])
            .await
            .unwrap();
        assert_eq!(found, (data.to_owned(), kind.map(str::to_owned)), "{body}");
    }
    assert!(server.seen()[0].starts_with(
        "GET /aveksa/command.submit?cmd=findUsers&format=json&name=Azure%20Role%20%233-1%20%26%20more HTTP/1.1\r\n"
    ));
}

#[tokio::test]
async fn other_answers_are_errors() {
    let table = [
        (json(r#"{"data":{"#), Kind::UnexpectedContent),
        (json("welcome"), Kind::UnexpectedContent),
        (
            json("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"),
            Kind::UnexpectedContent,
        ),
        (json("status=failure\nmessage=no\n"), Kind::Api),
        (answer("404 findUsers", "text/html", ""), Kind::NotFound),
        (
            page("409 Conflict", "Cannot schedule Identity Collections now"),
            Kind::Conflict,
        ),
        (
            page("500 Internal Server Error", "java.lang.NullPointerException"),
            Kind::Server,
        ),
        (
            page("501 Not Implemented", "Password vault type not found."),
            Kind::Server,
        ),
        (
            answer("302 Found\r\nLocation: https://sso.test/login", "text/html", ""),
            Kind::UnexpectedContent,
        ),
    ];
    let answers: Vec<String> = table.iter().map(|(answer, _)| answer.clone()).collect();
    let server = Server::scripted(&answers).await;
    for (answer, kind) in table {
        assert_eq!(run(&server, "findUsers", &[]).await, Err(kind), "{answer}");
    }
}

#[tokio::test]
async fn what_would_change_the_command_is_refused_before_sending() {
    let server = Server::scripted(&[]).await;
    for name in ["", "a b", "find-users", "x&cmd=y", "loginUser", "LOGOUTUSER"] {
        assert_eq!(run(&server, name, &[]).await, Err(Kind::Config), "{name}");
    }
    for key in ["cmd", "Format", "token", ""] {
        assert_eq!(run(&server, "about", &[(key, "x")]).await, Err(Kind::Config), "{key}");
    }
    let (client, call) = (with_token(), server.call());
    let put = command(&client, &call, "about", &[], None, Method::PUT, Effect::Read).await;
    assert_eq!(put.unwrap_err().kind(), Kind::Config);
    let broken = Some(("text/xml\r\nX: y", Body::Empty));
    let broken = command(&client, &call, "about", &[], broken, Method::POST, Effect::Unsafe).await;
    assert_eq!(broken.unwrap_err().kind(), Kind::Config);
    assert!(server.seen().is_empty());
}
