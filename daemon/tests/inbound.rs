//! Identities that other parties send, over the real socket, the real MLLP port and a simulated INSi.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::time::Duration;

use base64::Engine as _;
use paillasse_shared::domain::identity::{DeviceKind, Status};
use paillasse_shared::domain::order::{OrderState, Reason, Service};
use paillasse_shared::domain::result::ResultState;
use paillasse_shared::protocol::inbox::{AttachParams, InboxRef, InboxState, ListParams, MessageView};
use paillasse_shared::protocol::methods as m;
use paillasse_shared::protocol::patient::{InsiState, PatientRef, ReceiveParams, ReceivedIdentity};
use paillasse_shared::protocol::{dossier, queue};
use support::flows::{create, drain, qualified, record, tube};
use support::{House, TEST_NIR, person};

const NOW: &str = "2026-11-22T10:00:00+01:00";
const NUMBER: &str = "2800399100042";

const PARTNERS: &str = r#"
[[partners]]
name = "Clinique du Parc"
application = "DPI_PARC"
contract = "2026-01-15"
direct_care = false
[[partners]]
name = "Clinique sans contrat"
application = "DPI_AUTRE"
"#;

fn zoe() -> String {
    person("EXEMPLE", &["ZOE"], "F", "1980-03-12", "69382", NUMBER, TEST_NIR)
}

fn matricule(number: &str) -> String {
    format!("{number}{:02}", paillasse_shared::domain::identity::matricule::key_of(number))
}

fn pid(number: &str, name: &str, first: &str, born: &str, code: &str) -> String {
    format!(
        "PID|1||77^^^CLINIQUE&1.2.3&ISO^PI~{}^^^ASIP-SANTE-INS-NIR&{TEST_NIR}&ISO^INS||{name}^{first}^{first}^^^^L||{born}|F|||\
         ^^^^^^BDL^^69382||||||||||||||||||||{}{code}",
        matricule(number),
        "|"
    )
}

fn adt(control: &str, application: &str, pid: &str) -> Vec<u8> {
    format!("MSH|^~\\&|{application}|SITE|PAILLASSE|LBM|20260110100000||ADT^A28^ADT_A05|{control}|P|2.5\rEVN||20260110\r{pid}\r")
        .into_bytes()
}

async fn receive(house: &mut House, bytes: &[u8]) -> ReceivedIdentity {
    let content = base64::engine::general_purpose::STANDARD.encode(bytes);
    house.call::<m::PatientReceive>(ReceiveParams { content, direct_care: false }).await
}

async fn message(house: &mut House, id: paillasse_shared::domain::ids::InboxId) -> MessageView {
    house.call::<m::InboxGet>(InboxRef { id }).await.message
}

fn insi_calls(house: &House) -> usize {
    house.journal().iter().filter(|l| l["service"] == "insi").count()
}

async fn verifications(house: &mut House) -> Vec<queue::OrderView> {
    let filter = queue::ListParams { service: Some(Service::Verify), ..queue::ListParams::default() };
    house.call::<m::QueueList>(filter).await.orders
}

#[tokio::test(flavor = "multi_thread")]
async fn sta_13_an_unknown_partner_gives_a_provisional_identity_and_a_contract_a_qualified_one() {
    let leo = person("MODELE", &["LEA"], "F", "1990-05-02", "69382", "2900599100042", TEST_NIR);
    let mut house = House::open_with(&[zoe(), leo], NOW, PARTNERS).await;
    house.call::<m::QueuePause>(queue::ServiceParams { service: Service::Verify }).await;
    let said = pid(NUMBER, "EXEMPLE", "ZOE", "19800312", "VALI");
    let unknown = receive(&mut house, &adt("1", "INCONNU", &said)).await;
    assert_eq!((unknown.partner, unknown.status), (None, Some(Status::Provisoire)));
    assert_eq!(unknown.message.state, InboxState::Verifying);
    let queued = verifications(&mut house).await;
    assert_eq!(queued.len(), 1, "the verification is queued");
    assert_eq!(queued[0].reason, Some(Reason::ServicePaused { service: Service::Verify }));
    let zoe = unknown.patient.unwrap();
    let before = record(&mut house, zoe).await;
    assert!(before.ins.is_none(), "the INS is set aside");

    let said = pid("2900599100042", "MODELE", "LEA", "19900502", "VALI");
    let trusted = receive(&mut house, &adt("2", "DPI_PARC", &said)).await;
    assert_eq!(trusted.partner.as_deref(), Some("Clinique du Parc"));
    assert_eq!(trusted.status, Some(Status::Qualifiee));
    let lea = record(&mut house, trusted.patient.unwrap()).await;
    let proof = lea.proof.unwrap();
    assert_eq!((proof.device, proof.partner.as_deref()), (DeviceKind::ThirdParty, Some("Clinique du Parc")));

    // INSi confirms both: recovered only, where nobody vouches.
    house.call::<m::QueueResume>(queue::ServiceParams { service: Service::Verify }).await;
    drain(&mut house, Service::Verify).await;
    let after = record(&mut house, zoe).await;
    assert_eq!(after.status, Status::Recuperee, "a device is still to be checked here");
    assert_eq!(after.ins.unwrap().matricule.compact(), matricule(NUMBER));
    assert_eq!(message(&mut house, unknown.message.id).await.state, InboxState::Filed);
    let lea = record(&mut house, lea.id).await;
    assert_eq!(lea.status, Status::Qualifiee);
    assert!(lea.ins.unwrap().verified_at.is_some(), "VER-07: verified although vouched for");
    // INS-19: who gave it to us is told too.
    let partners = house.call::<m::PatientDisclosures>(PatientRef { id: lea.id }).await.received;
    assert_eq!(partners[0].partner, "Clinique du Parc");
}

#[tokio::test(flavor = "multi_thread")]
async fn sta_13_a_partner_without_contract_or_a_person_seen_here_is_qualified_again() {
    let mut house = House::open_with(&[zoe()], NOW, PARTNERS).await;
    let said = pid(NUMBER, "EXEMPLE", "ZOE", "19800312", "VALI");
    let content = base64::engine::general_purpose::STANDARD.encode(adt("1", "DPI_PARC", &said));
    let seen = house.call::<m::PatientReceive>(ReceiveParams { content, direct_care: true }).await;
    assert_eq!(seen.status, Some(Status::Provisoire));
    let other = pid("2900599100042", "MODELE", "LEA", "19900502", "VALI");
    let without = receive(&mut house, &adt("2", "DPI_AUTRE", &other)).await;
    assert_eq!(without.status, Some(Status::Provisoire));
    let doubtful = pid("2850599100042", "MODELE", "ANNE", "19850502", "VALI~DOUT");
    let unsafe_ = receive(&mut house, &adt("3", "DPI_PARC", &doubtful)).await;
    assert_eq!(unsafe_.status, Some(Status::Provisoire));
    assert_eq!(unsafe_.message.state, InboxState::Filed, "nothing of a doubtful INS is even verified");
}

#[tokio::test(flavor = "multi_thread")]
async fn ver_05_a_refused_ins_leaves_the_local_record_as_it_is() {
    let mut house = House::open_with(&[], NOW, PARTNERS).await;
    let id = create(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    drain(&mut house, Service::Insi).await;
    let before = record(&mut house, id).await;
    let history = house.call::<m::PatientHistory>(PatientRef { id }).await;
    for (control, application) in [("1", "INCONNU"), ("2", "DPI_PARC")] {
        let said = pid(NUMBER, "EXEMPLE", "ZOE", "19800312", "VALI");
        let got = receive(&mut house, &adt(control, application, &said)).await;
        assert_eq!(got.patient, Some(id));
        drain(&mut house, Service::Verify).await;
        let shown = message(&mut house, got.message.id).await;
        assert_eq!(shown.state, InboxState::Unmatched, "{shown:?}");
        assert!(shown.why.unwrap().contains("INSi ne reconnaît pas"));
    }
    assert_eq!(record(&mut house, id).await, before);
    assert_eq!(house.call::<m::PatientHistory>(PatientRef { id }).await, history);
}

#[tokio::test(flavor = "multi_thread")]
async fn ver_06_a_refused_ins_creates_an_identity_without_matricule_or_oid() {
    let mut house = House::open_with(&[], NOW, PARTNERS).await;
    for (control, application, number, name) in
        [("1", "INCONNU", NUMBER, "EXEMPLE"), ("2", "DPI_PARC", "2900599100042", "MODELE")]
    {
        let said = pid(number, name, "ZOE", "19800312", "VALI");
        let got = receive(&mut house, &adt(control, application, &said)).await;
        drain(&mut house, Service::Verify).await;
        let p = record(&mut house, got.patient.unwrap()).await;
        assert_eq!(p.status, Status::Provisoire, "{application}");
        assert!(p.ins.is_none() && p.proof.is_none());
        assert_eq!(p.traits.birth_name.as_str(), name);
        assert!(
            matches!(p.insi, InsiState::NotFound { .. }),
            "in the list of returns to look at: {:?}",
            p.insi
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ver_07_an_ins_known_here_is_not_verified_again() {
    let lea = person("MODELE", &["LEA"], "F", "1990-05-02", "69382", "2900599100042", TEST_NIR);
    let mut house = House::open_with(&[zoe(), lea], NOW, PARTNERS).await;
    let known = qualified(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    let calls = insi_calls(&house);
    let said = pid(NUMBER, "EXEMPLE", "ZOE", "19800312", "VALI");
    let got = receive(&mut house, &adt("1", "INCONNU", &said)).await;
    assert_eq!((got.patient, got.message.state), (Some(known), InboxState::Filed));
    let said = pid("2900599100042", "MODELE", "LEA", "19900502", "VALI");
    receive(&mut house, &adt("2", "INCONNU", &said)).await;
    drain(&mut house, Service::Verify).await;
    assert_eq!(insi_calls(&house), calls + 1, "one call for two messages");
    // The same message again does nothing.
    receive(&mut house, &adt("2", "INCONNU", &said)).await;
    drain(&mut house, Service::Verify).await;
    assert_eq!(insi_calls(&house), calls + 1);
    assert_eq!(house.call::<m::InboxList>(ListParams { all: true, limit: None }).await.messages.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_resembles_another_waits_for_a_person_and_is_filed_by_hand() {
    let mut house = House::open_with(&[zoe()], NOW, PARTNERS).await;
    let id = create(&mut house, "EXEMPLE", "ZOEE", "F", "12/03/1980").await;
    let said = pid(NUMBER, "EXEMPLE", "ZOE", "19800312", "VALI");
    let got = receive(&mut house, &adt("1", "INCONNU", &said)).await;
    assert_eq!((got.patient, got.message.state), (None, InboxState::Unmatched));
    let to = AttachParams {
        id: got.message.id,
        dossier: None,
        number: None,
        patient: Some(id),
        new_patient: false,
        despite_identity: false,
        motive: None,
    };
    house.call::<m::InboxAttach>(to).await;
    drain(&mut house, Service::Verify).await;
    // INSi confirms the INS under traits that are not those of the record: a person compares them (RET-06).
    let p = record(&mut house, id).await;
    assert_eq!(p.status, Status::Provisoire);
    assert!(matches!(p.insi, InsiState::ToDecide { .. }), "{:?}", p.insi);
    let nothing = receive(&mut house, b"MSH|^~\\&|A|B|C|D|20260110||ADT^A28|9|P|2.5\rEVN||2026\r").await;
    assert_eq!(nothing.message.state, InboxState::Unreadable, "kept, and says why");
}

async fn results(house: &House, control: &str, tube: &str, pid: &str) {
    let message = format!(
        "MSH|^~\\&|SOUSTRAITANT|LABO|PAILLASSE|LBM|20260110100000||ORU^R01^ORU_R01|{control}|P|2.5.1\r\
         {pid}\rOBR|1||{tube}|IONO^Ionogramme^L\rOBX|1|NM|2951-2^Sodium^LN||140|mmol/L|136-145||||F\r"
    );
    let answer =
        paillasse_connectors::mllp::send(house.mllp(), message.as_bytes(), Duration::from_secs(20)).await;
    assert!(String::from_utf8(answer.unwrap()).unwrap().contains("MSA|AA|"));
}

async fn sodium(house: &mut House, d: &dossier::DossierView) -> ResultState {
    let view = house.call::<m::DossierGet>(dossier::DossierRef { id: Some(d.id), number: None }).await;
    view.chapters[0].results[0].state
}

async fn waiting(house: &mut House) -> Vec<MessageView> {
    house.call::<m::InboxList>(ListParams::default()).await.messages
}

#[tokio::test(flavor = "multi_thread")]
async fn ver_08_results_with_an_ins_that_insi_refuses_are_not_filed_and_wait_in_the_list() {
    let mut house = House::open_with(&[zoe()], NOW, PARTNERS).await;
    let id = create(&mut house, "MODELE", "LEA", "F", "02/05/1990").await;
    let (d, tube) = tube(&mut house, id).await;
    results(&house, "1", &tube, &pid("2900599100042", "MODELE", "LEA", "19900502", "VALI")).await;
    drain(&mut house, Service::Verify).await;
    let list = waiting(&mut house).await;
    assert_eq!((list.len(), list[0].state), (1, InboxState::Unmatched), "{list:?}");
    assert_eq!(list[0].state.label(), "à rapprocher");
    assert!(list[0].why.as_deref().unwrap().contains("INSi ne reconnaît pas"), "{list:?}");
    assert_eq!(sodium(&mut house, &d).await, ResultState::Pending);
    assert!(record(&mut house, id).await.ins.is_none());
    // Replayed, it is asked again and waits again: nothing is lost. A person may file it, knowing.
    house.call::<m::InboxReplay>(InboxRef { id: list[0].id }).await;
    drain(&mut house, Service::Verify).await;
    let again = waiting(&mut house).await;
    assert_eq!((again.len(), again[0].state), (1, InboxState::Unmatched), "{again:?}");
    let mut by_hand = AttachParams {
        id: again[0].id,
        dossier: None,
        number: Some(d.number.clone()),
        patient: None,
        new_patient: false,
        despite_identity: false,
        motive: None,
    };
    let refused = house.try_call::<m::InboxAttach>(&by_hand).await.unwrap_err();
    assert!(refused.cause.contains("INSi ne reconnaît pas"), "{}", refused.cause);
    by_hand.despite_identity = true;
    let filed = house.call::<m::InboxAttach>(by_hand).await;
    assert_eq!(filed.state, InboxState::Filed);
    assert_eq!(sodium(&mut house, &d).await, ResultState::Entered);
    assert!(record(&mut house, id).await.ins.is_none(), "the identity is not touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn sub_08_and_ver_07_results_with_the_right_ins_are_filed_and_another_one_is_held() {
    let mut house = House::open_with(&[zoe()], NOW, PARTNERS).await;
    let id = create(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    drain(&mut house, Service::Insi).await;
    let (first, tube_one) = tube(&mut house, id).await;
    results(&house, "1", &tube_one, &pid(NUMBER, "EXEMPLE", "ZOE", "19800312", "VALI")).await;
    drain(&mut house, Service::Verify).await;
    assert_eq!(waiting(&mut house).await, []);
    assert_eq!(sodium(&mut house, &first).await, ResultState::Entered);
    assert_eq!(record(&mut house, id).await.status, Status::Provisoire, "results never give an INS");

    let accept = paillasse_shared::protocol::ins::DecideParams {
        id,
        return_id: None,
        despite_contradiction: false,
        motive: None,
    };
    house.call::<m::InsAccept>(accept).await;
    let calls = insi_calls(&house);
    let (second, tube_two) = tube(&mut house, id).await;
    results(&house, "2", &tube_two, &pid(NUMBER, "EXEMPLE", "ZOE", "19800312", "VALI")).await;
    assert_eq!(sodium(&mut house, &second).await, ResultState::Entered, "at once: the INS is known here");
    let (third, tube_three) = tube(&mut house, id).await;
    results(&house, "3", &tube_three, &pid("2900599100042", "EXEMPLE", "ZOE", "19800312", "VALI")).await;
    assert_eq!(insi_calls(&house), calls);
    assert_eq!(sodium(&mut house, &third).await, ResultState::Pending);
    assert!(waiting(&mut house).await[0].why.as_deref().unwrap().contains("un autre matricule INS"));
}

#[tokio::test(flavor = "multi_thread")]
async fn results_do_not_wait_for_insi_when_it_does_not_answer() {
    let mut house = House::open_with(&[], NOW, PARTNERS).await;
    let id = create(&mut house, "MODELE", "LEA", "F", "02/05/1990").await;
    drain(&mut house, Service::Insi).await;
    house.call::<m::QueuePause>(queue::ServiceParams { service: Service::Verify }).await;
    let (d, tube) = tube(&mut house, id).await;
    results(&house, "1", &tube, &pid("2900599100042", "MODELE", "LEA", "19900502", "VALI")).await;
    assert_eq!(sodium(&mut house, &d).await, ResultState::Entered);
    assert_eq!(waiting(&mut house).await, []);
    assert_eq!(verifications(&mut house).await[0].state, OrderState::Scheduled);
    // The answer comes later: the laboratory is told that what it filed bears an INS that is not recognised.
    house.call::<m::QueueResume>(queue::ServiceParams { service: Service::Verify }).await;
    drain(&mut house, Service::Verify).await;
    let list = waiting(&mut house).await;
    assert!(list[0].why.as_deref().unwrap().contains("déjà classés"), "{list:?}");
}
