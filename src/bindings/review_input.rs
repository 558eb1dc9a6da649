//! One change as it is given: an object, a dict of the same keys, or a row, as data frames and files have them.

use jiff::civil::Date;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyMapping, PyString};

use super::errors::refused;
use super::settings::config_error;
use crate::core::error::Error;
use crate::systems::governance_lifecycle::{
    ApplicationRole, Entitlement, GlobalRole, Group, Item, ReviewItemChange, RevieweeAccount, check_change,
};

/// Why something cannot be used.
pub enum Refusal {
    /// It is of another type.
    Type(String),
    /// It is of the right type.
    Value(String),
    /// The caller's own code failed.
    Raised(PyErr),
}

impl From<PyErr> for Refusal {
    fn from(raised: PyErr) -> Self {
        Self::Raised(raised)
    }
}

impl Refusal {
    pub fn into_python(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Type(text) => PyTypeError::new_err(text),
            Self::Value(text) => config_error(py, text),
            Self::Raised(raised) => raised,
        }
    }
}

/// One row as a change that was checked. Errors begin with the column.
#[pyfunction]
pub fn change_of_row(row: &Bound<'_, PyDict>) -> PyResult<ReviewItemChange> {
    let py = row.py();
    let change = read_row(row).map_err(|refusal| refusal.into_python(py))?;
    check_change(&change).map_err(|error| {
        let text = error.message();
        refused(py, Error::config(text.strip_prefix("item.").unwrap_or(text)))
    })?;
    Ok(change)
}

/// Reads one and hands it on.
pub fn read_change<T>(
    change: &Bound<'_, PyAny>,
    take: impl FnOnce(&ReviewItemChange) -> Result<T, Error>,
) -> Result<T, Refusal> {
    let checked = |taken: Result<T, Error>| taken.map_err(|error| Refusal::Value(error.message().to_owned()));
    if let Ok(change) = change.cast::<ReviewItemChange>() {
        return checked(take(change.get()));
    }
    if let Ok(dict) = change.cast::<PyDict>() {
        return checked(take(&read_dict(dict)?));
    }
    let Ok(mapping) = change.cast::<PyMapping>() else {
        return Err(Refusal::Type("change: must be a ReviewItemChange or a dict".into()));
    };
    let dict = PyDict::new(change.py());
    dict.update(mapping)?;
    checked(take(&read_dict(&dict)?))
}

fn read_dict(dict: &Bound<'_, PyDict>) -> Result<ReviewItemChange, Refusal> {
    if !dict.contains("item")? && dict.contains("kind")? {
        return read_row(dict);
    }
    known_keys(
        dict,
        &["state", "reviewee", "item", "account", "comments", "expires_on"],
    )?;
    let item = dict.get_item("item")?.ok_or_else(|| missing("item"))?;
    let account = dict.get_item("account")?;
    let expires_on = dict.get_item("expires_on")?.filter(|value| !is_absent(value));
    let expires_on = expires_on.map(|value| value.extract::<Date>()).transpose();
    Ok(ReviewItemChange {
        state: text(dict, "state")?,
        reviewee: text(dict, "reviewee")?,
        item: read_item(&item)?,
        account: account.as_ref().map(read_account).transpose()?.flatten(),
        comments: match dict.get_item("comments")?.filter(|value| !is_absent(value)) {
            Some(_) => Some(text(dict, "comments")?),
            None => None,
        },
        expires_on: expires_on.map_err(|_| Refusal::Type("expires_on: must be a date or None".into()))?,
    })
}

const COLUMNS: [&str; 12] = [
    "state",
    "reviewee",
    "kind",
    "name",
    "resource",
    "action",
    "business_source",
    "role_set",
    "account_name",
    "account_business_source",
    "comments",
    "expires_on",
];

/// A flat row: the columns of the item and of the account stand beside the others, and empty cells say nothing.
fn read_row(row: &Bound<'_, PyDict>) -> Result<ReviewItemChange, Refusal> {
    known_keys(row, &COLUMNS)?;
    let cell = |name: &str| -> Result<Option<String>, Refusal> {
        let value = row.get_item(name)?.filter(|value| !is_absent(value));
        let text = value.map(|value| read_text(name, &value)).transpose()?;
        Ok(text.filter(|text| !text.is_empty()))
    };
    let needed = |name: &str| cell(name)?.ok_or_else(|| Refusal::Value(format!("{name}: must not be empty")));
    let word = needed("kind")?;
    let letters: String = word.chars().filter(char::is_ascii_alphabetic).collect();
    let (item, its_own) = match letters.to_ascii_lowercase().as_str() {
        "entitlement" => {
            let item = Entitlement {
                resource: needed("resource")?,
                action: cell("action")?.unwrap_or_default(),
                business_source: needed("business_source")?,
            };
            (Item::Entitlement(item), ["resource", "action", "business_source"])
        }
        "applicationrole" => {
            let (name, business_source) = (needed("name")?, needed("business_source")?);
            let item = ApplicationRole { name, business_source };
            (Item::ApplicationRole(item), ["name", "business_source", ""])
        }
        "group" => {
            let (name, business_source) = (needed("name")?, needed("business_source")?);
            (
                Item::Group(Group { name, business_source }),
                ["name", "business_source", ""],
            )
        }
        "globalrole" => {
            let (name, role_set) = (needed("name")?, needed("role_set")?);
            (
                Item::GlobalRole(GlobalRole { name, role_set }),
                ["name", "role_set", ""],
            )
        }
        _ => return Err(wrong_kind("kind")),
    };
    for other in ["name", "resource", "action", "business_source", "role_set"] {
        if !its_own.contains(&other) && cell(other)?.is_some() {
            return Err(Refusal::Value(format!("{other}: must be empty for the kind {word:?}")));
        }
    }
    let account = match (cell("account_name")?, cell("account_business_source")?) {
        (None, None) => None,
        (Some(name), Some(business_source)) => Some(RevieweeAccount { name, business_source }),
        (Some(_), None) => {
            return Err(Refusal::Value(
                "account_business_source: must not be empty beside account_name".into(),
            ));
        }
        (None, Some(_)) => {
            return Err(Refusal::Value(
                "account_name: must not be empty beside account_business_source".into(),
            ));
        }
    };
    Ok(ReviewItemChange {
        state: needed("state")?.trim().to_owned(),
        reviewee: needed("reviewee")?,
        item,
        account,
        comments: cell("comments")?,
        expires_on: read_day(row)?,
    })
}

fn read_day(row: &Bound<'_, PyDict>) -> Result<Option<Date>, Refusal> {
    let Some(value) = row.get_item("expires_on")?.filter(|value| !is_absent(value)) else {
        return Ok(None);
    };
    if value.is_instance_of::<PyString>() {
        let text: String = read_text("expires_on", &value)?;
        return match text.trim() {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| Refusal::Value(format!("expires_on: {text:?} is not a date such as 2030-12-31"))),
        };
    }
    let day = value.extract::<Date>();
    day.map(Some)
        .map_err(|_| Refusal::Type("expires_on: must be a date, a str such as 2030-12-31, or None".into()))
}

/// What data frames have where there is nothing.
fn is_absent(value: &Bound<'_, PyAny>) -> bool {
    if value.is_none() {
        return true;
    }
    if value.is_instance_of::<PyString>() {
        return false;
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        return number.value().is_nan();
    }
    let name = value.get_type().name();
    name.is_ok_and(|name| name == "NAType" || name == "NaTType")
}

fn wrong_kind(place: &str) -> Refusal {
    Refusal::Value(format!(
        "{place}: must be \"entitlement\", \"application_role\", \"group\" or \"global_role\""
    ))
}

/// The argument `item`.
pub fn read_item(item: &Bound<'_, PyAny>) -> Result<Item, Refusal> {
    if let Ok(item) = item.cast::<Entitlement>() {
        return Ok(Item::Entitlement(item.get().clone()));
    }
    if let Ok(item) = item.cast::<ApplicationRole>() {
        return Ok(Item::ApplicationRole(item.get().clone()));
    }
    if let Ok(item) = item.cast::<Group>() {
        return Ok(Item::Group(item.get().clone()));
    }
    if let Ok(item) = item.cast::<GlobalRole>() {
        return Ok(Item::GlobalRole(item.get().clone()));
    }
    let Ok(dict) = item.cast::<PyDict>() else {
        return Err(Refusal::Type(
            "item: must be an Entitlement, ApplicationRole, Group, GlobalRole or a dict with its kind".into(),
        ));
    };
    let kind = text(dict, "kind")?;
    match kind.as_str() {
        "entitlement" => {
            known_keys(dict, &["kind", "resource", "action", "business_source"])?;
            Ok(Item::Entitlement(Entitlement {
                resource: text(dict, "resource")?,
                action: text(dict, "action")?,
                business_source: text(dict, "business_source")?,
            }))
        }
        "application_role" => {
            known_keys(dict, &["kind", "name", "business_source"])?;
            let (name, business_source) = (text(dict, "name")?, text(dict, "business_source")?);
            Ok(Item::ApplicationRole(ApplicationRole { name, business_source }))
        }
        "group" => {
            known_keys(dict, &["kind", "name", "business_source"])?;
            let (name, business_source) = (text(dict, "name")?, text(dict, "business_source")?);
            Ok(Item::Group(Group { name, business_source }))
        }
        "global_role" => {
            known_keys(dict, &["kind", "name", "role_set"])?;
            let (name, role_set) = (text(dict, "name")?, text(dict, "role_set")?);
            Ok(Item::GlobalRole(GlobalRole { name, role_set }))
        }
        _ => Err(wrong_kind("item.kind")),
    }
}

/// The argument `account`.
pub fn read_account(account: &Bound<'_, PyAny>) -> Result<Option<RevieweeAccount>, Refusal> {
    if is_absent(account) {
        return Ok(None);
    }
    if let Ok(account) = account.cast::<RevieweeAccount>() {
        return Ok(Some(account.get().clone()));
    }
    let Ok(dict) = account.cast::<PyDict>() else {
        return Err(Refusal::Type(
            "account: must be a RevieweeAccount, a dict or None".into(),
        ));
    };
    known_keys(dict, &["name", "business_source"])?;
    Ok(Some(RevieweeAccount {
        name: text(dict, "name")?,
        business_source: text(dict, "business_source")?,
    }))
}

fn text(dict: &Bound<'_, PyDict>, key: &str) -> Result<String, Refusal> {
    read_text(key, &dict.get_item(key)?.ok_or_else(|| missing(key))?)
}

fn read_text(key: &str, value: &Bound<'_, PyAny>) -> Result<String, Refusal> {
    let text = value.extract();
    text.map_err(|_| Refusal::Type(format!("{key}: must be a str")))
}

fn missing(key: &str) -> Refusal {
    Refusal::Value(format!("{key}: is missing"))
}

/// A misspelled key would silently leave something out.
fn known_keys(dict: &Bound<'_, PyDict>, known: &[&str]) -> Result<(), Refusal> {
    for key in dict.keys() {
        let key: String = key.extract().map_err(|_| Refusal::Type("keys: must be str".into()))?;
        if !known.contains(&key.as_str()) {
            let known = known.join(", ");
            return Err(Refusal::Value(format!("{key}: is no such key; known are {known}")));
        }
    }
    Ok(())
}
