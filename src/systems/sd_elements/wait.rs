//! Waiting for a job: looks at it again and again until it has ended or time is up. A failed job is a result.

use std::time::Duration;

use tokio::sync::Semaphore;

use super::job::Job;
use super::jobs::{get_as, kind_path};
use super::session::SdElements;
use crate::core::bulk::{self, Listener, Results};
use crate::core::decode::{one_line, shorten};
use crate::core::error::{Context, Error, Kind, Outcome};
use crate::core::poll::{End, OnProgress, Pace, poll};
use crate::core::redact;
use crate::core::transport::Call;

/// The job when it has ended, well or not: see [`Job::is_success`] and [`job_failed`]. Looks that fail for a passing
/// reason do not end the wait.
///
/// # Errors
/// `WaitTimeout` with the last [`Job`] seen as payload; what `on_progress` gives; any lasting error of a look.
pub async fn wait(
    client: &SdElements,
    call: &Call,
    kind: &str,
    id: i64,
    timeout: Duration,
    poll_interval: Duration,
    on_progress: Option<OnProgress<Job>>,
) -> Result<Job, Error> {
    let pace = Pace {
        timeout,
        interval: poll_interval,
    };
    watch(client, call, &operation(kind), (kind, id), &pace, on_progress, None).await
}

/// Many jobs by the operation of this name, in the order given, each by its kind and id; the time is that of all. A job that failed is an error here:
/// [`job_failed`]. At most `max_concurrency` looks are under way at a time.
///
/// # Errors
/// If a kind can't be one, nothing was sent; else those of the listener.
pub async fn wait_all(
    client: &SdElements,
    call: &Call,
    name: &str,
    jobs: &[(String, i64)],
    pace: &Pace,
    max_concurrency: usize,
    listener: Option<&Listener<Job>>,
) -> Result<Results<Job>, Error> {
    let refuse = |error| call.refuse(name, error);
    if max_concurrency == 0 {
        return Err(refuse(Error::config("max_concurrency: must be at least 1")));
    }
    for (kind, _) in jobs {
        kind_path("/api/v2/jobs/", kind).map_err(refuse)?;
    }
    let turns = Semaphore::new(max_concurrency.min(Semaphore::MAX_PERMITS));
    let turns = &turns;
    let one = async |index: usize| {
        let Some((kind, id)) = jobs.get(index) else {
            return Err(refuse(Error::config("jobs: changed while they were waited for")));
        };
        let job = watch(client, call, name, (kind, *id), pace, None, Some(turns)).await?;
        if job.is_success() {
            Ok(job)
        } else {
            Err(failed(client, call, name, &job))
        }
    };
    bulk::run(jobs.len(), jobs.len(), listener, one).await
}

async fn watch(
    client: &SdElements,
    call: &Call,
    name: &str,
    (kind, id): (&str, i64),
    pace: &Pace,
    on_progress: Option<OnProgress<Job>>,
    turns: Option<&Semaphore>,
) -> Result<Job, Error> {
    let whole = call.with_timeout(pace.timeout);
    let look = || async {
        let _turn = match turns {
            Some(turns) => turns.acquire().await.ok(),
            None => None,
        };
        get_as(client, &whole.part(), name.to_owned(), kind, id).await
    };
    let has_ended = |job: &Job| job.ready.ok_or_else(|| unreadable(name, job));
    let tell_wait = |delay| whole.tell_wait(name, delay);
    match poll(pace, on_progress.as_ref(), look, has_ended, tell_wait).await? {
        End::Finished(job) => Ok(job),
        End::TimeUp { last, failure } => {
            let title = title(kind, id);
            let message = format!("{title} has not ended within {} s", pace.timeout.as_secs_f64());
            Err(time_up(whole.context(name), message, last, failure))
        }
    }
}

/// The error for a job that has ended without success; the [`Job`] is its payload.
pub fn job_failed(client: &SdElements, call: &Call, job: &Job) -> Error {
    failed(client, call, &operation(&job.kind), job)
}

fn failed(client: &SdElements, call: &Call, name: &str, job: &Job) -> Error {
    let mut secrets = call.settings().hidden.clone();
    secrets.extend(client.token_in_use());
    let said = job.result_message.as_deref().unwrap_or_default();
    let said = shorten(&one_line(&redact::scrub(said, &secrets)));
    let message = match (job.succeeded, said.is_empty()) {
        (Some(_), false) => format!("{} failed: {said}", title(&job.kind, job.id)),
        (Some(_), true) => format!("{} failed and does not say why", title(&job.kind, job.id)),
        (None, _) => format!(
            "{} has ended, and the server does not say how",
            title(&job.kind, job.id)
        ),
    };
    Error::new(Kind::JobFailed, message, call.context(name))
        .with_outcome(Outcome::Rejected)
        .with_payload(job.clone())
}

fn unreadable(name: &str, job: &Job) -> Error {
    let message = format!(
        "{} does not tell whether it has ended: no readable ready",
        title(&job.kind, job.id)
    );
    let error = Error::new(Kind::UnexpectedContent, message, Default::default());
    super::jobs::refused(name, error).with_payload(job.clone())
}

fn time_up(context: Context, mut message: String, last: Option<Job>, failure: Option<Error>) -> Error {
    if let Some(failure) = failure {
        message = format!("{message}; the last look failed: {}", failure.message());
    }
    let connection = last.as_ref().and_then(|job| job.connection.as_ref());
    let hint = if connection.is_some_and(|connection| connection.inaccessible == Some(true)) {
        "its connection is marked inaccessible, so a remote agent runs it: check that the agent is up, then wait again"
    } else {
        "nothing was stopped: wait for the job again, or look at it with get(); jobs of connections marked inaccessible are run by a remote agent"
    };
    let error = Error::new(Kind::WaitTimeout, message, context)
        .with_outcome(Outcome::Unknown)
        .with_hint(hint);
    match last {
        Some(job) => error.with_payload(job),
        None => error,
    }
}

fn operation(kind: &str) -> String {
    format!("jobs.{kind}.wait")
}

fn title(kind: &str, id: i64) -> String {
    if kind.is_empty() {
        format!("job {id}")
    } else {
        format!("{kind} job {id}")
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::{Arc, Mutex};

    use tokio::time::Instant;

    use super::*;

    fn job(ready: &str, succeeded: &str) -> Job {
        serde_json::from_str(&format!(r#"{{"id": 9, "ready": {ready}, "succeeded": {succeeded}}}"#)).unwrap()
    }

    fn failed(kind: Kind) -> Error {
        Error::new(kind, "it broke", Default::default())
    }

    /// Gives these in turn, the last one for ever. Gives the end, the looks made and the seconds gone by.
    async fn run(
        looks: Vec<Result<Job, Error>>,
        timeout: u64,
        interval: u64,
        on_progress: Option<OnProgress<Job>>,
    ) -> (Result<End<Job>, Error>, usize, u64) {
        let count = Cell::new(0);
        let begun = Instant::now();
        let look = || {
            let at = count.get().min(looks.len() - 1);
            count.set(count.get() + 1);
            let result = looks[at].clone();
            async move { result }
        };
        let (timeout, interval) = (Duration::from_secs(timeout), Duration::from_secs(interval));
        let end = poll(
            &Pace { timeout, interval },
            on_progress.as_ref(),
            look,
            |job| job.ready.ok_or_else(|| unreadable("jobs.alm.wait", job)),
            |_| (),
        )
        .await;
        (end, count.get(), begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn looks_until_the_job_has_ended() {
        let looks = vec![
            Ok(job("false", "false")),
            Ok(job("false", "false")),
            Ok(job("true", "false")),
        ];
        let (end, count, seconds) = run(looks, 600, 2, None).await;
        let End::Finished(job) = end.unwrap() else { panic!() };
        assert!(!job.is_success());
        assert_eq!((count, seconds), (3, 4));
    }

    #[tokio::test(start_paused = true)]
    async fn never_sleeps_past_the_deadline() {
        let (end, count, seconds) = run(vec![Ok(job("false", "false"))], 10, 4, None).await;
        let End::TimeUp { last, failure } = end.unwrap() else {
            panic!()
        };
        assert!(last.is_some() && failure.is_none());
        assert_eq!((count, seconds), (3, 10));
        let (_, count, seconds) = run(vec![Ok(job("false", "false"))], 1, 3600, None).await;
        assert_eq!((count, seconds), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn passing_errors_do_not_end_it_and_lasting_ones_do() {
        for kind in [
            Kind::Transport,
            Kind::Connect,
            Kind::Deadline,
            Kind::RateLimited,
            Kind::Server,
        ] {
            let (end, count, _) = run(vec![Err(failed(kind)), Ok(job("true", "true"))], 60, 2, None).await;
            assert!(matches!(end, Ok(End::Finished(_))), "{kind:?}");
            assert_eq!(count, 2);
            let (end, ..) = run(vec![Err(failed(kind))], 60, 2, None).await;
            let End::TimeUp {
                last: None,
                failure: Some(_),
            } = end.unwrap()
            else {
                panic!("{kind:?}")
            };
        }
        for kind in [
            Kind::Authentication,
            Kind::NotFound,
            Kind::UnexpectedContent,
            Kind::Tls,
            Kind::Config,
        ] {
            let (end, count, _) = run(vec![Err(failed(kind))], 60, 2, None).await;
            assert_eq!((end.err().unwrap().kind(), count), (kind, 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn progress_is_told_and_may_end_it() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let tell: OnProgress<Job> = Arc::new(move |job| {
            log.lock().unwrap().push(job.ready);
            let told = if job.ready == Some(true) {
                Err(failed(Kind::Api))
            } else {
                Ok(())
            };
            Box::pin(async { told })
        });
        let looks = vec![Ok(job("false", "null")), Ok(job("true", "true"))];
        let (end, ..) = run(looks, 60, 2, Some(tell)).await;
        assert_eq!(end.err().unwrap().kind(), Kind::Api);
        assert_eq!(*seen.lock().unwrap(), [Some(false), Some(true)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_does_not_tell_is_an_error_at_once() {
        let (end, count, _) = run(vec![Ok(job("129", "true"))], 60, 2, None).await;
        assert_eq!((end.err().unwrap().kind(), count), (Kind::UnexpectedContent, 1));
    }
}
