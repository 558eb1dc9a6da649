//! SD Elements for Python.

use std::sync::Arc;

use pyo3::IntoPyObjectExt;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::argument::{self, Argument, Given, Wrong};
use super::bulk;
use super::client::Live;
use super::errors::refused;
use super::handle::Handle;
use super::jobs;
use super::operation::Operation;
use super::pages::{ConnectionPages, JobPages, Pages};
use super::raw::RawCall;
use super::secret::credential;
use super::settings::{Settings, callable, pace};
use super::site::progress;
use crate::core::bulk::partial_failure;
use crate::core::credential::{CredentialKind, Holder};
use crate::core::poll::{OnProgress, Pace};
use crate::core::transport::Call;
use crate::named;
use crate::systems::sd_elements::{self as sde, ConnectionFilter, Job, ListFilter, Report, SdElements as System, User};

impl<'py> IntoPyObject<'py> for &User {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        match self {
            User::Text(text) => text.into_bound_py_any(py),
            User::Id(id) => id.into_bound_py_any(py),
        }
    }
}

/// The native half of `SDElements` and its twin.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct SDElements(Handle<System>);

#[pymethods]
impl SDElements {
    #[new]
    #[pyo3(signature = (settings, *, token))]
    fn new(settings: Py<Settings>, token: &Bound<'_, PyAny>) -> PyResult<Self> {
        let given = credential(&CredentialKind::TOKEN, token)?;
        let token = given.credential.clone();
        let make = move || System::new(Holder::new(token.clone()));
        Ok(Self(Handle::new(settings, Some(given), make)))
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

    /// A kind that can be part of a path.
    #[staticmethod]
    fn checked_kind(py: Python<'_>, kind: Given<String>) -> PyResult<String> {
        named!(py; kind);
        sde::check_kind(&kind).map_err(|error| refused(py, error))?;
        Ok(kind)
    }

    #[pyo3(signature = (kind, *, automatic, connection, ready, succeeded, user, expand, page_size, limit))]
    #[allow(clippy::too_many_arguments)]
    fn jobs_list(
        &self,
        py: Python<'_>,
        kind: Option<Given<String>>,
        automatic: Option<Given<bool>>,
        connection: Option<Given<ConnectionId>>,
        ready: Option<Given<bool>>,
        succeeded: Option<Given<bool>>,
        user: Option<Given<String>>,
        expand: Option<Given<String>>,
        page_size: Option<Given<u32>>,
        limit: Option<Given<u64>>,
    ) -> PyResult<JobPages> {
        named!(py; kind, automatic, connection, ready, succeeded, user, expand, page_size, limit);
        let connection = connection.map(|ConnectionId(id)| id);
        let filter = ListFilter {
            automatic,
            connection,
            ready,
            succeeded,
            user,
            expand,
            page_size,
            limit,
        };
        let cursor = sde::list_of(kind.as_deref(), &filter).map_err(|error| refused(py, error))?;
        Ok(JobPages(Pages::new(self.0.share(py), cursor)))
    }

    fn jobs_get(&self, py: Python<'_>, kind: Given<String>, job_id: Given<i64>) -> PyResult<Operation> {
        named!(py; kind, job_id);
        self.0
            .operation(py, format!("jobs.{kind}.get"), move |live, call| async move {
                sde::get(&live.system, &call, &kind, job_id).await
            })
    }

    fn jobs_find_running(
        &self,
        py: Python<'_>,
        kind: Given<String>,
        connection: Given<ConnectionId>,
    ) -> PyResult<Operation> {
        named!(py; kind, connection);
        let ConnectionId(connection) = connection;
        let name = format!("jobs.{kind}.find_running");
        self.0.long_operation(py, name, move |live, call| async move {
            sde::find_running(&live.system, &call, &kind, connection).await
        })
    }

    #[pyo3(signature = (kind, connection, *, automatic, project))]
    fn jobs_start(
        &self,
        py: Python<'_>,
        kind: Given<String>,
        connection: Given<ConnectionId>,
        automatic: Given<bool>,
        project: Option<Given<i64>>,
    ) -> PyResult<Operation> {
        named!(py; kind, connection, automatic, project);
        let ConnectionId(connection) = connection;
        self.0
            .operation(py, format!("jobs.{kind}.start"), move |live, call| async move {
                sde::start(&live.system, &call, &kind, connection, automatic, project).await
            })
    }

    #[pyo3(signature = (kind, connection, *, succeeded, result_message, automatic, ready, project))]
    #[allow(clippy::too_many_arguments)]
    fn jobs_report(
        &self,
        py: Python<'_>,
        kind: Given<String>,
        connection: Given<ConnectionId>,
        succeeded: Given<bool>,
        result_message: Given<String>,
        automatic: Given<bool>,
        ready: Option<Given<bool>>,
        project: Option<Given<i64>>,
    ) -> PyResult<Operation> {
        named!(py; kind, connection, succeeded, result_message, automatic, ready, project);
        let ConnectionId(connection) = connection;
        let report = Report {
            connection,
            succeeded,
            result_message,
            automatic,
            ready,
        };
        self.0
            .operation(py, format!("jobs.{kind}.report"), move |live, call| async move {
                sde::report(&live.system, &call, &kind, &report, project).await
            })
    }

    #[pyo3(signature = (kind, job, *, timeout, poll_interval, on_progress, on_failure))]
    #[allow(clippy::too_many_arguments)]
    fn jobs_wait(
        &self,
        py: Python<'_>,
        kind: Given<String>,
        job: Given<i64>,
        timeout: Given<f64>,
        poll_interval: Given<f64>,
        on_progress: Option<Bound<'_, PyAny>>,
        on_failure: Given<String>,
    ) -> PyResult<Operation> {
        named!(py; kind, job, timeout, poll_interval, on_failure);
        let raises = bulk::raises(py, "on_failure", &on_failure)?;
        let Pace { timeout, interval } = pace(timeout, poll_interval).map_err(|error| refused(py, error))?;
        let told = callable("on_progress", on_progress)?
            .map(|callable| Arc::new(progress(callable, |job: Job| (job,))) as OnProgress<Job>);
        self.0
            .long_operation(py, format!("jobs.{kind}.wait"), move |live, call| async move {
                let job = sde::wait(&live.system, &call, &kind, job, timeout, interval, told).await?;
                if raises && !job.is_success() {
                    Err(sde::job_failed(&live.system, &call, &job))
                } else {
                    Ok(job)
                }
            })
    }

    #[pyo3(signature = (kind, jobs, *, timeout, poll_interval, max_concurrency, on_progress, on_failure))]
    #[allow(clippy::too_many_arguments)]
    fn jobs_wait_all(
        &self,
        py: Python<'_>,
        kind: Option<Given<String>>,
        jobs: &Bound<'_, PyAny>,
        timeout: Given<f64>,
        poll_interval: Given<f64>,
        max_concurrency: Given<usize>,
        on_progress: Option<Bound<'_, PyAny>>,
        on_failure: Given<String>,
    ) -> PyResult<Operation> {
        named!(py; kind, timeout, poll_interval, max_concurrency, on_failure);
        let raises = bulk::raises(py, "on_failure", &on_failure)?;
        let pace = pace(timeout, poll_interval).map_err(|error| refused(py, error))?;
        let jobs = bulk::read_inputs("jobs", jobs, |place, job| job_of(place, job, kind.as_deref()))?;
        let ids: Arc<[i64]> = jobs.iter().map(|(_, id)| *id).collect();
        let listener = bulk::listener(&ids, on_progress, None)?;
        let name = kind.map_or_else(|| "jobs.wait_all".to_owned(), |kind| format!("jobs.{kind}.wait_all"));
        let operation = name.clone();
        let begin = move |live: Arc<Live<System>>, call: Call| async move {
            let results = sde::wait_all(
                &live.system,
                &call,
                &operation,
                &jobs,
                &pace,
                max_concurrency,
                listener.as_ref(),
            )
            .await?;
            let partial = partial_failure(&call, &operation, "jobs", &results).filter(|_| raises);
            Ok((results, partial))
        };
        let operation = self.0.operation_with(py, name, begin, move |py, (results, partial)| {
            bulk::finish(py, &ids, results, partial.as_ref())
        });
        operation.map(Operation::apart)
    }

    #[pyo3(signature = (kind, *, project, include, page_size, limit))]
    fn connections_list(
        &self,
        py: Python<'_>,
        kind: Given<String>,
        project: Option<Given<i64>>,
        include: Option<Given<String>>,
        page_size: Option<Given<u32>>,
        limit: Option<Given<u64>>,
    ) -> PyResult<ConnectionPages> {
        named!(py; kind, project, include, page_size, limit);
        let filter = ConnectionFilter {
            project,
            include,
            page_size,
            limit,
        };
        let cursor = sde::list_connections(&kind, &filter).map_err(|error| refused(py, error))?;
        Ok(ConnectionPages(Pages::new(self.0.share(py), cursor)))
    }

    fn connections_get(
        &self,
        py: Python<'_>,
        kind: Given<String>,
        connection_id: Given<ConnectionId>,
    ) -> PyResult<Operation> {
        named!(py; kind, connection_id);
        let ConnectionId(connection_id) = connection_id;
        self.0
            .operation(py, format!("connections.{kind}.get"), move |live, call| async move {
                sde::get_connection(&live.system, &call, &kind, connection_id).await
            })
    }
}

/// The id of a connection, which has a name too.
struct ConnectionId(i64);

impl Argument for ConnectionId {
    fn read(value: &Bound<'_, PyAny>) -> Result<Self, Wrong> {
        const EXPECTED: &str = "an int, the id of a connection (the connections' list() has them with their names)";
        i64::read(value)
            .map(Self)
            .map_err(|wrong| wrong.or_type_of(EXPECTED, value))
    }
}

/// A job, or of a given kind its id.
fn job_of(place: &str, job: &Bound<'_, PyAny>, kind: Option<&str>) -> PyResult<(String, i64)> {
    if let Ok(job) = job.cast::<jobs::Job>() {
        let (own_kind, id) = job.get().key();
        return Ok((kind.unwrap_or(own_kind).to_owned(), id));
    }
    match kind {
        Some(kind) => Ok((kind.to_owned(), argument::read(place, job)?)),
        None => Err(Wrong::of_type("a Job, whose kind is known", job).named(job.py(), place)),
    }
}
