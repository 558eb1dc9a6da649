//! A client's settings and all their validation: after this, nothing about them can go wrong but the network.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use rustls::pki_types::CertificateDer;
use zeroize::Zeroizing;

use super::error::{Error, System};
use super::failover;
use super::pem::{read_identity, read_roots};
use super::proxy::Route;
use super::redact::secrets_of_header;
use super::retry::Retry;
use super::secret::Secret;
use super::tls::CertificateAsked;

const DEFAULT_USER_AGENT: &str = concat!("infosecops/", env!("CARGO_PKG_VERSION"));

/// Headers that belong to the client itself: setting them would change whom it talks to, as whom, or what it sends.
const OWN_HEADERS: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
    header::EXPECT,
    header::PROXY_AUTHORIZATION,
];

/// What the caller gave.
#[derive(Clone, Debug)]
pub struct Options {
    /// Base URL of the server.
    pub url: String,
    /// Base URLs of further servers that hold the same, tried where the one before can't be reached.
    pub failover: Vec<String>,
    /// Seconds for one call, retries and body included.
    pub timeout: f64,
    /// Seconds for one connection, TLS included.
    pub connect_timeout: f64,
    /// Retries.
    pub retry: Retry,
    /// PEM file with the roots to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM file with certificate and key, or one file for each.
    pub client_cert: Option<(PathBuf, Option<PathBuf>)>,
    /// None: the environment's variables; `direct`: none.
    pub proxy: Option<String>,
    /// Whether plain http may go beyond loopback.
    pub allow_http: bool,
    /// Whether any certificate is good enough.
    pub danger_accept_invalid_certs: bool,
    /// Largest answer, after decompression.
    pub max_response_bytes: u64,
    /// Most connections of one process.
    pub max_connections: u32,
    /// The User-Agent header.
    pub user_agent: Option<String>,
    /// Headers added to every request.
    pub headers: Vec<(String, String)>,
}

impl Options {
    /// The defaults for a URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            failover: Vec::new(),
            timeout: 30.0,
            connect_timeout: 10.0,
            retry: Retry::default(),
            ca_file: None,
            client_cert: None,
            proxy: None,
            allow_http: false,
            danger_accept_invalid_certs: false,
            max_response_bytes: 256 * 1024 * 1024,
            max_connections: 100,
            user_agent: None,
            headers: Vec::new(),
        }
    }
}

/// What the transport works with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The product.
    pub system: System,
    /// Scheme, host, port and path prefix, without a slash at the end.
    pub base: String,
    /// The same, parsed.
    pub base_url: url::Url,
    /// The bases of further servers.
    pub failover: Vec<String>,
    /// Whether any base is https.
    pub is_https: bool,
    /// For one call.
    pub timeout: Duration,
    /// For one connection.
    pub connect_timeout: Duration,
    /// Retries.
    pub retry: Retry,
    /// What to trust instead of the system's roots.
    pub ca_certs: Option<Vec<CertificateDer<'static>>>,
    /// PEM text of certificate and key.
    pub client_pem: Option<Zeroizing<Vec<u8>>>,
    /// Whether the server has asked for them.
    pub certificate_asked: CertificateAsked,
    /// The same of a proxy that is spoken to by TLS.
    pub proxy_certificate_asked: CertificateAsked,
    /// The way to the server.
    pub route: Route,
    /// Whether any certificate is good enough.
    pub danger_accept_invalid_certs: bool,
    /// Largest answer, after decompression.
    pub max_response_bytes: u64,
    /// Most connections of one process.
    pub max_connections: NonZeroU32,
    /// Headers of every request.
    pub headers: HeaderMap,
    /// What must not be shown of the headers and of the proxy's login.
    pub hidden: Vec<Secret>,
}

impl Settings {
    /// Checks everything that can be checked without the network. `api_paths` are the product's own paths, which may
    /// stand at the end of the URL and are taken off.
    pub fn new(system: System, api_paths: &[&[&str]], options: &Options) -> Result<Self, Error> {
        let (base, is_https) = clean_base(&options.url, api_paths, options.allow_http)?;
        let proxy = options.proxy.as_deref();
        let route = Route::choose(proxy, &base, options.allow_http)?;
        let (failover, any_https) = failover::checked(
            &options.failover,
            &base,
            (api_paths, options.allow_http),
            (proxy, &route),
        )?;
        if options.max_response_bytes == 0 {
            return Err(Error::config("max_response_bytes: must be at least 1"));
        }
        let max_connections = NonZeroU32::new(options.max_connections)
            .ok_or_else(|| Error::config("max_connections: must be at least 1"))?;
        let ca_certs = options.ca_file.as_deref().map(read_roots).transpose()?;
        let headers = checked_headers(options)?;
        let mut hidden = route.secrets();
        hidden.extend(
            headers
                .iter()
                .flat_map(|(name, value)| secrets_of_header(name, value.as_bytes())),
        );
        let base_url = url::Url::parse(&base).map_err(|_| Error::config("url: not a URL"))?;
        Ok(Self {
            system,
            base,
            base_url,
            failover,
            is_https: is_https || any_https,
            timeout: seconds("timeout", options.timeout)?,
            connect_timeout: seconds("connect_timeout", options.connect_timeout)?,
            retry: options.retry.checked()?,
            ca_certs,
            client_pem: options.client_cert.as_ref().map(read_identity).transpose()?,
            certificate_asked: CertificateAsked::default(),
            proxy_certificate_asked: CertificateAsked::default(),
            route,
            danger_accept_invalid_certs: options.danger_accept_invalid_certs,
            max_response_bytes: options.max_response_bytes,
            max_connections,
            headers,
            hidden,
        })
    }
}

/// A positive, finite number of seconds.
pub fn seconds(name: &str, value: f64) -> Result<Duration, Error> {
    let wrong = || Error::config(format!("{name}: must be a positive number of seconds"));
    if value.is_nan() || value <= 0.0 {
        return Err(wrong());
    }
    // A year is as good as for ever, and no clock overflows on it.
    Duration::try_from_secs_f64(value.min(31_536_000.0)).map_err(|_| wrong())
}

/// A request header made from a value of the caller's.
pub fn header_value(name: &str, value: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
        Error::config(format!(
            "{name}: holds characters that no header can carry, such as line breaks"
        ))
    })
}

/// Refuses header names that are the client's own.
pub fn header_name(name: &str) -> Result<HeaderName, Error> {
    let parsed =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| Error::config("headers: not a valid header name"))?;
    if OWN_HEADERS.contains(&parsed) {
        return Err(Error::config(format!("headers: {parsed} is set by the client itself")));
    }
    Ok(parsed)
}

fn checked_headers(options: &Options) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    let user_agent = options.user_agent.as_deref().unwrap_or(DEFAULT_USER_AGENT);
    headers.insert(header::USER_AGENT, header_value("user_agent", user_agent)?);
    for (name, value) in &options.headers {
        headers.insert(header_name(name)?, header_value(&format!("headers[{name:?}]"), value)?);
    }
    Ok(headers)
}

pub(crate) fn clean_base(url: &str, api_paths: &[&[&str]], allow_http: bool) -> Result<(String, bool), Error> {
    // The text itself is never echoed: it may hold a password.
    let refuse = |why: &str| Err(Error::config(format!("url: {why}")));
    let url = url.trim_matches(' ');
    if let Some(why) = url_fault(url) {
        return refuse(why);
    }
    let Ok(parsed) = url::Url::parse(url) else {
        return refuse("not a URL; write it as https://host[:port][/prefix]");
    };
    if !matches!(parsed.scheme(), "http" | "https") {
        return refuse("the scheme must be https");
    }
    let Some(host) = parsed.host() else {
        return refuse("has no host");
    };
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return refuse("must not hold a user name or password; pass credentials as arguments");
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return refuse("must hold neither a query nor a fragment");
    }
    // Any number of slashes in front of it is one.
    let path = parsed.path().trim_start_matches('/');
    if super::target::path_fault(path).is_some() {
        return refuse("the path must hold neither encoded dots or slashes that lead elsewhere nor control characters");
    }
    let is_https = parsed.scheme() == "https";
    if !is_https && !allow_http && !is_loopback(&host) {
        return refuse("plain http would send credentials in clear; use https, or pass allow_http=True to accept that");
    }
    let segments: Vec<&str> = parsed.path().split('/').filter(|segment| !segment.is_empty()).collect();
    let overlap = api_paths.iter().map(|api| overlap(&segments, api)).max().unwrap_or(0);
    let prefix = segments.get(..segments.len() - overlap).unwrap_or_default();
    let mut base = format!("{}://{host}", parsed.scheme());
    if let Some(port) = parsed.port() {
        base.push_str(&format!(":{port}"));
    }
    for segment in prefix {
        base.push('/');
        base.push_str(segment);
    }
    Ok((base, is_https))
}

/// What a parser of URLs would silently drop or take for something else.
pub(super) fn url_fault(url: &str) -> Option<&'static str> {
    if url
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || c == '\u{feff}')
    {
        return Some("must hold no blanks, tabs, line breaks or other control characters");
    }
    url.contains('\\').then_some("must hold no backslashes; write slashes")
}

/// How many of the last segments are the first ones of the product's own path.
fn overlap(segments: &[&str], api: &[&str]) -> usize {
    let same = |a: &[&str], b: &[&str]| a.iter().zip(b).all(|(a, b)| a.eq_ignore_ascii_case(b));
    (1..=segments.len().min(api.len()))
        .rev()
        .find(|&count| {
            let tail = segments.get(segments.len() - count..).unwrap_or_default();
            same(tail, api.get(..count).unwrap_or_default())
        })
        .unwrap_or(0)
}

pub(crate) fn is_loopback(host: &url::Host<&str>) -> bool {
    match host {
        url::Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.to_canonical().is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AVEKSA: &[&[&str]] = &[&["aveksa", "command.submit"]];

    fn base(url: &str) -> Result<String, Error> {
        clean_base(url, AVEKSA, false).map(|(base, _)| base)
    }

    #[test]
    fn every_spelling_gives_one_clean_base() {
        for url in [
            "https://gl.test",
            "https://gl.test/",
            "https://gl.test:443/",
            "https://gl.test/aveksa",
            "https://gl.test/aveksa/",
            "https://gl.test/aveksa/command.submit",
            " https://GL.test//aveksa//command.submit/ ",
        ] {
            assert_eq!(base(url).unwrap(), "https://gl.test", "{url}");
        }
        assert_eq!(base("https://gl.test:8443/iga/").unwrap(), "https://gl.test:8443/iga");
        assert_eq!(
            base("https://gl.test:8443/iga/aveksa").unwrap(),
            "https://gl.test:8443/iga"
        );
        assert_eq!(
            base("https://[2001:db8::1]:8443/").unwrap(),
            "https://[2001:db8::1]:8443"
        );
    }

    #[test]
    fn dangerous_or_broken_urls_are_refused_without_echo() {
        for url in [
            "",
            "gl.test",
            "ftp://gl.test",
            "https://",
            "https://user:hunter22@gl.test",
            "https://gl.test/?x=hunter22",
            "https://gl.test/#hunter22",
            "https://gl.test\n",
            "\thttps://gl.test",
            "https://gl\t.test",
            "https://gl.test/a\r\nb",
            "https://gl .test",
            "https://gl.test/a b",
            "https://gl.test/\u{a0}",
            "\u{feff}https://gl.test",
            "https:\\\\gl.test",
            "https://gl.test\\@evil.test",
            "https://gl.test/a/..%2fb",
            "https://gl.test/..;/b",
            "https://gl.test/a%0ab",
            "http://gl.test",
            "http://127.0.0.1.evil.test",
        ] {
            let error = base(url).unwrap_err();
            assert_eq!(error.kind(), super::super::error::Kind::Config);
            assert!(!error.to_string().contains("hunter22"), "{error}");
        }
    }

    #[test]
    fn plain_http_stays_on_loopback_unless_allowed() {
        for url in [
            "http://127.0.0.1:8080",
            "http://127.9.9.9",
            "http://localhost:1",
            "http://[::1]:1",
        ] {
            assert!(base(url).is_ok(), "{url}");
        }
        assert!(clean_base("http://gl.test", AVEKSA, true).is_ok());
    }

    #[test]
    fn the_clients_own_headers_and_line_breaks_are_refused() {
        let with = |name: &str, value: &str| {
            let mut options = Options::new("https://gl.test");
            options.headers = vec![(name.into(), value.into())];
            Settings::new(System::Sectona, AVEKSA, &options)
        };
        assert!(with("X-Team", "iam").is_ok());
        for (name, value) in [
            ("Authorization", "x"),
            ("host", "evil"),
            ("X\r\nA", "x"),
            ("X-A", "a\r\nHost: evil"),
            ("", ""),
        ] {
            assert!(with(name, value).is_err(), "{name:?}");
        }
    }

    #[test]
    fn times_must_be_positive_numbers() {
        for value in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
            assert!(seconds("timeout", value).is_err(), "{value}");
        }
        assert_eq!(seconds("timeout", f64::INFINITY).unwrap().as_secs(), 31_536_000);
        assert_eq!(seconds("timeout", 0.5).unwrap(), Duration::from_millis(500));
    }
}
