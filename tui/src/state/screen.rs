//! Screens: what each one shows and remembers. They form a stack; `Échap` goes back to the one below,
//! which is as it was left.

use paillasse_shared::domain::ids::{CorrespondentId, DossierId, InboxId, OrderId, PatientId};
use paillasse_shared::domain::order::OrderState;
use paillasse_shared::domain::result::ResultState;
use paillasse_shared::protocol::dossier::{
    Correspondent, DossierDocument, DossierLine, DossierView, ResultView,
};
use paillasse_shared::protocol::inbox::{MessageDetail, MessageView};
use paillasse_shared::protocol::ins::{PendingReturn, WorklistItem};
use paillasse_shared::protocol::patient::{PatientHit, PatientRecord, Place, ScannedTraits};
use paillasse_shared::protocol::queue::{OrderDetail, OrderView, Summary};

use super::field::Field;

/// A screen.
#[derive(Debug, Clone)]
pub enum Screen {
    /// Search, always at the bottom of the stack.
    Home(Home),
    /// A patient's traits, new or corrected.
    Form(Form),
    /// A patient's record.
    Patient(PatientScreen),
    /// INSi's return beside ours.
    Compare(Compare),
    /// A dossier being registered.
    NewDossier(NewDossier),
    /// A dossier, for work or for validation.
    Dossier(DossierScreen),
    /// Dossiers to validate.
    Validation(Validation),
    /// Returns of INSi that wait.
    InsList(InsList),
    /// Orders by cause.
    Queue(Queue),
    /// The orders of one cause.
    Orders(Orders),
    /// One order.
    Order(OrderScreen),
    /// Messages that need a person.
    Inbox(Inbox),
    /// One message.
    Message(MessageScreen),
    /// A text to read.
    Pane(Pane),
}

/// Search.
#[derive(Debug, Clone, Default)]
pub struct Home {
    /// What is typed.
    pub field: Field,
    /// What was found.
    pub hits: Vec<PatientHit>,
    /// There is more.
    pub more: bool,
    /// Cursor.
    pub selected: usize,
    /// The text the hits answer; `None` before the first answer.
    pub answered: Option<String>,
    /// A dossier found by its number.
    pub dossier: Option<DossierId>,
    /// `Entrée` was typed before the answer came.
    pub open_when_ready: bool,
    /// `F4` was typed before the answer came.
    pub dossier_when_ready: bool,
    /// `F2` was typed before the answer came.
    pub create_when_ready: bool,
    /// What a scanned datamatrix says, for the form of a new patient.
    pub scanned: Option<ScannedTraits>,
    /// What a card says of the person searched, until the answer comes.
    pub card: Option<ScannedTraits>,
    /// The list was moved in since the last key typed (where the real cursor goes in plain mode).
    pub in_list: bool,
}

impl Home {
    /// Whether the list answers what is typed.
    pub fn is_current(&self) -> bool {
        self.answered.as_deref() == Some(self.field.text())
    }
}

/// Fields of the form, in order.
pub const FORM_FIELDS: usize = 10;
/// Rank of the place of birth, the only field with suggestions.
pub const PLACE_FIELD: usize = 5;
/// Names of the fields in the protocol, in order. Those after the place of birth are complementary.
pub const FORM_NAMES: [&str; FORM_FIELDS] = [
    "birth_name",
    "first_name",
    "given_names",
    "birth_date",
    "sex",
    "birth_place",
    "used_name",
    "used_first_name",
    "phone",
    "social_security",
];

/// A patient's traits.
#[derive(Debug, Clone)]
pub struct Form {
    /// The record corrected, with its version; `None` for a new patient.
    pub editing: Option<(PatientId, i64)>,
    /// The record corrected, for the bandeau.
    pub record: Option<Box<PatientRecord>>,
    /// A motive is asked because traits are locked.
    pub needs_motive: bool,
    /// Strict traits are read-only here (STA-10): only what follows the place of birth is typed.
    pub locked: bool,
    /// The place of birth may not stay empty.
    pub needs_place: bool,
    /// Motive of the degraded procedure, where identities are kept elsewhere.
    pub degraded: Option<String>,
    /// Ranks that the site does not show (INS-06).
    pub hidden: Vec<usize>,
    /// The texts as they were when the form opened.
    pub initial: Vec<String>,
    /// The fields.
    pub fields: Vec<Field>,
    /// Rank of the focused field.
    pub focus: usize,
    /// Place chosen among the suggestions.
    pub place: Option<Place>,
    /// Suggestions for the place.
    pub places: Vec<Place>,
    /// The text the suggestions answer: an older list is never chosen from.
    pub places_for: Option<String>,
    /// `Entrée` was typed in the place before its suggestions came.
    pub next_when_ready: bool,
    /// Ranks of the fields that came filled and right.
    pub known: Vec<usize>,
    /// The search that led here: the same search finds the draft again, another one does not.
    pub searched: String,
    /// Cursor in the suggestions.
    pub place_selected: usize,
    /// Field at fault and why.
    pub fault: Option<(usize, String)>,
    /// A request is under way: a second `Entrée` does nothing.
    pub sending: bool,
    /// Number of this creation, so that a second request is the same.
    pub request_id: String,
}

impl Form {
    /// A form with these texts.
    pub fn with(texts: [&str; FORM_FIELDS], request_id: String) -> Self {
        Form {
            editing: None,
            record: None,
            needs_motive: false,
            locked: false,
            needs_place: true,
            degraded: None,
            hidden: Vec::new(),
            initial: texts.iter().map(|t| (*t).to_owned()).collect(),
            fields: texts.iter().map(|t| Field::with(t)).collect(),
            focus: 0,
            place: None,
            places: Vec::new(),
            places_for: None,
            next_when_ready: false,
            known: Vec::new(),
            searched: String::new(),
            place_selected: 0,
            fault: None,
            sending: false,
            request_id,
        }
    }

    /// Text of a field.
    pub fn text(&self, rank: usize) -> &str {
        self.fields.get(rank).map_or("", |f| f.text().trim())
    }

    /// Whether anything was typed.
    pub fn is_blank(&self) -> bool {
        self.fields.iter().all(Field::is_blank)
    }

    /// Whether a field is typed in: shown, and not read-only.
    pub fn is_open(&self, rank: usize) -> bool {
        rank < FORM_FIELDS && !self.hidden.contains(&rank) && !self.is_locked(rank)
    }

    /// Whether a field is read-only.
    pub fn is_locked(&self, rank: usize) -> bool {
        self.locked && rank <= PLACE_FIELD
    }

    /// Whether `Entrée` ends the form here: every needed field is behind, and this one is left empty.
    pub fn ends_here(&self) -> bool {
        self.focus > PLACE_FIELD && self.text(self.focus).is_empty()
    }

    /// Whether a field of these ranks is no more as it was.
    pub fn changed(&self, mut ranks: std::ops::Range<usize>) -> bool {
        ranks.any(|r| self.initial.get(r).map_or("", |t| t.trim()) != self.text(r))
    }

    /// Moves to the next field that is typed in, down or up; stays when there is none.
    pub fn step(&mut self, down: bool) {
        let next = if down {
            (self.focus + 1..FORM_FIELDS).find(|r| self.is_open(*r))
        } else {
            (0..self.focus).rev().find(|r| self.is_open(*r))
        };
        self.focus = next.unwrap_or(self.focus);
    }
}

/// A patient's record.
#[derive(Debug, Clone)]
pub struct PatientScreen {
    /// Which.
    pub id: PatientId,
    /// The record, once it came.
    pub record: Option<Box<PatientRecord>>,
    /// Cursor in the dossiers.
    pub selected: usize,
}

/// INSi's return.
#[derive(Debug, Clone)]
pub struct Compare {
    /// Our record.
    pub record: Box<PatientRecord>,
    /// The return, once it came.
    pub pending: Option<Box<PendingReturn>>,
    /// A decision is under way.
    pub sending: bool,
}

/// What follows the line taken into a dossier being registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// The next line.
    Stay,
    /// The other list.
    Skip,
    /// Registering.
    Save,
}

/// A dossier being registered: examinations, then correspondents, by typing.
#[derive(Debug, Clone)]
pub struct NewDossier {
    /// For whom.
    pub patient: PatientId,
    /// Our record, for the bandeau.
    pub record: Option<Box<PatientRecord>>,
    /// Correspondents are being typed (else examinations).
    pub at_correspondents: bool,
    /// What is typed.
    pub field: Field,
    /// Codes and labels found.
    pub exams_found: Vec<(String, String, String)>,
    /// Correspondents found.
    pub people_found: Vec<Correspondent>,
    /// Cursor in what was found.
    pub selected: usize,
    /// Text that what was found answers.
    pub answered: Option<String>,
    /// Chosen examinations: code and label.
    pub exams: Vec<(String, String)>,
    /// Chosen correspondents: first is the prescriber.
    pub people: Vec<(CorrespondentId, String)>,
    /// Urgent.
    pub urgent: bool,
    /// Number of the dossier at the laboratory that asked: the first correspondent is then that laboratory.
    pub lab_number: Option<String>,
    /// A request is under way.
    pub sending: bool,
    /// `Entrée`, `Tab` or `Ctrl-S` was typed before the answer came.
    pub after: Option<After>,
    /// The list shown for an empty field was moved in: `Entrée` takes its line.
    pub browsed: bool,
    /// Number of this creation.
    pub request_id: String,
}

/// A dossier.
#[derive(Debug, Clone)]
pub struct DossierScreen {
    /// Which.
    pub id: DossierId,
    /// The dossier, once it came.
    pub view: Option<Box<DossierView>>,
    /// The patient, for the bandeau.
    pub record: Option<Box<PatientRecord>>,
    /// Cursor: rank among the results.
    pub selected: usize,
    /// A result being typed.
    pub edit: Option<Field>,
    /// Validation: what is decided beforehand about the document.
    pub review: Option<Review>,
    /// A request is under way.
    pub sending: bool,
    /// `Entrée` was typed in validation while typed results were on their way.
    pub validate_when_ready: bool,
}

/// Decisions taken before validation about the document it will build.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Review {
    /// Hold it back.
    pub hold: bool,
    /// Make it invisible to the patient.
    pub invisible: bool,
}

/// How the report of a dossier stands on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// Nothing was built yet.
    NoDocument,
    /// Built, but results are still expected: nothing leaves.
    Partial,
    /// On its way.
    UnderWay,
    /// Something holds part of it back.
    Stopped,
    /// Every recipient has it.
    Delivered,
}

/// The next step of a validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Technical validation first.
    Technical,
    /// Then biological.
    Biological,
    /// Nothing can be validated now.
    Nothing,
}

impl DossierScreen {
    /// A dossier not yet read.
    pub fn new(id: DossierId, review: Option<Review>) -> Self {
        DossierScreen {
            id,
            view: None,
            record: None,
            selected: 0,
            edit: None,
            review,
            sending: false,
            validate_when_ready: false,
        }
    }

    /// The results in report order.
    pub fn results(&self) -> Vec<&ResultView> {
        self.view.iter().flat_map(|v| v.chapters.iter()).flat_map(|c| c.results.iter()).collect()
    }

    /// The result under the cursor.
    pub fn current(&self) -> Option<&ResultView> {
        self.results().get(self.selected).copied()
    }

    /// Latest version of its document.
    pub fn document(&self) -> Option<&DossierDocument> {
        self.view.as_ref()?.documents.first()
    }

    /// How many results are still expected.
    pub fn awaited(&self) -> usize {
        self.results().iter().filter(|r| r.state == ResultState::Pending).count()
    }

    /// How what leaves stands, once a document was built.
    pub fn leaving(&self) -> Leaving {
        let Some(document) = self.document() else { return Leaving::NoDocument };
        let is = |state| document.orders.iter().any(|o| o.state == state);
        if !document.is_final && document.orders.is_empty() {
            Leaving::Partial
        } else if document.orders.iter().all(|o| o.state == OrderState::Delivered) {
            Leaving::Delivered
        } else if is(OrderState::Held) || is(OrderState::Parked) || is(OrderState::Unknown) {
            Leaving::Stopped
        } else {
            Leaving::UnderWay
        }
    }

    /// What validating would do now.
    pub fn step(&self) -> Step {
        let has = |state| self.results().iter().any(|r| r.state == state);
        if has(ResultState::Entered) {
            Step::Technical
        } else if has(ResultState::Technical) {
            Step::Biological
        } else {
            Step::Nothing
        }
    }
}

/// Dossiers to validate.
#[derive(Debug, Clone, Default)]
pub struct Validation {
    /// The list, once it came.
    pub list: Option<Vec<DossierLine>>,
    /// Cursor.
    pub selected: usize,
}

/// Returns of INSi that wait.
#[derive(Debug, Clone, Default)]
pub struct InsList {
    /// The list, once it came.
    pub list: Option<Vec<WorklistItem>>,
    /// Cursor.
    pub selected: usize,
}

/// Orders by cause.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    /// The causes, once they came.
    pub summary: Option<Box<Summary>>,
    /// Cursor.
    pub selected: usize,
    /// An example of the cause under the cursor, with the key of the cause.
    pub example: Option<(String, Box<OrderView>)>,
}

/// The orders of one cause.
#[derive(Debug, Clone)]
pub struct Orders {
    /// Key of the cause.
    pub key: String,
    /// The cause in plain French.
    pub label: String,
    /// The orders, once they came.
    pub list: Option<Vec<OrderView>>,
    /// Cursor.
    pub selected: usize,
}

/// One order.
#[derive(Debug, Clone)]
pub struct OrderScreen {
    /// Which.
    pub id: OrderId,
    /// Its story, once it came.
    pub detail: Option<Box<OrderDetail>>,
}

/// Messages that need a person.
#[derive(Debug, Clone, Default)]
pub struct Inbox {
    /// The list, once it came.
    pub list: Option<Vec<MessageView>>,
    /// Cursor.
    pub selected: usize,
}

/// One message.
#[derive(Debug, Clone)]
pub struct MessageScreen {
    /// Which.
    pub id: InboxId,
    /// Its text, once it came.
    pub detail: Option<Box<MessageDetail>>,
    /// First line shown.
    pub top: usize,
}

/// What a text is about, to read it again when it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaneKind {
    /// The journal.
    Journal,
    /// History of an identity.
    History(PatientId),
    /// Former matricules of a patient.
    Matricules(PatientId),
    /// A report as it will leave.
    Preview(DossierId),
    /// The slip of a dossier for billing.
    Billing,
    /// The program.
    About,
}

/// A text to read.
#[derive(Debug, Clone)]
pub struct Pane {
    /// What it is.
    pub kind: PaneKind,
    /// The patient it is about, for the bandeau.
    pub record: Option<Box<PatientRecord>>,
    /// Title.
    pub title: String,
    /// Lines; `None` until they come.
    pub lines: Option<Vec<String>>,
    /// First line shown.
    pub top: usize,
}
