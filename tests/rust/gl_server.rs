//! A server for the tests that speaks bytes: it keeps every request as it came and answers what it is told to.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use infosecops::core::config::{Options, Settings};
use infosecops::core::credential::{Credential, Holder};
use infosecops::core::error::System;
use infosecops::core::http_client::{Allowance, Http, build_http};
use infosecops::core::roots::Roots;
use infosecops::core::secret::Secret;
use infosecops::core::transport::Call;
use infosecops::systems::governance_lifecycle::{API_PATHS, Auth, GovernanceLifecycle};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers by request, or in order.
type Answers = Arc<dyn Fn(&str) -> String + Send + Sync>;

pub struct Server {
    pub port: u16,
    pub requests: Arc<Mutex<Vec<String>>>,
    settings: Arc<Settings>,
    http: Http,
}

impl Server {
    /// Answers one after another; an empty answer closes the connection instead.
    pub async fn scripted(answers: &[String]) -> Self {
        let left: Mutex<VecDeque<String>> = Mutex::new(answers.iter().cloned().collect());
        Self::answering(move |_| left.lock().unwrap().pop_front().expect("one request too many")).await
    }

    pub async fn answering(answers: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (journal, answers): (_, Answers) = (requests.clone(), Arc::new(answers));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, journal.clone(), answers.clone()));
            }
        });
        let mut options = Options::new(format!("http://127.0.0.1:{port}"));
        options.proxy = Some("direct".into());
        options.user_agent = Some("test".into());
        let settings = Arc::new(Settings::new(System::GovernanceLifecycle, API_PATHS, &options).unwrap());
        Self {
            port,
            requests,
            http: build_http(&settings, &Roots::default(), &Allowance::new(settings.max_connections)).unwrap(),
            settings,
        }
    }

    pub fn call(&self) -> Call {
        Call::new(self.settings.clone(), self.http.clone(), None)
    }

    /// All requests so far, with the port left out.
    pub fn seen(&self) -> Vec<String> {
        let port = format!(":{}", self.port);
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|request| request.replace(&port, "")).collect()
    }

    /// The commands called so far, in order.
    pub fn commands(&self) -> Vec<String> {
        let seen = self.seen();
        let name = |request: &String| {
            request
                .split_once("cmd=")
                .unwrap()
                .1
                .split('&')
                .next()
                .unwrap()
                .to_owned()
        };
        seen.iter().map(name).collect()
    }
}

async fn serve(mut stream: TcpStream, journal: Arc<Mutex<Vec<String>>>, answers: Answers) {
    let mut buffer = Vec::new();
    loop {
        let Some(request) = read_request(&mut stream, &mut buffer).await else {
            return;
        };
        journal.lock().unwrap().push(request.clone());
        let answer = answers(&request);
        // Others get a chance to ask in the meantime.
        tokio::task::yield_now().await;
        if answer.is_empty() || stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<String> {
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(buffer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                buffer.clear();
                return Some(text);
            }
        }
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 => buffer.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    }
}

pub fn answer(status: &str, content_type: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub fn json(body: &str) -> String {
    answer("200 OK", "application/json", body)
}

pub fn page(status: &str, message: &str) -> String {
    let body = format!(
        "<html>\n<head>\n<title>Error</title>\n</head>\n<body>{message}\nQuery String=cmd=x&format=json</body>\n</html>"
    );
    answer(status, "text/html;charset=UTF-8", &body)
}

pub fn fixed(text: &str) -> Holder {
    Holder::new(Credential::Fixed(Secret::new(text)))
}

pub fn with_token() -> GovernanceLifecycle {
    GovernanceLifecycle::new(Auth::Token(fixed("ws12:ab:-3f.01")))
}

pub fn with_user() -> GovernanceLifecycle {
    GovernanceLifecycle::new(Auth::User {
        username: "svc&co".into(),
        password: fixed("p<w>rd"),
        auth_source: None,
    })
}

pub fn with_app() -> GovernanceLifecycle {
    GovernanceLifecycle::new(Auth::App {
        client_id: "app-1".into(),
        client_secret: fixed("s3cr3t"),
    })
}
