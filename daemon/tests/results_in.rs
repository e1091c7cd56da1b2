//! Results of analysers: what is filed, what is held and why, over the real MLLP port.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::Duration;

use paillasse_shared::domain::result::{Flag, ResultState};
use paillasse_shared::protocol::inbox::{InboxRef, InboxState, ListParams};
use paillasse_shared::protocol::{dossier, methods as m};
use support::House;
use support::flows::{create, tube};

/// Sodium of a tube, for a person; answers the acknowledgement code.
async fn send(house: &House, control: &str, tube: &str, pid: &str, value: &str) -> String {
    let message = format!(
        "MSH|^~\\&|MIDDLEWARE|LABO|PAILLASSE|LBM|20260110100000||ORU^R01^ORU_R01|{control}|P|2.5.1\r\
         {pid}\rOBR|1||{tube}|IONO^Ionogramme^L\rOBX|1|NM|2951-2^Sodium^LN||{value}|mmol/L|136-145||||F\r"
    );
    let answer =
        paillasse_connectors::mllp::send(house.mllp(), message.as_bytes(), Duration::from_secs(20)).await;
    let text = String::from_utf8(answer.unwrap()).unwrap();
    let msa = text.split('\r').find(|l| l.starts_with("MSA|")).unwrap().to_owned();
    msa.split('|').nth(1).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn lab_03_results_are_filed_by_tube_and_held_when_the_sender_names_somebody_else() {
    let mut house = House::open(&[], "2026-01-10T10:00:00+01:00").await;
    let patient = create(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let (d, tube) = tube(&mut house, patient).await;

    assert_eq!(send(&house, "A1", &tube, "PID|1||||AUTRE^JEAN||19500101|M", "140").await, "AA");
    let waiting = house.call::<m::InboxList>(ListParams::default()).await.messages;
    assert_eq!(waiting.len(), 1);
    assert!(waiting[0].why.as_deref().unwrap().contains("un autre nom"), "{:?}", waiting[0].why);

    assert_eq!(send(&house, "A2", &tube, "PID|1||||Exemple^Zoé||19800312|F", "160").await, "AA");
    let view = house.call::<m::DossierGet>(dossier::DossierRef { id: Some(d.id), number: None }).await;
    let sodium = &view.chapters[0].results[0];
    assert_eq!(
        (sodium.shown.as_str(), sodium.state, sodium.flag),
        ("160", ResultState::Entered, Some(Flag::H))
    );

    // The same message again: the same answer, nothing twice. An unknown tube waits, and is filed when replayed.
    assert_eq!(send(&house, "A2", &tube, "PID|1||||Exemple^Zoé||19800312|F", "160").await, "AA");
    assert_eq!(house.call::<m::InboxList>(ListParams { all: true, limit: None }).await.messages.len(), 2);
    assert_eq!(send(&house, "A3", "2600000201", "PID|1", "138").await, "AA");
    let lost = house.call::<m::InboxList>(ListParams::default()).await.messages[0].clone();
    assert!(lost.why.as_deref().unwrap().contains("aucun dossier"), "{:?}", lost.why);
    house
        .call::<m::DossierCreate>(dossier::CreateParams {
            patient: Some(patient),
            analyses: vec!["NA".into()],
            ..dossier::CreateParams::default()
        })
        .await;
    let filed = house.call::<m::InboxReplay>(InboxRef { id: lost.id }).await;
    assert_eq!(filed.state, InboxState::Filed, "{filed:?}");
}
