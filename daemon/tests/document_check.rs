//! A stored document compared with itself and built again, over the real socket.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use paillasse_shared::domain::ids::DocumentId;
use paillasse_shared::protocol::document::{DocumentRef, ListParams};
use paillasse_shared::protocol::dossier::{CreateParams, ResultEnterParams, ValidateParams};
use paillasse_shared::protocol::error::ErrorKind;
use paillasse_shared::protocol::methods as m;
use support::House;
use support::flows::create;

const NOON: &str = "2026-11-22T12:00:00+01:00";

#[tokio::test(flavor = "multi_thread")]
async fn doc_04_the_two_forms_say_the_same_and_doc_29_a_rebuild_gives_the_same_bytes() {
    let mut house = House::open(&[], NOON).await;
    let patient = create(&mut house, "TESTEUR", "CAMILLE", "F", "12/03/1980").await;
    let opened = house
        .call::<m::DossierCreate>(CreateParams {
            patient: Some(patient),
            analyses: ["K", "CREA"].map(str::to_owned).to_vec(),
            ..CreateParams::default()
        })
        .await;
    for (analysis, value) in [("K", "6,4"), ("CREA", "98")] {
        let params = ResultEnterParams {
            dossier: opened.id,
            analysis: analysis.into(),
            value: value.into(),
            comment: None,
        };
        house.call::<m::ResultEnter>(params).await;
    }
    house
        .call::<m::DossierValidate>(ValidateParams { id: Some(opened.id), ..ValidateParams::default() })
        .await;
    let filter = ListParams { dossier: Some(opened.id), ..ListParams::default() };
    let id = house.call::<m::DocumentList>(filter).await.documents.remove(0).id;

    let compared = house.call::<m::DocumentCompare>(DocumentRef { id }).await;
    assert!(compared.identical, "{compared:?}");
    assert!(compared.values >= 2, "{compared:?}");
    // The clock moves and changes nothing: all that counts was kept with the document.
    let rebuilt = house.call::<m::DocumentRebuild>(DocumentRef { id }).await;
    assert!(rebuilt.same_cda && rebuilt.same_pdf, "{rebuilt:?}");
    let absent = DocumentRef { id: DocumentId(9999) };
    let absent = house.try_call::<m::DocumentRebuild>(&absent).await.unwrap_err();
    assert_eq!(absent.kind, ErrorKind::NotFound);
}
