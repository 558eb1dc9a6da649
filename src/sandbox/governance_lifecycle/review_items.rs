//! The command `updateReviewItems`: reads its XML, changes items one by one and words the three kinds of outcome.

use super::markup::{self, Element};
use super::reviews::{Component, Item, Review, ReviewState};

const BAD_STATE: &str = "State specified should be one of [Maintain, revoke, none]";
const UNKNOWN_COMPONENT: &str = "Specified review component does not exist.";
const SAME_STATE: &str = "The review component is already in the same state as being updated.";
const LOCKED: &str = "The review component is locked and can not be changed.";
/// Not documented.
const BAD_EXPIRATION: &str = "The expiration date is not valid for the review component.";

/// What became of one request.
pub(super) enum Outcome {
    /// 200 with this `Status`; the flag tells whether anything changed.
    Updated(String, bool),
    /// A refusal with this status and message.
    Refused(u16, String),
}

/// One component as the request names it.
struct Target {
    component: Component,
}

struct Change<'a> {
    state: &'a str,
    comments: Option<&'a str>,
    expires_on: Option<&'a str>,
    user: &'a str,
    account: Option<(&'a str, &'a str)>,
}

/// Carries out the command. `reviewer` is false when no user stands behind the token: then no item is in scope
/// (inferred).
pub(super) fn update(reviews: &mut [Review], body: &[u8], reviewer: bool) -> Outcome {
    // The command's answer to unreadable XML is not documented; other commands answer like this.
    let invalid = |reason: &str| Outcome::Refused(400, format!("Invalid XML content in the request body: {reason}"));
    let Ok(text) = std::str::from_utf8(body) else {
        return invalid("Invalid byte of a UTF-8 sequence.");
    };
    let root = match markup::parse(text) {
        Ok(root) if root.name == "Review" => root,
        Ok(root) => return invalid(&format!("Cannot find the declaration of element '{}'.", root.name)),
        Err(reason) => return invalid(&reason),
    };
    let name = root.text_of("ReviewResultName");
    let Some(review) = reviews.iter_mut().find(|review| review.name == name) else {
        return Outcome::Refused(412, format!("Could not find a review with name {name}"));
    };
    if review.state != ReviewState::Active {
        return Outcome::Refused(412, "The review is not an actionable state.".to_owned());
    }
    let flag = |name: &str| root.text_of(name).eq_ignore_ascii_case("true");
    let (sign_off, comments_only) = (flag("SignOff"), flag("UpdateCommentsOnly"));

    let mut lines = Vec::new();
    let (mut updated, mut changed) = (0usize, false);
    for element in root.children.iter().filter(|child| child.name == "ReviewItemChange") {
        let change = Change::read(element);
        for target in element.children.iter().filter_map(Target::read) {
            let result = if reviewer {
                change.apply(review, &target.component, sign_off, comments_only)
            } else {
                Err(UNKNOWN_COMPONENT)
            };
            updated += usize::from(result.is_ok());
            changed |= result == Ok(true);
            lines.push(change.line(&target.component, result.err()));
        }
    }
    let total = lines.len();
    let details = lines.join("\n");
    match updated {
        0 => Outcome::Refused(
            412,
            format!("Status=Failure.  None of the {total} review components could be updated.\n{details}"),
        ),
        all if all == total => Outcome::Updated(
            format!("Success. Updated all {total} review components with specified states."),
            changed,
        ),
        some => Outcome::Updated(
            format!("Partial Success. Updated {some} of {total} review components successfully.\n{details}"),
            changed,
        ),
    }
}

impl Target {
    fn read(element: &Element) -> Option<Target> {
        let of = |name: &str| element.attribute(name).unwrap_or_default().to_owned();
        let component = match element.name.as_str() {
            "Entitlement" => Component::Entitlement {
                resource: of("resource"),
                action: of("action"),
                business_source: of("business-source"),
            },
            "ApplicationRole" => Component::ApplicationRole {
                name: of("name"),
                business_source: of("business-source"),
            },
            "Group" => Component::Group {
                name: of("name"),
                business_source: of("business-source"),
            },
            "GlobalRole" => Component::GlobalRole {
                name: of("name"),
                role_set: of("role-set"),
            },
            _ => return None,
        };
        Some(Target { component })
    }
}

impl<'a> Change<'a> {
    fn read(element: &'a Element) -> Change<'a> {
        let account = element.child("RevieweeAccount").map(|account| {
            let of = |name: &str| account.attribute(name).unwrap_or_default();
            (of("name"), of("business-source"))
        });
        Change {
            state: element.attribute("state").unwrap_or_default(),
            comments: element.attribute("comments"),
            expires_on: element.attribute("expires-on"),
            user: element.text_of("RevieweeUserId"),
            account,
        }
    }

    /// Changes one item. Gives whether something is different now, or the documented reason for a failure.
    fn apply(
        &self,
        review: &mut Review,
        component: &Component,
        sign_off: bool,
        comments_only: bool,
    ) -> Result<bool, &'static str> {
        let state = self.state.to_ascii_lowercase();
        let known = ["maintain", "revoke", "none"].contains(&state.as_str())
            || review
                .custom_states
                .iter()
                .any(|custom| custom.eq_ignore_ascii_case(&state));
        if !comments_only && !known {
            return Err(BAD_STATE);
        }
        let in_account = |item: &Item| match self.account {
            None => true,
            Some((name, source)) => item.account.as_ref().is_some_and(|(n, s)| n == name && s == source),
        };
        // Without an account the first of several items is meant, as users of older servers found out.
        let found = |item: &&mut Item| item.user == self.user && item.component == *component && in_account(item);
        let item = review.items.iter_mut().find(found).ok_or(UNKNOWN_COMPONENT)?;
        if item.locked {
            return Err(LOCKED);
        }
        if comments_only {
            return Ok(self.comment(item));
        }
        if item.state == state {
            return Err(SAME_STATE);
        }
        if let Some(date) = self.expires_on.filter(|date| !date.is_empty()) {
            if state != "maintain" || !review.expiry_allowed || !is_date(date) {
                return Err(BAD_EXPIRATION);
            }
            item.expires_on = Some(date.to_owned());
        } else {
            item.expires_on = None;
        }
        item.state = state;
        item.locked = sign_off;
        self.comment(item);
        Ok(true)
    }

    /// Adds the comment unless the item has it already.
    fn comment(&self, item: &mut Item) -> bool {
        match self.comments {
            Some(text) if !text.is_empty() && !item.comments.iter().any(|known| known == text) => {
                item.comments.push(text.to_owned());
                true
            }
            _ => false,
        }
    }

    /// The line about one item, in the newer of the spellings that were seen. That of a success is inferred.
    fn line(&self, component: &Component, failure: Option<&str>) -> String {
        let account = self
            .account
            .map(|(name, _)| format!(" for the account {name}"))
            .unwrap_or_default();
        let result = failure.map_or_else(|| "Success".to_owned(), |reason| format!("Failure ({reason})"));
        format!(
            "Status For Review Item({}-{}{account})={result}",
            self.user,
            component.label()
        )
    }
}

/// Whether text is a date such as `31-Dec-2030`, with an English month.
fn is_date(text: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let mut parts = text.split('-');
    let (day, month, year) = (parts.next(), parts.next(), parts.next());
    let number = |part: Option<&str>, digits: usize| {
        part.filter(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|part| part.parse::<i16>().ok())
    };
    let month = month.and_then(|name| MONTHS.iter().position(|known| known.eq_ignore_ascii_case(name)));
    let (Some(day), Some(month), Some(year), None) = (number(day, 2), month, number(year, 4), parts.next()) else {
        return false;
    };
    jiff::civil::Date::new(year, month as i8 + 1, day as i8).is_ok()
}
