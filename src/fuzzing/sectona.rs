//! Envelopes, passwords and dates of Sectona.

use serde_json::Value;

use super::{answer, exchange, never_shows_the_token, text};
use crate::core::stored::{restored, stored};
use crate::systems::sectona;

/// `STATUS`, then an envelope in any form.
pub fn sectona_answer(data: &[u8]) {
    let Some((status, _, body)) = exchange(data) else {
        return;
    };
    let told = answer(status, None, &body, true);
    let reading = match sectona::envelope::read(told.bytes()) {
        Ok(reading) => reading,
        Err(why) => {
            assert!(!why.is_empty());
            if status >= 300 {
                never_shows_the_token(&sectona::codes::without_envelope(&told));
            }
            return;
        }
    };
    if status >= 300 || reading.is_success == Some(false) {
        let error = sectona::codes::refusal(&told, &reading);
        never_shows_the_token(&error);
        assert!(
            status >= 300 || error.context().body_excerpt.is_none(),
            "a secret answer is quoted"
        );
    }
    match sectona::vault::open(&told, &reading) {
        Err(error) => never_shows_the_token(&error),
        Ok(account) => {
            let record: Option<Value> = reading.result_json().and_then(|json| serde_json::from_str(json).ok());
            // What the other reader calls too deep or too large it gives no word for.
            if let Some(mut record) = record {
                while let Some(object) = record.as_object()
                    && object.len() == 1
                    && let Some(inner) = object.values().find(|value| value.is_object())
                {
                    record = inner.clone();
                }
                let password = record.get("Password").and_then(Value::as_str);
                assert_eq!(password, Some(account.password.expose()));
            }
            assert!(restored::<sectona::VaultAccount>(&stored(&account)).is_some());
        }
    }
    let envelope = reading.into_envelope();
    assert!(restored::<sectona::Envelope>(&stored(&envelope)).is_some());
}

/// The ten fields in the order of the vendor's page, with this password.
fn record(password: &str) -> [(&'static str, &str); 10] {
    [
        ("AssetType", "Unix Based"),
        ("AssetHost", "web01.example.net"),
        ("AccountName", "deploy"),
        ("AccountAuthenticationType", "KeyBased_SecretKey"),
        ("AccountType", "Local"),
        ("Password", password),
        ("PassPhrase", "a phrase"),
        ("CreatedBy", ""),
        ("CreatedOn", "03 Jun 2019 15:22:11 GMT 05:30:00"),
        ("Status", "Active"),
    ]
}

/// A password, in every form in which an answer may carry it: it comes out as it went in, or not at all.
pub fn sectona_password(data: &[u8]) {
    let Some(password) = text(data) else { return };
    let fields = record(password);
    let object: serde_json::Map<String, Value> = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect();
    let inner = Value::from(object.clone()).to_string();
    let double = serde_json::json!({"IsSuccess": true, "LogCode": "0", "Result": inner}).to_string();
    let embedded = serde_json::json!({"IsSuccess": "True", "Result": object}).to_string();
    let again = Value::from(double.as_str()).to_string();
    let escaped = quick_xml::escape::escape(inner.as_str());
    let xml = format!("<E xmlns='n'><IsSuccess>true</IsSuccess><Result>{escaped}</Result></E>");
    let string = format!(
        "<string xmlns='n'>{}</string>",
        quick_xml::escape::escape(double.as_str())
    );
    for body in [double, embedded, again, xml, string] {
        let found = password_in(&body);
        assert_eq!(found.as_deref(), Some(password), "{body}");
    }
    // Not escaped at all, as the page prints it: in lines, in one line, and among curly quotes.
    for (between, quote) in [(",\n", '"'), (", ", '"'), (",", '"'), (",\n", '\u{201d}')] {
        let lines: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("\"{name}\": \"{value}\""))
            .collect();
        for (open, close) in [("{\n", "\n}"), ("{", "}")] {
            let result = format!("{open}{}{close}", lines.join(between));
            let body = format!(
                "{{\n{quote}Version{quote}:{quote}6.0.0.0{quote},\n\"IsSuccess\":true,\n\"LogCode\":\"0\",\n\"Result\":\n\"{result}\",\n\"StatusCode\":\"Accepted\"\n}}"
            );
            let found = password_in(&body);
            assert!(
                found.as_deref().is_none_or(|found| found == password),
                "{found:?} of {body}"
            );
        }
    }
}

fn password_in(body: &str) -> Option<String> {
    let told = answer(200, None, body, true);
    let reading = sectona::envelope::read(told.bytes()).ok()?;
    let account = sectona::vault::open(&told, &reading).ok()?;
    Some(account.password.expose().to_owned())
}

/// A date; what is read agrees with the calendar counted another way.
pub fn sectona_date(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Some(found) = sectona::date::parse(text) else {
        return;
    };
    let words: Vec<String> = text.split_ascii_whitespace().map(str::to_ascii_lowercase).collect();
    let [day, month, year, clock, gmt, offset] = words.as_slice() else {
        unreachable!("a date of {} words", words.len())
    };
    assert_eq!(gmt, "gmt");
    let number = |text: &str| text.trim_start_matches(['-', '+']).parse::<i64>().unwrap_or(-1);
    let seconds = |clock: &str| clock.split(':').fold(0, |sum, part| sum * 60 + number(part));
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let at = "janfebmaraprmayjunjulaugsepoctnovdec"
        .find(month.as_str())
        .map_or(-1, |at| at as i64 / 3);
    let months = number(year) * 12 + at - 2;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (month * 306 + 5) / 10;
    let days = days + number(day) - 1 - 719_468;
    assert_eq!(
        found.as_second(),
        days * 86_400 + seconds(clock) - sign * seconds(offset),
        "{text}"
    );
}
