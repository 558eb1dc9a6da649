//! Lines that a reactor watches: what comes is read, what is written arrives, and they move from one watcher to another.

use std::future::poll_fn;
use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Token};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::super::line::{Ear, Heard, Line};
use super::Reactor;

const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// An event loop: it watches the reactor's descriptor.
struct Watching {
    reactor: Arc<Reactor>,
    system: mio::Poll,
    events: Events,
}

impl Watching {
    fn new() -> Self {
        let (reactor, system) = (Arc::new(Reactor::new().unwrap()), mio::Poll::new().unwrap());
        let descriptor = reactor.descriptor();
        let mut source = SourceFd(&descriptor);
        system
            .registry()
            .register(&mut source, Token(0), Interest::READABLE)
            .unwrap();
        Self {
            reactor,
            system,
            events: Events::with_capacity(4),
        }
    }

    /// Whether there is a reason to look within this time.
    fn is_called(&mut self, limit: Duration) -> bool {
        self.system.poll(&mut self.events, Some(limit)).unwrap();
        !self.events.is_empty()
    }

    /// Has the future driven by nothing but looks.
    fn drive<T>(&mut self, mut step: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
        let waker = Waker::from(Arc::<Count>::default());
        loop {
            if let Poll::Ready(done) = step(&mut Context::from_waker(&waker)) {
                return done;
            }
            assert!(self.is_called(PATIENCE));
            self.reactor.look().unwrap();
        }
    }

    fn read(&mut self, line: &mut Line, room: usize) -> Vec<u8> {
        let mut bytes = vec![0; room];
        let length = self.drive(|context| {
            let mut buffer = ReadBuf::new(&mut bytes);
            let polled = Pin::new(&mut *line).poll_read(context, &mut buffer);
            polled.map(|read| read.map(|()| buffer.filled().len()).unwrap())
        });
        bytes.truncate(length);
        bytes
    }
}

/// Our end, and the server's.
async fn connection() -> (Line, Ear, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let line = Line::new(near, None);
    let ear = line.ear();
    (line, ear, listener.accept().await.unwrap().0)
}

fn read_once(line: &mut Line, waker: &Waker) -> Poll<usize> {
    let mut room = [0; 8];
    let mut buffer = ReadBuf::new(&mut room);
    let polled = Pin::new(line).poll_read(&mut Context::from_waker(waker), &mut buffer);
    polled.map(|read| read.map(|()| buffer.filled().len()).unwrap())
}

#[tokio::test]
async fn who_waits_is_woken_by_a_look_and_by_nothing_else() {
    let (mut line, ear, mut far) = connection().await;
    let mut watching = Watching::new();
    assert_eq!(ear.heard_at(Some(&watching.reactor)), Heard::Nothing);
    let count = Arc::<Count>::default();
    let waker = Waker::from(count.clone());
    assert!(read_once(&mut line, &waker).is_pending());
    // What is known of a new socket: that it can be written.
    assert!(watching.is_called(PATIENCE));
    watching.reactor.look().unwrap();
    assert_eq!(count.0.load(Ordering::SeqCst), 0);
    far.write_all(b"one").await.unwrap();
    assert!(watching.is_called(PATIENCE));
    assert!(read_once(&mut line, &waker).is_pending());
    watching.reactor.look().unwrap();
    assert_eq!(count.0.load(Ordering::SeqCst), 1);
    assert_eq!(read_once(&mut line, &waker), Poll::Ready(3));
    assert!(read_once(&mut line, &waker).is_pending());
}

#[tokio::test]
async fn all_that_came_is_read_up_to_the_end() {
    let (mut line, ear, mut far) = connection().await;
    let mut watching = Watching::new();
    ear.heard_at(Some(&watching.reactor));
    far.write_all(b"more than there is room for").await.unwrap();
    drop(far);
    let mut all = Vec::new();
    loop {
        match watching.read(&mut line, 4) {
            piece if piece.is_empty() => break,
            piece => all.extend(piece),
        }
    }
    assert_eq!(all, b"more than there is room for");
}

#[tokio::test]
async fn who_reads_without_end_lets_others_have_their_turn() {
    let (mut line, ear, mut far) = connection().await;
    let watching = Watching::new();
    ear.heard_at(Some(&watching.reactor));
    far.write_all(&[0; 8 * 100]).await.unwrap();
    let count = Arc::<Count>::default();
    let waker = Waker::from(count.clone());
    let mut read = 0;
    for turn in 1..=6 {
        while let Poll::Ready(length) = read_once(&mut line, &waker) {
            read += length;
        }
        assert_eq!((read, count.0.load(Ordering::SeqCst)), (turn * 8 * 16, turn));
    }
}

#[tokio::test]
async fn the_end_is_seen_that_comes_after_a_look_and_before_the_read() {
    let (mut line, ear, mut far) = connection().await;
    let mut watching = Watching::new();
    ear.heard_at(Some(&watching.reactor));
    assert!(read_once(&mut line, Waker::noop()).is_pending());
    far.write_all(b"last").await.unwrap();
    while watching.is_called(Duration::ZERO) {
        watching.reactor.look().unwrap();
    }
    drop(far);
    assert_eq!(watching.read(&mut line, 64), b"last");
    assert_eq!(watching.read(&mut line, 64), b"");
}

#[tokio::test]
async fn what_does_not_fit_is_written_when_there_is_room() {
    const SIZE: usize = 16 * 1024 * 1024;
    let (mut line, ear, far) = connection().await;
    let mut watching = Watching::new();
    ear.heard_at(Some(&watching.reactor));
    let mut far = far.into_std().unwrap();
    far.set_nonblocking(false).unwrap();
    let reader = thread::spawn(move || {
        let mut read = vec![0; SIZE];
        far.read_exact(&mut read).unwrap();
        read
    });
    let sent: Vec<u8> = (0..SIZE).map(|at| (at % 251) as u8).collect();
    let mut written = 0;
    while written < SIZE {
        written += watching.drive(|context| {
            Pin::new(&mut line)
                .poll_write(context, &sent[written..])
                .map(Result::unwrap)
        });
    }
    assert!(reader.join().unwrap() == sent);
}

#[tokio::test]
async fn it_moves_from_the_runtime_to_a_loop_to_another_and_back() {
    let (mut line, ear, mut far) = connection().await;
    for round in 0..3 {
        far.write_all(b"runtime").await.unwrap();
        let mut read = [0; 7];
        line.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"runtime", "{round}");
        for _ in 0..2 {
            // The one before is gone when the next one takes it over.
            let mut watching = Watching::new();
            assert_eq!(ear.heard_at(Some(&watching.reactor)), Heard::Nothing);
            far.write_all(b"loop").await.unwrap();
            assert_eq!(watching.read(&mut line, 64), b"loop");
        }
        assert_eq!(ear.heard_at(None), Heard::Nothing);
    }
}

#[tokio::test]
async fn a_reactor_forgets_what_left_it() {
    let (line, ear, mut far) = connection().await;
    let mut watching = Watching::new();
    ear.heard_at(Some(&watching.reactor));
    assert_eq!(watching.reactor.watched().sockets.len(), 1);
    ear.heard_at(None);
    assert!(watching.reactor.watched().sockets.is_empty());
    ear.heard_at(Some(&watching.reactor));
    drop(line);
    assert!(watching.reactor.watched().sockets.is_empty());
    assert_eq!(ear.heard_at(Some(&watching.reactor)), Heard::End);
    assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
    watching.reactor.look().unwrap();
    assert!(!watching.is_called(Duration::ZERO));
}

#[tokio::test]
async fn a_bell_calls_once_for_all_rings() {
    let mut watching = Watching::new();
    assert!(!watching.is_called(Duration::ZERO));
    for _ in 0..3 {
        watching.reactor.ring().unwrap();
    }
    assert!(watching.is_called(PATIENCE));
    watching.reactor.look().unwrap();
    assert!(!watching.is_called(Duration::ZERO));
}

#[tokio::test]
async fn a_half_that_is_shut_is_told_to_the_server() {
    let (mut line, ear, mut far) = connection().await;
    let watching = Watching::new();
    ear.heard_at(Some(&watching.reactor));
    poll_fn(|context| Pin::new(&mut line).poll_shutdown(context))
        .await
        .unwrap();
    assert_eq!(far.read(&mut [0]).await.unwrap(), 0);
}
