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
use super::cause::Broken;
use super::config::Settings;
pub use super::direct::Reactor;
use super::direct::{self, Direct};
use super::error::Error;
use super::roots::Roots;

/// How requests leave, and over which connections.
#[derive(Clone)]
pub enum Http {
    /// Straight to the server.
    Direct(Arc<Direct>),
    /// Through a proxy.
    Proxied(reqwest::Client),
}

/// The body of an answer.
pub(super) enum Body {
    Direct(direct::Body),
    Proxied(reqwest::Body),
}

/// Builds the HTTP client for these settings, once a runtime.
pub fn build_http(settings: &Settings, roots: &Roots) -> Result<Http, Error> {
    match settings.route.to_reqwest()? {
        None => {
            // Nothing here will ever speak TLS without it, so no store is needed.
            let tls = settings.is_https.then(|| roots.tls(settings)).transpose()?;
            Ok(Http::Direct(Arc::new(Direct::new(tls, settings.connect_timeout))))
        }
        Some(proxy) => reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(settings.connect_timeout)
            .pool_idle_timeout(Duration::from_secs(30))
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

    /// Sends a request and gives the head of its answer, with the body still to come. With a reactor, it is the one of the
    /// event loop whose thread this is.
    pub(super) async fn send(
        &self,
        request: http::Request<Watched>,
        address: &Address<'_>,
        reactor: Option<&Arc<Reactor>>,
    ) -> Result<http::Response<Body>, Broken> {
        match self {
            Self::Direct(direct) => Ok(direct.send(request, address, reactor).await?.map(Body::Direct)),
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
                Ok(http::Response::from(response).map(Body::Proxied))
            }
        }
    }
}

impl Body {
    /// How long the whole is, if the server said so.
    pub(super) fn announced(&self) -> Option<u64> {
        match self {
            Self::Direct(body) => body.announced(),
            Self::Proxied(body) => body.size_hint().exact(),
        }
    }

    /// The next piece, decompressed; None after the last.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Broken> {
        match self {
            Self::Direct(body) => body.piece().await,
            Self::Proxied(body) => loop {
                let Some(frame) = body.frame().await else {
                    return Ok(None);
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
