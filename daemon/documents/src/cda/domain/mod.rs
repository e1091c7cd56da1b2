//! A read CDA as the domain has it: a [`Report`], or its results alone (subcontracting).
//!
//! Invariants:
//! * nothing is invented: what the domain cannot hold is a [`Gap`] with its place, never dropped in silence;
//! * values keep their characters; a unit read is its own printed form, since entries carry UCUM only.
//!
//! Deliberately not here: whose results they are (the caller compares the identity), and any merge.

mod people;
mod results;

use paillasse_shared::domain::identity::{
    BirthDate, CogCode, InsOid, Matricule, Sex, StrictName, StrictTraits, UsedNames,
};
use paillasse_shared::domain::report::{
    AttachedPdf, Author, Confidentiality, DisplayOptions, Encounter, EncounterKind, Identifier, Laboratory,
    Patient, Prescriber, QualifiedIns, Recipient, Report, ReportStatus, Validation,
};

pub use people::{moment, professional, subcontractor};
pub use results::{Results, results};

use super::reading::model::{Document, Header, INS_ARC, Id};

/// Something the domain has no place for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Where in the document.
    pub place: String,
    /// What, in French.
    pub what: String,
}

impl Gap {
    pub(super) fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

/// A report taken from a document, and what did not fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// The report.
    pub report: Report,
    /// What it lacks.
    pub gaps: Vec<Gap>,
}

/// Takes a whole report. `None` with the reasons when something it cannot do without is absent.
///
/// # Errors
/// The gaps, the last of which is the value without which there is no report.
pub fn report(d: &Document) -> Result<Taken, Vec<Gap>> {
    let mut gaps = Vec::new();
    let found = results(d);
    match build(d, &mut gaps, &found) {
        Some(report) => {
            gaps.extend(found.gaps);
            Ok(Taken { report, gaps })
        }
        None => Err(gaps),
    }
}

fn need<T>(value: Option<T>, gaps: &mut Vec<Gap>, what: &str) -> Option<T> {
    if value.is_none() {
        gaps.push(Gap::new("en-tête", format!("{what} : absent")));
    }
    value
}

fn build(d: &Document, gaps: &mut Vec<Gap>, found: &Results) -> Option<Report> {
    let h = &d.header;
    let act = need(h.acts.first(), gaps, "acte principal")?;
    let performer = need(act.performers.first(), gaps, "directeur du laboratoire")?;
    let laboratory = laboratory(h, gaps)?;
    let signer = need(h.of_role("legalAuthenticator").next(), gaps, "biologiste responsable")?;
    let own = |p| {
        professional(p).map(|mut p| {
            // The laboratory's own people: their structure is the laboratory.
            p.organization = None;
            p
        })
    };
    let time = |t: Option<&String>| t.and_then(|t| moment(t));
    let created = h.created.as_ref().and_then(|t| t.value.as_ref());
    let of = |code: &str| {
        let code = code.to_owned();
        h.parties.iter().filter(move |p| p.role == "participant" && p.type_code.as_deref() == Some(&code))
    };
    let prescriber = of("REF").next().and_then(|p| {
        let at = p.time.as_ref().and_then(|t| t.end()).and_then(moment);
        Some(Prescriber { professional: professional(p)?, prescribed_at: at })
    });
    for (code, who) in [("REF", "prescripteur"), ("PRF", "préleveur"), ("INF", "médecin traitant")] {
        if of(code).count() > 1 {
            gaps.push(Gap::new("en-tête", format!("plus d'un {who}")));
        }
    }
    for (role, what) in [("informant", "informateur"), ("dataEnterer", "personne qui a saisi")] {
        if h.of_role(role).next().is_some() {
            gaps.push(Gap::new("en-tête", what));
        }
    }
    if !h.patient.guardians.is_empty() {
        gaps.push(Gap::new("en-tête", "représentant du patient"));
    }
    if !h.consents.is_empty() {
        gaps.push(Gap::new("en-tête", "consentement"));
    }
    for act in h.acts.iter().skip(1) {
        let code = act.code.as_ref().and_then(|c| c.code.as_deref()).unwrap_or_default();
        // 1443252: second intention, written from the joined document.
        if code != "1443252" && !found.chapters.iter().any(|c| c.code.code == code) {
            gaps.push(Gap::new("en-tête", format!("acte {code} sans chapitre")));
        }
    }
    let author = need(h.of_role("author").next(), gaps, "auteur")?;
    let author = match (&author.device, author.ids.first()) {
        (Some((Some(manufacturer), Some(software))), Some(id)) => Author::System {
            id: identifier(id),
            manufacturer: manufacturer.clone(),
            software: software.clone(),
        },
        _ => Author::Person(Box::new(need(own(author), gaps, "auteur")?)),
    };
    let replaces = h.replaces().map(|id| id.root.clone());
    Some(Report {
        id: plain_oid(h.id.as_ref(), gaps, "identifiant du document")?,
        set_id: plain_oid(h.set_id.as_ref(), gaps, "série de versions")?,
        version: need(h.version.as_deref().and_then(|v| v.parse().ok()), gaps, "version")?,
        replaces,
        created_at: need(time(created), gaps, "date du document")?,
        service_start: need(time(act.time.as_ref().and_then(|t| t.low.as_ref())), gaps, "réception")?,
        service_end: need(time(act.time.as_ref().and_then(|t| t.high.as_ref())), gaps, "fin de l'acte")?,
        status: if act.status.as_deref() == Some("active") {
            ReportStatus::Partial
        } else {
            ReportStatus::Final
        },
        confidentiality: match h.confidentiality.as_ref().and_then(|c| c.code.as_deref()) {
            Some("R") => Confidentiality::Restricted,
            Some("V") => Confidentiality::VeryRestricted,
            _ => Confidentiality::Normal,
        },
        training: false,
        automatic_validation: found.automatic_validation.clone(),
        patient: patient(h, gaps)?,
        director: need(own(performer), gaps, "directeur du laboratoire")?,
        responsible: need(own(signer), gaps, "biologiste responsable")?,
        signed_at: need(
            signer.time.as_ref().and_then(|t| t.end()).and_then(moment),
            gaps,
            "date de signature",
        )?,
        validations: h
            .of_role("authenticator")
            .filter_map(|p| {
                let at = p.time.as_ref().and_then(|t| t.end()).and_then(moment)?;
                Some(Validation { biologist: own(p)?, at })
            })
            .collect(),
        prescriber,
        sampler: of("PRF").next().and_then(professional),
        attending_physician: of("INF").next().and_then(professional),
        recipients: h.of_role("informationRecipient").map(recipient).collect(),
        request: identifier(need(act.ids.first(), gaps, "numéro de dossier")?),
        prescriptions: h.orders.iter().map(identifier).collect(),
        encounter: encounter(h),
        laboratory,
        author,
        specimens: found.specimens.clone(),
        chapters: found.chapters.clone(),
        comments: found.comments.clone(),
        notice: found.notice.clone(),
        second_intention: second_intention(d),
        display: DisplayOptions::default(),
    })
}

pub(super) fn identifier(id: &Id) -> Identifier {
    Identifier { root: id.root.clone(), extension: id.extension.clone().unwrap_or_default() }
}

/// The domain names a document by an OID alone.
fn plain_oid(id: Option<&Id>, gaps: &mut Vec<Gap>, what: &str) -> Option<String> {
    let id = need(id, gaps, what)?;
    if let Some(extension) = &id.extension {
        gaps.push(Gap::new("en-tête", format!("{what} : extension « {extension} »")));
    }
    Some(id.root.clone())
}

fn laboratory(h: &Header, gaps: &mut Vec<Gap>) -> Option<Laboratory> {
    let keeper = need(h.custodian.as_ref(), gaps, "conservateur")?;
    let performer = h.acts.first().and_then(|a| a.performers.first()).and_then(|p| p.organization.as_ref());
    let full = performer.unwrap_or(keeper);
    let responsible = h.encounter.iter().flat_map(|e| &e.parties).filter_map(|p| p.organization.as_ref());
    let cofrac = responsible.flat_map(|o| &o.ids).find(|i| i.root == "1.2.250.1.213.6.3.1");
    let number = keeper.ids.first().and_then(|i| i.extension.as_deref());
    let finess = need(number.and_then(|n| n.strip_prefix('1')), gaps, "FINESS du laboratoire")?;
    let facility = h.encounter.as_ref().and_then(|e| e.facility.as_ref()).and_then(|c| c.code.clone());
    let address = full.addresses.first().or(keeper.addresses.first());
    Some(Laboratory {
        name: keeper.name.clone().or(full.name.clone())?,
        finess: finess.to_owned(),
        address: address.map(|a| people::address(a))?,
        telecoms: people::telecoms(&full.telecoms),
        cofrac: cofrac.and_then(|i| i.extension.clone()),
        practice_setting: full.setting.as_ref().and_then(|s| s.code.clone())?,
        facility_type: facility.unwrap_or_else(|| "SA25".to_owned()),
    })
}

/// The strict traits of the header; a name that is not in the alphabet of the civil status is no strict trait.
#[must_use]
pub fn traits(h: &Header) -> Option<StrictTraits> {
    let n = &h.patient.name;
    let strict = |text: Option<&str>| text.and_then(|t| StrictName::parse(t).ok());
    let first = strict(n.given_of(Some("BR")).or(n.given_of(None)))?;
    let date = h.patient.born.as_deref()?;
    let date =
        format!("{}-{}-{}", date.get(..4)?, date.get(4..6).unwrap_or("00"), date.get(6..8).unwrap_or("00"));
    Some(StrictTraits {
        birth_name: strict(n.family_of(Some("BR")).or(n.family_of(None)))?,
        first_name: first,
        given_names: strict(n.given_of(None)),
        sex: match h.patient.gender.as_ref().and_then(|g| g.code.as_deref()) {
            Some("F") => Sex::F,
            Some("M") => Sex::M,
            _ => Sex::I,
        },
        birth_date: BirthDate::lunar(&date).ok()?,
        birth_place: h.patient.birth_place_code.as_deref().and_then(|c| CogCode::parse(c).ok()),
    })
}

/// The INS of the header: matricule and authority, when both are well formed. A wrong key is no INS.
#[must_use]
pub fn ins(h: &Header) -> Option<QualifiedIns> {
    let id = h.patient.ins()?;
    Some(QualifiedIns {
        matricule: Matricule::parse(id.extension.as_deref()?).ok()?,
        oid: InsOid::parse(&id.root)?,
    })
}

fn patient(h: &Header, gaps: &mut Vec<Gap>) -> Option<Patient> {
    let p = &h.patient;
    let strict = |text: Option<&str>| text.and_then(|t| StrictName::parse(t).ok());
    let used = |list: fn(&super::reading::model::Name, Option<&str>) -> Option<String>| {
        list(&p.name, Some("CL")).or(list(&p.name, Some("SP")))
    };
    let ins = ins(h);
    if p.ins().is_some() && ins.is_none() {
        gaps.push(Gap::new("patient", "matricule INS mal formé ou clé fausse"));
    }
    let local: Vec<&Id> = p.ids.iter().filter(|i| !i.root.starts_with(INS_ARC)).collect();
    if local.len() > 1 {
        gaps.push(Gap::new("patient", "plus d'un numéro local"));
    }
    Some(Patient {
        traits: need(traits(h), gaps, "traits du patient")?,
        used: UsedNames {
            name: strict(used(|n, q| n.family_of(q).map(str::to_owned)).as_deref()),
            first_name: strict(used(|n, q| n.given_of(q).map(str::to_owned)).as_deref()),
        },
        birth_place_label: p.birth_place.clone(),
        ins,
        local_id: identifier(need(local.first().copied(), gaps, "numéro du patient")?),
        address: p.addresses.first().map(|a| people::address(a)),
        telecoms: people::telecoms(&p.telecoms),
    })
}

fn recipient(p: &super::reading::model::Party) -> Recipient {
    let organization = p.organization.as_ref().map(people::organization);
    let person = professional(p).map(|mut person| {
        person.organization = None;
        person
    });
    Recipient { person, organization }
}

fn encounter(h: &Header) -> Encounter {
    let Some(e) = &h.encounter else { return Encounter::default() };
    let time = |t: Option<&String>| t.and_then(|t| moment(t));
    Encounter {
        id: e.ids.first().map(identifier),
        kind: match e.code.as_ref().and_then(|c| c.code.as_deref()) {
            Some("AMB") => Some(EncounterKind::Ambulatory),
            Some("IMP") => Some(EncounterKind::Inpatient),
            Some("EMER") => Some(EncounterKind::Emergency),
            Some("HH") => Some(EncounterKind::Home),
            Some("EXTERNE") => Some(EncounterKind::Outpatient),
            _ => None,
        },
        start: time(e.time.as_ref().and_then(|t| t.low.as_ref())),
        end: time(e.time.as_ref().and_then(|t| t.high.as_ref())),
    }
}

/// Code of the section that carries the PDF of a referral laboratory.
const SECOND_INTENTION: &str = "101792-0";
/// Code of the statement that names a joined document.
const DOCUMENT_TYPE: &str = "69764-9";

fn second_intention(d: &Document) -> Option<AttachedPdf> {
    use base64::Engine as _;
    let section = d
        .sections
        .iter()
        .find(|s| s.code.as_ref().and_then(|c| c.code.as_deref()) == Some(SECOND_INTENTION))?;
    let mut parts: Vec<_> = section.entries.iter().collect();
    let (mut title, mut found) = (None, None);
    while let Some(s) = parts.pop() {
        if s.code.as_ref().and_then(|c| c.code.as_deref()) == Some(DOCUMENT_TYPE) {
            title = s.text.clone();
        }
        if let Some(file) = s.attachment.as_ref().and_then(|id| d.attachments.iter().find(|a| a.id == *id)) {
            found = Some(base64::engine::general_purpose::STANDARD.encode(&file.bytes));
        }
        parts.extend(&s.parts);
    }
    let title = title.or_else(|| section.title.clone()).unwrap_or_else(|| "Document joint".to_owned());
    found.map(|base64| AttachedPdf { title, base64 })
}
