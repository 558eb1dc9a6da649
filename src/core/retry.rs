//! Whether and when a failed attempt is sent again. Pure: it knows the operation's effect, not its HTTP verb.

use std::time::{Duration, SystemTime};

use super::error::Error;

/// What repeating a request would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Repeating leads to the same state.
    Idempotent,
    /// Repeating may apply it twice.
    Unsafe,
    /// Every request is recorded by the server, even one that changes nothing.
    Audited,
}

/// How often and how patiently: full jitter between zero and `base * 2^n`, at most `cap`.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Requests at most, the first included.
    pub attempts: u32,
    /// Seconds.
    pub base: f64,
    /// Seconds.
    pub cap: f64,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            base: 0.5,
            cap: 20.0,
        }
    }
}

impl Retry {
    /// The same, if it can be used.
    ///
    /// # Errors
    /// If it makes no attempt, or waits for no number of seconds.
    pub fn checked(&self) -> Result<Self, Error> {
        if self.attempts == 0 {
            return Err(Error::config("attempts: must be at least 1"));
        }
        for (name, value) in [("base", self.base), ("cap", self.cap)] {
            if !value.is_finite() || value < 0.0 {
                return Err(Error::config(format!(
                    "{name}: must be a number of seconds, zero or more"
                )));
            }
        }
        Ok(self.clone())
    }
}

/// How an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No byte was sent, and the next attempt may fare better.
    NotSent,
    /// It will fail again: a certificate that is not trusted, a proxy that wants a password.
    Permanent,
    /// Sent, then the connection broke.
    Cut,
    /// An answer of status 300 or above, with the wait it asks for.
    Status(u16, Option<Duration>),
}

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Report the failure.
    Stop,
    /// Wait, then send again.
    After(Duration),
}

/// `attempt` counts from 1; `random` is in `0.0..1.0`.
pub fn decide(
    retry: &Retry,
    effect: Effect,
    failure: Failure,
    attempt: u32,
    remaining: Duration,
    random: f64,
) -> Decision {
    if attempt >= retry.attempts || !may_repeat(effect, failure) {
        return Decision::Stop;
    }
    let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    let ceiling = (retry.base * 2f64.powi(exponent)).min(retry.cap).max(0.0);
    let jitter = Duration::try_from_secs_f64(ceiling * random).unwrap_or_default();
    let delay = match failure {
        Failure::Status(_, Some(asked)) => asked.max(jitter),
        _ => jitter,
    };
    if delay < remaining {
        Decision::After(delay)
    } else {
        Decision::Stop
    }
}

fn may_repeat(effect: Effect, failure: Failure) -> bool {
    match (effect, failure) {
        (_, Failure::Permanent) => false,
        (_, Failure::NotSent) => true,
        (Effect::Audited, _) => false,
        (Effect::Unsafe, Failure::Status(429, _)) => true,
        (Effect::Unsafe, _) => false,
        (_, Failure::Cut) => true,
        (_, Failure::Status(status, _)) => matches!(status, 429 | 502..=504),
    }
}

/// The wait asked for by `Retry-After`: whole seconds, or an HTTP date. Anything else is ignored.
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn repeats(effect: Effect, failure: Failure) -> bool {
        decide(&Retry::default(), effect, failure, 1, LONG, 0.5) != Decision::Stop
    }

    #[test]
    fn the_effect_decides_and_not_the_verb() {
        use Effect::{Audited, Idempotent, Read, Unsafe};
        let table = [
            (Failure::NotSent, [true, true, true, true]),
            (Failure::Permanent, [false, false, false, false]),
            (Failure::Cut, [true, true, false, false]),
            (Failure::Status(429, None), [true, true, true, false]),
            (Failure::Status(500, None), [false, false, false, false]),
            (Failure::Status(502, None), [true, true, false, false]),
            (Failure::Status(503, None), [true, true, false, false]),
            (Failure::Status(504, None), [true, true, false, false]),
            (Failure::Status(404, None), [false, false, false, false]),
            (Failure::Status(301, None), [false, false, false, false]),
        ];
        for (failure, expected) in table {
            let found = [Read, Idempotent, Unsafe, Audited].map(|effect| repeats(effect, failure));
            assert_eq!(found, expected, "{failure:?}");
        }
    }

    #[test]
    fn attempts_and_the_deadline_end_it() {
        let retry = Retry {
            attempts: 2,
            base: 1.0,
            cap: 4.0,
        };
        let at = |attempt, left, random| decide(&retry, Effect::Read, Failure::Cut, attempt, left, random);
        assert_eq!(at(1, LONG, 0.5), Decision::After(Duration::from_millis(500)));
        assert_eq!(at(2, LONG, 0.5), Decision::Stop);
        assert_eq!(at(1, Duration::from_millis(400), 0.5), Decision::Stop);
    }

    #[test]
    fn jitter_grows_to_the_cap_and_honours_the_server() {
        let retry = Retry {
            attempts: 100,
            base: 1.0,
            cap: 4.0,
        };
        let at = |attempt, failure| decide(&retry, Effect::Read, failure, attempt, LONG, 0.999_999);
        let Decision::After(last) = at(90, Failure::Cut) else {
            unreachable!()
        };
        assert!(last > Duration::from_secs(3) && last <= Duration::from_secs(4));
        let asked = Failure::Status(429, Some(Duration::from_secs(7)));
        assert_eq!(at(1, asked), Decision::After(Duration::from_secs(7)));
        assert_eq!(at(1, Failure::Status(429, Some(Duration::MAX))), Decision::Stop);
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now = httpdate::parse_http_date("Fri, 02 Jan 2026 03:04:05 GMT").unwrap();
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(
            retry_after("Fri, 02 Jan 2026 03:05:05 GMT", now),
            Some(Duration::from_secs(60))
        );
        assert_eq!(retry_after("Fri, 02 Jan 2026 03:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(
            retry_after("99999999999999999999999", now),
            Some(Duration::from_secs(u64::MAX))
        );
        for nonsense in ["", "soon", "-1", "1.5", "12 seconds"] {
            assert_eq!(retry_after(nonsense, now), None, "{nonsense}");
        }
    }
}
