//! A client without any cleverness: writes a request as given, reads what comes back.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use infosecops::sandbox::{Options, Sandbox};
use serde_json::Value;

pub const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub reason: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

pub fn start() -> Sandbox {
    Sandbox::start(Options::default()).unwrap()
}

pub fn connect(sandbox: &Sandbox) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", sandbox.port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The bytes of a request; a body gets its length.
pub fn bytes(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: sandbox.test:1\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || method == "POST" || method == "PUT" {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

/// Reads one answer with a `Content-Length`. None when the connection ends before its head is complete.
pub fn read(stream: &mut TcpStream) -> Option<(Reply, bool)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    let mut fill = |bytes: &mut Vec<u8>| match stream.read(&mut buffer) {
        Ok(0) => false,
        Ok(count) => {
            bytes.extend_from_slice(&buffer[..count]);
            true
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => panic!("no answer"),
        Err(_) => false,
    };
    let end = loop {
        if let Some(position) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break position + 4;
        }
        if !fill(&mut bytes) {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let mut first = lines.next().unwrap().splitn(3, ' ');
    assert_eq!(first.next(), Some("HTTP/1.1"));
    let status = first.next().unwrap().parse().unwrap();
    let reason = first.next().unwrap_or_default().to_owned();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut reply = Reply {
        status,
        reason,
        headers,
        body: String::new(),
    };
    let length: usize = reply.header("content-length").map_or(0, |text| text.parse().unwrap());
    let mut whole = true;
    while whole && bytes.len() < end + length {
        whole = fill(&mut bytes);
    }
    reply.body = String::from_utf8(bytes[end..].to_vec()).unwrap();
    Some((reply, whole))
}

pub fn send(sandbox: &Sandbox, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut stream = connect(sandbox);
    stream.write_all(&bytes(method, target, headers, body)).unwrap();
    let (reply, whole) = read(&mut stream).expect("an answer");
    assert!(whole, "the body is cut");
    reply
}

pub fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let value = (0..3).fold(0u32, |value, index| {
            value << 8 | u32::from(*chunk.get(index).unwrap_or(&0))
        });
        for index in 0..4 {
            match index > chunk.len() {
                true => out.push('='),
                false => out.push(char::from(ALPHABET[(value >> (18 - 6 * index)) as usize & 63])),
            }
        }
    }
    out
}
