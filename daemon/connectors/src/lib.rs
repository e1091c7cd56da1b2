//! Paillasse.

pub mod tls;
