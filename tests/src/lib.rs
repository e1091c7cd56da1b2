//! Harness of the end-to-end tests: the real programs, a real socket, simulated services, a throw-away folder.
//!
//! Invariants: nothing listens outside loopback; every wait ends, on an answer or an event, else at [`PATIENCE`] with
//! what was awaited and the last words of the daemon; children die with the test, however it ends. A tool that is
//! missing is said, by [`tools::skip`], and never counted as good.
//! Deliberately not here: any knowledge of the daemon's inside; what is asserted is what a client, a file of the
//! simulators or a person at the keyboard can see.
//!
//! A harness fails by panicking, as the tests that it serves do.

pub mod bins;
pub mod client;
pub mod house;
pub mod lab;
pub mod mllp;
pub mod process;
pub mod received;
pub mod terminal;
pub mod tools;

use std::time::Duration;

/// The longest anything is waited for; far more than needed, so that a slow machine only takes longer.
pub const PATIENCE: Duration = Duration::from_secs(90);

pub use client::{Client, Failure};
pub use house::{House, Options};
