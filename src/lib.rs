//! Clients for four security platforms: RSA Governance & Lifecycle, SD Elements, Sectona PAM and Agent APIs for Bamboo.

pub mod sandbox;
