//! What the sandbox hands to Python: entries of its journal and the accounts in its vault.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::convert::html;
use crate::core::secret::Secret;
use crate::sandbox::{Account, Entry};

/// One request that the sandbox received, secrets masked.
#[pyclass(frozen, module = "infosecops.sandbox")]
pub struct JournalEntry(pub Entry);

#[pymethods]
impl JournalEntry {
    /// Counts up from 1.
    #[getter]
    fn sequence(&self) -> u64 {
        self.0.sequence
    }

    /// The system addressed; None for a path that belongs to none.
    #[getter]
    fn system(&self) -> Option<&'static str> {
        self.0.system.map(|system| system.name())
    }

    /// Its stable name.
    #[getter]
    fn operation(&self) -> &str {
        &self.0.operation
    }

    /// The HTTP method.
    #[getter]
    fn method(&self) -> &str {
        &self.0.method
    }

    /// Path and query.
    #[getter]
    fn target(&self) -> &str {
        &self.0.target
    }

    /// The headers by lower-case name; repeated ones joined by commas.
    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (name, value) in &self.0.headers {
            match dict.get_item(name)? {
                Some(before) => dict.set_item(name, format!("{}, {value}", before.extract::<String>()?))?,
                None => dict.set_item(name, value)?,
            }
        }
        Ok(dict)
    }

    /// The body as text.
    #[getter]
    fn body(&self) -> &str {
        &self.0.body
    }

    /// The size of the body as received, in bytes.
    #[getter]
    fn body_length(&self) -> usize {
        self.0.body_bytes
    }

    /// The status answered; None when there was no answer.
    #[getter]
    fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Whether the request changed the sandbox.
    #[getter]
    fn applied(&self) -> bool {
        self.0.applied
    }

    /// The client's port.
    #[getter]
    fn peer_port(&self) -> u16 {
        self.0.peer_port
    }

    fn _repr_html_<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        html(slf.as_any())
    }

    fn __repr__(&self) -> String {
        let entry = &self.0;
        let status = entry
            .status
            .map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let applied = if entry.applied { ", applied" } else { "" };
        format!(
            "<JournalEntry {}: {} {} -> {status}{applied}>",
            entry.sequence, entry.method, entry.target
        )
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| self.0 == other.get().0)
    }

    /// All fields by name.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("sequence", self.sequence())?;
        dict.set_item("system", self.system())?;
        dict.set_item("operation", self.operation())?;
        dict.set_item("method", self.method())?;
        dict.set_item("target", self.target())?;
        dict.set_item("headers", self.headers(py)?)?;
        dict.set_item("body", self.body())?;
        dict.set_item("body_length", self.body_length())?;
        dict.set_item("status", self.status())?;
        dict.set_item("applied", self.applied())?;
        dict.set_item("peer_port", self.peer_port())?;
        Ok(dict)
    }
}

/// An account in the vault of the sandbox.
#[pyclass(frozen, module = "infosecops.sandbox")]
pub struct SandboxAccount(pub Account);

#[pymethods]
impl SandboxAccount {
    /// Its asset's type.
    #[getter]
    fn asset_type(&self) -> &str {
        &self.0.asset_type
    }

    /// Its asset's host.
    #[getter]
    fn asset_host(&self) -> &str {
        &self.0.asset_host
    }

    /// Its name.
    #[getter]
    fn account_name(&self) -> &str {
        &self.0.account_name
    }

    /// Needed in the request for a database account, else None.
    #[getter]
    fn db_instance(&self) -> Option<&str> {
        Some(self.0.db_instance.as_str()).filter(|name| !name.is_empty())
    }

    /// `Password`, `KeyBased` or `KeyBased_SecretKey`.
    #[getter]
    fn authentication_type(&self) -> &str {
        &self.0.authentication_type
    }

    /// The password, or the key's text.
    #[getter]
    fn password(&self) -> Secret {
        Secret::new(self.0.password.as_str())
    }

    /// The key's pass phrase.
    #[getter]
    fn pass_phrase(&self) -> Secret {
        Secret::new(self.0.pass_phrase.as_str())
    }

    /// False for the account that is known, but out of reach.
    #[getter]
    fn accessible(&self) -> bool {
        self.0.accessible
    }

    fn __repr__(&self) -> String {
        format!(
            "<SandboxAccount {:?} on {:?} ({})>",
            self.0.account_name, self.0.asset_host, self.0.asset_type
        )
    }
}
