//! One change as it is given: an object, a dict of the same keys, or a row, as data frames and files have them.

use jiff::civil::Date;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};

use super::argument::{Argument, Wrong, is_no_value};
use super::review_dict::{with_account, with_dict, with_item};
use super::settings::config_error;
use crate::core::error::Error;
use crate::systems::governance_lifecycle::{
    ApplicationRole, Entitlement, GlobalRole, Group, Item, Parts, ReviewItemChange, RevieweeAccount, check_change,
};

/// Why something cannot be used. Texts begin with the place: `.item.kind: must be …`, or `: must be …` of the whole.
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
    /// Names the place.
    pub fn at(place: &str, wrong: Wrong) -> Self {
        match wrong {
            Wrong::Type(expected) => Self::Type(format!("{place}: must be {expected}")),
            Wrong::Value(expected) => Self::Value(format!("{place}: must be {expected}")),
            Wrong::Raised(raised) => Self::Raised(raised),
        }
    }

    /// The exception for something that stands alone.
    pub fn into_python(self, py: Python<'_>) -> PyErr {
        let alone = |text: String| text.trim_start_matches('.').to_owned();
        match self {
            Self::Type(text) => PyTypeError::new_err(alone(text)),
            Self::Value(text) => config_error(py, alone(text)),
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
        config_error(py, text.strip_prefix("item.").unwrap_or(text))
    })?;
    Ok(change)
}

/// Lends what is in one.
pub fn with_change<T>(
    change: &Bound<'_, PyAny>,
    take: impl FnOnce(&Parts<'_>) -> Result<T, Error>,
) -> Result<T, Refusal> {
    let taken = |parts: &Parts<'_>| take(parts).map_err(|error| Refusal::Value(format!(".{}", error.message())));
    if let Ok(change) = change.cast::<ReviewItemChange>() {
        return taken(&change.get().into());
    }
    if let Ok(dict) = change.cast::<PyDict>() {
        return with_dict(dict, taken);
    }
    let Ok(mapping) = change.cast::<PyMapping>() else {
        return Err(Refusal::at("", Wrong::of_type("a ReviewItemChange or a dict", change)));
    };
    let dict = PyDict::new(change.py());
    dict.update(mapping)?;
    with_dict(&dict, taken)
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
pub fn read_row(row: &Bound<'_, PyDict>) -> Result<ReviewItemChange, Refusal> {
    known_keys("", row, &COLUMNS)?;
    let cell = |name: &str| -> Result<Option<String>, Refusal> {
        let value = row.get_item(name)?.filter(|value| !is_absent(value));
        let text = value.map(|value| String::read(&value)).transpose();
        let text = text.map_err(|wrong| Refusal::at(&format!(".{name}"), wrong))?;
        Ok(text.filter(|text| !text.is_empty()))
    };
    let full = |name: &str| cell(name)?.ok_or_else(|| Refusal::Value(format!(".{name}: must not be empty")));
    let word = full("kind")?;
    let letters: String = word.chars().filter(char::is_ascii_alphabetic).collect();
    let (item, its_own) = match letters.to_ascii_lowercase().as_str() {
        "entitlement" => {
            let item = Entitlement {
                resource: full("resource")?,
                action: cell("action")?.unwrap_or_default(),
                business_source: full("business_source")?,
            };
            (Item::Entitlement(item), ["resource", "action", "business_source"])
        }
        "applicationrole" => {
            let (name, business_source) = (full("name")?, full("business_source")?);
            let item = ApplicationRole { name, business_source };
            (Item::ApplicationRole(item), ["name", "business_source", ""])
        }
        "group" => {
            let (name, business_source) = (full("name")?, full("business_source")?);
            (
                Item::Group(Group { name, business_source }),
                ["name", "business_source", ""],
            )
        }
        "globalrole" => {
            let (name, role_set) = (full("name")?, full("role_set")?);
            (
                Item::GlobalRole(GlobalRole { name, role_set }),
                ["name", "role_set", ""],
            )
        }
        _ => return Err(wrong_kind("")),
    };
    for other in ["name", "resource", "action", "business_source", "role_set"] {
        if !its_own.contains(&other) && cell(other)?.is_some() {
            return Err(Refusal::Value(format!(".{other}: must be empty for the kind {word:?}")));
        }
    }
    let account = match (cell("account_name")?, cell("account_business_source")?) {
        (None, None) => None,
        (Some(name), Some(business_source)) => Some(RevieweeAccount { name, business_source }),
        (Some(_), None) => {
            return Err(Refusal::Value(
                ".account_business_source: must not be empty beside account_name".into(),
            ));
        }
        (None, Some(_)) => {
            return Err(Refusal::Value(
                ".account_name: must not be empty beside account_business_source".into(),
            ));
        }
    };
    Ok(ReviewItemChange {
        state: full("state")?.trim().to_owned(),
        reviewee: full("reviewee")?,
        item,
        account,
        comments: cell("comments")?,
        expires_on: read_day(row)?,
    })
}

fn read_day(row: &Bound<'_, PyDict>) -> Result<Option<Date>, Refusal> {
    const PLACE: &str = ".expires_on";
    let Some(value) = row.get_item("expires_on")?.filter(|value| !is_absent(value)) else {
        return Ok(None);
    };
    if !value.is_instance_of::<PyString>() {
        let day = Date::read(&value);
        let wrong = |_| Wrong::of_type("a date, a str such as 2030-12-31, or None", &value);
        return day.map(Some).map_err(|other| Refusal::at(PLACE, wrong(other)));
    }
    let text: String = read(PLACE, &value)?;
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let day = text.parse().map(Some);
    day.map_err(|_| Refusal::Value(format!("{PLACE}: {text:?} is not a date such as 2030-12-31")))
}

/// What data frames have where there is nothing: None, NaN of any number's type, NaT of pandas and numpy, NA.
pub fn is_absent(value: &Bound<'_, PyAny>) -> bool {
    if value.is_none() {
        return true;
    }
    if value.is_instance_of::<PyString>() || value.is_instance_of::<PyDict>() {
        return false;
    }
    let is_na = || value.get_type().name().is_ok_and(|name| name == "NAType");
    is_no_value(value) || is_na()
}

pub fn wrong_kind(place: &str) -> Refusal {
    Refusal::Value(format!(
        "{place}.kind: must be \"entitlement\", \"application_role\", \"group\" or \"global_role\""
    ))
}

/// An item at this place.
pub fn read_item(place: &str, item: &Bound<'_, PyAny>) -> Result<Item, Refusal> {
    let missing = || Refusal::Value(format!("{place}: is missing"));
    with_item(place, item, |kind, texts| {
        Item::of_parts(kind, texts.map(|text| text.map(str::to_owned))).ok_or_else(missing)
    })
}

/// An account at this place, or nothing.
pub fn read_account(place: &str, account: &Bound<'_, PyAny>) -> Result<Option<RevieweeAccount>, Refusal> {
    with_account(place, Some(account), |account| {
        Ok(account.map(|(name, business_source)| RevieweeAccount {
            name: name.to_owned(),
            business_source: business_source.to_owned(),
        }))
    })
}

fn read<T: Argument>(place: &str, value: &Bound<'_, PyAny>) -> Result<T, Refusal> {
    T::read(value).map_err(|wrong| Refusal::at(place, wrong))
}

/// A misspelled key would silently leave something out.
pub fn known_keys(place: &str, dict: &Bound<'_, PyDict>, known: &[&str]) -> Result<(), Refusal> {
    for key in dict.keys() {
        let key = String::read(&key).map_err(|wrong| Refusal::at(place, wrong.or_type("a dict whose keys are str")))?;
        if !known.contains(&key.as_str()) {
            let known = known.join(", ");
            return Err(Refusal::Value(format!(
                "{place}.{key}: is no such key; known are {known}"
            )));
        }
    }
    Ok(())
}
