//! A small tree for reading peers' XML: namespace and local name, never prefixes.
//!
//! Invariants: no DTD, no entity but the five of XML and character references; depth, number of nodes and size
//! are bounded; an error never quotes the content (it may be health data).

use std::sync::Arc;

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};

/// Bounds of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Greatest size of the text, in bytes.
    pub bytes: usize,
    /// Greatest nesting of elements.
    pub depth: usize,
    /// Greatest number of elements, texts and attributes together.
    pub nodes: usize,
}

impl Default for Limits {
    /// 16 MiB, 64 levels, 500 000 nodes: an order of magnitude over the largest message of our contracts.
    fn default() -> Self {
        Self { bytes: 16 << 20, depth: 64, nodes: 500_000 }
    }
}

/// Why a text is not read. No variant carries content of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// The bytes are not UTF-8.
    #[error("not UTF-8 text")]
    NotUtf8,
    /// Not well formed; byte offset of the fault.
    #[error("not well-formed XML near byte {0}")]
    Syntax(u64),
    /// A document type declaration: refused, whatever it declares.
    #[error("document type declarations are refused")]
    Doctype,
    /// A reference to an entity other than the five of XML.
    #[error("unknown entity near byte {0}")]
    Entity(u64),
    /// A prefix without a declaration.
    #[error("undeclared namespace prefix near byte {0}")]
    Prefix(u64),
    /// A bound of [`Limits`] is passed.
    #[error("XML over the limit of {0}")]
    Limit(&'static str),
    /// No root element, or text after it.
    #[error("no single root element")]
    NoRoot,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Namespace; empty when the name has no prefix.
    pub ns: Arc<str>,
    /// Local name.
    pub name: String,
    /// Value, references resolved.
    pub value: String,
}

/// A child of an element. Comments and processing instructions are dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A child element.
    Element(Element),
    /// Character data, references resolved, neighbouring pieces joined.
    Text(String),
}

/// An element with everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Namespace; empty for none.
    pub ns: Arc<str>,
    /// Local name.
    pub name: String,
    /// Attributes without the namespace declarations, in document order.
    pub attributes: Vec<Attribute>,
    /// Children in document order.
    pub nodes: Vec<Node>,
}

impl Element {
    /// Whether this is the element `name` of namespace `ns`.
    #[must_use]
    pub fn is(&self, ns: &str, name: &str) -> bool {
        self.name == name && &*self.ns == ns
    }

    /// Value of an attribute without namespace.
    #[must_use]
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attr_ns("", name)
    }

    /// Value of an attribute of a namespace.
    #[must_use]
    pub fn attr_ns(&self, ns: &str, name: &str) -> Option<&str> {
        self.attributes.iter().find(|a| a.name == name && &*a.ns == ns).map(|a| a.value.as_str())
    }

    /// Child elements, in order.
    pub fn children(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(|n| match n {
            Node::Element(e) => Some(e),
            Node::Text(_) => None,
        })
    }

    /// Child elements of one name.
    pub fn children_named<'a>(&'a self, ns: &'a str, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children().filter(move |e| e.is(ns, name))
    }

    /// First child of that name.
    #[must_use]
    pub fn child(&self, ns: &str, name: &str) -> Option<&Element> {
        self.children().find(|e| e.is(ns, name))
    }

    /// First element of that name in document order, this one included.
    #[must_use]
    pub fn find(&self, ns: &str, name: &str) -> Option<&Element> {
        if self.is(ns, name) { Some(self) } else { self.children().find_map(|e| e.find(ns, name)) }
    }

    /// Every element of that name in document order, this one included.
    #[must_use]
    pub fn find_all<'a>(&'a self, ns: &str, name: &str) -> Vec<&'a Element> {
        let mut found = Vec::new();
        self.collect(ns, name, &mut found);
        found
    }

    fn collect<'a>(&'a self, ns: &str, name: &str, found: &mut Vec<&'a Element>) {
        if self.is(ns, name) {
            found.push(self);
        }
        for child in self.children() {
            child.collect(ns, name, found);
        }
    }

    /// The text directly inside this element, white space trimmed at both ends.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for node in &self.nodes {
            if let Node::Text(t) = node {
                out.push_str(t);
            }
        }
        out.trim().to_owned()
    }

    /// Text of the child of that name, trimmed.
    #[must_use]
    pub fn child_text(&self, ns: &str, name: &str) -> Option<String> {
        self.child(ns, name).map(Element::text)
    }
}

/// Reads a text with the default [`Limits`].
///
/// # Errors
/// See [`XmlError`].
pub fn parse(bytes: &[u8]) -> Result<Element, XmlError> {
    parse_with(bytes, &Limits::default())
}

/// Reads a text within `limits`.
///
/// # Errors
/// See [`XmlError`].
pub fn parse_with(bytes: &[u8], limits: &Limits) -> Result<Element, XmlError> {
    if bytes.len() > limits.bytes {
        return Err(XmlError::Limit("size"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| XmlError::NotUtf8)?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    Builder { reader: NsReader::from_str(text), limits, nodes: 0, names: Vec::new() }.run()
}

struct Builder<'t> {
    reader: NsReader<&'t [u8]>,
    limits: &'t Limits,
    nodes: usize,
    names: Vec<Arc<str>>,
}

impl Builder<'_> {
    fn at(&self) -> u64 {
        self.reader.error_position()
    }

    fn count(&mut self) -> Result<(), XmlError> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes { Err(XmlError::Limit("nodes")) } else { Ok(()) }
    }

    fn run(mut self) -> Result<Element, XmlError> {
        let mut open: Vec<Element> = Vec::new();
        let mut root: Option<Element> = None;
        loop {
            let event = self.reader.read_event().map_err(|_| XmlError::Syntax(self.at()))?;
            match event {
                Event::Start(ref start) | Event::Empty(ref start) => {
                    if root.is_some() {
                        return Err(XmlError::NoRoot);
                    }
                    if open.len() >= self.limits.depth {
                        return Err(XmlError::Limit("depth"));
                    }
                    let element = self.element(start)?;
                    if matches!(event, Event::Start(_)) {
                        open.push(element);
                    } else {
                        close(element, &mut open, &mut root);
                    }
                }
                Event::End(_) => match open.pop() {
                    Some(element) => close(element, &mut open, &mut root),
                    None => return Err(XmlError::Syntax(self.at())),
                },
                Event::Text(t) => self.push_text(&mut open, &t.xml10_content())?,
                Event::CData(t) => self.push_text(&mut open, &t.xml10_content())?,
                Event::GeneralRef(r) => {
                    let c = match r.resolve_char_ref() {
                        Ok(Some(c)) => c,
                        Ok(None) => {
                            predefined(&r.xml10_content()).ok_or_else(|| XmlError::Entity(self.at()))?
                        }
                        Err(_) => return Err(XmlError::Entity(self.at())),
                    };
                    self.push_text(&mut open, c.encode_utf8(&mut [0; 4]))?;
                }
                Event::DocType(_) => return Err(XmlError::Doctype),
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
                Event::Eof => {
                    return if open.is_empty() {
                        root.ok_or(XmlError::NoRoot)
                    } else {
                        Err(XmlError::Syntax(self.at()))
                    };
                }
            }
        }
    }

    fn push_text(&mut self, open: &mut [Element], piece: &str) -> Result<(), XmlError> {
        let Some(parent) = open.last_mut() else {
            return if piece.trim().is_empty() { Ok(()) } else { Err(XmlError::NoRoot) };
        };
        if let Some(Node::Text(text)) = parent.nodes.last_mut() {
            text.push_str(piece);
            return Ok(());
        }
        parent.nodes.push(Node::Text(piece.to_owned()));
        self.count()
    }

    fn element(&mut self, start: &BytesStart<'_>) -> Result<Element, XmlError> {
        self.count()?;
        let (ns, name) = {
            let (resolved, local) = self.reader.resolver().resolve_element(start.name());
            (namespace(resolved).ok_or_else(|| XmlError::Prefix(self.at()))?, local.into_inner().to_owned())
        };
        let ns = self.intern(ns);
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| XmlError::Syntax(self.at()))?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            self.count()?;
            let (ns, name) = {
                let (resolved, local) = self.reader.resolver().resolve_attribute(attribute.key);
                (
                    namespace(resolved).ok_or_else(|| XmlError::Prefix(self.at()))?,
                    local.into_inner().to_owned(),
                )
            };
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|_| XmlError::Entity(self.at()))?
                .into_owned();
            attributes.push(Attribute { ns: self.intern(ns), name, value });
        }
        Ok(Element { ns, name, attributes, nodes: Vec::new() })
    }

    fn intern(&mut self, ns: String) -> Arc<str> {
        if let Some(known) = self.names.iter().find(|n| ***n == *ns) {
            return Arc::clone(known);
        }
        let ns: Arc<str> = ns.into();
        self.names.push(Arc::clone(&ns));
        ns
    }
}

/// The namespace of a resolved name; `None` when the prefix is not declared.
fn namespace(resolved: ResolveResult<'_>) -> Option<String> {
    match resolved {
        ResolveResult::Bound(ns) => Some(ns.into_inner().to_owned()),
        ResolveResult::Unbound => Some(String::new()),
        ResolveResult::Unknown(_) => None,
    }
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => parent.nodes.push(Node::Element(element)),
        None => *root = Some(element),
    }
}

/// The character of one of the five entities of XML.
pub(crate) fn predefined(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_by_namespace_and_references_are_resolved() {
        let root = parse(
            "\u{FEFF}<?xml version=\"1.0\"?><!-- c --><a:r xmlns:a='urn:a' xmlns='urn:d' a:k='1' k='x&amp;y'>t&#233;<b>&lt;<![CDATA[<&]]></b><b/></a:r>"
                .as_bytes(),
        )
        .unwrap();
        assert!(root.is("urn:a", "r"));
        assert_eq!((root.attr("k"), root.attr_ns("urn:a", "k")), (Some("x&y"), Some("1")));
        assert_eq!(root.text(), "té");
        assert_eq!(root.children_named("urn:d", "b").count(), 2);
        assert_eq!(root.child_text("urn:d", "b").as_deref(), Some("<<&"));
    }

    #[test]
    fn hostile_texts_are_refused_each_for_its_reason() {
        let limits = Limits { bytes: 200, depth: 3, nodes: 6 };
        let read = |s: &str| parse_with(s.as_bytes(), &limits).unwrap_err();
        assert_eq!(read("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), XmlError::Doctype);
        assert!(matches!(read("<a>&b;</a>"), XmlError::Entity(_)));
        assert!(matches!(read("<p:a/>"), XmlError::Prefix(_)));
        assert!(matches!(read("<a p:b='1'/>"), XmlError::Prefix(_)));
        assert!(matches!(read("<a><b></a>"), XmlError::Syntax(_)));
        assert!(matches!(read("<a><b>"), XmlError::Syntax(_)));
        assert!(matches!(read("<a k='1' k='2'/>"), XmlError::Syntax(_)));
        assert_eq!(read("<a><a><a><a/></a></a></a>"), XmlError::Limit("depth"));
        assert_eq!(read("<a><b/><b/><b/><b/><b/><b/></a>"), XmlError::Limit("nodes"));
        assert_eq!(read(&format!("<a>{}</a>", "x".repeat(200))), XmlError::Limit("size"));
        assert_eq!(read("<a/><b/>"), XmlError::NoRoot);
        assert_eq!(read("<a/>text"), XmlError::NoRoot);
        assert_eq!(read(""), XmlError::NoRoot);
        assert_eq!(parse(b"<a>\xE9</a>"), Err(XmlError::NotUtf8));
    }
}
