//! `paillasse status`: health in under a second, for people and for supervision.

use std::time::Duration;

use paillasse_shared::protocol::methods::{Empty, StatusGet};
use paillasse_shared::protocol::status::{Health, Status};

use super::page::{Page, Table};
use super::queue::services;
use super::session::{Outcome, Session};

/// Health is known within this time, or the daemon counts as down.
const LIMIT: Duration = Duration::from_millis(900);

/// Exit code when nothing answers.
pub const DOWN: u8 = 2;

/// Runs it. Exit code 0 good, 1 degraded, 2 down, also when there is no daemon.
pub fn run(s: &mut Session<'_>, readers: fn() -> String) -> Outcome {
    match s.call_within::<StatusGet>(&Empty {}, LIMIT) {
        Ok(status) => {
            s.print(&status, |p, r| page(p, r, &readers()))?;
            Ok(match status.health {
                Health::Good => 0,
                Health::Degraded => 1,
                Health::Down => DOWN,
            })
        }
        Err(error) if s.json => {
            let down = serde_json::json!({"health": Health::Down, "remarks": [error.cause], "error": error});
            s.print(&down, |_, _| ())?;
            Ok(DOWN)
        }
        Err(error) => Err(error),
    }
}

fn page(p: &mut Page, r: &Status, readers: &str) {
    let school = if r.training { " · ÉCOLE" } else { "" };
    let health = match r.health {
        Health::Good => "tout va bien",
        Health::Degraded => "dégradé, le travail continue",
        Health::Down => "à l'arrêt",
    };
    p.title(&format!("Paillasse {}{school} : {health}", r.version));
    r.remarks.iter().for_each(|remark| p.line(format!("  ! {remark}")));
    p.facts([
        ("Démarré le", Some(p.time(r.started_at))),
        ("Patients", Some(r.patients.to_string())),
        ("Dossiers", Some(r.dossiers.to_string())),
        ("Place libre", Some(format!("{} Mio", r.free_mib))),
        ("Lecteur de cartes", Some(readers.to_owned())),
    ]);
    p.line("");
    services(p, &r.services);
    p.title("À traiter");
    let w = &r.worklists;
    let mut table = Table::new(&["Liste", ">Nombre"]);
    for (label, count) in [
        ("Retours d'INSi à décider", w.insi),
        ("Dossiers urgents à valider", w.to_validate_urgent),
        ("Autres dossiers à valider", w.to_validate),
        ("Envois à traiter", w.orders_parked),
        ("Envois retenus", w.orders_held),
        ("Envois qui partiront seuls", w.orders_waiting),
        ("Messages reçus sans place", w.inbox),
    ] {
        table.row([label.to_owned(), count.to_string()]);
    }
    p.table(table, "");
}
