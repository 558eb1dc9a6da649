//! How a blocking call waits. In turns: between two of them its thread is outside any runtime, looks for signals and runs
//! the Python code that the call asks for, which may make calls itself.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::client::Slot;
use super::delivery::Job;
use super::errands::Errands;
use super::guarded::{Ended, Guarded};
use crate::core::turnstile::Ticket;

/// How often a waiting call looks for Ctrl-C.
const SIGNAL_CHECK_INTERVAL: Duration = Duration::from_millis(50);

/// Why a turn ends.
enum Turn {
    Done(Guarded),
    Job(Job),
    Tick,
}

/// Drives a call on the runtime of this thread's own.
pub fn drive(slot: &Slot, call: impl Future<Output = Guarded> + Unpin, errands: Errands) -> PyResult<Guarded> {
    pump(call, errands, None, |call, errands| {
        let turn = async {
            tokio::select! {
                biased;
                job = poll_fn(|context| errands.poll(context)) => Turn::Job(job),
                done = call => Turn::Done(done),
                () = tokio::time::sleep(SIGNAL_CHECK_INTERVAL) => Turn::Tick,
            }
        };
        slot.block_on(turn).unwrap_or(Turn::Done(Err(Ended::Panicked)))
    })
}

/// Has a call driven by the thread of a runtime that many share, which wakes this one but once. The ticket is to be given
/// back by a thread that is attached.
pub fn follow(
    runtime: &Handle,
    call: impl Future<Output = Guarded> + Send + 'static,
    errands: Errands,
    ticket: &Ticket,
) -> PyResult<Guarded> {
    let waker = ticket.waker();
    pump(Followed::new(runtime, call), errands, Some(ticket), |call, errands| {
        parked(call, errands, ticket, &waker)
    })
}

fn pump<F: Future<Output = Guarded> + Unpin>(
    mut call: F,
    errands: Errands,
    ticket: Option<&Ticket>,
    turn: impl Fn(Pin<&mut F>, &Errands) -> Turn,
) -> PyResult<Guarded> {
    let mut result = loop {
        let ran = match turn(Pin::new(&mut call), &errands) {
            Turn::Done(done) => break Ok(done),
            // A signal's handler may be due even where the caller's code never runs Python of its own.
            Turn::Job(job) => attached(ticket, |py| job(py).and_then(|()| py.check_signals())),
            Turn::Tick => attached(ticket, |py| py.check_signals()),
        };
        if let Err(raised) = ran {
            break Err(raised);
        }
    };
    drop(call);
    while let Some(job) = errands.take() {
        // After an exception nobody is told any more; what a job holds is given back all the same.
        let is_told = result.is_ok();
        let ran = attached(ticket, |py| if is_told { job(py) } else { Ok(()) });
        result = result.and_then(|done| ran.map(|()| done));
    }
    result
}

/// Does nothing where the interpreter is going down: this thread is about to be stopped.
fn attached(ticket: Option<&Ticket>, work: impl FnOnce(Python<'_>) -> PyResult<()>) -> PyResult<()> {
    let work = |py: Python<'_>| {
        ticket.inspect(|ticket| ticket.pass());
        work(py)
    };
    Python::try_attach(work).unwrap_or(Ok(()))
}

/// One turn of a thread that has nothing to do but wait.
fn parked<F: Future<Output = Guarded>>(
    mut call: Pin<&mut F>,
    errands: &Errands,
    ticket: &Ticket,
    waker: &Waker,
) -> Turn {
    let mut context = Context::from_waker(waker);
    let end = Instant::now() + SIGNAL_CHECK_INTERVAL;
    loop {
        if let Poll::Ready(job) = errands.poll(&context) {
            return Turn::Job(job);
        }
        if let Poll::Ready(done) = call.as_mut().poll(&mut context) {
            return Turn::Done(done);
        }
        ticket.step_back();
        let Some(left) = end.checked_duration_since(Instant::now()) else {
            return Turn::Tick;
        };
        thread::park_timeout(left);
    }
}

/// A call on another thread. Dropped before its end, it is over there when the drop is: nothing that it holds of Python
/// is left to a thread that is not attached.
struct Followed {
    task: Option<JoinHandle<()>>,
    answer: oneshot::Receiver<Guarded>,
}

impl Followed {
    fn new(runtime: &Handle, call: impl Future<Output = Guarded> + Send + 'static) -> Self {
        let (reply, answer) = oneshot::channel();
        let task = runtime.spawn(async move {
            let done = call.await;
            drop(reply.send(done));
        });
        Self {
            task: Some(task),
            answer,
        }
    }
}

impl Future for Followed {
    type Output = Guarded;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Guarded> {
        let answer = Pin::new(&mut self.answer).poll(context);
        answer.map(|done| {
            self.task = None;
            done.unwrap_or(Err(Ended::Panicked))
        })
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let Some(mut task) = self.task.take() else { return };
        task.abort();
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        while Pin::new(&mut task).poll(&mut context).is_pending() {
            thread::park();
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
