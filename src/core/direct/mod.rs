//! The way to a server, straight or through a proxy: a request goes out on an idle connection, or on a new one.

mod base;
mod body;
mod connect;
mod first;
mod http1;
mod line;
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
use rustls::ClientConfig;

pub(super) use self::body::Body;
use self::connect::Connector;
pub(super) use self::connect::{NoAddress, TookTooLong};
use self::pool::{Pool, Sender};
pub use self::reactor::Reactor;
pub(super) use self::way::NoWay;
use super::address::Address;
use super::body::{Upload, Watched};
use super::cause::Broken;
use super::error::Error;
use super::proxy::Route;

/// The connections of one runtime.
pub struct Direct {
    connector: Connector,
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
    pub(super) fn new(tls: Option<Arc<ClientConfig>>, connect_timeout: Duration, route: &Route) -> Result<Self, Error> {
        Ok(Self {
            connector: Connector::new(tls, connect_timeout, route)?,
            origins: Mutex::default(),
        })
    }

    /// Sends a request and gives the head of its answer. A connection that the server closed is left. One of which it
    /// turns out that it was closed before a byte was written gives the request back, and another one is taken. With a
    /// reactor, it is the one of the event loop whose thread this is.
    pub(super) async fn send(
        &self,
        mut request: http::Request<Watched>,
        address: &Address<'_>,
        reactor: Option<&Arc<Reactor>>,
    ) -> Result<http::Response<Body>, Broken> {
        let origin = self.origin(address)?;
        let path = bytes::Bytes::copy_from_slice(address.path().as_bytes());
        let path = PathAndQuery::from_maybe_shared(path).map_err(|_| no_uri())?;
        loop {
            let taken = origin.pool.take();
            let mut first = None;
            let mut sender = match taken {
                Some(mut sender) => match sender.is_open(reactor).await {
                    true => sender,
                    false => continue,
                },
                None => {
                    // Boxed, so that a call which needs no new connection stays small.
                    let opened = Box::pin(self.connector.open(&origin)).await?;
                    first = Some(opened.first);
                    opened.sender
                }
            };
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
                    http2.sender.try_send_request(request).await
                }
            };
            match sent {
                Ok(response) => return Ok(body::answered(response, sender, &origin.pool, upload)),
                Err(mut error) => match (error.take_message(), first) {
                    (Some(unsent), None) => request = unsent,
                    (_, first) => return Err(first.unwrap_or_default().broken(error.into_error().into())),
                },
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
            pool: Arc::default(),
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
