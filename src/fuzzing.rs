//! What `fuzz/` runs: each function feeds any bytes to one decoder and checks what must always hold. Behind the feature
//! `fuzzing`, which no wheel has. `tests/rust/fuzz_corpus.rs` replays the inputs of `fuzz/corpus` through the same
//! functions.
//!
//! Where a decoder takes more than one thing the first line of the input is the head: a status, a secret, a count. In
//! bodies [`MARK`] stands for the secret of the call.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use http::header::{self, HeaderMap, HeaderValue};
use serde_json::Value;
use serde_json::value::RawValue;
use url::Url;

use crate::core::answer::{Answer, Buffer};
use crate::core::config::{Options, Settings, clean_base};
use crate::core::decode::{html_text, one_line, server_message, status_error, unescape};
use crate::core::error::{Context, Error, Kind, Outcome, System};
use crate::core::redact::{excerpt, scrub};
use crate::core::request::Request;
use crate::core::retry::{Decision, Effect, Failure, Retry, decide, retry_after};
use crate::core::roots::Roots;
use crate::core::secret::{MASK, Secret};
use crate::core::stored::{restored, stored};
use crate::core::target::{Target, encode_component};
use crate::core::transport::{Call, build_http};
use crate::systems::bamboo_agents::AccessToken;
use crate::systems::governance_lifecycle as gl;
use crate::systems::sd_elements as sde;
use crate::systems::sectona;

/// One entry point.
pub type EntryPoint = fn(&[u8]);

/// All entry points by the name of their target and of their folder in the corpus.
pub const TARGETS: [(&str, EntryPoint); 15] = [
    ("bamboo_tokens", bamboo_tokens),
    ("gl_answer", gl_answer),
    ("gl_review", gl_review),
    ("html_page", html_page),
    ("redaction", redaction),
    ("retry_after", retry_waits),
    ("sde_error", sde_error),
    ("sde_page", sde_page),
    ("sectona_answer", sectona_answer),
    ("sectona_date", sectona_date),
    ("sectona_password", sectona_password),
    ("stored_record", stored_record),
    ("url_base", url_base),
    ("user_path", user_path),
    ("url_parts", url_parts),
];

/// Stands in bodies for the secret of the call.
const MARK: &str = "@@";
/// The secret of every call, and the part by which it would still be known.
const TOKEN: &str = "ws12:ab:-3f.01";
const TOKEN_PART: &str = "ws12";

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

fn head(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

fn answer(status: u16, reason: Option<&str>, body: &str, is_secret: bool) -> Answer {
    let mut buffer = Buffer::new(is_secret, 0);
    buffer.extend(body.as_bytes());
    Answer {
        status,
        reason: reason.map(str::to_owned),
        headers: HeaderMap::new(),
        body: buffer,
        context: Context {
            url: Some("https://host.test/aveksa/command.submit?cmd=unify&format=json".to_owned()),
            ..Context::default()
        },
        secrets: vec![Secret::new(TOKEN)],
    }
}

/// `STATUS rest of the head`, then a body. None if the token stands in it beside the marks: then nothing tells what
/// comes from where.
fn exchange(data: &[u8]) -> Option<(u16, &str, String)> {
    let (first, body) = head(text(data)?);
    let (status, rest) = first.split_once(' ').unwrap_or((first, ""));
    let status = status.parse().ok().filter(|status| (200..600).contains(status))?;
    let bare = body.replace(MARK, "");
    let seen = [
        first,
        body,
        &bare,
        &unescape(&bare),
        &html_text(body),
        &html_text(&bare),
    ];
    if seen
        .iter()
        .any(|text| text.contains(TOKEN_PART) || text.contains("\\u00"))
    {
        return None;
    }
    Some((status, rest, body.replace(MARK, TOKEN)))
}

fn never_shows_the_token(error: &Error) {
    let shown = format!("{error} {error:?} {:?}", error.context());
    assert!(!shown.contains(TOKEN_PART), "a secret is shown: {shown}");
}

fn has_the_outcome_of(error: &Error, status: u16) {
    let rejected = matches!(status, 400..=499);
    let expected = if rejected { Outcome::Rejected } else { Outcome::Unknown };
    let found = error.context().outcome;
    let proxy = status == 407 && found == Some(Outcome::NotSent);
    assert!(found == Some(expected) || proxy, "{status}: {found:?}");
}

/// Any command's answer: `STATUS [REASON]`, then the body.
pub fn gl_answer(data: &[u8]) {
    let Some((status, reason, body)) = exchange(data) else {
        return;
    };
    let reason = Some(reason).filter(|reason| !reason.is_empty());
    let answer_of = |is_secret| answer(status, reason, &body, is_secret);
    let plain = answer_of(false);
    let message = gl::page::message(&plain);
    assert!(reason.is_some() || one_line(&message) == message, "{message:?}");
    assert!(!gl::page::is_dead_token(&plain) || status == 401);
    if status >= 300 {
        for error in [gl::page::explain(&plain), status_error(&plain)] {
            never_shows_the_token(&error);
            has_the_outcome_of(&error, status);
        }
        return;
    }
    match (
        gl::command::read(&plain, "unify"),
        gl::command::checked(&plain, "unify"),
    ) {
        (Err(error), Err(_)) => never_shows_the_token(&error),
        (Ok(result), Err(refused)) => {
            never_shows_the_token(&refused);
            assert!(result.status.is_some() && refused.kind() == Kind::Api);
            assert_eq!(refused.context().outcome, Some(Outcome::Rejected));
        }
        (Ok(result), Ok(checked)) => {
            assert_eq!(result, checked);
            assert!(serde_json::from_str::<&RawValue>(result.data.0.get()).is_ok());
        }
        (Err(_), Ok(_)) => unreachable!("checked but not read"),
    }
    match gl::login::read_token(&answer_of(true)) {
        Ok(token) => assert!(!token.is_empty() && unescaped_json(&body).contains(token.expose())),
        Err(error) => {
            never_shows_the_token(&error);
            assert!(error.context().body_excerpt.is_none(), "a secret answer is quoted");
        }
    }
}

/// The text with its JSON strings read, for looking something up in it.
fn unescaped_json(body: &str) -> String {
    let strings = serde_json::Deserializer::from_str(body).into_iter::<Value>().flatten();
    let mut all = body.to_owned();
    let mut open: Vec<Value> = strings.collect();
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => all.push_str(&text),
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => open.extend(fields.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
    // Keys may stand twice, which a map forgets; then nothing is known.
    all
}

/// `STATUS [same]`, then a line `REVIEWEE|NAME[|ACCOUNT]` for each change, an empty line, and the status text.
pub fn gl_review(data: &[u8]) {
    let Some((status, options, rest)) = exchange(data) else {
        return;
    };
    let (lines, told) = rest.split_once("\n\n").unwrap_or(("", &rest));
    let changes: Vec<gl::ReviewItemChange> = lines.lines().map(change).collect();
    for (body, told) in [
        (told.to_owned(), None),
        (serde_json::json!({"data": {"Status": told}}).to_string(), Some(told)),
        (
            serde_json::json!({"updateReviewItems": {"Status": told}}).to_string(),
            Some(told),
        ),
        (
            format!("<html><body>{}</body></html>", quick_xml::escape::escape(told)),
            None,
        ),
        (format!("<r><s>{}</s></r>", quick_xml::escape::escape(told)), None),
    ] {
        let plain = answer(status, None, &body, false);
        match gl::review::status_text(&plain) {
            Err(error) => never_shows_the_token(&error),
            Ok(found) => {
                if let Some(told) = told.filter(|told| !told.trim_start().starts_with('<') && status < 300) {
                    assert_eq!(found, told);
                }
                never_shows_the_token(&gl::review::refusal(&plain, &found));
                settled(&found, &changes, options == "same");
            }
        }
    }
}

fn change(line: &str) -> gl::ReviewItemChange {
    let mut parts = line.split('|').map(str::to_owned);
    let mut part = || parts.next().unwrap_or_default();
    let (reviewee, name, account) = (part(), part(), part());
    let item = match name.split_once('/') {
        None => gl::Item::Group(gl::Group {
            name,
            business_source: "AD".to_owned(),
        }),
        Some((resource, action)) => gl::Item::Entitlement(gl::Entitlement {
            resource: resource.to_owned(),
            action: action.to_owned(),
            business_source: "AD".to_owned(),
        }),
    };
    let account = Some(account).filter(|name| !name.is_empty());
    gl::ReviewItemChange {
        state: "revoke".to_owned(),
        reviewee,
        item,
        account: account.map(|name| gl::RevieweeAccount {
            name,
            business_source: "AD".to_owned(),
        }),
        comments: None,
        expires_on: None,
    }
}

fn settled(told: &str, changes: &[gl::ReviewItemChange], same_state_ok: bool) {
    let Some(parsed) = gl::review_answer::parse(told) else {
        return;
    };
    assert!(0 <= parsed.updated && parsed.updated <= parsed.total, "{parsed:?}");
    let update = gl::review_match::settle(parsed, changes, 10, same_state_ok, told.to_owned());
    let mut all: Vec<i64> = [&*update.succeeded, &*update.failed, &*update.unknown].concat();
    all.sort_unstable();
    assert!(
        all.iter().copied().eq((10..).take(changes.len())),
        "each change lands once: {update:?}"
    );
    assert_eq!(update.ok, update.failed.is_empty() && update.unknown.is_empty());
    assert!(update.reasons.keys().all(|index| all.contains(index)));
    let known = |list: &[i64]| i64::try_from(list.len()).unwrap_or(i64::MAX);
    // More components than changes: one change may hold several, so the counts bound nothing.
    if update.total == known(&all) && !same_state_ok {
        assert!(
            known(&update.succeeded) <= update.updated,
            "more is claimed than was counted: {update:?}"
        );
        assert!(
            known(&update.failed) <= update.total - update.updated,
            "more is denied than was counted: {update:?}"
        );
    }
    let copy = restored::<gl::ReviewUpdate>(&stored(&update));
    assert_eq!(copy.as_ref(), Some(&update));
}

/// An HTML page, and any text inside one.
pub fn html_page(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let found = html_text(text);
    assert_eq!(one_line(&found), found);
    assert!(unescape(text).len() <= text.len());
    assert_eq!(unescape(&quick_xml::escape::escape(text)), text);
    let page = format!(
        "<html><head><title>t</title></head><body>{}</body></html>",
        quick_xml::escape::escape(text)
    );
    assert_eq!(html_text(&page), one_line(text));
    let xml = format!("<r a='b'><s>{}</s></r>", quick_xml::escape::escape(text));
    let carried = gl::xml::visible_text(&xml);
    assert!(carried.is_none_or(|carried| carried == one_line(text)));
    gl::xml::visible_text(text);
    server_message(&answer(500, None, text, false));
}

/// `PAD SECRET`, then a text in which `@0` to `@4` stand for the secret in its spellings. `PAD` blanks come first.
pub fn redaction(data: &[u8]) {
    let Some(input) = text(data) else { return };
    let (first, template) = head(input);
    let Some((pad, plain)) = first.split_once(' ') else {
        return;
    };
    let Ok(pad) = pad.parse::<u16>() else { return };
    scrub(template, &[]);
    // Shorter ones are not masked, and one that looks like the mask can't be told from it.
    if plain.len() < 4 || plain.contains(['*', '@']) || plain.split_whitespace().eq([""; 0]) {
        return;
    }
    let encoded = encode_component(plain);
    let json = Value::from(plain).to_string();
    let spellings = [
        plain.to_owned(),
        encoded.replace("%20", "+"),
        quick_xml::escape::escape(plain).into_owned(),
        json.get(1..json.len() - 1).unwrap_or_default().to_owned(),
        encoded,
    ];
    let mut body = " ".repeat(usize::from(pad));
    body.push_str(template);
    let mut bare = body.clone();
    for (index, spelling) in spellings.iter().enumerate() {
        body = body.replace(&format!("@{index}"), spelling);
        bare = bare.replace(&format!("@{index}"), "");
    }
    let secrets = [Secret::new(plain)];
    let shown = [
        scrub(&body, &secrets).into_owned(),
        excerpt(body.as_bytes(), &secrets).unwrap_or_default(),
    ];
    // What the template says of itself is no leak.
    let part: String = plain.chars().take(4).collect();
    let innocent = [one_line(&bare), bare].iter().all(|text| !text.contains(&part));
    for shown in shown {
        let whole = spellings.iter().find(|spelling| shown.contains(spelling.as_str()));
        assert!(whole.is_none(), "the secret survives: {shown:?}");
        let cut = innocent && plain.len() > 6 && !plain.contains(char::is_whitespace) && shown.contains(&part);
        assert!(!cut, "a part of the secret survives: {shown:?}");
    }
}

/// A `Retry-After` value.
pub fn retry_waits(data: &[u8]) {
    let Some(value) = text(data) else { return };
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_323_045);
    let found = retry_after(value, now);
    let digits = value.trim();
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = found.map(|wait| wait.as_secs());
        assert_eq!(seconds, Some(digits.parse().unwrap_or(u64::MAX)));
    }
    let remaining = Duration::from_secs(60);
    for effect in [Effect::Read, Effect::Idempotent, Effect::Unsafe, Effect::Audited] {
        let failure = Failure::Status(429, found);
        match decide(&Retry::default(), effect, failure, 1, remaining, 0.999) {
            Decision::Stop => {}
            Decision::After(wait) => {
                assert!(wait < remaining && effect != Effect::Audited);
                assert!(found.is_none_or(|asked| asked <= wait));
            }
        }
    }
}

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
        let http = build_http(&settings, &Roots::default()).ok()?;
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
    let Ok(mut page) = told.json::<sde::pages::Page<sde::Job>>() else {
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
    if let Ok(jobs) = cursor.accept(page, &told, call) {
        for job in &jobs {
            kept(job);
        }
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

/// Texts of pickled records.
pub fn stored_record(data: &[u8]) {
    let Some(text) = text(data) else { return };
    macro_rules! settled {
        ($($type:ty),*) => { $(
            if let Some(value) = restored::<$type>(text) {
                let once = stored(&value);
                let twice = restored::<$type>(&once).map(|value| stored(&value));
                assert_eq!(twice.as_ref(), Some(&once));
            }
        )* };
    }
    settled!(
        sde::Job,
        sde::Connection,
        gl::ReviewUpdate,
        gl::ReviewStatus,
        gl::RunStatus,
        gl::CommandResult
    );
    settled!(
        gl::ReviewItemChange,
        gl::CoverageRule,
        sectona::VaultAccount,
        sectona::Envelope,
        AccessToken
    );
}

/// A list of tokens, or one.
pub fn bamboo_tokens(data: &[u8]) {
    let Some(body) = text(data) else { return };
    let told = answer(200, None, body, true);
    match told.json::<Vec<AccessToken>>() {
        Err(error) => assert!(error.context().body_excerpt.is_none(), "a secret answer is quoted"),
        Ok(tokens) => {
            let count = serde_json::from_str::<Vec<&RawValue>>(body).map(|list| list.len());
            assert_eq!(count.ok(), Some(tokens.len()));
            tokens.iter().for_each(is_usable);
        }
    }
    if let Ok(token) = told.json::<AccessToken>() {
        is_usable(&token);
    }
}

fn is_usable(token: &AccessToken) {
    let uuid = token.uuid.expose();
    assert!(!uuid.is_empty());
    let shown = format!("{token:?}");
    let elsewhere = format!(
        "{:?} {:?} AccessToken uuid name read change extra true false Secret",
        token.name, token.extra
    );
    assert!(
        uuid.len() < 8 || elsewhere.contains(uuid) || !shown.contains(uuid),
        "{shown}"
    );
    let stored = stored(token);
    let told_elsewhere = stored.matches(uuid).count();
    let innocent = format!(
        "{} {:?}",
        token.name,
        token.extra.0.iter().map(|(_, raw)| raw.get()).collect::<String>()
    );
    assert!(
        uuid.len() < 8 || told_elsewhere == 0 || innocent.contains(uuid) || elsewhere.contains(uuid),
        "{stored}"
    );
}

/// `STATUS`, then an envelope in any form.
pub fn sectona_answer(data: &[u8]) {
    let Some((status, _, body)) = exchange(data) else {
        return;
    };
    let told = answer(status, None, &body, true);
    let reading = match sectona::envelope::read(told.bytes()) {
        Ok(reading) => reading,
        Err(why) => {
            assert!(!why.is_empty());
            if status >= 300 {
                never_shows_the_token(&sectona::codes::without_envelope(&told));
            }
            return;
        }
    };
    if status >= 300 || reading.is_success == Some(false) {
        let error = sectona::codes::refusal(&told, &reading);
        never_shows_the_token(&error);
        assert!(
            status >= 300 || error.context().body_excerpt.is_none(),
            "a secret answer is quoted"
        );
    }
    match sectona::vault::open(&told, &reading) {
        Err(error) => never_shows_the_token(&error),
        Ok(account) => {
            let record: Option<Value> = reading.result_json().and_then(|json| serde_json::from_str(json).ok());
            // What the other reader calls too deep or too large it gives no word for.
            if let Some(record) = record {
                let password = record.get("Password").and_then(Value::as_str);
                assert_eq!(password, Some(account.password.expose()));
            }
            assert!(restored::<sectona::VaultAccount>(&stored(&account)).is_some());
        }
    }
    let envelope = reading.into_envelope();
    assert!(restored::<sectona::Envelope>(&stored(&envelope)).is_some());
}

/// The ten fields in the order of the vendor's page, with this password; the rest is as printed there.
fn record(password: &str) -> [(&'static str, &str); 10] {
    [
        ("AssetType", "Unix Based"),
        ("AssetHost", "XXXXXX"),
        ("AccountName", "XXXXXX"),
        ("AccountAuthenticationType", "KeyBased_SecretKey"),
        ("AccountType", "Local"),
        ("Password", password),
        ("PassPhrase", "XXXXXX"),
        ("CreatedBy", ""),
        ("CreatedOn", "03 Jun 2019 15:22:11 GMT 05:30:00"),
        ("Status", "Active"),
    ]
}

/// A password, in every form in which an answer may carry it: it comes out as it went in, or not at all.
pub fn sectona_password(data: &[u8]) {
    let Some(password) = text(data) else { return };
    let fields = record(password);
    let object: serde_json::Map<String, Value> = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect();
    let inner = Value::from(object.clone()).to_string();
    let double = serde_json::json!({"IsSuccess": true, "LogCode": "0", "Result": inner}).to_string();
    let embedded = serde_json::json!({"IsSuccess": "True", "Result": object}).to_string();
    let again = Value::from(double.as_str()).to_string();
    let escaped = quick_xml::escape::escape(inner.as_str());
    let xml = format!("<E xmlns='n'><IsSuccess>true</IsSuccess><Result>{escaped}</Result></E>");
    let string = format!(
        "<string xmlns='n'>{}</string>",
        quick_xml::escape::escape(double.as_str())
    );
    for body in [double, embedded, again, xml, string] {
        let found = password_in(&body);
        assert_eq!(found.as_deref(), Some(password), "{body}");
    }
    // Not escaped at all, as the page prints it: in lines, in one line, and among curly quotes.
    for (between, quote) in [(",\n", '"'), (", ", '"'), (",", '"'), (",\n", '\u{201d}')] {
        let lines: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("\"{name}\": \"{value}\""))
            .collect();
        for (open, close) in [("{\n", "\n}"), ("{", "}")] {
            let result = format!("{open}{}{close}", lines.join(between));
            let body = format!(
                "{{\n{quote}Version{quote}:{quote}6.0.0.0{quote},\n\"IsSuccess\":true,\n\"LogCode\":\"0\",\n\"Result\":\n\"{result}\",\n\"StatusCode\":\"Accepted\"\n}}"
            );
            let found = password_in(&body);
            assert!(
                found.as_deref().is_none_or(|found| found == password),
                "{found:?} of {body}"
            );
        }
    }
}

fn password_in(body: &str) -> Option<String> {
    let told = answer(200, None, body, true);
    let reading = sectona::envelope::read(told.bytes()).ok()?;
    let account = sectona::vault::open(&told, &reading).ok()?;
    Some(account.password.expose().to_owned())
}

/// A date; what is read agrees with the calendar counted another way.
pub fn sectona_date(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Some(found) = sectona::date::parse(text) else {
        return;
    };
    let words: Vec<String> = text.split_ascii_whitespace().map(str::to_ascii_lowercase).collect();
    let [day, month, year, clock, gmt, offset] = words.as_slice() else {
        unreachable!("a date of {} words", words.len())
    };
    assert_eq!(gmt, "gmt");
    let number = |text: &str| text.trim_start_matches(['-', '+']).parse::<i64>().unwrap_or(-1);
    let seconds = |clock: &str| clock.split(':').fold(0, |sum, part| sum * 60 + number(part));
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let at = "janfebmaraprmayjunjulaugsepoctnovdec"
        .find(month.as_str())
        .map_or(-1, |at| at as i64 / 3);
    let months = number(year) * 12 + at - 2;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (month * 306 + 5) / 10;
    let days = days + number(day) - 1 - 719_468;
    assert_eq!(
        found.as_second(),
        days * 86_400 + seconds(clock) - sign * seconds(offset),
        "{text}"
    );
}

/// A base URL.
pub fn url_base(data: &[u8]) {
    let Some(given) = text(data) else { return };
    for allow_http in [false, true] {
        for paths in [gl::API_PATHS, sde::API_PATHS, sectona::API_PATHS] {
            match clean_base(given, paths, allow_http) {
                Err(error) => assert!(error.kind() == Kind::Config && error.message().starts_with("url: ")),
                Ok((base, is_https)) => is_clean(given.trim(), &base, is_https, allow_http),
            }
        }
    }
}

fn is_clean(given: &str, base: &str, is_https: bool, allow_http: bool) {
    let (Ok(given), Ok(target)) = (Url::parse(given), Url::parse(&format!("{base}/api/x?y=z"))) else {
        unreachable!("a base that is no URL: {base}")
    };
    assert_eq!(target.origin(), given.origin(), "{base}");
    assert_eq!(target.scheme() == "https", is_https);
    assert!(target.username().is_empty() && target.password().is_none() && target.fragment().is_none());
    assert_eq!(
        (target.query(), base.contains(['?', '#', '@', ' '])),
        (Some("y=z"), base.contains('@'))
    );
    assert!(target.path().ends_with("/api/x") && !base.ends_with('/'), "{base}");
    let host = target.host_str().unwrap_or_default();
    let loopback = host == "localhost" || host == "[::1]" || host.starts_with("127.");
    assert!(is_https || allow_http || loopback, "{base}");
}

/// A path given by a user.
pub fn user_path(data: &[u8]) {
    let Some(path) = text(data) else { return };
    for base in ["https://host.test", "https://host.test:8443/prefix"] {
        let Ok(target) = Target::from_user(path) else { return };
        let root = base.trim_start_matches("https://host.test").trim_start_matches(":8443");
        let Ok(url) = Url::parse(&format!("{base}{}", target.sent())) else {
            unreachable!("a path that gives no URL: {path:?}")
        };
        assert!(url.host_str() == Some("host.test") && url.username().is_empty() && url.password().is_none());
        assert_eq!(
            (url.port().is_some(), url.query(), url.fragment()),
            (base.contains("8443"), None, None)
        );
        let rest = url.path().strip_prefix(root).unwrap_or("outside");
        let same = percent_encoding::percent_decode_str(rest).eq(percent_encoding::percent_decode_str(target.sent()));
        assert!(same, "{path:?} becomes {}", url.path());
    }
}

/// A name and a value, in one segment and one query parameter each.
pub fn url_parts(data: &[u8]) {
    let Some(input) = text(data) else { return };
    let (name, value) = head(input);
    let target = Target::new("/x/")
        .query(name, value)
        .maybe("n", None)
        .query("last", value);
    let Ok(url) = Url::parse(&format!("https://host.test{}", target.sent())) else {
        unreachable!("a query that gives no URL: {}", target.sent())
    };
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    assert_eq!(
        pairs,
        [
            (name.to_owned(), value.to_owned()),
            ("last".to_owned(), value.to_owned())
        ]
    );
    let secret = Secret::new(value);
    let hidden = Target::new("/x/").secret_query(name, &secret);
    assert!(hidden.shown().ends_with(MASK) && hidden.sent().len() >= value.len());
    let Ok(target) = Target::new("/x/").segment("name", value) else {
        return;
    };
    let Ok(url) = Url::parse(&format!("https://host.test{}/y", target.sent())) else {
        unreachable!("a segment that gives no URL: {}", target.sent())
    };
    let segments: Vec<&str> = url.path_segments().into_iter().flatten().collect();
    let [_, found, "y"] = segments.as_slice() else {
        unreachable!("a segment that becomes several: {value:?}")
    };
    assert!(
        percent_encoding::percent_decode_str(found).eq(value.bytes()),
        "{value:?} becomes {found}"
    );
}
