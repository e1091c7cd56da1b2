//! Children that cannot outlive the test: killed when dropped, and by the kernel when the test itself is killed.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::PATIENCE;

/// Lines of a child's log that are kept.
const KEPT: usize = 60;

/// A child with its log.
pub struct Child {
    name: &'static str,
    process: std::process::Child,
    lines: Option<Receiver<String>>,
    log: Arc<Mutex<VecDeque<String>>>,
}

impl Child {
    /// Starts it. Its standard output and its log are read all along; to be called by a thread that outlives it.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    pub fn start(name: &'static str, command: &mut Command) -> Self {
        die_with_parent(command);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|e| panic!("{name} does not start: {e}"));
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let (tell, lines) = channel();
        for pipe in [
            process.stdout.take().map(|p| Box::new(p) as Box<dyn Read + Send>),
            process.stderr.take().map(|p| Box::new(p) as Box<dyn Read + Send>),
        ]
        .into_iter()
        .flatten()
        {
            let (tell, log) = (tell.clone(), Arc::clone(&log));
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    let mut kept = log.lock().unwrap();
                    if kept.len() == KEPT {
                        kept.pop_front();
                    }
                    kept.push_back(line.clone());
                    drop(kept);
                    let _ = tell.send(line);
                }
            });
        }
        Self { name, process, lines: Some(lines), log }
    }

    /// Waits for a line that says so; `None` when the child ended before.
    ///
    /// # Panics
    /// Neither happens in time.
    pub fn line(&mut self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let deadline = Instant::now() + PATIENCE;
        let lines = self.lines.as_ref()?;
        loop {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) if wanted(&line) => return Some(line),
                Ok(_) => {}
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return None,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    panic!("{} says nothing of what was awaited:\n{}", self.name, self.words())
                }
            }
        }
    }

    /// The last lines it wrote.
    #[must_use]
    pub fn words(&self) -> String {
        self.log.lock().unwrap().iter().map(|l| format!("{l}\n")).collect()
    }

    /// Its process number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// It does not end in time.
    pub fn end(&mut self) -> ExitStatus {
        // The pipes close when it ends: no polling.
        let deadline = Instant::now() + PATIENCE;
        if let Some(lines) = self.lines.take() {
            while let Ok(_) | Err(std::sync::mpsc::RecvTimeoutError::Timeout) =
                lines.recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                assert!(Instant::now() < deadline, "{} does not end:\n{}", self.name, self.words());
            }
        }
        self.process.wait().expect("a child is waited for")
    }

    /// Kills it at once, and waits for its end.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Standard input, when it was asked for.
    pub fn stdin(&mut self) -> Option<std::process::ChildStdin> {
        self.process.stdin.take()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a program that ran to its end said.
#[derive(Debug)]
pub struct Run {
    /// Exit code; 128 + the signal when one ended it, as a shell says.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Run {
    /// Asserts success and gives the standard output.
    ///
    /// # Panics
    /// It failed.
    #[track_caller]
    pub fn good(self) -> String {
        assert_eq!(self.code, 0, "out: {}\nerr: {}", self.out, self.err);
        self.out
    }

    /// The standard output as JSON.
    ///
    /// # Panics
    /// It is not.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.out.trim()).unwrap_or_else(|e| panic!("not JSON ({e}): {self:?}"))
    }
}

/// Runs a program to its end, with `input` on its standard input.
///
/// # Panics
/// It does not start, or does not end in time.
#[must_use]
pub fn run(command: &mut Command, input: &[u8]) -> Run {
    die_with_parent(command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let pid = child.id();
    let mut stdin = child.stdin.take().expect("asked for");
    let (done, over) = channel::<()>();
    // Kills a program that hangs; told when it ends.
    let watch = std::thread::spawn(move || {
        if over.recv_timeout(Duration::from_secs(240)) == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
            && let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw)
        {
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
    });
    let input = input.to_vec();
    let feed = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("a child is waited for");
    drop(done);
    let _ = (feed.join(), watch.join());
    Run {
        code: output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap_or(0)),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Makes the kernel kill the child when the thread that starts it ends, even when that one is killed.
#[allow(unsafe_code)]
fn die_with_parent(command: &mut Command) {
    // SAFETY: the closure runs between fork and exec; it makes one system call and allocates nothing.
    unsafe {
        command.pre_exec(|| {
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            Ok(())
        });
    }
}
