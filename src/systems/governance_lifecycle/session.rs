//! Who talks to the server: keeps the token of this process, logs in when there is none, and again once when it died.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::{self, HeaderValue};
use tokio::time::timeout;
use url::Url;

use super::page::Access;
use super::{login as ways, page};
use crate::core::answer::Answer;
use crate::core::config::header_value;
use crate::core::cookies::Cookies;
use crate::core::credential::{CredentialKind, Holder};
use crate::core::error::{Error, Kind, Outcome};
use crate::core::request::{Backend, Request};
use crate::core::secret::Secret;
use crate::core::transport::Call;

/// For the logout of a client that is closed.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Sessions remembered beside the one in use; a client that logs in again and again forgets the oldest.
const EARLIER_MAX: usize = 8;
/// What the server answers to anybody.
///
/// <https://pradeepkg.github.io/RSA/docs/admin/status>, <https://pradeepkg.github.io/RSA/docs/authentication/getLoginInstructions>
const OPEN_COMMANDS: [&str; 2] = ["status", "getLoginInstructions"];

const LOGIN_RECIPE: &str =
    "log in again, which does no harm: a session that this login may have opened ends by itself when its time is up";
const LOGOUT_RECIPE: &str = "log out again, which does no harm: the token was kept, and a session that stays open ends by itself when its time is up";

/// How to get a token.
pub enum Auth {
    /// It is given.
    Token(Holder),
    /// `loginUser` gives it.
    User {
        /// The user name.
        username: String,
        /// The password.
        password: Holder,
        /// The authentication source, where there is more than one.
        auth_source: Option<String>,
    },
    /// `loginTrustedApp` gives it.
    App {
        /// The client id of Admin > Web Services > Trusted Application.
        client_id: String,
        /// Its secret.
        client_secret: Holder,
    },
    /// There is none.
    None,
}

/// The state of one client in one process.
pub struct GovernanceLifecycle {
    auth: Auth,
    session: Mutex<Session>,
    turn: tokio::sync::Mutex<()>,
}

/// What opens a session, and what leads its requests to the server that opened it.
#[derive(Clone)]
pub(super) struct SessionToken {
    token: Secret,
    cookies: Cookies,
}

impl SessionToken {
    /// Of a session whose server nobody has told.
    fn alone(token: Secret) -> Self {
        Self {
            token,
            cookies: Cookies::default(),
        }
    }

    /// Of the session that a login opened by this answer.
    pub(super) fn of_login(token: Secret, call: &Call, request: &Request, answer: &Answer) -> Self {
        let this = Self::alone(token);
        this.cookies.take(&answer.headers, &address(call, request));
        this
    }

    /// Sends a request of the session.
    async fn send(&self, call: &Call, request: Request) -> Result<Answer, Error> {
        let answer = call.send(&request).await?;
        if answer.headers.contains_key(header::SET_COOKIE) {
            self.cookies.take(&answer.headers, &address(call, &request));
        }
        Ok(answer)
    }

    fn authorized(&self, call: &Call, request: &Request) -> Result<Request, Error> {
        let mut value = header_value("token", &format!("Bearer {}", self.token.expose()))?;
        value.set_sensitive(true);
        let mut request = request.clone().header(header::AUTHORIZATION, value).hiding(&self.token);
        if self.cookies.is_empty() {
            return Ok(request);
        }
        let own = request
            .headers
            .get(header::COOKIE)
            .or_else(|| call.settings().headers.get(header::COOKIE));
        if let Some((cookies, hidden)) = self.cookies.header(&address(call, &request), own) {
            request.headers.insert(header::COOKIE, cookies);
            request.secrets.extend(hidden);
        }
        Ok(request)
    }
}

fn address(call: &Call, request: &Request) -> Url {
    request.target.below(call.settings().base_url.clone())
}

#[derive(Default)]
struct Session {
    token: Option<SessionToken>,
    /// Tokens of sessions that a further login left open.
    earlier: VecDeque<SessionToken>,
    /// Logins that the server refused, and its last refusal: those who waited for that login share it instead of
    /// sending the same wrong password once more each, which would lock the account.
    refusals: u64,
    refusal: Option<Error>,
}

impl Session {
    fn begin(&mut self, token: SessionToken) {
        self.earlier.extend(self.token.replace(token));
        if self.earlier.len() > EARLIER_MAX {
            self.earlier.pop_front();
        }
        self.refusal = None;
    }

    /// All tokens, which nobody uses from now on.
    fn taken(&mut self) -> Vec<SessionToken> {
        self.token.take().into_iter().chain(self.earlier.drain(..)).collect()
    }
}

impl GovernanceLifecycle {
    /// Nothing is sent or asked for yet.
    pub fn new(auth: Auth) -> Self {
        let auth = match auth {
            Auth::Token(token) => Auth::Token(token.of(&CredentialKind::TOKEN)),
            Auth::User {
                username,
                password,
                auth_source,
            } => Auth::User {
                username,
                password: password.of(&CredentialKind::PASSWORD),
                auth_source,
            },
            Auth::App {
                client_id,
                client_secret,
            } => Auth::App {
                client_id,
                client_secret: client_secret.of(&CredentialKind::CLIENT_SECRET),
            },
            Auth::None => Auth::None,
        };
        Self {
            auth,
            session: Mutex::default(),
            turn: tokio::sync::Mutex::new(()),
        }
    }

    /// Whether the token belongs to an application and not to a user.
    pub(super) fn is_app(&self) -> bool {
        matches!(self.auth, Auth::App { .. })
    }

    /// Whether it has opened a session that it has not ended.
    pub fn has_own_session(&self) -> bool {
        let session = self.session();
        session.token.is_some() || !session.earlier.is_empty()
    }

    /// Whose tokens its requests carry.
    pub(super) fn access(&self) -> Access {
        match &self.auth {
            Auth::Token(holder) if holder.is_fixed() => Access::Given,
            Auth::Token(_) => Access::Asked,
            Auth::User { .. } | Auth::App { .. } => Access::Session,
            Auth::None => Access::None,
        }
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn token(&self, call: &Call, operation: &str) -> Result<Option<SessionToken>, Error> {
        match &self.auth {
            Auth::None => Ok(None),
            Auth::Token(holder) => holder.get(call, operation).await.map(SessionToken::alone).map(Some),
            Auth::User { .. } | Auth::App { .. } => self.session_token(call).await.map(Some),
        }
    }

    async fn session_token(&self, call: &Call) -> Result<SessionToken, Error> {
        let seen = {
            let session = self.session();
            if let Some(token) = &session.token {
                return Ok(token.clone());
            }
            session.refusals
        };
        let _turn = self.turn(call).await?;
        {
            let session = self.session();
            if let Some(token) = &session.token {
                return Ok(token.clone());
            }
            if let (true, Some(refusal)) = (session.refusals != seen, &session.refusal) {
                return Err(refusal.clone());
            }
        }
        self.log_in(call).await
    }

    /// Waits until no other call logs in.
    async fn turn(&self, call: &Call) -> Result<tokio::sync::MutexGuard<'_, ()>, Error> {
        let turn = timeout(call.remaining(), self.turn.lock()).await;
        turn.map_err(|_| {
            let message = "another call's login did not end in time";
            Error::new(Kind::Deadline, message, call.context("login")).with_outcome(Outcome::NotSent)
        })
    }

    /// To be called by the one whose turn it is.
    async fn log_in(&self, call: &Call) -> Result<SessionToken, Error> {
        let result = match &self.auth {
            Auth::User {
                username,
                password,
                auth_source,
            } => ways::as_user(call, username, password, auth_source.as_deref()).await,
            Auth::App {
                client_id,
                client_secret,
            } => ways::as_app(call, client_id, client_secret).await,
            Auth::Token(_) | Auth::None => Err(Error::config("login: there is nothing to log in with; pass login=")),
        };
        let mut session = self.session();
        match &result {
            Ok(token) => session.begin(token.clone()),
            Err(error) if error.kind() == Kind::Authentication => {
                session.refusals += 1;
                session.refusal = Some(error.clone());
            }
            Err(_) => {}
        }
        result
    }

    fn forget(&self, token: &Secret) {
        let mut session = self.session();
        if session.token.as_ref().is_some_and(|held| held.token == *token) {
            session.token = None;
        }
    }

    /// Another token than the one that died, if there is a way to one.
    async fn renewed(&self, call: &Call, operation: &str, dead: &Secret) -> Result<Option<SessionToken>, Error> {
        match &self.auth {
            Auth::None => Ok(None),
            Auth::Token(holder) if !holder.refused(dead) => Ok(None),
            Auth::Token(holder) => {
                let fresh = Some(holder.get(call, operation).await?).filter(|token| token != dead);
                Ok(fresh.map(SessionToken::alone))
            }
            Auth::User { .. } | Auth::App { .. } => {
                self.forget(dead);
                self.session_token(call).await.map(Some)
            }
        }
    }

    /// Sends with a token and gives an answer of any status. A token that died is renewed once and the request sent
    /// once more: the server refused it unread, so this is safe for every command.
    pub(super) async fn exchange(&self, call: &Call, mut request: Request) -> Result<Answer, Error> {
        let accept = request.headers.entry(header::ACCEPT);
        accept.or_insert(HeaderValue::from_static("application/json"));
        request.says_done = Some(page::says_done);
        let early = |error| before_sending(call, &request.operation, error);
        let Some(token) = self.token(call, &request.operation).await.map_err(early)? else {
            needs_no_token(&request).map_err(early)?;
            return call.send(&request).await;
        };
        let first = token
            .send(call, token.authorized(call, &request).map_err(early)?)
            .await?;
        if !page::is_dead_token(&first) || request.may_be_done(&first) {
            return Ok(first);
        }
        let Some(fresh) = self
            .renewed(call, &request.operation, &token.token)
            .await
            .map_err(early)?
        else {
            return Ok(first);
        };
        let again = fresh.authorized(call, &request).map_err(early)?.after(&first);
        let second = fresh.send(call, again).await?;
        if page::is_dead_token(&second) {
            self.forget(&fresh.token);
        }
        Ok(second)
    }
}

impl Backend for GovernanceLifecycle {
    async fn send(&self, call: &Call, request: Request) -> Result<Answer, Error> {
        let answer = self.exchange(call, request).await?;
        if answer.is_success() {
            return Ok(answer);
        }
        Err(page::explain(&answer, self.access()))
    }
}

/// Without a token a request is sent only where the server asks for none, or the caller has put one in.
fn needs_no_token(request: &Request) -> Result<(), Error> {
    let query = request.target.sent().split_once('?').map_or("", |(_, query)| query);
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let is_open = pairs.any(|(key, value)| match &*key {
        "cmd" => OPEN_COMMANDS.iter().any(|command| value.eq_ignore_ascii_case(command)),
        "token" => !value.is_empty(),
        _ => false,
    });
    if is_open {
        return Ok(());
    }
    Err(Error::config(format!(
        "token, login: none of them was given to this client; without them it can only run {}",
        OPEN_COMMANDS.join(" and ")
    )))
}

/// A failed login is told as a failure of the operation that needed it, of which nothing was sent yet.
fn before_sending(call: &Call, operation: &str, error: Error) -> Error {
    let mut error = call.refuse(operation, error);
    let context = error.context_mut();
    operation.clone_into(&mut context.operation);
    context.only_prepared();
    error
}

/// Logs in now and keeps the new token.
pub async fn login(client: &GovernanceLifecycle, call: &Call) -> Result<(), Error> {
    let _turn = client.turn(call).await?;
    let result = client.log_in(call).await;
    result
        .map(|_| ())
        .map_err(|error| call.refuse("login", error).settled_by(LOGIN_RECIPE))
}

/// Ends the session on the server and forgets its token. A session that ended already is fine.
pub async fn logout(client: &GovernanceLifecycle, call: &Call) -> Result<(), Error> {
    let ended = end_session(client, call).await;
    ended.map_err(|error| call.refuse("logout", error).settled_by(LOGOUT_RECIPE))
}

async fn end_session(client: &GovernanceLifecycle, call: &Call) -> Result<(), Error> {
    let token = match &client.auth {
        Auth::Token(holder) => Some(SessionToken::alone(holder.get(call, "logout").await?)),
        _ => client.session().token.clone(),
    };
    let Some(token) = token else {
        return Ok(());
    };
    log_out(client, call, &token).await?;
    client.forget(&token.token);
    if let Auth::Token(holder) = &client.auth {
        holder.refused(&token.token);
    }
    Ok(())
}

async fn log_out(client: &GovernanceLifecycle, call: &Call, token: &SessionToken) -> Result<(), Error> {
    let answer = call.send(&token.authorized(call, &ways::logout_request())?).await?;
    // Whatever a 401 says here, the token is of no use any more.
    match answer.is_success() {
        true => ways::logged_out(&answer),
        false if answer.status == 401 => Ok(()),
        false => Err(page::explain(&answer, client.access())),
    }
}

/// Ends the sessions that this client opened in this process, within a short time. What can't be ended ends by itself when
/// its time is up, so nothing is told of it.
pub async fn end_own_sessions(client: &GovernanceLifecycle, call: &Call) {
    let call = call.with_timeout(call.remaining().min(LAST_WORDS));
    let tokens = client.session().taken();
    for token in tokens {
        if log_out(client, &call, &token).await.is_err() && call.remaining().is_zero() {
            return;
        }
    }
}
