//! Whatever texts come after one another, each is read back escaped, and what can't be written is refused.

use proptest::prelude::*;

use super::super::xml::{ATTRIBUTE, TEXT};
use super::*;

/// Texts that share much, with what has to be escaped, and with characters that share bytes with forbidden ones.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ab]{0,9}",
        2 => "[\"&<\t]{1,2}",
        1 => "[\u{fffd}\u{203e}\u{ffbe}\u{e4}\u{fffb}]{1,2}",
        1 => Just("\u{fffe}".to_owned()),
        1 => Just("\u{1}".to_owned()),
    ];
    let fine = prop_oneof![4 => "[ab]{0,9}", 2 => "[\"&<\t]{1,2}", 1 => "[\u{fffd}\u{203e}\u{ffbe}\u{e4}]{1,2}"];
    let pieces = prop_oneof![
        1 => prop::collection::vec(piece, 0..6),
        4 => prop::collection::vec(fine, 0..6),
    ];
    let times = prop_oneof![9 => Just(1_usize), 1 => 1..30_usize];
    (pieces, times).prop_map(|(pieces, times)| pieces.concat().repeat(times))
}

proptest! {
    #[test]
    fn every_text_is_read_back_escaped(texts in prop::collection::vec(text(), 1..40), is_attribute: bool) {
        let escaping = if is_attribute { ATTRIBUTE } else { TEXT };
        let (mut writer, mut reader) = (Writer::default(), Reader::default());
        for text in &texts {
            let mut written = Vec::new();
            let (found, length) = match writer.look(text, escaping) {
                Ok(found) => found,
                Err(refused) => {
                    prop_assert_eq!(Some(refused), xml::forbidden(text));
                    continue;
                }
            };
            prop_assert_eq!(xml::forbidden(text), None);
            writer.write(&mut written, text.as_bytes(), found, escaping);
            let mut expected = Vec::new();
            escaping.escape(&mut expected, text.as_bytes());
            prop_assert_eq!(length, expected.len());
            let mut left = written.as_slice();
            let read = match found {
                Found::Last => Some(reader.last()),
                _ => reader.read(&mut left),
            };
            prop_assert_eq!(read, Some(expected.as_slice()));
            prop_assert!(left.is_empty());
        }
    }
}

#[test]
fn a_character_that_two_texts_make_up_together_is_found() {
    let mut writer = Writer::default();
    let before = "a\u{fffd}\u{203e}";
    let (found, _) = writer.look(before, TEXT).unwrap();
    writer.write(&mut Vec::new(), before.as_bytes(), found, TEXT);
    assert_eq!(writer.look("a\u{fffe}", TEXT), Err('\u{fffe}'));
}
