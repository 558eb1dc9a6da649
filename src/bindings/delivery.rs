//! Brings results from the background runtime to event loops: one queue, one thread that attaches once a batch and
//! wakes each loop once. The runtime's own thread never attaches.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use super::event_loop::EventLoop;
use super::python_code::PythonCode;

/// Work for the thread of an event loop.
pub type Job = Box<dyn FnOnce(Python<'_>) -> PyResult<()> + Send>;

/// Seconds between two looks of a loop that nobody wakes.
const LOOK_INTERVAL: f64 = 0.005;

/// The loop is told by its address, and let go on its thread.
pub type Addressed = (Arc<EventLoop>, Job);

/// The queue of one process.
pub struct Delivery {
    queue: Mutex<Vec<Addressed>>,
    filled: Condvar,
    /// Held by the thread while it is attached.
    gate: Mutex<()>,
    /// Set at exit, with the gate held: the thread never attaches again.
    closed: AtomicBool,
}

impl Delivery {
    /// Starts the thread.
    pub fn start() -> io::Result<Arc<Self>> {
        let this = Arc::new(Self {
            queue: Mutex::default(),
            filled: Condvar::new(),
            gate: Mutex::default(),
            closed: AtomicBool::new(false),
        });
        let worker = this.clone();
        thread::Builder::new()
            .name("infosecops-delivery".to_owned())
            .spawn(move || worker.run())?;
        Ok(this)
    }

    /// Has the job run on the thread of the loop, after all that were pushed before.
    pub fn push(&self, addressed: Addressed) {
        let mut queue = self.queue();
        queue.push(addressed);
        if queue.len() == 1 {
            self.filled.notify_one();
        }
    }

    /// After this, the thread attaches no more.
    pub fn close(&self) {
        let _gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        self.closed.store(true, Ordering::Release);
    }

    /// Where the thread is gone, as in hooks that run late at exit, the loop itself looks for what came until `future` is
    /// done.
    pub fn watch(self: &Arc<Self>, event_loop: &Bound<'_, PyAny>, future: &Bound<'_, PyAny>) -> PyResult<()> {
        if !self.closed.load(Ordering::Acquire) || future.run_method("done", ())?.extract()? {
            return Ok(());
        }
        let (this, of_loop, of_future) = (self.clone(), event_loop.clone().unbind(), future.clone().unbind());
        let look = PyCFunction::new_closure(event_loop.py(), None, None, move |args, _| {
            let py = args.py();
            let batch = std::mem::take(&mut *this.queue());
            hand_over(py, batch);
            this.watch(of_loop.bind(py), of_future.bind(py))
        })?;
        event_loop.run_method("call_later", (LOOK_INTERVAL, look)).map(drop)
    }

    fn queue(&self) -> MutexGuard<'_, Vec<Addressed>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        loop {
            let batch = self.next_batch();
            let _gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
            if self.closed.load(Ordering::Acquire) {
                self.queue().splice(0..0, batch);
                return;
            }
            if Python::try_attach(|py| hand_over(py, batch)).is_none() {
                return;
            }
        }
    }

    fn next_batch(&self) -> Vec<Addressed> {
        let mut queue = self
            .filled
            .wait_while(self.queue(), |queue| queue.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *queue)
    }
}

fn hand_over(py: Python<'_>, batch: Vec<Addressed>) {
    let mut loops: HashMap<usize, (Bound<'_, PyAny>, Vec<Addressed>)> = HashMap::new();
    for addressed in batch {
        let event_loop = addressed.0.bind(py).clone();
        let entry = loops
            .entry(event_loop.as_ptr() as usize)
            .or_insert_with(|| (event_loop, Vec::new()));
        entry.1.push(addressed);
    }
    for (event_loop, jobs) in loops.into_values() {
        // A loop that was closed meanwhile has nobody left to tell.
        if let Ok(run) = on_loop(py, jobs) {
            drop(event_loop.run_method("call_soon_threadsafe", (run,)));
        }
    }
}

fn on_loop(py: Python<'_>, jobs: Vec<Addressed>) -> PyResult<Bound<'_, PyCFunction>> {
    let jobs = Mutex::new(jobs);
    PyCFunction::new_closure(py, None, None, move |args, _| {
        let jobs = std::mem::take(&mut *jobs.lock().unwrap_or_else(PoisonError::into_inner));
        run_all(args.py(), jobs)
    })
}

/// Runs jobs on the loop's thread, each whatever the one before raised.
pub fn run_all(py: Python<'_>, jobs: Vec<Addressed>) -> PyResult<()> {
    let mut raised: Option<PyErr> = None;
    for (_, job) in jobs {
        let Err(error) = job(py) else { continue };
        match &raised {
            // The loop is told: SystemExit and KeyboardInterrupt end it.
            None => raised = Some(error),
            Some(first) if first.is_instance_of::<PyException>(py) => error.write_unraisable(py, None),
            // The loop ends; a listener that wants to leave says so at each of its events.
            Some(_) => {}
        }
    }
    raised.map_or(Ok(()), Err)
}
