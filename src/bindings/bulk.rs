//! Operations of many requests: their arguments, their callables, and the `BulkResult` made of what came back.

use std::sync::Arc;

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyException, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::argument;
use super::errors::{classes, to_python};
use super::python_code::PythonCode;
use super::settings::{callable, config_error};
use super::site::{Raised, progress};
use crate::core::bulk::{Ended, Listener, Results};
use crate::core::error::Error;

/// How many of the problems of one argument are told; a file with a wrong column has as many as rows.
const TOLD_MAX: usize = 20;

/// All inputs of the argument `name`, each read by its place. What is wrong with any of them is told at once.
pub fn read_inputs<T>(
    name: &str,
    inputs: &Bound<'_, PyAny>,
    read: impl Fn(&str, &Bound<'_, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    let py = inputs.py();
    let all_inputs = argument::iterated("an iterable, and no str, bytes or mapping", inputs);
    let mut all = Vec::new();
    let mut problems = Vec::new();
    let mut is_type = true;
    for (index, input) in all_inputs.map_err(|wrong| wrong.named(py, name))?.enumerate() {
        match read(&format!("{name}[{index}]"), &input?) {
            Ok(input) => all.push(input),
            Err(error) if error.is_instance_of::<PyTypeError>(py) => problems.push(error.value(py).to_string()),
            Err(error) if is_config_error(py, &error)? => {
                problems.push(error.value(py).to_string());
                is_type = false;
            }
            Err(raised) => return Err(raised),
        }
    }
    if problems.is_empty() {
        return Ok(all);
    }
    let more = problems.len().saturating_sub(TOLD_MAX);
    problems.truncate(TOLD_MAX);
    let mut text = problems.join("; ");
    if more > 0 {
        text.push_str(&format!("; and {more} more"));
    }
    Err(if is_type {
        PyTypeError::new_err(text)
    } else {
        config_error(py, text)
    })
}

fn is_config_error(py: Python<'_>, error: &PyErr) -> PyResult<bool> {
    let class = classes(py)?.getattr("ConfigError")?;
    error.value(py).is_instance(&class)
}

/// Whether what failed is raised, by the argument of this name.
pub fn raises(py: Python<'_>, name: &str, value: &str) -> PyResult<bool> {
    match value {
        "raise" => Ok(true),
        "return" => Ok(false),
        _ => Err(config_error(py, format!("{name}: must be \"raise\" or \"return\""))),
    }
}

/// The entry that `on_result` is told.
struct Told<I, T>(Arc<[I]>, usize, Result<T, Error>);

impl<'py, I, T> IntoPyObject<'py> for Told<I, T>
where
    I: Clone + IntoPyObject<'py>,
    T: IntoPyObject<'py>,
{
    type Target = PyTuple;
    type Output = Bound<'py, PyTuple>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, [entry(py, self.1, self.0.get(self.1), self.2)?])
    }
}

/// What hears of every request: `on_result` of what came back, then `on_progress` of how many.
pub fn listener<I, T>(
    inputs: &Arc<[I]>,
    on_progress: Option<Bound<'_, PyAny>>,
    on_result: Option<Bound<'_, PyAny>>,
) -> PyResult<Option<Listener<T>>>
where
    I: Clone + Send + Sync + 'static + for<'py> IntoPyObject<'py>,
    T: Send + 'static + for<'py> IntoPyObject<'py>,
{
    type Counts = (usize, usize, usize);
    let on_progress = callable("on_progress", on_progress)?;
    let on_result = callable("on_result", on_result)?;
    if on_progress.is_none() && on_result.is_none() {
        return Ok(None);
    }
    let tell_progress = on_progress.map(|callable| Arc::new(progress::<Counts, Counts>(callable, |told| told)));
    let tell_result = on_result.map(|callable| Arc::new(progress::<Told<I, T>, Told<I, T>>(callable, |told| told)));
    let inputs = inputs.clone();
    Ok(Some(Arc::new(move |ended: Ended<T>| {
        let counts = (ended.done, ended.total, ended.failed);
        let told = Told(inputs.clone(), ended.index, ended.result);
        let (tell_progress, tell_result) = (tell_progress.clone(), tell_result.clone());
        Box::pin(async move {
            if let Some(tell) = tell_result {
                tell(told).await?;
            }
            match tell_progress {
                Some(tell) => tell(counts).await,
                None => Ok(()),
            }
        })
    })))
}

/// The `BulkResult`; with `partial`, that error with the result in it.
pub fn finish<'py, I, T>(
    py: Python<'py>,
    inputs: &[I],
    results: Results<T>,
    partial: Option<&Error>,
) -> PyResult<Bound<'py, PyAny>>
where
    I: Clone + IntoPyObject<'py>,
    T: IntoPyObject<'py>,
{
    let entries = PyList::empty(py);
    for (index, result) in results.into_iter().enumerate() {
        entries.append(entry(py, index, inputs.get(index), result)?)?;
    }
    let result = py
        .import("infosecops._bulk")?
        .getattr("BulkResult")?
        .run((entries,), None)?;
    match partial {
        None => Ok(result),
        Some(error) => {
            let raised = to_python(py, error);
            raised.value(py).setattr("result", result)?;
            Err(raised)
        }
    }
}

fn entry<'py, I, T>(
    py: Python<'py>,
    index: usize,
    input: Option<&I>,
    result: Result<T, Error>,
) -> PyResult<Bound<'py, PyAny>>
where
    I: Clone + IntoPyObject<'py>,
    T: IntoPyObject<'py>,
{
    let (value, error) = match result {
        Ok(value) => (Some(value.into_bound_py_any(py)?), None),
        Err(error) => (None, Some(exception(py, &error)?)),
    };
    let input = input.cloned().map(|input| input.into_bound_py_any(py)).transpose()?;
    let class = py.import("infosecops._bulk")?.getattr("BulkEntry")?;
    class.run((index, input, value, error), None)
}

/// All errors of entries are ours; what a callable raised is the cause of one. What ends the interpreter or a task, such
/// as `KeyboardInterrupt`, is no result: it goes up.
fn exception(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let made = to_python(py, error);
    if !error.payload().is_some_and(|payload| payload.is::<Raised>()) {
        return Ok(made);
    }
    if !made.is_instance_of::<PyException>(py) {
        return Err(made);
    }
    let message = format!("{} {}", error.message(), made.get_type(py).name()?);
    let ours = to_python(py, &Error::new(error.kind(), message, error.context().clone()));
    ours.set_cause(py, Some(made));
    Ok(ours)
}
