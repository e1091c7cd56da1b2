//! Corrections of an identity to be told to those who received it (INS-20): proposed, decided one by one by a person.

use serde::{Deserialize, Serialize};

use crate::domain::identity::propagation::{PropagationState, Receiver};
use crate::domain::ids::{PatientId, PropagationId};

/// Filter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListParams {
    /// Of one record.
    #[serde(default)]
    pub patient: Option<PatientId>,
    /// Decided ones too; otherwise those that wait for a person.
    #[serde(default)]
    pub all: bool,
}

/// Corrections to tell, latest first, at most 500.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Propagations {
    /// Lines.
    pub lines: Vec<PropagationView>,
}

/// One correction to tell to one receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropagationView {
    /// Which.
    pub id: PropagationId,
    /// Record.
    pub patient: PatientId,
    /// `NOM Prénom` today.
    pub patient_name: String,
    /// When the identity was corrected.
    pub at: jiff::Timestamp,
    /// By whom.
    pub by: String,
    /// What was corrected, in plain French.
    pub why: String,
    /// Kind of receiver.
    pub receiver: Receiver,
    /// Its name.
    pub recipient: String,
    /// Numbers of the dossiers whose documents it received.
    pub dossiers: Vec<String>,
    /// Where it stands.
    pub state: PropagationState,
    /// What a person does, when it is by hand.
    pub task: Option<String>,
    /// Who decided, and when.
    pub decided: Option<(String, jiff::Timestamp)>,
    /// Note of that person.
    pub note: Option<String>,
}

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Tell it.
    Confirm,
    /// Do not tell it; a note says why.
    Dismiss,
    /// It was done by hand; a note says how.
    Done,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecideParams {
    /// Which.
    pub id: PropagationId,
    /// What.
    pub choice: Choice,
    /// Note; needed to dismiss and to say that it is done.
    #[serde(default)]
    pub note: Option<String>,
}
