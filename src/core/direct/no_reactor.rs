//! In place of `reactor` where an event loop can't watch one descriptor for many sockets.

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::net::TcpStream;
use std::os::windows::io::{AsSocket, BorrowedSocket};
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::ReadBuf;

/// There is none.
pub enum Reactor {}

/// There is none.
pub(super) struct Looked(Infallible);

impl Looked {
    pub(super) fn new(_: TcpStream, reactor: &Arc<Reactor>) -> io::Result<Self> {
        match **reactor {}
    }

    pub(super) fn is_of(&self, _: &Arc<Reactor>) -> bool {
        match self.0 {}
    }

    pub(super) fn into_stream(self) -> TcpStream {
        match self.0 {}
    }

    pub(super) fn poll_read(&mut self, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.0 {}
    }

    pub(super) fn poll_write(&mut self, _: &mut Context<'_>, _: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self.0 {}
    }

    pub(super) fn shutdown(&self) -> io::Result<()> {
        match self.0 {}
    }
}

impl AsSocket for Looked {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        match self.0 {}
    }
}
