//! The content encodings of an answer (RFC 9110, section 8.4): gzip is undone in bounded steps, no other is asked for.

use std::io::{self, BufRead, ErrorKind, Read};
use std::mem;

use bytes::{Buf, Bytes};
use flate2::bufread::GzDecoder;
use http::header::{self, HeaderMap};

/// The most that one step gives.
const STEP_BYTES_MAX: usize = 64 * 1024;
const STEP_BYTES_MIN: usize = 1024;
/// Of a name that nobody knows, as much is shown.
const NAME_CHARS_MAX: usize = 40;

/// A body that can't be read, and why.
#[derive(Debug, thiserror::Error)]
pub(super) enum Undecodable {
    #[error(
        "the answer's Content-Encoding is {0:?}, and only gzip was asked for: the server, or a gateway in front of it, does not honour Accept-Encoding"
    )]
    Unknown(String),
    #[error("the answer's Content-Encoding is gzip, and its body is {0}")]
    Gzip(&'static str),
}

/// How a body is encoded.
pub(super) enum Encoding {
    Identity,
    Gzip(Box<Gunzip>),
    Unknown(String),
}

impl Encoding {
    /// Takes it out of the headers, with the length of what is encoded: neither is true of the decoded body.
    pub(super) fn take(headers: &mut HeaderMap) -> Self {
        if !headers.contains_key(header::CONTENT_ENCODING) {
            return Self::Identity;
        }
        let lines = headers.get_all(header::CONTENT_ENCODING).iter();
        let values: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
        let names = values.iter().flat_map(|value| value.split(',')).map(str::trim);
        let names: Vec<_> = names
            .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"))
            .collect();
        let encoding = match names.as_slice() {
            [] => Self::Identity,
            [name] if ["gzip", "x-gzip"].iter().any(|known| name.eq_ignore_ascii_case(known)) => {
                Self::Gzip(Box::default())
            }
            names => Self::Unknown(names.join(", ").chars().take(NAME_CHARS_MAX).collect()),
        };
        headers.remove(header::CONTENT_ENCODING);
        if !matches!(encoding, Self::Identity) {
            headers.remove(header::CONTENT_LENGTH);
        }
        encoding
    }
}

/// What a step of decoding came to.
pub(super) enum Step {
    Decoded(Bytes),
    /// Nothing was decoded, and there is more to read.
    Again,
    /// The next piece has to be fed.
    Hungry,
    End,
}

/// Undoes gzip: all members, one after the other (RFC 1952, section 2.2). Zero bytes behind the last one are padding, as
/// gzip(1) and Python's `gzip` take them; they hold nothing that could be lost. Whatever else stands there is an error.
#[derive(Default)]
pub(super) struct Gunzip {
    decoder: Option<GzDecoder<Input>>,
    input: Input,
    is_padding: bool,
}

impl Gunzip {
    /// Takes the next piece, after the one before was used up.
    pub(super) fn feed(&mut self, piece: Bytes) {
        self.input().piece = piece;
    }

    /// Nothing comes any more.
    pub(super) fn finish(&mut self) {
        self.input().is_ended = true;
    }

    fn input(&mut self) -> &mut Input {
        self.decoder.as_mut().map_or(&mut self.input, GzDecoder::get_mut)
    }

    /// Decodes as much as one step may.
    pub(super) fn step(&mut self) -> Result<Step, Undecodable> {
        let result = self.try_step();
        result.or_else(|error| match error.kind() {
            ErrorKind::WouldBlock => Ok(Step::Hungry),
            ErrorKind::UnexpectedEof => Err(Undecodable::Gzip("cut short")),
            _ => Err(Undecodable::Gzip("damaged, or followed by something else")),
        })
    }

    fn try_step(&mut self) -> io::Result<Step> {
        let Some(decoder) = &mut self.decoder else {
            // A body that was left out, as in the answer to HEAD, has no member at all.
            if self.input.fill_buf()?.is_empty() {
                return Ok(Step::End);
            }
            self.decoder = Some(GzDecoder::new(mem::take(&mut self.input)));
            return Ok(Step::Again);
        };
        let expected = decoder.get_ref().piece.len().saturating_mul(4);
        let mut decoded = vec![0; expected.clamp(STEP_BYTES_MIN, STEP_BYTES_MAX)];
        let count = decoder.read(&mut decoded)?;
        if count > 0 {
            decoded.truncate(count);
            return Ok(Step::Decoded(decoded.into()));
        }
        let input = decoder.get_mut();
        while let Some(0) = input.fill_buf()?.first() {
            self.is_padding = true;
            let count = input.piece.iter().take_while(|byte| **byte == 0).count();
            input.consume(count);
        }
        if input.piece.is_empty() {
            return Ok(Step::End);
        }
        if self.is_padding {
            return Err(ErrorKind::InvalidData.into());
        }
        let input = mem::take(input);
        decoder.reset(input);
        Ok(Step::Again)
    }
}

/// The piece that is being read.
#[derive(Default)]
struct Input {
    piece: Bytes,
    is_ended: bool,
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.piece.is_empty() && !self.is_ended {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(&self.piece)
    }

    fn consume(&mut self, count: usize) {
        self.piece.advance(count.min(self.piece.len()));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use http::HeaderValue;

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(body: &[u8], piece: usize) -> Result<Vec<u8>, String> {
        let mut gunzip = Gunzip::default();
        let mut pieces = body.chunks(piece);
        let mut text = Vec::new();
        loop {
            match gunzip.step().map_err(|error| error.to_string())? {
                Step::Decoded(decoded) => {
                    assert!(decoded.len() <= STEP_BYTES_MAX);
                    text.extend_from_slice(&decoded);
                }
                Step::Again => {}
                Step::Hungry => match pieces.next() {
                    Some(piece) => gunzip.feed(Bytes::copy_from_slice(piece)),
                    None => gunzip.finish(),
                },
                Step::End => return Ok(text),
            }
        }
    }

    #[test]
    fn all_members_are_decoded_and_nothing_else_is_taken() {
        let (one, two, none) = (packed(b"{\"a\": 1,"), packed(b"\"b\": 2}"), packed(b""));
        let whole = b"{\"a\": 1,\"b\": 2}".to_vec();
        let rubbish = "the answer's Content-Encoding is gzip, and its body is damaged, or followed by something else";
        let cut = "the answer's Content-Encoding is gzip, and its body is cut short";
        let mut damaged = one.clone();
        let at = damaged.len() - 5;
        damaged[at] ^= 1;
        type Expected<'t> = Result<Vec<u8>, &'t str>;
        let cases: [(Vec<&[u8]>, Expected<'_>); 12] = [
            (vec![], Ok(vec![])),
            (vec![&none], Ok(vec![])),
            (vec![&one, &two], Ok(whole.clone())),
            (vec![&none, &one, &none, &none, &two, &none], Ok(whole.clone())),
            (vec![&one, &two, &[0; 700]], Ok(whole)),
            (vec![&one, b"x"], Err(cut)),
            (vec![&one, b"rubbish that is no member"], Err(rubbish)),
            (vec![&one, b"\0\0", &two], Err(rubbish)),
            (vec![&one, b"\0x"], Err(rubbish)),
            (vec![&damaged], Err(rubbish)),
            (vec![b"plain text, and of some length"], Err(rubbish)),
            (vec![b"\0\0\0\0\0\0\0\0\0\0\0\0"], Err(rubbish)),
        ];
        for (parts, expected) in cases {
            let body = parts.concat();
            for piece in 1..=body.len().max(1) {
                let found = unpacked(&body, piece);
                assert_eq!(
                    found.as_deref().map_err(String::as_str),
                    expected.as_deref().map_err(|e| *e),
                    "{parts:?}"
                );
            }
        }
        let both = [one.as_slice(), &two].concat();
        for end in (1..both.len()).filter(|end| *end != one.len()) {
            assert_eq!(unpacked(&both[..end], 7), Err(cut.to_owned()), "{end}");
        }
    }

    #[test]
    fn what_unpacks_to_very_much_comes_in_steps() {
        let body = packed(&vec![b'x'; 20_000_000]);
        assert!(body.len() < 40_000);
        assert_eq!(unpacked(&body, body.len()).unwrap().len(), 20_000_000);
    }

    #[test]
    fn names_have_no_case_and_unknown_ones_are_told() {
        let cases: [(&[&str], &str); 13] = [
            (&[], "identity"),
            (&["", " , "], "identity"),
            (&["identity"], "identity"),
            (&["Identity, IDENTITY"], "identity"),
            (&["gzip"], "gzip"),
            (&[" GZIP\t"], "gzip"),
            (&["x-gzip"], "gzip"),
            (&["X-GZip, identity"], "gzip"),
            (&["identity", "gzip"], "gzip"),
            (&["br"], "br"),
            (&["deflate"], "deflate"),
            (&["gzip, gzip"], "gzip, gzip"),
            (&["gzip", "br"], "gzip, br"),
        ];
        for (lines, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("7"));
            for line in lines {
                headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(line));
            }
            let found = match Encoding::take(&mut headers) {
                Encoding::Identity => "identity".to_owned(),
                Encoding::Gzip(_) => "gzip".to_owned(),
                Encoding::Unknown(name) => name,
            };
            assert_eq!(found, expected);
            assert!(!headers.contains_key(header::CONTENT_ENCODING));
            assert_eq!(headers.contains_key(header::CONTENT_LENGTH), found == "identity");
        }
    }
}
