//! The people INSi knows: the public fictitious identities of the qualification service
//! (spec/ins.md B.11), built in, and synthetic ones read from a file.

pub mod generate;
mod names;
mod places;
mod public;

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// OID of a NIR, production (the qualification service answers it for its fictitious people).
pub const OID_NIR: &str = "1.2.250.1.213.1.4.8";
/// OID of a NIA.
pub const OID_NIA: &str = "1.2.250.1.213.1.4.9";
/// OID of a test NIR.
pub const OID_TEST: &str = "1.2.250.1.213.1.4.10";
/// Longest line of a people file, in bytes.
const MAX_LINE: usize = 4096;

/// One matricule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ins {
    /// 13 characters.
    pub matricule: String,
    /// Two digits, "" when unknown.
    pub key: String,
    /// Allotting authority.
    pub oid: String,
}

/// A former matricule.
#[derive(Debug, Clone)]
pub struct Past {
    /// The matricule.
    pub ins: Ins,
    /// `DateDeb`, `DateFin`, as answered (they may be inverted).
    pub dates: Option<(String, String)>,
    /// The dates come before the matricule, against the schema, as in a CNDA answer.
    pub dates_first: bool,
}

/// Somebody INSi knows.
#[derive(Debug, Clone)]
pub struct Person {
    /// Birth name, normalised.
    pub birth_name: String,
    /// Given names in civil-status order.
    pub given_names: Vec<String>,
    /// `M` or `F`.
    pub sex: String,
    /// `AAAA-MM-JJ`, maybe lunar.
    pub birth_date: String,
    /// COG, "" when INSi has none.
    pub birth_place: String,
    /// Active matricule.
    pub ins: Ins,
    /// Former matricules.
    pub history: Vec<Past>,
    /// Answered in the dialect of the CNDA's simulated answers.
    pub simulated: bool,
    /// The answer carries the optional `Prenom`.
    pub shows_first_name: bool,
}

/// One line of a people file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Birth name, normalised.
    pub birth_name: String,
    /// Given names in civil-status order.
    pub given_names: Vec<String>,
    /// `M` or `F`.
    pub sex: String,
    /// `AAAA-MM-JJ`.
    pub birth_date: String,
    /// COG at birth.
    pub birth_place: String,
    /// 13 characters.
    pub matricule: String,
    /// Two digits.
    pub key: String,
    /// Allotting authority.
    pub oid: String,
}

impl From<Line> for Person {
    fn from(l: Line) -> Person {
        Person {
            birth_name: l.birth_name,
            given_names: l.given_names,
            sex: l.sex,
            birth_date: l.birth_date,
            birth_place: l.birth_place,
            ins: Ins { matricule: l.matricule, key: l.key, oid: l.oid },
            history: Vec::new(),
            simulated: false,
            shows_first_name: false,
        }
    }
}

/// Why a people file was refused.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// It cannot be read.
    #[error("fichier des personnes illisible : {0}")]
    File(#[from] std::io::Error),
    /// A line is not what it should be.
    #[error("ligne {0} du fichier des personnes : {1}")]
    Line(usize, String),
}

/// Key of a matricule (13 characters): `97 - (n mod 97)`, 2A and 2B replaced by 19 and 18
/// (spec/ins.md A.6). `None` when it is not a matricule.
pub fn key(matricule: &str) -> Option<String> {
    if matricule.len() != 13 {
        return None;
    }
    let digits = matricule.replace("2A", "19").replace("2B", "18");
    let n: u64 = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
    Some(format!("{:02}", 97 - n % 97))
}

/// Everybody, indexed.
#[derive(Debug)]
pub struct Base {
    people: Vec<Person>,
    by_traits: HashMap<(String, String, String), Vec<usize>>,
    by_nir: HashMap<String, Vec<usize>>,
}

impl Base {
    /// The public identities, and those of a file if given.
    ///
    /// # Errors
    /// [`PeopleError`] naming the line.
    pub fn load(file: Option<&Path>) -> Result<Base, PeopleError> {
        let mut people = public::people();
        if let Some(file) = file {
            people.extend(read(&std::fs::read_to_string(file)?)?.into_iter().map(Person::from));
        }
        let (mut by_traits, mut by_nir) = (HashMap::new(), HashMap::new());
        for (i, p) in people.iter().enumerate() {
            let traits = (p.birth_name.clone(), p.sex.clone(), p.birth_date.clone());
            by_traits.entry(traits).or_insert_with(Vec::new).push(i);
            by_nir.entry(p.ins.matricule.clone()).or_insert_with(Vec::new).push(i);
            for past in &p.history {
                let found = by_nir.entry(past.ins.matricule.clone()).or_insert_with(Vec::new);
                if !found.contains(&i) {
                    found.push(i);
                }
            }
        }
        Ok(Base { people, by_traits, by_nir })
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Never true: the public identities are built in.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// People whom the qualification service does not hold and answers by fault insi_102.
    pub fn is_unreachable(&self, name: &str, given: &str) -> bool {
        public::UNREACHABLE.contains(&(name, given))
    }

    /// Search by traits. `given` matches when it is one of the given names, or all of them.
    pub fn by_traits(
        &self,
        name: &str,
        given: &str,
        sex: &str,
        date: &str,
        place: Option<&str>,
    ) -> Vec<&Person> {
        let traits = (name.to_owned(), sex.to_owned(), date.to_owned());
        let candidates = self.by_traits.get(&traits).map(Vec::as_slice).unwrap_or_default();
        candidates
            .iter()
            .filter_map(|i| self.people.get(*i))
            .filter(|p| p.given_names.iter().any(|g| g == given) || p.given_names.join(" ") == given)
            .filter(|p| place.is_none_or(|place| p.birth_place == place))
            .collect()
    }

    /// Search by what a Vitale card carries: the certified NIR of the person, or the NIR of the
    /// ouvrant droit when the person is that one; date and name must agree when given.
    pub fn by_card(
        &self,
        nir: Option<&str>,
        od: Option<&str>,
        name: Option<&str>,
        date: Option<&str>,
    ) -> Vec<&Person> {
        let Some(number) = nir.or(od) else { return Vec::new() };
        let candidates = self.by_nir.get(number).map(Vec::as_slice).unwrap_or_default();
        candidates
            .iter()
            .filter_map(|i| self.people.get(*i))
            .filter(|p| name.is_none_or(|n| n == p.birth_name))
            .filter(|p| date.is_none_or(|d| d == p.birth_date))
            .collect()
    }
}

/// Reads a people file (JSON lines, empty lines allowed).
///
/// # Errors
/// [`PeopleError::Line`] for the first line that is not a plausible person.
pub fn read(text: &str) -> Result<Vec<Line>, PeopleError> {
    let mut people = Vec::new();
    for (i, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let refuse = |why: String| PeopleError::Line(i + 1, why);
        if line.len() > MAX_LINE {
            return Err(refuse("trop longue".into()));
        }
        let person: Line = serde_json::from_str(line).map_err(|e| refuse(e.to_string()))?;
        if key(&person.matricule).as_deref() != Some(person.key.as_str()) {
            return Err(refuse("la clé ne correspond pas au matricule".into()));
        }
        if person.given_names.is_empty() || !matches!(person.sex.as_str(), "M" | "F") {
            return Err(refuse("prénom absent, ou sexe ni M ni F".into()));
        }
        people.push(person);
    }
    Ok(people)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_public_matricules_are_right() {
        for (matricule, expected) in [
            ("2751263220749", "74"),
            ("1090763220834", "89"),
            ("297022A020778", "78"),
            ("180032B020401", "23"),
            ("160012B020777", "13"),
            ("2360663220836", "56"),
            ("2780599999042", "42"),
        ] {
            assert_eq!(key(matricule).as_deref(), Some(expected), "{matricule}");
        }
        assert_eq!(key("12345"), None);
        assert_eq!(key("18003XB020401"), None);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let good = r#"{"birth_name":"A","given_names":["B"],"sex":"F","birth_date":"1975-12-31","birth_place":"63220","matricule":"2751263220749","key":"74","oid":"1.2.250.1.213.1.4.10"}"#;
        assert_eq!(read(good).unwrap().len(), 1);
        let bad = format!("{good}\n{}", good.replace("\"74\"", "\"75\""));
        assert!(matches!(read(&bad), Err(PeopleError::Line(2, _))));
        assert!(matches!(read("{}"), Err(PeopleError::Line(1, _))));
    }
}
