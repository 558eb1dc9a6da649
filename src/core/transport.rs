//! The one way to a server: sends attempts until one counts, keeps size limit and deadline.

use std::borrow::Cow;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use http::Method;
use http::header::{self, HeaderValue};
use http::response::Parts;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use super::address::Address;
use super::answer::Answer;
use super::body::{Body, Watched};
use super::cause::{self, Broken, Phase};
use super::config::Settings;
use super::decode;
use super::direct::{Queued, Reactor};
use super::error::{Context, Error, Kind, Outcome};
use super::event::{EventSink, Step};
use super::failover::{Servers, Tour};
use super::http_client::Http;
use super::offload::from_worker;
use super::proxy_refusal;
use super::receiving::request_id;
use super::request::Request;
use super::retry::{self, Decision, Effect, Failure};
use super::telling::redirect_shown;

/// Same-origin redirects followed on a read, so that two pages that point at each other end.
const REDIRECTS_MAX: u32 = 5;
/// Accept, Accept-Encoding, Host, Content-Length.
const ADDED_HEADERS: usize = 4;

/// One running call: its connections, its deadline, who listens.
#[derive(Clone)]
pub struct Call {
    pub(super) settings: Arc<Settings>,
    http: Http,
    begun: Instant,
    pub(super) deadline: Instant,
    pub(super) limit: Duration,
    /// Whether more hangs on it than the answer to one request.
    pub(super) is_part: bool,
    pub(super) events: Option<EventSink>,
    servers: Option<Arc<Servers>>,
    is_thread_shared: bool,
    reactor: Option<Arc<Reactor>>,
}

pub(super) type Attempt = Result<Answer, (Failure, Error)>;

impl Call {
    /// Begins a call; its deadline runs from now.
    pub fn new(settings: Arc<Settings>, http: Http, events: Option<EventSink>) -> Self {
        let begun = Instant::now();
        Self {
            deadline: begun + settings.timeout,
            limit: settings.timeout,
            is_part: false,
            settings,
            http,
            begun,
            events,
            servers: None,
            is_thread_shared: false,
            reactor: None,
        }
    }

    /// The same call on a thread that others need too: no file is read there.
    #[must_use]
    pub fn on_shared_thread(self) -> Self {
        Self {
            is_thread_shared: true,
            ..self
        }
    }

    /// The same call on the thread of an event loop, whose reactor this is.
    #[must_use]
    pub fn on_event_loop(self, reactor: Arc<Reactor>) -> Self {
        Self {
            reactor: Some(reactor),
            ..self.on_shared_thread()
        }
    }

    /// The client's settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The same call with another deadline, counted from now: waiting for a job outlives a single request.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self {
            deadline: Instant::now() + timeout,
            limit: timeout,
            is_part: true,
            ..self.clone()
        }
    }

    /// A part of this call: at most the client's timeout, and never longer than the call itself.
    #[must_use]
    pub fn part(&self) -> Self {
        self.with_timeout(self.remaining().min(self.settings.timeout))
    }

    /// The same call, made to the first of these servers that can be reached.
    #[must_use]
    pub fn among(&self, servers: &Arc<Servers>) -> Self {
        Self {
            servers: Some(servers.clone()),
            ..self.clone()
        }
    }

    /// When it is over.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How long it may take in all.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// Time left.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Since the call began.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// The context of an error of this call that is not about a request.
    pub fn context(&self, operation: &str) -> Context {
        Context {
            system: Some(self.settings.system),
            operation: operation.to_owned(),
            elapsed: self.elapsed(),
            ..Context::default()
        }
    }

    /// Does what may take long, such as reading a file, on a thread of its own: neither the calls that share this thread
    /// nor the deadline wait for it. Nothing was sent yet.
    ///
    /// # Errors
    /// If it does not end before the deadline. It goes on then, and nobody hears of it.
    pub async fn beside<T: Send + 'static>(
        &self,
        operation: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        match timeout_at(self.deadline, spawn_blocking(work)).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(failed)) => {
                if let Ok(panic) = failed.try_into_panic() {
                    resume_unwind(panic);
                }
            }
            Err(_) => {}
        }
        let message = format!("nothing was ready to be sent within {:.3} s", self.limit.as_secs_f64());
        Err(Error::new(Kind::Deadline, message, self.context(operation)).with_outcome(Outcome::NotSent))
    }

    /// Completes an error that was made before anything was sent.
    pub fn refuse(&self, operation: &str, error: Error) -> Error {
        error.completed(self.settings.system, operation)
    }

    /// Sends until an attempt counts. Gives an answer of any status that is not to be tried again; the product's own
    /// code says what it means.
    pub async fn send(&self, request: &Request) -> Result<Answer, Error> {
        let mut tour = Tour::new(&self.settings.base, self.servers.as_deref());
        let (mut address, mut shown) = self.place(request, tour.base())?;
        let mut redirects = 0;
        let mut number = 0;
        let mut round = 1;
        let mut unsettled = request.unsettled_attempt;
        loop {
            number += 1;
            let attempt = self.attempt(request, &address, &shown, number, tour.unreached()).await;
            let attempt = attempt.map_err(|(failure, error)| (failure, self.masked(request, error)));
            if attempt.is_ok() {
                tour.worked();
            }
            let (failure, result) = match attempt {
                Ok(answer) if answer.is_success() || request.may_be_done(&answer) => {
                    return covering(unsettled, Ok(answer));
                }
                Ok(mut answer) => {
                    if redirects < REDIRECTS_MAX
                        && let Some(location) = self.same_origin_redirect(request, &address, &answer)
                    {
                        redirects += 1;
                        number -= 1;
                        shown = redirect_shown(&address, &answer);
                        address = Address::of(location);
                        continue;
                    }
                    let failure = Failure::Status(answer.status, decode::asked_wait(&answer));
                    let refusal = proxy_refusal::in_the_servers_place(&self.settings, &mut answer);
                    (failure, refusal.map_or(Ok(answer), Err))
                }
                Err((failure, error)) if tour.goes_on(failure, &error) => {
                    let reason = error.message().to_owned();
                    let delay = Duration::ZERO;
                    self.tell(request, &shown, number, || Step::Retry { reason, delay });
                    (address, shown) = self.place(request, tour.base())?;
                    continue;
                }
                Err((failure, error)) => (failure, Err(error)),
            };
            let random = random();
            match retry::decide(
                &self.settings.retry,
                request.effect,
                failure,
                round,
                self.remaining(),
                random,
            ) {
                Decision::Stop => {
                    return covering(unsettled, result)
                        .inspect_err(|error| self.tell_failure(request, &shown, number, error));
                }
                Decision::After(delay) => {
                    let (reason, outcome) = match &result {
                        Ok(answer) => (format!("status {}", answer.status), Some(answer.outcome())),
                        Err(error) => (error.message().to_owned(), error.context().outcome),
                    };
                    if request.effect != Effect::Read && outcome == Some(Outcome::Unknown) {
                        unsettled = unsettled.or(Some(number));
                    }
                    self.tell(request, &shown, number, || Step::Retry { reason, delay });
                    sleep(delay).await;
                    round += 1;
                    if self.servers.is_some() {
                        tour.restart();
                        (address, shown) = self.place(request, tour.base())?;
                    }
                }
            }
        }
    }

    /// Where a request goes, for the wire and for people.
    fn place<'r>(&'r self, request: &'r Request, base: &str) -> Result<(Address<'r>, String), Error> {
        let below = if base == self.settings.base {
            Cow::Borrowed(&self.settings.base_url)
        } else {
            let parsed = Url::parse(base).map_err(|_| Error::config("the path gives no valid URL"));
            Cow::Owned(parsed.map_err(|error| self.refuse(&request.operation, error))?)
        };
        let shown = [base, request.target.shown()].concat();
        Ok((Address::below(below, &request.target), shown))
    }

    async fn attempt(
        &self,
        request: &Request,
        address: &Address<'_>,
        shown: &str,
        number: u32,
        unreached: &[String],
    ) -> Attempt {
        from_worker().await;
        let started = Arc::new(AtomicBool::new(false));
        let mut context = Context {
            method: Some(request.method.to_string()),
            url: Some(shown.to_owned()),
            attempts: number,
            unreached: unreached.to_vec(),
            is_read: request.effect == Effect::Read,
            ..self.context(&request.operation)
        };
        let built = self.build(request, &started);
        let outgoing = built.map_err(|error| (Failure::Permanent, self.refuse(&request.operation, error)))?;
        self.tell(request, shown, number, || Step::Request);
        let mut head = None;
        let mut queued = Queued::default();
        let exchange = self.exchange(
            (request, address),
            (shown, number),
            (outgoing, &mut queued),
            (&mut head, &mut context),
        );
        let ended = timeout_at(self.deadline, exchange).await;
        let broken = match ended {
            Ok(Ok(attempt)) => return attempt,
            Ok(Err(broken)) => Some(broken),
            Err(_) => None,
        };
        if let Some(answer) = self.without_body(request, &mut head, &mut context) {
            return Ok(answer);
        }
        let phase = match context.status {
            Some(_) => Phase::Answered,
            None if started.load(Ordering::Relaxed) => Phase::Sent,
            // Before the connection has taken up the body, no byte can have been sent.
            None => Phase::Connecting,
        };
        context.elapsed = self.elapsed();
        context.outcome = Some(phase.outcome());
        Err(match broken {
            Some(broken) => self.broken(&broken, context, phase),
            None => (Failure::Permanent, self.late(context, queued)),
        })
    }

    /// Whatever ends it early leaves in `head` and `context` how far it came.
    async fn exchange(
        &self,
        (request, address): (&Request, &Address<'_>),
        (shown, number): (&str, u32),
        (outgoing, queued): (http::Request<Watched>, &mut Queued),
        (head, context): (&mut Option<Parts>, &mut Context),
    ) -> Result<Attempt, Broken> {
        let (parts, body) = self
            .http
            .send(outgoing, (address, request.effect), self.reactor.as_ref(), queued)
            .await?
            .into_parts();
        let status = parts.status.as_u16();
        context.status = Some(status);
        context.outcome = Some(Outcome::Unknown);
        context.request_id = request_id(&parts.headers);
        *head = Some(parts);
        self.tell(request, shown, number, || Step::Response { status });
        self.read(request, head, body, context).await
    }

    fn build(&self, request: &Request, started: &Arc<AtomicBool>) -> Result<http::Request<Watched>, Error> {
        let mut outgoing = http::Request::new(request.body.open(started.clone(), self.is_thread_shared)?);
        outgoing.method_mut().clone_from(&request.method);
        let headers = outgoing.headers_mut();
        headers.reserve(self.settings.headers.len() + request.headers.len() + ADDED_HEADERS);
        for (name, value) in self.settings.headers.iter().chain(&request.headers) {
            headers.insert(name.clone(), value.clone());
        }
        // Without a length, IIS and others answer 411 to a method that usually has a body (RFC 9110, section 8.6).
        let usually_has_body = matches!(request.method, Method::POST | Method::PUT | Method::PATCH);
        if usually_has_body && matches!(request.body, Body::Empty) {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers
            .entry(header::ACCEPT_ENCODING)
            .or_insert(HeaderValue::from_static("gzip"));
        Ok(outgoing)
    }

    fn broken(&self, broken: &Broken, mut context: Context, phase: Phase) -> (Failure, Error) {
        let cause = cause::explain(broken, phase, &self.settings);
        context.status = context.status.or(cause.status);
        if cause.is_unread {
            context.outcome = Some(Outcome::NotSent);
        }
        let failure = match context.outcome {
            _ if cause.is_permanent => Failure::Permanent,
            Some(Outcome::NotSent) => Failure::NotSent,
            _ => Failure::Cut,
        };
        let mut error = Error::new(cause.kind, cause.message, context);
        if let Some(hint) = cause.hint {
            error = error.with_hint(hint);
        }
        (failure, error)
    }

    fn late(&self, context: Context, queued: Queued) -> Error {
        let limit = self.limit.as_secs_f64();
        if queued.is_the_reason() && context.status.is_none() {
            let all = self.settings.max_connections;
            let message = format!("no turn within {limit:.3} s: all {all} connections of max_connections were in use");
            return Error::new(Kind::Deadline, message, context)
                .with_hint("make fewer calls at once, give them more time, or pass a larger max_connections");
        }
        let what = match (context.outcome, context.status) {
            (Some(Outcome::NotSent), _) => "no connection",
            (_, Some(_)) => "the answer was not complete",
            _ => "no answer",
        };
        Error::new(Kind::Deadline, format!("{what} within {limit:.3} s"), context)
    }

    /// The URL to follow, if following is harmless: a read by GET, on the same scheme, host and port.
    fn same_origin_redirect(&self, request: &Request, current: &Address<'_>, answer: &Answer) -> Option<Url> {
        let follows = request.effect == Effect::Read && request.method == Method::GET;
        if !follows || !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let location = answer.headers.get(header::LOCATION)?.to_str().ok()?;
        let current = current.url();
        let next = current.join(location).ok()?;
        let clean = next.username().is_empty() && next.password().is_none();
        (clean && next.origin() == current.origin()).then_some(next)
    }
}

/// The fate of a call covers all its attempts.
fn covering(unsettled: Option<u32>, mut result: Result<Answer, Error>) -> Result<Answer, Error> {
    if let Some(attempt) = unsettled {
        let context = match &mut result {
            Ok(answer) => &mut answer.context,
            Err(error) => error.context_mut(),
        };
        context.note_unsettled(attempt);
    }
    result
}

/// From the clock and the process id, so that forked processes do not wait in step.
fn random() -> f64 {
    let nanos = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    fastrand::Rng::with_seed(u64::from(nanos) | u64::from(std::process::id()) << 32).f64()
}
