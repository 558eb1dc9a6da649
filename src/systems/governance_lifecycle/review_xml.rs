//! The document of `updateReviewItems`: every part is checked and then written, in the order of the documented skeleton.
//!
//! <https://pradeepkg.github.io/RSA/docs/review/updateReviewItems>

use jiff::civil::Date;

use super::change::ReviewItemChange;
use super::change_parts::{Column, Kind, Parts};
use super::xml::{self, Escaping};
use crate::core::error::Error;

/// The server reads English names whatever the client's locale (inferred from the documented form DD-MMM-YYYY).
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// No review is older.
const FIRST_YEAR: i16 = 1970;

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
    let has_account = parts.texts.of(Column::AccountName).is_some();
    let shape = shape(parts.kind, has_account, parts.texts.of(Column::Comments).is_some());
    check_parts(&parts, shape, |_, text| xml::forbidden(text).map_or(Ok(()), Err))
}

/// Does `check` for each text, which refuses a character that XML cannot carry, and checks what else there is.
pub(super) fn check_parts<'t>(
    parts: &Parts<'t>,
    shape: &Shape,
    mut check: impl FnMut(Column, &'t str) -> Result<(), char>,
) -> Result<(), Error> {
    for (column, _) in shape.columns() {
        let text = parts.texts.of(*column).unwrap_or_default();
        check_filled(parts.kind, *column, text)?;
        check(*column, text).map_err(|found| not_in_xml(field_name(parts.kind, *column), found))?;
    }
    if let Some(date) = parts.expires_on {
        let state = parts.texts.of(Column::State).unwrap_or_default();
        if !state.eq_ignore_ascii_case("maintain") {
            return Err(Error::config("expires_on: only with the state 'maintain'"));
        }
        check_day(date)?;
    }
    Ok(())
}

/// Refuses a day that nobody means. An expiry in the past takes access away at once, and what stands for no date at all is
/// the year 1 to those who look at its class alone.
pub fn check_day(date: Date) -> Result<(), Error> {
    if date.year() < FIRST_YEAR {
        return Err(Error::config(format!(
            "expires_on: {date} is before {FIRST_YEAR} and no date on which access expires"
        )));
    }
    Ok(())
}

fn check_filled(kind: Kind, column: Column, text: &str) -> Result<(), Error> {
    let begins_with_a_letter = text.as_bytes().first().is_some_and(u8::is_ascii_graphic);
    if begins_with_a_letter || column == Column::Comments || !text.trim().is_empty() {
        return Ok(());
    }
    let empty = match column {
        Column::ItemAction => "must not be empty; '-' stands for no action",
        _ => "must not be empty",
    };
    Err(Error::config(format!("{}: {empty}", field_name(kind, column))))
}

/// How a column's texts are escaped.
pub(super) const fn escaping(column: Column) -> Escaping {
    match column {
        Column::Reviewee => xml::TEXT,
        _ => xml::ATTRIBUTE,
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

/// The texts that a change has, in the order of the document, each with what stands before it.
pub(super) struct Shape {
    columns: [(Column, &'static [u8]); Column::ALL.len()],
    count: usize,
    /// The length of all that is no text.
    pub(super) length: usize,
}

impl Shape {
    pub(super) fn columns(&self) -> &[(Column, &'static [u8])] {
        self.columns.get(..self.count).unwrap_or_default()
    }

    const fn new(kind: Kind, has_account: bool, has_comments: bool) -> Self {
        let (mut columns, mut count, mut length) = ([(Column::State, &[] as &[u8]); Column::ALL.len()], 0, END.len());
        let mut at = 0;
        while at < Column::ALL.len() {
            #[allow(clippy::indexing_slicing, reason = "in bounds, and checked when this is compiled")]
            let column = Column::ALL[at];
            let is_there = match column {
                Column::AccountName | Column::AccountSource => has_account,
                Column::Comments => has_comments,
                Column::Resource | Column::ItemAction => matches!(kind, Kind::Entitlement),
                Column::ItemName => !matches!(kind, Kind::Entitlement),
                Column::State | Column::Reviewee | Column::ItemSource => true,
            };
            if is_there {
                let before = before(kind, has_account, column);
                #[allow(clippy::indexing_slicing, reason = "in bounds, and checked when this is compiled")]
                {
                    columns[count] = (column, before);
                }
                length += before.len();
                count += 1;
            }
            at += 1;
        }
        Self { columns, count, length }
    }

    const fn all_of(kind: Kind) -> [Self; 4] {
        [
            Self::new(kind, false, false),
            Self::new(kind, true, false),
            Self::new(kind, false, true),
            Self::new(kind, true, true),
        ]
    }
}

static SHAPES: [[Shape; 4]; Kind::ALL.len()] = [
    Shape::all_of(Kind::Entitlement),
    Shape::all_of(Kind::ApplicationRole),
    Shape::all_of(Kind::Group),
    Shape::all_of(Kind::GlobalRole),
];

/// That of a change.
pub(super) fn shape(kind: Kind, has_account: bool, has_comments: bool) -> &'static Shape {
    let [[first, ..], ..] = &SHAPES;
    let of_kind = SHAPES.get(kind as usize);
    let shape = of_kind.and_then(|of_kind| of_kind.get(usize::from(has_account) | usize::from(has_comments) << 1));
    shape.unwrap_or(first)
}

/// The column before which the day stands.
pub(super) const AFTER_DAY: Column = Column::Reviewee;
/// The length of the day with what stands before it.
pub(super) const LENGTH_OF_DAY: usize = BEFORE_DAY.len() + DAY_LENGTH;

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
    xml::TEXT.escape(out, text.as_bytes());
    out.extend_from_slice(b"</");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b">\n");
}

#[cfg(test)]
#[path = "review_xml_tests.rs"]
mod tests;
