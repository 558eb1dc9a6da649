//! POST to a list of jobs: starting a run and reporting a result share one address, only `ready` tells them apart.

use serde_json::{Map, Value, json};

use super::data::{self, Job};
use super::{Caller, State};
use crate::sandbox::exchange::{Answer, Request};
use crate::sandbox::jobs::Work;

const REQUIRED: &str = "This field is required.";

/// A boolean as the framework reads it: also a few words and numbers.
pub(super) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => match number.as_u64() {
            Some(1) => Some(true),
            Some(0) => Some(false),
            _ => None,
        },
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// The fields of a body and what is wrong with them.
struct Fields<'a> {
    given: &'a Map<String, Value>,
    errors: Map<String, Value>,
}

impl Fields<'_> {
    fn fail(&mut self, name: &str, message: &str) {
        self.errors.insert(name.to_owned(), json!([message]));
    }

    fn flag(&mut self, name: &str, required: bool) -> Option<bool> {
        match self.given.get(name) {
            None if required => self.fail(name, REQUIRED),
            None => {}
            Some(Value::Null) => self.fail(name, "This field may not be null."),
            Some(value) => match boolean(value) {
                Some(flag) => return Some(flag),
                None => self.fail(name, "Must be a valid boolean."),
            },
        }
        None
    }

    fn text(&mut self, name: &str, required: bool) -> Option<String> {
        match self.given.get(name) {
            None if required => self.fail(name, REQUIRED),
            None => {}
            Some(Value::String(text)) => return Some(text.clone()),
            Some(Value::Number(number)) => return Some(number.to_string()),
            Some(Value::Null) => self.fail(name, "This field may not be null."),
            Some(_) => self.fail(name, "Not a valid string."),
        }
        None
    }

    fn connection(&mut self, exists: impl Fn(u64) -> bool) -> Option<u64> {
        let (id, shown) = match self.given.get("connection") {
            None => {
                self.fail("connection", REQUIRED);
                return None;
            }
            Some(Value::Null) => {
                self.fail("connection", "This field may not be null.");
                return None;
            }
            Some(Value::Number(number)) => (number.as_u64(), number.to_string()),
            Some(Value::String(text)) => (text.parse().ok(), text.clone()),
            Some(_) => (None, "object".to_owned()),
        };
        let found = id.filter(|id| exists(*id));
        if found.is_none() {
            self.fail(
                "connection",
                &format!("Invalid pk \"{shown}\" - object does not exist."),
            );
        }
        found
    }
}

impl State {
    pub(super) fn create_job(&mut self, kind: &'static str, caller: Caller, request: &Request) -> Answer {
        if !caller.privileged {
            return Answer::json(
                403,
                &json!({"detail": "You do not have permission to perform this action."}),
            );
        }
        // The documented examples send no content type.
        let media_type = request.media_type();
        if !media_type.is_empty() && media_type != "application/json" {
            let detail = format!("Unsupported media type \"{media_type}\" in request.");
            return Answer::json(415, &json!({"detail": detail}));
        }
        let body = match request.json() {
            Ok(Value::Object(fields)) => fields,
            Ok(_) => {
                let message = "Invalid data. Expected a dictionary.";
                return Answer::json(400, &json!({"non_field_errors": [message]}));
            }
            Err(error) => return Answer::json(400, &json!({"detail": format!("JSON parse error - {error}")})),
        };
        let mut fields = Fields {
            given: &body,
            errors: Map::new(),
        };
        let ready = fields.flag("ready", false).unwrap_or(true);
        let automatic = fields.flag("automatic", true).unwrap_or_default();
        let connection = fields.connection(|id| self.connection(kind, id).is_some());
        // The two tables of the page: a start needs neither of these, a report needs both.
        let succeeded = fields.flag("succeeded", ready).unwrap_or_default();
        let result_message = fields.text("result_message", ready).unwrap_or_default();
        let connection = match connection {
            Some(connection) if fields.errors.is_empty() => connection,
            _ => return Answer::json(400, &Value::Object(fields.errors)),
        };
        let id = self.jobs.iter().map(|job| job.id + 1).max().unwrap_or(1);
        let job = Job {
            kind,
            id,
            user: caller.user,
            automatic,
            ready,
            succeeded: ready && succeeded,
            result_message,
            last_run: data::now(),
            connection,
            work: (!ready).then(|| Work::new(&self.schedule)),
        };
        let mut value = self.job_value(&job, caller);
        // As the page prints it in the answer to a reported LDAP result.
        if kind == "ldap" && ready {
            super::set(&mut value, "user", json!(caller.user.0));
        }
        self.jobs.push(job);
        Answer::json(201, &value).applied()
    }
}
