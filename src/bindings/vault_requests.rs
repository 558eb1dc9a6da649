//! Which accounts' secrets to ask for: `AccountRequest` objects, tuples or dicts in, checked before anything is sent.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::argument::{self, Given};
use super::bulk::read_inputs;
use super::errors::refused;
use super::fields::Fields;
use super::settings::config_error;
use crate::systems::sectona::AccountRequest;
use crate::{named, record_methods};

const DEFAULT_INSTANCE: &str = "Default";
const EXPECTED: &str = "a tuple (asset_type, asset_host, account_name), a dict or an AccountRequest";
const KEYS: [&str; 5] = ["asset_type", "asset_host", "account_name", "instance", "db_instance"];

record_methods!(AccountRequest {
    #[new]
    #[pyo3(
        signature = (asset_type, asset_host, account_name, *, instance = None, db_instance = None),
        text_signature = "(asset_type, asset_host, account_name, *, instance='Default', db_instance=None)"
    )]
    fn py_new(
        py: Python<'_>,
        asset_type: Given<String>,
        asset_host: Given<String>,
        account_name: Given<String>,
        instance: Option<Given<String>>,
        db_instance: Option<Given<String>>,
    ) -> PyResult<Self> {
        named!(py; asset_type, asset_host, account_name, instance, db_instance);
        let made = Self {
            asset_type,
            asset_host,
            db_instance: db_instance.unwrap_or_default(),
            account_name,
            instance: instance.unwrap_or_else(|| DEFAULT_INSTANCE.to_owned()),
        };
        made.check().map_err(|error| refused(py, error))?;
        Ok(made)
    }
});

/// All requests; every one that can't be used is named.
pub fn read_requests(requests: &Bound<'_, PyAny>) -> PyResult<Vec<AccountRequest>> {
    read_inputs("requests", requests, read_request)
}

/// The same for Python, which hands them out in parts.
#[pyfunction]
pub fn account_requests(requests: &Bound<'_, PyAny>) -> PyResult<Vec<AccountRequest>> {
    read_requests(requests)
}

fn read_request(place: &str, request: &Bound<'_, PyAny>) -> PyResult<AccountRequest> {
    if let Ok(request) = request.cast::<AccountRequest>() {
        return Ok(request.get().clone());
    }
    let read = if request.is_instance_of::<PyTuple>() || request.is_instance_of::<PyList>() {
        of_names(place, request)?
    } else {
        of_dict(place, request)?
    };
    match read.check() {
        Ok(()) => Ok(read),
        Err(error) => Err(config_error(request.py(), format!("{place}.{}", error.message()))),
    }
}

fn of_names(place: &str, request: &Bound<'_, PyAny>) -> PyResult<AccountRequest> {
    let names: Vec<Bound<'_, PyAny>> = request.extract()?;
    let [asset_type, asset_host, account_name] = names.as_slice() else {
        let message = format!(
            "{place}: must hold asset_type, asset_host and account_name, not {} values",
            names.len()
        );
        return Err(PyTypeError::new_err(message));
    };
    let text = |name: &str, value| argument::read(&format!("{place}.{name}"), value);
    Ok(AccountRequest {
        asset_type: text("asset_type", asset_type)?,
        asset_host: text("asset_host", asset_host)?,
        account_name: text("account_name", account_name)?,
        instance: DEFAULT_INSTANCE.to_owned(),
        db_instance: String::new(),
    })
}

fn of_dict(place: &str, request: &Bound<'_, PyAny>) -> PyResult<AccountRequest> {
    let fields = Fields::of(place, request, EXPECTED)?;
    fields.known(&KEYS)?;
    let instance: Option<String> = fields.optional("instance")?;
    let db_instance: Option<String> = fields.optional("db_instance")?;
    Ok(AccountRequest {
        asset_type: fields.text("asset_type")?,
        asset_host: fields.text("asset_host")?,
        account_name: fields.text("account_name")?,
        instance: instance.unwrap_or_else(|| DEFAULT_INSTANCE.to_owned()),
        db_instance: db_instance.unwrap_or_default(),
    })
}
