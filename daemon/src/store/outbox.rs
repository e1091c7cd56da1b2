//! Orders of the outbox: insertion, gates, claim, completion, what people see and do.

use std::time::Duration;

use jiff::Timestamp;
use paillasse_shared::domain::ids::{CorrespondentId, DocumentId, DossierId, OrderId, PatientId};
use paillasse_shared::domain::order::{OrderState, Reason, Service};
use paillasse_shared::messages::fr;
use paillasse_shared::protocol::dossier::CorrespondentParams;
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::queue::{Attempt, ListParams, OrderView};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use serde_json::Value;

use super::audit::{self, Act};
use super::engine::{Store, StoreError, Tx};
use super::patients::json;
use super::time::{at, count, ms};
use crate::outbox::gates::{self, Facts};
use crate::outbox::{Outcome, schedule};

/// Recipient of the orders that go to the patient's own mailbox.
pub const PATIENT_MAILBOX: &str = "patient";
/// Recipient of the orders that go to the DMP.
pub const DMP: &str = "DMP";
/// Due time of an order that nothing will wake by itself.
const NEVER: i64 = i64::MAX;

/// Which services are configured; gates need it.
#[derive(Debug, Clone, Copy)]
pub struct GateContext {
    /// INSi.
    pub insi: bool,
    /// DMP.
    pub dmp: bool,
    /// MSSanté.
    pub mss: bool,
}

impl GateContext {
    fn configured(self, service: Service) -> bool {
        match service {
            Service::Insi | Service::Verify => self.insi,
            Service::Dmp => self.dmp,
            Service::Mss => self.mss,
        }
    }
}

/// Orders whose state changed in a transaction, for events.
#[derive(Debug, Clone, Default)]
pub struct Changed {
    /// Order, state now, dossier.
    pub orders: Vec<(OrderId, OrderState, Option<DossierId>)>,
}

impl Changed {
    fn push(&mut self, id: OrderId, state: OrderState, dossier: Option<DossierId>) {
        self.orders.push((id, state, dossier));
    }
}

/// An order to insert.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// Service.
    pub service: Service,
    /// Patient.
    pub patient: PatientId,
    /// Dossier.
    pub dossier: Option<DossierId>,
    /// Document.
    pub document: Option<DocumentId>,
    /// Correspondent, for mail to a professional.
    pub correspondent: Option<CorrespondentId>,
    /// Recipient as shown.
    pub recipient: String,
    /// uniqueId or Message-ID, fixed now.
    pub identifier: Option<String>,
    /// Further identifiers fixed now.
    pub payload: Value,
    /// Who caused it.
    pub asked_by: String,
    /// Before the others.
    pub urgent: bool,
    /// When.
    pub created_at: Timestamp,
}

impl NewOrder {
    /// A call to INSi.
    #[must_use]
    pub fn insi(patient: PatientId, by: &str, now: Timestamp) -> Self {
        Self {
            service: Service::Insi,
            patient,
            dossier: None,
            document: None,
            correspondent: None,
            recipient: "INSi".into(),
            identifier: None,
            payload: Value::Null,
            asked_by: by.to_owned(),
            urgent: false,
            created_at: now,
        }
    }
}

impl NewOrder {
    /// A verification, due at a time.
    #[must_use]
    pub fn verification(patient: PatientId, by: &str, now: Timestamp) -> Self {
        Self { service: Service::Verify, ..Self::insi(patient, by, now) }
    }
}

/// An order given to a worker.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Which.
    pub id: OrderId,
    /// Service.
    pub service: Service,
    /// Patient.
    pub patient: PatientId,
    /// Dossier.
    pub dossier: Option<DossierId>,
    /// Document.
    pub document: Option<DocumentId>,
    /// Correspondent.
    pub correspondent: Option<CorrespondentId>,
    /// Recipient as shown.
    pub recipient: String,
    /// uniqueId or Message-ID.
    pub identifier: Option<String>,
    /// Further identifiers.
    pub payload: Value,
    /// Who caused it.
    pub asked_by: String,
    /// Number of this attempt, from 1; proof of the lease.
    pub attempt: u32,
    /// The receiver may already have it: ask first.
    pub ask_first: bool,
    /// Created at.
    pub created_at: Timestamp,
}

/// Key under which orders are grouped and replayed: the cause, and for a refusal its code and recipient.
fn cause_key(service: Service, reason: &Reason, recipient: &str) -> String {
    match reason {
        Reason::Refused { code, .. } if service == Service::Mss => {
            format!("{}|{}|{code}|{recipient}", reason.code(), service.code())
        }
        Reason::Refused { code, .. } => format!("{}|{}|{code}", reason.code(), service.code()),
        Reason::UnknownMailbox { address, .. } => format!("{}|{address}", reason.code()),
        Reason::NoAddress { recipient } => format!("{}|{recipient}", reason.code()),
        Reason::HeldByUser { .. } | Reason::IdentityNotQualified { .. } => reason.code().to_owned(),
        _ => format!("{}|{}", reason.code(), service.code()),
    }
}

/// Facts for the gates of one order.
fn facts(
    c: &Connection,
    service: Service,
    patient: Option<i64>,
    document: Option<i64>,
    correspondent: Option<i64>,
    recipient: &str,
    gates: GateContext,
) -> Result<Facts, StoreError> {
    let mut f = Facts {
        recipient: recipient.to_owned(),
        to_patient: service == Service::Mss && correspondent.is_none(),
        configured: gates.configured(service),
        ..Facts::default()
    };
    if let Some(p) = patient {
        (f.identity, f.opposed, f.to_control) = c
            .prepare_cached(
                "SELECT state, opposed, matricule IS NOT NULL AND EXISTS (SELECT 1 FROM insi_return r \
                 WHERE r.patient = patient.id AND r.decision IS NULL) FROM patient WHERE id = ?1",
            )?
            .query_row([p], |r| Ok((json(r, 0)?, r.get(1)?, r.get(2)?)))?;
    }
    if let Some(d) = document {
        (f.held_by, f.invisible, f.with_ins) = c
            .prepare_cached("SELECT held_by, invisible, with_ins FROM document WHERE id = ?1")?
            .query_row([d], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
        f.predecessor_open = c
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM document mine JOIN document other ON other.dossier = mine.dossier AND other.set_id = mine.set_id \
                 AND other.version < mine.version JOIN outbox o ON o.document = other.id \
                 WHERE mine.id = ?1 AND o.service = ?2 AND o.recipient = ?3 AND o.state IN ('leased', 'unknown'))",
            )?
            .query_row(params![d, service.code(), recipient], |r| r.get(0))?;
    }
    if let Some(who) = correspondent {
        let facts: Option<CorrespondentParams> = c
            .prepare_cached("SELECT facts FROM correspondent WHERE id = ?1")?
            .query_row([who], |r| json(r, 0))
            .optional()?;
        f.has_address = facts.and_then(|f| f.mss_address).is_some_and(|a| !a.trim().is_empty());
    }
    Ok(f)
}

/// Inserts an order, held or due now as its gates say. Older open orders of the same document to the same recipient give
/// way to it.
pub fn insert(tx: &Tx, o: &NewOrder, gates: &GateContext) -> Result<Changed, StoreError> {
    let mut changed = Changed::default();
    let now = o.created_at;
    if let Some(document) = o.document {
        let mut s = tx.prepare_cached(
            "UPDATE outbox SET state = 'cancelled', since = ?4, receipt = 'remplacé par une version plus récente', reason = NULL, cause = NULL \
             WHERE service = ?2 AND recipient = ?3 AND state IN ('held', 'scheduled', 'parked') AND document IN \
             (SELECT other.id FROM document mine JOIN document other ON other.dossier = mine.dossier AND other.set_id = mine.set_id \
              AND other.version < mine.version WHERE mine.id = ?1) RETURNING id, dossier",
        )?;
        let rows = s.query_map(params![document.0, o.service.code(), o.recipient, ms(now)], |r| {
            Ok((OrderId(r.get(0)?), r.get::<_, Option<i64>>(1)?.map(DossierId)))
        })?;
        for row in rows {
            let (id, dossier) = row?;
            changed.push(id, OrderState::Cancelled, dossier);
        }
    }
    let f = facts(
        tx,
        o.service,
        Some(o.patient.0),
        o.document.map(|d| d.0),
        o.correspondent.map(|c| c.0),
        &o.recipient,
        *gates,
    )?;
    let reason = gates::first_reason(o.service, &f);
    let state = if reason.is_some() { OrderState::Held } else { OrderState::Scheduled };
    tx.prepare_cached(
        "INSERT INTO outbox (service, patient, dossier, document, correspondent, recipient, identifier, payload, asked_by, urgent, \
         state, reason, cause, created_at, since, due_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?14, ?14)",
    )?
    .execute(params![
        o.service.code(),
        o.patient.0,
        o.dossier.map(|d| d.0),
        o.document.map(|d| d.0),
        o.correspondent.map(|c| c.0),
        o.recipient,
        o.identifier,
        o.payload.to_string(),
        o.asked_by,
        o.urgent,
        state.code(),
        reason.as_ref().map(serde_json::to_string).transpose()?,
        reason.as_ref().map(|r| cause_key(o.service, r, &o.recipient)),
        ms(now),
    ])?;
    changed.push(OrderId(tx.last_insert_rowid()), state, o.dossier);
    Ok(changed)
}

/// Puts an order that is due off to a later time.
pub(super) fn postpone(tx: &Tx, order: OrderId, due: Timestamp) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE outbox SET due_at = ?2 WHERE id = ?1 AND state = 'scheduled'")?
        .execute(params![order.0, ms(due)])?;
    Ok(())
}

/// What a fact that changed may touch.
#[derive(Debug, Clone, Copy)]
pub enum Scope {
    /// Orders of a patient.
    Patient(PatientId),
    /// Orders of a document.
    Document(DocumentId),
    /// Orders of a dossier.
    Dossier(DossierId),
    /// Orders to a correspondent.
    Correspondent(CorrespondentId),
    /// One order.
    Order(OrderId),
    /// Every order.
    All,
}

/// Asks the gates again, in the transaction that changed a fact: orders held are let go, orders due are held.
pub fn reevaluate(tx: &Tx, scope: Scope, gates: &GateContext, now: Timestamp) -> Result<Changed, StoreError> {
    let (clause, value): (&str, Sql) = match scope {
        Scope::Patient(p) => ("patient = ?1", p.0.into()),
        Scope::Document(d) => ("document = ?1", d.0.into()),
        Scope::Dossier(d) => ("dossier = ?1", d.0.into()),
        Scope::Correspondent(c) => ("correspondent = ?1", c.0.into()),
        Scope::Order(o) => ("id = ?1", o.0.into()),
        Scope::All => ("id >= ?1", 0.into()),
    };
    let mut select = tx.prepare_cached(&format!(
        "SELECT id, service, patient, document, correspondent, recipient, state, reason, dossier FROM outbox \
         WHERE {clause} AND state IN ('held', 'scheduled')"
    ))?;
    type Open =
        (i64, String, Option<i64>, Option<i64>, Option<i64>, String, String, Option<String>, Option<i64>);
    let rows: Vec<Open> = select
        .query_map([value], |r| {
            Ok((
                r.get(0)?,
                r.get(1)?,
                r.get(2)?,
                r.get(3)?,
                r.get(4)?,
                r.get(5)?,
                r.get(6)?,
                r.get(7)?,
                r.get(8)?,
            ))
        })?
        .collect::<Result<_, _>>()?;
    let mut changed = Changed::default();
    for (id, service, patient, document, correspondent, recipient, state, reason_before, dossier) in rows {
        let Some(service) = Service::parse(&service) else { continue };
        let f = facts(tx, service, patient, document, correspondent, &recipient, *gates)?;
        let reason = gates::first_reason(service, &f);
        let reason_json = reason.as_ref().map(serde_json::to_string).transpose()?;
        let dossier = dossier.map(DossierId);
        match &reason {
            Some(r) if state != "held" || reason_before != reason_json => {
                tx.prepare_cached(
                    "UPDATE outbox SET state = 'held', reason = ?2, cause = ?3, since = ?4 WHERE id = ?1",
                )?
                .execute(params![
                    id,
                    reason_json,
                    cause_key(service, r, &recipient),
                    ms(now)
                ])?;
                changed.push(OrderId(id), OrderState::Held, dossier);
            }
            None if state == "held" => {
                tx.prepare_cached(
                    "UPDATE outbox SET state = 'scheduled', reason = NULL, cause = NULL, since = ?2, due_at = ?2 WHERE id = ?1",
                )?
                .execute(params![id, ms(now)])?;
                changed.push(OrderId(id), OrderState::Scheduled, dossier);
            }
            _ => {}
        }
    }
    Ok(changed)
}

/// Orders that the operator refused because it knows no such mailbox are due again once the address is another one.
pub fn revive_refused_mailbox(tx: &Tx, who: CorrespondentId, now: Timestamp) -> Result<Changed, StoreError> {
    let mut s = tx.prepare_cached(
        "UPDATE outbox SET state = 'scheduled', reason = NULL, cause = NULL, since = ?2, due_at = ?2 \
         WHERE correspondent = ?1 AND state = 'parked' AND cause LIKE 'unknown_mailbox|%' RETURNING id, dossier",
    )?;
    let mut changed = Changed::default();
    let rows = s.query_map(params![who.0, ms(now)], |r| {
        Ok((OrderId(r.get(0)?), r.get::<_, Option<i64>>(1)?.map(DossierId)))
    })?;
    for row in rows {
        let (id, dossier) = row?;
        changed.push(id, OrderState::Scheduled, dossier);
    }
    Ok(changed)
}

const VIEW: &str = "o.id, o.service, o.recipient, o.state, o.reason, o.patient, p.birth_name || ' ' || p.first_name, o.dossier, \
     d.number, o.document, o.identifier, o.created_at, o.since, o.due_at, o.attempts, o.receipt";
const VIEW_FROM: &str =
    "outbox o LEFT JOIN patient p ON p.id = o.patient LEFT JOIN dossier d ON d.id = o.dossier";

fn view(r: &Row<'_>) -> rusqlite::Result<OrderView> {
    let reason: Option<Reason> = r.get::<_, Option<String>>(4)?.and_then(|t| serde_json::from_str(&t).ok());
    let state = OrderState::parse(&r.get::<_, String>(3)?).unwrap_or(OrderState::Parked);
    let due: i64 = r.get(13)?;
    Ok(OrderView {
        id: OrderId(r.get(0)?),
        service: Service::parse(&r.get::<_, String>(1)?).unwrap_or(Service::Dmp),
        recipient: r.get(2)?,
        state,
        why: reason.as_ref().map(fr::reason).or(r.get(15)?),
        cure: reason.as_ref().and_then(fr::cure),
        reason,
        patient: r.get::<_, Option<i64>>(5)?.map(PatientId),
        patient_name: r.get(6)?,
        dossier: r.get::<_, Option<i64>>(7)?.map(DossierId),
        number: r.get(8)?,
        document: r.get::<_, Option<i64>>(9)?.map(DocumentId),
        identifier: r.get(10)?,
        created_at: at(r.get(11)?),
        since: at(r.get(12)?),
        due_at: (state == OrderState::Scheduled && due != NEVER).then(|| at(due)),
        attempts: r.get(14)?,
    })
}

/// Orders of some documents, in order of creation.
pub(super) fn of_document(c: &Connection, document: DocumentId) -> Result<Vec<OrderView>, StoreError> {
    let mut s =
        c.prepare_cached(&format!("SELECT {VIEW} FROM {VIEW_FROM} WHERE o.document = ?1 ORDER BY o.id"))?;
    Ok(s.query_map([document.0], view)?.collect::<Result<_, _>>()?)
}

/// A group of orders that wait for the same cause.
#[derive(Debug, Clone)]
pub struct CauseGroup {
    /// State.
    pub state: OrderState,
    /// Service of its orders.
    pub service: Service,
    /// Key, when there is one.
    pub key: Option<String>,
    /// The cause of one of its orders.
    pub reason: Option<Reason>,
    /// How many.
    pub count: u64,
    /// Oldest.
    pub since: Timestamp,
    /// Earliest due.
    pub due: Timestamp,
}

impl Store {
    /// Gives up to `limit` due orders of a service to workers: urgent first, then in order.
    pub async fn claim(
        &self,
        service: Service,
        limit: u32,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Vec<Claimed>, StoreError> {
        self.write(move |tx| {
            let until = ms(now).saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX));
            // From the lease on, a DMP order may have reached the repository: after a crash it is asked first.
            let mut s = tx.prepare_cached(
                "UPDATE outbox SET state = 'leased', lease_until = ?4, attempts = attempts + 1, since = ?3, \
                 in_doubt = CASE WHEN state = 'unknown' OR service = 'dmp' THEN 1 ELSE 0 END, reason = NULL, cause = NULL, \
                 receipt = CASE WHEN state = 'unknown' THEN 'ask' END \
                 WHERE id IN (SELECT id FROM outbox WHERE service = ?1 AND state IN ('scheduled', 'unknown') AND due_at <= ?3 \
                 ORDER BY urgent DESC, due_at, id LIMIT ?2) \
                 RETURNING id, patient, dossier, document, correspondent, recipient, identifier, payload, asked_by, attempts, receipt, created_at",
            )?;
            let mut claimed = s
                .query_map(params![service.code(), limit, ms(now), until], |r| {
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
                    "UPDATE outbox SET due_at = ?2, reason = NULL, cause = NULL WHERE service = ?1 AND state = 'scheduled' AND due_at > ?2",
                )?
                .execute(params![service.code(), ms(now)])?;
            tx.prepare_cached("UPDATE outbox SET due_at = ?2 WHERE service = ?1 AND state = 'unknown' AND due_at > ?2 AND due_at < ?3")?
                .execute(params![service.code(), ms(now), NEVER])?;
            Ok(u64::try_from(n).unwrap_or(0))
        })
        .await
    }

    /// Pauses or resumes a service, durably.
    pub async fn set_service(&self, service: Service, paused: bool, act: Act) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached("DELETE FROM service WHERE code = ?1")?.execute([service.code()])?;
            if paused {
                tx.prepare_cached("INSERT INTO service (code, paused_by, paused_at) VALUES (?1, ?2, ?3)")?
                    .execute(params![service.code(), act.actor, ms(act.at)])?;
            }
            audit::append(tx, &act)?;
            Ok(())
        })
        .await
    }

    /// Records that a service refuses all of us.
    pub async fn suspend_service(&self, service: Service, words: String, act: Act) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached(
                "INSERT INTO service (code, suspended, suspended_at) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (code) DO UPDATE SET suspended = ?2, suspended_at = ?3",
            )?
            .execute(params![service.code(), words, ms(act.at)])?;
            audit::append(tx, &act)?;
            Ok(())
        })
        .await
    }

    /// Services paused (by whom) and suspended (why) before the restart.
    pub async fn service_decisions(
        &self,
    ) -> Result<Vec<(Service, Option<(String, Timestamp)>, Option<(String, Timestamp)>)>, StoreError> {
        self.read(|c| {
            let mut s =
                c.prepare("SELECT code, paused_by, paused_at, suspended, suspended_at FROM service")?;
            let rows = s
                .query_map([], |r| {
                    let pair = |a: usize| -> rusqlite::Result<Option<(String, Timestamp)>> {
                        Ok(r.get::<_, Option<String>>(a)?.zip(r.get::<_, Option<i64>>(a + 1)?.map(at)))
                    };
                    Ok((Service::parse(&r.get::<_, String>(0)?), pair(1)?, pair(3)?))
                })?
                .collect::<Result<Vec<_>, _>>()?;
            Ok(rows.into_iter().filter_map(|(s, p, x)| s.map(|s| (s, p, x))).collect())
        })
        .await
    }

    /// Orders that have not left, grouped by cause; and how many were delivered since `midnight`.
    pub async fn order_groups(&self, midnight: Timestamp) -> Result<(Vec<CauseGroup>, u64), StoreError> {
        self.read(move |c| {
            let mut s = c.prepare_cached(
                "SELECT state, service, cause, min(reason), count(*), min(since), min(due_at) FROM outbox \
                 WHERE state NOT IN ('delivered', 'cancelled') GROUP BY state, cause, service",
            )?;
            let groups = s
                .query_map([], |r| {
                    Ok(CauseGroup {
                        state: OrderState::parse(&r.get::<_, String>(0)?).unwrap_or(OrderState::Parked),
                        service: Service::parse(&r.get::<_, String>(1)?).unwrap_or(Service::Dmp),
                        key: r.get(2)?,
                        reason: r.get::<_, Option<String>>(3)?.and_then(|t| serde_json::from_str(&t).ok()),
                        count: count(r.get(4)?),
                        since: at(r.get(5)?),
                        due: at(r.get(6)?),
                    })
                })?
                .collect::<Result<Vec<_>, _>>()?;
            let today = c
                .prepare_cached("SELECT count(*) FROM outbox WHERE state = 'delivered' AND since >= ?1")?
                .query_row([ms(midnight)], |r| Ok(count(r.get(0)?)))?;
            Ok((groups, today))
        })
        .await
    }

    /// Orders that match a filter, oldest first; `cause` lists the stored keys that the group stands for.
    pub async fn orders(
        &self,
        filter: ListParams,
        keys: Option<Vec<String>>,
    ) -> Result<Vec<OrderView>, StoreError> {
        self.read(move |c| {
            let mut clauses = vec!["1 = 1".to_owned()];
            let mut values: Vec<Sql> = Vec::new();
            let mut add = |clause: &str, value: Sql| {
                values.push(value);
                clauses.push(clause.replace('?', &format!("?{}", values.len())));
            };
            if let Some(s) = filter.state {
                add("o.state = ?", s.code().to_owned().into());
            }
            if let Some(s) = filter.service {
                add("o.service = ?", s.code().to_owned().into());
            }
            if let Some(d) = filter.dossier {
                add("o.dossier = ?", d.0.into());
            }
            if let Some(p) = filter.patient {
                add("o.patient = ?", p.0.into());
            }
            if let Some(keys) = keys {
                let mut any = Vec::new();
                for k in keys {
                    values.push(k.into());
                    any.push(format!("?{}", values.len()));
                }
                clauses.push(format!("coalesce(o.cause, '') IN ({})", any.join(", ")));
                clauses.push("o.state NOT IN ('delivered', 'cancelled')".into());
            }
            let limit = filter.limit.unwrap_or(100).clamp(1, 1000);
            let sql = format!(
                "SELECT {VIEW} FROM {VIEW_FROM} WHERE {} ORDER BY o.id LIMIT {limit}",
                clauses.join(" AND ")
            );
            let mut s = c.prepare_cached(&sql)?;
            Ok(s.query_map(params_from_iter(values), view)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// One order, its gates as they stand, its attempts.
    pub async fn order_detail(
        &self,
        id: OrderId,
        gates: GateContext,
    ) -> Result<Option<(OrderView, Vec<gates::Verdict>, Vec<Attempt>)>, StoreError> {
        self.read(move |c| {
            let found = c
                .prepare_cached(&format!("SELECT {VIEW}, o.correspondent FROM {VIEW_FROM} WHERE o.id = ?1"))?
                .query_row([id.0], |r| Ok((view(r)?, r.get::<_, Option<i64>>(16)?)))
                .optional()?;
            let Some((order, correspondent)) = found else { return Ok(None) };
            let f = facts(
                c,
                order.service,
                order.patient.map(|p| p.0),
                order.document.map(|d| d.0),
                correspondent,
                &order.recipient,
                gates,
            )?;
            let verdicts = gates::verdicts(order.service, &f);
            let mut s = c.prepare_cached(
                "SELECT number, started_at, ended_at, outcome, words FROM attempt WHERE outbox = ?1 ORDER BY number DESC LIMIT 100",
            )?;
            let attempts = s
                .query_map([id.0], |r| {
                    Ok(Attempt {
                        number: r.get(0)?,
                        started_at: at(r.get(1)?),
                        ended_at: r.get::<_, Option<i64>>(2)?.map(at),
                        outcome: r.get(3)?,
                        words: r.get(4)?,
                    })
                })?
                .collect::<Result<_, _>>()?;
            Ok(Some((order, verdicts, attempts)))
        })
        .await
    }

    /// A person asks to send now: parked and scheduled orders become due, whatever their delay. An order whose outcome
    /// is unknown is asked after again; a mail whose outcome is unknown is sent again under the same Message-ID only
    /// when one order is named (`id`), never by cause.
    pub async fn retry_orders(
        &self,
        id: Option<OrderId>,
        keys: Option<Vec<String>>,
        act: Act,
        gates: GateContext,
    ) -> Result<Changed, StoreError> {
        self.write(move |tx| {
            let now = act.at;
            let mut ids: Vec<(i64, String, String)> = Vec::new();
            let row = |r: &Row<'_>| Ok((r.get(0)?, r.get(1)?, r.get(2)?));
            if let Some(id) = id {
                let found = tx
                    .prepare_cached("SELECT id, state, service FROM outbox WHERE id = ?1")?
                    .query_row([id.0], row)
                    .optional()?;
                ids.push(found.ok_or_else(|| WireError::not_found(format!("l'ordre n° {id} n'existe pas")))?);
            }
            for key in keys.unwrap_or_default() {
                let mut s = tx.prepare_cached(
                    "SELECT id, state, service FROM outbox WHERE coalesce(cause, '') = ?1 AND state IN ('parked', 'scheduled', 'unknown')",
                )?;
                for found in s.query_map([key], row)? {
                    ids.push(found?);
                }
            }
            let mut changed = Changed::default();
            for (order, state, service) in ids {
                let named = id.is_some();
                let next = match (state.as_str(), service.as_str()) {
                    ("parked" | "scheduled", _) => "scheduled",
                    ("unknown", "mss") if named => "scheduled",
                    ("unknown", "mss") => continue,
                    ("unknown", _) => "unknown",
                    ("delivered", _) if named => {
                        return Err(WireError::refused("cet ordre est déjà remis : rien n'est envoyé deux fois").into());
                    }
                    ("held", _) if named => {
                        return Err(WireError::refused("cet ordre est retenu : traiter d'abord la raison affichée").into());
                    }
                    ("leased", _) if named => {
                        return Err(WireError::refused("cet ordre est en cours d'envoi").into());
                    }
                    _ => continue,
                };
                tx.prepare_cached(
                    "UPDATE outbox SET state = ?3, due_at = ?2, since = ?2, reason = NULL, cause = NULL WHERE id = ?1",
                )?
                .execute(params![order, ms(now), next])?;
                let dossier: Option<i64> = tx
                    .prepare_cached("SELECT dossier FROM outbox WHERE id = ?1")?
                    .query_row([order], |r| r.get(0))?;
                let state = OrderState::parse(next).unwrap_or(OrderState::Scheduled);
                changed.push(OrderId(order), state, dossier.map(DossierId));
                changed.orders.extend(reevaluate(tx, Scope::Order(OrderId(order)), &gates, now)?.orders);
                audit::append(tx, &Act { subject: format!("order:{order}"), ..act.clone() })?;
            }
            Ok(changed)
        })
        .await
    }

    /// Withdraws an order that has not left.
    pub async fn cancel_order(&self, id: OrderId, motive: String, act: Act) -> Result<Changed, StoreError> {
        self.write(move |tx| {
            let found: Option<(String, Option<i64>)> = tx
                .prepare_cached("SELECT state, dossier FROM outbox WHERE id = ?1")?
                .query_row([id.0], |r| Ok((r.get(0)?, r.get(1)?)))
                .optional()?;
            let Some((state, dossier)) = found else {
                return Err(WireError::not_found(format!("l'ordre n° {id} n'existe pas")).into());
            };
            if !matches!(state.as_str(), "held" | "scheduled" | "parked") {
                let shown = OrderState::parse(&state).map_or("", OrderState::label);
                return Err(WireError::refused(format!("cet ordre est « {shown} » : il ne peut plus être annulé")).into());
            }
            tx.prepare_cached(
                "UPDATE outbox SET state = 'cancelled', since = ?2, receipt = ?3, reason = NULL, cause = NULL WHERE id = ?1",
            )?
            .execute(params![id.0, ms(act.at), format!("annulé par {} : {motive}", act.actor)])?;
            audit::append(tx, &act)?;
            let mut changed = Changed::default();
            changed.push(id, OrderState::Cancelled, dossier.map(DossierId));
            Ok(changed)
        })
        .await
    }

    /// At start: the configuration may have changed, so every order that has not left is asked again.
    pub async fn reevaluate_all(&self, gates: GateContext, now: Timestamp) -> Result<Changed, StoreError> {
        self.write(move |tx| reevaluate(tx, Scope::All, &gates, now)).await
    }

    /// What was accepted by a receiver in a document that bears the INS, latest first (INS-19).
    pub async fn disclosures(
        &self,
        patient: PatientId,
    ) -> Result<Vec<paillasse_shared::protocol::patient::Disclosure>, StoreError> {
        self.read(move |c| {
            let mut s = c.prepare_cached(
                "SELECT o.since, o.service, o.recipient, d.number, doc.version, doc.unique_id FROM outbox o \
                 JOIN document doc ON doc.id = o.document JOIN dossier d ON d.id = o.dossier \
                 WHERE o.patient = ?1 AND o.state = 'delivered' AND doc.with_ins = 1 ORDER BY o.since DESC LIMIT 1000",
            )?;
            Ok(s.query_map([patient.0], |r| {
                Ok(paillasse_shared::protocol::patient::Disclosure {
                    at: at(r.get(0)?),
                    service: Service::parse(&r.get::<_, String>(1)?).unwrap_or(Service::Dmp),
                    recipient: r.get(2)?,
                    number: r.get(3)?,
                    version: r.get(4)?,
                    unique_id: r.get(5)?,
                })
            })?
            .collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Makes orders of unknown outcome due for being asked after now.
    pub async fn reconcile_now(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(move |tx| {
            let n = tx
                .prepare_cached("UPDATE outbox SET due_at = ?1 WHERE state = 'unknown' AND service <> 'mss'")?
                .execute([ms(now)])?;
            Ok(u64::try_from(n).unwrap_or(0))
        })
        .await
    }
}
