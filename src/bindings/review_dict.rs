//! One change as a dict with its item and account, read in place: its texts are lent, not copied. A misspelled key is
//! refused, as it would silently leave something out.

use std::borrow::Cow;

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
    let mut keys = Keys::of(dict);
    let item = keys.value(intern!(py, "item"))?;
    if item.is_none() && dict.contains(intern!(py, "kind"))? {
        return take(&(&read_row(dict)?).into());
    }
    let state = keys.value(intern!(py, "state"))?;
    let reviewee = keys.value(intern!(py, "reviewee"))?;
    let comments = keys.value(intern!(py, "comments"))?;
    let account = keys.value(intern!(py, "account"))?;
    let expires_on = keys.value(intern!(py, "expires_on"))?;
    keys.done("", &["state", "reviewee", "item", "account", "comments", "expires_on"])?;
    let state = text("", "state", state.as_ref())?;
    let reviewee = text("", "reviewee", reviewee.as_ref())?;
    let item = item.ok_or_else(|| missing("", "item"))?;
    with_item(".item", &item, |kind, item| {
        with_account(".account", account.as_ref(), |account| {
            let comments = comments.as_ref().filter(|value| !is_absent(value));
            let comments = comments.map(|value| text("", "comments", Some(value))).transpose()?;
            // As the constructor takes it: what stands for no date in a table is none that somebody gives for one change.
            let expires_on = expires_on.as_ref().filter(|value| !value.is_none());
            let expires_on =
                expires_on.map(|value| Date::read(value).map_err(|wrong| Refusal::at(".expires_on", wrong)));
            let parts = Parts::new(&state, &reviewee, kind, item);
            take(&parts.with(account, comments.as_deref(), expires_on.transpose()?))
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
    let mut found = Keys::of(dict);
    let word = found.value(intern!(py, "kind"))?;
    let (name, source) = (intern!(py, "name"), intern!(py, "business_source"));
    let (kind, keys, values) = match &*text(place, "kind", word.as_ref())? {
        "entitlement" => (
            Kind::Entitlement,
            ["resource", "action", "business_source"].as_slice(),
            [
                found.value(intern!(py, "resource"))?,
                found.value(intern!(py, "action"))?,
                found.value(source)?,
            ],
        ),
        "application_role" => (
            Kind::ApplicationRole,
            ["name", "business_source"].as_slice(),
            [found.value(name)?, None, found.value(source)?],
        ),
        "group" => (
            Kind::Group,
            ["name", "business_source"].as_slice(),
            [found.value(name)?, None, found.value(source)?],
        ),
        "global_role" => (
            Kind::GlobalRole,
            ["name", "role_set"].as_slice(),
            [found.value(name)?, None, found.value(intern!(py, "role_set"))?],
        ),
        _ => return Err(wrong_kind(place)),
    };
    let [first, second, third] = &values;
    if !found.are_all() {
        known_keys(place, dict, &[&["kind"], keys].concat())?;
    }
    let (first_key, last_key) = (keys.first(), keys.last());
    let first = text(place, first_key.copied().unwrap_or_default(), first.as_ref())?;
    let second = match kind {
        Kind::Entitlement => Some(text(place, "action", second.as_ref())?),
        _ => None,
    };
    let third = text(place, last_key.copied().unwrap_or_default(), third.as_ref())?;
    take(kind, [Some(&first), second.as_deref(), Some(&third)])
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
        let mut keys = Keys::of(dict);
        let name = keys.value(intern!(py, "name"))?;
        let source = keys.value(intern!(py, "business_source"))?;
        keys.done(place, &["name", "business_source"])?;
        let name = text(place, "name", name.as_ref())?;
        let source = text(place, "business_source", source.as_ref())?;
        return take(Some((&name, &source)));
    }
    if let Ok(account) = account.cast::<RevieweeAccount>() {
        let account = account.get();
        return take(Some((&account.name, &account.business_source)));
    }
    if is_absent(account) {
        return take(None);
    }
    let expected = "a RevieweeAccount, a dict or None";
    Err(Refusal::at(place, Wrong::of_type(expected, account)))
}

/// The keys of a dict, looked up until all are found.
struct Keys<'d, 'py> {
    dict: &'d Bound<'py, PyDict>,
    left: usize,
}

impl<'d, 'py> Keys<'d, 'py> {
    fn of(dict: &'d Bound<'py, PyDict>) -> Self {
        Self { dict, left: dict.len() }
    }

    fn value(&mut self, key: &Bound<'py, PyString>) -> PyResult<Value<'py>> {
        if self.left == 0 {
            return Ok(None);
        }
        let value = self.dict.get_item(key)?;
        self.left -= usize::from(value.is_some());
        Ok(value)
    }

    const fn are_all(&self) -> bool {
        self.left == 0
    }

    fn done(&self, place: &str, known: &[&str]) -> Result<(), Refusal> {
        if self.are_all() {
            return Ok(());
        }
        known_keys(place, self.dict, known)
    }
}

fn missing(place: &str, key: &str) -> Refusal {
    Refusal::Value(format!("{place}.{key}: is missing"))
}

#[inline]
fn text<'a>(place: &str, key: &str, value: Option<&'a Bound<'_, PyAny>>) -> Result<Cow<'a, str>, Refusal> {
    if let Some(value) = value
        && let Ok(text) = value.cast::<PyString>()
        && let Ok(text) = text.to_cow()
    {
        return Ok(text);
    }
    Err(no_text(place, key, value))
}

#[cold]
fn no_text(place: &str, key: &str, value: Option<&Bound<'_, PyAny>>) -> Refusal {
    match value.map(argument::text) {
        Some(Err(wrong)) => Refusal::at(&format!("{place}.{key}"), wrong),
        _ => missing(place, key),
    }
}
