//! The reference of places of birth: which edition is in use, what it lacks, how it is renewed (COG-01, COG-03, COG-08).

use serde::{Deserialize, Serialize};

/// The edition in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CogStatus {
    /// Its files.
    pub files: Vec<CogFile>,
    /// Where it comes from; `None` for the edition shipped with the program.
    pub imported: Option<CogImported>,
    /// Codes that INSi returned and that the edition does not know, most patients first, at most 500.
    pub unknown: Vec<UnknownPlace>,
    /// Remark to read, when an imported edition could not be used.
    pub remark: Option<String>,
}

/// One file of the reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CogFile {
    /// What it holds.
    pub title: String,
    /// Name.
    pub file: String,
    /// Millésime.
    pub edition: String,
    /// Rows loaded.
    pub rows: u32,
}

/// An edition imported here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CogImported {
    /// SHA-256 of the file, 64 hexadecimal digits.
    pub sha256: String,
    /// When.
    pub at: jiff::Timestamp,
    /// Login of the person.
    pub by: String,
}

/// A code returned by INSi that the reference does not know (COG-03).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownPlace {
    /// Code, 5 characters.
    pub code: String,
    /// First seen.
    pub since: jiff::Timestamp,
    /// Identities that carry it.
    pub patients: u64,
}

/// Imports an edition from a file that the daemon can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CogImportParams {
    /// Absolute path.
    pub path: String,
    /// SHA-256 expected, 64 hexadecimal digits, as published with the file.
    pub sha256: String,
}
