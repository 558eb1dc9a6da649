//! Loops over a bare socket: the small GET, the list of jobs and the review update.

use std::borrow::Cow;
use std::fmt::Write;
use std::io::Write as _;

use serde::Deserialize;

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

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    results: Vec<Job<'a>>,
}

#[derive(Deserialize)]
struct Job<'a> {
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
    #[serde(borrow)]
    connection: Linked<'a>,
}

#[derive(Deserialize)]
struct Linked<'a> {
    id: u64,
    #[serde(borrow)]
    alias: Cow<'a, str>,
    #[serde(borrow)]
    system: Cow<'a, str>,
    #[serde(borrow)]
    frequency: Cow<'a, str>,
    #[serde(borrow)]
    command: Cow<'a, str>,
    #[serde(borrow)]
    params: &'a serde_json::value::RawValue,
    project: u64,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow, flatten)]
    all: std::collections::HashMap<Cow<'a, str>, serde_json::Value>,
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
    let page: Page<'_> = serde_json::from_slice(connection.answer()?)?;
    let (mut sum, mut params) = (0, 0);
    for job in &page.results {
        let linked = &job.connection;
        let minute: u64 = job.last_run.get(14..16).unwrap_or("0").parse()?;
        let texts = [
            &job.user,
            &job.result_message,
            &linked.alias,
            &linked.system,
            &linked.frequency,
            &linked.command,
        ];
        sum += texts.into_iter().map(|text| text.len() as u64).sum::<u64>();
        sum += job.id + linked.id + linked.project + minute;
        sum += u64::from(job.succeeded) + u64::from(job.automatic) + u64::from(job.ready);
        if with_params {
            let read: Params<'_> = serde_json::from_str(linked.params.get())?;
            params += read.all.len() as u64;
            params += read
                .all
                .get("sde_min_priority")
                .and_then(serde_json::Value::as_u64)
                .unwrap_or(0);
        }
    }
    let check = if with_params {
        format!("{sum} {params}")
    } else {
        sum.to_string()
    };
    meter.stop(page.results.len() as u64, &check)
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
