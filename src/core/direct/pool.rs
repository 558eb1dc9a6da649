//! The connections to one server that wait for a request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use hyper::client::conn::http2;
use hyper::rt::Executor;
use tokio::task::{AbortHandle, yield_now};
use tokio::time::{Instant, sleep};

use super::http1::Http1;
use super::line::{Ear, Heard};
use super::reactor::Reactor;
use crate::core::body::Watched;

/// How long a connection waits.
const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// How often it is looked after, so that it is closed soon after its server has closed it.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// One of many on the same connection.
#[derive(Clone)]
pub(super) struct Http2 {
    pub(super) sender: http2::SendRequest<Watched>,
    pub(super) ear: Ear,
    pub(super) running: Arc<Running>,
}

impl Http2 {
    /// Whether it has waited too long, or has ended.
    fn is_to_go(&self, idle: Duration) -> bool {
        let is_unused = Arc::strong_count(&self.running) == 1;
        let holds_secret = self.running.holds_secret.load(Ordering::Relaxed);
        !self.sender.is_ready() || idle >= IDLE_LIMIT || (holds_secret && is_unused && idle >= SWEEP_INTERVAL)
    }
}

/// The tasks of an HTTP/2 connection: hyper has one for the connection, one for each answer and one for each body that is
/// sent.
#[derive(Clone, Default)]
pub(super) struct Tasks(Arc<Mutex<Vec<AbortHandle>>>);

impl<F> Executor<F> for Tasks
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, task: F) {
        let task = tokio::spawn(task).abort_handle();
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|task| !task.is_finished());
        tasks.push(task);
    }
}

/// An HTTP/2 connection, as long as somebody holds it. Its tasks end in good order by themselves, unless it was given up.
#[derive(Default)]
pub(super) struct Running {
    tasks: Tasks,
    is_given_up: AtomicBool,
    holds_secret: AtomicBool,
}

impl Running {
    /// Where its tasks are to be spawned.
    pub(super) fn tasks(&self) -> Tasks {
        self.tasks.clone()
    }

    /// Notes that a secret came on it. Its buffers can't be wiped while it is open.
    pub(super) fn hold_secret(&self) {
        self.holds_secret.store(true, Ordering::Relaxed);
    }

    /// Has it end as soon as nobody else holds it: nothing but this ends an upload whose answer came before its end, and
    /// for which the server makes no room.
    pub(super) fn give_up(&self) {
        self.is_given_up.store(true, Ordering::Relaxed);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if *self.is_given_up.get_mut() {
            let tasks = self.tasks.0.lock().unwrap_or_else(PoisonError::into_inner);
            tasks.iter().for_each(AbortHandle::abort);
        }
    }
}

/// What takes a request.
pub(super) enum Sender {
    Http1(Http1),
    Http2(Http2),
}

impl Sender {
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
#[derive(Default)]
pub(super) struct Pool(Mutex<Open>);

#[derive(Default)]
struct Open {
    idle: Vec<(Http1, Instant)>,
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

impl Pool {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that is open as far as anybody knows: the one that was used last.
    pub(super) fn take(&self) -> Option<Sender> {
        let mut open = self.open();
        if let Some((http2, used)) = &mut open.shared {
            if http2.sender.is_ready() && used.elapsed() < IDLE_LIMIT {
                *used = Instant::now();
                return Some(Sender::Http2(http2.clone()));
            }
            open.shared = None;
        }
        while let Some((http1, since)) = open.idle.pop() {
            if http1.is_ready() && since.elapsed() < IDLE_LIMIT {
                return Some(Sender::Http1(http1));
            }
        }
        None
    }

    /// Whether one waits that can be had alone, open as far as this machine can know.
    pub(super) fn has_idle(&self) -> bool {
        let open = self.open();
        let next = open.idle.last();
        next.is_some_and(|(http1, since)| {
            http1.is_ready() && since.elapsed() < IDLE_LIMIT && http1.heard() == Heard::Nothing
        })
    }

    /// Whether any waits, open or not.
    pub(super) fn has_open(&self) -> bool {
        let open = self.open();
        !open.idle.is_empty() || open.shared.is_some()
    }

    /// Has nobody else use this connection.
    pub(super) fn retire(&self, http2: &Http2) {
        let mut open = self.open();
        open.shared
            .take_if(|(shared, _)| Arc::ptr_eq(&shared.running, &http2.running));
    }

    /// Has others use this connection, and gives the one to use.
    pub(super) fn share(self: &Arc<Self>, http2: Http2) -> Http2 {
        let mut open = self.open();
        if let Some((first, _)) = open.shared.as_ref().filter(|(first, _)| first.sender.is_ready()) {
            return first.clone();
        }
        open.shared = Some((http2.clone(), Instant::now()));
        self.have_swept(&mut open);
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
            self.keep(http1);
        }
    }

    fn keep(self: &Arc<Self>, http1: Http1) {
        let mut open = self.open();
        open.idle.push((http1, Instant::now()));
        self.have_swept(&mut open);
    }

    fn have_swept(self: &Arc<Self>, open: &mut Open) {
        if !std::mem::replace(&mut open.is_swept, true) {
            open.sweeper = Some(tokio::spawn(sweep(Arc::downgrade(self))).abort_handle());
        }
    }
}

/// Closes what has waited too long or was closed by the server, as long as anything waits.
async fn sweep(pool: Weak<Pool>) {
    loop {
        sleep(SWEEP_INTERVAL).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut open = pool.open();
        open.idle.retain_mut(|(http1, since)| {
            if http1.heard() != Heard::Nothing {
                http1.rest();
            }
            http1.is_ready() && since.elapsed() < IDLE_LIMIT && http1.heard() == Heard::Nothing
        });
        open.shared.take_if(|(http2, used)| http2.is_to_go(used.elapsed()));
        if open.idle.is_empty() && open.shared.is_none() {
            open.is_swept = false;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::advance;

    use super::super::line::Line;
    use super::*;

    /// A connection, and the server's end of it.
    async fn connection() -> (Http1, DuplexStream) {
        let (near, far) = duplex(64);
        (Http1::open(near, Ear::default()).await.unwrap(), far)
    }

    #[tokio::test]
    async fn the_connection_that_was_used_last_is_taken_first_and_once() {
        let pool = Arc::new(Pool::default());
        let (first, mut far) = connection().await;
        let (last, _end) = connection().await;
        pool.give_back(first, false);
        pool.give_back(last, true);
        let _taken = pool.take().unwrap();
        drop(pool.take().unwrap());
        assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
        assert!(pool.take().is_none());
    }

    #[tokio::test]
    async fn a_connection_that_the_server_closed_is_not_open() {
        let pool = Arc::new(Pool::default());
        let (sender, far) = connection().await;
        pool.give_back(sender, false);
        drop(far);
        assert!(!pool.take().unwrap().is_open(None).await);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_waits_longer_than_the_limit() {
        let pool = Arc::new(Pool::default());
        // So that only asking closes it.
        pool.open().is_swept = true;
        let (sender, _far) = connection().await;
        pool.give_back(sender, false);
        advance(IDLE_LIMIT.checked_sub(Duration::from_millis(1)).unwrap()).await;
        let Sender::Http1(taken) = pool.take().unwrap() else {
            unreachable!()
        };
        pool.give_back(taken, false);
        advance(IDLE_LIMIT).await;
        assert!(pool.take().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_waited_too_long_is_closed_though_nobody_asks() {
        let pool = Arc::new(Pool::default());
        for _ in 0..2 {
            let (sender, mut far) = connection().await;
            pool.give_back(sender, false);
            assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_server_closed_is_closed_soon_though_nobody_asks() {
        let pool = Arc::new(Pool::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = Line::new(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap());
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
        let pool = Arc::new(Pool::default());
        let (sender, _far) = connection().await;
        pool.give_back(sender, false);
        assert_eq!(tasks.num_alive_tasks(), 1);
        drop(pool);
        yield_now().await;
        assert_eq!(tasks.num_alive_tasks(), 0);
    }
}
