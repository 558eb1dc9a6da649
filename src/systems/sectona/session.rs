//! Who talks to Sectona: an access key, in the Basic scheme under a fixed user name.
//!
//! Documented: <https://docs.sectona.com/cpd/vault-password-api-headers>

use std::sync::{Arc, Mutex, PoisonError};

use http::header::{self, HeaderValue};

use super::cache::Cache;
use super::codes;
use super::envelope::{self, Reading};
use crate::core::answer::Answer;
use crate::core::basic_auth;
use crate::core::credential::{ACCESS_KEY_USER, CredentialKind, Holder};
use crate::core::error::{Error, Kind, Outcome};
use crate::core::failover::Servers;
use crate::core::request::{Backend, Request};
use crate::core::secret::Secret;
use crate::core::transport::Call;

/// The form an answer is asked for in; both are understood whatever comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accept {
    /// `application/json`.
    #[default]
    Json,
    /// `text/xml`.
    Xml,
}

impl Accept {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "text/xml",
        }
    }
}

/// Keys that the vault refused during one operation of many requests: none of them is sent again.
#[derive(Default)]
pub(super) struct RefusedKeys(Mutex<Vec<Secret>>);

impl RefusedKeys {
    fn add(&self, key: &Secret) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(key.clone());
    }

    fn holds(&self, key: &Secret) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(key)
    }
}

/// The state of one client in one process.
pub struct Sectona {
    access_key: Holder,
    accept: Accept,
    servers: Option<Arc<Servers>>,
    /// Where accounts are kept, if they are.
    pub cache: Option<Arc<Cache>>,
}

impl Sectona {
    /// `access_key` is the one set when the API was registered in Sectona.
    pub fn new(access_key: Holder, accept: Accept) -> Self {
        Self {
            access_key: access_key.of(&CredentialKind::ACCESS_KEY),
            accept,
            servers: None,
            cache: None,
        }
    }

    /// The same, keeping accounts.
    #[must_use]
    pub fn keeping(self, cache: Option<Arc<Cache>>) -> Self {
        Self { cache, ..self }
    }

    /// The same on several servers.
    #[must_use]
    pub fn among(self, servers: Option<Servers>) -> Self {
        Self {
            servers: servers.map(Arc::new),
            ..self
        }
    }

    /// Asks for the access key if none is in use, so that one answer serves many requests.
    pub(super) async fn prepare(&self, call: &Call, operation: &str) -> Result<(), Error> {
        self.access_key.get(call, operation).await.map(drop)
    }

    /// Has the next call ask anew for a key that was refused.
    pub(super) fn forget(&self, keys: &RefusedKeys) {
        for key in &*keys.0.lock().unwrap_or_else(PoisonError::into_inner) {
            self.access_key.refused(key);
        }
    }

    /// Sends and reads the envelope. A refusal inside a good status is an error.
    pub(super) async fn exchange(
        &self,
        call: &Call,
        request: Request,
        refused: &RefusedKeys,
    ) -> Result<(Answer, Reading), Error> {
        let (answer, key) = self.deliver(call, request, refused).await?;
        let read = self.read(answer, &key);
        if let Err(error) = &read
            && error.kind() == Kind::Authentication
        {
            refused.add(&key);
        }
        read
    }

    fn read(&self, answer: Answer, key: &Secret) -> Result<(Answer, Reading), Error> {
        if !answer.is_success() {
            return Err(self.refusal(&answer, key));
        }
        let reading = envelope::read(answer.bytes()).map_err(|why| answer.unexpected(why))?;
        match reading.is_success {
            Some(true) => Ok((answer, reading)),
            Some(false) => Err(self.forget_if_refused(codes::refusal(&answer, &reading), key)),
            None => Err(answer.unexpected("the answer is no envelope of Sectona's: it has no IsSuccess")),
        }
    }

    /// Every request is logged by the vault, so a refused one is not sent again, not even with a newer key.
    async fn deliver(
        &self,
        call: &Call,
        mut request: Request,
        refused: &RefusedKeys,
    ) -> Result<(Answer, Secret), Error> {
        let refuse = |error, request: &Request| call.refuse(&request.operation, error);
        let key = match self.access_key.get(call, &request.operation).await {
            Ok(key) => key,
            Err(error) => return Err(refuse(error, &request)),
        };
        if refused.holds(&key) {
            let context = call.context(&request.operation);
            let message = "not sent: the vault refused this access key to a request before";
            return Err(Error::new(Kind::Authentication, message, context).with_outcome(Outcome::NotSent));
        }
        let headers = &mut request.headers;
        let (value, encoded) = basic_auth::header(ACCESS_KEY_USER, &key);
        headers.insert(header::AUTHORIZATION, value);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if !headers.contains_key(header::ACCEPT) {
            headers.insert(header::ACCEPT, HeaderValue::from_static(self.accept.media_type()));
        }
        request.secrets.extend([key.clone(), encoded]);
        request.secret_answer = true;
        let answer = match &self.servers {
            Some(servers) => call.among(servers).send(&request).await?,
            None => call.send(&request).await?,
        };
        Ok((answer, key))
    }

    /// An answer of status 300 or above; it may carry the envelope too.
    fn refusal(&self, answer: &Answer, key: &Secret) -> Error {
        let reading = envelope::read(answer.bytes()).ok();
        let error = match reading {
            Some(reading) if reading.says_something() => codes::refusal(answer, &reading),
            _ => codes::without_envelope(answer),
        };
        self.forget_if_refused(error, key)
    }

    fn forget_if_refused(&self, error: Error, key: &Secret) -> Error {
        if error.kind() == Kind::Authentication {
            self.access_key.refused(key);
        }
        error
    }
}

impl Backend for Sectona {
    async fn send(&self, call: &Call, request: Request) -> Result<Answer, Error> {
        let (answer, key) = self.deliver(call, request, &RefusedKeys::default()).await?;
        if answer.is_success() {
            return Ok(answer);
        }
        Err(self.refusal(&answer, &key))
    }
}
