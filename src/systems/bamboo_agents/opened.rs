//! How operations on agents are sent: opened by a token's uuid in the query, and by nothing else. The client's own login
//! belongs to an administrator and is not needed here, so it is not sent.
//!
//! <https://eddiewebb.atlassian.net/wiki/spaces/AAFB/pages/23986227/Automation>

use http::Method;
use http::header::{self, HeaderValue};

use super::login_refused::login_refused;
use super::session::{Api, BambooAgents, XSRF, xsrf_refused};
use crate::core::answer::Answer;
use crate::core::credential::Holder;
use crate::core::decode::server_message;
use crate::core::error::{Error, Kind};
use crate::core::request::Request;
use crate::core::retry::Effect;
use crate::core::target::Target;
use crate::core::transport::Call;

/// The form that an answer is asked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON.
    Json,
    /// Lines `KEY=VALUE`.
    Text,
}

/// The agents, as one access token opens them.
pub struct Opened<'o> {
    /// The client.
    pub client: &'o BambooAgents,
    /// The token's uuid.
    pub uuid: &'o Holder,
}

impl Opened<'_> {
    pub(super) async fn send(
        &self,
        call: &Call,
        operation: &'static str,
        method: Method,
        target: Target,
        form: Form,
    ) -> Result<Answer, Error> {
        let uuid = self
            .uuid
            .get(call, operation)
            .await
            .map_err(|error| call.refuse(operation, error))?;
        let is_read = method == Method::GET;
        let effect = if is_read { Effect::Read } else { Effect::Unsafe };
        let mut request =
            Request::new(operation, method, target.secret_query("uuid", &uuid), effect).accept(match form {
                Form::Json => "application/json",
                Form::Text => "text/plain, */*;q=0.5",
            });
        if !is_read {
            // Without a media type it would look like a form, which the XSRF check refuses.
            request = request
                .header(XSRF.0, XSRF.1)
                .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let answer = call.send(&request).await?;
        if answer.is_success() {
            return Ok(answer);
        }
        if matches!(answer.status, 401 | 403) {
            self.uuid.refused(&uuid);
        }
        Err(explain(&answer))
    }

    /// Refuses what the paths before 1.5 do not have, if the server is known to have no others.
    pub(super) fn needs_new_paths(&self, call: &Call, operation: &'static str) -> Result<(), Error> {
        if self.client.known_api() != Some(Api::Agent) {
            return Ok(());
        }
        let error = Error::config("the paths before version 1.5 of the plugin do not have this operation");
        Err(call.refuse(
            operation,
            error.with_hint("they were chosen by api=\"agent\", or found to be the only ones: update the plugin"),
        ))
    }
}

fn explain(answer: &Answer) -> Error {
    let error = match login_refused(answer) {
        Ok(refused) => return refused,
        Err(error) => error,
    };
    match answer.status {
        401 => error.with_hint("the uuid opens nothing; it is the uuid of a token, not its name: tokens.list() shows an administrator which tokens there are"),
        403 if server_message(answer).to_ascii_lowercase().contains("xsrf") => xsrf_refused(error),
        403 => error.with_hint(
            "the access token lacks the right: read is needed to look at agents, change beside it to change them",
        ),
        404 => error.with_kind(Kind::NotFound).with_hint(
            "check the agent's id (<id> in its bamboo-agent.cfg.xml), url and its context path, and that the plugin is installed; most of this needs its version 1.5 or later",
        ),
        _ => error,
    }
}
