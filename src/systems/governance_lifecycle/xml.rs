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
    let is_forbidden =
        |c: &char| (*c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    // No other bytes begin such a character, and most texts have none of them.
    if !text.bytes().any(|byte| byte < b' ' || byte == 0xef) {
        return None;
    }
    text.chars().find(is_forbidden)
}

/// Writes text between tags.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    escape(out, text, |byte| match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'>' => Some(b"&gt;"),
        b'\r' => Some(b"&#13;"),
        _ => None,
    });
}

/// Writes an attribute's value, to stand between double quotes. White space other than blanks goes as references, or
/// the reader would turn it into blanks.
pub(super) fn attribute(out: &mut Vec<u8>, text: &str) {
    escape(out, text, |byte| match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'>' => Some(b"&gt;"),
        b'"' => Some(b"&quot;"),
        b'\n' => Some(b"&#10;"),
        b'\r' => Some(b"&#13;"),
        b'\t' => Some(b"&#9;"),
        _ => None,
    });
}

fn escape(out: &mut Vec<u8>, text: &str, reference: impl Fn(u8) -> Option<&'static [u8]>) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if let Some(reference) = reference(byte) {
            out.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
            out.extend_from_slice(reference);
            copied = at + 1;
        }
    }
    out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
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
    use super::*;

    #[test]
    fn texts_and_attributes_are_escaped() {
        let mut out = Vec::new();
        text(&mut out, "a&b <c> \"d\"\r\n\t]]>");
        assert_eq!(out, b"a&amp;b &lt;c&gt; \"d\"&#13;\n\t]]&gt;");
        out.clear();
        attribute(&mut out, "a&b <c> \"d\"\r\n\t'\u{fc}");
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
