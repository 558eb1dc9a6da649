//! The envelope as XML: the texts of the root's children, by local name. No page of the vendor shows one; expected is
//! what ASP.NET writes (inferred): any root, a default namespace, any order, the JSON text in `Result`.
//!
//! <https://learn.microsoft.com/aspnet/web-api/overview/formats-and-model-binding/json-and-xml-serialization>

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use zeroize::Zeroizing;

/// An envelope is two levels deep; what lies deeper is skipped, but not without end.
const DEPTH_MAX: usize = 32;
/// Far more than any envelope has.
const MEMBERS_MAX: usize = 100;
const BROKEN: &str = "the answer is not well-formed XML";

/// The texts of a document: those of the root's children, or that of a root without children.
pub(super) struct Document {
    texts: Zeroizing<String>,
    members: Vec<Member>,
    depth: usize,
    has_root: bool,
}

struct Member {
    name: String,
    span: Range<usize>,
    is_nil: bool,
    is_nested: bool,
}

impl Document {
    /// Reads a whole document. The reason it can't be read holds nothing of it.
    pub fn read(document: &str) -> Result<Self, &'static str> {
        let mut this = Self {
            // No entity is shorter than what it stands for: the buffer never moves and leaves no copy behind.
            texts: Zeroizing::new(String::with_capacity(document.len())),
            members: Vec::new(),
            depth: 0,
            has_root: false,
        };
        let mut reader = Reader::from_str(document);
        loop {
            match reader.read_event().map_err(|_| BROKEN)? {
                Event::Start(start) => this.open(&start)?,
                Event::Empty(start) => {
                    this.open(&start)?;
                    this.depth -= 1;
                }
                Event::End(_) => this.depth = this.depth.checked_sub(1).ok_or(BROKEN)?,
                Event::Text(text) => this.push(&text)?,
                Event::CData(text) => this.push(&text)?,
                Event::GeneralRef(reference) => this.push(resolved(&reference)?.encode_utf8(&mut [0; 4]))?,
                Event::DocType(_) => return Err("the answer holds a document type, which is refused"),
                // The encoding that a declaration names is undone already.
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        if this.depth == 0 && this.has_root {
            Ok(this)
        } else {
            Err(BROKEN)
        }
    }

    /// The text of a root without children: a string that was serialised as XML.
    pub fn root_text(&self) -> Option<&str> {
        self.members.is_empty().then_some(self.texts.as_str())
    }

    /// The text of a child. None if there is none, or if `xsi:nil` says so; an error if elements stand inside.
    pub fn text(&self, name: &str) -> Result<Option<&str>, &'static str> {
        match self.members.iter().find(|member| member.name == name) {
            Some(member) if member.is_nested => Err("an element of the answer holds elements where text was expected"),
            Some(member) if !member.is_nil => Ok(self.texts.get(member.span.clone())),
            _ => Ok(None),
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), &'static str> {
        self.depth += 1;
        match self.depth {
            1 if self.has_root => return Err(BROKEN),
            1 => self.has_root = true,
            2 => {
                let name = start.local_name();
                let name: &str = name.as_ref();
                if self.members.len() == MEMBERS_MAX || self.members.iter().any(|member| member.name == name) {
                    return Err("the answer holds an element twice, or too many of them");
                }
                self.members.push(Member {
                    name: name.to_owned(),
                    span: self.texts.len()..self.texts.len(),
                    is_nil: is_nil(start),
                    is_nested: false,
                });
            }
            3..=DEPTH_MAX => {
                if let Some(member) = self.members.last_mut() {
                    member.is_nested = true;
                }
            }
            _ => return Err("the answer is XML that is nested too deeply"),
        }
        Ok(())
    }

    fn push(&mut self, text: &str) -> Result<(), &'static str> {
        match (self.depth, self.members.last_mut()) {
            (0, _) if text.trim().is_empty() => {}
            (0, _) => return Err(BROKEN),
            (1, None) => self.texts.push_str(text),
            (2, Some(member)) => {
                self.texts.push_str(text);
                member.span.end = self.texts.len();
            }
            _ => {}
        }
        Ok(())
    }
}

fn is_nil(start: &BytesStart<'_>) -> bool {
    start
        .attributes()
        .flatten()
        .any(|attribute| attribute.key.local_name().as_ref() == "nil" && matches!(attribute.value.trim(), "true" | "1"))
}

fn resolved(reference: &BytesRef<'_>) -> Result<char, &'static str> {
    let named = match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().ok().flatten(),
    };
    named.ok_or("the answer is XML with an entity of its own, which is refused")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_read_by_local_name() {
        let document = concat!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<!-- c --><a:R xmlns:a='x' xmlns:i='y'>\n",
            "<a:One> &lt;&amp;&gt;&quot;&apos;&#65;&#x42; </a:One><Two i:nil=\"true\"/>\r\n<Three/>",
            "<Four><![CDATA[<&amp;>]]> x</Four><Five>a<x>y</x></Five></a:R>\n"
        );
        let document = Document::read(document).unwrap();
        assert_eq!(document.root_text(), None);
        assert_eq!(document.text("One"), Ok(Some(" <&>\"'AB ")));
        assert_eq!(document.text("Two"), Ok(None));
        assert_eq!(document.text("Three"), Ok(Some("")));
        assert_eq!(document.text("Four"), Ok(Some("<&amp;> x")));
        assert!(document.text("Five").is_err());
        assert_eq!(document.text("Six"), Ok(None));
    }

    #[test]
    fn a_root_without_elements_is_a_text() {
        let document = Document::read("<string xmlns=\"s\">{&quot;a&quot;:1}</string>").unwrap();
        assert_eq!(document.root_text(), Some("{\"a\":1}"));
    }

    #[test]
    fn dangerous_and_broken_documents_are_refused() {
        let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
        for document in [
            "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><r><a>&x;</a></r>",
            "<!DOCTYPE r><r/>",
            "<r><a>&nbsp;</a></r>",
            "<r><a>&#xD800;</a></r>",
            "<r><a>x</a>",
            "<r><a>x</b></r>",
            "<r/><r/>",
            "<r/>text",
            "<r><a>1</a><a>2</a></r>",
            "",
            &deep,
        ] {
            assert!(Document::read(document).is_err(), "{document}");
        }
    }
}
