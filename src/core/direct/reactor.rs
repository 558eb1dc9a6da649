//! Sockets that an event loop watches through one descriptor. Its own thread asks what came, between other things; no
//! other thread has to be woken.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, IoSlice, Read};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use mio::unix::SourceFd;
use mio::{Events, Interest, Token, Waker};
use tokio::io::ReadBuf;

use super::line::unsignalled;
use crate::core::generation::Generation;

/// What came at once; the rest comes with the next look.
const EVENTS_MAX: usize = 256;
/// Reads in a row, so that a server which sends faster than is read does not keep the thread for itself.
const READS_MAX: u32 = 16;
const BELL: Token = Token(0);

/// The sockets of one event loop.
pub struct Reactor {
    system: Mutex<System>,
    bell: Waker,
    watched: Mutex<Watched>,
    process: Generation,
}

struct System {
    poll: mio::Poll,
    events: Events,
}

#[derive(Default)]
struct Watched {
    last: usize,
    sockets: BTreeMap<usize, Arc<Readiness>>,
}

/// What the system said of one socket, and who waits for it. The counts tell news from what is known already.
#[derive(Default)]
struct Readiness {
    readable: AtomicUsize,
    writable: AtomicUsize,
    is_ending: AtomicBool,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

impl Reactor {
    /// It watches nothing yet.
    pub fn new() -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        Ok(Self {
            bell: Waker::new(poll.registry(), BELL)?,
            system: Mutex::new(System {
                poll,
                events: Events::with_capacity(EVENTS_MAX),
            }),
            watched: Mutex::default(),
            process: Generation::current(),
        })
    }

    /// What becomes readable when there is a reason to look.
    pub fn descriptor(&self) -> RawFd {
        self.system().poll.as_raw_fd()
    }

    /// Gives a reason to look. From any thread.
    pub fn ring(&self) -> io::Result<()> {
        self.bell.wake()
    }

    /// Takes in what came, and wakes whoever waits for it. Never waits itself.
    pub fn look(&self) -> io::Result<()> {
        let mut system = self.system();
        let System { poll, events } = &mut *system;
        match poll.poll(events, Some(Duration::ZERO)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return self.ring(),
            polled => polled?,
        }
        let watched = self.watched();
        for event in events.iter() {
            // Of a socket that is no longer watched, an event may still have been under way.
            let Some(readiness) = watched.sockets.get(&event.token().0) else {
                continue;
            };
            if event.is_read_closed() || event.is_write_closed() || event.is_error() {
                readiness.is_ending.store(true, Ordering::Release);
            }
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                readiness.readable.fetch_add(1, Ordering::Release);
                readiness.reader.wake();
            }
            if event.is_writable() || event.is_write_closed() || event.is_error() {
                readiness.writable.fetch_add(1, Ordering::Release);
                readiness.writer.wake();
            }
        }
        Ok(())
    }

    fn system(&self) -> MutexGuard<'_, System> {
        self.system.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket that a reactor watches.
pub(super) struct Looked {
    watch: Watch,
    stream: TcpStream,
    /// The news that are used up.
    read: usize,
    written: usize,
    reads: u32,
}

impl Looked {
    /// The stream does not block.
    pub(super) fn new(stream: TcpStream, reactor: &Arc<Reactor>) -> io::Result<Self> {
        Ok(Self {
            watch: Watch::new(&stream, reactor)?,
            stream,
            read: 0,
            written: 0,
            reads: 0,
        })
    }

    pub(super) fn is_of(&self, reactor: &Arc<Reactor>) -> bool {
        std::ptr::eq(self.watch.reactor.as_ptr(), Arc::as_ptr(reactor))
    }

    /// The stream, which nobody watches any more.
    pub(super) fn into_stream(self) -> TcpStream {
        let Self { watch, stream, .. } = self;
        drop(watch);
        stream
    }

    pub(super) fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let readiness = &*self.watch.readiness;
        loop {
            let news = readiness.readable.load(Ordering::Acquire);
            if news == self.read {
                readiness.reader.register(context.waker());
                if readiness.readable.load(Ordering::Acquire) == news {
                    self.reads = 0;
                    return Poll::Pending;
                }
                continue;
            }
            if self.reads == READS_MAX {
                self.reads = 0;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let room = buffer.initialize_unfilled();
            let size = room.len();
            match (&self.stream).read(room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.read = news,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(count) => {
                    buffer.advance(count);
                    self.reads += 1;
                    // Less than there was room for: nothing is left, and what comes next is news.
                    if 0 < count && count < size && !readiness.is_ending.load(Ordering::Acquire) {
                        self.read = news;
                    }
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }

    pub(super) fn poll_write(&mut self, context: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let readiness = &*self.watch.readiness;
        loop {
            let news = readiness.writable.load(Ordering::Acquire);
            if news == self.written {
                readiness.writer.register(context.waker());
                if readiness.writable.load(Ordering::Acquire) == news {
                    return Poll::Pending;
                }
                continue;
            }
            match unsignalled(&self.stream, pieces) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.written = news,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                written => return Poll::Ready(written),
            }
        }
    }

    pub(super) fn shutdown(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }
}

impl AsFd for Looked {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// As long as it stands, the reactor watches. Given up before the socket is closed: copies that a fork made of it would
/// be watched on.
struct Watch {
    token: usize,
    descriptor: RawFd,
    readiness: Arc<Readiness>,
    reactor: Weak<Reactor>,
}

impl Watch {
    fn new(stream: &TcpStream, reactor: &Arc<Reactor>) -> io::Result<Self> {
        // Both are taken to be possible until the system says no.
        let readiness = Arc::new(Readiness {
            readable: AtomicUsize::new(1),
            writable: AtomicUsize::new(1),
            ..Readiness::default()
        });
        let token = {
            let mut watched = reactor.watched();
            watched.last += 1;
            let token = watched.last;
            watched.sockets.insert(token, readiness.clone());
            token
        };
        let this = Self {
            token,
            descriptor: stream.as_raw_fd(),
            readiness,
            reactor: Arc::downgrade(reactor),
        };
        let both = Interest::READABLE | Interest::WRITABLE;
        let system = reactor.system();
        system
            .poll
            .registry()
            .register(&mut SourceFd(&this.descriptor), Token(token), both)?;
        drop(system);
        Ok(this)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // In a forked child, the system's list is still the parent's.
        if let Some(reactor) = self.reactor.upgrade().filter(|reactor| reactor.process.is_current()) {
            reactor.watched().sockets.remove(&self.token);
            let system = reactor.system();
            // It fails only where the socket is not watched.
            drop(system.poll.registry().deregister(&mut SourceFd(&self.descriptor)));
        }
    }
}

#[cfg(test)]
#[path = "reactor_tests.rs"]
mod tests;
