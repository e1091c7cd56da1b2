//! Former matricules of people: those of the history that INSi returns, and those that left a record. They serve to
//! find duplicates and are never transmitted; nothing that builds a document or a message reads them.

use paillasse_shared::domain::identity::Insi;
use paillasse_shared::domain::ids::{PatientId, ReturnId};
use paillasse_shared::protocol::patient::FormerView;
use rusqlite::{Connection, OptionalExtension, params};

use super::engine::{Store, StoreError, Tx};
use super::patients;

/// Patients who carried a matricule, by its thirteen characters.
pub(super) const CARRIED_SQL: &str = "SELECT patient FROM former_matricule WHERE number = ?1 LIMIT 10";
/// Patients who carry a matricule, by its fifteen characters.
const CARRY_SQL: &str = "SELECT id FROM patient WHERE matricule = ?1 LIMIT 10";
/// Former matricules of one patient.
const OF_SQL: &str = "SELECT number, key, oid, valid_from, valid_to, why FROM former_matricule WHERE patient = ?1 \
                      ORDER BY coalesce(valid_to, '') DESC, number LIMIT 100";

/// Statements of this file, for the test of query plans.
#[cfg(test)]
pub(super) const PLANS: [(&str, &str); 2] = [
    (CARRIED_SQL, "SEARCH former_matricule USING COVERING INDEX former_matricule_number"),
    (CARRY_SQL, "SEARCH patient USING COVERING INDEX patient_matricule"),
];

/// Keeps the history of the return that was accepted, without the matricule that is active.
pub(super) fn keep_history(tx: &Tx, patient: PatientId, accepted: ReturnId) -> Result<(), StoreError> {
    let insi: Insi = tx
        .prepare_cached("SELECT insi FROM insi_return WHERE id = ?1")?
        .query_row([accepted.0], |r| patients::json(r, 0))?;
    for f in insi.history.iter().filter(|f| f.number != insi.matricule.number()) {
        tx.prepare_cached(
            "INSERT OR REPLACE INTO former_matricule VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'historique d''INSi')",
        )?
        .execute(params![patient.0, f.number, f.key, f.oid, f.from, f.to])?;
    }
    Ok(())
}

/// Another patient who carries, or carried, this number.
fn other(c: &Connection, patient: PatientId, number: &str) -> Result<Option<PatientId>, StoreError> {
    let key = format!("{:02}", paillasse_shared::domain::identity::matricule::key_of(number));
    for (sql, wanted) in [(CARRY_SQL, format!("{number}{key}")), (CARRIED_SQL, number.to_owned())] {
        let mut s = c.prepare_cached(sql)?;
        let mut found = s.query_map([wanted], |r| r.get(0).map(PatientId))?;
        if let Some(id) = found.find(|id| id.as_ref().map_or(true, |id| *id != patient)) {
            return Ok(Some(id?));
        }
    }
    Ok(None)
}

/// Another patient who carries or carried a matricule of this person: the active one, or one of the history.
pub(super) fn also_known(
    c: &Connection,
    patient: PatientId,
    insi: &Insi,
) -> Result<Option<PatientId>, StoreError> {
    let numbers =
        std::iter::once(insi.matricule.number()).chain(insi.history.iter().map(|f| f.number.as_str()));
    for number in numbers.filter(|n| n.len() == 13 && n.is_ascii()) {
        if let Some(id) = other(c, patient, number)? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

impl Store {
    /// Former matricules of a patient, latest first.
    pub async fn former_matricules(&self, patient: PatientId) -> Result<Vec<FormerView>, StoreError> {
        self.read(move |c| {
            let mut s = c.prepare_cached(OF_SQL)?;
            let rows = s.query_map([patient.0], |r| {
                let (number, key): (String, Option<String>) = (r.get(0)?, r.get(1)?);
                let view = FormerView {
                    grouped: grouped(&number, key.as_deref()),
                    oid: r.get(2)?,
                    from: r.get(3)?,
                    to: r.get(4)?,
                    why: r.get(5)?,
                    also: None,
                };
                Ok((number, view))
            })?;
            let mut all = Vec::new();
            for row in rows {
                let (number, view) = row?;
                let also =
                    if number.len() == 13 && number.is_ascii() { other(c, patient, &number)? } else { None };
                all.push(FormerView { also, ..view });
            }
            Ok(all)
        })
        .await
    }

    /// The mode of the return that was accepted last, when there is one.
    pub async fn accepted_mode(&self, patient: PatientId) -> Result<Option<String>, StoreError> {
        self.read(move |c| {
            Ok(c.prepare_cached(
                "SELECT mode FROM insi_return WHERE patient = ?1 AND decision = 'accepted' ORDER BY id DESC LIMIT 1",
            )?
            .query_row([patient.0], |r| r.get(0))
            .optional()?)
        })
        .await
    }
}

/// `2 97 02 2A 020 778 78`; as it is when it has another length.
fn grouped(number: &str, key: Option<&str>) -> String {
    let part = |a: usize, b: usize| number.get(a..b).unwrap_or_default();
    let mut out = if number.len() == 13 {
        [part(0, 1), part(1, 3), part(3, 5), part(5, 7), part(7, 10), part(10, 13)].join(" ")
    } else {
        number.to_owned()
    };
    if let Some(key) = key {
        out.push(' ');
        out.push_str(key);
    }
    out
}
