//! XML out, escaped by runs into a byte buffer; XML in, as its visible text.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;

use crate::core::decode::one_line;

/// Elements inside one another that an answer may have.
const DEPTH_MAX: usize = 64;

/// Whether a text holds nothing that has to be escaped or that XML cannot carry. Quick, and true of most texts; false
/// says nothing.
pub(super) fn is_plain(text: &str) -> bool {
    !any(text.as_bytes(), |byte| {
        (byte < b' ') | (byte | 4 == b'&') | (byte | 2 == b'>') | (byte == 0xef)
    })
}

/// The first character that XML 1.0 cannot carry, not even as a reference.
///
/// <https://www.w3.org/TR/xml/#charsets>
pub(super) fn forbidden(text: &str) -> Option<char> {
    // All others but the controls begin with 0xef.
    let is_doubtful = any(text.as_bytes(), |byte| {
        ((byte < b' ') & (byte != b'\t') & (byte != b'\n') & (byte != b'\r')) | (byte == 0xef)
    });
    let is_forbidden =
        |c: &char| (*c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    is_doubtful.then(|| text.chars().find(is_forbidden)).flatten()
}

/// Whether any byte is like that. Many are looked at at once.
fn any(bytes: &[u8], is_odd: impl Fn(u8) -> bool) -> bool {
    const WIDE: usize = 16;
    const NARROW: usize = 4;
    if let (Some(first), Some(last)) = (bytes.first_chunk::<WIDE>(), bytes.last_chunk::<WIDE>()) {
        // The last chunk may overlap the one before it.
        let (inner, _) = bytes.as_chunks::<WIDE>();
        return any_of(first, &is_odd)
            || any_of(last, &is_odd)
            || inner.iter().skip(1).any(|some| any_of(some, &is_odd));
    }
    let (inner, _) = bytes.as_chunks::<NARROW>();
    match bytes.last_chunk::<NARROW>() {
        Some(last) => any_of(last, &is_odd) || inner.iter().any(|some| any_of(some, &is_odd)),
        None => bytes.iter().any(|byte| is_odd(*byte)),
    }
}

#[inline(always)]
fn any_of<const N: usize>(bytes: &[u8; N], is_odd: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(false, |found, byte| found | is_odd(*byte))
}

/// Writes text between tags.
pub(super) fn text(out: &mut Vec<u8>, text: &[u8]) {
    escape(out, text, &WRITTEN_IN_TEXT);
}

/// Writes an attribute's value, to stand between double quotes. White space other than blanks goes as references, or
/// the reader would turn it into blanks.
pub(super) fn attribute(out: &mut Vec<u8>, text: &[u8]) {
    escape(out, text, &WRITTEN_IN_ATTRIBUTE);
}

/// A byte is escaped in text and attributes.
const IN_TEXT: u8 = 1;
/// A byte is escaped in attributes.
const IN_ATTRIBUTE: u8 = 2;

const fn class(byte: u8) -> u8 {
    match byte {
        b'&' | b'<' | b'>' | b'\r' => IN_TEXT,
        b'"' | b'\n' | b'\t' => IN_ATTRIBUTE,
        _ => 0,
    }
}

/// What stands for a byte in the document: filled up, so that it is written in one go, with its length at the end.
const fn reference(byte: u8) -> [u8; 8] {
    match byte {
        b'&' => *b"&amp;\0\0\x05",
        b'<' => *b"&lt;\0\0\0\x04",
        b'>' => *b"&gt;\0\0\0\x04",
        b'"' => *b"&quot;\0\x06",
        b'\n' => *b"&#10;\0\0\x05",
        b'\t' => *b"&#9;\0\0\0\x04",
        b'\r' => *b"&#13;\0\0\x05",
        _ => itself(byte),
    }
}

const fn itself(byte: u8) -> [u8; 8] {
    [byte, 0, 0, 0, 0, 0, 0, 1]
}

type Written = [[u8; 8]; 256];

const fn written(escaped: u8) -> Written {
    let mut written = [[0; 8]; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        #[allow(clippy::indexing_slicing, reason = "in bounds, and checked when this is compiled")]
        {
            written[at] = if class(byte) & escaped == 0 {
                itself(byte)
            } else {
                reference(byte)
            };
        }
        at += 1;
    }
    written
}

static WRITTEN_IN_TEXT: Written = written(IN_TEXT);
static WRITTEN_IN_ATTRIBUTE: Written = written(IN_TEXT | IN_ATTRIBUTE);

fn escape(out: &mut Vec<u8>, bytes: &[u8], written: &Written) {
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        if is_ordinary(*word) {
            out.extend_from_slice(word);
        } else {
            escape_each(out, word, written);
        }
    }
    escape_each(out, rest, written);
}

/// Of no more than eight bytes.
fn escape_each(out: &mut Vec<u8>, bytes: &[u8], written: &Written) {
    const LONGEST: usize = 6;
    let (mut room, mut length) = ([0; 8 * LONGEST + 2], 0);
    for byte in bytes {
        if let Some(written) = written.get(usize::from(*byte))
            && let Some(place) = room.get_mut(length..length + 8)
        {
            place.copy_from_slice(written);
            length += usize::from(written[7]);
        }
    }
    out.extend_from_slice(room.get(..length).unwrap_or_default());
}

/// Whether none of them is a control or one of `"&<>`.
const fn is_ordinary(word: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let word = u64::from_le_bytes(word);
    // The two of each pair differ in one bit.
    let (quote, angle) = ((word | (ONES * 4)) ^ (ONES * 0x26), (word | (ONES * 2)) ^ (ONES * 0x3e));
    let found =
        word.wrapping_sub(ONES * 0x20) & !word | quote.wrapping_sub(ONES) & !quote | angle.wrapping_sub(ONES) & !angle;
    found & HIGHS == 0
}

/// The text of a document, one line for each element that has any. None if it is no well-formed XML, has a document
/// type, or is nested too deeply.
pub(crate) fn visible_text(document: &str) -> Option<String> {
    let mut reader = Reader::from_str(document);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut depth = 0_usize;
    loop {
        match reader.read_event().ok()? {
            Event::Start(_) => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return None;
                }
                lines.push(one_line(&std::mem::take(&mut line)));
            }
            Event::End(_) => {
                depth = depth.checked_sub(1)?;
                lines.push(one_line(&std::mem::take(&mut line)));
            }
            Event::Text(text) => line.push_str(&text.xml10_content()),
            Event::CData(text) => line.push_str(&text),
            Event::GeneralRef(name) => {
                let reference = format!("&{};", &*name);
                line.push_str(&unescape(&reference).ok()?);
            }
            Event::DocType(_) => return None,
            Event::Eof => break,
            _ => {}
        }
    }
    lines.retain(|line| !line.is_empty());
    (depth == 0).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one_by_one(text: &str, is_attribute: bool) -> String {
        let written = |character: char| match character {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '\r' => "&#13;".to_owned(),
            '"' if is_attribute => "&quot;".to_owned(),
            '\n' if is_attribute => "&#10;".to_owned(),
            '\t' if is_attribute => "&#9;".to_owned(),
            other => other.to_string(),
        };
        text.chars().map(written).collect()
    }

    proptest! {
        #[test]
        fn many_at_once_are_written_as_one_by_one(given in "([\"&<>\r\n\t'=;$%(?a-c \0\u{b}\u{85}\u{fffe}\u{ffff}\u{feff}\u{1f600}]|[a-z ]{9}){0,40}") {
            for is_attribute in [false, true] {
                let mut out = Vec::new();
                if is_attribute {
                    attribute(&mut out, given.as_bytes());
                } else {
                    text(&mut out, given.as_bytes());
                }
                prop_assert_eq!(String::from_utf8(out).unwrap(), one_by_one(&given, is_attribute));
            }
            let expected = given.chars().find(|c| "\0\u{b}\u{fffe}\u{ffff}".contains(*c));
            prop_assert_eq!(forbidden(&given), expected);
        }
    }

    #[test]
    fn texts_and_attributes_are_escaped() {
        let mut out = Vec::new();
        text(&mut out, b"a&b <c> \"d\"\r\n\t]]>");
        assert_eq!(out, b"a&amp;b &lt;c&gt; \"d\"&#13;\n\t]]&gt;");
        out.clear();
        attribute(&mut out, "a&b <c> \"d\"\r\n\t'\u{fc}".as_bytes());
        assert_eq!(out, "a&amp;b &lt;c&gt; &quot;d&quot;&#13;&#10;&#9;'\u{fc}".as_bytes());
    }

    #[test]
    fn plain_texts_hold_nothing_to_escape_wherever_it_stands() {
        for length in 0..70 {
            let plain: String = "abc d'=/;$%(?\u{e4}\u{1f600}".chars().cycle().take(length).collect();
            assert!(is_plain(&plain), "{plain}");
            for at in 0..length {
                for odd in [
                    '\0', '\t', '\r', '\n', '\u{1f}', '"', '&', '<', '>', '\u{fffe}', '\u{ffff}',
                ] {
                    let text: String = plain
                        .chars()
                        .take(at)
                        .chain([odd])
                        .chain(plain.chars().skip(at + 1))
                        .collect();
                    assert!(!is_plain(&text), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn characters_that_xml_cannot_carry_are_found() {
        for character in ['\0', '\u{1}', '\u{b}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
            assert_eq!(forbidden(&format!("a{character}")), Some(character));
        }
        for fine in ["", "a\t\r\n", "\u{fffd}\u{feff}\u{1f600}\u{85}\u{7f}"] {
            assert_eq!(forbidden(fine), None);
        }
    }

    #[test]
    fn answers_in_xml_are_read_as_text_without_document_types() {
        let read = |document: &str| visible_text(document);
        assert_eq!(
            read("<?xml version=\"1.0\"?><r><s>Updated 1 &amp; &#50;</s>\n <i><![CDATA[a <b>]]></i></r>").as_deref(),
            Some("Updated 1 & 2\na <b>")
        );
        assert_eq!(read("<!DOCTYPE r [<!ENTITY x \"y\">]><r>&x;</r>"), None);
        assert_eq!(read("<r>&x;</r>"), None);
        assert_eq!(read("<r><s></r>"), None);
        assert_eq!(read("<r>"), None);
        assert_eq!(read(&format!("{}{}", "<a>".repeat(99), "</a>".repeat(99))), None);
    }
}
