//! An HTTP/2 connection, which many requests share, and the tasks that it runs in.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::client::conn::http2;
use hyper::rt::Executor;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::allowance::Allowance;
use super::line::Ear;
use crate::core::body::Watched;

/// One of many on the same connection.
pub(super) struct Http2 {
    pub(super) sender: http2::SendRequest<Watched>,
    pub(super) ear: Ear,
    pub(super) running: Arc<Running>,
}

impl Http2 {
    /// The first on this connection.
    pub(super) fn new(sender: http2::SendRequest<Watched>, ear: Ear, running: Arc<Running>) -> Self {
        running.holders.fetch_add(1, Ordering::SeqCst);
        Self { sender, ear, running }
    }

    /// Whether nobody uses it but the pool that has it.
    pub(super) fn is_unused(&self) -> bool {
        self.running.holders.load(Ordering::SeqCst) == 1
    }

    /// How long nobody has used it.
    pub(super) fn unused(&self) -> Duration {
        let left = *self.running.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.filter(|_| self.is_unused())
            .map_or(Duration::ZERO, |left| left.elapsed())
    }

    /// Whether its buffers hold a secret that nobody reads any more.
    pub(super) fn keeps_secret(&self) -> bool {
        self.running.holds_secret.load(Ordering::Relaxed) && self.is_unused()
    }
}

impl Clone for Http2 {
    fn clone(&self) -> Self {
        Self::new(self.sender.clone(), self.ear.clone(), self.running.clone())
    }
}

impl Drop for Http2 {
    fn drop(&mut self) {
        *self.running.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let before = self.running.holders.fetch_sub(1, Ordering::SeqCst);
        // The pool alone is left, which others may want it from.
        if before == 2 {
            self.running.allowance.serve();
        }
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
pub(super) struct Running {
    tasks: Tasks,
    is_given_up: AtomicBool,
    holds_secret: AtomicBool,
    holders: AtomicUsize,
    /// When one of them left it last.
    left: Mutex<Option<Instant>>,
    allowance: Arc<Allowance>,
}

impl Running {
    /// Nothing runs yet.
    pub(super) fn new(allowance: Arc<Allowance>) -> Self {
        Self {
            tasks: Tasks::default(),
            is_given_up: AtomicBool::new(false),
            holds_secret: AtomicBool::new(false),
            holders: AtomicUsize::new(0),
            left: Mutex::default(),
            allowance,
        }
    }

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
