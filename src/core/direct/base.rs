//! What a connection to the server stands on: the socket, or TLS to a proxy on it.

use std::io::{Error, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::first::{First, Watching};
use super::http1::Wipe;
use super::line::{Ear, Line};

/// The way to the server, or to the proxy that speaks for it.
pub(super) enum Base {
    Line(Line),
    /// To a proxy behind TLS.
    Tls(Box<Watching<Line>>),
}

impl Base {
    /// What the first request may run into here.
    pub(super) fn first(&self) -> First {
        match self {
            Self::Line(_) => First::default(),
            Self::Tls(stream) => stream.first(),
        }
    }

    /// Its socket's.
    pub(super) fn ear(&self) -> Ear {
        match self {
            Self::Line(line) => line.ear(),
            Self::Tls(stream) => stream.under().ear(),
        }
    }
}

impl Wipe for Base {
    fn wipe(&mut self) {
        match self {
            Self::Line(line) => line.wipe(),
            Self::Tls(stream) => stream.wipe(),
        }
    }
}

impl AsyncRead for Base {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<(), Error>> {
        match &mut *self {
            Self::Line(line) => Pin::new(line).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Base {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, Error>> {
        match &mut *self {
            Self::Line(line) => Pin::new(line).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize, Error>> {
        match &mut *self {
            Self::Line(line) => Pin::new(line).poll_write_vectored(context, pieces),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Line(line) => line.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match &mut *self {
            Self::Line(line) => Pin::new(line).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match &mut *self {
            Self::Line(line) => Pin::new(line).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
