//! Masking of URLs and of server texts: the only place that decides what may be shown.

use std::borrow::Cow;

use super::decode::one_line;
use super::secret::{MASK, Secret};

/// How much of an answer's body an error shows, in characters.
const EXCERPT_CHARS: usize = 400;

/// Names whose value is a secret wherever they stand: as query parameter, as key in a text, as key of an object.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let plain = name.replace(['_', '-', ' '], "");
    matches!(
        plain.as_str(),
        "token" | "uuid" | "pwd" | "pass" | "authorization" | "key" | "cookie" | "setcookie"
    ) || [
        "password",
        "passphrase",
        "passwd",
        "secret",
        "apitoken",
        "accesskey",
        "apikey",
        "privatekey",
        "credential",
    ]
    .iter()
    .any(|word| plain.contains(word))
        || ["_pass", "_token", "_key", "-pass", "-token", "-key"]
            .iter()
            .any(|end| name.ends_with(end))
}

/// Removes known secrets and `name=value` secrets from a text that came from outside.
pub fn scrub<'t>(text: &'t str, secrets: &[Secret]) -> Cow<'t, str> {
    let text = scrub_known(text, secrets);
    match mask_pairs(&text) {
        Some(masked) => Cow::Owned(masked),
        None => text,
    }
}

/// Removes known secrets alone, for a text that is handed over as a value: names of the caller's may look like pairs.
pub fn scrub_known<'t>(text: &'t str, secrets: &[Secret]) -> Cow<'t, str> {
    let mut text = Cow::Borrowed(text);
    // Longest first: one secret may be the beginning of another, whose rest would stay.
    let mut forms: Vec<String> = secrets.iter().flat_map(spellings).collect();
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    for form in forms {
        if text.contains(&form) {
            text = Cow::Owned(text.replace(&form, MASK));
        }
    }
    text
}

/// The scrubbed beginning of a body: control characters replaced, white space collapsed, cut at a character boundary.
pub fn excerpt(body: &[u8], secrets: &[Secret]) -> Option<String> {
    // Scrub before cutting, or half a secret could survive at the edge; four bytes are the longest UTF-8 character.
    let window = body.get(..body.len().min(64 * EXCERPT_CHARS)).unwrap_or(body);
    let text = String::from_utf8_lossy(window);
    let mut scrubbed = scrub(&text, secrets);
    if window.len() < body.len() {
        scrubbed = Cow::Owned(without_tail(&scrubbed, secrets).to_owned());
    }
    // Once more: a secret may have stood there on two lines.
    let line = scrub(&one_line(&scrubbed), secrets).into_owned();
    if line.is_empty() {
        return None;
    }
    if line.chars().count() <= EXCERPT_CHARS {
        return Some(line);
    }
    Some(line.chars().take(EXCERPT_CHARS).chain(std::iter::once('…')).collect())
}

/// Without so much of the end as half a secret could be.
fn without_tail<'t>(text: &'t str, secrets: &[Secret]) -> &'t str {
    let longest = secrets.iter().flat_map(spellings).map(|form| form.len()).max();
    let wanted = text.len().saturating_sub(longest.unwrap_or(0));
    let end = (0..=wanted).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// A secret as it may be echoed: plain, on one line, percent-encoded, form-encoded, HTML- or JSON-escaped, and as Basic credentials.
pub(crate) fn spellings(secret: &Secret) -> Vec<String> {
    let plain = secret.expose();
    // Very short texts would mask half of every message and are no secrets worth the name.
    if plain.len() < 4 {
        return Vec::new();
    }
    let encoded = super::target::encode_component(plain);
    let form = encoded.replace("%20", "+");
    let html = quick_xml::escape::escape(plain).into_owned();
    let json = serde_json::to_string(plain).unwrap_or_default();
    let json = json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let line = one_line(plain);
    let lower = percent_lower(&encoded);
    let numeric = html.replace("&apos;", "&#39;").replace("&quot;", "&#34;");
    let hex = html.replace("&apos;", "&#x27;");
    let slashed = json.replace('/', "\\/");
    let ascii = ascii_json(plain);
    let mut forms = vec![
        plain.to_owned(),
        line,
        encoded,
        lower,
        form,
        html,
        numeric,
        hex,
        json,
        slashed,
        ascii,
    ];
    forms.retain(|form| form.len() >= 4);
    forms.sort();
    forms.dedup();
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms
}

fn percent_lower(encoded: &str) -> String {
    let parts = encoded
        .split('%')
        .enumerate()
        .map(|(index, part)| match (index, part.get(..2), part.get(2..)) {
            (1.., Some(code), Some(rest)) => format!("%{}{rest}", code.to_ascii_lowercase()),
            (0, ..) => part.to_owned(),
            _ => format!("%{part}"),
        });
    parts.collect()
}

/// As writers of JSON do that escape whatever is no letter or digit of ASCII, or means something in HTML.
fn ascii_json(plain: &str) -> String {
    let mut out = String::new();
    for character in plain.chars() {
        if character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '/' | '=' | ' ' | ':') {
            out.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04X}"));
            }
        }
    }
    out
}

/// Masks `token=…`, `uuid=…`, `"password": "…"` and `<password>…` style pairs.
fn mask_pairs(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(offset) = text.get(at..).and_then(|rest| rest.find(['=', ':', '>'])) {
        let separator = at + offset;
        at = separator + 1;
        let before = without_attributes(text.get(..separator).unwrap_or_default());
        let name = before.trim_end_matches(['"', '\'', ' ', '\\']);
        let start = name
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
            .map_or(0, |i| i + 1);
        let name = name.get(start..).unwrap_or_default();
        if name.is_empty() || !is_secret_name(name) || before.ends_with('/') {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let (skipped, length) = value_span(rest, text.get(separator..at).unwrap_or_default());
        if length == 0 || rest.get(skipped..skipped + length) == Some(MASK) {
            continue;
        }
        out.push_str(text.get(copied..at + skipped).unwrap_or_default());
        out.push_str(MASK);
        copied = at + skipped + length;
        at = copied;
    }
    if copied == 0 {
        return None;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Some(out)
}

const CDATA: &str = "<![CDATA[";

/// An XML tag's text up to its name: `<password type="x"` ends with the name then.
fn without_attributes(before: &str) -> &str {
    let Some(tag) = before.rfind('<') else { return before };
    let inside = before.get(tag..).unwrap_or_default();
    if inside.contains('>') || !before.ends_with(['"', '\'']) {
        return before;
    }
    let end = inside.find(char::is_whitespace).unwrap_or(inside.len());
    before.get(..tag + end).unwrap_or(before)
}

/// Where a value begins after its separator, and how long it is. After a colon only a quoted value counts: prose such
/// as `Invalid token: please log in` has colons too.
fn value_span(rest: &str, separator: &str) -> (usize, usize) {
    if separator == ">" {
        let opened = if rest.starts_with(CDATA) { CDATA.len() } else { 0 };
        let inner = rest.get(opened..).unwrap_or_default();
        return (
            opened,
            inner.find(if opened > 0 { "]]>" } else { "<" }).unwrap_or(inner.len()),
        );
    }
    let skipped = rest.len() - rest.trim_start_matches([' ', '\\']).len();
    let value = rest.get(skipped..).unwrap_or_default();
    if let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inner = value.get(1..).unwrap_or_default();
        let mut escaped = false;
        let end = inner.find(|c: char| {
            let closes = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        });
        return (skipped + 1, end.unwrap_or(inner.len()));
    }
    if separator == ":" {
        return (skipped, 0);
    }
    (
        skipped,
        value
            .find(['&', '<', '"', '\'', ' ', '\r', '\n', ',', ';', ')'])
            .unwrap_or(value.len()),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secret_names() {
        for name in [
            "alm_pass",
            "bind_password",
            "alm_api_token",
            "issue_tracker_pass",
            "uuid",
            "Password",
            "token",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "alm_user",
            "pass_through_filter",
            "tokens_read",
            "sde_project",
            "ldap_method",
            "alm_phases",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn known_secrets_go_in_every_spelling() {
        let secret = Secret::new(r#"pä ss"<&>\w0rd"#);
        let json = serde_json::to_string(secret.expose()).unwrap();
        let html = quick_xml::escape::escape(secret.expose()).into_owned();
        let text = format!(
            "{} {} {html} {}",
            secret.expose(),
            json,
            super::super::target::encode_component(secret.expose())
        );
        let shown = scrub(&text, std::slice::from_ref(&secret));
        assert_eq!(shown, "**** \"****\" **** ****");
    }

    #[test]
    fn pairs_go_without_being_known() {
        let cases = [
            (
                "Query String=cmd=x&amp;token=ws12:ab&amp;id=1",
                "Query String=cmd=x&amp;token=****&amp;id=1",
            ),
            (
                r#"{"alm_pass": "a\"b", "alm_user": "u"}"#,
                r#"{"alm_pass": "****", "alm_user": "u"}"#,
            ),
            ("<password>p w</password>", "<password>****</password>"),
            (
                r#"<password type="x">p w</password>"#,
                r#"<password type="x">****</password>"#,
            ),
            (
                "<password><![CDATA[p<w]]></password>",
                "<password><![CDATA[****]]></password>",
            ),
            (r#"<a password="p w">text</a>"#, r#"<a password="****">text</a>"#),
            ("Invalid token: log in again", "Invalid token: log in again"),
            ("?uuid=7ba167aa&x=1", "?uuid=****&x=1"),
        ];
        for (text, expected) in cases {
            assert_eq!(scrub(text, &[]), expected);
        }
    }

    #[test]
    fn no_part_of_a_secret_is_left_at_an_edge() {
        let secret = Secret::new("hunter22secret");
        for blanks in 25_580..25_602 {
            let body = format!("{}hunter22secret", " ".repeat(blanks));
            let shown = excerpt(body.as_bytes(), std::slice::from_ref(&secret)).unwrap_or_default();
            assert!(!shown.contains("hunt"), "{blanks}: {shown}");
        }
        let pair = [Secret::new("hunter22"), secret];
        assert_eq!(scrub("hunter22secret hunter22", &pair), "**** ****");
    }

    #[test]
    fn secrets_with_blanks_go_wherever_lines_break() {
        let secrets = [Secret::new("open  sesame now")];
        for body in ["open  sesame now", "open sesame now", "open\nsesame\u{0} now"] {
            assert_eq!(excerpt(body.as_bytes(), &secrets).as_deref(), Some(MASK), "{body:?}");
        }
    }

    #[test]
    fn excerpts_are_one_short_line() {
        assert_eq!(excerpt(b" \n", &[]), None);
        assert_eq!(excerpt(b"a\r\n  b\x00c", &[]).as_deref(), Some("a b c"));
        assert_eq!(
            excerpt("ü".repeat(1000).as_bytes(), &[]).map(|text| text.chars().count()),
            Some(EXCERPT_CHARS + 1)
        );
    }

    proptest! {
        #[test]
        fn a_known_secret_never_survives(
            secret in "[!-)+-~\u{e4}\u{1f511}]([ -)+-~\u{e4}]{4,20})[!-)+-~]",
            around in prop::collection::vec("[a-z =:<>\"'&;\\\\]{0,6}", 6),
            chosen in prop::collection::vec(0..6_usize, 5),
        ) {
            let secret = Secret::new(secret);
            let forms = spellings(&secret);
            let mut body = String::new();
            for (text, form) in around.iter().zip(&chosen) {
                body.push_str(text);
                body.push_str(&forms[form % forms.len()]);
            }
            let secrets = [secret];
            for shown in [scrub(&body, &secrets).into_owned(), excerpt(body.as_bytes(), &secrets).unwrap_or_default()] {
                for form in &forms {
                    prop_assert!(!shown.contains(form.as_str()), "{} in {} of {}", form, shown, body);
                }
            }
        }

        #[test]
        fn the_value_of_a_secret_name_never_survives(
            value in "[a-zA-Z0-9+/_.~-]{8,30}",
            name in prop::sample::select(vec!["token", "alm_pass", "Password", "uuid", "client-secret", "X-Api-Key"]),
            before in "[a-z ]{0,5}[ {(?&]",
        ) {
            let forms = [
                format!("{before}{name}={value}&x=1"),
                format!("{before}\"{name}\": \"{value}\", \"x\": 1"),
                format!("{before}{{'{name}': '{value}'}}"),
                format!("{before}<{name}>{value}</{name}>"),
                format!("{before}<{name} type=\"x\"><![CDATA[{value}]]></{name}>"),
                format!("{before}<a {name}=\"{value}\"/>"),
                serde_json::to_string(&format!("{{\"{name}\":\"{value}\"}}")).unwrap(),
            ];
            for text in forms {
                let shown = scrub(&text, &[]);
                prop_assert!(!shown.contains(&value) && shown.contains(MASK), "{} of {}", shown, text);
            }
        }
    }
}
