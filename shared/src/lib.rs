//! Domain and protocol of Paillasse.
//!
//! Everything here is pure: no I/O, no clock, no randomness, no async, no SQL, no terminal. The workstation and the
//! daemon both depend on this crate and never on each other, so that they cannot drift.
//!
//! * [`domain`]: the nouns of a laboratory and their rules.
//! * [`protocol`]: JSON-RPC 2.0 requests, responses, events and errors, with a version.
//! * [`messages`]: the French sentences that both sides need (errors, reasons).

pub mod domain;
pub mod messages;
pub mod protocol;
