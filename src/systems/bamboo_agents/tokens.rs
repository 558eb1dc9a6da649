//! The token operations. Slashes at the end of paths stand exactly as the vendor prints them.
//!
//! <https://eddiewebb.atlassian.net/wiki/display/AAFB/Access+Token+Operations>

use http::Method;

use super::session::{Api, BambooAgents};
use super::token::{AccessToken, Body, EnsureResult};
use crate::core::answer::Answer;
use crate::core::credential::CredentialKind;
use crate::core::error::{Error, Kind, Outcome};
use crate::core::request::{Backend, Request};
use crate::core::retry::Effect;
use crate::core::secret::Secret;
use crate::core::target::Target;
use crate::core::transport::Call;

const JSON: &str = "application/json";

/// The fields to change; None keeps the present value.
#[derive(Clone, Debug, Default)]
pub struct TokenChange {
    /// The name.
    pub name: Option<String>,
    /// Whether it may look.
    pub read: Option<bool>,
    /// Whether it may change.
    pub change: Option<bool>,
}

/// All tokens. Finds out the family of paths if it is not known yet.
pub async fn list(client: &BambooAgents, call: &Call) -> Result<Vec<AccessToken>, Error> {
    list_as(client, call, "tokens.list").await
}

async fn list_as(client: &BambooAgents, call: &Call, operation: &'static str) -> Result<Vec<AccessToken>, Error> {
    needs_login(client, call, operation)?;
    if let Some(api) = client.known_api() {
        return list_in(client, call, operation, api).await;
    }
    let mut missing = None;
    for api in [Api::AgentConfig, Api::Agent] {
        match list_in(client, call, operation, api).await {
            Err(error) if error.kind() == Kind::NotFound => missing = Some(error),
            Err(error) => return Err(error),
            Ok(tokens) => {
                client.remember(api);
                return Ok(tokens);
            }
        }
    }
    let error = missing.unwrap_or_else(|| Error::config("no family of paths was tried"));
    Err(error.with_hint(
        "neither the paths of 1.5+ nor the older ones exist: check url and its context path, and that the plugin Agent APIs for Bamboo is installed",
    ))
}

/// Refuses what Bamboo would: tokens are managed by administrators, and only agents are opened without a login.
fn needs_login(client: &BambooAgents, call: &Call, operation: &'static str) -> Result<(), Error> {
    if client.has_login() {
        return Ok(());
    }
    let error = Error::config("no login was given, and the operations on tokens need an administrator's");
    Err(call.refuse(
        operation,
        error.with_hint("pass username= and password=, or token=, to the client; agents(uuid) alone needs no login"),
    ))
}

async fn list_in(
    client: &BambooAgents,
    call: &Call,
    operation: &'static str,
    api: Api,
) -> Result<Vec<AccessToken>, Error> {
    let target = Target::new(match api {
        Api::AgentConfig => "/rest/agent-config/1.0/tokens/",
        Api::Agent => "/rest/agent/1.0/tokens/",
    });
    let request = Request::new(operation, Method::GET, target, Effect::Read)
        .accept(JSON)
        .with_secret_answer();
    client.send(call, request).await?.json()
}

async fn api(client: &BambooAgents, call: &Call, operation: &'static str) -> Result<Api, Error> {
    needs_login(client, call, operation)?;
    if client.known_api().is_none() {
        list_as(client, call, operation).await.map_err(Error::before_a_change)?;
    }
    // Known after a list that succeeded.
    Ok(client.known_api().unwrap_or(Api::AgentConfig))
}

/// Makes a token. Names may repeat, so this is never sent twice.
pub async fn create(
    client: &BambooAgents,
    call: &Call,
    name: &str,
    read: bool,
    change: bool,
) -> Result<AccessToken, Error> {
    create_as(client, call, "tokens.create", name, read, change).await
}

async fn create_as(
    client: &BambooAgents,
    call: &Call,
    operation: &'static str,
    name: &str,
    read: bool,
    change: bool,
) -> Result<AccessToken, Error> {
    if name.trim().is_empty() {
        return Err(call.refuse(operation, Error::config("name: must not be empty")));
    }
    let target = Target::new(match api(client, call, operation).await? {
        Api::AgentConfig => "/rest/agent-config/1.0/tokens/",
        Api::Agent => "/rest/agent/1.0/tokens",
    });
    let sent = Body {
        uuid: None,
        name,
        read,
        change,
    };
    let request = Request::new(operation, Method::POST, target, Effect::Unsafe)
        .accept(JSON)
        .json(encode(&sent)?)
        .with_secret_answer();
    client
        .send(call, request)
        .await
        .and_then(|answer| mirrored(&answer, &sent))
        .map_err(|error| {
            error.settled_by("list the tokens and look for the name before creating it again, or use ensure()")
        })
}

/// Replaces a token: all four fields are sent. Fields that are not given are taken from `token`, or from a list if only
/// its uuid is known.
pub async fn update(
    client: &BambooAgents,
    call: &Call,
    token: TokenRef,
    change: &TokenChange,
) -> Result<AccessToken, Error> {
    update_as(client, call, "tokens.update", token, change).await
}

/// Takes both rights away. There is no documented way to delete a token: it stays listed, but powerless.
pub async fn revoke(client: &BambooAgents, call: &Call, token: TokenRef) -> Result<AccessToken, Error> {
    let powerless = TokenChange {
        name: None,
        read: Some(false),
        change: Some(false),
    };
    update_as(client, call, "tokens.revoke", token, &powerless).await
}

/// A token as the caller knows it.
pub enum TokenRef {
    /// With all its fields.
    Known(AccessToken),
    /// By its uuid alone.
    Uuid(Secret),
}

async fn update_as(
    client: &BambooAgents,
    call: &Call,
    operation: &'static str,
    token: TokenRef,
    change: &TokenChange,
) -> Result<AccessToken, Error> {
    let uuid = match &token {
        TokenRef::Known(token) => token.uuid.clone(),
        TokenRef::Uuid(uuid) => uuid.clone(),
    };
    // Checked before anything is sent: an empty id would address the whole collection.
    let checked = CredentialKind::TOKEN_UUID.check(&uuid);
    checked.map_err(|error| call.refuse(operation, error))?;
    if change.name.as_ref().is_some_and(|name| name.trim().is_empty()) {
        return Err(call.refuse(operation, Error::config("name: must not be empty")));
    }
    let full = match (token, change) {
        (
            _,
            TokenChange {
                name: Some(name),
                read: Some(read),
                change: Some(change),
            },
        ) => (name.clone(), *read, *change),
        (TokenRef::Known(token), wanted) => merged(&token, wanted),
        (TokenRef::Uuid(uuid), wanted) => {
            let tokens = list_as(client, call, operation).await.map_err(Error::before_a_change)?;
            let found = tokens.iter().find(|token| same_uuid(&token.uuid, &uuid));
            let is_name = || tokens.iter().any(|token| token.name == uuid.expose());
            let found = found.ok_or_else(|| unknown_token(call, operation, is_name()))?;
            merged(found, wanted)
        }
    };
    let (name, read, change) = full;
    if name.trim().is_empty() {
        return Err(call.refuse(operation, Error::config("name: must not be empty")));
    }
    let path = match api(client, call, operation).await? {
        Api::AgentConfig => "/rest/agent-config/1.0/tokens/",
        Api::Agent => "/rest/agent/1.0/tokens/",
    };
    let target = Target::new(path).secret_segment("token", &uuid)?;
    let sent = Body {
        uuid: Some(uuid.expose()),
        name: &name,
        read,
        change,
    };
    let request = Request::new(operation, Method::PUT, target, Effect::Idempotent)
        .accept(JSON)
        .json(encode(&sent)?)
        .hiding(&uuid)
        .with_secret_answer();
    let updated = client
        .send(call, request)
        .await
        .and_then(|answer| mirrored(&answer, &sent));
    updated.map_err(|error| error.settled_by("repeat the same update: it leads to the same token"))
}

/// The token of an answer, which mirrors what was sent. A right that was to be taken away and is still there, or one that
/// nobody asked for, is worse than an error.
fn mirrored(answer: &Answer, sent: &Body<'_>) -> Result<AccessToken, Error> {
    let token: AccessToken = answer.json()?;
    let is_other = match sent.uuid {
        Some(uuid) => !same_uuid(&token.uuid, &Secret::new(uuid)),
        // Nothing else tells a new token from others.
        None => token.name.trim() != sent.name.trim(),
    };
    if is_other {
        return Err(answer.unexpected("the server answered about another token than the one that was sent"));
    }
    if (token.read, token.change) != (sent.read, sent.change) {
        return Err(answer.unexpected("the server answered with other rights than those that were sent"));
    }
    Ok(token)
}

/// The token of this name, if there is one.
pub async fn find(client: &BambooAgents, call: &Call, name: &str) -> Result<Option<AccessToken>, Error> {
    find_as(client, call, "tokens.find", name).await
}

async fn find_as(
    client: &BambooAgents,
    call: &Call,
    operation: &'static str,
    name: &str,
) -> Result<Option<AccessToken>, Error> {
    let mut tokens = list_as(client, call, operation).await?;
    tokens.retain(|token| token.name == name);
    if tokens.len() > 1 {
        let message = format!("{} tokens have the name {name:?}", tokens.len());
        let error = Error::new(Kind::AmbiguousMatch, message, call.context(operation)).with_outcome(Outcome::NotSent);
        return Err(
            error.with_hint("nothing was changed; names need not be unique, so choose one of list() by its uuid")
        );
    }
    Ok(tokens.pop())
}

/// The token of this name with these rights: found, updated or created.
pub async fn ensure(
    client: &BambooAgents,
    call: &Call,
    name: &str,
    read: bool,
    change: bool,
) -> Result<EnsureResult, Error> {
    const OPERATION: &str = "tokens.ensure";
    if name.trim().is_empty() {
        return Err(call.refuse(OPERATION, Error::config("name: must not be empty")));
    }
    let found = find_as(client, call, OPERATION, name)
        .await
        .map_err(Error::before_a_change)?;
    let token = match found {
        Some(token) if token.read == read && token.change == change => {
            return Ok(EnsureResult { token, changed: false });
        }
        Some(token) => {
            let wanted = TokenChange {
                name: None,
                read: Some(read),
                change: Some(change),
            };
            update_as(client, call, OPERATION, TokenRef::Known(token), &wanted).await?
        }
        None => create_as(client, call, OPERATION, name, read, change).await?,
    };
    Ok(EnsureResult { token, changed: true })
}

fn merged(token: &AccessToken, wanted: &TokenChange) -> (String, bool, bool) {
    (
        wanted.name.clone().unwrap_or_else(|| token.name.clone()),
        wanted.read.unwrap_or(token.read),
        wanted.change.unwrap_or(token.change),
    )
}

/// Uuids are compared without case and sent as given.
fn same_uuid(one: &Secret, other: &Secret) -> bool {
    Secret::new(one.expose().to_ascii_lowercase()) == Secret::new(other.expose().to_ascii_lowercase())
}

fn unknown_token(call: &Call, operation: &str, is_name: bool) -> Error {
    let message = "no token has this uuid, so its other fields are not known";
    let hint = if is_name {
        "this is the name of a token, not its uuid: pass what tokens.find(name) gives"
    } else if operation == "tokens.revoke" {
        "tokens.list() shows which tokens there are: pass one of them, or its uuid"
    } else {
        "update replaces the whole token: pass name, read and change, or an AccessToken from list()"
    };
    Error::new(Kind::NotFound, message, call.context(operation))
        .with_outcome(Outcome::NotSent)
        .with_hint(hint)
}

fn encode(body: &Body<'_>) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(body).map_err(|_| Error::config("name: cannot be written as JSON"))
}
