//! Quotes in whatever spelling, and which one closes which.

use super::pairs::unit;

/// How a quote is written; only one of the same kind closes it.
#[derive(PartialEq, Eq)]
enum Style {
    Raw,
    Entity,
    Percent,
    Unicode,
}

pub(super) struct Quote {
    pub(super) mark: char,
    style: Style,
    pub(super) backslashes: usize,
    pub(super) end: usize,
}

impl Quote {
    pub(super) fn at(text: &str, at: usize) -> Option<Self> {
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
    pub(super) fn is_closed_by(&self, other: &Self) -> bool {
        if other.style == Style::Raw && self.style != Style::Raw && other.backslashes == 0 {
            return true;
        }
        let period = 2 * (self.backslashes + 1);
        self.mark == other.mark
            && self.style == other.style
            && (other.backslashes % period == self.backslashes || other.backslashes < self.backslashes)
    }
}
