//! Processes that the demonstration starts: found beside this one, dying with it, their words kept in a file.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use paillasse_shared::protocol::{ErrorKind, WireError};
use rustix::process::{Pid, Signal};

use super::folder::fault;

/// How long a child may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);
/// How much of a child's last words is shown.
const LAST_WORDS: u64 = 1200;

/// Programs of the demonstration.
pub struct Binaries {
    /// The simulators.
    pub sim: PathBuf,
    /// The daemon.
    pub daemon: PathBuf,
}

impl Binaries {
    /// Those installed or built with this one.
    ///
    /// # Errors
    /// One of them is missing.
    pub fn beside_this_one() -> Result<Self, WireError> {
        let own = std::env::current_exe().map_err(|e| fault(Path::new("paillasse"), &e))?;
        Self::of(own.parent().unwrap_or(Path::new(".")))
    }

    fn of(folder: &Path) -> Result<Self, WireError> {
        let find = |name: &str| {
            let path = folder.join(name);
            if path.is_file() {
                return Ok(path);
            }
            let cause = format!("le programme « {name} » manque dans {}", folder.display());
            Err(WireError::not_found(cause).hint("« sh packaging/demo » construit tout ce qu'il faut"))
        };
        Ok(Self { sim: find("paillasse-sim")?, daemon: find("paillassed")? })
    }
}

/// A child that is stopped when dropped.
pub struct Child {
    /// Name of the program.
    pub name: &'static str,
    command: Command,
    process: std::process::Child,
    log: PathBuf,
}

impl Child {
    /// Starts a program; what it writes to standard error goes to a file of `dir`, under its name.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(
        name: &'static str,
        program: &Path,
        dir: &Path,
        arguments: impl FnOnce(&mut Command),
    ) -> Result<Self, WireError> {
        let log = dir.join(format!("{name}.log"));
        let words = File::create(&log).map_err(|e| fault(&log, &e))?;
        let mut command = Command::new(program);
        arguments(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(words);
        // Its own group: Ctrl-C in the terminal is for the demonstration, which then ends its children in order.
        command.process_group(0);
        die_with_parent(&mut command);
        let process = command.spawn().map_err(|e| fault(program, &e))?;
        Ok(Self { name, command, process, log })
    }

    /// Starts it once more after it ended, with the same arguments and the same log. It dies with the thread that calls.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn restart(&mut self) -> Result<(), WireError> {
        let program = PathBuf::from(self.command.get_program());
        self.process = self.command.spawn().map_err(|e| fault(&program, &e))?;
        Ok(())
    }

    /// Tells the first line of its standard output; the rest is read and dropped, so that it never blocks on it.
    pub fn first_line(&mut self, tell: impl FnOnce(String) + Send + 'static) {
        if let Some(out) = self.process.stdout.take() {
            std::thread::spawn(move || {
                let mut out = BufReader::new(out);
                let mut line = String::new();
                if (&mut out).take(64 * 1024).read_line(&mut line).is_ok_and(|n| n > 0) {
                    tell(line);
                }
                let _ = std::io::copy(&mut out, &mut std::io::sink());
            });
        }
    }

    /// True once it ended.
    pub fn ended(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(Some(_)))
    }

    /// An error about this child, with its last words.
    pub fn failure(&self, cause: &str) -> WireError {
        let words = last_words(&self.log);
        let cause = if words.is_empty() { cause.to_owned() } else { format!("{cause} :\n{words}") };
        WireError::new(ErrorKind::Unavailable, cause).hint(format!(
            "« {} » écrit dans {}",
            self.name,
            self.log.display()
        ))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Ok(Some(_)) = self.process.try_wait() {
            return;
        }
        let asked = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = asked {
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Makes the child end when the thread that starts it ends, even killed: children are started by the main thread only.
#[allow(unsafe_code)]
fn die_with_parent(command: &mut Command) {
    let parent = rustix::process::getpid();
    // SAFETY: the closure runs between fork and exec and makes two system calls, which is allowed there; it
    // allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(move || {
            rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
            // The parent may have died before the call: then nobody would ever signal.
            if rustix::process::getppid() == Some(parent) {
                Ok(())
            } else {
                Err(std::io::ErrorKind::NotConnected.into())
            }
        });
    }
}

fn last_words(log: &Path) -> String {
    let read = || {
        let mut file = File::open(log)?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(LAST_WORDS)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    read().unwrap_or_default()
}

/// True when a process of this number is alive.
pub fn alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::channel;

    use super::*;

    fn shell(dir: &Path, script: &str) -> Child {
        Child::start("sh", Path::new("/bin/sh"), dir, |c| {
            c.args(["-c", script]);
        })
        .unwrap()
    }

    #[test]
    fn a_missing_program_is_named_with_what_builds_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("paillasse-sim"), "").unwrap();
        let error = Binaries::of(dir.path()).err().unwrap();
        assert!(error.cause.contains("« paillassed » manque"), "{}", error.cause);
        assert!(error.hint.unwrap().contains("sh packaging/demo"));
    }

    #[test]
    fn the_first_line_is_told_and_the_child_ends_with_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = shell(dir.path(), "echo prêt; echo suite; exec sleep 1000");
        let (tell, told) = channel();
        child.first_line(move |line| tell.send(line).unwrap());
        assert_eq!(told.recv().unwrap(), "prêt\n");
        let pid = child.process.id();
        assert!(alive(pid) && !child.ended());
        drop(child);
        assert!(!alive(pid));
    }

    #[test]
    fn the_last_words_of_a_child_are_shown() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = shell(dir.path(), "echo 'port déjà pris' >&2; exit 1");
        child.process.wait().unwrap();
        let error = child.failure("ne démarre pas");
        assert_eq!(error.cause, "ne démarre pas :\nport déjà pris");
    }
}
