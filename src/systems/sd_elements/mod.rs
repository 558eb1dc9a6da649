//! SD Elements, API v2: jobs of every kind and the connections they run.
//!
//! <https://docs.sdelements.com/release/4.12/api/docs/jobs>

mod columns;
mod connections;
mod job;
mod jobs;
mod packed_connection;
mod packed_job;
pub(crate) mod pages;
pub(crate) mod session;
mod usual;
mod wait;

pub use connections::{ConnectionFilter, get as get_connection, list as list_connections};
pub use job::{Connection, Job, User};
pub use jobs::{KINDS, ListFilter, Report, check_kind, find_running, get, list, list_of, report, start};
pub use packed_connection::{ConnectionFlag, ConnectionText, PackedConnection};
pub use packed_job::{JobFlag, JobText, PackedJob};
pub use pages::{Item, PageCursor};
pub use session::SdElements;
pub use wait::{job_failed, wait, wait_all};

/// The product's own paths, which may stand at the end of a configured URL.
pub const API_PATHS: &[&[&str]] = &[&["api", "v2"]];
