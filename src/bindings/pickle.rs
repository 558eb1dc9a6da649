//! Pickles of records: a class's name and its fields as text, without secrets.

use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::events::Event;
use super::review::ChangeResult;
use crate::core::record::Record;
use crate::core::stored::{restored, stored};
use crate::systems::bamboo_agents::{AccessToken, Agent, AgentState, Capability, EnsureResult, MaintenanceTask};
use crate::systems::governance_lifecycle::{
    ApplicationRole, CommandResult, CoverageProblem, CoverageReport, CoverageRule, Entitlement, GlobalRole, Group,
    ReviewItemChange, ReviewItemResult, ReviewStatus, ReviewUpdate, RevieweeAccount, RunStatus, SecuritySettings,
};
use crate::systems::sd_elements::{Connection, Job};
use crate::systems::sectona::{AccountRequest, Envelope, VaultAccount};

type Reduced<'py> = (Bound<'py, PyAny>, (&'static str, String));

/// What `__reduce__` gives.
pub fn reduce<'py>(py: Python<'py>, record: &dyn Record) -> PyResult<Reduced<'py>> {
    let restore = py.import("infosecops._infosecops")?.getattr("restore")?;
    Ok((restore, (record.class_name(), stored(record))))
}

/// Makes the object again.
#[pyfunction]
#[pyo3(signature = (class_name, text, /))]
pub fn restore<'py>(py: Python<'py>, class_name: &str, text: &str) -> PyResult<Bound<'py, PyAny>> {
    macro_rules! classes {
        ($($class:ident),* $(,)?) => {
            match class_name {
                $(stringify!($class) => restored::<$class>(text).map(|value| value.into_bound_py_any(py)),)*
                _ => None,
            }
        };
    }
    let made = classes!(
        AccessToken,
        AccountRequest,
        Agent,
        AgentState,
        ApplicationRole,
        Capability,
        ChangeResult,
        CommandResult,
        Connection,
        CoverageProblem,
        CoverageReport,
        CoverageRule,
        EnsureResult,
        Entitlement,
        Envelope,
        Event,
        GlobalRole,
        Group,
        Job,
        MaintenanceTask,
        ReviewItemChange,
        ReviewItemResult,
        ReviewStatus,
        ReviewUpdate,
        RevieweeAccount,
        RunStatus,
        SecuritySettings,
        VaultAccount,
    );
    made.unwrap_or_else(|| Err(PyValueError::new_err("not a pickle of this version of infosecops")))
}
