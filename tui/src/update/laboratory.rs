//! The bench: registering a dossier, entering results, validating.

use paillasse_shared::domain::dossier::CorrespondentRole;
use paillasse_shared::domain::ids::DossierId;
use paillasse_shared::domain::result::ResultState;
use paillasse_shared::protocol::document::Decision;
use paillasse_shared::protocol::dossier::{
    CatalogueSearchParams, CorrespondentChoice, CorrespondentSearchParams, CreateParams, DossierRef,
    ReceivedFrom, ResultEnterParams, ValidateParams,
};
use paillasse_shared::protocol::methods as rpc;

use crate::action::Effect;
use crate::client::Slot;
use crate::command::Cmd;
use crate::messages as m;
use crate::state::field::Field;
use crate::state::layer::{Confirm, Confirmed, Layer, PickKind, Picker, Prompted};
use crate::state::screen::{
    After, DossierScreen, NewDossier, Pane, PaneKind, Review, Screen, Step, Validation,
};
use crate::state::{Level, Purpose, State};
use crate::update::layers;
use crate::update::reception::{prompt, read_patient};
use crate::wire::{ask, ask_newest, ask_plain};

pub(super) fn run(state: &mut State, cmd: Cmd) -> Vec<Effect> {
    match cmd {
        Cmd::DossierCreate => new_dossier(state),
        Cmd::RegisterNext => take_then(state, After::Stay),
        Cmd::RegisterSkip => take_then(state, After::Skip),
        Cmd::DossierUrgent => {
            if let Some(Screen::NewDossier(n)) = state.screen_mut() {
                n.urgent = !n.urgent;
            }
            Vec::new()
        }
        Cmd::DossierReceived => {
            let Some(Screen::NewDossier(n)) = state.screen() else { return Vec::new() };
            let number = n.lab_number.clone().unwrap_or_default();
            prompt(state, m::RECEIVED_FROM_LAB, m::RECEIVED_FROM_LAB_NOTE, &number, Prompted::LabNumber);
            Vec::new()
        }
        Cmd::FormSave => take_then(state, After::Save),
        Cmd::ResultEdit => {
            start_edit(state);
            Vec::new()
        }
        Cmd::ResultCommitNext => commit(state, 1),
        Cmd::ResultCommitPrevious => commit(state, -1),
        Cmd::ExamAdd => pick(state, m::PICK_EXAM, PickKind::Exam),
        Cmd::CorrespondentAdd => pick(state, m::PICK_CORRESPONDENT, PickKind::Correspondent),
        Cmd::ExamRemove => {
            let Some(Screen::Dossier(d)) = state.screen() else { return Vec::new() };
            let Some(result) = d.current() else { return Vec::new() };
            let then = Prompted::CancelResult(d.id, result.analysis.clone());
            let title = format!("{} : {}", m::CANCEL_RESULT, result.label);
            prompt(state, &title, m::CANCEL_RESULT_NOTE, "", then);
            Vec::new()
        }
        Cmd::DossierReview => {
            // A value being typed is kept first.
            let effects = commit(state, 0);
            if let Some(Screen::Dossier(d)) = state.screen_mut() {
                d.review = Some(Review::default());
            }
            effects
        }
        Cmd::DocumentPreview => preview(state),
        Cmd::PreviewWrite => preview_write(state),
        Cmd::DossierBilling => billing(state),
        Cmd::Validate => validate(state, false),
        Cmd::DocumentHold => decide(state, true),
        Cmd::DocumentInvisible => decide(state, false),
        Cmd::CallTrace => {
            let Some(Screen::Dossier(d)) = state.screen() else { return Vec::new() };
            let then = Prompted::TraceCall(d.id);
            prompt(state, m::TRACE, m::TRACE_NOTE, "", then);
            Vec::new()
        }
        Cmd::GoValidation => {
            state.go_home();
            state.push(Screen::Validation(Validation::default()));
            vec![read_worklist(state)]
        }
        _ => Vec::new(),
    }
}

// ---- reading -------------------------------------------------------------------------------

pub(super) fn show_dossier(state: &mut State, id: DossierId, review: Option<Review>) -> Vec<Effect> {
    let record = state.record().cloned().map(Box::new);
    let mut screen = DossierScreen::new(id, review);
    screen.record = record;
    state.push(Screen::Dossier(screen));
    vec![read_dossier(state, id)]
}

pub(super) fn read_dossier(state: &mut State, id: DossierId) -> Effect {
    ask::<rpc::DossierGet>(state, &DossierRef { id: Some(id), number: None }, Purpose::Dossier)
}

pub(super) fn read_worklist(state: &mut State) -> Effect {
    ask_plain::<rpc::ValidationWorklist>(state, Purpose::ValidationList)
}

pub(super) fn open_review(state: &mut State) -> Vec<Effect> {
    let Some(Screen::Validation(v)) = state.screen() else { return Vec::new() };
    match v.list.as_ref().and_then(|l| l.get(v.selected)).map(|l| l.id) {
        Some(id) => show_dossier(state, id, Some(Review::default())),
        None => Vec::new(),
    }
}

// ---- registering ---------------------------------------------------------------------------

fn new_dossier(state: &mut State) -> Vec<Effect> {
    if let Some(Screen::Home(home)) = state.screen_mut()
        && !home.is_current()
    {
        home.dossier_when_ready = true;
        return Vec::new();
    }
    let Some(patient) = state.patient() else { return Vec::new() };
    if state.dossier_draft.as_ref().is_some_and(|n| n.patient == patient)
        && let Some(draft) = state.dossier_draft.take()
    {
        state.push(Screen::NewDossier(draft));
        return browse(state);
    }
    let record = state.record().filter(|r| r.id == patient).cloned().map(Box::new);
    let request_id = state.request_id();
    let missing = record.is_none();
    state.push(Screen::NewDossier(NewDossier {
        patient,
        record,
        at_correspondents: false,
        field: Field::default(),
        exams_found: Vec::new(),
        people_found: Vec::new(),
        selected: 0,
        answered: None,
        exams: Vec::new(),
        people: Vec::new(),
        urgent: false,
        lab_number: None,
        sending: false,
        after: None,
        browsed: false,
        request_id,
    }));
    let mut effects = browse(state);
    if missing {
        effects.push(read_patient(state, patient));
    }
    effects
}

fn clear_search(n: &mut NewDossier) {
    n.field = Field::default();
    n.exams_found.clear();
    n.people_found.clear();
    n.selected = 0;
    n.answered = None;
    n.after = None;
    n.browsed = false;
}

/// Empties the field and shows what can be chosen without typing.
fn browse(state: &mut State) -> Vec<Effect> {
    let Some(Screen::NewDossier(n)) = state.screen_mut() else { return Vec::new() };
    clear_search(n);
    search(state)
}

/// Looks for what is typed in the catalogue or in the directory.
pub(super) fn search(state: &mut State) -> Vec<Effect> {
    let Some(Screen::NewDossier(n)) = state.screen_mut() else { return Vec::new() };
    n.after = None;
    n.browsed = false;
    n.selected = 0;
    let (text, people) = (n.field.text().to_owned(), n.at_correspondents);
    vec![look_up(state, text, people)]
}

/// The request of a catalogue or directory search.
pub(super) fn look_up(state: &mut State, text: String, people: bool) -> Effect {
    let purpose = Purpose::Pick(text.clone());
    if people {
        let params = CorrespondentSearchParams { text, limit: Some(30) };
        ask_newest::<rpc::CorrespondentSearch>(state, &params, purpose, Slot::Pick)
    } else {
        let params = CatalogueSearchParams { text, limit: Some(30) };
        ask_newest::<rpc::CatalogueSearch>(state, &params, purpose, Slot::Pick)
    }
}

/// Takes the chosen line, when one is meant, then does what follows; with an empty field, goes on.
pub(super) fn take_then(state: &mut State, after: After) -> Vec<Effect> {
    let Some(Screen::NewDossier(n)) = state.screen_mut() else { return Vec::new() };
    let meant = !n.field.is_blank() || (n.browsed && after == After::Stay);
    if meant && n.answered.as_deref() != Some(n.field.text()) {
        n.after = Some(after);
        return Vec::new();
    }
    if meant && !take(n) {
        let said = m::nothing_for(n.field.text().trim());
        state.say(Level::Warning, said);
        return Vec::new();
    }
    match after {
        After::Stay if meant => browse(state),
        After::Stay if n.at_correspondents => register(state),
        After::Stay if n.exams.is_empty() => {
            state.say(Level::Warning, m::NO_EXAM);
            Vec::new()
        }
        After::Stay | After::Skip => {
            n.at_correspondents = !n.at_correspondents;
            browse(state)
        }
        After::Save => register(state),
    }
}

/// Takes the chosen line into the dossier; false when there is none.
fn take(n: &mut NewDossier) -> bool {
    if n.at_correspondents {
        let Some(person) = n.people_found.get(n.selected) else { return false };
        let line = (person.id, layers::person(person));
        if !n.people.iter().any(|(id, _)| *id == line.0) {
            n.people.push(line);
        }
    } else {
        let Some((code, label, _)) = n.exams_found.get(n.selected) else { return false };
        let line = (code.clone(), label.clone());
        if !n.exams.contains(&line) {
            n.exams.push(line);
        }
    }
    clear_search(n);
    true
}

/// Backspace in an empty field takes the last line back.
pub(super) fn take_last_back(state: &mut State) -> Vec<Effect> {
    if let (true, Some(Screen::NewDossier(n))) = (state.layers.is_empty(), state.screen_mut()) {
        if n.at_correspondents {
            n.people.pop();
        } else {
            n.exams.pop();
        }
    }
    Vec::new()
}

/// The dossier comes from another laboratory, under this number there.
pub(super) fn received_from(state: &mut State, number: String) -> Vec<Effect> {
    if let Some(Screen::NewDossier(n)) = state.screen_mut() {
        n.lab_number = Some(number);
    }
    Vec::new()
}

fn register(state: &mut State) -> Vec<Effect> {
    let Some(Screen::NewDossier(n)) = state.screen_mut() else { return Vec::new() };
    if n.sending {
        return Vec::new();
    }
    if n.exams.is_empty() {
        n.at_correspondents = false;
        state.say(Level::Warning, m::NO_EXAM);
        return browse(state);
    }
    let mut people = n.people.iter();
    let received_from = match n.lab_number.clone() {
        None => None,
        Some(number) => {
            let Some((laboratory, _)) = people.next() else {
                n.at_correspondents = true;
                state.say(Level::Warning, m::NO_LAB);
                return browse(state);
            };
            Some(ReceivedFrom { laboratory: *laboratory, number })
        }
    };
    n.sending = true;
    let roles =
        std::iter::once(CorrespondentRole::Prescriber).chain(std::iter::repeat(CorrespondentRole::Copy));
    let correspondents = people
        .zip(roles)
        .map(|((correspondent, _), role)| CorrespondentChoice { correspondent: *correspondent, role })
        .collect();
    let params = CreateParams {
        patient: Some(n.patient),
        analyses: n.exams.iter().map(|(code, _)| code.clone()).collect(),
        correspondents,
        sampled_at: None,
        urgent: n.urgent,
        prescribed_on: None,
        received_from,
        request_id: Some(n.request_id.clone()),
    };
    vec![ask::<rpc::DossierCreate>(state, &params, Purpose::CreateDossier)]
}

fn pick(state: &mut State, title: &str, kind: impl Fn(DossierId) -> PickKind) -> Vec<Effect> {
    let Some(Screen::Dossier(d)) = state.screen() else { return Vec::new() };
    let kind = kind(d.id);
    let (title, field) = (title.to_owned(), Field::default());
    state.layers.push(Layer::Picker(Picker { title, field, rows: Vec::new(), selected: 0, kind }));
    layers::search(state)
}

// ---- results -------------------------------------------------------------------------------

fn start_edit(state: &mut State) {
    let Some(Screen::Dossier(d)) = state.screen_mut() else { return };
    let Some(result) = d.current() else { return };
    if result.state == ResultState::Validated {
        let label = result.label.clone();
        state.say(
            Level::Warning,
            format!("{label} : déjà validé; une correction passe par une nouvelle version."),
        );
        return;
    }
    let text = result.shown.clone();
    d.edit = Some(Field::replaceable(&text));
}

/// Keeps what was typed and moves on; the echo never waits for the daemon.
fn commit(state: &mut State, by: isize) -> Vec<Effect> {
    let Some(Screen::Dossier(d)) = state.screen_mut() else { return Vec::new() };
    let Some(typed) = d.edit.take() else { return Vec::new() };
    let Some(result) = d.current() else { return Vec::new() };
    let mut effects = Vec::new();
    let value = typed.text().trim().to_owned();
    if value != result.shown {
        let analysis = result.analysis.clone();
        let dossier = d.id;
        // Shown at once as typed; flag and interval come back with the answer.
        if let Some(view) = &mut d.view {
            let results = view.chapters.iter_mut().flat_map(|c| c.results.iter_mut());
            if let Some(r) = results.into_iter().find(|r| r.analysis == analysis) {
                r.shown = value.clone();
                r.flag = None;
                r.state = if value.is_empty() { ResultState::Pending } else { ResultState::Entered };
            }
        }
        let params = ResultEnterParams { dossier, analysis, value, comment: None };
        effects.push(ask::<rpc::ResultEnter>(state, &params, Purpose::ResultEntered));
    }
    let Some(Screen::Dossier(d)) = state.screen_mut() else { return effects };
    let count = d.results().len();
    let next = d.selected.saturating_add_signed(by);
    if by != 0 && next < count && (by > 0 || d.selected > 0) {
        d.selected = next;
        start_edit(state);
    }
    effects
}

// ---- validation ----------------------------------------------------------------------------

/// Validates everything that can be, technically then biologically.
pub(super) fn validate(state: &mut State, despite_alerts: bool) -> Vec<Effect> {
    // What was typed just before is on its way: it is validated with the rest.
    let on_its_way = state.waiting.values().any(|p| *p == Purpose::ResultEntered);
    let Some(Screen::Dossier(d)) = state.screen_mut() else { return Vec::new() };
    let (Some(view), Some(review), false) = (&d.view, d.review, d.sending) else { return Vec::new() };
    d.validate_when_ready = on_its_way;
    if on_its_way {
        return Vec::new();
    }
    let step = d.step();
    if step == Step::Biological && !view.gestures.is_empty() && !despite_alerts {
        let (question, lines) = (m::VALIDATE_ANYWAY.to_owned(), view.gestures.clone());
        state.layers.push(Layer::Confirm(Confirm { question, lines, then: Confirmed::Validate }));
        return Vec::new();
    }
    let biological = step == Step::Biological;
    let params = ValidateParams {
        id: Some(d.id),
        number: None,
        version: Some(view.version),
        analyses: Vec::new(),
        hold: biological && review.hold,
        invisible: biological && review.invisible,
    };
    d.sending = true;
    let purpose = Purpose::Validated(biological);
    match step {
        Step::Technical => vec![ask::<rpc::DossierValidateTechnical>(state, &params, purpose)],
        Step::Biological => vec![ask::<rpc::DossierValidate>(state, &params, purpose)],
        Step::Nothing => {
            d.sending = false;
            Vec::new()
        }
    }
}

/// Retenir / Invisible: before validation a mark on the document to come; afterwards a decision.
fn decide(state: &mut State, hold: bool) -> Vec<Effect> {
    let Some(Screen::Dossier(d)) = state.screen_mut() else { return Vec::new() };
    if d.step() != Step::Nothing {
        let Some(review) = &mut d.review else { return Vec::new() };
        let mark = if hold { &mut review.hold } else { &mut review.invisible };
        *mark = !*mark;
        let said = match (hold, *mark) {
            (true, true) => m::WILL_HOLD,
            (true, false) => m::WILL_GO,
            (false, true) => m::WILL_HIDE,
            (false, false) => m::WILL_SHOW,
        };
        state.say(Level::Info, said);
        return Vec::new();
    }
    let Some(document) = d.document() else {
        state.say(Level::Warning, m::NO_DOCUMENT);
        return Vec::new();
    };
    let decision = match (hold, document.held, document.invisible) {
        (true, false, _) => Decision::Hold,
        (true, true, _) => Decision::Release,
        (false, _, false) => Decision::Hide,
        (false, _, true) => Decision::Show,
    };
    let document = document.id;
    let (question, line) = m::decide(decision);
    let then = Confirmed::Decide(document, decision);
    let (question, lines) = (question.to_owned(), vec![line.to_owned()]);
    state.layers.push(Layer::Confirm(Confirm { question, lines, then }));
    Vec::new()
}

fn billing(state: &mut State) -> Vec<Effect> {
    let Some(Screen::Dossier(d)) = state.screen() else { return Vec::new() };
    let params = DossierRef { id: Some(d.id), number: None };
    let record = state.record().cloned().map(Box::new);
    let pane = Pane { kind: PaneKind::Billing, record, title: m::BILLING.to_owned(), lines: None, top: 0 };
    state.push(Screen::Pane(pane));
    vec![ask::<rpc::DossierBilling>(state, &params, Purpose::Pane)]
}

fn preview(state: &mut State) -> Vec<Effect> {
    let Some(Screen::Dossier(d)) = state.screen() else { return Vec::new() };
    let params = DossierRef { id: Some(d.id), number: None };
    let record = state.record().cloned().map(Box::new);
    let pane =
        Pane { kind: PaneKind::Preview(d.id), record, title: m::PREVIEW.to_owned(), lines: None, top: 0 };
    state.push(Screen::Pane(pane));
    vec![ask::<rpc::DossierPreview>(state, &params, Purpose::Pane)]
}

fn preview_write(state: &mut State) -> Vec<Effect> {
    let Some(Screen::Pane(Pane { kind: PaneKind::Preview(id), .. })) = state.screen() else {
        return Vec::new();
    };
    let params = DossierRef { id: Some(*id), number: None };
    vec![ask::<rpc::DossierPreviewFiles>(state, &params, Purpose::PreviewFiles)]
}
