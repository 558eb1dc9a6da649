//! What goes into a review update and what comes out of it: objects or plain dicts in, results with their changes out.

use jiff::civil::Date;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::argument::{Given, Wrong};
use super::convert::{Hide, record_to_dict};
use super::fields::Fields;
use super::settings::config_error;
use crate::systems::governance_lifecycle::{
    ApplicationRole, CommandResult, Entitlement, GlobalRole, Group, Item, ReviewItemChange, ReviewItemResult,
    ReviewStatus, ReviewUpdate, RevieweeAccount, RunStatus, SecuritySettings,
};
use crate::{named, record_methods};

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
    fn py_new(py: Python<'_>, resource: Given<String>, action: Given<String>, business_source: Given<String>) -> PyResult<Self> {
        named!(py; resource, action, business_source);
        Ok(Self {
            resource,
            action,
            business_source,
        })
    }
});

record_methods!(ApplicationRole {
    #[new]
    fn py_new(py: Python<'_>, name: Given<String>, business_source: Given<String>) -> PyResult<Self> {
        named!(py; name, business_source);
        Ok(Self { name, business_source })
    }
});

record_methods!(Group {
    #[new]
    fn py_new(py: Python<'_>, name: Given<String>, business_source: Given<String>) -> PyResult<Self> {
        named!(py; name, business_source);
        Ok(Self { name, business_source })
    }
});

record_methods!(GlobalRole {
    #[new]
    fn py_new(py: Python<'_>, name: Given<String>, role_set: Given<String>) -> PyResult<Self> {
        named!(py; name, role_set);
        Ok(Self { name, role_set })
    }
});

record_methods!(RevieweeAccount {
    #[new]
    fn py_new(py: Python<'_>, name: Given<String>, business_source: Given<String>) -> PyResult<Self> {
        named!(py; name, business_source);
        Ok(Self { name, business_source })
    }
});

record_methods!(ReviewItemChange {
    #[new]
    #[pyo3(signature = (state, reviewee, item, *, account = None, comments = None, expires_on = None))]
    fn py_new(
        py: Python<'_>,
        state: Given<String>,
        reviewee: Given<String>,
        item: &Bound<'_, PyAny>,
        account: Option<&Bound<'_, PyAny>>,
        comments: Option<Given<String>>,
        expires_on: Option<Given<Date>>,
    ) -> PyResult<Self> {
        named!(py; state, reviewee, comments, expires_on);
        let item = read_item("item", item)?;
        let account = account.map(|account| read_account("account", account)).transpose()?;
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
    let wrong = || Wrong::of_type("an iterable of ReviewItemChange or dict", changes).named(changes.py(), "changes");
    if changes.is_instance_of::<PyString>() || changes.is_instance_of::<PyDict>() {
        return Err(wrong());
    }
    // A length may be a lie: never more is set aside than costs nothing.
    let mut read = Vec::with_capacity(changes.len().unwrap_or(0).min(1024));
    for (index, change) in changes.try_iter().map_err(|_| wrong())?.enumerate() {
        read.push(read_change(&format!("changes[{index}]"), &change?)?);
    }
    Ok(read)
}

fn read_change(name: &str, change: &Bound<'_, PyAny>) -> PyResult<ReviewItemChange> {
    if let Ok(change) = change.cast::<ReviewItemChange>() {
        return Ok(change.get().clone());
    }
    let fields = Fields::of(name, change, "a ReviewItemChange or a dict")?;
    fields.known(&["state", "reviewee", "item", "account", "comments", "expires_on"])?;
    let account = fields.given("account")?;
    Ok(ReviewItemChange {
        state: fields.text("state")?,
        reviewee: fields.text("reviewee")?,
        item: read_item(&fields.name("item"), &fields.needed("item")?)?,
        account: account
            .map(|account| read_account(&fields.name("account"), &account))
            .transpose()?,
        comments: fields.optional("comments")?,
        expires_on: fields.optional("expires_on")?,
    })
}

fn read_item(name: &str, item: &Bound<'_, PyAny>) -> PyResult<Item> {
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
    let expected = "an Entitlement, ApplicationRole, Group, GlobalRole or a dict with its kind";
    let fields = Fields::of(name, item, expected)?;
    let text = |key| fields.text(key);
    match text("kind")?.as_str() {
        "entitlement" => {
            fields.known(&["kind", "resource", "action", "business_source"])?;
            Ok(Item::Entitlement(Entitlement {
                resource: text("resource")?,
                action: text("action")?,
                business_source: text("business_source")?,
            }))
        }
        "application_role" => {
            fields.known(&["kind", "name", "business_source"])?;
            let (name, business_source) = (text("name")?, text("business_source")?);
            Ok(Item::ApplicationRole(ApplicationRole { name, business_source }))
        }
        "group" => {
            fields.known(&["kind", "name", "business_source"])?;
            let (name, business_source) = (text("name")?, text("business_source")?);
            Ok(Item::Group(Group { name, business_source }))
        }
        "global_role" => {
            fields.known(&["kind", "name", "role_set"])?;
            let (name, role_set) = (text("name")?, text("role_set")?);
            Ok(Item::GlobalRole(GlobalRole { name, role_set }))
        }
        _ => Err(config_error(
            item.py(),
            format!("{name}.kind: must be \"entitlement\", \"application_role\", \"group\" or \"global_role\""),
        )),
    }
}

fn read_account(name: &str, account: &Bound<'_, PyAny>) -> PyResult<RevieweeAccount> {
    if let Ok(account) = account.cast::<RevieweeAccount>() {
        return Ok(account.get().clone());
    }
    let fields = Fields::of(name, account, "a RevieweeAccount, a dict or None")?;
    fields.known(&["name", "business_source"])?;
    Ok(RevieweeAccount {
        name: fields.text("name")?,
        business_source: fields.text("business_source")?,
    })
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
