//! The keywords that all clients share.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::argument::{self, Argument, Given, Wrong};
use super::errors::refused;
use super::events::Listening;
use crate::core::config;
use crate::core::error::{Error, System};
use crate::core::poll::Pace;
use crate::core::redact::is_secret_name;
use crate::core::retry::Retry;
use crate::{named, systems};

#[pymethods]
impl Retry {
    #[new]
    #[pyo3(
        signature = (attempts = Given::of(3), base = Given::of(0.5), cap = Given::of(20.0)),
        text_signature = "(attempts=3, base=0.5, cap=20.0)"
    )]
    fn py_new(py: Python<'_>, attempts: Given<u32>, base: Given<f64>, cap: Given<f64>) -> PyResult<Self> {
        named!(py; attempts, base, cap);
        let retry = Self { attempts, base, cap };
        retry.checked().map_err(|error| refused(py, error))
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
        let url: String = argument::read("url", url)?;
        let mut options = config::Options::new(url);
        let mut on_event = None;
        for (key, value) in common {
            let key: String = argument::read("keywords", &key)?;
            match key.as_str() {
                "timeout" => options.timeout = argument::read("timeout", &value)?,
                "connect_timeout" => options.connect_timeout = argument::read("connect_timeout", &value)?,
                "retry" => {
                    options.retry = value
                        .cast::<Retry>()
                        .map_err(|_| wrong("retry", "a Retry"))?
                        .get()
                        .clone();
                }
                "ca_file" => options.ca_file = argument::optional("ca_file", &value)?,
                "client_cert" => options.client_cert = client_cert(&value)?,
                "proxy" => options.proxy = argument::optional("proxy", &value)?,
                "allow_http" => options.allow_http = argument::read("allow_http", &value)?,
                "danger_accept_invalid_certs" => {
                    options.danger_accept_invalid_certs = argument::read("danger_accept_invalid_certs", &value)?;
                }
                "max_response_bytes" => options.max_response_bytes = argument::read("max_response_bytes", &value)?,
                "max_connections" => options.max_connections = argument::read("max_connections", &value)?,
                // Of the others no two servers are known to hold the same.
                "failover" if system == "sectona" && value.is_none() => {}
                "failover" if system == "sectona" => options.failover = argument::texts("failover", &value)?,
                "user_agent" => options.user_agent = argument::optional("user_agent", &value)?,
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

impl Settings {
    /// The keywords as they were given.
    pub fn common<'py>(&self, py: Python<'py>) -> Bound<'py, PyDict> {
        self.given.1.bind(py).clone()
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
    let refuse = |wrong: Wrong| wrong.or_type("a dict of str to str").named(value.py(), name);
    let items = argument::items(value).map_err(refuse)?;
    let read = |(key, text)| {
        Ok((
            String::read(&key).map_err(refuse)?,
            String::read(&text).map_err(refuse)?,
        ))
    };
    items.into_iter().map(read).collect()
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
