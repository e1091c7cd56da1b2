//! The index of the search on the disk: for each word, who bears it.
//!
//! `patient_list` holds for each [`Key`] the numbers of its patients, ascending, in pieces: the first number, then the
//! differences, seven bits a byte. `near_word` holds for each cut of a word the words it comes from (see [`super::near`]).
//! Invariants: a piece is at most [`PIECE`] bytes, pieces of a key do not overlap, a key without patients has no row, and
//! a word stands in `near_word` exactly when somebody bears it: the name of one who was corrected does not stay behind.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, params};

use super::near;
use super::set::Set;
use super::words::{self, BEGINNING, Key, Names, kind};
use crate::store::engine::{StoreError, Tx};
use rusqlite::Connection;

/// Longest piece, in bytes: large enough for few rows, small enough for a flat tree.
const PIECE: usize = 400;

/// What changes in the lists; gathered over many patients, written once.
#[derive(Debug, Default)]
pub struct Changes {
    add: BTreeMap<Key, Vec<u32>>,
    remove: BTreeMap<Key, Vec<u32>>,
}

impl Changes {
    /// A patient goes from the lists `before` to the lists `after`.
    ///
    /// # Errors
    /// A number beyond what the index takes (4 billion).
    pub fn put(&mut self, id: i64, before: &BTreeSet<Key>, after: &BTreeSet<Key>) -> Result<(), StoreError> {
        let id = u32::try_from(id)
            .map_err(|_| StoreError::Fault(format!("numéro de patient hors de l'index : {id}")))?;
        for key in after.difference(before) {
            self.add.entry(key.clone()).or_default().push(id);
        }
        for key in before.difference(after) {
            self.remove.entry(key.clone()).or_default().push(id);
        }
        Ok(())
    }

    /// Writes the changes.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write(self, tx: &Tx) -> Result<(), StoreError> {
        for (key, mut ids) in self.add {
            ids.sort_unstable();
            ids.dedup();
            add(tx, &key, &ids)?;
        }
        for (key, ids) in self.remove {
            for id in ids {
                remove(tx, &key, id)?;
            }
        }
        Ok(())
    }
}

fn encode(ids: &[u32]) -> Vec<(u32, Vec<u8>)> {
    let mut pieces: Vec<(u32, Vec<u8>)> = Vec::new();
    let mut last = 0;
    for id in ids {
        match pieces.last_mut() {
            Some((_, bytes)) if bytes.len() < PIECE - 4 => {
                let mut left = id - last;
                while left >= 0x80 {
                    bytes.push(0x80 | (left & 0x7f) as u8);
                    left >>= 7;
                }
                bytes.push(left as u8);
            }
            _ => pieces.push((*id, Vec::new())),
        }
        last = *id;
    }
    pieces
}

fn decode(first: u32, bytes: &[u8], mut each: impl FnMut(u32)) {
    each(first);
    let (mut id, mut value, mut shift) = (first, 0u32, 0u32);
    for byte in bytes {
        value |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            id = id.wrapping_add(value);
            each(id);
            (value, shift) = (0, 0);
        } else {
            shift += 7;
        }
    }
}

type Piece = (u32, Vec<u8>);

fn piece_of(tx: &Tx, key: &Key, id: u32) -> Result<Option<Piece>, StoreError> {
    Ok(tx
        .prepare_cached(
            "SELECT first, ids FROM patient_list WHERE word = ?1 AND kind = ?2 AND first <= ?3 ORDER BY first DESC LIMIT 1",
        )?
        .query_row(params![key.word, key.kind, id], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?)
}

fn add(tx: &Tx, key: &Key, ids: &[u32]) -> Result<(), StoreError> {
    let mut rest = ids;
    while let Some(first) = rest.first() {
        let piece = piece_of(tx, key, *first)?;
        let next: Option<u32> = tx
            .prepare_cached(
                "SELECT first FROM patient_list WHERE word = ?1 AND kind = ?2 AND first > ?3 ORDER BY first LIMIT 1",
            )?
            .query_row(params![key.word, key.kind, first], |r| r.get(0))
            .optional()?;
        if piece.is_none() && next.is_none() {
            teach(tx, key)?;
        }
        let here = next.map_or(rest.len(), |n| rest.partition_point(|id| *id < n));
        let (now, later) = rest.split_at_checked(here).unwrap_or((rest, &[]));
        rest = later;
        let mut all: Vec<u32> = Vec::new();
        if let Some((first, bytes)) = &piece {
            decode(*first, bytes, |id| all.push(id));
        }
        let sorted = all.last().is_none_or(|last| now.first().is_none_or(|id| last < id));
        all.extend_from_slice(now);
        if !sorted {
            all.sort_unstable();
            all.dedup();
        }
        let mut put = tx.prepare_cached("INSERT OR REPLACE INTO patient_list VALUES (?1, ?2, ?3, ?4)")?;
        for (first, bytes) in encode(&all) {
            put.execute(params![key.word, key.kind, first, bytes])?;
        }
    }
    Ok(())
}

fn remove(tx: &Tx, key: &Key, id: u32) -> Result<(), StoreError> {
    let Some((first, bytes)) = piece_of(tx, key, id)? else { return Ok(()) };
    let mut all = Vec::new();
    decode(first, &bytes, |n| all.push(n));
    all.retain(|n| *n != id);
    tx.prepare_cached("DELETE FROM patient_list WHERE word = ?1 AND kind = ?2 AND first = ?3")?
        .execute(params![key.word, key.kind, first])?;
    let mut put = tx.prepare_cached("INSERT INTO patient_list VALUES (?1, ?2, ?3, ?4)")?;
    for (first, bytes) in encode(&all) {
        put.execute(params![key.word, key.kind, first, bytes])?;
    }
    if all.is_empty() {
        forget(tx, key)?;
    }
    Ok(())
}

fn is_known(tx: &Tx, word: &str) -> Result<bool, StoreError> {
    Ok(tx
        .prepare_cached("SELECT 1 FROM patient_list WHERE word = ?1 AND kind < ?2 LIMIT 1")?
        .query_row(params![word, kind::BEGINNINGS], |_| Ok(()))
        .optional()?
        .is_some())
}

/// A word that nobody bore enters the dictionary.
fn teach(tx: &Tx, key: &Key) -> Result<(), StoreError> {
    if key.kind >= kind::BEGINNINGS || is_known(tx, &key.word)? {
        return Ok(());
    }
    let mut put = tx.prepare_cached("INSERT OR IGNORE INTO near_word VALUES (?1, ?2)")?;
    for cut in near::cuts(&key.word, near::MAX_FAULTS) {
        put.execute(params![cut, key.word])?;
    }
    Ok(())
}

/// A word that nobody bears any more leaves the dictionary.
fn forget(tx: &Tx, key: &Key) -> Result<(), StoreError> {
    if key.kind >= kind::BEGINNINGS || is_known(tx, &key.word)? {
        return Ok(());
    }
    let mut drop = tx.prepare_cached("DELETE FROM near_word WHERE cut = ?1 AND word = ?2")?;
    for cut in near::cuts(&key.word, near::MAX_FAULTS) {
        drop.execute(params![cut, key.word])?;
    }
    Ok(())
}

/// Words of a patient as the row in the database has them; none while the row was never indexed (version 0).
///
/// # Errors
/// What the disk says.
pub fn keys_of_row(tx: &Tx, id: i64) -> Result<BTreeSet<Key>, StoreError> {
    let row = tx
        .prepare_cached(
            "SELECT birth_name, first_name, given_names, used_name, used_first_name, birth_date \
             FROM patient WHERE id = ?1 AND version > 0",
        )?
        .query_row([id], |r| {
            let names = Names {
                birth: r.get(0)?,
                first: r.get(1)?,
                given: r.get(2)?,
                used: r.get(3)?,
                used_first: r.get(4)?,
            };
            Ok((names, r.get::<_, String>(5)?))
        })
        .optional()?;
    Ok(row.map(|(names, date)| words::keys(&names, &date)).unwrap_or_default())
}

/// Statements that read the lists; the query-plan test goes through them.
pub(super) mod sql {
    /// Words that begin with more letters than a list of beginnings has.
    pub const LONG: &str =
        "SELECT kind, first, ids FROM patient_list WHERE word >= ?1 AND word < ?2 AND kind < ?3";
    /// One word, from one kind up to another.
    pub const ONE: &str =
        "SELECT kind, first, ids FROM patient_list WHERE word = ?1 AND kind >= ?2 AND kind < ?3";
    /// Words that have a cut.
    pub const NEAR: &str = "SELECT word FROM near_word WHERE cut = ?1 LIMIT 400";
}

fn gather(set: &mut Set, rows: &mut rusqlite::Rows<'_>) -> Result<(), StoreError> {
    while let Some(r) = rows.next()? {
        let bytes = r.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
        decode(r.get(1)?, bytes, |id| set.insert(id));
    }
    Ok(())
}

/// Who has a word that begins with `text`; those whose birth name begins so are also added to `start`.
///
/// # Errors
/// What the disk says.
pub fn beginning(c: &Connection, text: &str, start: &mut Set) -> Result<Set, StoreError> {
    let mut set = Set::default();
    let mut both = |rows: &mut rusqlite::Rows<'_>| -> Result<(), StoreError> {
        while let Some(r) = rows.next()? {
            let of: i64 = r.get(0)?;
            let (first, bytes) = (r.get(1)?, r.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?);
            if of % kind::BEGINNINGS <= kind::START {
                decode(first, bytes, |id| {
                    set.insert(id);
                    start.insert(id);
                });
            } else {
                decode(first, bytes, |id| set.insert(id));
            }
        }
        Ok(())
    };
    if text.len() <= BEGINNING {
        let mut s = c.prepare_cached(sql::ONE)?;
        both(&mut s.query(params![text, kind::BEGINNINGS, kind::YEAR])?)?;
    } else {
        let text = words::clip(text);
        let mut s = c.prepare_cached(sql::LONG)?;
        both(&mut s.query(params![text, format!("{text}\u{7f}"), kind::BEGINNINGS])?)?;
    }
    Ok(set)
}

/// Who has exactly this word; only as the whole birth name when `whole`.
///
/// # Errors
/// What the disk says.
pub fn exactly(c: &Connection, word: &str, whole: bool) -> Result<Set, StoreError> {
    let mut set = Set::default();
    let below = if whole { kind::START } else { kind::BEGINNINGS };
    let mut s = c.prepare_cached(sql::ONE)?;
    gather(&mut set, &mut s.query(params![words::clip(word), kind::WHOLE, below])?)?;
    Ok(set)
}

/// Adds who has exactly this word.
///
/// # Errors
/// What the disk says.
pub fn add_exactly(c: &Connection, word: &str, set: &mut Set) -> Result<(), StoreError> {
    let mut s = c.prepare_cached(sql::ONE)?;
    gather(set, &mut s.query(params![word, kind::WHOLE, kind::BEGINNINGS])?)
}

/// Who was born in a year.
///
/// # Errors
/// What the disk says.
pub fn born_in(c: &Connection, year: u16) -> Result<Set, StoreError> {
    let mut set = Set::default();
    let mut s = c.prepare_cached(sql::ONE)?;
    let mut rows = s.query(params![format!("{year:04}"), kind::YEAR, kind::YEAR + 1])?;
    gather(&mut set, &mut rows)?;
    Ok(set)
}

/// Words of the dictionary at so many faults from `text`.
///
/// # Errors
/// What the disk says.
pub fn near_words(c: &Connection, text: &str, faults: usize) -> Result<BTreeSet<String>, StoreError> {
    /// Words kept at most.
    const KEPT: usize = 256;
    let text = words::clip(text);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut found = BTreeSet::new();
    let mut s = c.prepare_cached(sql::NEAR)?;
    for cut in near::cuts(text, faults) {
        let mut rows = s.query([cut])?;
        while let Some(r) = rows.next()? {
            let word = r.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            if seen.contains(word) {
                continue;
            }
            let (whole, beginning) = near::faults(text, word);
            let of = if text.len() >= 5 { whole.min(beginning) } else { whole };
            if of == faults && of <= near::tolerated_between(text, word) && found.len() < KEPT {
                found.insert(word.to_owned());
            }
            seen.insert(word.to_owned());
        }
    }
    Ok(found)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every list, spread out.
    pub fn everything(tx: &Tx) -> BTreeSet<(String, i64, u32)> {
        let mut all = BTreeSet::new();
        let mut s =
            tx.prepare("SELECT word, kind, first, ids FROM patient_list ORDER BY word, kind, first").unwrap();
        let mut rows = s.query([]).unwrap();
        let mut last: Option<(String, i64, u32)> = None;
        while let Some(r) = rows.next().unwrap() {
            let (word, kind): (String, i64) = (r.get(0).unwrap(), r.get(1).unwrap());
            let bytes: Vec<u8> = r.get(3).unwrap();
            assert!(bytes.len() <= PIECE);
            decode(r.get(2).unwrap(), &bytes, |id| {
                let this = (word.clone(), kind, id);
                assert!(last.as_ref().is_none_or(|l| *l < this), "ascending, no piece over another");
                last = Some(this.clone());
                all.insert(this);
            });
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn lists_say_who_bears_what_after_any_changes(
            batches in prop::collection::vec(
                prop::collection::vec((1u32..3_000_000, prop::sample::select(vec!["MARTIN", "MARTY", "LI"]), any::<bool>()), 1..400),
                1..6,
            )
        ) {
            let c = Connection::open_in_memory().unwrap();
            c.execute_batch(include_str!("../migrations/0001_first_house.sql")).unwrap();
            let mut expected: BTreeMap<Key, BTreeSet<u32>> = BTreeMap::new();
            for batch in batches {
                let mut changes = Changes::default();
                let mut told = BTreeSet::new();
                for (id, word, bears) in batch {
                    let key = Key { word: word.to_owned(), kind: kind::WHOLE };
                    if !told.insert((key.clone(), id)) {
                        continue;
                    }
                    let ids = expected.entry(key.clone()).or_default();
                    let (with, without) = (BTreeSet::from([key]), BTreeSet::new());
                    if bears {
                        ids.insert(id);
                        changes.put(i64::from(id), &without, &with).unwrap();
                    } else {
                        ids.remove(&id);
                        changes.put(i64::from(id), &with, &without).unwrap();
                    }
                }
                changes.write(&c).unwrap();
            }
            expected.retain(|_, ids| !ids.is_empty());
            let all: BTreeSet<(String, i64, u32)> = expected
                .iter()
                .flat_map(|(k, ids)| ids.iter().map(|id| (k.word.clone(), k.kind, *id)))
                .collect();
            prop_assert_eq!(everything(&c), all);
            for word in ["MARTIN", "MARTY"] {
                let borne = expected.keys().any(|k| k.word == word);
                let cuts: i64 =
                    c.query_row("SELECT count(*) FROM near_word WHERE word = ?1", [word], |r| r.get(0)).unwrap();
                prop_assert_eq!(cuts, if borne { i64::try_from(near::cuts(word, near::MAX_FAULTS).len()).unwrap() } else { 0 });
            }
        }
    }
}
