//! The simulators in process, met as a client meets them: over TLS, with messages written by hand
//! from the contracts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::print_stdout, reason = "a skipped test says why")]

mod common;
mod dmp;
mod hostile;
mod insi;
mod lot;
mod mail;
mod outages;
mod program;
