//! The reference of places: which edition was imported, and the codes of INSi that it does not know.

use jiff::Timestamp;
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::protocol::cog::{CogImported, UnknownPlace};
use rusqlite::{OptionalExtension, params};

use super::audit::{self, Act};
use super::engine::{Store, StoreError};
use super::time::{at, count, ms};

impl Store {
    /// The edition imported last.
    pub async fn cog_imported(&self) -> Result<Option<CogImported>, StoreError> {
        self.read(|c| {
            let text: Option<String> =
                c.query_row("SELECT value FROM meta WHERE key = 'cog'", [], |r| r.get(0)).optional()?;
            Ok(text.map(|t| serde_json::from_str(&t)).transpose()?)
        })
        .await
    }

    /// Records an import and its line of the journal.
    pub async fn set_cog_imported(&self, imported: CogImported, act: Act) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.execute(
                "INSERT OR REPLACE INTO meta VALUES ('cog', ?1)",
                [serde_json::to_string(&imported)?],
            )?;
            audit::append(tx, &act)?;
            Ok(())
        })
        .await
    }

    /// Notes a code of INSi that the reference does not know.
    pub async fn note_unknown_place(
        &self,
        code: String,
        patient: PatientId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            tx.prepare_cached("INSERT OR IGNORE INTO unknown_place VALUES (?1, ?2, ?3)")?
                .execute(params![code, patient.0, ms(now)])?;
            Ok(())
        })
        .await
    }

    /// Codes noted, most patients first.
    pub async fn unknown_places(&self) -> Result<Vec<UnknownPlace>, StoreError> {
        self.read(|c| {
            let mut s = c.prepare_cached(
                "SELECT code, min(at), count(*) FROM unknown_place GROUP BY code ORDER BY 3 DESC, 1 LIMIT 500",
            )?;
            let lines = s
                .query_map([], |r| {
                    Ok(UnknownPlace { code: r.get(0)?, since: at(r.get(1)?), patients: count(r.get(2)?) })
                })?
                .collect::<Result<Vec<_>, _>>()?;
            Ok(lines)
        })
        .await
    }
}
