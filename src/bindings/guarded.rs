//! How a call ends: with a result, with an error, or with a bug of ours.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use pyo3::prelude::*;

use super::errors::internal_error;
use crate::core::error::Error;

/// Makes the Python value of a result.
pub type Finish = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// What the product's code gives.
pub type Outcome = Result<Finish, Error>;

/// Why there is no result.
pub enum Ended {
    Failed(Error),
    Panicked,
}

/// The same, panics included.
pub type Guarded = Result<Finish, Ended>;

/// A panic is a bug of ours and becomes an error; it must not end the interpreter or leave a future for ever pending.
pub async fn guarded(future: impl Future<Output = Outcome>) -> Guarded {
    match AssertUnwindSafe(future).catch_unwind().await {
        Ok(Ok(finish)) => Ok(finish),
        Ok(Err(error)) => Err(Ended::Failed(error)),
        Err(_) => Err(Ended::Panicked),
    }
}

/// Inner result: what the product's code gave.
pub fn flatten(result: PyResult<Guarded>) -> PyResult<Outcome> {
    Ok(match result? {
        Ok(finish) => Ok(finish),
        Err(Ended::Failed(error)) => Err(error),
        Err(Ended::Panicked) => Err(internal_error()),
    })
}
