//! Which proxy, if any, stands between the client and its one origin. Decided once, when the client is made.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use percent_encoding::percent_decode_str;

use super::config::{is_loopback, url_fault};
use super::error::Error;
use super::secret::Secret;

/// The way to the server.
#[derive(Clone)]
pub enum Route {
    /// Straight to it.
    Direct,
    /// Through a proxy.
    Through(Intercept),
}

impl Route {
    /// `proxy`: None takes the environment's variables, `direct` none at all, anything else is the proxy's URL. Plain
    /// http to this machine never leaves it: it is allowed because nobody else can read it.
    ///
    /// # Errors
    /// If a proxy is named that can't be used, by `proxy` or by a variable, or that would read plain http to this machine
    /// while `allow_http` is not set.
    pub fn choose(proxy: Option<&str>, base: &str, allow_http: bool) -> Result<Self, Error> {
        let uri: http::Uri = base.parse().map_err(|_| Error::config("url: not a valid URL"))?;
        let matcher = match proxy {
            Some("direct") => return Ok(Self::Direct),
            None if is_local(base) => return Ok(Self::Direct),
            Some(url) if is_local(base) && !allow_http => {
                check(url)?;
                return Err(Error::config(
                    "proxy: would get the credentials in clear, as the url is plain http; leave it out for a server on this machine, use https, or pass allow_http=True to accept that",
                ));
            }
            None if is_excepted(&uri) => return Ok(Self::Direct),
            None => Matcher::from_env(),
            Some(url) => {
                check(url)?;
                Matcher::builder().all(url).build()
            }
        };
        match matcher.intercept(&uri) {
            Some(intercept) if is_socks4(&intercept) && intercept.raw_auth().is_some() => Err(Error::config(
                "proxy: SOCKS4 knows no user name and password; leave them out, or use a proxy of scheme http, https, socks5 or socks5h",
            )),
            Some(intercept) => Ok(Self::Through(intercept)),
            None if proxy.is_some() => Err(unusable()),
            // Going around a proxy that was named would be worse than an error.
            None => match unusable_variable(&uri) {
                Some(name) => Err(Error::config(format!(
                    "{name}: the environment's proxy must be {SCHEMES}; proxy= overrides it"
                ))),
                None => Ok(Self::Direct),
            },
        }
    }

    /// Whether it goes through a proxy behind TLS.
    pub fn is_https(&self) -> bool {
        matches!(self, Self::Through(intercept) if intercept.uri().scheme_str() == Some("https"))
    }

    /// The password of the proxy, and the form in which it travels.
    pub fn secrets(&self) -> Vec<Secret> {
        let Self::Through(intercept) = self else {
            return Vec::new();
        };
        if let Some((_, password)) = intercept.raw_auth() {
            return vec![Secret::new(password)];
        }
        let header = intercept.basic_auth().and_then(|header| header.to_str().ok());
        let Some(encoded) = header
            .and_then(|header| header.split_once(' '))
            .map(|(_, encoded)| encoded)
        else {
            return Vec::new();
        };
        let pair = STANDARD
            .decode(encoded)
            .ok()
            .and_then(|pair| String::from_utf8(pair).ok());
        let password = pair
            .as_deref()
            .and_then(|pair| pair.split_once(':'))
            .map(|(_, password)| password);
        [Some(encoded), password]
            .into_iter()
            .flatten()
            .map(Secret::new)
            .collect()
    }

    /// Whether credentials go with the proxy.
    pub fn has_login(&self) -> bool {
        matches!(self, Self::Through(intercept) if intercept.basic_auth().is_some() || intercept.raw_auth().is_some())
    }

    /// Scheme, host and port of the proxy, never its credentials.
    pub fn shown(&self) -> Option<String> {
        let Self::Through(intercept) = self else { return None };
        Some(place(intercept))
    }
}

/// Scheme, host and port. Without one, the port is that of the scheme, as for requests and browsers; curl takes 1080 for
/// http too.
pub(super) fn place(intercept: &Intercept) -> String {
    let uri = intercept.uri();
    let scheme = uri.scheme_str().unwrap_or("http");
    let port = uri.port_u16().unwrap_or(match scheme {
        "http" => 80,
        "https" => 443,
        _ => 1080,
    });
    format!("{scheme}://{}:{port}", uri.host().unwrap_or_default())
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown().as_deref().unwrap_or("direct"))
    }
}

/// Plain http to a loopback address.
fn is_local(base: &str) -> bool {
    let parsed = url::Url::parse(base).ok();
    parsed.is_some_and(|url| url.scheme() == "http" && url.host().is_some_and(|host| is_loopback(&host)))
}

fn is_socks4(intercept: &Intercept) -> bool {
    matches!(intercept.uri().scheme_str(), Some("socks4" | "socks4a"))
}

/// Two forms of `NO_PROXY` that others understand and the matcher does not: `*` for addresses, and `host:port`.
fn is_excepted(uri: &http::Uri) -> bool {
    let excepted = no_proxy();
    let port = uri
        .port_u16()
        .unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    let place = format!("{}:{port}", uri.host().unwrap_or_default());
    excepted
        .split(',')
        .map(str::trim)
        .any(|entry| entry == "*" || entry.eq_ignore_ascii_case(&place))
}

fn no_proxy() -> String {
    first_set(["NO_PROXY", "no_proxy"]).map_or_else(String::new, |(_, value)| value)
}

/// As the matcher reads them: of two spellings the first that is set counts, even if it is empty.
fn first_set(names: [&'static str; 2]) -> Option<(&'static str, String)> {
    names
        .into_iter()
        .find_map(|name| std::env::var(name).ok().map(|value| (name, value)))
}

/// The variable that names a proxy for this URL which the matcher has passed over.
fn unusable_variable(uri: &http::Uri) -> Option<&'static str> {
    // For a CGI program the environment is the client's word, and counts for nothing.
    if std::env::var_os("REQUEST_METHOD").is_some() {
        return None;
    }
    let own = match uri.scheme_str() {
        Some("http") => ["HTTP_PROXY", "http_proxy"],
        _ => ["HTTPS_PROXY", "https_proxy"],
    };
    let (name, _) = [own, ["ALL_PROXY", "all_proxy"]]
        .into_iter()
        .filter_map(first_set)
        .find(|(_, value)| !value.trim().is_empty())?;
    let any = Matcher::builder().all("http://proxy.invalid").no(no_proxy()).build();
    any.intercept(uri).map(|_| name)
}

fn check(proxy: &str) -> Result<(), Error> {
    let known = [
        "http://",
        "https://",
        "socks4://",
        "socks4a://",
        "socks5://",
        "socks5h://",
    ];
    if let Some(why) = url_fault(proxy) {
        return Err(Error::config(format!("proxy: {why}")));
    }
    let Some(parsed) = url::Url::parse(proxy)
        .ok()
        .filter(|_| known.iter().any(|scheme| proxy.starts_with(scheme)))
    else {
        return Err(unusable());
    };
    let login = [parsed.username(), parsed.password().unwrap_or_default()];
    if login
        .iter()
        .any(|part| percent_decode_str(part).any(|byte| byte.is_ascii_control()))
    {
        return Err(Error::config(
            "proxy: user name and password must hold no control characters, such as line breaks",
        ));
    }
    Ok(())
}

const SCHEMES: &str = "a URL of scheme http, https, socks4, socks4a, socks5 or socks5h with a host";

fn unusable() -> Error {
    Error::config(format!("proxy: must be \"direct\" or {SCHEMES}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_proxy_is_taken_and_its_password_never_shown() {
        let route = Route::choose(Some("http://user:hunter22@proxy.test:3128"), "https://host.test", false).unwrap();
        assert_eq!(route.shown().as_deref(), Some("http://proxy.test:3128"));
        assert!(!format!("{route:?}").contains("hunter22"));
        assert!(matches!(
            Route::choose(Some("direct"), "https://host.test", false).unwrap(),
            Route::Direct
        ));
    }

    #[test]
    fn a_proxy_without_a_port_has_that_of_its_scheme() {
        for (proxy, shown) in [
            ("http://proxy.test", "http://proxy.test:80"),
            ("http://jdoe:pw@proxy.test/", "http://proxy.test:80"),
            ("https://proxy.test", "https://proxy.test:443"),
            ("socks4://proxy.test", "socks4://proxy.test:1080"),
            ("socks4a://[::1]", "socks4a://[::1]:1080"),
            ("socks5://proxy.test", "socks5://proxy.test:1080"),
            ("socks5h://jdoe:pw@proxy.test", "socks5h://proxy.test:1080"),
            ("socks5h://proxy.test:80", "socks5h://proxy.test:80"),
        ] {
            let route = Route::choose(Some(proxy), "https://host.test", false).unwrap();
            assert_eq!(route.shown().as_deref(), Some(shown));
        }
    }

    #[test]
    fn a_login_is_refused_where_the_protocol_has_none() {
        for (scheme, is_usable) in [("socks4", false), ("socks4a", false), ("socks5", true), ("https", true)] {
            let proxy = format!("{scheme}://user:hunter22@proxy.test:1080");
            let route = Route::choose(Some(&proxy), "https://host.test", false);
            assert_eq!(route.is_ok(), is_usable, "{scheme}");
            assert!(!format!("{route:?}").contains("hunter22"));
        }
        assert!(Route::choose(Some("socks4://proxy.test:1080"), "https://host.test", false).is_ok());
    }

    #[test]
    fn nonsense_is_refused_without_echoing_it() {
        for proxy in [
            "",
            "proxy.test:3128",
            "ftp://x",
            "http://",
            "DIRECT",
            "direct\n",
            "http://proxy.test:3128\n",
            "http://pro\txy.test",
            "http://pro xy.test",
            "http://user:hunter22\n@proxy.test",
            "http://user:hunter22%0a@proxy.test",
            "http://us%00er:hunter22@proxy.test",
            "http:\\\\proxy.test",
        ] {
            let error = Route::choose(Some(proxy), "https://host.test", false).unwrap_err();
            assert!(error.message().starts_with("proxy: "), "{proxy}");
            assert!(!error.to_string().contains("hunter22"), "{error}");
        }
    }
}
