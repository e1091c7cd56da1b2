//! The whole corpus once, and a short run of each target: what made a reader fail once does not come back.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

#[path = "../../../daemon/documents/tests/golden/mod.rs"]
mod golden;

use std::time::{Duration, Instant};

use paillasse_documents::xdm::{Sender, Software, XdmFile, XdmInput, build};
use paillasse_documents::xds::*;
use paillasse_documents::{cda, datamatrix, hprim, pdf};
use paillasse_fuzz::{corpus, run, seeds, targets};
use paillasse_shared::domain::report::Report;

#[test]
fn the_corpus_is_read_without_harm() {
    for target in targets::ALL {
        let found = seeds(target.name).unwrap();
        assert!(!found.is_empty(), "{} has seeds", target.name);
        for (name, bytes) in found {
            let began = Instant::now();
            (target.read)(&bytes);
            // Generous: a debug build on a busy machine; what is meant is seconds against hours.
            assert!(began.elapsed() < Duration::from_secs(60), "{}/{name}", target.name);
        }
    }
}

#[test]
fn a_short_run_of_each_target_finds_nothing() {
    let folder = std::env::temp_dir().join(format!("paillasse-fuzz-{}", std::process::id()));
    for target in targets::ALL {
        let bounds = run::Bounds {
            during: Duration::from_secs(2),
            slow: Duration::from_secs(60),
            memory_mb: 4_000,
            faults: folder.clone(),
        };
        let inputs = seeds(target.name).unwrap().into_iter().map(|(_, bytes)| bytes).collect();
        let outcome = run::run(target, inputs, 7, &bounds).unwrap();
        assert!(outcome.tried > 0 && outcome.kinds > 1, "{}: {outcome:?}", target.name);
        assert!(outcome.faults.is_empty(), "{}: {:?}", target.name, outcome.faults);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// A driver that finds nothing must be able to find something.
#[test]
fn a_reader_that_breaks_is_caught() {
    fn breaks(bytes: &[u8]) -> String {
        assert!(!bytes.contains(&0xff), "boom");
        String::new()
    }
    let target = targets::Target { name: "faux", max_bytes: 100, words: &["\u{0}"], read: breaks };
    let folder = std::env::temp_dir().join(format!("paillasse-fuzz-faux-{}", std::process::id()));
    let bounds = run::Bounds {
        during: Duration::from_secs(30),
        slow: Duration::from_secs(60),
        memory_mb: 4_000,
        faults: folder.clone(),
    };
    let outcome = run::run(&target, vec![vec![0xfe; 50]], 1, &bounds).unwrap();
    assert!(!outcome.faults.is_empty());
    let kept = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(kept, outcome.faults.len(), "each faulty input is kept");
    std::fs::remove_dir_all(folder).unwrap();
}

/// `PAILLASSE_WRITE=1` writes the seeds anew from the golden reports; faulty inputs of before stay.
#[test]
fn seeds_are_written_on_demand() {
    if std::env::var_os("PAILLASSE_WRITE").is_none() {
        return;
    }
    let keep = |target: &str, name: &str, bytes: &[u8]| {
        std::fs::create_dir_all(corpus(target)).unwrap();
        std::fs::write(corpus(target).join(name), bytes).unwrap();
    };
    let reports = [
        ("ecbu", golden::urine_report()),
        ("formes", golden::ratio_report()),
        ("intervalles", golden::interval_report()),
        ("partiel", golden::mixed_states_report()),
    ];
    for (name, report) in &reports {
        // A short PDF: the bytes of the real one would hide the document from the mutations.
        let cda = cda::build(report, b"%PDF-1.4\n%%EOF").unwrap();
        keep("cda", name, &cda);
        let settings = hprim::sante::Settings {
            file: "LABT0001.HPR",
            sender: hprim::sante::Party { code: "LAB".into(), name: "Labo".into() },
            receiver: hprim::sante::Party { code: "CLI".into(), name: "Clinique".into() },
            requester_patient: None,
            readable_text: false,
            pdf: None,
        };
        keep("hprim", &format!("sante-{name}"), &hprim::sante::write(report, &settings).unwrap());
        let party = hprim::medecin::Party { code: "A".into(), label: "B".into() };
        keep("hprim", &format!("medecin-{name}"), &hprim::medecin::write(report, &party, &party).unwrap());
        if let Some(payload) = datamatrix::payload_of(report) {
            keep("datamatrix", name, payload.as_bytes());
        }
    }
    let report = golden::limits_report();
    keep("pdf", "limites", &pdf::build(&report).unwrap());
    let small = cda::build(&report, b"%PDF-1.4\n%%EOF").unwrap();
    let lot = lot(&report, &small);
    keep("xds", "soumission", submit_objects_request(&lot).as_bytes());
    let sender = Sender {
        organisation: "Labo".into(),
        responsible: "B".into(),
        address: "A".into(),
        phone: "02".into(),
    };
    let software = Software { name: "Paillasse".into(), version: "0.1".into(), vendor: "Paillasse".into() };
    let files = vec![XdmFile { name: "DOC00001.XML", label: "Compte rendu", bytes: &small }];
    keep(
        "xdm",
        "archive",
        &build(&XdmInput { lot: &lot, files, sender: &sender, software: &software }).unwrap(),
    );
    keep("hl7", "oru", ORU.as_bytes());
    keep("hl7", "oul", OUL.as_bytes());
}

const ORU: &str = "MSH|^~\\&|MW|LAB|SGL|LAB|20260304101500||ORU^R01^ORU_R01|1|P|2.5.1|||||FRA|UNICODE UTF-8\rPID|1||P1^^^LAB^PI||ESSAI^ANNE||19780514|F\rOBR|1|D1|E1|NFS^Hemogramme^L|||20260304073500\rOBX|1|NM|K^Potassium^L^2823-3^Potassium^LN||4.1|mmol/L^mmol/L^UCUM|3.5 - 5.1|N|||F|||20260304101000||TECH||COBAS^1\rNTE|1||Contr\\.br\\ole\rOBX|2|SN|CRP^CRP^L||<^5|mg/L|||||F\rOBX|3|CE|HBS^HBs^L||NEG^negatif^L|||||F\rSPM|1|E1||SER\r";
const OUL: &str = "MSH|^~\\&|DXH|LAB|SGL|LAB|20260304101500||OUL^R22^OUL_R22|2|P|2.5.1\rSPM|1|E1^^||BLDV|||||||P\rSAC|||E1\rOBR|1|||NFS^NFS^L\rOBX|1|NM|6690-2^GB^LN|1|6.85|10*9/L^^UCUM|4-10|N|||F|||20260304||OP||DXH~1\r";

fn lot(report: &Report, cda: &[u8]) -> Lot {
    let context = EntryContext {
        symbol: "Document01",
        uri: Some("DOC00001.XML"),
        visibility: Visibility::default(),
        cda,
    };
    let document = entry_from_report(report, &context).unwrap();
    let set = SetContext {
        submission_time: document.creation_time,
        source_id: golden::LAB_ARC.into(),
        unique_id: format!("{}.4.1", golden::LAB_ARC),
        content_type: Code::content_type_biology(),
    };
    Lot {
        set: set_for_entry(&document, set).unwrap(),
        documents: vec![document],
        signature: None,
        replacements: vec![],
    }
}
