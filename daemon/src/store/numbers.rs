//! Counters and the identity of this installation, kept in the database.

use rusqlite::{OptionalExtension, params};

use super::engine::{Store, StoreError, Tx};

/// The next number of a counter, from 1.
pub fn next(tx: &Tx, name: &str) -> Result<i64, StoreError> {
    Ok(tx
        .prepare_cached(
            "INSERT INTO counter VALUES (?1, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
        )?
        .query_row(params![name], |r| r.get(0))?)
}

impl Store {
    /// The identifier of this installation: `proposed` the first time, the same for ever after.
    pub async fn instance(&self, proposed: uuid::Uuid) -> Result<uuid::Uuid, StoreError> {
        self.write(move |tx| {
            tx.execute("INSERT OR IGNORE INTO meta VALUES ('instance', ?1)", [proposed.to_string()])?;
            let kept: Option<String> =
                tx.query_row("SELECT value FROM meta WHERE key = 'instance'", [], |r| r.get(0)).optional()?;
            Ok(kept.and_then(|k| k.parse().ok()).unwrap_or(proposed))
        })
        .await
    }
}
