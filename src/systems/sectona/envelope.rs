//! What every answer of Sectona's is wrapped in, read from JSON or XML, whatever the content type says.
//!
//! Documented are its fields only, by samples that are not valid JSON. Inferred: `Result` is a string that holds
//! escaped JSON; embedded values and plain text are understood too. A string whose inner quotes are not escaped, as
//! printed, is refused unless it can mean one thing only.

use std::fmt;

use jiff::Timestamp;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::date;
use super::json::{Members, unescaped};
use super::printed;
use super::xml::{Document, Element};
use crate::core::answer::looks_like_html;
use crate::core::depth::is_too_deep;
use crate::core::lenient;
use crate::core::record::Json;
use crate::core::scan::is_json;
use crate::core::secret::MASK;

const CODE_DIGITS: usize = 6;

/// An answer of any operation of the vault.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
#[derive(Clone, PartialEq)]
pub struct Envelope {
    /// The server's version.
    pub version: Option<String>,
    /// Always true here: a refusal is an error.
    pub is_success: bool,
    /// `0` when all is well.
    pub log_code: Option<String>,
    /// A word for the status.
    pub status_code: Option<String>,
    /// What some operations say in place of a result.
    pub message: Option<String>,
    /// The server's time, as it is written there.
    pub timestamp_text: Option<String>,
    /// The same, if it can be read.
    pub timestamp: Option<Timestamp>,
    /// The result: the JSON that its text holds, or the text itself as a JSON string. It may hold secrets.
    pub result: Option<Json>,
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("version", &self.version)
            .field("is_success", &self.is_success)
            .field("log_code", &self.log_code)
            .field("status_code", &self.status_code)
            .field("message", &self.message)
            .field("timestamp_text", &self.timestamp_text)
            .field("result", &self.result.as_ref().map(|_| MASK))
            .finish_non_exhaustive()
    }
}

crate::fields!(Envelope {
    version,
    is_success,
    log_code,
    status_code,
    message,
    timestamp_text,
    timestamp,
    result
});

/// `Result` as it came.
pub(crate) enum Content {
    /// Absent or null.
    Missing,
    /// A string, unescaped once. It may hold JSON.
    Text(Zeroizing<String>),
    /// Any other JSON value.
    Json(Zeroizing<String>),
}

/// An envelope whose meaning has not been judged yet.
pub(crate) struct Reading {
    pub version: Option<String>,
    pub is_success: Option<bool>,
    pub log_code: Option<String>,
    pub status_code: Option<String>,
    pub message: Option<String>,
    pub timestamp_text: Option<String>,
    pub result: Content,
}

impl Reading {
    /// What looks like a JSON document in `Result`.
    pub fn likely_json(&self) -> Option<&str> {
        match &self.result {
            Content::Missing => None,
            Content::Json(json) => Some(json),
            Content::Text(text) => Some(text.trim()).filter(|text| text.starts_with(['{', '['])),
        }
    }

    /// The JSON document in `Result`, if it holds one.
    pub fn result_json(&self) -> Option<&str> {
        self.likely_json().filter(|text| is_json(text))
    }

    /// The text of `Result`, if it is one for people.
    pub fn plain_result(&self) -> Option<&str> {
        match &self.result {
            Content::Text(text) if !text.trim().is_empty() && !text.trim_start().starts_with(['{', '[', '"', '<']) => {
                Some(text)
            }
            _ => None,
        }
    }

    /// Whether it tells about a refusal.
    pub fn says_something(&self) -> bool {
        let has_code = self.log_code.as_deref().is_some_and(|code| code != "0");
        match self.is_success {
            Some(is_success) => !is_success,
            None => has_code || self.message.is_some(),
        }
    }

    /// For people who called an operation by its path.
    pub fn into_envelope(self) -> Envelope {
        let result = match (self.result_json(), &self.result) {
            (Some(json), _) => RawValue::from_string(json.to_owned()).ok(),
            (None, Content::Text(text)) => serde_json::value::to_raw_value(text.as_str()).ok(),
            (None, _) => None,
        };
        Envelope {
            result: result.map(Json),
            version: self.version,
            is_success: self.is_success == Some(true),
            log_code: self.log_code,
            status_code: self.status_code,
            message: self.message,
            timestamp: self.timestamp_text.as_deref().and_then(date::parse),
            timestamp_text: self.timestamp_text,
        }
    }
}

/// Reads a body without its byte order mark. The reason it can't be read holds nothing of it.
pub(crate) fn read(body: &[u8]) -> Result<Reading, &'static str> {
    let text = std::str::from_utf8(body).map_err(|_| "the answer is not UTF-8")?.trim();
    match text.chars().next() {
        None => Err("the answer is empty where an envelope was expected"),
        Some('{') => read_json(text),
        Some('"') => read_string(text),
        Some('<') if looks_like_html(body) => Err("the answer is an HTML page where JSON or XML was expected"),
        Some('<') => read_xml(text),
        Some(_) => Err("the answer is neither a JSON object nor XML"),
    }
}

fn read_json(text: &str) -> Result<Reading, &'static str> {
    const WRONG: &str = "the answer is not valid JSON, or holds a member twice; if quotes inside its Result are not escaped, nothing tells which of them belong to a password, so none is taken from it";
    let Some(members) = Members::read(text) else {
        if is_too_deep(text.as_bytes()) {
            return Err("the answer is nested too deeply");
        }
        let printed = printed::read(text).ok_or(WRONG)?;
        return Ok(Reading {
            result: Content::Json(printed.record),
            ..read_json(&printed.envelope)?
        });
    };
    let text_of = |name: &str| members.get(name).and_then(lenient::text_in);
    let result = match members.get("Result") {
        None => Content::Missing,
        Some(raw) if raw.starts_with('"') => {
            Content::Text(unescaped(raw).ok_or("Result holds half of a surrogate pair, which is no text")?)
        }
        Some(raw) => Content::Json(Zeroizing::new(raw.to_owned())),
    };
    Ok(Reading {
        version: text_of("Version"),
        is_success: members.get("IsSuccess").and_then(lenient::flag_in),
        log_code: text_of("LogCode").and_then(|code| padded(&code)),
        status_code: text_of("StatusCode"),
        message: text_of("Message").filter(|message| !message.trim().is_empty()),
        timestamp_text: text_of("Timestamp"),
        result,
    })
}

/// The whole envelope as a string that was serialised once more.
fn read_string(text: &str) -> Result<Reading, &'static str> {
    let inner = unescaped(text)
        .filter(|_| is_json(text))
        .ok_or("the answer is not valid JSON")?;
    if inner.trim_start().starts_with('{') {
        read_json(inner.trim())
    } else {
        Err("the answer is a JSON string where an envelope was expected")
    }
}

fn read_xml(text: &str) -> Result<Reading, &'static str> {
    let document = Document::read(text)?;
    if let Some(inner) = document.root_text() {
        return if inner.trim_start().starts_with('{') {
            read_json(inner.trim())
        } else {
            Err("the answer is XML, but no envelope: its root holds no elements")
        };
    }
    let text_of = |name: &str| document.text(name).map(|text| text.trim().to_owned());
    let is_success = text_of("IsSuccess").map(|word| word.to_ascii_lowercase());
    Ok(Reading {
        version: text_of("Version"),
        is_success: is_success.and_then(|word| match word.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }),
        log_code: text_of("LogCode").and_then(|code| padded(&code)),
        status_code: text_of("StatusCode"),
        message: text_of("Message").filter(|message| !message.is_empty()),
        timestamp_text: text_of("Timestamp"),
        result: document.member("Result").map_or(Content::Missing, content),
    })
}

/// A text may be a document that was serialised on its own, as the JSON text of a `Result` is.
fn content(element: &Element) -> Content {
    let Some(text) = element.text() else {
        return Content::Json(element.to_json());
    };
    let inner = text.trim_start().starts_with('<').then(|| Document::read(text.trim()));
    match inner.and_then(Result::ok).map(Document::into_root) {
        Some(root) if root.text().is_none() => Content::Json(root.to_json()),
        Some(root) => Content::Text(Zeroizing::new(root.text().unwrap_or_default().to_owned())),
        None => Content::Text(Zeroizing::new(text.to_owned())),
    }
}

/// Codes have leading zeros, which a number has lost.
fn padded(code: &str) -> Option<String> {
    let code = code.trim();
    if code.is_empty() {
        return None;
    }
    if !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(code.to_owned());
    }
    if code.bytes().all(|byte| byte == b'0') {
        return Some("0".to_owned());
    }
    Some(format!("{code:0>CODE_DIGITS$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made up, in the documented fields.
    const DOUBLE: &str = r#"{"Version":"6.0.0.0","IsSuccess":true,"LogCode":"0","Result":"{\"Password\":\"p\\\"w\\\\d\"}","StatusCode":"Accepted","Timestamp":"07 Jan 2024 08:06:00 GMT 05:30:00"}"#;

    /// The page's sample as it is printed, curly quotes and all; not valid JSON.
    const PRINTED: &str = "{\n\u{201c}Version\u{201d}:\u{201d}6.0.0.0\u{201d},\n\"IsSuccess\":true,\n\"LogCode\":\"0\",\n\"Result\":\n\"{\n\"AssetType\": \"Unix Based\",\n\"Password\": \"XXXXXX\",\n\"CreatedBy\": \"\",\n\"Status\": \"Active\"\n}\",\n\"StatusCode\":\"Accepted\",\n\"Timestamp\":\"03 Jun 2019 15:38:18 GMT 05:30:00\"\n}";

    fn reading(body: &str) -> Reading {
        read(body.as_bytes()).unwrap_or_else(|why| panic!("{why}: {body}"))
    }

    #[test]
    fn every_form_gives_the_same_envelope() {
        let again = serde_json::to_string(DOUBLE).unwrap();
        let xml = concat!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><Reply xmlns=\"http://schemas.datacontract.org/2004/07/X\">",
            "<IsSuccess>True</IsSuccess><LogCode>0</LogCode><Message i:nil=\"true\" xmlns:i=\"y\"/>",
            "<Result>{&quot;Password&quot;:&quot;p\\&quot;w\\\\d&quot;}</Result><StatusCode>Accepted</StatusCode>",
            "<Timestamp>07 Jan 2024 08:06:00 GMT 05:30:00</Timestamp><Version>6.0.0.0</Version></Reply>"
        );
        let wrapped = format!("<string xmlns=\"s\">{}</string>", quick_xml::escape::escape(DOUBLE));
        let embedded = DOUBLE.replace(r#""{\"Password\":\"p\\\"w\\\\d\"}""#, r#"{"Password":"p\"w\\d"}"#);
        let start = xml.find("<Result>").unwrap() + "<Result>".len();
        let (before, result) = (&xml[..start], &xml[xml.find("</Result>").unwrap()..]);
        let elements = format!("{before}\n <a:Password type='string'>p\"w\\d</a:Password>\n{result}");
        let attributes = format!(
            "{}{}",
            before.replace("<Result>", "<Result Password='p\"w\\d'>"),
            result
        );
        let inner = format!("{before}<![CDATA[<?xml version='1.0'?><A><Password>p\"w\\d</Password></A>]]>{result}");
        let string = format!("{before}&lt;string>{{\"Password\":\"p\\\"w\\\\d\"}}&lt;/string>{result}");
        let spaced = format!("\r\n {DOUBLE} ");
        for body in [
            DOUBLE,
            &again,
            xml,
            &wrapped,
            &embedded,
            &elements,
            &attributes,
            &inner,
            &string,
            &spaced,
        ] {
            let reading = reading(body);
            assert_eq!(reading.result_json(), Some(r#"{"Password":"p\"w\\d"}"#), "{body}");
            let envelope = reading.into_envelope();
            assert_eq!(envelope.version.as_deref(), Some("6.0.0.0"));
            assert_eq!((envelope.is_success, envelope.log_code.as_deref()), (true, Some("0")));
            assert_eq!(
                (envelope.status_code.as_deref(), &envelope.message),
                (Some("Accepted"), &None)
            );
            assert_eq!(envelope.timestamp.unwrap().to_string(), "2024-01-07T02:36:00Z");
            assert!(!format!("{envelope:?}").contains("p\\"), "{envelope:?}");
        }
    }

    #[test]
    fn quotes_that_are_not_escaped_are_never_guessed_at() {
        let why = read(PRINTED.as_bytes()).err().unwrap();
        assert!(why.contains("not escaped"), "{why}");
        let straight = PRINTED.replace(['\u{201c}', '\u{201d}'], "\"");
        assert!(read(straight.as_bytes()).is_err());
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        for body in [
            "",
            "  ",
            "[]",
            "true",
            "plain",
            "\"text\"",
            "<!DOCTYPE html><html></html>",
            "<html></html>",
            "<Reply/>",
            r#"{"IsSuccess": true, "Result": "a", "Result": "b"}"#,
            r#"{"IsSuccess": true, "Result": "\ud83d"}"#,
            r#"{"IsSuccess": true,}"#,
        ] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
        assert!(read(b"{\"a\": \"\xff\"}").is_err());
        assert_eq!(reading("{}").is_success, None);
    }

    #[test]
    fn words_and_codes_are_read_leniently() {
        let cases = [
            ("true", r#""0""#, Some(true), Some("0")),
            (r#""True""#, "0", Some(true), Some("0")),
            (r#""False""#, "11688", Some(false), Some("011688")),
            ("false", r#""011688""#, Some(false), Some("011688")),
            ("null", r#""""#, None, None),
            ("\"?\"", r#""E-1""#, None, Some("E-1")),
            ("1", r#""000000""#, Some(true), Some("0")),
        ];
        for (word, code, is_success, log_code) in cases {
            let reading = reading(&format!(r#"{{"IsSuccess": {word}, "LogCode": {code}}}"#));
            assert_eq!(
                (reading.is_success, reading.log_code.as_deref()),
                (is_success, log_code),
                "{word} {code}"
            );
        }
    }

    #[test]
    fn results_are_json_or_text_or_missing() {
        let of = |raw: &str| reading(&format!(r#"{{"IsSuccess": true, "Result": {raw}}}"#));
        let shown = |raw: &str| of(raw).into_envelope().result.map(|json| json.0.get().to_owned());
        assert_eq!(shown("null"), None);
        assert_eq!(shown(r#""""#).as_deref(), Some(r#""""#));
        assert_eq!(shown(r#""done\nwell""#).as_deref(), Some(r#""done\nwell""#));
        assert_eq!(
            shown(r#""\r\n [1,\n {\"a\": 2}] ""#).as_deref(),
            Some("[1,\n {\"a\": 2}]")
        );
        assert_eq!(shown(r#""{broken""#).as_deref(), Some(r#""{broken""#));
        assert_eq!(shown("[1]").as_deref(), Some("[1]"));
        assert_eq!(shown(r#""12""#).as_deref(), Some(r#""12""#));
        assert_eq!(of(r#""{broken""#).plain_result(), None);
        assert_eq!(of(r#""no such asset""#).plain_result(), Some("no such asset"));
    }
}
