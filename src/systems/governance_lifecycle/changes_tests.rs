//! Tests of how changes are kept: whatever repeats or is alike, every one comes back, and every part of them is written
//! as it would be alone.

use proptest::prelude::*;

use super::super::change::{Entitlement, Group, Item, RevieweeAccount};
use super::*;

/// Texts that repeat, are alike, have to be escaped, or are too long to be remembered.
fn text() -> impl Strategy<Value = String> {
    let long = (0..3_usize).prop_map(|more| "a&\u{e9}".repeat(60 + 10 * more));
    prop_oneof![
        3 => "user[0-9]{1,3}",
        1 => "[ab\u{e4}\u{e9}&<\"\t]{0,3}x",
        1 => long,
    ]
}

fn change() -> impl Strategy<Value = ReviewItemChange> {
    let item = prop_oneof![
        (text(), text(), text()).prop_map(|(resource, action, business_source)| Item::Entitlement(Entitlement {
            resource,
            action,
            business_source
        })),
        (text(), text()).prop_map(|(name, business_source)| Item::Group(Group { name, business_source })),
    ];
    let account = (text(), text()).prop_map(|(name, business_source)| RevieweeAccount { name, business_source });
    let comments = prop_oneof![text(), Just(String::new())];
    let day = (1970..10_000_i16, 1..13_i8, 1..29_i8).prop_map(|(year, month, day)| jiff::civil::date(year, month, day));
    (
        text(),
        item,
        prop::option::of(account),
        prop::option::of(comments),
        prop::option::of(day),
    )
        .prop_map(|(reviewee, item, account, comments, expires_on)| ReviewItemChange {
            state: "maintain".to_owned(),
            reviewee,
            item,
            account,
            comments,
            expires_on,
        })
}

fn document(changes: &Arc<Changes>, range: Range<usize>) -> Vec<u8> {
    let document = Document {
        head: Bytes::from_static(b"<Review>\n"),
        changes: changes.clone(),
        range,
    };
    let whole = document.whole();
    assert_eq!(whole.len() as u64, document.length());
    assert!(document.begin().all(|piece| !piece.is_empty()));
    whole
}

fn without_frame(document: &[u8]) -> &[u8] {
    let inner = document.strip_prefix(b"<Review>\n").unwrap();
    inner.strip_suffix(TAIL).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn every_change_and_every_range_comes_back(
        few in prop::collection::vec(change(), 1..40), count in 1..3 * BLOCK, from in 0..3 * BLOCK, length in 0..3 * BLOCK,
    ) {
        let given: Vec<_> = few.iter().cycle().take(count).cloned().collect();
        let kept = Arc::new(Changes::collect(&given).unwrap());
        prop_assert_eq!(kept.len(), count);
        prop_assert!(kept.range(0..count + 1).map(|(_, change)| change).eq(given.iter().cloned()));
        let alone: Vec<_> = few
            .iter()
            .map(|change| document(&Arc::new(Changes::collect([change]).unwrap()), 0..1))
            .collect();
        let range = from.min(count)..(from + length).min(count);
        let expected: Vec<&[u8]> = range.clone().map(|at| without_frame(&alone[at % few.len()])).collect();
        let written = document(&kept, range.clone());
        prop_assert_eq!(without_frame(&written), expected.concat());
        let mut cursor = Cursor::default();
        for index in [range.start, count - 1, 0, range.end, from] {
            prop_assert_eq!(kept.get(index, &mut cursor), given.get(index).cloned());
        }
        let stored = format!("[{}]", given.iter().map(|c| serde_json::to_string(&stored(c)).unwrap()).collect::<Vec<_>>().join(","));
        let raw: &RawValue = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(<Arc<Changes> as Field>::restore(raw), Some(kept));
    }
}

#[test]
fn what_is_alike_takes_little_room() {
    let given: Vec<_> = (0..20_000)
        .map(|number| ReviewItemChange {
            state: "revoke".to_owned(),
            reviewee: format!("user{number}"),
            item: Item::Group(Group {
                name: format!("Group {}", number % 977),
                business_source: "Active Directory".to_owned(),
            }),
            account: None,
            comments: Some(format!("Campaign 2031-Q1, line {number}")),
            expires_on: None,
        })
        .collect();
    let kept = Changes::collect(&given).unwrap();
    let room: usize = kept.blocks.iter().map(|block| block.data.len()).sum();
    assert!(room < 24 * given.len(), "{room}");
}

#[test]
fn a_change_that_is_refused_leaves_nothing_behind() {
    let fine = |number: usize| ReviewItemChange {
        state: "none".to_owned(),
        reviewee: format!("user{number}"),
        item: Item::Group(Group {
            name: "g".to_owned(),
            business_source: "b".to_owned(),
        }),
        account: None,
        comments: None,
        expires_on: None,
    };
    let mut kept = Gathering::default();
    for number in 0..10 {
        let change = fine(number);
        assert!(kept.push(&Parts::from(&change)).is_ok());
        let wrong = ReviewItemChange {
            comments: Some("\0".to_owned()),
            ..fine(number + 100)
        };
        assert!(kept.push(&Parts::from(&wrong)).is_err());
    }
    let kept = kept.done();
    assert!(kept.range(0..11).map(|(_, change)| change).eq((0..10).map(fine)));
}
