//! Looking at something again and again until it has ended or time is up.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep};

use super::error::{Error, Kind};

/// However short an interval is asked for, the server is not hammered.
const INTERVAL_MIN: Duration = Duration::from_millis(20);

/// Is told the state after every look; its error ends the wait.
pub type OnProgress<T> = Arc<dyn Fn(T) -> BoxFuture<'static, Result<(), Error>> + Send + Sync>;

/// How long and how often.
pub struct Pace {
    /// For all of it.
    pub timeout: Duration,
    /// Between two looks.
    pub interval: Duration,
}

/// How a wait came out.
pub enum End<T> {
    /// It has ended, well or not.
    Finished(T),
    /// Time was up.
    TimeUp {
        /// As last seen.
        last: Option<T>,
        /// Why the last look failed, if it did.
        failure: Option<Error>,
    },
}

/// `has_ended` judges what a look gave. Looks that fail for a passing reason do not end the wait. Time is tokio's, so that
/// tests can stop and advance it.
///
/// # Errors
/// Any lasting error of a look, of `has_ended`, or what `on_progress` gives.
pub async fn poll<T: Clone, F: Future<Output = Result<T, Error>>>(
    pace: &Pace,
    on_progress: Option<&OnProgress<T>>,
    look: impl Fn() -> F,
    has_ended: impl Fn(&T) -> Result<bool, Error>,
    tell_wait: impl Fn(Duration),
) -> Result<End<T>, Error> {
    let deadline = Instant::now() + pace.timeout;
    let interval = pace.interval.max(INTERVAL_MIN);
    let mut last = None;
    loop {
        let failure = match look().await {
            Ok(seen) => {
                if let Some(tell) = on_progress {
                    tell(seen.clone()).await?;
                }
                if has_ended(&seen)? {
                    return Ok(End::Finished(seen));
                }
                last = Some(seen);
                None
            }
            Err(error) if is_passing(&error) => Some(error),
            Err(error) => return Err(error),
        };
        let left = deadline.saturating_duration_since(Instant::now());
        tell_wait(interval.min(left));
        sleep(interval.min(left)).await;
        if left <= interval {
            return Ok(End::TimeUp { last, failure });
        }
    }
}

fn is_passing(error: &Error) -> bool {
    matches!(
        error.kind(),
        Kind::Transport | Kind::Connect | Kind::Deadline | Kind::RateLimited | Kind::Server
    )
}
