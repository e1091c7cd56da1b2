//! What the receiver would refuse, refused before sending (DMP sheet end of section 6.2; XDM sheet section 4).

use std::collections::BTreeSet;

use paillasse_shared::domain::identity::InsOid;

use super::hl7types::{PatientId, PatientIdKind};
use super::model::{Code, DocumentEntry, Lot, OID_CONFIDENTIALITY, Visibility, sha1_hex};

/// Where a lot goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// TD2.1: signature required, no URI, qualified INS required.
    Dmp,
    /// IHE_XDM archive of a mail: URI required, no signature, local identifier tolerated.
    Xdm,
}

/// What this installation allows.
#[derive(Debug, Clone)]
pub struct Rules<'a> {
    /// Destination.
    pub channel: Channel,
    /// Authorities of an INS that are accepted in this environment: in production never the test ones; the
    /// qualification platform returns the production ones for its fictitious people too.
    pub authorities: &'a [InsOid],
    /// Struct_IdNat that the certificate covers; empty switches this check off (mail).
    pub structures: &'a [String],
    /// Patient identifier read back from the CDA, to be equal to that of the metadata.
    pub cda_patient: Option<&'a PatientId>,
    /// National parameter: `MASQUE_PS` and `INVISIBLE_PATIENT` on the same document.
    pub allow_hidden_from_all: bool,
}

/// One reason why a lot must not leave. No identity in any of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Not a numeric OID of at most 64 characters.
    #[error("{field} is not a plain OID of at most 64 characters")]
    Oid {
        /// Attribute.
        field: String,
    },
    /// Set, entries and CDA do not name the same patient.
    #[error("{field} names another patient than the submission set")]
    Patient {
        /// Attribute.
        field: String,
    },
    /// The DMP takes an INS only.
    #[error("the patient identifier is not an INS")]
    NoIns,
    /// A test INS in production, or the reverse; or a former or unknown national identifier.
    #[error("INS authority {oid} does not fit this environment")]
    InsEnvironment {
        /// OID of the authority.
        oid: String,
    },
    /// Act ends before it starts, document older than its act, or lot older than its document.
    #[error("{field}: times out of order")]
    Times {
        /// Attribute.
        field: String,
    },
    /// Language other than `fr-FR` (`art` for a signature).
    #[error("language of {symbol} is not the expected one")]
    Language {
        /// Entry.
        symbol: String,
    },
    /// Class, type and format do not belong together.
    #[error("class, type and format of {symbol} do not belong together")]
    Codes {
        /// Entry.
        symbol: String,
    },
    /// `N` missing, unknown code, or a combination that is to be refused.
    #[error("confidentiality codes of {symbol} are not allowed")]
    Confidentiality {
        /// Entry.
        symbol: String,
    },
    /// An institution that the certificate does not cover.
    #[error("author institution {id} is not in the structure of the certificate")]
    Structure {
        /// Struct_IdNat at fault.
        id: String,
    },
    /// Author without person and institution, or no author.
    #[error("{field} has no author")]
    Author {
        /// Object.
        field: String,
    },
    /// Bytes given for an entry do not have its hash or size, or are missing.
    #[error("hash or size of {symbol} is not that of the bytes to send")]
    Content {
        /// Entry.
        symbol: String,
    },
    /// Title empty or over 128 characters.
    #[error("title of {symbol} is empty or over 128 characters")]
    Title {
        /// Entry.
        symbol: String,
    },
    /// Two objects share an identifier.
    #[error("identifier used twice in the lot: {id}")]
    Duplicate {
        /// Identifier.
        id: String,
    },
    /// URI present for the DMP, absent for a mail.
    #[error("URI of {symbol} does not fit the channel")]
    Uri {
        /// Entry.
        symbol: String,
    },
    /// Signature absent for the DMP, present in a mail.
    #[error("the signature of the lot does not fit the channel")]
    Signature,
    /// No document, or a replacement that names no document of the lot.
    #[error("lot without the document it speaks of")]
    Empty,
}

/// Class, type and formats that belong together. A signature has its own constants and is not looked up.
const COHERENT: &[(&str, &str, &[&str])] =
    &[("11502-2", "10", &["urn:ihe:lab:xd-lab:2008", "urn:ihe:iti:xds-sd:pdf:2008"])];

/// Whether `text` is a numeric OID of at most 64 characters without leading zeros.
#[must_use]
pub fn is_oid(text: &str) -> bool {
    let mut arcs = 0;
    let well_formed = text.split('.').all(|arc| {
        arcs += 1;
        !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()) && (arc == "0" || !arc.starts_with('0'))
    });
    well_formed && arcs >= 2 && text.len() <= 64 && matches!(text.as_bytes().first(), Some(b'0'..=b'2'))
}

/// Every reason why the lot must not leave; empty when it may. `contents` are the exact bytes of each entry, in
/// the order of [`Lot::entries`].
#[must_use]
pub fn check(lot: &Lot, contents: &[&[u8]], rules: &Rules<'_>) -> Vec<MetadataError> {
    let mut faults = Vec::new();
    check_identifiers(lot, rules, &mut faults);
    if lot.documents.is_empty()
        || lot.replacements.iter().any(|r| !lot.documents.iter().any(|d| d.symbol == r.document))
    {
        faults.push(MetadataError::Empty);
    }
    if lot.signature.is_some() != (rules.channel == Channel::Dmp) {
        faults.push(MetadataError::Signature);
    }
    check_author("submission set", std::slice::from_ref(&lot.set.author), rules, &mut faults);
    for (i, entry) in lot.entries().enumerate() {
        let is_signature = lot.signature.as_ref().is_some_and(|s| std::ptr::eq(s, entry));
        check_entry(lot, entry, is_signature, rules, &mut faults);
        let sealed = contents
            .get(i)
            .is_some_and(|b| entry.size == b.len() as u64 && entry.hash.eq_ignore_ascii_case(&sha1_hex(b)));
        if !sealed {
            faults.push(MetadataError::Content { symbol: entry.symbol.clone() });
        }
    }
    faults
}

fn check_identifiers(lot: &Lot, rules: &Rules<'_>, faults: &mut Vec<MetadataError>) {
    let set = &lot.set;
    let mut oids = vec![
        ("sourceId".to_owned(), set.source_id.as_str()),
        ("submission set uniqueId".to_owned(), set.unique_id.as_str()),
        ("patientId authority".to_owned(), set.patient_id.authority.as_str()),
    ];
    oids.extend(lot.entries().map(|e| (format!("{} uniqueId", e.symbol), e.unique_id.as_str())));
    for (field, oid) in oids {
        if !is_oid(oid) {
            faults.push(MetadataError::Oid { field });
        }
    }
    let mut seen = BTreeSet::new();
    let identifiers = lot.entries().flat_map(|e| [&e.unique_id, &e.symbol]).chain([&set.unique_id]);
    for id in identifiers {
        if !seen.insert(id) {
            faults.push(MetadataError::Duplicate { id: id.clone() });
        }
    }
    match set.patient_id.kind {
        PatientIdKind::Local if rules.channel == Channel::Dmp => faults.push(MetadataError::NoIns),
        PatientIdKind::Local => {}
        PatientIdKind::National => {
            let fits =
                InsOid::parse(&set.patient_id.authority).is_some_and(|oid| rules.authorities.contains(&oid));
            if !fits {
                faults.push(MetadataError::InsEnvironment { oid: set.patient_id.authority.clone() });
            }
        }
    }
    if rules.cda_patient.is_some_and(|p| *p != set.patient_id) {
        faults.push(MetadataError::Patient { field: "CDA".to_owned() });
    }
}

fn check_author(field: &str, authors: &[super::Author], rules: &Rules<'_>, faults: &mut Vec<MetadataError>) {
    if authors.is_empty() || authors.iter().any(|a| a.person.is_none() && a.institution.is_none()) {
        faults.push(MetadataError::Author { field: field.to_owned() });
    }
    for institution in authors.iter().filter_map(|a| a.institution.as_ref()) {
        if !rules.structures.is_empty() && !rules.structures.contains(&institution.id) {
            faults.push(MetadataError::Structure { id: institution.id.clone() });
        }
    }
}

fn check_entry(
    lot: &Lot,
    e: &DocumentEntry,
    is_signature: bool,
    rules: &Rules<'_>,
    faults: &mut Vec<MetadataError>,
) {
    let symbol = || e.symbol.clone();
    if e.patient_id != lot.set.patient_id {
        faults.push(MetadataError::Patient { field: symbol() });
    }
    if e.service_start > e.service_stop {
        faults.push(MetadataError::Times { field: format!("{} service", e.symbol) });
    }
    if e.service_start > e.creation_time || e.creation_time > lot.set.submission_time {
        faults.push(MetadataError::Times { field: format!("{} creation", e.symbol) });
    }
    if e.language != if is_signature { "art" } else { "fr-FR" } {
        faults.push(MetadataError::Language { symbol: symbol() });
    }
    if e.title.trim().is_empty() || e.title.chars().count() > 128 {
        faults.push(MetadataError::Title { symbol: symbol() });
    }
    if e.uri.is_some() != (rules.channel == Channel::Xdm) {
        faults.push(MetadataError::Uri { symbol: symbol() });
    }
    if !is_signature && !coherent(e) {
        faults.push(MetadataError::Codes { symbol: symbol() });
    }
    if !confidentiality_allowed(&e.confidentiality, is_signature || rules.allow_hidden_from_all) {
        faults.push(MetadataError::Confidentiality { symbol: symbol() });
    }
    check_author(&e.symbol, &e.authors, rules, faults);
}

fn coherent(e: &DocumentEntry) -> bool {
    COHERENT.iter().any(|(kind, class, formats)| {
        e.type_code.code == *kind
            && e.class_code.code == *class
            && formats.contains(&e.format_code.code.as_str())
    })
}

fn confidentiality_allowed(codes: &[Code], hidden_from_all: bool) -> bool {
    let visibility = Visibility::from_codes(codes);
    let normal = codes.iter().any(|c| c.code == "N" && c.system == OID_CONFIDENTIALITY);
    let known =
        codes.iter().all(|c| visibility.codes().iter().any(|k| k.code == c.code && k.system == c.system));
    let both = visibility.masked_to_professionals && visibility.invisible_to_patient;
    normal && known && (!both || hidden_from_all)
}
