//! `updateReviewItems`: everything was checked and written before the first byte goes out, and what came back is told
//! without claiming more than the server said.
//!
//! <https://pradeepkg.github.io/RSA/docs/review/updateReviewItems>

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Method;

use super::changes::{Changes, Document};
use super::page::Access;
use super::review_result::{Fate, ReviewUpdate, Settled};
use super::review_xml::Head;
use super::session::GovernanceLifecycle;
use super::{command, page, review_answer, review_match, xml};
use crate::core::answer::Answer;
use crate::core::body::Body;
use crate::core::decode::shorten;
use crate::core::error::{Error, Kind, Outcome};
use crate::core::redact;
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

/// What a run sends: its documents, one after another.
struct Run {
    head: Bytes,
    changes: Arc<Changes>,
    size: usize,
}

impl Run {
    fn new(review: &str, changes: &Arc<Changes>, options: &UpdateOptions) -> Result<Self, Error> {
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
        let head = Head {
            review,
            sign_off: options.sign_off,
            sign_off_comments: options.sign_off_comments.as_deref(),
            comments_only: options.comments_only,
        };
        let head = head.written()?.into();
        if changes.is_empty() {
            return Err(Error::config("changes: must not be empty"));
        }
        Ok(Self {
            head,
            changes: changes.clone(),
            size,
        })
    }

    fn count(&self) -> usize {
        self.changes.len().div_ceil(self.size)
    }

    fn documents(&self) -> impl Iterator<Item = Document> {
        (0..self.count()).map(|number| {
            let begin = number * self.size;
            Document {
                head: self.head.clone(),
                changes: self.changes.clone(),
                range: begin..(begin.saturating_add(self.size)).min(self.changes.len()),
            }
        })
    }
}

/// The documents that would be sent, for a dry run.
pub fn dry_run(review: &str, changes: &Arc<Changes>, options: &UpdateOptions) -> Result<ReviewUpdate, Error> {
    let run = Run::new(review, changes, options)?;
    let mut dry = ReviewUpdate::new(changes.clone(), options.same_state_ok);
    dry.total = i64::try_from(changes.len()).unwrap_or(i64::MAX);
    for document in run.documents() {
        dry.add_document(&document.whole());
    }
    Ok(dry)
}

/// Checks what a run would send, and gives how many changes go into one request.
///
/// # Errors
/// Whatever can't be sent.
pub fn chunk_size(review: &str, changes: &Arc<Changes>, options: &UpdateOptions) -> Result<usize, Error> {
    Run::new(review, changes, options).map(|run| run.size)
}

/// What became of a part of the changes, which was sent elsewhere.
pub enum Part {
    /// What the server said.
    Told(Arc<ReviewUpdate>),
    /// No answer tells of them, and why.
    Untold(Fate, String),
}

/// The parts of a run as one, in the order of the changes; each is `size` changes, the last one the rest.
pub fn merged(changes: &Arc<Changes>, size: usize, same_state_ok: bool, parts: &[Part]) -> ReviewUpdate {
    let mut sum = ReviewUpdate::new(changes.clone(), same_state_ok);
    for part in parts {
        let count = size.min(changes.len() - sum.told());
        match part {
            Part::Told(update) if sum.add_part(update, count) => {}
            Part::Told(_) => sum.add_gap(count, Fate::Unknown, "the answer tells of other changes"),
            Part::Untold(fate, reason) => sum.add_gap(count, *fate, reason),
        }
    }
    add_rest(&mut sum);
    sum
}

/// Changes the states of review items. An answer by which only some or none were updated is a result, not an error. Each
/// request has the client's timeout at most, and `call` bounds all of them together.
///
/// When a request fails, the later ones are not sent. If any of the changes may have been applied by then, the error is a
/// partial failure that carries the result so far.
pub async fn update_review_items(
    client: &GovernanceLifecycle,
    call: &Call,
    review: &str,
    changes: &Arc<Changes>,
    options: &UpdateOptions,
) -> Result<ReviewUpdate, Error> {
    let run = Run::new(review, changes, options).map_err(|error| call.refuse(OPERATION, error))?;
    let mut sum = ReviewUpdate::new(changes.clone(), options.same_state_ok);
    let count = run.count();
    for (number, document) in (1..).zip(run.documents()) {
        let range = document.range.clone();
        match send(client, &call.part(), document, options.same_state_ok).await {
            Ok((settled, text)) => sum.add_answer(settled, &text),
            Err(error) if number == 1 && (count == 1 || error.context().outcome != Some(Outcome::Unknown)) => {
                return Err(error.settled_by(RECIPE));
            }
            Err(error) => return Err(interrupted(error, sum, range.len(), (number, count))),
        }
        if let Some(tell) = &options.on_progress {
            let open = range.end - sum.count(Fate::Done);
            let told = tell((range.end, changes.len(), open)).await;
            told.map_err(|error| stopped(error, sum.clone()))?;
        }
    }
    Ok(sum)
}

async fn send(
    client: &GovernanceLifecycle,
    call: &Call,
    document: Document,
    same_state_ok: bool,
) -> Result<(Settled, String), Error> {
    let (changes, range) = (document.changes.clone(), document.range.clone());
    let request = Request::new(OPERATION, Method::POST, command::target(COMMAND), Effect::Unsafe)
        .body("application/xml", Body::Pieces(Arc::new(document)))
        .with_whole_refusal();
    let answer = client.exchange(call, request).await?;
    let text = status_text(&answer)?;
    // What the body counts comes before the status: a 412 may tell of a part that was done.
    let is_told = answer.is_success() || (400..500).contains(&answer.status);
    match review_answer::parse(&text).filter(|_| is_told) {
        Some(parsed) => {
            let count = range.len();
            let asked = changes.range(range).map(|(_, change)| change);
            let mut settled = review_match::settle(parsed, asked, count, same_state_ok);
            for (_, reason) in &mut settled.reasons {
                *reason = answer.without_known(reason).into_owned();
            }
            // Read first and masked then, or labels that look like secrets would fit no change.
            Ok((settled, answer.without_known(&text).into_owned()))
        }
        None => Err(smaller(refusal(&answer, &text, client.access()), range.len())),
    }
}

/// Says which size to try where the size was the matter.
fn smaller(error: Error, length: usize) -> Error {
    let matter = match error.context().status {
        Some(413) => {
            "the server or a gateway takes no body of this size: raise its limit (nginx: client_max_body_size)"
        }
        Some(504) if error.context().hint.is_some() => page::SLOW_HINT,
        _ => return error,
    };
    match length {
        0 | 1 => error,
        _ => error.with_hint(format!(
            "{matter}, or send fewer changes in one request, such as chunk_size={}",
            length.div_ceil(2)
        )),
    }
}

/// The text with head and item lines, as it came, from whatever form it came in.
pub(crate) fn status_text(answer: &Answer) -> Result<String, Error> {
    // The product's error pages are HTML; some come with a 200.
    if answer.is_html() {
        return Ok(page::message(answer));
    }
    if !answer.is_success() {
        let told = command::read(answer, COMMAND).ok().map(told);
        return Ok(told
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| page::message(answer)));
    }
    let is_document = matches!(
        answer.bytes().trim_ascii_start().first(),
        None | Some(b'{' | b'[' | b'"' | b'<')
    );
    let text = match command::read(answer, COMMAND) {
        Ok(result)
            if !result
                .r#type
                .as_deref()
                .is_none_or(|told| told.eq_ignore_ascii_case(COMMAND)) =>
        {
            return Err(answer.unexpected(&format!("this is no answer to {COMMAND}: its `type` is another one")));
        }
        Err(unreadable) if is_document => return Err(unreadable),
        Ok(result) => match answer.bytes().trim_ascii_start().first() {
            Some(b'{') => told(result),
            Some(b'"') => serde_json::from_str(result.data.0.get()).unwrap_or_default(),
            _ => answer.text().into_owned(),
        },
        // The text alone, without its key.
        Err(_) => answer.text().into_owned(),
    };
    // The page says that XML comes back; a status that holds a document is read as its text.
    if text.trim_start().starts_with('<') {
        return xml::visible_text(&text).ok_or_else(|| answer.unexpected("the status is no well-formed XML"));
    }
    Ok(text)
}

fn told(result: command::CommandResult) -> String {
    let told = [result.status, result.message];
    told.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

pub(crate) fn refusal(answer: &Answer, text: &str, access: Access) -> Error {
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
        return page::explain(answer, access);
    }
    if answer.is_html() {
        return answer.unexpected("the answer is an HTML page");
    }
    if command::says_failure(text) {
        return answer.error(Kind::Api, &message);
    }
    answer.unexpected("the answer does not say how many review components were updated")
}

/// A request failed: what was answered before stands, the rest was not sent.
fn interrupted(error: Error, mut sum: ReviewUpdate, length: usize, (number, count): (usize, usize)) -> Error {
    let is_unknown = error.context().outcome == Some(Outcome::Unknown);
    let (fate, outcome) = if is_unknown {
        (Fate::Unknown, Outcome::Unknown)
    } else {
        (Fate::NotDone, Outcome::Rejected)
    };
    sum.add_gap(length, fate, error.message());
    let left = add_rest(&mut sum);
    let message = format!(
        "request {number} of {count} failed, so {} of {} review components were updated and {left} changes not sent: {}",
        sum.updated,
        sum.total,
        error.message()
    );
    Error::new(Kind::PartialFailure, message, error.context().clone())
        .with_outcome(outcome)
        .settled_by(RECIPE)
        .with_payload(sum)
}

/// Notes that the rest was not sent; gives how many changes that are.
fn add_rest(sum: &mut ReviewUpdate) -> usize {
    let left = sum.changes.len() - sum.told();
    sum.add_gap(left, Fate::NotDone, "not sent");
    left
}

/// The listener ended the run: its own error goes up, with the result so far if it carries nothing else.
fn stopped(error: Error, mut sum: ReviewUpdate) -> Error {
    if error.payload().is_some() {
        return error;
    }
    add_rest(&mut sum);
    error.with_payload(sum)
}

/// The error for a result that is not whole, for callers who want one.
pub fn partial_failure(call: &Call, update: ReviewUpdate) -> Error {
    let mut reasons: Vec<String> = Vec::new();
    for item in update.items().filter(|item| !item.ok) {
        let reason = item.reason.unwrap_or_default();
        let reason = redact::scrub(reason.trim_end_matches('.'), &[]).into_owned();
        if !reason.is_empty() && !reasons.contains(&reason) {
            reasons.push(reason);
        }
        if reasons.len() == REASONS_SHOWN {
            break;
        }
    }
    let mut message = format!("{} of {} review components were updated", update.updated, update.total);
    if !reasons.is_empty() {
        message.push_str(": ");
        message.push_str(&shorten(&reasons.join("; ")));
    }
    let outcome = if update.count(Fate::Unknown) == 0 {
        Outcome::Rejected
    } else {
        Outcome::Unknown
    };
    Error::new(Kind::PartialFailure, message, call.context(OPERATION))
        .with_outcome(outcome)
        .with_hint("result.items has the reasons; result.failed and result.unknown are what to look at again")
        .with_payload(update)
}

/// The result that a partial failure carries, for callers who want no error of it.
///
/// # Errors
/// Any other error, as it is.
pub fn known_part(error: Error) -> Result<ReviewUpdate, Error> {
    let known = error.payload().and_then(|known| known.downcast_ref::<ReviewUpdate>());
    match known {
        Some(known) if error.kind() == Kind::PartialFailure => Ok(known.clone()),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::super::change::{Group, Item, ReviewItemChange};
    use super::*;

    fn changes(count: usize) -> Arc<Changes> {
        let made = (0..count).map(|number| ReviewItemChange {
            state: "revoke".to_owned(),
            reviewee: format!("u{number}"),
            item: Item::Group(Group {
                name: "g".to_owned(),
                business_source: "b".to_owned(),
            }),
            account: None,
            comments: None,
            expires_on: None,
        });
        Arc::new(Changes::collect(&made.collect::<Vec<_>>()).unwrap())
    }

    fn answered(fates: &[Fate], reasons: &[(usize, &str)]) -> Part {
        let done = fates.iter().filter(|fate| **fate == Fate::Done).count();
        let mut update = ReviewUpdate::new(changes(fates.len()), false);
        update.add_answer(
            Settled {
                updated: i64::try_from(done).unwrap(),
                total: i64::try_from(fates.len()).unwrap(),
                fates: fates.to_vec(),
                reasons: reasons.iter().map(|(at, text)| (*at, (*text).to_owned())).collect(),
            },
            "text",
        );
        Part::Told(Arc::new(update))
    }

    #[test]
    fn parts_are_one_result_in_the_order_of_the_changes() {
        let all = changes(10);
        let parts = [
            answered(&[Fate::Done, Fate::NotDone, Fate::Done], &[(1, "locked")]),
            Part::Untold(Fate::Unknown, "died".to_owned()),
            answered(
                &[Fate::NotDone, Fate::Done, Fate::NotDone],
                &[(0, "locked"), (2, "gone")],
            ),
            Part::Untold(Fate::NotDone, "not sent".to_owned()),
        ];
        let sum = merged(&all, 3, false, &parts);
        assert_eq!((sum.updated, sum.total, sum.ok), (3, 10, false));
        assert_eq!(sum.indexes(Fate::Done).collect::<Vec<_>>(), [0, 2, 7]);
        assert_eq!(sum.indexes(Fate::Unknown).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(sum.indexes(Fate::NotDone).collect::<Vec<_>>(), [1, 6, 8, 9]);
        let reasons: Vec<_> = (0..10).map(|index| sum.reason(index).unwrap_or_default()).collect();
        assert_eq!(
            reasons,
            [
                "", "locked", "", "died", "died", "died", "locked", "", "gone", "not sent"
            ]
        );
        assert_eq!(sum.texts().collect::<Vec<_>>(), ["text", "text"]);
    }

    #[test]
    fn an_answer_about_other_changes_tells_nothing_and_what_lacks_was_not_sent() {
        let sum = merged(&changes(4), 2, false, &[answered(&[Fate::Done], &[])]);
        assert_eq!(sum.indexes(Fate::Unknown).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(sum.indexes(Fate::NotDone).collect::<Vec<_>>(), [2, 3]);
        let whole = [answered(&[Fate::Done, Fate::Done], &[])];
        assert!(merged(&changes(2), 2, false, &whole).ok);
    }
}
