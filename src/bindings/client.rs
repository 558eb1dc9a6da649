//! A client as the bindings hold it: its settings, and per process its state, its runtimes and its connections.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use pyo3::prelude::*;
use tokio::runtime::Runtime;

use super::engine::{self, Engine};
use super::idle::IdleSlots;
use super::mailbox::Mailbox;
use super::per_process::PerProcess;
use crate::core::cause;
use crate::core::config::Settings;
use crate::core::error::{Context, Error, Kind, Outcome};
use crate::core::http_client::{Allowance, Http, build_http};
use crate::core::roots::Roots;
use crate::core::turnstile::Ticket;

/// Callers beyond this many at once share the background runtime: it does the work of many threads with fewer switches
/// between them, and a slot costs descriptors and some 100 kB.
const SLOTS_MAX: usize = 4;

/// A runtime of one caller with the connections that live on it.
pub struct Slot {
    runtime: Option<Runtime>,
    pub http: Http,
}

impl Slot {
    /// Runs a future on this thread.
    pub fn block_on<F: Future>(&self, future: F) -> Option<F::Output> {
        self.runtime.as_ref().map(|runtime| runtime.block_on(future))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // Waiting for its threads is forbidden inside another runtime, and pointless anywhere.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Where a call runs.
pub enum Place {
    /// On the calling thread, alone.
    Own(Slot),
    /// On the calling thread, its I/O on the background thread.
    Shared(Http, &'static Engine, Ticket),
}

impl Place {
    /// For the way back to the interpreter.
    pub fn ticket(&self) -> Option<&Ticket> {
        match self {
            Self::Own(_) => None,
            Self::Shared(.., ticket) => Some(ticket),
        }
    }
}

/// A client's state in one process.
pub struct Live<S> {
    pub system: S,
    settings: Arc<Settings>,
    idle: Arc<IdleSlots>,
    taken: AtomicUsize,
    shared: Mutex<Option<Http>>,
    roots: OnceLock<Roots>,
    allowance: Arc<Allowance>,
    engine: OnceLock<&'static Engine>,
    home: Mutex<Home>,
}

/// Which event loops use a client.
#[derive(Default)]
enum Home {
    #[default]
    None,
    One(Weak<Mailbox>),
    Several,
}

/// A client of any product.
pub struct Client<S> {
    pub settings: Arc<Settings>,
    make: Box<dyn Fn() -> S + Send + Sync>,
    live: PerProcess<Arc<Live<S>>>,
}

impl<S: Send + Sync + 'static> Client<S> {
    pub fn new(settings: Arc<Settings>, make: impl Fn() -> S + Send + Sync + 'static) -> Self {
        Self {
            settings,
            make: Box::new(make),
            live: PerProcess::new(),
        }
    }

    /// The state in this process.
    pub fn live(&self) -> Arc<Live<S>> {
        let made: Result<_, std::convert::Infallible> = self.live.get_or_make(|| {
            Ok(Arc::new(Live {
                system: (self.make)(),
                settings: self.settings.clone(),
                idle: Arc::default(),
                taken: AtomicUsize::new(0),
                shared: Mutex::new(None),
                roots: OnceLock::new(),
                allowance: Allowance::new(self.settings.max_connections),
                engine: OnceLock::new(),
                home: Mutex::default(),
            }))
        });
        match made {
            Ok(live) => live.clone(),
            Err(never) => match never {},
        }
    }

    /// The state in this process, if there is any yet.
    pub fn existing(&self) -> Option<&Arc<Live<S>>> {
        self.live.get()
    }

    /// In a forked child, its copy of the parent's state.
    pub fn left_behind(&self) -> Option<&Arc<Live<S>>> {
        self.live.left_behind()
    }

    /// Closes the idle connections of this process.
    pub fn close(&self) {
        if let Some(live) = self.live.get() {
            live.idle.clear();
            drop(live.shared.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}

impl<S> Live<S> {
    /// A place to run one call on this thread. Whatever may read the environment is done attached: see [`Roots`].
    pub fn enter(&self, py: Python<'_>) -> Result<Place, Error>
    where
        S: Send + Sync,
    {
        if let Some(slot) = self.idle.pop() {
            self.taken.fetch_add(1, Ordering::Relaxed);
            return Ok(Place::Own(slot));
        }
        if self.taken.load(Ordering::Relaxed) >= SLOTS_MAX {
            let (http, engine) = self.background(py)?;
            return Ok(Place::Shared(http, engine, Ticket::new(&engine.turnstile)));
        }
        let roots = self.roots()?;
        let runtime = Some(engine::new_runtime().map_err(|error| no_runtime(&error))?);
        let http = py.detach(|| self.build(roots))?;
        self.taken.fetch_add(1, Ordering::Relaxed);
        Ok(Place::Own(Slot { runtime, http }))
    }

    /// The background runtime and this client's connections on it.
    pub fn background(&self, py: Python<'_>) -> Result<(Http, &'static Engine), Error>
    where
        S: Send + Sync,
    {
        let roots = self.roots()?;
        let engine = self.engine().map_err(|error| no_runtime(&error))?;
        if let Some(http) = self.shared.try_lock().ok().and_then(|shared| shared.clone()) {
            return Ok((http, engine));
        }
        Ok((py.detach(|| self.shared_http(roots))?, engine))
    }

    /// Whether no other event loop uses this client. What one has begun, such as a login, others wait for: it must not
    /// depend on a loop that may stand still.
    pub fn is_home(&self, mailbox: &Arc<Mailbox>) -> bool {
        let mut home = self.home.lock().unwrap_or_else(PoisonError::into_inner);
        let other = match &*home {
            Home::Several => return false,
            Home::None => None,
            Home::One(one) => one.upgrade().filter(|one| one.is_open()),
        };
        let is_home = other.is_none_or(|other| Arc::ptr_eq(&other, mailbox));
        *home = match is_home {
            true => Home::One(Arc::downgrade(mailbox)),
            false => Home::Several,
        };
        is_home
    }

    /// Of the process of this state.
    fn engine(&self) -> std::io::Result<&'static Engine> {
        if let Some(engine) = self.engine.get() {
            return Ok(engine);
        }
        let engine = engine::of_this_process()?;
        Ok(self.engine.get_or_init(|| engine))
    }

    fn roots(&self) -> Result<&Roots, Error> {
        if let Some(roots) = self.roots.get() {
            return Ok(roots);
        }
        let loaded = Roots::load(&self.settings)?;
        Ok(self.roots.get_or_init(|| loaded))
    }

    /// Gives a slot back for the next call.
    pub fn leave(&self, slot: Slot) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
        self.idle.push(slot);
    }

    /// Closes a slot that must not be used again.
    pub fn lose(&self, slot: Slot) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
        drop(slot);
    }

    fn shared_http(&self, roots: &Roots) -> Result<Http, Error> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(http) = &*shared {
            return Ok(http.clone());
        }
        let made = self.build(roots)?;
        *shared = Some(made.clone());
        Ok(made)
    }

    fn build(&self, roots: &Roots) -> Result<Http, Error> {
        // The HTTP library panics where its threads or its resolver can't be had.
        std::panic::catch_unwind(AssertUnwindSafe(|| build_http(&self.settings, roots, &self.allowance)))
            .unwrap_or_else(|_| Err(Error::config("the HTTP client could not be set up")))
    }
}

fn no_runtime(error: &std::io::Error) -> Error {
    let hint = if cause::is_out_of_descriptors(error) {
        cause::DESCRIPTORS_HINT
    } else {
        "the process may be out of threads or memory; make one client and reuse it"
    };
    let message = format!("no runtime could be started: {error}");
    Error::new(Kind::Transport, message, Context::default())
        .with_outcome(Outcome::NotSent)
        .with_hint(hint)
}
