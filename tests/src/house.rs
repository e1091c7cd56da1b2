//! A laboratory in a throw-away folder: simulators, daemon, configuration.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::bins::{bins, repository};
use crate::client::Client;
use crate::process::{Child, Run, run};
use crate::received::Received;
use crate::{Failure, PATIENCE};

/// What a test may want otherwise.
#[derive(Debug, Clone)]
pub struct Options {
    /// Seconds given to INSi, to the DMP, to the operator.
    pub answer_seconds: [u64; 3],
    /// Delays before trials 2, 3, …, in seconds.
    pub backoff: Vec<u64>,
    /// Orders of one service on the wire at once.
    pub concurrency: u32,
    /// Folder of the database, when not that of the house.
    pub database_dir: Option<PathBuf>,
    /// What the daemon is started through, before its own name.
    pub wrapper: Vec<String>,
    /// Account that the person of the configuration has.
    pub uid: u32,
    /// People that INSi knows, one JSON line each, instead of those of the demonstration.
    pub people: Option<Vec<String>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            answer_seconds: [40, 60, 60],
            backoff: vec![1, 1, 2],
            concurrency: 4,
            database_dir: None,
            wrapper: vec![],
            uid: rustix::process::getuid().as_raw(),
            people: None,
        }
    }
}

/// The running laboratory.
pub struct House {
    /// The daemon, when it runs.
    pub daemon: Option<Child>,
    sim: Child,
    facts: Value,
    options: Options,
    socket: PathBuf,
    // Dropped last.
    dir: tempfile::TempDir,
}

impl House {
    /// Simulators and daemon, as usual.
    #[must_use]
    pub fn open() -> Self {
        Self::with(Options::default())
    }

    /// Simulators and daemon.
    ///
    /// # Panics
    /// They do not start.
    #[must_use]
    pub fn with(options: Options) -> Self {
        let mut house = Self::without_daemon(options);
        house.start();
        house
    }

    /// Simulators and configuration; the daemon is not started.
    ///
    /// # Panics
    /// The simulators do not start.
    #[must_use]
    pub fn without_daemon(options: Options) -> Self {
        let dir = tempfile::Builder::new().prefix("paillasse-tests-").tempdir().expect("a throw-away folder");
        // Another account must be able to reach the socket, to be refused by name.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("own folder");
        let people = match &options.people {
            Some(lines) => {
                let path = dir.path().join("people.jsonl");
                fs::write(&path, lines.join("\n")).expect("the people are written");
                path
            }
            None => repository().join("data/demo/insi-people.jsonl"),
        };
        let mut sim = Child::start(
            "paillasse-sim",
            Command::new(&bins().sim)
                .stdin(Stdio::piped())
                .arg("--until-stdin-closes")
                .arg("--dir")
                .arg(dir.path().join("sim"))
                .arg("--people")
                .arg(people)
                .args(["--idam", "TESTS00001"]),
        );
        let line = sim.line(|l| l.starts_with('{')).unwrap_or_else(|| panic!("{}", sim.words()));
        let facts = serde_json::from_str(&line).expect("the first line of the simulators is JSON");
        let socket = dir.path().join("p.sock");
        let house = Self { daemon: None, sim, facts, options, socket, dir };
        fs::write(house.config(), house.config_text()).expect("the configuration is written");
        house
    }

    /// `paillasse demo --headless`: its own simulators and daemon, its own configuration, seeded. It is started and ended
    /// as one; [`House::start`] and the like are not for it.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    pub fn demonstration() -> Self {
        let dir = tempfile::Builder::new().prefix("paillasse-tests-").tempdir().expect("a throw-away folder");
        let mut command = Command::new(&bins().cli);
        command.args(["demo", "--headless"]).stdin(Stdio::null());
        // So that another demonstration of this machine is neither seen nor disturbed.
        command.env("TMPDIR", dir.path()).env("XDG_RUNTIME_DIR", dir.path());
        let mut demo = Child::start("paillasse demo", &mut command);
        let line = demo.line(|l| l.starts_with('{')).unwrap_or_else(|| panic!("{}", demo.words()));
        let facts: Value = serde_json::from_str(&line).expect("the line of the demonstration is JSON");
        let socket = PathBuf::from(facts["socket"].as_str().expect("a socket"));
        Self { daemon: None, sim: demo, facts, options: Options::default(), socket, dir }
    }

    /// Folder of the house.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Configuration of the daemon.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.dir().join("paillassed.toml")
    }

    /// Socket of the daemon.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.socket.clone()
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        let dir = self.options.database_dir.clone().unwrap_or_else(|| self.dir().to_owned());
        dir.join("paillasse.db")
    }

    /// What the simulators received.
    #[must_use]
    pub fn received(&self) -> Received {
        Received::new(Path::new(self.facts["received"].as_str().expect("a folder")))
    }

    /// Starts the daemon and waits until it is ready; says how long that took.
    ///
    /// # Panics
    /// It does not start.
    pub fn start(&mut self) -> Duration {
        let begun = Instant::now();
        let mut daemon = self.spawn();
        assert!(daemon.line(|l| l.contains("ready")).is_some(), "not started:\n{}", daemon.words());
        let took = begun.elapsed();
        self.daemon = Some(daemon);
        took
    }

    /// Starts a daemon on this configuration and does not wait for it.
    #[must_use]
    pub fn spawn(&self) -> Child {
        let mut words = self.options.wrapper.clone();
        words.push(bins().daemon.to_string_lossy().into_owned());
        let (program, arguments) = words.split_first().expect("a program");
        Child::start("paillassed", Command::new(program).args(arguments).arg("--config").arg(self.config()))
    }

    /// Kills the daemon at once.
    pub fn kill(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill();
        }
    }

    /// Asks the daemon to stop, and waits for its end.
    ///
    /// # Panics
    /// It does not end in time.
    pub fn stop(&mut self) -> Option<std::process::ExitStatus> {
        let mut daemon = self.daemon.take()?;
        daemon.signal(Signal::TERM);
        Some(daemon.end())
    }

    /// A new connection.
    ///
    /// # Panics
    /// Nobody answers.
    #[must_use]
    #[track_caller]
    pub fn client(&self) -> Client {
        match Client::connect(&self.socket()) {
            Ok(client) => client,
            Err(Failure::Said(e)) => panic!("{e:?}"),
            Err(Failure::Gone(e)) => panic!("{e}\n{}", self.words()),
        }
    }

    /// The last words of the daemon.
    #[must_use]
    pub fn words(&self) -> String {
        self.daemon.as_ref().map(Child::words).unwrap_or_default()
    }

    /// Runs the command line on this laboratory.
    #[must_use]
    pub fn cli(&self, arguments: &[&str]) -> Run {
        run(Command::new(&bins().cli).arg("--socket").arg(self.socket()).args(arguments), b"")
    }

    /// Runs the command line with `--json` and reads the answer of a command that must succeed.
    ///
    /// # Panics
    /// It fails.
    #[must_use]
    #[track_caller]
    pub fn cli_json(&self, arguments: &[&str]) -> Value {
        let run = self.cli(&[&["--json"], arguments].concat());
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        run.json()
    }

    /// Address of the MLLP listener.
    ///
    /// # Panics
    /// The daemon does not say.
    #[must_use]
    pub fn mllp(&self) -> String {
        let text =
            fs::read_to_string(self.socket().with_extension("state.json")).expect("state of the daemon");
        let state: Value = serde_json::from_str(&text).expect("JSON");
        state["mllp"].as_str().expect("an MLLP listener").to_owned()
    }

    /// Commands the simulators.
    ///
    /// # Panics
    /// They say no.
    pub fn sim(&self, command: &Value) -> Value {
        let mut stream =
            UnixStream::connect(self.facts["control"].as_str().expect("a path")).expect("simulators");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.write_all(format!("{command}\n").as_bytes()).expect("simulators listen");
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).expect("simulators answer");
        let answer: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(answer["ok"], true, "{command}: {answer}");
        answer
    }

    /// Starts an outage, until cleared.
    pub fn outage(&self, service: &str, kind: &str) {
        self.sim(&json!({ "outage": { "service": service, "kind": kind, "delay_ms": 30_000 } }));
    }

    /// Ends an outage, or `all`.
    pub fn clear(&self, service: &str) {
        self.sim(&json!({ "clear": service }));
    }

    fn config_text(&self) -> String {
        let q = |text: &str| Value::from(text).to_string();
        let fact = |pointer: &str| q(self.facts.pointer(pointer).and_then(Value::as_str).unwrap_or_default());
        let path = |p: PathBuf| q(&p.to_string_lossy());
        let [insi, dmp, mss] = self.options.answer_seconds;
        format!(
            r#"# Everybody and everything named here is fictitious.
[daemon]
database = {database}
socket = {socket}
training = true

[laboratory]
name = "LBM des Essais"
site = "Site unique"
finess = "0B0152872"
phone = "0400000000"
address = "1 rue des Essais"
postal_code = "69003"
city = "LYON"
oid_root = "1.2.250.1.999.2"

[[users]]
login = "essai"
name = "A. Essai"
uid = {uid}
profiles = ["accueil", "technicien", "biologiste", "administrateur"]
rpps = "10000000001"
family = "ESSAI"
given = "Anne"

[insi]
url = {insi_url}
roots = {ca}
manu = {manu}
auto = {auto}
idam = "TESTS00001"
accepted_oids = ["1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9", "1.2.250.1.213.1.4.10"]
answer_seconds = {insi}

[dmp]
url = {dmp_url}
roots = {ca}
auth = {auth}
sign = {sign}
homologation = "TESTS-0001"
answer_seconds = {dmp}

[mss]
host = {host}
port = {port}
roots = {ca}
identity = {app}
address = "lbm.essais@labo.mssante.example"
label = "LBM des Essais"
reply_to = "secretariat.essais@labo.mssante.example"
nil = "TESTS-NIL-0001"
answer_seconds = {mss}

[mllp]
listen = "127.0.0.1:0"

[outbox]
backoff_seconds = {backoff:?}
lease_seconds = 120
concurrency = {concurrency}
rate = 100
"#,
            database = path(self.database()),
            socket = path(self.socket()),
            uid = self.options.uid,
            insi_url = fact("/insi"),
            ca = fact("/certs/ca"),
            manu = fact("/certs/insi_manu"),
            auto = fact("/certs/insi_auto"),
            dmp_url = fact("/dmp"),
            auth = fact("/certs/dmp_auth"),
            sign = fact("/certs/dmp_sign"),
            host = fact("/smtp/host"),
            port = self.facts["smtp"]["port"],
            app = fact("/certs/mss_app"),
            backoff = self.options.backoff,
            concurrency = self.options.concurrency,
        )
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("last words of paillassed:\n{}\nof paillasse-sim:\n{}", self.words(), self.sim.words());
        }
        self.kill();
    }
}
