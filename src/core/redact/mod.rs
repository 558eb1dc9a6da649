//! Masking of URLs and of server texts: the only place that decides what may be shown.

mod known;
mod markup;
mod names;
mod pairs;
mod quote;
#[cfg(test)]
mod tests;
mod units;
mod values;

use std::borrow::Cow;

use super::decode::one_line;
use super::error::Context;
use super::secret::{MASK, Secret};

pub(crate) use known::Known;
pub use names::{is_secret_name, secrets_of_header};

/// How much of an answer's body an error shows, in characters.
const EXCERPT_CHARS: usize = 400;
/// How much of an address.
const URL_CHARS: usize = 300;
/// How much of the server's name for an exchange.
const REQUEST_ID_CHARS: usize = 100;

/// Removes known secrets and the values of secret names from a text that came from outside.
pub fn scrub<'t>(text: &'t str, secrets: &[Secret]) -> Cow<'t, str> {
    scrub_known(text, &Known::new(secrets))
}

/// Whether a parameter's value must not be shown: its name may be encoded, or be the last of `a[b]`.
pub fn hides_value(name: &str) -> bool {
    !pairs::spans(&format!("{name}=x")).is_empty()
}

/// A text that stands below this name, masked as the name asks for.
pub fn scrub_below<'t>(name: Option<&str>, text: &'t str) -> Cow<'t, str> {
    let Some(name) = name else {
        return Cow::Borrowed(text);
    };
    let prefix = format!("{name}: ");
    let scrubbed = scrub(&format!("{prefix}{text}"), &[]).into_owned();
    Cow::Owned(scrubbed.strip_prefix(&prefix).unwrap_or(MASK).to_owned())
}

/// Whether `"name": "password"` makes a secret of the value beside it.
pub fn labels_secret(label: &str, name: &str) -> bool {
    names::is_label(label) && names::is_secret_in_text(name)
}

/// Whether a field holds what the label beside it names.
pub fn is_labelled(field: &str) -> bool {
    names::is_value(field)
}

/// Masks the places where these secrets stand, in whatever spelling.
pub(crate) fn without_known<'t>(text: &'t str, known: &Known) -> Cow<'t, str> {
    masked(text, &known.spans(text))
}

fn scrub_known<'t>(text: &'t str, known: &Known) -> Cow<'t, str> {
    let text = without_known(text, known);
    let spans = pairs::spans(&text);
    if spans.is_empty() {
        return text;
    }
    Cow::Owned(masked(&text, &spans).into_owned())
}

fn masked<'t>(text: &'t str, spans: &[(usize, usize)]) -> Cow<'t, str> {
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, end) in spans.iter().copied().filter(|(start, end)| start < end) {
        if start >= copied {
            out.push_str(text.get(copied..start).unwrap_or_default());
            out.push_str(MASK);
        }
        copied = copied.max(end);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// The scrubbed beginning of a body: control characters replaced, white space collapsed, cut at a character boundary.
pub fn excerpt(body: &[u8], secrets: &[Secret]) -> Option<String> {
    let known = Known::new(secrets);
    // Scrub before cutting, or half a secret could survive at the edge.
    let wanted = (64 * EXCERPT_CHARS).saturating_add(known.reach());
    let window = body.get(..wanted).unwrap_or(body);
    let text = String::from_utf8_lossy(window);
    // UTF-16 that was not declared.
    let text = if text.contains('\0') {
        Cow::Owned(text.replace('\0', ""))
    } else {
        text
    };
    let mut scrubbed = scrub_known(&text, &known);
    if window.len() < body.len() {
        scrubbed = Cow::Owned(without_tail(&scrubbed, known.reach()).to_owned());
    }
    // Once more: a secret may have stood there on two lines.
    let line = scrub_known(&one_line(&scrubbed), &known).into_owned();
    (!line.is_empty()).then(|| cut(&line, EXCERPT_CHARS))
}

/// A path of the caller's making. What stands below `tokens` is the uuid of one of Bamboo's tokens, whatever its form:
/// a credential.
pub fn shown_path(path: &str) -> (String, Vec<Secret>) {
    let mut is_token = false;
    let mut hidden = Vec::new();
    let segments = path.split('/').map(|segment| {
        let name = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
        let is_hidden = std::mem::replace(&mut is_token, name.eq_ignore_ascii_case("tokens")) && !segment.is_empty();
        if is_hidden {
            hidden.push(Secret::new(name));
            return MASK;
        }
        segment
    });
    let segments: Vec<&str> = segments.collect();
    (scrub(&segments.join("/"), &[]).into_owned(), hidden)
}

/// An address as events and errors show it.
pub fn shown_url(url: &str, secrets: &[Secret]) -> String {
    cut(&one_line(&scrub(url, secrets)), URL_CHARS)
}

/// Masks what a context took from an answer or a redirect. Long addresses are cut: they are shown, not followed.
pub fn context(context: &mut Context, secrets: &[Secret]) {
    let known = Known::new(secrets);
    let taken = [
        (&mut context.url, URL_CHARS),
        (&mut context.request_id, REQUEST_ID_CHARS),
    ];
    for (place, longest) in taken {
        if let Some(text) = place {
            *text = cut(&one_line(&scrub_known(text, &known)), longest);
        }
    }
}

/// At most so many characters.
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => text
            .get(..end)
            .unwrap_or_default()
            .chars()
            .chain(std::iter::once('…'))
            .collect(),
        None => text.to_owned(),
    }
}

/// Without so much of the end as half a secret could be.
fn without_tail(text: &str, longest: usize) -> &str {
    let wanted = text.len().saturating_sub(longest);
    let end = (0..=wanted).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}
