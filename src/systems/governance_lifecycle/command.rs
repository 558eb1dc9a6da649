//! One web-service command: the request that all of them share, and the envelopes that their answers come in.
//!
//! <https://pradeepkg.github.io/RSA/docs/apireference>

use std::collections::{BTreeMap, HashMap};

use http::Method;
use http::header;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::session::GovernanceLifecycle;
use super::xml;
use crate::core::answer::Answer;
use crate::core::body::Body;
use crate::core::config::header_value;
use crate::core::decode::shorten;
use crate::core::error::{Error, Kind, Outcome};
use crate::core::lenient;
use crate::core::record::Json;
use crate::core::request::{Backend, Request};
use crate::core::retry::Effect;
use crate::core::target::Target;
use crate::core::transport::Call;

/// What a command answered.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
#[derive(Clone, Debug, PartialEq)]
pub struct CommandResult {
    /// The command that was executed, where the answer names it.
    pub r#type: Option<String>,
    /// The field `status` or `Status`.
    pub status: Option<String>,
    /// The server's message beside the status.
    pub message: Option<String>,
    /// What the envelope holds. Values are texts, numbers included, unless the command says otherwise.
    pub data: Json,
}

crate::fields!(CommandResult {
    r#type,
    status,
    message,
    data
});

/// Runs any command. `format` is always `json`. Parameters go into the query; the body, if any, with its media type.
pub async fn command(
    client: &GovernanceLifecycle,
    call: &Call,
    name: &str,
    params: &[(String, String)],
    body: Option<(&str, Body)>,
    method: Method,
    effect: Effect,
) -> Result<CommandResult, Error> {
    let built = build(name, params, body, method, effect);
    let request = built.map_err(|error| call.refuse("command", error))?;
    let result = client
        .send(call, request)
        .await
        .and_then(|answer| checked(&answer, name));
    result.map_err(|error| error.settled_by("look in the product whether it was applied before sending it again"))
}

fn build(
    name: &str,
    params: &[(String, String)],
    body: Option<(&str, Body)>,
    method: Method,
    effect: Effect,
) -> Result<Request, Error> {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Error::config("name: a command has letters and digits only"));
    }
    if ["loginUser", "loginTrustedApp", "logoutUser"]
        .iter()
        .any(|own| own.eq_ignore_ascii_case(name))
    {
        return Err(Error::config(format!(
            "name: {name} belongs to the client's session; use login=, login() and logout()"
        )));
    }
    if method != Method::GET && method != Method::POST {
        return Err(Error::config("method: commands are sent by GET or POST"));
    }
    let mut target = target(name);
    for (key, value) in params {
        if key.is_empty() {
            return Err(Error::config("params: a parameter's name must not be empty"));
        }
        if ["cmd", "format", "token"]
            .iter()
            .any(|own| own.eq_ignore_ascii_case(key))
        {
            return Err(Error::config(format!("params: {key} is set by the client itself")));
        }
        target = target.query(key, value);
    }
    let mut request = Request::new("command", method, target, effect);
    if let Some((content_type, body)) = body {
        request.body = body;
        request = request.header(header::CONTENT_TYPE, header_value("content_type", content_type)?);
    }
    // Such as getFormToken: the answer is not to be quoted in an error.
    request.secret_answer = name.to_ascii_lowercase().contains("token");
    Ok(request)
}

pub(super) fn target(name: &str) -> Target {
    Target::new("/aveksa/command.submit")
        .query("cmd", name)
        .query("format", "json")
}

/// The answer as a result, whatever it holds; a failure that it tells of inside a 200 is an error. So is a bare `error`,
/// which no command is documented to answer, and of which nobody knows what was done before it.
pub(crate) fn checked(answer: &Answer, name: &str) -> Result<CommandResult, Error> {
    let opened = Opened::of(answer, name)?;
    if let Some(refused) = opened.refused(answer) {
        return Err(refused);
    }
    if opened.is_error {
        return Err(answer.unexpected("the answer holds an error and nothing else"));
    }
    Ok(opened.result)
}

/// The refusal inside a 200, if there is one; what else the answer is does not matter.
pub(super) fn refusal(answer: &Answer, name: &str) -> Option<Error> {
    Opened::of(answer, name).ok()?.refused(answer)
}

/// The answer as a result, whatever its status says.
pub(crate) fn read(answer: &Answer, name: &str) -> Result<CommandResult, Error> {
    Opened::of(answer, name).map(|opened| opened.result)
}

/// What an answer came in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Envelope {
    /// An object below `data` or below the command's name, or `properties` text.
    Own,
    /// Any other document.
    Other,
}

/// An answer that was read.
pub(super) struct Opened {
    pub result: CommandResult,
    pub envelope: Envelope,
    /// Whether it says that the command failed.
    is_failure: bool,
    /// Whether it is an object with an error instead of an envelope.
    is_error: bool,
}

impl Opened {
    /// JSON comes in three envelopes, and `properties` text or XML may come although JSON was asked for.
    pub fn of(answer: &Answer, name: &str) -> Result<Self, Error> {
        if answer.is_html() {
            return Err(answer.unexpected("the answer is an HTML page"));
        }
        match answer.bytes().trim_ascii_start().first() {
            None => Err(answer.unexpected("the answer is empty")),
            Some(b'{') => object(answer, name),
            Some(b'[' | b'"') => Ok(Self::other(Json(answer.json::<Box<RawValue>>()?))),
            Some(b'<') => match xml::visible_text(&answer.text()) {
                Some(_) => Ok(Self::other(json_text(answer, &*answer.text())?)),
                None => {
                    Err(answer.unexpected("the answer is neither JSON nor well-formed XML without a document type"))
                }
            },
            Some(_) => properties(answer),
        }
    }

    const fn other(data: Json) -> Self {
        Self {
            result: CommandResult {
                r#type: None,
                status: None,
                message: None,
                data,
            },
            envelope: Envelope::Other,
            is_failure: false,
            is_error: false,
        }
    }

    /// The error, if the answer says that the command failed.
    pub fn refused(&self, answer: &Answer) -> Option<Error> {
        if !self.is_failure {
            return None;
        }
        let result = &self.result;
        let message = result.message.as_deref().filter(|text| !text.trim().is_empty());
        let message = message.or(result.status.as_deref()).unwrap_or_default();
        let text = format!("the command was refused: {}", shorten(&answer.scrub(message.trim())));
        Some(answer.error(Kind::Api, &text).with_outcome(Outcome::Rejected))
    }

    /// What the server says about a failure, as it came.
    pub fn failure(&self) -> Option<&str> {
        let result = &self.result;
        let text = result.message.as_deref().or(result.status.as_deref());
        text.filter(|_| self.is_failure)
    }
}

/// Whether a status is one of the words for a failure. Documented is `failure`, in updateUnreviewedItems; several of them
/// stand in one text, with commas between.
pub(super) fn says_failure(status: &str) -> bool {
    let is_word = |word: &str| {
        ["failure", "failed", "fail", "error"]
            .iter()
            .any(|known| word.eq_ignore_ascii_case(known))
    };
    first_word(status).is_some_and(is_word) || status.split(',').any(|part| is_word(part.trim()))
}

/// Whether a status says that all is done.
pub(super) fn says_success(status: &str) -> bool {
    first_word(status).is_some_and(|word| word.eq_ignore_ascii_case("success"))
}

/// The word that a status begins with; some repeat their own name before it, as in `Status=Failure.`
fn first_word(status: &str) -> Option<&str> {
    let words = status.split(|c: char| !c.is_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .find(|word| !word.eq_ignore_ascii_case("status"))
}

fn json_text(answer: &Answer, value: impl serde::Serialize) -> Result<Json, Error> {
    let raw = serde_json::value::to_raw_value(&value);
    raw.map(Json)
        .map_err(|_| answer.unexpected("the answer cannot be kept as JSON"))
}

fn object(answer: &Answer, name: &str) -> Result<Opened, Error> {
    answer.not_too_deep()?;
    // Parsed once more by the code that explains what is wrong with it.
    let explained = |_| answer.json::<IgnoredAny>().err();
    let outer: Fields<'_> = match serde_json::from_slice(answer.bytes()) {
        Ok(fields) => fields,
        Err(error) => {
            let error = explained(error).unwrap_or_else(|| answer.unexpected("the answer is not valid JSON"));
            return Err(error);
        }
    };
    let (key, raw) = match (outer.get("data"), outer.get(name)) {
        (Some(raw), _) => (None, *raw),
        (None, Some(raw)) => (Some(name.to_owned()), *raw),
        (None, None) => (None, whole(answer)?),
    };
    let is_bare = !outer.contains_key("data") && key.is_none();
    let inner: Fields<'_> = serde_json::from_str(raw.get()).unwrap_or_default();
    let is_object = raw.get().starts_with('{');
    // What stands outside of the envelope counts as a failure alone.
    let outside = status_of(&outer).filter(|status| !is_bare && says_failure(status));
    let is_failure = outside.is_some() || statuses(&inner).any(|status| says_failure(&status));
    let outer_message = || text(&outer, "message").filter(|_| is_failure);
    Ok(Opened {
        result: CommandResult {
            r#type: text(&inner, "type").or(key),
            status: outside.or_else(|| status_of(&inner)),
            message: text(&inner, "message").or_else(outer_message),
            data: Json(raw.to_owned()),
        },
        envelope: if is_object && !is_bare {
            Envelope::Own
        } else {
            Envelope::Other
        },
        is_failure,
        is_error: is_bare
            && outer
                .iter()
                .any(|(key, raw)| key.eq_ignore_ascii_case("error") && raw.get() != "null"),
    })
}

type Fields<'a> = HashMap<String, &'a RawValue>;

fn text(fields: &Fields<'_>, key: &str) -> Option<String> {
    fields.get(key).and_then(|raw| lenient::text(raw))
}

/// `status` or `Status`; other spellings were not seen, and would be meant.
fn status_of(fields: &Fields<'_>) -> Option<String> {
    text(fields, "status")
        .or_else(|| text(fields, "Status"))
        .or_else(|| statuses(fields).next())
}

fn statuses(fields: &Fields<'_>) -> impl Iterator<Item = String> {
    let found = fields.iter().filter(|(key, _)| key.eq_ignore_ascii_case("status"));
    found.filter_map(|(_, raw)| lenient::text(raw))
}

fn whole(answer: &Answer) -> Result<&RawValue, Error> {
    serde_json::from_slice(answer.bytes()).map_err(|_| answer.unexpected("the answer is not valid JSON"))
}

/// One `key=value` a line; keys may hold blanks, values may be empty. A line without `=` goes on with the value before
/// it, and several values of one key are joined by commas as the vendor joins them.
fn properties(answer: &Answer) -> Result<Opened, Error> {
    let text = answer.text();
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match (line.split_once('='), pairs.last_mut()) {
            (Some((key, value)), _) => pairs.push((key.trim(), value.trim().to_owned())),
            (None, Some((_, value))) => {
                value.push('\n');
                value.push_str(line.trim());
            }
            (None, None) => return Err(answer.unexpected("the answer is neither JSON nor lines of keys and values")),
        }
    }
    let mut fields: BTreeMap<&str, String> = BTreeMap::new();
    for (key, value) in pairs {
        fields
            .entry(key)
            .and_modify(|known| {
                known.push(',');
                known.push_str(&value);
            })
            .or_insert(value);
    }
    let field = |key: &str| fields.get(key).cloned();
    let mut statuses = fields.iter().filter(|(key, _)| key.eq_ignore_ascii_case("status"));
    let is_failure = statuses.any(|(_, status)| says_failure(status));
    Ok(Opened {
        result: CommandResult {
            r#type: field("type"),
            status: field("status").or_else(|| field("Status")),
            message: field("message"),
            data: json_text(answer, &fields)?,
        },
        envelope: Envelope::Own,
        is_failure,
        is_error: false,
    })
}
