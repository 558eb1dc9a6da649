//! When a running call tells something to those who listen, and what.

use std::time::Duration;

use http::header::LOCATION;

use super::address::Address;
use super::answer::Answer;
use super::error::Error;
use super::event::{Event, Step};
use super::redact::{self, Known};
use super::request::Request;
use super::transport::Call;

/// Where a redirect leads. It is masked before it is made a URL, which changes how a secret is written in it.
pub(super) fn redirect_shown(current: &Address<'_>, answer: &Answer) -> String {
    let location = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let masked = answer.scrub(location.unwrap_or_default());
    let joined = current.url().join(&masked).ok();
    answer.shown_url(joined.as_ref().map_or(&*masked, |url| url.as_str()))
}

impl Call {
    /// Says what is odd about an answer that is used all the same.
    pub fn warn(&self, answer: &Answer, reason: String) {
        let Some(events) = &self.events else { return };
        let context = &answer.context;
        (events.take)(Event {
            step: Step::Warning {
                reason: answer.scrub(&reason).into_owned(),
            },
            system: self.settings().system,
            operation: context.operation.clone(),
            method: context.method.clone().unwrap_or_default(),
            url: redact::shown_url(context.url.as_deref().unwrap_or_default(), &answer.secrets),
            attempt: context.attempts,
            elapsed: self.elapsed(),
        });
    }

    /// Says that what is waited for has not ended.
    pub fn tell_wait(&self, operation: &str, delay: Duration) {
        let Some(events) = self.events.as_ref().filter(|events| events.is_verbose) else {
            return;
        };
        (events.take)(Event {
            step: Step::Wait { delay },
            system: self.settings().system,
            operation: operation.to_owned(),
            method: String::new(),
            url: self.settings().base.clone(),
            attempt: 0,
            elapsed: self.elapsed(),
        });
    }

    /// Says that an answer could not be read in time.
    pub(super) fn tell_late(&self, error: &Error) {
        let Some(events) = self.events.as_ref().filter(|events| events.is_verbose) else {
            return;
        };
        let context = error.context();
        (events.take)(Event {
            step: Step::Failure {
                reason: error.message().to_owned(),
            },
            system: self.settings().system,
            operation: context.operation.clone(),
            method: context.method.clone().unwrap_or_default(),
            url: context.url.clone().unwrap_or_default(),
            attempt: context.attempts,
            elapsed: context.elapsed,
        });
    }

    pub(super) fn tell(&self, request: &Request, shown: &str, number: u32, step: impl FnOnce() -> Step) {
        let Some(events) = self.events.as_ref().filter(|events| events.is_verbose) else {
            return;
        };
        (events.take)(Event {
            step: step(),
            system: self.settings().system,
            operation: request.operation.clone().into_owned(),
            method: request.method.to_string(),
            url: redact::shown_url(shown, &request.all_secrets(&self.settings)),
            attempt: number,
            elapsed: self.elapsed(),
        });
    }

    /// An error that no answer stands behind, without what the request must not show.
    pub(super) fn masked(&self, request: &Request, mut error: Error) -> Error {
        let secrets = request.all_secrets(&self.settings);
        redact::context(error.context_mut(), &secrets);
        let message = redact::without_known(error.message(), &Known::new(&secrets)).into_owned();
        error.with_message(message)
    }

    pub(super) fn tell_failure(&self, request: &Request, shown: &str, number: u32, error: &Error) {
        self.tell(request, shown, number, || Step::Failure {
            reason: error.message().to_owned(),
        });
    }
}
