//! How an update went: what became of every change, and what the server said. Of a large run only a few bytes for each
//! change are kept; lists are made when they are looked at.

use std::ops::Range;
use std::sync::Arc;

use super::changes::Changes;
use super::review_answer::{ReviewItemResult, parse};
use crate::core::packed::Packed;
use crate::core::record::{Field, Record, View};
use crate::core::stored::Stored;

/// Reasons are few and repeat: one that is among so many before is kept once.
const REASONS_COMPARED: usize = 32;

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is known to be done.
    Done,
    /// It is known not to be done.
    NotDone,
    /// The server did not tell.
    Unknown,
}

/// What one answer tells of the changes of its request.
#[derive(Debug)]
pub struct Settled {
    /// Review components that were updated, as the server counts them.
    pub updated: i64,
    /// Review components it was asked for, as the server counts them.
    pub total: i64,
    /// Of each change.
    pub fates: Vec<Fate>,
    /// By the place of the change in the request, in their order.
    pub reasons: Vec<(usize, String)>,
}

/// How an update went.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, module = "infosecops"))]
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReviewUpdate {
    /// Review components that were updated, as the server counts them.
    pub updated: i64,
    /// Review components it was asked for, as the server counts them.
    pub total: i64,
    /// Whether nothing is left undone.
    pub ok: bool,
    /// The changes that were asked for.
    pub changes: Arc<Changes>,
    same_state_ok: bool,
    /// Of the changes, from the first one on; none of a dry run.
    fates: Vec<Fate>,
    counts: Counts,
    reasons: Reasons,
    gaps: Vec<Gap>,
    /// The server's texts, or the documents of a dry run.
    texts: Packed,
}

/// How many changes had which fate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counts {
    done: usize,
    not_done: usize,
    unknown: usize,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Reasons {
    texts: Vec<String>,
    /// The index of a change and the place of its text, in the order of the changes.
    of: Vec<(u32, u32)>,
}

/// Changes that no answer tells of, and why.
#[derive(Clone, Debug, PartialEq)]
struct Gap {
    first: i64,
    end: i64,
    reason: String,
}

crate::fields!(Gap { first, end, reason });

impl ReviewUpdate {
    /// Before anything was sent.
    pub fn new(changes: Arc<Changes>, same_state_ok: bool) -> Self {
        Self {
            changes,
            same_state_ok,
            ..Self::default()
        }
    }

    /// Adds what the server said of the changes that follow.
    pub fn add_answer(&mut self, settled: Settled, text: &str) {
        let before = self.fates.len();
        self.updated += settled.updated;
        self.total += settled.total;
        for fate in settled.fates {
            self.counts.add(fate, 1);
            self.fates.push(fate);
        }
        for (index, reason) in settled.reasons {
            self.reasons.add(before + index, reason);
        }
        self.texts.push(|out| out.extend_from_slice(text.as_bytes()));
        self.ok = self.counts.done == self.fates.len();
    }

    /// Adds so many changes of which no answer tells.
    pub fn add_gap(&mut self, count: usize, fate: Fate, reason: &str) {
        if count == 0 {
            return;
        }
        let first = self.fates.len();
        self.fates.resize(first + count, fate);
        self.counts.add(fate, count);
        self.gaps.push(Gap {
            first: signed(first),
            end: signed(first + count),
            reason: reason.to_owned(),
        });
        self.total += signed(count);
        self.ok = false;
    }

    /// Adds what another run told of the changes that follow, which are `count`; false, and nothing is added, if it told of
    /// fewer or more.
    pub fn add_part(&mut self, part: &Self, count: usize) -> bool {
        if part.fates.len() != count {
            return false;
        }
        let before = self.fates.len();
        self.updated += part.updated;
        self.total += part.total;
        for fate in &part.fates {
            self.counts.add(*fate, 1);
            self.fates.push(*fate);
        }
        for (index, place) in &part.reasons.of {
            if let Some(reason) = part.reasons.texts.get(*place as usize) {
                self.reasons.add(before + *index as usize, reason.clone());
            }
        }
        self.gaps.extend(part.gaps.iter().map(|gap| Gap {
            first: gap.first + signed(before),
            end: gap.end + signed(before),
            reason: gap.reason.clone(),
        }));
        for text in part.texts() {
            self.add_document(text.as_bytes());
        }
        self.ok = self.counts.done == self.fates.len();
        true
    }

    /// Adds a document that is not sent.
    pub fn add_document(&mut self, document: &[u8]) {
        self.texts.push(|out| out.extend_from_slice(document));
    }

    /// How many changes had this fate.
    pub const fn count(&self, wanted: Fate) -> usize {
        match wanted {
            Fate::Done => self.counts.done,
            Fate::NotDone => self.counts.not_done,
            Fate::Unknown => self.counts.unknown,
        }
    }

    /// Of how many changes, from the first one on, it is noted what became of them.
    pub const fn told(&self) -> usize {
        self.fates.len()
    }

    /// The indexes of the changes that had this fate.
    pub fn indexes(&self, wanted: Fate) -> impl Iterator<Item = usize> {
        let of_all = self.fates.iter().enumerate();
        of_all.filter(move |(_, fate)| **fate == wanted).map(|(index, _)| index)
    }

    /// Why, where the server's line is known to mean this change, or it was not sent.
    pub fn reason(&self, index: usize) -> Option<&str> {
        if let Some(gap) = self
            .gaps
            .iter()
            .find(|gap| (gap.first..gap.end).contains(&signed(index)))
        {
            return Some(&gap.reason);
        }
        let at = self
            .reasons
            .of
            .binary_search_by_key(&index, |(index, _)| *index as usize);
        let (_, text) = self.reasons.of.get(at.ok()?)?;
        self.reasons.texts.get(*text as usize).map(String::as_str)
    }

    /// What the server said about single items, in its order, and what became of those that no answer tells of.
    pub fn items(&self) -> impl Iterator<Item = ReviewItemResult> {
        let said = self
            .texts
            .texts()
            .flat_map(|text| read_items(&text, self.same_state_ok));
        let unsaid = self.gaps.iter().flat_map(|gap| {
            let range: Range<usize> = unsigned(gap.first)..unsigned(gap.end).min(self.changes.len());
            self.changes.range(range).map(|(_, change)| ReviewItemResult {
                label: change.label(),
                account: change.account.map(|account| account.name),
                ok: false,
                reason: Some(gap.reason.clone()),
            })
        });
        said.chain(unsaid)
    }

    /// The server's texts, one for each request; of a dry run, its documents.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        self.texts.texts()
    }

    /// All of them, one after another.
    pub fn raw(&self) -> String {
        self.texts().collect::<Vec<_>>().join("\n")
    }
}

/// The lines about items in one of the server's texts.
pub fn read_items(text: &str, same_state_ok: bool) -> Vec<ReviewItemResult> {
    let mut items = parse(text).map(|parsed| parsed.items).unwrap_or_default();
    if same_state_ok {
        for item in &mut items {
            item.ok = item.ok || item.is_same_state();
        }
    }
    items
}

impl Counts {
    const fn add(&mut self, fate: Fate, count: usize) {
        match fate {
            Fate::Done => self.done += count,
            Fate::NotDone => self.not_done += count,
            Fate::Unknown => self.unknown += count,
        }
    }
}

impl Reasons {
    fn add(&mut self, index: usize, reason: String) {
        let late = self.texts.len().saturating_sub(REASONS_COMPARED);
        let known = self.texts.iter().skip(late).position(|text| *text == reason);
        let place = known.map_or(self.texts.len(), |at| late + at);
        if known.is_none() {
            self.texts.push(reason);
        }
        if let (Ok(index), Ok(place)) = (u32::try_from(index), u32::try_from(place)) {
            self.of.push((index, place));
        }
    }
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// As it travels: what cannot be made anew from the rest.
impl Record for ReviewUpdate {
    fn class_name(&self) -> &'static str {
        "ReviewUpdate"
    }

    fn fields(&self) -> Vec<(&'static str, View<'_>)> {
        let fates = self.fates.iter().map(|fate| match fate {
            Fate::Done => '+',
            Fate::NotDone => '-',
            Fate::Unknown => '?',
        });
        let places = self.reasons.of.iter().flat_map(|(index, text)| [index, text]);
        vec![
            ("updated", self.updated.view()),
            ("total", self.total.view()),
            ("ok", self.ok.view()),
            ("same_state_ok", self.same_state_ok.view()),
            ("fates", View::Owned(fates.collect())),
            ("reasons", self.reasons.texts.view()),
            (
                "places",
                View::List(places.map(|place| View::Int(i64::from(*place))).collect()),
            ),
            ("gaps", self.gaps.view()),
            ("texts", View::List(self.texts().map(View::Owned).collect())),
            ("changes", self.changes.view()),
        ]
    }

    fn restore(stored: &Stored<'_>) -> Option<Self> {
        let fate = |mark: char| match mark {
            '+' => Some(Fate::Done),
            '-' => Some(Fate::NotDone),
            '?' => Some(Fate::Unknown),
            _ => None,
        };
        let places: Vec<i64> = stored.get("places")?;
        let pair = |pair: &[i64]| match pair {
            [index, text] => Some((u32::try_from(*index).ok()?, u32::try_from(*text).ok()?)),
            _ => None,
        };
        let mut update = Self {
            updated: stored.get("updated")?,
            total: stored.get("total")?,
            ok: stored.get("ok")?,
            same_state_ok: stored.get("same_state_ok")?,
            fates: stored
                .get::<String>("fates")?
                .chars()
                .map(fate)
                .collect::<Option<_>>()?,
            reasons: Reasons {
                texts: stored.get("reasons")?,
                of: places.chunks(2).map(pair).collect::<Option<_>>()?,
            },
            counts: Counts::default(),
            gaps: stored.get("gaps")?,
            texts: Packed::default(),
            changes: stored.get("changes")?,
        };
        for fate in &update.fates {
            update.counts.add(*fate, 1);
        }
        for text in stored.get::<Vec<String>>("texts")? {
            update.add_document(text.as_bytes());
        }
        Some(update)
    }
}
