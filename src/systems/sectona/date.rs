//! Sectona's dates: `03 Jun 2019 15:22:11 GMT 05:30:00` is wall time at UTC+05:30, not GMT (inferred: the offset looks
//! like a .NET TimeSpan, which has a sign only when it is negative).
//!
//! <https://learn.microsoft.com/dotnet/standard/base-types/standard-timespan-format-strings>

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::core::lenient::is_pythons;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// None for anything else: the caller keeps the text.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let mut words = text.split_ascii_whitespace();
    let day = number(words.next()?)?;
    let month = words.next()?.to_ascii_lowercase();
    let month = MONTHS.iter().position(|name| **name == month)? + 1;
    let year = number(words.next()?)?;
    let [hour, minute, second] = clock(words.next()?)?;
    if !words.next()?.eq_ignore_ascii_case("GMT") {
        return None;
    }
    let offset = words.next()?;
    if words.next().is_some() {
        return None;
    }
    let wall = DateTime::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second).ok()?,
        0,
    );
    let moment = offset_of(offset)?.to_timestamp(wall.ok()?).ok();
    moment.filter(is_pythons)
}

fn offset_of(text: &str) -> Option<Offset> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let [hours, minutes, seconds] = clock(digits)?;
    if minutes > 59 || seconds > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60 + seconds)).ok()
}

fn clock(text: &str) -> Option<[i32; 3]> {
    let mut parts = text.split(':').map(number);
    let clock = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(clock)
}

/// One to four digits.
fn number(text: &str) -> Option<i32> {
    let is_number = matches!(text.len(), 1..=4) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_count_from_the_wall_clock() {
        let cases = [
            ("03 Jun 2019 15:22:11 GMT 05:30:00", "2019-06-03T09:52:11Z"),
            ("03 Jun 2019 15:38:18 GMT 05:30:00", "2019-06-03T10:08:18Z"),
            ("07 Jan 2024 08:05:09 GMT -05:00:00", "2024-01-07T13:05:09Z"),
            ("7 JAN 2024 08:05:09 gmt +00:00:00", "2024-01-07T08:05:09Z"),
            (" 29 Feb 2024 00:00:00 GMT 05:45:00 ", "2024-02-28T18:15:00Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_date() {
        for text in [
            "",
            "XYZ",
            "03 Jun 2019 15:22:11 GMT",
            "03 Jun 2019 15:22:11 05:30:00",
            "03 Juin 2019 15:22:11 GMT 05:30:00",
            "31 Jun 2019 15:22:11 GMT 05:30:00",
            "03 Jun 2019 25:22:11 GMT 05:30:00",
            "03 Jun 2019 15:22 GMT 05:30:00",
            "03 Jun 2019 15:22:11 GMT 05:30:00 x",
            "03 Jun 2019 15:22:11 GMT 99:30:00",
            "03 Jun 2019 15:22:11 GMT 05:60:00",
            "03 Jun 20190 15:22:11 GMT 05:30:00",
            "-3 Jun 2019 15:22:11 GMT 05:30:00",
            "03 Jun 0000 15:22:11 GMT 05:30:00",
            "01 Jan 0001 00:00:00 GMT 05:30:00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
