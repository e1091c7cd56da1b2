//! Simulators of the national services a laboratory talks to: INSi, DMP, MSSanté operator.
//!
//! Written from the published contracts alone (`spec/ins.md`, `spec/dmp.md`, `spec/mssante.md`,
//! `spec/xdm-mssante-archive.md` and their reference files), never from the product's code, so that
//! one does not confirm the other's mistakes, and as strict as the real services: what the contracts
//! refuse is refused here, with the element named.
//!
//! Invariants: everything received is on disk before it is answered; TLS is always verified, by a
//! test authority made at start; nothing listens outside loopback.
//!
//! Deliberately not here: IMAP, Pro Santé Connect, the annuaire, TD0.x, INSi verification (no public
//! contract).

pub mod c14n;
pub mod ca;
pub mod cert;
pub mod control;
pub mod dmp;
pub mod dsig;
pub mod http;
pub mod insi;
pub mod journal;
pub mod mime;
pub mod outage;
pub mod people;
pub mod smtp;
pub mod soap;
pub mod tls;
pub mod xml;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use ca::{CertPaths, Pki, PkiError};
use control::Controls;
use dmp::{Dmp, ReplyForm};
use insi::Insi;
use journal::{Clock, Journal};
use outage::Outages;
use people::{Base, PeopleError};
use smtp::Operator;
use tls::{Profile, TlsError};

/// Settings of the simulators.
#[derive(Debug, Clone)]
pub struct SimConfig {
    /// Throw-away folder: `certs/`, `received/`, `control.sock`.
    pub dir: PathBuf,
    /// Synthetic people (JSON lines), besides the public identities.
    pub people: Option<PathBuf>,
    /// Port of INSi, 0 for an ephemeral one.
    pub insi_port: u16,
    /// Port of the DMP, 0 for an ephemeral one.
    pub dmp_port: u16,
    /// Port of the operator, 0 for an ephemeral one.
    pub smtp_port: u16,
    /// Software authorisation numbers INSi knows.
    pub idams: Vec<String>,
    /// Form of the DMP answers.
    pub dmp_reply: ReplyForm,
    /// Settings of the operator.
    pub mail: smtp::Settings,
    /// The clock.
    pub clock: Clock,
    /// An authority made before, to spare its cost to a series of tests.
    pub pki: Option<Arc<Pki>>,
}

impl SimConfig {
    /// Defaults: ephemeral ports, public identities only, `NumAutorisation` known, plain answers.
    pub fn new(dir: impl Into<PathBuf>) -> SimConfig {
        SimConfig {
            dir: dir.into(),
            people: None,
            insi_port: 0,
            dmp_port: 0,
            smtp_port: 0,
            idams: vec!["NumAutorisation".into()],
            dmp_reply: ReplyForm::Plain,
            mail: smtp::Settings::default(),
            clock: Timestamp::now,
            pki: None,
        }
    }
}

/// Host and port of the operator.
#[derive(Debug, Clone, Serialize)]
pub struct SmtpInfo {
    /// `localhost`, the name of the certificate.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// Where everything is; printed as one JSON line at start.
#[derive(Debug, Clone, Serialize)]
pub struct Info {
    /// Address of INSi.
    pub insi: String,
    /// Address of INSi for callers who hold a CPx card.
    pub insi_cpx: String,
    /// Base address of the DMP services.
    pub dmp: String,
    /// The operator.
    pub smtp: SmtpInfo,
    /// Control socket.
    pub control: PathBuf,
    /// Folder of received exchanges.
    pub received: PathBuf,
    /// PEM files.
    pub certs: CertPaths,
}

/// Why the simulators did not start.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The test authority.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// The people file.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// TLS settings.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A folder, a socket or a port.
    #[error("{0} : {1}")]
    Io(String, std::io::Error),
}

/// The running simulators.
pub struct Sim {
    /// Where everything is.
    pub info: Info,
    controls: Arc<Controls>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

async fn listen(port: u16, what: &str) -> Result<(TcpListener, u16), SimError> {
    let io = |e| SimError::Io(format!("port {port} de {what}"), e);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(io)?;
    let port = listener.local_addr().map_err(io)?.port();
    Ok((listener, port))
}

fn private_folder(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

impl Sim {
    /// Starts the three services and the control socket on the current runtime.
    ///
    /// # Errors
    /// [`SimError`]; nothing is left listening.
    pub async fn start(config: SimConfig) -> Result<Sim, SimError> {
        let io = |what: &str| {
            let what = what.to_owned();
            move |e| SimError::Io(what, e)
        };
        private_folder(&config.dir).map_err(io("dossier"))?;
        let dir = config.dir.canonicalize().map_err(io("dossier"))?;
        let people = Arc::new(Base::load(config.people.as_deref())?);
        let certs_dir = dir.join("certs");
        let pki = match config.pki {
            Some(pki) => pki,
            None => Arc::new(Pki::load_or_generate(&certs_dir, (config.clock)())?),
        };
        let certs = pki.write(&certs_dir)?;
        let received = dir.join("received");
        let journal = Arc::new(Journal::open(&received, config.clock).map_err(io("received"))?);
        let outages = Arc::new(Outages::default());

        let (insi_listener, insi_port) = listen(config.insi_port, "INSi").await?;
        let (cpx_listener, cpx_port) = listen(0, "INSi par carte CPx").await?;
        let (dmp_listener, dmp_port) = listen(config.dmp_port, "DMP").await?;
        let (smtp_listener, smtp_port) = listen(config.smtp_port, "MSSanté").await?;
        let control = dir.join("control.sock");
        if control.exists() {
            std::fs::remove_file(&control).map_err(io("control.sock"))?;
        }
        let control_listener = UnixListener::bind(&control).map_err(io("control.sock"))?;

        let insi = Insi { people, journal: Arc::clone(&journal), idams: config.idams, ca: pki.ca.to_vec() };
        let insi = Arc::new(insi);
        let dmp = Dmp::open(Arc::clone(&journal), pki.ca.to_vec(), config.dmp_reply);
        let dmp = Arc::new(dmp.map_err(io("registre du DMP"))?);
        let mss = tls::faces(&pki, Profile::Mss)?;
        let operator = Operator::new(config.mail, Arc::clone(&journal), Arc::clone(&outages), mss);
        let operator = Arc::new(operator);
        let controls = Arc::new(Controls {
            outages: Arc::clone(&outages),
            journal,
            dmp: Arc::clone(&dmp),
            operator: Arc::clone(&operator),
        });
        let (insi_faces, dmp_faces) = (tls::faces(&pki, Profile::Insi)?, tls::faces(&pki, Profile::Dmp)?);

        let cpx_faces = tls::faces(&pki, Profile::InsiCard)?;

        let (stop, stopped) = watch::channel(false);
        let tasks = vec![
            tokio::spawn(http::serve(
                insi_listener,
                insi_faces,
                Arc::clone(&insi) as _,
                Arc::clone(&outages),
                stopped.clone(),
            )),
            tokio::spawn(http::serve(cpx_listener, cpx_faces, insi, Arc::clone(&outages), stopped.clone())),
            tokio::spawn(http::serve(dmp_listener, dmp_faces, dmp, outages, stopped.clone())),
            tokio::spawn(smtp::serve(smtp_listener, operator, stopped.clone())),
            tokio::spawn(control::serve(control_listener, Arc::clone(&controls), stopped)),
        ];
        let info = Info {
            insi: format!("https://localhost:{insi_port}{}", insi::PATH),
            insi_cpx: format!("https://localhost:{cpx_port}{}", insi::PATH),
            dmp: format!("https://localhost:{dmp_port}{}", dmp::PATH),
            smtp: SmtpInfo { host: "localhost".into(), port: smtp_port },
            control,
            received,
            certs,
        };
        Ok(Sim { info, controls, stop, tasks })
    }

    /// The same commands as on the control socket, see [`control`].
    pub fn control(&self, command: &serde_json::Value) -> serde_json::Value {
        self.controls.obey(&command.to_string())
    }

    /// Stops listening, closes the connections and removes the control socket.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
        let _ = std::fs::remove_file(&self.info.control);
    }
}
