//! paillassed: owns the database, the durable send queue and every exchange with the outside.
//!
//! [`run`] is the boot order, readable from top to bottom; the shutdown is its end.
//!
//! Dependencies go one way: `server → services → {store, outbox, documents, connectors} → shared`. The only SQL stands in
//! [`store`]; the only service addresses in [`config`]; sentences for users in `paillasse_shared::messages` and in the
//! errors of the services.

pub mod catalogue;
pub mod clients;
pub mod cog;
pub mod config;
pub mod env;
pub mod generate;
pub mod outbox;
pub mod server;
pub mod services;
pub mod store;
pub mod telemetry;

use std::path::Path;
use std::sync::Arc;

use paillasse_connectors::mllp::{Limits, MllpListener};
use paillasse_shared::domain::order::Service;
use tokio::sync::{Notify, broadcast, watch};
use tokio::task::JoinSet;

use catalogue::Catalogue;
use clients::Clients;
use cog::InUse;
use config::Config;
use env::Env;
use outbox::board::Board;
use services::{App, Parts};
use store::Store;

/// Why the daemon did not start: one sentence for the administrator.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

fn start_error(e: impl std::fmt::Display) -> StartError {
    StartError(e.to_string())
}

/// Events kept for a slow client before it is told that it missed some.
const EVENTS: usize = 1024;

/// Runs the daemon until `stop` becomes true.
///
/// # Errors
/// What prevents it from starting; once started, failures are states, not ends.
pub async fn run(config: Config, stop: watch::Receiver<bool>) -> Result<(), StartError> {
    let zone = jiff::tz::TimeZone::get(&config.laboratory.time_zone).map_err(start_error)?;
    run_in(config, Env::system(zone), stop).await
}

/// [`run`] with a clock and randomness of one's own.
///
/// # Errors
/// As [`run`].
pub async fn run_in(config: Config, env: Env, stop: watch::Receiver<bool>) -> Result<(), StartError> {
    // 1. What never changes while running.
    let catalogue = Arc::new(load_catalogue(&config)?);

    // 2. One instance, before the database is touched.
    let socket = config.path(&config.daemon.socket);
    let bound = server::listener::bind(&socket).await.map_err(start_error)?;

    // 3. The database, brought to this version.
    let store = Store::open(&config.path(&config.daemon.database)).map_err(start_error)?;
    let (cog, cog_remark) = services::places::at_start(&store).await.map_err(|e| start_error(e.cause))?;
    let instance = store.instance(uuid::Uuid::new_v4()).await.map_err(start_error)?;

    // 4. The ways to the outside; one that cannot be made is told and left out.
    let clients = Arc::new(Clients::new(&config, instance));
    for remark in &clients.remarks {
        tracing::error!(remark, "a service is not usable");
    }
    let board = Board::new(
        |s| match s {
            Service::Insi | Service::Verify => clients.insi.is_some(),
            Service::Dmp => clients.dmp.is_some(),
            Service::Mss => clients.mss.is_some(),
        },
        config.outbox.breaker,
    );
    for (service, paused, suspended) in store.service_decisions().await.map_err(start_error)? {
        if let Some((by, at)) = paused {
            board.pause(service, &by, at);
        }
        if let Some((words, at)) = suspended {
            board.suspend(service, &words, at);
        }
    }
    let remarks = Arc::new(clients.remarks.iter().cloned().chain(cog_remark.clone()).collect::<Vec<_>>());
    let mllp = config.mllp.clone();
    let app = App::new(Parts {
        started_at: env.now(),
        config,
        env,
        store,
        catalogue,
        cog: InUse::new(cog),
        cog_remark,
        board,
        cards: services::cards::Cards::default(),
        events: broadcast::channel(EVENTS).0,
        wake: Notify::new(),
        recount: Notify::new(),
    });

    // 5. Recover, then start: orders that a dead process had are due again, or unknown.
    let recovered = app.store.recover_leases(app.env.now(), false).await.map_err(start_error)?;
    if !recovered.orders.is_empty() {
        tracing::warn!(orders = recovered.orders.len(), "orders recovered after an interruption");
    }
    app.store.reevaluate_all(app.gates(), app.env.now()).await.map_err(start_error)?;

    // 6. Everything that runs.
    let mut tasks = JoinSet::new();
    tasks.spawn(services::status::keep_counts(app.clone(), stop.clone()));
    tasks.spawn(outbox::manager::run(app.clone(), clients, stop.clone()));
    tasks.spawn(services::verification::every_night(app.clone(), stop.clone()));
    let mut listening = None;
    if let Some(mllp) = mllp {
        let address = mllp.listen.parse().map_err(|e| start_error(format!("mllp.listen : {e}")))?;
        let listener = MllpListener::bind(address, Limits::default()).map_err(|e| {
            start_error(format!("l'entrée des résultats {} ne s'ouvre pas : {e}", mllp.listen))
        })?;
        listening = listener.local_addr().ok();
        let (app, stop) = (app.clone(), stop.clone());
        tasks.spawn(async move {
            let handler = move |frame| {
                let app = app.clone();
                async move { services::results_in::receive(&app, frame).await }
            };
            listener.serve(handler, |event| tracing::info!(?event, "mllp"), stop).await;
        });
    }
    write_state(&socket, listening);
    tracing::info!(version = clients::VERSION, training = app.config.daemon.training, "ready");
    let store_at_rest = app.store.clone();
    server::listener::serve(app, bound, remarks, stop).await;

    // 7. The end: no new work since `stop`; what is on the wire is waited for, so that its outcome is recorded.
    while tasks.join_next().await.is_some() {}
    if let Err(e) = store_at_rest.settle().await {
        tracing::warn!(error = %e, "the journal of the database stays beside it");
    }
    let _ = std::fs::remove_file(state_file(&socket));
    tracing::info!("stopped");
    Ok(())
}

/// Waits until the daemon is asked to stop (or until nobody can ask any more).
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // The guard that `wait_for` gives is dropped here: it must not be held over an await.
    let _ = stop.wait_for(|s| *s).await;
}

fn load_catalogue(config: &Config) -> Result<Catalogue, StartError> {
    match &config.daemon.catalogue {
        None => Catalogue::embedded().map_err(start_error),
        Some(path) => {
            let path = config.path(path);
            let text = std::fs::read_to_string(&path)
                .map_err(|e| start_error(format!("le catalogue {} ne se lit pas : {e}", path.display())))?;
            Catalogue::load(&text).map_err(|e| start_error(format!("{} : {e}", path.display())))
        }
    }
}

/// Where scripts read what was chosen at start (ports).
fn state_file(socket: &Path) -> std::path::PathBuf {
    socket.with_extension("state.json")
}

fn write_state(socket: &Path, mllp: Option<std::net::SocketAddr>) {
    let state = serde_json::json!({ "mllp": mllp.map(|a| a.to_string()), "pid": std::process::id() });
    if let Err(e) = std::fs::write(state_file(socket), state.to_string()) {
        tracing::warn!(error = %e, "state file not written");
    }
}
