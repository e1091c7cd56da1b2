//! Cards of patients: what was read, by whom it can be believed, whether it is the patient on screen.
//!
//! A card is a key to INSi, never a proof of identity (a carte Vitale is not a high-confidence device). Only a licensed
//! component gives an assertion, and only an assertion allows a call by card; anything else prefills a search by traits.
//! Contract: fact sheet on the INS, §B.6 and §F.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::identity::traits::heads;
use super::identity::{BirthDate, StrictName, StrictTraits, TraitField, UsedNames};

/// Age at which the assertion of a card may no longer be used: the card is read again (CNDA test 1.02).
pub const ASSERTION_LIFE: SignedDuration = SignedDuration::from_mins(20);
/// How far ahead of ours the clock of a card component may be.
pub const AHEAD: SignedDuration = SignedDuration::from_mins(2);
/// Most people on one card.
pub const MAX_BENEFICIARIES: usize = 20;
/// Longest assertion, in bytes.
pub const MAX_ASSERTION: usize = 64 * 1024;

/// What kind of card, read how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardSource {
    /// Carte Vitale by a licensed component.
    Vitale,
    /// Carte Vitale by the free reading: nothing is authenticated.
    VitaleLibre,
    /// Appli carte Vitale.
    Apcv,
}

impl CardSource {
    /// Word shown to users.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Vitale => "carte Vitale",
            Self::VitaleLibre => "carte Vitale, lecture non authentifiée",
            Self::Apcv => "appli carte Vitale",
        }
    }

    /// Mode of a call by this card, in the journal and the traces.
    #[must_use]
    pub fn mode(self) -> &'static str {
        match self {
            Self::Vitale | Self::VitaleLibre => "vitale",
            Self::Apcv => "apcv",
        }
    }
}

/// A signed assertion made by a licensed component, opaque here.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// The XML, byte for byte.
    pub xml: String,
    /// When it was made; the time of the reading when absent.
    #[serde(default)]
    pub issued_at: Option<Timestamp>,
}

/// One of the people of a card. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beneficiary {
    /// Name written on the card.
    pub name: String,
    /// Birth name, when the card has it.
    #[serde(default)]
    pub birth_name: Option<String>,
    /// Given name.
    pub given_name: String,
    /// `AAAA-MM-JJ`, possibly lunar.
    pub birth_date: String,
    /// Rang gémellaire.
    #[serde(default)]
    pub rank: Option<u8>,
    /// `M` or `F`, when the card has it.
    #[serde(default)]
    pub sex: Option<String>,
    /// Certified NIR, 13 characters, with its key or without.
    #[serde(default)]
    pub nir: Option<String>,
    /// What allows a call by card.
    #[serde(default)]
    pub assertion: Option<Assertion>,
}

impl fmt::Debug for Beneficiary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Beneficiary")
    }
}

impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Assertion({} bytes)", self.xml.len())
    }
}

impl Beneficiary {
    /// The birth name when the card has it, else the name written on it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.birth_name.as_deref().unwrap_or(&self.name)
    }

    /// True when the assertion may still be used.
    #[must_use]
    pub fn callable(&self, read_at: Timestamp, now: Timestamp) -> bool {
        self.assertion.as_ref().is_some_and(|a| is_fresh(a.issued_at.unwrap_or(read_at), now))
    }

    /// What differs from a patient: date of birth, name (birth name or used name), given name. The card may write a
    /// used name, one given name of several, or other separators: these are no difference.
    #[must_use]
    pub fn differs(&self, traits: &StrictTraits, used: &UsedNames) -> Vec<TraitField> {
        let mut out = Vec::new();
        let same = |ours: &StrictName, theirs: &str| {
            StrictName::parse(theirs).is_ok_and(|theirs| theirs.same_letters(ours))
        };
        let mut names = [Some(self.name.as_str()), self.birth_name.as_deref()].into_iter().flatten();
        let ours = [Some(&traits.birth_name), used.name.as_ref()];
        if !names.any(|theirs| ours.iter().flatten().any(|ours| same(ours, theirs))) {
            out.push(TraitField::BirthName);
        }
        let ours = [Some(&traits.first_name), traits.given_names.as_ref(), used.first_name.as_ref()];
        let given = ours.iter().flatten().any(|ours| {
            same(ours, &self.given_name)
                || StrictName::parse(&self.given_name).is_ok_and(|theirs| {
                    heads(ours.as_str(), theirs.as_str()) || heads(theirs.as_str(), ours.as_str())
                })
        });
        if !given {
            out.push(TraitField::FirstName);
        }
        let date = BirthDate::lunar(&self.birth_date)
            .is_ok_and(|d| d == traits.birth_date || d.interpreted() == traits.birth_date.interpreted());
        if !date {
            out.push(TraitField::BirthDate);
        }
        if self.sex.as_deref().is_some_and(|s| s != traits.sex.letter()) {
            out.push(TraitField::Sex);
        }
        out
    }
}

/// True when an assertion made at `issued` may be used at `now`.
#[must_use]
pub fn is_fresh(issued: Timestamp, now: Timestamp) -> bool {
    now.duration_since(issued) <= ASSERTION_LIFE && issued.duration_since(now) <= AHEAD
}

/// 13 characters and, when there are 15, the key.
#[must_use]
pub fn split_nir(text: &str) -> Option<(String, Option<String>)> {
    let compact: String =
        text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
    let right = |number: &str| {
        number.bytes().enumerate().all(|(i, b)| b.is_ascii_digit() || (i == 6 && matches!(b, b'A' | b'B')))
    };
    let number = compact.get(..13).filter(|n| right(n))?;
    match compact.get(13..) {
        Some("") => Some((number.to_owned(), None)),
        Some(key) if key.len() == 2 && key.bytes().all(|b| b.is_ascii_digit()) => {
            Some((number.to_owned(), Some(key.to_owned())))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::identity::Sex;
    use super::*;

    fn card(name: &str, given: &str, date: &str) -> Beneficiary {
        Beneficiary {
            name: name.into(),
            birth_name: None,
            given_name: given.into(),
            birth_date: date.into(),
            rank: None,
            sex: None,
            nir: None,
            assertion: None,
        }
    }

    fn patient() -> (StrictTraits, UsedNames) {
        let name = |n: &str| StrictName::parse(n).unwrap();
        let traits = StrictTraits {
            birth_name: name("DE LA TOUR"),
            first_name: name("JEAN-BAPTISTE"),
            given_names: Some(name("JEAN-BAPTISTE MARIE")),
            sex: Sex::M,
            birth_date: BirthDate::lunar("1961-07-04").unwrap(),
            birth_place: None,
        };
        (traits, UsedNames { name: Some(name("MARTIN")), first_name: None })
    }

    #[test]
    fn ret_13_the_person_of_the_card_is_or_is_not_the_patient() {
        let (traits, used) = patient();
        let differs = |b: &Beneficiary| b.differs(&traits, &used);
        for same in [
            card("DE LA TOUR", "JEAN-BAPTISTE", "1961-07-04"),
            card("De La-Tour", "Jean Baptiste", "1961-07-04"),
            card("MARTIN", "JEAN-BAPTISTE", "1961-07-04"),
            card("DE LA TOUR", "JEAN-BAPTISTE MARIE", "1961-07-04"),
            Beneficiary {
                birth_name: Some("DE LA TOUR".into()),
                ..card("USAGE", "JEAN-BAPTISTE", "1961-07-04")
            },
        ] {
            assert_eq!(differs(&same), [], "{} {}", same.name, same.given_name);
        }
        assert_eq!(differs(&card("DURAND", "JEAN-BAPTISTE", "1961-07-04")), [TraitField::BirthName]);
        assert_eq!(differs(&card("DE LA TOUR", "LOUIS", "1961-07-04")), [TraitField::FirstName]);
        assert_eq!(differs(&card("DE LA TOUR", "JEAN-BAPTISTE", "1961-04-07")), [TraitField::BirthDate]);
        let woman =
            Beneficiary { sex: Some("F".into()), ..card("DE LA TOUR", "JEAN-BAPTISTE", "1961-07-04") };
        assert_eq!(differs(&woman), [TraitField::Sex]);
    }

    #[test]
    fn an_assertion_lives_twenty_minutes() {
        let issued: Timestamp = "2026-05-18T07:30:00Z".parse().unwrap();
        let at = |minutes: i64| is_fresh(issued, issued + SignedDuration::from_mins(minutes));
        assert!(at(0) && at(20) && at(-2));
        assert!(!at(21) && !at(-3));
    }

    #[test]
    fn a_number_is_thirteen_characters_with_or_without_its_key() {
        assert_eq!(split_nir("2 97 02 2A 020 778 78"), Some(("297022A020778".into(), Some("78".into()))));
        assert_eq!(split_nir("2751263220749"), Some(("2751263220749".into(), None)));
        for wrong in
            ["", "27512632207", "27512632207491", "2751263C20749", "275126322074974X", "é751263220749"]
        {
            assert_eq!(split_nir(wrong), None, "{wrong}");
        }
    }
}
