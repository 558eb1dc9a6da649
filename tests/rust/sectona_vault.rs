//! Sectona over a real socket: literal requests in, literal answers out, and nothing sent twice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "sde_wire.rs"]
mod wire;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use futures_util::future::BoxFuture;
use infosecops::core::config::{Options, Settings};
use infosecops::core::credential::{Credential, Holder, SecretSource};
use infosecops::core::error::{Error, Kind, Outcome, System};
use infosecops::core::event::{Event, EventSink, Step};
use infosecops::core::http_client::{Allowance, build_http};
use infosecops::core::roots::Roots;
use infosecops::core::secret::Secret;
use infosecops::core::transport::Call;
use infosecops::systems::sectona::{API_PATHS, Accept, AccountRequest, Sectona, VaultAccount, call, request_password};
use wire::{Server, answer, json};

const KEY: &str = "k:ey-\u{fc}mlaut";
const GOOD: &str = r#"{"Version":"6.0.0.0","IsSuccess":true,"LogCode":"0","Result":"{\"AssetType\":\"Unix Based\",\"AssetHost\":\"CENTOS7\",\"AccountName\":\"admin152\",\"AccountAuthenticationType\":\"Password\",\"AccountType\":\"Local\",\"Password\":\" p\\\"w\\\\d \",\"PassPhrase\":\"\",\"CreatedBy\":\"\",\"CreatedOn\":\"07 Jan 2024 08:05:09 GMT 05:30:00\",\"Status\":\"Active\"}","StatusCode":"Accepted","Timestamp":"07 Jan 2024 08:06:00 GMT 05:30:00"}"#;
const PASSWORD: &str = " p\"w\\d ";

fn client() -> Sectona {
    Sectona::new(Holder::new(Credential::Fixed(Secret::new(KEY))), Accept::Json)
}

fn call_to(server: &Server) -> Call {
    server.call(System::Sectona, API_PATHS, "/api/app/app008/requestpassword")
}

fn documented() -> AccountRequest {
    AccountRequest {
        asset_type: "Unix Based".into(),
        asset_host: "CENTOS7".into(),
        db_instance: String::new(),
        account_name: "admin152".into(),
        instance: "Default".into(),
    }
}

async fn ask(server: &Server) -> Result<VaultAccount, Error> {
    request_password(&client(), &call_to(server), &documented(), false).await
}

#[tokio::test]
async fn the_documented_request_is_sent() {
    for (accept, media_type) in [(Accept::Json, "application/json"), (Accept::Xml, "text/xml")] {
        let server = Server::start(vec![json(GOOD)]).await;
        let client = Sectona::new(Holder::new(Credential::Fixed(Secret::new(KEY))), accept);
        let account = request_password(&client, &call_to(&server), &documented(), false)
            .await
            .unwrap();
        assert_eq!(account.password.expose(), PASSWORD);
        let request = &server.requests()[0];
        assert!(
            request.starts_with("POST /API/APP/APP008/RequestPassword HTTP/1.1\r\n"),
            "{request}"
        );
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let lower = head.to_lowercase();
        assert!(head.contains("Basic YWNjZXNza2V5Oms6ZXktw7xtbGF1dA=="));
        assert!(lower.contains("\r\ncache-control: no-cache") && lower.contains("\r\ncontent-type: application/json"));
        assert!(lower.contains(&format!("\r\naccept: {media_type}")), "{lower}");
        assert_eq!(
            body,
            r#"{"AssetType":"Unix Based","AssetHost":"CENTOS7","DBInstance":"","AccountName":"admin152","Instance":"Default"}"#
        );
    }
}

#[tokio::test]
async fn every_form_of_answer_is_read() {
    let embedded = r#"{"IsSuccess":"True","LogCode":0,"Result":{"Password":" p\"w\\d ","New":[1]}}"#;
    let xml = r#"<?xml version="1.0"?><Any xmlns="http://schemas.datacontract.org/2004/07/X"><IsSuccess>true</IsSuccess><LogCode>0</LogCode><Result>{"Password":" p\"w\\d "}</Result></Any>"#;
    let answers = [
        answer("202 Accepted", "text/json; charset=utf-8", GOOD),
        answer("200 OK", "application/json", &format!("\u{feff}{GOOD}")),
        answer("200 OK", "text/xml", GOOD),
        json(embedded),
        answer("200 OK", "text/xml", xml),
        answer("200 OK", "application/json", &format!("\u{feff}{xml}")),
    ];
    for answer in answers {
        let server = Server::start(vec![answer.clone()]).await;
        let account = ask(&server).await.unwrap();
        assert_eq!(account.password.expose(), PASSWORD, "{answer}");
        assert!(!format!("{account:?}").contains("p\\"), "{account:?}");
    }
}

#[tokio::test]
async fn refusals_are_told_by_their_code() {
    let envelope = |code: &str, rest: &str| format!(r#"{{"IsSuccess":false,"LogCode":{code}{rest}}}"#);
    let cases = [
        (
            "200 OK",
            envelope("\"011688\"", ""),
            Kind::Authentication,
            "invalid access key",
            Some("011688"),
        ),
        (
            "202 Accepted",
            envelope("11670", r#","Result":"no such account""#),
            Kind::NotFound,
            "no such account",
            Some("011670"),
        ),
        (
            "200 OK",
            envelope("\"011672\"", r#","Message":"denied","Result":"x""#),
            Kind::PermissionDenied,
            "denied",
            Some("011672"),
        ),
        (
            "400 Bad Request",
            envelope("\"011689\"", r#","Result":null"#),
            Kind::BadRequest,
            "invalid request",
            Some("011689"),
        ),
        (
            "500 Oops",
            envelope("\"011692\"", ""),
            Kind::Server,
            "could not be fetched",
            Some("011692"),
        ),
        (
            "200 OK",
            envelope("\"099999\"", r#","Result":"{\"a\":1}""#),
            Kind::Api,
            "without an explanation",
            Some("099999"),
        ),
        (
            "403 Forbidden",
            envelope("\"099999\"", ""),
            Kind::PermissionDenied,
            "without an explanation",
            Some("099999"),
        ),
        (
            "200 OK",
            envelope("\"0\"", r#","Message":"odd""#),
            Kind::Api,
            "odd",
            None,
        ),
        (
            "401 Unauthorized",
            r#"{"Message":"Authorization has been denied."}"#.into(),
            Kind::Authentication,
            "has been denied",
            None,
        ),
        ("401 Unauthorized", String::new(), Kind::Authentication, "", None),
        (
            "404 Not Found",
            "<html><body>No such page</body></html>".into(),
            Kind::NotFound,
            "No such page",
            None,
        ),
        ("503 Unavailable", "down".into(), Kind::Server, "down", None),
        (
            "500 Oops",
            "<E><IsSuccess>false</IsSuccess><LogCode>011803</LogCode></E>".into(),
            Kind::Server,
            "API log",
            Some("011803"),
        ),
        ("302 Found", String::new(), Kind::UnexpectedContent, "redirect", None),
    ];
    for (status, body, kind, message, code) in cases {
        let server = Server::start(vec![answer(status, "application/json", &body), json(GOOD)]).await;
        let error = ask(&server).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.context().code.as_deref()),
            (kind, code),
            "{status} {body}"
        );
        assert!(error.message().contains(message), "{error}");
        let expected = if status.starts_with(['3', '5']) {
            Outcome::Unknown
        } else {
            Outcome::Rejected
        };
        assert_eq!(error.context().outcome, Some(expected), "{error}");
        assert_eq!(server.lines().len(), 1, "{status} was sent again");
        assert!(!error.to_string().contains(KEY));
    }
}

#[tokio::test]
async fn success_without_a_record_is_an_error_and_shows_nothing() {
    let bodies = [
        r#"{"IsSuccess":true,"LogCode":"0"}"#,
        r#"{"IsSuccess":true,"Result":null}"#,
        r#"{"IsSuccess":true,"Result":""}"#,
        r#"{"IsSuccess":true,"Result":{}}"#,
        r#"{"IsSuccess":true,"Result":"{\"PassPhrase\":\"hunter22\"}"}"#,
        r#"{"IsSuccess":true,"Result":"[{\"Password\":\"hunter22\"}]"}"#,
        r#"{"IsSuccess":true,"Result":"{\"Password\":\"hunter22\""}"#,
        r#"{"IsSuccess":true,"Result":"{"Password":"hunter22"}"}"#,
        r#"{"Result":"{\"Password\":\"hunter22\"}"}"#,
        "<html><body>Log in, hunter22</body></html>",
        "hunter22",
        "",
    ];
    for body in bodies {
        let server = Server::start(vec![json(body)]).await;
        let error = ask(&server).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.context().outcome),
            (Kind::UnexpectedContent, Some(Outcome::Unknown)),
            "{body}"
        );
        assert!(
            !format!("{error} {:?}", error.context()).contains("hunter22"),
            "{error}"
        );
    }
    let server = Server::start(vec![json(r#"{"IsSuccess":true,"Result":"{\"Password\":\"\"}"}"#)]).await;
    assert!(ask(&server).await.unwrap().password.is_empty());
}

#[tokio::test]
async fn nothing_is_sent_again_once_it_was_sent() {
    let dropped = String::new();
    for first in [
        dropped,
        answer("503 X", "text/plain", ""),
        answer("429 X", "text/plain", ""),
        answer("401 X", "text/plain", ""),
    ] {
        let server = Server::start(vec![first, json(GOOD)]).await;
        assert!(ask(&server).await.is_err());
        assert_eq!(server.lines().len(), 1);
    }
}

/// Opens the port between the first attempt and the second.
fn opened_on_retry(port: u16) -> (EventSink, Arc<Mutex<Option<JoinHandle<()>>>>) {
    let opened: Arc<Mutex<Option<JoinHandle<()>>>> = Arc::default();
    let slot = opened.clone();
    let take = Arc::new(move |event: Event| {
        let mut slot = slot.lock().unwrap();
        if matches!(event.step, Step::Retry { .. }) && slot.is_none() {
            let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
            *slot = Some(std::thread::spawn(move || {
                let (mut socket, _) = listener.accept().unwrap();
                let mut request = String::new();
                while !request.ends_with('}') {
                    let mut piece = [0; 4096];
                    let count = socket.read(&mut piece).unwrap();
                    request.push_str(std::str::from_utf8(&piece[..count]).unwrap());
                }
                socket.write_all(json(GOOD).as_bytes()).unwrap();
            }));
        }
    });
    let sink = EventSink { is_verbose: true, take };
    (sink, opened)
}

#[tokio::test]
async fn a_refused_connection_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut options = Options::new(format!("http://127.0.0.1:{port}/prefix/"));
    options.proxy = Some("direct".into());
    options.retry.base = 0.0;
    let settings = Settings::new(System::Sectona, API_PATHS, &options).unwrap();
    let http = build_http(&settings, &Roots::default(), &Allowance::new(settings.max_connections)).unwrap();
    let (sink, opened) = opened_on_retry(port);
    let call = Call::new(Arc::new(settings), http, Some(sink));
    let account = request_password(&client(), &call, &documented(), false).await.unwrap();
    assert_eq!(account.password.expose(), PASSWORD);
    opened.lock().unwrap().take().unwrap().join().unwrap();
}

/// Gives another key every time it is asked.
struct Rotating(Mutex<u32>);

impl SecretSource for Rotating {
    fn fetch(&self) -> BoxFuture<'_, Result<Secret, Error>> {
        let mut count = self.0.lock().unwrap();
        *count += 1;
        let number = *count;
        Box::pin(async move { Ok(Secret::new(format!("key-{number}"))) })
    }
}

#[tokio::test]
async fn a_refused_key_is_forgotten_and_the_request_not_repeated() {
    let refused = json(r#"{"IsSuccess":false,"LogCode":"011688"}"#);
    let unauthorized = answer("401 X", "text/plain", "");
    let server = Server::start(vec![json(GOOD), refused, unauthorized, json(GOOD)]).await;
    let client = Sectona::new(
        Holder::new(Credential::Source(Arc::new(Rotating(Mutex::new(0))))),
        Accept::Json,
    );
    let outcomes = [true, false, false, true];
    for expected in outcomes {
        let result = request_password(&client, &call_to(&server), &documented(), false).await;
        assert_eq!(result.is_ok(), expected);
    }
    let requests = server.requests();
    let keys: Vec<&str> = requests
        .iter()
        .filter_map(|request| request.split("Basic ").nth(1)?.lines().next())
        .collect();
    // accesskey:key-1, key-1, key-2, key-3
    let expected = [
        "YWNjZXNza2V5OmtleS0x",
        "YWNjZXNza2V5OmtleS0x",
        "YWNjZXNza2V5OmtleS0y",
        "YWNjZXNza2V5OmtleS0z",
    ];
    assert_eq!(keys, expected);
}

#[tokio::test]
async fn wrong_arguments_are_refused_before_anything_is_sent() {
    let server = Server::start(Vec::new()).await;
    let with = |empty: fn(&mut AccountRequest)| {
        let mut account = documented();
        empty(&mut account);
        account
    };
    let emptied = [
        ("asset_type", with(|account| account.asset_type.clear())),
        ("asset_host", with(|account| account.asset_host = " ".into())),
        ("account_name", with(|account| account.account_name.clear())),
        ("instance", with(|account| account.instance.clear())),
    ];
    for (name, account) in emptied {
        let error = request_password(&client(), &call_to(&server), &account, false)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.context().outcome),
            (Kind::Config, Some(Outcome::NotSent))
        );
        assert!(error.message().starts_with(name), "{error}");
    }
    for key in ["", "a\r\nX: y", "a\n"] {
        let client = Sectona::new(Holder::new(Credential::Fixed(Secret::new(key))), Accept::Json);
        let error = request_password(&client, &call_to(&server), &documented(), false)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
    }
    for (path, fields) in [
        ("http://evil.invalid/x", "{}"),
        ("/API/../x", "{}"),
        ("/API/x", "[]"),
        ("/API/x", "{"),
    ] {
        let error = call(&client(), &call_to(&server), path, fields).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.context().operation.as_str()),
            (Kind::Config, "call")
        );
    }
}

#[tokio::test]
async fn other_operations_are_called_by_their_path() {
    let fields = r#"{"APIActionType":"UpdatePassword","Password":"hunter22"}"#;
    let done = r#"{"Version":"3.8.0.0","IsSuccess":true,"LogCode":"0","Message":"done","Timestamp":"XYZ"}"#;
    let echo = r#"{"IsSuccess":false,"LogCode":"032403","Message":"hunter22 is too weak"}"#;
    let server = Server::start(vec![json(done), json(echo), answer("503 X", "text/plain", "")]).await;
    let path = "/API/APP/APP007/ManageAccount";
    let envelope = call(&client(), &call_to(&server), path, fields).await.unwrap();
    assert_eq!((envelope.message.as_deref(), &envelope.result), (Some("done"), &None));
    assert_eq!(
        (envelope.timestamp, envelope.timestamp_text.as_deref()),
        (None, Some("XYZ"))
    );
    let error = call(&client(), &call_to(&server), path, fields).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (Kind::Api, "**** is too weak"));
    let error = call(&client(), &call_to(&server), path, fields).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.context().outcome),
        (Kind::Server, Some(Outcome::Unknown))
    );
    assert_eq!(server.lines(), ["POST /API/APP/APP007/ManageAccount HTTP/1.1"; 3]);
    assert!(server.requests()[0].ends_with(fields));
}
