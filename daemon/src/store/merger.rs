//! Mergers of two records of one person, and their undoing. Nothing is deleted: the absorbed record keeps its id, which
//! leads to the survivor, and the list of what moved makes the way back.

use jiff::Timestamp;
use paillasse_shared::domain::ids::{DossierId, PatientId};
use paillasse_shared::protocol::error::WireError;
use rusqlite::{Connection, OptionalExtension, params};

use super::audit::{self, Act};
use super::engine::{Store, StoreError, Tx};
use super::outbox::{self, Changed, GateContext, Scope};
use super::patients;
use super::propagation;
use super::time::ms;

/// Longest chain of mergers followed.
const CHAIN: usize = 32;

/// The record that stands for `id` today.
pub(super) fn resolve(c: &Connection, id: PatientId) -> Result<PatientId, StoreError> {
    let mut at = id;
    for _ in 0..CHAIN {
        let next: Option<i64> = c
            .prepare_cached("SELECT merged_into FROM patient WHERE id = ?1")?
            .query_row([at.0], |r| r.get(0))
            .optional()?
            .flatten();
        match next {
            Some(n) => at = PatientId(n),
            None => break,
        }
    }
    Ok(at)
}

/// Moves dossiers, with all that belongs to them, to another record.
fn move_dossiers(tx: &Tx, dossiers: &[DossierId], to: PatientId) -> Result<(), StoreError> {
    for d in dossiers {
        for table in ["result", "document", "outbox"] {
            tx.prepare_cached(&format!("UPDATE {table} SET patient = ?2 WHERE dossier = ?1"))?
                .execute(params![d.0, to.0])?;
        }
        tx.prepare_cached("UPDATE dossier SET patient = ?2, version = version + 1 WHERE id = ?1")?
            .execute(params![d.0, to.0])?;
    }
    Ok(())
}

fn note(tx: &Tx, id: PatientId, now: Timestamp, by: &str, what: &str) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE patient SET version = version + 1, touched_at = ?2 WHERE id = ?1")?
        .execute(params![id.0, ms(now)])?;
    patients::history(tx, id, now, by, what, None)
}

impl Store {
    /// The record that stands for `id` today: itself, or the one that took it in.
    pub async fn resolve_patient(&self, id: PatientId) -> Result<PatientId, StoreError> {
        self.read(move |c| resolve(c, id)).await
    }

    /// Dossiers of a record, counted.
    pub async fn dossier_count(&self, id: PatientId) -> Result<u64, StoreError> {
        self.read(move |c| {
            Ok(c.prepare_cached("SELECT count(*) FROM dossier WHERE patient = ?1")?
                .query_row([id.0], |r| Ok(super::time::count(r.get(0)?)))?)
        })
        .await
    }

    /// Merges; the versions are those that were read when it was decided.
    ///
    /// # Errors
    /// A conflict when one of the records changed since.
    pub async fn merge(
        &self,
        survivor: (PatientId, i64),
        absorbed: (PatientId, i64),
        motive: String,
        act: Act,
        gates: GateContext,
    ) -> Result<Changed, StoreError> {
        self.write(move |tx| {
            let now = act.at;
            for (id, version) in [survivor, absorbed] {
                if patients::expect(tx, id)?.version != version || resolve(tx, id)? != id {
                    return Err(super::identity::conflict());
                }
            }
            let dossiers: Vec<DossierId> = tx
                .prepare_cached("SELECT id FROM dossier WHERE patient = ?1 ORDER BY id")?
                .query_map([absorbed.0.0], |r| r.get(0).map(DossierId))?
                .collect::<Result<_, _>>()?;
            let (kept, gone) = (patients::expect(tx, survivor.0)?, patients::expect(tx, absorbed.0)?);
            let holders = propagation::holders(tx, absorbed.0, Timestamp::UNIX_EPOCH)?;
            propagation::propose(tx, &holders, (&gone, &kept), &format!("Fiche n° {} rapprochée : {motive}", absorbed.0), &act)?;
            move_dossiers(tx, &dossiers, survivor.0)?;
            tx.prepare_cached("UPDATE patient SET merged_into = ?2 WHERE id = ?1")?
                .execute(params![absorbed.0.0, survivor.0.0])?;
            // An INS that INSi is being asked about goes with the person.
            tx.prepare_cached("UPDATE received_ins SET patient = ?2 WHERE patient = ?1 AND state = 'verifying'")?
                .execute(params![absorbed.0.0, survivor.0.0])?;
            tx.prepare_cached(
                "UPDATE outbox SET patient = ?2 WHERE patient = ?1 AND service = 'ins-verify' AND payload LIKE '{\"received\"%' \
                 AND state IN ('held', 'scheduled', 'leased', 'unknown')",
            )?
            .execute(params![absorbed.0.0, survivor.0.0])?;
            tx.prepare_cached(
                "UPDATE outbox SET state = 'cancelled', since = ?2, receipt = 'fiche rapprochée d''une autre', reason = NULL, cause = NULL \
                 WHERE patient = ?1 AND document IS NULL AND state IN ('held', 'scheduled', 'parked')",
            )?
            .execute(params![absorbed.0.0, ms(now)])?;
            tx.prepare_cached("UPDATE insi SET open = 0 WHERE patient = ?1")?.execute([absorbed.0.0])?;
            tx.prepare_cached(
                "INSERT INTO merger (survivor, absorbed, at, by, motive, dossiers) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                survivor.0.0,
                absorbed.0.0,
                ms(now),
                act.actor,
                motive,
                serde_json::to_string(&dossiers)?
            ])?;
            note(tx, survivor.0, now, &act.actor, &format!("Fiche n° {} rapprochée : {motive}", absorbed.0))?;
            note(tx, absorbed.0, now, &act.actor, &format!("Rapprochée de la fiche n° {} : {motive}", survivor.0))?;
            audit::append(tx, &act)?;
            outbox::reevaluate(tx, Scope::Patient(survivor.0), &gates, now)
        })
        .await
    }

    /// Undoes the latest merger of a record that was absorbed: what had moved and is still with the survivor goes back.
    pub async fn split(
        &self,
        absorbed: PatientId,
        motive: String,
        act: Act,
        gates: GateContext,
    ) -> Result<(PatientId, Changed), StoreError> {
        self.write(move |tx| {
            let now = act.at;
            let found: Option<(i64, i64, String, i64)> = tx
                .prepare_cached(
                    "SELECT id, survivor, dossiers, at FROM merger WHERE absorbed = ?1 AND undone_at IS NULL ORDER BY id DESC LIMIT 1",
                )?
                .query_row([absorbed.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
                .optional()?;
            let Some((merger, survivor, moved, merged_at)) = found else {
                return Err(WireError::refused(format!("la fiche n° {absorbed} n'a pas été rapprochée d'une autre")).into());
            };
            let holder = resolve(tx, PatientId(survivor))?;
            let mut dossiers: Vec<DossierId> = serde_json::from_str(&moved)?;
            let mut still = Vec::with_capacity(dossiers.len());
            for d in dossiers.drain(..) {
                let there: bool = tx
                    .prepare_cached("SELECT EXISTS (SELECT 1 FROM dossier WHERE id = ?1 AND patient = ?2)")?
                    .query_row(params![d.0, holder.0], |r| r.get(0))?;
                if there {
                    still.push(d);
                }
            }
            move_dossiers(tx, &still, absorbed)?;
            // What left meanwhile left under the identity of the other record.
            let (other, own) = (patients::expect(tx, holder)?, patients::expect(tx, absorbed)?);
            let holders = propagation::holders(tx, absorbed, super::time::at(merged_at))?;
            let why = format!("Fiche dissociée de la fiche n° {holder} : {motive}");
            propagation::propose(tx, &holders, (&other, &own), &why, &act)?;
            tx.prepare_cached("UPDATE patient SET merged_into = NULL WHERE id = ?1")?.execute([absorbed.0])?;
            tx.prepare_cached("UPDATE merger SET undone_at = ?2, undone_by = ?3 WHERE id = ?1")?
                .execute(params![merger, ms(now), act.actor])?;
            note(tx, holder, now, &act.actor, &format!("Fiche n° {absorbed} dissociée : {motive}"))?;
            note(tx, absorbed, now, &act.actor, &format!("Dissociée de la fiche n° {holder} : {motive}"))?;
            audit::append(tx, &act)?;
            let mut changed = outbox::reevaluate(tx, Scope::Patient(holder), &gates, now)?;
            changed.orders.extend(outbox::reevaluate(tx, Scope::Patient(absorbed), &gates, now)?.orders);
            Ok((holder, changed))
        })
        .await
    }
}
