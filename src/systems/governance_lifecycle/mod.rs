//! RSA / SecurID Governance & Lifecycle: the web-service commands behind `/aveksa/command.submit`.
//!
//! <https://pradeepkg.github.io/RSA/docs/apireference>

mod alike;
mod change;
mod change_parts;
mod changes;
pub(crate) mod command;
mod coverage;
mod coverage_check;
mod coverage_filter;
mod expected_answer;
pub(crate) mod login;
pub(crate) mod page;
mod recent_texts;
pub(crate) mod review;
pub(crate) mod review_answer;
pub(crate) mod review_match;
mod review_result;
mod review_status;
mod review_xml;
mod reviews;
mod session;
mod wait;
pub(crate) mod xml;

pub use change::{ApplicationRole, Entitlement, GlobalRole, Group, Item, ReviewItemChange, RevieweeAccount};
pub use change_parts::{Kind, Parts};
pub use changes::{Changes, Cursor, Gathering};
pub use command::{CommandResult, command};
pub use coverage::{Coverage, CoverageRule, CoverageUpload, checked as check_coverage, equals, upload_coverage};
pub use coverage_check::{CoverageProblem, CoverageReport};
pub use review::{
    Part, Progress, UpdateOptions, chunk_size, dry_run, known_part, merged, partial_failure, update_review_items,
};
pub use review_answer::ReviewItemResult;
pub use review_result::{Fate, ReviewUpdate, Settled};
pub use review_status::{ReviewStatus, RunStatus, SecuritySettings};
pub use review_xml::{check_change, check_day};
pub use reviews::{
    RefreshOptions, UnreviewedOptions, get_review_result, get_review_status, get_run_status, get_security_settings,
    keep_alive, refresh_review, run_review, set_review_state, update_unreviewed_items,
};
pub use session::{Auth, GovernanceLifecycle, end_own_sessions, login, logout};
pub use wait::wait_for_run;

/// The product's own paths, which may stand at the end of a configured URL.
pub const API_PATHS: &[&[&str]] = &[&["aveksa", "command.submit"]];
