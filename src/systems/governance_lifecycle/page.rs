//! What the product's error pages say. They are HTML whatever format was asked for, in two styles, with the caller's
//! own query repeated at the end.
//!
//! <https://pradeepkg.github.io/RSA/docs/review/uploadCoverage> (documented page),
//! <https://community.rsa.com/s/article/createChangeRequest-Delete-Account-web-serivce-call-not-working-in-RSA-Identity-Management-and-Governance-6-9-1> (6.9.1)

use http::header;

use super::review_answer::says_updated;
use crate::core::answer::Answer;
use crate::core::decode::{gateway_hint, is_json, json_message, one_line, shorten, status_error};
use crate::core::error::{Error, Kind, Outcome};
use crate::core::lenient;
use crate::core::server_page::{page_text, without_headline};

/// What to do about a refused login.
pub(super) const LOGIN_HINT: &str = "user name, password or authentication source, or client id and secret, were refused; repeated failures may lock the account";

/// The whole message in one line: without the echo of the query, or the reason phrase of servers that put it there. To be
/// read; what is shown of it is masked.
pub(crate) fn message(answer: &Answer) -> String {
    // Before tags are taken out and lines joined, which may tear a secret apart.
    message_in(answer, &answer.without_known(&answer.text()))
}

/// The message as an error shows it. Of a page the tags are read too, since they tell which text is a secret.
fn shown_message(answer: &Answer) -> String {
    let text = answer.text();
    let message = match answer.is_html() {
        true => message_in(answer, &answer.scrub(&text)),
        false => message_in(answer, &answer.without_known(&text)),
    };
    match message.is_empty() {
        true => "no explanation was given".to_owned(),
        false => shorten(&answer.scrub(&message)),
    }
}

fn message_in(answer: &Answer, text: &str) -> String {
    let message = if answer.is_html() {
        page_text(text)
    } else if let Some(value) = lenient::value(text.as_bytes()) {
        json_message(&value)
    } else {
        one_line(text)
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
    let text = text.trim();
    without_headline(text).unwrap_or(text).trim()
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

/// Whether a refusal says that something was done all the same.
pub(crate) fn says_done(answer: &Answer) -> bool {
    says_updated(&message(answer))
}

/// Whose token a request carried: a hint must not advise what was done already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// One that was given as it is.
    Given,
    /// One that a callable gave, which was asked once more.
    Asked,
    /// One of a login of this client, which logged in once more.
    Session,
    /// None: it is the login itself.
    Login,
    /// None of the client's.
    None,
}

/// The error for an answer of status 300 or above.
pub(crate) fn explain(answer: &Answer, access: Access) -> Error {
    let message = message(answer);
    let kind = Kind::of_status(answer.status);
    if kind == Kind::UnexpectedContent {
        return status_error(answer);
    }
    if kind == Kind::RateLimited {
        let error = unless_done(status_error(answer), &message);
        return match answer.headers.contains_key(header::RETRY_AFTER) {
            true => error,
            false => error.with_hint(RATE_HINT),
        };
    }
    let error = unless_done(answer.error(kind, &shown_message(answer)), &message);
    match answer.status {
        401 => unauthorized(answer, error, &message, access),
        403 => error.with_hint(match (is_own(answer), answer.bytes().is_empty()) {
            (true, _) => ALLOWED_HINT,
            (false, true) => UNSIGNED_HINT,
            (false, false) => FOREIGN_HINT,
        }),
        404 => not_found(answer, error, &message),
        405 => method_refused(error),
        413 if error.context().operation == "upload_coverage" => error.with_hint(UPLOAD_SIZE_HINT),
        502 | 504 if is_own(answer) || is_json(answer) => error,
        502 => error.with_hint(
            "a gateway got no usable answer from the product: see whether the product runs, and what the gateway's log says",
        ),
        503 => error.with_hint(
            "the product, or a gateway in front of it, takes no requests at the moment, such as during maintenance or a restart",
        ),
        504 => error.with_hint(SLOW_HINT),
        status => match gateway_hint(status, &message, is_own(answer)) {
            Some(hint) => error.with_hint(hint),
            None => error,
        },
    }
}

/// A refusal that says that something was done is none of the whole.
fn unless_done(error: Error, message: &str) -> Error {
    if error.context().outcome == Some(Outcome::Rejected) && says_updated(message) {
        return error.with_outcome(Outcome::Unknown);
    }
    error
}

const ALLOWED_HINT: &str = "check under Admin > Web Services that web services are on, that this client's address is on the allow list, and the command's security level";
const FOREIGN_HINT: &str = "this answer is not one of the product's pages: a gateway, firewall or web server in front of it refused the request; look for the request in its log, and have it let /aveksa/command.submit through";
const UNSIGNED_HINT: &str = "the answer does not say who refused the request: look for it in the log of the gateway or firewall in front of the product; if it got through, the product's own Web Services page has the allow list of addresses";
const RATE_HINT: &str =
    "a gateway in front of the product limits how often it is asked: wait, and make fewer calls at a time";
const UPLOAD_SIZE_HINT: &str = "the server or a gateway takes no body of this size: raise its limit (nginx: client_max_body_size); a coverage file goes out in one request";
/// A gateway that did not wait.
pub(super) const SLOW_HINT: &str =
    "a gateway did not wait long enough for the product: raise its limit (nginx: proxy_read_timeout)";

/// Whether a page is the product's own: it repeats the query, or has the title of 6.9.1.
fn is_own(answer: &Answer) -> bool {
    let text = answer.text();
    text.contains("Query String=") || text.contains("<title>Aveksa")
}

/// Schemes that a gateway offers and this client does not speak.
fn offered(answer: &Answer) -> Vec<&'static str> {
    const SCHEMES: [&str; 5] = ["Basic", "Digest", "Negotiate", "NTLM", "Kerberos"];
    let values = answer.headers.get_all(header::WWW_AUTHENTICATE).iter();
    // What stands between quotes is a realm or a nonce.
    let unquoted = |value: &str| value.split('"').step_by(2).collect::<String>();
    let told: Vec<String> = values.filter_map(|value| value.to_str().ok().map(unquoted)).collect();
    let is_there = |scheme: &&str| {
        let mut parts = told.iter().flat_map(|value| value.split(','));
        parts.any(|part| {
            let word = part.trim().split(' ').next().unwrap_or_default();
            word.eq_ignore_ascii_case(scheme)
        })
    };
    SCHEMES.into_iter().filter(is_there).collect()
}

/// <https://pradeepkg.github.io/RSA/docs/collection/collect-identities> tells the two kinds of refused token apart.
fn unauthorized(answer: &Answer, error: Error, message: &str, access: Access) -> Error {
    let schemes = offered(answer);
    if !is_own(answer) && !schemes.is_empty() {
        return error.with_hint(format!(
            "a gateway in front of the product wants credentials of its own ({}), which this client does not send: have it let this client through, or use an address that does not lead through it",
            schemes.join(", ")
        ));
    }
    if access == Access::Login && !lacks_right(message) {
        return error.with_hint(LOGIN_HINT);
    }
    if says_dead(message) {
        return error.with_hint(match access {
            Access::Given => {
                "the token is no longer valid: pass a new one, or pass login= so that the client logs in by itself"
            }
            Access::Asked => {
                "the callable of token= was asked once more, and gave no valid token either: have it fetch a new one"
            }
            Access::Session | Access::Login => {
                "the client logged in once more, and the server refuses the new token too: if several servers share this address, have the load balancer keep a client on one of them; otherwise look at the token timeouts under Admin > Web Services"
            }
            Access::None => "the token that the caller put into the request is no longer valid",
        });
    }
    if lacks_right(message) {
        return error.with_kind(Kind::PermissionDenied).with_hint(match access {
            Access::Login => {
                "the command's security level under Admin > Web Services excludes this login, or its user lacks the right for it"
            }
            _ => {
                "the token is fine, but its user lacks the right for this, or the command's security level under Admin > Web Services excludes it"
            }
        });
    }
    error.with_hint(match access {
        Access::Given | Access::Asked => {
            "the token was refused without a reason: check that it is one of this instance and has not ended"
        }
        Access::Session | Access::Login => {
            "the token of this client's login was refused without a reason: look at the logs of the product and of gateways in front of it"
        }
        Access::None => "the server wants a token: pass token= or login=",
    })
}

/// Whether a refusal is about what the user may do, and not about who that is.
fn lacks_right(message: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    let is_bare = lower.contains("not valid for the command") || lower.contains("not authorized");
    is_bare && !says_dead(message)
}

fn method_refused(error: Error) -> Error {
    let method = error.context().method.clone().unwrap_or_default();
    let hint = match error.context().operation.as_str() {
        "command" => format!(
            "the server or a gateway does not take {method} here: the vendor's page of the command says whether to pass method=\"GET\" or \"POST\""
        ),
        _ => format!(
            "the server or a gateway does not take {method} here: check url, and have the gateway allow {method} for /aveksa/command.submit"
        ),
    };
    error.with_hint(hint)
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
    if is_own(answer) || lower.contains("could not find") || lower.contains("run-id") {
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

    fn answer(status: u16, reason: Option<&str>, body: &str) -> Answer {
        Answer::made(status, reason, body, false, &["ws12:ab:-3f.01"])
    }

    #[test]
    fn every_style_of_page_gives_its_message() {
        let documented = "<html>\n<head>\n<title>Error</title>\n</head>\n<body>The id parameter or the name parameter must be provided referencing a valid review\nresult or definition respectively.\nQuery String=cmd=uploadCoverage&format=json</body>\n</html>";
        let wanted = "The id parameter or the name parameter must be provided referencing a valid review result or definition respectively.";
        for secret in [
            "<table><tr><td>Password</td><td>hunter2</td></tr></table>",
            "<p><password>hunter2</password></p>",
            "<p>{&quot;password&quot;: [&quot;hunter2&quot;]}</p>",
        ] {
            let shown = shown_message(&answer(412, None, &format!("<html><body>{secret}</body></html>")));
            assert!(!shown.contains("hunter2") && shown.contains("****"), "{shown}");
        }
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
            let error = explain(&answer(status, None, &page(text)), Access::Given);
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
    fn a_login_that_lacks_a_right_is_no_wrong_password() {
        let page = |text: &str| format!("<html><body>{text} Query String=cmd=loginUser</body></html>");
        let cases = [
            ("The token is not valid for the command 'x'. ", Kind::PermissionDenied),
            (
                "The token is not valid for the command 'x'. Token is invalid or expired",
                Kind::Authentication,
            ),
            ("User could not be validated.", Kind::Authentication),
        ];
        for (text, kind) in cases {
            let error = explain(&answer(401, None, &page(text)), Access::Login);
            assert_eq!(error.kind(), kind, "{text}");
            let is_login_hint = error.context().hint.as_deref() == Some(LOGIN_HINT);
            assert_eq!(is_login_hint, kind == Kind::Authentication, "{text}");
        }
    }

    #[test]
    fn an_unknown_command_is_told_by_the_reason_phrase() {
        let error = explain(&answer(404, Some("unify"), ""), Access::Given);
        assert_eq!(error.kind(), Kind::NotFound);
        assert_eq!(error.message(), "the server does not know the command \"unify\"");
        let other = explain(&answer(404, None, "<html><body>Not here</body></html>"), Access::Given);
        assert!(other.context().hint.as_deref().unwrap().starts_with("check url"));
        assert_eq!(
            explain(&answer(404, None, ""), Access::Given).message(),
            "no explanation was given"
        );
    }

    #[test]
    fn tokens_in_the_echo_are_never_shown() {
        let body = "<html><body>Bad. ws12:ab:-3f.01 Query String=cmd=unify&amp;token=ws12:ab:-3f.01</body></html>";
        let error = explain(&answer(412, None, body), Access::Given);
        assert_eq!(error.message(), "Bad. ****");
        assert!(!error.context().body_excerpt.as_deref().unwrap().contains("3f.01"));
        // Neither as half of one, where a long message is cut.
        for length in 580..610 {
            let body = format!("<html><body>{} ws12:ab:-3f.01</body></html>", "x".repeat(length));
            let error = explain(&answer(412, None, &body), Access::Given);
            assert!(!error.message().contains("ws12"), "{length}");
        }
    }
}
