//! Many short texts kept small: deflated in blocks as they come, read back in their order or by their place.

use std::borrow::Cow;
use std::fmt;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

/// A block is closed once it is longer than this, so every text in it begins at a place that an u16 can say.
const BLOCK_BYTES: usize = u16::MAX as usize;

/// Of deflate; several times quicker than a network, and a third smaller than the quickest.
const LEVEL: u32 = 6;

/// Texts, or any bytes. They are only ever added to.
#[derive(Clone, Default, PartialEq)]
pub struct Packed {
    closed: Vec<Block>,
    open: Block,
    count: usize,
    bytes: u64,
}

#[derive(Clone, Default, PartialEq)]
struct Block {
    /// How many texts stand before it.
    first: usize,
    /// Where its texts begin.
    places: Vec<u16>,
    /// Its length when it is not deflated.
    length: usize,
    /// Deflated, but for the block that is still open.
    data: Vec<u8>,
}

/// The block that was read last, so that texts read one after another are inflated once.
#[derive(Default)]
pub struct Page(Option<(usize, Vec<u8>)>);

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packed({} texts, {} bytes)", self.count, self.bytes)
    }
}

impl Packed {
    /// Adds the text that `write` appends.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.open.data.len() > BLOCK_BYTES {
            self.close();
        }
        let block = &mut self.open;
        let before = block.data.len();
        block.places.push(u16::try_from(before).unwrap_or(u16::MAX));
        write(&mut block.data);
        block.length = block.data.len();
        self.bytes += (block.length - before) as u64;
        self.count += 1;
    }

    fn close(&mut self) {
        let next = Block {
            first: self.count,
            // The next block needs about as much.
            data: Vec::with_capacity(self.open.data.len()),
            ..Block::default()
        };
        let mut block = std::mem::replace(&mut self.open, next);
        block.data = deflated(&block.data);
        block.places.shrink_to_fit();
        self.closed.push(block);
    }

    /// How many texts there are.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn block(&self, number: usize) -> Option<&Block> {
        match number.cmp(&self.closed.len()) {
            std::cmp::Ordering::Less => self.closed.get(number),
            std::cmp::Ordering::Equal => Some(&self.open),
            std::cmp::Ordering::Greater => None,
        }
    }

    /// The number of the block that holds a text; that of the last one for what is beyond the end.
    fn block_of(&self, index: usize) -> usize {
        if index >= self.open.first {
            return self.closed.len();
        }
        self.closed
            .partition_point(|block| block.first <= index)
            .saturating_sub(1)
    }

    fn data(&self, number: usize) -> Option<Cow<'_, [u8]>> {
        let block = self.block(number)?;
        if number == self.closed.len() {
            return Some(Cow::Borrowed(&block.data));
        }
        let mut data = Vec::with_capacity(block.length);
        DeflateDecoder::new(&*block.data).read_to_end(&mut data).ok()?;
        Some(Cow::Owned(data))
    }

    /// One text.
    pub fn read<'a>(&'a self, index: usize, page: &'a mut Page) -> Option<&'a [u8]> {
        let number = self.block_of(index);
        let block = self.block(number)?;
        let at = index.checked_sub(block.first)?;
        let begin = usize::from(*block.places.get(at)?);
        let end = block.places.get(at + 1).map_or(block.length, |end| usize::from(*end));
        if number == self.closed.len() {
            return block.data.get(begin..end);
        }
        if page.0.as_ref().is_none_or(|(kept, _)| *kept != number) {
            page.0 = Some((number, self.data(number)?.into_owned()));
        }
        page.0.as_ref()?.1.get(begin..end)
    }

    /// All texts in their order, read as UTF-8.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        let mut page = Page::default();
        (0..self.count).map(move |index| {
            let text = self.read(index, &mut page).unwrap_or_default();
            String::from_utf8_lossy(text).into_owned()
        })
    }
}

fn deflated(data: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(data.len() / 8), Compression::new(LEVEL));
    // Writing to memory does not fail.
    let written = encoder.write_all(data).and_then(|()| encoder.finish());
    let mut small = written.unwrap_or_default();
    small.shrink_to_fit();
    small
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed(texts: &[String]) -> Packed {
        let mut packed = Packed::default();
        for text in texts {
            packed.push(|out| out.extend_from_slice(text.as_bytes()));
        }
        packed
    }

    #[test]
    fn what_is_alike_takes_little_room() {
        let texts: Vec<String> = (0..20_000)
            .map(|number| format!("<Change user=\"user{number}\"/>"))
            .collect();
        let packed = packed(&texts);
        let kept: usize = packed.closed.iter().map(|block| block.data.len()).sum();
        assert!(packed.closed.len() > 5 && kept * 4 < packed.bytes as usize, "{kept}");
        assert!(packed.texts().eq(texts));
        assert_eq!(packed.read(20_000, &mut Page::default()), None);
    }

    proptest! {
        #[test]
        fn every_text_comes_back(
            lengths in prop::collection::vec(prop_oneof![0..9_usize, 60_000..70_000_usize], 0..12),
        ) {
            let texts: Vec<String> = lengths
                .iter()
                .enumerate()
                .map(|(number, length)| (b'a' + number as u8).to_string().repeat(*length))
                .collect();
            let packed = packed(&texts);
            let mut page = Page::default();
            for (index, text) in texts.iter().enumerate().rev() {
                prop_assert_eq!(packed.read(index, &mut page), Some(text.as_bytes()));
            }
        }
    }
}
