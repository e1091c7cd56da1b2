//! Patient search. Every query is driven by an index; a list is always bounded.
//!
//! The text is read by [`crate::services::query`]. Names go through [`find`]: words of the names ([`words`]) lead to lists
//! of patients on the disk ([`lists`]), crossed as sets ([`set`]); letters wrong are found through the cuts of [`near`];
//! the order is that of [`matching`]. Nothing about patients is kept in memory between two searches.
//! Deliberately not here: resemblance by sound (a phonetic key): faults of letters cover what it would find among names
//! that are typed from a document.

use paillasse_shared::domain::identity::{Matricule, normalise};
use paillasse_shared::domain::ids::{DossierId, PatientId};
use paillasse_shared::protocol::patient::{LastDossier, PatientHit};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::engine::{Store, StoreError};
use super::merger;
use super::patients::{self, json};
use super::time::at;
use words::Names;

pub mod corpus;
mod find;
pub(super) mod lists;
mod matching;
mod near;
mod set;
pub(super) mod words;

/// Words of a text that are looked at.
pub const MAX_WORDS: usize = 8;
/// Identities shown at most as close to a new one.
const CLOSE: usize = 20;
/// Identities looked at for that, of each day and of each name.
const CLOSE_LOOKED_AT: usize = 500;

const ROW_SQL: &str = "SELECT id, birth_name, first_name, given_names, used_name, used_first_name, birth_date, sex, status, state, \
             touched_at, merged_into FROM patient WHERE id = ?1";
const LAST_DOSSIERS_SQL: &str =
    "SELECT id, number, opened_at, state FROM dossier WHERE patient = ?1 ORDER BY id DESC LIMIT ?2";
const SENDINGS_SQL: &str = "SELECT coalesce(sum(state NOT IN ('delivered', 'cancelled')), 0), coalesce(sum(state = 'delivered'), 0) \
     FROM outbox WHERE dossier = ?1";
const MATRICULE_SQL: &str = "SELECT id FROM patient WHERE matricule = ?1 LIMIT 10";
const LATEST_SQL: &str = "SELECT id FROM patient WHERE merged_into IS NULL ORDER BY touched_at DESC LIMIT ?1";

/// Names and date of a search, folded.
#[derive(Debug, Clone, Default)]
pub struct NameQuery {
    /// Folded words; each begins a word of the names, or nearly.
    pub words: Vec<String>,
    /// Date of birth `AAAA-MM-JJ`.
    pub date: Option<String>,
    /// Dates that may have been meant instead: day and month exchanged, the other century.
    pub other_dates: Vec<String>,
    /// Year of birth.
    pub year: Option<u16>,
}

/// A patient found, with what ranks it.
struct Row {
    hit: PatientHit,
    names: Names,
    touched_at: i64,
}

/// Reads rows of patients, with statements prepared once for a whole list.
struct Rows<'c> {
    c: &'c Connection,
    patient: CachedStatement<'c>,
    last_dossiers: CachedStatement<'c>,
    sendings: CachedStatement<'c>,
}

impl<'c> Rows<'c> {
    fn new(c: &'c Connection) -> Result<Self, StoreError> {
        Ok(Self {
            c,
            patient: c.prepare_cached(ROW_SQL)?,
            last_dossiers: c.prepare_cached(LAST_DOSSIERS_SQL)?,
            sendings: c.prepare_cached(SENDINGS_SQL)?,
        })
    }

    /// One patient, or the one that stands for it since they were merged; without its last dossier.
    fn patient(&mut self, id: i64) -> Result<Option<Row>, StoreError> {
        match self.unmerged(id)? {
            Some((_, Some(_))) => {
                let survivor = merger::resolve(self.c, PatientId(id))?;
                Ok(self.unmerged(survivor.0)?.and_then(|(row, merged)| merged.is_none().then_some(row)))
            }
            found => Ok(found.map(|(row, _)| row)),
        }
    }

    fn unmerged(&mut self, id: i64) -> Result<Option<(Row, Option<i64>)>, StoreError> {
        let found = self.patient.query_row([id], |r| {
            let names = Names {
                birth: r.get(1)?,
                first: r.get(2)?,
                given: r.get(3)?,
                used: r.get(4)?,
                used_first: r.get(5)?,
            };
            let state: paillasse_shared::domain::identity::IdentityState = json(r, 9)?;
            let hit = PatientHit {
                id: PatientId(r.get(0)?),
                birth_name: names.birth.clone(),
                given_names: names.given.as_ref().unwrap_or(&names.first).clone(),
                birth_date: r.get(6)?,
                sex: r.get(7)?,
                used_name: names.used.clone(),
                status: json(r, 8)?,
                homonyme: state.homonyme,
                approximate: false,
                last_dossier: None,
            };
            Ok((Row { hit, names, touched_at: r.get(10)? }, r.get(11)?))
        });
        Ok(found.optional()?)
    }

    /// The latest dossiers of a patient, each with a sentence on where it stands.
    fn last_dossiers(&mut self, patient: PatientId, limit: u32) -> Result<Vec<LastDossier>, StoreError> {
        let Self { last_dossiers, sendings, .. } = self;
        let dossiers = last_dossiers.query_map(params![patient.0, limit], |r| {
            let state: String = r.get(3)?;
            let (open, delivered): (u32, u32) =
                sendings.query_row([r.get::<_, i64>(0)?], |o| Ok((o.get(0)?, o.get(1)?)))?;
            let word = match state.as_str() {
                "registered" => "enregistré",
                "in_progress" => "en cours",
                "to_validate" => "à valider",
                "partial" => "partiel",
                _ => "complet",
            };
            let summary = match (open, delivered) {
                (0, 0) => word.to_owned(),
                (0, _) => format!("{word}, tout remis"),
                (1, _) => format!("{word}, 1 envoi pas encore parti"),
                (n, _) => format!("{word}, {n} envois pas encore partis"),
            };
            Ok(LastDossier { id: DossierId(r.get(0)?), number: r.get(1)?, opened_at: at(r.get(2)?), summary })
        })?;
        Ok(dossiers.collect::<Result<_, _>>()?)
    }

    /// One patient with the last dossier.
    fn hit(&mut self, id: i64) -> Result<Option<PatientHit>, StoreError> {
        let Some(Row { hit: mut h, .. }) = self.patient(id)? else { return Ok(None) };
        h.last_dossier = self.last_dossiers(h.id, 1)?.into_iter().next();
        Ok(Some(h))
    }

    fn hits(&mut self, ids: impl IntoIterator<Item = i64>) -> Result<Vec<PatientHit>, StoreError> {
        ids.into_iter().filter_map(|id| self.hit(id).transpose()).collect()
    }
}

impl Store {
    /// Patients by names and date; the flag says that there are more.
    pub async fn search_names(
        &self,
        q: NameQuery,
        limit: u32,
    ) -> Result<(Vec<PatientHit>, bool), StoreError> {
        self.read(move |c| {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            if q.words.is_empty() && q.date.is_none() && q.year.is_none() {
                return snapshot(c, |c| latest(c, limit));
            }
            snapshot(c, |c| find::find(c, &q, limit))
        })
        .await
    }

    /// The patient who carries a matricule, then those who carried it.
    pub async fn search_matricule(&self, matricule: Matricule) -> Result<Vec<PatientHit>, StoreError> {
        self.read(move |c| {
            snapshot(c, |c| {
                let mut ids: Vec<i64> = c
                    .prepare_cached(MATRICULE_SQL)?
                    .query_map([matricule.compact()], |r| r.get(0))?
                    .collect::<Result<_, _>>()?;
                let carried: Vec<i64> = c
                    .prepare_cached(super::matricules::CARRIED_SQL)?
                    .query_map([matricule.number()], |r| r.get(0))?
                    .collect::<Result<_, _>>()?;
                ids.extend(carried);
                let mut seen = std::collections::HashSet::new();
                ids.retain(|id| seen.insert(*id));
                Rows::new(c)?.hits(ids)
            })
        })
        .await
    }

    /// The patient of a dossier, by number or by number of a tube.
    pub async fn search_dossier(
        &self,
        number: String,
    ) -> Result<Option<(DossierId, PatientHit)>, StoreError> {
        self.read(move |c| {
            let Some(id) = super::dossiers::of_specimen(c, &number)? else { return Ok(None) };
            let Some(d) = super::dossiers::get(c, id)? else { return Ok(None) };
            Ok(Rows::new(c)?.hit(d.patient.0)?.map(|h| (id, h)))
        })
        .await
    }

    /// The latest dossiers of a patient.
    pub async fn last_dossiers(
        &self,
        patient: PatientId,
        limit: u32,
    ) -> Result<Vec<LastDossier>, StoreError> {
        self.read(move |c| Rows::new(c)?.last_dossiers(patient, limit)).await
    }

    /// Identities close enough to be the same person: near name and first name in any order, same sex, and the same date
    /// of birth, day and month exchanged, or another date with one fault.
    pub async fn close_identities(&self, p: patients::Patient) -> Result<Vec<PatientHit>, StoreError> {
        self.read(move |c| snapshot(c, |c| close_identities(c, &p))).await
    }
}

fn close_identities(c: &Connection, p: &patients::Patient) -> Result<Vec<PatientHit>, StoreError> {
    let date = p.traits.birth_date.iso();
    let mut rows = Rows::new(c)?;
    let mut ids: Vec<i64> = Vec::new();
    for day in std::iter::once(date.clone()).chain(exchanged(&date)) {
        let mut s = c.prepare_cached(find::BORN_SQL)?;
        let near: Vec<i64> = s
            .query_map(params![day, at_most(CLOSE_LOOKED_AT)], |r| Ok((r.get(0)?, find::names_of_row(r)?)))?
            .filter_map(|r| {
                r.map(|(id, names)| {
                    (is_close(p, &names) || (day == date && same_name(p, &names))).then_some(id)
                })
                .transpose()
            })
            .collect::<Result<_, _>>()?;
        ids.extend(near);
    }
    let words = [p.traits.birth_name.as_str(), p.traits.first_name.as_str()];
    let words: Vec<String> = words.iter().flat_map(|n| normalise::fold_words(n)).take(MAX_WORDS).collect();
    for id in find::bearers(c, &words, CLOSE_LOOKED_AT)? {
        if let Some(r) = rows.patient(id)?
            && close_date(&date, &r.hit.birth_date)
            && is_close(p, &r.names)
        {
            ids.push(id);
        }
    }
    let mut hits: Vec<PatientHit> = Vec::new();
    for id in ids {
        if let Some(h) = rows.hit(id)?
            && h.sex == p.traits.sex.letter()
            && h.id != p.id
            && hits.iter().all(|other| other.id != h.id)
        {
            hits.push(h);
        }
    }
    hits.truncate(CLOSE);
    Ok(hits)
}

/// Many statements on one state of the database; also far quicker than a transaction for each.
fn snapshot<T>(
    c: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let tx = c.unchecked_transaction()?;
    let found = work(&tx)?;
    tx.commit()?;
    Ok(found)
}

/// Name and first name each the same, one beginning the other, or within the faults tolerated; in any order.
fn is_close(p: &patients::Patient, names: &Names) -> bool {
    let mine = (normalise::fold(p.traits.birth_name.as_str()), normalise::fold(p.traits.first_name.as_str()));
    let theirs = (normalise::fold(&names.birth), normalise::fold(&names.first));
    let near = |a: &str, b: &str| {
        a.starts_with(b) || b.starts_with(a) || near::faults(a, b).0 <= near::tolerated(a.len().min(b.len()))
    };
    (near(&mine.0, &theirs.0) && near(&mine.1, &theirs.1))
        || (near(&mine.0, &theirs.1) && near(&mine.1, &theirs.0))
}

/// The same birth name: with the same day of birth, perhaps twins, whom a first name alone tells apart (STA-21).
fn same_name(p: &patients::Patient, names: &Names) -> bool {
    normalise::fold(p.traits.birth_name.as_str()) == normalise::fold(&names.birth)
}

/// A number of rows, as SQL takes it.
fn at_most(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The latest patients.
fn latest(c: &Connection, limit: usize) -> Result<(Vec<PatientHit>, bool), StoreError> {
    let ids: Vec<i64> = c
        .prepare_cached(LATEST_SQL)?
        .query_map([at_most(limit.saturating_add(1))], |r| r.get(0))?
        .collect::<Result<_, _>>()?;
    let more = ids.len() > limit;
    Ok((Rows::new(c)?.hits(ids.into_iter().take(limit))?, more))
}

/// `AAAA-JJ-MM`, when that is another possible date.
#[must_use]
pub fn exchanged(date: &str) -> Option<String> {
    let (year, month, day) = (date.get(..4)?, date.get(5..7)?, date.get(8..10)?);
    (day != month && ("01"..="12").contains(&day)).then(|| format!("{year}-{day}-{month}"))
}

/// Two parts of three are the same, or one digit is another, or two neighbours are exchanged.
fn close_date(a: &str, b: &str) -> bool {
    let parts = a.split('-').zip(b.split('-')).filter(|(x, y)| x == y).count();
    parts >= 2 || near::faults(&a.replace('-', ""), &b.replace('-', "")).0 <= 1
}

#[cfg(test)]
mod tests;
