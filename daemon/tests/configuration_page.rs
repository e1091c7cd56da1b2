//! `docs/configuration.md` names every key of the configuration, no other, and its example is accepted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use paillasse_daemon::config::Config;

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Fields of each structure of the configuration, with their types, as the source declares them.
fn structures(source: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let mut all: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let (mut current, mut skipped) = (None, false);
    for line in source.lines() {
        if let Some(name) = line.strip_prefix("pub struct ").and_then(|r| r.strip_suffix(" {")) {
            current = Some(name.to_owned());
        } else if line == "}" {
            current = None;
        } else if line.trim() == "#[serde(skip)]" {
            skipped = true;
        } else if let (Some(name), Some(field)) = (&current, line.trim().strip_prefix("pub ")) {
            if let (false, Some((key, kind))) = (skipped, field.trim_end_matches(',').split_once(": ")) {
                all.entry(name.clone()).or_default().push((key.to_owned(), kind.to_owned()));
            }
            skipped = false;
        }
    }
    all
}

/// Keys that a section of the page explains: the first column of its table.
fn explained(page: &str) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut section = String::new();
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            // Only sections of the file are titled by their name between brackets.
            section = title.trim_matches('`').trim_matches(['[', ']']).to_owned();
        } else if let Some(key) = line.strip_prefix("| `").and_then(|l| l.split('`').next())
            && section.chars().all(|c| c.is_ascii_lowercase())
        {
            all.entry(section.clone()).or_default().push(key.to_owned());
        }
    }
    all
}

#[test]
fn the_page_explains_every_key_and_no_other() {
    let source = std::fs::read_to_string(file("src/config.rs")).unwrap();
    let page = std::fs::read_to_string(file("../docs/configuration.md")).unwrap();
    let structures = structures(&source);
    let mut expected = BTreeMap::new();
    for (section, kind) in &structures["Config"] {
        let kind = kind.trim_start_matches("Option<").trim_start_matches("Vec<").trim_end_matches('>');
        let keys: Vec<String> = structures[kind].iter().map(|(key, _)| key.clone()).collect();
        expected.insert(section.clone(), keys);
    }
    assert!(expected.len() >= 8, "the source was not read: {expected:?}");
    assert_eq!(explained(&page), expected);
}

#[test]
fn the_example_is_accepted() {
    let page = std::fs::read_to_string(file("../docs/configuration.md")).unwrap();
    let example =
        page.split_once("```toml\n").and_then(|(_, rest)| rest.split_once("```")).expect("an example").0;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("paillassed.toml");
    std::fs::write(&path, example).unwrap();
    let config = Config::read(&path).unwrap();
    assert!(config.insi.is_some() && config.dmp.is_some() && config.mss.is_some() && config.mllp.is_some());
}
