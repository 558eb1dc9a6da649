//! Buffers that are filled, sent and filled again. Allocating each piece of a large body anew costs more than filling
//! it: the pages are given back and fetched, and what is freed is wiped.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes};

/// Buffers that are not lent just now.
#[derive(Clone, Debug, Default)]
pub struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

struct Lent {
    buffer: Vec<u8>,
    home: Buffers,
}

impl Buffers {
    /// One that was lent before, with what is in it, or an empty one.
    pub fn take(&self) -> Vec<u8> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.pop().unwrap_or_default()
    }

    /// Lends a part of one; it comes back when nobody needs the bytes any more.
    pub fn lend(&self, buffer: Vec<u8>, part: Range<usize>) -> Bytes {
        let lent = Lent {
            buffer,
            home: self.clone(),
        };
        let mut bytes = Bytes::from_owner(lent);
        bytes.truncate(part.end);
        bytes.advance(part.start.min(bytes.len()));
        bytes
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut idle = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(std::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_when_its_bytes_are_dropped() {
        let buffers = Buffers::default();
        let bytes = buffers.lend(b"abcdef".to_vec(), 1..4);
        assert_eq!(bytes, "bcd");
        let (kept, at) = (bytes.slice(1..), bytes.as_ptr());
        drop(bytes);
        assert!(buffers.take().is_empty());
        drop(kept);
        let again = buffers.take();
        assert_eq!(again, b"abcdef");
        assert_eq!(again.as_ptr().wrapping_add(1), at);
    }
}
