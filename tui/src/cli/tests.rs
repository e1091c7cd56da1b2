//! The command line against a fake daemon: what is asked, what is shown, with which exit code.

use std::collections::BTreeSet;

use paillasse_shared::protocol::methods::NAMES;
use serde_json::{Value, json};

use super::fake::{Fake, hello};
use super::*;

/// What a run left: exit code, standard output, standard error.
struct Left {
    code: u8,
    out: String,
    err: String,
}

fn place(socket: &Path) -> Place {
    let style = Style { bold: false, zone: TimeZone::fixed(jiff::tz::offset(1)) };
    Place {
        style,
        socket: socket.to_owned(),
        demo: None,
        readers: || "aucun lecteur de cartes n'est branché sur ce poste".into(),
    }
}

fn paillasse(socket: &Path, args: &[&str]) -> Left {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = std::iter::once("paillasse").chain(args.iter().copied()).map(OsString::from);
    let code = run(args, &place(socket), &mut out, &mut err);
    Left { code, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
}

/// A daemon that knows one answer.
fn knows(method: &'static str, answer: Value) -> Fake {
    Fake::start(move |asked, _| match asked {
        "session.hello" => Ok(hello()),
        _ if asked == method => Ok(answer.clone()),
        _ => Err(WireError::not_found(format!("« {asked} » : inconnu ici"))),
    })
}

/// A daemon that greets and finds nothing.
fn finds_nothing() -> Fake {
    knows("", Value::Null)
}

#[test]
fn the_whole_help() {
    fn pages(command: &mut clap::Command, path: &str, text: &mut String) {
        let path = format!("{path}{}", command.get_name());
        text.push_str(&format!("───── {path} ─────\n{}\n", command.render_help()));
        for sub in command.get_subcommands_mut() {
            pages(sub, &format!("{path} "), text);
        }
    }
    let mut command = command().term_width(110);
    command.build();
    let mut text = String::new();
    pages(&mut command, "", &mut text);
    for english in ["Usage:", "Options:", "Commands:", "Print ", "possible values", "default:"] {
        assert!(!text.contains(english), "« {english} » dans l'aide");
    }
    insta::assert_snapshot!("help", text);
}

#[test]
fn the_command_definitions_hold_together() {
    command().debug_assert();
}

#[test]
fn every_request_of_the_protocol_has_a_command() {
    let who = ["--name", "DUPONT", "--first-name", "ANNE", "--sex", "F", "--birth-date", "12/03/1980"];
    let mut create = vec!["patient", "create"];
    create.extend(who);
    let mut edit = vec!["patient", "edit-traits", "1", "--seen-version", "3"];
    edit.extend(who);
    let commands: Vec<Vec<&str>> = vec![
        vec!["status"],
        vec!["patient", "search", "dup", "mar"],
        vec!["patient", "show", "1"],
        create,
        edit,
        vec!["patient", "edit-used", "1", "--phone", "0600000000"],
        vec!["patient", "attribute", "1", "douteux"],
        vec!["patient", "consent", "1", "--informed", "oui", "--opposed", "non"],
        vec!["patient", "history", "1"],
        vec!["patient", "disclosures", "1"],
        vec!["patient", "merge", "1", "2"],
        vec!["patient", "merge", "1", "2", "--motive", "même personne"],
        vec!["patient", "receive", "/dev/null"],
        vec!["patient", "split", "2", "--motive", "deux personnes"],
        vec!["place", "search", "rennes"],
        vec!["cog", "status"],
        vec!["cog", "import", "/tmp/cog-2027.txt", "--checksum", "00"],
        vec!["ins", "validate", "1"],
        vec!["ins", "fetch", "1"],
        vec!["ins", "fetch", "1", "--all-names"],
        vec!["ins", "stats"],
        vec!["patient", "matricules", "1"],
        vec!["card", "show"],
        vec!["card", "remove"],
        vec!["ins", "compare", "1"],
        vec!["ins", "accept", "1"],
        vec!["ins", "refuse", "1", "--motive", "autre personne"],
        vec!["ins", "qualify", "1", "--device", "cni"],
        vec!["ins", "verify", "1", "2"],
        vec!["ins", "worklist"],
        vec!["catalogue", "search"],
        vec!["correspondent", "search", "dur"],
        vec!["correspondent", "create", "--family", "DURAND"],
        vec!["correspondent", "update", "1", "--family", "DURAND"],
        vec!["dossier", "create", "--patient", "1", "--analysis", "NFS,IONO", "--prescriber", "1"],
        vec!["dossier", "show", "26-118733"],
        vec!["dossier", "list", "--state", "complet"],
        vec!["dossier", "list", "--to-validate"],
        vec!["dossier", "add", "1", "--analysis", "CRP"],
        vec!["dossier", "billing", "26-000001"],
        vec!["dossier", "labels", "1"],
        vec!["dossier", "preview", "1"],
        vec!["dossier", "preview", "1", "--pdf", "/dev/null"],
        vec!["dossier", "result", "1", "K", "4,1"],
        vec!["dossier", "cancel-result", "1", "K", "--motive", "hémolyse"],
        vec!["dossier", "validate-technical", "1"],
        vec!["dossier", "validate", "1"],
        vec!["dossier", "trace-call", "1", "Dr Durand prévenue"],
        vec!["document", "list"],
        vec!["document", "get", "1", "--as", "pdf"],
        vec!["document", "compare", "1"],
        vec!["document", "rebuild", "1"],
        vec!["document", "hold", "1"],
        vec!["queue", "show"],
        vec!["queue", "list", "--state", "retenu"],
        vec!["queue", "explain", "1"],
        vec!["queue", "pause", "dmp"],
        vec!["queue", "resume", "dmp"],
        vec!["queue", "retry", "--cause", "no_address"],
        vec!["queue", "cancel", "1", "--motive", "erreur"],
        vec!["queue", "reconcile"],
        vec!["queue", "drain", "mss"],
        vec!["correction", "list"],
        vec!["correction", "confirm", "1"],
        vec!["inbox", "list"],
        vec!["inbox", "show", "1"],
        vec!["inbox", "replay", "1"],
        vec!["inbox", "attach", "1", "--dossier", "7"],
        vec!["inbox", "close", "1", "--motive", "essai"],
        vec!["document", "receive", "Cargo.toml"],
        vec!["document", "read", "/dev/null"],
        vec!["received", "list"],
        vec!["received", "show", "1"],
        vec!["received", "show", "1", "--as", "text"],
        vec!["received", "attach", "1", "26-000001"],
        vec!["received", "merge", "1", "--keep", "1.1.1.1"],
        vec!["received", "embed", "1"],
        vec!["received", "close", "1", "--motive", "essai"],
        vec!["audit", "list"],
        vec!["audit", "verify"],
    ];
    let mut asked = BTreeSet::new();
    for command in &commands {
        let fake = finds_nothing();
        let left = paillasse(&fake.socket, command);
        assert!(left.code == 3 || command == &["status"], "{command:?} : {} {}", left.code, left.err);
        asked.extend(fake.calls().into_iter().map(|c| c.0));
    }
    asked.extend(card_requests());
    // The greeting opens every connection; events are for the workstation.
    let missing: Vec<_> = NAMES
        .iter()
        .filter(|n| !["session.hello", "events.subscribe"].contains(n) && !asked.contains(**n))
        .collect();
    assert!(missing.is_empty(), "aucune commande n'envoie {missing:?}");
}

/// Those that need a file, or an answer before.
fn card_requests() -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let mut asked = Vec::new();
    let json = json!({
        "source": "vitale", "holder": "2360663220836",
        "beneficiaries": [{"name": "TCHITCHI", "given_name": "CATARINA", "birth_date": "1936-06-21"}],
    });
    let toml = "source = \"vitale\"\nread_at = \"2026-05-18T07:30:00Z\"\n[[beneficiaries]]\nname = \"TCHITCHI\"\n\
                given_name = \"CATARINA\"\nbirth_date = \"1936-06-21\"\n[beneficiaries.assertion]\nxml = \"<a/>\"\n";
    for (name, text) in [("card.json", json.to_string()), ("card.toml", toml.to_owned())] {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        let fake = finds_nothing();
        let left = paillasse(&fake.socket, &["card", "push", path.to_str().unwrap()]);
        assert_eq!(left.code, 3, "{}", left.err);
        let calls = fake.calls();
        assert_eq!(calls[0].1["beneficiaries"][0]["name"], "TCHITCHI");
        asked.extend(calls.into_iter().map(|c| c.0));
    }
    // What is wrong is placed, never repeated.
    let path = dir.path().join("wrong.json");
    std::fs::write(&path, "{\"source\": \"vitale\",\n \"secret\": \"MARQUE\"}").unwrap();
    let fake = finds_nothing();
    let left = paillasse(&fake.socket, &["card", "push", path.to_str().unwrap()]);
    assert!(left.err.contains("ligne 2") && !left.err.contains("MARQUE"), "{}", left.err);
    assert!(fake.calls().is_empty());

    let card = json!({"card": {
        "reading": 7, "source": "vitale", "reader": "Accueil", "read_at": "2026-05-18T07:30:00Z",
        "people": [],
    }});
    let fake = knows("card.show", card);
    paillasse(&fake.socket, &["ins", "fetch", "1", "--card", "--person", "2"]);
    let calls = fake.calls();
    let last = calls.last().unwrap();
    assert_eq!((&last.1["reading"], &last.1["position"]), (&json!(7), &json!(2)));
    asked.extend(calls.into_iter().map(|c| c.0));
    asked
}

#[test]
fn a_machine_without_readers_says_so_plainly() {
    let fake = finds_nothing();
    let said = paillasse(&fake.socket, &["card", "readers", "--library", "/nowhere/lib.so"]);
    assert_eq!(said.code, 0);
    assert!(said.out.contains("n'est pas installé sur ce poste"), "{}", said.out);
    let read = paillasse(&fake.socket, &["card", "read", "--library", "/nowhere/lib.so"]);
    assert!(read.code != 0 && read.err.contains("n'est pas installé sur ce poste"), "{}", read.err);
    assert!(fake.calls().is_empty());
}

#[test]
fn parameters_are_what_was_typed() {
    let fake = finds_nothing();
    paillasse(&fake.socket, &["dossier", "result", "7", "NA", "-3,5", "--comment", "contrôlé"]);
    paillasse(&fake.socket, &["queue", "list", "--service", "dmp", "--state", "à traiter"]);
    paillasse(&fake.socket, &["dossier", "validate", "26-000001", "--hold", "--analysis", "K,NA"]);
    let calls = fake.calls();
    assert_eq!(calls[0].1, json!({"dossier": 7, "analysis": "NA", "value": "-3,5", "comment": "contrôlé"}));
    assert_eq!(calls[1].1["service"], "dmp");
    assert_eq!(calls[1].1["state"], "parked");
    assert_eq!(calls[2].1["number"], "26-000001");
    assert_eq!(calls[2].1["hold"], true);
    assert_eq!(calls[2].1["analyses"], json!(["K", "NA"]));
}

#[test]
fn ins_28_a_list_of_identities_is_verified_from_a_file() {
    let fake = finds_nothing();
    let list = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(list.path(), "12\n\n 15 \n").unwrap();
    paillasse(&fake.socket, &["ins", "verify", "3", "--file", list.path().to_str().unwrap()]);
    assert_eq!(fake.calls(), [("ins.verify".to_owned(), json!({"ids": [3, 12, 15], "due": false}))]);
    std::fs::write(list.path(), "12\nDUPONT\n").unwrap();
    let left = paillasse(&fake.socket, &["ins", "verify", "--file", list.path().to_str().unwrap()]);
    assert!(left.code == 2 && left.err.contains("ligne 2"), "{}", left.err);
}

#[test]
fn a_dossier_number_stands_for_its_patient() {
    let dossier = json!({
        "id": 4, "number": "26-000004", "version": 1, "patient": 12, "opened_at": "2026-11-22T06:00:00Z",
        "sampled_at": "2026-11-22T06:00:00Z", "state": "registered", "urgent": false, "correspondents": [],
        "chapters": [], "documents": [], "departures": [], "alerts": []
    });
    let fake = knows("dossier.get", dossier);
    paillasse(&fake.socket, &["ins", "compare", "26-000004"]);
    assert_eq!(fake.calls()[1], ("ins.compare".to_owned(), json!({"id": 12})));
}

/// A qualified record with everything in it.
fn whole_record() -> Value {
    json!({
        "id": 1, "version": 3,
        "traits": {"birth_name": "DE LA TOUR", "first_name": "JEAN-BAPTISTE", "given_names": "JEAN-BAPTISTE MARIE",
            "sex": "M", "birth_date": "1961-07-04", "birth_place": "35308"},
        "birth_place_label": "MESNIL-ROC'H (35)",
        "used": {"name": "LATOUR", "first_name": "JEAN"}, "phone": "02 99 00 00 01", "age": 65,
        "social_security": "1550169382001", "degraded": null,
        "state": {"validated": true, "from_insi": true, "homonyme": false, "douteux": false, "fictif": false},
        "status": "qualifiee",
        "missing": {"insi": false, "device": false, "doubt": false, "fictitious": false},
        "ins": {"matricule": "161073514701248", "grouped": "1 61 07 35 147 012 48", "oid": "1.2.250.1.213.1.4.10",
            "nature": "Nir", "recovered_at": "2026-11-22T09:02:00Z", "verified_at": null},
        "proof": {"device": "passport", "parent_device": null, "checked_at": "2026-11-22T09:03:00Z", "checked_by": "nmartin"},
        "insi": {"state": "accepted", "at": "2026-11-22T09:02:00Z"},
        "consent": {"informed": false, "opposed": false},
        "traits_locked": true, "dossiers": [], "created_at": "2026-01-02T08:00:00Z"
    })
}

#[test]
fn ins_01_and_ins_04_show_prints_the_ten_fields_and_the_billing_number_apart() {
    let fake = knows("patient.get", whole_record());
    let out = paillasse(&fake.socket, &["patient", "show", "1"]).out;
    for (label, value) in [
        ("Nom de naissance", "DE LA TOUR"),
        ("Premier prénom", "JEAN-BAPTISTE"),
        ("Prénoms", "JEAN-BAPTISTE MARIE"),
        ("Sexe", "M"),
        ("Né(e) le", "04/07/1961"),
        ("Lieu de naissance", "MESNIL-ROC'H (35) (35308)"),
        ("Nom utilisé", "LATOUR"),
        ("Prénom utilisé", "JEAN"),
        ("Matricule INS", "1 61 07 35 147 012 48"),
        ("OID", "1.2.250.1.213.1.4.10"),
    ] {
        assert!(
            out.lines().any(|l| l.trim_start().starts_with(label) && l.contains(value)),
            "{label} {value} in {out}"
        );
    }
    let billing = out.lines().find(|l| l.contains("1550169382001")).unwrap();
    assert!(billing.contains("facturation") && !billing.contains("INS"), "{billing}");
}

#[test]
fn ins_26_and_27_the_documents_of_the_site_are_listed_with_their_confidence() {
    let mut greeting = hello();
    greeting["identity"] = json!({"devices": [
        {"kind": "passport", "label": "Passeport", "high_confidence": true, "with_parent": false},
        {"kind": "ASE", "label": "Attestation du foyer", "high_confidence": false, "with_parent": false}]});
    let fake = Fake::start(move |_, _| Ok(greeting.clone()));
    let out = paillasse(&fake.socket, &["ins", "documents"]).out;
    assert!(out.contains("Passeport") && out.contains("haute confiance"), "{out}");
    assert!(out.contains("ASE") && out.contains("ne suffit pas"), "{out}");
}

#[test]
fn ins_05_a_place_that_lacks_is_named() {
    let fake = Fake::start(|asked, p| match asked {
        "session.hello" => Ok(hello()),
        _ if p["birth_place"].is_null() => {
            Err(WireError::invalid("birth_place", "Lieu de naissance : à saisir pour créer une identité"))
        }
        _ => Err(WireError::not_found("rien")),
    });
    let left = paillasse(
        &fake.socket,
        &[
            "patient",
            "create",
            "--name",
            "A",
            "--first-name",
            "B",
            "--sex",
            "F",
            "--birth-date",
            "12/03/1980",
        ],
    );
    assert_ne!(left.code, 0);
    assert!(left.err.contains("Lieu de naissance"), "{}", left.err);
}

#[test]
fn a_refusal_is_a_cause_then_a_hint_with_its_exit_code() {
    let fake = Fake::start(|asked, _| match asked {
        "session.hello" => Ok(hello()),
        _ => Err(WireError::refused("identité provisoire").hint("appelez INSi")),
    });
    let left = paillasse(&fake.socket, &["ins", "qualify", "1", "--device", "CNI"]);
    assert_eq!((left.code, left.out.as_str()), (4, ""));
    assert_eq!(left.err, "paillasse : identité provisoire\n  → appelez INSi\n");
}

#[test]
fn mistakes_of_the_command_line_are_told_in_french() {
    let nowhere = Path::new("/nowhere");
    let said = |args: &[&str]| {
        let left = paillasse(nowhere, args);
        assert_eq!(left.code, 2, "{args:?}");
        left.err
    };
    insta::assert_snapshot!(
        [
            said(&["patiant"]),
            said(&["patient", "show"]),
            said(&["patient", "show", "DUPONT"]),
            said(&["queue", "explain", "sept"]),
            said(&["queue", "pause", "ftp"]),
            said(&["queue", "list", "--stat", "held"]),
            said(&["queue", "list", "--limit", "0"]),
            said(&["queue", "retry", "1", "--cause", "x"]),
            said(&["ins", "qualify", "1", "--device"]),
            said(&["sim", "outage", "dmp", "--kind", "fire"]),
        ]
        .concat(),
        @r"
    paillasse : la commande « patiant » n'existe pas
      → vouliez-vous dire « patient » ?
    paillasse : il manque <PATIENT>
      → ajoutez --help pour voir ce qui est attendu
    paillasse : « DUPONT » ne convient pas à <PATIENT> : il faut un identifiant ou un numéro de dossier
      → ajoutez --help pour voir ce qui est attendu
    paillasse : « sept » ne convient pas à <ORDRE> : il faut un nombre
      → ajoutez --help pour voir ce qui est attendu
    paillasse : « ftp » ne convient pas à <SERVICE> : choix possibles : insi, dmp, mss, ins-verify
      → ajoutez --help pour voir ce qui est attendu
    paillasse : « --stat » n'est pas attendu ici
      → vouliez-vous dire « --state » ?
    paillasse : « 0 » ne convient pas à --limit <N> : il faut un nombre, de 1 à 65535
      → ajoutez --help pour voir ce qui est attendu
    paillasse : [ORDRE] ne va pas avec --cause <CAUSE>
      → ajoutez --help pour voir ce qui est attendu
    paillasse : il manque la valeur de --device <PIÈCE>
      → ajoutez --help pour voir ce qui est attendu
    paillasse : « fire » ne convient pas à --kind <PANNE> : choix possibles : slow, refuse, cut, expired
      → ajoutez --help pour voir ce qui est attendu
    ");
}

fn status(health: &str) -> Value {
    json!({
        "health": health, "version": "0.1.0", "started_at": "2026-11-22T06:05:00Z", "now": "2026-11-22T07:00:00Z",
        "training": true, "patients": 200, "dossiers": 171, "free_mib": 12345, "remarks": ["DMP injoignable"],
        "services": [
            {"service": "insi", "state": "ok", "since": null, "words": null, "waiting": 0},
            {"service": "dmp", "state": "down", "since": "2026-11-22T06:30:00Z", "words": "connection refused", "waiting": 12}
        ],
        "worklists": {"insi": 3, "orders_parked": 2, "orders_held": 9, "orders_waiting": 12, "to_validate_urgent": 1, "to_validate": 5, "inbox": 0}
    })
}

#[test]
fn status_exits_0_1_2_and_2_when_nobody_answers() {
    for (health, code) in [("good", 0), ("degraded", 1), ("down", 2)] {
        let left = paillasse(&knows("status.get", status(health)).socket, &["status", "--json"]);
        assert_eq!(left.code, code);
        assert_eq!(serde_json::from_str::<Value>(&left.out).unwrap()["health"], health);
    }
    let dir = tempfile::tempdir().unwrap();
    let nobody = dir.path().join("s");
    let left = paillasse(&nobody, &["status"]);
    assert_eq!(left.code, 2);
    assert!(left.err.contains("n'est pas lancé") && left.err.contains("→"), "{}", left.err);
    let left = paillasse(&nobody, &["status", "--json"]);
    assert_eq!((left.code, left.err.as_str()), (2, ""));
    assert_eq!(serde_json::from_str::<Value>(&left.out).unwrap()["health"], "down");
}

#[test]
fn status_for_people() {
    let left = paillasse(&knows("status.get", status("degraded")).socket, &["status"]);
    insta::assert_snapshot!(left.out, @r"
    Paillasse 0.1.0 · ÉCOLE : dégradé, le travail continue
      ! DMP injoignable
      Démarré le         22/11/2026 07:05
      Patients           200
      Dossiers           171
      Place libre        12345 Mio
      Lecteur de cartes  aucun lecteur de cartes n'est branché sur ce poste

    Service  État         En attente  Depuis            Détail
    INSi     ok                    0
    DMP      injoignable          12  22/11/2026 07:30  connection refused

    À traiter
    Liste                       Nombre
    Retours d'INSi à décider         3
    Dossiers urgents à valider       1
    Autres dossiers à valider        5
    Envois à traiter                 2
    Envois retenus                   9
    Envois qui partiront seuls      12
    Messages reçus sans place        0
    ");
}

#[test]
fn patients_for_people_and_for_scripts() {
    let found = json!({
        "hits": [
            {"id": 12, "birth_name": "DUPONT", "given_names": "MARIE CLAIRE", "birth_date": "1980-03-12", "sex": "F",
             "used_name": "BERGER", "status": "qualifiee", "homonyme": true,
             "last_dossier": {"id": 4, "number": "26-000004", "opened_at": "2026-11-22T06:00:00Z", "summary": "complet, tout remis"}},
            {"id": 3, "birth_name": "DUPOND", "given_names": "ANNE", "birth_date": "1980-03-12", "sex": "F",
             "used_name": null, "status": "provisoire", "homonyme": false, "last_dossier": null}
        ],
        "more": false, "understood": {"kind": "recent"}, "dossier": null, "took_us": 80
    });
    let fake = knows("patient.search", found.clone());
    let people = paillasse(&fake.socket, &["patient", "search", "dup", "12/03/80"]);
    assert_eq!(fake.calls()[0].1["text"], "dup 12/03/80");
    insta::assert_snapshot!(people.out, @r"
    Id  Nom de naissance  Prénoms       Né(e) le    S  Nom utilisé  Identité              Dernier dossier
    12  DUPONT            MARIE CLAIRE  12/03/1980  F  BERGER       qualifiée (homonyme)  26-000004, complet, tout remis
     3  DUPOND            ANNE          12/03/1980  F               provisoire
    ");
    let script = paillasse(&fake.socket, &["--json", "patient", "search", "dup"]);
    assert_eq!(script.out.lines().count(), 1);
    assert_eq!(serde_json::from_str::<Value>(&script.out).unwrap()["hits"], found["hits"]);
}

#[test]
fn close_identities_create_nothing_and_say_so() {
    let similar = json!({"outcome": "similar", "hits": []});
    let mut args = vec!["patient", "create", "--name", "DUPONT", "--first-name", "ANNE"];
    args.extend(["--sex", "F", "--birth-date", "12/03/1980"]);
    let left = paillasse(&knows("patient.create", similar).socket, &args);
    assert_eq!(left.code, ErrorKind::Refused.exit_code());
    assert!(left.out.contains("--not-a-duplicate"), "{}", left.out);
}

#[test]
fn doc_15_a_file_too_large_is_refused_in_french() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("d.xml");
    let read = |path: &std::path::Path| {
        paillasse(&dir.path().join("s"), &["document", "read", path.to_str().unwrap()])
    };
    // Forty megabytes that exist only as a size.
    std::fs::File::create(&file).unwrap().set_len(40 << 20).unwrap();
    let left = read(&file);
    assert_eq!(left.code, ErrorKind::Invalid.exit_code());
    assert!(left.err.contains("trop volumineux (40 Mo ; au plus 2 Mo)"), "{}", left.err);
    assert!(read(&dir.path().join("absent.xml")).err.contains("n'existe pas"));
}

#[test]
fn doc_04_the_command_that_compares_says_what_differs_and_leaves_with_one() {
    let same = json!({"id": 5, "identical": true, "values": 12, "only_in_cda": [], "only_in_pdf": []});
    let fake = knows("document.compare", same);
    let left = paillasse(&fake.socket, &["document", "compare", "5"]);
    assert_eq!((left.code, left.out.trim()), (0, "CDA et PDF disent la même chose (12 valeurs)."));
    let differs = json!({"id": 5, "identical": false, "values": 12,
                         "only_in_cda": [{"label": "Potassium", "value": "4,6"}], "only_in_pdf": ["6.4"]});
    let fake = knows("document.compare", differs);
    let left = paillasse(&fake.socket, &["document", "compare", "5"]);
    assert_eq!(left.code, 1);
    assert!(left.out.contains("Dans le CDA, pas dans le PDF : Potassium = 4,6"), "{}", left.out);
    assert!(left.out.contains("Dans le PDF, pas dans le CDA : 6.4"), "{}", left.out);
}

#[test]
fn doc_29_the_command_that_rebuilds_leaves_with_one_when_a_byte_differs() {
    let fake = knows("document.rebuild", json!({"id": 5, "same_cda": true, "same_pdf": true}));
    let left = paillasse(&fake.socket, &["document", "rebuild", "5"]);
    assert_eq!(left.code, 0, "{}", left.err);
    assert_eq!(left.out.matches("identique à l'octet près").count(), 2, "{}", left.out);
    let fake = knows("document.rebuild", json!({"id": 5, "same_cda": true, "same_pdf": false}));
    let left = paillasse(&fake.socket, &["document", "rebuild", "5"]);
    assert_eq!(left.code, 1);
    assert!(left.out.contains("différent"), "{}", left.out);
}

#[test]
fn doc_14_the_preview_is_written_as_page_and_pdf() {
    let files = json!({"stem": "apercu-26-1", "html": "PHA+", "pdf": "JVBERg=="});
    let fake = knows("dossier.preview_files", files);
    let dir = tempfile::tempdir().unwrap();
    let (html, pdf) = (dir.path().join("a.html"), dir.path().join("a.pdf"));
    let (html, pdf) = (html.to_str().unwrap(), pdf.to_str().unwrap());
    let left = paillasse(&fake.socket, &["dossier", "preview", "26-000001", "--html", html, "--pdf", pdf]);
    assert_eq!(left.code, 0, "{}", left.err);
    assert_eq!(left.out, format!("{html} (3 octets)\n{pdf} (4 octets)\n"));
    assert_eq!(
        (std::fs::read(html).unwrap(), std::fs::read(pdf).unwrap()),
        (b"<p>".to_vec(), b"%PDF".to_vec())
    );
}

#[test]
fn a_document_is_written_under_its_name_and_never_elsewhere() {
    let content = json!({"file_name": "../../CR.xml", "media_type": "text/xml", "base64": "PGEvPg=="});
    let fake = knows("document.get", content);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("cr.xml");
    let left =
        paillasse(&fake.socket, &["document", "get", "5", "--as", "cda", "-o", file.to_str().unwrap()]);
    assert_eq!(left.code, 0, "{}", left.err);
    assert_eq!(std::fs::read(&file).unwrap(), b"<a/>");
    let left = paillasse(&fake.socket, &["document", "get", "5", "-o", "-"]);
    assert_eq!(left.out, "<a/>");
    assert_eq!(fake.calls()[0].1, json!({"id": 5, "form": "cda"}));
    let unwritable = dir.path().join("absent").join("cr.xml");
    let left = paillasse(&fake.socket, &["document", "get", "5", "-o", unwritable.to_str().unwrap()]);
    assert_eq!(left.code, ErrorKind::NotFound.exit_code());
    assert!(left.err.contains("n'existe pas"), "{}", left.err);
}

#[test]
fn sec_13_the_journal_is_exported_page_by_page_from_its_first_line() {
    let fake = Fake::start(|asked, params| match asked {
        "session.hello" => Ok(hello()),
        _ => {
            let from = params["from"].as_i64().unwrap();
            let last = (from + params["limit"].as_i64().unwrap()).min(5003);
            let line = |seq: i64| {
                json!({"seq": seq, "at": "2026-11-22T06:00:00Z", "actor": "demo", "act": "x", "subject": "y",
                       "detail": "{}", "previous": "", "seal": ""})
            };
            Ok(json!({"lines": (from..last).map(line).collect::<Vec<_>>()}))
        }
    });
    let left = paillasse(&fake.socket, &["audit", "list", "--json"]);
    let seqs: Vec<i64> = left
        .out
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap()["seq"].as_i64().unwrap())
        .collect();
    assert_eq!(seqs, (1..5003).collect::<Vec<_>>());
}

#[test]
fn call_reaches_any_request_and_lists_them() {
    let fake = knows("status.get", status("good"));
    let left = paillasse(&fake.socket, &["call", "status.get"]);
    assert_eq!(serde_json::from_str::<Value>(&left.out).unwrap(), status("good"));
    let left = paillasse(&fake.socket, &["call", "patient.get", "{id: 1}"]);
    assert_eq!(left.code, 2);
    assert!(left.err.contains("JSON"), "{}", left.err);
    let listed = paillasse(Path::new("/nowhere"), &["call", "--list"]).out;
    assert_eq!(listed.lines().collect::<Vec<_>>(), NAMES);
}

/// A control socket of simulators that gives one answer to every line; and the lines it got.
fn simulators(answer: Value) -> (tempfile::TempDir, String, std::sync::mpsc::Receiver<Value>) {
    use std::io::{BufRead, BufReader};
    let dir = tempfile::tempdir().unwrap();
    let control = dir.path().join("control");
    let listener = std::os::unix::net::UnixListener::bind(&control).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            for line in BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok) {
                tell.send(serde_json::from_str(&line).unwrap()).unwrap();
                stream.write_all(format!("{answer}\n").as_bytes()).unwrap();
            }
        }
    });
    let path = control.to_str().unwrap().to_owned();
    (dir, path, told)
}

#[test]
fn ux_16_an_outage_is_asked_of_the_simulators() {
    let (_dir, control, told) = simulators(json!({"ok": true}));
    let sim = |args: &[&str]| paillasse(Path::new("/nowhere"), &[args, &["--control", &control]].concat());
    let left = sim(&["sim", "outage", "dmp", "--kind", "slow", "--for", "20m", "--delay", "30s"]);
    assert_eq!((left.code, left.out.as_str()), (0, "DMP : panne « répond tard » pendant 1200 s.\n"));
    assert_eq!(sim(&["sim", "clear", "dmp"]).code, 0);
    let outage =
        json!({"outage": {"service": "dmp", "kind": "slow", "for_seconds": 1200, "delay_ms": 30000}});
    assert_eq!(told.iter().take(2).collect::<Vec<_>>(), [outage, json!({"clear": "dmp"})]);
}

#[test]
fn a_refusal_of_the_simulators_is_told() {
    let (_dir, control, _told) = simulators(json!({"error": "panne inconnue"}));
    let left = paillasse(Path::new("/nowhere"), &["sim", "clear", "--control", &control]);
    assert_eq!(left.code, ErrorKind::Refused.exit_code());
    assert!(left.err.contains("panne inconnue"), "{}", left.err);
}

#[test]
fn outages_in_force_are_shown_service_by_service() {
    let outage = json!({"kind": "slow", "delay_ms": 30000, "remaining_seconds": 1199});
    let answer = json!({"ok": true, "outages": {"insi": null, "dmp": outage, "mss": null}});
    let (_dir, control, _told) = simulators(answer);
    let left = paillasse(Path::new("/nowhere"), &["sim", "status", "--control", &control]);
    insta::assert_snapshot!(left.out, @r"
    Service  Panne        Reste (s)  Retard (ms)
    INSi     aucune
    DMP      répond tard       1199        30000
    MSSanté  aucune
    ");
}

#[test]
fn without_simulators_the_next_step_is_told() {
    let left = paillasse(Path::new("/nowhere"), &["sim", "status"]);
    assert_eq!(left.code, ErrorKind::Unavailable.exit_code());
    assert!(left.err.contains("paillasse demo"), "{}", left.err);
}
