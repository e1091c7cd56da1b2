//! Use cases. Each takes the [`App`] and the [`Caller`], checks the right, decides with the pure rules of the domain,
//! and carries out one transaction of the store. None of them waits for a network: what must leave goes to the outbox.

pub mod billing;
pub mod cards;
pub mod delivery;
pub mod desk;
pub mod document_check;
pub mod dossier_view;
pub mod identity;
pub mod inbound_identity;
pub mod inbound_verification;
pub mod insi;
pub mod laboratory;
pub mod merger;
pub mod partners;
pub mod places;
pub mod preview;
pub mod propagation;
pub mod query;
pub mod queue;
pub mod received;
pub mod reception;
pub mod report;
pub mod reporting;
pub mod results_in;
pub mod status;
pub mod subcontract;
pub mod verification;

use std::sync::Arc;

use jiff::Timestamp;
use paillasse_shared::domain::order::Service;
use paillasse_shared::domain::rights::Right;
use paillasse_shared::protocol::error::{ErrorKind, WireError};
use paillasse_shared::protocol::event::Event;
use serde_json::Value;
use tokio::sync::{Notify, broadcast};

use crate::catalogue::Catalogue;
use crate::cog::InUse;
use crate::config::{Config, User};
use crate::env::Env;
use crate::outbox::board::Board;
use crate::store::outbox::{Changed, GateContext};
use crate::store::{Act, Store};

/// Everything the use cases need; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
pub struct Parts {
    /// Configuration.
    pub config: Config,
    /// Time and randomness.
    pub env: Env,
    /// Database.
    pub store: Store,
    /// Test catalogue.
    pub catalogue: Arc<Catalogue>,
    /// Places of birth: the edition in use.
    pub cog: InUse,
    /// Why an imported edition of places is not in use, when it is not.
    pub cog_remark: Option<String>,
    /// What is known of each service.
    pub board: Board,
    /// Cards of patients, in memory only.
    pub cards: cards::Cards,
    /// Events pushed to connections.
    pub events: broadcast::Sender<Event>,
    /// Wakes the outbox.
    pub wake: Notify,
    /// Wakes the counting of the work lists.
    pub recount: Notify,
    /// When the daemon started.
    pub started_at: Timestamp,
}

impl std::ops::Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// An app.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Which services are configured, for the gates.
    #[must_use]
    pub fn gates(&self) -> GateContext {
        GateContext {
            insi: self.board.configured(Service::Insi),
            dmp: self.board.configured(Service::Dmp),
            mss: self.board.configured(Service::Mss),
        }
    }

    /// Tells connections; nobody listening is fine.
    pub fn tell(&self, event: Event) {
        let _ = self.events.send(event);
        self.recount.notify_one();
    }

    /// Tells what happened to orders, and wakes the outbox.
    pub fn tell_orders(&self, changed: &Changed) {
        for (order, state, dossier) in &changed.orders {
            self.tell(Event::OrderChanged { order: *order, state: *state, dossier: *dossier });
        }
        if !changed.orders.is_empty() {
            self.wake.notify_one();
        }
    }

    /// Tells that a service changed state.
    pub fn tell_service(&self, service: Service) {
        self.tell(Event::ServiceChanged { service: self.board.status(service, 0) });
    }
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The person.
    pub user: User,
    /// Rights, profiles included.
    pub rights: Vec<Right>,
}

impl Caller {
    /// A caller.
    #[must_use]
    pub fn new(user: User) -> Self {
        let rights = user.all_rights();
        Self { user, rights }
    }

    /// The daemon itself, for what it does without a person.
    #[must_use]
    pub fn automatic() -> Self {
        let user = User {
            login: "paillassed".to_owned(),
            name: "Paillasse".to_owned(),
            uid: u32::MAX,
            profiles: vec![],
            rights: vec![Right::CallInsi, Right::SeeIns],
            rpps: None,
            profession: None,
            family: String::new(),
            given: String::new(),
        };
        Self::new(user)
    }

    /// True when the person has the right.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }

    /// Refuses when the person lacks the right.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`], with the name of the right.
    pub fn require(&self, right: Right) -> Result<(), WireError> {
        if self.may(right) {
            return Ok(());
        }
        Err(WireError::new(ErrorKind::Forbidden, paillasse_shared::messages::fr::forbidden(right))
            .hint("demander à une personne qui l'a, ou à l'administrateur"))
    }

    /// A line of the journal in this person's name.
    #[must_use]
    pub fn act(&self, at: Timestamp, act: &'static str, subject: impl Into<String>, detail: Value) -> Act {
        Act::new(at, &self.user.login, act, subject, detail)
    }
}
