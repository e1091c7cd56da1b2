//! Answers that change more than one screen or move on by themselves: a search, a creation, a record, a dossier.

use base64::Engine as _;
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::protocol::audit::Lines;
use paillasse_shared::protocol::dossier::{
    BillingSlip, CatalogueHits, Correspondents, DossierView, Preview, PreviewFiles,
};
use paillasse_shared::protocol::patient::{
    Created, History, HistoryLine, InsiState, Matricules, PatientRecord, SearchResult,
};
use serde_json::Value;

use super::replies::Done;
use crate::action::Effect;
use crate::client::Failure;
use crate::command::Cmd;
use crate::messages as m;
use crate::state::layer::Layer;
use crate::state::screen::{Leaving, PaneKind, PatientScreen, Screen, Step};
use crate::state::{Level, State, french_date};
use crate::update::{form, laboratory, layers, reception};
use crate::wire;

pub(super) fn found(state: &mut State, text: String, result: SearchResult) -> Done {
    let Some(home) = state.home_mut() else { return Ok(Vec::new()) };
    if home.field.text() != text {
        return Ok(Vec::new());
    }
    // The same search again (a refresh) keeps the cursor on its patient.
    home.selected =
        if home.is_current() { kept(Some(&home.hits), home.selected, &result.hits, |h| h.id) } else { 0 };
    home.hits = result.hits;
    home.more = result.more;
    home.dossier = result.dossier;
    home.answered = Some(text);
    // A card says as much as a code, and more than was typed.
    let card = home.card.take();
    let by_card = card.is_some() && result.scanned.is_none();
    home.scanned = result.scanned.or(card);
    if let Some(s) = &home.scanned {
        // The words instead of the code: a person can read them, and search them again.
        let words = format!("{} {} {}", s.birth_name, s.first_name, french_date(&s.birth_date));
        home.field.set(&words);
        home.answered = Some(words);
    }
    let at_home = state.layers.is_empty() && matches!(state.screen(), Some(Screen::Home(_)));
    let Some(home) = state.home_mut() else { return Ok(Vec::new()) };
    let typed_ahead = std::mem::take(&mut home.open_when_ready);
    let registering = std::mem::take(&mut home.dossier_when_ready);
    let creating = std::mem::take(&mut home.create_when_ready);
    let unknown_code = typed_ahead && home.scanned.is_some() && home.hits.is_empty();
    if at_home && (creating || unknown_code) {
        let effects = form::create_form(state);
        if unknown_code {
            state.say(Level::Info, if by_card { m::CARD_NEW } else { m::SCAN_NEW });
        }
        return Ok(effects);
    }
    // One person and no doubt, or a dossier: `Entrée` typed ahead opens; several: the person chooses.
    let certain = home.dossier.is_some() || home.hits.len() == 1;
    if registering && at_home && home.hits.len() == 1 {
        return Ok(laboratory::run(state, Cmd::DossierCreate));
    }
    if typed_ahead && at_home && certain {
        return Ok(reception::open_hit(state));
    }
    if typed_ahead {
        state.notice = None;
    }
    Ok(Vec::new())
}

pub(super) fn created(state: &mut State, created: Created) -> Done {
    if let Some(Screen::Form(form)) = state.screen_mut() {
        form.sending = false;
    }
    match created {
        Created::Created { patient } => {
            if matches!(state.screen(), Some(Screen::Form(_))) {
                state.pop();
            }
            state.draft = None;
            // The search that led here has done its work; the next patient starts from an empty field.
            if let Some(home) = state.home_mut() {
                home.field.set("");
            }
            state.say(Level::Done, m::DONE_CREATED);
            let id = patient.id;
            state.push(Screen::Patient(PatientScreen { id, record: Some(patient), selected: 0 }));
        }
        Created::Similar { hits } => form::similar(state, &hits),
    }
    Ok(Vec::new())
}

/// A record, wherever that patient is shown.
pub(super) fn show_record(state: &mut State, id: PatientId, record: PatientRecord) {
    for screen in state.screens_mut() {
        match screen {
            Screen::Patient(p) if p.id == id => {
                p.selected = p.selected.min(record.dossiers.len().saturating_sub(1));
                p.record = Some(Box::new(record.clone()));
            }
            Screen::Compare(c) if c.record.id == id => {
                *c.record = record.clone();
                c.sending = false;
            }
            Screen::Form(f) if f.record.as_ref().is_some_and(|r| r.id == id) => {
                f.record = Some(Box::new(record.clone()));
            }
            Screen::Pane(p) if p.record.as_ref().is_some_and(|r| r.id == id) => {
                p.record = Some(Box::new(record.clone()));
            }
            Screen::NewDossier(n) if n.patient == id => n.record = Some(Box::new(record.clone())),
            Screen::Dossier(d) if d.view.as_ref().is_some_and(|v| v.patient == id) => {
                d.record = Some(Box::new(record.clone()));
            }
            _ => {}
        }
    }
}

/// A record read again. When INSi answered meanwhile, what to do next replaces what was said before.
pub(super) fn reread_record(state: &mut State, id: PatientId, record: PatientRecord) {
    let before = state.record().filter(|r| r.id == id).map(|r| std::mem::discriminant(&r.insi));
    let news = before.is_some_and(|b| b != std::mem::discriminant(&record.insi));
    if news && !matches!(record.insi, InsiState::Running { .. }) && said_done(state) {
        state.notice = None;
    }
    show_record(state, id, record);
}

/// Whether the announcement line still tells of something done.
fn said_done(state: &State) -> bool {
    matches!(state.notice, Some((Level::Done, _)))
}

/// A dossier read again because something changed elsewhere; says when the last recipient has it.
pub(super) fn reread_dossier(state: &mut State, view: DossierView) -> Vec<Effect> {
    let leaving = |state: &State| match state.screen() {
        Some(Screen::Dossier(d)) if d.id == view.id && d.view.is_some() => Some(d.leaving()),
        _ => None,
    };
    let before = leaving(state);
    let effects = show_dossier(state, view.clone());
    if before == Some(Leaving::UnderWay) && leaving(state) == Some(Leaving::Delivered) {
        state.say(Level::Done, m::all_delivered(&view));
    } else if before.is_some() && before != leaving(state) && said_done(state) {
        state.notice = None;
    }
    effects
}

/// A typed result came back; a validation typed ahead of it goes on.
pub(super) fn result_entered(state: &mut State, view: DossierView) -> Vec<Effect> {
    let mut effects = show_dossier(state, view);
    if matches!(state.screen(), Some(Screen::Dossier(d)) if d.validate_when_ready) {
        effects.extend(laboratory::validate(state, false));
    }
    effects
}

/// A dossier, wherever it is shown; its patient is read for the bandeau when needed.
pub(super) fn show_dossier(state: &mut State, view: DossierView) -> Vec<Effect> {
    let mut patient = None;
    for screen in state.screens_mut() {
        let Screen::Dossier(d) = screen else { continue };
        if d.id != view.id {
            continue;
        }
        // An answer older than what is shown changes nothing.
        if d.view.as_ref().is_some_and(|v| v.version > view.version) {
            continue;
        }
        d.sending = false;
        let current = d.current().map(|r| r.id);
        d.view = Some(Box::new(view.clone()));
        d.selected = d.results().iter().position(|r| Some(r.id) == current).unwrap_or(d.selected);
        if d.record.as_ref().is_none_or(|r| r.id != view.patient) {
            d.record = None;
            patient = Some(view.patient);
        }
    }
    patient.map(|id| reception::read_patient(state, id)).into_iter().collect()
}

/// After a biological validation of everything, the next dossier of the list opens by itself.
pub(super) fn validated(state: &mut State, biological: bool, view: DossierView) -> Vec<Effect> {
    let id = view.id;
    let mut effects = show_dossier(state, view);
    let Some(Screen::Dossier(d)) = state.screen() else { return effects };
    let finished = biological && d.id == id && d.step() == Step::Nothing;
    if !finished {
        let said = if biological { done_biological(d.leaving()) } else { m::DONE_TECHNICAL };
        state.say(Level::Done, said);
        return effects;
    }
    let mut next = None;
    for screen in state.screens_mut() {
        let Screen::Validation(v) = screen else { continue };
        let Some(list) = &mut v.list else { continue };
        list.retain(|l| l.id != id);
        v.selected = v.selected.min(list.len().saturating_sub(1));
        next = list.get(v.selected).map(|l| l.id);
    }
    if let Some(next) = next {
        state.pop();
        state.say(Level::Done, m::DONE_NEXT);
        effects.extend(laboratory::show_dossier(state, next, Some(Default::default())));
    } else {
        let leaving = match state.screen() {
            Some(Screen::Dossier(d)) => d.leaving(),
            _ => Leaving::UnderWay,
        };
        state.say(Level::Done, done_biological(leaving));
    }
    effects
}

/// What a biological validation did to the report.
fn done_biological(leaving: Leaving) -> &'static str {
    match leaving {
        Leaving::Partial => m::DONE_PARTIAL,
        Leaving::Stopped => m::DONE_BUT_HELD,
        _ => m::DONE_BIOLOGICAL,
    }
}

pub(super) fn picks(state: &mut State, text: &str, value: Value) -> Done {
    if matches!(state.layers.last(), Some(Layer::Picker(_))) {
        let asked = match state.layers.last() {
            Some(Layer::Picker(p)) => p.field.text() == text,
            _ => false,
        };
        if asked {
            match wire::read::<CatalogueHits>(value.clone()) {
                Ok(hits) => layers::fill_exams(state, &hits),
                Err(_) => layers::fill_people(state, wire::read(value)?),
            }
        }
        return Ok(Vec::new());
    }
    let Some(Screen::NewDossier(n)) = state.screen_mut() else { return Ok(Vec::new()) };
    if n.field.text() != text {
        return Ok(Vec::new());
    }
    if n.at_correspondents {
        n.people_found = wire::read::<Correspondents>(value)?.correspondents;
    } else {
        n.exams_found = layers::exam_rows(&wire::read::<CatalogueHits>(value)?);
    }
    n.answered = Some(text.to_owned());
    match n.after.take() {
        Some(after) => Ok(laboratory::take_then(state, after)),
        None => Ok(Vec::new()),
    }
}

pub(super) fn pane(state: &mut State, value: Value) -> Done {
    let Some(Screen::Pane(p)) = state.screen() else { return Ok(Vec::new()) };
    let lines: Vec<String> = match p.kind {
        PaneKind::Journal => {
            let lines: Lines = wire::read(value)?;
            let line = |l: &paillasse_shared::domain::audit::AuditLine| {
                format!(
                    "{:>6}  {}  {:<10} {:<22} {} {}",
                    l.seq,
                    state.instant(l.at),
                    l.actor,
                    l.act,
                    l.subject,
                    l.detail
                )
            };
            lines.lines.iter().rev().map(line).collect()
        }
        PaneKind::History(_) => {
            let history: History = wire::read(value)?;
            // Who and when, then the change of status in sight whatever the width, then what was done (STA-08).
            const INDENT: usize = 34;
            let room = usize::from(state.size.0).saturating_sub(INDENT + 4).max(20);
            let line = |l: &HistoryLine| {
                let head = format!("{}  {:<12} ", state.instant(l.at), l.by);
                let change = l
                    .status
                    .map_or_else(String::new, |(from, to)| format!("{} → {} : ", from.label(), to.label()));
                let text = crate::view::pen::wrapped(&format!("{change}{}", l.what), room);
                let starts = std::iter::once(head).chain(std::iter::repeat(" ".repeat(INDENT)));
                text.into_iter()
                    .zip(starts)
                    .map(|(t, start)| format!("{start:<INDENT$}{t}"))
                    .collect::<Vec<_>>()
            };
            history.lines.iter().flat_map(line).collect()
        }
        // The title stands on the screen already.
        PaneKind::Billing => {
            wire::read::<BillingSlip>(value)?.text.lines().skip(2).map(str::to_owned).collect()
        }
        PaneKind::Matricules(_) => {
            let known: Matricules = wire::read(value)?;
            if known.former.is_empty() { vec![m::NO_MATRICULES.to_owned()] } else { m::matricules(&known) }
        }
        PaneKind::Preview(_) => wire::read::<Preview>(value)?.text.lines().map(str::to_owned).collect(),
        PaneKind::About => return Ok(Vec::new()),
    };
    if let Some(Screen::Pane(p)) = state.screen_mut() {
        p.lines = Some(lines);
    }
    Ok(Vec::new())
}

/// A preview to write for a viewer outside the terminal.
pub(super) fn preview_files(value: Value) -> Done {
    let files: PreviewFiles = wire::read(value)?;
    let decoded = |text: &str| {
        let decoded = base64::engine::general_purpose::STANDARD.decode(text);
        decoded.map_err(|e| Failure::Unreadable(e.to_string()))
    };
    Ok(vec![Effect::Preview(files.stem, decoded(&files.html)?, decoded(&files.pdf)?)])
}

/// Rank of the line that was under the cursor, in a new list; nothing jumps.
pub(super) fn kept<T, K: PartialEq>(
    before: Option<&[T]>,
    selected: usize,
    now: &[T],
    key: impl Fn(&T) -> K,
) -> usize {
    let wanted = before.and_then(|b| b.get(selected)).map(&key);
    let found = wanted.and_then(|w| now.iter().position(|n| key(n) == w));
    found.unwrap_or_else(|| selected.min(now.len().saturating_sub(1)))
}
