//! Who talks to SD Elements, and what its refusals mean.
//!
//! Documented: <https://docs.sdelements.com/release/latest/api/docs/authentication>

use http::header::{self, HeaderValue};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::core::answer::Answer;
use crate::core::config::header_value;
use crate::core::credential::{CredentialKind, Holder};
use crate::core::decode::status_error;
use crate::core::error::Error;
use crate::core::gateway::{self, Product};
use crate::core::lenient;
use crate::core::request::{Backend, Request};
use crate::core::secret::Secret;
use crate::core::transport::Call;

/// The state of one client in one process.
pub struct SdElements {
    token: Holder,
}

impl SdElements {
    /// `token` is the bare key of the user menu's API settings.
    pub fn new(token: Holder) -> Self {
        let token = token.of(&CredentialKind::TOKEN);
        Self { token }
    }

    /// The token that requests go out with now, for masking.
    pub(super) fn token_in_use(&self) -> Option<Secret> {
        self.token.in_use()
    }

    /// Adds the credentials. Gives the token used, to be forgotten when it is refused.
    async fn authorize(&self, call: &Call, request: &mut Request) -> Result<Secret, Error> {
        let token = self.token.get(call, &request.operation).await?;
        let text = Zeroizing::new(format!("Token {}", token.expose()));
        let mut value = header_value("token", &text)?;
        value.set_sensitive(true);
        request.headers.insert(header::AUTHORIZATION, value);
        request.secrets.push(token.clone());
        Ok(token)
    }
}

impl Backend for SdElements {
    async fn send(&self, call: &Call, mut request: Request) -> Result<Answer, Error> {
        if !request.headers.contains_key(header::ACCEPT) {
            let json = HeaderValue::from_static("application/json");
            request.headers.insert(header::ACCEPT, json);
        }
        let refuse = |request: &Request, error| call.refuse(&request.operation, error);
        let token = self
            .authorize(call, &mut request)
            .await
            .map_err(|error| refuse(&request, error))?;
        let mut answer = call.send(&request).await?;
        // A refused request did nothing, so it may go out again, whatever it does, if there is a newer token.
        if answer.status == 401 && self.token.refused(&token) {
            let newer = self
                .authorize(call, &mut request)
                .await
                .map_err(|error| refuse(&request, error))?;
            if newer != token {
                request = request.after(&answer);
                answer = call.send(&request).await?;
                if answer.status == 401 {
                    self.token.refused(&newer);
                }
            }
        }
        if answer.is_success() {
            return Ok(answer);
        }
        Err(explain(&answer, &request))
    }
}

pub(crate) fn explain(answer: &Answer, request: &Request) -> Error {
    let mut error = status_error(answer);
    if let Some(code) = own_code(answer) {
        error = error.with_code(answer.scrub(&code));
    }
    if let Some(gateway) = gateway::of(answer, &PRODUCT).filter(|_| !has_asked_to_wait(answer)) {
        return error.with_hint(gateway.hint(answer, &PRODUCT));
    }
    let is_raw = request.operation == "request";
    match answer.status {
        300..=399 if lacks_slash(answer, request) => error.with_hint(
            "the path has no slash at its end: write it with one, the redirect would turn this request into a GET",
        ),
        400 if error.message().contains("connection: ") => error.with_hint(
            "connection must be the id of a connection of this kind: connections.alm.list() and its siblings have them with their names",
        ),
        401 => {
            let said = error.message().to_ascii_lowercase();
            error.with_hint(if said.contains("not provided") {
                "the token did not arrive: a proxy or gateway on the way may remove the header Authorization (Apache httpd: WSGIPassAuthorization, CGIPassAuth)"
            } else if said.contains("inactive") {
                "the token is right, but its user is inactive or deleted: have the user activated, or use another one's key"
            } else {
                "pass the bare key of the API settings as token=, without quotes; making a new key there ends the old one"
            })
        }
        403 if is_raw => error.with_hint("the token's user lacks the permission that this path needs"),
        403 => error.with_hint(
            "the token's user lacks a permission: jobs need 'Edit ALM connections' (Issue Tracker) or 'Edit security tool connections' (verification, LDAP)",
        ),
        404 if is_raw => error.with_hint("check the path, what the token's user may see, and url"),
        404 => error.with_hint(
            "check the id and the kind (lower case; newer releases call alm issue-tracker), what the token's user may see, and url",
        ),
        405 => {
            let is_start = [".start", ".report"].iter().any(|end| request.operation.ends_with(end));
            let is_of_project = request.target.sent().contains("/projects/");
            error.with_hint(match (is_start, is_of_project) {
                (true, false) => {
                    "this release does not offer the operation at this path: older ones take jobs at the project's path, see project="
                }
                (true, true) => {
                    "this release does not offer the operation at the project's path: leave out project="
                }
                (false, _) => "this release does not offer this method at this path",
            })
        }
        _ => error,
    }
}

/// What `status_error` has told then.
fn has_asked_to_wait(answer: &Answer) -> bool {
    answer.status == 429 && answer.headers.contains_key(header::RETRY_AFTER)
}

/// Its framework answers in JSON, but for a check of forms and for what is wrong in itself.
const PRODUCT: Product = Product {
    title: "SD Elements",
    words: &["csrf", "sd elements", "sdelements"],
    headers: &[],
    sends_pages: false,
    schemes: &["Token", "Basic", "Bearer", "Session"],
};

/// The machine-readable `code` that some errors of the framework carry beside `detail`.
fn own_code(answer: &Answer) -> Option<String> {
    let body = lenient::value(answer.bytes())?;
    match body.get("code")? {
        Value::String(code) if !code.is_empty() => Some(code.clone()),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    }
}

/// Whether the server redirects to the same path with a slash at its end.
fn lacks_slash(answer: &Answer, request: &Request) -> bool {
    let sent = request.target.sent();
    let path = sent.split('?').next().unwrap_or_default();
    if path.ends_with('/') {
        return false;
    }
    let location = answer
        .headers
        .get(header::LOCATION)
        .and_then(|value| value.to_str().ok());
    let target = location.and_then(|location| location.split(['?', '#']).next());
    target.is_some_and(|target| target.strip_suffix('/').is_some_and(|target| target.ends_with(path)))
}
