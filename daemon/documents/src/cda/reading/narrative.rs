//! The text of a section for readers: the elements of the CDA narrative, and nothing that could act.
//!
//! Invariants: a script is never kept, it is flagged; an element that CDA does not know leaves its text; control
//! characters (which could command a terminal) are dropped; an address is text, never followed.

use paillasse_xml::{Element, Node};
use serde::Serialize;

use super::super::NAMESPACE;
use super::model::Flag;

/// Most columns of a table; a wider span is cut to this.
pub const MAX_COLUMNS: usize = 24;
/// Most rows a cell spans.
pub const MAX_ROWS_SPANNED: usize = 1000;

/// A narrative.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Narrative {
    /// Its content.
    pub nodes: Vec<Item>,
}

impl Narrative {
    /// All its words, with single spaces.
    #[must_use]
    pub fn plain(&self) -> String {
        fn walk(items: &[Item], out: &mut String) {
            for item in items {
                match item {
                    Item::Text(t) => out.push_str(t),
                    Item::Element { tag, children, .. } => {
                        walk(children, out);
                        if !matches!(tag, Tag::Content | Tag::Sub | Tag::Sup) {
                            out.push(' ');
                        }
                    }
                }
            }
        }
        let mut out = String::new();
        walk(&self.nodes, &mut out);
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// How a piece of text is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Bold.
    pub bold: bool,
    /// Italics.
    pub italic: bool,
    /// Underlined.
    pub underline: bool,
}

/// The elements of the narrative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tag {
    /// `content`, or an unknown element whose text is kept.
    Content,
    /// `paragraph`.
    Paragraph,
    /// `list`, with numbers or not.
    List {
        /// Numbered.
        ordered: bool,
    },
    /// `item`.
    Item,
    /// `table`.
    Table,
    /// `thead`.
    Head,
    /// `tbody`, `tfoot`.
    Body,
    /// `tr`.
    Row,
    /// `th`, `td`.
    Cell {
        /// `th`.
        header: bool,
        /// Columns spanned, 1 to [`MAX_COLUMNS`].
        columns: usize,
        /// Rows spanned, 1 to [`MAX_ROWS_SPANNED`].
        rows: usize,
    },
    /// `caption`.
    Caption,
    /// `br`.
    Break,
    /// `sub`.
    Sub,
    /// `sup`.
    Sup,
    /// `footnote`.
    Footnote,
    /// `footnoteRef`, with the identifier of its note.
    FootnoteRef(String),
    /// `linkHtml`, with its address; never followed.
    Link(String),
    /// `renderMultiMedia`, with the identifiers of the files.
    Media(Vec<String>),
}

/// A node of the narrative.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// Text.
    Text(String),
    /// An element.
    Element {
        /// Which.
        tag: Tag,
        /// How it is set.
        setting: Setting,
        /// Its identifier.
        id: Option<String>,
        /// What is inside.
        children: Vec<Item>,
    },
}

/// Reads the `text` of a section.
pub(super) fn read(text: &Element, flags: &mut Vec<Flag>) -> Narrative {
    Narrative { nodes: children(text, flags) }
}

fn children(element: &Element, flags: &mut Vec<Flag>) -> Vec<Item> {
    let mut out = Vec::with_capacity(element.nodes.len());
    for node in &element.nodes {
        match node {
            Node::Text(text) => out.push(Item::Text(clean(text))),
            Node::Element(child) => out.extend(item(child, flags)),
        }
    }
    out
}

fn item(e: &Element, flags: &mut Vec<Flag>) -> Option<Item> {
    let name = e.name.to_ascii_lowercase();
    if matches!(name.as_str(), "script" | "iframe" | "object" | "embed" | "applet" | "style") {
        flags.push(Flag::Script(format!("balise « {} » du texte", clean(&e.name))));
        return None;
    }
    for a in e.attributes.iter().filter(|a| a.name.to_ascii_lowercase().starts_with("on")) {
        flags.push(Flag::Script(format!("attribut « {} »", clean(&a.name))));
    }
    let span = |attribute: &str, most: usize| {
        e.attr(attribute).and_then(|v| v.trim().parse::<usize>().ok()).unwrap_or(1).clamp(1, most)
    };
    let cell = |header| Tag::Cell {
        header,
        columns: span("colspan", MAX_COLUMNS),
        rows: span("rowspan", MAX_ROWS_SPANNED),
    };
    let tag = match name.as_str() {
        "content" => Tag::Content,
        "paragraph" => Tag::Paragraph,
        "list" => Tag::List { ordered: e.attr("listType") == Some("ordered") },
        "item" => Tag::Item,
        "table" => Tag::Table,
        "thead" => Tag::Head,
        "tbody" | "tfoot" => Tag::Body,
        "tr" => Tag::Row,
        "th" => cell(true),
        "td" => cell(false),
        "caption" => Tag::Caption,
        "br" => Tag::Break,
        "sub" => Tag::Sub,
        "sup" => Tag::Sup,
        "footnote" => Tag::Footnote,
        "footnoteref" => Tag::FootnoteRef(e.attr("IDREF").map(clean).unwrap_or_default()),
        "linkhtml" => link(e, flags),
        "rendermultimedia" => {
            let names = e.attr("referencedObject").unwrap_or_default();
            Tag::Media(names.split_whitespace().map(str::to_owned).collect())
        }
        "colgroup" | "col" => return None,
        _ => {
            flags.push(Flag::UnknownMarkup(clean(&e.name)));
            Tag::Content
        }
    };
    if &*e.ns != NAMESPACE && tag != Tag::Content {
        flags.push(Flag::UnknownMarkup(clean(&e.name)));
    }
    let style = e.attr("styleCode").unwrap_or_default().to_ascii_lowercase();
    let setting = Setting {
        bold: style.contains("bold"),
        italic: style.contains("ital"),
        underline: style.contains("underline"),
    };
    Some(Item::Element { tag, setting, id: e.attr("ID").map(clean), children: children(e, flags) })
}

fn link(e: &Element, flags: &mut Vec<Flag>) -> Tag {
    let href = clean(e.attr("href").unwrap_or_default()).trim().to_owned();
    let scheme = href.split(':').next().unwrap_or_default().to_ascii_lowercase();
    if matches!(scheme.as_str(), "javascript" | "vbscript" | "data") {
        flags.push(Flag::Script(format!("lien « {scheme}: »")));
        return Tag::Link(String::new());
    }
    if !href.starts_with('#') && !href.is_empty() {
        flags.push(Flag::ExternalAddress(href.chars().take(200).collect()));
    }
    Tag::Link(href)
}

/// Text without control characters, marks of direction or private characters, which a terminal could obey.
pub(super) fn clean(text: &str) -> String {
    let bad = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t' | '\r'))
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e000}'..='\u{f8ff}')
    };
    if text.chars().any(bad) { text.chars().filter(|c| !bad(*c)).collect() } else { text.to_owned() }
}

/// Whether the text of an element goes on past `most` characters, and its text up to there, with single spaces.
pub(super) fn plain(element: &Element, most: usize) -> (String, bool) {
    let mut out = String::new();
    let whole = gather(element, most.saturating_mul(2), &mut out);
    let text: String = clean(&out).split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(most) {
        Some((end, _)) => (text.get(..end).unwrap_or_default().to_owned(), true),
        None => (text, !whole),
    }
}

fn gather(element: &Element, most: usize, out: &mut String) -> bool {
    for node in &element.nodes {
        if out.len() > most {
            return false;
        }
        match node {
            Node::Text(t) => out.push_str(t.get(..t.floor_char_boundary(most)).unwrap_or(t)),
            Node::Element(e) if e.name == "br" => out.push(' '),
            Node::Element(e) => {
                if !gather(e, most, out) {
                    return false;
                }
                if matches!(e.name.as_str(), "td" | "th" | "tr" | "paragraph" | "item" | "caption") {
                    out.push(' ');
                }
            }
        }
    }
    out.len() <= most
}
