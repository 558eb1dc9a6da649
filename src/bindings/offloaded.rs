//! A call whose work on a large answer is done by a worker thread, while the thread that polls it goes on. A result that is
//! late by then is not waited for.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, TryLockError};
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use pyo3::prelude::*;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Sleep, sleep_until};

use super::guarded::{Ended, Guarded};
use crate::core::error::Error;
use crate::core::offload::{self, Asked};

/// The call, and what it holds of Python, which is given back attached.
pub struct Offloaded<K: Send + 'static> {
    bytes_max: usize,
    state: State<K>,
}

enum State<K: Send + 'static> {
    Here(Carried<K>),
    Away(JoinHandle<(Carried<K>, Poll<Guarded>)>, Option<Late>),
    Over,
}

struct Late {
    timer: Pin<Box<Sleep>>,
    error: Box<dyn FnOnce() -> Error + Send>,
}

impl<K: Send + 'static> Offloaded<K> {
    /// Work on more bytes than these is for a worker. `kept` is whatever the call holds of Python.
    pub fn new(bytes_max: usize, call: BoxFuture<'static, Guarded>, kept: K) -> Self {
        let carried = Carried {
            call: Some(call),
            kept: Some(kept),
            is_away: false,
        };
        Self {
            bytes_max,
            state: State::Here(carried),
        }
    }
}

impl<K: Send + 'static> Unpin for Offloaded<K> {}

impl<K: Send + 'static> Future for Offloaded<K> {
    type Output = Guarded;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Guarded> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Here(carried) => match offload::polled(this.bytes_max, || carried.poll(context)) {
                    Ok(done) => return Poll::Ready(done),
                    Err(None) => return Poll::Pending,
                    Err(Some(asked)) => {
                        if let State::Here(carried) = std::mem::replace(&mut this.state, State::Over) {
                            this.state = carried.sent_away(context, asked);
                        }
                    }
                },
                State::Away(worker, late) => {
                    let Poll::Ready(returned) = Pin::new(worker).poll(context) else {
                        let Some(late) = late else { return Poll::Pending };
                        ready!(late.timer.as_mut().poll(context));
                        let State::Away(_, Some(late)) = std::mem::replace(&mut this.state, State::Over) else {
                            return Poll::Pending;
                        };
                        return Poll::Ready(Err(Ended::Failed((late.error)())));
                    };
                    // The runtime is going down where there is none.
                    let Ok((mut carried, polled)) = returned else {
                        this.state = State::Over;
                        return Poll::Ready(Err(Ended::Panicked));
                    };
                    carried.is_away = false;
                    this.state = State::Here(carried);
                    if polled.is_ready() {
                        return polled;
                    }
                    // What it waits for may have come while the worker was about to return it.
                }
                State::Over => return Poll::Ready(Err(Ended::Panicked)),
            }
        }
    }
}

/// Dropped by a worker, as it is if nobody waits for it any more, it leaves what it keeps to the next call.
struct Carried<K: Send + 'static> {
    call: Option<BoxFuture<'static, Guarded>>,
    kept: Option<K>,
    is_away: bool,
}

impl<K: Send + 'static> Carried<K> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Guarded> {
        self.call
            .as_mut()
            .map_or(Poll::Ready(Err(Ended::Panicked)), |call| call.as_mut().poll(context))
    }

    fn sent_away(mut self, context: &Context<'_>, asked: Asked) -> State<K> {
        let waker = context.waker().clone();
        self.is_away = true;
        let work = move || {
            let mut carried = self;
            let mut context = Context::from_waker(&waker);
            let polled = offload::polled_by_worker(|| carried.poll(&mut context));
            (carried, polled)
        };
        let late = asked.late.map(|(deadline, error)| Late {
            timer: Box::pin(sleep_until(deadline)),
            error,
        });
        State::Away(spawn_blocking(work), late)
    }
}

impl<K: Send + 'static> Drop for Carried<K> {
    fn drop(&mut self) {
        self.call = None;
        if let Some(kept) = self.kept.take().filter(|_| self.is_away) {
            leave(Box::new(kept));
        }
    }
}

/// What calls that were given up held of Python. A thread that is not attached would take a lock of the whole process to
/// give it back, which a fork at that moment leaves locked in the child.
static LEFT: Mutex<Vec<Box<dyn Send>>> = Mutex::new(Vec::new());
static IS_LEFT: AtomicBool = AtomicBool::new(false);

fn leave(kept: Box<dyn Send>) {
    match LEFT.try_lock() {
        Ok(mut left) => left.push(kept),
        Err(TryLockError::Poisoned(left)) => left.into_inner().push(kept),
        // Held by a thread that this process does not have, or just now by another one: a few bytes are lost.
        Err(TryLockError::WouldBlock) => return std::mem::forget(kept),
    }
    IS_LEFT.store(true, Ordering::Release);
}

/// Gives back what calls that were given up have left.
pub fn give_back(_: Python<'_>) {
    if IS_LEFT.load(Ordering::Relaxed)
        && let Ok(mut left) = LEFT.try_lock()
    {
        IS_LEFT.store(false, Ordering::Relaxed);
        let taken = std::mem::take(&mut *left);
        drop(left);
        drop(taken);
    }
}
