//! The connections to one server that wait for a request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use hyper::client::conn::http2;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use super::http1::Http1;
use super::line::{Ear, Heard};
use super::reactor::Reactor;
use crate::core::body::Watched;

/// How long a connection waits.
const IDLE_LIMIT: Duration = Duration::from_secs(30);

/// One of many on the same connection.
#[derive(Clone)]
pub(super) struct Http2 {
    pub(super) sender: http2::SendRequest<Watched>,
    pub(super) ear: Ear,
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

    /// Keeps a connection whose answer was read to its end.
    pub(super) fn give_back(self: &Arc<Self>, mut http1: Http1) {
        http1.rest();
        if http1.is_ready() {
            return self.keep(http1);
        }
        // It has not noticed the end yet, or still sends what the server did not wait for.
        let pool = Arc::downgrade(self);
        tokio::spawn(async move {
            // The loop that watches it may stand still.
            http1.heard_at(None);
            if http1.ready().await.is_ok()
                && let Some(pool) = pool.upgrade()
            {
                pool.keep(http1);
            }
        });
    }

    fn keep(self: &Arc<Self>, http1: Http1) {
        let mut open = self.open();
        open.idle.push((http1, Instant::now()));
        self.have_swept(&mut open);
    }

    fn have_swept(self: &Arc<Self>, open: &mut Open) {
        if !std::mem::replace(&mut open.is_swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }
}

/// Closes what has waited too long, as long as anything waits.
async fn sweep(pool: Weak<Pool>) {
    loop {
        sleep(IDLE_LIMIT).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut open = pool.open();
        open.idle
            .retain(|(http1, since)| http1.is_ready() && since.elapsed() < IDLE_LIMIT);
        open.shared
            .take_if(|(http2, used)| !http2.sender.is_ready() || used.elapsed() >= IDLE_LIMIT);
        if open.idle.is_empty() && open.shared.is_none() {
            open.is_swept = false;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, DuplexStream, duplex};
    use tokio::time::advance;

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
        pool.give_back(first);
        pool.give_back(last);
        let _taken = pool.take().unwrap();
        drop(pool.take().unwrap());
        assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
        assert!(pool.take().is_none());
    }

    #[tokio::test]
    async fn a_connection_that_the_server_closed_is_not_open() {
        let pool = Arc::new(Pool::default());
        let (sender, far) = connection().await;
        pool.give_back(sender);
        drop(far);
        assert!(!pool.take().unwrap().is_open(None).await);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_waits_longer_than_the_limit() {
        let pool = Arc::new(Pool::default());
        // So that only asking closes it.
        pool.open().is_swept = true;
        let (sender, _far) = connection().await;
        pool.give_back(sender);
        advance(IDLE_LIMIT.checked_sub(Duration::from_millis(1)).unwrap()).await;
        pool.give_back(match pool.take().unwrap() {
            Sender::Http1(http1) => http1,
            Sender::Http2(_) => unreachable!(),
        });
        advance(IDLE_LIMIT).await;
        assert!(pool.take().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_waited_too_long_is_closed_though_nobody_asks() {
        let pool = Arc::new(Pool::default());
        for _ in 0..2 {
            let (sender, mut far) = connection().await;
            pool.give_back(sender);
            assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
        }
    }
}
