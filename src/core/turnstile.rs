//! Lets the threads whose calls have ended through to the interpreter one after the other. It runs one of them at a time;
//! hundreds that queue for it on their own wake every few milliseconds to ask again.
//!
//! Who is through lets the next one come. A thread that never gets through holds nobody up for longer than a waiting one
//! takes to look by itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::thread::{self, Thread};

/// The one of this process.
#[derive(Default)]
pub struct Turnstile(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    is_taken: bool,
    waiting: VecDeque<Arc<Ticket>>,
}

/// Of one thread for one call. Whoever has something for the thread wakes it through this.
pub struct Ticket {
    turnstile: Arc<Turnstile>,
    thread: Thread,
    place: Mutex<Place>,
}

/// Changed only while the queue is locked.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Away,
    Waiting,
    Inside,
}

impl Turnstile {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn admit(&mut self, ticket: &Ticket) {
        self.is_taken = true;
        *ticket.place() = Place::Inside;
        ticket.thread.unpark();
    }

    fn admit_next(&mut self) {
        self.is_taken = false;
        while let Some(next) = self.waiting.pop_front() {
            // Others looked by themselves.
            if *next.place() == Place::Waiting {
                return self.admit(&next);
            }
        }
    }
}

impl Ticket {
    /// For this thread.
    pub fn new(turnstile: &Arc<Turnstile>) -> Arc<Self> {
        Arc::new(Self {
            turnstile: turnstile.clone(),
            thread: thread::current(),
            place: Mutex::new(Place::Away),
        })
    }

    /// The thread is through, or has nothing to go through for.
    pub fn leave(&self) {
        let mut queue = self.turnstile.queue();
        let place = std::mem::replace(&mut *self.place(), Place::Away);
        if place == Place::Inside {
            queue.admit_next();
        }
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Ticket {
    fn wake(self: Arc<Self>) {
        let mut queue = self.turnstile.queue();
        let place = *self.place();
        match place {
            Place::Away if queue.is_taken => {
                *self.place() = Place::Waiting;
                queue.waiting.push_back(self.clone());
            }
            Place::Away => queue.admit(&self),
            Place::Waiting => {}
            Place::Inside => self.thread.unpark(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(tickets: &[&Arc<Ticket>]) -> Vec<Place> {
        tickets.iter().map(|ticket| *ticket.place()).collect()
    }

    #[test]
    fn one_is_let_in_at_a_time_and_nobody_is_forgotten() {
        let turnstile = Arc::<Turnstile>::default();
        let [first, second, third] = [(); 3].map(|()| Ticket::new(&turnstile));
        let all = [&first, &second, &third];
        for ticket in all {
            ticket.clone().wake();
            ticket.clone().wake();
        }
        assert!(places(&all) == [Place::Inside, Place::Waiting, Place::Waiting]);
        // Looked by itself.
        second.leave();
        first.leave();
        assert!(places(&all) == [Place::Away, Place::Away, Place::Inside]);
        second.clone().wake();
        third.leave();
        third.leave();
        assert!(places(&all) == [Place::Away, Place::Inside, Place::Away]);
        second.leave();
        first.clone().wake();
        assert!(places(&all) == [Place::Inside, Place::Away, Place::Away]);
    }
}
