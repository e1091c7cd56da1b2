//! Reading somebody else's METADATA.XML (an archive received by mail).
//!
//! Values stay text as the sender wrote them: judging them (patient known, traits equal, type wanted) belongs to
//! the receiving service. What is checked here is structure: one submission set, entries with identifiers, one
//! patient (XDM sheet section 10, checks 4, 5 and 9).

use paillasse_xml::{Element, Limits, XmlError};

use super::hl7types::PatientId;
use super::write::{LCM_NS, RIM_NS, scheme};

/// Greatest size of a METADATA.XML, in bytes.
pub const MAX_METADATA: usize = 2 << 20;
/// Most entries read in one set.
pub const MAX_ENTRIES: usize = 100;

/// Why metadata cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not readable XML.
    #[error("metadata: {0}")]
    Xml(#[from] XmlError),
    /// Not a `SubmitObjectsRequest`, or none or several submission sets.
    #[error("metadata: not one submission set")]
    Shape,
    /// A required value is absent or unreadable.
    #[error("metadata: {0} absent or unreadable")]
    Missing(&'static str),
    /// More than [`MAX_ENTRIES`] entries.
    #[error("metadata: too many entries")]
    TooMany,
    /// Entries of several patients.
    #[error("metadata: several patients in one set")]
    SeveralPatients,
}

/// A submission set as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadSet {
    /// Identifier of the set.
    pub unique_id: String,
    /// OID of the sender's system.
    pub source_id: String,
    /// Patient of the set and of each entry.
    pub patient_id: PatientId,
    /// UTC time of submission, `YYYYMMDDhhmmss`.
    pub submission_time: Option<String>,
    /// Entries, one at least.
    pub entries: Vec<ReadEntry>,
}

/// A code as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadCode {
    /// Code.
    pub code: String,
    /// System.
    pub system: String,
    /// Label.
    pub label: String,
}

/// A document entry as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadEntry {
    /// Identifier of the document.
    pub unique_id: String,
    /// MIME type.
    pub mime_type: String,
    /// File name in the subset.
    pub uri: Option<String>,
    /// SHA-1, hexadecimal, either case.
    pub hash: Option<String>,
    /// Length.
    pub size: Option<u64>,
    /// Title.
    pub title: String,
    /// UTC time of creation.
    pub creation_time: Option<String>,
    /// PID fields of the patient.
    pub source_patient_info: Vec<String>,
    /// Class.
    pub class_code: Option<ReadCode>,
    /// Type.
    pub type_code: Option<ReadCode>,
    /// Format.
    pub format_code: Option<ReadCode>,
    /// Confidentiality and visibility codes.
    pub confidentiality: Vec<ReadCode>,
    /// Structures of the authors (XON).
    pub author_institutions: Vec<String>,
    /// Persons among the authors (XCN).
    pub author_persons: Vec<String>,
}

/// Reads a METADATA.XML.
///
/// # Errors
/// See [`ReadError`].
pub fn read_metadata(xml: &[u8]) -> Result<ReadSet, ReadError> {
    let limits = Limits { bytes: MAX_METADATA, depth: 24, nodes: 100_000 };
    let root = paillasse_xml::parse_with(xml, &limits)?;
    if !root.is(LCM_NS, "SubmitObjectsRequest") {
        return Err(ReadError::Shape);
    }
    let list = root.child(RIM_NS, "RegistryObjectList").ok_or(ReadError::Shape)?;
    // The node classification is inside the package here, but ebRS allows it beside: accept both places.
    let outside: Vec<&str> = list
        .children_named(RIM_NS, "Classification")
        .filter(|c| c.attr("classificationNode") == Some(scheme::SET_NODE))
        .filter_map(|c| c.attr("classifiedObject"))
        .collect();
    let is_set = |p: &&Element| {
        p.children_named(RIM_NS, "Classification")
            .any(|c| c.attr("classificationNode") == Some(scheme::SET_NODE))
            || p.attr("id").is_some_and(|id| outside.contains(&id))
    };
    let mut sets = list.children_named(RIM_NS, "RegistryPackage").filter(is_set);
    let (Some(set), None) = (sets.next(), sets.next()) else { return Err(ReadError::Shape) };
    let patient = |object: &Element, id: &str| {
        external(object, id).and_then(|v| PatientId::parse(&v)).ok_or(ReadError::Missing("patientId"))
    };
    let patient_id = patient(set, scheme::SET_PATIENT)?;
    let mut entries = Vec::new();
    for object in list.children_named(RIM_NS, "ExtrinsicObject") {
        if entries.len() >= MAX_ENTRIES {
            return Err(ReadError::TooMany);
        }
        if patient(object, scheme::PATIENT)? != patient_id {
            return Err(ReadError::SeveralPatients);
        }
        entries.push(read_entry(object)?);
    }
    if entries.is_empty() {
        return Err(ReadError::Missing("document entry"));
    }
    Ok(ReadSet {
        unique_id: external(set, scheme::SET_UNIQUE).ok_or(ReadError::Missing("set uniqueId"))?,
        source_id: external(set, scheme::SET_SOURCE).ok_or(ReadError::Missing("sourceId"))?,
        patient_id,
        submission_time: slot(set, "submissionTime").into_iter().next(),
        entries,
    })
}

fn read_entry(object: &Element) -> Result<ReadEntry, ReadError> {
    let first = |name: &str| slot(object, name).into_iter().next();
    let size = match first("size") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| ReadError::Missing("size"))?),
    };
    let authors: Vec<&Element> = classifications(object, scheme::AUTHOR).collect();
    let author_slot = |name: &str| authors.iter().flat_map(|a| slot(a, name)).collect::<Vec<_>>();
    Ok(ReadEntry {
        unique_id: external(object, scheme::UNIQUE).ok_or(ReadError::Missing("document uniqueId"))?,
        mime_type: object.attr("mimeType").unwrap_or_default().to_owned(),
        uri: first("URI"),
        hash: first("hash"),
        size,
        title: object.child(RIM_NS, "Name").map(localized).unwrap_or_default(),
        creation_time: first("creationTime"),
        source_patient_info: slot(object, "sourcePatientInfo"),
        class_code: classifications(object, scheme::CLASS).next().map(code),
        type_code: classifications(object, scheme::TYPE).next().map(code),
        format_code: classifications(object, scheme::FORMAT).next().map(code),
        confidentiality: classifications(object, scheme::CONFIDENTIALITY).map(code).collect(),
        author_institutions: author_slot("authorInstitution"),
        author_persons: author_slot("authorPerson"),
    })
}

fn slot(object: &Element, name: &str) -> Vec<String> {
    object
        .children_named(RIM_NS, "Slot")
        .filter(|s| s.attr("name") == Some(name))
        .filter_map(|s| s.child(RIM_NS, "ValueList"))
        .flat_map(|l| l.children_named(RIM_NS, "Value").map(Element::text).collect::<Vec<_>>())
        .collect()
}

fn external(object: &Element, identification: &str) -> Option<String> {
    object
        .children_named(RIM_NS, "ExternalIdentifier")
        .find(|e| e.attr("identificationScheme") == Some(identification))
        .and_then(|e| e.attr("value"))
        .map(str::to_owned)
}

fn classifications<'a>(object: &'a Element, id: &'a str) -> impl Iterator<Item = &'a Element> {
    object
        .children_named(RIM_NS, "Classification")
        .filter(move |c| c.attr("classificationScheme") == Some(id))
}

fn code(classification: &Element) -> ReadCode {
    ReadCode {
        code: classification.attr("nodeRepresentation").unwrap_or_default().to_owned(),
        system: slot(classification, "codingScheme").into_iter().next().unwrap_or_default(),
        label: classification.child(RIM_NS, "Name").map(localized).unwrap_or_default(),
    }
}

fn localized(name: &Element) -> String {
    name.child(RIM_NS, "LocalizedString").and_then(|l| l.attr("value")).unwrap_or_default().to_owned()
}
