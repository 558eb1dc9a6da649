//! `Secret` for Python, and the places secrets come from.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use super::argument::{self, Wrong};
use super::convert::revealed;
use super::errors::refused;
use super::login::{TrustedApp, UserLogin};
use super::reference::SecretReference;
use super::site::{Awaited, Site, awaitable, call_in_context, raised_error};
use crate::core::credential::{Credential, CredentialKind, SecretSource};
use crate::core::error::Error;
use crate::core::secret::Secret;
use crate::systems::bamboo_agents::AccessToken;

#[pymethods]
impl Secret {
    #[new]
    fn py_new(text: &Bound<'_, PyAny>) -> PyResult<Self> {
        let read = argument::text(text).map_err(|wrong| wrong.named(text.py(), "text"))?;
        Ok(Self::new(read))
    }

    /// The text itself.
    fn reveal(&self, py: Python<'_>) -> PyResult<&str> {
        revealed(py, self)
    }

    /// The text in UTF-8.
    fn reveal_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, self.reveal(py)?.as_bytes()))
    }

    fn __repr__(&self) -> String {
        self.to_string()
    }

    fn __str__(&self) -> String {
        self.to_string()
    }

    fn __format__(&self, _spec: &str) -> String {
        self.to_string()
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> Py<PyAny> {
        match other.cast::<Self>() {
            Ok(other) => pyo3::types::PyBool::new(py, self == other.get())
                .to_owned()
                .into_any()
                .unbind(),
            Err(_) => py.NotImplemented(),
        }
    }

    fn __bool__(&self) -> bool {
        !self.is_empty()
    }

    fn __hash__(&self) -> PyResult<isize> {
        Err(PyTypeError::new_err(
            "a Secret has no hash: it must not end up as a key somewhere",
        ))
    }

    fn __reduce__(&self) -> PyResult<()> {
        Err(PyTypeError::new_err(
            "a Secret cannot be pickled or copied; pass a callable that fetches it where it is needed",
        ))
    }
}

/// A callable that gives a secret.
struct Callable {
    name: &'static str,
    callable: Py<PyAny>,
}

impl SecretSource for Arc<Callable> {
    fn fetch(&self) -> BoxFuture<'_, Result<Secret, Error>> {
        let source = self.clone();
        Box::pin(async move {
            let site = Site::current().ok_or_else(|| Error::config("a credential was asked for outside a call"))?;
            let locals = site.locals();
            let asked = source.clone();
            let given = site.ask(move |py| asked.ask(py, locals.as_deref())).await?;
            match given {
                Given::Now(secret) => Ok(secret),
                Given::Later(future) => {
                    let value = future.await.map_err(raised_error)?;
                    // Reading the value needs the interpreter, which this thread never attaches to.
                    site.ask(move |py| source.read(value.bind(py))).await
                }
            }
        })
    }
}

enum Given {
    Now(Secret),
    Later(Awaited),
}

impl Callable {
    fn ask(&self, py: Python<'_>, locals: Option<&pyo3_async_runtimes::TaskLocals>) -> PyResult<Given> {
        let value = call_in_context(self.callable.bind(py), PyTuple::empty(py), locals)?;
        match awaitable(value.clone(), locals)? {
            Some(future) => Ok(Given::Later(future)),
            None => self.read(&value).map(Given::Now),
        }
    }

    fn read(&self, value: &Bound<'_, PyAny>) -> PyResult<Secret> {
        read_secret(self.name, value)?.ok_or_else(|| {
            let given = type_name(value);
            PyTypeError::new_err(format!(
                "{}: the callable must give a str or a Secret, not {given}",
                self.name
            ))
        })
    }
}

/// A text or a `Secret`; None for anything else.
pub fn read_secret(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<Secret>> {
    if let Ok(secret) = value.cast::<Secret>() {
        return Ok(Some(secret.get().clone()));
    }
    if let Ok(unfit) = value.cast::<Unfit>() {
        let fault = unfit.get().fault.clone().map(Wrong::Value);
        return fault.map_or(Ok(None), |wrong| Err(wrong.named(value.py(), name)));
    }
    match argument::text(value) {
        Ok(text) => Ok(Some(Secret::new(text))),
        Err(Wrong::Type(_)) => Ok(None),
        Err(wrong) => Err(wrong.named(value.py(), name)),
    }
}

/// A credential as it was given.
pub struct GivenSecret {
    pub credential: Credential,
    origin: Origin,
}

enum Origin {
    Literal,
    Callable(Arc<Callable>),
    Reference(Py<SecretReference>),
}

impl GivenSecret {
    /// What may go to another process in its place; None for a literal secret.
    pub fn portable<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        match &self.origin {
            Origin::Literal => None,
            Origin::Callable(given) => Some(given.callable.bind(py).clone()),
            Origin::Reference(reference) => Some(reference.bind(py).clone().into_any()),
        }
    }

    /// The same, with a reference of its own to the callable.
    pub fn again(&self, py: Python<'_>) -> Self {
        match &self.origin {
            Origin::Literal => Self {
                credential: self.credential.clone(),
                origin: Origin::Literal,
            },
            Origin::Callable(given) => asked_for(given.name, given.callable.clone_ref(py)),
            Origin::Reference(reference) => Self {
                credential: self.credential.clone(),
                origin: Origin::Reference(reference.clone_ref(py)),
            },
        }
    }

    /// For the garbage collector. Every copy of the credential must belong to the visited object.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &self.origin {
            Origin::Literal => Ok(()),
            Origin::Callable(given) => visit.call(&given.callable),
            Origin::Reference(reference) => visit.call(reference),
        }
    }
}

fn asked_for(name: &'static str, callable: Py<PyAny>) -> GivenSecret {
    let callable = Arc::new(Callable { name, callable });
    GivenSecret {
        credential: Credential::Source(Arc::new(callable.clone())),
        origin: Origin::Callable(callable),
    }
}

/// A credential argument: str, Secret or a callable of no arguments. One that is there and can't be the credential is
/// refused at once.
pub fn credential(kind: &CredentialKind, value: &Bound<'_, PyAny>) -> PyResult<GivenSecret> {
    let (py, name) = (value.py(), kind.name);
    if let Some(secret) = read_secret(name, value)? {
        revealed(py, &secret)?;
        kind.check(&secret).map_err(|error| refused(py, error))?;
        return Ok(GivenSecret {
            credential: Credential::Fixed(secret),
            origin: Origin::Literal,
        });
    }
    if let Ok(reference) = value.cast::<SecretReference>() {
        return Ok(GivenSecret {
            credential: reference.get().credential(kind).map_err(|error| refused(py, error))?,
            origin: Origin::Reference(reference.clone().unbind()),
        });
    }
    if value.is_callable() {
        return Ok(asked_for(name, value.clone().unbind()));
    }
    let given = type_name(value);
    Err(PyTypeError::new_err(format!(
        "{name}: must be a str, a Secret or a callable that gives one, not {given}"
    )))
}

/// What a value is called in errors.
pub fn type_name(value: &Bound<'_, PyAny>) -> String {
    if let Ok(unfit) = value.cast::<Unfit>() {
        return unfit.get().kind.clone();
    }
    value
        .get_type()
        .name()
        .map_or_else(|_| "object".to_owned(), |name| name.to_string())
}

/// Stands for an argument that is no credential: it tells why, and keeps nothing of the value.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct Unfit {
    kind: String,
    /// Of text that can't be one.
    fault: Option<String>,
}

#[pymethods]
impl Unfit {
    fn __repr__(&self) -> String {
        format!("<unusable {}>", self.kind)
    }
}

/// Wraps what may be a secret at once, so that no frame keeps it: tracebacks show the variables of every frame that they
/// pass. What can't be a credential is replaced too, by what refuses it by its name.
#[pyfunction]
#[pyo3(signature = (value, /))]
pub fn wrap<'py>(value: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    let fault = match argument::text(&value) {
        Ok(text) => return Secret::new(text).into_bound_py_any(py),
        Err(Wrong::Value(fault)) => Some(fault),
        Err(_) => None,
    };
    if fault.is_none() && is_no_secret(&value) {
        return Ok(value);
    }
    let kind = type_name(&value);
    Unfit { kind, fault }.into_bound_py_any(py)
}

/// What may stand where a credential is wanted without being one, and shows none when it is printed.
fn is_no_secret(value: &Bound<'_, PyAny>) -> bool {
    value.is_none()
        || value.is_callable()
        || value.is_instance_of::<Secret>()
        || value.is_instance_of::<UserLogin>()
        || value.is_instance_of::<TrustedApp>()
        || value.is_instance_of::<AccessToken>()
        || value.is_instance_of::<SecretReference>()
        || value.is_instance_of::<Unfit>()
}
