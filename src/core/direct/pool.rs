//! The connections to one server that wait for a request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use hyper::client::conn::{http1, http2};
use tokio::time::{Instant, sleep};

use crate::core::body::Watched;

/// How long a connection waits.
const IDLE_LIMIT: Duration = Duration::from_secs(30);

pub(super) type Http1 = http1::SendRequest<Watched>;
pub(super) type Http2 = http2::SendRequest<Watched>;

/// What takes a request.
pub(super) enum Sender {
    /// For one request at a time.
    Http1(Http1),
    /// One of many on the same connection.
    Http2(Http2),
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
        if let Some((sender, used)) = &mut open.shared {
            if sender.is_ready() && used.elapsed() < IDLE_LIMIT {
                *used = Instant::now();
                return Some(Sender::Http2(sender.clone()));
            }
            open.shared = None;
        }
        while let Some((sender, since)) = open.idle.pop() {
            if sender.is_ready() && since.elapsed() < IDLE_LIMIT {
                return Some(Sender::Http1(sender));
            }
        }
        None
    }

    /// Has others use this connection, and gives the one to use.
    pub(super) fn share(self: &Arc<Self>, sender: Http2) -> Http2 {
        let mut open = self.open();
        if let Some((first, _)) = open.shared.as_ref().filter(|(first, _)| first.is_ready()) {
            return first.clone();
        }
        open.shared = Some((sender.clone(), Instant::now()));
        self.have_swept(&mut open);
        sender
    }

    /// Keeps a connection whose answer was read to its end.
    pub(super) fn give_back(self: &Arc<Self>, sender: Http1) {
        if sender.is_ready() {
            return self.keep(sender);
        }
        // Its task has not noticed the end yet, or still sends what the server did not wait for.
        let (mut sender, pool) = (sender, Arc::downgrade(self));
        tokio::spawn(async move {
            if sender.ready().await.is_ok()
                && let Some(pool) = pool.upgrade()
            {
                pool.keep(sender);
            }
        });
    }

    fn keep(self: &Arc<Self>, sender: Http1) {
        let mut open = self.open();
        open.idle.push((sender, Instant::now()));
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
            .retain(|(sender, since)| sender.is_ready() && since.elapsed() < IDLE_LIMIT);
        open.shared
            .take_if(|(sender, used)| !sender.is_ready() || used.elapsed() >= IDLE_LIMIT);
        if open.idle.is_empty() && open.shared.is_none() {
            open.is_swept = false;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, DuplexStream, duplex};
    use tokio::task::yield_now;
    use tokio::time::advance;

    use super::*;

    /// A connection, and the server's end of it.
    async fn connection() -> (Http1, DuplexStream) {
        let (near, far) = duplex(64);
        let (mut sender, connection) = http1::handshake(TokioIo::new(near)).await.unwrap();
        tokio::spawn(connection);
        sender.ready().await.unwrap();
        (sender, far)
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
    async fn a_connection_that_the_server_closed_is_not_taken() {
        let pool = Arc::new(Pool::default());
        let (sender, far) = connection().await;
        pool.give_back(sender);
        drop(far);
        yield_now().await;
        assert!(pool.take().is_none());
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
            Sender::Http1(sender) => sender,
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
