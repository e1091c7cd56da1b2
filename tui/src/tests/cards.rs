//! A card at the desk: a quiet notice, one key to its patient or to the call, a choice among several people; and what to
//! try when INSi finds nobody.

use serde_json::{Value, json};

use super::Bench;

fn person(position: u8, name: &str, given: &str, callable: bool, differs: &[&str]) -> Value {
    json!({
        "position": position, "name": name, "name_is_birth_name": false, "given_name": given,
        "birth_date": "1980-03-12", "birth_date_shown": "12/03/1980", "sex": null,
        "callable": callable, "differs": differs,
    })
}

fn card(b: &mut Bench, source: &str, people: Value) {
    let card = json!({"card": {
        "reading": 7, "source": source, "reader": "Accueil", "read_at": "2026-11-22T08:00:00Z", "people": people,
    }});
    b.fake.instead.insert("card.show".into(), card);
    b.event(json!({"event": "card_changed", "login": "nmartin"}));
}

fn patient(b: &mut Bench, insi: Value) {
    let mut record = b.fake.record(5);
    record["insi"] = insi;
    record["ins"] = Value::Null;
    record["status"] = json!("provisoire");
    record["state"] =
        json!({"validated": false, "from_insi": false, "homonyme": false, "douteux": false, "fictif": false});
    b.fake.instead.insert("patient.get".into(), record);
}

/// The search finds nobody.
fn nobody(b: &mut Bench) {
    let mut answer = b.fake.answer("patient.search", &json!({"text": "zzz"})).unwrap();
    answer["hits"] = json!([]);
    b.fake.instead.insert("patient.search".into(), answer);
}

#[test]
fn a_card_that_is_read_says_so_quietly_and_one_key_opens_its_patient() {
    let mut b = Bench::new(80, 24);
    b.keys("mart");
    card(&mut b, "vitale", json!([person(1, "DE LA TOUR", "JEAN-BAPTISTE", true, &[])]));
    b.sees("Carte lue : DE LA TOUR JEAN-BAPTISTE. Ctrl-F l'ouvre.").sees("mart");
    // Somebody else's workstation says nothing here.
    let mut other = Bench::new(80, 24);
    other.event(json!({"event": "card_changed", "login": "autre"}));
    assert_eq!(other.count("card.show"), 0);
    b.keys("<ctrl-f>");
    assert_eq!(b.last("patient.search")["text"], "DE LA TOUR JEAN-BAPTISTE 12/03/1980");
    b.sees("DE LA TOUR");
    // Nobody of that name: the form, filled.
    let mut b = Bench::new(80, 24);
    nobody(&mut b);
    card(&mut b, "vitale-libre", json!([person(1, "ZZZ", "LEA", false, &[])]));
    b.sees("lecture non authentifiée");
    b.keys("<ctrl-f>")
        .sees("Nouveau patient")
        .sees("ZZZ")
        .sees("LEA")
        .sees("12/03/1980")
        .sees("celui du mariage");
    // No card at all is a plain sentence.
    let mut b = Bench::new(80, 24);
    b.fake.instead.insert("card.show".into(), json!({"card": null}));
    b.keys("<ctrl-f>").sees("Aucune carte n'a été lue");
}

#[test]
fn several_people_of_a_card_are_chosen_from() {
    let mut b = Bench::new(80, 24);
    nobody(&mut b);
    let people = json!([person(1, "ZZZ", "LEA", true, &[]), person(2, "ZZZ", "TOM", true, &[])]);
    card(&mut b, "vitale", people);
    b.sees("ZZZ LEA et 1 autre");
    b.keys("<ctrl-f>").sees("Personnes de la carte").sees("ZZZ TOM").keys("b");
    assert_eq!(b.last("patient.search")["text"], "ZZZ TOM 12/03/1980");
    b.sees("Nouveau patient").sees("TOM");
}

#[test]
fn ret_13_on_a_record_the_card_calls_insi_or_says_whose_it_is() {
    let mut b = Bench::new(80, 24);
    patient(&mut b, json!({"state": "not_called"}));
    b.keys("de la<enter>");
    card(&mut b, "vitale", json!([person(1, "DE LA TOUR", "JEAN-BAPTISTE", true, &[])]));
    assert_eq!(b.last("card.show")["patient"], 5, "compared with the patient on screen");
    b.fake.instead.insert(
        "ins.fetch_by_card".into(),
        json!({"insi": {"state": "running", "since": "2026-11-22T08:00:00Z"}}),
    );
    b.keys("<ctrl-f>");
    let asked = b.last("ins.fetch_by_card");
    assert_eq!((&asked["id"], &asked["reading"], &asked["position"]), (&json!(5), &json!(7), &json!(1)));
    // Somebody else's card: nothing is asked of INSi.
    let mut b = Bench::new(80, 24);
    patient(&mut b, json!({"state": "not_called"}));
    b.keys("de la<enter>");
    card(&mut b, "vitale", json!([person(1, "MARTIN", "PAUL", true, &["birth_name", "first_name"])]));
    b.keys("<ctrl-f>").sees("n'est pas celle de ce patient");
    assert_eq!(b.count("ins.fetch_by_card"), 0);
}

#[test]
fn ret_10_after_nobody_the_levers_in_the_order_of_the_memo_each_with_its_key() {
    let mut b = Bench::new(80, 24);
    patient(&mut b, json!({"state": "not_found", "at": "2026-11-22T08:00:00Z"}));
    b.keys("de la<enter>").sees("INSi ne trouve personne : Entrée montre quoi essayer");
    b.keys("<enter>");
    let screen = b.screen();
    let at = |what: &str| screen.find(what).unwrap_or_else(|| panic!("{what}\n{screen}"));
    let order = [
        "Ajouter les autres prénoms",
        "Préciser le lieu de naissance",
        "Utiliser la carte Vitale",
        "Vérifier le nom de naissance",
        "Poursuivre sans INS",
    ];
    assert!(order.windows(2).all(|w| at(w[0]) < at(w[1])), "{screen}");
    b.sees_not("tous les prénoms et le lieu");
    // The key applies the lever: the form, in the right field.
    b.keys("l").sees("Lieu de naissance").keys("<esc>");
    b.keys("<enter>n").sees("Nom de naissance").keys("<esc>");
    b.fake.instead.insert("card.show".into(), json!({"card": null}));
    b.keys("<enter>c").sees("Aucune carte n'a été lue");
    b.keys("<enter>s").sees_not("INSi ne trouve personne");
}

#[test]
fn ret_10_after_several_all_the_names_and_the_place_are_one_key() {
    let mut b = Bench::new(80, 24);
    patient(&mut b, json!({"state": "several", "at": "2026-11-22T08:00:00Z"}));
    b.fake.instead.insert(
        "ins.fetch_all_names".into(),
        json!({"insi": {"state": "running", "since": "2026-11-22T08:00:00Z"}}),
    );
    b.keys("de la<enter>").sees("INSi trouve plusieurs personnes");
    b.keys("<enter>").sees("Poursuivre sans INS").keys("t");
    assert_eq!(b.last("ins.fetch_all_names")["id"], 5);
}

#[test]
fn ret_07_an_identity_taken_by_itself_is_told() {
    let mut b = Bench::new(80, 24);
    b.keys("de la<enter>");
    b.event(json!({"event": "insi_accepted_by_itself", "patient": 5, "asked_by": "nmartin"}));
    b.sees("Identité reprise d'INSi d'elle-même");
}

#[test]
fn former_matricules_are_one_key_further() {
    let mut b = Bench::new(80, 24);
    let former = json!({"former": [{
        "grouped": "2 81 03 63 220 456 10", "oid": "1.2.250.1.213.1.4.8", "from": null, "to": "2019-02-28",
        "why": "historique d'INSi", "also": 12,
    }]});
    b.fake.instead.insert("patient.matricules".into(), former);
    b.keys("de la<enter>").sees_not("2 81 03").keys("<f9>");
    b.sees("jamais transmis").sees("2 81 03 63 220 456 10").sees("n° 12 : doublon possible");
}
