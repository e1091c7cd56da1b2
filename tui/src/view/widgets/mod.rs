//! Pieces that several screens share.

pub mod bandeau;
pub mod input;
pub mod results;
pub mod sign;
pub mod table;
