//! Orders of the outbox: what they are, insertion, gates. Work on them stands in [`work`], what people see in [`seen`],
//! what people do in [`acts`], decisions about services in [`services`].

mod acts;
mod seen;
mod services;
mod work;

use jiff::Timestamp;
use paillasse_shared::domain::ids::{CorrespondentId, DocumentId, DossierId, OrderId, PatientId};
use paillasse_shared::domain::order::{OrderState, Reason, Service};
use paillasse_shared::protocol::dossier::CorrespondentParams;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::engine::{StoreError, Tx};
use super::patients::json;
use super::time::ms;
use crate::outbox::gates::{self, Facts};

pub use seen::CauseGroup;
pub(in crate::store) use seen::of_document;

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
    if let Some(d) = document {
        f.other_laboratory = c
            .prepare_cached(
                "SELECT w.facts FROM document d JOIN dossier o ON o.id = d.dossier \
                 JOIN correspondent w ON w.id = o.requested_by WHERE d.id = ?1 AND w.id IS NOT ?2",
            )?
            .query_row(params![d, correspondent], |r| json::<CorrespondentParams>(r, 0))
            .optional()?
            .map(|w| w.family);
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
