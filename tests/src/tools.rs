//! Tools of others that give a second opinion: used when installed, else said to be missing.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bins::repository;
use crate::process::run;

/// Says something that must be seen also when the test is good: what a test prints is only shown when it fails.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Says that something is not checked, and why. The test goes on without it.
pub fn skip(what: &str, why: &str) {
    say(&format!("SKIPPED {what}: {why}"));
}

/// True when a program is found.
#[must_use]
pub fn has(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// True when Python is there with these modules.
#[must_use]
pub fn python_has(modules: &str) -> bool {
    has("python3") && run(Command::new("python3").args(["-c", &format!("import {modules}")]), b"").code == 0
}

/// The folder of published references beside the repository.
#[must_use]
pub fn references() -> Option<PathBuf> {
    let shared = repository().parent()?.join("shared");
    shared.join("tools/validate-cda").is_file().then_some(shared)
}

/// Judges a CDA with the national rules; `None` when that cannot be done here, which is said.
#[must_use]
pub fn validate_cda(cda: &Path) -> Option<String> {
    let Some(references) = references() else {
        skip("validate-cda", "the published references do not stand beside the repository");
        return None;
    };
    if !python_has("lxml, saxonche") {
        skip("validate-cda", "Python modules lxml and saxonche are not installed");
        return None;
    }
    let tool = references.join("tools/validate-cda");
    let said = run(Command::new("python3").arg(tool).arg("--extra").arg(cda), b"");
    Some(format!("{}{}", said.out, said.err).trim().to_owned())
}
