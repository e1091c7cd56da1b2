//! The durable send queue.
//!
//! * [`gates`]: pure: may this order leave, and if not, why.
//! * [`schedule`]: pure: when to try again.
//! * [`board`]: what is known of each service (ok, slow, down, suspended, paused).
//! * [`manager`]: the one task that claims due orders, gives them to workers and records what came of it.
//!
//! Rows and transactions stand in `store/outbox.rs`, the exchanges themselves in `services/delivery` and `services/insi`.
//! Invariants: an order is inserted in the transaction that makes it due; identifiers are fixed at its creation; an
//! order that may have reached its receiver is never sent again before the receiver was asked.

pub mod board;
pub mod gates;
pub mod manager;
pub mod schedule;

use paillasse_shared::domain::order::Reason;

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted by the receiver, with its words.
    Delivered {
        /// The receiver's words or identifier.
        receipt: String,
    },
    /// Surely not taken; to be tried again later.
    Retry {
        /// The peer's or the network's words.
        words: String,
        /// The failure is of transport: it counts for the state of the service.
        transport: bool,
    },
    /// It may have been taken: the receiver is to be asked before anything else.
    Unknown {
        /// What was observed.
        words: String,
    },
    /// Refused for good: a person is needed.
    Parked {
        /// Why.
        reason: Reason,
        /// The peer's words.
        words: String,
    },
    /// The service refuses all of us (certificate, rights): this order waits and the service is suspended.
    Suspend {
        /// The peer's words.
        words: String,
    },
    /// A gate closed meanwhile.
    Held {
        /// Why.
        reason: Reason,
    },
}
