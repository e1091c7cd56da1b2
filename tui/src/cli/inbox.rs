//! `paillasse inbox`: messages received from analysers and partners.

use clap::Subcommand;
use paillasse_shared::domain::ids::{DossierId, InboxId};
use paillasse_shared::protocol::inbox::{
    AttachParams, CloseParams, InboxRef, ListParams, MessageDetail, MessageView,
};
use paillasse_shared::protocol::methods::{InboxAttach, InboxClose, InboxGet, InboxList, InboxReplay};

use super::page::{Page, Table, or_empty};
use super::session::{Outcome, Session};
use super::value::{self, Target};

/// Commands about messages received.
#[derive(Debug, Subcommand)]
pub enum InboxCommand {
    #[command(about = "Liste les messages qui n'ont pas trouvé leur place")]
    List {
        #[arg(long, help = "Les messages classés et écartés aussi")]
        all: bool,
        #[arg(long, value_name = "N", value_parser = value::count, help = "Au plus N messages (100 sans cette option)")]
        limit: Option<u16>,
    },
    #[command(about = "Montre un message tel que reçu")]
    Show {
        #[arg(value_name = "MESSAGE", help = "Identifiant du message")]
        id: InboxId,
    },
    #[command(about = "Relit un message, une fois la cause levée")]
    Replay {
        #[arg(value_name = "MESSAGE", help = "Identifiant du message")]
        id: InboxId,
    },
    #[command(
        about = "Classe un message à la main : des résultats sous un dossier, une identité sous une fiche"
    )]
    Attach {
        #[arg(value_name = "MESSAGE", help = "Identifiant du message")]
        id: InboxId,
        #[arg(long, value_name = "DOSSIER", help = "Numéro ou identifiant du dossier, pour des résultats")]
        dossier: Option<Target>,
        #[arg(
            long,
            value_name = "PATIENT",
            help = "Fiche, pour une identité : identifiant du patient, ou numéro d'un de ses dossiers"
        )]
        patient: Option<Target>,
        #[arg(long, help = "Pour une identité : c'est une nouvelle personne, malgré des identités proches")]
        new_patient: bool,
        #[arg(
            long,
            help = "Classe bien que le message nomme une autre personne : la différence a été vérifiée"
        )]
        despite_identity: bool,
        #[arg(long, value_name = "TEXTE", help = "Pourquoi")]
        motive: Option<String>,
    },
    #[command(about = "Écarte un message ; il reste conservé")]
    Close {
        #[arg(value_name = "MESSAGE", help = "Identifiant du message")]
        id: InboxId,
        #[arg(long, value_name = "TEXTE", help = "Pourquoi")]
        motive: String,
    },
}

impl InboxCommand {
    /// Runs it.
    pub fn run(self, s: &mut Session<'_>) -> Outcome {
        match self {
            Self::List { all, limit } => {
                s.show::<InboxList>(&ListParams { all, limit }, |p, r| list(p, &r.messages))
            }
            Self::Show { id } => s.show::<InboxGet>(&InboxRef { id }, detail),
            Self::Replay { id } => {
                s.show::<InboxReplay>(&InboxRef { id }, |p, m| list(p, std::slice::from_ref(m)))
            }
            Self::Attach { id, dossier, patient, new_patient, despite_identity, motive } => {
                let patient = patient.map(|p| s.patient_id(p)).transpose()?;
                let (dossier, number) = match dossier {
                    Some(Target::Id(d)) => (Some(DossierId(d)), None),
                    Some(Target::Number(n)) => (None, Some(n)),
                    None => (None, None),
                };
                let params =
                    AttachParams { id, dossier, number, patient, new_patient, despite_identity, motive };
                s.show::<InboxAttach>(&params, |p, m| list(p, std::slice::from_ref(m)))
            }
            Self::Close { id, motive } => {
                s.show::<InboxClose>(&CloseParams { id, motive }, |p, m| list(p, std::slice::from_ref(m)))
            }
        }
    }
}

fn list(p: &mut Page, messages: &[MessageView]) {
    let mut table = Table::new(&[">Id", "Reçu le", "Expéditeur", "Type", ">Octets", "État", "Pourquoi"]);
    for m in messages {
        table.row([
            m.id.to_string(),
            p.second(m.received_at),
            m.sender.clone(),
            m.kind.clone(),
            m.size.to_string(),
            m.state.label().to_owned(),
            or_empty(m.why.as_deref()),
        ]);
    }
    p.table(table, "Aucun message.");
}

fn detail(p: &mut Page, r: &MessageDetail) {
    list(p, std::slice::from_ref(&r.message));
    r.remarks.iter().for_each(|remark| p.line(format!("  ! {remark}")));
    p.title("Texte reçu");
    // HL7 v2 ends segments by a carriage return, which would overwrite the line on a terminal.
    let text = r.text.replace("\r\n", "\n").replace('\r', "\n");
    let visible = |c: char| if c.is_control() && c != '\n' && c != '\t' { '·' } else { c };
    p.line(text.chars().map(visible).collect::<String>().trim_end());
}
