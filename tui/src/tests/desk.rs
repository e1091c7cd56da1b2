//! What a newcomer meets at the desk: keys typed ahead, work left and found again, sentences that say what
//! comes next, and what the program refuses to guess.

use serde_json::json;

use super::{Bench, settings};
use crate::client::{Failure, FromDaemon, Link};

#[test]
fn typed_work_survives_a_jump_elsewhere() {
    let mut b = Bench::new(80, 24);
    b.keys("martin<f2><tab>lea<ctrl-b>").sees("Dossiers à valider");
    b.keys("<ctrl-r>").sees("Saisie gardée").keys("<f2>").sees("MARTIN").sees("lea");
    // Another search starts another patient.
    let mut b = Bench::new(80, 24);
    b.keys("martin<f2><tab>lea<esc><ctrl-u>zzz<f2>").sees("Nouveau patient").sees("ZZZ").sees_not("MARTIN");
    // A dossier being registered too.
    let mut b = Bench::new(80, 24);
    b.keys("de la<enter><f4>nfs<enter><esc>").sees("F4 le reprend").keys("<f4>").sees("Hémogramme");
}

#[test]
fn creating_may_be_typed_ahead_of_the_search() {
    let mut b = Bench::new(80, 24);
    b.hold_answers = true;
    b.keys("zzz lea<f2>");
    b.hold_answers = false;
    b.settle();
    b.sees("Nouveau patient").sees("ZZZ").sees("LEA");
}

#[test]
fn a_new_dossier_may_be_typed_ahead_of_the_search() {
    let mut b = Bench::new(80, 24);
    b.hold_answers = true;
    b.keys("de la<f4>").sees_not("pas possible");
    b.hold_answers = false;
    b.settle();
    b.sees("Correspondants").sees("DE LA TOUR");
}

#[test]
fn a_place_is_never_chosen_from_an_older_list_nor_guessed() {
    let mut b = Bench::new(80, 24);
    b.keys("martin zoe 03/02/1990<f2><tab><tab>f<enter>");
    b.hold_answers = true;
    b.keys("lanh<enter>").sees_not("35147");
    b.hold_answers = false;
    b.settle();
    b.sees("35147 LANHELIN").sees("nom d'usage");
    let mut b = Bench::new(80, 24);
    b.keys("martin zoe 03/02/1990<f2><tab><tab>f<enter>lanh<ctrl-s>").sees("Choisir le lieu dans la liste");
    assert_eq!(b.count("patient.create"), 0);
}

#[test]
fn a_dossier_takes_four_keys_beside_what_is_typed() {
    let mut b = Bench::new(80, 24);
    b.keys("de la<f4>").sees("Potassium").sees_not("▸");
    b.keys("nfs<enter>pot<tab>roux<ctrl-s>").sees("Dossier enregistré");
    assert_eq!(b.last("dossier.create")["analyses"], json!(["NFS", "K"]));
    assert_eq!(b.last("dossier.create")["correspondents"][0]["correspondent"], 4);
}

#[test]
fn sub_09_a_dossier_of_another_laboratory_is_one_key_and_its_number() {
    let mut b = Bench::new(80, 24);
    b.keys("de la<f4>nfs<enter><f6>foug-4711<enter>").sees("Dossier n° foug-4711 de ce LBM");
    // Without the laboratory it cannot be told who receives.
    b.keys("<ctrl-s>").sees("Choisissez d'abord le laboratoire demandeur");
    assert_eq!(b.count("dossier.create"), 0);
    b.keys("roux<enter>").sees("(laboratoire demandeur)").keys("<ctrl-s>").sees("Dossier enregistré");
    let asked = b.last("dossier.create");
    assert_eq!(asked["received_from"], json!({"laboratory": 4, "number": "foug-4711"}));
    assert_eq!(asked["correspondents"], json!([]));
}

#[test]
fn what_is_not_found_is_said_and_registers_nothing() {
    let mut b = Bench::new(80, 24);
    b.fake.instead.insert("correspondent.search".into(), json!({"correspondents": []}));
    b.keys("de la<f4>nfs<enter><enter>xyz<enter>").sees("Rien ne répond à « xyz »");
    assert_eq!(b.count("dossier.create"), 0);
    b.keys("<ctrl-u><enter>");
    assert_eq!(b.count("dossier.create"), 1);
}

#[test]
fn the_list_of_an_empty_field_is_taken_only_once_moved_in() {
    let mut b = Bench::new(80, 24);
    b.keys("de la<f4><enter>").sees("Choisir au moins un examen");
    b.keys("<down><down><enter>").sees("Examens         Créatinine");
}

#[test]
fn validating_from_a_value_keeps_it_and_waits_for_it() {
    let mut b = Bench::new(80, 24);
    b.keys("26-118733<enter><down><down><down><enter>5,21");
    b.hold_answers = true;
    b.keys("<f8>").sees("Validation 26-118733");
    b.keys("<enter>");
    assert_eq!(b.count("dossier.validate_technical"), 0);
    b.hold_answers = false;
    b.settle();
    assert_eq!(b.last("result.enter")["value"], "5,21");
    assert_eq!(b.count("dossier.validate_technical"), 1, "with the version that holds the value");
}

#[test]
fn only_a_gesture_asks_before_validating() {
    let mut b = Bench::new(80, 24);
    b.fake.stage = 1;
    let mut view = b.fake.answer("dossier.get", &json!({"id": 7})).unwrap();
    view["gestures"] = json!([]);
    view["alerts"] = json!(["Appel tracé le 22/11 08:15 par nmartin : Dr Roux"]);
    b.fake.instead.insert("dossier.get".into(), view);
    b.keys("26-118733<enter><f8>").sees("Appel tracé").keys("<enter>");
    assert_eq!(b.count("dossier.validate"), 1);
}

#[test]
fn a_report_that_waits_for_results_says_so_and_a_delivered_one_too() {
    let mut b = Bench::new(80, 24);
    b.fake.stage = 2;
    let mut view = b.fake.answer("dossier.get", &json!({"id": 7})).unwrap();
    view["documents"][0]["is_final"] = json!(false);
    view["documents"][0]["orders"] = json!([]);
    b.fake.instead.insert("dossier.get".into(), view.clone());
    b.keys("26-118733<enter>").sees("Compte rendu partiel v1 : rien ne part encore, 1 résultat attendu");

    view["documents"][0]["is_final"] = json!(true);
    view["documents"][0]["orders"] = json!([
        {"id": 11, "service": "dmp", "recipient": "DMP", "state": "delivered", "reason": null,
            "why": "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success", "since": "2026-11-22T09:10:00Z"}]);
    let mut b = Bench::new(80, 24);
    b.fake.instead.insert("dossier.get".into(), view);
    b.keys("26-118733<enter>").sees("Tout est remis : DMP.").sees_not("urn:oasis");
}

#[test]
fn a_held_document_is_released_by_the_key_that_holds() {
    let mut b = Bench::new(80, 24);
    b.fake.stage = 2;
    let mut view = b.fake.answer("dossier.get", &json!({"id": 7})).unwrap();
    view["documents"][0]["held"] = json!(true);
    b.fake.instead.insert("dossier.get".into(), view);
    b.keys("26-118733<enter><f8>").sees("F5 le libère");
    b.keys("<f5>").sees("Libérer ce compte rendu ?").keys("o");
    assert_eq!(b.last("document.decide")["decision"], "release");
}

#[test]
fn enter_keeps_a_typed_line_only_when_the_act_can_be_taken_back() {
    let mut b = Bench::new(80, 24);
    b.keys("<ctrl-b><enter><f8><enter>").sees("Tapez d'abord");
    b.keys("Dr Roux<enter>").sees("Appel tracé");
    let mut b = Bench::new(80, 24);
    b.keys("<ctrl-e><enter><enter><delete>doublon<enter>").sees("se confirme par Ctrl-O");
    assert_eq!(b.count("queue.cancel"), 0);
}

#[test]
fn sta_06_an_attribute_lists_its_effects_and_asks_why_before_it_is_set() {
    let mut b = Bench::new(80, 24);
    b.fake.to_decide = false;
    b.fake.accepted = true;
    b.fake.device = Some("passport".into());
    b.keys("de la<enter><ctrl-p>douteuse<enter>").sees("Marquer cette identité « douteuse » ?");
    b.sees("devient").sees("Le matricule INS et son OID sont retirés").sees("retenus");
    b.sees("Pourquoi ?").keys("<enter>");
    assert_eq!(b.count("patient.set_attribute"), 0);
    b.keys("carte pretee<enter>").sees("se confirme par Ctrl-O").keys("<ctrl-o>");
    let asked = b.last("patient.set_attribute");
    assert_eq!((&asked["attribute"], &asked["motive"]), (&"douteux".into(), &"carte pretee".into()));
}

#[test]
fn a_long_list_counts_beside_its_titles_not_over_them() {
    let mut b = Bench::new(80, 24);
    let hit = super::Fake::default().answer("patient.search", &json!({"text": "de la"})).unwrap();
    let mut many = hit.clone();
    many["hits"] = json!(vec![hit["hits"][0].clone(); 40]);
    b.fake.instead.insert("patient.search".into(), many);
    b.keys("d").sees("1/40").sees("Identité\n");
}

#[test]
fn the_place_is_never_cut_for_a_long_profile() {
    let mut b = Bench::alone(80, 24, settings("dark"));
    let mut hello = super::Fake::hello();
    hello["user"]["profile"] = json!("accueil, technique, biologie, administration");
    b.say(FromDaemon::Link(Link::Up(hello)));
    b.sees("LBM du Port · Quai 2").sees("N. Martin");
}

#[test]
fn a_search_without_the_daemon_says_that_it_waits() {
    let mut b = Bench::new(80, 24);
    b.keys("dup");
    b.say(FromDaemon::Link(Link::Down(Failure::Absent)));
    b.hold_answers = true;
    b.keys("ont").sees("La recherche attend le service").sees("dupont");
}

#[test]
fn a_late_insi_answer_replaces_the_sentence_of_the_creation() {
    let mut b = Bench::new(80, 24);
    b.keys("martin zoe 03/02/1990<f2><tab><tab>f<enter>lanh<enter><ctrl-s>").sees("Patient créé");
    b.fake.to_decide = true;
    b.event(json!({"event": "insi_changed", "patient": 9, "asked_by": "nmartin"}));
    b.sees("INSi a répondu").sees_not("Patient créé");
}
