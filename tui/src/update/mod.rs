//! Transitions: `update(&mut State, Action) -> Vec<Effect>`. Synchronous and total: it never waits,
//! never draws, and accepts any action in any state.

mod arrivals;
mod attach;
mod card;
mod corrections;
mod delivery;
mod events;
mod form;
mod laboratory;
pub mod layers;
mod reception;
mod replies;

use crate::action::{Action, Effect};
use crate::client::FromDaemon;
use crate::command::{self, Cmd};
use crate::keymap::scanner::Scan;
use crate::messages as m;
use crate::state::field::{Edit, Field};
use crate::state::layer::{Confirm, Confirmed, Layer};
use crate::state::screen::{PLACE_FIELD, Pane, PaneKind, Screen};
use crate::state::{Level, State};
use crate::theme::BUILT_IN;

/// Applies an action; returns what is asked of the world.
pub fn update(state: &mut State, action: Action) -> Vec<Effect> {
    if !matches!(action, Action::Daemon(_) | Action::Resize(..)) {
        state.notice = None;
        state.started = true;
    }
    match action {
        Action::Run(cmd) => run(state, cmd),
        Action::Insert(c) => insert(state, &c.to_string()),
        Action::Paste(text) => insert(state, &text),
        Action::Scan(scan) => scanned(state, &scan),
        Action::Useless(key) => {
            let said = match state.layers.last() {
                Some(Layer::Confirm(_)) => m::ANSWER.to_owned(),
                _ => m::useless(&key),
            };
            state.say(Level::Info, said);
            Vec::new()
        }
        Action::Resize(w, h) => {
            state.size = (w, h);
            Vec::new()
        }
        Action::Written(done) => {
            match done {
                Ok(path) => state.say(Level::Done, m::preview_written(&path)),
                Err(why) => state.say(Level::Error, m::preview_failed(&why)),
            }
            Vec::new()
        }
        Action::Daemon(FromDaemon::Link(link)) => replies::link(state, link),
        Action::Daemon(FromDaemon::Reply { ticket, result }) => replies::reply(state, ticket, result),
        Action::Daemon(FromDaemon::Event { method, params }) => events::event(state, &method, params),
    }
}

/// Runs a command if it is possible here and now; says so when it is not.
fn run(state: &mut State, cmd: Cmd) -> Vec<Effect> {
    let contexts = state.contexts();
    let Some(entry) = command::get(cmd) else { return Vec::new() };
    if !entry.available(&contexts, state) {
        let label = (entry.label)(state);
        let label = if label.is_empty() { entry.doc } else { label };
        let denied = if entry.possible(&contexts, state) { entry.denied(state) } else { None };
        let said = match (cmd, denied) {
            (Cmd::PromptAccept, _) => m::prompt_how(state),
            (_, Some(right)) => m::denied(label, right),
            (Cmd::PatientCreate, _) if state.is_slave() => m::kept_elsewhere(),
            _ => m::not_now(label),
        };
        state.say(Level::Warning, said);
        return Vec::new();
    }
    match cmd {
        Cmd::Up | Cmd::Down | Cmd::PageUp | Cmd::PageDown | Cmd::First | Cmd::Last => step(state, cmd),
        Cmd::TextLeft => edit(state, Edit::Left),
        Cmd::TextRight => edit(state, Edit::Right),
        Cmd::TextStart => edit(state, Edit::Start),
        Cmd::TextEnd => edit(state, Edit::End),
        Cmd::TextBackspace => edit(state, Edit::Backspace),
        Cmd::TextDelete => edit(state, Edit::Delete),
        Cmd::TextDeleteWord => edit(state, Edit::DeleteWord),
        Cmd::TextClear => edit(state, Edit::Clear),
        Cmd::TextUndo => edit(state, Edit::Undo),
        Cmd::TextRedo => edit(state, Edit::Redo),
        Cmd::Help => {
            if matches!(state.layers.last(), Some(Layer::Help { .. })) {
                state.layers.pop();
            } else {
                state.layers.push(Layer::Help { top: 0 });
            }
            Vec::new()
        }
        Cmd::Palette => {
            if matches!(state.layers.last(), Some(Layer::Palette { .. })) {
                state.layers.pop();
            } else {
                state.layers.retain(|l| !matches!(l, Layer::Help { .. }));
                state.layers.push(Layer::Palette { field: Field::default(), selected: 0 });
            }
            Vec::new()
        }
        Cmd::Back => back(state),
        Cmd::Quit => {
            if state.has_unsaved_work() {
                let question = m::QUIT.to_owned();
                state.layers.push(Layer::Confirm(Confirm {
                    question,
                    lines: Vec::new(),
                    then: Confirmed::Quit,
                }));
                Vec::new()
            } else {
                vec![Effect::Quit]
            }
        }
        Cmd::DisplayRestricted => {
            state.restricted = !state.restricted;
            let said = if state.restricted { m::RESTRICTED_ON } else { m::RESTRICTED_OFF };
            state.say(Level::Done, said);
            Vec::new()
        }
        Cmd::Redraw => vec![Effect::Redraw],
        Cmd::ThemeNext => {
            state.theme = (state.theme + 1) % BUILT_IN.len();
            let name = BUILT_IN.get(state.theme).map_or("dark", |(n, _)| *n);
            state.say(Level::Done, name);
            vec![Effect::Theme(name)]
        }
        Cmd::CopyId => match state.identifier() {
            Some(id) => {
                state.say(Level::Done, format!("{} : {id}", m::DONE_COPIED));
                vec![Effect::Copy(id)]
            }
            None => Vec::new(),
        },
        Cmd::About => {
            let lines = Some(about(state));
            let pane =
                Pane { kind: PaneKind::About, record: None, title: m::ABOUT.to_owned(), lines, top: 0 };
            state.push(Screen::Pane(pane));
            Vec::new()
        }
        Cmd::GoSearch => {
            // A new search: the next word typed is not added to the former one.
            state.go_home();
            if let Some(home) = state.home_mut() {
                home.field.set("");
            }
            reception::search(state)
        }
        Cmd::Choose | Cmd::Confirm | Cmd::PromptAccept => layers::accept(state, cmd),
        Cmd::Open => open(state),
        Cmd::PatientCreate
        | Cmd::FormEnter
        | Cmd::Degraded
        | Cmd::StatusHelp
        | Cmd::FieldNext
        | Cmd::FieldPrevious
        | Cmd::PatientNext
        | Cmd::PatientShow
        | Cmd::InsFetch
        | Cmd::InsManual
        | Cmd::ConsentEdit
        | Cmd::PatientHistory
        | Cmd::PatientCorrections
        | Cmd::AttributeHomonyme
        | Cmd::AttributeDouteux
        | Cmd::AttributeFictif
        | Cmd::InsQualify
        | Cmd::InsAccept
        | Cmd::InsRefuse
        | Cmd::GoIns => reception::run(state, cmd),
        Cmd::CardUse | Cmd::PatientMatricules => card::run(state, cmd),
        Cmd::FormSave if matches!(state.screen(), Some(Screen::Form(_))) => reception::run(state, cmd),
        Cmd::FormSave
        | Cmd::DossierCreate
        | Cmd::RegisterNext
        | Cmd::RegisterSkip
        | Cmd::DossierUrgent
        | Cmd::DossierReceived
        | Cmd::ResultEdit
        | Cmd::ResultCommitNext
        | Cmd::ResultCommitPrevious
        | Cmd::ExamAdd
        | Cmd::ExamRemove
        | Cmd::CorrespondentAdd
        | Cmd::DossierReview
        | Cmd::DocumentPreview
        | Cmd::PreviewWrite
        | Cmd::DossierBilling
        | Cmd::Validate
        | Cmd::DocumentHold
        | Cmd::DocumentInvisible
        | Cmd::CallTrace
        | Cmd::GoValidation => laboratory::run(state, cmd),
        Cmd::OrderCure
        | Cmd::OrderNow
        | Cmd::OrderPause
        | Cmd::OrderRetry
        | Cmd::OrderCancel
        | Cmd::MessageReplay
        | Cmd::MessageAttach
        | Cmd::MessageClose
        | Cmd::GoQueue
        | Cmd::GoInbox
        | Cmd::GoJournal => delivery::run(state, cmd),
    }
}

fn open(state: &mut State) -> Vec<Effect> {
    match state.screen() {
        Some(Screen::Home(_)) => reception::open_hit(state),
        Some(Screen::InsList(_)) => match state.patient() {
            Some(id) => reception::show_patient(state, id),
            None => Vec::new(),
        },
        Some(Screen::Validation(_)) => laboratory::open_review(state),
        _ => delivery::open(state),
    }
}

/// One step back. Typed work is kept as a draft.
fn back(state: &mut State) -> Vec<Effect> {
    if state.layers.pop().is_some() {
        return Vec::new();
    }
    match state.screen_mut() {
        Some(Screen::Home(home)) => {
            home.field.set("");
            return reception::search(state);
        }
        Some(Screen::Dossier(d)) if d.edit.is_some() => {
            d.edit = None;
            return Vec::new();
        }
        _ => {}
    }
    if state.keep_draft() {
        let said = match state.screen() {
            Some(Screen::NewDossier(_)) => m::DOSSIER_DRAFT_KEPT,
            _ => m::DRAFT_KEPT,
        };
        state.say(Level::Info, said);
    }
    state.pop();
    // What lies below is shown at once as it was, then read again.
    refresh(state)
}

/// Reads again what the screen on top shows.
fn refresh(state: &mut State) -> Vec<Effect> {
    match state.screen() {
        Some(Screen::Home(_)) => reception::search(state),
        Some(Screen::Patient(p)) => {
            let id = p.id;
            vec![reception::read_patient(state, id)]
        }
        Some(Screen::Compare(c)) => {
            let id = c.record.id;
            vec![reception::read_return(state, id)]
        }
        Some(Screen::Dossier(d)) if d.edit.is_none() => {
            let id = d.id;
            vec![laboratory::read_dossier(state, id)]
        }
        Some(Screen::Validation(_)) => vec![laboratory::read_worklist(state)],
        Some(Screen::InsList(_)) => vec![reception::read_ins_list(state)],
        Some(_) => delivery::refresh(state),
        None => Vec::new(),
    }
}

/// The focused field, if there is one.
fn focused(state: &mut State) -> Option<&mut Field> {
    match state.layers.last() {
        Some(Layer::Palette { .. } | Layer::Picker(_) | Layer::Prompt(_)) => {
            return match state.layers.last_mut() {
                Some(Layer::Palette { field, .. }) => Some(field),
                Some(Layer::Picker(p)) => Some(&mut p.field),
                Some(Layer::Prompt(p)) => Some(&mut p.field),
                _ => None,
            };
        }
        Some(_) => return None,
        None => {}
    }
    match state.screen_mut()? {
        Screen::Home(h) => Some(&mut h.field),
        Screen::Form(f) => f.fields.get_mut(f.focus),
        Screen::NewDossier(n) => Some(&mut n.field),
        Screen::Dossier(d) => d.edit.as_mut(),
        _ => None,
    }
}

fn insert(state: &mut State, text: &str) -> Vec<Effect> {
    if let Some(Layer::Choice(_)) = state.layers.last() {
        return layers::letter(state, text);
    }
    let Some(field) = focused(state) else { return Vec::new() };
    field.insert(text);
    changed(state)
}

fn edit(state: &mut State, edit: Edit) -> Vec<Effect> {
    let Some(field) = focused(state) else { return Vec::new() };
    let empty = field.text().is_empty();
    if !field.apply(edit) {
        return if empty && edit == Edit::Backspace { laboratory::take_last_back(state) } else { Vec::new() };
    }
    changed(state)
}

/// What follows a change of the focused text.
fn changed(state: &mut State) -> Vec<Effect> {
    match state.layers.last_mut() {
        Some(Layer::Palette { selected, .. }) => {
            *selected = 0;
            return Vec::new();
        }
        Some(Layer::Picker(_)) => return layers::search(state),
        Some(_) => return Vec::new(),
        None => {}
    }
    match state.screen_mut() {
        Some(Screen::Home(_)) => reception::search(state),
        Some(Screen::Form(f)) => {
            f.fault = None;
            if f.focus == PLACE_FIELD { form::search_place(state) } else { Vec::new() }
        }
        Some(Screen::NewDossier(_)) => laboratory::search(state),
        _ => Vec::new(),
    }
}

/// A scanned code: from any screen it is looked for; an INS datamatrix finds or prefills its patient.
fn scanned(state: &mut State, scan: &Scan) -> Vec<Effect> {
    if let Some(field) = focused(state) {
        field.take_back(scan.echoed);
    }
    // A scanner set for another keyboard types the shifted row instead of digits.
    if scan.text.starts_with("IS") && scan.text.contains(['&', '"', '\'']) && !scan.text.contains("01") {
        state.say(Level::Error, m::SCAN_LAYOUT);
        return Vec::new();
    }
    state.go_home();
    let Some(home) = state.home_mut() else { return Vec::new() };
    home.field = Field::default();
    home.field.insert_code(&scan.text);
    home.open_when_ready = true;
    state.say(Level::Info, m::SCAN_UNKNOWN);
    reception::search(state)
}

/// Moves the cursor of whatever is on top.
fn step(state: &mut State, cmd: Cmd) -> Vec<Effect> {
    let page = usize::from(state.size.1.saturating_sub(12)).max(1);
    let palette = layers::palette_len(state);
    if let Some(layer) = state.layers.last_mut() {
        match layer {
            Layer::Help { top } => *top = moved(*top, usize::MAX, cmd, page).min(200),
            Layer::Palette { selected, .. } => *selected = moved(*selected, palette, cmd, page),
            Layer::Choice(c) => c.selected = moved(c.selected, c.items.len(), cmd, page),
            Layer::Picker(p) => p.selected = moved(p.selected, p.rows.len(), cmd, page),
            Layer::Confirm(_) | Layer::Prompt(_) => {}
        }
        return Vec::new();
    }
    let Some(screen) = state.screen_mut() else { return Vec::new() };
    match screen {
        Screen::Home(h) => {
            h.selected = moved(h.selected, h.hits.len(), cmd, page);
            h.in_list = true;
        }
        Screen::Form(f) => {
            if f.focus == PLACE_FIELD && !f.places.is_empty() {
                f.place_selected = moved(f.place_selected, f.places.len(), cmd, page);
            } else if matches!(cmd, Cmd::Down | Cmd::Up) {
                f.step(cmd == Cmd::Down);
            }
        }
        Screen::Patient(p) => {
            let count = p.record.as_ref().map_or(0, |r| r.dossiers.len());
            p.selected = moved(p.selected, count, cmd, page);
        }
        Screen::NewDossier(n) => {
            let count = if n.at_correspondents { n.people_found.len() } else { n.exams_found.len() };
            // The first move into the list of an empty field lands on its first line.
            let entering = n.field.is_blank() && !std::mem::replace(&mut n.browsed, true);
            n.selected = if entering { 0 } else { moved(n.selected, count, cmd, page) };
        }
        Screen::Dossier(d) => {
            let count = d.results().len();
            d.selected = moved(d.selected, count, cmd, page);
        }
        Screen::Validation(v) => {
            v.selected = moved(v.selected, v.list.as_ref().map_or(0, Vec::len), cmd, page)
        }
        Screen::InsList(v) => v.selected = moved(v.selected, v.list.as_ref().map_or(0, Vec::len), cmd, page),
        Screen::Queue(q) => {
            q.selected = moved(q.selected, q.summary.as_ref().map_or(0, |s| s.causes.len()), cmd, page);
            return delivery::read_example(state);
        }
        Screen::Orders(o) => o.selected = moved(o.selected, o.list.as_ref().map_or(0, Vec::len), cmd, page),
        Screen::Inbox(i) => i.selected = moved(i.selected, i.list.as_ref().map_or(0, Vec::len), cmd, page),
        Screen::Message(s) => s.top = moved(s.top, usize::MAX, cmd, page).min(100_000),
        Screen::Pane(p) => p.top = moved(p.top, p.lines.as_ref().map_or(0, Vec::len), cmd, page),
        Screen::Compare(_) | Screen::Order(_) => {}
    }
    Vec::new()
}

fn moved(at: usize, count: usize, cmd: Cmd, page: usize) -> usize {
    let last = count.saturating_sub(1);
    match cmd {
        Cmd::Up => at.saturating_sub(1),
        Cmd::Down => at.saturating_add(1).min(last),
        Cmd::PageUp => at.saturating_sub(page),
        Cmd::PageDown => at.saturating_add(page).min(last),
        Cmd::First => 0,
        Cmd::Last => last,
        _ => at,
    }
}

fn about(state: &State) -> Vec<String> {
    let mut lines = vec![format!("Poste paillasse {}", env!("CARGO_PKG_VERSION"))];
    match &state.hello {
        Some(hello) => {
            lines.push(format!("Service paillassed {} (protocole {})", hello.daemon, hello.protocol));
            lines.push(format!("{}, {}", hello.laboratory.name, hello.laboratory.site));
            lines.push(format!("FINESS géographique {}", hello.laboratory.finess));
            lines.push(format!("{} ({}), {}", hello.user.name, hello.user.login, hello.user.profile));
            let rights: Vec<&str> = hello.user.rights.iter().map(|r| r.label()).collect();
            lines.push(format!("Droits : {}", rights.join(", ")));
        }
        None => lines.push(m::DAEMON_ABSENT.to_owned()),
    }
    lines
}
