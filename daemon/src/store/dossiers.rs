//! Dossiers and results: opening, entry, filing of received results, validation.

use std::sync::Arc;

use jiff::Timestamp;
use paillasse_shared::domain::catalogue::{Analysis, Specimen};
use paillasse_shared::domain::dossier::{CorrespondentRole, DossierState};
use paillasse_shared::domain::ids::{CorrespondentId, DossierId, PatientId, ResultId};
use paillasse_shared::domain::result::{Flag, ResultState, ResultValue, flag};
use paillasse_shared::protocol::document::DocumentView;
use paillasse_shared::protocol::dossier::{Correspondent, DossierLine, ListParams};
use paillasse_shared::protocol::error::{ErrorKind, WireError};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::audit::{self, Act};
use super::documents;
use super::engine::{Store, StoreError, Tx};
use super::patients::{self, Patient, json};
use super::time::{at, ms};
use super::{correspondents, numbers};
use crate::catalogue::Catalogue;

/// A dossier as stored.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// Which.
    pub id: DossierId,
    /// Number.
    pub number: String,
    /// Raised at each change.
    pub version: i64,
    /// Patient.
    pub patient: PatientId,
    /// Opened at.
    pub opened_at: Timestamp,
    /// Sampled at.
    pub sampled_at: Timestamp,
    /// Day of the prescription, `AAAA-MM-JJ`.
    pub prescribed_on: String,
    /// Urgent.
    pub urgent: bool,
    /// The laboratory that subcontracts this dossier to us, with its number.
    pub requested: Option<(CorrespondentId, String)>,
    /// State.
    pub state: DossierState,
}

/// A result as stored.
#[derive(Debug, Clone)]
pub struct StoredResult {
    /// Which.
    pub id: ResultId,
    /// Local code of the analysis.
    pub analysis: String,
    /// Value.
    pub value: Option<ResultValue>,
    /// Flag.
    pub flag: Option<Flag>,
    /// State.
    pub state: ResultState,
    /// Where the value comes from.
    pub origin: Option<String>,
    /// When it was obtained.
    pub obtained_at: Option<Timestamp>,
    /// Comment.
    pub comment: Option<String>,
    /// Remarks of the analyser.
    pub remarks: Vec<String>,
    /// Technical validation.
    pub technical: Option<(String, Timestamp)>,
    /// Biological validation.
    pub validated: Option<(String, Timestamp)>,
    /// Previous validated results of the same analysis in the same unit, latest first.
    pub previous: Vec<Past>,
}

/// A previous result.
#[derive(Debug, Clone)]
pub struct Past {
    /// Sampled at.
    pub at: Timestamp,
    /// Value.
    pub value: ResultValue,
    /// Flag.
    pub flag: Option<Flag>,
}

/// Everything about a dossier, read in one go.
#[derive(Debug, Clone)]
pub struct DossierFull {
    /// The dossier.
    pub dossier: Dossier,
    /// Its patient.
    pub patient: Patient,
    /// Its results.
    pub results: Vec<StoredResult>,
    /// Its correspondents, prescriber first.
    pub correspondents: Vec<(CorrespondentRole, Correspondent)>,
    /// The laboratory that subcontracts it to us, with its number.
    pub requester: Option<(Correspondent, String)>,
    /// Its specimens.
    pub specimens: Vec<(String, Specimen)>,
    /// Its documents, latest first.
    pub documents: Vec<DocumentView>,
    /// Calls traced: when, who, note.
    pub calls: Vec<(Timestamp, String, String)>,
}

/// A dossier to open.
#[derive(Debug, Clone)]
pub struct NewDossier {
    /// Patient.
    pub patient: PatientId,
    /// Analyses, panels already opened.
    pub analyses: Vec<String>,
    /// Correspondents.
    pub correspondents: Vec<(i64, CorrespondentRole)>,
    /// Opened at.
    pub opened_at: Timestamp,
    /// Two last digits of the year, for the number.
    pub year: i16,
    /// Sampled at.
    pub sampled_at: Timestamp,
    /// Day of the prescription.
    pub prescribed_on: String,
    /// Urgent.
    pub urgent: bool,
    /// The laboratory that subcontracts it to us, with its number.
    pub requested: Option<(CorrespondentId, String)>,
    /// Number chosen by the client.
    pub request_id: Option<String>,
    /// Who.
    pub by: String,
}

/// A value to put into a dossier.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Analysis.
    pub analysis: String,
    /// Value; none removes it.
    pub value: Option<ResultValue>,
    /// Flag given by the analyser, used when the catalogue gives none.
    pub flag: Option<Flag>,
    /// Comment; none keeps it.
    pub comment: Option<String>,
    /// Where it comes from.
    pub origin: String,
    /// When it was obtained.
    pub obtained_at: Timestamp,
    /// Remarks of the analyser.
    pub remarks: Vec<String>,
}

fn dossier(r: &Row<'_>) -> rusqlite::Result<Dossier> {
    Ok(Dossier {
        id: DossierId(r.get(0)?),
        number: r.get(1)?,
        version: r.get(2)?,
        patient: PatientId(r.get(3)?),
        opened_at: at(r.get(4)?),
        sampled_at: at(r.get(5)?),
        prescribed_on: r.get(6)?,
        urgent: r.get(7)?,
        state: code(r, 8)?,
        requested: r.get::<_, Option<i64>>(9)?.map(CorrespondentId).zip(r.get(10)?),
    })
}

const COLUMNS: &str = "id, number, version, patient, opened_at, sampled_at, prescribed_on, urgent, state, \
    requested_by, requested_number";

/// A column that holds the serialised name of an enum, without quotes.
fn code<T: serde::de::DeserializeOwned>(r: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = r.get(column)?;
    serde_json::from_value(serde_json::Value::String(text)).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(e))
    })
}

fn name<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(s) => Ok(s),
        other => Err(StoreError::Fault(format!("{other} n'est pas un nom"))),
    }
}

pub(super) fn get(c: &Connection, id: DossierId) -> Result<Option<Dossier>, StoreError> {
    Ok(c.prepare_cached(&format!("SELECT {COLUMNS} FROM dossier WHERE id = ?1"))?
        .query_row([id.0], dossier)
        .optional()?)
}

pub(super) fn expect(c: &Connection, id: DossierId) -> Result<Dossier, StoreError> {
    get(c, id)?.ok_or_else(|| WireError::not_found(format!("le dossier n° {id} n'existe pas")).into())
}

fn by_number(c: &Connection, number: &str) -> Result<Option<DossierId>, StoreError> {
    Ok(c.prepare_cached("SELECT id FROM dossier WHERE number = ?1")?
        .query_row([number], |r| r.get(0).map(DossierId))
        .optional()?)
}

pub(super) fn check_version(d: &Dossier, expected: Option<i64>) -> Result<(), StoreError> {
    if expected.is_some_and(|v| v != d.version) {
        return Err(WireError::new(
            ErrorKind::Conflict,
            "ce dossier vient d'être modifié par une autre personne",
        )
        .hint("relire le dossier, puis valider")
        .into());
    }
    Ok(())
}

/// Recomputes state, worst flag and counts of a dossier; raises its version.
pub(super) fn refresh(tx: &Tx, id: DossierId) -> Result<(), StoreError> {
    let rows: Vec<(ResultState, Option<Flag>)> = tx
        .prepare_cached("SELECT state, flag FROM result WHERE dossier = ?1")?
        .query_map([id.0], |r| {
            let f: Option<String> = r.get(1)?;
            Ok((code(r, 0)?, f.and_then(|f| Flag::parse(&f))))
        })?
        .collect::<Result<_, _>>()?;
    let states: Vec<ResultState> = rows.iter().map(|r| r.0).collect();
    let severity = |f: Flag| match f {
        Flag::HH | Flag::LL | Flag::AA => 3,
        Flag::H | Flag::L | Flag::A => 2,
        Flag::N => 1,
    };
    let worst = rows
        .iter()
        .filter(|(s, _)| !matches!(s, ResultState::Validated | ResultState::Cancelled))
        .filter_map(|(_, f)| *f)
        .max_by_key(|f| severity(*f));
    let total = states.iter().filter(|s| **s != ResultState::Cancelled).count();
    let done = states.iter().filter(|s| !matches!(s, ResultState::Cancelled | ResultState::Pending)).count();
    tx.prepare_cached(
        "UPDATE dossier SET version = version + 1, state = ?2, worst = ?3, done = ?4, total = ?5 WHERE id = ?1",
    )?
    .execute(params![
        id.0,
        name(&DossierState::of(&states))?,
        worst.map(Flag::code),
        i64::try_from(done).unwrap_or(0),
        i64::try_from(total).unwrap_or(0)
    ])?;
    Ok(())
}

/// Adds analyses that are not there yet, with one specimen per kind.
fn add_analyses(tx: &Tx, d: &Dossier, analyses: &[String], catalogue: &Catalogue) -> Result<(), StoreError> {
    for analysis in analyses {
        tx.prepare_cached(
            "INSERT OR IGNORE INTO result (dossier, patient, analysis, sampled_at, state) VALUES (?1, ?2, ?3, ?4, 'pending')",
        )?
        .execute(params![d.id.0, d.patient.0, analysis, ms(d.sampled_at)])?;
        let Some(a) = catalogue.analysis(analysis) else { continue };
        let kind = serde_json::to_string(&a.specimen)?;
        let known: bool = tx
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM specimen WHERE dossier = ?1 AND kind = ?2)")?
            .query_row(params![d.id.0, kind], |r| r.get(0))?;
        if !known {
            let n: i64 = tx
                .prepare_cached("SELECT count(*) FROM specimen WHERE dossier = ?1")?
                .query_row([d.id.0], |r| r.get(0))?;
            tx.prepare_cached("INSERT INTO specimen VALUES (?1, ?2, ?3)")?.execute(params![
                specimen_id(&d.number, n + 1),
                d.id.0,
                kind
            ])?;
        }
    }
    Ok(())
}

/// Number of a tube: the digits of the dossier and the rank of the tube, as barcodes carry it.
#[must_use]
pub fn specimen_id(number: &str, rank: i64) -> String {
    let digits: String = number.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{digits}{rank:02}")
}

fn expect_correspondent(c: &Connection, who: CorrespondentId) -> Result<(), StoreError> {
    match correspondents::get(c, who)? {
        Some(_) => Ok(()),
        None => Err(WireError::not_found(format!("le correspondant n° {who} n'existe pas")).into()),
    }
}

fn add_correspondents(
    tx: &Tx,
    dossier: DossierId,
    list: &[(i64, CorrespondentRole)],
) -> Result<(), StoreError> {
    for (who, role) in list {
        expect_correspondent(tx, CorrespondentId(*who))?;
        tx.prepare_cached("INSERT OR REPLACE INTO dossier_correspondent VALUES (?1, ?2, ?3)")?
            .execute(params![dossier.0, who, name(role)?])?;
    }
    Ok(())
}

/// Outcome of putting one value into a dossier.
pub(super) enum Put {
    /// Done.
    Done,
    /// The same value was already there.
    Same,
    /// Not done, and why.
    No(String),
}

/// Puts one value into a dossier, with its flag; validated values are never overwritten.
pub(super) fn put_value(
    tx: &Tx,
    dossier: DossierId,
    entry: &Entry,
    catalogue: &Catalogue,
    today: jiff::civil::Date,
) -> Result<Put, StoreError> {
    let found: Option<(i64, ResultState, Option<String>, i64)> = tx
        .prepare_cached("SELECT id, state, value, patient FROM result WHERE dossier = ?1 AND analysis = ?2")?
        .query_row(params![dossier.0, entry.analysis], |r| Ok((r.get(0)?, code(r, 1)?, r.get(2)?, r.get(3)?)))
        .optional()?;
    let analysis: Option<&Analysis> = catalogue.analysis(&entry.analysis);
    let label = analysis.map_or(entry.analysis.as_str(), |a| a.label.as_str());
    let Some((id, state, before, patient)) = found else {
        return Ok(Put::No(format!("{label} n'est pas demandé dans ce dossier")));
    };
    let value = entry.value.as_ref().map(serde_json::to_string).transpose()?;
    if state == ResultState::Validated {
        return Ok(if before == value {
            Put::Same
        } else {
            Put::No(format!("{label} est déjà validé : la nouvelle valeur n'a pas remplacé l'ancienne"))
        });
    }
    if before == value && entry.comment.is_none() && value.is_some() {
        return Ok(Put::Same);
    }
    let person = patients::expect(tx, PatientId(patient))?;
    let age = person.traits.birth_date.age(today);
    let computed = match (&entry.value, analysis) {
        (Some(v), Some(a)) => {
            flag(v, a.reference_for(person.traits.sex, age), a.critical.as_ref()).or(entry.flag)
        }
        (Some(_), None) => entry.flag,
        (None, _) => None,
    };
    let state = if value.is_some() { ResultState::Entered } else { ResultState::Pending };
    tx.prepare_cached(
        "UPDATE result SET value = ?2, flag = ?3, unit = ?4, state = ?5, origin = ?6, obtained_at = ?7, comment = coalesce(?8, comment), \
         remarks = ?9, technical_by = NULL, technical_at = NULL WHERE id = ?1",
    )?
    .execute(params![
        id,
        value,
        computed.map(Flag::code),
        analysis.and_then(|a| a.ucum.clone().or_else(|| a.unit.clone())),
        name(&state)?,
        entry.origin,
        ms(entry.obtained_at),
        entry.comment,
        serde_json::to_string(&entry.remarks)?
    ])?;
    Ok(Put::Done)
}

/// The dossier that a tube number stands for.
pub(super) fn of_specimen(tx: &Tx, specimen: &str) -> Result<Option<DossierId>, StoreError> {
    let compact: String = specimen.chars().filter(char::is_ascii_alphanumeric).collect();
    if let Some(id) = tx
        .prepare_cached("SELECT dossier FROM specimen WHERE id = ?1")?
        .query_row([&compact], |r| r.get(0).map(DossierId))
        .optional()?
    {
        return Ok(Some(id));
    }
    // Analysers that know only the dossier number: with or without its hyphen.
    match by_number(tx, specimen)? {
        Some(id) => Ok(Some(id)),
        None => Ok(tx
            .prepare_cached("SELECT dossier FROM specimen WHERE id = ?1")?
            .query_row([specimen_id(&compact, 1)], |r| r.get(0).map(DossierId))
            .optional()?),
    }
}

/// After values were put: state of the dossier.
pub(super) fn touched(tx: &Tx, id: DossierId) -> Result<(), StoreError> {
    refresh(tx, id)
}

fn past(c: &Connection, d: &Dossier, analysis: &str, unit: Option<&str>) -> Result<Vec<Past>, StoreError> {
    let mut s = c.prepare_cached(
        "SELECT sampled_at, value, flag, unit FROM result WHERE patient = ?1 AND analysis = ?2 AND sampled_at < ?3 \
         AND state = 'validated' AND dossier <> ?4 ORDER BY sampled_at DESC LIMIT 3",
    )?;
    let rows = s.query_map(params![d.patient.0, analysis, ms(d.sampled_at), d.id.0], |r| {
        let f: Option<String> = r.get(2)?;
        Ok((
            Past { at: at(r.get(0)?), value: json(r, 1)?, flag: f.and_then(|f| Flag::parse(&f)) },
            r.get::<_, Option<String>>(3)?,
        ))
    })?;
    let mut list = Vec::new();
    for row in rows {
        let (p, its_unit) = row?;
        // Comparable only in the same unit.
        if its_unit.as_deref() == unit {
            list.push(p);
        }
    }
    Ok(list)
}

fn full(c: &Connection, id: DossierId, catalogue: &Catalogue) -> Result<Option<DossierFull>, StoreError> {
    let Some(d) = get(c, id)? else { return Ok(None) };
    let patient = patients::expect(c, d.patient)?;
    let mut results: Vec<StoredResult> = c
        .prepare_cached(
            "SELECT id, analysis, value, flag, state, origin, obtained_at, comment, remarks, technical_by, technical_at, validated_by, validated_at \
             FROM result WHERE dossier = ?1 ORDER BY id",
        )?
        .query_map([id.0], |r| {
            let text = |i: usize| r.get::<_, Option<String>>(i);
            Ok(StoredResult {
                id: ResultId(r.get(0)?),
                analysis: r.get(1)?,
                value: text(2)?.and_then(|t| serde_json::from_str(&t).ok()),
                flag: text(3)?.and_then(|t| Flag::parse(&t)),
                state: code(r, 4)?,
                origin: r.get(5)?,
                obtained_at: r.get::<_, Option<i64>>(6)?.map(at),
                comment: r.get(7)?,
                remarks: text(8)?.and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default(),
                technical: text(9)?.zip(r.get::<_, Option<i64>>(10)?.map(at)),
                validated: text(11)?.zip(r.get::<_, Option<i64>>(12)?.map(at)),
                previous: Vec::new(),
            })
        })?
        .collect::<Result<_, _>>()?;
    for r in &mut results {
        let unit = catalogue.analysis(&r.analysis).and_then(|a| a.ucum.clone().or_else(|| a.unit.clone()));
        r.previous = past(c, &d, &r.analysis, unit.as_deref())?;
    }
    let mut s = c.prepare_cached(
        "SELECT dc.role, co.id, co.facts FROM dossier_correspondent dc JOIN correspondent co ON co.id = dc.correspondent \
         WHERE dc.dossier = ?1 ORDER BY CASE dc.role WHEN 'prescriber' THEN 0 WHEN 'attending_physician' THEN 1 ELSE 2 END, co.id",
    )?;
    let correspondents = s
        .query_map([id.0], |r| {
            Ok((code(r, 0)?, Correspondent { id: CorrespondentId(r.get(1)?), facts: json(r, 2)? }))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    let mut s = c.prepare_cached("SELECT id, kind FROM specimen WHERE dossier = ?1 ORDER BY id")?;
    let specimens = s.query_map([id.0], |r| Ok((r.get(0)?, json(r, 1)?)))?.collect::<Result<Vec<_>, _>>()?;
    let mut s = c.prepare_cached("SELECT at, by, note FROM dossier_call WHERE dossier = ?1 ORDER BY id")?;
    let calls =
        s.query_map([id.0], |r| Ok((at(r.get(0)?), r.get(1)?, r.get(2)?)))?.collect::<Result<_, _>>()?;
    let documents = documents::of_dossier(c, id)?;
    let requester = match &d.requested {
        Some((who, number)) => correspondents::get(c, *who)?.map(|lab| (lab, number.clone())),
        None => None,
    };
    Ok(Some(DossierFull {
        dossier: d,
        patient,
        results,
        correspondents,
        requester,
        specimens,
        documents,
        calls,
    }))
}

const LINE: &str = "d.id, d.number, d.patient, p.birth_name || ' ' || p.first_name, p.status, d.opened_at, d.state, d.urgent, d.worst, d.done, d.total";

fn dossier_line(r: &Row<'_>) -> rusqlite::Result<DossierLine> {
    let worst: Option<String> = r.get(8)?;
    Ok(DossierLine {
        id: DossierId(r.get(0)?),
        number: r.get(1)?,
        patient: PatientId(r.get(2)?),
        patient_name: r.get(3)?,
        status: json(r, 4)?,
        opened_at: at(r.get(5)?),
        state: code(r, 6)?,
        urgent: r.get(7)?,
        worst: worst.and_then(|w| Flag::parse(&w)),
        done: r.get(9)?,
        total: r.get(10)?,
    })
}

impl Store {
    /// Opens a dossier; a second opening with the same `request_id` answers the first one.
    pub async fn create_dossier(
        &self,
        new: NewDossier,
        catalogue: Arc<Catalogue>,
    ) -> Result<DossierId, StoreError> {
        self.write(move |tx| {
            if let Some(request) = &new.request_id {
                let known: Option<i64> = tx
                    .prepare_cached("SELECT id FROM dossier WHERE request_id = ?1")?
                    .query_row([request], |r| r.get(0))
                    .optional()?;
                if let Some(id) = known {
                    return Ok(DossierId(id));
                }
            }
            patients::expect(tx, new.patient)?;
            if let Some((who, _)) = &new.requested {
                expect_correspondent(tx, *who)?;
            }
            let n = numbers::next(tx, &format!("dossier-{:02}", new.year))?;
            let number = format!("{:02}-{n:06}", new.year);
            tx.prepare_cached(
                "INSERT INTO dossier (number, version, patient, opened_at, sampled_at, prescribed_on, urgent, state, request_id, \
                 requested_by, requested_number) VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, 'registered', ?7, ?8, ?9)",
            )?
            .execute(params![
                number,
                new.patient.0,
                ms(new.opened_at),
                ms(new.sampled_at),
                new.prescribed_on,
                new.urgent,
                new.request_id,
                new.requested.as_ref().map(|r| r.0.0),
                new.requested.as_ref().map(|r| r.1.as_str())
            ])?;
            let id = DossierId(tx.last_insert_rowid());
            let d = expect(tx, id)?;
            add_analyses(tx, &d, &new.analyses, &catalogue)?;
            add_correspondents(tx, id, &new.correspondents)?;
            refresh(tx, id)?;
            tx.prepare_cached("UPDATE patient SET touched_at = ?2 WHERE id = ?1")?
                .execute(params![new.patient.0, ms(new.opened_at)])?;
            audit::append(
                tx,
                &Act::new(
                    new.opened_at,
                    &new.by,
                    "dossier-create",
                    format!("dossier:{id}"),
                    serde_json::json!({ "number": number, "patient": new.patient, "analyses": new.analyses,
                        "received_from": new.requested }),
                ),
            )?;
            Ok(id)
        })
        .await
    }

    /// Adds analyses and correspondents.
    pub async fn add_to_dossier(
        &self,
        id: DossierId,
        analyses: Vec<String>,
        people: Vec<(i64, CorrespondentRole)>,
        catalogue: Arc<Catalogue>,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            let d = expect(tx, id)?;
            add_analyses(tx, &d, &analyses, &catalogue)?;
            add_correspondents(tx, id, &people)?;
            refresh(tx, id)?;
            audit::append(tx, &act)?;
            Ok(())
        })
        .await
    }

    /// Everything about a dossier.
    pub async fn dossier_full(
        &self,
        id: DossierId,
        catalogue: Arc<Catalogue>,
    ) -> Result<Option<DossierFull>, StoreError> {
        self.read(move |c| full(c, id, &catalogue)).await
    }

    /// A dossier by its number.
    pub async fn dossier_by_number(&self, number: String) -> Result<Option<DossierId>, StoreError> {
        self.read(move |c| by_number(c, &number)).await
    }

    /// Dossiers, latest first.
    pub async fn dossiers(&self, filter: ListParams) -> Result<Vec<DossierLine>, StoreError> {
        self.read(move |c| {
            let limit = filter.limit.unwrap_or(100).clamp(1, 1000);
            let mut clause = String::from("1 = 1");
            if let Some(p) = filter.patient {
                clause.push_str(&format!(" AND d.patient = {}", p.0));
            }
            if let Some(s) = filter.state {
                clause.push_str(&format!(" AND d.state = '{}'", name(&s)?));
            }
            let sql = format!(
                "SELECT {LINE} FROM dossier d JOIN patient p ON p.id = d.patient WHERE {clause} ORDER BY d.id DESC LIMIT {limit}"
            );
            Ok(c.prepare_cached(&sql)?.query_map([], dossier_line)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Dossiers with results that wait for validation: critical first, then urgent, then oldest.
    pub async fn validation_worklist(&self) -> Result<Vec<DossierLine>, StoreError> {
        self.read(|c| {
            let sql = format!(
                "SELECT {LINE} FROM dossier d JOIN patient p ON p.id = d.patient \
                 WHERE d.state IN ('to_validate', 'in_progress', 'partial') AND EXISTS (SELECT 1 FROM result r WHERE r.dossier = d.id AND r.state IN ('entered', 'technical')) \
                 ORDER BY (d.worst IN ('HH', 'LL', 'AA')) DESC, d.urgent DESC, (d.state = 'to_validate') DESC, d.id LIMIT 500"
            );
            Ok(c.prepare_cached(&sql)?.query_map([], dossier_line)?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Enters one value by hand.
    pub async fn enter_result(
        &self,
        id: DossierId,
        entry: Entry,
        catalogue: Arc<Catalogue>,
        today: jiff::civil::Date,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            expect(tx, id)?;
            match put_value(tx, id, &entry, &catalogue, today)? {
                Put::Done => {
                    refresh(tx, id)?;
                    audit::append(tx, &act)?;
                    Ok(())
                }
                Put::Same => Ok(()),
                Put::No(why) => Err(WireError::refused(why).into()),
            }
        })
        .await
    }

    /// Says that an analysis will not be done.
    pub async fn cancel_result(
        &self,
        id: DossierId,
        analysis: String,
        motive: String,
        act: Act,
    ) -> Result<(), StoreError> {
        self.write(move |tx| {
            expect(tx, id)?;
            let n = tx
                .prepare_cached(
                    "UPDATE result SET state = 'cancelled', value = NULL, flag = NULL, comment = ?3 \
                     WHERE dossier = ?1 AND analysis = ?2 AND state <> 'validated'",
                )?
                .execute(params![id.0, analysis, motive])?;
            if n == 0 {
                return Err(WireError::refused(
                    "cette analyse n'est pas dans le dossier, ou elle est déjà validée",
                )
                .into());
            }
            refresh(tx, id)?;
            audit::append(tx, &act)?;
            Ok(())
        })
        .await
    }

    /// Records a call to a prescriber.
    pub async fn trace_call(&self, id: DossierId, note: String, act: Act) -> Result<(), StoreError> {
        self.write(move |tx| {
            expect(tx, id)?;
            tx.prepare_cached("INSERT INTO dossier_call (dossier, at, by, note) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![id.0, ms(act.at), act.actor, note])?;
            tx.prepare_cached("UPDATE dossier SET version = version + 1 WHERE id = ?1")?.execute([id.0])?;
            audit::append(tx, &act)?;
            Ok(())
        })
        .await
    }
}
