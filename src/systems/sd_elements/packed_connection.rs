//! A connection in as few bytes as there is to tell. The jobs of a list that come with the same one share it.

use std::any::Any;
use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::job::Connection;
use super::usual::{flag, is_null, number, object, text, unknown, usual};
use crate::core::record::{Extra, Params};
use crate::core::scan::{Scan, Stop};
use crate::core::texts::Texts;

/// The texts of a connection.
#[derive(Clone, Copy)]
pub enum ConnectionText {
    /// Its name.
    Alias,
    /// The product at its other end.
    System,
    /// How often it runs.
    Frequency,
    /// The integration that runs.
    Command,
    /// Its settings, as they came.
    Params,
}

/// What is true or false of a connection.
#[derive(Clone, Copy)]
pub enum ConnectionFlag {
    /// Its other end can't be reached.
    Inaccessible,
    /// It runs.
    InProgress,
    /// It logs more than usual.
    DebugMode,
}

/// One connection, without its kind: that is the job's. Clones share it.
#[derive(Clone)]
pub struct PackedConnection(Arc<Packed>);

struct Packed {
    id: Option<i64>,
    project: Option<i64>,
    texts: Texts<5>,
    flags: [Option<bool>; 3],
    extra: Option<Box<Extra>>,
    was_read: AtomicBool,
    kept: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl PackedConnection {
    /// None if it is too large.
    pub fn of(connection: &Connection) -> Option<Self> {
        let text = |text: &'_ Option<String>| text.clone().map(Cow::Owned);
        let params = connection.params.as_ref().map(|params| Cow::Borrowed(params.0.get()));
        let parts = Parts {
            id: connection.id,
            project: connection.project,
            texts: [
                text(&connection.alias),
                text(&connection.system),
                text(&connection.frequency),
                text(&connection.command),
                params,
            ],
            flags: [connection.inaccessible, connection.in_progress, connection.debug_mode],
            extra: connection.extra.clone(),
        };
        parts.packed()
    }

    /// As a record.
    pub fn connection(&self, kind: &str) -> Connection {
        let text = |text| self.text(text).map(str::to_owned);
        let params = text(ConnectionText::Params).and_then(|text| RawValue::from_string(text).ok());
        Connection {
            id: self.id(),
            alias: text(ConnectionText::Alias),
            system: text(ConnectionText::System),
            frequency: text(ConnectionText::Frequency),
            command: text(ConnectionText::Command),
            params: params.map(Params),
            project: self.project(),
            inaccessible: self.flag(ConnectionFlag::Inaccessible),
            in_progress: self.flag(ConnectionFlag::InProgress),
            debug_mode: self.flag(ConnectionFlag::DebugMode),
            kind: kind.to_owned(),
            extra: self.extra().cloned().unwrap_or_default(),
        }
    }

    /// Its id.
    pub fn id(&self) -> Option<i64> {
        self.0.id
    }

    /// Its project.
    pub fn project(&self) -> Option<i64> {
        self.0.project
    }

    /// One of its texts.
    pub fn text(&self, text: ConnectionText) -> Option<&str> {
        self.0.texts.get(text as usize)
    }

    /// What is true or false of it.
    pub fn flag(&self, flag: ConnectionFlag) -> Option<bool> {
        self.0.flags.get(flag as usize).copied().flatten()
    }

    /// Its unknown fields.
    pub fn extra(&self) -> Option<&Extra> {
        self.0.extra.as_deref()
    }

    /// Whether both are one.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What was made of it and kept with it, to be made no third time.
    pub fn kept<T: Any>(&self) -> Option<&T> {
        self.0.kept.get()?.downcast_ref()
    }

    /// Keeps what was made of it, if that was made before.
    pub fn keep_second<T: Any + Send + Sync>(&self, make: impl FnOnce() -> Option<T>) {
        if self.0.was_read.swap(true, Ordering::Relaxed)
            && let Some(made) = make()
        {
            drop(self.0.kept.set(Box::new(made)));
        }
    }
}

#[derive(Default)]
struct Parts<'t> {
    id: Option<i64>,
    project: Option<i64>,
    texts: [Option<Cow<'t, str>>; 5],
    flags: [Option<bool>; 3],
    extra: Extra,
}

impl Parts<'_> {
    fn packed(self) -> Option<PackedConnection> {
        Some(PackedConnection(Arc::new(Packed {
            id: self.id,
            project: self.project,
            texts: Texts::of(&self.texts)?,
            flags: self.flags,
            extra: (!self.extra.0.is_empty()).then(|| Box::new(self.extra)),
            was_read: AtomicBool::new(false),
            kept: OnceLock::new(),
        })))
    }
}

/// How many connections of one list are told apart.
const SEATS: usize = 256;
/// A longer one is read every time.
const LENGTH_MAX: usize = 4096;
/// So many bytes at its beginning tell one from another.
const BEGINNING: usize = 96;
/// After so many in vain, nobody looks any more.
const TRIES: u32 = 512;

/// The connections that a list brought so far. It lives as long as the list is read.
#[derive(Default)]
pub struct Known {
    seats: Vec<Option<(Zeroizing<String>, PackedConnection)>>,
    tries: u32,
    hits: u32,
}

impl Known {
    /// Reads the next value: an object whose fields are of the documented types, or null. None for anything else.
    pub(super) fn read(&mut self, scan: &mut Scan<'_>) -> Result<Option<Option<PackedConnection>>, Stop> {
        if scan.peek()? != b'{' {
            return Ok(is_null(scan)?.then_some(None));
        }
        if self.tries >= TRIES && self.hits < self.tries / 4 {
            return usual_connection(scan);
        }
        self.tries = self.tries.saturating_add(1);
        let rest = scan.rest();
        let seat = seat_of(rest);
        if let Some(Some((text, connection))) = self.seats.get(seat)
            // The text of a whole object: whatever begins like it is the same object.
            && rest.starts_with(text.as_str())
        {
            self.hits = self.hits.saturating_add(1);
            scan.skip(text.len());
            return Ok(Some(Some(connection.clone())));
        }
        let start = scan.at();
        let read = usual_connection(scan)?;
        let text = rest.get(..scan.at() - start).filter(|text| text.len() <= LENGTH_MAX);
        if let (Some(Some(connection)), Some(text)) = (&read, text) {
            self.seats.resize_with(SEATS, || None);
            if let Some(place) = self.seats.get_mut(seat) {
                *place = Some((Zeroizing::new(text.to_owned()), connection.clone()));
            }
        }
        Ok(read)
    }
}

fn seat_of(text: &str) -> usize {
    let bytes = text.as_bytes();
    let beginning = bytes.get(..BEGINNING).unwrap_or(bytes);
    let (words, _) = beginning.as_chunks::<8>();
    let mixed = words.iter().fold(0_u64, |mixed, word| {
        (mixed ^ u64::from_le_bytes(*word))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(23)
    });
    mixed as usize % SEATS
}

fn usual_connection(scan: &mut Scan<'_>) -> Result<Option<Option<PackedConnection>>, Stop> {
    let mut parts = Parts::default();
    let mut is_first = true;
    scan.enter()?;
    while let Some(key) = scan.key(is_first)? {
        is_first = false;
        let Some(key) = key.plain() else { return Ok(None) };
        let [alias, system, frequency, command, params] = &mut parts.texts;
        let [inaccessible, in_progress, debug_mode] = &mut parts.flags;
        match key {
            "id" => parts.id = usual!(number(scan)),
            "alias" => *alias = usual!(text(scan)),
            "system" => *system = usual!(text(scan)),
            "frequency" => *frequency = usual!(text(scan)),
            "command" => *command = usual!(text(scan)),
            "params" => *params = usual!(object(scan)),
            "project" => parts.project = usual!(number(scan)),
            "inaccessible" => *inaccessible = usual!(flag(scan)),
            "in_progress" => *in_progress = usual!(flag(scan)),
            "debug_mode" => *debug_mode = usual!(flag(scan)),
            _ => usual!(unknown(scan, key, &mut parts.extra)),
        }
    }
    Ok(parts.packed().map(Some))
}
