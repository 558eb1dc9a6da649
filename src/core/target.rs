//! One clean path and query from pieces, in two versions: the one that is sent and the one that may be shown.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::error::Error;
use super::redact;
use super::secret::{MASK, Secret};

/// Everything but the characters that RFC 3986 calls unreserved.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes one query part or path segment.
pub fn encode_component(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

/// Path and query below the base URL.
#[derive(Clone)]
pub struct Target {
    sent: String,
    shown: String,
    secrets: Vec<Secret>,
    has_query: bool,
}

impl Target {
    /// `path` is one of the product's own, written in the source: it starts with a slash and needs no encoding.
    pub fn new(path: &str) -> Self {
        Self {
            sent: path.to_owned(),
            shown: path.to_owned(),
            secrets: Vec::new(),
            has_query: false,
        }
    }

    /// A path given by the user. Refused if it could leave the configured origin or the path it names, in whatever way
    /// the servers and gateways behind it may read it.
    pub fn from_user(path: &str) -> Result<Self, Error> {
        let refuse = |why: &str| Err(Error::config(format!("path: {why}")));
        if path.contains("://") || path.starts_with("//") {
            return refuse("must be a path below the client's url, without scheme or host");
        }
        if path.contains(['?', '#']) {
            return refuse("must hold neither '?' nor '#'; pass query parameters as params=");
        }
        if path.contains(' ') {
            return refuse("must hold no blanks; percent-encode them");
        }
        let whole = format!("/{}", path.trim_start_matches('/'));
        if let Some(fault) = path_fault(&whole) {
            return refuse(fault);
        }
        let mut target = Self::new(&whole);
        (target.shown, target.secrets) = redact::shown_path(&target.sent);
        Ok(target)
    }

    /// Appends fixed text of the product's own.
    #[must_use]
    pub fn then(mut self, text: &str) -> Self {
        self.sent.push_str(text);
        self.shown.push_str(text);
        self
    }

    /// Appends one path segment made from a value.
    pub fn segment(mut self, name: &str, value: &str) -> Result<Self, Error> {
        let encoded = checked_segment(name, value)?;
        self.sent.push_str(&encoded);
        self.shown.push_str(&encoded);
        Ok(self)
    }

    /// Appends one path segment that is a secret.
    pub fn secret_segment(mut self, name: &str, value: &Secret) -> Result<Self, Error> {
        let encoded = checked_segment(name, value.expose())?;
        self.sent.push_str(&encoded);
        self.shown.push_str(MASK);
        self.secrets.push(value.clone());
        Ok(self)
    }

    /// Appends a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let is_odd = name.contains(['%', '[']) && redact::hides_value(name);
        let shown = if is_odd || redact::is_secret_name(name) {
            self.secrets.push(Secret::new(value));
            MASK.to_owned()
        } else {
            encode_component(value)
        };
        self.push_pair(name, &encode_component(value), &shown);
        self
    }

    /// Appends a query parameter if there is a value.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Appends a query parameter that is a secret.
    #[must_use]
    pub fn secret_query(mut self, name: &str, value: &Secret) -> Self {
        self.push_pair(name, &encode_component(value.expose()), MASK);
        self.secrets.push(value.clone());
        self
    }

    /// Appends a query that is encoded already, such as the one of a `next` link.
    #[must_use]
    pub fn raw_query(mut self, query: &str) -> Self {
        self.separate();
        self.sent.push_str(query);
        self.shown.push_str(&redact::scrub(query, &[]));
        self
    }

    fn push_pair(&mut self, name: &str, sent: &str, shown: &str) {
        self.separate();
        let name = encode_component(name);
        for (text, value) in [(&mut self.sent, sent), (&mut self.shown, shown)] {
            text.push_str(&name);
            text.push('=');
            text.push_str(value);
        }
    }

    fn separate(&mut self) {
        let separator = if self.has_query { '&' } else { '?' };
        self.has_query = true;
        self.sent.push(separator);
        self.shown.push(separator);
    }

    /// For the wire.
    pub fn sent(&self) -> &str {
        &self.sent
    }

    /// The URL below a base, whose path is put before this one.
    pub fn below(&self, mut base: url::Url) -> url::Url {
        let (path, query) = match self.sent.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (self.sent.as_str(), None),
        };
        match base.path() {
            "/" => base.set_path(path),
            prefix => {
                let whole = format!("{prefix}{path}");
                base.set_path(&whole);
            }
        }
        base.set_query(query);
        base
    }

    /// For people.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The secrets that stand in it.
    pub fn secrets(&self) -> &[Secret] {
        &self.secrets
    }
}

/// What is wrong with a path, as it stands or decoded once or several times: Java servers cut `;…` off each segment,
/// gateways decode before they compare, Windows takes a backslash for a slash.
pub fn path_fault(path: &str) -> Option<&'static str> {
    let mut text = Cow::Borrowed(path);
    loop {
        if text.starts_with("//") || text.contains('\\') {
            return Some("must be a path below the client's url: no '//' in front, no backslashes, in no encoding");
        }
        if text.chars().any(char::is_control) {
            return Some("must hold no control characters, such as tabs and line breaks, in no encoding");
        }
        let name = |segment: &str| {
            segment
                .split(';')
                .next()
                .is_some_and(|name| matches!(name.trim(), "." | ".."))
        };
        if text.split('/').any(name) {
            return Some("must not hold '.' or '..' segments, in no encoding");
        }
        let decoded = match percent_decode_str(&text).decode_utf8() {
            Ok(decoded) => decoded.into_owned(),
            Err(_) => return Some("must be UTF-8 where it is percent-encoded"),
        };
        // Every round makes it shorter.
        if decoded == *text {
            return None;
        }
        text = Cow::Owned(decoded);
    }
}

fn checked_segment(name: &str, value: &str) -> Result<String, Error> {
    if value.is_empty() {
        return Err(Error::config(format!("{name}: must not be empty")));
    }
    if value.chars().any(char::is_control) {
        return Err(Error::config(format!("{name}: must not hold control characters")));
    }
    if matches!(value, "." | "..") {
        return Err(Error::config(format!("{name}: '.' and '..' are no names")));
    }
    Ok(encode_component(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_encoded_and_secrets_shown_masked() {
        let secret = Secret::new("a/b?c");
        let target = Target::new("/rest/")
            .secret_segment("token", &secret)
            .unwrap()
            .query("name", "Azure Role #3-1")
            .query("user", "no-reply+x@example.com")
            .secret_query("uuid", &secret);
        assert_eq!(
            target.sent(),
            "/rest/a%2Fb%3Fc?name=Azure%20Role%20%233-1&user=no-reply%2Bx%40example.com&uuid=a%2Fb%3Fc"
        );
        assert_eq!(
            target.shown(),
            "/rest/****?name=Azure%20Role%20%233-1&user=no-reply%2Bx%40example.com&uuid=****"
        );
    }

    #[test]
    fn paths_of_users_stay_below_the_base() {
        assert_eq!(
            Target::from_user("api/v2/users/me/").unwrap().sent(),
            "/api/v2/users/me/"
        );
        assert_eq!(
            Target::from_user("/api/v2/users/me/").unwrap().sent(),
            "/api/v2/users/me/"
        );
        for path in [
            "http://evil/x",
            "//evil/x",
            "a/../b",
            "a/%2E%2e/b",
            "a\r\nHost: evil",
            "a?b=c",
            "a b",
            "a\tb",
            "\\\\evil",
            "a\\b",
            "/%2fevil/x",
            "%2fevil/x",
            "%252fevil/x",
            "a/..%20/b",
            "..%2fadmin",
            "a/..%2Fadmin",
            "a/..%252fadmin",
            "%2e%2e",
            "a/%2E%2E%2Fb",
            "a/%252e%252e/b",
            "a/%25252e./b",
            "a/..;/b",
            "a/..;v=1/b",
            "a/.;x/../b",
            "a/.;x/b",
            "a/..%3b/b",
            "a/..%3Bx%2fb",
            "a%5c..%5cb",
            "a%255cb",
            "a%0d%0aHost:evil",
            "a%00",
            "a%250a",
            "a%09b",
            "a/%c0%ae%c0%ae/b",
            "a%e4b",
        ] {
            assert!(Target::from_user(path).is_err(), "{path}");
        }
        for path in [
            "a%20b",
            "a%2Fb",
            "a;v=1/b",
            "a..b/...",
            "50%25",
            "a%3Ab",
            "ä/%C3%A4",
            "a//b",
            "100%",
            "",
        ] {
            assert!(Target::from_user(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn empty_and_dotted_segments_are_refused() {
        for value in ["", ".", "..", "a\nb"] {
            assert!(Target::new("/x/").segment("id", value).is_err(), "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn components_are_read_back_and_hold_nothing_that_divides(text in any::<String>()) {
            let encoded = encode_component(&text);
            prop_assert!(percent_decode_str(&encoded).eq(text.bytes()));
            prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
        }

        #[test]
        fn below_a_base_it_is_what_the_whole_text_is(path in "[a-z./%2e:@;\\- \u{e9}]{0,16}", name in any::<String>(), value in any::<String>()) {
            let Ok(target) = Target::from_user(&path) else { return Ok(()) };
            for target in [target.clone().query(&name, &value), target] {
                for base in ["https://host.test", "http://127.0.0.1:8080/bamboo", "https://[2001:db8::1]:8443/a/b"] {
                    let whole = url::Url::parse(&format!("{base}{}", target.sent())).unwrap();
                    prop_assert_eq!(target.below(url::Url::parse(base).unwrap()), whole);
                }
            }
        }

        #[test]
        fn another_parser_finds_segment_and_parameters(name in any::<String>(), value in any::<String>()) {
            let Ok(target) = Target::new("/x/").segment("id", &value) else { return Ok(()) };
            let target = target.then("/y/").query(&name, &value).query("last", &name);
            let url = url::Url::parse(&format!("https://host.test{}", target.sent())).unwrap();
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 4, "{}", url);
            prop_assert!(percent_decode_str(segments[1]).eq(value.bytes()), "{}", url);
            let pairs: Vec<_> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(pairs, [(name.clone(), value), ("last".to_owned(), name)]);
        }

        #[test]
        fn a_secret_is_never_shown(secret in "[!-~]{8,30}", name in "[a-z]{1,8}") {
            let secret = Secret::new(secret);
            let target = Target::new("/x/").secret_segment("id", &secret).unwrap().secret_query(&name, &secret);
            prop_assert_eq!(target.shown(), format!("/x/{MASK}?{name}={MASK}"));
            prop_assert_eq!(target.sent().matches(&encode_component(secret.expose())).count(), 2);
        }

        #[test]
        fn what_a_user_gives_stays_one_path_below_the_base(path in "[a-z./%2eE\\\\:@;?#\\- \u{e9}]{0,16}") {
            let Ok(target) = Target::from_user(&path) else { return Ok(()) };
            let url = url::Url::parse(&format!("https://host.test/prefix{}", target.sent())).unwrap();
            prop_assert_eq!(url.origin().ascii_serialization(), "https://host.test");
            prop_assert_eq!((url.query(), url.fragment(), url.username()), (None, None, ""));
            let rest = url.path().strip_prefix("/prefix").unwrap();
            prop_assert!(percent_decode_str(rest).eq(percent_decode_str(target.sent())), "{}", url);
        }
    }
}
