//! The short way of results to one event loop: a queue that the loop itself empties, woken through a pipe.
//! The runtime's thread attaches to the interpreter for none of it.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyWeakrefMethods, PyWeakrefReference};
use socket2::SockRef;

use super::delivery::{Addressed, run_all};

/// The queue of one loop.
pub struct Mailbox {
    /// None once the loop looks no more.
    jobs: Mutex<Option<Vec<Addressed>>>,
    bell: PipeWriter,
    /// As long as the bell: who writes where nobody can read is sent a signal that ends the process.
    ear: PipeReader,
}

impl Mailbox {
    /// Has the loop run a job. Gives it back where the loop looks no more.
    pub fn push(&self, job: Addressed) -> Result<(), Addressed> {
        let is_first = {
            let mut jobs = self.jobs();
            let Some(jobs) = &mut *jobs else { return Err(job) };
            jobs.push(job);
            jobs.len() == 1
        };
        if is_first {
            // Full, the loop is awake already.
            drop((&self.bell).write(&[1]));
        }
        Ok(())
    }

    fn is_open(&self) -> bool {
        self.jobs().is_some()
    }

    fn jobs(&self) -> MutexGuard<'_, Option<Vec<Addressed>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the running loop look. None where it can't, as the Proactor loop of Windows.
    fn open(event_loop: &Bound<'_, PyAny>) -> PyResult<Arc<Self>> {
        let py = event_loop.py();
        let (ear, bell) = pipe()?;
        let descriptor = ear.as_raw_fd();
        let this = Arc::new(Self {
            jobs: Mutex::new(Some(Vec::new())),
            bell,
            ear,
        });
        let reader = Reader(this.clone());
        let look = PyCFunction::new_closure(py, None, None, move |arguments, _| reader.look(arguments.py()))?;
        // In a context of its own, or the loop would keep the variables of whoever made the first call.
        let context = py.import("contextvars")?.getattr("Context")?.call0()?;
        context.call_method1("run", (event_loop.getattr("add_reader")?, descriptor, look))?;
        Ok(this)
    }
}

/// Cheaper than a pair of sockets. Neither end ever waits.
fn pipe() -> io::Result<(PipeReader, PipeWriter)> {
    let (ear, bell) = io::pipe()?;
    SockRef::from(&ear).set_nonblocking(true)?;
    SockRef::from(&bell).set_nonblocking(true)?;
    Ok((ear, bell))
}

/// What the loop calls when the bell rings. It belongs to the loop, and goes with it.
struct Reader(Arc<Mailbox>);

impl Reader {
    fn look(&self, py: Python<'_>) -> PyResult<()> {
        // One ring stands for all jobs that came before the look.
        drop((&self.0.ear).read(&mut [0; 16]));
        let jobs = self.0.jobs().as_mut().map(std::mem::take);
        run_all(py, jobs.unwrap_or_default())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // What the jobs hold of Python is given back here, attached.
        let left = self.0.jobs().take();
        drop(left);
    }
}

/// The mailboxes of one process. Loops are not kept alive by it.
#[derive(Default)]
pub struct Mailboxes(Mutex<Vec<(Py<PyWeakrefReference>, Weak<Mailbox>)>>);

impl Mailboxes {
    /// The one of the loop that runs on this thread, opened if need be. None where the loop can't look.
    pub fn of(&self, event_loop: &Bound<'_, PyAny>) -> Option<Arc<Mailbox>> {
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
        let opened = Mailbox::open(event_loop).ok()?;
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
