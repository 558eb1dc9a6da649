//! Answers of Governance & Lifecycle, and the status texts of review updates.

use serde_json::Value;
use serde_json::value::RawValue;

use super::{answer, exchange, has_the_outcome_of, never_shows_the_token};
use crate::core::decode::{one_line, status_error};
use crate::core::error::{Kind, Outcome};
use crate::core::stored::{restored, stored};
use crate::systems::governance_lifecycle as gl;

/// Any command's answer: `STATUS [REASON]`, then the body.
pub fn gl_answer(data: &[u8]) {
    let Some((status, reason, body)) = exchange(data) else {
        return;
    };
    let reason = Some(reason).filter(|reason| !reason.is_empty());
    let answer_of = |is_secret| answer(status, reason, &body, is_secret);
    let plain = answer_of(false);
    let message = gl::page::message(&plain);
    assert!(reason.is_some() || one_line(&message) == message, "{message:?}");
    assert!(!gl::page::is_dead_token(&plain) || status == 401);
    if status >= 300 {
        let explained = gl::page::explain(&plain, gl::page::Access::Given);
        never_shows_the_token(&explained);
        // A refusal that tells of a part that was done is none.
        if !gl::review_answer::says_updated(&message) {
            has_the_outcome_of(&explained, status);
        }
        let plainly = status_error(&plain);
        never_shows_the_token(&plainly);
        has_the_outcome_of(&plainly, status);
        return;
    }
    match (
        gl::command::read(&plain, "unify"),
        gl::command::checked(&plain, "unify"),
    ) {
        (Err(error), Err(_)) => never_shows_the_token(&error),
        (Ok(result), Err(refused)) => {
            never_shows_the_token(&refused);
            let expected = match refused.kind() {
                Kind::Api if result.status.is_some() => Outcome::Rejected,
                Kind::UnexpectedContent => Outcome::Unknown,
                other => unreachable!("{other:?}"),
            };
            assert_eq!(refused.context().outcome, Some(expected));
        }
        (Ok(result), Ok(checked)) => {
            assert_eq!(result, checked);
            assert!(serde_json::from_str::<&RawValue>(result.data.0.get()).is_ok());
        }
        (Err(_), Ok(_)) => unreachable!("checked but not read"),
    }
    match gl::login::read_token(&answer_of(true)) {
        Ok(token) => assert!(!token.is_empty() && unescaped_json(&body).contains(token.expose())),
        Err(error) => {
            never_shows_the_token(&error);
            assert!(error.context().body_excerpt.is_none(), "a secret answer is quoted");
        }
    }
}

/// The text with its JSON strings read, for looking something up in it.
fn unescaped_json(body: &str) -> String {
    let strings = serde_json::Deserializer::from_str(body).into_iter::<Value>().flatten();
    let mut all = body.to_owned();
    let mut open: Vec<Value> = strings.collect();
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => all.push_str(&text),
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => open.extend(fields.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
    // Keys may stand twice, which a map forgets; then nothing is known.
    all
}

/// `STATUS [same]`, then a line `REVIEWEE|NAME[|ACCOUNT]` for each change, an empty line, and the status text.
pub fn gl_review(data: &[u8]) {
    let Some((status, options, rest)) = exchange(data) else {
        return;
    };
    let (lines, told) = rest.split_once("\n\n").unwrap_or(("", &rest));
    let changes: Vec<gl::ReviewItemChange> = lines.lines().map(change).collect();
    for (body, told) in [
        (told.to_owned(), None),
        (serde_json::json!({"data": {"Status": told}}).to_string(), Some(told)),
        (
            serde_json::json!({"updateReviewItems": {"Status": told}}).to_string(),
            Some(told),
        ),
        (
            format!("<html><body>{}</body></html>", quick_xml::escape::escape(told)),
            None,
        ),
        (format!("<r><s>{}</s></r>", quick_xml::escape::escape(told)), None),
    ] {
        let plain = answer(status, None, &body, false);
        match gl::review::status_text(&plain) {
            Err(error) => never_shows_the_token(&error),
            Ok(found) => {
                if let Some(told) = told.filter(|told| !told.trim_start().starts_with('<') && status < 300) {
                    assert_eq!(found, told);
                }
                never_shows_the_token(&gl::review::refusal(&plain, &found, gl::page::Access::Given));
                settled(&found, &changes, options == "same");
            }
        }
    }
}

fn change(line: &str) -> gl::ReviewItemChange {
    let mut parts = line.split('|').map(str::to_owned);
    let mut part = || parts.next().unwrap_or_default();
    let (reviewee, name, account) = (part(), part(), part());
    let item = match name.split_once('/') {
        None => gl::Item::Group(gl::Group {
            name,
            business_source: "AD".to_owned(),
        }),
        Some((resource, action)) => gl::Item::Entitlement(gl::Entitlement {
            resource: resource.to_owned(),
            action: action.to_owned(),
            business_source: "AD".to_owned(),
        }),
    };
    let account = Some(account).filter(|name| !name.is_empty());
    gl::ReviewItemChange {
        state: "revoke".to_owned(),
        reviewee,
        item,
        account: account.map(|name| gl::RevieweeAccount {
            name,
            business_source: "AD".to_owned(),
        }),
        comments: None,
        expires_on: None,
    }
}

fn settled(told: &str, changes: &[gl::ReviewItemChange], same_state_ok: bool) {
    let Some(parsed) = gl::review_answer::parse(told) else {
        return;
    };
    assert!(0 <= parsed.updated && parsed.updated <= parsed.total, "{parsed:?}");
    let kept = changes.iter().filter(|change| gl::check_change(change).is_ok());
    let kept = gl::Changes::collect(kept).unwrap_or_default();
    let asked = kept.range(0..kept.len()).map(|(_, change)| change);
    let settled = gl::review_match::settle(parsed, asked, kept.len(), same_state_ok);
    let count = settled.fates.len();
    assert_eq!(count, kept.len(), "each change lands once");
    assert!(settled.reasons.iter().all(|(index, _)| *index < count));
    let (updated, total) = (settled.updated, settled.total);
    let mut update = gl::ReviewUpdate::new(kept.into(), same_state_ok);
    update.add_answer(settled, told);
    update.add_gap(1, gl::Fate::Unknown, "not answered");
    assert!(!update.ok);
    let known = |fate| i64::try_from(update.count(fate)).unwrap_or(i64::MAX);
    // More components than changes: one change may hold several, so the counts bound nothing.
    if usize::try_from(total) == Ok(count) && !same_state_ok {
        assert!(
            known(gl::Fate::Done) <= updated,
            "more is claimed than was counted: {update:?}"
        );
        assert!(
            known(gl::Fate::NotDone) <= total - updated,
            "more is denied than was counted: {update:?}"
        );
    }
    let copy = restored::<gl::ReviewUpdate>(&stored(&update));
    assert_eq!(copy.as_ref(), Some(&update));
}

/// Any coverage file.
pub fn gl_coverage(data: &[u8]) {
    let coverage = gl::Coverage::Bytes(data.to_vec().into());
    let Ok(report) = gl::check_coverage(&coverage, "reviewer") else {
        unreachable!("bytes are always judged");
    };
    assert_eq!(report.ok, report.errors == 0);
    let listed = i64::try_from(report.problems.len()).unwrap_or(i64::MAX);
    assert_eq!(listed, (report.errors + report.warnings).min(1000), "{report:?}");
    let lines = data.split(|byte| *byte == b'\n').count();
    for found in &report.problems {
        let line = usize::try_from(found.line).unwrap_or_default();
        assert!((1..=lines).contains(&line) && found.column >= 1, "{found:?}");
        assert!(!found.text().contains('\n'), "{found:?}");
    }
    assert_eq!(restored::<gl::CoverageReport>(&stored(&report)).as_ref(), Some(&report));
}
