//! Accounts kept in memory for a time, for callers who chose that; and one request for all who ask for the same at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::account::VaultAccount;
use super::vault::AccountRequest;
use crate::core::error::{Error, Kind, Outcome};
use crate::core::transport::Call;

type Asked = watch::Receiver<Option<Result<VaultAccount, Error>>>;

/// Has what expires wiped in time: runs [`sweep`] somewhere. Without one, the next use of the cache wipes it.
pub type Sweeper = Box<dyn Fn(Weak<Cache>) + Send + Sync>;

/// The accounts of one client in one process. Time is tokio's, so that tests can stop and advance it.
pub struct Cache {
    ttl: Duration,
    sweeper: Option<Sweeper>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    kept: HashMap<AccountRequest, Kept>,
    asked: HashMap<AccountRequest, Asked>,
    /// Counts requests: an answer never replaces that of a later request.
    requests: u64,
    /// Answers to requests that are older than the last wiping are not kept.
    wiped_at: u64,
    is_swept: bool,
}

struct Kept {
    account: VaultAccount,
    until: Instant,
    number: u64,
}

enum Part<'c> {
    Kept(VaultAccount),
    Follow(Asked),
    Lead(Lead<'c>),
}

impl Cache {
    /// Keeps accounts for `ttl`.
    pub fn new(ttl: Duration, sweeper: Option<Sweeper>) -> Arc<Self> {
        Arc::new(Self {
            ttl,
            sweeper,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wipes all that is kept, and keeps nothing of requests on their way. What was handed out stays.
    pub fn wipe(&self) {
        self.state().wipe();
    }

    /// The same in a forked child, for the copy of the parent's memory: its locks may be held for ever.
    pub fn wipe_copy(&self) {
        match self.state.try_lock() {
            Ok(mut state) => state.wipe(),
            Err(TryLockError::Poisoned(error)) => error.into_inner().wipe(),
            Err(TryLockError::WouldBlock) => {}
        }
    }

    /// Gives what is kept; else what the request gives that is on its way; else asks. A `fresh` one asks at once.
    pub(super) async fn get<F: Future<Output = Result<VaultAccount, Error>>>(
        self: &Arc<Self>,
        call: &Call,
        operation: &str,
        account: &AccountRequest,
        fresh: bool,
        ask: impl Fn() -> F,
    ) -> Result<VaultAccount, Error> {
        loop {
            let part = if fresh {
                Part::Lead(self.lead_alone(account))
            } else {
                self.part(account)
            };
            match part {
                Part::Kept(account) => return Ok(account),
                Part::Follow(mut asked) => match timeout(call.remaining(), asked.wait_for(Option::is_some)).await {
                    Ok(Ok(answer)) => {
                        if let Some(answer) = &*answer {
                            return answer.clone().map_err(|error| error.of_operation(operation));
                        }
                    }
                    // Whoever asked gave up, or failed in a way that is its own: somebody else asks.
                    Ok(Err(_)) => {}
                    Err(_) => return Err(too_late(call, operation)),
                },
                Part::Lead(lead) => {
                    let answer = ask().await;
                    lead.end(self, &answer);
                    return answer;
                }
            }
        }
    }

    fn part(&self, account: &AccountRequest) -> Part<'_> {
        let mut state = self.state();
        state.drop_expired(Instant::now());
        if let Some(kept) = state.kept.get(account) {
            return Part::Kept(kept.account.clone());
        }
        if let Some(asked) = state.asked.get(account) {
            return Part::Follow(asked.clone());
        }
        let (sender, asked) = watch::channel(None);
        state.asked.insert(account.clone(), asked);
        Part::Lead(self.lead(&mut state, account, Some(sender)))
    }

    fn lead_alone(&self, account: &AccountRequest) -> Lead<'_> {
        self.lead(&mut self.state(), account, None)
    }

    fn lead(
        &self,
        state: &mut State,
        account: &AccountRequest,
        followers: Option<watch::Sender<Option<Result<VaultAccount, Error>>>>,
    ) -> Lead<'_> {
        state.requests += 1;
        Lead {
            cache: self,
            account: account.clone(),
            number: state.requests,
            followers,
        }
    }
}

impl State {
    fn wipe(&mut self) {
        self.kept.clear();
        self.wiped_at = self.requests;
    }

    fn drop_expired(&mut self, now: Instant) {
        self.kept.retain(|_, kept| now < kept.until);
    }
}

/// The one who asks.
struct Lead<'c> {
    cache: &'c Cache,
    account: AccountRequest,
    number: u64,
    followers: Option<watch::Sender<Option<Result<VaultAccount, Error>>>>,
}

impl Lead<'_> {
    fn end(mut self, shared: &Arc<Cache>, answer: &Result<VaultAccount, Error>) {
        let mut state = self.cache.state();
        let is_newest = state
            .kept
            .get(&self.account)
            .is_none_or(|kept| kept.number < self.number);
        if let Ok(account) = answer
            && is_newest
            && self.number > state.wiped_at
        {
            let kept = Kept {
                account: account.clone(),
                until: Instant::now() + self.cache.ttl,
                number: self.number,
            };
            state.kept.insert(self.account.clone(), kept);
            if let Some(sweeper) = self.cache.sweeper.as_ref().filter(|_| !state.is_swept) {
                state.is_swept = true;
                sweeper(Arc::downgrade(shared));
            }
        }
        let Some(followers) = self.followers.take() else { return };
        state.asked.remove(&self.account);
        drop(state);
        // What an error carries belongs to the call that failed.
        if answer.as_ref().err().is_none_or(|error| error.payload().is_none()) {
            followers.send_replace(Some(answer.clone()));
        }
    }
}

impl Drop for Lead<'_> {
    /// Given up: those who wait find nobody who asks.
    fn drop(&mut self) {
        if let Some(followers) = self.followers.take() {
            self.cache.state().asked.remove(&self.account);
            drop(followers);
        }
    }
}

fn too_late(call: &Call, operation: &str) -> Error {
    let message = "no answer in time to the request that another call made for this account";
    Error::new(Kind::Deadline, message, call.context(operation))
        .with_outcome(Outcome::Unknown)
        .settled_by(super::vault::RECIPE)
}

/// Wipes accounts when they expire, as long as there are any.
pub async fn sweep(cache: Weak<Cache>) {
    loop {
        let next = {
            let Some(cache) = cache.upgrade() else { return };
            let mut state = cache.state();
            state.drop_expired(Instant::now());
            let next = state.kept.values().map(|kept| kept.until).min();
            state.is_swept = next.is_some();
            next
        };
        match next {
            Some(next) => sleep_until(next).await,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt;
    use tokio::sync::Notify;
    use tokio::task::yield_now;

    use super::*;
    use crate::core::config::{Options, Settings};
    use crate::core::error::System;
    use crate::core::http_client::{Allowance, build_http};
    use crate::core::roots::Roots;

    const TTL: Duration = Duration::from_secs(60);

    fn call() -> Call {
        let mut options = Options::new("http://127.0.0.1:9");
        options.proxy = Some("direct".to_owned());
        let settings = Settings::new(System::Sectona, &[], &options).unwrap();
        let http = build_http(&settings, &Roots::default(), &Allowance::new(settings.max_connections)).unwrap();
        Call::new(Arc::new(settings), http, None)
    }

    fn request(name: &str) -> AccountRequest {
        AccountRequest {
            asset_type: "t".to_owned(),
            asset_host: "h".to_owned(),
            db_instance: String::new(),
            account_name: name.to_owned(),
            instance: "Default".to_owned(),
        }
    }

    fn account(number: usize) -> VaultAccount {
        VaultAccount::read(&format!(r#"{{"Password": "p{number}"}}"#)).unwrap()
    }

    /// A vault that gives another password each time.
    #[derive(Default)]
    struct Vault(AtomicUsize);

    impl Vault {
        async fn get(&self, cache: &Arc<Cache>, name: &str, fresh: bool) -> String {
            let ask = async || Ok(account(self.0.fetch_add(1, Ordering::Relaxed) + 1));
            let got = cache.get(&call(), "x", &request(name), fresh, ask).await.unwrap();
            got.password.expose().to_owned()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn accounts_are_kept_by_all_their_names_until_they_expire() {
        let (cache, vault) = (Cache::new(TTL, None), Vault::default());
        assert_eq!(vault.get(&cache, "a", false).await, "p1");
        assert_eq!(vault.get(&cache, "a", false).await, "p1");
        assert_eq!(vault.get(&cache, "b", false).await, "p2");
        tokio::time::advance(TTL - Duration::from_millis(1)).await;
        assert_eq!(vault.get(&cache, "a", false).await, "p1");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(vault.get(&cache, "a", false).await, "p3");
        // What has expired is gone, whoever is asked for.
        assert_eq!(cache.state().kept.len(), 1);
        assert_eq!(vault.get(&cache, "a", true).await, "p4");
        assert_eq!(vault.get(&cache, "a", false).await, "p4");
        cache.wipe();
        assert!(cache.state().kept.is_empty());
        assert_eq!(vault.get(&cache, "a", false).await, "p5");
        cache.wipe_copy();
        assert!(cache.state().kept.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_sweeper_wipes_in_time_and_ends() {
        let begun = Arc::new(AtomicUsize::new(0));
        let counted = begun.clone();
        let sweeper: Sweeper = Box::new(move |cache| {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(sweep(cache));
        });
        let (cache, vault) = (Cache::new(TTL, Some(sweeper)), Vault::default());
        vault.get(&cache, "a", false).await;
        tokio::time::sleep(TTL / 2).await;
        vault.get(&cache, "b", false).await;
        assert_eq!(begun.load(Ordering::Relaxed), 1);
        tokio::time::sleep(TTL / 2 + Duration::from_millis(5)).await;
        assert_eq!(cache.state().kept.len(), 1);
        tokio::time::sleep(TTL / 2).await;
        assert!(cache.state().kept.is_empty() && !cache.state().is_swept);
        vault.get(&cache, "a", false).await;
        assert_eq!(begun.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn all_who_ask_at_once_share_one_request_and_its_failure() {
        let (cache, asked, go) = (Cache::new(TTL, None), AtomicUsize::new(0), Notify::new());
        let (call, wanted) = (call(), request("a"));
        let ask = async || {
            asked.fetch_add(1, Ordering::Relaxed);
            go.notified().await;
            Err(Error::config("no"))
        };
        let one = || cache.get(&call, "x", &wanted, false, &ask);
        let release = async {
            for _ in 0..5 {
                yield_now().await;
            }
            go.notify_one();
        };
        let (first, second, third, ()) = tokio::join!(one(), one(), one(), release);
        for result in [first, second, third] {
            assert_eq!(result.unwrap_err().message(), "no");
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        let good = cache.get(&call, "x", &wanted, false, async || Ok(account(1))).await;
        assert!(good.is_ok());
    }

    #[tokio::test]
    async fn whoever_waits_goes_on_alone_when_the_one_who_asked_gives_up() {
        let cache = Cache::new(TTL, None);
        let (call, wanted) = (call(), request("a"));
        let mut given_up = Box::pin(cache.get(&call, "x", &wanted, false, async || std::future::pending().await));
        assert!((&mut given_up).now_or_never().is_none());
        let mut waiting = Box::pin(cache.get(&call, "x", &wanted, false, async || Ok(account(2))));
        assert!((&mut waiting).now_or_never().is_none());
        drop(given_up);
        assert_eq!(waiting.await.unwrap().password.expose(), "p2");
    }

    #[tokio::test]
    async fn late_answers_replace_nothing_newer_and_survive_no_wiping() {
        let cache = Cache::new(TTL, None);
        let (call, wanted, go) = (call(), request("a"), Notify::new());
        let slow = async || {
            go.notified().await;
            Ok(account(1))
        };
        let mut old = Box::pin(cache.get(&call, "x", &wanted, false, &slow));
        assert!((&mut old).now_or_never().is_none());
        let new = cache.get(&call, "x", &wanted, true, async || Ok(account(2))).await;
        assert_eq!(new.unwrap().password.expose(), "p2");
        go.notify_one();
        assert_eq!(old.await.unwrap().password.expose(), "p1");
        let vault = Vault::default();
        assert_eq!(vault.get(&cache, "a", false).await, "p2");

        let mut early = Box::pin(cache.get(&call, "x", &wanted, true, &slow));
        assert!((&mut early).now_or_never().is_none());
        cache.wipe();
        go.notify_one();
        assert!(early.await.is_ok());
        assert!(cache.state().kept.is_empty());
    }
}
