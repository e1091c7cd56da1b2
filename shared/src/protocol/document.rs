//! Documents: list, bytes, decisions about their diffusion.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{DocumentId, DossierId, PatientId};
use crate::protocol::dossier::OrderLine;

/// Filter of documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListParams {
    /// Of this patient only.
    #[serde(default)]
    pub patient: Option<PatientId>,
    /// Of this dossier only.
    #[serde(default)]
    pub dossier: Option<DossierId>,
    /// At most so many; 100 by default.
    #[serde(default)]
    pub limit: Option<u16>,
}

/// Documents, latest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documents {
    /// Lines.
    pub documents: Vec<DocumentView>,
}

/// One version of one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentView {
    /// Which.
    pub id: DocumentId,
    /// OID of this version.
    pub unique_id: String,
    /// Same for all versions.
    pub set_id: String,
    /// Version.
    pub version: u32,
    /// Dossier.
    pub dossier: DossierId,
    /// Number of the dossier.
    pub number: String,
    /// Patient.
    pub patient: PatientId,
    /// Built at.
    pub built_at: jiff::Timestamp,
    /// Final or partial.
    pub is_final: bool,
    /// Held back by a person.
    pub held: bool,
    /// Invisible to the patient.
    pub invisible: bool,
    /// The identity was qualified when it was built: it carries the INS.
    pub with_ins: bool,
    /// SHA-256 of the CDA, hexadecimal.
    pub cda_sha256: String,
    /// SHA-256 of the PDF, hexadecimal.
    pub pdf_sha256: String,
    /// Orders.
    pub orders: Vec<OrderLine>,
}

/// A form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// CDA R2 N3.
    Cda,
    /// PDF/A-1b.
    Pdf,
    /// IHE_XDM.zip.
    Xdm,
    /// Plain text for a terminal.
    Text,
    /// One HTML page, without script.
    Html,
}

impl Form {
    /// Reads the name of the command line.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "cda" => Self::Cda,
            "pdf" => Self::Pdf,
            "xdm" => Self::Xdm,
            "text" => Self::Text,
            "html" => Self::Html,
            _ => return None,
        })
    }
}

/// Asks for bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetParams {
    /// Which.
    pub id: DocumentId,
    /// In which form.
    pub form: Form,
}

/// The bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Name of the file.
    pub file_name: String,
    /// Media type.
    pub media_type: String,
    /// Base64.
    pub base64: String,
}

/// One explicit act about one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Hold it back.
    Hold,
    /// Let it go.
    Release,
    /// Make it invisible to the patient.
    Hide,
    /// Make it visible to the patient.
    Show,
}

/// Decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecideParams {
    /// Which.
    pub id: DocumentId,
    /// What.
    pub decision: Decision,
}

/// Names one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentRef {
    /// Which.
    pub id: DocumentId,
}

/// Outcome of the comparison of the two forms of a document (DOC-04).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// Which.
    pub id: DocumentId,
    /// The two say the same.
    pub identical: bool,
    /// How many values the CDA holds, earlier ones included.
    pub values: u32,
    /// Values of the CDA that are not beside their label in the PDF.
    pub only_in_cda: Vec<ComparedValue>,
    /// Numbers of the PDF that the CDA holds nowhere.
    pub only_in_pdf: Vec<String>,
}

/// One value of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedValue {
    /// Label of the analysis.
    pub label: String,
    /// Value as printed.
    pub value: String,
}

/// Outcome of a rebuild from what the base holds (DOC-29); nothing is kept of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rebuilt {
    /// Which.
    pub id: DocumentId,
    /// The CDA is the same, byte for byte.
    pub same_cda: bool,
    /// The PDF is the same, byte for byte.
    pub same_pdf: bool,
}
