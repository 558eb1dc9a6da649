//! One call, not yet made: `wait()` makes it on the calling thread, `start()` for the running event loop. Once only.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::TryFutureExt;
use futures_util::future::BoxFuture;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3_async_runtimes::TaskLocals;
use tokio::task::{AbortHandle, yield_now};

use super::client::{Client, Live, Place};
use super::errands;
use super::errors::to_python;
use super::event_loop::EventLoop;
use super::events::Listener;
use super::guarded::{Ended, Finish, Outcome, flatten, guarded};
use super::handed::{Handed, Kept};
use super::mailbox::Leash;
use super::offloaded::{Offloaded, give_back};
use super::pump;
use super::python_code::PythonCode;
use super::site::Site;
use crate::core::error::Error;
use crate::core::http_client::Http;
use crate::core::offload::{OWN_BYTES_MAX, SHARED_BYTES_MAX};
use crate::core::transport::Call;
use crate::core::turnstile::Ticket;

trait Prepared: Send {
    fn wait(self: Box<Self>, py: Python<'_>) -> PyResult<Py<PyAny>>;
    fn start(self: Box<Self>, py: Python<'_>, is_brief: bool) -> PyResult<Task>;
}

/// A call that can be made once.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct Operation {
    prepared: Mutex<Option<Box<dyn Prepared>>>,
    is_brief: bool,
}

impl Operation {
    /// `begin` gets the client's state and the running call; what it gives is turned into a Python value by `finish`.
    pub fn new<S, T, B, F, M>(
        client: &Arc<Client<S>>,
        name: Cow<'static, str>,
        listener: Option<Listener>,
        begin: B,
        finish: M,
    ) -> Self
    where
        S: Send + Sync + 'static,
        T: Send + 'static,
        B: FnOnce(Arc<Live<S>>, Call) -> F + Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
        M: for<'py> FnOnce(Python<'py>, T) -> PyResult<Bound<'py, PyAny>> + Send + 'static,
    {
        let begin = move |live, call| -> BoxFuture<'static, Outcome> {
            // An async block would hold the future twice.
            let ended = begin(live, call)
                .map_ok(|value| -> Finish { Box::new(move |py: Python<'_>| Ok(finish(py, value)?.unbind())) });
            Box::pin(ended)
        };
        let operation = ClientOperation {
            client: client.clone(),
            name,
            listener,
            begin: Box::new(begin),
        };
        Self {
            prepared: Mutex::new(Some(Box::new(operation))),
            is_brief: true,
        }
    }

    /// One that may take long or carry much: never on the thread of an event loop.
    pub fn apart(self) -> Self {
        Self {
            is_brief: false,
            ..self
        }
    }

    fn take(&self) -> PyResult<Box<dyn Prepared>> {
        let taken = self.prepared.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.ok_or_else(|| PyRuntimeError::new_err("this operation was made already; each is made once"))
    }
}

#[pymethods]
impl Operation {
    #[classmethod]
    fn __class_getitem__(cls: &Bound<'_, pyo3::types::PyType>, _item: &Bound<'_, PyAny>) -> Py<PyAny> {
        cls.clone().into_any().unbind()
    }

    /// Makes the call on this thread.
    fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.take()?.wait(py).inspect_err(|error| set_context(py, error))
    }

    /// Begins the call for the event loop that runs on this thread.
    fn start(&self, py: Python<'_>) -> PyResult<Task> {
        self.take()?.start(py, self.is_brief)
    }
}

/// The context variables as they are now.
fn copied_context(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static COPY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    COPY.import(py, "contextvars", "copy_context")?.run((), None)
}

/// An error raised while another one is handled leads to that one, as errors of Python code do.
fn set_context(py: Python<'_>, error: &PyErr) {
    let handled = py.import("sys").and_then(|sys| sys.run_method("exception", ()));
    // Before CPython 3.11.
    let handled = handled.or_else(|_| py.import("sys")?.run_method("exc_info", ())?.get_item(1));
    let raised = error.value(py);
    let Some(handled) = handled.ok().filter(|handled| !handled.is_none()) else {
        return;
    };
    // What a callable raised may be among those that led here.
    let mut before = std::iter::successors(Some(handled.clone()), context_of);
    if context_of(raised).is_none() && !before.any(|one| one.is(raised)) {
        drop(raised.setattr("__context__", handled));
    }
}

fn context_of<'py>(error: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    let context = error.getattr("__context__").ok();
    context.filter(|context| !context.is_none())
}

type Begin<S> = Box<dyn FnOnce(Arc<Live<S>>, Call) -> BoxFuture<'static, Outcome> + Send>;

struct ClientOperation<S> {
    client: Arc<Client<S>>,
    name: Cow<'static, str>,
    listener: Option<Listener>,
    begin: Begin<S>,
}

impl<S: Send + Sync + 'static> ClientOperation<S> {
    fn call(&self, http: Http, site: &Site) -> Call {
        let sink = self.listener.as_ref().map(|listener| listener.sink(site.clone()));
        Call::new(self.client.settings.clone(), http, sink)
    }

    /// The exception for a call that found no place to run.
    fn no_place(&self, py: Python<'_>, error: Error) -> PyErr {
        to_python(py, &error.completed(self.client.settings.system, &self.name))
    }
}

impl<S: Send + Sync + 'static> Prepared for ClientOperation<S> {
    fn wait(self: Box<Self>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if tokio::runtime::Handle::try_current().is_ok() {
            return Err(PyRuntimeError::new_err(
                "a blocking call was made from one of the library's own threads",
            ));
        }
        // References to Python objects are given back attached: a thread that is not takes a lock of the whole process for
        // it, which a fork at that moment leaves locked in the child.
        give_back(py);
        let kept = (self.listener.clone(), self.client.clone());
        let live = self.client.live();
        let place = live.enter(py).map_err(|error| self.no_place(py, error))?;
        let ticket = place.ticket().map(Ticket::to_return);
        let outcome = py.detach(|| (*self).drive(live, place, kept.clone()));
        drop(ticket);
        drop(kept);
        match outcome {
            Ok(Ok(finish)) => finish(py),
            Ok(Err(error)) => Err(to_python(py, &error)),
            Err(raised) => Err(raised),
        }
    }

    fn start(self: Box<Self>, py: Python<'_>, is_brief: bool) -> PyResult<Task> {
        give_back(py);
        let event_loop = EventLoop::running(py)?;
        let future = event_loop.run_method(pyo3::intern!(py, "create_future"), ())?;
        let live = self.client.live();
        let (http, engine) = live.background(py).map_err(|error| self.no_place(py, error))?;
        let locals = Arc::new(TaskLocals::new(event_loop.clone()).with_context(copied_context(py)?));
        let event_loop = EventLoop::new(&event_loop, engine);
        let site = Site::Loop {
            event_loop: event_loop.clone(),
            locals,
        };
        // The loop's own thread sends on a connection that is there. What has to be waited for first goes on beside a loop
        // that stands still.
        let mailbox = event_loop.mailbox().cloned();
        let mailbox =
            mailbox.filter(|mailbox| live.is_home(mailbox) && is_brief && mailbox.has_room() && http.has_idle());
        let call = self.call(http, &site);
        let call = match &mailbox {
            Some(mailbox) => call.on_event_loop(mailbox.reactor().clone()),
            None => call.on_shared_thread(),
        };
        event_loop.watch(&future)?;
        let kept = (site.clone(), self.listener, self.client);
        let call = Box::pin(guarded(site.scope(begun(self.begin, live, call))));
        let task = Handed {
            call: Some(Offloaded::new(SHARED_BYTES_MAX, call, kept.clone())),
            kept: Some(Kept {
                future: future.clone().unbind(),
                event_loop,
                _others: kept,
            }),
        };
        let running = match mailbox {
            Some(mailbox) => Running::OnLoop(mailbox.drive(Box::pin(task))),
            None => Running::Beside(engine.runtime.spawn(task).abort_handle()),
        };
        Ok(Task {
            future: future.unbind(),
            running,
        })
    }
}

/// What a blocking call holds of Python.
type OfBlocking<S> = (Option<Listener>, Arc<Client<S>>);

impl<S: Send + Sync + 'static> ClientOperation<S> {
    /// Outer result: an exception of the interpreter's, such as KeyboardInterrupt.
    fn drive(self, live: Arc<Live<S>>, place: Place, kept: OfBlocking<S>) -> PyResult<Outcome> {
        let (post, errands) = errands::queue();
        let site = Site::Thread(post);
        match place {
            Place::Own(slot) => {
                let call = self.call(slot.http.clone(), &site);
                let call = Box::pin(guarded(site.scope(begun(self.begin, live.clone(), call))));
                let call = Offloaded::new(OWN_BYTES_MAX, call, kept);
                let result = pump::drive(&slot, call, errands);
                match &result {
                    Ok(Ok(_)) => live.leave(slot),
                    Ok(Err(Ended::Failed(_))) => {
                        // A request that was given up closes its connection only when the runtime turns once more.
                        let _ = slot.block_on(async {
                            yield_now().await;
                            yield_now().await;
                        });
                        live.leave(slot);
                    }
                    // Interrupted or broken: the connections go with the runtime, at once.
                    Ok(Err(Ended::Panicked)) | Err(_) => live.lose(slot),
                }
                flatten(result)
            }
            Place::Shared(http, engine, ticket) => {
                let call = self.call(http, &site).on_shared_thread();
                let call = Box::pin(guarded(site.scope(begun(self.begin, live, call))));
                let call = Offloaded::new(SHARED_BYTES_MAX, call, kept);
                flatten(pump::follow(&engine.runtime, call, errands, &ticket))
            }
        }
    }
}

/// Where it is awaited, not before: what begins a call may look where it runs, and may panic.
async fn begun<S>(begin: Begin<S>, live: Arc<Live<S>>, call: Call) -> Outcome {
    begin(live, call).await
}

/// A call in flight.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct Task {
    #[pyo3(get)]
    future: Py<PyAny>,
    running: Running,
}

enum Running {
    /// None if the loop was closed.
    OnLoop(Option<Leash>),
    Beside(AbortHandle),
}

#[pymethods]
impl Task {
    /// Drops the call and closes its connection; a call that has ended is left alone.
    fn abort(&self) {
        match &self.running {
            Running::OnLoop(leash) => leash.iter().for_each(Leash::abort),
            Running::Beside(task) => task.abort(),
        }
    }
}
