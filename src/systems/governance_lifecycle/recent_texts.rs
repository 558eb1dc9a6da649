//! Texts of one column kept small, as they stand in the document: of one that is much like the one before it, only the
//! difference is looked at, escaped and written; one that came lately is named by its place. It costs a fraction of what
//! deflating them does.

use super::alike::unlike;
use super::xml::{self, Escaping, Growth};

/// Texts that are remembered beside the last one.
const PLACES: usize = 64;
/// Longer ones are not: they seldom repeat, and would cost memory.
const LENGTH_MAX: usize = 255;
/// How much may be left out, and stand there instead, of a text that is much like the last one.
const NEAR: (u8, u8) = (15, 4);

/// What else the lower half of a mark says.
const LATELY: u8 = 15;
const FAR: u8 = 14;
const LONG: u8 = 13;

/// Writes the texts of a column.
#[derive(Debug)]
pub struct Writer {
    last: Text,
    lately: Vec<Text>,
}

/// Reads what a writer wrote, and remembers the same texts at the same point.
#[derive(Debug)]
pub struct Reader {
    last: Vec<u8>,
    lately: Vec<Vec<u8>>,
}

/// A text as it was given, and escaped if that is something else.
#[derive(Clone, Debug, Default)]
struct Text {
    given: Vec<u8>,
    escaped: Vec<u8>,
    /// How much longer the second is.
    growth: u8,
    /// So many bytes at its beginning stand for themselves, if not more.
    plain: u8,
}

/// What is to be written of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found {
    /// Nothing: it is the one that came last.
    Last,
    /// A small difference to that one.
    Near(Difference),
    /// The place of one that came lately.
    Lately(u8),
    /// The difference, and where the text is remembered.
    Far(u8, Difference),
    /// All of it: it is not remembered.
    Long,
}

/// How a text differs from the last one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    given: Edit,
    escaped: Edit,
    growth: u8,
    plain: u8,
}

/// What makes one text of another.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Edit {
    begin: u8,
    left_out: u8,
    /// Of what stands there instead.
    length: u8,
}

impl Edit {
    /// Of texts that are not too long.
    const fn new(begin: usize, left_out: usize, length: usize) -> Self {
        Self {
            begin: begin as u8,
            left_out: left_out as u8,
            length: length as u8,
        }
    }

    /// None if it does not fit.
    #[inline]
    fn apply(self, text: &mut Vec<u8>, own: &[u8]) -> Option<()> {
        let begin = usize::from(self.begin);
        if usize::from(self.left_out) != own.len() {
            make_room(text, begin + usize::from(self.left_out), begin + own.len())?;
        }
        text.get_mut(begin..begin + own.len())?.copy_from_slice(own);
        Some(())
    }
}

/// Moves what stands behind a place.
fn make_room(text: &mut Vec<u8>, from: usize, to: usize) -> Option<()> {
    let length = text.len();
    let behind = length.checked_sub(from)?;
    if to > from {
        text.resize(to + behind, 0);
    }
    text.copy_within(from..length, to);
    text.truncate(to + behind);
    Some(())
}

impl Text {
    fn kept(&self) -> &[u8] {
        match self.growth {
            0 => &self.given,
            _ => &self.escaped,
        }
    }

    fn clear(&mut self) {
        self.given.clear();
        (self.growth, self.plain) = (0, 0);
    }

    fn take_over(&mut self, other: &Self) {
        self.given.clone_from(&other.given);
        self.escaped.clone_from(&other.escaped);
        (self.growth, self.plain) = (other.growth, other.plain);
    }

    /// `own` is what it has instead, as given and escaped.
    fn become_other(&mut self, difference: &Difference, own: (&[u8], &[u8])) -> Option<()> {
        if difference.growth > 0 {
            if self.growth == 0 {
                self.escaped.clone_from(&self.given);
            }
            difference.escaped.apply(&mut self.escaped, own.1)?;
        }
        (self.growth, self.plain) = (difference.growth, difference.plain);
        difference.given.apply(&mut self.given, own.0)
    }
}

impl Default for Writer {
    fn default() -> Self {
        Self {
            last: Text::default(),
            lately: vec![Text::default(); PLACES],
        }
    }
}

impl Writer {
    /// Forgets all texts.
    pub fn clear(&mut self) {
        self.last.clear();
        self.lately.iter_mut().for_each(Text::clear);
    }

    /// Looks what is to be written of a text, and how long it becomes.
    ///
    /// # Errors
    /// A character that XML cannot carry.
    pub fn look(&self, text: &str, escaping: Escaping) -> Result<(Found, usize), char> {
        let (last, bytes) = (&self.last, text.as_bytes());
        if last.given == bytes {
            return Ok((Found::Last, last.kept().len()));
        }
        let (begin, left_out, own) = unlike(&last.given, bytes);
        // What both share was looked at before. It can mean something else only where bytes that are no ASCII stood or
        // stand between.
        let more = escaping.growth(own);
        let less = match last.growth > 0 || own.is_empty() {
            true => escaping.growth(left_out),
            false => Growth::default(),
        };
        if less.is_doubtful || more.is_doubtful {
            xml::forbidden(text).map_or(Ok(()), Err)?;
        }
        let growth = usize::from(last.growth) - less.bytes + more.bytes;
        let length = bytes.len() + growth;
        if length > LENGTH_MAX {
            return Ok((Found::Long, length));
        }
        let before = match begin > usize::from(last.plain) {
            true => escaping.growth(bytes.get(..begin).unwrap_or_default()).bytes,
            false => 0,
        };
        let plain = match (growth, before, more.bytes) {
            (0, ..) => bytes.len(),
            (_, 0, 0) => begin + own.len(),
            (_, 0, _) => begin,
            _ => usize::from(last.plain),
        };
        let difference = Difference {
            given: Edit::new(begin, left_out.len(), own.len()),
            escaped: Edit::new(begin + before, left_out.len() + less.bytes, own.len() + more.bytes),
            growth: growth as u8,
            plain: plain as u8,
        };
        if difference.escaped.left_out <= NEAR.0 && difference.escaped.length <= NEAR.1 {
            return Ok((Found::Near(difference), length));
        }
        let place = place_of(bytes);
        let lately = self.lately.get(usize::from(place));
        let found = match lately.filter(|lately| lately.given == bytes) {
            Some(_) => Found::Lately(place),
            None => Found::Far(place, difference),
        };
        Ok((found, length))
    }

    /// Writes a text of which this was found just now.
    pub fn write(&mut self, out: &mut Vec<u8>, text: &[u8], found: Found, escaping: Escaping) {
        match found {
            Found::Last => {}
            Found::Near(difference) => {
                let Edit {
                    begin,
                    left_out,
                    length,
                } = difference.escaped;
                out.extend_from_slice(&[left_out << 4 | length, begin]);
                self.write_own(out, text, &difference, escaping);
            }
            Found::Lately(place) => {
                out.extend_from_slice(&[LATELY, place]);
                if let Some(lately) = self.lately.get(usize::from(place)) {
                    self.last.take_over(lately);
                }
            }
            Found::Far(place, difference) => {
                let Edit {
                    begin,
                    left_out,
                    length,
                } = difference.escaped;
                out.extend_from_slice(&[FAR, place, begin, left_out, length]);
                self.write_own(out, text, &difference, escaping);
                if let Some(lately) = self.lately.get_mut(usize::from(place)) {
                    lately.take_over(&self.last);
                }
            }
            Found::Long => {
                let mut escaped = Vec::new();
                escaping.escape(&mut escaped, text);
                out.push(LONG);
                out.extend_from_slice(&(escaped.len() as u64).to_le_bytes());
                out.extend_from_slice(&escaped);
            }
        }
    }

    fn write_own(&mut self, out: &mut Vec<u8>, text: &[u8], difference: &Difference, escaping: Escaping) {
        let (begin, length) = (difference.given.begin, difference.given.length);
        let own = text
            .get(usize::from(begin)..)
            .and_then(|rest| rest.get(..usize::from(length)));
        let (own, at) = (own.unwrap_or_default(), out.len());
        if difference.escaped.length == length {
            out.extend_from_slice(own);
        } else {
            escaping.escape(out, own);
        }
        let fits = self
            .last
            .become_other(difference, (own, out.get(at..).unwrap_or_default()));
        debug_assert!(fits.is_some(), "the last text is the one that was looked at");
    }
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            last: Vec::new(),
            lately: vec![Vec::new(); PLACES],
        }
    }
}

impl Reader {
    /// Forgets all texts.
    pub fn clear(&mut self) {
        self.last.clear();
        self.lately.iter_mut().for_each(Vec::clear);
    }

    /// The text that came last, escaped.
    pub fn last(&self) -> &[u8] {
        &self.last
    }

    /// Reads what was written, from the beginning of `data`, escaped. None if it is broken.
    pub fn read<'t, 'd: 't>(&'t mut self, data: &mut &'d [u8]) -> Option<&'t [u8]> {
        let mark = take::<1>(data)?[0];
        let (edit, place) = match mark & 15 {
            LATELY => {
                let [place] = take(data)?;
                self.last.clone_from(self.lately.get(usize::from(place))?);
                return Some(&self.last);
            }
            FAR => {
                let [place, begin, left_out, length] = take(data)?;
                (
                    Edit {
                        begin,
                        left_out,
                        length,
                    },
                    Some(place),
                )
            }
            LONG => {
                let length = usize::try_from(u64::from_le_bytes(take(data)?)).ok()?;
                return data.split_off(..length);
            }
            length => {
                let ([begin], left_out) = (take(data)?, mark >> 4);
                (
                    Edit {
                        begin,
                        left_out,
                        length,
                    },
                    None,
                )
            }
        };
        edit.apply(&mut self.last, data.split_off(..usize::from(edit.length))?)?;
        if let Some(place) = place {
            self.lately.get_mut(usize::from(place))?.clone_from(&self.last);
        }
        Some(&self.last)
    }
}

fn take<const N: usize>(data: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = data.split_first_chunk()?;
    *data = rest;
    Some(*first)
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

#[cfg(test)]
#[path = "recent_texts_tests.rs"]
mod tests;
