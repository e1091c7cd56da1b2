//! The identity room over the real socket and a simulated INSi: verification after years and at events, what a KO does,
//! what a change of status does to orders.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use jiff::ToSpan;
use paillasse_shared::domain::identity::{Attribute, Status, status::Effect};
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::domain::order::{OrderState, Reason, Service};
use paillasse_shared::protocol::methods as m;
use paillasse_shared::protocol::patient::{self, InsiState, PatientRef};
use paillasse_shared::protocol::{dossier, ins, queue};
use support::flows::{create, dmp_order, drain, qualified, record, validated_dossier};
use support::{House, NIA, TEST_NIR, person};

const NUMBER: &str = "2800399100042";

fn zoe(given: &[&str]) -> String {
    person("EXEMPLE", given, "F", "1980-03-12", "69382", NUMBER, TEST_NIR)
}

async fn verify(house: &mut House, id: PatientId) {
    let queued = house.call::<m::InsVerify>(ins::VerifyParams { ids: vec![id], due: false }).await;
    assert_eq!(queued.queued, 1);
    drain(house, Service::Verify).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ver_01_an_identity_is_verified_after_four_years() {
    // Two in the morning: the night is in progress, so what is due is due at once.
    let mut house = House::open(&[zoe(&["ZOE"])], "2026-11-22T02:00:00+01:00").await;
    let id = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    house.later(3.years());
    let queued = house.call::<m::InsVerify>(ins::VerifyParams { ids: vec![], due: true }).await.queued;
    assert_eq!(queued, 0, "three years are not enough");
    house.later(1.year().days(1));
    let queued = house.call::<m::InsVerify>(ins::VerifyParams { ids: vec![], due: true }).await.queued;
    assert_eq!(queued, 1);
    drain(&mut house, Service::Verify).await;
    let after = record(&mut house, id).await;
    assert_eq!(after.status, Status::Qualifiee);
    assert!(after.ins.unwrap().verified_at.is_some());
    let again = house.call::<m::InsVerify>(ins::VerifyParams { ids: vec![], due: true }).await.queued;
    assert_eq!(again, 0, "verified today");
}

#[tokio::test(flavor = "multi_thread")]
async fn ver_02_a_waiting_number_is_verified_at_each_dossier() {
    let nia = person("ATTENTE", &["LINA"], "F", "2009-07-01", "69382", "2090799100042", NIA);
    let mut house = House::open(&[nia], "2026-11-22T10:00:00+01:00").await;
    let id = qualified(&mut house, "ATTENTE", "LINA", "F", "01/07/2009").await;
    assert!(record(&mut house, id).await.ins.unwrap().verified_at.is_none());
    let new = dossier::CreateParams { patient: Some(id), ..dossier::CreateParams::default() };
    house.call::<m::DossierCreate>(new).await;
    drain(&mut house, Service::Verify).await;
    assert!(record(&mut house, id).await.ins.unwrap().verified_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn ver_03_and_04_a_failed_verification_recovers_then_lowers_the_status_and_holds_orders() {
    let mut house = House::open(&[zoe(&["ZOE"])], "2026-11-22T10:00:00+01:00").await;
    let id = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    house.call::<m::QueuePause>(queue::ServiceParams { service: Service::Dmp }).await;
    let order = validated_dossier(&mut house, id).await;
    assert_eq!(order.state, OrderState::Scheduled);

    let mut house = house.reopen(&[], "unknown").await;
    verify(&mut house, id).await;
    let after = record(&mut house, id).await;
    assert_eq!(after.status, Status::Validee, "the device that was checked still stands");
    assert!(after.ins.is_none());
    let order = dmp_order(&mut house, order.dossier.unwrap()).await;
    assert_eq!(order.state, OrderState::Held);
    assert!(matches!(order.reason, Some(Reason::IdentityNotQualified { insi: true, device: false })));
    let calls: Vec<_> = house.journal().iter().filter(|l| l["service"] == "insi").cloned().collect();
    assert!(calls.len() >= 2, "a recovery followed the verification: {calls:?}");
    let history = house.call::<m::PatientHistory>(PatientRef { id }).await;
    assert!(history.lines[0].what.contains("INSi ne reconnaît plus"), "{:?}", history.lines[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ver_04_other_traits_are_to_control_before_anything_leaves() {
    let mut house = House::open(&[zoe(&["ZOE"])], "2026-11-22T10:00:00+01:00").await;
    let id = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    house.call::<m::QueuePause>(queue::ServiceParams { service: Service::Dmp }).await;
    let order = validated_dossier(&mut house, id).await;
    let mut house = house.reopen(&[zoe(&["ZOE", "MARIE"])], "changed").await;
    verify(&mut house, id).await;
    let shown = record(&mut house, id).await;
    assert!(matches!(shown.insi, InsiState::ToDecide { .. }), "{:?}", shown.insi);
    assert_eq!(shown.status, Status::Qualifiee, "nothing is changed before a person has looked");
    let order = dmp_order(&mut house, order.dossier.unwrap()).await;
    assert_eq!(order.reason, Some(Reason::IdentityToControl));
    let decide = ins::DecideParams { id, return_id: None, despite_contradiction: false, motive: None };
    let after = house.call::<m::InsAccept>(decide).await;
    assert_eq!(after.traits.given_names.unwrap().as_str(), "ZOE MARIE");
    let order = dmp_order(&mut house, order.dossier.unwrap()).await;
    assert_ne!(order.reason, Some(Reason::IdentityToControl));
}

#[tokio::test(flavor = "multi_thread")]
async fn ver_09_and_10_verifications_are_journalled_and_can_be_paused_alone() {
    let mut house = House::open(&[zoe(&["ZOE"])], "2026-11-22T10:00:00+01:00").await;
    let id = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    house.call::<m::QueuePause>(queue::ServiceParams { service: Service::Verify }).await;
    house.call::<m::InsVerify>(ins::VerifyParams { ids: vec![id], due: false }).await;
    let filter = queue::ListParams { service: Some(Service::Verify), ..queue::ListParams::default() };
    let waiting = house.call::<m::QueueList>(filter.clone()).await.orders.pop().unwrap();
    assert_eq!(waiting.reason, Some(Reason::ServicePaused { service: Service::Verify }));
    // INSi itself goes on.
    qualified_elsewhere(&mut house).await;
    house.call::<m::QueueResume>(queue::ServiceParams { service: Service::Verify }).await;
    drain(&mut house, Service::Verify).await;
    let done = house.call::<m::QueueList>(filter).await.orders.pop().unwrap();
    assert_eq!((done.state, done.why.as_deref()), (OrderState::Delivered, Some("OK")));
    let list = paillasse_shared::protocol::audit::ListParams {
        patient: Some(id),
        ..paillasse_shared::protocol::audit::ListParams::default()
    };
    let lines = house.call::<m::AuditList>(list).await.lines;
    let act = |name: &str| lines.iter().filter(|l| l.act == name).count();
    assert_eq!(act("identity-verified"), 1);
    assert!(act("insi-call") >= 2, "the recovery and the verification");
}

/// A public identity that every simulated INSi knows.
async fn qualified_elsewhere(house: &mut House) {
    let id = create(house, "ADRUN", "ZOE", "F", "31/12/1975").await;
    let state = house.call::<m::InsFetch>(ins::FetchParams { id, wait: true }).await;
    assert!(matches!(state.insi, InsiState::ToDecide { .. }), "{state:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sta_06_and_07_doubt_drops_the_ins_holds_orders_and_forbids_calls() {
    let mut house = House::open(&[zoe(&["ZOE"])], "2026-11-22T10:00:00+01:00").await;
    let id = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    house.call::<m::QueuePause>(queue::ServiceParams { service: Service::Dmp }).await;
    let order = validated_dossier(&mut house, id).await;
    let doubt = patient::SetAttributeParams {
        id,
        attribute: Attribute::Douteux,
        on: true,
        motive: Some("essai".into()),
    };
    let after = house.call::<m::PatientSetAttribute>(doubt).await;
    assert_eq!((after.status, after.ins.is_some()), (Status::Provisoire, false));
    for e in [Effect::InsDropped, Effect::OrdersHeld, Effect::StatusHistorised] {
        assert!(after.effects.contains(&e), "{e:?}");
    }
    let order = dmp_order(&mut house, order.dossier.unwrap()).await;
    assert_eq!(order.state, OrderState::Held);
    let refused = house.try_call::<m::InsFetch>(&ins::FetchParams { id, wait: false }).await.unwrap_err();
    assert!(refused.cause.contains("douteuse"), "{}", refused.cause);
    let fiction = patient::SetAttributeParams {
        id,
        attribute: Attribute::Fictif,
        on: true,
        motive: Some("essai".into()),
    };
    assert!(
        house.try_call::<m::PatientSetAttribute>(&fiction).await.unwrap_err().cause.contains("à la fois")
    );
    let history = house.call::<m::PatientHistory>(PatientRef { id }).await;
    assert_eq!(history.lines[0].status, Some((Status::Qualifiee, Status::Provisoire)));
}

#[tokio::test(flavor = "multi_thread")]
async fn sta_09_and_12_strict_traits_change_by_the_special_right_with_a_motive_and_their_effects() {
    let mut house = House::open(&[zoe(&["ZOE"])], "2026-11-22T10:00:00+01:00").await;
    let id = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let version = record(&mut house, id).await.version;
    let traits = patient::CreateParams {
        birth_name: "EXEMPLE".into(),
        first_name: "ZOEE".into(),
        sex: "F".into(),
        birth_date: "12/03/1980".into(),
        birth_place: Some("69382".into()),
        ..patient::CreateParams::default()
    };
    let mut edit = patient::EditTraitsParams { id, version, traits, motive: None };
    let refused = house.try_call::<m::PatientEditTraits>(&edit).await.unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("motive"));
    edit.motive = Some("Erreur sur la pièce".into());
    let after = house.call::<m::PatientEditTraits>(edit.clone()).await;
    assert_eq!(
        (after.status, after.ins.is_some(), after.proof.is_some()),
        (Status::Provisoire, false, false)
    );
    for e in [Effect::InsDropped, Effect::ProofDropped, Effect::OrdersHeld, Effect::PropagationPlanned] {
        assert!(after.effects.contains(&e), "{e:?}");
    }
    let conflict = house.try_call::<m::PatientEditTraits>(&edit).await.unwrap_err();
    assert_eq!(conflict.kind, paillasse_shared::protocol::ErrorKind::Conflict);
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_19_every_receiver_of_the_ins_is_listed() {
    let mut house = House::open(&[zoe(&["ZOE"])], "2026-01-10T10:00:00+01:00").await;
    let id = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    assert!(house.call::<m::PatientDisclosures>(PatientRef { id }).await.lines.is_empty());
    validated_dossier(&mut house, id).await;
    drain(&mut house, Service::Dmp).await;
    let lines = house.call::<m::PatientDisclosures>(PatientRef { id }).await.lines;
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((lines[0].service, lines[0].recipient.as_str()), (Service::Dmp, "DMP"));
}
