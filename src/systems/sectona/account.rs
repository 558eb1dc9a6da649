//! One account's secret as the vault hands it out. Its texts are never trimmed, unescaped twice or repaired.
//!
//! Documented: <https://docs.sectona.com/pam-technical-documentation/6.0/api-password-vault>

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::value::RawValue;

use super::date;
use super::json::{Members, unescaped};
use crate::core::lenient;
use crate::core::record::Extra;
use crate::core::secret::Secret;

/// An account with its password or key.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
#[derive(Clone, PartialEq)]
pub struct VaultAccount {
    /// The type of asset, as it is named in Sectona.
    pub asset_type: Option<String>,
    /// Host name or address.
    pub asset_host: Option<String>,
    /// The account's name on the asset.
    pub account_name: Option<String>,
    /// How one logs in with it, in the server's word, such as `KeyBased_SecretKey`.
    pub authentication_type: Option<String>,
    /// The type of account, such as `Local`.
    pub account_type: Option<String>,
    /// The password; of accounts with a key presumably the key (inferred). It may be empty.
    pub password: Secret,
    /// Of accounts with a key its passphrase, of those with key and secret key the secret key; empty for passwords,
    /// and if the server sends none.
    pub pass_phrase: Secret,
    /// Who made it; may be empty.
    pub created_by: Option<String>,
    /// When it was made, as it is written there.
    pub created_on_text: Option<String>,
    /// Its status, such as `Active`.
    pub status: Option<String>,
    /// The same moment as `created_on_text`, if that can be read.
    pub created_on: Option<Timestamp>,
    /// What `authentication_type` means: `password`, `key`, `key_with_secret` (a key and a secret key), or `other` for
    /// words not known. Only `KeyBased_SecretKey` is documented, the other spellings are inferred.
    pub kind: String,
    /// Fields of the answer that this version does not know, by their own names.
    pub extra: Extra,
}

impl VaultAccount {
    /// Reads the record in `Result`. The reason it can't be read holds nothing of it.
    pub(crate) fn read(json: &str) -> Result<Self, &'static str> {
        let members = record(json).ok_or("Result is not one JSON object, or holds a member twice")?;
        let (mut texts, mut secrets, mut extra) = (<[Option<String>; 8]>::default(), [None, None], Vec::new());
        for (name, raw) in members.0 {
            if let Some((_, text)) = TEXTS.iter().zip(&mut texts).find(|(known, _)| **known == name) {
                *text = lenient::text_in(raw);
                if text.is_some() || raw == "null" {
                    continue;
                }
            }
            if let Some((_, secret)) = SECRETS.iter().zip(&mut secrets).find(|(known, _)| **known == name) {
                if raw != "null" {
                    let text = unescaped(raw).ok_or(if name == "Password" {
                        "Password in Result is not a text"
                    } else {
                        "PassPhrase in Result is not a text"
                    })?;
                    // From a borrowed text: its copy is exactly as long, so none is left behind by shrinking.
                    *secret = Some(Secret::new(text.as_str()));
                }
                continue;
            }
            extra.extend(kept(&name, raw));
        }
        let [
            asset_type,
            asset_host,
            account_name,
            authentication_type,
            account_type,
            created_by,
            created_on_text,
            status,
        ] = texts;
        let [password, pass_phrase] = secrets;
        Ok(Self {
            password: password.ok_or("Result holds no Password")?,
            pass_phrase: pass_phrase.unwrap_or_else(|| Secret::new("")),
            asset_type,
            asset_host,
            account_name,
            kind: kind_of(authentication_type.as_deref().unwrap_or_default()).to_owned(),
            authentication_type,
            account_type,
            created_by,
            created_on: created_on_text.as_deref().and_then(date::parse),
            created_on_text,
            status,
            extra: Extra(extra),
        })
    }

    /// Which name of the account that was asked for the record contradicts, with what it has instead. A name that is
    /// missing says nothing, and neither does one of nothing but X or asterisks, which the vendor's page prints.
    pub(crate) fn contradicts(&self, asset_host: &str, account_name: &str) -> Option<(&'static str, &str)> {
        let other_host = told(&self.asset_host).filter(|told| !is_same_host(told, asset_host));
        let other_name = told(&self.account_name).filter(|told| !is_same_account(told, account_name));
        other_host
            .map(|told| ("AssetHost", told))
            .or_else(|| other_name.map(|told| ("AccountName", told)))
    }

    /// The field that holds a private key, told by its content: where the key stands is not documented.
    pub fn private_key(&self) -> Option<&Secret> {
        [&self.password, &self.pass_phrase].into_iter().find(|secret| {
            let text = secret.expose();
            (text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----"))
                || text.trim_start().starts_with("PuTTY-User-Key-File-")
        })
    }
}

/// The members of the record, which may stand alone in an object around it, as in XML of the shape
/// `<Result><Account>…</Account></Result>`.
fn record(json: &str) -> Option<Members<'_>> {
    let mut members = Members::read(json)?;
    while let [(_, raw)] = members.0.as_slice()
        && raw.starts_with('{')
    {
        members = Members::read(raw)?;
    }
    Some(members)
}

/// Whether a member of the record is a text, whatever its notation adds.
pub(super) fn is_text_field(name: &str) -> bool {
    TEXTS.contains(&name) || SECRETS.contains(&name)
}

fn told(name: &Option<String>) -> Option<&str> {
    let name = name.as_deref()?.trim();
    let is_placeholder = name.len() >= 3 && name.chars().all(|c| matches!(c, 'X' | '*'));
    (!name.is_empty() && !is_placeholder).then_some(name)
}

fn is_same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// An asset has a name and an address, and can be asked for by either. A name may stand there without its domain.
fn is_same_host(one: &str, other: &str) -> bool {
    let is_address = |host: &str| host.trim().parse::<IpAddr>().is_ok();
    if is_address(one) != is_address(other) {
        return true;
    }
    is_same(one, other)
        || (!is_address(one) && is_same_but_for(one, other, |host| host.split_once('.').map(|(name, _)| name)))
}

/// A name may stand there without its domain, as `CORP\name` or `name@corp.example`.
fn is_same_account(one: &str, other: &str) -> bool {
    is_same(one, other)
        || is_same_but_for(one, other, |name| name.split_once('\\').map(|(_, local)| local))
        || is_same_but_for(one, other, |name| name.rsplit_once('@').map(|(local, _)| local))
}

/// Whether one of them has a domain and the other has not, and they are the same without it.
fn is_same_but_for(one: &str, other: &str, without_domain: fn(&str) -> Option<&str>) -> bool {
    match (without_domain(one), without_domain(other)) {
        (Some(local), None) => is_same(local, other),
        (None, Some(local)) => is_same(one, local),
        _ => false,
    }
}

fn kind_of(authentication_type: &str) -> &'static str {
    let mut word = authentication_type.to_ascii_lowercase();
    word.retain(|c| c.is_ascii_alphanumeric());
    match word.as_str() {
        "password" | "passwordbased" => "password",
        "key" | "keybased" => "key",
        "keybasedsecretkey" => "key_with_secret",
        _ => "other",
    }
}

const TEXTS: [&str; 8] = [
    "AssetType",
    "AssetHost",
    "AccountName",
    "AccountAuthenticationType",
    "AccountType",
    "CreatedBy",
    "CreatedOn",
    "Status",
];

const SECRETS: [&str; 2] = ["Password", "PassPhrase"];

/// What has no field, and texts that could not be read.
fn kept(name: &str, raw: &str) -> Option<(String, Box<RawValue>)> {
    Some((name.to_owned(), RawValue::from_string(raw.to_owned()).ok()?))
}

impl fmt::Debug for VaultAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown: Vec<&str> = self.extra.0.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("VaultAccount")
            .field("asset_type", &self.asset_type)
            .field("asset_host", &self.asset_host)
            .field("account_name", &self.account_name)
            .field("authentication_type", &self.authentication_type)
            .field("account_type", &self.account_type)
            .field("password", &self.password)
            .field("pass_phrase", &self.pass_phrase)
            .field("created_by", &self.created_by)
            .field("created_on_text", &self.created_on_text)
            .field("status", &self.status)
            .field("kind", &self.kind)
            // By name only: what is not known may be a secret.
            .field("extra", &unknown)
            .finish_non_exhaustive()
    }
}

crate::fields!(VaultAccount {
    asset_type,
    asset_host,
    account_name,
    authentication_type,
    account_type,
    password,
    pass_phrase,
    created_by,
    created_on,
    created_on_text,
    status,
    kind,
    extra
});

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::envelope;
    use super::*;

    /// The page's record, with values where it prints placeholders.
    const RECORD: &str = r#"{
"AssetType": "Unix Based",
"AssetHost": "web01.example.net",
"AccountName": "deploy",
"AccountAuthenticationType": "KeyBased_SecretKey",
"AccountType": "Local",
"Password": "a key",
"PassPhrase": "a secret key",
"CreatedBy": "",
"CreatedOn": "03 Jun 2019 15:22:11 GMT 05:30:00",
"Status": "Active"
}"#;

    #[test]
    fn the_documented_record_is_read() {
        let account = VaultAccount::read(RECORD).unwrap();
        assert_eq!(account.asset_type.as_deref(), Some("Unix Based"));
        assert_eq!(
            (account.kind.as_str(), account.created_by.as_deref()),
            ("key_with_secret", Some(""))
        );
        assert_eq!(account.created_on.unwrap().to_string(), "2019-06-03T09:52:11Z");
        assert_eq!(account.status.as_deref(), Some("Active"));
        assert_eq!(
            (account.asset_host.as_deref(), account.account_name.as_deref()),
            (Some("web01.example.net"), Some("deploy"))
        );
        assert_eq!(
            (account.password.expose(), account.pass_phrase.expose()),
            ("a key", "a secret key")
        );
        assert!(account.extra.0.is_empty());
        let shown = format!("{account:?}");
        assert!(!shown.contains("a key") && !shown.contains("a secret key"), "{shown}");
    }

    #[test]
    fn odd_fields_are_kept_and_secrets_are_not() {
        let text = r#"{"Password": "", "PassPhrase": null, "CreatedOn": "XYZ", "Status": true, "AssetHost": {"a": 1}, "New": "hunter22"}"#;
        let account = VaultAccount::read(text).unwrap();
        assert!(account.password.is_empty() && account.pass_phrase.is_empty());
        assert_eq!(
            (account.created_on, account.created_on_text.as_deref()),
            (None, Some("XYZ"))
        );
        assert_eq!(
            (account.status.as_deref(), account.kind.as_str()),
            (Some("true"), "other")
        );
        let kept: Vec<&str> = account.extra.0.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(kept, ["AssetHost", "New"]);
        assert!(!format!("{account:?}").contains("hunter22"));
    }

    #[test]
    fn passwords_are_texts_or_there_is_no_account() {
        for text in [
            "{}",
            r#"{"Password": null}"#,
            r#"{"Password": 12345}"#,
            r#"{"Password": {"a": "b"}}"#,
            r#"{"Password": "\ud83d"}"#,
            r#"{"Password": "a", "Password": "b"}"#,
            r#"{"Password": "a", "PassPhrase": 1}"#,
            r#"[{"Password": "a"}]"#,
            "null",
        ] {
            assert!(VaultAccount::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn kinds_and_keys_are_told_apart() {
        let kinds = ["Password", "KeyBased", "KeyBased_SecretKey", "Key Based", "", "Cert"].map(kind_of);
        assert_eq!(kinds, ["password", "key", "key_with_secret", "key", "other", "other"]);
        let pem = "-----BEGIN OPENSSH PRIVATE KEY-----\\nAAAA\\n-----END OPENSSH PRIVATE KEY-----\\n";
        let first = VaultAccount::read(&format!(r#"{{"Password": "{pem}", "PassPhrase": "x"}}"#)).unwrap();
        assert_eq!(first.private_key(), Some(&first.password));
        let second = VaultAccount::read(&format!(r#"{{"Password": "x", "PassPhrase": "{pem}"}}"#)).unwrap();
        assert_eq!(second.private_key(), Some(&second.pass_phrase));
        assert_eq!(VaultAccount::read(r#"{"Password": "x"}"#).unwrap().private_key(), None);
    }

    fn passwords() -> impl Strategy<Value = String> {
        let hard = prop::sample::select(vec![
            "\"",
            "\\",
            "}\"",
            "\"}",
            "<",
            "&",
            ">",
            "]]>",
            "&amp;",
            "\\u0041",
            " ",
            "\t",
            "\r\n",
            "\u{0}",
            "\u{feff}",
            "ä",
            "\u{1f511}",
            "'",
            "{",
            "\\\"",
            "a",
        ]);
        prop_oneof![
            any::<String>(),
            prop::collection::vec(hard, 0..8).prop_map(|parts| parts.concat())
        ]
    }

    proptest! {
        #[test]
        fn passwords_arrive_byte_for_byte(password in passwords(), pass_phrase in passwords()) {
            let record = serde_json::json!({"AssetType": "x", "Password": password, "PassPhrase": pass_phrase});
            let inner = serde_json::to_string_pretty(&record).unwrap();
            let double = serde_json::json!({"IsSuccess": true, "Result": inner}).to_string();
            let embedded = serde_json::json!({"IsSuccess": true, "Result": record}).to_string();
            let escaped = quick_xml::escape::escape(inner.as_str());
            let xml = format!("<E xmlns='n'><IsSuccess>true</IsSuccess><Result>{escaped}</Result></E>");
            for body in [double, embedded, xml] {
                let reading = envelope::read(body.as_bytes()).unwrap();
                let account = VaultAccount::read(reading.result_json().unwrap()).unwrap();
                prop_assert_eq!(account.password.expose(), &password);
                prop_assert_eq!(account.pass_phrase.expose(), &pass_phrase);
            }
        }
    }
}
