//! Work on a large answer, away from a thread that other calls, an event loop or a signal wait for. Whoever polls a call
//! there says so ([`polled`]), and has its next poll made by a worker thread if the call asks for it.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use tokio::task::yield_now;
use tokio::time::Instant;

use super::error::Error;

/// The most that comes from a connection at once, which is two milliseconds' work on most lists. A head may be as long.
pub const PIECE_BYTES_MAX: usize = 256 * 1024;
/// A thread that many calls share stands still no longer than the work on so many bytes takes: a few milliseconds.
pub const SHARED_BYTES_MAX: usize = 64 * 1024;
/// On a thread of the call's own, nothing but Ctrl-C and the deadline waits.
pub const OWN_BYTES_MAX: usize = 1024 * 1024;

/// Where the call that is polled on this thread stands.
enum Place {
    /// Nobody could go on with it elsewhere.
    Fixed,
    /// More work than on so many bytes is for a worker; holds what was asked for.
    Watched(usize, Option<Asked>),
    Worker,
}

thread_local! {
    static PLACE: RefCell<Place> = const { RefCell::new(Place::Fixed) };
}

/// What a call wants of its next poll: a worker, and until when its result counts.
#[derive(Default)]
pub struct Asked {
    /// The deadline, with the error that is the result from then on; None if there is no giving up.
    pub late: Option<(Instant, Box<dyn FnOnce() -> Error + Send>)>,
}

/// Polls a call on a thread where work on more than `bytes_max` bytes must not be done.
pub fn polled<T>(bytes_max: usize, poll: impl FnOnce() -> Poll<T>) -> Result<T, Option<Asked>> {
    let (polled, place) = within(Place::Watched(bytes_max, None), poll);
    match (polled, place) {
        (Poll::Ready(done), _) => Ok(done),
        (Poll::Pending, Place::Watched(_, asked)) => Err(asked),
        (Poll::Pending, _) => Err(None),
    }
}

/// Polls a call on a worker thread.
pub fn polled_by_worker<T>(poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
    within(Place::Worker, poll).0
}

fn within<T>(place: Place, poll: impl FnOnce() -> Poll<T>) -> (Poll<T>, Place) {
    let before = PLACE.replace(place);
    let polled = poll();
    (polled, PLACE.replace(before))
}

/// Goes on where work on so many bytes holds nobody up.
pub async fn to_worker(bytes: usize, asked: impl FnOnce() -> Asked) {
    let mut asked = Some(asked);
    poll_fn(|context| {
        PLACE.with_borrow_mut(|place| match (place, asked.take()) {
            (Place::Watched(bytes_max, wanted), Some(ask)) if bytes > *bytes_max => {
                *wanted = Some(ask());
                // A call may be many at once, which are polled when they were woken.
                context.waker().wake_by_ref();
                Poll::Pending
            }
            _ => Poll::Ready(()),
        })
    })
    .await;
}

/// Goes on where the call was before: a worker waits for nothing.
pub async fn from_worker() {
    let mut is_asked = false;
    poll_fn(|context| {
        let is_worker = PLACE.with_borrow(|place| matches!(place, Place::Worker));
        if !is_worker || std::mem::replace(&mut is_asked, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Goes on after the runtime has looked for what came and what is due. hyper wakes a call that has read from its
/// connection, which would go on at once, before others that wait for the network.
pub async fn turn() {
    let mut turned: Option<Arc<Turned>> = None;
    let mut yielded = pin!(yield_now());
    poll_fn(|context| match &turned {
        // Dropped unwoken, where a blocking call has left its runtime to look for signals.
        Some(turned) if turned.is_woken.load(Ordering::Acquire) || Arc::strong_count(turned) == 1 => Poll::Ready(()),
        Some(_) => Poll::Pending,
        None => {
            let waker = context.waker().clone();
            let made = turned.insert(Arc::new(Turned {
                is_woken: AtomicBool::new(false),
                waker,
            }));
            let waker = Waker::from(made.clone());
            yielded.as_mut().poll(&mut Context::from_waker(&waker))
        }
    })
    .await;
}

struct Turned {
    is_woken: AtomicBool,
    waker: Waker,
}

impl Wake for Turned {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        self.waker.wake_by_ref();
    }
}
