//! `updateReviewItems`: everything is checked and written before the first byte goes out, and what came back is told
//! without claiming more than the server said.
//!
//! <https://pradeepkg.github.io/RSA/docs/review/updateReviewItems>

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Method;

use super::change::ReviewItemChange;
use super::review_answer::{self, ReviewItemResult, ReviewUpdate};
use super::review_xml::{self as document, ReviewUpdateRequest};
use super::session::GovernanceLifecycle;
use super::{command, page, review_match, xml};
use crate::core::answer::Answer;
use crate::core::body::Body;
use crate::core::decode::shorten;
use crate::core::error::{Error, Kind, Outcome};
use crate::core::request::Request;
use crate::core::retry::Effect;
use crate::core::transport::Call;

const OPERATION: &str = "update_review_items";
const COMMAND: &str = "updateReviewItems";
const RECIPE: &str = "repeat the same changes with same_state_ok=True: those that were applied count as done then";
/// Reasons that an error quotes.
const REASONS_SHOWN: usize = 3;

/// Told after each request: changes answered for, all changes, and those among them that are not known to be done. An
/// error ends the run.
pub type Progress = Arc<dyn Fn((usize, usize, usize)) -> BoxFuture<'static, Result<(), Error>> + Send + Sync>;

/// How to update.
#[derive(Clone, Default)]
pub struct UpdateOptions {
    /// Enables sign-off.
    pub sign_off: bool,
    /// Comment for the sign-off.
    pub sign_off_comments: Option<String>,
    /// Ignores the states and adds the comments only; not known by 7.1 and 7.2.
    pub comments_only: bool,
    /// Changes in one request; None sends all of them in one.
    pub chunk_size: Option<usize>,
    /// Whether an item that is in the wanted state already counts as done.
    pub same_state_ok: bool,
    /// Who wants to be told.
    pub on_progress: Option<Progress>,
}

/// The documents, each with the changes it holds.
fn documents<'c>(
    review: &str,
    changes: &'c [ReviewItemChange],
    options: &UpdateOptions,
    only_first: bool,
) -> Result<Vec<(&'c [ReviewItemChange], Bytes)>, Error> {
    let size = match options.chunk_size {
        Some(0) => return Err(Error::config("chunk_size: must be at least 1")),
        Some(size) => size,
        None => changes.len().max(1),
    };
    if options.sign_off && changes.len() > size {
        return Err(Error::config(
            "chunk_size: with sign_off all changes go in one request, as what signing off a part of them does is not documented",
        ));
    }
    let request = |changes: &'c [ReviewItemChange]| ReviewUpdateRequest {
        review,
        sign_off: options.sign_off,
        sign_off_comments: options.sign_off_comments.as_deref(),
        comments_only: options.comments_only,
        changes,
    };
    request(changes).check(0)?;
    let wanted = if only_first { 1 } else { usize::MAX };
    let chunks = changes.chunks(size).take(wanted);
    Ok(chunks
        .map(|chunk| (chunk, document::written(&request(chunk)).into()))
        .collect())
}

/// The document that would be sent first, for a dry run. All changes are checked.
pub fn review_xml(review: &str, changes: &[ReviewItemChange], options: &UpdateOptions) -> Result<Vec<u8>, Error> {
    let mut all = documents(review, changes, options, true)?;
    Ok(all.pop().map(|(_, bytes)| bytes.to_vec()).unwrap_or_default())
}

/// Changes the states of review items. An answer by which only some or none were updated is a result, not an error. Each
/// request has the client's timeout at most, and `call` bounds all of them together.
///
/// When a request after the first fails, the error is a partial failure that carries the result so far.
pub async fn update_review_items(
    client: &GovernanceLifecycle,
    call: &Call,
    review: &str,
    changes: &Arc<[ReviewItemChange]>,
    options: &UpdateOptions,
) -> Result<ReviewUpdate, Error> {
    let documents = documents(review, changes, options, false).map_err(|error| call.refuse(OPERATION, error))?;
    let mut sum = ReviewUpdate {
        changes: changes.clone(),
        ..ReviewUpdate::default()
    };
    let mut done = 0;
    let count = documents.len();
    for (number, (chunk, bytes)) in documents.into_iter().enumerate() {
        let part = send(client, &call.part(), chunk, bytes, done, options.same_state_ok).await;
        let part = match part {
            Ok(part) => part,
            Err(error) if number == 0 => return Err(error.settled_by(RECIPE)),
            Err(error) => return Err(interrupted(error, sum, changes, done, chunk.len(), (number + 1, count))),
        };
        add(&mut sum, part);
        done += chunk.len();
        if let Some(tell) = &options.on_progress {
            let open = sum.failed.len() + sum.unknown.len();
            let told = tell((done, changes.len(), open)).await;
            told.map_err(|error| stopped(error, &sum, changes, done))?;
        }
    }
    sum.ok = sum.failed.is_empty() && sum.unknown.is_empty();
    Ok(sum)
}

async fn send(
    client: &GovernanceLifecycle,
    call: &Call,
    changes: &[ReviewItemChange],
    bytes: Bytes,
    offset: usize,
    same_state_ok: bool,
) -> Result<ReviewUpdate, Error> {
    let request = Request::new(OPERATION, Method::POST, command::target(COMMAND), Effect::Unsafe)
        .body("application/xml", Body::Bytes(bytes));
    let answer = client.exchange(call, request).await?;
    let text = answer.scrub(&status_text(&answer)?).into_owned();
    match review_answer::parse(&text) {
        Some(parsed) if answer.is_success() || (answer.status == 412 && parsed.updated == 0) => {
            Ok(review_match::settle(parsed, changes, offset, same_state_ok, text))
        }
        _ => Err(refusal(&answer, &text)),
    }
}

/// The text with head and item lines, from whatever form it came in.
pub(crate) fn status_text(answer: &Answer) -> Result<String, Error> {
    if !answer.is_success() {
        let told = command::read(answer, COMMAND).ok().and_then(|result| result.status);
        return Ok(told.unwrap_or_else(|| page::message(answer)));
    }
    let result = command::read(answer, COMMAND)?;
    let text = match answer.bytes().trim_ascii_start().first() {
        Some(b'{') => {
            let told = [result.status, result.message];
            told.into_iter().flatten().collect::<Vec<_>>().join("\n")
        }
        Some(b'"') => serde_json::from_str(result.data.0.get()).unwrap_or_default(),
        _ => answer.text().into_owned(),
    };
    // The page says that XML comes back; a status that holds a document is read as its text.
    if text.trim_start().starts_with('<') {
        return xml::visible_text(&text).ok_or_else(|| answer.unexpected("the status is no well-formed XML"));
    }
    Ok(text)
}

pub(crate) fn refusal(answer: &Answer, text: &str) -> Error {
    let lower = text.to_ascii_lowercase();
    let message = shorten(&answer.scrub(text.trim()));
    if lower.contains("could not find a review") {
        return answer.error(Kind::NotFound, &message).with_hint(
            "review is the name of a review result, not of its definition; get_review_status(id).name gives it",
        );
    }
    if lower.contains("not an actionable state") || lower.contains("not in an actionable state") {
        return answer.error(Kind::Conflict, &message).with_hint(
            "only items of an active review can be changed: look at get_review_status, and set_review_state(id, 'active')",
        );
    }
    if !answer.is_success() {
        return page::explain(answer);
    }
    if lower.trim_start().starts_with("failure") {
        return answer.error(Kind::Api, &message);
    }
    answer.unexpected("the answer does not say how many review components were updated")
}

fn add(sum: &mut ReviewUpdate, part: ReviewUpdate) {
    sum.updated += part.updated;
    sum.total += part.total;
    sum.items.extend(part.items);
    sum.succeeded.extend(part.succeeded);
    sum.failed.extend(part.failed);
    sum.unknown.extend(part.unknown);
    sum.reasons.extend(part.reasons);
    if !sum.raw.is_empty() {
        sum.raw.push('\n');
    }
    sum.raw.push_str(&part.raw);
}

fn add_unanswered(
    sum: &mut ReviewUpdate,
    changes: &[ReviewItemChange],
    range: std::ops::Range<usize>,
    is_unknown: bool,
    reason: &str,
) {
    for (index, change) in changes.iter().enumerate().take(range.end).skip(range.start) {
        sum.total += 1;
        let list = if is_unknown { &mut sum.unknown } else { &mut sum.failed };
        let number = i64::try_from(index).unwrap_or(i64::MAX);
        list.push(number);
        sum.reasons.insert(number, reason.to_owned());
        sum.items.push(ReviewItemResult {
            label: change.label(),
            account: change.account.as_ref().map(|account| account.name.clone()),
            ok: false,
            reason: Some(reason.to_owned()),
        });
    }
    sum.ok = false;
}

/// A request after the first failed: what was answered before stands, the rest was not sent.
fn interrupted(
    error: Error,
    mut sum: ReviewUpdate,
    changes: &[ReviewItemChange],
    done: usize,
    length: usize,
    (number, count): (usize, usize),
) -> Error {
    let outcome = error.context().outcome;
    let is_unknown = outcome == Some(Outcome::Unknown);
    let end = done + length;
    add_unanswered(&mut sum, changes, done..end, is_unknown, error.message());
    add_unanswered(&mut sum, changes, end..changes.len(), false, "not sent");
    let message = format!(
        "request {number} of {count} failed, so {} of {} review components were updated and {} changes not sent: {}",
        sum.updated,
        sum.total,
        changes.len().saturating_sub(end),
        error.message()
    );
    let fate = if is_unknown {
        Outcome::Unknown
    } else {
        Outcome::Rejected
    };
    Error::new(Kind::PartialFailure, message, error.context().clone())
        .with_outcome(fate)
        .settled_by(RECIPE)
        .with_payload(sum)
}

/// The listener ended the run: its own error goes up, with the result so far if it carries nothing else.
fn stopped(error: Error, sum: &ReviewUpdate, changes: &[ReviewItemChange], done: usize) -> Error {
    if error.payload().is_some() {
        return error;
    }
    let mut sum = sum.clone();
    add_unanswered(&mut sum, changes, done..changes.len(), false, "not sent");
    error.with_payload(sum)
}

/// The error for a result that is not whole, for callers who want one.
pub fn partial_failure(call: &Call, update: ReviewUpdate) -> Error {
    let mut reasons: Vec<&str> = Vec::new();
    for item in update.items.iter().filter(|item| !item.ok) {
        let reason = item.reason.as_deref().unwrap_or_default().trim_end_matches('.');
        if !reason.is_empty() && !reasons.contains(&reason) && reasons.len() < REASONS_SHOWN {
            reasons.push(reason);
        }
    }
    let mut message = format!("{} of {} review components were updated", update.updated, update.total);
    if !reasons.is_empty() {
        message.push_str(": ");
        message.push_str(&shorten(&reasons.join("; ")));
    }
    let outcome = if update.unknown.is_empty() {
        Outcome::Rejected
    } else {
        Outcome::Unknown
    };
    Error::new(Kind::PartialFailure, message, call.context(OPERATION))
        .with_outcome(outcome)
        .with_hint("result.items has the reasons; result.failed and result.unknown are what to look at again")
        .with_payload(update)
}
