//! Which names stand before secrets, and which words after a name are a sentence and no value.

use http::HeaderName;
use http::header;

use crate::core::secret::Secret;

/// Names whose value is a secret wherever they stand: as query parameter, as key in a text, as key of an object.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let plain = name.replace(['_', '-', ' '], "");
    matches!(
        plain.as_str(),
        "uuid" | "pwd" | "pass" | "pw" | "authorization" | "key" | "cookie" | "setcookie"
    ) || [
        "password",
        "passphrase",
        "passwd",
        "passcode",
        "passwort",
        "kennwort",
        "motdepasse",
        "secret",
        "accesskey",
        "apikey",
        "privatekey",
        "credential",
        "sessionid",
        "sessid",
    ]
    .iter()
    .any(|word| plain.contains(word))
        || ["token", "pwd"].iter().any(|end| plain.ends_with(end))
        || ["_pass", "_pw", "_key", "-pass", "-pw", "-key"]
            .iter()
            .any(|end| name.ends_with(end))
}

/// The same for a name in a text of a server's, where further names are too short to be told from data.
pub(super) fn is_secret_in_text(name: &str) -> bool {
    let name = name.trim_matches(['-', '_']);
    if name.is_empty() || ["Exception", "Error"].iter().any(|end| name.ends_with(end)) {
        return false;
    }
    const MORE: [&str; 14] = [
        "assertion",
        "client_assertion",
        "code_verifier",
        "contrasena",
        "jwt",
        "otp",
        "pin",
        "proxy-authorization",
        "samlresponse",
        "session",
        "sid",
        "sig",
        "x-auth",
        "x-goog-iap-jwt-assertion",
    ];
    is_secret_name(name) || is_one_of(name, &MORE)
}

/// Names whose value goes on to the end of its line: a scheme and a credential, or several cookies.
pub(super) fn is_header(name: &str) -> bool {
    is_one_of(
        name.trim_matches('-'),
        &[
            "authorization",
            "proxy-authorization",
            "cookie",
            "set-cookie",
            "x-authorization",
        ],
    )
}

/// Names of secrets that people choose, which may hold blanks.
pub(super) fn is_phrase(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "pwd", "pw", "secret"].iter().any(|part| name.contains(part))
}

/// What names the secret in `<entry key="password">` and `{"name": "password", "value": …}`.
pub(super) fn is_label(name: &str) -> bool {
    is_one_of(
        name,
        &["name", "key", "id", "type", "property", "field", "param", "header"],
    )
}

/// What holds it there.
pub(super) fn is_value(name: &str) -> bool {
    is_one_of(
        name,
        &[
            "value",
            "values",
            "content",
            "val",
            "data",
            "default",
            "text",
            "plain",
            "plaintext",
            "cleartext",
            "raw",
        ],
    )
}

/// Elements whose text may be the name of what stands in the next one.
pub(super) fn is_caption(name: &str) -> bool {
    is_one_of(
        name,
        &["th", "td", "dt", "name", "key", "label", "param-name", "string"],
    )
}

/// What stands between the name of a header and its credential.
pub(super) fn is_scheme(word: &str) -> bool {
    is_one_of(
        word,
        &["basic", "bearer", "token", "digest", "negotiate", "ntlm", "apikey"],
    )
}

/// With which word a sentence begins or goes on: `Invalid token: log in`, `password: must not be empty`,
/// `password: hunter2 was refused`. Everything else behind a colon is taken for a value.
pub(super) fn is_prose(word: &str) -> bool {
    const WORDS: [&str; 92] = [
        "must",
        "may",
        "might",
        "can",
        "cannot",
        "can't",
        "could",
        "should",
        "shall",
        "will",
        "would",
        "is",
        "isn't",
        "are",
        "was",
        "were",
        "has",
        "have",
        "had",
        "does",
        "doesn't",
        "do",
        "did",
        "not",
        "no",
        "none",
        "null",
        "nil",
        "undefined",
        "true",
        "false",
        "yes",
        "invalid",
        "missing",
        "expired",
        "expires",
        "required",
        "requires",
        "unknown",
        "unexpected",
        "expected",
        "wrong",
        "incorrect",
        "bad",
        "empty",
        "blank",
        "too",
        "log",
        "login",
        "sign",
        "please",
        "enter",
        "provide",
        "check",
        "this",
        "that",
        "these",
        "your",
        "you",
        "it",
        "there",
        "field",
        "value",
        "use",
        "pass",
        "see",
        "contact",
        "failed",
        "failure",
        "denied",
        "refused",
        "rejected",
        "revoked",
        "unauthorized",
        "forbidden",
        "duplicate",
        "only",
        "already",
        "never",
        "unable",
        "error",
        "insufficient",
        "malformed",
        "mismatch",
        "for",
        "from",
        "by",
        "because",
        "when",
        "if",
        "at",
        "in",
    ];
    is_one_of(word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')']), &WORDS)
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// Shorter values of headers without a secret name are words such as `iam`.
const MIN_HEADER_BYTES: usize = 8;

/// Headers that hold nothing secret: what is negotiated, and what names a request so that both sides find it again.
const HARMLESS: [&str; 26] = [
    "cache-control",
    "content-language",
    "content-type",
    "date",
    "dnt",
    "forwarded",
    "from",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "origin",
    "pragma",
    "prefer",
    "range",
    "referer",
    "request-id",
    "traceparent",
    "tracestate",
    "user-agent",
    "via",
    "x-amzn-trace-id",
    "x-atlassian-token",
    "x-correlation-id",
    "x-request-id",
    "x-requested-with",
];

/// What must not be shown of a header that the caller set: the value of any but the harmless ones, if it is long enough
/// for its name; behind a scheme also the credential alone, of cookies each value.
pub fn secrets_of_header(name: &HeaderName, value: &[u8]) -> Vec<Secret> {
    let is_harmless = HARMLESS.contains(&name.as_str())
        || ["accept", "x-forwarded-", "x-b3-"]
            .iter()
            .any(|start| name.as_str().starts_with(start));
    let is_named = is_secret_in_text(name.as_str());
    if is_harmless || (!is_named && value.len() < MIN_HEADER_BYTES) {
        return Vec::new();
    }
    let value = String::from_utf8_lossy(value);
    let mut found = vec![Secret::new(value.trim())];
    if let Some((scheme, credential)) = value.trim().split_once(' ')
        && is_scheme(scheme)
    {
        found.push(Secret::new(credential.trim()));
    }
    if *name == header::COOKIE {
        let values = value.split(';').filter_map(|pair| pair.split_once('='));
        found.extend(values.map(|(_, value)| Secret::new(value.trim().trim_matches('"'))));
    }
    found
}
