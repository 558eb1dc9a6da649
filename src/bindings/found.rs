//! Clients made of settings that are found: the constructor's arguments, gathered and passed on.

use pyo3::IntoPyObjectExt;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

use super::argument::read;
use super::errors::refused;
use super::login::{TrustedApp, UserLogin};
use super::python_code::PythonCode;
use super::reference::{SecretReference, variable};
use super::secret::wrap;
use super::settings::config_error;
use crate::core::error::{Error, System};
use crate::core::found::catalogue::{self, Kind};
use crate::core::found::environment::{self, Lookup};
use crate::core::found::place::{self, Platform};
use crate::core::found::resolve::{Found as Setting, resolve};
use crate::core::found::value::{Value, masked_header, masked_proxy};
use crate::core::found::{Source, document, file};
use crate::core::redact::scrub;
use crate::core::retry::Retry;
use crate::core::secret::MASK;

/// Which settings a client is made of, and where they come from.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct Found {
    system: System,
    settings: Vec<Setting>,
    keywords: Py<PyDict>,
}

#[pymethods]
impl Found {
    /// Looks for whatever the keywords do not give. Without a profile no file is read; None is no profile's name.
    #[new]
    #[pyo3(signature = (system, keywords, /, *profile))]
    fn new(py: Python<'_>, system: &str, keywords: &Bound<'_, PyDict>, profile: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let profile = profile
            .iter()
            .next()
            .map(|name| read::<String>("profile", &name))
            .transpose()?;
        let system = System::from_name(system).ok_or_else(|| config_error(py, "system: one of the four"))?;
        let given = PyDict::new(py);
        for (name, value) in keywords {
            let text: String = name.extract()?;
            // None stands for a default, and credentials and the address have none.
            if value.is_none() && has_no_default(system, &text) {
                continue;
            }
            let is_secret = catalogue::find(system, &text).is_some_and(|setting| setting.kind == Kind::Secret);
            given.set_item(name, if is_secret { wrap(value)? } else { value })?;
        }
        let lookup = |name: &str| variable(py, name).map_err(|error| Error::config(error.value(py).to_string()));
        let names: Vec<String> = given
            .keys()
            .iter()
            .map(|name| name.extract())
            .collect::<PyResult<_>>()?;
        let user = user_id(py)?;
        let settings = look(system, &names, profile.as_deref(), &lookup, user).map_err(|error| refused(py, error))?;
        Ok(Self {
            system,
            settings,
            keywords: given.unbind(),
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.keywords)
    }

    /// Makes the client. What its constructor finds wrong is told with its source.
    fn make<'py>(&self, cls: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
        let py = cls.py();
        let made = self.arguments(py).and_then(|arguments| cls.run((), Some(&arguments)));
        made.map_err(|error| self.placed(py, error))
    }

    /// For each setting that somebody gives: its source, and what that shadows. Plain data without secrets.
    #[getter]
    fn sources<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let sources = PyDict::new(py);
        for setting in &self.settings {
            let source = match &setting.value {
                _ if setting.is_keyword => Source::Keyword,
                Some(candidate) => candidate.source.clone(),
                None if setting.shadowed.is_empty() => continue,
                None => Source::Default,
            };
            let shadowed = setting.shadowed.iter();
            let shadowed: Vec<_> = shadowed
                .map(|one| Ok((one.source.to_string(), shown(py, &one.value)?)))
                .collect::<PyResult<_>>()?;
            sources.set_item(setting.name, (source.to_string(), shadowed))?;
        }
        Ok(sources)
    }
}

impl Found {
    fn value(&self, name: &str) -> Option<&Value> {
        let setting = self.settings.iter().find(|setting| setting.name == name)?;
        setting.value.as_ref().map(|candidate| &candidate.value)
    }

    fn object<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.value(name).map(|value| argument(py, value)).transpose()
    }

    fn arguments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let arguments = self.keywords.bind(py).copy()?;
        for setting in &self.settings {
            let name = setting.name;
            let is_part = name.starts_with("retry_") || name == "client_key" || self.is_of_login(name);
            if let Some(candidate) = setting.value.as_ref().filter(|_| !is_part) {
                arguments.set_item(name, argument(py, &candidate.value)?)?;
            }
        }
        if let (Some(cert), Some(key)) = (self.object(py, "client_cert")?, self.object(py, "client_key")?) {
            arguments.set_item("client_cert", (cert, key))?;
        }
        if let Some(retry) = self.retry(py)? {
            arguments.set_item("retry", retry)?;
        }
        if let Some(login) = self.login(py)? {
            arguments.set_item("login", login)?;
        }
        Ok(arguments)
    }

    fn is_of_login(&self, name: &str) -> bool {
        self.system == System::GovernanceLifecycle
            && name != "token"
            && catalogue::ways(self.system).iter().any(|way| way.takes(name))
    }

    fn retry(&self, py: Python<'_>) -> PyResult<Option<Retry>> {
        let mut retry = Retry::default();
        let number = |name: &str| match self.value(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        };
        let (base, cap) = (number("retry_base"), number("retry_cap"));
        let attempts = match self.value("retry_attempts") {
            Some(Value::Whole(attempts)) => Some(*attempts),
            _ => None,
        };
        if base.is_none() && cap.is_none() && attempts.is_none() {
            return Ok(None);
        }
        retry.base = base.unwrap_or(retry.base);
        retry.cap = cap.unwrap_or(retry.cap);
        if let Some(attempts) = attempts {
            retry.attempts = u32::try_from(attempts)
                .map_err(|_| config_error(py, "retry_attempts: must be a number below 4294967296"))?;
        }
        let named = |error: Error| config_error(py, format!("retry: {}", error.message().replacen(':', "", 1)));
        retry.checked().map(Some).map_err(named)
    }

    fn login<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let text = |name: &str| match self.value(name) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        if self.system != System::GovernanceLifecycle {
            return Ok(None);
        }
        if let (Some(username), Some(password)) = (text("username"), self.object(py, "password")?) {
            let login = UserLogin::of(username, &password, text("auth_source"))?;
            return login.into_bound_py_any(py).map(Some);
        }
        if let (Some(client_id), Some(secret)) = (text("client_id"), self.object(py, "client_secret")?) {
            return TrustedApp::of(client_id, &secret)?.into_bound_py_any(py).map(Some);
        }
        Ok(None)
    }

    /// A refusal begins with the name of what is wrong; where that stands follows it.
    fn placed(&self, py: Python<'_>, error: PyErr) -> PyErr {
        let text = error.value(py).to_string();
        let Some((name, _)) = text.split_once(':') else {
            return error;
        };
        let names = catalogue::covered_by(self.system, name);
        let sources = self.settings.iter().filter(|setting| names.contains(&setting.name));
        let Some(source) = sources
            .filter_map(|setting| setting.value.as_ref())
            .map(|one| &one.source)
            .next()
        else {
            return error;
        };
        // Of the class that it is: whoever catches it must not see a difference.
        match error.value(py).setattr("args", (format!("{text} ({source})"),)) {
            Ok(()) => error,
            Err(problem) => problem,
        }
    }
}

fn has_no_default(system: System, name: &str) -> bool {
    name == "login"
        || catalogue::needed(system).contains(&name)
        || catalogue::ways(system).iter().any(|way| way.takes(name))
}

fn look(
    system: System,
    keywords: &[String],
    profile: Option<&str>,
    lookup: Lookup<'_>,
    user: Option<u32>,
) -> Result<Vec<Setting>, Error> {
    let home = place::home(Platform::HERE, lookup)?;
    let in_environment = environment::candidates(system, lookup, home.as_deref())?;
    let Some(profile) = profile else {
        return resolve(system, keywords, in_environment, Vec::new(), None);
    };
    let profiles = file::read(&place::files(Platform::HERE, lookup)?, user)?;
    let in_profile = document::candidates(&profiles, profile, system, home.as_deref())?;
    let table = format!("{} [{profile}.{}]", profiles.path.display(), system.name());
    resolve(system, keywords, in_environment, in_profile, Some(&table))
}

/// Who runs this, where users have numbers.
fn user_id(py: Python<'_>) -> PyResult<Option<u32>> {
    let os = py.import("os")?;
    if os.hasattr("geteuid")? {
        os.run_method("geteuid", ())?.extract().map(Some)
    } else {
        Ok(None)
    }
}

/// As the constructor takes it.
fn argument<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Text(text) | Value::Proxy(text) => text.into_bound_py_any(py),
        Value::Texts(texts) => texts.into_bound_py_any(py),
        Value::Number(number) => number.into_bound_py_any(py),
        Value::Whole(whole) => whole.into_bound_py_any(py),
        Value::Flag(flag) => flag.into_bound_py_any(py),
        Value::Path(path) => path.as_os_str().into_bound_py_any(py),
        Value::Headers(headers) => {
            let given = PyDict::new(py);
            for (name, value) in headers {
                given.set_item(name, value)?;
            }
            Ok(given.into_any())
        }
        Value::Secret(secret) => secret.clone().into_bound_py_any(py),
        Value::Held(name, secret) => SecretReference::held(name.clone(), secret.clone()).into_bound_py_any(py),
        Value::Reference(reference) => SecretReference::to(reference.clone()).into_bound_py_any(py),
    }
}

/// As reports show it.
fn shown<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Secret(_) | Value::Held(..) => MASK.into_bound_py_any(py),
        Value::Reference(reference) => reference.shown().into_bound_py_any(py),
        Value::Proxy(proxy) => masked_proxy(proxy).into_bound_py_any(py),
        Value::Headers(headers) => {
            let given = PyDict::new(py);
            for (name, value) in headers {
                given.set_item(name, masked_header(name, value))?;
            }
            Ok(given.into_any())
        }
        // An address that is shadowed was never checked for a login.
        Value::Text(text) if text.contains("://") => scrub(&masked_proxy(text), &[]).into_bound_py_any(py),
        Value::Texts(texts) => {
            let shown = texts.iter().map(|text| scrub(&masked_proxy(text), &[]).into_owned());
            shown.collect::<Vec<_>>().into_bound_py_any(py)
        }
        Value::Text(_) | Value::Number(_) | Value::Whole(_) | Value::Flag(_) | Value::Path(_) => argument(py, value),
    }
}

/// The settings of a system: name, what it holds, its environment variables. For documentation.
#[pyfunction]
#[pyo3(signature = (system, /))]
pub fn setting_names(py: Python<'_>, system: &str) -> PyResult<Vec<(&'static str, &'static str, Vec<String>)>> {
    let system = System::from_name(system).ok_or_else(|| config_error(py, "system: one of the four"))?;
    let named = catalogue::settings(system).map(|setting| {
        let variables = catalogue::variables(system, setting);
        let names = variables.into_iter().map(|variable| variable.name).collect();
        (setting.name, setting.kind.name(), names)
    });
    Ok(named.collect())
}
