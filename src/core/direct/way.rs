//! The proxy that stands between, and why it may not connect through.

use std::io;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderValue};
use http::{StatusCode, Uri};
use hyper_util::client::proxy::matcher::Intercept;
use rustls::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use tokio_rustls::TlsConnector;

use crate::core::cause::BoxError;
use crate::core::error::Error;
use crate::core::proxy;
use crate::core::tls::{self, CertificateAsked};

/// Why there is no connection through the proxy. Whatever it wraps happened between the client and the proxy.
#[derive(Debug, thiserror::Error)]
pub(in crate::core) enum NoWay {
    #[error("failed to create underlying connection")]
    Unreached(#[source] BoxError),
    #[error("the connection to the proxy broke")]
    Broke(#[source] io::Error),
    #[error("unexpected end of file: the proxy closed the connection")]
    Ended,
    /// To CONNECT.
    #[error("it answered CONNECT with {0}")]
    Answered(StatusCode, Box<HeaderMap>),
    #[error("it answered CONNECT with more than 16 KiB")]
    TooLong,
    #[error("its answer to CONNECT is not HTTP")]
    NotHttp,
    /// Of SOCKS.
    #[error("SOCKS error: {0}")]
    Login(&'static str),
    #[error("SOCKS error: {0}")]
    Socks(&'static str),
    #[error("its answer is not SOCKS of this version")]
    NotSocks,
}

/// What is spoken with a proxy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Speech {
    Http,
    Socks4,
    Socks5,
}

/// A proxy.
pub(super) struct Proxy {
    pub(super) uri: Uri,
    pub(super) speech: Speech,
    /// Whether a name is resolved here, and the proxy gets an address.
    pub(super) resolves_here: bool,
    /// Of a proxy behind TLS.
    pub(super) tls: Option<TlsConnector>,
    /// For HTTP.
    pub(super) login: Option<HeaderValue>,
    /// For SOCKS.
    pub(super) user: Option<(String, SecretString)>,
}

impl Proxy {
    /// `asked` is told if the proxy itself asks for a client certificate.
    pub(super) fn new(
        intercept: &Intercept,
        tls: Option<&Arc<ClientConfig>>,
        asked: &CertificateAsked,
    ) -> Result<Self, Error> {
        let uri: Uri = proxy::place(intercept)
            .parse()
            .map_err(|_| Error::config("proxy: not a valid URL"))?;
        let (speech, resolves_here) = match uri.scheme_str() {
            Some("socks4") => (Speech::Socks4, true),
            Some("socks4a") => (Speech::Socks4, false),
            Some("socks5") => (Speech::Socks5, true),
            Some("socks5h") => (Speech::Socks5, false),
            _ => (Speech::Http, false),
        };
        let tls = match (uri.scheme_str(), tls) {
            (Some("https"), Some(tls)) => Some(TlsConnector::from(Arc::new(tls::for_proxy(tls, asked)))),
            (Some("https"), None) => return Err(Error::config("proxy: no TLS for a proxy of scheme https")),
            _ => None,
        };
        let login = intercept.basic_auth().map(|login| {
            let mut login = login.clone();
            login.set_sensitive(true);
            login
        });
        let user = intercept.raw_auth();
        Ok(Self {
            uri,
            speech,
            resolves_here,
            tls,
            login,
            user: user.map(|(user, password)| (user.to_owned(), SecretString::from(password))),
        })
    }

    pub(super) fn user(&self) -> Option<(&str, &str)> {
        let (user, password) = self.user.as_ref()?;
        Some((user, password.expose_secret()))
    }
}
