//! The HTTP client of one runtime: straight to the server, or through a proxy. It follows no redirect and reads no
//! environment variable: see [`Roots`].

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::task::yield_now;

use super::address::Address;
use super::body::Watched;
use super::cause::{Broken, CutShort};
use super::config::Settings;
use super::content_encoding::{Encoding, Step, Undecodable};
pub use super::direct::Reactor;
use super::direct::{self, Direct};
use super::error::Error;
use super::roots::Roots;

/// How long a connection through a proxy waits: its buffers may hold a secret, and can't be wiped while it is open.
const IDLE_LIMIT: Duration = Duration::from_secs(1);

/// How requests leave, and over which connections.
#[derive(Clone)]
pub enum Http {
    /// Straight to the server.
    Direct(Arc<Direct>),
    /// Through a proxy.
    Proxied(reqwest::Client),
}

/// How many pieces a body gives in a row before other calls, the deadline and signals have their turn.
const PIECES_MAX: u32 = 32;

/// The body of an answer.
pub(super) struct Body {
    wire: Wire,
    encoding: Encoding,
    pieces: u32,
}

/// The body as it is sent.
enum Wire {
    Direct(direct::Body),
    Proxied { body: reqwest::Body, is_http2: bool },
}

/// Has the system close a connection to which no byte could be written for so long: the rest of an upload that the server
/// or the proxy did not wait for.
#[cfg(any(target_os = "android", target_os = "linux"))]
fn with_upload_limit(builder: reqwest::ClientBuilder, limit: Duration) -> reqwest::ClientBuilder {
    builder.tcp_user_timeout(limit)
}

#[cfg(not(any(target_os = "android", target_os = "linux")))]
fn with_upload_limit(builder: reqwest::ClientBuilder, _: Duration) -> reqwest::ClientBuilder {
    builder
}

/// Builds the HTTP client for these settings, once a runtime.
pub fn build_http(settings: &Settings, roots: &Roots) -> Result<Http, Error> {
    match settings.route.to_reqwest()? {
        None => {
            // Nothing here will ever speak TLS without it, so no store is needed.
            let tls = settings.is_https.then(|| roots.tls(settings)).transpose()?;
            Ok(Http::Direct(Arc::new(Direct::new(tls, settings.connect_timeout))))
        }
        Some(proxy) => with_upload_limit(reqwest::Client::builder(), settings.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(settings.connect_timeout)
            .pool_idle_timeout(IDLE_LIMIT)
            .no_proxy()
            .proxy(proxy)
            .tls_backend_preconfigured(roots.tls(settings)?.as_ref().clone())
            .build()
            .map(Http::Proxied)
            .map_err(|error| Error::config(format!("the HTTP client could not be set up: {error}"))),
    }
}

impl Http {
    /// Whether a call finds a connection that it can have for itself.
    pub fn has_idle(&self) -> bool {
        match self {
            Self::Direct(direct) => direct.has_idle(),
            Self::Proxied(_) => false,
        }
    }

    /// Whether any connection may wait, for which the runtime has to be turned now and then.
    pub fn has_open(&self) -> bool {
        match self {
            Self::Direct(direct) => direct.has_open(),
            Self::Proxied(_) => true,
        }
    }

    /// Sends a request and gives the head of its answer, with the body still to come. With a reactor, it is the one of the
    /// event loop whose thread this is.
    pub(super) async fn send(
        &self,
        request: http::Request<Watched>,
        address: &Address<'_>,
        reactor: Option<&Arc<Reactor>>,
    ) -> Result<http::Response<Body>, Broken> {
        let response = match self {
            Self::Direct(direct) => direct.send(request, address, reactor).await?.map(Wire::Direct),
            Self::Proxied(client) => {
                // A runtime that slept does not know which connections were closed meanwhile: it polls their sockets, then
                // has the tasks run that wait for them.
                yield_now().await;
                yield_now().await;
                let (head, body) = request.into_parts();
                let mut request = reqwest::Request::new(head.method, address.url().into_owned());
                *request.headers_mut() = head.headers;
                *request.body_mut() = Some(reqwest::Body::wrap(body));
                let response = client.execute(request).await.map_err(proxied)?;
                let is_http2 = response.version() == http::Version::HTTP_2;
                http::Response::from(response).map(|body| Wire::Proxied { body, is_http2 })
            }
        };
        let (mut head, wire) = response.into_parts();
        let encoding = Encoding::take(&mut head.headers);
        let body = Body {
            wire,
            encoding,
            pieces: 0,
        };
        Ok(http::Response::from_parts(head, body))
    }
}

impl Body {
    /// Notes that no byte of it may be left when it was read.
    pub(super) fn hold_secret(&mut self) {
        if let Wire::Direct(body) = &mut self.wire {
            body.hold_secret();
        }
    }

    /// How long the whole is, if the server said so.
    pub(super) fn announced(&self) -> Option<u64> {
        match (&self.encoding, &self.wire) {
            (Encoding::Identity, Wire::Direct(body)) => body.announced(),
            (Encoding::Identity, Wire::Proxied { body, .. }) => body.size_hint().exact(),
            _ => None,
        }
    }

    /// The next piece, decoded; None after the last.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            self.pieces += 1;
            if self.pieces.is_multiple_of(PIECES_MAX) {
                yield_now().await;
            }
            match &mut self.encoding {
                Encoding::Identity => return self.wire.piece().await,
                Encoding::Unknown(name) => {
                    let name = std::mem::take(name);
                    // What is empty needs no decoding.
                    return match self.wire.piece().await? {
                        Some(_) => Err(Broken::Content(Undecodable::Unknown(name))),
                        None => Ok(None),
                    };
                }
                Encoding::Gzip(gunzip) => match gunzip.step().map_err(Broken::Content)? {
                    Step::Decoded(piece) => return Ok(Some(piece)),
                    Step::Again => {}
                    Step::Hungry => match self.wire.piece().await? {
                        Some(piece) => gunzip.feed(piece),
                        None => gunzip.finish(),
                    },
                    Step::End => return Ok(None),
                },
            }
        }
    }
}

impl Wire {
    async fn piece(&mut self) -> Result<Option<Bytes>, Broken> {
        match self {
            Self::Direct(body) => body.piece().await,
            Self::Proxied { body, is_http2 } => loop {
                let Some(frame) = body.frame().await else {
                    // As in `direct::Body`.
                    return match *is_http2 && !body.is_end_stream() {
                        true => Err(Broken::Exchange(CutShort.into())),
                        false => Ok(None),
                    };
                };
                if let Ok(piece) = frame.map_err(proxied)?.into_data() {
                    return Ok(Some(piece));
                }
            },
        }
    }
}

/// The URL may hold a secret.
fn proxied(error: reqwest::Error) -> Broken {
    Broken::Proxied(error.without_url())
}
