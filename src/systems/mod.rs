//! One folder per product: its wire format and nothing else.

pub mod bamboo_agents;
pub mod governance_lifecycle;
pub mod sd_elements;
pub mod sectona;
