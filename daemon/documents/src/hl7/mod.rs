//! HL7 v2: reading what analysers and middleware send, acknowledging it, and carrying a CDA to a hospital system. Pure.
//!
//! Contract: the project's fact sheet on HL7 v2 (§1 to §3 and §7) and on analysers (§4 to §6), themselves drawn from
//! HL7 v2.3 to v2.8, IHE PaLM LAW and the French PAM/ANS profiles.
//!
//! Layers, each usable alone:
//! * [`Message`]: delimiters, character set, segments, fields, escapes. Knows no segment by meaning but MSH.
//! * [`read_results`]: `ORU^R01` and `OUL^R22` as [`InboundResults`]. Everything else is [`ReadError::Unsupported`].
//! * [`ack`]: the answer, also for bytes nobody could read.
//! * [`document`]: the CR-BIO carried by `ORU^R01` or `MDM` as the guide of the ANS says.
//!
//! Invariants:
//! * No input makes this module panic, and memory stays within a small multiple of the input (see the `MAX_*` limits).
//! * Nothing is guessed about a patient: what the sender says of the person is a *hint* to compare with, never a
//!   source for our identity. Results that disagree with it are held by the caller.
//! * Nothing is lost silently: an oddity that does not stop the reading is a [`Warning`].
//!
//! Deliberately not here: MLLP framing (connectors), matching codes with the catalogue, quality-control rules,
//! movements and mergers of identity messages (ADT), orders (ORM, OML), structured results outbound.

mod ack;
mod charset;
pub mod document;
mod identity;
mod message;
mod read;
mod results;
mod time;
mod value;

#[cfg(test)]
mod tests;

pub use ack::{AckCode, AckStamp, AckTarget, ErrDetail, ErrLocation, ErrorCondition, Severity, ack};
pub use charset::Charset;
pub use identity::{InboundIdentity, read_identity};
pub use message::{Delimiters, Message, Part, Segment, SyntaxError};
pub use read::{ReadError, read_header, read_results};
pub use results::{
    Code, CodePair, Comparator, DeclaredStatus, EmbeddedData, Header, InboundResults, Instrument,
    MessageType, Observation, ObservedValue, OrderReference, PatientHints, PatientIdentifier, ProcessingId,
    ResultGroup, Specimen, SpecimenRole, Unit, Warning,
};
pub use time::Hl7Time;

/// Largest message accepted, in bytes. A CR-BIO in base64 is commonly 0.3 to 1.5 MB (fact sheet §1).
pub const MAX_MESSAGE_BYTES: usize = 32 * 1024 * 1024;
/// Most segments in one message. A full haematology day of one patient stays under a thousand.
pub const MAX_SEGMENTS: usize = 50_000;
/// Most fields in one segment; the standard's longest has under a hundred.
pub const MAX_FIELDS: usize = 1_000;
/// Most repetitions read from one field; further ones are reported and left in the raw message.
pub const MAX_REPETITIONS: usize = 1_000;
