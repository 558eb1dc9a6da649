//! A job and the connection it runs. Servers vary the types of several fields between releases, and within one page.
//!
//! Documented: <https://docs.sdelements.com/release/4.12/api/docs/jobs>

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::core::lenient::{self, LossyText};
use crate::core::record::{Extra, Field, Params, View};
use crate::record;

/// A user as the API names one.
#[derive(Clone, Debug, PartialEq)]
pub enum User {
    /// By e-mail address.
    Text(String),
    /// By id.
    Id(i64),
}

impl Field for User {
    fn view(&self) -> View<'_> {
        match self {
            Self::Text(text) => View::Text(text),
            Self::Id(id) => View::Int(*id),
        }
    }

    fn restore(raw: &RawValue) -> Option<Self> {
        read_user(raw)
    }
}

record! {
    /// One run of a connection. It is pending until `ready`; only then does `succeeded` mean anything.
    core struct Job {
        required {
            /// The id.
            id: i64 = "id" => lenient::integer,
        }
        optional {
            /// Who ran it: an e-mail address, or an id. Of an expanded user this is the e-mail address, and the whole
            /// object stands in `extra` under `user`.
            user: User = "user" => read_user,
            /// Who asked for it, in newer releases, where `user` is a service account. Read like `user`.
            triggered_by: User = "triggered_by" => read_user,
            /// Whether it was scheduled rather than started by hand.
            automatic: bool = "automatic" => lenient::flag,
            /// Whether it has ended.
            ready: bool = "ready" => lenient::flag,
            /// Whether it ended well.
            succeeded: bool = "succeeded" => lenient::flag,
            /// What it has to say; mostly empty.
            result_message: String = "result_message" => lenient::text,
            /// When it ran last.
            last_run: Timestamp = "last_run" => lenient::time,
            /// What it runs.
            connection: Connection = "connection" => read_connection,
        }
        set {
            /// The last part of its path, such as `alm`. Empty if the job came from the list of all kinds and does
            /// not tell.
            kind: String,
        }
    }
}

record! {
    /// The settings of one integration.
    core struct Connection {
        required {}
        optional {
            /// The id.
            id: i64 = "id" => lenient::integer,
            /// Its name.
            alias: String = "alias" => lenient::text,
            /// The product at its other end. If the server describes it by an object this is its name, and the whole
            /// object stands in `extra` under `system`.
            system: String = "system" => lenient::text,
            /// How often it runs: hourly, daily, weekly, monthly or manually.
            frequency: String = "frequency" => lenient::text,
            /// The integration that runs, such as `sync_jira`.
            command: String = "command" => lenient::text,
            /// Its settings, passwords included. None when the token's user may not see them.
            params: Params = "params" => lenient::params,
            /// The project it belongs to; LDAP has none.
            project: i64 = "project" => lenient::integer,
            /// Whether SD Elements can't reach the other end, so that a remote agent runs it.
            inaccessible: bool = "inaccessible" => lenient::flag,
            /// Whether it runs now.
            in_progress: bool = "in_progress" => lenient::flag,
            /// Whether it logs more than usual.
            debug_mode: bool = "debug_mode" => lenient::flag,
        }
        set {
            /// The last part of its path, such as `alm`; inside a job that of the job.
            kind: String,
        }
    }
}

impl Job {
    /// Fills in what can't be read field by field.
    pub(super) fn complete(&mut self, kind: Option<&str>) {
        if self.user.is_none() {
            self.user = named(&self.extra, "user", &USER_NAMES, read_user);
        }
        if self.triggered_by.is_none() {
            self.triggered_by = named(&self.extra, "triggered_by", &USER_NAMES, read_user);
        }
        let told = || told_kind(&self.extra);
        self.kind = kind.map(str::to_owned).or_else(told).unwrap_or_default();
        if let Some(connection) = &mut self.connection {
            self.kind.clone_into(&mut connection.kind);
        }
    }

    /// Whether it has ended well.
    pub fn is_success(&self) -> bool {
        self.ready == Some(true) && self.succeeded == Some(true)
    }
}

impl Connection {
    /// Fills in what can't be read field by field.
    pub(super) fn complete(&mut self, kind: &str) {
        if self.system.is_none() {
            self.system = named(&self.extra, "system", &SYSTEM_NAMES, lenient::text);
        }
        kind.clone_into(&mut self.kind);
    }
}

/// Inferred: nobody documents how the list of all kinds tells them apart.
pub(super) fn told_kind(extra: &Extra) -> Option<String> {
    let mut keys = ["type", "kind"].iter();
    keys.find_map(|key| found(extra, key).and_then(lenient::exact_text))
}

const USER_NAMES: [&str; 4] = ["email", "username", "name", "id"];
const SYSTEM_NAMES: [&str; 3] = ["name", "short_name", "id"];

/// An object, or the bare id of the oldest revision of the API.
fn read_connection(raw: &RawValue) -> Option<Connection> {
    let mut connection: Connection = match lenient::integer(raw) {
        Some(id) => serde_json::from_str(&format!("{{\"id\":{id}}}")).ok()?,
        None => serde_json::from_str(raw.get()).ok()?,
    };
    connection.complete("");
    Some(connection)
}

fn found<'e>(extra: &'e Extra, key: &str) -> Option<&'e RawValue> {
    extra.0.iter().find(|(name, _)| name == key).map(|(_, raw)| &**raw)
}

/// The first of some names of an object that was kept under `key`.
fn named<T>(extra: &Extra, key: &str, names: &[&str], read: fn(&RawValue) -> Option<T>) -> Option<T> {
    let raw = found(extra, key)?;
    let object: HashMap<LossyText<'_>, &RawValue> = serde_json::from_str(raw.get()).ok()?;
    names
        .iter()
        .find_map(|name| object.get(*name).and_then(|raw| read(raw)))
}

fn read_user(raw: &RawValue) -> Option<User> {
    let number = raw.get().parse().ok().map(User::Id);
    number.or_else(|| lenient::exact_text(raw).map(User::Text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(text: &str) -> Job {
        let mut job: Job = serde_json::from_str(text).unwrap();
        job.complete(Some("alm"));
        job
    }

    /// The page's answer to one LDAP job, shortened in `params` only.
    const LDAP: &str = r#"{
    "automatic": false,
    "connection": {
        "id": 29,
        "alias": "gg'",
        "system": "LDAP",
        "frequency": "manually",
        "command": "sync_ldap",
        "params": {
            "bind_dn": "CN=Bind User2,CN=Users,DC=labs,DC=sdelements,DC=com",
            "user_schema": {
                "first_name": "gn"
            },
            "deactivation": false,
            "page_size": 666
        },
        "inaccessible": false
    },
    "id": 57,
    "last_run": "2017-01-05T18:38:42.604983Z",
    "ready": true,
    "result_message": "",
    "succeeded": true,
    "user": 1
}"#;

    #[test]
    fn the_documented_job_is_read() {
        let job = job(LDAP);
        let connection = job.connection.as_ref().unwrap();
        assert_eq!(
            (job.id, job.user.as_ref(), job.kind.as_str()),
            (57, Some(&User::Id(1)), "alm")
        );
        assert_eq!(
            (job.automatic, job.ready, job.succeeded),
            (Some(false), Some(true), Some(true))
        );
        assert_eq!(job.last_run.unwrap().as_microsecond(), 1_483_641_522_604_983);
        assert_eq!((connection.id, connection.alias.as_deref()), (Some(29), Some("gg'")));
        assert_eq!((connection.project, connection.inaccessible), (None, Some(false)));
        assert!(
            connection
                .params
                .as_ref()
                .unwrap()
                .0
                .get()
                .contains("\"page_size\": 666")
        );
        assert!(job.is_success());
    }

    #[test]
    fn users_are_texts_numbers_and_objects() {
        let whole = r#"{"id": 3, "email": "a+b@example.com", "is_active": true}"#;
        let cases = [
            (
                r#""admin@example.com""#,
                Some(User::Text("admin@example.com".into())),
                false,
            ),
            ("1", Some(User::Id(1)), false),
            (whole, Some(User::Text("a+b@example.com".into())), true),
            (r#"{"id": 3, "email": null}"#, Some(User::Id(3)), true),
            ("{}", None, true),
            ("[1]", None, true),
            ("null", None, false),
        ];
        for (raw, expected, kept) in cases {
            let job = job(&format!(r#"{{"id": 1, "user": {raw}, "triggered_by": {raw}}}"#));
            assert_eq!(job.user, expected, "{raw}");
            assert_eq!(job.triggered_by, expected, "{raw}");
            assert_eq!(found(&job.extra, "user").map(RawValue::get), kept.then_some(raw));
        }
    }

    #[test]
    fn connections_are_objects_and_ids() {
        let of = |raw: &str| job(&format!(r#"{{"id": 1, "connection": {raw}}}"#));
        assert_eq!(of("12").connection.unwrap().id, Some(12));
        assert_eq!(of("null").connection, None);
        assert_eq!(of("[]").connection, None);
        assert!(found(&of("[]").extra, "connection").is_some());
        let described = of(r#"{"system": {"id": "rally", "short_name": "R", "name": "Rally"}, "params": null}"#);
        let described = described.connection.unwrap();
        assert_eq!((described.system.as_deref(), &described.params), (Some("Rally"), &None));
        assert!(found(&described.extra, "system").is_some());
        assert_eq!(of("{}").connection.unwrap().params, None);
    }

    #[test]
    fn odd_fields_never_lose_the_job_and_secrets_stay_out_of_sight() {
        let job = job(
            r#"{"id": "7", "ready": 129, "last_run": "", "new": [1], "succeeded": "True",
            "connection": {"id": 1, "params": {"alm_pass": "hunter22"}}}"#,
        );
        assert_eq!(
            (job.id, job.ready, job.succeeded, job.last_run),
            (7, None, Some(true), None)
        );
        assert_eq!(found(&job.extra, "ready").unwrap().get(), "129");
        assert!(!format!("{job:?}").contains("hunter22"));
    }
}
