//! The cookies of one session, as a balancer needs them that sends each session to the server which opened it (RFC 6265).
//! They are kept in memory, with the session alone, for the server that set them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use http::header::{self, HeaderMap, HeaderValue};
use url::{Host, Url};

use super::secret::Secret;

/// More than any balancer sets.
const COOKIES_MAX: usize = 50;
/// Of name and value; servers refuse long heads.
const BYTES_MAX: usize = 4096;

/// Those of one session.
#[derive(Clone, Default)]
pub struct Cookies(Arc<Mutex<Vec<Cookie>>>);

struct Cookie {
    name: String,
    value: Secret,
    path: String,
    is_secure: bool,
    until: Option<SystemTime>,
}

impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookies(****)")
    }
}

impl Cookies {
    fn held(&self) -> MutexGuard<'_, Vec<Cookie>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.held().is_empty()
    }

    /// Keeps what an answer sets, to a request for this address.
    pub fn take(&self, headers: &HeaderMap, asked: &Url) {
        for line in headers.get_all(header::SET_COOKIE) {
            let Some(cookie) = line.to_str().ok().and_then(|line| Cookie::read(line, asked)) else {
                continue;
            };
            let mut held = self.held();
            held.retain(|other| other.name != cookie.name || other.path != cookie.path);
            if cookie.is_alive() && held.len() < COOKIES_MAX {
                held.push(cookie);
            }
        }
    }

    /// The header for a request to this address, beside what the caller sends; with what must not be shown of it.
    pub fn header(&self, asked: &Url, own: Option<&HeaderValue>) -> Option<(HeaderValue, Vec<Secret>)> {
        let held = self.held();
        let own = own.and_then(|own| own.to_str().ok()).unwrap_or_default().trim();
        let is_own = |name: &str| {
            own.split(';')
                .any(|pair| pair.split_once('=').is_some_and(|(own, _)| own.trim() == name))
        };
        let sent: Vec<&Cookie> = held
            .iter()
            .filter(|cookie| cookie.is_alive() && cookie.is_for(asked) && !is_own(&cookie.name))
            .collect();
        if sent.is_empty() {
            return None;
        }
        let pairs = sent
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value.expose()));
        let own = Some(own.to_owned()).filter(|own| !own.is_empty());
        let line: Vec<String> = own.into_iter().chain(pairs).collect();
        let mut value = HeaderValue::from_str(&line.join("; ")).ok()?;
        value.set_sensitive(true);
        Some((value, sent.iter().map(|cookie| cookie.value.clone()).collect()))
    }
}

impl Cookie {
    fn read(line: &str, asked: &Url) -> Option<Self> {
        let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
        let (name, value) = pair.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || name.len() + value.len() > BYTES_MAX {
            return None;
        }
        let mut cookie = Self {
            name: name.to_owned(),
            value: Secret::new(value),
            path: default_path(asked.path()).to_owned(),
            is_secure: false,
            until: None,
        };
        let mut max_age = None;
        for attribute in attributes.split(';') {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "domain" if !value.is_empty() && !is_within(asked, value.trim_start_matches('.')) => return None,
                "secure" => cookie.is_secure = true,
                "max-age" => max_age = value.parse::<i64>().ok(),
                // Also as it was before: 09-Jun-2021.
                "expires" => cookie.until = httpdate::parse_http_date(&value.replace('-', " ")).ok(),
                _ => {}
            }
        }
        if let Some(seconds) = max_age {
            let lasts = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
            cookie.until = SystemTime::now().checked_add(lasts);
        }
        Some(cookie)
    }

    fn is_alive(&self) -> bool {
        self.until.is_none_or(|until| until > SystemTime::now())
    }

    fn is_for(&self, asked: &Url) -> bool {
        let is_below = asked.path().strip_prefix(self.path.as_str());
        let is_below =
            is_below.is_some_and(|rest| rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/'));
        is_below && (!self.is_secure || asked.scheme() == "https")
    }
}

/// The folder of the path.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => path.get(..end).unwrap_or("/"),
    }
}

/// Whether the host is this one, or below it.
fn is_within(asked: &Url, domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    match asked.host() {
        Some(Host::Domain(host)) => {
            let above = host.strip_suffix(domain.as_str());
            above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
        }
        Some(host) => host.to_string() == domain,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(lines: &[&str], to: &str) -> String {
        let cookies = Cookies::default();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::SET_COOKIE, HeaderValue::from_str(line).unwrap());
        }
        let asked = Url::parse("https://gl.example.net/aveksa/command.submit").unwrap();
        cookies.take(&headers, &asked);
        let sent = cookies.header(&Url::parse(to).unwrap(), None);
        sent.map_or_else(String::new, |(value, _)| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn what_was_set_is_sent_where_it_belongs() {
        const HERE: &str = "https://gl.example.net/aveksa/command.submit";
        for (lines, to, wanted) in [
            (&["ROUTE=n1"][..], HERE, "ROUTE=n1"),
            (&["ROUTE=n1; Path=/; Secure; HttpOnly; SameSite=Lax"], HERE, "ROUTE=n1"),
            (&["A=1; Path=/", "B=\"x y\"; Path=/aveksa"], HERE, "A=1; B=\"x y\""),
            (&["A=1", "A=2"], HERE, "A=2"),
            (&["A=1; Path=/", "A=; Max-Age=0; Path=/"], HERE, ""),
            (&["A=1; Expires=Wed, 09 Jun 2021 10:18:14 GMT"], HERE, ""),
            (&["A=1; expires=Wed, 09-Jun-2021 10:18:14 GMT"], HERE, ""),
            (&["A=1; Expires=Wed, 09 Jun 2021 10:18:14 GMT; Max-Age=60"], HERE, "A=1"),
            (&["A=1; Expires=some day"], HERE, "A=1"),
            (&["A=1; Path=/other"], HERE, ""),
            (&["A=1; Path=/ave"], HERE, ""),
            (&["A=1; Path=/aveksa/"], HERE, "A=1"),
            (&["A=1; Domain=example.net"], HERE, "A=1"),
            (&["A=1; Domain=.Example.net"], HERE, "A=1"),
            (&["A=1; Domain=other.net"], HERE, ""),
            (&["A=1; Domain=le.net"], HERE, ""),
            (&["A=1; Secure"], "http://gl.example.net/aveksa/x", ""),
            (&["A=1"], "https://gl.example.net/other", ""),
            (&["=1", "A", ""], HERE, ""),
        ] {
            assert_eq!(sent(lines, to), wanted, "{lines:?}");
        }
    }

    #[test]
    fn the_callers_own_goes_first() {
        let cookies = Cookies::default();
        let asked = Url::parse("https://h.test/").unwrap();
        let set = HeaderMap::from_iter([(header::SET_COOKIE, HeaderValue::from_static("A=1"))]);
        cookies.take(&set, &asked);
        for (own, wanted) in [("B=2", Some("B=2; A=1")), ("A=3", None), (" ", Some("A=1"))] {
            let header = cookies.header(&asked, Some(&HeaderValue::from_static(own)));
            let header = header.map(|(value, _)| value.to_str().unwrap().to_owned());
            assert_eq!(header.as_deref(), wanted);
        }
        assert_eq!(format!("{cookies:?}"), "Cookies(****)");
    }
}
