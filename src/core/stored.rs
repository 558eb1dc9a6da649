//! Records as texts that can be kept or sent to another process. Secrets stay behind: what is read back has secrets
//! that cannot be revealed.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::record::{Extra, Field, Record, View};
use super::redact::is_secret_name;
use super::scan::{Scan, Stop};

/// Stands where a secret was. It is never entered: it may stand one level deeper than anything else.
pub const WITHHELD: &str = r#"{"=withheld":true}"#;

/// The fields of a record that was written.
pub struct Stored<'s>(HashMap<String, &'s RawValue>);

impl<'s> Stored<'s> {
    /// None if it is no object.
    pub fn read(raw: &'s RawValue) -> Option<Self> {
        Some(Self(serde_json::from_str(raw.get()).ok()?))
    }

    /// One field; None if it is missing or of another type.
    pub fn get<T: Field>(&self, name: &str) -> Option<T> {
        T::restore(self.0.get(name)?)
    }
}

/// Writes a record.
pub fn stored(record: &dyn Record) -> String {
    let mut out = String::new();
    write_record(record, &mut out);
    out
}

/// Reads a record.
pub fn restored<T: Record>(text: &str) -> Option<T> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    <T as Record>::restore(&Stored::read(raw)?)
}

/// The pairs of an object, in their order.
pub fn pairs(raw: &RawValue) -> Option<Vec<(String, Box<RawValue>)>> {
    let list: Vec<(String, Box<RawValue>)> = serde_json::from_str(raw.get()).ok()?;
    Some(list)
}

fn write_record(record: &dyn Record, out: &mut String) {
    out.push('{');
    for (index, (name, view)) in record.fields().into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&quoted(name));
        out.push(':');
        write(&view, out);
    }
    out.push('}');
}

fn write(view: &View<'_>, out: &mut String) {
    match view {
        View::None => out.push_str("null"),
        View::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        View::Int(value) => out.push_str(&value.to_string()),
        View::Float(value) => out.push_str(&Value::from(*value).to_string()),
        View::Text(value) => out.push_str(&quoted(value)),
        View::Owned(value) => out.push_str(&quoted(value)),
        View::Time(value) => out.push_str(&quoted(&value.to_string())),
        View::Date(value) => out.push_str(&quoted(&value.to_string())),
        View::LocalTime(value) => out.push_str(&quoted(&value.to_string())),
        View::Secret(_) => out.push_str(WITHHELD),
        View::Json(raw) => write_raw(raw, Some(false), out),
        View::Extra(extra) => write_extra(extra, out),
        View::Record(record) => write_record(*record, out),
        View::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
    }
}

/// As a list of pairs: keys may repeat, and their order is kept.
fn write_extra(extra: &Extra, out: &mut String) {
    out.push('[');
    for (index, (key, raw)) in extra.0.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push('[');
        out.push_str(&quoted(key));
        out.push(',');
        write_raw(raw, Some(is_secret_name(key)), out);
        out.push(']');
    }
    out.push(']');
}

/// The same JSON without white space.
pub fn compact(raw: &RawValue) -> String {
    let mut out = String::new();
    write_raw(raw, None, &mut out);
    out
}

/// `is_secret` says whether the value stands under the name of a secret; None has secrets written too.
fn write_raw(raw: &RawValue, is_secret: Option<bool>, out: &mut String) {
    let start = out.len();
    if copy(&mut Scan::new(raw.get(), 0), is_secret, out).is_err() {
        out.truncate(start);
        out.push_str("null");
    }
}

/// Texts and numbers are copied as they were written: a parsed one may be none that can be written again.
fn copy(scan: &mut Scan<'_>, is_secret: Option<bool>, out: &mut String) -> Result<(), Stop> {
    let mut is_first = true;
    match scan.peek()? {
        b'{' if is_secret == Some(true) && scan.rest().starts_with(WITHHELD) => {
            scan.skip(WITHHELD.len());
            out.push_str(WITHHELD);
        }
        b'{' => {
            scan.enter()?;
            out.push('{');
            while let Some(key) = scan.key(is_first)? {
                if !is_first {
                    out.push(',');
                }
                is_first = false;
                out.extend(["\"", key.written(), "\":"]);
                copy(scan, is_secret.map(|is| is || is_secret_name(&key.lossy())), out)?;
            }
            out.push('}');
        }
        b'[' => {
            scan.enter_array()?;
            out.push('[');
            while scan.element(is_first)? {
                if !is_first {
                    out.push(',');
                }
                is_first = false;
                copy(scan, is_secret, out)?;
            }
            out.push(']');
        }
        b'"' | b'-' | b'0'..=b'9' if is_secret == Some(true) => {
            scan.value()?;
            out.push_str(WITHHELD);
        }
        _ => out.push_str(scan.value()?),
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
