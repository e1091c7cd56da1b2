//! Traits of an identity: strict ones, complementary ones, and what INSi returned.

use serde::{Deserialize, Serialize};

use super::{BirthDate, InsOid, Matricule, StrictName};

/// Sex as the traits know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sex {
    /// Masculin.
    M,
    /// Féminin.
    F,
    /// Indéterminé: local value, with which no INSi call is possible.
    I,
}

impl Sex {
    /// Reads one letter, either case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "M" | "m" => Some(Self::M),
            "F" | "f" => Some(Self::F),
            "I" | "i" => Some(Self::I),
            _ => None,
        }
    }

    /// `M`, `F` or `I`.
    #[must_use]
    pub fn letter(self) -> &'static str {
        match self {
            Self::M => "M",
            Self::F => "F",
            Self::I => "I",
        }
    }
}

/// A place of birth: code officiel géographique, 5 characters (commune, `99xxx` for a country, `99999` unknown).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CogCode(String);

impl CogCode {
    /// The code that says "inconnu"; entered by an explicit act only, never sent to INSi.
    pub const UNKNOWN: &'static str = "99999";

    /// Five characters `[0-9A-Z]`; membership in the reference is not asked (INSi may know newer codes).
    ///
    /// # Errors
    /// A sentence that says what a code looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let code = text.trim().to_ascii_uppercase();
        if code.len() == 5 && code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
            Ok(Self(code))
        } else {
            let shown: String = text.chars().take(20).collect();
            Err(format!("« {shown} » n'est pas un code de lieu : il compte 5 caractères, par exemple 35238"))
        }
    }

    /// The five characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for `99999`.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.0 == Self::UNKNOWN
    }
}

impl TryFrom<String> for CogCode {
    type Error = String;
    fn try_from(value: String) -> Result<Self, Self::Error> {
        Self::parse(&value)
    }
}

impl From<CogCode> for String {
    fn from(value: CogCode) -> Self {
        value.0
    }
}

impl std::fmt::Display for CogCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The strict traits of an identity, without matricule and OID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrictTraits {
    /// Nom de naissance.
    pub birth_name: StrictName,
    /// Premier prénom de naissance.
    pub first_name: StrictName,
    /// Liste des prénoms de naissance, in the order of the civil status, the first one included.
    pub given_names: Option<StrictName>,
    /// Sexe.
    pub sex: Sex,
    /// Date de naissance.
    pub birth_date: BirthDate,
    /// Lieu de naissance; may stay empty until known.
    pub birth_place: Option<CogCode>,
}

impl StrictTraits {
    /// True when the list of given names, if there is one, begins with the first given name at a word boundary
    /// (hyphen and space count the same).
    #[must_use]
    pub fn first_name_heads_list(&self) -> bool {
        self.given_names.as_ref().is_none_or(|list| heads(self.first_name.as_str(), list.as_str()))
    }
}

/// True when `first` is a prefix of `list` at a word boundary, hyphens and spaces being equal.
#[must_use]
pub fn heads(first: &str, list: &str) -> bool {
    let flat = |s: &str| s.replace(['-', '\''], " ");
    let (first, list) = (flat(first), flat(list));
    list.strip_prefix(&first).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// Names used in daily life; complementary traits, editable whatever the status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedNames {
    /// Nom utilisé.
    pub name: Option<StrictName>,
    /// Prénom utilisé.
    pub first_name: Option<StrictName>,
}

/// One identity as INSi returned it (`CodeCR` 00), byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Insi {
    /// Active matricule.
    pub matricule: Matricule,
    /// False when the key that INSi gave is not the computed one: shown and logged, not refused.
    pub key_is_right: bool,
    /// Authority of the matricule.
    pub oid: InsOid,
    /// Nom de naissance.
    pub birth_name: StrictName,
    /// Liste des prénoms.
    pub given_names: StrictName,
    /// `TIQ/Prenom` when present (only simulated answers carry it).
    pub first_name: Option<StrictName>,
    /// Sexe.
    pub sex: Sex,
    /// Date de naissance, possibly lunar.
    pub birth_date: BirthDate,
    /// Lieu de naissance, when given.
    pub birth_place: Option<CogCode>,
    /// Former matricules (INSHISTO), never sent out as active.
    pub history: Vec<FormerMatricule>,
}

/// One entry of INSHISTO. Dates are kept as text: the service returns inverted and missing ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerMatricule {
    /// The 13 characters.
    pub number: String,
    /// The key, when given.
    pub key: Option<String>,
    /// OID as given.
    pub oid: String,
    /// `DateDeb`.
    pub from: Option<String>,
    /// `DateFin`.
    pub to: Option<String>,
}

impl Insi {
    /// The strict traits to store when this return is accepted.
    ///
    /// The first given name of the record is kept, written as in the list, when it heads the list; otherwise the
    /// first word of the list is taken: never a name that is not a prefix of the list.
    #[must_use]
    pub fn to_traits(&self, local_first_name: &StrictName) -> StrictTraits {
        let list = self.given_names.as_str();
        let length = local_first_name.as_str().len();
        let kept = heads(local_first_name.as_str(), list)
            .then(|| list.get(..length))
            .flatten()
            .and_then(|prefix| StrictName::verbatim(prefix).ok());
        let first_word = || {
            list.split(' ')
                .next()
                .and_then(|w| StrictName::verbatim(w).ok())
                .unwrap_or_else(|| self.given_names.clone())
        };
        StrictTraits {
            birth_name: self.birth_name.clone(),
            first_name: kept.unwrap_or_else(first_word),
            given_names: Some(self.given_names.clone()),
            sex: self.sex,
            birth_date: self.birth_date.clone(),
            birth_place: self.birth_place.clone(),
        }
    }

    /// Why this return must be refused although it is a 00, if it must (RET-11): a date of birth with `00`.
    #[must_use]
    pub fn impossible(&self) -> Option<&'static str> {
        self.birth_date
            .is_incomplete()
            .then_some("la date de naissance renvoyée par INSi n'a pas de jour ou de mois")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insi(list: &str) -> Insi {
        Insi {
            matricule: Matricule::parse("275126322074974").unwrap(),
            key_is_right: true,
            oid: InsOid::Nir,
            birth_name: StrictName::verbatim("DUPONT").unwrap(),
            given_names: StrictName::verbatim(list).unwrap(),
            first_name: None,
            sex: Sex::F,
            birth_date: BirthDate::lunar("1975-12-31").unwrap(),
            birth_place: None,
            history: vec![],
        }
    }

    #[test]
    fn sta_17_first_name_is_always_a_prefix_of_the_list() {
        let first = |local: &str, list: &str| {
            let t = insi(list).to_traits(&StrictName::parse(local).unwrap());
            assert!(t.first_name_heads_list());
            t.first_name.as_str().to_owned()
        };
        assert_eq!(first("JEAN", "JEAN PIERRE MARIE"), "JEAN");
        assert_eq!(first("JEAN-PIERRE", "JEAN PIERRE MARIE"), "JEAN PIERRE");
        assert_eq!(first("ANNE", "MARIE ANNE"), "MARIE");
        assert_eq!(first("JE", "JEAN"), "JEAN");
        assert_eq!(first("PIERRE-ALAIN", "PIERRE-ALAIN MURIEL"), "PIERRE-ALAIN");
    }

    #[test]
    fn ret_11_a_return_without_day_or_month_is_refused() {
        let mut r = insi("ZOE");
        assert_eq!(r.impossible(), None);
        r.birth_date = BirthDate::lunar("1950-06-00").unwrap();
        assert!(r.impossible().is_some());
    }
}
