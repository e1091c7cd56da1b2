//! Seed.
use paillasse_shared::protocol::WireError;
use std::path::Path;
/// People known to INSi.
pub const PEOPLE: &str = include_str!("../../../data/demo/insi-people.jsonl");
/// Runs.
pub fn run(_socket: &Path) -> Result<(), WireError> {
    Ok(())
}
