//! The CR-BIO carried by ORU and MDM: golden messages, the published example, a second reader, and the refusals.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod golden;
mod support;

use std::path::PathBuf;

use base64::Engine as _;
use golden::*;
use jiff::civil::date;
use paillasse_documents::hl7::document::*;
use paillasse_documents::hl7::{Charset, Message, Segment};
use paillasse_documents::xds::Visibility;
use paillasse_documents::{cda, pdf};
use paillasse_shared::domain::report::{Confidentiality, Report};

fn end(application: &str, facility: &str) -> End {
    End { application: application.into(), facility: facility.into() }
}

fn envelope(carrier: Carrier, request: Request) -> Envelope {
    Envelope {
        carrier,
        request,
        from: end("PAILLASSE", "LBM-FOUGERES"),
        to: end("PFI", "CH-ESSAI"),
        control_id: "PA-000042".into(),
        at: date(2026, 3, 4).at(16, 6, 0, 0),
        charset: Charset::Utf8,
        reliability: Reliability::Provisional,
        recipients: vec![
            Recipient::Professional {
                id: "899900000037".into(),
                family: "MODELE".into(),
                given: "Paul".into(),
                address: "paul.modele@medecin.test.mssante.fr".into(),
            },
            Recipient::Patient { address: "278059999904242@patient.mssante.fr".into(), may_reply: false },
        ],
        reply_to: Some("labo.fougeres@lbm.test.mssante.fr".into()),
        instructions: Instructions {
            dmp: true,
            acknowledge_reception: true,
            mail_to_professionals: Some("Chère consœur, cher confrère".into()),
            ..Instructions::default()
        },
    }
}

fn message(report: &Report, envelope: &Envelope) -> Vec<u8> {
    let cda = cda::build(report, &pdf::build(report).unwrap()).unwrap();
    write(report, &cda, envelope).unwrap()
}

fn segments<'m>(m: &'m Message, name: &str) -> Vec<Segment<'m>> {
    m.segments().filter(|s| s.name() == name).collect()
}

#[test]
fn hop_04_golden_messages() {
    // The document itself is golden elsewhere: a short one keeps these readable.
    let cases = [
        ("oru_initial.hl7", ionogram_report(), Carrier::Oru, Request::Initial),
        ("mdm_remplacement.hl7", replacing_report(), Carrier::Mdm, Request::Replacement),
        ("mdm_suppression.hl7", corsican_report(), Carrier::Mdm, Request::Deletion),
    ];
    for (name, report, carrier, request) in cases {
        let mut envelope = envelope(carrier, request);
        if request == Request::Deletion {
            envelope.recipients.remove(1);
        }
        let bytes = write(&report, b"<ClinicalDocument/>", &envelope).unwrap();
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/hl7").join(name);
        if std::env::var_os("PAILLASSE_WRITE").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        let kept = std::fs::read(&path).unwrap_or_default();
        assert!(kept == bytes, "{name} differs; PAILLASSE_WRITE=1 writes it again");
    }
}

#[test]
fn hop_04_the_document_is_one_line_of_base64_of_the_exact_bytes() {
    for (name, report) in all() {
        let cda = cda::build(&report, &pdf::build(&report).unwrap()).unwrap();
        for carrier in [Carrier::Oru, Carrier::Mdm] {
            let request = if report.version > 1 { Request::Replacement } else { Request::Initial };
            let mut envelope = envelope(carrier, request);
            envelope.instructions.dmp =
                report.patient.ins.is_some() && report.confidentiality == Confidentiality::Normal;
            if report.patient.ins.is_none() {
                envelope.recipients.pop();
            }
            let bytes = write(&report, &cda, &envelope).unwrap();
            let m = Message::parse(&bytes).unwrap();
            let obx = segments(&m, "OBX")[0];
            assert_eq!(obx.field(3).component(1).text(), "11502-2");
            let encoded = obx.field(5).component(5).text();
            assert_eq!(base64::engine::general_purpose::STANDARD.decode(encoded).unwrap(), cda, "{name}");
            assert_eq!(m.msh().field(11).text(), if report.training { "T" } else { "P" }, "{name}");
            let ids: Vec<String> =
                segments(&m, "PID")[0].field(3).repetitions().map(|r| r.component(5).text()).collect();
            let expected: &[&str] = if report.patient.ins.is_some() { &["INS", "PI"] } else { &["PI"] };
            assert_eq!(ids, expected, "{name}");
        }
    }
}

#[test]
fn hop_03_the_ins_is_in_pid_when_qualified_and_only_traits_otherwise() {
    let bytes = message(&lipids_report(), &envelope(Carrier::Oru, Request::Initial));
    let m = Message::parse(&bytes).unwrap();
    let pid = segments(&m, "PID")[0];
    let ins = pid.field(3).repetitions().next().unwrap();
    assert_eq!(ins.component(1).text(), "278059999904242");
    assert_eq!(ins.component(4).subcomponent(2).text(), "1.2.250.1.213.1.4.8");
    assert_eq!(pid.field(32).text(), "VALI");
    let mut e = envelope(Carrier::Oru, Request::Initial);
    e.recipients.pop();
    e.instructions.dmp = false;
    let bytes = message(&unqualified_report(), &e);
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(!text.contains("INS") && !text.contains("2780599999042"), "{text}");
    let m = Message::parse(&bytes).unwrap();
    let pid = segments(&m, "PID")[0];
    assert_eq!(pid.field(5).component(1).text(), "D'EXEMPLE DUPONT");
    assert_eq!(pid.field(32).text(), "PROV");
}

#[test]
fn hop_05_trigger_order_control_and_status_agree_and_versions_are_chained() {
    let cases = [
        (Request::Initial, ionogram_report(), "T02", "NW", "F"),
        (Request::Replacement, replacing_report(), "T10", "RO", "C"),
        (Request::Deletion, ionogram_report(), "T04", "CA", "D"),
    ];
    for (request, report, trigger, order, status) in cases {
        let bytes = message(&report, &envelope(Carrier::Mdm, request));
        let m = Message::parse(&bytes).unwrap();
        assert_eq!(m.msh().field(9).component(2).text(), trigger);
        assert_eq!(segments(&m, "ORC")[0].field(1).text(), order);
        assert_eq!(segments(&m, "OBX")[0].field(11).text(), status);
        let txa = segments(&m, "TXA")[0];
        assert_eq!(txa.field(12).text(), report.id, "a plain OID, without extension");
        let parent =
            if request == Request::Replacement { report.replaces.clone().unwrap() } else { String::new() };
        assert_eq!(txa.field(13).text(), parent);
        assert_eq!(txa.field(17).text(), "AU");
    }
}

/// The segments of our message and of the published one have the same instructions, in the same order and form.
#[test]
fn instructions_are_those_of_the_published_example() {
    let Some(path) = support::reference("hl7v2/ans_oru_r01_crbio_init_base64.hl7") else { return };
    let published = String::from_utf8(std::fs::read(path).unwrap()).unwrap();
    let mut envelope = envelope(Carrier::Oru, Request::Initial);
    envelope.instructions.acknowledge_reading = true;
    let ours = String::from_utf8(message(&ionogram_report(), &envelope)).unwrap();
    let meta = |text: &str| -> Vec<String> {
        let lines = text.split(['\r', '\n']).filter(|l| l.starts_with("OBX|"));
        lines.skip(1).map(|l| l.trim_end_matches('|').to_owned()).collect()
    };
    let (theirs, ours_meta) = (meta(&published), meta(&ours));
    assert_eq!(theirs[..10], ours_meta[..10]);
    let head = |l: &str| l.split("Base64").next().unwrap().to_owned();
    assert_eq!(head(&theirs[10]), head(&ours_meta[10]), "body of the mail");
    let msh = |text: &str| {
        text.split(['\r', '\n']).next().unwrap().split('|').map(str::to_owned).collect::<Vec<_>>()
    };
    let (theirs, ours) = (msh(&published), msh(&ours));
    for field in [1, 8, 11, 16, 17, 20] {
        assert_eq!(theirs[field], ours[field], "MSH-{}", field + 1);
    }
}

#[test]
fn hop_07_each_flag_appears_addresses_are_in_prt_and_the_closing_in_nte() {
    let mut e = envelope(Carrier::Mdm, Request::Initial);
    let bytes = message(&ionogram_report(), &e);
    let text = String::from_utf8(bytes).unwrap();
    let flag = |text: &str, code: &str| {
        let line = text.split('\r').find(|l| l.contains(&format!("|CWE|{code}^"))).unwrap().to_owned();
        line.split('|').nth(5).unwrap().chars().next().unwrap()
    };
    assert_eq!(flag(&text, "DESTDMP"), 'Y');
    assert_eq!((flag(&text, "DESTMSSANTEPS"), flag(&text, "DESTMSSANTEPAT")), ('Y', 'Y'));
    let after = text.split("DESTMSSANTEPAT").nth(1).unwrap().split('\r').nth(1).unwrap();
    assert_eq!(after, "NTE|1|||FIN");
    let m = Message::parse(text.as_bytes()).unwrap();
    let addresses: Vec<_> = segments(&m, "PRT").iter().map(|p| p.field(15).component(4).text()).collect();
    let expected = ["", "paul.modele@medecin.test.mssante.fr", "278059999904242@patient.mssante.fr"];
    assert_eq!(addresses[..3], expected);
    assert_eq!(addresses[3], "labo.fougeres@lbm.test.mssante.fr", "where to answer");
    e.recipients.pop();
    e.instructions.visibility = Visibility { invisible_to_patient: true, ..Visibility::default() };
    let text = String::from_utf8(message(&ionogram_report(), &e)).unwrap();
    assert_eq!((flag(&text, "INVISIBLE_PATIENT"), flag(&text, "DESTMSSANTEPAT")), ('Y', 'N'));
    assert!(!text.contains("patient.mssante.fr"));
}

#[test]
fn the_character_set_announced_is_the_one_written() {
    let mut e = envelope(Carrier::Oru, Request::Initial);
    e.charset = Charset::Latin9;
    let bytes = message(&ionogram_report(), &e);
    let m = Message::parse(&bytes).unwrap();
    assert_eq!(m.charset(), Charset::Latin9);
    assert_eq!(segments(&m, "PRT")[0].field(8).component(1).text(), "Laboratoire des Fougères");
    assert!(bytes.windows(2).any(|w| w == [0xe8, b'r']), "one byte for è");
}

#[test]
fn what_the_guide_has_no_row_for_is_refused() {
    type Fault = fn(&mut Envelope, &mut Report);
    let faults: [(Fault, &str); 12] = [
        (|e, _| e.control_id = "X".repeat(21), "MSH-10"),
        (|e, _| e.charset = Charset::Latin1, "8859/15"),
        (|e, _| e.instructions.visibility.invisible_to_patient = true, "non visible par le patient"),
        (|e, _| e.instructions.secret = true, "représentants"),
        (|e, _| e.instructions.visibility.masked_to_professionals = true, "masqué aux professionnels"),
        (|_, r| r.confidentiality = Confidentiality::Restricted, "confidentialité normale"),
        (|e, _| e.instructions.changes_visibility = true, "remplacement"),
        (|e, _| e.request = Request::Replacement, "première version"),
        (|_, r| (r.version, r.replaces) = (2, Some("1.2.3".into())), "nouvelle version"),
        (
            |e, _| {
                e.recipients.pop();
                e.instructions.visibility.invisible_to_representatives = true;
            },
            "sauf accord",
        ),
        (|e, _| drop(e.recipients.remove(0)), "patient seul"),
        (|_, r| r.patient.ins = None, "sans INS qualifiée"),
    ];
    for (fault, expected) in faults {
        let (mut e, mut report) = (envelope(Carrier::Oru, Request::Initial), ionogram_report());
        write(&report, b"<x/>", &e).unwrap();
        fault(&mut e, &mut report);
        let refused = write(&report, b"<x/>", &e).unwrap_err().to_string();
        assert!(refused.contains(expected), "{expected} in {refused}");
    }
}

/// hl7apy knows HL7 2.5 and 2.6 by its tables. PRT is taken over from 2.9, and the grammar of ORU has no NTE after the
/// instructions of the guide: both are checked apart, above.
const SECOND_READER: &str = r#"
import sys
from hl7apy.parser import parse_message
from hl7apy.validation import Validator
raw = sys.stdin.buffer.read().decode("utf-8")
lines = [l for l in raw.split("\r") if l and not l.startswith("PRT|")]
m = parse_message("\r".join(lines), find_groups=True)
assert Validator.validate(m) is True
out = [m.msh.msh_9.to_er7(), m.msh.msh_12.to_er7(), str(len(lines))]
sys.stdout.write("|".join(out))
"#;

#[test]
fn hop_04_a_second_reader_accepts_the_messages() {
    if !matches!(support::run("python3", &["-c", "import hl7apy"], b""), Some(Ok(_))) {
        println!("skipped: no hl7apy");
        return;
    }
    let cases = [
        (Carrier::Oru, Request::Initial, "ORU^R01^ORU_R01|2.5|"),
        (Carrier::Mdm, Request::Initial, "MDM^T02^MDM_T02|2.6|"),
        (Carrier::Mdm, Request::Deletion, "MDM^T04^MDM_T02|2.6|"),
    ];
    for (carrier, request, expected) in cases {
        let bytes = message(&ionogram_report(), &envelope(carrier, request));
        let said = support::run("python3", &["-c", SECOND_READER], &bytes).unwrap();
        let said = String::from_utf8(said.unwrap_or_else(|e| panic!("{carrier:?}: {e}"))).unwrap();
        assert!(said.starts_with(expected), "{said}");
    }
}
