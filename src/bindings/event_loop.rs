//! The event loop of a call, and the ways to it: its mailbox, or the thread that delivers where there is none.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::delivery::{Delivery, Job};
use super::engine::Engine;
use super::mailbox::Mailbox;
use super::python_code::PythonCode;

/// The loop that runs on the thread that makes a call. Its references are given back where Python code is run.
pub struct EventLoop {
    object: Py<PyAny>,
    mailbox: Option<Arc<Mailbox>>,
    delivery: Arc<Delivery>,
}

impl EventLoop {
    /// The one that runs on this thread.
    pub fn running<'py>(py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        static GET_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        GET_LOOP.import(py, "asyncio", "get_running_loop")?.run((), None)
    }

    /// The ways to it.
    pub fn new(event_loop: &Bound<'_, PyAny>, engine: &Engine) -> Arc<Self> {
        Arc::new(Self {
            object: event_loop.clone().unbind(),
            mailbox: engine.mailboxes.of(event_loop, &engine.runtime),
            delivery: engine.delivery.clone(),
        })
    }

    /// Has `job` run on the loop's thread, after all that were pushed before.
    pub fn push(self: Arc<Self>, job: Job) {
        // Once it is pushed, the loop may have let go of everything already.
        let (mailbox, delivery) = (self.mailbox.clone(), self.delivery.clone());
        let left = match mailbox {
            Some(mailbox) => mailbox.push((self, job)),
            None => Err((self, job)),
        };
        if let Err(addressed) = left {
            delivery.push(addressed);
        }
    }

    /// What its own thread looks into, if it can.
    pub fn mailbox(&self) -> Option<&Arc<Mailbox>> {
        self.mailbox.as_ref()
    }

    /// The loop itself.
    pub fn bind<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        self.object.bind(py)
    }

    /// Sees to it that `future` is settled even where no thread delivers any more.
    pub fn watch(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        match &self.mailbox {
            Some(_) => Ok(()),
            None => self.delivery.watch(self.object.bind(future.py()), future),
        }
    }
}
