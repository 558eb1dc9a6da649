//! The runtimes of blocking callers between two calls. Nobody turns them then, so their connections would not notice that
//! the server has closed them, nor that they have waited too long: a thread turns them once a second, as long as any
//! connection waits. It never attaches to the interpreter.

use std::convert::Infallible;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tokio::task::yield_now;

use super::client::Slot;
use super::per_process::PerProcess;

const INTERVAL: Duration = Duration::from_secs(1);
/// Longer than any connection waits.
const WATCH_LIMIT: Duration = Duration::from_secs(35);

static SWEEPER: PerProcess<Sweeper> = PerProcess::new();

/// The idle slots of one client.
#[derive(Default)]
pub struct IdleSlots(Mutex<Idle>);

#[derive(Default)]
struct Idle {
    slots: Vec<(Slot, Instant)>,
    is_watched: bool,
}

impl IdleSlots {
    /// The slot that was used last.
    pub fn pop(&self) -> Option<Slot> {
        self.lock().slots.pop().map(|(slot, _)| slot)
    }

    /// Keeps a slot for the next call.
    pub fn push(self: &Arc<Self>, slot: Slot) {
        let mut idle = self.lock();
        idle.slots.push((slot, Instant::now()));
        if !mem::replace(&mut idle.is_watched, true) {
            drop(idle);
            watch(self);
        }
    }

    /// Drops all of them, with their connections.
    pub fn clear(&self) {
        let slots = mem::take(&mut self.lock().slots);
        drop(slots);
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Turns those that have slept for a while; false when nothing is left to look after. A caller that comes now waits
    /// for some microseconds: without its slot it would open another connection.
    fn turn(&self) -> bool {
        let mut idle = self.lock();
        let mut is_any = false;
        for (slot, since) in &idle.slots {
            let slept = since.elapsed();
            if slept >= INTERVAL && slept < WATCH_LIMIT {
                // Takes in what came; has the tasks run that waited for it; has them run that those have woken.
                let _ = slot.block_on(async {
                    yield_now().await;
                    yield_now().await;
                    yield_now().await;
                });
            }
            is_any |= slept < WATCH_LIMIT && slot.http.has_open();
        }
        idle.is_watched = is_any;
        is_any
    }
}

/// The clients that the thread looks after. It ends when there is none left.
#[derive(Default)]
struct Sweeper(Mutex<Watched>);

#[derive(Default)]
struct Watched {
    clients: Vec<Weak<IdleSlots>>,
    is_running: bool,
}

impl Sweeper {
    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        loop {
            thread::sleep(INTERVAL);
            let clients = mem::take(&mut self.lock().clients);
            let left = clients
                .into_iter()
                .filter(|client| client.upgrade().is_some_and(|slots| slots.turn()))
                .collect::<Vec<_>>();
            let mut watched = self.lock();
            watched.clients.extend(left);
            if watched.clients.is_empty() {
                watched.is_running = false;
                return;
            }
        }
    }
}

fn watch(slots: &Arc<IdleSlots>) {
    let made: Result<_, Infallible> = SWEEPER.get_or_make(|| Ok(Sweeper::default()));
    let Ok(sweeper) = made;
    let mut watched = sweeper.lock();
    watched.clients.push(Arc::downgrade(slots));
    if !watched.is_running {
        let started = thread::Builder::new().name("infosecops-idle".to_owned());
        // Without a thread, the connections wait for the next call.
        watched.is_running = started.spawn(|| sweeper.run()).is_ok();
    }
}
