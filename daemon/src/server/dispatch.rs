//! From a typed request to the use case that answers it. The match is exhaustive: a request of the protocol without an
//! answer does not compile.

use paillasse_shared::domain::ids::DossierId;
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::audit::{Lines, Verified};
use paillasse_shared::protocol::error::{ErrorKind, WireError};
use paillasse_shared::protocol::methods::{Empty, Request};
use paillasse_shared::protocol::session::{Hello, Laboratory, User};
use paillasse_shared::protocol::{VERSION, audit};
use serde::Serialize;
use serde_json::Value;

use crate::clients;
use crate::services::document_check;
use crate::services::{
    App, Caller, billing, cards, dossier_view, identity, inbound_identity, laboratory, merger, places,
    preview, propagation, queue, received, reception, reporting, results_in, status, verification,
};

/// A result as it travels.
pub fn value<T: Serialize>(result: T) -> Result<Value, WireError> {
    serde_json::to_value(result)
        .map_err(|e| WireError::new(ErrorKind::Internal, format!("réponse non transmissible : {e}")))
}

/// Whom the daemon takes the caller for.
#[must_use]
pub fn hello(app: &App, caller: &Caller) -> Hello {
    let user = &caller.user;
    let profiles: Vec<&str> = user.profiles.iter().map(|p| p.label()).collect();
    Hello {
        daemon: clients::VERSION.to_owned(),
        protocol: VERSION,
        user: User {
            login: user.login.clone(),
            name: user.name.clone(),
            profile: if profiles.len() > 2 { "polyvalent".to_owned() } else { profiles.join(", ") },
            rights: caller.rights.clone(),
            rpps: user.rpps.clone(),
        },
        laboratory: Laboratory {
            name: app.config.laboratory.name.clone(),
            site: app.config.laboratory.site.clone(),
            finess: app.config.laboratory.finess.clone(),
            time_zone: app.config.laboratory.time_zone.clone(),
        },
        training: app.config.daemon.training,
        identity: app.config.identity.site(),
    }
}

async fn dossier(app: &App, id: Option<DossierId>, number: Option<&str>) -> Result<DossierId, WireError> {
    reception::resolve(app, id, number).await
}

/// Answers a request.
pub async fn run(
    app: &App,
    caller: &Caller,
    remarks: &[String],
    request: Request,
) -> Result<Value, WireError> {
    match request {
        Request::SessionHello(_) => value(hello(app, caller)),
        Request::EventsSubscribe(_) => value(Empty {}),
        Request::StatusGet(_) => value(status::get(app, remarks).await?),

        Request::PatientSearch(p) => value(reception::search(app, p).await?),
        Request::PatientGet(p) => value(identity::open(app, caller, p.id).await?),
        Request::PatientCreate(p) => value(reception::create(app, caller, p).await?),
        Request::PatientEditTraits(p) => value(identity::edit_traits(app, caller, p).await?),
        Request::PatientEditUsed(p) => value(reception::edit_used(app, caller, p).await?),
        Request::PatientSetAttribute(p) => value(identity::set_attribute(app, caller, p).await?),
        Request::PatientSetConsent(p) => value(reception::set_consent(app, caller, p).await?),
        Request::PatientDisclosures(p) => value(reception::disclosures(app, caller, p.id).await?),
        Request::PatientMergePreview(p) => value(merger::preview(app, caller, p).await?),
        Request::PatientMerge(p) => value(merger::merge(app, caller, p).await?),
        Request::PatientSplit(p) => value(merger::split(app, caller, p).await?),
        Request::PatientHistory(p) => value(reception::history(app, p.id).await?),
        Request::PatientMatricules(p) => value(identity::matricules(app, caller, p.id).await?),
        Request::PropagationList(p) => value(propagation::list(app, p).await?),
        Request::PropagationDecide(p) => value(propagation::decide(app, caller, p).await?),
        Request::PatientReceive(p) => value(inbound_identity::receive(app, caller, p).await?),
        Request::PlaceSearch(p) => value(reception::places(app, &p)),
        Request::CogStatus(_) => value(places::status(app).await?),
        Request::CogImport(p) => value(places::import(app, caller, p).await?),

        Request::InsFetch(p) => value(identity::fetch(app, caller, p).await?),
        Request::InsFetchAllNames(p) => value(cards::fetch_all_names(app, caller, p).await?),
        Request::InsFetchByCard(p) => value(cards::fetch(app, caller, p).await?),
        Request::InsStats(p) => value(identity::stats(app, p).await?),
        Request::InsCompare(p) => value(identity::pending(app, caller, p.id).await?),
        Request::InsAccept(p) => value(identity::accept(app, caller, p).await?),
        Request::InsRefuse(p) => value(identity::refuse(app, caller, p).await?),
        Request::InsQualify(p) => value(identity::qualify(app, caller, p).await?),
        Request::InsValidate(p) => value(identity::validate(app, caller, p.id).await?),
        Request::InsVerify(p) => value(verification::verify(app, caller, p).await?),
        Request::InsWorklist(_) => value(identity::worklist(app).await?),

        Request::CardPush(p) => value(cards::push(app, caller, p)?),
        Request::CardShow(p) => value(cards::show(app, caller, p).await?),
        Request::CardRemove(_) => value(cards::remove(app, caller)?),

        Request::CatalogueSearch(p) => value(laboratory::catalogue(app, &p)),
        Request::CorrespondentSearch(p) => value(reception::correspondents(app, p).await?),
        Request::CorrespondentCreate(p) => value(reception::create_correspondent(app, caller, p).await?),
        Request::CorrespondentUpdate(p) => value(reception::update_correspondent(app, caller, p).await?),

        Request::DossierCreate(p) => value(reception::create_dossier(app, caller, p).await?),
        Request::DossierGet(p) => {
            let id = dossier(app, p.id, p.number.as_deref()).await?;
            value(dossier_view::view(app, id).await?)
        }
        Request::DossierList(p) => value(laboratory::list(app, p).await?),
        Request::DossierAdd(p) => value(reception::add(app, caller, p).await?),
        Request::DossierLabels(p) => {
            let id = dossier(app, p.id, p.number.as_deref()).await?;
            value(reception::labels(app, id).await?)
        }
        Request::DossierBilling(p) => value(billing::slip(app, caller, p).await?),
        Request::DossierTraceCall(p) => value(laboratory::trace_call(app, caller, p).await?),
        Request::DossierPreview(p) => value(reporting::preview(app, caller, p).await?),
        Request::DossierPreviewFiles(p) => value(preview::files(app, caller, p).await?),
        Request::ResultEnter(p) => value(laboratory::enter(app, caller, p).await?),
        Request::ResultCancel(p) => value(laboratory::cancel(app, caller, p).await?),
        Request::DossierValidateTechnical(p) => value(laboratory::validate_technical(app, caller, p).await?),
        Request::DossierValidate(p) => value(reporting::validate(app, caller, p).await?),
        Request::ValidationWorklist(_) => value(laboratory::worklist(app).await?),

        Request::DocumentList(p) => value(reporting::list(app, p).await?),
        Request::DocumentCompare(p) => value(document_check::compare(app, caller, p).await?),
        Request::DocumentRebuild(p) => value(document_check::rebuild(app, caller, p).await?),
        Request::DocumentGet(p) => value(reporting::content(app, caller, p).await?),
        Request::DocumentDecide(p) => value(reporting::decide(app, caller, p).await?),

        Request::QueueSummary(_) => value(queue::summary(app).await?),
        Request::QueueList(p) => value(queue::list(app, p).await?),
        Request::QueueExplain(p) => value(queue::detail(app, p).await?),
        Request::QueuePause(p) => value(queue::pause(app, caller, p).await?),
        Request::QueueResume(p) => value(queue::resume(app, caller, p).await?),
        Request::QueueRetry(p) => value(queue::retry(app, caller, p).await?),
        Request::QueueCancel(p) => value(queue::cancel(app, caller, p).await?),
        Request::QueueReconcile(_) => value(queue::reconcile(app, caller).await?),
        Request::QueueDrain(p) => value(queue::drain(app, p).await?),

        Request::InboxList(p) => value(results_in::list(app, p).await?),
        Request::InboxGet(p) => value(results_in::get(app, p.id).await?),
        Request::InboxReplay(p) => value(results_in::replay(app, caller, p.id).await?),
        Request::InboxAttach(p) => value(results_in::attach(app, caller, p).await?),
        Request::InboxClose(p) => value(results_in::close(app, caller, p).await?),
        Request::ReceivedTakeIn(p) => value(received::receive(app, caller, p).await?),
        Request::ReceivedList(p) => value(received::list(app, p).await?),
        Request::ReceivedShow(p) => value(received::show(app, p.id).await?),
        Request::ReceivedGet(p) => value(received::content(app, caller, p).await?),
        Request::ReceivedRead(p) => value(received::read_only(p).await?),
        Request::ReceivedAttach(p) => value(received::attach(app, caller, p).await?),
        Request::ReceivedTake(p) => value(received::take(app, caller, p).await?),
        Request::ReceivedClose(p) => value(received::close(app, caller, p).await?),

        Request::AuditList(p) => value(audit_list(app, caller, p).await?),
        Request::AuditVerify(p) => value(audit_verify(app, caller, p).await?),
    }
}

async fn audit_list(app: &App, caller: &Caller, p: audit::ListParams) -> Result<Lines, WireError> {
    caller.require(Right::ReadAudit)?;
    let limit = u32::from(p.limit.unwrap_or(100).clamp(1, 10_000));
    let subject = p.patient.map(|id| format!("patient:{id}"));
    Ok(Lines { lines: app.store.audit_lines(subject, p.from, limit).await? })
}

async fn audit_verify(app: &App, caller: &Caller, p: audit::VerifyParams) -> Result<Verified, WireError> {
    caller.require(Right::ReadAudit)?;
    Ok(match p.copy {
        Some(path) => app.store.verify_audit_copy(path.into()).await?,
        None => app.store.verify_audit().await?,
    })
}
