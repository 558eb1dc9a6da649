//! The authentication schemes that a server or a proxy offers in its `WWW-Authenticate` or `Proxy-Authenticate` headers.
//!
//! <https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1>

use http::header::{HeaderMap, HeaderName};

const SCHEMES_MAX: usize = 6;
const NAME_BYTES_MAX: usize = 20;

/// Their names as they were written, each once, in their order.
pub fn offered(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter();
    named_in(values.filter_map(|value| value.to_str().ok()))
}

/// The same of the headers' values.
pub fn named_in<'v>(values: impl Iterator<Item = &'v str>) -> Vec<String> {
    let mut schemes: Vec<String> = Vec::new();
    for part in values.flat_map(parts) {
        let word = part.split_whitespace().next().unwrap_or_default();
        // What has an equals sign is a parameter of the scheme before it.
        let is_scheme = !word.is_empty()
            && word.len() <= NAME_BYTES_MAX
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        let is_known = schemes.iter().any(|known| known.eq_ignore_ascii_case(word));
        if is_scheme && !is_known && schemes.len() < SCHEMES_MAX {
            schemes.push(word.to_owned());
        }
    }
    schemes
}

/// Whether this scheme is among them.
pub fn has(schemes: &[String], name: &str) -> bool {
    schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case(name))
}

/// The parts between commas that stand in no quotes.
fn parts(value: &str) -> impl Iterator<Item = &str> {
    let (mut in_quotes, mut is_escaped) = (false, false);
    value.split(move |c| {
        let is_separator = c == ',' && !in_quotes;
        if c == '"' && !is_escaped {
            in_quotes = !in_quotes;
        }
        is_escaped = c == '\\' && in_quotes && !is_escaped;
        is_separator
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_told_from_their_parameters() {
        let cases: [(&[&str], &[&str]); 7] = [
            (&["NTLM"], &["NTLM"]),
            (&["Negotiate", "NTLM", "ntlm"], &["Negotiate", "NTLM"]),
            (
                &["Negotiate YIIBhg==, Basic realm=\"a, b\\\", Digest x\""],
                &["Negotiate", "Basic"],
            ),
            (
                &["Digest realm=\"r\", qop=\"auth,auth-int\", nonce=\"n\", algorithm=MD5, Basic realm=x"],
                &["Digest", "Basic"],
            ),
            (&[""], &[]),
            (&[", ,"], &[]),
            (&["<script>", "a-very-long-name-of-a-scheme"], &[]),
        ];
        for (values, expected) in cases {
            assert_eq!(named_in(values.iter().copied()), expected, "{values:?}");
        }
    }
}
