//! The Python extension module: exports only.

mod agents;
pub(crate) mod argument;
mod bamboo_agents;
mod bulk;
mod client;
pub(crate) mod convert;
mod coverage;
mod delivery;
mod engine;
mod errors;
mod events;
mod fields;
mod found;
mod governance_lifecycle;
mod guarded;
mod handed;
mod handle;
mod jobs;
mod login;
mod operation;
mod params;
mod per_process;
pub(crate) mod pickle;
mod raw;
mod reference;
mod report;
mod review;
mod review_input;
mod review_reading;
mod review_values;
mod sandbox;
mod sandbox_arguments;
mod sandbox_values;
mod sd_elements;
mod secret;
mod secret_file;
mod sectona;
mod settings;
mod site;
mod vault_requests;

/// Wipes whatever Rust code of this module gives back: passwords pass through buffers of the HTTP and TLS libraries that
/// nobody else would wipe.
#[global_allocator]
static WIPING: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

/// The native half of the package `infosecops`. Private: use the package.
#[pyo3::pymodule(gil_used = false)]
mod _infosecops {
    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "the name that Python packages use")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_export]
    use super::agents::Agents;
    #[pymodule_export]
    use super::bamboo_agents::BambooAgents;
    #[pymodule_export]
    use super::coverage::{check_coverage, equals};
    #[pymodule_export]
    use super::events::Event;
    #[pymodule_export]
    use super::found::{Found, setting_names};
    #[pymodule_export]
    use super::governance_lifecycle::GovernanceLifecycle;
    #[pymodule_export]
    use super::jobs::{Connection, Job};
    #[pymodule_export]
    use super::login::{TrustedApp, UserLogin};
    #[pymodule_export]
    use super::operation::{Operation, Task};
    #[pymodule_export]
    use super::pickle::restore;
    #[pymodule_export]
    use super::raw::{RawCall, Response};
    #[pymodule_export]
    use super::reference::SecretReference;
    #[pymodule_export]
    use super::report::config_rows;
    #[pymodule_export]
    use super::review::{ChangeResult, ResultIterator, RetryChanges};
    #[pymodule_export]
    use super::review_input::change_of_row;
    #[pymodule_export]
    use super::sandbox::SandboxServer;
    #[pymodule_export]
    use super::sandbox_values::{JournalEntry, SandboxAccount};
    #[pymodule_export]
    use super::sd_elements::{ConnectionPages, JobPages, SDElements};
    #[pymodule_export]
    use super::secret::wrap;
    #[pymodule_export]
    use super::sectona::Sectona;
    #[pymodule_export]
    use super::settings::Settings;
    #[pymodule_export]
    use crate::core::retry::Retry;
    #[pymodule_export]
    use crate::core::secret::Secret;
    #[pymodule_export]
    use crate::core::secret_file::SecretFile;
    #[pymodule_export]
    use crate::systems::bamboo_agents::{AccessToken, Agent, AgentState, Capability, EnsureResult, MaintenanceTask};
    #[pymodule_export]
    use crate::systems::governance_lifecycle::{
        ApplicationRole, CommandResult, CoverageProblem, CoverageReport, CoverageRule, Entitlement, GlobalRole, Group,
        ReviewItemChange, ReviewItemResult, ReviewStatus, ReviewUpdate, RevieweeAccount, RunStatus, SecuritySettings,
    };
    #[pymodule_export]
    use crate::systems::sectona::{AccountRequest, Envelope, VaultAccount};

    #[pymodule_init]
    fn init(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        super::engine::close_at_exit(module.py())
    }
}
