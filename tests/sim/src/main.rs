//! `paillasse-sim`: the simulators as one process, for the demonstration, the training and the
//! end-to-end tests. Prints one JSON line saying where everything is, then runs until it is stopped.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use paillasse_sim::dmp::ReplyForm;
use paillasse_sim::people::generate;
use paillasse_sim::{Sim, SimConfig};
use tokio::signal::unix::{SignalKind, signal};

/// Simulateurs des services nationaux (INSi, DMP, opérateur MSSanté), sur la machine locale seulement.
#[derive(Parser)]
#[command(name = "paillasse-sim", version, about)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args)]
struct Options {
    /// Dossier de travail jetable (un dossier temporaire par défaut)
    #[arg(long, value_name = "DOSSIER")]
    dir: Option<PathBuf>,
    /// Personnes fictives connues d'INSi, une par ligne (JSON)
    #[arg(long, value_name = "FICHIER")]
    people: Option<PathBuf>,
    /// Port d'INSi (0 : choisi par le système)
    #[arg(long, default_value_t = 0)]
    insi_port: u16,
    /// Port du DMP (0 : choisi par le système)
    #[arg(long, default_value_t = 0)]
    dmp_port: u16,
    /// Port de l'opérateur MSSanté (0 : choisi par le système)
    #[arg(long, default_value_t = 0)]
    smtp_port: u16,
    /// Numéro d'autorisation de logiciel connu d'INSi (répétable)
    #[arg(long, value_name = "NUMERO", default_value = "NumAutorisation")]
    idam: Vec<String>,
    /// Forme des réponses du DMP
    #[arg(long, value_enum, default_value = "plain")]
    dmp_reply: Form,
    /// Boîte applicative autorisée à s'authentifier (répétable ; par défaut toute boîte d'un domaine connu)
    #[arg(long, value_name = "ADRESSE")]
    mailbox: Vec<String>,
    /// Domaine de l'espace de confiance, en plus de ceux connus d'office (répétable)
    #[arg(long, value_name = "DOMAINE")]
    domain: Vec<String>,
    /// Destinataire inconnu de l'opérateur (répétable)
    #[arg(long, value_name = "ADRESSE")]
    unknown_mailbox: Vec<String>,
    /// Taille maximale d'un message, en octets
    #[arg(long, default_value_t = 25 * 1024 * 1024)]
    max_mail_size: usize,
    /// Refuser les messages non conformes au référentiel (par défaut)
    #[arg(long, conflicts_with = "lax")]
    strict: bool,
    /// Accepter les messages non conformes en notant leurs défauts
    #[arg(long)]
    lax: bool,
    /// S'arrêter quand l'entrée standard se ferme
    #[arg(long)]
    until_stdin_closes: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Plain,
    Multipart,
    Alternate,
}

#[derive(Subcommand)]
enum Command {
    /// Écrit des personnes fictives, une par ligne
    #[command(hide = true)]
    People {
        /// Graine du tirage
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Nombre de personnes
        #[arg(long, default_value_t = 400)]
        count: usize,
    },
}

fn config(options: &Options) -> SimConfig {
    let dir = options
        .dir
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("paillasse-sim-{}", std::process::id())));
    let mut config = SimConfig::new(dir);
    config.people.clone_from(&options.people);
    config.insi_port = options.insi_port;
    config.dmp_port = options.dmp_port;
    config.smtp_port = options.smtp_port;
    config.idams.clone_from(&options.idam);
    config.dmp_reply = match options.dmp_reply {
        Form::Plain => ReplyForm::Plain,
        Form::Multipart => ReplyForm::Multipart,
        Form::Alternate => ReplyForm::Alternate,
    };
    config.mail.mailboxes.clone_from(&options.mailbox);
    config.mail.domains.extend(options.domain.iter().cloned());
    config.mail.unknown.clone_from(&options.unknown_mailbox);
    config.mail.max_size = options.max_mail_size;
    config.mail.strict = options.strict || !options.lax;
    config
}

fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let sim = Sim::start(config(&options)).await?;
    print(&format!("{}\n", serde_json::to_string(&sim.info)?))?;
    let (closed, on_closed) = tokio::sync::oneshot::channel();
    if options.until_stdin_closes {
        // A thread, since a blocked read of a terminal cannot be cancelled.
        std::thread::spawn(move || {
            let mut sink = [0; 1024];
            while matches!(std::io::stdin().read(&mut sink), Ok(n) if n > 0) {}
            let _ = closed.send(());
        });
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {}, _ = on_closed => {} }
    } else {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
    }
    sim.stop().await;
    Ok(())
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Some(Command::People { seed, count }) => generate::file(&generate::people(seed, count))
            .map_err(Into::into)
            .and_then(|text| print(&text).map_err(Into::into)),
        None => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Into::into)
            .and_then(|runtime| runtime.block_on(run(cli.options))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            let _ = writeln!(std::io::stderr(), "paillasse-sim : {e}");
            ExitCode::FAILURE
        }
    }
}
