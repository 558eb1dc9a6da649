//! One change as a dict with its item and account, read in place: its texts are lent, not copied. A misspelled key is
//! refused, as it would silently leave something out.

use jiff::civil::Date;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::argument::{self, Argument, Wrong};
use super::review_input::{Refusal, is_absent, known_keys, read_row, wrong_kind};
use crate::systems::governance_lifecycle::{
    ApplicationRole, Entitlement, GlobalRole, Group, Kind, Parts, RevieweeAccount,
};

type Value<'py> = Option<Bound<'py, PyAny>>;
type ItemTexts<'t> = [Option<&'t str>; 3];

/// Lends what is in it, or in the row that it is.
pub fn with_dict<T>(
    dict: &Bound<'_, PyDict>,
    take: impl FnOnce(&Parts<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let py = dict.py();
    let state = dict.get_item(intern!(py, "state"))?;
    let reviewee = dict.get_item(intern!(py, "reviewee"))?;
    let item = dict.get_item(intern!(py, "item"))?;
    if item.is_none() && dict.contains(intern!(py, "kind"))? {
        return take(&(&read_row(dict)?).into());
    }
    let account = dict.get_item(intern!(py, "account"))?;
    let comments = dict.get_item(intern!(py, "comments"))?;
    let expires_on = dict.get_item(intern!(py, "expires_on"))?;
    check_keys(
        "",
        dict,
        &[&state, &reviewee, &item, &account, &comments, &expires_on],
        &["state", "reviewee", "item", "account", "comments", "expires_on"],
    )?;
    let state = text("", "state", state.as_ref())?;
    let reviewee = text("", "reviewee", reviewee.as_ref())?;
    let item = item.ok_or_else(|| missing("", "item"))?;
    with_item(".item", &item, |kind, item| {
        with_account(".account", account.as_ref(), |account| {
            let comments = comments.as_ref().filter(|value| !is_absent(value));
            let comments = comments.map(|value| text("", "comments", Some(value))).transpose()?;
            let expires_on = expires_on.as_ref().filter(|value| !is_absent(value));
            let expires_on =
                expires_on.map(|value| Date::read(value).map_err(|wrong| Refusal::at(".expires_on", wrong)));
            let parts = Parts::new(state, reviewee, kind, item);
            take(&parts.with(account, comments, expires_on.transpose()?))
        })
    })
}

/// Lends the kind and the texts of an item at this place.
pub fn with_item<T>(
    place: &str,
    item: &Bound<'_, PyAny>,
    take: impl FnOnce(Kind, ItemTexts<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    if let Ok(dict) = item.cast::<PyDict>() {
        return with_item_dict(place, dict, take);
    }
    if let Ok(item) = item.cast::<Entitlement>() {
        let Entitlement {
            resource,
            action,
            business_source,
        } = item.get();
        return take(Kind::Entitlement, [Some(resource), Some(action), Some(business_source)]);
    }
    if let Ok(item) = item.cast::<ApplicationRole>() {
        let ApplicationRole { name, business_source } = item.get();
        return take(Kind::ApplicationRole, [Some(name), None, Some(business_source)]);
    }
    if let Ok(item) = item.cast::<Group>() {
        let Group { name, business_source } = item.get();
        return take(Kind::Group, [Some(name), None, Some(business_source)]);
    }
    if let Ok(item) = item.cast::<GlobalRole>() {
        let GlobalRole { name, role_set } = item.get();
        return take(Kind::GlobalRole, [Some(name), None, Some(role_set)]);
    }
    let expected = "an Entitlement, ApplicationRole, Group, GlobalRole or a dict with its kind";
    Err(Refusal::at(place, Wrong::of_type(expected, item)))
}

fn with_item_dict<T>(
    place: &str,
    dict: &Bound<'_, PyDict>,
    take: impl FnOnce(Kind, ItemTexts<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let py = dict.py();
    let word = dict.get_item(intern!(py, "kind"))?;
    let (name, source) = (intern!(py, "name"), intern!(py, "business_source"));
    let (kind, keys, values) = match text(place, "kind", word.as_ref())? {
        "entitlement" => (
            Kind::Entitlement,
            ["resource", "action", "business_source"].as_slice(),
            [
                dict.get_item(intern!(py, "resource"))?,
                dict.get_item(intern!(py, "action"))?,
                dict.get_item(source)?,
            ],
        ),
        "application_role" => (
            Kind::ApplicationRole,
            ["name", "business_source"].as_slice(),
            [dict.get_item(name)?, None, dict.get_item(source)?],
        ),
        "group" => (
            Kind::Group,
            ["name", "business_source"].as_slice(),
            [dict.get_item(name)?, None, dict.get_item(source)?],
        ),
        "global_role" => (
            Kind::GlobalRole,
            ["name", "role_set"].as_slice(),
            [dict.get_item(name)?, None, dict.get_item(intern!(py, "role_set"))?],
        ),
        _ => return Err(wrong_kind(place)),
    };
    let [first, second, third] = &values;
    if dict.len() != values.iter().flatten().count() + 1 {
        known_keys(place, dict, &[&["kind"], keys].concat())?;
    }
    let (first_key, last_key) = (keys.first(), keys.last());
    let first = text(place, first_key.copied().unwrap_or_default(), first.as_ref())?;
    let second = match kind {
        Kind::Entitlement => Some(text(place, "action", second.as_ref())?),
        _ => None,
    };
    let third = text(place, last_key.copied().unwrap_or_default(), third.as_ref())?;
    take(kind, [Some(first), second, Some(third)])
}

/// Lends the name and the business source of an account at this place, or nothing.
pub fn with_account<T>(
    place: &str,
    account: Option<&Bound<'_, PyAny>>,
    take: impl FnOnce(Option<(&str, &str)>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let Some(account) = account else { return take(None) };
    if let Ok(dict) = account.cast::<PyDict>() {
        let py = account.py();
        let name = dict.get_item(intern!(py, "name"))?;
        let source = dict.get_item(intern!(py, "business_source"))?;
        check_keys(place, dict, &[&name, &source], &["name", "business_source"])?;
        let name = text(place, "name", name.as_ref())?;
        let source = text(place, "business_source", source.as_ref())?;
        return take(Some((name, source)));
    }
    if is_absent(account) {
        return take(None);
    }
    if let Ok(account) = account.cast::<RevieweeAccount>() {
        let account = account.get();
        return take(Some((&account.name, &account.business_source)));
    }
    let expected = "a RevieweeAccount, a dict or None";
    Err(Refusal::at(place, Wrong::of_type(expected, account)))
}

/// All keys that a dict has must be among those that were found.
fn check_keys(place: &str, dict: &Bound<'_, PyDict>, found: &[&Value<'_>], known: &[&str]) -> Result<(), Refusal> {
    if found.iter().filter(|value| value.is_some()).count() == dict.len() {
        return Ok(());
    }
    known_keys(place, dict, known)
}

fn missing(place: &str, key: &str) -> Refusal {
    Refusal::Value(format!("{place}.{key}: is missing"))
}

fn text<'a>(place: &str, key: &str, value: Option<&'a Bound<'_, PyAny>>) -> Result<&'a str, Refusal> {
    let value = value.ok_or_else(|| missing(place, key))?;
    if let Ok(text) = value.cast::<PyString>()
        && let Ok(text) = text.to_str()
    {
        return Ok(text);
    }
    let refusal = |wrong| Refusal::at(&format!("{place}.{key}"), wrong);
    Err(argument::text(value).map_or_else(refusal, |_| missing(place, key)))
}
