//! What the daemon said, brought to the screens it concerns. A late answer never takes the focus.

use paillasse_shared::domain::identity::Status;
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::protocol::audit::Lines;
use paillasse_shared::protocol::document::DocumentView;
use paillasse_shared::protocol::dossier::{
    CatalogueHits, Correspondent, Correspondents, DossierList, DossierView, Preview,
};
use paillasse_shared::protocol::event::Event;
use paillasse_shared::protocol::inbox::{InboxState, MessageDetail, MessageView, Messages};
use paillasse_shared::protocol::ins::{FetchState, PendingReturn, Worklist};
use paillasse_shared::protocol::methods as rpc;
use paillasse_shared::protocol::patient::{Created, History, PatientRecord, Places, SearchResult};
use paillasse_shared::protocol::queue::{Acted, OrderDetail, Orders, Summary};
use paillasse_shared::protocol::session::Hello;
use paillasse_shared::protocol::status::Status as DaemonStatus;
use serde_json::Value;

use crate::action::Effect;
use crate::client::{Failure, Link, Slot};
use crate::messages as m;
use crate::state::layer::Layer;
use crate::state::screen::{DossierScreen, FORM_NAMES, PaneKind, PatientScreen, Screen, Step};
use crate::state::{Level, Purpose, State};
use crate::update::{delivery, laboratory, layers, reception, refresh};
use crate::wire::{self, ask_newest};

type Done = Result<Vec<Effect>, Failure>;

/// The line changed.
pub(super) fn link(state: &mut State, link: Link) -> Vec<Effect> {
    let was_up = matches!(state.link, Link::Up(_));
    state.link = link;
    match &state.link {
        Link::Up(hello) => {
            match wire::read::<Hello>(hello.clone()) {
                Ok(hello) => state.hello = Some(hello),
                Err(why) => state.say(Level::Error, why.to_string()),
            }
            let mut effects = vec![status(state)];
            effects.extend(refresh(state));
            effects
        }
        Link::Down(_) if was_up => {
            state.say(Level::Warning, m::LINE_LOST);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn status(state: &mut State) -> Effect {
    ask_newest::<rpc::StatusGet>(state, &rpc::Empty {}, Purpose::Status, Slot::Status)
}

/// A request ended.
pub(super) fn reply(state: &mut State, ticket: u64, result: Result<Value, Failure>) -> Vec<Effect> {
    let Some(purpose) = state.waiting.remove(&ticket) else { return Vec::new() };
    let done = match result {
        Ok(value) => answered(state, purpose.clone(), value),
        Err(failure) => Err(failure),
    };
    match done {
        Ok(effects) => effects,
        Err(failure) => failed(state, &purpose, &failure),
    }
}

fn answered(state: &mut State, purpose: Purpose, value: Value) -> Done {
    match purpose {
        Purpose::Search(text) => found(state, text, wire::read(value)?),
        Purpose::Patient(id) => {
            show_record(state, id, wire::read(value)?);
            Ok(Vec::new())
        }
        Purpose::CreatePatient => created(state, wire::read(value)?),
        Purpose::EditTraits => {
            let record: PatientRecord = wire::read(value)?;
            if matches!(state.screen(), Some(Screen::Form(_))) {
                state.pop();
            }
            state.say(Level::Done, m::DONE_EDITED);
            show_record(state, record.id, record);
            Ok(Vec::new())
        }
        Purpose::Places => {
            let found: Places = wire::read(value)?;
            if let Some(Screen::Form(form)) = state.screen_mut() {
                form.places = found.places;
                form.place_selected = 0;
            }
            Ok(Vec::new())
        }
        Purpose::Compare(id) => {
            let pending: PendingReturn = wire::read(value)?;
            for screen in state.screens_mut() {
                if let Screen::Compare(c) = screen
                    && c.record.id == id
                {
                    c.pending = Some(Box::new(pending.clone()));
                }
            }
            Ok(Vec::new())
        }
        Purpose::Decide(accepted) => {
            let record: PatientRecord = wire::read(value)?;
            if matches!(state.screen(), Some(Screen::Compare(_))) {
                state.pop();
            }
            let said = match (accepted, record.status) {
                (true, Status::Qualifiee) => m::DONE_ACCEPTED_QUALIFIED,
                (true, _) => m::DONE_ACCEPTED,
                (false, _) => m::DONE_REFUSED,
            };
            state.say(Level::Done, said);
            show_record(state, record.id, record);
            Ok(Vec::new())
        }
        Purpose::Qualify => {
            let record: PatientRecord = wire::read(value)?;
            let said = if record.status == Status::Qualifiee { m::DONE_QUALIFIED } else { m::DONE_DEVICE };
            state.say(Level::Done, said);
            show_record(state, record.id, record);
            Ok(Vec::new())
        }
        Purpose::Consent => {
            let record: PatientRecord = wire::read(value)?;
            state.say(Level::Done, m::DONE_CONSENT);
            show_record(state, record.id, record);
            Ok(Vec::new())
        }
        Purpose::Fetch => {
            let fetched: FetchState = wire::read(value)?;
            if let Some(Screen::Patient(PatientScreen { record: Some(record), .. })) = state.screen_mut() {
                record.insi = fetched.insi;
            }
            Ok(Vec::new())
        }
        Purpose::Pane => pane(state, value),
        Purpose::Pick(text) => picks(state, &text, value),
        Purpose::CreateDossier => {
            let view: DossierView = wire::read(value)?;
            let record = state.record().cloned().map(Box::new);
            if matches!(state.screen(), Some(Screen::NewDossier(_))) {
                state.pop();
            }
            state.say(Level::Done, format!("{} N° {}", m::DONE_DOSSIER, view.number));
            let mut screen = DossierScreen::new(view.id, None);
            screen.record = record;
            screen.view = Some(Box::new(view));
            state.push(Screen::Dossier(screen));
            Ok(Vec::new())
        }
        Purpose::Dossier => Ok(show_dossier(state, wire::read(value)?)),
        Purpose::ResultEntered => Ok(show_dossier(state, wire::read(value)?)),
        Purpose::DossierChanged(said) => {
            state.say(Level::Done, said);
            Ok(show_dossier(state, wire::read(value)?))
        }
        Purpose::Validated(biological) => Ok(validated(state, biological, wire::read(value)?)),
        Purpose::ValidationList => {
            let list: DossierList = wire::read(value)?;
            for screen in state.screens_mut() {
                if let Screen::Validation(v) = screen {
                    let at = kept(v.list.as_deref(), v.selected, &list.dossiers, |d| d.id);
                    v.selected = at;
                    v.list = Some(list.dossiers.clone());
                }
            }
            Ok(Vec::new())
        }
        Purpose::InsList => {
            let list: Worklist = wire::read(value)?;
            for screen in state.screens_mut() {
                if let Screen::InsList(v) = screen {
                    v.selected = kept(v.list.as_deref(), v.selected, &list.items, |i| i.patient);
                    v.list = Some(list.items.clone());
                }
            }
            Ok(Vec::new())
        }
        Purpose::Queue => {
            let summary: Summary = wire::read(value)?;
            state.services = summary.services.clone();
            for screen in state.screens_mut() {
                if let Screen::Queue(q) = screen {
                    let before = q.summary.as_ref().map(|s| s.causes.as_slice());
                    q.selected = kept(before, q.selected, &summary.causes, |c| c.key.clone());
                    q.example = None;
                    q.summary = Some(Box::new(summary.clone()));
                }
            }
            Ok(delivery::read_example(state))
        }
        Purpose::Example(key) => {
            let orders: Orders = wire::read(value)?;
            if let (Some(Screen::Queue(q)), Some(order)) =
                (state.screen_mut(), orders.orders.into_iter().next())
            {
                q.example = Some((key, Box::new(order)));
            }
            Ok(Vec::new())
        }
        Purpose::Orders(key) => {
            let orders: Orders = wire::read(value)?;
            for screen in state.screens_mut() {
                if let Screen::Orders(o) = screen
                    && o.key == key
                {
                    o.selected = kept(o.list.as_deref(), o.selected, &orders.orders, |l| l.id);
                    o.list = Some(orders.orders.clone());
                }
            }
            Ok(Vec::new())
        }
        Purpose::Cure => {
            let orders: Orders = wire::read(value)?;
            match orders.orders.first() {
                Some(order) => Ok(delivery::cure_order(state, order)),
                None => Ok(refresh(state)),
            }
        }
        Purpose::Order => {
            let detail: OrderDetail = wire::read(value)?;
            for screen in state.screens_mut() {
                if let Screen::Order(o) = screen
                    && o.id == detail.order.id
                {
                    o.detail = Some(Box::new(detail.clone()));
                }
            }
            Ok(Vec::new())
        }
        Purpose::QueueActed(said) => {
            let acted: Acted = wire::read(value)?;
            state.say(Level::Done, format!("{} {said}", acted.orders));
            Ok(refresh(state))
        }
        Purpose::Inbox => {
            let list: Messages = wire::read(value)?;
            for screen in state.screens_mut() {
                if let Screen::Inbox(i) = screen {
                    i.selected = kept(i.list.as_deref(), i.selected, &list.messages, |l| l.id);
                    i.list = Some(list.messages.clone());
                }
            }
            Ok(Vec::new())
        }
        Purpose::Message => {
            let detail: MessageDetail = wire::read(value)?;
            if let Some(Screen::Message(s)) = state.screen_mut()
                && s.id == detail.message.id
            {
                s.detail = Some(Box::new(detail));
            }
            Ok(Vec::new())
        }
        Purpose::Replayed => {
            let message: MessageView = wire::read(value)?;
            let said = match (message.state, message.why) {
                (InboxState::Filed, _) => m::DONE_REPLAY_FILED.to_owned(),
                (InboxState::Closed, _) => m::DONE_CLOSED.to_owned(),
                (_, Some(why)) => format!("{} : {why}", m::DONE_REPLAY),
                (other, None) => format!("{} : {}", m::DONE_REPLAY, other.label()),
            };
            let level = match message.state {
                InboxState::Filed | InboxState::Closed => Level::Done,
                _ => Level::Warning,
            };
            state.say(level, said);
            Ok(refresh(state))
        }
        Purpose::Document => {
            let document: DocumentView = wire::read(value)?;
            let said = match (document.held, document.invisible) {
                (true, _) => m::DONE_HELD,
                (false, true) => m::DONE_HIDDEN,
                (false, false) => m::DONE_RELEASED,
            };
            state.say(Level::Done, said);
            Ok(refresh(state))
        }
        Purpose::Address(cause) => {
            let _: Correspondent = wire::read(value)?;
            Ok(delivery::retry_cause(state, cause))
        }
        Purpose::Status => {
            let status: DaemonStatus = wire::read(value)?;
            state.services = status.services;
            state.worklists = status.worklists;
            Ok(Vec::new())
        }
    }
}

fn found(state: &mut State, text: String, result: SearchResult) -> Done {
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
    let at_home = state.layers.is_empty() && matches!(state.screen(), Some(Screen::Home(_)));
    let Some(home) = state.home_mut() else { return Ok(Vec::new()) };
    let typed_ahead = std::mem::take(&mut home.open_when_ready);
    // One person and no doubt, or a dossier: `Entrée` typed ahead opens; several: the person chooses.
    let certain = home.dossier.is_some() || home.hits.len() == 1;
    if typed_ahead && at_home && certain {
        return Ok(reception::open_hit(state));
    }
    if typed_ahead {
        state.notice = None;
    }
    Ok(Vec::new())
}

fn created(state: &mut State, created: Created) -> Done {
    if let Some(Screen::Form(form)) = state.screen_mut() {
        form.sending = false;
    }
    match created {
        Created::Created { patient } => {
            if matches!(state.screen(), Some(Screen::Form(_))) {
                state.pop();
            }
            state.draft = None;
            state.say(Level::Done, m::DONE_CREATED);
            let id = patient.id;
            state.push(Screen::Patient(PatientScreen { id, record: Some(patient), selected: 0 }));
        }
        Created::Similar { hits } => reception::similar(state, &hits),
    }
    Ok(Vec::new())
}

/// A record, wherever that patient is shown.
fn show_record(state: &mut State, id: PatientId, record: PatientRecord) {
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
            Screen::NewDossier(n) if n.patient == id => n.record = Some(Box::new(record.clone())),
            Screen::Dossier(d) if d.view.as_ref().is_some_and(|v| v.patient == id) => {
                d.record = Some(Box::new(record.clone()));
            }
            _ => {}
        }
    }
}

/// A dossier, wherever it is shown; its patient is read for the bandeau when needed.
fn show_dossier(state: &mut State, view: DossierView) -> Vec<Effect> {
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
fn validated(state: &mut State, biological: bool, view: DossierView) -> Vec<Effect> {
    let id = view.id;
    let mut effects = show_dossier(state, view);
    let Some(Screen::Dossier(d)) = state.screen() else { return effects };
    let finished = biological && d.id == id && d.step() == Step::Nothing;
    if !finished {
        state.say(Level::Done, if biological { m::DONE_BIOLOGICAL } else { m::DONE_TECHNICAL });
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
        state.say(Level::Done, m::DONE_BIOLOGICAL);
    }
    effects
}

fn picks(state: &mut State, text: &str, value: Value) -> Done {
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
    if std::mem::take(&mut n.take_when_ready) {
        laboratory::take(n);
    }
    Ok(Vec::new())
}

fn pane(state: &mut State, value: Value) -> Done {
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
            history
                .lines
                .iter()
                .map(|l| {
                    let change = l.status.map_or_else(String::new, |(from, to)| {
                        format!("  ({} → {})", from.label(), to.label())
                    });
                    format!("{}  {:<12} {}{change}", state.instant(l.at), l.by, l.what)
                })
                .collect()
        }
        PaneKind::Preview => wire::read::<Preview>(value)?.text.lines().map(str::to_owned).collect(),
        PaneKind::About => return Ok(Vec::new()),
    };
    if let Some(Screen::Pane(p)) = state.screen_mut() {
        p.lines = Some(lines);
    }
    Ok(Vec::new())
}

/// What a failure says and where the cursor goes.
fn failed(state: &mut State, purpose: &Purpose, failure: &Failure) -> Vec<Effect> {
    let error = wire::wire_error(failure);
    match state.screen_mut() {
        Some(Screen::Form(form)) if matches!(purpose, Purpose::CreatePatient | Purpose::EditTraits) => {
            form.sending = false;
            let field = error.as_ref().and_then(|e| e.field.as_deref());
            if let Some(rank) = field.and_then(|f| FORM_NAMES.iter().position(|n| f.ends_with(n))) {
                form.focus = rank;
                form.fault = Some((rank, wire::sentence(failure)));
                return Vec::new();
            }
        }
        Some(Screen::Compare(c)) => c.sending = false,
        Some(Screen::NewDossier(n)) => {
            n.sending = false;
            n.take_when_ready = false;
        }
        Some(Screen::Dossier(d)) => d.sending = false,
        _ => {}
    }
    // Background reading while the line is down is no news: line 2 says it already.
    let background = matches!(
        purpose,
        Purpose::Search(_) | Purpose::Places | Purpose::Pick(_) | Purpose::Status | Purpose::Example(_)
    );
    if matches!(failure, Failure::Absent) && background {
        return Vec::new();
    }
    state.say(Level::Error, wire::sentence(failure));
    // What was refused may have been shown ahead (a typed result): show what is true.
    match purpose {
        Purpose::ResultEntered | Purpose::Validated(_) | Purpose::Decide(_) => refresh(state),
        _ => Vec::new(),
    }
}

/// Something happened in the laboratory.
pub(super) fn event(state: &mut State, method: &str, params: Value) -> Vec<Effect> {
    if method != "event" {
        return Vec::new();
    }
    let Ok(event) = wire::read::<Event>(params) else { return Vec::new() };
    match event {
        Event::PatientChanged { patient } | Event::InsiChanged { patient, .. } => {
            let shown = state.patient() == Some(patient) && !matches!(state.screen(), Some(Screen::Home(_)));
            match state.screen() {
                Some(Screen::InsList(_)) => vec![reception::read_ins_list(state)],
                _ if shown => vec![reception::read_patient(state, patient)],
                _ => Vec::new(),
            }
        }
        Event::DossierChanged { dossier } => match state.screen() {
            // While a person types, the list below their cursor stays as it is.
            Some(Screen::Dossier(d)) if d.id == dossier && d.edit.is_none() && !d.sending => {
                vec![laboratory::read_dossier(state, dossier)]
            }
            Some(Screen::Validation(_)) => vec![laboratory::read_worklist(state)],
            _ => Vec::new(),
        },
        Event::OrderChanged { order, state: now, dossier } => {
            if let Some(Screen::Dossier(d)) = state.screen()
                && Some(d.id) == dossier
                && d.edit.is_none()
                && !d.sending
            {
                let id = d.id;
                return vec![laboratory::read_dossier(state, id)];
            }
            delivery::order_changed(state, order, now)
        }
        Event::InboxChanged { .. } => match state.screen() {
            Some(Screen::Inbox(_)) => refresh(state),
            _ => Vec::new(),
        },
        Event::DocumentChanged { .. } => Vec::new(),
        Event::ServiceChanged { service } => {
            match state.services.iter_mut().find(|s| s.service == service.service) {
                Some(known) => *known = service,
                None => state.services.push(service),
            }
            Vec::new()
        }
        Event::WorklistsChanged { worklists } => {
            state.worklists = worklists;
            match state.screen() {
                Some(Screen::Queue(_)) if state.layers.is_empty() => refresh(state),
                _ => Vec::new(),
            }
        }
        Event::Lagged => {
            let mut effects = vec![status(state)];
            effects.extend(refresh(state));
            effects
        }
        Event::Stopping => {
            state.say(Level::Warning, m::STOPPING);
            Vec::new()
        }
    }
}

/// Rank of the line that was under the cursor, in a new list; nothing jumps.
fn kept<T, K: PartialEq>(before: Option<&[T]>, selected: usize, now: &[T], key: impl Fn(&T) -> K) -> usize {
    let wanted = before.and_then(|b| b.get(selected)).map(&key);
    let found = wanted.and_then(|w| now.iter().position(|n| key(n) == w));
    found.unwrap_or_else(|| selected.min(now.len().saturating_sub(1)))
}
