//! Brings results from the background runtime to event loops: one queue, one thread that attaches once a batch and
//! wakes each loop once. The runtime's own thread never attaches.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use pyo3::prelude::*;
use pyo3::types::PyCFunction;

/// Work for the thread of an event loop.
pub type Job = Box<dyn FnOnce(Python<'_>) -> PyResult<()> + Send>;

type Addressed = (Arc<Py<PyAny>>, Job);

/// The queue of one process.
pub struct Delivery {
    queue: Mutex<Vec<Addressed>>,
    filled: Condvar,
    /// Held while attached; true once the interpreter goes down.
    gate: Mutex<bool>,
}

impl Delivery {
    /// Starts the thread.
    pub fn start() -> io::Result<Arc<Self>> {
        let this = Arc::new(Self {
            queue: Mutex::default(),
            filled: Condvar::new(),
            gate: Mutex::new(false),
        });
        let worker = this.clone();
        thread::Builder::new()
            .name("infosecops-delivery".to_owned())
            .spawn(move || worker.run())?;
        Ok(this)
    }

    /// Has `job` run on the thread of `event_loop`, after all that were pushed before.
    pub fn push(&self, event_loop: Arc<Py<PyAny>>, job: Job) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push((event_loop, job));
        if queue.len() == 1 {
            self.filled.notify_one();
        }
    }

    /// After this, nothing attaches any more.
    pub fn close(&self) {
        *self.gate.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    fn run(&self) {
        loop {
            let batch = self.next_batch();
            let closed = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
            if *closed || Python::try_attach(|py| hand_over(py, batch)).is_none() {
                return;
            }
        }
    }

    fn next_batch(&self) -> Vec<Addressed> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let mut queue = self
            .filled
            .wait_while(queue, |queue| queue.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *queue)
    }
}

fn hand_over(py: Python<'_>, batch: Vec<Addressed>) {
    let mut loops: HashMap<usize, (Arc<Py<PyAny>>, Vec<Job>)> = HashMap::new();
    for (event_loop, job) in batch {
        let entry = loops
            .entry(event_loop.as_ptr() as usize)
            .or_insert_with(|| (event_loop, Vec::new()));
        entry.1.push(job);
    }
    for (event_loop, jobs) in loops.into_values() {
        // A loop that was closed meanwhile has nobody left to tell.
        if let Ok(run) = on_loop(py, jobs) {
            drop(event_loop.bind(py).call_method1("call_soon_threadsafe", (run,)));
        }
    }
}

fn on_loop(py: Python<'_>, jobs: Vec<Job>) -> PyResult<Bound<'_, PyCFunction>> {
    let jobs = Mutex::new(jobs);
    PyCFunction::new_closure(py, None, None, move |args, _| {
        let py = args.py();
        let jobs = std::mem::take(&mut *jobs.lock().unwrap_or_else(PoisonError::into_inner));
        for job in jobs {
            if let Err(error) = job(py) {
                error.write_unraisable(py, None);
            }
        }
    })
}
