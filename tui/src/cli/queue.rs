//! `paillasse queue`: what must leave the building, and why it has not left.

use std::time::Duration;

use clap::Subcommand;
use paillasse_shared::domain::ids::OrderId;
use paillasse_shared::domain::order::{OrderState, Service};
use paillasse_shared::protocol::methods::{
    Empty, QueueCancel, QueueDrain, QueueExplain, QueueList, QueuePause, QueueReconcile, QueueResume,
    QueueRetry, QueueSummary,
};
use paillasse_shared::protocol::queue::{
    Acted, CancelParams, DrainParams, ListParams, OrderDetail, OrderRef, OrderView, RetryParams,
    ServiceParams, Summary,
};
use paillasse_shared::protocol::status::ServiceStatus;

use super::page::{Page, Table, or_empty};
use super::session::{Outcome, Session};
use super::value::{self, Target};

/// How long a drain may take when nothing else is asked for.
const DRAIN: Duration = Duration::from_secs(600);

/// Commands about the queue.
#[derive(Debug, Subcommand)]
pub enum QueueCommand {
    #[command(about = "Liste les ordres, les plus anciens d'abord")]
    List {
        #[arg(
            long,
            value_name = "ÉTAT",
            value_parser = value::order_state,
            help = "held, scheduled, leased, unknown, delivered, parked ou cancelled"
        )]
        state: Option<OrderState>,
        #[arg(long, value_name = "SERVICE", value_parser = value::queue, help = "insi, dmp, mss ou ins-verify")]
        service: Option<Service>,
        #[arg(
            long,
            value_name = "CAUSE",
            help = "De cette cause seulement (colonne « Clé » de « queue show »)"
        )]
        cause: Option<String>,
        #[arg(long, value_name = "DOSSIER", help = "De ce dossier seulement")]
        dossier: Option<Target>,
        #[arg(long, value_name = "PATIENT", help = "De ce patient seulement")]
        patient: Option<Target>,
        #[arg(long, value_name = "N", value_parser = value::count, help = "Au plus N ordres (100 sans cette option)")]
        limit: Option<u16>,
    },
    #[command(about = "Montre ce qui n'est pas parti, par cause ; ou un ordre")]
    Show {
        #[arg(value_name = "ORDRE", help = "Identifiant d'un ordre ; sans lui, la file entière par cause")]
        id: Option<OrderId>,
    },
    #[command(about = "Explique pourquoi un ordre n'est pas parti : conditions et essais")]
    Explain {
        #[arg(value_name = "ORDRE", help = "Identifiant de l'ordre")]
        id: OrderId,
    },
    #[command(about = "Met un service en pause")]
    Pause {
        #[arg(value_name = "SERVICE", value_parser = value::queue, help = "insi, dmp, mss ou ins-verify")]
        service: Service,
    },
    #[command(about = "Reprend un service en pause ou bloqué")]
    Resume {
        #[arg(value_name = "SERVICE", value_parser = value::queue, help = "insi, dmp, mss ou ins-verify")]
        service: Service,
    },
    #[command(about = "Envoie maintenant un ordre, ou tous ceux d'une cause")]
    Retry {
        #[arg(value_name = "ORDRE", required_unless_present = "cause", help = "Identifiant de l'ordre")]
        id: Option<OrderId>,
        #[arg(long, value_name = "CAUSE", conflicts_with = "id", help = "Tous les ordres de cette cause")]
        cause: Option<String>,
    },
    #[command(about = "Attend que plus rien ne soit à envoyer")]
    Drain {
        #[arg(value_name = "SERVICE", value_parser = value::queue, help = "Ce service seulement")]
        service: Option<Service>,
    },
    #[command(about = "Interroge les destinataires des ordres dont la réponse est perdue")]
    Reconcile,
    #[command(about = "Retire un ordre qui n'est pas parti")]
    Cancel {
        #[arg(value_name = "ORDRE", help = "Identifiant de l'ordre")]
        id: OrderId,
        #[arg(long, value_name = "TEXTE", help = "Pourquoi")]
        motive: String,
    },
}

impl QueueCommand {
    /// Runs it.
    pub fn run(self, s: &mut Session<'_>) -> Outcome {
        match self {
            Self::List { state, service, cause, dossier, patient, limit } => {
                let params = ListParams {
                    state,
                    service,
                    cause,
                    dossier: s.dossier_filter(dossier)?,
                    patient: s.patient_filter(patient)?,
                    limit,
                };
                s.show::<QueueList>(&params, |p, r| list(p, &r.orders))
            }
            Self::Show { id: None } => s.show::<QueueSummary>(&Empty {}, summary),
            Self::Show { id: Some(id) } | Self::Explain { id } => {
                s.show::<QueueExplain>(&OrderRef { id }, detail)
            }
            Self::Pause { service } => s.show::<QueuePause>(&ServiceParams { service }, summary),
            Self::Resume { service } => s.show::<QueueResume>(&ServiceParams { service }, summary),
            Self::Retry { id, cause } => s.show::<QueueRetry>(&RetryParams { id, cause }, acted),
            Self::Drain { service } => {
                let answer = s.call_within::<QueueDrain>(&DrainParams { service }, DRAIN)?;
                s.print(&answer, acted)
            }
            Self::Reconcile => s.show::<QueueReconcile>(&Empty {}, acted),
            Self::Cancel { id, motive } => s.show::<QueueCancel>(&CancelParams { id, motive }, acted),
        }
    }
}

fn acted(p: &mut Page, r: &Acted) {
    p.line(match r.orders {
        0 => "Aucun ordre concerné.".to_owned(),
        1 => "1 ordre concerné.".to_owned(),
        n => format!("{n} ordres concernés."),
    });
}

/// The services, also shown by `paillasse status`.
pub fn services(p: &mut Page, services: &[ServiceStatus]) {
    let mut table = Table::new(&["Service", "État", ">En attente", "Depuis", "Détail"]);
    for s in services {
        table.row([
            s.service.label().to_owned(),
            s.state.label().to_owned(),
            s.waiting.to_string(),
            s.since.map(|at| p.time(at)).unwrap_or_default(),
            or_empty(s.words.as_deref()),
        ]);
    }
    p.table(table, "Aucun service.");
}

fn summary(p: &mut Page, r: &Summary) {
    services(p, &r.services);
    p.line(format!(
        "\nPartiront seuls : {} · retenus : {} · à traiter : {} · remis aujourd'hui : {}",
        r.waiting, r.held, r.parked, r.delivered_today
    ));
    p.title("Par cause");
    if r.causes.is_empty() {
        p.line("Tout est parti.");
    }
    // Sentences are too long for columns.
    for c in &r.causes {
        let since = p.time(c.since);
        let next = c.next_try.map(|at| format!(", prochain essai {}", p.second(at))).unwrap_or_default();
        p.line(format!("{:>6}  {}, depuis le {since}{next}", c.count, c.state.label()));
        p.line(format!("        {}", c.label));
        if let Some(cure) = &c.cure {
            p.line(format!("        → {cure}"));
        }
        p.line(format!("        clé : {}", c.key));
    }
}

fn list(p: &mut Page, orders: &[OrderView]) {
    let mut table = Table::new(&[
        ">Ordre",
        "Vers",
        "Destinataire",
        "État",
        "Depuis",
        ">Essais",
        "Dossier",
        "Patient",
        "Pourquoi",
    ]);
    for o in orders {
        table.row([
            o.id.to_string(),
            o.service.label().to_owned(),
            o.recipient.clone(),
            o.state.label().to_owned(),
            p.time(o.since),
            o.attempts.to_string(),
            or_empty(o.number.as_deref()),
            or_empty(o.patient_name.as_deref()),
            or_empty(o.why.as_deref()),
        ]);
    }
    p.table(table, "Aucun ordre.");
}

fn detail(p: &mut Page, r: &OrderDetail) {
    let o = &r.order;
    p.title(&format!("Ordre {} vers {} : {}", o.id, o.service.label(), o.state.label()));
    p.facts([
        ("Destinataire", Some(o.recipient.clone())),
        ("Pourquoi", o.why.clone()),
        ("Ce qui guérit", o.cure.clone()),
        ("Patient", o.patient_name.clone()),
        ("Dossier", o.number.clone()),
        ("Document", o.document.map(|d| d.to_string())),
        ("Identifiant", o.identifier.clone()),
        ("Créé le", Some(p.time(o.created_at))),
        ("Dans cet état", Some(format!("depuis le {}", p.time(o.since)))),
        ("Prévu le", o.due_at.map(|at| p.second(at))),
    ]);
    if !r.gates.is_empty() {
        p.title("Ce qu'il faut pour partir");
        let mut table = Table::new(&["", "Condition", "Sinon pourquoi"]);
        for gate in &r.gates {
            let sign = if gate.reason.is_none() { "oui" } else { "NON" };
            table.row([sign.to_owned(), gate.name.clone(), or_empty(gate.why.as_deref())]);
        }
        p.table(table, "");
    }
    p.title("Essais");
    let mut table = Table::new(&[">N°", "Début", "Fin", "Issue", "Mots du destinataire"]);
    for a in &r.attempts {
        table.row([
            a.number.to_string(),
            p.second(a.started_at),
            a.ended_at.map(|at| p.second(at)).unwrap_or_default(),
            outcome(&a.outcome).to_owned(),
            or_empty(a.words.as_deref()),
        ]);
    }
    p.table(table, "Aucun essai pour l'instant.");
}

/// The word shown for the outcome of an attempt.
fn outcome(code: &str) -> &str {
    match code {
        "delivered" => "remis",
        "retry" => "à refaire",
        "unknown" => "réponse perdue",
        "refused" => "refusé",
        "cut" => "interrompu",
        other => other,
    }
}
