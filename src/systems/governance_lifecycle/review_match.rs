//! Which of the caller's changes were done. The answer names items by labels that may repeat, come in any order and
//! need not be spelled as expected, so a change is only called done or not done when nothing else is possible.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::change::{Item, ReviewItemChange};
use super::review_answer::{Parsed, ReviewItemResult};
use super::review_result::{Fate, Settled};

/// Judges one request's changes, which are so many.
pub(crate) fn settle(
    parsed: Parsed,
    changes: impl IntoIterator<Item = ReviewItemChange>,
    count: usize,
    same_state_ok: bool,
) -> Settled {
    let Parsed {
        updated,
        total,
        mut items,
    } = parsed;
    if same_state_ok {
        for item in &mut items {
            item.ok = item.ok || item.is_same_state();
        }
    }
    // Lines about items that were not updated; with same_state_ok some of them are fine all the same. A line that tells
    // of a success is none of them, whatever it has to say.
    let lines: Vec<&ReviewItemResult> = items
        .iter()
        .filter(|item| !item.ok || (same_state_ok && item.is_same_state()))
        .collect();
    let (fates, reasons) = judge(updated, total, &lines, changes, count);
    Settled {
        updated,
        total,
        fates,
        reasons: reasons.into_iter().collect(),
    }
}

type Judged = (Vec<Fate>, BTreeMap<usize, String>);

fn judge(
    updated: i64,
    total: i64,
    lines: &[&ReviewItemResult],
    changes: impl IntoIterator<Item = ReviewItemChange>,
    count: usize,
) -> Judged {
    let all = |fate: Fate| vec![fate; count];
    if updated == total {
        // Each change holds one component: a server that counts fewer has not told about all of them.
        let told_all = usize::try_from(total).is_ok_and(|total| total >= count);
        return (all(if told_all { Fate::Done } else { Fate::Unknown }), BTreeMap::new());
    }
    let found = Matches::new(lines, changes);
    let missing = usize::try_from(total - updated).unwrap_or(usize::MAX);
    let fates = if lines.len() == missing && lines.iter().all(|line| line.ok) {
        all(Fate::Done)
    } else if updated == 0 {
        none_updated(&found, count)
    } else {
        some_updated(&found, count, total, missing)
    };
    (fates, found.reasons())
}

/// Nothing was updated, so the only question is which items had the wanted state before.
fn none_updated(found: &Matches<'_>, count: usize) -> Vec<Fate> {
    let stray = found.unmatched.iter().any(|line| line.ok);
    (0..count)
        .map(|index| match found.certain.get(&index) {
            Some(lines) if lines.iter().all(|line| line.ok) => Fate::Done,
            Some(_) => Fate::NotDone,
            None if stray || found.is_maybe_fine(index) => Fate::Unknown,
            None => Fate::NotDone,
        })
        .collect()
}

fn some_updated(found: &Matches<'_>, count: usize, total: i64, missing: usize) -> Vec<Fate> {
    let certain = found.certain.len();
    let doubtful: BTreeSet<usize> = found
        .ambiguous
        .iter()
        .flat_map(|group| group.changes.iter().copied())
        .collect();
    let doubtful: BTreeSet<usize> = doubtful
        .into_iter()
        .filter(|index| !found.certain.contains_key(index))
        .collect();
    let doubtful_lines: usize = found.ambiguous.iter().map(|group| group.lines.len()).sum();
    let one_each = usize::try_from(total) == Ok(count);
    // The head's counts are trusted: lines that contradict them prove nothing.
    if one_each && certain > missing {
        return vec![Fate::Unknown; count];
    }
    let is_whole = one_each && found.unmatched.is_empty();
    let all_doubtful = is_whole && certain + doubtful.len() == missing && doubtful_lines >= doubtful.len();
    let accounted = all_doubtful || (is_whole && (certain == missing || certain + doubtful_lines == missing));
    (0..count)
        .map(|index| match found.certain.get(&index) {
            Some(lines) if lines.iter().all(|line| line.ok) => Fate::Done,
            Some(_) => Fate::NotDone,
            None if doubtful.contains(&index) => match (all_doubtful, found.verdict(index)) {
                (true, Some(fate)) => fate,
                _ => Fate::Unknown,
            },
            None if accounted => Fate::Done,
            None => Fate::Unknown,
        })
        .collect()
}

/// Lines of one label and the changes that it may mean.
struct Group<'a> {
    lines: Vec<&'a ReviewItemResult>,
    changes: Vec<usize>,
}

struct Matches<'a> {
    /// Changes that a line can only mean.
    certain: HashMap<usize, Vec<&'a ReviewItemResult>>,
    /// Labels that several changes have.
    ambiguous: Vec<Group<'a>>,
    /// For each change in them, the places of its groups.
    groups_of: HashMap<usize, Vec<usize>>,
    /// Lines that fit no change.
    unmatched: Vec<&'a ReviewItemResult>,
}

impl<'a> Matches<'a> {
    fn new(lines: &[&'a ReviewItemResult], changes: impl IntoIterator<Item = ReviewItemChange>) -> Self {
        // Only of the changes that a line may mean something is kept: their indexes and accounts.
        let mut by_label: HashMap<String, Vec<(usize, Option<String>)>> = HashMap::new();
        for line in lines {
            by_label.entry(folded(&line.label)).or_default();
        }
        let mut spelling = Spelling::default();
        for (index, change) in changes.into_iter().enumerate() {
            spelling.each(&change, |label| {
                let Some(known) = by_label.get_mut(label) else { return };
                if known.last().is_none_or(|(last, _)| *last != index) {
                    let account = change.account.as_ref().map(|account| folded(&account.name));
                    known.push((index, account));
                }
            });
        }
        let mut found = Self {
            certain: HashMap::new(),
            ambiguous: Vec::new(),
            groups_of: HashMap::new(),
            unmatched: Vec::new(),
        };
        let mut groups: HashMap<(String, Option<String>), usize> = HashMap::new();
        for line in lines {
            let label = folded(&line.label);
            let account = line.account.as_deref().map(folded);
            let fits = |wanted: &Option<String>| account.is_none() || wanted.is_none() || account == *wanted;
            let candidates = by_label.get(&label).map(Vec::as_slice).unwrap_or_default();
            let candidates: Vec<usize> = candidates
                .iter()
                .filter(|(_, wanted)| fits(wanted))
                .map(|(index, _)| *index)
                .collect();
            match candidates.as_slice() {
                [] => found.unmatched.push(line),
                [index] => found.certain.entry(*index).or_default().push(line),
                _ => {
                    let next = found.ambiguous.len();
                    let at = *groups.entry((label, account)).or_insert(next);
                    if let Some(group) = found.ambiguous.get_mut(at) {
                        group.lines.push(line);
                        continue;
                    }
                    for index in &candidates {
                        found.groups_of.entry(*index).or_default().push(at);
                    }
                    found.ambiguous.push(Group {
                        lines: vec![line],
                        changes: candidates,
                    });
                }
            }
        }
        found
    }

    fn of(&self, index: usize) -> impl Iterator<Item = &&'a ReviewItemResult> {
        let places = self.groups_of.get(&index).into_iter().flatten();
        places
            .filter_map(|at| self.ambiguous.get(*at))
            .flat_map(|group| &group.lines)
    }

    /// What the lines say that mean a change, or may mean it and all say the same.
    fn reasons(&self) -> BTreeMap<usize, String> {
        let told = |lines: &mut dyn Iterator<Item = &'a ReviewItemResult>| {
            let reasons: BTreeSet<&str> = lines.filter_map(|line| line.reason.as_deref()).collect();
            reasons
        };
        let certain = self.certain.iter().map(|(index, lines)| {
            let reasons: Vec<&str> = told(&mut lines.iter().copied()).into_iter().collect();
            (*index, reasons.join("; "))
        });
        let ambiguous = self.groups_of.keys().filter_map(|index| {
            let reasons = told(&mut self.of(*index).copied());
            let only = reasons.first().filter(|_| reasons.len() == 1)?;
            Some((*index, (*only).to_owned()))
        });
        ambiguous
            .chain(certain)
            .filter(|(_, reason)| !reason.is_empty())
            .collect()
    }

    fn is_maybe_fine(&self, index: usize) -> bool {
        self.of(index).any(|line| line.ok)
    }

    /// What all lines that may mean this change agree on.
    fn verdict(&self, index: usize) -> Option<Fate> {
        let mut fates = self
            .of(index)
            .map(|line| if line.ok { Fate::Done } else { Fate::NotDone });
        let first = fates.next()?;
        fates.all(|fate| fate == first).then_some(first)
    }
}

fn folded(text: &str) -> String {
    let mut out = String::new();
    fold_into(&mut out, text);
    out
}

/// In lower case, and with one blank for any white space.
fn fold_into(out: &mut String, text: &str) {
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        if word.is_ascii() {
            out.extend(word.chars().map(|character| character.to_ascii_lowercase()));
        } else {
            out.push_str(&word.to_lowercase());
        }
    }
}

/// How the server may spell a change, in buffers that are used again: there may be a million of them. What stands after
/// the user for an entitlement is not documented, so several spellings are tried; another one leaves the change unknown.
#[derive(Default)]
struct Spelling {
    whole: String,
    folded: String,
}

impl Spelling {
    fn each(&mut self, change: &ReviewItemChange, mut take: impl FnMut(&str)) {
        let mut spell = |component: [&str; 4]| {
            self.whole.clear();
            for part in [change.reviewee.as_str(), "-"].into_iter().chain(component) {
                self.whole.push_str(part);
            }
            self.folded.clear();
            fold_into(&mut self.folded, &self.whole);
            take(&self.folded);
        };
        match &change.item {
            Item::Entitlement(item) => {
                let (resource, action) = (item.resource.as_str(), item.action.as_str());
                spell([resource, "", "", ""]);
                spell([resource, " [", action, "]"]);
                spell([resource, " (", action, ")"]);
                for between in [" ", "-", ":"] {
                    spell([resource, between, action, ""]);
                }
            }
            Item::ApplicationRole(item) => spell([&item.name, "", "", ""]),
            Item::Group(item) => spell([&item.name, "", "", ""]),
            Item::GlobalRole(item) => spell([&item.name, "", "", ""]),
        }
    }
}

#[cfg(test)]
#[path = "review_match_tests.rs"]
mod tests;
