//! A change read back from the XML that was written of it.

use jiff::civil::Date;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::change::{ApplicationRole, Entitlement, GlobalRole, Group, Item, ReviewItemChange, RevieweeAccount};
use super::review_xml::MONTHS;

/// None if it is not what was written.
pub fn read_change(xml: &[u8]) -> Option<ReviewItemChange> {
    let mut reader = Reader::from_str(std::str::from_utf8(xml).ok()?);
    let (mut state, mut comments, mut expires_on) = (None, None, None);
    let (mut reviewee, mut account, mut item) = (String::new(), None, None);
    let mut is_reviewee = false;
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) if element.name().as_ref() == "ReviewItemChange" => {
                state = attribute(&element, "state");
                comments = attribute(&element, "comments");
                expires_on = attribute(&element, "expires-on").and_then(|text| day(&text));
            }
            Event::Start(element) => is_reviewee = element.name().as_ref() == "RevieweeUserId",
            Event::End(_) => is_reviewee = false,
            Event::Empty(element) if element.name().as_ref() == "RevieweeAccount" => {
                account = Some(RevieweeAccount {
                    name: attribute(&element, "name")?,
                    business_source: attribute(&element, "business-source")?,
                });
            }
            Event::Empty(element) => item = Some(read_item(&element)?),
            Event::Text(text) if is_reviewee => reviewee.push_str(&text.xml10_content()),
            Event::GeneralRef(name) if is_reviewee => {
                reviewee.push_str(&unescape(&format!("&{};", &*name)).ok()?);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    Some(ReviewItemChange {
        state: state?,
        reviewee,
        item: item?,
        account,
        comments,
        expires_on,
    })
}

fn read_item(element: &BytesStart<'_>) -> Option<Item> {
    let of = |name: &str| attribute(element, name);
    Some(match element.name().as_ref() {
        "Entitlement" => Item::Entitlement(Entitlement {
            resource: of("resource")?,
            action: of("action")?,
            business_source: of("business-source")?,
        }),
        "ApplicationRole" => Item::ApplicationRole(ApplicationRole {
            name: of("name")?,
            business_source: of("business-source")?,
        }),
        "Group" => Item::Group(Group {
            name: of("name")?,
            business_source: of("business-source")?,
        }),
        "GlobalRole" => Item::GlobalRole(GlobalRole {
            name: of("name")?,
            role_set: of("role-set")?,
        }),
        _ => return None,
    })
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.try_get_attribute(name).ok()??;
    Some(found.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
}

fn day(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let month = (1..).zip(MONTHS).find(|(_, name)| *name == month)?.0;
    Date::new(year.parse().ok()?, month, day.parse().ok()?).ok()
}
