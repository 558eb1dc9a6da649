//! What a proxy refused, and how that is told from the server's own word: in front of a tunnel, or in the server's
//! place where there is no tunnel.

use std::borrow::Cow;
use std::error::Error as StdError;

use http::StatusCode;
use http::header::{self, HeaderMap};

use super::answer::Answer;
use super::auth_schemes;
use super::cause::{Cause, find};
use super::config::Settings;
use super::direct::NoWay;
use super::error::{Error, Kind, Outcome};
use super::redact;
use super::tls_hint;

/// Of a SOCKS proxy, which says no more.
const LOGIN_HINT: &str = "the proxy wants credentials, or other ones: write them into proxy= as scheme://user:password@host:port, and leave them out for a proxy that wants none";
const HOST_HINT: &str = "the proxy refuses this host or port: have it allowed there, or name the host in NO_PROXY if it can be reached directly";
const REACH_HINT: &str = "the proxy can't reach the host: check host and port in url, look into the proxy's log, or name the host in NO_PROXY if it can be reached directly";

/// Of squid's own refusals those of which no other party has heard. An access rule for answers says
/// `ERR_ACCESS_DENIED` too, and a host that could not be reached at last may have been before.
///
/// <https://www.squid-cache.org/Doc/code/error_2forward_8h_source.dyn> (the codes)
const UNHEARD: [&str; 2] = ["ERR_CACHE_ACCESS_DENIED", "ERR_DNS_FAIL"];

/// How much is shown of the words by which a proxy is known.
const SIGN_CHARS: usize = 40;

/// A connection that a proxy did not make.
pub(super) fn no_connection(
    proxy: &str,
    error: &(dyn StdError + 'static),
    message: &str,
    settings: &Settings,
) -> Cause {
    let why = find::<NoWay>(error, &|_| true);
    if let Some(NoWay::Answered(status, headers)) = why {
        let hint = status_hint(settings, status.as_u16(), &offered(headers));
        return tunnel_refused(proxy, *status, hint);
    }
    let wants_login = matches!(why, Some(NoWay::Login(_)));
    // Some end the connection where others send an alert.
    let wish = match why {
        Some(NoWay::Ended | NoWay::Broke(_)) => tls_hint::of_proxys_wish(settings),
        _ => None,
    };
    let hint = match why {
        Some(NoWay::Login(_)) => LOGIN_HINT,
        Some(NoWay::NotHttp) => {
            "the proxy refuses this host or can't reach it, or the credentials are wrong: look into the proxy's log, or name the host in NO_PROXY"
        }
        _ => {
            "the proxy did not connect through: check proxy= or HTTPS_PROXY and ALL_PROXY, and NO_PROXY for hosts it must not handle"
        }
    };
    Cause {
        is_permanent: wants_login,
        ..Cause::new(
            Kind::Proxy,
            format!("no connection through the proxy {proxy}: {message}"),
        )
        .with_hint(wish.unwrap_or(hint))
    }
}

/// The https proxy, if its own handshake and not the server's has failed: without a tunnel there is no other.
pub(super) fn whose_tls_failed(settings: &Settings, error: &(dyn StdError + 'static)) -> Option<String> {
    let is_the_proxys = !settings.is_https || find::<NoWay>(error, &|_| true).is_some();
    settings
        .route
        .shown()
        .filter(|_| is_the_proxys && settings.route.is_https())
}

/// tinyproxy's word for wrong credentials is 401, with either header.
fn offered(headers: &HeaderMap) -> Vec<String> {
    let schemes = auth_schemes::offered(headers, &header::PROXY_AUTHENTICATE);
    if schemes.is_empty() {
        auth_schemes::offered(headers, &header::WWW_AUTHENTICATE)
    } else {
        schemes
    }
}

fn tunnel_refused(proxy: &str, status: StatusCode, hint: impl Into<String>) -> Cause {
    Cause {
        status: Some(status.as_u16()),
        is_permanent: status.is_client_error() && !matches!(status.as_u16(), 408 | 425 | 429),
        ..Cause::new(
            Kind::Proxy,
            format!("no connection through the proxy {proxy}: it answered CONNECT with {status}"),
        )
        .with_hint(hint)
    }
}

fn status_hint(settings: &Settings, status: u16, schemes: &[String]) -> Cow<'static, str> {
    match status {
        401 | 407 => login_hint(settings, schemes).into(),
        400..=499 => HOST_HINT.into(),
        _ => REACH_HINT.into(),
    }
}

/// What to do about a proxy's wish for credentials. The client knows the scheme Basic alone.
fn login_hint(settings: &Settings, schemes: &[String]) -> String {
    let offers = schemes.join(", ");
    if !schemes.is_empty() && !auth_schemes::has(schemes, "Basic") {
        return format!(
            "the proxy wants credentials by {offers} alone, and this client knows Basic: have Basic allowed there, go through a local proxy that logs in by {offers} (such as Px or Cntlm), or name the host in NO_PROXY if it can be reached directly"
        );
    }
    let by = if schemes.is_empty() {
        String::new()
    } else {
        format!(" (it offers {offers})")
    };
    if settings.route.has_login() {
        format!(
            "the proxy wants credentials, and other ones than those in proxy= or the environment's variable{by}: check user and password there"
        )
    } else {
        format!("the proxy wants credentials{by}: write them into proxy= as scheme://user:password@host:port")
    }
}

/// The proxy that could answer in the server's place: in a tunnel nobody but the server speaks, and a SOCKS proxy speaks
/// no HTTP.
fn between(settings: &Settings) -> Option<String> {
    settings
        .route
        .shown()
        .filter(|proxy| !settings.is_https && proxy.starts_with("http"))
}

/// For an answer to plain http: the error where the proxy gave it in the server's place and says so. Where it may have,
/// the answer's errors will mention the proxy.
pub(super) fn in_the_servers_place(settings: &Settings, answer: &mut Answer) -> Option<Error> {
    let proxy = between(settings)?;
    let Some(sign) = sign(answer.status, &answer.headers) else {
        if matches!(answer.status, 401 | 403 | 502..=504) {
            let aside = format!("plain http goes through the proxy {proxy}, whose answer this may be");
            answer.context.aside = Some(match answer.context.aside.take() {
                Some(before) => format!("{before}; {aside}"),
                None => aside,
            });
        }
        return None;
    };
    let status = StatusCode::from_u16(answer.status).ok()?;
    let message = format!(
        "the proxy {proxy} answered {status} in the server's place{}",
        sign.shown
    );
    let error =
        answer
            .error(Kind::Proxy, &message)
            .with_hint(status_hint(settings, answer.status, &offered(&answer.headers)));
    Some(if sign.is_unheard {
        error.with_outcome(Outcome::NotSent)
    } else {
        error
    })
}

/// By what a proxy's own answer is known.
struct Sign {
    shown: String,
    /// Whether the server has certainly not heard of the request.
    is_unheard: bool,
}

fn sign(status: u16, headers: &HeaderMap) -> Option<Sign> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if status < 400 {
        return None;
    }
    if let Some(code) = text("x-squid-error") {
        let code = code.split_whitespace().next().unwrap_or_default();
        // Anything else is not squid's.
        let is_code = code
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        let code = if is_code {
            redact::cut(code, SIGN_CHARS)
        } else {
            "no code".to_owned()
        };
        return Some(Sign {
            shown: format!(" (squid: {code})"),
            is_unheard: status == 407 || UNHEARD.contains(&code.as_str()),
        });
    }
    if status == 407 {
        return Some(Sign {
            shown: String::new(),
            is_unheard: headers.contains_key(header::PROXY_AUTHENTICATE),
        });
    }
    // Of an answer that it passes on, tinyproxy leaves the server's own name.
    let server = text("server").filter(|name| name.starts_with("tinyproxy"))?;
    Some(Sign {
        shown: format!(
            " ({})",
            redact::cut(server.split_whitespace().next().unwrap_or_default(), SIGN_CHARS)
        ),
        is_unheard: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(status: u16, headers: &[(&'static str, &str)]) -> Option<bool> {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        sign(status, &headers).map(|sign| sign.is_unheard)
    }

    #[test]
    fn only_what_a_proxy_signs_is_its_own() {
        assert_eq!(found(403, &[]), None);
        assert_eq!(found(503, &[("via", "1.1 squid.test (squid/5.7)")]), None);
        assert_eq!(found(502, &[("server", "nginx/1.22.1")]), None);
        assert_eq!(found(200, &[("x-squid-error", "ERR_NONE 0")]), None);
        assert_eq!(found(403, &[("x-squid-error", "ERR_ACCESS_DENIED 0")]), Some(false));
        assert_eq!(found(403, &[("server", "tinyproxy/1.11.1")]), Some(false));
    }

    #[test]
    fn the_servers_ignorance_is_not_guessed() {
        assert_eq!(found(407, &[]), Some(false));
        assert_eq!(found(407, &[("proxy-authenticate", "Basic realm=\"x\"")]), Some(true));
        assert_eq!(found(503, &[("x-squid-error", "ERR_CONNECT_FAIL 111")]), Some(false));
        assert_eq!(found(502, &[("x-squid-error", "ERR_READ_ERROR 0")]), Some(false));
        assert_eq!(found(503, &[("x-squid-error", "ERR_DNS_FAIL 0")]), Some(true));
    }
}
