//! Health, and the counts shown on the second line of every screen.

use paillasse_shared::domain::order::Service;
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::event::Event;
use paillasse_shared::protocol::status::{Health, ServiceState, Status, Worklists};

use super::App;
use crate::clients::VERSION;
use crate::store::inbox::Counts;

/// Below this, status is degraded and says so.
const LITTLE_SPACE_MIB: u64 = 512;

fn worklists(c: &Counts) -> Worklists {
    Worklists {
        insi: c.insi,
        orders_parked: c.parked,
        orders_held: c.held,
        orders_waiting: c.waiting,
        to_validate_urgent: c.urgent,
        to_validate: c.to_validate,
        inbox: c.inbox,
    }
}

/// Free space where the database stands, in MiB.
fn free_mib(path: &std::path::Path) -> u64 {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
    rustix::fs::statvfs(folder).map_or(0, |s| s.f_bavail.saturating_mul(s.f_frsize) / 1_048_576)
}

/// The status of everything.
pub async fn get(app: &App, remarks: &[String]) -> Result<Status, WireError> {
    let counts = app.store.counts().await?;
    let midnight = app.env.now();
    let (groups, _) = app.store.order_groups(midnight).await?;
    let waiting = |service: Service| {
        groups
            .iter()
            .filter(|g| g.service == service)
            .filter(|g| {
                use paillasse_shared::domain::order::OrderState as S;
                matches!(g.state, S::Scheduled | S::Leased | S::Unknown)
            })
            .map(|g| g.count)
            .sum()
    };
    let services: Vec<_> = Service::ALL.into_iter().map(|s| app.board.status(s, waiting(s))).collect();
    let mut remarks = remarks.to_vec();
    for s in &services {
        let words = s.words.as_deref().unwrap_or_default();
        if matches!(s.state, ServiceState::Down | ServiceState::Suspended | ServiceState::Paused) {
            remarks.push(format!("{} {} {words}", s.service.label(), s.state.label()).trim().to_owned());
        }
    }
    let free = free_mib(app.store.path());
    if free < LITTLE_SPACE_MIB {
        remarks.push(format!("il ne reste que {free} Mio sur le disque de la base"));
    }
    let health = if remarks.is_empty() { Health::Good } else { Health::Degraded };
    Ok(Status {
        health,
        version: VERSION.to_owned(),
        started_at: app.started_at,
        now: app.env.now(),
        training: app.config.daemon.training,
        services,
        worklists: worklists(&counts),
        patients: counts.patients,
        dossiers: counts.dossiers,
        free_mib: free,
        remarks,
    })
}

/// Tells connections when the counts change: woken by events, at most four times a second, never by a clock.
pub async fn keep_counts(app: App, mut stop: tokio::sync::watch::Receiver<bool>) {
    let mut last = Counts::default();
    loop {
        tokio::select! {
            () = app.recount.notified() => {}
            () = crate::stopped(&mut stop) => return,
        }
        let watched = app.events.receiver_count() > 0;
        if let Some(counts) = if watched { app.store.counts().await.ok() } else { None }
            && counts != last
        {
            last = counts;
            // Sent past `tell`, which would wake this task again.
            let _ = app.events.send(Event::WorklistsChanged { worklists: worklists(&counts) });
        }
        tokio::time::sleep(std::time::Duration::from_millis(250)).await;
    }
}
