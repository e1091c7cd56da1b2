//! `paillasse-fuzz cda --seconds 600`: throws spoiled inputs at a reader; exit 1 when one did harm.
#![allow(clippy::print_stdout, reason = "a command line tool says what it found")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use paillasse_fuzz::{run, seeds, targets};

/// Lance des entrées abîmées contre un lecteur de documents ou de messages.
#[derive(Parser)]
struct Arguments {
    /// Lecteur : cda, xds, xdm, hl7, hprim, datamatrix, pdf.
    target: String,
    /// Durée, en secondes.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Graine : la même donne les mêmes entrées tant que le lecteur répond pareil.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Mémoire au-delà de laquelle c'est une faute, en mégaoctets.
    #[arg(long, default_value_t = 1_000)]
    memory: u64,
    /// Réponse au-delà de laquelle c'est une faute, en millisecondes.
    #[arg(long, default_value_t = 2_000)]
    slow: u64,
    /// Dossier où laisser les entrées fautives.
    #[arg(long, default_value = "fuzz-faults")]
    faults: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Some(target) = targets::find(&arguments.target) else {
        println!("lecteur inconnu : {}", arguments.target);
        return ExitCode::from(2);
    };
    let bounds = run::Bounds {
        during: Duration::from_secs(arguments.seconds),
        slow: Duration::from_millis(arguments.slow),
        memory_mb: arguments.memory,
        faults: arguments.faults,
    };
    let started = seeds(target.name).and_then(|found| {
        let inputs = found.into_iter().map(|(_, bytes)| bytes).collect();
        run::run(target, inputs, arguments.seed, &bounds)
    });
    let outcome = match started {
        Ok(outcome) => outcome,
        Err(e) => {
            println!("{e}");
            return ExitCode::from(2);
        }
    };
    println!(
        "{} : {} entrées, {} sortes de réponses, la plus lente {} ms, {} Mo au plus, {} fautes",
        target.name,
        outcome.tried,
        outcome.kinds,
        outcome.slowest.as_millis(),
        outcome.peak_mb,
        outcome.faults.len()
    );
    outcome.faults.iter().for_each(|f| println!("  {f}"));
    if outcome.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
