//! The whole DMP path (report, documents, metadata, signature, client) against the simulator of the service, which
//! is written from the published contract and not from this code.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

#[path = "../../documents/tests/golden/mod.rs"]
mod golden;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use paillasse_connectors::dmp::*;
use paillasse_connectors::tls::TlsMaterial;
use paillasse_documents::lot_signature::{LotToSign, sign};
use paillasse_documents::xds::{
    AvailabilityStatus, Channel, Code, EntryContext, EntryUuid as Registered, Lot, Replacement, Rules,
    SetContext, Visibility, check, entry_from_report, patient_id, set_for_entry, signature_entry,
    status_update_request, submit_objects_request,
};
use paillasse_documents::{cda, pdf};
use paillasse_shared::domain::identity::InsOid;
use paillasse_shared::domain::report::Report;
use paillasse_sim::ca::{Pki, STRUCTURE};
use paillasse_sim::dmp::{Dmp, PATH, ReplyForm};
use paillasse_sim::http::serve;
use paillasse_sim::journal::Journal;
use paillasse_sim::outage::{Kind, Outage, Outages, Service};
use paillasse_sim::tls::{Profile, faces};
use paillasse_xml::{Digest, SigningIdentity};
use tokio::net::TcpListener;
use tokio::sync::watch;
use uuid::Uuid;

fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| Pki::generate(Timestamp::now()).unwrap())
}

struct Bench {
    port: u16,
    outages: Arc<Outages>,
    folder: tempfile::TempDir,
    _stop: watch::Sender<bool>,
}

impl Bench {
    async fn start(form: ReplyForm) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = Arc::new(Journal::open(folder.path(), Timestamp::now).unwrap());
        let dmp = Arc::new(Dmp::open(journal, pki().ca.to_vec(), form).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let outages = Arc::new(Outages::default());
        let (stop, stopping) = watch::channel(false);
        tokio::spawn(serve(
            listener,
            faces(pki(), Profile::Dmp).unwrap(),
            dmp,
            Arc::clone(&outages),
            stopping,
        ));
        Self { port, outages, folder, _stop: stop }
    }

    fn settings(&self) -> DmpSettings {
        let software = Software {
            id: Some("01.01.01.01".into()),
            name: "Paillasse".into(),
            version: "0.1".into(),
            homologation: "NumAutorisation".into(),
        };
        let automate = Actor::automate("899900000011", "Paillasse, envoi automatique");
        DmpSettings::new(
            &format!("https://localhost:{}{PATH}", self.port),
            VihfSettings::new(STRUCTURE, software, automate),
        )
    }

    fn client_with(&self, settings: DmpSettings) -> DmpClient {
        let tls = TlsMaterial::new(
            pki().ca_pem.clone().into_bytes(),
            Some(pki().dmp_auth.pem.clone().into_bytes()),
        );
        DmpClient::new(settings, &tls, identity()).unwrap()
    }

    fn client(&self) -> DmpClient {
        self.client_with(self.settings())
    }

    fn outage(&self, kind: Kind, busy: bool) {
        self.outages.start(Service::Dmp, Outage { kind, delay: Duration::from_secs(60), busy, until: None });
    }

    /// What the simulator said about its last exchange, for the messages of assertions.
    fn verdict(&self) -> String {
        let mut folders: Vec<_> =
            std::fs::read_dir(self.folder.path().join("dmp")).unwrap().flatten().map(|e| e.path()).collect();
        folders.retain(|p| p.is_dir());
        folders.sort();
        folders
            .last()
            .map_or_else(String::new, |p| std::fs::read_to_string(p.join("verdict.json")).unwrap_or_default())
    }
}

fn identity() -> SigningIdentity {
    SigningIdentity::from_pem(pki().dmp_sign.pem.as_bytes()).unwrap()
}

fn context() -> CallContext {
    CallContext { now: Timestamp::now(), message_id: Uuid::new_v4(), assertion_id: Uuid::new_v4() }
}

/// A report of the simulated structure with everything a lot needs, fixed once: a replay sends the same bytes.
struct Order {
    lot: Lot,
    cda: Vec<u8>,
    signature: Vec<u8>,
}

impl Order {
    fn new(report: Report, number: u32, visibility: Visibility, replaced: Option<&EntryUuid>) -> Self {
        Self::signed_with(report, number, visibility, replaced, Digest::Sha1)
    }

    fn signed_with(
        mut report: Report,
        number: u32,
        visibility: Visibility,
        replaced: Option<&EntryUuid>,
        digest: Digest,
    ) -> Self {
        report.laboratory.finess = STRUCTURE.strip_prefix('1').unwrap().into();
        let pdf = pdf::build(&report).unwrap();
        let cda = cda::build(&report, &pdf).unwrap();
        let document = entry_from_report(
            &report,
            &EntryContext { symbol: "Document01", uri: None, visibility, cda: &cda },
        )
        .unwrap();
        let set = set_for_entry(
            &document,
            SetContext {
                submission_time: Timestamp::now(),
                source_id: golden::LAB_ARC.into(),
                unique_id: format!("{}.4.{number}", golden::LAB_ARC),
                content_type: Code::content_type_biology(),
            },
        )
        .unwrap();
        let signature = sign(
            &LotToSign {
                signature_id: &format!("S-{number}"),
                signing_time: set.submission_time,
                set_unique_id: &set.unique_id,
                documents: vec![(&document.unique_id, &cda)],
                digest,
            },
            &identity(),
        )
        .unwrap();
        let entry = signature_entry(&set, &document, &format!("{}.5.{number}", golden::LAB_ARC), &signature);
        let replacements = replaced
            .map(|r| Replacement {
                document: "Document01".into(),
                replaced: Registered::parse(&r.0).unwrap(),
            })
            .into_iter()
            .collect();
        let lot = Lot { set, documents: vec![document], signature: Some(entry), replacements };
        let rules = Rules {
            channel: Channel::Dmp,
            authorities: &[InsOid::Nir, InsOid::Nia],
            structures: &[STRUCTURE.to_owned()],
            cda_patient: Some(&patient_id(&report)),
            allow_hidden_from_all: false,
        };
        assert_eq!(check(&lot, &[&cda, &signature], &rules), [], "sound before it leaves");
        Self { lot, cda, signature }
    }

    fn unique_id(&self) -> &str {
        &self.lot.documents[0].unique_id
    }

    fn patient(&self) -> String {
        self.lot.set.patient_id.cx()
    }

    async fn submit(&self, dmp: &DmpClient) -> Result<DmpReceipt, DmpError> {
        let request = Td21Request {
            patient_id: &self.patient(),
            submit_objects_request: &submit_objects_request(&self.lot),
            documents: vec![
                Td21Document { entry_id: "Document01", mime_type: "text/xml", bytes: &self.cda },
                Td21Document { entry_id: "Signature01", mime_type: "text/xml", bytes: &self.signature },
            ],
            actor: None,
            context: context(),
        };
        dmp.submit(&request).await
    }

    async fn find(&self, dmp: &DmpClient) -> Option<EntryUuid> {
        let patient_id = self.patient();
        let request = FindRequest {
            patient_id: &patient_id,
            unique_id: self.unique_id(),
            actor: None,
            context: context(),
        };
        dmp.find(&request).await.unwrap()
    }

    async fn delete(&self, dmp: &DmpClient, target: &EntryUuid, number: u32) -> Result<DmpReceipt, DmpError> {
        let mut set = self.lot.set.clone();
        set.submission_time = Timestamp::now();
        set.unique_id = format!("{}.4.{number}", golden::LAB_ARC);
        let target = Registered::parse(&target.0).unwrap();
        let body =
            status_update_request(&set, &target, AvailabilityStatus::Approved, AvailabilityStatus::Deleted);
        let patient_id = self.patient();
        let request = DeleteRequest {
            patient_id: &patient_id,
            status_update_request: &body,
            actor: None,
            context: context(),
        };
        dmp.delete(&request).await
    }
}

#[tokio::test]
async fn dmp_16_dmp_21_a_partial_report_is_fed_replaced_by_the_complete_one_and_deleted() {
    let bench = Bench::start(ReplyForm::Alternate).await;
    let dmp = bench.client();
    let partial = Order::new(golden::partial_report(), 1, Visibility::default(), None);
    assert_eq!(partial.find(&dmp).await, None);
    let receipt = partial.submit(&dmp).await.unwrap_or_else(|e| panic!("{e}: {}", bench.verdict()));
    assert_eq!(receipt.warnings, []);
    let first = partial.find(&dmp).await.unwrap();

    let complete = Order::new(golden::replacing_report(), 2, Visibility::default(), Some(&first));
    complete.submit(&dmp).await.unwrap_or_else(|e| panic!("{e}: {}", bench.verdict()));
    let second = complete.find(&dmp).await.unwrap();
    assert_ne!(first, second);

    complete.delete(&dmp, &second, 3).await.unwrap_or_else(|e| panic!("{e}: {}", bench.verdict()));
    assert_eq!(complete.find(&dmp).await, None, "a deleted document is not found");
}

#[tokio::test]
async fn dmp_13_every_golden_report_with_an_ins_is_taken_by_the_simulator() {
    let bench = Bench::start(ReplyForm::Multipart).await;
    let dmp = bench.client();
    let mut taken = 0;
    for (i, (name, report)) in golden::all().into_iter().enumerate() {
        // A test INS is for a test environment; a replacement needs its predecessor.
        let real = report.patient.ins.as_ref().is_some_and(|ins| !ins.oid.is_test());
        if !real || report.version > 1 {
            continue;
        }
        let order = Order::new(report, 100 + i as u32, Visibility::default(), None);
        order.submit(&dmp).await.unwrap_or_else(|e| panic!("{name}: {e}: {}", bench.verdict()));
        taken += 1;
    }
    assert!(taken > 8, "{taken} reports");
}

#[tokio::test]
async fn dmp_23_visibility_choices_and_both_algorithms_are_accepted() {
    let bench = Bench::start(ReplyForm::Plain).await;
    let dmp = bench.client();
    let hidden = Visibility { invisible_to_patient: true, ..Visibility::default() };
    let order = Order::signed_with(golden::serology_report(), 10, hidden, None, Digest::Sha256);
    order.submit(&dmp).await.unwrap_or_else(|e| panic!("{e}: {}", bench.verdict()));
    let masked = Visibility { masked_to_professionals: true, ..Visibility::default() };
    let mut settings = bench.settings();
    settings.vihf.digest = Digest::Sha1;
    let order = Order::new(golden::lipids_report(), 11, masked, None);
    order.submit(&bench.client_with(settings)).await.unwrap_or_else(|e| panic!("{e}: {}", bench.verdict()));
}

#[tokio::test]
async fn dmp_09_after_a_cut_the_document_is_found_and_a_replay_is_recognised() {
    let bench = Bench::start(ReplyForm::Plain).await;
    let dmp = bench.client();
    let order = Order::new(golden::lipids_report(), 20, Visibility::default(), None);
    bench.outage(Kind::Cut, false);
    let error = order.submit(&dmp).await.unwrap_err();
    assert!(error.unknown_outcome(), "{error:?}");
    bench.outages.clear(Service::Dmp);
    assert!(order.find(&dmp).await.is_some(), "it had arrived: delivered, nothing to send again");
    let replay = order.submit(&dmp).await.unwrap_err();
    assert_eq!(replay.class, ErrorClass::AlreadyThere, "{replay:?}");
    assert!(!replay.unknown_outcome());
}

#[tokio::test]
async fn dmp_08_each_outage_says_whether_something_may_have_left() {
    let bench = Bench::start(ReplyForm::Plain).await;
    let mut settings = bench.settings();
    settings.submit_timeout = Duration::from_millis(900);
    let order = Order::new(golden::inr_report(), 30, Visibility::default(), None);
    let cases = [
        (Kind::Refuse, true, ErrorClass::Retry, false),
        (Kind::Expired, false, ErrorClass::SuspendService, false),
        (Kind::Slow, false, ErrorClass::Retry, true),
    ];
    for (kind, busy, class, unknown) in cases {
        bench.outage(kind, busy);
        let error = order.submit(&bench.client_with(settings.clone())).await.unwrap_err();
        assert_eq!((error.class, error.unknown_outcome()), (class, unknown), "{kind:?}: {error:?}");
        bench.outages.clear(Service::Dmp);
    }
    assert!(order.find(&bench.client()).await.is_some(), "the slow one had been stored");
}

#[tokio::test]
async fn refusals_of_the_contract_have_their_class() {
    let bench = Bench::start(ReplyForm::Plain).await;
    let dmp = bench.client();
    let submit = async |order: Order| order.submit(&dmp).await.unwrap_err();

    let nobody = EntryUuid("urn:uuid:fe5287a2-ae6a-11eb-8f5d-0050569e422e".into());
    let mut report = golden::replacing_report();
    report.id = format!("{}.10.77", golden::LAB_ARC);
    let error = submit(Order::new(report, 40, Visibility::default(), Some(&nobody))).await;
    assert_eq!(error.class, ErrorClass::RefreshTarget, "{error:?}");

    let mut altered = Order::new(golden::lipids_report(), 41, Visibility::default(), None);
    altered.cda.push(b'\n');
    let error = submit(altered).await;
    assert_eq!(error.class, ErrorClass::Permanent, "{error:?}");
    assert!(!error.peer[0].context.is_empty());

    let first = Order::new(golden::lipids_report(), 42, Visibility::default(), None);
    first.submit(&dmp).await.unwrap();
    let mut other = golden::serology_report();
    other.id = golden::lipids_report().id;
    let error = submit(Order::new(other, 43, Visibility::default(), None)).await;
    assert!(matches!(error.class, ErrorClass::Permanent | ErrorClass::AlreadyThere), "{error:?}");

    let patient = first.patient();
    let request = FindRequest {
        patient_id: "1^^^&1.2.3&ISO^PI",
        unique_id: first.unique_id(),
        actor: None,
        context: context(),
    };
    let error = dmp.find(&request).await.unwrap_err();
    assert_eq!(error.class, ErrorClass::SuspendService, "an assertion without an INS: {error:?}");
    let request = FindRequest { patient_id: &patient, ..request };
    assert!(dmp.find(&FindRequest { context: context(), ..request }).await.unwrap().is_some());
}
