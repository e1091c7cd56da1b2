//! A dossier as shown: results in report order with units, intervals, flags and previous values; documents and orders;
//! what would leave after validation; what asks for a gesture first.

use paillasse_shared::domain::identity::Status;
use paillasse_shared::domain::ids::DossierId;
use paillasse_shared::domain::order::{Reason, Service};
use paillasse_shared::domain::result::ResultState;
use paillasse_shared::messages::fr;
use paillasse_shared::protocol::dossier::{
    ChapterView, Correspondent, Departure, DossierCorrespondent, DossierDocument, DossierView,
    PreviousResult, RequestingLaboratory, ResultView,
};
use paillasse_shared::protocol::error::WireError;

use super::{App, laboratory};
use crate::outbox::gates::{Facts, first_reason};
use crate::store::dossiers::{DossierFull, StoredResult};

/// The view of a dossier that must exist.
pub async fn view(app: &App, id: DossierId) -> Result<DossierView, WireError> {
    let full = laboratory::load(app, id).await?;
    Ok(build(app, full))
}

/// Name of a correspondent as shown: `Dr Roux`.
#[must_use]
pub fn correspondent_name(c: &Correspondent) -> String {
    let title = match c.facts.title.as_deref() {
        Some("DR") => "Dr ",
        Some("PR") => "Pr ",
        _ => "",
    };
    format!("{title}{} {}", c.facts.family, c.facts.given).trim().to_owned()
}

/// The results of one chapter.
struct InChapter<'a> {
    rank: u16,
    code: String,
    title: String,
    results: Vec<(u16, &'a StoredResult)>,
}

/// Results grouped by chapter, in report order.
fn by_chapter<'a>(app: &App, results: &'a [StoredResult]) -> Vec<InChapter<'a>> {
    let mut groups: Vec<InChapter<'a>> = Vec::new();
    for r in results {
        let analysis = app.catalogue.analysis(&r.analysis);
        let code = analysis.map_or_else(String::new, |a| a.chapter.clone());
        let in_rank = analysis.map_or(u16::MAX, |a| a.rank);
        if let Some(g) = groups.iter_mut().find(|g| g.code == code) {
            g.results.push((in_rank, r));
            continue;
        }
        let (rank, title) = app
            .catalogue
            .chapter(&code)
            .map_or((u16::MAX, "Hors catalogue".to_owned()), |c| (c.rank, c.title.clone()));
        groups.push(InChapter { rank, code, title, results: vec![(in_rank, r)] });
    }
    groups.sort_by_key(|g| g.rank);
    for g in &mut groups {
        g.results.sort_by_key(|(rank, _)| *rank);
    }
    groups
}

fn result(app: &App, full: &DossierFull, r: &StoredResult) -> ResultView {
    let analysis = app.catalogue.analysis(&r.analysis);
    let age = full.patient.traits.birth_date.age(app.env.today());
    let interval = analysis.and_then(|a| a.reference_for(full.patient.traits.sex, age));
    ResultView {
        id: r.id,
        analysis: r.analysis.clone(),
        label: analysis.map_or_else(|| r.analysis.clone(), |a| a.label.clone()),
        group: analysis.and_then(|a| a.group.as_ref()).map(|g| g.title.clone()),
        shown: r.value.as_ref().map(|v| v.french()).unwrap_or_default(),
        value: r.value.clone(),
        unit: analysis.and_then(|a| a.unit.clone()),
        flag: r.flag,
        reference: interval.map(|i| i.french()).filter(|t| !t.is_empty()),
        previous: r
            .previous
            .iter()
            .map(|p| PreviousResult {
                at: p.at,
                shown: p.value.french(),
                value: p.value.clone(),
                flag: p.flag,
            })
            .collect(),
        state: r.state,
        origin: r.origin.clone(),
        obtained_at: r.obtained_at,
        comment: r.comment.clone(),
        remarks: r.remarks.clone(),
        validated: r.validated.clone().or_else(|| r.technical.clone()),
    }
}

/// What would leave after validation, with what would hold it.
fn departures(app: &App, full: &DossierFull) -> Vec<Departure> {
    let gates = app.gates();
    let qualified = full.patient.status() == Status::Qualifiee;
    let facts = Facts {
        identity: full.patient.state,
        opposed: full.patient.consent.opposed,
        with_ins: qualified,
        has_address: true,
        configured: true,
        ..Facts::default()
    };
    let departure = |service: Service, recipient: String, facts: &Facts| {
        let reason: Option<Reason> = first_reason(service, facts);
        Departure { service, recipient, why: reason.as_ref().map(fr::reason), reason }
    };
    let mail_to = |c: &Correspondent, facts: &Facts| {
        let recipient = correspondent_name(c);
        let has_address = c.facts.mss_address.as_deref().is_some_and(|a| !a.trim().is_empty());
        let f = Facts { recipient: recipient.clone(), has_address, configured: gates.mss, ..facts.clone() };
        departure(Service::Mss, recipient, &f)
    };
    // The laboratory that asked comes first; the others are listed with the reason why nothing is made for them.
    let mut list: Vec<Departure> = full.requester.iter().map(|(lab, _)| mail_to(lab, &facts)).collect();
    let facts =
        Facts { other_laboratory: full.requester.as_ref().map(|(lab, _)| lab.facts.family.clone()), ..facts };
    list.push(departure(Service::Dmp, "DMP".into(), &Facts { configured: gates.dmp, ..facts.clone() }));
    let asked = full.requester.as_ref().map(|(lab, _)| lab.id);
    let others = full.correspondents.iter().filter(|(_, c)| Some(c.id) != asked);
    list.extend(others.map(|(_, c)| mail_to(c, &facts)));
    if app.config.mss.as_ref().is_some_and(|m| m.patients) {
        let f = Facts { to_patient: true, configured: gates.mss, ..facts };
        list.push(departure(Service::Mss, "Patient".into(), &f));
    }
    list
}

/// Critical results that nobody has announced yet.
fn gestures(full: &DossierFull, chapters: &[ChapterView]) -> Vec<String> {
    let open = |r: &&ResultView| !matches!(r.state, ResultState::Validated | ResultState::Cancelled);
    let critical = |r: &&ResultView| r.flag.is_some_and(|f| f.is_critical());
    let results = chapters.iter().flat_map(|c| &c.results).filter(|_| full.calls.is_empty());
    results
        .filter(open)
        .filter(critical)
        .map(|r| format!("{} critique : appel du prescripteur à tracer", r.label))
        .collect()
}

/// What is to be read before validation, gestures first.
fn alerts(app: &App, full: &DossierFull, chapters: &[ChapterView], gestures: &[String]) -> Vec<String> {
    let mut list = gestures.to_vec();
    for r in chapters.iter().flat_map(|c| &c.results) {
        let open = !matches!(r.state, ResultState::Validated | ResultState::Cancelled);
        list.extend(r.remarks.iter().filter(|_| open).map(|m| format!("{} : {m}", r.label)));
    }
    for (at, by, note) in &full.calls {
        let when = at.to_zoned(app.env.zone().clone());
        let when = when.strftime("%d/%m %H:%M");
        list.push(format!("Appel tracé le {when} par {by} : {note}"));
    }
    if let Some(missing) =
        fr::missing(full.patient.state.missing()).filter(|_| full.patient.status() != Status::Qualifiee)
    {
        list.push(format!("Identité {} : {missing}", full.patient.status().label()));
    }
    list
}

fn build(app: &App, full: DossierFull) -> DossierView {
    let chapters: Vec<ChapterView> = by_chapter(app, &full.results)
        .into_iter()
        .map(|g| ChapterView {
            code: g.code,
            title: g.title,
            results: g.results.into_iter().map(|(_, r)| result(app, &full, r)).collect(),
        })
        .collect();
    let departures = departures(app, &full);
    let gestures = gestures(&full, &chapters);
    let alerts = alerts(app, &full, &chapters, &gestures);
    DossierView {
        id: full.dossier.id,
        number: full.dossier.number,
        version: full.dossier.version,
        patient: full.dossier.patient,
        opened_at: full.dossier.opened_at,
        sampled_at: full.dossier.sampled_at,
        state: full.dossier.state,
        urgent: full.dossier.urgent,
        correspondents: full
            .correspondents
            .into_iter()
            .map(|(role, correspondent)| DossierCorrespondent { role, correspondent })
            .collect(),
        received_from: full.requester.map(|(laboratory, number)| RequestingLaboratory {
            why: fr::reason(&Reason::ReceivedFromLaboratory { laboratory: laboratory.facts.family.clone() }),
            laboratory,
            number,
        }),
        chapters,
        documents: full
            .documents
            .into_iter()
            .map(|d| DossierDocument {
                id: d.id,
                version: d.version,
                built_at: d.built_at,
                is_final: d.is_final,
                held: d.held,
                invisible: d.invisible,
                orders: d.orders,
            })
            .collect(),
        departures,
        alerts,
        gestures,
    }
}
