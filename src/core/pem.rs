//! Do the caller's PEM files hold what they should?

use std::io::Read;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::certificates;
use super::error::Error;
use super::regular_file;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

fn read_file(name: &str, path: &Path) -> Result<Vec<u8>, Error> {
    let shown = path.display();
    let failed = |error| Error::config(format!("{name}: cannot read {shown}: {error}"));
    let (mut file, metadata) = regular_file::open(path).map_err(failed)?;
    // With room for all of it: a buffer that moves would leave copies of a key behind.
    let room = usize::try_from(metadata.len()).unwrap_or_default().saturating_add(1);
    let mut text = Vec::with_capacity(room);
    file.read_to_end(&mut text).map_err(failed)?;
    Ok(text)
}

fn read_pem(name: &str, path: &Path, expected: &str) -> Result<Vec<u8>, Error> {
    let mut text = read_file(name, path)?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len());
    }
    let shown = path.display();
    let marker = format!("{expected}-----");
    if !text.windows(marker.len()).any(|window| window == marker.as_bytes()) {
        return Err(Error::config(format!(
            "{name}: {shown} holds no PEM block of kind {expected}"
        )));
    }
    Ok(text)
}

/// The certificates to trust, each of which can be read: none is passed over.
pub(super) fn read_roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let shown = path.display();
    let unreadable = |number: usize| {
        let message = format!("ca_file: {shown} holds a certificate that cannot be read, number {number} in it");
        Error::config(message)
            .with_hint("look at it with openssl x509 -noout -text, and take out or mend what it does not read")
    };
    let certs = certificates::read(&read_file("ca_file", path)?).map_err(unreadable)?;
    if certs.is_empty() {
        return Err(Error::config(format!(
            "ca_file: {shown} holds no PEM block of kind CERTIFICATE"
        )));
    }
    let mut store = rustls::RootCertStore::empty();
    match certs.iter().position(|cert| store.add(cert.clone()).is_err()) {
        Some(index) => Err(unreadable(index + 1)),
        None => Ok(certs),
    }
}

/// A certificate and its key, which belong together.
pub(super) fn read_identity(paths: &(PathBuf, Option<PathBuf>)) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (cert, key) = paths;
    let mut pem = Zeroizing::new(read_pem("client_cert", cert, "CERTIFICATE")?);
    let key = key.as_deref().unwrap_or(cert);
    let key = Zeroizing::new(read_pem("client_cert", key, "PRIVATE KEY")?);
    if *key != *pem {
        pem.push(b'\n');
        pem.extend_from_slice(&key);
    }
    let unreadable =
        || Error::config("client_cert: certificate and key cannot be read; encrypted keys are not supported");
    let chain = certificates::read(&pem).map_err(|_| unreadable())?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| unreadable())?;
    rustls::ClientConfig::builder()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_client_auth_cert(chain, key)
        .map_err(|_| {
            Error::config("client_cert: the key is not the one of the certificate, or of a kind that is not supported")
        })?;
    Ok(pem)
}
