//! What to do about a TLS handshake that failed.

use rustls::{AlertDescription, CertificateError, Error};

use super::config::Settings;

const CERTIFICATE_HINT: &str = "the server wants a client certificate: pass client_cert=";
const PROXY_CERTIFICATE_HINT: &str = "the proxy wants a client certificate, and client_cert= is shown to the server of url alone: have the proxy take a login in its place, or go through a local proxy that shows one (such as stunnel)";
const REFUSED_CERTIFICATE_HINT: &str =
    "the server does not accept the client certificate: pass client_cert= with one that it trusts";
const VERSIONS_HINT: &str =
    "the server offers neither TLS 1.2 nor 1.3 with forward secrecy; older versions are not supported";

/// Whether the server asked for a client certificate, and the caller gave none.
fn wants_certificate(settings: &Settings) -> bool {
    settings.certificate_asked.is_set() && settings.client_pem.is_none()
}

/// What to do where the other end of TLS asked for a client certificate, and got none. Without a tunnel, the proxy is
/// that end.
pub(super) fn of_missing_certificate(settings: &Settings) -> Option<&'static str> {
    if settings.is_https {
        wants_certificate(settings).then_some(CERTIFICATE_HINT)
    } else {
        of_proxys_wish(settings)
    }
}

/// The same of a proxy.
pub(super) fn of_proxys_wish(settings: &Settings) -> Option<&'static str> {
    settings
        .proxy_certificate_asked
        .is_set()
        .then_some(PROXY_CERTIFICATE_HINT)
}

/// The hint for this failure with a proxy.
pub(super) fn of_proxy(error: &Error, settings: &Settings) -> &'static str {
    match error {
        Error::AlertReceived(AlertDescription::CertificateRequired) => PROXY_CERTIFICATE_HINT,
        Error::AlertReceived(alert) => of_proxys_wish(settings).unwrap_or_else(|| of_alert(*alert, false)),
        Error::InvalidMessage(_) => "the proxy does not answer with TLS: check scheme and port in proxy=",
        _ => of(error, settings),
    }
}

/// The hint for this failure, by what the caller has given already.
pub(super) fn of(error: &Error, settings: &Settings) -> &'static str {
    match error {
        Error::InvalidCertificate(error) => of_certificate(error, settings.ca_certs.is_some()),
        // Many servers have no other word for a certificate that is missing.
        Error::AlertReceived(_) if wants_certificate(settings) => CERTIFICATE_HINT,
        Error::AlertReceived(alert) => of_alert(*alert, settings.certificate_asked.is_set()),
        Error::PeerIncompatible(_) => VERSIONS_HINT,
        Error::InvalidMessage(_) if settings.route.shown().is_some() => {
            "what answers through the proxy does not speak TLS: check scheme and port in url, and whether the proxy connects through or answers by itself"
        }
        Error::InvalidMessage(_) => "the server does not answer with TLS: check scheme and port in url",
        _ => "check the certificate and the TLS versions of the server",
    }
}

fn of_certificate(error: &CertificateError, has_ca_file: bool) -> &'static str {
    match error {
        CertificateError::UnknownIssuer if has_ca_file => "the certificate was not issued by a CA in ca_file",
        CertificateError::UnknownIssuer => {
            "the certificate's issuer is not trusted: pass ca_file= with the CA that issued it"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired: it must be renewed there"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet: check this machine's clock, and the dates of the certificate"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another name: use the name it was issued for in url"
        }
        CertificateError::Revoked => "the server's certificate was revoked: it must be replaced there",
        // webpki: `CaUsedAsEndEntity`.
        CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => {
            "the server shows a CA's certificate as its own: put this very certificate into ca_file, or have the server show one that the CA issued for its name"
        }
        CertificateError::BadSignature if has_ca_file => {
            "ca_file holds a CA of this name with another key: put the one into it that issued the certificate"
        }
        _ if has_ca_file => {
            "ca_file is not at fault: the certificate itself is refused, and the server needs another one"
        }
        _ => "the server's certificate was refused: pass ca_file= if a private CA issued it",
    }
}

fn of_alert(alert: AlertDescription, was_asked: bool) -> &'static str {
    match alert {
        AlertDescription::CertificateRequired => CERTIFICATE_HINT,
        AlertDescription::HandshakeFailure if was_asked => REFUSED_CERTIFICATE_HINT,
        AlertDescription::BadCertificate
        | AlertDescription::UnknownCA
        | AlertDescription::CertificateUnknown
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateRevoked
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::AccessDenied => REFUSED_CERTIFICATE_HINT,
        AlertDescription::UnrecognisedName => "the server does not serve this host name: check the host in url",
        AlertDescription::HandshakeFailure
        | AlertDescription::ProtocolVersion
        | AlertDescription::InsufficientSecurity => VERSIONS_HINT,
        _ => "check the certificate and the TLS versions of the server",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{InvalidMessage, OtherError, PeerIncompatible};
    use zeroize::Zeroizing;

    use super::*;
    use crate::core::config::Options;
    use crate::core::error::System;

    fn settings(has_ca_file: bool, has_certificate: bool) -> Settings {
        let mut settings = Settings::new(System::Sectona, &[], &Options::new("https://h.test")).unwrap();
        settings.ca_certs = has_ca_file.then(Vec::new);
        settings.client_pem = has_certificate.then(|| Zeroizing::new(Vec::new()));
        settings
    }

    #[test]
    fn no_hint_advises_what_was_done() {
        let other = |text: &str| {
            CertificateError::Other(OtherError(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(
                text,
            ))))
        };
        let cases = [
            (
                CertificateError::UnknownIssuer,
                "pass ca_file= with the CA that issued it",
                "not issued by a CA in ca_file",
            ),
            (
                other("CaUsedAsEndEntity"),
                "shows a CA's certificate as its own",
                "shows a CA's certificate as its own",
            ),
            (
                other("UnsupportedCertVersion"),
                "pass ca_file= if a private CA",
                "ca_file is not at fault",
            ),
            (
                CertificateError::BadSignature,
                "pass ca_file= if a private CA",
                "a CA of this name with another key",
            ),
            (
                CertificateError::BadEncoding,
                "pass ca_file= if a private CA",
                "ca_file is not at fault",
            ),
            (CertificateError::Expired, "renewed there", "renewed there"),
            (
                CertificateError::NotValidYet,
                "this machine's clock",
                "this machine's clock",
            ),
            (CertificateError::Revoked, "replaced there", "replaced there"),
            (
                CertificateError::NotValidForName,
                "the name it was issued for",
                "the name it was issued for",
            ),
        ];
        for (error, without, with) in cases {
            let error = Error::InvalidCertificate(error);
            for (has_ca_file, wanted) in [(false, without), (true, with)] {
                let hint = of(&error, &settings(has_ca_file, false));
                assert!(hint.contains(wanted), "{error}: {hint}");
                assert!(!has_ca_file || !hint.contains("pass ca_file="), "{error}: {hint}");
            }
        }
    }

    #[test]
    fn a_certificate_that_was_asked_for_comes_before_all_else() {
        let alert = Error::AlertReceived(AlertDescription::HandshakeFailure);
        assert_eq!(of(&alert, &settings(false, false)), VERSIONS_HINT);
        let asked = settings(false, false);
        asked.certificate_asked.set();
        assert_eq!(of(&alert, &asked), CERTIFICATE_HINT);
        let shown = settings(false, true);
        shown.certificate_asked.set();
        assert_eq!(of(&alert, &shown), REFUSED_CERTIFICATE_HINT);
        let unknown = Error::AlertReceived(AlertDescription::UnknownCA);
        assert_eq!(of(&unknown, &settings(false, true)), REFUSED_CERTIFICATE_HINT);
        let name = Error::AlertReceived(AlertDescription::UnrecognisedName);
        assert!(of(&name, &settings(false, false)).contains("check the host in url"));
        let old = Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13);
        assert_eq!(of(&old, &settings(true, true)), VERSIONS_HINT);
        let clear = Error::InvalidMessage(InvalidMessage::InvalidContentType);
        assert!(of(&clear, &settings(false, false)).contains("check scheme and port"));
    }
}
