//! Figures of the workstation: the real program in a pseudo-terminal, on the daemon of a demonstration.
//!
//! Keys are measured twice: with the daemon at rest and every service well; then while another client registers patients
//! without pause and INSi and the DMP answer after 30 s, with orders on the wire. A terminal emulator reads what is
//! written: a key has had its effect at the last byte of the first frame that shows it (the cursor on another line, the
//! letter in the box, the hits of the search instead of the latest patients).

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use paillasse_shared::protocol::dossier::ValidateParams;
use paillasse_shared::protocol::methods::{
    DossierValidate, DossierValidateTechnical, Empty, PatientCreate, ValidationWorklist,
};
use paillasse_shared::protocol::patient::CreateParams;

use crate::programs::{Demo, Programs};
use crate::table::Table;
use vt100::Screen;

use crate::terminal::{REST, Terminal};
use crate::wire::Wire;
use crate::{Effort, Outcome, now_doing, process};

const DOWN: &[u8] = b"\x1b[B";
const UP: &[u8] = b"\x1b[A";
/// Empties the search box.
const CLEAR: &[u8] = b"\x15";
/// Letters typed in the empty search box, each with many names.
const LETTERS: [char; 6] = ['m', 'd', 'b', 'l', 'p', 'r'];
/// Line of the search box.
const BOX: usize = 3;
/// Line of the first hit.
const FIRST: usize = 6;
/// Under the list while nothing is searched, in small letters.
const LATEST: &str = "derniers patients";
/// Begins the name of everybody whom the other client registers.
pub const STRANGER: &str = "ZZ";

/// Measures the workstation.
pub fn measure(effort: Effort, programs: &Programs, demo: &Demo, table: &mut Table) -> Outcome<()> {
    table.heading("Workstation (120x40, on the daemon of the demonstration)");
    now_doing("first paint");
    let mut paints = Vec::new();
    for _ in 0..effort.n(50) {
        paints.push(Terminal::start(programs, &demo.facts.socket)?.first_paint()?);
    }
    table.spread("first paint, from the start of the process", &paints);

    let mut terminal = Terminal::start(programs, &demo.facts.socket)?;
    terminal.first_paint()?;
    terminal.settle(REST);
    now_doing("keys, daemon at rest");
    keys(effort, &mut terminal, table, "at rest")?;

    now_doing("workstation at rest");
    let idle = process::idle(terminal.pid()?, effort.seconds(5))?;
    table.one("wake-ups of the terminal at rest", "1/s", 1, idle.wakes);
    memory(table, "terminal, just used", terminal.pid()?)?;
    memory(table, "daemon of the demonstration (200 patients)", demo.daemon()?)?;

    now_doing("keys, daemon at work, INSi and DMP at 30 s");
    for service in ["insi", "dmp"] {
        let outage = serde_json::json!({ "service": service, "kind": "slow", "delay_ms": 30_000 });
        control(&demo.facts.control, &serde_json::json!({ "outage": outage }))?;
    }
    validate(&demo.facts.socket, table)?;
    let load = Load::start(&demo.facts.socket)?;
    keys(effort, &mut terminal, table, "at work, services at 30 s")?;
    let (created, seconds) = load.stop()?;
    table.one(
        "  meanwhile, patients registered by the other client",
        "1/s",
        created,
        created as f64 / seconds,
    );
    for service in ["insi", "dmp"] {
        control(&demo.facts.control, &serde_json::json!({ "clear": service }))?;
    }

    let keys = effort.n(10_000);
    now_doing("ten thousand keys");
    let rounds = keys / 4;
    for _ in 0..rounds.div_ceil(50) {
        terminal.pour(&[DOWN, UP, b"m", b"\x7f"], 50)?;
    }
    memory(table, &format!("terminal, {keys} keys later"), terminal.pid()?)
}

fn memory(table: &mut Table, whose: &str, pid: u32) -> Outcome<()> {
    let memory = process::memory(pid)?;
    table.one(format!("memory of the {whose}: RSS"), "MiB", 1, memory.rss);
    table.one(format!("memory of the {whose}: PSS"), "MiB", 1, memory.pss);
    Ok(())
}

/// Moves in a list of hits, then single letters in the empty search box; leaves the box empty.
fn keys(effort: Effort, terminal: &mut Terminal, table: &mut Table, when: &str) -> Outcome<()> {
    terminal.settle(REST);
    search(terminal, 'm')?;
    let (mut moves, mut bytes) = (Vec::new(), Vec::new());
    for n in 0..effort.n(500) {
        let before = cursor(terminal.screen());
        let stroke = terminal.stroke(if n % 20 < 10 { DOWN } else { UP }, &[&|s| cursor(s) != before])?;
        moves.extend(stroke.seen);
        bytes.push(stroke.bytes as f64);
    }
    let (mut echoes, mut results) = (Vec::new(), Vec::new());
    for letter in LETTERS.iter().cycle() {
        clear(terminal)?;
        // Whoever is first without a search must not be first with it: then nothing would tell that it was done.
        if first_hit(terminal.screen()).split_whitespace().any(|w| w.starts_with(letter.to_ascii_uppercase()))
        {
            continue;
        }
        let (echo, result) = search(terminal, *letter)?;
        echoes.push(echo);
        results.push(result);
        if echoes.len() >= effort.n(300) {
            break;
        }
    }
    clear(terminal)?;
    table.spread(format!("list move to the last byte of its frame, {when}"), &moves);
    table.numbers(format!("bytes written for a list move, {when}"), "bytes", bytes);
    table.spread(format!("letter to the last byte of its echo, {when}"), &echoes);
    table.spread(format!("letter to the last byte of its results, {when}"), &results);
    Ok(())
}

fn line(screen: &Screen, n: usize) -> String {
    let (_, width) = screen.size();
    screen.rows(0, width).nth(n).unwrap_or_default()
}

/// What stands in the search box.
fn typed(screen: &Screen) -> String {
    line(screen, BOX).trim().strip_prefix("Rechercher").unwrap_or_default().trim().to_owned()
}

/// The first line of the list.
fn first_hit(screen: &Screen) -> String {
    line(screen, FIRST).trim_start_matches(['▸', ' ']).to_owned()
}

/// Empties the search box, and waits for the latest patients.
fn clear(terminal: &mut Terminal) -> Outcome<()> {
    let latest = |s: &Screen| s.contents().to_lowercase().contains(LATEST);
    terminal.stroke(CLEAR, &[&|s| typed(s).is_empty(), &latest])?;
    terminal.settle(Duration::from_millis(15));
    Ok(())
}

/// Types a letter in the empty box: how long to its echo, to its hits.
fn search(terminal: &mut Terminal, letter: char) -> Outcome<(Duration, Duration)> {
    let before = first_hit(terminal.screen());
    let echo = |s: &Screen| typed(s) == letter.to_string();
    let hits = |s: &Screen| {
        let now = first_hit(s);
        now != before && !now.starts_with(STRANGER) && !s.contents().to_lowercase().contains(LATEST)
    };
    match terminal.stroke(letter.to_string().as_bytes(), &[&echo, &hits])?.seen.as_slice() {
        [echo, hits] => Ok((*echo, *hits)),
        _ => Err("two things were awaited".into()),
    }
}

/// The line where the cursor of the list is.
fn cursor(screen: &Screen) -> Option<usize> {
    let (_, width) = screen.size();
    screen.rows(0, width).position(|row| row.contains('▸'))
}

/// Validates what waits: documents are built, and orders leave for services that answer late.
fn validate(socket: &Path, table: &mut Table) -> Outcome<()> {
    let mut wire = Wire::connect(socket)?;
    let mut durations = Vec::new();
    for line in wire.call::<ValidationWorklist>(&Empty {})?.dossiers {
        let params = ValidateParams {
            id: Some(line.id),
            number: None,
            version: None,
            analyses: vec![],
            hold: false,
            invisible: false,
        };
        // What is technically validated already, or asks for a gesture first, is none of this measure's business.
        let _ = wire.call::<DossierValidateTechnical>(&params);
        if let Ok((took, _)) = wire.timed::<DossierValidate>(&params) {
            durations.push(took);
        }
    }
    table.spread("validation on the socket (CDA and PDF built, stored, orders planned)", &durations);
    Ok(())
}

/// Tells the simulators something.
fn control(socket: &Path, order: &serde_json::Value) -> Outcome<()> {
    let mut line = BufReader::new(UnixStream::connect(socket)?);
    line.get_mut().write_all(format!("{order}\n").as_bytes())?;
    let mut answer = String::new();
    line.read_line(&mut answer)?;
    let answer: serde_json::Value = serde_json::from_str(&answer)?;
    match answer.get("error") {
        Some(error) => Err(format!("the simulators refuse: {error}").into()),
        None => Ok(()),
    }
}

/// Another client, that registers patients one after the other without pause.
struct Load {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Outcome<usize>>,
    started: std::time::Instant,
}

impl Load {
    fn start(socket: &Path) -> Outcome<Self> {
        let mut wire = Wire::connect(socket)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut created = 0;
            while !stopped.load(Ordering::Relaxed) {
                wire.call::<PatientCreate>(&stranger(created))?;
                created += 1;
            }
            Ok(created)
        });
        Ok(Self { stop, thread, started: std::time::Instant::now() })
    }

    fn stop(self) -> Outcome<(usize, f64)> {
        let seconds = self.started.elapsed().as_secs_f64();
        self.stop.store(true, Ordering::Relaxed);
        let created = self.thread.join().map_err(|_| "the other client broke")??;
        Ok((created, seconds))
    }
}

/// A patient nobody else is, by number.
pub fn stranger(n: usize) -> CreateParams {
    let mut name = STRANGER.to_owned();
    let mut rest = n;
    for _ in 0..5 {
        name.push(char::from(b'a' + u8::try_from(rest % 26).unwrap_or(0)));
        rest /= 26;
    }
    CreateParams {
        birth_name: name,
        first_name: "Essai".into(),
        sex: "F".into(),
        birth_date: format!("{:02}/{:02}/{}", 1 + n % 28, 1 + n / 28 % 12, 1930 + n / 336 % 90),
        birth_place: Some("75112".into()),
        not_a_duplicate: true,
        ..CreateParams::default()
    }
}
