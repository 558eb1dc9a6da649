//! Elements of a list that are no JSON as they stand, though other readers take them: with a text that holds a control
//! character as it is, or a number that is none (Python writes `NaN`). One of them must not cost the whole list.

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Mended {
    /// Nothing could be mended, and the first element has not come whole.
    Cut,
    /// Nothing could be mended.
    Sound,
    /// JSON that means the same: control characters as escapes, and null for what is no number.
    Text(String),
}

/// Words for numbers that JSON does not have.
const NO_NUMBERS: [&str; 3] = ["-Infinity", "Infinity", "NaN"];

/// Mends the elements in this text, which begins with an object or a list and may end anywhere.
pub fn elements(text: &str) -> Mended {
    let mut out = String::new();
    let mut copied = 0;
    let mut depth = 0_usize;
    let mut is_whole = false;
    let mut is_quoted = false;
    let mut at = 0;
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        let mut put = None;
        let mut length = 1;
        match (is_quoted, byte) {
            (true, b'\\') => length = 2,
            (_, b'"') => is_quoted = !is_quoted,
            (true, 0..0x20) => put = Some(format!("\\u{byte:04x}")),
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => {
                depth = depth.saturating_sub(1);
                is_whole |= depth == 0;
            }
            (false, b'-' | b'I' | b'N') => {
                let rest = text.get(at..).unwrap_or_default();
                if let Some(word) = NO_NUMBERS.iter().find(|word| rest.starts_with(**word)) {
                    length = word.len();
                    put = Some("null".to_owned());
                }
            }
            _ => {}
        }
        if let Some(put) = put {
            out.push_str(text.get(copied..at).unwrap_or_default());
            out.push_str(&put);
            copied = at + length;
        }
        at += length;
    }
    if copied > 0 {
        out.push_str(text.get(copied..).unwrap_or_default());
        return Mended::Text(out);
    }
    match is_whole {
        true => Mended::Sound,
        false => Mended::Cut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_readers_take_is_mended() {
        for (text, wanted) in [
            ("{\"a\": \"b\u{1}c\"}, 5", r#"{"a": "b\u0001c"}, 5"#),
            ("{\"a\tb\": [\"\n\"]}\n,\n{}", "{\"a\\u0009b\": [\"\\u000a\"]}\n,\n{}"),
            (
                r#"{"a": NaN, "b": [-Infinity, Infinity]}"#,
                r#"{"a": null, "b": [null, null]}"#,
            ),
            (r#"[NaN], {"a": NaN}"#, r#"[null], {"a": null}"#),
            ("{\"a\": \"\\\"}NaN\u{7}\"}", r#"{"a": "\"}NaN\u0007"}"#),
            ("{\"a\": \"\u{1}", r#"{"a": "\u0001"#),
            (r#"{"a": NaN, "b": "Na"#, r#"{"a": null, "b": "Na"#),
        ] {
            assert_eq!(elements(text), Mended::Text(wanted.to_owned()), "{text:?}");
        }
        for sound in [r#"{"a": -1}"#, "{}", "[]", r#"{"a": "NaN"}"#, r#"{"a": Never}, {"#] {
            assert_eq!(elements(sound), Mended::Sound, "{sound}");
        }
        for cut in [r#"{"a": Na"#, r#"{"a": "\"#, "[", ""] {
            assert_eq!(elements(cut), Mended::Cut, "{cut:?}");
        }
    }
}
