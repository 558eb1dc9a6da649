//! What goes into a review update and what comes out of it: objects or plain dicts in, results with their changes out.

use jiff::civil::Date;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::convert::{Hide, record_to_dict};
use super::settings::config_error;
use crate::record_methods;
use crate::systems::governance_lifecycle::{
    ApplicationRole, CommandResult, Entitlement, GlobalRole, Group, Item, ReviewItemChange, ReviewItemResult,
    ReviewStatus, ReviewUpdate, RevieweeAccount, RunStatus, SecuritySettings,
};

record_methods!(ChangeResult);
record_methods!(
    CommandResult,
    ReviewItemResult,
    ReviewStatus,
    RunStatus,
    SecuritySettings
);

record_methods!(Entitlement {
    #[new]
    fn py_new(resource: String, action: String, business_source: String) -> Self {
        Self {
            resource,
            action,
            business_source,
        }
    }
});

record_methods!(ApplicationRole {
    #[new]
    fn py_new(name: String, business_source: String) -> Self {
        Self { name, business_source }
    }
});

record_methods!(Group {
    #[new]
    fn py_new(name: String, business_source: String) -> Self {
        Self { name, business_source }
    }
});

record_methods!(GlobalRole {
    #[new]
    fn py_new(name: String, role_set: String) -> Self {
        Self { name, role_set }
    }
});

record_methods!(RevieweeAccount {
    #[new]
    fn py_new(name: String, business_source: String) -> Self {
        Self { name, business_source }
    }
});

record_methods!(ReviewItemChange {
    #[new]
    #[pyo3(signature = (state, reviewee, item, *, account = None, comments = None, expires_on = None))]
    fn py_new(
        state: String,
        reviewee: String,
        item: &Bound<'_, PyAny>,
        account: Option<&Bound<'_, PyAny>>,
        comments: Option<String>,
        expires_on: Option<Date>,
    ) -> PyResult<Self> {
        let item = read_item(item)?;
        let account = account.map(read_account).transpose()?.flatten();
        Ok(Self {
            state,
            reviewee,
            item,
            account,
            comments,
            expires_on,
        })
    }
});

/// All changes of a run. Errors name the place.
pub fn read_changes(changes: &Bound<'_, PyAny>) -> PyResult<Vec<ReviewItemChange>> {
    if changes.is_instance_of::<PyString>() || changes.is_instance_of::<PyDict>() {
        return Err(PyTypeError::new_err(
            "changes: must be an iterable of ReviewItemChange or dict",
        ));
    }
    // A length may be a lie: never more is set aside than costs nothing.
    let mut read = Vec::with_capacity(changes.len().unwrap_or(0).min(1024));
    let items = changes.try_iter();
    for (index, change) in items
        .map_err(|_| PyTypeError::new_err("changes: must be iterable"))?
        .enumerate()
    {
        read.push(read_change(&change?).map_err(|error| placed(changes.py(), index, error))?);
    }
    Ok(read)
}

fn placed(py: Python<'_>, index: usize, error: PyErr) -> PyErr {
    let text = format!("changes[{index}].{}", error.value(py));
    if error.is_instance_of::<PyTypeError>(py) {
        PyTypeError::new_err(text)
    } else {
        config_error(py, text)
    }
}

fn read_change(change: &Bound<'_, PyAny>) -> PyResult<ReviewItemChange> {
    if let Ok(change) = change.cast::<ReviewItemChange>() {
        return Ok(change.get().clone());
    }
    match change.cast::<PyDict>() {
        Ok(dict) => read_dict(dict),
        Err(_) => Err(PyTypeError::new_err("change: must be a ReviewItemChange or a dict")),
    }
}

fn read_dict(dict: &Bound<'_, PyDict>) -> PyResult<ReviewItemChange> {
    known_keys(
        dict,
        &["state", "reviewee", "item", "account", "comments", "expires_on"],
    )?;
    let item = dict.get_item("item")?.ok_or_else(|| missing(dict, "item"))?;
    let account = dict.get_item("account")?;
    let expires_on = dict.get_item("expires_on")?.filter(|value| !value.is_none());
    let expires_on = expires_on.map(|value| value.extract::<Date>()).transpose();
    Ok(ReviewItemChange {
        state: text(dict, "state")?,
        reviewee: text(dict, "reviewee")?,
        item: read_item(&item)?,
        account: account.as_ref().map(read_account).transpose()?.flatten(),
        comments: match dict.get_item("comments")?.filter(|value| !value.is_none()) {
            Some(_) => Some(text(dict, "comments")?),
            None => None,
        },
        expires_on: expires_on.map_err(|_| PyTypeError::new_err("expires_on: must be a date or None"))?,
    })
}

fn read_item(item: &Bound<'_, PyAny>) -> PyResult<Item> {
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
        return Err(PyTypeError::new_err(
            "item: must be an Entitlement, ApplicationRole, Group, GlobalRole or a dict with its kind",
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
        _ => Err(config_error(
            item.py(),
            "item.kind: must be \"entitlement\", \"application_role\", \"group\" or \"global_role\"",
        )),
    }
}

fn read_account(account: &Bound<'_, PyAny>) -> PyResult<Option<RevieweeAccount>> {
    if account.is_none() {
        return Ok(None);
    }
    if let Ok(account) = account.cast::<RevieweeAccount>() {
        return Ok(Some(account.get().clone()));
    }
    let Ok(dict) = account.cast::<PyDict>() else {
        return Err(PyTypeError::new_err(
            "account: must be a RevieweeAccount, a dict or None",
        ));
    };
    known_keys(dict, &["name", "business_source"])?;
    Ok(Some(RevieweeAccount {
        name: text(dict, "name")?,
        business_source: text(dict, "business_source")?,
    }))
}

fn text(dict: &Bound<'_, PyDict>, key: &str) -> PyResult<String> {
    let value = dict.get_item(key)?.ok_or_else(|| missing(dict, key))?;
    value
        .extract()
        .map_err(|_| PyTypeError::new_err(format!("{key}: must be a str")))
}

fn missing(dict: &Bound<'_, PyDict>, key: &str) -> PyErr {
    config_error(dict.py(), format!("{key}: is missing"))
}

/// A misspelled key would silently leave something out.
fn known_keys(dict: &Bound<'_, PyDict>, known: &[&str]) -> PyResult<()> {
    for key in dict.keys() {
        let key: String = key.extract().map_err(|_| PyTypeError::new_err("keys: must be str"))?;
        if !known.contains(&key.as_str()) {
            return Err(config_error(
                dict.py(),
                format!("{key}: is no such key; known are {}", known.join(", ")),
            ));
        }
    }
    Ok(())
}

/// A change and what became of it.
#[derive(Clone, PartialEq)]
#[pyclass(frozen, get_all, module = "infosecops")]
pub struct ChangeResult {
    /// Its place among the changes given.
    index: i64,
    /// The change.
    change: ReviewItemChange,
    /// What the server said, where its line is known to mean this change.
    reason: Option<String>,
}

crate::fields!(ChangeResult { index, change, reason });

#[pymethods]
impl ReviewUpdate {
    /// Review components that were updated, as the server counts them.
    #[getter]
    fn updated(&self) -> i64 {
        self.updated
    }

    /// Review components that were asked for, as the server counts them.
    #[getter]
    fn total(&self) -> i64 {
        self.total
    }

    /// Whether nothing is left undone.
    #[getter]
    fn ok(&self) -> bool {
        self.ok
    }

    /// What the server said about single items, in its order; it names only some of them.
    #[getter]
    fn items(&self) -> Vec<ReviewItemResult> {
        self.items.clone()
    }

    /// The changes that are known to be done.
    #[getter]
    fn succeeded(&self) -> Vec<ChangeResult> {
        self.results(&self.succeeded)
    }

    /// The changes that are known not to be done.
    #[getter]
    fn failed(&self) -> Vec<ChangeResult> {
        self.results(&self.failed)
    }

    /// The changes of which the answer does not tell.
    #[getter]
    fn unknown(&self) -> Vec<ChangeResult> {
        self.results(&self.unknown)
    }

    /// The server's text; of a dry run, the document that would be sent first.
    #[getter]
    fn raw(&self) -> &str {
        &self.raw
    }

    /// All fields as plain data; changes by their indexes.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        record_to_dict(py, self, Hide::Mask)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (&'static str, String))> {
        super::pickle::reduce(py, self)
    }

    fn __repr__(&self) -> String {
        format!(
            "ReviewUpdate(updated={}, total={}, succeeded={}, failed={}, unknown={})",
            self.updated,
            self.total,
            self.succeeded.len(),
            self.failed.len(),
            self.unknown.len()
        )
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| self == other.get())
    }
}

impl ReviewUpdate {
    fn results(&self, indexes: &[i64]) -> Vec<ChangeResult> {
        let result = |index: &i64| {
            let change = self.changes.get(usize::try_from(*index).ok()?)?.clone();
            Some(ChangeResult {
                index: *index,
                change,
                reason: self.reasons.get(index).cloned(),
            })
        };
        indexes.iter().filter_map(result).collect()
    }
}
