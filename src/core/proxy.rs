//! Which proxy, if any, stands between the client and its one origin. Decided once, when the client is made.

use std::fmt;

use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use super::error::Error;

/// The way to the server.
#[derive(Clone)]
pub enum Route {
    /// Straight to it.
    Direct,
    /// Through a proxy.
    Through(Intercept),
}

impl Route {
    /// `proxy`: None takes the environment's variables, `direct` none at all, anything else is the proxy's URL.
    pub fn choose(proxy: Option<&str>, base: &str) -> Result<Self, Error> {
        let uri: http::Uri = base.parse().map_err(|_| Error::config("url: not a valid URL"))?;
        let matcher = match proxy {
            Some("direct") => return Ok(Self::Direct),
            None if is_excepted(&uri) => return Ok(Self::Direct),
            None => Matcher::from_env(),
            Some(url) => {
                check(url)?;
                Matcher::builder().all(url).build()
            }
        };
        match matcher.intercept(&uri) {
            Some(intercept) => Ok(Self::Through(intercept)),
            None if proxy.is_some() => Err(unusable()),
            None => Ok(Self::Direct),
        }
    }

    /// The proxy for the HTTP library, with its credentials.
    pub fn to_reqwest(&self) -> Result<Option<reqwest::Proxy>, Error> {
        let Self::Through(intercept) = self else {
            return Ok(None);
        };
        let mut proxy = reqwest::Proxy::all(intercept.uri().to_string()).map_err(|_| unusable())?;
        if let Some(header) = intercept.basic_auth() {
            let mut header = header.clone();
            header.set_sensitive(true);
            proxy = proxy.custom_http_auth(header);
        } else if let Some((user, password)) = intercept.raw_auth() {
            proxy = proxy.basic_auth(user, password);
        }
        Ok(Some(proxy))
    }

    /// Scheme, host and port of the proxy, never its credentials.
    pub fn shown(&self) -> Option<String> {
        let Self::Through(intercept) = self else { return None };
        let uri = intercept.uri();
        let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!(
            "{}://{}{port}",
            uri.scheme_str().unwrap_or("http"),
            uri.host().unwrap_or_default()
        ))
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown().as_deref().unwrap_or("direct"))
    }
}

/// Two forms of `NO_PROXY` that others understand and the matcher does not: `*` for addresses, and `host:port`.
fn is_excepted(uri: &http::Uri) -> bool {
    let excepted = ["NO_PROXY", "no_proxy"]
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .unwrap_or_default();
    let port = uri
        .port_u16()
        .unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
    let place = format!("{}:{port}", uri.host().unwrap_or_default());
    excepted
        .split(',')
        .map(str::trim)
        .any(|entry| entry == "*" || entry.eq_ignore_ascii_case(&place))
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
    if known.iter().any(|scheme| proxy.starts_with(scheme)) && url::Url::parse(proxy).is_ok() {
        return Ok(());
    }
    Err(unusable())
}

fn unusable() -> Error {
    Error::config(
        "proxy: must be \"direct\" or a URL of scheme http, https, socks4, socks4a, socks5 or socks5h with a host",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_proxy_is_taken_and_its_password_never_shown() {
        let route = Route::choose(Some("http://user:hunter22@proxy.test:3128"), "https://host.test").unwrap();
        assert_eq!(route.shown().as_deref(), Some("http://proxy.test:3128"));
        assert!(!format!("{route:?}").contains("hunter22"));
        assert!(route.to_reqwest().unwrap().is_some());
        assert!(matches!(
            Route::choose(Some("direct"), "https://host.test").unwrap(),
            Route::Direct
        ));
    }

    #[test]
    fn nonsense_is_refused_without_echoing_it() {
        for proxy in ["", "proxy.test:3128", "ftp://x", "http://", "DIRECT"] {
            let error = Route::choose(Some(proxy), "https://host.test").unwrap_err();
            assert!(error.message().starts_with("proxy: "), "{proxy}");
        }
    }
}
