//! What the TLS library says about a failure, in words for people: its own show names of its source code.

use rustls::{AlertDescription, CertificateError, Error};

/// The failure, without a full stop.
pub(super) fn of(error: &Error) -> String {
    let text = match error {
        Error::AlertReceived(alert) => return format!("the server sent the alert {}", alert_name(*alert)),
        Error::InvalidCertificate(why) => return format!("the server's certificate was refused: {}", certificate(why)),
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            "the server sent a TLS message out of its order"
        }
        Error::InvalidMessage(_) => "what the server sent is no TLS message",
        Error::PeerIncompatible(_) => "the server and this client have no TLS version or algorithm in common",
        Error::PeerMisbehaved(_) => "the server does not keep to the rules of TLS",
        Error::InvalidCertRevocationList(_) => "the list of revoked certificates cannot be used",
        Error::NoCertificatesPresented => "the server sent no certificate",
        Error::UnsupportedNameType => "the host's name is none that TLS can check",
        Error::DecryptError => "what the server sent cannot be decrypted",
        Error::InvalidEncryptedClientHello(_) => "the server does not take an encrypted hello",
        Error::EncryptError => "the message cannot be encrypted",
        Error::PeerSentOversizedRecord => "the server sent a record that is too large",
        Error::HandshakeNotComplete => "the handshake was not complete",
        Error::NoApplicationProtocol => "the server speaks neither HTTP/2 nor HTTP/1.1",
        Error::FailedToGetCurrentTime => "this machine does not tell the time",
        Error::FailedToGetRandomBytes => "this machine gives no random numbers",
        Error::InconsistentKeys(_) => "the key does not belong to the certificate",
        _ => "the TLS library failed",
    };
    text.to_owned()
}

/// As the RFC writes it, such as `handshake_failure`; the number of one that has no name.
fn alert_name(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::UnknownCA => "unknown_ca".to_owned(),
        AlertDescription::UnknownPSKIdentity => "unknown_psk_identity".to_owned(),
        known => split(&format!("{known:?}"), '_').unwrap_or_else(|| u8::from(alert).to_string()),
    }
}

/// `OneTwo` as `one_two`; None if it is no such name.
fn split(name: &str, separator: char) -> Option<String> {
    let is_name = name.starts_with(|letter: char| letter.is_ascii_uppercase());
    if !is_name || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let mut text = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push(separator);
        }
        text.push(letter.to_ascii_lowercase());
    }
    Some(text)
}

/// Of `DnsName("host.test")` the part inside.
fn inside(name: &str) -> String {
    let name = name
        .split_once('(')
        .map_or(name, |(_, rest)| rest)
        .trim_end_matches(')');
    let name = name.trim_matches('"');
    name.chars().filter(char::is_ascii_graphic).take(100).collect()
}

fn certificate(error: &CertificateError) -> String {
    let text = match error {
        CertificateError::BadEncoding => "it cannot be read",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet",
        CertificateError::Revoked => "it was revoked",
        CertificateError::UnhandledCriticalExtension => "it has a critical extension that is not understood",
        CertificateError::UnknownIssuer => "its issuer is not trusted",
        CertificateError::UnknownRevocationStatus => "whether it was revoked is not known",
        CertificateError::ExpiredRevocationList | CertificateError::ExpiredRevocationListContext { .. } => {
            "the list of revoked certificates has expired"
        }
        CertificateError::BadSignature => "its signature is wrong",
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "it is signed with an algorithm that is not supported"
        }
        CertificateError::NotValidForName => "it is for another name",
        CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            let names: Vec<_> = presented.iter().take(8).map(|name| inside(name)).collect();
            return format!("it is for another name, {}", names.join(", "));
        }
        CertificateError::NotValidForNameContext { .. } => "it is for no name",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "it is not for a server, but for another purpose"
        }
        CertificateError::InvalidOcspResponse => "what it says about its revocation cannot be read",
        CertificateError::ApplicationVerificationFailure => "the operating system does not accept it",
        // The verifier has errors of its own, such as `CaUsedAsEndEntity`.
        CertificateError::Other(other) => match split(&other.to_string(), ' ') {
            Some(words) => return words,
            None => "it is not acceptable",
        },
        _ => "it is not acceptable",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::pki_types::{ServerName, UnixTime};
    use rustls::{
        CertRevocationListError, ContentType, HandshakeType, InconsistentKeys, InvalidMessage, OtherError,
        PeerIncompatible, PeerMisbehaved,
    };

    use super::*;

    fn other(text: &str) -> OtherError {
        OtherError(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(text)))
    }

    #[test]
    fn every_failure_has_words_without_names_of_source_code() {
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_000_000));
        let certificates = [
            (CertificateError::BadEncoding, "cannot be read"),
            (CertificateError::Expired, "has expired"),
            (
                CertificateError::ExpiredContext {
                    time: now,
                    not_after: now,
                },
                "has expired",
            ),
            (CertificateError::NotValidYet, "not valid yet"),
            (
                CertificateError::NotValidYetContext {
                    time: now,
                    not_before: now,
                },
                "not valid yet",
            ),
            (CertificateError::Revoked, "revoked"),
            (CertificateError::UnknownIssuer, "its issuer is not trusted"),
            (CertificateError::BadSignature, "signature is wrong"),
            (CertificateError::NotValidForName, "another name"),
            (
                CertificateError::NotValidForNameContext {
                    expected: ServerName::try_from("a.test").unwrap(),
                    presented: vec!["DnsName(\"b.test\")".to_owned(), "IpAddress(127.0.0.1)".to_owned()],
                },
                "it is for another name, b.test, 127.0.0.1",
            ),
            (CertificateError::InvalidPurpose, "another purpose"),
            (
                CertificateError::Other(other("CaUsedAsEndEntity")),
                "refused: ca used as end entity",
            ),
            (
                CertificateError::Other(other("UnsupportedKey(Rsa { bits: 512 })")),
                "not acceptable",
            ),
        ];
        let table = certificates
            .into_iter()
            .map(|(error, words)| (Error::InvalidCertificate(error), words))
            .chain([
                (
                    Error::AlertReceived(AlertDescription::HandshakeFailure),
                    "the alert handshake_failure",
                ),
                (
                    Error::AlertReceived(AlertDescription::UnknownCA),
                    "the alert unknown_ca",
                ),
                (
                    Error::AlertReceived(AlertDescription::CertificateRequired),
                    "the alert certificate_required",
                ),
                (Error::AlertReceived(AlertDescription::from(200)), "the alert 200"),
                (
                    Error::InappropriateMessage {
                        expect_types: vec![ContentType::Handshake],
                        got_type: ContentType::ApplicationData,
                    },
                    "out of its order",
                ),
                (
                    Error::InappropriateHandshakeMessage {
                        expect_types: vec![HandshakeType::ServerHello],
                        got_type: HandshakeType::Finished,
                    },
                    "out of its order",
                ),
                (
                    Error::InvalidMessage(InvalidMessage::InvalidContentType),
                    "no TLS message",
                ),
                (Error::PeerIncompatible(PeerIncompatible::Tls12NotOffered), "in common"),
                (
                    Error::PeerMisbehaved(PeerMisbehaved::DuplicateEncryptedExtensions),
                    "rules of TLS",
                ),
                (
                    Error::InvalidCertRevocationList(CertRevocationListError::BadSignature),
                    "list of revoked",
                ),
                (
                    Error::InconsistentKeys(InconsistentKeys::KeyMismatch),
                    "does not belong",
                ),
                (Error::DecryptError, "cannot be decrypted"),
                (
                    Error::General("Other(OtherError(\"x\"))".to_owned()),
                    "the TLS library failed",
                ),
                (
                    Error::Other(other("Other(OtherError(\"x\"))")),
                    "the TLS library failed",
                ),
            ]);
        for (error, words) in table {
            let text = of(&error);
            assert!(text.contains(words), "{error:?}: {text}");
            for code in ["::", "(", "\"", "{", "Error", "docs.rs"] {
                assert!(!text.contains(code), "{error:?}: {text}");
            }
        }
    }
}
