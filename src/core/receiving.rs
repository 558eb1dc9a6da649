//! How an answer is taken in: as far as it may grow, with its list elements taken out while it comes.

use std::borrow::Cow;

use http::header::{HeaderMap, HeaderName};
use http::response::Parts;

use super::answer::{Answer, Buffer};
use super::cause::Broken;
use super::charset::{self, NotText};
use super::elements::{Cut, Elements};
use super::error::{Context, Error, Kind, Outcome};
use super::http_client::Body;
use super::offload::{Asked, PIECE_BYTES_MAX, from_worker, to_worker};
use super::request::Request;
use super::retry::{Effect, Failure};
use super::transport::{Attempt, Call};

/// What a server's Content-Length may make us set aside before a byte has come.
const PREALLOCATION_MAX: usize = 1024 * 1024;
/// Bytes that are copied while one is read.
const COPY_RATIO: usize = 64;
/// Of a refusal as much is read, decoded and kept: many times what is ever shown. The status has settled the call, so that a
/// flood behind it is nobody's loss.
const REFUSAL_BYTES_MAX: u64 = 256 * 1024;
static REQUEST_ID_HEADERS: [HeaderName; 4] = [
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("x-correlation-id"),
    HeaderName::from_static("request-id"),
    HeaderName::from_static("x-amzn-requestid"),
];

impl Call {
    /// Reads the body behind a head. Whatever ends it early leaves the head in its place, and in `context` how far it came.
    pub(super) async fn read(
        &self,
        request: &Request,
        head: &mut Option<Parts>,
        mut pieces: Body,
        context: &mut Context,
    ) -> Result<Attempt, Broken> {
        let is_good = head.as_ref().is_some_and(|head| head.status.is_success());
        let is_secret = request.secret_answer && is_good;
        if is_secret {
            pieces.hold_secret();
        }
        let announced = usize::try_from(pieces.announced().unwrap_or(0)).unwrap_or(usize::MAX);
        let mut body = Buffer::new(is_secret, announced.min(PREALLOCATION_MAX));
        let mut elements = request
            .elements
            .as_ref()
            .filter(|_| {
                is_good
                    && head
                        .as_ref()
                        .is_some_and(|head| charset::is_utf8_declared(&head.headers))
            })
            .map(|sink| Elements::new(sink()));
        let mut received: u64 = 0;
        let mut undecodable = None;
        let most = match is_good || request.whole_refusal {
            true => u64::MAX,
            false => REFUSAL_BYTES_MAX,
        };
        while received < most {
            match pieces.piece().await {
                Ok(None) => break,
                Ok(Some(piece)) => {
                    received += piece.len() as u64;
                    to_worker(body.copied_by(piece.len()) / COPY_RATIO, Asked::default).await;
                    body.extend(&piece);
                }
                Err(Broken::Content(error)) => {
                    undecodable = Some(error.to_string());
                    break;
                }
                Err(broken) => return Err(broken),
            }
            if received > self.settings.max_response_bytes {
                if let Some(answer) = self.without_body(request, head, context) {
                    return Ok(Ok(answer));
                }
                context.elapsed = self.elapsed();
                context.outcome = Some(Outcome::Unknown);
                let message = format!(
                    "the answer is larger than max_response_bytes ({})",
                    self.settings.max_response_bytes
                );
                let error = Error::new(Kind::UnexpectedContent, message, std::mem::take(context));
                return Ok(Err((Failure::Permanent, error)));
            }
            if let Some(elements) = elements.as_mut().filter(|elements| elements.is_due(&body)) {
                // As much is there only of one long element: others are taken with each piece.
                to_worker(body.as_slice().len().saturating_sub(PIECE_BYTES_MAX), Asked::default).await;
                elements.look(&mut body);
            }
            from_worker().await;
        }
        drop(pieces);
        to_worker(body.as_slice().len(), || self.giving_up(request, is_good, context)).await;
        let head = head.take().unwrap_or_else(|| http::Response::new(()).into_parts().0);
        let is_replaced = match &undecodable {
            None => match to_text(&mut body, &head.headers, is_good, request.any_content) {
                Ok(is_replaced) => is_replaced,
                Err(error) => {
                    undecodable = Some(error.to_string());
                    false
                }
            },
            Some(_) => {
                body = Buffer::default();
                false
            }
        };
        if is_replaced || elements.is_none() {
            // What was no UTF-8 while it came had to be complete first.
            elements = request
                .elements
                .as_ref()
                .filter(|_| is_good)
                .map(|sink| Elements::new(sink()));
        }
        let (elements, cut) = elements.map(|elements| elements.finish(&mut body)).unzip();
        let mut answer = self.answer(request, head, body, context);
        answer.elements = elements;
        answer.cut = cut.unwrap_or_default();
        match undecodable {
            // Its status says enough.
            Some(why) if !is_good => answer.context.aside = Some(answer.scrub(&why).into_owned()),
            Some(why) => return Ok(Err((Failure::Permanent, answer.unexpected(&why)))),
            None => {}
        }
        Ok(Ok(answer))
    }

    /// The deadline ends the work on an answer where nothing is lost by it. An answer to a change is worth waiting for: it
    /// tells whether it was applied.
    fn giving_up(&self, request: &Request, is_good: bool, context: &Context) -> Asked {
        if !is_good || request.effect != Effect::Read || self.is_part {
            return Asked::default();
        }
        let message = format!("the answer was not read within {:.3} s", self.limit.as_secs_f64());
        let mut error = self.masked(request, Error::new(Kind::Deadline, message, context.clone()));
        let call = self.clone();
        let late = move || {
            error.context_mut().elapsed = call.elapsed();
            call.tell_late(&error);
            error
        };
        Asked {
            late: Some((self.deadline, Box::new(late))),
        }
    }

    /// The answer where a head came whose status has settled the call, and a body that did not come whole: cut, late or
    /// too large. It is left out: half an explanation could say something else than the whole.
    pub(super) fn without_body(
        &self,
        request: &Request,
        head: &mut Option<Parts>,
        context: &mut Context,
    ) -> Option<Answer> {
        let head = head.take_if(|head| !head.status.is_success())?;
        let mut answer = self.answer(request, head, Buffer::default(), context);
        answer.is_whole = false;
        Some(answer)
    }

    fn answer(&self, request: &Request, head: Parts, body: Buffer, context: &mut Context) -> Answer {
        let reason = head.extensions.get::<hyper::ext::ReasonPhrase>();
        let reason = reason.map(|phrase| String::from_utf8_lossy(phrase.as_bytes()).into_owned());
        context.elapsed = self.elapsed();
        Answer {
            status: head.status.as_u16(),
            reason,
            headers: head.headers,
            body,
            is_whole: true,
            context: std::mem::take(context),
            secrets: request.all_secrets(&self.settings),
            elements: None,
            cut: Cut::default(),
        }
    }
}

/// Whether something else stands there now: the text, where the bytes were not in UTF-8. What people are told, and no
/// program reads, is taken as it is.
fn to_text(body: &mut Buffer, headers: &HeaderMap, is_good: bool, any_content: bool) -> Result<bool, NotText> {
    let text = match (is_good, any_content) {
        (true, true) => return Ok(false),
        (true, false) => charset::decode(headers, body.as_slice())?,
        (false, _) => charset::decode_lossy(headers, body.as_slice()),
    };
    let Cow::Owned(text) = text else { return Ok(false) };
    body.replace(text);
    Ok(true)
}

/// The server's own name for the exchange.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    let value = REQUEST_ID_HEADERS.iter().find_map(|name| headers.get(name))?;
    // Masked, and cut after that, where it is shown: a server may echo here what it was sent.
    value.to_str().ok().map(str::to_owned)
}
