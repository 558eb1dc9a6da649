//! The job operations. Start and report are the same URL, told apart by `ready` alone; every path ends with a slash,
//! or a POST is redirected and lost.
//!
//! Documented: <https://docs.sdelements.com/release/4.12/api/docs/jobs>

use http::Method;
use serde::Serialize;

use super::job::Job;
use super::pages::{Item, PageCursor};
use super::session::SdElements;
use crate::core::answer::Answer;
use crate::core::error::{Error, System};
use crate::core::request::{Backend, Request};
use crate::core::retry::Effect;
use crate::core::scan::{Scan, Stop};
use crate::core::target::Target;
use crate::core::transport::Call;

/// The kinds known today. Newer releases call alm issue-tracker (inferred for this path from their other ones); any
/// other kind is passed on as it is.
pub const KINDS: [&str; 4] = ["alm", "analysis", "ldap", "issue-tracker"];

/// Which jobs to list; what is None does not count.
#[derive(Clone, Debug, Default)]
pub struct ListFilter {
    /// Scheduled or started by hand.
    pub automatic: Option<bool>,
    /// Of this connection.
    pub connection: Option<i64>,
    /// Ended or pending.
    pub ready: Option<bool>,
    /// Ended well or not.
    pub succeeded: Option<bool>,
    /// Run by the user with this e-mail address.
    pub user: Option<String>,
    /// Fields to give as objects, separated by commas, such as `user,triggered_by`.
    pub expand: Option<String>,
    /// Records in one answer; None leaves it to the server.
    pub page_size: Option<u32>,
    /// Records at most, over all pages.
    pub limit: Option<u64>,
}

impl Item for Job {
    type Known = ();

    fn read(scan: &mut Scan<'_>, kind: Option<&str>, (): &mut ()) -> Result<Option<Self>, Stop> {
        let mut job: Option<Self> = serde_json::from_str(scan.value()?).ok();
        if let Some(job) = &mut job {
            job.complete(kind);
        }
        Ok(job)
    }
}

/// The jobs of one kind, or of all kinds (None; from release 5.2 on). Fetches nothing yet.
pub fn list(kind: Option<&str>, filter: &ListFilter) -> Result<PageCursor<Job>, Error> {
    list_of(kind, filter)
}

/// The same in another form of job, such as [`PackedJob`](super::PackedJob).
pub fn list_of<T: Item>(kind: Option<&str>, filter: &ListFilter) -> Result<PageCursor<T>, Error> {
    let operation = kind.map_or_else(|| "jobs.list".to_owned(), |kind| format!("jobs.{kind}.list"));
    list_as(operation, kind, filter)
}

/// The newest run of a connection that has not ended, None if there is none: whoever looks before a start does not start
/// the same thing twice.
pub async fn find_running(client: &SdElements, call: &Call, kind: &str, connection: i64) -> Result<Option<Job>, Error> {
    let filter = ListFilter {
        connection: Some(connection),
        ready: Some(false),
        ..ListFilter::default()
    };
    let mut pages = list_as::<Job>(format!("jobs.{kind}.find_running"), Some(kind), &filter)?;
    let mut newest: Option<Job> = None;
    while let Some(page) = pages.next(client, call).await? {
        // A server that does not know the filter gives ended ones too. The id of its connection that a job tells can't be
        // relied on: documented is a job that tells another one than was started.
        let pending = page.into_iter().filter(|job| job.ready == Some(false));
        newest = newest.into_iter().chain(pending).max_by_key(|job| job.id);
    }
    Ok(newest)
}

fn list_as<T: Item>(operation: String, kind: Option<&str>, filter: &ListFilter) -> Result<PageCursor<T>, Error> {
    let made = match kind {
        Some(kind) => kind_path("/api/v2/jobs/", kind),
        None => Ok(Target::new("/api/v2/jobs/")),
    };
    let path = made
        .and_then(|path| checked_page_size(filter.page_size).map(|()| path))
        .map_err(|error| refused(&operation, error))?;
    let flag = |value: Option<bool>| value.map(|value| if value { "true" } else { "false" });
    let first = path
        .clone()
        .maybe("automatic", flag(filter.automatic))
        .maybe("connection", filter.connection.map(|id| id.to_string()).as_deref())
        .maybe("ready", flag(filter.ready))
        .maybe("succeeded", flag(filter.succeeded))
        .maybe("user", filter.user.as_deref())
        .maybe("expand", filter.expand.as_deref())
        .maybe("page_size", filter.page_size.map(|size| size.to_string()).as_deref());
    Ok(PageCursor::new(operation, path, first, kind, filter.limit))
}

/// One job.
pub async fn get(client: &SdElements, call: &Call, kind: &str, id: i64) -> Result<Job, Error> {
    get_as(client, call, format!("jobs.{kind}.get"), kind, id).await
}

pub(super) async fn get_as(
    client: &SdElements,
    call: &Call,
    operation: String,
    kind: &str,
    id: i64,
) -> Result<Job, Error> {
    let target = kind_path("/api/v2/jobs/", kind)
        .map_err(|error| call.refuse(&operation, error))?
        .then(&format!("{id}/"));
    let request = Request::new(operation, Method::GET, target, Effect::Read).with_secret_answer();
    let answer = client.send(call, request).await?;
    let job = read(&answer, kind)?;
    if job.id != id {
        return Err(answer.unexpected(&format!("the server answered about job {}, not {id}", job.id)));
    }
    Ok(job)
}

#[derive(Serialize)]
struct StartBody {
    connection: i64,
    automatic: bool,
    ready: bool,
}

/// Queues a run of a connection and gives its job, most likely still pending. Never sent twice.
pub async fn start(
    client: &SdElements,
    call: &Call,
    kind: &str,
    connection: i64,
    automatic: bool,
    project: Option<i64>,
) -> Result<Job, Error> {
    let body = StartBody {
        connection,
        automatic,
        // Without it the server records a job that has ended and starts nothing.
        ready: false,
    };
    let check = format!(
        "before starting it again, look whether it runs: jobs.{kind}.list(connection={connection}) shows what was added since"
    );
    post(client, call, format!("jobs.{kind}.start"), kind, project, &body, &check).await
}

/// The result of a run that was made elsewhere.
#[derive(Clone, Debug)]
pub struct Report {
    /// The connection that was run.
    pub connection: i64,
    /// Whether it ended well.
    pub succeeded: bool,
    /// What it has to say.
    pub result_message: String,
    /// Whether it was scheduled.
    pub automatic: bool,
    /// None leaves it out, which the server takes for true. With false the server starts a run.
    pub ready: Option<bool>,
}

#[derive(Serialize)]
struct ReportBody<'r> {
    connection: i64,
    result_message: &'r str,
    succeeded: bool,
    automatic: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ready: Option<bool>,
}

/// Records the result of a run and gives the job made of it, which is a new one. Never sent twice.
pub async fn report(
    client: &SdElements,
    call: &Call,
    kind: &str,
    report: &Report,
    project: Option<i64>,
) -> Result<Job, Error> {
    let body = ReportBody {
        connection: report.connection,
        result_message: &report.result_message,
        succeeded: report.succeeded,
        automatic: report.automatic,
        ready: report.ready,
    };
    let check = format!(
        "before reporting it again, look whether it is recorded: jobs.{kind}.list(connection={}) shows what was added since",
        report.connection
    );
    post(
        client,
        call,
        format!("jobs.{kind}.report"),
        kind,
        project,
        &body,
        &check,
    )
    .await
}

async fn post(
    client: &SdElements,
    call: &Call,
    operation: String,
    kind: &str,
    project: Option<i64>,
    body: &(impl Serialize + Sync),
    check: &str,
) -> Result<Job, Error> {
    // The page's examples print the project's path, its tables the plain one.
    let base = match project {
        Some(project) => format!("/api/v2/projects/{project}/jobs/"),
        None => "/api/v2/jobs/".to_owned(),
    };
    let refuse = |error| call.refuse(&operation, error);
    let target = kind_path(&base, kind).map_err(refuse)?;
    let body = serde_json::to_vec(body).map_err(|_| refuse(Error::config("cannot be written as JSON")))?;
    let request = Request::new(operation.clone(), Method::POST, target, Effect::Unsafe)
        .json(body)
        .with_secret_answer();
    let answer = client.send(call, request).await;
    answer
        .and_then(|answer| read(&answer, kind))
        .map_err(|error| error.settled_by(check))
}

fn read(answer: &Answer, kind: &str) -> Result<Job, Error> {
    let mut job: Job = answer.json()?;
    job.complete(Some(kind));
    if !job.is_plausible() {
        return Err(
            answer.unexpected("the answer is JSON, but not a job: it has an id and none of a job's other fields")
        );
    }
    Ok(job)
}

/// A collection's address: the kind is one path segment, in the letter case given.
/// Refuses what can't be a kind.
pub fn check_kind(kind: &str) -> Result<(), Error> {
    kind_path("", kind).map(drop)
}

pub(super) fn kind_path(base: &str, kind: &str) -> Result<Target, Error> {
    if kind.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '\\' | '?' | '#' | '%')) {
        return Err(Error::config(
            "kind: must be one part of a path, such as alm or analysis",
        ));
    }
    Ok(Target::new(base).segment("kind", kind)?.then("/"))
}

pub(super) fn checked_page_size(page_size: Option<u32>) -> Result<(), Error> {
    if page_size == Some(0) {
        return Err(Error::config("page_size: must be at least 1"));
    }
    Ok(())
}

/// Completes an error of an operation that has no call yet.
pub(super) fn refused(operation: &str, mut error: Error) -> Error {
    let context = error.context_mut();
    context.system = Some(System::SdElements);
    operation.clone_into(&mut context.operation);
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::error::Kind;

    #[test]
    fn kinds_are_open_but_stay_one_segment() {
        for kind in KINDS.into_iter().chain(["LDAP", "new_kind", "öl"]) {
            assert!(list(Some(kind), &ListFilter::default()).is_ok(), "{kind}");
        }
        assert_eq!(kind_path("/api/v2/jobs/", "LDAP").unwrap().sent(), "/api/v2/jobs/LDAP/");
        for kind in ["", ".", "..", "a/b", "alm/", "a?b", "a#b", "%2e", "a b", "a\nb", "a\\b"] {
            let error = list(Some(kind), &ListFilter::default()).err().unwrap();
            assert_eq!(error.kind(), Kind::Config, "{kind:?}");
            assert_eq!(error.context().operation, format!("jobs.{kind}.list"));
        }
    }

    #[test]
    fn bodies_are_the_documented_ones() {
        let text = |body: &dyn erased::Body| body.text();
        let start = StartBody {
            connection: 12,
            automatic: false,
            ready: false,
        };
        assert_eq!(text(&start), r#"{"connection":12,"automatic":false,"ready":false}"#);
        let mut report = ReportBody {
            connection: 12,
            result_message: "My \"Message\"",
            succeeded: true,
            automatic: true,
            ready: None,
        };
        assert_eq!(
            text(&report),
            r#"{"connection":12,"result_message":"My \"Message\"","succeeded":true,"automatic":true}"#
        );
        report.ready = Some(true);
        assert!(text(&report).ends_with(r#""ready":true}"#));
    }

    mod erased {
        pub trait Body {
            fn text(&self) -> String;
        }
        impl<T: serde::Serialize> Body for T {
            fn text(&self) -> String {
                serde_json::to_string(self).unwrap()
            }
        }
    }

    #[test]
    fn no_page_is_empty_by_order() {
        let filter = ListFilter {
            page_size: Some(0),
            ..ListFilter::default()
        };
        assert!(list(None, &filter).is_err());
    }
}
