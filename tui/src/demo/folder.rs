//! The folder of the demonstration: its own, closed to others, removed at the end unless asked to stay.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use paillasse_shared::protocol::WireError;

use super::children::alive;
use crate::cli::file_error;

/// Begins the name of a folder made here; the process and a number follow.
const PREFIX: &str = "paillasse-demo-";
/// Name of the file that says that nobody wants to keep the folder.
const THROW_AWAY: &str = "throw-away";

/// A folder, removed when dropped if it is throw-away.
pub struct Folder {
    path: PathBuf,
    throw_away: bool,
}

impl Folder {
    /// The folder asked for, or a new one among temporary files.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn open(wanted: Option<PathBuf>, keep: bool) -> Result<Self, WireError> {
        let make = |path: &Path, parents| DirBuilder::new().mode(0o700).recursive(parents).create(path);
        if let Some(path) = wanted {
            make(&path, true).map_err(|e| fault(&path, &e))?;
            // Children have another current folder in mind than the user: paths are absolute from here on.
            let path = path.canonicalize().map_err(|e| fault(&path, &e))?;
            return Ok(Self { path, throw_away: false });
        }
        let base = std::env::temp_dir();
        sweep(&base);
        let own = std::process::id();
        for n in 0..100 {
            let path = base.join(format!("{PREFIX}{own}-{n}"));
            match make(&path, false) {
                Ok(()) if keep => return Ok(Self { path, throw_away: false }),
                Ok(()) => {
                    write(&path.join(THROW_AWAY), "")?;
                    return Ok(Self { path, throw_away: true });
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(fault(&path, &e)),
            }
        }
        Err(fault(&base, &io::ErrorKind::AlreadyExists.into()))
    }

    /// Where it is, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.throw_away {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Removes what demonstrations left that were killed before they could clean up: folders of this very person, made to be
/// thrown away, whose process is gone.
fn sweep(base: &Path) {
    let own = rustix::process::getuid().as_raw();
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|n| n.strip_prefix(PREFIX)).and_then(|n| n.split_once('-'));
        let Some(pid) = pid.and_then(|(pid, _)| pid.parse().ok()) else { continue };
        // The entry itself, not what a link of that name leads to.
        let ours = entry.metadata().is_ok_and(|m| m.is_dir() && m.uid() == own);
        if ours && !alive(pid) && entry.path().join(THROW_AWAY).is_file() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Writes a file of the folder.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, text: &str) -> Result<(), WireError> {
    fs::write(path, text).map_err(|e| fault(path, &e))
}

/// A fault of a file, as shown.
pub fn fault(path: &Path, error: &io::Error) -> WireError {
    file_error(path, error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_throw_away_folder_is_closed_to_others_and_goes_away() {
        let folder = Folder::open(None, false).unwrap();
        let path = folder.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        write(&path.join("x"), "x").unwrap();
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn only_throw_away_folders_of_dead_demonstrations_are_swept() {
        let base = tempfile::tempdir().unwrap();
        // No process has the number that ended: it was waited for.
        let mut ended = std::process::Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        let make = |pid: u32, n: u32, marked: bool| {
            let path = base.path().join(format!("{PREFIX}{pid}-{n}"));
            fs::create_dir(&path).unwrap();
            if marked {
                write(&path.join(THROW_AWAY), "").unwrap();
            }
            path
        };
        let dead = make(ended.id(), 0, true);
        let kept = make(ended.id(), 1, false);
        let running = make(std::process::id(), 0, true);
        sweep(base.path());
        assert_eq!([dead.exists(), kept.exists(), running.exists()], [false, true, true]);
    }

    #[test]
    fn a_folder_asked_for_stays() {
        let dir = tempfile::tempdir().unwrap();
        let wanted = dir.path().join("a/b");
        drop(Folder::open(Some(wanted.clone()), false).unwrap());
        assert!(wanted.is_dir());
    }
}
