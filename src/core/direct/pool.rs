//! The connections to one server that wait for a request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, yield_now};
use tokio::time::{Instant, sleep};

use super::allowance::{Allowance, Permit};
use super::http1::Http1;
use super::http2::{Http2, Running};
use super::line::Heard;
use super::reactor::Reactor;
use crate::core::cause::BoxError;
use crate::core::retry::Effect;

/// How long a connection waits.
pub(super) const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// How often it is looked after, so that it is closed soon after its server has closed it.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// How long a connection may have waited for a request that must not be sent twice, where the server does not say how long
/// it leaves one open: servers begin at a second.
const FRESH_LIMIT: Duration = Duration::from_millis(800);

/// Which connections that waited a request may take. One that the server closes at that very moment costs a request that
/// must not be sent twice its outcome, and any other a repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reuse {
    Any,
    Fresh,
}

impl Reuse {
    pub(super) fn of(effect: Effect) -> Self {
        match effect {
            Effect::Read | Effect::Idempotent => Self::Any,
            Effect::Unsafe | Effect::Audited => Self::Fresh,
        }
    }
}

/// What takes a request.
pub(super) enum Sender {
    Http1(Http1),
    Http2(Http2),
}

impl Sender {
    /// Why there was no answer.
    pub(super) fn explained(&self, error: hyper::Error) -> BoxError {
        match self {
            Self::Http1(http1) => http1.explained(error),
            Self::Http2(_) => error.into(),
        }
    }

    /// Whether the server still listens, as far as this machine can know. The connection learns it only when the runtime
    /// turns, which a runtime that slept has not done; bytes that came mean something to the connection alone.
    /// The reactor, if there is one, watches from now on.
    pub(super) async fn is_open(&mut self, reactor: Option<&Arc<Reactor>>) -> bool {
        let heard = match self {
            Self::Http1(http1) => http1.heard_at(reactor),
            Self::Http2(http2) => http2.ear.heard(),
        };
        if heard == Heard::Nothing {
            return true;
        }
        // Polls the sockets; then has the tasks run that wait for them.
        yield_now().await;
        yield_now().await;
        match self {
            Self::Http1(http1) => {
                http1.rest();
                http1.is_ready() && http1.heard() == Heard::Nothing
            }
            Self::Http2(http2) => http2.sender.is_ready() && http2.ear.heard() != Heard::End,
        }
    }
}

/// The open connections.
pub(super) struct Pool {
    open: Mutex<Open>,
    allowance: Arc<Allowance>,
    /// Whether the server chose HTTP/1.1 the last time. Any other may serve all requests on one connection.
    speaks_http1: AtomicBool,
    /// For the one that finds out, before others open connections too.
    first: Semaphore,
}

#[derive(Default)]
struct Open {
    idle: Vec<Http1>,
    shared: Option<(Http2, Instant)>,
    is_swept: bool,
    sweeper: Option<AbortHandle>,
}

impl Drop for Open {
    fn drop(&mut self) {
        // It would be kept until it looks again.
        if let Some(sweeper) = &self.sweeper {
            sweeper.abort();
        }
        // The client is closed. Nothing else ends an upload that goes on after its answer.
        if let Some((http2, _)) = &self.shared {
            http2.running.give_up();
        }
    }
}

/// Connections that are dropped give their permits back, and whoever gets one may ask this very pool: they are dropped
/// when its lock was given back.
impl Pool {
    /// Empty. `is_http1` where the server can speak nothing else.
    pub(super) fn new(allowance: Arc<Allowance>, is_http1: bool) -> Arc<Self> {
        let this = Arc::new(Self {
            open: Mutex::default(),
            allowance,
            speaks_http1: AtomicBool::new(is_http1),
            first: Semaphore::new(1),
        });
        this.allowance.add(&this);
        this
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who opens a connection while nobody knows whether all can share it; None where they can't. Others wait for it.
    pub(super) fn first(&self) -> Option<&Semaphore> {
        (!self.speaks_http1.load(Ordering::Relaxed)).then_some(&self.first)
    }

    /// Notes what the server chose.
    pub(super) fn note_http1(&self, is_http1: bool) {
        self.speaks_http1.store(is_http1, Ordering::Relaxed);
    }

    /// One that is open as far as anybody knows: the one that was used last. What is of no use goes to `left`.
    pub(super) fn take(&self, reuse: Reuse, left: &mut Vec<Sender>) -> Option<Sender> {
        let mut open = self.open();
        if let Some((http2, used)) = &mut open.shared {
            let is_fresh = reuse == Reuse::Any || http2.unused() < FRESH_LIMIT;
            if is_fresh && http2.sender.is_ready() && used.elapsed() < IDLE_LIMIT {
                *used = Instant::now();
                return Some(Sender::Http2(http2.clone()));
            }
            left.extend(open.shared.take().map(|(http2, _)| Sender::Http2(http2)));
        }
        while let Some(http1) = open.idle.pop() {
            let idle = http1.idle();
            if !http1.is_ready() || idle >= IDLE_LIMIT {
                left.push(Sender::Http1(http1));
            } else if reuse == Reuse::Any || idle < http1.fresh_limit().unwrap_or(FRESH_LIMIT) {
                return Some(Sender::Http1(http1));
            } else {
                open.idle.push(http1);
                return None;
            }
        }
        None
    }

    /// Closes one that nobody uses: the one that has waited longest. Its permit is for another one.
    pub(super) fn give_up(&self, left: &mut Vec<Sender>) -> Option<Permit> {
        let mut open = self.open();
        while !open.idle.is_empty() {
            let http1 = open.idle.remove(0);
            let permit = http1.hang_up();
            left.push(Sender::Http1(http1));
            if permit.is_some() {
                return permit;
            }
        }
        let (http2, _) = open.shared.take_if(|(http2, _)| http2.is_unused())?;
        // Its tasks would sleep on with their runtime.
        http2.running.give_up();
        let permit = http2.ear.hang_up();
        left.push(Sender::Http2(http2));
        permit
    }

    /// Whether one waits that can be had alone, open as far as this machine can know.
    pub(super) fn has_idle(&self) -> bool {
        let open = self.open();
        let next = open.idle.last();
        next.is_some_and(Http1::is_idle) && !self.allowance.is_sought()
    }

    /// Whether any waits, open or not.
    pub(super) fn has_open(&self) -> bool {
        let open = self.open();
        !open.idle.is_empty() || open.shared.is_some()
    }

    /// For a connection that is to be shared.
    pub(super) fn running(&self) -> Arc<Running> {
        Arc::new(Running::new(self.allowance.clone()))
    }

    /// Has nobody else use this connection.
    pub(super) fn retire(&self, running: &Arc<Running>) {
        let retired = self
            .open()
            .shared
            .take_if(|(shared, _)| Arc::ptr_eq(&shared.running, running));
        drop(retired);
    }

    /// Has others use this connection, and gives the one to use.
    pub(super) fn share(self: &Arc<Self>, http2: Http2) -> Http2 {
        let mut open = self.open();
        if let Some((first, _)) = open.shared.as_ref().filter(|(first, _)| first.sender.is_ready()) {
            return first.clone();
        }
        let replaced = open.shared.replace((http2.clone(), Instant::now()));
        self.have_swept(&mut open);
        drop(open);
        drop(replaced);
        self.allowance.serve();
        http2
    }

    /// Keeps a connection whose answer was read to its end. One that still sends what the server did not wait for is
    /// closed: nobody would ever end that. Of an answer that holds a secret, no byte is left on it.
    pub(super) fn give_back(self: &Arc<Self>, mut http1: Http1, is_secret: bool) {
        http1.rest();
        if is_secret && http1.is_ready() {
            let Some(wiped) = http1.wiped() else { return };
            http1 = wiped;
            http1.rest();
        }
        if http1.is_ready() {
            self.keep([http1]);
        }
    }

    fn keep(self: &Arc<Self>, kept: impl IntoIterator<Item = Http1>) {
        let mut open = self.open();
        open.idle.extend(kept);
        self.have_swept(&mut open);
        drop(open);
        self.allowance.serve();
    }

    fn have_swept(self: &Arc<Self>, open: &mut Open) {
        if !std::mem::replace(&mut open.is_swept, true) {
            open.sweeper = Some(tokio::spawn(sweep(Arc::downgrade(self))).abort_handle());
        }
    }

    /// Takes out what has waited too long or was closed by the server.
    fn swept(&self) -> (Vec<Http1>, Option<(Http2, Instant)>) {
        let mut open = self.open();
        let doubtful = open.idle.extract_if(.., |http1| !http1.is_idle()).collect();
        let over = open.shared.take_if(|(http2, used)| {
            let idle = used.elapsed();
            !http2.sender.is_ready() || idle >= IDLE_LIMIT || (http2.keeps_secret() && idle >= SWEEP_INTERVAL)
        });
        (doubtful, over)
    }
}

/// Closes what has waited too long or was closed by the server, as long as anything waits.
async fn sweep(pool: Weak<Pool>) {
    loop {
        sleep(SWEEP_INTERVAL).await;
        let Some(pool) = pool.upgrade() else { return };
        let (mut doubtful, over) = pool.swept();
        drop(over);
        // What came may have been the end of the answer before.
        doubtful.iter_mut().for_each(Http1::rest);
        doubtful.retain(Http1::is_idle);
        if !doubtful.is_empty() {
            pool.keep(doubtful);
        }
        let mut open = pool.open();
        if open.idle.is_empty() && open.shared.is_none() {
            open.is_swept = false;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::advance;

    use super::super::line::{Ear, Line};
    use super::*;

    /// A connection, and the server's end of it.
    async fn connection() -> (Http1, DuplexStream) {
        let (near, far) = duplex(64);
        (Http1::open(near, Ear::default()).await.unwrap(), far)
    }

    #[tokio::test]
    async fn the_connection_that_was_used_last_is_taken_first_and_once() {
        let pool = Pool::new(Allowance::new(NonZeroU32::MAX), true);
        let (first, mut far) = connection().await;
        let (last, _end) = connection().await;
        pool.give_back(first, false);
        pool.give_back(last, true);
        let _taken = pool.take(Reuse::Any, &mut Vec::new()).unwrap();
        drop(pool.take(Reuse::Any, &mut Vec::new()).unwrap());
        assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
        assert!(pool.take(Reuse::Any, &mut Vec::new()).is_none());
    }

    #[tokio::test]
    async fn a_connection_that_the_server_closed_is_not_open() {
        let pool = Pool::new(Allowance::new(NonZeroU32::MAX), true);
        let (sender, far) = connection().await;
        pool.give_back(sender, false);
        drop(far);
        assert!(!pool.take(Reuse::Any, &mut Vec::new()).unwrap().is_open(None).await);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_waits_longer_than_the_limit() {
        let pool = Pool::new(Allowance::new(NonZeroU32::MAX), true);
        // So that only asking closes it.
        pool.open().is_swept = true;
        let (sender, _far) = connection().await;
        pool.give_back(sender, false);
        advance(IDLE_LIMIT.checked_sub(Duration::from_millis(1)).unwrap()).await;
        let Sender::Http1(taken) = pool.take(Reuse::Any, &mut Vec::new()).unwrap() else {
            unreachable!()
        };
        pool.give_back(taken, false);
        advance(IDLE_LIMIT).await;
        assert!(pool.take(Reuse::Any, &mut Vec::new()).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_waited_too_long_is_closed_though_nobody_asks() {
        let pool = Pool::new(Allowance::new(NonZeroU32::MAX), true);
        for _ in 0..2 {
            let (sender, mut far) = connection().await;
            pool.give_back(sender, false);
            assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_server_closed_is_closed_soon_though_nobody_asks() {
        let pool = Pool::new(Allowance::new(NonZeroU32::MAX), true);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = Line::new(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap(), None);
        let (mut far, _) = listener.accept().await.unwrap();
        let ear = line.ear();
        pool.give_back(Http1::open(line, ear).await.unwrap(), false);
        far.shutdown().await.unwrap();
        let begun = Instant::now();
        assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
        assert!(begun.elapsed() <= SWEEP_INTERVAL * 2);
        assert!(!pool.has_open());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pool_that_is_dropped_leaves_no_task() {
        let tasks = tokio::runtime::Handle::current().metrics();
        let pool = Pool::new(Allowance::new(NonZeroU32::MAX), true);
        let (sender, _far) = connection().await;
        pool.give_back(sender, false);
        assert_eq!(tasks.num_alive_tasks(), 1);
        drop(pool);
        yield_now().await;
        assert_eq!(tasks.num_alive_tasks(), 0);
    }
}
