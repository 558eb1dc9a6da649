//! Who talks to Bamboo and through which family of paths.

use std::sync::atomic::{AtomicU8, Ordering};

use http::header::{self, HeaderName, HeaderValue};

use super::login_refused::login_refused;
use crate::core::answer::Answer;
use crate::core::config::header_value;
use crate::core::credential::{CredentialKind, Holder};
use crate::core::decode::server_message;
use crate::core::error::{Error, Kind};
use crate::core::gateway::Product;
use crate::core::request::{Backend, Request};
use crate::core::secret::Secret;
use crate::core::transport::Call;

/// Atlassian's REST layer refuses form-like writes without it.
pub(super) const XSRF: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-atlassian-token"),
    HeaderValue::from_static("no-check"),
);

/// The two families of paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// `/rest/agent-config/1.0`, from version 1.5 on.
    AgentConfig,
    /// `/rest/agent/1.0`, before.
    Agent,
}

/// How to log in.
pub enum Login {
    /// User name and password.
    Basic {
        /// The user name.
        username: String,
        /// The password.
        password: Holder,
    },
    /// A personal access token of Bamboo.
    Bearer(Holder),
    /// None at all: agents are opened by a token's uuid alone.
    Anonymous,
}

/// The state of one client in one process.
pub struct BambooAgents {
    login: Login,
    api: AtomicU8,
}

impl BambooAgents {
    /// `api` None: find out by a list.
    pub fn new(login: Login, api: Option<Api>) -> Self {
        let login = match login {
            Login::Basic { username, password } => Login::Basic {
                username,
                password: password.of(&CredentialKind::PASSWORD),
            },
            Login::Bearer(token) => Login::Bearer(token.of(&CredentialKind::TOKEN)),
            Login::Anonymous => Login::Anonymous,
        };
        let this = Self {
            login,
            api: AtomicU8::new(0),
        };
        if let Some(api) = api {
            this.remember(api);
        }
        this
    }

    /// Whether it was given one.
    pub(super) fn has_login(&self) -> bool {
        !matches!(self.login, Login::Anonymous)
    }

    pub(super) fn known_api(&self) -> Option<Api> {
        match self.api.load(Ordering::Relaxed) {
            1 => Some(Api::AgentConfig),
            2 => Some(Api::Agent),
            _ => None,
        }
    }

    pub(super) fn remember(&self, api: Api) {
        let code = match api {
            Api::AgentConfig => 1,
            Api::Agent => 2,
        };
        self.api.store(code, Ordering::Relaxed);
    }

    /// Adds the credentials. Gives the secret used, to be forgotten when it is refused.
    async fn authorize(&self, call: &Call, request: &mut Request) -> Result<Option<Secret>, Error> {
        let (secret, mut value) = match &self.login {
            Login::Anonymous => return Ok(None),
            Login::Basic { username, password } => {
                let secret = password.get(call, &request.operation).await?;
                // Bamboo's REST guide asks for this parameter beside the header.
                request.target = request.target.clone().query("os_authType", "basic");
                let (value, encoded) = crate::core::basic_auth::header(username, &secret);
                request.secrets.push(encoded);
                (secret, value)
            }
            Login::Bearer(token) => {
                let secret = token.get(call, &request.operation).await?;
                let value = header_value("token", &format!("Bearer {}", secret.expose()))?;
                (secret, value)
            }
        };
        value.set_sensitive(true);
        request.headers.insert(header::AUTHORIZATION, value);
        request.secrets.push(secret.clone());
        Ok(Some(secret))
    }

    fn forget(&self, secret: &Secret) {
        match &self.login {
            Login::Basic { password: holder, .. } | Login::Bearer(holder) => {
                holder.refused(secret);
            }
            Login::Anonymous => {}
        }
    }
}

impl Backend for BambooAgents {
    async fn send(&self, call: &Call, mut request: Request) -> Result<Answer, Error> {
        let secret = self
            .authorize(call, &mut request)
            .await
            .map_err(|error| call.refuse(&request.operation, error))?;
        if request.method != http::Method::GET {
            request = request.header(XSRF.0, XSRF.1);
        }
        let answer = call.send(&request).await?;
        if answer.is_success() {
            return Ok(answer);
        }
        // Never sent again with another password: three wrong ones and Bamboo asks for a captcha.
        if let (401 | 403, Some(secret)) = (answer.status, &secret) {
            self.forget(secret);
        }
        Err(self.explain(&answer, &request))
    }
}

/// Bamboo answers some refusals with pages of its own, and Tomcat below it with others.
pub(super) const PRODUCT: Product = Product {
    title: "Bamboo",
    words: &["bamboo", "atlassian", "tomcat", "xsrf", "basic authentication failure"],
    headers: &[
        "x-seraph-loginreason",
        "x-authentication-denied-reason",
        "x-arequestid",
        "x-asessionid",
        "x-ausername",
    ],
    sends_pages: true,
    schemes: &["Basic", "Bearer", "OAuth"],
};

impl BambooAgents {
    fn explain(&self, answer: &Answer, request: &Request) -> Error {
        let error = match login_refused(answer) {
            Ok(refused) => return refused,
            Err(error) => error,
        };
        let is_raw = request.operation == "request";
        match (answer.status, &self.login) {
            (403, _) if server_message(answer).to_ascii_lowercase().contains("xsrf") => xsrf_refused(error),
            (401 | 403, Login::Anonymous) => error.with_hint(
                "this client was given no login: pass username= and password=, or token=, if the path needs one",
            ),
            (401, Login::Basic { .. }) => error.with_hint(
                "user name or password refused; after some failures Bamboo wants a captcha solved in a browser first",
            ),
            (401, Login::Bearer(_)) => error.with_hint(
                "the personal access token was refused: it may be expired, revoked or cut short; it is no access token of the plugin",
            ),
            (403, _) if is_raw => error.with_hint("the user, or the personal access token, lacks the right to do this"),
            (403, Login::Basic { .. }) => {
                error.with_hint("tokens are managed by Bamboo administrators only, and this user is none")
            }
            (403, Login::Bearer(_)) => error.with_hint(
                "tokens are managed by Bamboo administrators only: the personal access token must be an administrator's, and have been given those rights",
            ),
            (404, _) => {
                let is_token = request.method == http::Method::PUT && !is_raw;
                error.with_kind(Kind::NotFound).with_hint(if is_raw {
                    "check the path, and url with its context path"
                } else if is_token {
                    "no token has this uuid, or the plugin is not installed: tokens.list() shows which tokens there are"
                } else {
                    "check url, its context path, and that the plugin is installed"
                })
            }
            _ => error,
        }
    }
}

pub(super) fn xsrf_refused(error: Error) -> Error {
    error.with_hint(
        "Bamboo's XSRF check refused the write: a gateway may have removed X-Atlassian-Token or added Origin",
    )
}
