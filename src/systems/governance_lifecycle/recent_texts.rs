//! Texts of one column kept small: one that came lately is named by its place, and of another only what it does not
//! share with the one before it is written. It costs a fraction of what deflating them does.

/// Texts that are remembered.
const PLACES: usize = 64;
/// Longer ones are not: they seldom repeat, and would cost memory.
const LENGTH_MAX: usize = 255;

/// What is written with a place: the text came lately, is new, or is new with a head of its own.
const KIND: u8 = 0xc0;
const NEW: u8 = 0x40;
const OTHER: u8 = 0xc0;
/// The flag of that head.
const LONG: u8 = 1;

/// The texts that a column had lately. Writer and reader hold the same ones at the same point.
#[derive(Debug)]
pub struct Recent {
    texts: Vec<Text>,
    last: u8,
    made: Vec<u8>,
}

/// A text as it was given, and behind it as it is kept if that is something else. A reader knows the second alone.
#[derive(Clone, Debug, Default)]
struct Text {
    bytes: Vec<u8>,
    given: usize,
}

impl Text {
    fn given(&self) -> &[u8] {
        self.bytes.get(..self.given).unwrap_or_default()
    }

    fn kept(&self) -> &[u8] {
        match self.bytes.get(self.given..) {
            Some(other) if !other.is_empty() => other,
            _ => &self.bytes,
        }
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.given = 0;
    }
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            texts: vec![Text::default(); PLACES],
            last: 0,
            made: Vec::new(),
        }
    }
}

impl Recent {
    /// Forgets all texts.
    pub fn clear(&mut self) {
        self.texts.iter_mut().for_each(Text::clear);
        self.last = 0;
    }

    /// The length of a text as it is kept, if it is the one that came last. Then it need not be written.
    pub fn length_of_last(&self, text: &[u8]) -> Option<usize> {
        Some(self.known(self.last, text)?.kept().len())
    }

    fn known(&self, place: u8, text: &[u8]) -> Option<&Text> {
        self.texts.get(usize::from(place)).filter(|known| known.given() == text)
    }

    /// Writes a text. With `change` it is kept as that makes it, which is always the same. Gives its length then.
    pub fn write(&mut self, out: &mut Vec<u8>, text: &[u8], change: Option<impl Fn(&mut Vec<u8>, &[u8])>) -> usize {
        let place = place_of(text);
        if let Some(known) = self.known(place, text) {
            let length = known.kept().len();
            self.last = place;
            out.push(place);
            return length;
        }
        self.made.clear();
        let is_changed = change.is_some_and(|change| {
            change(&mut self.made, text);
            true
        });
        let kept = if is_changed { self.made.as_slice() } else { text };
        let length = kept.len();
        if length > LENGTH_MAX {
            out.extend_from_slice(&[OTHER, LONG]);
            out.extend_from_slice(&(length as u64).to_le_bytes());
            out.extend_from_slice(kept);
            return length;
        }
        let last = self
            .texts
            .get(usize::from(self.last))
            .map(Text::kept)
            .unwrap_or_default();
        write_new(out, place, last, kept);
        if let Some(known) = self.texts.get_mut(usize::from(place)) {
            known.clear();
            known.bytes.reserve(text.len() + self.made.len());
            known.bytes.extend_from_slice(text);
            known.given = text.len();
            if is_changed {
                known.bytes.extend_from_slice(&self.made);
            }
        }
        self.last = place;
        length
    }

    /// The text that came last, as it is kept.
    pub fn last(&self) -> Option<&[u8]> {
        self.texts.get(usize::from(self.last)).map(Text::kept)
    }

    /// Reads what was written, from the beginning of `data`, as it is kept. None if it is broken.
    pub fn read<'t, 'd: 't>(&'t mut self, data: &mut &'d [u8]) -> Option<&'t [u8]> {
        let (mark, rest) = data.split_first()?;
        *data = rest;
        let (kind, place) = (mark & KIND, mark & !KIND);
        let (begin, left_out, length) = match kind {
            NEW => {
                let (&[begin, lengths], rest) = data.split_first_chunk()?;
                *data = rest;
                (begin, lengths >> 4, lengths & 15)
            }
            OTHER => {
                let (flags, rest) = data.split_first()?;
                *data = rest;
                if flags & LONG != 0 {
                    let (length, rest) = data.split_first_chunk()?;
                    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
                    let (text, rest) = rest.split_at_checked(length)?;
                    *data = rest;
                    return Some(text);
                }
                let (&[begin, left_out, length], rest) = data.split_first_chunk()?;
                *data = rest;
                (begin, left_out, length)
            }
            _ => {
                self.last = place;
                return self.last();
            }
        };
        let (own, rest) = data.split_at_checked(usize::from(length))?;
        *data = rest;
        // Put together beside the texts: the last one may be the one that it takes the place of.
        let last = self.texts.get(usize::from(self.last))?.kept();
        let (before, after) = last.split_at_checked(usize::from(begin))?;
        self.made.clear();
        self.made.extend_from_slice(before);
        self.made.extend_from_slice(own);
        self.made.extend_from_slice(after.get(usize::from(left_out)..)?);
        let known = self.texts.get_mut(usize::from(place))?;
        std::mem::swap(&mut known.bytes, &mut self.made);
        known.given = known.bytes.len();
        self.last = place;
        self.last()
    }
}

/// Writes what a text does not share with the last one.
fn write_new(out: &mut Vec<u8>, place: u8, last: &[u8], text: &[u8]) {
    let small = |length: usize| u8::try_from(length).unwrap_or_default();
    let begin = shared_begin(last, text);
    let (left_out, own) = differing(last, text, begin);
    match [small(left_out), small(own.len())] {
        [left_out @ 0..16, length @ 0..16] => {
            out.extend_from_slice(&[NEW | place, small(begin), left_out << 4 | length]);
        }
        [left_out, length] => out.extend_from_slice(&[OTHER | place, 0, small(begin), left_out, length]),
    }
    out.extend_from_slice(own);
}

/// Cheap, and different for what differs at its beginning, its end or in its length.
fn place_of(text: &[u8]) -> u8 {
    let whole = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let (first, last) = match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => (whole(first), whole(last)),
        _ => (text.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)), 0),
    };
    let mixed = first.rotate_left(23) ^ last ^ text.len() as u64;
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - PLACES.ilog2())) as u8
}

/// What two texts do not have in common beside their beginning and their end: how much of the last one is left out, and
/// what stands there instead.
fn differing<'t>(last: &[u8], text: &'t [u8], begin: usize) -> (usize, &'t [u8]) {
    let last = last.get(begin..).unwrap_or_default();
    let text = text.get(begin..).unwrap_or_default();
    let end = shared_end(last, text);
    (last.len() - end, text.get(..text.len() - end).unwrap_or_default())
}

/// How many bytes two texts have in common at their beginning. Eight are compared at once.
fn shared_begin(one: &[u8], other: &[u8]) -> usize {
    let length = one.len().min(other.len());
    let (one, other) = (
        one.get(..length).unwrap_or_default(),
        other.get(..length).unwrap_or_default(),
    );
    let eights = one.as_chunks().0.iter().zip(other.as_chunks().0);
    for (index, pair) in eights.enumerate() {
        let shared = shared_of(pair, u64::trailing_zeros);
        if shared < 8 {
            return index * 8 + shared;
        }
    }
    match (one.last_chunk(), other.last_chunk()) {
        (Some(one), Some(other)) => length - 8 + shared_of((one, other), u64::trailing_zeros),
        _ => one.iter().zip(other).take_while(|(a, b)| a == b).count(),
    }
}

/// The same at their end.
fn shared_end(one: &[u8], other: &[u8]) -> usize {
    let length = one.len().min(other.len());
    let (one, other) = (one.get(one.len() - length..), other.get(other.len() - length..));
    let (one, other) = (one.unwrap_or_default(), other.unwrap_or_default());
    let eights = one.as_rchunks().1.iter().rev().zip(other.as_rchunks().1.iter().rev());
    for (index, pair) in eights.enumerate() {
        let shared = shared_of(pair, u64::leading_zeros);
        if shared < 8 {
            return index * 8 + shared;
        }
    }
    match (one.first_chunk(), other.first_chunk()) {
        (Some(one), Some(other)) => length - 8 + shared_of((one, other), u64::leading_zeros),
        _ => one
            .iter()
            .rev()
            .zip(other.iter().rev())
            .take_while(|(a, b)| a == b)
            .count(),
    }
}

/// How many of eight bytes are alike, counted from one side.
fn shared_of((one, other): (&[u8; 8], &[u8; 8]), zeros: impl Fn(u64) -> u32) -> usize {
    zeros(u64::from_le_bytes(*one) ^ u64::from_le_bytes(*other)) as usize / 8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_shared_is_what_is_alike_one_by_one(one in "[ab\0]{0,40}", other in "[ab\0]{0,40}", middle in "[ab]{0,3}") {
            for (one, other) in [(one.clone(), other.clone()), (format!("{one}{middle}{other}"), format!("{one}{other}"))] {
                let (one, other) = (one.as_bytes(), other.as_bytes());
                let begin = one.iter().zip(other).take_while(|(a, b)| a == b).count();
                let end = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
                prop_assert_eq!((shared_begin(one, other), shared_end(one, other)), (begin, end));
            }
        }
    }
}
