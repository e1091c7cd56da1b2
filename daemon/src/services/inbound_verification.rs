//! What INSi says of an INS that another party sent, and what follows for the record and for what waits (VER-05 to VER-08).
//!
//! Invariant: the order of verification is the only way from an INS set aside to a record; the outcome is decided by the
//! table of `domain::identity::inbound`. Taking the message in is [`super::inbound_identity`].

use paillasse_connectors::insi::{CallOrigin, InsiErrorKind, InsiReturn, TraitsQuery, sequence};
use paillasse_shared::domain::identity::inbound::{Checked, Settlement, on_verdict};
use paillasse_shared::domain::identity::{Event as StateEvent, Insi, StrictTraits};
use paillasse_shared::domain::order::{Reason, Service};
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::event::Event;
use paillasse_shared::protocol::inbox::InboxState;
use paillasse_shared::protocol::patient::InsiState;
use serde_json::json;

use super::inbound_identity::third_party;
use super::insi::{self, Round};
use super::{App, Caller, reporting, results_in};
use crate::clients::Clients;
use crate::outbox::Outcome;
use crate::store::identity::{IdentityChange, InsiOutcome};
use crate::store::inbound::{Aside, Purpose, Standing};
use crate::store::outbox::Claimed;
use crate::store::patients::{Patient, StoredIns};

/// The worker: asks INSi about an INS set aside, and does what follows.
pub async fn verify(app: &App, clients: &Clients, order: &Claimed, id: i64) -> Outcome {
    let Some(client) = &clients.insi else {
        return Outcome::Held { reason: Reason::NotConfigured { service: Service::Verify } };
    };
    let retry = |e: &dyn std::fmt::Display| Outcome::Retry { words: e.to_string(), transport: false };
    let rows = match app.store.set_aside(id).await {
        Ok(rows) => rows,
        Err(e) => return retry(&e),
    };
    let Some(first) = rows.first() else { return Outcome::Delivered { receipt: "sans objet".into() } };
    let patient = match app.store.patient(first.patient).await {
        Ok(Some(p)) => p,
        Ok(None) => return Outcome::Delivered { receipt: "sans objet".into() },
        Err(e) => return retry(&e),
    };
    let already =
        patient.ins.as_ref().is_some_and(|i| i.matricule == first.said.matricule && i.oid == first.said.oid);
    if already {
        // Recovered here meanwhile.
        let found = finish(app, order, &rows, Standing::Known, &patient, "déjà récupéré ici").await;
        return found
            .map_or_else(|e| retry(&e.cause), |()| Outcome::Delivered { receipt: "déjà connu".into() });
    }
    let mut round = Round::new(app, client, order, CallOrigin::Auto);
    let answer = ask(&mut round, &first.said.traits).await;
    let traces = round.traces();
    if let Err(e) = app.store.record_traces(patient.id, traces).await {
        return retry(&e);
    }
    let found = match answer {
        Ok(found) => found.filter(|f| f.matricule == first.said.matricule && f.oid == first.said.oid),
        Err(kind) => {
            // Care does not wait for INSi: what came with the INS is filed, and the question stays.
            for a in rows.iter().filter(|a| a.purpose == Purpose::Results) {
                if let Err(e) = results_in::refile_after_verification(app, a.message, false).await {
                    tracing::warn!(message = a.message.0, kind = ?e.kind, "results not filed without their INS");
                }
            }
            let transport = matches!(kind, InsiErrorKind::Transport(_));
            return Outcome::Retry { words: insi::words(&kind), transport };
        }
    };
    match settle(app, order, &rows, &patient, found).await {
        Ok(word) => Outcome::Delivered { receipt: word.to_owned() },
        Err(e) => retry(&e.cause),
    }
}

/// One question with all that was said, then the whole sequence.
async fn ask(round: &mut Round<'_>, traits: &StrictTraits) -> Result<Option<Insi>, InsiErrorKind> {
    let query = TraitsQuery {
        birth_name: traits.birth_name.clone(),
        given_name: traits.first_name.clone(),
        sex: traits.sex,
        birth_date: traits.birth_date.clone(),
        birth_place: traits.birth_place.clone().filter(|c| !c.is_unknown()),
    };
    if let InsiReturn::Found(found) = round.ask(&query).await? {
        return Ok(Some(*found));
    }
    Ok(match round.search(traits).await? {
        (sequence::Verdict::Found, found) => found.map(|f| *f),
        _ => None,
    })
}

async fn settle(
    app: &App,
    order: &Claimed,
    rows: &[Aside],
    patient: &Patient,
    found: Option<Insi>,
) -> Result<&'static str, WireError> {
    let Some(first) = rows.first() else { return Ok("sans objet") };
    let identity = rows.iter().any(|a| a.purpose == Purpose::Identity);
    let checked = match &found {
        None => Checked::Refused,
        Some(f) if f.impossible().is_some() => Checked::Refused,
        Some(f) if insi::is_exact(app, patient, f) => Checked::Confirmed,
        Some(_) => Checked::OtherTraits,
    };
    let (standing, word, why) = match (checked, found) {
        (Checked::Refused, _) | (_, None) => {
            (Standing::Refused, "KO", "INSi ne reconnaît pas l'INS reçu : rien n'en est repris")
        }
        (checked, Some(found)) if identity => {
            match on_verdict(patient.state, first.said.claim, first.said.trusted, checked) {
                Settlement::Attach { qualified } => {
                    let attached = attach_ins(app, patient, &first.sender, qualified, found).await;
                    match attached {
                        Ok(()) => (Standing::Confirmed, "OK", "INS reçu, confirmé par INSi"),
                        Err(e) if e.kind == paillasse_shared::protocol::ErrorKind::Refused => {
                            finish(app, order, rows, Standing::Compare, patient, &e.cause).await?;
                            return Ok("à contrôler");
                        }
                        Err(e) => return Err(e),
                    }
                }
                Settlement::Compare => {
                    compare(app, order, patient, found).await?;
                    (
                        Standing::Compare,
                        "à contrôler",
                        "INSi confirme l'INS reçu sous d'autres traits : à comparer sur la fiche",
                    )
                }
                Settlement::Nothing => (Standing::Known, "sans objet", "fiche laissée telle quelle"),
            }
        }
        // Results only ask whether the INS is that of the person they name.
        (_, Some(_)) => (Standing::Confirmed, "OK", "INS reçu, confirmé par INSi"),
    };
    finish(app, order, rows, standing, patient, why).await?;
    Ok(word)
}

/// Gives the record the INS, with the traits that INSi returned.
async fn attach_ins(
    app: &App,
    patient: &Patient,
    sender: &str,
    qualified: bool,
    found: Insi,
) -> Result<(), WireError> {
    let now = app.env.now();
    let event =
        if qualified { StateEvent::PartnerVouches { with_ins: true } } else { StateEvent::InsiAccepted };
    let transition = patient.state.apply(event).map_err(|e| WireError::refused(e.to_string()))?;
    let mut after = patient.clone();
    after.state = transition.to;
    after.traits = found.to_traits(&patient.traits.first_name);
    after.ins = Some(StoredIns {
        matricule: found.matricule,
        oid: found.oid,
        recovered_at: now,
        verified_at: Some(now),
    });
    if qualified && after.proof.is_none() {
        after.proof = Some(third_party(sender, now));
    }
    let what = format!("INS reçu de {sender}, confirmé par INSi");
    let act = Caller::automatic().act(
        now,
        "ins-received-confirmed",
        format!("patient:{}", patient.id),
        json!({ "sender": sender, "qualified": qualified, "effects": transition.effects }),
    );
    let reissued = reporting::reissue(app, &after).await?;
    let change = IdentityChange {
        patient: after,
        what,
        status_from: Some(transition.from.status()),
        ins_dropped: None,
        insi: Some(InsiState::Accepted { at: now }),
        decided: None,
        reissued,
        act,
    };
    let (_, changed) = app.store.change_identity(change, app.gates()).await?;
    app.tell(Event::PatientChanged { patient: patient.id });
    app.tell_orders(&changed);
    Ok(())
}

/// The return waits for a person, beside the local traits.
async fn compare(app: &App, order: &Claimed, patient: &Patient, found: Insi) -> Result<(), WireError> {
    let now = app.env.now();
    let outcome = InsiOutcome {
        patient: patient.id,
        asked: None,
        state: InsiState::ToDecide { since: now },
        returned: Some((found, "à la vérification d'un INS reçu".to_owned(), "verification")),
        traces: vec![],
        at: now,
    };
    app.store.record_insi(outcome).await?;
    app.tell(Event::InsiChanged { patient: patient.id, asked_by: order.asked_by.clone() });
    Ok(())
}

/// Records the answer, and tells those who wait for it.
async fn finish(
    app: &App,
    order: &Claimed,
    rows: &[Aside],
    standing: Standing,
    patient: &Patient,
    why: &str,
) -> Result<(), WireError> {
    let state = match standing {
        Standing::Refused | Standing::Compare => InboxState::Unmatched,
        _ => InboxState::Filed,
    };
    let why = format!("fiche n° {} : {why}", patient.id);
    let act = Caller::automatic().act(
        app.env.now(),
        "ins-received-checked",
        format!("patient:{}", patient.id),
        json!({ "messages": rows.iter().map(|a| a.message).collect::<Vec<_>>(), "outcome": standing }),
    );
    app.store.settle_aside(rows.to_vec(), standing, (state, Some(why)), act).await?;
    for a in rows {
        match a.purpose {
            Purpose::Identity => app.tell(Event::InboxChanged { message: a.message }),
            Purpose::Results => results_in::refile_after_verification(app, a.message, true).await?,
        }
        if a.created {
            app.tell(Event::InsiChanged { patient: a.patient, asked_by: order.asked_by.clone() });
        }
    }
    Ok(())
}
