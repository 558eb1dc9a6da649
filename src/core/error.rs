//! The one error of the core: what was called, what came back, what to do, and whether the server may have applied it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use super::system::System;

/// What is known about the fate of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No byte of the request reached the server: safe to repeat.
    NotSent,
    /// The server said no: a 4xx, or a refusal inside a 2xx.
    Rejected,
    /// Sent, but unanswered, answered unreadably or with a 5xx: it may have been applied.
    Unknown,
}

impl Outcome {
    /// The word used on the Python side.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
        }
    }
}

/// Which exception class a failure becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Wrong settings or arguments; found before anything is sent.
    Config,
    /// The connection broke, or its content could not be read.
    Transport,
    /// No connection could be made.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The proxy refused or could not be reached.
    Proxy,
    /// The call's time was up.
    Deadline,
    /// Refused without a more precise class.
    Api,
    /// Wrong or missing parameters.
    BadRequest,
    /// Credentials missing, wrong or expired.
    Authentication,
    /// Known, but not allowed.
    PermissionDenied,
    /// No such object.
    NotFound,
    /// In conflict with the present state.
    Conflict,
    /// A condition of the request is not met.
    PreconditionFailed,
    /// Too many requests.
    RateLimited,
    /// The server failed.
    Server,
    /// The answer is not what this API answers.
    UnexpectedContent,
    /// Not everything was done.
    PartialFailure,
    /// The job ended without success.
    JobFailed,
    /// Waited long enough.
    WaitTimeout,
    /// More than one object fits.
    AmbiguousMatch,
    /// A maintenance task of an agent was not finished.
    TaskLeftOpen,
}

impl Kind {
    /// The class for an HTTP status of 300 or above.
    pub const fn of_status(status: u16) -> Self {
        match status {
            300..=399 => Self::UnexpectedContent,
            400 | 405 | 406 | 411 | 413 | 414 | 415 | 422 => Self::BadRequest,
            401 => Self::Authentication,
            407 => Self::Proxy,
            403 => Self::PermissionDenied,
            404 | 410 => Self::NotFound,
            409 => Self::Conflict,
            412 | 428 => Self::PreconditionFailed,
            429 => Self::RateLimited,
            500..=599 => Self::Server,
            _ => Self::Api,
        }
    }

    /// The Python class.
    pub const fn class_name(self) -> &'static str {
        match self {
            Self::Config => "ConfigError",
            Self::Transport => "TransportError",
            Self::Connect => "ConnectError",
            Self::Tls => "TlsError",
            Self::Proxy => "ProxyError",
            Self::Deadline => "DeadlineExceeded",
            Self::Api => "ApiError",
            Self::BadRequest => "BadRequestError",
            Self::Authentication => "AuthenticationError",
            Self::PermissionDenied => "PermissionDeniedError",
            Self::NotFound => "NotFoundError",
            Self::Conflict => "ConflictError",
            Self::PreconditionFailed => "PreconditionFailedError",
            Self::RateLimited => "RateLimitedError",
            Self::Server => "ServerError",
            Self::UnexpectedContent => "UnexpectedContentError",
            Self::PartialFailure => "PartialFailure",
            Self::JobFailed => "JobFailed",
            Self::WaitTimeout => "WaitTimeout",
            Self::AmbiguousMatch => "AmbiguousMatch",
            Self::TaskLeftOpen => "TaskLeftOpen",
        }
    }
}

/// Where a failure happened. Holds no secret: URLs are masked and texts scrubbed before they come here.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The product.
    pub system: Option<System>,
    /// The operation, by its public name.
    pub operation: String,
    /// The HTTP method, when there was a request.
    pub method: Option<String>,
    /// The masked URL.
    pub url: Option<String>,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// The product's own error code.
    pub code: Option<String>,
    /// The answer's request id header.
    pub request_id: Option<String>,
    /// The scrubbed beginning of the answer's body.
    pub body_excerpt: Option<String>,
    /// Requests sent or tried.
    pub attempts: u32,
    /// Bases of servers that were tried before and not reached.
    pub unreached: Vec<String>,
    /// Since the call began.
    pub elapsed: Duration,
    /// The fate of the call.
    pub outcome: Option<Outcome>,
    /// The first attempt of several that may have been applied although it failed.
    pub unsettled_attempt: Option<u32>,
    /// Whether the call changes nothing, so that its fate does not matter.
    pub is_read: bool,
    /// What to do.
    pub hint: Option<String>,
    /// What every hint about this answer has to add.
    pub aside: Option<String>,
}

impl Context {
    /// Sets the fate of the call by that of its last attempt. An earlier attempt that may have been applied makes it
    /// unknown, whatever became of the last one.
    pub fn settle(&mut self, outcome: Outcome) {
        self.outcome = Some(if self.unsettled_attempt.is_some() {
            Outcome::Unknown
        } else {
            outcome
        });
    }

    /// For a request that only prepares the call: whatever became of it, the call itself was not sent.
    pub fn only_prepared(&mut self) {
        if self.outcome == Some(Outcome::Unknown) {
            self.outcome = Some(Outcome::NotSent);
        }
        if let Some(attempt) = self.unsettled_attempt.take() {
            let note = unsettled_note(attempt);
            for text in [&mut self.hint, &mut self.aside] {
                let kept = text.take().map(|text| text.replace(&note, ""));
                let kept = kept.map(|text| text.trim_matches([';', ' ']).replace("; ;", ";"));
                *text = kept.filter(|text| !text.is_empty());
            }
        }
    }

    /// Notes an earlier attempt that may have been applied. Every hint names it.
    pub(super) fn note_unsettled(&mut self, attempt: u32) {
        let note = unsettled_note(attempt);
        self.hint = Some(joined(self.hint.take(), &note));
        self.aside = Some(joined(self.aside.take(), &note));
        self.unsettled_attempt = Some(attempt);
        if let Some(outcome) = self.outcome {
            self.settle(outcome);
        }
    }
}

fn unsettled_note(attempt: u32) -> String {
    format!("attempt {attempt} may have been applied, whatever became of the later ones")
}

fn joined(text: Option<String>, more: &str) -> String {
    text.map_or_else(|| more.to_owned(), |text| format!("{}; {more}", clause(&text)))
}

/// A value that travels with an error: a partial result, the failed job, the last state seen.
pub type Payload = Arc<dyn Any + Send + Sync>;

/// A failed call.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    message: String,
    context: Context,
    payload: Option<Payload>,
}

impl Error {
    /// `message` says what came back or what is wrong, without URL and without secrets.
    pub fn new(kind: Kind, message: impl Into<String>, context: Context) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            context,
            payload: None,
        }))
    }

    /// A setting or an argument that can't be used; nothing was sent.
    pub fn config(message: impl Into<String>) -> Self {
        let context = Context {
            outcome: Some(Outcome::NotSent),
            ..Context::default()
        };
        Self::new(Kind::Config, message, context)
    }

    /// The class.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What came back or what is wrong.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it happened.
    pub fn context(&self) -> &Context {
        &self.0.context
    }

    /// Where it happened, to complete it.
    pub fn context_mut(&mut self) -> &mut Context {
        &mut self.0.context
    }

    /// The value that travels along.
    pub fn payload(&self) -> Option<&Payload> {
        self.0.payload.as_ref()
    }

    /// Attaches a value.
    #[must_use]
    pub fn with_payload<T: Any + Send + Sync>(mut self, payload: T) -> Self {
        self.0.payload = Some(Arc::new(payload));
        self
    }

    /// Sets what came back or what is wrong.
    #[must_use]
    pub fn with_message(mut self, message: String) -> Self {
        self.0.message = message;
        self
    }

    /// Sets the class.
    #[must_use]
    pub fn with_kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Sets what to do.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        self.0.context.hint = Some(match &self.0.context.aside {
            Some(aside) => format!("{}; {aside}", clause(&hint)),
            None => hint,
        });
        self
    }

    /// Says how to find out, where the fate of the call is unknown; what is known needs no recipe.
    #[must_use]
    pub fn settled_by(mut self, recipe: &str) -> Self {
        if self.0.context.outcome != Some(Outcome::Unknown) || self.0.context.is_read {
            return self;
        }
        self.0.context.hint = Some(joined(self.0.context.hint.take(), recipe));
        self
    }

    /// For a read whose fate is unknown, and of which nothing better is known to say.
    #[must_use]
    pub fn harmless_if_read(self) -> Self {
        let context = &self.0.context;
        if context.is_read && context.outcome == Some(Outcome::Unknown) && context.hint.is_none() {
            return self.with_hint("nothing was changed: the call may be repeated");
        }
        self
    }

    /// Sets the product's code.
    #[must_use]
    pub fn with_code(mut self, code: impl AsRef<str>) -> Self {
        self.0.context.code = Some(super::decode::one_line(code.as_ref()));
        self
    }

    /// Adds product and operation where they are not known yet.
    #[must_use]
    pub fn completed(mut self, system: System, operation: &str) -> Self {
        let context = &mut self.0.context;
        context.system.get_or_insert(system);
        if context.operation.is_empty() {
            operation.clone_into(&mut context.operation);
        }
        self
    }

    /// Names the operation that the caller knows, where it is made of others.
    #[must_use]
    pub fn of_operation(mut self, operation: &str) -> Self {
        operation.clone_into(&mut self.0.context.operation);
        self
    }

    /// For an error of a read that a change begins with: the change itself was not sent.
    #[must_use]
    pub fn before_a_change(mut self) -> Self {
        self.0.context.only_prepared();
        self.0.context.is_read = false;
        self
    }

    /// Sets the fate of the call, as far as the last attempt tells it: see [`Context::settle`].
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.0.context.settle(outcome);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { message, context, .. } = &*self.0;
        if let Some(system) = context.system {
            write!(f, "{} {}: ", system.title(), context.operation)?;
        }
        if let (Some(method), Some(url)) = (&context.method, &context.url) {
            write!(f, "{method} {url} ")?;
            // A status of the proxy's stands in the message, beside its name.
            let is_told = |status: &u16| self.0.kind == Kind::Proxy && message.contains(&status.to_string());
            match context.status.filter(|status| !is_told(status)) {
                Some(status) => write!(f, "answered {status}: ")?,
                None => write!(f, "failed: ")?,
            }
        }
        let mut text = clause(message).to_owned();
        if let Some(code) = &context.code {
            text.push_str(&format!(" (code {code})"));
        }
        if !context.unreached.is_empty() {
            text.push_str(&format!(" (not reached before: {})", context.unreached.join(", ")));
        }
        if context.method.is_some() && !context.is_read {
            text.push_str(match context.outcome {
                Some(Outcome::NotSent) => " [not sent, safe to repeat]",
                Some(Outcome::Unknown) => " [outcome unknown, it may have been applied]",
                Some(Outcome::Rejected) | None => "",
            });
        }
        match &context.hint {
            Some(hint) if text.ends_with(['!', '?', '…']) => write!(f, "{text} Hint: {hint}"),
            Some(hint) => write!(f, "{text}. Hint: {hint}"),
            // Nothing stands behind it: the server's own punctuation may stay.
            None if text == clause(message) => write!(f, "{}", message.trim_end()),
            None => write!(f, "{text}"),
        }
    }
}

/// A text that something follows: without the punctuation at its end, which would stand in the middle then.
fn clause(text: &str) -> &str {
    text.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ',' | ';' | ':'))
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({self})", self.0.kind.class_name())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_attempt_outweighs_the_last_one() {
        let mut context = Context {
            outcome: Some(Outcome::Rejected),
            aside: Some("a proxy may have said so".to_owned()),
            ..Context::default()
        };
        context.note_unsettled(2);
        let error = Error::new(Kind::NotFound, "no", context).with_outcome(Outcome::Rejected);
        assert_eq!(error.context().outcome, Some(Outcome::Unknown));
        let mut error = error.with_hint("look");
        let note = "attempt 2 may have been applied, whatever became of the later ones";
        let told = format!("look; a proxy may have said so; {note}");
        assert_eq!(error.context().hint.as_ref(), Some(&told));
        // Of a request that only prepares the call it is nothing to say.
        error.context_mut().only_prepared();
        assert_eq!(error.context().outcome, Some(Outcome::NotSent));
        assert_eq!(error.context().hint.as_deref(), Some("look; a proxy may have said so"));
    }

    fn shown(message: &str, code: Option<&str>, outcome: Option<Outcome>, hint: Option<&str>) -> String {
        let context = Context {
            method: Some("PUT".to_owned()),
            url: Some("https://h.test/x".to_owned()),
            status: Some(500),
            code: code.map(str::to_owned),
            outcome,
            ..Context::default()
        };
        let error = Error::new(Kind::Server, message, context);
        let error = match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        };
        let text = error.to_string();
        text.strip_prefix("PUT https://h.test/x answered 500: ")
            .unwrap()
            .to_owned()
    }

    #[test]
    fn parts_are_joined_without_slips_of_punctuation() {
        const TAIL: &str = "[outcome unknown, it may have been applied]";
        let unknown = Some(Outcome::Unknown);
        for end in ["", ".", ". ", "...", ":", ";", ","] {
            let message = format!("it broke{end}");
            assert_eq!(shown(&message, None, unknown, None), format!("it broke {TAIL}"));
            assert_eq!(
                shown(&message, None, unknown, Some("wait")),
                format!("it broke {TAIL}. Hint: wait")
            );
            assert_eq!(
                shown(&message, Some("7"), None, Some("wait")),
                "it broke (code 7). Hint: wait"
            );
            assert_eq!(
                shown(&message, Some("7"), unknown, None),
                format!("it broke (code 7) {TAIL}")
            );
            assert_eq!(shown(&message, None, None, Some("wait")), "it broke. Hint: wait");
        }
        for end in ["!", "?", "…"] {
            let message = format!("it broke{end}");
            assert_eq!(shown(&message, None, unknown, None), format!("it broke{end} {TAIL}"));
            assert_eq!(
                shown(&message, None, unknown, Some("wait")),
                format!("it broke{end} {TAIL}. Hint: wait")
            );
            assert_eq!(
                shown(&message, None, None, Some("wait")),
                format!("it broke{end} Hint: wait")
            );
        }
        assert_eq!(shown("It broke.", None, None, None), "It broke.");
        assert_eq!(shown("a.b (c).", None, None, Some("wait")), "a.b (c). Hint: wait");
        let joined = Error::new(
            Kind::Server,
            "x",
            Context {
                outcome: unknown,
                ..Context::default()
            },
        );
        assert_eq!(
            joined
                .with_hint("look.")
                .settled_by("then wait")
                .context()
                .hint
                .as_deref(),
            Some("look; then wait")
        );
    }
}
