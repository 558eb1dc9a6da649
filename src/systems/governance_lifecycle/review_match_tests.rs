//! Tests of the matching: what is certain is said, everything else is unknown.

use super::super::change::{Entitlement, Group as GroupItem, RevieweeAccount};
use super::super::review_answer::parse;
use super::*;

const SAME: &str = "The review component is already in the same state as being updated.";
const LOCKED: &str = "The review component is locked and can not be changed.";
const MISSING: &str = "Specified review component does not exist.";

fn group(reviewee: &str, name: &str, account: Option<&str>) -> ReviewItemChange {
    ReviewItemChange {
        state: "revoke".into(),
        reviewee: reviewee.into(),
        item: Item::Group(GroupItem {
            name: name.into(),
            business_source: "AD".into(),
        }),
        account: account.map(|name| RevieweeAccount {
            name: name.into(),
            business_source: "AD".into(),
        }),
        comments: None,
        expires_on: None,
    }
}

fn entitlement(reviewee: &str, resource: &str, action: &str) -> ReviewItemChange {
    ReviewItemChange {
        item: Item::Entitlement(Entitlement {
            resource: resource.into(),
            action: action.into(),
            business_source: "AD".into(),
        }),
        ..group(reviewee, "", None)
    }
}

/// Succeeded, failed, unknown; counted from 10.
fn run(changes: &[ReviewItemChange], same_state_ok: bool, head: (i64, i64), lines: &[(&str, &str)]) -> [Vec<i64>; 3] {
    let mut text = match head {
        (updated, total) if updated == total => format!("Success. Updated all {total} review components"),
        (0, total) => format!("Status=Failure.  None of the {total} review components could be updated."),
        (updated, total) => format!("Partial Success. Updated {updated} of {total} review components successfully."),
    };
    for (label, reason) in lines {
        text.push_str(&format!("\nStatus for Review Item ({label})=Failure ({reason}"));
    }
    let settled = settled(&text, changes, same_state_ok);
    assert_eq!((settled.updated, settled.total), head);
    let of = |wanted: Fate| {
        let all = (10..).zip(&settled.fates);
        all.filter(|(_, fate)| **fate == wanted)
            .map(|(index, _)| index)
            .collect()
    };
    [of(Fate::Done), of(Fate::NotDone), of(Fate::Unknown)]
}

fn settled(text: &str, changes: &[ReviewItemChange], same_state_ok: bool) -> Settled {
    settle(parse(text).unwrap(), changes.to_vec(), changes.len(), same_state_ok)
}

#[test]
fn heads_that_speak_for_all() {
    let changes = [group("a", "X", None), group("b", "Y", None)];
    assert_eq!(run(&changes, false, (2, 2), &[]), [vec![10, 11], vec![], vec![]]);
    assert_eq!(
        run(&changes, false, (0, 2), &[("a-X", LOCKED)]),
        [vec![], vec![10, 11], vec![]]
    );
}

#[test]
fn lines_that_mean_one_change_are_certain() {
    let changes = [
        group("a", "X", None),
        entitlement("b", "Mail", "Send"),
        group("c", "Z", None),
    ];
    for label in ["b-Mail", "B-MAIL [send]", "b-Mail  Send", "b-Mail:Send"] {
        let found = run(&changes, false, (2, 3), &[(label, LOCKED)]);
        assert_eq!(found, [vec![10, 12], vec![11], vec![]], "{label}");
    }
    let found = run(
        &changes,
        false,
        (1, 3),
        &[("c-Z", LOCKED), ("a-X", MISSING), ("a-X", MISSING)],
    );
    assert_eq!(found, [vec![11], vec![10, 12], vec![]]);
}

#[test]
fn what_the_lines_do_not_cover_is_unknown() {
    let changes = [group("a", "X", None), group("b", "Y", None), group("c", "Z", None)];
    assert_eq!(run(&changes, false, (1, 3), &[]), [vec![], vec![], vec![10, 11, 12]]);
    assert_eq!(
        run(&changes, false, (1, 3), &[("a-X", LOCKED)]),
        [vec![], vec![10], vec![11, 12]]
    );
    assert_eq!(
        run(&changes, false, (1, 3), &[("a-X", LOCKED), ("Smith, Bob-Y", LOCKED)]),
        [vec![], vec![10], vec![11, 12]]
    );
    assert_eq!(
        run(&changes, false, (3, 4), &[("a-X", LOCKED)]),
        [vec![], vec![10], vec![11, 12]]
    );
    let contradiction = [("a-X", LOCKED), ("b-Y", LOCKED)];
    assert_eq!(
        run(&changes, false, (2, 3), &contradiction),
        [vec![], vec![], vec![10, 11, 12]]
    );
}

#[test]
fn equal_labels_are_settled_by_counts_or_not_at_all() {
    let changes = [
        group("a", "X", Some("a1")),
        group("a", "X", Some("a2")),
        group("b", "Y", None),
    ];
    assert_eq!(
        run(&changes, false, (2, 3), &[("a-X", LOCKED)]),
        [vec![12], vec![], vec![10, 11]]
    );
    assert_eq!(
        run(&changes, false, (1, 3), &[("a-X", LOCKED), ("a-X", LOCKED)]),
        [vec![12], vec![10, 11], vec![]]
    );
    assert_eq!(
        run(&changes, false, (2, 3), &[("a-X", MISSING), ("a-X", MISSING)]),
        [vec![], vec![], vec![10, 11, 12]]
    );
    assert_eq!(
        run(&changes, false, (2, 3), &[("a-X for the account A2", LOCKED)]),
        [vec![10, 12], vec![11], vec![]]
    );
    let dashes = [group("a-b", "c", None), group("a", "b-c", None)];
    assert_eq!(
        run(&dashes, false, (1, 2), &[("a-b-c", LOCKED)]),
        [vec![], vec![], vec![10, 11]]
    );
}

#[test]
fn items_in_the_wanted_state_count_when_asked_for() {
    let changes = [group("a", "X", None), group("b", "Y", None), group("c", "Z", None)];
    let lines = [("a-X", SAME), ("b-Y", LOCKED)];
    assert_eq!(run(&changes, false, (1, 3), &lines), [vec![12], vec![10, 11], vec![]]);
    assert_eq!(run(&changes, true, (1, 3), &lines), [vec![10, 12], vec![11], vec![]]);
    assert_eq!(run(&changes, true, (0, 3), &lines), [vec![10], vec![11, 12], vec![]]);
    let strange = [("Ann-X", SAME), ("Bob-Y", SAME)];
    assert_eq!(
        run(&changes, true, (1, 3), &strange),
        [vec![10, 11, 12], vec![], vec![]]
    );
    assert_eq!(
        run(&changes, true, (0, 3), &strange),
        [vec![], vec![], vec![10, 11, 12]]
    );
    let twins = [
        group("a", "X", Some("a1")),
        group("a", "X", Some("a2")),
        group("b", "Y", None),
    ];
    let mixed = [("a-X", SAME), ("a-X", LOCKED)];
    assert_eq!(run(&twins, true, (1, 3), &mixed), [vec![12], vec![], vec![10, 11]]);
    assert_eq!(run(&twins, true, (0, 3), &mixed), [vec![], vec![12], vec![10, 11]]);
}

#[test]
fn a_line_that_tells_of_a_success_says_nothing_of_the_others() {
    let changes = [group("a", "X", None), group("b", "Y", None)];
    let text = "Partial Success. Updated 1 of 2 review components.\nStatus for Review Item (a-X)=Success (Updated.)";
    for same_state_ok in [false, true] {
        let fates = settled(text, &changes, same_state_ok).fates;
        assert_ne!(fates[1], Fate::Done, "{fates:?}");
    }
}
