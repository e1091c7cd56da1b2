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
//!
//! The file is long because it is one data model with a sentence per field; it holds almost no logic.

use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

use super::identity::{InsOid, Matricule, StrictTraits, UsedNames};
use super::result::{Comparator, Decimal};

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

/// A text that is not a date and time with its offset (RFC 3339).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("« {0} » n'est pas une date et heure avec décalage horaire")]
pub struct MomentError(String);

/// An instant with the local time and the offset of the place where it was recorded.
///
/// The offset is stored and never recomputed: a rebuilt document shows the same local time whatever the
/// time zone tables say by then. Text form (also in JSON): RFC 3339, `2024-01-04T07:35:00+01:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment {
    local: jiff::civil::DateTime,
    offset_minutes: i16,
}

impl Moment {
    /// An instant from a local time (fractions of a second are dropped) and its offset east of UTC, in minutes
    /// (-900 to 900; outside values are brought back to the bound).
    #[must_use]
    pub fn new(local: jiff::civil::DateTime, offset_minutes: i16) -> Self {
        let local = local.with().subsec_nanosecond(0).build().unwrap_or(local);
        Self { local, offset_minutes: offset_minutes.clamp(-900, 900) }
    }

    /// The instant of a zoned time (the zone is normally the laboratory's, `Europe/Paris` in mainland France).
    #[must_use]
    pub fn from_zoned(zoned: &jiff::Zoned) -> Self {
        let minutes = zoned.offset().seconds() / 60;
        Self::new(zoned.datetime(), i16::try_from(minutes).unwrap_or(0))
    }

    /// Reads the RFC 3339 form with a numeric offset or `Z`; seconds may be absent.
    ///
    /// # Errors
    /// [`MomentError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, MomentError> {
        let refused = || MomentError(text.chars().take(40).collect());
        let text = text.trim();
        let (local, offset_minutes) = if let Some(local) = text.strip_suffix('Z') {
            (local, 0)
        } else {
            let split = text.len().checked_sub(6).ok_or_else(refused)?;
            let (local, offset) = text.split_at_checked(split).ok_or_else(refused)?;
            let sign = match offset.as_bytes().first() {
                Some(b'+') => 1,
                Some(b'-') => -1,
                _ => return Err(refused()),
            };
            let (hours, minutes) = offset.get(1..).and_then(|o| o.split_once(':')).ok_or_else(refused)?;
            let number = |part: &str| {
                Some(part)
                    .filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_digit()))
                    .and_then(|p| p.parse().ok())
            };
            let hours: i16 = number(hours).filter(|h| *h <= 15).ok_or_else(refused)?;
            let minutes: i16 = number(minutes).filter(|m| *m < 60).ok_or_else(refused)?;
            (local, sign * (hours * 60 + minutes))
        };
        let local: jiff::civil::DateTime = local.parse().map_err(|_| refused())?;
        Ok(Self::new(local, offset_minutes))
    }

    /// Local date and time.
    #[must_use]
    pub fn local(&self) -> jiff::civil::DateTime {
        self.local
    }

    /// Offset east of UTC, in minutes.
    #[must_use]
    pub fn offset_minutes(&self) -> i16 {
        self.offset_minutes
    }

    /// HL7 form with seconds and offset: `20240104073500+0100`.
    #[must_use]
    pub fn hl7(&self) -> String {
        let (l, o) = (self.local, self.offset_minutes);
        let sign = if o < 0 { '-' } else { '+' };
        format!(
            "{:04}{:02}{:02}{:02}{:02}{:02}{sign}{:02}{:02}",
            l.year(),
            l.month(),
            l.day(),
            l.hour(),
            l.minute(),
            l.second(),
            o.abs() / 60,
            o.abs() % 60
        )
    }

    /// The day alone: `20240104`.
    #[must_use]
    pub fn day(&self) -> String {
        format!("{:04}{:02}{:02}", self.local.year(), self.local.month(), self.local.day())
    }

    /// As a French reader writes the day: `04/01/2024`.
    #[must_use]
    pub fn french_day(&self) -> String {
        format!("{:02}/{:02}/{:04}", self.local.day(), self.local.month(), self.local.year())
    }

    /// As a French reader writes day and time: `04/01/2024 07:35`.
    #[must_use]
    pub fn french(&self) -> String {
        format!("{} {:02}:{:02}", self.french_day(), self.local.hour(), self.local.minute())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let o = self.offset_minutes;
        let sign = if o < 0 { '-' } else { '+' };
        write!(f, "{}{sign}{:02}:{:02}", self.local, o.abs() / 60, o.abs() % 60)
    }
}

impl TryFrom<String> for Moment {
    type Error = MomentError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

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

/// INS of a **qualified** identity, the only case where it may be here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct QualifiedIns {
    /// Matricule, 13 characters and the key.
    pub matricule: Matricule,
    /// OID that says its nature (NIR, NIA, and the two that only test bases know).
    pub oid: InsOid,
}

/// The patient as known when the report was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patient {
    /// Strict traits as stored; the date of birth raw as INSi gave it when an INS is present (month or day may be
    /// `00` or out of the calendar).
    pub traits: StrictTraits,
    /// Names in use, when there are any.
    pub used: UsedNames,
    /// Name of the place of birth at that time.
    pub birth_place_label: Option<String>,
    /// The INS, only if the identity is qualified.
    pub ins: Option<QualifiedIns>,
    /// Local patient number (IPP) under the laboratory's OID.
    pub local_id: Identifier,
    /// Postal address.
    pub address: Option<Address>,
    /// Telephone numbers and addresses.
    pub telecoms: Vec<Telecom>,
}

/// A postal address, written as lines.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// Street lines, at most five.
    pub lines: Vec<String>,
    /// Post code.
    pub postal_code: String,
    /// City.
    pub city: String,
}

/// Kind of a [`Telecom`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TelecomKind {
    /// Telephone.
    Phone,
    /// Fax.
    Fax,
    /// Ordinary electronic mail.
    Email,
    /// Secured mail of the health space.
    Mssante,
}

/// One way to reach somebody.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Telecom {
    /// Kind.
    pub kind: TelecomKind,
    /// Number or address, without any `tel:` or `mailto:`.
    pub value: String,
}

/// Civilité (JDV J245).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Civility {
    /// `M`.
    Mister,
    /// `MME`.
    Madam,
}

/// Titre (JDV J246).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfessionalTitle {
    /// `DR`.
    Doctor,
    /// `PR`.
    Professor,
}

/// A health professional.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Professional {
    /// National identifier with its type digit: `8` + RPPS (11), `0` + ADELI (9), `3…`/`5…` internal to a structure.
    pub national_id: Option<String>,
    /// Civilité.
    pub civility: Option<Civility>,
    /// Titre.
    pub title: Option<ProfessionalTitle>,
    /// Name used in the exercise of the profession.
    pub family: String,
    /// Given name.
    pub given: Option<String>,
    /// Profession and specialty, code of JDV J01 (`G15_10/SM03`).
    pub profession: Option<String>,
    /// Postal address of exercise.
    pub address: Option<Address>,
    /// Telephone numbers and MSSanté addresses.
    pub telecoms: Vec<Telecom>,
    /// Structure of exercise.
    pub organization: Option<Organization>,
}

/// A structure other than the laboratory itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// National identifier with its type digit: `1` + FINESS (9), `2` + SIREN (9), `3` + SIRET (14).
    pub national_id: Option<String>,
    /// Name.
    pub name: String,
    /// Postal address.
    pub address: Option<Address>,
    /// Telephone numbers and MSSanté addresses.
    pub telecoms: Vec<Telecom>,
    /// Practice setting, code of JDV J04 (`AMBULATOIRE`, `ETABLISSEMENT`).
    pub practice_setting: Option<String>,
}

/// The laboratory of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Laboratory {
    /// Name.
    pub name: String,
    /// FINESS géographique, 9 characters.
    pub finess: String,
    /// Postal address.
    pub address: Address,
    /// Telephone numbers and addresses; at least one.
    pub telecoms: Vec<Telecom>,
    /// Cofrac accreditation number (`8-1234`).
    pub cofrac: Option<String>,
    /// Practice setting, code of JDV J04: `AMBULATOIRE` for a town laboratory, `ETABLISSEMENT` in a hospital.
    pub practice_setting: String,
    /// Facility sector of activity, code of JDV J02: `SA25` laboratory of medical biology.
    pub facility_type: String,
}

/// Who wrote the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A professional, normally the biologist.
    Person(Box<Professional>),
    /// The system.
    System {
        /// Identifier of the installation.
        id: Identifier,
        /// Manufacturer and model.
        manufacturer: String,
        /// Software name and version.
        software: String,
    },
}

/// Validation of results by a biologist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validation {
    /// The biologist; national identifier required.
    pub biologist: Professional,
    /// Time of the (last) validation.
    pub at: Moment,
}

/// The prescriber and the date of the prescription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prescriber {
    /// The professional.
    pub professional: Professional,
    /// Date of the prescription, when known.
    pub prescribed_at: Option<Moment>,
}

/// A recipient of the report: a person, a structure, or both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// The person, if the report goes to one.
    pub person: Option<Professional>,
    /// The structure, if the report goes to one and `person` does not already name it.
    pub organization: Option<Organization>,
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

/// A free comment. Line breaks are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Title on paper, when it is not simply "Commentaire".
    pub title: Option<String>,
    /// Text.
    pub text: String,
}

/// A chapter (discipline) with its LOINC or waiting code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chapter {
    /// Chapter code and label.
    pub code: Coded,
    /// Title as printed, when it differs from the label.
    pub title: Option<String>,
    /// Sub-chapters; at least one. A chapter without sub-chapters of its own has one without title.
    pub sub_chapters: Vec<SubChapter>,
    /// Comments on the chapter.
    pub comments: Vec<Comment>,
}

/// A sub-chapter: one table of the paper, one entry of the CDA.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubChapter {
    /// Code (LOINC panel or chapter code); the chapter's is used when absent.
    pub code: Option<Coded>,
    /// Title as printed.
    pub title: Option<String>,
    /// Numbers (extension of [`Specimen::id`]) of the samples used.
    pub specimens: Vec<String>,
    /// Results, batteries, isolates and images in printing order; at least one.
    pub blocks: Vec<Block>,
    /// Comments on the sub-chapter.
    pub comments: Vec<Comment>,
    /// The laboratory that did the work, when it is another one (sous-traitance).
    pub subcontractor: Option<Subcontractor>,
    /// Validation of this sub-chapter, when known at this level.
    pub validation: Option<Validation>,
}

/// Another laboratory that performed examinations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subcontractor {
    /// Responsible person there; `national_id` required.
    pub professional: Professional,
    /// The laboratory; national identifier, name and practice setting required.
    pub organization: Organization,
    /// When the results were released there.
    pub at: Moment,
}

/// One block of a sub-chapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "results are the common case; boxing them would cost more than it saves"
)]
pub enum Block {
    /// A single result.
    Result(ResultItem),
    /// An examination made of several results (CDA battery).
    Battery(Battery),
    /// A germ found by culture.
    Isolate(Isolate),
    /// A picture, such as an electrophoresis curve.
    Image(Image),
}

/// An examination made of several results.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Battery {
    /// LOINC panel or local code; optional.
    pub code: Option<AnalysisCode>,
    /// Title as printed.
    pub title: String,
    /// Results in printing order; at least one.
    pub results: Vec<ResultItem>,
    /// Comments on the examination.
    pub comments: Vec<Comment>,
}

/// A germ, its counts and its antibiograms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isolate {
    /// Number of the isolate.
    pub id: Identifier,
    /// Germ (SNOMED CT), label as printed.
    pub organism: Coded,
    /// The same germ in the NCBI taxonomy.
    pub ncbi: Option<Coded>,
    /// Time of identification.
    pub at: Moment,
    /// Results on the isolate itself (count…).
    pub results: Vec<ResultItem>,
    /// Antibiograms.
    pub antibiograms: Vec<Battery>,
    /// Comments.
    pub comments: Vec<Comment>,
}

/// A picture: PNG without transparency (PDF/A-1 forbids it) or JPEG.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Caption.
    pub title: String,
    /// `image/png` or `image/jpeg`.
    pub media_type: String,
    /// Content in base64.
    pub base64: String,
}

/// A PDF embedded as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedPdf {
    /// Caption, naming the laboratory that wrote it.
    pub title: String,
    /// Content in base64.
    pub base64: String,
}

/// Code of an analysis: LOINC of the "Circuit de la biologie", and/or a waiting or local code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnalysisCode {
    /// LOINC code with its French label.
    pub loinc: Option<Coded>,
    /// Waiting code (system [`OID_WAITING_CODES`]) or local code of the laboratory; required when `loinc` is absent.
    pub local: Option<Coded>,
}

/// A unit as printed and as UCUM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Printed form (`G/L`, `µmol/L`).
    pub display: String,
    /// UCUM form (`10*9/L`, `umol/L`); a pure annotation such as `{INR}` means "no unit".
    pub ucum: String,
}

/// Value of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportedValue {
    /// A number, possibly beyond a limit.
    Numeric {
        /// Sign when the value lies beyond a limit.
        comparator: Option<Comparator>,
        /// Number.
        value: Decimal,
        /// Unit; none for INR or a ratio.
        unit: Option<Unit>,
    },
    /// A range (microscopy fields, cells).
    Interval {
        /// Lower bound.
        low: Decimal,
        /// Upper bound.
        high: Decimal,
        /// Unit.
        unit: Option<Unit>,
    },
    /// A titre such as 1/160.
    Titre {
        /// Numerator, normally 1.
        numerator: Decimal,
        /// Denominator.
        denominator: Decimal,
    },
    /// A coded qualitative result; `text` is what is printed.
    Coded {
        /// Code, normally SNOMED CT.
        code: Coded,
        /// Printed text.
        text: String,
    },
    /// Free text.
    Text(String),
}

/// What came out of the analysis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A result is there (CDA `completed`).
    Done(ReportedValue),
    /// Still awaited in a partial report (CDA `active`).
    Pending,
    /// Will not be done (CDA `aborted`), with the reason for the reader.
    NotDone(Option<String>),
}

/// Interpretation of a result: codes of HL7 ObservationInterpretation allowed by the volet.
/// In JSON the code itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the variants are the published codes; their French labels are in data/cda")]
pub enum Interpretation {
    N,
    L,
    H,
    LL,
    HH,
    LU,
    HU,
    A,
    AA,
    #[serde(rename = "<")]
    BelowLimit,
    #[serde(rename = ">")]
    AboveLimit,
    B,
    W,
    U,
    D,
    S,
    SDD,
    I,
    R,
    NS,
    POS,
    NEG,
    DET,
    ND,
    IND,
    E,
    RR,
    WR,
    NR,
}

impl Interpretation {
    /// The published code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::N => "N",
            Self::L => "L",
            Self::H => "H",
            Self::LL => "LL",
            Self::HH => "HH",
            Self::LU => "LU",
            Self::HU => "HU",
            Self::A => "A",
            Self::AA => "AA",
            Self::BelowLimit => "<",
            Self::AboveLimit => ">",
            Self::B => "B",
            Self::W => "W",
            Self::U => "U",
            Self::D => "D",
            Self::S => "S",
            Self::SDD => "SDD",
            Self::I => "I",
            Self::R => "R",
            Self::NS => "NS",
            Self::POS => "POS",
            Self::NEG => "NEG",
            Self::DET => "DET",
            Self::ND => "ND",
            Self::IND => "IND",
            Self::E => "E",
            Self::RR => "RR",
            Self::WR => "WR",
            Self::NR => "NR",
        }
    }

    /// Sign printed beside the result by French laboratories: `H` haut, `B` bas, doubled for an alert, `*` for a
    /// qualitative anomaly, `S`/`I`/`R` on an antibiogram; nothing where the result speaks for itself.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::L | Self::LU => "B",
            Self::H | Self::HU => "H",
            Self::LL => "BB",
            Self::HH => "HH",
            Self::A => "*",
            Self::AA => "**",
            Self::S => "S",
            Self::SDD => "SFD",
            Self::I => "I",
            Self::R => "R",
            Self::NS => "NS",
            _ => "",
        }
    }

    /// Whether the result is printed in bold.
    #[must_use]
    pub fn is_abnormal(self) -> bool {
        matches!(
            self,
            Self::L
                | Self::H
                | Self::LL
                | Self::HH
                | Self::LU
                | Self::HU
                | Self::A
                | Self::AA
                | Self::I
                | Self::R
                | Self::NS
        )
    }
}

/// Reference range of a result, in the unit of the result.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReferenceRange {
    /// Lower bound.
    pub low: Option<Decimal>,
    /// Upper bound.
    pub high: Option<Decimal>,
    /// The upper bound itself is outside (`< 5` instead of `≤ 5`).
    #[serde(default)]
    pub high_excluded: bool,
    /// The lower bound itself is outside (`> 1` instead of `≥ 1`).
    #[serde(default)]
    pub low_excluded: bool,
    /// Text printed instead of the bounds, or after them when there are bounds (condition of age, sex, targets).
    pub text: Option<String>,
}

/// A comparable earlier result, in the same unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousResult {
    /// Value.
    pub value: ReportedValue,
    /// Time of that result.
    pub at: Moment,
    /// Interpretation then.
    pub interpretation: Option<Interpretation>,
}

/// The same measure in a second unit, with its own LOINC code (mass beside substance).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondExpression {
    /// Code of the second analysis.
    pub code: AnalysisCode,
    /// Sign when the value lies beyond a limit.
    pub comparator: Option<Comparator>,
    /// Number.
    pub value: Decimal,
    /// Unit.
    pub unit: Unit,
    /// Reference range in that unit.
    pub reference: Option<ReferenceRange>,
}

/// One result line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultItem {
    /// Code of the analysis.
    pub code: AnalysisCode,
    /// Label as printed.
    pub label: String,
    /// What came out.
    pub outcome: Outcome,
    /// Time of the result; required when there is a value.
    pub at: Option<Moment>,
    /// Interpretation.
    pub interpretation: Option<Interpretation>,
    /// Technique (JDV 1.2.250.1.213.1.1.5.789), when coded.
    pub technique: Option<Coded>,
    /// Method as printed (technique, analyser); the label of the technique when absent.
    pub method: Option<String>,
    /// Reference range.
    pub reference: Option<ReferenceRange>,
    /// Earlier results, the latest first.
    pub previous: Vec<PreviousResult>,
    /// The same measure in a second unit.
    pub second: Option<Box<SecondExpression>>,
    /// Comments on the result.
    pub comments: Vec<Comment>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_keeps_local_time_and_offset() {
        let summer = Moment::parse("2024-07-04T07:35:00+02:00").unwrap();
        assert_eq!(summer.hl7(), "20240704073500+0200");
        assert_eq!(summer.french(), "04/07/2024 07:35");
        assert_eq!(summer.to_string(), "2024-07-04T07:35:00+02:00");
        let reunion = Moment::parse("2024-01-04T23:05:09-03:30").unwrap();
        assert_eq!(reunion.hl7(), "20240104230509-0330");
        assert_eq!(
            serde_json::from_str::<Moment>(&serde_json::to_string(&reunion).unwrap()).unwrap(),
            reunion
        );
        assert_eq!(Moment::parse("2024-07-04T07:35:00Z").unwrap().offset_minutes(), 0);
    }

    #[test]
    fn a_moment_without_offset_is_refused() {
        for text in [
            "2024-07-04T07:35:00",
            "2024-07-04",
            "",
            "é+01:00",
            "2024-07-04T07:35:00+1:00",
            "2024-07-04T07:35:00+99:00",
        ] {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
    }
}
