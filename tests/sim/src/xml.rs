//! A small namespace-aware XML tree.
//!
//! The checks of the simulators need three things a streaming reader does not give: the order of
//! elements, the namespaces in scope at any element (for canonicalisation) and comments and
//! processing instructions kept where they were. DTDs are refused: none of the contracts use them
//! and they open the door to entity expansion. Only UTF-8 is read.
//!
//! Deliberately not here: writing XML (answers are small fixed texts), validation, XPath.

use std::collections::BTreeMap;
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Deepest nesting accepted; the deepest contract (a CDA) stays far below.
pub const MAX_DEPTH: usize = 128;
/// Most nodes accepted in one document.
pub const MAX_NODES: usize = 1_000_000;
/// Namespace of the reserved `xml` prefix.
pub const XML_NS: &str = "http://www.w3.org/XML/1998/namespace";

/// Why a text is not a usable XML document.
#[derive(Debug, thiserror::Error)]
pub enum XmlError {
    /// Not well formed; the text says where.
    #[error("XML mal formé : {0}")]
    Malformed(String),
    /// A document type declaration was found.
    #[error("déclaration DOCTYPE interdite")]
    Doctype,
    /// An entity that is not one of the five predefined ones.
    #[error("entité inconnue « {0} »")]
    Entity(String),
    /// A prefix without a declaration.
    #[error("préfixe « {0} » non déclaré")]
    Prefix(String),
    /// Not UTF-8, or declared as something else.
    #[error("le texte n'est pas en UTF-8")]
    Encoding,
    /// More than [`MAX_DEPTH`] levels or [`MAX_NODES`] nodes.
    #[error("document trop profond ou trop grand")]
    Limits,
}

/// Namespace declarations in scope, as a chain from an element up to the root.
#[derive(Debug)]
pub struct Scope {
    parent: Option<Arc<Scope>>,
    decls: Vec<(String, String)>,
    xml_attrs: Vec<(String, String)>,
}

impl Scope {
    /// URI bound to `prefix` ("" is the default namespace); `None` when nothing binds it.
    pub fn lookup(&self, prefix: &str) -> Option<&str> {
        if prefix == "xml" {
            return Some(XML_NS);
        }
        let mut scope = Some(self);
        while let Some(s) = scope {
            if let Some((_, uri)) = s.decls.iter().find(|(p, _)| p == prefix) {
                return Some(uri);
            }
            scope = s.parent.as_deref();
        }
        None
    }

    /// Every binding in scope, nearest declaration first; an undeclared default is left out.
    pub fn in_scope(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        let mut scope = Some(self);
        while let Some(s) = scope {
            for (prefix, uri) in &s.decls {
                all.entry(prefix.clone()).or_insert_with(|| uri.clone());
            }
            scope = s.parent.as_deref();
        }
        all.retain(|prefix, uri| !(prefix.is_empty() && uri.is_empty()));
        all
    }

    /// `xml:*` attributes of the ancestors (not of the element itself), nearest first: inclusive
    /// canonicalisation of a subtree copies them onto its apex.
    pub fn inherited_xml_attrs(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        let mut scope = self.parent.as_deref();
        while let Some(s) = scope {
            for (local, value) in &s.xml_attrs {
                all.entry(local.clone()).or_insert_with(|| value.clone());
            }
            scope = s.parent.as_deref();
        }
        all
    }
}

/// An attribute that is not a namespace declaration; the value is normalised and unescaped.
#[derive(Debug, Clone)]
pub struct Attr {
    /// Prefix as written, "" when none.
    pub prefix: String,
    /// Local name.
    pub local: String,
    /// Namespace URI, "" when none.
    pub ns: String,
    /// Value.
    pub value: String,
}

/// An element with everything needed to canonicalise it again.
#[derive(Debug)]
pub struct Element {
    /// Prefix as written, "" when none.
    pub prefix: String,
    /// Local name.
    pub local: String,
    /// Namespace URI, "" when none.
    pub ns: String,
    /// Attributes, in document order, without the namespace declarations.
    pub attrs: Vec<Attr>,
    /// Namespaces in scope here.
    pub scope: Arc<Scope>,
    /// Content.
    pub children: Vec<Node>,
}

/// What an element or a document may contain.
#[derive(Debug)]
pub enum Node {
    /// A child element.
    Element(Element),
    /// Character data, references resolved, CDATA included.
    Text(String),
    /// A comment.
    Comment(String),
    /// A processing instruction: target, data.
    Pi(String, String),
}

/// A parsed document: the root and what stands around it.
#[derive(Debug)]
pub struct Document {
    /// Comments and processing instructions before the root.
    pub prolog: Vec<Node>,
    /// The root element.
    pub root: Element,
    /// Comments and processing instructions after the root.
    pub epilog: Vec<Node>,
}

impl Element {
    /// True when the element has this namespace and local name.
    pub fn is(&self, ns: &str, local: &str) -> bool {
        self.local == local && self.ns == ns
    }

    /// Value of an attribute without namespace.
    pub fn attr(&self, local: &str) -> Option<&str> {
        self.attrs.iter().find(|a| a.ns.is_empty() && a.local == local).map(|a| a.value.as_str())
    }

    /// Value of an attribute with a namespace.
    pub fn attr_ns(&self, ns: &str, local: &str) -> Option<&str> {
        self.attrs.iter().find(|a| a.ns == ns && a.local == local).map(|a| a.value.as_str())
    }

    /// Child elements in order.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|n| match n {
            Node::Element(e) => Some(e),
            _ => None,
        })
    }

    /// Child elements with this name.
    pub fn named<'a>(&'a self, ns: &'a str, local: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements().filter(move |e| e.is(ns, local))
    }

    /// First child element with this name.
    pub fn child(&self, ns: &str, local: &str) -> Option<&Element> {
        self.elements().find(|e| e.is(ns, local))
    }

    /// Follows one child per name, all in the same namespace.
    pub fn path(&self, ns: &str, locals: &[&str]) -> Option<&Element> {
        locals.iter().try_fold(self, |e, local| e.child(ns, local))
    }

    /// The direct character data, untrimmed.
    pub fn text(&self) -> String {
        self.children
            .iter()
            .filter_map(|n| match n {
                Node::Text(t) => Some(t.as_str()),
                _ => None,
            })
            .collect()
    }

    /// True when the direct character data is only white space.
    pub fn has_no_text(&self) -> bool {
        self.children.iter().all(|n| !matches!(n, Node::Text(t) if !t.trim().is_empty()))
    }

    /// Calls `f` for this element and all below, in document order.
    pub fn walk<'a>(&'a self, f: &mut impl FnMut(&'a Element)) {
        f(self);
        for e in self.elements() {
            e.walk(f);
        }
    }

    /// Every element below (or this one) with this name.
    pub fn descendants<'a>(&'a self, ns: &str, local: &str) -> Vec<&'a Element> {
        let mut found = Vec::new();
        self.walk(&mut |e| {
            if e.is(ns, local) {
                found.push(e);
            }
        });
        found
    }
}

/// Parses a whole document.
///
/// # Errors
/// Anything in [`XmlError`]; the input is never trusted.
pub fn parse(bytes: &[u8]) -> Result<Document, XmlError> {
    let text = std::str::from_utf8(bytes).map_err(|_| XmlError::Encoding)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(c) = text.chars().find(|c| !is_char(*c)) {
        return Err(XmlError::Malformed(format!("caractère interdit U+{:04X}", u32::from(c))));
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut builder = Builder::default();
    loop {
        let event = reader
            .read_event()
            .map_err(|e| XmlError::Malformed(format!("octet {} : {e}", reader.error_position())))?;
        match event {
            Event::Decl(decl) => {
                if let Some(Ok(encoding)) = decl.encoding()
                    && !encoding.eq_ignore_ascii_case("utf-8")
                    && !encoding.eq_ignore_ascii_case("us-ascii")
                {
                    return Err(XmlError::Encoding);
                }
            }
            Event::DocType(_) => return Err(XmlError::Doctype),
            Event::Start(start) => builder.open(&start)?,
            Event::Empty(start) => {
                builder.open(&start)?;
                builder.close()?;
            }
            Event::End(_) => builder.close()?,
            Event::Text(t) => builder.text(&t.xml10_content())?,
            Event::CData(t) => builder.text(&t.xml10_content())?,
            Event::GeneralRef(r) => {
                let name = r.clone().into_inner();
                let c = match r.resolve_char_ref() {
                    Ok(Some(c)) if is_char(c) => c,
                    Ok(Some(_)) => return Err(XmlError::Entity(name.to_string())),
                    Ok(None) => predefined(&name).ok_or_else(|| XmlError::Entity(name.to_string()))?,
                    Err(_) => return Err(XmlError::Entity(name.to_string())),
                };
                builder.text(c.encode_utf8(&mut [0; 4]))?;
            }
            Event::Comment(c) => builder.other(Node::Comment(c.xml10_content().into_owned()))?,
            Event::PI(pi) => {
                let data = pi.content().trim_start().replace("\r\n", "\n").replace('\r', "\n");
                builder.other(Node::Pi(pi.target().to_owned(), data))?;
            }
            Event::Eof => break,
        }
    }
    builder.finish()
}

#[derive(Default)]
struct Builder {
    open: Vec<Element>,
    prolog: Vec<Node>,
    root: Option<Element>,
    epilog: Vec<Node>,
    nodes: usize,
}

impl Builder {
    fn count(&mut self) -> Result<(), XmlError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES || self.open.len() > MAX_DEPTH { Err(XmlError::Limits) } else { Ok(()) }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), XmlError> {
        self.count()?;
        if self.open.is_empty() && self.root.is_some() {
            return Err(XmlError::Malformed("plusieurs éléments racine".into()));
        }
        let mut decls = Vec::new();
        let mut xml_attrs = Vec::new();
        let mut plain = Vec::new();
        for attr in start.attributes() {
            let attr = attr.map_err(|e| XmlError::Malformed(e.to_string()))?;
            let name: &str = attr.key.as_ref();
            let value = attribute_value(&attr.value)?;
            if name == "xmlns" {
                decls.push((String::new(), value));
            } else if let Some(prefix) = name.strip_prefix("xmlns:") {
                if value.is_empty() {
                    return Err(XmlError::Prefix(prefix.to_owned()));
                }
                decls.push((prefix.to_owned(), value));
            } else {
                if let Some(local) = name.strip_prefix("xml:") {
                    xml_attrs.push((local.to_owned(), value.clone()));
                }
                plain.push((name.to_owned(), value));
            }
        }
        let parent = self.open.last().map(|e| Arc::clone(&e.scope));
        let scope = Arc::new(Scope { parent, decls, xml_attrs });
        let mut attrs: Vec<Attr> = Vec::with_capacity(plain.len());
        for (name, value) in plain {
            let (prefix, local) = split(&name);
            let ns = if prefix.is_empty() { String::new() } else { resolve(&scope, prefix)? };
            if attrs.iter().any(|a| a.ns == ns && a.local == local) {
                return Err(XmlError::Malformed(format!("attribut « {name} » répété")));
            }
            attrs.push(Attr { prefix: prefix.to_owned(), local: local.to_owned(), ns, value });
        }
        let name = start.name();
        let (prefix, local) = split(name.as_ref());
        let ns = if prefix.is_empty() {
            scope.lookup("").unwrap_or_default().to_owned()
        } else {
            resolve(&scope, prefix)?
        };
        let (prefix, local) = (prefix.to_owned(), local.to_owned());
        self.open.push(Element { prefix, local, ns, attrs, scope, children: Vec::new() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        let Some(done) = self.open.pop() else {
            return Err(XmlError::Malformed("balise fermante de trop".into()));
        };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(Node::Element(done)),
            None => self.root = Some(done),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        let Some(parent) = self.open.last_mut() else {
            if text.trim().is_empty() {
                return Ok(());
            }
            return Err(XmlError::Malformed("texte hors de l'élément racine".into()));
        };
        // References split the text into several events: keep one node.
        if let Some(Node::Text(last)) = parent.children.last_mut() {
            last.push_str(text);
            return Ok(());
        }
        parent.children.push(Node::Text(text.to_owned()));
        self.count()
    }

    fn other(&mut self, node: Node) -> Result<(), XmlError> {
        match (self.open.last_mut(), &self.root) {
            (Some(parent), _) => parent.children.push(node),
            (None, None) => self.prolog.push(node),
            (None, Some(_)) => self.epilog.push(node),
        }
        self.count()
    }

    fn finish(self) -> Result<Document, XmlError> {
        match (self.root, self.open.is_empty()) {
            (Some(root), true) => Ok(Document { prolog: self.prolog, root, epilog: self.epilog }),
            _ => Err(XmlError::Malformed("document incomplet".into())),
        }
    }
}

/// `Char` of XML 1.0.
fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..)
}

fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

fn resolve(scope: &Scope, prefix: &str) -> Result<String, XmlError> {
    scope.lookup(prefix).map(str::to_owned).ok_or_else(|| XmlError::Prefix(prefix.to_owned()))
}

fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

/// Attribute-value normalisation of XML 1.0 §3.3.3 for CDATA attributes: literal white space
/// becomes a space, references stand for themselves.
fn attribute_value(raw: &str) -> Result<String, XmlError> {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '\r' => {
                rest = rest.strip_prefix('\n').unwrap_or(rest);
                out.push(' ');
            }
            '\n' | '\t' => out.push(' '),
            '<' => return Err(XmlError::Malformed("« < » dans un attribut".into())),
            '&' => {
                let (name, after) =
                    rest.split_once(';').ok_or_else(|| XmlError::Malformed("« & » isolé".into()))?;
                rest = after;
                let c = match name.strip_prefix('#') {
                    Some(n) => char_ref(n),
                    None => predefined(name),
                };
                out.push(c.ok_or_else(|| XmlError::Entity(name.to_owned()))?);
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

fn char_ref(n: &str) -> Option<char> {
    let code = match n.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => n.parse().ok()?,
    };
    char::from_u32(code).filter(|c| is_char(*c))
}

/// Escapes text for element content or a double-quoted attribute.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_resolved_and_references_read() {
        let doc = parse(
            "<a:r xmlns:a='u1' xmlns='u2'><b x='1&#10;2\n3' a:y='é'>D&apos;A<![CDATA[<&>]]></b></a:r>"
                .as_bytes(),
        )
        .unwrap();
        assert!(doc.root.is("u1", "r"));
        let b = doc.root.child("u2", "b").unwrap();
        assert_eq!(b.attr("x"), Some("1\n2 3"));
        assert_eq!(b.attr_ns("u1", "y"), Some("é"));
        assert_eq!(b.text(), "D'A<&>");
    }

    #[test]
    fn dangerous_or_broken_documents_are_refused() {
        assert!(matches!(parse(b"<!DOCTYPE r [<!ENTITY x 'y'>]><r>&x;</r>"), Err(XmlError::Doctype)));
        assert!(matches!(parse(b"<r>&x;</r>"), Err(XmlError::Entity(_))));
        assert!(matches!(parse(b"<p:r/>"), Err(XmlError::Prefix(_))));
        assert!(matches!(parse(b"<r>\xe9</r>"), Err(XmlError::Encoding)));
        assert!(matches!(
            parse(b"<?xml version='1.0' encoding='windows-1252'?><r/>"),
            Err(XmlError::Encoding)
        ));
        for broken in [
            "",
            "<r>",
            "<r></s>",
            "<r/><r/>",
            "<r/>x",
            "<r a='1' a='2'/>",
            "<r a='<'/>",
            "<r>\u{1}</r>",
            "<r>&#1;</r>",
            "<r a='&#0;'/>",
        ] {
            assert!(parse(broken.as_bytes()).is_err(), "{broken}");
        }
        let deep = "<a>".repeat(MAX_DEPTH + 2);
        assert!(matches!(parse(deep.as_bytes()), Err(XmlError::Limits)));
    }
}
