//! What `fuzz/` runs: each function feeds any bytes to one decoder and checks what must always hold. Behind the feature
//! `fuzzing`, which no wheel has. `tests/rust/fuzz_corpus.rs` replays the inputs of `fuzz/corpus` through the same
//! functions.
//!
//! Where a decoder takes more than one thing the first line of the input is the head: a status, a secret, a count. In
//! bodies [`MARK`] stands for the secret of the call.

mod bamboo_agents;
mod governance_lifecycle;
mod sd_elements;
mod sectona;
mod shared;

pub use bamboo_agents::{bamboo_text, bamboo_tokens};
pub use governance_lifecycle::{gl_answer, gl_coverage, gl_review};
pub use sd_elements::{sde_error, sde_page};
pub use sectona::{sectona_answer, sectona_date, sectona_password};
pub use shared::{html_page, redaction, retry_waits, stored_record, url_base, url_parts, user_path};

use crate::core::answer::Answer;
use crate::core::decode::{html_text, unescape};
use crate::core::error::{Error, Outcome};

/// One entry point.
pub type EntryPoint = fn(&[u8]);

/// All entry points by the name of their target and of their folder in the corpus.
pub const TARGETS: [(&str, EntryPoint); 17] = [
    ("bamboo_text", bamboo_text),
    ("bamboo_tokens", bamboo_tokens),
    ("gl_answer", gl_answer),
    ("gl_coverage", gl_coverage),
    ("gl_review", gl_review),
    ("html_page", html_page),
    ("redaction", redaction),
    ("retry_after", retry_waits),
    ("sde_error", sde_error),
    ("sde_page", sde_page),
    ("sectona_answer", sectona_answer),
    ("sectona_date", sectona_date),
    ("sectona_password", sectona_password),
    ("stored_record", stored_record),
    ("url_base", url_base),
    ("user_path", user_path),
    ("url_parts", url_parts),
];

/// Stands in bodies for the secret of the call.
const MARK: &str = "@@";
/// The secret of every call, and the part by which it would still be known.
const TOKEN: &str = "ws12:ab:-3f.01";
const TOKEN_PART: &str = "ws12";

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

fn head(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

fn answer(status: u16, reason: Option<&str>, body: &str, is_secret: bool) -> Answer {
    Answer::made(status, reason, body, is_secret, &[TOKEN])
}

/// `STATUS rest of the head`, then a body. None if the token stands in it beside the marks: then nothing tells what
/// comes from where.
fn exchange(data: &[u8]) -> Option<(u16, &str, String)> {
    let (first, body) = head(text(data)?);
    let (status, rest) = first.split_once(' ').unwrap_or((first, ""));
    let status = status.parse().ok().filter(|status| (200..600).contains(status))?;
    let bare = body.replace(MARK, "");
    let seen = [
        first,
        body,
        &bare,
        &unescape(&bare),
        &html_text(body),
        &html_text(&bare),
    ];
    if seen
        .iter()
        .any(|text| text.contains(TOKEN_PART) || text.contains("\\u00"))
    {
        return None;
    }
    Some((status, rest, body.replace(MARK, TOKEN)))
}

fn never_shows_the_token(error: &Error) {
    let shown = format!("{error} {error:?} {:?}", error.context());
    assert!(!shown.contains(TOKEN_PART), "a secret is shown: {shown}");
}

fn has_the_outcome_of(error: &Error, status: u16) {
    let rejected = matches!(status, 400..=499);
    let expected = if rejected { Outcome::Rejected } else { Outcome::Unknown };
    assert_eq!(error.context().outcome, Some(expected), "{status}");
}
