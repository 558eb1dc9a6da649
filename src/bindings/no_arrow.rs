//! What stands for streams of Arrow in a build without them.

use pyo3::exceptions::PyNotImplementedError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::core::columns::Tabular;

fn missing() -> PyErr {
    PyNotImplementedError::new_err("this infosecops was built without the cargo feature arrow: use to_dicts()")
}

/// Refused.
pub fn stream<'py, R: Tabular + Sync>(_py: Python<'py>, _rows: &[R], _spread: bool) -> PyResult<Bound<'py, PyCapsule>> {
    Err(missing())
}

/// Refused.
#[allow(clippy::extra_unused_type_parameters, reason = "as the one that it stands for")]
pub fn schema<R: Tabular>(_py: Python<'_>, _spread: bool) -> PyResult<Bound<'_, PyCapsule>> {
    Err(missing())
}
