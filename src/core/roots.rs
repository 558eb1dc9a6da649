//! The certificates to trust where the caller names none: the system's, loaded once.
//!
//! Loading reads environment variables, and so does starting a runtime. C's `getenv` is not safe against a `setenv` in
//! another thread (<https://github.com/rust-lang/rust/issues/27970>), which is what `os.environ[...] = ...` does. So both
//! are done where Python code can't run: while the caller is attached to the interpreter.

#[cfg(all(unix, not(target_vendor = "apple")))]
use super::cause;
use super::config::Settings;
use super::error::Error;
#[cfg(all(unix, not(target_vendor = "apple")))]
use super::error::{Context, Kind, Outcome};

/// The roots for one client.
#[derive(Clone, Default)]
pub struct Roots(pub(super) Option<Vec<reqwest::Certificate>>);

impl Roots {
    /// Loads the system's store if these settings need it and the operating system does not verify by itself.
    ///
    /// # Errors
    /// If the machine has no store, or the process no file descriptor left to read it.
    pub fn load(settings: &Settings) -> Result<Self, Error> {
        let may_speak_tls = settings.is_https || settings.route.shown().is_some();
        if !may_speak_tls || settings.ca_pem.is_some() || settings.danger_accept_invalid_certs {
            return Ok(Self(None));
        }
        #[cfg(all(unix, not(target_vendor = "apple")))]
        return system().map(Some).map(Self);
        #[cfg(not(all(unix, not(target_vendor = "apple"))))]
        Ok(Self(None))
    }
}

#[cfg(all(unix, not(target_vendor = "apple")))]
fn system() -> Result<Vec<reqwest::Certificate>, Error> {
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
    let roots: Vec<_> = found
        .certs
        .iter()
        .filter_map(|cert| reqwest::Certificate::from_der(cert).ok())
        .collect();
    if roots.is_empty() {
        return Err(Error::config("this machine has no CA store that can be read")
            .with_hint("pass ca_file= with the roots to trust, or set SSL_CERT_FILE"));
    }
    Ok(roots)
}
