//! A dossier: one request with its samples, analyses, results and correspondents.

use serde::{Deserialize, Serialize};

use super::result::ResultState;

/// Where a dossier stands; computed from its results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DossierState {
    /// Registered, no result.
    Registered,
    /// Some results are there.
    InProgress,
    /// Every result is there and waits for validation.
    ToValidate,
    /// Some results are biologically validated.
    Partial,
    /// Everything is biologically validated.
    Complete,
}

impl DossierState {
    /// Word shown to users.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Registered => "enregistré",
            Self::InProgress => "en cours",
            Self::ToValidate => "à valider",
            Self::Partial => "partiel",
            Self::Complete => "complet",
        }
    }

    /// State of a dossier from the states of its results; cancelled lines do not count.
    #[must_use]
    pub fn of(results: &[ResultState]) -> Self {
        let counted: Vec<_> = results.iter().filter(|r| **r != ResultState::Cancelled).collect();
        let all = counted.len();
        let count = |f: fn(&ResultState) -> bool| counted.iter().filter(|r| f(r)).count();
        let validated = count(|r| *r == ResultState::Validated);
        let pending = count(|r| *r == ResultState::Pending);
        if all > 0 && validated == all {
            Self::Complete
        } else if validated > 0 {
            Self::Partial
        } else if all > 0 && pending == 0 {
            Self::ToValidate
        } else if pending < all {
            Self::InProgress
        } else {
            Self::Registered
        }
    }
}

/// Role of a correspondent in a dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrespondentRole {
    /// Prescripteur.
    Prescriber,
    /// Médecin traitant.
    AttendingPhysician,
    /// Copie.
    Copy,
}

impl CorrespondentRole {
    /// Word shown to users.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Prescriber => "prescripteur",
            Self::AttendingPhysician => "médecin traitant",
            Self::Copy => "copie",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ResultState::{Cancelled, Entered, Pending, Validated};

    #[test]
    fn lab_04_partial_then_complete() {
        let s = |r: &[ResultState]| DossierState::of(r);
        assert_eq!(s(&[]), DossierState::Registered);
        assert_eq!(s(&[Pending, Pending]), DossierState::Registered);
        assert_eq!(s(&[Pending, Entered]), DossierState::InProgress);
        assert_eq!(s(&[Entered, Entered]), DossierState::ToValidate);
        assert_eq!(s(&[Validated, Validated, Entered]), DossierState::Partial);
        assert_eq!(s(&[Validated, Validated, Validated]), DossierState::Complete);
        assert_eq!(s(&[Validated, Cancelled]), DossierState::Complete);
    }
}
