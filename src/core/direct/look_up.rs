//! Names of hosts, by the system's own resolver. It blocks a thread for as long as it waits: each name is looked up once at
//! a time, whoever asks for it, so that a slow one costs one thread.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use std::vec;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tokio::time::Instant;
use tower_service::Service;

/// What is still under way after this long is old news once it comes.
const LOOK_UP_MAX: Duration = Duration::from_secs(60);

/// The host's name leads nowhere.
#[derive(Clone, Debug, thiserror::Error)]
#[error("error resolving DNS")]
pub(in crate::core) struct NoAddress(#[source] Arc<io::Error>);

type Found = Result<Arc<[SocketAddr]>, NoAddress>;
type LookUp = Shared<BoxFuture<'static, Found>>;

/// Those of one runtime.
#[derive(Clone, Default)]
pub(super) struct Resolver(Arc<Mutex<HashMap<String, (LookUp, Instant)>>>);

impl Resolver {
    fn running(&self) -> MutexGuard<'_, HashMap<String, (LookUp, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one under way for this name, or a new one. One that nobody waits for any more goes on, for the next who asks.
    fn look_up(&self, name: Name) -> LookUp {
        let key = name.as_str().to_owned();
        let mut running = self.running();
        if let Some((look_up, begun)) = running.get(&key)
            && begun.elapsed() < LOOK_UP_MAX
        {
            return look_up.clone();
        }
        let look_up = async move {
            let found = GaiResolver::new().call(name).await;
            found.map(Arc::from_iter).map_err(|error| NoAddress(Arc::new(error)))
        };
        let look_up = look_up.boxed().shared();
        running.insert(key.clone(), (look_up.clone(), Instant::now()));
        drop(running);
        let (this, driven) = (self.clone(), look_up.clone());
        // What came is told to those who wait, and to nobody later.
        tokio::spawn(async move {
            drop(driven.clone().await);
            let mut running = this.running();
            if running.get(&key).is_some_and(|(look_up, _)| look_up.ptr_eq(&driven)) {
                running.remove(&key);
            }
        });
        look_up
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = NoAddress;
    type Future = BoxFuture<'static, Result<Self::Response, NoAddress>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoAddress>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let look_up = self.look_up(name);
        async move { look_up.await.map(|found| Vec::from(&*found).into_iter()) }.boxed()
    }
}
