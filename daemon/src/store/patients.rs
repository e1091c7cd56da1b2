//! Patients: rows, creation, history. Changes of an identity stand in [`super::identity`].

use jiff::Timestamp;
use paillasse_shared::domain::identity::{
    BirthDate, CogCode, IdentityState, InsOid, Matricule, Proof, Sex, Status, StrictName, StrictTraits,
    UsedNames,
};
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::protocol::patient::{Consent, HistoryLine, InsiState};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::audit::{self, Act};
use super::engine::{Store, StoreError, Tx};
use super::search::{lists, words};
use super::time::{at, ms};

/// A patient as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Patient {
    /// Which; 0 before creation.
    pub id: PatientId,
    /// Raised at each change.
    pub version: i64,
    /// Strict traits.
    pub traits: StrictTraits,
    /// Used names.
    pub used: UsedNames,
    /// Telephone.
    pub phone: Option<String>,
    /// Number of social security for billing; never the INS.
    pub social_security: Option<String>,
    /// Why it was created or corrected by the degraded procedure.
    pub degraded: Option<String>,
    /// Facts that decide the status.
    pub state: IdentityState,
    /// The INS, present exactly when `state.from_insi`.
    pub ins: Option<StoredIns>,
    /// Device checked.
    pub proof: Option<Proof>,
    /// Mon espace santé.
    pub consent: Consent,
    /// Created at.
    pub created_at: Timestamp,
}

/// An INS as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredIns {
    /// Matricule.
    pub matricule: Matricule,
    /// Authority.
    pub oid: InsOid,
    /// Recovered at.
    pub recovered_at: Timestamp,
    /// Last verified at.
    pub verified_at: Option<Timestamp>,
}

impl Patient {
    /// Status.
    #[must_use]
    pub fn status(&self) -> Status {
        self.state.status()
    }

    /// `NOM Prénom` for lists.
    #[must_use]
    pub fn display_name(&self) -> String {
        format!("{} {}", self.traits.birth_name, self.traits.first_name)
    }
}

pub(super) const COLUMNS: &str = "id, version, birth_name, first_name, given_names, sex, birth_date, birth_place, \
     used_name, used_first_name, phone, state, matricule, oid, recovered_at, verified_at, proof, informed, opposed, created_at, \
     social_security, degraded";

fn bad(column: usize, words: impl std::fmt::Display) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, words.to_string().into())
}

pub(super) fn patient(r: &Row<'_>) -> rusqlite::Result<Patient> {
    let name = |i: usize| -> rusqlite::Result<StrictName> {
        StrictName::verbatim(&r.get::<_, String>(i)?).map_err(|e| bad(i, e))
    };
    let maybe_name = |i: usize| -> rusqlite::Result<Option<StrictName>> {
        r.get::<_, Option<String>>(i)?.map(|s| StrictName::verbatim(&s).map_err(|e| bad(i, e))).transpose()
    };
    let matricule: Option<String> = r.get(12)?;
    let ins = match matricule {
        None => None,
        Some(m) => Some(StoredIns {
            matricule: Matricule::try_from(m).map_err(|e| bad(12, e))?,
            oid: r
                .get::<_, Option<String>>(13)?
                .and_then(|o| InsOid::parse(&o))
                .ok_or_else(|| bad(13, "OID inconnu"))?,
            recovered_at: at(r.get::<_, Option<i64>>(14)?.unwrap_or_default()),
            verified_at: r.get::<_, Option<i64>>(15)?.map(at),
        }),
    };
    Ok(Patient {
        id: PatientId(r.get(0)?),
        version: r.get(1)?,
        traits: StrictTraits {
            birth_name: name(2)?,
            first_name: name(3)?,
            given_names: maybe_name(4)?,
            sex: Sex::parse(&r.get::<_, String>(5)?).ok_or_else(|| bad(5, "sexe inconnu"))?,
            birth_date: BirthDate::lunar(&r.get::<_, String>(6)?).map_err(|e| bad(6, e))?,
            birth_place: r
                .get::<_, Option<String>>(7)?
                .map(|c| CogCode::parse(&c).map_err(|e| bad(7, e)))
                .transpose()?,
        },
        used: UsedNames { name: maybe_name(8)?, first_name: maybe_name(9)? },
        phone: r.get(10)?,
        state: json(r, 11)?,
        ins,
        proof: r
            .get::<_, Option<String>>(16)?
            .map(|p| serde_json::from_str(&p).map_err(|e| bad(16, e)))
            .transpose()?,
        consent: Consent { informed: r.get(17)?, opposed: r.get(18)? },
        created_at: at(r.get(19)?),
        social_security: r.get(20)?,
        degraded: r.get(21)?,
    })
}

/// A JSON column.
pub(super) fn json<T: serde::de::DeserializeOwned>(r: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = r.get(column)?;
    serde_json::from_str(&text).map_err(|e| bad(column, e))
}

/// One patient.
pub(super) fn get(c: &Connection, id: PatientId) -> Result<Option<Patient>, StoreError> {
    Ok(c.prepare_cached(&format!("SELECT {COLUMNS} FROM patient WHERE id = ?1"))?
        .query_row([id.0], patient)
        .optional()?)
}

/// One patient that must exist.
pub(super) fn expect(c: &Connection, id: PatientId) -> Result<Patient, StoreError> {
    get(c, id)?.ok_or_else(|| {
        paillasse_shared::protocol::WireError::not_found(format!("le patient n° {id} n'existe pas")).into()
    })
}

/// Writes every column of a patient that exists, and the lists of the search; raises the version.
pub(super) fn update(tx: &Tx, p: &Patient, now: Timestamp) -> Result<(), StoreError> {
    let mut changes = lists::Changes::default();
    update_row(tx, p, now, &mut changes)?;
    changes.write(tx)
}

/// The same, leaving to the caller to write what changes in the lists of the search, for many patients at once.
pub(super) fn update_row(
    tx: &Tx,
    p: &Patient,
    now: Timestamp,
    changes: &mut lists::Changes,
) -> Result<(), StoreError> {
    let before = lists::keys_of_row(tx, p.id.0)?;
    changes.put(p.id.0, &before, &words::keys(&names(p), &p.traits.birth_date.iso()))?;
    tx.prepare_cached(
        "UPDATE patient SET version = version + 1, birth_name = ?2, first_name = ?3, given_names = ?4, sex = ?5, \
         birth_date = ?6, birth_place = ?7, used_name = ?8, used_first_name = ?9, phone = ?10, state = ?11, status = ?12, \
         matricule = ?13, oid = ?14, recovered_at = ?15, verified_at = ?16, proof = ?17, informed = ?18, opposed = ?19, \
         touched_at = ?20, social_security = ?21, degraded = ?22 WHERE id = ?1",
    )?
    .execute(params![
        p.id.0,
        p.traits.birth_name.as_str(),
        p.traits.first_name.as_str(),
        p.traits.given_names.as_ref().map(StrictName::as_str),
        p.traits.sex.letter(),
        p.traits.birth_date.iso(),
        p.traits.birth_place.as_ref().map(CogCode::as_str),
        p.used.name.as_ref().map(StrictName::as_str),
        p.used.first_name.as_ref().map(StrictName::as_str),
        p.phone,
        serde_json::to_string(&p.state)?,
        serde_json::to_string(&p.status())?,
        p.ins.as_ref().map(|i| i.matricule.compact()),
        p.ins.as_ref().map(|i| i.oid.as_str()),
        p.ins.as_ref().map(|i| ms(i.recovered_at)),
        p.ins.as_ref().and_then(|i| i.verified_at).map(ms),
        p.proof.as_ref().map(serde_json::to_string).transpose()?,
        p.consent.informed,
        p.consent.opposed,
        ms(now),
        p.social_security,
        p.degraded,
    ])?;
    Ok(())
}

/// What a person typed about a patient, for the journal (INS-11).
#[must_use]
pub fn facts(p: &Patient) -> serde_json::Value {
    serde_json::json!({
        "traits": p.traits, "used": p.used, "phone": p.phone, "social_security": p.social_security,
        "homonyme": p.state.homonyme,
    })
}

/// Names under which a patient is found.
fn names(p: &Patient) -> words::Names {
    words::Names {
        birth: p.traits.birth_name.as_str().to_owned(),
        first: p.traits.first_name.as_str().to_owned(),
        given: p.traits.given_names.as_ref().map(ToString::to_string),
        used: p.used.name.as_ref().map(ToString::to_string),
        used_first: p.used.first_name.as_ref().map(ToString::to_string),
    }
}

/// Inserts a new patient, with its history and the line of the journal.
pub(super) fn insert(
    tx: &Tx,
    mut new: Patient,
    request_id: Option<&str>,
    actor: &str,
    what: &str,
) -> Result<Patient, StoreError> {
    let now = new.created_at;
    tx.prepare_cached(
        "INSERT INTO patient (version, birth_name, first_name, sex, birth_date, state, status, created_at, touched_at, request_id) \
         VALUES (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)",
    )?
    .execute(params![
        new.traits.birth_name.as_str(),
        new.traits.first_name.as_str(),
        new.traits.sex.letter(),
        new.traits.birth_date.iso(),
        serde_json::to_string(&new.state)?,
        serde_json::to_string(&new.status())?,
        ms(now),
        request_id,
    ])?;
    new.id = PatientId(tx.last_insert_rowid());
    new.version = 1;
    update(tx, &new, now)?;
    history(tx, new.id, now, actor, what, None)?;
    audit::append(
        tx,
        &Act::new(
            now,
            actor,
            "patient-create",
            format!("patient:{}", new.id),
            serde_json::json!({ "before": null, "after": facts(&new), "degraded": new.degraded }),
        ),
    )?;
    Ok(new)
}

/// One line of the history of an identity.
pub(super) fn history(
    tx: &Tx,
    patient: PatientId,
    now: Timestamp,
    by: &str,
    what: &str,
    status: Option<(Status, Status)>,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO patient_history (patient, at, by, what, status_from, status_to) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        patient.0,
        ms(now),
        by,
        what,
        status.map(|s| serde_json::to_string(&s.0)).transpose()?,
        status.map(|s| serde_json::to_string(&s.1)).transpose()?,
    ])?;
    Ok(())
}

/// Where INSi stands for a patient.
pub(super) fn insi_state(c: &Connection, id: PatientId) -> Result<(InsiState, String), StoreError> {
    Ok(c.prepare_cached("SELECT state, asked_by FROM insi WHERE patient = ?1")?
        .query_row([id.0], |r| Ok((json(r, 0)?, r.get(1)?)))
        .optional()?
        .unwrap_or((InsiState::NotCalled, String::new())))
}

impl Store {
    /// Creates a patient; a second creation with the same `request_id` answers the first one.
    pub async fn create_patient(
        &self,
        new: Patient,
        request_id: Option<String>,
        actor: String,
    ) -> Result<Patient, StoreError> {
        self.write(move |tx| {
            if let Some(request) = &request_id {
                let known: Option<i64> = tx
                    .prepare_cached("SELECT id FROM patient WHERE request_id = ?1")?
                    .query_row([request], |r| r.get(0))
                    .optional()?;
                if let Some(id) = known {
                    return expect(tx, PatientId(id));
                }
            }
            let what = match &new.degraded {
                Some(why) => format!("Identité créée en procédure dégradée : {why}"),
                None => "Identité créée".to_owned(),
            };
            insert(tx, new, request_id.as_deref(), &actor, &what)
        })
        .await
    }

    /// One patient.
    pub async fn patient(&self, id: PatientId) -> Result<Option<Patient>, StoreError> {
        self.read(move |c| get(c, id)).await
    }

    /// One patient with where INSi stands.
    pub async fn patient_with_insi(&self, id: PatientId) -> Result<Option<(Patient, InsiState)>, StoreError> {
        self.read(move |c| {
            Ok(match get(c, id)? {
                Some(p) => Some((p, insi_state(c, id)?.0)),
                None => None,
            })
        })
        .await
    }

    /// History of an identity, latest first.
    pub async fn patient_history(&self, id: PatientId) -> Result<Vec<HistoryLine>, StoreError> {
        self.read(move |c| {
            let mut s = c.prepare_cached(
                "SELECT at, by, what, status_from, status_to FROM patient_history WHERE patient = ?1 ORDER BY id DESC LIMIT 500",
            )?;
            let lines = s
                .query_map([id.0], |r| {
                    let status = |i| -> rusqlite::Result<Option<Status>> {
                        Ok(r.get::<_, Option<String>>(i)?.and_then(|t| serde_json::from_str(&t).ok()))
                    };
                    Ok(HistoryLine {
                        at: at(r.get(0)?),
                        by: r.get(1)?,
                        what: r.get(2)?,
                        status: status(3)?.zip(status(4)?),
                    })
                })?
                .collect::<Result<Vec<_>, _>>()?;
            Ok(lines)
        })
        .await
    }
}
