//! The sandbox, spoken to in literal bytes over a plain socket.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod sandbox_bamboo;
mod sandbox_faults;
mod sandbox_governance;
mod sandbox_journal;
mod sandbox_review_items;
mod sandbox_sde;
mod sandbox_sectona;
mod sandbox_wire;
