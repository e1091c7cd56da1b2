//! Corrections of an identity that left the laboratory: who is to be told, one decision each (INS-20).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use paillasse_shared::domain::dossier::CorrespondentRole;
use paillasse_shared::domain::identity::propagation::{PropagationState, Receiver};
use paillasse_shared::domain::identity::{DeviceKind, Status, status::Effect};
use paillasse_shared::domain::ids::{CorrespondentId, PatientId};
use paillasse_shared::domain::order::{OrderState, Service};
use paillasse_shared::protocol::dossier::{CorrespondentChoice, CorrespondentParams};
use paillasse_shared::protocol::methods as m;
use paillasse_shared::protocol::patient::{CreateParams, EditTraitsParams, MergeParams, SplitParams};
use paillasse_shared::protocol::propagation::{Choice, DecideParams, ListParams, PropagationView};
use paillasse_shared::protocol::{dossier, ins, queue};
use support::flows::{create, drain, qualified, record, sodium_validated};
use support::{House, MSS, TEST_NIR, person};

const NOW: &str = "2026-01-10T10:00:00+01:00";

fn zoe() -> String {
    person("EXEMPLE", &["ZOE"], "F", "1980-03-12", "69382", "2800399100042", TEST_NIR)
}

async fn doctor(house: &mut House, family: &str) -> CorrespondentId {
    house
        .call::<m::CorrespondentCreate>(CorrespondentParams {
            family: family.into(),
            given: "Claire".into(),
            title: Some("DR".into()),
            rpps: Some(if family == "ROUX" { "10000000017" } else { "10000000025" }.into()),
            profession: Some("G15_10/SM54".into()),
            profession_label: Some("Médecin - Médecine Générale (SM)".into()),
            town: Some("Lyon".into()),
            mss_address: Some(format!("{}@demo.mssante.fr", family.to_lowercase())),
        })
        .await
        .id
}

/// A validated dossier whose report left for the DMP and for two doctors.
async fn diffused(house: &mut House, id: PatientId) -> dossier::DossierView {
    let (a, b) = (doctor(house, "ROUX").await, doctor(house, "MOREL").await);
    let d = house
        .call::<m::DossierCreate>(dossier::CreateParams {
            patient: Some(id),
            analyses: vec!["NA".into()],
            correspondents: vec![
                CorrespondentChoice { correspondent: a, role: CorrespondentRole::Prescriber },
                CorrespondentChoice { correspondent: b, role: CorrespondentRole::Copy },
            ],
            ..dossier::CreateParams::default()
        })
        .await;
    let view = sodium_validated(house, &d).await;
    drain(house, Service::Dmp).await;
    drain(house, Service::Mss).await;
    view
}

async fn rename(house: &mut House, id: PatientId, first: &str) -> Vec<Effect> {
    let p = record(house, id).await;
    let traits = CreateParams {
        birth_name: p.traits.birth_name.to_string(),
        first_name: first.into(),
        sex: "F".into(),
        birth_date: "12/03/1980".into(),
        birth_place: p.traits.birth_place.map(|c| c.as_str().to_owned()),
        ..CreateParams::default()
    };
    let params = EditTraitsParams { id, version: p.version, traits, motive: Some("acte rectifié".into()) };
    house.call::<m::PatientEditTraits>(params).await.effects
}

async fn proposed(house: &mut House, patient: PatientId) -> Vec<PropagationView> {
    house.call::<m::PropagationList>(ListParams { patient: Some(patient), all: false }).await.lines
}

async fn decide(house: &mut House, p: &PropagationView, choice: Choice, note: &str) -> PropagationView {
    house.call::<m::PropagationDecide>(DecideParams { id: p.id, choice, note: Some(note.into()) }).await
}

async fn orders(house: &mut House, service: Service, recipient: &str) -> Vec<queue::OrderView> {
    let filter = queue::ListParams { service: Some(service), ..queue::ListParams::default() };
    let all = house.call::<m::QueueList>(filter).await.orders;
    all.into_iter().filter(|o| o.recipient.contains(recipient)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_20_a_corrected_name_proposes_one_order_for_the_dmp_and_each_mail_to_confirm() {
    let mut house = House::open_with(&[zoe()], NOW, MSS).await;
    let id = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    diffused(&mut house, id).await;
    // Who would be told is known before anything is confirmed.
    let before = record(&mut house, id).await;
    assert_eq!(before.receivers.len(), 3, "{:?}", before.receivers);
    assert!(before.receivers.iter().any(|r| r == "DMP"));
    assert!(proposed(&mut house, id).await.is_empty(), "nothing without a correction");

    let effects = rename(&mut house, id, "CHLOE").await;
    assert!(effects.contains(&Effect::PropagationPlanned), "{effects:?}");
    let list = proposed(&mut house, id).await;
    assert_eq!(list.len(), 3, "{list:?}");
    assert!(list.iter().all(|p| p.state == PropagationState::ToConfirm && p.dossiers.len() == 1));
    assert_eq!(list.iter().filter(|p| p.receiver == Receiver::Professional).count(), 2);
    let left = orders(&mut house, Service::Mss, "").await.len();
    assert_eq!(left, 2, "nothing leaves before a person confirms");

    // A professional gets the report again, under the corrected identity, in place of the former version.
    let roux = list.iter().find(|p| p.recipient.contains("ROUX")).unwrap();
    assert_eq!(decide(&mut house, roux, Choice::Confirm, "").await.state, PropagationState::Planned);
    drain(&mut house, Service::Mss).await;
    let sent = orders(&mut house, Service::Mss, "ROUX").await;
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|o| o.state == OrderState::Delivered), "{sent:?}");
    assert_eq!(orders(&mut house, Service::Mss, "MOREL").await.len(), 1, "each by its own decision");
    // In the DMP it lies under an INS that the record has no more: a task, which a person says done.
    let dmp = list.iter().find(|p| p.receiver == Receiver::Dmp).unwrap();
    let task = decide(&mut house, dmp, Choice::Confirm, "").await;
    assert_eq!(task.state, PropagationState::ToDo);
    assert!(task.task.unwrap().contains("DMP"));
    let silent = DecideParams { id: dmp.id, choice: Choice::Done, note: None };
    let refused = house.try_call::<m::PropagationDecide>(&silent).await.unwrap_err();
    assert_eq!(refused.field.as_deref(), Some("note"));
    let done = decide(&mut house, dmp, Choice::Done, "retiré le 10/01").await;
    assert_eq!((done.state, done.note.as_deref()), (PropagationState::Done, Some("retiré le 10/01")));
    let morel = list.iter().find(|p| p.recipient.contains("MOREL")).unwrap();
    decide(&mut house, morel, Choice::Dismiss, "cabinet fermé").await;
    assert!(proposed(&mut house, id).await.is_empty());
    let again = DecideParams { id: morel.id, choice: Choice::Confirm, note: None };
    assert!(house.try_call::<m::PropagationDecide>(&again).await.is_err(), "decided once");
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_20_the_dmp_is_replaced_when_the_identity_is_qualified_again_under_the_same_ins() {
    let mut house = House::open_with(&[zoe()], NOW, MSS).await;
    let id = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    diffused(&mut house, id).await;
    rename(&mut house, id, "CHLOE").await;
    drain(&mut house, Service::Insi).await;
    rename(&mut house, id, "ZOE").await;
    assert_eq!(
        proposed(&mut house, id).await.len(),
        3,
        "one proposal for each, whatever the number of corrections"
    );
    drain(&mut house, Service::Insi).await;
    let accept = ins::DecideParams { id, return_id: None, despite_contradiction: false, motive: None };
    house.call::<m::InsAccept>(accept).await;
    let device = DeviceKind::NationalIdCard;
    let after = house.call::<m::InsQualify>(ins::QualifyParams { id, device, parent_device: None }).await;
    assert_eq!(after.status, Status::Qualifiee);
    let list = proposed(&mut house, id).await;
    let dmp = list.iter().find(|p| p.receiver == Receiver::Dmp).unwrap();
    assert_eq!(decide(&mut house, dmp, Choice::Confirm, "").await.state, PropagationState::Planned);
    drain(&mut house, Service::Dmp).await;
    let sent = orders(&mut house, Service::Dmp, "DMP").await;
    assert!(sent.iter().all(|o| o.state == OrderState::Delivered), "{sent:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ins_20_a_merger_that_changes_what_was_told_proposes_it_too() {
    let mut house = House::open_with(&[zoe()], NOW, MSS).await;
    let kept = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let gone = create(&mut house, "EXEMPLE", "ZOEE", "F", "12/03/1980").await;
    drain(&mut house, Service::Insi).await;
    diffused(&mut house, gone).await;
    let merge = |motive: Option<&str>| MergeParams {
        survivor: kept,
        absorbed: gone,
        motive: motive.map(str::to_owned),
    };
    let preview = house.call::<m::PatientMergePreview>(merge(None)).await;
    assert!(preview.effects.iter().any(|e| e.contains("ROUX")), "receivers are named: {:?}", preview.effects);
    house.call::<m::PatientMerge>(merge(Some("même personne"))).await;
    let list = proposed(&mut house, kept).await;
    assert_eq!(list.len(), 2, "{list:?}");
    assert!(list.iter().all(|p| p.receiver == Receiver::Professional));
    // Undone: what left meanwhile left under the other identity. Nothing did.
    house.call::<m::PatientSplit>(SplitParams { absorbed: gone, motive: "deux personnes".into() }).await;
    assert!(proposed(&mut house, gone).await.is_empty());
}
