//! The matricule INS (13 characters and a key of 2) and the OID that says who allotted it.

use serde::{Deserialize, Serialize};

/// Why a text is not a matricule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatriculeError {
    /// Not 15 characters (spaces are ignored).
    #[error("un matricule INS compte 15 caractères (13 et la clé de 2) ; {0} ont été donnés")]
    Length(usize),
    /// A character that cannot stand there; positions count from 1.
    #[error("le caractère « {found} » ne peut pas être en position {position} d'un matricule INS")]
    Character {
        /// Position from 1.
        position: usize,
        /// What stands there.
        found: char,
    },
    /// The two last digits are not the key of the 13 first characters.
    #[error("la clé {found:02} ne correspond pas à ce matricule INS (clé attendue : {expected:02})")]
    Key {
        /// The key that the 13 characters call for.
        expected: u8,
        /// The key that was given.
        found: u8,
    },
}

/// A matricule INS whose form was checked: 13 characters and 2 digits of key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Matricule {
    number: String,
    key: u8,
}

impl Matricule {
    /// Reads something typed or scanned: 15 characters, spaces ignored, key checked.
    ///
    /// # Errors
    /// Length, character or key, in that order.
    pub fn parse(text: &str) -> Result<Self, MatriculeError> {
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).take(64).collect();
        let length = compact.chars().count();
        if length != 15 {
            return Err(MatriculeError::Length(length));
        }
        let (number, key) = compact.split_at_checked(13).ok_or(MatriculeError::Length(length))?;
        let (matricule, key_ok) = Self::from_insi(number, key)?;
        if key_ok {
            Ok(matricule)
        } else {
            Err(MatriculeError::Key { expected: expected_key(&matricule.number), found: matricule.key })
        }
    }

    /// Takes number and key as INSi gives them; a wrong key is told, not refused (`spec` of the returns).
    ///
    /// # Errors
    /// Length or character.
    pub fn from_insi(number: &str, key: &str) -> Result<(Self, bool), MatriculeError> {
        let number = number.to_ascii_uppercase();
        let length = number.chars().count() + key.chars().count();
        if number.chars().count() != 13 || key.chars().count() != 2 {
            return Err(MatriculeError::Length(length));
        }
        for (i, c) in number.chars().enumerate() {
            let allowed = c.is_ascii_digit() || (i == 6 && matches!(c, 'A' | 'B'));
            if !allowed {
                return Err(MatriculeError::Character { position: i + 1, found: c });
            }
        }
        for (i, c) in key.chars().enumerate() {
            if !c.is_ascii_digit() {
                return Err(MatriculeError::Character { position: 14 + i, found: c });
            }
        }
        let key: u8 = key.parse().map_err(|_| MatriculeError::Length(length))?;
        let key_ok = expected_key(&number) == key;
        Ok((Self { number, key }, key_ok))
    }

    /// The 13 characters without the key.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The key, 1 to 97 (0 to 99 where INSi returned a wrong one).
    #[must_use]
    pub fn key(&self) -> u8 {
        self.key
    }

    /// The 15 characters without spaces, as they travel.
    #[must_use]
    pub fn compact(&self) -> String {
        format!("{}{:02}", self.number, self.key)
    }

    /// Grouped for reading: `2 97 02 2A 020 778 78`.
    #[must_use]
    pub fn grouped(&self) -> String {
        let n = &self.number;
        let part = |a: usize, b: usize| n.get(a..b).unwrap_or_default();
        format!(
            "{} {} {} {} {} {} {:02}",
            part(0, 1),
            part(1, 3),
            part(3, 5),
            part(5, 7),
            part(7, 10),
            part(10, 13),
            self.key
        )
    }
}

impl TryFrom<String> for Matricule {
    type Error = MatriculeError;
    fn try_from(value: String) -> Result<Self, Self::Error> {
        let (number, key) =
            value.split_at_checked(13).ok_or(MatriculeError::Length(value.chars().count()))?;
        Ok(Self::from_insi(number, key)?.0)
    }
}

impl From<Matricule> for String {
    fn from(value: Matricule) -> Self {
        value.compact()
    }
}

/// `97 - (number mod 97)`, with `2A` read as 19 and `2B` as 18 (positions 6 and 7).
fn expected_key(number: &str) -> u8 {
    let mut value: u64 = 0;
    let mut correction: u64 = 0;
    for c in number.chars() {
        let digit = match c {
            'A' => {
                correction = 1_000_000;
                0
            }
            'B' => {
                correction = 2_000_000;
                0
            }
            c => u64::from(c.to_digit(10).unwrap_or(0)),
        };
        value = value * 10 + digit;
    }
    let rest = value.saturating_sub(correction) % 97;
    u8::try_from(97 - rest).unwrap_or(97)
}

/// The key that 13 characters call for; used by generators of fictitious people and by checks.
#[must_use]
pub fn key_of(number: &str) -> u8 {
    expected_key(number)
}

/// NIR or NIA: decided by the OID only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum InsNature {
    /// Numéro d'inscription au répertoire.
    Nir,
    /// Numéro identifiant d'attente.
    Nia,
}

impl InsNature {
    /// `NIR` or `NIA`, as printed after the matricule.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Nir => "NIR",
            Self::Nia => "NIA",
        }
    }
}

/// The authorities that may allot a matricule INS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum InsOid {
    /// 1.2.250.1.213.1.4.8
    #[serde(rename = "1.2.250.1.213.1.4.8")]
    Nir,
    /// 1.2.250.1.213.1.4.9
    #[serde(rename = "1.2.250.1.213.1.4.9")]
    Nia,
    /// 1.2.250.1.213.1.4.10, test only
    #[serde(rename = "1.2.250.1.213.1.4.10")]
    NirTest,
    /// 1.2.250.1.213.1.4.11, demonstration only
    #[serde(rename = "1.2.250.1.213.1.4.11")]
    NirDemo,
}

impl InsOid {
    /// Reads a dotted OID; `None` when it is not one of the four.
    #[must_use]
    pub fn parse(oid: &str) -> Option<Self> {
        Some(match oid {
            "1.2.250.1.213.1.4.8" => Self::Nir,
            "1.2.250.1.213.1.4.9" => Self::Nia,
            "1.2.250.1.213.1.4.10" => Self::NirTest,
            "1.2.250.1.213.1.4.11" => Self::NirDemo,
            _ => return None,
        })
    }

    /// The dotted form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nir => "1.2.250.1.213.1.4.8",
            Self::Nia => "1.2.250.1.213.1.4.9",
            Self::NirTest => "1.2.250.1.213.1.4.10",
            Self::NirDemo => "1.2.250.1.213.1.4.11",
        }
    }

    /// NIR or NIA.
    #[must_use]
    pub fn nature(self) -> InsNature {
        match self {
            Self::Nia => InsNature::Nia,
            _ => InsNature::Nir,
        }
    }

    /// True for the OIDs that must never be met in production.
    #[must_use]
    pub fn is_test(self) -> bool {
        matches!(self, Self::NirTest | Self::NirDemo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_of_the_public_test_identities() {
        for (number, key) in [
            ("2751263220749", 74),
            ("1090763220834", 89),
            ("297022A020778", 78),
            ("180032B020401", 23),
            ("160012B020777", 13),
            ("2360663220836", 56),
            ("1090763220888", 35),
        ] {
            assert_eq!(key_of(number), key, "{number}");
            assert!(Matricule::parse(&format!("{number}{key:02}")).is_ok());
        }
    }

    #[test]
    fn ins_10_length_character_and_key_are_checked_before_any_query() {
        assert_eq!(Matricule::parse("27512632207497"), Err(MatriculeError::Length(14)));
        assert_eq!(Matricule::parse("275126322074975"), Err(MatriculeError::Key { expected: 74, found: 75 }));
        assert_eq!(
            Matricule::parse("27512632A074974"),
            Err(MatriculeError::Character { position: 9, found: 'A' })
        );
        assert_eq!(Matricule::parse("2 75 12 63 220 749 74").unwrap().compact(), "275126322074974");
        assert!(MatriculeError::Key { expected: 4, found: 75 }.to_string().contains("04"));
    }

    #[test]
    fn a_wrong_key_in_a_return_is_told_not_refused() {
        let (m, ok) = Matricule::from_insi("1810363220456", "60").unwrap();
        assert!(!ok);
        assert_eq!(m.compact(), "181036322045660");
    }

    #[test]
    fn display_is_grouped() {
        assert_eq!(Matricule::parse("297022A02077878").unwrap().grouped(), "2 97 02 2A 020 778 78");
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_always_noticed(n in "[12][0-9]{2}(0[1-9]|1[0-2])[0-9]{5}[0-9]{3}", pos in 0usize..13, add in 1u8..10) {
            let key = key_of(&n);
            let mut bytes = n.clone().into_bytes();
            bytes[pos] = b'0' + (bytes[pos] - b'0' + add) % 10;
            let spoiled = String::from_utf8(bytes).unwrap();
            let text = format!("{}{:02}", spoiled, key);
            prop_assert!(Matricule::parse(&text).is_err());
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = Matricule::parse(&text);
            let _ = Matricule::try_from(text);
        }
    }
}
