//! `paillasse card`: cards of patients, read by a licensed component or by a reader of this machine, handed over to the
//! service. The reader is that of the machine where this command runs: a workstation used over SSH reads where it is
//! plugged (`paillasse card watch` there, with the socket of the service). The file is Paillasse's own form, JSON or TOML (see the manual), not a national one.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use paillasse_cards::pcsc::{self, LIBRARY, ReaderError, Readers, Slot};
use paillasse_cards::vitale;
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
    #[command(
        about = "Lit la carte Vitale du lecteur de ce poste (lecture non authentifiée) et la remet au service"
    )]
    Read {
        #[command(flatten)]
        at: At,
    },
    #[command(about = "Fait de même à chaque carte mise ou retirée, jusqu'à l'interruption")]
    Watch {
        #[command(flatten)]
        at: At,
    },
    #[command(about = "Dit quels lecteurs ce poste a, et s'ils ont une carte")]
    Readers {
        #[command(flatten)]
        at: At,
    },
    #[command(about = "Montre la carte lue sur ce poste")]
    Show {
        #[arg(value_name = "PATIENT", help = "Compare ses personnes avec ce patient")]
        patient: Option<Target>,
    },
    #[command(about = "La carte a quitté le lecteur : l'oublie")]
    Remove,
}

/// Which reader of this machine.
#[derive(Debug, Args)]
pub struct At {
    #[arg(
        long,
        value_name = "NOM",
        help = "Ce lecteur, par le début de son nom ; sans lui, le premier qui a une carte"
    )]
    reader: Option<String>,
    #[arg(long, value_name = "FICHIER", default_value = LIBRARY, hide = true, help = "Bibliothèque des lecteurs")]
    library: PathBuf,
}

/// How long a change is waited for before the readers are listed again: one may have been plugged.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

impl CardCommand {
    /// Runs it.
    pub fn run(self, s: &mut Session<'_>) -> Outcome {
        match self {
            Self::Push { file } => {
                let params = read(&file)?;
                s.show::<CardPush>(&params, shown)
            }
            Self::Read { at } => {
                let params = at.read().map_err(|why| {
                    WireError::new(ErrorKind::Unavailable, why)
                        .hint("les lecteurs de ce poste : paillasse card readers")
                })?;
                s.show::<CardPush>(&params, shown)
            }
            Self::Watch { at } => watch(s, &at),
            Self::Readers { at } => {
                let words = pcsc::sentence(&at.library);
                s.print(&words, |p, w| p.line(w))
            }
            Self::Show { patient } => {
                let params = ShowParams { patient: patient.map(|p| s.patient_id(p)).transpose()? };
                s.show::<CardShow>(&params, shown)
            }
            Self::Remove => s.show::<CardRemove>(&Empty {}, |p, _| p.line("Plus de carte sur ce poste.")),
        }
    }
}

impl At {
    /// Reads the card that is there; the reason in plain French when there is none.
    fn read(&self) -> Result<PushParams, String> {
        let readers = Readers::open(&self.library).map_err(|e| e.to_string())?;
        let slots = readers.slots().map_err(|e| e.to_string())?;
        let mine = |slot: &&Slot| self.reader.as_ref().is_none_or(|wanted| slot.name.starts_with(wanted));
        let slot = slots
            .iter()
            .filter(mine)
            .find(|slot| slot.card)
            .ok_or_else(|| ReaderError::NoCard.to_string())?;
        let mut card = readers.connect(&slot.name).map_err(|e| e.to_string())?;
        vitale::read_free(&mut card).map(|holder| holder.into_push(&slot.name)).map_err(|e| e.words())
    }

    /// Waits until a card comes or goes, or until it is time to look again; true when the readers have a card.
    fn card_after(&self, before: bool) -> Result<bool, String> {
        let readers = Readers::open(&self.library).map_err(|e| e.to_string())?;
        let mut slots = readers.slots().map_err(|e| e.to_string())?;
        if let Some(wanted) = &self.reader {
            slots.retain(|slot| slot.name.starts_with(wanted));
        }
        let there = |slots: &[Slot]| slots.iter().any(|slot| slot.card);
        if there(&slots) == before && !slots.is_empty() {
            readers.wait(&mut slots, LOOK_AGAIN).map_err(|e| e.to_string())?;
        }
        Ok(there(&slots))
    }
}

/// Pushes each card that comes, forgets each one that goes, says each state once.
fn watch(s: &mut Session<'_>, at: &At) -> Outcome {
    let (mut before, mut said) = (false, String::new());
    loop {
        let words = match at.card_after(before) {
            Ok(now) if now == before => continue,
            Ok(true) => {
                before = true;
                match at.read() {
                    Ok(params) => {
                        s.call::<CardPush>(&params)?;
                        "carte lue".to_owned()
                    }
                    Err(why) => why,
                }
            }
            Ok(false) => {
                before = false;
                s.call::<CardRemove>(&Empty {})?;
                "carte retirée".to_owned()
            }
            Err(why) => {
                if before {
                    before = false;
                    s.call::<CardRemove>(&Empty {})?;
                }
                std::thread::sleep(LOOK_AGAIN);
                if why == said {
                    continue;
                }
                why
            }
        };
        s.write(&format!("{words}\n"))?;
        said = words;
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
