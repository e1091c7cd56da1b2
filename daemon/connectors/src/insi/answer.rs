//! Reading `RESULTAT` (fact sheet §B.7): by namespace and local name, any order, never against the schema (an official
//! simulated answer breaks it).

use super::InsiErrorKind;
use super::fault::InsiFault;
use crate::mime::MediaType;
use crate::soap::{self, Message, SoapError};
use paillasse_shared::domain::identity::matricule::key_of;
use paillasse_shared::domain::identity::traits::FormerMatricule;
use paillasse_shared::domain::identity::{BirthDate, CogCode, InsOid, Insi, Matricule, Sex, StrictName};
use paillasse_xml::Element;
use thiserror::Error;

const NS: &str = "http://www.cnamts.fr/INSiResultat";
/// More entries than anyone has; the rest stays in the raw answer.
const MAX_HISTORY: usize = 100;

/// What the service says of the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InsiReturn {
    /// Code 00: one identity, as returned.
    Found(Box<Insi>),
    /// Code 01.
    NotFound,
    /// Code 02: several, no list is given.
    Several,
}

/// An oddity of an accepted answer, to be shown and kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerWarning {
    /// The key is not the one computed from the matricule.
    WrongKey,
    /// The active matricule has no key; the computed one was taken.
    NoKey,
    /// The birth place is not five letters or digits; left out.
    UnusableBirthPlace,
    /// An entry of the history has no number; left out.
    UnusableHistory,
}

/// Why an answer cannot be accepted: nothing may be changed from it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// Not a `RESULTAT`.
    #[error("the answer is not a RESULTAT")]
    NotAResult,
    /// A required element is absent or empty.
    #[error("{0} is missing from the answer")]
    Missing(&'static str),
    /// A required element has no acceptable value (the value is not repeated).
    #[error("{0} of the answer is not acceptable")]
    Invalid(&'static str),
    /// The authority is not one accepted here: a test identity in production, or the reverse.
    #[error("OID {0} is not accepted in this environment")]
    ForeignOid(String),
    /// Neither 00, 01 nor 02.
    #[error("CodeCR {0} is unknown")]
    UnknownCode(String),
}

/// Reads an answer from bytes. `content_type` may be empty (a file).
///
/// # Errors
/// As a call would fail on them.
pub fn read_answer(
    http_status: u16,
    content_type: &str,
    bytes: &[u8],
    accepted: &[InsOid],
) -> Result<(InsiReturn, Vec<AnswerWarning>), InsiErrorKind> {
    read_message(soap::read_answer(http_status, &MediaType::parse(content_type), bytes.to_vec()), accepted)
}

pub(super) fn read_message(
    message: Result<Message, SoapError>,
    accepted: &[InsOid],
) -> Result<(InsiReturn, Vec<AnswerWarning>), InsiErrorKind> {
    let message = message.map_err(|error| match error {
        SoapError::Fault(fault) => InsiErrorKind::Fault(Box::new(InsiFault::read(&fault))),
        other => InsiErrorKind::Transport(other),
    })?;
    let result = message.body.filter(|body| body.is(NS, "RESULTAT")).ok_or(AnswerError::NotAResult)?;
    let code =
        result.child(NS, "CR").and_then(|cr| text(cr, "CodeCR")).ok_or(AnswerError::Missing("CodeCR"))?;
    let mut warnings = Vec::new();
    let found = match code.as_str() {
        "00" => InsiReturn::Found(Box::new(individual(&result, accepted, &mut warnings)?)),
        "01" => InsiReturn::NotFound,
        "02" => InsiReturn::Several,
        other => return Err(AnswerError::UnknownCode(other.chars().take(20).collect()).into()),
    };
    Ok((found, warnings))
}

fn individual(
    result: &Element,
    accepted: &[InsOid],
    warnings: &mut Vec<AnswerWarning>,
) -> Result<Insi, AnswerError> {
    let individual = result.child(NS, "INDIVIDU").ok_or(AnswerError::Missing("INDIVIDU"))?;
    let active = individual.child(NS, "INSACTIF").ok_or(AnswerError::Missing("INSACTIF"))?;
    let (matricule, key_is_right) = matricule(active, warnings)?;
    let oid = required(active, "OID")?;
    let oid = InsOid::parse(&oid)
        .filter(|oid| accepted.contains(oid))
        .ok_or_else(|| AnswerError::ForeignOid(oid.chars().take(40).collect()))?;
    let traits = individual.child(NS, "TIQ").ok_or(AnswerError::Missing("TIQ"))?;
    let name = |element: &'static str| -> Result<StrictName, AnswerError> {
        StrictName::verbatim(&required(traits, element)?).map_err(|_| AnswerError::Invalid(element))
    };
    let sex = match required(traits, "Sexe")?.as_str() {
        "M" => Sex::M,
        "F" => Sex::F,
        _ => return Err(AnswerError::Invalid("Sexe")),
    };
    let birth_place = text(traits, "LieuNaissance").and_then(|code| {
        let place = CogCode::parse(&code).ok();
        if place.is_none() {
            warnings.push(AnswerWarning::UnusableBirthPlace);
        }
        place
    });
    let mut history = Vec::new();
    for entry in individual.children_named(NS, "INSHISTO").take(MAX_HISTORY) {
        match former(entry) {
            Some(former) => history.push(former),
            None => warnings.push(AnswerWarning::UnusableHistory),
        }
    }
    Ok(Insi {
        matricule,
        key_is_right,
        oid,
        birth_name: name("NomNaissance")?,
        given_names: name("ListePrenom")?,
        first_name: text(traits, "Prenom").and_then(|first| StrictName::verbatim(&first).ok()),
        sex,
        birth_date: BirthDate::lunar(&required(traits, "DateNaissance")?)
            .map_err(|_| AnswerError::Invalid("DateNaissance"))?,
        birth_place,
        history,
    })
}

fn matricule(active: &Element, warnings: &mut Vec<AnswerWarning>) -> Result<(Matricule, bool), AnswerError> {
    let id = active.child(NS, "IdIndividu").ok_or(AnswerError::Missing("IdIndividu"))?;
    let number = required(id, "NumIdentifiant")?;
    if number.len() != 13 || !number.is_ascii() {
        return Err(AnswerError::Invalid("NumIdentifiant"));
    }
    let key = text(id, "Cle").unwrap_or_else(|| {
        warnings.push(AnswerWarning::NoKey);
        format!("{:02}", key_of(&number.to_ascii_uppercase()))
    });
    if key.len() != 2 || !key.bytes().all(|b| b.is_ascii_digit()) {
        return Err(AnswerError::Invalid("Cle"));
    }
    let (matricule, key_is_right) =
        Matricule::from_insi(&number, &key).map_err(|_| AnswerError::Invalid("NumIdentifiant"))?;
    if !key_is_right {
        warnings.push(AnswerWarning::WrongKey);
    }
    Ok((matricule, key_is_right))
}

fn former(entry: &Element) -> Option<FormerMatricule> {
    let id = entry.child(NS, "IdIndividu")?;
    Some(FormerMatricule {
        number: text(id, "NumIdentifiant")?,
        key: text(id, "Cle"),
        oid: text(entry, "OID").unwrap_or_default(),
        from: text(entry, "DateDeb"),
        to: text(entry, "DateFin"),
    })
}

/// Text of a child, blanks collapsed; `None` when absent or empty.
fn text(parent: &Element, name: &str) -> Option<String> {
    let text = parent.child(NS, name)?.text();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

fn required(parent: &Element, name: &'static str) -> Result<String, AnswerError> {
    text(parent, name).ok_or(AnswerError::Missing(name))
}
