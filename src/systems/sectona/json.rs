//! JSON that holds passwords: borrowed from buffers that are wiped, unescaped once and byte for byte, never guessed at.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::core::scan::Scan;

/// Far more than any record has; finding out whether one stands twice takes its time.
const MEMBERS_MAX: usize = 1000;
/// As many as the documented record and envelope have, and some more.
const MEMBERS_USUAL: usize = 16;

/// The members of one object as they were written, in order, none of them twice: which of two would be the password?
pub(super) struct Members<'j>(pub Vec<(Cow<'j, str>, &'j str)>);

impl<'j> Members<'j> {
    /// None if this is not exactly one JSON object, or a deep one.
    pub fn read(text: &'j str) -> Option<Self> {
        let mut scan = Scan::new(text, 0);
        scan.blank();
        scan.enter().ok()?;
        let mut members: Vec<(Cow<'j, str>, &'j str)> = Vec::with_capacity(MEMBERS_USUAL);
        while let Some(key) = scan.key(members.is_empty()).ok()? {
            let key = key.lossy();
            if members.len() == MEMBERS_MAX || members.iter().any(|(known, _)| *known == key) {
                return None;
            }
            members.push((key, scan.value().ok()?));
        }
        scan.is_over().then_some(Self(members))
    }

    /// The value under a name; null counts as none.
    pub fn get(&self, name: &str) -> Option<&'j str> {
        let found = self.0.iter().find(|(key, _)| key == name).map(|(_, raw)| *raw);
        found.filter(|raw| *raw != "null")
    }
}

/// The text of a JSON string, from a value that was checked to be JSON. None for values of other types and for halves
/// of surrogate pairs. Written here because the parser's own scratch space is not wiped.
pub(super) fn unescaped(raw: &str) -> Option<Zeroizing<String>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    // No escape is shorter than what it stands for, so the buffer never moves and leaves nothing behind.
    let mut text = Zeroizing::new(String::with_capacity(inner.len()));
    let mut rest = inner;
    // The next one is near: looking for it in long steps would take longer.
    while let Some(at) = rest.bytes().position(|byte| byte == b'\\') {
        text.push_str(rest.get(..at)?);
        let mut characters = rest.get(at + 1..)?.chars();
        let character = match characters.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => code_point(&mut characters)?,
            same @ ('"' | '\\' | '/') => same,
            _ => return None,
        };
        text.push(character);
        rest = characters.as_str();
    }
    text.push_str(rest);
    Some(text)
}

/// The four digits after `\u`, and those of a second half if the first one asks for it.
fn code_point(characters: &mut std::str::Chars<'_>) -> Option<char> {
    let first = four_digits(characters)?;
    if !(0xD800..0xDC00).contains(&first) {
        return char::from_u32(first);
    }
    if characters.next() != Some('\\') || characters.next() != Some('u') {
        return None;
    }
    let second = four_digits(characters)?;
    if !(0xDC00..0xE000).contains(&second) {
        return None;
    }
    char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00))
}

fn four_digits(characters: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |value, _| Some(value * 16 + characters.next()?.to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn strings_are_unescaped_and_nothing_else() {
        let all = unescaped(r#""a\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00 ""#).unwrap();
        assert_eq!(*all, "a\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{1f600} ");
        for wrong in [
            r#""\ud83d""#,
            r#""\ud83dx""#,
            r#""\ud83d\u0041""#,
            r#""\ude00""#,
            "12",
            "null",
            "{}",
        ] {
            assert!(unescaped(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn members_stand_once() {
        assert!(Members::read(r#"{"a": 1, "b": {"a": 2}}"#).is_some());
        for text in [
            r#"{"a": 1, "a": 2}"#,
            r#"{"a": 1, "\u0061": 2}"#,
            "[]",
            "{} x",
            "",
            "null",
            r#"{"a": 1,}"#,
            r#"{"a": 1 "b": 2}"#,
            r#"{"a": "\ud83"}"#,
        ] {
            assert!(Members::read(text).is_none(), "{text}");
        }
        assert!(Members::read(r#"{"a": null}"#).unwrap().get("a").is_none());
    }

    proptest! {
        #[test]
        fn agrees_with_the_parser(text in any::<String>()) {
            let plain = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(&*unescaped(&plain).unwrap(), &text);
            let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
            let escaped = format!("\"{escaped}\"");
            prop_assert_eq!(&*unescaped(&escaped).unwrap(), &text);
        }
    }
}
