//! Tokens and agents as rows of a table. The uuid of a token is a secret and has no column.

use super::agent::Agent;
use super::token::AccessToken;
use crate::core::columns::{Column, Tabular, flag, int, text};

impl Tabular for AccessToken {
    const COLUMNS: &'static [Column<Self>] = &[
        text("name", |token| Some(&token.name)),
        flag("read", |token| Some(token.read)),
        flag("change", |token| Some(token.change)),
    ];
}

impl Tabular for Agent {
    const COLUMNS: &'static [Column<Self>] = &[
        int("id", |agent| Some(agent.id)),
        text("name", |agent| agent.name.as_deref()),
        flag("enabled", |agent| agent.enabled),
        flag("busy", |agent| agent.busy),
        flag("online", |agent| agent.online),
    ];
}
