//! Services that are slow, refuse, cut or show an expired certificate: work goes on, orders say why they wait, leave by
//! themselves afterwards, in order, and never twice. No clock decides here: what came first does.

use std::collections::BTreeSet;

use paillasse_shared::domain::ids::{DossierId, PatientId};
use paillasse_shared::domain::order::{OrderState, Reason, Service};
use paillasse_shared::protocol::methods::{
    Empty, PatientGet, PatientSearch, QueueReconcile, StatusGet, ValidationWorklist,
};
use paillasse_shared::protocol::patient::{InsiState, PatientRef, SearchParams};
use paillasse_shared::protocol::queue::OrderView;
use paillasse_shared::protocol::status::{Health, ServiceState};
use paillasse_tests::{Client, House, Options, lab};
use serde_json::json;

/// Everything that a laboratory does without any service: registration, search, dossier, labels, results, validation.
/// Gives the dossier, whose report waits.
fn a_day_of_work(c: &mut Client, person: &lab::Person, mailbox: &str) -> (PatientId, DossierId) {
    let patient = lab::register(c, &person.typed()).id;
    let found = c.ok::<PatientSearch>(&SearchParams { text: person.birth_name.clone(), limit: None });
    assert!(found.hits.iter().any(|h| h.id == patient));
    let by = lab::prescriber(c, mailbox);
    let dossier = lab::dossier(c, patient, &["K"], by).id;
    assert_eq!(lab::tubes(c, dossier).len(), 1);
    lab::enter(c, dossier, "K", "4,1");
    assert!(c.ok::<ValidationWorklist>(&Empty {}).dossiers.iter().any(|d| d.id == dossier));
    lab::validate(c, dossier);
    (patient, dossier)
}

fn insi(c: &mut Client, id: PatientId) -> InsiState {
    c.ok::<PatientGet>(&PatientRef { id }).insi
}

fn state(c: &mut Client, service: Service) -> ServiceState {
    c.ok::<StatusGet>(&Empty {}).services.iter().find(|s| s.service == service).unwrap().state
}

/// Waits until an order waits because its service does not answer; gives why, in French.
fn waits(c: &mut Client, dossier: DossierId, service: Service) -> String {
    let order = c.until("the order says that the service does not answer", |c| {
        let order = lab::order(c, dossier, service);
        matches!(order.reason, Some(Reason::ServiceDown { .. })).then_some(order)
    });
    order.why.unwrap()
}

#[test]
fn slow_services_are_waited_for_by_nobody() {
    let house = House::open();
    let mut c = house.client();
    let people = lab::people();
    let patient = lab::qualified(&mut c, &people[0]);
    let by = lab::prescriber(&mut c, "dr.roux");
    house.outage("insi", "slow");
    house.outage("dmp", "slow");

    // One exchange of each service is on its way, for thirty seconds.
    let slow = lab::reported(&mut c, patient, by);
    let asked = lab::register(&mut c, &people[1].typed()).id;
    lab::order_in(&mut c, slow, Service::Dmp, OrderState::Leased);
    c.until("INSi is being asked", |c| matches!(insi(c, asked), InsiState::Running { .. }).then_some(()));

    // Whole days of work later, neither has answered; the mailbox, which is not slow, has everything.
    for person in &people[2..8] {
        let (_, dossier) = a_day_of_work(&mut c, person, "dr.roux");
        lab::order_in(&mut c, dossier, Service::Mss, OrderState::Delivered);
    }
    assert_eq!(lab::order(&mut c, slow, Service::Dmp).state, OrderState::Leased);
    assert!(matches!(insi(&mut c, asked), InsiState::Running { .. }));
    // The answers given meanwhile came before those: the simulators still keep them back.
    assert_eq!(house.received().mails().len(), 7);
}

#[test]
fn a_slow_answer_is_still_an_answer() {
    let house = House::open();
    let mut c = house.client();
    let patient = lab::qualified(&mut c, &lab::people()[0]);
    let by = lab::prescriber(&mut c, "dr.roux");
    house.sim(&json!({ "outage": { "service": "dmp", "kind": "slow", "delay_ms": 5_200 } }));
    let dossier = lab::reported(&mut c, patient, by);
    let order = lab::order_in(&mut c, dossier, Service::Dmp, OrderState::Delivered);
    assert_eq!(order.attempts, 1);
    assert_eq!(house.received().of("dmp", "TD2.1").len(), 1);
    assert_eq!(state(&mut c, Service::Dmp), ServiceState::Slow, "slowness is told");
}

#[test]
fn insi_down_stops_nothing_and_is_asked_again_by_itself() {
    for (kind, words) in
        [("refuse", "connexion"), ("cut", "coupée"), ("expired", "certificat du service expiré")]
    {
        let house = House::open();
        let mut c = house.client();
        house.outage("insi", kind);
        let people = lab::people();
        let (patient, dossier) = a_day_of_work(&mut c, &people[0], "dr.roux");
        // The identity was never asked about: the report waits for that, and INSi says why it was not.
        let held = lab::order(&mut c, dossier, Service::Dmp);
        assert_eq!(held.reason, Some(Reason::IdentityNotQualified { insi: true, device: true }));
        let why = c.until("INSi says why it waits", |c| match insi(c, patient) {
            InsiState::Waiting { words: Some(words), .. } => Some(words),
            _ => None,
        });
        assert!(why.contains(words), "{kind}: {why}");
        // Others register meanwhile; after a few failures the service is known to be down.
        for person in &people[1..4] {
            a_day_of_work(&mut c, person, "dr.roux");
        }
        c.until("INSi is known to be down", |c| {
            (state(c, Service::Insi) == ServiceState::Down).then_some(())
        });
        let status = c.ok::<StatusGet>(&Empty {});
        assert_eq!(status.health, Health::Degraded);
        assert!(status.remarks.iter().any(|r| r.contains("INSi injoignable")), "{:?}", status.remarks);

        house.clear("insi");
        let record = lab::insi_settled(&mut c, patient);
        assert!(matches!(record.insi, InsiState::ToDecide { .. }), "{kind}: {:?}", record.insi);
        lab::accept(&mut c, patient);
        lab::qualify(&mut c, patient);
        lab::delivered(&mut c, dossier);
        assert_eq!(house.received().registered().len(), 1);
    }
}

/// The same outage for a service that takes documents: waits with reasons, then everything leaves in order, once.
fn documents_wait(service: Service, kind: &str, words: &str) {
    println!("{} : {kind}", service.label());
    let house = House::with(Options { concurrency: 1, ..Options::default() });
    let mut c = house.client();
    let patient = lab::qualified(&mut c, &lab::people()[0]);
    let by = lab::prescriber(&mut c, "dr.roux");
    house.outage(service.code(), kind);
    let dossiers: Vec<_> = (0..5).map(|_| lab::reported(&mut c, patient, by)).collect();
    let why = waits(&mut c, dossiers[0], service);
    assert!(why.starts_with(service.label()) && why.contains(words), "{kind}: {why}");
    let order = lab::order(&mut c, dossiers[0], service);
    let said = house.cli(&["queue", "explain", &order.id.to_string()]).good();
    assert!(said.contains(words) && said.contains("la reprise est automatique"), "{said}");
    // The other one is not touched, and neither is the work.
    let other = if service == Service::Dmp { Service::Mss } else { Service::Dmp };
    for &d in &dossiers {
        lab::order_in(&mut c, d, other, OrderState::Delivered);
    }
    c.until("the service is known to be down", |c| (state(c, service) == ServiceState::Down).then_some(()));
    let late = lab::reported(&mut c, patient, by);

    house.clear(service.code());
    let all: Vec<OrderView> = dossiers
        .iter()
        .chain([&late])
        .map(|&d| lab::delivered(&mut c, d).into_iter().find(|o| o.service == service).unwrap())
        .collect();
    assert_eq!(state(&mut c, service), ServiceState::Ok);
    let wanted: Vec<_> = all.iter().map(|o| bare(o.identifier.as_ref().unwrap())).collect();
    let taken: Vec<String> = match service {
        Service::Mss => house.received().mails().iter().map(|e| bare(&e.message_id)).collect(),
        _ => house.received().registered().iter().map(|e| e.unique_ids[0].clone()).collect(),
    };
    assert_eq!(taken, wanted, "in order, each once");
}

/// A Message-ID without its brackets.
fn bare(id: &str) -> String {
    id.trim().trim_matches(['<', '>']).to_owned()
}

#[test]
fn dmp_refusing_connections_is_waited_for() {
    documents_wait(Service::Dmp, "refuse", "connexion");
}

#[test]
fn dmp_with_an_expired_certificate_is_waited_for() {
    documents_wait(Service::Dmp, "expired", "certificat du service expiré");
}

#[test]
fn operator_refusing_connections_is_waited_for() {
    documents_wait(Service::Mss, "refuse", "l'opérateur ne répond pas");
}

#[test]
fn operator_with_an_expired_certificate_is_waited_for() {
    documents_wait(Service::Mss, "expired", "certificat de l'opérateur expiré");
}

#[test]
fn dmp_cut_after_acceptance_is_asked_what_it_has_and_nothing_is_sent_again() {
    let house = House::open();
    let mut c = house.client();
    let patient = lab::qualified(&mut c, &lab::people()[0]);
    let by = lab::prescriber(&mut c, "dr.roux");
    house.outage("dmp", "cut");
    let dossier = lab::reported(&mut c, patient, by);
    let order = lab::order_in(&mut c, dossier, Service::Dmp, OrderState::Unknown);
    assert!(order.why.as_ref().unwrap().starts_with("Envoyé, réponse perdue"), "{order:?}");
    assert_eq!(house.received().registered().len(), 1, "the repository has it");

    // Asked while the service still cuts: not knowing is still not knowing.
    c.ok::<QueueReconcile>(&Empty {});
    c.until("the service was asked in vain", |c| {
        let order = lab::order(c, dossier, Service::Dmp);
        (order.state == OrderState::Unknown && order.attempts >= 2).then_some(())
    });

    house.clear("dmp");
    c.ok::<QueueReconcile>(&Empty {});
    let order = lab::order_in(&mut c, dossier, Service::Dmp, OrderState::Delivered);
    let story = lab::explain(&mut c, order.id);
    assert!(story.attempts[0].words.as_ref().unwrap().contains("retrouvé dans le DMP"), "{story:?}");
    assert_eq!(house.received().of("dmp", "TD2.1").len(), 1, "sent once, then asked only");
    assert!(
        house.received().exchanges().iter().any(|e| e.service == "dmp" && e.operation.starts_with("TD3.1"))
    );
}

#[test]
fn a_mail_cut_after_its_final_dot_is_never_sent_again_by_itself() {
    let mut house = House::open();
    let mut c = house.client();
    let patient = lab::qualified(&mut c, &lab::people()[0]);
    let by = lab::prescriber(&mut c, "dr.roux");
    house.outage("mss", "cut");
    let dossier = lab::reported(&mut c, patient, by);
    let order = lab::order_in(&mut c, dossier, Service::Mss, OrderState::Unknown);
    assert!(order.why.as_ref().unwrap().starts_with("Envoyé, réponse perdue"), "{order:?}");
    assert_eq!(house.received().mails().len(), 1, "the operator has it");

    // Neither the end of the outage, nor later mails, nor asking receivers, nor a restart sends it again.
    house.clear("mss");
    c.ok::<QueueReconcile>(&Empty {});
    let later = lab::reported(&mut c, patient, by);
    lab::delivered(&mut c, later);
    house.stop();
    house.start();
    let mut c = house.client();
    c.ok::<QueueReconcile>(&Empty {});
    let latest = lab::reported(&mut c, patient, by);
    lab::delivered(&mut c, latest);
    assert_eq!(lab::order(&mut c, dossier, Service::Mss).state, OrderState::Unknown);
    let ids: Vec<_> = house.received().mails().iter().map(|e| bare(&e.message_id)).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 3, "{ids:?}");
    // It is shown among what needs a person.
    let shown = house.cli(&["queue", "show"]).good();
    assert!(shown.contains("réponse perdue"), "{shown}");
}
