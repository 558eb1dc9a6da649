//! Agent APIs for Bamboo, the plugin by Edward A. Webb: access tokens, in the paths of 1.5 and later and of before.

mod session;
mod token;
mod tokens;

pub use session::{Api, BambooAgents, Login};
pub use token::{AccessToken, EnsureResult};
pub use tokens::{TokenChange, TokenRef, create, ensure, find, list, revoke, update};

/// The product's own paths, which may stand at the end of a configured URL.
pub const API_PATHS: &[&[&str]] = &[
    &["rest", "agent-config", "1.0", "tokens"],
    &["rest", "agent", "1.0", "tokens"],
    &["rest", "agents", "1.0"],
];
