//! paillassed: the daemon. Arguments, signals, and [`paillasse_daemon::run`].

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use paillasse_daemon::{config::Config, generate, run, telemetry};
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
    #[command(subcommand)]
    task: Option<Task>,
}

/// Tasks done instead of serving.
#[derive(Subcommand)]
enum Task {
    /// Ajoute des patients synthétiques à une base de formation.
    #[command(hide = true)]
    Generate {
        /// Combien.
        #[arg(long)]
        patients: u64,
        /// La même graine fait les mêmes personnes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    telemetry::start();
    // Whatever is made here (database, its journal, state) is for this account alone.
    let private = rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO;
    rustix::process::umask(private);
    // Every TLS client of the process uses this provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = match Config::read(&arguments.config) {
        Ok(config) => config,
        Err(e) => return refuse(&e.to_string()),
    };
    if arguments.check {
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(4)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(e) => return refuse(&format!("le système ne peut pas démarrer le service : {e}")),
    };
    if let Some(Task::Generate { patients, seed }) = arguments.task {
        let told = |done| tracing::info!(done, "patients");
        return match runtime.block_on(generate::run(&config, patients, seed, told)) {
            Ok(done) => {
                tracing::info!(created = done.created, skipped = done.skipped, "generated");
                ExitCode::SUCCESS
            }
            Err(e) => refuse(&e.to_string()),
        };
    }
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
