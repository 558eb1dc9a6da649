//! The short way to one event loop: a queue that the loop itself empties, and the calls that its own thread drives, woken
//! through the descriptor of its reactor. The runtime's thread attaches to the interpreter for none of it.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures_util::future::BoxFuture;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyWeakrefMethods, PyWeakrefReference};
use tokio::runtime::Handle;

use super::delivery::{Addressed, run_all};
use super::python_code::PythonCode;
use crate::core::generation::Generation;
use crate::core::http_client::Reactor;

/// Calls beyond this many at once go to the background runtime: on a machine with several cores it does their work beside
/// the loop's.
const DRIVEN_MAX: usize = 4;
/// What a child waits where its parent's descriptor calls it.
const PAUSE_OF_CHILD: Duration = Duration::from_millis(10);

/// What one loop has to do.
pub struct Mailbox {
    /// None once the loop looks no more.
    open: Mutex<Option<Open>>,
    reactor: Arc<Reactor>,
    /// For what the calls need beside their connections: time, new connections, files.
    runtime: Handle,
    process: Generation,
}

#[derive(Default)]
struct Open {
    jobs: Vec<Addressed>,
    calls: Vec<Driven>,
    due: Vec<u64>,
    last: u64,
    /// Somebody will look.
    is_rung: bool,
}

/// A call that this loop's thread drives.
struct Driven {
    number: u64,
    /// None while it is being driven.
    call: Option<BoxFuture<'static, ()>>,
    alarm: Arc<Alarm>,
}

impl Open {
    fn remove(&mut self, number: u64) -> Option<Driven> {
        self.due.retain(|due| *due != number);
        let at = self.calls.iter().position(|driven| driven.number == number)?;
        Some(self.calls.swap_remove(at))
    }
}

impl Mailbox {
    /// Has the loop run a job. Gives it back where the loop looks no more.
    pub fn push(&self, job: Addressed) -> Result<(), Addressed> {
        let mut open = self.lock();
        let Some(open) = &mut *open else { return Err(job) };
        open.jobs.push(job);
        self.have_looked(open);
        Ok(())
    }

    /// Whether the loop's thread should drive one call more.
    pub fn has_room(&self) -> bool {
        self.lock().as_ref().is_some_and(|open| open.calls.len() < DRIVEN_MAX)
    }

    /// Drives a call on this thread, which is the loop's: now until it has to wait, and on whenever it is woken.
    pub fn drive(self: &Arc<Self>, call: BoxFuture<'static, ()>) -> Option<Leash> {
        let number = {
            let mut open = self.lock();
            let open = open.as_mut()?;
            open.last += 1;
            let number = open.last;
            let alarm = Arc::new(Alarm {
                mailbox: Arc::downgrade(self),
                number,
            });
            let call = Some(call);
            open.calls.push(Driven { number, call, alarm });
            number
        };
        self.turn(number);
        let mailbox = Arc::downgrade(self);
        Some(Leash { mailbox, number })
    }

    /// For the connections of such a call.
    pub fn reactor(&self) -> &Arc<Reactor> {
        &self.reactor
    }

    fn turn(&self, number: u64) {
        let taken = self.with(number, |driven| Some((driven.call.take()?, driven.alarm.clone())));
        let Some((call, alarm)) = taken.flatten() else { return };
        let mut call = Some(call);
        let waker = Waker::from(alarm);
        let is_over = {
            let _runtime = self.runtime.enter();
            let mut context = Context::from_waker(&waker);
            call.as_mut()
                .is_none_or(|call| call.as_mut().poll(&mut context).is_ready())
        };
        if is_over {
            let ended = self.lock().as_mut().and_then(|open| open.remove(number));
            drop(ended);
        } else {
            self.with(number, |driven| driven.call = call.take());
        }
        // What is left of it was given up meanwhile. Dropped here, where nothing is locked: it posts what it holds.
        drop(call);
    }

    fn with<T>(&self, number: u64, work: impl FnOnce(&mut Driven) -> T) -> Option<T> {
        let mut open = self.lock();
        let calls = &mut open.as_mut()?.calls;
        calls.iter_mut().find(|driven| driven.number == number).map(work)
    }

    fn have_looked(&self, open: &mut Open) {
        if !mem::replace(&mut open.is_rung, true) {
            // It fails only where the bell rings already.
            drop(self.reactor.ring());
        }
    }

    fn is_of_this_process(&self) -> bool {
        self.process.is_current()
    }

    /// Whether the loop still looks.
    pub fn is_open(&self) -> bool {
        self.lock().is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the running loop look. None where it can't, as the Proactor loop of Windows.
    fn open(event_loop: &Bound<'_, PyAny>, runtime: Handle) -> PyResult<Arc<Self>> {
        let py = event_loop.py();
        let reactor = Arc::new(Reactor::new()?);
        let descriptor = reactor.descriptor();
        let this = Arc::new(Self {
            open: Mutex::new(Some(Open::default())),
            reactor,
            runtime,
            process: Generation::current(),
        });
        let reader = Reader { mailbox: this.clone() };
        let look = PyCFunction::new_closure(py, None, None, move |arguments, _| reader.look(arguments.py()))?;
        // In a context of its own, or the loop would keep the variables of whoever made the first call.
        let context = py.import("contextvars")?.getattr("Context")?.run((), None)?;
        context.run_method("run", (event_loop.getattr("add_reader")?, descriptor, look))?;
        let forks = py.import("infosecops._forks")?;
        forks.run_method("part_after_fork", (event_loop, descriptor))?;
        Ok(this)
    }
}

/// What the loop calls when there is something to look at. It belongs to the loop, and goes with it.
struct Reader {
    mailbox: Arc<Mailbox>,
}

impl Reader {
    fn look(&self, py: Python<'_>) -> PyResult<()> {
        let mailbox = &self.mailbox;
        if !mailbox.is_of_this_process() {
            look_in_a_child(py);
            return Ok(());
        }
        // Nobody needs to ring before the end.
        if let Some(open) = &mut *mailbox.lock() {
            open.is_rung = true;
        }
        let looked = mailbox.reactor.look();
        let due = mailbox.lock().as_mut().map(|open| mem::take(&mut open.due));
        for number in due.unwrap_or_default() {
            mailbox.turn(number);
        }
        let jobs = mailbox.lock().as_mut().map(|open| {
            open.is_rung = false;
            if !open.due.is_empty() {
                mailbox.have_looked(open);
            }
            mem::take(&mut open.jobs)
        });
        run_all(py, jobs.unwrap_or_default()).and(looked.map_err(PyErr::from))
    }
}

/// A forked child that goes on with its parent's loop must not read its parent's answers. Loops of asyncio part from the
/// parent's descriptor at the fork (`_forks.py`); of any other it is not known whether they share their list with the
/// parent's, which must not forget it. There it calls again and again, as long as there is something to read.
fn look_in_a_child(py: Python<'_>) {
    py.detach(|| thread::sleep(PAUSE_OF_CHILD));
}

impl Drop for Reader {
    fn drop(&mut self) {
        if !self.mailbox.is_of_this_process() {
            // What it is made of belongs to threads that are not there, and to the parent.
            return mem::forget(self.mailbox.clone());
        }
        // What jobs and calls hold of Python is given back here, attached.
        let left = self.mailbox.lock().take();
        drop(left);
    }
}

/// Wakes the loop for a call.
struct Alarm {
    mailbox: Weak<Mailbox>,
    number: u64,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Some(mailbox) = self.mailbox.upgrade() else { return };
        if let Some(open) = &mut *mailbox.lock()
            && !open.due.contains(&self.number)
        {
            open.due.push(self.number);
            mailbox.have_looked(open);
        }
    }
}

/// To give a call up.
pub struct Leash {
    mailbox: Weak<Mailbox>,
    number: u64,
}

impl Leash {
    /// Drops the call; one that has ended is left alone.
    pub fn abort(&self) {
        let mailbox = self.mailbox.upgrade().filter(|mailbox| mailbox.is_of_this_process());
        let given_up = mailbox.and_then(|mailbox| mailbox.lock().as_mut()?.remove(self.number));
        drop(given_up);
    }
}

/// The mailboxes of one process. Loops are not kept alive by it.
#[derive(Default)]
pub struct Mailboxes(Mutex<Vec<(Py<PyWeakrefReference>, Weak<Mailbox>)>>);

impl Mailboxes {
    /// The one of the loop that runs on this thread, opened if need be. None where the loop can't look.
    pub fn of(&self, event_loop: &Bound<'_, PyAny>, runtime: &Handle) -> Option<Arc<Mailbox>> {
        let py = event_loop.py();
        let known = self.lock().iter().find_map(|(of_loop, mailbox)| {
            let mailbox = mailbox.upgrade().filter(|mailbox| mailbox.is_open())?;
            let same = of_loop.bind(py).upgrade()?.is(event_loop);
            same.then_some(mailbox)
        });
        if known.is_some() {
            return known;
        }
        let reference = PyWeakrefReference::new(event_loop).ok()?.unbind();
        let opened = Mailbox::open(event_loop, runtime.clone()).ok()?;
        let mut all = self.lock();
        let gone = all
            .extract_if(.., |(_, mailbox)| mailbox.strong_count() == 0)
            .collect::<Vec<_>>();
        all.push((reference, Arc::downgrade(&opened)));
        drop(all);
        drop(gone);
        Some(opened)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Py<PyWeakrefReference>, Weak<Mailbox>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
