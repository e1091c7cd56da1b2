//! What leaves and what arrives: queue, orders, messages, journal.

use paillasse_shared::domain::ids::OrderId;
use paillasse_shared::domain::order::{OrderState, Reason, Service};
use paillasse_shared::protocol::audit;
use paillasse_shared::protocol::document::Decision;
use paillasse_shared::protocol::inbox;
use paillasse_shared::protocol::methods as rpc;
use paillasse_shared::protocol::queue::{ListParams, OrderRef, OrderView, RetryParams, ServiceParams};
use paillasse_shared::protocol::status::ServiceState;

use crate::action::Effect;
use crate::client::Slot;
use crate::command::Cmd;
use crate::messages as m;
use crate::state::field::Field;
use crate::state::layer::{Confirm, Confirmed, Layer, PickKind, Picker, Prompted};
use crate::state::screen::{Inbox, MessageScreen, OrderScreen, Orders, Pane, PaneKind, Queue, Screen};
use crate::state::{Level, Purpose, State};
use crate::update::reception::{prompt, show_patient};
use crate::update::{layers, reception};
use crate::wire::{ask, ask_newest, ask_plain};

/// Longest list of orders asked for.
const ORDERS: u16 = 500;
/// Lines of the journal asked for.
const JOURNAL: u16 = 200;

pub(super) fn run(state: &mut State, cmd: Cmd) -> Vec<Effect> {
    match cmd {
        Cmd::GoQueue => {
            state.go_home();
            state.push(Screen::Queue(Queue::default()));
            refresh(state)
        }
        Cmd::GoInbox => {
            state.go_home();
            state.push(Screen::Inbox(Inbox::default()));
            refresh(state)
        }
        Cmd::GoJournal => {
            let pane = Pane {
                kind: PaneKind::Journal,
                record: None,
                title: m::JOURNAL.to_owned(),
                lines: None,
                top: 0,
            };
            state.push(Screen::Pane(pane));
            refresh(state)
        }
        Cmd::OrderCure => cure(state),
        Cmd::OrderNow => retry(state),
        Cmd::OrderRetry => confirm_retry(state),
        Cmd::OrderPause => pause(state),
        Cmd::OrderCancel => {
            if let Some(id) = state.selected_order() {
                prompt(state, m::CANCEL_ORDER, m::CANCEL_ORDER_NOTE, "", Prompted::CancelOrder(id));
                return Vec::new();
            }
            // One order at a time: a cause is opened first.
            open(state)
        }
        Cmd::MessageReplay => match state.selected_message() {
            Some(id) => vec![ask::<rpc::InboxReplay>(state, &inbox::InboxRef { id }, Purpose::Replayed)],
            None => Vec::new(),
        },
        Cmd::MessageAttach => {
            if let Some(id) = state.selected_message() {
                prompt(state, m::ATTACH_MESSAGE, m::ATTACH_MESSAGE_NOTE, "", Prompted::AttachMessage(id));
            }
            Vec::new()
        }
        Cmd::MessageClose => {
            if let Some(id) = state.selected_message() {
                prompt(state, m::CLOSE_MESSAGE, m::CLOSE_MESSAGE_NOTE, "", Prompted::CloseMessage(id));
            }
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// `Entrée` on a list of this family.
pub(super) fn open(state: &mut State) -> Vec<Effect> {
    match state.screen() {
        Some(Screen::Queue(q)) => {
            let Some(cause) = q.summary.as_ref().and_then(|s| s.causes.get(q.selected)) else {
                return Vec::new();
            };
            let (key, label) = (cause.key.clone(), cause.label.clone());
            state.push(Screen::Orders(Orders { key, label, list: None, selected: 0 }));
            refresh(state)
        }
        Some(Screen::Orders(_)) => match state.selected_order() {
            Some(id) => {
                state.push(Screen::Order(OrderScreen { id, detail: None }));
                refresh(state)
            }
            None => Vec::new(),
        },
        Some(Screen::Inbox(_)) => match state.selected_message() {
            Some(id) => {
                state.push(Screen::Message(MessageScreen { id, detail: None, top: 0 }));
                refresh(state)
            }
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Reads again what a screen of this family shows.
pub(super) fn refresh(state: &mut State) -> Vec<Effect> {
    match state.screen() {
        Some(Screen::Queue(_)) => vec![ask_plain::<rpc::QueueSummary>(state, Purpose::Queue)],
        Some(Screen::Orders(o)) => {
            let key = o.key.clone();
            let params =
                ListParams { cause: Some(key.clone()), limit: Some(ORDERS), ..ListParams::default() };
            vec![ask::<rpc::QueueList>(state, &params, Purpose::Orders(key))]
        }
        Some(Screen::Order(o)) => {
            let params = OrderRef { id: o.id };
            vec![ask::<rpc::QueueExplain>(state, &params, Purpose::Order)]
        }
        Some(Screen::Inbox(_)) => {
            let params = inbox::ListParams { all: false, limit: Some(ORDERS) };
            vec![ask::<rpc::InboxList>(state, &params, Purpose::Inbox)]
        }
        Some(Screen::Message(s)) => {
            let params = inbox::InboxRef { id: s.id };
            vec![ask::<rpc::InboxGet>(state, &params, Purpose::Message)]
        }
        Some(Screen::Pane(p)) if p.kind == PaneKind::Journal => {
            let params = audit::ListParams { limit: Some(JOURNAL), ..audit::ListParams::default() };
            vec![ask::<rpc::AuditList>(state, &params, Purpose::Pane)]
        }
        _ => Vec::new(),
    }
}

/// The explanation under the list of causes: one order of the cause under the cursor.
pub(super) fn read_example(state: &mut State) -> Vec<Effect> {
    let Some(Screen::Queue(q)) = state.screen() else { return Vec::new() };
    let Some(cause) = q.summary.as_ref().and_then(|s| s.causes.get(q.selected)) else { return Vec::new() };
    let key = cause.key.clone();
    if q.example.as_ref().is_some_and(|(k, _)| *k == key) {
        return Vec::new();
    }
    let params = ListParams { cause: Some(key.clone()), limit: Some(1), ..ListParams::default() };
    vec![ask_newest::<rpc::QueueList>(state, &params, Purpose::Example(key), Slot::Peek)]
}

fn retry(state: &mut State) -> Vec<Effect> {
    let params = match (state.selected_order(), state.selected_cause()) {
        (Some(id), _) => RetryParams { id: Some(id), cause: None },
        (None, Some((key, _))) => RetryParams { id: None, cause: Some(key) },
        (None, None) => return Vec::new(),
    };
    vec![ask::<rpc::QueueRetry>(state, &params, Purpose::QueueActed(m::DONE_RETRY))]
}

fn confirm_retry(state: &mut State) -> Vec<Effect> {
    match (state.selected_order(), state.selected_cause()) {
        (None, Some((key, count))) if count > 1 => {
            let question = m::retry_cause(count);
            let lines = m::RETRY_LINES.map(str::to_owned).to_vec();
            let then = Confirmed::RetryCause(key);
            state.layers.push(Layer::Confirm(Confirm { question, lines, then }));
            Vec::new()
        }
        _ => retry(state),
    }
}

/// Replays every order of a cause.
pub(super) fn retry_cause(state: &mut State, key: String) -> Vec<Effect> {
    let params = RetryParams { id: None, cause: Some(key) };
    vec![ask::<rpc::QueueRetry>(state, &params, Purpose::QueueActed(m::DONE_RETRY))]
}

fn pause(state: &mut State) -> Vec<Effect> {
    let Some(service) = state.selected_service() else { return Vec::new() };
    let paused = state.services.iter().any(|s| s.service == service && s.state == ServiceState::Paused);
    if paused {
        return vec![resume(state, service)];
    }
    let question = m::pause_service(service.label());
    let lines = m::PAUSE_LINES.map(str::to_owned).to_vec();
    state.layers.push(Layer::Confirm(Confirm { question, lines, then: Confirmed::Pause(service) }));
    Vec::new()
}

fn resume(state: &mut State, service: Service) -> Effect {
    state.say(Level::Done, m::DONE_RESUMED);
    ask::<rpc::QueueResume>(state, &ServiceParams { service }, Purpose::Queue)
}

/// Goes to the gesture that cures a cause. What needs the order itself reads one first.
fn cure(state: &mut State) -> Vec<Effect> {
    if let Some(order) = state.shown_order().cloned() {
        return cure_order(state, &order);
    }
    let Some((key, _)) = state.selected_cause() else { return Vec::new() };
    let params = ListParams { cause: Some(key), limit: Some(1), ..ListParams::default() };
    vec![ask::<rpc::QueueList>(state, &params, Purpose::Cure)]
}

/// The gesture for one order, taken as the example of its cause.
pub(super) fn cure_order(state: &mut State, order: &OrderView) -> Vec<Effect> {
    let cause = state.selected_cause().map(|(key, _)| key).unwrap_or_default();
    let decide = |state: &mut State, decision: Decision| {
        let Some(document) = order.document else { return };
        let (question, line) = m::decide(decision);
        let then = Confirmed::Decide(document, decision);
        let (question, lines) = (question.to_owned(), vec![line.to_owned()]);
        state.layers.push(Layer::Confirm(Confirm { question, lines, then }));
    };
    match &order.reason {
        Some(Reason::IdentityNotQualified { .. } | Reason::PatientOpposed) => match order.patient {
            Some(id) => {
                let effects = show_patient(state, id);
                state.say(Level::Info, m::cure_here(order));
                effects
            }
            None => Vec::new(),
        },
        Some(Reason::HeldByUser { .. }) => {
            decide(state, Decision::Release);
            Vec::new()
        }
        Some(Reason::InvisibleToPatient) => {
            decide(state, Decision::Show);
            Vec::new()
        }
        Some(Reason::NoAddress { recipient }) => pick_address(state, recipient, cause),
        Some(Reason::Refused { .. } | Reason::UnknownMailbox { .. }) if order.service == Service::Mss => {
            pick_address(state, &order.recipient, cause)
        }
        Some(Reason::ServicePaused { service } | Reason::ServiceSuspended { service, .. }) => {
            vec![resume(state, *service)]
        }
        Some(Reason::NotYet { .. }) => retry(state),
        Some(Reason::Refused { .. } | Reason::Internal { .. }) => confirm_retry(state),
        _ => {
            let text = order.cure.clone().unwrap_or_else(|| m::NOT_NOW.to_owned());
            state.say(Level::Info, text);
            Vec::new()
        }
    }
}

fn pick_address(state: &mut State, recipient: &str, cause: String) -> Vec<Effect> {
    // The recipient is shown as "Dr Roux <address>": the name finds the correspondent.
    let name = recipient.split(['<', '(']).next().unwrap_or(recipient);
    let name = name.trim().trim_start_matches("Dr ").trim_start_matches("Pr ");
    let (title, field) = (m::PICK_ADDRESS.to_owned(), Field::with(name));
    let kind = PickKind::Address(cause);
    state.layers.push(Layer::Picker(Picker { title, field, rows: Vec::new(), selected: 0, kind }));
    layers::search(state)
}

/// After an order changed: read again what is shown about it.
pub(super) fn order_changed(state: &mut State, id: OrderId, now: OrderState) -> Vec<Effect> {
    match state.screen_mut() {
        Some(Screen::Order(o)) if o.id == id => refresh(state),
        Some(Screen::Orders(o)) => {
            // The line changes in place; it leaves the list only when the person comes back to it.
            if let Some(line) = o.list.as_mut().and_then(|l| l.iter_mut().find(|l| l.id == id)) {
                line.state = now;
            }
            Vec::new()
        }
        Some(Screen::Patient(p)) => {
            let id = p.id;
            vec![reception::read_patient(state, id)]
        }
        _ => Vec::new(),
    }
}
