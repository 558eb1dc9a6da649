//! References to secrets as credentials: asked when a secret is needed, and again when the server refused it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use pyo3::exceptions::{PyException, PyImportError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use super::errors::refused;
use super::python_code::PythonCode;
use super::secret::read_secret;
use super::settings::config_error;
use super::site::{Site, awaitable, call_in_context, raised_error};
use crate::core::credential::{Credential, CredentialKind, SecretSource};
use crate::core::error::Error;
use crate::core::found::command;
use crate::core::found::reference::Reference;
use crate::core::secret::Secret;
use crate::core::secret_file;

/// Where a secret is to be had. It can be pickled, as it holds none.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct SecretReference {
    reference: Reference,
    /// What the variable held when the client was made; an `env` reference without it is read when needed.
    held: Option<Secret>,
}

type Parts = (&'static str, Vec<String>, Option<f64>);

#[pymethods]
impl SecretReference {
    /// Makes one of its parts, for pickles.
    #[new]
    fn new(py: Python<'_>, kind: &str, parts: Vec<String>, timeout: Option<f64>) -> PyResult<Self> {
        let mut texts = parts.iter().cloned();
        let mut next = || texts.next().ok_or_else(|| PyValueError::new_err("parts: too few"));
        let reference = match kind {
            "env" => Reference::Env(next()?),
            "variable" => {
                let name = next()?;
                let held = variable(py, &name)?.ok_or_else(|| {
                    let why = format!("{name}: not set, and the client that is unpickled needs it");
                    config_error(py, why)
                })?;
                return Ok(Self::held(name, Secret::new(held)));
            }
            "file" => Reference::File(PathBuf::from(next()?)),
            "command" => {
                let timeout = Duration::try_from_secs_f64(timeout.unwrap_or_default())
                    .map_err(|_| PyValueError::new_err("timeout: no time"))?;
                Reference::Command {
                    command: parts,
                    timeout,
                }
            }
            "keyring" => Reference::Keyring {
                service: next()?,
                username: next()?,
            },
            _ => return Err(PyValueError::new_err("kind: not known")),
        };
        Ok(Self::to(reference))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Parts)> {
        Ok((slf.get_type().into_any(), slf.get().parts()?))
    }

    fn __repr__(&self) -> String {
        format!("SecretReference({})", self.reference.shown())
    }
}

impl SecretReference {
    pub fn to(reference: Reference) -> Self {
        Self { reference, held: None }
    }

    pub fn held(name: String, value: Secret) -> Self {
        Self {
            reference: Reference::Env(name),
            held: Some(value),
        }
    }

    /// For reports; None for a secret that is there already.
    pub fn shown(&self) -> Option<String> {
        self.held.is_none().then(|| self.reference.shown())
    }

    /// Fails for one that is there already and can't be the credential.
    pub fn credential(&self, kind: &CredentialKind) -> Result<Credential, Error> {
        if let Some(secret) = &self.held {
            kind.check(secret)?;
            return Ok(Credential::Fixed(secret.clone()));
        }
        let referred = Referred {
            name: kind.name,
            reference: self.reference.clone(),
            has_warned: AtomicBool::new(false),
        };
        Ok(Credential::Source(Arc::new(Arc::new(referred))))
    }

    fn parts(&self) -> PyResult<Parts> {
        Ok(match &self.reference {
            Reference::Env(name) if self.held.is_some() => ("variable", vec![name.clone()], None),
            Reference::Env(name) => ("env", vec![name.clone()], None),
            Reference::File(path) => {
                let path = path.to_str();
                let path = path.ok_or_else(|| PyValueError::new_err("a path that is not UTF-8 cannot be pickled"))?;
                ("file", vec![path.to_owned()], None)
            }
            Reference::Command { command, timeout } => ("command", command.clone(), Some(timeout.as_secs_f64())),
            Reference::Keyring { service, username } => ("keyring", vec![service.clone(), username.clone()], None),
        })
    }
}

/// A variable of the environment as Python has it; an empty one is none.
pub fn variable(py: Python<'_>, name: &str) -> PyResult<Option<String>> {
    let value = py.import("os")?.getattr("environ")?.run_method("get", (name,))?;
    let text: Option<String> = value
        .extract()
        .map_err(|_| config_error(py, format!("{name}: holds bytes that are no text")))?;
    Ok(text.filter(|text| !text.is_empty()))
}

struct Referred {
    name: &'static str,
    reference: Reference,
    has_warned: AtomicBool,
}

impl SecretSource for Arc<Referred> {
    fn fetch(&self) -> BoxFuture<'_, Result<Secret, Error>> {
        let source = self.clone();
        Box::pin(async move {
            let site = Site::current().ok_or_else(|| Error::config("a credential was asked for outside a call"))?;
            let fetched = source.fetch_at(&site).await;
            fetched.map_err(|error| source.named(&error))
        })
    }
}

impl Referred {
    /// The same error with the credential's name; an exception of Python code goes up as it is.
    fn named(&self, error: &Error) -> Error {
        if error.payload().is_some() {
            return error.clone();
        }
        let named = Error::config(format!("{}: {}", self.name, error.message()));
        match &error.context().hint {
            Some(hint) => named.with_hint(hint.clone()),
            None => named,
        }
    }

    async fn fetch_at(self: &Arc<Self>, site: &Site) -> Result<Secret, Error> {
        match &self.reference {
            Reference::Env(name) => {
                let asked = name.clone();
                let value = site.ask(move |py| variable(py, &asked)).await?;
                let wrong = || Error::config(format!("the environment variable {name} is not set"));
                value.map(Secret::new).ok_or_else(wrong)
            }
            Reference::File(path) => {
                let asked = path.clone();
                let read = tokio::task::spawn_blocking(move || secret_file::read(&asked)).await;
                let (secret, open_to_all) = read.map_err(|_| Error::config("could not be read"))??;
                if let Some(rights) = open_to_all
                    && !self.has_warned.swap(true, Ordering::Relaxed)
                {
                    let text = format!(
                        "{}: every user of this machine may {} {}; take the right away (chmod {})",
                        self.name,
                        rights.words(),
                        path.display(),
                        rights.chmod()
                    );
                    site.post(Box::new(move |py| warn(py, &text)));
                }
                Ok(secret)
            }
            Reference::Command { command, timeout } => {
                let search_path = site.ask(|py| variable(py, "PATH")).await?;
                command::run(command, *timeout, search_path.as_deref()).await
            }
            Reference::Keyring { service, username } => self.ask_keyring(site, service, username).await,
        }
    }

    /// The keyring may ask its owner for a password: an event loop must go on meanwhile.
    async fn ask_keyring(&self, site: &Site, service: &str, username: &str) -> Result<Secret, Error> {
        let entry = Entry {
            name: self.name,
            service: service.to_owned(),
            username: username.to_owned(),
        };
        let Some(locals) = site.locals() else {
            return site.ask(move |py| entry.get(py)).await;
        };
        let begin = move |py: Python<'_>| {
            let get = PyCFunction::new_closure(py, None, None, move |arguments, _| entry.get(arguments.py()))?;
            let to_thread = py.import("asyncio")?.getattr("to_thread")?;
            let begun = call_in_context(&to_thread, (get,).into_pyobject(py)?, Some(&locals))?;
            awaitable(begun, Some(&locals))
        };
        let value = match site.ask(begin).await? {
            Some(future) => future.await.map_err(raised_error)?,
            None => return Err(Error::config("asyncio gave nothing to await")),
        };
        let name = self.name;
        let read = move |py: Python<'_>| read_secret(name, value.bind(py));
        site.ask(read)
            .await?
            .ok_or_else(|| Error::config("the keyring gave no text"))
    }
}

/// An entry of the keyring of the user's session.
struct Entry {
    name: &'static str,
    service: String,
    username: String,
}

impl Entry {
    fn get(&self, py: Python<'_>) -> PyResult<Secret> {
        let Self {
            name,
            service,
            username,
        } = self;
        let told = |what: &str, hint: String| refused(py, Error::config(format!("{name}: {what}")).with_hint(hint));
        let keyring = py.import("keyring").map_err(|error| {
            if error.is_instance_of::<PyImportError>(py) {
                let hint = "install it with: pip install keyring".to_owned();
                told("its reference needs the package keyring", hint)
            } else {
                error
            }
        })?;
        let value = keyring
            .run_method("get_password", (service, username))
            .map_err(|error| {
                if error.is_instance_of::<PyException>(py) {
                    let kind = error
                        .get_type(py)
                        .name()
                        .map_or_else(|_| String::new(), |kind| kind.to_string());
                    told(
                        &format!("the keyring failed ({kind})"),
                        format!("see what it says: keyring get {service} {username}"),
                    )
                } else {
                    error
                }
            })?;
        let secret = read_secret(name, &value)?.filter(|secret| !secret.is_empty());
        secret.ok_or_else(|| {
            told(
                &format!("the keyring has no password of {username} for {service}"),
                format!("store it with: keyring set {service} {username}"),
            )
        })
    }
}

/// Where nobody imported logging, nobody can have configured it.
fn warn(py: Python<'_>, text: &str) -> PyResult<()> {
    let modules = py.import("sys")?.getattr("modules")?;
    if let Ok(logging) = modules.get_item("logging") {
        let logger = logging.run_method("getLogger", ("infosecops",))?;
        logger.run_method("warning", ("%s", text))?;
    }
    Ok(())
}
