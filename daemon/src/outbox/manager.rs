//! The manager: one task that claims due orders, gives them to workers and records what came of them.
//!
//! It wakes on an event (an order became due, a worker ended, a person acted) or at the next due time; bursts coalesce
//! into one look. Per service: concurrency, rate, pause, breaker with one probe. A worker always ends with an
//! [`Outcome`]; one that breaks leaves its order to the lease. An outcome that the disk refuses is kept and recorded as
//! soon as there is room: what a receiver said is not forgotten.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use paillasse_shared::domain::order::{OrderState, Service};
use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};

use super::Outcome;
use super::board::Allowed;
use crate::clients::Clients;
use crate::services::{App, delivery, insi, verification};
use crate::store::Act;
use crate::store::outbox::Claimed;

/// What a worker ended with.
struct Done {
    claimed: Claimed,
    outcome: Outcome,
    took: Duration,
}

/// Orders started per second and service, kept as the earliest time of the next start.
#[derive(Default)]
struct Pace {
    next: HashMap<Service, Timestamp>,
}

impl Pace {
    fn step(rate: u32) -> Duration {
        Duration::from_millis(u64::from(1000 / rate.max(1)).max(1))
    }

    /// How many may start now, at most `wanted`. Unused turns are not saved up for more than a second: no burst after a
    /// quiet time or an outage.
    fn room(&mut self, service: Service, wanted: u32, rate: u32, now: Timestamp) -> u32 {
        let next = self.next.entry(service).or_insert(now);
        let floor = now.checked_sub(Duration::from_secs(1)).unwrap_or(now);
        *next = (*next).max(floor);
        let behind = u64::try_from(now.as_millisecond().saturating_sub(next.as_millisecond()));
        match behind {
            Ok(ms) if *next <= now => {
                let step = u64::try_from(Self::step(rate).as_millis()).unwrap_or(1);
                wanted.min(u32::try_from(ms / step + 1).unwrap_or(u32::MAX))
            }
            _ => 0,
        }
    }

    /// So many really started.
    fn started(&mut self, service: Service, n: u32, rate: u32) {
        if let Some(next) = self.next.get_mut(&service) {
            *next = next.checked_add(Self::step(rate).saturating_mul(n)).unwrap_or(*next);
        }
    }

    fn next(&self, service: Service) -> Option<Timestamp> {
        self.next.get(&service).copied()
    }
}

/// Time between two trials of recording what the disk refused.
const RECORD_AGAIN: Duration = Duration::from_secs(2);

/// What the manager has in hand.
#[derive(Default)]
struct Hands {
    /// Workers, by their task.
    running: HashMap<Id, Service>,
    pace: Pace,
    /// Outcomes that the disk refused.
    unrecorded: Vec<(Claimed, Outcome)>,
    /// When the lease of a broken worker is over.
    lapse: Option<Timestamp>,
}

/// Runs until `stop`; then waits for the workers, so that what they learned is recorded.
pub async fn run(app: App, clients: Arc<Clients>, mut stop: watch::Receiver<bool>) {
    let mut workers: JoinSet<Done> = JoinSet::new();
    let mut hands = Hands::default();
    loop {
        let mut wake_at = hands.catch_up(&app).await;
        for service in Service::QUEUES {
            match dispatch(&app, &clients, service, &mut hands, &mut workers).await {
                Ok(next) => wake_at = [wake_at, next].into_iter().flatten().min(),
                Err(e) => {
                    tracing::error!(service = service.code(), error = %e, "outbox cannot claim");
                    let later = app.env.now().checked_add(Duration::from_secs(5)).ok();
                    wake_at = [wake_at, later].into_iter().flatten().min();
                }
            }
        }
        let pause = wake_at.map(|at| {
            let ms = at.as_millisecond().saturating_sub(app.env.now().as_millisecond());
            Duration::from_millis(u64::try_from(ms).unwrap_or(0).max(1))
        });
        tokio::select! {
            biased;
            () = crate::stopped(&mut stop) => break,
            Some(done) = workers.join_next_with_id(), if !workers.is_empty() => {
                hands.note(&app, done).await;
                // Whatever else ended meanwhile is recorded in the same look.
                while let Some(done) = workers.try_join_next_with_id() {
                    hands.note(&app, done).await;
                }
            }
            () = app.wake.notified() => {}
            () = sleep(pause) => {}
        }
    }
    while let Some(done) = workers.join_next_with_id().await {
        hands.note(&app, done).await;
    }
    hands.catch_up(&app).await;
}

async fn sleep(pause: Option<Duration>) {
    match pause {
        Some(d) => tokio::time::sleep(d).await,
        None => std::future::pending().await,
    }
}

/// Starts what may start for a service; says when to look again.
async fn dispatch(
    app: &App,
    clients: &Arc<Clients>,
    service: Service,
    hands: &mut Hands,
    workers: &mut JoinSet<Done>,
) -> Result<Option<Timestamp>, crate::store::StoreError> {
    let on_wire =
        u32::try_from(hands.running.values().filter(|s| **s == service).count()).unwrap_or(u32::MAX);
    let pace = &mut hands.pace;
    let settings = &app.config.outbox;
    let now = app.env.now();
    let allowed = app.board.allowed(service, now);
    let room = match allowed {
        Allowed::No => return Ok(None),
        Allowed::NotBefore(at) => return Ok(Some(at)),
        Allowed::Probe => u32::from(on_wire == 0),
        // Verifications are never in a hurry: one at a time, whatever the other queues do.
        Allowed::Yes if service == Service::Verify => 1u32.saturating_sub(on_wire),
        Allowed::Yes => settings.concurrency.saturating_sub(on_wire),
    };
    if room == 0 {
        return Ok(None);
    }
    let Some(due) = app.store.next_due(service).await? else { return Ok(None) };
    if due > now && allowed != Allowed::Probe {
        return Ok(Some(due));
    }
    let may = pace.room(service, room, settings.rate, now);
    if may == 0 {
        return Ok(pace.next(service));
    }
    let lease = Duration::from_secs(settings.lease_seconds);
    let claimed = app.store.claim(service, may, now, lease, allowed == Allowed::Probe).await?;
    let started = u32::try_from(claimed.len()).unwrap_or(0);
    pace.started(service, started, settings.rate);
    for order in claimed {
        app.tell(paillasse_shared::protocol::Event::OrderChanged {
            order: order.id,
            state: OrderState::Leased,
            dossier: order.dossier,
        });
        let (app, clients) = (app.clone(), clients.clone());
        let task = workers.spawn(async move {
            let begun = std::time::Instant::now();
            let outcome = match service {
                Service::Insi => insi::run(&app, &clients, &order).await,
                Service::Dmp => delivery::dmp(&app, &clients, &order).await,
                Service::Mss => delivery::mss(&app, &clients, &order).await,
                Service::Verify => verification::run(&app, &clients, &order).await,
            };
            Done { claimed: order, outcome, took: begun.elapsed() }
        });
        hands.running.insert(task.id(), service);
    }
    Ok(if started == may { hands.pace.next(service) } else { (due > now).then_some(due) })
}

impl Hands {
    /// Records an outcome, and what it says of the service.
    async fn note(&mut self, app: &App, done: Result<(Id, Done), JoinError>) {
        let Done { claimed, outcome, took } = match done {
            Ok((id, done)) => {
                self.running.remove(&id);
                done
            }
            Err(e) => {
                // The order stays leased; the end of its lease makes it unknown or due again.
                tracing::error!(error = %e, "a worker of the outbox broke");
                self.running.remove(&e.id());
                let lease = Duration::from_secs(app.config.outbox.lease_seconds);
                self.lapse = self.lapse.or_else(|| app.env.now().checked_add(lease).ok());
                return;
            }
        };
        let service = claimed.service;
        judge(app, service, &outcome, took, app.env.now()).await;
        tracing::info!(
            order = claimed.id.0,
            service = service.code(),
            attempt = claimed.attempt,
            outcome = outcome_name(&outcome),
            took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "order attempted"
        );
        self.unrecorded.extend(record(app, claimed, outcome).await.err());
    }

    /// Records what the disk refused before, and ends leases that are over; says when to look again.
    async fn catch_up(&mut self, app: &App) -> Option<Timestamp> {
        let mut again = None;
        for (claimed, outcome) in std::mem::take(&mut self.unrecorded) {
            if again.is_some() {
                self.unrecorded.push((claimed, outcome));
            } else if let Err(kept) = record(app, claimed, outcome).await {
                self.unrecorded.push(kept);
                again = app.env.now().checked_add(RECORD_AGAIN).ok();
            }
        }
        let now = app.env.now();
        if self.lapse.is_some_and(|at| at <= now) {
            match app.store.recover_leases(now, true).await {
                Ok(changed) => {
                    self.lapse = None;
                    app.tell_orders(&changed);
                }
                Err(e) => {
                    tracing::error!(error = %e, "leases that are over could not be ended");
                    self.lapse = now.checked_add(RECORD_AGAIN).ok();
                }
            }
        }
        [again, self.lapse].into_iter().flatten().min()
    }
}

/// Records an outcome; gives it back when the disk refuses it.
async fn record(app: &App, claimed: Claimed, outcome: Outcome) -> Result<(), (Claimed, Outcome)> {
    let settings = &app.config.outbox;
    let recorded = app
        .store
        .complete(
            claimed.clone(),
            outcome.clone(),
            app.env.now(),
            settings.backoff_seconds.clone(),
            settings.max_attempts,
            app.env.random(),
            app.gates(),
        )
        .await;
    match recorded {
        Ok(changed) => {
            app.tell_orders(&changed);
            Ok(())
        }
        Err(e) => {
            tracing::error!(order = claimed.id.0, error = %e, "an outcome could not be recorded; it is kept");
            Err((claimed, outcome))
        }
    }
}

fn outcome_name(o: &Outcome) -> &'static str {
    match o {
        Outcome::Delivered { .. } => "delivered",
        Outcome::Retry { .. } => "retry",
        Outcome::Unknown { .. } => "unknown",
        Outcome::Parked { .. } => "parked",
        Outcome::Suspend { .. } => "suspend",
        Outcome::Held { .. } => "held",
    }
}

/// What an outcome says of the service: it answers, it does not, it refuses all of us.
async fn judge(app: &App, service: Service, outcome: &Outcome, took: Duration, now: Timestamp) {
    let changed = match outcome {
        Outcome::Delivered { .. } | Outcome::Parked { .. } | Outcome::Retry { transport: false, .. } => {
            let was_down = app.board.next_probe(service).is_some();
            let changed = app.board.answered(service, took, now);
            if was_down {
                // The service is back: what waited for it goes now, in order, at its rate.
                if let Err(e) = app.store.wake_service(service, now).await {
                    tracing::error!(service = service.code(), error = %e, "waiting orders not woken");
                }
            }
            changed
        }
        Outcome::Retry { words, transport: true } | Outcome::Unknown { words } => {
            let first = app.config.outbox.backoff_seconds.first().copied().unwrap_or(60);
            app.board.failed(service, words, now, Duration::from_secs(first))
        }
        Outcome::Suspend { words } => {
            let changed = app.board.suspend(service, words, now);
            if changed {
                let act = Act::new(
                    now,
                    "paillassed",
                    "service-suspend",
                    format!("service:{}", service.code()),
                    serde_json::json!({ "words": words }),
                );
                if let Err(e) = app.store.suspend_service(service, words.clone(), act).await {
                    tracing::error!(service = service.code(), error = %e, "suspension not recorded");
                }
            }
            changed
        }
        Outcome::Held { .. } => false,
    };
    if changed {
        app.tell_service(service);
        app.wake.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_holds_after_a_quiet_time() {
        let t = |ms: i64| Timestamp::from_millisecond(1_800_000_000_000 + ms).unwrap();
        let mut pace = Pace::default();
        let mut take = |ms: i64, wanted: u32| {
            let n = pace.room(Service::Dmp, wanted, 10, t(ms));
            pace.started(Service::Dmp, n, 10);
            n
        };
        let started: u32 = (0..=10_000).map(|ms| take(ms, 100)).sum();
        assert!((95..=112).contains(&started), "{started}");
        assert!(take(600_000, 1000) <= 11, "no burst");
    }
}
