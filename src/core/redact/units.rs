//! Characters as servers escape them: raw, `%41`, `%u0041`, `&#65;`, `&#x41;`, `&lt;`, `\u0041`, `\x41`, `\101` and
//! `\"`, one inside another too, as in a URL within HTML within JSON.

/// How deep escapes are resolved.
const DEPTH: usize = 3;
/// More readings of one place than a text has that is not made to have them.
const READINGS_MAX: usize = 12;
/// Leading zeros included.
const DIGITS_MAX: usize = 12;
const NAME_MAX: usize = 10;

/// A named entity that stands for some character beside ASCII letters and digits.
pub(super) const NAMED: u32 = u32::MAX;

/// One character of a text, however it is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    /// Its code, or [`NAMED`].
    pub code: u32,
    /// Where the text goes on.
    pub end: usize,
}

impl Unit {
    /// The character, where it is a known one.
    pub fn char(self) -> Option<char> {
        char::from_u32(self.code)
    }
}

/// Everything that the text at one place can be read as, the plainest first.
pub(super) struct Units {
    items: [Unit; READINGS_MAX],
    count: usize,
}

impl Units {
    fn push(&mut self, code: u32, end: usize) {
        let unit = Unit { code, end };
        if !self.as_slice().contains(&unit)
            && let Some(place) = self.items.get_mut(self.count)
        {
            *place = unit;
            self.count += 1;
        }
    }

    pub fn as_slice(&self) -> &[Unit] {
        self.items.get(..self.count).unwrap_or_default()
    }
}

#[cfg(test)]
thread_local! {
    /// How many places were read, for the test that counts them.
    pub(super) static READ: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Whether an escape may begin with this byte.
pub(super) const fn is_lead(byte: u8) -> bool {
    matches!(byte, b'%' | b'&' | b'\\')
}

/// All readings of the text at a place.
pub(super) fn units(text: &str, at: usize) -> Units {
    to_depth(text, at, DEPTH)
}

/// The reading with all escapes resolved.
pub(super) fn resolved(text: &str, at: usize) -> Option<Unit> {
    units(text, at).as_slice().iter().copied().max_by_key(|unit| unit.end)
}

fn to_depth(text: &str, at: usize, depth: usize) -> Units {
    let mut found = Units {
        items: [Unit { code: 0, end: 0 }; READINGS_MAX],
        count: 0,
    };
    #[cfg(test)]
    READ.set(READ.get() + 1);
    let Some(first) = text.get(at..).and_then(|rest| rest.chars().next()) else {
        return found;
    };
    found.push(first.into(), at + first.len_utf8());
    if !u8::try_from(first).is_ok_and(is_lead) {
        return found;
    }
    // The lead of an escape may be an escape itself: `&amp;lt;`, `\u0026lt;`, `%2541`, `\\\"`.
    for level in 0..depth {
        for index in 0..found.count {
            if let Some(lead) = found.items.get(index).copied() {
                read_escape(text, lead, level, &mut found);
            }
        }
    }
    found
}

/// What an escape with this lead stands for.
fn read_escape(text: &str, lead: Unit, depth: usize, found: &mut Units) {
    match lead.char() {
        Some('%') => {
            if let Some((code, end)) = hex(text, lead.end, 2) {
                found.push(code, end);
            } else if let Some((code, end)) = prefixed_hex(text, lead.end, b'u', 4) {
                found.push(code, end);
            }
        }
        Some('&') => read_entity(text, lead.end, depth, found),
        Some('\\') => read_backslash(text, lead.end, depth, found),
        _ => {}
    }
}

fn read_entity(text: &str, at: usize, depth: usize, found: &mut Units) {
    for sharp in to_depth(text, at, depth)
        .as_slice()
        .iter()
        .filter(|unit| unit.code == u32::from('#'))
    {
        let is_hex = matches!(byte(text, sharp.end), Some(b'x' | b'X'));
        let (start, radix) = (sharp.end + usize::from(is_hex), if is_hex { 16 } else { 10 });
        let end = run(text, start, DIGITS_MAX, |byte| char::from(byte).is_digit(radix));
        if let Some(code) = text
            .get(start..end)
            .and_then(|digits| u32::from_str_radix(digits, radix).ok())
        {
            found.push(code, semicolon(text, end, depth).unwrap_or(end));
        }
    }
    let end = run(text, at, NAME_MAX, |byte| byte.is_ascii_alphanumeric());
    if let (Some(name), Some(closed)) = (text.get(at..end), semicolon(text, end, depth))
        && name.len() > 1
    {
        found.push(entity(name), closed);
    }
}

/// The end of a semicolon at this place.
fn semicolon(text: &str, at: usize, depth: usize) -> Option<usize> {
    if byte(text, at) == Some(b';') {
        return Some(at + 1);
    }
    let units = to_depth(text, at, depth);
    units
        .as_slice()
        .iter()
        .find(|unit| unit.code == u32::from(';'))
        .map(|unit| unit.end)
}

fn entity(name: &str) -> u32 {
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "num" => '#',
        "semi" => ';',
        "colon" => ':',
        "equals" => '=',
        "percnt" => '%',
        "sol" => '/',
        "bsol" => '\\',
        _ => return NAMED,
    };
    character.into()
}

fn read_backslash(text: &str, at: usize, depth: usize, found: &mut Units) {
    let coded = match byte(text, at) {
        Some(b'u') => prefixed_hex(text, at, b'u', 4),
        Some(b'x') => prefixed_hex(text, at, b'x', 2),
        Some(b'0'..=b'7') => {
            let end = run(text, at, 3, |byte| (b'0'..=b'7').contains(&byte));
            let digits = text.get(at..end).filter(|digits| digits.len() == 3);
            digits
                .and_then(|digits| u32::from_str_radix(digits, 8).ok())
                .map(|code| (code, end))
        }
        Some(b'n' | b'r' | b't' | b'f' | b'b' | b'v') => Some((u32::from(' '), at + 1)),
        _ => None,
    };
    if let Some((code, end)) = coded {
        found.push(code, end);
    }
    for escaped in to_depth(text, at, depth).as_slice() {
        if !escaped.char().is_some_and(char::is_alphanumeric) {
            found.push(escaped.code, escaped.end);
        }
    }
}

fn prefixed_hex(text: &str, at: usize, prefix: u8, count: usize) -> Option<(u32, usize)> {
    if byte(text, at) != Some(prefix) {
        return None;
    }
    if let Some(digits) = hex(text, at + 1, count) {
        return Some(digits);
    }
    // `\u{e4}`
    if byte(text, at + 1) != Some(b'{') {
        return None;
    }
    let end = run(text, at + 2, 8, |byte| byte.is_ascii_hexdigit());
    let code = u32::from_str_radix(text.get(at + 2..end)?, 16).ok()?;
    (byte(text, end) == Some(b'}')).then_some((code, end + 1))
}

fn hex(text: &str, at: usize, count: usize) -> Option<(u32, usize)> {
    let digits = text.get(at..at + count)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let code = is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()?;
    Some((code, at + count))
}

fn byte(text: &str, at: usize) -> Option<u8> {
    text.as_bytes().get(at).copied()
}

/// The end of a run of such bytes, which is not longer than this.
fn run(text: &str, at: usize, longest: usize, is_part: impl Fn(u8) -> bool) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    at + rest.iter().take(longest).take_while(|byte| is_part(**byte)).count()
}
