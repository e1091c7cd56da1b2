//! The identity desk, key by key: what is shown of an identity and to whom, what is locked, what the site decides.

use serde_json::{Value, json};

use super::{Bench, Fake, settings};
use crate::client::{FromDaemon, Link};

/// A workstation greeted by a daemon whose greeting was changed.
fn greeted(width: u16, height: u16, change: impl FnOnce(&mut Value)) -> Bench {
    let mut hello = Fake::hello();
    change(&mut hello);
    let mut b = Bench::alone(width, height, settings("dark"));
    b.say(FromDaemon::Link(Link::Up(hello)));
    b
}

fn without(hello: &mut Value, right: &str) {
    hello["user"]["rights"].as_array_mut().unwrap().retain(|r| r != right);
}

/// A record that INSi and a passport made qualified.
fn qualified(b: &mut Bench) {
    b.fake.accepted = true;
    b.fake.device = Some("passport".into());
}

/// Style of the first cell of a text on screen.
fn style_of(b: &mut Bench, text: &str) -> String {
    let screen = b.screen();
    let (y, line) =
        screen.lines().enumerate().find(|(_, l)| l.contains(text)).unwrap_or_else(|| panic!("{text}"));
    let x = line.split(text).next().unwrap().chars().count();
    let cell = &b.terminal.backend().buffer()[(u16::try_from(x).unwrap(), u16::try_from(y).unwrap())];
    format!("{:?} {:?} {:?}", cell.fg, cell.bg, cell.modifier)
}

#[test]
fn ins_01_the_record_shows_the_ten_fields() {
    for size in [(80, 24), (120, 40)] {
        let mut b = Bench::new(size.0, size.1);
        qualified(&mut b);
        let mut record = b.fake.record(1);
        record["used"] = json!({"name": "LATOUR", "first_name": "JEAN"});
        b.fake.instead.insert("patient.get".into(), record);
        b.keys("de la<enter>");
        for shown in [
            "DE LA TOUR",
            "Jean-Baptiste",
            "JEAN-BAPTISTE MARIE LOUIS",
            "04/07/1961",
            "M ",
            "35308",
            "1 61 07 35 147 012 48",
            "1.2.250.1.213.1.4.10",
            "Nom utilisé",
            "LATOUR",
            "Prénom utilisé",
            "JEAN",
        ] {
            b.sees(shown);
        }
    }
}

#[test]
fn ins_04_the_billing_number_is_never_named_ins() {
    let mut b = Bench::new(80, 24);
    qualified(&mut b);
    b.keys("de la<enter>").sees("1550169382001");
    let line = b.screen().lines().find(|l| l.contains("1550169382001")).unwrap().to_owned();
    assert!(line.contains("sécu") && !line.contains("INS"), "{line}");
    b.keys("<f2>");
    let line = b.screen().lines().find(|l| l.contains("facturation")).unwrap().to_owned();
    assert!(line.contains("1550169382001") && !line.contains("INS"), "{line}");
}

#[test]
fn ins_05_the_place_is_asked_for_never_prefilled_and_the_rest_may_stay_empty() {
    let mut b = Bench::new(80, 24);
    b.keys("martin zoe 03/02/1990<f2><tab><tab>f<enter>").sees("Lieu de naissance");
    b.keys("<enter>").sees("Lieu de naissance : nécessaire");
    b.keys("<ctrl-s>").sees("Lieu de naissance : nécessaire");
    assert_eq!(b.count("patient.create"), 0, "and nothing stands in the field by itself");
    // One Enter takes the first suggestion, the next one creates.
    b.keys("lanh<enter>").sees("Entrée Créer").keys("<enter>").sees("Patient créé");
    let asked = b.last("patient.create");
    assert_eq!(asked["birth_place"], "35147");
    assert!(asked["phone"].is_null() && asked["used_name"].is_null() && asked["given_names"].is_null());
    for (label, keys) in [
        ("Nom de naissance", "martin zoe 03/02/1990<f2><backtab><backtab><ctrl-u><ctrl-s>"),
        ("1er prénom", "martin zoe 03/02/1990<f2><backtab><ctrl-u><ctrl-s>"),
        ("Né(e) le", "martin zoe<f2><ctrl-s>"),
        ("Sexe", "martin zoe 03/02/1990<f2><ctrl-s>"),
        ("Lieu de naissance", "martin zoe 03/02/1990<f2><tab><tab>f<ctrl-s>"),
    ] {
        let mut b = Bench::new(80, 24);
        b.keys(keys);
        assert_eq!(b.count("patient.create"), 0, "{label}");
        let screen = b.screen();
        let line = screen.lines().find(|l| l.contains(label)).unwrap();
        assert!(line.trim_end().ends_with('!'), "{screen}");
    }
}

#[test]
fn ins_06_fields_hidden_by_the_site_are_not_shown_and_the_four_always_are() {
    let mut b = greeted(120, 40, |h| {
        h["identity"] =
            json!({"hidden": ["phone", "social-security", "birth-place", "used-name", "birth-name"]});
    });
    qualified(&mut b);
    b.keys("de la<enter>").sees("DE LA TOUR").sees("Jean-Baptiste").sees("04/07/1961");
    b.sees_not("02 99 00 00 01").sees_not("1550169382001").sees_not("MESNIL-ROC'H").sees_not("Nom utilisé");
    b.keys("<f2>").sees_not("Téléphone").sees_not("facturation").sees("Prénom utilisé");
}

#[test]
fn ins_13_a_key_without_its_right_is_greyed_and_says_why() {
    let mut b = greeted(120, 40, |h| without(h, "call-insi"));
    let mut never = b.fake.record(1);
    never["insi"] = json!({"state": "not_called"});
    b.fake.instead.insert("patient.get".into(), never);
    b.keys("de la<enter>").sees("F3 Appeler INSi");
    let (grey, plain) = (style_of(&mut b, "Appeler INSi"), style_of(&mut b, "Corriger"));
    assert_ne!(grey, plain, "greyed");
    b.keys("<f3>").sees("votre profil n'a pas le droit « appel INSi »");
    assert_eq!(b.count("ins.fetch"), 0);
    let mut b = greeted(80, 24, |h| without(h, "qualify-identity"));
    b.keys("de la<enter><f7>").sees("votre profil n'a pas le droit « valider une identité »");
    let mut b = greeted(80, 24, |h| without(h, "see-ins"));
    qualified(&mut b);
    let mut record = b.fake.record(1);
    record["ins"] = Value::Null;
    b.fake.instead.insert("patient.get".into(), record);
    b.keys("de la<enter>").sees("votre profil n'a pas le droit « voir l'INS »").sees_not("1 61 07");
    let mut b = greeted(80, 24, |h| without(h, "register"));
    b.keys("zzz<f2>").sees("votre profil n'a pas le droit « accueil »").sees_not("Nouveau patient");
}

#[test]
fn ins_25_a_slave_site_has_no_creation_key_but_the_degraded_procedure() {
    let slave = |h: &mut Value| h["identity"] = json!({"role": "esclave"});
    let mut b = greeted(80, 24, slave);
    b.keys("zzz").sees_not("F2 Créer").keys("<f2>").sees("Les identités viennent d'un autre système");
    b.sees_not("Nouveau patient");
    b.keys("<ctrl-p>dégrad<enter>").sees("Dire pourquoi").keys("flux coupe<enter>").sees("Nouveau patient");
    b.sees("Procédure dégradée : flux coupe");
    b.keys("<tab>lea<tab><tab>03/02/1990<tab>f<enter>lanh<enter><enter>").sees("Patient créé");
    assert_eq!(b.last("patient.create")["degraded"], "flux coupe");
    let mut b = greeted(80, 24, |_| ());
    b.keys("zzz").sees("F2 Créer").keys("<ctrl-p>dégrad").sees_not("Procédure dégradée");
}

#[test]
fn ins_26_and_27_the_choice_lists_the_kinds_of_the_site_with_their_confidence() {
    let mut b = greeted(80, 24, |h| {
        h["identity"] = json!({"devices": [
            {"kind": "passport", "label": "Passeport", "high_confidence": true, "with_parent": false},
            {"kind": "residence_permit", "label": "Titre de séjour", "high_confidence": false, "with_parent": false},
            {"kind": "ASE", "label": "Attestation du foyer", "high_confidence": true, "with_parent": false}]});
    });
    b.keys("de la<enter><f7>").sees("Attestation du foyer").sees_not("Carte nationale");
    let screen = b.screen();
    let line = |text: &str| screen.lines().find(|l| l.contains(text)).unwrap().to_owned();
    assert!(line("Passeport").contains("haute confiance"));
    assert!(line("Titre de séjour").contains("ne suffit pas"));
    b.keys("b");
    assert_eq!(b.last("ins.qualify")["device"], "ASE");
}

#[test]
fn sta_10_locked_traits_carry_a_sign_another_style_and_no_cursor() {
    for theme in ["dark", "mono"] {
        let mut b = Bench::alone(80, 24, settings(theme));
        b.say(FromDaemon::Link(Link::Up(Fake::hello())));
        qualified(&mut b);
        b.keys("de la<enter>").sees("JEAN-BAPTISTE MARIE LOUIS ▣");
        let (locked, free) = (style_of(&mut b, "JEAN-BAPTISTE MARIE"), style_of(&mut b, "02 99 00 00 01"));
        assert_ne!(locked, free, "{theme}");
        b.keys("<f2>").sees("Traits verrouillés");
        let line = b.screen().lines().find(|l| l.contains("Nom de naissance")).unwrap().to_owned();
        assert!(line.contains("DE LA TOUR ▣"), "{line}");
        b.keys("x");
        assert!(!b.screen().contains("DE LA TOURx"), "typing goes elsewhere");
    }
}

#[test]
fn sta_11_complementary_traits_of_a_qualified_identity_are_typed_and_kept() {
    let mut b = Bench::new(80, 24);
    qualified(&mut b);
    b.keys("de la<enter><f2>berger<ctrl-s>");
    assert_eq!((b.count("patient.edit_traits"), b.count("patient.edit_used")), (0, 1));
    let asked = b.last("patient.edit_used");
    assert_eq!(asked["used_name"], "berger");
    assert_eq!(asked["phone"], "02 99 00 00 01");
    b.sees("Traits corrigés").sees("◆ qualifiée");
}

#[test]
fn sta_09_and_12_the_special_right_edits_both_kinds_with_effects_listed_and_a_motive() {
    let mut b = Bench::new(80, 24);
    qualified(&mut b);
    let mut record = b.fake.record(1);
    record["traits_locked"] = json!(false);
    b.fake.instead.insert("patient.get".into(), record);
    b.keys("de la<enter><f2><ctrl-u>de la tourr<tab><tab><tab><tab><tab><tab>berger<ctrl-s>");
    b.sees("Motif de la correction").sees("« qualifiée » devient « provisoire »");
    for effect in ["matricule INS et son OID sont retirés", "pièce", "retenus", "historique"] {
        b.sees(effect);
    }
    assert_eq!(b.count("patient.edit_traits"), 0);
    b.keys("faute<enter>").sees("se confirme par Ctrl-O").keys("<ctrl-o>");
    assert_eq!(b.last("patient.edit_traits")["motive"], "faute");
    assert_eq!(b.last("patient.edit_used")["used_name"], "BERGER".to_lowercase());
}

#[test]
fn sta_08_the_history_shows_former_status_date_and_person_at_any_width() {
    for size in [(80, 24), (60, 20)] {
        let mut b = Bench::new(size.0, size.1);
        b.keys("de la<enter><f8>");
        let screen = b.screen();
        let line = screen.lines().find(|l| l.contains("22/11/2026 10:03")).unwrap();
        assert!(line.contains("nmartin") && line.contains("récupérée"), "{line}");
        b.sees("Carte").sees("Fiche créée").sees("récupérée →");
    }
}

#[test]
fn sta_14_a_recorded_document_waits_for_the_validation_key() {
    let mut b = greeted(80, 24, |h| h["identity"] = json!({"validate_on_document": false}));
    b.keys("de la<enter><f7>p");
    assert_eq!(b.last("ins.qualify")["device"], "passport");
    let mut recorded = b.fake.record(1);
    recorded["state"]["validated"] = json!(false);
    recorded["status"] = json!("provisoire");
    recorded["missing"] = json!({"insi": true, "device": true, "doubt": false, "fictitious": false});
    b.fake.instead.insert("patient.get".into(), recorded);
    b.keys("<esc><enter>").sees("F7 Valider").sees("○ provisoire");
    b.keys("<f7>").sees("Valider l'identité sur cette pièce : Passeport");
    assert_eq!(b.count("ins.validate"), 0);
    b.keys("o");
    assert_eq!(b.count("ins.validate"), 1);
}

#[test]
fn sta_15_a_key_says_what_is_missing() {
    let mut b = Bench::new(80, 24);
    b.keys("de la<enter>?").sees("Il manque : appel INSi et pièce d'identité");
    let mut b = Bench::new(80, 24);
    b.fake.accepted = true;
    b.keys("de la<enter>?").sees("Il manque : pièce d'identité");
    let mut b = Bench::new(80, 24);
    b.fake.device = Some("passport".into());
    b.keys("26-118733<enter>?").sees("Il manque : appel INSi");
    let mut b = Bench::new(80, 24);
    qualified(&mut b);
    b.keys("de la<enter>?").sees("Rien ne manque");
}

#[test]
fn sta_16_the_status_stands_in_letters_on_every_screen_about_a_patient() {
    for keys in [
        "de la",
        "de la<enter>",
        "de la<enter><enter>",
        "de la<enter><f2>",
        "de la<enter><f4>",
        "de la<enter><f7>",
        "de la<enter><f8>",
        "de la<enter><f6>",
        "26-118733<enter>",
        "26-118733<enter><down><down><down><enter>",
        "26-118733<enter><f8>",
        "26-118733<enter><f9>",
        "<ctrl-b>",
        "<ctrl-b><enter>",
        "<ctrl-e><enter><enter>",
    ] {
        for size in [(80, 24), (60, 20)] {
            let mut b = Bench::new(size.0, size.1);
            b.fake.to_decide = true;
            b.keys(keys);
            let screen = b.screen();
            let letters = ["provisoire", "récupérée", "validée", "qualifiée"];
            assert!(letters.iter().any(|s| screen.contains(s)), "{keys} at {size:?}:\n{screen}");
        }
    }
}

#[test]
fn sta_20_validation_recalls_an_identity_that_is_not_qualified_without_a_question() {
    let mut b = Bench::new(80, 24);
    b.fake.stage = 1;
    let mut view = b.fake.answer("dossier.get", &json!({"id": 7})).unwrap();
    view["gestures"] = json!([]);
    b.fake.instead.insert("dossier.get".into(), view);
    // Opening, registering and leaving asks nothing.
    b.keys("de la<enter>");
    assert!(b.app.state().layers.is_empty());
    b.keys("<ctrl-r>26-118733<enter><f8>").sees("Identité provisoire : rien ne part au DMP. F7");
    assert!(b.app.state().layers.is_empty(), "said on the line, no window");
    b.keys("<f7>").sees("Identité nationale de santé");
}

#[test]
fn sta_21_near_twins_show_their_differences_and_one_key_marks_both() {
    let mut b = Bench::new(80, 24);
    b.keys("dupond mari 12/03/1980<f2><tab><tab>f<enter>lanh<enter><enter>");
    b.sees("Est-ce l'une de ces personnes ?").sees("≠");
    let screen = b.screen();
    let line = screen.lines().find(|l| l.contains("≠")).unwrap();
    assert!(line.contains("DUPOND") && line.contains("prénom"), "{line}");
    assert_ne!(style_of(&mut b, "≠ "), style_of(&mut b, "DUPOND MARIE"));
    b.keys("m");
    let asked = b.last("patient.create");
    assert_eq!((&asked["homonyms"], &asked["not_a_duplicate"]), (&json!([3]), &json!(true)));
}

#[test]
fn ins_18_the_slip_for_billing_is_found_by_its_name() {
    let mut b = Bench::new(80, 24);
    qualified(&mut b);
    b.keys("26-118733<enter><ctrl-p>facturation<enter>")
        .sees("Relevé pour facturation")
        .sees("1550169382001");
    b.sees_not("1 61 07");
}

#[test]
fn restricted_display_hides_who_it_is_and_says_so_on_every_screen() {
    let mut b = Bench::new(80, 24);
    qualified(&mut b);
    b.keys("de la<enter><f12>").sees("AFFICHAGE RESTREINT").sees("D. L. T.").sees("◆ qualifiée");
    for hidden in ["DE LA TOUR", "Jean-Baptiste", "04/07/1961", "1 61 07", "02 99 00", "1550169", "MESNIL"] {
        b.sees_not(hidden);
    }
    b.keys("<ctrl-r>dup").sees("AFFICHAGE RESTREINT").sees_not("DUPONT").sees_not("12/03/1980");
    b.keys("<ctrl-b>").sees("AFFICHAGE RESTREINT").sees_not("LE GOFF");
    b.keys("<ctrl-e><enter><enter>").sees("AFFICHAGE RESTREINT").sees_not("DUPONT");
    b.keys("<f12>").sees_not("AFFICHAGE RESTREINT");
}

#[test]
fn restricted_display_hides_the_close_identities_and_the_work_list_too() {
    let mut b = Bench::new(80, 24);
    b.keys("dupond mari 12/03/1980<f2><tab><tab>f<enter>lanh<enter><f12><enter>");
    b.sees("Est-ce l'une de ces personnes ?")
        .sees("≠")
        .sees("D. M.")
        .sees_not("12/03/1980 F")
        .sees_not("DUPONT");
    let mut b = Bench::new(80, 24);
    b.keys("<ctrl-t>").sees("○ provisoire").sees("à accepter ou refuser").sees("04/07/1961");
    b.keys("<f12>").sees("○ provisoire").sees_not("04/07/1961").sees_not("DE LA TOUR");
}

#[test]
fn school_stands_from_the_first_frame_in_a_demonstration() {
    let mut known = settings("dark");
    known.training = true;
    Bench::alone(80, 24, known).sees("ÉCOLE");
    Bench::alone(80, 24, settings("dark")).sees_not("ÉCOLE");
}
