//! The metadata model: submission set, document entries, and how they hang together.

use jiff::Timestamp;
use paillasse_shared::domain::report::OID_LOINC;
use serde::{Deserialize, Serialize};

use super::hl7types::{Institution, PatientId, Person, SourcePatientInfo, Specialty};

/// OID of HL7 confidentiality codes (`N`).
pub const OID_CONFIDENTIALITY: &str = "2.16.840.1.113883.5.25";
/// OID of the French visibility codes (JDV_J58).
pub const OID_VISIBILITY: &str = "1.2.250.1.213.1.1.4.13";
/// Symbolic identifier of the submission set inside a request.
pub const SET_SYMBOL: &str = "SubmissionSet01";
/// Symbolic identifier of the signature of the lot (imposed by the DMP contract, section 5).
pub const SIGNATURE_SYMBOL: &str = "Signature01";

/// A code of a terminology.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Code {
    /// Code (`nodeRepresentation`).
    pub code: String,
    /// OID of the system, or the word the profile imposes (`URN`, `ASTM`).
    pub system: String,
    /// Display name.
    pub label: String,
}

impl Code {
    /// A code from its three parts.
    #[must_use]
    pub fn new(code: &str, system: &str, label: &str) -> Self {
        Self { code: code.to_owned(), system: system.to_owned(), label: label.to_owned() }
    }

    /// Class of a report: « Compte rendu » (ASS_X04).
    #[must_use]
    pub fn class_report() -> Self {
        Self::new("10", "1.2.250.1.213.1.1.4.1", "Compte rendu")
    }

    /// Type of a CR-BIO.
    #[must_use]
    pub fn type_biology() -> Self {
        Self::new("11502-2", OID_LOINC, "CR d'examens biologiques")
    }

    /// Format of a CR-BIO (JDV_J60).
    #[must_use]
    pub fn format_biology() -> Self {
        Self::new(
            "urn:ihe:lab:xd-lab:2008",
            "1.3.6.1.4.1.19376.1.2.3",
            "Compte rendu structuré d'examens de biologie médicale",
        )
    }

    /// Content type of a laboratory's submission, TRE_R209 (the laboratory's configuration may choose another).
    #[must_use]
    pub fn content_type_biology() -> Self {
        Self::new("26", "1.2.250.1.213.2.2", "Analyses médicales biologiques")
    }
}

/// Who may see a document in the DMP. Chosen for each document at the moment of sending (DMP-34).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Visibility {
    /// Hidden from professionals other than the author and the médecin traitant.
    pub masked_to_professionals: bool,
    /// Hidden from the patient until a professional, or the national delay, makes it visible.
    pub invisible_to_patient: bool,
    /// Hidden from the legal representatives of a minor.
    pub invisible_to_representatives: bool,
}

impl Visibility {
    /// The confidentiality codes, `N` first (DMP sheet section 6.3).
    #[must_use]
    pub fn codes(self) -> Vec<Code> {
        let mut codes = vec![Code::new("N", OID_CONFIDENTIALITY, "Normal")];
        let choices = [
            (self.masked_to_professionals, "MASQUE_PS", "Masqué aux professionnels de santé"),
            (self.invisible_to_patient, "INVISIBLE_PATIENT", "Non visible par le patient"),
            (
                self.invisible_to_representatives,
                "INVISIBLE_REPRESENTANTS_LEGAUX",
                "Non visible par les représentants légaux",
            ),
        ];
        codes.extend(choices.iter().filter(|c| c.0).map(|c| Code::new(c.1, OID_VISIBILITY, c.2)));
        codes
    }

    /// What a list of codes means.
    #[must_use]
    pub fn from_codes(codes: &[Code]) -> Self {
        let has = |code: &str| codes.iter().any(|c| c.code == code && c.system == OID_VISIBILITY);
        Self {
            masked_to_professionals: has("MASQUE_PS"),
            invisible_to_patient: has("INVISIBLE_PATIENT"),
            invisible_to_representatives: has("INVISIBLE_REPRESENTANTS_LEGAUX"),
        }
    }
}

/// An author: at least a person or an institution.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Author {
    /// Structure.
    pub institution: Option<Institution>,
    /// Person or system.
    pub person: Option<Person>,
    /// Display name of the function of the author.
    pub role: Option<String>,
    /// Specialty.
    pub specialty: Option<Specialty>,
}

/// One value of `referenceIdList` (CXi).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReferenceId {
    /// Identifier.
    pub id: String,
    /// OID of its authority.
    pub authority: String,
    /// Kind, such as `urn:ihe:iti:xds:2013:order`.
    pub kind: String,
}

/// One document of a lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentEntry {
    /// Symbolic identifier inside the request (`Document01`); also the `id` of the `xdsb:Document`.
    pub symbol: String,
    /// MIME type: `text/xml` for a CDA.
    pub mime_type: String,
    /// When the document was made.
    pub creation_time: Timestamp,
    /// `fr-FR`; `art` for a signature.
    pub language: String,
    /// Start of the documented act.
    pub service_start: Timestamp,
    /// End of the documented act.
    pub service_stop: Timestamp,
    /// Who takes legal responsibility.
    pub legal_authenticator: Person,
    /// Identifier of the patient at the source: local number, else the INS.
    pub source_patient_id: PatientId,
    /// Traits; absent from a signature.
    pub source_patient_info: Option<SourcePatientInfo>,
    /// SHA-1 of the bytes sent, lower-case hexadecimal.
    pub hash: String,
    /// Length of the bytes sent.
    pub size: u64,
    /// File name in the archive: XDM only.
    pub uri: Option<String>,
    /// Numbers of orders and examinations, optional.
    pub reference_ids: Vec<ReferenceId>,
    /// Title, at most 128 characters.
    pub title: String,
    /// Comment, optional.
    pub comments: Option<String>,
    /// Authors, one at least.
    pub authors: Vec<Author>,
    /// Class.
    pub class_code: Code,
    /// Type.
    pub type_code: Code,
    /// Confidentiality, `N` and visibility choices.
    pub confidentiality: Vec<Code>,
    /// Acts documented.
    pub event_codes: Vec<Code>,
    /// Format.
    pub format_code: Code,
    /// Sector of the structure.
    pub facility_type: Code,
    /// Setting of the care.
    pub practice_setting: Code,
    /// Patient in the affinity domain: the INS (a local number is allowed in a mail only).
    pub patient_id: PatientId,
    /// Identifier of the document: the plain OID of the CDA.
    pub unique_id: String,
}

impl DocumentEntry {
    /// Sets `hash` and `size` from the exact bytes that will be sent.
    pub fn seal(&mut self, bytes: &[u8]) {
        self.hash = sha1_hex(bytes);
        self.size = bytes.len() as u64;
    }
}

/// SHA-1 in lower-case hexadecimal, as the `hash` slot has it.
#[must_use]
pub fn sha1_hex(bytes: &[u8]) -> String {
    use sha1::Digest;
    hex::encode(sha1::Sha1::digest(bytes))
}

/// The lot itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionSet {
    /// When the lot was made.
    pub submission_time: Timestamp,
    /// Title, optional.
    pub title: Option<String>,
    /// Comment, optional.
    pub comments: Option<String>,
    /// Who sends.
    pub author: Author,
    /// Activity of the sender.
    pub content_type: Code,
    /// Patient.
    pub patient_id: PatientId,
    /// OID of this installation of the SGL.
    pub source_id: String,
    /// OID of this lot, new whenever the content changes.
    pub unique_id: String,
}

/// `entryUUID` of a registry, `urn:uuid:` and 36 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EntryUuid(String);

impl EntryUuid {
    /// Reads `urn:uuid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let uuid = text.strip_prefix("urn:uuid:")?;
        let shape = uuid.len() == 36
            && uuid
                .bytes()
                .enumerate()
                .all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() });
        shape.then(|| Self(text.to_owned()))
    }

    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A new document takes the place of one already registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// [`DocumentEntry::symbol`] of the new document.
    pub document: String,
    /// Registry identifier of the document replaced.
    pub replaced: EntryUuid,
}

/// A submission: the set, its documents, the signature of the lot (DMP), and what they replace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// The set.
    pub set: SubmissionSet,
    /// Documents, one at least; one per lot is advised (simple retry).
    pub documents: Vec<DocumentEntry>,
    /// Entry of the signature of the lot, see [`signature_entry`]. Required by the DMP, not used in a mail.
    pub signature: Option<DocumentEntry>,
    /// Replacements.
    pub replacements: Vec<Replacement>,
}

impl Lot {
    /// Documents and signature, in the order of the request.
    pub fn entries(&self) -> impl Iterator<Item = &DocumentEntry> {
        self.documents.iter().chain(&self.signature)
    }
}

/// The entry `Signature01` of a lot (DMP sheet section 5): `document` gives author, authenticator and structure,
/// `bytes` are the signature file, `unique_id` its own OID.
#[must_use]
pub fn signature_entry(
    set: &SubmissionSet,
    document: &DocumentEntry,
    unique_id: &str,
    bytes: &[u8],
) -> DocumentEntry {
    let hidden =
        Visibility { masked_to_professionals: true, invisible_to_patient: true, ..Visibility::default() };
    let mut entry = DocumentEntry {
        symbol: SIGNATURE_SYMBOL.to_owned(),
        mime_type: "text/xml".to_owned(),
        creation_time: set.submission_time,
        language: "art".to_owned(),
        service_start: set.submission_time,
        service_stop: set.submission_time,
        legal_authenticator: document.legal_authenticator.clone(),
        source_patient_id: set.patient_id.clone(),
        source_patient_info: None,
        hash: String::new(),
        size: 0,
        uri: None,
        reference_ids: Vec::new(),
        title: "Source".to_owned(),
        comments: None,
        authors: vec![set.author.clone()],
        class_code: Code::new("urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN", "Digital Signature"),
        type_code: Code::new("E1762", "ASTM", "Full Document"),
        confidentiality: hidden.codes(),
        event_codes: vec![Code::new("1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12", "Source")],
        format_code: Code::new("http://www.w3.org/2000/09/xmldsig#", "URN", "Default Signature Style"),
        facility_type: document.facility_type.clone(),
        practice_setting: document.practice_setting.clone(),
        patient_id: set.patient_id.clone(),
        unique_id: unique_id.to_owned(),
    };
    entry.seal(bytes);
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dmp_23_visibility_choices_become_codes_and_back() {
        let invisible = Visibility { invisible_to_patient: true, ..Visibility::default() };
        let codes: Vec<String> = invisible.codes().into_iter().map(|c| c.code).collect();
        assert_eq!(codes, ["N", "INVISIBLE_PATIENT"]);
        assert_eq!(Visibility::from_codes(&invisible.codes()), invisible);
        assert_eq!(Visibility::default().codes().len(), 1);
    }

    #[test]
    fn an_entry_uuid_is_a_urn_and_nothing_else() {
        assert!(EntryUuid::parse("urn:uuid:fe5287a2-ae6a-11eb-8f5d-0050569e422e").is_some());
        for wrong in ["fe5287a2-ae6a-11eb-8f5d-0050569e422e", "urn:uuid:1.2.3", "urn:uuid:", "Document01"] {
            assert!(EntryUuid::parse(wrong).is_none(), "{wrong}");
        }
    }
}
