//! Everything the workstation knows. Changed by `update/` only, drawn by `view/` only.

mod conditions;
pub mod field;
pub mod layer;
pub mod screen;
mod shown;

pub use shown::french_date;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use paillasse_shared::domain::identity::{DeviceRule, IdentityRole, ShownField, SiteIdentity};
use paillasse_shared::domain::ids::{InboxId, OrderId, PatientId};
use paillasse_shared::domain::order::Service;
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::card::CardView;
use paillasse_shared::protocol::inbox::AttachParams;
use paillasse_shared::protocol::patient::{EditUsedParams, PatientRecord};
use paillasse_shared::protocol::queue::OrderView;
use paillasse_shared::protocol::session::Hello;
use paillasse_shared::protocol::status::{ServiceStatus, Worklists};

use crate::client::Link;
use crate::keymap::Context;
use layer::Layer;
use screen::{Form, Home, NewDossier, Screen};

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
    /// A correction; then these complementary traits.
    EditTraits(Option<Box<EditUsedParams>>),
    /// Complementary traits.
    EditUsed,
    /// Suggestions of places for this text.
    Places(String),
    /// The return to compare.
    Compare(PatientId),
    /// A decision about a return (accepted or not).
    Decide(bool),
    /// A device.
    Qualify,
    /// Consent.
    Consent,
    /// An attribute set (true) or removed.
    Attribute(bool),
    /// A call to INSi.
    Fetch,
    /// The card of this workstation (true: the key asked for it).
    Card(bool),
    /// Lines of a pane.
    Pane,
    /// A preview as files.
    PreviewFiles,
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
    /// Corrections to tell.
    Corrections,
    /// A decision about one of them.
    CorrectionDecided,
    /// A message filed by hand.
    Attached(Box<AttachParams>),
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
    /// A dossier being registered, left the same way.
    pub dossier_draft: Option<NewDossier>,
    /// The card read on this workstation.
    pub card: Option<CardView>,
    /// A key was pressed: the sentence of welcome has done its work.
    pub started: bool,
    /// The last thing that happened is nowhere on this screen: no frame is due for it.
    pub elsewhere: bool,
    /// What replies are for.
    pub waiting: BTreeMap<u64, Purpose>,
    next_ticket: u64,
    /// Name of the theme in use.
    pub theme: usize,
    /// Somebody looks over the desk: names as initials, no number (toggled by a key, said on line 1).
    pub restricted: bool,
    /// Known to be training before the daemon says so.
    pub school: bool,
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
            dossier_draft: None,
            card: None,
            started: false,
            elsewhere: false,
            waiting: BTreeMap::new(),
            next_ticket: 1,
            theme: 0,
            restricted: false,
            school: false,
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

    /// Back to search; what was being typed is kept.
    pub fn go_home(&mut self) {
        while self.screens.len() > 1 {
            self.keep_draft();
            self.screens.pop();
        }
        self.layers.clear();
    }

    /// Keeps what the screen on top would lose; true when there was something.
    pub fn keep_draft(&mut self) -> bool {
        match self.screens.last() {
            Some(Screen::Form(f)) if f.editing.is_none() && !f.is_blank() => self.draft = Some(f.clone()),
            Some(Screen::NewDossier(n)) if !n.exams.is_empty() || !n.people.is_empty() => {
                self.dossier_draft = Some(n.clone());
            }
            _ => return false,
        }
        true
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

    /// Whether the daemon is reached.
    pub fn is_up(&self) -> bool {
        matches!(self.link, Link::Up(_))
    }

    /// Whether the person has a right (nobody has any before the greeting).
    pub fn may(&self, right: Right) -> bool {
        self.hello.as_ref().is_some_and(|h| h.user.rights.contains(&right))
    }

    /// Whether the person is known to lack a right (nothing is known before the greeting).
    pub fn lacks(&self, right: Right) -> bool {
        self.hello.is_some() && !self.may(right)
    }

    /// Whether identities are kept by another system (INS-25).
    pub fn is_slave(&self) -> bool {
        self.hello.as_ref().is_some_and(|h| h.identity.role == IdentityRole::Esclave)
    }

    /// Whether the site shows a field (INS-06).
    pub fn shows(&self, field: ShownField) -> bool {
        self.hello.as_ref().is_none_or(|h| h.identity.shows(field))
    }

    /// Documents that this site knows, with their level (INS-27).
    pub fn devices(&self) -> Vec<DeviceRule> {
        self.hello.as_ref().map_or_else(|| SiteIdentity::default().devices, |h| h.identity.devices.clone())
    }

    /// Whether recording a document validates the identity at once (STA-14).
    pub fn validates_on_document(&self) -> bool {
        self.hello.as_ref().is_none_or(|h| h.identity.validate_on_document)
    }

    /// The patient of the screen on top, once read.
    pub fn record(&self) -> Option<&PatientRecord> {
        match self.screen()? {
            Screen::Patient(p) => p.record.as_deref(),
            Screen::Compare(c) => Some(&c.record),
            Screen::NewDossier(n) => n.record.as_deref(),
            Screen::Dossier(d) => d.record.as_deref(),
            Screen::Form(f) => f.record.as_deref(),
            Screen::Pane(p) => p.record.as_deref(),
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
}
