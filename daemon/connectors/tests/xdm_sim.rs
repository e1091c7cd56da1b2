//! Our archives judged by the simulated MSSanté operator, which opens them by the published rules: every golden
//! report, qualified or not, with its PDF beside the archive.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

#[path = "../../documents/tests/golden/mod.rs"]
mod golden;

use std::sync::Arc;

use jiff::Timestamp;
use paillasse_connectors::mail::{
    Attachment, MailAddress, MailDeadlines, MailDraft, SmtpAuth, SmtpClient, SmtpEndpoint, XdmAttachment,
    compose, xdm_subject,
};
use paillasse_connectors::tls::TlsMaterial;
use paillasse_documents::xdm::{Sender, Software, XdmFile, XdmInput, XdmLimits, build, read};
use paillasse_documents::xds::{
    Channel, Code, EntryContext, Lot, Rules, SetContext, Visibility, check, entry_from_report, patient_id,
    set_for_entry,
};
use paillasse_documents::{DOCUMENT_LABEL, cda, file_name, pdf};
use paillasse_shared::domain::identity::InsOid;
use paillasse_shared::domain::report::Report;
use paillasse_sim::ca::Pki;
use paillasse_sim::journal::Journal;
use paillasse_sim::outage::{Outages, Service};
use paillasse_sim::smtp::{Operator, Settings, serve};
use paillasse_sim::tls::{Profile, faces};
use tokio::net::TcpListener;
use tokio::sync::watch;
use zeroize::Zeroizing;

const BOX: &str = "resultats@lbm-des-fougeres.mssante.example";
const HUMAN: &str = "secretariat@lbm-des-fougeres.mssante.example";

/// The PDF and the archive of a report.
fn archive(report: &Report, number: usize) -> (Vec<u8>, Vec<u8>) {
    let pdf = pdf::build(report).unwrap();
    let cda = cda::build(report, &pdf).unwrap();
    let context = EntryContext {
        symbol: "Document01",
        uri: Some("DOC00001.XML"),
        visibility: Visibility::default(),
        cda: &cda,
    };
    let document = entry_from_report(report, &context).unwrap();
    let set = SetContext {
        submission_time: Timestamp::now(),
        source_id: golden::LAB_ARC.into(),
        unique_id: format!("{}.6.{number}", golden::LAB_ARC),
        content_type: Code::content_type_biology(),
    };
    let set = set_for_entry(&document, set).unwrap();
    let lot = Lot { set, documents: vec![document], signature: None, replacements: vec![] };
    let rules = Rules {
        channel: Channel::Xdm,
        authorities: &[InsOid::Nir, InsOid::Nia, InsOid::NirTest, InsOid::NirDemo],
        structures: &[],
        cda_patient: Some(&patient_id(report)),
        allow_hidden_from_all: false,
    };
    assert_eq!(check(&lot, &[&cda], &rules), []);
    let sender = Sender {
        organisation: report.laboratory.name.clone(),
        responsible: report.responsible.family.clone(),
        address: "8 rue Frédéric Bastia, 35000 RENNES".into(),
        phone: "02 99 00 00 00".into(),
    };
    let software =
        Software { name: "Paillasse".into(), version: "0.1".into(), vendor: "projet Paillasse".into() };
    let files = vec![
        XdmFile { name: "DOC00001.XML", label: DOCUMENT_LABEL, bytes: &cda },
        XdmFile { name: "DOC00001.PDF", label: DOCUMENT_LABEL, bytes: &pdf },
    ];
    let zip = build(&XdmInput { lot: &lot, files, sender: &sender, software: &software }).unwrap();
    assert_eq!(read(&zip, &XdmLimits::default()).unwrap().subsets[0].documents[0].bytes, cda, "read back");
    (pdf, zip)
}

#[tokio::test]
async fn mss_05_the_operator_finds_no_fault_in_any_golden_archive() {
    let pki = Pki::generate(Timestamp::now()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(Journal::open(folder.path(), Timestamp::now).unwrap());
    let operator = Operator::new(
        Settings::default(),
        journal,
        Arc::new(Outages::default()),
        faces(&pki, Profile::Mss).unwrap(),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = SmtpEndpoint {
        host: "localhost".into(),
        port: listener.local_addr().unwrap().port(),
        hello: "lbm-des-fougeres.mssante.example".into(),
        size_limit: None,
    };
    let (_stop, stopping) = watch::channel(false);
    tokio::spawn(serve(listener, Arc::new(operator), stopping));
    let tls = TlsMaterial::new(pki.ca_pem.clone().into_bytes(), Some(pki.mss_app.pem.clone().into_bytes()));
    let auth = SmtpAuth::Plain { mailbox: BOX.into(), password: Zeroizing::new(String::new()) };
    let client = SmtpClient::new(endpoint, &tls, auth).unwrap();

    let mut sent = 0;
    for (number, (name, report)) in golden::all().into_iter().enumerate() {
        let (pdf, zip) = archive(&report, number);
        let traits = &report.patient.traits;
        let draft = MailDraft {
            message_id: format!("<archive-{number}@lbm-des-fougeres.mssante.example>"),
            date: Timestamp::now(),
            from: MailAddress { label: Some("Laboratoire des Fougères".into()), address: BOX.into() },
            to: vec![MailAddress::bare("anne.presc@medecin.mssante.example")],
            reply_to: Some(MailAddress::bare(HUMAN)),
            subject: xdm_subject(
                DOCUMENT_LABEL,
                traits.birth_name.as_str(),
                traits.first_name.as_str(),
                traits.birth_date.civil(),
            ),
            body: format!(
                "Bonjour,\n\nun compte rendu est joint.\n\nMessage automatique, réponses lues à {HUMAN}\n"
            ),
            nil: "0000-PAILLASSE-1".into(),
            close_exchange: false,
            ask_read_receipt: true,
            ask_delivery_receipt: true,
            in_reply_to: None,
            references: vec![],
            xdm: Some(XdmAttachment {
                zip,
                cda_codes: vec!["11502-2".into()],
                qualified_ins: report.patient.ins.is_some(),
            }),
            attachments: vec![Attachment {
                name: file_name(&report),
                media_type: "application/pdf".into(),
                bytes: pdf,
            }],
        };
        let to = ["anne.presc@medecin.mssante.example"];
        let mail = compose(&draft).unwrap();
        let receipt = client.send(&mail, BOX, &to, &MailDeadlines::default()).await;
        assert_eq!(receipt.unwrap_or_else(|e| panic!("{name}: {e:?}")).reply.code, 250, "{name}");
        sent += 1;
    }
    let notes = std::fs::read_dir(folder.path().join(Service::Mss.folder()))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "json"))
        .map(|p| std::fs::read_to_string(p).unwrap())
        .collect::<Vec<_>>();
    assert_eq!(notes.len(), sent);
    for note in notes {
        assert!(note.contains("\"errors\": []") && note.contains("\"warnings\": []"), "{note}");
    }
}
