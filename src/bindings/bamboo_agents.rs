//! Agent APIs for Bamboo for Python.

use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::agents::Agents;
use super::argument::Given;
use super::client::Live;
use super::convert::withheld;
use super::errors::refused;
use super::handle::Handle;
use super::operation::Operation;
use super::raw::RawCall;
use super::rows::Rows;
use super::secret::{credential, read_secret, type_name};
use super::settings::{Settings, config_error};
use crate::core::credential::{Credential, CredentialKind, Holder, check_name};
use crate::systems::bamboo_agents::{
    self as bamboo, AccessToken, Api, BambooAgents as System, EnsureResult, Login, TokenChange, TokenRef,
};
use crate::{named, record_methods};

record_methods!(AccessToken, EnsureResult);

/// The native half of `BambooAgents` and its twin.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct BambooAgents(Handle<System>);

#[derive(Clone)]
enum Access {
    Basic(String, Credential),
    Bearer(Credential),
    Anonymous,
}

#[pymethods]
impl BambooAgents {
    #[new]
    #[pyo3(signature = (settings, *, username, password, token, api))]
    fn new(
        py: Python<'_>,
        settings: Py<Settings>,
        username: Option<Given<String>>,
        password: Option<Bound<'_, PyAny>>,
        token: Option<Bound<'_, PyAny>>,
        api: Given<String>,
    ) -> PyResult<Self> {
        named!(py; username, api);
        let (access, given) = match (username, password, token) {
            (Some(username), Some(password), None) => {
                check_name("username", &username).map_err(|error| refused(py, error))?;
                if username.contains(':') {
                    return Err(config_error(
                        py,
                        "username: must hold no ':', which Basic authentication cannot carry",
                    ));
                }
                let given = credential(&CredentialKind::PASSWORD, &password)?;
                (Access::Basic(username, given.credential.clone()), Some(given))
            }
            (None, None, Some(token)) => {
                let given = credential(&CredentialKind::TOKEN, &token)?;
                (Access::Bearer(given.credential.clone()), Some(given))
            }
            (None, None, None) => (Access::Anonymous, None),
            _ => {
                return Err(config_error(
                    py,
                    "give username and password, or token, or none of them",
                ));
            }
        };
        let api = match api.as_str() {
            "auto" => None,
            "agent-config" => Some(Api::AgentConfig),
            "agent" => Some(Api::Agent),
            _ => return Err(config_error(py, "api: must be \"auto\", \"agent-config\" or \"agent\"")),
        };
        let make = move || {
            let login = match access.clone() {
                Access::Basic(username, password) => Login::Basic {
                    username,
                    password: Holder::new(password),
                },
                Access::Bearer(token) => Login::Bearer(Holder::new(token)),
                Access::Anonymous => Login::Anonymous,
            };
            System::new(login, api)
        };
        Ok(Self(Handle::new(settings, given, make)))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.traverse(&visit)
    }

    fn close(&self, py: Python<'_>) {
        self.0.close(py);
    }

    fn request(&self, py: Python<'_>, call: &RawCall) -> PyResult<Operation> {
        self.0.request(py, call)
    }

    fn agents(&self, py: Python<'_>, uuid: &Bound<'_, PyAny>) -> PyResult<Agents> {
        Agents::open(py, &self.0, uuid)
    }

    fn tokens_list(&self, py: Python<'_>) -> PyResult<Operation> {
        let begin = |live: Arc<Live<System>>, call| async move { bamboo::list(&live.system, &call).await };
        self.0.operation_with(py, "tokens.list", begin, Rows::finish)
    }

    fn tokens_create(
        &self,
        py: Python<'_>,
        name: Given<String>,
        read: Given<bool>,
        change: Given<bool>,
    ) -> PyResult<Operation> {
        named!(py; name, read, change);
        self.0.operation(py, "tokens.create", move |live, call| async move {
            bamboo::create(&live.system, &call, &name, read, change).await
        })
    }

    #[pyo3(signature = (token, *, name, read, change))]
    fn tokens_update(
        &self,
        py: Python<'_>,
        token: &Bound<'_, PyAny>,
        name: Option<Given<String>>,
        read: Option<Given<bool>>,
        change: Option<Given<bool>>,
    ) -> PyResult<Operation> {
        named!(py; name, read, change);
        let token = token_ref(token)?;
        let wanted = TokenChange { name, read, change };
        self.0.operation(py, "tokens.update", move |live, call| async move {
            bamboo::update(&live.system, &call, token, &wanted).await
        })
    }

    fn tokens_revoke(&self, py: Python<'_>, token: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let token = token_ref(token)?;
        self.0.operation(py, "tokens.revoke", move |live, call| async move {
            bamboo::revoke(&live.system, &call, token).await
        })
    }

    fn tokens_find(&self, py: Python<'_>, name: Given<String>) -> PyResult<Operation> {
        named!(py; name);
        self.0.operation(py, "tokens.find", move |live, call| async move {
            bamboo::find(&live.system, &call, &name).await
        })
    }

    fn tokens_ensure(
        &self,
        py: Python<'_>,
        name: Given<String>,
        read: Given<bool>,
        change: Given<bool>,
    ) -> PyResult<Operation> {
        named!(py; name, read, change);
        self.0.operation(py, "tokens.ensure", move |live, call| async move {
            bamboo::ensure(&live.system, &call, &name, read, change).await
        })
    }
}

fn token_ref(token: &Bound<'_, PyAny>) -> PyResult<TokenRef> {
    if let Ok(token) = token.cast::<AccessToken>() {
        return Ok(TokenRef::Known(token.get().clone()));
    }
    let py = token.py();
    match read_secret("token", token)? {
        Some(uuid) if uuid.is_withheld() => Err(withheld(py)),
        Some(uuid) => Ok(TokenRef::Uuid(uuid)),
        None => Err(PyTypeError::new_err(format!(
            "token: must be an AccessToken or its uuid as Secret or str, not {}",
            type_name(token)
        ))),
    }
}
