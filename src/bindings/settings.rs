//! The keywords that all clients share.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyTuple};

use super::errors::refused;
use super::events::Listening;
use crate::core::config;
use crate::core::error::{Error, System};
use crate::core::poll::Pace;
use crate::core::redact::is_secret_name;
use crate::core::retry::Retry;
use crate::systems;

#[pymethods]
impl Retry {
    #[new]
    #[pyo3(signature = (attempts = 3, base = 0.5, cap = 20.0))]
    fn py_new(attempts: u32, base: f64, cap: f64) -> Self {
        Self { attempts, base, cap }
    }

    fn __repr__(&self) -> String {
        format!(
            "Retry(attempts={}, base={:?}, cap={:?})",
            self.attempts, self.base, self.cap
        )
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| self == other.get())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyAny>, (u32, f64, f64)) {
        let retry = slf.get();
        (slf.get_type().into_any(), (retry.attempts, retry.base, retry.cap))
    }
}

/// Checked settings of one client.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct Settings {
    pub checked: Arc<config::Settings>,
    pub listening: Listening,
    given: (String, Py<PyDict>),
}

#[pymethods]
impl Settings {
    #[new]
    #[pyo3(signature = (system, url, common, /))]
    fn new(py: Python<'_>, system: &str, url: &Bound<'_, PyAny>, common: &Bound<'_, PyDict>) -> PyResult<Self> {
        // Loaded now: the first error may be that no file can be opened.
        py.import("infosecops.errors")?;
        let url: String = url.extract().map_err(|_| wrong("url", "a str"))?;
        let mut options = config::Options::new(url);
        let mut on_event = None;
        for (key, value) in common {
            let key: String = key.extract()?;
            match key.as_str() {
                "timeout" => options.timeout = value.extract().map_err(|_| wrong("timeout", "a number of seconds"))?,
                "connect_timeout" => {
                    options.connect_timeout = value
                        .extract()
                        .map_err(|_| wrong("connect_timeout", "a number of seconds"))?;
                }
                "retry" => {
                    options.retry = value
                        .cast::<Retry>()
                        .map_err(|_| wrong("retry", "a Retry"))?
                        .get()
                        .clone();
                }
                "ca_file" => options.ca_file = optional(&value, "ca_file", "a path")?,
                "client_cert" => options.client_cert = client_cert(&value)?,
                "proxy" => options.proxy = optional(&value, "proxy", "a str")?,
                "allow_http" => options.allow_http = value.extract().map_err(|_| wrong("allow_http", "a bool"))?,
                "danger_accept_invalid_certs" => {
                    options.danger_accept_invalid_certs = value
                        .extract()
                        .map_err(|_| wrong("danger_accept_invalid_certs", "a bool"))?;
                }
                "max_response_bytes" => {
                    options.max_response_bytes = value
                        .extract()
                        .map_err(|_| wrong("max_response_bytes", "a positive int"))?;
                }
                // Of the others no two servers are known to hold the same.
                "failover" if system == "sectona" => {
                    options.failover = optional(&value, "failover", "a list of str")?.unwrap_or_default();
                }
                "user_agent" => options.user_agent = optional(&value, "user_agent", "a str")?,
                "headers" => options.headers = pairs(&value, "headers")?,
                "on_event" if value.is_none() => {}
                "on_event" if value.is_callable() => on_event = Some(value.unbind()),
                "on_event" => return Err(wrong("on_event", "a callable")),
                other => return Err(PyTypeError::new_err(format!("unexpected keyword argument {other:?}"))),
            }
        }
        let (system, api_paths) = product(system)?;
        let checked = config::Settings::new(system, api_paths, &options).map_err(|error| refused(py, error))?;
        Ok(Self {
            checked: Arc::new(checked),
            listening: Listening::new(system, on_event),
            given: (options.url, common.copy()?.unbind()),
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.given.1)?;
        self.listening.traverse(&visit)
    }

    /// What was given, to make the same in another process. Refused if a secret is among it.
    fn portable<'py>(&self, py: Python<'py>) -> PyResult<(&str, Bound<'py, PyDict>)> {
        let (url, common) = &self.given;
        let common = common.bind(py);
        let refuse = |what: &str| {
            let why = format!("this client cannot be pickled: {what}, and secrets do not travel");
            Err(PyTypeError::new_err(why))
        };
        if let Some(proxy) = common.get_item("proxy")?.filter(|proxy| !proxy.is_none())
            && proxy.extract::<String>()?.contains('@')
        {
            return refuse("proxy holds a password; set HTTPS_PROXY where it is unpickled");
        }
        for (name, _) in pairs_of(common, "headers")? {
            if is_secret_name(&name) {
                return refuse(&format!("headers[{name:?}] looks like a secret"));
            }
        }
        Ok((url, common.copy()?))
    }

    /// The cleaned base URL; it never holds credentials.
    #[getter]
    fn url(&self) -> &str {
        &self.checked.base
    }

    /// Seconds for one call.
    #[getter]
    fn timeout(&self) -> f64 {
        self.checked.timeout.as_secs_f64()
    }
}

fn product(system: &str) -> PyResult<(System, &'static [&'static [&'static str]])> {
    match system {
        "bamboo_agents" => Ok((System::BambooAgents, systems::bamboo_agents::API_PATHS)),
        "sd_elements" => Ok((System::SdElements, systems::sd_elements::API_PATHS)),
        "governance_lifecycle" => Ok((System::GovernanceLifecycle, systems::governance_lifecycle::API_PATHS)),
        "sectona" => Ok((System::Sectona, systems::sectona::API_PATHS)),
        _ => Err(wrong("system", "one of the four")),
    }
}

fn wrong(name: &str, expected: &str) -> PyErr {
    PyTypeError::new_err(format!("{name}: must be {expected}"))
}

fn optional<'a, 'py, T: FromPyObject<'a, 'py>>(
    value: &'a Bound<'py, PyAny>,
    name: &str,
    expected: &str,
) -> PyResult<Option<T>> {
    if value.is_none() {
        Ok(None)
    } else {
        value.extract().map(Some).map_err(|_| wrong(name, expected))
    }
}

fn client_cert(value: &Bound<'_, PyAny>) -> PyResult<Option<(PathBuf, Option<PathBuf>)>> {
    const EXPECTED: &str = "a path, or a pair of paths (certificate, key)";
    if value.is_none() {
        return Ok(None);
    }
    if value.is_instance_of::<PyTuple>() {
        let (cert, key): (PathBuf, PathBuf) = value.extract().map_err(|_| wrong("client_cert", EXPECTED))?;
        return Ok(Some((cert, Some(key))));
    }
    Ok(Some((
        value.extract().map_err(|_| wrong("client_cert", EXPECTED))?,
        None,
    )))
}

fn pairs_of(common: &Bound<'_, PyDict>, name: &str) -> PyResult<Vec<(String, String)>> {
    common
        .get_item(name)?
        .map_or_else(|| Ok(Vec::new()), |value| pairs(&value, name))
}

/// A mapping of texts to texts.
pub fn pairs(value: &Bound<'_, PyAny>, name: &str) -> PyResult<Vec<(String, String)>> {
    if value.is_none() {
        return Ok(Vec::new());
    }
    let mapping = value
        .cast::<PyMapping>()
        .map_err(|_| wrong(name, "a dict of str to str"))?;
    let items = mapping.items()?;
    items
        .iter()
        .map(|item| item.extract())
        .collect::<PyResult<_>>()
        .map_err(|_| wrong(name, "a dict of str to str"))
}

/// A callable, or none; found out before anything is sent.
pub fn callable(name: &str, value: Option<Bound<'_, PyAny>>) -> PyResult<Option<Py<PyAny>>> {
    match value {
        Some(value) if !value.is_callable() => Err(wrong(name, "a callable or None")),
        value => Ok(value.map(Bound::unbind)),
    }
}

/// How long and how often to look.
pub fn pace(timeout: f64, poll_interval: f64) -> Result<Pace, Error> {
    Ok(Pace {
        timeout: config::seconds("timeout", timeout)?,
        interval: config::seconds("poll_interval", poll_interval)?,
    })
}

/// For arguments found wrong in the bindings.
pub fn config_error(py: Python<'_>, message: impl Into<String>) -> PyErr {
    refused(py, Error::config(message))
}
