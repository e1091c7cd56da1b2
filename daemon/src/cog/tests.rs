//! What a secretary types and what the reference must answer.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use paillasse_shared::domain::identity::BirthDate;
use paillasse_shared::domain::identity::compare::PlaceRelation;

use super::*;

fn cog() -> Arc<Cog> {
    Cog::embedded().unwrap()
}

fn born(text: &str) -> BirthDate {
    BirthDate::lunar(text).unwrap()
}

/// `code label` of what a search returns.
fn found(text: &str, birth: &str) -> Vec<String> {
    let birth = (!birth.is_empty()).then(|| born(birth));
    cog().search(text, birth.as_ref(), 20).iter().map(|p| format!("{} {}", p.code, p.label)).collect()
}

fn first(text: &str, birth: &str) -> String {
    found(text, birth).into_iter().next().unwrap_or_default()
}

fn reference() -> Option<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/cog");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: the reference folder is not beside this checkout");
    None
}

#[test]
fn cog_01_five_files_with_edition_and_rows() {
    let status = cog().status();
    assert_eq!(status.len(), 6);
    let rows: Vec<u32> = status.iter().map(|f| f.rows).collect();
    assert_eq!(rows, [34_920, 468, 4_882, 42_384, 94, 49]);
    assert!(status.iter().all(|f| f.edition.starts_with("202")));
}

#[test]
fn cog_01_every_commune_period_of_the_reference_is_shipped() {
    let Some(folder) = reference() else { return };
    let cog = cog();
    let text = std::fs::read_to_string(folder.join("communes_periodes.csv")).unwrap();
    let (mut checked, mut missing) = (0, Vec::new());
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let [code, kind, label, _, from, to, current] = cells[..] else { panic!("{line}") };
        if !matches!(kind, "COM" | "ARM") {
            assert!(cog.contains(code), "{code}");
            continue;
        }
        let number = |s: &str| s.replace('-', "").parse::<u32>().unwrap();
        let from = if from == "1943-01-01" { Day::MIN } else { Day(number(from)) };
        let to = if to.is_empty() { Day::MAX } else { Day(number(to)) };
        let periods = cog.periods_of(&code_of(code).unwrap());
        let here = periods.iter().find(|p| p.from == from && p.to == to && cog.label_of(p) == label);
        let same_current = |p: &Period| {
            kind == "ARM" || {
                let ours: BTreeSet<String> = cog.currents(p).map(|c| code_text(&c).to_owned()).collect();
                let theirs: BTreeSet<String> = current.split(';').map(str::to_owned).collect();
                ours == theirs
            }
        };
        checked += 1;
        if !here.is_some_and(same_current) {
            missing.push(line.to_owned());
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(checked, 42_382);
}

#[test]
fn cog_01_a_commune_merged_in_2019_is_found_with_old_and_new_code() {
    assert_eq!(first("lanhelin", ""), "35147 Lanhélin");
    let place = cog().search("lanhelin", None, 5).remove(0);
    assert_eq!(place.today.as_deref(), Some("Mesnil-Roc'h"));
    assert_eq!(place.to.as_deref(), Some("2018-12-31"));
    assert_eq!(place.area, "35 Ille-et-Vilaine");
    assert_eq!(first("mesnil roc'h", ""), "35308 Mesnil-Roc'h");
}

#[test]
fn cog_02_the_place_as_it_stood_at_birth_comes_first() {
    // A name of before, for a birth of before: the historic code.
    assert_eq!(found("montmorin", "1980-05-01")[..2], ["05088 Montmorin", "63239 Montmorin"]);
    assert_eq!(found("montmorin 63", "1980-05-01"), ["63239 Montmorin"]);
    assert_eq!(first("montmorin", "2020-05-01"), "63239 Montmorin");
    // The name of today, for a birth of before the merger: the communes that became it.
    let then = found("mesnil-roc'h", "1960-03-02");
    assert_eq!(then[..3].iter().collect::<BTreeSet<_>>().len(), 3);
    for place in ["35308 Saint-Pierre-de-Plesguen", "35147 Lanhélin", "35344 Tressé"] {
        assert!(then.contains(&place.to_owned()), "{place} not in {then:?}");
    }
    // The name of before, for a birth of after: what it became, then itself.
    assert_eq!(found("lanhelin", "2020-06-01")[..2], ["35308 Mesnil-Roc'h", "35147 Lanhélin"]);
    // The day of the merger belongs to the new commune, the eve to the old one.
    assert_eq!(first("lanhelin", "2018-12-31"), "35147 Lanhélin");
    assert_eq!(first("lanhelin", "2019-01-01"), "35308 Mesnil-Roc'h");
}

#[test]
fn cog_02_a_renamed_commune_bears_its_name_of_the_time() {
    assert_eq!(first("chalons en champagne", "1980-01-01"), "51108 Châlons-sur-Marne");
    assert_eq!(first("chalons sur marne", "2005-01-01"), "51108 Châlons-en-Champagne");
    let cog = cog();
    assert_eq!(cog.label("51108", Some(&born("1980-01-01"))).as_deref(), Some("Châlons-sur-Marne"));
    assert_eq!(cog.label("51108", None).as_deref(), Some("Châlons-en-Champagne"));
    let then = cog.search("chalons sur marne", Some(&born("1980-01-01")), 1).remove(0);
    assert_eq!(then.today.as_deref(), Some("Châlons-en-Champagne"));
}

#[test]
fn cog_02_codes_changed_with_their_departement() {
    assert_eq!(first("gennevilliers", "1950-01-01"), "75036 Gennevilliers");
    assert_eq!(first("gennevilliers", "1990-01-01"), "92036 Gennevilliers");
    assert_eq!(cog().search("gennevilliers", Some(&born("1950-01-01")), 1)[0].area, "75 Seine");
    assert_eq!(first("bastia", "1975-12-31"), "20033 Bastia");
    assert_eq!(first("bastia", "1976-01-01"), "2B033 Bastia");
    assert_eq!(first("gustavia saint barthelemy", "1980-01-01"), "", "a quarter is not a commune");
    assert_eq!(first("saint barthelemy 971", "1980-01-01"), "97123 Saint-Barthélemy");
    assert_eq!(first("saint barthelemy 977", "2015-01-01"), "97701 Saint-Barthélemy");
}

#[test]
fn cog_02_births_of_the_three_cities_are_by_arrondissement() {
    let paris = found("paris", "1980-01-01");
    assert_eq!(paris.len(), 20);
    assert_eq!(paris[0], "75101 Paris 1er Arrondissement");
    assert_eq!(paris[19], "75120 Paris 20e Arrondissement");
    for birth in ["", "1980-01-01"] {
        assert!(found("75056", birth).iter().all(|p| p.contains("Arrondissement")));
        assert_eq!(found("lyon", birth).iter().filter(|p| p.ends_with("Arrondissement")).count(), 9);
        assert_eq!(first("paris 1", birth), "75101 Paris 1er Arrondissement");
        assert_eq!(first("paris 15e", birth), "75115 Paris 15e Arrondissement");
        assert_eq!(first("marseille 16", birth), "13216 Marseille 16e Arrondissement");
    }
    // The 9th of Lyon did not exist, nor any of Marseille.
    assert!(!found("lyon", "1960-01-01")[..7].contains(&"69389 Lyon 9e Arrondissement".to_owned()));
    assert_eq!(first("marseille", "1940-06-01"), "13055 Marseille");
}

#[test]
fn cog_02_unknown_parts_of_a_date_do_not_hide_a_place() {
    // Some day of 1968: the code of Seine until nothing, the code of Hauts-de-Seine from the 1st of January.
    assert_eq!(first("gennevilliers", "1968-00-00"), "92036 Gennevilliers");
    // Some day of December 2018 or of an impossible month of 2018.
    assert_eq!(first("lanhelin", "2018-12-00"), "35147 Lanhélin");
    assert_eq!(first("lanhelin", "2018-20-15"), "35147 Lanhélin");
    // Before 1943 means the oldest period.
    assert_eq!(first("lanhelin", "1899-01-01"), "35147 Lanhélin");
}

#[test]
fn cog_03_a_code_absent_from_the_reference_is_said_so_and_not_refused() {
    let cog = cog();
    assert!(!cog.contains("35999"));
    assert!(cog.label("35999", None).is_none());
    assert_eq!(cog.relation("35147", "35999", None), PlaceRelation::UnknownReturned);
    assert!(cog.contains("35147") && cog.contains("2a004") && cog.contains("99999"));
    assert!(!cog.contains("") && !cog.contains("3514") && !cog.contains("é1234"));
    // A code that was only ever an associated commune is known, and not offered.
    assert!(cog.contains("44225"));
    assert!(found("44225", "").is_empty());
}

#[test]
fn cog_05_unknown_place_is_offered_only_when_asked_for() {
    let unknown = "99999 INCONNU".to_owned();
    for asked in ["INC", "inco", "Inconnu", "99999"] {
        assert!(found(asked, "1980-01-01").contains(&unknown), "{asked}");
    }
    for other in ["", "i", "in", "99", "9999", "inconnue", "incheville", "paris"] {
        assert!(!found(other, "1980-01-01").contains(&unknown), "{other}");
    }
    // It never stands before a commune, so that a hasty key does not choose it.
    let inc = found("inc", "1980-01-01");
    assert!(inc.len() > 1 && inc.last() == Some(&unknown), "{inc:?}");
    // It keeps its place in a short list.
    assert!(cog().search("inc", None, 2).iter().any(|p| p.code == "99999"));
    assert_eq!(cog().label("99999", None).as_deref(), Some("INCONNU"));
}

#[test]
fn cog_06_countries_by_the_name_of_the_time() {
    assert_eq!(first("tchecoslovaquie", "1975-04-01"), "99115 Tchécoslovaquie");
    let place = cog().search("tchecoslovaquie", Some(&born("1975-04-01")), 1).remove(0);
    assert_eq!(place.area, "pays");
    assert_eq!(place.today.as_deref(), Some("Tchéquie, Slovaquie"));
    assert_eq!(first("yougoslavie", "1985-04-01"), "99121 Yougoslavie");
    // Once the name of a commune too, but neither at that date: the two states of the time.
    assert_eq!(
        found("allemagne", "1970-01-01")[..2],
        ["99141 Allemagne de l'Est", "99142 Allemagne de l'Ouest"]
    );
    assert_eq!(first("republique federale d'allemagne", "1970-01-01"), "99142 Allemagne de l'Ouest");
    assert_eq!(first("allemagne", "1995-01-01"), "99109 Allemagne");
    assert_eq!(first("zaire", "1980-01-01"), "99312 Zaïre");
    assert_eq!(first("haute volta", "1970-01-01"), "99331 Haute-Volta");
    assert_eq!(first("burkina", "1970-01-01"), "99331 Haute-Volta");
    // A state that did not exist yet is still found: what stood there first, then itself.
    assert_eq!(found("ukraine", "1980-01-01")[..2], ["99123 URSS", "99155 Ukraine"]);
    assert_eq!(first("algerie", "1950-01-01"), "99352 Algérie");
    assert_eq!(first("99352", "1950-01-01"), "99352 Algérie");
}

#[test]
fn cog_07_spelling_does_not_matter() {
    for text in ["saint malo", "ST MALO", "St-Malo", "saint-mâlo", "malo saint", "stmalo saint malo"] {
        let all = found(text, "1980-01-01");
        if text == "stmalo saint malo" {
            assert!(all.is_empty());
        } else {
            assert!(all.contains(&"35288 Saint-Malo".to_owned()), "{text}: {all:?}");
        }
    }
    assert_eq!(first("st malo", "1980-01-01"), "35288 Saint-Malo");
    assert_eq!(first("ste maxime", "1980-01-01"), "83115 Sainte-Maxime");
    assert!(!found("st maxime", "1980-01-01").contains(&"83115 Sainte-Maxime".to_owned()));
    assert_eq!(first("havre", "1980-01-01"), "76351 Le Havre");
    assert_eq!(first("le havre", "1980-01-01"), "76351 Le Havre");
    assert_eq!(first("la rochelle", "1980-01-01"), "17300 La Rochelle");
    assert_eq!(first("larochelle", "1980-01-01"), "17300 La Rochelle");
    assert_eq!(first("abergement clemenciat", "1980-01-01"), "01001 L'Abergement-Clémenciat");
    assert_eq!(first("l’abergement clé", "1980-01-01"), "01001 L'Abergement-Clémenciat");
    assert_eq!(first("la rennes", "1980-01-01"), "35238 Rennes", "an article the name does not have");
    assert_eq!(first("chalon s/ saone", "1980-01-01"), "71076 Chalon-sur-Saône");
    assert_eq!(first("oeuilly 02", "1980-01-01"), "02565 Œuilly");
}

#[test]
fn cog_07_codes_and_departements() {
    assert_eq!(found("35147", "1980-01-01"), ["35147 Lanhélin"]);
    assert_eq!(found("2b033", "1980-01-01"), ["2B033 Bastia"]);
    assert_eq!(
        first("35147 Lanhélin", "1980-01-01"),
        "35147 Lanhélin",
        "what a form shows can be searched again"
    );
    assert_eq!(found("montigny 57", "1980-01-01"), found("57 montigny", "1980-01-01"));
    assert!(found("montigny 57", "1980-01-01").iter().all(|p| p.starts_with("57")));
    assert_eq!(first("rennes ille", "1980-01-01"), "35238 Rennes");
    assert_eq!(first("rennes", "1980-01-01"), "35238 Rennes");
    assert_eq!(first("35400 saint malo", "1980-01-01"), "35288 Saint-Malo", "a postal code");
    assert_eq!(first("ajaccio 20", "1990-01-01"), "2A004 Ajaccio");
    assert_eq!(first("papeete", "1990-01-01"), "98735 Papeete");
    assert_eq!(cog().search("noumea", None, 1)[0].area, "988 Nouvelle-Calédonie");
    assert!(found("35", "1980-01-01").iter().all(|p| p.starts_with("35")));
}

#[test]
fn cog_07_three_letters_are_enough_and_nothing_breaks_it() {
    assert_eq!(found("ren", "1980-01-01").len(), 20);
    for text in
        ["'", "-", "  ", "\u{0}", "é", "9", "z", "????", "|", "l'", "🦀", "a b c d e f g h i j k l m n o p"]
    {
        let _ = found(text, "1980-01-01");
        let _ = found(text, "");
    }
    assert!(found(&"saint ".repeat(10_000), "").len() <= 20);
    assert!(cog().search("saint", None, 0).is_empty());
    assert_eq!(cog().search("saint", None, usize::MAX).len(), 200);
    // The same answer twice, and no code twice.
    let all = cog().search("saint", Some(&born("1950-01-01")), 200);
    let codes: BTreeSet<&str> = all.iter().map(|p| p.code.as_str()).collect();
    assert_eq!(codes.len(), all.len());
}

#[test]
fn cog_08_an_edition_that_is_damaged_is_refused_with_its_line() {
    let mut sources = Sources::embedded();
    sources.communes =
        Cow::Borrowed("code\tdebut\tfin\tactuel\ttype\tlibelle\n35238\t\t\t\t\tRennes\n3523\t\t\t\t\tX\n");
    let error = Cog::from_sources(sources.clone()).unwrap_err();
    assert_eq!(error.to_string(), "communes-depuis-1943.tsv, ligne 3 : le code ne compte pas 5 caractères");
    sources.communes = Cow::Borrowed("h\n35238\t2000-01-01\t\t\t\tA\n35238\t\t2000-01-02\t\t\tB\n");
    assert_eq!(Cog::from_sources(sources.clone()).unwrap_err(), CogError::Overlap("35238".into()));
    sources.communes = Cow::Borrowed("h\n35238\t01/01/2000\t\t\t\tA\n");
    assert!(matches!(Cog::from_sources(sources.clone()), Err(CogError::Line { line: 2, .. })));
    sources.communes = Cow::Owned(" ".repeat(20 << 20));
    assert!(matches!(Cog::from_sources(sources), Err(CogError::TooLarge(_))));
}

#[test]
fn cog_08_old_codes_stay_valid_for_old_births_in_a_newer_edition() {
    let mut sources = Sources::embedded();
    let newer = sources.communes.replace("35238\t\t\t\t\tRennes", "35238\t\t2027-01-01\t35300\t\tRennes");
    sources.communes = Cow::Owned(newer);
    sources.edition = "2027".to_owned();
    let cog = Cog::from_sources(sources).unwrap();
    assert_eq!(cog.search("rennes", Some(&born("1980-01-01")), 1)[0].code, "35238");
    assert_eq!(cog.label("35238", Some(&born("2030-01-01"))).as_deref(), Some("Rennes"));
    assert_eq!(cog.status()[3].edition, "2027");
}

fn same(local: &str, returned: &str, birth: &str) -> String {
    match cog().relation(local, returned, Some(&born(birth))) {
        PlaceRelation::Same(sentence) => sentence,
        other => panic!("{local} {returned}: {other:?}"),
    }
}

#[test]
fn cog_09_a_merger_is_explained_both_ways() {
    let sentence = "Lanhélin réunie à Mesnil-Roc'h le 01/01/2019";
    assert_eq!(same("35147", "35308", "1980-01-01"), sentence);
    assert_eq!(same("35308", "35147", "1980-01-01"), sentence);
    assert_eq!(
        same("35147", "35344", "1980-01-01"),
        "Lanhélin et Tressé appartiennent aujourd'hui à Mesnil-Roc'h"
    );
}

#[test]
fn cog_09_a_changed_code_is_explained() {
    assert_eq!(
        same("92036", "75036", "1950-01-01"),
        "Gennevilliers : code 75036 devenu 92036 le 01/01/1968 (changement de département)"
    );
    assert_eq!(
        same("20033", "2B033", "1980-01-01"),
        "Bastia : code 20033 devenu 2B033 le 01/01/1976 (changement de département)"
    );
    assert_eq!(
        same("49069", "49126", "2020-01-01"),
        "Orée d'Anjou : code 49069 devenu 49126 le 01/01/2025 (changement de chef-lieu)"
    );
    assert_eq!(
        same("49069", "49126", "1980-01-01"),
        "Champtoceaux devenue Orée d'Anjou le 15/12/2015, puis Orée d'Anjou : code 49069 devenu 49126 \
         le 01/01/2025 (changement de chef-lieu)"
    );
    assert!(same("97123", "97701", "1980-01-01").contains("Saint-Barthélemy"));
}

#[test]
fn cog_09_cities_and_arrondissements() {
    assert_eq!(
        same("75056", "75115", "1980-01-01"),
        "Paris 15e Arrondissement est un arrondissement de Paris"
    );
    assert_eq!(cog().relation("75101", "75115", None), PlaceRelation::Different);
    assert_eq!(cog().relation("35238", "75115", None), PlaceRelation::Different);
    // Saint-Rambert-l'Île-Barbe is in Lyon since 1963.
    assert!(same("69232", "69389", "1950-01-01").starts_with("Saint-Rambert-l'Île-Barbe"));
}

#[test]
fn cog_09_countries() {
    assert_eq!(
        same("99109", "99141", "1970-01-01"),
        "Allemagne de l'Est, puis Allemagne à partir du 03/10/1990"
    );
    assert_eq!(same("99119", "99121", "1975-01-01"), "Yougoslavie, puis Croatie à partir du 25/06/1991");
    assert_eq!(cog().relation("99119", "99121", Some(&born("2000-01-01"))), PlaceRelation::Different);
    assert_eq!(cog().relation("99352", "99100", Some(&born("1970-01-01"))), PlaceRelation::Different);
}

#[test]
fn cog_09_neighbours_are_different_and_the_unknown_is_not_explained() {
    let cog = cog();
    assert_eq!(cog.relation("35238", "35288", Some(&born("1980-01-01"))), PlaceRelation::Different);
    assert_eq!(cog.relation("99999", "35288", None), PlaceRelation::Different);
    assert_eq!(cog.relation("35999", "35288", None), PlaceRelation::Different);
}

/// Figures for the project's pages, never a gate: `cargo test --release cog_07_figures -- --ignored --nocapture`.
#[test]
#[ignore = "prints figures"]
fn cog_07_figures() {
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap_or("").to_owned();
        line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0)
    };
    let before = resident();
    let start = Instant::now();
    let cog = Cog::from_sources(Sources::embedded()).unwrap();
    println!("load {:?}, resident + {} KiB", start.elapsed(), resident() - before);
    let births = [None, Some(born("1950-06-01")), Some(born("2022-06-01"))];
    let (mut worst, mut total, mut count) = (std::time::Duration::ZERO, std::time::Duration::ZERO, 0u32);
    let mut worst_text = String::new();
    let names =
        ["saint pierre de plesguen", "la rochelle", "st", "s", "l", "le h", "paris 15", "35", "7", "zzz"];
    for name in names {
        for end in 1..=name.len() {
            for birth in &births {
                let start = Instant::now();
                let n = cog.search(&name[..end], birth.as_ref(), 20).len();
                let took = start.elapsed();
                total += took;
                count += 1;
                if took > worst {
                    (worst, worst_text) = (took, format!("« {} » ({n})", &name[..end]));
                }
            }
        }
    }
    for text in ["sai", "saint", "st m", "len"] {
        let start = Instant::now();
        let n = cog.search(text, births[1].as_ref(), 20).len();
        println!("« {text} » ({n}) {:?}", start.elapsed());
    }
    println!("{count} searches, mean {:?}, worst {worst:?} for {worst_text}", total / count);
}
