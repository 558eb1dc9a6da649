//! Where a credential comes from: given once, or asked for when needed and kept until the server refuses it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

pub use super::credential_kind::{ACCESS_KEY_USER, CredentialKind, check_name};
use super::error::{Error, Kind, Outcome};
use super::secret::Secret;
use super::transport::Call;

/// What to do where the deadline was over before there was anything to send.
const LATE_HINT: &str =
    "nothing was sent: look at what gives the credential (a callable, a command, a keyring), or pass a larger timeout";

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

    /// The value in use, asked for if there is none. What is not given before the call's deadline is not waited for, if it
    /// is awaited; a callable that blocks can't be ended, and is told of afterwards.
    ///
    /// # Errors
    /// If none can be had in time, or it can't be the credential.
    pub async fn get(&self, call: &Call, operation: &str) -> Result<Secret, Error> {
        match &self.credential {
            Credential::Fixed(secret) => self.check(secret).map(|()| secret.clone()),
            Credential::Source(source) => {
                if let Some(secret) = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone() {
                    return Ok(secret);
                }
                let begun = Instant::now();
                let fetched = timeout_at(call.deadline(), source.fetch()).await;
                let given = match fetched {
                    Ok(fetched) => {
                        let secret = fetched?;
                        self.check(&secret)?;
                        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(secret.clone());
                        Some(secret)
                    }
                    Err(_) => None,
                };
                given
                    .filter(|_| call.remaining() > Duration::ZERO)
                    .ok_or_else(|| self.late(call, operation, begun))
            }
        }
    }

    fn late(&self, call: &Call, operation: &str, begun: Instant) -> Error {
        let message = format!(
            "asking for the credential {} took {:.3} s, and the call has {:.3} s in all",
            self.kind.map_or("of the login", |kind| kind.name),
            begun.elapsed().as_secs_f64(),
            call.limit().as_secs_f64()
        );
        Error::new(Kind::Deadline, message, call.context(operation))
            .with_outcome(Outcome::NotSent)
            .with_hint(LATE_HINT)
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
