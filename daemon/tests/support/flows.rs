//! Gestures that several tests need.

use paillasse_shared::domain::identity::{DeviceKind, Status};
use paillasse_shared::domain::ids::{DossierId, PatientId};
use paillasse_shared::domain::order::Service;
use paillasse_shared::protocol::methods as m;
use paillasse_shared::protocol::patient::{self, Created, InsiState, PatientRef};
use paillasse_shared::protocol::{dossier, ins, queue};

use super::House;

/// Creates a patient.
pub async fn create(house: &mut House, name: &str, first: &str, sex: &str, born: &str) -> PatientId {
    let created = house
        .call::<m::PatientCreate>(patient::CreateParams {
            birth_name: name.into(),
            first_name: first.into(),
            sex: sex.into(),
            birth_date: born.into(),
            birth_place: Some("69382".into()),
            not_a_duplicate: true,
            ..patient::CreateParams::default()
        })
        .await;
    let Created::Created { patient } = created else { panic!("{created:?}") };
    patient.id
}

/// Creates, recovers and qualifies the person whom INSi knows.
pub async fn qualified(house: &mut House, name: &str, first: &str, sex: &str, born: &str) -> PatientId {
    let id = create(house, name, first, sex, born).await;
    let state = house.call::<m::InsFetch>(ins::FetchParams { id, wait: true }).await;
    assert!(matches!(state.insi, InsiState::ToDecide { .. }), "{state:?}");
    let decide = ins::DecideParams { id, return_id: None, despite_contradiction: false, motive: None };
    house.call::<m::InsAccept>(decide).await;
    let record = house
        .call::<m::InsQualify>(ins::QualifyParams {
            id,
            device: DeviceKind::NationalIdCard,
            parent_device: None,
        })
        .await;
    assert_eq!(record.status, Status::Qualifiee);
    id
}

pub async fn drain(house: &mut House, service: Service) {
    house.call::<m::QueueDrain>(queue::DrainParams { service: Some(service) }).await;
}

pub async fn record(house: &mut House, id: PatientId) -> patient::PatientRecord {
    house.call::<m::PatientGet>(PatientRef { id }).await
}

/// A dossier validated, whose DMP order is in the state asked.
pub async fn validated_dossier(house: &mut House, patient: PatientId) -> queue::OrderView {
    let d = house
        .call::<m::DossierCreate>(dossier::CreateParams {
            patient: Some(patient),
            analyses: vec!["NA".into()],
            ..dossier::CreateParams::default()
        })
        .await;
    sodium_validated(house, &d).await;
    dmp_order(house, d.id).await
}

pub async fn dmp_order(house: &mut House, dossier: DossierId) -> queue::OrderView {
    let filter = queue::ListParams {
        dossier: Some(dossier),
        service: Some(Service::Dmp),
        ..queue::ListParams::default()
    };
    house.call::<m::QueueList>(filter).await.orders.pop().unwrap()
}

/// A dossier of one analysis (sodium), with the number on its last label.
pub async fn tube(house: &mut House, patient: PatientId) -> (dossier::DossierView, String) {
    let d = house
        .call::<m::DossierCreate>(dossier::CreateParams {
            patient: Some(patient),
            analyses: vec!["NA".into()],
            ..dossier::CreateParams::default()
        })
        .await;
    let labels = house.call::<m::DossierLabels>(dossier::DossierRef { id: Some(d.id), number: None }).await;
    let tube = labels.labels[0].last().unwrap().clone();
    (d, tube)
}

/// Sodium entered at 140, then everything validated.
pub async fn sodium_validated(house: &mut House, d: &dossier::DossierView) -> dossier::DossierView {
    house
        .call::<m::ResultEnter>(dossier::ResultEnterParams {
            dossier: d.id,
            analysis: d.chapters[0].results[0].analysis.clone(),
            value: "140".into(),
            comment: None,
        })
        .await;
    let validate = dossier::ValidateParams { id: Some(d.id), ..dossier::ValidateParams::default() };
    house.call::<m::DossierValidate>(validate).await
}
