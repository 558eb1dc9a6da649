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

impl CommandResult {
    /// A text field of the data.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        let fields: HashMap<String, &RawValue> = serde_json::from_str(self.data.0.get()).ok()?;
        fields.get(key).and_then(|raw| lenient::text(raw))
    }
}

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

/// The answer as a result; `status` = `failure` inside a 200 is an error.
pub(crate) fn checked(answer: &Answer, name: &str) -> Result<CommandResult, Error> {
    let result = read(answer, name)?;
    if is_failure(&result) {
        return Err(refused(answer, &result));
    }
    Ok(result)
}

/// The refusal inside a 200, if there is one; what else the answer is does not matter.
pub(super) fn refusal(answer: &Answer, name: &str) -> Option<Error> {
    let result = read(answer, name).ok().filter(is_failure)?;
    Some(refused(answer, &result))
}

fn refused(answer: &Answer, result: &CommandResult) -> Error {
    let message = result.message.as_deref().filter(|text| !text.trim().is_empty());
    let message = message.or(result.status.as_deref()).unwrap_or_default();
    let text = format!("the command was refused: {}", shorten(&answer.scrub(message.trim())));
    answer.error(Kind::Api, &text).with_outcome(Outcome::Rejected)
}

fn is_failure(result: &CommandResult) -> bool {
    let status = result.status.as_deref().unwrap_or_default().trim().to_ascii_lowercase();
    status.starts_with("failure") || status == "failed"
}

/// The answer as a result, whatever its status says. JSON comes in three envelopes, and `properties` text or XML may
/// come although JSON was asked for.
pub(crate) fn read(answer: &Answer, name: &str) -> Result<CommandResult, Error> {
    if answer.is_html() {
        return Err(answer.unexpected("the answer is an HTML page"));
    }
    match answer.bytes().trim_ascii_start().first() {
        None => Err(answer.unexpected("the answer is empty")),
        Some(b'{') => object(answer, name),
        Some(b'[' | b'"') => Ok(bare(Json(answer.json::<Box<RawValue>>()?))),
        Some(b'<') => match xml::visible_text(&answer.text()) {
            Some(_) => Ok(bare(json_text(answer, &*answer.text())?)),
            None => Err(answer.unexpected("the answer is neither JSON nor well-formed XML without a document type")),
        },
        Some(_) => properties(answer),
    }
}

fn bare(data: Json) -> CommandResult {
    CommandResult {
        r#type: None,
        status: None,
        message: None,
        data,
    }
}

fn json_text(answer: &Answer, value: impl serde::Serialize) -> Result<Json, Error> {
    let raw = serde_json::value::to_raw_value(&value);
    raw.map(Json)
        .map_err(|_| answer.unexpected("the answer cannot be kept as JSON"))
}

fn object(answer: &Answer, name: &str) -> Result<CommandResult, Error> {
    answer.not_too_deep()?;
    // Parsed once more by the code that explains what is wrong with it.
    let explained = |_| answer.json::<IgnoredAny>().err();
    let fields: HashMap<String, &RawValue> = match serde_json::from_slice(answer.bytes()) {
        Ok(fields) => fields,
        Err(error) => {
            let error = explained(error).unwrap_or_else(|| answer.unexpected("the answer is not valid JSON"));
            return Err(error);
        }
    };
    let (key, raw) = match fields.get("data") {
        Some(raw) => (None, *raw),
        None => match fields.get(name) {
            Some(raw) => (Some(name.to_owned()), *raw),
            None => (None, whole(answer)?),
        },
    };
    let inner: HashMap<String, &RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    let text = |key: &str| inner.get(key).and_then(|raw| lenient::text(raw));
    Ok(CommandResult {
        r#type: text("type").or(key),
        status: text("status").or_else(|| text("Status")),
        message: text("message"),
        data: Json(raw.to_owned()),
    })
}

fn whole(answer: &Answer) -> Result<&RawValue, Error> {
    serde_json::from_slice(answer.bytes()).map_err(|_| answer.unexpected("the answer is not valid JSON"))
}

/// One `key=value` a line; keys may hold blanks, values may be empty. A line without `=` goes on with the value before
/// it, and several values of one key are joined by commas as the vendor joins them.
fn properties(answer: &Answer) -> Result<CommandResult, Error> {
    let text = answer.text();
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match (line.split_once('='), pairs.last_mut()) {
            (Some((key, value)), _) => pairs.push((key.trim(), value.trim().to_owned())),
            (None, Some((_, value))) => {
                value.push('\n');
                value.push_str(line.trim());
            }
            (None, None) => return Err(answer.unexpected("the answer is neither JSON nor key=value text")),
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
    Ok(CommandResult {
        r#type: field("type"),
        status: field("status").or_else(|| field("Status")),
        message: field("message"),
        data: json_text(answer, &fields)?,
    })
}
