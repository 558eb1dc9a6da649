//! Reads request XML into a small tree: no DTD, no entities beyond the predefined five, limited depth.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

const MAX_DEPTH: usize = 32;

/// One element with its text (that of its children left out).
#[derive(Debug, Default)]
pub(super) struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The trimmed text of a child; empty when there is none.
    pub fn text_of(&self, name: &str) -> &str {
        self.child(name).map(|child| child.text.trim()).unwrap_or_default()
    }

    fn open(start: &BytesStart<'_>) -> Result<Element, String> {
        let mut element = Element {
            name: start.local_name().as_ref().to_owned(),
            ..Element::default()
        };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|error| error.to_string())?;
            element
                .attributes
                .push((attribute.key.as_ref().to_owned(), value.into_owned()));
        }
        Ok(element)
    }
}

/// Parses a document. The error says what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let closed = match event {
            Event::Start(start) => {
                if open.len() >= MAX_DEPTH {
                    return Err("The document is nested too deeply".to_owned());
                }
                open.push(Element::open(&start)?);
                None
            }
            Event::Empty(start) => Some(Element::open(&start)?),
            Event::End(_) => open.pop(),
            Event::Text(content) => {
                append(&mut open, &content.xml10_content())?;
                None
            }
            Event::CData(content) => {
                append(&mut open, &content.xml10_content())?;
                None
            }
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| error.to_string())?;
                match (character, &*reference) {
                    (Some(character), _) => append(&mut open, character.encode_utf8(&mut [0; 4]))?,
                    (None, "amp") => append(&mut open, "&")?,
                    (None, "lt") => append(&mut open, "<")?,
                    (None, "gt") => append(&mut open, ">")?,
                    (None, "quot") => append(&mut open, "\"")?,
                    (None, "apos") => append(&mut open, "'")?,
                    (None, name) => return Err(format!("The entity \"{name}\" was referenced, but not declared.")),
                }
                None
            }
            Event::DocType(_) => return Err("DOCTYPE is disallowed".to_owned()),
            Event::Eof if open.is_empty() => return root.ok_or_else(|| "Premature end of file.".to_owned()),
            Event::Eof => return Err("XML document structures must start and end within the same entity.".to_owned()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
        };
        let Some(element) = closed else { continue };
        match open.last_mut() {
            Some(parent) => parent.children.push(element),
            None if root.is_some() => return Err("Content is not allowed in trailing section.".to_owned()),
            None => root = Some(element),
        }
    }
}

fn append(open: &mut [Element], text: &str) -> Result<(), String> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']).is_empty() => {}
        None => return Err("Content is not allowed in prolog.".to_owned()),
    }
    Ok(())
}
