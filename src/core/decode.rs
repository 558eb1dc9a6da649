//! Reading what servers say to people: the text of an HTML error page, the message of a JSON error.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::answer::{Answer, looks_like_html};
use super::error::{Error, Kind};
use super::lenient;
use super::redact;
use super::retry;
use super::server_page::page_text;

/// The visible text of an HTML page, in one line: without title, style and script, entities resolved, CDATA opened.
pub fn html_text(page: &str) -> String {
    let mut text = String::with_capacity(page.len().min(4096));
    // Once for all tags, with the same offsets: a page may hold nothing but titles.
    let lowered = page.to_ascii_lowercase();
    let mut rest = page;
    while let Some(open) = rest.find('<') {
        text.push_str(rest.get(..open).unwrap_or_default());
        rest = rest.get(open..).unwrap_or_default();
        if let Some(inner) = rest.strip_prefix("<![CDATA[") {
            let end = inner.find("]]>").unwrap_or(inner.len());
            text.push_str(inner.get(..end).unwrap_or_default());
            rest = inner.get(end + 3..).unwrap_or_default();
            continue;
        }
        let lower = lowered.get(page.len() - rest.len()..).unwrap_or_default();
        let hidden = ["title", "style", "script"]
            .iter()
            .find(|name| lower.strip_prefix('<').is_some_and(|tag| tag.starts_with(*name)));
        let end = match hidden {
            Some(name) => closing_tag_end(lower, name),
            None if lower.starts_with("<!--") => rest.find("-->").map(|at| at + 3),
            None => rest.find('>').map(|at| at + 1),
        };
        text.push(' ');
        rest = end.and_then(|end| rest.get(end..)).unwrap_or_default();
    }
    text.push_str(rest);
    one_line(&unescape(&text))
}

/// White space collapsed, and control characters with it: they would reach the terminals and logs that show an error.
pub fn one_line(text: &str) -> String {
    // Zero bytes are what is left of UTF-16: they stand within words.
    let text = match text.contains('\0') {
        true => Cow::Owned(text.replace('\0', "")),
        false => Cow::Borrowed(text),
    };
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn closing_tag_end(lower: &str, name: &str) -> Option<usize> {
    let close = lower.find(&format!("</{name}"))?;
    lower.get(close..)?.find('>').map(|at| close + at + 1)
}

/// The five XML entities, `&nbsp;` and numeric ones; anything else stays as it is.
pub fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let end = rest.bytes().take(11).position(|byte| byte == b';');
        let name = end.and_then(|end| rest.get(1..end));
        match name.and_then(entity) {
            Some(character) => {
                out.push(character);
                rest = rest.get(name.map_or(0, str::len) + 2..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// The wait that an answer asks for.
pub(super) fn asked_wait(answer: &Answer) -> Option<Duration> {
    let value = answer.headers.get(http::header::RETRY_AFTER)?.to_str().ok()?;
    retry::retry_after(value, SystemTime::now())
}

/// What an error answer says, whatever its form: JSON with a message, HTML, plain text, or the reason phrase.
pub fn server_message(answer: &Answer) -> String {
    // Before it is put on one line, which may tear a secret apart.
    let text = answer.text();
    let text = answer.without_known(&text);
    let message = if looks_like_html(answer.bytes()) {
        page_text(&answer.scrub(&text))
    } else if let Some(value) = lenient::value(text.as_bytes()) {
        json_message(&value)
    } else {
        one_line(&text)
    };
    let message = if message.is_empty() {
        answer.reason.clone().unwrap_or_default()
    } else {
        message
    };
    if message.is_empty() {
        "no explanation was given".to_owned()
    } else {
        shorten(&answer.scrub(&message))
    }
}

/// Whether the answer is a JSON object or list, as products write their refusals.
pub fn is_json(answer: &Answer) -> bool {
    matches!(answer.bytes().trim_ascii_start().first(), Some(b'{' | b'['))
}

/// Flattens a JSON error of any type into one line: `field: text; text`. What stands below the name of a secret is masked,
/// unless it is a sentence.
pub fn json_message(value: &Value) -> String {
    flattened(value, None)
}

fn flattened(value: &Value, secret: Option<&str>) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => one_line(&redact::scrub_below(secret, text)),
        Value::Array(items) => joined(items.iter().map(|item| flattened(item, secret))),
        Value::Object(fields) => {
            let labels = |key: &str, value: &Value| value.as_str().is_some_and(|name| redact::labels_secret(key, name));
            let is_labelled = fields.iter().any(|(key, value)| labels(key, value));
            // Codes are told apart from the message.
            let shown = fields
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "code" | "status-code"));
            joined(shown.map(|(key, value)| {
                let own = match is_labelled && redact::is_labelled(key) {
                    true => Some("secret"),
                    false => Some(key.as_str()).filter(|key| redact::hides_value(key) && !labels(key, value)),
                };
                let text = flattened(value, secret.or(own));
                let is_plain = matches!(
                    key.as_str(),
                    "detail" | "message" | "error" | "non_field_errors" | "errors"
                );
                if is_plain || text.is_empty() {
                    text
                } else {
                    format!("{}: {text}", one_line(key))
                }
            }))
        }
        other => redact::scrub_below(secret, &other.to_string()).into_owned(),
    }
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ")
}

/// At most some hundred characters: a message is a line, not a dump. Scrub what came from outside before: half a secret at
/// the cut is known to nobody.
pub fn shorten(message: &str) -> String {
    const MESSAGE_CHARS: usize = 600;
    if message.chars().count() <= MESSAGE_CHARS {
        return message.to_owned();
    }
    message
        .chars()
        .take(MESSAGE_CHARS)
        .chain(std::iter::once('…'))
        .collect()
}

/// What a gateway in front of the product means; nginx's pages are the common ones. `is_own`: the product answered itself.
pub fn gateway_hint(status: u16, message: &str, is_own: bool) -> Option<&'static str> {
    match status {
        400 if message.contains("SSL certificate") => {
            Some("the gateway wants a client certificate that it trusts: pass client_cert=")
        }
        400 if message.contains("plain HTTP request was sent to HTTPS port") => Some("use https in url"),
        413 => Some(
            "the server or a gateway takes no body of this size: raise its limit (nginx: client_max_body_size), or send less at once",
        ),
        // By their definition the first two are a gateway's, but products too answer so for the systems that they talk to.
        502 | 504 if !is_own => Some(UNREACHABLE),
        502..=504 if looks_like_gateway(message) => Some(UNREACHABLE),
        _ => None,
    }
}

const UNREACHABLE: &str = "a gateway answered for a server that it could not reach or wait for";

fn looks_like_gateway(message: &str) -> bool {
    [
        "Service Temporarily Unavailable",
        "No server is available to handle this request",
        "temporarily unable to service your request",
        "Endpoint request timed out",
        "upstream",
    ]
    .iter()
    .any(|text| message.contains(text))
}

/// The error for an answer of status 300 or above, by its status. Products refine it.
pub fn status_error(answer: &Answer) -> Error {
    status_error_of(answer, is_json(answer))
}

/// The same, where more is known about whether the product answered itself.
pub fn status_error_of(answer: &Answer, is_own: bool) -> Error {
    let kind = Kind::of_status(answer.status);
    if kind == Kind::UnexpectedContent {
        let location = answer
            .headers
            .get(http::header::LOCATION)
            .map(|value| String::from_utf8_lossy(value.as_bytes()));
        let message = match location {
            Some(location) => {
                let location = answer.shown_url(&location);
                format!("the server redirects to {location}, which is not followed")
            }
            None => "the server redirects, which is not followed".to_owned(),
        };
        return answer.error(kind, &message).with_hint(
            "use the address it redirects to in url, if it is the same system; a login page means missing or refused credentials",
        );
    }
    let message = server_message(answer);
    let error = answer.error(kind, &message);
    if let Some(hint) = gateway_hint(answer.status, &message, is_own) {
        return error.with_hint(hint);
    }
    match kind {
        // A proxy that is one was told by its headers before.
        Kind::Proxy => error.with_hint(
            "the server, or a gateway in front of it, asks for credentials as only a proxy does, and none stands in between: check url, and what answers there",
        ),
        Kind::RateLimited => match asked_wait(answer) {
            Some(wait) => error.with_hint(format!("the server asks to wait {} s", wait.as_secs())),
            None => error.with_hint("too many requests: wait before the next one"),
        },
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_pages_become_one_line() {
        let page = "<html>\n<head>\n<title>Error</title>\n</head>\n<body>The id parameter\nor &lt;b&gt; &amp;format=json &#39;x&#x27;</body></html>";
        assert_eq!(html_text(page), "The id parameter or <b> &format=json 'x'");
        let old = "<html><head><title>Aveksa - Error report</title><style><!--H1 {x}--></style></head><body><h1><![CDATA[HTTP Status 412 - No <b> here]]></h1></body></html>";
        assert_eq!(html_text(old), "HTTP Status 412 - No <b> here");
        assert_eq!(html_text("<p>a<"), "a");
        assert_eq!(html_text("<title>never closed"), "");
        // Neither may take a time that grows with its square.
        assert_eq!(html_text(&"<TITLE>ä</Title>x".repeat(100_000)).len(), 2 * 100_000 - 1);
        assert_eq!(html_text(&"&".repeat(1_000_000)).len(), 1_000_000);
        assert_eq!(
            html_text("a &unknown; & b &#xFFFFFFFF;"),
            "a &unknown; & b &#xFFFFFFFF;"
        );
    }

    #[test]
    fn json_errors_of_every_type_become_one_line() {
        let message = |text: &str| json_message(&serde_json::from_str(text).unwrap());
        assert_eq!(message(r#"{"detail": "Not found."}"#), "Not found.");
        assert_eq!(
            message(r#"{"connection": ["This field is required."], "non_field_errors": ["a", "b"]}"#),
            "connection: This field is required.; a; b"
        );
        assert_eq!(message(r#""bare text""#), "bare text");
        assert_eq!(message(r#"["x", {"y": {"z": [1, true]}}]"#), "x; y: z: 1; true");
        assert_eq!(message("null"), "");
        for (json, wanted) in [
            (
                r#"{"user": "a", "password": ["x", "hunter2"]}"#,
                "password: ****; ****; user: a",
            ),
            (
                r#"{"credentials": {"a": {"b": "hunter2"}}, "pin": 4711}"#,
                "credentials: a: b: ****; pin: ****",
            ),
            (r#"{"key": "api_key", "value": "hunter2"}"#, "key: api_key; value: ****"),
            (
                r#"{"password": ["This field is required."]}"#,
                "password: This field is required.",
            ),
            (
                r#"{"name": "token", "value": "expired"}"#,
                "name: token; value: expired",
            ),
        ] {
            assert_eq!(message(json), wanted, "{json}");
        }
        assert_eq!(
            message(r#"{"a\nb\u001b[31m": "x\u001b[2J\u009by"}"#),
            "a b [31m: x [2J y"
        );
    }
}
