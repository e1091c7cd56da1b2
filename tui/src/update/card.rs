//! The card read on this workstation, and the levers after an INSi search without result.
//!
//! A card that is read only says so, quietly: one key opens its patient, or calls INSi by it for the patient on screen.

use paillasse_shared::protocol::card::{CallParams, PersonView, ShowParams, Shown};
use paillasse_shared::protocol::ins::FetchParams;
use paillasse_shared::protocol::methods as rpc;
use paillasse_shared::protocol::patient::{InsiState, PatientRef, ScannedTraits};

use crate::action::Effect;
use crate::client::Slot;
use crate::command::Cmd;
use crate::messages as m;
use crate::state::layer::{Choice, ChoiceItem, ChoiceThen, Layer};
use crate::state::screen::{PLACE_FIELD, Pane, PaneKind, Screen};
use crate::state::{Level, Purpose, State, french_date};
use crate::update::{form, laboratory, reception};
use crate::wire::{ask, ask_newest};

/// Letters of the people of a card, in its order.
const LETTERS: &str = "abcdefghijklmnopqrst";

pub(super) fn run(state: &mut State, cmd: Cmd) -> Vec<Effect> {
    match cmd {
        Cmd::CardUse => use_card(state),
        Cmd::PatientMatricules => {
            let Some(id) = state.patient() else { return Vec::new() };
            let (kind, title) = (PaneKind::Matricules(id), m::MATRICULES.to_owned());
            let record = state.record().cloned().map(Box::new);
            state.push(Screen::Pane(Pane { kind, record, title, lines: None, top: 0 }));
            vec![ask::<rpc::PatientMatricules>(state, &PatientRef { id }, Purpose::Pane)]
        }
        _ => Vec::new(),
    }
}

/// A card was read or left: it is looked at, compared with the patient on screen.
pub(super) fn read_card(state: &mut State) -> Effect {
    let patient = match state.screen() {
        Some(Screen::Patient(p)) => Some(p.id),
        _ => None,
    };
    let params = ShowParams { patient };
    ask_newest::<rpc::CardShow>(state, &params, Purpose::Card(false), Slot::Card)
}

/// The answer: a quiet notice, or what the key asked for.
pub(super) fn shown(state: &mut State, now: Shown, asked: bool) -> Vec<Effect> {
    let before = state.card.as_ref().map(|c| c.reading);
    state.card = now.card;
    if asked {
        return go(state);
    }
    match &state.card {
        Some(card) if before != Some(card.reading) => {
            let said = m::card_read(card);
            state.say(Level::Info, said);
        }
        None if before.is_some() => state.notice = None,
        _ => {}
    }
    Vec::new()
}

/// The key: the card is looked at again first, since it may have changed since the notice.
fn use_card(state: &mut State) -> Vec<Effect> {
    let patient = match state.screen() {
        Some(Screen::Patient(p)) => Some(p.id),
        _ => None,
    };
    vec![ask_newest::<rpc::CardShow>(state, &ShowParams { patient }, Purpose::Card(true), Slot::Card)]
}

fn go(state: &mut State) -> Vec<Effect> {
    let Some(card) = state.card.clone() else {
        state.say(Level::Info, m::NO_CARD);
        return Vec::new();
    };
    let on_patient = match state.screen() {
        Some(Screen::Patient(p)) => p.record.as_ref().filter(|_| state.may_fetch_ins()).map(|r| r.id),
        _ => None,
    };
    if let Some(id) = on_patient {
        let fit: Vec<&PersonView> = card.people.iter().filter(|p| p.differs.is_empty()).collect();
        match fit.as_slice() {
            [] if card.people.iter().any(|p| p.callable) => {
                state.say(Level::Warning, m::CARD_OF_ANOTHER);
                return Vec::new();
            }
            [one] if one.callable => {
                let params =
                    CallParams { id, reading: card.reading, position: Some(one.position), wait: false };
                state.say(Level::Done, m::DONE_FETCH);
                return vec![ask::<rpc::InsFetchByCard>(state, &params, Purpose::Fetch)];
            }
            [] | [_] => {
                state.say(Level::Info, m::CARD_NOT_CALLABLE);
                return Vec::new();
            }
            _ => {}
        }
    }
    match card.people.as_slice() {
        [one] => open_person(state, one),
        people => {
            let items = people
                .iter()
                .zip(LETTERS.chars())
                .map(|(p, letter)| ChoiceItem {
                    letter,
                    label: format!("{} {}", p.name, p.given_name),
                    detail: p.birth_date_shown.clone(),
                    differs: String::new(),
                })
                .collect();
            let then = ChoiceThen::CardPerson(card.reading, on_patient, people.to_vec());
            let (title, note) = (m::CARD_PEOPLE.to_owned(), String::new());
            state.layers.push(Layer::Choice(Choice { title, note, items, selected: 0, then }));
            Vec::new()
        }
    }
}

/// One of the people of a card was chosen.
pub(super) fn chosen(state: &mut State, then: ChoiceThen, rank: usize) -> Vec<Effect> {
    let ChoiceThen::CardPerson(reading, patient, people) = then else { return Vec::new() };
    let Some(person) = people.get(rank) else { return Vec::new() };
    match patient {
        Some(id) if person.callable => {
            let params = CallParams { id, reading, position: Some(person.position), wait: false };
            state.say(Level::Done, m::DONE_FETCH);
            vec![ask::<rpc::InsFetchByCard>(state, &params, Purpose::Fetch)]
        }
        _ => open_person(state, person),
    }
}

/// Searches for a person of the card: opened when known, the form filled when not.
fn open_person(state: &mut State, p: &PersonView) -> Vec<Effect> {
    state.go_home();
    let words = format!("{} {} {}", p.name, p.given_name, french_date(&p.birth_date));
    if let Some(home) = state.home_mut() {
        home.field.set(&words);
        home.card = Some(ScannedTraits {
            birth_name: p.name.clone(),
            first_name: p.given_name.clone(),
            given_names: String::new(),
            birth_date: p.birth_date.clone(),
            sex: p.sex.clone().unwrap_or_default(),
            birth_place: None,
        });
    }
    let effects = reception::search(state);
    if let Some(home) = state.home_mut() {
        home.open_when_ready = true;
    }
    effects
}

// ---- levers --------------------------------------------------------------------------------

/// What may be tried after a return 01, or 02 that persists, in the order of the national memo; each with its key.
/// « Poursuivre sans INS » is always the last one (RET-10).
pub(super) fn levers(state: &mut State) -> Vec<Effect> {
    let Some(record) = state.record() else { return Vec::new() };
    let several = matches!(record.insi, InsiState::Several { .. });
    let has_place = record.traits.birth_place.as_ref().is_some_and(|p| !p.is_unknown());
    let id = record.id;
    let mut items = ChoiceItem::table(m::LEVERS);
    if let (Some(card), Some(item)) = (&state.card, items.iter_mut().find(|i| i.letter == 'c')) {
        item.detail = m::card_people(card);
    }
    items.retain(|i| i.letter != 't' || (several && has_place));
    let title = if several { m::LEVERS_SEVERAL } else { m::LEVERS_NOBODY };
    let (title, note) = (title.to_owned(), m::LEVERS_NOTE.to_owned());
    let then = ChoiceThen::Lever(id);
    state.layers.push(Layer::Choice(Choice { title, note, items, selected: 0, then }));
    Vec::new()
}

/// A lever was chosen.
pub(super) fn lever(state: &mut State, then: &ChoiceThen, letter: char) -> Vec<Effect> {
    let ChoiceThen::Lever(id) = then else { return Vec::new() };
    let field = match letter {
        'p' => 2,
        'l' => PLACE_FIELD,
        'n' => 0,
        'c' => return use_card(state),
        't' => {
            state.say(Level::Done, m::DONE_FETCH);
            let params = FetchParams { id: *id, wait: false };
            return vec![ask::<rpc::InsFetchAllNames>(state, &params, Purpose::Fetch)];
        }
        _ => return without_ins(state),
    };
    let effects = form::edit_form(state, None);
    if let Some(Screen::Form(form)) = state.screen_mut()
        && form.is_open(field)
    {
        form.focus = field;
    }
    effects
}

/// Care never waits for an INS: the chosen dossier, or a new one.
fn without_ins(state: &mut State) -> Vec<Effect> {
    let Some(Screen::Patient(p)) = state.screen() else { return Vec::new() };
    let chosen = p.record.as_ref().and_then(|r| r.dossiers.get(p.selected)).map(|d| d.id);
    match chosen {
        Some(id) => laboratory::show_dossier(state, id, None),
        None => laboratory::run(state, Cmd::DossierCreate),
    }
}
