//! Texts of one column kept small: one that came lately is named by its place, and of another only what it does not
//! share with the one before it is written. It costs a fraction of what deflating them does.

/// Texts that are remembered.
const PLACES: usize = 64;
/// Longer ones are not: they seldom repeat, and would cost memory.
const LENGTH_MAX: usize = 255;

/// What is written with a place: the text is new, new and to be escaped, or has a head of its own.
const KIND: u8 = 0xc0;
const NEW: u8 = 0x40;
const NEW_ESCAPED: u8 = 0x80;
const OTHER: u8 = 0xc0;
/// The flags of that head.
const ESCAPED: u8 = 1;
const LONG: u8 = 2;

/// The texts that a column had lately. Writer and reader hold the same ones at the same point.
#[derive(Debug)]
pub struct Recent {
    texts: Vec<Text>,
    last: u8,
    made: Vec<u8>,
}

/// A text, and what its writer wants to know when it comes again.
#[derive(Clone, Debug, Default)]
struct Text {
    bytes: Vec<u8>,
    note: Note,
}

/// What is known of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Note {
    /// Whether it holds a character that has to be escaped.
    pub is_escaped: bool,
    /// Its length when it is written.
    pub length: usize,
}

/// Where a text is, or would be.
#[derive(Clone, Copy, Debug)]
pub struct Place(u8);

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
        for text in &mut self.texts {
            text.bytes.clear();
            text.note = Note::default();
        }
        self.last = 0;
    }

    /// Where a text is with what is known of it, or where it would be.
    pub fn find(&self, text: &[u8]) -> (Place, Option<Note>) {
        let known = |place: u8| {
            let found = self.texts.get(usize::from(place))?;
            (found.bytes == text).then_some(found.note)
        };
        if let Some(note) = known(self.last) {
            return (Place(self.last), Some(note));
        }
        let place = place_of(text);
        (Place(place), known(place))
    }

    /// Whether a text is the one that came last: then its place need not be written.
    pub const fn is_last(&self, place: Place) -> bool {
        self.last == place.0
    }

    /// Writes a text that was found.
    pub fn write_known(&mut self, out: &mut Vec<u8>, place: Place) {
        self.last = place.0;
        out.push(place.0);
    }

    /// Writes one that was not.
    pub fn write_new(&mut self, out: &mut Vec<u8>, text: &[u8], place: Place, note: Note) {
        let is_escaped = u8::from(note.is_escaped) * ESCAPED;
        if text.len() > LENGTH_MAX {
            out.extend_from_slice(&[OTHER, LONG | is_escaped]);
            out.extend_from_slice(&(text.len() as u64).to_le_bytes());
            out.extend_from_slice(text);
            return;
        }
        let last = self.texts.get(usize::from(self.last));
        let last = last.map(|last| last.bytes.as_slice()).unwrap_or_default();
        let small = |length: usize| u8::try_from(length).unwrap_or_default();
        let begin = shared_begin(last, text);
        let (left_out, own) = differing(last, text, begin);
        let (begin, lengths) = (small(begin), [small(left_out), small(own.len())]);
        match lengths {
            [left_out @ 0..16, length @ 0..16] => {
                let kind = if note.is_escaped { NEW_ESCAPED } else { NEW };
                out.extend_from_slice(&[kind | place.0, begin, left_out << 4 | length]);
            }
            [left_out, length] => out.extend_from_slice(&[OTHER | place.0, is_escaped, begin, left_out, length]),
        }
        out.extend_from_slice(own);
        if let Some(kept) = self.texts.get_mut(usize::from(place.0)) {
            kept.bytes.clear();
            kept.bytes.extend_from_slice(text);
            kept.note = note;
        }
        self.last = place.0;
    }

    /// The text that came last, and whether it has to be escaped.
    pub fn last(&self) -> Option<(&[u8], bool)> {
        let last = self.texts.get(usize::from(self.last))?;
        Some((&last.bytes, last.note.is_escaped))
    }

    /// Reads what was written, from the beginning of `data`; gives the same. None if it is broken.
    pub fn read<'t, 'd: 't>(&'t mut self, data: &mut &'d [u8]) -> Option<(&'t [u8], bool)> {
        let (mark, rest) = data.split_first()?;
        *data = rest;
        let (kind, place) = (mark & KIND, mark & !KIND);
        let (is_escaped, begin, left_out, length) = match kind {
            NEW | NEW_ESCAPED => {
                let (&[begin, lengths], rest) = data.split_first_chunk()?;
                *data = rest;
                (kind == NEW_ESCAPED, begin, lengths >> 4, lengths & 15)
            }
            OTHER => {
                let (flags, rest) = data.split_first()?;
                *data = rest;
                if flags & LONG != 0 {
                    let (length, rest) = data.split_first_chunk()?;
                    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
                    let (text, rest) = rest.split_at_checked(length)?;
                    *data = rest;
                    return Some((text, flags & ESCAPED != 0));
                }
                let (&[begin, left_out, length], rest) = data.split_first_chunk()?;
                *data = rest;
                (flags & ESCAPED != 0, begin, left_out, length)
            }
            _ => {
                self.last = place;
                return self.last();
            }
        };
        let (own, rest) = data.split_at_checked(usize::from(length))?;
        *data = rest;
        // Put together beside the texts: the last one may be the one that it takes the place of.
        let last = self.texts.get(usize::from(self.last))?.bytes.as_slice();
        let (before, after) = last.split_at_checked(usize::from(begin))?;
        self.made.clear();
        self.made.extend_from_slice(before);
        self.made.extend_from_slice(own);
        self.made.extend_from_slice(after.get(usize::from(left_out)..)?);
        let kept = self.texts.get_mut(usize::from(place))?;
        std::mem::swap(&mut kept.bytes, &mut self.made);
        kept.note.is_escaped = is_escaped;
        self.last = place;
        self.last()
    }
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

/// How many bytes two texts have in common at their beginning.
fn shared_begin(one: &[u8], other: &[u8]) -> usize {
    let eights = one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0);
    let begin = eights.take_while(|(a, b)| a == b).count() * 8;
    let ones = one.iter().zip(other).skip(begin);
    begin + ones.take_while(|(a, b)| a == b).count()
}

/// What two texts do not have in common beside their beginning and their end: how much of the last one is left out, and
/// what stands there instead.
fn differing<'t>(last: &[u8], text: &'t [u8], begin: usize) -> (usize, &'t [u8]) {
    let last = last.get(begin..).unwrap_or_default();
    let text = text.get(begin..).unwrap_or_default();
    let pairs = last.iter().rev().zip(text.iter().rev());
    let end = pairs.take_while(|(a, b)| a == b).count();
    (last.len() - end, text.get(..text.len() - end).unwrap_or_default())
}
