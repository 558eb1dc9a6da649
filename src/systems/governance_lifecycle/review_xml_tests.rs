//! Tests of the document: the documented example, what is refused, and every text read back by another XML reader.

use proptest::prelude::*;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::super::change::{ApplicationRole, Entitlement, GlobalRole, Group, Item, RevieweeAccount};
use super::super::changes::{Changes, Document};
use super::*;
use crate::core::body::Pieces;

fn group(reviewee: &str, account: (&str, &str), name: &str, comments: &str) -> ReviewItemChange {
    ReviewItemChange {
        state: "revoke".into(),
        reviewee: reviewee.into(),
        item: Item::Group(Group {
            name: name.into(),
            business_source: account.1.into(),
        }),
        account: Some(RevieweeAccount {
            name: account.0.into(),
            business_source: account.1.into(),
        }),
        comments: Some(comments.into()),
        expires_on: None,
    }
}

fn head(review: &str) -> Head<'_> {
    Head {
        review,
        sign_off: false,
        sign_off_comments: None,
        comments_only: false,
    }
}

/// The whole document, as it is sent.
fn write(head: Head<'_>, changes: &[ReviewItemChange]) -> Result<Vec<u8>, Error> {
    let document = Document {
        head: head.written()?.into(),
        changes: Changes::collect(changes)?.into(),
        range: 0..changes.len(),
    };
    let whole = document.whole();
    assert_eq!(whole.len() as u64, document.length());
    Ok(whole)
}

fn squeezed(text: &str) -> String {
    text.replace('\n', "")
}

#[test]
fn the_documented_example_comes_out() {
    let changes = [
        group(
            "asmith",
            ("mason.stewart@example.com", "Okta"),
            "HR Department",
            "Alice no longer needs this access",
        ),
        group(
            "achen",
            ("TelemetryUser", "CyberArk (REST)"),
            "Auditors",
            "Alex no longer needs this access",
        ),
    ];
    let documented = r#"<Review>
<ReviewResultName>UAR-3</ReviewResultName>
<SignOff>false</SignOff>
<UpdateCommentsOnly>false</UpdateCommentsOnly>
<ReviewItemChange state="revoke" comments="Alice no longer needs this access">
<RevieweeUserId>asmith</RevieweeUserId>
<RevieweeAccount name="mason.stewart@example.com" business-source="Okta"/>
<Group name="HR Department" business-source="Okta"/>
</ReviewItemChange>
<ReviewItemChange state="revoke" comments="Alex no longer needs this access">
<RevieweeUserId>achen</RevieweeUserId>
<RevieweeAccount name="TelemetryUser" business-source="CyberArk (REST)"/>
<Group name="Auditors" business-source="CyberArk (REST)"/>
</ReviewItemChange>
</Review>"#;
    let written = String::from_utf8(write(head("UAR-3"), &changes).unwrap()).unwrap();
    assert_eq!(squeezed(&written), squeezed(documented));
}

fn change(state: &str, item: Item) -> ReviewItemChange {
    ReviewItemChange {
        state: state.into(),
        reviewee: "v".into(),
        item,
        account: None,
        comments: None,
        expires_on: None,
    }
}

fn items() -> [Item; 4] {
    [
        Item::Entitlement(Entitlement {
            resource: "r".into(),
            action: "-".into(),
            business_source: "b".into(),
        }),
        Item::ApplicationRole(ApplicationRole {
            name: "n".into(),
            business_source: "b".into(),
        }),
        Item::Group(Group {
            name: "n".into(),
            business_source: "b".into(),
        }),
        Item::GlobalRole(GlobalRole {
            name: "n".into(),
            role_set: "s".into(),
        }),
    ]
}

#[test]
fn every_kind_of_item_and_every_option_is_written() {
    let mut changes: Vec<_> = items().into_iter().map(|item| change("maintain", item)).collect();
    changes[0].expires_on = Some(jiff::civil::date(2030, 12, 31));
    let full = Head {
        sign_off: true,
        sign_off_comments: Some("done & dusted"),
        comments_only: true,
        ..head("Q <4>")
    };
    let written = String::from_utf8(write(full, &changes).unwrap()).unwrap();
    assert_eq!(
        squeezed(&written),
        "<Review><ReviewResultName>Q &lt;4&gt;</ReviewResultName><SignOff>true</SignOff>\
         <UpdateCommentsOnly>true</UpdateCommentsOnly><Comments>done &amp; dusted</Comments>\
         <ReviewItemChange state=\"maintain\" expires-on=\"31-Dec-2030\"><RevieweeUserId>v</RevieweeUserId>\
         <Entitlement resource=\"r\" action=\"-\" business-source=\"b\"/></ReviewItemChange>\
         <ReviewItemChange state=\"maintain\"><RevieweeUserId>v</RevieweeUserId>\
         <ApplicationRole name=\"n\" business-source=\"b\"/></ReviewItemChange>\
         <ReviewItemChange state=\"maintain\"><RevieweeUserId>v</RevieweeUserId>\
         <Group name=\"n\" business-source=\"b\"/></ReviewItemChange>\
         <ReviewItemChange state=\"maintain\"><RevieweeUserId>v</RevieweeUserId>\
         <GlobalRole name=\"n\" role-set=\"s\"/></ReviewItemChange></Review>"
    );
}

#[test]
fn what_cannot_be_sent_is_named() {
    let [entitlement, _, group, role] = items();
    let fine = change("revoke", group.clone());
    let table: Vec<(ReviewItemChange, &str)> = vec![
        (change("", group.clone()), "changes[1].state: must not be empty"),
        (
            ReviewItemChange {
                comments: Some("a\u{b}".into()),
                ..fine.clone()
            },
            "changes[1].comments: holds U+000B, which XML cannot carry",
        ),
        (
            ReviewItemChange {
                reviewee: " ".into(),
                ..fine.clone()
            },
            "changes[1].reviewee: must not be empty",
        ),
        (
            ReviewItemChange {
                expires_on: Some(jiff::civil::date(2030, 1, 1)),
                ..fine.clone()
            },
            "changes[1].expires_on: only with the state 'maintain'",
        ),
        (
            change(
                "none",
                Item::GlobalRole(GlobalRole {
                    name: "x".into(),
                    role_set: "\u{ffff}".into(),
                }),
            ),
            "changes[1].item.role_set: holds U+FFFF, which XML cannot carry",
        ),
        (
            change(
                "none",
                Item::Entitlement(Entitlement {
                    resource: "x".into(),
                    action: String::new(),
                    business_source: "b".into(),
                }),
            ),
            "changes[1].item.action: must not be empty; '-' stands for no action",
        ),
        (
            ReviewItemChange {
                account: Some(RevieweeAccount {
                    name: "x".into(),
                    business_source: String::new(),
                }),
                ..change("none", role)
            },
            "changes[1].account.business_source: must not be empty",
        ),
    ];
    for (wrong, message) in table {
        let changes = [change("none", entitlement.clone()), wrong];
        let told = write(head("R"), &changes).unwrap_err();
        assert_eq!(told.message(), message);
    }
    let changes = [fine];
    assert!(write(head(""), &changes).is_err());
    assert!(write(head("a\0"), &changes).is_err());
    let commented = Head {
        sign_off_comments: Some("x"),
        ..head("R")
    };
    assert!(write(commented, &changes).is_err());
}

fn attribute_of(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).unwrap()?;
    Some(
        attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .unwrap()
            .into_owned(),
    )
}

type Parsed = (String, Vec<(Vec<Option<String>>, String)>);

/// Reads with quick-xml: the review's name, and of each change its attributes, those of its item, and the reviewee.
fn parse(document: &[u8]) -> Parsed {
    let mut reader = Reader::from_reader(document);
    let (mut review, mut changes, mut text) = (String::new(), Vec::new(), String::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(element) => {
                text.clear();
                if element.name().as_ref() == "ReviewItemChange" {
                    let found = ["state", "comments", "expires-on"].map(|name| attribute_of(&element, name));
                    changes.push((found.to_vec(), String::new()));
                }
            }
            Event::Empty(element) => {
                let found = ["name", "resource", "action", "business-source", "role-set"];
                let last = changes.last_mut().unwrap();
                last.0.extend(found.map(|name| attribute_of(&element, name)));
            }
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(name) => {
                let reference = format!("&{};", &*name);
                text.push_str(&quick_xml::escape::unescape(&reference).unwrap());
            }
            Event::End(element) => match element.name().as_ref() {
                "ReviewResultName" => review.clone_from(&text),
                "RevieweeUserId" => changes.last_mut().unwrap().1.clone_from(&text),
                _ => {}
            },
            Event::Eof => return (review, changes),
            _ => {}
        }
    }
}

fn read_again(changes: &[ReviewItemChange]) -> Vec<ReviewItemChange> {
    let kept = Changes::collect(changes).unwrap();
    kept.range(0..changes.len()).map(|(_, change)| change).collect()
}

#[test]
fn days_are_read_again() {
    let [_, _, group, _] = items();
    let mut day = jiff::civil::date(2027, 12, 31);
    for _ in 0..400 {
        day = day.tomorrow().unwrap();
        let dated = ReviewItemChange {
            expires_on: Some(day),
            ..change("Maintain", group.clone())
        };
        assert_eq!(read_again(std::slice::from_ref(&dated)), [dated]);
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let plain = proptest::char::any().prop_filter("not in XML", |c| xml::forbidden(&c.to_string()).is_none());
    let special = prop::sample::select(vec![
        '&', '<', '>', '"', '\'', '\n', '\r', '\t', ']', ';', '\u{85}', '\u{2028}',
    ]);
    let character = prop_oneof![plain, special];
    let text = prop::collection::vec(character, 1..12).prop_map(|all| all.into_iter().collect::<String>());
    text.prop_filter("not blank", |text| !text.trim().is_empty())
}

proptest! {
    #[test]
    fn another_reader_finds_every_text_again(
        review in any_text(), state in any_text(), reviewee in any_text(), comments in any_text(),
        resource in any_text(), action in any_text(), source in any_text(),
    ) {
        let changes = [ReviewItemChange {
            state: state.clone(),
            reviewee: reviewee.clone(),
            item: Item::Entitlement(Entitlement {
                resource: resource.clone(),
                action: action.clone(),
                business_source: source.clone(),
            }),
            account: None,
            comments: Some(comments.clone()),
            expires_on: None,
        }];
        let document = write(head(&review), &changes).unwrap();
        prop_assert_eq!(read_again(&changes), changes.to_vec());
        let (found, items) = parse(&document);
        prop_assert_eq!(found, review);
        let expected = vec![Some(state), Some(comments), None, None, Some(resource), Some(action), Some(source), None];
        prop_assert_eq!(items, vec![(expected, reviewee)]);
    }

    #[test]
    fn every_kind_of_item_is_found_again_with_its_account(
        kind in 0..3_usize, name in any_text(), source in any_text(), account in any_text(), at in any_text(),
    ) {
        let item = match kind {
            0 => Item::ApplicationRole(ApplicationRole { name: name.clone(), business_source: source.clone() }),
            1 => Item::Group(Group { name: name.clone(), business_source: source.clone() }),
            _ => Item::GlobalRole(GlobalRole { name: name.clone(), role_set: source.clone() }),
        };
        let account_of_item = RevieweeAccount { name: account.clone(), business_source: at.clone() };
        let changes = [ReviewItemChange { account: Some(account_of_item), ..change("revoke", item) }];
        let (_, found) = parse(&write(head("R"), &changes).unwrap());
        prop_assert_eq!(read_again(&changes), changes.to_vec());
        let (in_source, in_set) = if kind == 2 { (None, Some(source)) } else { (Some(source), None) };
        let mut expected = vec![Some("revoke".to_owned()), None, None];
        expected.extend([Some(account), None, None, Some(at), None]);
        expected.extend([Some(name), None, None, in_source, in_set]);
        prop_assert_eq!(found, vec![(expected, "v".to_owned())]);
    }

    #[test]
    fn what_xml_cannot_carry_is_never_written(text in "[a\0\u{1}\u{b}\u{1f}\u{fffe}\u{ffff}\t\n]{1,4}") {
        let [_, _, group, _] = items();
        let changes = [ReviewItemChange { comments: Some(text.clone()), ..change("none", group) }];
        prop_assert_eq!(write(head("R"), &changes).is_err(), xml::forbidden(&text).is_some());
    }
}
