//! Patient search. Every query is driven by an index; a list is always bounded.

use paillasse_shared::domain::identity::Matricule;
use paillasse_shared::domain::ids::{DossierId, PatientId};
use paillasse_shared::protocol::patient::{LastDossier, PatientHit};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::engine::{Store, StoreError};
use super::patients::{self, json};
use super::time::at;

/// Names and date of a search, folded.
#[derive(Debug, Clone, Default)]
pub struct NameQuery {
    /// Folded words; each must begin a word of the names.
    pub words: Vec<String>,
    /// Date of birth `AAAA-MM-JJ`.
    pub date: Option<String>,
    /// Year of birth.
    pub year: Option<u16>,
}

/// Candidates examined at most before ranking.
const CANDIDATES: u32 = 400;

/// SQL and parameters of a search by names and date; public to the query-plan test.
fn names_sql(q: &NameQuery) -> (String, Vec<Sql>) {
    let mut values: Vec<Sql> = Vec::new();
    let mut param = |v: Sql| {
        values.push(v);
        format!("?{}", values.len())
    };
    // The longest word is the most selective one; the others are looked up under each candidate.
    let mut words = q.words.clone();
    words.sort_by_key(|w| std::cmp::Reverse(w.len()));
    let range = |column: &str, w: &str, param: &mut dyn FnMut(Sql) -> String| {
        let low = param(w.to_owned().into());
        let high = param(format!("{w}\u{7f}").into());
        format!("{column} >= {low} AND {column} < {high}")
    };
    let sql = match (&q.date, words.split_first()) {
        (Some(date), _) => {
            let d = param(date.clone().into());
            let mut sql = format!("SELECT id FROM patient p WHERE birth_date = {d}");
            for w in &words {
                let r = range("w.word", w, &mut param);
                sql.push_str(&format!(
                    " AND EXISTS (SELECT 1 FROM patient_word w WHERE w.patient = p.id AND {r})"
                ));
            }
            sql
        }
        (None, Some((first, rest))) => {
            let r = range("a.word", first, &mut param);
            let mut sql = format!("SELECT DISTINCT a.patient FROM patient_word a WHERE {r}");
            if let Some(year) = q.year {
                let (low, high) = (param(format!("{year:04}").into()), param(format!("{year:04}~").into()));
                sql.push_str(&format!(" AND a.birth_date >= {low} AND a.birth_date < {high}"));
            }
            for w in rest {
                let r = range("w.word", w, &mut param);
                sql.push_str(&format!(
                    " AND EXISTS (SELECT 1 FROM patient_word w WHERE w.patient = a.patient AND {r})"
                ));
            }
            sql
        }
        (None, None) => match q.year {
            Some(year) => {
                let (low, high) = (param(format!("{year:04}").into()), param(format!("{year:04}~").into()));
                format!("SELECT id FROM patient WHERE birth_date >= {low} AND birth_date < {high}")
            }
            None => "SELECT id FROM patient ORDER BY touched_at DESC".to_owned(),
        },
    };
    (format!("{sql} LIMIT {CANDIDATES}"), values)
}

fn hit(c: &Connection, id: i64) -> Result<Option<PatientHit>, StoreError> {
    let found = c
        .prepare_cached(
            "SELECT id, birth_name, coalesce(given_names, first_name), birth_date, sex, used_name, status, state FROM patient WHERE id = ?1",
        )?
        .query_row([id], |r| {
            let state: paillasse_shared::domain::identity::IdentityState = json(r, 7)?;
            Ok(PatientHit {
                id: PatientId(r.get(0)?),
                birth_name: r.get(1)?,
                given_names: r.get(2)?,
                birth_date: r.get(3)?,
                sex: r.get(4)?,
                used_name: r.get(5)?,
                status: json(r, 6)?,
                homonyme: state.homonyme,
                last_dossier: None,
            })
        })
        .optional()?;
    let Some(mut h) = found else { return Ok(None) };
    h.last_dossier = last_dossiers(c, PatientId(id), 1)?.into_iter().next();
    Ok(Some(h))
}

/// The latest dossiers of a patient, each with a sentence on where it stands.
pub(super) fn last_dossiers(
    c: &Connection,
    patient: PatientId,
    limit: u32,
) -> Result<Vec<LastDossier>, StoreError> {
    let mut s = c.prepare_cached(
        "SELECT d.id, d.number, d.opened_at, d.state, \
         (SELECT count(*) FROM outbox o WHERE o.dossier = d.id AND o.state NOT IN ('delivered', 'cancelled')), \
         (SELECT count(*) FROM outbox o WHERE o.dossier = d.id AND o.state = 'delivered') \
         FROM dossier d WHERE d.patient = ?1 ORDER BY d.id DESC LIMIT ?2",
    )?;
    Ok(s.query_map(params![patient.0, limit], |r| {
        let state: String = r.get(3)?;
        let (open, delivered): (u32, u32) = (r.get(4)?, r.get(5)?);
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
    })?
    .collect::<Result<_, _>>()?)
}

/// Better first: whole words of the birth name, then whole words elsewhere, then the order of names.
fn rank(h: &PatientHit, words: &[String]) -> (u8, String, String, String) {
    let own = paillasse_shared::domain::identity::normalise::fold_words(&h.birth_name);
    let given = paillasse_shared::domain::identity::normalise::fold_words(&h.given_names);
    let mut score = 0u8;
    for w in words {
        score = score.saturating_add(if own.contains(w) || own.concat() == *w {
            0
        } else if given.contains(w) {
            1
        } else if own.iter().any(|o| o.starts_with(w.as_str())) {
            2
        } else {
            3
        });
    }
    (score, h.birth_name.clone(), h.given_names.clone(), h.birth_date.clone())
}

impl Store {
    /// Patients by names and date; the flag says that there are more.
    pub async fn search_names(
        &self,
        q: NameQuery,
        limit: u32,
    ) -> Result<(Vec<PatientHit>, bool), StoreError> {
        self.read(move |c| {
            let (sql, values) = names_sql(&q);
            let ids: Vec<i64> = c
                .prepare_cached(&sql)?
                .query_map(params_from_iter(values), |r| r.get(0))?
                .collect::<Result<_, _>>()?;
            let keep = usize::try_from(limit).unwrap_or(usize::MAX);
            let more = ids.len() > keep;
            if q.words.is_empty() && q.date.is_none() && q.year.is_none() {
                let hits = ids
                    .into_iter()
                    .take(keep)
                    .filter_map(|id| hit(c, id).transpose())
                    .collect::<Result<_, _>>()?;
                return Ok((hits, more));
            }
            let mut light: Vec<(i64, PatientHit)> = Vec::with_capacity(ids.len());
            let mut s = c.prepare_cached(
                "SELECT birth_name, coalesce(given_names, first_name), birth_date FROM patient WHERE id = ?1",
            )?;
            for id in ids {
                let h = s
                    .query_row([id], |r| {
                        Ok(PatientHit {
                            id: PatientId(id),
                            birth_name: r.get(0)?,
                            given_names: r.get(1)?,
                            birth_date: r.get(2)?,
                            sex: String::new(),
                            used_name: None,
                            status: paillasse_shared::domain::identity::Status::Provisoire,
                            homonyme: false,
                            last_dossier: None,
                        })
                    })
                    .optional()?;
                light.extend(h.map(|h| (id, h)));
            }
            light.sort_by_cached_key(|(_, h)| rank(h, &q.words));
            let hits = light
                .into_iter()
                .take(keep)
                .filter_map(|(id, _)| hit(c, id).transpose())
                .collect::<Result<_, _>>()?;
            Ok((hits, more))
        })
        .await
    }

    /// The patient who carries a matricule.
    pub async fn search_matricule(&self, matricule: Matricule) -> Result<Vec<PatientHit>, StoreError> {
        self.read(move |c| {
            let ids: Vec<i64> = c
                .prepare_cached("SELECT id FROM patient WHERE matricule = ?1 LIMIT 10")?
                .query_map([matricule.compact()], |r| r.get(0))?
                .collect::<Result<_, _>>()?;
            ids.into_iter().filter_map(|id| hit(c, id).transpose()).collect()
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
            Ok(hit(c, d.patient.0)?.map(|h| (id, h)))
        })
        .await
    }

    /// The latest dossiers of a patient.
    pub async fn last_dossiers(
        &self,
        patient: PatientId,
        limit: u32,
    ) -> Result<Vec<LastDossier>, StoreError> {
        self.read(move |c| last_dossiers(c, patient, limit)).await
    }

    /// Identities close enough to be the same person: same date of birth, or same name and first name.
    pub async fn close_identities(&self, p: patients::Patient) -> Result<Vec<PatientHit>, StoreError> {
        self.read(move |c| {
            let mut s = c.prepare_cached(
                "SELECT id, birth_name, first_name, sex FROM patient WHERE birth_date = ?1 LIMIT 500",
            )?;
            let rows: Vec<(i64, String, String, String)> = s
                .query_map([p.traits.birth_date.iso()], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?
                .collect::<Result<_, _>>()?;
            let fold = paillasse_shared::domain::identity::normalise::fold;
            let mine = (fold(p.traits.birth_name.as_str()), fold(p.traits.first_name.as_str()));
            let mut hits = Vec::new();
            for (id, name, first, sex) in rows {
                let theirs = (fold(&name), fold(&first));
                let near = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a) || distance(a, b) <= 2;
                let close = (near(&mine.0, &theirs.0) && near(&mine.1, &theirs.1))
                    || (near(&mine.0, &theirs.1) && near(&mine.1, &theirs.0));
                if close && sex == p.traits.sex.letter() {
                    hits.extend(hit(c, id)?);
                }
            }
            hits.truncate(20);
            Ok(hits)
        })
        .await
    }
}

/// Letters to change to go from one word to the other (Levenshtein), cut at 3.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 2 {
        return 3;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (cb, above) in b.iter().zip(row.iter().skip(1)) {
            let cost = diagonal + usize::from(ca != *cb);
            left = cost.min(left + 1).min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_search_is_driven_by_an_index() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("p.db")).unwrap();
        let words = |w: &[&str]| w.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let queries = [
            NameQuery { words: words(&["DUP"]), ..NameQuery::default() },
            NameQuery { words: words(&["DUP", "MAR"]), ..NameQuery::default() },
            NameQuery { words: words(&["DUP"]), year: Some(1980), ..NameQuery::default() },
            NameQuery { words: words(&["DUP", "MAR"]), date: Some("1980-03-12".into()), year: None },
            NameQuery { words: vec![], date: Some("1980-03-12".into()), year: None },
            NameQuery { words: vec![], date: None, year: Some(1980) },
            NameQuery::default(),
        ];
        for q in queries {
            let (sql, values) = names_sql(&q);
            let shown = format!("{q:?}");
            let plan: Vec<String> = store
                .read(move |c| {
                    Ok(c.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?
                        .query_map(params_from_iter(values), |r| r.get(3))?
                        .collect::<Result<_, _>>()?)
                })
                .await
                .unwrap();
            let scans: Vec<&String> =
                plan.iter().filter(|l| l.starts_with("SCAN") && !l.contains("USING")).collect();
            assert!(scans.is_empty(), "{shown}: {plan:?}");
        }
    }

    #[test]
    fn distance_counts_letters() {
        assert_eq!(distance("DUPONT", "DUPOND"), 1);
        assert_eq!(distance("MARTIN", "MARITN"), 2);
        assert_eq!(distance("MARIE", "MARIE"), 0);
        assert_eq!(distance("A", "ABCDEF"), 3);
    }
}
