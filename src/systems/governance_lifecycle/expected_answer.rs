//! What a good answer to a modelled command holds. A 200 is not success: gateways, other commands and failing servers
//! answer JSON too, so whatever lacks these marks leaves the outcome unknown.
//!
//! <https://pradeepkg.github.io/RSA/docs/review/setReviewState> and the pages beside it.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::command::{CommandResult, Envelope, Opened, says_success};
use crate::core::answer::Answer;
use crate::core::error::Error;
use crate::core::lenient;

/// The marks of a good answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    command: &'static str,
    needs: Needs,
    /// A parameter of the request that the answer may repeat.
    echo: Option<(&'static str, &'a str)>,
}

/// What must be there beside the envelope.
#[derive(Clone, Copy, Debug)]
enum Needs {
    /// The command's name as `type`: there is nothing else.
    Type,
    /// `status` = `success`.
    Success,
    /// All of these fields.
    All(&'static [&'static str]),
    /// One of these fields.
    Any(&'static [&'static str]),
}

impl<'a> Expected<'a> {
    const fn new(command: &'static str, needs: Needs) -> Self {
        Self {
            command,
            needs,
            echo: None,
        }
    }

    /// An answer that only names its command.
    pub const fn named(command: &'static str) -> Self {
        Self::new(command, Needs::Type)
    }

    /// An answer that says `success`.
    pub const fn success(command: &'static str) -> Self {
        Self::new(command, Needs::Success)
    }

    /// An answer with all of these fields.
    pub const fn with(command: &'static str, fields: &'static [&'static str]) -> Self {
        Self::new(command, Needs::All(fields))
    }

    /// An answer with one of these fields at least.
    pub const fn with_any(command: &'static str, fields: &'static [&'static str]) -> Self {
        Self::new(command, Needs::Any(fields))
    }

    /// The answer is about this object if it names any.
    #[must_use]
    pub const fn about(self, parameter: &'static str, value: &'a str) -> Self {
        Self {
            echo: Some((parameter, value)),
            ..self
        }
    }

    /// The answer, if it is a good one.
    ///
    /// # Errors
    /// The refusal that the answer tells of; otherwise an unexpected content. Neither quotes a value: the answer may hold
    /// a secret.
    pub fn result(self, answer: &Answer) -> Result<CommandResult, Error> {
        let opened = Opened::of(answer, self.command)?;
        if let Some(refused) = opened.refused(answer) {
            return Err(refused);
        }
        match self.missing(&opened) {
            None => Ok(opened.result),
            Some(missing) => Err(answer.unexpected(&format!("this is no answer to {}: {missing}", self.command))),
        }
    }

    /// One of the fields of a good answer.
    pub fn field(self, answer: &Answer, key: &str) -> Result<String, Error> {
        let result = self.result(answer)?;
        let fields: Fields<'_> = serde_json::from_str(result.data.0.get()).unwrap_or_default();
        text(&fields, key).ok_or_else(|| answer.unexpected(&format!("data: missing field `{key}`")))
    }

    /// A good answer as a record.
    pub fn record<T: DeserializeOwned>(self, answer: &Answer) -> Result<T, Error> {
        let result = self.result(answer)?;
        let parsed = serde_json::from_str(result.data.0.get());
        parsed.map_err(|error| answer.unexpected(&format!("data: {error}")))
    }

    fn missing(self, opened: &Opened) -> Option<String> {
        if opened.envelope != Envelope::Own {
            return Some("there is no object in `data`".to_owned());
        }
        let fields: Fields<'_> = serde_json::from_str(opened.result.data.0.get()).unwrap_or_default();
        if !is_of(opened, &fields, self.command) {
            return Some("its `type` is another one".to_owned());
        }
        let lacks = |field: &&&str| text(&fields, field).is_none();
        let missing = match self.needs {
            Needs::Type if opened.result.r#type.is_none() => Some("it has no `type`".to_owned()),
            Needs::Success => match opened.result.status.as_deref() {
                Some(status) if says_success(status) => None,
                Some(_) => Some("its `status` is neither success nor failure".to_owned()),
                None => Some("it has no `status`".to_owned()),
            },
            Needs::All(needed) => needed.iter().find(lacks).map(|field| format!("it has no `{field}`")),
            Needs::Any(needed) if needed.iter().all(|field| lacks(&field)) => {
                Some(format!("it has none of `{}`", needed.join("`, `")))
            }
            Needs::Type | Needs::Any(_) => None,
        };
        missing.or_else(|| {
            let (parameter, asked) = self.echo?;
            let told = text(&fields, parameter)?;
            (!is_same(&told, asked)).then(|| format!("its `{parameter}` is not the one that was asked for"))
        })
    }
}

type Fields<'f> = HashMap<String, &'f RawValue>;

/// A text or number that is not empty.
fn text(fields: &Fields<'_>, key: &str) -> Option<String> {
    let raw = fields.get(key)?;
    let is_word = matches!(raw.get(), "true" | "false");
    lenient::text(raw).filter(|text| !is_word && !text.trim().is_empty())
}

/// Whether the answer names this command, or none.
fn is_of(opened: &Opened, fields: &Fields<'_>, command: &str) -> bool {
    match (&opened.result.r#type, fields.get("type")) {
        (Some(told), _) => told.trim().eq_ignore_ascii_case(command),
        (None, Some(raw)) => raw.get() == "null",
        (None, None) => true,
    }
}

/// Ids are texts of digits; `061` is `61`.
fn is_same(told: &str, asked: &str) -> bool {
    let (told, asked) = (told.trim(), asked.trim());
    told == asked || matches!((told.parse::<u64>(), asked.parse::<u64>()), (Ok(told), Ok(asked)) if told == asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::error::{Kind, Outcome};

    fn verdict(expected: Expected<'_>, body: &str) -> Option<(Kind, Option<Outcome>)> {
        let answer = Answer::made(200, None, body, false, &[]);
        let error = expected.result(&answer).err()?;
        Some((error.kind(), error.context().outcome))
    }

    const UNKNOWN: Option<(Kind, Option<Outcome>)> = Some((Kind::UnexpectedContent, Some(Outcome::Unknown)));
    const REJECTED: Option<(Kind, Option<Outcome>)> = Some((Kind::Api, Some(Outcome::Rejected)));

    #[test]
    fn each_kind_of_answer_has_its_marks() {
        let state = Expected::success("setReviewState").about("id", "61");
        let alive = Expected::named("keepAlive");
        let run = Expected::with("runReview", &["run-id"]);
        let limits = Expected::with_any("getSecuritySettings", &["a", "b"]);
        let cases = [
            (state, r#"{"data":{"type":"SETREVIEWSTATE","status":"Success"}}"#, None),
            (state, r#"{"setReviewState":{"status":"success","id":61}}"#, None),
            (state, r#"{"data":{"status":"success","id":"061"}}"#, None),
            (state, "status=success\n", None),
            (state, r#"{"status":"success","data":null}"#, UNKNOWN),
            (state, r#"{"status":"success"}"#, UNKNOWN),
            (state, r#"{"status":"UP"}"#, UNKNOWN),
            (state, r#"{"data":{"status":"success","id":"62"}}"#, UNKNOWN),
            (state, r#"{"data":{"status":"success","type":7}}"#, UNKNOWN),
            (
                state,
                r#"{"data":{"status":"success","type":["setReviewState"]}}"#,
                UNKNOWN,
            ),
            (state, r#"{"data":{"status":"unsuccessful"}}"#, UNKNOWN),
            (state, r#"{"data":{"status":true}}"#, UNKNOWN),
            (state, r#"{"data":[{"status":"success"}]}"#, UNKNOWN),
            (state, r#"{"findReviews":{"status":"success"}}"#, UNKNOWN),
            (state, r#"{"data":{"STATUS":" ERROR: read-only"}}"#, REJECTED),
            (state, r#"{"data":{"status":"success,failure"}}"#, REJECTED),
            (state, r#"{"status":"Failed","data":{"status":"success"}}"#, REJECTED),
            (state, r#"{"setReviewState":{"Status":"failure"}}"#, REJECTED),
            (state, "Status=Error\n", REJECTED),
            (alive, r#"{"data":{"type":"keepAlive"}}"#, None),
            (alive, r#"{"keepAlive":{}}"#, None),
            (alive, r#"{"data":{}}"#, UNKNOWN),
            (alive, r#"{"type":"keepAlive"}"#, UNKNOWN),
            (run, r#"{"run-id":"17"}"#, UNKNOWN),
            (alive, r#"{"data":{"type":"logoutUser"}}"#, UNKNOWN),
            (alive, "a=b\n", UNKNOWN),
            (run, r#"{"data":{"type":"runReview","run-id":17}}"#, None),
            (run, r#"{"data":{"run-id":" "}}"#, UNKNOWN),
            (run, r#"{"data":{"run-id":true}}"#, UNKNOWN),
            (run, r#"{"data":{"run-id":{}}}"#, UNKNOWN),
            (limits, r#"{"data":{"b":"1"}}"#, None),
            (limits, r#"{"data":{"c":"1"}}"#, UNKNOWN),
        ];
        for (expected, body, found) in cases {
            assert_eq!(verdict(expected, body), found, "{body}");
        }
    }

    #[test]
    fn any_other_json_leaves_the_outcome_unknown() {
        let expected = [
            Expected::named("keepAlive"),
            Expected::success("uploadCoverage"),
            Expected::with("getReviewStatus", &["name", "state"]),
        ];
        for body in [
            "{}",
            "[]",
            "null",
            "true",
            "12",
            "\"text\"",
            r#"{"data":{}}"#,
            r#"{"data":"text"}"#,
            r#"{"data":null}"#,
            r#"{"error":"The database is read-only"}"#,
            r#"{"data":{"error":"The database is read-only"}}"#,
            r#"{"detail":"Not found."}"#,
            r#"{"data":{"type":"about","server-version":"8"}}"#,
            "<ok/>",
        ] {
            for expected in expected {
                assert_eq!(verdict(expected, body), UNKNOWN, "{body}");
            }
        }
    }
}
