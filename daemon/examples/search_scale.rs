//! Measures of the patient search: time by kind of query, recall, memory, size of the database.
//!
//! `cargo run --release -p paillasse-daemon --example search_scale -- --patients 1000000` makes the patients and their
//! dossiers (in a process of its own, so that its memory does not count), then searches. `--folder` keeps the database
//! for a next time; `--queries FILE` also writes what was typed, one per line, for another program to do the same.
//! Figures, never gates: nothing here fails because something is slow.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what it is for")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use jiff::Timestamp;
use jiff::civil::date;
use paillasse_daemon::generate;
use paillasse_daemon::services::query::{self, Query};
use paillasse_daemon::store::Store;
use paillasse_daemon::store::patients::Patient;
use paillasse_daemon::store::search::corpus::{self, Choice, Kind};
use paillasse_shared::protocol::patient::PatientHit;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Figures of the patient search on this machine.
#[derive(Parser)]
struct Arguments {
    /// Synthetic patients.
    #[arg(long, default_value_t = 1_000_000)]
    patients: usize,
    /// Seed of the patients.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Queries of each kind.
    #[arg(long, default_value_t = 1_000)]
    each: usize,
    /// Hits asked for.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Where the database is kept; a temporary folder otherwise.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Writes kind, id of the right patient and text, separated by tabs.
    #[arg(long)]
    queries: Option<PathBuf>,
    /// Also writes the patients, separated by tabs: id, birth name, used name, given names, date, matricule.
    #[arg(long)]
    people: Option<PathBuf>,
    /// Only these kinds, as the table names them.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Prints texts that did not find their patient.
    #[arg(long)]
    misses: bool,
    /// Only makes the database (what the process started inside does).
    #[arg(long, hide = true)]
    prepare: bool,
}

const DAY: jiff::civil::Date = date(2026, 3, 5);
const BATCH: usize = 10_000;

fn people(seed: u64) -> impl Iterator<Item = Patient> {
    generate::people(seed, DAY, Timestamp::UNIX_EPOCH)
}

fn main() -> ExitCode {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => match runtime.block_on(run(Arguments::parse())) {
            Ok(()) => ExitCode::SUCCESS,
            Err(e) => {
                eprintln!("{e}");
                ExitCode::FAILURE
            }
        },
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}

async fn run(a: Arguments) -> Outcome<()> {
    let kept = a.folder.clone();
    let temporary;
    let folder = match &kept {
        Some(f) => f.clone(),
        None => {
            temporary = std::env::temp_dir().join(format!("search-scale-{}", std::process::id()));
            temporary
        }
    };
    std::fs::create_dir_all(&folder)?;
    let file = folder.join(format!("patients-{}-{}.db", a.patients, a.seed));
    if a.prepare {
        return prepare(&file, &a).await;
    }
    if !file.exists() {
        let start = Instant::now();
        let mut again = std::process::Command::new(std::env::current_exe()?);
        again.args(std::env::args().skip(1)).arg("--prepare");
        if kept.is_none() {
            again.arg("--folder").arg(&folder);
        }
        if !again.status()?.success() {
            return Err("the patients were not made".into());
        }
        println!("made in {:.0} s", start.elapsed().as_secs_f64());
    }
    let outcome = measure(&file, &a).await;
    if kept.is_none() {
        std::fs::remove_dir_all(&folder)?;
    }
    outcome
}

/// Makes patients, then one dossier for two patients in three, as months of work would leave them.
async fn prepare(file: &Path, a: &Arguments) -> Outcome<()> {
    let partial = file.with_extension("partial");
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", partial.display()));
    }
    let store = Store::open(&partial)?;
    let mut all = people(a.seed).take(a.patients);
    let mut made = 0;
    loop {
        let batch: Vec<Patient> = all.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        made += batch.len();
        store.insert_patients(batch, "bench", Timestamp::UNIX_EPOCH).await?;
        if made % 100_000 == 0 {
            eprintln!("{made} patients");
        }
    }
    drop(store);
    let c = rusqlite::Connection::open(&partial)?;
    c.execute_batch(
        "INSERT INTO dossier (number, version, patient, opened_at, sampled_at, prescribed_on, urgent, state, done, total)
           SELECT printf('24-%07d', id), 1, id, id, id, '2024-01-02', 0, 'complete', 3, 3 FROM patient WHERE id % 3 > 0;
         INSERT INTO outbox (service, patient, dossier, recipient, payload, asked_by, urgent, state, created_at, since, due_at)
           SELECT 'dmp', patient, id, 'dmp', '{}', 'x', 0, 'delivered', 1, 1, 1 FROM dossier;
         UPDATE patient SET touched_at = (id * 7919) % 63072000000 WHERE id % 3 > 0;
         PRAGMA wal_checkpoint(TRUNCATE);",
    )?;
    drop(c);
    std::fs::rename(&partial, file)?;
    Ok(())
}

struct Asked {
    kind: Kind,
    text: String,
    id: i64,
}

/// What to type: patients spread evenly over the database, each kind from other patients.
fn questions(a: &Arguments) -> Vec<Asked> {
    let mut choice = Choice::new(a.seed ^ 0x5eed);
    let mut counts: std::collections::HashMap<Kind, usize> = std::collections::HashMap::new();
    let step = (a.patients / (a.each * 4).max(1)).max(1);
    let mut asked = Vec::new();
    for (n, p) in people(a.seed).take(a.patients).enumerate() {
        if n % step != 0 {
            continue;
        }
        for kind in Kind::ALL {
            let count = counts.entry(kind).or_default();
            if *count >= a.each || choice.below(3) > 0 {
                continue;
            }
            if let Some(text) = corpus::typed(kind, &p, &mut choice) {
                *count += 1;
                // Ids follow the order of creation, nobody of one series is left out.
                asked.push(Asked { kind, text, id: i64::try_from(n + 1).unwrap_or(0) });
            }
        }
    }
    asked
}

async fn ask(store: &Store, text: &str, limit: u32) -> Outcome<Vec<PatientHit>> {
    Ok(match query::read(text, DAY).map_err(|e| e.cause)? {
        Query::Names(q) => store.search_names(q, limit).await?.0,
        Query::Matricule(m) => store.search_matricule(m).await?,
        _ => vec![],
    })
}

fn memory(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|l| l.strip_prefix(what))
        .and_then(|l| l.split_whitespace().next().and_then(|n| n.parse::<u64>().ok()))
        .unwrap_or(0)
        / 1024
}

/// Processor time of the threads that read the database, in nanoseconds: what a search costs, whoever else is at work
/// on the machine.
fn processor() -> Vec<PathBuf> {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return vec![] };
    threads
        .flatten()
        .map(|t| t.path())
        .filter(|t| {
            std::fs::read_to_string(t.join("comm")).is_ok_and(|name| name.trim().starts_with("store-reader"))
        })
        .map(|t| t.join("schedstat"))
        .collect()
}

fn spent(threads: &[PathBuf]) -> u64 {
    threads
        .iter()
        .filter_map(|t| std::fs::read_to_string(t).ok()?.split_whitespace().next()?.parse::<u64>().ok())
        .sum()
}

async fn measure(file: &Path, a: &Arguments) -> Outcome<()> {
    if let Some(to) = &a.people {
        let mut out = std::io::BufWriter::new(std::fs::File::create(to)?);
        for (n, p) in people(a.seed).take(a.patients).enumerate() {
            let given = p.traits.given_names.as_ref().unwrap_or(&p.traits.first_name);
            let used = p.used.name.as_ref().map(ToString::to_string).unwrap_or_default();
            let m = p.ins.as_ref().map(|i| i.matricule.compact()).unwrap_or_default();
            let date = p.traits.birth_date.iso();
            writeln!(out, "{}\t{}\t{used}\t{given}\t{date}\t{m}", n + 1, p.traits.birth_name)?;
        }
    }
    let store = Store::open(file)?;
    let asked = questions(a);
    if let Some(to) = &a.queries {
        let mut out = std::io::BufWriter::new(std::fs::File::create(to)?);
        for q in &asked {
            writeln!(out, "{:?}\t{}\t{}", q.kind, q.id, q.text)?;
        }
    }
    println!("{} patients, database {} MB", a.patients, std::fs::metadata(file)?.len() / 1_000_000);
    println!("memory before the searches: {} MB", memory("VmRSS:"));
    println!("| kind | n | p50 ms | p99 ms | max ms | processor p50 | p99 | first ten % |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let threads = processor();
    for q in
        asked.iter().step_by(7).filter(|q| a.only.is_empty() || a.only.contains(&format!("{:?}", q.kind)))
    {
        let _ = ask(&store, &q.text, a.limit).await;
    }
    let (mut right, mut expected) = (0usize, 0usize);
    let asked_for = |k: &Kind| a.only.is_empty() || a.only.contains(&format!("{k:?}"));
    for kind in Kind::ALL.into_iter().filter(asked_for) {
        let mut times: Vec<Duration> = Vec::new();
        let mut costs: Vec<Duration> = Vec::new();
        let mut found = 0usize;
        for q in asked.iter().filter(|q| q.kind == kind) {
            let before = spent(&threads);
            let start = Instant::now();
            let hits = ask(&store, &q.text, a.limit).await?;
            times.push(start.elapsed());
            // The system counts a thread when it has gone to sleep.
            std::thread::sleep(Duration::from_micros(100));
            costs.push(Duration::from_nanos(spent(&threads).saturating_sub(before)));
            if hits.iter().take(10).any(|h| h.id.0 == q.id) {
                found += 1;
            } else if a.misses && kind.identifies() {
                eprintln!("missed {kind:?}: {} (n° {})", q.text, q.id);
            }
        }
        times.sort();
        costs.sort();
        let ms = |times: &[Duration], share: usize| {
            let at = (times.len() * share / 100).min(times.len().saturating_sub(1));
            times.get(at).map_or(0.0, |t| t.as_secs_f64() * 1000.0)
        };
        if kind.identifies() {
            right += found;
            expected += times.len();
        }
        println!(
            "| {kind:?} | {} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.2}{} |",
            times.len(),
            ms(&times, 50),
            ms(&times, 99),
            ms(&times, 100),
            ms(&costs, 50),
            ms(&costs, 99),
            100.0 * found as f64 / times.len().max(1) as f64,
            if kind.identifies() { "" } else { " (ambiguous)" },
        );
    }
    println!("recall in the first ten: {:.2} % of {expected}", 100.0 * right as f64 / expected.max(1) as f64);
    println!("memory after the searches: {} MB, most {} MB", memory("VmRSS:"), memory("VmHWM:"));
    Ok(())
}
