//! Messages received: those that found no dossier, and those that could not be read, are kept, shown and replayable.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{DossierId, InboxId, PatientId};

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboxState {
    /// Everything it carries was filed.
    Filed,
    /// INSi is being asked about the INS it bears; what it carries waits for the answer.
    Verifying,
    /// Some of it found no place.
    Unmatched,
    /// It could not be read.
    Unreadable,
    /// Put aside by a person.
    Closed,
}

impl InboxState {
    /// Word shown to users.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Filed => "classé",
            Self::Verifying => "INS en vérification",
            Self::Unmatched => "à rapprocher",
            Self::Unreadable => "illisible",
            Self::Closed => "écarté",
        }
    }
}

/// Filter of messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListParams {
    /// Filed and closed ones too.
    #[serde(default)]
    pub all: bool,
    /// At most so many; 100 by default.
    #[serde(default)]
    pub limit: Option<u16>,
}

/// Messages, latest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages {
    /// Lines.
    pub messages: Vec<MessageView>,
}

/// One message by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxRef {
    /// Which.
    pub id: InboxId,
}

/// Puts a message aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseParams {
    /// Which.
    pub id: InboxId,
    /// Why.
    pub motive: String,
}

/// Files a message by hand: results under a dossier, an identity under a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachParams {
    /// Which.
    pub id: InboxId,
    /// Dossier, for results.
    #[serde(default)]
    pub dossier: Option<DossierId>,
    /// Its number, in place of its id.
    #[serde(default)]
    pub number: Option<String>,
    /// Record, for an identity.
    #[serde(default)]
    pub patient: Option<PatientId>,
    /// For an identity: it is a new person, although close identities exist.
    #[serde(default)]
    pub new_patient: bool,
    /// The message names somebody else, and the person who asks has seen it.
    #[serde(default)]
    pub despite_identity: bool,
    /// Why.
    #[serde(default)]
    pub motive: Option<String>,
}

/// One message in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageView {
    /// Which.
    pub id: InboxId,
    /// Received at.
    pub received_at: jiff::Timestamp,
    /// Sender, as the message says, or the address of the peer.
    pub sender: String,
    /// Kind, such as `ORU^R01`.
    pub kind: String,
    /// State.
    pub state: InboxState,
    /// Why it is not filed, in plain French.
    pub why: Option<String>,
    /// Dossiers it was filed under.
    pub dossiers: Vec<DossierId>,
    /// Size in bytes.
    pub size: u64,
}

/// One message with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageDetail {
    /// The line.
    pub message: MessageView,
    /// The text as received, unreadable bytes replaced, at most 256 KiB.
    pub text: String,
    /// One sentence per result that found no place.
    pub remarks: Vec<String>,
}
