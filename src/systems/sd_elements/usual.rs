//! Values of the types that they are documented with, or null, read in passing. Anything else is left to the lenient readers.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::core::lenient::time_in;
use crate::core::record::Extra;
use crate::core::scan::{Scan, Stop};

/// None if the value is of another type; the inner one is None for null.
pub(super) type Usual<T> = Result<Option<Option<T>>, Stop>;

/// Takes what was read out of [`Usual`], or gives up.
macro_rules! usual {
    ($read:expr) => {
        match $read? {
            Some(value) => value,
            None => return Ok(None),
        }
    };
}
pub(super) use usual;

pub(super) fn is_null(scan: &mut Scan<'_>) -> Result<bool, Stop> {
    Ok(scan.peek()? == b'n' && scan.value().map(|_| true)?)
}

pub(super) fn number(scan: &mut Scan<'_>) -> Usual<i64> {
    if is_null(scan)? {
        return Ok(Some(None));
    }
    Ok(scan.value()?.parse().ok().map(Some))
}

pub(super) fn flag(scan: &mut Scan<'_>) -> Usual<bool> {
    Ok(match scan.value()? {
        "true" => Some(Some(true)),
        "false" => Some(Some(false)),
        "null" => Some(None),
        _ => None,
    })
}

pub(super) fn text<'t>(scan: &mut Scan<'t>) -> Usual<Cow<'t, str>> {
    match scan.peek()? {
        b'"' => Ok(Some(Some(scan.quoted()?.lossy()))),
        _ => Ok(is_null(scan)?.then_some(None)),
    }
}

pub(super) fn object<'t>(scan: &mut Scan<'t>) -> Usual<Cow<'t, str>> {
    match scan.peek()? {
        b'{' => scan.value().map(|text| Some(Some(Cow::Borrowed(text)))),
        _ => Ok(is_null(scan)?.then_some(None)),
    }
}

pub(super) fn time(scan: &mut Scan<'_>) -> Usual<Timestamp> {
    let read = |text: Option<Cow<'_, str>>| match text {
        Some(text) => time_in(&text).map(Some),
        None => Some(None),
    };
    Ok(text(scan)?.and_then(read))
}

/// A text, or the digits of an id, and whether it is one.
pub(super) type Name<'t> = (Option<Cow<'t, str>>, bool);

/// A text or an id.
pub(super) fn name<'t>(scan: &mut Scan<'t>) -> Result<Option<Name<'t>>, Stop> {
    if !matches!(scan.peek()?, b'-' | b'0'..=b'9') {
        return Ok(text(scan)?.map(|text| (text, false)));
    }
    let digits = scan.value()?;
    let is_id = digits.parse::<i64>().is_ok();
    Ok(is_id.then_some((Some(Cow::Borrowed(digits)), true)))
}

pub(super) fn unknown(scan: &mut Scan<'_>, key: &str, extra: &mut Extra) -> Result<Option<()>, Stop> {
    let raw = RawValue::from_string(scan.value()?.to_owned()).ok();
    Ok(raw.map(|raw| extra.0.push((key.to_owned(), raw))))
}
