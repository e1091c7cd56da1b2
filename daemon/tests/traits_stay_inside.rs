//! INS-23: no matricule and no name in logs at any level, names of files, addresses called. Alone in its program: the
//! logs of the whole process are captured.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use paillasse_shared::domain::order::Service;
use paillasse_shared::protocol::methods as m;
use paillasse_shared::protocol::patient::ReceiveParams;
use paillasse_shared::protocol::{dossier, ins};
use support::flows::{drain, qualified, validated_dossier};
use support::{House, MSS, TEST_NIR, person};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn files(dir: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, all);
        }
        all.push(path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_23_no_matricule_or_name_in_logs_file_names_or_addresses() {
    let captured = Captured::default();
    let writer = captured.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let number = "2800369382042";
    let zoe = person("XYLOPHRASE", &["QUETZALE"], "F", "1980-03-12", "69382", number, TEST_NIR);
    let mut house = House::open_with(&[zoe], "2026-01-10T10:00:00+01:00", MSS).await;
    // The main path: registration, INSi, qualification, dossier, results, validation, DMP, verification, a message.
    let id = qualified(&mut house, "XYLOPHRASE", "QUETZALE", "F", "12/03/1980").await;
    validated_dossier(&mut house, id).await;
    drain(&mut house, Service::Dmp).await;
    house.call::<m::InsVerify>(ins::VerifyParams { ids: vec![id], due: false }).await;
    drain(&mut house, Service::Verify).await;
    let key = paillasse_shared::domain::identity::matricule::key_of(number);
    let hl7 = format!(
        "MSH|^~\\&|DPI|SITE|P|L|20260110||ADT^A28|1|P|2.5\rPID|1||{number}{key:02}^^^&{TEST_NIR}&ISO^INS||XYLOPHRASE^QUETZALE||19800312|F\r"
    );
    let content = base64::engine::general_purpose::STANDARD.encode(hl7);
    house.call::<m::PatientReceive>(ReceiveParams { content, direct_care: false }).await;
    // What is refused is said without the traits either.
    let unknown = dossier::DossierRef { id: None, number: Some("99-999999".into()) };
    let _ = house.try_call::<m::DossierGet>(&unknown).await;

    let logs = String::from_utf8_lossy(&captured.0.lock().unwrap()).to_uppercase();
    assert!(logs.contains("ORDER ATTEMPTED"), "the logs were captured");
    let journal =
        std::fs::read_to_string(house.sim.info.received.join("journal.jsonl")).unwrap().to_uppercase();
    assert!(journal.contains("TD2.1"), "{journal}");
    let mut paths = vec![];
    files(house.dir.path(), &mut paths);
    let paths = paths.iter().map(|p| p.to_string_lossy().to_uppercase()).collect::<Vec<_>>().join("\n");
    for secret in ["XYLOPHRASE", "QUETZALE", number] {
        for (place, text) in [("logs", &logs), ("journal of calls", &journal), ("names of files", &paths)] {
            let found = text.lines().find(|l| l.contains(secret));
            assert!(found.is_none(), "{secret} in the {place}: {}", found.unwrap_or_default());
        }
    }
}
