//! Validation: technical, then biological. A biological validation is one transaction: results, document, orders.

use paillasse_shared::domain::ids::{DossierId, ResultId};
use rusqlite::params;

use super::audit::{self, Act};
use super::documents::{self, NewDocument};
use super::dossiers::{check_version, expect, refresh};
use super::engine::{Store, StoreError};
use super::outbox::{self, Changed, GateContext, NewOrder};
use super::patients;
use super::time::ms;

/// A biological validation, decided by a service.
#[derive(Debug)]
pub struct Validation {
    /// Dossier.
    pub dossier: DossierId,
    /// Version that was read.
    pub version: i64,
    /// Version of the patient that was read: its identity is in the document.
    pub patient_version: i64,
    /// Results to validate.
    pub results: Vec<ResultId>,
    /// The document built from them.
    pub document: NewDocument,
    /// Orders, without their document, which is filled in here.
    pub orders: Vec<NewOrder>,
    /// Line of the journal.
    pub act: Act,
}

impl Store {
    /// Validates results technically.
    pub async fn validate_technical(
        &self,
        id: DossierId,
        version: Option<i64>,
        results: Vec<ResultId>,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            check_version(&expect(tx, id)?, version)?;
            for r in &results {
                tx.prepare_cached(
                    "UPDATE result SET state = 'technical', technical_by = ?3, technical_at = ?4 WHERE id = ?2 AND dossier = ?1 AND state = 'entered'",
                )?
                .execute(params![id.0, r.0, act.actor, ms(act.at)])?;
            }
            refresh(tx, id)?;
            audit::append(tx, &act)?;
            Ok(())
        })
        .await
    }

    /// Validates results biologically: results, document and orders in one transaction.
    ///
    /// # Errors
    /// A conflict when dossier or patient changed since the document was built.
    pub async fn validate(&self, v: Validation, gates: GateContext) -> Result<Changed, StoreError> {
        self.write(move |tx| {
            check_version(&expect(tx, v.dossier)?, Some(v.version))?;
            let patient = patients::expect(tx, v.document.patient)?;
            if patient.version != v.patient_version {
                return Err(super::identity::conflict());
            }
            for r in &v.results {
                let n = tx
                    .prepare_cached(
                        "UPDATE result SET state = 'validated', validated_by = ?3, validated_at = ?4, \
                         technical_by = coalesce(technical_by, ?3), technical_at = coalesce(technical_at, ?4) \
                         WHERE id = ?2 AND dossier = ?1 AND state IN ('entered', 'technical')",
                    )?
                    .execute(params![v.dossier.0, r.0, v.act.actor, ms(v.act.at)])?;
                if n == 0 {
                    return Err(super::identity::conflict());
                }
            }
            refresh(tx, v.dossier)?;
            let document = documents::insert(tx, &v.document)?;
            let mut changed = Changed::default();
            for order in &v.orders {
                let order = NewOrder { document: Some(document), ..order.clone() };
                changed.orders.extend(outbox::insert(tx, &order, &gates)?.orders);
            }
            audit::append(tx, &v.act)?;
            Ok(changed)
        })
        .await
    }
}
