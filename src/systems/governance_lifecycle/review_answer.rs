//! The `Status` text of `updateReviewItems`: a head with counts, then one line for each item that was not updated, in
//! the spellings that servers of several versions send.
//!
//! Success is documented: <https://pradeepkg.github.io/RSA/docs/review/updateReviewItems>. The rest was seen in
//! <https://community.rsa.com/t5/securid-governance-lifecycle/web-services-updatereviewitems-entitlement-xxx-already-in-the/ta-p/342>,
//! <https://community.rsa.com/t5/securid-governance-lifecycle/web-services-updatereviewitems-cannot-update-multiple-accounts/ta-p/345>,
//! <https://community.rsa.com/t5/securid-governance-lifecycle/web-service-command-updatereviewitems-does-not-allow-only/ta-p/121>

use crate::core::decode::one_line;

/// What the server said about one item.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
#[derive(Clone, Debug, PartialEq)]
pub struct ReviewItemResult {
    /// The server's label: the user, a minus sign and the component. Labels may repeat.
    pub label: String,
    /// The account, where the server names it.
    pub account: Option<String>,
    /// Whether the item has the wanted state.
    pub ok: bool,
    /// Why it was not updated.
    pub reason: Option<String>,
}

impl ReviewItemResult {
    /// Whether it was not updated because it has the wanted state already.
    pub(super) fn is_same_state(&self) -> bool {
        let reason = self.reason.as_deref().unwrap_or_default();
        reason.to_ascii_lowercase().contains("already in the same state")
    }
}

crate::fields!(ReviewItemResult {
    label,
    account,
    ok,
    reason
});

/// A text that was understood.
#[derive(Debug, PartialEq)]
pub(crate) struct Parsed {
    pub updated: i64,
    pub total: i64,
    pub items: Vec<ReviewItemResult>,
}

/// None if the text has no head with counts.
pub(crate) fn parse(text: &str) -> Option<Parsed> {
    // The same offsets as the text: only ASCII letters change.
    let lower = text.to_ascii_lowercase();
    let marks = marks(&lower);
    let end = marks.first().map_or(text.len(), |mark| mark.start);
    let (updated, total) = counts(lower.get(..end)?)?;
    let ends = marks.iter().skip(1).map(|mark| mark.start).chain([text.len()]);
    let items = marks
        .iter()
        .zip(ends)
        .filter_map(|(mark, end)| item(text.get(mark.inner..end)?, lower.get(mark.inner..end)?))
        .collect();
    Some(Parsed { updated, total, items })
}

/// Whether a text that came with a refusal says that something was done all the same.
pub(crate) fn says_updated(text: &str) -> bool {
    let counted = parse(text).is_some_and(|parsed| parsed.updated > 0);
    counted || text.to_ascii_lowercase().contains("partial success")
}

/// `updated all N`, `updated N of M`, `none of the N`.
fn counts(head: &str) -> Option<(i64, i64)> {
    let number_after = |phrase: &str| {
        let rest = head.get(head.find(phrase)? + phrase.len()..)?.trim_start();
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some((
            rest.get(..digits)?.parse::<i64>().ok()?,
            rest.get(digits..)?.trim_start(),
        ))
    };
    if let Some((total, _)) = number_after("none of the") {
        return Some((0, total));
    }
    if let Some((total, _)) = number_after("updated all") {
        return Some((total, total));
    }
    let (updated, rest) = number_after("updated")?;
    let rest = rest.strip_prefix("of")?.trim_start();
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let total = rest.get(..digits)?.parse().ok()?;
    (updated <= total).then_some((updated, total))
}

/// Where a line about an item begins, and where its label does.
struct Mark {
    start: usize,
    inner: usize,
}

/// `Status for Review Item (`, also without `Item`, without the blank, and with a capital `For`. Line breaks do not
/// count: an HTML page may have lost them.
fn marks(lower: &str) -> Vec<Mark> {
    const BEGIN: &str = "status for review";
    let mut marks = Vec::new();
    let mut at = 0;
    while let Some(found) = lower.get(at..).and_then(|rest| rest.find(BEGIN)) {
        let start = at + found;
        at = start + BEGIN.len();
        let rest = lower.get(at..).unwrap_or_default();
        let bare = rest.trim_start();
        let bare = bare.strip_prefix("item").unwrap_or(bare).trim_start();
        if let Some(inner) = bare.strip_prefix('(') {
            at = lower.len() - inner.len();
            marks.push(Mark { start, inner: at });
        }
    }
    marks
}

/// `LABEL)=Failure (REASON)`, where labels may hold `)`, `=` and the like, and the last parenthesis may be missing.
fn item(text: &str, lower: &str) -> Option<ReviewItemResult> {
    let (end, ok, after) = verdict(lower)?;
    let label = text.get(..end)?.trim();
    let label = one_line(label);
    let (label, account) = match label.rfind(" for the account ") {
        Some(at) => {
            let account = label.get(at + " for the account ".len()..).unwrap_or_default();
            (label.get(..at).unwrap_or_default().to_owned(), Some(account.to_owned()))
        }
        None => (label, None),
    };
    let reason = one_line(text.get(after..)?);
    let reason = reason.trim_start_matches([':', '-', ' ']);
    let reason = reason.strip_prefix('(').map_or(reason, without_last_parenthesis).trim();
    Some(ReviewItemResult {
        label,
        account,
        ok,
        reason: (!reason.is_empty() && reason != ".").then(|| reason.to_owned()),
    })
}

fn without_last_parenthesis(reason: &str) -> &str {
    let reason = reason.trim();
    if reason.matches(')').count() > reason.matches('(').count() {
        return reason.strip_suffix(')').unwrap_or(reason);
    }
    reason
}

/// Where the label ends, whether the item is fine, and where the reason begins. The label ends at the first `)=` that
/// one of the two words follows.
fn verdict(lower: &str) -> Option<(usize, bool, usize)> {
    for (close, _) in lower.match_indices(')') {
        let rest = lower.get(close + 1..)?.trim_start();
        let Some(rest) = rest.strip_prefix('=') else { continue };
        let rest = rest.trim_start();
        for (word, ok) in [("failure", false), ("success", true)] {
            if let Some(after) = rest.strip_prefix(word) {
                return Some((close, ok, lower.len() - after.len()));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(label: &str, account: Option<&str>, reason: &str) -> ReviewItemResult {
        ReviewItemResult {
            label: label.into(),
            account: account.map(str::to_owned),
            ok: false,
            reason: Some(reason.into()),
        }
    }

    #[test]
    fn every_head_gives_its_counts() {
        let heads = [
            (
                "Success. Updated all 2 review components with specified states.",
                (2, 2),
            ),
            (
                "Partial Success. Updated 1 of 2 review components successfully.",
                (1, 2),
            ),
            (
                "Status=Failure.  None of the 1 review components could be updated.",
                (0, 1),
            ),
            (
                "Status-Failure. None of the 13 review components could be updated.",
                (0, 13),
            ),
            (
                "Status=Success. Updated all 1 review components with specified states.\n",
                (1, 1),
            ),
        ];
        for (text, counts) in heads {
            let parsed = parse(text).unwrap();
            assert_eq!(
                ((parsed.updated, parsed.total), parsed.items.len()),
                (counts, 0),
                "{text}"
            );
        }
        for text in [
            "",
            "Success.",
            "Updated all",
            "Updated 3 of 2 review components",
            "None of the many",
            "Could not find a review with name X",
            "Status for Review Item (Updated all 2)=Failure (x)",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_refusal_may_tell_of_a_part_that_was_done() {
        for text in [
            "Partial Success. Updated 1 of 2 review components successfully.",
            "Updated all 3 review components",
            "PARTIAL SUCCESS.",
        ] {
            assert!(says_updated(text), "{text}");
        }
        for text in [
            "",
            "None of the 2 review components could be updated.",
            "Updated 0 of 2",
            "Success.",
        ] {
            assert!(!says_updated(text), "{text}");
        }
    }

    #[test]
    fn every_spelling_of_an_item_line_is_read() {
        let same = "The review component is already in the same state as being updated.";
        let states = "State specified should be one of [Maintain, revoke, none]";
        let cases = [
            (
                format!("Status for Review Item (jdoe-HR)=Failure ({same}"),
                line("jdoe-HR", None, same),
            ),
            (
                format!("Status For Review Item(jdoe-HR)=Failure ({states})"),
                line("jdoe-HR", None, states),
            ),
            (
                format!("Status For Review (jdoe-HR)=Failure ({same} )"),
                line("jdoe-HR", None, same),
            ),
            (
                format!("Status For Review (jdoe-HR)=\nFailure ({same})"),
                line("jdoe-HR", None, same),
            ),
            (
                format!("Status For Review Item(jdoe-HR for the account jdoe adm)=Failure ({same}"),
                line("jdoe-HR", Some("jdoe adm"), same),
            ),
            (
                "Status for Review Item (j-d-CN=HR (all)=x,OU=a-b)=Failure (locked (signed off)".into(),
                line("j-d-CN=HR (all)=x,OU=a-b", None, "locked (signed off)"),
            ),
            (
                "Status for Review Item (jdoe-HR (EU))=Failure (locked (signed off))".into(),
                line("jdoe-HR (EU)", None, "locked (signed off)"),
            ),
        ];
        for (text, expected) in cases {
            let whole = format!("Partial Success. Updated 1 of 2 review components successfully.\n{text}\n");
            assert_eq!(parse(&whole).unwrap().items, [expected], "{text}");
        }
    }

    #[test]
    fn order_and_repetitions_are_kept_with_and_without_line_breaks() {
        let lines = [
            "Partial Success. Updated 1 of 4 review components successfully.",
            "Status for Review Item (b-x)=Failure (Specified review component does not exist.",
            "Status for Review Item (a-y)=Failure (The review component is locked and can not be changed.)",
            "Status for Review Item (b-x)=Failure (Specified review component does not exist.",
            "Status for Review Item (c-z)=Success",
        ];
        for between in ["\n", "\r\n", " ", ""] {
            let items = parse(&lines.join(between)).unwrap().items;
            let labels: Vec<_> = items.iter().map(|item| (item.label.as_str(), item.ok)).collect();
            assert_eq!(labels, [("b-x", false), ("a-y", false), ("b-x", false), ("c-z", true)]);
            assert_eq!(
                items[1].reason.as_deref(),
                Some("The review component is locked and can not be changed.")
            );
            assert_eq!(items[3].reason, None);
        }
    }
}
