//! Files of a preview, for a viewer outside the terminal (DOC-14): a folder of this person, closed to others, and emptied
//! of what was written here when the workstation ends. The names carry the dossier, never a person (INS-23).

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Where previews go, and what was written there.
#[derive(Debug)]
pub struct Previews {
    folder: PathBuf,
    written: Vec<PathBuf>,
}

impl Previews {
    /// Previews of this person: in the folder of the session, which lives in memory, otherwise among temporary files.
    #[must_use]
    pub fn of_this_person() -> Self {
        let session = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|p| p.is_absolute());
        let own = rustix::process::getuid().as_raw();
        Self::in_folder(session.unwrap_or_else(std::env::temp_dir).join(format!("paillasse-apercu-{own}")))
    }

    /// Previews in a folder, which is made when first needed.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder, written: Vec::new() }
    }

    /// Writes the page and the PDF; gives the page's path, beside which the PDF is.
    ///
    /// # Errors
    /// The folder is not this person's alone, or a file cannot be written.
    pub fn write(&mut self, stem: &str, html: &[u8], pdf: &[u8]) -> io::Result<PathBuf> {
        DirBuilder::new().mode(0o700).recursive(true).create(&self.folder)?;
        // Somebody else may have made a folder, or a link, of that name among temporary files.
        let folder = fs::symlink_metadata(&self.folder)?;
        let own = rustix::process::getuid().as_raw();
        if !folder.is_dir() || folder.uid() != own || folder.mode() & 0o077 != 0 {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        // The daemon's name is a name, never a path.
        let stem = Path::new(stem).file_name().unwrap_or("apercu".as_ref()).to_string_lossy().into_owned();
        self.file(&format!("{stem}.pdf"), pdf)?;
        self.file(&format!("{stem}.html"), html)
    }

    fn file(&mut self, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.folder.join(name);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        self.written.push(path.clone());
        file.write_all(bytes)?;
        Ok(path)
    }
}

impl Drop for Previews {
    fn drop(&mut self) {
        for path in &self.written {
            let _ = fs::remove_file(path);
        }
        // Another workstation of the same person may still use it: only an empty folder goes.
        if !self.written.is_empty() {
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn doc_14_preview_files_are_closed_to_others_and_go_with_the_workstation() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("apercu");
        let mut previews = Previews::in_folder(folder.clone());
        let page = previews.write("../apercu-26-1", b"<p>", b"%PDF").unwrap();
        assert_eq!(page, folder.join("apercu-26-1.html"), "a name, never a path");
        assert_eq!(fs::read(&page).unwrap(), b"<p>");
        assert_eq!(fs::read(folder.join("apercu-26-1.pdf")).unwrap(), b"%PDF");
        for path in [&page, &folder] {
            assert_eq!(fs::metadata(path).unwrap().mode() & 0o077, 0, "{}", path.display());
        }
        drop(previews);
        assert!(!folder.exists());
    }

    #[test]
    fn a_folder_open_to_others_or_a_link_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let open = dir.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path(), &link).unwrap();
        for folder in [open, link] {
            let refused = Previews::in_folder(folder.clone()).write("a", b"", b"").unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied, "{}", folder.display());
            assert!(!folder.join("a.pdf").exists());
        }
    }
}
