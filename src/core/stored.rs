//! Records as texts that can be kept or sent to another process. Secrets stay behind: what is read back has secrets
//! that cannot be revealed.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::record::{Extra, Field, Record, View};
use super::redact::is_secret_name;

/// Stands where a secret was.
const WITHHELD: &str = r#"{"=withheld":true}"#;
/// The key in it.
pub const WITHHELD_KEY: &str = "=withheld";

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
        View::Json(raw) => out.push_str(&without_secrets(raw, false)),
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
        let value = without_secrets(raw, is_secret_name(key));
        out.push_str(&format!("[{},{value}]", quoted(key)));
    }
    out.push(']');
}

fn without_secrets(raw: &RawValue, is_secret: bool) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(raw.get()) else {
        return "null".to_owned();
    };
    withhold(&mut value, is_secret);
    value.to_string()
}

fn withhold(value: &mut Value, is_secret: bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| withhold(item, is_secret)),
        Value::Object(fields) => {
            for (key, value) in fields {
                withhold(value, is_secret || is_secret_name(key));
            }
        }
        Value::String(_) | Value::Number(_) if is_secret => {
            *value = serde_json::from_str(WITHHELD).unwrap_or(Value::Null);
        }
        _ => {}
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
