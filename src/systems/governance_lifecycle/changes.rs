//! All changes of a run, each checked and kept as the XML that is sent of it, deflated: a million of them takes a few
//! tens of megabytes, and any of them can be read back.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::change::ReviewItemChange;
use super::change_reader::read_change;
use super::review_xml::{TAIL, check_change, write_change};
use crate::core::body::Pieces;
use crate::core::error::Error;
use crate::core::packed::{Packed, Page};
use crate::core::problems::Problems;
use crate::core::record::{Field, View};

/// Changes that were checked, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes(Packed);

impl Changes {
    /// Adds one.
    ///
    /// # Errors
    /// If it cannot be written or is known to be meaningless; the message begins with the field.
    pub fn push(&mut self, change: &ReviewItemChange) -> Result<(), Error> {
        check_change(change)?;
        self.0.push(|out| write_change(out, change));
        Ok(())
    }

    /// Takes them all, or says what is wrong with which of them.
    pub fn collect<'c>(changes: impl IntoIterator<Item = &'c ReviewItemChange>) -> Result<Self, Error> {
        let (mut kept, mut problems, mut count) = (Self::default(), Problems::default(), 0);
        for change in changes {
            if let Err(error) = kept.push(change) {
                problems.add(|| format!("changes[{count}].{}", error.message()));
            }
            count += 1;
        }
        problems.refuse(count, "changes").map(|()| kept)
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One of them; quick for one after another with the same page.
    pub fn get(&self, index: usize, page: &mut Page) -> Option<ReviewItemChange> {
        read_change(self.0.read(index, page)?)
    }

    /// Some of them, with their indexes.
    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = (usize, ReviewItemChange)> {
        let mut page = Page::default();
        range.filter_map(move |index| Some((index, self.get(index, &mut page)?)))
    }
}

impl Field for Arc<Changes> {
    fn view(&self) -> View<'_> {
        View::List(self.0.texts().map(View::Owned).collect())
    }

    fn restore(raw: &RawValue) -> Option<Self> {
        let texts: Vec<String> = serde_json::from_str(raw.get()).ok()?;
        let mut packed = Packed::default();
        for text in texts {
            packed.push(|out| out.extend_from_slice(text.as_bytes()));
        }
        Some(Self::new(Changes(packed)))
    }
}

/// The document of one request, made while it is sent.
#[derive(Debug)]
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
        (self.head.len() + TAIL.len()) as u64 + self.changes.0.length_of(&self.range)
    }

    fn piece(&self, number: usize) -> Option<Bytes> {
        let Some(items) = number.checked_sub(1) else {
            return Some(self.head.clone());
        };
        match items.cmp(&self.changes.0.pieces(&self.range)) {
            Ordering::Less => Some(self.changes.0.piece(&self.range, items)?.into()),
            Ordering::Equal => Some(Bytes::from_static(TAIL)),
            Ordering::Greater => None,
        }
    }
}

impl Document {
    /// All of it.
    pub fn whole(&self) -> Vec<u8> {
        (0..).map_while(|number| self.piece(number)).flatten().collect()
    }
}
