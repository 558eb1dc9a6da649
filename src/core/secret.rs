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
pub struct Secret(Text);

#[derive(Clone)]
enum Text {
    Known(Arc<SecretString>),
    Withheld,
    Unreadable(Arc<str>),
}

impl Secret {
    /// Takes the text; the caller's own copies stay the caller's affair.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Text::Known(Arc::new(SecretString::from(text.into()))))
    }

    /// The text itself. For building a header or a body, and for `reveal()`; nowhere else.
    pub fn expose(&self) -> &str {
        match &self.0 {
            Text::Known(text) => text.expose_secret(),
            Text::Withheld | Text::Unreadable(_) => "",
        }
    }

    /// Stands for a secret that was left behind when the object around it went to another process.
    pub const fn withheld() -> Self {
        Self(Text::Withheld)
    }

    /// Stands for a secret in the field of this name whose value in an answer is no text.
    pub fn unreadable(name: &str) -> Self {
        Self(Text::Unreadable(name.into()))
    }

    /// The name of the field, if its value is no text.
    pub fn unreadable_name(&self) -> Option<&str> {
        match &self.0 {
            Text::Unreadable(name) => Some(name),
            Text::Known(_) | Text::Withheld => None,
        }
    }

    /// Whether the text was left behind.
    pub const fn is_withheld(&self) -> bool {
        matches!(self.0, Text::Withheld)
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(&self.0) == std::mem::discriminant(&other.0)
            && bool::from(self.expose().as_bytes().ct_eq(other.expose().as_bytes()))
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Text::Known(_) => write!(f, "Secret({MASK})"),
            Text::Withheld => write!(f, "Secret(withheld)"),
            Text::Unreadable(_) => write!(f, "Secret(unreadable)"),
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
