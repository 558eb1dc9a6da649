//! Agent APIs for Bamboo: the two families of paths, the login and the XSRF check that stand before them, and the
//! token operations. Statuses and bodies of errors are not documented anywhere (inferred).

mod agents;
mod settings;

use fastrand::Rng;
use serde_json::{Value, json};

use super::auth::{Credentials, authorization, basic, random_uuid};
use super::exchange::{Answer, Request};
use agents::Agent;
pub use settings::MaintenanceSettings;

/// The access tokens of the page that a sandbox begins with: one may look, one may change, too.
pub(super) const READER: &str = "d0ea6653-05e2-4d51-9d89-665cdfe86be6";
pub(super) const WRITER: &str = "7ba167aa-631c-4771-b197-fcb459cc7fd7";

/// Which version's paths are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BambooApi {
    /// Those from version 1.5 on.
    #[default]
    NewOnly,
    /// Those before 1.5.
    OldOnly,
    /// All.
    Both,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub uuid: String,
    pub name: String,
    pub read: bool,
    pub change: bool,
}

impl Token {
    fn value(&self) -> Value {
        json!({"uuid": self.uuid, "name": self.name, "read": self.read, "change": self.change})
    }
}

/// State of the plugin.
pub(crate) struct State {
    pub api: BambooApi,
    tokens: Vec<Token>,
    agents: Vec<Agent>,
    pub maintenance: MaintenanceSettings,
    next_task: u64,
    rng: Rng,
}

/// What a path means.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Route {
    List,
    Create,
    Update(String),
    Agents(agents::Route),
}

/// Finds the meaning of method and path, and whether it is of the older family.
fn route(request: &Request) -> Option<(Route, bool)> {
    let method = request.method.as_str();
    let segments = request.segments();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    // The slashes are those of the page: the list has one in both families, creation in the newer, update in none.
    let found = match parts.as_slice() {
        ["rest", "agent-config", "1.0", "tokens", ""] if method == "GET" => (Route::List, false),
        ["rest", "agent-config", "1.0", "tokens", ""] if method == "POST" => (Route::Create, false),
        ["rest", "agent-config", "1.0", "tokens", id] if method == "PUT" && !id.is_empty() => {
            (Route::Update((*id).to_owned()), false)
        }
        ["rest", "agent", "1.0", "tokens", ""] if method == "GET" => (Route::List, true),
        ["rest", "agent", "1.0", "tokens"] if method == "POST" => (Route::Create, true),
        ["rest", "agent", "1.0", "tokens", id] if method == "PUT" && !id.is_empty() => {
            (Route::Update((*id).to_owned()), true)
        }
        // The path with `api` stands in a script of the plugin's author only.
        ["rest", "agents", version, rest @ ..] | ["rest", "api", "agents", version, rest @ ..]
            if ["1.0", "latest"].contains(version) =>
        {
            (Route::Agents(agents::route(method, rest)?), false)
        }
        ["rest", "agent", "1.0", rest @ ..] => (Route::Agents(agents::old_route(method, rest)?), true),
        _ => return None,
    };
    Some(found)
}

pub(crate) fn operation(request: &Request) -> String {
    match route(request) {
        Some((Route::List, _)) => "tokens.list".to_owned(),
        Some((Route::Create, _)) => "tokens.create".to_owned(),
        Some((Route::Update(_), _)) => "tokens.update".to_owned(),
        Some((Route::Agents(route), _)) => route.operation().to_owned(),
        None => String::new(),
    }
}

impl State {
    pub fn new() -> State {
        let token = |uuid: &str, name: &str, change| Token {
            uuid: uuid.to_owned(),
            name: name.to_owned(),
            read: true,
            change,
        };
        State {
            api: BambooApi::default(),
            tokens: vec![token(READER, "readOnly", false), token(WRITER, "read and write", true)],
            agents: agents::initial(),
            maintenance: MaintenanceSettings::default(),
            next_task: 1,
            rng: Rng::new(),
        }
    }

    /// Uuid and name of all tokens.
    pub fn tokens(&self) -> Vec<(String, String)> {
        self.tokens
            .iter()
            .map(|token| (token.uuid.clone(), token.name.clone()))
            .collect()
    }

    /// Answers one request.
    pub fn answer(&mut self, credentials: &Credentials, request: &Request) -> Answer {
        let route = match route(request) {
            Some((route, old)) if self.serves(old) => route,
            _ => return absent(),
        };
        let route = match route {
            Route::Agents(route) => {
                return if fails_xsrf(request) {
                    xsrf_failed()
                } else {
                    self.answer_agents(&route, request)
                };
            }
            route => route,
        };
        match is_administrator(credentials, request) {
            None => {
                return refused(401, "Client must be authenticated to access this resource.")
                    .with("WWW-Authenticate", "Basic realm=\"protected-area\"");
            }
            Some(false) => return refused(403, "You need to be an administrator to access this resource."),
            Some(true) => {}
        }
        if fails_xsrf(request) {
            return xsrf_failed();
        }
        match route {
            Route::Create => self.create(request),
            Route::Update(id) => self.update(&id, request),
            _ => Answer::json(200, &self.tokens.iter().map(Token::value).collect()),
        }
    }

    fn serves(&self, old: bool) -> bool {
        match self.api {
            BambooApi::NewOnly => !old,
            BambooApi::OldOnly => old,
            BambooApi::Both => true,
        }
    }

    fn create(&mut self, request: &Request) -> Answer {
        let (_, name, read, change) = match fields(request) {
            Ok(fields) => fields,
            Err(refusal) => return refusal,
        };
        let token = Token {
            uuid: random_uuid(&mut self.rng),
            name,
            read,
            change,
        };
        let answer = Answer::json(200, &token.value()).applied();
        self.tokens.push(token);
        answer
    }

    fn update(&mut self, id: &str, request: &Request) -> Answer {
        let (uuid, name, read, change) = match fields(request) {
            Ok(fields) => fields,
            Err(refusal) => return refusal,
        };
        if !uuid.eq_ignore_ascii_case(id) {
            return refused(400, "The uuid of the body is not that of the path.");
        }
        let Some(token) = self.tokens.iter_mut().find(|token| token.uuid.eq_ignore_ascii_case(id)) else {
            return refused(404, "There is no such token.");
        };
        *token = Token {
            uuid: token.uuid.clone(),
            name,
            read,
            change,
        };
        Answer::json(200, &token.value()).applied()
    }
}

/// Uuid (empty when absent), name, read and change of a body.
fn fields(request: &Request) -> Result<(String, String, bool, bool), Answer> {
    if request.media_type() != "application/json" {
        return Err(Answer::html(
            415,
            "<html><head><title>Unsupported Media Type</title></head></html>",
        ));
    }
    let body = request
        .json()
        .map_err(|_| refused(400, "The body is not valid JSON."))?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let flag = |name: &str| body.get(name).and_then(Value::as_bool);
    let name = text("name").filter(|name| !name.trim().is_empty());
    match (name, flag("read"), flag("change")) {
        (Some(name), Some(read), Some(change)) => Ok((
            text("uuid").unwrap_or_default().to_owned(),
            name.to_owned(),
            read,
            change,
        )),
        _ => Err(refused(400, "The fields name, read and change are required.")),
    }
}

/// Whether the caller is an administrator; None when nobody is logged in. Basic counts only with `os_authType=basic`.
fn is_administrator(credentials: &Credentials, request: &Request) -> Option<bool> {
    let (scheme, rest) = authorization(request)?;
    match scheme.as_str() {
        "bearer" if rest == credentials.bamboo_token => Some(true),
        "bearer" if rest == credentials.bamboo_limited_token => Some(false),
        "basic" if request.parameter("os_authType") == Some("basic") => {
            let (user, password) = basic(request)?;
            (user == credentials.bamboo_username && password == credentials.bamboo_password).then_some(true)
        }
        _ => None,
    }
}

/// Writes that a form on another site could send need the header; any write that names a foreign origin fails.
fn fails_xsrf(request: &Request) -> bool {
    let exempt = ["no-check", "nocheck"].contains(&request.header("x-atlassian-token"));
    if exempt || !["POST", "PUT", "DELETE"].contains(&request.method.as_str()) {
        return false;
    }
    let own = format!("http://{}", request.header("host"));
    let foreign = ["origin", "referer"].into_iter().any(|name| {
        let value = request.header(name);
        !value.is_empty() && value != own && !value.starts_with(&format!("{own}/"))
    });
    let form_like = [
        "",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain",
    ];
    foreign || request.method == "POST" && form_like.contains(&request.media_type().as_str())
}

fn xsrf_failed() -> Answer {
    Answer::text(403, "XSRF check failed")
}

fn refused(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message, "status-code": status}))
}

fn absent() -> Answer {
    Answer::html(
        404,
        "<html><head><title>Page not found - Bamboo</title></head><body><h1>Page not found</h1></body></html>",
    )
}
