//! `paillasse demo`: simulators, daemon, synthetic patients and workstation in one go, in a throw-away folder.
//!
//! Invariants: nothing outlives the demonstration, neither process (each child dies with this one, however it dies)
//! nor folder (unless asked to stay); everything that happens while it starts arrives in one channel of [`Happening`],
//! so a signal or the death of a child is never missed; seeding speaks the protocol, nothing else. Once everything is
//! there, a daemon that ends is started again as a system's supervisor would: it may be killed in front of an auditor.
//! Deliberately not here: the simulators (`paillasse-sim`) and anything that the daemon would not do for anybody.

mod children;
mod config;
mod folder;
mod seed;
mod state;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use clap::Args;
use paillasse_shared::protocol::methods::{Empty, StatusGet};
use paillasse_shared::protocol::{ErrorKind, WireError};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::client::{Client, Failure};
use children::Child;
use config::Simulators;
use folder::Folder;
pub use state::DemoState;

/// How long the simulators may take to make their certificates and listen.
const SIMULATORS: Duration = Duration::from_secs(60);
/// How long the daemon may take to answer its first request.
const DAEMON: Duration = Duration::from_secs(30);
/// A daemon that ended sooner than this after its start did not really start.
const STANDS: Duration = Duration::from_secs(2);
/// Starts in a row that may fail before the demonstration gives up.
const STARTS: u32 = 3;
/// Between two trials to reach a daemon that starts.
const PROBE: Duration = Duration::from_millis(20);

/// Arguments of the demonstration.
#[derive(Debug, Args)]
pub struct DemoArgs {
    #[arg(
        long,
        value_name = "DOSSIER",
        help = "Y travaille et l'y laisse ; un dossier déjà rempli par une démonstration est repris tel quel"
    )]
    dir: Option<PathBuf>,
    #[arg(
        long,
        help = "Sans poste : écrit une ligne JSON (socket, received, mllp, config, control, dir) et attend un signal"
    )]
    headless: bool,
    #[arg(long, help = "Garde le dossier jetable à la fin")]
    keep: bool,
}

/// What can happen while the demonstration runs.
enum Happening {
    /// A signal asks to stop.
    Stop,
    /// Some child ended.
    ChildEnded,
    /// First line of the simulators.
    Simulators(String),
    /// The daemon answers, or never did.
    Daemon(Result<(), Failure>),
    /// Identities are there; dossiers follow.
    Registered,
    /// Everything is there, or why not.
    Seeded(Result<(), WireError>),
}

/// Runs the demonstration until the user leaves or a signal comes. `workstation` opens the workstation on a socket.
///
/// # Errors
/// A binary is missing, a child does not start, the folder cannot be used.
pub fn run(
    args: DemoArgs,
    out: &mut dyn Write,
    workstation: impl FnOnce(&Path) -> Result<(), WireError>,
) -> Result<(), WireError> {
    let binaries = children::Binaries::beside_this_one()?;
    if !args.headless {
        let _ = writeln!(out, "Préparation de la démonstration : services simulés, base, patients fictifs…");
    }
    let (tell, told) = channel();
    let stop = tell.clone();
    watch_signals(tell.clone())?;
    // Dropped last: the folder goes once the children are gone.
    let folder = Folder::open(args.dir, args.keep)?;
    let dir = folder.path();
    let people = dir.join("people.jsonl");
    folder::write(&people, seed::PEOPLE)?;

    let mut sim = Child::start("paillasse-sim", &binaries.sim, dir, |command| {
        command.arg("--dir").arg(dir.join("sim")).arg("--people").arg(&people).args(config::SIMULATORS);
    })?;
    sim.first_line({
        let tell = tell.clone();
        move |line| drop(tell.send(Happening::Simulators(line)))
    });
    let line = match wait(&told, Some(SIMULATORS), &mut [&mut sim])? {
        Next::Happened(Happening::Simulators(line)) => line,
        Next::Stop => return Ok(()),
        _ => return Err(sim.failure("les services simulés ne démarrent pas")),
    };
    let simulators: Simulators = serde_json::from_str(&line).map_err(|e| {
        WireError::new(ErrorKind::Internal, format!("réponse illisible des services simulés : {e}"))
    })?;

    let socket = dir.join("paillasse.sock");
    let config = dir.join("paillassed.toml");
    folder::write(&config, &config::text(dir, &socket, &simulators))?;
    let mut daemon = Child::start("paillassed", &binaries.daemon, dir, |command| {
        command.arg("--config").arg(&config);
    })?;
    std::thread::spawn({
        let (tell, socket) = (tell.clone(), socket.clone());
        move || drop(tell.send(Happening::Daemon(answers(&socket))))
    });
    match wait(&told, None, &mut [&mut sim, &mut daemon])? {
        Next::Happened(Happening::Daemon(Ok(()))) => {}
        Next::Stop => return Ok(()),
        _ => return Err(daemon.failure("le service du laboratoire ne démarre pas")),
    }
    std::thread::spawn({
        let socket = socket.clone();
        move || {
            let seeded = seed::run(&socket, || drop(tell.send(Happening::Registered)));
            drop(tell.send(Happening::Seeded(seeded)));
        }
    });
    let state = DemoState {
        mllp: state::mllp(&socket),
        socket,
        received: simulators.received,
        config,
        control: simulators.control,
        dir: dir.to_owned(),
        pid: std::process::id(),
    };
    let _published = state.publish();

    // The workstation opens on its patients, and sees the rest arrive as in a laboratory; scripts get everything.
    loop {
        match wait(&told, None, &mut [&mut sim, &mut daemon])? {
            Next::Happened(Happening::Registered) if !args.headless => break,
            Next::Happened(Happening::Seeded(seeded)) => {
                seeded?;
                break;
            }
            Next::Happened(_) => {}
            Next::Stop | Next::Late => return Ok(()),
        }
    }
    settle_mllp(&state.config, state.mllp.as_deref())?;
    if !args.headless {
        // The supervisor has a thread of its own, which ends with the workstation.
        let supervisor = std::thread::spawn(move || supervise(&told, sim, daemon));
        let outcome = workstation(&state.socket);
        let _ = stop.send(Happening::Stop);
        let supervised = supervisor.join().unwrap_or(Ok(()));
        // Behind the workstation nobody could say that the seed had failed.
        return outcome.and(supervised);
    }
    let line = serde_json::to_string(&state).unwrap_or_default();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    supervise(&told, sim, daemon)
}

/// Keeps the daemon alive until a stop is asked for.
fn supervise(told: &Receiver<Happening>, mut sim: Child, mut daemon: Child) -> Result<(), WireError> {
    let mut started = Instant::now();
    let mut failures = 0;
    loop {
        match told.recv() {
            Ok(Happening::Stop) | Err(_) => return Ok(()),
            Ok(Happening::Seeded(seeded)) => seeded?,
            Ok(Happening::ChildEnded) if sim.ended() => {
                return Err(sim.failure("les services simulés se sont arrêtés"));
            }
            Ok(Happening::ChildEnded) if daemon.ended() => {
                failures = if started.elapsed() < STANDS { failures + 1 } else { 0 };
                if failures >= STARTS {
                    return Err(daemon.failure("le service du laboratoire s'arrête aussitôt démarré"));
                }
                started = Instant::now();
                daemon.restart()?;
            }
            Ok(_) => {}
        }
    }
}

/// From now on the daemon listens for analysers at the address that it took, also when it is started again.
fn settle_mllp(config: &Path, actual: Option<&str>) -> Result<(), WireError> {
    let Some(actual) = actual else { return Ok(()) };
    let text = std::fs::read_to_string(config).map_err(|e| folder::fault(config, &e))?;
    folder::write(config, &text.replace(config::ANY_PORT, actual))
}

/// What ended a wait.
enum Next {
    Happened(Happening),
    Stop,
    Late,
}

/// Waits for the next thing that matters. A child that ended is an error, in its own last words.
fn wait(
    told: &Receiver<Happening>,
    limit: Option<Duration>,
    children: &mut [&mut Child],
) -> Result<Next, WireError> {
    let deadline = limit.map(|l| Instant::now() + l);
    loop {
        let next = match deadline {
            Some(at) => told.recv_timeout(at.saturating_duration_since(Instant::now())),
            None => told.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match next {
            Ok(Happening::Stop) => return Ok(Next::Stop),
            Ok(Happening::ChildEnded) => {
                if let Some(ended) = children.iter_mut().find_map(|c| c.ended().then_some(c)) {
                    return Err(ended.failure(&format!("« {} » s'est arrêté", ended.name)));
                }
            }
            Ok(other) => return Ok(Next::Happened(other)),
            Err(RecvTimeoutError::Timeout) => return Ok(Next::Late),
            Err(RecvTimeoutError::Disconnected) => return Ok(Next::Stop),
        }
    }
}

/// Tells of signals from a thread of its own, for as long as the program runs.
fn watch_signals(tell: Sender<Happening>) -> Result<(), WireError> {
    let fault = |e: std::io::Error| WireError::new(ErrorKind::Internal, format!("signaux : {e}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(fault)?;
    let entered = runtime.enter();
    let mut stop = signal(SignalKind::terminate()).map_err(fault)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(fault)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(fault)?;
    let mut child = signal(SignalKind::child()).map_err(fault)?;
    drop(entered);
    std::thread::spawn(move || {
        runtime.block_on(async {
            loop {
                let happening = tokio::select! {
                    _ = stop.recv() => Happening::Stop,
                    _ = interrupt.recv() => Happening::Stop,
                    _ = hangup.recv() => Happening::Stop,
                    _ = child.recv() => Happening::ChildEnded,
                };
                if tell.send(happening).is_err() {
                    return;
                }
            }
        });
    });
    Ok(())
}

/// Waits until the daemon answers a request: a socket file alone proves nothing.
fn answers(socket: &Path) -> Result<(), Failure> {
    let deadline = Instant::now() + DAEMON;
    loop {
        let outcome = Client::connect(socket, None, DAEMON)
            .and_then(|mut client| client.call::<StatusGet>(&Empty {}, DAEMON).map(|_| ()));
        match outcome {
            Err(Failure::Absent(_) | Failure::Stale(_)) if Instant::now() < deadline => {
                std::thread::sleep(PROBE);
            }
            outcome => return outcome,
        }
    }
}
