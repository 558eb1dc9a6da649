//! The connections that jobs run: to find the id to start, and to see whether one is running.
//!
//! Documented: <https://docs.sdelements.com/release/4.12/api/docs/alm-connections>

use http::Method;

use super::job::Connection;
use super::jobs::{checked_page_size, kind_path, refused};
use super::pages::{Item, PageCursor};
use super::session::SdElements;
use crate::core::error::Error;
use crate::core::request::{Backend, Request};
use crate::core::retry::Effect;
use crate::core::scan::{Scan, Stop};
use crate::core::transport::Call;

const PATH: &str = "/api/v2/connections/";

/// Which connections to list; what is None does not count.
#[derive(Clone, Debug, Default)]
pub struct ConnectionFilter {
    /// Of this project; documented for alm.
    pub project: Option<i64>,
    /// Optional fields to add, separated by commas, such as `last_job`.
    pub include: Option<String>,
    /// Records in one answer; None leaves it to the server.
    pub page_size: Option<u32>,
    /// Records at most, over all pages.
    pub limit: Option<u64>,
}

impl Item for Connection {
    type Known = ();

    fn read(scan: &mut Scan<'_>, kind: Option<&str>, (): &mut ()) -> Result<Option<Self>, Stop> {
        let read = serde_json::from_str::<Self>(scan.value()?).ok();
        let mut connection = read.filter(|connection| connection.id.is_some());
        if let Some(connection) = &mut connection {
            connection.complete(kind.unwrap_or_default());
        }
        Ok(connection)
    }
}

/// The connections of one kind. Fetches nothing yet.
pub fn list(kind: &str, filter: &ConnectionFilter) -> Result<PageCursor<Connection>, Error> {
    let operation = format!("connections.{kind}.list");
    let path = kind_path(PATH, kind)
        .and_then(|path| checked_page_size(filter.page_size).map(|()| path))
        .map_err(|error| refused(&operation, error))?;
    let first = path
        .clone()
        .maybe("project", filter.project.map(|id| id.to_string()).as_deref())
        .maybe("include", filter.include.as_deref())
        .maybe("page_size", filter.page_size.map(|size| size.to_string()).as_deref());
    Ok(PageCursor::new(operation, path, first, Some(kind), filter.limit))
}

/// One connection.
pub async fn get(client: &SdElements, call: &Call, kind: &str, id: i64) -> Result<Connection, Error> {
    let operation = format!("connections.{kind}.get");
    let target = kind_path(PATH, kind)
        .map_err(|error| call.refuse(&operation, error))?
        .then(&format!("{id}/"));
    let request = Request::new(operation, Method::GET, target, Effect::Read).with_secret_answer();
    let answer = client.send(call, request).await?;
    let mut connection: Connection = answer.json()?;
    connection.complete(kind);
    match connection.id {
        None => Err(answer.unexpected("the answer is JSON, but not a connection: it has no id")),
        Some(other) if other != id => {
            Err(answer.unexpected(&format!("the server answered about connection {other}, not {id}")))
        }
        Some(_) if !connection.is_plausible() => Err(answer.unexpected(
            "the answer is JSON, but not a connection: it has an id and none of a connection's other fields",
        )),
        Some(_) => Ok(connection),
    }
}
