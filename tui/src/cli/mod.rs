//! The command line: everything the workstation can do, by the same requests.
//!
//! One definition per command, in the file of its family: its arguments, its help, what it asks the daemon and how the
//! answer is shown. The whole help is one snapshot, so that every change of it is seen in review.
//! Invariants: answers go to standard output, errors to standard error as a cause and a next step; the exit code says
//! the kind of error (see [`ErrorKind::exit_code`]); `--json` prints the answer of the daemon as it came, on one line.
//! Deliberately not here: any rule of the laboratory, which the daemon alone knows.

mod audit;
mod call;
mod card;
pub mod client;
mod correction;
mod directory;
mod document;
mod document_read;
mod dossier;
#[cfg(test)]
mod fake;
mod french;
mod inbox;
mod ins;
mod messages;
mod page;
mod patient;
mod queue;
mod received;
mod session;
mod sim;
mod status;
#[cfg(test)]
mod tests;
mod value;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind as Clap;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use jiff::tz::TimeZone;
use paillasse_shared::protocol::{ErrorKind, WireError};

use crate::demo::{self, DemoArgs, DemoState};
use crate::launch;
use page::Style;
pub(crate) use session::file_error;
use session::{Outcome, Session};

#[derive(Debug, Parser)]
#[command(
    name = "paillasse",
    about = "Paillasse : le poste de travail du laboratoire. Sans commande, ouvre le poste."
)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    look: Look,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = french::COMMON)]
struct Common {
    #[arg(
        long,
        global = true,
        value_name = "CHEMIN",
        env = "PAILLASSE_SOCKET",
        help = "Service à joindre, à défaut de PAILLASSE_SOCKET, de celui de cette machine ou de la démonstration"
    )]
    socket: Option<PathBuf>,
    #[arg(long, global = true, value_name = "NOM", help = "Agit comme cette personne, en école seulement")]
    login: Option<String>,
    #[arg(long, global = true, help = "Réponse en JSON")]
    json: bool,
    #[arg(
        long,
        global = true,
        value_name = "DURÉE",
        value_parser = value::duration,
        help = "Temps laissé au service pour répondre, par exemple 5s"
    )]
    timeout: Option<Duration>,
}

/// How the workstation looks; also for the demonstration's.
#[derive(Debug, Args)]
#[command(next_help_heading = "Poste ")]
struct Look {
    #[arg(
        long,
        value_name = "NOM",
        help = "Thème du poste : dark, light, high-contrast, ansi16, mono, ou un fichier"
    )]
    theme: Option<String>,
    #[arg(
        long,
        value_name = "FICHIER",
        help = "Fichier de touches du poste, qui ne contient que ce qui diffère"
    )]
    keys: Option<PathBuf>,
    #[arg(long, help = "Poste sans cadres ni dessins, curseur réel sur le focus (lecteurs d'écran)")]
    plain: bool,
    #[arg(long, help = "Poste sans autres signes que ceux de l'ASCII")]
    ascii: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(about = "Dit si tout va bien (code 0), si c'est dégradé (1) ou à l'arrêt (2)")]
    Status,
    #[command(subcommand, about = "Identités des patients")]
    Patient(patient::PatientCommand),
    #[command(subcommand, about = "Appels au téléservice INSi et qualification")]
    Ins(ins::InsCommand),
    #[command(
        subcommand,
        about = "Cartes des patients, lues par un composant agréé ou un lecteur de ce poste"
    )]
    Card(card::CardCommand),
    #[command(subcommand, about = "Dossiers, résultats et validations")]
    Dossier(dossier::DossierCommand),
    #[command(subcommand, about = "Comptes rendus et décisions sur leur diffusion")]
    Document(document::DocumentCommand),
    #[command(subcommand, about = "Ce qui doit partir, et pourquoi ce n'est pas parti")]
    Queue(queue::QueueCommand),
    #[command(subcommand, about = "Messages reçus des automates et des partenaires")]
    Inbox(inbox::InboxCommand),
    #[command(subcommand, about = "Corrections d'identité à propager à ceux qui ont reçu l'ancienne")]
    Correction(correction::CorrectionCommand),
    #[command(subcommand, about = "Comptes rendus d'autres laboratoires : rattacher, intégrer, joindre")]
    Received(received::ReceivedCommand),
    #[command(subcommand, about = "Correspondants de santé")]
    Correspondent(directory::CorrespondentCommand),
    #[command(subcommand, about = "Analyses et examens")]
    Catalogue(directory::CatalogueCommand),
    #[command(subcommand, visible_alias = "cog", about = "Lieux de naissance (code officiel géographique)")]
    Place(patient::PlaceCommand),
    #[command(subcommand, about = "Journal des actes")]
    Audit(audit::AuditCommand),
    #[command(subcommand, about = "Pannes des services simulés, pour s'exercer")]
    Sim(sim::SimCommand),
    #[command(about = "Envoie n'importe quelle requête du protocole")]
    Call(call::Call),
    #[command(
        about = "Démonstration complète dans un dossier jetable : services simulés, patients fictifs, poste"
    )]
    Demo(DemoArgs),
    #[command(about = "Écrit de quoi compléter les commandes dans un interpréteur")]
    Completions {
        #[arg(value_name = "INTERPRÉTEUR", help = "bash, zsh, fish, elvish ou powershell")]
        shell: clap_complete::Shell,
    },
}

/// The whole command, in French: also for completions and manual pages.
#[must_use]
pub fn command() -> clap::Command {
    let version = clap::Arg::new("version")
        .short('V')
        .long("version")
        .action(clap::ArgAction::Version)
        .help_heading(french::COMMON)
        .help("Montre la version");
    french::dress(Cli::command().version(env!("CARGO_PKG_VERSION")).disable_version_flag(true).arg(version))
}

/// The program: reads the command line, runs it, and gives its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let place = Place {
        style: Style {
            bold: io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
            zone: TimeZone::system(),
        },
        socket: PathBuf::from(launch::DEFAULT_SOCKET),
        demo: DemoState::running(),
        readers: || paillasse_cards::pcsc::sentence(Path::new(paillasse_cards::pcsc::LIBRARY)),
    };
    let mut out = io::stdout().lock();
    let code = run(std::env::args_os(), &place, &mut out, &mut io::stderr());
    ExitCode::from(code)
}

/// What a run knows of the machine.
struct Place {
    style: Style,
    socket: PathBuf,
    demo: Option<DemoState>,
    /// What is to be told of the card readers of this machine.
    readers: fn() -> String,
}

impl Place {
    /// The daemon of this machine, else a demonstration that runs; and whether it is the demonstration's.
    fn daemon(&self) -> (PathBuf, bool) {
        match &self.demo {
            Some(demo) if !self.socket.exists() => (demo.socket.clone(), true),
            _ => (self.socket.clone(), false),
        }
    }
}

fn run(
    args: impl IntoIterator<Item = OsString>,
    place: &Place,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let parsed = command().try_get_matches_from(args).and_then(|m| Cli::from_arg_matches(&m));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(e) if matches!(e.kind(), Clap::DisplayHelp | Clap::DisplayVersion) => {
            let _ = write!(out, "{}", e.render());
            return 0;
        }
        Err(e) if e.kind() == Clap::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = write!(err, "{}", e.render());
            return ErrorKind::Invalid.exit_code();
        }
        Err(e) => return complain(err, &french::error(&e)),
    };
    match dispatch(cli, place, out, err) {
        Ok(code) => code,
        Err((error, code)) => {
            complain(err, &error);
            code
        }
    }
}

fn dispatch(
    cli: Cli,
    place: &Place,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<u8, (WireError, u8)> {
    let code = |error: WireError| {
        let code = error.kind.exit_code();
        (error, code)
    };
    let Common { socket, login, json, timeout } = cli.common;
    let (socket, found) = socket.map_or_else(|| place.daemon(), |socket| (socket, false));
    let Some(command) = cli.command else {
        return workstation(&socket, login, cli.look, false).map(|()| 0).map_err(code);
    };
    match command {
        Command::Demo(args) => {
            let open = |socket: &Path| workstation(socket, login, cli.look, true);
            demo::run(args, out, open).map(|()| 0).map_err(code)
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut self::command(), "paillasse", out);
            Ok(0)
        }
        command => {
            // A laboratory's answer and the demonstration's must never be taken for one another.
            let alone = matches!(command, Command::Document(document::DocumentCommand::Read(_)));
            if found && !alone && !matches!(command, Command::Sim(_)) {
                let _ = writeln!(err, "{}", messages::using_demo(&socket));
            }
            let down = matches!(command, Command::Status);
            // Outages are for the demonstration whose daemon is named, else for the one that runs.
            let control = DemoState::of(&socket).or_else(|| place.demo.clone()).map(|d| d.control);
            let mut session = Session::new(socket, login, timeout, json, place.style.clone(), out);
            ask(command, &mut session, control, place.readers).map_err(|error| {
                let (error, usual) = code(error);
                (error, if down { status::DOWN } else { usual })
            })
        }
    }
}

/// Commands that ask the daemon or the simulators.
fn ask(command: Command, s: &mut Session<'_>, control: Option<PathBuf>, readers: fn() -> String) -> Outcome {
    match command {
        Command::Status => status::run(s, readers),
        Command::Patient(c) => c.run(s),
        Command::Ins(c) => c.run(s),
        Command::Card(c) => c.run(s),
        Command::Dossier(c) => c.run(s),
        Command::Document(c) => c.run(s),
        Command::Queue(c) => c.run(s),
        Command::Inbox(c) => c.run(s),
        Command::Correction(c) => c.run(s),
        Command::Received(c) => c.run(s),
        Command::Correspondent(c) => c.run(s),
        Command::Catalogue(c) => c.run(s),
        Command::Place(c) => c.run(s),
        Command::Audit(c) => c.run(s),
        Command::Sim(c) => c.run(s, control),
        Command::Call(c) => c.run(s),
        // Handled before: they ask nobody.
        Command::Demo(_) | Command::Completions { .. } => Ok(0),
    }
}

fn workstation(socket: &Path, login: Option<String>, look: Look, training: bool) -> Result<(), WireError> {
    let Look { theme, keys, plain, ascii } = look;
    let socket = Some(socket.to_owned());
    launch::run(launch::Options { socket, login, theme, keys, plain, ascii, training })
        .map_err(|e| WireError::new(ErrorKind::Unavailable, session::french_io(&e)))
}

/// The one error shown: cause, then next step.
fn complain(err: &mut dyn Write, error: &WireError) -> u8 {
    let _ = writeln!(err, "paillasse : {}", error.cause);
    if let Some(hint) = &error.hint {
        let _ = writeln!(err, "  → {hint}");
    }
    error.kind.exit_code()
}
