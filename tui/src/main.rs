//! `paillasse`: the workstation.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use paillasse::launch;

/// Poste de travail du laboratoire.
#[derive(Debug, Parser)]
#[command(name = "paillasse", version, about)]
struct Args {
    /// Socket du service (sinon PAILLASSE_SOCKET).
    #[arg(long, value_name = "CHEMIN")]
    socket: Option<PathBuf>,
    /// Thème : dark, light, high-contrast, ansi16, mono, ou un fichier.
    #[arg(long, value_name = "NOM")]
    theme: Option<String>,
    /// Fichier de touches qui ne contient que ce qui diffère.
    #[arg(long, value_name = "FICHIER")]
    keys: Option<PathBuf>,
    /// Sans cadres ni dessins, curseur réel sur le focus (lecteurs d'écran).
    #[arg(long)]
    plain: bool,
    /// Signes et traits en ASCII.
    #[arg(long)]
    ascii: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let options = launch::Options {
        socket: args.socket,
        theme: args.theme,
        keys: args.keys,
        plain: args.plain,
        ascii: args.ascii,
    };
    match launch::run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "paillasse : {error}");
            ExitCode::FAILURE
        }
    }
}
