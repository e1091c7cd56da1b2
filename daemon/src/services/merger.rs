//! Rapprochement and dissociation of records (INS-21): looked at first, done by right and with a motive, undone the same
//! way. Never automatic.

use paillasse_shared::domain::identity::Status;
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::event::Event;
use paillasse_shared::protocol::patient::{MergeParams, MergePreview, PatientRecord, SplitParams};
use serde_json::json;

use super::{App, Caller, identity, reporting};
use crate::store::identity::IdentityChange;
use crate::store::patients::Patient;

/// Why two records cannot be merged; empty when they can.
fn blockers(survivor: &Patient, absorbed: &Patient) -> Vec<String> {
    let mut list = Vec::new();
    if survivor.id == absorbed.id {
        list.push("c'est deux fois la même fiche".to_owned());
    }
    match (&survivor.ins, &absorbed.ins) {
        (Some(a), Some(b)) if a.matricule != b.matricule => {
            list.push(
                "les deux fiches portent des matricules INS différents : ce sont deux personnes pour INSi"
                    .to_owned(),
            );
        }
        (None, Some(_)) => {
            list.push("garder plutôt la fiche qui porte l'INS : la rapprocher dans l'autre sens".to_owned())
        }
        _ => {}
    }
    list
}

async fn both(app: &App, p: &MergeParams) -> Result<(Patient, Patient), WireError> {
    for id in [p.survivor, p.absorbed] {
        if app.store.resolve_patient(id).await? != id {
            return Err(WireError::refused(format!("la fiche n° {id} est déjà rapprochée d'une autre")));
        }
    }
    Ok((identity::load(app, p.survivor).await?, identity::load(app, p.absorbed).await?))
}

/// What merging would do: dossiers that move, documents already sent, what forbids it.
pub async fn preview(app: &App, caller: &Caller, p: MergeParams) -> Result<MergePreview, WireError> {
    caller.require(Right::MergeIdentities)?;
    let (survivor, absorbed) = both(app, &p).await?;
    let dossiers = app.store.dossier_count(absorbed.id).await?;
    let sent = app.store.disclosures(absorbed.id).await?;
    let mut effects = vec![format!("{dossiers} dossiers passent à la fiche n° {}", survivor.id)];
    if !sent.is_empty() {
        effects.push(format!(
            "{} documents déjà envoyés sous l'autre identité restent chez leurs destinataires : leur correction est à demander",
            sent.len()
        ));
    }
    let receivers = app.store.receivers(absorbed.id).await?;
    if !receivers.is_empty() {
        effects.push(format!(
            "si l'identité change pour eux, la correction est proposée à : {}",
            receivers.join(", ")
        ));
    }
    if survivor.status() == Status::Qualifiee {
        effects.push("les envois retenus de ces dossiers partent avec l'identité qualifiée".to_owned());
    }
    effects.push("la fiche rapprochée reste consultable et le rapprochement peut être défait".to_owned());
    Ok(MergePreview { dossiers, sent, blockers: blockers(&survivor, &absorbed), effects })
}

fn motive(text: Option<&str>) -> Result<String, WireError> {
    text.map(str::trim)
        .filter(|m| !m.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| WireError::invalid("motive", "dire pourquoi"))
}

/// Merges two records.
pub async fn merge(app: &App, caller: &Caller, p: MergeParams) -> Result<PatientRecord, WireError> {
    caller.require(Right::MergeIdentities)?;
    let motive = motive(p.motive.as_deref())?;
    let (survivor, absorbed) = both(app, &p).await?;
    if let Some(why) = blockers(&survivor, &absorbed).into_iter().next() {
        return Err(WireError::refused(why));
    }
    let act = caller.act(
        app.env.now(),
        "patient-merge",
        format!("patient:{}", survivor.id),
        json!({ "absorbed": absorbed.id, "motive": motive }),
    );
    let changed = app
        .store
        .merge((survivor.id, survivor.version), (absorbed.id, absorbed.version), motive, act, app.gates())
        .await?;
    app.tell(Event::PatientChanged { patient: survivor.id });
    app.tell(Event::PatientChanged { patient: absorbed.id });
    app.tell_orders(&changed);
    reissue(app, caller, survivor.id).await?;
    identity::record(app, caller, survivor.id).await
}

/// Documents that came with the merger and wait for an identity are built anew with the survivor's.
async fn reissue(app: &App, caller: &Caller, id: PatientId) -> Result<(), WireError> {
    let patient = identity::load(app, id).await?;
    let reissued = reporting::reissue(app, &patient).await?;
    if reissued.is_empty() {
        return Ok(());
    }
    let act = caller.act(
        app.env.now(),
        "documents-reissue",
        format!("patient:{id}"),
        json!({ "documents": reissued.len() }),
    );
    let change = IdentityChange {
        patient,
        what: "Comptes rendus réédités avec cette identité".to_owned(),
        status_from: None,
        ins_dropped: None,
        insi: None,
        decided: None,
        reissued,
        act,
    };
    let (_, changed) = app.store.change_identity(change, app.gates()).await?;
    app.tell_orders(&changed);
    Ok(())
}

/// Undoes a merger.
pub async fn split(app: &App, caller: &Caller, p: SplitParams) -> Result<PatientRecord, WireError> {
    caller.require(Right::SplitIdentities)?;
    let motive = motive(Some(&p.motive))?;
    let act = caller.act(
        app.env.now(),
        "patient-split",
        format!("patient:{}", p.absorbed),
        json!({ "motive": motive }),
    );
    let (survivor, changed) = app.store.split(p.absorbed, motive, act, app.gates()).await?;
    app.tell(Event::PatientChanged { patient: survivor });
    app.tell(Event::PatientChanged { patient: p.absorbed });
    app.tell_orders(&changed);
    identity::record(app, caller, p.absorbed).await
}
