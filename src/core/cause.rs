//! Which party broke a connection, read from the error chain of the HTTP library, and what the user can do about it.

use std::error::Error as StdError;
use std::io;

use super::config::Settings;
use super::content_encoding::Undecodable;
use super::direct::{NoAddress, NoWay, TookTooLong, Unreadable};
use super::error::{Kind, Outcome};
use super::proxy_refusal;
use super::tls_hint;
use super::tls_words;

const BROKEN_TLS_HINT: &str = "the server, or a load balancer or proxy in front of it, broke the TLS connection while it was in use: look into its log";
const HEAD_HINT: &str = "the server, or a gateway in front of it, sends header lines that no client can rely on: look at what it sends with curl -i";
const CUT_HANDSHAKE_HINT: &str = "the proxy connected, and then the server, or the proxy itself, closed the connection: check host and port in url, and look into the logs of both";
/// What to do where the process has no file descriptor left.
pub(crate) const DESCRIPTORS_HINT: &str = "this process, or the machine, is out of file descriptors: raise the limit (ulimit -n), make one client and reuse it, and close files and connections that are not used";

pub(super) type BoxError = Box<dyn StdError + Send + Sync>;

/// How far an attempt had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No connection has taken up the request: no byte of it was sent.
    Connecting,
    /// A connection has taken up the request.
    Sent,
    /// The head of an answer came.
    Answered,
}

impl Phase {
    /// What is known about the fate of an attempt that ends here.
    pub(super) const fn outcome(self) -> Outcome {
        match self {
            Self::Connecting => Outcome::NotSent,
            Self::Sent | Self::Answered => Outcome::Unknown,
        }
    }
}

/// HTTP/2: the server took the stream or the connection away without an error, and without the end of the body.
#[derive(Debug, thiserror::Error)]
#[error("the server ended the answer before it was complete")]
pub(super) struct CutShort;

/// A failed attempt, as the HTTP library tells it.
pub(super) enum Broken {
    /// There was no connection.
    Connect(BoxError),
    /// A connection took the request.
    Exchange(BoxError),
    /// The same on a new connection of TLS 1.3: the server may not have accepted the client's certificate yet.
    FirstExchange(BoxError),
    /// The answer came, and its content can't be read.
    Content(Undecodable),
}

impl Broken {
    fn error(&self) -> &(dyn StdError + 'static) {
        match self {
            Self::Connect(error) | Self::Exchange(error) | Self::FirstExchange(error) => &**error,
            Self::Content(error) => error,
        }
    }

    fn is_connect(&self) -> bool {
        matches!(self, Self::Connect(_))
    }

    fn is_dns(&self) -> bool {
        matches!(self, Self::Connect(error) if find::<NoAddress>(&**error, &|_| true).is_some())
    }

    fn is_timeout(&self) -> bool {
        let is_late = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
        matches!(self, Self::Connect(error) if error.is::<TookTooLong>() || find(&**error, &is_late).is_some())
    }
}

/// A failed attempt, explained.
pub(crate) struct Cause {
    pub kind: Kind,
    pub message: String,
    pub hint: Option<String>,
    /// The status with which a proxy refused the tunnel.
    pub status: Option<u16>,
    /// Whether trying again is pointless.
    pub is_permanent: bool,
    /// Whether the server says that it has not read the request, although it may have been sent.
    pub is_unread: bool,
}

impl Cause {
    pub(super) fn new(kind: Kind, message: String) -> Self {
        Self {
            kind,
            message,
            hint: None,
            status: None,
            is_permanent: false,
            is_unread: false,
        }
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Reads the chain from the outside in. What it means depends on how far the attempt had come.
pub(super) fn explain(broken: &Broken, phase: Phase, settings: &Settings) -> Cause {
    let error = broken.error();
    let message = chain_text(error);
    if let Some(tls) = find::<rustls::Error>(error, &|_| true) {
        let is_refused = phase == Phase::Sent && is_certificate_refused(tls, broken, settings);
        if phase == Phase::Connecting || is_refused {
            return handshake_failed(tls, error, settings);
        }
        let message = format!("the TLS connection broke: {}", tls_words::of(tls));
        return Cause::new(Kind::Transport, message).with_hint(BROKEN_TLS_HINT);
    }
    if phase != Phase::Answered && find(error, &is_turned_away).is_some() {
        return Cause {
            is_unread: true,
            ..Cause::new(Kind::Transport, message)
        };
    }
    let is_closed = find(error, &is_closed).is_some();
    let is_with_server = find::<NoWay>(error, &|_| true).is_none();
    if phase == Phase::Connecting
        && is_closed
        && is_with_server
        && let Some(hint) = tls_hint::of_missing_certificate(settings)
    {
        let message = "the TLS handshake failed: the server closed the connection";
        return Cause::new(Kind::Tls, message.to_owned()).with_hint(hint);
    }
    if let Some(unreadable) = find::<Unreadable>(error, &|_| true) {
        return Cause::new(Kind::Transport, unreadable.to_string()).with_hint(HEAD_HINT);
    }
    if !broken.is_connect() {
        let cause = Cause::new(Kind::Transport, format!("the connection broke: {message}"));
        return match tls_hint::of_missing_certificate(settings) {
            Some(hint) if phase == Phase::Sent => cause.with_hint(hint),
            _ => cause,
        };
    }
    // Before any party is named: a proxy is not to blame for it either.
    if find(error, &is_out_of_descriptors).is_some() {
        return Cause::new(Kind::Connect, format!("no connection: {message}")).with_hint(DESCRIPTORS_HINT);
    }
    if let Some(proxy) = settings.route.shown() {
        if is_with_server && is_closed {
            let message = format!("no connection: the TLS handshake through the proxy {proxy} was cut: {message}");
            return Cause::new(Kind::Connect, message).with_hint(CUT_HANDSHAKE_HINT);
        }
        return proxy_refusal::no_connection(&proxy, error, &message, settings);
    }
    let hint = if broken.is_dns() {
        "check the host name in url, or name a proxy that can resolve it"
    } else if broken.is_timeout() {
        "no connection within connect_timeout: check host, port and firewalls"
    } else {
        "check host and port in url, and firewalls in between"
    };
    Cause::new(Kind::Connect, format!("no connection: {message}")).with_hint(hint)
}

fn handshake_failed(tls: &rustls::Error, error: &(dyn StdError + 'static), settings: &Settings) -> Cause {
    let (what, hint) = match proxy_refusal::whose_tls_failed(settings, error) {
        Some(proxy) => (
            format!("the TLS handshake with the proxy {proxy} failed"),
            format!(
                "this is about the proxy, not the server of url: {}",
                tls_hint::of_proxy(tls, settings)
            ),
        ),
        None => (
            "the TLS handshake failed".to_owned(),
            tls_hint::of(tls, settings).to_owned(),
        ),
    };
    Cause {
        is_permanent: true,
        is_unread: true,
        ..Cause::new(Kind::Tls, format!("{what}: {}", tls_words::of(tls))).with_hint(hint)
    }
}

/// `EMFILE` and `ENFILE`, and `WSAEMFILE`: a socket could not be had, so no host is to blame.
pub(crate) fn is_out_of_descriptors(error: &io::Error) -> bool {
    let codes: &[i32] = if cfg!(windows) { &[10024] } else { &[24, 23] };
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// Under TLS 1.3 a client is through before the server has looked at its certificate. A server that asked for one reads
/// no request before it has accepted it, and these alerts say that it did not.
fn is_certificate_refused(error: &rustls::Error, broken: &Broken, settings: &Settings) -> bool {
    use rustls::AlertDescription as Alert;
    let may_be_unread = matches!(broken, Broken::FirstExchange(_));
    let asked = if settings.is_https {
        &settings.certificate_asked
    } else {
        &settings.proxy_certificate_asked
    };
    may_be_unread
        && asked.is_set()
        && matches!(
            error,
            rustls::Error::AlertReceived(
                Alert::CertificateRequired
                    | Alert::BadCertificate
                    | Alert::UnsupportedCertificate
                    | Alert::CertificateRevoked
                    | Alert::CertificateExpired
                    | Alert::CertificateUnknown
                    | Alert::UnknownCA
                    | Alert::AccessDenied
                    | Alert::HandshakeFailure
            )
        )
}

/// Some servers end the connection where others send an alert.
fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof
    )
}

/// HTTP/2: the server closes the connection in good order, or refuses the stream, and has not begun with it.
fn is_turned_away(error: &h2::Error) -> bool {
    error.is_remote()
        && ((error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR))
            || (error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM)))
}

/// The first error of this type in the chain that is wanted.
pub(super) fn find<'e, E: StdError + 'static>(
    error: &'e (dyn StdError + 'static),
    wanted: &dyn Fn(&E) -> bool,
) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>().filter(|found| wanted(found)) {
            return Some(found);
        }
        // `io::Error::source` skips the error it wraps, so it is unwrapped by hand.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|inner| find(inner, wanted)) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The messages, each once.
fn chain_text(error: &(dyn StdError + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => inner.downcast_ref::<rustls::Error>().map(tls_words::of),
            None => error.downcast_ref::<rustls::Error>().map(tls_words::of),
        };
        // rustls adds the address of a page for those who program with it.
        let text = text.unwrap_or_else(|| match error.to_string().split_once(": https://docs.rs/") {
            Some((text, _)) => text.to_owned(),
            None => error.to_string(),
        });
        if text != "client error (Connect)"
            && text != "client error (SendRequest)"
            && !texts.iter().any(|known| known.contains(&text))
        {
            texts.push(text);
        }
        next = error.source();
    }
    texts.join(": ")
}
