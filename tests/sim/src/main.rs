//! `paillasse-sim`: see the library.
use std::io::Write as _;
fn main() {
    let people = paillasse_sim::people::generate::people(1, 400);
    let text = paillasse_sim::people::generate::file(&people).unwrap_or_default();
    let _ = std::io::stdout().write_all(text.as_bytes());
}
