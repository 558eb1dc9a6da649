//! The server's thread: accepts loopback connections, reads requests, consults faults, routes, writes answers.

use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::auth::Credentials;
use super::exchange::{Answer, Request, system_of_path};
use super::faults::{DropPoint, Fault, Faults};
use super::journal::Journal;
use super::payload::{Cut, Payload};
use super::{bamboo_agents, governance_lifecycle, sd_elements, sectona};
use crate::core::error::System;

/// A larger request body is answered with 413.
const MAX_BODY_BYTES: usize = 1 << 30;
/// After a failed `accept` (too many open files, say) the next one waits this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// The state of the four systems.
pub(crate) struct World {
    pub governance: governance_lifecycle::State,
    pub sde: sd_elements::State,
    pub sectona: sectona::State,
    pub bamboo: bamboo_agents::State,
}

/// What the handle and the server's thread have in common.
pub(crate) struct Shared {
    pub url: String,
    pub credentials: Credentials,
    pub journal: Journal,
    pub faults: Faults,
    pub tls: Option<TlsAcceptor>,
    pub connections: AtomicUsize,
    world: Mutex<World>,
}

impl Shared {
    pub fn new(url: String, credentials: Credentials, tls: Option<TlsAcceptor>, world: World) -> Shared {
        Shared {
            url,
            credentials,
            journal: Journal::default(),
            faults: Faults::default(),
            tls,
            connections: AtomicUsize::new(0),
            world: Mutex::new(world),
        }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn route(&self, system: Option<System>, request: &Request) -> Answer {
        let mut world = self.world();
        let answer = match system {
            Some(System::GovernanceLifecycle) => world.governance.answer(&self.credentials, request),
            Some(System::SdElements) => world.sde.answer(&self.credentials, request, &self.url),
            Some(System::Sectona) => world.sectona.answer(&self.credentials, request),
            Some(System::BambooAgents) => world.bamboo.answer(&self.credentials, request),
            None => Answer::html(
                404,
                "<html><head><title>Not Found</title></head><body>Not Found</body></html>",
            ),
        };
        let issued = std::mem::take(&mut world.governance.issued);
        drop(world);
        if !issued.is_empty() {
            self.journal.protect(issued);
        }
        answer
    }
}

/// The stable name of what a request asks for; None when its body decides and has not been read.
fn operation(system: Option<System>, request: &Request) -> Option<String> {
    match system {
        Some(System::GovernanceLifecycle) => Some(request.parameter("cmd").unwrap_or_default().to_owned()),
        Some(System::SdElements) => sd_elements::operation(request),
        Some(System::Sectona) => Some(sectona::operation(request)),
        Some(System::BambooAgents) => Some(bamboo_agents::operation(request)),
        None => Some(String::new()),
    }
}

/// Tells the connections to end.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Orders {
    pub stop: bool,
    /// Counts the orders to close idle connections.
    pub close_idle: u64,
    /// Connections that are idle for so long are closed.
    pub idle_timeout: Option<Duration>,
}

/// The runtime to serve on. Making one reads the environment, which is for the caller's thread to do.
pub(crate) fn new_runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
}

/// Serves until told to stop. Runs on the sandbox's own thread.
pub(crate) fn serve(
    runtime: &Runtime,
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    orders: watch::Receiver<Orders>,
) -> io::Result<()> {
    runtime.block_on(accept(listener, shared, orders))
}

async fn accept(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    mut orders: watch::Receiver<Orders>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let for_connections = orders.clone();
    loop {
        tokio::select! {
            stopped = orders.wait_for(|orders| orders.stop) => {
                drop(stopped);
                return Ok(());
            }
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    drop(tokio::spawn(welcome(stream, peer.port(), Arc::clone(&shared), for_connections.clone())));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
}

/// What one connection is doing, for the idle timeout and the count of connections.
struct Activity {
    shared: Arc<Shared>,
    answering: AtomicUsize,
    since: Mutex<Instant>,
}

impl Activity {
    fn new(shared: Arc<Shared>) -> Activity {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        Activity {
            shared,
            answering: AtomicUsize::new(0),
            since: Mutex::new(Instant::now()),
        }
    }

    fn touch(&self) -> Instant {
        let now = Instant::now();
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = now;
        now
    }

    /// When the connection will have been idle for so long, if nothing happens.
    fn idle_until(&self, timeout: Duration) -> Instant {
        let since = match self.answering.load(Ordering::SeqCst) {
            0 => *self.since.lock().unwrap_or_else(PoisonError::into_inner),
            _ => self.touch(),
        };
        since + timeout
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        self.shared.connections.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn welcome(stream: TcpStream, peer_port: u16, shared: Arc<Shared>, orders: watch::Receiver<Orders>) {
    // Without it small answers wait for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    match shared.tls.clone() {
        None => converse(stream, peer_port, shared, orders).await,
        Some(acceptor) => {
            // A client that fails the handshake, or leaves, has been told why.
            if let Ok(stream) = acceptor.accept(stream).await {
                converse(stream, peer_port, shared, orders).await;
            }
        }
    }
}

async fn converse<S>(stream: S, peer_port: u16, shared: Arc<Shared>, mut orders: watch::Receiver<Orders>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let activity = Arc::new(Activity::new(Arc::clone(&shared)));
    let service = service_fn(|request| {
        let (activity, shared) = (Arc::clone(&activity), Arc::clone(&shared));
        async move {
            activity.answering.fetch_add(1, Ordering::SeqCst);
            let response = respond(request, peer_port, shared).await;
            activity.touch();
            activity.answering.fetch_sub(1, Ordering::SeqCst);
            response
        }
    });
    let mut connection = std::pin::pin!(
        http1::Builder::new()
            // Written in one piece, which raises no SIGPIPE.
            .writev(false)
            .title_case_headers(true)
            .serve_connection(TokioIo::new(stream), service)
    );
    let seen = orders.borrow_and_update().close_idle;
    loop {
        let timeout = orders.borrow_and_update().idle_timeout;
        let idle = async {
            match timeout {
                Some(timeout) => tokio::time::sleep_until(activity.idle_until(timeout).into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = connection.as_mut() => return,
            changed = orders.changed() => {
                if changed.is_err() || orders.borrow().close_idle != seen {
                    break;
                }
            }
            () = idle => {
                if timeout.is_some_and(|timeout| activity.idle_until(timeout) <= Instant::now()) {
                    break;
                }
            }
        }
    }
    // An idle connection ends at once and without a word; a busy one after its answer.
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

async fn respond(
    incoming: http::Request<Incoming>,
    peer_port: u16,
    shared: Arc<Shared>,
) -> Result<Response<Payload>, Cut> {
    let (head, body) = incoming.into_parts();
    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
    let mut request = Request::new(head.method.as_str(), path, query, head.headers);
    let system = system_of_path(path);

    if let Some(operation) = operation(system, &request)
        && shared
            .faults
            .strike(system, &operation, &request.method, true)
            .is_some()
    {
        shared.journal.begin(&request, system, &operation, peer_port);
        return Err(Cut);
    }
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(collected) => request.body = collected.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let sequence = shared.journal.begin(&request, system, "", peer_port);
            shared.journal.finish(sequence, Some(413), false);
            return Ok(written(
                Answer::html(413, "<html><body>Request Entity Too Large</body></html>"),
                None,
            ));
        }
        Err(_) => {
            shared.journal.begin(&request, system, "", peer_port);
            return Err(Cut);
        }
    }
    request.complete = true;

    let operation = operation(system, &request).unwrap_or_default();
    let sequence = shared.journal.begin(&request, system, &operation, peer_port);
    let Some(fault) = shared.faults.strike(system, &operation, &request.method, false) else {
        let answer = shared.route(system, &request);
        shared.journal.finish(sequence, Some(answer.status), answer.applied);
        return Ok(written(answer, None));
    };
    answer_with_fault(&fault, &request, system, sequence, &shared).await
}

async fn answer_with_fault(
    fault: &Fault,
    request: &Request,
    system: Option<System>,
    sequence: u64,
    shared: &Shared,
) -> Result<Response<Payload>, Cut> {
    if let Some(delay) = fault.delay {
        tokio::time::sleep(delay).await;
    }
    let own = if fault.does_the_work() {
        shared.route(system, request)
    } else {
        Answer::default()
    };
    shared.journal.finish(sequence, None, own.applied);
    if fault.hang {
        std::future::pending::<Infallible>().await;
    }
    if matches!(fault.drop, Some(DropPoint::Before | DropPoint::After)) {
        return Err(Cut);
    }
    let answer = fault.reshape(request, system, own, &shared.url);
    shared.journal.finish(sequence, Some(answer.status), answer.applied);
    Ok(written(answer, Some(fault)))
}

fn written(answer: Answer, fault: Option<&Fault>) -> Response<Payload> {
    let body = answer.body.clone();
    let payload = match fault {
        Some(fault) if fault.drop == Some(DropPoint::MidBody) => Payload::cut(&body),
        Some(Fault { drip: Some(pause), .. }) => Payload::dripping(body, *pause),
        _ => Payload::whole(body),
    };
    let mut response = Response::new(payload);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name.as_str()),
            HeaderValue::try_from(value.as_str()),
        ) {
            response.headers_mut().append(name, value);
        }
    }
    if let Some(phrase) = answer.reason.and_then(|reason| ReasonPhrase::try_from(reason).ok()) {
        response.extensions_mut().insert(phrase);
    }
    response
}
