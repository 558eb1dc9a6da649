//! Jobs and connections as rows of a table. `params` and `extra` are free JSON and have no column.

use super::job::Connection;
use super::packed_connection::{ConnectionFlag, ConnectionText};
use super::packed_job::{JobFlag, JobText, PackedJob};
use crate::core::columns::{Column, Group, Tabular, flag, int, text, time};

impl Tabular for PackedJob {
    const COLUMNS: &'static [Column<Self>] = &[
        int("id", |job| Some(job.id())),
        text("kind", |job| Some(job.kind())),
        // Of an id the digits: one column has one type.
        text("user", |job| job.text(JobText::User)),
        text("triggered_by", |job| job.text(JobText::TriggeredBy)),
        flag("automatic", |job| job.flag(JobFlag::Automatic)),
        flag("ready", |job| job.flag(JobFlag::Ready)),
        flag("succeeded", |job| job.flag(JobFlag::Succeeded)),
        text("result_message", |job| job.text(JobText::Message)),
        time("last_run", Self::last_run),
    ];
    const GROUP: Option<Group<Self>> = Some(Group {
        name: "connection",
        exists: |job| job.connection().is_some(),
        columns: &[
            int("id", |job| job.connection()?.id()),
            text("kind", |job| job.connection().map(|_| job.kind())),
            text("alias", |job| job.connection()?.text(ConnectionText::Alias)),
            text("system", |job| job.connection()?.text(ConnectionText::System)),
            text("frequency", |job| job.connection()?.text(ConnectionText::Frequency)),
            text("command", |job| job.connection()?.text(ConnectionText::Command)),
            int("project", |job| job.connection()?.project()),
            flag("inaccessible", |job| {
                job.connection()?.flag(ConnectionFlag::Inaccessible)
            }),
            flag("in_progress", |job| job.connection()?.flag(ConnectionFlag::InProgress)),
            flag("debug_mode", |job| job.connection()?.flag(ConnectionFlag::DebugMode)),
        ],
    });
}

impl Tabular for Connection {
    const COLUMNS: &'static [Column<Self>] = &[
        int("id", |connection| connection.id),
        text("kind", |connection| Some(&connection.kind)),
        text("alias", |connection| connection.alias.as_deref()),
        text("system", |connection| connection.system.as_deref()),
        text("frequency", |connection| connection.frequency.as_deref()),
        text("command", |connection| connection.command.as_deref()),
        int("project", |connection| connection.project),
        flag("inaccessible", |connection| connection.inaccessible),
        flag("in_progress", |connection| connection.in_progress),
        flag("debug_mode", |connection| connection.debug_mode),
    ];
}
