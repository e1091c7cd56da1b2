//! The journal: whole when nobody touched it; one byte altered, on a copy of the database or in an export, is found
//! and its line named.

use std::fs;
use std::path::Path;

use paillasse_shared::domain::audit::AuditLine;
use paillasse_shared::protocol::ErrorKind;
use paillasse_tests::bins::bins;
use paillasse_tests::process::{Run, run};
use paillasse_tests::{House, lab};

/// Every place of `needle` in `bytes`.
fn places(bytes: &[u8], needle: &[u8]) -> Vec<usize> {
    (0..=bytes.len() - needle.len()).filter(|&i| bytes[i..].starts_with(needle)).collect()
}

#[track_caller]
fn names_line(said: &Run, line: i64) {
    assert_eq!(said.code, i32::from(ErrorKind::Refused.exit_code()), "{said:?}");
    assert!(
        said.out.contains("ALTÉRÉ") && said.out.contains(&format!("ligne {line} ")),
        "line {line}: {said:?}"
    );
}

#[test]
fn one_altered_byte_is_found_and_its_line_named() {
    let mut house = House::open();
    let mut c = house.client();
    let patient = lab::qualified(&mut c, &lab::people()[0]);
    let by = lab::prescriber(&mut c, "dr.roux");
    for _ in 0..3 {
        let dossier = lab::reported(&mut c, patient, by);
        lab::delivered(&mut c, dossier);
    }
    let intact = house.cli(&["audit", "verify"]).good();
    assert!(intact.contains("Journal intact"), "{intact}");

    // The journal exported, verified without the service.
    let export = house.cli(&["--json", "audit", "list"]).good();
    let lines: Vec<AuditLine> = export.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(lines.len() > 20, "{}", lines.len());
    let acts: Vec<&str> = lines.iter().map(|l| l.act.as_str()).collect();
    for act in [
        "patient-create",
        "insi-accept",
        "identity-qualify",
        "result-enter",
        "validate-biological",
        "order-delivered",
    ] {
        assert!(acts.contains(&act), "{act}: {acts:?}");
    }

    // A copy of the database, taken at rest, altered by one bit at a time in each part of three lines.
    house.stop();
    let copy = house.dir().join("copie.db");
    fs::copy(house.database(), &copy).unwrap();
    house.start();
    let database = fs::read(&copy).unwrap();
    let verify = |path: &Path| house.cli(&["audit", "verify", "--copy", path.to_str().unwrap()]);
    verify(&copy).good();
    // What is not a copy of a database is said not to be one, which is no verdict about the journal.
    let other = house.dir().join("autre.db");
    fs::write(&other, "").unwrap();
    let said = verify(&other);
    assert_eq!(said.code, i32::from(ErrorKind::Invalid.exit_code()), "{said:?}");
    assert!(said.err.contains("n'est pas une copie entière"), "{said:?}");
    for at in [0, lines.len() / 2, lines.len() - 1] {
        let line = &lines[at];
        let parts = [&line.actor, &line.act, &line.subject, &line.detail, &line.previous, &line.seal];
        let whole = parts.map(String::as_str).concat();
        let altered = |place: usize| {
            let mut altered = database.clone();
            altered[place] ^= 1;
            fs::write(&copy, &altered).unwrap();
            verify(&copy)
        };
        // A page that was split keeps a dead copy of what moved: the living one is the one that counts.
        let living: Vec<usize> =
            places(&database, whole.as_bytes()).into_iter().filter(|&p| altered(p).code != 0).collect();
        assert_eq!(living.len(), 1, "line {}", line.seq);
        let mut start = living[0];
        for part in parts {
            names_line(&altered(start + part.len() / 2), line.seq);
            start += part.len();
        }
    }
    // The database in use is not touched by any of this.
    house.cli(&["audit", "verify"]).good();

    // The same on the export, without the service.
    house.stop();
    let file = house.dir().join("journal.jsonl");
    let check = |text: &str| {
        fs::write(&file, text).unwrap();
        let arguments = ["audit", "verify", "--file", file.to_str().unwrap()];
        run(std::process::Command::new(&bins().cli).args(arguments), b"")
    };
    check(&export).good();
    let middle = &lines[lines.len() / 2];
    let honest = format!("\"actor\":\"{}\",\"act\":\"{}\"", middle.actor, middle.act);
    let forged = honest.replacen(&middle.actor, "un autre", 1);
    let altered: String = export
        .lines()
        .map(|l| {
            if l.contains(&middle.seal) && l.contains(&honest) {
                l.replacen(&honest, &forged, 1)
            } else {
                l.into()
            }
        })
        .map(|l: String| l + "\n")
        .collect();
    names_line(&check(&altered), middle.seq);
    let shorter: String = export
        .lines()
        .filter(|l| !l.starts_with(&format!("{{\"seq\":{},", middle.seq)))
        .map(|l| format!("{l}\n"))
        .collect();
    let said = check(&shorter);
    assert_eq!(said.code, i32::from(ErrorKind::Refused.exit_code()));
    assert!(said.out.contains(&format!("la ligne {} du journal manque", middle.seq)), "{said:?}");
}
