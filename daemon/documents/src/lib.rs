//! Paillasse.

pub mod hl7;
