//! A text that nobody sees by accident: masked in every format, wiped on drop, compared in constant time.

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// What stands wherever a secret would otherwise be printed.
pub const MASK: &str = "****";

/// A credential or a secret answer. Clones share one copy, which is wiped when the last of them goes.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, module = "infosecops"))]
#[derive(Clone)]
pub struct Secret(Option<Arc<SecretString>>);

impl Secret {
    /// Takes the text; the caller's own copies stay the caller's affair.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Some(Arc::new(SecretString::from(text.into()))))
    }

    /// The text itself. For building a header or a body, and for `reveal()`; nowhere else.
    pub fn expose(&self) -> &str {
        self.0.as_ref().map_or("", |text| text.expose_secret())
    }

    /// Stands for a secret that was left behind when the object around it went to another process.
    pub const fn withheld() -> Self {
        Self(None)
    }

    /// Whether the text was left behind.
    pub const fn is_withheld(&self) -> bool {
        self.0.is_none()
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.is_withheld() == other.is_withheld()
            && bool::from(self.expose().as_bytes().ct_eq(other.expose().as_bytes()))
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_withheld() {
            write!(f, "Secret(withheld)")
        } else {
            write!(f, "Secret({MASK})")
        }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_masked_in_every_format_and_compared_by_value() {
        let secret = Secret::new("open sesame");
        assert_eq!(
            format!("{secret} {secret:?} {secret:#?}"),
            "Secret(****) Secret(****) Secret(****)"
        );
        assert_eq!(secret, Secret::new("open sesame"));
        assert_ne!(secret, Secret::new("open sesam"));
    }
}
