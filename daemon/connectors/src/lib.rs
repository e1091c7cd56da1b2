//! Paillasse.

pub mod mime;
pub mod mllp;
pub mod soap;
pub mod tls;
