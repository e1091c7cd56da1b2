//! The folder of the demonstration: its own, closed to others, removed at the end unless asked to stay.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use paillasse_shared::protocol::WireError;

use crate::cli::file_error;

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
        let own = std::process::id();
        for n in 0..100 {
            let path = base.join(format!("paillasse-demo-{own}-{n}"));
            match make(&path, false) {
                Ok(()) => return Ok(Self { path, throw_away: !keep }),
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
    fn a_folder_asked_for_stays() {
        let dir = tempfile::tempdir().unwrap();
        let wanted = dir.path().join("a/b");
        drop(Folder::open(Some(wanted.clone()), false).unwrap());
        assert!(wanted.is_dir());
    }
}
