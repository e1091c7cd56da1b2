//! Overlays: choosing, confirming, typing a reason, the palette.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use paillasse_shared::domain::dossier::CorrespondentRole;
use paillasse_shared::domain::ids::CorrespondentId;
use paillasse_shared::protocol::document::DecideParams as DocumentDecide;
use paillasse_shared::protocol::dossier::{
    AddParams, CatalogueHits, Correspondent, CorrespondentChoice, CorrespondentUpdateParams, Correspondents,
    ResultCancelParams, TraceCallParams,
};
use paillasse_shared::protocol::inbox::CloseParams;
use paillasse_shared::protocol::ins::{DecideParams, QualifyParams};
use paillasse_shared::protocol::methods as rpc;
use paillasse_shared::protocol::patient::{CreateParams, PatientRef, SetAttributeParams, SetConsentParams};
use paillasse_shared::protocol::propagation::Choice as Decision;
use paillasse_shared::protocol::queue::{CancelParams, ServiceParams};

use crate::action::Effect;
use crate::command::{COMMANDS, Cmd, Command, Group};
use crate::messages as m;
use crate::state::layer::{
    Choice, ChoiceItem, ChoiceThen, Confirmed, Layer, Pick, PickKind, Picked, Prompted,
};
use crate::state::screen::Screen;
use crate::state::{Level, Purpose, State};
use crate::update::{attach, card, corrections, delivery, form, laboratory, reception};
use crate::wire::{ask, ask_plain};

/// `Entrée` or the confirming key on the overlay on top.
pub(super) fn accept(state: &mut State, cmd: Cmd) -> Vec<Effect> {
    match state.layers.last() {
        Some(Layer::Palette { .. }) if cmd == Cmd::Choose => run_from_palette(state),
        Some(Layer::Choice(c)) if cmd == Cmd::Choose => match c.items.get(c.selected).map(|i| i.letter) {
            Some(letter) => letter_chosen(state, letter),
            None => Vec::new(),
        },
        Some(Layer::Picker(_)) if cmd == Cmd::Choose => picked(state),
        Some(Layer::Confirm(c)) if cmd == Cmd::Confirm => {
            let then = c.then.clone();
            state.layers.pop();
            confirmed(state, then)
        }
        Some(Layer::Prompt(p)) if matches!(cmd, Cmd::Confirm | Cmd::PromptAccept) => {
            let (text, then) = (p.field.text().trim().to_owned(), p.then.clone());
            state.layers.pop();
            prompted(state, text, then)
        }
        _ => Vec::new(),
    }
}

// ---- palette -------------------------------------------------------------------------------

/// The commands the palette offers, best match first: those of the screen below, possible now.
#[must_use]
pub fn palette_matches(state: &State, text: &str) -> Vec<&'static Command> {
    let contexts = state.contexts_below_palette();
    let possible = COMMANDS.iter().filter(|c| {
        matches!(c.group, Group::Screen | Group::Everywhere)
            // The palette runs with Enter: it never confirms anything.
            && !matches!(c.id, Cmd::Palette | Cmd::Confirm | Cmd::PromptAccept | Cmd::Choose)
            && c.available(&contexts, state)
    });
    if text.trim().is_empty() {
        return possible.collect();
    }
    // Parts of words, never scattered letters: Enter runs the first line, which must not be a surprise.
    let pattern = Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Substring);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let mut scored: Vec<(u32, &Command)> = possible
        .filter_map(|c| {
            let haystack = format!("{} {} {}", (c.label)(state), c.doc, c.name);
            let score = pattern.score(Utf32Str::new(&haystack, &mut buffer), &mut matcher)?;
            Some((score, c))
        })
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, c)| c).collect()
}

pub(super) fn palette_len(state: &State) -> usize {
    match state.layers.last() {
        Some(Layer::Palette { field, .. }) => palette_matches(state, field.text()).len(),
        _ => 0,
    }
}

fn run_from_palette(state: &mut State) -> Vec<Effect> {
    let Some(Layer::Palette { field, selected }) = state.layers.last() else { return Vec::new() };
    let chosen = palette_matches(state, field.text()).get(*selected).map(|c| c.id);
    state.layers.pop();
    match chosen {
        Some(cmd) => super::run(state, cmd),
        None => Vec::new(),
    }
}

// ---- choices -------------------------------------------------------------------------------

/// A letter chooses at once.
pub(super) fn letter(state: &mut State, text: &str) -> Vec<Effect> {
    let Some(Layer::Choice(c)) = state.layers.last() else { return Vec::new() };
    let typed = text.chars().next().map(|c| c.to_ascii_lowercase());
    match c.items.iter().find(|i| Some(i.letter) == typed).map(|i| i.letter) {
        Some(letter) => letter_chosen(state, letter),
        None => Vec::new(),
    }
}

fn letter_chosen(state: &mut State, letter: char) -> Vec<Effect> {
    let Some(Layer::Choice(choice)) = state.layers.pop() else { return Vec::new() };
    let rank = choice.items.iter().position(|i| i.letter == letter).unwrap_or(0);
    match choice.then {
        ChoiceThen::Qualify(id) => {
            let known = state.devices();
            let Some(rule) = reception::device_of(&known, letter) else { return Vec::new() };
            let device = rule.kind;
            if rule.with_parent {
                let then = ChoiceThen::QualifyParent(id, device);
                if let Some(record) = state.record() {
                    let next = reception::devices(m::QUALIFY_PARENT, record, &known, then);
                    state.layers.push(Layer::Choice(next));
                }
                return Vec::new();
            }
            qualify(state, QualifyParams { id, device, parent_device: None })
        }
        ChoiceThen::QualifyParent(id, device) => {
            let parent_device = reception::device_of(&state.devices(), letter).map(|d| d.kind);
            qualify(state, QualifyParams { id, device, parent_device })
        }
        ChoiceThen::Correction(lines) => {
            if let Some(line) = lines.get(rank) {
                corrections::chosen(state, line);
            }
            Vec::new()
        }
        ChoiceThen::Consent(id) => {
            let params = SetConsentParams { id, informed: rank < 2, opposed: rank == 1 };
            vec![ask::<rpc::PatientSetConsent>(state, &params, Purpose::Consent)]
        }
        ChoiceThen::Role(id, correspondent) => {
            let role = match rank {
                0 => CorrespondentRole::Prescriber,
                1 => CorrespondentRole::AttendingPhysician,
                _ => CorrespondentRole::Copy,
            };
            let correspondents = vec![CorrespondentChoice { correspondent, role }];
            let params = AddParams { id, analyses: Vec::new(), correspondents };
            let purpose = Purpose::DossierChanged(m::DONE_CORRESPONDENT.to_owned());
            vec![ask::<rpc::DossierAdd>(state, &params, purpose)]
        }
        then @ ChoiceThen::CardPerson(..) => card::chosen(state, then, rank),
        then @ ChoiceThen::Lever(_) => card::lever(state, &then, letter),
        ChoiceThen::Similar(ids, params) => match ids.get(rank) {
            Some(id) => {
                // The form is left for the record that already exists.
                state.pop();
                reception::show_patient(state, *id)
            }
            None if letter == form::HOMONYMS => {
                let params = CreateParams { homonyms: ids, ..*params };
                form::create(state, &params)
            }
            None => form::create(state, &params),
        },
    }
}

fn qualify(state: &mut State, params: QualifyParams) -> Vec<Effect> {
    vec![ask::<rpc::InsQualify>(state, &params, Purpose::Qualify)]
}

// ---- picker --------------------------------------------------------------------------------

/// Looks for what the picker's field holds.
pub(super) fn search(state: &mut State) -> Vec<Effect> {
    let Some(Layer::Picker(p)) = state.layers.last_mut() else { return Vec::new() };
    p.selected = 0;
    let (text, people) = (p.field.text().to_owned(), !matches!(p.kind, PickKind::Exam(_)));
    vec![laboratory::look_up(state, text, people)]
}

/// Examinations as lines: panels first, since one of them stands for many.
pub(super) fn exam_rows(hits: &CatalogueHits) -> Vec<(String, String, String)> {
    let panels = hits.panels.iter().map(|p| (p.code.clone(), p.label.clone(), p.analyses.join(", ")));
    let analyses = hits.analyses.iter().map(|a| {
        let detail = a.unit.clone().unwrap_or_default();
        (a.code.clone(), a.label.clone(), detail)
    });
    panels.chain(analyses).collect()
}

/// A correspondent as shown: `Dr Roux Claire, Le Port`.
pub(super) fn person(c: &Correspondent) -> String {
    let f = &c.facts;
    let title = match f.title.as_deref() {
        Some("DR") => "Dr ",
        Some("PR") => "Pr ",
        _ => "",
    };
    let town = f.town.as_ref().map(|t| format!(", {t}")).unwrap_or_default();
    format!("{title}{} {}{town}", f.family, f.given)
}

pub(super) fn fill_exams(state: &mut State, hits: &CatalogueHits) {
    if let Some(Layer::Picker(p)) = state.layers.last_mut() {
        p.rows = exam_rows(hits)
            .into_iter()
            .map(|(code, label, detail)| Pick { label, detail, what: Picked::Exam(code) })
            .collect();
    }
}

pub(super) fn fill_people(state: &mut State, found: Correspondents) {
    if let Some(Layer::Picker(p)) = state.layers.last_mut() {
        p.rows = found
            .correspondents
            .into_iter()
            .map(|c| Pick {
                label: person(&c),
                detail: c.facts.mss_address.clone().unwrap_or_default(),
                what: Picked::Correspondent(Box::new(c)),
            })
            .collect();
    }
}

fn picked(state: &mut State) -> Vec<Effect> {
    let Some(Layer::Picker(picker)) = state.layers.pop() else { return Vec::new() };
    let Some(pick) = picker.rows.into_iter().nth(picker.selected) else { return Vec::new() };
    match (picker.kind, pick.what) {
        (PickKind::Exam(id), Picked::Exam(code)) => {
            let params = AddParams { id, analyses: vec![code], correspondents: Vec::new() };
            let purpose = Purpose::DossierChanged(m::DONE_EXAM.to_owned());
            vec![ask::<rpc::DossierAdd>(state, &params, purpose)]
        }
        (PickKind::Correspondent(dossier), Picked::Correspondent(c)) => {
            state.layers.push(Layer::Choice(roles(dossier, c.id, &pick.label)));
            Vec::new()
        }
        (PickKind::Address(cause), Picked::Correspondent(c)) => {
            let address = c.facts.mss_address.clone().unwrap_or_default();
            let note = format!("{} : {}", pick.label, m::ADDRESS_NOTE);
            reception::prompt(state, m::ADDRESS, &note, &address, Prompted::Address(c, cause));
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn roles(dossier: paillasse_shared::domain::ids::DossierId, who: CorrespondentId, label: &str) -> Choice {
    let role = |letter, role: CorrespondentRole| ChoiceItem {
        letter,
        label: role.label().to_owned(),
        detail: String::new(),
        differs: String::new(),
    };
    Choice {
        title: m::ROLE.to_owned(),
        note: label.to_owned(),
        items: vec![
            role('p', CorrespondentRole::Prescriber),
            role('t', CorrespondentRole::AttendingPhysician),
            role('c', CorrespondentRole::Copy),
        ],
        selected: 0,
        then: ChoiceThen::Role(dossier, who),
    }
}

// ---- confirmations and typed lines ---------------------------------------------------------

fn confirmed(state: &mut State, then: Confirmed) -> Vec<Effect> {
    match then {
        Confirmed::Quit => vec![Effect::Quit],
        Confirmed::Decide(id, decision) => {
            vec![ask::<rpc::DocumentDecide>(state, &DocumentDecide { id, decision }, Purpose::Document)]
        }
        Confirmed::RetryCause(key) => delivery::retry_cause(state, key),
        Confirmed::Pause(service) => {
            state.say(Level::Done, m::DONE_PAUSED);
            let pause = ask::<rpc::QueuePause>(state, &ServiceParams { service }, Purpose::Queue);
            vec![pause, ask_plain::<rpc::StatusGet>(state, Purpose::Status)]
        }
        Confirmed::AcceptDespite(..) => reception::accept(state, true),
        Confirmed::ValidateIdentity(id) => {
            vec![ask::<rpc::InsValidate>(state, &PatientRef { id }, Purpose::Qualify)]
        }
        Confirmed::Attribute(id, attribute, on) => {
            let params = SetAttributeParams { id, attribute, on, motive: None };
            vec![ask::<rpc::PatientSetAttribute>(state, &params, Purpose::Attribute(on))]
        }
        Confirmed::Validate => laboratory::validate(state, true),
        Confirmed::Correction(id) => corrections::decide(state, id, Decision::Confirm, None),
        Confirmed::Attach(params) => attach::send(state, *params),
    }
}

fn prompted(state: &mut State, text: String, then: Prompted) -> Vec<Effect> {
    match then {
        Prompted::RefuseReturn(id, return_id) => {
            if let Some(Screen::Compare(c)) = state.screen_mut() {
                c.sending = true;
            }
            let params = DecideParams {
                id,
                return_id: Some(return_id),
                despite_contradiction: false,
                motive: Some(text),
            };
            vec![ask::<rpc::InsRefuse>(state, &params, Purpose::Decide(false))]
        }
        Prompted::CancelOrder(id) => {
            let params = CancelParams { id, motive: text };
            vec![ask::<rpc::QueueCancel>(state, &params, Purpose::QueueActed(m::DONE_CANCELLED))]
        }
        Prompted::CancelResult(dossier, analysis) => {
            let params = ResultCancelParams { dossier, analysis, motive: text };
            let purpose = Purpose::DossierChanged(m::DONE_EXAM_REMOVED.to_owned());
            vec![ask::<rpc::ResultCancel>(state, &params, purpose)]
        }
        Prompted::EditTraits => form::save(state, Some(text)),
        Prompted::Degraded => form::degraded(state, text),
        Prompted::TraceCall(id) => {
            let params = TraceCallParams { id, note: text };
            let purpose = Purpose::DossierChanged(m::DONE_TRACED.to_owned());
            vec![ask::<rpc::DossierTraceCall>(state, &params, purpose)]
        }
        Prompted::LabNumber => laboratory::received_from(state, text),
        Prompted::Address(correspondent, cause) => {
            let mut facts = correspondent.facts;
            facts.mss_address = Some(text);
            let params = CorrespondentUpdateParams { id: correspondent.id, facts };
            vec![ask::<rpc::CorrespondentUpdate>(state, &params, Purpose::Address(cause))]
        }
        Prompted::Attribute(id, attribute, on) => {
            let params = SetAttributeParams { id, attribute, on, motive: Some(text) };
            vec![ask::<rpc::PatientSetAttribute>(state, &params, Purpose::Attribute(on))]
        }
        Prompted::CorrectionDone(id) => corrections::decide(state, id, Decision::Done, Some(text)),
        Prompted::AttachMessage(id) => attach::typed(state, id, &text),
        Prompted::CloseMessage(id) => {
            let params = CloseParams { id, motive: text };
            vec![ask::<rpc::InboxClose>(state, &params, Purpose::Replayed)]
        }
    }
}
