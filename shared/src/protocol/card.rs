//! The card inlet: what a licensed card component, or our own reader program, hands over about a card of a patient.
//!
//! The form is Paillasse's own, not a national one: the contracts of the licensed components (API de lecture Vitale,
//! ApCV) are not public. Such a component is joined to it by a small local adapter.
//!
//! Nothing here is kept in the database, and `Debug` shows no content.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::card::{Beneficiary, CardSource};
use crate::domain::identity::TraitField;
use crate::domain::ids::PatientId;

/// One reading of one card, given by the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReadingId(pub u64);

impl fmt::Display for ReadingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A card was read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushParams {
    /// What kind of card, read how.
    pub source: CardSource,
    /// Name of the reader, shown; the default one when absent.
    #[serde(default)]
    pub reader: Option<String>,
    /// When it was read; now when absent.
    #[serde(default)]
    pub read_at: Option<jiff::Timestamp>,
    /// Workstation account for which it was read; that of the caller when absent.
    #[serde(default)]
    pub login: Option<String>,
    /// Matricule of the ouvrant droit, 13 characters, with its key or without.
    #[serde(default)]
    pub holder: Option<String>,
    /// Grand régime, caisse, centre.
    #[serde(default)]
    pub regime: Option<(String, String, String)>,
    /// The people of the card, in its order.
    pub beneficiaries: Vec<Beneficiary>,
}

impl fmt::Debug for PushParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushParams")
            .field("source", &self.source)
            .field("beneficiaries", &self.beneficiaries.len())
            .finish_non_exhaustive()
    }
}

/// Looks at the card read last on this workstation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowParams {
    /// Compares the people of the card with this patient.
    #[serde(default)]
    pub patient: Option<PatientId>,
}

/// What is known of the card of this workstation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The card, when one was read and is still there.
    pub card: Option<CardView>,
}

/// A card as shown: neither matricules nor assertions.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardView {
    /// Which reading.
    pub reading: ReadingId,
    /// What kind of card, read how.
    pub source: CardSource,
    /// Name of the reader.
    pub reader: String,
    /// When it was read.
    pub read_at: jiff::Timestamp,
    /// The people of the card.
    pub people: Vec<PersonView>,
}

impl fmt::Debug for CardView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardView")
            .field("reading", &self.reading)
            .field("people", &self.people.len())
            .finish()
    }
}

/// One of the people of a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonView {
    /// Position on the card, from 1.
    pub position: u8,
    /// Birth name when the card has it, else the name written on the card.
    pub name: String,
    /// True when `name` is the birth name.
    pub name_is_birth_name: bool,
    /// Given name.
    pub given_name: String,
    /// Birth date, `AAAA-MM-JJ`, possibly lunar.
    pub birth_date: String,
    /// Birth date as read by people.
    pub birth_date_shown: String,
    /// Sex, when the card has it.
    pub sex: Option<String>,
    /// INSi can be called by this card for this person now.
    pub callable: bool,
    /// What differs from the patient asked about; empty when nothing does, or when none was named.
    pub differs: Vec<TraitField>,
}

/// Calls INSi by the card of this workstation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallParams {
    /// For whom.
    pub id: PatientId,
    /// The reading that was on screen: another card since then is refused.
    pub reading: ReadingId,
    /// Which of the people of the card, from 1; the one who agrees with the patient when absent.
    #[serde(default)]
    pub position: Option<u8>,
    /// Wait for the outcome.
    #[serde(default)]
    pub wait: bool,
}
