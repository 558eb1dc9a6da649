//! Reads what the sandbox is told from Python: TypeError and ValueError name the argument.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyString};

use super::argument::{self, Wrong};
use crate::sandbox::{DropPoint, Fault, Filter, JobEnd, JobProgress, Redirect, System};

/// One argument by its name.
pub struct Argument<'a, 'py>(pub &'a str, pub &'a Bound<'py, PyAny>);

impl Argument<'_, '_> {
    fn wrong_type(&self, expected: &str) -> PyErr {
        Wrong::of_type(expected, self.1).named(self.1.py(), self.0)
    }

    fn wrong_value(&self, expected: &str) -> PyErr {
        PyValueError::new_err(format!("{}: must be {expected}", self.0))
    }

    /// A str.
    pub fn text(&self) -> PyResult<String> {
        argument::read(self.0, self.1)
    }

    /// A bool and nothing that merely behaves like one.
    pub fn flag(&self) -> PyResult<bool> {
        match self.1.cast::<PyBool>() {
            Ok(flag) => Ok(flag.is_true()),
            Err(_) => Err(self.wrong_type("a bool")),
        }
    }

    /// A whole number within bounds.
    pub fn whole<T: TryFrom<i64>>(&self, least: i64, most: i64) -> PyResult<T> {
        if !self.1.is_instance_of::<PyInt>() || self.1.is_instance_of::<PyBool>() {
            return Err(self.wrong_type("an int"));
        }
        let number = self
            .1
            .extract::<i64>()
            .ok()
            .filter(|number| (least..=most).contains(number));
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| self.wrong_value(&format!("from {least} to {most}")))
    }

    /// An id as servers give it: a whole number that is not negative, or its digits.
    pub fn id(&self) -> PyResult<u64> {
        if self.1.is_instance_of::<PyString>() {
            return self.text()?.parse().map_err(|_| self.wrong_value("a number"));
        }
        self.whole(0, i64::MAX)
    }

    /// A number of seconds.
    pub fn seconds(&self) -> PyResult<Duration> {
        let seconds: f64 = argument::read(self.0, self.1)?;
        Duration::try_from_secs_f64(seconds).map_err(|_| self.wrong_value("zero or more seconds"))
    }

    /// One of several words.
    pub fn one_of<T: Clone>(&self, choices: &[(&str, T)]) -> PyResult<T> {
        let text = self.text()?;
        let chosen = choices.iter().find(|(word, _)| *word == text);
        chosen.map(|(_, value)| value.clone()).ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| format!("{word:?}")).collect();
            self.wrong_value(&format!("one of {}", words.join(", ")))
        })
    }

    fn system(&self) -> PyResult<System> {
        self.one_of(&System::ALL.map(|system| (system.name(), system)))
    }

    fn body(&self) -> PyResult<Bytes> {
        match self.1.cast::<PyBytes>() {
            Ok(bytes) => Ok(Bytes::copy_from_slice(bytes.as_bytes())),
            Err(_) if self.1.is_instance_of::<PyString>() => self.text().map(Bytes::from),
            Err(_) => Err(self.wrong_type("str or bytes")),
        }
    }

    fn header_value(&self) -> PyResult<String> {
        let text = self.text()?;
        match HeaderValue::try_from(text.as_str()) {
            Ok(_) if !text.is_empty() => Ok(text),
            _ => Err(self.wrong_value("usable as the value of a header")),
        }
    }

    fn retry_after(&self) -> PyResult<String> {
        if self.1.is_instance_of::<PyString>() {
            return self.header_value();
        }
        self.whole::<u64>(0, i64::MAX)
            .map(|seconds| seconds.to_string())
            .map_err(|error| match self.1.is_instance_of::<PyInt>() {
                true => error,
                false => self.wrong_type("an int (seconds) or a str (a date)"),
            })
    }

    fn redirect(&self) -> PyResult<Redirect> {
        let text = self.header_value()?;
        Ok(match text.starts_with('/') {
            true => Redirect::SameOrigin(text),
            false => Redirect::To(text),
        })
    }
}

/// Selects entries of the journal; None does not matter.
pub fn filter(
    system: Option<&Bound<'_, PyAny>>,
    operation: Option<&Bound<'_, PyAny>>,
    method: Option<&Bound<'_, PyAny>>,
) -> PyResult<Filter> {
    Ok(Filter {
        system: system.map(|value| Argument("system", value).system()).transpose()?,
        operation: operation.map(|value| Argument("operation", value).text()).transpose()?,
        method: method.map(|value| Argument("method", value).text()).transpose()?,
    })
}

/// A fault from the keywords of `faults.next` and `faults.always`; None is as good as not given. Without `times` it
/// lasts.
pub fn fault(keywords: &Bound<'_, PyDict>, times: Option<&Bound<'_, PyAny>>) -> PyResult<Fault> {
    const DROPS: [(&str, DropPoint); 3] = [
        ("before", DropPoint::Before),
        ("after", DropPoint::After),
        ("mid_body", DropPoint::MidBody),
    ];
    let mut fault = Fault::default();
    for (name, value) in keywords {
        let name: String = argument::read("keywords", &name)?;
        let given = Argument(&name, &value);
        let is_none = value.is_none();
        match name.as_str() {
            "system" | "operation" | "method" | "skip" | "status" | "body" | "content_type" | "code" | "drop"
            | "hang" | "delay" | "truncate" | "drip" | "oversize" | "bomb" | "html" | "broken_json" | "redirect"
            | "retry_after" | "close" | "apply"
                if is_none => {}
            "system" => fault.filter.system = Some(given.system()?),
            "operation" => fault.filter.operation = Some(given.text()?),
            "method" => fault.filter.method = Some(given.text()?),
            "skip" => fault.skip = given.whole(0, u32::MAX.into())?,
            "status" => fault.status = Some(given.whole(200, 599)?),
            "body" => fault.body = Some(given.body()?),
            "content_type" => fault.content_type = Some(given.header_value()?),
            "code" => fault.code = Some(given.text()?),
            "drop" => fault.drop = Some(given.one_of(&DROPS)?),
            "hang" => fault.hang = given.flag()?,
            "delay" => fault.delay = Some(given.seconds()?),
            "truncate" => fault.truncate = Some(given.whole(0, i64::MAX)?),
            "drip" => fault.drip = Some(given.seconds()?),
            "oversize" => fault.oversize = Some(given.whole(0, 1 << 30)?),
            "bomb" => fault.bomb = Some(given.whole(0, 1 << 30)?),
            "html" => fault.html = given.flag()?,
            "broken_json" => fault.broken_json = given.flag()?,
            "redirect" => fault.redirect = Some(given.redirect()?),
            "retry_after" => fault.retry_after = Some(given.retry_after()?),
            "close" => fault.close = given.flag()?,
            "apply" => fault.apply = given.flag()?,
            other => return Err(PyTypeError::new_err(format!("unexpected keyword argument {other:?}"))),
        }
    }
    let harmless = Fault {
        filter: fault.filter.clone(),
        skip: fault.skip,
        apply: fault.apply,
        ..Fault::default()
    };
    if fault == harmless {
        return Err(PyValueError::new_err(
            "say what goes wrong: status, body, content_type, code, drop, hang, delay, truncate, html, broken_json, \
             redirect, retry_after or close",
        ));
    }
    if fault.hang && fault.drop.is_some() {
        return Err(PyValueError::new_err("drop: not together with hang"));
    }
    fault.times = times
        .map(|times| Argument("times", times).whole(1, u32::MAX.into()))
        .transpose()?;
    Ok(fault)
}

/// How jobs advance.
pub fn progress(how: &Bound<'_, PyAny>, polls: &Bound<'_, PyAny>) -> PyResult<JobProgress> {
    let modes = [
        ("immediate", JobProgress::Immediate),
        ("manual", JobProgress::Manual),
        ("polls", JobProgress::Polls(0)),
    ];
    match Argument("how", how).one_of(&modes)? {
        JobProgress::Polls(_) if polls.is_none() => Err(PyTypeError::new_err("n: \"polls\" needs it")),
        JobProgress::Polls(_) => Ok(JobProgress::Polls(Argument("n", polls).whole(0, u32::MAX.into())?)),
        _ if !polls.is_none() => Err(PyValueError::new_err("n: only with \"polls\"")),
        other => Ok(other),
    }
}

/// How jobs end.
pub fn job_end(succeeded: bool, message: &Bound<'_, PyAny>) -> PyResult<JobEnd> {
    let message = Argument("message", message).text()?;
    Ok(JobEnd { succeeded, message })
}
