//! A newcomer in front of `paillasse demo`, in a real pseudo-terminal of 80 by 24: a new patient from the desk to the
//! DMP and the prescriber's mailbox, by keys that the screen shows and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use paillasse_tests::bins::bins;
use paillasse_tests::terminal::Terminal;
use paillasse_tests::tools;

/// How many files under `dir` with this extension carry a text.
fn carrying(dir: &Path, extension: &str, text: &str) -> usize {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|e| e.path())
        .map(|path| match path.is_dir() {
            true => carrying(&path, extension, text),
            false => {
                let right = path.extension().is_some_and(|e| e == extension);
                usize::from(right && String::from_utf8_lossy(&fs::read(&path).unwrap()).contains(text))
            }
        })
        .sum()
}

#[test]
fn a_newcomer_takes_a_patient_from_the_desk_to_the_dmp_and_the_mailbox() {
    // A folder of its own, so that another demonstration of this machine is neither seen nor disturbed.
    let dir = tempfile::Builder::new().prefix("paillasse-pty-").tempdir().unwrap();
    let program = &bins().cli;
    let begun = Instant::now();
    let mut t = Terminal::start(
        program,
        &["demo"],
        &[("TMPDIR", dir.path()), ("XDG_RUNTIME_DIR", dir.path()), ("HOME", dir.path())],
    );

    // The demonstration ends on the search screen, under its ÉCOLE mark.
    let school = |s: &str| s.lines().next().is_some_and(|l| l.trim_end().ends_with("ÉCOLE"));
    t.until("search screen", |s| {
        let keys = ["F1 Aide", "Ctrl-P Tout faire"];
        school(s) && s.contains("Rechercher") && s.contains("INSi ok") && keys.iter().all(|k| s.contains(k))
    });
    tools::say(&format!("search screen after {:.1?}", begun.elapsed()));

    // Somebody that this laboratory has never seen, and that INSi knows.
    let started = Instant::now();
    t.types("tchitchi catarina 21/06/1936");
    t.shows("Personne ne correspond");
    t.press("F2 Créer");
    t.until("form with what was typed", |s| {
        s.contains("TCHITCHI") && s.contains("CATARINA") && s.contains("21/06/1936") && s.contains("Sexe")
    });
    t.press("Entrée Suite");
    t.shows("F, M, ou I si indéterminé");
    t.types("F");
    t.press("Entrée Suite");
    t.types("mazoi");
    t.shows("63220 Mazoires");
    t.press("Entrée Suite");
    t.press("Entrée Créer");

    // INSi is asked by itself; its return is shown field by field, accepted by one key.
    t.shows("TCHITCHI Catarina");
    t.press("Entrée Voir le retour INSi");
    t.until("the return, field by field", |s| {
        ["CATARINA BELLA", "63220", "aucune contradiction"].iter().all(|text| s.contains(text))
    });
    t.press("Entrée Accepter");
    t.shows("récupérée");

    // The identity card.
    t.press("Entrée Qualifier");
    t.shows("Carte nationale d'identité");
    t.press("Entrée Choisir");
    t.shows("◆ qualifiée");

    // The dossier, with its exams and its prescriber.
    t.press("Entrée Nouveau dossier");
    t.shows("Correspondants");
    t.types("iono");
    t.shows("iono");
    t.press("Entrée Ajouter");
    t.press("Entrée Prescripteur");
    t.shows("Tapez le nom du prescripteur");
    t.types("roux");
    t.until("one prescriber is left", |s| s.contains("ROUX Antoine") && !s.contains("BENALI"));
    t.press("Entrée Ajouter");
    t.shows("Dr ROUX Antoine");
    t.press("Entrée Enregistrer");
    t.shows("Dossier enregistré");

    // Results by hand.
    t.press("Entrée Saisir");
    for value in ["140", "4,2", "103", "25", "71"] {
        t.shows("Tapez la valeur");
        t.types(value);
        t.press("Entrée Ligne suivante");
        t.until("the value in its line", |s| s.lines().any(|l| l.contains(&format!(" {value} "))));
    }

    // Validated by one key each; both orders leave and are delivered.
    t.press("F8 Valider");
    t.until("what will leave", |s| {
        s.lines().any(|l| l.contains("Au départ après validation") && l.contains("DMP"))
    });
    t.press("Entrée Valider (technique)");
    t.shows("Validé techniquement");
    t.press("Entrée Valider (biologique)");
    t.until("both orders delivered", |s| {
        school(s) && ["DMP ✓ remis", "ROUX Antoine (MSSanté) ✓ remis"].iter().all(|text| s.contains(text))
    });
    tools::say(&format!("from an unknown patient to both deliveries in {:.1?}", started.elapsed()));

    // What the services received.
    let facts: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.path().join("paillasse-demo.json")).unwrap()).unwrap();
    let received = PathBuf::from(facts["received"].as_str().unwrap());
    assert_eq!(carrying(&received.join("dmp"), "xml", "<family qualifier=\"BR\">TCHITCHI"), 1);
    assert_eq!(carrying(&received.join("mail"), "eml", "TCHITCHI"), 1);

    // The end: nothing stays behind.
    t.types("\u{11}");
    assert_eq!(t.end(), 0);
    let left: Vec<_> = fs::read_dir(dir.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
}
