//! `paillasse correction`: corrections of identities, told to those who received them.

use clap::Subcommand;
use paillasse_shared::domain::ids::PropagationId;
use paillasse_shared::protocol::methods::{PropagationDecide, PropagationList};
use paillasse_shared::protocol::propagation::{Choice, DecideParams, ListParams, PropagationView};

use super::page::{Page, Table};
use super::session::{Outcome, Session};
use super::value::Target;

/// Commands about corrections to tell.
#[derive(Debug, Subcommand)]
pub enum CorrectionCommand {
    #[command(about = "Liste les corrections d'identité à propager, une ligne par destinataire")]
    List {
        #[arg(long, value_name = "PATIENT", help = "Identifiant du patient, ou numéro d'un de ses dossiers")]
        patient: Option<Target>,
        #[arg(long, help = "Celles qui sont décidées aussi")]
        all: bool,
    },
    #[command(about = "Confirme : les documents corrigés partent, ou la tâche à faire est donnée")]
    Confirm {
        #[arg(value_name = "CORRECTION", help = "Identifiant de la correction")]
        id: PropagationId,
    },
    #[command(about = "Écarte : ce destinataire n'est pas prévenu")]
    Dismiss {
        #[arg(value_name = "CORRECTION", help = "Identifiant de la correction")]
        id: PropagationId,
        #[arg(long, value_name = "TEXTE", help = "Pourquoi")]
        note: String,
    },
    #[command(about = "Dit qu'une tâche a été faite à la main")]
    Done {
        #[arg(value_name = "CORRECTION", help = "Identifiant de la correction")]
        id: PropagationId,
        #[arg(long, value_name = "TEXTE", help = "Ce qui a été fait")]
        note: String,
    },
}

impl CorrectionCommand {
    /// Runs it.
    pub fn run(self, s: &mut Session<'_>) -> Outcome {
        let (id, choice, note) = match self {
            Self::List { patient, all } => {
                let params = ListParams { patient: s.patient_filter(patient)?, all };
                return s.show::<PropagationList>(&params, |p, r| list(p, &r.lines));
            }
            Self::Confirm { id } => (id, Choice::Confirm, None),
            Self::Dismiss { id, note } => (id, Choice::Dismiss, Some(note)),
            Self::Done { id, note } => (id, Choice::Done, Some(note)),
        };
        s.show::<PropagationDecide>(&DecideParams { id, choice, note }, |p, v| {
            list(p, std::slice::from_ref(v));
        })
    }
}

fn list(p: &mut Page, lines: &[PropagationView]) {
    let mut table = Table::new(&[">Id", "Le", "Fiche", "Destinataire", "Dossiers", "État", "Correction"]);
    for l in lines {
        table.row([
            l.id.to_string(),
            p.time(l.at),
            format!("{} {}", l.patient, l.patient_name),
            l.recipient.clone(),
            l.dossiers.join(" "),
            l.state.label().to_owned(),
            l.why.clone(),
        ]);
    }
    p.table(table, "Aucune correction à propager.");
    lines
        .iter()
        .filter_map(|l| Some((l.id, l.task.as_ref()?)))
        .for_each(|(id, t)| p.line(format!("  {id} : {t}.")));
}
