//! Changes of an identity: one transaction for the record, its history, the journal, the documents built anew and the
//! orders that the change holds or lets go.

use jiff::Timestamp;
use paillasse_shared::domain::identity::{Insi, Status, StrictTraits};
use paillasse_shared::domain::ids::{PatientId, ReturnId};
use paillasse_shared::protocol::error::{ErrorKind, WireError};
use paillasse_shared::protocol::ins::WorklistItem;
use paillasse_shared::protocol::patient::InsiState;
use rusqlite::{OptionalExtension, params};

use super::audit::{self, Act};
use super::documents::{self, NewDocument};
use super::engine::{Store, StoreError, Tx};
use super::matricules;
use super::outbox::{self, Changed, Scope};
use super::patients::{self, Patient};
use super::propagation;
use super::time::{at, ms};

/// A change of an identity, decided by a service and carried out whole or not at all.
#[derive(Debug)]
pub struct IdentityChange {
    /// The record after the change; its `version` is the one that was read.
    pub patient: Patient,
    /// Sentence for the history.
    pub what: String,
    /// Status before, when it changes.
    pub status_from: Option<Status>,
    /// Why the INS is dropped, when it is.
    pub ins_dropped: Option<String>,
    /// Where INSi stands after the change, when that changes.
    pub insi: Option<InsiState>,
    /// The return decided, with the decision.
    pub decided: Option<(ReturnId, &'static str)>,
    /// Documents built anew; orders that have not left follow them.
    pub reissued: Vec<NewDocument>,
    /// Line of the journal.
    pub act: Act,
}

/// A return that waits.
#[derive(Debug, Clone)]
pub struct StoredReturn {
    /// Which.
    pub id: ReturnId,
    /// When it came.
    pub at: Timestamp,
    /// How, in plain French.
    pub how: String,
    /// By what: `traits`, `vitale`, `apcv`, `verification`.
    pub mode: String,
    /// What INSi returned.
    pub insi: Insi,
}

/// One call to INSi, for the trace (RET-05, INS-12).
#[derive(Debug, Clone)]
pub struct InsiTrace {
    /// When.
    pub at: Timestamp,
    /// Who asked.
    pub by: String,
    /// `traits`, `traits+lieu`, `vitale`, `apcv`.
    pub mode: String,
    /// How we were authenticated: `INSI-MANU`, `INSI-AUTO`, `CPx` (RET-04).
    pub auth: &'static str,
    /// Site of the call.
    pub site: String,
    /// What was sent, masked of what is not needed.
    pub request: String,
    /// `00`, `01`, `02`, or the code of the fault.
    pub code: String,
    /// What came back.
    pub response: String,
    /// Our message id, asked for by the hotline.
    pub message_id: String,
    /// Time taken.
    pub took_ms: i64,
}

/// What a round of calls to INSi ended with.
#[derive(Debug)]
pub struct InsiOutcome {
    /// For whom.
    pub patient: PatientId,
    /// What the record said when INSi was asked; when it says something else now, only the calls are recorded.
    pub asked: Option<StrictTraits>,
    /// Where it stands now.
    pub state: InsiState,
    /// A return to decide, with how it was obtained: in French, and the mode.
    pub returned: Option<(Insi, String, &'static str)>,
    /// Each call.
    pub traces: Vec<InsiTrace>,
    /// When.
    pub at: Timestamp,
}

pub(super) fn conflict() -> StoreError {
    WireError::new(ErrorKind::Conflict, "une autre personne vient de modifier cette fiche")
        .hint("relire la fiche, puis refaire le geste si besoin")
        .into()
}

pub(super) fn put_insi(
    tx: &Tx,
    patient: PatientId,
    state: &InsiState,
    asked_by: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let open = matches!(
        state,
        InsiState::ToDecide { .. }
            | InsiState::NotFound { .. }
            | InsiState::Several { .. }
            | InsiState::Failed { .. }
    );
    tx.prepare_cached(
        "INSERT INTO insi VALUES (?1, ?2, ?3, coalesce(?4, ''), ?5) ON CONFLICT (patient) DO UPDATE SET \
         state = excluded.state, open = excluded.open, since = excluded.since, asked_by = coalesce(?4, asked_by)",
    )?
    .execute(params![patient.0, serde_json::to_string(state)?, open, asked_by, ms(now)])?;
    Ok(())
}

fn put_traces(tx: &Tx, patient: PatientId, traces: &[InsiTrace]) -> Result<(), StoreError> {
    for t in traces {
        tx.prepare_cached(
            "INSERT INTO insi_trace (patient, at, by, mode, request, code, response, message_id, took_ms, auth, site) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            patient.0,
            ms(t.at),
            t.by,
            t.mode,
            t.request,
            t.code,
            t.response,
            t.message_id,
            t.took_ms,
            t.auth,
            t.site
        ])?;
        let detail = serde_json::json!({
            "mode": t.mode, "auth": t.auth, "code": t.code, "message_id": t.message_id, "took_ms": t.took_ms
        });
        audit::append(tx, &Act::new(t.at, &t.by, "insi-call", format!("patient:{patient}"), detail))?;
    }
    Ok(())
}

/// Where INSi stands after a round, and the return to decide if there is one; an older one gives way to it.
fn put_outcome(tx: &Tx, outcome: &InsiOutcome) -> Result<Option<ReturnId>, StoreError> {
    let mut id = None;
    if let Some((insi, how, mode)) = &outcome.returned {
        tx.prepare_cached(
            "UPDATE insi_return SET decision = 'superseded' WHERE patient = ?1 AND decision IS NULL",
        )?
        .execute([outcome.patient.0])?;
        tx.prepare_cached(
            "INSERT INTO insi_return (patient, at, how, mode, insi) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            outcome.patient.0,
            ms(outcome.at),
            how,
            mode,
            serde_json::to_string(insi)?
        ])?;
        id = Some(ReturnId(tx.last_insert_rowid()));
    }
    put_insi(tx, outcome.patient, &outcome.state, None, outcome.at)?;
    Ok(id)
}

impl Store {
    /// Carries out a change of an identity.
    ///
    /// # Errors
    /// A conflict when the record changed since it was read, or when its matricule is carried by another record.
    pub async fn change_identity(
        &self,
        change: IdentityChange,
        gates: outbox::GateContext,
    ) -> Result<(Patient, Changed), StoreError> {
        self.write(move |tx| {
            let now = change.act.at;
            let p = &change.patient;
            let before = patients::expect(tx, p.id)?;
            if before.version != p.version {
                return Err(conflict());
            }
            // A matricule that gives way to another one is kept too: it finds the duplicates.
            let other = change.patient.ins.as_ref().zip(before.ins.as_ref());
            let replaced = other
                .is_some_and(|(new, old)| new.matricule != old.matricule)
                .then(|| change.what.clone());
            if let (Some(why), Some(ins)) = (change.ins_dropped.as_ref().or(replaced.as_ref()), &before.ins) {
                tx.prepare_cached("INSERT OR REPLACE INTO former_matricule VALUES (?1, ?2, ?3, ?4, NULL, ?5, ?6)")?
                    .execute(params![
                        p.id.0,
                        ins.matricule.number(),
                        format!("{:02}", ins.matricule.key()),
                        ins.oid.as_str(),
                        now.to_string(),
                        why
                    ])?;
            }
            if let Some(ins) = &p.ins {
                let other: Option<i64> = tx
                    .prepare_cached("SELECT id FROM patient WHERE matricule = ?1 AND oid = ?2 AND id <> ?3")?
                    .query_row(params![ins.matricule.compact(), ins.oid.as_str(), p.id.0], |r| r.get(0))
                    .optional()?;
                if let Some(other) = other {
                    return Err(WireError::refused(format!(
                        "une autre fiche (patient n° {other}) porte déjà ce matricule INS : c'est sans doute la même personne"
                    ))
                    .hint("ouvrir l'autre fiche, ou signaler un doublon à la cellule d'identitovigilance")
                    .into());
                }
            }
            patients::update(tx, p, now)?;
            let holders = propagation::holders(tx, p.id, Timestamp::UNIX_EPOCH)?;
            propagation::propose(tx, &holders, (&before, p), &change.what, &change.act)?;
            let status = change.status_from.map(|from| (from, p.status())).filter(|(a, b)| a != b);
            patients::history(tx, p.id, now, &change.act.actor, &change.what, status)?;
            if let Some(state) = &change.insi {
                put_insi(tx, p.id, state, None, now)?;
            }
            if let Some((id, decision)) = change.decided {
                let n = tx
                    .prepare_cached("UPDATE insi_return SET decision = ?2 WHERE id = ?1 AND decision IS NULL")?
                    .execute(params![id.0, decision])?;
                if n == 0 {
                    return Err(conflict());
                }
                if decision == "accepted" {
                    matricules::keep_history(tx, p.id, id)?;
                }
            }
            for document in &change.reissued {
                documents::insert_reissue(tx, document, now)?;
            }
            audit::append(tx, &change.act)?;
            let changed = outbox::reevaluate(tx, Scope::Patient(p.id), &gates, now)?;
            Ok((patients::expect(tx, p.id)?, changed))
        })
        .await
    }

    /// Puts a call to INSi in the queue, unless one is already there or its return waits for a decision: that one is
    /// looked at first, even when it came at this very moment.
    pub async fn queue_insi(
        &self,
        patient: PatientId,
        by: String,
        now: Timestamp,
        gates: outbox::GateContext,
    ) -> Result<Changed, StoreError> {
        self.write(move |tx| {
            let p = patients::expect(tx, patient)?;
            let open: Option<i64> = tx
                .prepare_cached(
                    "SELECT id FROM outbox WHERE patient = ?1 AND service = 'insi' AND state IN ('held', 'scheduled', 'leased', 'unknown')",
                )?
                .query_row([patient.0], |r| r.get(0))
                .optional()?;
            let (state, _) = patients::insi_state(tx, patient)?;
            if open.is_some() || matches!(state, InsiState::ToDecide { .. }) {
                return Ok(Changed::default());
            }
            tx.prepare_cached("UPDATE insi_return SET decision = 'superseded' WHERE patient = ?1 AND decision IS NULL")?
                .execute([patient.0])?;
            put_insi(tx, patient, &InsiState::Waiting { since: now, words: None }, Some(&by), now)?;
            let order = outbox::NewOrder::insi(p.id, &by, now);
            let changed = outbox::insert(tx, &order, &gates)?;
            audit::append(
                tx,
                &Act::new(now, &by, "insi-ask", format!("patient:{patient}"), serde_json::json!({})),
            )?;
            Ok(changed)
        })
        .await
    }

    /// Says where a call stands, without a journal line (it is not an act); not of an identity accepted meanwhile.
    pub async fn set_insi_state(
        &self,
        patient: PatientId,
        state: InsiState,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            if patients::expect(tx, patient)?.state.from_insi {
                return Ok(());
            }
            put_insi(tx, patient, &state, None, now)
        })
        .await
    }

    /// Records the end of a round of calls; the order of the outbox is completed by the manager. When a return was
    /// accepted meanwhile, that decision stands and only the calls are recorded.
    pub async fn record_insi(&self, outcome: InsiOutcome) -> Result<bool, StoreError> {
        self.write(move |tx| {
            put_traces(tx, outcome.patient, &outcome.traces)?;
            let patient = patients::expect(tx, outcome.patient)?;
            if outcome.asked.as_ref().is_some_and(|asked| *asked != patient.traits) {
                return Ok(false);
            }
            if !patient.state.from_insi {
                put_outcome(tx, &outcome)?;
            }
            Ok(true)
        })
        .await
    }

    /// Records calls whose outcome changes nothing by itself.
    pub async fn record_traces(&self, patient: PatientId, traces: Vec<InsiTrace>) -> Result<(), StoreError> {
        self.write(move |tx| put_traces(tx, patient, &traces)).await
    }

    /// Records a return that contradicts a stored identity: what needs this identity is held at once.
    pub async fn record_insi_and_reevaluate(
        &self,
        outcome: InsiOutcome,
        gates: outbox::GateContext,
    ) -> Result<Changed, StoreError> {
        self.write(move |tx| {
            put_traces(tx, outcome.patient, &outcome.traces)?;
            put_outcome(tx, &outcome)?;
            outbox::reevaluate(tx, Scope::Patient(outcome.patient), &gates, outcome.at)
        })
        .await
    }

    /// Queues verifications, each at its time; says how many were not there yet.
    pub async fn queue_verifications(
        &self,
        wanted: Vec<(PatientId, Timestamp)>,
        by: String,
        now: Timestamp,
        gates: outbox::GateContext,
    ) -> Result<(u64, Changed), StoreError> {
        self.write(move |tx| {
            let mut changed = Changed::default();
            let mut queued = 0;
            for (patient, due) in wanted {
                let useful: bool = tx
                    .prepare_cached(
                        "SELECT EXISTS (SELECT 1 FROM patient WHERE id = ?1 AND matricule IS NOT NULL) AND NOT EXISTS \
                         (SELECT 1 FROM outbox WHERE patient = ?1 AND service = 'ins-verify' AND state IN ('held', 'scheduled', 'leased', 'unknown'))",
                    )?
                    .query_row([patient.0], |r| r.get(0))?;
                if !useful {
                    continue;
                }
                let inserted = outbox::insert(tx, &outbox::NewOrder::verification(patient, &by, now), &gates)?;
                if due > now {
                    for (id, _, _) in &inserted.orders {
                        outbox::postpone(tx, *id, due)?;
                    }
                }
                changed.orders.extend(inserted.orders);
                queued += 1;
            }
            if queued > 0 {
                let detail = serde_json::json!({ "queued": queued });
                audit::append(tx, &Act::new(now, &by, "verification-plan", "insi", detail))?;
            }
            Ok((queued, changed))
        })
        .await
    }

    /// Identities recovered or verified before a time, oldest first, without one that is already queued.
    pub async fn identities_to_verify(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<PatientId>, StoreError> {
        self.read(move |c| {
            let mut s = c.prepare_cached(
                "SELECT id FROM patient WHERE matricule IS NOT NULL AND coalesce(verified_at, recovered_at) < ?1 \
                 ORDER BY coalesce(verified_at, recovered_at) LIMIT ?2",
            )?;
            Ok(s.query_map(params![ms(before), limit], |r| r.get(0).map(PatientId))?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// The return that waits for a decision, who already carries its matricule, and who carries or carried one of the
    /// others of this person.
    pub async fn pending_return(
        &self,
        patient: PatientId,
    ) -> Result<Option<(StoredReturn, Option<PatientId>, Option<PatientId>)>, StoreError> {
        self.read(move |c| {
            let found = c
                .prepare_cached(
                    "SELECT id, at, how, mode, insi FROM insi_return WHERE patient = ?1 AND decision IS NULL ORDER BY id DESC LIMIT 1",
                )?
                .query_row([patient.0], |r| {
                    Ok(StoredReturn {
                        id: ReturnId(r.get(0)?),
                        at: at(r.get(1)?),
                        how: r.get(2)?,
                        mode: r.get(3)?,
                        insi: patients::json(r, 4)?,
                    })
                })
                .optional()?;
            let Some(r) = found else { return Ok(None) };
            let holder: Option<i64> = c
                .prepare_cached("SELECT id FROM patient WHERE matricule = ?1 AND oid = ?2 AND id <> ?3")?
                .query_row(params![r.insi.matricule.compact(), r.insi.oid.as_str(), patient.0], |r| r.get(0))
                .optional()?;
            let others = matricules::also_known(c, patient, &r.insi)?;
            Ok(Some((r, holder.map(PatientId), others)))
        })
        .await
    }

    /// Patients for whom a person has something to decide about INSi, oldest first.
    pub async fn insi_worklist(&self) -> Result<Vec<WorklistItem>, StoreError> {
        self.read(|c| {
            let mut s = c.prepare_cached(
                "SELECT i.patient, p.birth_name || ' ' || p.first_name, p.birth_date, i.state, i.asked_by, p.status FROM insi i \
                 JOIN patient p ON p.id = i.patient WHERE i.open = 1 ORDER BY i.since LIMIT 500",
            )?;
            let items = s
                .query_map([], |r| {
                    Ok(WorklistItem {
                        patient: PatientId(r.get(0)?),
                        name: r.get(1)?,
                        birth_date: r.get(2)?,
                        status: patients::json(r, 5)?,
                        insi: patients::json(r, 3)?,
                        asked_by: r.get(4)?,
                    })
                })?
                .collect::<Result<Vec<_>, _>>()?;
            Ok(items)
        })
        .await
    }
}
