//! The document of `updateReviewItems`: every part is checked and then written, in the order of the documented skeleton.
//!
//! <https://pradeepkg.github.io/RSA/docs/review/updateReviewItems>

use jiff::civil::Date;

use super::change::ReviewItemChange;
use super::change_parts::{Column, Kind, Parts};
use super::xml;
use crate::core::error::Error;

/// The server reads English names whatever the client's locale (inferred from the documented form DD-MMM-YYYY).
const MONTHS: [&str; 12] = [
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
    let parts = Parts::from(change);
    check_parts(&parts, |column, text| is_odd(parts.kind, column, text).map(drop))
}

/// Does `check` for each text, and checks what is no text.
pub(super) fn check_parts<'t>(
    parts: &Parts<'t>,
    mut check: impl FnMut(Column, &'t str) -> Result<(), Error>,
) -> Result<(), Error> {
    for column in CHECKED {
        if let Some(text) = *parts.texts.of(column) {
            check(column, text)?;
        }
    }
    if let Some(date) = parts.expires_on {
        let state = parts.texts.of(Column::State).unwrap_or_default();
        if !state.eq_ignore_ascii_case("maintain") {
            return Err(Error::config("expires_on: only with the state 'maintain'"));
        }
        if date.year() < 1 {
            return Err(Error::config("expires_on: not a year of the common era"));
        }
    }
    Ok(())
}

/// The order in which problems are told.
const CHECKED: [Column; 9] = [
    Column::State,
    Column::Reviewee,
    Column::Resource,
    Column::ItemName,
    Column::ItemAction,
    Column::ItemSource,
    Column::AccountName,
    Column::AccountSource,
    Column::Comments,
];

/// Checks one text. Gives whether it may hold something that has to be escaped.
pub(super) fn is_odd(kind: Kind, column: Column, text: &str) -> Result<bool, Error> {
    let begins_with_a_letter = text.as_bytes().first().is_some_and(u8::is_ascii_graphic);
    if !begins_with_a_letter && column != Column::Comments && text.trim().is_empty() {
        let empty = match column {
            Column::ItemAction => "must not be empty; '-' stands for no action",
            _ => "must not be empty",
        };
        return Err(Error::config(format!("{}: {empty}", field_name(kind, column))));
    }
    if xml::is_plain(text) {
        return Ok(false);
    }
    match xml::forbidden(text) {
        Some(found) => Err(not_in_xml(field_name(kind, column), found)),
        None => Ok(true),
    }
}

/// Escapes a text that was checked as it stands in the document.
pub(super) fn escape(column: Column, out: &mut Vec<u8>, text: &[u8]) {
    match column {
        Column::Reviewee => xml::text(out, text),
        _ => xml::attribute(out, text),
    }
}

fn check_needed(name: &str, value: &str) -> Result<(), Error> {
    if value.trim().is_empty() {
        return Err(Error::config(format!("{name}: must not be empty")));
    }
    check_text(name, value)
}

fn check_text(name: &str, value: &str) -> Result<(), Error> {
    xml::forbidden(value).map_or(Ok(()), |found| Err(not_in_xml(name, found)))
}

fn not_in_xml(name: &str, found: char) -> Error {
    Error::config(format!(
        "{name}: holds U+{:04X}, which XML cannot carry",
        u32::from(found)
    ))
}

const fn field_name(kind: Kind, column: Column) -> &'static str {
    match (column, kind) {
        (Column::State, _) => "state",
        (Column::Comments, _) => "comments",
        (Column::Reviewee, _) => "reviewee",
        (Column::AccountName, _) => "account.name",
        (Column::AccountSource, _) => "account.business_source",
        (Column::Resource, _) => "item.resource",
        (Column::ItemName, _) => "item.name",
        (Column::ItemAction, _) => "item.action",
        (Column::ItemSource, Kind::GlobalRole) => "item.role_set",
        (Column::ItemSource, _) => "item.business_source",
    }
}

/// What stands in the document before a text, behind the one before it.
const fn before(kind: Kind, has_account: bool, column: Column) -> &'static [u8] {
    match (column, kind, has_account) {
        (Column::State, ..) => b"<ReviewItemChange state=\"",
        (Column::Comments, ..) => b"\" comments=\"",
        (Column::Reviewee, ..) => b"\">\n<RevieweeUserId>",
        (Column::AccountName, ..) => b"</RevieweeUserId>\n<RevieweeAccount name=\"",
        (Column::Resource, _, false) => b"</RevieweeUserId>\n<Entitlement resource=\"",
        (Column::Resource, _, true) => b"\"/>\n<Entitlement resource=\"",
        (Column::ItemName, Kind::ApplicationRole, false) => b"</RevieweeUserId>\n<ApplicationRole name=\"",
        (Column::ItemName, Kind::ApplicationRole, true) => b"\"/>\n<ApplicationRole name=\"",
        (Column::ItemName, Kind::Group | Kind::Entitlement, false) => b"</RevieweeUserId>\n<Group name=\"",
        (Column::ItemName, Kind::Group | Kind::Entitlement, true) => b"\"/>\n<Group name=\"",
        (Column::ItemName, Kind::GlobalRole, false) => b"</RevieweeUserId>\n<GlobalRole name=\"",
        (Column::ItemName, Kind::GlobalRole, true) => b"\"/>\n<GlobalRole name=\"",
        (Column::ItemAction, ..) => b"\" action=\"",
        (Column::ItemSource, Kind::GlobalRole, _) => b"\" role-set=\"",
        (Column::AccountSource | Column::ItemSource, ..) => b"\" business-source=\"",
    }
}

/// What stands before the day, which follows the comments.
const BEFORE_DAY: &[u8] = b"\" expires-on=\"";
/// DD-MMM-YYYY.
const DAY_LENGTH: usize = 11;
/// What stands behind the last text.
const END: &[u8] = b"\"/>\n</ReviewItemChange>\n";

/// The length of what stands before a text.
pub(super) const fn length_before(kind: Kind, has_account: bool, column: Column) -> usize {
    before(kind, has_account, column).len()
}

/// The length of the day with what stands before it.
pub(super) const LENGTH_OF_DAY: usize = BEFORE_DAY.len() + DAY_LENGTH;
/// The length of what stands behind the last text.
pub(super) const LENGTH_OF_END: usize = END.len();

/// Writes a text that was checked and escaped, with what stands before it.
pub(super) fn write_text(out: &mut Vec<u8>, (kind, has_account): (Kind, bool), column: Column, text: &[u8]) {
    out.extend_from_slice(before(kind, has_account, column));
    out.extend_from_slice(text);
}

/// Writes the day.
pub(super) fn write_day(out: &mut Vec<u8>, date: Date) {
    out.extend_from_slice(BEFORE_DAY);
    let month = (1..).zip(MONTHS).find(|(number, _)| *number == date.month());
    let month = month.map(|(_, name)| name).unwrap_or_default();
    let text = format!("{:02}-{month}-{:04}", date.day(), date.year());
    out.extend_from_slice(text.as_bytes());
}

/// Ends a change.
pub(super) fn write_end(out: &mut Vec<u8>) {
    out.extend_from_slice(END);
}

fn write_element(out: &mut Vec<u8>, name: &str, text: &str) {
    out.extend_from_slice(b"<");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b">");
    xml::text(out, text.as_bytes());
    out.extend_from_slice(b"</");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b">\n");
}

#[cfg(test)]
#[path = "review_xml_tests.rs"]
mod tests;
