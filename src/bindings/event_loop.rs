//! The event loop of a call, and the ways to it: its mailbox, or the thread that delivers where there is none.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::delivery::{Delivery, Job};
use super::engine::Engine;
use super::mailbox::Mailbox;

/// The loop that runs on the thread that makes a call.
pub struct EventLoop {
    object: Arc<Py<PyAny>>,
    mailbox: Option<Arc<Mailbox>>,
    delivery: Arc<Delivery>,
}

impl EventLoop {
    /// The one that runs on this thread.
    pub fn running<'py>(py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        static GET_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        GET_LOOP.import(py, "asyncio", "get_running_loop")?.call0()
    }

    /// The ways to it.
    pub fn new(event_loop: &Bound<'_, PyAny>, engine: &Engine) -> Arc<Self> {
        Arc::new(Self {
            object: Arc::new(event_loop.clone().unbind()),
            mailbox: engine.mailboxes.of(event_loop),
            delivery: engine.delivery.clone(),
        })
    }

    /// Has `job` run on the loop's thread, after all that were pushed before.
    pub fn push(&self, job: Job) {
        let left = match &self.mailbox {
            Some(mailbox) => mailbox.push(job),
            None => Err(job),
        };
        if let Err(job) = left {
            self.delivery.push(self.object.clone(), job);
        }
    }

    /// Sees to it that `future` is settled even where no thread delivers any more.
    pub fn watch(&self, future: &Bound<'_, PyAny>) -> PyResult<()> {
        match &self.mailbox {
            Some(_) => Ok(()),
            None => self.delivery.watch(self.object.bind(future.py()), future),
        }
    }
}
