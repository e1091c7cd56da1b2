//! Verification of identities that came from INSi: after some years, at each event for a NIA, on demand.
//!
//! The contract of the national verification operations is not public: [`Verdict`] is the seam. What stands behind it
//! here is « verification by recovery »: the traits that INSi gave are asked again, with the place of birth; the answer
//! must be the same matricule, authority and traits. It uses only the published contract, one identity at a time.

use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use paillasse_connectors::insi::{CallOrigin, InsiErrorKind, InsiReturn, TraitsQuery, sequence};
use paillasse_shared::domain::identity::status::Effect;
use paillasse_shared::domain::identity::{DeviceKind, Event as StateEvent, InsNature, Insi};
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::domain::order::{Reason, Service};
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::event::Event;
use paillasse_shared::protocol::ins::{VerifyParams, VerifyQueued};
use paillasse_shared::protocol::patient::InsiState;
use serde_json::json;
use tokio::sync::watch;

use super::insi::{self, Round};
use super::{App, Caller, inbound_verification, reporting};
use crate::clients::Clients;
use crate::outbox::Outcome;
use crate::store::identity::{IdentityChange, InsiOutcome};
use crate::store::outbox::Claimed;
use crate::store::patients::{Patient, StoredIns};

/// What a verification says of a stored identity. Pure; see [`verdict`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The same person, the same traits.
    Confirmed,
    /// The waiting number became a NIR; the traits are the same (E15).
    NiaReplaced,
    /// The same matricule, but other traits: a person decides.
    TraitsChanged,
    /// Another matricule: a person decides.
    OtherPerson,
}

/// Compares a stored identity with what INSi returns for its traits now.
#[must_use]
pub fn verdict(p: &Patient, returned: &Insi) -> Verdict {
    let same_traits = returned.to_traits(&p.traits.first_name) == p.traits
        || (returned.birth_place.is_none() && {
            let mut without = p.traits.clone();
            without.birth_place = None;
            returned.to_traits(&p.traits.first_name) == without
        });
    match &p.ins {
        Some(ins) if ins.matricule == returned.matricule && ins.oid == returned.oid => {
            if same_traits {
                Verdict::Confirmed
            } else {
                Verdict::TraitsChanged
            }
        }
        Some(ins)
            if ins.oid.nature() == InsNature::Nia
                && returned.oid.nature() == InsNature::Nir
                && same_traits =>
        {
            Verdict::NiaReplaced
        }
        _ => Verdict::OtherPerson,
    }
}

/// Queues a verification at an event when the matricule is a NIA (VER-02).
pub async fn at_event(app: &App, p: &Patient) -> Result<(), WireError> {
    let waiting = p.ins.as_ref().is_some_and(|i| i.oid.nature() == InsNature::Nia);
    if waiting && app.gates().insi {
        queue(app, "paillassed", vec![(p.id, app.env.now())]).await?;
    }
    Ok(())
}

async fn queue(app: &App, by: &str, wanted: Vec<(PatientId, Timestamp)>) -> Result<u64, WireError> {
    let (queued, changed) =
        app.store.queue_verifications(wanted, by.to_owned(), app.env.now(), app.gates()).await?;
    app.tell_orders(&changed);
    Ok(queued)
}

/// Queues verifications on demand (INS-28, VER-01).
pub async fn verify(app: &App, caller: &Caller, p: VerifyParams) -> Result<VerifyQueued, WireError> {
    caller.require(Right::CallInsi)?;
    let now = app.env.now();
    let mut queued = 0;
    if !p.ids.is_empty() {
        let wanted = p.ids.into_iter().take(100_000).map(|id| (id, now)).collect();
        queued += queue(app, &caller.user.login, wanted).await?;
    }
    if p.due {
        queued += plan(app, &caller.user.login).await?;
    }
    Ok(VerifyQueued { queued })
}

/// Queues what is due by its age, spread over the coming night.
pub async fn plan(app: &App, by: &str) -> Result<u64, WireError> {
    let settings = &app.config.verification;
    let now = app.env.now();
    let zoned = now.to_zoned(app.env.zone().clone());
    let before = zoned
        .checked_sub(i64::from(settings.after_years).years())
        .map_or(Timestamp::UNIX_EPOCH, |z| z.timestamp());
    let due = app.store.identities_to_verify(before, settings.per_night).await?;
    let (start, end) = night(app, now);
    let span = end.as_millisecond().saturating_sub(start.as_millisecond());
    let n = i64::try_from(due.len()).unwrap_or(i64::MAX).max(1);
    let wanted = due
        .into_iter()
        .zip(0i64..)
        .map(|(id, i)| {
            let at = start.as_millisecond().saturating_add(span.saturating_mul(i) / n);
            (id, Timestamp::from_millisecond(at).unwrap_or(start))
        })
        .collect();
    queue(app, by, wanted).await
}

/// The coming night (or what is left of this one), as the configuration says.
fn night(app: &App, now: Timestamp) -> (Timestamp, Timestamp) {
    let settings = &app.config.verification;
    let today = now.to_zoned(app.env.zone().clone()).date();
    let at = |day: jiff::civil::Date, hour: i8| {
        let (day, hour) = if hour >= 24 { (day.saturating_add(1.day()), 0) } else { (day, hour) };
        day.at(hour, 0, 0, 0).to_zoned(app.env.zone().clone()).map_or(now, |z| z.timestamp())
    };
    let (start, end) = (at(today, settings.from_hour), at(today, settings.to_hour));
    if now < end {
        return (start.max(now), end);
    }
    let tomorrow = today.saturating_add(1.day());
    (at(tomorrow, settings.from_hour), at(tomorrow, settings.to_hour))
}

/// Plans each night: one wake-up a day.
pub async fn every_night(app: App, mut stop: watch::Receiver<bool>) {
    loop {
        if app.gates().insi
            && let Err(e) = plan(&app, "paillassed").await
        {
            tracing::error!(kind = ?e.kind, "verifications not planned");
        }
        let (start, _) = night(&app, app.env.now());
        let wait = start.as_millisecond().saturating_sub(app.env.now().as_millisecond()).max(0);
        // At the least an hour, so that a night in progress is not planned again and again.
        let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0)).max(Duration::from_secs(3600));
        tokio::select! {
            () = crate::stopped(&mut stop) => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// The worker of a verification.
pub async fn run(app: &App, clients: &Clients, order: &Claimed) -> Outcome {
    if let Some(received) = order.payload.get("received").and_then(serde_json::Value::as_i64) {
        return inbound_verification::verify(app, clients, order, received).await;
    }
    let Some(client) = &clients.insi else {
        return Outcome::Held { reason: Reason::NotConfigured { service: Service::Verify } };
    };
    let patient = match app.store.patient(order.patient).await {
        Ok(Some(p)) if p.ins.is_some() => p,
        Ok(_) => return Outcome::Delivered { receipt: "sans objet".into() },
        Err(e) => return Outcome::Retry { words: e.to_string(), transport: false },
    };
    let mut round = Round::new(app, client, order, CallOrigin::Auto);
    let query = TraitsQuery {
        birth_name: patient.traits.birth_name.clone(),
        given_name: patient.traits.first_name.clone(),
        sex: patient.traits.sex,
        birth_date: patient.traits.birth_date.clone(),
        birth_place: patient.traits.birth_place.clone().filter(|c| !c.is_unknown()),
    };
    let ended = match round.ask(&query).await {
        Ok(InsiReturn::Found(found)) => Ok(Some(found)),
        // Not confirmed as it stands: recovery with the local traits, the whole sequence (VER-03).
        Ok(InsiReturn::NotFound | InsiReturn::Several) => match round.search(&patient.traits).await {
            Ok((sequence::Verdict::Found, found)) => Ok(found),
            Ok(_) => Ok(None),
            Err(kind) => Err(kind),
        },
        Err(kind) => Err(kind),
    };
    let traces = round.traces();
    match ended {
        Err(kind) => fault(app, order, traces, &kind).await,
        Ok(None) => settle(app, order, &patient, traces, None).await,
        Ok(Some(found)) => settle(app, order, &patient, traces, Some(*found)).await,
    }
}

/// A fault changes nothing; the verification is tried again later.
async fn fault(
    app: &App,
    order: &Claimed,
    traces: Vec<crate::store::identity::InsiTrace>,
    kind: &InsiErrorKind,
) -> Outcome {
    if let Err(e) = app.store.record_traces(order.patient, traces).await {
        tracing::error!(error = %e, "INSi trace not recorded");
    }
    Outcome::Retry { words: insi::words(kind), transport: matches!(kind, InsiErrorKind::Transport(_)) }
}

/// Carries out what the verification says.
async fn settle(
    app: &App,
    order: &Claimed,
    patient: &Patient,
    traces: Vec<crate::store::identity::InsiTrace>,
    found: Option<Insi>,
) -> Outcome {
    let now = app.env.now();
    let verdict = found.as_ref().map(|f| verdict(patient, f));
    if let Some(Verdict::TraitsChanged | Verdict::OtherPerson) = verdict {
        // The INS is kept « à contrôler »: what needs it waits until a person has looked (gate).
        let outcome = InsiOutcome {
            patient: patient.id,
            asked: None,
            state: InsiState::ToDecide { since: now },
            returned: found.map(|f| (f, "à la vérification de l'identité".to_owned(), "verification")),
            traces,
            at: now,
        };
        return match app.store.record_insi_and_reevaluate(outcome, app.gates()).await {
            Ok(changed) => {
                app.tell(Event::InsiChanged { patient: patient.id, asked_by: order.asked_by.clone() });
                app.tell_orders(&changed);
                Outcome::Delivered { receipt: "à contrôler".into() }
            }
            Err(e) => Outcome::Retry { words: e.to_string(), transport: false },
        };
    }
    if let Err(e) = app.store.record_traces(patient.id, traces).await {
        return Outcome::Retry { words: e.to_string(), transport: false };
    }
    let (event, what, word) = match verdict {
        Some(Verdict::NiaReplaced) => {
            (StateEvent::MatriculeReplaced, "NIA remplacé par un NIR", "NIA remplacé")
        }
        Some(_) => (StateEvent::VerificationOk, "Identité vérifiée par INSi", "OK"),
        // The word of a partner goes with the INS that it stood for (VER-06).
        None if patient.proof.as_ref().is_some_and(|p| p.device == DeviceKind::ThirdParty) => {
            (StateEvent::PartnerRefuted, "INSi ne reconnaît pas l'identité reçue", "KO")
        }
        None => (StateEvent::VerificationFailed, "INSi ne reconnaît plus cette identité", "KO"),
    };
    match apply(app, patient, event, what, found, now).await {
        Ok(()) => Outcome::Delivered { receipt: word.to_owned() },
        Err(e) => Outcome::Retry { words: e.cause, transport: false },
    }
}

async fn apply(
    app: &App,
    patient: &Patient,
    event: StateEvent,
    what: &str,
    found: Option<Insi>,
    now: Timestamp,
) -> Result<(), WireError> {
    let transition = patient.state.apply(event).map_err(|e| WireError::refused(e.to_string()))?;
    let mut after = patient.clone();
    after.state = transition.to;
    let mut dropped = None;
    match (event, found) {
        (StateEvent::MatriculeReplaced, Some(f)) => {
            dropped = Some(what.to_owned());
            after.ins = Some(StoredIns {
                matricule: f.matricule,
                oid: f.oid,
                recovered_at: now,
                verified_at: Some(now),
            });
        }
        (StateEvent::VerificationFailed | StateEvent::PartnerRefuted, _) => {
            dropped = Some(what.to_owned());
            after.ins = None;
        }
        _ => {
            if let Some(ins) = &mut after.ins {
                ins.verified_at = Some(now);
            }
        }
    }
    if transition.effects.contains(&Effect::ProofDropped) {
        after.proof = None;
    }
    let insi = matches!(event, StateEvent::VerificationFailed | StateEvent::PartnerRefuted)
        .then_some(InsiState::NotFound { at: now });
    let id = patient.id;
    let reissued = reporting::reissue(app, &after).await?;
    let act = Caller::automatic().act(
        now,
        "identity-verified",
        format!("patient:{id}"),
        json!({ "outcome": what, "effects": transition.effects }),
    );
    let change = IdentityChange {
        patient: after,
        what: what.to_owned(),
        status_from: Some(transition.from.status()),
        ins_dropped: dropped,
        insi,
        decided: None,
        reissued,
        act,
    };
    let (_, changed) = app.store.change_identity(change, app.gates()).await?;
    app.tell(Event::PatientChanged { patient: id });
    app.tell_orders(&changed);
    Ok(())
}
