//! Sectona PAM for Python.

use std::path::PathBuf;
use std::sync::{Arc, Weak};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::argument::Given;
use super::bulk;
use super::client::Live;
use super::engine;
use super::errors::refused;
use super::handle::Handle;
use super::operation::Operation;
use super::raw::{self, RawCall};
use super::secret::credential;
use super::settings::{Settings, config_error};
use super::vault_requests::read_requests;
use crate::core::bulk::partial_failure;
use crate::core::config::seconds;
use crate::core::credential::{CredentialKind, Holder};
use crate::core::failover::Servers;
use crate::core::transport::Call;
use crate::systems::sectona::cache::{Cache, sweep};
use crate::systems::sectona::{self, Accept, AccountRequest, Envelope, Many, Sectona as System, VaultAccount};
use crate::{named, record_methods};

record_methods!(Envelope);

record_methods!(VaultAccount {
    /// Writes the private key to a new file that only its owner can read (mode 0600), and a line break behind it where
    /// none is. Never over an existing file: that is a `ConfigError`, as is an account without a private key.
    #[pyo3(name = "write_key")]
    fn py_write_key(&self, py: Python<'_>, path: Given<PathBuf>) -> PyResult<()> {
        named!(py; path);
        py.detach(|| self.write_key(&path)).map_err(|error| refused(py, error))
    }
});

/// The native half of `Sectona` and its twin.
#[pyclass(frozen, weakref, module = "infosecops._infosecops")]
pub struct Sectona(Handle<System>);

#[pymethods]
impl Sectona {
    #[new]
    #[pyo3(signature = (settings, *, access_key, accept, cache_ttl))]
    fn new(
        py: Python<'_>,
        settings: Py<Settings>,
        access_key: &Bound<'_, PyAny>,
        accept: Given<String>,
        cache_ttl: Option<Given<f64>>,
    ) -> PyResult<Self> {
        named!(py; accept, cache_ttl);
        let ttl = cache_ttl.map(|ttl| seconds("cache_ttl", ttl)).transpose();
        let ttl = ttl.map_err(|error| refused(py, error))?;
        let given = credential(&CredentialKind::ACCESS_KEY, access_key)?;
        let accept = match accept.as_str() {
            "json" => Accept::Json,
            "xml" => Accept::Xml,
            _ => return Err(config_error(py, "accept: must be \"json\" or \"xml\"")),
        };
        let key = given.credential.clone();
        let checked = settings.get().checked.clone();
        let make = move || {
            let servers = Servers::new(&checked.base, &checked.failover);
            let cache = ttl.map(|ttl| Cache::new(ttl, Some(Box::new(swept))));
            System::new(Holder::new(key.clone()), accept)
                .among(servers)
                .keeping(cache)
        };
        Ok(Self(Handle::new(settings, Some(given), make)))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.0.traverse(&visit)
    }

    fn close(&self, py: Python<'_>) {
        if let Some(cache) = self.0.client().existing().and_then(|live| live.system.cache.as_ref()) {
            py.detach(|| cache.wipe());
        }
        self.0.close(py);
    }

    /// In a forked child: the accounts that the parent keeps are not to be found in the child's memory.
    fn wipe_copy(&self) {
        if let Some(cache) = self
            .0
            .client()
            .left_behind()
            .and_then(|live| live.system.cache.as_ref())
        {
            cache.wipe_copy();
        }
    }

    fn request(&self, py: Python<'_>, call: &RawCall) -> PyResult<Operation> {
        self.0.request(py, call)
    }

    #[pyo3(signature = (asset_type, asset_host, account_name, *, instance, db_instance, fresh))]
    #[allow(clippy::too_many_arguments)]
    fn request_password(
        &self,
        py: Python<'_>,
        asset_type: Given<String>,
        asset_host: Given<String>,
        account_name: Given<String>,
        instance: Given<String>,
        db_instance: Option<Given<String>>,
        fresh: Given<bool>,
    ) -> PyResult<Operation> {
        named!(py; asset_type, asset_host, account_name, instance, db_instance, fresh);
        let db_instance = db_instance.unwrap_or_default();
        let account = AccountRequest {
            asset_type,
            asset_host,
            db_instance,
            account_name,
            instance,
        };
        self.0.operation(py, "request_password", move |live, call| async move {
            sectona::request_password(&live.system, &call, &account, fresh).await
        })
    }

    #[pyo3(signature = (requests, *, max_concurrency, on_partial, on_progress, on_result, fresh))]
    #[allow(clippy::too_many_arguments)]
    fn request_passwords(
        &self,
        py: Python<'_>,
        requests: &Bound<'_, PyAny>,
        max_concurrency: Given<usize>,
        on_partial: Given<String>,
        on_progress: Option<Bound<'_, PyAny>>,
        on_result: Option<Bound<'_, PyAny>>,
        fresh: Given<bool>,
    ) -> PyResult<Operation> {
        named!(py; max_concurrency, on_partial, fresh);
        let raises = bulk::raises(py, "on_partial", &on_partial)?;
        let accounts: Arc<[AccountRequest]> = read_requests(requests)?.into();
        let many = Many {
            max_concurrency,
            fresh,
            listener: bulk::listener(&accounts, on_progress, on_result)?,
        };
        let inputs = accounts.clone();
        let begin = move |live: Arc<Live<System>>, call: Call| async move {
            let results = sectona::request_passwords(&live.system, &call, &accounts, &many).await?;
            let partial = partial_failure(&call, "request_passwords", "requests", &results).filter(|_| raises);
            Ok((results, partial))
        };
        self.0
            .operation_with(py, "request_passwords", begin, move |py, (results, partial)| {
                bulk::finish(py, &inputs, results, partial.as_ref())
            })
            .map(Operation::apart)
    }

    fn call(&self, py: Python<'_>, path: Given<String>, fields: &Bound<'_, PyAny>) -> PyResult<Operation> {
        named!(py; path);
        let fields = raw::json_object("fields", fields)?;
        self.0.operation(py, "call", move |live, call| async move {
            sectona::call(&live.system, &call, &path, &fields).await
        })
    }
}

/// Wipes on the background runtime what expires. Where that can't be started, the next use of the cache wipes it.
fn swept(cache: Weak<Cache>) {
    if let Ok(engine) = engine::of_this_process() {
        engine.runtime.spawn(sweep(cache));
    }
}
