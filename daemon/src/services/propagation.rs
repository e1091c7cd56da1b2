//! Telling corrections of an identity to those who received it (INS-20). Each is a person's decision; what can be sent
//! again goes through the queue as a new version of the document, the rest is a task with its words.
//!
//! Deliberately not here: removal from a DMP and messages of identity to partners, which have no act in this program yet.

use paillasse_shared::domain::identity::Status;
use paillasse_shared::domain::identity::propagation::{PropagationState, Receiver, Way, way};
use paillasse_shared::domain::order::Service;
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::event::Event;
use paillasse_shared::protocol::propagation::{
    Choice, DecideParams, ListParams, PropagationView, Propagations,
};
use serde_json::json;

use super::{App, Caller, delivery, identity, reporting};
use crate::store::outbox::{DMP, NewOrder, PATIENT_MAILBOX};
use crate::store::patients::Patient;
use crate::store::propagation::{Decided, Stored};

/// Lists corrections to tell.
pub async fn list(app: &App, p: ListParams) -> Result<Propagations, WireError> {
    Ok(Propagations { lines: app.store.propagations(p).await? })
}

/// Decides one.
pub async fn decide(app: &App, caller: &Caller, p: DecideParams) -> Result<PropagationView, WireError> {
    caller.require(Right::EditStrictTraits)?;
    let note = p.note.as_deref().map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned);
    if note.is_none() && p.choice != Choice::Confirm {
        return Err(WireError::invalid("note", "dire pourquoi, ou comment cela a été fait"));
    }
    let stored = app.store.propagation(p.id).await?;
    let patient = identity::load(app, app.store.resolve_patient(stored.view.patient).await?).await?;
    let from = stored.view.state;
    let mut sendings = vec![];
    let to = match (p.choice, from) {
        // What could not be sent again may have become possible since.
        (Choice::Confirm, PropagationState::ToConfirm | PropagationState::ToDo) => {
            let ins = patient.ins.as_ref().map(|i| format!("{}@{}", i.matricule.compact(), i.oid.as_str()));
            let same_ins = ins.is_some() && ins == stored.ins;
            match way(stored.view.receiver, patient.status() == Status::Qualifiee, same_ins) {
                Way::ByHand => PropagationState::ToDo,
                Way::Replace => {
                    sendings = replacements(app, caller, &stored, &patient).await?;
                    if sendings.is_empty() { PropagationState::ToDo } else { PropagationState::Planned }
                }
            }
        }
        (Choice::Dismiss, PropagationState::ToConfirm | PropagationState::ToDo) => {
            PropagationState::Dismissed
        }
        (Choice::Done, PropagationState::ToDo) => PropagationState::Done,
        _ => {
            return Err(WireError::refused(format!(
                "cette correction est « {} » : il n'y a plus rien à décider",
                from.label()
            )));
        }
    };
    let act = caller.act(
        app.env.now(),
        "propagation-decide",
        format!("patient:{}", patient.id),
        json!({ "propagation": p.id, "recipient": stored.view.recipient, "from": from, "to": to, "note": note }),
    );
    let decided = Decided { id: p.id, from, to, note, patient: (patient.id, patient.version), sendings, act };
    let (view, changed) = app.store.decide_propagation(decided, app.gates()).await?;
    app.tell(Event::PatientChanged { patient: patient.id });
    app.tell_orders(&changed);
    Ok(view)
}

/// New versions under the corrected identity, one order each to the receiver.
async fn replacements(
    app: &App,
    caller: &Caller,
    stored: &Stored,
    patient: &Patient,
) -> Result<
    Vec<(Result<crate::store::documents::NewDocument, paillasse_shared::domain::ids::DocumentId>, NewOrder)>,
    WireError,
> {
    let mut list = vec![];
    for dossier in &stored.dossiers {
        let Some(latest) = app.store.latest_document(*dossier).await? else { continue };
        let Some(old) = app.store.document(latest).await?.filter(|d| d.patient == patient.id) else {
            continue;
        };
        let (old_id, old_unique) = (old.id, old.unique_id.clone());
        let document = reporting::under_identity(app, patient, old).await?.ok_or(old_id);
        let unique_id = document.as_ref().map_or(old_unique, |d| d.unique_id.clone());
        let (service, recipient, identifier) = match stored.view.receiver {
            Receiver::Dmp => (Service::Dmp, DMP.to_owned(), unique_id),
            Receiver::PatientMailbox => {
                (Service::Mss, PATIENT_MAILBOX.to_owned(), delivery::new_message_id(app))
            }
            Receiver::Professional | Receiver::Partner => {
                (Service::Mss, stored.view.recipient.clone(), delivery::new_message_id(app))
            }
        };
        let payload = match service {
            Service::Dmp => {
                json!({ "set": reporting::new_oid(app, "7"), "signature": reporting::new_oid(app, "8") })
            }
            _ => json!({ "set": reporting::new_oid(app, "7") }),
        };
        list.push((
            document,
            NewOrder {
                service,
                patient: patient.id,
                dossier: Some(*dossier),
                document: None,
                correspondent: stored.correspondent,
                recipient,
                identifier: Some(identifier),
                payload,
                asked_by: caller.user.login.clone(),
                urgent: false,
                created_at: app.env.now(),
            },
        ));
    }
    Ok(list)
}
