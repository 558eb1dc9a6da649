//! The TLS side of every connection of a client: whom it trusts, as whom it shows itself, which versions it speaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{ResolvesClientCert, Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, SignatureScheme};

use super::certificates;
use super::config::Settings;
use super::error::Error;
use super::verifier::{Listed, NoVerifier};

/// The configuration for these settings: TLS 1.2 and 1.3, HTTP/2 where the server takes it. `system` are the roots to
/// trust where the caller names none; without them the operating system verifies.
pub(super) fn config(settings: &Settings, system: Option<&[CertificateDer<'static>]>) -> Result<ClientConfig, Error> {
    let provider = CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| unusable(&error))?;
    let builder = if settings.danger_accept_invalid_certs {
        verified_by(builder, NoVerifier)
    } else if let Some(certs) = &settings.ca_certs {
        let roots = WebPkiServerVerifier::builder_with_provider(Arc::new(store(certs)?), provider);
        let roots = roots
            .build()
            .map_err(|error| Error::config(format!("ca_file: {error}")))?;
        verified_by(builder, Listed::new(roots, certs.clone()))
    } else if let Some(certs) = system {
        builder.with_root_certificates(store(certs)?)
    } else {
        let verifier = rustls_platform_verifier::Verifier::new(provider).map_err(|error| unusable(&error))?;
        verified_by(builder, verifier)
    };
    let mut config = match &settings.client_pem {
        Some(pem) => {
            let unreadable = || Error::config("client_cert: cannot be read");
            let chain = certificates::read(pem).map_err(|_| unreadable())?;
            let keys = PrivateKeyDer::pem_slice_iter(pem).filter_map(Result::ok);
            let key = keys.last().ok_or_else(unreadable)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| unusable(&error))?
        }
        None => builder.with_no_client_auth(),
    };
    config.client_auth_cert_resolver = Arc::new(Noting {
        asked: settings.certificate_asked.clone(),
        chosen: Some(config.client_auth_cert_resolver.clone()),
    });
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The same for a proxy that is spoken to by TLS. The client certificate belongs to the server, as other credentials do:
/// a proxy does not get to see it.
pub(super) fn for_proxy(config: &ClientConfig, asked: &CertificateAsked) -> ClientConfig {
    let mut config = config.clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.client_auth_cert_resolver = Arc::new(Noting {
        asked: asked.clone(),
        chosen: None,
    });
    // The server's sessions were begun with the certificate.
    config.resumption = Resumption::default();
    config
}

type Verifying = ConfigBuilder<ClientConfig, rustls::WantsVerifier>;
type Verified = ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>;

fn verified_by(builder: Verifying, verifier: impl ServerCertVerifier + 'static) -> Verified {
    builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
}

fn store(certs: &[CertificateDer<'static>]) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    for cert in certs {
        store.add(cert.clone()).map_err(|error| unusable(&error))?;
    }
    Ok(store)
}

fn unusable(error: &rustls::Error) -> Error {
    Error::config(format!("the TLS client could not be set up: {error}"))
        .with_hint("if this machine has no CA store, pass ca_file= with the roots to trust; with client_cert=, check that the key belongs to the certificate")
}

/// Whether the server has asked for a client certificate in any handshake of a client. When one is missing, the server's
/// own words for it are too few to know it by.
#[derive(Clone, Debug, Default)]
pub struct CertificateAsked(Arc<AtomicBool>);

impl CertificateAsked {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Shows the certificate that the settings name, and notes that it was asked for.
#[derive(Debug)]
struct Noting {
    asked: CertificateAsked,
    chosen: Option<Arc<dyn ResolvesClientCert>>,
}

impl ResolvesClientCert for Noting {
    fn resolve(&self, issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.set();
        self.chosen.as_ref()?.resolve(issuers, schemes)
    }

    fn has_certs(&self) -> bool {
        self.chosen.as_ref().is_some_and(|chosen| chosen.has_certs())
    }
}
