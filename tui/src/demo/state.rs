//! Where a running demonstration is found by the other commands of the same person.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::children::alive;

/// A running demonstration; also the line printed by `--headless`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoState {
    /// Socket of the daemon.
    pub socket: PathBuf,
    /// Folder where the simulators keep what they received.
    pub received: PathBuf,
    /// Address where analysers send, `host:port`.
    pub mllp: Option<String>,
    /// Configuration of the daemon.
    pub config: PathBuf,
    /// Control socket of the simulators.
    pub control: PathBuf,
    /// Folder of the demonstration.
    pub dir: PathBuf,
    /// Process that runs it.
    pub pid: u32,
}

/// Name of the same facts in the folder of the demonstration, beside its socket.
const BESIDE: &str = "demo.json";

/// Removes the published files when dropped.
pub struct Published(PathBuf, PathBuf);

impl Drop for Published {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.1);
        // Another demonstration started meanwhile has its own facts there.
        if read(&self.0).is_some_and(|s| s.pid == std::process::id()) {
            let _ = fs::remove_file(&self.0);
        }
    }
}

impl DemoState {
    /// The latest demonstration of this person, if it still runs.
    #[must_use]
    pub fn running() -> Option<Self> {
        read(&well_known()).filter(|s| alive(s.pid) && s.socket.exists())
    }

    /// The demonstration to which this socket belongs, if it still runs.
    #[must_use]
    pub fn of(socket: &Path) -> Option<Self> {
        read(&socket.with_file_name(BESIDE)).filter(|s| alive(s.pid))
    }

    /// Publishes the facts, until the value returned is dropped. Without success nothing but this comfort is lost.
    pub fn publish(&self) -> Option<Published> {
        let facts = serde_json::to_vec(self).ok()?;
        let beside = self.socket.with_file_name(BESIDE);
        let path = well_known();
        for path in [&beside, &path] {
            let _ = fs::remove_file(path);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).ok()?;
            file.write_all(&facts).ok()?;
        }
        Some(Published(path, beside))
    }
}

/// In the person's run-time folder, else among temporary files under the person's number.
fn well_known() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR").filter(|d| !d.is_empty()) {
        Some(dir) => PathBuf::from(dir).join("paillasse-demo.json"),
        None => {
            std::env::temp_dir().join(format!("paillasse-demo-{}.json", rustix::process::getuid().as_raw()))
        }
    }
}

/// Reads facts that this very person wrote: temporary files are open to everybody.
fn read(path: &Path) -> Option<DemoState> {
    let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(path).ok()?;
    if file.metadata().ok()?.uid() != rustix::process::getuid().as_raw() {
        return None;
    }
    let mut text = String::new();
    Read::by_ref(&mut file).take(64 * 1024).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// Address of the MLLP listener, from the file that the daemon writes beside its socket.
pub fn mllp(socket: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Actual {
        mllp: Option<String>,
    }
    let file = File::open(socket.with_file_name("paillasse.state.json")).ok()?;
    serde_json::from_reader::<_, Actual>(file).ok()?.mllp
}
