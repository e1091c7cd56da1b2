//! Metadata of a CR-BIO from its report: every value is that of the CDA header (CI-SIS annex « Lien entre
//! l'en-tête CDA et les métadonnées XDS », DMP sheet section 6.2), times in UTC.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use paillasse_shared::domain::identity::Sex;
use paillasse_shared::domain::report::{self as domain, Moment, Professional, Report};

use super::hl7types::{
    Institution, PatientId, PatientIdKind, Person, PersonKind, SourcePatientInfo, Specialty,
};
use super::model::{Author, Code, DocumentEntry, SubmissionSet, Visibility};
use crate::error::DocumentError;
use crate::{DOCUMENT_TITLE, tables};

/// What a sending adds to the report.
#[derive(Debug, Clone, Copy)]
pub struct EntryContext<'a> {
    /// Symbolic identifier, `Document01` for the first.
    pub symbol: &'a str,
    /// File name in the archive: `Some` for a mail, `None` for the DMP.
    pub uri: Option<&'a str>,
    /// Visibility decided for this sending.
    pub visibility: Visibility,
    /// Exact bytes of the CDA.
    pub cda: &'a [u8],
}

/// What the laboratory's configuration and the order bring to a submission set.
#[derive(Debug, Clone)]
pub struct SetContext {
    /// Time of the submission.
    pub submission_time: Timestamp,
    /// OID of this installation.
    pub source_id: String,
    /// OID of this lot.
    pub unique_id: String,
    /// Activity, normally [`Code::content_type_biology`].
    pub content_type: Code,
}

/// The entry of a report's CDA.
///
/// # Errors
/// [`DocumentError`] naming the value of the report that metadata cannot do without.
pub fn entry_from_report(
    report: &Report,
    context: &EntryContext<'_>,
) -> Result<DocumentEntry, DocumentError> {
    let laboratory = &report.laboratory;
    let facility =
        concept("secteur d'activité", &laboratory.facility_type, tables::facility_type, "JDV_J02")?;
    let practice =
        concept("cadre d'exercice", &laboratory.practice_setting, tables::practice_setting, "JDV_J04")?;
    let patient_id = patient_id(report);
    let local = &report.patient.local_id;
    let mut entry = DocumentEntry {
        symbol: context.symbol.to_owned(),
        mime_type: "text/xml".to_owned(),
        creation_time: utc(report.created_at),
        language: "fr-FR".to_owned(),
        service_start: utc(report.service_start),
        service_stop: utc(report.service_end),
        legal_authenticator: person(&report.responsible, "biologiste responsable")?,
        source_patient_id: PatientId {
            id: local.extension.clone(),
            authority: local.root.clone(),
            kind: PatientIdKind::Local,
        },
        source_patient_info: Some(patient_info(report)),
        hash: String::new(),
        size: 0,
        uri: context.uri.map(str::to_owned),
        reference_ids: Vec::new(),
        title: DOCUMENT_TITLE.to_owned(),
        comments: None,
        authors: vec![author(report)?],
        class_code: Code::class_report(),
        type_code: Code::type_biology(),
        // Always `N` and the choices of this sending (section 6.3): the CDA's own code is not repeated.
        confidentiality: context.visibility.codes(),
        event_codes: event_codes(report),
        format_code: Code::format_biology(),
        facility_type: facility,
        practice_setting: practice,
        patient_id,
        unique_id: report.id.clone(),
    };
    entry.seal(context.cda);
    Ok(entry)
}

/// The submission set of one document, sent by its author.
///
/// # Errors
/// [`DocumentError`] when the entry has no author.
pub fn set_for_entry(entry: &DocumentEntry, context: SetContext) -> Result<SubmissionSet, DocumentError> {
    Ok(SubmissionSet {
        submission_time: context.submission_time,
        title: Some(entry.title.clone()),
        comments: None,
        author: entry.authors.first().cloned().ok_or_else(|| DocumentError::missing("auteur du lot"))?,
        content_type: context.content_type,
        patient_id: entry.patient_id.clone(),
        source_id: context.source_id,
        unique_id: context.unique_id,
    })
}

/// The patient's INS when the report has one, else the local number.
#[must_use]
pub fn patient_id(report: &Report) -> PatientId {
    let patient = &report.patient;
    match &patient.ins {
        Some(ins) => PatientId {
            id: ins.matricule.compact(),
            authority: ins.oid.as_str().to_owned(),
            kind: PatientIdKind::National,
        },
        None => PatientId {
            id: patient.local_id.extension.clone(),
            authority: patient.local_id.root.clone(),
            kind: PatientIdKind::Local,
        },
    }
}

fn utc(moment: Moment) -> Timestamp {
    let offset = Offset::from_seconds(i32::from(moment.offset_minutes()) * 60).unwrap_or(Offset::UTC);
    // A fixed offset has neither gaps nor overlaps; only the ends of the calendar can fail.
    moment.local().to_zoned(TimeZone::fixed(offset)).map_or(Timestamp::UNIX_EPOCH, |z| z.timestamp())
}

fn concept(
    field: &str,
    code: &str,
    table: fn(&str) -> Option<tables::Concept>,
    list: &'static str,
) -> Result<Code, DocumentError> {
    table(code).map(|c| Code::new(code, c.system, c.label)).ok_or_else(|| DocumentError::UnknownCode {
        field: field.to_owned(),
        code: code.to_owned(),
        list,
    })
}

fn person(professional: &Professional, field: &str) -> Result<Person, DocumentError> {
    let id = professional
        .national_id
        .clone()
        .ok_or_else(|| DocumentError::missing(format!("{field} : identifiant")))?;
    // National identifiers begin with 8 (RPPS) or 0 (ADELI); 3 and 5 are internal to a structure.
    let kind = if id.starts_with(['8', '0']) { PersonKind::National } else { PersonKind::Internal };
    Ok(Person {
        id,
        family: professional.family.clone(),
        given: professional.given.clone().unwrap_or_default(),
        kind,
    })
}

fn author(report: &Report) -> Result<Author, DocumentError> {
    let laboratory = &report.laboratory;
    let institution = Institution { name: laboratory.name.clone(), id: format!("1{}", laboratory.finess) };
    match &report.author {
        domain::Author::Person(professional) => {
            let specialty = match &professional.profession {
                Some(code) => {
                    concept("profession de l'auteur", code, tables::profession, "JDV_J01").map(Some)?
                }
                None => None,
            };
            Ok(Author {
                institution: Some(institution),
                person: Some(person(professional, "auteur")?),
                role: None,
                specialty: specialty.map(|c| Specialty { code: c.code, label: c.label }),
            })
        }
        domain::Author::System { id, manufacturer, software } => Ok(Author {
            institution: Some(institution),
            person: Some(Person {
                id: id.extension.clone(),
                family: manufacturer.clone(),
                given: software.clone(),
                kind: PersonKind::System { authority: id.root.clone() },
            }),
            role: None,
            specialty: None,
        }),
    }
}

fn patient_info(report: &Report) -> SourcePatientInfo {
    let patient = &report.patient;
    let traits = &patient.traits;
    let birth = (traits.birth_name.as_str().to_owned(), traits.first_name.as_str().to_owned());
    let used = (patient.used.name.is_some() || patient.used.first_name.is_some()).then(|| {
        let or = |used: &Option<_>, birth: &String| {
            used.as_ref().map_or_else(
                || birth.clone(),
                |n: &paillasse_shared::domain::identity::StrictName| n.as_str().to_owned(),
            )
        };
        (or(&patient.used.name, &birth.0), or(&patient.used.first_name, &birth.1))
    });
    SourcePatientInfo {
        birth,
        used,
        birth_date: traits.birth_date.compact(),
        sex: match traits.sex {
            Sex::M => 'M',
            Sex::F => 'F',
            Sex::I => 'U',
        },
    }
}

/// One code for each act of the CDA header, each once.
fn event_codes(report: &Report) -> Vec<Code> {
    let mut codes: Vec<Code> = Vec::new();
    for chapter in &report.chapters {
        let code = Code::new(&chapter.code.code, &chapter.code.system, &chapter.code.label);
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    if report.second_intention.is_some() {
        codes.push(Code::new(
            "1443252",
            domain::OID_WAITING_CODES,
            "Résultats des examens de biologie de seconde intention",
        ));
    }
    codes
}
