//! Takes the elements out of a list while it arrives: of a long answer only what is not read yet is kept. What remains is
//! the same document with an empty list, read like any other; where a document is wrong, all from there on remains, so that
//! whoever reads it says what is wrong.

use std::any::Any;
use std::sync::Arc;

use super::answer::Buffer;
use super::mending::{self, Mended};
use super::scan::{Scan, Stop};

/// Stands for all elements that were taken.
const FILLER: &[u8; 2] = b"\"\"";
/// What may stand before the list.
const HEAD_MAX: usize = 64 * 1024;

/// What becomes of the elements.
pub trait Sink: Any + Send {
    /// Reads the next element and keeps it.
    fn take(&mut self, scan: &mut Scan<'_>) -> Result<(), Stop>;
}

/// Makes a sink for every attempt.
pub type NewSink = Arc<dyn Fn() -> Box<dyn Sink> + Send + Sync>;

enum Stage {
    Before,
    Within,
    Behind,
}

/// The list in one answer: the document itself, or `results` in it.
pub struct Elements {
    sink: Box<dyn Sink>,
    stage: Stage,
    level: usize,
    taken: usize,
    cut: Cut,
    /// Less than this was looked at in vain.
    seen: usize,
}

impl Elements {
    /// Nothing has come yet.
    pub fn new(sink: Box<dyn Sink>) -> Self {
        Self {
            sink,
            stage: Stage::Before,
            level: 0,
            taken: 0,
            cut: Cut::default(),
            seen: 0,
        }
    }

    /// Whether it is time to look. Looking at a long value with every piece of it would take a time that grows with its
    /// square.
    pub fn is_due(&self, body: &Buffer) -> bool {
        body.as_slice().len() >= self.seen
    }

    /// What was taken, and what is missing now in the document that has come to its end.
    pub fn finish(mut self, body: &mut Buffer) -> (Box<dyn Sink>, Cut) {
        self.look(body);
        if matches!(self.stage, Stage::Within) {
            self.give_up(body);
        }
        (self.sink, self.cut)
    }

    /// Takes what is there.
    pub fn look(&mut self, body: &mut Buffer) {
        if matches!(self.stage, Stage::Before) {
            self.begin(body.as_slice());
        }
        if matches!(self.stage, Stage::Within) {
            self.take(body);
        }
    }

    fn begin(&mut self, bytes: &[u8]) {
        let mark = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        match list_in(text_of(bytes, mark)) {
            Ok(Some((at, level))) => {
                self.cut.at = mark + at;
                self.level = level;
                self.stage = Stage::Within;
            }
            Err(Stop::End) if bytes.len() <= HEAD_MAX => {}
            _ => self.stage = Stage::Behind,
        }
    }

    fn take(&mut self, body: &mut Buffer) {
        while self.take_on(body) {}
    }

    /// Takes what is there; gives whether an element was mended, and there is more to take.
    fn take_on(&mut self, body: &mut Buffer) -> bool {
        let mut scan = Scan::new(text_of(body.as_slice(), self.cut.at), self.level);
        let mut read = 0;
        let end = loop {
            match self.next(&mut scan) {
                Ok(true) => {
                    self.taken += 1;
                    read = scan.at();
                }
                other => break other,
            }
        };
        self.cut.out_of(body, read);
        match end {
            Err(Stop::End) => {
                self.seen = if read > 0 {
                    0
                } else {
                    body.as_slice().len().saturating_mul(2)
                }
            }
            Err(Stop::Wrong) => match self.mend(body) {
                Some(true) => return true,
                Some(false) => self.seen = body.as_slice().len().saturating_mul(2),
                None => self.give_up(body),
            },
            Err(_) => self.give_up(body),
            Ok(_) => self.stage = Stage::Behind,
        }
        false
    }

    /// Mends what has come, from the next element on: false if that has not come whole, None if it does not help.
    fn mend(&self, body: &mut Buffer) -> Option<bool> {
        let rest = text_of(body.as_slice(), self.cut.at);
        let begin = rest.find(['{', '['])?;
        let is_next = rest.get(..begin)?.chars().all(|c| c == ',' || c.is_ascii_whitespace());
        let rest = rest.get(begin..).filter(|_| is_next)?;
        match mending::elements(rest) {
            Mended::Text(text) => {
                body.put(self.cut.at + begin, rest.len(), text.as_bytes());
                Some(true)
            }
            Mended::Cut => Some(false),
            Mended::Sound => None,
        }
    }

    /// False at the end of the list.
    fn next(&mut self, scan: &mut Scan<'_>) -> Result<bool, Stop> {
        scan.blank();
        if scan.peek()? == b']' {
            return Ok(false);
        }
        if self.taken > 0 {
            if !scan.eat(b',')? {
                return Err(Stop::Wrong);
            }
            scan.blank();
        }
        if !matches!(scan.peek()?, b'{' | b'[') {
            // A number may go on.
            let mut ahead = *scan;
            ahead.value()?;
            ahead.peek()?;
        }
        self.sink.take(scan)?;
        Ok(true)
    }

    /// An element stands for all that were taken, so that what follows is as right or wrong as it was.
    fn give_up(&mut self, body: &mut Buffer) {
        self.stage = Stage::Behind;
        if self.taken > 0 {
            // Whatever stands behind it, it is an element of its own: a number could go on.
            for byte in *FILLER {
                body.insert(self.cut.at, byte);
            }
            self.cut.filler = FILLER.len();
        }
    }
}

/// Behind the bracket that opens the list, and how deep that is. None if there is none.
fn list_in(text: &str) -> Result<Option<(usize, usize)>, Stop> {
    let mut scan = Scan::new(text, 0);
    scan.blank();
    if scan.eat(b'[')? {
        return Ok(Some((scan.at(), 1)));
    }
    scan.enter()?;
    let mut is_first = true;
    while let Some(key) = scan.key(is_first)? {
        if key.plain() == Some("results") && scan.eat(b'[')? {
            return Ok(Some((scan.at(), 2)));
        }
        scan.value()?;
        is_first = false;
    }
    Ok(None)
}

/// Counted in bytes, many at once: most answers have but one line, and all of them passes by here. With a check for an
/// overflow that can't be, they would be looked at one by one.
fn lines_in(bytes: &[u8]) -> usize {
    let (blocks, rest) = bytes.as_chunks::<128>();
    let count = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| u8::from(*byte == b'\n'))
            .fold(0, u8::wrapping_add)
    };
    blocks.iter().map(|block| usize::from(count(block))).sum::<usize>() + usize::from(count(rest))
}

/// As far as it is text.
fn text_of(bytes: &[u8], from: usize) -> &str {
    let bytes = bytes.get(from..).unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => bytes
            .get(..error.valid_up_to())
            .and_then(|valid| std::str::from_utf8(valid).ok())
            .unwrap_or_default(),
    }
}

/// What was cut out of a document.
#[derive(Default)]
pub struct Cut {
    at: usize,
    bytes: usize,
    lines: usize,
    /// Bytes of its last line.
    last: usize,
    filler: usize,
}

impl Cut {
    fn out_of(&mut self, body: &mut Buffer, bytes: usize) {
        let piece = body.as_slice().get(self.at..self.at + bytes).unwrap_or_default();
        self.bytes += bytes;
        let lines = lines_in(piece);
        self.lines += lines;
        self.last = if lines == 0 {
            self.last + bytes
        } else {
            piece.iter().rev().take_while(|byte| **byte != b'\n').count()
        };
        body.remove(self.at, bytes);
    }

    /// Where a place of the remaining document was before. A byte order mark does not count.
    pub fn place(&self, rest: &[u8], line: usize, column: usize) -> (usize, usize) {
        let before = rest.get(..self.at).unwrap_or_default();
        let before = before.strip_prefix(b"\xef\xbb\xbf").unwrap_or(before);
        let own_line = 1 + lines_in(before);
        let own_column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
        if self.bytes == 0 || (line, column) <= (own_line, own_column) {
            return (line, column);
        }
        let column = match (line == own_line, self.lines) {
            (false, _) => column,
            (true, 0) => column + self.bytes - self.filler,
            (true, _) => column - own_column + self.last - self.filler,
        };
        (line + self.lines, column)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::value::RawValue;

    use super::*;

    #[derive(Default)]
    struct Texts(Vec<String>);

    impl Sink for Texts {
        fn take(&mut self, scan: &mut Scan<'_>) -> Result<(), Stop> {
            self.0.push(scan.value()?.to_owned());
            Ok(())
        }
    }

    fn taken(document: &[u8], piece: usize) -> (Vec<String>, Vec<u8>, Cut) {
        let mut body = Buffer::new(true, 0);
        let mut elements = Elements::new(Box::<Texts>::default());
        for piece in document.chunks(piece) {
            body.extend(piece);
            if elements.is_due(&body) {
                elements.look(&mut body);
            }
        }
        let (sink, cut) = elements.finish(&mut body);
        let sink: Box<dyn Any> = sink;
        (sink.downcast::<Texts>().unwrap().0, body.as_slice().to_vec(), cut)
    }

    #[test]
    fn elements_go_and_the_rest_stays() {
        let cases = [
            ("[1, 2 ,{\"a\": [3]}] ", vec!["1", "2", "{\"a\": [3]}"], "[] "),
            ("[]", vec![], "[]"),
            (
                "{\"count\": 2, \"results\": [{\"a\": 1},\n{}\n], \"next\": null}",
                vec!["{\"a\": 1}", "{}"],
                "{\"count\": 2, \"results\": [\n], \"next\": null}",
            ),
            ("{\"results\": 5}", vec![], "{\"results\": 5}"),
            ("{\"a\": {\"results\": [1]}}", vec![], "{\"a\": {\"results\": [1]}}"),
            ("<html>", vec![], "<html>"),
            ("\u{feff}[\"é\"]", vec!["\"é\""], "\u{feff}[]"),
            // What is wrong stays wrong.
            ("[1, {\"a\" 2}]", vec!["1"], "[\"\", {\"a\" 2}]"),
            ("[\"a\"e5: 1]", vec!["\"a\""], "[\"\"e5: 1]"),
            ("[1, 2,]", vec!["1", "2"], "[\"\",]"),
            ("[{\"a\": 1} {}]", vec!["{\"a\": 1}"], "[\"\" {}]"),
            ("[{\"a\": 1}, {\"b", vec!["{\"a\": 1}"], "[\"\", {\"b"),
        ];
        for (document, elements, rest) in cases {
            for piece in 1..document.len() + 1 {
                let (found, left, _) = taken(document.as_bytes(), piece);
                assert_eq!(found, elements, "{document} by {piece}");
                assert_eq!(String::from_utf8(left).unwrap(), rest, "{document} by {piece}");
            }
        }
        let deep = format!("[1, {}{}]", "[".repeat(100), "]".repeat(100));
        assert_eq!(taken(deep.as_bytes(), 7).0, ["1"]);
    }

    #[test]
    fn long_values_are_not_looked_at_again_and_again() {
        let long = format!("[\"{}\", 1]", "x".repeat(4_000_000));
        assert_eq!(taken(long.as_bytes(), 100).0.len(), 2);
        let long = format!("{{\"a\": \"{}\", \"results\": [1]}}", "x".repeat(4_000_000));
        assert_eq!(taken(long.as_bytes(), 100).0.len(), 0);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_errors_stand_where_they_stood(
            items in prop::collection::vec("1|\\{\\}|\\{\"é\": ?\\[1, ?2\\]\\}|\"\\n\n?\"|\\[[0-2]", 0..5),
            blanks in prop::collection::vec("[ \n]{0,2}", 3),
            is_object in any::<bool>(),
            piece in 1..40_usize,
        ) {
            let list = format!("[{}{}{}]", blanks[0], items.join(&format!("{},\n", blanks[1])), blanks[2]);
            let document = if is_object { format!("{{\"n\": 1,\n\"results\":{list},\"z\": 2}}") } else { list };
            let (found, rest, cut) = taken(document.as_bytes(), piece);
            match serde_json::from_str::<Value>(&document) {
                Ok(value) => {
                    let list = if is_object { value["results"].clone() } else { value };
                    let found: Vec<Value> = found.iter().map(|item| serde_json::from_str(item).unwrap()).collect();
                    prop_assert_eq!(Value::Array(found), list);
                    prop_assert!(serde_json::from_slice::<Value>(&rest).is_ok());
                }
                Err(_) => {
                    let error = serde_json::from_str::<&RawValue>(&document).unwrap_err();
                    let Err(of_rest) = serde_json::from_slice::<&RawValue>(&rest) else { return Ok(()) };
                    let place = cut.place(&rest, of_rest.line(), of_rest.column());
                    // What was mended has become longer, or the error has gone with it.
                    if !matches!(mending::elements(&document), Mended::Text(_)) {
                        prop_assert_eq!(place, (error.line(), error.column()), "{:?}", document);
                    }
                }
            }
        }
    }
}
