//! Paillasse.

pub mod hl7;
pub mod xds;
