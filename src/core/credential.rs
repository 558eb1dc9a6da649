//! Where a credential comes from: given once, or asked for when needed and kept until the server refuses it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;

pub use super::credential_kind::{ACCESS_KEY_USER, CredentialKind, check_name};
use super::error::Error;
use super::secret::Secret;

/// Gives a secret on demand. Implemented outside the core.
pub trait SecretSource: Send + Sync {
    /// Asks for the secret as it is now.
    fn fetch(&self) -> BoxFuture<'_, Result<Secret, Error>>;
}

/// How a credential was configured.
#[derive(Clone)]
pub enum Credential {
    /// Given as it is.
    Fixed(Secret),
    /// To be asked for.
    Source(Arc<dyn SecretSource>),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed(_) => "Credential::Fixed(****)",
            Self::Source(_) => "Credential::Source",
        })
    }
}

/// A credential together with the value in use.
#[derive(Debug)]
pub struct Holder {
    credential: Credential,
    kind: Option<&'static CredentialKind>,
    current: Mutex<Option<Secret>>,
}

impl Holder {
    /// Nothing is asked for yet.
    pub fn new(credential: Credential) -> Self {
        Self {
            credential,
            kind: None,
            current: Mutex::new(None),
        }
    }

    /// The same, giving only what can be a credential of the kind.
    #[must_use]
    pub fn of(self, kind: &'static CredentialKind) -> Self {
        Self {
            kind: Some(kind),
            ..self
        }
    }

    fn check(&self, secret: &Secret) -> Result<(), Error> {
        self.kind.map_or(Ok(()), |kind| kind.check(secret))
    }

    /// The value in use, asked for if there is none.
    ///
    /// # Errors
    /// If none can be had, or it can't be the credential.
    pub async fn get(&self) -> Result<Secret, Error> {
        match &self.credential {
            Credential::Fixed(secret) => self.check(secret).map(|()| secret.clone()),
            Credential::Source(source) => {
                if let Some(secret) = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone() {
                    return Ok(secret);
                }
                let secret = source.fetch().await?;
                self.check(&secret)?;
                *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(secret.clone());
                Ok(secret)
            }
        }
    }

    /// The value in use, if there is one yet.
    pub fn in_use(&self) -> Option<Secret> {
        match &self.credential {
            Credential::Fixed(secret) => Some(secret.clone()),
            Credential::Source(_) => self.current.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Whether it was given once, so that there is no other.
    pub const fn is_fixed(&self) -> bool {
        matches!(self.credential, Credential::Fixed(_))
    }

    /// Forgets the value if it is still the refused one. True if asking again may give another.
    pub fn refused(&self, secret: &Secret) -> bool {
        if self.is_fixed() {
            return false;
        }
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref() == Some(secret) {
            *current = None;
        }
        true
    }
}
