//! Events of a call for `on_event` and for the standard library's loggers.

use std::sync::Arc;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::python_code::PythonCode;
use super::site::Site;
use crate::core::error::System;
use crate::core::event::{self, EventSink, Step};

const DEBUG: i32 = 10;
const WARNING: i32 = 30;

/// One step of a call, for `on_event`. Holds no secret.
#[pyclass(frozen, get_all, module = "infosecops")]
pub struct Event {
    /// `request`, `response`, `retry`, `wait`, `warning` or `failure`.
    kind: String,
    /// The product.
    system: String,
    /// The operation, by its public name.
    operation: String,
    /// The HTTP method.
    method: String,
    /// The masked URL.
    url: String,
    /// Counts from 1.
    attempt: i64,
    /// The HTTP status of a response.
    status: Option<i64>,
    /// Seconds until a retry or the next look.
    delay: Option<f64>,
    /// Why a retry or a failure.
    reason: Option<String>,
    /// Seconds since the call began.
    elapsed: f64,
}

crate::fields!(Event {
    kind,
    system,
    operation,
    method,
    url,
    attempt,
    status,
    delay,
    reason,
    elapsed
});

#[pymethods]
impl Event {
    fn __repr__(&self) -> String {
        format!("Event({})", self.line())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (&'static str, String))> {
        super::pickle::reduce(py, self)
    }
}

impl Event {
    fn line(&self) -> String {
        let mut line = format!(
            "{} {} {} {} attempt={}",
            self.kind, self.operation, self.method, self.url, self.attempt
        );
        if let Some(status) = self.status {
            line.push_str(&format!(" status={status}"));
        }
        if let Some(delay) = self.delay {
            line.push_str(&format!(" delay={delay:.3}s"));
        }
        line.push_str(&format!(" elapsed={:.3}s", self.elapsed));
        if let Some(reason) = &self.reason {
            line.push_str(&format!(" reason={reason}"));
        }
        line
    }
}

impl From<event::Event> for Event {
    fn from(event: event::Event) -> Self {
        let kind = event.step.name().to_owned();
        let (status, delay, reason) = match event.step {
            Step::Request => (None, None, None),
            Step::Response { status } => (Some(i64::from(status)), None, None),
            Step::Retry { reason, delay } => (None, Some(delay.as_secs_f64()), Some(reason)),
            Step::Wait { delay } => (None, Some(delay.as_secs_f64()), None),
            Step::Warning { reason } | Step::Failure { reason } => (None, None, Some(reason)),
        };
        Self {
            kind,
            system: event.system.name().to_owned(),
            operation: event.operation,
            method: event.method,
            url: event.url,
            attempt: i64::from(event.attempt),
            status,
            delay,
            reason,
            elapsed: event.elapsed.as_secs_f64(),
        }
    }
}

/// Who wants to hear of a client's calls.
pub struct Listening {
    system: System,
    on_event: Option<Arc<Py<PyAny>>>,
    /// The standard library keeps its loggers for ever, so it is looked up once.
    logger: PyOnceLock<Arc<Py<PyAny>>>,
}

/// Who wants to hear of one call.
#[derive(Clone)]
pub struct Listener {
    on_event: Option<Arc<Py<PyAny>>>,
    logger: Option<Arc<Py<PyAny>>>,
    /// Whether every step goes to the logger; otherwise warnings alone.
    logs_all: bool,
}

impl Listening {
    pub fn new(system: System, on_event: Option<Py<PyAny>>) -> Self {
        Self {
            system,
            on_event: on_event.map(Arc::new),
            logger: PyOnceLock::new(),
        }
    }

    /// For the garbage collector. While a call runs, the callable is reachable from it.
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match &self.on_event {
            Some(callable) if Arc::strong_count(callable) == 1 => visit.call(&**callable),
            _ => Ok(()),
        }
    }

    /// None where nobody listens.
    pub fn listener(&self, py: Python<'_>) -> PyResult<Option<Listener>> {
        let logger = self.logger(py)?;
        let logs_all = match &logger {
            Some(logger) => logger
                .bind(py)
                .run_method(intern!(py, "isEnabledFor"), (DEBUG,))?
                .extract()?,
            None => false,
        };
        let listens = logger.is_some() || self.on_event.is_some();
        Ok(listens.then(|| Listener {
            on_event: self.on_event.clone(),
            logger: logger.cloned(),
            logs_all,
        }))
    }

    fn logger(&self, py: Python<'_>) -> PyResult<Option<&Arc<Py<PyAny>>>> {
        static MODULES: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        if let Some(logger) = self.logger.get(py) {
            return Ok(Some(logger));
        }
        // Where nobody imported logging, nobody can have configured it.
        let modules = MODULES.import(py, "sys", "modules")?;
        let Ok(logging) = modules.get_item(intern!(py, "logging")) else {
            return Ok(None);
        };
        let name = format!("infosecops.{}", self.system.name());
        let logger = logging.run_method("getLogger", (name,))?;
        Ok(Some(self.logger.get_or_init(py, || Arc::new(logger.unbind()))))
    }
}

impl Listener {
    /// Where the core puts the events of a call.
    pub fn sink(&self, site: Site) -> EventSink {
        let listener = self.clone();
        let take = move |event: event::Event| {
            let listener = listener.clone();
            site.post(Box::new(move |py| listener.hear(py, event.into())));
        };
        EventSink {
            is_verbose: self.logs_all || self.on_event.is_some(),
            take: Arc::new(take),
        }
    }

    fn hear(&self, py: Python<'_>, event: Event) -> PyResult<()> {
        let level = if event.kind == "warning" { WARNING } else { DEBUG };
        if let Some(logger) = self.logger.as_ref().filter(|_| self.logs_all || level == WARNING) {
            logger.bind(py).run_method("log", (level, "%s", event.line()))?;
        }
        let Some(on_event) = &self.on_event else { return Ok(()) };
        let Err(raised) = on_event.bind(py).run((event,), None) else {
            return Ok(());
        };
        if !raised.is_instance_of::<pyo3::exceptions::PyException>(py) {
            return Err(raised);
        }
        // A broken metric must not break the call it measures.
        let logger = py.import("logging")?.run_method("getLogger", ("infosecops",))?;
        let keywords = [("exc_info", raised.into_value(py))];
        logger.getattr("error")?.run(
            ("on_event raised",),
            Some(&pyo3::types::IntoPyDict::into_py_dict(keywords, py)?),
        )?;
        Ok(())
    }
}
