//! Many patients at once, for training and measures: one transaction and one line of the journal per batch.
//!
//! Everything else is as reception would have left it: the same columns, the same words for the search, the same first
//! line of history. Deliberately not here: deciding who these people are ([`crate::generate`]).

use jiff::Timestamp;
use paillasse_shared::domain::ids::PatientId;
use rusqlite::{OptionalExtension, params};

use super::audit::{self, Act};
use super::engine::{Store, StoreError, Tx};
use super::patients::{self, Patient};
use super::search::lists;
use super::time::ms;

/// Page cache while a batch is written, in KiB: the trees of a million patients are touched everywhere at once.
const CACHE_KIB: i64 = 256 * 1024;

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Inserted {
    /// Patients created.
    pub created: u64,
    /// Left out: somebody here already has this matricule.
    pub skipped: u64,
}

impl Store {
    /// Inserts patients as given, in one transaction. Whoever bears a matricule that is already here is left out.
    ///
    /// # Errors
    /// What the disk says; then nothing of the batch was kept.
    pub async fn insert_patients(
        &self,
        batch: Vec<Patient>,
        actor: &'static str,
        now: Timestamp,
    ) -> Result<Inserted, StoreError> {
        self.write(move |tx| {
            tx.pragma_update(None, "cache_size", -CACHE_KIB)?;
            let mut done = Inserted::default();
            let mut ids = (i64::MAX, i64::MIN);
            let mut changes = lists::Changes::default();
            for mut p in batch {
                if known(tx, &p)? {
                    done.skipped += 1;
                    continue;
                }
                insert(tx, &mut p, now, &mut changes)?;
                patients::history(tx, p.id, now, actor, "Identité créée (génération)", None)?;
                ids = (ids.0.min(p.id.0), ids.1.max(p.id.0));
                done.created += 1;
            }
            changes.write(tx)?;
            if done.created > 0 {
                let detail = serde_json::json!({ "created": done.created, "first": ids.0, "last": ids.1 });
                audit::append(tx, &Act::new(now, actor, "patient-generate", "patients", detail))?;
            }
            Ok(done)
        })
        .await
    }
}

fn known(tx: &Tx, p: &Patient) -> Result<bool, StoreError> {
    let Some(ins) = &p.ins else { return Ok(false) };
    Ok(tx
        .prepare_cached("SELECT 1 FROM patient WHERE matricule = ?1 AND oid = ?2")?
        .query_row(params![ins.matricule.compact(), ins.oid.as_str()], |_| Ok(()))
        .optional()?
        .is_some())
}

fn insert(tx: &Tx, p: &mut Patient, now: Timestamp, changes: &mut lists::Changes) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO patient (version, birth_name, first_name, sex, birth_date, state, status, created_at, touched_at) \
         VALUES (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
    )?
    .execute(params![
        p.traits.birth_name.as_str(),
        p.traits.first_name.as_str(),
        p.traits.sex.letter(),
        p.traits.birth_date.iso(),
        serde_json::to_string(&p.state)?,
        serde_json::to_string(&p.status())?,
        ms(now),
    ])?;
    p.id = PatientId(tx.last_insert_rowid());
    patients::update_row(tx, p, now, changes)
}
