//! Request bodies, and how we know that one of them began to be sent.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::error::Error;

/// Blocking reads of this size beat `tokio::fs` by an order of magnitude and keep memory flat.
const PIECE_BYTES: usize = 1024 * 1024;

/// What a request carries.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// All of it in memory.
    Bytes(Bytes),
    /// Read from disk while it is sent.
    File(PathBuf),
    /// Made piece by piece while it is sent.
    Pieces(Arc<dyn Pieces>),
}

/// What makes a body of a known length while it is sent, and again when it is sent again.
pub trait Pieces: std::fmt::Debug + Send + Sync {
    /// Bytes of all pieces.
    fn length(&self) -> u64;
    /// The pieces, counted from 0; None after the last.
    fn piece(&self, number: usize) -> Option<Bytes>;
}

impl Body {
    /// Opens what has to be opened. The flag is set as soon as a connection takes the body up.
    pub(crate) fn open(&self, started: Arc<AtomicBool>) -> Result<Watched, Error> {
        let content = match self {
            Self::Empty => Content::Bytes(Bytes::new()),
            Self::Bytes(bytes) => Content::Bytes(bytes.clone()),
            Self::File(path) => {
                let wrong = |error| Error::config(format!("cannot read {}: {error}", path.display()));
                let file = File::open(path).map_err(wrong)?;
                let left = file.metadata().map_err(wrong)?.len();
                Content::File { file, left }
            }
            Self::Pieces(source) => Content::Pieces {
                source: source.clone(),
                next: 0,
                left: source.length(),
            },
        };
        Ok(Watched { content, started })
    }
}

enum Content {
    Bytes(Bytes),
    File {
        file: File,
        left: u64,
    },
    Pieces {
        source: Arc<dyn Pieces>,
        next: usize,
        left: u64,
    },
}

/// A body that notes when it is taken up. The connection asks a body for its end before it writes the head, so even an
/// empty one tells; before that, no byte of the request can have been sent.
pub(crate) struct Watched {
    content: Content,
    started: Arc<AtomicBool>,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        self.started.store(true, Ordering::Relaxed);
        Poll::Ready(match &mut self.content {
            Content::Bytes(bytes) if bytes.is_empty() => None,
            Content::Bytes(bytes) => Some(Ok(Frame::data(std::mem::take(bytes)))),
            Content::File { left: 0, .. } => None,
            Content::File { file, left } => Some(read_piece(file, left).map(Frame::data)),
            Content::Pieces { left: 0, .. } => None,
            Content::Pieces { source, next, left } => {
                let piece = source.piece(*next);
                *next += 1;
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

fn read_piece(file: &mut File, left: &mut u64) -> std::io::Result<Bytes> {
    let wanted = PIECE_BYTES.min(usize::try_from(*left).unwrap_or(PIECE_BYTES));
    let mut piece = vec![0; wanted];
    let count = file.read(&mut piece)?;
    if count == 0 {
        return Err(std::io::Error::new(
            std::io::ErrorKind::UnexpectedEof,
            "the file became shorter while it was sent",
        ));
    }
    piece.truncate(count);
    *left = left.saturating_sub(count as u64);
    Ok(piece.into())
}
