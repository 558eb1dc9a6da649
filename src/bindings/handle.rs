//! What the native half of every client is made of: the client, its settings, and the making of operations.

use std::borrow::Cow;
use std::sync::Arc;

use pyo3::IntoPyObjectExt;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::client::{Client, Live};
use super::operation::Operation;
use super::raw::{RawCall, Response};
use super::secret::GivenSecret;
use super::settings::Settings;
use crate::core::error::Error;
use crate::core::request::Backend;
use crate::core::transport::Call;

/// A client of one product, as its Python class holds it.
pub struct Handle<S> {
    client: Arc<Client<S>>,
    settings: Py<Settings>,
    credential: Option<GivenSecret>,
}

impl<S: Send + Sync + 'static> Handle<S> {
    /// `make` makes the product's state with the credential, once in every process.
    pub fn new(
        settings: Py<Settings>,
        credential: Option<GivenSecret>,
        make: impl Fn() -> S + Send + Sync + 'static,
    ) -> Self {
        let client = Arc::new(Client::new(settings.get().checked.clone(), make));
        Self {
            client,
            settings,
            credential,
        }
    }

    /// The same client, for an object that makes operations of its own.
    pub fn share(&self, py: Python<'_>) -> Self {
        Self {
            client: self.client.clone(),
            settings: self.settings.clone_ref(py),
            credential: None,
        }
    }

    /// For the garbage collector. While a call runs, the client is reachable from it.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.settings)?;
        match &self.credential {
            Some(credential) if Arc::strong_count(&self.client) == 1 => credential.traverse(visit),
            _ => Ok(()),
        }
    }

    /// A call that has not been made, by its public name.
    pub fn operation<T, B, F>(
        &self,
        py: Python<'_>,
        name: impl Into<Cow<'static, str>>,
        begin: B,
    ) -> PyResult<Operation>
    where
        T: for<'py> IntoPyObject<'py> + Send + 'static,
        B: FnOnce(Arc<Live<S>>, Call) -> F + Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        self.operation_with(py, name, begin, |py, value| value.into_bound_py_any(py))
    }

    /// The same for what may take long or carry much.
    pub fn long_operation<T, B, F>(
        &self,
        py: Python<'_>,
        name: impl Into<Cow<'static, str>>,
        begin: B,
    ) -> PyResult<Operation>
    where
        T: for<'py> IntoPyObject<'py> + Send + 'static,
        B: FnOnce(Arc<Live<S>>, Call) -> F + Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        self.operation(py, name, begin).map(Operation::apart)
    }

    /// A call where `finish` makes the Python value.
    pub fn operation_with<T, B, F, M>(
        &self,
        py: Python<'_>,
        name: impl Into<Cow<'static, str>>,
        begin: B,
        finish: M,
    ) -> PyResult<Operation>
    where
        T: Send + 'static,
        B: FnOnce(Arc<Live<S>>, Call) -> F + Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
        M: for<'py> FnOnce(Python<'py>, T) -> PyResult<Bound<'py, PyAny>> + Send + 'static,
    {
        let listener = self.settings.get().listening.listener(py)?;
        Ok(Operation::new(&self.client, name.into(), listener, begin, finish))
    }

    /// The client itself.
    pub fn client(&self) -> &Client<S> {
        &self.client
    }

    /// Closes the idle connections of this process.
    pub fn close(&self, py: Python<'_>) {
        py.detach(|| self.client.close());
    }
}

impl<S: Backend> Handle<S> {
    /// The call for a request of the caller's own making.
    pub fn request(&self, py: Python<'_>, call: &RawCall) -> PyResult<Operation> {
        let request = call.request();
        let recipe = call.recipe();
        self.long_operation(py, "request", move |live, call| async move {
            let answer = live.system.send(&call, request).await;
            let answer = answer.map_err(|error| error.settled_by(recipe))?;
            Ok(Response::new(&answer))
        })
    }
}

/// What Python gets from an operation without a result.
pub type Nothing = Option<bool>;
