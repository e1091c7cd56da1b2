//! Health correspondents of the laboratory.

use paillasse_shared::domain::identity::normalise::fold;
use paillasse_shared::domain::ids::CorrespondentId;
use paillasse_shared::protocol::dossier::{Correspondent, CorrespondentParams};
use rusqlite::{Connection, OptionalExtension, params};

use super::audit::{self, Act};
use super::engine::{Store, StoreError};
use super::outbox::{self, Changed, GateContext, Scope};
use super::patients::json;

fn folded(f: &CorrespondentParams) -> String {
    format!("{}{}", fold(&f.family), fold(&f.given))
}

pub(super) fn get(c: &Connection, id: CorrespondentId) -> Result<Option<Correspondent>, StoreError> {
    Ok(c.prepare_cached("SELECT facts FROM correspondent WHERE id = ?1")?
        .query_row([id.0], |r| Ok(Correspondent { id, facts: json(r, 0)? }))
        .optional()?)
}

impl Store {
    /// One correspondent.
    pub async fn correspondent(&self, id: CorrespondentId) -> Result<Option<Correspondent>, StoreError> {
        self.read(move |c| get(c, id)).await
    }

    /// Creates a correspondent.
    pub async fn create_correspondent(
        &self,
        facts: CorrespondentParams,
        act: Act,
    ) -> Result<Correspondent, StoreError> {
        self.write(move |tx| {
            tx.prepare_cached("INSERT INTO correspondent (facts, folded) VALUES (?1, ?2)")?
                .execute(params![serde_json::to_string(&facts)?, folded(&facts)])?;
            let id = CorrespondentId(tx.last_insert_rowid());
            audit::append(tx, &Act { subject: format!("correspondent:{id}"), ..act })?;
            Ok(Correspondent { id, facts })
        })
        .await
    }

    /// Changes a correspondent; orders that lacked an address leave by themselves.
    pub async fn update_correspondent(
        &self,
        id: CorrespondentId,
        facts: CorrespondentParams,
        act: Act,
        gates: GateContext,
    ) -> Result<Option<(Correspondent, Changed)>, StoreError> {
        self.write(move |tx| {
            let Some(before) = get(tx, id)? else { return Ok(None) };
            tx.prepare_cached("UPDATE correspondent SET facts = ?2, folded = ?3 WHERE id = ?1")?
                .execute(params![id.0, serde_json::to_string(&facts)?, folded(&facts)])?;
            audit::append(tx, &act)?;
            let mut changed = Changed::default();
            if before.facts.mss_address != facts.mss_address {
                changed.orders.extend(outbox::revive_refused_mailbox(tx, id, act.at)?.orders);
            }
            changed.orders.extend(outbox::reevaluate(tx, Scope::Correspondent(id), &gates, act.at)?.orders);
            Ok(Some((Correspondent { id, facts }, changed)))
        })
        .await
    }

    /// Correspondents whose name begins with the folded text.
    pub async fn search_correspondents(
        &self,
        text: String,
        limit: u32,
    ) -> Result<Vec<Correspondent>, StoreError> {
        self.read(move |c| {
            let low = fold(&text);
            let high = format!("{low}\u{7f}");
            let mut s = c.prepare_cached(
                "SELECT id, facts FROM correspondent WHERE folded >= ?1 AND folded < ?2 ORDER BY folded LIMIT ?3",
            )?;
            let list = s
                .query_map(params![low, high, limit], |r| {
                    Ok(Correspondent { id: CorrespondentId(r.get(0)?), facts: json(r, 1)? })
                })?
                .collect::<Result<Vec<_>, _>>()?;
            Ok(list)
        })
        .await
    }
}
