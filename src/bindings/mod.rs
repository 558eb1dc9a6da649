//! The Python extension module: exports only.

mod bamboo_agents;
mod client;
pub(crate) mod convert;
mod delivery;
mod engine;
mod errors;
mod events;
mod operation;
mod per_process;
mod raw;
mod sandbox;
mod sandbox_arguments;
mod sandbox_values;
mod secret;
mod settings;
mod site;

/// The native half of the package `infosecops`. Private: use the package.
#[pyo3::pymodule(gil_used = false)]
mod _infosecops {
    #[pymodule_export]
    use super::bamboo_agents::BambooAgents;
    #[pymodule_export]
    use super::events::Event;
    #[pymodule_export]
    use super::operation::{Operation, Task};
    #[pymodule_export]
    use super::raw::{RawCall, Response};
    #[pymodule_export]
    use super::sandbox::SandboxServer;
    #[pymodule_export]
    use super::sandbox_values::{JournalEntry, SandboxAccount};
    #[pymodule_export]
    use super::secret::wrap;
    #[pymodule_export]
    use super::settings::Settings;
    #[pymodule_export]
    use crate::core::retry::Retry;
    #[pymodule_export]
    use crate::core::secret::Secret;
    #[pymodule_export]
    use crate::systems::bamboo_agents::{AccessToken, EnsureResult};
}
