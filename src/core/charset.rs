//! From bytes to text: a byte order mark says the encoding, or else the Content-Type, or else the document itself, or else
//! it is UTF-8. The names are those of the WHATWG Encoding Standard, by which ISO-8859-1 is windows-1252.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use http::header::{self, HeaderMap};

/// Within the beginning of a page or document, its encoding is declared if it is.
const DECLARATION_BYTES_MAX: usize = 1024;
/// Of a name that nobody knows, as much is shown.
const NAME_CHARS_MAX: usize = 40;

/// Bytes that are no text in their encoding.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    /// The encoding is none that is known.
    #[error("the answer is declared to be in the encoding {0:?}, which this client does not know")]
    Unknown(String),
    /// The bytes do not fit it.
    #[error("the answer is not text in the encoding {0}, {1}")]
    Misfit(String, &'static str),
}

/// Whether text that comes may be read before it is complete: nothing says that it is not in UTF-8.
pub fn is_utf8_declared(headers: &HeaderMap) -> bool {
    declared(headers).is_none_or(|name| is_utf8(&name))
}

/// The body as text without a byte order mark; borrowed where the bytes are UTF-8 already.
pub fn decode<'b>(headers: &HeaderMap, body: &'b [u8]) -> Result<Cow<'b, str>, NotText> {
    let (encoding, source, name, body) = match encoding_of(headers, body) {
        Found::Known(encoding, source, name, body) => (encoding, source, name, body),
        Found::Unknown(name) => return Err(NotText::Unknown(name)),
    };
    let text = if encoding == UTF_8 {
        std::str::from_utf8(body).ok().map(Cow::Borrowed)
    } else {
        encoding.decode_without_bom_handling_and_without_replacement(body)
    };
    text.ok_or_else(|| NotText::Misfit(name.map_or_else(|| encoding.name().to_owned(), Cow::into_owned), source))
}

/// The same for people: what does not fit is replaced, and what is in an unknown encoding is taken for UTF-8.
pub fn decode_lossy<'b>(headers: &HeaderMap, body: &'b [u8]) -> Cow<'b, str> {
    match encoding_of(headers, body) {
        Found::Known(encoding, _, _, body) if encoding != UTF_8 => encoding.decode_without_bom_handling(body).0,
        Found::Known(_, _, _, body) => String::from_utf8_lossy(body),
        Found::Unknown(_) => String::from_utf8_lossy(body),
    }
}

enum Found<'h, 'b> {
    /// With who said so, its name there, and the bytes behind the mark.
    Known(&'static Encoding, &'static str, Option<Cow<'h, str>>, &'b [u8]),
    Unknown(String),
}

fn encoding_of<'h, 'b: 'h>(headers: &'h HeaderMap, body: &'b [u8]) -> Found<'h, 'b> {
    if let Some((encoding, length)) = Encoding::for_bom(body) {
        let behind = body.get(length..).unwrap_or_default();
        return Found::Known(encoding, "which its byte order mark says", None, behind);
    }
    let (name, source) = match declared(headers) {
        Some(name) => (name, "which its Content-Type says"),
        None => match in_document(body) {
            Some(name) => (name, "which it declares itself"),
            None => return Found::Known(UTF_8, "which is taken where none is declared", None, body),
        },
    };
    let encoding = if is_utf8(&name) {
        UTF_8
    } else if name.eq_ignore_ascii_case("utf-16") {
        // Without a mark it should be the former (RFC 2781), and is the latter for browsers.
        if body.first() == Some(&0) { UTF_16BE } else { UTF_16LE }
    } else if let Some(encoding) = Encoding::for_label_no_replacement(name.as_bytes()) {
        encoding
    } else {
        return Found::Unknown(name.chars().take(NAME_CHARS_MAX).collect());
    };
    Found::Known(encoding, source, Some(name), body)
}

/// ASCII is a part of UTF-8.
fn is_utf8(name: &str) -> bool {
    ["utf-8", "utf8", "us-ascii", "ascii"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// What the Content-Type says.
fn declared(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let value = headers.get(header::CONTENT_TYPE)?.as_bytes();
    // Most say none.
    value.contains(&b';').then_some(())?;
    match String::from_utf8_lossy(value) {
        Cow::Borrowed(value) => parameter(value).map(Cow::Borrowed),
        Cow::Owned(value) => parameter(&value).map(|name| Cow::Owned(name.to_owned())),
    }
}

fn parameter(content_type: &str) -> Option<&str> {
    let mut parameters = content_type.split(';').skip(1).filter_map(|part| part.split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    // Two values that were joined to one are the same twice, if anything.
    let value = value.split(',').next().unwrap_or_default();
    let value = value.trim().trim_matches(['"', '\'']).trim();
    (!value.is_empty()).then_some(value)
}

/// What an XML declaration or the head of a page says. Both are ASCII in all encodings that can be declared there; one of
/// UTF-16 would be none, and is a mistake.
fn in_document(body: &[u8]) -> Option<Cow<'_, str>> {
    let start = body.get(..DECLARATION_BYTES_MAX).unwrap_or(body).trim_ascii_start();
    if !start.starts_with(b"<") {
        return None;
    }
    let lower = start.to_ascii_lowercase();
    let name = if lower.starts_with(b"<?xml") {
        let end = lower.windows(2).position(|pair| pair == b"?>")?;
        value_of(lower.get(..end)?, b"encoding")
    } else if lower
        .windows(5)
        .any(|tag| tag == b"<html" || tag == b"<head" || tag == b"<meta")
    {
        let at = lower.windows(5).position(|tag| tag == b"<meta")?;
        value_of(lower.get(at..)?, b"charset")
    } else {
        None
    }?;
    (!name.starts_with("utf-16")).then_some(Cow::Owned(name))
}

/// The value behind `name`, an equals sign and perhaps a quote.
fn value_of(text: &[u8], name: &[u8]) -> Option<String> {
    let at = text.windows(name.len()).position(|window| window == name)?;
    let rest = text.get(at + name.len()..)?.trim_ascii_start();
    let rest = rest.strip_prefix(b"=")?.trim_ascii_start();
    let rest = rest
        .strip_prefix(b"\"")
        .or_else(|| rest.strip_prefix(b"'"))
        .unwrap_or(rest);
    let is_of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    let value: Vec<u8> = rest.iter().take_while(is_of_name).copied().collect();
    String::from_utf8(value).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(content_type: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap());
        }
        headers
    }

    fn utf16(text: &str, is_big: bool) -> Vec<u8> {
        let pair = |unit: u16| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() };
        text.encode_utf16().flat_map(pair).collect()
    }

    #[test]
    fn text_is_decoded_as_declared() {
        let marked = |text: &str, is_big| utf16(&format!("\u{feff}{text}"), is_big);
        let cases: [(&str, Vec<u8>, &str); 25] = [
            ("", b"plain".to_vec(), "plain"),
            ("", "Prüfung".into(), "Prüfung"),
            ("text/plain", "\u{feff}ü".into(), "ü"),
            ("text/plain;charset=UTF-8", "Prüfung €".into(), "Prüfung €"),
            ("text/plain; charset=us-ascii", "Prüfung".into(), "Prüfung"),
            (
                "text/plain;charset=ISO-8859-1",
                b"Pr\xfcfung \x80".to_vec(),
                "Prüfung €",
            ),
            ("text/plain; Charset = \"latin1\"", b"Pr\xfcfung".to_vec(), "Prüfung"),
            (
                "text/plain; boundary=x; charset='iso-8859-15'; a=b",
                b"\xa4".to_vec(),
                "€",
            ),
            (
                "text/plain; charset=windows-1252, text/plain; charset=windows-1252",
                b"\x93".to_vec(),
                "\u{201c}",
            ),
            ("text/plain; charset=", "ü".into(), "ü"),
            ("text/plain; charset=Shift_JIS", b"\x83e\x83X\x83g".to_vec(), "テスト"),
            ("text/plain; charset=gb18030", b"\xb2\xe2\xca\xd4".to_vec(), "测试"),
            ("text/plain; charset=koi8-r", b"\xd4\xc5\xd3\xd4".to_vec(), "тест"),
            (
                "application/json; charset=utf-16",
                marked("{\"ü\": 1}", false),
                "{\"ü\": 1}",
            ),
            (
                "application/json; charset=utf-16",
                marked("{\"ü\": 1}", true),
                "{\"ü\": 1}",
            ),
            (
                "application/json; charset=utf-16",
                utf16("{\"ü\": 1}", false),
                "{\"ü\": 1}",
            ),
            (
                "application/json; charset=UTF-16",
                utf16("{\"ü\": 1}", true),
                "{\"ü\": 1}",
            ),
            (
                "application/json; charset=utf-16be",
                utf16("[\"😀\"]", true),
                "[\"😀\"]",
            ),
            ("application/json", marked("[\"😀\"]", true), "[\"😀\"]"),
            // The mark is nearer to the truth than what a servlet container adds by itself.
            ("text/plain; charset=ISO-8859-1", "\u{feff}Prüfung".into(), "Prüfung"),
            (
                "text/xml",
                b"<?xml version='1.0' encoding = 'ISO-8859-1'?><a>\xfc</a>".to_vec(),
                "<?xml version='1.0' encoding = 'ISO-8859-1'?><a>ü</a>",
            ),
            (
                "",
                b" <?xml version=\"1.0\" encoding=\"windows-1251\"?><a>\xfc</a>".to_vec(),
                " <?xml version=\"1.0\" encoding=\"windows-1251\"?><a>ь</a>",
            ),
            (
                "application/xml; charset=utf-8",
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>ü".into(),
                "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>ü",
            ),
            (
                "",
                "<?xml version=\"1.0\" encoding=\"UTF-16\"?>ü".into(),
                "<?xml version=\"1.0\" encoding=\"UTF-16\"?>ü",
            ),
            (
                "text/html",
                b"<html><head><meta http-equiv=c content='text/html; charset=iso-8859-2'>\xb1".to_vec(),
                "<html><head><meta http-equiv=c content='text/html; charset=iso-8859-2'>ą",
            ),
        ];
        for (content_type, body, expected) in cases {
            assert_eq!(
                decode(&headers(content_type), &body).as_deref(),
                Ok(expected),
                "{content_type}"
            );
            assert_eq!(decode_lossy(&headers(content_type), &body), expected, "{content_type}");
        }
    }

    #[test]
    fn what_is_no_text_is_told_by_its_encoding() {
        let cases: [(&str, &[u8], &str, &str); 9] = [
            ("", b"Pr\xfcfung", "UTF-8, which is taken", "Pr\u{fffd}fung"),
            (
                "text/plain;charset=utf-8",
                b"Pr\xfcfung",
                "utf-8, which its Content-Type",
                "Pr\u{fffd}fung",
            ),
            (
                "text/plain;charset=ASCII",
                b"Pr\xfcfung",
                "ASCII, which its Content-Type",
                "Pr\u{fffd}fung",
            ),
            (
                "text/plain",
                b"\xef\xbb\xbf\xfc",
                "UTF-8, which its byte order mark",
                "\u{fffd}",
            ),
            (
                "text/plain;charset=utf-16le",
                b"a\0b",
                "utf-16le, which its Content-Type",
                "a\u{fffd}",
            ),
            (
                "text/plain;charset=utf-16be",
                b"\xd8\x00\x00a",
                "utf-16be, which its Content-Type",
                "\u{fffd}a",
            ),
            (
                "text/xml",
                b"<?xml version='1.0' encoding='euc-jp'?>\xff",
                "euc-jp, which it declares itself",
                "<?xml version='1.0' encoding='euc-jp'?>\u{fffd}",
            ),
            (
                "text/plain;charset=klingon",
                b"abc",
                "\"klingon\", which this client does not know",
                "abc",
            ),
            (
                "text/plain;charset=utf-7",
                b"+APw-",
                "\"utf-7\", which this client does not know",
                "+APw-",
            ),
        ];
        for (content_type, body, told, shown) in cases {
            let error = decode(&headers(content_type), body).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
            assert_eq!(decode_lossy(&headers(content_type), body), shown, "{content_type}");
        }
    }

    #[test]
    fn utf8_is_not_copied_and_streamed() {
        let body = "{\"ü\": 1}".as_bytes();
        for content_type in [
            "",
            "application/json",
            "application/json;charset=UTF-8",
            "text/plain; charset=ascii",
        ] {
            assert!(matches!(decode(&headers(content_type), body), Ok(Cow::Borrowed(_))));
            assert!(is_utf8_declared(&headers(content_type)));
        }
        assert!(!is_utf8_declared(&headers("application/json; charset=ISO-8859-1")));
    }
}
