//! Every sentence a user reads, in one place. French only for now; another language is another folder.

pub mod fr;
pub mod hints;
pub mod labels;
pub mod sentences;

pub use fr::*;
pub use hints::*;
pub use sentences::*;
