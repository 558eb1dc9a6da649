//! The changes of a run, read and checked where Python code of the call is run.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyIterator;

use super::argument::iterated;
use super::frames::read_frame;
use super::python_code::next_of;
use super::review_input::{Refusal, with_change};
use super::site::{OfCall, Site, in_context, raised_error};
use crate::core::error::Error;
use crate::core::problems::Problems;
use crate::systems::governance_lifecycle::{Changes, Gathering};

/// Changes that are read without a pause.
const PORTION: usize = 256;

/// Changes that are being read and checked.
pub struct Reading {
    items: Py<PyIterator>,
    kept: Gathering,
    problems: Problems,
    /// How many of the problems are about types.
    types: usize,
    count: usize,
}

impl Reading {
    /// Reads nothing yet.
    pub fn new(changes: &Bound<'_, PyAny>) -> PyResult<Self> {
        let items = match read_frame(changes, "changes")? {
            Some(rows) => rows.try_iter()?,
            None => iterated("an iterable of ReviewItemChange or dict", changes)
                .map_err(|wrong| wrong.named(changes.py(), "changes"))?,
        };
        Ok(Self {
            items: items.unbind(),
            kept: Gathering::default(),
            problems: Problems::default(),
            types: 0,
            count: 0,
        })
    }

    /// All of them, or what is wrong with which of them, all at once. They are read where Python code of the call is run,
    /// in portions: between two of them signals are seen, and other tasks of an event loop have their turn.
    pub async fn all(self) -> Result<Changes, Error> {
        let site = Site::current().ok_or_else(|| Error::config("changes were read outside a call"))?;
        let reading = Arc::new(OfCall::new(Mutex::new(self)));
        loop {
            let (of_portion, locals) = (reading.clone(), site.locals());
            let read = move |py: Python<'_>| {
                in_context(py, locals.as_deref(), move |py| {
                    let reading = of_portion.held().map(|reading| reading.lock_py_attached(py));
                    reading.map_or(Ok(false), |reading| {
                        reading.unwrap_or_else(PoisonError::into_inner).read_portion(py)
                    })
                })
            };
            if !site.ask(read).await? {
                break;
            }
        }
        let reading = reading.held().map(Mutex::lock);
        let mut reading = match reading {
            Some(reading) => reading.unwrap_or_else(PoisonError::into_inner),
            None => return Err(Error::config("changes were read outside a call")),
        };
        match reading.problems.message(reading.count, "changes") {
            Some(text) if reading.types == reading.problems.count() => Err(raised_error(PyTypeError::new_err(text))),
            Some(text) => Err(Error::config(text)),
            None => Ok(std::mem::take(&mut reading.kept).done()),
        }
    }

    /// Gives whether there may be more.
    fn read_portion(&mut self, py: Python<'_>) -> PyResult<bool> {
        let items = self.items.bind(py);
        for _ in 0..PORTION {
            let Some(change) = next_of(items) else {
                return Ok(false);
            };
            let (count, kept) = (self.count, &mut self.kept);
            match with_change(&change?, |parts| kept.push(parts)) {
                Ok(()) => {}
                Err(Refusal::Raised(raised)) => return Err(raised),
                Err(Refusal::Type(text)) => {
                    self.types += 1;
                    self.problems.add(|| format!("changes[{count}]{text}"));
                }
                Err(Refusal::Value(text)) => self.problems.add(|| format!("changes[{count}]{text}")),
            }
            self.count += 1;
        }
        Ok(true)
    }
}
