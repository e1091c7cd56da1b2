//! Dossiers that another laboratory subcontracts to us, over the real socket: the report goes to that laboratory and to
//! nobody else, under its number, and the reason is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paillasse_documents::cda::reading;
use paillasse_shared::domain::dossier::CorrespondentRole;
use paillasse_shared::domain::ids::{CorrespondentId, PatientId};
use paillasse_shared::domain::order::{OrderState, Reason, Service};
use paillasse_shared::protocol::document::{Form, GetParams};
use paillasse_shared::protocol::dossier::{self, CorrespondentChoice, CorrespondentParams, ReceivedFrom};
use paillasse_shared::protocol::error::ErrorKind;
use paillasse_shared::protocol::methods as m;
use paillasse_shared::protocol::queue;
use support::flows::{drain, qualified};
use support::{House, MSS, TEST_NIR, person};

const NOW: &str = "2026-01-10T10:00:00+01:00";
const NUMBER: &str = "FOUG-26/004711";

fn zoe() -> String {
    person("EXEMPLE", &["ZOE"], "F", "1980-03-12", "69382", "2800399100042", TEST_NIR)
}

async fn correspondent(house: &mut House, family: &str, address: &str) -> CorrespondentId {
    let facts = CorrespondentParams {
        family: family.into(),
        mss_address: Some(address.into()),
        ..CorrespondentParams::default()
    };
    house.call::<m::CorrespondentCreate>(facts).await.id
}

/// A sodium asked by a laboratory, with a doctor in copy.
fn asked(patient: PatientId, laboratory: CorrespondentId, copy: CorrespondentId) -> dossier::CreateParams {
    dossier::CreateParams {
        patient: Some(patient),
        analyses: vec!["NA".into()],
        correspondents: vec![CorrespondentChoice { correspondent: copy, role: CorrespondentRole::Copy }],
        received_from: Some(ReceivedFrom { laboratory, number: format!(" {NUMBER} ") }),
        ..dossier::CreateParams::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sub_09_a_dossier_of_another_laboratory_leaves_for_it_alone_under_its_number_and_the_reason_is_shown()
{
    let mut house = House::open_with(&[zoe()], NOW, &format!("{MSS}patients = true\n")).await;
    let patient = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let lab = correspondent(&mut house, "LBM DES FOUGERES", "labo.fougeres@demo.mssante.fr").await;
    let doctor = correspondent(&mut house, "ROUX", "roux@demo.mssante.fr").await;
    let d = house.call::<m::DossierCreate>(asked(patient, lab, doctor)).await;

    // Before validation: what would leave, and why the rest will not.
    let from = d.received_from.as_ref().unwrap();
    assert_eq!((from.laboratory.id, from.number.as_str()), (lab, NUMBER));
    let leaving = |d: &dossier::Departure| (d.service, d.recipient.clone(), d.reason.is_none());
    let first = d.departures.first().map(leaving).unwrap();
    assert_eq!(first, (Service::Mss, "LBM DES FOUGERES".to_owned(), true), "{:?}", d.departures);
    let others: Vec<_> = d.departures.iter().skip(1).collect();
    assert!(others.iter().any(|o| o.service == Service::Dmp));
    for nobody in ["ROUX", "Patient"] {
        assert!(others.iter().any(|o| o.recipient == nobody), "{nobody}");
    }
    for other in &others {
        let because = Reason::ReceivedFromLaboratory { laboratory: "LBM DES FOUGERES".into() };
        assert_eq!(other.reason, Some(because), "{}", other.recipient);
        assert_eq!(other.why.as_ref(), Some(&from.why));
    }
    assert!(from.why.contains("LBM DES FOUGERES"), "{}", from.why);

    let entered = dossier::ResultEnterParams {
        dossier: d.id,
        analysis: d.chapters[0].results[0].analysis.clone(),
        value: "140".into(),
        comment: None,
    };
    house.call::<m::ResultEnter>(entered).await;
    let validate = dossier::ValidateParams { id: Some(d.id), ..dossier::ValidateParams::default() };
    let done = house.call::<m::DossierValidate>(validate).await;
    drain(&mut house, Service::Dmp).await;
    drain(&mut house, Service::Mss).await;

    // One order in all, a mail, and it was accepted.
    let filter = queue::ListParams { dossier: Some(d.id), ..queue::ListParams::default() };
    let orders = house.call::<m::QueueList>(filter).await.orders;
    let seen: Vec<_> = orders.iter().map(|o| (o.service, o.recipient.as_str(), o.state)).collect();
    assert_eq!(seen, [(Service::Mss, "LBM DES FOUGERES", OrderState::Delivered)]);
    assert_eq!(done.received_from.unwrap().why, from.why, "the reason stays readable after the validation");
    let envelope = house.journal().into_iter().find(|l| l.to_string().contains("labo.fougeres@")).unwrap();
    assert!(!envelope.to_string().contains("roux@"), "{envelope}");

    // The number of the other laboratory is where a reader looks for the request that is answered.
    let get = GetParams { id: done.documents[0].id, form: Form::Cda };
    let cda = STANDARD.decode(house.call::<m::DocumentGet>(get).await.base64).unwrap();
    let header = reading::read(&cda).unwrap().header;
    let numbers: Vec<_> = header.orders.iter().filter_map(|o| o.extension.as_deref()).collect();
    assert_eq!(numbers, [NUMBER]);
    let text = String::from_utf8(cda).unwrap();
    assert_eq!(text.matches("<informationRecipient>").count(), 1);
    assert!(text.contains("<name>LBM DES FOUGERES</name>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sub_09_a_dossier_of_another_laboratory_needs_that_laboratory_and_its_number() {
    let mut house = House::open(&[zoe()], NOW).await;
    let patient = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let lab = correspondent(&mut house, "LBM DES FOUGERES", "labo.fougeres@demo.mssante.fr").await;
    let blank = dossier::CreateParams {
        received_from: Some(ReceivedFrom { laboratory: lab, number: "  ".into() }),
        ..asked(patient, lab, lab)
    };
    let refused = house.try_call::<m::DossierCreate>(&blank).await.unwrap_err();
    assert_eq!((refused.kind, refused.field.as_deref()), (ErrorKind::Invalid, Some("received_from")));
    let nobody = asked(patient, CorrespondentId(999), lab);
    let refused = house.try_call::<m::DossierCreate>(&nobody).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NotFound);
}
