//! The audit journal: list and verification.

use serde::{Deserialize, Serialize};

use crate::domain::audit::AuditLine;
use crate::domain::ids::PatientId;

/// Filter of the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListParams {
    /// About this patient only.
    #[serde(default)]
    pub patient: Option<PatientId>,
    /// From this line on.
    #[serde(default)]
    pub from: Option<i64>,
    /// At most so many; 100 by default, 10 000 at most. Without `from`, the latest ones.
    #[serde(default)]
    pub limit: Option<u16>,
}

/// Lines, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// Lines.
    pub lines: Vec<AuditLine>,
}

/// Verifies the chain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyParams {
    /// A copy of the database to verify instead of the database in use; opened read-only.
    #[serde(default)]
    pub copy: Option<String>,
}

/// Outcome of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// The chain holds.
    pub ok: bool,
    /// Lines checked before the end or the fault.
    pub lines: i64,
    /// The fault, with its line, in plain French.
    pub fault: Option<String>,
    /// Number of the line at fault.
    pub line: Option<i64>,
    /// Seal of the last line checked.
    pub last_seal: Option<String>,
}
