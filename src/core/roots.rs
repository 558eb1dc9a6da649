//! The certificates to trust where the caller names none: the system's, loaded once.
//!
//! Loading reads environment variables, and so does starting a runtime. C's `getenv` is not safe against a `setenv` in
//! another thread (<https://github.com/rust-lang/rust/issues/27970>), which is what `os.environ[...] = ...` does. So both
//! are done where Python code can't run: while the caller is attached to the interpreter.

use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;

#[cfg(all(unix, not(target_vendor = "apple")))]
use super::cause;
use super::config::Settings;
use super::error::Error;
#[cfg(all(unix, not(target_vendor = "apple")))]
use super::error::{Context, Kind, Outcome};
use super::tls;

/// The roots for one client, and what is made of them.
#[derive(Clone, Default)]
pub struct Roots {
    system: Option<Vec<CertificateDer<'static>>>,
    tls: OnceLock<Arc<ClientConfig>>,
}

impl Roots {
    /// Loads the system's store if these settings need it and the operating system does not verify by itself.
    ///
    /// # Errors
    /// If the machine has no store, or the process no file descriptor left to read it.
    pub fn load(settings: &Settings) -> Result<Self, Error> {
        let may_speak_tls = settings.is_https || settings.route.shown().is_some();
        if !may_speak_tls || settings.ca_certs.is_some() || settings.danger_accept_invalid_certs {
            return Ok(Self::default());
        }
        #[cfg(all(unix, not(target_vendor = "apple")))]
        return system().map(|certs| Self {
            system: Some(certs),
            tls: OnceLock::new(),
        });
        #[cfg(not(all(unix, not(target_vendor = "apple"))))]
        Ok(Self::default())
    }

    /// The TLS configuration of these settings, made at the first call for all.
    pub(super) fn tls(&self, settings: &Settings) -> Result<Arc<ClientConfig>, Error> {
        if let Some(made) = self.tls.get() {
            return Ok(made.clone());
        }
        let made = Arc::new(tls::config(settings, self.system.as_deref())?);
        Ok(self.tls.get_or_init(|| made).clone())
    }
}

#[cfg(all(unix, not(target_vendor = "apple")))]
fn system() -> Result<Vec<CertificateDer<'static>>, Error> {
    let found = rustls_native_certs::load_native_certs();
    // What was read before may be a part of it, which must not be kept.
    if let Some(error) = found
        .errors
        .iter()
        .find_map(|error| cause::find(error, &cause::is_out_of_descriptors))
    {
        let message = format!("the system's CA store could not be read: {error}");
        return Err(Error::new(Kind::Transport, message, Context::default())
            .with_outcome(Outcome::NotSent)
            .with_hint(cause::DESCRIPTORS_HINT));
    }
    if found.certs.is_empty() {
        return Err(Error::config("this machine has no CA store that can be read")
            .with_hint("pass ca_file= with the roots to trust, or set SSL_CERT_FILE"));
    }
    Ok(found.certs)
}
