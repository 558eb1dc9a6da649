//! The only place that makes exceptions: the core's errors become the classes of `infosecops.errors`.

use std::ffi::CStr;

use pyo3::exceptions::{PyImportError, PyOSError};
use pyo3::ffi::c_str;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::python_code::PythonCode;
use super::site::Raised;
use crate::core::error::{Context, Error, Kind, Payload};
use crate::systems::bamboo_agents::{AgentState, MaintenanceTask};
use crate::systems::governance_lifecycle::{ReviewUpdate, RunStatus};
use crate::systems::sd_elements::Job;

/// The exception for an error.
pub fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    if let Some(raised) = error.payload().and_then(|payload| payload.downcast_ref::<Raised>()) {
        return raised.0.clone_ref(py);
    }
    build(py, &error.clone().harmless_if_read()).unwrap_or_else(|problem| problem)
}

/// Shorthand for errors found before anything is sent.
pub fn refused(py: Python<'_>, error: Error) -> PyErr {
    to_python(py, &error)
}

/// For panics.
pub fn internal_error() -> Error {
    Error::new(
        Kind::Transport,
        "internal error: the library failed unexpectedly",
        Context::default(),
    )
    .with_outcome(crate::core::error::Outcome::Unknown)
    .with_hint("please report it; whether the call was applied is not known")
}

/// The module of our classes. Making them takes a part of a short program's time, so that is done when the first one is
/// needed. Where its file can't be had then, because no more files can be opened or the interpreter ends, it is made of
/// what is built in.
pub fn classes(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    const SOURCE: &CStr = c_str!(include_str!("../../python/infosecops/errors.py"));
    match py.import("infosecops.errors") {
        Err(error) if error.is_instance_of::<PyOSError>(py) || error.is_instance_of::<PyImportError>(py) => {
            let made = PyModule::from_code(py, SOURCE, c"infosecops/errors.py", c"infosecops.errors")?;
            py.import("infosecops")?.setattr("errors", &made)?;
            Ok(made)
        }
        imported => imported,
    }
}

fn build(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let class = classes(py)?.getattr(error.kind().class_name())?;
    let context = error.context();
    let fields = PyDict::new(py);
    fields.set_item("system", context.system.map(|system| system.name()))?;
    fields.set_item("operation", Some(&context.operation).filter(|name| !name.is_empty()))?;
    fields.set_item("method", &context.method)?;
    fields.set_item("url", &context.url)?;
    fields.set_item("status", context.status)?;
    fields.set_item("code", &context.code)?;
    fields.set_item("request_id", &context.request_id)?;
    fields.set_item("body_excerpt", &context.body_excerpt)?;
    fields.set_item("attempts", context.attempts)?;
    fields.set_item("elapsed", context.elapsed.as_secs_f64())?;
    fields.set_item("outcome", context.outcome.map(|outcome| outcome.name()))?;
    fields.set_item("hint", &context.hint)?;
    if let Some((name, value)) = error
        .payload()
        .map(|payload| attached(py, error.kind(), payload))
        .transpose()?
        .flatten()
    {
        fields.set_item(name, value)?;
    }
    let exception = class.run((error.to_string(),), Some(&fields))?;
    Ok(PyErr::from_value(exception))
}

type Named<'py> = (&'static str, Bound<'py, PyAny>);

/// The value that travels with an error, under the name that its class has for it.
fn attached<'py>(py: Python<'py>, kind: Kind, payload: &Payload) -> PyResult<Option<Named<'py>>> {
    let name = match kind {
        Kind::PartialFailure => "result",
        Kind::JobFailed => "job",
        Kind::WaitTimeout => "last",
        Kind::TaskLeftOpen => "task",
        _ => return Ok(None),
    };
    let value = if let Some(job) = payload.downcast_ref::<Job>() {
        job.clone().into_pyobject(py)?.into_any()
    } else if let Some(run) = payload.downcast_ref::<RunStatus>() {
        run.clone().into_pyobject(py)?.into_any()
    } else if let Some(state) = payload.downcast_ref::<AgentState>() {
        state.clone().into_pyobject(py)?.into_any()
    } else if let Some(task) = payload.downcast_ref::<MaintenanceTask>() {
        task.clone().into_pyobject(py)?.into_any()
    } else if let Some(update) = payload.downcast_ref::<ReviewUpdate>() {
        update.clone().into_pyobject(py)?.into_any()
    } else {
        return Ok(None);
    };
    Ok(Some((name, value)))
}
