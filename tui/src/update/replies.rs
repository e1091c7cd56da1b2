//! What the daemon said, brought to the screens it concerns. A late answer never takes the focus.

use paillasse_shared::domain::identity::Status;
use paillasse_shared::protocol::document::DocumentView;
use paillasse_shared::protocol::dossier::{Correspondent, DossierList, DossierView};
use paillasse_shared::protocol::inbox::{InboxState, MessageDetail, MessageView, Messages};
use paillasse_shared::protocol::ins::{FetchState, PendingReturn, Worklist};
use paillasse_shared::protocol::methods as rpc;
use paillasse_shared::protocol::patient::{PatientRecord, Places};
use paillasse_shared::protocol::queue::{Acted, OrderDetail, Orders, Summary};
use paillasse_shared::protocol::session::Hello;
use paillasse_shared::protocol::status::Status as DaemonStatus;
use serde_json::Value;

use crate::action::Effect;
use crate::client::{Failure, Link, Slot};
use crate::messages as m;
use crate::state::screen::{DossierScreen, FORM_NAMES, PatientScreen, Screen};
use crate::state::{Level, Purpose, State};
use crate::update::arrivals::{
    created, found, kept, pane, picks, preview_files, reread_dossier, reread_record, result_entered,
    show_dossier, show_record, validated,
};
use crate::update::{attach, card, corrections, delivery, form, refresh};
use crate::wire::{self, ask, ask_newest};

/// What an answer leads to.
pub(super) type Done = Result<Vec<Effect>, Failure>;

/// The line changed.
pub(super) fn link(state: &mut State, link: Link) -> Vec<Effect> {
    let was_up = matches!(state.link, Link::Up(_));
    state.link = link;
    match &state.link {
        Link::Up(hello) => {
            match wire::read::<Hello>(hello.clone()) {
                Ok(hello) => {
                    // Everybody of a laboratory reads the same times, whatever machine the terminal runs on.
                    if let Some(zone) = hello.laboratory.zone() {
                        state.zone = zone;
                    }
                    state.hello = Some(hello);
                }
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

pub(super) fn status(state: &mut State) -> Effect {
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
            reread_record(state, id, wire::read(value)?);
            Ok(Vec::new())
        }
        Purpose::CreatePatient => created(state, wire::read(value)?),
        Purpose::EditTraits(Some(used)) => {
            let record: PatientRecord = wire::read(value)?;
            show_record(state, record.id, record);
            Ok(vec![ask::<rpc::PatientEditUsed>(state, &used, Purpose::EditUsed)])
        }
        Purpose::EditTraits(None) | Purpose::EditUsed => {
            let record: PatientRecord = wire::read(value)?;
            if matches!(state.screen(), Some(Screen::Form(_))) {
                state.pop();
            }
            state.say(Level::Done, m::DONE_EDITED);
            show_record(state, record.id, record);
            Ok(Vec::new())
        }
        Purpose::Places(text) => {
            let found: Places = wire::read(value)?;
            let Some(Screen::Form(shown)) = state.screen_mut() else { return Ok(Vec::new()) };
            shown.places = found.places;
            shown.place_selected = 0;
            shown.places_for = Some(text);
            if shown.next_when_ready { Ok(form::field_next(state)) } else { Ok(Vec::new()) }
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
            let said = match (record.status, record.dossiers.is_empty()) {
                (Status::Qualifiee, true) => m::DONE_QUALIFIED_NEW,
                (Status::Qualifiee, false) => m::DONE_QUALIFIED,
                (Status::Provisoire | Status::Recuperee, _) => m::DONE_RECORDED,
                _ => m::DONE_DEVICE,
            };
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
        Purpose::Attribute(on) => {
            let record: PatientRecord = wire::read(value)?;
            state.say(Level::Done, if on { m::DONE_ATTRIBUTE_ON } else { m::DONE_ATTRIBUTE_OFF });
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
        Purpose::Card(asked) => Ok(card::shown(state, wire::read(value)?, asked)),
        Purpose::Pane => pane(state, value),
        Purpose::PreviewFiles => preview_files(value),
        Purpose::Corrections => corrections::read(state, value),
        Purpose::CorrectionDecided => corrections::decided(state, value),
        Purpose::Pick(text) => picks(state, &text, value),
        Purpose::CreateDossier => {
            let view: DossierView = wire::read(value)?;
            let record = state.record().cloned().map(Box::new);
            if matches!(state.screen(), Some(Screen::NewDossier(_))) {
                state.pop();
            }
            state.dossier_draft = None;
            state.say(Level::Done, format!("{} N° {}", m::DONE_DOSSIER, view.number));
            let mut screen = DossierScreen::new(view.id, None);
            screen.record = record;
            screen.view = Some(Box::new(view));
            state.push(Screen::Dossier(screen));
            Ok(Vec::new())
        }
        Purpose::Dossier => Ok(reread_dossier(state, wire::read(value)?)),
        Purpose::ResultEntered => Ok(result_entered(state, wire::read(value)?)),
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
            state.say(Level::Done, m::acted(acted.orders, said));
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
        Purpose::Replayed | Purpose::Attached(_) => {
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

/// What a failure says and where the cursor goes.
fn failed(state: &mut State, purpose: &Purpose, failure: &Failure) -> Vec<Effect> {
    let error = wire::wire_error(failure);
    if let Purpose::Attached(params) = purpose
        && let Some(error) = &error
        && attach::asks(state, params, error)
    {
        return Vec::new();
    }
    match state.screen_mut() {
        Some(Screen::Form(form))
            if matches!(purpose, Purpose::CreatePatient | Purpose::EditTraits(_) | Purpose::EditUsed) =>
        {
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
            n.after = None;
        }
        Some(Screen::Dossier(d)) => {
            d.sending = false;
            d.validate_when_ready = false;
        }
        // A code that cannot be read is no text to search again.
        Some(Screen::Home(h))
            if matches!((purpose, failure), (Purpose::Search(_), Failure::Refused { .. })) =>
        {
            h.create_when_ready = false;
            if std::mem::take(&mut h.open_when_ready) && h.field.text().chars().any(char::is_control) {
                h.field.set("");
            }
        }
        Some(Screen::Form(form)) if matches!(purpose, Purpose::Places(_)) => {
            form.places_for = None;
            form.next_when_ready = false;
        }
        _ => {}
    }
    // Background reading while the line is down is no news: line 2 says it already.
    let background = matches!(
        purpose,
        Purpose::Search(_) | Purpose::Places(_) | Purpose::Pick(_) | Purpose::Status | Purpose::Example(_)
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
