//! One pass over JSON text that may still be arriving: where does a value end, and what are the members of an object?
//! As strict as the parser that reads values later, and deep nesting is refused here.

use std::borrow::Cow;

use super::depth::DEPTH_MAX;
use super::lenient::lossy_text;

/// Why a scan goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The text ends inside of a value.
    End,
    /// This is no JSON.
    Wrong,
    /// More than [`DEPTH_MAX`] levels.
    Deep,
}

/// A text between its quotes, as it was written.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'t> {
    text: &'t str,
    is_plain: bool,
}

impl<'t> Quoted<'t> {
    /// The text itself, None if it holds half of a surrogate pair.
    pub fn read(self) -> Option<Cow<'t, str>> {
        if self.is_plain {
            return Some(Cow::Borrowed(self.text));
        }
        let text: String = serde_json::from_str(&format!("\"{}\"", self.text)).ok()?;
        Some(Cow::Owned(text))
    }

    /// The text itself. Half of a surrogate pair, which no text can hold, becomes U+FFFD.
    pub fn lossy(self) -> Cow<'t, str> {
        let read = self.read();
        read.unwrap_or_else(|| Cow::Owned(lossy_text(&format!("\"{}\"", self.text)).unwrap_or_default()))
    }

    /// The text as it was written, without its quotes.
    pub fn written(self) -> &'t str {
        self.text
    }

    /// The text if it stands there as it is.
    pub fn plain(self) -> Option<&'t str> {
        self.is_plain.then_some(self.text)
    }
}

/// A place in a text.
#[derive(Clone, Copy)]
pub struct Scan<'t> {
    text: &'t str,
    at: usize,
    level: usize,
}

impl<'t> Scan<'t> {
    /// At the beginning of a text that stands so many levels deep in its document.
    pub fn new(text: &'t str, level: usize) -> Self {
        Self { text, at: 0, level }
    }

    /// Bytes behind this place.
    pub fn at(&self) -> usize {
        self.at
    }

    /// What is left of the text.
    pub fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes on behind so many bytes of what is left.
    pub fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Whether nothing but white space is left.
    pub fn is_over(mut self) -> bool {
        self.blank();
        self.peek() == Err(Stop::End)
    }

    /// The next byte.
    pub fn peek(&self) -> Result<u8, Stop> {
        self.text.as_bytes().get(self.at).copied().ok_or(Stop::End)
    }

    /// Goes on behind white space.
    pub fn blank(&mut self) {
        while let Ok(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Whether this byte is next; goes on behind it.
    pub fn eat(&mut self, byte: u8) -> Result<bool, Stop> {
        let is_next = self.peek()? == byte;
        self.at += usize::from(is_next);
        Ok(is_next)
    }

    /// Goes into an object.
    pub fn enter(&mut self) -> Result<(), Stop> {
        self.expect(b'{')?;
        self.deeper()
    }

    /// Goes into an array.
    pub fn enter_array(&mut self) -> Result<(), Stop> {
        self.expect(b'[')?;
        self.deeper()
    }

    fn deeper(&mut self) -> Result<(), Stop> {
        self.level += 1;
        if self.level > DEPTH_MAX {
            Err(Stop::Deep)
        } else {
            Ok(())
        }
    }

    /// Goes on to the next element of an array; false at its end, and behind it.
    pub fn element(&mut self, is_first: bool) -> Result<bool, Stop> {
        self.blank();
        if self.eat(b']')? {
            self.level -= 1;
            return Ok(false);
        }
        if !is_first {
            self.expect(b',')?;
            self.blank();
        }
        Ok(true)
    }

    /// The key of the next member, with its value next; None at the end of the object, and behind it.
    pub fn key(&mut self, is_first: bool) -> Result<Option<Quoted<'t>>, Stop> {
        self.blank();
        if self.eat(b'}')? {
            self.level -= 1;
            return Ok(None);
        }
        if !is_first {
            self.expect(b',')?;
            self.blank();
        }
        let key = self.quoted()?;
        self.colon()?;
        Ok(Some(key))
    }

    /// Whether the next member has this key, which needs no escapes; goes on to its value.
    pub fn key_is(&mut self, key: &str, is_first: bool) -> bool {
        let mut ahead = *self;
        ahead.blank();
        if !is_first {
            if ahead.eat(b',') != Ok(true) {
                return false;
            }
            ahead.blank();
        }
        let rest = ahead.text.as_bytes().get(ahead.at..).unwrap_or_default();
        let rest = rest
            .strip_prefix(b"\"")
            .and_then(|rest| rest.strip_prefix(key.as_bytes()));
        if rest.and_then(|rest| rest.first()) != Some(&b'"') {
            return false;
        }
        ahead.at += key.len() + 2;
        if ahead.colon().is_err() {
            return false;
        }
        *self = ahead;
        true
    }

    /// A text.
    pub fn quoted(&mut self) -> Result<Quoted<'t>, Stop> {
        self.expect(b'"')?;
        let rest = self.rest();
        let length = ordinary(rest.as_bytes());
        if rest.as_bytes().get(length) == Some(&b'"')
            && let Some(text) = rest.get(..length)
        {
            self.at += length + 1;
            return Ok(Quoted { text, is_plain: true });
        }
        self.quoted_on(length)
    }

    /// Goes on behind a text that nobody asks for.
    fn skip_quoted(&mut self) -> Result<(), Stop> {
        self.expect(b'"')?;
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let length = ordinary(rest);
        if rest.get(length) == Some(&b'"') {
            self.at += length + 1;
            return Ok(());
        }
        self.quoted_on(length).map(drop)
    }

    /// A text of which so many bytes are ordinary.
    #[cold]
    fn quoted_on(&mut self, ordinary_bytes: usize) -> Result<Quoted<'t>, Stop> {
        let start = self.at;
        self.at += ordinary_bytes;
        let mut is_plain = true;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    is_plain = false;
                    self.at += 1;
                    self.escape()?;
                }
                _ => return Err(Stop::Wrong),
            }
            self.at += ordinary(self.rest().as_bytes());
        }
        let text = self.text.get(start..self.at).ok_or(Stop::Wrong)?;
        self.at += 1;
        Ok(Quoted { text, is_plain })
    }

    /// Any value as it was written. A number ends where the text does.
    pub fn value(&mut self) -> Result<&'t str, Stop> {
        let start = self.at;
        match self.peek()? {
            b'{' | b'[' => self.container()?,
            _ => self.scalar()?,
        }
        self.text.get(start..self.at).ok_or(Stop::Wrong)
    }

    fn expect(&mut self, byte: u8) -> Result<(), Stop> {
        if self.eat(byte)? { Ok(()) } else { Err(Stop::Wrong) }
    }

    fn colon(&mut self) -> Result<(), Stop> {
        self.blank();
        self.expect(b':')?;
        self.blank();
        Ok(())
    }

    fn escape(&mut self) -> Result<(), Stop> {
        let kind = self.peek()?;
        self.at += 1;
        match kind {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => (0..4).try_for_each(|_| {
                let is_hex = self.peek()?.is_ascii_hexdigit();
                self.at += 1;
                if is_hex { Ok(()) } else { Err(Stop::Wrong) }
            }),
            _ => Err(Stop::Wrong),
        }
    }

    fn scalar(&mut self) -> Result<(), Stop> {
        match self.peek()? {
            b'"' => self.skip_quoted(),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(Stop::Wrong),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Stop> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        Err(if word.as_bytes().starts_with(rest) {
            Stop::End
        } else {
            Stop::Wrong
        })
    }

    fn number(&mut self) -> Result<(), Stop> {
        self.eat(b'-')?;
        if !self.eat(b'0')? {
            self.digits()?;
        }
        if self.eat(b'.') == Ok(true) {
            self.digits()?;
        }
        if let Ok(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let b'+' | b'-' = self.peek()? {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Stop> {
        if !self.peek()?.is_ascii_digit() {
            return Err(Stop::Wrong);
        }
        while self.peek().is_ok_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    /// Without recursion. The bits tell which of the open ones are objects.
    fn container(&mut self) -> Result<(), Stop> {
        let (mut open, mut objects) = (0_usize, 0_u128);
        loop {
            let byte = self.peek()?;
            if matches!(byte, b'{' | b'[') {
                self.at += 1;
                open += 1;
                if self.level + open > DEPTH_MAX {
                    return Err(Stop::Deep);
                }
                objects = objects << 1 | u128::from(byte == b'{');
                self.blank();
                let is_empty = self.peek()? == byte + 2;
                if !is_empty && byte == b'{' {
                    self.skip_quoted()?;
                    self.colon()?;
                }
                if !is_empty {
                    continue;
                }
            } else {
                self.scalar()?;
            }
            loop {
                if open == 0 {
                    return Ok(());
                }
                self.blank();
                let is_object = objects & 1 == 1;
                match self.peek()? {
                    b',' => {
                        self.at += 1;
                        self.blank();
                        if is_object {
                            self.skip_quoted()?;
                            self.colon()?;
                        }
                        break;
                    }
                    b'}' if is_object => {}
                    b']' if !is_object => {}
                    _ => return Err(Stop::Wrong),
                }
                self.at += 1;
                open -= 1;
                objects >>= 1;
            }
        }
    }
}

/// Whether this is one JSON value, nested no deeper than [`DEPTH_MAX`].
pub fn is_json(text: &str) -> bool {
    let mut scan = Scan::new(text, 0);
    scan.blank();
    scan.value().is_ok() && scan.is_over()
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// How many bytes of a text go by before a quote, a backslash or a control character; eight are looked at at once.
fn ordinary(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let (quote, escape) = (word ^ (ONES * 0x22), word ^ (ONES * 0x5c));
        let found = word.wrapping_sub(ONES * 0x20) & !word
            | quote.wrapping_sub(ONES) & !quote
            | escape.wrapping_sub(ONES) & !escape;
        if found & HIGHS != 0 {
            return index * 8 + (found & HIGHS).trailing_zeros() as usize / 8;
        }
    }
    let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    words.len() * 8 + rest.iter().position(ends).unwrap_or(rest.len())
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
