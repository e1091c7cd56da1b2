//! The protocol between workstation (or command line) and daemon: JSON-RPC 2.0, one message per line, over a Unix
//! socket.
//!
//! One definition per request, in [`methods`]: name, parameters and result. The daemon's dispatch matches the generated
//! [`methods::Request`] exhaustively, the client calls through [`methods::Method`]; so the two cannot drift. Wire types
//! stand in one file per family and are converted from domain types by hand.

pub mod audit;
pub mod card;
pub mod cog;
pub mod document;
pub mod dossier;
pub mod error;
pub mod event;
pub mod frame;
pub mod inbox;
pub mod ins;
pub mod methods;
pub mod patient;
pub mod propagation;
pub mod queue;
pub mod received;
pub mod session;
pub mod status;

pub use error::{ErrorKind, WireError};
pub use event::Event;
pub use methods::{Method, Request};

/// Version of the protocol: raised at each change that an older peer would misread.
pub const VERSION: u32 = 1;

/// Longest line accepted, in bytes: documents travel as base64.
pub const MAX_LINE: usize = 48 * 1024 * 1024;

/// Longest request accepted from a client, in bytes.
pub const MAX_REQUEST: usize = 4 * 1024 * 1024;
