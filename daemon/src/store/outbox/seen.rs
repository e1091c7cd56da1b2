//! Orders as people see them: by cause, by filter, one by one with gates and attempts.

use jiff::Timestamp;
use paillasse_shared::domain::ids::{DocumentId, DossierId, OrderId, PatientId};
use paillasse_shared::domain::order::{OrderState, Reason, Service};
use paillasse_shared::messages::fr;
use paillasse_shared::protocol::patient::Disclosure;
use paillasse_shared::protocol::queue::{Attempt, ListParams, OrderView};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::{GateContext, NEVER, facts};
use crate::outbox::gates;
use crate::store::engine::{Store, StoreError};
use crate::store::time::{at, count, ms};

const VIEW: &str = "o.id, o.service, o.recipient, o.state, o.reason, o.patient, p.birth_name || ' ' || p.first_name, o.dossier, \
     d.number, o.document, o.identifier, o.created_at, o.since, o.due_at, o.attempts, o.receipt, p.status";
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
        identity: r.get::<_, Option<String>>("status")?.and_then(|s| serde_json::from_str(&s).ok()),
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
pub(in crate::store) fn of_document(
    c: &Connection,
    document: DocumentId,
) -> Result<Vec<OrderView>, StoreError> {
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
                .query_row([id.0], |r| Ok((view(r)?, r.get::<_, Option<i64>>("correspondent")?)))
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

    /// What was accepted by a receiver in a document that bears the INS, latest first (INS-19).
    pub async fn disclosures(&self, patient: PatientId) -> Result<Vec<Disclosure>, StoreError> {
        self.read(move |c| {
            let mut s = c.prepare_cached(
                "SELECT o.since, o.service, o.recipient, d.number, doc.version, doc.unique_id FROM outbox o \
                 JOIN document doc ON doc.id = o.document JOIN dossier d ON d.id = o.dossier \
                 WHERE o.patient = ?1 AND o.state = 'delivered' AND doc.with_ins = 1 ORDER BY o.since DESC LIMIT 1000",
            )?;
            Ok(s.query_map([patient.0], |r| {
                Ok(Disclosure {
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
}
