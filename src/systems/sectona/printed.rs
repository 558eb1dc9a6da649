//! The answer as the vendor's page prints it: curly quotes here and there, and a record in `Result` whose inner quotes
//! are not escaped. That is no JSON, and a password with a quote in it would be cut short by a careless reader, so the
//! record is taken only where nothing else can be meant.
//!
//! <https://docs.sectona.com/pam-technical-documentation/6.0/api-password-vault>

use zeroize::Zeroizing;

use super::json::Members;

/// The record's members, all of them printed on the page.
const MEMBERS: [&str; 10] = [
    "AssetType",
    "AssetHost",
    "AccountName",
    "AccountAuthenticationType",
    "AccountType",
    "Password",
    "PassPhrase",
    "CreatedBy",
    "CreatedOn",
    "Status",
];

/// The envelope without its result, as JSON, and the record.
pub(super) struct Printed {
    pub envelope: String,
    pub record: Zeroizing<String>,
}

/// None unless the text can be read in one way only: the record ends at one place, has no backslash, and has exactly
/// the ten documented members, each once and a string. A quote inside a value would end it early, and whatever then
/// follows would have to be a member that is unknown or there already.
pub(super) fn read(text: &str) -> Option<Printed> {
    let (before, after) = text.split_once("\"Result\"")?;
    let value = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let value = value.trim_start();
    let end = only_end(value)?;
    let record = value.get(..end)?;
    if record.contains('\\') || !is_documented(record) {
        return None;
    }
    let rest = value.get(end..)?.trim_start().strip_prefix('"')?;
    let envelope = format!("{before}\"Result\":null{rest}").replace(['\u{201c}', '\u{201d}'], "\"");
    Members::read(&envelope)?;
    Some(Printed {
        envelope,
        record: Zeroizing::new(record.to_owned()),
    })
}

/// Behind the brace that a quote and then a comma or another brace follow, if there is but one.
fn only_end(value: &str) -> Option<usize> {
    let mut ends = value.match_indices('}').filter_map(|(at, _)| {
        let rest = value.get(at + 1..)?.trim_start().strip_prefix('"')?;
        rest.trim_start().starts_with([',', '}']).then_some(at + 1)
    });
    ends.next().filter(|_| ends.next().is_none())
}

fn is_documented(record: &str) -> bool {
    let Some(members) = Members::read(record) else {
        return false;
    };
    let all_there = MEMBERS
        .iter()
        .all(|name| members.get(name).is_some_and(|raw| raw.starts_with('"')));
    all_there && members.0.len() == MEMBERS.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page's sample, letter for letter.
    const PAGE: &str = include_str!("../../../tests/pages/sectona_request_password.txt");

    #[test]
    fn the_page_s_sample_is_read() {
        let printed = read(PAGE).unwrap();
        let record = Members::read(&printed.record).unwrap();
        assert_eq!(
            record.get("AccountAuthenticationType").unwrap(),
            "\"KeyBased_SecretKey\""
        );
        assert_eq!(record.get("Password").unwrap(), "\"XXXXXX\"");
        let envelope = Members::read(&printed.envelope).unwrap();
        assert_eq!(envelope.get("Version").unwrap(), "\"6.0.0.0\"");
        assert_eq!(envelope.get("IsSuccess").unwrap(), "true");
    }

    #[test]
    fn a_password_that_could_be_cut_short_is_never_taken() {
        let with =
            |password: &str| PAGE.replacen("\"Password\": \"XXXXXX\"", &format!("\"Password\": \"{password}\""), 1);
        assert!(read(&with("plain }{ , : 'x'")).is_some());
        for password in [
            "a\"b",
            "a\", \"b",
            "a\", \"Other\": \"b",
            "a\", \"Status\": \"b",
            "a\", \"Password\": \"b",
            "a\"}\", \"b",
            "a}\",",
            "a}\"}",
            "back\\slash",
            "back\\\\slash",
            "line\nbreak",
        ] {
            assert!(read(&with(password)).is_none(), "{password:?}");
        }
        assert!(read(&PAGE.replacen("\"PassPhrase\": \"XXXXXX\",", "", 1)).is_none());
    }
}
