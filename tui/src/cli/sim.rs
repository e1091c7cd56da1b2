//! `paillasse sim`: outages of the simulated services, for exercises.
//!
//! Speaks to the simulators' control socket, one JSON object per line, one answer per line. The daemon is not asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use paillasse_shared::domain::order::Service;
use paillasse_shared::protocol::{ErrorKind, WireError};
use serde::Serialize;
use serde_json::{Value, json};

use super::messages;
use super::page::{Page, Table};
use super::session::{Outcome, Session, file_error};
use super::value;

/// The simulators answer at once.
const LIMIT: Duration = Duration::from_secs(10);
/// Longest answer that is read.
const MAX_ANSWER: u64 = 1024 * 1024;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Answers late.
    Slow,
    /// Refuses connections.
    Refuse,
    /// Takes the request, then cuts without an answer.
    Cut,
    /// Shows an expired certificate.
    Expired,
}

/// An outage as the simulators read it.
#[derive(Debug, Serialize)]
struct Outage {
    service: &'static str,
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    for_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
}

/// Commands about the simulators.
#[derive(Debug, Subcommand)]
pub enum SimCommand {
    #[command(about = "Provoque la panne d'un service simulé")]
    Outage {
        #[arg(value_name = "SERVICE", value_parser = value::service, help = "insi, dmp ou mss")]
        service: Service,
        #[arg(
            long,
            value_name = "PANNE",
            help = "slow (répond tard), refuse (refuse), cut (reçoit puis coupe) ou expired (certificat périmé)"
        )]
        kind: Kind,
        #[arg(long = "for", value_name = "DURÉE", value_parser = value::duration, help = "Pendant, par exemple 20m ; sans elle, jusqu'à « sim clear »")]
        duration: Option<Duration>,
        #[arg(long, value_name = "DURÉE", value_parser = value::duration, help = "Retard de « slow », par exemple 30s")]
        delay: Option<Duration>,
        #[command(flatten)]
        control: Control,
    },
    #[command(about = "Met fin à la panne d'un service simulé, ou de tous")]
    Clear {
        #[arg(value_name = "SERVICE", value_parser = value::service, help = "insi, dmp ou mss ; sans lui, tous")]
        service: Option<Service>,
        #[command(flatten)]
        control: Control,
    },
    #[command(about = "Montre les pannes en cours et ce que les simulateurs ont reçu")]
    Status {
        #[command(flatten)]
        control: Control,
    },
}

/// Where the simulators listen.
#[derive(Debug, clap::Args)]
pub struct Control {
    #[arg(
        long,
        value_name = "CHEMIN",
        env = "PAILLASSE_SIM_CONTROL",
        help = "Commande des simulateurs ; sans elle PAILLASSE_SIM_CONTROL, ou la démonstration en cours"
    )]
    control: Option<PathBuf>,
}

impl SimCommand {
    /// Runs it; `demo` is the control socket of a running demonstration.
    pub fn run(self, s: &mut Session<'_>, demo: Option<PathBuf>) -> Outcome {
        let find = |c: Control| {
            let no_sim =
                || WireError::new(ErrorKind::Unavailable, messages::NO_SIM).hint(messages::NO_SIM_HINT);
            c.control.or(demo).ok_or_else(no_sim)
        };
        match self {
            Self::Outage { service, kind, duration, delay, control } => {
                let outage = Outage {
                    service: service.code(),
                    kind,
                    for_seconds: duration.map(|d| d.as_secs()),
                    delay_ms: delay.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)),
                };
                let answer = ask(&find(control)?, &[json!({"outage": outage})])?;
                s.print(&answer, |p, _| {
                    let until = match duration {
                        Some(d) => format!("pendant {} s", d.as_secs()),
                        None => "jusqu'à « paillasse sim clear »".to_owned(),
                    };
                    p.line(format!("{} : panne « {} » {until}.", service.label(), word(kind)));
                })
            }
            Self::Clear { service, control } => {
                let services = service.map_or_else(|| Service::ALL.to_vec(), |one| vec![one]);
                let asks: Vec<_> = services.iter().map(|one| json!({"clear": one.code()})).collect();
                let answer = ask(&find(control)?, &asks)?;
                s.print(&answer, |p, _| {
                    services.iter().for_each(|one| p.line(format!("{} : pas de panne.", one.label())));
                })
            }
            Self::Status { control } => {
                let answer = ask(&find(control)?, &[json!({"status": {}})])?;
                s.print(&answer, status)
            }
        }
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Slow => "répond tard",
        Kind::Refuse => "refuse les connexions",
        Kind::Cut => "reçoit puis coupe",
        Kind::Expired => "certificat périmé",
    }
}

/// Asks one after the other; the last answer counts, a refusal ends it.
fn ask(control: &Path, asks: &[Value]) -> Result<Value, WireError> {
    let broken = |e: std::io::Error| file_error(control, &e).hint(messages::NO_SIM_HINT);
    let mut line = BufReader::new(UnixStream::connect(control).map_err(broken)?);
    line.get_ref().set_read_timeout(Some(LIMIT)).map_err(broken)?;
    let mut last = Value::Null;
    for ask in asks {
        line.get_mut().write_all(format!("{ask}\n").as_bytes()).map_err(broken)?;
        let mut text = String::new();
        (&mut line).take(MAX_ANSWER).read_line(&mut text).map_err(broken)?;
        last = serde_json::from_str(&text)
            .map_err(|e| WireError::new(ErrorKind::Protocol, messages::unreadable(&e.to_string())))?;
        if let Some(error) = last.get("error") {
            let words = error.as_str().map_or_else(|| error.to_string(), str::to_owned);
            return Err(WireError::new(ErrorKind::Refused, format!("le simulateur refuse : {words}")));
        }
    }
    Ok(last)
}

/// Outages in force, service by service.
fn status(p: &mut Page, answer: &Value) {
    let mut table = Table::new(&["Service", "Panne", ">Reste (s)", ">Retard (ms)"]);
    for service in Service::ALL {
        let outage = answer.get("outages").and_then(|all| all.get(service.code()));
        let fact = |name: &str| outage.and_then(|o| o.get(name));
        let number =
            |name: &str| fact(name).and_then(Value::as_u64).map(|n| n.to_string()).unwrap_or_default();
        let kind = fact("kind").and_then(Value::as_str).map(|name| Kind::from_str(name, true));
        let kind = kind.map_or("aucune", |k| k.map_or("inconnue", word));
        table.row([
            service.label().to_owned(),
            kind.to_owned(),
            number("remaining_seconds"),
            number("delay_ms"),
        ]);
    }
    p.table(table, "");
}
