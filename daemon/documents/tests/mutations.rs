//! One element or attribute of a document spoiled at a time: who notices?
//!
//! Our own checks are the reader ([`reading::read`], its flags), the way back to the domain ([`domain::report`], its
//! gaps) and the comparison with the PDF. What none of them notices is listed in [`BLIND`], each with what makes it
//! harmless or who notices it instead; a survivor that is not listed fails the test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod golden;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use golden::*;
use paillasse_documents::cda::{self, domain, reading};
use paillasse_documents::{compare, pdf};

/// A place to spoil: what it is called, and the bytes that are its own.
struct Place {
    key: String,
    bytes: Range<usize>,
    with: &'static str,
}

/// Start tags, attributes and elements of a document written by us (no comment, no CDATA).
fn places(text: &str) -> Vec<Place> {
    let mut found = Vec::new();
    let mut open: Vec<(String, usize)> = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find('<').map(|i| at + i) {
        let end = start + text[start..].find('>').unwrap() + 1;
        let tag = &text[start..end];
        at = end;
        if tag.starts_with("<?") || tag.starts_with("<!") {
            continue;
        }
        if let Some(name) = tag.strip_prefix("</") {
            let (opened, from) = open.pop().unwrap();
            assert_eq!(opened, name.trim_end_matches('>'));
            let path = path_of(&open, &opened);
            found.push(Place { key: format!("élément {path}"), bytes: from..end, with: "" });
            continue;
        }
        let name: String =
            tag[1..].chars().take_while(|c| !c.is_whitespace() && !"/>".contains(*c)).collect();
        let path = path_of(&open, &name);
        let mut rest = start + 1 + name.len();
        while let Some(equal) = text[rest..end].find("=\"").map(|i| rest + i) {
            let attribute = text[rest..equal].trim();
            let close = equal + 2 + text[equal + 2..].find('"').unwrap();
            if !attribute.starts_with("xmlns") {
                let key = format!("{path}/@{attribute}");
                found.push(Place { key: format!("sans {key}"), bytes: rest..close + 1, with: "" });
                found.push(Place { key: format!("autre {key}"), bytes: equal + 2..close, with: "x9" });
            }
            rest = close + 1;
        }
        if tag.ends_with("/>") {
            found.push(Place { key: format!("élément {path}"), bytes: start..end, with: "" });
        } else {
            open.push((name, start));
        }
    }
    found
}

/// The element and its parent: enough to tell places apart, few enough to list.
fn path_of(open: &[(String, usize)], name: &str) -> String {
    match open.last() {
        Some((parent, _)) => format!("{parent}/{name}"),
        None => name.to_owned(),
    }
}

/// Everything our checks say of a document; equal answers mean that nothing was noticed.
fn said(cda: &[u8]) -> String {
    let document = match reading::read(cda) {
        Ok(document) => document,
        Err(e) => return format!("refused: {e}"),
    };
    // What is compared with the PDF, which is the same for all mutants.
    let compared = cda::values(cda);
    let taken = domain::report(&document);
    format!("{document:?}\n{taken:?}\n{compared:?}")
}

/// What our checks do not see, and why it does no harm. The first words are the beginning of the key.
///
/// « schéma » means that the published schema or rules refuse it: seen with `validate-cda` on one mutant of each kind
/// (81 of 102 kinds, 2026-11). The other 21 say what a reader assumes anyway, or only how a table looks.
const BLIND: &[(&str, &str)] = &[
    ("ClinicalDocument/realmCode", "schéma; the country changes nothing for the reader"),
    ("ClinicalDocument/typeId", "schéma, but for its extension: the namespace already says which CDA it is"),
    ("patient/@classCode", "schéma; absent, the schema gives the same value"),
    ("/@use", "schéma; absent, nothing is said of the kind of address, which our reader does not use"),
    (
        "/signatureCode",
        "schéma for the legal authenticator; the signature is its time and person, both noticed",
    ),
    ("time/@xsi:type", "schéma; an interval shows by its bounds"),
    ("addr/@nullFlavor", "schéma; an empty address is none"),
    ("telecom/@nullFlavor", "schéma; an empty number is none"),
    ("table/@border", "looks only"),
    ("tr/th/@align", "looks only"),
    ("/@classCode", "schéma; absent, the schema gives the same value"),
    ("/@moodCode", "schéma; absent, the schema gives the same value"),
    ("referenceRange/@typeCode", "schéma; absent, the schema gives the same value"),
    ("participant/@typeCode", "schéma"),
    ("specimen/@typeCode", "schéma; absent, the schema gives the same value"),
    ("low/@inclusive", "schéma; absent means inclusive, as written"),
    ("high/@inclusive", "schéma; absent means inclusive, as written"),
    ("numerator/@xsi:type", "schéma; the number itself is noticed"),
    ("denominator/@xsi:type", "schéma; the number itself is noticed"),
];

#[test]
fn a_spoiled_document_is_noticed() {
    let mut survivors: BTreeMap<String, usize> = BTreeMap::new();
    let mut samples = Vec::new();
    let mut tried = 0;
    let (mut kept, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for report in
        [ionogram_report(), urine_report(), correction_report(), subcontracted_report(), home_report()]
    {
        let pdf = pdf::build(&report).unwrap();
        let cda = cda::build(&report, &pdf).unwrap();
        assert!(compare::values(&cda, &pdf).unwrap().is_identical());
        // A short PDF inside: the content of the real one would only slow the reading.
        let cda = cda::build(&report, b"%PDF-1.4\n%%EOF").unwrap();
        let whole = said(&cda);
        let text = String::from_utf8(cda).unwrap();
        // One mutant of each kind for each report, at its first place: thousands say no more.
        for place in places(&text) {
            if !seen.insert((report.id.clone(), place.key.clone())) {
                continue;
            }
            let mut spoiled = text.clone();
            spoiled.replace_range(place.bytes.clone(), place.with);
            if spoiled == text {
                continue;
            }
            tried += 1;
            if said(spoiled.as_bytes()) == whole {
                *survivors.entry(place.key.clone()).or_default() += 1;
                if kept.insert(place.key.clone()) {
                    samples.push((place.key, spoiled));
                }
            }
        }
    }
    println!("{tried} mutants, {} kinds survive our own checks", survivors.len());
    // For a look by the national rules: PAILLASSE_MUTANTS=folder keeps one of each kind that survived.
    if let Some(folder) = std::env::var_os("PAILLASSE_MUTANTS").map(std::path::PathBuf::from) {
        std::fs::create_dir_all(&folder).unwrap();
        for (n, (key, spoiled)) in samples.iter().enumerate() {
            let name: String = key.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
            std::fs::write(folder.join(format!("{n:03}-{name}.xml")), spoiled).unwrap();
        }
    }
    let unexplained: Vec<&String> =
        survivors.keys().filter(|k| !BLIND.iter().any(|(start, _)| k.contains(start))).collect();
    assert!(tried > 2_000, "{tried}");
    assert!(unexplained.is_empty(), "not noticed and not explained: {unexplained:#?}");
}
