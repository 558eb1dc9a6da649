//! The certificates of a file, as they are found in the field: PEM with a byte order mark, indented, glued together, under
//! older labels, with text around; or a single one in DER.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// `TRUSTED CERTIFICATE` is OpenSSL's, `X509 CERTIFICATE` an older name for the same.
const LABELS: [&str; 3] = ["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"];
/// Of a sequence in DER.
const SEQUENCE: u8 = 0x30;

/// All of them, or the number of the first that can't be read, counted from 1.
pub(super) fn read(file: &[u8]) -> Result<Vec<CertificateDer<'static>>, usize> {
    let text = text(file);
    let mut found = Vec::new();
    let mut rest = &*text;
    while let Some((_, behind)) = rest.split_once(BEGIN) {
        rest = behind;
        let Some((label, behind)) = rest.split_once(DASHES) else {
            break;
        };
        if !LABELS.contains(&label.trim()) {
            continue;
        }
        rest = behind;
        let number = found.len() + 1;
        let (body, behind) = rest.split_once(END).ok_or(number)?;
        rest = behind;
        found.push(certificate(body).ok_or(number)?);
    }
    if found.is_empty() && file.first() == Some(&SEQUENCE) {
        return Ok(vec![outer_sequence(file).ok_or(1_usize)?.to_vec().into()]);
    }
    Ok(found)
}

fn text(file: &[u8]) -> Cow<'_, str> {
    match encoding_rs::Encoding::for_bom(file) {
        Some((encoding, _)) => encoding.decode(file).0,
        None => String::from_utf8_lossy(file),
    }
}

fn certificate(body: &str) -> Option<CertificateDer<'static>> {
    let base64: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    let der = STANDARD.decode(base64).ok()?;
    // Behind a trusted one stands what it is trusted for.
    Some(outer_sequence(&der)?.to_vec().into())
}

/// The sequence with which these bytes begin, without what follows.
fn outer_sequence(der: &[u8]) -> Option<&[u8]> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, head) = match first {
        0..=0x7f => (usize::from(first), 2),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7f);
            let bytes = rest.get(..count)?;
            let length = bytes
                .iter()
                .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
            (length, 2 + count)
        }
        _ => return None,
    };
    (tag == SEQUENCE)
        .then(|| der.get(..head.checked_add(length)?))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DER: [u8; 7] = [0x30, 5, 2, 1, 7, 5, 0];

    fn block(label: &str, der: &[u8]) -> String {
        format!(
            "{BEGIN}{label}{DASHES}\n{}\n{END}{label}{DASHES}\n",
            STANDARD.encode(der)
        )
    }

    #[test]
    fn every_form_is_read() {
        let plain = block("CERTIFICATE", &DER);
        let mut trusted = DER.to_vec();
        trusted.extend([0x30, 2, 5, 0]);
        let utf16: Vec<u8> = std::iter::once(0xfeff)
            .chain(plain.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let forms: [(Vec<u8>, usize); 13] = [
            (plain.clone().into_bytes(), 1),
            (plain.replace('\n', "\r\n").into_bytes(), 1),
            (plain.replace('\n', "\r").into_bytes(), 1),
            (plain.replace('\n', "\n   ").into_bytes(), 1),
            (plain.replace('\n', "").into_bytes(), 1),
            (format!("\u{feff}{plain}").into_bytes(), 1),
            (format!("{0}{0}", plain.trim_end()).into_bytes(), 2),
            (format!("subject=CN\n{plain}more\n{plain}").into_bytes(), 2),
            (block("TRUSTED CERTIFICATE", &trusted).into_bytes(), 1),
            (block("X509 CERTIFICATE", &DER).into_bytes(), 1),
            (format!("{}{plain}", block("PRIVATE KEY", &[1, 2, 3])).into_bytes(), 1),
            (DER.to_vec(), 1),
            (utf16, 1),
        ];
        for (file, count) in forms {
            let found = read(&file).unwrap();
            assert_eq!(found.len(), count, "{}", String::from_utf8_lossy(&file));
            assert!(found.iter().all(|der| **der == DER));
        }
        assert_eq!(read(b"no certificate").unwrap(), []);
    }

    #[test]
    fn none_is_passed_over() {
        let plain = block("CERTIFICATE", &DER);
        for (second, text) in [
            ("no end", "-----BEGIN CERTIFICATE-----\nMAUC"),
            ("no base64", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"),
            ("no sequence", &block("CERTIFICATE", &[2, 1, 7])),
            ("cut", &block("CERTIFICATE", &DER[..5])),
            ("empty", &block("CERTIFICATE", &[])),
        ] {
            assert_eq!(read(format!("{plain}{text}").as_bytes()), Err(2), "{second}");
        }
        assert_eq!(read(&DER[..4]), Err(1));
    }
}
