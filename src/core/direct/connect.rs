//! A new connection: name, TCP, TLS, and the protocol that the server chose. It belongs to the
//! runtime on which it was made, and ends when nobody holds it any more.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Uri;
use hyper::client::conn::http2;
use hyper::rt::Executor as _;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiAddrs, GaiResolver, Name};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ProtocolVersion};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::Origin;
use super::first::{First, Watching};
use super::http1::Http1;
use super::line::{Ear, Line};
use super::pool::{Http2, Running, Sender};
use crate::core::cause::{BoxError, Broken};

/// No connection within the limit.
#[derive(Debug, thiserror::Error)]
#[error("operation timed out")]
pub(in crate::core) struct TookTooLong;

/// The host's name leads nowhere.
#[derive(Debug, thiserror::Error)]
#[error("error resolving DNS")]
pub(in crate::core) struct NoAddress(#[source] io::Error);

/// Makes connections.
pub(super) struct Connector {
    tcp: HttpConnector<Resolver>,
    tls: Option<TlsConnector>,
    /// For name, TCP and TLS together.
    limit: Duration,
}

impl Connector {
    pub(super) fn new(tls: Option<Arc<ClientConfig>>, limit: Duration) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver(GaiResolver::new()));
        // Divided among the host's addresses.
        tcp.set_connect_timeout(Some(limit));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        Self {
            tcp,
            tls: tls.map(TlsConnector::from),
            limit,
        }
    }

    /// A connection that takes a request. Where the server chose HTTP/2 and another connection came first, that one.
    pub(super) async fn open(&self, origin: &Origin) -> Result<Opened, Broken> {
        match timeout(self.limit, self.reach(&origin.uri)).await {
            Ok(Ok(Reached::Plain(line))) => {
                let ear = line.ear();
                let opened = Http1::open(line, ear).await.map_err(broken)?;
                Ok(Opened {
                    sender: Sender::Http1(opened),
                    first: First::default(),
                })
            }
            Ok(Ok(Reached::Tls(stream))) => {
                let (line, tls) = stream.get_ref();
                let ear = line.ear();
                let first = First {
                    may_be_refused: tls.protocol_version() == Some(ProtocolVersion::TLSv1_3),
                    failure: Arc::default(),
                };
                let is_http2 = tls.alpn_protocol() == Some(b"h2");
                let watched = Watching::new(*stream, first.failure.clone());
                let sender = if is_http2 {
                    let opened = http2(TokioIo::new(watched), ear).await;
                    let opened = opened.map_err(|error| first.broken(error.into()))?;
                    Sender::Http2(origin.pool.share(opened))
                } else {
                    let opened = Http1::open(watched, ear).await;
                    Sender::Http1(opened.map_err(|error| first.broken(error.into()))?)
                };
                Ok(Opened { sender, first })
            }
            Ok(Err(error)) => Err(Broken::Connect(error)),
            Err(_) => Err(Broken::Connect(TookTooLong.into())),
        }
    }

    async fn reach(&self, uri: &Uri) -> Result<Reached, BoxError> {
        let line = Line::new(self.tcp.clone().call(uri.clone()).await?.into_inner());
        if uri.scheme_str() != Some("https") {
            return Ok(Reached::Plain(line));
        }
        let tls = self.tls.as_ref().ok_or("no TLS for this client")?;
        let host = uri.host().unwrap_or_default();
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let name = ServerName::try_from(host.to_owned())?;
        Ok(Reached::Tls(Box::new(tls.connect(name, line).await?)))
    }
}

enum Reached {
    Plain(Line),
    Tls(Box<tokio_rustls::client::TlsStream<Line>>),
}

/// A new connection, and what its first request may run into.
pub(super) struct Opened {
    pub(super) sender: Sender,
    pub(super) first: First,
}

async fn http2(stream: TokioIo<Watching>, ear: Ear) -> hyper::Result<Http2> {
    let running = Arc::<Running>::default();
    let (mut sender, connection) = http2::Builder::new(running.tasks())
        .timer(TokioTimer::new())
        .handshake(stream)
        .await?;
    running.tasks().execute(connection);
    sender.ready().await?;
    Ok(Http2 { sender, ear, running })
}

fn broken(error: hyper::Error) -> Broken {
    Broken::Exchange(error.into())
}

/// The system's, whose failures are known by their type.
#[derive(Clone)]
struct Resolver(GaiResolver);

impl Service<Name> for Resolver {
    type Response = GaiAddrs;
    type Error = NoAddress;
    type Future = BoxFuture<'static, Result<GaiAddrs, NoAddress>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), NoAddress>> {
        self.0.poll_ready(context).map_err(NoAddress)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        self.0.call(name).map(|found| found.map_err(NoAddress)).boxed()
    }
}
