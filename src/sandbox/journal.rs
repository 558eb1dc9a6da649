//! The journal of a sandbox: every request that it received, with all secrets masked before they are stored.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::exchange::Request;
use super::masking::Masker;
use crate::core::error::System;

/// Older entries are dropped beyond this number.
const MAX_ENTRIES: usize = 20_000;
/// A longer body is not kept, only its size.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// One request that the sandbox received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Counts up from 1; `clear` does not reset it.
    pub sequence: u64,
    /// The system addressed; None for a path that belongs to none.
    pub system: Option<System>,
    /// A stable name such as `tokens.create`, `updateReviewItems` or `jobs.alm.start`; empty when nothing fits.
    pub operation: String,
    /// The HTTP method.
    pub method: String,
    /// Path and query, masked.
    pub target: String,
    /// Header names in lower case with their masked values, in the order received.
    pub headers: Vec<(String, String)>,
    /// The body as text, masked.
    pub body: String,
    /// Size of the body as received.
    pub body_bytes: usize,
    /// The status answered; None while there is no answer, and for good when none was given.
    pub status: Option<u16>,
    /// Whether the request changed the state of the sandbox (handing out a secret counts: the vault records it).
    pub applied: bool,
    /// The client's port: tells connections apart.
    pub peer_port: u16,
}

impl Entry {
    /// The masked value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Selects entries; what is None does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The system addressed.
    pub system: Option<System>,
    /// The operation's name; one that ends in `*` selects all that begin like it.
    pub operation: Option<String>,
    /// The HTTP method, in any letter case.
    pub method: Option<String>,
}

impl Filter {
    /// Selects what one system received.
    pub fn system(system: System) -> Filter {
        Filter {
            system: Some(system),
            ..Filter::default()
        }
    }

    /// Selects one operation.
    pub fn operation(name: &str) -> Filter {
        Filter {
            operation: Some(name.to_owned()),
            ..Filter::default()
        }
    }

    fn selects(&self, entry: &Entry) -> bool {
        self.matches(entry.system, &entry.operation, &entry.method)
    }

    /// Whether a request is selected.
    pub fn matches(&self, system: Option<System>, operation: &str, method: &str) -> bool {
        let named = |wanted: &String| match wanted.strip_suffix('*') {
            Some(start) => operation.starts_with(start),
            None => operation == wanted,
        };
        self.system.is_none_or(|wanted| system == Some(wanted))
            && self.operation.as_ref().is_none_or(named)
            && self
                .method
                .as_ref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
    }
}

#[derive(Default)]
struct Pages {
    entries: VecDeque<Entry>,
    next: u64,
    masker: Masker,
}

/// The requests received so far.
#[derive(Default)]
pub struct Journal {
    pages: Mutex<Pages>,
}

impl Journal {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds text that must not appear in any later entry.
    pub(crate) fn protect(&self, secrets: impl IntoIterator<Item = String>) {
        self.pages().masker.protect(secrets);
    }

    /// Writes down a request when it has been read, and gives its sequence number.
    pub(crate) fn begin(&self, request: &Request, system: Option<System>, operation: &str, peer_port: u16) -> u64 {
        let mut pages = self.pages();
        let masker = &pages.masker;
        let body = if request.body.len() > MAX_BODY_BYTES {
            format!("({} bytes, not kept)", request.body.len())
        } else {
            masker.body(system, operation, &String::from_utf8_lossy(&request.body))
        };
        let entry = Entry {
            sequence: pages.next + 1,
            system,
            operation: masker.text(operation),
            method: request.method.clone(),
            target: masker.target(&request.path, &request.raw_query),
            headers: masker.headers(&request.headers),
            body,
            body_bytes: request.body.len(),
            status: None,
            applied: false,
            peer_port,
        };
        pages.next += 1;
        if pages.entries.len() >= MAX_ENTRIES {
            pages.entries.pop_front();
        }
        pages.entries.push_back(entry);
        pages.next
    }

    /// Adds what became of a request.
    pub(crate) fn finish(&self, sequence: u64, status: Option<u16>, applied: bool) {
        if let Some(entry) = self
            .pages()
            .entries
            .iter_mut()
            .rev()
            .find(|entry| entry.sequence == sequence)
        {
            entry.status = status;
            entry.applied = applied;
        }
    }

    /// All entries, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.select(&Filter::default())
    }

    /// The entries that a filter selects, oldest first.
    pub fn select(&self, filter: &Filter) -> Vec<Entry> {
        let selected = |entry: &&Entry| filter.selects(entry);
        self.pages().entries.iter().filter(selected).cloned().collect()
    }

    /// How many entries a filter selects.
    pub fn count(&self, filter: &Filter) -> usize {
        let selected = |entry: &&Entry| filter.selects(entry);
        self.pages().entries.iter().filter(selected).count()
    }

    /// The newest entry that a filter selects.
    pub fn last(&self, filter: &Filter) -> Option<Entry> {
        let selected = |entry: &&Entry| filter.selects(entry);
        self.pages().entries.iter().rev().find(selected).cloned()
    }

    /// Forgets all entries.
    pub fn clear(&self) {
        self.pages().entries.clear();
    }
}
