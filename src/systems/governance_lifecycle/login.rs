//! The two ways to a token, and the way to end it. Their answers hold the token, so they are secret.
//!
//! <https://pradeepkg.github.io/RSA/docs/authentication/loginUser>,
//! <https://pradeepkg.github.io/RSA/docs/authentication/loginTrustedApp>

use bytes::Bytes;
use http::Method;
use http::header::HeaderName;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::command::{self, Opened};
use super::expected_answer::Expected;
use super::session::SessionToken;
use super::{page, xml};
use crate::core::answer::Answer;
use crate::core::body::Body;
use crate::core::config::header_value;
use crate::core::credential::Holder;
use crate::core::error::{Error, Kind};
use crate::core::request::Request;
use crate::core::retry::Effect;
use crate::core::secret::Secret;
use crate::core::target::Target;
use crate::core::transport::Call;

const CLIENT_ID: HeaderName = HeaderName::from_static("clientid");
const CLIENT_SECRET: HeaderName = HeaderName::from_static("clientsecret");

const USER: &str = "loginUser";
const APP: &str = "loginTrustedApp";
const LOGOUT: &str = "logoutUser";

/// A second login gives a second token and does no harm, so a broken connection may be followed by another try.
fn request(operation: &'static str, command: &str) -> Request {
    let target = Target::new("/aveksa/command.submit")
        .query("cmd", command)
        .query("format", "json");
    Request::new(operation, Method::POST, target, Effect::Idempotent)
        .accept("application/json")
        .with_secret_answer()
}

pub(super) fn logout_request() -> Request {
    request("logout", LOGOUT)
}

/// Whether the session has ended. One that is over says so by a refusal: inferred, as for a login.
///
/// # Errors
/// The session may be alive: it was refused to end it, or this is no answer to that.
pub(super) fn logged_out(answer: &Answer) -> Result<(), Error> {
    let is_over = || {
        let opened = Opened::of(answer, LOGOUT).ok();
        opened.is_some_and(|opened| opened.failure().is_some_and(page::says_dead))
    };
    match Expected::named(LOGOUT).result(answer) {
        Err(error) if !is_over() => Err(error),
        _ => Ok(()),
    }
}

pub(super) async fn as_user(
    call: &Call,
    username: &str,
    password: &Holder,
    auth_source: Option<&str>,
) -> Result<SessionToken, Error> {
    let secret = password.get(call, "login").await?;
    let body = credentials(username, &secret, auth_source)?;
    let request = request("login", USER)
        .body("application/xml", Body::Bytes(Bytes::from_owner(body)))
        .hiding(&secret);
    token_of(call, &request, USER, password, &secret).await
}

pub(super) async fn as_app(call: &Call, client_id: &str, client_secret: &Holder) -> Result<SessionToken, Error> {
    let secret = client_secret.get(call, "login").await?;
    let mut value = header_value("client_secret", secret.expose())?;
    value.set_sensitive(true);
    let request = request("login", APP)
        .header(CLIENT_ID, header_value("client_id", client_id)?)
        .header(CLIENT_SECRET, value)
        .hiding(&secret);
    token_of(call, &request, APP, client_secret, &secret).await
}

async fn token_of(
    call: &Call,
    request: &Request,
    command: &str,
    holder: &Holder,
    secret: &Secret,
) -> Result<SessionToken, Error> {
    let answer = call.send(request).await?;
    let error = match read_token(&answer) {
        _ if !answer.is_success() => page::explain(&answer, page::Access::Login),
        Ok(token) => return Ok(SessionToken::of_login(token, call, request, &answer)),
        Err(unreadable) => refusal(&answer, command).unwrap_or(unreadable),
    };
    // Not tried again here: failed logins count towards a lock. The next call asks for the secret anew.
    if error.kind() == Kind::Authentication {
        holder.refused(secret);
    }
    Err(error)
}

/// Inferred: failed logins are documented as 401 only. But other commands say `failure` inside a 200, and a login that says
/// so has been refused.
fn refusal(answer: &Answer, command: &str) -> Option<Error> {
    let error = command::refusal(answer, command)?;
    Some(error.with_kind(Kind::Authentication).with_hint(page::LOGIN_HINT))
}

/// The documented body has no root element.
fn credentials(username: &str, password: &Secret, auth_source: Option<&str>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let password = password.expose();
    let source = auth_source.unwrap_or_default();
    for (field, text) in [("username", username), ("password", password), ("auth_source", source)] {
        if xml::forbidden(text).is_some() {
            return Err(Error::config(format!(
                "{field}: holds a character that XML cannot carry"
            )));
        }
    }
    // Sized for the worst escape, so that it never grows and leaves a copy behind.
    let room = 128 + 6 * (username.len() + password.len() + source.len());
    let mut body = Zeroizing::new(Vec::with_capacity(room));
    let mut element = |name: &str, text: &str| {
        for piece in ["<", name, ">"] {
            body.extend_from_slice(piece.as_bytes());
        }
        xml::TEXT.escape(&mut body, text.as_bytes());
        for piece in ["</", name, ">"] {
            body.extend_from_slice(piece.as_bytes());
        }
    };
    element("username", username);
    element("password", password);
    if auth_source.is_some() {
        element("authsource", source);
    }
    Ok(body)
}

#[derive(Deserialize)]
struct Tokens {
    token: Option<Secret>,
    data: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    token: Option<Secret>,
    r#type: Option<String>,
}

impl Inner {
    /// The page of loginTrustedApp prints no type, so either login's is taken.
    fn is_of_a_login(&self) -> bool {
        let is = |command: &str| {
            self.r#type
                .as_deref()
                .is_none_or(|told| told.eq_ignore_ascii_case(command))
        };
        is(USER) || is(APP)
    }
}

pub(crate) fn read_token(answer: &Answer) -> Result<Secret, Error> {
    if answer.is_html() {
        return Err(answer.unexpected("the answer to the login is an HTML page"));
    }
    let bytes = answer.bytes();
    let token = if bytes.trim_ascii_start().starts_with(b"{") {
        let tokens = serde_json::from_slice::<Tokens>(bytes).ok();
        tokens.and_then(|tokens| match tokens.data {
            Some(data) if !data.is_of_a_login() => None,
            data => data.and_then(|data| data.token).or(tokens.token),
        })
    } else {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let token = text.lines().find_map(|line| line.trim().strip_prefix("token="));
        token.map(|token| Secret::new(token.trim()))
    };
    token
        .filter(|token| !token.is_empty())
        .ok_or_else(|| answer.unexpected("the answer to the login holds no token"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(body: &str) -> Result<Secret, Error> {
        read_token(&Answer::made(200, None, body, true, &[]))
    }

    #[test]
    fn tokens_are_found_in_every_envelope() {
        for body in [
            r#"{"data":{"type":"loginUser","token":"ws12:ab:-3f.01"}}"#,
            r#"{"token":"ws12:ab:-3f.01"}"#,
            r#"{"data":{"type":"LOGINTRUSTEDAPP","token":"ws12:ab:-3f.01"}}"#,
            "token=ws12:ab:-3f.01\n",
            "type=loginUser\r\ntoken=ws12:ab:-3f.01\r\n",
        ] {
            assert_eq!(token(body).unwrap().expose(), "ws12:ab:-3f.01", "{body}");
        }
    }

    #[test]
    fn answers_without_a_token_are_refused_and_never_shown() {
        for body in [
            "",
            "{}",
            r#"{"data":{"tokn":"ws99:ab"}}"#,
            r#"{"data":{"type":"keepAlive","token":"ws99:ab"}}"#,
            r#"{"data":{"type":"keepAlive"},"token":"ws99:ab"}"#,
            r#"{"token":"ws99:ab""#,
            "<html>ws99:ab</html>",
            "token=\n",
        ] {
            let error = token(body).unwrap_err();
            assert_eq!(error.kind(), Kind::UnexpectedContent);
            assert!(!format!("{error} {:?}", error.context()).contains("ws99"), "{error}");
        }
    }

    #[test]
    fn names_and_passwords_are_escaped() {
        let body = credentials("a&b", &Secret::new("p<w>\"'"), Some("AD")).unwrap();
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            "<username>a&amp;b</username><password>p&lt;w&gt;\"'</password><authsource>AD</authsource>"
        );
        let error = credentials("a", &Secret::new("hunter22\u{1}"), None).unwrap_err();
        assert!(!error.to_string().contains("hunter22"));
    }
}
