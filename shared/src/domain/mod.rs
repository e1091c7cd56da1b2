//! The nouns of a laboratory, one file per noun, and the rules that hold whatever the screen or the service.

pub mod audit;
pub mod card;
pub mod catalogue;
pub mod dossier;
pub mod identity;
pub mod ids;
pub mod order;
pub mod report;
pub mod result;
pub mod rights;
