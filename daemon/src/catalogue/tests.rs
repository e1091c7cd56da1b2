//! The shipped example is sound; what is not is refused with its line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use paillasse_shared::domain::identity::Sex;
use paillasse_shared::domain::result::{Flag, ResultValue, flag};

use super::*;

fn example() -> Catalogue {
    Catalogue::embedded().unwrap()
}

fn reference(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: the reference folder is not beside this checkout");
    None
}

/// Rows of a reference file by first column; cells separated by `;`, quoted where needed.
fn rows(path: &Path) -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines().skip(1) {
        let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ';' if !quoted => cells.push(std::mem::take(&mut cell)),
                c => cell.push(c),
            }
        }
        cells.push(cell);
        rows.insert(cells[0].clone(), cells);
    }
    rows
}

#[test]
fn lab_02_the_example_covers_a_town_laboratory() {
    let c = example();
    assert!(c.analyses().len() >= 90, "{}", c.analyses().len());
    assert!(c.panels().len() >= 6);
    for panel in ["IONO", "NFS", "LIPIDES", "HEPATIQUE", "COAG", "BILAN"] {
        assert!(c.panel(panel).is_some(), "{panel}");
    }
    for a in c.analyses() {
        let loinc = a.loinc.as_ref().unwrap();
        assert!(is_loinc(loinc) && a.loinc_label.is_some(), "{}", a.code);
        assert!(c.chapter(&a.chapter).is_some());
        assert!(a.method.is_some() && a.technique.is_some(), "{}", a.code);
        assert_eq!(a.unit.is_some(), a.ucum.is_some(), "{}", a.code);
        let same = c.analyses().iter().filter(|b| b.loinc.as_ref() == Some(loinc)).count();
        assert_eq!(same, 1, "{loinc} stands for one analysis");
    }
    let leucocytes = c.analysis("LEU").unwrap();
    assert_eq!((leucocytes.unit.as_deref(), leucocytes.ucum.as_deref()), (Some("G/L"), Some("10*9/L")));
    assert_eq!(leucocytes.group.as_ref().unwrap().code, "18768-2");
    assert_eq!(c.analysis("INR").unwrap().ucum, None, "an INR is a number without unit");
}

#[test]
fn lab_02_codes_and_labels_agree_with_the_reference() {
    let Some(folder) = reference("biology") else { return };
    let french = rows(&folder.join("analyses-courantes-fr.csv"));
    let loinc = rows(&folder.join("loinc-laboratory-2.68.csv"));
    let specimens = rows(&folder.join("type-prelevement.csv"));
    let techniques = rows(&folder.join("technique-biologie.csv"));
    let chapters = rows(&folder.join("chapitres.csv"));
    let mut checked = 0;
    for a in example().analyses() {
        let code = a.loinc.as_ref().unwrap();
        let row = french.get(code).unwrap_or_else(|| panic!("{code} is not in the French list"));
        if !row[1].is_empty() {
            assert_eq!(a.loinc_label.as_ref(), Some(&row[1]), "{}", a.code);
        }
        // Same quantity: annotations set apart, the unit of the reference.
        let bare = |u: &str| u.split('{').next().unwrap_or("").trim_end_matches('/').to_owned();
        let theirs = bare(&row[5]);
        let unitless = matches!(theirs.as_str(), "" | "[pH]" | "1");
        if !unitless {
            assert_eq!(a.ucum.as_deref().map(bare), Some(theirs), "{}", a.code);
        }
        if let Some(row) = loinc.get(code) {
            assert_eq!(row.last().map(String::as_str), Some("0"), "{code} is deprecated");
            checked += 1;
        }
        let specimen = &specimens[&a.specimen.code];
        assert_eq!((&a.specimen.label, &a.specimen.system), (&specimen[1], &specimen[2]), "{}", a.code);
        let technique = a.technique.as_ref().unwrap();
        assert_eq!(technique.label, techniques[&technique.code][1].replace('"', ""));
        if let Some(other) = &a.correspondence {
            assert_eq!((&other.loinc, other.factor.as_str()), (&row[10], row[11].as_str()), "{}", a.code);
            assert_eq!(other.ucum, french[&other.loinc][5]);
        }
    }
    for chapter in example().chapters() {
        assert_eq!(chapter.title, chapters[&chapter.code][1]);
    }
    assert!(checked > 120, "{checked}");
}

#[test]
fn lab_02_codes_expand_to_analyses_in_the_order_of_reports() {
    let c = example();
    let expand = |codes: &[&str]| c.expand(&codes.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>());
    assert_eq!(expand(&["IONO"]).unwrap(), ["NA", "K", "CL", "HCO3", "PROT"]);
    assert_eq!(
        expand(&["CREA", "iono", "K", "HB"]).unwrap(),
        ["HB", "NA", "K", "CL", "HCO3", "PROT", "CREA"]
    );
    assert_eq!(expand(&["NFS"]).unwrap().first().map(String::as_str), Some("LEU"));
    assert_eq!(expand(&[]).unwrap(), Vec::<String>::new());
    assert_eq!(expand(&["K", "NIMP"]).unwrap_err(), "NIMP");
}

#[test]
fn lab_02_search_finds_by_code_label_synonym_and_loinc() {
    let c = example();
    let first = |text: &str| {
        let (panels, analyses) = c.search(text, 10);
        panels
            .into_iter()
            .map(|p| p.code)
            .chain(analyses.into_iter().map(|a| a.code))
            .next()
            .unwrap_or_default()
    };
    assert_eq!(first("k"), "K");
    assert_eq!(first("créat"), "CREA");
    assert_eq!(first("creatinine"), "CREA");
    assert_eq!(first("kaliémie"), "K");
    assert_eq!(first("TGP"), "ALAT");
    assert_eq!(first("2823-3"), "K");
    assert_eq!(first("iono"), "IONO");
    assert_eq!(first("hepatite b"), "HEPB");
    assert_eq!(first("vitamine d"), "VITD");
    assert_eq!(first("xyz"), "");
    let (panels, analyses) = c.search("", 1_000);
    assert_eq!((panels.len(), analyses.len()), (c.panels().len(), c.analyses().len()));
    let (panels, analyses) = c.search("", 25);
    assert_eq!(panels.len() + analyses.len(), 25);
    assert_eq!(c.search("a", 0), (vec![], vec![]));
}

#[test]
fn lab_03_the_codes_of_the_sample_messages_are_mapped() {
    let Some(folder) = reference("hl7v2") else { return };
    let c = example();
    let mut mapped = Vec::new();
    for sample in ["synth_oru_r01_middleware.hl7", "synth_oul_r22_law.hl7"] {
        let text = std::fs::read_to_string(folder.join(sample)).unwrap();
        let mut sender = String::new();
        for segment in text.split(['\r', '\n']) {
            let fields: Vec<&str> = segment.split('|').collect();
            match fields[0] {
                "MSH" => sender = fields[2].to_owned(),
                "OBX" => {
                    let code: Vec<&str> = fields[3].split('^').collect();
                    let analysis = c.map(&sender, code[0], code.get(3).copied());
                    mapped.push(analysis.unwrap_or_else(|| panic!("{segment}")).code.clone());
                }
                _ => {}
            }
        }
    }
    assert_eq!(mapped, ["NA", "K", "CREA", "CREA"]);
}

#[test]
fn lab_03_a_doubtful_code_is_not_guessed() {
    let c = example();
    let map =
        |sender: &str, code: &str, loinc: Option<&str>| c.map(sender, code, loinc).map(|a| a.code.as_str());
    assert_eq!(map("middleware", " na ", None), Some("NA"));
    assert_eq!(map("MIDDLEWARE", "CREA", Some("14682-9")), Some("CREA"));
    // The same word with the code of the mass concentration: mg/L, not µmol/L.
    assert_eq!(map("MIDDLEWARE", "CREA", Some("2160-0")), None);
    // A sender nobody described: by LOINC only.
    assert_eq!(map("AUTRE", "K", None), None);
    assert_eq!(map("AUTRE", "K", Some("2823-3")), Some("K"));
    assert_eq!(map("AUTRE", "2823-3", None), Some("K"));
    assert_eq!(map("AUTRE", "2823-4", Some("")), None);
}

#[test]
fn lab_06_the_other_unit_is_known_with_its_factor() {
    let c = example();
    let crea = c.analysis("CREA").unwrap().correspondence.clone().unwrap();
    assert_eq!((crea.loinc.as_str(), crea.ucum.as_str()), ("2160-0", "mg/L"));
    assert!((90.0 * crea.factor.value() - 10.2).abs() < 0.05);
    let glucose = c.analysis("GLY").unwrap().correspondence.clone().unwrap();
    assert!((5.5 * glucose.factor.value() - 0.99).abs() < 0.005);
    assert!(c.analysis("HB").unwrap().correspondence.is_none());
}

#[test]
fn lab_08_limits_of_the_example_give_the_flags() {
    let c = example();
    let of = |code: &str, value: &str, sex, age| {
        let a = c.analysis(code).unwrap();
        flag(&ResultValue::parse(value).unwrap(), a.reference_for(sex, age), a.critical.as_ref())
    };
    assert_eq!(of("K", "7.1", Sex::F, Some(33)), Some(Flag::HH));
    assert_eq!(of("K", "4.2", Sex::F, None), Some(Flag::N));
    assert_eq!(of("CREA", "90", Sex::F, Some(33)), Some(Flag::H));
    assert_eq!(of("CREA", "90", Sex::M, Some(33)), Some(Flag::N));
    assert_eq!(of("CREA", "90", Sex::M, Some(4)), Some(Flag::H));
    // Without a known sex or age no interval fits: no flag rather than a wrong one.
    assert_eq!(of("CREA", "90", Sex::I, Some(33)), None);
    assert_eq!(of("CREA", "90", Sex::M, None), None);
    // Critical limits hold even so.
    assert_eq!(of("CREA", "900", Sex::I, None), Some(Flag::HH));
    for a in c.analyses() {
        for r in &a.references {
            for (limit, bound) in [
                (a.critical.as_ref().and_then(|i| i.low.as_ref()), r.interval.low.as_ref()),
                (r.interval.high.as_ref(), a.critical.as_ref().and_then(|i| i.high.as_ref())),
            ] {
                if let (Some(outer), Some(inner)) = (limit, bound) {
                    assert!(outer.value() < inner.value(), "{}: a normal value would be critical", a.code);
                }
            }
        }
    }
}

const HEAD: &str = r#"version = "1"
[[chapter]]
code = "18719-5"
title = "Biochimie"
rank = 1
[[specimen]]
code = "SER"
system = "2.16.840.1.113883.18.311"
label = "Sérum"
"#;

const NA: &str = r#"[[analysis]]
code = "NA"
label = "Sodium"
loinc = "2951-2"
chapter = "18719-5"
unit = "mmol/L"
ucum = "mmol/L"
specimen = "SER"
references = [{ low = "136", high = "145" }]
rank = 1
"#;

#[test]
fn lab_02_what_is_wrong_is_named_with_its_line() {
    let refused = |text: &str| Catalogue::load(text).unwrap_err().to_string();
    let with = |from: &str, to: &str| refused(&format!("{HEAD}{}", NA.replace(from, to)));
    assert!(Catalogue::load(&format!("{HEAD}{NA}")).is_ok());
    let cases = [
        ("18719-5", "18719-6", "catalogue, ligne 14 : le chapitre « 18719-6 » n'est pas défini"),
        ("\"SER\"", "\"XXX\"", "catalogue, ligne 17 : le prélèvement « XXX » n'est pas défini"),
        ("2951-2", "2951-3", "ligne 13 : « 2951-3 » n'est pas un code LOINC"),
        ("ucum = \"mmol/L\"", "ucum = \"G/L\"", "ligne 16 : « G/L » n'est pas une unité UCUM"),
        ("\"136\"", "\"1e2\"", "ligne 18 : « 1e2 » n'est pas un nombre décimal"),
        ("\"136\"", "\"150\"", "ligne 18 : « 150 – 145 » est un intervalle à l'envers"),
        ("low = \"136\", high = \"145\"", "sex = \"M\"", "ligne 18 : «  » est un intervalle sans borne"),
        ("low = \"136\"", "sex = \"X\", low = \"136\"", "ligne 18 : « X » n'est pas un sexe"),
        ("low = \"136\"", "from_age = 9, to_age = 3, low = \"1\"", "ligne 18 : « 9 – 3 ans »"),
        ("\"NA\"", "\"N A\"", "ligne 11 : « N A » n'est pas un code"),
        ("\"NA\"", "\"\"", "ligne 11"),
        ("unit = \"mmol/L\"\nucum", "ucum", "ligne 15 : « mmol/L » est une unité UCUM sans"),
        ("rank = 1", "rang = 1", "ligne 19"),
        ("rank = 1", "rank = -1", "ligne 19"),
    ];
    for (from, to, expected) in cases {
        let said = with(from, to);
        assert!(said.contains(expected), "{said}\nexpected {expected}");
    }
    assert!(refused(&format!("{HEAD}{NA}{NA}")).contains("ligne 21 : l'analyse « NA » est défini"));
    let panel = |body: &str| refused(&format!("{HEAD}{NA}[[panel]]\n{body}"));
    assert!(
        panel("code = \"P\"\nlabel = \"P\"\nanalyses = [\"ZZ\"]").contains("ligne 23 : l'analyse « ZZ »")
    );
    assert!(panel("code = \"na\"\nlabel = \"P\"\nanalyses = [\"NA\"]").contains("défini deux fois"));
    assert!(panel("code = \"P\"\nlabel = \"P\"\nanalyses = []").contains("sans analyse"));
    let mapping = "[[mapping]]\nsender = \"S\"\ncode = \"X\"\nanalysis = \"ZZ\"\n";
    assert!(refused(&format!("{HEAD}{NA}{mapping}")).contains("ligne 23 : l'analyse « ZZ »"));
    let twice = mapping.replace("ZZ", "NA").repeat(2);
    assert!(refused(&format!("{HEAD}{NA}{twice}")).contains("défini deux fois"));
    assert!(refused("version = ").starts_with("catalogue, ligne 1"));
    assert!(matches!(Catalogue::load(&" ".repeat(17 << 20)), Err(CatalogueError::TooLarge)));
}

#[test]
fn loinc_check_digits() {
    for good in ["14682-9", "2160-0", "718-7", "62238-1"] {
        assert!(is_loinc(good), "{good}");
    }
    for bad in ["82238-1", "2160-1", "2160", "-0", "2160-00", "a-1", "", "12345678-1"] {
        assert!(!is_loinc(bad), "{bad}");
    }
}
