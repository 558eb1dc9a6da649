//! A new connection: name, TCP, the proxy's part, TLS, and the protocol that the server chose. It belongs to the
//! runtime on which it was made, and ends when nobody holds it any more.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use http::header::HeaderValue;
use hyper::client::conn::http2;
use hyper::rt::Executor as _;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::Origin;
use super::allowance::Permit;
use super::base::Base;
use super::first::{First, Watching};
use super::http1::Http1;
use super::http2::Http2;
use super::line::{Ear, Line};
use super::look_up::Resolver;
use super::pool::{Pool, Sender};
use super::socks::{self, Place};
use super::tunnel;
use super::way::{NoWay, Proxy, Speech};
use crate::core::cause::{BoxError, Broken};
use crate::core::config::Settings;
use crate::core::error::Error;
use crate::core::proxy::Route;

/// No connection within the limit.
#[derive(Debug, thiserror::Error)]
#[error("operation timed out")]
pub(in crate::core) struct TookTooLong;

/// Makes connections.
pub(super) struct Connector {
    tcp: HttpConnector<Resolver>,
    resolver: Resolver,
    tls: Option<TlsConnector>,
    proxy: Option<Proxy>,
    /// For name, TCP, proxy and TLS together.
    limit: Duration,
}

impl Connector {
    pub(super) fn new(tls: Option<Arc<ClientConfig>>, settings: &Settings) -> Result<Self, Error> {
        let limit = settings.connect_timeout;
        let resolver = Resolver::default();
        let mut tcp = HttpConnector::new_with_resolver(resolver.clone());
        // Divided among the host's addresses.
        tcp.set_connect_timeout(Some(limit));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let proxy = match &settings.route {
            Route::Direct => None,
            Route::Through(intercept) => Some(Proxy::new(intercept, tls.as_ref(), &settings.proxy_certificate_asked)?),
        };
        Ok(Self {
            tcp,
            resolver,
            tls: tls.map(TlsConnector::from),
            proxy,
            limit,
        })
    }

    /// Whether a proxy gets the requests to this server themselves, as it does those of plain http; with the login that
    /// goes with each.
    pub(super) fn forwards(&self, server: &Uri) -> Option<Option<&HeaderValue>> {
        let proxy = self.proxy.as_ref()?;
        (proxy.speech == Speech::Http && !is_https(server)).then_some(proxy.login.as_ref())
    }

    /// A connection that takes a request. Where the server chose HTTP/2 and another connection came first, that one.
    pub(super) async fn open(&self, origin: &Origin, permit: Permit) -> Result<Opened, Broken> {
        match timeout(self.limit, self.reach(&origin.uri, permit)).await {
            Ok(Ok(Reached::Plain(base))) => {
                let ear = base.ear();
                let first = base.first();
                let opened = Http1::open(base, ear).await;
                Ok(Opened {
                    sender: Sender::Http1(opened.map_err(|error| first.broken(error.into()))?),
                    first,
                })
            }
            Ok(Ok(Reached::Tls(stream))) => {
                let (base, tls) = stream.get_ref();
                let (ear, below) = (base.ear(), base.first());
                let is_http2 = tls.alpn_protocol() == Some(b"h2");
                let watched = Watching::new(*stream);
                let first = watched.first().above(below);
                origin.pool.note_http1(!is_http2);
                let sender = if is_http2 {
                    let opened = http2(TokioIo::new(watched), ear, &origin.pool).await;
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

    async fn reach(&self, uri: &Uri, permit: Permit) -> Result<Reached, BoxError> {
        let base = match &self.proxy {
            None => Base::Line(self.line(uri, permit).await?),
            Some(proxy) => self.through(proxy, uri, permit).await?,
        };
        if !is_https(uri) {
            return Ok(Reached::Plain(base));
        }
        let tls = self.tls.as_ref().ok_or("no TLS for this client")?;
        let below = base.first();
        let connected = tls.connect(server_name(uri)?, base).await;
        let stream = connected.map_err(|error| match below.failure.get() {
            Some(_) => NoWay::Broke(error).into(),
            None => BoxError::from(error),
        })?;
        Ok(Reached::Tls(Box::new(stream)))
    }

    async fn line(&self, uri: &Uri, permit: Permit) -> Result<Line, BoxError> {
        let stream = self.tcp.clone().call(uri.clone()).await?.into_inner();
        Ok(Line::new(stream, Some(permit)))
    }

    /// The way to this server, as far as the proxy makes it.
    async fn through(&self, proxy: &Proxy, server: &Uri, permit: Permit) -> Result<Base, BoxError> {
        let place = match proxy.speech {
            Speech::Http => None,
            Speech::Socks4 | Speech::Socks5 => Some(self.place(proxy, server).await?),
        };
        let mut base = self.to_proxy(proxy, permit).await.map_err(NoWay::Unreached)?;
        match (proxy.speech, place) {
            (Speech::Socks4, Some(place)) => socks::version_4(&mut base, &place).await?,
            (Speech::Socks5, Some(place)) => socks::version_5(&mut base, &place, proxy.user()).await?,
            _ if is_https(server) => tunnel::dig(&mut base, server, proxy.login.as_ref()).await?,
            _ => {}
        }
        Ok(base)
    }

    async fn to_proxy(&self, proxy: &Proxy, permit: Permit) -> Result<Base, BoxError> {
        let line = self.line(&proxy.uri, permit).await?;
        let Some(tls) = &proxy.tls else {
            return Ok(Base::Line(line));
        };
        let stream = tls.connect(server_name(&proxy.uri)?, line).await?;
        Ok(Base::Tls(Box::new(Watching::new(stream))))
    }

    /// The server as a SOCKS proxy is to hear of it.
    async fn place(&self, proxy: &Proxy, server: &Uri) -> Result<Place, BoxError> {
        let (host, port) = (bare_host(server), server.port_u16());
        let port = port.unwrap_or(if is_https(server) { 443 } else { 80 });
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(Place::Address(SocketAddr::new(address, port)));
        }
        if !proxy.resolves_here {
            return Ok(Place::Name(host.to_owned(), port));
        }
        let found = self.resolver.clone().call(host.parse()?).await?;
        let mut found = found.filter(|address| proxy.speech == Speech::Socks5 || address.is_ipv4());
        let address = found
            .next()
            .ok_or("error resolving DNS: no address that the proxy takes")?;
        Ok(Place::Address(SocketAddr::new(address.ip(), port)))
    }
}

fn is_https(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

fn bare_host(uri: &Uri) -> &str {
    let host = uri.host().unwrap_or_default();
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

fn server_name(uri: &Uri) -> Result<ServerName<'static>, BoxError> {
    Ok(ServerName::try_from(bare_host(uri).to_owned())?)
}

/// What HTTP is spoken on.
enum Reached {
    Plain(Base),
    Tls(Box<tokio_rustls::client::TlsStream<Base>>),
}

/// A new connection, and what its first request may run into.
pub(super) struct Opened {
    pub(super) sender: Sender,
    pub(super) first: First,
}

async fn http2(stream: TokioIo<Watching<Base>>, ear: Ear, pool: &Pool) -> hyper::Result<Http2> {
    let running = pool.running();
    let (mut sender, connection) = http2::Builder::new(running.tasks())
        .timer(TokioTimer::new())
        .handshake(stream)
        .await?;
    running.tasks().execute(connection);
    sender.ready().await?;
    Ok(Http2::new(sender, ear, running))
}
