//! Paillasse.

pub mod dmp;
pub mod insi;
pub mod mail;
pub mod mime;
pub mod mllp;
pub mod soap;
pub mod tls;
