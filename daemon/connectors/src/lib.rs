//! Connectors of Paillasse: one module per service or device. They do the input and output, hold no database and decide
//! no retry: each says precisely how an exchange ended, and the daemon's send queue draws the conclusions.

pub mod dmp;
pub mod insi;
pub mod mail;
pub mod mime;
pub mod mllp;
pub mod soap;
pub mod tls;
