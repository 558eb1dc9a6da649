//! Agent APIs for Bamboo, the plugin by Edward A. Webb: access tokens and the agents that they open, in the paths of 1.5
//! and later and of before.

mod agent;
mod agents;
mod columns;
mod idle;
mod login_refused;
mod maintenance;
mod opened;
mod session;
mod text;
mod token;
mod tokens;

pub use agent::{Agent, AgentState, Capability};
pub use agents::{capabilities, clear_capabilities, list_agents, state, switch, target_version};
pub use idle::{Patience, wait_until_idle};
pub use maintenance::{MaintenanceTask, ask_until_granted, finish_maintenance, give_back, maintenance};
pub use opened::{Form, Opened};
pub use session::{Api, BambooAgents, Login};
#[cfg(feature = "fuzzing")]
pub(crate) use text::read as read_text;
pub use token::{AccessToken, EnsureResult};
pub use tokens::{TokenChange, TokenRef, create, ensure, find, list, revoke, update};

/// The product's own paths, which may stand at the end of a configured URL.
pub const API_PATHS: &[&[&str]] = &[
    &["rest", "agent-config", "1.0", "tokens"],
    &["rest", "agent", "1.0", "tokens"],
    &["rest", "agents", "1.0"],
];
