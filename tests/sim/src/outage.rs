//! Outages on demand, per service, for a duration or until cleared.
//!
//! An outage is looked up at each exchange; nothing runs in the background. Starting or ending one
//! also tells open connections to close once idle, so that a client with a kept-alive connection
//! meets the outage too.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

/// Default delay of a slow service.
pub const DEFAULT_DELAY: Duration = Duration::from_secs(30);

/// A simulated service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// INSi teleservice.
    Insi,
    /// DMP repository and registry.
    Dmp,
    /// MSSanté operator.
    Mss,
}

impl Service {
    /// All of them.
    pub const ALL: [Service; 3] = [Service::Insi, Service::Dmp, Service::Mss];

    /// Name in the control protocol and in the journal.
    pub fn name(self) -> &'static str {
        match self {
            Service::Insi => "insi",
            Service::Dmp => "dmp",
            Service::Mss => "mss",
        }
    }

    /// Folder under `received/`.
    pub fn folder(self) -> &'static str {
        match self {
            Service::Insi => "insi",
            Service::Dmp => "dmp",
            Service::Mss => "mail",
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The request is handled and stored at once, the answer waits.
    Slow,
    /// Connections are closed at once (or answered 503 / 421, see [`Outage::busy`]).
    Refuse,
    /// The request is handled and stored, then the connection closes without an answer.
    Cut,
    /// The server shows an expired certificate.
    Expired,
}

impl Kind {
    /// Name in the control protocol and in the journal.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Slow => "slow",
            Kind::Refuse => "refuse",
            Kind::Cut => "cut",
            Kind::Expired => "expired",
        }
    }
}

/// An outage in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// What goes wrong.
    pub kind: Kind,
    /// Delay of `slow`.
    pub delay: Duration,
    /// `refuse` by an HTTP 503 (or SMTP 421) instead of a closed connection.
    pub busy: bool,
    /// End, `None` until cleared.
    pub until: Option<Instant>,
}

/// Outages of all services.
#[derive(Debug)]
pub struct Outages {
    current: Mutex<BTreeMap<Service, Outage>>,
    changed: BTreeMap<Service, watch::Sender<u64>>,
}

impl Default for Outages {
    fn default() -> Self {
        let changed = Service::ALL.into_iter().map(|s| (s, watch::channel(0).0)).collect();
        Outages { current: Mutex::default(), changed }
    }
}

impl Outages {
    /// The outage of a service right now.
    pub fn current(&self, service: Service) -> Option<Outage> {
        let mut all = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let outage = *all.get(&service)?;
        if outage.until.is_some_and(|t| t <= Instant::now()) {
            all.remove(&service);
            return None;
        }
        Some(outage)
    }

    /// Starts (or replaces) an outage.
    pub fn start(&self, service: Service, outage: Outage) {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).insert(service, outage);
        self.tell(service);
    }

    /// Ends the outage of a service, if any.
    pub fn clear(&self, service: Service) {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).remove(&service);
        self.tell(service);
    }

    /// A receiver that changes whenever an outage of the service starts or is cleared.
    pub fn watch(&self, service: Service) -> watch::Receiver<u64> {
        match self.changed.get(&service) {
            Some(sender) => sender.subscribe(),
            // Unreachable: `default` fills every service. A fresh channel never changes.
            None => watch::channel(0).1,
        }
    }

    fn tell(&self, service: Service) {
        if let Some(sender) = self.changed.get(&service) {
            sender.send_modify(|n| *n += 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow(until: Option<Instant>) -> Outage {
        Outage { kind: Kind::Slow, delay: DEFAULT_DELAY, busy: false, until }
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_ends_by_itself_or_when_cleared() {
        let outages = Outages::default();
        outages.start(Service::Dmp, slow(Some(Instant::now() + Duration::from_secs(10))));
        outages.start(Service::Mss, slow(None));
        assert!(outages.current(Service::Dmp).is_some());
        assert!(outages.current(Service::Insi).is_none());
        tokio::time::advance(Duration::from_secs(11)).await;
        assert!(outages.current(Service::Dmp).is_none());
        assert!(outages.current(Service::Mss).is_some());
        outages.clear(Service::Mss);
        assert!(outages.current(Service::Mss).is_none());
    }

    #[tokio::test]
    async fn open_connections_are_told() {
        let outages = Outages::default();
        let mut watch = outages.watch(Service::Insi);
        outages.start(Service::Insi, slow(None));
        assert!(watch.has_changed().unwrap());
        watch.mark_unchanged();
        outages.clear(Service::Dmp);
        assert!(!watch.has_changed().unwrap());
    }
}
