//! What the tests of metadata, archives and signatures share: the lot of the published derived example, outside
//! programs, and the folder of published references beside the repository.

#![allow(dead_code, clippy::unwrap_used, clippy::print_stdout)] // each test binary uses a part of it

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use paillasse_documents::xds::*;

/// A file of the published references; `None` (said aloud) when the folder is not beside the repository.
pub fn reference(path: &str) -> Option<PathBuf> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference").join(path);
    if file.exists() {
        return Some(file);
    }
    println!("skipped: no published references beside the repository ({path})");
    None
}

/// Output of a program fed with `input`, `Err` with what it said when it failed; `None` when it is not installed.
pub fn run(program: &str, args: &[&str], input: &[u8]) -> Option<Result<Vec<u8>, String>> {
    let spawned = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = spawned else {
        println!("skipped: {program} is not installed");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let out = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    if out.status.success() {
        Some(Ok(out.stdout))
    } else {
        Some(Err(String::from_utf8_lossy(&out.stderr).into()))
    }
}

/// A Python program with lxml; `None` when there is none.
pub fn python_lxml(script: &str, input: &[u8]) -> Option<Result<Vec<u8>, String>> {
    match run("python3", &["-c", "import lxml.etree"], b"")? {
        Ok(_) => run("python3", &["-c", script], input),
        Err(_) => {
            println!("skipped: no lxml");
            None
        }
    }
}

pub fn patient() -> PatientId {
    PatientId {
        id: "279035121518989".into(),
        authority: "1.2.250.1.213.1.4.10".into(),
        kind: PatientIdKind::National,
    }
}

pub fn biologist() -> Person {
    Person {
        id: "801234534765".into(),
        family: "CAMPARINI".into(),
        given: "Marcel".into(),
        kind: PersonKind::National,
    }
}

pub fn author() -> Author {
    Author {
        institution: Some(Institution { name: "Laboratoire des charmes".into(), id: "1120459876".into() }),
        person: Some(biologist()),
        role: None,
        specialty: Some(Specialty {
            code: "G15_10/SM03".into(),
            label: "Médecin - Biologie médicale (SM)".into(),
        }),
    }
}

/// The lot of `derived_xdm` with the bytes of its document sealed in (or the published hash when `None`).
pub fn derived_lot(cda: Option<&[u8]>) -> Lot {
    let pair = || ("PAT-TROIS".to_owned(), "DOMINIQUE".to_owned());
    let loinc = |code, label| Code::new(code, "2.16.840.1.113883.6.1", label);
    let mut document = DocumentEntry {
        symbol: "Document01".into(),
        mime_type: "text/xml".into(),
        creation_time: "2021-04-01T16:10:00Z".parse().unwrap(),
        language: "fr-FR".into(),
        service_start: "2021-01-04T08:22:00Z".parse().unwrap(),
        service_stop: "2021-01-04T15:05:00Z".parse().unwrap(),
        legal_authenticator: biologist(),
        source_patient_id: PatientId {
            id: "1234567890121".into(),
            authority: "1.2.3.4.567.8.9.10".into(),
            kind: PatientIdKind::Local,
        },
        source_patient_info: Some(SourcePatientInfo {
            birth: pair(),
            used: Some(pair()),
            birth_date: "19790328".into(),
            sex: 'F',
        }),
        hash: "750faac6df9c268026c57e7df9887e35fa5bc76f".into(),
        size: 135_156,
        uri: Some("DOC00001.XML".into()),
        reference_ids: Vec::new(),
        title: "Compte rendu d'examens biologiques".into(),
        comments: None,
        authors: vec![author()],
        class_code: Code::class_report(),
        type_code: Code::type_biology(),
        confidentiality: Visibility::default().codes(),
        event_codes: vec![
            loinc("18719-5", "Biochimie"),
            loinc("18727-8", "Sérologie"),
            loinc("18718-7", "Protéines, marqueurs tumoraux, vitamines"),
        ],
        format_code: Code::format_biology(),
        facility_type: Code::new("SA25", "1.2.250.1.71.4.2.4", "Laboratoire de biologie médicale"),
        practice_setting: Code::new("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"),
        patient_id: patient(),
        unique_id: "1.2.250.1.213.1.1.1.55.2024.9.1".into(),
    };
    if let Some(cda) = cda {
        document.seal(cda);
    }
    Lot {
        set: SubmissionSet {
            submission_time: "2021-04-01T16:15:00Z".parse().unwrap(),
            title: Some("Compte rendu d'examens biologiques".into()),
            comments: None,
            author: author(),
            content_type: Code::content_type_biology(),
            patient_id: patient(),
            source_id: "1.2.250.1.213.1.1.9".into(),
            unique_id: "1.2.250.1.213.1.1.9.20210401161500.1".into(),
        },
        documents: vec![document],
        signature: None,
        replacements: Vec::new(),
    }
}

/// The same lot as the DMP takes it: no URI, signature entry over `signature`.
pub fn dmp_lot(cda: &[u8], signature: &[u8]) -> Lot {
    let mut lot = derived_lot(Some(cda));
    for document in &mut lot.documents {
        document.uri = None;
    }
    lot.signature =
        Some(signature_entry(&lot.set, &lot.documents[0], "1.2.250.1.213.1.1.9.20210401161500.2", signature));
    lot
}
