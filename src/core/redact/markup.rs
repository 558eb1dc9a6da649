//! Secrets in XML and HTML: the text of an element, all that stands below it, and what stands beside a caption.

use super::names::{is_caption, is_secret_in_text};
use super::pairs::{NAME_MAX, Record, Scan, Span, Tag, char_at, is_name_char, unit};

pub(super) const CDATA: &str = "<![CDATA[";

impl<'t> Scan<'t> {
    pub(super) fn tag_start(&mut self, at: usize, end: usize) -> usize {
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

    pub(super) fn tag_end(&mut self, at: usize, end: usize) -> usize {
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
