//! Jobs and connections for Python. Of a long list tens of thousands are held: an object is no more than what came, packed,
//! and its attributes are made when they are read.

use jiff::Timestamp;
use jiff::tz::Offset;
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDateTime, PyDict, PyTzInfo};

use super::params::{Copying, params_to_python};
use super::python_code::PythonCode;
use crate::core::record::{Extra, Record, Recorded};
use crate::record_methods;
use crate::systems::sd_elements::{
    Connection as ConnectionRecord, ConnectionFlag, ConnectionText, Job as JobRecord, JobFlag, JobText,
    PackedConnection, PackedJob,
};

/// One run of a connection. It is pending until `ready`; only then does `succeeded` mean anything.
#[pyclass(frozen, module = "infosecops")]
pub struct Job(PackedJob);

/// The settings of one integration.
#[pyclass(frozen, module = "infosecops")]
pub struct Connection {
    packed: PackedConnection,
    origin: Origin,
}

/// Where a connection's kind is told.
enum Origin {
    Job(PackedJob),
    Itself(Box<str>),
}

impl Job {
    /// Its kind and its id.
    pub fn key(&self) -> (&str, i64) {
        (self.0.kind(), self.0.id())
    }
}

impl Connection {
    fn of_kind(&self) -> &str {
        match &self.origin {
            Origin::Job(job) => job.kind(),
            Origin::Itself(kind) => kind,
        }
    }
}

impl Recorded for Job {
    fn with_record<R>(&self, read: impl FnOnce(&dyn Record) -> R) -> R {
        read(&self.0.job())
    }

    fn is_equal(&self, other: &Self) -> bool {
        self.0.is(&other.0) || self.0.job() == other.0.job()
    }
}

impl Recorded for Connection {
    fn with_record<R>(&self, read: impl FnOnce(&dyn Record) -> R) -> R {
        read(&self.packed.connection(self.of_kind()))
    }

    fn is_equal(&self, other: &Self) -> bool {
        let is_same = self.packed.is(&other.packed) && self.of_kind() == other.of_kind();
        is_same || self.packed.connection(self.of_kind()) == other.packed.connection(other.of_kind())
    }
}

impl<'py> IntoPyObject<'py> for PackedJob {
    type Target = Job;
    type Output = Bound<'py, Job>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        Bound::new(py, Job(self))
    }
}

impl<'py> IntoPyObject<'py> for JobRecord {
    type Target = Job;
    type Output = Bound<'py, Job>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        Bound::new(py, Job(kept(PackedJob::of(&self))?))
    }
}

impl<'py> IntoPyObject<'py> for ConnectionRecord {
    type Target = Connection;
    type Output = Bound<'py, Connection>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let connection = Connection {
            packed: kept(PackedConnection::of(&self))?,
            origin: Origin::Itself(self.kind.into()),
        };
        Bound::new(py, connection)
    }
}

fn kept<T>(packed: Option<T>) -> PyResult<T> {
    packed.ok_or_else(|| PyMemoryError::new_err("a record of more than 4 GiB"))
}

fn user<'py>(py: Python<'py>, job: &PackedJob, text: JobText) -> PyResult<Option<Bound<'py, PyAny>>> {
    if let Some(name) = job.user_name(text) {
        return name.into_bound_py_any(py).map(Some);
    }
    job.user(text).map(|user| (&user).into_bound_py_any(py)).transpose()
}

/// In UTC; Python knows no nanoseconds. Made of the ten bytes that a pickle has: taking seven numbers costs several times as
/// much.
pub fn moment<'py>(py: Python<'py>, moment: Timestamp) -> PyResult<Bound<'py, PyAny>> {
    let at = Offset::UTC.to_datetime(moment);
    if at.year() < 1 {
        return Err(PyValueError::new_err(format!("year {} is out of range", at.year())));
    }
    let [year_high, year_low] = at.year().to_be_bytes();
    let day = [at.month(), at.day(), at.hour(), at.minute(), at.second()];
    let [month, day, hour, minute, second] = day.map(i8::cast_unsigned);
    let [_, high, middle, low] = (at.subsec_nanosecond() / 1000).to_be_bytes();
    let state = [year_high, year_low, month, day, hour, minute, second, high, middle, low];
    let utc = PyTzInfo::utc(py)?;
    py.get_type::<PyDateTime>().run((PyBytes::new(py, &state), utc), None)
}

fn extra<'py>(py: Python<'py>, extra: Option<&Extra>) -> PyResult<Bound<'py, PyAny>> {
    extra.map_or_else(|| Ok(PyDict::new(py).into_any()), |extra| extra.into_pyobject(py))
}

record_methods!(Job {
    /// The id.
    #[getter]
    fn id(&self) -> i64 {
        self.0.id()
    }

    /// The last part of its path, such as `alm`. Empty if the job came from the list of all kinds and does not tell.
    #[getter]
    fn kind(&self) -> &str {
        self.0.kind()
    }

    /// Who ran it: an e-mail address, or an id. Of an expanded user this is the e-mail address, and the whole object
    /// stands in `extra` under `user`.
    #[getter]
    fn user<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        user(py, &self.0, JobText::User)
    }

    /// Who asked for it, in newer releases, where `user` is a service account. Read like `user`.
    #[getter]
    fn triggered_by<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        user(py, &self.0, JobText::TriggeredBy)
    }

    /// Whether it was scheduled rather than started by hand.
    #[getter]
    fn automatic(&self) -> Option<bool> {
        self.0.flag(JobFlag::Automatic)
    }

    /// Whether it has ended.
    #[getter]
    fn ready(&self) -> Option<bool> {
        self.0.flag(JobFlag::Ready)
    }

    /// Whether it ended well.
    #[getter]
    fn succeeded(&self) -> Option<bool> {
        self.0.flag(JobFlag::Succeeded)
    }

    /// What it has to say; mostly empty.
    #[getter]
    fn result_message(&self) -> Option<&str> {
        self.0.text(JobText::Message)
    }

    /// When it ran last.
    #[getter]
    fn last_run<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0.last_run().map(|at| moment(py, at)).transpose()
    }

    /// What it runs.
    #[getter]
    fn connection(&self) -> Option<Connection> {
        self.0.connection().map(|connection| Connection {
            packed: connection.clone(),
            origin: Origin::Job(self.0.clone()),
        })
    }

    /// Fields of the answer that this version does not know, by their own names.
    #[getter]
    fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        extra(py, self.0.extra())
    }
});

record_methods!(Connection {
    /// The id.
    #[getter]
    fn id(&self) -> Option<i64> {
        self.packed.id()
    }

    /// The last part of its path, such as `alm`; inside a job that of the job.
    #[getter]
    fn kind(&self) -> &str {
        self.of_kind()
    }

    /// Its name.
    #[getter]
    fn alias(&self) -> Option<&str> {
        self.packed.text(ConnectionText::Alias)
    }

    /// The product at its other end. If the server describes it by an object this is its name, and the whole object
    /// stands in `extra` under `system`.
    #[getter]
    fn system(&self) -> Option<&str> {
        self.packed.text(ConnectionText::System)
    }

    /// How often it runs: hourly, daily, weekly, monthly or manually.
    #[getter]
    fn frequency(&self) -> Option<&str> {
        self.packed.text(ConnectionText::Frequency)
    }

    /// The integration that runs, such as `sync_jira`.
    #[getter]
    fn command(&self) -> Option<&str> {
        self.packed.text(ConnectionText::Command)
    }

    /// Its settings, passwords included. None when the token's user may not see them. Every reading gives a dict of its own.
    #[getter]
    fn params<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Some(kept) = self.packed.kept::<Py<PyDict>>() {
            return Ok(Some(kept.bind(py).copy()?.into_any()));
        }
        let Some(text) = self.packed.text(ConnectionText::Params) else {
            return Ok(None);
        };
        let (params, copy) = params_to_python(py, text)?;
        if copy == Copying::Easy {
            self.packed.keep_second(|| Some(params.cast::<PyDict>().ok()?.copy().ok()?.unbind()));
        }
        Ok(Some(params))
    }

    /// The project it belongs to; LDAP has none.
    #[getter]
    fn project(&self) -> Option<i64> {
        self.packed.project()
    }

    /// Whether SD Elements can't reach the other end, so that a remote agent runs it.
    #[getter]
    fn inaccessible(&self) -> Option<bool> {
        self.packed.flag(ConnectionFlag::Inaccessible)
    }

    /// Whether it runs now.
    #[getter]
    fn in_progress(&self) -> Option<bool> {
        self.packed.flag(ConnectionFlag::InProgress)
    }

    /// Whether it logs more than usual.
    #[getter]
    fn debug_mode(&self) -> Option<bool> {
        self.packed.flag(ConnectionFlag::DebugMode)
    }

    /// Fields of the answer that this version does not know, by their own names.
    #[getter]
    fn extra<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        extra(py, self.packed.extra())
    }
});
