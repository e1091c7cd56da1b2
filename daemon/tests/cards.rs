//! Cards of patients over the real socket and a simulated INSi: which way a call goes, whose card it is, what is kept.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use jiff::{Timestamp, ToSpan};
use paillasse_shared::domain::card::{Assertion, Beneficiary, CardSource};
use paillasse_shared::domain::identity::{DeviceKind, Status, TraitField};
use paillasse_shared::domain::ids::PatientId;
use paillasse_shared::domain::order::Service;
use paillasse_shared::protocol::card::{CallParams, CardView, PushParams, ShowParams};
use paillasse_shared::protocol::methods as m;
use paillasse_shared::protocol::patient::{self, InsiState, PatientRef, Understood};
use paillasse_shared::protocol::{audit, ins};
use support::flows::{create, drain, record};
use support::{House, TEST_NIR, person};

const HOLDER: &str = "2800399100042";
const CHILD: &str = "1100399100042";
const TWIN: &str = "1100399100043";

/// A mother and her twin sons, whom INSi knows.
fn family() -> Vec<String> {
    vec![
        person("EXEMPLE", &["ZOE", "MARIE"], "F", "1980-03-12", "69382", HOLDER, TEST_NIR),
        person("EXEMPLE", &["LEO"], "M", "2010-03-12", "69382", CHILD, TEST_NIR),
        person("EXEMPLE", &["TOM"], "M", "2010-03-12", "69382", TWIN, TEST_NIR),
    ]
}

/// Stands for the assertion of a licensed component.
fn assertion(at: Timestamp) -> Assertion {
    let xml = format!(
        "<Assertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_MARQUE-D-ASSERTION\" Version=\"2.0\" \
         IssueInstant=\"{at}\"><Issuer>essai</Issuer></Assertion>"
    );
    Assertion { xml, issued_at: Some(at) }
}

fn beneficiary(given: &str, born: &str, rank: u8, nir: Option<&str>) -> Beneficiary {
    Beneficiary {
        name: "EXEMPLE".into(),
        birth_name: None,
        given_name: given.into(),
        birth_date: born.into(),
        rank: Some(rank),
        sex: None,
        nir: nir.map(str::to_owned),
        assertion: Some(assertion(Timestamp::now())),
    }
}

fn family_card() -> PushParams {
    PushParams {
        source: CardSource::Vitale,
        reader: Some("Accueil".into()),
        read_at: None,
        login: None,
        holder: Some(HOLDER.into()),
        regime: Some(("01".into(), "751".into(), "0000".into())),
        beneficiaries: vec![
            beneficiary("ZOE", "1980-03-12", 1, Some(HOLDER)),
            beneficiary("LEO", "2010-03-12", 1, Some(CHILD)),
            beneficiary("TOM", "2010-03-12", 2, Some(TWIN)),
        ],
    }
}

fn somebody_else() -> PushParams {
    let mut card = family_card();
    card.holder = Some("1990399100042".into());
    card.beneficiaries = vec![beneficiary("PAUL", "1999-03-12", 1, None)];
    card
}

async fn house() -> House {
    House::open(&family(), &Timestamp::now().to_string()).await
}

async fn push(house: &mut House, card: PushParams) -> CardView {
    house.call::<m::CardPush>(card).await.card.unwrap()
}

async fn fetch(house: &mut House, id: PatientId) -> InsiState {
    house.call::<m::InsFetch>(ins::FetchParams { id, wait: true }).await.insi
}

async fn to_decide(house: &mut House, id: PatientId) {
    let state = fetch(house, id).await;
    assert!(matches!(state, InsiState::ToDecide { .. }), "{state:?}");
}

/// Mode and authentication of the calls, as the journal says, oldest first.
async fn modes(house: &mut House) -> Vec<(String, String, String)> {
    let lines = house.call::<m::AuditList>(audit::ListParams::default()).await.lines;
    lines
        .iter()
        .filter(|l| l.act == "insi-call")
        .map(|l| {
            let detail: serde_json::Value = serde_json::from_str(&l.detail).unwrap();
            let text = |k: &str| detail[k].as_str().unwrap().to_owned();
            (text("mode"), text("auth"), text("code"))
        })
        .collect()
}

fn seen(modes: &[(String, String, String)]) -> Vec<(&str, &str, &str)> {
    modes.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_01_and_03_the_call_goes_by_card_when_it_is_there_by_traits_otherwise() {
    let mut house = house().await;
    // Without a card.
    let zoe = create(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    to_decide(&mut house, zoe).await;
    assert_eq!(seen(&modes(&mut house).await), [("traits", "INSI-MANU", "00")]);
    let pending = house.call::<m::InsCompare>(PatientRef { id: zoe }).await;
    assert!(pending.how.starts_with("par traits, "), "{}", pending.how);

    // With the card of the family: the call that starts by itself at the creation goes by it.
    push(&mut house, family_card()).await;
    let leo = create(&mut house, "EXEMPLE", "LEO", "M", "12/03/2010").await;
    to_decide(&mut house, leo).await;
    assert_eq!(seen(&modes(&mut house).await)[1..], [("vitale", "INSI-MANU", "00")]);
    let pending = house.call::<m::InsCompare>(PatientRef { id: leo }).await;
    assert!(pending.how.starts_with("par carte Vitale, "), "{}", pending.how);
    assert_eq!(pending.insi.matricule.number(), CHILD);
    let sent: Vec<_> = house.journal().into_iter().filter(|l| l["service"] == "insi").collect();
    assert_eq!(sent.last().unwrap()["operation"], "rechercherInsAvecCarteVitale");

    // Somebody whose card it is not goes by traits, silently: nobody asked for the card.
    create(&mut house, "HORS", "CARTE", "F", "12/03/1981").await;
    drain(&mut house, Service::Insi).await;
    assert_eq!(seen(&modes(&mut house).await)[2..], [("traits", "INSI-MANU", "01")]);

    // A reading without assertion never serves for a call.
    let mut free = family_card();
    free.source = CardSource::VitaleLibre;
    free.beneficiaries.iter_mut().for_each(|b| b.assertion = None);
    let view = push(&mut house, free).await;
    assert!(view.people.iter().all(|p| !p.callable));
    let tom = create(&mut house, "EXEMPLE", "TOM", "M", "12/03/2010").await;
    to_decide(&mut house, tom).await;
    assert_eq!(seen(&modes(&mut house).await)[3..], [("traits", "INSI-MANU", "00")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_01_the_card_that_finds_nobody_gives_way_to_the_traits() {
    let mut house = house().await;
    let mut card = family_card();
    card.holder = Some("2990399100099".into());
    card.beneficiaries = vec![beneficiary("ZOE", "1980-03-12", 1, None)];
    push(&mut house, card).await;
    let zoe = create(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    to_decide(&mut house, zoe).await;
    assert_eq!(
        seen(&modes(&mut house).await),
        [("vitale", "INSI-MANU", "01"), ("traits", "INSI-MANU", "00")]
    );
    let pending = house.call::<m::InsCompare>(PatientRef { id: zoe }).await;
    assert!(pending.how.starts_with("par la carte puis par traits"), "{}", pending.how);
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_13_another_card_or_another_person_is_refused_with_an_explanation() {
    let mut house = house().await;
    // Registered before any card, and INSi is on pause: nothing left yet.
    house
        .call::<m::QueuePause>(paillasse_shared::protocol::queue::ServiceParams { service: Service::Insi })
        .await;
    let leo = create(&mut house, "EXEMPLE", "LEO", "M", "12/03/2010").await;
    let card = push(&mut house, family_card()).await;
    let call = |reading, position| CallParams { id: leo, reading, position, wait: false };

    // The people of the card, compared with the patient on screen.
    let shown = house.call::<m::CardShow>(ShowParams { patient: Some(leo) }).await.card.unwrap();
    let differs: Vec<_> = shown.people.iter().map(|p| p.differs.clone()).collect();
    assert_eq!(
        differs,
        [vec![TraitField::FirstName, TraitField::BirthDate], vec![], vec![TraitField::FirstName]]
    );
    let refused = house.try_call::<m::InsFetchByCard>(&call(card.reading, Some(1))).await.unwrap_err();
    assert!(
        refused.cause.contains("n'est pas le patient à l'écran : le prénom, la date de naissance"),
        "{}",
        refused.cause
    );
    assert!(refused.hint.unwrap().contains("vérifier à qui est la carte"));

    // Swapped before the call is asked for.
    let other = push(&mut house, somebody_else()).await;
    let refused = house.try_call::<m::InsFetchByCard>(&call(card.reading, Some(2))).await.unwrap_err();
    assert!(refused.cause.contains("n'est plus celle qui avait été lue"), "{}", refused.cause);
    let refused = house.try_call::<m::InsFetchByCard>(&call(other.reading, None)).await.unwrap_err();
    assert!(refused.cause.contains("aucune personne de la carte"), "{}", refused.cause);

    // Swapped after the call was asked for, before it leaves.
    let card = push(&mut house, family_card()).await;
    house.call::<m::InsFetchByCard>(call(card.reading, Some(2))).await;
    push(&mut house, somebody_else()).await;
    house
        .call::<m::QueueResume>(paillasse_shared::protocol::queue::ServiceParams { service: Service::Insi })
        .await;
    drain(&mut house, Service::Insi).await;
    let InsiState::Failed { words, .. } = record(&mut house, leo).await.insi else { panic!("not refused") };
    assert!(words.contains("n'est plus celle qui avait été lue"), "{words}");
    assert_eq!(modes(&mut house).await, [], "nothing was sent");

    // The right card again: the call is made.
    let card = push(&mut house, family_card()).await;
    let state =
        house.call::<m::InsFetchByCard>(CallParams { wait: true, ..call(card.reading, None) }).await.insi;
    assert!(matches!(state, InsiState::ToDecide { .. }), "{state:?}");
    assert_eq!(seen(&modes(&mut house).await), [("vitale", "INSI-MANU", "00")]);

    // Removed: said plainly.
    house.call::<m::CardRemove>(m::Empty {}).await;
    assert!(house.call::<m::CardShow>(ShowParams::default()).await.card.is_none());
    let refused = house.try_call::<m::InsFetchByCard>(&call(card.reading, Some(2))).await.unwrap_err();
    assert!(refused.cause.contains("la carte n'est plus là"), "{}", refused.cause);
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_13_an_assertion_of_more_than_twenty_minutes_does_not_serve() {
    let mut house = house().await;
    let card = push(&mut house, family_card()).await;
    house.later(21.minutes());
    let leo = create(&mut house, "EXEMPLE", "LEO", "M", "12/03/2010").await;
    let call = CallParams { id: leo, reading: card.reading, position: Some(2), wait: true };
    let refused = house.try_call::<m::InsFetchByCard>(&call).await.unwrap_err();
    assert!(refused.cause.contains("plus de 20 minutes : la relire"), "{}", refused.cause);
    fetch(&mut house, leo).await;
    assert_eq!(seen(&modes(&mut house).await), [("traits", "INSI-MANU", "00")]);
    // Handed over too late, it is refused at once.
    let refused = house.try_call::<m::CardPush>(&family_card()).await.unwrap_err();
    assert!(refused.cause.contains("plus de 20 minutes"), "{}", refused.cause);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_not_one_is_refused_and_the_field_named() {
    let mut house = house().await;
    let mut wrong: Vec<(&str, PushParams)> = Vec::new();
    let mut with = |field: &'static str, change: &dyn Fn(&mut PushParams)| {
        let mut card = family_card();
        change(&mut card);
        wrong.push((field, card));
    };
    with("beneficiaries", &|c| c.beneficiaries.clear());
    with("beneficiaries", &|c| c.beneficiaries = vec![c.beneficiaries[0].clone(); 21]);
    with("holder", &|c| c.holder = Some("123".into()));
    with("regime", &|c| c.regime = Some(("01".into(), "<a>".into(), "0".into())));
    with("name", &|c| c.beneficiaries[1].name = "1234".into());
    with("birth_date", &|c| c.beneficiaries[1].birth_date = "12/03/2010".into());
    with("rank", &|c| c.beneficiaries[1].rank = Some(0));
    with("sex", &|c| c.beneficiaries[1].sex = Some("X".into()));
    with("nir", &|c| c.beneficiaries[1].nir = Some("1".into()));
    with("assertion", &|c| c.source = CardSource::VitaleLibre);
    with("assertion", &|c| c.beneficiaries[0].assertion.as_mut().unwrap().xml = "x".repeat(65 * 1024));
    with("login", &|c| c.login = Some("autre".into()));
    for (field, card) in wrong {
        let refused = house.try_call::<m::CardPush>(&card).await.unwrap_err();
        assert_eq!(refused.field.as_deref(), Some(field), "{}", refused.cause);
    }
    // A lunar date is a date.
    let mut lunar = family_card();
    lunar.beneficiaries[0].birth_date = "1980-00-00".into();
    push(&mut house, lunar).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sta_19_the_phone_qualifies_and_the_plastic_card_recovers() {
    let mut house = house().await;
    push(&mut house, family_card()).await;
    let leo = create(&mut house, "EXEMPLE", "LEO", "M", "12/03/2010").await;
    fetch(&mut house, leo).await;
    let decide = |id| ins::DecideParams { id, return_id: None, despite_contradiction: false, motive: None };
    let after = house.call::<m::InsAccept>(decide(leo)).await;
    assert_eq!((after.status, after.proof), (Status::Recuperee, None));

    let mut phone = family_card();
    phone.source = CardSource::Apcv;
    phone.beneficiaries.truncate(1);
    push(&mut house, phone).await;
    let zoe = create(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    drain(&mut house, Service::Insi).await;
    let after = record(&mut house, zoe).await;
    assert_eq!(after.status, Status::Qualifiee, "at once, without a gesture: everything agrees");
    assert_eq!(after.proof.unwrap().device, DeviceKind::Apcv);
    assert_eq!(seen(&modes(&mut house).await)[1..], [("apcv", "INSI-MANU", "00")]);
    // It cannot be declared by hand.
    let tom = create(&mut house, "EXEMPLE", "TOM", "M", "12/03/2010").await;
    let declared = ins::QualifyParams { id: tom, device: DeviceKind::Apcv, parent_device: None };
    let refused = house.try_call::<m::InsQualify>(&declared).await.unwrap_err();
    assert!(refused.cause.contains("se lit, elle ne se déclare pas"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_07_a_perfect_match_with_the_number_of_the_card_is_recovered_without_a_key_press() {
    let mut house =
        House::open_with_insi(&family(), &Timestamp::now().to_string(), |_| "accept_exact = true".into())
            .await;
    push(&mut house, family_card()).await;
    let leo = create(&mut house, "EXEMPLE", "LEO", "M", "12/03/2010").await;
    drain(&mut house, Service::Insi).await;
    let after = record(&mut house, leo).await;
    assert_eq!(after.status, Status::Recuperee);
    assert_eq!(after.ins.unwrap().matricule.number(), CHILD);
    // The number of the card is not the one that INSi returns: a person decides.
    let mut other = family_card();
    other.beneficiaries = vec![beneficiary("TOM", "2010-03-12", 2, None)];
    other.beneficiaries[0].nir = Some("2800399100042".into());
    other.beneficiaries[0].name = "EXEMPLE".into();
    push(&mut house, other).await;
    let tom = create(&mut house, "EXEMPLE", "TOM", "M", "12/03/2010").await;
    drain(&mut house, Service::Insi).await;
    assert_eq!(
        seen(&modes(&mut house).await)[1..],
        [("vitale", "INSI-MANU", "01"), ("traits", "INSI-MANU", "00")]
    );
    assert_eq!(
        record(&mut house, tom).await.status,
        Status::Recuperee,
        "the card found nobody: the traits decide alone"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_04_the_card_of_the_professional_is_accepted_and_the_mode_is_in_the_journal() {
    let mut house = House::open_with_insi(&family(), &Timestamp::now().to_string(), |sim| {
        format!(
            "cpx = {{ url = \"{}\", key = \"{}\", billing = \"123456789\" }}",
            sim.info.insi_cpx,
            sim.info.certs.cpx.display()
        )
    })
    .await;
    let zoe = create(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    to_decide(&mut house, zoe).await;
    push(&mut house, family_card()).await;
    let leo = create(&mut house, "EXEMPLE", "LEO", "M", "12/03/2010").await;
    to_decide(&mut house, leo).await;
    assert_eq!(seen(&modes(&mut house).await), [("traits", "CPx", "00"), ("vitale", "CPx", "00")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_card_holds_is_not_kept() {
    let mut house = house().await;
    push(&mut house, family_card()).await;
    let leo = create(&mut house, "EXEMPLE", "LEO", "M", "12/03/2010").await;
    fetch(&mut house, leo).await;
    assert_eq!(seen(&modes(&mut house).await), [("vitale", "INSI-MANU", "00")]);
    let card = house.call::<m::CardShow>(ShowParams::default()).await.card.unwrap();
    let callable: Vec<_> = card.people.iter().map(|p| p.callable).collect();
    assert_eq!(callable, [true, false, true], "what the call used is gone");
    for name in ["p.db", "p.db-wal"] {
        let bytes = std::fs::read(house.dir.path().join(name)).unwrap_or_default();
        for secret in ["MARQUE-D-ASSERTION", HOLDER] {
            let there = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!there, "{secret} in {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_10_several_people_then_all_the_given_names_with_the_place() {
    let twins = [
        person("EXEMPLE", &["ZOE", "MARIE"], "F", "1980-03-12", "69382", HOLDER, TEST_NIR),
        person("EXEMPLE", &["ZOE", "ANNE"], "F", "1980-03-12", "69382", "2800399100043", TEST_NIR),
    ];
    let mut house = House::open(&twins, &Timestamp::now().to_string()).await;
    let typed = patient::CreateParams {
        birth_name: "EXEMPLE".into(),
        first_name: "ZOE".into(),
        given_names: Some("ZOE ANNE".into()),
        sex: "F".into(),
        birth_date: "12/03/1980".into(),
        birth_place: Some("69382".into()),
        not_a_duplicate: true,
        ..patient::CreateParams::default()
    };
    let patient::Created::Created { patient } = house.call::<m::PatientCreate>(typed.clone()).await else {
        panic!()
    };
    let id = patient.id;
    assert!(matches!(fetch(&mut house, id).await, InsiState::Several { .. }));
    let state = house.call::<m::InsFetchAllNames>(ins::FetchParams { id, wait: true }).await.insi;
    assert!(matches!(state, InsiState::ToDecide { .. }), "{state:?}");
    let pending = house.call::<m::InsCompare>(PatientRef { id }).await;
    assert_eq!(pending.insi.matricule.number(), "2800399100043");
    assert!(pending.how.starts_with("par traits, tous les prénoms et le lieu"), "{}", pending.how);
    // Without a place there is nothing to add.
    let unknown = patient::CreateParams {
        first_name: "ANNE".into(),
        given_names: None,
        birth_place: Some("99999".into()),
        ..typed
    };
    let patient::Created::Created { patient } = house.call::<m::PatientCreate>(unknown).await else {
        panic!()
    };
    let call = ins::FetchParams { id: patient.id, wait: true };
    let refused = house.try_call::<m::InsFetchAllNames>(&call).await.unwrap_err();
    assert!(refused.cause.contains("lieu de naissance"), "{}", refused.cause);
}

#[tokio::test(flavor = "multi_thread")]
async fn ret_16_figures_by_month_and_mode() {
    let mut house = House::open(&family(), &Timestamp::now().to_string()).await;
    create(&mut house, "EXEMPLE", "ZOE", "F", "12/03/1980").await;
    drain(&mut house, Service::Insi).await;
    create(&mut house, "HORS", "CARTE", "F", "12/03/1981").await;
    drain(&mut house, Service::Insi).await;
    push(&mut house, family_card()).await;
    create(&mut house, "EXEMPLE", "LEO", "M", "12/03/2010").await;
    drain(&mut house, Service::Insi).await;
    house.later(40.days());
    // Another month, and a service that answers with a technical fault.
    create(&mut house, "DE VINCI", "RUTH", "F", "14/07/1976").await;
    drain(&mut house, Service::Insi).await;
    let lines = house.call::<m::InsStats>(ins::StatsParams { months: Some(3) }).await.lines;
    let figures: Vec<_> = lines
        .iter()
        .map(|l| {
            (l.site.as_str(), l.mode.as_str(), l.calls >= 1, l.found, l.not_found, l.several, l.failed >= 1)
        })
        .collect();
    assert_eq!(
        figures,
        [
            ("Quai 2", "traits", true, 0, 0, 0, true),
            ("Quai 2", "traits", true, 1, 1, 0, false),
            ("Quai 2", "vitale", true, 1, 0, 0, false),
        ],
        "{lines:?}"
    );
    assert!(lines[0].month > lines[1].month && lines[1].mean_ms > 0 && lines[1].mean_ms < 15_000);
    assert!(house.try_call::<m::InsStats>(&ins::StatsParams { months: Some(0) }).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn former_matricules_are_kept_shown_and_lead_to_the_same_person() {
    // HERMANN is among the public identities: his history holds a matricule of a woman.
    let mut house = house().await;
    let id = create(&mut house, "HERMANN", "GATIEN", "M", "24/03/1981").await;
    fetch(&mut house, id).await;
    let decide = ins::DecideParams { id, return_id: None, despite_contradiction: false, motive: None };
    house.call::<m::InsAccept>(decide).await;
    let former = house.call::<m::PatientMatricules>(PatientRef { id }).await.former;
    let shown: Vec<_> = former.iter().map(|f| (f.grouped.as_str(), f.why.as_str())).collect();
    assert_eq!(shown, [("2 81 03 63 220 456 10", "historique d'INSi")]);
    // Scanned or typed, a former number finds the record: its computed key is 67, whatever INSi wrote.
    let key = paillasse_shared::domain::identity::matricule::key_of("2810363220456");
    let found = house
        .call::<m::PatientSearch>(patient::SearchParams {
            text: format!("2810363220456{key:02}"),
            limit: None,
        })
        .await;
    assert!(matches!(found.understood, Understood::Matricule), "{:?}", found.understood);
    assert_eq!(found.hits.iter().map(|h| h.id).collect::<Vec<_>>(), [id]);
    // A second record for the same person: the return says so.
    let again = create(&mut house, "HERMANN", "GATIEN", "M", "24/03/1981").await;
    fetch(&mut house, again).await;
    let pending = house.call::<m::InsCompare>(PatientRef { id: again }).await;
    assert_eq!((pending.held_by, pending.also_known), (Some(id), Some(id)));
}
