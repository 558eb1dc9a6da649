//! Faults on demand: what can go wrong between a client and a server, ordered for the next requests or for all.
//! They are consulted when a request has been read, and again when its answer is written.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::exchange::{Answer, Request};
use super::journal::Filter;
use super::{governance_lifecycle, sectona};
use crate::core::error::System;

const LOGIN_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Log in</title></head><body><form action=\"/login\" \
    method=\"post\"><input name=\"user\"><input name=\"password\" type=\"password\"></form></body></html>";

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropPoint {
    /// Before the request's body is read: nothing is applied.
    Before,
    /// When the request has been applied, before any byte of the answer.
    After,
    /// In the middle of the answer's body; the request has been applied.
    MidBody,
}

/// Where a redirect leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// To this path on the sandbox itself.
    SameOrigin(String),
    /// To this address.
    To(String),
}

/// What is to go wrong. Several parts can be combined: `delay` and `status`, say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// The requests it is for.
    pub filter: Filter,
    /// How many requests it is for; None is all, until `clear`.
    pub times: Option<u32>,
    /// How many matching requests are let through first.
    pub skip: u32,
    /// Answers with this status instead of doing the work.
    pub status: Option<u16>,
    /// The body that goes with it; without one, the page or JSON that the system would send.
    pub body: Option<Bytes>,
    /// The content type of the answer, whichever it is.
    pub content_type: Option<String>,
    /// Refuses with this code in the system's own form: an envelope's `LogCode`, a failure text, a `detail`.
    pub code: Option<String>,
    /// Cuts the connection.
    pub drop: Option<DropPoint>,
    /// Gives no answer until the client goes away or the sandbox stops.
    pub hang: bool,
    /// Waits before the work is done.
    pub delay: Option<Duration>,
    /// Cuts the answer's body to this many bytes, in an answer that is otherwise sound.
    pub truncate: Option<usize>,
    /// Sends the answer's body byte by byte, with this pause after each.
    pub drip: Option<Duration>,
    /// Puts so many blanks before the answer's body.
    pub oversize: Option<usize>,
    /// The same, compressed: a small answer that unpacks to so many bytes.
    pub bomb: Option<usize>,
    /// Answers 200 with a login page.
    pub html: bool,
    /// Makes the answer's JSON unreadable.
    pub broken_json: bool,
    /// Answers 302 (or `status`) with a `Location`.
    pub redirect: Option<Redirect>,
    /// Adds `Retry-After`: seconds or a date, as given.
    pub retry_after: Option<String>,
    /// Answers `Connection: close`.
    pub close: bool,
    /// Does the work although another answer (or none) is given.
    pub apply: bool,
}

impl Fault {
    /// Whether the system's own answer is not used.
    fn replaces_answer(&self) -> bool {
        self.status.is_some() || self.code.is_some() || self.html || self.redirect.is_some() || self.body.is_some()
    }

    /// Whether the request is to be carried out.
    pub(crate) fn does_the_work(&self) -> bool {
        self.apply || !(self.replaces_answer() || self.hang || self.drop == Some(DropPoint::Before))
    }

    /// The answer that goes out.
    pub(crate) fn reshape(&self, request: &Request, system: Option<System>, own: Answer, url: &str) -> Answer {
        let applied = own.applied;
        let mut answer = if self.replaces_answer() {
            self.replacement(request, system, url)
        } else {
            own
        };
        answer.applied = applied;
        if let Some(content_type) = &self.content_type {
            answer
                .headers
                .retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            answer = answer.with("Content-Type", content_type.as_str());
        }
        if let Some(value) = &self.retry_after {
            answer = answer.with("Retry-After", value.as_str());
        }
        if self.close {
            answer = answer.with("Connection", "close");
        }
        if self.broken_json {
            let half = answer.body.slice(..answer.body.len() / 2);
            answer.body = Bytes::from([half.as_ref(), b"\x00{]"].concat());
        }
        if let Some(length) = self.oversize.or(self.bomb) {
            let mut padded = vec![b' '; length];
            padded.extend_from_slice(&answer.body);
            answer.body = Bytes::from(padded);
        }
        if self.bomb.is_some() {
            answer.body = gzipped(&answer.body);
            answer = answer.with("Content-Encoding", "gzip");
        }
        if let Some(length) = self.truncate {
            answer.body.truncate(length);
        }
        answer
    }

    fn replacement(&self, request: &Request, system: Option<System>, url: &str) -> Answer {
        if let Some(redirect) = &self.redirect {
            let location = match redirect {
                Redirect::SameOrigin(path) => format!("{url}{path}"),
                Redirect::To(address) => address.clone(),
            };
            return Answer::html(self.status.unwrap_or(302), "").with("Location", location);
        }
        if self.html {
            return Answer::html(self.status.unwrap_or(200), LOGIN_PAGE);
        }
        let answer = match &self.code {
            Some(code) => coded(request, system, code, self.status),
            None => plain(request, system, self.status.unwrap_or(200)),
        };
        match &self.body {
            Some(body) => Answer {
                body: body.clone(),
                ..answer
            },
            None => answer,
        }
    }
}

fn gzipped(body: &[u8]) -> Bytes {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail.
    let _ = packer.write_all(body);
    packer.finish().map(Bytes::from).unwrap_or_default()
}

fn coded(request: &Request, system: Option<System>, code: &str, status: Option<u16>) -> Answer {
    match system {
        Some(System::Sectona) => sectona::refusal(request, code, status.unwrap_or(200)),
        Some(System::GovernanceLifecycle) => match status {
            Some(status) => governance_lifecycle::error_page(request, status, code),
            None => {
                let command = request.parameter("cmd").unwrap_or_default();
                Answer::json(
                    200,
                    &json!({"data": {"type": command, "status": "failure", "message": code}}),
                )
            }
        },
        Some(System::BambooAgents) => {
            let status = status.unwrap_or(400);
            Answer::json(status, &json!({"message": code, "status-code": status}))
        }
        Some(System::SdElements) | None => Answer::json(status.unwrap_or(400), &json!({"detail": code})),
    }
}

fn plain(request: &Request, system: Option<System>, status: u16) -> Answer {
    let reason = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|code| code.canonical_reason())
        .unwrap_or("Error");
    match system {
        Some(System::GovernanceLifecycle) => governance_lifecycle::error_page(request, status, reason),
        Some(System::SdElements) => Answer::json(status, &json!({"detail": format!("{reason}.")})),
        _ => Answer::html(
            status,
            format!("<html><head><title>{reason}</title></head><body><h1>{reason}</h1></body></html>"),
        ),
    }
}

/// The faults ordered so far, oldest first.
#[derive(Default)]
pub struct Faults {
    ordered: Mutex<Vec<Fault>>,
}

impl Faults {
    fn ordered(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.ordered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Orders a fault. Of several that match a request, the oldest strikes.
    pub fn add(&self, fault: Fault) {
        if fault.times != Some(0) {
            self.ordered().push(fault);
        }
    }

    /// Takes back all faults.
    pub fn clear(&self) {
        self.ordered().clear();
    }

    /// How many faults are still to come or lasting.
    pub fn pending(&self) -> usize {
        self.ordered().len()
    }

    /// The fault that strikes a request, used up by this call. `head_only` asks for those only that strike before the
    /// body is read; the others stay as they are.
    pub(crate) fn strike(
        &self,
        system: Option<System>,
        operation: &str,
        method: &str,
        head_only: bool,
    ) -> Option<Fault> {
        let mut ordered = self.ordered();
        let mut position = None;
        for (index, fault) in ordered.iter_mut().enumerate() {
            if !fault.filter.matches(system, operation, method) {
                continue;
            }
            if head_only && (fault.skip > 0 || fault.drop != Some(DropPoint::Before)) {
                return None;
            }
            if fault.skip == 0 {
                position = Some(index);
                break;
            }
            fault.skip -= 1;
        }
        let index = position?;
        let fault = ordered.get_mut(index)?;
        let struck = fault.clone();
        match &mut fault.times {
            Some(1) => drop(ordered.remove(index)),
            Some(times) => *times -= 1,
            None => {}
        }
        Some(struck)
    }
}
