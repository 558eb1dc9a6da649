//! How many connections a client may have in one process, and whose turn it is when all are in use. A connection has its
//! permit as long as its socket is open, so a call that finds one waiting asks nobody.
//!
//! Where calls stand in the queue, nobody goes past them: what comes free is given to the first, be it a connection of its
//! own pool or the permit for a new one. As long as any waits unused, in whatever pool, it is given up for that.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::pool::{Pool, Reuse, Sender};

/// The connections that one client may have in this process, over all its runtimes and servers.
pub struct Allowance {
    free: AtomicUsize,
    /// As many as stand in the queue.
    waiting: AtomicUsize,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    last: u64,
    calls: BTreeMap<u64, Waiting>,
    /// In which a connection may wait unused.
    pools: Vec<Weak<Pool>>,
}

/// A call in the queue.
struct Waiting {
    pool: Arc<Pool>,
    reuse: Reuse,
    reply: oneshot::Sender<Grant>,
}

/// What a call gets when it is its turn.
pub(super) enum Grant {
    /// One that waited in its pool.
    Connection(Sender),
    /// It may open one.
    Permit(Permit),
}

/// How long a call stood in the queue, also when it was given up meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub struct Queued {
    since: Option<Instant>,
    until: Option<Instant>,
}

impl Queued {
    /// Whether most of its time up to now went by there, since it came.
    pub fn is_the_reason(&self) -> bool {
        let in_queue = |since: Instant| {
            self.until
                .is_none_or(|until| until.duration_since(since) > until.elapsed())
        };
        self.since.is_some_and(in_queue)
    }
}

/// For one open connection; given back when dropped.
pub(super) struct Permit(Arc<Allowance>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.free.fetch_add(1, Ordering::SeqCst);
        self.0.serve();
    }
}

impl Allowance {
    /// For so many.
    pub fn new(limit: NonZeroU32) -> Arc<Self> {
        Arc::new(Self {
            free: AtomicUsize::new(usize::try_from(limit.get()).unwrap_or(usize::MAX)),
            waiting: AtomicUsize::new(0),
            queue: Mutex::default(),
        })
    }

    /// Whether calls stand in the queue.
    pub(super) fn is_sought(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// Notes where a connection may wait.
    pub(super) fn add(&self, pool: &Arc<Pool>) {
        let mut queue = self.queue();
        queue.pools.retain(|pool| pool.strong_count() > 0);
        queue.pools.push(Arc::downgrade(pool));
    }

    /// Waits for its turn.
    pub(super) async fn turn(self: &Arc<Self>, pool: &Arc<Pool>, reuse: Reuse, queued: &mut Queued) -> Grant {
        if !self.is_sought()
            && let Some(permit) = self.permit()
        {
            return Grant::Permit(permit);
        }
        *queued = Queued {
            since: Some(Instant::now()),
            until: None,
        };
        loop {
            let (place, granted) = self.enqueue(pool.clone(), reuse);
            self.serve();
            let granted = granted.await;
            drop(place);
            // Only a queue that is gone drops the other end.
            if let Ok(grant) = granted {
                queued.until = Some(Instant::now());
                return grant;
            }
        }
    }

    /// Gives what is free to those who are first in the queue. To be called whenever something came free, with no lock
    /// of a pool held.
    pub(super) fn serve(self: &Arc<Self>) {
        while self.is_sought()
            && let Some((first, grant)) = self.next()
        {
            // Of one that has just gone away, the grant comes back, and is dropped: it is free again.
            drop(first.reply.send(grant));
        }
    }

    fn enqueue(self: &Arc<Self>, pool: Arc<Pool>, reuse: Reuse) -> (InQueue, oneshot::Receiver<Grant>) {
        let (reply, granted) = oneshot::channel();
        let mut queue = self.queue();
        queue.last += 1;
        let number = queue.last;
        queue.calls.insert(number, Waiting { pool, reuse, reply });
        self.note(&queue);
        let place = InQueue {
            allowance: self.clone(),
            number,
        };
        (place, granted)
    }

    /// The first in the queue, with what there is for it.
    fn next(self: &Arc<Self>) -> Option<(Waiting, Grant)> {
        // What is dropped here may come back here: not before the lock is given back.
        let mut left = Vec::new();
        let mut open = Vec::new();
        let mut queue = self.queue();
        let Queue { calls, pools, .. } = &mut *queue;
        let entry = calls.first_entry()?;
        let grant = match entry.get().pool.take(entry.get().reuse, &mut left) {
            Some(sender) => Grant::Connection(sender),
            None => Grant::Permit(self.permit().or_else(|| {
                open.extend(pools.iter().filter_map(Weak::upgrade));
                open.iter().find_map(|pool| pool.give_up(&mut left))
            })?),
        };
        let first = entry.remove();
        self.note(&queue);
        Some((first, grant))
    }

    fn permit(self: &Arc<Self>) -> Option<Permit> {
        let less = |free: usize| free.checked_sub(1);
        let taken = self.free.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        taken.is_ok().then(|| Permit(self.clone()))
    }

    fn note(&self, queue: &Queue) {
        self.waiting.store(queue.calls.len(), Ordering::SeqCst);
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's place in the queue, which nobody keeps for a call that was given up.
struct InQueue {
    allowance: Arc<Allowance>,
    number: u64,
}

impl Drop for InQueue {
    fn drop(&mut self) {
        let mut queue = self.allowance.queue();
        let left = queue.calls.remove(&self.number);
        self.allowance.note(&queue);
        drop(queue);
        drop(left);
        // Who stood behind may need less.
        self.allowance.serve();
    }
}
