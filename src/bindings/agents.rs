//! Agents of Agent APIs for Bamboo for Python: what one access token opens.

use std::sync::Arc;
use std::time::Duration;

use pyo3::IntoPyObjectExt;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::argument::{Argument, Given};
use super::client::Live;
use super::errors::refused;
use super::handle::{Handle, Nothing};
use super::operation::Operation;
use super::pages::Records;
use super::per_process::PerProcess;
use super::rows::Rows;
use super::secret::{GivenSecret, credential};
use super::settings::{callable, config_error, pace};
use super::site::{OfCall, progress};
use crate::core::config::seconds;
use crate::core::credential::{CredentialKind, Holder};
use crate::core::poll::{OnProgress, Pace};
use crate::systems::bamboo_agents::{
    self as bamboo, AccessToken, Agent, AgentState, BambooAgents as System, Capability, Form, MaintenanceTask, Opened,
    Patience,
};
use crate::{named, record_methods};

record_methods!(Agent, AgentState, Capability);
record_methods!(MaintenanceTask {
    /// Whether the task is open and the agent may be worked on once it is idle.
    #[getter]
    fn granted(&self) -> bool {
        self.is_granted()
    }
});

type Any<'a, 'py> = &'a Bound<'py, PyAny>;

/// The native half of `Agents` and its twin.
#[pyclass(frozen, module = "infosecops._infosecops")]
pub struct Agents {
    handle: Handle<System>,
    uuid: GivenSecret,
    current: PerProcess<Arc<Holder>>,
}

impl Agents {
    /// `uuid` is an [`AccessToken`], or its uuid in any form that a credential has.
    pub fn open(py: Python<'_>, handle: &Handle<System>, uuid: Any<'_, '_>) -> PyResult<Self> {
        let uuid = match uuid.cast::<AccessToken>() {
            Ok(token) => credential(
                &CredentialKind::UUID,
                Bound::new(py, token.get().uuid.clone())?.as_any(),
            )?,
            Err(_) => credential(&CredentialKind::UUID, uuid)?,
        };
        Ok(Self {
            handle: handle.share(py),
            uuid,
            current: PerProcess::new(),
        })
    }

    fn holder(&self) -> Arc<Holder> {
        let made: Result<_, std::convert::Infallible> = self.current.get_or_make(|| {
            Ok(Arc::new(
                Holder::new(self.uuid.credential.clone()).of(&CredentialKind::UUID),
            ))
        });
        match made {
            Ok(holder) => holder.clone(),
            Err(never) => match never {},
        }
    }

    fn held(&self) -> HeldUuid {
        let holder = self.holder();
        HeldUuid {
            _kept: OfCall::new(holder.clone()),
            holder,
        }
    }
}

/// The uuid as a running call holds it: what it may hold of Python is given back where Python code is run.
struct HeldUuid {
    holder: Arc<Holder>,
    _kept: OfCall<Arc<Holder>>,
}

impl HeldUuid {
    fn open<'o>(&'o self, live: &'o Live<System>) -> Opened<'o> {
        Opened {
            client: &live.system,
            uuid: &self.holder,
        }
    }
}

/// How long to look, and who is told: the arguments that all waits have.
struct Waiting {
    patience: Patience,
    on_progress: Option<OnProgress<AgentState>>,
}

impl Waiting {
    fn read(
        py: Python<'_>,
        settle: f64,
        timeout: f64,
        poll_interval: f64,
        on_progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let pace = pace(timeout, poll_interval).map_err(|error| refused(py, error))?;
        let settle = Duration::try_from_secs_f64(settle)
            .map_err(|_| config_error(py, "settle: must be zero or a positive number of seconds"))?;
        Ok(Self {
            patience: Patience::new(settle, pace).map_err(|error| refused(py, error))?,
            on_progress: callable("on_progress", on_progress)?
                .map(|callable| Arc::new(progress(callable, |state: AgentState| (state,))) as OnProgress<AgentState>),
        })
    }
}

#[pymethods]
impl Agents {
    /// The token's credential, and the client's settings; while a call runs, it holds the credential too.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.handle.traverse(&visit)?;
        match self.current.get() {
            Some(holder) if Arc::strong_count(holder) > 1 => Ok(()),
            _ => self.uuid.traverse(&visit),
        }
    }

    fn list_all(&self, py: Python<'_>) -> PyResult<Operation> {
        let uuid = self.held();
        let begin =
            move |live: Arc<Live<System>>, call| async move { bamboo::list_agents(&uuid.open(&live), &call).await };
        self.handle.operation_with(py, "agents.list", begin, Rows::finish)
    }

    fn state(&self, py: Python<'_>, id: Any<'_, '_>, form: Given<String>) -> PyResult<Operation> {
        named!(py; form);
        let (uuid, id) = (self.held(), number("id", id)?);
        let form = match form.as_str() {
            "json" => Form::Json,
            "text" => Form::Text,
            _ => return Err(config_error(py, "form: must be \"json\" or \"text\"")),
        };
        self.handle.operation(py, "agents.state", move |live, call| async move {
            bamboo::state(&uuid.open(&live), &call, id, form).await
        })
    }

    fn switch(&self, py: Python<'_>, id: Any<'_, '_>, enabled: bool) -> PyResult<Operation> {
        let (uuid, id) = (self.held(), number("id", id)?);
        self.handle.operation(
            py,
            if enabled { "agents.enable" } else { "agents.disable" },
            move |live, call| async move { bamboo::switch(&uuid.open(&live), &call, id, enabled).await },
        )
    }

    fn capabilities(&self, py: Python<'_>, id: Any<'_, '_>) -> PyResult<Operation> {
        let (uuid, id) = (self.held(), number("id", id)?);
        let begin = move |live: Arc<Live<System>>, call| async move {
            bamboo::capabilities(&uuid.open(&live), &call, id).await
        };
        self.handle
            .operation_with(py, "agents.capabilities", begin, |py, found| {
                Records::of(found).into_bound_py_any(py)
            })
    }

    fn clear_capabilities(&self, py: Python<'_>, id: Any<'_, '_>) -> PyResult<Operation> {
        let (uuid, id) = (self.held(), number("id", id)?);
        self.handle
            .operation(py, "agents.clear_capabilities", move |live, call| async move {
                bamboo::clear_capabilities(&uuid.open(&live), &call, id)
                    .await
                    .map(|()| Nothing::None)
            })
    }

    fn target_version(&self, py: Python<'_>) -> PyResult<Operation> {
        let uuid = self.held();
        self.handle
            .operation(py, "agents.target_version", move |live, call| async move {
                bamboo::target_version(&uuid.open(&live), &call).await
            })
    }

    fn maintenance(&self, py: Python<'_>, id: Any<'_, '_>) -> PyResult<Operation> {
        let (uuid, id) = (self.held(), number("id", id)?);
        self.handle
            .operation(py, "agents.maintenance", move |live, call| async move {
                bamboo::maintenance(&uuid.open(&live), &call, id).await
            })
    }

    fn finish_maintenance(&self, py: Python<'_>, id: Any<'_, '_>, task: Any<'_, '_>) -> PyResult<Operation> {
        let (uuid, id, task) = (self.held(), number("id", id)?, task_id(task)?);
        self.handle
            .operation(py, "agents.finish_maintenance", move |live, call| async move {
                bamboo::finish_maintenance(&uuid.open(&live), &call, id, task).await
            })
    }

    /// In a maintenance window, this is the second half of entering it.
    #[pyo3(signature = (id, *, settle, timeout, poll_interval, on_progress, in_window))]
    #[allow(clippy::too_many_arguments)]
    fn wait_until_idle(
        &self,
        py: Python<'_>,
        id: Any<'_, '_>,
        settle: Given<f64>,
        timeout: Given<f64>,
        poll_interval: Given<f64>,
        on_progress: Option<Bound<'_, PyAny>>,
        in_window: bool,
    ) -> PyResult<Operation> {
        named!(py; settle, timeout, poll_interval);
        let (uuid, id) = (self.held(), number("id", id)?);
        let waiting = Waiting::read(py, settle, timeout, poll_interval, on_progress)?;
        let name = if in_window { WINDOW } else { "agents.wait_until_idle" };
        self.handle.long_operation(py, name, move |live, call| async move {
            let Waiting { patience, on_progress } = waiting;
            bamboo::wait_until_idle(&uuid.open(&live), &call, name, id, &patience, on_progress).await
        })
    }

    /// The first half of entering a maintenance window.
    #[pyo3(signature = (id, *, siblings_timeout, poll_interval, on_progress))]
    fn window_ask(
        &self,
        py: Python<'_>,
        id: Any<'_, '_>,
        siblings_timeout: Given<f64>,
        poll_interval: Given<f64>,
        on_progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Operation> {
        named!(py; siblings_timeout, poll_interval);
        let (uuid, id) = (self.held(), number("id", id)?);
        let timeout = seconds("siblings_timeout", siblings_timeout);
        let pace = timeout.and_then(|timeout| {
            let interval = seconds("poll_interval", poll_interval)?;
            Ok(Pace { timeout, interval })
        });
        let pace = pace.map_err(|error| refused(py, error))?;
        let told = callable("on_progress", on_progress)?.map(|callable| {
            Arc::new(progress(callable, |task: MaintenanceTask| (task,))) as OnProgress<MaintenanceTask>
        });
        self.handle.long_operation(py, WINDOW, move |live, call| async move {
            bamboo::ask_until_granted(&uuid.open(&live), &call, WINDOW, id, &pace, told).await
        })
    }

    /// Leaving it.
    fn window_finish(&self, py: Python<'_>, task: &MaintenanceTask) -> PyResult<Operation> {
        let (uuid, task) = (self.held(), task.clone());
        self.handle.operation(py, WINDOW, move |live, call| async move {
            bamboo::give_back(&uuid.open(&live), &call, WINDOW, &task).await
        })
    }
}

const WINDOW: &str = "agents.maintenance_window";

/// An id: a whole number that is not negative.
fn number(name: &str, value: Any<'_, '_>) -> PyResult<i64> {
    const AGENT: &str = "an int, the id of an agent (agents.list() has them with their names)";
    let expected = if name == "id" { AGENT } else { "an int" };
    let read = u64::read(value).map_err(|wrong| wrong.or_type_of(expected, value));
    let number = read.map_err(|wrong| wrong.named(value.py(), name))?;
    let wrong = || config_error(value.py(), format!("{name}: must be from 0 to {}", i64::MAX));
    i64::try_from(number).map_err(|_| wrong())
}

/// A task's id, or the task. No task has the id 0.
fn task_id(value: Any<'_, '_>) -> PyResult<i64> {
    let id = match value.cast::<MaintenanceTask>() {
        Ok(task) => task.get().id.unwrap_or_default(),
        Err(_) => number("task", value)?,
    };
    if id == 0 {
        return Err(config_error(
            value.py(),
            "task: no task is open, so there is none to finish",
        ));
    }
    Ok(id)
}
