//! Waiting until an agent is idle: disabled, and not busy for a while.
//!
//! The page says that a disabled agent ends the builds that run. Scripts that do so wait before they believe that it is
//! not busy, so one look is never enough (inferred).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::agent::AgentState;
use super::agents::state_as;
use super::opened::{Form, Opened};
use crate::core::error::{Error, Kind, Outcome};
use crate::core::poll::{End, OnProgress, Pace, poll};
use crate::core::transport::Call;

/// When an agent counts as idle, and how long to wait for it.
pub struct Patience {
    settle: Duration,
    pace: Pace,
}

impl Patience {
    /// For `settle` it must have been idle, over two looks at least; `pace` says how long and how often to look.
    pub fn new(settle: Duration, pace: Pace) -> Result<Self, Error> {
        if settle < pace.timeout {
            return Ok(Self { settle, pace });
        }
        Err(Error::config("settle: must be shorter than timeout"))
    }
}

/// The agent's state when it is idle. Looks that fail for a passing reason do not end the wait.
///
/// # Errors
/// `WaitTimeout` with the last [`AgentState`] seen as payload; what `on_progress` gives; any lasting error of a look.
pub async fn wait_until_idle(
    opened: &Opened<'_>,
    call: &Call,
    operation: &'static str,
    id: i64,
    patience: &Patience,
    on_progress: Option<OnProgress<AgentState>>,
) -> Result<AgentState, Error> {
    let Patience { settle, pace } = patience;
    let whole = call.with_timeout(pace.timeout);
    let look = || {
        let part = whole.part();
        async move { state_as(opened, &part, operation, id, Form::Json).await }
    };
    let since = IdleSince::default();
    let is_idle = |state: &AgentState| since.is_idle(state, *settle);
    let tell_wait = |delay| whole.tell_wait(operation, delay);
    let ended = poll(pace, on_progress.as_ref(), look, is_idle, tell_wait).await;
    match ended.map_err(|error| whole.refuse(operation, error))? {
        End::Finished(state) => Ok(state),
        End::TimeUp { last, failure } => Err(time_up(&whole, operation, id, patience, last, failure)),
    }
}

/// Since when every look found it idle.
#[derive(Default)]
struct IdleSince(Mutex<Option<Instant>>);

impl IdleSince {
    fn is_idle(&self, state: &AgentState, settle: Duration) -> Result<bool, Error> {
        let busy = state.busy.ok_or_else(|| does_not_tell(state))?;
        let mut since = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if busy || state.enabled {
            *since = None;
            return Ok(false);
        }
        match *since {
            Some(begun) => Ok(begun.elapsed() >= settle),
            None => {
                *since = Some(Instant::now());
                Ok(false)
            }
        }
    }
}

fn does_not_tell(state: &AgentState) -> Error {
    let message = format!("agent {} does not tell whether it is busy: no readable busy", state.id);
    Error::new(Kind::UnexpectedContent, message, Default::default()).with_outcome(Outcome::Unknown)
}

fn time_up(
    call: &Call,
    operation: &str,
    id: i64,
    patience: &Patience,
    last: Option<AgentState>,
    failure: Option<Error>,
) -> Error {
    let seconds = patience.pace.timeout.as_secs_f64();
    let mut message = format!("agent {id} was not idle within {seconds} s");
    if let Some(failure) = failure {
        message = format!("{message}; the last look failed: {}", failure.message());
    }
    let hint = match &last {
        Some(state) if state.enabled => {
            "it is enabled, so it may be given a build at any time: disable it first, or ask for maintenance"
        }
        Some(state) if state.busy == Some(true) => "a build runs on it: wait longer, or look in Bamboo what it builds",
        Some(_) => "it was not busy when last seen: give it more time than settle",
        None => "no look succeeded: check the network and the server",
    };
    let error = Error::new(Kind::WaitTimeout, message, call.context(operation))
        .with_outcome(Outcome::Unknown)
        .with_hint(hint);
    match last {
        Some(state) => error.with_payload(state),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn seen(enabled: bool, busy: Option<bool>) -> Result<AgentState, Error> {
        let busy = busy.map_or("null".to_owned(), |busy| busy.to_string());
        Ok(serde_json::from_str(&format!(r#"{{"id": 9, "enabled": {enabled}, "busy": {busy}}}"#)).unwrap())
    }

    fn broken() -> Result<AgentState, Error> {
        Err(Error::new(Kind::Transport, "cut", Default::default()))
    }

    const AWAY: (bool, Option<bool>) = (false, Some(false));

    /// Gives these in turn, the last one for ever, with 10 s between two looks. Gives the end, the looks made and the
    /// seconds gone by.
    async fn run(looks: Vec<Result<AgentState, Error>>, settle: u64) -> (Result<End<AgentState>, Error>, usize, u64) {
        let count = Cell::new(0);
        let look = || {
            let at = count.get().min(looks.len() - 1);
            count.set(count.get() + 1);
            let result = looks[at].clone();
            async move { result }
        };
        let pace = Pace {
            timeout: Duration::from_secs(600),
            interval: Duration::from_secs(10),
        };
        let (since, begun) = (IdleSince::default(), Instant::now());
        let is_idle = |state: &AgentState| since.is_idle(state, Duration::from_secs(settle));
        let end = poll(&pace, None, look, is_idle, |_| ()).await;
        (end, count.get(), begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn it_must_have_been_idle_for_a_while() {
        let away = || seen(AWAY.0, AWAY.1);
        for (looks, settle, expected) in [
            (vec![away()], 0, (2, 10)),
            (vec![away()], 10, (2, 10)),
            (vec![away()], 25, (4, 30)),
            (vec![seen(false, Some(true)), away()], 10, (3, 20)),
            (vec![away(), seen(false, Some(true)), away()], 20, (5, 40)),
            (vec![away(), seen(true, Some(false)), away()], 20, (5, 40)),
            (vec![away(), broken(), away()], 20, (3, 20)),
            (vec![broken(), broken(), away()], 10, (4, 30)),
        ] {
            let (end, count, seconds) = run(looks, settle).await;
            assert!(matches!(end, Ok(End::Finished(_))), "{settle}");
            assert_eq!((count, seconds), expected, "{settle}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_agent_that_may_be_given_a_build_is_never_idle() {
        for look in [seen(true, Some(false)), seen(true, Some(true)), seen(false, Some(true))] {
            let (end, _, seconds) = run(vec![look], 0).await;
            assert!(matches!(
                end,
                Ok(End::TimeUp {
                    last: Some(_),
                    failure: None
                })
            ));
            assert_eq!(seconds, 600);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_does_not_tell_is_an_error_at_once() {
        let (end, count, _) = run(vec![seen(false, None)], 0).await;
        assert_eq!((end.err().unwrap().kind(), count), (Kind::UnexpectedContent, 1));
    }
}
