//! Where a value ends that stands behind the name of a secret.

use super::markup::CDATA;
use super::names::{is_header, is_phrase, is_prose, is_scheme};
use super::pairs::{NAME_MAX, Scan, Span, char_at, is_name_char, unit};
use super::quote::Quote;

/// Tags between a caption and its value.
const TAGS_MAX: usize = 4;

impl Scan<'_> {
    /// Where a value stands behind its separator. `is_loose`: a sentence may stand there as well.
    pub(super) fn value(&self, at: usize, name: &str, is_loose: bool) -> Option<Span> {
        let mut at = self.behind_openings(at, is_loose);
        if let Some((span, _)) = self.quoted(at) {
            return Some(span);
        }
        if let Some(opening) = unit(self.text, at).filter(|unit| matches!(unit.char(), Some('{' | '['))) {
            match self.group_end(opening.end) {
                Some(end) => return Some(self.trimmed(opening.end, end)),
                // A brace in a sentence, or a value that begins with one.
                None => at = self.behind_blanks(opening.end),
            }
        }
        let rest = self.rest(at);
        if rest.starts_with(['|', '>']) {
            return Some(self.block(at + 1));
        }
        if rest.starts_with(['\r', '\n']) {
            return None;
        }
        let end = self.word_end(at);
        let word = self.text.get(at..end).unwrap_or_default();
        let is_plain_key = name.eq_ignore_ascii_case("key") && word.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_sentence = is_loose && (is_prose(word) || is_plain_key);
        if is_sentence || !word.contains(|c: char| c.is_alphanumeric()) {
            return None;
        }
        if let Some(end) = self.rest_of_group(at, end) {
            return Some((at, end));
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
        Some((at, end))
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
    pub(super) fn quoted(&self, at: usize) -> Option<(Span, usize)> {
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

    /// Where the bracket closes behind whose opening this place is; the end of the text if it does not. None if nothing that
    /// looks like data stands there either.
    fn group_end(&self, at: usize) -> Option<usize> {
        let mut depth = 1_usize;
        let mut is_word = false;
        let mut is_data = false;
        let mut place = at;
        while let Some(unit) = unit(self.text, place) {
            if !is_word && let Some((_, next)) = self.quoted(place) {
                is_data = true;
                place = next;
                continue;
            }
            match unit.char() {
                Some('{' | '[' | '(') => depth += 1,
                Some('}' | ']' | ')') if depth == 1 => return Some(place),
                Some('}' | ']' | ')') => depth -= 1,
                Some('=' | ':' | '>' | '→') => is_data = true,
                _ => {}
            }
            is_word = unit.char().is_some_and(char::is_alphanumeric);
            place = unit.end;
        }
        is_data.then_some(place)
    }

    /// `Secret(value='x', since=2)`, `Secret[value=x]`, `Array (…)`: the end of the whole, where a word opens more brackets than
    /// it closes, or only names what stands in brackets.
    fn rest_of_group(&self, at: usize, end: usize) -> Option<usize> {
        let word = self.text.get(at..end)?;
        let open = word.matches(['(', '[', '{']).count();
        let is_named =
            word == "Array" || word == "stdClass" || ["array(", "object("].iter().any(|start| word.starts_with(start));
        let mut inside = end;
        if is_named {
            let rest = self.rest(end).trim_start_matches(')');
            let rest = rest.strip_prefix(" Object").unwrap_or(rest).trim_start();
            let rest = rest
                .strip_prefix("#")
                .map_or(rest, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
            if rest.starts_with(['(', '{']) {
                inside = self.text.len() - rest.len() + 1;
            }
        }
        if open <= word.matches([')', ']', '}']).count() && inside == end {
            return None;
        }
        let close = self.group_end(inside)?;
        Some(unit(self.text, close).map_or(close, |unit| self.word_end(unit.end)))
    }

    /// Without the blanks at both ends.
    fn trimmed(&self, start: usize, end: usize) -> Span {
        let inside = self.text.get(start..end).unwrap_or_default();
        (end - inside.trim_start().len(), start + inside.trim_end().len())
    }

    /// The lines below `password:` that are indented more, where they are pairs or elements.
    pub(super) fn indented(&self, name: usize, at: usize) -> Option<Span> {
        let width = |line: &str| line.len() - line.trim_start_matches([' ', '\t', '-']).len();
        let below = self.rest(at).trim_start_matches([' ', '\t', '\r']).strip_prefix('\n')?;
        let before = self.text.get(..name)?;
        let own = width(before.get(before.rfind('\n').map_or(0, |end| end + 1)..)?);
        let start = self.text.len() - below.len();
        let mut end = start;
        for line in below.split_inclusive('\n') {
            let content = line.trim();
            let is_deeper = width(line) > own;
            let is_pair = content.starts_with("- ") || content.ends_with(':') || content.contains(": ");
            if !content.is_empty() && (!is_deeper || (end == start && !is_pair)) {
                break;
            }
            end += line.len();
        }
        let span = self.trimmed(start, end);
        (span.0 < span.1).then_some(span)
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
    pub(super) fn word_end(&self, at: usize) -> usize {
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
                Some(found) if is_name_char(found) || matches!(found, '.' | '[' | ']') => end = unit.end,
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
}
