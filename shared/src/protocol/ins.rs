//! Calls to INSi and decisions about their returns.

use serde::{Deserialize, Serialize};

use crate::domain::identity::{Comparison, DeviceKind, Insi, Status};
use crate::domain::ids::{PatientId, ReturnId};
use crate::protocol::patient::InsiState;

/// Calls INSi.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchParams {
    /// For whom.
    pub id: PatientId,
    /// Wait for the outcome, at most until the deadline of the request.
    #[serde(default)]
    pub wait: bool,
}

/// Where the call stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchState {
    /// State.
    pub insi: InsiState,
}

/// A return that waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingReturn {
    /// Which.
    pub id: ReturnId,
    /// For whom.
    pub patient: PatientId,
    /// When it came.
    pub at: jiff::Timestamp,
    /// How it was obtained, in plain French: `par traits, sans lieu puis avec le lieu, 0,8 s`.
    pub how: String,
    /// What INSi returned.
    pub insi: Insi,
    /// Field by field.
    pub comparison: Comparison,
    /// Another record already carries this matricule.
    pub held_by: Option<PatientId>,
    /// Another record carries, or carried, one of the matricules of this person: perhaps a duplicate.
    #[serde(default)]
    pub also_known: Option<PatientId>,
}

/// Accepts or refuses a return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecideParams {
    /// For whom.
    pub id: PatientId,
    /// The return that was shown; when absent, the one that waits.
    #[serde(default)]
    pub return_id: Option<ReturnId>,
    /// Needed to accept a return that contradicts name, date or sex.
    #[serde(default)]
    pub despite_contradiction: bool,
    /// Why, for a refusal.
    #[serde(default)]
    pub motive: Option<String>,
}

/// Asks for figures about calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsParams {
    /// How many months, this one included, 1 to 60; 12 when absent.
    #[serde(default)]
    pub months: Option<u8>,
}

/// Figures about calls, latest month first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// One line per month, site and mode.
    pub lines: Vec<StatsLine>,
}

/// Calls of one month, one site, one mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatsLine {
    /// `AAAA-MM`, in the time of the laboratory.
    pub month: String,
    /// Site.
    pub site: String,
    /// `traits`, `traits+lieu`, `vitale`, `apcv`.
    pub mode: String,
    /// Calls.
    pub calls: u64,
    /// Answered 00.
    pub found: u64,
    /// Answered 01.
    pub not_found: u64,
    /// Answered 02.
    pub several: u64,
    /// Neither: fault, outage, unusable answer.
    pub failed: u64,
    /// Mean time of a call, in milliseconds.
    pub mean_ms: u64,
}

/// Records a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualifyParams {
    /// For whom.
    pub id: PatientId,
    /// Device shown.
    pub device: DeviceKind,
    /// Device of a parent, for a minor.
    #[serde(default)]
    pub parent_device: Option<DeviceKind>,
}

/// Returns that wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worklist {
    /// Oldest first.
    pub items: Vec<WorklistItem>,
}

/// One return that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorklistItem {
    /// Patient.
    pub patient: PatientId,
    /// Name and first name.
    pub name: String,
    /// `AAAA-MM-JJ`.
    pub birth_date: String,
    /// Status of the identity.
    pub status: Status,
    /// Where it stands.
    pub insi: InsiState,
    /// Who asked.
    pub asked_by: String,
}

/// Queues verifications of identities that came from INSi.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyParams {
    /// These ones.
    #[serde(default)]
    pub ids: Vec<PatientId>,
    /// All those that are due by their age, spread over the next night.
    #[serde(default)]
    pub due: bool,
}

/// Verifications queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyQueued {
    /// How many; those that were already queued, or have no INS, are not counted.
    pub queued: u64,
}
