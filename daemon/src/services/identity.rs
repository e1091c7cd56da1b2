//! Identity: the record, traits, attributes, returns of INSi, qualification. Statuses change only through the state
//! machine of the domain; what a change does to documents and orders goes into the same transaction.

use paillasse_shared::domain::card::CardSource;
use paillasse_shared::domain::identity::status::Effect;
use paillasse_shared::domain::identity::{
    Attribute, CogCode, DeviceKind, Event as StateEvent, Level, Proof, TraitField, compare,
    status::Transition,
};
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::error::{ErrorKind, WireError};
use paillasse_shared::protocol::event::Event;
use paillasse_shared::protocol::ins::{
    DecideParams, FetchParams, FetchState, PendingReturn, QualifyParams, Stats, StatsParams, Worklist,
};
use paillasse_shared::protocol::patient::{
    EditTraitsParams, InsView, InsiState, Matricules, PatientRecord, SetAttributeParams,
};
use serde_json::json;

use super::{App, Caller, desk, reception, reporting};
use crate::store::identity::{IdentityChange, StoredReturn};
use crate::store::patients::{Patient, StoredIns};

/// A patient that must exist.
pub async fn load(app: &App, id: PatientId) -> Result<Patient, WireError> {
    app.store
        .patient(id)
        .await?
        .ok_or_else(|| WireError::not_found(format!("le patient n° {id} n'existe pas")))
}

/// The record as shown to this caller.
pub async fn record(app: &App, caller: &Caller, id: PatientId) -> Result<PatientRecord, WireError> {
    let (p, insi) = app
        .store
        .patient_with_insi(id)
        .await?
        .ok_or_else(|| WireError::not_found(format!("le patient n° {id} n'existe pas")))?;
    let dossiers = app.store.last_dossiers(id, 50).await?;
    let place = p.traits.birth_place.as_ref();
    Ok(PatientRecord {
        id,
        version: p.version,
        birth_place_label: place.map(|c| place_label(app, c, &p)),
        age: p.traits.birth_date.age(app.env.today()),
        status: p.status(),
        missing: p.state.missing(),
        ins: p.ins.as_ref().filter(|_| caller.may(Right::SeeIns)).map(|i| InsView {
            matricule: i.matricule.clone(),
            grouped: i.matricule.grouped(),
            oid: i.oid,
            nature: i.oid.nature(),
            recovered_at: i.recovered_at,
            verified_at: i.verified_at,
        }),
        insi,
        traits_locked: app.config.identity.site().traits_locked(p.state, caller.may(Right::EditStrictTraits)),
        dossiers,
        receivers: app.store.receivers(id).await?,
        effects: vec![],
        state: p.state,
        traits: p.traits,
        used: p.used,
        phone: p.phone,
        social_security: p.social_security,
        degraded: p.degraded,
        proof: p.proof,
        consent: p.consent,
        created_at: p.created_at,
    })
}

fn place_label(app: &App, code: &CogCode, p: &Patient) -> String {
    app.cog.label(code.as_str(), Some(&p.traits.birth_date)).unwrap_or_else(|| "code reçu d'INSi".to_owned())
}

/// Opens a record: the view is journalled, and INSi is called in the background when that helps (RET-02).
///
/// A record that was merged into another leads to that one.
pub async fn open(app: &App, caller: &Caller, id: PatientId) -> Result<PatientRecord, WireError> {
    let id = app.store.resolve_patient(id).await?;
    let patient = load(app, id).await?;
    let act = caller.act(
        app.env.now(),
        "patient-view",
        format!("patient:{id}"),
        json!({ "with_ins": patient.ins.is_some() && caller.may(Right::SeeIns) }),
    );
    app.store.journal(act).await?;
    call_if_useful(app, caller, &patient).await?;
    record(app, caller, id).await
}

/// Queues a call to INSi for an identity that was never asked about, when the service is configured and the caller may.
pub async fn call_if_useful(app: &App, caller: &Caller, p: &Patient) -> Result<(), WireError> {
    let useful = !p.state.from_insi && callable(p).is_ok() && app.gates().insi && caller.may(Right::CallInsi);
    if !useful {
        return Ok(());
    }
    let never = app
        .store
        .patient_with_insi(p.id)
        .await?
        .is_some_and(|(_, insi)| matches!(insi, InsiState::NotCalled));
    if never {
        queue_call(app, &caller.user.login, p).await?;
    }
    Ok(())
}

/// Why INSi cannot be asked about this identity.
fn callable(p: &Patient) -> Result<(), WireError> {
    if !p.state.may_call_insi() {
        return Err(WireError::refused("une identité douteuse ou fictive ne s'interroge pas dans INSi")
            .hint("lever d'abord l'attribut"));
    }
    if p.traits.sex == paillasse_shared::domain::identity::Sex::I {
        return Err(WireError::refused("INSi ne connaît que les sexes M et F : l'appel n'est pas possible"));
    }
    Ok(())
}

/// Queues the call; by the card of the workstation when it is the patient's and nothing else was wished (RET-01).
async fn queue_call(app: &App, by: &str, p: &Patient) -> Result<bool, WireError> {
    let id = p.id;
    if app.cards.wish(id).is_none() {
        app.cards.offer(by, p, app.env.now());
    }
    let changed = app.store.queue_insi(id, by.to_owned(), app.env.now(), app.gates()).await?;
    app.tell(Event::InsiChanged { patient: id, asked_by: by.to_owned() });
    app.tell_orders(&changed);
    Ok(!changed.orders.is_empty())
}

/// How long the end of the former call is waited for.
const FORMER_CALL: std::time::Duration = std::time::Duration::from_secs(2);

/// Queues the call. The order of a call that has just answered may still be open: its end is waited for.
async fn queue_after_former(app: &App, by: &str, p: &Patient) -> Result<(), WireError> {
    let mut events = app.events.subscribe();
    let until = tokio::time::Instant::now() + FORMER_CALL;
    loop {
        let queued = queue_call(app, by, p).await?;
        let insi = app.store.patient_with_insi(p.id).await?.map_or(InsiState::NotCalled, |(_, i)| i);
        let there = matches!(
            insi,
            InsiState::Waiting { .. } | InsiState::Running { .. } | InsiState::ToDecide { .. }
        );
        if queued || there {
            if matches!(insi, InsiState::ToDecide { .. }) {
                // The return came at this very moment: no call will use the card that was offered.
                app.cards.forget(p.id);
            }
            return Ok(());
        }
        loop {
            match tokio::time::timeout_at(until, events.recv()).await {
                Ok(
                    Ok(Event::OrderChanged { .. }) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)),
                ) => {
                    break;
                }
                Ok(Ok(_)) => {}
                Ok(Err(_)) | Err(_) => return Ok(()),
            }
        }
    }
}

/// Calls INSi: queued, and awaited when asked.
pub async fn fetch(app: &App, caller: &Caller, p: FetchParams) -> Result<FetchState, WireError> {
    caller.require(Right::CallInsi)?;
    let patient = load(app, p.id).await?;
    callable(&patient)?;
    if patient.state.from_insi {
        return Err(WireError::refused("cette identité vient déjà d'INSi")
            .hint("la vérification périodique s'en charge"));
    }
    let mut events = app.events.subscribe();
    // A return that waits for a decision is looked at before INSi is asked anew: refusing it opens the way.
    let waits = app
        .store
        .patient_with_insi(p.id)
        .await?
        .is_some_and(|(_, insi)| matches!(insi, InsiState::ToDecide { .. }));
    if waits {
        app.cards.forget(p.id);
    } else {
        queue_after_former(app, &caller.user.login, &patient).await?;
    }
    loop {
        let insi = app.store.patient_with_insi(p.id).await?.map_or(InsiState::NotCalled, |(_, i)| i);
        let settled = !matches!(insi, InsiState::Waiting { words: None, .. } | InsiState::Running { .. });
        if !p.wait || settled {
            return Ok(FetchState { insi });
        }
        // The deadline of the request ends the wait; the call itself goes on.
        loop {
            match events.recv().await {
                Ok(Event::InsiChanged { patient, .. }) if patient == p.id => break,
                Ok(Event::Stopping) | Err(tokio::sync::broadcast::error::RecvError::Closed) => {
                    return Ok(FetchState { insi });
                }
                Ok(_) => {}
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => break,
            }
        }
    }
}

fn compare_with(app: &App, p: &Patient, r: &StoredReturn) -> compare::Comparison {
    let relation = match (&p.traits.birth_place, &r.insi.birth_place) {
        (Some(mine), Some(theirs)) => {
            app.cog.relation(mine.as_str(), theirs.as_str(), Some(&r.insi.birth_date))
        }
        _ => compare::PlaceRelation::Different,
    };
    let label = |code: &str| match app.cog.label(code, Some(&r.insi.birth_date)) {
        Some(name) => format!("{code} {name}"),
        None => format!("{code} (code reçu d'INSi)"),
    };
    compare::compare(&p.traits, p.ins.as_ref().map(|i| (&i.matricule, i.oid)), &r.insi, &relation, label)
}

/// The return that waits for a decision, field by field.
pub async fn pending(app: &App, caller: &Caller, id: PatientId) -> Result<PendingReturn, WireError> {
    caller.require(Right::SeeIns)?;
    let p = load(app, id).await?;
    let (r, held_by, also_known) =
        app.store.pending_return(id).await?.ok_or_else(|| {
            WireError::not_found("aucun retour d'INSi n'attend de décision pour ce patient")
        })?;
    let comparison = compare_with(app, &p, &r);
    Ok(PendingReturn {
        id: r.id,
        patient: id,
        at: r.at,
        how: r.how,
        insi: r.insi,
        comparison,
        held_by,
        also_known,
    })
}

fn refused(e: impl std::fmt::Display) -> WireError {
    WireError::refused(e.to_string())
}

/// Carries out a transition: what the effects say is done to the record, documents follow, orders follow.
#[expect(clippy::too_many_arguments, reason = "the parts of one change")]
async fn carry_out(
    app: &App,
    caller: &Caller,
    mut after: Patient,
    transition: Transition,
    what: String,
    insi: Option<InsiState>,
    decided: Option<(paillasse_shared::domain::ids::ReturnId, &'static str)>,
    act: crate::store::Act,
) -> Result<PatientRecord, WireError> {
    let id = after.id;
    let has = |e: Effect| transition.effects.contains(&e);
    after.state = transition.to;
    let ins_dropped = has(Effect::InsDropped).then(|| what.clone());
    if ins_dropped.is_some() {
        after.ins = None;
    }
    if has(Effect::ProofDropped) {
        after.proof = None;
    }
    let reissued = reporting::reissue(app, &after).await?;
    let change = IdentityChange {
        patient: after,
        what,
        status_from: Some(transition.from.status()),
        ins_dropped,
        insi,
        decided,
        reissued,
        act,
    };
    let (_, changed) = app.store.change_identity(change, app.gates()).await?;
    app.tell(Event::PatientChanged { patient: id });
    app.tell_orders(&changed);
    Ok(PatientRecord { effects: transition.effects, ..record(app, caller, id).await? })
}

/// Changes strict traits (STA-09, STA-12).
pub async fn edit_traits(
    app: &App,
    caller: &Caller,
    params: EditTraitsParams,
) -> Result<PatientRecord, WireError> {
    caller.require(Right::Register)?;
    let mut p = load(app, params.id).await?;
    if p.version != params.version {
        return Err(WireError::new(ErrorKind::Conflict, "une autre personne vient de modifier cette fiche")
            .hint("relire la fiche, puis refaire le geste si besoin"));
    }
    let traits = reception::read_traits(&params.traits, app.env.today())?;
    if traits == p.traits {
        return record(app, caller, p.id).await;
    }
    let degraded = desk::degraded(app, params.traits.degraded.as_deref())?;
    if p.traits.birth_place.is_some() {
        desk::needs_place(&traits)?;
    }
    let privileged = caller.may(Right::EditStrictTraits);
    let transition = p.state.apply(StateEvent::StrictTraitEdited { privileged }).map_err(refused)?;
    let motive = params.motive.as_deref().or(degraded.as_deref()).map(str::trim).filter(|m| !m.is_empty());
    if p.state.traits_locked() && motive.is_none() {
        return Err(WireError::invalid("motive", "dire pourquoi ces traits sont modifiés"));
    }
    let now = app.env.now();
    let act = caller.act(
        now,
        "patient-edit-traits",
        format!("patient:{}", p.id),
        json!({ "before": p.traits, "after": traits, "motive": motive, "degraded": degraded }),
    );
    let what = match &degraded {
        Some(why) => format!("Traits modifiés en procédure dégradée : {why}"),
        None => format!("Traits modifiés{}", motive.map(|m| format!(" : {m}")).unwrap_or_default()),
    };
    p.traits = traits;
    p.degraded = degraded.or(p.degraded);
    let patient = p.clone();
    let after = carry_out(app, caller, p, transition, what, Some(InsiState::NotCalled), None, act).await?;
    call_if_useful(app, caller, &Patient { state: after.state, ..patient }).await?;
    Ok(PatientRecord { effects: after.effects, ..record(app, caller, params.id).await? })
}

/// Sets or removes an attribute (STA-05, STA-06).
pub async fn set_attribute(
    app: &App,
    caller: &Caller,
    params: SetAttributeParams,
) -> Result<PatientRecord, WireError> {
    caller.require(desk::right_of(params.attribute))?;
    let p = load(app, params.id).await?;
    let event = StateEvent::AttributeChanged { attribute: params.attribute, on: params.on };
    let transition = p.state.apply(event).map_err(refused)?;
    let motive = params.motive.as_deref().map(str::trim).filter(|m| !m.is_empty());
    if params.attribute != Attribute::Homonyme && motive.is_none() {
        return Err(WireError::invalid("motive", "dire pourquoi cet attribut change"));
    }
    let act = caller.act(
        app.env.now(),
        "patient-attribute",
        format!("patient:{}", p.id),
        json!({ "attribute": params.attribute, "before": !params.on, "after": params.on, "motive": motive }),
    );
    let verb = if params.on { "posé" } else { "retiré" };
    let why = motive.map(|m| format!(" : {m}")).unwrap_or_default();
    let what = format!("Attribut « {} » {verb}{why}", params.attribute.label());
    carry_out(app, caller, p, transition, what, None, None, act).await
}

/// Accepts the return: strict traits are stored exactly as INSi returned them (STA-18).
pub async fn accept(app: &App, caller: &Caller, params: DecideParams) -> Result<PatientRecord, WireError> {
    caller.require(Right::CallInsi)?;
    let mut p = load(app, params.id).await?;
    let (r, ..) = app
        .store
        .pending_return(p.id)
        .await?
        .filter(|(r, ..)| params.return_id.is_none_or(|id| id == r.id))
        .ok_or_else(|| {
            WireError::new(ErrorKind::Conflict, "ce retour d'INSi n'attend plus de décision")
                .hint("relire la fiche")
        })?;
    let comparison = compare_with(app, &p, &r);
    let contradicted: Vec<TraitField> = comparison
        .fields
        .iter()
        .filter(|f| f.level == Level::Different && f.field != TraitField::Matricule)
        .map(|f| f.field)
        .collect();
    let grave = contradicted
        .iter()
        .any(|f| matches!(f, TraitField::BirthName | TraitField::BirthDate | TraitField::Sex));
    if grave && !params.despite_contradiction {
        return Err(WireError::refused("INSi contredit le nom, la date de naissance ou le sexe saisis")
            .hint("vérifier avec le patient, puis confirmer l'acceptation malgré la contradiction"));
    }
    // The appli carte Vitale is a proof of identity by itself; the plastic card is not (STA-19).
    let by_phone = r.mode == CardSource::Apcv.mode();
    let event = if by_phone { StateEvent::ApcvRead } else { StateEvent::InsiAccepted };
    let mut transition = p.state.apply(event).map_err(refused)?;
    if !contradicted.is_empty() && p.state.validated && !by_phone {
        // The device was checked against other traits: it no longer proves this identity (E2).
        let before = p.state;
        let mut without = before;
        without.validated = false;
        transition = without.apply(StateEvent::InsiAccepted).map_err(refused)?;
        transition.from = before;
        transition.effects.insert(0, Effect::ProofDropped);
    }
    let now = app.env.now();
    let traits = r.insi.to_traits(&p.traits.first_name);
    let act = caller.act(
        now,
        "insi-accept",
        format!("patient:{}", p.id),
        json!({ "return": r.id, "mode": r.mode, "before": p.traits, "after": traits, "oid": r.insi.oid }),
    );
    p.traits = traits;
    p.ins = Some(StoredIns {
        matricule: r.insi.matricule.clone(),
        oid: r.insi.oid,
        recovered_at: now,
        verified_at: None,
    });
    if by_phone {
        p.proof = Some(Proof {
            device: DeviceKind::Apcv,
            label: DeviceKind::Apcv.label().to_owned(),
            partner: None,
            parent_device: None,
            checked_at: now,
            checked_by: caller.user.login.clone(),
        });
    }
    let insi = Some(InsiState::Accepted { at: now });
    if let Some(code) = p.traits.birth_place.as_ref().filter(|c| !app.cog.contains(c.as_str())) {
        // Accepted as it is; the administrator learns that the reference lacks it (COG-03).
        app.store.note_unknown_place(code.as_str().to_owned(), p.id, now).await?;
    }
    carry_out(
        app,
        caller,
        p,
        transition,
        "Identité INSi acceptée".into(),
        insi,
        Some((r.id, "accepted")),
        act,
    )
    .await
}

/// Refuses the return; the identity stays as it is.
pub async fn refuse(app: &App, caller: &Caller, params: DecideParams) -> Result<PatientRecord, WireError> {
    caller.require(Right::CallInsi)?;
    let p = load(app, params.id).await?;
    let (r, ..) = app
        .store
        .pending_return(p.id)
        .await?
        .filter(|(r, ..)| params.return_id.is_none_or(|id| id == r.id))
        .ok_or_else(|| WireError::not_found("aucun retour d'INSi n'attend de décision pour ce patient"))?;
    let now = app.env.now();
    let act = caller.act(
        now,
        "insi-refuse",
        format!("patient:{}", p.id),
        json!({ "return": r.id, "motive": params.motive }),
    );
    let transition = Transition { from: p.state, to: p.state, effects: vec![] };
    let insi = Some(InsiState::Refused { at: now });
    carry_out(app, caller, p, transition, "Identité INSi refusée".into(), insi, Some((r.id, "refused")), act)
        .await
}

/// Records a device that was shown, and so validates the identity (STA-03, STA-04, INS-26).
pub async fn qualify(app: &App, caller: &Caller, params: QualifyParams) -> Result<PatientRecord, WireError> {
    caller.require(Right::QualifyIdentity)?;
    let mut p = load(app, params.id).await?;
    if params.device == DeviceKind::Apcv {
        return Err(WireError::refused("l'appli carte Vitale se lit, elle ne se déclare pas")
            .hint("la lire : l'identité est qualifiée par la lecture même"));
    }
    let site = app.config.identity.site();
    let rule = |kind, field: &str| {
        site.device(kind).cloned().ok_or_else(|| {
            WireError::invalid(field, "ce document n'est pas dans la liste du laboratoire")
                .hint("la liste : paillasse ins documents")
        })
    };
    let device = rule(params.device, "device")?;
    if device.with_parent {
        let parent = params.parent_device.ok_or_else(|| {
            WireError::invalid("parent_device", "ce document vaut pour un mineur, avec la pièce d'un parent")
                .hint("choisir aussi la pièce du parent")
        })?;
        let parent = rule(parent, "parent_device")?;
        if !parent.high_confidence || parent.with_parent {
            return Err(WireError::invalid(
                "parent_device",
                "la pièce du parent doit être une pièce d'identité",
            ));
        }
        if p.traits.birth_date.age(app.env.today()).is_some_and(|a| a >= 18) {
            return Err(WireError::refused("ce document ne vaut que pour un mineur"));
        }
    }
    let event = StateEvent::DeviceChecked { high_confidence: device.high_confidence };
    let mut transition = p.state.apply(event).map_err(|e| {
        refused(e).hint("carte nationale d'identité, passeport ou titre de séjour ; un permis ne suffit pas")
    })?;
    let manual = !site.validate_on_document && !p.state.validated;
    if manual {
        // Recorded only: validating is another act (STA-14).
        transition = Transition { from: p.state, to: p.state, effects: vec![] };
    }
    let now = app.env.now();
    let proof = Proof {
        device: params.device,
        parent_device: params.parent_device,
        checked_at: now,
        checked_by: caller.user.login.clone(),
        label: device.label.clone(),
        partner: None,
    };
    let act = caller.act(
        now,
        if manual { "identity-document" } else { "identity-qualify" },
        format!("patient:{}", p.id),
        json!({ "before": p.proof, "after": proof }),
    );
    p.proof = Some(proof);
    let what = if manual {
        format!("Pièce enregistrée, identité à valider : {}", device.label)
    } else {
        format!("Pièce contrôlée : {}", device.label)
    };
    carry_out(app, caller, p, transition, what, None, None, act).await
}

/// Validates an identity on the document recorded, where the site keeps the two acts apart (STA-14).
pub async fn validate(app: &App, caller: &Caller, id: PatientId) -> Result<PatientRecord, WireError> {
    caller.require(Right::QualifyIdentity)?;
    let p = load(app, id).await?;
    let Some(proof) = p.proof.clone() else {
        return Err(WireError::refused("aucune pièce d'identité n'est enregistrée")
            .hint("enregistrer d'abord la pièce vue"));
    };
    if p.state.validated {
        return Err(WireError::refused("cette identité est déjà validée"));
    }
    // The level is read anew: the list may have changed since the document was recorded.
    let high_confidence = app.config.identity.site().device(proof.device).is_some_and(|d| d.high_confidence);
    let transition = p.state.apply(StateEvent::DeviceChecked { high_confidence }).map_err(refused)?;
    let act =
        caller.act(app.env.now(), "identity-qualify", format!("patient:{id}"), json!({ "proof": proof }));
    let what = format!("Identité validée sur pièce : {}", proof.words());
    carry_out(app, caller, p, transition, what, None, None, act).await
}

/// Returns that wait for somebody.
pub async fn worklist(app: &App) -> Result<Worklist, WireError> {
    Ok(Worklist { items: app.store.insi_worklist().await? })
}

/// Former matricules, for who may see an INS.
pub async fn matricules(app: &App, caller: &Caller, id: PatientId) -> Result<Matricules, WireError> {
    caller.require(Right::SeeIns)?;
    let id = load(app, app.store.resolve_patient(id).await?).await?.id;
    Ok(Matricules { former: app.store.former_matricules(id).await? })
}

/// Figures about the calls, latest month first (RET-16).
pub async fn stats(app: &App, p: StatsParams) -> Result<Stats, WireError> {
    let wrong = || WireError::invalid("months", "de 1 à 60 mois");
    let months = p.months.unwrap_or(12);
    if !(1..=60).contains(&months) {
        return Err(wrong());
    }
    let mut lines = Vec::new();
    let mut first = app.env.today().first_of_month();
    for _ in 0..months {
        let next = first.checked_add(jiff::Span::new().months(1)).map_err(|_| wrong())?;
        let instant = |d: jiff::civil::Date| {
            d.to_zoned(app.env.zone().clone()).map(|z| z.timestamp()).map_err(|_| wrong())
        };
        let month = first.strftime("%Y-%m").to_string();
        lines.extend(app.store.insi_calls(month, instant(first)?, instant(next)?).await?);
        first = first.checked_sub(jiff::Span::new().months(1)).map_err(|_| wrong())?;
    }
    Ok(Stats { lines })
}
