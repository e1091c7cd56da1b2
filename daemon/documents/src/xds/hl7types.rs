//! HL7 v2 data types inside XDS metadata (DMP sheet section 6.4): CX, XCN, XON and PID fields as single strings.
//!
//! Writing escapes the HL7 delimiters inside values (`\S\` for `^` and so on); reading accepts what other
//! implementers write, such as a dated CX.7 in a patient identifier.

use serde::{Deserialize, Serialize};
use std::fmt;

use paillasse_shared::domain::report::{OID_PERSONS, OID_STRUCTURES};

/// Escapes the delimiters of HL7 v2 inside one component.
fn component(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\E\\"),
            '^' => out.push_str("\\S\\"),
            '&' => out.push_str("\\T\\"),
            '~' => out.push_str("\\R\\"),
            '|' => out.push_str("\\F\\"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Nature of a patient identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PatientIdKind {
    /// National identifier, the INS.
    #[serde(rename = "NH")]
    National,
    /// Identifier given by the laboratory (IPP).
    #[serde(rename = "PI")]
    Local,
}

impl PatientIdKind {
    /// Code of CX.5.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::National => "NH",
            Self::Local => "PI",
        }
    }
}

/// A patient identifier, `<id>^^^&<authority>&ISO^<kind>`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PatientId {
    /// Matricule INS with its key, or local number.
    pub id: String,
    /// OID of the naming authority.
    pub authority: String,
    /// Nature.
    pub kind: PatientIdKind,
}

/// Logs carry no identity: `Debug` shows the authority only.
impl fmt::Debug for PatientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PatientId(***^^^&{}&ISO^{})", self.authority, self.kind.code())
    }
}

impl PatientId {
    /// The CX form.
    #[must_use]
    pub fn cx(&self) -> String {
        format!("{}^^^&{}&ISO^{}", component(&self.id), component(&self.authority), self.kind.code())
    }

    /// Reads a CX form: identifier, authority OID, type `NH` or `PI` (absent or other types count as `PI`).
    /// Components after the fifth, such as the date some senders add, are ignored.
    #[must_use]
    pub fn parse(cx: &str) -> Option<Self> {
        let mut components = cx.trim().split('^');
        let id = components.next().filter(|i| !i.is_empty())?;
        let authority = components.nth(2)?.split('&').nth(1).filter(|a| !a.is_empty())?;
        let kind = match components.next() {
            Some("NH") => PatientIdKind::National,
            _ => PatientIdKind::Local,
        };
        Some(Self { id: id.to_owned(), authority: authority.to_owned(), kind })
    }
}

/// Whose directory knows a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonKind {
    /// National directory (RPPS, ADELI): `…^D^^^IDNPS`.
    National,
    /// Identifier internal to a structure: `…^D^^^EI`.
    Internal,
    /// A system: `…^U^^^RI`, with the OID that gives its identifier.
    System {
        /// Naming authority of the identifier.
        authority: String,
    },
}

/// `authorPerson` and `legalAuthenticator` (XCN).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Person {
    /// National identifier (PS_IdNat, `8` + RPPS), internal identifier, or identifier of the system.
    pub id: String,
    /// Family name; model of a system.
    pub family: String,
    /// Given name; name of a system.
    pub given: String,
    /// Whose identifier it is.
    pub kind: PersonKind,
}

impl Person {
    /// The XCN form.
    #[must_use]
    pub fn xcn(&self) -> String {
        let (authority, name_type, id_type) = match &self.kind {
            PersonKind::National => (OID_PERSONS, "D", "IDNPS"),
            PersonKind::Internal => (OID_PERSONS, "D", "EI"),
            PersonKind::System { authority } => (authority.as_str(), "U", "RI"),
        };
        format!(
            "{}^{}^{}^^^^^^&{}&ISO^{name_type}^^^{id_type}",
            component(&self.id),
            component(&self.family),
            component(&self.given),
            component(authority)
        )
    }
}

/// `authorInstitution` (XON).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Institution {
    /// Raison sociale.
    pub name: String,
    /// Struct_IdNat (`1` + FINESS, `3` + SIRET…).
    pub id: String,
}

impl Institution {
    /// The XON form.
    #[must_use]
    pub fn xon(&self) -> String {
        format!("{}^^^^^&{OID_STRUCTURES}&ISO^IDNST^^^{}", component(&self.name), component(&self.id))
    }
}

/// `authorSpecialty`, a code of JDV J01 with its label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Specialty {
    /// Code, such as `G15_10/SM03`.
    pub code: String,
    /// French label.
    pub label: String,
}

/// OID of the table of specialties used by `authorSpecialty`.
pub const OID_SPECIALTIES: &str = "1.2.250.1.213.1.1.4.5";

impl Specialty {
    /// `<code>^<label>^<OID>`.
    #[must_use]
    pub fn coded(&self) -> String {
        format!("{}^{}^{OID_SPECIALTIES}", component(&self.code), component(&self.label))
    }
}

/// `sourcePatientInfo`: traits as PID fields, one value per field.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SourcePatientInfo {
    /// Birth name and first given name.
    pub birth: (String, String),
    /// Used name and used given name, when they are known.
    pub used: Option<(String, String)>,
    /// `AAAAMMJJ`, as the strict traits have it.
    pub birth_date: String,
    /// `M`, `F` or `U`.
    pub sex: char,
}

/// Logs carry no traits.
impl fmt::Debug for SourcePatientInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SourcePatientInfo(***)")
    }
}

impl SourcePatientInfo {
    /// The slot values, PID-5 (birth, then used), PID-7, PID-8.
    #[must_use]
    pub fn values(&self) -> Vec<String> {
        let name = |(family, given): &(String, String), kind: char| {
            format!("PID-5|{}^{}^^^^^{kind}", component(family), component(given))
        };
        let mut values = vec![name(&self.birth, 'L')];
        values.extend(self.used.as_ref().map(|u| name(u, 'D')));
        values.push(format!("PID-7|{}", component(&self.birth_date)));
        values.push(format!("PID-8|{}", self.sex));
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patient_identifier_is_written_and_read_back_also_with_a_dated_cx7() {
        let ins = PatientId {
            id: "279035121518989".into(),
            authority: "1.2.250.1.213.1.4.10".into(),
            kind: PatientIdKind::National,
        };
        assert_eq!(ins.cx(), "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH");
        assert_eq!(PatientId::parse(&ins.cx()), Some(ins.clone()));
        assert_eq!(
            PatientId::parse("279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH^^20100907"),
            Some(ins.clone())
        );
        assert_eq!(PatientId::parse("1234^^^&1.2.3&ISO^PI").map(|p| p.kind), Some(PatientIdKind::Local));
        for broken in ["", "123", "123^^^", "123^^^&&ISO^NH", "^^^&1.2&ISO^NH"] {
            assert_eq!(PatientId::parse(broken), None, "{broken}");
        }
        assert!(!format!("{ins:?}").contains("2790"), "no matricule in a debug text");
    }

    #[test]
    fn delimiters_inside_names_are_escaped() {
        let institution = Institution { name: "LABM A&B ^ fils".into(), id: "1120459876".into() };
        assert_eq!(
            institution.xon(),
            "LABM A\\T\\B \\S\\ fils^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1120459876"
        );
    }

    #[test]
    fn persons_and_systems_have_their_own_forms() {
        let mut person = Person {
            id: "801234534765".into(),
            family: "CAMPARINI".into(),
            given: "Marcel".into(),
            kind: PersonKind::National,
        };
        assert_eq!(person.xcn(), "801234534765^CAMPARINI^Marcel^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS");
        person.kind = PersonKind::System { authority: "1.2.250.1.999".into() };
        assert_eq!(person.xcn(), "801234534765^CAMPARINI^Marcel^^^^^^&1.2.250.1.999&ISO^U^^^RI");
    }
}
