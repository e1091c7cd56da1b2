//! What is known of each service. Kept in memory: transport failures are observed again after a restart; pauses and
//! suspensions, which are decisions, are also in the database.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use paillasse_shared::domain::order::{Reason, Service};
use paillasse_shared::protocol::status::{ServiceState, ServiceStatus};

/// An answer that took longer than this makes a service "lent".
const SLOW: Duration = Duration::from_secs(5);
/// Longest time between two probes of a service that is down.
const LONGEST_PROBE: Duration = Duration::from_secs(120);

/// One service.
#[derive(Debug, Clone, Default)]
struct Card {
    configured: bool,
    failures: u32,
    probe_at: Option<Timestamp>,
    probes: u32,
    since: Option<Timestamp>,
    words: Option<String>,
    slow_since: Option<Timestamp>,
    paused: Option<(String, Timestamp)>,
    suspended: Option<(String, Timestamp)>,
}

impl Card {
    fn state(&self) -> ServiceState {
        if !self.configured {
            ServiceState::Off
        } else if self.paused.is_some() {
            ServiceState::Paused
        } else if self.suspended.is_some() {
            ServiceState::Suspended
        } else if self.probe_at.is_some() {
            ServiceState::Down
        } else if self.slow_since.is_some() {
            ServiceState::Slow
        } else {
            ServiceState::Ok
        }
    }
}

/// What the manager may do with a service now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// Send.
    Yes,
    /// One order only, to see whether the service is back.
    Probe,
    /// Nothing before this time.
    NotBefore(Timestamp),
    /// Nothing until a person acts.
    No,
}

/// The board of all services.
#[derive(Debug)]
pub struct Board {
    cards: Mutex<[Card; 4]>,
    breaker: u32,
}

fn index(service: Service) -> usize {
    match service {
        Service::Insi => 0,
        Service::Dmp => 1,
        Service::Mss => 2,
        Service::Verify => 3,
    }
}

impl Board {
    /// A board; `breaker` failures of transport in a row take a service as down.
    #[must_use]
    pub fn new(configured: impl Fn(Service) -> bool, breaker: u32) -> Self {
        let cards = Service::QUEUES.map(|s| Card { configured: configured(s), ..Card::default() });
        Self { cards: Mutex::new(cards), breaker: breaker.max(1) }
    }

    fn with<T>(&self, service: Service, f: impl FnOnce(&mut Card) -> T) -> T {
        let mut cards = self.cards.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let [insi, dmp, mss, verify] = &mut *cards;
        f(match index(service) {
            0 => insi,
            1 => dmp,
            2 => mss,
            _ => verify,
        })
    }

    /// True when the service is configured.
    #[must_use]
    pub fn configured(&self, service: Service) -> bool {
        self.with(service, |c| c.configured)
    }

    /// What may be done now.
    #[must_use]
    pub fn allowed(&self, service: Service, now: Timestamp) -> Allowed {
        self.with(service, |c| {
            if !c.configured || c.paused.is_some() || c.suspended.is_some() {
                return Allowed::No;
            }
            match c.probe_at {
                None => Allowed::Yes,
                Some(at) if at <= now => Allowed::Probe,
                Some(at) => Allowed::NotBefore(at),
            }
        })
    }

    /// The service answered (whatever it said). True when its state changed.
    pub fn answered(&self, service: Service, took: Duration, now: Timestamp) -> bool {
        self.with(service, |c| {
            let before = c.state();
            c.failures = 0;
            c.probe_at = None;
            c.probes = 0;
            c.since = None;
            c.words = None;
            if took >= SLOW {
                c.slow_since.get_or_insert(now);
            } else {
                c.slow_since = None;
            }
            before != c.state()
        })
    }

    /// The service did not answer. True when its state changed.
    pub fn failed(&self, service: Service, words: &str, now: Timestamp, probe_after: Duration) -> bool {
        let breaker = self.breaker;
        self.with(service, |c| {
            let before = c.state();
            c.failures = c.failures.saturating_add(1);
            c.words = Some(words.to_owned());
            if c.failures >= breaker {
                c.since.get_or_insert(now);
                let wait = probe_after.saturating_mul(1 << c.probes.min(6)).min(LONGEST_PROBE);
                c.probes = c.probes.saturating_add(1);
                c.probe_at = now.checked_add(wait).ok().or(Some(now));
            }
            before != c.state()
        })
    }

    /// A person paused the service, or it was paused before the restart.
    pub fn pause(&self, service: Service, by: &str, at: Timestamp) {
        self.with(service, |c| c.paused = Some((by.to_owned(), at)));
    }

    /// A person resumed the service.
    pub fn resume(&self, service: Service) {
        self.with(service, |c| {
            c.paused = None;
            c.suspended = None;
            c.failures = 0;
            c.probe_at = None;
            c.probes = 0;
            c.since = None;
            c.words = None;
        });
    }

    /// A person asks to send now: a service that is down is tried at once instead of at its next probe.
    pub fn probe_now(&self, service: Service, now: Timestamp) {
        self.with(service, |c| {
            if c.probe_at.is_some() {
                c.probe_at = Some(now);
            }
        });
    }

    /// The service refuses all of us. True when its state changed.
    pub fn suspend(&self, service: Service, words: &str, at: Timestamp) -> bool {
        self.with(service, |c| {
            let before = c.state();
            c.suspended.get_or_insert((words.to_owned(), at));
            before != c.state()
        })
    }

    /// Time of the next probe of a service that is down.
    #[must_use]
    pub fn next_probe(&self, service: Service) -> Option<Timestamp> {
        self.with(service, |c| c.probe_at)
    }

    /// Why orders of this service wait, when it is because of the service.
    #[must_use]
    pub fn reason(&self, service: Service) -> Option<Reason> {
        self.with(service, |c| {
            let words = || c.words.clone().unwrap_or_default();
            match c.state() {
                ServiceState::Off => Some(Reason::NotConfigured { service }),
                ServiceState::Paused => Some(Reason::ServicePaused { service }),
                ServiceState::Suspended => Some(Reason::ServiceSuspended {
                    service,
                    words: c.suspended.as_ref().map(|s| s.0.clone()).unwrap_or_default(),
                }),
                ServiceState::Down => Some(Reason::ServiceDown { service, words: words() }),
                ServiceState::Ok | ServiceState::Slow => None,
            }
        })
    }

    /// The service as shown; `waiting` is counted by the store.
    #[must_use]
    pub fn status(&self, service: Service, waiting: u64) -> ServiceStatus {
        self.with(service, |c| {
            let state = c.state();
            let (since, words) = match state {
                ServiceState::Ok | ServiceState::Off => (None, None),
                ServiceState::Slow => (c.slow_since, None),
                ServiceState::Down => (c.since, c.words.clone()),
                ServiceState::Suspended => {
                    (c.suspended.as_ref().map(|s| s.1), c.suspended.as_ref().map(|s| s.0.clone()))
                }
                ServiceState::Paused => (
                    c.paused.as_ref().map(|p| p.1),
                    c.paused.as_ref().map(|p| format!("mis en pause par {}", p.0)),
                ),
            };
            ServiceStatus { service, state, since, words, waiting }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(s: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + s).unwrap()
    }

    #[test]
    fn a_service_that_fails_is_probed_by_one_order_then_reopened_at_once() {
        let b = Board::new(|_| true, 3);
        let wait = Duration::from_secs(10);
        assert!(!b.failed(Service::Dmp, "connexion refusée", t(0), wait));
        assert!(!b.failed(Service::Dmp, "connexion refusée", t(1), wait));
        assert_eq!(b.allowed(Service::Dmp, t(1)), Allowed::Yes);
        assert!(b.failed(Service::Dmp, "connexion refusée", t(2), wait));
        assert_eq!(b.allowed(Service::Dmp, t(3)), Allowed::NotBefore(t(12)));
        assert_eq!(b.allowed(Service::Dmp, t(12)), Allowed::Probe);
        assert_eq!(b.status(Service::Dmp, 4).state, ServiceState::Down);
        assert_eq!(b.status(Service::Dmp, 4).since, Some(t(2)));
        assert!(matches!(b.reason(Service::Dmp), Some(Reason::ServiceDown { .. })));
        assert!(b.answered(Service::Dmp, Duration::from_millis(80), t(20)));
        assert_eq!(b.allowed(Service::Dmp, t(20)), Allowed::Yes);
        assert_eq!(b.allowed(Service::Mss, t(20)), Allowed::Yes, "other services are not touched");
    }

    #[test]
    fn sending_now_probes_a_service_that_is_down_at_once() {
        let b = Board::new(|_| true, 1);
        b.failed(Service::Dmp, "connexion refusée", t(0), Duration::from_secs(60));
        assert_eq!(b.allowed(Service::Dmp, t(1)), Allowed::NotBefore(t(60)));
        b.probe_now(Service::Dmp, t(1));
        b.probe_now(Service::Mss, t(1));
        assert_eq!(b.allowed(Service::Dmp, t(1)), Allowed::Probe);
        assert_eq!(b.allowed(Service::Mss, t(1)), Allowed::Yes, "one that is not down has nothing to probe");
    }

    #[test]
    fn slowness_is_told_and_ends() {
        let b = Board::new(|_| true, 3);
        assert!(b.answered(Service::Insi, Duration::from_secs(30), t(0)));
        assert_eq!(b.status(Service::Insi, 0).state, ServiceState::Slow);
        assert!(b.answered(Service::Insi, Duration::from_secs(1), t(40)));
        assert_eq!(b.status(Service::Insi, 0).state, ServiceState::Ok);
    }

    #[test]
    fn pause_and_suspension_wait_for_a_person() {
        let b = Board::new(|s| s != Service::Insi, 3);
        b.pause(Service::Mss, "k.benali", t(0));
        assert_eq!(b.allowed(Service::Mss, t(9)), Allowed::No);
        assert!(b.suspend(Service::Dmp, "DMPInvalidCertificate", t(0)));
        assert_eq!(b.allowed(Service::Dmp, t(9)), Allowed::No);
        b.resume(Service::Mss);
        b.resume(Service::Dmp);
        assert_eq!(b.allowed(Service::Mss, t(9)), Allowed::Yes);
        assert_eq!(b.allowed(Service::Dmp, t(9)), Allowed::Yes);
        assert_eq!(b.allowed(Service::Insi, t(9)), Allowed::No);
    }
}
