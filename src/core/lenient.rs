//! Readers of single JSON values that forgive what servers vary: numbers as text, words for booleans, ids as either.
//! Each takes the raw text of one value and gives None when it can't be understood.

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::record::{Json, Params};
use super::secret::Secret;

/// A text; numbers and booleans are taken as they are written.
pub fn text(raw: &RawValue) -> Option<String> {
    text_in(raw.get())
}

/// The same of a value as it was written.
pub fn text_in(raw: &str) -> Option<String> {
    match raw.as_bytes().first()? {
        b'"' => string(raw),
        b'{' | b'[' | b'n' => None,
        _ => Some(raw.to_owned()),
    }
}

/// A text, never a number.
pub fn exact_text(raw: &RawValue) -> Option<String> {
    string(raw.get())
}

/// Only where something is escaped, a parser has something to do.
fn string(raw: &str) -> Option<String> {
    match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Some(plain.to_owned()),
        _ => serde_json::from_str(raw).ok(),
    }
}

/// A whole number, also as text.
pub fn integer(raw: &RawValue) -> Option<i64> {
    let raw = raw.get();
    raw.parse()
        .ok()
        .or_else(|| serde_json::from_str::<String>(raw).ok()?.trim().parse().ok())
}

/// true or false, also as word or as 1 and 0.
pub fn flag(raw: &RawValue) -> Option<bool> {
    flag_in(raw.get())
}

/// The same of a value as it was written.
pub fn flag_in(raw: &str) -> Option<bool> {
    let word = raw.trim_matches('"');
    let is = |one: &str| word.eq_ignore_ascii_case(one);
    if is("true") || is("1") {
        Some(true)
    } else {
        (is("false") || is("0")).then_some(false)
    }
}

/// A moment in RFC 3339 form with an offset.
pub fn time(raw: &RawValue) -> Option<Timestamp> {
    exact_text(raw)?.parse().ok()
}

/// A text that must not be seen.
pub fn secret(raw: &RawValue) -> Option<Secret> {
    text(raw).map(Secret::new)
}

/// Any value, kept as it came.
pub fn any(raw: &RawValue) -> Option<Json> {
    (raw.get() != "null").then(|| Json(raw.to_owned()))
}

/// An object some of whose values are secrets.
pub fn params(raw: &RawValue) -> Option<Params> {
    raw.get().starts_with('{').then(|| Params(raw.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn what_servers_vary_is_forgiven() {
        assert_eq!(text(&raw(r#""a\"b""#)).as_deref(), Some("a\"b"));
        assert_eq!(text(&raw("12")).as_deref(), Some("12"));
        assert_eq!(text(&raw("null")), None);
        assert_eq!(integer(&raw("12")), Some(12));
        assert_eq!(integer(&raw(r#"" 12""#)), Some(12));
        assert_eq!(integer(&raw(r#""x""#)), None);
        assert_eq!(flag(&raw("true")), Some(true));
        assert_eq!(flag(&raw(r#""False""#)), Some(false));
        assert_eq!(flag(&raw("129")), None);
        assert_eq!(
            time(&raw(r#""2015-04-15T20:27:24.396442Z""#)).unwrap().as_microsecond(),
            1_429_129_644_396_442
        );
        assert_eq!(
            time(&raw(r#""2015-04-15T15:27:24-05:00""#)).unwrap().as_second(),
            1_429_129_644
        );
        assert_eq!(time(&raw(r#""yesterday""#)), None);
    }
}
