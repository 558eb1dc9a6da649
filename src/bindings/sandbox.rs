//! The sandbox for Python. Its server runs on a Rust thread that never attaches; it belongs to the process that started
//! it: a forked child can reach it over its port like anybody else, and neither controls nor stops it.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyLookupError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::per_process::PerProcess;
use super::sandbox_arguments::{Argument, fault, filter, job_end, progress};
use super::sandbox_values::{JournalEntry, SandboxAccount};
use crate::core::secret::Secret;
use crate::sandbox::{self, BambooApi, MaintenanceSettings, Options, ResultForm, System, Tls};

/// How often a waiting thread looks for Ctrl-C.
const SIGNAL_CHECK_INTERVAL: Duration = Duration::from_millis(50);
const BAMBOO_APIS: [(&str, BambooApi); 3] = [
    ("agent-config", BambooApi::NewOnly),
    ("agent", BambooApi::OldOnly),
    ("both", BambooApi::Both),
];

type Any<'a, 'py> = &'a Bound<'py, PyAny>;

/// A server, started when it is made.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct SandboxServer {
    running: PerProcess<sandbox::Sandbox>,
    url: String,
    port: u16,
    credentials: Vec<(System, &'static str, Secret)>,
}

impl SandboxServer {
    /// The server, in the process that started it.
    fn own(&self) -> PyResult<&sandbox::Sandbox> {
        self.running.get().ok_or_else(|| {
            PyRuntimeError::new_err(
                "this sandbox belongs to the process that started it; a forked child can only reach it by its url",
            )
        })
    }

    fn with<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&sandbox::Sandbox) -> T + Send) -> PyResult<T> {
        let server = self.own()?;
        Ok(py.detach(|| work(server)))
    }
}

impl Drop for SandboxServer {
    fn drop(&mut self) {
        // Stopping joins the server's thread. In a forked child there is nothing to stop, and nothing is waited for.
        if let Some(server) = self.running.get() {
            let _ = Python::try_attach(|py| py.detach(|| server.stop()));
        }
    }
}

#[pymethods]
impl SandboxServer {
    #[new]
    #[pyo3(signature = (port, bamboo_api, certificate, key, client_ca, /))]
    fn new(
        port: Any<'_, '_>,
        bamboo_api: Any<'_, '_>,
        certificate: Option<Vec<u8>>,
        key: Option<Vec<u8>>,
        client_ca: Option<Vec<u8>>,
    ) -> PyResult<Self> {
        let options = Options {
            port: Argument("port", port).whole(0, u16::MAX.into())?,
            bamboo_api: Argument("bamboo_api", bamboo_api).one_of(&BAMBOO_APIS)?,
            tls: certificate.zip(key).map(|(certificate, key)| Tls {
                certificate,
                key,
                client_ca,
            }),
        };
        let wanted = options.port;
        // Attached: starting a runtime reads the environment, see `Roots`.
        let server = sandbox::Sandbox::start(options)
            .map_err(|error| PyOSError::new_err(format!("the sandbox cannot serve 127.0.0.1:{wanted}: {error}")))?;
        let credentials = server
            .describe()
            .into_iter()
            .map(|(system, _, name, value)| (system, name, Secret::new(value)))
            .collect();
        let (url, port) = (server.url().to_owned(), server.port());
        let running = PerProcess::new();
        let made: Result<_, Infallible> = running.get_or_make(|| Ok(server));
        let Ok(_) = made;
        Ok(Self {
            running,
            url,
            port,
            credentials,
        })
    }

    #[getter]
    fn url(&self) -> &str {
        &self.url
    }

    #[getter]
    fn port(&self) -> u16 {
        self.port
    }

    /// System, name and value of each credential; names of users and applications are plain texts.
    fn credentials<'py>(&self, py: Python<'py>) -> PyResult<Vec<(&'static str, &'static str, Bound<'py, PyAny>)>> {
        self.credentials
            .iter()
            .map(|(system, name, value)| {
                let value = match *name {
                    "username" | "client_id" => value.expose().into_bound_py_any(py)?,
                    _ => value.clone().into_bound_py_any(py)?,
                };
                Ok((system.name(), *name, value))
            })
            .collect()
    }

    /// Whether the server answers; never in a forked child.
    fn is_running(&self, py: Python<'_>) -> bool {
        py.detach(|| {
            self.running
                .get()
                .is_some_and(|server| !server.wait(Some(Duration::ZERO)))
        })
    }

    /// Does nothing in a forked child.
    fn stop(&self, py: Python<'_>) {
        py.detach(|| {
            if let Some(server) = self.running.get() {
                server.stop();
            }
        });
    }

    /// Waits until the server has stopped; tells whether it has.
    fn wait(&self, py: Python<'_>, timeout: Option<Any<'_, '_>>) -> PyResult<bool> {
        let timeout = timeout.map(|value| Argument("timeout", value).seconds()).transpose()?;
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let turn = left.map_or(SIGNAL_CHECK_INTERVAL, |left| left.min(SIGNAL_CHECK_INTERVAL));
            if self.with(py, |server| server.wait(Some(turn)))? {
                return Ok(true);
            }
            py.check_signals()?;
            if left == Some(turn) {
                return Ok(false);
            }
        }
    }

    #[pyo3(signature = (*, system, operation, method))]
    fn journal_entries(
        &self,
        py: Python<'_>,
        system: Option<Any<'_, '_>>,
        operation: Option<Any<'_, '_>>,
        method: Option<Any<'_, '_>>,
    ) -> PyResult<Vec<JournalEntry>> {
        let filter = filter(system, operation, method)?;
        let entries = self.with(py, |server| server.journal().select(&filter))?;
        Ok(entries.into_iter().map(JournalEntry).collect())
    }

    #[pyo3(signature = (*, system, operation, method))]
    fn journal_count(
        &self,
        py: Python<'_>,
        system: Option<Any<'_, '_>>,
        operation: Option<Any<'_, '_>>,
        method: Option<Any<'_, '_>>,
    ) -> PyResult<usize> {
        let filter = filter(system, operation, method)?;
        self.with(py, |server| server.journal().count(&filter))
    }

    #[pyo3(signature = (*, system, operation, method))]
    fn journal_last(
        &self,
        py: Python<'_>,
        system: Option<Any<'_, '_>>,
        operation: Option<Any<'_, '_>>,
        method: Option<Any<'_, '_>>,
    ) -> PyResult<Option<JournalEntry>> {
        let filter = filter(system, operation, method)?;
        let entry = self.with(py, |server| server.journal().last(&filter))?;
        Ok(entry.map(JournalEntry))
    }

    fn journal_clear(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, |server| server.journal().clear())
    }

    #[pyo3(signature = (times, keywords, /))]
    fn faults_next(&self, py: Python<'_>, times: Any<'_, '_>, keywords: &Bound<'_, PyDict>) -> PyResult<()> {
        let fault = fault(keywords, Some(times))?;
        self.with(py, |server| server.faults().add(fault))
    }

    #[pyo3(signature = (keywords, /))]
    fn faults_always(&self, py: Python<'_>, keywords: &Bound<'_, PyDict>) -> PyResult<()> {
        let fault = fault(keywords, None)?;
        self.with(py, |server| server.faults().add(fault))
    }

    fn faults_clear(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, |server| server.faults().clear())
    }

    fn faults_pending(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |server| server.faults().pending())
    }

    #[pyo3(signature = (how, n, *, then, message))]
    fn set_job_progress(
        &self,
        py: Python<'_>,
        how: Any<'_, '_>,
        n: Any<'_, '_>,
        then: Any<'_, '_>,
        message: Any<'_, '_>,
    ) -> PyResult<()> {
        let progress = progress(how, n)?;
        let succeeded = Argument("then", then).one_of(&[("succeeded", true), ("failed", false)])?;
        let end = job_end(succeeded, message)?;
        self.with(py, |server| server.set_job_progress(progress, end))
    }

    #[pyo3(signature = (job_id, *, succeeded, message, kind))]
    fn finish_job(
        &self,
        py: Python<'_>,
        job_id: Any<'_, '_>,
        succeeded: Any<'_, '_>,
        message: Any<'_, '_>,
        kind: Option<Any<'_, '_>>,
    ) -> PyResult<()> {
        let id = Argument("job_id", job_id).id()?;
        let end = job_end(Argument("succeeded", succeeded).flag()?, message)?;
        let kind = kind.map(|kind| Argument("kind", kind).text()).transpose()?;
        let found = self.with(py, |server| server.finish_job(kind.as_deref(), id, &end))?;
        known(found, || format!("job_id: no unfinished job {id}"))
    }

    #[pyo3(signature = (run_id, *, succeeded))]
    fn finish_run(&self, py: Python<'_>, run_id: Any<'_, '_>, succeeded: Any<'_, '_>) -> PyResult<()> {
        let id = Argument("run_id", run_id).id()?;
        let succeeded = Argument("succeeded", succeeded).flag()?;
        let found = self.with(py, |server| server.finish_run(id, succeeded))?;
        known(found, || format!("run_id: no unfinished run {id}"))
    }

    fn expire_gl_tokens(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, sandbox::Sandbox::expire_gl_tokens)
    }

    fn gl_coverage(&self, py: Python<'_>, review_id: Any<'_, '_>) -> PyResult<Option<String>> {
        let id = Argument("review_id", review_id).id()?;
        self.with(py, |server| server.gl_coverage(id))
    }

    fn sectona_accounts(&self, py: Python<'_>) -> PyResult<Vec<SandboxAccount>> {
        let accounts = self.with(py, sandbox::Sandbox::sectona_accounts)?;
        Ok(accounts.into_iter().map(SandboxAccount).collect())
    }

    fn set_sectona_password(&self, py: Python<'_>, account_name: Any<'_, '_>, password: Any<'_, '_>) -> PyResult<()> {
        let name = Argument("account_name", account_name).text()?;
        let password = Argument("password", password).text()?;
        let found = self.with(py, |server| server.set_sectona_password(&name, &password))?;
        known(found, || format!("account_name: no account {name:?}"))
    }

    #[pyo3(signature = (account_name, password, *, asset_type, asset_host))]
    fn add_sectona_account(
        &self,
        py: Python<'_>,
        account_name: Any<'_, '_>,
        password: Any<'_, '_>,
        asset_type: Any<'_, '_>,
        asset_host: Any<'_, '_>,
    ) -> PyResult<()> {
        let name = Argument("account_name", account_name).text()?;
        let password = Argument("password", password).text()?;
        let kind = Argument("asset_type", asset_type).text()?;
        let host = Argument("asset_host", asset_host).text()?;
        let added = self.with(py, |server| server.add_sectona_account(&kind, &host, &name, &password))?;
        let known = || PyValueError::new_err(format!("account_name: there is an account {name:?} on {host:?}"));
        added.then_some(()).ok_or_else(known)
    }

    fn set_sectona_result_form(&self, py: Python<'_>, form: Any<'_, '_>) -> PyResult<()> {
        let form = Argument("form", form).one_of(&[("text", ResultForm::Text), ("object", ResultForm::Object)])?;
        self.with(py, |server| server.set_sectona_result_form(form))
    }

    fn set_bamboo_api(&self, py: Python<'_>, api: Any<'_, '_>) -> PyResult<()> {
        let api = Argument("api", api).one_of(&BAMBOO_APIS)?;
        self.with(py, |server| server.set_bamboo_api(api))
    }

    #[pyo3(signature = (agent_id, *, busy, polls))]
    fn set_agent_busy(
        &self,
        py: Python<'_>,
        agent_id: Any<'_, '_>,
        busy: Any<'_, '_>,
        polls: Option<Any<'_, '_>>,
    ) -> PyResult<()> {
        let id = Argument("agent_id", agent_id).id()?;
        let busy = Argument("busy", busy).flag()?;
        let polls = polls
            .map(|polls| Argument("polls", polls).whole(0, u32::MAX.into()))
            .transpose()?;
        let found = self.with(py, |server| server.set_agent_busy(id, busy, polls))?;
        known(found, || format!("agent_id: no agent {id}"))
    }

    #[pyo3(signature = (*, allowed, max_away))]
    fn set_maintenance(&self, py: Python<'_>, allowed: Any<'_, '_>, max_away: Any<'_, '_>) -> PyResult<()> {
        let settings = MaintenanceSettings {
            allowed: Argument("allowed", allowed).flag()?,
            max_away: Argument("max_away", max_away).whole(0, u32::MAX.into())?,
        };
        self.with(py, |server| server.set_maintenance(settings))
    }

    fn open_connections(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, sandbox::Sandbox::open_connections)
    }

    fn close_idle_connections(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, sandbox::Sandbox::close_idle_connections)
    }

    fn set_idle_timeout(&self, py: Python<'_>, timeout: Option<Any<'_, '_>>) -> PyResult<()> {
        let timeout = timeout.map(|value| Argument("timeout", value).seconds()).transpose()?;
        self.with(py, |server| server.set_idle_timeout(timeout))
    }
}

fn known(found: bool, message: impl FnOnce() -> String) -> PyResult<()> {
    found.then_some(()).ok_or_else(|| PyLookupError::new_err(message()))
}
