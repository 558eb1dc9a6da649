//! The text form of answers: lines `KEY=VALUE`, made for a shell's `source`. Here they are data and nothing is run.
//!
//! <https://eddiewebb.atlassian.net/wiki/spaces/AAFB/pages/30507041/Maintenance+Operations>

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::core::answer::Answer;
use crate::core::error::Error;

/// Reads the text form into a record whose keys are the lower-case ones, `given` beside them.
///
/// # Errors
/// `UnexpectedContent` if the answer has another form, or lacks what the record needs.
pub(crate) fn read<T: DeserializeOwned>(answer: &Answer, given: &[(&str, i64)]) -> Result<T, Error> {
    let text = std::str::from_utf8(answer.bytes()).unwrap_or_default();
    let is_foreign = answer.is_html() || text.chars().any(|c| c.is_control() && !c.is_whitespace());
    let mut fields = if is_foreign { Map::new() } else { pairs(text) };
    if fields.is_empty() {
        return Err(
            answer.unexpected("the answer is not in the text form: no line is a name, an equals sign and a value")
        );
    }
    for (key, number) in given {
        fields.insert((*key).to_owned(), Value::from(*number));
    }
    serde_json::from_str(&Value::Object(fields).to_string()).map_err(|error| {
        let problem = error.to_string();
        let problem = problem.split(" at line ").next().unwrap_or_default();
        answer.unexpected(&format!("the answer in text form: {}", problem))
    })
}

/// The pairs, their keys in lower case. What is no pair is left out; of a key that comes twice the last one counts, as in
/// a shell.
fn pairs(text: &str) -> Map<String, Value> {
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once('='))
        .filter(|(key, _)| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        .map(|(key, value)| (key.to_ascii_lowercase(), Value::from(unquoted(value.trim()))))
        .collect()
}

/// Without one pair of double quotes; `\"` and `\\` in them stand for a quote and a backslash.
fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars().peekable();
    while let Some(character) = characters.next() {
        match characters.peek() {
            Some(&next) if character == '\\' && matches!(next, '"' | '\\') => {
                out.push(next);
                characters.next();
            }
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Vec<(String, String)> {
        let pairs = pairs(text);
        pairs
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
            .collect()
    }

    #[test]
    fn pairs_are_data() {
        let text = "# a comment\r\n\r\nPCODE=UH_OH \r\nPMESSAGE=\"a=b; $(rm -rf /) \\\"x\\\" \\\\ \\n\"\nTASK=6\nTASK=7\nno pair\nA B=1\nNEW=\n";
        let expected = [
            ("new", ""),
            ("pcode", "UH_OH"),
            ("pmessage", "a=b; $(rm -rf /) \"x\" \\ \\n"),
            ("task", "7"),
        ];
        let mut found = shown(text);
        found.sort();
        assert_eq!(
            found,
            expected.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec()
        );
    }

    #[test]
    fn a_quote_alone_stays() {
        assert_eq!(shown("A=\""), [("a".to_owned(), "\"".to_owned())]);
        assert_eq!(shown("A=\"x"), [("a".to_owned(), "\"x".to_owned())]);
        assert_eq!(shown("A=\"\""), [("a".to_owned(), String::new())]);
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(value in "[ -~\u{e4}]{0,20}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            prop_assert_eq!(shown(&format!("KEY=\"{quoted}\"\n")), [("key".to_owned(), value)]);
        }
    }
}
