//! What came back: status, headers, body, and everything needed to turn it into a value or an error.

use std::any::Any;
use std::borrow::Cow;

use http::header::{self, HeaderMap};
use serde::de::DeserializeOwned;
use zeroize::Zeroize;

use super::decode::one_line;
use super::depth::{DEPTH_MAX, is_too_deep};
use super::elements::{Cut, Sink};
use super::error::{Context, Error, Kind, Outcome};
use super::redact;
use super::secret::Secret;

/// A body that is wiped on drop when it holds a secret.
#[derive(Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    is_secret: bool,
}

impl Buffer {
    /// An empty buffer with room for what the server announced.
    pub fn new(is_secret: bool, expected: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(expected),
            is_secret,
        }
    }

    /// Text in the place of what was there.
    pub fn replace(&mut self, text: String) {
        *self = Self {
            bytes: text.into_bytes(),
            is_secret: self.is_secret,
        };
    }

    /// How many bytes are copied before so many more can be appended.
    pub fn copied_by(&self, more: usize) -> usize {
        match self.bytes.capacity() - self.bytes.len() < more {
            true => self.bytes.len(),
            false => 0,
        }
    }

    /// Appends. Growing a secret buffer wipes the smaller one it leaves behind.
    pub fn extend(&mut self, piece: &[u8]) {
        if self.is_secret && self.bytes.capacity() - self.bytes.len() < piece.len() {
            let mut larger = Vec::with_capacity((self.bytes.len() + piece.len()).saturating_mul(2));
            larger.extend_from_slice(&self.bytes);
            self.bytes.zeroize();
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(piece);
    }

    /// Takes bytes out. What they leave behind at the end is overwritten by what comes next, or wiped with the rest.
    pub fn remove(&mut self, from: usize, count: usize) {
        if from + count <= self.bytes.len() {
            self.bytes.copy_within(from + count.., from);
            self.bytes.truncate(self.bytes.len() - count);
        }
    }

    /// Puts these bytes in the place of as many others as are told.
    pub fn put(&mut self, from: usize, count: usize, by: &[u8]) {
        let behind = self.bytes.get(from + count..).map(<[u8]>::to_vec).unwrap_or_default();
        self.bytes.truncate(from);
        self.extend(by);
        self.extend(&behind);
    }

    /// Puts a byte between two others.
    pub fn insert(&mut self, at: usize, byte: u8) {
        let length = self.bytes.len();
        if at <= length {
            self.extend(&[byte]);
            self.bytes.copy_within(at..length, at + 1);
            if let Some(place) = self.bytes.get_mut(at) {
                *place = byte;
            }
        }
    }

    /// The bytes so far.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.is_secret {
            self.bytes.zeroize();
        }
    }
}

/// A complete answer of any status.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The reason phrase, when it is not the standard one.
    pub reason: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    pub(crate) body: Buffer,
    /// Whether the body came to its end.
    pub(crate) is_whole: bool,
    pub(crate) context: Context,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) elements: Option<Box<dyn Sink>>,
    pub(crate) cut: Cut,
}

impl Answer {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body without a byte order mark.
    pub fn bytes(&self) -> &[u8] {
        let bytes = self.body.as_slice();
        bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
    }

    /// The body as text. That of a good answer is all there; what is no text in others is replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes())
    }

    /// The media type, lower case, without parameters.
    pub fn media_type(&self) -> String {
        let value = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Whether the body looks like an HTML page. Decided by content: servers mislabel their error pages.
    pub fn is_html(&self) -> bool {
        looks_like_html(self.bytes())
    }

    /// Removes every known secret of this call from a text.
    pub fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        redact::scrub(text, &self.secrets)
    }

    /// The same, leaving values of secret names as they are: for a text that is still to be read.
    pub fn without_known<'t>(&self, text: &'t str) -> Cow<'t, str> {
        redact::without_known(text, &redact::Known::new(&self.secrets))
    }

    /// An address of the server's making, as messages show it.
    pub fn shown_url(&self, url: &str) -> String {
        redact::shown_url(url, &self.secrets)
    }

    /// The elements that were taken while the answer came; once only.
    pub fn take_elements<T: Sink>(&mut self) -> Option<T> {
        let taken: Box<dyn Any> = self.elements.take()?;
        taken.downcast::<T>().ok().map(|taken| *taken)
    }

    /// The fate of a request that was answered with a refusal.
    pub(super) fn outcome(&self) -> Outcome {
        match self.status {
            200..=299 | 400..=499 => Outcome::Rejected,
            _ => Outcome::Unknown,
        }
    }

    /// An error about this answer. `message` may hold text of the server's: it is scrubbed here.
    pub fn error(&self, kind: Kind, message: &str) -> Error {
        let mut context = self.context.clone();
        redact::context(&mut context, &self.secrets);
        context.hint.clone_from(&context.aside);
        context.settle(self.outcome());
        if !(self.body.is_secret && self.is_success()) {
            context.body_excerpt = redact::excerpt(self.bytes(), &self.secrets);
        }
        Error::new(kind, one_line(&self.scrub(message)), context)
    }

    /// An error for an answer of a good status that is not what this API answers.
    pub fn unexpected(&self, message: &str) -> Error {
        let error = self
            .error(Kind::UnexpectedContent, message)
            .with_outcome(Outcome::Unknown);
        if self.is_html() {
            return error.with_hint(
                "an HTML page came instead of the API's answer: check url (host, port, prefix), and whether a login page or a gateway stands in between",
            );
        }
        error
    }

    /// The body as JSON. A failure names the place in the document.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        if self.bytes().is_empty() {
            return Err(self.unexpected("the answer is empty where JSON was expected"));
        }
        if self.is_html() {
            return Err(self.unexpected("the answer is an HTML page where JSON was expected"));
        }
        self.not_too_deep()?;
        // Text that is known to be UTF-8 is not looked at again, value by value.
        let text = std::str::from_utf8(self.bytes()).ok();
        let value = text.and_then(|text| serde_json::from_str(text).ok());
        value.map_or_else(|| self.json_with_places(), Ok)
    }

    /// The same in several times the time, where the places are needed.
    fn json_with_places<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let mut reader = serde_json::Deserializer::from_slice(self.bytes());
        let parsed = serde_path_to_error::deserialize(&mut reader);
        let value = parsed.map_err(|error| self.unexpected(&self.describe(&error)))?;
        reader
            .end()
            .map_err(|_| self.unexpected("the answer goes on after its JSON document"))?;
        Ok(value)
    }

    /// An error if the body is JSON that could be kept, but not be read later.
    pub fn not_too_deep(&self) -> Result<(), Error> {
        if is_too_deep(self.bytes()) {
            return Err(self.unexpected(&format!("the answer is nested deeper than {DEPTH_MAX} levels")));
        }
        Ok(())
    }

    /// Serde quotes the offending value, which must not happen where answers hold secrets.
    fn describe(&self, error: &serde_path_to_error::Error<serde_json::Error>) -> String {
        let path = error.path().to_string();
        let place = if path == "." { "the answer".to_owned() } else { path };
        if error.inner().is_syntax() || error.inner().is_eof() {
            let (line, column) = (error.inner().line(), error.inner().column());
            let (line, column) = self.cut.place(self.body.as_slice(), line, column);
            return format!("the answer is not valid JSON (line {line}, column {column})");
        }
        if self.body.is_secret {
            let problem = error.inner().to_string();
            let named = problem.split(" at line ").next().filter(|words| names_a_field(words));
            return format!("{place}: {}", named.unwrap_or("missing or not of the expected type"));
        }
        format!("{place}: {}", error.inner())
    }
}

#[cfg(any(test, feature = "fuzzing"))]
impl Answer {
    /// One that nobody sent.
    pub(crate) fn made(status: u16, reason: Option<&str>, body: &str, is_secret: bool, secrets: &[&str]) -> Self {
        let mut buffer = Buffer::new(is_secret, 0);
        buffer.extend(body.as_bytes());
        Self {
            status,
            reason: reason.map(str::to_owned),
            headers: HeaderMap::new(),
            body: buffer,
            is_whole: true,
            context: Context {
                url: Some("https://host.test/aveksa/command.submit?cmd=unify&format=json".to_owned()),
                ..Context::default()
            },
            secrets: secrets.iter().copied().map(Secret::new).collect(),
            elements: None,
            cut: Cut::default(),
        }
    }
}

/// Whether the words quote a name of ours and nothing of the answer; see [`record!`](crate::record).
fn names_a_field(words: &str) -> bool {
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    let missing = words
        .strip_prefix("missing field `")
        .and_then(|rest| rest.strip_suffix('`'));
    let wrong = words.strip_suffix(": not of the expected type");
    missing.or(wrong).is_some_and(is_name)
}

/// Whether text looks like an HTML page.
pub fn looks_like_html(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    if !body.starts_with(b"<") {
        return false;
    }
    let start: Vec<u8> = body.iter().take(256).map(u8::to_ascii_lowercase).collect();
    start.starts_with(b"<!doctype html")
        || start.starts_with(b"<html")
        || (start.starts_with(b"<?xml") && start.windows(5).any(|window| window == b"<html"))
}
