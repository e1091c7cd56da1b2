//! Documents received from other laboratories: read, matched to a dossier after its identity was compared, then merged
//! with the performer named, embedded as a PDF, or put aside. Nothing of them leaves on its own.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{DossierId, ReceivedId};

/// Where a received document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceivedState {
    /// No dossier, or an identity that is not the dossier's: a person has to look.
    Unmatched,
    /// It belongs to a dossier; what to do with it is to be decided.
    Matched,
    /// Its results are in the report of the dossier.
    Merged,
    /// Its PDF is in the report of the dossier.
    Embedded,
    /// A newer version took its place.
    Replaced,
    /// Put aside by a person.
    Closed,
}

impl ReceivedState {
    /// Word shown to users.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Unmatched => "à rapprocher",
            Self::Matched => "à intégrer",
            Self::Merged => "intégré",
            Self::Embedded => "joint en PDF",
            Self::Replaced => "remplacé",
            Self::Closed => "écarté",
        }
    }
}

/// Takes in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiveParams {
    /// The CDA, base64.
    pub base64: String,
}

/// Filter of received documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListParams {
    /// Those already decided too.
    #[serde(default)]
    pub all: bool,
    /// Of this dossier only, whatever their state.
    #[serde(default)]
    pub dossier: Option<DossierId>,
}

/// Received documents, latest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedList {
    /// Lines.
    pub documents: Vec<ReceivedView>,
}

/// One received document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedRef {
    /// Which.
    pub id: ReceivedId,
}

/// A view of a received document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceivedForm {
    /// Its PDF, when it holds one.
    Pdf,
    /// Header and narrative as text.
    Text,
    /// Header, every field.
    Header,
    /// Structured entries.
    Structured,
    /// One HTML page.
    Html,
    /// The bytes as they came.
    Cda,
    /// All that was read, as JSON.
    Data,
}

impl ReceivedForm {
    /// Reads the name of the command line.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "pdf" => Self::Pdf,
            "text" => Self::Text,
            "header" => Self::Header,
            "structured" => Self::Structured,
            "html" => Self::Html,
            "cda" => Self::Cda,
            "data" => Self::Data,
            _ => return None,
        })
    }
}

/// Asks for a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetParams {
    /// Which.
    pub id: ReceivedId,
    /// In which form.
    pub form: ReceivedForm,
}

/// Reads a document given, of which nothing is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadParams {
    /// The CDA, base64.
    pub base64: String,
    /// In which form.
    pub form: ReceivedForm,
}

/// Why a result cannot simply be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// The catalogue does not know its code.
    UnknownCode,
    /// Its unit is not the catalogue's, and nothing converts it.
    Unit,
    /// The dossier already has a value for the same analysis.
    Duplicate,
    /// It is still awaited at the other laboratory.
    Pending,
    /// Something beside the result has no place in our report; keeping means merging without it.
    Loss,
}

/// One thing to decide before a merge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Which result, as its place (`1.2.3`), or `perte-N`.
    pub item: String,
    /// Where, in words.
    pub place: String,
    /// Why.
    pub kind: ConflictKind,
    /// What, in French.
    pub what: String,
    /// Whether it can be kept; if not, it is skipped or the PDF is embedded.
    pub can_keep: bool,
    /// Whether it can be skipped.
    pub can_skip: bool,
    /// What was decided.
    pub kept: Option<bool>,
}

/// One received document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedView {
    /// Which.
    pub id: ReceivedId,
    /// When.
    pub received_at: jiff::Timestamp,
    /// State.
    pub state: ReceivedState,
    /// Why it waits, or why it was put aside.
    pub why: Option<String>,
    /// Laboratory that made it.
    pub sender: String,
    /// Title.
    pub title: String,
    /// Identifier of this version.
    pub unique_id: String,
    /// Set of its versions.
    pub set_id: String,
    /// Version.
    pub version: u32,
    /// The version already here that this one replaces.
    pub replaces: Option<ReceivedId>,
    /// Dossier.
    pub dossier: Option<DossierId>,
    /// It was already here: nothing was done.
    #[serde(default)]
    pub repeated: bool,
}

/// A document with what a merge would need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedDetail {
    /// The line.
    pub document: ReceivedView,
    /// What a reader must know: scripts ignored, references that lead nowhere…
    pub flags: Vec<String>,
    /// Results that a merge would bring.
    pub results: u32,
    /// What is to be decided before a merge.
    pub conflicts: Vec<Conflict>,
    /// It holds a PDF.
    pub has_pdf: bool,
}

/// Attaches by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachParams {
    /// Which.
    pub id: ReceivedId,
    /// Number of the dossier.
    pub number: String,
    /// Although the identity differs; a motive is then required.
    #[serde(default)]
    pub despite_identity: bool,
    /// Why.
    #[serde(default)]
    pub motive: Option<String>,
}

/// How a document enters the report of its dossier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Results merged, performer named.
    Merge,
    /// Its PDF embedded.
    Embed,
}

/// Takes a document into the report of its dossier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeParams {
    /// Which.
    pub id: ReceivedId,
    /// How.
    pub how: How,
    /// Conflicts to keep.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Conflicts to skip.
    #[serde(default)]
    pub skip: Vec<String>,
    /// Analyses of the dossier that the document answers, beside those of the same code.
    #[serde(default)]
    pub analyses: Vec<String>,
}

/// Puts a document aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseParams {
    /// Which.
    pub id: ReceivedId,
    /// Why.
    pub motive: String,
}
