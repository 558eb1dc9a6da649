//! The way to a server, straight or through a proxy: a request goes out on an idle connection, or on a new one.

mod allowance;
mod base;
mod body;
mod connect;
mod first;
mod head;
mod http1;
mod http2;
mod line;
mod look_up;
mod pool;
#[cfg_attr(not(unix), path = "no_reactor.rs")]
mod reactor;
mod socks;
mod tunnel;
mod way;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{self, HeaderValue};
use http::uri::{PathAndQuery, Uri};
use http_body::Body as _;
use rustls::ClientConfig;
use tokio::time::timeout;

use self::allowance::Grant;
pub use self::allowance::{Allowance, Queued};
use self::body::Awaited;
pub(super) use self::body::Body;
use self::connect::Connector;
pub(super) use self::connect::TookTooLong;
use self::first::First;
pub(super) use self::head::Unreadable;
pub(super) use self::look_up::NoAddress;
use self::pool::{Pool, Reuse, Sender};
pub use self::reactor::Reactor;
pub(super) use self::way::NoWay;
use super::address::Address;
use super::body::{Upload, Watched};
use super::cause::Broken;
use super::config::Settings;
use super::error::Error;
use super::retry::Effect;

/// How long calls wait for the first connection to a server that may serve all of them on it. One that stalls holds nobody
/// up for longer.
const HEAD_START: Duration = Duration::from_millis(500);

/// The connections of one runtime.
pub struct Direct {
    connector: Connector,
    allowance: Arc<Allowance>,
    /// Few: one a server.
    origins: Mutex<Vec<Arc<Origin>>>,
}

/// Scheme, host and port, with the connections to it.
struct Origin {
    /// As a URL begins with it.
    text: String,
    /// The same with the path `/`.
    uri: Uri,
    host: HeaderValue,
    pool: Arc<Pool>,
}

impl Direct {
    /// Without `tls`, no https URL can be reached.
    pub(super) fn new(
        tls: Option<Arc<ClientConfig>>,
        settings: &Settings,
        allowance: &Arc<Allowance>,
    ) -> Result<Self, Error> {
        Ok(Self {
            connector: Connector::new(tls, settings)?,
            allowance: allowance.clone(),
            origins: Mutex::default(),
        })
    }

    /// Sends a request and gives the head of its answer. A connection that the server closed is left. One of which it
    /// turns out that it was closed before a byte was written gives the request back, and another one is taken. With a
    /// reactor, it is the one of the event loop whose thread this is. `queued` says how long it waited for its turn.
    pub(super) async fn send(
        &self,
        mut request: http::Request<Watched>,
        (address, effect): (&Address<'_>, Effect),
        reactor: Option<&Arc<Reactor>>,
        queued: &mut Queued,
    ) -> Result<http::Response<Body>, Broken> {
        let origin = self.origin(address)?;
        let reuse = Reuse::of(effect);
        let path = bytes::Bytes::copy_from_slice(address.path().as_bytes());
        let path = PathAndQuery::from_maybe_shared(path).map_err(|_| no_uri())?;
        loop {
            let (mut sender, first) = match self.waiting(&origin, reuse) {
                Some(sender) => (sender, None),
                // Boxed, so that a call which needs no new connection stays small.
                None => Box::pin(self.another(&origin, reuse, queued)).await?,
            };
            if first.is_none() && !sender.is_open(reactor).await {
                continue;
            }
            let mut upload = Upload::default();
            let sent = match &mut sender {
                Sender::Http1(http1) => {
                    request.headers_mut().insert(header::HOST, origin.host.clone());
                    *request.uri_mut() = match self.connector.forwards(&origin.uri) {
                        None => Uri::from(path.clone()),
                        Some(login) => {
                            if let Some(login) = login {
                                let headers = request.headers_mut();
                                headers
                                    .entry(header::PROXY_AUTHORIZATION)
                                    .or_insert_with(|| login.clone());
                            }
                            origin.absolute(&path)?
                        }
                    };
                    http1.send(request).await
                }
                Sender::Http2(http2) => {
                    request.headers_mut().remove(header::HOST);
                    upload = request.body_mut().upload();
                    *request.uri_mut() = origin.absolute(&path)?;
                    let awaited = Awaited::new(&http2.running, &origin.pool, !request.body().is_end_stream());
                    let sent = http2.sender.try_send_request(request).await;
                    awaited.has_come();
                    sent
                }
            };
            match sent {
                Ok(response) => return Ok(body::answered(response, sender, &origin.pool, upload)),
                Err(mut error) => match (error.take_message(), first) {
                    (Some(unsent), None) => request = unsent,
                    (_, first) => {
                        let error = sender.explained(error.into_error());
                        return Err(first.unwrap_or_default().broken(error));
                    }
                },
            }
        }
    }

    /// A connection that waits, unless others wait for one.
    fn waiting(&self, origin: &Origin, reuse: Reuse) -> Option<Sender> {
        let mut left = Vec::new();
        match self.allowance.is_sought() {
            true => None,
            false => origin.pool.take(reuse, &mut left),
        }
    }

    /// A new connection, or one that has come free meanwhile.
    async fn another(
        &self,
        origin: &Origin,
        reuse: Reuse,
        queued: &mut Queued,
    ) -> Result<(Sender, Option<First>), Broken> {
        let pool = &origin.pool;
        let mut _turn = None;
        if let Some(first) = pool.first() {
            _turn = timeout(HEAD_START, first.acquire()).await.ok();
            if pool.first().is_none() {
                _turn = None;
            }
            if let Some(sender) = self.waiting(origin, reuse) {
                return Ok((sender, None));
            }
        }
        match self.allowance.turn(pool, reuse, queued).await {
            Grant::Connection(sender) => Ok((sender, None)),
            Grant::Permit(permit) => {
                let opened = self.connector.open(origin, permit).await?;
                Ok((opened.sender, Some(opened.first)))
            }
        }
    }

    /// Whether a connection waits that a call can have for itself.
    pub(super) fn has_idle(&self) -> bool {
        let origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        origins.iter().any(|origin| origin.pool.has_idle())
    }

    /// Whether any connection waits.
    pub(super) fn has_open(&self) -> bool {
        let origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        origins.iter().any(|origin| origin.pool.has_open())
    }

    fn origin(&self, address: &Address<'_>) -> Result<Arc<Origin>, Broken> {
        let text = address.origin();
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = origins.iter().find(|origin| origin.text == text) {
            return Ok(known.clone());
        }
        let made = Arc::new(Origin {
            text: text.to_owned(),
            uri: format!("{text}/").parse().map_err(|_| no_uri())?,
            host: HeaderValue::from_str(address.authority()).map_err(|_| no_uri())?,
            pool: Pool::new(self.allowance.clone(), !text.starts_with("https:")),
        });
        origins.push(made.clone());
        Ok(made)
    }
}

impl Origin {
    fn absolute(&self, path: &PathAndQuery) -> Result<Uri, Broken> {
        let mut parts = self.uri.clone().into_parts();
        parts.path_and_query = Some(path.clone());
        Uri::from_parts(parts).map_err(|_| no_uri())
    }
}

fn no_uri() -> Broken {
    Broken::Exchange("Parsed Url is not a valid Uri".into())
}
