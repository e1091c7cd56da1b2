//! The store: the only SQL of the program.
//!
//! One writer thread owns the only writing connection (WAL, `synchronous=FULL`, `BEGIN IMMEDIATE`); what waits for it is
//! run in one transaction, each piece in its own savepoint, and answered after the commit (group commit). Readers have
//! their own connections. The interface is coarse: one function per use case, async, no row or connection leaves.
//!
//! Files: one per aggregate, functions over a connection; their async faces are methods of [`Store`].

pub mod audit;
pub mod bulk;
pub mod correspondents;
pub mod documents;
pub mod dossiers;
mod engine;
pub mod identity;
pub mod inbound;
pub mod inbox;
pub mod insi_calls;
pub mod matricules;
pub mod merger;
pub mod numbers;
pub mod outbox;
pub mod patients;
pub mod places;
pub mod propagation;
pub mod received;
pub mod search;
mod time;
pub mod validation;

pub use audit::Act;
pub use engine::{Store, StoreError, Tx};
