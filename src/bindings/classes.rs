//! The classes of the module. Each is made when it is first asked for: making all of them takes longer than a first call.

use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{PyModule, PyType};

use super::agents::Agents;
use super::bamboo_agents::BambooAgents;
use super::events::Event;
use super::found::Found;
use super::governance_lifecycle::GovernanceLifecycle;
use super::jobs::{Connection, Job};
use super::login::{TrustedApp, UserLogin};
use super::operation::{Operation, Task};
use super::pages::{ConnectionPages, JobPages, Records};
use super::python_code::PythonCode;
use super::raw::{RawCall, Response};
use super::reference::SecretReference;
use super::review::{ChangeResult, ResultIterator, RetryChanges};
use super::review_plan::ReviewPlan;
use super::rows::Rows;
use super::sandbox::SandboxServer;
use super::sandbox_values::{JournalEntry, SandboxAccount};
use super::sd_elements::SDElements;
use super::sectona::Sectona;
use super::settings::Settings;
use crate::core::retry::Retry;
use crate::core::secret::Secret;
use crate::core::secret_file::SecretFile;
use crate::systems::bamboo_agents::{AccessToken, Agent, AgentState, Capability, EnsureResult, MaintenanceTask};
use crate::systems::governance_lifecycle::{
    ApplicationRole, CommandResult, CoverageProblem, CoverageReport, CoverageRule, Entitlement, GlobalRole, Group,
    ReviewItemChange, ReviewItemResult, ReviewStatus, ReviewUpdate, RevieweeAccount, RunStatus, SecuritySettings,
};
use crate::systems::sectona::{AccountRequest, Envelope, VaultAccount};

macro_rules! classes {
    ($($class:ident),* $(,)?) => {
        const NAMES: &[&str] = &[$(stringify!($class)),*];

        fn class<'py>(py: Python<'py>, name: &str) -> Option<Bound<'py, PyType>> {
            $( if name == stringify!($class) { return Some(py.get_type::<$class>()); } )*
            None
        }
    };
}

classes!(
    AccessToken,
    AccountRequest,
    Agent,
    AgentState,
    Agents,
    ApplicationRole,
    BambooAgents,
    Capability,
    ChangeResult,
    CommandResult,
    Connection,
    ConnectionPages,
    CoverageProblem,
    CoverageReport,
    CoverageRule,
    EnsureResult,
    Entitlement,
    Envelope,
    Event,
    Found,
    GlobalRole,
    GovernanceLifecycle,
    Group,
    Job,
    JobPages,
    JournalEntry,
    MaintenanceTask,
    Operation,
    RawCall,
    Records,
    Response,
    ResultIterator,
    Retry,
    RetryChanges,
    ReviewItemChange,
    ReviewItemResult,
    ReviewPlan,
    ReviewStatus,
    ReviewUpdate,
    RevieweeAccount,
    Rows,
    RunStatus,
    SDElements,
    SandboxAccount,
    SandboxServer,
    Secret,
    SecretFile,
    SecretReference,
    Sectona,
    SecuritySettings,
    Settings,
    Task,
    TrustedApp,
    UserLogin,
    VaultAccount
);

/// Completes the list of what the module has.
pub fn announce(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let all = module.index()?;
    all.run_method("remove", ("__getattr__",))?;
    all.run_method("extend", (NAMES,)).map(drop)
}

/// What Python asks for a name that the module has not got yet.
#[pyfunction(pass_module)]
pub fn __getattr__<'py>(module: &Bound<'py, PyModule>, name: &str) -> PyResult<Bound<'py, PyType>> {
    let Some(class) = class(module.py(), name) else {
        let shown = module.name()?;
        return Err(PyAttributeError::new_err(format!(
            "module '{shown}' has no attribute '{name}'"
        )));
    };
    module.setattr(name, &class)?;
    Ok(class)
}
