//! What a received report brings to ours: conflicts, identity, merge. Pure: everything comes in as parameters.
//!
//! Invariants: nothing is merged that a person did not see when it conflicts; nothing is dropped that is not listed;
//! each merged sub-chapter names the laboratory that did the work (SUB-03).

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use paillasse_documents::cda::domain::{self, Results};
use paillasse_documents::cda::reading::Document;
use paillasse_documents::cda::unit_is_accepted;
use paillasse_shared::domain::identity::normalise::fold;
use paillasse_shared::domain::identity::{Sex, traits::heads};
use paillasse_shared::domain::report::{
    AttachedPdf, Block, Outcome, Report, ReportedValue, ResultItem, SubChapter, Subcontractor,
};
use paillasse_shared::protocol::received::{Conflict, ConflictKind};

use crate::catalogue::Catalogue;
use crate::store::dossiers::StoredResult;
use crate::store::patients::Patient;
pub use crate::store::received::Part;

/// Begins the comment of an analysis that another laboratory answers.
pub const SUBCONTRACTED: &str = "Examen sous-traité";

/// Why the identity of a document is not that of a patient; nothing when it is.
#[must_use]
pub fn other_identity(d: &Document, p: &Patient) -> Option<String> {
    let said = &d.header.patient;
    let Some(traits) = domain::traits(&d.header) else {
        return Some("le document ne porte pas une identité complète".to_owned());
    };
    match (said.ins(), domain::ins(&d.header), &p.ins) {
        (Some(_), None, _) => {
            return Some("le matricule INS du document est mal formé ou sa clé est fausse".to_owned());
        }
        (_, Some(theirs), Some(ours)) if theirs.matricule != ours.matricule || theirs.oid != ours.oid => {
            return Some("le document porte un autre matricule INS que le dossier".to_owned());
        }
        _ => {}
    }
    let same = |a: &str, b: &str| fold(a) == fold(b);
    let ours = &p.traits;
    let mut other = Vec::new();
    if !same(traits.birth_name.as_str(), ours.birth_name.as_str()) {
        other.push("un autre nom de naissance");
    }
    let (a, b) = (traits.first_name.as_str(), ours.first_name.as_str());
    if !heads(a, b) && !heads(b, a) {
        other.push("un autre premier prénom");
    }
    if traits.birth_date.iso() != ours.birth_date.iso() {
        other.push("une autre date de naissance");
    }
    if traits.sex != Sex::I && ours.sex != Sex::I && traits.sex != ours.sex {
        other.push("un autre sexe");
    }
    (!other.is_empty()).then(|| format!("le document porte {} que le dossier", other.join(", ")))
}

/// The code by which an analysis is recognised.
fn key(item: &ResultItem) -> &str {
    item.code.loinc.as_ref().or(item.code.local.as_ref()).map_or("", |c| c.code.as_str())
}

/// Visits every result with its place: chapter, sub-chapter, block, result.
fn each<'a>(results: &'a Results, mut visit: impl FnMut(String, &'a str, &'a ResultItem)) {
    for (c, chapter) in results.chapters.iter().enumerate() {
        let place = chapter.title.as_deref().unwrap_or(&chapter.code.label);
        for (s, sub) in chapter.sub_chapters.iter().enumerate() {
            let place = sub.title.as_deref().unwrap_or(place);
            for (b, block) in sub.blocks.iter().enumerate() {
                for (r, item) in items(block).into_iter().enumerate() {
                    visit(format!("{}.{}.{}.{}", c + 1, s + 1, b + 1, r + 1), place, item);
                }
            }
        }
    }
}

fn items(block: &Block) -> Vec<&ResultItem> {
    match block {
        Block::Result(item) => vec![item],
        Block::Battery(b) => b.results.iter().collect(),
        Block::Isolate(i) => i.results.iter().chain(i.antibiograms.iter().flat_map(|b| &b.results)).collect(),
        Block::Image(_) => vec![],
    }
}

/// How many results a document brings.
#[must_use]
pub fn count(results: &Results) -> usize {
    let mut n = 0;
    each(results, |_, _, _| n += 1);
    n
}

/// The LOINC codes of a document.
#[must_use]
pub fn codes(results: &Results) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    each(results, |_, _, item| {
        out.insert(key(item).to_owned());
    });
    out
}

/// What is to be decided before a merge, in the order of the document.
#[must_use]
pub fn conflicts(results: &Results, catalogue: &Catalogue, own: &[StoredResult]) -> Vec<Conflict> {
    let mut out = Vec::new();
    each(results, |item, place, result| {
        let place = format!("{place}, {}", result.label);
        let mut told = |kind, what: String, can_keep| {
            out.push(Conflict {
                item: item.clone(),
                place: place.clone(),
                kind,
                what,
                can_keep,
                can_skip: true,
                kept: None,
            });
        };
        let Outcome::Done(value) = &result.outcome else {
            if result.outcome == Outcome::Pending {
                told(ConflictKind::Pending, "résultat attendu par le laboratoire exécutant".into(), false);
            }
            return;
        };
        let unit = match value {
            ReportedValue::Numeric { unit, .. } | ReportedValue::Interval { unit, .. } => unit.as_ref(),
            _ => None,
        };
        if let Some(u) = unit.filter(|u| !unit_is_accepted(&u.ucum)) {
            return told(
                ConflictKind::Unit,
                format!("unité « {} » hors de la liste acceptée", u.ucum),
                false,
            );
        }
        let code = key(result);
        let Some(known) = catalogue.analyses().iter().find(|a| a.loinc.as_deref() == Some(code)) else {
            return told(ConflictKind::UnknownCode, format!("code {code} absent du catalogue"), true);
        };
        if let (Some(u), Some(expected)) = (unit, &known.ucum)
            && u.ucum != *expected
        {
            return told(
                ConflictKind::Unit,
                format!("reçu en « {} », attendu en « {expected} », sans conversion", u.ucum),
                true,
            );
        }
        if own.iter().any(|r| r.analysis == known.code && r.value.is_some()) {
            told(ConflictKind::Duplicate, "le dossier a déjà une valeur pour cette analyse".into(), true);
        }
    });
    for (i, gap) in results.gaps.iter().enumerate() {
        out.push(Conflict {
            item: format!("perte-{}", i + 1),
            place: gap.place.clone(),
            kind: ConflictKind::Loss,
            what: gap.what.clone(),
            can_keep: true,
            can_skip: false,
            kept: None,
        });
    }
    out
}

/// Applies decisions; the first one that is missing or impossible is told.
///
/// # Errors
/// A French sentence.
pub fn decide(conflicts: &mut [Conflict], keep: &[String], skip: &[String]) -> Result<(), String> {
    let known: BTreeSet<&str> = conflicts.iter().map(|c| c.item.as_str()).collect();
    if let Some(other) = keep.iter().chain(skip).find(|i| !known.contains(i.as_str())) {
        return Err(format!("« {other} » n'est pas un point à décider"));
    }
    for c in conflicts.iter_mut() {
        let (kept, skipped) = (keep.contains(&c.item), skip.contains(&c.item));
        c.kept = match (kept, skipped) {
            (true, true) => return Err(format!("« {} » ne peut être à la fois gardé et laissé", c.item)),
            (true, false) if !c.can_keep => {
                return Err(format!("« {} » ne peut pas être gardé : {}", c.item, c.what));
            }
            (false, true) if !c.can_skip => {
                return Err(format!("« {} » ne se laisse pas : joindre plutôt le PDF", c.item));
            }
            (true, false) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        };
    }
    match conflicts.iter().filter(|c| c.kept.is_none()).count() {
        0 => Ok(()),
        n => Err(format!("{n} point(s) restent à décider : garder ou laisser")),
    }
}

/// The part that enters the report: skipped results are out, each sub-chapter names who did the work.
///
/// # Errors
/// A French sentence when the laboratory is not named well enough for our document.
pub fn part(d: &Document, mut results: Results, decided: &[Conflict]) -> Result<Part, String> {
    let skipped: BTreeSet<&str> =
        decided.iter().filter(|c| c.kept == Some(false)).map(|c| c.item.as_str()).collect();
    let maker = d.header.acts.first().and_then(|a| a.performers.first()).and_then(domain::subcontractor);
    for (c, chapter) in results.chapters.iter_mut().enumerate() {
        for (s, sub) in chapter.sub_chapters.iter_mut().enumerate() {
            let made = sub.subcontractor.take().or_else(|| maker.clone());
            sub.subcontractor = Some(made.filter(complete).ok_or(
                "le laboratoire exécutant n'est pas nommé en entier (personne, structure, secteur) : joindre plutôt le PDF",
            )?);
            drop_skipped(sub, &format!("{}.{}", c + 1, s + 1), &skipped);
        }
        chapter.sub_chapters.retain(|s| !s.blocks.is_empty());
    }
    results.chapters.retain(|c| !c.sub_chapters.is_empty());
    if results.chapters.is_empty() {
        return Err("le document n'apporte aucun résultat structuré : joindre plutôt le PDF".to_owned());
    }
    Ok(Part::Results { specimens: results.specimens, chapters: results.chapters, comments: results.comments })
}

fn complete(s: &Subcontractor) -> bool {
    s.professional.national_id.is_some()
        && s.professional.profession.is_some()
        && s.organization.national_id.is_some()
        && s.organization.practice_setting.is_some()
}

fn drop_skipped(sub: &mut SubChapter, path: &str, skipped: &BTreeSet<&str>) {
    let mut block_number = 0;
    sub.blocks.retain_mut(|block| {
        block_number += 1;
        let mut number = 0;
        let mut keep = |_: &ResultItem| {
            number += 1;
            !skipped.contains(format!("{path}.{block_number}.{number}").as_str())
        };
        match block {
            Block::Result(item) => keep(item),
            Block::Battery(b) => {
                b.results.retain(&mut keep);
                !b.results.is_empty()
            }
            Block::Isolate(i) => {
                i.results.retain(&mut keep);
                i.antibiograms.iter_mut().for_each(|b| b.results.retain(&mut keep));
                i.antibiograms.retain(|b| !b.results.is_empty());
                !i.results.is_empty() || !i.antibiograms.is_empty()
            }
            Block::Image(_) => true,
        }
    });
}

/// The PDF of a document, with a title that names its laboratory.
#[must_use]
pub fn pdf(d: &Document, sender: &str) -> Option<Part> {
    let file = d.attachments.iter().find(|a| a.is_pdf())?;
    let day = d.header.created.as_ref().and_then(|t| t.french()).unwrap_or_default();
    Some(Part::Pdf(AttachedPdf {
        title: format!("Compte rendu du {sender}, {day}").trim_end_matches([',', ' ']).to_owned(),
        base64: base64::engine::general_purpose::STANDARD.encode(&file.bytes),
    }))
}

/// Puts the parts of a dossier into its report. Our own lines that another laboratory answers give way.
///
/// # Errors
/// A French sentence: two PDF, or two samples with one number.
pub fn merge(report: &mut Report, parts: Vec<Part>) -> Result<(), String> {
    let own: BTreeMap<String, String> =
        report.specimens.iter().map(|s| (s.id.extension.clone(), s.id.root.clone())).collect();
    for part in parts {
        match part {
            Part::Pdf(pdf) if report.second_intention.is_some() => {
                return Err(format!(
                    "un compte rendu ne joint qu'un PDF de sous-traitant : « {} » est en trop",
                    pdf.title
                ));
            }
            Part::Pdf(pdf) => report.second_intention = Some(pdf),
            Part::Results { specimens, chapters, comments } => {
                for s in specimens {
                    match own.get(&s.id.extension) {
                        Some(root) if *root != s.id.root => {
                            return Err(format!(
                                "le numéro d'échantillon {} désigne deux échantillons",
                                s.id.extension
                            ));
                        }
                        _ if report.specimens.iter().any(|k| k.id == s.id) => {}
                        _ => report.specimens.push(s),
                    }
                }
                for chapter in chapters {
                    match report.chapters.iter_mut().find(|c| c.code.code == chapter.code.code) {
                        Some(own) => own.sub_chapters.extend(chapter.sub_chapters),
                        None => report.chapters.push(chapter),
                    }
                }
                report.comments.extend(comments);
            }
        }
    }
    // What was set aside because another laboratory answers it is not « not done ».
    let given_way = |item: &ResultItem| matches!(&item.outcome, Outcome::NotDone(Some(why)) if why.starts_with(SUBCONTRACTED));
    for chapter in &mut report.chapters {
        for sub in &mut chapter.sub_chapters {
            sub.blocks.retain(|b| !matches!(b, Block::Result(item) if given_way(item)));
        }
        chapter.sub_chapters.retain(|s| !s.blocks.is_empty());
    }
    report.chapters.retain(|c| !c.sub_chapters.is_empty());
    Ok(())
}
