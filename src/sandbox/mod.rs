//! A sandbox: the four systems on one loopback port, served by a thread of its own, with faults on demand and a journal
//! of what was asked. It holds made-up data only and listens on 127.0.0.1 only.

mod auth;
mod bamboo_agents;
mod exchange;
mod faults;
mod governance_lifecycle;
mod jobs;
mod journal;
mod masking;
mod payload;
mod sd_elements;
mod sectona;
mod server;
mod tls;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

pub use auth::Credentials;
pub use bamboo_agents::{BambooApi, MaintenanceSettings};
pub use faults::{DropPoint, Fault, Faults, Redirect};
pub use jobs::{JobEnd, JobProgress};
pub use journal::{Entry, Filter, Journal};
pub use sectona::{Account, ResultForm};
pub use tls::Tls;

pub use crate::core::error::System;

use crate::core::generation::Generation;
use server::{Orders, Shared, World};

/// How a sandbox starts.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The port; 0 takes any free one.
    pub port: u16,
    /// The family of paths of the Bamboo plugin.
    pub bamboo_api: BambooApi,
    /// Serves https.
    pub tls: Option<Tls>,
}

/// Set when the thread has ended.
type Ended = Arc<(Mutex<bool>, Condvar)>;

/// Wakes those who wait for the thread, however it ends.
struct EndSignal(Ended);

impl Drop for EndSignal {
    fn drop(&mut self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }
}

/// A running sandbox. It stops when it is dropped.
pub struct Sandbox {
    shared: Arc<Shared>,
    port: u16,
    process: Generation,
    orders: watch::Sender<Orders>,
    ended: Ended,
    thread: Mutex<Option<JoinHandle<io::Result<()>>>>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("url", &self.shared.url)
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Starts a sandbox. When it returns, the port accepts connections.
    ///
    /// # Errors
    /// When the port is taken or a thread cannot be started.
    pub fn start(options: Options) -> io::Result<Sandbox> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let credentials = Credentials::random();
        let mut world = World {
            governance: governance_lifecycle::State::new(&credentials),
            sde: sd_elements::State::new(),
            sectona: sectona::State::new(&credentials),
            bamboo: bamboo_agents::State::new(),
        };
        world.bamboo.api = options.bamboo_api;
        let mut secrets = credentials.secrets();
        secrets.extend(world.sectona.secrets());
        secrets.extend(sd_elements::secrets());
        let tls = options.tls.as_ref().map(Tls::acceptor).transpose()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://127.0.0.1:{port}");
        let shared = Arc::new(Shared::new(url, credentials, tls, world));
        shared.journal.protect(secrets);

        let (orders, received) = watch::channel(Orders::default());
        let ended = Ended::default();
        let (for_thread, at_end) = (Arc::clone(&shared), EndSignal(Arc::clone(&ended)));
        let runtime = server::new_runtime()?;
        let thread = std::thread::Builder::new()
            .name("infosecops-sandbox".to_owned())
            .spawn(move || {
                let _at_end = at_end;
                server::serve(&runtime, listener, for_thread, received)
            })?;
        Ok(Sandbox {
            shared,
            port,
            process: Generation::current(),
            orders,
            ended,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// The address of all four systems, such as `http://127.0.0.1:49152`.
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The credentials of this sandbox.
    pub fn credentials(&self) -> &Credentials {
        &self.shared.credentials
    }

    /// System, address, name and value of each credential.
    pub fn describe(&self) -> Vec<(System, String, &'static str, String)> {
        let row = |(system, name, value): (System, &'static str, &str)| {
            (system, self.shared.url.clone(), name, value.to_owned())
        };
        self.shared.credentials.named().into_iter().map(row).collect()
    }

    /// The journal.
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// The faults.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Sets how jobs and review runs advance that are started from now on.
    pub fn set_job_progress(&self, progress: JobProgress, end: JobEnd) {
        let mut world = self.shared.world();
        let schedule = jobs::Schedule { progress, end };
        world.governance.schedule = schedule.clone();
        world.sde.schedule = schedule;
    }

    /// Ends a started SD Elements job. Without a kind, the newest one with this id. False when there is none to end.
    pub fn finish_job(&self, kind: Option<&str>, id: u64, end: &JobEnd) -> bool {
        self.shared.world().sde.finish_job(kind, id, end)
    }

    /// Ends a G&L review run: completed with a new review, or aborted. False when there is none to end.
    pub fn finish_run(&self, id: u64, succeeded: bool) -> bool {
        self.shared.world().governance.finish_run(id, succeeded)
    }

    /// Makes every G&L token invalid, the ready-made ones too. New ones come from a login.
    pub fn expire_gl_tokens(&self) {
        self.shared.world().governance.expire_tokens();
    }

    /// The coverage that was uploaded to a G&L review result or definition.
    pub fn gl_coverage(&self, id: u64) -> Option<String> {
        self.shared.world().governance.coverage_of(id)
    }

    /// The accounts in Sectona's vault.
    pub fn sectona_accounts(&self) -> Vec<Account> {
        self.shared.world().sectona.accounts.clone()
    }

    /// Gives an account in Sectona's vault another password. False if there is no such account.
    pub fn set_sectona_password(&self, account_name: &str, password: &str) -> bool {
        self.shared.journal.protect([password.to_owned()]);
        self.shared.world().sectona.set_password(account_name, password)
    }

    /// Takes an account into Sectona's vault. False if its asset has one of this name.
    pub fn add_sectona_account(&self, asset_type: &str, asset_host: &str, account_name: &str, password: &str) -> bool {
        self.shared.journal.protect([password.to_owned()]);
        let mut world = self.shared.world();
        world
            .sectona
            .add_account(asset_type, asset_host, account_name, password)
    }

    /// Sets how Sectona sends `Result`.
    pub fn set_sectona_result_form(&self, form: ResultForm) {
        self.shared.world().sectona.result_form = form;
    }

    /// Sets which family of paths the Bamboo plugin answers.
    pub fn set_bamboo_api(&self, api: BambooApi) {
        self.shared.world().bamboo.api = api;
    }

    /// Uuid and name of the Bamboo plugin's tokens.
    pub fn bamboo_tokens(&self) -> Vec<(String, String)> {
        self.shared.world().bamboo.tokens()
    }

    /// Makes an agent busy or idle; with `polls`, it becomes idle after so many questions. False for an unknown agent.
    pub fn set_agent_busy(&self, id: u64, busy: bool, polls: Option<u32>) -> bool {
        self.shared.world().bamboo.set_busy(id, busy, polls)
    }

    /// Sets whether agents may be in maintenance, and how many at a time.
    pub fn set_maintenance(&self, settings: MaintenanceSettings) {
        self.shared.world().bamboo.maintenance = settings;
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Closes all idle connections, and busy ones after their answer. Returns before it is done.
    pub fn close_idle_connections(&self) {
        self.orders.send_modify(|orders| orders.close_idle += 1);
    }

    /// Closes connections without a word when they have been idle for so long; None (the start) keeps them.
    pub fn set_idle_timeout(&self, timeout: Option<Duration>) {
        self.orders.send_modify(|orders| orders.idle_timeout = timeout);
    }

    /// Waits until the sandbox has stopped, or for so long. Tells whether it has stopped.
    pub fn wait(&self, timeout: Option<Duration>) -> bool {
        // A forked child has no thread to wait for.
        if !self.process.is_current() {
            return true;
        }
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut ended = self.ended.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !*ended {
            ended = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                None => self.ended.1.wait(ended).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return false,
                Some(left) => {
                    self.ended
                        .1
                        .wait_timeout(ended, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
        true
    }

    /// Stops the sandbox: cuts all connections and waits for its thread. Does nothing the second time.
    pub fn stop(&self) {
        // A forked child has no such thread: joining it would never end.
        if !self.process.is_current() {
            return;
        }
        self.orders.send_modify(|orders| orders.stop = true);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        match thread {
            Some(thread) => drop(thread.join()),
            None => {
                self.wait(None);
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop();
    }
}
