//! One HTTP request as a value: what is sent, what repeating it would do, what must never be shown of it.

use std::borrow::Cow;

use http::Method;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::answer::Answer;
use super::body::Body;
use super::config::Settings;
use super::elements::NewSink;
use super::error::Error;
use super::retry::Effect;
use super::secret::Secret;
use super::target::Target;
use super::transport::Call;

/// One product's client: adds its credentials, sends, and says what a refusal means.
pub trait Backend: Send + Sync + 'static {
    /// Gives a 2xx answer; anything else is an error already.
    fn send(&self, call: &Call, request: Request) -> impl Future<Output = Result<Answer, Error>> + Send;
}

/// A request that has not been sent.
#[derive(Clone)]
pub struct Request {
    /// The operation, by its public name.
    pub operation: Cow<'static, str>,
    /// The HTTP method.
    pub method: Method,
    /// Path and query below the base URL.
    pub target: Target,
    /// Headers beyond the client's own.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// What repeating it would do.
    pub effect: Effect,
    /// Known secrets that no text about this request may show, beside those of the target.
    pub secrets: Vec<Secret>,
    /// Whether a good answer holds a secret: its buffer is wiped and no error shows any of it.
    pub secret_answer: bool,
    /// Whether a good answer may be anything: its bytes are left as they come.
    pub any_content: bool,
    /// Whether a refusal is read to its end: it tells of each part of the request.
    pub whole_refusal: bool,
    /// Reads from a refusal whether some of the request was done all the same.
    pub says_done: Option<fn(&Answer) -> bool>,
    /// What takes the elements of a good answer that is a list.
    pub elements: Option<NewSink>,
    /// An attempt that was made for the same call before, and may have been applied.
    pub(super) unsettled_attempt: Option<u32>,
}

impl Request {
    /// A request without body.
    pub fn new(operation: impl Into<Cow<'static, str>>, method: Method, target: Target, effect: Effect) -> Self {
        Self {
            operation: operation.into(),
            method,
            target,
            headers: HeaderMap::new(),
            body: Body::Empty,
            effect,
            secrets: Vec::new(),
            secret_answer: false,
            any_content: false,
            whole_refusal: false,
            says_done: None,
            elements: None,
            unsettled_attempt: None,
        }
    }

    /// Notes that it is sent once more after this answer, for the same call.
    #[must_use]
    pub fn after(mut self, answer: &Answer) -> Self {
        self.unsettled_attempt = answer.context.unsettled_attempt;
        self
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets the Accept header.
    #[must_use]
    pub fn accept(self, value: &'static str) -> Self {
        self.header(header::ACCEPT, HeaderValue::from_static(value))
    }

    /// Sets the body and its media type.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, body: Body) -> Self {
        self.body = body;
        self.header(header::CONTENT_TYPE, HeaderValue::from_static(content_type))
    }

    /// Sets a JSON body from text that is JSON already.
    #[must_use]
    pub fn json(self, text: impl Into<bytes::Bytes>) -> Self {
        self.body("application/json", Body::Bytes(text.into()))
    }

    /// Notes a secret that stands in the request.
    #[must_use]
    pub fn hiding(mut self, secret: &Secret) -> Self {
        self.secrets.push(secret.clone());
        self
    }

    /// Every secret that stands in the request: its own, those of its target and of the client's settings.
    pub fn all_secrets(&self, settings: &Settings) -> Vec<Secret> {
        let parts = [self.secrets.as_slice(), self.target.secrets(), &settings.hidden];
        parts.concat()
    }

    /// Notes that a good answer holds a secret.
    #[must_use]
    pub fn with_secret_answer(mut self) -> Self {
        self.secret_answer = true;
        self
    }

    /// Notes that a good answer need not be text.
    #[must_use]
    pub fn with_any_content(mut self) -> Self {
        self.any_content = true;
        self
    }

    /// Has a refusal read to its end.
    #[must_use]
    pub fn with_whole_refusal(mut self) -> Self {
        self.whole_refusal = true;
        self
    }

    /// Whether an answer shows that some of the request was done, or leaves that open: its text, which would tell, was cut.
    /// A request with an unsafe effect is not sent again then, whatever the status is.
    pub fn may_be_done(&self, answer: &Answer) -> bool {
        self.effect == Effect::Unsafe && self.says_done.is_some_and(|says| !answer.is_whole || says(answer))
    }

    /// Has the elements of a list taken while it arrives.
    #[must_use]
    pub fn with_elements(mut self, sink: NewSink) -> Self {
        self.elements = Some(sink);
        self
    }
}
