//! Request bodies, and how we know that one of them began to be sent.

use std::fs::File;
use std::future::Future;
use std::io::{Error as IoError, ErrorKind};
use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use super::buffers::Buffers;
use super::error::Error;

/// Blocking reads beat `tokio::fs` by an order of magnitude and keep memory flat. A piece is written before the next one
/// is read.
const PIECE_BYTES: usize = 256 * 1024;
/// Where a piece begins. The system copies from whole pages; to a place that is not aligned, some processors take
/// several times as long (AMD Zen 3: <https://lunnova.dev/articles/ryzen-slow-short-rep-mov>).
const PAGE_BYTES: usize = 4096;

/// What a request carries.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// All of it in memory.
    Bytes(Bytes),
    /// A regular file, read from its beginning while it is sent.
    File(Arc<File>),
    /// Made piece by piece while it is sent.
    Pieces(Arc<dyn Pieces>),
}

/// What makes a body of a known length while it is sent, and again when it is sent again.
pub trait Pieces: std::fmt::Debug + Send + Sync {
    /// Bytes of all pieces.
    fn length(&self) -> u64;
    /// The pieces, from the first one on.
    fn begin(&self) -> Box<dyn Iterator<Item = Bytes> + Send + Sync>;
}

impl Body {
    /// The body from its beginning. The flag is set as soon as a connection takes it up. A file is read where the body is
    /// asked for, or on a thread of its own where other calls would wait for that.
    pub(crate) fn open(&self, started: Arc<AtomicBool>, is_thread_shared: bool) -> Result<Watched, Error> {
        let content = match self {
            Self::Empty => Content::Bytes(Bytes::new()),
            Self::Bytes(bytes) => Content::Bytes(bytes.clone()),
            Self::File(file) => {
                let found = file.metadata();
                let found = found.map_err(|error| Error::config(format!("the file can't be read: {error}")))?;
                let left = found.len();
                let reader = FileReader {
                    file: file.clone(),
                    offset: 0,
                    buffers: Buffers::default(),
                    is_thread_shared,
                    reading: None,
                };
                Content::File { reader, left }
            }
            Self::Pieces(source) => Content::Pieces {
                pieces: source.begin(),
                left: source.length(),
            },
        };
        Ok(Watched {
            content,
            started,
            alive: None,
        })
    }
}

enum Content {
    Bytes(Bytes),
    File {
        reader: FileReader,
        left: u64,
    },
    Pieces {
        pieces: Box<dyn Iterator<Item = Bytes> + Send + Sync>,
        left: u64,
    },
}

/// A body that notes when it is taken up. The connection asks a body for its end before it writes the head, so even an
/// empty one tells; before that, no byte of the request can have been sent.
pub(crate) struct Watched {
    content: Content,
    started: Arc<AtomicBool>,
    alive: Option<Arc<()>>,
}

/// Whether a body is still held by its connection: not all of it was taken up.
#[derive(Default)]
pub(crate) struct Upload(Weak<()>);

impl Upload {
    /// Whether there is something left to send.
    pub(crate) fn goes_on(&self) -> bool {
        self.0.strong_count() > 0
    }
}

impl Watched {
    /// To ask later whether it is still being sent.
    pub(crate) fn upload(&mut self) -> Upload {
        Upload(Arc::downgrade(self.alive.get_or_insert_default()))
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        self.started.store(true, Ordering::Relaxed);
        Poll::Ready(match &mut self.content {
            Content::Bytes(bytes) if bytes.is_empty() => None,
            Content::Bytes(bytes) => Some(Ok(Frame::data(std::mem::take(bytes)))),
            Content::File { left: 0, .. } => None,
            Content::File { reader, left } => {
                let Poll::Ready(piece) = reader.poll(context, *left) else {
                    return Poll::Pending;
                };
                *left = left.saturating_sub(piece.as_ref().map_or(0, |piece| piece.len() as u64));
                Some(piece.map(Frame::data))
            }
            Content::Pieces { left: 0, .. } => None,
            Content::Pieces { pieces, left } => {
                let piece = pieces.next();
                let piece = piece.ok_or_else(|| std::io::Error::other("the body became shorter while it was sent"));
                Some(piece.map(|piece| {
                    *left = left.saturating_sub(piece.len() as u64);
                    Frame::data(piece)
                }))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.started.store(true, Ordering::Relaxed);
        match &self.content {
            Content::Bytes(bytes) => bytes.is_empty(),
            Content::File { left, .. } | Content::Pieces { left, .. } => *left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match &self.content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File { left, .. } | Content::Pieces { left, .. } => *left,
        })
    }
}

/// A file that is read piece by piece.
///
/// The place in the file is the reader's own: an attempt that was given up may still read while the next one begins.
struct FileReader {
    file: Arc<File>,
    offset: u64,
    buffers: Buffers,
    /// Whether other calls would wait for what is read on this thread.
    is_thread_shared: bool,
    /// What is being read on a thread of its own.
    reading: Option<JoinHandle<std::io::Result<Filled>>>,
}

/// A buffer, and the part of it into which was read.
type Filled = (Vec<u8>, Range<usize>);

impl FileReader {
    fn poll(&mut self, context: &mut Context<'_>, left: u64) -> Poll<std::io::Result<Bytes>> {
        let mut reading = match self.reading.take() {
            Some(reading) => reading,
            None => {
                let wanted = usize::try_from(left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
                let (file, offset, buffer) = (self.file.clone(), self.offset, self.buffer(wanted));
                if !self.is_thread_shared {
                    return Poll::Ready(read(&file, offset, buffer, wanted).map(|filled| self.lend(filled)));
                }
                spawn_blocking(move || read(&file, offset, buffer, wanted))
            }
        };
        let Poll::Ready(read) = Pin::new(&mut reading).poll(context) else {
            self.reading = Some(reading);
            return Poll::Pending;
        };
        let read = read.map_err(IoError::other).and_then(|read| read);
        Poll::Ready(read.map(|filled| self.lend(filled)))
    }

    fn buffer(&self, wanted: usize) -> Vec<u8> {
        let mut buffer = self.buffers.take();
        if buffer.len() < wanted + PAGE_BYTES {
            // Not grown: what it holds would be copied.
            buffer = vec![0; wanted + PAGE_BYTES];
        }
        buffer
    }

    fn lend(&mut self, (buffer, part): Filled) -> Bytes {
        self.offset += part.len() as u64;
        self.buffers.lend(buffer, part)
    }
}

fn read(file: &File, offset: u64, mut buffer: Vec<u8>, wanted: usize) -> std::io::Result<Filled> {
    #[cfg(unix)]
    let read_at = std::os::unix::fs::FileExt::read_at;
    #[cfg(windows)]
    let read_at = std::os::windows::fs::FileExt::seek_read;
    let begin = buffer.as_ptr().align_offset(PAGE_BYTES).min(PAGE_BYTES);
    let count = read_at(file, buffer.get_mut(begin..begin + wanted).unwrap_or_default(), offset)?;
    if count == 0 {
        return Err(IoError::new(
            ErrorKind::UnexpectedEof,
            "the file became shorter while it was sent",
        ));
    }
    Ok((buffer, begin..begin + count))
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
