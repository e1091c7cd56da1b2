//! Every sentence a user reads, in one place. French only for now; another language is another file.

pub mod fr;
pub mod labels;

pub use fr::*;
