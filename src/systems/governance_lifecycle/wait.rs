//! Waiting for a run: of a review's generation, a collection or a unification.
//!
//! <https://pradeepkg.github.io/RSA/docs/collection/get-run-status>

use std::time::Duration;

use super::review_status::RunStatus;
use super::reviews::get_run_status;
use super::session::GovernanceLifecycle;
use crate::core::error::{Error, Kind, Outcome};
use crate::core::poll::{End, OnProgress, Pace, poll};
use crate::core::transport::Call;

const OPERATION: &str = "wait_for_run";

/// The run when it has completed. Looks that fail for a passing reason do not end the wait.
///
/// # Errors
/// `JobFailed` if it was aborted, `WaitTimeout` when time is up, both with the [`RunStatus`] as payload; what
/// `on_progress` gives; any lasting error of a look.
pub async fn wait_for_run(
    client: &GovernanceLifecycle,
    call: &Call,
    run_id: &str,
    pace: &Pace,
    on_progress: Option<OnProgress<RunStatus>>,
) -> Result<RunStatus, Error> {
    let whole = call.with_timeout(pace.timeout);
    let look = || {
        let part = whole.part();
        async move {
            let seen = get_run_status(client, &part, run_id).await;
            seen.map_err(|error| error.of_operation(OPERATION))
        }
    };
    let tell_wait = |delay| whole.tell_wait(OPERATION, delay);
    match poll(pace, on_progress.as_ref(), look, |run| Ok(run.is_over()), tell_wait).await? {
        End::Finished(run) if run.is_completed() => Ok(run),
        End::Finished(run) => {
            let message = format!("run {run_id} has ended as {}", run.overall_status);
            Err(Error::new(Kind::JobFailed, message, whole.context(OPERATION))
                .with_outcome(Outcome::Rejected)
                .with_hint("the product's own pages say why a run was aborted")
                .with_payload(run))
        }
        End::TimeUp { last, failure } => Err(time_up(&whole, run_id, pace.timeout, last, failure)),
    }
}

fn time_up(call: &Call, run_id: &str, timeout: Duration, last: Option<RunStatus>, failure: Option<Error>) -> Error {
    let mut message = format!("run {run_id} has not ended within {} s", timeout.as_secs_f64());
    if let Some(failure) = failure {
        message = format!("{message}; the last look failed: {}", failure.message());
    }
    let error = Error::new(Kind::WaitTimeout, message, call.context(OPERATION))
        .with_outcome(Outcome::Unknown)
        .with_hint("nothing was stopped: wait for the run again, or look at it with get_run_status()");
    match last {
        Some(run) => error.with_payload(run),
        None => error,
    }
}
