//! What the four clients share: settings, one HTTP attempt, retries by effect, errors, secrets, decoding.
//! Nothing here names Python.

pub mod answer;
pub mod basic_auth;
pub mod body;
pub mod bulk;
pub mod cause;
pub mod config;
pub mod credential;
pub mod decode;
pub mod depth;
mod direct;
pub mod error;
pub mod event;
pub mod failover;
pub mod found;
pub mod http_client;
pub mod lenient;
pub mod packed;
mod pem;
pub mod poll;
pub mod problems;
pub mod proxy;
pub mod proxy_refusal;
pub mod record;
pub mod redact;
pub mod request;
pub mod retry;
pub mod roots;
pub mod secret;
pub mod secret_file;
pub mod stored;
pub mod system;
pub mod target;
mod telling;
mod tls;
pub mod transport;
