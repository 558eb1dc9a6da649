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
use super::recent_texts::{Found, Reader, Writer};
use super::review_xml::{AFTER_DAY, LENGTH_OF_DAY, Shape, TAIL, check_parts, escaping, shape, write_day, write_end};
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
    writers: Columns<Writer>,
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
        let (marks, shape) = shape_of(parts);
        let (mut all_found, mut same, mut length) = ([Found::Last; Column::ALL.len()], 0, shape.length);
        let mut places = all_found.iter_mut();
        check_parts(parts, shape, |column, text| {
            let (found, of_text) = self.writers.of(column).look(text, escaping(column))?;
            if found == Found::Last {
                same |= bit_of(column);
            }
            length += of_text;
            if let Some(place) = places.next() {
                *place = found;
            }
            Ok(())
        })?;
        self.data.extend_from_slice(&[marks, same]);
        for ((column, _), found) in shape.columns().iter().zip(all_found) {
            if let (AFTER_DAY, Some(day)) = (*column, parts.expires_on) {
                length += LENGTH_OF_DAY;
                self.data.extend_from_slice(&day_bytes(day));
            }
            if found != Found::Last {
                let text = parts.texts.of(*column).unwrap_or_default();
                let writer = self.writers.of_mut(*column);
                writer.write(&mut self.data, text.as_bytes(), found, escaping(*column));
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
        self.writers.all_mut().for_each(Writer::clear);
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

fn shape_of(parts: &Parts<'_>) -> (u8, &'static Shape) {
    let has = |column| parts.texts.of(column).is_some();
    let (has_account, has_comments) = (has(Column::AccountName), has(Column::Comments));
    let bit = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
    let marks = parts.kind as u8
        | bit(has_account, ACCOUNT)
        | bit(has_comments, COMMENTS)
        | bit(parts.expires_on.is_some(), DAY);
    (marks, shape(parts.kind, has_account, has_comments))
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
    readers: Columns<Reader>,
    /// The change that comes next, and where in its block it begins.
    next: usize,
    at: usize,
}

/// What is read of a change, in the order of the document.
enum Part<'t> {
    /// A text, escaped, with what stands before it.
    Text(Column, &'static [u8], &'t [u8]),
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
        self.readers.all_mut().for_each(Reader::clear);
        (self.next, self.at) = (block * BLOCK, 0);
    }

    /// Reads the change that comes next. None after the last.
    fn read(&mut self, changes: &Changes, mut take: impl FnMut(Part<'_>)) -> Option<Kind> {
        let block = &*changes.blocks.get(self.next / BLOCK)?.data;
        let (&[marks, same], mut data) = block.get(self.at..)?.split_first_chunk()?;
        let kind = *Kind::ALL.get(usize::from(marks & KIND))?;
        for (column, before) in shape(kind, marks & ACCOUNT != 0, marks & COMMENTS != 0).columns() {
            if *column == AFTER_DAY && marks & DAY != 0 {
                let (day, rest) = data.split_first_chunk()?;
                take(Part::Day(day_of(*day)?));
                data = rest;
            }
            let reader = self.readers.of_mut(*column);
            let text = match same & bit_of(*column) {
                0 => reader.read(&mut data)?,
                _ => reader.last(),
            };
            take(Part::Text(*column, before, text));
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
            Part::Text(column, _, text) => *texts.of_mut(column) = as_given(text),
            Part::Day(day) => expires_on = Some(day),
        })?;
        put_together(kind, texts, expires_on)
    }

    fn write_change(&mut self, changes: &Changes, out: &mut Vec<u8>) -> Option<()> {
        let write = |part: Part<'_>| match part {
            Part::Text(_, before, text) => {
                out.extend_from_slice(before);
                out.extend_from_slice(text);
            }
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
            Some(buffers.lend(out, 0..length))
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
