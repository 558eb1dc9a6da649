//! What a credential can't look like. A value that can't be the credential is refused before it is sent: a server would
//! record it, and count it towards a lock.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::error::Error;
use super::secret::Secret;
use super::secret_file::BYTES_MAX;

/// A credential by the argument that gives it, and the forms that it can't have.
#[derive(Debug, PartialEq, Eq)]
pub struct CredentialKind {
    /// The argument's name.
    pub name: &'static str,
    form: Form,
}

#[derive(Debug, PartialEq, Eq)]
enum Form {
    /// A person chose it: blanks and quotes can belong to it.
    Chosen,
    /// It stands alone: not within quotes or blanks, and none of these words in front.
    Bare(&'static [&'static str]),
    /// The same, and a server made it: it neither begins nor ends with a quote.
    Generated(&'static [&'static str]),
    /// A part of a path or a query: letters, digits and `-._~`.
    Identifier,
}

impl CredentialKind {
    /// A user's password.
    pub const PASSWORD: Self = Self::new("password", Form::Chosen);
    /// A token that is sent behind the name of its scheme.
    pub const TOKEN: Self = Self::new("token", Form::Generated(&["bearer", "token", "basic", "authorization"]));
    /// The secret of an application, which is sent in a header of its own.
    pub const CLIENT_SECRET: Self = Self::new(
        "client_secret",
        Form::Bare(&["bearer", "basic", "authorization", "clientsecret", "client_secret"]),
    );
    /// Sectona's access key.
    pub const ACCESS_KEY: Self = Self::new("access_key", Form::Bare(&["basic", "authorization", ACCESS_KEY_USER]));
    /// The uuid of an access token, which opens agents.
    pub const UUID: Self = Self::new("uuid", Form::Identifier);
    /// The same where an operation on the token itself takes it.
    pub const TOKEN_UUID: Self = Self::new("token", Form::Identifier);

    const fn new(name: &'static str, form: Form) -> Self {
        Self { name, form }
    }

    /// Refuses a value that can't be the credential. Nothing of the value is shown.
    ///
    /// # Errors
    /// If it is empty, too long, or has a form that the credential can't have.
    pub fn check(&self, secret: &Secret) -> Result<(), Error> {
        let text = secret.expose();
        let fault = common_fault(text).or_else(|| match self.form {
            Form::Chosen => None,
            Form::Bare(words) => bare_fault(text, words, false),
            Form::Generated(words) => bare_fault(text, words, true),
            Form::Identifier => identifier_fault(text),
        });
        fault.map_or(Ok(()), |fault| Err(Error::config(format!("{}: {fault}", self.name))))
    }
}

/// The fixed user name in front of an access key.
pub const ACCESS_KEY_USER: &str = "accesskey";

/// A name that is sent beside a secret: an account's, an application's.
///
/// # Errors
/// If it is empty or blank, or holds characters that no name has. Nothing of it is shown: it may be the secret, given in
/// the wrong place.
pub fn check_name(argument: &str, name: &str) -> Result<(), Error> {
    common_fault(name).map_or(Ok(()), |fault| Err(Error::config(format!("{argument}: {fault}"))))
}

fn common_fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("must not be empty");
    }
    if text.len() as u64 > BYTES_MAX {
        return Some("must not be longer than 64 KiB");
    }
    if text.trim().is_empty() {
        return Some("must not be blank");
    }
    // Most are plain: looked at byte by byte.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    text.chars().find_map(|c| match c {
        '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
            Some("must hold no line break; leave out the one at the end of a file or of a command's output")
        }
        '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
            Some("must hold no byte order mark; save the file as UTF-8 without one")
        }
        c if c.is_control() => Some("must hold no control characters, such as NUL or tab"),
        _ => None,
    })
}

fn bare_fault(text: &str, words: &[&str], is_generated: bool) -> Option<&'static str> {
    const QUOTES: [char; 9] = [
        '"', '\'', '`', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}', '\u{ab}', '\u{bb}',
    ];
    if text.trim() != text {
        return Some("must have no blanks around it");
    }
    let (first, last) = (text.starts_with(QUOTES), text.ends_with(QUOTES));
    if (first && last) || (is_generated && (first || last)) {
        return Some("must be the bare value; leave out the quotes around it");
    }
    // The word and the value: what goes on behind a second blank is no header's value that somebody copied.
    let is_word = |word: &&str| {
        let (Some(start), Some(rest)) = (text.get(..word.len()), text.get(word.len()..)) else {
            return false;
        };
        let is_set = rest.starts_with([':', '=']);
        let is_alone = rest.starts_with(char::is_whitespace) && !rest.trim_start().contains(char::is_whitespace);
        start.eq_ignore_ascii_case(word) && (is_set || is_alone)
    };
    if words.iter().any(is_word) {
        return Some("must be the bare value; leave out the word in front of it, such as Basic, Bearer or Token");
    }
    if words.contains(&ACCESS_KEY_USER) && is_encoded_pair(text) {
        return Some("must be the bare key; it is encoded together with the user name already");
    }
    None
}

/// Whether it is user name and key as the Basic scheme encodes them.
fn is_encoded_pair(text: &str) -> bool {
    let Ok(decoded) = STANDARD.decode(text).map(Zeroizing::new) else {
        return false;
    };
    let user = decoded.split(|byte| *byte == b':').next();
    decoded.contains(&b':') && user.is_some_and(|user| user.eq_ignore_ascii_case(ACCESS_KEY_USER.as_bytes()))
}

fn identifier_fault(text: &str) -> Option<&'static str> {
    let is_kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !text.bytes().all(is_kept) || text.bytes().all(|byte| byte == b'.') {
        return Some("must be a uuid: letters, digits and dashes, without blanks, quotes or slashes");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [CredentialKind; 6] = [
        CredentialKind::PASSWORD,
        CredentialKind::TOKEN,
        CredentialKind::CLIENT_SECRET,
        CredentialKind::ACCESS_KEY,
        CredentialKind::UUID,
        CredentialKind::TOKEN_UUID,
    ];

    fn is_refused(kind: &CredentialKind, text: &str) -> bool {
        let Err(error) = kind.check(&Secret::new(text)) else {
            return false;
        };
        assert!(error.message().starts_with(&format!("{}: must ", kind.name)), "{error}");
        assert!(!error.to_string().contains("hunter22"), "{error}");
        true
    }

    #[test]
    fn no_credential_holds_what_cannot_be_typed() {
        for bad in [
            "",
            "hunter22\n",
            "hunter22\r\n",
            "\nhunter22",
            "hunter\u{2028}22",
            "hunter22\0",
            "hunter\t22",
            "hunter22\u{7f}",
            "hunter22\u{85}",
            "\u{feff}hunter22",
            "hunter22\u{fffe}",
            " ",
            "\u{a0}",
            &"hunter22".repeat(8193),
        ] {
            for kind in &KINDS {
                assert!(is_refused(kind, bad), "{kind:?} {bad:?}");
            }
        }
        for kind in &KINDS {
            assert!(!is_refused(kind, "7ba167aa-631c-4771-b197-fcb459cc7fd7"), "{kind:?}");
        }
    }

    #[test]
    fn passwords_are_the_affair_of_who_chose_them() {
        for good in [
            " p w ",
            "\"hunter22\"",
            "Bearer hunter22",
            "p]]>&\"'ä",
            "🐘",
            "a:b",
            "a\u{a0}",
        ] {
            assert!(!is_refused(&CredentialKind::PASSWORD, good), "{good:?}");
        }
    }

    #[test]
    fn what_stands_around_a_bare_value_is_refused() {
        let pair = STANDARD.encode("AccessKey:hunter22");
        let table: [(&CredentialKind, &[&str], &[&str]); 3] = [
            (
                &CredentialKind::TOKEN,
                &[
                    "Bearer hunter22",
                    "bearer\u{a0}hunter22",
                    "TOKEN hunter22",
                    "token=hunter22",
                    "Authorization: hunter22",
                    "'hunter22",
                    "hunter22\"",
                ],
                &[
                    "bearer",
                    "tokenhunter22",
                    "ws12:ab:-3f.01",
                    "Basic-hunter22",
                    "token of a kind",
                    "ca\"n&a<r>y\\47/11 ä",
                    "=",
                ],
            ),
            (
                &CredentialKind::CLIENT_SECRET,
                &["Basic hunter22", "ClientSecret: hunter22"],
                &["token hunter22", "a b", "client_secrets"],
            ),
            (
                &CredentialKind::ACCESS_KEY,
                &["Basic hunter22", "accesskey:hunter22", "AccessKey hunter22", &pair],
                &["k:ey ä€", "5'", "Bearer hunter22", "accesskeys", "basic", "YWJj"],
            ),
        ];
        for (kind, refused, taken) in table {
            for around in [
                "\"hunter22\"",
                "'hunter22'",
                "`hunter22`",
                "“hunter22”",
                " hunter22",
                "hunter22 ",
            ]
            .iter()
            .chain(refused)
            {
                assert!(is_refused(kind, around), "{kind:?} {around:?}");
            }
            for good in taken {
                assert!(!is_refused(kind, good), "{kind:?} {good:?}");
            }
        }
    }

    #[test]
    fn a_uuid_is_a_part_of_a_path() {
        for bad in [
            " ",
            "a b",
            "a\u{a0}b",
            ".",
            "..",
            "...",
            "a/b",
            "a\\b",
            "a?b",
            "a#b",
            "a%2fb",
            "\"a\"",
            "{a}",
            "urn:uuid:a",
            "ä",
        ] {
            assert!(is_refused(&CredentialKind::UUID, bad), "{bad:?}");
        }
        for good in ["u-u-i-d", "0B6A0A5E", "a.b", "a_b~"] {
            assert!(!is_refused(&CredentialKind::UUID, good), "{good:?}");
        }
    }

    #[test]
    fn names_are_told_by_their_argument() {
        for bad in ["", " ", "\u{a0}", "a\n", "a\0", "\u{feff}a"] {
            let told = check_name("username", bad).unwrap_err();
            assert!(told.message().starts_with("username: must "), "{told}");
        }
        assert!(check_name("username", "CORP\\jdoe (ops)").is_ok());
    }
}
