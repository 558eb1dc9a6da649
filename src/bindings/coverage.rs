//! Coverage for Governance & Lifecycle: rules and conditions, and the forms in which a file may be given.

use bytes::Bytes;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyString};

use super::argument::{self, Given};
use super::errors::refused;
use crate::named;
use crate::systems::governance_lifecycle::{self as gl, Coverage, CoverageRule};

#[pymethods]
impl CoverageRule {
    #[new]
    #[pyo3(
        signature = (reviewer, object_type, *, objects = Given::of("1=1".to_owned()),
                     subjects = Given::of("1=1".to_owned()), subject_type = Given::of("user".to_owned()),
                     privilege = Given::of(String::new())),
        text_signature = "(reviewer, object_type, *, objects='1=1', subjects='1=1', subject_type='user', privilege='')"
    )]
    fn py_new(
        py: Python<'_>,
        reviewer: Given<String>,
        object_type: Given<String>,
        objects: Given<String>,
        subjects: Given<String>,
        subject_type: Given<String>,
        privilege: Given<String>,
    ) -> PyResult<Self> {
        named!(py; reviewer, object_type, objects, subjects, subject_type, privilege);
        let rule = Self {
            reviewer,
            object_type,
            objects,
            subjects,
            subject_type,
            privilege,
        };
        rule.line().map_err(|error| refused(py, error))?;
        Ok(rule)
    }

    /// The line of a coverage file.
    fn __str__(&self, py: Python<'_>) -> PyResult<String> {
        self.line().map_err(|error| refused(py, error))
    }

    fn __repr__(&self) -> String {
        format!("CoverageRule({})", self.line().unwrap_or_default())
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| self == other.get())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (&'static str, String))> {
        super::pickle::reduce(py, self)
    }
}

/// A condition for a coverage rule: the column has this value. Quotes in the value are doubled.
#[pyfunction]
pub fn equals(py: Python<'_>, column: Given<String>, value: Given<String>) -> PyResult<String> {
    named!(py; column, value);
    gl::equals(&column, &value).map_err(|error| refused(py, error))
}

/// The argument `coverage`.
pub fn read_coverage(coverage: &Bound<'_, PyAny>) -> PyResult<Coverage> {
    if coverage.is_instance_of::<PyString>() {
        return argument::read("coverage", coverage).map(|text: String| Coverage::Bytes(Bytes::from(text)));
    }
    if let Ok(bytes) = coverage.cast::<PyBytes>() {
        return Ok(Coverage::Bytes(Bytes::copy_from_slice(bytes.as_bytes())));
    }
    if let Ok(bytes) = coverage.cast::<PyByteArray>() {
        return Ok(Coverage::Bytes(Bytes::from(bytes.to_vec())));
    }
    if coverage.hasattr("__fspath__")? {
        return Ok(Coverage::File(argument::read("coverage", coverage)?));
    }
    let wrong = || PyTypeError::new_err("coverage: must be bytes, str, a path or an iterable of CoverageRule");
    let mut rules = Vec::new();
    for rule in coverage.try_iter().map_err(|_| wrong())? {
        rules.push(rule?.cast::<CoverageRule>().map_err(|_| wrong())?.get().clone());
    }
    Ok(Coverage::Rules(rules))
}
