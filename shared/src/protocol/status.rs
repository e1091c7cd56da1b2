//! Health of the daemon, of the services, and counts of the work lists.

use serde::{Deserialize, Serialize};

use crate::domain::order::Service;

/// Health in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Everything answers.
    Good,
    /// Something is slow, paused or refused; work goes on.
    Degraded,
    /// No work is possible.
    Down,
}

/// State of one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    /// Answers.
    Ok,
    /// Answers slowly.
    Slow,
    /// Does not answer; trials go on by themselves.
    Down,
    /// Refuses for a reason of configuration.
    Suspended,
    /// Paused by a person.
    Paused,
    /// Not configured here.
    Off,
}

impl ServiceState {
    /// Word shown to users.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Slow => "lent",
            Self::Down => "injoignable",
            Self::Suspended => "bloqué",
            Self::Paused => "en pause",
            Self::Off => "non configuré",
        }
    }
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceStatus {
    /// Which.
    pub service: Service,
    /// State.
    pub state: ServiceState,
    /// Since when, unless `Ok`.
    pub since: Option<jiff::Timestamp>,
    /// The peer's or the network's words, unless `Ok`.
    pub words: Option<String>,
    /// Orders due or waiting for this service.
    pub waiting: u64,
}

/// Counts of the work lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worklists {
    /// INSi returns that wait for a decision.
    pub insi: u64,
    /// Orders that need a person.
    pub orders_parked: u64,
    /// Orders held by a gate.
    pub orders_held: u64,
    /// Orders on their way.
    pub orders_waiting: u64,
    /// Urgent dossiers to validate.
    pub to_validate_urgent: u64,
    /// Other dossiers to validate.
    pub to_validate: u64,
    /// Messages received that did not find their place.
    pub inbox: u64,
}

/// Everything the second line of the screen needs, and more for `paillasse status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// In one word.
    pub health: Health,
    /// Version of the daemon.
    pub version: String,
    /// Started at.
    pub started_at: jiff::Timestamp,
    /// Time of the daemon.
    pub now: jiff::Timestamp,
    /// Training or test.
    pub training: bool,
    /// Services.
    pub services: Vec<ServiceStatus>,
    /// Work lists.
    pub worklists: Worklists,
    /// Patients on record.
    pub patients: u64,
    /// Dossiers on record.
    pub dossiers: u64,
    /// Free space where the database stands, in MiB.
    pub free_mib: u64,
    /// Sentences about what is not well.
    pub remarks: Vec<String>,
}
