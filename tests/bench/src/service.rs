//! Figures of the daemon on a database of many synthetic patients: start, search, durability, restart, memory at rest.
//!
//! Its database is on the disk where things are built, beside the file on which the ceiling of the disk is measured. INSi
//! is a listener of this program that accepts and never answers: the instant of a connection is that of a departure.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Seek, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use paillasse_shared::domain::identity::Status;
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::domain::order::Service;
use paillasse_shared::protocol::ins::FetchParams;
use paillasse_shared::protocol::methods::{
    InsFetch, PatientCreate, PatientGet, PatientSearch, QueuePause, QueueResume,
};
use paillasse_shared::protocol::patient::{PatientHit, PatientRecord, PatientRef, SearchParams};
use paillasse_shared::protocol::queue::ServiceParams;

use crate::programs::{Programs, Running};
use crate::table::Table;
use crate::wire::Wire;
use crate::workstation::{STRANGER, stranger};
use crate::{Effort, Outcome, now_doing, process};

/// Requests at once when many clients are busy.
const AT_ONCE: usize = 64;
/// Orders that wait when the daemon is started again.
const WAITING: usize = 10_000;
/// How long a first departure may take before something is wrong.
const PATIENCE: Duration = Duration::from_secs(30);

/// A configuration, its socket, and how to start a daemon on it.
struct Bench<'a> {
    programs: &'a Programs,
    config: PathBuf,
    socket: PathBuf,
    log: PathBuf,
}

impl Bench<'_> {
    fn command(&self) -> Command {
        let mut command = Command::new(self.programs.path("paillassed"));
        command.arg("--config").arg(&self.config).env("PAILLASSE_LOG", "error");
        command
    }

    fn start(&self) -> Outcome<Running> {
        Running::start(&mut self.command(), &self.log)
    }

    /// Starts, and waits for the first answered request; the time is from the start of the process.
    fn start_and_answer(&self) -> Outcome<(Running, Wire, Duration)> {
        let start = Instant::now();
        let running = self.start()?;
        let wire = Wire::when_it_answers(&self.socket)
            .map_err(|e| format!("{e}\n{}", std::fs::read_to_string(&self.log).unwrap_or_default()))?;
        Ok((running, wire, start.elapsed()))
    }
}

/// Measures the daemon; `config` is that of a demonstration that has ended, `folder` its folder.
pub fn measure(
    effort: Effort,
    programs: &Programs,
    config: &Path,
    folder: &Path,
    table: &mut Table,
) -> Outcome<()> {
    let disk = programs.folder_on_disk()?;
    let insi = TcpListener::bind("127.0.0.1:0")?;
    insi.set_nonblocking(true)?;
    let bench = Bench {
        programs,
        config: folder.join("bench.toml"),
        // Beside the certificates: the path of a socket must be short.
        socket: folder.join("bench.sock"),
        log: folder.join("bench.log"),
    };
    std::fs::write(&bench.config, configuration(config, &bench.socket, disk.path(), &insi)?)?;

    table.heading("Daemon");
    let patients = usize::try_from(effort.patients)?;
    now_doing("generating patients");
    let start = Instant::now();
    let mut generate = bench.command();
    generate.arg("generate").args(["--patients", &effort.patients.to_string()]);
    if !generate.status()?.success() {
        return Err("the patients were not generated".into());
    }
    table.one("patients generated", "1/s", patients, effort.patients as f64 / start.elapsed().as_secs_f64());

    now_doing("cold starts");
    let mut starts = Vec::new();
    for _ in 0..effort.n(30) {
        let (running, _, took) = bench.start_and_answer()?;
        starts.push(took);
        drop(running);
    }
    table.spread(format!("start to first answered request, {patients} patients"), &starts);

    let (daemon, mut wire, _) = bench.start_and_answer()?;
    now_doing("daemon at rest");
    std::thread::sleep(Duration::from_secs(1));
    let memory = process::memory(daemon.pid())?;
    table.one(
        format!("memory of the daemon at rest, {patients} patients on disk: RSS"),
        "MiB",
        1,
        memory.rss,
    );
    table.one(
        format!("memory of the daemon at rest, {patients} patients on disk: PSS"),
        "MiB",
        1,
        memory.pss,
    );
    let idle = process::idle(daemon.pid(), effort.seconds(10))?;
    table.one("wake-ups of the daemon at rest", "1/s", 1, idle.wakes);
    table.one("processor of the daemon at rest", "% of a core", 1, idle.cpu);

    // Paused from here on: opening a record queues its INSi call, and nothing else must compete for the machine.
    wire.call::<QueuePause>(&ServiceParams { service: Service::Insi })?;
    search(effort, &mut wire, table)?;
    let memory = process::memory(daemon.pid())?;
    table.one("memory of the daemon after the searches: RSS", "MiB", 1, memory.rss);
    durable(effort, disk.path(), &mut wire, table)?;
    restarts(effort, &bench, daemon, wire, &insi, table)
}

/// The configuration of the demonstration, with another database, another socket, and an INSi that never answers.
fn configuration(demo: &Path, socket: &Path, disk: &Path, insi: &TcpListener) -> Outcome<String> {
    let mut config: toml::Table = std::fs::read_to_string(demo)?.parse()?;
    let mut set = |section: &str, key: &str, value: toml::Value| -> Outcome<()> {
        let table = config.get_mut(section).and_then(toml::Value::as_table_mut);
        table.ok_or_else(|| format!("no [{section}] in the configuration"))?.insert(key.to_owned(), value);
        Ok(())
    };
    let path = |p: &Path| toml::Value::String(p.to_string_lossy().into_owned());
    set("daemon", "database", path(&disk.join("bench.db")))?;
    set("daemon", "socket", path(socket))?;
    set("insi", "url", toml::Value::String(format!("https://localhost:{}/insi", insi.local_addr()?.port())))?;
    Ok(toml::to_string(&config)?)
}

/// What a desk types to find somebody.
type Typed<'a> = &'a dyn Fn(&PatientRecord) -> Option<String>;

/// Searches for people who are there, as a desk does.
fn search(effort: Effort, wire: &mut Wire, table: &mut Table) -> Outcome<()> {
    now_doing("searches");
    let people = sample(effort, wire, table)?;
    let begin = |text: &str, n: usize| text.chars().take(n).collect::<String>();
    let prefix = |p: &PatientRecord| Some(begin(p.traits.birth_name.as_str(), 3));
    let date = |p: &PatientRecord| {
        Some(format!("{} {}", begin(p.traits.birth_name.as_str(), 3), p.traits.birth_date.french()))
    };
    let matricule = |p: &PatientRecord| p.ins.as_ref().map(|i| i.matricule.compact());
    let words = |p: &PatientRecord| {
        Some(format!("{} {}", begin(p.traits.birth_name.as_str(), 4), begin(p.traits.first_name.as_str(), 3)))
    };
    let kinds: [(&str, Typed<'_>); 4] = [
        ("3 letters", &prefix),
        ("3 letters + date of birth", &date),
        ("matricule", &matricule),
        ("two words", &words),
    ];
    for (name, text) in kinds {
        let (mut inside, mut trip) = (Vec::new(), Vec::new());
        for text in people.iter().filter_map(text) {
            let (took, result) = wire.timed::<PatientSearch>(&SearchParams { text, limit: None })?;
            inside.push(Duration::from_micros(result.took_us));
            trip.push(took);
        }
        table.spread(format!("search by {name}, in the daemon"), &inside);
        table.spread(format!("search by {name}, on the socket"), &trip);
    }
    Ok(())
}

/// People spread over the whole database; each record is opened as at the desk.
fn sample(effort: Effort, wire: &mut Wire, table: &mut Table) -> Outcome<Vec<PatientRecord>> {
    let (mut opened, mut people) = (Vec::new(), Vec::new());
    for k in 0..u64::try_from(effort.n(1000))? {
        // A step prime to the count: the whole database is visited in no order.
        let id = PatientId(i64::try_from(1 + k * 7_919 % effort.patients)?);
        let (took, record) = wire.timed::<PatientGet>(&PatientRef { id })?;
        opened.push(took);
        people.push(record);
    }
    table.spread("record opened, on the socket (its view is journalled)", &opened);
    Ok(people)
}

/// What is durable when acknowledged, next to what the disk can do at best.
fn durable(effort: Effort, disk: &Path, wire: &mut Wire, table: &mut Table) -> Outcome<()> {
    now_doing("durable writes");
    let n = effort.n(500);
    for (way, kept) in [("at the end of a file", false), ("in place, as a journal in use", true)] {
        let ceiling = ceiling(disk, n, kept)?;
        let rate = n as f64 / ceiling.iter().sum::<Duration>().as_secs_f64();
        table.spread(format!("disk: 4 KiB written {way}, fdatasync"), &ceiling);
        table.one(format!("disk: 4 KiB written {way}, fdatasync"), "1/s", n, rate);
    }

    let mut rate = |what: &str, start: Instant, durations: &[Duration]| {
        let n = durations.len();
        table.spread(format!("{what}: latency"), durations);
        table.one(what.to_owned(), "1/s", n, n as f64 / start.elapsed().as_secs_f64());
    };
    let mut strangers = (0..).map(stranger);
    for (way, n, at_once) in [("one by one", effort.n(500), 1), ("64 at once", effort.n(5_000), AT_ONCE)] {
        let start = Instant::now();
        let done = wire.many::<PatientCreate>(strangers.by_ref().take(n), at_once)?;
        rate(&format!("patients created with their INSi order, {way}"), start, &times(&done));
    }
    let mut asked = never_asked(effort, wire)?.into_iter().map(|id| FetchParams { id, wait: false });
    let start = Instant::now();
    let done = wire.many::<InsFetch>(asked.by_ref().take(effort.n(500)), 1)?;
    rate("orders accepted, one by one", start, &times(&done));
    let start = Instant::now();
    let done = wire.many::<InsFetch>(asked, AT_ONCE)?;
    rate("orders accepted, 64 at once", start, &times(&done));
    Ok(())
}

/// How long the disk takes to make 4 KiB safe. A file that grows costs more than one whose place is kept.
fn ceiling(disk: &Path, n: usize, kept: bool) -> Outcome<Vec<Duration>> {
    let path = disk.join("ceiling");
    let mut file = File::create(&path)?;
    let block = [7u8; 4096];
    if kept {
        for _ in 0..n {
            file.write_all(&block)?;
        }
        file.sync_all()?;
        file.rewind()?;
    }
    let mut durations = Vec::with_capacity(n);
    for _ in 0..n {
        let start = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        durations.push(start.elapsed());
    }
    std::fs::remove_file(&path)?;
    Ok(durations)
}

fn times<T>(done: &[(Duration, T)]) -> Vec<Duration> {
    done.iter().map(|(took, _)| *took).collect()
}

/// Patients whom INSi can be asked about and never was: found by searches, which open no record.
fn never_asked(effort: Effort, wire: &mut Wire) -> Outcome<Vec<PatientId>> {
    let wanted = effort.n(500) + WAITING;
    let mut found = BTreeSet::new();
    for letter in "mblcdgprhstvfja".chars() {
        for year in 1925..2026 {
            let params = SearchParams { text: format!("{letter} {year}"), limit: Some(200) };
            let hits = wire.call::<PatientSearch>(&params)?.hits;
            let local = |h: &PatientHit| matches!(h.status, Status::Provisoire | Status::Validee);
            found.extend(
                hits.into_iter().filter(local).filter(|h| !h.birth_name.starts_with(STRANGER)).map(|h| h.id),
            );
            if found.len() >= wanted {
                return Ok(found.into_iter().take(wanted).collect());
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Killed with many orders waiting, and started again.
fn restarts(
    effort: Effort,
    bench: &Bench<'_>,
    daemon: Running,
    mut wire: Wire,
    insi: &TcpListener,
    table: &mut Table,
) -> Outcome<()> {
    now_doing("restarts with orders waiting");
    let status = wire.call::<paillasse_shared::protocol::methods::StatusGet>(&Default::default())?;
    let waiting: u64 = status.services.iter().map(|s| s.waiting).sum();
    let n = effort.n(10);
    daemon.kill()?;
    let mut answers = Vec::new();
    for _ in 0..n {
        let (running, _, took) = bench.start_and_answer()?;
        answers.push(took);
        running.kill()?;
    }
    table.spread(format!("kill -9 with {waiting} orders waiting: start to first answer"), &answers);

    let (daemon, mut wire, _) = bench.start_and_answer()?;
    wire.call::<QueueResume>(&ServiceParams { service: Service::Insi })?;
    daemon.kill()?;
    let mut departures = Vec::new();
    for _ in 0..n {
        while insi.accept().is_ok() {}
        let start = Instant::now();
        let running = bench.start()?;
        let (_kept, at) = first_departure(insi)?;
        departures.push(at - start);
        running.kill()?;
    }
    table.spread(format!("kill -9 with {waiting} orders waiting: start to first departure"), &departures);
    Ok(())
}

fn first_departure(insi: &TcpListener) -> Outcome<(TcpStream, Instant)> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match insi.accept() {
            Ok((stream, _)) => return Ok((stream, Instant::now())),
            Err(_) => std::thread::sleep(Duration::from_micros(200)),
        }
    }
    Err("no order left".into())
}
