//! The Basic scheme: user name and password in one header, in UTF-8.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::HeaderValue;
use zeroize::Zeroizing;

use super::secret::Secret;

/// A sensitive `Authorization` value, and what it holds in the form in which a server may echo it.
pub fn header(username: &str, password: &Secret) -> (HeaderValue, Secret) {
    let pair = Zeroizing::new(format!("{username}:{}", password.expose()));
    let encoded = Secret::new(STANDARD.encode(pair.as_bytes()));
    let text = Zeroizing::new(format!("Basic {}", encoded.expose()));
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("Basic"));
    value.set_sensitive(true);
    (value, encoded)
}
