//! The people and structures of a report: patient, laboratory, professionals, recipients.

use serde::{Deserialize, Serialize};

use super::{Identifier, Moment};
use crate::domain::identity::{InsOid, Matricule, StrictTraits, UsedNames};

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
