//! The two ways to log in to Governance & Lifecycle, or a token made elsewhere.

use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::argument::Given;
use super::errors::refused;
use super::secret::{GivenSecret, credential};
use super::settings::config_error;
use crate::core::credential::{Credential, CredentialKind, Holder, check_name};
use crate::named;
use crate::systems::governance_lifecycle::Auth;

/// The callable or reference of a login; a secret that was given as it is does not travel.
fn portable<'py>(given: &GivenSecret, py: Python<'py>, class: &str, name: &str) -> PyResult<Bound<'py, PyAny>> {
    given.portable(py).ok_or_else(|| {
        PyTypeError::new_err(format!(
            "{class} cannot be pickled: {name} was given as it is, and secrets do not travel; pass a function of a module that fetches it"
        ))
    })
}

/// User name and password for a login.
#[pyclass(frozen, module = "infosecops")]
pub struct UserLogin {
    username: String,
    password: GivenSecret,
    auth_source: Option<String>,
}

#[pymethods]
impl UserLogin {
    #[new]
    #[pyo3(signature = (username, password, auth_source = None))]
    fn new(username: Given<String>, password: &Bound<'_, PyAny>, auth_source: Option<Given<String>>) -> PyResult<Self> {
        named!(password.py(); username, auth_source);
        Self::of(username, password, auth_source)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Reduced<'py>> {
        let this = slf.get();
        let password = portable(&this.password, slf.py(), "UserLogin", "password")?;
        let given = (&this.username, password, &this.auth_source).into_pyobject(slf.py())?;
        Ok((slf.get_type().into_any(), given))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.password.traverse(&visit)
    }

    fn __repr__(&self) -> String {
        format!("UserLogin({:?}, Secret(****))", self.username)
    }
}

/// A trusted application's id and secret for a login.
#[pyclass(frozen, module = "infosecops")]
pub struct TrustedApp {
    client_id: String,
    client_secret: GivenSecret,
}

#[pymethods]
impl TrustedApp {
    #[new]
    fn new(client_id: Given<String>, client_secret: &Bound<'_, PyAny>) -> PyResult<Self> {
        named!(client_secret.py(); client_id);
        Self::of(client_id, client_secret)
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Reduced<'py>> {
        let this = slf.get();
        let secret = portable(&this.client_secret, slf.py(), "TrustedApp", "client_secret")?;
        Ok((
            slf.get_type().into_any(),
            (&this.client_id, secret).into_pyobject(slf.py())?,
        ))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.client_secret.traverse(&visit)
    }

    fn __repr__(&self) -> String {
        format!("TrustedApp({:?}, Secret(****))", self.client_id)
    }
}

/// A setting of a login, for reports.
pub enum Part {
    Text(String),
    /// What stands for the secret; None for one that was given as it is.
    Secret(Option<Py<PyAny>>),
}

/// The settings that a login stands for.
pub fn parts(login: &Bound<'_, PyAny>) -> Vec<(&'static str, Part)> {
    let py = login.py();
    let secret = |given: &GivenSecret| Part::Secret(given.portable(py).map(Bound::unbind));
    if let Ok(user) = login.cast::<UserLogin>() {
        let user = user.get();
        let mut parts = vec![
            ("username", Part::Text(user.username.clone())),
            ("password", secret(&user.password)),
        ];
        parts.extend(
            user.auth_source
                .clone()
                .map(|source| ("auth_source", Part::Text(source))),
        );
        return parts;
    }
    login.cast::<TrustedApp>().map_or_else(
        |_| Vec::new(),
        |app| {
            let app = app.get();
            vec![
                ("client_id", Part::Text(app.client_id.clone())),
                ("client_secret", secret(&app.client_secret)),
            ]
        },
    )
}

impl UserLogin {
    /// Checks them.
    pub fn of(username: String, password: &Bound<'_, PyAny>, auth_source: Option<String>) -> PyResult<Self> {
        let py = password.py();
        check_name("username", &username).map_err(|error| refused(py, error))?;
        if let Some(source) = &auth_source {
            check_name("auth_source", source).map_err(|error| refused(py, error))?;
        }
        Ok(Self {
            username,
            password: credential(&CredentialKind::PASSWORD, password)?,
            auth_source,
        })
    }
}

impl TrustedApp {
    /// Checks them.
    pub fn of(client_id: String, client_secret: &Bound<'_, PyAny>) -> PyResult<Self> {
        check_name("client_id", &client_id).map_err(|error| refused(client_secret.py(), error))?;
        Ok(Self {
            client_id,
            client_secret: credential(&CredentialKind::CLIENT_SECRET, client_secret)?,
        })
    }
}

type Reduced<'py> = (Bound<'py, PyAny>, Bound<'py, PyTuple>);

/// What a client was given.
#[derive(Clone)]
pub enum Access {
    Token(Credential),
    User(String, Credential, Option<String>),
    App(String, Credential),
    None,
}

impl Access {
    /// Checks the two arguments. Gives the credential beside, as it was given.
    pub fn new(
        token: Option<&Bound<'_, PyAny>>,
        login: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(Self, Option<GivenSecret>)> {
        let login = match (token, login) {
            (Some(token), None) => {
                let given = credential(&CredentialKind::TOKEN, token)?;
                return Ok((Self::Token(given.credential.clone()), Some(given)));
            }
            (None, None) => return Ok((Self::None, None)),
            (None, Some(login)) => login,
            (Some(token), Some(_)) => return Err(config_error(token.py(), "give token or login, not both")),
        };
        if let Ok(user) = login.cast::<UserLogin>() {
            let user = user.get();
            let given = user.password.again(login.py());
            let access = Self::User(
                user.username.clone(),
                given.credential.clone(),
                user.auth_source.clone(),
            );
            return Ok((access, Some(given)));
        }
        if let Ok(app) = login.cast::<TrustedApp>() {
            let app = app.get();
            let given = app.client_secret.again(login.py());
            return Ok((Self::App(app.client_id.clone(), given.credential.clone()), Some(given)));
        }
        Err(PyTypeError::new_err("login: must be a UserLogin or a TrustedApp"))
    }

    /// The same for one process.
    pub fn auth(&self) -> Auth {
        match self.clone() {
            Self::Token(token) => Auth::Token(Holder::new(token)),
            Self::User(username, password, auth_source) => Auth::User {
                username,
                password: Holder::new(password),
                auth_source,
            },
            Self::App(client_id, secret) => Auth::App {
                client_id,
                client_secret: Holder::new(secret),
            },
            Self::None => Auth::None,
        }
    }
}
