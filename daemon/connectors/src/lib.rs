//! Paillasse.

pub mod mime;
pub mod soap;
pub mod tls;
