//! Masks secrets in what the journal stores. Two nets: everything this sandbox knows to be secret is replaced wherever
//! it stands, and every place where a secret belongs is masked whatever stands there (a wrong password is a secret too).

use http::HeaderMap;
use serde_json::Value;

use crate::core::error::System;
use crate::core::redact::{Known, is_secret_name, without_known};
use crate::core::secret::{MASK, Secret};

/// Beside the names that the core knows: what a client of the sandbox may send is not limited to the four systems.
const SECRET_WORDS: [&str; 17] = [
    "token",
    "uuid",
    "passw",
    "passphrase",
    "pass_phrase",
    "_pass",
    "secret",
    "credential",
    "apikey",
    "api_key",
    "accesskey",
    "access_key",
    "assertion",
    "session",
    "authorization",
    "cookie",
    "csrf",
];
/// Shorter text is not worth protecting and would tear holes into innocent words.
const MIN_SECRET_CHARS: usize = 6;

#[derive(Default)]
pub(crate) struct Masker {
    known: Known,
}

impl Masker {
    /// Adds secrets, in all forms in which they can travel.
    pub fn protect(&mut self, secrets: impl IntoIterator<Item = String>) {
        let long = |secret: &String| secret.chars().count() >= MIN_SECRET_CHARS;
        for secret in secrets.into_iter().filter(long) {
            self.known.add(&Secret::new(secret));
        }
    }

    /// Any text: known secrets and everything shaped like a UUID are masked.
    pub fn text(&self, text: &str) -> String {
        without_known(&mask_uuids(text), &self.known).into_owned()
    }

    /// Path and query. The last part below `tokens` is a token's uuid, whatever its form.
    pub fn target(&self, path: &str, query: &str) -> String {
        let mut out = String::new();
        let mut after_tokens = false;
        for (index, part) in path.split('/').enumerate() {
            if index > 0 {
                out.push('/');
            }
            let part = part
                .split_once(';')
                .map_or_else(|| part.to_owned(), |(start, _)| format!("{start};{MASK}"));
            let hidden = after_tokens && !part.is_empty() || self.hides(&part);
            out.push_str(if hidden { MASK } else { &part });
            after_tokens = part == "tokens";
        }
        let mut separator = '?';
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            out.push(std::mem::replace(&mut separator, '&'));
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let shown_name = if self.hides(name) { MASK } else { name };
            let decoded = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
            out.push_str(shown_name);
            if pair.contains('=') {
                out.push('=');
            }
            let hidden = !value.is_empty() && belongs_to_secret(&decoded) || self.hides(value);
            out.push_str(if hidden { MASK } else { value });
        }
        self.text(&out)
    }

    /// Whether percent-encoded text stands for something that must not be shown, however it is encoded.
    fn hides(&self, encoded: &str) -> bool {
        if !encoded.contains(['%', '+']) {
            return false;
        }
        let spaced = encoded.replace('+', " ");
        [encoded, &spaced].into_iter().any(|text| {
            let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
            self.text(&decoded) != decoded
        })
    }

    /// Header names with masked values.
    pub fn headers(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        let value_of = |name: &str, value: &[u8]| {
            if name != "x-atlassian-token" && belongs_to_secret(name) {
                return MASK.to_owned();
            }
            let text = String::from_utf8_lossy(value);
            if name == "referer" {
                let (path, query) = text.split_once('?').unwrap_or((&text, ""));
                return self.target(path, query);
            }
            self.text(&text)
        };
        headers
            .iter()
            .map(|(name, value)| (name.to_string(), value_of(name.as_str(), value.as_bytes())))
            .collect()
    }

    /// A body. JSON is masked by the names of its fields, login XML by its elements; what looks secret but cannot be
    /// taken apart is not kept at all.
    pub fn body(&self, system: Option<System>, operation: &str, body: &str) -> String {
        if body.is_empty() {
            return String::new();
        }
        if operation == "loginUser" {
            return self.login(body);
        }
        if let Ok(mut value) = serde_json::from_str::<Value>(body.trim_start_matches('\u{feff}')) {
            // The text is kept as it came unless something in it has to go.
            let changed = self.value(&mut value);
            return self.text(&if changed { value.to_string() } else { body.to_owned() });
        }
        // Names of entitlements and filters may well hold such words.
        let governance =
            system == Some(System::GovernanceLifecycle) && ["updateReviewItems", "uploadCoverage"].contains(&operation);
        if !governance && holds_secret_word(body) {
            return MASK.to_owned();
        }
        self.text(body)
    }

    /// Masks the values of secret names at any depth, also in text that holds JSON itself, and known secrets in all
    /// text. Tells whether there was anything.
    fn value(&self, value: &mut Value) -> bool {
        match value {
            Value::Object(fields) => {
                let mut changed = false;
                for (name, value) in fields.iter_mut() {
                    let hides = !matches!(value, Value::Null | Value::Bool(_));
                    if hides && belongs_to_secret(name) {
                        *value = Value::from(MASK);
                        changed = true;
                    } else {
                        changed |= self.value(value);
                    }
                }
                changed
            }
            Value::Array(items) => items.iter_mut().fold(false, |changed, item| self.value(item) | changed),
            Value::String(text) => {
                if text.trim_start().starts_with(['{', '['])
                    && let Ok(mut inner) = serde_json::from_str::<Value>(text)
                    && self.value(&mut inner)
                {
                    *text = inner.to_string();
                    return true;
                }
                let masked = self.text(text);
                let changed = masked != *text;
                *text = masked;
                changed
            }
            _ => false,
        }
    }

    fn login(&self, body: &str) -> String {
        let element = |name: &str| {
            let (_, rest) = body.split_once(&format!("<{name}>"))?;
            rest.split_once(&format!("</{name}>")).map(|(value, _)| value)
        };
        let Some(username) = element("username") else {
            return MASK.to_owned();
        };
        let mut out = format!("<username>{username}</username><password>{MASK}</password>");
        if let Some(source) = element("authsource") {
            out.push_str(&format!("<authsource>{source}</authsource>"));
        }
        self.text(&out)
    }
}

/// Whether what stands under a name is a secret.
fn belongs_to_secret(name: &str) -> bool {
    is_secret_name(name) || holds_secret_word(name)
}

fn holds_secret_word(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| lower.contains(word))
}

fn mask_uuids(text: &str) -> String {
    const DASHES: [usize; 4] = [8, 13, 18, 23];
    const LENGTH: usize = 36;
    let bytes = text.as_bytes();
    let is_uuid = |start: usize| {
        bytes.get(start..start + LENGTH).is_some_and(|window| {
            window
                .iter()
                .enumerate()
                .all(|(index, byte)| match DASHES.contains(&index) {
                    true => *byte == b'-',
                    false => byte.is_ascii_hexdigit(),
                })
        })
    };
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let mut position = 0;
    while position + LENGTH <= bytes.len() {
        if is_uuid(position) {
            out.push_str(text.get(copied..position).unwrap_or_default());
            out.push_str(MASK);
            position += LENGTH;
            copied = position;
        } else {
            position += 1;
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}
