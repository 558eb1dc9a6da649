//! Finds the values that stand under names of secrets, in whatever a server prints: queries, headers, JSON, XML, HTML,
//! YAML, and what `toString`, `repr` and dumps give. One scan from left to right; nothing is looked at again and again.

use super::names::{is_caption, is_header, is_label, is_phrase, is_prose, is_scheme, is_secret_in_text, is_value};
use super::units::{Unit, is_lead, resolved};

/// No name is longer.
const NAME_MAX: usize = 64;
/// Shorter words behind the name of a scheme are words.
const MIN_CREDENTIAL: usize = 8;
/// Fewer hexadecimal digits are no UUID.
const MIN_UUID_DIGITS: usize = 16;
/// Tags between a caption and its value.
const TAGS_MAX: usize = 4;
const CDATA: &str = "<![CDATA[";

type Span = (usize, usize);

/// Where secret values stand, in order.
pub(super) fn spans(text: &str) -> Vec<Span> {
    let mut scan = Scan {
        text,
        ..Scan::default()
    };
    let mut at = 0;
    while let Some(unit) = unit(text, at) {
        at = scan.take(at, unit).max(unit.end);
    }
    scan.spans.sort_unstable();
    scan.spans
}

/// The character at a place with its escapes resolved.
fn unit(text: &str, at: usize) -> Option<Unit> {
    #[cfg(test)]
    super::units::READ.set(super::units::READ.get() + 1);
    let byte = *text.as_bytes().get(at)?;
    if byte.is_ascii() && !is_lead(byte) {
        return Some(Unit {
            code: byte.into(),
            end: at + 1,
        });
    }
    resolved(text, at)
}

fn char_at(text: &str, at: usize) -> Option<char> {
    unit(text, at)?.char()
}

fn is_name_char(found: char) -> bool {
    found.is_ascii_alphanumeric() || matches!(found, '_' | '-')
}

/// What stands between a name and what follows it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Gap {
    #[default]
    None,
    Blanks,
    Other,
}

/// The name that was read last.
#[derive(Default)]
struct Name {
    text: String,
    start: usize,
    gap: Gap,
    /// Of `\token` it is not known whether it begins with a tab.
    letter: Option<char>,
    /// Whether the word before it, with blanks between, is the name of a secret.
    follows_secret: bool,
}

impl Name {
    fn is_secret(&self) -> bool {
        is_secret_in_text(&self.text)
            || self
                .letter
                .is_some_and(|letter| is_secret_in_text(&format!("{letter}{}", self.text)))
    }
}

/// An element, or an object between braces: `value` may come before the `name` that makes it a secret.
#[derive(Default)]
struct Record {
    is_secret: bool,
    value: Option<usize>,
}

/// An opened tag.
struct Tag<'t> {
    name: String,
    /// How its `<` is written.
    open: &'t str,
    is_closing: bool,
}

#[derive(Default)]
struct Scan<'t> {
    text: &'t str,
    name: Name,
    record: Record,
    tag: Option<Tag<'t>>,
    /// Where the text of an element begins that may be a caption.
    caption: Option<usize>,
    /// Whether the text of the next element is a secret.
    is_next_secret: bool,
    spans: Vec<Span>,
}

impl<'t> Scan<'t> {
    /// Takes one character; gives the place to go on at.
    fn take(&mut self, at: usize, unit: Unit) -> usize {
        let Some(found) = unit.char() else {
            self.forget();
            return unit.end;
        };
        if is_name_char(found) {
            return self.name_char(at, unit.end, found);
        }
        match found {
            '"' | '\'' | '`' => {
                if self.name.follows_secret && matches!(self.name.text.as_str(), "is" | "was") {
                    self.forget();
                    return self.quoted(at).map_or(unit.end, |(span, next)| self.mask(span, next));
                }
                self.name.gap = Gap::Other;
            }
            ' ' | '\t' if !self.rest(at).starts_with('\\') => {
                if self.name.gap == Gap::None {
                    self.name.gap = Gap::Blanks;
                }
            }
            '\\' | ']' | ')' | '*' => self.name.gap = Gap::Other,
            '[' => return self.index(unit.end),
            ':' if self.rest(unit.end).starts_with("//") => {
                self.forget();
                return self.user_info(unit.end + 2);
            }
            ':' if self.rest(unit.end).starts_with(':') => {
                self.forget();
                return unit.end + 1;
            }
            '=' | ':' | '→' => return self.separator(unit.end, found),
            '>' if self.tag.is_some() => return self.tag_end(at, unit.end),
            '>' if self.text.get(..at).is_some_and(|before| before.ends_with('-')) => {
                return self.separator(unit.end, found);
            }
            '<' => return self.tag_start(at, unit.end),
            ',' => return self.tuple(unit.end),
            '/' => return self.segment(unit.end),
            '{' | '}' => {
                self.record = Record::default();
                self.forget();
            }
            _ => {
                self.forget();
                // `\t` before a name, or `\token`.
                self.name.letter = self
                    .text
                    .get(at..unit.end)
                    .and_then(|escape| escape.strip_prefix('\\'))
                    .and_then(|letter| letter.chars().next());
            }
        }
        unit.end
    }

    fn rest(&self, at: usize) -> &'t str {
        self.text.get(at..).unwrap_or_default()
    }

    fn forget(&mut self) {
        self.name.text.clear();
        self.name.gap = Gap::None;
        self.name.letter = None;
        self.name.follows_secret = false;
    }

    fn mask(&mut self, (start, end): Span, next: usize) -> usize {
        if end > start {
            self.spans.push((start, end));
        }
        next.max(end)
    }

    fn name_char(&mut self, at: usize, end: usize, found: char) -> usize {
        if self.name.gap != Gap::None || self.name.text.is_empty() {
            let is_word = self.name.gap == Gap::Blanks;
            if is_word && let Some(end) = self.argument(at) {
                self.forget();
                return self.mask((at, end), end);
            }
            let follows_secret = is_word && matches!(found, 'i' | 'w' | '-') && self.name.is_secret();
            let letter = self.name.letter.take().filter(|_| self.name.text.is_empty());
            self.forget();
            self.name.follows_secret = follows_secret;
            self.name.letter = letter;
            self.name.start = at;
        }
        if end > at + 1 {
            self.push(found.encode_utf8(&mut [0; 4]).as_bytes());
            return end;
        }
        // All that stand there as they are at once.
        let run = self.text.as_bytes().get(at..).unwrap_or_default();
        let length = run.iter().take_while(|byte| is_name_char((**byte).into())).count();
        self.push(run.get(..length).unwrap_or_default());
        at + length
    }

    fn push(&mut self, part: &[u8]) {
        let room = NAME_MAX.saturating_sub(self.name.text.len());
        self.name.text.extend(part.iter().take(room).copied().map(char::from));
    }

    /// `--password hunter2`, `Bearer eyJ…`: the end of the word if it is a value.
    fn argument(&self, at: usize) -> Option<usize> {
        let name = self.name.text.as_str();
        let is_option = name.starts_with('-') && name.len() > 2 && self.name.is_secret();
        if !is_option && !is_scheme(name) {
            return None;
        }
        let end = self.word_end(at);
        let word = self.text.get(at..end)?;
        let is_value = if is_option {
            !word.starts_with('-') && !is_prose(word)
        } else {
            let is_odd = |byte: u8| byte.is_ascii_digit() || byte == b'=';
            word.len() >= MIN_CREDENTIAL
                && (word.bytes().any(is_odd) || word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase()))
        };
        is_value.then_some(end)
    }

    /// `password[0]=`, `password[]=`, and the start of `[password]`.
    fn index(&mut self, at: usize) -> usize {
        let rest = self.rest(at);
        let digits = rest.bytes().take(NAME_MAX).take_while(u8::is_ascii_digit).count();
        if self.name.gap == Gap::None
            && !self.name.text.is_empty()
            && rest.get(digits..).is_some_and(|rest| rest.starts_with(']'))
        {
            return at + digits + 1;
        }
        self.forget();
        at
    }

    /// `user:password@` of a URL.
    fn user_info(&mut self, at: usize) -> usize {
        let rest = self.rest(at);
        let is_end = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>' | '\\');
        let place = rest.get(..rest.find(is_end).unwrap_or(rest.len())).unwrap_or_default();
        match place.rfind('@') {
            Some(length) => self.mask((at, at + length), at + length),
            None => at,
        }
    }

    /// `tokens/7ba167aa-…`: the uuid of a token is a credential.
    fn segment(&mut self, at: usize) -> usize {
        let is_below = self.name.gap == Gap::None && self.name.text.eq_ignore_ascii_case("tokens");
        self.forget();
        if !is_below {
            return at;
        }
        let mut digits = 0;
        let mut end = at;
        while let Some(unit) = unit(self.text, end) {
            match unit.char() {
                Some(found) if found.is_ascii_hexdigit() => digits += 1,
                Some('-') => {}
                _ => break,
            }
            end = unit.end;
        }
        if digits < MIN_UUID_DIGITS {
            return at;
        }
        self.mask((at, end), end)
    }

    /// `('password', 'hunter2')`
    fn tuple(&mut self, at: usize) -> usize {
        let is_quoted = self.name.gap == Gap::Other && self.name.is_secret();
        let start = self.name.start;
        self.forget();
        let opening = self
            .text
            .as_bytes()
            .get(start.saturating_sub(3)..start)
            .unwrap_or_default();
        if !is_quoted || !opening.contains(&b'(') {
            return at;
        }
        let value = self.behind_blanks(at);
        let value = value + usize::from(self.rest(value).starts_with(['b', 'u']));
        match self.quoted(value) {
            Some((span, next)) if self.rest(self.behind_blanks(next)).starts_with(')') => self.mask(span, next),
            _ => at,
        }
    }

    fn behind_blanks(&self, mut at: usize) -> usize {
        while let Some(unit) = unit(self.text, at).filter(|unit| matches!(unit.char(), Some(' ' | '\t'))) {
            at = unit.end;
        }
        at
    }

    /// `==`, `=>`, `:=`.
    fn goes_on(&self, kind: char, unit: Unit) -> bool {
        match unit.char() {
            Some('=') => kind != '>',
            Some('>') => kind == '=' && self.tag.is_none(),
            _ => false,
        }
    }

    fn separator(&mut self, mut end: usize, kind: char) -> usize {
        let mut is_loose = kind != '=' || self.rest(end).starts_with([' ', '\t']);
        while let Some(unit) = unit(self.text, end).filter(|unit| self.goes_on(kind, *unit)) {
            is_loose = true;
            end = unit.end;
        }
        let name = std::mem::take(&mut self.name);
        let (is_secret, text) = (name.is_secret() || (name.text == "-" && name.follows_secret), name.text);
        let text = text.trim_end_matches('-').to_owned();
        if is_label(&text) && self.names_a_secret(end) {
            self.record.is_secret = true;
            if let Some(value) = self.record.value.take() {
                self.spans.extend(self.value(value, "", false));
            }
        }
        if is_value(&text) && !self.record.is_secret {
            self.record.value = Some(end);
        }
        let is_secret = is_secret || (is_value(&text) && self.record.is_secret);
        if !is_secret {
            return end;
        }
        let mut next = end;
        for span in self.value(end, &text, is_loose) {
            next = self.mask(span, next);
        }
        next
    }

    /// Whether the value at this place is the name of a secret.
    fn names_a_secret(&self, at: usize) -> bool {
        let at = self.behind_blanks(at);
        let (start, end) = match self.quoted(at) {
            Some((span, _)) => span,
            None => {
                let word = self
                    .rest(at)
                    .bytes()
                    .take(NAME_MAX + 1)
                    .take_while(|byte| is_name_char((*byte).into()));
                (at, at + word.count())
            }
        };
        end - start <= NAME_MAX && self.text.get(start..end).is_some_and(is_secret_in_text)
    }

    /// Where a value stands behind its separator. `is_loose`: a sentence may stand there as well.
    fn value(&self, at: usize, name: &str, is_loose: bool) -> Vec<Span> {
        let at = self.behind_openings(at, is_loose);
        if let Some((span, _)) = self.quoted(at) {
            return vec![span];
        }
        let rest = self.rest(at);
        if rest.starts_with('[') {
            return self.list(at + 1);
        }
        if rest.starts_with(['|', '>']) {
            return vec![self.block(at + 1)];
        }
        if rest.starts_with(['{', '\r', '\n']) {
            return Vec::new();
        }
        let end = self.word_end(at);
        let word = self.text.get(at..end).unwrap_or_default();
        let is_plain_key = name.eq_ignore_ascii_case("key") && word.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_sentence = is_loose && (is_prose(word) || is_plain_key);
        if is_sentence || !word.contains(|c: char| c.is_alphanumeric()) {
            return Vec::new();
        }
        let end = if is_header(name) {
            self.line_end(at)
        } else if is_phrase(name) {
            self.phrase_end(end)
        } else if is_scheme(word) {
            self.word_end(self.behind_blanks(end))
        } else {
            end
        };
        vec![(at, end)]
    }

    /// Behind blanks, tags, `!tag`, `string(7)`, and the letter of `b'…'`; behind a line's end if a quote follows.
    fn behind_openings(&self, at: usize, is_loose: bool) -> usize {
        let mut at = self.behind_blanks(at);
        if self.tag.is_none() && is_loose {
            for _ in 0..TAGS_MAX {
                let rest = self.rest(at);
                let tag = rest.bytes().take(4 * NAME_MAX).position(|byte| byte == b'>');
                match tag {
                    Some(length) if rest.starts_with('<') && !rest.starts_with(CDATA) => {
                        at += length + 1;
                        at += self.rest(at).len() - self.rest(at).trim_start().len();
                    }
                    _ => break,
                }
            }
        }
        let rest = self.rest(at);
        if let Some(size) = rest.strip_prefix("string(") {
            let digits = size.bytes().take(NAME_MAX).take_while(u8::is_ascii_digit).count();
            return self.behind_blanks(at + "string(".len() + digits + 1);
        }
        let next = rest.trim_start();
        let skipped = rest.len() - next.len();
        if skipped > 0 && self.quoted(at + skipped).is_some() {
            return at + skipped;
        }
        if rest.starts_with(['b', 'u', 'r', '@', 'B', 'U', 'R', 'L']) && self.quoted(at + 1).is_some() {
            return at + 1;
        }
        if rest.starts_with('!') {
            let tag = rest
                .bytes()
                .take(NAME_MAX)
                .take_while(|byte| !byte.is_ascii_whitespace())
                .count();
            return self.behind_blanks(at + tag);
        }
        at
    }

    /// A text in quotes at this place, and the place behind them.
    fn quoted(&self, at: usize) -> Option<(Span, usize)> {
        let opening = Quote::at(self.text, at)?;
        let mut place = opening.end;
        while let Some(unit) = unit(self.text, place) {
            if let Some(quote) = Quote::at(self.text, place) {
                let is_doubled = quote.backslashes == 0
                    && Quote::at(self.text, quote.end)
                        .is_some_and(|next| next.backslashes == 0 && next.mark == quote.mark)
                    && matches!(opening.mark, '\'')
                    && opening.backslashes == 0;
                if opening.is_closed_by(&quote) && !is_doubled {
                    return Some((
                        (
                            opening.end,
                            place + quote.backslashes.saturating_sub(opening.backslashes),
                        ),
                        quote.end,
                    ));
                }
                place = quote.end + usize::from(is_doubled);
                continue;
            }
            place = unit.end;
        }
        Some(((opening.end, self.text.len()), self.text.len()))
    }

    /// The elements of `["…", "…"]`.
    fn list(&self, mut at: usize) -> Vec<Span> {
        let mut found = Vec::new();
        loop {
            let rest = self.rest(at);
            at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n', ',']).len();
            if let Some((span, next)) = self.quoted(at) {
                found.push(span);
                at = next;
                continue;
            }
            let end = self.word_end(at);
            if end <= at || self.rest(at).starts_with(['{', '[', ']']) {
                return found;
            }
            found.push((at, end));
            at = end;
        }
    }

    /// The indented lines behind a YAML block marker.
    fn block(&self, at: usize) -> Span {
        let rest = self.rest(at);
        let start = at + (rest.len() - rest.trim_start_matches(['-', '+', ' ', '\t', '\r', '\n']).len());
        let mut end = start;
        for line in self.rest(start).split_inclusive('\n') {
            if end > start && !line.starts_with([' ', '\t']) {
                break;
            }
            end += line.len();
        }
        let block = self.text.get(start..end).unwrap_or_default();
        (start, start + block.trim_end().len())
    }

    /// Where an unquoted word ends. What may belong to it is a part if the word goes on behind it.
    fn word_end(&self, at: usize) -> usize {
        let mut end = at;
        while let Some(unit) = unit(self.text, end) {
            let next = char_at(self.text, unit.end);
            let goes_on = next.is_some_and(char::is_alphanumeric);
            let is_end = match unit.char() {
                Some(found) if found.is_whitespace() || found.is_control() => true,
                Some('<') => next.is_none_or(|next| next.is_alphabetic() || matches!(next, '/' | '!' | '?')),
                Some('&' | '?' | '#' | ',' | ';') => !goes_on || self.is_pair(unit.end),
                Some('"' | '\'' | '`' | ')' | ']' | '}' | '>' | '|') => !goes_on,
                Some('.' | '!' | ':') => next.is_none_or(char::is_whitespace),
                _ => false,
            };
            if is_end {
                break;
            }
            end = unit.end;
        }
        end
    }

    /// Whether `name=` or `name:` stands at this place.
    fn is_pair(&self, at: usize) -> bool {
        let mut end = at;
        for _ in 0..NAME_MAX {
            let Some(unit) = unit(self.text, end) else { return false };
            match unit.char() {
                Some(found) if is_name_char(found) || found == '.' => end = unit.end,
                Some('=' | ':') => return end > at,
                _ => return false,
            }
        }
        false
    }

    /// A passphrase goes on over blanks until a sentence, another pair or punctuation begins.
    fn phrase_end(&self, mut end: usize) -> usize {
        loop {
            let start = self.behind_blanks(end);
            let word_end = self.word_end(start);
            let word = self.text.get(start..word_end).unwrap_or_default();
            let is_word = word.starts_with(|c: char| c.is_alphanumeric()) && !is_prose(word) && !self.is_pair(start);
            if start == end || !is_word {
                return end;
            }
            end = word_end;
        }
    }

    /// The end of a line, or where the next header or a tag begins.
    fn line_end(&self, at: usize) -> usize {
        let mut end = at;
        let mut before = ' ';
        let mut inside = None;
        while let Some(unit) = unit(self.text, end) {
            let found = unit.char().unwrap_or_default();
            let is_end = match found {
                '\r' | '\n' | '<' => true,
                '"' | '\'' | '`' if inside == Some(found) => {
                    inside = None;
                    false
                }
                // `response="6629f"`, and no end of what is around it all.
                '"' | '\'' | '`' => {
                    let next = char_at(self.text, unit.end);
                    let is_last = next.is_none_or(|next| matches!(next, ',' | ']' | '}' | ')' | ':' | '\n'));
                    inside = Some(found).filter(|_| before == '=' && !is_last);
                    is_last
                }
                _ => before == ' ' && is_name_char(found) && self.is_header_start(end),
            };
            if is_end {
                break;
            }
            before = found;
            end = unit.end;
        }
        let line = self.text.get(at..end).unwrap_or_default();
        at + line.trim_end().len()
    }

    /// Whether `Name: ` stands at this place.
    fn is_header_start(&self, at: usize) -> bool {
        let rest = self.rest(at);
        let name = rest
            .bytes()
            .take(NAME_MAX)
            .take_while(|byte| is_name_char((*byte).into()))
            .count();
        name > 1 && rest.get(name..).is_some_and(|rest| rest.starts_with(": "))
    }

    fn tag_start(&mut self, at: usize, end: usize) -> usize {
        let caption = self.caption.take().and_then(|start| self.text.get(start..at));
        let caption = caption.map(|text| text.trim().trim_end_matches(':'));
        if caption.is_some_and(|text| text.len() <= NAME_MAX && is_secret_in_text(text)) {
            self.is_next_secret = true;
        }
        self.forget();
        self.record = Record::default();
        let is_closing = char_at(self.text, end) == Some('/');
        let mut place = match is_closing {
            true => unit(self.text, end).map_or(end, |unit| unit.end),
            false => end,
        };
        let mut name = String::new();
        while let Some(unit) = unit(self.text, place) {
            match unit.char() {
                Some(found) if is_name_char(found) && name.len() < NAME_MAX => name.push(found),
                Some(':') if !name.is_empty() => name.clear(),
                _ => break,
            }
            place = unit.end;
        }
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.tag = None;
            return end;
        }
        let open = self.text.get(at..end).unwrap_or_default();
        self.tag = Some(Tag { name, open, is_closing });
        place
    }

    fn tag_end(&mut self, at: usize, end: usize) -> usize {
        let is_named = std::mem::take(&mut self.record).is_secret;
        self.forget();
        let Some(tag) = self.tag.take() else { return end };
        let is_empty = self.text.get(..at).is_some_and(|before| before.ends_with('/'));
        if tag.is_closing || is_empty {
            return end;
        }
        self.caption = is_caption(&tag.name).then_some(end);
        let is_next = std::mem::take(&mut self.is_next_secret);
        if !is_next && !is_named && !is_secret_in_text(&tag.name) {
            return end;
        }
        let (start, close) = self.content(end, tag.open);
        let content = self.text.get(start..close).unwrap_or_default();
        if content.trim().is_empty() {
            // `<password><value>hunter2</value></password>`
            self.is_next_secret = !self.rest(close + tag.open.len()).starts_with('/');
            return end;
        }
        self.mask((start, close), close)
    }

    /// The place behind these characters, if they stand here, however they are written.
    fn behind(&self, mut at: usize, wanted: &str) -> Option<usize> {
        for character in wanted.chars() {
            let unit = unit(self.text, at).filter(|unit| unit.char() == Some(character))?;
            at = unit.end;
        }
        Some(at)
    }

    /// The text of an element up to the next tag that is written like the one before it.
    fn content(&self, at: usize, open: &str) -> Span {
        let rest = self.rest(at);
        let inner = at + rest.len() - rest.trim_start().len();
        if let Some(start) = self.behind(inner, CDATA) {
            let mut end = start;
            while let Some(unit) = unit(self.text, end) {
                if self.behind(end, "]]>").is_some() {
                    break;
                }
                end = unit.end;
            }
            return (start, end);
        }
        let lead = open.chars().next().unwrap_or('<');
        let end = rest
            .char_indices()
            .find(|(place, found)| {
                *found == '<' || (*found == lead && rest.get(*place..).is_some_and(|rest| rest.starts_with(open)))
            })
            .map_or(rest.len(), |(place, _)| place);
        (at, at + end)
    }
}

/// How a quote is written; only one of the same kind closes it.
#[derive(PartialEq, Eq)]
enum Style {
    Raw,
    Entity,
    Percent,
    Unicode,
}

struct Quote {
    mark: char,
    style: Style,
    backslashes: usize,
    end: usize,
}

impl Quote {
    fn at(text: &str, at: usize) -> Option<Self> {
        let unit = unit(text, at)?;
        let mark = unit.char().filter(|mark| matches!(mark, '"' | '\'' | '`'))?;
        let written = text.get(at..unit.end)?;
        let bare = written.trim_start_matches('\\');
        let backslashes = written.len() - bare.len();
        let style = match bare.chars().next() {
            Some('&') => Style::Entity,
            Some('%') => Style::Percent,
            Some('u' | 'x') => Style::Unicode,
            _ => Style::Raw,
        };
        let own = usize::from(style == Style::Unicode);
        Some(Self {
            mark,
            backslashes: backslashes.saturating_sub(own),
            style,
            end: unit.end,
        })
    }

    /// A quote in a text within a text has one backslash, one level deeper it has three.
    fn is_closed_by(&self, other: &Self) -> bool {
        if other.style == Style::Raw && self.style != Style::Raw && other.backslashes == 0 {
            return true;
        }
        let period = 2 * (self.backslashes + 1);
        self.mark == other.mark
            && self.style == other.style
            && (other.backslashes % period == self.backslashes || other.backslashes < self.backslashes)
    }
}
