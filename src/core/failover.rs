//! Several servers that hold the same: which one is asked first, and which next when nobody answers there.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::config::clean_base;
use super::error::{Error, Kind};
use super::proxy::Route;
use super::retry::Failure;

/// After this time the first server is asked first again, by one call; the others stay where they are until it answers.
pub const GO_BACK_AFTER: Duration = Duration::from_secs(60);

/// Checks further URLs like the first one. Gives their bases, and whether any of them is https.
pub(super) fn checked(
    urls: &[String],
    base: &str,
    (api_paths, allow_http): (&[&[&str]], bool),
    (proxy, route): (Option<&str>, &Route),
) -> Result<(Vec<String>, bool), Error> {
    let mut bases = Vec::with_capacity(urls.len());
    let mut any_https = false;
    for (index, url) in urls.iter().enumerate() {
        let placed = |why: &str| Error::config(format!("failover[{index}]: {why}"));
        let (other, is_https) = clean_base(url, api_paths, allow_http)
            .map_err(|error| placed(error.message().trim_start_matches("url: ")))?;
        if other == base || bases.contains(&other) {
            return Err(placed("is the same server once more"));
        }
        let way = Route::choose(proxy, &other, allow_http).map_err(|error| placed(error.message()))?;
        if way.shown() != route.shown() {
            return Err(placed(
                "is reached through another proxy than url; name one for both as proxy=",
            ));
        }
        any_https |= is_https;
        bases.push(other);
    }
    Ok((bases, any_https))
}

/// The servers of one client in one process.
pub struct Servers {
    bases: Vec<String>,
    state: Mutex<State>,
}

struct State {
    /// The one that worked last.
    preferred: usize,
    /// When the first one was last given up.
    since: Instant,
}

impl Servers {
    /// None where there is but one.
    pub fn new(first: &str, others: &[String]) -> Option<Self> {
        let mut bases = vec![first.to_owned()];
        bases.extend_from_slice(others);
        let state = State {
            preferred: 0,
            since: Instant::now(),
        };
        (!others.is_empty()).then(|| Self {
            bases,
            state: Mutex::new(state),
        })
    }

    /// The order in which a call tries them.
    fn order(&self, now: Instant) -> Vec<usize> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut order = vec![state.preferred];
        if state.preferred != 0 && now.duration_since(state.since) >= GO_BACK_AFTER {
            state.since = now;
            order.insert(0, 0);
        }
        let others = (0..self.bases.len()).filter(|index| !order.contains(index));
        let others: Vec<usize> = others.collect();
        order.extend(others);
        order
    }

    fn worked(&self, index: usize, now: Instant) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.preferred != index {
            *state = State {
                preferred: index,
                since: now,
            };
        }
    }
}

/// The way of one call from server to server.
pub(super) struct Tour<'s> {
    servers: Option<&'s Servers>,
    only: &'s str,
    order: Vec<usize>,
    place: usize,
    unreached: Vec<String>,
}

impl<'s> Tour<'s> {
    /// Begins with the server that is to be asked first.
    pub fn new(base: &'s str, servers: Option<&'s Servers>) -> Self {
        Self {
            servers,
            only: base,
            order: servers.map_or_else(Vec::new, |servers| servers.order(Instant::now())),
            place: 0,
            unreached: Vec::new(),
        }
    }

    /// The server to ask now.
    pub fn base(&self) -> &'s str {
        let chosen = self.order.get(self.place).zip(self.servers);
        chosen
            .and_then(|(index, servers)| servers.bases.get(*index))
            .map_or(self.only, String::as_str)
    }

    /// Those that were asked in vain.
    pub fn unreached(&self) -> &[String] {
        &self.unreached
    }

    /// Goes to the next server, if this one was provably not reached and there is another.
    pub fn goes_on(&mut self, failure: Failure, error: &Error) -> bool {
        let is_unreached = failure == Failure::NotSent && matches!(error.kind(), Kind::Connect | Kind::Proxy);
        if !is_unreached || self.place + 1 >= self.order.len() {
            return false;
        }
        let base = self.base().to_owned();
        if !self.unreached.contains(&base) {
            self.unreached.push(base);
        }
        self.place += 1;
        true
    }

    /// Begins anew.
    pub fn restart(&mut self) {
        self.place = 0;
    }

    /// An answer came.
    pub fn worked(&self) {
        if let (Some(servers), Some(index)) = (self.servers, self.order.get(self.place)) {
            servers.worked(*index, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(count: usize) -> Servers {
        let others: Vec<String> = (1..count).map(|number| format!("https://s{number}")).collect();
        Servers::new("https://s0", &others).unwrap()
    }

    #[test]
    fn the_one_that_worked_last_is_first_until_the_time_is_up() {
        let servers = servers(3);
        let begun = Instant::now();
        assert_eq!(servers.order(begun), [0, 1, 2]);
        servers.worked(2, begun);
        assert_eq!(servers.order(begun + GO_BACK_AFTER / 2), [2, 0, 1]);
        // One call looks whether the first is back; the others do not wait for it.
        let later = begun + GO_BACK_AFTER;
        assert_eq!(servers.order(later), [0, 2, 1]);
        assert_eq!(servers.order(later), [2, 0, 1]);
        // It is not.
        servers.worked(2, later);
        assert_eq!(servers.order(later + GO_BACK_AFTER / 2), [2, 0, 1]);
        // It is.
        assert_eq!(servers.order(later + GO_BACK_AFTER), [0, 2, 1]);
        servers.worked(0, later + GO_BACK_AFTER);
        assert_eq!(servers.order(later + GO_BACK_AFTER), [0, 1, 2]);
    }

    #[test]
    fn only_what_was_not_reached_leads_on() {
        let servers = servers(2);
        let error = |kind| Error::config("x").with_kind(kind);
        for (failure, kind) in [
            (Failure::Cut, Kind::Connect),
            (Failure::NotSent, Kind::Transport),
            (Failure::Permanent, Kind::Proxy),
            (Failure::Permanent, Kind::Tls),
            (Failure::Permanent, Kind::Deadline),
        ] {
            let mut tour = Tour::new("https://s0", Some(&servers));
            assert!(!tour.goes_on(failure, &error(kind)), "{failure:?} {kind:?}");
        }
        let mut tour = Tour::new("https://s0", Some(&servers));
        assert!(tour.goes_on(Failure::NotSent, &error(Kind::Connect)));
        assert_eq!(
            (tour.base(), tour.unreached()),
            ("https://s1", &["https://s0".to_owned()][..])
        );
        assert!(!tour.goes_on(Failure::NotSent, &error(Kind::Connect)));
        assert!(!Tour::new("https://s0", None).goes_on(Failure::NotSent, &error(Kind::Connect)));
    }

    #[test]
    fn further_urls_are_checked_like_the_first() {
        let check = |url: &str| {
            let urls = [url.to_owned()];
            checked(
                &urls,
                "https://s0",
                (&[&["API"]], false),
                (Some("direct"), &Route::Direct),
            )
        };
        assert_eq!(
            check("https://s1/pam/API").unwrap(),
            (vec!["https://s1/pam".to_owned()], true)
        );
        for url in ["http://s1", "https://u:hunter22@s1", "https://s0/", "s1", ""] {
            let error = check(url).unwrap_err();
            assert!(error.message().starts_with("failover[0]: "), "{error}");
            assert!(!error.message().contains("hunter22"));
        }
    }
}
