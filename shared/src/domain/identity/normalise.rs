//! Character rules of the strict name traits (RNIV; `référentiel INS`), and the folding used by search.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longest name kept, in characters.
pub const MAX_NAME: usize = 100;

/// Longest text accepted from a user for a name before anything is done with it, in bytes.
const MAX_INPUT: usize = 4_096;

/// A name that cannot be a strict trait, with the cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was typed.
    #[error("le champ est vide")]
    Empty,
    /// A character outside `A-Z`, space, hyphen and apostrophe after normalisation.
    #[error("le caractère « {0} » n'est pas permis dans un nom d'état civil")]
    Character(char),
    /// Separators that follow each other in a way no civil status does.
    #[error("la suite de traits d'union, d'apostrophes ou d'espaces n'est pas celle d'un nom")]
    Separators,
    /// More than [`MAX_NAME`] characters.
    #[error("le nom fait {0} caractères ; 100 au plus sont conservés dans une identité")]
    TooLong(usize),
}

/// A name in the alphabet of the strict traits: `A-Z`, space, hyphen, apostrophe; 1 to 100 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StrictName(String);

impl StrictName {
    /// Normalises what a person typed or a document shows, and checks it.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.len() > MAX_INPUT {
            return Err(NameError::TooLong(text.chars().count()));
        }
        let normalised = normalise(text);
        check(&normalised)?;
        Ok(Self(normalised))
    }

    /// Takes a trait exactly as INSi returned it: checked, never rewritten.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn verbatim(text: &str) -> Result<Self, NameError> {
        check(text)?;
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Equal when hyphens, apostrophes and spaces count the same.
    #[must_use]
    pub fn same_letters(&self, other: &Self) -> bool {
        fold(&self.0) == fold(&other.0)
    }
}

impl TryFrom<String> for StrictName {
    type Error = NameError;
    fn try_from(value: String) -> Result<Self, Self::Error> {
        Self::verbatim(&value)
    }
}

impl From<StrictName> for String {
    fn from(value: StrictName) -> Self {
        value.0
    }
}

impl std::fmt::Display for StrictName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Replaces ligatures and special letters, removes accents, upper-cases, unifies apostrophes, dashes and spaces.
///
/// Hyphens (also double ones) and apostrophes are kept: they belong to the civil status.
#[must_use]
pub fn normalise(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.nfd() {
        match c {
            'Œ' | 'œ' => plain.push_str("OE"),
            'Æ' | 'æ' => plain.push_str("AE"),
            'ß' | 'ẞ' => plain.push_str("SS"),
            'Ø' | 'ø' => plain.push('O'),
            'Đ' | 'đ' | 'Ð' | 'ð' => plain.push('D'),
            'Ł' | 'ł' => plain.push('L'),
            'Þ' | 'þ' => plain.push_str("TH"),
            'ı' => plain.push('I'),
            '\u{2019}' | '\u{2018}' | '\u{02BC}' | '\u{00B4}' | '\u{0060}' => plain.push('\''),
            '\u{2010}'..='\u{2014}' | '\u{2212}' => plain.push('-'),
            '\u{00A0}' | '\u{202F}' | '\t' | '_' => plain.push(' '),
            '.' => {}
            c if is_combining_mark(c) => {}
            c => plain.extend(c.to_uppercase()),
        }
    }
    let mut out = String::with_capacity(plain.len());
    for word in plain.split(' ').filter(|w| !w.is_empty()) {
        if !out.is_empty() && !out.ends_with('-') && !word.starts_with('-') {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// `^'?[A-Z]+(?:(?:--|-|'| |' )'?[A-Z]+)*'?$`, with the offending character named.
fn check(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if let Some(c) = name.chars().find(|c| !matches!(c, 'A'..='Z' | ' ' | '-' | '\'')) {
        return Err(NameError::Character(c));
    }
    let length = name.chars().count();
    if length > MAX_NAME {
        return Err(NameError::TooLong(length));
    }
    let body = name.strip_prefix('\'').unwrap_or(name);
    let body = body.strip_suffix('\'').unwrap_or(body);
    let mut separator = String::new();
    let mut letters = 0usize;
    for c in body.chars() {
        if c.is_ascii_uppercase() {
            if letters == 0 && !separator.is_empty() {
                return Err(NameError::Separators);
            }
            if letters > 0 && !separator.is_empty() && !legal_separator(&separator) {
                return Err(NameError::Separators);
            }
            separator.clear();
            letters += 1;
        } else {
            separator.push(c);
        }
    }
    if letters == 0 || !separator.is_empty() {
        return Err(NameError::Separators);
    }
    Ok(())
}

/// Separators that stand between two letters: one of `--`, `-`, `'`, space or `' `, then an optional apostrophe.
fn legal_separator(s: &str) -> bool {
    matches!(s, "--" | "-" | "'" | " " | "' " | "--'" | "-'" | "''" | " '" | "' '")
}

/// Folds a text for search and tolerant comparison: letters and digits only, upper case, no accents.
///
/// `Lé--Goff`, `le goff` and `LEGOFF` fold to the same text.
#[must_use]
pub fn fold(text: &str) -> String {
    normalise(text).chars().filter(char::is_ascii_alphanumeric).collect()
}

/// The folded words of a text, in order: split at spaces, hyphens and apostrophes.
#[must_use]
pub fn fold_words(text: &str) -> Vec<String> {
    normalise(text)
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ins_02_names_are_stored_without_accents_and_keep_hyphen_apostrophe_space() {
        let cases = [
            ("d'Àrtagnan-é", "D'ARTAGNAN-E"),
            ("Lefèvre  Dùpont", "LEFEVRE DUPONT"),
            ("cœur", "COEUR"),
            ("O’Brien", "O'BRIEN"),
            ("Jean – Baptiste", "JEAN-BAPTISTE"),
            ("St. Martin", "ST MARTIN"),
            ("Dupont--Durand", "DUPONT--DURAND"),
        ];
        for (typed, stored) in cases {
            assert_eq!(StrictName::parse(typed).unwrap().as_str(), stored, "{typed}");
        }
        let long = "A".repeat(100);
        assert_eq!(StrictName::parse(&long).unwrap().as_str(), long);
    }

    #[test]
    fn bad_names_are_refused_with_their_cause() {
        assert_eq!(StrictName::parse("  "), Err(NameError::Empty));
        assert_eq!(StrictName::parse("DUPONT 2"), Err(NameError::Character('2')));
        assert_eq!(StrictName::parse("A/B"), Err(NameError::Character('/')));
        assert_eq!(StrictName::parse("-DUPONT"), Err(NameError::Separators));
        assert_eq!(StrictName::parse("DU---PONT"), Err(NameError::Separators));
        assert!(matches!(StrictName::parse(&"A".repeat(10_000_000)), Err(NameError::TooLong(_))));
    }

    #[test]
    fn ins_09_folding_ignores_apostrophes_hyphens_and_accents() {
        for text in ["le-goff", "LEGOFF", "le goff", "Lé--Goff", "L'egoff"] {
            assert_eq!(fold(text), "LEGOFF");
        }
        assert_eq!(fold_words("d'Artagnan de l'Hérault"), ["D", "ARTAGNAN", "DE", "L", "HERAULT"]);
    }

    proptest! {
        #[test]
        fn what_is_accepted_is_in_the_alphabet_and_stable(text in "\\PC{0,60}") {
            if let Ok(name) = StrictName::parse(&text) {
                prop_assert!(name.as_str().chars().all(|c| matches!(c, 'A'..='Z' | ' ' | '-' | '\'')));
                prop_assert_eq!(StrictName::parse(name.as_str()).unwrap(), name.clone());
                prop_assert_eq!(StrictName::verbatim(name.as_str()).unwrap(), name);
            }
        }
    }
}
