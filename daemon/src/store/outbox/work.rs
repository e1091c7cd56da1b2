//! The life of an order: claimed under a lease, completed, recovered after a crash, woken.

use std::time::Duration;

use jiff::Timestamp;
use paillasse_shared::domain::ids::{CorrespondentId, DocumentId, DossierId, OrderId, PatientId};
use paillasse_shared::domain::order::{OrderState, Reason, Service};
use paillasse_shared::messages::fr;
use rusqlite::params;

use super::{Changed, Claimed, GateContext, NEVER, Scope, cause_key, reevaluate};
use crate::outbox::{Outcome, schedule};
use crate::store::audit::{self, Act};
use crate::store::engine::{Store, StoreError};
use crate::store::patients::json;
use crate::store::time::{at, ms};

impl Store {
    /// Gives up to `limit` due orders of a service to workers: urgent first, then in order. A `probe` of a service that
    /// is down takes the oldest that waits for it, whatever its next trial was to be: later ones do not overtake it.
    pub async fn claim(
        &self,
        service: Service,
        limit: u32,
        now: Timestamp,
        lease: Duration,
        probe: bool,
    ) -> Result<Vec<Claimed>, StoreError> {
        self.write(move |tx| {
            let until = ms(now).saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX));
            // From the lease on, a DMP order may have reached the repository: after a crash it is asked first.
            let mut s = tx.prepare_cached(
                "UPDATE outbox SET state = 'leased', lease_until = ?4, attempts = attempts + 1, since = ?3, \
                 in_doubt = CASE WHEN state = 'unknown' OR service = 'dmp' THEN 1 ELSE 0 END, reason = NULL, cause = NULL, \
                 receipt = CASE WHEN state = 'unknown' THEN 'ask' END \
                 WHERE id IN (SELECT id FROM outbox WHERE service = ?1 AND state IN ('scheduled', 'unknown') \
                 AND (due_at <= ?3 OR (?5 AND state = 'scheduled' AND reason IS NOT NULL)) \
                 ORDER BY urgent DESC, CASE WHEN ?5 THEN created_at ELSE due_at END, id LIMIT ?2) \
                 RETURNING id, patient, dossier, document, correspondent, recipient, identifier, payload, asked_by, attempts, receipt, created_at",
            )?;
            let mut claimed = s
                .query_map(params![service.code(), limit, ms(now), until, probe], |r| {
                    Ok(Claimed {
                        id: OrderId(r.get(0)?),
                        service,
                        patient: PatientId(r.get::<_, Option<i64>>(1)?.unwrap_or_default()),
                        dossier: r.get::<_, Option<i64>>(2)?.map(DossierId),
                        document: r.get::<_, Option<i64>>(3)?.map(DocumentId),
                        correspondent: r.get::<_, Option<i64>>(4)?.map(CorrespondentId),
                        recipient: r.get(5)?,
                        identifier: r.get(6)?,
                        payload: json(r, 7)?,
                        asked_by: r.get(8)?,
                        attempt: r.get(9)?,
                        ask_first: r.get::<_, Option<String>>(10)?.is_some(),
                        created_at: at(r.get(11)?),
                    })
                })?
                .collect::<Result<Vec<_>, _>>()?;
            claimed.sort_by_key(|c| c.id);
            let mut attempt = tx.prepare_cached(
                "INSERT OR REPLACE INTO attempt (outbox, number, started_at, outcome) VALUES (?1, ?2, ?3, 'cut')",
            )?;
            for c in &claimed {
                attempt.execute(params![c.id.0, c.attempt, ms(now)])?;
            }
            Ok(claimed)
        })
        .await
    }

    /// From now on the receiver may have it: a crash makes the order unknown, not due again.
    pub async fn mark_in_doubt(&self, order: OrderId, attempt: u32) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached(
                "UPDATE outbox SET in_doubt = 1 WHERE id = ?1 AND state = 'leased' AND attempts = ?2",
            )?
            .execute(params![order.0, attempt])?;
            Ok(())
        })
        .await
    }

    /// Records what came of an attempt. Nothing happens when the lease was lost meanwhile.
    #[expect(clippy::too_many_arguments, reason = "one use case, each fact once")]
    pub async fn complete(
        &self,
        claimed: Claimed,
        outcome: Outcome,
        now: Timestamp,
        backoff: Vec<u64>,
        max_attempts: u32,
        random: u64,
        gates: GateContext,
    ) -> Result<Changed, StoreError> {
        self.write(move |tx| {
            let own: bool = tx
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox WHERE id = ?1 AND state = 'leased' AND attempts = ?2)")?
                .query_row(params![claimed.id.0, claimed.attempt], |r| r.get(0))?;
            if !own {
                return Ok(Changed::default());
            }
            let service = claimed.service;
            let later = ms(now).saturating_add(
                i64::try_from(schedule::delay(&backoff, claimed.attempt, random).as_millis()).unwrap_or(i64::MAX),
            );
            let exhausted = claimed.attempt >= max_attempts;
            let (state, reason, due, doubt, receipt, word, words) = match outcome {
                Outcome::Delivered { receipt } => {
                    (OrderState::Delivered, None, ms(now), false, Some(receipt.clone()), "delivered", Some(receipt))
                }
                Outcome::Retry { words, .. } if exhausted => (
                    OrderState::Parked,
                    Some(Reason::ServiceDown { service, words: words.clone() }),
                    NEVER,
                    false,
                    None,
                    "retry",
                    Some(words),
                ),
                Outcome::Retry { words, .. } => (
                    OrderState::Scheduled,
                    Some(Reason::ServiceDown { service, words: words.clone() }),
                    later,
                    false,
                    None,
                    "retry",
                    Some(words),
                ),
                Outcome::Suspend { words } => (
                    OrderState::Scheduled,
                    Some(Reason::ServiceSuspended { service, words: words.clone() }),
                    ms(now),
                    false,
                    None,
                    "refused",
                    Some(words),
                ),
                // A mail cannot be asked after; it waits for its receipt or for a person.
                Outcome::Unknown { words } => (
                    OrderState::Unknown,
                    Some(Reason::OutcomeUnknown { words: words.clone() }),
                    if service == Service::Mss { NEVER } else { later },
                    true,
                    None,
                    "unknown",
                    Some(words),
                ),
                Outcome::Parked { reason, words } => {
                    (OrderState::Parked, Some(reason), NEVER, false, None, "refused", Some(words))
                }
                Outcome::Held { reason } => {
                    let words = fr::reason(&reason);
                    (OrderState::Held, Some(reason), NEVER, false, None, "held", Some(words))
                }
            };
            tx.prepare_cached(
                "UPDATE outbox SET state = ?2, reason = ?3, cause = ?4, due_at = ?5, in_doubt = ?6, receipt = ?7, since = ?8, lease_until = NULL WHERE id = ?1",
            )?
            .execute(params![
                claimed.id.0,
                state.code(),
                reason.as_ref().map(serde_json::to_string).transpose()?,
                reason.as_ref().map(|r| cause_key(service, r, &claimed.recipient)),
                due,
                doubt,
                receipt,
                ms(now)
            ])?;
            tx.prepare_cached("UPDATE attempt SET ended_at = ?3, outcome = ?4, words = ?5 WHERE outbox = ?1 AND number = ?2")?
                .execute(params![claimed.id.0, claimed.attempt, ms(now), word, words])?;
            if state.is_final() || state == OrderState::Parked {
                audit::append(
                    tx,
                    &Act::new(
                        now,
                        "paillassed",
                        if state == OrderState::Delivered { "order-delivered" } else { "order-refused" },
                        format!("order:{}", claimed.id),
                        serde_json::json!({
                            "service": service.code(), "attempt": claimed.attempt,
                            "identifier": claimed.identifier, "words": words, "patient": claimed.patient,
                        }),
                    ),
                )?;
            }
            let mut changed = Changed::default();
            changed.push(claimed.id, state, claimed.dossier);
            if let Some(dossier) = claimed.dossier {
                changed.orders.extend(reevaluate(tx, Scope::Dossier(dossier), &gates, now)?.orders);
            }
            Ok(changed)
        })
        .await
    }

    /// At start: orders that a dead process had are due again, or unknown when their receiver may have them.
    pub async fn recover_leases(&self, now: Timestamp, expired_only: bool) -> Result<Changed, StoreError> {
        self.write(move |tx| {
            let words = serde_json::to_string(&Reason::OutcomeUnknown { words: "arrêt pendant l'envoi".into() })?;
            let mut s = tx.prepare_cached(
                "UPDATE outbox SET state = CASE in_doubt WHEN 1 THEN 'unknown' ELSE 'scheduled' END, \
                 reason = CASE in_doubt WHEN 1 THEN ?2 END, cause = CASE in_doubt WHEN 1 THEN 'outcome_unknown|' || service END, \
                 due_at = CASE WHEN in_doubt = 1 AND service = 'mss' THEN ?3 ELSE ?1 END, since = ?1, lease_until = NULL \
                 WHERE state = 'leased' AND (NOT ?4 OR lease_until <= ?1) RETURNING id, state, dossier",
            )?;
            let mut changed = Changed::default();
            let rows = s.query_map(params![ms(now), words, NEVER, expired_only], |r| {
                Ok((OrderId(r.get(0)?), r.get::<_, String>(1)?, r.get::<_, Option<i64>>(2)?))
            })?;
            for row in rows {
                let (id, state, dossier) = row?;
                changed.push(id, OrderState::parse(&state).unwrap_or(OrderState::Unknown), dossier.map(DossierId));
            }
            Ok(changed)
        })
        .await
    }

    /// When the next order of a service is due.
    pub async fn next_due(&self, service: Service) -> Result<Option<Timestamp>, StoreError> {
        self.read(move |c| {
            let due: Option<i64> = c
                .prepare_cached(
                    "SELECT min(due_at) FROM outbox WHERE service = ?1 AND state IN ('scheduled', 'unknown') AND due_at < ?2",
                )?
                .query_row(params![service.code(), NEVER], |r| r.get(0))?;
            Ok(due.map(at))
        })
        .await
    }

    /// The service answers again: what waited for it is due now, in order.
    pub async fn wake_service(&self, service: Service, now: Timestamp) -> Result<u64, StoreError> {
        self.write(move |tx| {
            let n = tx
                .prepare_cached(
                    "UPDATE outbox SET due_at = created_at, reason = NULL, cause = NULL WHERE service = ?1 AND state = 'scheduled' \
                     AND (due_at > ?2 OR reason IS NOT NULL)",
                )?
                .execute(params![service.code(), ms(now)])?;
            tx.prepare_cached("UPDATE outbox SET due_at = ?2 WHERE service = ?1 AND state = 'unknown' AND due_at > ?2 AND due_at < ?3")?
                .execute(params![service.code(), ms(now), NEVER])?;
            Ok(u64::try_from(n).unwrap_or(0))
        })
        .await
    }

    /// At start: the configuration may have changed, so every order that has not left is asked again.
    pub async fn reevaluate_all(&self, gates: GateContext, now: Timestamp) -> Result<Changed, StoreError> {
        self.write(move |tx| reevaluate(tx, Scope::All, &gates, now)).await
    }
}
