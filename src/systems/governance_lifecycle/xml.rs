//! XML out, escaped by runs into a byte buffer; XML in, as its visible text.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;

use crate::core::decode::one_line;

/// Elements inside one another that an answer may have.
const DEPTH_MAX: usize = 64;

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

/// What has to be escaped where a text stands.
#[derive(Clone, Copy)]
pub(super) struct Escaping(&'static Table);

/// Between tags.
pub(super) const TEXT: Escaping = Escaping(&IN_TEXT);
/// Between the double quotes of an attribute. White space other than blanks goes as references, or the reader would
/// turn it into blanks.
pub(super) const ATTRIBUTE: Escaping = Escaping(&IN_ATTRIBUTE);

/// For each byte.
struct Table {
    /// What stands for it in the document: filled up, so that it is written in one go, with its length at the end.
    written: [[u8; 8]; 256],
    /// How much longer that is, and [`DOUBTFUL`].
    growth: [u8; 256],
}

static IN_TEXT: Table = table(false);
static IN_ATTRIBUTE: Table = table(true);

/// What becomes of a text, or of a part of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Growth {
    /// How much longer it becomes.
    pub(super) bytes: usize,
    /// Whether it may hold something that XML cannot carry. False is certain, if it is a whole text.
    pub(super) is_doubtful: bool,
}

const DOUBTFUL: u8 = 0x80;

const fn reference(byte: u8, is_attribute: bool) -> [u8; 8] {
    match byte {
        b'&' => *b"&amp;\0\0\x05",
        b'<' => *b"&lt;\0\0\0\x04",
        b'>' => *b"&gt;\0\0\0\x04",
        b'\r' => *b"&#13;\0\0\x05",
        b'"' if is_attribute => *b"&quot;\0\x06",
        b'\n' if is_attribute => *b"&#10;\0\0\x05",
        b'\t' if is_attribute => *b"&#9;\0\0\0\x04",
        _ => [byte, 0, 0, 0, 0, 0, 0, 1],
    }
}

const fn table(is_attribute: bool) -> Table {
    let (mut written, mut growth) = ([[0; 8]; 256], [0; 256]);
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        let reference = reference(byte, is_attribute);
        let is_doubtful = (byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')) || !byte.is_ascii();
        #[allow(clippy::indexing_slicing, reason = "in bounds, and checked when this is compiled")]
        {
            written[at] = reference;
            growth[at] = if is_doubtful { DOUBTFUL } else { reference[7] - 1 };
        }
        at += 1;
    }
    Table { written, growth }
}

impl Escaping {
    /// What becomes of a text.
    pub(super) fn growth(self, bytes: &[u8]) -> Growth {
        let (mut sum, mut doubtful) = (0, 0);
        let mut add = |bytes: &[u8]| {
            for byte in bytes {
                let growth = self.0.growth.get(usize::from(*byte)).copied().unwrap_or_default();
                doubtful |= growth;
                sum += usize::from(growth & !DOUBTFUL);
            }
        };
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            let eight = u64::from_le_bytes(*word);
            if (odd(eight) | eight) & HIGHS != 0 {
                add(word);
            }
        }
        add(rest);
        Growth {
            bytes: sum,
            is_doubtful: doubtful & DOUBTFUL != 0,
        }
    }

    /// Writes a text.
    pub(super) fn escape(self, out: &mut Vec<u8>, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            if odd(u64::from_le_bytes(*word)) == 0 {
                out.extend_from_slice(word);
            } else {
                self.escape_each(out, word);
            }
        }
        self.escape_each(out, rest);
    }

    fn escape_each(self, out: &mut Vec<u8>, bytes: &[u8]) {
        for byte in bytes {
            let written = self.0.written.get(usize::from(*byte)).unwrap_or(&[0; 8]);
            let end = out.len() + usize::from(written[7]);
            out.extend_from_slice(written);
            out.truncate(end);
        }
    }
}

/// Zero if none of them is a control or one of `"&<>`.
const fn odd(word: u64) -> u64 {
    // The two of each pair differ in one bit.
    let (quote, angle) = ((word | (ONES * 4)) ^ (ONES * 0x26), (word | (ONES * 2)) ^ (ONES * 0x3e));
    let found =
        word.wrapping_sub(ONES * 0x20) & !word | quote.wrapping_sub(ONES) & !quote | angle.wrapping_sub(ONES) & !angle;
    found & HIGHS
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

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
                let escaping = if is_attribute { ATTRIBUTE } else { TEXT };
                escaping.escape(&mut out, given.as_bytes());
                let growth = escaping.growth(given.as_bytes());
                prop_assert_eq!(growth.bytes, out.len() - given.len());
                prop_assert_eq!(String::from_utf8(out).unwrap(), one_by_one(&given, is_attribute));
                let expected = given.chars().find(|c| "\0\u{b}\u{fffe}\u{ffff}".contains(*c));
                prop_assert_eq!(forbidden(&given), expected);
                prop_assert!(growth.is_doubtful || expected.is_none());
                prop_assert!(!growth.is_doubtful || expected.is_some() || !given.is_ascii());
            }
        }
    }

    #[test]
    fn texts_and_attributes_are_escaped() {
        let mut out = Vec::new();
        TEXT.escape(&mut out, b"a&b <c> \"d\"\r\n\t]]>");
        assert_eq!(out, b"a&amp;b &lt;c&gt; \"d\"&#13;\n\t]]&gt;");
        out.clear();
        ATTRIBUTE.escape(&mut out, "a&b <c> \"d\"\r\n\t'\u{fc}".as_bytes());
        assert_eq!(out, "a&amp;b &lt;c&gt; &quot;d&quot;&#13;&#10;&#9;'\u{fc}".as_bytes());
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
