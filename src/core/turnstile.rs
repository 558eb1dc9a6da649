//! Lets the threads whose calls have ended through to the interpreter one after the other. It runs one of them at a time;
//! hundreds that queue for it on their own wake every few milliseconds to ask again.
//!
//! Who is through lets the next one come. A thread that never gets through holds nobody up for longer than a waiting one
//! takes to look by itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::thread::{self, Thread};

/// The one of this process.
#[derive(Default)]
pub struct Turnstile(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    is_taken: bool,
    waiting: VecDeque<Arc<Inner>>,
}

/// Of one thread for one call. Whoever has something for the thread wakes it through this.
#[derive(Clone)]
pub struct Ticket(Arc<Inner>);

/// Gives the ticket back.
pub struct Return(Ticket);

struct Inner {
    turnstile: Arc<Turnstile>,
    thread: Thread,
    place: Mutex<Place>,
}

/// Changed only while the queue is locked.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Away,
    /// In the queue.
    Waiting,
    /// Let in, and not yet through.
    Inside,
    /// The call has ended; nobody wakes its thread any more.
    Over,
}

impl Turnstile {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn admit(&mut self, ticket: &Inner) {
        self.is_taken = true;
        *ticket.place() = Place::Inside;
        ticket.thread.unpark();
    }

    fn admit_next(&mut self) {
        self.is_taken = false;
        while let Some(next) = self.waiting.pop_front() {
            // Others are through already.
            if *next.place() == Place::Waiting {
                return self.admit(&next);
            }
        }
    }
}

impl Ticket {
    /// For this thread.
    pub fn new(turnstile: &Arc<Turnstile>) -> Self {
        Self(Arc::new(Inner {
            turnstile: turnstile.clone(),
            thread: thread::current(),
            place: Mutex::new(Place::Away),
        }))
    }

    /// What wakes the thread when it is its turn.
    pub fn waker(&self) -> Waker {
        Waker::from(self.0.clone())
    }

    /// The thread is through. Whatever it was woken for it has to look for once more.
    pub fn pass(&self) {
        self.0.leave(|_| Place::Away);
    }

    /// The thread was woken for nothing. If somebody woke it just now, it stays in the queue.
    pub fn step_back(&self) {
        self.0.leave(|place| match place {
            Place::Waiting => Place::Waiting,
            _ => Place::Away,
        });
    }

    /// Given back when dropped, at the end of the call.
    pub fn to_return(&self) -> Return {
        Return(self.clone())
    }
}

impl Drop for Return {
    fn drop(&mut self) {
        self.0.0.leave(|_| Place::Over);
    }
}

impl Inner {
    fn leave(&self, to: impl FnOnce(Place) -> Place) {
        let mut queue = self.turnstile.queue();
        let from = {
            let mut place = self.place();
            let to = to(*place);
            std::mem::replace(&mut *place, to)
        };
        if from == Place::Inside {
            queue.admit_next();
        }
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        let mut queue = self.turnstile.queue();
        let place = *self.place();
        match place {
            Place::Away if queue.is_taken => {
                *self.place() = Place::Waiting;
                queue.waiting.push_back(self.clone());
            }
            Place::Away => queue.admit(&self),
            Place::Waiting | Place::Over => {}
            Place::Inside => self.thread.unpark(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(tickets: [&Ticket; 3]) -> [Place; 3] {
        tickets.map(|ticket| *ticket.0.place())
    }

    fn wake(ticket: &Ticket) {
        ticket.waker().wake();
    }

    #[test]
    fn one_is_let_in_at_a_time_and_nobody_is_forgotten() {
        let turnstile = Arc::<Turnstile>::default();
        let [first, second, third] = &[(); 3].map(|()| Ticket::new(&turnstile));
        let all = [first, second, third];
        for ticket in all {
            wake(ticket);
            wake(ticket);
        }
        assert!(places(all) == [Place::Inside, Place::Waiting, Place::Waiting]);
        // It looked by itself.
        second.pass();
        first.pass();
        assert!(places(all) == [Place::Away, Place::Away, Place::Inside]);
        wake(second);
        third.step_back();
        third.step_back();
        assert!(places(all) == [Place::Away, Place::Inside, Place::Away]);
        second.pass();
        wake(first);
        assert!(places(all) == [Place::Inside, Place::Away, Place::Away]);
    }

    #[test]
    fn who_is_woken_while_stepping_back_has_its_turn() {
        let turnstile = Arc::<Turnstile>::default();
        let [first, second, third] = &[(); 3].map(|()| Ticket::new(&turnstile));
        wake(first);
        wake(second);
        second.step_back();
        first.pass();
        assert!(places([first, second, third]) == [Place::Away, Place::Inside, Place::Away]);
    }

    #[test]
    fn a_call_that_has_ended_holds_nobody_up() {
        let turnstile = Arc::<Turnstile>::default();
        let [first, second, third] = &[(); 3].map(|()| Ticket::new(&turnstile));
        wake(first);
        wake(second);
        wake(third);
        drop(second.to_return());
        drop(first.to_return());
        wake(first);
        wake(second);
        assert!(places([first, second, third]) == [Place::Over, Place::Over, Place::Inside]);
    }
}
