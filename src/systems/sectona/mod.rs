//! Sectona PAM, the password vault: one account's secret, and every other operation of the vault by its path.
//!
//! <https://docs.sectona.com/pam-technical-documentation/6.0/api-password-vault>

pub(crate) mod account;
pub(crate) mod codes;
pub(crate) mod date;
pub(crate) mod envelope;
mod json;
mod key_file;
mod printed;
mod session;
pub(crate) mod vault;
mod xml;

pub use account::VaultAccount;
pub use envelope::Envelope;
pub use session::{Accept, Sectona};
pub use vault::{AccountRequest, Many, call, request_password, request_passwords};

/// The product's own paths, which may stand at the end of a configured URL.
pub const API_PATHS: &[&[&str]] = &[&["API", "APP", "APP008", "RequestPassword"], &["API", "APP", "APP007"]];
