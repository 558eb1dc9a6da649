//! The document of `updateReviewItems`: every part is checked and then written, in the order of the documented skeleton.
//!
//! <https://pradeepkg.github.io/RSA/docs/review/updateReviewItems>

use jiff::civil::Date;

use super::change::{Item, ReviewItemChange};
use super::xml;
use crate::core::error::Error;

/// The server reads English names whatever the client's locale (inferred from the documented form DD-MMM-YYYY).
pub(super) const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// What a request says beside its items.
#[derive(Clone, Copy, Debug)]
pub struct Head<'r> {
    /// Name of the review result.
    pub review: &'r str,
    /// Enables sign-off.
    pub sign_off: bool,
    /// Comment for the sign-off.
    pub sign_off_comments: Option<&'r str>,
    /// Whether states are ignored and only comments added.
    pub comments_only: bool,
}

impl Head<'_> {
    /// Checks it, and writes what stands before the items.
    pub fn written(&self) -> Result<Vec<u8>, Error> {
        check_needed("review", self.review)?;
        if let Some(comments) = self.sign_off_comments {
            if !self.sign_off {
                return Err(Error::config("sign_off_comments: only with sign_off"));
            }
            check_text("sign_off_comments", comments)?;
        }
        let word = |flag: bool| if flag { "true" } else { "false" };
        let mut out = b"<Review>\n".to_vec();
        write_element(&mut out, "ReviewResultName", self.review);
        write_element(&mut out, "SignOff", word(self.sign_off));
        write_element(&mut out, "UpdateCommentsOnly", word(self.comments_only));
        if let Some(comments) = self.sign_off_comments {
            // Its place is not documented; before the items it cannot be taken for a part of the last one.
            write_element(&mut out, "Comments", comments);
        }
        Ok(out)
    }
}

/// What stands after the items.
pub const TAIL: &[u8] = b"</Review>";

/// Refuses what cannot be written or is known to be meaningless. Errors begin with the field.
pub fn check_change(change: &ReviewItemChange) -> Result<(), Error> {
    check_needed("state", &change.state)?;
    check_needed("reviewee", &change.reviewee)?;
    for (name, value) in attributes(&change.item) {
        let field = format!("item.{}", field_name(name));
        if name == "action" && value.trim().is_empty() {
            return Err(Error::config(
                "item.action: must not be empty; '-' stands for no action",
            ));
        }
        check_needed(&field, value)?;
    }
    if let Some(account) = &change.account {
        check_needed("account.name", &account.name)?;
        check_needed("account.business_source", &account.business_source)?;
    }
    if let Some(comments) = &change.comments {
        check_text("comments", comments)?;
    }
    if let Some(date) = change.expires_on {
        if !change.state.eq_ignore_ascii_case("maintain") {
            return Err(Error::config("expires_on: only with the state 'maintain'"));
        }
        if date.year() < 1 {
            return Err(Error::config("expires_on: not a year of the common era"));
        }
    }
    Ok(())
}

fn check_needed(name: &str, value: &str) -> Result<(), Error> {
    if value.trim().is_empty() {
        return Err(Error::config(format!("{name}: must not be empty")));
    }
    check_text(name, value)
}

fn check_text(name: &str, value: &str) -> Result<(), Error> {
    match xml::forbidden(value) {
        None => Ok(()),
        Some(found) => Err(Error::config(format!(
            "{name}: holds U+{:04X}, which XML cannot carry",
            u32::from(found)
        ))),
    }
}

fn field_name(attribute: &str) -> &str {
    match attribute {
        "business-source" => "business_source",
        "role-set" => "role_set",
        other => other,
    }
}

fn element(item: &Item) -> &'static str {
    match item {
        Item::Entitlement(_) => "Entitlement",
        Item::ApplicationRole(_) => "ApplicationRole",
        Item::Group(_) => "Group",
        Item::GlobalRole(_) => "GlobalRole",
    }
}

fn attributes(item: &Item) -> impl Iterator<Item = (&'static str, &str)> {
    let (first, second, third) = match item {
        Item::Entitlement(item) => (
            ("resource", item.resource.as_str()),
            Some(("action", item.action.as_str())),
            ("business-source", item.business_source.as_str()),
        ),
        Item::ApplicationRole(item) => (("name", &*item.name), None, ("business-source", &*item.business_source)),
        Item::Group(item) => (("name", &*item.name), None, ("business-source", &*item.business_source)),
        Item::GlobalRole(item) => (("name", &*item.name), None, ("role-set", &*item.role_set)),
    };
    [Some(first), second, Some(third)].into_iter().flatten()
}

/// Writes one item that was checked.
pub fn write_change(out: &mut Vec<u8>, change: &ReviewItemChange) {
    out.extend_from_slice(b"<ReviewItemChange");
    write_attribute(out, "state", &change.state);
    if let Some(comments) = &change.comments {
        write_attribute(out, "comments", comments);
    }
    if let Some(date) = change.expires_on {
        write_attribute(out, "expires-on", &day(date));
    }
    out.extend_from_slice(b">\n");
    write_element(out, "RevieweeUserId", &change.reviewee);
    if let Some(account) = &change.account {
        out.extend_from_slice(b"<RevieweeAccount");
        write_attribute(out, "name", &account.name);
        write_attribute(out, "business-source", &account.business_source);
        out.extend_from_slice(b"/>\n");
    }
    out.extend_from_slice(b"<");
    out.extend_from_slice(element(&change.item).as_bytes());
    for (name, value) in attributes(&change.item) {
        write_attribute(out, name, value);
    }
    out.extend_from_slice(b"/>\n</ReviewItemChange>\n");
}

fn write_element(out: &mut Vec<u8>, name: &str, text: &str) {
    out.extend_from_slice(b"<");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b">");
    xml::text(out, text);
    out.extend_from_slice(b"</");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b">\n");
}

fn write_attribute(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(b" ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    xml::attribute(out, value);
    out.extend_from_slice(b"\"");
}

fn day(date: Date) -> String {
    let month = usize::try_from(date.month() - 1)
        .ok()
        .and_then(|index| MONTHS.get(index));
    format!(
        "{:02}-{}-{:04}",
        date.day(),
        month.copied().unwrap_or_default(),
        date.year()
    )
}

#[cfg(test)]
#[path = "review_xml_tests.rs"]
mod tests;
