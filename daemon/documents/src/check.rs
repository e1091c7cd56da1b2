//! Checks of a report before any document is written from it.
//!
//! The published rules of the CR-BIO are met by construction where that is possible; what depends on the data is
//! checked here, before the first byte, with the path of the faulty value. Rules: CI-SIS volet CR-BIO 2024.01 and
//! structuration minimale, plus the points no published rule tests (RPLC exactly above version 1, status and value,
//! units of the closed list, bounds in order).

use std::collections::BTreeSet;

use paillasse_shared::domain::identity::Sex;
use paillasse_shared::domain::report::{
    AnalysisCode, Battery, Block, Coded, Identifier, OID_LOINC, OID_TECHNIQUES, OID_WAITING_CODES,
    Organization, Outcome, Professional, ReferenceRange, Report, ReportStatus, ReportedValue, ResultItem,
    SubChapter, Telecom, Unit,
};

use crate::error::DocumentError;
use crate::tables;

type Checked = Result<(), DocumentError>;

/// Longest identifier of a document, in characters (DICOM and XDS limit of an OID).
pub(crate) const MAX_OID: usize = 64;
/// Code systems of the sample kinds (JDV 1.2.250.1.213.1.1.5.819).
const SPECIMEN_SYSTEMS: [&str; 2] = ["2.16.840.1.113883.18.311", "2.16.840.1.113883.5.129"];

/// Checks everything a document of this report would need.
pub(crate) fn report(r: &Report) -> Checked {
    document(r)?;
    patient(r)?;
    participants(r)?;
    specimens(r)?;
    if r.chapters.is_empty() {
        return Err(DocumentError::missing("chapitres"));
    }
    for (i, chapter) in r.chapters.iter().enumerate() {
        let path = format!("chapitre {} « {} »", i + 1, chapter.code.label);
        coded(&path, &chapter.code)?;
        if chapter.code.system != OID_LOINC && chapter.code.system != OID_WAITING_CODES {
            return Err(DocumentError::invalid(path, "le chapitre n'a ni code LOINC ni code d'attente"));
        }
        if chapter.sub_chapters.is_empty() {
            return Err(DocumentError::missing(format!("{path}, sous-chapitres")));
        }
        for sub in &chapter.sub_chapters {
            sub_chapter(r, &path, sub)?;
        }
    }
    Ok(())
}

/// Checks what a header alone needs: a document that wraps a file has no results.
pub(crate) fn header(r: &Report) -> Checked {
    document(r)?;
    patient(r)?;
    participants(r)?;
    if r.chapters.is_empty() {
        return Err(DocumentError::missing("chapitres"));
    }
    r.chapters.iter().try_for_each(|c| coded(&format!("chapitre « {} »", c.code.label), &c.code))
}

fn document(r: &Report) -> Checked {
    oid("identifiant du document", &r.id)?;
    oid("identifiant du jeu de versions", &r.set_id)?;
    identifier("numéro de dossier", &r.request)?;
    r.prescriptions.iter().try_for_each(|p| identifier("numéro de prescription", p))?;
    if let Some(stay) = &r.encounter.id {
        identifier("numéro de venue", stay)?;
    }
    match (&r.replaces, r.version) {
        (_, 0) => return Err(DocumentError::invalid("version", "la première version porte le numéro 1")),
        (None, 2..) => return Err(DocumentError::missing("identifiant de la version remplacée")),
        (Some(_), 1) => {
            return Err(DocumentError::invalid(
                "version remplacée",
                "la version 1 ne remplace aucun document",
            ));
        }
        (Some(replaced), _) => {
            oid("identifiant de la version remplacée", replaced)?;
            if *replaced == r.id {
                return Err(DocumentError::invalid(
                    "version remplacée",
                    "un document ne se remplace pas lui-même",
                ));
            }
        }
        (None, _) => {}
    }
    Ok(())
}

fn patient(r: &Report) -> Checked {
    let p = &r.patient;
    identifier("numéro local du patient", &p.local_id)?;
    telecoms("patient", &p.telecoms)?;
    if !p.traits.first_name_heads_list() {
        return Err(DocumentError::invalid(
            "prénoms du patient",
            "la liste ne commence pas par le premier prénom",
        ));
    }
    if p.ins.is_some() {
        if p.traits.sex == Sex::I {
            return Err(DocumentError::invalid("sexe du patient", "un INS exige un sexe connu"));
        }
        if p.traits.birth_place.is_none() {
            return Err(DocumentError::missing("lieu de naissance du patient (exigé avec un INS)"));
        }
    }
    Ok(())
}

fn participants(r: &Report) -> Checked {
    let lab = &r.laboratory;
    filled("nom du laboratoire", &lab.name)?;
    if lab.finess.len() != 9 || !lab.finess.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(DocumentError::invalid("FINESS du laboratoire", "un FINESS compte 9 caractères"));
    }
    filled("adresse du laboratoire", &lab.address.city)?;
    if lab.telecoms.is_empty() {
        return Err(DocumentError::missing("téléphone du laboratoire"));
    }
    telecoms("laboratoire", &lab.telecoms)?;
    practice_setting("secteur d'activité du laboratoire", &lab.practice_setting)?;
    tables::facility_type(&lab.facility_type).ok_or_else(|| DocumentError::UnknownCode {
        field: "type de structure du laboratoire".into(),
        code: lab.facility_type.clone(),
        list: "JDV J02",
    })?;
    accountable("directeur du laboratoire", &r.director)?;
    accountable("biologiste responsable", &r.responsible)?;
    for v in &r.validations {
        validator("biologiste validant", &v.biologist)?;
    }
    match &r.author {
        paillasse_shared::domain::report::Author::Person(p) => accountable("auteur", p)?,
        paillasse_shared::domain::report::Author::System { id, manufacturer, software } => {
            identifier("auteur", id)?;
            filled("auteur, fabricant", manufacturer)?;
            filled("auteur, logiciel", software)?;
        }
    }
    if let Some(p) = &r.prescriber {
        professional("prescripteur", &p.professional)?;
    }
    for (path, p) in [("préleveur", &r.sampler), ("médecin traitant", &r.attending_physician)] {
        if let Some(p) = p {
            professional(path, p)?;
        }
    }
    for recipient in &r.recipients {
        match (&recipient.person, &recipient.organization) {
            (None, None) => return Err(DocumentError::missing("destinataire")),
            (person, org) => {
                person.iter().try_for_each(|p| professional("destinataire", p))?;
                org.iter().try_for_each(|o| organization("destinataire", o))?;
            }
        }
    }
    Ok(())
}

fn specimens(r: &Report) -> Checked {
    let mut seen = BTreeSet::new();
    for s in &r.specimens {
        let path = format!("échantillon {}", s.id.extension);
        identifier(&path, &s.id)?;
        coded(&path, &s.kind)?;
        if !SPECIMEN_SYSTEMS.contains(&s.kind.system.as_str()) {
            return Err(DocumentError::invalid(
                path,
                "la nature du prélèvement n'est pas codée dans le jeu attendu",
            ));
        }
        if !seen.insert(&s.id.extension) {
            return Err(DocumentError::invalid(path, "numéro d'échantillon en double"));
        }
        for code in [&s.act, &s.site].into_iter().flatten() {
            coded(&path, code)?;
        }
    }
    Ok(())
}

fn sub_chapter(r: &Report, chapter: &str, sub: &SubChapter) -> Checked {
    let path = match &sub.title {
        Some(title) => format!("{chapter}, « {title} »"),
        None => chapter.to_owned(),
    };
    if let Some(code) = &sub.code {
        coded(&path, code)?;
        if code.system != OID_LOINC && code.system != OID_WAITING_CODES {
            return Err(DocumentError::invalid(path, "le sous-chapitre n'a ni code LOINC ni code d'attente"));
        }
    }
    for number in &sub.specimens {
        if !r.specimens.iter().any(|s| s.id.extension == *number) {
            return Err(DocumentError::invalid(
                path,
                format!("échantillon {number} inconnu du compte rendu"),
            ));
        }
    }
    if let Some(other) = &sub.subcontractor {
        accountable(&format!("{path}, sous-traitant"), &other.professional)?;
        organization(&format!("{path}, sous-traitant"), &other.organization)?;
        if other.organization.national_id.is_none() {
            return Err(DocumentError::missing(format!("{path}, identifiant du sous-traitant")));
        }
        let setting = other.organization.practice_setting.as_deref();
        let setting =
            setting.ok_or_else(|| DocumentError::missing(format!("{path}, secteur du sous-traitant")))?;
        practice_setting(&format!("{path}, sous-traitant"), setting)?;
    }
    if let Some(v) = &sub.validation {
        validator(&format!("{path}, biologiste validant"), &v.biologist)?;
    }
    if sub.blocks.is_empty() {
        return Err(DocumentError::missing(format!("{path}, résultats")));
    }
    for block in &sub.blocks {
        match block {
            Block::Result(item) => result(r, &path, item)?,
            Block::Battery(b) => battery(r, &path, b)?,
            Block::Isolate(i) => {
                isolate_id(&format!("{path}, isolat"), &i.id)?;
                coded(&format!("{path}, isolat"), &i.organism)?;
                if i.results.is_empty() && i.antibiograms.is_empty() {
                    return Err(DocumentError::missing(format!("{path}, résultats de l'isolat")));
                }
                i.results.iter().try_for_each(|item| result(r, &path, item))?;
                i.antibiograms.iter().try_for_each(|b| battery(r, &path, b))?;
            }
            Block::Image(image) => {
                let path = format!("{path}, image « {} »", image.title);
                filled(&path, &image.base64)?;
                if image.media_type != "image/png" && image.media_type != "image/jpeg" {
                    return Err(DocumentError::invalid(path, "une image est en PNG ou en JPEG"));
                }
            }
        }
    }
    Ok(())
}

fn battery(r: &Report, path: &str, b: &Battery) -> Checked {
    let path = format!("{path}, « {} »", b.title);
    filled(&path, &b.title)?;
    if let Some(code) = &b.code {
        analysis_code(&path, code)?;
    }
    if b.results.is_empty() {
        return Err(DocumentError::missing(format!("{path}, résultats")));
    }
    b.results.iter().try_for_each(|item| result(r, &path, item))
}

fn result(r: &Report, path: &str, item: &ResultItem) -> Checked {
    let path = format!("{path}, « {} »", item.label);
    filled(&path, &item.label)?;
    analysis_code(&path, &item.code)?;
    match &item.outcome {
        Outcome::Done(v) => {
            value(&path, v)?;
            if item.at.is_none() {
                return Err(DocumentError::missing(format!("{path}, date du résultat")));
            }
        }
        Outcome::Pending if r.status == ReportStatus::Final => {
            return Err(DocumentError::invalid(
                path,
                "un résultat en cours est impossible dans un compte rendu final",
            ));
        }
        Outcome::Pending | Outcome::NotDone(_) => {}
    }
    if item.reference.is_none() && !item.other_references.is_empty() {
        return Err(DocumentError::invalid(path, "d'autres intervalles de référence sans le premier"));
    }
    item.reference.iter().chain(&item.other_references).try_for_each(|range| reference(&path, range))?;
    if let Some(technique) = &item.technique {
        coded(&path, technique)?;
        if technique.system != OID_TECHNIQUES {
            return Err(DocumentError::invalid(path, "la technique n'est pas codée dans la table commune"));
        }
    }
    item.previous.iter().try_for_each(|p| value(&path, &p.value))?;
    if let Some(second) = &item.second {
        analysis_code(&path, &second.code)?;
        unit(&path, &second.unit)?;
        second.reference.iter().try_for_each(|range| reference(&path, range))?;
    }
    Ok(())
}

fn value(path: &str, v: &ReportedValue) -> Checked {
    match v {
        ReportedValue::Numeric { unit: u, .. } => u.iter().try_for_each(|u| unit(path, u)),
        ReportedValue::Interval { low, high, unit: u } => {
            if low.value() > high.value() {
                return Err(DocumentError::invalid(path, "la borne basse dépasse la borne haute"));
            }
            u.iter().try_for_each(|u| unit(path, u))
        }
        ReportedValue::Titre { .. } => Ok(()),
        ReportedValue::Coded { code, text } => {
            coded(path, code)?;
            filled(path, text)
        }
        ReportedValue::Text(text) => filled(path, text),
    }
}

fn unit(path: &str, u: &Unit) -> Checked {
    match tables::cda_unit(&u.ucum) {
        Some(_) => Ok(()),
        None => Err(DocumentError::UnknownUnit { field: path.to_owned(), unit: u.ucum.clone() }),
    }
}

fn reference(path: &str, range: &ReferenceRange) -> Checked {
    match (&range.low, &range.high) {
        (Some(low), Some(high)) if low.value() > high.value() => {
            Err(DocumentError::invalid(path, "la borne basse de référence dépasse la borne haute"))
        }
        (None, None) if range.text.as_deref().is_none_or(|t| t.trim().is_empty()) => {
            Err(DocumentError::missing(format!("{path}, bornes de référence")))
        }
        _ => Ok(()),
    }
}

fn analysis_code(path: &str, code: &AnalysisCode) -> Checked {
    match (&code.loinc, &code.local) {
        (None, None) => return Err(DocumentError::missing(format!("{path}, code de l'analyse"))),
        (Some(loinc), _) if loinc.system != OID_LOINC => {
            return Err(DocumentError::invalid(path, "le code principal n'est pas un code LOINC"));
        }
        (_, Some(local)) if local.system == OID_LOINC => {
            return Err(DocumentError::invalid(path, "le code local est un code LOINC"));
        }
        _ => {}
    }
    [&code.loinc, &code.local].into_iter().flatten().try_for_each(|c| coded(path, c))
}

/// A professional the document holds to account: identifier and profession required.
fn accountable(path: &str, p: &Professional) -> Checked {
    if p.national_id.is_none() {
        return Err(DocumentError::missing(format!("{path}, identifiant national")));
    }
    if p.profession.is_none() {
        return Err(DocumentError::missing(format!("{path}, profession")));
    }
    professional(path, p)
}

/// Who validated: an identifier is required, the profession is not (entries have no place for it).
fn validator(path: &str, p: &Professional) -> Checked {
    if p.national_id.is_none() {
        return Err(DocumentError::missing(format!("{path}, identifiant national")));
    }
    professional(path, p)
}

fn professional(path: &str, p: &Professional) -> Checked {
    filled(&format!("{path}, nom"), &p.family)?;
    if let Some(id) = &p.national_id {
        let digits = |n: usize| id.len() == n && id.bytes().all(|b| b.is_ascii_digit());
        let plausible = match id.as_bytes().first() {
            Some(b'8') => digits(12),
            Some(b'0') => id.len() == 10 && id.bytes().all(|b| b.is_ascii_alphanumeric()),
            Some(b'3' | b'5') => id.len() > 1,
            _ => false,
        };
        if !plausible {
            return Err(DocumentError::invalid(
                format!("{path}, identifiant national"),
                "attendu : 8 suivi du numéro RPPS (11 chiffres), ou 0 suivi du numéro ADELI (9)",
            ));
        }
    }
    if let Some(code) = &p.profession {
        tables::profession(code).ok_or_else(|| DocumentError::UnknownCode {
            field: format!("{path}, profession"),
            code: code.clone(),
            list: "JDV J01",
        })?;
    }
    telecoms(path, &p.telecoms)?;
    p.organization.iter().try_for_each(|o| organization(path, o))
}

fn organization(path: &str, o: &Organization) -> Checked {
    filled(&format!("{path}, structure"), &o.name)?;
    if let Some(setting) = &o.practice_setting {
        practice_setting(&format!("{path}, structure"), setting)?;
    }
    telecoms(path, &o.telecoms)
}

fn practice_setting(path: &str, code: &str) -> Checked {
    match tables::practice_setting(code) {
        Some(_) => Ok(()),
        None => {
            Err(DocumentError::UnknownCode { field: path.to_owned(), code: code.to_owned(), list: "JDV J04" })
        }
    }
}

fn telecoms(path: &str, telecoms: &[Telecom]) -> Checked {
    telecoms.iter().try_for_each(|t| filled(&format!("{path}, téléphone ou adresse électronique"), &t.value))
}

fn coded(path: &str, c: &Coded) -> Checked {
    filled(&format!("{path}, code"), &c.code)?;
    filled(&format!("{path}, libellé du code"), &c.label)?;
    oid(&format!("{path}, système de codage"), &c.system)
}

/// The number of an isolate may also be an upper-case UUID alone, as other laboratories write it.
fn isolate_id(path: &str, id: &Identifier) -> Checked {
    let uuid = id.root.len() == 36
        && id.root.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_digit() || (b'A'..=b'F').contains(&b),
        });
    if uuid && id.extension.is_empty() { Ok(()) } else { identifier(path, id) }
}

fn identifier(path: &str, id: &Identifier) -> Checked {
    oid(path, &id.root)?;
    filled(path, &id.extension)
}

/// A plain OID: digits and dots, no empty or zero-led arc, first arc 0 to 2, at most [`MAX_OID`] characters.
fn oid(path: &str, text: &str) -> Checked {
    let arcs_fine = text.split('.').all(|arc| {
        !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()) && (arc == "0" || !arc.starts_with('0'))
    });
    if text.len() <= MAX_OID && text.contains('.') && arcs_fine && text.starts_with(['0', '1', '2']) {
        Ok(())
    } else {
        Err(DocumentError::invalid(
            path,
            format!("« {} » n'est pas un OID", text.chars().take(70).collect::<String>()),
        ))
    }
}

fn filled(path: &str, text: &str) -> Checked {
    if text.trim().is_empty() { Err(DocumentError::missing(path)) } else { Ok(()) }
}
