//! Everything the workstation knows. Changed by `update/` only, drawn by `view/` only.

pub mod field;
pub mod layer;
pub mod screen;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use paillasse_shared::domain::ids::{InboxId, OrderId, PatientId};
use paillasse_shared::domain::order::Service;
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::patient::{InsiState, PatientRecord};
use paillasse_shared::protocol::queue::OrderView;
use paillasse_shared::protocol::session::Hello;
use paillasse_shared::protocol::status::{ServiceState, ServiceStatus, Worklists};

use crate::client::{Failure, Link};
use crate::keymap::Context;
use crate::messages as m;
use crate::theme::Role;
use layer::Layer;
use screen::{Form, Home, Screen, Step};

/// How a sentence is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// What to do next.
    Info,
    /// Something succeeded.
    Done,
    /// Something needs a look.
    Warning,
    /// Something failed.
    Error,
}

/// What the state waits for, by ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Answers read by `update::replies`, by kind of answer.
    Search(String),
    /// A record to show on every screen that shows this patient.
    Patient(PatientId),
    /// A creation.
    CreatePatient,
    /// A correction.
    EditTraits,
    /// Suggestions of places.
    Places,
    /// The return to compare.
    Compare(PatientId),
    /// A decision about a return (accepted or not).
    Decide(bool),
    /// A device.
    Qualify,
    /// Consent.
    Consent,
    /// A call to INSi.
    Fetch,
    /// Lines of a pane.
    Pane,
    /// Examinations or people for the picker or the new dossier, for this text.
    Pick(String),
    /// A new dossier.
    CreateDossier,
    /// A dossier to show.
    Dossier,
    /// The same after a change made here, with the sentence to say.
    DossierChanged(String),
    /// The same after a result was typed.
    ResultEntered,
    /// The same after validation (true: biological).
    Validated(bool),
    /// Lists.
    ValidationList,
    /// Returns of INSi.
    InsList,
    /// Causes.
    Queue,
    /// An example of a cause.
    Example(String),
    /// Orders of a cause.
    Orders(String),
    /// What the first order of a cause needs.
    Cure,
    /// One order.
    Order,
    /// An act on orders, with the sentence to say.
    QueueActed(&'static str),
    /// Messages.
    Inbox,
    /// One message.
    Message,
    /// A replay.
    Replayed,
    /// A decision about a document.
    Document,
    /// A correspondent's address was changed; then replay this cause.
    Address(String),
    /// Services and counters.
    Status,
}

/// Everything.
#[derive(Debug)]
pub struct State {
    /// Window size.
    pub size: (u16, u16),
    /// Today here.
    pub today: jiff::civil::Date,
    /// Time zone in which instants are shown.
    pub zone: TimeZone,
    /// The line to the daemon.
    pub link: Link,
    /// Who we are, once greeted.
    pub hello: Option<Hello>,
    /// Services.
    pub services: Vec<ServiceStatus>,
    /// Counters of the work lists.
    pub worklists: Worklists,
    /// Screens, [`Screen::Home`] first; never empty.
    screens: Vec<Screen>,
    /// Overlays, the top one last.
    pub layers: Vec<Layer>,
    /// What just happened, until the next key.
    pub notice: Option<(Level, String)>,
    /// A form left with `Échap`, found again with the same command.
    pub draft: Option<Form>,
    /// What replies are for.
    pub waiting: BTreeMap<u64, Purpose>,
    next_ticket: u64,
    /// Name of the theme in use.
    pub theme: usize,
}

impl State {
    /// Nothing known, nobody reached.
    pub fn new(today: jiff::civil::Date) -> Self {
        State {
            size: (80, 24),
            today,
            zone: TimeZone::UTC,
            link: Link::Connecting,
            hello: None,
            services: Vec::new(),
            worklists: Worklists::default(),
            screens: vec![Screen::Home(Home::default())],
            layers: Vec::new(),
            notice: None,
            draft: None,
            waiting: BTreeMap::new(),
            next_ticket: 1,
            theme: 0,
        }
    }

    /// A new ticket for a request.
    pub fn ticket(&mut self, purpose: Purpose) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting.insert(ticket, purpose);
        ticket
    }

    /// A number nobody else uses, for requests that must not be done twice.
    pub fn request_id(&mut self) -> String {
        let session = self.hello.as_ref().map_or("", |h| h.user.login.as_str());
        self.next_ticket += 1;
        format!("{session}-{}-{}", std::process::id(), self.next_ticket)
    }

    /// The screen on top.
    pub fn screen(&self) -> Option<&Screen> {
        self.screens.last()
    }

    /// The screen on top, to change it.
    pub fn screen_mut(&mut self) -> Option<&mut Screen> {
        self.screens.last_mut()
    }

    /// Every screen, to bring an answer where it belongs.
    pub fn screens_mut(&mut self) -> impl Iterator<Item = &mut Screen> {
        self.screens.iter_mut()
    }

    /// Puts a screen on top.
    pub fn push(&mut self, screen: Screen) {
        self.screens.push(screen);
    }

    /// Takes the screen on top away; search always stays.
    pub fn pop(&mut self) -> Option<Screen> {
        if self.screens.len() > 1 { self.screens.pop() } else { None }
    }

    /// Back to search.
    pub fn go_home(&mut self) {
        self.screens.truncate(1);
        self.layers.clear();
    }

    /// The search screen.
    pub fn home_mut(&mut self) -> Option<&mut Home> {
        match self.screens.first_mut() {
            Some(Screen::Home(home)) => Some(home),
            _ => None,
        }
    }

    /// Says something until the next key.
    pub fn say(&mut self, level: Level, text: impl Into<String>) {
        self.notice = Some((level, text.into()));
    }

    /// Contexts of the keys now, the most particular first.
    pub fn contexts(&self) -> Vec<Context> {
        self.contexts_of(self.layers.last())
    }

    /// The same as if palette and help were closed.
    pub fn contexts_below_palette(&self) -> Vec<Context> {
        self.contexts_of(self.layer_below_palette())
    }

    fn layer_below_palette(&self) -> Option<&Layer> {
        self.layers.iter().rev().find(|l| !matches!(l, Layer::Palette { .. } | Layer::Help { .. }))
    }

    fn contexts_of(&self, layer: Option<&Layer>) -> Vec<Context> {
        use Context as C;
        if let Some(layer) = layer {
            return match layer {
                Layer::Help { .. } => vec![C::Pane, C::List, C::Global],
                Layer::Palette { .. } => vec![C::Palette, C::Text, C::List, C::Global],
                Layer::Choice(_) => vec![C::Choice, C::List, C::Global],
                Layer::Picker(_) => vec![C::Picker, C::Text, C::List, C::Global],
                Layer::Confirm(_) => vec![C::Confirm, C::Global],
                Layer::Prompt(_) => vec![C::Reason, C::Text, C::Global],
            };
        }
        self.screen_contexts()
    }

    /// Contexts of the screen, whatever lies on top of it.
    pub fn screen_contexts(&self) -> Vec<Context> {
        use Context as C;
        match self.screen() {
            None | Some(Screen::Home(_)) => vec![C::Home, C::Text, C::List, C::Global],
            Some(Screen::Form(_)) => vec![C::Form, C::Text, C::List, C::Global],
            Some(Screen::Patient(_)) => vec![C::Patient, C::List, C::Global],
            Some(Screen::Compare(_)) => vec![C::Compare, C::Global],
            Some(Screen::NewDossier(_)) => vec![C::Register, C::Text, C::List, C::Global],
            Some(Screen::Dossier(d)) => match (&d.edit, d.review) {
                (Some(_), _) => vec![C::Result, C::Text, C::Global],
                (None, Some(_)) => vec![C::Review, C::List, C::Global],
                (None, None) => vec![C::Dossier, C::List, C::Global],
            },
            Some(Screen::Validation(_) | Screen::InsList(_)) => vec![C::Validation, C::List, C::Global],
            Some(Screen::Queue(_) | Screen::Orders(_)) => vec![C::Queue, C::List, C::Global],
            Some(Screen::Order(_)) => vec![C::Order, C::Global],
            Some(Screen::Inbox(_)) => vec![C::Inbox, C::List, C::Global],
            Some(Screen::Message(_)) => vec![C::Message, C::List, C::Global],
            Some(Screen::Pane(_)) => vec![C::Pane, C::List, C::Global],
        }
    }

    /// Whether the person has a right (nobody has any before the greeting).
    pub fn may(&self, right: Right) -> bool {
        self.hello.as_ref().is_some_and(|h| h.user.rights.contains(&right))
    }

    /// The patient of the screen on top, once read.
    pub fn record(&self) -> Option<&PatientRecord> {
        match self.screen()? {
            Screen::Patient(p) => p.record.as_deref(),
            Screen::Compare(c) => Some(&c.record),
            Screen::NewDossier(n) => n.record.as_deref(),
            Screen::Dossier(d) => d.record.as_deref(),
            _ => None,
        }
    }

    /// The patient that an act would concern.
    pub fn patient(&self) -> Option<PatientId> {
        match self.screen()? {
            Screen::Home(h) if h.is_current() => h.hits.get(h.selected).map(|h| h.id),
            Screen::Patient(p) => Some(p.id),
            Screen::Compare(c) => Some(c.record.id),
            Screen::Dossier(d) => d.view.as_ref().map(|v| v.patient),
            Screen::Order(o) => o.detail.as_ref().and_then(|d| d.order.patient),
            Screen::InsList(l) => l.list.as_ref()?.get(l.selected).map(|i| i.patient),
            _ => None,
        }
    }

    /// The identifier worth copying.
    pub fn identifier(&self) -> Option<String> {
        match self.screen()? {
            Screen::Home(h) => h.hits.get(h.selected).map(|h| h.id.to_string()),
            Screen::Patient(p) => {
                let record = p.record.as_ref()?;
                Some(record.ins.as_ref().map_or_else(|| p.id.to_string(), |i| i.matricule.compact()))
            }
            Screen::Dossier(d) => Some(d.view.as_ref()?.number.clone()),
            Screen::Order(o) => {
                let order = &o.detail.as_ref()?.order;
                Some(order.identifier.clone().unwrap_or_else(|| order.id.to_string()))
            }
            _ => None,
        }
    }

    /// The order under the cursor or on screen (not the example of a cause).
    pub fn selected_order(&self) -> Option<OrderId> {
        match self.screen()? {
            Screen::Order(o) => Some(o.id),
            _ => self.shown_order().map(|o| o.id),
        }
    }

    /// The same with what is known of it.
    pub fn shown_order(&self) -> Option<&OrderView> {
        match self.screen()? {
            Screen::Order(o) => o.detail.as_ref().map(|d| &d.order),
            Screen::Orders(o) => o.list.as_ref()?.get(o.selected),
            _ => None,
        }
    }

    /// The cause under the cursor or on screen: key and number of orders.
    pub fn selected_cause(&self) -> Option<(String, u64)> {
        match self.screen()? {
            Screen::Queue(q) => {
                let cause = q.summary.as_ref()?.causes.get(q.selected)?;
                Some((cause.key.clone(), cause.count))
            }
            _ => self.screens.iter().rev().find_map(|s| match s {
                Screen::Orders(o) => {
                    Some((o.key.clone(), o.list.as_ref().map_or(0, |l| u64::try_from(l.len()).unwrap_or(0))))
                }
                _ => None,
            }),
        }
    }

    /// The service of what is under the cursor.
    pub fn selected_service(&self) -> Option<Service> {
        match self.screen()? {
            Screen::Queue(q) => q.summary.as_ref()?.causes.get(q.selected)?.service,
            _ => self.shown_order().map(|o| o.service),
        }
    }

    /// The message under the cursor or on screen.
    pub fn selected_message(&self) -> Option<InboxId> {
        match self.screen()? {
            Screen::Message(s) => Some(s.id),
            Screen::Inbox(i) => i.list.as_ref()?.get(i.selected).map(|l| l.id),
            _ => None,
        }
    }

    // ---- conditions of the command table -------------------------------------------------

    /// Something is under the cursor.
    pub fn has_selection(&self) -> bool {
        match self.layer_below_palette() {
            Some(Layer::Picker(p)) => p.selected < p.rows.len(),
            Some(_) => true,
            None => self.screen_has_selection(),
        }
    }

    fn screen_has_selection(&self) -> bool {
        match self.screen() {
            // `Entrée` may be typed ahead of the answer.
            Some(Screen::Home(h)) => !h.is_current() || h.dossier.is_some() || h.selected < h.hits.len(),
            Some(Screen::Validation(v)) => v.list.as_ref().is_some_and(|l| v.selected < l.len()),
            Some(Screen::InsList(v)) => v.list.as_ref().is_some_and(|l| v.selected < l.len()),
            Some(Screen::Queue(q)) => q.summary.as_ref().is_some_and(|s| q.selected < s.causes.len()),
            Some(Screen::Orders(o)) => o.list.as_ref().is_some_and(|l| o.selected < l.len()),
            Some(Screen::Order(o)) => o.detail.is_some(),
            Some(Screen::Inbox(i)) => i.list.as_ref().is_some_and(|l| i.selected < l.len()),
            Some(Screen::Message(_)) => true,
            _ => false,
        }
    }

    /// A patient is created only after a search that was answered (or with a draft waiting).
    pub fn may_create(&self) -> bool {
        match self.screen() {
            Some(Screen::Home(h)) => {
                self.draft.is_some() || (h.is_current() && !h.field.is_blank() && h.dossier.is_none())
            }
            _ => false,
        }
    }

    /// There is a patient to act for.
    pub fn has_patient(&self) -> bool {
        self.patient().is_some()
    }

    /// INSi may be called: not for a doubtful or fictitious identity, and not twice at once.
    pub fn may_fetch_ins(&self) -> bool {
        let Some(record) = self.record() else { return false };
        let busy = matches!(record.insi, InsiState::Running { .. });
        record.state.may_call_insi() && !busy && self.may(Right::CallInsi)
    }

    /// A device may be recorded.
    pub fn may_qualify(&self) -> bool {
        self.record().is_some_and(|r| !r.state.validated) && self.may(Right::QualifyIdentity)
    }

    /// A return is on screen.
    pub fn may_accept(&self) -> bool {
        matches!(self.screen(), Some(Screen::Compare(c)) if c.pending.is_some() && !c.sending)
    }

    /// The dossier has results.
    pub fn has_results(&self) -> bool {
        matches!(self.screen(), Some(Screen::Dossier(d)) if d.current().is_some())
    }

    /// Something can be validated by this person.
    pub fn may_validate(&self) -> bool {
        match self.screen() {
            Some(Screen::Dossier(d)) => match d.step() {
                Step::Technical => self.may(Right::ValidateTechnical),
                Step::Biological => self.may(Right::ValidateBiological),
                Step::Nothing => false,
            },
            _ => false,
        }
    }

    /// A critical result waits for a call to be traced.
    pub fn has_critical(&self) -> bool {
        match self.screen() {
            Some(Screen::Dossier(d)) => d.results().iter().any(|r| r.flag.is_some_and(|f| f.is_critical())),
            _ => false,
        }
    }

    /// The question or the typed line is complete.
    pub fn may_confirm(&self) -> bool {
        match self.layers.last() {
            Some(Layer::Prompt(p)) => !p.field.is_blank(),
            _ => true,
        }
    }

    /// There is somewhere to go back to.
    pub fn may_go_back(&self) -> bool {
        if !self.layers.is_empty() || self.screens.len() > 1 {
            return true;
        }
        matches!(self.screen(), Some(Screen::Home(h)) if !h.field.text().is_empty())
    }

    /// There is something to copy.
    pub fn has_identifier(&self) -> bool {
        self.identifier().is_some()
    }

    // ---- what line 1, line 2 and the announcement line say ---------------------------------

    /// Training or test system.
    pub fn is_school(&self) -> bool {
        self.hello.as_ref().is_some_and(|h| h.training)
    }

    /// Person and profile.
    pub fn who(&self) -> String {
        self.hello.as_ref().map_or_else(String::new, |h| format!("{}, {}", h.user.name, h.user.profile))
    }

    /// Laboratory and site.
    pub fn place(&self) -> String {
        self.hello.as_ref().map_or_else(String::new, |h| match h.laboratory.site.as_str() {
            "" => h.laboratory.name.clone(),
            site => format!("{} · {site}", h.laboratory.name),
        })
    }

    /// Services in words: name, word, role.
    pub fn service_words(&self) -> Vec<(String, String, Role)> {
        match &self.link {
            Link::Connecting => return vec![(String::new(), m::CONNECTING.to_owned(), Role::StatusWait)],
            Link::Down(why) => {
                let word = match why {
                    Failure::Absent => m::DAEMON_ABSENT.to_owned(),
                    other => other.to_string(),
                };
                return vec![(String::new(), word, Role::StatusAlert)];
            }
            Link::Up(_) => {}
        }
        self.services
            .iter()
            .map(|s| {
                let role = match s.state {
                    ServiceState::Ok => Role::StatusOk,
                    ServiceState::Slow | ServiceState::Paused => Role::StatusHold,
                    ServiceState::Down | ServiceState::Suspended => Role::StatusAlert,
                    ServiceState::Off => Role::StatusOff,
                };
                let mut word = s.state.label().to_owned();
                if let (Some(since), false) = (s.since, s.state == ServiceState::Off) {
                    word = format!("{word} {}", m::since(&self.moment(since)));
                }
                (s.service.label().to_owned(), word, role)
            })
            .collect()
    }

    /// Work lists that are not empty, those of the person's work first.
    pub fn work_lists(&self) -> Vec<(&'static str, u64)> {
        let w = &self.worklists;
        let validator = self.may(Right::ValidateTechnical) || self.may(Right::ValidateBiological);
        let mut lists = Vec::new();
        if validator {
            lists.extend([(m::LIST_URGENT, w.to_validate_urgent), (m::LIST_VALIDATE, w.to_validate)]);
        }
        if self.may(Right::CallInsi) {
            lists.push((m::LIST_INSI, w.insi));
        }
        lists.push((m::LIST_PARKED, w.orders_parked));
        lists.push((m::LIST_INBOX, w.inbox));
        lists.retain(|(_, n)| *n > 0);
        lists
    }

    /// The announcement line: what just happened, else what this screen expects.
    pub fn announcement(&self) -> (Level, String) {
        if let Some((level, text)) = &self.notice {
            return (*level, text.clone());
        }
        m::hint(self)
    }

    // ---- instants as people read them ------------------------------------------------------

    /// `09:12` today, `hier`, else `02/11`.
    pub fn moment(&self, at: Timestamp) -> String {
        let when = at.to_zoned(self.zone.clone());
        let date = when.date();
        if date == self.today {
            when.strftime("%H:%M").to_string()
        } else if self.today.yesterday().is_ok_and(|y| y == date) {
            m::YESTERDAY.to_owned()
        } else if date.year() == self.today.year() {
            when.strftime("%d/%m").to_string()
        } else {
            when.strftime("%d/%m/%Y").to_string()
        }
    }

    /// `02/11/2026 09:12:31`.
    pub fn instant(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%d/%m/%Y %H:%M:%S").to_string()
    }

    /// `02/11/2026`.
    pub fn day(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%d/%m/%Y").to_string()
    }

    /// Whether leaving now would lose typed work.
    pub fn has_unsaved_work(&self) -> bool {
        self.draft.is_some()
            || self.screens.iter().any(|s| match s {
                Screen::Form(f) => !f.is_blank(),
                Screen::NewDossier(n) => !n.exams.is_empty(),
                Screen::Dossier(d) => d.edit.is_some(),
                _ => false,
            })
    }
}

/// `1980-03-12` as `12/03/1980`; anything else unchanged.
pub fn french_date(iso: &str) -> String {
    let mut parts = iso.split('-');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(y), Some(m), Some(d), None) if y.len() == 4 => format!("{d}/{m}/{y}"),
        _ => iso.to_owned(),
    }
}
