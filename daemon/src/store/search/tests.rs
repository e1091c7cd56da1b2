//! The search as a receptionist sees it, on databases made of synthetic patients.

use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::civil::date;
use proptest::prelude::*;

use super::corpus::{self, Choice, Kind};
use super::words::BEGINNING;
use super::*;
use crate::generate;
use crate::services::query::{self, Query};

const DAY: jiff::civil::Date = date(2026, 3, 5);

fn people(n: usize) -> Vec<patients::Patient> {
    generate::people(11, DAY, Timestamp::UNIX_EPOCH).take(n).collect()
}

/// A database kept for the life of the tests.
struct House {
    _folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    store: Store,
    people: Vec<patients::Patient>,
}

impl House {
    fn of(people: Vec<patients::Patient>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("p.db")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(store.insert_patients(people.clone(), "test", Timestamp::UNIX_EPOCH)).unwrap();
        Self { _folder: folder, runtime, store, people }
    }

    fn find(&self, text: &str) -> Vec<PatientHit> {
        self.find_at_most(text, 50).0
    }

    fn find_at_most(&self, text: &str, limit: u32) -> (Vec<PatientHit>, bool) {
        match query::read(text, DAY).unwrap() {
            Query::Names(q) => self.runtime.block_on(self.store.search_names(q, limit)).unwrap(),
            Query::Matricule(m) => (self.runtime.block_on(self.store.search_matricule(m)).unwrap(), false),
            other => panic!("{other:?}"),
        }
    }
}

fn person(birth: &str, first: &str, used: Option<&str>, born: &str) -> patients::Patient {
    let mut p = people(1).remove(0);
    let name = |t: &str| paillasse_shared::domain::identity::StrictName::parse(t).unwrap();
    p.traits.birth_name = name(birth);
    p.traits.first_name = name(first);
    p.traits.given_names = None;
    p.traits.birth_date = paillasse_shared::domain::identity::BirthDate::lunar(born).unwrap();
    p.used.name = used.map(name);
    p.state.from_insi = false;
    p.ins = None;
    p
}

fn few() -> House {
    House::of(vec![
        person("LE GOFF", "Anne", None, "1980-03-12"),
        person("LEGOFF", "Yann", None, "1981-04-13"),
        person("MARTIN", "Jean-Pierre", None, "1950-01-02"),
        person("MARTIN-DUPONT", "Luc", None, "1951-02-03"),
        person("MARTINEZ", "Rose", None, "1952-03-04"),
        person("DURAND", "Zoé", Some("MARTIN"), "1953-04-05"),
        person("PETIT", "Martin", None, "1954-05-06"),
        person("ST-MARTIN", "Élie", None, "1955-06-07"),
        person("D'ARTAGNAN", "Charles", None, "1956-07-08"),
        person("BŒUF", "Noël", None, "1957-08-09"),
        person("DE LA FONTAINE", "Jean", None, "1958-09-10"),
    ])
}

fn names(hits: &[PatientHit]) -> Vec<&str> {
    hits.iter().map(|h| h.birth_name.as_str()).collect()
}

#[test]
fn ins_09_apostrophes_hyphens_and_accents_do_not_count() {
    let house = few();
    for text in ["le-goff", "LEGOFF", "le goff", "Lé--Goff", "l'egoff"] {
        let hits = house.find(text);
        let mut found = names(&hits);
        found.sort_unstable();
        assert_eq!(found, ["LE GOFF", "LEGOFF"], "{text}");
    }
    for (text, name) in [
        ("saint martin", "ST-MARTIN"),
        ("saintmart", "ST-MARTIN"),
        ("st martin elie", "ST-MARTIN"),
        ("dartagnan", "D'ARTAGNAN"),
        ("artagnan", "D'ARTAGNAN"),
        ("d'Artagnan", "D'ARTAGNAN"),
        ("bœuf", "BOEUF"),
        ("delafontaine", "DE LA FONTAINE"),
        ("la fontaine", "DE LA FONTAINE"),
        ("fontaine jean", "DE LA FONTAINE"),
        ("du boeuf noel", "BOEUF"),
        ("jeanpierre martin", "MARTIN"),
        ("martindup", "MARTIN-DUPONT"),
    ] {
        assert_eq!(names(&house.find(text)).first(), Some(&name), "{text}");
    }
}

#[test]
fn ins_08_birth_and_used_names_are_searched_alike_and_the_birth_name_comes_first() {
    let house = few();
    assert_eq!(
        names(&house.find("martin"))[..5],
        ["MARTIN", "MARTIN-DUPONT", "ST-MARTIN", "MARTINEZ", "DURAND"]
    );
    assert_eq!(names(&house.find("martin")).last(), Some(&"PETIT"));
    assert_eq!(names(&house.find("zoe martin")), ["DURAND"]);
    assert_eq!(names(&house.find("martin zoe 1953")), ["DURAND"]);
}

#[test]
fn ins_07_a_date_lists_and_letters_narrow() {
    let mut people = people(2_000);
    let day = people[0].traits.birth_date.clone();
    for p in people.iter_mut().take(8) {
        p.traits.birth_date = day.clone();
    }
    people.push(person("DUVAL", "Rose", None, &day.iso()));
    let house = House::of(people);
    let all = house.find(&day.french());
    assert!(all.len() >= 9 && all.iter().all(|h| h.birth_date == day.iso()));
    let some = house.find(&format!("{} du", day.french()));
    assert!(some.iter().any(|h| h.birth_name == "DUVAL"));
    assert!(some.len() < all.len());
    let begins = |text: &str| normalise::fold_words(text).iter().any(|w| w.starts_with("DU"));
    for h in &some {
        assert!(
            begins(&h.birth_name) || begins(&h.given_names) || h.used_name.as_deref().is_some_and(begins)
        );
    }
}

#[test]
fn day_and_month_exchanged_a_digit_wrong_or_another_century_are_approximate() {
    let house = few();
    for text in ["legof 13/04/81", "yann 04/13/1981", "legoff 1981-04-13"] {
        if let Ok(Query::Names(_)) = query::read(text, DAY) {
            assert_eq!(names(&house.find(text)).first(), Some(&"LEGOFF"), "{text}");
        }
    }
    for text in
        ["le goff 03/12/1980", "le goff 12/03/1981", "goff anne 12/03/1990", "goff marie anne 12/03/1980"]
    {
        let hits = house.find(text);
        assert_eq!(names(&hits), ["LE GOFF"], "{text}");
        assert!(hits[0].approximate, "{text}");
    }
    assert!(!house.find("le goff 12/03/1980")[0].approximate);
}

#[test]
fn among_equals_the_latest_seen_come_first_and_a_list_is_bounded() {
    let mut people: Vec<_> = (0..120).map(|_| person("MARTIN", "Anne", None, "1980-03-12")).collect();
    people.extend((0..120).map(|_| person("MARTINEZ", "Anne", None, "1980-03-12")));
    let house = House::of(people);
    house
        .runtime
        .block_on(house.store.write(|tx| {
            tx.execute("UPDATE patient SET touched_at = 5 WHERE id = 7", [])?;
            tx.execute("UPDATE patient SET touched_at = 9 WHERE id = 200", [])?;
            Ok(())
        }))
        .unwrap();
    for (text, first) in [("martin", 7), ("martinez", 200), ("mar", 200), ("anne", 200), ("martin anne", 7)] {
        let (hits, more) = house.find_at_most(text, 50);
        assert_eq!(hits[0].id.0, first, "{text}");
        assert_eq!((hits.len(), more), (50, true), "{text}");
    }
    let (all, more) = house.find_at_most("12/03/1980", 200);
    assert_eq!((all.len(), more), (200, true));
    let (none, more) = house.find_at_most("dupont", 50);
    assert_eq!((none.len(), more), (0, false));
}

#[test]
fn a_corrected_name_is_found_and_the_former_one_is_not() {
    let house = few();
    let store = house.store.clone();
    house
        .runtime
        .block_on(store.write(|tx| {
            let mut p = patients::expect(tx, PatientId(8))?;
            p.traits.birth_name = paillasse_shared::domain::identity::StrictName::parse("Keravel").unwrap();
            patients::update(tx, &p, Timestamp::UNIX_EPOCH)
        }))
        .unwrap();
    assert_eq!(names(&house.find("keravel")), ["KERAVEL"]);
    assert_eq!(names(&house.find("kerevel")), ["KERAVEL"]);
    assert!(!names(&house.find("saint martin")).contains(&"ST-MARTIN"));
    let left: i64 = house
        .runtime
        .block_on(store.read(|c| {
            Ok(c.query_row("SELECT count(*) FROM near_word WHERE word = 'STMARTIN'", [], |r| r.get(0))?)
        }))
        .unwrap();
    assert_eq!(left, 0, "a name that nobody bears stays nowhere in the index");
}

#[test]
fn close_identities_are_found_by_day_exchanged_date_and_name() {
    let house = few();
    let close = |p: patients::Patient| house.runtime.block_on(house.store.close_identities(p)).unwrap();
    let like = |birth: &str, first: &str, born: &str| {
        let mut p = person(birth, first, None, born);
        p.id = PatientId(0);
        close(p).iter().map(|h| h.birth_name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(like("LE GOF", "Anne", "1980-03-12"), ["LE GOFF"]);
    assert_eq!(like("ANNE", "Legoff", "1980-03-12"), ["LE GOFF"]);
    assert_eq!(like("LE GOFF", "Anne", "1980-12-03"), ["LE GOFF"]);
    assert_eq!(like("LE GOFF", "Anne", "1980-03-22"), ["LE GOFF"]);
    // Perhaps a twin; another day is another person.
    assert_eq!(like("LE GOFF", "Marie", "1980-03-12"), ["LE GOFF"]);
    assert_eq!(like("LE GOFF", "Marie", "1980-03-22"), Vec::<String>::new());
    assert_eq!(like("LE GOFF", "Anne", "1944-11-25"), Vec::<String>::new());
}

#[test]
fn a_record_that_was_merged_shows_the_one_that_stands_for_it() {
    let house = few();
    house
        .runtime
        .block_on(
            house.store.write(|tx| Ok(tx.execute("UPDATE patient SET merged_into = 1 WHERE id = 2", [])?)),
        )
        .unwrap();
    let hits = house.find("legoff");
    assert_eq!(hits.iter().map(|h| h.id.0).collect::<Vec<_>>(), [1]);
    assert_eq!(house.find("yann 13/04/1981").iter().map(|h| h.id.0).collect::<Vec<_>>(), [1]);
}

/// Every statement of the search, as `EXPLAIN QUERY PLAN` tells it: nothing is gone through from end to end.
#[test]
fn every_search_is_driven_by_an_index() {
    let house = few();
    let plans = [
        (lists::sql::LONG, "SEARCH patient_list USING PRIMARY KEY"),
        (lists::sql::ONE, "SEARCH patient_list USING PRIMARY KEY"),
        (lists::sql::NEAR, "SEARCH near_word USING PRIMARY KEY (cut=?)"),
        (find::BORN_SQL, "SEARCH patient USING COVERING INDEX patient_birth (birth_date=?)"),
        (find::BORN_ALL_SQL, "SEARCH patient USING COVERING INDEX patient_birth (birth_date=?)"),
        // Read from its latest end, up to a limit.
        (find::RECENT_SQL, "SCAN patient USING COVERING INDEX patient_touched"),
        (LATEST_SQL, "SCAN patient USING INDEX patient_touched"),
        (ROW_SQL, "SEARCH patient USING INTEGER PRIMARY KEY"),
        (MATRICULE_SQL, "SEARCH patient USING COVERING INDEX patient_matricule"),
        (LAST_DOSSIERS_SQL, "SEARCH dossier USING INDEX dossier_patient"),
        (SENDINGS_SQL, "SEARCH outbox USING COVERING INDEX outbox_dossier"),
    ];
    for (sql, expected) in plans.into_iter().chain(super::super::matricules::PLANS) {
        let plan: Vec<String> = house
            .runtime
            .block_on(house.store.read(move |c| {
                let mut s = c.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let unknown: Vec<_> = vec![rusqlite::types::Value::Null; s.parameter_count()];
                Ok(s.query_map(rusqlite::params_from_iter(unknown), |r| r.get(3))?
                    .collect::<Result<_, _>>()?)
            }))
            .unwrap();
        assert!(plan[0].starts_with(expected), "{sql}: {plan:?}");
        assert!(!plan.iter().any(|l| l.contains("TEMP B-TREE")), "{sql}: {plan:?}");
        assert!(plan.iter().skip(1).all(|l| !l.starts_with("SCAN")), "{sql}: {plan:?}");
    }
}

/// The figures of a month group what one range of the index gives.
#[test]
fn ret_16_the_calls_of_a_month_are_found_by_an_index() {
    let house = few();
    for (sql, expected) in super::super::insi_calls::PLANS {
        let plan: Vec<String> = house
            .runtime
            .block_on(house.store.read(move |c| {
                let mut s = c.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                Ok(s.query_map([0, 0], |r| r.get(3))?.collect::<Result<_, _>>()?)
            }))
            .unwrap();
        assert!(plan[0].starts_with(expected), "{sql}: {plan:?}");
    }
}

fn corpus_house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| House::of(people(20_000)))
}

#[test]
fn the_right_patient_is_among_the_first_ten_on_a_french_corpus() {
    let house = corpus_house();
    let mut choice = Choice::new(5);
    let (mut asked, mut found) = (0, 0);
    for kind in Kind::ALL.into_iter().filter(|k| k.identifies()) {
        let (mut of_kind, mut missed) = (0, Vec::new());
        for (n, p) in house.people.iter().enumerate() {
            if of_kind == 60 {
                break;
            }
            if choice.below(20) > 0 && kind != Kind::Particles {
                continue;
            }
            let Some(text) = corpus::typed(kind, p, &mut choice) else { continue };
            of_kind += 1;
            if !house.find(&text).iter().take(10).any(|h| h.id.0 == i64::try_from(n + 1).unwrap()) {
                missed.push(text);
            }
        }
        assert!(of_kind >= 20, "{kind:?}: {of_kind}");
        // Two letters wrong in a word of five can make another word of three: the whole is held to 99 %.
        assert!(missed.len() * 20 <= of_kind, "{kind:?}: {missed:?}");
        asked += of_kind;
        found += of_kind - missed.len();
    }
    assert!(found * 100 >= asked * 99, "{found} of {asked}");
}

/// All names of a person, with the separators they have.
fn all_names(p: &patients::Patient) -> Vec<String> {
    let mut names = vec![p.traits.birth_name.to_string(), p.traits.first_name.to_string()];
    names.extend(p.used.name.as_ref().map(ToString::to_string));
    names.extend(p.traits.given_names.iter().flat_map(|g| g.as_str().split(' ').map(str::to_owned)));
    names
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_patient_is_found_by_any_beginning_of_any_name_with_any_separators(
        who in 0usize..20_000, which in 0usize..5, letters in 2usize..30, separators in "[-' ]{8}", dropped in any::<bool>(),
    ) {
        let house = corpus_house();
        let p = &house.people[who];
        let names = all_names(p);
        let name = &names[which % names.len()];
        let mut separators = separators.chars().cycle();
        let begun: String = name
            .chars()
            .take(letters)
            .filter_map(|c| match c {
                ' ' | '-' | '\'' => if dropped { None } else { separators.next() },
                c => Some(c),
            })
            .collect();
        let id = i64::try_from(who + 1).unwrap();
        let found = |text: &str| house.find_at_most(text, 200).0.iter().any(|h| h.id.0 == id);
        let date = p.traits.birth_date.iso();
        prop_assert!(found(&format!("{begun} {date}")), "{begun} {date}");
        prop_assert!(found(&format!("{date} {}", begun.to_lowercase())), "{begun} {date}");
        // Without the date the set behind the list must hold the patient, wherever the list is cut.
        let words = normalise::fold_words(&begun);
        let bearers = house
            .runtime
            .block_on(house.store.read(move |c| find::bearers(c, &words, usize::MAX)))
            .unwrap();
        prop_assert!(bearers.contains(&id), "{begun}");
    }

    #[test]
    fn a_patient_is_found_with_one_letter_wrong_beside_another_name_or_the_date(
        who in 0usize..20_000, seed in any::<u64>(), in_first in any::<bool>(),
    ) {
        let house = corpus_house();
        let p = &house.people[who];
        let (name, first) = (p.traits.birth_name.as_str(), p.traits.first_name.as_str());
        let (bad, other) = if in_first { (first, name) } else { (name, first) };
        let Some(wrong) = corpus::wrong(&mut Choice::new(seed), bad, 1) else { return Ok(()) };
        let id = i64::try_from(who + 1).unwrap();
        let (hits, more) = house.find_at_most(&format!("{wrong} {other}"), 200);
        // Ten who bear what was typed leave no room for those who nearly do.
        let full = hits.iter().filter(|h| !h.approximate).count() >= 10;
        prop_assert!(hits.iter().any(|h| h.id.0 == id) || full || more, "{wrong} {other}");
        let (hits, _) = house.find_at_most(&format!("{wrong} {}", p.traits.birth_date.iso()), 200);
        prop_assert!(hits.iter().any(|h| h.id.0 == id), "{wrong} {}", p.traits.birth_date.iso());
    }

}

proptest! {
    // Each makes a database of its own.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn lists_and_rows_agree_after_any_changes(
        changes in prop::collection::vec((1i64..12, 0usize..400), 0..30),
    ) {
        let house = few();
        let donors = people(400);
        house.runtime.block_on(house.store.write(move |tx| {
            for (id, donor) in changes {
                let mut p = patients::expect(tx, PatientId(id))?;
                p.traits.birth_name = donors[donor].traits.birth_name.clone();
                p.used = donors[donor].used.clone();
                p.traits.birth_date = donors[donor].traits.birth_date.clone();
                patients::update(tx, &p, Timestamp::UNIX_EPOCH)?;
            }
            let mut expected = std::collections::BTreeSet::new();
            for id in 1..12 {
                for key in lists::keys_of_row(tx, id)? {
                    assert!(key.word.len() <= words::MAX_WORD && BEGINNING < words::MAX_WORD);
                    expected.insert((key.word, key.kind, u32::try_from(id).unwrap()));
                }
            }
            assert_eq!(lists::tests::everything(tx), expected);
            Ok(())
        })).unwrap();
    }
}
