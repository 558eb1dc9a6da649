//! Where one request goes: a path below a server's base, or a whole URL. A path that a parser would leave as it is needs
//! none.

use std::borrow::Cow;

use url::{Position, Url};

use super::target::Target;

/// Scheme, host and port, path and query.
pub(super) struct Address<'r> {
    base: Cow<'r, Url>,
    /// Below the root of `base`; None if `base` is the whole.
    target: Option<&'r Target>,
}

impl<'r> Address<'r> {
    /// A target below a base.
    pub(super) fn below(base: Cow<'r, Url>, target: &'r Target) -> Self {
        if base.path() == "/" && base.query().is_none() && is_plain(target.sent()) {
            let target = Some(target);
            return Self { base, target };
        }
        Self::of(target.below(base.into_owned()))
    }

    /// A whole URL.
    pub(super) fn of(url: Url) -> Self {
        Self {
            base: Cow::Owned(url),
            target: None,
        }
    }

    /// As a URL begins with it.
    pub(super) fn origin(&self) -> &str {
        &self.base[..Position::BeforePath]
    }

    /// Host, and port if it is not the usual one.
    pub(super) fn authority(&self) -> &str {
        &self.base[Position::BeforeHost..Position::AfterPort]
    }

    /// Path and query.
    pub(super) fn path(&self) -> &str {
        match self.target {
            Some(target) => target.sent(),
            None => &self.base[Position::BeforePath..Position::AfterQuery],
        }
    }

    /// The whole.
    pub(super) fn url(&self) -> Cow<'_, Url> {
        match self.target {
            Some(target) => Cow::Owned(target.below(self.base.clone().into_owned())),
            None => Cow::Borrowed(&*self.base),
        }
    }
}

/// Whether every parser of URLs leaves this as it is. Says no rather too often.
fn is_plain(sent: &str) -> bool {
    let (mut is_query, mut before) = (false, 0);
    let is_kept = |byte| {
        let is_kept = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' | b'/' => true,
            b'.' => before != b'/',
            b'%' | b'=' | b'&' => is_query,
            b'?' => !std::mem::replace(&mut is_query, true),
            _ => false,
        };
        before = byte;
        is_kept
    };
    sent.starts_with('/') && sent.bytes().all(is_kept)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_paths_need_no_parser() {
        for sent in ["/", "/rest/agent/1.0/tokens/", "/API/x?a=b%20c&d=e.f"] {
            assert!(is_plain(sent), "{sent}");
        }
        for sent in [
            "",
            "x",
            "/./a",
            "/a/../b",
            "/%2e%2e/a",
            "/a b",
            "/?a?b",
            "/#a",
            "/a\\b",
            "/\u{e9}",
        ] {
            assert!(!is_plain(sent), "{sent}");
        }
    }

    proptest! {
        #[test]
        fn it_is_what_a_parser_makes_of_the_whole(path in "[a-zA-Z0-9./%2e:@;?=&\\- \u{e9}]{0,16}", query in "[a-z0-9./%=&+'?]{0,8}") {
            let Ok(target) = Target::from_user(&path) else { return Ok(()) };
            for target in [target.clone().raw_query(&query), target] {
                for base in ["https://host.test", "http://127.0.0.1:8080/bamboo", "https://[2001:db8::1]:8443/a/b"] {
                    let whole = Url::parse(&format!("{base}{}", target.sent())).unwrap();
                    let base = Url::parse(base).unwrap();
                    let address = Address::below(Cow::Borrowed(&base), &target);
                    prop_assert_eq!(address.path(), &whole[Position::BeforePath..Position::AfterQuery]);
                    prop_assert_eq!(address.origin(), &whole[..Position::BeforePath]);
                    prop_assert_eq!(address.authority(), &whole[Position::BeforeHost..Position::AfterPort]);
                    let url = address.url().into_owned();
                    prop_assert_eq!(url, whole);
                }
            }
        }
    }
}
