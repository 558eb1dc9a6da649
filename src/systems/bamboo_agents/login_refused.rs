//! A login that Bamboo refused, told by the headers of its login layer: the status alone is the same where a right is
//! missing.
//!
//! <https://confluence.atlassian.com/security/using-captcha-for-failed-logins-in-bamboo-1402421279.html>

use url::Url;

use super::session::PRODUCT;
use crate::core::answer::Answer;
use crate::core::decode::{is_json, server_message, status_error_of};
use crate::core::error::{Error, Kind};
use crate::core::gateway;

const REASON: &str = "x-authentication-denied-reason";
const LOGIN_REASON: &str = "x-seraph-loginreason";
const CAPTCHA: &str = "CAPTCHA_CHALLENGE";
const LOGIN_URL: &str = "login-url=";
const URL_CHARS_MAX: usize = 300;

/// The error that needs no more of an explanation: for a refused login, and for what a gateway says. Err with the status's
/// own error for all else.
pub(super) fn login_refused(answer: &Answer) -> Result<Error, Error> {
    let error = status_error_of(answer, is_json(answer) || gateway::is_products_own(answer, &PRODUCT));
    if let Some(gateway) = gateway::of(answer, &PRODUCT) {
        return Ok(error.with_hint(gateway.hint(answer, &PRODUCT)));
    }
    if !matches!(answer.status, 401 | 403) {
        return Err(error);
    }
    let denied = values(answer, REASON);
    let reasons = values(answer, LOGIN_REASON);
    let says = |text: &str, word: &str| text.to_ascii_uppercase().contains(word);
    // The login layer refuses even to look at the credentials: after too many failures it wants a captcha.
    let wants_captcha =
        says(&denied, CAPTCHA) || says(&reasons, "AUTHENTICATION_DENIED") || server_message(answer).contains(CAPTCHA);
    let hint = if wants_captcha {
        let place = match login_url(answer, &denied) {
            Some(url) => format!("at {url}"),
            None => "at Bamboo's login page".to_owned(),
        };
        format!(
            "after failed logins Bamboo wants a captcha: log in once in a browser {place} and solve it; until then even the right password is refused"
        )
    } else if says(&reasons, "AUTHENTICATED_FAILED") {
        "user name, password or token refused: check them before the next call, after some failures Bamboo wants a captcha solved in a browser".to_owned()
    } else if !denied.is_empty() {
        "Bamboo refused the login itself: log in once in a browser with the same user, and see what it asks for"
            .to_owned()
    } else {
        return Err(error);
    };
    Ok(error.with_kind(Kind::Authentication).with_hint(hint))
}

fn values(answer: &Answer, name: &str) -> String {
    let all = answer.headers.get_all(name).iter();
    all.filter_map(|value| value.to_str().ok())
        .collect::<Vec<_>>()
        .join(", ")
}

/// The address that the server names, if it can be shown: an http one, without credentials, on one line.
fn login_url(answer: &Answer, denied: &str) -> Option<String> {
    let at = denied.to_ascii_lowercase().find(LOGIN_URL)? + LOGIN_URL.len();
    let text = denied.get(at..)?.split([';', ',']).next()?.trim().trim_matches('"');
    if text.is_empty() {
        return None;
    }
    let url = match Url::parse(text) {
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            Url::parse(answer.context.url.as_deref()?).ok()?.join(text).ok()?
        }
        parsed => parsed.ok()?,
    };
    let is_clean = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    let shown = if text.contains("://") { text } else { url.as_str() };
    let is_line = shown.len() <= URL_CHARS_MAX && !shown.contains(|c: char| c.is_whitespace() || c.is_control());
    (is_clean && is_line).then(|| answer.scrub(shown).into_owned())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)]) -> Answer {
        let mut answer = Answer::made(status, None, "", false, &["hunter22"]);
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).unwrap();
            answer.headers.append(HeaderName::from_static(name), value);
        }
        answer
    }

    #[test]
    fn the_address_is_shown_if_it_is_one() {
        let cases = [
            (
                "CAPTCHA_CHALLENGE; login-url=https://ci.test/login.jsp",
                Some("https://ci.test/login.jsp"),
            ),
            (
                "captcha_challenge; Login-URL=\"http://ci.test:8085/a?b=c\"",
                Some("http://ci.test:8085/a?b=c"),
            ),
            (
                "CAPTCHA_CHALLENGE; login-url=/userlogin.action",
                Some("https://host.test/userlogin.action"),
            ),
            (
                "CAPTCHA_CHALLENGE; login-url=https://ci.test/x;jsessionid=A1B2C3",
                Some("https://ci.test/x"),
            ),
            (
                "CAPTCHA_CHALLENGE; login-url=https://ci.test/hunter22",
                Some("https://ci.test/****"),
            ),
            ("CAPTCHA_CHALLENGE; login-url=https://jdoe:pw@ci.test/", None),
            ("CAPTCHA_CHALLENGE; login-url=javascript:alert(1)", None),
            ("CAPTCHA_CHALLENGE; login-url=https://ci.test/a b", None),
            ("CAPTCHA_CHALLENGE; login-url=", None),
            ("CAPTCHA_CHALLENGE", None),
        ];
        for (value, expected) in cases {
            let answer = answer(403, &[(REASON, value)]);
            assert_eq!(login_url(&answer, value).as_deref(), expected, "{value}");
            assert_eq!(login_refused(&answer).unwrap().kind(), Kind::Authentication);
        }
    }

    #[test]
    fn a_missing_right_is_no_refused_login() {
        for (status, headers) in [
            (403, vec![]),
            (403, vec![(LOGIN_REASON, "OK")]),
            (403, vec![(LOGIN_REASON, "AUTHORISATION_FAILED")]),
            (404, vec![(REASON, CAPTCHA)]),
        ] {
            assert!(login_refused(&answer(status, &headers)).is_err(), "{headers:?}");
        }
        for reason in ["AUTHENTICATED_FAILED", "OK, AUTHENTICATION_DENIED"] {
            let error = login_refused(&answer(403, &[(LOGIN_REASON, reason)])).unwrap();
            assert_eq!(error.kind(), Kind::Authentication, "{reason}");
        }
        let several = answer(401, &[(LOGIN_REASON, "OUT"), (LOGIN_REASON, "AUTHENTICATION_DENIED")]);
        assert!(
            login_refused(&several)
                .unwrap()
                .context()
                .hint
                .as_deref()
                .unwrap()
                .contains("captcha")
        );
    }
}
