//! What the registry holds. Kept on disk as lines appended at each change (the last one of an
//! entry wins), so that a training session can be resumed in the same folder.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Availability of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// Current.
    Approved,
    /// Replaced.
    Deprecated,
    /// Deleted; remembered so that its uniqueId stays taken.
    Deleted,
}

impl Status {
    /// The status of a UUID URN, `None` when unknown here.
    pub fn from_urn(urn: &str) -> Option<Status> {
        match urn {
            "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved" => Some(Status::Approved),
            "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated" => Some(Status::Deprecated),
            "urn:asip:ci-sis:2010:StatusType:Deleted" => Some(Status::Deleted),
            _ => None,
        }
    }
}

/// An entry of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// `urn:uuid:…`.
    pub entry_uuid: String,
    /// uniqueId.
    pub unique_id: String,
    /// SHA-1 of the bytes, lower-case hexadecimal.
    pub hash: String,
    /// Patient.
    pub patient_id: String,
    /// Structure that submitted it.
    pub structure: String,
    /// `setId` of the CDA, "" for a signature.
    pub set_id: String,
    /// `versionNumber` of the CDA.
    pub version: u64,
    /// Availability.
    pub status: Status,
    /// Number of the exchange that brought it.
    pub exchange: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Entry(Stored),
    Set(String),
}

/// All entries.
#[derive(Debug)]
pub struct Registry {
    file: PathBuf,
    entries: HashMap<String, Stored>,
    by_unique: HashMap<String, String>,
    sets: Vec<String>,
}

impl Registry {
    /// Opens the registry of a folder; a line that cannot be read is an error.
    ///
    /// # Errors
    /// The disk, or a line that is not ours.
    pub fn open(file: &Path) -> std::io::Result<Registry> {
        let mut registry = Registry {
            file: file.to_owned(),
            entries: HashMap::new(),
            by_unique: HashMap::new(),
            sets: Vec::new(),
        };
        if file.exists() {
            for line in std::fs::read_to_string(file)?.lines() {
                registry.apply(serde_json::from_str(line)?);
            }
        }
        Ok(registry)
    }

    fn apply(&mut self, line: Line) {
        match line {
            Line::Entry(e) => {
                self.by_unique.insert(e.unique_id.clone(), e.entry_uuid.clone());
                self.entries.insert(e.entry_uuid.clone(), e);
            }
            Line::Set(id) => self.sets.push(id),
        }
    }

    /// Writes changes, then applies them: all or nothing.
    ///
    /// # Errors
    /// The disk said no; nothing changed.
    pub fn commit(&mut self, changes: Vec<Stored>, set: &str) -> std::io::Result<()> {
        let mut lines: Vec<Line> = changes.into_iter().map(Line::Entry).collect();
        lines.push(Line::Set(set.to_owned()));
        let mut text = Vec::new();
        for line in &lines {
            serde_json::to_writer(&mut text, line)?;
            text.push(b'\n');
        }
        std::fs::OpenOptions::new().create(true).append(true).open(&self.file)?.write_all(&text)?;
        for line in lines {
            self.apply(line);
        }
        Ok(())
    }

    /// An entry by its entryUUID.
    pub fn entry(&self, uuid: &str) -> Option<&Stored> {
        self.entries.get(uuid)
    }

    /// An entry by its uniqueId, deleted ones too.
    pub fn unique(&self, unique_id: &str) -> Option<&Stored> {
        self.entries.get(self.by_unique.get(unique_id)?)
    }

    /// True when a lot with this uniqueId was accepted.
    pub fn has_set(&self, unique_id: &str) -> bool {
        self.sets.iter().any(|s| s == unique_id)
    }

    /// Forgets everything; the file is removed by the journal's reset.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.by_unique.clear();
        self.sets.clear();
    }
}
