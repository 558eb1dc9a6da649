//! The Python extension module: exports only.

mod agents;
pub(crate) mod argument;
#[cfg_attr(not(feature = "arrow"), path = "no_arrow.rs")]
mod arrow;
mod bamboo_agents;
mod bulk;
mod classes;
mod client;
pub(crate) mod convert;
mod coverage;
mod delivery;
mod engine;
mod errands;
mod errors;
mod event_loop;
mod events;
mod fields;
mod found;
mod frames;
mod governance_lifecycle;
mod guarded;
mod handed;
mod handle;
mod idle;
mod jobs;
mod login;
#[cfg_attr(not(unix), path = "no_mailbox.rs")]
mod mailbox;
mod offloaded;
mod operation;
mod pages;
mod params;
mod per_process;
pub(crate) mod pickle;
mod pump;
mod python_code;
mod raw;
mod reference;
mod report;
mod review;
mod review_dict;
mod review_input;
mod review_plan;
mod review_reading;
mod review_values;
mod rows;
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
    use super::classes::__getattr__;
    #[pymodule_export]
    use super::coverage::{check_coverage, equals};
    #[pymodule_export]
    use super::found::setting_names;
    #[pymodule_export]
    use super::pickle::restore;
    #[pymodule_export]
    use super::report::config_rows;
    #[pymodule_export]
    use super::review_input::change_of_row;
    #[pymodule_export]
    use super::rows::restore_rows;
    #[pymodule_export]
    use super::secret::wrap;
    #[pymodule_export]
    use super::vault_requests::account_requests;

    #[pymodule_init]
    fn init(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        super::python_code::refuse_sub_interpreters(module.py())?;
        crate::core::generation::watch_forks()?;
        super::classes::announce(module)?;
        super::engine::close_at_exit(module.py())
    }
}
