//! All changes of a run, each checked and kept in columns: a million of them takes a few tens of megabytes, and the
//! document can be written of them again and again, and any of them read back.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use jiff::civil::Date;
use quick_xml::escape::unescape;
use serde_json::value::RawValue;

use super::change::ReviewItemChange;
use super::change_parts::{Column, Columns, Kind, Parts, put_together};
use super::recent_texts::Recent;
use super::review_xml::{
    LENGTH_OF_DAY, LENGTH_OF_END, TAIL, check_parts, escape, is_odd, length_before, write_day, write_end, write_text,
};
use crate::core::body::Pieces;
use crate::core::buffers::Buffers;
use crate::core::error::Error;
use crate::core::problems::Problems;
use crate::core::record::{Field, View};
use crate::core::stored::{restored, stored};

/// Changes that are read from their beginning to get at one of them.
const BLOCK: usize = 512;
/// A piece of a document is ended when it is so long.
const PIECE_BYTES: usize = 128 * 1024;
const PIECE_ROOM: usize = PIECE_BYTES + 4 * 1024;

/// Changes that were checked, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    blocks: Vec<Block>,
    count: usize,
    /// The length of all of them in a document.
    length: u64,
}

#[derive(Clone, Debug, PartialEq)]
struct Block {
    /// How long those before it are together in a document.
    start: u64,
    data: Box<[u8]>,
}

/// Changes that are being checked and kept.
#[derive(Debug, Default)]
pub struct Gathering {
    kept: Changes,
    recent: Columns<Recent>,
    /// Of the block that is not full yet.
    data: Vec<u8>,
    start: u64,
}

/// Bits that say what a change has.
const KIND: u8 = 3;
const ACCOUNT: u8 = 4;
const COMMENTS: u8 = 8;
const DAY: u8 = 16;

impl Gathering {
    /// Adds one.
    ///
    /// # Errors
    /// If it cannot be written or is known to be meaningless; the message begins with the field.
    pub fn push(&mut self, parts: &Parts<'_>) -> Result<(), Error> {
        let has_account = parts.texts.of(Column::AccountName).is_some();
        let (mut odd, mut same, mut length) = (Columns::default(), 0, LENGTH_OF_END);
        check_parts(parts, |column, text| {
            length += length_before(parts.kind, has_account, column);
            match self.recent.of(column).length_of_last(text.as_bytes()) {
                Some(of_last) if !text.is_empty() => {
                    same |= bit_of(column);
                    length += of_last;
                }
                _ => *odd.of_mut(column) = is_odd(parts.kind, column, text)?,
            }
            Ok(())
        })?;
        self.data.extend_from_slice(&[marks(parts), same]);
        for column in Column::ALL {
            if let Some(text) = parts.texts.of(column).filter(|_| same & bit_of(column) == 0) {
                let change = odd
                    .of(column)
                    .then_some(|out: &mut Vec<u8>, text: &[u8]| escape(column, out, text));
                length += self
                    .recent
                    .of_mut(column)
                    .write(&mut self.data, text.as_bytes(), change);
            }
            if let (Column::Comments, Some(day)) = (column, parts.expires_on) {
                length += LENGTH_OF_DAY;
                self.data.extend_from_slice(&day_bytes(day));
            }
        }
        self.kept.length += length as u64;
        self.kept.count += 1;
        if self.kept.count.is_multiple_of(BLOCK) {
            self.close();
        }
        Ok(())
    }

    fn close(&mut self) {
        self.kept.blocks.push(Block {
            start: self.start,
            data: self.data.as_slice().into(),
        });
        self.start = self.kept.length;
        self.data.clear();
        self.recent.all_mut().for_each(Recent::clear);
    }

    /// All of them.
    #[must_use]
    pub fn done(mut self) -> Changes {
        if !self.data.is_empty() {
            self.close();
        }
        self.kept
    }
}

/// The bit that says that a column's text is the one that came last.
const fn bit_of(column: Column) -> u8 {
    match column {
        // No change has both.
        Column::Resource => bit_of(Column::ItemName),
        Column::State => 1,
        Column::Comments => 1 << 1,
        Column::Reviewee => 1 << 2,
        Column::AccountName => 1 << 3,
        Column::AccountSource => 1 << 4,
        Column::ItemName => 1 << 5,
        Column::ItemAction => 1 << 6,
        Column::ItemSource => 1 << 7,
    }
}

fn marks(parts: &Parts<'_>) -> u8 {
    let kind = match parts.kind {
        Kind::Entitlement => 0,
        Kind::ApplicationRole => 1,
        Kind::Group => 2,
        Kind::GlobalRole => 3,
    };
    let bit = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
    kind | bit(parts.texts.of(Column::AccountName).is_some(), ACCOUNT)
        | bit(parts.texts.of(Column::Comments).is_some(), COMMENTS)
        | bit(parts.expires_on.is_some(), DAY)
}

fn day_bytes(day: Date) -> [u8; 4] {
    let [low, high] = day.year().to_le_bytes();
    [low, high, day.month().cast_unsigned(), day.day().cast_unsigned()]
}

fn day_of([low, high, month, day]: [u8; 4]) -> Option<Date> {
    Date::new(i16::from_le_bytes([low, high]), month.cast_signed(), day.cast_signed()).ok()
}

/// Reads changes one after another.
#[derive(Debug, Default)]
pub struct Cursor {
    recent: Columns<Recent>,
    /// The change that comes next, and where in its block it begins.
    next: usize,
    at: usize,
}

/// What is read of a change, in the order of the document.
enum Part<'t> {
    /// A text, escaped, and in what kind of a change it stands.
    Text((Kind, bool), Column, &'t [u8]),
    Day(Date),
}

impl Cursor {
    /// Goes to a change; quick if it comes next, or soon. None if there is no such change.
    fn seek(&mut self, changes: &Changes, index: usize) -> Option<()> {
        if index < self.next || index / BLOCK > self.next / BLOCK {
            self.begin(index / BLOCK);
        }
        while self.next < index {
            self.read(changes, |_| {})?;
        }
        Some(())
    }

    fn begin(&mut self, block: usize) {
        self.recent.all_mut().for_each(Recent::clear);
        (self.next, self.at) = (block * BLOCK, 0);
    }

    /// Reads the change that comes next. None after the last.
    fn read(&mut self, changes: &Changes, mut take: impl FnMut(Part<'_>)) -> Option<Kind> {
        let block = &*changes.blocks.get(self.next / BLOCK)?.data;
        let (&[marks, same], mut data) = block.get(self.at..)?.split_first_chunk()?;
        let kind = *Kind::ALL.get(usize::from(marks & KIND))?;
        let has_account = marks & ACCOUNT != 0;
        for column in Column::ALL {
            let is_there = match column {
                Column::AccountName | Column::AccountSource => has_account,
                Column::Comments => marks & COMMENTS != 0,
                Column::Resource | Column::ItemAction => kind == Kind::Entitlement,
                Column::ItemName => kind != Kind::Entitlement,
                _ => true,
            };
            if is_there {
                let recent = self.recent.of_mut(column);
                let is_same = same & bit_of(column) != 0;
                let text = if is_same {
                    recent.last()?
                } else {
                    recent.read(&mut data)?
                };
                take(Part::Text((kind, has_account), column, text));
            }
            if column == Column::Comments && marks & DAY != 0 {
                let (day, rest) = data.split_first_chunk()?;
                take(Part::Day(day_of(*day)?));
                data = rest;
            }
        }
        self.at = block.len() - data.len();
        self.next += 1;
        if self.next.is_multiple_of(BLOCK) {
            self.begin(self.next / BLOCK);
        }
        Some(kind)
    }

    fn read_change(&mut self, changes: &Changes) -> Option<ReviewItemChange> {
        let mut texts: Columns<Option<String>> = Columns::default();
        let mut expires_on = None;
        let kind = self.read(changes, |part| match part {
            Part::Text(_, column, text) => *texts.of_mut(column) = as_given(text),
            Part::Day(day) => expires_on = Some(day),
        })?;
        put_together(kind, texts, expires_on)
    }

    fn write_change(&mut self, changes: &Changes, out: &mut Vec<u8>) -> Option<()> {
        let write = |part: Part<'_>| match part {
            Part::Text(shape, column, text) => write_text(out, shape, column, text),
            Part::Day(day) => write_day(out, day),
        };
        self.read(changes, write)?;
        write_end(out);
        Some(())
    }
}

/// A text before it was escaped.
fn as_given(escaped: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(escaped).ok()?;
    unescape(text).ok().map(Cow::into_owned)
}

impl Changes {
    /// Takes them all, or says what is wrong with which of them.
    pub fn collect<'c>(changes: impl IntoIterator<Item = &'c ReviewItemChange>) -> Result<Self, Error> {
        let (mut kept, mut problems, mut count) = (Gathering::default(), Problems::default(), 0);
        for change in changes {
            if let Err(error) = kept.push(&change.into()) {
                problems.add(|| format!("changes[{count}].{}", error.message()));
            }
            count += 1;
        }
        problems.refuse(count, "changes").map(|()| kept.done())
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// One of them; quick for one after another with the same cursor.
    pub fn get(&self, index: usize, cursor: &mut Cursor) -> Option<ReviewItemChange> {
        cursor.seek(self, index)?;
        cursor.read_change(self)
    }

    /// Some of them, with their indexes.
    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = (usize, ReviewItemChange)> {
        let mut cursor = Cursor::default();
        range.filter_map(move |index| Some((index, self.get(index, &mut cursor)?)))
    }

    /// How long those before this one are together in a document.
    fn start_of(&self, index: usize) -> u64 {
        let Some(block) = self.blocks.get(index / BLOCK).filter(|_| index < self.count) else {
            return self.length;
        };
        let (mut cursor, mut written) = (Cursor::default(), Vec::new());
        cursor.begin(index / BLOCK);
        let mut length = block.start;
        while cursor.next < index {
            written.clear();
            if cursor.write_change(self, &mut written).is_none() {
                break;
            }
            length += written.len() as u64;
        }
        length
    }
}

impl Field for Arc<Changes> {
    fn view(&self) -> View<'_> {
        let changes = self.range(0..self.len());
        View::List(changes.map(|(_, change)| View::Owned(stored(&change))).collect())
    }

    fn restore(raw: &RawValue) -> Option<Self> {
        let texts: Vec<String> = serde_json::from_str(raw.get()).ok()?;
        let mut kept = Gathering::default();
        for text in texts {
            let change: ReviewItemChange = restored(&text)?;
            kept.push(&Parts::from(&change)).ok()?;
        }
        Some(Self::new(kept.done()))
    }
}

/// The document of one request, made while it is sent.
#[derive(Clone, Debug)]
pub struct Document {
    /// What stands before the items.
    pub head: Bytes,
    /// All changes of the run.
    pub changes: Arc<Changes>,
    /// Those of this request.
    pub range: Range<usize>,
}

impl Pieces for Document {
    fn length(&self) -> u64 {
        let of_changes = self.changes.start_of(self.range.end) - self.changes.start_of(self.range.start);
        (self.head.len() + TAIL.len()) as u64 + of_changes
    }

    fn begin(&self) -> Box<dyn Iterator<Item = Bytes> + Send + Sync> {
        let (document, mut cursor, buffers) = (self.clone(), Cursor::default(), Buffers::default());
        let mut left = Some(self.range.clone());
        let mut head = self.head.clone();
        Box::new(std::iter::from_fn(move || {
            let range = left.as_mut()?;
            let mut out = buffers.take();
            out.clear();
            out.reserve_exact(PIECE_ROOM);
            out.extend_from_slice(&std::mem::take(&mut head));
            while out.len() < PIECE_BYTES {
                let Some(index) = range.next() else {
                    out.extend_from_slice(TAIL);
                    left = None;
                    break;
                };
                cursor.seek(&document.changes, index)?;
                cursor.write_change(&document.changes, &mut out)?;
            }
            let length = out.len();
            Some(buffers.lend(out, length))
        }))
    }
}

impl Document {
    /// All of it.
    pub fn whole(&self) -> Vec<u8> {
        self.begin().flatten().collect()
    }
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
