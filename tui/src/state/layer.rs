//! Overlays: what lies on top of a screen and takes the keys first.

use paillasse_shared::domain::identity::{Attribute, DeviceKind};
use paillasse_shared::domain::ids::{
    CorrespondentId, DocumentId, DossierId, InboxId, OrderId, PatientId, PropagationId, ReturnId,
};
use paillasse_shared::domain::order::Service;
use paillasse_shared::protocol::card::{PersonView, ReadingId};
use paillasse_shared::protocol::document::Decision;
use paillasse_shared::protocol::dossier::Correspondent;
use paillasse_shared::protocol::inbox::AttachParams;
use paillasse_shared::protocol::patient::CreateParams;
use paillasse_shared::protocol::propagation::PropagationView;

use super::field::Field;

/// One overlay.
#[derive(Debug, Clone)]
pub enum Layer {
    /// Every key valid now.
    Help {
        /// First line shown.
        top: usize,
    },
    /// Find a command by its name.
    Palette {
        /// What is looked for.
        field: Field,
        /// Cursor in the matches.
        selected: usize,
    },
    /// A few choices, each with a letter.
    Choice(Choice),
    /// Choosing in a catalogue by typing.
    Picker(Picker),
    /// Yes or no, by a key that never asked.
    Confirm(Confirm),
    /// One line to type, often a reason.
    Prompt(Prompt),
}

/// A few choices.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Title.
    pub title: String,
    /// A sentence above the choices.
    pub note: String,
    /// The choices.
    pub items: Vec<ChoiceItem>,
    /// Cursor.
    pub selected: usize,
    /// What the choice is for.
    pub then: ChoiceThen,
}

/// One choice.
#[derive(Debug, Clone)]
pub struct ChoiceItem {
    /// Letter that chooses it at once.
    pub letter: char,
    /// What it is.
    pub label: String,
    /// More about it.
    pub detail: String,
    /// What deserves a look: differences.
    pub differs: String,
}

impl ChoiceItem {
    /// The items of a table of sentences: letter, what it is, more about it.
    #[must_use]
    pub fn table(rows: &[(char, &str, &str)]) -> Vec<Self> {
        let item = |(letter, label, detail): &(char, &str, &str)| Self {
            letter: *letter,
            label: (*label).to_owned(),
            detail: (*detail).to_owned(),
            differs: String::new(),
        };
        rows.iter().map(item).collect()
    }
}

/// What a choice is for.
#[derive(Debug, Clone)]
pub enum ChoiceThen {
    /// Record the document of that letter among those of the site.
    Qualify(PatientId),
    /// Record a parent's device beside a minor's.
    QualifyParent(PatientId, DeviceKind),
    /// Record what the patient said.
    Consent(PatientId),
    /// Give a correspondent a role.
    Role(DossierId, CorrespondentId),
    /// One of the people of a card: for a call about this patient, else to be searched.
    CardPerson(ReadingId, Option<PatientId>, Vec<PersonView>),
    /// What to try after INSi found nobody, or several.
    Lever(PatientId),
    /// One of the corrections to tell.
    Correction(Vec<PropagationView>),
    /// One of the close identities, else a homonym of them, or a new one.
    Similar(Vec<PatientId>, Box<CreateParams>),
}

/// Choosing in a catalogue or directory.
#[derive(Debug, Clone)]
pub struct Picker {
    /// Title.
    pub title: String,
    /// What is typed.
    pub field: Field,
    /// What was found.
    pub rows: Vec<Pick>,
    /// Cursor.
    pub selected: usize,
    /// What it is for.
    pub kind: PickKind,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PickKind {
    /// Examinations for a dossier.
    Exam(DossierId),
    /// A correspondent for a dossier.
    Correspondent(DossierId),
    /// The correspondent whose address is to be completed, then the cause to replay.
    Address(String),
}

/// Something found.
#[derive(Debug, Clone)]
pub struct Pick {
    /// What it is.
    pub label: String,
    /// More about it.
    pub detail: String,
    /// The thing.
    pub what: Picked,
}

/// The thing chosen.
#[derive(Debug, Clone)]
pub enum Picked {
    /// A code of the catalogue.
    Exam(String),
    /// A correspondent.
    Correspondent(Box<Correspondent>),
}

/// A question.
#[derive(Debug, Clone)]
pub struct Confirm {
    /// The question.
    pub question: String,
    /// What will happen.
    pub lines: Vec<String>,
    /// What is confirmed.
    pub then: Confirmed,
}

/// What is confirmed.
#[derive(Debug, Clone)]
pub enum Confirmed {
    /// Leave with unsaved work.
    Quit,
    /// A decision about a document.
    Decide(DocumentId, Decision),
    /// Replay every order of a cause.
    RetryCause(String),
    /// Pause a service.
    Pause(Service),
    /// Accept a return that contradicts.
    AcceptDespite(PatientId, ReturnId),
    /// Validate an identity on the document recorded.
    ValidateIdentity(PatientId),
    /// Set (true) or remove an attribute of an identity.
    Attribute(PatientId, Attribute, bool),
    /// Validate although something asks for a gesture.
    Validate,
    /// Tell a correction.
    Correction(PropagationId),
    /// File a message by hand although it names somebody else.
    Attach(Box<AttachParams>),
}

/// One line to type.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// Title.
    pub title: String,
    /// What to type and what will happen.
    pub note: String,
    /// The line.
    pub field: Field,
    /// What it is for.
    pub then: Prompted,
}

/// What the typed line is for.
#[derive(Debug, Clone)]
pub enum Prompted {
    /// Motive of a refusal of INSi's return.
    RefuseReturn(PatientId, ReturnId),
    /// Motive of the cancelling of an order.
    CancelOrder(OrderId),
    /// Motive of an analysis not done.
    CancelResult(DossierId, String),
    /// Motive of a change of strict traits.
    EditTraits,
    /// Motive of the degraded procedure.
    Degraded,
    /// Who was told about a critical result.
    TraceCall(DossierId),
    /// Number of the dossier at the laboratory that asked.
    LabNumber,
    /// MSSanté address of a correspondent, then the cause to replay.
    Address(Box<Correspondent>, String),
    /// Motive of an attribute set (true) or removed.
    Attribute(PatientId, Attribute, bool),
    /// Motive to put a message aside.
    CloseMessage(InboxId),
    /// How a correction was told by hand.
    CorrectionDone(PropagationId),
    /// Where to file a message by hand.
    AttachMessage(InboxId),
}

impl Prompted {
    /// Whether `Entrée` may keep the text: the act can be done again or corrected, and the text is new.
    /// What cannot be taken back is confirmed by a key that never asks.
    #[must_use]
    pub fn is_gentle(&self, text: &str) -> bool {
        match self {
            // What the message says is compared before anything is filed.
            Self::TraceCall(_) | Self::Degraded | Self::AttachMessage(_) | Self::LabNumber => true,
            Self::Address(c, _) => c.facts.mss_address.as_deref() != Some(text.trim()),
            Self::RefuseReturn(..)
            | Self::CancelOrder(_)
            | Self::CancelResult(..)
            | Self::Attribute(..)
            | Self::CorrectionDone(_)
            | Self::EditTraits
            | Self::CloseMessage(_) => false,
        }
    }
}
