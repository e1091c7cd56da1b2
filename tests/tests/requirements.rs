//! Which requirements have a test: read from the names of the tests themselves, never claimed by hand.
//!
//! A test whose name begins with `ins_10_` stands for INS-10, `sta_09_and_12_` for STA-09 and STA-12. The table of
//! `docs/requirements.md` is generated from those names; this test fails when the file says something else, so what is
//! listed there has a test, and the test command fails when that test does. `PAILLASSE_WRITE=1` writes the file anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Groups of the catalogue and how many requirements each has.
const GROUPS: &[(&str, u32, &str)] = &[
    ("LAB", 15, "fonctions du laboratoire"),
    ("INS", 28, "identité nationale de santé"),
    ("COG", 9, "lieux de naissance"),
    ("STA", 21, "statuts et attributs"),
    ("RET", 17, "appels et retours d'INSi"),
    ("VER", 10, "vérification"),
    ("DOC", 29, "documents"),
    ("SUB", 10, "sous-traitance"),
    ("CNS", 14, "information et consentement"),
    ("DMP", 39, "alimentation du DMP"),
    ("CON", 13, "consultation du DMP"),
    ("MSS", 43, "MSSanté"),
    ("PSC", 12, "identification électronique"),
    ("ANN", 10, "annuaire"),
    ("CAT", 19, "catalogue"),
    ("HOP", 17, "hôpital"),
    ("TBB", 14, "tableaux de bord"),
    ("PRT", 9, "portabilité"),
    ("SEC", 27, "sécurité"),
    ("UX", 22, "usage et exploitation"),
    ("CER", 7, "conformité"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rust_files(folder: &Path, list: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
            rust_files(&path, list);
        } else if path.extension().is_some_and(|e| e == "rs") {
            list.push(path);
        }
    }
}

/// Ids that the name of a test stands for: group, then numbers separated by `_and_` or `_`; `_and_` may lead to another
/// group (`ins_05_and_sta_01_`).
fn ids(name: &str) -> Vec<String> {
    let mut words = name.split('_').peekable();
    let is_group = |word: &str| GROUPS.iter().any(|(g, _, _)| *g == word.to_uppercase());
    let mut group = words.next().unwrap_or_default().to_uppercase();
    if !is_group(&group) {
        return vec![];
    }
    let mut list = Vec::new();
    while let Some(word) = words.next() {
        if word.len() == 2 && word.bytes().all(|b| b.is_ascii_digit()) {
            list.push(format!("{group}-{word}"));
            if words.peek() == Some(&"and") {
                words.next();
                if let Some(other) = words.next_if(|w| is_group(w)) {
                    group = other.to_uppercase();
                }
            }
        } else {
            break;
        }
    }
    list
}

/// Test names with the ids that they stand for, read from the sources; ignored tests do not count.
fn covered() -> BTreeMap<String, Vec<String>> {
    let mut files = Vec::new();
    rust_files(&root(), &mut files);
    files.sort();
    let mut map: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (i, line) in lines.iter().enumerate() {
            let Some(rest) =
                line.trim().strip_prefix("async fn ").or_else(|| line.trim().strip_prefix("fn "))
            else {
                continue;
            };
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let above = &lines[i.saturating_sub(6)..i];
            let attribute = |a: &str| {
                above
                    .iter()
                    .rev()
                    .take_while(|l| !l.trim().is_empty() && !l.trim().ends_with('}'))
                    .any(|l| l.contains(a))
            };
            let inside_proptest = rest.contains(" in ");
            let is_test = attribute("#[test]") || attribute("#[tokio::test") || inside_proptest;
            if !is_test || attribute("#[ignore") {
                continue;
            }
            let place = file.strip_prefix(root()).unwrap().display().to_string();
            for id in ids(&name) {
                map.entry(id).or_default().push(format!("`{name}` ({place})"));
            }
        }
    }
    map
}

fn table() -> String {
    let covered = covered();
    let mut out = String::from(
        "# Requirements with a test\n\n\
         Generated from the names of the tests (`tests/tests/requirements.rs`); do not edit. An id listed here has at\n\
         least one test that runs in `sh packaging/test`; having a test is not the same as being complete.\n\n\
         | group | what | with a test | of |\n| --- | --- | --- | --- |\n",
    );
    let of = |group: &str| covered.keys().filter(|id| id.split('-').next() == Some(group)).count();
    for (group, total, what) in GROUPS {
        out.push_str(&format!("| {group} | {what} | {} | {total} |\n", of(group)));
    }
    for (group, total, what) in GROUPS.iter().filter(|(g, _, _)| of(g) > 0) {
        out.push_str(&format!("\n## {group}: {what}\n\n| id | tests |\n| --- | --- |\n"));
        let mut missing = Vec::new();
        for n in 1..=*total {
            let id = format!("{group}-{n:02}");
            match covered.get(&id) {
                Some(tests) => out.push_str(&format!("| {id} | {} |\n", tests.join("<br>"))),
                None => missing.push(id),
            }
        }
        if !missing.is_empty() {
            out.push_str(&format!("\nNo test yet: {}.\n", missing.join(", ")));
        }
    }
    out
}

#[test]
fn the_table_of_requirements_is_what_the_tests_say() {
    let file = root().join("docs/requirements.md");
    let expected = table();
    if std::env::var_os("PAILLASSE_WRITE").is_some() {
        std::fs::write(&file, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == expected,
        "docs/requirements.md is not what the tests say: PAILLASSE_WRITE=1 cargo test -p paillasse-tests --test requirements"
    );
}

#[test]
fn ids_are_read_from_names() {
    assert_eq!(ids("ins_10_wrong_key_is_refused"), ["INS-10"]);
    assert_eq!(ids("sta_09_and_12_locked"), ["STA-09", "STA-12"]);
    assert_eq!(ids("ins_05_and_sta_01_five"), ["INS-05", "STA-01"]);
    assert_eq!(ids("cog_02_03_both"), ["COG-02", "COG-03"]);
    assert!(ids("names_are_unique").is_empty());
    for id in covered().keys() {
        let (group, number) = id.split_once('-').unwrap();
        let total = GROUPS.iter().find(|(g, _, _)| *g == group).unwrap().1;
        assert!(number.parse::<u32>().unwrap() <= total, "{id} does not exist in the catalogue");
    }
}
