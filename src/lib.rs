//! Clients for four security platforms: RSA Governance & Lifecycle, SD Elements, Sectona PAM and Agent APIs for Bamboo.
//!
//! [`core`] is what the clients share, [`systems`] holds each product's wire format, [`sandbox`] serves all four on a
//! loopback port. The Python bindings stand behind the feature `python`; nothing else names Python.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

#[cfg(feature = "python")]
mod bindings;
#[deny(missing_docs)]
pub mod core;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
#[deny(missing_docs)]
pub mod sandbox;
#[deny(missing_docs)]
pub mod systems;
