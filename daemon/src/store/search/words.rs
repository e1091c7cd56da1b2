//! The words under which a patient is found. Pure.
//!
//! A name gives its words one by one, and each run that short words and particles open, joined: `DE LA FONTAINE` gives
//! `DE`, `LA`, `FONTAINE`, `LAFONTAINE` and `DELAFONTAINE`, `LE GOFF` gives also `LEGOFF`. `ST` and `SAINT` stand for
//! each other. Two long words are not joined (`MARTINDUPONT`): the query is cut instead, so that the dictionary stays
//! one of words and not of couples.

use std::collections::BTreeSet;

/// Longest word kept in the index, in letters; what follows is compared on the patient's row.
pub const MAX_WORD: usize = 24;
/// Words up to so many letters open a run that is also joined.
const SHORT: usize = 3;

/// Where a word stands in an identity, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The whole birth name.
    Whole,
    /// The beginning of the birth name, particle left out or not.
    Start,
    /// Another word of the birth name, or the used name.
    Name,
    /// The first prénom, the used prénom.
    First,
    /// Another prénom.
    Given,
}

/// A word and its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Form {
    /// Letters A to Z.
    pub word: String,
    /// Where it stands.
    pub place: Place,
}

/// Names of a patient as stored, in the alphabet of the strict traits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Nom de naissance.
    pub birth: String,
    /// Premier prénom.
    pub first: String,
    /// Liste des prénoms.
    pub given: Option<String>,
    /// Nom utilisé.
    pub used: Option<String>,
    /// Prénom utilisé.
    pub used_first: Option<String>,
}

impl Names {
    /// Every word under which these names are found.
    #[must_use]
    pub fn forms(&self) -> Vec<Form> {
        let mut forms = Vec::with_capacity(12);
        add(&mut forms, &self.birth, (Place::Whole, Place::Start, Place::Name));
        if let Some(used) = &self.used {
            add(&mut forms, used, (Place::Name, Place::Name, Place::Name));
        }
        add(&mut forms, &self.first, (Place::First, Place::First, Place::First));
        if let Some(used) = &self.used_first {
            add(&mut forms, used, (Place::First, Place::First, Place::First));
        }
        if let Some(given) = &self.given {
            add(&mut forms, given, (Place::Given, Place::Given, Place::Given));
        }
        forms.sort();
        forms.dedup();
        forms
    }
}

/// A particle, or a word so common in names that people leave it out.
#[must_use]
pub fn is_particle(word: &str) -> bool {
    matches!(word, "D" | "L" | "DE" | "DU" | "DES" | "LE" | "LA" | "LES" | "ST" | "STE" | "SAINT" | "SAINTE")
}

fn opens_a_run(word: &str) -> bool {
    word.len() <= SHORT || matches!(word, "SAINT" | "SAINTE")
}

fn twin(word: &str) -> Option<&'static str> {
    match word {
        "ST" => Some("SAINT"),
        "SAINT" => Some("ST"),
        "STE" => Some("SAINTE"),
        "SAINTE" => Some("STE"),
        _ => None,
    }
}

fn add(forms: &mut Vec<Form>, text: &str, places: (Place, Place, Place)) {
    let words: Vec<&str> =
        text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    add_words(forms, &words, places);
    if words.iter().any(|w| twin(w).is_some()) {
        let twins: Vec<&str> = words.iter().map(|w| twin(w).unwrap_or(w)).collect();
        add_words(forms, &twins, places);
    }
}

fn add_words(forms: &mut Vec<Form>, words: &[&str], (whole, start, other): (Place, Place, Place)) {
    let run_end = |from: usize| {
        let long = words.iter().skip(from).position(|w| !opens_a_run(w));
        long.map_or(words.len().saturating_sub(1), |n| from + n)
    };
    let first_run = run_end(0);
    for (i, word) in words.iter().enumerate() {
        let place = |end: usize| {
            if i == 0 && end + 1 == words.len() {
                whole
            } else if i == 0 || end == first_run {
                start
            } else {
                other
            }
        };
        forms.push(Form { word: (*word).to_owned(), place: place(i) });
        let end = run_end(i);
        if end > i {
            let joined = words.get(i..=end).unwrap_or_default().concat();
            forms.push(Form { word: joined, place: place(end) });
        }
    }
}

/// A list of the index: patients who bear a word, or a word that begins so, at some place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The word, the beginning of 1 to 3 letters, or the year.
    pub word: String,
    /// Which kind of list.
    pub kind: i64,
}

/// Kinds of lists.
pub mod kind {
    /// Whole birth name.
    pub const WHOLE: i64 = 0;
    /// Beginning of the birth name.
    pub const START: i64 = 1;
    /// Other words of the names.
    pub const NAME: i64 = 2;
    /// Prénoms.
    pub const GIVEN: i64 = 3;
    /// From here on, lists of beginnings of 1 to 3 letters.
    pub const BEGINNINGS: i64 = 10;
    /// From here on, years of birth.
    pub const YEAR: i64 = 20;
}

/// Longest beginning that has its own list.
pub const BEGINNING: usize = 3;

/// The lists on which a patient stands.
#[must_use]
pub fn keys(names: &Names, birth_date: &str) -> BTreeSet<Key> {
    let mut keys = BTreeSet::new();
    for form in names.forms() {
        let of = match form.place {
            Place::Whole => kind::WHOLE,
            Place::Start => kind::START,
            Place::Name => kind::NAME,
            Place::First | Place::Given => kind::GIVEN,
        };
        for n in 1..=BEGINNING {
            if let Some(beginning) = form.word.get(..n) {
                keys.insert(Key { word: beginning.to_owned(), kind: kind::BEGINNINGS + of.max(kind::START) });
            }
        }
        keys.insert(Key { word: clip(&form.word).to_owned(), kind: of });
    }
    if let Some(year) = birth_date.get(..4) {
        keys.insert(Key { word: year.to_owned(), kind: kind::YEAR });
    }
    keys
}

/// At most [`MAX_WORD`] letters.
#[must_use]
pub fn clip(word: &str) -> &str {
    word.get(..MAX_WORD).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(birth: &str) -> Vec<(String, Place)> {
        let names = Names { birth: birth.into(), first: "X".into(), ..Names::default() };
        names.forms().into_iter().filter(|f| f.word != "X").map(|f| (f.word, f.place)).collect()
    }

    #[test]
    fn a_name_gives_its_words_and_the_runs_of_its_particles() {
        let own = |list: &[(&str, Place)]| -> Vec<(String, Place)> {
            list.iter().map(|(w, p)| ((*w).to_owned(), *p)).collect()
        };
        assert_eq!(of("MARTIN"), own(&[("MARTIN", Place::Whole)]));
        assert_eq!(
            of("LE GOFF"),
            own(&[("GOFF", Place::Start), ("LE", Place::Start), ("LEGOFF", Place::Whole)])
        );
        assert_eq!(
            of("DE LA FONTAINE"),
            own(&[
                ("DE", Place::Start),
                ("DELAFONTAINE", Place::Whole),
                ("FONTAINE", Place::Start),
                ("LA", Place::Name),
                ("LAFONTAINE", Place::Start),
            ])
        );
        assert_eq!(of("MARTIN-DUPONT"), own(&[("DUPONT", Place::Name), ("MARTIN", Place::Start)]));
        assert!(of("ST-MARTIN").contains(&("SAINTMARTIN".into(), Place::Whole)));
        assert!(of("SAINT MARTIN").contains(&("STMARTIN".into(), Place::Whole)));
    }
}
