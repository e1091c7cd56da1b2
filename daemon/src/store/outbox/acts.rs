//! What people do to orders: send now, withdraw, ask the receivers.

use jiff::Timestamp;
use paillasse_shared::domain::ids::{DossierId, OrderId};
use paillasse_shared::domain::order::OrderState;
use paillasse_shared::protocol::error::WireError;
use rusqlite::{OptionalExtension, Row, params};

use super::{Changed, GateContext, Scope, reevaluate};
use crate::store::audit::{self, Act};
use crate::store::engine::{Store, StoreError};
use crate::store::time::ms;

impl Store {
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
