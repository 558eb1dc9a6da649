//! SD Elements: `/api/v2/…`, its token authentication, the routes and the lists. The bodies of errors are those of the
//! framework behind it (inferred).

mod data;
mod job_requests;

use serde_json::{Map, Value, json};

use super::auth::{Credentials, authorization};
use super::exchange::{Answer, Request};
use super::jobs::{JobEnd, Schedule};
use data::{ADMIN, Connection, Job, VIEWER};

pub(crate) use data::secrets;

const NOT_FOUND: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>Not Found</title>\n</head>\n<body>\n  \
    <h1>Not Found</h1><p>The requested resource was not found on this server.</p>\n</body>\n</html>\n";

/// State of the SD Elements server.
pub(crate) struct State {
    pub schedule: Schedule,
    connections: Vec<Connection>,
    jobs: Vec<Job>,
}

/// The resources it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    AllJobs,
    Jobs { kind: &'static str, project: Option<u64> },
    Job { kind: &'static str, id: u64 },
    Connections { kind: &'static str },
    Connection { kind: &'static str, id: u64 },
    Me,
}

/// Who asks.
#[derive(Clone, Copy)]
struct Caller {
    user: (u64, &'static str),
    privileged: bool,
}

/// Finds the resource of a path; its final slash is required.
fn route(path: &str) -> Option<Route> {
    let rest = path.strip_prefix("/api/v2/")?.strip_suffix('/')?;
    let parts: Vec<&str> = rest.split('/').collect();
    let (project, parts) = match parts.as_slice() {
        ["projects", project, rest @ ..] => (Some(project.parse::<u64>().ok()?), rest),
        rest => (None, rest),
    };
    match (parts, project) {
        (["users", "me"], None) => Some(Route::Me),
        (["jobs"], None) => Some(Route::AllJobs),
        // LDAP has no projects.
        (["jobs", "ldap", ..], Some(_)) => None,
        (["jobs", kind], project) => Some(Route::Jobs {
            kind: data::kind_named(kind)?,
            project,
        }),
        (["jobs", kind, id], _) => Some(Route::Job {
            kind: data::kind_named(kind)?,
            id: id.parse().ok()?,
        }),
        (["connections", kind], None) => Some(Route::Connections {
            kind: data::kind_named(kind)?,
        }),
        (["connections", kind, id], None) => Some(Route::Connection {
            kind: data::kind_named(kind)?,
            id: id.parse().ok()?,
        }),
        _ => None,
    }
}

/// The operation's name. Start and report are told apart by the body.
pub(crate) fn operation(request: &Request) -> Option<String> {
    let slashed = format!("{}/", request.path.trim_end_matches('/'));
    let name = match route(&slashed) {
        Some(Route::Me) => "users.me".to_owned(),
        Some(Route::AllJobs) => "jobs.list".to_owned(),
        Some(Route::Jobs { kind, .. }) if request.method == "POST" => {
            if !request.complete {
                return None;
            }
            let ready = request.json().ok().and_then(|body| body.get("ready").cloned());
            let starts = ready.is_some_and(|ready| job_requests::boolean(&ready) == Some(false));
            format!("jobs.{kind}.{}", if starts { "start" } else { "report" })
        }
        Some(Route::Jobs { kind, .. }) => format!("jobs.{kind}.list"),
        Some(Route::Job { kind, .. }) => format!("jobs.{kind}.get"),
        Some(Route::Connections { kind }) => format!("connections.{kind}.list"),
        Some(Route::Connection { kind, .. }) => format!("connections.{kind}.get"),
        None => String::new(),
    };
    Some(name)
}

impl State {
    pub fn new() -> State {
        State {
            schedule: Schedule::default(),
            connections: data::connections(),
            jobs: data::jobs(),
        }
    }

    /// Answers one request.
    pub fn answer(&mut self, credentials: &Credentials, request: &Request, url: &str) -> Answer {
        let Some(route) = route(&request.path) else {
            let slashed = format!("{}/", request.path);
            if self::route(&slashed).is_none() {
                return Answer::html(404, NOT_FOUND);
            }
            // Every method is redirected, POST too: a client that follows it gets the list and creates nothing.
            let query = if request.raw_query.is_empty() {
                String::new()
            } else {
                format!("?{}", request.raw_query)
            };
            return Answer::html(301, "").with("Location", format!("{slashed}{query}"));
        };
        let caller = match authenticate(credentials, request) {
            Ok(caller) => caller,
            Err(detail) => return Answer::json(401, &json!({"detail": detail})).with("WWW-Authenticate", "Token"),
        };
        match (request.method.as_str(), route) {
            ("GET" | "HEAD", Route::Me) => Answer::json(200, &user(caller.user)),
            ("GET" | "HEAD", Route::AllJobs) => self.list_jobs(None, None, caller, request, url),
            ("GET" | "HEAD", Route::Jobs { kind, project }) => {
                self.list_jobs(Some(kind), project, caller, request, url)
            }
            ("GET" | "HEAD", Route::Job { kind, id }) => self.get_job(kind, id, caller),
            ("POST", Route::Jobs { kind, .. }) => self.create_job(kind, caller, request),
            ("GET" | "HEAD", Route::Connections { kind }) => {
                let project = request.parameter("project").and_then(|text| text.parse::<u64>().ok());
                let selected = |connection: &&Connection| {
                    connection.kind == kind && (project.is_none() || connection.project == project)
                };
                let values = self
                    .connections
                    .iter()
                    .filter(selected)
                    .map(|found| found.value(caller.privileged));
                listed(values.collect(), request, url)
            }
            ("GET" | "HEAD", Route::Connection { kind, id }) => match self.connection(kind, id) {
                Some(connection) => Answer::json(200, &connection.value(caller.privileged)),
                None => not_found(),
            },
            (method, _) => Answer::json(405, &json!({"detail": format!("Method \"{method}\" not allowed.")})),
        }
    }

    /// Ends the newest job with this id that is not ready. False when there is none.
    pub fn finish_job(&mut self, kind: Option<&str>, id: u64, end: &JobEnd) -> bool {
        let wanted = |job: &&mut Job| job.id == id && !job.ready && kind.is_none_or(|kind| job.kind == kind);
        match self.jobs.iter_mut().rev().find(wanted) {
            Some(job) => {
                finish(job, end);
                true
            }
            None => false,
        }
    }

    fn connection(&self, kind: &str, id: u64) -> Option<&Connection> {
        self.connections
            .iter()
            .find(|connection| connection.kind == kind && connection.id == id)
    }

    fn job_value(&self, job: &Job, caller: Caller) -> Value {
        let connection = self.connection(job.kind, job.connection);
        json!({
            "id": job.id,
            "user": job.user.1,
            "succeeded": job.succeeded,
            "automatic": job.automatic,
            "ready": job.ready,
            "result_message": job.result_message,
            "last_run": job.last_run,
            "connection": connection.map(|connection| connection.value(caller.privileged)),
        })
    }

    fn get_job(&mut self, kind: &str, id: u64, caller: Caller) -> Answer {
        let Some(job) = self.jobs.iter_mut().find(|job| job.kind == kind && job.id == id) else {
            return not_found();
        };
        if let Some(end) = job.work.as_mut().and_then(|work| work.poll().cloned()) {
            finish(job, &end);
        }
        let job = job.clone();
        let mut value = self.job_value(&job, caller);
        // The page prints an e-mail in the LDAP list and an id here.
        if kind == "ldap" {
            set(&mut value, "user", json!(job.user.0));
        }
        Answer::json(200, &value)
    }

    fn list_jobs(
        &mut self,
        kind: Option<&str>,
        project: Option<u64>,
        caller: Caller,
        request: &Request,
        url: &str,
    ) -> Answer {
        for job in &mut self.jobs {
            if let Some(end) = job.work.as_ref().and_then(|work| work.due().cloned()) {
                finish(job, &end);
            }
        }
        let given = |name: &str| request.parameter(name).filter(|text| !text.is_empty());
        let wanted_connection = match given("connection").map(str::parse::<u64>) {
            Some(Err(_)) => return Answer::json(400, &json!({"connection": ["Enter a number."]})),
            Some(Ok(id)) => Some(id),
            None => None,
        };
        // An unknown word filters nothing.
        let flag = |name: &str| match given(name).map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "1") => Some(true),
            Some("false" | "0") => Some(false),
            _ => None,
        };
        let (automatic, ready, succeeded) = (flag("automatic"), flag("ready"), flag("succeeded"));
        let wanted_user = given("user");
        let selected = |job: &&Job| {
            kind.is_none_or(|kind| job.kind == kind)
                && wanted_connection.is_none_or(|id| job.connection == id)
                && automatic.is_none_or(|flag| job.automatic == flag)
                && ready.is_none_or(|flag| job.ready == flag)
                && succeeded.is_none_or(|flag| job.succeeded == flag)
                && wanted_user.is_none_or(|email| job.user.1 == email)
                && project.is_none_or(|project| {
                    self.connection(job.kind, job.connection)
                        .and_then(|found| found.project)
                        == Some(project)
                })
        };
        let expand = given("expand").unwrap_or_default();
        let value_of = |job: &Job| {
            let mut value = self.job_value(job, caller);
            if kind.is_none() {
                // Newer releases tell who asked for the run beside who ran it.
                set(&mut value, "triggered_by", json!(job.user.1));
            }
            for name in expand.split(',').filter(|name| ["user", "triggered_by"].contains(name)) {
                if value.get(name).is_some() {
                    set(&mut value, name, user(job.user));
                }
            }
            value
        };
        listed(self.jobs.iter().filter(selected).map(value_of).collect(), request, url)
    }
}

fn finish(job: &mut Job, end: &JobEnd) {
    job.ready = true;
    job.succeeded = end.succeeded;
    job.result_message.clone_from(&end.message);
    job.last_run = data::now();
    job.work = None;
}

fn set(value: &mut Value, name: &str, to: Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.insert(name.to_owned(), to);
    }
}

fn not_found() -> Answer {
    Answer::json(404, &json!({"detail": "Not found."}))
}

fn user((id, email): (u64, &str)) -> Value {
    json!({"id": id, "email": email, "first_name": "Sandbox", "last_name": "User", "is_active": true,
           "is_superuser": id == ADMIN.0})
}

fn authenticate(credentials: &Credentials, request: &Request) -> Result<Caller, &'static str> {
    let Some((scheme, key)) = authorization(request) else {
        return Err("Authentication credentials were not provided.");
    };
    if scheme != "token" {
        return Err("Authentication credentials were not provided.");
    }
    if key.contains(' ') {
        return Err("Invalid token header. Token string should not contain spaces.");
    }
    if key == credentials.sde_token {
        Ok(Caller {
            user: ADMIN,
            privileged: true,
        })
    } else if key == credentials.sde_limited_token {
        Ok(Caller {
            user: VIEWER,
            privileged: false,
        })
    } else {
        Err("Invalid token.")
    }
}

/// A list: all results, or one page of them with its neighbours' absolute addresses.
fn listed(values: Vec<Value>, request: &Request, url: &str) -> Answer {
    let number = |name: &str| request.parameter(name).and_then(|text| text.parse::<usize>().ok());
    let Some(size) = number("page_size").filter(|size| *size > 0) else {
        return Answer::json(200, &json!({"results": values}));
    };
    let pages = values.len().div_ceil(size).max(1);
    let page = match request.parameter("page") {
        None | Some("") => 1,
        Some("last") => pages,
        Some(text) => text.parse().unwrap_or(0),
    };
    if page == 0 || page > pages {
        return Answer::json(404, &json!({"detail": "Invalid page."}));
    }
    // The server builds them from the host that it was called by.
    let host = request.header("host");
    let origin = if host.is_empty() {
        url.to_owned()
    } else {
        format!("http://{host}")
    };
    let address = |page: usize| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(request.query.iter().filter(|(name, _)| name != "page"));
        if page > 1 {
            query.append_pair("page", &page.to_string());
        }
        format!("{origin}{}?{}", request.path, query.finish())
    };
    let count = values.len();
    let results: Vec<Value> = values.into_iter().skip((page - 1) * size).take(size).collect();
    let mut object = Map::new();
    object.insert("count".to_owned(), json!(count));
    object.insert(
        "next".to_owned(),
        if page < pages {
            json!(address(page + 1))
        } else {
            Value::Null
        },
    );
    object.insert(
        "previous".to_owned(),
        if page > 1 {
            json!(address(page - 1))
        } else {
            Value::Null
        },
    );
    object.insert("results".to_owned(), Value::Array(results));
    Answer::json(200, &Value::Object(object))
}
