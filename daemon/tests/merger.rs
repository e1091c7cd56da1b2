//! Rapprochement and dissociation over the real socket.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use paillasse_shared::domain::identity::Status;
use paillasse_shared::domain::order::{OrderState, Service};
use paillasse_shared::protocol::patient::{MergeParams, PatientRef, SearchParams, SplitParams};
use paillasse_shared::protocol::{ErrorKind, methods as m};
use support::flows::{create, dmp_order, drain, qualified, record, validated_dossier};
use support::{House, TEST_NIR, person};

fn people() -> [String; 2] {
    [
        person("EXEMPLE", &["ZOE"], "F", "1980-03-12", "69382", "2800399100042", TEST_NIR),
        person("EXEMPLE", &["LEA"], "F", "1980-03-12", "69382", "2800399100043", TEST_NIR),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_21_a_merger_moves_dossiers_releases_orders_and_can_be_undone() {
    let mut house = House::open(&people(), "2026-01-10T10:00:00+01:00").await;
    let kept = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let double = create(&mut house, "EXEMPEL", "ZOE", "F", "12/03/1980").await;
    let order = validated_dossier(&mut house, double).await;
    assert_eq!(order.state, OrderState::Held, "the double is not qualified");

    let mut params = MergeParams { survivor: kept, absorbed: double, motive: None };
    let preview = house.call::<m::PatientMergePreview>(params.clone()).await;
    assert_eq!((preview.dossiers, preview.blockers.len()), (1, 0), "{preview:?}");
    let refused = house.try_call::<m::PatientMerge>(&params).await.unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("motive"));
    params.motive = Some("Nom mal saisi".into());
    let after = house.call::<m::PatientMerge>(params).await;
    assert_eq!(after.dossiers.len(), 1);
    drain(&mut house, Service::Dmp).await;
    let sent = dmp_order(&mut house, order.dossier.unwrap()).await;
    assert_eq!(sent.state, OrderState::Delivered, "{sent:?}");
    assert_eq!(record(&mut house, double).await.id, kept, "the old number leads to the record that stays");
    let found = |text: &str| SearchParams { text: text.into(), limit: None };
    let hits = house.call::<m::PatientSearch>(found("exempel 12/03/1980")).await.hits;
    let ids: Vec<_> = hits.iter().map(|h| h.id).collect();
    assert_eq!(ids, [kept], "an absorbed record leads to the one that stands for it");
    let sent = house.call::<m::PatientDisclosures>(PatientRef { id: kept }).await;
    assert_eq!(sent.lines.len(), 1);

    let split = SplitParams { absorbed: double, motive: "Deux sœurs".into() };
    let back = house.call::<m::PatientSplit>(split.clone()).await;
    assert_eq!((back.id, back.status, back.dossiers.len()), (double, Status::Provisoire, 1));
    assert!(record(&mut house, kept).await.dossiers.is_empty());
    let hits = house.call::<m::PatientSearch>(found("exempel 12/03/1980")).await.hits;
    assert!(hits.iter().any(|h| h.id == double));
    assert_eq!(house.try_call::<m::PatientSplit>(&split).await.unwrap_err().kind, ErrorKind::Refused);
    let history = house.call::<m::PatientHistory>(PatientRef { id: kept }).await;
    assert!(history.lines.iter().any(|l| l.what.contains("rapprochée")));
    assert!(history.lines.iter().any(|l| l.what.contains("dissociée")));
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_21_two_matricules_are_two_persons() {
    let mut house = House::open(&people(), "2026-01-10T10:00:00+01:00").await;
    let zoe = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let lea = qualified(&mut house, "EXEMPLE", "LEA", "F", "12/03/1980").await;
    let params = MergeParams { survivor: zoe, absorbed: lea, motive: Some("essai".into()) };
    let refused = house.try_call::<m::PatientMerge>(&params).await.unwrap_err();
    assert!(refused.cause.contains("matricules INS différents"), "{}", refused.cause);
    let nobody = create(&mut house, "AUTRE", "ZOE", "F", "12/03/1980").await;
    let wrong_way = MergeParams { survivor: nobody, absorbed: zoe, motive: Some("essai".into()) };
    assert!(house.try_call::<m::PatientMerge>(&wrong_way).await.unwrap_err().cause.contains("autre sens"));
}
