//! What the four systems share: pages, masking, waits, records, URLs.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use url::Url;

use super::{answer, head, text};
use crate::core::config::clean_base;
use crate::core::decode::{html_text, one_line, server_message, unescape};
use crate::core::error::Kind;
use crate::core::redact::{excerpt, scrub};
use crate::core::retry::{Decision, Effect, Failure, Retry, decide, retry_after};
use crate::core::secret::{MASK, Secret};
use crate::core::server_page::page_text;
use crate::core::stored::{restored, stored};
use crate::core::target::{Target, encode_component};
use crate::systems::bamboo_agents::AccessToken;
use crate::systems::governance_lifecycle as gl;
use crate::systems::sd_elements as sde;
use crate::systems::sectona;

/// An HTML page, and any text inside one.
pub fn html_page(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let found = html_text(text);
    assert_eq!(one_line(&found), found);
    let told = page_text(text);
    assert!(one_line(&told) == told && told.len() <= found.len().max(text.len()));
    assert!(unescape(text).len() <= text.len());
    assert_eq!(unescape(&quick_xml::escape::escape(text)), text);
    let page = format!(
        "<html><head><title>t</title></head><body>{}</body></html>",
        quick_xml::escape::escape(text)
    );
    assert_eq!(html_text(&page), one_line(text));
    let xml = format!("<r a='b'><s>{}</s></r>", quick_xml::escape::escape(text));
    let carried = gl::xml::visible_text(&xml);
    assert!(carried.is_none_or(|carried| carried == one_line(text)));
    gl::xml::visible_text(text);
    server_message(&answer(500, None, text, false));
}

/// `PAD SECRET`, then a text in which `@0` to `@4` stand for the secret in its spellings. `PAD` blanks come first.
pub fn redaction(data: &[u8]) {
    let Some(input) = text(data) else { return };
    let (first, template) = head(input);
    let Some((pad, plain)) = first.split_once(' ') else {
        return;
    };
    let Ok(pad) = pad.parse::<u16>() else { return };
    scrub(template, &[]);
    // Shorter ones are not masked, and one that looks like the mask can't be told from it.
    if plain.len() < 4 || plain.contains(['*', '@']) || plain.split_whitespace().eq([""; 0]) {
        return;
    }
    let encoded = encode_component(plain);
    let json = Value::from(plain).to_string();
    let spellings = [
        plain.to_owned(),
        encoded.replace("%20", "+"),
        quick_xml::escape::escape(plain).into_owned(),
        json.get(1..json.len() - 1).unwrap_or_default().to_owned(),
        encoded,
    ];
    let mut body = " ".repeat(usize::from(pad));
    body.push_str(template);
    let mut bare = body.clone();
    for (index, spelling) in spellings.iter().enumerate() {
        body = body.replace(&format!("@{index}"), spelling);
        bare = bare.replace(&format!("@{index}"), "");
    }
    let secrets = [Secret::new(plain)];
    let shown = [
        scrub(&body, &secrets).into_owned(),
        excerpt(body.as_bytes(), &secrets).unwrap_or_default(),
    ];
    // What the template says of itself is no leak.
    let part: String = plain.chars().take(4).collect();
    let innocent = [one_line(&bare), bare].iter().all(|text| !text.contains(&part));
    for shown in shown {
        let whole = spellings.iter().find(|spelling| shown.contains(spelling.as_str()));
        assert!(whole.is_none(), "the secret survives: {shown:?}");
        let cut = innocent && plain.len() > 6 && !plain.contains(char::is_whitespace) && shown.contains(&part);
        assert!(!cut, "a part of the secret survives: {shown:?}");
    }
}

/// A `Retry-After` value.
pub fn retry_waits(data: &[u8]) {
    let Some(value) = text(data) else { return };
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
    let found = retry_after(value, now);
    let digits = value.trim();
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = found.map(|wait| wait.as_secs());
        assert_eq!(seconds, Some(digits.parse().unwrap_or(u64::MAX)));
    }
    let remaining = Duration::from_secs(60);
    for effect in [Effect::Read, Effect::Idempotent, Effect::Unsafe, Effect::Audited] {
        let failure = Failure::Status(429, found);
        match decide(&Retry::default(), effect, failure, 1, remaining, 0.999) {
            Decision::Stop => {}
            Decision::After(wait) => {
                assert!(wait < remaining && effect != Effect::Audited);
                assert!(found.is_none_or(|asked| asked <= wait));
            }
        }
    }
}

/// Texts of pickled records.
pub fn stored_record(data: &[u8]) {
    let Some(text) = text(data) else { return };
    macro_rules! settled {
        ($($type:ty),*) => { $(
            if let Some(value) = restored::<$type>(text) {
                let once = stored(&value);
                let twice = restored::<$type>(&once).map(|value| stored(&value));
                assert_eq!(twice.as_ref(), Some(&once));
            }
        )* };
    }
    settled!(
        sde::Job,
        sde::Connection,
        gl::ReviewUpdate,
        gl::ReviewStatus,
        gl::RunStatus,
        gl::CommandResult
    );
    settled!(
        gl::ReviewItemChange,
        gl::CoverageReport,
        gl::CoverageRule,
        sectona::VaultAccount,
        sectona::Envelope,
        AccessToken
    );
}

/// A base URL.
pub fn url_base(data: &[u8]) {
    let Some(given) = text(data) else { return };
    for allow_http in [false, true] {
        for paths in [gl::API_PATHS, sde::API_PATHS, sectona::API_PATHS] {
            match clean_base(given, paths, allow_http) {
                Err(error) => assert!(error.kind() == Kind::Config && error.message().starts_with("url: ")),
                Ok((base, is_https)) => is_clean(given.trim(), &base, is_https, allow_http),
            }
        }
    }
}

fn is_clean(given: &str, base: &str, is_https: bool, allow_http: bool) {
    let (Ok(given), Ok(target)) = (Url::parse(given), Url::parse(&format!("{base}/api/x?y=z"))) else {
        unreachable!("a base that is no URL: {base}")
    };
    assert_eq!(target.origin(), given.origin(), "{base}");
    assert_eq!(target.scheme() == "https", is_https);
    assert!(target.username().is_empty() && target.password().is_none() && target.fragment().is_none());
    assert_eq!(
        (target.query(), base.contains(['?', '#', '@', ' '])),
        (Some("y=z"), base.contains('@'))
    );
    assert!(target.path().ends_with("/api/x") && !base.ends_with('/'), "{base}");
    let host = target.host_str().unwrap_or_default();
    let loopback = host == "localhost" || host == "[::1]" || host.starts_with("127.");
    assert!(is_https || allow_http || loopback, "{base}");
}

/// A path given by a user.
pub fn user_path(data: &[u8]) {
    let Some(path) = text(data) else { return };
    for base in ["https://host.test", "https://host.test:8443/prefix"] {
        let Ok(target) = Target::from_user(path) else { return };
        let root = base.trim_start_matches("https://host.test").trim_start_matches(":8443");
        let Ok(url) = Url::parse(&format!("{base}{}", target.sent())) else {
            unreachable!("a path that gives no URL: {path:?}")
        };
        assert!(url.host_str() == Some("host.test") && url.username().is_empty() && url.password().is_none());
        assert_eq!(
            (url.port().is_some(), url.query(), url.fragment()),
            (base.contains("8443"), None, None)
        );
        let rest = url.path().strip_prefix(root).unwrap_or("outside");
        let same = percent_encoding::percent_decode_str(rest).eq(percent_encoding::percent_decode_str(target.sent()));
        assert!(same, "{path:?} becomes {}", url.path());
    }
}

/// A name and a value, in one segment and one query parameter each.
pub fn url_parts(data: &[u8]) {
    let Some(input) = text(data) else { return };
    let (name, value) = head(input);
    let target = Target::new("/x/")
        .query(name, value)
        .maybe("n", None)
        .query("last", value);
    let Ok(url) = Url::parse(&format!("https://host.test{}", target.sent())) else {
        unreachable!("a query that gives no URL: {}", target.sent())
    };
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    assert_eq!(
        pairs,
        [
            (name.to_owned(), value.to_owned()),
            ("last".to_owned(), value.to_owned())
        ]
    );
    let secret = Secret::new(value);
    let hidden = Target::new("/x/").secret_query(name, &secret);
    assert!(hidden.shown().ends_with(MASK) && hidden.sent().len() >= value.len());
    let Ok(target) = Target::new("/x/").segment("name", value) else {
        return;
    };
    let Ok(url) = Url::parse(&format!("https://host.test{}/y", target.sent())) else {
        unreachable!("a segment that gives no URL: {}", target.sent())
    };
    let segments: Vec<&str> = url.path_segments().into_iter().flatten().collect();
    let [_, found, "y"] = segments.as_slice() else {
        unreachable!("a segment that becomes several: {value:?}")
    };
    assert!(
        percent_encoding::percent_decode_str(found).eq(value.bytes()),
        "{value:?} becomes {found}"
    );
}
