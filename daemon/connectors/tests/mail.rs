//! Sending against the simulated MSSanté operator, which judges every mail by the published rules.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)] // helpers of tests

use jiff::civil::date;
use paillasse_connectors::mail::{
    Attachment, MailAddress, MailDeadlines, MailDraft, PermanentCause, SecurityCause, SmtpAuth, SmtpClient,
    SmtpEndpoint, SmtpError, SmtpErrorKind, SmtpReceipt, SmtpStep, XdmAttachment, compose, xdm_subject,
};
use paillasse_connectors::tls::TlsMaterial;
use paillasse_sim::ca::Pki;
use paillasse_sim::journal::Journal;
use paillasse_sim::outage::{Kind, Outage, Outages, Service};
use paillasse_sim::smtp::{Operator, Settings, serve};
use paillasse_sim::tls::{Profile, faces};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use zeroize::Zeroizing;

const BOX: &str = "resultats@lbm-des-charmes.mssante.example";
const ANNE: &str = "anne.presc@medecin.mssante.example";
const HUMAN: &str = "secretariat@lbm-des-charmes.mssante.example";

fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| Pki::generate(jiff::Timestamp::now()).unwrap())
}

struct Bench {
    port: u16,
    outages: Arc<Outages>,
    folder: tempfile::TempDir,
    _stop: watch::Sender<bool>,
}

impl Bench {
    async fn start(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = Arc::new(Journal::open(folder.path(), jiff::Timestamp::now).unwrap());
        let outages = Arc::new(Outages::default());
        let faces = faces(pki(), Profile::Mss).unwrap();
        let operator = Arc::new(Operator::new(settings, journal, Arc::clone(&outages), faces));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopping) = watch::channel(false);
        tokio::spawn(serve(listener, operator, stopping));
        Self { port, outages, folder, _stop: stop }
    }

    fn client(&self, mailbox: &str) -> SmtpClient {
        let identity = Some(pki().mss_app.pem.clone().into_bytes());
        let endpoint = SmtpEndpoint {
            host: "localhost".into(),
            port: self.port,
            hello: "lbm-des-charmes.mssante.example".into(),
            size_limit: None,
        };
        let auth = SmtpAuth::Plain { mailbox: mailbox.into(), password: Zeroizing::new(String::new()) };
        SmtpClient::new(endpoint, &TlsMaterial::new(pki().ca_pem.clone().into_bytes(), identity), auth)
            .unwrap()
    }

    async fn send(&self, draft: &MailDraft) -> Result<SmtpReceipt, SmtpError> {
        let to: Vec<&str> = draft.to.iter().map(|to| to.address.as_str()).collect();
        self.client(BOX).send(&compose(draft).unwrap(), BOX, &to, &MailDeadlines::default()).await
    }

    fn outage(&self, kind: Kind, busy: bool) {
        let outage = Outage { kind, delay: Duration::from_secs(60), busy, until: None };
        self.outages.start(Service::Mss, outage);
    }

    /// Files the operator kept, by extension.
    fn kept(&self, extension: &str) -> Vec<Vec<u8>> {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(self.folder.path().join(Service::Mss.folder()))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|ext| ext == extension))
            .collect();
        paths.sort();
        paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
    }
}

fn message(to: &str) -> MailDraft {
    MailDraft {
        message_id: "<0c7d-1@lbm-des-charmes.mssante.example>".into(),
        date: "2026-05-18T07:30:00Z".parse().unwrap(),
        from: MailAddress {
            label: Some("Laboratoire des Charmes – résultats".into()), address: BOX.into()
        },
        to: vec![MailAddress::bare(to)],
        reply_to: Some(MailAddress::bare(HUMAN)),
        subject: "Votre rendez-vous".into(),
        body: format!(
            "Bonjour,\n\nle prélèvement est prévu à 8 h.\n\nMessage automatique, réponses lues à l'adresse {HUMAN}\n"
        ),
        nil: "0000-PAILLASSE-1".into(),
        close_exchange: false,
        ask_read_receipt: true,
        ask_delivery_receipt: true,
        in_reply_to: None,
        references: vec![],
        xdm: None,
        attachments: vec![],
    }
}

/// A mail with the archive published beside the contract; absent on a machine that has only the repository.
fn report(to: &str) -> Option<MailDraft> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/xds/derived_xdm/IHE_XDM.zip");
    let Ok(zip) = std::fs::read(path) else {
        println!("skipped: the reference archive is not beside this checkout");
        return None;
    };
    Some(MailDraft {
        subject: xdm_subject("CR d'examens biologiques", "PAT-TROIS", "DOMINIQUE", Some(date(1979, 3, 28))),
        xdm: Some(XdmAttachment { zip, cda_codes: vec!["11502-2".into()], qualified_ins: true }),
        attachments: vec![Attachment {
            name: "20210604_CR d'examens biologiques_PAT-TROIS_DOMINIQUE_0001.pdf".into(),
            media_type: "application/pdf".into(),
            bytes: b"%PDF-1.4\n%essai\n".to_vec(),
        }],
        ..message(to)
    })
}

#[tokio::test]
async fn mss_05_10_11_a_report_satisfies_every_rule_of_the_operator() {
    let bench = Bench::start(Settings::default()).await;
    let Some(draft) = report(ANNE) else { return };
    let receipt = bench.send(&draft).await.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!((receipt.reply.code, receipt.dsn), (250, true));
    assert_eq!(bench.kept("eml"), [compose(&draft).unwrap().bytes]);
    let note = String::from_utf8(bench.kept("json").remove(0)).unwrap();
    assert!(note.contains("\"errors\": []") && note.contains("\"warnings\": []"), "{note}");
    assert!(note.contains("NOTIFY=SUCCESS,FAILURE,DELAY") && note.contains("RET=HDRS"), "{note}");
}

#[tokio::test]
async fn mss_12_a_closed_exchange_with_a_patient_is_accepted() {
    let bench = Bench::start(Settings::default()).await;
    let Some(draft) = report("279035121518989@patient.mssante.fr") else { return };
    let receipt = bench.send(&MailDraft { close_exchange: true, ..draft }).await;
    assert!(receipt.is_ok(), "{receipt:?}");
}

#[tokio::test]
async fn mss_41_a_message_without_document_is_accepted() {
    let bench = Bench::start(Settings::default()).await;
    let reply = MailDraft {
        in_reply_to: Some("<1@medecin.mssante.example>".into()),
        references: vec!["<0@medecin.mssante.example>".into(), "<1@medecin.mssante.example>".into()],
        ..message(ANNE)
    };
    let receipt = bench.send(&reply).await;
    assert!(receipt.is_ok(), "{receipt:?}");
}

#[tokio::test]
async fn mss_29_refusals_of_the_operator_are_classified() {
    let bench = Bench::start(Settings::default()).await;
    let kind = |step: SmtpStep, error: SmtpError| {
        assert_eq!(error.step, step, "{error:?}");
        assert!(error.reply.is_some());
        error.kind
    };
    let unknown = bench.send(&message("boite.inconnue@medecin.mssante.example")).await.unwrap_err();
    let expected = SmtpErrorKind::Permanent(PermanentCause::UnknownMailbox);
    assert_eq!(kind(SmtpStep::Recipient, unknown), expected);
    let outside = bench.send(&message("anne@ailleurs.example")).await.unwrap_err();
    assert_eq!(kind(SmtpStep::Recipient, outside), SmtpErrorKind::Permanent(PermanentCause::Refused));
    let rules = bench.send(&MailDraft { reply_to: None, ..message(ANNE) }).await.unwrap_err();
    assert!(rules.reply.as_ref().unwrap().text.contains("ECO.2.2.5"), "{rules:?}");
    assert_eq!(kind(SmtpStep::Final, rules), SmtpErrorKind::Permanent(PermanentCause::Refused));
    let stranger = bench.client("a@ailleurs.example");
    let error = stranger.probe(&MailDeadlines::default()).await.unwrap_err();
    assert_eq!(kind(SmtpStep::Auth, error), SmtpErrorKind::Authentication);

    let small = Bench::start(Settings { max_size: 200, ..Settings::default() }).await;
    let error = small.send(&message(ANNE)).await.unwrap_err();
    assert_eq!(
        (error.step, error.kind),
        (SmtpStep::Prepare, SmtpErrorKind::Permanent(PermanentCause::TooLarge))
    );
}

#[tokio::test]
async fn mss_24_outages_never_lie_about_what_was_delivered() {
    let bench = Bench::start(Settings::default()).await;
    bench.outage(Kind::Cut, false);
    let error = bench.send(&message(ANNE)).await.unwrap_err();
    assert_eq!((error.step, error.kind), (SmtpStep::Final, SmtpErrorKind::UnknownOutcome));
    assert_eq!(bench.kept("eml").len(), 1, "the operator did take it");

    bench.outage(Kind::Slow, false);
    let deadlines = MailDeadlines { acceptance: Duration::from_millis(200), ..MailDeadlines::default() };
    let mail = compose(&message(ANNE)).unwrap();
    let error = bench.client(BOX).send(&mail, BOX, &[ANNE], &deadlines).await.unwrap_err();
    assert_eq!((error.step, error.kind), (SmtpStep::Final, SmtpErrorKind::UnknownOutcome));

    for busy in [false, true] {
        bench.outage(Kind::Refuse, busy);
        let error = bench.send(&message(ANNE)).await.unwrap_err();
        assert_eq!((error.step, error.kind), (SmtpStep::Greeting, SmtpErrorKind::Temporary), "busy {busy}");
    }
    bench.outage(Kind::Expired, false);
    let error = bench.send(&message(ANNE)).await.unwrap_err();
    assert!(matches!(error.kind, SmtpErrorKind::Security(SecurityCause::PeerCertificate(_))), "{error:?}");

    bench.outages.clear(Service::Mss);
    assert!(bench.send(&message(ANNE)).await.is_ok());
    // Both unknown outcomes had arrived: the same Message-ID is what lets the receiver know.
    let notes = bench.kept("json");
    let duplicates =
        notes.iter().filter(|note| String::from_utf8_lossy(note).contains("\"duplicate\"")).count();
    assert_eq!((notes.len(), duplicates), (3, 2));
}
