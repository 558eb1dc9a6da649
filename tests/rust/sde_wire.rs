//! A server for tests: notes what it is sent and answers given bytes.

use std::sync::{Arc, Mutex};

use infosecops::core::config::{Options, Settings};
use infosecops::core::error::System;
use infosecops::core::http_client::{Allowance, build_http};
use infosecops::core::roots::Roots;
use infosecops::core::transport::Call;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Answers one connection after another with these bytes and keeps the requests.
pub struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub async fn start(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        tokio::spawn(async move {
            for answer in answers {
                let (mut socket, _) = listener.accept().await.unwrap();
                let request = read_request(&mut socket).await;
                log.lock().unwrap().push(request);
                socket.write_all(answer.as_bytes()).await.unwrap();
                socket.shutdown().await.ok();
            }
        });
        Self { url, requests }
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub fn lines(&self) -> Vec<String> {
        let first = |request: &String| request.lines().next().unwrap().to_owned();
        self.requests().iter().map(first).collect()
    }

    pub fn call(&self, system: System, api_paths: &[&[&str]], below: &str) -> Call {
        let mut options = Options::new(format!("{}{below}", self.url));
        options.proxy = Some("direct".into());
        options.retry.base = 0.0;
        let settings = Settings::new(system, api_paths, &options).unwrap();
        let http = build_http(&settings, &Roots::default(), &Allowance::new(settings.max_connections)).unwrap();
        Call::new(Arc::new(settings), http, None)
    }
}

async fn read_request(socket: &mut tokio::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = socket.read(&mut piece).await.unwrap();
        bytes.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        assert!(count > 0, "the request broke off");
    }
}

pub fn answer(status: &str, content_type: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

pub fn json(body: &str) -> String {
    answer("200 OK", "application/json", body)
}
