//! Reporting: biological validation, building of documents (once, stored by hash), new versions when an identity becomes
//! qualified, preview, decisions about diffusion.

use paillasse_documents::DocumentError;
use paillasse_shared::domain::dossier::DossierState;
use paillasse_shared::domain::identity::Status;
use paillasse_shared::domain::ids::{DocumentId, DossierId, PatientId};
use paillasse_shared::domain::order::Service;
use paillasse_shared::domain::report::{Moment, Report};
use paillasse_shared::domain::result::ResultState;
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::document::{
    Content, DecideParams, Decision, DocumentView, Documents, Form, GetParams, ListParams,
};
use paillasse_shared::protocol::dossier::{Correspondent, DossierView, Preview, ValidateParams};
use paillasse_shared::protocol::error::{ErrorKind, WireError};
use paillasse_shared::protocol::event::Event;
use serde_json::json;

use super::report::{self, Setting};
use super::subcontract::{self, Part};
use super::{App, Caller, delivery, dossier_view, laboratory, reception};
use crate::store::documents::{NewDocument, StoredDocument};
use crate::store::dossiers::{DossierFull, StoredResult};
use crate::store::outbox::{DMP, NewOrder, PATIENT_MAILBOX};
use crate::store::patients::Patient;
use crate::store::validation::Validation;

/// Bytes of a document in its two forms, with the report they come from.
struct Built {
    cda: Vec<u8>,
    pdf: Vec<u8>,
    report: Vec<u8>,
    file_name: String,
}

pub(super) fn document_error(e: &DocumentError) -> WireError {
    WireError::new(ErrorKind::Refused, format!("le compte rendu ne peut pas être construit : {e}"))
        .hint("corriger la donnée nommée (catalogue, correspondant ou configuration), puis valider")
}

/// Builds PDF and CDA; a few milliseconds of computing, kept off the event loop.
async fn build(report: Report) -> Result<Built, WireError> {
    let built = tokio::task::spawn_blocking(move || {
        let pdf = paillasse_documents::pdf::build(&report)?;
        let cda = paillasse_documents::cda::build(&report, &pdf)?;
        let file_name = paillasse_documents::file_name(&report);
        Ok((cda, pdf, file_name, report))
    })
    .await
    .map_err(|_| WireError::new(ErrorKind::Internal, "la construction du compte rendu s'est interrompue"))?;
    let (cda, pdf, file_name, report) = built.map_err(|e: DocumentError| document_error(&e))?;
    let report = serde_json::to_vec(&report)
        .map_err(|e| WireError::new(ErrorKind::Internal, format!("compte rendu non enregistrable : {e}")))?;
    Ok(Built { cda, pdf, report, file_name })
}

/// A new OID under the laboratory's arc: time and randomness, at most 64 characters.
#[must_use]
pub fn new_oid(app: &App, branch: &str) -> String {
    format!(
        "{}.{branch}.{}.{}",
        app.config.laboratory.oid_root,
        app.env.now().as_millisecond(),
        app.env.below(1_000_000) + 1
    )
}

fn latest(full: &DossierFull) -> Option<&DocumentView> {
    full.documents.iter().max_by_key(|d| d.version)
}

fn assemble(
    app: &App,
    caller: &Caller,
    full: &DossierFull,
    included: &[&StoredResult],
    parts: Vec<Part>,
    unique_id: String,
) -> Result<(Report, bool), WireError> {
    let done_after = |r: &&StoredResult| {
        matches!(r.state, ResultState::Validated | ResultState::Cancelled)
            || included.iter().any(|i| i.id == r.id)
    };
    let is_final = full.results.iter().all(|r| done_after(&r));
    let place = full.patient.traits.birth_place.as_ref();
    let setting = Setting {
        config: &app.config,
        catalogue: &app.catalogue,
        birth_place_label: place
            .and_then(|c| app.cog.label(c.as_str(), Some(&full.patient.traits.birth_date))),
        biologist: &caller.user,
        now: app.env.now(),
        zone: app.env.zone(),
        unique_id,
        replaces: latest(full).map(|d| (d.unique_id.clone(), d.version)),
        is_final,
    };
    let mut report = report::assemble(&setting, full, included);
    subcontract::merge(&mut report, parts)
        .map_err(|why| WireError::refused(why).hint("revoir les documents reçus de ce dossier"))?;
    Ok((report, is_final))
}

/// Validates biologically: results, document and orders in one act. A dossier that is not complete gives a partial
/// report, which is sent only when the laboratory so decides.
pub async fn validate(app: &App, caller: &Caller, p: ValidateParams) -> Result<DossierView, WireError> {
    caller.require(Right::ValidateBiological)?;
    if caller.user.rpps.is_none() {
        return Err(WireError::refused("seul un biologiste identifié par son RPPS peut valider")
            .hint("compléter le RPPS de ce compte dans la configuration"));
    }
    let id = reception::resolve(app, p.id, p.number.as_deref()).await?;
    let full = laboratory::load(app, id).await?;
    if p.version.is_some_and(|v| v != full.dossier.version) {
        return Err(WireError::new(
            ErrorKind::Conflict,
            "ce dossier vient d'être modifié par une autre personne",
        )
        .hint("relire le dossier, puis valider"));
    }
    let (parts, waiting) = app.store.received_parts(id).await?;
    let chosen = match laboratory::chosen(&full, &p.analyses, false) {
        // What another laboratory answered is validated with the document that carries it.
        Err(_) if waiting && p.analyses.is_empty() => vec![],
        chosen => chosen?,
    };
    let now = app.env.now();
    let unique_id = new_oid(app, "1");
    let (report, is_final) = assemble(app, caller, &full, &chosen, parts, unique_id.clone())?;
    let with_ins = report.patient.ins.is_some();
    let set_id = report.set_id.clone();
    let version = report.version;
    let built = build(report).await?;
    let document = NewDocument {
        dossier: id,
        patient: full.patient.id,
        unique_id: unique_id.clone(),
        set_id,
        version,
        replaces: latest(&full).map(|d| d.id),
        built_at: now,
        is_final,
        held_by: p.hold.then(|| caller.user.login.clone()),
        invisible: p.invisible,
        with_ins,
        cda: built.cda,
        pdf: built.pdf,
        report: built.report,
        file_name: built.file_name,
    };
    let orders = if is_final || app.config.reports.send_partial {
        orders(app, caller, &full, &unique_id)
    } else {
        vec![]
    };
    let act = caller.act(
        now,
        "validate-biological",
        format!("dossier:{id}"),
        json!({
            "results": chosen.iter().map(|r| r.id).collect::<Vec<_>>(), "rpps": caller.user.rpps,
            "document": unique_id, "final": is_final, "held": p.hold, "invisible": p.invisible,
        }),
    );
    let validation = Validation {
        dossier: id,
        version: full.dossier.version,
        patient_version: full.patient.version,
        results: chosen.iter().map(|r| r.id).collect(),
        document,
        orders,
        act,
    };
    let changed = app.store.validate(validation, app.gates()).await?;
    app.tell(Event::DossierChanged { dossier: id });
    app.tell_orders(&changed);
    dossier_view::view(app, id).await
}

/// One order per recipient, its identifiers fixed now; one order in all when another laboratory asked.
fn orders(app: &App, caller: &Caller, full: &DossierFull, unique_id: &str) -> Vec<NewOrder> {
    let now = app.env.now();
    let order = |service, recipient: String, identifier: String, payload| NewOrder {
        service,
        patient: full.patient.id,
        dossier: Some(full.dossier.id),
        document: None,
        correspondent: None,
        recipient,
        identifier: Some(identifier),
        payload,
        asked_by: caller.user.login.clone(),
        urgent: full.dossier.urgent,
        created_at: now,
    };
    let mail = || json!({ "set": new_oid(app, "7") });
    let mail_to = |c: &Correspondent| NewOrder {
        correspondent: Some(c.id),
        ..order(Service::Mss, dossier_view::correspondent_name(c), delivery::new_message_id(app), mail())
    };
    // A laboratory that subcontracts to us answers for the whole: the report goes to it and to nobody else (SUB-09).
    if let Some((laboratory, _)) = &full.requester {
        return vec![mail_to(laboratory)];
    }
    let dmp = json!({ "set": new_oid(app, "7"), "signature": new_oid(app, "8") });
    let mut list = vec![order(Service::Dmp, DMP.into(), unique_id.to_owned(), dmp)];
    list.extend(full.correspondents.iter().map(|(_, c)| mail_to(c)));
    if app.config.mss.as_ref().is_some_and(|m| m.patients) {
        list.push(order(Service::Mss, PATIENT_MAILBOX.into(), delivery::new_message_id(app), mail()));
    }
    list
}

/// New versions of the documents that wait for an identity, now that it is qualified or has changed. The content is that
/// of the version before; only the identity differs.
pub async fn reissue(app: &App, patient: &Patient) -> Result<Vec<NewDocument>, WireError> {
    if patient.status() != Status::Qualifiee {
        return Ok(vec![]);
    }
    let mut list = Vec::new();
    for old in app.store.documents_waiting_for_identity(patient.id).await? {
        list.extend(under_identity(app, patient, old).await?);
    }
    Ok(list)
}

/// The next version of a document, under the identity of today; nothing when it already stands under it. Without a
/// qualified identity it is built without INS.
pub async fn under_identity(
    app: &App,
    patient: &Patient,
    old: StoredDocument,
) -> Result<Option<NewDocument>, WireError> {
    let mut report = read_report(&old)?;
    let place = patient.traits.birth_place.as_ref();
    let label = place.and_then(|c| app.cog.label(c.as_str(), Some(&patient.traits.birth_date)));
    let current = report::patient(&app.config, patient, label);
    if report.patient == current {
        return Ok(None);
    }
    let now = app.env.now();
    report.patient = current;
    report.id = new_oid(app, "1");
    report.version = old.version + 1;
    report.replaces = Some(old.unique_id.clone());
    report.created_at = Moment::from_zoned(&now.to_zoned(app.env.zone().clone()));
    let with_ins = report.patient.ins.is_some();
    let (unique_id, version) = (report.id.clone(), report.version);
    let built = build(report).await?;
    Ok(Some(NewDocument {
        dossier: old.dossier,
        patient: old.patient,
        unique_id,
        set_id: old.set_id,
        version,
        replaces: Some(old.id),
        built_at: now,
        is_final: old.is_final,
        held_by: old.held_by,
        invisible: old.invisible,
        with_ins,
        cda: built.cda,
        pdf: built.pdf,
        report: built.report,
        file_name: built.file_name,
    }))
}

/// The report from which a stored document was built.
pub fn read_report(d: &StoredDocument) -> Result<Report, WireError> {
    serde_json::from_slice(&d.report).map_err(|e| {
        WireError::new(ErrorKind::Internal, format!("le compte rendu enregistré ne se relit pas : {e}"))
    })
}

/// The report as it would leave now, as text; nothing is kept.
pub async fn preview(
    app: &App,
    caller: &Caller,
    p: paillasse_shared::protocol::dossier::DossierRef,
) -> Result<Preview, WireError> {
    let report = match shown(app, caller, p).await?.what {
        Shown::Kept(d) => read_report(&d)?,
        Shown::Draft(report) => *report,
    };
    Ok(Preview { text: paillasse_documents::text::render(&report) })
}

/// What a preview of a dossier shows.
pub(super) struct Previewed {
    /// Of which dossier.
    pub dossier: DossierId,
    /// Of whom.
    pub patient: PatientId,
    /// What.
    pub what: Shown,
}

/// Document or draft.
pub(super) enum Shown {
    /// Everything is validated: the last document, as it was kept.
    Kept(Box<StoredDocument>),
    /// The report as it would leave now.
    Draft(Box<Report>),
}

/// What a preview of a dossier shows now; nothing is kept.
pub(super) async fn shown(
    app: &App,
    caller: &Caller,
    p: paillasse_shared::protocol::dossier::DossierRef,
) -> Result<Previewed, WireError> {
    let id = reception::resolve(app, p.id, p.number.as_deref()).await?;
    let full = laboratory::load(app, id).await?;
    let of = |what| Previewed { dossier: id, patient: full.patient.id, what };
    if let Some(d) = latest(&full).filter(|_| full.dossier.state == DossierState::Complete) {
        return Ok(of(Shown::Kept(Box::new(load(app, d.id).await?))));
    }
    let chosen: Vec<&StoredResult> = full
        .results
        .iter()
        .filter(|r| matches!(r.state, ResultState::Entered | ResultState::Technical))
        .collect();
    let (parts, _) = app.store.received_parts(id).await?;
    let (report, _) = assemble(app, caller, &full, &chosen, parts, new_oid(app, "1"))?;
    Ok(of(Shown::Draft(Box::new(report))))
}

/// Lists documents.
pub async fn list(app: &App, p: ListParams) -> Result<Documents, WireError> {
    Ok(Documents { documents: app.store.documents(p).await? })
}

/// A stored document that must exist.
pub async fn load(app: &App, id: DocumentId) -> Result<StoredDocument, WireError> {
    app.store
        .document(id)
        .await?
        .ok_or_else(|| WireError::not_found(format!("le document n° {id} n'existe pas")))
}

/// The bytes of a document in one form; the reading is journalled.
pub async fn content(app: &App, caller: &Caller, p: GetParams) -> Result<Content, WireError> {
    let d = load(app, p.id).await?;
    let act = caller.act(
        app.env.now(),
        "document-read",
        format!("document:{}", p.id),
        json!({ "form": p.form, "patient": d.patient }),
    );
    app.store.journal(act).await?;
    let stem = d.file_name.trim_end_matches(".pdf").to_owned();
    let (file_name, media_type, bytes) = match p.form {
        Form::Cda => (format!("{stem}.xml"), "text/xml", d.cda),
        Form::Pdf => (d.file_name, "application/pdf", d.pdf),
        Form::Text => {
            let report = read_report(&d)?;
            (format!("{stem}.txt"), "text/plain", paillasse_documents::text::render(&report).into_bytes())
        }
        Form::Html => {
            let read = paillasse_documents::cda::reading::read(&d.cda).map_err(|e| document_error(&e))?;
            let page = paillasse_documents::cda::reading::html::page(&read, None);
            (format!("{stem}.html"), "text/html", page.into_bytes())
        }
        Form::Xdm => {
            let archive = delivery::archive(app, &d, &new_oid(app, "7"), app.env.now())?;
            ("IHE_XDM.zip".to_owned(), "application/zip", archive)
        }
    };
    Ok(Content { file_name, media_type: media_type.into(), base64: encode(&bytes) })
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// One explicit act about one document.
pub async fn decide(app: &App, caller: &Caller, p: DecideParams) -> Result<DocumentView, WireError> {
    caller.require(Right::DecideDocuments)?;
    let name = match p.decision {
        Decision::Hold => "document-hold",
        Decision::Release => "document-release",
        Decision::Hide => "document-hide",
        Decision::Show => "document-show",
    };
    let act = caller.act(app.env.now(), name, format!("document:{}", p.id), json!({}));
    let (view, changed) = app.store.decide_document(p.id, p.decision, act, app.gates()).await?;
    app.tell(Event::DocumentChanged { document: p.id });
    app.tell_orders(&changed);
    Ok(view)
}
