//! Where Python code that a running call needs is run: callables for credentials, progress and events. On the calling
//! thread between two turns of its runtime, so that such code may use clients itself; or on the thread of the loop.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyCFunction, PyDict, PyTuple};
use pyo3_async_runtimes::TaskLocals;
use tokio::sync::oneshot;

use super::delivery::Job;
use super::errands::Post;
use super::event_loop::EventLoop;
use super::python_code::PythonCode;
use crate::core::error::{Error, Kind, Outcome};

tokio::task_local! {
    static SITE: Site;
}

/// The place of one running call.
#[derive(Clone)]
pub enum Site {
    /// The calling thread waits and runs what comes to it.
    Thread(Post),
    /// An event loop.
    Loop {
        event_loop: Arc<EventLoop>,
        locals: Arc<TaskLocals>,
    },
}

/// An exception of Python code that a call ran; it goes up as it is.
pub struct Raised(pub PyErr);

impl Site {
    /// Runs `future` with this place known to everything inside.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        SITE.scope(self, future)
    }

    /// The place of the call that runs now.
    pub fn current() -> Option<Self> {
        SITE.try_with(Clone::clone).ok()
    }

    /// The context in which the loop runs coroutines of the caller's; None where there is no loop.
    pub fn locals(&self) -> Option<Arc<TaskLocals>> {
        match self {
            Self::Thread(_) => None,
            Self::Loop { locals, .. } => Some(locals.clone()),
        }
    }

    /// Has it run, without waiting.
    pub fn post(&self, job: Job) {
        match self {
            // Nobody waits for it only where the call is over.
            Self::Thread(thread) => drop(thread.send(job)),
            Self::Loop { event_loop, .. } => event_loop.clone().push(job),
        }
    }

    /// Has it run and waits for what it gives.
    pub async fn ask<T, W>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: FnOnce(Python<'_>) -> PyResult<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.post(Box::new(move |py| {
            drop(reply.send(work(py)));
            Ok(())
        }));
        match answer.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(raised)) => Err(raised_error(raised)),
            Err(_) => Err(Error::config("the event loop was closed while the call needed it")),
        }
    }
}

/// Wraps an exception so that it travels through the core.
pub fn raised_error(raised: PyErr) -> Error {
    let context = crate::core::error::Context {
        outcome: Some(Outcome::NotSent),
        ..Default::default()
    };
    Error::new(Kind::Config, "a callable of the caller's raised", context).with_payload(Raised(raised))
}

/// What a running call holds of Python. Let go inside the call, it is dropped where Python code is run: a thread that is
/// not attached would take a lock of the whole process for it, which a fork at that moment leaves locked in the child.
pub struct OfCall<T: Send + 'static>(Option<T>);

impl<T: Send + 'static> OfCall<T> {
    /// For a running call.
    pub const fn new(held: T) -> Self {
        Self(Some(held))
    }

    /// What is held, until it is let go.
    pub const fn held(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl<T: Send + 'static> Drop for OfCall<T> {
    fn drop(&mut self) {
        if let Some(site) = Site::current() {
            let held = self.0.take();
            site.post(Box::new(move |_| {
                drop(held);
                Ok(())
            }));
        }
    }
}

impl<T> Future for OfCall<BoxFuture<'static, T>> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        self.0
            .as_mut()
            .map_or(Poll::Pending, |future| future.as_mut().poll(context))
    }
}

/// A callable of the caller's that hears of progress, called with the arguments made of what is told. What it raises
/// ends the call; what it gives to await is awaited.
pub fn progress<T, A>(
    callable: Py<PyAny>,
    arguments: fn(T) -> A,
) -> impl Fn(T) -> BoxFuture<'static, Result<(), Error>> + Send + Sync
where
    T: Send + 'static,
    A: for<'py> IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>, Error = PyErr> + 'static,
{
    let callable = Arc::new(OfCall::new(callable));
    move |told: T| {
        let callable = callable.clone();
        Box::pin(async move {
            let site = Site::current().ok_or_else(|| Error::config("progress was told outside a call"))?;
            let locals = site.locals();
            let tell = move |py: Python<'_>| {
                let Some(callable) = &callable.0 else { return Ok(None) };
                let given = call_in_context(callable.bind(py), arguments(told).into_pyobject(py)?, locals.as_deref())?;
                awaitable(given, locals.as_deref())
            };
            match site.ask(tell).await? {
                Some(future) => {
                    let given = future.await.map_err(raised_error)?;
                    drop(OfCall::new(given));
                    Ok(())
                }
                None => Ok(()),
            }
        })
    }
}

/// Calls with the context variables of whoever made the call.
pub fn call_in_context<'py>(
    callable: &Bound<'py, PyAny>,
    arguments: Bound<'py, PyTuple>,
    locals: Option<&TaskLocals>,
) -> PyResult<Bound<'py, PyAny>> {
    let Some(locals) = locals else {
        return callable.run(arguments, None);
    };
    let with_callable = arguments.to_list();
    with_callable.insert(0, callable)?;
    locals
        .context(callable.py())
        .run_method("run", with_callable.to_tuple())
}

/// Runs with the context variables of whoever made the call.
pub fn in_context<T, W>(py: Python<'_>, locals: Option<&TaskLocals>, work: W) -> PyResult<T>
where
    T: Send + 'static,
    W: FnOnce(Python<'_>) -> PyResult<T> + Send + 'static,
{
    let Some(locals) = locals else { return work(py) };
    let (work, done) = (Mutex::new(Some(work)), Arc::new(Mutex::new(None)));
    let result = done.clone();
    let run = move |arguments: &Bound<'_, PyTuple>, _: Option<&Bound<'_, PyDict>>| -> PyResult<()> {
        let work = work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let given = work.map(|work| work(arguments.py())).transpose()?;
        *result.lock().unwrap_or_else(PoisonError::into_inner) = given;
        Ok(())
    };
    let function = PyCFunction::new_closure(py, None, None, run)?;
    locals.context(py).run_method("run", (function,))?;
    let given = done.lock().unwrap_or_else(PoisonError::into_inner).take();
    given.ok_or_else(|| PyRuntimeError::new_err("the context did not run what it was given"))
}

/// Runs on an event loop, is awaited from here, and is cancelled there if it is not awaited to its end.
pub struct Awaited {
    future: OfCall<BoxFuture<'static, PyResult<Py<PyAny>>>>,
    task: Option<Py<PyAny>>,
}

impl Future for Awaited {
    type Output = PyResult<Py<PyAny>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.future).poll(context)
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        if let (Some(site), Some(task)) = (Site::current(), self.task.take()) {
            // Of one that has ended, nothing comes.
            site.post(Box::new(move |py| task.bind(py).run_method("cancel", ()).map(drop)));
        }
    }
}

/// What is to be awaited on the event loop. Gives None for anything else.
pub fn awaitable(given: Bound<'_, PyAny>, locals: Option<&TaskLocals>) -> PyResult<Option<Awaited>> {
    if !given.hasattr("__await__")? {
        return Ok(None);
    }
    let Some(locals) = locals else {
        given.run_method("close", ()).ok();
        return Err(PyTypeError::new_err(
            "an async callable needs the Async twin of this client",
        ));
    };
    let py = given.py();
    let keywords = [("loop", locals.event_loop(py))].into_py_dict(py)?;
    let begin = py.import("asyncio")?.getattr("ensure_future")?;
    let task = locals
        .context(py)
        .getattr("run")?
        .run((begin, given), Some(&keywords))?;
    let future = pyo3_async_runtimes::into_future_with_locals(locals, task.clone())?;
    Ok(Some(Awaited {
        future: OfCall::new(Box::pin(future)),
        task: Some(task.unbind()),
    }))
}
