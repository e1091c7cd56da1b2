//! paillassed: the daemon. Arguments, signals, and [`paillasse_daemon::run`].

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use paillasse_daemon::{config::Config, run, telemetry};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Le service de Paillasse : base de données, file d'envoi, échanges.
#[derive(Parser)]
#[command(name = "paillassed", version, about)]
struct Arguments {
    /// Fichier de configuration.
    #[arg(long, default_value = "/etc/paillasse/paillassed.toml")]
    config: PathBuf,
    /// Vérifie la configuration et s'arrête.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    telemetry::start();
    // Every TLS client of the process uses this provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = match Config::read(&arguments.config) {
        Ok(config) => config,
        Err(e) => return refuse(&e.to_string()),
    };
    if arguments.check {
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => return refuse(&format!("le système ne peut pas démarrer le service : {e}")),
    };
    let outcome = runtime.block_on(async {
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(async move {
            wait_for_signal().await;
            let _ = stop.send(true);
            // Kept alive so that nobody takes its end for a stop before everything ended.
            std::future::pending::<()>().await;
        });
        run(config, stopped).await
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => refuse(&e.to_string()),
    }
}

fn refuse(why: &str) -> ExitCode {
    tracing::error!(why, "not started");
    ExitCode::FAILURE
}

async fn wait_for_signal() {
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut s) => {
                s.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}
