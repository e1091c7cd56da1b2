//! Reception: search, record, INSi, device, attributes, consent. The form is `form.rs`.

use paillasse_shared::domain::identity::{Attribute, DeviceKind, DeviceRule, Event, Status};
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::protocol::ins::{DecideParams, FetchParams};
use paillasse_shared::protocol::methods as rpc;
use paillasse_shared::protocol::patient::{InsiState, PatientRecord, PatientRef, SearchParams};

use crate::action::Effect;
use crate::client::Slot;
use crate::command::Cmd;
use crate::messages as m;
use crate::state::field::Field;
use crate::state::layer::{Choice, ChoiceItem, ChoiceThen, Confirm, Confirmed, Layer, Prompt, Prompted};
use crate::state::screen::{Compare, InsList, Pane, PaneKind, PatientScreen, Screen};
use crate::state::{Level, Purpose, State};
use crate::update::{card, corrections, form, laboratory};
use crate::wire::{ask, ask_newest, ask_plain};

/// Letters of the documents of the national list; the others take a digit-free letter that is left.
const LETTERS: [(DeviceKind, char); 9] = [
    (DeviceKind::NationalIdCard, 'c'),
    (DeviceKind::Passport, 'p'),
    (DeviceKind::ResidencePermit, 't'),
    (DeviceKind::ElectronicId, 'e'),
    (DeviceKind::MinorCirculation, 'd'),
    (DeviceKind::FamilyBook, 'l'),
    (DeviceKind::BirthCertificate, 'a'),
    (DeviceKind::DrivingLicence, 'x'),
    (DeviceKind::VitaleCard, 'v'),
];
/// Longest list asked for: more than a person reads.
const HITS: u16 = 100;

pub(super) fn run(state: &mut State, cmd: Cmd) -> Vec<Effect> {
    match cmd {
        Cmd::PatientCreate => form::create_form(state),
        Cmd::Degraded => {
            prompt(state, m::DEGRADED, m::DEGRADED_NOTE, "", Prompted::Degraded);
            Vec::new()
        }
        Cmd::StatusHelp => {
            if let Some(record) = state.record() {
                let said = m::status_help(record);
                state.say(Level::Info, said);
            }
            Vec::new()
        }
        Cmd::FormEnter => form::enter(state),
        Cmd::FieldNext => form::field_next(state),
        Cmd::FieldPrevious => {
            if let Some(Screen::Form(form)) = state.screen_mut() {
                form.step(false);
            }
            Vec::new()
        }
        Cmd::FormSave => form::save(state, None),
        Cmd::PatientNext => patient_next(state),
        Cmd::PatientShow => match state.patient() {
            Some(id) => show_patient(state, id),
            None => Vec::new(),
        },
        Cmd::InsFetch => match state.patient() {
            Some(id) => {
                state.say(Level::Done, m::DONE_FETCH);
                vec![ask::<rpc::InsFetch>(state, &FetchParams { id, wait: false }, Purpose::Fetch)]
            }
            None => Vec::new(),
        },
        Cmd::InsManual => form::edit_form(state, None),
        Cmd::ConsentEdit => consent(state),
        Cmd::PatientHistory => history(state),
        Cmd::PatientCorrections => corrections::show(state),
        Cmd::AttributeHomonyme => attribute(state, Attribute::Homonyme),
        Cmd::AttributeDouteux => attribute(state, Attribute::Douteux),
        Cmd::AttributeFictif => attribute(state, Attribute::Fictif),
        Cmd::InsQualify => qualify(state),
        Cmd::InsAccept => accept(state, false),
        Cmd::InsRefuse => {
            let Some(Screen::Compare(c)) = state.screen() else { return Vec::new() };
            let Some(pending) = &c.pending else { return Vec::new() };
            let then = Prompted::RefuseReturn(c.record.id, pending.id);
            prompt(state, m::REFUSE, m::REFUSE_NOTE, "", then);
            Vec::new()
        }
        Cmd::GoIns => {
            state.go_home();
            state.push(Screen::InsList(InsList::default()));
            vec![read_ins_list(state)]
        }
        _ => Vec::new(),
    }
}

/// Opens a one-line question.
pub(super) fn prompt(state: &mut State, title: &str, note: &str, text: &str, then: Prompted) {
    let (title, note) = (title.to_owned(), note.to_owned());
    state.layers.push(Layer::Prompt(Prompt { title, note, field: Field::with(text), then }));
}

/// Searches for what is typed; the answer to an older text is dropped on both sides.
pub(super) fn search(state: &mut State) -> Vec<Effect> {
    let Some(home) = state.home_mut() else { return Vec::new() };
    home.in_list = false;
    home.create_when_ready = false;
    home.dossier_when_ready = false;
    let text = home.field.text().to_owned();
    let params = SearchParams { text: text.clone(), limit: Some(HITS) };
    vec![ask_newest::<rpc::PatientSearch>(state, &params, Purpose::Search(text), Slot::Search)]
}

/// Opens the chosen patient; typed ahead of the answer, it waits for it.
pub(super) fn open_hit(state: &mut State) -> Vec<Effect> {
    let Some(home) = state.home_mut() else { return Vec::new() };
    if !home.is_current() {
        home.open_when_ready = true;
        return Vec::new();
    }
    home.open_when_ready = false;
    if let Some(dossier) = home.dossier {
        return laboratory::show_dossier(state, dossier, None);
    }
    match home.hits.get(home.selected).map(|h| h.id) {
        Some(id) => show_patient(state, id),
        None => Vec::new(),
    }
}

/// Shows a patient at once, then reads the record.
pub(super) fn show_patient(state: &mut State, id: PatientId) -> Vec<Effect> {
    let record = state.record().filter(|r| r.id == id).cloned().map(Box::new);
    state.push(Screen::Patient(PatientScreen { id, record, selected: 0 }));
    vec![read_patient(state, id)]
}

pub(super) fn read_patient(state: &mut State, id: PatientId) -> Effect {
    ask::<rpc::PatientGet>(state, &PatientRef { id }, Purpose::Patient(id))
}

pub(super) fn read_return(state: &mut State, id: PatientId) -> Effect {
    ask::<rpc::InsCompare>(state, &PatientRef { id }, Purpose::Compare(id))
}

pub(super) fn read_ins_list(state: &mut State) -> Effect {
    ask_plain::<rpc::InsWorklist>(state, Purpose::InsList)
}

// ---- the record ----------------------------------------------------------------------------

fn patient_next(state: &mut State) -> Vec<Effect> {
    let Some(record) = state.record() else { return Vec::new() };
    if matches!(record.insi, InsiState::ToDecide { .. }) {
        let (id, record) = (record.id, Box::new(record.clone()));
        state.push(Screen::Compare(Compare { record, pending: None, sending: false }));
        return vec![read_return(state, id)];
    }
    if record.status == Status::Recuperee && state.may_qualify() {
        return qualify(state);
    }
    if state.may_fetch_ins() && matches!(record.insi, InsiState::NotFound { .. } | InsiState::Several { .. })
    {
        return card::levers(state);
    }
    let Some(Screen::Patient(p)) = state.screen() else { return Vec::new() };
    let chosen = p.record.as_ref().and_then(|r| r.dossiers.get(p.selected)).map(|d| d.id);
    match chosen {
        Some(id) => laboratory::show_dossier(state, id, None),
        None => laboratory::run(state, Cmd::DossierCreate),
    }
}

/// Sets or removes an attribute, its effects listed before they happen.
fn attribute(state: &mut State, attribute: Attribute) -> Vec<Effect> {
    let Some(record) = state.record() else { return Vec::new() };
    let now = record.state;
    let on = match attribute {
        Attribute::Homonyme => !now.homonyme,
        Attribute::Douteux => !now.douteux,
        Attribute::Fictif => !now.fictif,
    };
    let id = record.id;
    match now.apply(Event::AttributeChanged { attribute, on }) {
        Err(refusal) => state.say(Level::Warning, m::capital(&refusal.to_string())),
        Ok(transition) => {
            let question = m::attribute_question(attribute, on);
            let lines = m::transition(now.status(), &transition, &record.receivers);
            if attribute == Attribute::Homonyme {
                let then = Confirmed::Attribute(id, attribute, on);
                state.layers.push(Layer::Confirm(Confirm { question, lines, then }));
            } else {
                // Effects and motive in one step: the motive is typed under what will happen.
                let note = format!("{}\n\n{}", lines.join("\n"), m::ATTRIBUTE_MOTIVE);
                prompt(state, &question, &note, "", Prompted::Attribute(id, attribute, on));
            }
        }
    }
    Vec::new()
}

fn qualify(state: &mut State) -> Vec<Effect> {
    let Some(record) = state.record() else { return Vec::new() };
    if let (true, Some(proof)) = (state.is_to_validate(), &record.proof) {
        let question = m::validate_identity(proof.words(), &state.day(proof.checked_at));
        let then = Confirmed::ValidateIdentity(record.id);
        state.layers.push(Layer::Confirm(Confirm { question, lines: Vec::new(), then }));
        return Vec::new();
    }
    let then = ChoiceThen::Qualify(record.id);
    let choice = devices(m::QUALIFY, record, &state.devices(), then);
    state.layers.push(Layer::Choice(choice));
    Vec::new()
}

/// The choice of a device; the traits to compare with it stay readable in the bandeau above.
pub(super) fn devices(title: &str, record: &PatientRecord, known: &[DeviceRule], then: ChoiceThen) -> Choice {
    let minor = record.age.is_some_and(|a| a < 18);
    let items = lettered(known)
        .filter(|(d, _)| minor || !d.with_parent)
        .filter(|(d, _)| !(matches!(then, ChoiceThen::QualifyParent(..)) && d.with_parent))
        .map(|(d, letter)| ChoiceItem {
            letter,
            label: d.label.clone(),
            detail: d.confidence().to_owned(),
            differs: String::new(),
        })
        .collect();
    Choice { title: title.to_owned(), note: m::QUALIFY_NOTE.to_owned(), items, selected: 0, then }
}

/// The documents of the site, each with its letter: that of the national list, else one that is left.
fn lettered(known: &[DeviceRule]) -> impl Iterator<Item = (&DeviceRule, char)> {
    let taken = |letter: &char| LETTERS.iter().any(|(_, l)| l == letter);
    let mut left = ('a'..='z').filter(move |l| !taken(l));
    known.iter().filter_map(move |rule| {
        let national = LETTERS.iter().find(|(kind, _)| *kind == rule.kind).map(|(_, letter)| *letter);
        Some((rule, national.or_else(|| left.next())?))
    })
}

/// The document of that letter.
pub(super) fn device_of(known: &[DeviceRule], letter: char) -> Option<DeviceRule> {
    lettered(known).find(|(_, l)| *l == letter).map(|(d, _)| d.clone())
}

/// Accepts the return on screen in one key; a contradiction asks first.
pub(super) fn accept(state: &mut State, despite_contradiction: bool) -> Vec<Effect> {
    let Some(Screen::Compare(c)) = state.screen_mut() else { return Vec::new() };
    let Some(pending) = &c.pending else { return Vec::new() };
    let (id, return_id) = (c.record.id, pending.id);
    if pending.comparison.contradictions() > 0 && !despite_contradiction {
        let lines = m::contradictions(&pending.comparison);
        let (question, then) = (m::CONTRADICTION.to_owned(), Confirmed::AcceptDespite(id, return_id));
        state.layers.push(Layer::Confirm(Confirm { question, lines, then }));
        return Vec::new();
    }
    c.sending = true;
    let params = DecideParams { id, return_id: Some(return_id), despite_contradiction, motive: None };
    vec![ask::<rpc::InsAccept>(state, &params, Purpose::Decide(true))]
}

fn consent(state: &mut State) -> Vec<Effect> {
    let Some(record) = state.record() else { return Vec::new() };
    let now = record.consent;
    let then = ChoiceThen::Consent(record.id);
    let items = ChoiceItem::table(&m::CONSENT_CHOICES);
    let selected = match (now.informed, now.opposed) {
        (true, false) => 0,
        (_, true) => 1,
        (false, false) => 2,
    };
    let (title, note) = (m::CONSENT.to_owned(), String::new());
    state.layers.push(Layer::Choice(Choice { title, note, items, selected, then }));
    Vec::new()
}

fn history(state: &mut State) -> Vec<Effect> {
    let Some(id) = state.patient() else { return Vec::new() };
    let (kind, title) = (PaneKind::History(id), m::HISTORY.to_owned());
    let record = state.record().cloned().map(Box::new);
    state.push(Screen::Pane(Pane { kind, record, title, lines: None, top: 0 }));
    vec![ask::<rpc::PatientHistory>(state, &PatientRef { id }, Purpose::Pane)]
}
