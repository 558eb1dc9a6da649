//! The Basic scheme: user name and password in one header, in UTF-8.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::HeaderValue;
use zeroize::Zeroizing;

use super::secret::Secret;

/// A sensitive `Authorization` value.
pub fn header(username: &str, password: &Secret) -> HeaderValue {
    let pair = Zeroizing::new(format!("{username}:{}", password.expose()));
    let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("Basic"));
    value.set_sensitive(true);
    value
}
