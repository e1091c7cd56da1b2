//! `lcm:SubmitObjectsRequest` from the model.
//!
//! Order inside an object is that of the ebRS 3.0 schema: Slot*, Name?, Description?, Classification*,
//! ExternalIdentifier*; slots in alphabetical order. Output depends on the model alone, byte for byte.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use paillasse_xml::escape::{push_attribute, push_text};

use super::model::{Author, Code, DocumentEntry, EntryUuid, Lot, SET_SYMBOL, SubmissionSet};

/// Namespace of the registry information model.
pub const RIM_NS: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";
/// Namespace of the life cycle manager.
pub const LCM_NS: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0";

/// Identifiers fixed by IHE for classifications, external identifiers, object types and associations.
pub(crate) mod scheme {
    pub const STABLE_DOCUMENT: &str = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1";
    pub const SET_NODE: &str = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd";
    pub const SET_AUTHOR: &str = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d";
    pub const SET_CONTENT_TYPE: &str = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500";
    pub const SET_PATIENT: &str = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446";
    pub const SET_SOURCE: &str = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832";
    pub const SET_UNIQUE: &str = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8";
    pub const AUTHOR: &str = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d";
    pub const CLASS: &str = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a";
    pub const TYPE: &str = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983";
    pub const CONFIDENTIALITY: &str = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f";
    pub const EVENT: &str = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4";
    pub const FORMAT: &str = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d";
    pub const FACILITY: &str = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1";
    pub const PRACTICE: &str = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead";
    pub const PATIENT: &str = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427";
    pub const UNIQUE: &str = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab";
    pub const HAS_MEMBER: &str = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember";
    pub const REPLACES: &str = "urn:ihe:iti:2007:AssociationType:RPLC";
    pub const SIGNS: &str = "urn:ihe:iti:2007:AssociationType:signs";
    pub const UPDATE_STATUS: &str = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus";
    pub const ASSOCIATION: &str = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Association";
}

/// XDS time: UTC, `YYYYMMDDhhmmss`.
#[must_use]
pub fn dtm(time: Timestamp) -> String {
    let t = time.to_zoned(TimeZone::UTC).datetime();
    format!("{:04}{:02}{:02}{:02}{:02}{:02}", t.year(), t.month(), t.day(), t.hour(), t.minute(), t.second())
}

/// The request for a lot: what goes inside the body of TD2.1, and the whole METADATA.XML of an XDM subset
/// ([`xml_document`]). The model is written as it is; see [`super::check`] for its validity.
#[must_use]
pub fn submit_objects_request(lot: &Lot) -> String {
    let mut w = Writer::new();
    w.start_request();
    for entry in lot.entries() {
        w.extrinsic_object(entry);
    }
    w.registry_package(&lot.set);
    for entry in lot.entries() {
        let original = [("SubmissionSetStatus", "Original")];
        w.association(scheme::HAS_MEMBER, None, SET_SYMBOL, &entry.symbol, &original);
    }
    if let Some(signature) = &lot.signature {
        let original = [("SubmissionSetStatus", "Original")];
        w.association(scheme::SIGNS, None, &signature.symbol, SET_SYMBOL, &original);
    }
    for replacement in &lot.replacements {
        w.association(scheme::REPLACES, None, &replacement.document, replacement.replaced.as_str(), &[]);
    }
    w.end_request()
}

/// A request as a document of its own, with its XML declaration.
#[must_use]
pub fn xml_document(request: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{request}\n")
}

/// Status of a registered document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AvailabilityStatus {
    /// In force.
    Approved,
    /// Archived.
    Archived,
    /// Deleted.
    Deleted,
}

impl AvailabilityStatus {
    /// The URN of the contract (section 3.7).
    #[must_use]
    pub fn urn(self) -> &'static str {
        match self {
            Self::Approved => "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved",
            Self::Archived => "urn:asip:ci-sis:2010:StatusType:Archived",
            Self::Deleted => "urn:asip:ci-sis:2010:StatusType:Deleted",
        }
    }
}

/// The request of TD3.3c: changes the status of `target`. Schema-valid, unlike the official sample.
#[must_use]
pub fn status_update_request(
    set: &SubmissionSet,
    target: &EntryUuid,
    original: AvailabilityStatus,
    new: AvailabilityStatus,
) -> String {
    let mut w = Writer::new();
    w.start_request();
    w.registry_package(set);
    let slots = [("OriginalStatus", original.urn()), ("NewStatus", new.urn())];
    w.association(scheme::UPDATE_STATUS, Some(scheme::ASSOCIATION), SET_SYMBOL, target.as_str(), &slots);
    w.end_request()
}

struct Writer {
    out: String,
    /// Numbers classifications and external identifiers, which share one series.
    serial: u32,
    associations: u32,
}

impl Writer {
    fn new() -> Self {
        Self { out: String::with_capacity(12 << 10), serial: 0, associations: 0 }
    }

    fn start_request(&mut self) {
        self.out.push_str(&format!(
            "<lcm:SubmitObjectsRequest xmlns:lcm=\"{LCM_NS}\" xmlns:rim=\"{RIM_NS}\"><rim:RegistryObjectList>"
        ));
    }

    fn end_request(mut self) -> String {
        self.out.push_str("</rim:RegistryObjectList></lcm:SubmitObjectsRequest>");
        self.out
    }

    /// `<rim:NAME a="v" …>`; closed at once when `empty`.
    fn tag(&mut self, name: &str, attributes: &[(&str, &str)], empty: bool) {
        self.out.push_str("<rim:");
        self.out.push_str(name);
        for (key, value) in attributes {
            self.out.push(' ');
            self.out.push_str(key);
            self.out.push_str("=\"");
            push_attribute(&mut self.out, value);
            self.out.push('"');
        }
        self.out.push_str(if empty { "/>" } else { ">" });
    }

    fn end(&mut self, name: &str) {
        self.out.push_str("</rim:");
        self.out.push_str(name);
        self.out.push('>');
    }

    fn slot<S: AsRef<str>>(&mut self, name: &str, values: &[S]) {
        if values.is_empty() {
            return;
        }
        self.tag("Slot", &[("name", name)], false);
        self.tag("ValueList", &[], false);
        for value in values {
            self.tag("Value", &[], false);
            push_text(&mut self.out, value.as_ref());
            self.end("Value");
        }
        self.end("ValueList");
        self.end("Slot");
    }

    fn localized(&mut self, name: &str, value: &str) {
        self.tag(name, &[], false);
        self.tag("LocalizedString", &[("xml:lang", "fr-FR"), ("charset", "UTF-8"), ("value", value)], true);
        self.end(name);
    }

    fn next_id(&mut self, prefix: &str) -> String {
        self.serial += 1;
        format!("{prefix}{:02}", self.serial)
    }

    fn code(&mut self, object: &str, classification: &str, code: &Code) {
        let id = self.next_id("cla");
        let attributes = [
            ("id", id.as_str()),
            ("classificationScheme", classification),
            ("classifiedObject", object),
            ("nodeRepresentation", &code.code),
        ];
        self.tag("Classification", &attributes, false);
        self.slot("codingScheme", &[&code.system]);
        self.localized("Name", &code.label);
        self.end("Classification");
    }

    fn author(&mut self, object: &str, classification: &str, author: &Author) {
        let id = self.next_id("cla");
        let attributes = [
            ("id", id.as_str()),
            ("classificationScheme", classification),
            ("classifiedObject", object),
            ("nodeRepresentation", ""),
        ];
        self.tag("Classification", &attributes, false);
        let values = [
            ("authorInstitution", author.institution.as_ref().map(super::Institution::xon)),
            ("authorPerson", author.person.as_ref().map(super::Person::xcn)),
            ("authorRole", author.role.clone()),
            ("authorSpecialty", author.specialty.as_ref().map(super::Specialty::coded)),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                self.slot(name, &[value]);
            }
        }
        self.end("Classification");
    }

    fn external(&mut self, object: &str, identification: &str, name: &str, value: &str) {
        let id = self.next_id("ei");
        let attributes = [
            ("id", id.as_str()),
            ("registryObject", object),
            ("identificationScheme", identification),
            ("value", value),
        ];
        self.tag("ExternalIdentifier", &attributes, false);
        self.localized("Name", name);
        self.end("ExternalIdentifier");
    }

    fn extrinsic_object(&mut self, entry: &DocumentEntry) {
        let object = entry.symbol.as_str();
        let attributes =
            [("id", object), ("mimeType", entry.mime_type.as_str()), ("objectType", scheme::STABLE_DOCUMENT)];
        self.tag("ExtrinsicObject", &attributes, false);
        self.slot("creationTime", &[dtm(entry.creation_time)]);
        self.slot("hash", &[&entry.hash]);
        self.slot("languageCode", &[&entry.language]);
        self.slot("legalAuthenticator", &[entry.legal_authenticator.xcn()]);
        self.slot("serviceStartTime", &[dtm(entry.service_start)]);
        self.slot("serviceStopTime", &[dtm(entry.service_stop)]);
        self.slot("size", &[entry.size.to_string()]);
        self.slot("sourcePatientId", &[entry.source_patient_id.cx()]);
        self.slot(
            "sourcePatientInfo",
            &entry.source_patient_info.as_ref().map_or(Vec::new(), |i| i.values()),
        );
        self.slot("URI", entry.uri.as_slice());
        let references: Vec<String> = entry
            .reference_ids
            .iter()
            .map(|r| format!("{}^^^&{}&ISO^{}", r.id, r.authority, r.kind))
            .collect();
        self.slot("urn:ihe:iti:xds:2013:referenceIdList", &references);
        self.localized("Name", &entry.title);
        if let Some(comments) = &entry.comments {
            self.localized("Description", comments);
        }
        for author in &entry.authors {
            self.author(object, scheme::AUTHOR, author);
        }
        self.code(object, scheme::CLASS, &entry.class_code);
        self.code(object, scheme::TYPE, &entry.type_code);
        for code in &entry.confidentiality {
            self.code(object, scheme::CONFIDENTIALITY, code);
        }
        self.code(object, scheme::FORMAT, &entry.format_code);
        self.code(object, scheme::FACILITY, &entry.facility_type);
        self.code(object, scheme::PRACTICE, &entry.practice_setting);
        for code in &entry.event_codes {
            self.code(object, scheme::EVENT, code);
        }
        self.external(object, scheme::PATIENT, "XDSDocumentEntry.patientId", &entry.patient_id.cx());
        self.external(object, scheme::UNIQUE, "XDSDocumentEntry.uniqueId", &entry.unique_id);
        self.end("ExtrinsicObject");
    }

    fn registry_package(&mut self, set: &SubmissionSet) {
        self.tag("RegistryPackage", &[("id", SET_SYMBOL)], false);
        self.slot("submissionTime", &[dtm(set.submission_time)]);
        if let Some(title) = &set.title {
            self.localized("Name", title);
        }
        if let Some(comments) = &set.comments {
            self.localized("Description", comments);
        }
        self.author(SET_SYMBOL, scheme::SET_AUTHOR, &set.author);
        self.code(SET_SYMBOL, scheme::SET_CONTENT_TYPE, &set.content_type);
        let id = self.next_id("cla");
        let node =
            [("id", id.as_str()), ("classifiedObject", SET_SYMBOL), ("classificationNode", scheme::SET_NODE)];
        self.tag("Classification", &node, true);
        self.external(SET_SYMBOL, scheme::SET_PATIENT, "XDSSubmissionSet.patientId", &set.patient_id.cx());
        self.external(SET_SYMBOL, scheme::SET_SOURCE, "XDSSubmissionSet.sourceId", &set.source_id);
        self.external(SET_SYMBOL, scheme::SET_UNIQUE, "XDSSubmissionSet.uniqueId", &set.unique_id);
        self.end("RegistryPackage");
    }

    fn association(
        &mut self,
        kind: &str,
        object_type: Option<&str>,
        source: &str,
        target: &str,
        slots: &[(&str, &str)],
    ) {
        self.associations += 1;
        let id = format!("assoc{:02}", self.associations);
        let mut attributes = vec![("id", id.as_str())];
        attributes.extend(object_type.map(|t| ("objectType", t)));
        attributes.extend([("associationType", kind), ("sourceObject", source), ("targetObject", target)]);
        self.tag("Association", &attributes, slots.is_empty());
        if !slots.is_empty() {
            for (name, value) in slots {
                self.slot(name, &[value]);
            }
            self.end("Association");
        }
    }
}
