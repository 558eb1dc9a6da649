//! Looking at agents and switching them. State and switches exist in both families of paths, all else from 1.5 on.
//!
//! <https://eddiewebb.atlassian.net/wiki/pages/viewpage.action?pageId=23986190>

use http::Method;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use super::agent::{Agent, AgentState, Capability};
use super::opened::{Form, Opened};
use super::session::Api;
use super::text;
use crate::core::answer::Answer;
use crate::core::error::{Error, Kind};
use crate::core::target::Target;
use crate::core::transport::Call;

/// All agents. Only scripts show this path, by the plugin's author and by others; the pages do not have it.
pub async fn list_agents(opened: &Opened<'_>, call: &Call) -> Result<Vec<Agent>, Error> {
    const OPERATION: &str = "agents.list";
    opened.needs_new_paths(call, OPERATION)?;
    let target = Target::new("/rest/agents/latest/");
    let answer = opened.send(call, OPERATION, Method::GET, target, Form::Json).await?;
    let agents = rows(&answer, call)?;
    opened.client.remember(Api::AgentConfig);
    Ok(agents)
}

/// The state of one agent. Finds out the family of paths if it is not known yet.
pub async fn state(opened: &Opened<'_>, call: &Call, id: i64, form: Form) -> Result<AgentState, Error> {
    state_as(opened, call, "agents.state", id, form).await
}

pub(super) async fn state_as(
    opened: &Opened<'_>,
    call: &Call,
    operation: &'static str,
    id: i64,
    form: Form,
) -> Result<AgentState, Error> {
    if let Some(api) = opened.client.known_api() {
        return state_in(opened, call, operation, id, form, api).await;
    }
    let first = state_in(opened, call, operation, id, form, Api::AgentConfig).await;
    let (found, api) = match first {
        Err(error) if error.kind() == Kind::NotFound => (
            state_in(opened, call, operation, id, form, Api::Agent).await,
            Api::Agent,
        ),
        found => (found, Api::AgentConfig),
    };
    if found.is_ok() {
        opened.client.remember(api);
    }
    found
}

async fn state_in(
    opened: &Opened<'_>,
    call: &Call,
    operation: &'static str,
    id: i64,
    form: Form,
    api: Api,
) -> Result<AgentState, Error> {
    let path = match (api, form) {
        (Api::AgentConfig, Form::Json) => "/state",
        (Api::AgentConfig, Form::Text) => "/state/text",
        (Api::Agent, Form::Json) => "",
        (Api::Agent, Form::Text) => "/text",
    };
    let target = agent_path(api, id).then(path);
    let answer = opened.send(call, operation, Method::GET, target, form).await?;
    read_state(&answer, id)
}

/// In either form, whichever was asked for: a reader of the wrong form would find nothing, and nothing looks like idle.
fn read_state(answer: &Answer, id: i64) -> Result<AgentState, Error> {
    let state: AgentState = if answer.text().trim_start().starts_with(['{', '[']) {
        answer.json()?
    } else {
        text::read(answer, &[("id", id)])?
    };
    if state.id != id {
        return Err(answer.unexpected(&format!("the server answered about agent {}, not {id}", state.id)));
    }
    Ok(state)
}

fn agent_path(api: Api, id: i64) -> Target {
    let root = match api {
        Api::AgentConfig => "/rest/agents/1.0/",
        Api::Agent => "/rest/agent/1.0/",
    };
    Target::new(root).then(&id.to_string())
}

/// Lets an agent take builds, or no more of them; those that run go on.
pub async fn switch(opened: &Opened<'_>, call: &Call, id: i64, enabled: bool) -> Result<AgentState, Error> {
    let operation = if enabled { "agents.enable" } else { "agents.disable" };
    if opened.client.known_api().is_none() {
        // Never found out by a change.
        let looked = state_as(opened, call, operation, id, Form::Json).await;
        looked.map_err(Error::before_a_change)?;
    }
    let api = opened.client.known_api().unwrap_or(Api::AgentConfig);
    let target = match api {
        Api::AgentConfig => agent_path(api, id).then("/state"),
        Api::Agent => agent_path(api, id),
    };
    let target = target.then(if enabled { "/enable" } else { "/disable" });
    let sent = opened.send(call, operation, Method::POST, target, Form::Json).await;
    let switched = sent.and_then(|answer| {
        let state = read_state(&answer, id)?;
        if state.enabled == enabled {
            return Ok(state);
        }
        let word = if enabled { "disabled" } else { "enabled" };
        Err(answer.unexpected(&format!("the server answered that agent {id} is still {word}")))
    });
    switched.map_err(|error| {
        error.settled_by(&format!(
            "look at agents.state({id}).enabled, then repeat it if need be"
        ))
    })
}

/// What an agent has of its own.
pub async fn capabilities(opened: &Opened<'_>, call: &Call, id: i64) -> Result<Vec<Capability>, Error> {
    const OPERATION: &str = "agents.capabilities";
    opened.needs_new_paths(call, OPERATION)?;
    let target = new_path(id, "/capabilities");
    let answer = opened.send(call, OPERATION, Method::GET, target, Form::Json).await?;
    rows(&answer, call)
}

/// One odd record never loses the list, but a list of nothing else is not this one.
fn rows<T: DeserializeOwned>(answer: &Answer, call: &Call) -> Result<Vec<T>, Error> {
    let rows: Vec<Box<RawValue>> = answer.json()?;
    let read: Vec<T> = rows
        .iter()
        .filter_map(|row| serde_json::from_str(row.get()).ok())
        .collect();
    let (lost, total) = (rows.len() - read.len(), rows.len());
    if lost > 0 && read.is_empty() {
        return Err(answer.unexpected("the answer is a list, but nothing in it can be read"));
    }
    if lost > 0 {
        call.warn(
            answer,
            format!("{lost} of {total} records could not be read and were left out"),
        );
    }
    Ok(read)
}

/// Removes all that an agent has of its own.
pub async fn clear_capabilities(opened: &Opened<'_>, call: &Call, id: i64) -> Result<(), Error> {
    const OPERATION: &str = "agents.clear_capabilities";
    opened.needs_new_paths(call, OPERATION)?;
    let target = new_path(id, "/capabilities");
    let sent = opened.send(call, OPERATION, Method::DELETE, target, Form::Json).await;
    let cleared = sent.and_then(|answer| match answer.json::<Vec<IgnoredAny>>()?.len() {
        0 => Ok(()),
        left => Err(answer.unexpected(&format!("the server answered that {left} capabilities are left"))),
    });
    cleared.map_err(|error| {
        error.settled_by(&format!(
            "look at agents.capabilities({id}): none are left if it was applied"
        ))
    })
}

/// The version that agents are to have. Only what is asked for by a maintenance task may be done about it.
pub async fn target_version(opened: &Opened<'_>, call: &Call) -> Result<String, Error> {
    const OPERATION: &str = "agents.target_version";
    opened.needs_new_paths(call, OPERATION)?;
    let target = Target::new("/rest/agents/1.0/polling/version");
    let answer = opened.send(call, OPERATION, Method::GET, target, Form::Text).await?;
    let told: std::collections::BTreeMap<String, String> = text::read(&answer, &[])?;
    let version = told.get("pversion").filter(|version| !version.is_empty());
    version
        .cloned()
        .ok_or_else(|| answer.unexpected("the answer in text form: missing PVERSION"))
}

/// A path that only 1.5 and later have.
pub(super) fn new_path(id: i64, rest: &str) -> Target {
    agent_path(Api::AgentConfig, id).then(rest)
}
