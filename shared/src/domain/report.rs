//! The **report**: everything one compte rendu d'examens de biologie médicale (CR-BIO) needs, already decided.
//!
//! A [`Report`] is the single input of the document writers (CDA R2 level 3, PDF/A-1b, plain text, datamatrix).
//! It is a frozen copy: identity as it stood, labels as they were displayed, results as validated. Nothing in it
//! is looked up again, so that rebuilding a document years later gives the same bytes (DOC-29).
//!
//! Invariants the builder of a report must keep (the document writers check them and name the field):
//! * the INS is present only for a **qualified** identity (INS-17); its absence is what "not qualified" means here;
//! * a replaced document is named exactly when the version is above 1;
//! * decimals are kept as the text that was validated; no arithmetic is done on them here.
//!
//! Deliberately not here: how a report is assembled from a dossier, to whom and how it is sent, and any XDS or DMP
//! metadata (visibility flags are metadata of a sending, not of the document).

mod moment;
mod people;
mod results;

use serde::{Deserialize, Serialize};

pub use moment::{Moment, MomentError};
pub use people::*;
pub use results::*;

/// OID of persons in the national directory (RPPS, ADELI): CI-SIS "structuration minimale".
pub const OID_PERSONS: &str = "1.2.250.1.71.4.2.1";
/// OID of structures in the national directory (FINESS, SIREN, SIRET).
pub const OID_STRUCTURES: &str = "1.2.250.1.71.4.2.2";
/// OID of LOINC.
pub const OID_LOINC: &str = "2.16.840.1.113883.6.1";
/// OID of SNOMED CT.
pub const OID_SNOMED_CT: &str = "2.16.840.1.113883.6.96";
/// OID of the national waiting codes for LOINC ("codes d'attente").
pub const OID_WAITING_CODES: &str = "1.2.250.1.213.1.1.5.130";
/// OID of the common reagent coding table of the ANSM (techniques).
pub const OID_TECHNIQUES: &str = "1.2.250.1.213.2.3.5";

/// A number given by a naming authority: `root` is the authority's OID, `extension` the number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// OID of the naming space.
    pub root: String,
    /// Number inside that space.
    pub extension: String,
}

/// A code of a terminology with the label that was displayed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Coded {
    /// Code.
    pub code: String,
    /// OID of the code system.
    pub system: String,
    /// Name of the code system, for readers (`LOINC`, `SNOMED CT`).
    pub system_name: Option<String>,
    /// French label.
    pub label: String,
}

/// State of the whole report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportStatus {
    /// All requested results are there (or will not be done): CDA `completed`.
    Final,
    /// Some results are still awaited: CDA `active`.
    Partial,
}

/// CDA `confidentialityCode`. Masking to professionals or patients is metadata of the sending, not this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidentiality {
    /// `N`, the normal case.
    Normal,
    /// `R`.
    Restricted,
    /// `V`.
    VeryRestricted,
}

/// Everything one CR-BIO needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Identifier of this version: a plain OID of at most 64 characters, under the laboratory's arc.
    pub id: String,
    /// Identifier shared by all versions of the report: a plain OID.
    pub set_id: String,
    /// Version number, from 1.
    pub version: u32,
    /// Identifier of the version this one replaces; present exactly when `version` is above 1.
    pub replaces: Option<String>,
    /// When this version was made.
    pub created_at: Moment,
    /// Reception of the request or samples (start of the documented act).
    pub service_start: Moment,
    /// Release of the results by the biologist (end of the documented act).
    pub service_end: Moment,
    /// Final or partial.
    pub status: ReportStatus,
    /// Confidentiality of the document itself.
    pub confidentiality: Confidentiality,
    /// Made in a training or demonstration base: the paper says ÉCOLE on each page.
    pub training: bool,
    /// The patient.
    pub patient: Patient,
    /// The laboratory that is responsible for the report.
    pub laboratory: Laboratory,
    /// Who or what wrote the document.
    pub author: Author,
    /// Director of the laboratory (performer of the main act).
    pub director: Professional,
    /// Biologist who takes responsibility for the report (legal authenticator, responsible party).
    pub responsible: Professional,
    /// When the responsible biologist signed.
    pub signed_at: Moment,
    /// Biologists who validated results, each with the time of the last validation.
    pub validations: Vec<Validation>,
    /// Prescriber.
    pub prescriber: Option<Prescriber>,
    /// Who took the samples, when it is one person for the report.
    pub sampler: Option<Professional>,
    /// Attending physician ("médecin traitant").
    pub attending_physician: Option<Professional>,
    /// All recipients of the report (DOC-18).
    pub recipients: Vec<Recipient>,
    /// Number of the dossier or request in the SGL.
    pub request: Identifier,
    /// Numbers of the prescriptions that were received, if any.
    pub prescriptions: Vec<Identifier>,
    /// The stay or visit.
    pub encounter: Encounter,
    /// Samples; sub-chapters refer to them by [`Specimen::id`]'s extension.
    pub specimens: Vec<Specimen>,
    /// Chapters in printing order; at least one.
    pub chapters: Vec<Chapter>,
    /// Comments on the whole report.
    pub comments: Vec<Comment>,
    /// Information notice to the patient printed at the foot (DOC-20).
    pub notice: Option<String>,
    /// Sentence shown because at least one result was validated by rules without review by a biologist (LAB-09); `None`
    /// when a biologist saw them all.
    #[serde(default)]
    pub automatic_validation: Option<String>,
    /// Report of a referral laboratory that exists only as a PDF (second intention), embedded as it came.
    pub second_intention: Option<AttachedPdf>,
    /// Which optional traits the paper shows (INS-15).
    #[serde(default)]
    pub display: DisplayOptions,
}

/// Site parameters of the paper that change what is shown; frozen with the report so that a rebuild is equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisplayOptions {
    /// Show the name and given name in use when they differ from the strict traits.
    pub used_names: bool,
    /// Show the place of birth.
    pub birth_place: bool,
    /// Show the whole list of given names.
    pub all_given_names: bool,
    /// Print the INS datamatrix; set to false only where the INS is already in another barcode (INS-16).
    pub datamatrix: bool,
}

impl Default for DisplayOptions {
    fn default() -> Self {
        Self { used_names: true, birth_place: true, all_given_names: false, datamatrix: true }
    }
}

/// Kind of stay or visit (JDV J142).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EncounterKind {
    /// `AMB`.
    Ambulatory,
    /// `IMP`.
    Inpatient,
    /// `EMER`.
    Emergency,
    /// `HH`, at the patient's home.
    Home,
    /// `EXTERNE`.
    Outpatient,
}

/// The stay or visit during which the request was made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Encounter {
    /// Stay number, when known.
    pub id: Option<Identifier>,
    /// Kind.
    pub kind: Option<EncounterKind>,
    /// Start.
    pub start: Option<Moment>,
    /// End.
    pub end: Option<Moment>,
}

/// A sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Specimen {
    /// Sample number; the extension is unique in the report and is what sub-chapters refer to.
    pub id: Identifier,
    /// Kind of sample, code of JDV 1.2.250.1.213.1.1.5.819.
    pub kind: Coded,
    /// End of sampling.
    pub sampled_at: Option<Moment>,
    /// Reception in the laboratory.
    pub received_at: Option<Moment>,
    /// Sampling act (NABM) when one is known.
    pub act: Option<Coded>,
    /// Anatomic site (SNOMED CT).
    pub site: Option<Coded>,
    /// Who took it, when it is not the sampler of the report.
    pub sampler: Option<Professional>,
}
