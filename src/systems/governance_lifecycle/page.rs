//! What the product's error pages say. They are HTML whatever format was asked for, in two styles, with the caller's
//! own query repeated at the end.
//!
//! <https://pradeepkg.github.io/RSA/docs/review/uploadCoverage> (documented page),
//! <https://community.rsa.com/s/article/createChangeRequest-Delete-Account-web-serivce-call-not-working-in-RSA-Identity-Management-and-Governance-6-9-1> (6.9.1)

use crate::core::answer::Answer;
use crate::core::decode::{html_text, json_message, one_line, shorten, status_error};
use crate::core::error::{Error, Kind};

/// What to do about a refused login.
pub(super) const LOGIN_HINT: &str = "user name, password or authentication source, or client id and secret, were refused; repeated failures may lock the account";

/// The whole message in one line: without the echo of the query, or the reason phrase of servers that put it there.
pub(crate) fn message(answer: &Answer) -> String {
    let text = answer.text();
    // Before tags are taken out and lines joined, which may tear a secret apart.
    let text = answer.without_known(&text);
    let message = if answer.is_html() {
        html_text(&text)
    } else if let Ok(value) = serde_json::from_slice(answer.bytes()) {
        json_message(&value)
    } else {
        one_line(&text)
    };
    let message = own_words(&message);
    if message.is_empty() {
        return one_line(own_words(answer.reason.as_deref().unwrap_or_default()));
    }
    message.to_owned()
}

/// Takes off what is not the server's message: the headline of 6.9.1 before it, echoed XML and the query after it.
fn own_words(text: &str) -> &str {
    let text = match text.rfind("Query String=") {
        Some(at) => text.get(..at).unwrap_or_default(),
        None => text,
    };
    let text = match text.find("<?xml") {
        Some(at) => text.get(..at).unwrap_or_default(),
        None => text,
    };
    without_headline(text.trim()).trim()
}

fn without_headline(text: &str) -> &str {
    let Some(rest) = text.strip_prefix("HTTP Status ") else {
        return text;
    };
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    rest.strip_prefix('-').unwrap_or(rest)
}

/// Whether the token itself was refused, in which case nothing was done and a new one may help.
///
/// <https://pradeepkg.github.io/RSA/docs/admin/keepAlive>
pub(crate) fn is_dead_token(answer: &Answer) -> bool {
    answer.status == 401 && says_dead(&message(answer))
}

/// Whether these are the words for a token that has ended.
pub(super) fn says_dead(message: &str) -> bool {
    message.to_ascii_lowercase().contains("is invalid or expired")
}

/// The error for an answer of status 300 or above.
pub(crate) fn explain(answer: &Answer) -> Error {
    let message = message(answer);
    let kind = Kind::of_status(answer.status);
    if matches!(kind, Kind::UnexpectedContent | Kind::RateLimited) {
        return status_error(answer);
    }
    let shown = if message.is_empty() {
        "no explanation was given".to_owned()
    } else {
        shorten(&answer.scrub(&message))
    };
    let error = answer.error(kind, &shown);
    match answer.status {
        401 => unauthorized(error, &message),
        403 => error.with_hint(
            "check under Admin > Web Services that web services are on, that this client's address is on the allow list, and the command's security level",
        ),
        404 => not_found(answer, error, &message),
        _ => error,
    }
}

/// <https://pradeepkg.github.io/RSA/docs/collection/collect-identities> tells the two kinds of refused token apart.
fn unauthorized(error: Error, message: &str) -> Error {
    let lower = message.to_ascii_lowercase();
    if says_dead(message) {
        return error.with_hint(
            "the token is no longer valid: pass a new one, or pass login= so that the client logs in by itself",
        );
    }
    if lower.contains("not valid for the command") || lower.contains("not authorized") {
        return error.with_kind(Kind::PermissionDenied).with_hint(
            "the token is fine, but its user lacks the right for this, or the command's security level under Admin > Web Services excludes it",
        );
    }
    if lower.contains("could not be validated") {
        return error.with_hint(LOGIN_HINT);
    }
    error.with_hint("no valid token came with the request: pass token= or login=")
}

fn not_found(answer: &Answer, error: Error, message: &str) -> Error {
    let command = command_of(answer);
    let is_unknown = |text: &str| !command.is_empty() && text == command;
    if is_unknown(message) || answer.reason.as_deref().is_some_and(is_unknown) {
        return answer
            .error(
                Kind::NotFound,
                &format!("the server does not know the command {command:?}"),
            )
            .with_hint("check its spelling, and whether this version of the product has it");
    }
    let lower = message.to_ascii_lowercase();
    if lower.contains("could not find") || lower.contains("run-id") {
        return error;
    }
    error.with_hint("check url: host, port, and that Governance & Lifecycle answers there below /aveksa")
}

fn command_of(answer: &Answer) -> &str {
    let url = answer.context.url.as_deref().unwrap_or_default();
    let after = url.split_once("cmd=").map_or("", |(_, after)| after);
    after.split('&').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::error::Outcome;

    fn answer(status: u16, reason: Option<&str>, body: &str) -> Answer {
        Answer::made(status, reason, body, false, &["ws12:ab:-3f.01"])
    }

    #[test]
    fn every_style_of_page_gives_its_message() {
        let documented = "<html>\n<head>\n<title>Error</title>\n</head>\n<body>The id parameter or the name parameter must be provided referencing a valid review\nresult or definition respectively.\nQuery String=cmd=uploadCoverage&format=json</body>\n</html>";
        let wanted = "The id parameter or the name parameter must be provided referencing a valid review result or definition respectively.";
        assert_eq!(message(&answer(412, None, documented)), wanted);
        assert_eq!(message(&answer(412, None, &documented.replace('&', "&amp;"))), wanted);
        let old = "<html><head><title>Aveksa - Error report</title><style><!--H1 {color:white}--></style></head><body><h1><![CDATA[HTTP Status 412 - Missing required properties <?xml version=\"1.0\"?><Changes/>]]></h1></body></html>";
        assert_eq!(message(&answer(412, None, old)), "Missing required properties");
        assert_eq!(
            message(&answer(500, Some("Executing JDBC query failed"), "")),
            "Executing JDBC query failed"
        );
        assert_eq!(message(&answer(412, None, r#"{"message": "no"}"#)), "no");
        assert_eq!(
            message(&answer(500, None, "java.lang.NullPointerException\n")),
            "java.lang.NullPointerException"
        );
    }

    #[test]
    fn statuses_and_texts_choose_the_class() {
        let page = |text: &str| {
            format!(
                "<html><head><title>Error</title></head><body>{text} Query String=cmd=unify&amp;format=json</body></html>"
            )
        };
        let cases = [
            (400, "could not find user or account", Kind::BadRequest),
            (
                401,
                "User could not be validated. The username or password may be incorrect.",
                Kind::Authentication,
            ),
            (401, "Application could not be validated", Kind::Authentication),
            (
                401,
                "The token is not valid for the command 'unify'. Token is invalid or expired",
                Kind::Authentication,
            ),
            (401, "The token is invalid or expired", Kind::Authentication),
            (
                401,
                "The token is not valid for the command 'unify'. ",
                Kind::PermissionDenied,
            ),
            (
                401,
                "User is not authorized to run reports for X",
                Kind::PermissionDenied,
            ),
            (404, "Could not find a review with the id 5917", Kind::NotFound),
            (404, "The run-id 3 is invalid.", Kind::NotFound),
            (409, "Cannot schedule Identity Collections now", Kind::Conflict),
            (412, "The review is not an actionable state.", Kind::PreconditionFailed),
            (500, "java.lang.NullPointerException", Kind::Server),
            (501, "Password vault type not found.", Kind::Server),
        ];
        for (status, text, kind) in cases {
            let error = explain(&answer(status, None, &page(text)));
            assert_eq!((error.kind(), error.message()), (kind, text.trim()), "{status} {text}");
            let outcome = if status < 500 {
                Outcome::Rejected
            } else {
                Outcome::Unknown
            };
            assert_eq!(error.context().outcome, Some(outcome));
        }
        assert!(is_dead_token(&answer(
            401,
            None,
            &page("The token is invalid or expired")
        )));
        assert!(!is_dead_token(&answer(
            401,
            None,
            &page("The token is not valid for the command 'unify'. ")
        )));
        assert!(!is_dead_token(&answer(
            412,
            None,
            &page("The token is invalid or expired")
        )));
    }

    #[test]
    fn an_unknown_command_is_told_by_the_reason_phrase() {
        let error = explain(&answer(404, Some("unify"), ""));
        assert_eq!(error.kind(), Kind::NotFound);
        assert_eq!(error.message(), "the server does not know the command \"unify\"");
        let other = explain(&answer(404, None, "<html><body>Not here</body></html>"));
        assert!(other.context().hint.as_deref().unwrap().starts_with("check url"));
        assert_eq!(explain(&answer(404, None, "")).message(), "no explanation was given");
    }

    #[test]
    fn tokens_in_the_echo_are_never_shown() {
        let body = "<html><body>Bad. ws12:ab:-3f.01 Query String=cmd=unify&amp;token=ws12:ab:-3f.01</body></html>";
        let error = explain(&answer(412, None, body));
        assert_eq!(error.message(), "Bad. ****");
        assert!(!error.context().body_excerpt.as_deref().unwrap().contains("3f.01"));
        // Neither as half of one, where a long message is cut.
        for length in 580..610 {
            let body = format!("<html><body>{} ws12:ab:-3f.01</body></html>", "x".repeat(length));
            let error = explain(&answer(412, None, &body));
            assert!(!error.message().contains("ws12"), "{length}");
        }
    }
}
