//! The demonstration as a newcomer or a script starts it: real simulators, real daemon, real command line.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const PAILLASSE: &str = env!("CARGO_BIN_EXE_paillasse");

/// The other programs stand beside this one once the whole workspace was built.
fn everything_is_built() -> bool {
    let built = ["paillassed", "paillasse-sim"]
        .iter()
        .all(|name| Path::new(PAILLASSE).with_file_name(name).is_file());
    if !built {
        println!("skipped: paillassed and paillasse-sim are not built; cargo test --workspace builds them");
    }
    built
}

/// Every file of these processes goes to a folder of the test, also the one by which a demonstration is found.
fn paillasse(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(PAILLASSE);
    command.args(args).env("TMPDIR", home).env("XDG_RUNTIME_DIR", home);
    for name in ["PAILLASSE_SOCKET", "PAILLASSE_SIM_CONTROL"] {
        command.env_remove(name);
    }
    command
}

fn start(home: &Path) -> (Child, Value) {
    let mut demo = paillasse(home, &["demo", "--headless"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(demo.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let facts = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}, {:?}", demo.wait()));
    (demo, facts)
}

fn json(home: &Path, args: &[&str]) -> (i32, Value) {
    let output = paillasse(home, args).arg("--json").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{args:?}: {e}: {text}"));
    (output.status.code().unwrap(), value)
}

fn path(facts: &Value, name: &str) -> PathBuf {
    PathBuf::from(facts[name].as_str().unwrap())
}

/// Processes whose command line names this folder.
fn processes_of(dir: &Path) -> Vec<PathBuf> {
    let named = |process: &PathBuf| {
        let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(dir.to_str().unwrap())
    };
    std::fs::read_dir("/proc").unwrap().filter_map(|e| e.ok().map(|e| e.path())).filter(named).collect()
}

#[test]
fn the_demonstration_fills_itself_answers_and_leaves_nothing() {
    if !everything_is_built() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let (mut demo, facts) = start(home.path());
    let dir = path(&facts, "dir");
    assert!(path(&facts, "config").is_file() && path(&facts, "received").is_dir());
    assert!(facts["mllp"].as_str().unwrap().starts_with("127.0.0.1:"));

    // No socket is named: the demonstration that runs is found.
    assert_eq!(json(home.path(), &["queue", "drain"]).0, 0);
    let (code, status) = json(home.path(), &["status"]);
    assert_eq!((code, &status["health"]), (0, &Value::from("good")), "{status}");
    assert_eq!(status["training"], true);
    assert_eq!(status["patients"], 200);
    assert_eq!(status["dossiers"], 151);
    let lists = &status["worklists"];
    assert_eq!(lists["to_validate_urgent"], 3, "{lists}");
    assert_eq!(lists["inbox"], 2, "{lists}");
    assert_eq!(lists["orders_parked"], 3, "only the unknown mailbox refuses: {lists}");
    assert_eq!(lists["orders_waiting"], 0, "{lists}");
    assert!(lists["orders_held"].as_u64().unwrap() > 0, "{lists}");
    assert_eq!(json(home.path(), &["audit", "verify"]).1["ok"], true);

    // An exercise on the simulators, found in the same way.
    let outage = ["sim", "outage", "dmp", "--kind", "refuse", "--for", "20m"];
    assert_eq!(json(home.path(), &outage).0, 0);
    assert_eq!(json(home.path(), &["sim", "status"]).1["outages"]["dmp"]["kind"], "refuse");

    kill_process(Pid::from_child(&demo), Signal::TERM).unwrap();
    assert_eq!(demo.wait().unwrap().code(), Some(0));
    assert!(!dir.exists());
    assert_eq!(processes_of(&dir), Vec::<PathBuf>::new());
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_killed_daemon_comes_back_with_everything_it_had() {
    if !everything_is_built() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let (mut demo, facts) = start(home.path());
    let state: Value =
        serde_json::from_slice(&std::fs::read(path(&facts, "dir").join("paillasse.state.json")).unwrap())
            .unwrap();
    let daemon = |pid: i32| -> Option<Pid> {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("paillassed").then(|| Pid::from_raw(pid)).flatten()
    };
    let of_daemon = || {
        processes_of(&path(&facts, "dir"))
            .iter()
            .filter_map(|p| p.file_name()?.to_str()?.parse().ok())
            .find_map(daemon)
    };
    let first = of_daemon().unwrap();
    kill_process(first, Signal::KILL).unwrap();
    let second = eventually(|| of_daemon().filter(|pid| *pid != first));
    eventually(|| {
        let output = paillasse(home.path(), &["status", "--json"]).output().unwrap();
        let status: Value = serde_json::from_slice(&output.stdout).ok()?;
        (status["dossiers"] == 151).then_some(())
    });
    assert_ne!(first, second);
    // Analysers find it at the address that they had.
    let again: Value =
        serde_json::from_slice(&std::fs::read(path(&facts, "dir").join("paillasse.state.json")).unwrap())
            .unwrap();
    assert_eq!(state["mllp"], again["mllp"]);

    // The exercise is found from the socket alone, as in a script.
    let mut sim = Command::new(PAILLASSE);
    sim.args(["sim", "status", "--json"]).env("PAILLASSE_SOCKET", facts["socket"].as_str().unwrap());
    let elsewhere = tempfile::tempdir().unwrap();
    sim.env("TMPDIR", elsewhere.path()).env("XDG_RUNTIME_DIR", elsewhere.path());
    sim.env_remove("PAILLASSE_SIM_CONTROL");
    assert!(sim.output().unwrap().status.success());

    kill_process(Pid::from_child(&demo), Signal::TERM).unwrap();
    assert_eq!(demo.wait().unwrap().code(), Some(0));
}

#[test]
fn a_killed_demonstration_takes_its_children_with_it() {
    if !everything_is_built() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let mut demo = paillasse(home.path(), &["demo", "--headless"]).stdout(Stdio::null()).spawn().unwrap();
    // Killed while it is being filled.
    let published = home.path().join("paillasse-demo.json");
    let facts = eventually(|| serde_json::from_slice::<Value>(&std::fs::read(&published).ok()?).ok());
    let dir = path(&facts, "dir");
    let children = processes_of(&dir);
    assert!(children.len() >= 2, "{children:?}");
    kill_process(Pid::from_child(&demo), Signal::KILL).unwrap();
    demo.wait().unwrap();
    // The system signals them at the death of their parent; they end in order, which takes them a moment.
    eventually(|| processes_of(&dir).is_empty().then_some(()));
}

/// What becomes true within a time that only a fault exceeds.
fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(120);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(std::time::Instant::now() < patience, "never came");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
