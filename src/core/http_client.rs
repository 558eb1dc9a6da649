//! The HTTP client of one connection pool: what it trusts, through which proxy it goes, what it never does.

use std::time::Duration;

use super::cause;
use super::config::Settings;
use super::error::Error;
use super::roots::Roots;

/// Builds the HTTP client for these settings, once a runtime. Reads no environment variable: see [`Roots`].
pub fn build_http(settings: &Settings, roots: &Roots) -> Result<reqwest::Client, Error> {
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(settings.connect_timeout)
        .tls_version_min(reqwest::tls::Version::TLS_1_2)
        .pool_idle_timeout(Duration::from_secs(30))
        .no_proxy();
    if let Some(proxy) = settings.route.to_reqwest()? {
        builder = builder.proxy(proxy);
    }
    if let Some(pem) = &settings.ca_pem {
        let roots = reqwest::Certificate::from_pem_bundle(pem)
            .map_err(|_| Error::config("ca_file: its certificates cannot be read"))?;
        builder = builder.tls_certs_only(roots);
    } else if let Some(roots) = &roots.0 {
        builder = builder.tls_certs_only(roots.iter().cloned());
    } else if !settings.is_https && settings.route.shown().is_none() {
        // Nothing here will ever speak TLS, so no store is needed.
        builder = builder.tls_certs_only([]);
    }
    if let Some(pem) = &settings.client_pem {
        let identity = reqwest::Identity::from_pem(pem).map_err(|_| Error::config("client_cert: cannot be read"))?;
        builder = builder.identity(identity);
    }
    if settings.danger_accept_invalid_certs {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    builder.build().map_err(|error| {
        let cause = cause::explain(error, settings);
        Error::config(format!("the TLS client could not be set up: {}", cause.message))
            .with_hint("if this machine has no CA store, pass ca_file= with the roots to trust; with client_cert=, check that the key belongs to the certificate")
    })
}
