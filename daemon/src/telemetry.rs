//! Logs: one line per fact, structured fields, never an identifying trait, a matricule, an address or a document.

use tracing_subscriber::EnvFilter;

/// Starts logging to standard error; `PAILLASSE_LOG` chooses the detail (`info` by default).
pub fn start() {
    let filter = EnvFilter::try_from_env("PAILLASSE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A second start (tests) keeps the first subscriber.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .try_init();
}
