//! Readers of single JSON values that forgive what servers vary: numbers as text, words for booleans, ids as either.
//! Each takes the raw text of one value and gives None when it can't be understood.

use std::borrow::{Borrow, Cow};
use std::fmt;

use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::record::{Json, Params};
use super::scan::{Scan, Stop};
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
    plain(raw).map(str::to_owned).or_else(|| lossy_text(raw))
}

fn plain(raw: &str) -> Option<&str> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('\\')).then_some(inner)
}

/// The text of a JSON string. Half of a surrogate pair, which neither UTF-8 nor Python's `str` can hold, becomes U+FFFD.
pub fn lossy_text(raw: &str) -> Option<String> {
    let LossyText(text) = serde_json::from_str(raw).ok()?;
    Some(text.into_owned())
}

/// Any JSON as the parser has it; what it has no value for is made a text that can be shown.
pub fn value(json: &[u8]) -> Option<Value> {
    serde_json::from_slice(json).ok().or_else(|| {
        let mut scan = Scan::new(std::str::from_utf8(json).ok()?, 0);
        scan.blank();
        let value = value_at(&mut scan).ok()?;
        scan.is_over().then_some(value)
    })
}

fn value_at(scan: &mut Scan<'_>) -> Result<Value, Stop> {
    let mut is_first = true;
    Ok(match scan.peek()? {
        b'"' => Value::String(scan.quoted()?.lossy().into_owned()),
        b'{' => {
            let mut fields = Map::new();
            scan.enter()?;
            while let Some(key) = scan.key(is_first)? {
                is_first = false;
                fields.insert(key.lossy().into_owned(), value_at(scan)?);
            }
            Value::Object(fields)
        }
        b'[' => {
            let mut items = Vec::new();
            scan.enter_array()?;
            while scan.element(is_first)? {
                is_first = false;
                items.push(value_at(scan)?);
            }
            Value::Array(items)
        }
        _ => {
            let text = scan.value()?;
            serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
        }
    })
}

/// A text or a key, lent by the document if it needs no decoding. Half of a surrogate pair becomes U+FFFD.
#[derive(PartialEq, Eq, Hash)]
pub struct LossyText<'t>(pub Cow<'t, str>);

impl Borrow<str> for LossyText<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de: 't, 't> Deserialize<'de> for LossyText<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = LossyText<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(LossyText(Cow::Owned(text.to_owned())))
            }

            fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                match std::str::from_utf8(bytes) {
                    Ok(text) => Ok(LossyText(Cow::Borrowed(text))),
                    Err(_) => self.visit_bytes(bytes),
                }
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                let text = String::from_utf8(without_halves(bytes.to_vec()));
                text.map(|text| LossyText(Cow::Owned(text)))
                    .map_err(|_| E::custom("not valid UTF-8"))
            }
        }

        // As text, the parser would refuse what is no Unicode; as bytes, it gives each half of a pair in three of them.
        deserializer.deserialize_bytes(TextVisitor)
    }
}

fn without_halves(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut rest = bytes.as_mut_slice();
    while let [first, tail @ ..] = rest {
        if let (0xED, [second @ 0xA0..=0xBF, third, ..]) = (*first, &mut *tail) {
            (*first, *second, *third) = (0xEF, 0xBF, 0xBD);
        }
        rest = tail;
    }
    bytes
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
    time_in(&exact_text(raw)?)
}

/// The same of a text.
pub fn time_in(text: &str) -> Option<Timestamp> {
    text.parse().ok().filter(is_pythons)
}

/// Whether Python's `datetime` has this moment. It begins with the year 1, and ends behind the last [`Timestamp`].
pub fn is_pythons(moment: &Timestamp) -> bool {
    const YEAR_ONE_SECOND: i64 = -62_135_596_800;
    moment.as_second() >= YEAR_ONE_SECOND
}

/// A text that must not be seen. Nothing is ever put in the place of what is no text.
pub fn secret(raw: &RawValue) -> Option<Secret> {
    let raw = raw.get();
    let text = match raw.as_bytes().first()? {
        b'"' => plain(raw).map(str::to_owned).or_else(|| serde_json::from_str(raw).ok()),
        _ => text_in(raw),
    };
    text.map(Secret::new)
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
        assert_eq!(time(&raw(r#""0000-12-31T23:59:59Z""#)), None);
        assert_eq!(
            time(&raw(r#""0001-01-01T00:00:00Z""#)).unwrap().to_string(),
            "0001-01-01T00:00:00Z"
        );
    }

    #[test]
    fn half_of_a_pair_is_replaced_but_never_in_a_secret() {
        let cases = [
            (r#""a\ud800""#, "a\u{fffd}"),
            (r#""\ud83d\ud83d\ude00\udc00""#, "\u{fffd}\u{1f600}\u{fffd}"),
            (r#""\ud800\u0041\n""#, "\u{fffd}A\n"),
            (r#""\u00e4\ued80\ufffd""#, "\u{e4}\u{ed80}\u{fffd}"),
            (r#""plain""#, "plain"),
        ];
        for (written, expected) in cases {
            assert_eq!(text(&raw(written)).as_deref(), Some(expected), "{written}");
            let is_whole = serde_json::from_str::<String>(written).is_ok();
            assert_eq!(secret(&raw(written)).is_some(), is_whole, "{written}");
        }
        assert_eq!(secret(&raw("12")), Some(Secret::new("12")));
    }

    #[test]
    fn what_the_parser_has_no_value_for_can_be_shown() {
        let told = value(br#" {"a\ud800": [1e999, "\udfff", -1.5, true, null, {}], "b": 12} "#).unwrap();
        let expected = serde_json::json!({"a\u{fffd}": ["1e999", "\u{fffd}", -1.5, true, null, {}], "b": 12});
        assert_eq!(told, expected);
        for text in ["", "{", "[1,]", "NaN", "{} x"] {
            assert_eq!(value(text.as_bytes()), None, "{text}");
        }
    }
}
