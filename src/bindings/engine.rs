//! What runs in this process beside the callers: one background runtime for asyncio, and the delivery of its results.
//! Started at first use; left behind by a fork; silent at exit.

use std::io;
use std::sync::Arc;
use std::thread;

use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};

use super::delivery::Delivery;
use super::mailbox::Mailboxes;
use super::per_process::PerProcess;
use super::python_code::PythonCode;
use crate::core::turnstile::Turnstile;

static ENGINE: PerProcess<Engine> = PerProcess::new();

/// The background runtime and the delivery of this process.
pub struct Engine {
    pub runtime: Handle,
    pub delivery: Arc<Delivery>,
    pub mailboxes: Mailboxes,
    pub turnstile: Arc<Turnstile>,
}

/// Threads for what blocks: look-ups of names, files, work on large answers. They come and go as they are needed; a few
/// slow look-ups hold nobody up.
const BLOCKING_THREADS_MAX: usize = 64;

/// A runtime that lives on one thread.
pub fn new_runtime() -> io::Result<Runtime> {
    Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build()
}

/// The engine of this process, started if need be.
pub fn of_this_process() -> io::Result<&'static Engine> {
    ENGINE.get_or_make(|| {
        let runtime = new_runtime()?;
        let handle = runtime.handle().clone();
        thread::Builder::new().name("infosecops-io".to_owned()).spawn(move || {
            // Ends with the process: nothing can be left undone by stopping it.
            runtime.block_on(std::future::pending::<()>());
        })?;
        Ok(Engine {
            runtime: handle,
            delivery: Delivery::start()?,
            mailboxes: Mailboxes::default(),
            turnstile: Arc::default(),
        })
    })
}

/// Makes sure that nobody attaches to an interpreter that is going down. Hooks run in reverse order: this one is registered
/// with the module, so that hooks of its users find everything still going.
pub fn close_at_exit(py: Python<'_>) -> PyResult<()> {
    let hook = pyo3::wrap_pyfunction!(close_gate, py)?;
    py.import("atexit")?.run_method("register", (hook,)).map(drop)
}

#[pyfunction]
fn close_gate(py: Python<'_>) {
    py.detach(|| {
        if let Some(engine) = ENGINE.get() {
            engine.delivery.close();
        }
    });
}
