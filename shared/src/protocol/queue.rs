//! The outbox as people see it: by cause, by order, with every attempt.

use serde::{Deserialize, Serialize};

use crate::domain::identity::Status;
use crate::domain::ids::{DocumentId, DossierId, OrderId, PatientId};
use crate::domain::order::{OrderState, Reason, Service};
use crate::protocol::status::ServiceStatus;

/// Orders that have not left, grouped by cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Services.
    pub services: Vec<ServiceStatus>,
    /// Causes, those that need a person first, then the most numerous.
    pub causes: Vec<CauseLine>,
    /// Orders that will leave by themselves.
    pub waiting: u64,
    /// Orders that need a person.
    pub parked: u64,
    /// Orders held by a gate.
    pub held: u64,
    /// Delivered since midnight.
    pub delivered_today: u64,
}

/// One cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseLine {
    /// Key of the group, to list or replay it.
    pub key: String,
    /// State of its orders.
    pub state: OrderState,
    /// Service, when one only.
    pub service: Option<Service>,
    /// The cause of one of its orders.
    pub reason: Reason,
    /// In plain French.
    pub label: String,
    /// What cures it, in plain French.
    pub cure: Option<String>,
    /// How many.
    pub count: u64,
    /// Oldest.
    pub since: jiff::Timestamp,
    /// Next trial by itself.
    pub next_try: Option<jiff::Timestamp>,
}

/// Filter of orders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListParams {
    /// Of this state only.
    #[serde(default)]
    pub state: Option<OrderState>,
    /// Of this service only.
    #[serde(default)]
    pub service: Option<Service>,
    /// Of this cause only ([`CauseLine::key`]).
    #[serde(default)]
    pub cause: Option<String>,
    /// Of this dossier only.
    #[serde(default)]
    pub dossier: Option<DossierId>,
    /// Of this patient only.
    #[serde(default)]
    pub patient: Option<PatientId>,
    /// At most so many; 100 by default, 1000 at most.
    #[serde(default)]
    pub limit: Option<u16>,
}

/// Orders, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// Lines.
    pub orders: Vec<OrderView>,
}

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderView {
    /// Which.
    pub id: OrderId,
    /// Service.
    pub service: Service,
    /// Recipient as shown.
    pub recipient: String,
    /// State.
    pub state: OrderState,
    /// Why it has not left.
    pub reason: Option<Reason>,
    /// The same in plain French.
    pub why: Option<String>,
    /// What cures it.
    pub cure: Option<String>,
    /// Patient.
    pub patient: Option<PatientId>,
    /// Name and first name.
    pub patient_name: Option<String>,
    /// Status of the patient's identity.
    #[serde(default)]
    pub identity: Option<Status>,
    /// Dossier.
    pub dossier: Option<DossierId>,
    /// Number of the dossier.
    pub number: Option<String>,
    /// Document.
    pub document: Option<DocumentId>,
    /// Identifier that makes a replay recognisable: uniqueId or Message-ID.
    pub identifier: Option<String>,
    /// Created at.
    pub created_at: jiff::Timestamp,
    /// In this state since.
    pub since: jiff::Timestamp,
    /// Due at.
    pub due_at: Option<jiff::Timestamp>,
    /// Attempts so far.
    pub attempts: u32,
}

/// One order by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRef {
    /// Which.
    pub id: OrderId,
}

/// One order with its whole story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDetail {
    /// The order.
    pub order: OrderView,
    /// Gates, each with what it says.
    pub gates: Vec<GateView>,
    /// Attempts, latest first.
    pub attempts: Vec<Attempt>,
}

/// What a gate says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateView {
    /// Name in plain French.
    pub name: String,
    /// Open, or why not.
    pub reason: Option<Reason>,
    /// The same in plain French.
    pub why: Option<String>,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Number, from 1.
    pub number: u32,
    /// Started at.
    pub started_at: jiff::Timestamp,
    /// Ended at; absent when a crash cut it.
    pub ended_at: Option<jiff::Timestamp>,
    /// Outcome: `delivered`, `retry`, `unknown`, `refused`, `cut`.
    pub outcome: String,
    /// The peer's own words.
    pub words: Option<String>,
}

/// A service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceParams {
    /// Which.
    pub service: Service,
}

/// Sends now what waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryParams {
    /// One order.
    #[serde(default)]
    pub id: Option<OrderId>,
    /// All of a cause.
    #[serde(default)]
    pub cause: Option<String>,
}

/// Withdraws an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelParams {
    /// Which.
    pub id: OrderId,
    /// Why.
    pub motive: String,
}

/// Waits until nothing is due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrainParams {
    /// Of this service only.
    #[serde(default)]
    pub service: Option<Service>,
}

/// How many orders an act touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acted {
    /// Orders touched.
    pub orders: u64,
}
