//! The programs measured: built with the profile of this one, started, stopped.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde::Deserialize;

use crate::{Outcome, now_doing};

/// How long a program may take to end when asked.
const GRACE: Duration = Duration::from_secs(20);

/// Where the programs are.
pub struct Programs {
    folder: PathBuf,
    /// Profile they were built with.
    pub profile: String,
}

impl Programs {
    /// Path of a program.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A folder of one's own on the disk where things are built: a memory disk would make any durability free.
    pub fn folder_on_disk(&self) -> Outcome<tempfile::TempDir> {
        Ok(tempfile::Builder::new().prefix("paillasse-bench-").tempdir_in(&self.folder)?)
    }
}

/// Builds `paillasse`, `paillassed` and `paillasse-sim` beside this program.
pub fn build() -> Outcome<Programs> {
    let own = std::env::current_exe()?;
    let folder = own.parent().ok_or("this program has no folder")?.to_owned();
    let profile = match folder.file_name().and_then(|n| n.to_str()) {
        Some("debug") | None => "dev".to_owned(),
        Some(other) => other.to_owned(),
    };
    // Without cargo around, what stands beside this program is measured.
    if let Some(cargo) = std::env::var_os("CARGO") {
        now_doing("building the programs");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut build = Command::new(cargo);
        build.current_dir(root).args(["build", "--locked", "--bins", "--profile", &profile]);
        build.args(["-p", "paillasse", "-p", "paillasse-daemon", "-p", "paillasse-sim"]);
        // The variables that cargo gave this program are not for the ones it builds.
        for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
            build.env_remove(name);
        }
        if !build.status()?.success() {
            return Err("the programs do not build".into());
        }
    }
    Ok(Programs { folder, profile })
}

/// A program that is stopped when dropped.
pub struct Running(Child);

impl Running {
    /// Starts a program; its words go to a file.
    pub fn start(command: &mut Command, log: &Path) -> Outcome<Self> {
        Ok(Self(command.stdin(Stdio::null()).stderr(File::create(log)?).spawn()?))
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Killed as a power cut would.
    pub fn kill(mut self) -> Outcome<()> {
        self.signal(Signal::KILL);
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.0.try_wait(), Ok(None)) {
            return;
        }
        self.signal(Signal::TERM);
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline && matches!(self.0.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A demonstration without workstation.
pub struct Demo {
    running: Running,
    /// What it said of itself.
    pub facts: Facts,
    folder: tempfile::TempDir,
}

/// First line of `paillasse demo --headless`.
#[derive(Deserialize)]
pub struct Facts {
    /// Socket of the daemon.
    pub socket: PathBuf,
    /// Configuration of the daemon.
    pub config: PathBuf,
    /// Control socket of the simulators.
    pub control: PathBuf,
}

impl Demo {
    /// Starts it and waits until it is seeded.
    pub fn start(programs: &Programs) -> Outcome<Self> {
        now_doing("starting the demonstration");
        let folder = tempfile::Builder::new().prefix("paillasse-bench-").tempdir()?;
        let mut command = Command::new(programs.path("paillasse"));
        command.args(["demo", "--headless", "--dir"]).arg(folder.path()).stdout(Stdio::piped());
        let mut running = Running::start(&mut command, &folder.path().join("demo.log"))?;
        let mut line = String::new();
        if let Some(out) = running.0.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        let facts = serde_json::from_str(&line).map_err(|e| {
            let words = std::fs::read_to_string(folder.path().join("demo.log")).unwrap_or_default();
            format!("the demonstration did not start: {e}\n{words}")
        })?;
        Ok(Self { running, facts, folder })
    }

    /// The daemon of the demonstration.
    pub fn daemon(&self) -> Outcome<u32> {
        let text = std::fs::read_to_string(self.facts.socket.with_extension("state.json"))?;
        let state: serde_json::Value = serde_json::from_str(&text)?;
        let pid = state.get("pid").and_then(serde_json::Value::as_u64).ok_or("no pid in the state file")?;
        Ok(u32::try_from(pid)?)
    }

    /// Ends it; its configuration and its certificates stay until the folder is dropped.
    pub fn stop(self) -> Outcome<(PathBuf, tempfile::TempDir)> {
        drop(self.running);
        Ok((self.facts.config, self.folder))
    }
}
