//! Finds the values that stand under names of secrets, in whatever a server prints: queries, headers, JSON, XML, HTML,
//! YAML, and what `toString`, `repr` and dumps give. One scan from left to right; nothing is looked at again and again.

use super::names::{is_label, is_phrase, is_prose, is_scheme, is_secret_in_text, is_value};
use super::units::{Unit, is_lead, resolved};

/// No name is longer.
pub(super) const NAME_MAX: usize = 64;
/// Shorter words behind the name of a scheme are words.
const MIN_CREDENTIAL: usize = 8;
/// Fewer hexadecimal digits are no UUID.
const MIN_UUID_DIGITS: usize = 16;

pub(super) type Span = (usize, usize);

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
    scan.end_below();
    scan.spans.sort_unstable();
    scan.spans
}

/// The character at a place with its escapes resolved.
pub(super) fn unit(text: &str, at: usize) -> Option<Unit> {
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

pub(super) fn char_at(text: &str, at: usize) -> Option<char> {
    unit(text, at)?.char()
}

pub(super) fn is_name_char(found: char) -> bool {
    found.is_ascii_alphanumeric() || matches!(found, '_' | '-')
}

/// What stands between a name and what follows it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Gap {
    #[default]
    None,
    Blanks,
    Other,
}

/// The name that was read last.
#[derive(Default)]
pub(super) struct Name {
    text: String,
    start: usize,
    pub(super) gap: Gap,
    /// Of `\token` it is not known whether it begins with a tab.
    letter: Option<char>,
    /// Whether the word before it, with blanks between, is the name of a secret.
    follows_secret: bool,
    /// Whether that word is `session`, which makes an `id` a secret.
    follows_session: bool,
}

impl Name {
    fn is_secret(&self) -> bool {
        is_secret_in_text(&self.text)
            || (self.follows_session && self.text.eq_ignore_ascii_case("id"))
            || self
                .letter
                .is_some_and(|letter| is_secret_in_text(&format!("{letter}{}", self.text)))
    }
}

/// An element, or an object between braces: `value` may come before the `name` that makes it a secret.
#[derive(Default)]
pub(super) struct Record {
    pub(super) is_secret: bool,
    value: Option<usize>,
}

/// An element whose name is that of a secret: everything up to its end is one.
pub(super) struct Below {
    pub(super) name: String,
    /// How many elements of this name are open.
    pub(super) depth: usize,
    /// Where it begins, behind its tag.
    pub(super) start: usize,
    /// Whether no text stands before its first element.
    pub(super) is_blank: bool,
    /// Whether that is written as elements are, and not as words in pointed brackets.
    pub(super) is_nested: bool,
    pub(super) has_elements: bool,
}

/// An opened tag.
pub(super) struct Tag<'t> {
    pub(super) name: String,
    pub(super) start: usize,
    /// How its `<` is written.
    pub(super) open: &'t str,
    pub(super) is_closing: bool,
}

#[derive(Default)]
pub(super) struct Scan<'t> {
    pub(super) text: &'t str,
    pub(super) name: Name,
    /// The name that ends where a tag begins.
    pub(super) emphasized: Name,
    pub(super) record: Record,
    pub(super) tag: Option<Tag<'t>>,
    /// Where the text of an element begins that may be a caption.
    pub(super) caption: Option<usize>,
    /// Whether the text of the next element is a secret.
    pub(super) is_next_secret: bool,
    /// The element with the name of a secret that is open.
    pub(super) below: Option<Below>,
    /// Where the text ends in which no value is looked for a second time.
    pub(super) covered: usize,
    pub(super) spans: Vec<Span>,
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
                let is_told = self.name.follows_secret && matches!(self.name.text.as_str(), "is" | "was");
                // `the password 'hunter2' is wrong`; the names of tokens and keys are quoted as well.
                let is_quoted = self.name.gap == Gap::Blanks && is_phrase(&self.name.text) && self.name.is_secret();
                if is_told || (is_quoted && !self.is_key(at)) {
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
            // Base64 in LDIF.
            ':' if self.rest(unit.end).starts_with(": ") => return self.separator(unit.end + 1, found),
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
            '.' if self.is_member(unit.end) => {
                return unit.end
                    + self
                        .rest(unit.end)
                        .bytes()
                        .take_while(|byte| is_name_char((*byte).into()))
                        .count();
            }
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

    /// Whether the text in quotes at this place is a name itself.
    fn is_key(&self, at: usize) -> bool {
        self.quoted(at).is_some_and(|((start, end), next)| {
            let is_secret = self.text.get(start..end).is_some_and(is_secret_in_text);
            is_secret
                || matches!(
                    char_at(self.text, self.behind_blanks(next)),
                    Some(':' | '=' | '-' | '→')
                )
        })
    }

    pub(super) fn rest(&self, at: usize) -> &'t str {
        self.text.get(at..).unwrap_or_default()
    }

    pub(super) fn forget(&mut self) {
        self.name.text.clear();
        self.name.gap = Gap::None;
        self.name.letter = None;
        self.name.follows_secret = false;
        self.name.follows_session = false;
    }

    pub(super) fn mask(&mut self, (start, end): Span, next: usize) -> usize {
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
            let follows_session = is_word && self.name.text.eq_ignore_ascii_case("session");
            let letter = self.name.letter.take().filter(|_| self.name.text.is_empty());
            self.forget();
            self.name.follows_session = follows_session;
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

    /// `password[0]=`, `password[]=`, `password[value]=`, and the start of `[password]`.
    fn index(&mut self, at: usize) -> usize {
        if self.name.gap != Gap::None || self.name.text.is_empty() {
            self.forget();
            return at;
        }
        let mut is_number = true;
        let mut end = at;
        for _ in 0..NAME_MAX {
            let Some(unit) = unit(self.text, end) else { break };
            end = unit.end;
            match unit.char() {
                Some(']') if is_number || self.name.is_secret() => return end,
                Some(found) if is_name_char(found) || matches!(found, '"' | '\'') => {
                    is_number &= found.is_ascii_digit();
                }
                _ => break,
            }
        }
        self.forget();
        at
    }

    /// Whether `value` of `password.value` stands at this place.
    fn is_member(&self, at: usize) -> bool {
        let length = self
            .rest(at)
            .bytes()
            .take(NAME_MAX)
            .take_while(|byte| is_name_char((*byte).into()))
            .count();
        let member = self.text.get(at..at + length).unwrap_or_default();
        self.name.gap == Gap::None && is_value(member) && self.name.is_secret()
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

    /// `tokens/7ba167aa-…`: the uuid of a token is a credential. `thin:scott/tiger@`: an address of Oracle's.
    fn segment(&mut self, at: usize) -> usize {
        let is_below = self.name.gap == Gap::None && self.name.text.eq_ignore_ascii_case("tokens");
        let before = self.text.get(..self.name.start).filter(|_| !self.name.text.is_empty());
        self.forget();
        if before.is_some_and(|before| before.ends_with("thin:") || before.ends_with("oci:")) {
            let word = self.text.get(at..self.word_end(at)).unwrap_or_default();
            return word
                .rfind('@')
                .map_or(at, |length| self.mask((at, at + length), at + length));
        }
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

    pub(super) fn behind_blanks(&self, mut at: usize) -> usize {
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
        let is_secret = name.is_secret() || (name.text == "-" && name.follows_secret);
        let text = name.text.trim_end_matches('-').to_owned();
        if is_label(&text) && self.names_a_secret(end) {
            self.record.is_secret = true;
            if let Some(value) = self.record.value.take().filter(|value| *value >= self.covered) {
                let found = self.value(value, "", false);
                self.covered = found.map_or(self.covered, |(_, end)| end);
                self.spans.extend(found);
            }
        }
        if is_value(&text) && !self.record.is_secret {
            self.record.value = Some(end);
        }
        let is_secret = is_secret || (is_value(&text) && self.record.is_secret);
        if !is_secret {
            return end;
        }
        let found = self.value(end, &text, is_loose);
        match found.or_else(|| self.indented(name.start, end)) {
            Some(span) => self.mask(span, end),
            None => end,
        }
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
}
