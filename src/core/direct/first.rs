//! A connection of TLS, and the first request on it. Under TLS 1.3 it is sent before the server has looked at the client's
//! certificate, and HTTP/2 does not pass on the alert that says it was refused.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use rustls::ProtocolVersion;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use super::http1::Wipe;
use crate::core::cause::{BoxError, Broken, find};

/// What the first request may run into.
#[derive(Default)]
pub(super) struct First {
    pub(super) may_be_refused: bool,
    /// What TLS failed with, where the protocol above keeps it to itself.
    pub(super) failure: Arc<OnceLock<rustls::Error>>,
    /// The same of TLS with a proxy on which this one stands. Whatever is told there, the server has not said it.
    below: Arc<OnceLock<rustls::Error>>,
}

impl First {
    /// Of TLS on a way that may itself break.
    pub(super) fn above(self, below: First) -> Self {
        Self {
            below: below.failure,
            ..self
        }
    }

    /// The failure of the first request.
    pub(super) fn broken(&self, error: BoxError) -> Broken {
        let error = self.failure.get().map_or(error, |tls| tls.clone().into());
        match self.may_be_refused && self.below.get().is_none() {
            true => Broken::FirstExchange(error),
            false => Broken::Exchange(error),
        }
    }
}

/// A stream that keeps what TLS failed with, and gives what came whole before that: the library gives the failure first.
pub(super) struct Watching<S> {
    stream: TlsStream<S>,
    failure: Arc<OnceLock<rustls::Error>>,
    /// The failure, until all has been read that came before.
    held: Option<io::Error>,
}

impl<S> Watching<S> {
    pub(super) fn new(stream: TlsStream<S>) -> Self {
        Self {
            stream,
            failure: Arc::default(),
            held: None,
        }
    }

    /// What its first request may run into.
    pub(super) fn first(&self) -> First {
        First {
            may_be_refused: self.stream.get_ref().1.protocol_version() == Some(ProtocolVersion::TLSv1_3),
            failure: self.failure.clone(),
            below: Arc::default(),
        }
    }

    /// What it stands on.
    pub(super) fn under(&self) -> &S {
        self.stream.get_ref().0
    }
}

impl<S: Wipe> Wipe for Watching<S> {
    fn wipe(&mut self) {
        self.stream.wipe();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Watching<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let error = match (self.held.take(), read) {
            (None, Poll::Ready(Err(error))) => {
                let Some(tls) = find::<rustls::Error>(&error, &|_| true) else {
                    return Poll::Ready(Err(error));
                };
                self.failure.get_or_init(|| tls.clone());
                self.held = Some(error);
                return self.poll_read(context, buffer);
            }
            (None, read) => return read,
            (Some(error), _) => error,
        };
        if buffer.filled().len() == before {
            return Poll::Ready(Err(error));
        }
        self.held = Some(error);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watching<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
