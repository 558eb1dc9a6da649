//! Errors, pages and jobs of SD Elements.

use std::sync::{Arc, OnceLock};

use http::header::{self, HeaderValue};
use serde_json::Value;
use url::Url;

use super::{answer, exchange, has_the_outcome_of, never_shows_the_token, text};
use crate::core::answer::Buffer;
use crate::core::config::{Options, Settings};
use crate::core::elements::Elements;
use crate::core::error::{Error, Kind, System};
use crate::core::http_client::{Allowance, build_http};
use crate::core::request::Request;
use crate::core::retry::Effect;
use crate::core::roots::Roots;
use crate::core::stored::{restored, stored};
use crate::core::target::Target;
use crate::core::transport::Call;
use crate::systems::sd_elements as sde;
use crate::systems::sd_elements::pages::Items;

/// A refusal: `STATUS [LOCATION]`, then the body.
pub fn sde_error(data: &[u8]) {
    let Some((status, location, body)) = exchange(data) else {
        return;
    };
    let mut refused = answer(status, None, &body, false);
    if let Ok(location) = HeaderValue::from_str(location) {
        refused.headers.insert(header::LOCATION, location.clone());
        refused.headers.insert(header::RETRY_AFTER, location);
    }
    if status >= 300 {
        let request = Request::new(
            "jobs.list",
            http::Method::GET,
            Target::new("/api/v2/jobs/"),
            Effect::Read,
        );
        let error = sde::session::explain(&refused, &request);
        never_shows_the_token(&error);
        has_the_outcome_of(&error, status);
        assert_eq!(error.kind(), Kind::of_status(status));
    }
}

fn call() -> Option<&'static Call> {
    static CALL: OnceLock<Option<Call>> = OnceLock::new();
    let make = || {
        let mut options = Options::new("http://127.0.0.1:9");
        options.proxy = Some("direct".to_owned());
        let settings = Settings::new(System::SdElements, sde::API_PATHS, &options).ok()?;
        let http = build_http(&settings, &Roots::default(), &Allowance::new(settings.max_connections)).ok()?;
        Some(Call::new(Arc::new(settings), http, None))
    };
    CALL.get_or_init(make).as_ref()
}

/// A page of jobs, or one job.
pub fn sde_page(data: &[u8]) {
    let (Some(body), Some(call)) = (text(data), call()) else {
        return;
    };
    let told = answer(200, None, body, true);
    job_of(body);
    let whole = told.json::<sde::pages::Page>();
    for piece in [1 + data.len() / 7, 64] {
        as_it_comes(body, piece, whole.as_ref(), call);
    }
    let Ok(mut page) = whole else {
        return;
    };
    let own = Target::new("/api/v2/jobs/alm/");
    let mut cursor = sde::PageCursor::<sde::Job>::new("jobs.list".into(), own.clone(), own.clone(), None, None);
    if let Some(link) = page.next.take()
        && let sde::pages::Next::Page(next) = cursor.follow(&link, &told)
    {
        let base = "https://sde.test/prefix";
        let url = Url::parse(&format!("{base}{}", next.sent()));
        assert!(url.is_ok_and(|url| {
            url.host_str() == Some("sde.test")
                && url.path() == format!("/prefix{}", own.sent())
                && url.fragment().is_none()
                && url.username().is_empty()
        }));
        assert!(
            matches!(cursor.follow(&link, &told), sde::pages::Next::Wrong(_)),
            "a circle is followed"
        );
    }
    if let Ok(jobs) = cursor.accept(None, page, &told, call) {
        for job in &jobs {
            kept(job);
        }
    }
}

/// A page that comes in pieces is what it is as a whole, errors and their places included; a packed job is the job.
fn as_it_comes(body: &str, piece: usize, whole: Result<&sde::pages::Page, &Error>, call: &Call) {
    let mut buffer = Buffer::new(true, 0);
    let mut elements = Elements::new(Box::new(Items::<sde::PackedJob>::new(None)));
    for piece in body.as_bytes().chunks(piece) {
        buffer.extend(piece);
        elements.look(&mut buffer);
    }
    let (sink, cut) = elements.finish(&mut buffer);
    let mut told = answer(200, None, &String::from_utf8_lossy(buffer.as_slice()), true);
    (told.elements, told.cut) = (Some(sink), cut);
    let taken = told.take_elements();
    let page = match (told.json::<sde::pages::Page>(), whole) {
        (Ok(page), Ok(_)) => page,
        (Err(error), Err(of_whole)) => return assert_eq!(error.message(), of_whole.message()),
        (Err(error), Ok(_)) => unreachable!("in pieces only: {error}"),
        (Ok(_), Err(error)) => unreachable!("as a whole only: {error}"),
    };
    let own = Target::new("/api/v2/jobs/");
    let packed = sde::PageCursor::new("jobs.list".into(), own.clone(), own.clone(), None, None);
    let packed: Result<Vec<sde::PackedJob>, _> = packed.accept(taken, page, &told, call);
    let told = answer(200, None, body, true);
    let jobs = sde::PageCursor::<sde::Job>::new("jobs.list".into(), own.clone(), own, None, None);
    let jobs = told.json().and_then(|page| jobs.accept(None, page, &told, call));
    match (packed, jobs) {
        (Ok(packed), Ok(jobs)) => {
            let packed: Vec<_> = packed.iter().map(sde::PackedJob::job).collect();
            assert!(packed == jobs, "packed, they are others");
        }
        (packed, jobs) => assert_eq!(packed.is_ok(), jobs.is_ok(), "{body}"),
    }
}

fn job_of(body: &str) {
    let Ok(job) = serde_json::from_str::<sde::Job>(body) else {
        return;
    };
    kept(&job);
    // Fields that stand twice and numbers beyond 64 bits have no one meaning.
    let Ok(Value::Object(fields)) = serde_json::from_str(body) else {
        return;
    };
    let (Some(Value::Bool(ready)), 1) = (fields.get("ready"), body.matches("ready").count()) else {
        return;
    };
    assert_eq!(job.ready, Some(*ready));
}

/// Nothing of a record but its secrets is lost when it goes to another process, and its debug form shows none.
fn kept(job: &sde::Job) {
    let text = stored(job);
    let Some(copy) = restored::<sde::Job>(&text) else {
        unreachable!("a record cannot be read back: {text}")
    };
    assert_eq!(
        (copy.id, &copy.kind, copy.ready, copy.last_run),
        (job.id, &job.kind, job.ready, job.last_run)
    );
    let again = stored(&copy);
    assert_eq!(again, text, "a record changes on its way");
}
