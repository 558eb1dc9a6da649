//! One request and its answer, as the four systems of the sandbox see them: plain data without I/O.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

use crate::core::error::System;

/// The system that answers below a path, if any does. Paths are case-sensitive: it tells `/api/` from `/API/`.
pub(crate) fn system_of_path(path: &str) -> Option<System> {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    match first {
        "aveksa" => Some(System::GovernanceLifecycle),
        "api" => Some(System::SdElements),
        "API" => Some(System::Sectona),
        "rest" => Some(System::BambooAgents),
        _ => None,
    }
}

/// A request as received.
pub(crate) struct Request {
    pub method: String,
    pub path: String,
    pub raw_query: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// False while only the head has been read.
    pub complete: bool,
}

impl Request {
    pub fn new(method: &str, path: &str, raw_query: &str, headers: HeaderMap) -> Request {
        let query = url::form_urlencoded::parse(raw_query.as_bytes()).into_owned().collect();
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            raw_query: raw_query.to_owned(),
            query,
            headers,
            body: Bytes::new(),
            complete: false,
        }
    }

    /// The first value of a query parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A header as text; empty when it is absent or not text.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
            .unwrap_or_default()
    }

    /// The media type of the body, in lower case and without its parameters.
    pub fn media_type(&self) -> String {
        self.header("content-type")
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    }

    /// The parts of the path, percent-decoded; a final slash gives an empty last part.
    pub fn segments(&self) -> Vec<String> {
        self.path
            .trim_start_matches('/')
            .split('/')
            .map(|part| {
                percent_encoding::percent_decode_str(part)
                    .decode_utf8_lossy()
                    .into_owned()
            })
            .collect()
    }

    /// The body as JSON, a byte order mark ignored.
    pub fn json(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_slice(self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.body))
    }
}

/// An answer before it is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub status: u16,
    pub reason: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// Whether the request changed something.
    pub applied: bool,
}

impl Answer {
    pub fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Answer {
        Answer {
            status,
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            body: body.into(),
            ..Answer::default()
        }
    }

    pub fn json(status: u16, value: &Value) -> Answer {
        Answer::new(status, "application/json", value.to_string())
    }

    pub fn html(status: u16, page: impl Into<Bytes>) -> Answer {
        Answer::new(status, "text/html; charset=utf-8", page)
    }

    pub fn text(status: u16, text: impl Into<Bytes>) -> Answer {
        Answer::new(status, "text/plain", text)
    }

    /// The answer with one more header.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Answer {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The answer of a request that changed something.
    pub fn applied(mut self) -> Answer {
        self.applied = true;
        self
    }
}

/// Escapes text for HTML and XML content and attributes.
pub(crate) fn escape_markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
    out
}
