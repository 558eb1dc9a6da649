//! Loops over a bare socket: the small GET, the list of jobs and the review update.

use std::borrow::Cow;
use std::fmt::Write;
use std::io::Write as _;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Outcome;
use crate::meter::Meter;
use crate::pooled::{Token, WARM_UP};
use crate::raw::Connection;

pub fn get(url: &str, ca: &str, seconds: f64) -> Outcome<String> {
    let mut connection = Connection::open(url, ca)?;
    let request = format!(
        "GET /rest/agent-config/1.0/tokens/ HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer t\r\n\
         Accept: application/json\r\n\r\n",
        connection.host
    );
    let mut name = String::new();
    let mut call = || -> Outcome<()> {
        connection.wire.write_all(request.as_bytes())?;
        let tokens: Vec<Token<'_>> = serde_json::from_slice(connection.answer()?)?;
        name.clear();
        name.push_str(tokens.first().map_or("", |token| &token.name));
        Ok(())
    };
    for _ in 0..WARM_UP {
        call()?;
    }
    let (meter, mut calls) = (Meter::start()?, 0);
    while meter.elapsed() < seconds {
        call()?;
        calls += 1;
    }
    meter.stop(calls, &name)
}

/// `P` is what is made of a job's parameters.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a, P: Deserialize<'de>"))]
struct Page<'a, P> {
    results: Vec<Job<'a, P>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a, P: Deserialize<'de>"))]
struct Job<'a, P> {
    id: u64,
    #[serde(borrow)]
    user: Cow<'a, str>,
    succeeded: bool,
    automatic: bool,
    ready: bool,
    #[serde(borrow)]
    result_message: Cow<'a, str>,
    #[serde(borrow)]
    last_run: Cow<'a, str>,
    connection: Linked<'a, P>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a, P: Deserialize<'de>"))]
struct Linked<'a, P> {
    id: u64,
    #[serde(borrow)]
    alias: Cow<'a, str>,
    #[serde(borrow)]
    system: Cow<'a, str>,
    #[serde(borrow)]
    frequency: Cow<'a, str>,
    #[serde(borrow)]
    command: Cow<'a, str>,
    params: P,
    project: u64,
}

#[derive(Deserialize)]
#[expect(
    dead_code,
    reason = "all are decoded, as the others decode them; of one the value is checked"
)]
struct Params<'a> {
    #[serde(borrow)]
    alm_server: Cow<'a, str>,
    #[serde(borrow)]
    alm_method: Cow<'a, str>,
    #[serde(borrow)]
    alm_user: Cow<'a, str>,
    #[serde(borrow)]
    alm_pass: Cow<'a, str>,
    #[serde(borrow)]
    alm_project: Cow<'a, str>,
    #[serde(borrow)]
    alm_context: Cow<'a, str>,
    #[serde(borrow)]
    conflict_policy: Cow<'a, str>,
    #[serde(borrow)]
    alm_title_format: Cow<'a, str>,
    #[serde(borrow)]
    start_date: Cow<'a, str>,
    #[serde(borrow)]
    alm_parent_issue: Cow<'a, str>,
    #[serde(borrow)]
    selected_tasks: Cow<'a, str>,
    #[serde(borrow)]
    sde_statuses_in_scope: Cow<'a, str>,
    #[serde(borrow)]
    task_status_mapping: Cow<'a, str>,
    sde_min_priority: u64,
    use_proxy: bool,
}

/// How much reading all parameters adds to the sum.
trait Read {
    fn read(&self) -> Option<u64>;
}

impl Read for &RawValue {
    fn read(&self) -> Option<u64> {
        None
    }
}

impl Read for Params<'_> {
    fn read(&self) -> Option<u64> {
        const FIELDS: u64 = 15;
        Some(FIELDS + self.sde_min_priority)
    }
}

/// Reads what the Python side reads of every job; both get the same sum.
pub fn jobs(url: &str, count: usize, with_params: bool) -> Outcome<String> {
    let mut connection = Connection::open(url, "")?;
    let meter = Meter::start()?;
    let request = format!(
        "GET /api/v2/jobs/alm/?page_size={count} HTTP/1.1\r\nHost: {}\r\nAuthorization: Token t\r\n\
         Accept: application/json\r\n\r\n",
        connection.host
    );
    connection.wire.write_all(request.as_bytes())?;
    let body = connection.answer()?;
    let (read, check) = if with_params {
        sum(&serde_json::from_slice::<Page<'_, Params<'_>>>(body)?)?
    } else {
        sum(&serde_json::from_slice::<Page<'_, &RawValue>>(body)?)?
    };
    meter.stop(read, &check)
}

/// How many jobs there are, and the sum over what was read.
fn sum<P: Read>(page: &Page<'_, P>) -> Outcome<(u64, String)> {
    let (mut total, mut params) = (0, None);
    for job in &page.results {
        let linked = &job.connection;
        let minute: u64 = job.last_run.get(14..16).unwrap_or("0").parse()?;
        let named = [&linked.alias, &linked.system, &linked.frequency, &linked.command];
        let texts = [&job.user, &job.result_message].into_iter().chain(named);
        total += texts.map(|text| text.len() as u64).sum::<u64>();
        total += job.id + linked.id + linked.project + minute;
        total += u64::from(job.succeeded) + u64::from(job.automatic) + u64::from(job.ready);
        params = linked.params.read().map(|read| read + params.unwrap_or(0));
    }
    let check = params.map_or_else(|| total.to_string(), |params| format!("{total} {params}"));
    Ok((page.results.len() as u64, check))
}

struct Change {
    state: &'static str,
    reviewee: String,
    name: String,
    business_source: &'static str,
    comments: String,
}

/// Writes the changes that the Python side writes by hand into one buffer and sends it.
pub fn review(url: &str, count: usize) -> Outcome<String> {
    let mut connection = Connection::open(url, "")?;
    let changes: Vec<Change> = (0..count)
        .map(|number| Change {
            state: "revoke",
            reviewee: format!("user{number}"),
            name: format!("Group {} <R&D>", number % 977),
            business_source: "Active Directory (EMEA)",
            comments: format!("Campaign 2031-Q1, line {number}: \"left\" the company"),
        })
        .collect();
    let meter = Meter::start()?;
    let mut text = String::with_capacity(count * 300 + 200);
    text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Review><ReviewResultName>UAR-3</ReviewResultName>");
    text.push_str("<SignOff>false</SignOff><UpdateCommentsOnly>false</UpdateCommentsOnly>");
    for change in &changes {
        text.push_str("<ReviewItemChange state=\"");
        escape(&mut text, change.state);
        text.push_str("\" comments=\"");
        escape(&mut text, &change.comments);
        text.push_str("\"><RevieweeUserId>");
        escape(&mut text, &change.reviewee);
        text.push_str("</RevieweeUserId><Group name=\"");
        escape(&mut text, &change.name);
        text.push_str("\" business-source=\"");
        escape(&mut text, change.business_source);
        text.push_str("\"/></ReviewItemChange>");
    }
    text.push_str("</Review>");
    let mut head = String::new();
    write!(
        head,
        "POST /aveksa/command.submit?cmd=updateReviewItems&format=json HTTP/1.1\r\nHost: {}\r\n\
         Authorization: Bearer t\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n",
        connection.host,
        text.len()
    )?;
    connection.wire.write_all(head.as_bytes())?;
    connection.wire.write_all(text.as_bytes())?;
    let answer = std::str::from_utf8(connection.answer()?)?.to_owned();
    let told = answer
        .split("all ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .unwrap_or(&answer);
    meter.stop(count as u64, told)
}

fn escape(text: &mut String, value: &str) {
    let mut rest = value;
    while let Some(at) = rest.find(['&', '<', '>', '"']) {
        let (before, special) = rest.split_at(at);
        text.push_str(before);
        let mut characters = special.chars();
        text.push_str(match characters.next() {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            _ => "&quot;",
        });
        rest = characters.as_str();
    }
    text.push_str(rest);
}
