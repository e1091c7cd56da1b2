//! paillasse-bench: one table of figures about the real programs, each with its unit, its number of measures and the
//! machine. They are figures, never gates: nothing here fails because something is slow.
//!
//! `cargo run --release -p paillasse-bench`, or `-- --quick` for a rough idea in a minute. The programs measured are
//! built first, with the profile of this one. What is measured, and how, stands in the module of each part:
//! [`workstation`] (keys, paint, memory of the terminal), [`service`] (the daemon), [`documents`].

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what it is for")]

mod documents;
mod machine;
mod process;
mod programs;
mod service;
mod table;
mod terminal;
mod wire;
mod workstation;

use std::process::ExitCode;

use clap::Parser;

use table::Table;

/// What goes wrong is told in words and ends the run.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Figures of Paillasse on this machine.
#[derive(Parser)]
#[command(name = "paillasse-bench", version, about)]
struct Arguments {
    /// A tenth of the measures: a rough idea in about a minute.
    #[arg(long)]
    quick: bool,
    /// Synthetic patients in the database that is searched.
    #[arg(long, default_value_t = 100_000)]
    patients: u64,
    /// Only these parts: workstation, service, documents.
    #[arg(long, value_delimiter = ',', default_values_t = ["workstation".to_owned(), "service".to_owned(), "documents".to_owned()])]
    only: Vec<String>,
}

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Effort {
    quick: bool,
    /// Patients in the database that is searched.
    pub patients: u64,
}

impl Effort {
    /// So many measures, a tenth of them in a quick run.
    pub fn n(self, full: usize) -> usize {
        if self.quick { (full / 10).max(3) } else { full }
    }

    /// So many seconds, fewer in a quick run.
    pub fn seconds(self, full: u64) -> std::time::Duration {
        std::time::Duration::from_secs(if self.quick { full.div_ceil(4) } else { full })
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(table) => {
            println!("{table}");
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("paillasse-bench: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Outcome<Table> {
    let effort = Effort { quick: arguments.quick, patients: arguments.patients };
    let wanted = |part: &str| arguments.only.iter().any(|o| o == part);
    let programs = programs::build()?;
    let mut table = Table::new(machine::describe(&programs));
    if wanted("documents") {
        documents::measure(effort, &mut table)?;
    }
    if wanted("workstation") || wanted("service") {
        let demo = programs::Demo::start(&programs)?;
        if wanted("workstation") {
            workstation::measure(effort, &programs, &demo, &mut table)?;
        }
        if wanted("service") {
            let (config, folder) = demo.stop()?;
            service::measure(effort, &programs, &config, folder.path(), &mut table)?;
        }
    }
    Ok(table)
}

/// Told while one waits; the table comes at the end.
pub fn now_doing(what: &str) {
    eprintln!("… {what}");
}
