//! Reading a CDA: ours, the published ones, other people's; level 1 or 3, « autoprésentable » or not.
//!
//! [`read`] gives a [`Document`] with header, narrative, structured entries and joined files; [`text`] shows it in a
//! terminal, [`html`] writes a page.
//!
//! Invariants:
//! * bounded: [`MAX_SIZE`] bytes, [`MAX_DEPTH`] levels, [`MAX_NODES`] nodes; no DTD, no entity; texts taken through
//!   references have a common limit, so a small document cannot become a large one;
//! * nothing acts: scripts are dropped and flagged, addresses are text, style sheets are never run here;
//! * nothing is lost in silence: what is not interpreted is a [`Flag`].
//!
//! Deliberately not here: validation against the schema, and an XSLT engine: no maintained crate runs XSL 1.0, so a
//! document's own style sheet is run by the browser that opens the page ([`html`]), inside a frame that can do nothing
//! else.

mod entries;
mod header;
pub mod html;
pub mod model;
pub mod narrative;
mod parts;
mod source;
mod statement;
mod table;
pub mod text;
pub mod words;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use paillasse_xml::{Element, Limits, Node, XmlError};

pub use model::{Attachment, Document, Flag, Level, Section, Statement, Style};

use super::NAMESPACE;
use crate::error::DocumentError;
use parts::Context;

/// Largest document that is read, in bytes.
pub const MAX_SIZE: usize = 20 << 20;
/// Deepest nesting of elements.
pub const MAX_DEPTH: usize = 100;
/// Most elements, texts and attributes together.
pub const MAX_NODES: usize = 400_000;
/// Deepest nesting of statements and sections, far above any published model.
const LIMITS: Limits = Limits { bytes: MAX_SIZE, depth: MAX_DEPTH, nodes: MAX_NODES };

/// Base64 as people write it: padding or not, stray bits allowed.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Reads a CDA.
///
/// # Errors
/// [`DocumentError::Unreadable`] with a French sentence: too large, not XML, an encoding that is not the announced
/// one, a DTD or entity, too deep, or not a CDA.
pub fn read(bytes: &[u8]) -> Result<Document, DocumentError> {
    let text = source::decode(bytes)?;
    let prolog = source::prolog(&text);
    let root = paillasse_xml::parse_with(text.as_bytes(), &LIMITS).map_err(|e| unreadable(sentence(&e)))?;
    drop(text);
    let wrapped = root.name == "stylesheet" || root.name == "transform";
    let Some(cda) = root.find(NAMESPACE, "ClinicalDocument") else {
        return Err(unreadable("ce n'est pas un document CDA (pas d'élément ClinicalDocument)".to_owned()));
    };
    let c = Context::new(cda);
    let style = style(&c, wrapped, prolog);
    if wrapped {
        let scripts = root.children().filter(|e| !e.name.eq_ignore_ascii_case("Contenu"));
        scripts.for_each(|template| find_scripts(&c, template));
    }
    let header = header::read(&c, cda);
    let mut attachments = Vec::new();
    let mut sections = Vec::new();
    let mut level = Level::None;
    if let Some(component) = cda.child(NAMESPACE, "component") {
        if let Some(text) = component.child(NAMESPACE, "nonXMLBody").and_then(|b| b.child(NAMESPACE, "text"))
        {
            level = Level::One;
            match file(text, String::new()) {
                Some(found) => attachments.push(found),
                None => c.flag(Flag::Undecodable("corps".to_owned())),
            }
        } else if let Some(body) = component.child(NAMESPACE, "structuredBody") {
            sections = inner(&c, body, &mut attachments);
            level = if sections.iter().any(has_entries) { Level::Three } else { Level::Two };
        }
    }
    for file in &attachments {
        if file.bytes.get(..512.min(file.bytes.len())).is_some_and(looks_like_page) {
            c.flag(Flag::Script(format!("page {} jointe, non ouverte", file.media_type)));
        }
    }
    let mut flags = c.flags();
    flags.sort();
    flags.dedup();
    Ok(Document { level, header, sections, attachments, style, flags })
}

/// The refusal of a file known to be too large before it is read.
#[must_use]
pub fn too_large(size: usize) -> DocumentError {
    unreadable(source::too_large(Some(size)))
}

fn unreadable(sentence: String) -> DocumentError {
    DocumentError::Unreadable(sentence)
}

fn sentence(e: &XmlError) -> String {
    match e {
        XmlError::NotUtf8 => "le texte n'est pas dans l'encodage annoncé".to_owned(),
        XmlError::Syntax(at) => format!("XML mal formé vers l'octet {at}"),
        XmlError::Doctype => {
            "il déclare un type de document (DTD), ce qui est refusé par sécurité".to_owned()
        }
        XmlError::Entity(at) => format!("il emploie une entité inconnue vers l'octet {at}"),
        XmlError::Prefix(at) => format!("préfixe d'espace de noms non déclaré vers l'octet {at}"),
        XmlError::Limit("size") => source::too_large(None),
        XmlError::Limit("depth") => format!("plus de {MAX_DEPTH} éléments imbriqués"),
        XmlError::Limit(_) => format!("plus de {MAX_NODES} éléments et textes"),
        XmlError::NoRoot => "ce n'est pas un document XML".to_owned(),
    }
}

fn style(c: &Context<'_>, wrapped: bool, prolog: source::Prolog) -> Style {
    for place in prolog.scripts {
        c.flag(Flag::Script(place));
    }
    match prolog.style {
        _ if wrapped => Style::Embedded,
        None => Style::None,
        Some(href) if href.starts_with("data:") => Style::Embedded,
        Some(href) => {
            c.flag(Flag::ExternalStyle(href.clone()));
            Style::External(href)
        }
    }
}

/// Flags the scripts of a style sheet around the document.
fn find_scripts(c: &Context<'_>, e: &Element) {
    if e.is(NAMESPACE, "ClinicalDocument") {
        return;
    }
    if e.name.eq_ignore_ascii_case("script") {
        c.flag(Flag::Script("feuille de style du document".to_owned()));
    }
    e.children().for_each(|child| find_scripts(c, child));
}

fn looks_like_page(start: &[u8]) -> bool {
    let start = String::from_utf8_lossy(start).to_ascii_lowercase();
    ["<html", "<svg", "<script", "<!doctype html"].iter().any(|mark| start.contains(mark))
}

fn has_entries(s: &Section) -> bool {
    !s.entries.is_empty() || s.sections.iter().any(has_entries)
}

/// The sections in the `component` children of a body or a section.
fn inner(c: &Context<'_>, holder: &Element, files: &mut Vec<Attachment>) -> Vec<Section> {
    holder
        .children_named(NAMESPACE, "component")
        .filter_map(|component| component.child(NAMESPACE, "section"))
        .map(|s| section(c, s, files))
        .collect()
}

fn section(c: &Context<'_>, s: &Element, files: &mut Vec<Attachment>) -> Section {
    let mut flags = Vec::new();
    let narrative = s.child(NAMESPACE, "text").map(|t| narrative::read(t, &mut flags));
    flags.into_iter().for_each(|f| c.flag(f));
    let entries = s.children_named(NAMESPACE, "entry").filter_map(|e| entries::read(c, e, files)).collect();
    for shown in
        s.child(NAMESPACE, "text").map(|t| t.find_all(NAMESPACE, "renderMultiMedia")).unwrap_or_default()
    {
        for id in shown.attr("referencedObject").unwrap_or_default().split_whitespace() {
            if !c.has(id) {
                c.flag(Flag::DanglingReference(narrative::clean(id)));
            }
        }
    }
    Section {
        templates: parts::templates(s),
        id: s.child(NAMESPACE, "id").map(parts::id),
        code: c.code_of(s, "code"),
        title: parts::text_of(s, "title"),
        narrative,
        parties: s
            .children_named(NAMESPACE, "author")
            .filter_map(|a| header::entity(a).map(|e| c.party(a, e)))
            .collect(),
        entries,
        sections: inner(c, s, files),
    }
}

/// A file carried by an element: base64, or text in place.
fn file(e: &Element, id: String) -> Option<Attachment> {
    let media_type = e.attr("mediaType").map(narrative::clean).unwrap_or_else(|| "text/plain".to_owned());
    let mut raw = String::new();
    for node in &e.nodes {
        if let Node::Text(t) = node {
            raw.push_str(t);
        }
    }
    let bytes = if e.attr("representation") == Some("B64") {
        raw.retain(|ch| !ch.is_ascii_whitespace());
        LENIENT.decode(raw.as_bytes()).ok()?
    } else {
        raw.into_bytes()
    };
    (!bytes.is_empty()).then_some(Attachment { id, media_type, size: bytes.len(), bytes })
}
