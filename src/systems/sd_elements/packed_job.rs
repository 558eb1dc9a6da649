//! A job in as few bytes as there is to tell: of a long list tens of thousands are held at once.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;

use super::job::{Job, User, told_kind};
use super::packed_connection::{Known, PackedConnection};
use super::pages::Item;
use super::usual::{flag, name, number, text, time, unknown, usual};
use crate::core::record::Extra;
use crate::core::scan::{Scan, Stop};
use crate::core::texts::Texts;

/// The texts of a job.
#[derive(Clone, Copy)]
pub enum JobText {
    /// Who ran it; of an id the digits.
    User,
    /// Who asked for it; of an id the digits.
    TriggeredBy,
    /// What it has to say.
    Message,
    /// Its kind, which is the connection's too.
    Kind,
}

/// What is true or false of a job.
#[derive(Clone, Copy)]
pub enum JobFlag {
    /// Scheduled.
    Automatic,
    /// Ended.
    Ready,
    /// Ended well.
    Succeeded,
}

/// One job. Clones share it.
#[derive(Clone)]
pub struct PackedJob(Arc<Packed>);

struct Packed {
    id: i64,
    last_run: Option<Timestamp>,
    texts: Texts<4>,
    flags: [Option<bool>; 3],
    /// Whether user and triggered_by are ids.
    are_ids: [bool; 2],
    connection: Option<PackedConnection>,
    extra: Option<Box<Extra>>,
}

impl PackedJob {
    /// None if it is too large.
    pub fn of(job: &Job) -> Option<Self> {
        let connection = match &job.connection {
            Some(connection) => Some(PackedConnection::of(connection)?),
            None => None,
        };
        let name = |user: &Option<User>| match user {
            Some(User::Text(text)) => (Some(Cow::Owned(text.clone())), false),
            Some(User::Id(id)) => (Some(Cow::Owned(id.to_string())), true),
            None => (None, false),
        };
        let ((user, is_id), (triggered_by, is_id_too)) = (name(&job.user), name(&job.triggered_by));
        let message = job.result_message.as_deref().map(Cow::Borrowed);
        let parts = Parts {
            last_run: job.last_run,
            texts: [user, triggered_by, message, Some(Cow::Borrowed(job.kind.as_str()))],
            flags: [job.automatic, job.ready, job.succeeded],
            are_ids: [is_id, is_id_too],
            connection,
            extra: job.extra.clone(),
        };
        parts.packed(job.id)
    }

    /// As a record.
    pub fn job(&self) -> Job {
        Job {
            id: self.id(),
            user: self.user(JobText::User),
            triggered_by: self.user(JobText::TriggeredBy),
            automatic: self.flag(JobFlag::Automatic),
            ready: self.flag(JobFlag::Ready),
            succeeded: self.flag(JobFlag::Succeeded),
            result_message: self.text(JobText::Message).map(str::to_owned),
            last_run: self.last_run(),
            connection: self.connection().map(|connection| connection.connection(self.kind())),
            kind: self.kind().to_owned(),
            extra: self.extra().cloned().unwrap_or_default(),
        }
    }

    /// The id.
    pub fn id(&self) -> i64 {
        self.0.id
    }

    /// The kind, empty if it does not tell.
    pub fn kind(&self) -> &str {
        self.text(JobText::Kind).unwrap_or_default()
    }

    /// When it ran last.
    pub fn last_run(&self) -> Option<Timestamp> {
        self.0.last_run
    }

    /// One of its texts.
    pub fn text(&self, text: JobText) -> Option<&str> {
        self.0.texts.get(text as usize)
    }

    /// Who ran it, or who asked for it.
    pub fn user(&self, text: JobText) -> Option<User> {
        let name = self.text(text)?;
        let id = if self.is_id(text) { name.parse().ok() } else { None };
        Some(id.map_or_else(|| User::Text(name.to_owned()), User::Id))
    }

    /// The same without a copy, unless it is an id.
    pub fn user_name(&self, text: JobText) -> Option<&str> {
        self.text(text).filter(|_| !self.is_id(text))
    }

    /// What is true or false of it.
    pub fn flag(&self, flag: JobFlag) -> Option<bool> {
        self.0.flags.get(flag as usize).copied().flatten()
    }

    /// What it runs.
    pub fn connection(&self) -> Option<&PackedConnection> {
        self.0.connection.as_ref()
    }

    /// Its unknown fields.
    pub fn extra(&self) -> Option<&Extra> {
        self.0.extra.as_deref()
    }

    /// Whether both are one.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn is_id(&self, text: JobText) -> bool {
        self.0.are_ids.get(text as usize).is_some_and(|is_id| *is_id)
    }
}

impl Item for PackedJob {
    type Known = Known;

    fn read(scan: &mut Scan<'_>, kind: Option<&str>, known: &mut Known) -> Result<Option<Self>, Stop> {
        let mut ahead = *scan;
        if let Some((id, mut parts)) = usual_job(&mut ahead, known)? {
            *scan = ahead;
            let told = || told_kind(&parts.extra).map(Cow::Owned);
            let kind = kind.map(Cow::Borrowed).or_else(told).unwrap_or_default();
            let [_, _, _, place] = &mut parts.texts;
            *place = Some(kind);
            return Ok(parts.packed(id));
        }
        let job = Job::read(scan, kind, &mut ())?;
        Ok(job.and_then(|job| Self::of(&job)))
    }
}

#[derive(Default)]
struct Parts<'t> {
    last_run: Option<Timestamp>,
    texts: [Option<Cow<'t, str>>; 4],
    flags: [Option<bool>; 3],
    are_ids: [bool; 2],
    connection: Option<PackedConnection>,
    extra: Extra,
}

impl Parts<'_> {
    fn packed(self, id: i64) -> Option<PackedJob> {
        Some(PackedJob(Arc::new(Packed {
            id,
            last_run: self.last_run,
            texts: Texts::of(&self.texts)?,
            flags: self.flags,
            are_ids: self.are_ids,
            connection: self.connection,
            extra: (!self.extra.0.is_empty()).then(|| Box::new(self.extra)),
        })))
    }
}

/// A job whose fields are all of the documented types; unknown ones may be among them.
fn usual_job<'t>(scan: &mut Scan<'t>, known: &mut Known) -> Result<Option<(i64, Parts<'t>)>, Stop> {
    if scan.peek()? != b'{' {
        return Ok(None);
    }
    let mut parts = Parts::default();
    let mut id = None;
    let mut is_first = true;
    scan.enter()?;
    while let Some(key) = scan.key(is_first)? {
        is_first = false;
        let Some(key) = key.plain() else { return Ok(None) };
        let [user, triggered_by, message, _] = &mut parts.texts;
        let [automatic, ready, succeeded] = &mut parts.flags;
        let [is_id, is_id_too] = &mut parts.are_ids;
        match key {
            "id" => id = Some(usual!(number(scan).map(Option::flatten))),
            "user" => (*user, *is_id) = usual!(name(scan)),
            "triggered_by" => (*triggered_by, *is_id_too) = usual!(name(scan)),
            "automatic" => *automatic = usual!(flag(scan)),
            "ready" => *ready = usual!(flag(scan)),
            "succeeded" => *succeeded = usual!(flag(scan)),
            "result_message" => *message = usual!(text(scan)),
            "last_run" => parts.last_run = usual!(time(scan)),
            "connection" => parts.connection = usual!(known.read(scan)),
            _ => usual!(unknown(scan, key, &mut parts.extra)),
        }
    }
    Ok(id.map(|id| (id, parts)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read<T: Item>(text: &str, kind: Option<&str>, known: &mut T::Known) -> Option<T> {
        T::read(&mut Scan::new(text, 0), kind, known).unwrap()
    }

    fn agrees(texts: &[String], kind: Option<&str>) {
        let mut known = Known::default();
        for text in texts {
            let job = read::<Job>(text, kind, &mut ());
            let packed = read::<PackedJob>(text, kind, &mut known);
            assert_eq!(packed.as_ref().map(PackedJob::job), job, "{text}");
            assert_eq!(
                job.as_ref().and_then(PackedJob::of).map(|packed| packed.job()),
                job,
                "{text}"
            );
        }
    }

    #[test]
    fn jobs_with_one_connection_share_it() {
        let of = |id: u32, alias: &str| {
            let params =
                r#"{"alm_user": "ü", "alm_pass": "p", "alm_server": "rally1.example.com", "n": {"a": [1, "}"]}}"#;
            format!(r#"{{"connection": {{"alias": "{alias}", "id": 23, "params": {params}}}, "id": {id}, "x": "x"}}"#)
        };
        let texts = [of(1, "one"), of(2, "one"), of(3, "two"), of(4, "one")];
        agrees(&texts, Some("alm"));
        let mut known = Known::default();
        let jobs: Vec<_> = texts
            .iter()
            .map(|text| read::<PackedJob>(text, None, &mut known).unwrap())
            .collect();
        let is_shared = |other: usize| jobs[0].connection().unwrap().is(jobs[other].connection().unwrap());
        assert_eq!((is_shared(1), is_shared(2), is_shared(3)), (true, false, true));
    }

    #[test]
    fn lists_without_repetition_stop_looking_for_it() {
        let texts: Vec<_> = (0..2000)
            .map(|id| format!(r#"{{"id": {id}, "connection": {{"id": {id}}}}}"#))
            .collect();
        agrees(&texts, None);
    }

    fn value() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => prop::sample::select(vec![
                "null", "true", "false", "0", "-0", "12", "1.5", "1e3", "99999999999999999999", "\"\"", "\"12\"", "\" 7\"", "\"True\"",
                "\"a@b.c\"", "\"\\u00e9\\n\"", "\"\\ud800\"", "\"2015-04-15T20:27:24.396442Z\"", "\"2015-04-15T15:27:24-05:00\"",
                "[]", "[1]", "{}", "{\"a\": {\"token\": [1, \"x\"]}}", "{\"email\": \"a\", \"id\": 3}", "{\"name\": \"Rally\"}",
            ]).prop_map(str::to_owned),
            1 => any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        ]
    }

    fn object(keys: &'static [&'static str], value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
        let key = prop::sample::select(keys).prop_map(|key| format!("\"{key}\""));
        prop::collection::vec((key, " ?", value), 0..7).prop_map(|members| {
            let members: Vec<_> = members
                .iter()
                .map(|(key, blank, value)| format!("{key}:{blank}{value}"))
                .collect();
            format!("{{{}}}", members.join(", "))
        })
    }

    const CONNECTION: &[&str] = &[
        "id",
        "alias",
        "system",
        "frequency",
        "command",
        "params",
        "project",
        "inaccessible",
        "in_progress",
        "debug_mode",
        "more",
    ];
    const JOB: &[&str] = &[
        "user",
        "triggered_by",
        "automatic",
        "ready",
        "succeeded",
        "result_message",
        "last_run",
        "connection",
        "type",
        "kind",
        "new",
        "i\\u0064",
        "connection",
        "id",
    ];

    proptest! {
        #[test]
        fn a_packed_job_is_the_job(
            jobs in prop::collection::vec(object(JOB, prop_oneof![2 => value(), 1 => object(CONNECTION, value())]), 1..5),
            with_id in any::<bool>(),
            kind in prop::sample::select(vec![None, Some("alm")]),
        ) {
            let complete = |job: &String| if with_id { job.replacen('{', "{\"id\": 5, ", 1).replace(", }", "}") } else { job.clone() };
            let mut texts: Vec<String> = jobs.iter().map(complete).collect();
            texts.extend(texts.clone());
            agrees(&texts, kind);
        }
    }
}
