//! Coverage for Governance & Lifecycle: rules and conditions, and the forms in which a file may be given.

use bytes::Bytes;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::argument::{self, Given};
use super::errors::refused;
use super::frames::read_frame;
use super::python_code::PythonCode;
use super::settings::config_error;
use crate::systems::governance_lifecycle::{self as gl, Coverage, CoverageProblem, CoverageReport, CoverageRule};
use crate::{named, record_methods};

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

    /// The rules of a file of comma or semicolon separated values, one a row.
    ///
    /// All rows are read and checked once, and read again each time the result is gone through. Columns, in any order:
    /// `reviewer`, `object_type`, `objects`, `subjects`, `subject_type`, `privilege`. A name such as `reviewer.user_id` or
    /// `objects.name` makes the condition of the cell's value, with its quotes doubled; several of one kind are joined by
    /// `and`. An empty cell says nothing.
    ///
    /// The arguments and errors are those of :meth:`ReviewItemChange.from_csv`.
    #[staticmethod]
    #[pyo3(
        signature = (path, *, encoding = Given::of("utf-8-sig".to_owned()), delimiter = None, columns = None),
        text_signature = "(path, *, encoding='utf-8-sig', delimiter=None, columns=None)"
    )]
    fn from_csv<'py>(
        path: &Bound<'py, PyAny>,
        encoding: Given<String>,
        delimiter: Option<Given<String>>,
        columns: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        named!(path.py(); encoding, delimiter);
        let read = path.py().import("infosecops._csv_rows")?.getattr("rules")?;
        read.run((path, encoding, delimiter, columns), None)
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

record_methods!(CoverageProblem {
    /// One line for people.
    fn __str__(&self) -> String {
        self.text()
    }
});

record_methods!(CoverageReport {
    /// A line for each problem, then a summary.
    fn __str__(&self) -> String {
        let mut lines: Vec<String> = self.problems.iter().map(CoverageProblem::text).collect();
        lines.push(format!(
            "rules: {}, errors: {}, warnings: {}",
            self.rules, self.errors, self.warnings
        ));
        lines.join("\n")
    }
});

/// Look for what is wrong with a coverage file before it is uploaded. Nothing is sent.
///
/// Fields, types, privileges, encoding and line ends are checked, and of the conditions what can be told without the
/// server's database: quotes, parentheses, comments, comparisons. Of `altmanager` files only the encoding is: their layout
/// is not public.
///
/// Args:
///     coverage: As `upload_coverage` takes it: content as bytes or str, a path, rules, or a data frame of them.
///     type: `reviewer`, `monitor` or `altmanager`.
///
/// Raises:
///     ConfigError: The file can't be read.
#[pyfunction]
#[pyo3(
    signature = (coverage, *, r#type = Given::of("reviewer".to_owned())),
    text_signature = "(coverage, *, type='reviewer')"
)]
pub fn check_coverage(py: Python<'_>, coverage: &Bound<'_, PyAny>, r#type: Given<String>) -> PyResult<CoverageReport> {
    named!(py; r#type);
    let coverage = read_coverage(coverage)?;
    let report = py.detach(|| gl::check_coverage(&coverage, &r#type));
    report.map_err(|error| refused(py, error))
}

/// What is uploaded. A text of one line without fields is no coverage, but what a path would be if it were given as text.
pub fn read_upload(coverage: &Bound<'_, PyAny>) -> PyResult<Coverage> {
    let read = read_coverage(coverage)?;
    match &read {
        Coverage::Bytes(bytes)
            if coverage.is_instance_of::<PyString>() && !bytes.iter().any(|byte| b"|\r\n".contains(byte)) =>
        {
            Err(config_error(
                coverage.py(),
                "coverage: a str is the content itself, and this one holds neither '|' nor a line break; pass pathlib.Path(...) to upload a file",
            ))
        }
        _ => Ok(read),
    }
}

/// The argument `coverage`.
fn read_coverage(coverage: &Bound<'_, PyAny>) -> PyResult<Coverage> {
    if coverage.is_instance_of::<PyString>() {
        return argument::read("coverage", coverage).map(|text: String| Coverage::Bytes(Bytes::from(text)));
    }
    if argument::is_bytes(coverage) {
        let read = argument::bytes("bytes", coverage);
        return read
            .map(|bytes| Coverage::Bytes(Bytes::from(bytes)))
            .map_err(|wrong| wrong.named(coverage.py(), "coverage"));
    }
    if coverage.hasattr("__fspath__")? {
        return Ok(Coverage::File(argument::read("coverage", coverage)?));
    }
    const EXPECTED: &str = "bytes, str, a path or an iterable of CoverageRule";
    let wrong = || PyTypeError::new_err(format!("coverage: must be {EXPECTED}"));
    let mut rules = Vec::new();
    let of_frame = read_frame(coverage, "rules")?;
    for rule in argument::iterated(EXPECTED, of_frame.as_ref().unwrap_or(coverage)).map_err(|_| wrong())? {
        rules.push(rule?.cast::<CoverageRule>().map_err(|_| wrong())?.get().clone());
    }
    Ok(Coverage::Rules(rules))
}
