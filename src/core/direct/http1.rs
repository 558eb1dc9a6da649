//! One HTTP/1 connection. Whoever uses it polls it; no task of its own has to be woken, and dropped it is closed.

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, Read};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt;
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;
use zeroize::Zeroize;

use super::allowance::Permit;
use super::head::{BYTES_MAX, FIELDS_MAX, Head, Overheard, Unreadable};
use super::line::{Ear, Heard, Line};
use super::pool::IDLE_LIMIT;
use super::reactor::Reactor;
use crate::core::body::Watched;
use crate::core::cause::BoxError;
use crate::core::offload::PIECE_BYTES_MAX;

/// Not among the names that the library knows.
const KEEP_ALIVE: &str = "keep-alive";
/// For the way of the request, and clocks that tick in whole seconds.
const MARGIN: Duration = Duration::from_secs(1);

/// For one request at a time.
pub(super) struct Http1 {
    sender: SendRequest<Watched>,
    /// None when it has ended.
    connection: Option<Box<dyn Running>>,
    ear: Ear,
    head: Head,
    /// Why the answer that has come can't be read.
    fault: Option<Unreadable>,
    /// When the server last sent what was waited for.
    since: Instant,
    /// How long the server is known to leave it open.
    fresh_limit: Option<Duration>,
}

impl Http1 {
    /// On a stream that is open; the ear is its socket's. A server may refuse a client's certificate right after the
    /// handshake: the error says so.
    pub(super) async fn open<T>(stream: T, ear: Ear) -> hyper::Result<Self>
    where
        T: Wipe + AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let head = Head::default();
        let (sender, connection) = handshake(Overheard::new(stream, head.clone())).await?;
        let mut this = Self {
            sender,
            connection: Some(Box::new(connection)),
            ear,
            head,
            fault: None,
            since: Instant::now(),
            fresh_limit: None,
        };
        this.ready().await?;
        Ok(this)
    }

    /// Does what can be done now. The error is that of the connection's end, and told to the request as well.
    pub(super) fn turn(&mut self, context: &mut Context<'_>) -> hyper::Result<()> {
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        match Pin::new(connection).poll(context) {
            Poll::Pending => Ok(()),
            Poll::Ready(ended) => {
                self.connection = None;
                ended
            }
        }
    }

    /// The same between two requests. It wakes nobody then: the next request would wake whoever sends it.
    pub(super) fn rest(&mut self) {
        drop(self.turn(&mut Context::from_waker(Waker::noop())));
    }

    /// The same connection without any byte of what it has received: hyper and rustls keep what they have read in their
    /// buffers until something else is written over it. None where it can't be gone on with. Only between two requests.
    pub(super) fn wiped(self) -> Option<Self> {
        let (sender, connection) = self.connection?.renewed()?;
        Some(Self {
            sender,
            connection: Some(connection),
            ..self
        })
    }

    /// Waits until it takes a request.
    pub(super) async fn ready(&mut self) -> hyper::Result<()> {
        poll_fn(|context| match self.turn(context) {
            Ok(()) => self.sender.poll_ready(context),
            Err(error) => Poll::Ready(Err(error)),
        })
        .await
    }

    /// Whether it takes a request, as far as it has noticed.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Whether it waits for a request, open as far as this machine can know, and has not waited too long.
    pub(super) fn is_idle(&self) -> bool {
        self.is_ready() && self.idle() < IDLE_LIMIT && self.heard() == Heard::Nothing
    }

    /// How long the server may have waited.
    pub(super) fn idle(&self) -> Duration {
        self.since.elapsed()
    }

    /// Notes that something came from the server just now.
    pub(super) fn touch(&mut self) {
        self.since = Instant::now();
    }

    /// How long it may have waited for a request that must not be sent twice, where its server has said so.
    pub(super) fn fresh_limit(&self) -> Option<Duration> {
        self.fresh_limit
    }

    /// Closes it, and gives the permit that it was open by.
    pub(super) fn hang_up(&self) -> Option<Permit> {
        self.ear.hang_up()
    }

    /// What stands unread on its socket.
    pub(super) fn heard(&self) -> Heard {
        self.ear.heard()
    }

    /// The same, watched from now on by this reactor; by the runtime if there is none.
    pub(super) fn heard_at(&self, reactor: Option<&Arc<Reactor>>) -> Heard {
        self.ear.heard_at(reactor)
    }

    /// Why the answer that has come can't be read.
    pub(super) fn take_fault(&mut self) -> Option<Unreadable> {
        self.fault.take()
    }

    /// Why there was no answer.
    pub(super) fn explained(&self, error: hyper::Error) -> BoxError {
        self.head.explained(error)
    }

    /// Sends a request and gives the head of its answer.
    pub(super) async fn send(
        &mut self,
        request: Request<Watched>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Watched>>> {
        self.head.expect();
        let mut answer = pin!(self.sender.try_send_request(request));
        let answer = poll_fn(|context| {
            // Its error comes as the answer.
            drop(self.turn(context));
            answer.as_mut().poll(context)
        })
        .await?;
        self.touch();
        self.fault = self.head.fault(&answer);
        if let Some(said) = answer.headers().get(KEEP_ALIVE) {
            self.fresh_limit = fresh_limit(said);
        }
        Ok(answer)
    }
}

/// Takes the heads that other clients take: with folded lines, with blanks before the colon, with lines that nobody can
/// read, and with many.
async fn handshake<T>(stream: T) -> hyper::Result<(SendRequest<Watched>, Connection<TokioIo<T>, Watched>)>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    Builder::new()
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .ignore_invalid_headers_in_responses(true)
        .max_headers(FIELDS_MAX)
        .max_header_size(BYTES_MAX)
        .max_buf_size(PIECE_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
}

/// Less than the server announces to leave the connection open, which begins before its answer is here: "timeout=5, max=99".
fn fresh_limit(said: &HeaderValue) -> Option<Duration> {
    let timeout = said.to_str().ok()?.split(',').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_timeout = name.trim().eq_ignore_ascii_case("timeout");
        let seconds = value.trim().trim_matches('"').parse().ok().map(Duration::from_secs);
        seconds.filter(|_| is_timeout)
    })?;
    Some(timeout.saturating_sub(MARGIN.min(timeout / 2)))
}

/// A connection of hyper's, on a stream of any type.
trait Running: Future<Output = hyper::Result<()>> + Unpin + Send {
    /// Another one on the same stream, whose buffers are new ones or wiped.
    fn renewed(self: Box<Self>) -> Option<(SendRequest<Watched>, Box<dyn Running>)>;
}

impl<T> Running for Connection<TokioIo<T>, Watched>
where
    T: Wipe + AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn renewed(self: Box<Self>) -> Option<(SendRequest<Watched>, Box<dyn Running>)> {
        let parts = self.into_parts();
        // What came unasked belongs to no request.
        parts.read_buf.is_empty().then_some(())?;
        let mut stream = parts.io.into_inner();
        stream.wipe();
        // It makes buffers, and waits for nothing.
        let (sender, connection) = handshake(stream).now_or_never()?.ok()?;
        Some((sender, Box::new(connection)))
    }
}

/// A stream that may hold bytes which were read from it already.
pub(super) trait Wipe {
    /// Overwrites them.
    fn wipe(&mut self);
}

impl Wipe for Line {
    fn wipe(&mut self) {
        // It has no buffer.
    }
}

impl<S: Wipe> Wipe for TlsStream<S> {
    fn wipe(&mut self) {
        // Records are decrypted where they were received. The library lends that place, but for what it has yet to
        // decrypt, to whoever reads for it.
        let (under, tls) = self.get_mut();
        drop(tls.read_tls(&mut Wiper));
        under.wipe();
    }
}

/// Reads nothing, and wipes where it could have read to.
struct Wiper;

impl Read for Wiper {
    fn read(&mut self, place: &mut [u8]) -> io::Result<usize> {
        place.zeroize();
        Err(ErrorKind::WouldBlock.into())
    }
}

#[cfg(test)]
impl Wipe for tokio::io::DuplexStream {
    fn wipe(&mut self) {}
}
