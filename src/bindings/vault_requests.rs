//! Which accounts' secrets to ask for: `AccountRequest` objects, tuples or dicts in, checked before anything is sent.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::bulk::{Wrong, read_inputs};
use super::errors::refused;
use crate::record_methods;
use crate::systems::sectona::AccountRequest;

const DEFAULT_INSTANCE: &str = "Default";
const NAMES: [&str; 3] = ["asset_type", "asset_host", "account_name"];
const OPTIONS: [&str; 2] = ["instance", "db_instance"];

record_methods!(AccountRequest {
    #[new]
    #[pyo3(signature = (asset_type, asset_host, account_name, *, instance = "Default", db_instance = None))]
    fn py_new(
        py: Python<'_>,
        asset_type: String,
        asset_host: String,
        account_name: String,
        instance: &str,
        db_instance: Option<String>,
    ) -> PyResult<Self> {
        let made = Self {
            asset_type,
            asset_host,
            db_instance: db_instance.unwrap_or_default(),
            account_name,
            instance: instance.to_owned(),
        };
        made.check().map_err(|error| refused(py, error))?;
        Ok(made)
    }
});

/// All requests; every one that can't be used is named.
pub fn read_requests(requests: &Bound<'_, PyAny>) -> PyResult<Vec<AccountRequest>> {
    read_inputs("requests", requests, read_request)
}

fn read_request(request: &Bound<'_, PyAny>) -> Result<AccountRequest, Wrong> {
    if let Ok(request) = request.cast::<AccountRequest>() {
        return Ok(request.get().clone());
    }
    let read = if let Ok(fields) = request.cast::<PyDict>() {
        of_dict(fields)?
    } else {
        of_names(request)?
    };
    match read.check() {
        Ok(()) => Ok(read),
        Err(error) => {
            let (name, why) = error.message().split_once(": ").unwrap_or_default();
            Err(Wrong::value(name, why))
        }
    }
}

fn of_names(request: &Bound<'_, PyAny>) -> Result<AccountRequest, Wrong> {
    const EXPECTED: &str = "a tuple (asset_type, asset_host, account_name), a dict or an AccountRequest";
    let is_sequence = request.is_instance_of::<PyTuple>() || request.is_instance_of::<PyList>();
    let names: Vec<Bound<'_, PyAny>> = match request.extract() {
        Ok(names) if is_sequence => names,
        _ => return Err(Wrong::of_type("", EXPECTED)),
    };
    let [asset_type, asset_host, account_name] = names.as_slice() else {
        return Err(Wrong::of_type("", EXPECTED));
    };
    Ok(AccountRequest {
        asset_type: text("asset_type", asset_type)?,
        asset_host: text("asset_host", asset_host)?,
        account_name: text("account_name", account_name)?,
        instance: DEFAULT_INSTANCE.to_owned(),
        db_instance: String::new(),
    })
}

fn of_dict(fields: &Bound<'_, PyDict>) -> Result<AccountRequest, Wrong> {
    // A misspelled key would silently leave something out.
    for key in fields.keys() {
        let key: String = key
            .extract()
            .map_err(|_| Wrong::of_type("", "a dict whose keys are str"))?;
        if !NAMES.contains(&key.as_str()) && !OPTIONS.contains(&key.as_str()) {
            let known = [&NAMES[..], &OPTIONS[..]].concat().join(", ");
            return Err(Wrong::value(&key, format!("is no such key; known are {known}")));
        }
    }
    let given = |name: &str| {
        let value = fields.get_item(name).ok().flatten();
        value.map(|value| text(name, &value)).transpose()
    };
    let needed = |name: &str| given(name)?.ok_or_else(|| Wrong::value(name, "is missing"));
    let db_instance = fields.get_item("db_instance").ok().flatten();
    Ok(AccountRequest {
        asset_type: needed("asset_type")?,
        asset_host: needed("asset_host")?,
        account_name: needed("account_name")?,
        instance: given("instance")?.unwrap_or_else(|| DEFAULT_INSTANCE.to_owned()),
        db_instance: match db_instance.filter(|value| !value.is_none()) {
            Some(value) => text("db_instance", &value)?,
            None => String::new(),
        },
    })
}

fn text(name: &str, value: &Bound<'_, PyAny>) -> Result<String, Wrong> {
    value.extract().map_err(|_| Wrong::of_type(name, "a str"))
}
