//! Secrets in XML and HTML: the text of an element, all that stands below it, and what stands beside a caption.

use super::names::{is_caption, is_secret_in_text};
use super::pairs::{Below, Gap, NAME_MAX, Record, Scan, Span, Tag, char_at, is_name_char, unit};

pub(super) const CDATA: &str = "<![CDATA[";

impl<'t> Scan<'t> {
    pub(super) fn tag_start(&mut self, at: usize, end: usize) -> usize {
        let caption = self.caption.take().and_then(|start| self.text.get(start..at));
        let caption = caption.map(|text| text.trim().trim_end_matches(':'));
        if caption.is_some_and(|text| text.len() <= NAME_MAX && is_secret_in_text(text)) {
            self.is_next_secret = true;
        }
        self.record = Record::default();
        let is_closing = char_at(self.text, end) == Some('/');
        // `<b>Password</b>: hunter2`
        self.emphasized = std::mem::take(&mut self.name);
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
        if let Some(below) = &mut self.below {
            below.has_elements |= !is_closing || !below.name.eq_ignore_ascii_case(&name);
        }
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.tag = None;
            return end;
        }
        let open = self.text.get(at..end).unwrap_or_default();
        // `<password value="hunter2"/>`, and the same on what stands below.
        self.record.is_secret = !is_closing && (self.below.is_some() || is_secret_in_text(&name));
        self.tag = Some(Tag {
            name,
            start: at,
            open,
            is_closing,
        });
        place
    }

    pub(super) fn tag_end(&mut self, at: usize, end: usize) -> usize {
        let is_named = std::mem::take(&mut self.record).is_secret;
        self.forget();
        let emphasized = std::mem::take(&mut self.emphasized);
        let Some(tag) = self.tag.take() else { return end };
        let is_empty = self.text.get(..at).is_some_and(|before| before.ends_with('/')) || is_void(&tag.name);
        if !is_empty {
            self.step_below(&tag);
        }
        if tag.is_closing {
            self.name = emphasized;
            self.name.gap = Gap::Other;
        }
        if tag.is_closing || is_empty {
            return end;
        }
        self.caption = is_caption(&tag.name).then_some(end);
        let is_below = self.below.is_some();
        let is_next = std::mem::take(&mut self.is_next_secret);
        if !is_next && !is_secret_in_text(&tag.name) && (!is_named || is_below) {
            return end;
        }
        let (start, close) = self.content(end, tag.open);
        let content = self.text.get(start..close).unwrap_or_default();
        let is_blank = content.trim().is_empty();
        if !is_below {
            self.below = Some(Below {
                name: tag.name,
                depth: 1,
                start: end,
                is_blank,
                is_nested: content.is_empty() || (is_blank && content.contains('\n')),
                has_elements: false,
            });
        }
        match is_blank {
            true => end,
            false => self.mask((start, close), close),
        }
    }

    /// Notes a tag within an element that is a secret: `<password><value>hunter2</value></password>`.
    fn step_below(&mut self, tag: &Tag<'_>) {
        let Some(below) = &mut self.below else { return };
        if !below.name.eq_ignore_ascii_case(&tag.name) {
            below.is_nested |= tag.is_closing && below.is_blank;
            return;
        }
        match tag.is_closing {
            false => below.depth += 1,
            true => below.depth -= 1,
        }
        if below.depth == 0 {
            let (start, has_elements) = (below.start, below.has_elements);
            self.below = None;
            if has_elements {
                self.spans.push((start, tag.start));
            }
        }
    }

    /// The text has ended. What was never closed may be a word in pointed brackets, as in `usage: <token> <user>`, unless it
    /// is written as elements are.
    pub(super) fn end_below(&mut self) {
        if let Some(below) = self.below.take().filter(|below| below.is_nested && below.has_elements) {
            self.spans.push((below.start, self.text.len()));
        }
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

/// Elements of HTML that have no end.
fn is_void(name: &str) -> bool {
    ["br", "col", "hr", "img", "input", "link", "meta", "param", "wbr"]
        .iter()
        .any(|void| void.eq_ignore_ascii_case(name))
}
