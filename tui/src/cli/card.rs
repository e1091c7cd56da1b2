//! `paillasse card`: cards of patients, read by a licensed component or by a reader of this machine, handed over to the
//! service. The file is Paillasse's own form, JSON or TOML (see the manual), not a national one.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;

use clap::Subcommand;
use paillasse_shared::protocol::card::{CardView, PushParams, ShowParams, Shown};
use paillasse_shared::protocol::methods::{CardPush, CardRemove, CardShow, Empty};
use paillasse_shared::protocol::{ErrorKind, WireError};

use super::page::{Page, Table};
use super::session::{Outcome, Session, file_error};
use super::value::Target;
use crate::messages as words;

/// Largest file of a card.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// Commands about cards.
#[derive(Debug, Subcommand)]
pub enum CardCommand {
    #[command(
        about = "Remet au service une carte lue par un composant agréé (fichier JSON ou TOML, « - » : entrée)"
    )]
    Push {
        #[arg(
            value_name = "FICHIER",
            help = "Ce qui a été lu, au format du manuel ; « - » pour l'entrée standard"
        )]
        file: PathBuf,
    },
    #[command(about = "Montre la carte lue sur ce poste")]
    Show {
        #[arg(value_name = "PATIENT", help = "Compare ses personnes avec ce patient")]
        patient: Option<Target>,
    },
    #[command(about = "La carte a quitté le lecteur : l'oublie")]
    Remove,
}

impl CardCommand {
    /// Runs it.
    pub fn run(self, s: &mut Session<'_>) -> Outcome {
        match self {
            Self::Push { file } => {
                let params = read(&file)?;
                s.show::<CardPush>(&params, shown)
            }
            Self::Show { patient } => {
                let params = ShowParams { patient: patient.map(|p| s.patient_id(p)).transpose()? };
                s.show::<CardShow>(&params, shown)
            }
            Self::Remove => s.show::<CardRemove>(&Empty {}, |p, _| p.line("Plus de carte sur ce poste.")),
        }
    }
}

/// What a file of a card says.
fn read(file: &PathBuf) -> Result<PushParams, WireError> {
    let mut text = String::new();
    let input: Box<dyn std::io::Read> = if file.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(fs::File::open(file).map_err(|e| file_error(file, &e))?)
    };
    input.take(MAX_FILE).read_to_string(&mut text).map_err(|e| file_error(file, &e))?;
    // The content is that of a card: the error says where, and repeats nothing of it.
    let unreadable = |at: String| {
        WireError::new(ErrorKind::Invalid, format!("cette carte ne se lit pas{at}"))
            .hint("le format est dans le manuel : « Cartes »")
    };
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(&text)
            .map_err(|e| unreadable(format!(" : ligne {}, colonne {}", e.line(), e.column())));
    }
    toml::from_str(&text).map_err(|e| {
        let before = e.span().and_then(|s| text.get(..s.start)).unwrap_or_default();
        unreadable(format!(" : ligne {}", before.lines().count().max(1)))
    })
}

fn shown(p: &mut Page, r: &Shown) {
    match &r.card {
        Some(card) => card_page(p, card),
        None => p.line("Aucune carte sur ce poste."),
    }
}

fn card_page(p: &mut Page, card: &CardView) {
    p.title(&format!("Carte lue le {} ({}, {})", p.time(card.read_at), card.reader, card.source.label()));
    let mut table =
        Table::new(&[">N°", "Nom", "Prénom", "Né(e) le", "Appel par carte", "Diffère du patient"]);
    for person in &card.people {
        let differs: Vec<&str> = person.differs.iter().map(|f| words::trait_name(*f)).collect();
        table.row([
            person.position.to_string(),
            person.name.clone(),
            person.given_name.clone(),
            person.birth_date_shown.clone(),
            if person.callable { "possible" } else { "non" }.to_owned(),
            differs.join(", "),
        ]);
    }
    p.table(table, "");
}
