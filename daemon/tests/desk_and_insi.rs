//! The desk while INSi is slow, cut or late: nobody waits, nothing is lost, answers come back to the person who asked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use base64::Engine as _;
use jiff::Timestamp;
use paillasse_shared::domain::identity::{Level, TraitField};
use paillasse_shared::domain::order::Service;
use paillasse_shared::protocol::methods as m;
use paillasse_shared::protocol::patient::{
    CreateParams, EditTraitsParams, InsiState, PatientRef, ReceiveParams, SearchParams,
};
use paillasse_shared::protocol::{ins, queue};
use serde_json::json;
use support::flows::{create, drain, record};
use support::{House, SLOW_PACE, TEST_NIR, person};

const NOW: &str = "2026-01-10T10:00:00+01:00";

/// Waits until so many returns of INSi are there to look at. What wakes the queue is a probe of its own, told to nobody.
async fn to_look_at(house: &mut House, count: usize) {
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(120);
    while house.call::<m::InsWorklist>(m::Empty {}).await.items.len() < count {
        assert!(std::time::Instant::now() < patience, "INSi is back and the queue does not move");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

fn insi_answers(house: &House) -> Vec<serde_json::Value> {
    house.journal().into_iter().filter(|l| l["service"] == "insi").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ret_02_opening_a_record_starts_the_call_and_the_desk_goes_on() {
    let zoe = person("EXEMPLE", &["ZOE"], "F", "1980-03-12", "69382", "2800399100042", TEST_NIR);
    let mut house = House::open(&[zoe], NOW).await;
    // A record that INSi was never asked about: a partner sent it, without INS.
    let hl7 = b"MSH|^~\\&|DPI|SITE|P|L|20260110||ADT^A28|1|P|2.5\rPID|1||7||EXEMPLE^ZOE||19800312|F\r";
    let content = base64::engine::general_purpose::STANDARD.encode(hl7);
    let got = house.call::<m::PatientReceive>(ReceiveParams { content, direct_care: false }).await;
    let id = got.patient.unwrap();
    assert!(insi_answers(&house).is_empty());
    house.sim_obeys(&json!({"outage": {"service": "insi", "kind": "slow", "delay_ms": 60_000}}));
    let opened = house.call::<m::PatientGet>(PatientRef { id }).await;
    assert!(
        matches!(opened.insi, InsiState::Waiting { .. } | InsiState::Running { .. }),
        "the call is on its way, and the record was given without it: {:?}",
        opened.insi
    );
    // INSi has not answered, and the desk works: search, another record, a change of a phone number.
    let found = house.call::<m::PatientSearch>(SearchParams { text: "exemple".into(), limit: None }).await;
    assert_eq!(found.hits.len(), 1);
    create(&mut house, "MODELE", "LEA", "F", "02/05/1990").await;
    let meanwhile = house.call::<m::PatientGet>(PatientRef { id }).await.insi;
    assert!(matches!(meanwhile, InsiState::Waiting { .. } | InsiState::Running { .. }), "{meanwhile:?}");
    house.sim_obeys(&json!({"clear": "insi"}));
    drain(&mut house, Service::Insi).await;
    assert!(matches!(record(&mut house, id).await.insi, InsiState::ToDecide { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ret_05_an_answer_to_traits_corrected_meanwhile_is_traced_and_insi_is_asked_again() {
    let zoe = person("EXEMPLE", &["ZOE"], "F", "1980-03-12", "69382", "2800399100042", TEST_NIR);
    let mut house = House::open(&[zoe], NOW).await;
    house.sim_obeys(&json!({"outage": {"service": "insi", "kind": "slow", "delay_ms": 60_000}}));
    let id = create(&mut house, "EXEMPLE", "ZOA", "F", "12/03/1980").await;
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let running = loop {
        let p = record(&mut house, id).await;
        if matches!(p.insi, InsiState::Running { .. }) {
            break p;
        }
        assert!(std::time::Instant::now() < patience, "the call never began: {:?}", p.insi);
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    let traits = CreateParams {
        birth_name: "EXEMPLE".into(),
        first_name: "ZOE".into(),
        sex: "F".into(),
        birth_date: "12/03/1980".into(),
        birth_place: running.traits.birth_place.map(|c| c.as_str().to_owned()),
        ..CreateParams::default()
    };
    let params = EditTraitsParams { id, version: running.version, traits, motive: None };
    house.call::<m::PatientEditTraits>(params).await;
    house.sim_obeys(&json!({"clear": "insi"}));
    drain(&mut house, Service::Insi).await;
    let after = record(&mut house, id).await;
    assert!(matches!(after.insi, InsiState::ToDecide { .. }), "{:?}", after.insi);
    assert!(insi_answers(&house).len() >= 2, "the first answer, about ZOA, was given too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ret_14_a_hundred_identities_resolve_in_order_and_at_the_pace_when_insi_is_back() {
    let surname = |i: usize| {
        let letter = |n: usize| char::from(b'A' + u8::try_from(n).unwrap());
        format!("ESSAI{}{}", letter(i / 26), letter(i % 26))
    };
    let people: Vec<String> = (0..100)
        .map(|i| {
            let number = format!("28001991000{:02}", i);
            person(&surname(i), &["ANNE"], "F", "1980-01-02", "69382", &number, TEST_NIR)
        })
        .collect();
    let mut house = House::open_with(&people, NOW, SLOW_PACE).await;
    house.sim_obeys(&json!({"outage": {"service": "insi", "kind": "cut"}}));
    let mut ids = vec![];
    for i in 0..100 {
        ids.push(create(&mut house, &surname(i), "ANNE", "F", "02/01/1980").await);
    }
    // Each is registered, waits, and says why as soon as INSi was tried.
    let waiting = house
        .call::<m::QueueList>(queue::ListParams {
            service: Some(Service::Insi),
            limit: Some(500),
            ..Default::default()
        })
        .await
        .orders;
    assert_eq!(waiting.len(), 100, "nothing is lost");
    let tries: u32 = waiting.iter().map(|o| o.attempts).sum();
    assert!(tries <= 60, "an outage is not hammered: {tries} calls");
    for id in &ids {
        let p = record(&mut house, *id).await;
        assert!(matches!(p.insi, InsiState::Waiting { .. } | InsiState::Running { .. }), "{:?}", p.insi);
    }
    house.sim_obeys(&json!({"clear": "insi"}));
    to_look_at(&mut house, 100).await;
    // Cut exchanges are kept too: what matters is what was answered.
    let cut = insi_answers(&house).len() - 100;
    assert!(cut <= 60, "an outage is not hammered: {cut} calls");
    for id in &ids {
        let p = record(&mut house, *id).await;
        assert!(matches!(p.insi, InsiState::ToDecide { .. }), "{:?}", p.insi);
    }
    let answers = insi_answers(&house).split_off(cut);
    let times: Vec<Timestamp> =
        answers.iter().map(|a| a["time"].as_str().unwrap().parse().unwrap()).collect();
    // Twenty a second, one second of turns saved up and four in flight: a hundred calls take at least (100 - 24) / 20
    // seconds, less a margin for the instants at which they are written down. A busy machine only makes it longer.
    let span = times.last().unwrap().as_millisecond() - times.first().unwrap().as_millisecond();
    assert!(span >= 2_500, "a hundred calls in {span} ms: a burst");
    // Order of the calls: that of the creations, but for those in flight together.
    let order = house.insi_order(&(0..100).map(surname).collect::<Vec<_>>()).split_off(cut);
    let mut each = order.clone();
    each.sort_unstable();
    assert_eq!(each, (0..100).collect::<Vec<_>>(), "one answer each, no repetition");
    for (place, rank) in order.iter().enumerate() {
        assert!(place.abs_diff(*rank) <= 8, "n° {rank} was asked at place {place}: {order:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_15_a_late_answer_goes_to_the_list_of_the_person_who_registered_with_a_counter() {
    let zoe = person("EXEMPLE", &["ZOE", "MARIE"], "F", "1980-03-12", "69382", "2800399100042", TEST_NIR);
    let mut house = House::open(&[zoe], NOW).await;
    house.sim_obeys(&json!({"outage": {"service": "insi", "kind": "cut"}}));
    let id = create(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    assert!(house.call::<m::InsWorklist>(m::Empty {}).await.items.is_empty());
    assert_eq!(house.call::<m::StatusGet>(m::Empty {}).await.worklists.insi, 0);
    house.sim_obeys(&json!({"clear": "insi"}));
    to_look_at(&mut house, 1).await;
    let list = house.call::<m::InsWorklist>(m::Empty {}).await.items;
    assert_eq!(list.len(), 1);
    assert_eq!((list[0].patient, list[0].asked_by.as_str()), (id, "essai"));
    assert_eq!(house.call::<m::StatusGet>(m::Empty {}).await.worklists.insi, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_09_after_a_relaunch_with_the_place_the_same_comparison_shows_the_matricule_and_one_act_accepts()
{
    let here = person("EXEMPLE", &["ZOE"], "F", "1980-03-12", "69382", "2800369382042", TEST_NIR);
    let there = person("EXEMPLE", &["ZOE"], "F", "1980-03-12", "13201", "2800313201042", TEST_NIR);
    let mut house = House::open(&[here, there], NOW).await;
    let created = house
        .call::<m::PatientCreate>(paillasse_shared::protocol::patient::CreateParams {
            birth_name: "EXEMPLE".into(),
            first_name: "ZOE".into(),
            sex: "F".into(),
            birth_date: "12/03/1980".into(),
            birth_place: Some("69382".into()),
            not_a_duplicate: true,
            ..Default::default()
        })
        .await;
    let paillasse_shared::protocol::patient::Created::Created { patient } = created else { panic!() };
    drain(&mut house, Service::Insi).await;
    assert_eq!(insi_answers(&house).len(), 2, "02 without the place, 00 with it");
    let pending = house.call::<m::InsCompare>(PatientRef { id: patient.id }).await;
    assert!(pending.how.contains("sans lieu puis avec le lieu"), "{}", pending.how);
    let line = pending.comparison.fields.iter().find(|f| f.field == TraitField::Matricule).unwrap();
    assert_eq!(line.level, Level::Added, "the NIR is a line of the comparison");
    assert_eq!(pending.insi.matricule.number(), "2800369382042");
    let decide = ins::DecideParams {
        id: patient.id,
        return_id: Some(pending.id),
        despite_contradiction: false,
        motive: None,
    };
    assert!(house.call::<m::InsAccept>(decide).await.ins.is_some(), "one act");
}

#[tokio::test(flavor = "multi_thread")]
async fn sta_18_strict_fields_are_byte_for_byte_those_of_the_trace_of_the_return() {
    let anne = person(
        "D'EXEMPLE--DUPONT",
        &["ANNE-MARIE", "ODETTE"],
        "F",
        "1978-05-14",
        "99109",
        "2780599109042",
        TEST_NIR,
    );
    let mut house = House::open(&[anne], NOW).await;
    let id = create(&mut house, "d'Exemple--Dupont", "Anne Marie", "F", "14/05/1978").await;
    drain(&mut house, Service::Insi).await;
    let decide = ins::DecideParams { id, return_id: None, despite_contradiction: false, motive: None };
    house.call::<m::InsAccept>(decide).await;
    let base = rusqlite::Connection::open(house.dir.path().join("p.db")).unwrap();
    let trace: String = base
        .query_row("SELECT response FROM insi_trace WHERE code = '00' ORDER BY id DESC LIMIT 1", [], |r| {
            r.get(0)
        })
        .unwrap();
    let returned = |name: &str| {
        let from =
            trace.find(&format!("{name}>")).unwrap_or_else(|| panic!("{name} in {trace}")) + name.len() + 1;
        trace[from..].split('<').next().unwrap().replace("&apos;", "'").replace("&#39;", "'")
    };
    type Stored = (String, String, String, String, String, String, String);
    let stored: Stored = base
        .query_row(
            "SELECT birth_name, given_names, sex, birth_date, birth_place, matricule, oid FROM patient WHERE id = ?1",
            [id.0],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?, r.get(6)?)),
        )
        .unwrap();
    assert_eq!(stored.0.as_bytes(), returned("NomNaissance").as_bytes());
    assert_eq!(stored.1.as_bytes(), returned("ListePrenom").as_bytes());
    assert_eq!(stored.2.as_bytes(), returned("Sexe").as_bytes());
    assert_eq!(stored.3.as_bytes(), returned("DateNaissance").as_bytes());
    assert_eq!(stored.4.as_bytes(), returned("LieuNaissance").as_bytes());
    assert_eq!(stored.5, returned("NumIdentifiant") + &returned("Cle"));
    assert_eq!(stored.6, returned("OID"));
    let first = record(&mut house, id).await.traits.first_name;
    assert_eq!(first.as_str(), "ANNE-MARIE", "written as in the list returned");
}
