//! The scan agrees with the parser that reads values later.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;
use crate::core::depth::is_too_deep;

fn whole(text: &str) -> Result<&str, Stop> {
    let mut scan = Scan::new(text, 0);
    scan.blank();
    let value = scan.value()?;
    scan.blank();
    if scan.at() == text.len() {
        Ok(value)
    } else {
        Err(Stop::Wrong)
    }
}

fn agrees(text: &str) {
    let oracle = serde_json::from_str::<&RawValue>(text);
    let found = whole(text);
    match (&oracle, found) {
        (Ok(raw), Ok(value)) => assert_eq!(raw.get(), value),
        (Ok(_), Err(stop)) => assert!(stop == Stop::Deep && is_too_deep(text.as_bytes()), "{text}: {stop:?}"),
        // Of a number that lacks digits it says that it is none.
        (Err(error), Err(Stop::End)) => {
            assert!(
                error.is_eof() || text.ends_with(['-', '+', '.', 'e', 'E']),
                "{text}: {error}"
            );
        }
        (Err(_), Err(Stop::Wrong | Stop::Deep)) => {}
        (Err(error), Ok(_)) => panic!("{text}: {error}"),
    }
}

#[test]
fn values_end_where_they_end() {
    for text in [
        "0",
        "-",
        "-0",
        "01",
        "1.",
        "1.5e",
        "1.5e+7",
        "1e5",
        "-x",
        "tru",
        "trux",
        "nul",
        "\"",
        "\"a",
        "\"\\",
        "\"\\u12",
        "\"\\u12g4\"",
        "\"\\ud800\"",
        "\"\\x\"",
        "\"a\tb\"",
        "\"123456789\\n123\u{7f}é\"",
        "[",
        "[]",
        "[ ]",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{",
        "{}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":[{}, {\"b\" : null}] , \"c\":-1}",
        "[}",
        "{]",
        "[{]}",
        "",
        " ",
        "+1",
        ".5",
        "1 1",
        "[1]]",
        "\u{feff}1",
    ] {
        agrees(text);
        agrees(&format!(" [{text}, {{\"k\":{text}}}] "));
    }
    for depth in [DEPTH_MAX, DEPTH_MAX + 1, 200] {
        agrees(&format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
        agrees(&format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth)));
    }
}

#[test]
fn members_are_read_one_by_one() {
    let mut scan = Scan::new(r#"{ "a" : 1 , "b\n":"c\u00e9" }x"#, 0);
    scan.enter().unwrap();
    assert_eq!(scan.key(true).unwrap().unwrap().plain(), Some("a"));
    assert_eq!(scan.value(), Ok("1"));
    let key = scan.key(false).unwrap().unwrap();
    assert_eq!((key.plain(), key.read().as_deref()), (None, Some("b\n")));
    assert_eq!(scan.quoted().unwrap().read().as_deref(), Some("cé"));
    assert!(scan.key(false).unwrap().is_none());
    assert_eq!(scan.peek(), Ok(b'x'));
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("false".to_owned()),
        "-?[0-9]{0,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?",
        "\"[a-z\"\\\\/ué \t0-9]{0,20}\"",
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec(("\"[a-z]{0,9}\"", inner), 0..4).prop_map(|items| {
                let members: Vec<_> = items.iter().map(|(key, value)| format!("{key} :{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn the_parser_agrees(text in json(), at in any::<prop::sample::Index>(), byte in "[\\[\\]{},:\"\\\\0-9a-z]") {
        agrees(&text);
        let cuts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        if !cuts.is_empty() {
            let cut = cuts[at.index(cuts.len())];
            agrees(&text[..cut]);
            agrees(&format!("{}{byte}{}", &text[..cut], &text[cut..]));
        }
    }

    #[test]
    fn eight_at_once_see_what_one_sees(text in "[ -\u{7f}é\u{0}-\u{1f}]{0,40}") {
        let slow = text.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(text.len());
        prop_assert_eq!(ordinary(text.as_bytes()), slow);
    }
}
