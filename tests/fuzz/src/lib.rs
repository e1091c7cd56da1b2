//! Spoiled inputs for the readers of what comes from outside: CDA, XDM, XDS metadata, HL7 v2, HPRIM, datamatrix, PDF.
//!
//! No instrumented compiler is needed: [`mutate`] spoils seeds of `corpus/`, and an input whose answer is of a new kind
//! ([`targets`]) joins the pool. An input that made a reader fail once is kept in the corpus, and the tests replay the
//! whole corpus for ever.

pub mod mutate;
pub mod run;
pub mod targets;

use std::path::{Path, PathBuf};

/// Folder of the seeds of a target.
#[must_use]
pub fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

/// The seeds of a target in order of their names; nothing where there is no folder.
///
/// # Errors
/// What the file system says.
pub fn seeds(target: &str) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let folder = corpus(target);
    let mut found = Vec::new();
    if folder.is_dir() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            found.push((name, std::fs::read(&path)?));
        }
    }
    found.sort();
    Ok(found)
}
