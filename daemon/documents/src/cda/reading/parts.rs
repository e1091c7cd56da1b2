//! The data types of CDA that header and entries share: identifiers, codes, times, people, organizations.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use paillasse_xml::Element;

use super::super::NAMESPACE;
use super::model::{Code, Flag, Id, Name, Org, Party, Time};
use super::narrative::{clean, plain};

/// Longest text taken through one reference, in characters.
const MAX_TEXT: usize = 20_000;
/// Most characters taken through references in one document.
const MAX_TEXTS: usize = 4_000_000;

/// The identified elements of a document, and what was to be told on the way.
pub(super) struct Context<'a> {
    ids: HashMap<&'a str, &'a Element>,
    left: Cell<usize>,
    flags: RefCell<Vec<Flag>>,
}

impl<'a> Context<'a> {
    pub fn new(root: &'a Element) -> Self {
        let mut ids = HashMap::new();
        collect(root, &mut ids);
        Self { ids, left: Cell::new(MAX_TEXTS), flags: RefCell::default() }
    }

    pub fn flag(&self, flag: Flag) {
        self.flags.borrow_mut().push(flag);
    }

    pub fn has(&self, id: &str) -> bool {
        self.ids.contains_key(id)
    }

    pub fn flags(self) -> Vec<Flag> {
        self.flags.into_inner()
    }

    /// The text an element with a `reference` child points at, else its own text.
    pub fn text(&self, e: &Element) -> Option<String> {
        let Some(reference) = e.child(NAMESPACE, "reference") else {
            return Some(plain(e, MAX_TEXT).0).filter(|t| !t.is_empty());
        };
        let target = reference.attr("value")?;
        let Some(id) = target.strip_prefix('#') else {
            self.flag(Flag::ExternalAddress(clean(target).chars().take(200).collect()));
            return None;
        };
        let Some(found) = self.ids.get(id) else {
            self.flag(Flag::DanglingReference(clean(id).chars().take(100).collect()));
            return None;
        };
        let (text, cut) = plain(found, MAX_TEXT.min(self.left.get()));
        self.left.set(self.left.get().saturating_sub(text.chars().count().max(1)));
        if cut {
            self.flag(Flag::Shortened);
        }
        Some(text).filter(|t| !t.is_empty())
    }

    pub fn code(&self, e: &Element) -> Code {
        let attr = |name: &str| e.attr(name).map(clean);
        Code {
            code: attr("code"),
            label: attr("displayName"),
            system: attr("codeSystem"),
            system_name: attr("codeSystemName"),
            null_flavor: attr("nullFlavor"),
            text: e.child(NAMESPACE, "originalText").and_then(|t| self.text(t)),
            translations: e.children_named(NAMESPACE, "translation").map(|t| self.code(t)).collect(),
            qualifiers: e
                .children_named(NAMESPACE, "qualifier")
                .map(|q| {
                    let of = |name| q.child(NAMESPACE, name).map(|c| self.code(c)).unwrap_or_default();
                    (of("name"), of("value"))
                })
                .collect(),
        }
    }

    pub fn code_of(&self, e: &Element, name: &str) -> Option<Code> {
        e.child(NAMESPACE, name).map(|c| self.code(c))
    }

    pub fn codes_of(&self, e: &Element, name: &str) -> Vec<Code> {
        e.children_named(NAMESPACE, name).map(|c| self.code(c)).collect()
    }

    pub fn time(&self, e: &Element) -> Time {
        let take = |e: &Element| {
            let value = e.attr("value").map(clean)?;
            if value.len() > 8 && !value.contains(['+', '-']) {
                self.flag(Flag::WithoutOffset(value.chars().take(40).collect()));
            }
            Some(value)
        };
        let of = |name| e.child(NAMESPACE, name).and_then(take);
        Time {
            value: take(e),
            low: of("low"),
            high: of("high"),
            null_flavor: e.attr("nullFlavor").map(clean),
        }
    }

    pub fn time_of(&self, e: &Element, name: &str) -> Option<Time> {
        e.child(NAMESPACE, name).map(|t| self.time(t))
    }

    /// A participation: `holder` bears type and time, `entity` the identifiers, address and name.
    pub fn party(&self, holder: &Element, entity: &Element) -> Party {
        const PEOPLE: [&str; 8] = [
            "assignedPerson",
            "associatedPerson",
            "informationRecipient",
            "relatedPerson",
            "guardianPerson",
            "playingEntity",
            "playingDevice",
            "assignedAuthoringDevice",
        ];
        const STRUCTURES: [&str; 5] = [
            "representedOrganization",
            "scopingOrganization",
            "receivedOrganization",
            "guardianOrganization",
            "scopingEntity",
        ];
        let person = PEOPLE.iter().find_map(|n| entity.child(NAMESPACE, n));
        let device = person.and_then(|p| {
            let of = |name| text_of(p, name);
            let found = (of("manufacturerModelName"), of("softwareName"));
            (found != (None, None)).then_some(found)
        });
        Party {
            role: clean(&holder.name),
            templates: templates(holder).into_iter().chain(templates(entity)).collect(),
            type_code: holder.attr("typeCode").map(clean),
            class_code: entity.attr("classCode").map(clean),
            function: self.code_of(holder, "functionCode"),
            time: self.time_of(holder, "time"),
            ids: ids(entity),
            code: self.code_of(entity, "code"),
            addresses: addresses(entity),
            telecoms: telecoms(entity),
            name: person.and_then(|p| p.child(NAMESPACE, "name")).map(name),
            device,
            device_code: person.and_then(|p| self.code_of(p, "code")),
            organization: STRUCTURES
                .iter()
                .find_map(|n| entity.child(NAMESPACE, n))
                .map(|o| self.organization(o)),
        }
    }

    pub fn organization(&self, o: &Element) -> Org {
        Org {
            ids: ids(o),
            name: text_of(o, "name"),
            addresses: addresses(o),
            telecoms: telecoms(o),
            setting: self.code_of(o, "standardIndustryClassCode"),
        }
    }
}

fn collect<'a>(e: &'a Element, ids: &mut HashMap<&'a str, &'a Element>) {
    if let Some(id) = e.attr("ID") {
        ids.entry(id).or_insert(e);
    }
    e.children().for_each(|child| collect(child, ids));
}

/// Text of a child, cleaned; nothing when empty.
pub(super) fn text_of(e: &Element, name: &str) -> Option<String> {
    e.child(NAMESPACE, name).map(|c| plain(c, MAX_TEXT).0).filter(|t| !t.is_empty())
}

/// Attribute of a child.
pub(super) fn attr_of(e: &Element, name: &str, attribute: &str) -> Option<String> {
    e.child(NAMESPACE, name).and_then(|c| c.attr(attribute)).map(clean)
}

pub(super) fn id(e: &Element) -> Id {
    Id {
        root: e.attr("root").map(clean).unwrap_or_default(),
        extension: e.attr("extension").map(clean),
        authority: e.attr("assigningAuthorityName").map(clean),
    }
}

/// Identifiers that are not null.
pub(super) fn ids(e: &Element) -> Vec<Id> {
    let all = e.children_named(NAMESPACE, "id").map(id);
    all.filter(|i| !i.root.is_empty() || i.extension.is_some()).collect()
}

pub(super) fn templates(e: &Element) -> Vec<String> {
    e.children_named(NAMESPACE, "templateId").filter_map(|t| t.attr("root")).map(clean).collect()
}

/// Addresses as lines; the parts of a structured address are joined the French way.
pub(super) fn addresses(e: &Element) -> Vec<Vec<String>> {
    e.children_named(NAMESPACE, "addr").map(address).filter(|lines| !lines.is_empty()).collect()
}

fn address(a: &Element) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut street: Vec<String> = Vec::new();
    let mut town: Vec<String> = Vec::new();
    for part in a.children() {
        let text = plain(part, 500).0;
        if text.is_empty() {
            continue;
        }
        match part.name.as_str() {
            "streetAddressLine" => lines.push(text),
            "postalCode" => town.insert(0, text),
            "city" => town.push(text),
            "country" | "state" | "county" | "precinct" => lines.push(text),
            _ => street.push(text),
        }
    }
    let free = plain(a, 500).0;
    if lines.is_empty() && street.is_empty() && town.is_empty() && !free.is_empty() {
        return vec![free];
    }
    let tail = if street.is_empty() && town.is_empty() { Vec::new() } else { std::mem::take(&mut lines) };
    lines.extend([street.join(" "), town.join(" ")].into_iter().filter(|l| !l.is_empty()));
    lines.extend(tail);
    lines
}

pub(super) fn telecoms(e: &Element) -> Vec<String> {
    e.children_named(NAMESPACE, "telecom").filter_map(|t| t.attr("value")).map(clean).collect()
}

pub(super) fn name(e: &Element) -> Name {
    let list = |name: &str| {
        e.children_named(NAMESPACE, name)
            .map(|f| (f.attr("qualifier").map(clean), plain(f, 500).0))
            .filter(|(_, text)| !text.is_empty())
            .collect::<Vec<_>>()
    };
    let mut family = list("family");
    let own = e.text();
    if family.is_empty() && !own.is_empty() {
        // A name written as one text.
        family.push((None, plain(e, 500).0));
    }
    Name { prefix: text_of(e, "prefix"), suffix: text_of(e, "suffix"), family, given: list("given") }
}
