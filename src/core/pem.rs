//! Do the caller's PEM files hold what they should?

use std::io::Read;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::error::Error;
use super::regular_file;

fn read_pem(name: &str, path: &Path, expected: &str) -> Result<Vec<u8>, Error> {
    let shown = path.display();
    let failed = |error| Error::config(format!("{name}: cannot read {shown}: {error}"));
    let (mut file, metadata) = regular_file::open(path).map_err(failed)?;
    // With room for all of it: a buffer that moves would leave copies of a key behind.
    let room = usize::try_from(metadata.len()).unwrap_or_default().saturating_add(1);
    let mut text = Vec::with_capacity(room);
    file.read_to_end(&mut text).map_err(failed)?;
    let marker = format!("{expected}-----");
    if !text.windows(marker.len()).any(|window| window == marker.as_bytes()) {
        return Err(Error::config(format!(
            "{name}: {shown} holds no PEM block of kind {expected}"
        )));
    }
    Ok(text)
}

/// The roots to trust, each of which can be read.
pub(super) fn read_roots(path: &Path) -> Result<Vec<u8>, Error> {
    let pem = read_pem("ca_file", path, "CERTIFICATE")?;
    let mut store = rustls::RootCertStore::empty();
    for cert in CertificateDer::pem_slice_iter(&pem) {
        let added = cert.is_ok_and(|cert| store.add(cert).is_ok());
        if !added {
            let shown = path.display();
            return Err(Error::config(format!(
                "ca_file: {shown} holds a certificate that cannot be read"
            )));
        }
    }
    Ok(pem)
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
        |_| Error::config("client_cert: certificate and key cannot be read; encrypted keys are not supported");
    let chain = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(unreadable)?;
    rustls::ClientConfig::builder()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_client_auth_cert(chain, key)
        .map_err(|_| {
            Error::config("client_cert: the key is not the one of the certificate, or of a kind that is not supported")
        })?;
    Ok(pem)
}
