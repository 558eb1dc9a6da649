//! Many requests as one operation: so many at a time, and what became of each.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use tokio::sync::Mutex;

use super::error::{Error, Kind, Outcome};
use super::transport::Call;

/// What became of every input, in the order of the inputs.
pub type Results<T> = Vec<Result<T, Error>>;

/// One request that has ended, well or not.
pub struct Ended<T> {
    /// Its place among the inputs.
    pub index: usize,
    /// What became of it.
    pub result: Result<T, Error>,
    /// How many have ended, this one included.
    pub done: usize,
    /// How many there are.
    pub total: usize,
    /// How many of those that have ended gave nothing.
    pub failed: usize,
}

/// Hears of every request that has ended, one after another. Its error ends the operation; what runs is dropped.
pub type Listener<T> = Arc<dyn Fn(Ended<T>) -> BoxFuture<'static, Result<(), Error>> + Send + Sync>;

/// Makes `total` requests, at most `concurrency` at a time. One that fails ends no other.
///
/// # Errors
/// Those of `listener` alone.
pub async fn run<T, F>(
    total: usize,
    concurrency: usize,
    listener: Option<&Listener<T>>,
    request: impl Fn(usize) -> F,
) -> Result<Results<T>, Error>
where
    T: Clone,
    F: Future<Output = Result<T, Error>>,
{
    let counts = Mutex::new((0, 0));
    let (counts, request) = (&counts, &request);
    // The listener is part of the request: while it is awaited, the others go on.
    let requests = (0..total).map(|index| async move {
        let result = request(index).await;
        if let Some(listener) = listener {
            let mut counts = counts.lock().await;
            counts.0 += 1;
            counts.1 += usize::from(result.is_err());
            let (done, failed) = *counts;
            let ended = Ended {
                index,
                result: result.clone(),
                done,
                total,
                failed,
            };
            listener(ended).await?;
        }
        Ok((index, result))
    });
    let mut running = stream::iter(requests).buffer_unordered(concurrency.max(1));
    let mut ended = Vec::new();
    while let Some(each) = running.next().await {
        ended.push(each?);
    }
    ended.sort_unstable_by_key(|(index, _)| *index);
    Ok(ended.into_iter().map(|(_, result)| result).collect())
}

/// Whether the server may have done what failed.
pub fn is_unknown(error: &Error) -> bool {
    !matches!(error.context().outcome, Some(Outcome::NotSent | Outcome::Rejected))
}

/// The error for results that are not whole; None if they are. `things` is what there were many of.
pub fn partial_failure<T>(call: &Call, operation: &str, things: &str, results: &[Result<T, Error>]) -> Option<Error> {
    let mut errors = results
        .iter()
        .enumerate()
        .filter_map(|(index, result)| Some((index, result.as_ref().err()?)));
    let (index, first) = errors.clone().next()?;
    let unknown = errors.clone().filter(|(_, error)| is_unknown(error)).count();
    let failed = errors.clone().count() - unknown;
    let mut message = format!("{failed} of {} {things} failed", results.len());
    if unknown > 0 {
        message.push_str(&format!(", and the fate of {unknown} is not known"));
    }
    message.push_str(&format!("; the first is input {index}: {}", first.message()));
    let outcome = if unknown > 0 {
        Outcome::Unknown
    } else if errors.all(|(_, error)| error.context().outcome == Some(Outcome::NotSent)) {
        Outcome::NotSent
    } else {
        Outcome::Rejected
    };
    let error = Error::new(Kind::PartialFailure, message, call.context(operation)).with_outcome(outcome);
    Some(
        error.with_hint(
            "result.succeeded has what was done; result.failed and result.unknown are what to look at again",
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::task::yield_now;

    use super::*;

    fn failure(outcome: Outcome) -> Error {
        Error::config("no").with_outcome(outcome)
    }

    #[tokio::test]
    async fn every_input_has_its_result_in_its_place_and_no_more_run_than_allowed() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let request = async |index: usize| {
            most.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            // The first ones end last.
            for _ in index..20 {
                yield_now().await;
            }
            running.fetch_sub(1, Ordering::Relaxed);
            if index.is_multiple_of(3) {
                Err(failure(Outcome::Rejected))
            } else {
                Ok(index)
            }
        };
        let results = run(20, 3, None, request).await.unwrap();
        assert_eq!(most.load(Ordering::Relaxed), 3);
        for (index, result) in results.iter().enumerate() {
            assert_eq!(result.as_ref().ok(), (index % 3 != 0).then_some(&index));
        }
        assert_eq!(results.len(), 20);
        let none = run(0, 3, None, async |index| Ok(index)).await.unwrap();
        assert!(none.is_empty());
    }

    #[tokio::test]
    async fn a_listener_hears_in_order_and_can_end_it() {
        let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
        let kept = heard.clone();
        let listener: Listener<usize> = Arc::new(move |ended| {
            let kept = kept.clone();
            Box::pin(async move {
                yield_now().await;
                kept.lock().unwrap().push((ended.done, ended.total, ended.failed));
                if ended.done == 4 {
                    Err(Error::config("enough"))
                } else {
                    Ok(())
                }
            })
        });
        let request = async |index: usize| {
            if index == 1 {
                Err(failure(Outcome::Unknown))
            } else {
                Ok(index)
            }
        };
        let error = run(6, 1, Some(&listener), request).await.unwrap_err();
        assert_eq!(error.message(), "enough");
        assert_eq!(*heard.lock().unwrap(), [(1, 6, 0), (2, 6, 1), (3, 6, 1), (4, 6, 1)]);
    }
}
