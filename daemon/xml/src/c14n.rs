//! Canonical XML 1.0 of a whole document, with or without comments
//! (`http://www.w3.org/TR/2001/REC-xml-c14n-20010315` and `…#WithComments`).
//!
//! Needed for the digest of a CDA inside the signature of a DMP lot (DMP contract section 5). Restricted to whole
//! documents: no node sets, hence no inherited `xml:` attributes. Documents with a DTD are refused, so there are
//! no default attributes and no attribute types but CDATA.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::escape::{push_attribute, push_text};
use crate::tree::predefined;

const XML_NS: &str = "http://www.w3.org/XML/1998/namespace";

/// Why a document has no canonical form here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CanonError {
    /// The bytes are not UTF-8.
    #[error("not UTF-8 text")]
    NotUtf8,
    /// Not well formed; byte offset of the fault.
    #[error("not well-formed XML near byte {0}")]
    Syntax(u64),
    /// A document type declaration.
    #[error("document type declarations are refused")]
    Doctype,
    /// A reference to an unknown entity.
    #[error("unknown entity near byte {0}")]
    Entity(u64),
    /// A prefix without a declaration.
    #[error("undeclared namespace prefix near byte {0}")]
    Prefix(u64),
}

/// Canonical form of `xml`. Comments are kept when `with_comments`.
///
/// # Errors
/// See [`CanonError`]. Memory is proportional to the input; nesting costs a few words a level.
pub fn canonicalize(xml: &[u8], with_comments: bool) -> Result<Vec<u8>, CanonError> {
    let text = std::str::from_utf8(xml).map_err(|_| CanonError::NotUtf8)?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut run =
        Run { out: String::with_capacity(text.len() + text.len() / 16), scope: Vec::new(), open: Vec::new() };
    run.document(text, with_comments)?;
    Ok(run.out.into_bytes())
}

/// A namespace declaration in force.
struct Binding {
    prefix: String,
    uri: String,
}

/// An open element.
struct Open {
    name: String,
    /// Length of the scope before its declarations.
    scope: usize,
}

struct Run {
    out: String,
    scope: Vec<Binding>,
    open: Vec<Open>,
}

impl Run {
    fn document(&mut self, text: &str, with_comments: bool) -> Result<(), CanonError> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let mut root_seen = false;
        loop {
            let event = reader.read_event().map_err(|_| CanonError::Syntax(reader.error_position()))?;
            let at = reader.buffer_position();
            match event {
                Event::Start(start) => {
                    if self.open.is_empty() && root_seen {
                        return Err(CanonError::Syntax(at));
                    }
                    root_seen = true;
                    self.start(&start, at)?;
                }
                Event::End(_) => {
                    let Some(open) = self.open.pop() else { return Err(CanonError::Syntax(at)) };
                    self.scope.truncate(open.scope);
                    self.out.push_str("</");
                    self.out.push_str(&open.name);
                    self.out.push('>');
                }
                Event::Text(t) => self.text(&t.xml10_content(), at)?,
                Event::CData(t) => self.text(&t.xml10_content(), at)?,
                Event::GeneralRef(r) => {
                    let c = match r.resolve_char_ref() {
                        Ok(Some(c)) => c,
                        Ok(None) => predefined(&r.xml10_content()).ok_or(CanonError::Entity(at))?,
                        Err(_) => return Err(CanonError::Entity(at)),
                    };
                    self.text(c.encode_utf8(&mut [0; 4]), at)?;
                }
                Event::Comment(c) if with_comments => {
                    let content = c.xml10_content();
                    self.outside(root_seen, |out| {
                        out.push_str("<!--");
                        out.push_str(&content);
                        out.push_str("-->");
                    });
                }
                Event::PI(pi) => {
                    let data = pi.content().replace("\r\n", "\n").replace('\r', "\n");
                    let target = pi.target();
                    self.outside(root_seen, |out| {
                        out.push_str("<?");
                        out.push_str(target);
                        let data = data.trim_start_matches([' ', '\t', '\n']);
                        if !data.is_empty() {
                            out.push(' ');
                            out.push_str(data);
                        }
                        out.push_str("?>");
                    });
                }
                Event::DocType(_) => return Err(CanonError::Doctype),
                Event::Comment(_) | Event::Decl(_) | Event::Empty(_) => {}
                Event::Eof => {
                    return if root_seen && self.open.is_empty() {
                        Ok(())
                    } else {
                        Err(CanonError::Syntax(at))
                    };
                }
            }
        }
    }

    /// Comments and instructions outside the root are separated from it by a line feed.
    fn outside(&mut self, root_seen: bool, write: impl FnOnce(&mut String)) {
        let outside = self.open.is_empty();
        if outside && root_seen {
            self.out.push('\n');
        }
        write(&mut self.out);
        if outside && !root_seen {
            self.out.push('\n');
        }
    }

    fn text(&mut self, piece: &str, at: u64) -> Result<(), CanonError> {
        if !self.open.is_empty() {
            push_text(&mut self.out, piece);
            Ok(())
        } else if piece.trim().is_empty() {
            Ok(())
        } else {
            Err(CanonError::Syntax(at))
        }
    }

    fn lookup(&self, prefix: &str) -> Option<&str> {
        self.scope.iter().rev().find(|b| b.prefix == prefix).map(|b| b.uri.as_str())
    }

    fn start(&mut self, start: &BytesStart<'_>, at: u64) -> Result<(), CanonError> {
        let scope = self.scope.len();
        let mut declared: Vec<(String, String)> = Vec::new();
        let mut plain: Vec<(String, String)> = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| CanonError::Syntax(at))?;
            let key = attribute.key.into_inner();
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|_| CanonError::Entity(at))?
                .into_owned();
            match key.strip_prefix("xmlns") {
                Some("") => declared.push((String::new(), value)),
                Some(rest) if rest.starts_with(':') => {
                    declared.push((rest.trim_start_matches(':').to_owned(), value))
                }
                _ => plain.push((key.to_owned(), value)),
            }
        }
        // A declaration is written when it changes what the parent has in force; `xml` never is.
        declared.retain(|(prefix, uri)| prefix != "xml" && self.lookup(prefix).unwrap_or("") != uri);
        declared.sort();
        for (prefix, uri) in &declared {
            self.scope.push(Binding { prefix: prefix.clone(), uri: uri.clone() });
        }
        let name = start.name();
        if let Some(prefix) = name.prefix() {
            self.resolve(prefix.into_inner(), at)?;
        }
        // Attributes are ordered by namespace name, then by local name; those without a prefix come first.
        let mut sorted = Vec::with_capacity(plain.len());
        for (key, value) in plain {
            let (ns, local) = match key.split_once(':') {
                Some((prefix, local)) => (self.resolve(prefix, at)?, local.to_owned()),
                None => (String::new(), key.clone()),
            };
            sorted.push((ns, local, key, value));
        }
        sorted.sort();
        let name = name.into_inner();
        self.out.push('<');
        self.out.push_str(name);
        for (prefix, uri) in &declared {
            self.out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            self.out.push_str(prefix);
            self.out.push_str("=\"");
            push_attribute(&mut self.out, uri);
            self.out.push('"');
        }
        for (_, _, key, value) in &sorted {
            self.out.push(' ');
            self.out.push_str(key);
            self.out.push_str("=\"");
            push_attribute(&mut self.out, value);
            self.out.push('"');
        }
        self.out.push('>');
        self.open.push(Open { name: name.to_owned(), scope });
        Ok(())
    }

    fn resolve(&self, prefix: &str, at: u64) -> Result<String, CanonError> {
        if prefix == "xml" {
            return Ok(XML_NS.to_owned());
        }
        match self.lookup(prefix) {
            Some(uri) if !uri.is_empty() => Ok(uri.to_owned()),
            _ => Err(CanonError::Prefix(at)),
        }
    }
}
