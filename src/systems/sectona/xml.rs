//! The envelope as XML: the texts of the root's children, by local name. No page of the vendor shows one; expected is
//! what ASP.NET writes (inferred): any root, a default namespace, any order, the JSON text in `Result`. A `Result` with
//! elements inside becomes the JSON object that they stand for.
//!
//! <https://learn.microsoft.com/aspnet/web-api/overview/formats-and-model-binding/json-and-xml-serialization>

use std::collections::HashMap;
use std::io::{self, Write};

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde::ser::{Serialize, SerializeMap, Serializer};
use zeroize::Zeroizing;

use super::account::is_text_field;

/// An envelope with a record inside is three levels deep; this is far more, and bounds the recursion.
const DEPTH_MAX: usize = 32;
/// All are held until the answer is read; a list of 100 000 accounts fits.
const ELEMENTS_MAX: usize = 1_000_000;
/// Far more than any envelope has.
const MEMBERS_MAX: usize = 100;
const BROKEN: &str = "the answer is not well-formed XML";

/// A document: its root element, which holds the envelope's members or, if it has none, a text.
pub(super) struct Document(Element);

/// One element with all that it holds.
#[derive(Default)]
pub(super) struct Element {
    name: String,
    text: Wiped,
    attributes: Vec<(String, Zeroizing<String>)>,
    children: Vec<Self>,
    is_nil: bool,
}

/// A text that grows without leaving a copy behind.
#[derive(Default)]
struct Wiped(Zeroizing<Vec<u8>>);

impl Write for Wiped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(2 * self.0.capacity())));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Document {
    /// Reads a whole document. The reason it can't be read holds nothing of it.
    pub fn read(document: &str) -> Result<Self, &'static str> {
        let mut reader = Reader::from_str(document);
        // What is open, below an element that holds the root in the end.
        let mut open = vec![Element::default()];
        let mut left = ELEMENTS_MAX;
        let mut begin = |depth: usize, start: &BytesStart<'_>| {
            left = left.checked_sub(1).ok_or("the answer is XML of too many elements")?;
            if depth > DEPTH_MAX {
                return Err("the answer is XML that is nested too deeply");
            }
            Ok(Element::begun(start))
        };
        loop {
            match reader.read_event().map_err(|_| BROKEN)? {
                Event::Start(start) => {
                    let element = begin(open.len(), &start)?;
                    open.push(element);
                }
                Event::Empty(start) => {
                    let element = begin(open.len(), &start)?;
                    close(&mut open, element)?;
                }
                Event::End(_) => {
                    let element = open.pop().ok_or(BROKEN)?;
                    close(&mut open, element)?;
                }
                Event::Text(text) => push(&mut open, &text)?,
                Event::CData(text) => push(&mut open, &text)?,
                Event::GeneralRef(reference) => push(&mut open, resolved(&reference)?.encode_utf8(&mut [0; 4]))?,
                Event::DocType(_) => return Err("the answer holds a document type, which is refused"),
                // The encoding that a declaration names is undone already.
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        let mut top = open.pop().filter(|_| open.is_empty()).ok_or(BROKEN)?;
        let root = top.children.pop().ok_or(BROKEN)?;
        if root.children.len() > MEMBERS_MAX || root.groups().len() < root.children.len() {
            return Err("the answer holds an element twice, or too many of them");
        }
        Ok(Self(root))
    }

    /// The text of a root without children: a string that was serialised as XML.
    pub fn root_text(&self) -> Option<&str> {
        self.0.children.is_empty().then(|| self.0.own_text())
    }

    /// A child of the root. None if there is none, or if `xsi:nil` says so.
    pub fn member(&self, name: &str) -> Option<&Element> {
        let found = self.0.children.iter().find(|child| child.name == name);
        found.filter(|child| !child.is_nil)
    }

    /// The text of a child. None if there is none, or if elements stand inside.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.member(name)?.text()
    }

    /// The root, whose name says nothing.
    pub fn into_root(self) -> Element {
        self.0
    }
}

impl Element {
    fn begun(start: &BytesStart<'_>) -> Self {
        let mut this = Self {
            name: start.local_name().as_ref().to_owned(),
            ..Self::default()
        };
        for attribute in start.attributes().flatten() {
            let key: &str = attribute.key.as_ref();
            if attribute.key.local_name().as_ref() == "nil" {
                this.is_nil = matches!(attribute.value.trim(), "true" | "1");
            } else if !key.contains(':') && !matches!(key, "xmlns" | "type") {
                // What has a prefix, and `type`, tells about the notation and not about the account.
                let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) else {
                    continue;
                };
                this.attributes
                    .push((key.to_owned(), Zeroizing::new(value.into_owned())));
            }
        }
        this
    }

    /// Its text. None if it stands for an object.
    pub fn text(&self) -> Option<&str> {
        let text = self.own_text();
        let is_text = self.attributes.is_empty() || !text.is_empty() || is_text_field(&self.name);
        (self.children.is_empty() && is_text).then_some(text)
    }

    /// As JSON: an element with elements inside is an object, elements of one name are an array, and so is an empty
    /// element with attributes an object of these. Everything else is a string, letter for letter.
    pub fn to_json(&self) -> Zeroizing<String> {
        let mut json = Wiped::default();
        // Neither this writer nor these keys can fail.
        let _ = serde_json::to_writer(&mut json, self);
        Zeroizing::new(String::from_utf8(std::mem::take(&mut *json.0)).unwrap_or_default())
    }

    fn own_text(&self) -> &str {
        std::str::from_utf8(&self.text.0).unwrap_or_default()
    }

    /// Its children by name, in the order in which the names come first.
    fn groups(&self) -> Vec<(&str, Vec<&Self>)> {
        let mut groups: Vec<(&str, Vec<&Self>)> = Vec::new();
        let mut places = HashMap::new();
        for child in &self.children {
            let place = *places.entry(child.name.as_str()).or_insert(groups.len());
            match groups.get_mut(place) {
                Some((_, members)) => members.push(child),
                None => groups.push((&child.name, vec![child])),
            }
        }
        groups
    }
}

impl Serialize for Element {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_nil {
            return serializer.serialize_unit();
        }
        if let Some(text) = self.text() {
            return serializer.serialize_str(text);
        }
        let groups = self.groups();
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.attributes {
            if !groups.iter().any(|(known, _)| known == name) {
                map.serialize_entry(name, value.as_str())?;
            }
        }
        for (name, children) in &groups {
            match children.as_slice() {
                [only] => map.serialize_entry(name, only)?,
                several => map.serialize_entry(name, several)?,
            }
        }
        if !self.own_text().trim().is_empty() {
            map.serialize_entry("#text", self.own_text())?;
        }
        map.end()
    }
}

/// Puts an element that has ended into the one around it.
fn close(open: &mut [Element], element: Element) -> Result<(), &'static str> {
    let is_root = open.len() == 1;
    let around = open.last_mut().ok_or(BROKEN)?;
    if is_root && !around.children.is_empty() {
        return Err(BROKEN);
    }
    around.children.push(element);
    Ok(())
}

fn push(open: &mut [Element], text: &str) -> Result<(), &'static str> {
    match open {
        [_] if text.trim().is_empty() => Ok(()),
        [.., _, innermost] => innermost.text.write_all(text.as_bytes()).map_err(|_| BROKEN),
        _ => Err(BROKEN),
    }
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
        assert_eq!(document.text("One"), Some(" <&>\"'AB "));
        assert_eq!(document.text("Two"), None);
        assert_eq!(document.text("Three"), Some(""));
        assert_eq!(document.text("Four"), Some("<&amp;> x"));
        assert_eq!(document.text("Five"), None);
        assert_eq!(document.text("Six"), None);
    }

    #[test]
    fn a_root_without_elements_is_a_text() {
        let document = Document::read("<string xmlns=\"s\">{&quot;a&quot;:1}</string>").unwrap();
        assert_eq!(document.root_text(), Some("{\"a\":1}"));
    }

    #[test]
    fn elements_become_the_json_they_stand_for() {
        let cases = [
            ("<a>x</a>", r#"{"a":"x"}"#),
            ("<a> x\r\n</a> <b/>\n<c></c>", r#"{"a":" x\r\n","b":"","c":""}"#),
            ("<a>&lt;&#34;<![CDATA[\\&amp;]]>\t</a>", r#"{"a":"<\"\\&amp;\t"}"#),
            (
                "<a>1</a><b>x</b><a>2</a><a><c/></a>",
                r#"{"a":["1","2",{"c":""}],"b":"x"}"#,
            ),
            ("<p:a i:nil='1'>x</p:a>", r#"{"a":null}"#),
            ("<a><b><c>x</c></b></a>", r#"{"a":{"b":{"c":"x"}}}"#),
            ("<a type='string' note='n'>x</a>", r#"{"a":"x"}"#),
            ("<a type='string'/><b i:type='c'/>", r#"{"a":"","b":""}"#),
            (
                "<a x='&lt;1' y=\"'\" x:z='3' xmlns='4'/>",
                r#"{"a":{"x":"<1","y":"'"}}"#,
            ),
            (
                "<a x='1' b='2'><b>3</b> text </a>",
                r##"{"a":{"x":"1","b":"3","#text":" text "}}"##,
            ),
            ("<Password x='1'/>", r#"{"Password":""}"#),
        ];
        for (inside, expected) in cases {
            let document = Document::read(&format!("<R><Result>{inside}</Result></R>")).unwrap();
            assert_eq!(*document.member("Result").unwrap().to_json(), expected, "{inside}");
        }
    }

    #[test]
    fn a_text_that_grows_is_whole() {
        let inside = "<i>&lt;\"x\"</i>".repeat(10_000);
        let document = Document::read(&format!("<R><Result>{inside}</Result></R>")).unwrap();
        let json = document.member("Result").unwrap().to_json();
        assert_eq!(*json, format!("{{\"i\":[{}]}}", vec![r#""<\"x\"""#; 10_000].join(",")));
    }

    #[test]
    fn dangerous_and_broken_documents_are_refused() {
        let deep = format!("{}{}", "<a>".repeat(40), "</a>".repeat(40));
        let deeply_empty = format!("{}<a/>{}", "<a>".repeat(32), "</a>".repeat(32));
        let many = format!("<r>{}</r>", "<a/>".repeat(ELEMENTS_MAX));
        for document in [
            "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><r><a>&x;</a></r>",
            "<!DOCTYPE r><r/>",
            "<r><a>&nbsp;</a></r>",
            "<r><a>&#xD800;</a></r>",
            "<r><a>x</a>",
            "<r><a>x</b></r>",
            "</r>",
            "<r/></r>",
            "<r/><r/>",
            "<r/>text",
            "text<r/>",
            "<r><a>1</a><a>2</a></r>",
            "",
            &deep,
            &deeply_empty,
            &many,
        ] {
            assert!(
                Document::read(document).is_err(),
                "{}",
                document.get(..40).unwrap_or(document)
            );
        }
    }
}
