//! Reading an archive received by mail (XDM sheet section 10, checks 2 to 7 and 9).
//!
//! Nothing is written to disk, names are only compared, and each file is inflated up to its bound: a hostile
//! archive costs at most [`XdmLimits::total_bytes`] of memory.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::METADATA_NAME;
use crate::xds::model::sha1_hex;
use crate::xds::{ReadError, ReadSet, read_metadata};

/// Bounds of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XdmLimits {
    /// Greatest archive, bytes.
    pub archive_bytes: usize,
    /// Most entries, folders included.
    pub entries: usize,
    /// Greatest file once inflated, bytes.
    pub file_bytes: u64,
    /// All files once inflated, bytes.
    pub total_bytes: u64,
    /// Greatest inflation of one file, beyond a first mebibyte.
    pub ratio: u64,
}

impl Default for XdmLimits {
    /// 25 MiB archive (the largest mail of the contract), 128 entries, 30 MiB a file, 80 MiB in all, ratio 200.
    fn default() -> Self {
        Self {
            archive_bytes: 25 << 20,
            entries: 128,
            file_bytes: 30 << 20,
            total_bytes: 80 << 20,
            ratio: 200,
        }
    }
}

/// Why an archive is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XdmReadError {
    /// Not a zip, or damaged.
    #[error("not a readable zip archive")]
    NotZip,
    /// A bound of [`XdmLimits`] is passed.
    #[error("archive over the limit of {0}")]
    Limit(&'static str),
    /// Encrypted entry.
    #[error("encrypted archive")]
    Encrypted,
    /// Absolute path, `..`, drive letter, link, or an unreadable name.
    #[error("unsafe name in the archive")]
    UnsafeName,
    /// Two names equal but for case.
    #[error("two entries of one name")]
    DuplicateName,
    /// An archive inside the archive.
    #[error("archive inside the archive")]
    Nested,
    /// No `IHE_XDM/<subset>/METADATA.XML`.
    #[error("no METADATA.XML in a subset of IHE_XDM")]
    NoMetadata,
    /// Metadata unusable.
    #[error(transparent)]
    Metadata(#[from] ReadError),
    /// An entry without URI, or whose file is not in the subset.
    #[error("document {0} is not in the archive")]
    MissingFile(String),
    /// Hash or size of a document differ from its metadata.
    #[error("document {0} does not match its metadata")]
    Content(String),
    /// Subsets of several patients.
    #[error("several patients in one archive")]
    SeveralPatients,
}

impl XdmReadError {
    /// Error code for the sender (XDM sheet section 9); `None` when the mail goes to quarantine without an answer.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::NotZip
            | Self::Limit(_)
            | Self::Encrypted
            | Self::UnsafeName
            | Self::DuplicateName
            | Self::Nested => None,
            Self::SeveralPatients | Self::Metadata(ReadError::SeveralPatients) => Some(904),
            Self::NoMetadata | Self::Metadata(_) | Self::MissingFile(_) | Self::Content(_) => Some(906),
        }
    }
}

/// A document with its metadata entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadDocument {
    /// Index of its entry in [`ReadSet::entries`].
    pub entry: usize,
    /// File name as in the archive.
    pub name: String,
    /// Content.
    pub bytes: Vec<u8>,
    /// Both hash and size were given and match. A mismatch is refused; an absence is told here.
    pub verified: bool,
}

/// One subset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XdmSubset {
    /// Folder name.
    pub name: String,
    /// Metadata.
    pub metadata: ReadSet,
    /// Documents, one for each entry, in their order.
    pub documents: Vec<ReadDocument>,
    /// Files of the subset that the metadata do not mention (a PDF twin), name and content.
    pub extras: Vec<(String, Vec<u8>)>,
}

/// What an archive holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XdmContent {
    /// Subsets in the order of their names, one at least, all of one patient.
    pub subsets: Vec<XdmSubset>,
}

/// Reads an archive.
///
/// # Errors
/// See [`XdmReadError`].
pub fn read(bytes: &[u8], limits: &XdmLimits) -> Result<XdmContent, XdmReadError> {
    let mut folders = inflate(bytes, limits)?;
    folders.retain(|_, files| files.contains_key(METADATA_NAME));
    let mut subsets = Vec::new();
    for (name, files) in folders {
        subsets.push(read_subset(name, files)?);
    }
    let mut patients = subsets.iter().map(|s| &s.metadata.patient_id);
    match patients.next() {
        None => Err(XdmReadError::NoMetadata),
        Some(first) if patients.any(|p| p != first) => Err(XdmReadError::SeveralPatients),
        Some(_) => Ok(XdmContent { subsets }),
    }
}

/// Files of a folder: name in upper case, then name and content.
type Files = BTreeMap<String, (String, Vec<u8>)>;

/// Inflates what lies in the subsets of `IHE_XDM`; checks the names of everything.
fn inflate(bytes: &[u8], limits: &XdmLimits) -> Result<BTreeMap<String, Files>, XdmReadError> {
    if bytes.len() > limits.archive_bytes {
        return Err(XdmReadError::Limit("archive size"));
    }
    let declared = declared_entries(bytes).ok_or(XdmReadError::NotZip)?;
    if declared > limits.entries {
        return Err(XdmReadError::Limit("entries"));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| XdmReadError::NotZip)?;
    // The library keeps one entry per name: fewer than declared means names given twice.
    if archive.len() != declared {
        return Err(XdmReadError::DuplicateName);
    }
    let mut seen = BTreeSet::new();
    let mut folders: BTreeMap<String, Files> = BTreeMap::new();
    let mut total = 0u64;
    for i in 0..archive.len() {
        let file = archive.by_index_raw(i).map_err(|_| XdmReadError::NotZip)?;
        if file.encrypted() {
            return Err(XdmReadError::Encrypted);
        }
        let name = safe_name(file.name_raw())?;
        if file.is_symlink() || file.unix_mode().is_some_and(|m| m & 0o170_000 == 0o120_000) {
            return Err(XdmReadError::UnsafeName);
        }
        if !seen.insert(name.to_ascii_uppercase()) {
            return Err(XdmReadError::DuplicateName);
        }
        let (size, packed, folder) = (file.size(), file.compressed_size(), file.is_dir());
        drop(file);
        if folder {
            continue;
        }
        total = total.saturating_add(size);
        if size > limits.file_bytes {
            return Err(XdmReadError::Limit("file size"));
        }
        if total > limits.total_bytes {
            return Err(XdmReadError::Limit("total size"));
        }
        if size > 1 << 20 && size / packed.max(1) > limits.ratio {
            return Err(XdmReadError::Limit("compression ratio"));
        }
        let Some((subset, leaf)) = subset_path(&name) else { continue };
        let mut content = Vec::new();
        let file = archive.by_index(i).map_err(|_| XdmReadError::NotZip)?;
        // The declared size is only a claim: one byte more than it is read, never the whole bomb.
        file.take(size + 1).read_to_end(&mut content).map_err(|_| XdmReadError::NotZip)?;
        if content.len() as u64 != size {
            return Err(XdmReadError::NotZip);
        }
        if content.starts_with(b"PK\x03\x04") || leaf.to_ascii_uppercase().ends_with(".ZIP") {
            return Err(XdmReadError::Nested);
        }
        folders
            .entry(subset.to_ascii_uppercase())
            .or_default()
            .insert(leaf.to_ascii_uppercase(), (leaf.to_owned(), content));
    }
    Ok(folders)
}

/// Number of entries that the end record of the archive declares.
fn declared_entries(bytes: &[u8]) -> Option<usize> {
    let from = bytes.len().saturating_sub(22 + 65_535);
    let tail = bytes.get(from..)?;
    let at = tail.windows(4).rposition(|w| w == b"PK\x05\x06")?;
    let count = tail.get(at + 10..at + 12)?;
    Some(count.iter().rev().fold(0, |n, b| n << 8 | usize::from(*b)))
}

/// The name with `/` separators, or a refusal.
fn safe_name(raw: &[u8]) -> Result<String, XdmReadError> {
    let name = std::str::from_utf8(raw).map_err(|_| XdmReadError::UnsafeName)?.replace('\\', "/");
    let unsafe_part = |p: &str| p == ".." || p == "." || p.contains(':') || p.chars().any(char::is_control);
    let trimmed = name.strip_suffix('/').unwrap_or(&name);
    if trimmed.is_empty() || name.len() > 255 || trimmed.split('/').any(|p| p.is_empty() || unsafe_part(p)) {
        return Err(XdmReadError::UnsafeName);
    }
    Ok(name)
}

/// Subset and file of `IHE_XDM/<subset>/<file>`.
fn subset_path(name: &str) -> Option<(&str, &str)> {
    let mut parts = name.split('/');
    let root = parts.next()?;
    let (subset, leaf) = (parts.next()?, parts.next()?);
    (root.eq_ignore_ascii_case("IHE_XDM") && parts.next().is_none()).then_some((subset, leaf))
}

fn read_subset(name: String, mut files: Files) -> Result<XdmSubset, XdmReadError> {
    let (_, xml) = files.remove(METADATA_NAME).ok_or(XdmReadError::NoMetadata)?;
    let metadata = read_metadata(&xml)?;
    let mut documents = Vec::new();
    for (entry, described) in metadata.entries.iter().enumerate() {
        let missing = || XdmReadError::MissingFile(described.unique_id.clone());
        let uri = described.uri.as_ref().ok_or_else(missing)?.to_ascii_uppercase();
        let (name, bytes) = files.remove(&uri).ok_or_else(missing)?;
        let hash_fits = described.hash.as_ref().map(|h| h.eq_ignore_ascii_case(&sha1_hex(&bytes)));
        let size_fits = described.size.map(|s| s == bytes.len() as u64);
        if hash_fits == Some(false) || size_fits == Some(false) {
            return Err(XdmReadError::Content(described.unique_id.clone()));
        }
        let verified = hash_fits.is_some() && size_fits.is_some();
        documents.push(ReadDocument { entry, name, bytes, verified });
    }
    Ok(XdmSubset { name, metadata, documents, extras: files.into_values().collect() })
}
