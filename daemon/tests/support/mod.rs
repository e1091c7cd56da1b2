//! A house for tests: the simulators and the daemon in this process, over the real socket, with a clock of one's own.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // each test binary uses a part of it

pub mod flows;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use jiff::Timestamp;
use paillasse_daemon::config::Config;
use paillasse_daemon::env::Env;
use paillasse_shared::protocol::error::WireError;
use paillasse_shared::protocol::frame::{RpcMessage, RpcRequest};
use paillasse_shared::protocol::methods::Method;
use paillasse_sim::{Sim, SimConfig};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// One line of the people that a simulated INSi knows.
pub fn person(
    name: &str,
    given: &[&str],
    sex: &str,
    born: &str,
    place: &str,
    number: &str,
    oid: &str,
) -> String {
    let key = format!("{:02}", paillasse_shared::domain::identity::matricule::key_of(number));
    serde_json::json!({
        "birth_name": name, "given_names": given, "sex": sex, "birth_date": born, "birth_place": place,
        "matricule": number, "key": key, "oid": oid,
    })
    .to_string()
}

/// Test authority of a NIR.
pub const TEST_NIR: &str = "1.2.250.1.213.1.4.10";
/// Authority of a waiting number.
pub const NIA: &str = "1.2.250.1.213.1.4.9";

pub struct House {
    pub dir: tempfile::TempDir,
    pub sim: Sim,
    clock: Arc<AtomicI64>,
    stop: watch::Sender<bool>,
    daemon: Option<JoinHandle<()>>,
    insi: fn(&Sim) -> String,
    wire: Option<Wire>,
    /// Further lines of the configuration.
    extra: String,
}

struct Wire {
    write: OwnedWriteHalf,
    lines: Lines<BufReader<OwnedReadHalf>>,
    next: u64,
}

async fn simulator(dir: &Path, people: &[String]) -> Sim {
    std::fs::create_dir_all(dir).unwrap();
    let file = dir.join("people.jsonl");
    std::fs::write(&file, people.join("\n")).unwrap();
    let mut config = SimConfig::new(dir.join("sim"));
    config.people = Some(file);
    config.idams = vec!["TEST000001".to_owned()];
    config.mail.domains.push("demo.mssante.fr".to_owned());
    Sim::start(config).await.unwrap()
}

fn configuration(sim: &Sim) -> String {
    let i = &sim.info;
    let c = &i.certs;
    let uid = rustix::process::getuid().as_raw();
    format!(
        r#"
[daemon]
database = "p.db"
socket = "p.sock"
training = true
[laboratory]
name = "LBM du Port"
site = "Quai 2"
finess = "0B0152872"
phone = "0472000000"
address = "2 quai du Port"
postal_code = "69002"
city = "LYON"
oid_root = "1.2.250.1.999.1"
[[users]]
login = "essai"
name = "N. Martin"
uid = {uid}
profiles = ["accueil", "technicien", "biologiste", "identitovigilance", "administrateur"]
rpps = "10000000001"
family = "MARTIN"
given = "Nadia"
[insi]
url = "{}"
roots = "{}"
manu = "{}"
auto = "{}"
idam = "TEST000001"
accepted_oids = ["1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9", "1.2.250.1.213.1.4.10"]
[dmp]
url = "{}"
roots = "{}"
auth = "{}"
sign = "{}"
homologation = "TEST-0001"
[mllp]
listen = "127.0.0.1:0"
[outbox]
backoff_seconds = [1]
rate = 200
"#,
        i.insi,
        c.ca.display(),
        c.insi_manu.display(),
        c.insi_auto.display(),
        i.dmp,
        c.ca.display(),
        c.dmp_auth.display(),
        c.dmp_sign.display(),
    )
}

/// Line of the configuration that takes the pace of the queue of a laboratory: twenty calls a second, four at once.
pub const SLOW_PACE: &str = "# twenty a second\n";
/// Line of the configuration that stands for the simulated operator of MSSanté.
pub const MSS: &str = "# MSS\n";

fn mss_section(sim: &Sim) -> String {
    let i = &sim.info;
    format!(
        r#"
[mss]
host = "{}"
port = {}
roots = "{}"
identity = "{}"
address = "lbm.essais@demo.mssante.fr"
label = "LBM des Essais"
reply_to = "secretariat.essais@demo.mssante.fr"
nil = "TESTS-NIL-0001"
"#,
        i.smtp.host,
        i.smtp.port,
        i.certs.ca.display(),
        i.certs.mss_app.display(),
    )
}

impl House {
    /// Simulators that know `people`, a daemon, a connection that gets events.
    pub async fn open(people: &[String], now: &str) -> Self {
        Self::open_whole(people, now, "", |_| String::new()).await
    }

    /// The same with further lines of configuration: sections, persons.
    pub async fn open_with(people: &[String], now: &str, extra: &str) -> Self {
        Self::open_whole(people, now, extra, |_| String::new()).await
    }

    /// The same, with more lines for `[insi]`.
    pub async fn open_with_insi(people: &[String], now: &str, insi: fn(&Sim) -> String) -> Self {
        Self::open_whole(people, now, "", insi).await
    }

    async fn open_whole(people: &[String], now: &str, extra: &str, insi: fn(&Sim) -> String) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let dir = tempfile::tempdir().unwrap();
        let sim = simulator(&dir.path().join("first"), people).await;
        let now: Timestamp = now.parse().unwrap();
        let mut house = Self {
            dir,
            sim,
            clock: Arc::new(AtomicI64::new(now.as_millisecond())),
            stop: watch::channel(false).0,
            daemon: None,
            insi,
            wire: None,
            extra: extra.replace("UID", &rustix::process::getuid().as_raw().to_string()),
        };
        house.start().await;
        house
    }

    /// The same laboratory after a restart, in a world where INSi knows other people.
    pub async fn reopen(mut self, people: &[String], name: &str) -> Self {
        self.close().await;
        self.sim = simulator(&self.dir.path().join(name), people).await;
        self.start().await;
        self
    }

    /// The same laboratory after a restart with other lines of configuration.
    pub async fn reconfigure(&mut self, extra: &str) {
        self.close().await;
        self.extra = extra.replace("UID", &rustix::process::getuid().as_raw().to_string());
        self.start().await;
    }

    /// Whom the connection acts for from now on.
    pub async fn acts_for(&mut self, login: &str) {
        let hello = paillasse_shared::protocol::session::HelloParams {
            login: Some(login.to_owned()),
            ..Default::default()
        };
        self.call::<paillasse_shared::protocol::methods::SessionHello>(hello).await;
    }

    async fn start(&mut self) {
        let path = self.dir.path().join("paillassed.toml");
        let text = configuration(&self.sim).replace("[dmp]", &format!("{}\n[dmp]", (self.insi)(&self.sim)));
        let pace = if self.extra.contains(SLOW_PACE) { "rate = 20" } else { "rate = 200" };
        let text = text.replace("rate = 200", pace);
        let extra = self.extra.replace(MSS, &mss_section(&self.sim));
        std::fs::write(&path, text + &extra).unwrap();
        let config = Config::read(&path).unwrap();
        let clock = self.clock.clone();
        // A clock that goes on from the instant chosen, so that delays end.
        let base = std::time::Instant::now();
        let counter = AtomicU64::new(1);
        let env = Env::with(
            jiff::tz::TimeZone::get("Europe/Paris").unwrap(),
            move || {
                let passed = i64::try_from(base.elapsed().as_millis()).unwrap();
                Timestamp::from_millisecond(clock.load(Ordering::SeqCst) + passed).unwrap()
            },
            move || {
                counter.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst).wrapping_mul(0xBF58_476D_1CE4_E5B9)
            },
        );
        let (stop, stopped) = watch::channel(false);
        self.stop = stop;
        let (failed, mut failure) = tokio::sync::oneshot::channel();
        self.daemon = Some(tokio::spawn(async move {
            if let Err(e) = paillasse_daemon::run_in(config, env, stopped).await {
                let _ = failed.send(e.to_string());
            }
        }));
        let socket = self.dir.path().join("p.sock");
        let stream = loop {
            match UnixStream::connect(&socket).await {
                Ok(s) => break s,
                Err(_) => {
                    if let Ok(why) = failure.try_recv() {
                        panic!("{why}");
                    }
                    tokio::task::yield_now().await;
                }
            }
        };
        let (read, write) = stream.into_split();
        self.wire = Some(Wire { write, lines: BufReader::new(read).lines(), next: 1 });
    }

    async fn close(&mut self) {
        self.wire = None;
        let _ = self.stop.send(true);
        if let Some(daemon) = self.daemon.take() {
            daemon.await.unwrap();
        }
    }

    /// Where analysers send.
    pub fn mllp(&self) -> std::net::SocketAddr {
        let state = std::fs::read_to_string(self.dir.path().join("p.state.json")).unwrap();
        let state: serde_json::Value = serde_json::from_str(&state).unwrap();
        state["mllp"].as_str().unwrap().parse().unwrap()
    }

    /// Lets the time go by.
    pub fn later(&self, span: jiff::Span) {
        let now = Timestamp::from_millisecond(self.clock.load(Ordering::SeqCst)).unwrap();
        let then = now.to_zoned(jiff::tz::TimeZone::UTC).checked_add(span).unwrap().timestamp();
        self.clock.store(then.as_millisecond(), Ordering::SeqCst);
    }

    pub async fn try_call<M: Method>(&mut self, params: &M::Params) -> Result<M::Result, WireError> {
        let wire = self.wire.as_mut().unwrap();
        wire.next += 1;
        let id = wire.next;
        let mut line = serde_json::to_vec(&RpcRequest::call::<M>(id, params, Some(60_000))).unwrap();
        line.push(b'\n');
        wire.write.write_all(&line).await.unwrap();
        loop {
            let line = wire.lines.next_line().await.unwrap().expect("the daemon closed the connection");
            match serde_json::from_str(&line).unwrap() {
                RpcMessage::Answer { id: i, result, .. } if i == id => {
                    return Ok(serde_json::from_value(result).unwrap());
                }
                RpcMessage::Failure { id: Some(i), error, .. } if i == id => return Err(error.data),
                _ => {}
            }
        }
    }

    pub async fn call<M: Method>(&mut self, params: M::Params) -> M::Result {
        match self.try_call::<M>(&params).await {
            Ok(r) => r,
            Err(e) => panic!("{}: {} ({:?})", M::NAME, e.cause, e.hint),
        }
    }

    /// Commands the simulators: an outage, or its end.
    pub fn sim_obeys(&self, command: &serde_json::Value) {
        use std::io::{BufRead as _, Write as _};
        let mut stream = std::os::unix::net::UnixStream::connect(&self.sim.info.control).unwrap();
        stream.write_all(format!("{command}\n").as_bytes()).unwrap();
        let mut line = String::new();
        std::io::BufReader::new(stream).read_line(&mut line).unwrap();
        assert!(line.contains("\"ok\":true"), "{line}");
    }

    /// Ranks, among `names`, of the people whom INSi was asked about, in the order of its answers.
    pub fn insi_order(&self, names: &[String]) -> Vec<usize> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(self.sim.info.received.join("insi"))
            .unwrap()
            .map(|f| f.unwrap().path())
            .filter(|p| p.to_string_lossy().contains("request"))
            .collect();
        files.sort();
        let rank = |f: &PathBuf| {
            let text = std::fs::read_to_string(f).unwrap();
            names.iter().position(|n| text.contains(&format!(">{n}<")))
        };
        files.iter().filter_map(rank).collect()
    }

    /// What the simulators kept, in order.
    pub fn journal(&self) -> Vec<serde_json::Value> {
        let file: PathBuf = self.sim.info.received.join("journal.jsonl");
        std::fs::read_to_string(file)
            .unwrap_or_default()
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect()
    }
}
