//! The bytes of a connection, with a second hold on its socket that asks the system, without waiting, what came since.
//! A runtime that slept does not know; the socket does. Who takes the connection has it watched where the call runs: by
//! the runtime, or by the reactor of an event loop.

use std::io::{Error, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use super::allowance::Permit;
use super::reactor::{Looked, Reactor};

/// No system takes more at once.
const PIECES_MAX: usize = 1024;

/// The socket, for the one that reads and writes. Dropped, it is closed.
pub(super) struct Line {
    held: Arc<Mutex<Held>>,
    /// Whether the server does not take any more.
    is_closed_for_writing: bool,
}

/// For the one that only asks.
#[derive(Clone, Default)]
pub(super) struct Ear(Weak<Mutex<Held>>);

/// The socket, with what it is open by.
struct Held {
    socket: Socket,
    permit: Option<Permit>,
}

/// A socket, by who watches it.
enum Socket {
    Runtime(TcpStream),
    EventLoop(Looked),
    /// Nobody could be had to watch it. It is closed.
    Lost,
}

/// What stands unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The connection is open, and its server silent.
    Nothing,
    /// Bytes, of which nobody knows yet what they mean.
    Bytes,
    /// The connection is closed, by either side.
    End,
}

impl Line {
    pub(super) fn new(stream: TcpStream, permit: Option<Permit>) -> Self {
        let socket = Socket::Runtime(stream);
        Self {
            held: Arc::new(Mutex::new(Held { socket, permit })),
            is_closed_for_writing: false,
        }
    }

    pub(super) fn ear(&self) -> Ear {
        Ear(Arc::downgrade(&self.held))
    }
}

impl Ear {
    /// What came, as far as this machine knows.
    pub(super) fn heard(&self) -> Heard {
        self.0.upgrade().map_or(Heard::End, |line| held(&line).socket.heard())
    }

    /// The same, watched from now on by this reactor; by the runtime if there is none.
    pub(super) fn heard_at(&self, reactor: Option<&Arc<Reactor>>) -> Heard {
        let Some(line) = self.0.upgrade() else {
            return Heard::End;
        };
        let mut held = held(&line);
        held.socket.move_to(reactor);
        held.socket.heard()
    }

    /// Closes the socket, and gives what it was open by to whoever opens another one.
    pub(super) fn hang_up(&self) -> Option<Permit> {
        let line = self.0.upgrade()?;
        let mut held = held(&line);
        held.socket = Socket::Lost;
        held.permit.take()
    }
}

fn held(line: &Mutex<Held>) -> MutexGuard<'_, Held> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Socket {
    fn move_to(&mut self, reactor: Option<&Arc<Reactor>>) {
        let stream = match (&*self, reactor) {
            (Self::Runtime(_), None) | (Self::Lost, _) => return,
            (Self::EventLoop(socket), Some(reactor)) if socket.is_of(reactor) => return,
            _ => match std::mem::replace(self, Self::Lost) {
                Self::Runtime(stream) => stream.into_std(),
                Self::EventLoop(socket) => Ok(socket.into_stream()),
                Self::Lost => return,
            },
        };
        let moved = stream.and_then(|stream| match reactor {
            Some(reactor) => Looked::new(stream, reactor).map(Self::EventLoop),
            None => TcpStream::from_std(stream).map(Self::Runtime),
        });
        *self = moved.unwrap_or(Self::Lost);
    }

    fn heard(&self) -> Heard {
        let socket = match self {
            Self::Runtime(stream) => SockRef::from(stream),
            Self::EventLoop(socket) => SockRef::from(socket),
            Self::Lost => return Heard::End,
        };
        loop {
            match socket.peek(&mut [MaybeUninit::uninit()]) {
                Ok(0) => return Heard::End,
                Ok(_) => return Heard::Bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Heard::Nothing,
                Err(_) => return Heard::End,
            }
        }
    }
}

/// As the stream's own write, but for the signal.
fn send(stream: &TcpStream, context: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<Result<usize, Error>> {
    loop {
        ready!(stream.poll_write_ready(context))?;
        match stream.try_io(Interest::WRITABLE, || unsignalled(stream, pieces)) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            sent => return Poll::Ready(sent),
        }
    }
}

/// Sends without the signal SIGPIPE, which ends a process that has set it to its default: `writev` has no way to ask for
/// that.
pub(super) fn unsignalled<'s>(socket: impl Into<SockRef<'s>>, pieces: &[IoSlice<'_>]) -> Result<usize, Error> {
    #[cfg(any(target_vendor = "apple", not(unix)))]
    const FLAGS: i32 = 0;
    #[cfg(all(unix, not(target_vendor = "apple")))]
    const FLAGS: i32 = libc::MSG_NOSIGNAL;
    let some = pieces.get(..PIECES_MAX).unwrap_or(pieces);
    socket.into().send_vectored_with_flags(some, FLAGS)
}

fn is_refused(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted
    )
}

fn lost<T>() -> Poll<Result<T, Error>> {
    Poll::Ready(Err(ErrorKind::NotConnected.into()))
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<(), Error>> {
        match &mut held(&self.held).socket {
            Socket::Runtime(stream) => Pin::new(stream).poll_read(context, buffer),
            Socket::EventLoop(socket) => socket.poll_read(context, buffer),
            Socket::Lost => lost(),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, Error>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    /// A server that takes no more may have said why: an alert of TLS, or an early answer. Both stand unread, and an
    /// error here would be told in their place. So nothing is said here, and reading gives what came, and then the end.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize, Error>> {
        if !self.is_closed_for_writing {
            let written = match &mut held(&self.held).socket {
                Socket::Runtime(stream) => send(stream, context, pieces),
                Socket::EventLoop(socket) => socket.poll_write(context, pieces),
                Socket::Lost => lost(),
            };
            match &written {
                Poll::Ready(Err(error)) if is_refused(error) => {}
                _ => return written,
            }
            self.is_closed_for_writing = true;
        }
        Poll::Ready(Ok(pieces.iter().map(|piece| piece.len()).sum()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        // A socket keeps nothing back.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match &mut held(&self.held).socket {
            Socket::Runtime(stream) => Pin::new(stream).poll_shutdown(context),
            Socket::EventLoop(socket) => Poll::Ready(socket.shutdown()),
            Socket::Lost => lost(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Our end, and the server's.
    async fn connection() -> (Line, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Line::new(near, None), listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn it_hears_bytes_and_the_end_and_takes_nothing_away() {
        let (mut line, mut far) = connection().await;
        let ear = line.ear();
        assert_eq!(ear.heard(), Heard::Nothing);
        far.write_all(b"x").await.unwrap();
        while ear.heard() == Heard::Nothing {
            tokio::task::yield_now().await;
        }
        assert_eq!(ear.heard(), Heard::Bytes);
        assert_eq!(line.read_u8().await.unwrap(), b'x');
        assert_eq!(ear.heard(), Heard::Nothing);
        drop(far);
        assert_eq!(line.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(ear.heard(), Heard::End);
    }

    #[tokio::test]
    async fn it_keeps_no_socket_open() {
        let (line, mut far) = connection().await;
        let ear = line.ear();
        drop(line);
        assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(ear.heard(), Heard::End);
    }
}
