//! Finding: from the words typed to the patients, best first.
//!
//! Without a date, sets of patients are read from the lists of [`super::lists`] and crossed. With a date, everybody born
//! that day is looked at, which tolerates more. What is tolerated grows only while fewer than [`ENOUGH`] were found: as
//! typed; letters wrong and particles too many; day and month exchanged, an unknown word, a date nearly right. Every
//! stage is bounded, and what was found as typed always comes first.

use std::collections::BTreeSet;

use paillasse_shared::protocol::patient::PatientHit;
use rusqlite::{Connection, params};

use super::lists;
use super::matching::{self, COUPLE, Fit, JOINED, Tolerance, UNKNOWN};
use super::near;
use super::set::Set;
use super::words::{self, Form, Names};
use super::{NameQuery, Row, Rows, at_most, close_date};
use crate::store::engine::StoreError;

/// With so many found, nothing further is tolerated: the first page is full.
const ENOUGH: usize = 10;
/// People born on one day who are looked at one by one; beyond (the day given to those who have none), lists are crossed.
const SAME_DAY: usize = 600;
/// Patients whose latest visit is compared when more were found than can be shown.
const RECENT: u32 = 500;
/// Rows read to rank what was found with faults.
const LOOKED_AT: usize = 100;

/// Born on a day, from one index and nothing else.
pub(super) const BORN_SQL: &str = "SELECT id, birth_name, first_name, given_names, used_name, used_first_name \
     FROM patient WHERE birth_date = ?1 LIMIT ?2";
/// Everybody born on a day.
pub(super) const BORN_ALL_SQL: &str = "SELECT id FROM patient WHERE birth_date = ?1";
/// Latest visits.
pub(super) const RECENT_SQL: &str = "SELECT id FROM patient ORDER BY touched_at DESC LIMIT ?1";

/// A patient found, before the row is read.
#[derive(Debug, Clone, Copy)]
struct Found {
    id: u32,
    fit: Fit,
}

/// People with the words of their names.
type People = Vec<(u32, Vec<Form>)>;

struct Finder<'a> {
    c: &'a Connection,
    q: &'a NameQuery,
    limit: usize,
    hits: Vec<PatientHit>,
    seen: BTreeSet<i64>,
    more: bool,
    rows: Rows<'a>,
}

/// Patients who fit, best first; the flag says that there are more.
pub(super) fn find(
    c: &Connection,
    q: &NameQuery,
    limit: usize,
) -> Result<(Vec<PatientHit>, bool), StoreError> {
    let mut f =
        Finder { c, q, limit, hits: Vec::new(), seen: BTreeSet::new(), more: false, rows: Rows::new(c)? };
    match &q.date {
        Some(date) => f.dated(date)?,
        None => {
            let year = q.year.map(|y| lists::born_in(c, y)).transpose()?;
            f.undated(year.as_ref())?;
        }
    }
    for h in &mut f.hits {
        h.last_dossier = f.rows.last_dossiers(h.id, 1)?.into_iter().next();
    }
    Ok((f.hits, f.more))
}

fn number(id: i64) -> Result<u32, StoreError> {
    u32::try_from(id).map_err(|_| StoreError::Fault(format!("numéro de patient hors de l'index : {id}")))
}

/// Who bears all words as typed, the latest created first.
pub(super) fn bearers(c: &Connection, words: &[String], limit: usize) -> Result<Vec<i64>, StoreError> {
    Ok(Words::read(c, words)?.all(false).latest_first().take(limit).map(i64::from).collect())
}

/// Names from the columns of [`BORN_SQL`].
pub(super) fn names_of_row(r: &rusqlite::Row<'_>) -> rusqlite::Result<Names> {
    Ok(Names { birth: r.get(1)?, first: r.get(2)?, given: r.get(3)?, used: r.get(4)?, used_first: r.get(5)? })
}

impl Finder<'_> {
    fn wants_more(&self) -> bool {
        self.hits.len() < ENOUGH.min(self.limit)
    }

    /// Adds people, ranked: fit first, then the latest visit.
    fn show(&mut self, found: &[Found], approximate: bool) -> Result<(), StoreError> {
        let mut rows = Vec::with_capacity(found.len());
        for f in found {
            // A record that was merged into another one shows the one that stands for it.
            if let Some(r) = self.rows.patient(i64::from(f.id))? {
                rows.push((f.fit, r));
            }
        }
        self.show_ranked(rows, approximate);
        Ok(())
    }

    fn show_ranked(&mut self, mut rows: Vec<(Fit, Row)>, approximate: bool) {
        rows.sort_by(|(a, x), (b, y)| {
            (a, -x.touched_at, &x.hit.birth_name, &x.hit.given_names, x.hit.id.0).cmp(&(
                b,
                -y.touched_at,
                &y.hit.birth_name,
                &y.hit.given_names,
                y.hit.id.0,
            ))
        });
        for (_, r) in rows {
            if self.hits.len() >= self.limit {
                self.more = true;
                break;
            }
            if self.seen.insert(r.hit.id.0) {
                self.hits.push(PatientHit { approximate, ..r.hit });
            }
        }
    }

    // ---- with a date ----

    fn dated(&mut self, date: &str) -> Result<(), StoreError> {
        let (day, all) = self.born(date)?;
        if !all {
            let set = self.born_set(date)?;
            return self.undated(Some(&set));
        }
        self.show_fitting(&day, Tolerance::None, false)?;
        if !self.wants_more() || self.q.words.is_empty() && !self.hits.is_empty() {
            return Ok(());
        }
        self.show_fitting(&day, Tolerance::Letters, true)?;
        for other in &self.q.other_dates {
            if self.wants_more() {
                let (day, _) = self.born(other)?;
                self.show_fitting(&day, Tolerance::Letters, true)?;
            }
        }
        if self.hits.is_empty() && !self.q.words.is_empty() {
            self.show_fitting(&day, Tolerance::OneWord, true)?;
            self.date_nearly(date)?;
        }
        Ok(())
    }

    /// People born that day, and whether these are all.
    fn born(&self, date: &str) -> Result<(People, bool), StoreError> {
        let mut people = Vec::new();
        let mut s = self.c.prepare_cached(BORN_SQL)?;
        let mut rows = s.query(params![date, at_most(SAME_DAY + 1)])?;
        while let Some(r) = rows.next()? {
            let forms = if self.q.words.is_empty() { Vec::new() } else { names_of_row(r)?.forms() };
            people.push((number(r.get(0)?)?, forms));
        }
        let all = people.len() <= SAME_DAY;
        Ok((people, all))
    }

    fn born_set(&self, date: &str) -> Result<Set, StoreError> {
        let mut s = self.c.prepare_cached(BORN_ALL_SQL)?;
        let mut rows = s.query([date])?;
        let mut set = Set::default();
        while let Some(r) = rows.next()? {
            set.insert(number(r.get(0)?)?);
        }
        Ok(set)
    }

    fn show_fitting(
        &mut self,
        people: &[(u32, Vec<Form>)],
        tolerance: Tolerance,
        approximate: bool,
    ) -> Result<(), StoreError> {
        let mut found: Vec<Found> = people
            .iter()
            .filter_map(|(id, forms)| {
                matching::fit(&self.q.words, forms, tolerance).map(|fit| Found { id: *id, fit })
            })
            .collect();
        found.sort_by_key(|f| (f.fit, std::cmp::Reverse(f.id)));
        // One unknown word is only of use when nobody fits better.
        if found.first().is_some_and(|f| f.fit.faults < UNKNOWN) {
            found.retain(|f| f.fit.faults < UNKNOWN);
        }
        self.more |= found.len() > self.limit;
        found.truncate(self.limit.max(LOOKED_AT));
        self.show(&found, approximate)
    }

    /// Same names, and a date with one fault.
    fn date_nearly(&mut self, date: &str) -> Result<(), StoreError> {
        let set = Words::read(self.c, &self.q.words)?.all(false);
        let mut found = Vec::new();
        for id in set.latest_first().take(LOOKED_AT) {
            if let Some(r) = self.rows.patient(i64::from(id))?
                && close_date(date, &r.hit.birth_date)
                && let Some(fit) = matching::fit(&self.q.words, &r.names.forms(), Tolerance::None)
            {
                found.push(Found { id, fit });
            }
        }
        self.show(&found, true)
    }

    // ---- without a date ----

    fn undated(&mut self, within: Option<&Set>) -> Result<(), StoreError> {
        if self.q.words.is_empty() {
            if let Some(set) = within {
                let ids = self.pick(set, &[], self.limit)?;
                let fit = Fit { faults: 0, rank: 0 };
                self.more = set.len() > self.limit;
                self.show(&ids.into_iter().map(|id| Found { id, fit }).collect::<Vec<_>>(), false)?;
            }
            return Ok(());
        }
        let mut words = Words::read(self.c, &self.q.words)?;
        let cross = |words: &Words, lax: bool| {
            let mut set = words.all(lax);
            if let Some(w) = within {
                set.keep(w);
            }
            set
        };
        let set = cross(&words, false);
        self.more = set.len() > self.limit;
        let ids = if self.more {
            let mut whole = Set::default();
            for w in &self.q.words {
                whole.add(&lists::exactly(self.c, w, true)?);
            }
            self.pick(&set, &[&whole, &words.start], self.limit)?
        } else {
            set.latest_first().collect()
        };
        self.show_rows(&ids, Tolerance::None, false)?;
        if !self.wants_more() {
            return Ok(());
        }
        // Two faults that make exactly another person's names are too rare to be looked for.
        let most = if self.hits.is_empty() { near::MAX_FAULTS } else { 1 };
        for faults in 1..=most {
            if self.wants_more() {
                words.widen(self.c, faults)?;
                let set = cross(&words, true);
                // Only so many rows are looked at; that there are others is told.
                self.more |= set.len() > LOOKED_AT;
                let ids = self.pick(&set, &[], LOOKED_AT)?;
                self.show_rows(&ids, Tolerance::Letters, true)?;
            }
        }
        if self.hits.is_empty() && self.q.words.len() > 2 {
            self.without_one_word(within)?;
        }
        Ok(())
    }

    /// One of three words or more may be unknown to us: a second prénom, a used name that was never told.
    fn without_one_word(&mut self, within: Option<&Set>) -> Result<(), StoreError> {
        let mut either = Set::default();
        for left_out in 0..self.q.words.len() {
            let mut rest = self.q.words.clone();
            rest.remove(left_out);
            let mut set = Words::read(self.c, &rest)?.all(false);
            if let Some(w) = within {
                set.keep(w);
            }
            either.add(&set);
        }
        self.more |= either.len() > LOOKED_AT;
        let ids = self.pick(&either, &[], LOOKED_AT)?;
        self.show_rows(&ids, Tolerance::OneWord, true)
    }

    fn show_rows(&mut self, ids: &[u32], tolerance: Tolerance, approximate: bool) -> Result<(), StoreError> {
        const LAST: Fit = Fit { faults: usize::MAX, rank: usize::MAX };
        let mut rows = Vec::with_capacity(ids.len());
        for id in ids {
            if !self.seen.contains(&i64::from(*id))
                && let Some(r) = self.rows.patient(i64::from(*id))?
            {
                let fit = matching::fit(&self.q.words, &r.names.forms(), tolerance);
                rows.push((fit.unwrap_or(LAST), r));
            }
        }
        self.show_ranked(rows, approximate);
        Ok(())
    }

    /// At most `n` of a set: those of the first preference, then of the second…, then any; in each the latest seen
    /// first, then the latest created.
    fn pick(&self, set: &Set, preferences: &[&Set], n: usize) -> Result<Vec<u32>, StoreError> {
        if set.len() <= n {
            return Ok(set.latest_first().collect());
        }
        let recent: Vec<u32> = self
            .c
            .prepare_cached(RECENT_SQL)?
            .query_map([RECENT], |r| r.get(0))?
            .collect::<Result<Vec<i64>, _>>()?
            .into_iter()
            .filter_map(|id| u32::try_from(id).ok())
            .filter(|id| set.contains(*id))
            .collect();
        let mut taken = Set::default();
        let mut ids = Vec::with_capacity(n);
        let mut take = |from: &mut dyn Iterator<Item = u32>, ids: &mut Vec<u32>| {
            for id in from {
                if ids.len() >= n {
                    break;
                }
                if !taken.contains(id) {
                    taken.insert(id);
                    ids.push(id);
                }
            }
        };
        for preferred in preferences {
            let mut tier = (*preferred).clone();
            tier.keep(set);
            take(&mut recent.iter().copied().filter(|id| tier.contains(*id)), &mut ids);
            take(&mut tier.latest_first(), &mut ids);
        }
        take(&mut recent.iter().copied(), &mut ids);
        take(&mut set.latest_first(), &mut ids);
        Ok(ids)
    }
}

/// Consecutive words of the text taken as one, and who bears it.
struct Segment {
    start: usize,
    end: usize,
    text: String,
    typed: Set,
    /// Who bears a word near it, as far as was read.
    near: Set,
}

/// Every way of reading the words.
struct Words<'a> {
    words: &'a [String],
    segments: Vec<Segment>,
    /// Who has one of them at the beginning of the birth name.
    start: Set,
}

impl<'a> Words<'a> {
    fn read(c: &Connection, words: &'a [String]) -> Result<Self, StoreError> {
        let mut segments = Vec::new();
        let mut start_of_name = Set::default();
        for start in 0..words.len() {
            for end in start + 1..=words.len().min(start + JOINED) {
                let text = words.get(start..end).unwrap_or_default().concat();
                let mut typed = lists::beginning(c, &text, &mut start_of_name)?;
                if end == start + 1 {
                    add_couples(c, &text, &mut typed)?;
                }
                segments.push(Segment { start, end, text, typed, near: Set::default() });
            }
        }
        Ok(Self { words, segments, start: start_of_name })
    }

    /// Reads who bears words with so many faults.
    fn widen(&mut self, c: &Connection, faults: usize) -> Result<(), StoreError> {
        for s in &mut self.segments {
            let part = self.words.get(s.start..s.end).unwrap_or_default();
            // Joined words are near something only when one of them is short: `LE GOF`.
            if part.len() > 1 && part.iter().all(|w| w.len() > words::BEGINNING) {
                continue;
            }
            for word in lists::near_words(c, &s.text, faults)? {
                lists::add_exactly(c, &word, &mut s.near)?;
            }
        }
        Ok(())
    }

    /// Who has all words, as typed or near as far as was read; particles may be too many when `lax`.
    fn all(&self, lax: bool) -> Set {
        // None: everybody.
        let mut after: Vec<Option<Set>> = vec![None];
        for end in 1..=self.words.len() {
            let mut here = Set::default();
            for s in self.segments.iter().filter(|s| s.end == end) {
                for set in [&s.typed, &s.near] {
                    match after.get(s.start) {
                        Some(Some(before)) => here.add_common(before, set),
                        Some(None) => here.add(set),
                        None => {}
                    }
                }
            }
            let skip =
                lax && self.words.len() > 1 && self.words.get(end - 1).is_some_and(|w| words::is_particle(w));
            if skip {
                match after.get(end - 1) {
                    Some(Some(before)) => here.add(before),
                    // Only particles so far.
                    Some(None) if end < self.words.len() => {
                        after.push(None);
                        continue;
                    }
                    _ => {}
                }
            }
            after.push(Some(here));
        }
        after.pop().flatten().unwrap_or_default()
    }
}

/// Adds who bears two words typed without separator.
fn add_couples(c: &Connection, text: &str, set: &mut Set) -> Result<(), StoreError> {
    for at in COUPLE..text.len() {
        let Some((left, right)) = text.split_at_checked(at) else { continue };
        let bearers = lists::exactly(c, left, false)?;
        if !bearers.is_empty() {
            set.add_common(&bearers, &lists::beginning(c, right, &mut Set::default())?);
        }
    }
    Ok(())
}
