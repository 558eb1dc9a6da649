//! A call of an event loop, wherever it is driven: it settles the loop's future, and gives back on the loop's thread what
//! it holds of Python.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;

use super::errors::{internal_error, to_python};
use super::event_loop::EventLoop;
use super::guarded::{Ended, Guarded};
use super::offloaded::Offloaded;
use super::python_code::PythonCode;

/// The references to Python objects of one call.
pub struct Kept<K> {
    pub future: Py<PyAny>,
    pub event_loop: Arc<EventLoop>,
    pub _others: K,
}

/// The call. Ended or aborted, it drops at once what is on the network; what it keeps goes back to the loop's thread. A thread that is not attached would take a lock of the whole process to give a reference back, which a
/// fork at that moment leaves locked in the child.
pub struct Handed<K: Send + 'static> {
    pub call: Option<Offloaded<K>>,
    pub kept: Option<Kept<K>>,
}

impl<K: Send + 'static> Handed<K> {
    fn hand_back(&mut self, outcome: Option<Guarded>) {
        self.call = None;
        let Some(kept) = self.kept.take() else { return };
        let event_loop = kept.event_loop.clone();
        let job = move |py: Python<'_>| {
            let kept = kept;
            let future = kept.future.bind(py);
            outcome.map_or(Ok(()), |outcome| settle(py, future, outcome))
        };
        event_loop.push(Box::new(job));
    }
}

impl<K: Send + 'static> Unpin for Handed<K> {}

impl<K: Send + 'static> Future for Handed<K> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(call) = &mut self.call else {
            return Poll::Ready(());
        };
        let outcome = ready!(Pin::new(call).poll(context));
        self.hand_back(Some(outcome));
        Poll::Ready(())
    }
}

impl<K: Send + 'static> Drop for Handed<K> {
    fn drop(&mut self) {
        self.hand_back(None);
    }
}

fn settle(py: Python<'_>, future: &Bound<'_, PyAny>, outcome: Guarded) -> PyResult<()> {
    if future.run_method(pyo3::intern!(py, "done"), ())?.extract()? {
        return Ok(());
    }
    let value = match outcome {
        Ok(finish) => finish(py),
        Err(Ended::Failed(error)) => Err(to_python(py, &error)),
        Err(Ended::Panicked) => Err(to_python(py, &internal_error())),
    };
    match value {
        Ok(value) => future.run_method(pyo3::intern!(py, "set_result"), (value,))?,
        // A future takes no StopIteration, and would wait for ever.
        Err(error) if error.is_instance_of::<PyStopIteration>(py) => {
            let refused = PyRuntimeError::new_err("a callable of the caller's raised StopIteration");
            refused.set_cause(py, Some(error));
            future.run_method(pyo3::intern!(py, "set_exception"), (refused.into_value(py),))?
        }
        Err(error) => future.run_method(pyo3::intern!(py, "set_exception"), (error.into_value(py),))?,
    };
    Ok(())
}
