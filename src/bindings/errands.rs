//! What a running call has to be done by the thread that waits for it: a queue with one receiver. Most calls have nothing,
//! so it costs one small allocation.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::delivery::Job;

/// For the call.
#[derive(Clone)]
pub struct Post(Arc<Mutex<Waiting>>);

/// For the thread that waits.
pub struct Errands(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    waker: Option<Waker>,
    is_over: bool,
}

/// Both ends.
pub fn queue() -> (Post, Errands) {
    let waiting = Arc::<Mutex<Waiting>>::default();
    (Post(waiting.clone()), Errands(waiting))
}

fn open(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Post {
    /// Gives the job back if nobody waits any more.
    pub fn send(&self, job: Job) -> Result<(), Job> {
        let waker = {
            let mut waiting = open(&self.0);
            if waiting.is_over {
                return Err(job);
            }
            waiting.jobs.push_back(job);
            waiting.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }
}

impl Errands {
    /// The next one, if there is one.
    pub fn take(&self) -> Option<Job> {
        open(&self.0).jobs.pop_front()
    }

    /// The next one. Without one, the task is woken when it comes.
    pub fn poll(&self, context: &Context<'_>) -> Poll<Job> {
        let mut waiting = open(&self.0);
        if let Some(job) = waiting.jobs.pop_front() {
            return Poll::Ready(job);
        }
        match &mut waiting.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

impl Drop for Errands {
    fn drop(&mut self) {
        let left = {
            let mut waiting = open(&self.0);
            waiting.is_over = true;
            std::mem::take(&mut waiting.jobs)
        };
        drop(left);
    }
}
