//! The head of an answer as it came, beside what the HTTP library makes of it. Like other clients, the library passes over a
//! header line that it can't read, and says nothing: one that decides where the body ends must not be missed.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use http::{Response, header};
use hyper::body::{Body as _, Incoming};
use memchr::{memchr, memchr_iter, memmem};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use zeroize::Zeroize;

use super::http1::Wipe;
use crate::core::cause::BoxError;
use crate::core::offload::PIECE_BYTES_MAX;

/// Most header fields of an answer.
pub(super) const FIELDS_MAX: usize = 256;
/// Most bytes of the head of an answer.
pub(super) const BYTES_MAX: usize = PIECE_BYTES_MAX;

/// Names of lines without which a body can't be read, by their letters.
const DECISIVE: [&str; 3] = ["contentlength", "transferencoding", "contentencoding"];
/// What is shown of a name.
const SHOWN_MAX: usize = 40;

/// Why the head of an answer can't be read.
#[derive(Debug, thiserror::Error)]
pub(in crate::core) enum Unreadable {
    #[error("{0} among the header lines of the answer can't be read")]
    Line(String),
    #[error("the answer has more than {FIELDS_MAX} header fields, or more than {} KiB of them", BYTES_MAX / 1024)]
    TooLarge,
}

/// The head of the answer that is waited for.
#[derive(Clone, Default)]
pub(super) struct Head(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    is_wanted: bool,
    bytes: Vec<u8>,
}

impl Head {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins with the answer to the next request.
    pub(super) fn expect(&self) {
        let mut kept = self.kept();
        kept.is_wanted = true;
        kept.bytes.clear();
    }

    /// Which line of this answer can't be read, though its body depends on it.
    pub(super) fn fault(&self, answer: &Response<Incoming>) -> Option<Unreadable> {
        let mut kept = self.kept();
        kept.is_wanted = false;
        // Each field has a line, as have the status and the end.
        if memchr_iter(b'\n', &kept.bytes).count() == answer.headers().len() + 2 {
            return None;
        }
        let has_end =
            answer.body().size_hint().exact().is_some() || answer.headers().contains_key(header::TRANSFER_ENCODING);
        let unread = unread(&kept.bytes);
        let decisive = unread.iter().find(|line| line.is_decisive());
        let line = decisive.or_else(|| unread.first().filter(|_| !has_end))?;
        Some(Unreadable::Line(line.shown()))
    }

    /// Why the library could not read the answer, if it was for its head.
    pub(super) fn explained(&self, error: hyper::Error) -> BoxError {
        if error.is_parse_too_large() {
            return Unreadable::TooLarge.into();
        }
        let kept = self.kept();
        match unread(&kept.bytes)
            .first()
            .filter(|_| error.is_parse() && kept.bytes.starts_with(b"HTTP/1."))
        {
            Some(line) => Unreadable::Line(line.shown()).into(),
            None => error.into(),
        }
    }
}

impl Kept {
    fn note(&mut self, mut piece: &[u8]) {
        while self.is_wanted {
            // Where it is cut in two, or where lines end otherwise, more is kept than the head.
            let Some(end) = memmem::find(piece, b"\r\n\r\n") else {
                return self.bytes.extend_from_slice(piece);
            };
            let (head, rest) = piece.split_at(end + 4);
            self.bytes.extend_from_slice(head);
            piece = rest;
            match is_interim(&self.bytes) {
                true => self.bytes.clear(),
                false => self.is_wanted = false,
            }
        }
    }
}

/// Whether another head follows.
fn is_interim(head: &[u8]) -> bool {
    head.get(9) == Some(&b'1') && head.get(10..12) != Some(b"01")
}

/// A line that the library does not take.
struct Unread<'h> {
    name: &'h [u8],
    has_colon: bool,
}

impl Unread<'_> {
    fn is_decisive(&self) -> bool {
        let letters = self.name.iter().filter(|byte| byte.is_ascii_alphabetic());
        let letters: Vec<u8> = letters.map(u8::to_ascii_lowercase).collect();
        DECISIVE.iter().any(|name| letters.starts_with(name.as_bytes()))
    }

    /// Of a line without a name, nothing is known of what it may hold.
    fn shown(&self) -> String {
        match self.has_colon {
            true => {
                let name = String::from_utf8_lossy(self.name);
                format!("{:?}", name.trim().chars().take(SHOWN_MAX).collect::<String>())
            }
            false => "a line without a colon".to_owned(),
        }
    }
}

/// The lines of a head that the library does not take. One that begins with a blank goes on with the line before.
fn unread(head: &[u8]) -> Vec<Unread<'_>> {
    let mut found = Vec::new();
    let mut before: Option<Unread<'_>> = None;
    for line in head.split(|&byte| byte == b'\n').skip(1) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(&first) = line.first() else { break };
        let is_continued = matches!(first, b' ' | b'\t') && before.is_some();
        if !is_continued {
            let colon = memchr(b':', line);
            let (name, value) = line.split_at(colon.unwrap_or(line.len()));
            let this = Unread {
                name,
                has_colon: colon.is_some(),
            };
            match this.has_colon && is_name(name) && is_value(value) {
                true => before = Some(this),
                false => {
                    before = None;
                    found.push(this);
                }
            }
        } else if !is_value(line) {
            found.extend(before.take());
        }
    }
    found
}

/// With blanks behind it.
fn is_name(name: &[u8]) -> bool {
    let name = name.trim_ascii_end();
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !name.is_empty() && name.iter().all(is_token)
}

fn is_value(value: &[u8]) -> bool {
    value
        .iter()
        .all(|&byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f))
}

/// A stream of which the heads are kept.
pub(super) struct Overheard<T> {
    stream: T,
    head: Head,
}

impl<T> Overheard<T> {
    pub(super) fn new(stream: T, head: Head) -> Self {
        Self { stream, head }
    }
}

impl<T: Wipe> Wipe for Overheard<T> {
    fn wipe(&mut self) {
        self.head.kept().bytes.zeroize();
        self.stream.wipe();
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Overheard<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Some(piece) = buffer.filled().get(before..).filter(|piece| !piece.is_empty()) {
            self.head.kept().note(piece);
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Overheard<T> {
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
