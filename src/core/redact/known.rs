//! Finds known secrets in a text, character by character in any of the ways a server may write each, in any mixture:
//! enumerating whole spellings would leave out most.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::units::{NAMED, Unit, is_lead, units};
use crate::core::secret::Secret;

/// Shorter texts would mask half of every message and are no secrets worth the name.
const MIN_BYTES: usize = 4;
/// The same for what is left of a short secret in base64.
const MIN_BASE64: usize = 6;
/// The most bytes that one character takes in a text: `&amp;#0000000047;`.
const SPELLED_MAX: usize = 16;
/// The most characters that one beside ASCII becomes where an encoding is taken for another.
const GARBLED_MAX: usize = 4;
/// Line ends and the zero bytes of UTF-16 between two characters.
const GAP_MAX: usize = 3;
/// More places than a match can have reached at once in a text that is not made for it.
const PLACES_MAX: usize = 12;

enum Form {
    Plain,
    Base64,
    Hex,
}

struct Needle {
    /// Its first two characters.
    start: (char, char),
    /// One blank for each run of white space and control characters, none at the ends.
    text: Secret,
    form: Form,
}

/// Secrets made ready to be looked for.
#[derive(Default)]
pub(crate) struct Known {
    needles: Vec<Needle>,
    /// The bytes with which one of them may begin, in any case.
    starts: Vec<bool>,
}

impl Known {
    /// Makes the forms of all these secrets.
    pub fn new(secrets: &[Secret]) -> Self {
        let mut known = Self::default();
        for secret in secrets {
            known.add(secret);
        }
        known
    }

    /// Adds one. Texts of less than four bytes are left out.
    pub fn add(&mut self, secret: &Secret) {
        let mut plain = Zeroizing::new(super::one_line(secret.expose()));
        if secret.expose().len() < MIN_BYTES || plain.is_empty() {
            return;
        }
        if plain.len() < MIN_BYTES {
            // The blanks at its ends are half of it.
            plain = Zeroizing::new(format!("{} ", plain.as_str()));
        }
        if self.needles.iter().any(|needle| needle.text.expose() == *plain) {
            return;
        }
        for offset in 0..3 {
            if let Some(text) = in_base64(secret.expose(), offset) {
                self.push(text, Form::Base64);
            }
        }
        let digits: String = secret.expose().bytes().map(|byte| format!("{byte:02x}")).collect();
        self.push(Secret::new(digits), Form::Hex);
        self.push(Secret::new(plain.as_str()), Form::Plain);
    }

    fn push(&mut self, text: Secret, form: Form) {
        if self.starts.is_empty() {
            self.starts = (0..=u8::MAX).map(is_lead).collect();
        }
        let first = text.expose().chars().next().unwrap_or_default();
        for (start, byte) in self.starts.iter_mut().zip(0..=u8::MAX) {
            *start |= match first.is_ascii() {
                true if first == ' ' => byte <= b' ' || byte == b'+',
                true => char::from(byte).eq_ignore_ascii_case(&first) || is_base64_twin(first.into(), byte.into()),
                false => !byte.is_ascii() || byte == b'?',
            };
        }
        let mut characters = text.expose().chars();
        let start = (
            characters.next().unwrap_or_default(),
            characters.next().unwrap_or_default(),
        );
        self.needles.push(Needle { start, text, form });
    }

    /// How many bytes of a text the longest of them can take up.
    pub fn reach(&self) -> usize {
        let longest = self
            .needles
            .iter()
            .map(|needle| needle.text.expose().chars().count())
            .max();
        longest.unwrap_or(0).saturating_mul(SPELLED_MAX)
    }

    /// Where they stand, in order, without overlaps.
    pub fn spans(&self, text: &str) -> Vec<(usize, usize)> {
        let mut spans: Vec<(usize, usize)> = Vec::new();
        if self.needles.is_empty() {
            return spans;
        }
        for (at, byte) in text.bytes().enumerate() {
            if !self.starts.get(usize::from(byte)).copied().unwrap_or(false) || !text.is_char_boundary(at) {
                continue;
            }
            let Some(end) = self.needles.iter().filter_map(|needle| needle.end_in(text, at)).max() else {
                continue;
            };
            match spans.last_mut() {
                // One secret may begin within another, whose rest would stay.
                Some(last) if at < last.1 => last.1 = last.1.max(end),
                _ => spans.push((at, end)),
            }
        }
        spans
    }
}

/// Secret bytes in base64 behind so many others: without the characters at both ends that hold bits of the neighbours.
fn in_base64(plain: &str, offset: usize) -> Option<Secret> {
    let mut bytes = Zeroizing::new(vec![0; offset]);
    bytes.extend_from_slice(plain.as_bytes());
    let encoded = Zeroizing::new(STANDARD_NO_PAD.encode(&*bytes));
    let end = encoded.len() - usize::from(!bytes.len().is_multiple_of(3));
    let inner = encoded.get(offset + usize::from(offset > 0)..end)?;
    (inner.len() >= MIN_BASE64).then(|| Secret::new(inner))
}

/// The alphabet for URLs has other last two characters.
fn is_base64_twin(code: u32, other: u32) -> bool {
    let twins = [('+', '-'), ('/', '_')].map(|(one, two)| (u32::from(one), u32::from(two)));
    twins.contains(&(code, other))
}

/// Where a match may have come to.
struct Places {
    items: [usize; PLACES_MAX],
    count: usize,
}

impl Places {
    const fn none() -> Self {
        Self {
            items: [0; PLACES_MAX],
            count: 0,
        }
    }

    fn push(&mut self, place: usize) {
        if !self.as_slice().contains(&place)
            && let Some(free) = self.items.get_mut(self.count)
        {
            *free = place;
            self.count += 1;
        }
    }

    fn as_slice(&self) -> &[usize] {
        self.items.get(..self.count).unwrap_or_default()
    }
}

impl Needle {
    /// Where it ends in a text if it begins at this place.
    fn end_in(&self, text: &str, at: usize) -> Option<usize> {
        if !self.may_begin(text.as_bytes(), at) {
            return None;
        }
        let end = self.walk(text, at)?;
        if !matches!(self.form, Form::Base64) {
            return Some(end);
        }
        // The bits that it shares with what stands behind it.
        let rest = text.as_bytes().get(end..).unwrap_or_default();
        let tail = rest
            .iter()
            .take(3)
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte));
        Some(end + tail.count())
    }

    /// A quick no for nearly all places.
    fn may_begin(&self, text: &[u8], at: usize) -> bool {
        let may_be = |wanted: char, found: Option<&u8>| match found {
            None => false,
            Some(found) => {
                !wanted.is_ascii_graphic()
                    || !found.is_ascii_graphic() && !matches!(found, b' ' | b'\t')
                    || is_lead(*found)
                    || self.is_same(wanted, u32::from(*found))
            }
        };
        let (first, second) = self.start;
        may_be(first, text.get(at)) && (!first.is_ascii() || is_lead_at(text, at) || may_be(second, text.get(at + 1)))
    }

    fn walk(&self, text: &str, at: usize) -> Option<usize> {
        let mut here = Places::none();
        here.push(at);
        for (index, wanted) in self.text.expose().chars().enumerate() {
            let mut next = Places::none();
            for place in here.as_slice() {
                let is_inner = index > 0 && wanted != ' ';
                let place = if is_inner { behind_gap(text, *place) } else { *place };
                self.step(text, place, wanted, &mut next);
            }
            if next.count == 0 {
                return None;
            }
            here = next;
        }
        here.as_slice().iter().copied().max()
    }

    /// The places behind one character.
    fn step(&self, text: &str, at: usize, wanted: char, next: &mut Places) {
        let Some(byte) = text.as_bytes().get(at).copied() else {
            return;
        };
        if wanted == ' ' {
            return blanks(text, at, next);
        }
        if !wanted.is_ascii() {
            return garbled(text, at, next);
        }
        if byte.is_ascii() && !is_lead(byte) {
            if self.is_same(wanted, byte.into()) {
                next.push(at + 1);
            }
            return;
        }
        for unit in units(text, at).as_slice() {
            if self.is_same(wanted, unit.code) {
                next.push(unit.end);
            }
        }
    }

    fn is_same(&self, wanted: char, code: u32) -> bool {
        match char::from_u32(code) {
            // Servers print ids and host names in another case than they got them.
            Some(found) if found.eq_ignore_ascii_case(&wanted) => true,
            Some(_) => matches!(self.form, Form::Base64) && is_base64_twin(wanted.into(), code),
            None => code == NAMED && !wanted.is_ascii_alphanumeric(),
        }
    }
}

/// White space, control characters, and the plus sign of forms.
fn blanks(text: &str, mut at: usize, next: &mut Places) {
    let is_blank = |unit: &&Unit| match unit.char() {
        Some(found) => found.is_whitespace() || found.is_control() || found == '+',
        None => unit.code == NAMED,
    };
    let mut last = None;
    while let Some(unit) = units(text, at).as_slice().iter().rfind(is_blank) {
        match last {
            None => next.push(unit.end),
            // It may be a plus sign of the secret's own.
            Some(_) if unit.char() == Some('+') => next.push(at),
            Some(_) => {}
        }
        last = Some(unit.end);
        at = unit.end;
    }
    if let Some(end) = last {
        next.push(end);
    }
}

/// A character beside ASCII: as it is, as bytes of any encoding, as what is shown of bytes of another one, as `?`.
fn garbled(text: &str, at: usize, next: &mut Places) {
    let mut here = Places::none();
    here.push(at);
    for count in 0..GARBLED_MAX {
        let mut further = Places::none();
        for place in here.as_slice() {
            for unit in units(text, *place).as_slice() {
                if unit.code >= 0x80 || (count == 0 && unit.code == u32::from('?')) {
                    further.push(unit.end);
                    next.push(unit.end);
                }
            }
        }
        here = further;
    }
}

fn is_lead_at(text: &[u8], at: usize) -> bool {
    text.get(at).copied().is_some_and(is_lead)
}

/// Where the next character may stand.
fn behind_gap(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    let is_gap = |byte: &&u8| matches!(byte, 0 | b'\r' | b'\n');
    at + rest.iter().take(GAP_MAX).take_while(is_gap).count()
}
