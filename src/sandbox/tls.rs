//! TLS for a sandbox: with the caller's certificate, and client certificates if a CA for them is given.

use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

/// PEM texts.
#[derive(Clone)]
pub struct Tls {
    /// The chain to show.
    pub certificate: Vec<u8>,
    /// Its key.
    pub key: Vec<u8>,
    /// The CA that clients' certificates must come from; None asks for none.
    pub client_ca: Option<Vec<u8>>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("asks_for_client_certificate", &self.client_ca.is_some())
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// # Errors
    /// If one of the texts can't be read, or the key is not the certificate's.
    pub(super) fn acceptor(&self) -> io::Result<TlsAcceptor> {
        let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("{what} cannot be read"));
        let chain = certificates(&self.certificate).ok_or_else(|| wrong("the certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| wrong("the key"))?;
        let builder = ServerConfig::builder();
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for root in certificates(pem).ok_or_else(|| wrong("the CA for clients"))? {
                    roots.add(root).map_err(|_| wrong("the CA for clients"))?;
                }
                let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build();
                builder.with_client_cert_verifier(verifier.map_err(|_| wrong("the CA for clients"))?)
            }
        };
        let config = builder
            .with_single_cert(chain, key)
            .map_err(|_| wrong("certificate and key together"))?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
    (!found.is_empty()).then_some(found)
}
