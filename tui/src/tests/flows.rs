//! What a secretary, a biologist and an administrator do, key by key.

use serde_json::json;

use super::{Bench, settings};
use crate::client::{Failure, FromDaemon, Link};

#[test]
fn first_paint_needs_no_daemon_and_says_so() {
    let mut b = Bench::alone(80, 24, settings("dark"));
    b.sees("PAILLASSE").sees("connexion…").sees("Rechercher").sees("F1 Aide");
    b.keys("dup");
    b.sees("dup");
}

#[test]
fn a_lost_daemon_is_a_visible_state_and_comes_back_by_itself() {
    let mut b = Bench::new(80, 24);
    b.keys("dup").sees("DUPONT");
    b.say(FromDaemon::Link(Link::Down(Failure::Absent)));
    b.sees("injoignable").sees("DUPONT");
    let before = b.count("patient.search");
    b.say(FromDaemon::Link(Link::Up(super::Fake::hello())));
    b.sees("INSi ok");
    assert_eq!(b.count("patient.search"), before + 1, "what is shown is read again");
}

#[test]
fn training_is_marked_on_every_screen() {
    let mut b = Bench::new(80, 24);
    for keys in
        ["", "dup<enter>", "<f4>", "<ctrl-r><ctrl-b>", "<enter>", "<ctrl-r><ctrl-e>", "<ctrl-n>", "<f1>"]
    {
        b.keys(keys).sees("ÉCOLE");
    }
}

#[test]
fn search_list_and_open() {
    let mut b = Bench::new(80, 24);
    b.keys("dup mar 12/03/80");
    b.sees("DUPUY-MARCHAND").sees("Même jour de naissance");
    assert_eq!(b.last("patient.search")["text"], "dup mar 12/03/80");
    b.keys("<down><down><enter>");
    assert_eq!(b.last("patient.get")["id"], 3);
    b.keys("<esc>").sees("dup mar 12/03/80");
}

#[test]
fn back_from_a_patient_finds_search_and_cursor_as_they_were() {
    let mut b = Bench::new(80, 24);
    b.keys("dup<down><down><enter><esc>");
    b.sees("▸ DUPOND");
}

#[test]
fn enter_typed_ahead_opens_when_the_answer_comes_but_only_when_it_is_certain() {
    let mut b = Bench::new(80, 24);
    b.hold_answers = true;
    b.keys("de la<enter>");
    b.hold_answers = false;
    b.settle();
    b.sees("Identité nationale de santé");

    let mut b = Bench::new(80, 24);
    b.hold_answers = true;
    b.keys("dup<enter>");
    b.hold_answers = false;
    b.settle();
    b.sees("4 patients").sees_not("Identité nationale");
}

#[test]
fn a_dossier_number_opens_its_dossier() {
    let mut b = Bench::new(80, 24);
    b.keys("26-118733").sees("Dossier trouvé");
    b.keys("<enter>").sees("Dossier 26-118733").sees("Potassium");
}

#[test]
fn creating_needs_a_search_first() {
    let mut b = Bench::new(80, 24);
    b.keys("<f2>").sees("pas possible maintenant").sees_not("Nouveau patient");
    b.keys("zzz").sees("Personne ne correspond");
    b.keys("<f2>").sees("Nouveau patient").sees("ZZZ");
}

#[test]
fn a_new_patient_from_search_to_record_without_the_mouse() {
    let mut b = Bench::new(80, 24);
    b.keys("martin zoe 03/02/1990<f2>");
    // Name, first name and date came from the search: the cursor waits in the given names.
    b.keys("<tab><tab>");
    b.keys("x<enter>").sees("Sexe : F, M ou I.");
    b.keys("<backspace>f<enter>lanh<enter><enter>");
    let asked = b.last("patient.create");
    assert_eq!(asked["birth_name"], "MARTIN");
    assert_eq!(asked["first_name"], "ZOE");
    assert_eq!(asked["birth_date"], "03/02/1990");
    assert_eq!(asked["sex"], "F");
    assert_eq!(asked["birth_place"], "35147");
    assert!(asked["request_id"].as_str().is_some_and(|r| !r.is_empty()));
    b.sees("Patient créé").sees("MARTIN").sees("○ provisoire");
}

#[test]
fn a_form_left_with_escape_is_found_again() {
    let mut b = Bench::new(80, 24);
    b.keys("martin<f2><tab>lea<esc>").sees("Saisie gardée");
    b.keys("<f2>").sees("MARTIN").sees("lea");
}

#[test]
fn a_close_identity_is_offered_before_creating() {
    let mut b = Bench::new(80, 24);
    b.keys("dupond marie 12/03/1980<f2><ctrl-s>").sees("Sexe : F, M ou I.");
    b.keys("f<enter>lanh<enter><ctrl-s>").sees("Est-ce l'une de ces personnes ?").sees("DUPOND MARIE");
    b.keys("n").sees("Patient créé");
    assert_eq!(b.last("patient.create")["not_a_duplicate"], true);
}

#[test]
fn a_refused_field_gets_the_cursor_and_the_reason() {
    let mut b = Bench::new(80, 24);
    b.fake.instead.insert(
        "patient.create".into(),
        json!({"error": {"code": -32602, "message": "x", "data": {"kind": "invalid", "cause": "Ce nom contient un chiffre", "field": "first_name"}}}),
    );
    b.keys("martin lea 03/02/1990<f2><tab><tab>f<enter>lanh<enter><ctrl-s>");
    b.sees("Ce nom contient un chiffre");
    let (_, y) = b.cursor();
    let screen = b.screen();
    assert!(screen.lines().nth(y.into()).unwrap().contains("1er prénom"), "{screen}");
}

#[test]
fn ret_07_an_insi_return_is_accepted_in_one_key_then_qualified_in_two() {
    let mut b = Bench::new(80, 24);
    b.fake.to_decide = true;
    b.keys("de la<enter>").sees("○ provisoire").sees("Entrée Voir le retour INSi");
    b.keys("<enter>").sees("LANHELIN").sees("2 différences expliquées, aucune contradiction");
    b.keys("<enter>").sees("◇ récupérée").sees("Traits d'INSi acceptés");
    assert_eq!(b.last("ins.accept")["return_id"], 31);
    b.keys("<f7>").sees("Quelle pièce").sees("Passeport");
    b.keys("p").sees("◆ qualifiée").sees("1 61 07 35 147 012 48");
    assert_eq!(b.last("ins.qualify")["device"], "passport");
}

#[test]
fn a_second_enter_while_the_first_is_in_flight_does_nothing() {
    let mut b = Bench::new(80, 24);
    b.fake.to_decide = true;
    b.keys("de la<enter><enter>");
    b.hold_answers = true;
    b.keys("<enter><enter><enter>");
    b.hold_answers = false;
    b.settle();
    assert_eq!(b.count("ins.accept"), 1);
}

#[test]
fn refusing_a_return_asks_for_a_motive() {
    let mut b = Bench::new(80, 24);
    b.fake.to_decide = true;
    b.keys("de la<enter><enter><f6>").sees("Motif du refus");
    b.keys("<ctrl-o>").sees("pas possible maintenant");
    b.keys("mauvaise personne<ctrl-o>").sees("Retour d'INSi refusé");
    assert_eq!(b.last("ins.refuse")["motive"], "mauvaise personne");
}

#[test]
fn a_contradiction_is_never_accepted_by_the_key_that_asked() {
    let mut b = Bench::new(80, 24);
    b.fake.to_decide = true;
    let mut contrary = {
        let mut fake = super::Fake { to_decide: true, ..super::Fake::default() };
        fake.answer("ins.compare", &json!({"id": 1})).unwrap()
    };
    contrary["comparison"]["fields"][3]["level"] = json!("different");
    b.fake.instead.insert("ins.compare".into(), contrary);
    b.keys("de la<enter><enter>").sees("1 contradiction").sees("≠");
    b.keys("<enter><enter><enter>").sees("À confirmer");
    assert_eq!(b.count("ins.accept"), 0);
    b.keys("o");
    assert_eq!(b.last("ins.accept")["despite_contradiction"], true);
}

#[test]
fn ret_15_a_late_insi_answer_never_takes_the_focus_and_is_counted() {
    let mut b = Bench::new(80, 24);
    b.keys("de la<enter>").sees("Entrée Ouvrir le dossier");
    b.fake.to_decide = true;
    b.event(json!({"event": "insi_changed", "patient": 5, "asked_by": "nmartin"}));
    b.sees("Identité nationale de santé").sees("INSi a répondu").sees_not("LANHELIN");
    // The same while a search is being typed: what is typed stays, the counter says it.
    let mut b = Bench::new(80, 24);
    b.keys("dup");
    b.event(json!({"event": "insi_changed", "patient": 5, "asked_by": "nmartin"}));
    b.event(
        json!({"event": "worklists_changed", "worklists": {"insi": 7, "orders_parked": 0, "orders_held": 0,
        "orders_waiting": 0, "to_validate_urgent": 0, "to_validate": 0, "inbox": 0}}),
    );
    b.keys("ont").sees("dupont").sees("INSi 7");
}

#[test]
fn ret_02_the_keyboard_stays_free_while_a_record_that_opens_calls_insi() {
    let mut b = Bench::new(80, 24);
    let mut record = b.fake.answer("patient.get", &json!({"id": 5})).unwrap();
    record["insi"] = json!({"state": "running", "since": "2026-11-22T09:00:00Z"});
    record["ins"] = json!(null);
    record["status"] = json!("provisoire");
    b.fake.instead.insert("patient.get".into(), record);
    b.keys("de la<enter>").sees("Identité nationale de santé");
    // No answer of INSi: a dossier is opened all the same.
    b.keys("<f4>").sees("Nouveau dossier").keys("nfs<enter>").sees("Hémogramme");
}

#[test]
fn consent_is_two_keys_and_shown_in_the_bandeau() {
    let mut b = Bench::new(80, 24);
    b.keys("de la<enter>").sees("MES : pas informé");
    b.keys("<f6>o").sees("MES : opposé");
    assert_eq!(b.last("patient.set_consent"), json!({"id": 5, "informed": true, "opposed": true}));
}

#[test]
fn a_dossier_is_registered_by_typing_only() {
    let mut b = Bench::new(80, 24);
    b.keys("de la<enter><f4>").sees("Nouveau dossier");
    b.keys("nfs<enter>pot<enter>").sees("Hémogramme, Potassium");
    b.keys("<ctrl-x>").sees("URGENT");
    b.keys("<enter>roux<enter>").sees("Dr ROUX Claire");
    b.keys("<enter>").sees("Dossier enregistré");
    let asked = b.last("dossier.create");
    assert_eq!(asked["analyses"], json!(["NFS", "K"]));
    assert_eq!(asked["correspondents"], json!([{"correspondent": 4, "role": "prescriber"}]));
    assert_eq!(asked["urgent"], true);
    b.keys("<esc>").sees("Identité nationale de santé");
}

#[test]
fn results_are_typed_going_down() {
    let mut b = Bench::new(80, 24);
    b.keys("26-118733<enter><down><down><down><enter>5,21<enter>");
    assert_eq!(
        b.last("result.enter"),
        json!({"dossier": 7, "analysis": "GLU", "value": "5,21", "comment": null})
    );
    b.sees("5,21");
    // The next line is already being typed.
    b.keys("<backspace><backspace><backspace><backspace>13<enter>");
    assert_eq!(b.last("result.enter")["analysis"], "HB");
}

#[test]
fn validation_is_technical_then_biological_and_critical_alerts_ask() {
    let mut b = Bench::new(80, 24);
    b.keys("<ctrl-b>").sees("26-118733").sees("HH");
    b.keys("<enter>").sees("Entrée Valider (technique)").sees("Potassium critique");
    b.keys("<enter>").sees("Entrée Valider (biologique)");
    b.keys("<enter>").sees("Valider quand même ?");
    assert_eq!(b.count("dossier.validate"), 0);
    b.keys("<enter>");
    assert_eq!(b.count("dossier.validate"), 0, "the key that asks is not the key that confirms");
    b.keys("o");
    assert_eq!(b.count("dossier.validate"), 1);
    // The next dossier of the list opens by itself.
    b.sees("voici le dossier suivant");
    assert_eq!(b.last("dossier.get")["id"], 8);
}

#[test]
fn doc_14_before_validation_the_report_is_seen_here_then_in_another_program() {
    let mut b = Bench::new(80, 24);
    b.keys("<ctrl-b><enter><f9>").sees("Aperçu du compte rendu").sees("Potassium 6,9 mmol/L HH");
    b.sees("F9 Page et PDF").keys("<f9>");
    assert_eq!(b.last("dossier.preview_files")["id"], 7);
    assert_eq!(b.previews, [(b"<p>".to_vec(), b"%PDF".to_vec())]);
    b.sees("/apercu/apercu-26-118733.html").sees("Potassium 6,9");
    assert_eq!(b.count("dossier.validate"), 0);
    // Nothing to write where the text itself is hidden.
    b.keys("<ctrl-p>restreint<enter><f9>");
    assert_eq!(b.count("dossier.preview_files"), 1);
}

#[test]
fn holding_is_decided_per_document_before_validation() {
    let mut b = Bench::new(80, 24);
    b.keys("<ctrl-b><enter><enter><f5>").sees("retenu par vous");
    b.keys("<f6>").sees("invisible au patient");
    b.keys("<enter>o");
    let asked = b.last("dossier.validate");
    assert_eq!((asked["hold"].clone(), asked["invisible"].clone()), (json!(true), json!(true)));
}

#[test]
fn a_critical_call_is_traced() {
    let mut b = Bench::new(80, 24);
    b.keys("<ctrl-b><enter><f8>").sees("Tracer l'appel");
    b.keys("Dr Roux prévenue<ctrl-o>").sees("Appel tracé");
    assert_eq!(b.last("dossier.trace_call")["note"], "Dr Roux prévenue");
}

#[test]
fn why_has_it_not_left_and_the_key_that_cures() {
    let mut b = Bench::new(80, 24);
    b.keys("<ctrl-e>").sees("pourquoi pas parti").sees("Pas d'adresse MSSanté connue").sees("41");
    b.sees("26-118690");
    b.keys("<f3>").sees("Quel correspondant corriger");
    b.keys("<enter>").sees("Adresse MSSanté du correspondant");
    b.keys("<ctrl-u>cab.morel@lab.mssante.fr<ctrl-o>");
    assert_eq!(b.last("correspondent.update")["facts"]["mss_address"], "cab.morel@lab.mssante.fr");
    assert_eq!(b.last("queue.retry"), json!({"id": null, "cause": "no_address"}));
    b.sees("41 envois rejoués.");
}

#[test]
fn an_order_shows_its_attempts_in_the_peers_words() {
    let mut b = Bench::new(80, 24);
    b.keys("<ctrl-e><enter><enter>")
        .sees("« 550 5.1.1 mailbox unavailable »")
        .sees("Ce qu'il faut pour partir");
    b.keys("<delete>").sees("Motif de l'annulation");
    b.keys("doublon<ctrl-o>");
    assert_eq!(b.last("queue.cancel"), json!({"id": 11, "motive": "doublon"}));
}

#[test]
fn pausing_a_service_asks_first() {
    let mut b = Bench::new(80, 24);
    b.keys("<ctrl-e><f5>").sees("Mettre MSSanté en pause ?");
    b.keys("<f5>");
    assert_eq!(b.count("queue.pause"), 0);
    b.keys("o");
    assert_eq!(b.last("queue.pause")["service"], "mss");
}

#[test]
fn unreadable_messages_are_shown_and_replayed() {
    let mut b = Bench::new(80, 24);
    b.keys("<ctrl-n>").sees("illisible").sees("aucun dossier ne porte");
    b.keys("<enter>").sees("MSH|").sees("OBX|1");
    b.keys("<f6>").sees("tout est classé");
    assert_eq!(b.last("inbox.replay")["id"], 21);
}

#[test]
fn ins_20_each_receiver_of_a_corrected_identity_is_confirmed_by_a_key() {
    let mut b = Bench::new(80, 24);
    b.keys("dup<enter><f5>").sees("Qui prévenir").sees("DR ROUX Claire").sees("à confirmer");
    b.keys("b").sees("Propager la correction à DR ROUX Claire ?").sees("26-118733");
    assert_eq!(b.count("propagation.decide"), 0);
    b.keys("o").sees("en file");
    assert_eq!(
        (b.last("propagation.decide")["id"].clone(), b.last("propagation.decide")["choice"].clone()),
        (json!(32), json!("confirm"))
    );
    b.keys("<f5>a").keys("o").sees("Faire retirer du DMP");
}

#[test]
fn ins_20_and_sta_12_the_receivers_are_named_before_a_locked_trait_changes() {
    let mut b = Bench::new(80, 24);
    let mut record = b.fake.answer("patient.get", &json!({"id": 2})).unwrap();
    record["receivers"] = json!(["DMP", "DR ROUX Claire"]);
    record["state"]["from_insi"] = json!(true);
    record["state"]["validated"] = json!(true);
    record["status"] = json!("qualifiee");
    record["traits_locked"] = json!(false);
    b.fake.instead.insert("patient.get".into(), record);
    b.keys("dup<enter><f2>X<ctrl-s>");
    b.sees("matricule INS").sees("DMP, DR ROUX Claire").sees("motif");
    assert_eq!(b.count("patient.edit_traits"), 0);
}

#[test]
fn a_message_is_filed_by_hand_and_a_difference_of_identity_is_asked_about() {
    let mut b = Bench::new(80, 24);
    b.keys("<ctrl-n><f4>").sees("Numéro du dossier").keys("26-118733<enter>").sees("tout est classé");
    assert_eq!(b.last("inbox.attach")["number"], "26-118733");
    let refused = json!({"code": -32000, "message": "refused", "data": {"kind": "refused",
        "cause": "le message porte un autre nom que le dossier", "hint": "vérifier, puis confirmer", "field": null}});
    b.fake.instead.insert("inbox.attach".into(), json!({ "error": refused }));
    b.keys("<f4>26-118733<enter>").sees("Classer malgré la différence ?").sees("un autre nom");
    b.fake.instead.remove("inbox.attach");
    b.keys("o").sees("tout est classé");
    assert_eq!(b.last("inbox.attach")["despite_identity"], true);
    // A record, for an identity that a partner sent.
    b.keys("<f4>12<enter>");
    assert_eq!(b.last("inbox.attach")["patient"], 12);
    let asked = b.count("inbox.attach");
    b.keys("<f4>bonjour<enter>").sees("numéro de fiche");
    assert_eq!(b.count("inbox.attach"), asked);
}

#[test]
fn ux_08_a_scan_from_any_screen_finds_its_patient() {
    let code = "IS010000000000000000000000S1278059999904242S21.2.250.1.213.1.4.8\u{1d}S3ANNE-MARIE ODETTE\u{1d}S4D'EXEMPLE DUPONT\u{1d}S5FS614-05-1978S799100";
    for before in ["", "dup", "<ctrl-e>", "<ctrl-b><enter>"] {
        let mut b = Bench::new(80, 24);
        b.keys(before).scan(code);
        assert_eq!(b.last("patient.search")["text"], code, "after {before}");
        b.sees("Identité nationale de santé");
    }
}

#[test]
fn ux_08_a_scan_of_an_unknown_patient_prefills_the_form() {
    let code = "IS010000000000000000000000S1278059999904242S21.2.250.1.213.1.4.8\u{1d}S3ANNE-MARIE ODETTE\u{1d}S4D'EXEMPLE DUPONT\u{1d}S5FS614-05-1978S799100";
    let mut b = Bench::new(80, 24);
    b.fake.instead.insert(
        "patient.search".into(),
        json!({"hits": [], "more": false, "understood": {"kind": "datamatrix"}, "dossier": null, "took_us": 1,
            "scanned": {"birth_name": "D'EXEMPLE DUPONT", "first_name": "ANNE-MARIE", "given_names": "ANNE-MARIE ODETTE",
                "birth_date": "1978-05-14", "sex": "F", "birth_place": "99100"}}),
    );
    // Nobody has it: the form opens by itself, one key creates.
    b.scan(code);
    b.sees("Nouveau patient").sees("D'EXEMPLE DUPONT").sees("14/05/1978").sees("99100").sees("Ctrl-S crée");
    b.keys("<ctrl-s>").sees("Patient créé");
    assert_eq!(b.last("patient.create")["given_names"], "ANNE-MARIE ODETTE");
    assert_eq!(b.last("patient.create")["birth_place"], "99100");
}

#[test]
fn a_paste_is_text_even_with_line_ends() {
    let mut b = Bench::new(80, 24);
    b.paste("dupont\nmarie");
    assert_eq!(b.last("patient.search")["text"], "dupont marie");
}

#[test]
fn help_lists_what_is_valid_here_with_its_keys() {
    let mut b = Bench::new(80, 40);
    b.keys("<f1>")
        .sees("F4")
        .sees("Enregistrer un nouveau dossier")
        .sees("Ctrl-E")
        .sees("Identité : ○ provisoire");
    b.keys("<esc>").sees_not("Sur cet écran");
    b.keys("<ctrl-e><f1>").sees("Aller au geste qui guérit").sees_not("Enregistrer un nouveau dossier");
}

#[test]
fn the_palette_finds_commands_and_teaches_their_keys() {
    let mut b = Bench::new(80, 24);
    b.keys("<ctrl-p>pourquoi").sees("Envois : pourquoi pas parti ?").sees("Ctrl-E");
    b.keys("<enter>").sees("Pas d'adresse MSSanté");
    // Letters scattered over other words find nothing: Enter would run what nobody asked for.
    b.keys("<ctrl-p>fictive").sees_not("Affichage restreint").keys("<esc>");
    b.keys("<ctrl-p>theme<enter>");
    b.keys("<ctrl-p>quitter<esc>").sees("Pas d'adresse MSSanté");
}

/// Every F-key of every screen has its second road through the palette.
#[test]
fn every_footer_key_is_also_in_the_palette() {
    use crate::command::{COMMANDS, Cmd};
    for keys in
        ["dup", "dup<enter>", "26-118733<enter>", "<ctrl-b>", "<ctrl-b><enter>", "<ctrl-e>", "<ctrl-n>"]
    {
        let mut b = Bench::new(120, 40);
        b.keys(keys);
        let offered: Vec<Cmd> =
            crate::update::layers::palette_matches(b.app.state(), "").iter().map(|c| c.id).collect();
        let contexts = b.app.state().contexts();
        for c in COMMANDS.iter().filter(|c| c.footer > 0 && c.id != Cmd::Palette) {
            if c.available(&contexts, b.app.state()) {
                assert!(offered.contains(&c.id), "{} after {keys}", c.name);
            }
        }
    }
}

#[test]
fn a_key_without_meaning_says_so_and_does_nothing() {
    let mut b = Bench::new(80, 24);
    b.keys("<ctrl-e><f8>").sees("F8 ne fait rien ici");
}

#[test]
fn quitting_with_typed_work_asks() {
    let mut b = Bench::new(80, 24);
    b.keys("martin<f2><ctrl-q>").sees("Quitter avec un travail non enregistré ?");
    b.keys("<ctrl-q>");
    assert!(!b.app.quitting());
    b.keys("o");
    assert!(b.app.quitting());
    let mut b = Bench::new(80, 24);
    b.keys("<ctrl-q>");
    assert!(b.app.quitting());
}

#[test]
fn the_identifier_is_copied_to_the_terminal() {
    let mut b = Bench::new(80, 24);
    b.keys("26-118733<enter><ctrl-k>");
    assert_eq!(b.copied, ["26-118733"]);
}

#[test]
fn plain_mode_has_no_borders_and_puts_the_real_cursor_on_the_focus() {
    let mut plain = settings("mono");
    plain.plain = true;
    let mut b = Bench::alone(80, 24, plain);
    b.say(FromDaemon::Link(Link::Up(super::Fake::hello())));
    b.keys("dup");
    for c in ['─', '═', '│', '┌', '▁'] {
        b.sees_not(&c.to_string());
    }
    let (_, y) = b.cursor();
    let screen = b.screen();
    assert!(screen.lines().nth(y.into()).unwrap().contains("Rechercher"));
    b.keys("<down>");
    let (_, y) = b.cursor();
    let screen = b.screen();
    assert!(screen.lines().nth(y.into()).unwrap().contains("MARTIN"), "{screen}");
}

#[test]
fn ascii_terminals_get_twins_of_every_sign() {
    let mut ascii = settings("mono");
    ascii.ascii = true;
    let mut b = Bench::alone(80, 24, ascii);
    b.say(FromDaemon::Link(Link::Up(super::Fake::hello())));
    for keys in ["dup", "<enter>", "<ctrl-e>", "<ctrl-b><enter>", "<f1>"] {
        b.keys(keys);
        for c in "─═│○◇□◆▸▁‖✓✗".chars() {
            let screen = b.screen();
            let body: Vec<&str> =
                screen.lines().filter(|l| !l.contains("Identité :") && !l.contains("Envoi :")).collect();
            assert!(!body.join("\n").contains(c), "{c} after {keys}:\n{screen}");
        }
    }
}
