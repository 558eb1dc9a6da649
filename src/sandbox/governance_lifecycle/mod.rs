//! RSA / SecurID Governance & Lifecycle: `/aveksa/command.submit?cmd=…`, its tokens, and the dispatch of commands.

mod coverage;
mod markup;
mod review_commands;
mod review_items;
mod reviews;

use std::collections::HashMap;

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::auth::{Credentials, authorization, governance_token};
use super::exchange::{Answer, Request, escape_markup};
use super::jobs::Schedule;
use reviews::{Definition, Review, Run};

const PATH: &str = "/aveksa/command.submit";
/// Commands that a token without the reviewer's rights may not use.
const CHANGING: [&str; 6] = [
    "updateReviewItems",
    "uploadCoverage",
    "runReview",
    "setReviewState",
    "refreshReview",
    "updateUnreviewedItems",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Reviewer,
    Reader,
    Application,
}

/// State of the G&L server.
pub(crate) struct State {
    pub schedule: Schedule,
    /// Tokens handed out by the last request, for the journal to mask.
    pub issued: Vec<String>,
    tokens: HashMap<String, Holder>,
    reviews: Vec<Review>,
    definitions: Vec<Definition>,
    runs: Vec<Run>,
    rng: Rng,
}

/// What a command gives.
enum Reply {
    /// Fields in the documented order; `type` is added in JSON.
    Data(Vec<(&'static str, String)>),
    /// Another JSON document, and its text in the `properties` format.
    Bare(Value, String),
    /// Fields of a request that changed something.
    Applied(Vec<(&'static str, String)>),
    /// An HTML page with this status and message.
    Refused(u16, String),
}

impl State {
    pub fn new(credentials: &Credentials) -> State {
        let tokens = HashMap::from([
            (credentials.gl_token.clone(), Holder::Reviewer),
            (credentials.gl_limited_token.clone(), Holder::Reader),
        ]);
        State {
            schedule: Schedule::default(),
            issued: Vec::new(),
            tokens,
            reviews: reviews::reviews(),
            definitions: reviews::definitions(),
            runs: Vec::new(),
            rng: Rng::new(),
        }
    }

    /// Makes every token invalid, as a restart or an elapsed lifespan does.
    pub fn expire_tokens(&mut self) {
        self.tokens.clear();
    }

    /// Answers one request.
    pub fn answer(&mut self, credentials: &Credentials, request: &Request) -> Answer {
        if request.path != PATH {
            return Answer::html(
                404,
                "<html><head><title>Error</title></head><body>Not Found</body></html>",
            );
        }
        let command = request.parameter("cmd").unwrap_or_default().to_owned();
        let reply = self.dispatch(credentials, request, &command);
        let as_json = request.parameter("format") == Some("json");
        match reply {
            Some(Reply::Data(fields)) => rendered(&command, &fields, as_json),
            Some(Reply::Applied(fields)) => rendered(&command, &fields, as_json).applied(),
            Some(Reply::Bare(document, _)) if as_json => Answer::json(200, &document),
            Some(Reply::Bare(_, text)) => Answer::text(200, text),
            Some(Reply::Refused(status, message)) => error_page(request, status, &message),
            None => Answer {
                reason: Some(command.clone()),
                ..error_page(request, 404, &command)
            },
        }
    }

    fn dispatch(&mut self, credentials: &Credentials, request: &Request, command: &str) -> Option<Reply> {
        match command {
            "loginUser" => return Some(self.login_user(credentials, request)),
            "loginTrustedApp" => return Some(self.login_application(credentials, request)),
            "getLoginInstructions" => {
                let fields = [
                    ("username-label", "User ID"),
                    ("password-label", "Password"),
                    ("instructions", ""),
                ];
                return Some(data(&fields));
            }
            "status" => {
                return Some(data(&[
                    ("product-version", "8.0.0.221604"),
                    ("overall-status", "OK"),
                    ("maintenance-mode", "false"),
                    ("database-status", "OK"),
                ]));
            }
            "logoutUser" | "keepAlive" | "getSecuritySettings" | "about" | "findReviews" => {}
            known if review_commands::is_known(known) => {}
            _ => return None,
        }
        let token = token_of(request);
        let Some(holder) = self.tokens.get(&token).copied() else {
            let message = match command {
                "keepAlive" => "The token is invalid or expired".to_owned(),
                _ => format!("The token is not valid for the command '{command}'. Token is invalid or expired"),
            };
            return Some(Reply::Refused(401, message));
        };
        if holder == Holder::Reader && CHANGING.contains(&command) {
            // The page labels this one as missing permissions; only the words after the full stop tell it apart.
            return Some(Reply::Refused(
                401,
                format!("The token is not valid for the command '{command}'. "),
            ));
        }
        match command {
            "logoutUser" => {
                self.tokens.remove(&token);
                Some(Reply::Applied(Vec::new()))
            }
            "keepAlive" if holder == Holder::Application => {
                Some(Reply::Refused(401, "The token is invalid or expired".to_owned()))
            }
            "keepAlive" => Some(Reply::Data(Vec::new())),
            "getSecuritySettings" => Some(data(&[
                ("allow-username-save", "true"),
                ("token-inactivity-timeout", "10"),
                ("token-lifespan-timeout", "120"),
            ])),
            "about" => Some(data(&[
                ("server-version", "8.0.0.221604 P11"),
                ("database-version", "Oracle Database 19c"),
                ("patches", "P11"),
            ])),
            _ => Some(self.review_command(command, request, holder == Holder::Reviewer)),
        }
    }

    fn login_user(&mut self, credentials: &Credentials, request: &Request) -> Reply {
        // The body is a sequence of elements without a root. Any `authsource` is taken: what an unknown one gives is not
        // documented.
        let fragment = std::str::from_utf8(&request.body).unwrap_or_default();
        let document = markup::parse(&format!("<login>{fragment}</login>")).unwrap_or_default();
        let text_of = |name: &str| {
            document
                .child(name)
                .map(|child| child.text.as_str())
                .unwrap_or_default()
        };
        if text_of("username") != credentials.gl_username || text_of("password") != credentials.gl_password {
            let message = "User could not be validated. The username or password may be incorrect.";
            return Reply::Refused(401, message.to_owned());
        }
        Reply::Data(vec![("token", self.issue("ws", Holder::Reviewer))])
    }

    fn login_application(&mut self, credentials: &Credentials, request: &Request) -> Reply {
        let (id, secret) = (request.header("clientid"), request.header("clientsecret"));
        if id != credentials.gl_client_id || secret != credentials.gl_client_secret {
            return Reply::Refused(401, "Application could not be validated".to_owned());
        }
        let token = self.issue("ta", Holder::Application);
        Reply::Bare(json!({"token": token}), format!("token={token}\n"))
    }

    fn issue(&mut self, prefix: &str, holder: Holder) -> String {
        let token = governance_token(&mut self.rng, prefix);
        self.tokens.insert(token.clone(), holder);
        self.issued.push(token.clone());
        token
    }
}

/// The token of the header, or the one of the query as older deployments take it.
fn token_of(request: &Request) -> String {
    match authorization(request) {
        Some((scheme, token)) if scheme == "bearer" => token,
        _ => request.parameter("token").unwrap_or_default().to_owned(),
    }
}

fn data(fields: &[(&'static str, &str)]) -> Reply {
    Reply::Data(
        fields
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect(),
    )
}

fn rendered(command: &str, fields: &[(&'static str, String)], as_json: bool) -> Answer {
    if as_json {
        let mut object = Map::from_iter([("type".to_owned(), Value::from(command))]);
        object.extend(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))),
        );
        return Answer::json(200, &json!({"data": object}));
    }
    let mut text = String::new();
    for (name, value) in fields {
        text.push_str(&format!("{name}={value}\n"));
    }
    Answer::text(200, text)
}

/// The page that stands for every failure, whatever format was asked for. It repeats the caller's query.
pub(crate) fn error_page(request: &Request, status: u16, message: &str) -> Answer {
    let echo = escape_markup(&request.raw_query);
    let message = escape_markup(message);
    Answer::html(
        status,
        format!(
            "<html>\n<head>\n<title>Error</title>\n</head>\n<body>{message}\nQuery String={echo}</body>\n</html>\n"
        ),
    )
}
