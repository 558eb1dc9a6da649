//! The two ways to log in to Governance & Lifecycle, or a token made elsewhere.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use super::secret::credential;
use super::settings::config_error;
use crate::core::credential::{Credential, Holder};
use crate::systems::governance_lifecycle::Auth;

/// User name and password for a login.
#[pyclass(frozen, module = "infosecops")]
pub struct UserLogin {
    username: String,
    password: Credential,
    auth_source: Option<String>,
}

#[pymethods]
impl UserLogin {
    #[new]
    #[pyo3(signature = (username, password, auth_source = None))]
    fn new(username: String, password: &Bound<'_, PyAny>, auth_source: Option<String>) -> PyResult<Self> {
        if username.is_empty() {
            return Err(config_error(password.py(), "username: must not be empty"));
        }
        Ok(Self {
            username,
            password: credential("password", password)?,
            auth_source,
        })
    }

    fn __repr__(&self) -> String {
        format!("UserLogin({:?}, Secret(****))", self.username)
    }
}

/// A trusted application's id and secret for a login.
#[pyclass(frozen, module = "infosecops")]
pub struct TrustedApp {
    client_id: String,
    client_secret: Credential,
}

#[pymethods]
impl TrustedApp {
    #[new]
    fn new(client_id: String, client_secret: &Bound<'_, PyAny>) -> PyResult<Self> {
        if client_id.is_empty() {
            return Err(config_error(client_secret.py(), "client_id: must not be empty"));
        }
        Ok(Self {
            client_id,
            client_secret: credential("client_secret", client_secret)?,
        })
    }

    fn __repr__(&self) -> String {
        format!("TrustedApp({:?}, Secret(****))", self.client_id)
    }
}

/// What a client was given.
#[derive(Clone)]
pub enum Access {
    Token(Credential),
    User(String, Credential, Option<String>),
    App(String, Credential),
    None,
}

impl Access {
    /// Checks the two arguments.
    pub fn new(token: Option<&Bound<'_, PyAny>>, login: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let login = match (token, login) {
            (Some(token), None) => return credential("token", token).map(Access::Token),
            (None, None) => return Ok(Access::None),
            (None, Some(login)) => login,
            (Some(token), Some(_)) => return Err(config_error(token.py(), "give token or login, not both")),
        };
        if let Ok(user) = login.cast::<UserLogin>() {
            let user = user.get();
            return Ok(Access::User(
                user.username.clone(),
                user.password.clone(),
                user.auth_source.clone(),
            ));
        }
        if let Ok(app) = login.cast::<TrustedApp>() {
            let app = app.get();
            return Ok(Access::App(app.client_id.clone(), app.client_secret.clone()));
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
