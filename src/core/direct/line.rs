//! The bytes of a connection, with a second hold on its socket that asks the system, without waiting, what came since.
//! A runtime that slept does not know; the socket does.

use std::io::{Error, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The socket, for the one that reads and writes. Dropped, it is closed.
pub(super) struct Line(Arc<Mutex<TcpStream>>);

/// For the one that only asks.
#[derive(Clone, Default)]
pub(super) struct Ear(Weak<Mutex<TcpStream>>);

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
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(Arc::new(Mutex::new(stream)))
    }

    pub(super) fn ear(&self) -> Ear {
        Ear(Arc::downgrade(&self.0))
    }

    fn with<T>(&self, work: impl FnOnce(Pin<&mut TcpStream>) -> T) -> T {
        work(Pin::new(&mut held(&self.0)))
    }
}

impl Ear {
    pub(super) fn heard(&self) -> Heard {
        let Some(stream) = self.0.upgrade() else {
            return Heard::End;
        };
        loop {
            match SockRef::from(&*held(&stream)).peek(&mut [MaybeUninit::uninit()]) {
                Ok(0) => return Heard::End,
                Ok(_) => return Heard::Bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Heard::Nothing,
                Err(_) => return Heard::End,
            }
        }
    }
}

fn held(stream: &Mutex<TcpStream>) -> MutexGuard<'_, TcpStream> {
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<(), Error>> {
        self.with(|stream| stream.poll_read(context, buffer))
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, Error>> {
        self.with(|stream| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize, Error>> {
        self.with(|stream| stream.poll_write_vectored(context, pieces))
    }

    fn is_write_vectored(&self) -> bool {
        held(&self.0).is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.with(|stream| stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.with(|stream| stream.poll_shutdown(context))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Our end, and the server's.
    async fn connection() -> (Line, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Line::new(near), listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn it_hears_bytes_and_the_end_and_takes_nothing_away() {
        let (mut line, mut far) = connection().await;
        let ear = line.ear();
        assert_eq!(ear.heard(), Heard::Nothing);
        far.write_all(b"x").await.unwrap();
        poll_fn(|context| line.with(|stream| stream.poll_peek(context, &mut ReadBuf::new(&mut [0]))))
            .await
            .unwrap();
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
