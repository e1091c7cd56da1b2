//! The programs under test: those that the same build made, built anew when missing or older than the sources.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// The programs.
#[derive(Debug)]
pub struct Bins {
    /// `paillassed`.
    pub daemon: PathBuf,
    /// `paillasse`.
    pub cli: PathBuf,
    /// `paillasse-sim`.
    pub sim: PathBuf,
}

/// Folder of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate stands in the repository").to_owned()
}

/// The programs, ready to run.
///
/// # Panics
/// They cannot be built.
#[must_use]
pub fn bins() -> &'static Bins {
    static BINS: OnceLock<Bins> = OnceLock::new();
    BINS.get_or_init(|| {
        // …/target/<profile>/deps/<test>-<hash>
        let exe = std::env::current_exe().expect("the path of the test is known");
        let profile = exe.parent().and_then(Path::parent).expect("a test runs in a build folder").to_owned();
        let bins = Bins {
            daemon: profile.join("paillassed"),
            cli: profile.join("paillasse"),
            sim: profile.join("paillasse-sim"),
        };
        let oldest = [&bins.daemon, &bins.cli, &bins.sim].into_iter().map(|p| modified(p)).min().flatten();
        let why = match oldest {
            None => Some("missing"),
            Some(built) => (newest_source() > Some(built)).then_some("older than the sources"),
        };
        if let Some(why) = why {
            build(&profile, why);
        }
        bins
    })
}

fn build(profile: &Path, why: &str) {
    let name = match profile.file_name().and_then(|n| n.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    crate::tools::say(&format!(
        "programs under test {why}: cargo build of paillassed, paillasse and paillasse-sim ({name})"
    ));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(repository())
        .args(["build", "--quiet", "--profile", name, "--target-dir"])
        .arg(profile.parent().expect("a profile stands in the build folder"))
        .args(["-p", "paillasse-daemon", "-p", "paillasse", "-p", "paillasse-sim", "--bins"])
        .status()
        .expect("cargo starts");
    assert!(status.success(), "the programs under test do not build");
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|m| m.modified()).ok()
}

/// When a source of the programs last changed.
fn newest_source() -> Option<SystemTime> {
    fn newest(path: &Path) -> Option<SystemTime> {
        if !path.is_dir() {
            return modified(path);
        }
        let entries = std::fs::read_dir(path).ok()?;
        entries.flatten().filter_map(|e| newest(&e.path())).max()
    }
    let root = repository();
    let sources = [
        "Cargo.lock",
        "shared/src",
        "daemon/src",
        "daemon/xml/src",
        "daemon/documents/src",
        "daemon/connectors/src",
        "tui/src",
        "tests/sim/src",
        "themes",
        "data",
    ];
    sources.iter().filter_map(|s| newest(&root.join(s))).max()
}
