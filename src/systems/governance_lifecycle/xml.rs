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
    const WIDE: usize = 16;
    const NARROW: usize = 4;
    let bytes = text.as_bytes();
    if let (Some(first), Some(last)) = (bytes.first_chunk::<WIDE>(), bytes.last_chunk::<WIDE>()) {
        // The last chunk may overlap the one before it.
        let (inner, _) = bytes.as_chunks::<WIDE>();
        return !(odd(first) || odd(last) || inner.iter().skip(1).any(odd));
    }
    let (inner, _) = bytes.as_chunks::<NARROW>();
    match bytes.last_chunk::<NARROW>() {
        Some(last) => !(odd(last) || inner.iter().any(odd)),
        None => !bytes.iter().any(|byte| odd(&[*byte])),
    }
}

/// Whether any byte is a control, one of `"&<>`, or 0xef, with which U+FFFE and U+FFFF begin.
fn odd<const N: usize>(bytes: &[u8; N]) -> bool {
    bytes.iter().fold(false, |found, byte| {
        found | (*byte < b' ') | (*byte | 4 == b'&') | (*byte | 2 == b'>') | (*byte == 0xef)
    })
}

/// The first character that XML 1.0 cannot carry, not even as a reference.
///
/// <https://www.w3.org/TR/xml/#charsets>
pub(super) fn forbidden(text: &str) -> Option<char> {
    let is_forbidden =
        |c: &char| (*c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().find(is_forbidden)
}

/// Writes text between tags.
pub(super) fn text(out: &mut Vec<u8>, text: &[u8]) {
    escape(out, text, IN_TEXT);
}

/// Writes an attribute's value, to stand between double quotes. White space other than blanks goes as references, or
/// the reader would turn it into blanks.
pub(super) fn attribute(out: &mut Vec<u8>, text: &[u8]) {
    escape(out, text, IN_TEXT | IN_ATTRIBUTE);
}

/// What text between tags grows by when it is written; the first character that XML cannot carry if there is any.
pub(super) fn text_growth(text: &str) -> Result<usize, char> {
    growth::<false>(text)
}

/// The same of an attribute's value.
pub(super) fn attribute_growth(text: &str) -> Result<usize, char> {
    growth::<true>(text)
}

/// A byte is escaped in text and attributes.
const IN_TEXT: u8 = 1;
/// A byte is escaped in attributes.
const IN_ATTRIBUTE: u8 = 2;

static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut at = 0;
    while at < 256 {
        #[allow(clippy::indexing_slicing, reason = "in bounds, and checked when this is compiled")]
        {
            classes[at] = match at as u8 {
                b'&' | b'<' | b'>' | b'\r' => IN_TEXT,
                b'"' | b'\n' | b'\t' => IN_ATTRIBUTE,
                _ => 0,
            };
        }
        at += 1;
    }
    classes
};

fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

/// What stands for a byte, and how long that is: filled up, so that it is written in one go.
const fn reference(byte: u8) -> ([u8; 6], usize) {
    match byte {
        b'&' => (*b"&amp; ", 5),
        b'<' => (*b"&lt;  ", 4),
        b'>' => (*b"&gt;  ", 4),
        b'"' => (*b"&quot;", 6),
        b'\n' => (*b"&#10; ", 5),
        b'\t' => (*b"&#9;  ", 4),
        b'\r' => (*b"&#13; ", 5),
        _ => ([byte; 6], 1),
    }
}

fn escape(out: &mut Vec<u8>, mut bytes: &[u8], classes: u8) {
    while let Some((run, [odd, rest @ ..])) = bytes.split_at_checked(ordinary(bytes)) {
        out.extend_from_slice(run);
        if class(*odd) & classes == 0 {
            out.push(*odd);
        } else {
            let (reference, length) = reference(*odd);
            out.extend_from_slice(&reference);
            out.truncate(out.len() - reference.len() + length);
        }
        bytes = rest;
    }
    out.extend_from_slice(bytes);
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// How many bytes go by before one that may have to be escaped: a control or one of `"&<>`. Eight are looked at at once.
fn ordinary(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The two of each pair differ in one bit.
        let (quote, angle) = ((word | (ONES * 4)) ^ (ONES * 0x26), (word | (ONES * 2)) ^ (ONES * 0x3e));
        let found = word.wrapping_sub(ONES * 0x20) & !word
            | quote.wrapping_sub(ONES) & !quote
            | angle.wrapping_sub(ONES) & !angle;
        if found & HIGHS != 0 {
            return index * 8 + (found & HIGHS).trailing_zeros() as usize / 8;
        }
    }
    let place = rest
        .iter()
        .position(|byte| class(*byte) & (IN_TEXT | IN_ATTRIBUTE) != 0);
    words.len() * 8 + place.unwrap_or(rest.len())
}

fn growth<const IS_ATTRIBUTE: bool>(text: &str) -> Result<usize, char> {
    const WIDE: usize = 16;
    let (chunks, rest) = text.as_bytes().as_chunks::<WIDE>();
    let mut last = [b' '; WIDE];
    if let Some(place) = last.get_mut(..rest.len()) {
        place.copy_from_slice(rest);
    }
    let (mut growth, mut is_doubtful) = (0, false);
    for chunk in chunks.iter().chain([&last]) {
        // It can't overflow; a check for that would have them looked at one by one.
        let of_chunk = chunk.iter().map(|byte| grown_by::<IS_ATTRIBUTE>(*byte));
        growth += usize::from(of_chunk.fold(0, u8::wrapping_add));
        is_doubtful |= chunk.iter().fold(false, |found, byte| found | doubtful(*byte));
    }
    let forbidden = is_doubtful.then(|| forbidden(text)).flatten();
    forbidden.map_or(Ok(growth), Err)
}

/// What a byte grows by. Without branches, so that many are looked at at once.
const fn grown_by<const IS_ATTRIBUTE: bool>(byte: u8) -> u8 {
    let in_text = (byte == b'&') as u8 * 4 + (byte | 2 == b'>') as u8 * 3 + (byte == b'\r') as u8 * 4;
    if !IS_ATTRIBUTE {
        return in_text;
    }
    in_text + (byte == b'"') as u8 * 5 + (byte == b'\n') as u8 * 4 + (byte == b'\t') as u8 * 3
}

/// Whether a byte is, or begins, a character that XML may not be able to carry.
const fn doubtful(byte: u8) -> bool {
    ((byte < b' ') & (byte != b'\t') & (byte != b'\n') & (byte != b'\r')) | (byte == 0xef)
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
        fn many_at_once_are_written_as_one_by_one(given in "([\"&<>\r\n\t'=;$%(?a-c \u{85}\u{ffff}\u{feff}\u{1f600}]|[a-z ]{9}){0,40}") {
            for is_attribute in [false, true] {
                let (mut out, expected) = (Vec::new(), one_by_one(&given, is_attribute));
                let growth = if is_attribute {
                    attribute(&mut out, given.as_bytes());
                    attribute_growth(&given)
                } else {
                    text(&mut out, given.as_bytes());
                    text_growth(&given)
                };
                prop_assert_eq!(String::from_utf8(out).unwrap(), expected.as_str());
                let forbidden = forbidden(&given);
                prop_assert_eq!(growth, forbidden.map_or(Ok(expected.len() - given.len()), Err));
            }
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
