//! The vault's codes: which class of error each is, and what it says where the server says nothing.
//!
//! Documented: the 6.0 page, <https://docs.sectona.com/pam-technical-documentation/6.0/api-password-vault>. The older
//! page <https://docs.sectona.com/cpd/api-password-vault> prints the same table shifted by one row (inferred: moved
//! back it agrees), so the 6.0 meaning holds for all versions. Codes 011671, 011690 and 011694 stand there only. Those
//! below "management" come from the pages of other operations, such as
//! <https://docs.sectona.com/pam-technical-documentation/6.0/api-get-entitlement>.

use super::envelope::Reading;
use crate::core::answer::Answer;
use crate::core::decode::{one_line, shorten, status_error};
use crate::core::error::{Error, Kind};
use crate::core::gateway::{self, Product};

/// What the vault refuses comes in its envelope (inferred); IIS below it has pages of its own.
const PRODUCT: Product = Product {
    title: "Sectona",
    words: &["sectona", "internet information services", "asp.net"],
    headers: &["x-aspnet-version", "x-aspnetmvc-version"],
    sends_pages: false,
    schemes: &["Basic"],
};

/// Codes that the vault page lists, then those of the management pages.
const CODES: [(&str, Kind, &str); 25] = [
    ("011652", Kind::NotFound, "invalid instance"),
    ("011670", Kind::NotFound, "invalid account details"),
    ("011671", Kind::NotFound, "invalid account name"),
    (
        "011672",
        Kind::PermissionDenied,
        "the requested details are not valid or not accessible",
    ),
    ("011688", Kind::Authentication, "invalid access key"),
    ("011689", Kind::BadRequest, "invalid request parameters"),
    ("011690", Kind::NotFound, "the asset has no such account"),
    ("011691", Kind::Server, "the request could not be validated"),
    ("011692", Kind::Server, "the account's password could not be fetched"),
    ("011693", Kind::Server, "the API log could not be updated"),
    ("011694", Kind::Server, "the response could not be read"),
    ("011803", Kind::Server, "the API log details could not be inserted"),
    ("011853", Kind::NotFound, "the requested asset is not valid"),
    (
        "023601",
        Kind::Authentication,
        "the authorization header name is not valid",
    ),
    ("023604", Kind::NotFound, "the requested asset is not valid"),
    // management
    ("011649", Kind::PermissionDenied, "no permission"),
    (
        "011651",
        Kind::Authentication,
        "the authorization header is empty or not Basic",
    ),
    ("011673", Kind::Authentication, "invalid credentials"),
    ("011674", Kind::Authentication, "invalid credentials"),
    ("011675", Kind::Server, "the request could not be validated"),
    ("011683", Kind::NotFound, "invalid instance name"),
    ("011685", Kind::Api, "a problem with the asset information"),
    ("011805", Kind::Api, "a problem with the user group"),
    ("011806", Kind::Api, "a problem with the instance"),
    ("032403", Kind::Api, "the account was not created"),
];

/// The error for an envelope that says no, in an answer of any status.
pub(crate) fn refusal(answer: &Answer, reading: &Reading) -> Error {
    let code = reading.log_code.as_deref().filter(|code| *code != "0");
    let known = code.and_then(|code| CODES.iter().find(|(known, ..)| *known == code));
    let kind = match known {
        Some((_, kind, _)) => *kind,
        None if answer.is_success() => Kind::Api,
        None => Kind::of_status(answer.status),
    };
    let said = reading.message.as_deref().or_else(|| reading.plain_result());
    let message = said
        .or(known.map(|(.., text)| *text))
        .unwrap_or("the server refused without an explanation");
    let mut error = answer.error(kind, &shorten(&answer.scrub(&one_line(message))));
    if let Some(code) = code {
        error = error.with_code(answer.scrub(code));
    }
    with_hint(error)
}

/// The error for an answer of status 300 or above that carries no envelope.
pub(crate) fn without_envelope(answer: &Answer) -> Error {
    let error = status_error(answer);
    let has_asked_to_wait = answer.status == 429 && answer.headers.contains_key(http::header::RETRY_AFTER);
    match gateway::of(answer, &PRODUCT) {
        Some(gateway) if !has_asked_to_wait => error.with_hint(gateway.hint(answer, &PRODUCT)),
        _ if error.context().hint.is_some() => error,
        _ => with_hint(error),
    }
}

fn with_hint(error: Error) -> Error {
    let hint = match (error.kind(), error.context().code.as_deref()) {
        (Kind::Authentication, Some("011651" | "011673" | "011674")) => {
            "this operation wants a Sectona user's credentials, which an access key is not (inferred)"
        }
        (Kind::Authentication, _) => {
            "check access_key: it is the one set when the API was registered in Sectona, and belongs to that instance"
        }
        (Kind::PermissionDenied, _) => {
            "check the names, and that the access key's API registration may use this asset and account"
        }
        (Kind::NotFound, Some("011652" | "011683")) => "check instance=: the name of the Sectona instance",
        (Kind::NotFound, Some(_)) => {
            "check asset_type, asset_host and account_name: they are compared with the names configured in Sectona"
        }
        (Kind::NotFound, None) => "check url and its path prefix: the vault's API lies below /API/APP",
        (Kind::BadRequest, _) => "check the spelling of all fields; asset_type is the name configured in Sectona",
        _ => return error,
    };
    error.with_hint(hint)
}
