//! Decisions about services that outlive a restart: pauses and suspensions.

use jiff::Timestamp;
use paillasse_shared::domain::order::Service;
use rusqlite::params;

use crate::store::audit::{self, Act};
use crate::store::engine::{Store, StoreError};
use crate::store::time::{at, ms};

impl Store {
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
}
