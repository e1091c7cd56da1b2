//! Deterministic generator of synthetic people, for the demonstration and the training.
//!
//! Same seed, same people, on any machine. Order numbers of the matricules stay in 900-999, which
//! hardly any birth registry reaches in a month, under the test OID: nobody's real matricule.
//! Contains on purpose: twins, homonyms told apart only by the COG, NIA, Corsican codes before and
//! after 1976, communes that have since changed code.

use std::collections::HashSet;

use super::names::{given, surnames};
use super::places::{COMMUNES, COUNTRIES, Place, Region};
use super::{Line, OID_NIA, OID_TEST, key};

/// SplitMix64: small, known, and nobody's secret depends on it.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `n` (0 when `n` is 0).
    fn below(&mut self, n: u64) -> u64 {
        self.next().checked_rem(n).unwrap_or(0)
    }

    fn percent(&mut self, p: u64) -> bool {
        self.below(100) < p
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let i = self.below(from.len() as u64);
        from.get(usize::try_from(i).unwrap_or(0)).copied()
    }
}

struct Maker {
    rng: Rng,
    matricules: HashSet<String>,
    traits: HashSet<(String, String, String)>,
    people: Vec<Line>,
}

/// `count` people.
pub fn people(seed: u64, count: usize) -> Vec<Line> {
    let mut m =
        Maker { rng: Rng(seed), matricules: HashSet::new(), traits: HashSet::new(), people: Vec::new() };
    let is_corsican = |p: &Place| p.region == Region::Corsica;
    // One in forty of each kind, at least one, whatever the count.
    let share = (count / 40).max(1);
    for _ in 0..share {
        m.one(&|p| is_corsican(p), OID_TEST);
    }
    for _ in 0..share / 2 {
        m.one(&|p| p.code.starts_with("99"), OID_NIA);
    }
    for _ in 0..share / 2 {
        m.twins();
        m.homonyms();
    }
    while m.people.len() < count {
        m.one(&|p| !is_corsican(p), OID_TEST);
    }
    m.people.truncate(count);
    m.people
}

impl Maker {
    fn place(&mut self, year: u16, wanted: &dyn Fn(&Place) -> bool) -> Option<Place> {
        let abroad = self.rng.percent(14);
        let of = |all: &[Place]| -> Vec<Place> {
            all.iter().filter(|p| p.from <= year && year <= p.to && wanted(p)).copied().collect()
        };
        let (first, second) =
            if abroad { (of(COUNTRIES), of(COMMUNES)) } else { (of(COMMUNES), of(COUNTRIES)) };
        self.rng.pick(&first).or_else(|| self.rng.pick(&second))
    }

    /// A matricule nobody else has.
    fn matricule(&mut self, sex: &str, date: &str, place: &str) -> String {
        loop {
            let order = 900 + self.rng.below(100);
            let first = if sex == "M" { 1 } else { 2 };
            let (yy, mm) = (date.get(2..4).unwrap_or("00"), date.get(5..7).unwrap_or("01"));
            let matricule = format!("{first}{yy}{mm}{place}{order:03}");
            if self.matricules.insert(matricule.clone()) {
                return matricule;
            }
        }
    }

    fn given_names(&mut self, male: bool, year: u16) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let wanted = 1 + self.rng.below(3);
        while (names.len() as u64) < wanted {
            // Second and third names are those of the grandparents.
            let back = if names.is_empty() { 0 } else { 40 };
            let Some(name) = self.rng.pick(given(male, year - back)) else { break };
            if !names.iter().any(|n| n.split('-').any(|part| name.split('-').any(|p| p == part))) {
                names.push(name.to_owned());
            }
        }
        names
    }

    fn push(&mut self, name: &str, given: Vec<String>, sex: &str, date: &str, place: &str, oid: &str) {
        let matricule = self.matricule(sex, date, place);
        self.traits.insert((name.to_owned(), sex.to_owned(), date.to_owned()));
        self.people.push(Line {
            birth_name: name.to_owned(),
            given_names: given,
            sex: sex.to_owned(),
            birth_date: date.to_owned(),
            birth_place: place.to_owned(),
            key: key(&matricule).unwrap_or_default(),
            matricule,
            oid: oid.to_owned(),
        });
    }

    /// Year, date, sex, name, given names and place of somebody nobody can be mistaken for.
    fn traits(
        &mut self,
        wanted: &dyn Fn(&Place) -> bool,
    ) -> Option<(u16, String, &'static str, String, Place)> {
        loop {
            // More people above forty: a laboratory's patients.
            let age_max = if self.rng.percent(60) { 60 } else { 99 };
            let year = 2025 - u16::try_from(self.rng.below(age_max)).unwrap_or(0);
            let (month, day) = (1 + self.rng.below(12), 1 + self.rng.below(28));
            let date = format!("{year}-{month:02}-{day:02}");
            let sex = if self.rng.percent(48) { "M" } else { "F" };
            let Some(place) = self.place(year, wanted) else { continue };
            let elsewhere = place.region == Region::General && self.rng.percent(15);
            let region = if elsewhere {
                self.rng.pick(&[
                    Region::Maghreb,
                    Region::Iberia,
                    Region::Brittany,
                    Region::Africa,
                    Region::Italy,
                ])
            } else {
                Some(place.region)
            };
            let name = self.rng.pick(surnames(region?))?.to_owned();
            if !self.traits.contains(&(name.clone(), sex.to_owned(), date.clone())) {
                return Some((year, date, sex, name, place));
            }
        }
    }

    fn one(&mut self, wanted: &dyn Fn(&Place) -> bool, oid: &str) {
        let Some((year, date, sex, name, place)) = self.traits(wanted) else { return };
        let given = self.given_names(sex == "M", year);
        self.push(&name, given, sex, &date, place.code, oid);
    }

    /// Same name, date and place; the given names differ, sometimes the sex.
    fn twins(&mut self) {
        let Some((year, date, sex, name, place)) = self.traits(&|p| p.region != Region::Corsica) else {
            return;
        };
        let other_sex = match (self.rng.percent(50), sex) {
            (true, sex) => sex,
            (false, "M") => "F",
            (false, _) => "M",
        };
        let first = self.given_names(sex == "M", year);
        let second = loop {
            let names = self.given_names(other_sex == "M", year);
            if !names.iter().any(|n| first.contains(n)) {
                break names;
            }
        };
        self.push(&name, first, sex, &date, place.code, OID_TEST);
        self.push(&name, second, other_sex, &date, place.code, OID_TEST);
    }

    /// Same name, given names, sex and date; only the place differs.
    fn homonyms(&mut self) {
        let Some((year, date, sex, name, place)) = self.traits(&|p| p.region == Region::General) else {
            return;
        };
        let given = self.given_names(sex == "M", year);
        let Some(other) = self.place(year, &|p| p.region == Region::General && p.code != place.code) else {
            return;
        };
        self.push(&name, given.clone(), sex, &date, place.code, OID_TEST);
        self.push(&name, given, sex, &date, other.code, OID_TEST);
    }
}

/// The people as the lines of a file.
///
/// # Errors
/// Only if a line cannot be written as JSON, which no generated line is.
pub fn file(people: &[Line]) -> serde_json::Result<String> {
    let mut text = String::new();
    for person in people {
        text.push_str(&serde_json::to_string(person)?);
        text.push('\n');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::insi::request::is_sent_name;
    use crate::people::Base;

    fn repository() -> std::path::PathBuf {
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    #[test]
    fn the_shipped_file_is_what_the_generator_writes() {
        let path = repository().join("data/demo/insi-people.jsonl");
        let shipped = std::fs::read_to_string(&path).unwrap();
        assert!(
            shipped == file(&people(1, 400)).unwrap(),
            "paillasse-sim people --seed 1 --count 400 > {path:?}"
        );
        assert_eq!(crate::people::read(&shipped).unwrap().len(), 400);
    }

    #[test]
    fn everybody_can_be_asked_for_and_every_kind_is_there() {
        let all = people(1, 400);
        for p in &all {
            assert!(is_sent_name(&p.birth_name) && is_sent_name(&p.given_names.join(" ")), "{p:?}");
            assert_eq!(p.matricule.get(5..10), Some(p.birth_place.as_str()));
        }
        let count = |f: &dyn Fn(&Line) -> bool| all.iter().filter(|p| f(p)).count();
        assert!(count(&|p| p.birth_place.starts_with("2A") || p.birth_place.starts_with("2B")) >= 3);
        assert!(count(&|p| p.birth_place.starts_with("99")) >= 20);
        assert!(count(&|p| p.birth_place.starts_with("97")) >= 3);
        assert!(count(&|p| p.oid == OID_NIA) == 5);
        assert!(count(&|p| p.birth_name.contains('\'')) >= 5);
        assert!(count(&|p| p.given_names.iter().any(|g| g.contains('-'))) >= 20);
    }

    #[test]
    fn homonyms_need_the_place_and_nobody_else_does() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("people.jsonl");
        let all = people(1, 400);
        std::fs::write(&path, file(&all).unwrap()).unwrap();
        let base = Base::load(Some(&path)).unwrap();
        let mut ambiguous = 0;
        for p in &all {
            let find =
                |given: &str, place| base.by_traits(&p.birth_name, given, &p.sex, &p.birth_date, place).len();
            let list = p.given_names.join(" ");
            assert_eq!(find(&list, Some(p.birth_place.as_str())), 1, "{p:?}");
            assert_eq!(find(&p.given_names[0], None), find(&list, None), "{p:?}");
            ambiguous += usize::from(find(&list, None) == 2);
        }
        assert_eq!(ambiguous, 10);
    }

    #[test]
    fn every_code_is_valid_at_the_birth_date() {
        let cog = repository().join("../shared/reference/cog");
        let Ok(communes) = std::fs::read_to_string(cog.join("communes_periodes.csv")) else {
            println!("skipped: the COG reference is not beside the repository");
            return;
        };
        let countries = std::fs::read_to_string(cog.join("pays_territoires_periodes.csv")).unwrap();
        let mut periods: HashMap<String, Vec<(String, String)>> = HashMap::new();
        for line in communes.lines().chain(countries.lines()) {
            let f: Vec<&str> = line.split(',').collect();
            // Both files end in dates; communes carry one more column after them.
            let (from, to) =
                if f[0].starts_with("99") { (f.len() - 2, f.len() - 1) } else { (f.len() - 3, f.len() - 2) };
            periods.entry(f[0].into()).or_default().push((f[from].into(), f[to].into()));
        }
        for p in people(1, 400).iter().chain(&people(7, 2000)) {
            let known = periods.get(&p.birth_place).unwrap_or_else(|| panic!("{}", p.birth_place));
            let valid = known.iter().any(|(from, to)| {
                (from == "1943-01-01" || from <= &p.birth_date) && (to.is_empty() || &p.birth_date < to)
            });
            assert!(valid, "{} {}", p.birth_place, p.birth_date);
        }
    }
}
