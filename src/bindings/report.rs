//! What a client's settings are, for its report: values without secrets, and who gave them.

use std::borrow::Cow;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::login::{Part, parts};
use super::python_code::PythonCode;
use super::reference::SecretReference;
use super::settings::{Settings, pairs};
use crate::core::found::catalogue::{self, Kind};
use crate::core::found::value::{masked_header, masked_proxy};
use crate::core::secret::{MASK, Secret};

type Row<'py> = (&'static str, Bound<'py, PyAny>, String, Bound<'py, PyAny>);

/// One row for each setting: name, value, source, and what that shadows as (source, value).
#[pyfunction]
#[pyo3(signature = (settings, own, sources, /))]
pub fn config_rows<'py>(
    py: Python<'py>,
    settings: &Settings,
    own: &Bound<'py, PyDict>,
    sources: Option<&Bound<'py, PyDict>>,
) -> PyResult<Vec<Row<'py>>> {
    let common = settings.common(py);
    let values = Values {
        py,
        settings,
        own,
        common,
    };
    let names = catalogue::settings(settings.checked.system).map(|setting| (setting.name, setting.kind));
    let mut rows = Vec::new();
    for (name, kind) in names.chain([("on_event", Kind::Text)]) {
        let (value, source) = values.of(name, kind)?;
        let found = sources.map(|sources| sources.get_item(name)).transpose()?.flatten();
        rows.push(match found {
            Some(found) => {
                let (found, shadowed): (String, Bound<'py, PyAny>) = found.extract()?;
                (name, value, if found == DEFAULT { source } else { found }, shadowed)
            }
            None => {
                // Who gave what is known of a client that was found; a pickle writes defaults down as keywords.
                let is_default = sources.is_some() && name != "on_event" && source.starts_with(KEYWORD);
                let source = if is_default { DEFAULT.to_owned() } else { source };
                (name, value, source, PyTuple::empty(py).into_any())
            }
        });
    }
    Ok(rows)
}

const KEYWORD: &str = "keyword";
const DEFAULT: &str = "default";

/// Reads the values of a client as it is.
struct Values<'a, 'py> {
    py: Python<'py>,
    settings: &'a Settings,
    own: &'a Bound<'py, PyDict>,
    common: Bound<'py, PyDict>,
}

impl<'py> Values<'_, 'py> {
    fn of(&self, name: &'static str, kind: Kind) -> PyResult<(Bound<'py, PyAny>, String)> {
        let py = self.py;
        let checked = &self.settings.checked;
        let value = match name {
            "url" => return Ok((checked.base.as_str().into_bound_py_any(py)?, KEYWORD.to_owned())),
            "timeout" => checked.timeout.as_secs_f64().into_bound_py_any(py)?,
            "connect_timeout" => checked.connect_timeout.as_secs_f64().into_bound_py_any(py)?,
            "retry_attempts" => checked.retry.attempts.into_bound_py_any(py)?,
            "retry_base" => checked.retry.base.into_bound_py_any(py)?,
            "retry_cap" => checked.retry.cap.into_bound_py_any(py)?,
            "max_response_bytes" => checked.max_response_bytes.into_bound_py_any(py)?,
            "max_connections" => checked.max_connections.get().into_bound_py_any(py)?,
            "danger_accept_invalid_certs" => checked.danger_accept_invalid_certs.into_bound_py_any(py)?,
            "allow_http" => match self.common.get_item(name)? {
                Some(value) => value,
                None => false.into_bound_py_any(py)?,
            },
            "user_agent" => self.user_agent()?,
            "proxy" => return self.proxy(),
            "ca_file" | "client_cert" | "client_key" => return self.file(name),
            "headers" => self.headers()?,
            "failover" => {
                let given = self.common.get_item(name)?.map_or(Ok(true), |value| value.is_empty());
                let source = if given? { DEFAULT } else { KEYWORD };
                return Ok((checked.failover.clone().into_bound_py_any(py)?, source.to_owned()));
            }
            "on_event" => match self.common.get_item(name)?.filter(|value| !value.is_none()) {
                Some(_) => "callable".into_bound_py_any(py)?,
                None => py.None().into_bound(py),
            },
            _ => return self.own(name, kind),
        };
        Ok((value, self.source_of(name)?))
    }

    /// Of a common keyword.
    fn source_of(&self, name: &str) -> PyResult<String> {
        let keyword = if name.starts_with("retry_") { "retry" } else { name };
        let is_given = self.common.contains(keyword)?;
        Ok(if is_given { KEYWORD } else { DEFAULT }.to_owned())
    }

    fn user_agent(&self) -> PyResult<Bound<'py, PyAny>> {
        let agent = self.settings.checked.headers.get(http::header::USER_AGENT);
        let text = agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        text.into_bound_py_any(self.py)
    }

    fn headers(&self) -> PyResult<Bound<'py, PyAny>> {
        let given = self.common.get_item("headers")?.filter(|value| !value.is_none());
        let Some(given) = given else {
            return Ok(self.py.None().into_bound(self.py));
        };
        let shown = PyDict::new(self.py);
        for (name, value) in pairs(&given, "headers")? {
            shown.set_item(&name, masked_header(&name, &value))?;
        }
        Ok(shown.into_any())
    }

    /// The one in use: without a keyword, that of the environment.
    fn proxy(&self) -> PyResult<(Bound<'py, PyAny>, String)> {
        let given = self.common.get_item("proxy")?.filter(|value| !value.is_none());
        if let Some(given) = given {
            let given: String = given.extract()?;
            return Ok((masked_proxy(&given).into_bound_py_any(self.py)?, KEYWORD.to_owned()));
        }
        let checked = &self.settings.checked;
        let source = match checked.route.shown() {
            Some(_) if checked.is_https => "environment HTTPS_PROXY or ALL_PROXY".to_owned(),
            Some(_) => "environment HTTP_PROXY or ALL_PROXY".to_owned(),
            None => self.source_of("proxy")?,
        };
        Ok((checked.route.shown().into_bound_py_any(self.py)?, source))
    }

    fn file(&self, name: &str) -> PyResult<(Bound<'py, PyAny>, String)> {
        let py = self.py;
        let keyword = if name == "client_key" { "client_cert" } else { name };
        let source = self.source_of(keyword)?;
        let Some(given) = self.common.get_item(keyword)?.filter(|value| !value.is_none()) else {
            return Ok((py.None().into_bound(py), source));
        };
        let path = match (given.cast::<PyTuple>(), name) {
            (Ok(pair), "client_key") => pair.get_item(1)?,
            (Ok(pair), _) => pair.get_item(0)?,
            // Both stand in the file of the certificate.
            (Err(_), "client_key") => return Ok((py.None().into_bound(py), DEFAULT.to_owned())),
            (Err(_), _) => given,
        };
        Ok((py.import("os")?.run_method("fspath", (path,))?, source))
    }

    /// A keyword of this system alone. Whether one that is the default was written down is not known.
    fn own(&self, name: &'static str, kind: Kind) -> PyResult<(Bound<'py, PyAny>, String)> {
        let given = self.own.get_item(name)?.filter(|value| !value.is_none());
        if let Some(given) = given {
            let is_default = matches!(
                (name, given.extract::<Cow<'_, str>>().as_deref()),
                ("accept", Ok("json")) | ("api", Ok("auto"))
            ) || (name == "logout_on_close" && given.is_truthy()?);
            let value = if kind == Kind::Secret { secret(&given)? } else { given };
            return Ok((value, if is_default { DEFAULT } else { KEYWORD }.to_owned()));
        }
        let login = self.own.get_item("login")?.filter(|value| !value.is_none());
        let part = login.and_then(|login| parts(&login).into_iter().find(|(part, _)| *part == name));
        let value = match part {
            Some((_, Part::Text(text))) => text.into_bound_py_any(self.py)?,
            Some((_, Part::Secret(Some(given)))) => secret(given.bind(self.py))?,
            Some((_, Part::Secret(None))) => MASK.into_bound_py_any(self.py)?,
            None => return Ok((self.py.None().into_bound(self.py), DEFAULT.to_owned())),
        };
        Ok((value, format!("{KEYWORD} login")))
    }
}

fn secret<'py>(given: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let text = if given.is_instance_of::<Secret>() {
        MASK.to_owned()
    } else if let Ok(reference) = given.cast::<SecretReference>() {
        reference.get().shown().unwrap_or_else(|| MASK.to_owned())
    } else {
        "callable".to_owned()
    };
    text.into_bound_py_any(given.py())
}
