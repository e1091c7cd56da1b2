//! The forms of golden reports: what the published rules do not test, and what a reader would notice.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod golden;

use std::collections::BTreeSet;
use std::path::PathBuf;

use base64::Engine as _;
use golden::*;
use paillasse_documents::{DocumentError, cda, compare, datamatrix, file_name, pdf, text};
use paillasse_shared::domain::identity::matricule::key_of;
use paillasse_shared::domain::identity::{CogCode, InsOid, Sex};
use paillasse_shared::domain::report::*;
use paillasse_xml::{Element, parse};

const NS: &str = cda::NAMESPACE;
const INS_ARC: &str = "1.2.250.1.213.1.4.";

fn both(report: &Report) -> (Vec<u8>, Vec<u8>) {
    let pdf = pdf::build(report).unwrap();
    let cda = cda::build(report, &pdf).unwrap();
    (cda, pdf)
}

/// Text of a PDF with single spaces.
fn words(pdf: &[u8]) -> String {
    compare::pdf_text(pdf).unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn refusal(report: &Report) -> DocumentError {
    let from_pdf = pdf::build(report).unwrap_err();
    assert_eq!(cda::build(report, b"%PDF-1.4").unwrap_err(), from_pdf, "both forms refuse alike");
    from_pdf
}

/// Where the documents are left for the validators.
fn out_folder() -> PathBuf {
    match std::env::var_os("PAILLASSE_DOCUMENTS_OUT") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("documents"),
    }
}

fn first_result(report: &mut Report) -> &mut ResultItem {
    match &mut report.chapters[0].sub_chapters[0].blocks[0] {
        Block::Result(item) => item,
        Block::Battery(b) => &mut b.results[0],
        other => panic!("no result: {other:?}"),
    }
}

#[test]
fn doc_01_every_golden_report_becomes_a_cda_a_pdf_and_a_text() {
    let folder = out_folder();
    std::fs::create_dir_all(&folder).unwrap();
    for (name, report) in all() {
        let (cda, pdf) = both(&report);
        let root = parse(&cda).unwrap();
        let sections: Vec<_> = root.find_all(NS, "section");
        let last = sections.last().unwrap().child(NS, "code").unwrap().attr("code");
        assert_eq!(last, Some("55108-5"), "{name}: the PDF copy is the last section");
        std::fs::write(folder.join(format!("{name}.xml")), &cda).unwrap();
        std::fs::write(folder.join(format!("{name}.pdf")), &pdf).unwrap();
        std::fs::write(folder.join(format!("{name}.txt")), text::render(&report)).unwrap();
    }
}

#[test]
fn doc_01_the_pdf_in_the_cda_is_the_pdf_byte_for_byte() {
    for (name, report) in all() {
        let (cda, pdf) = both(&report);
        let root = parse(&cda).unwrap();
        let media = root.find_all(NS, "observationMedia");
        let copy = media.iter().find(|m| m.attr("ID") == Some("copie-pdf")).unwrap();
        let value = copy.child(NS, "value").unwrap();
        assert_eq!(
            (value.attr("mediaType"), value.attr("representation")),
            (Some("application/pdf"), Some("B64"))
        );
        let decoded = base64::engine::general_purpose::STANDARD.decode(value.text()).unwrap();
        assert_eq!(decoded, pdf, "{name}");
    }
}

#[test]
fn doc_29_the_same_report_gives_the_same_bytes() {
    for (name, report) in all() {
        let kept: Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
        assert_eq!(kept, report, "{name}: a stored report is read back equal");
        assert!(both(&report) == both(&kept), "{name}: rebuilt from storage");
    }
}

#[test]
fn doc_04_values_of_the_cda_are_in_the_pdf() {
    for (name, report) in all() {
        let (cda, pdf) = both(&report);
        let outcome = compare::values(&cda, &pdf).unwrap();
        let missing: Vec<_> = outcome.missing.iter().map(|i| &outcome.values[*i]).collect();
        assert!(outcome.is_identical(), "{name}: {missing:?} {:?}", outcome.only_in_pdf);
        assert!(!outcome.values.is_empty() || report.second_intention.is_some(), "{name}");
    }
}

#[test]
fn doc_04_a_value_that_differs_is_told() {
    let (cda, pdf) = both(&ionogram_report());
    let altered = String::from_utf8(cda).unwrap().replace(r#"value="6.4" unit"#, r#"value="4.6" unit"#);
    let outcome = compare::values(altered.as_bytes(), &pdf).unwrap();
    let missing: Vec<_> = outcome.missing.iter().map(|i| outcome.values[*i].label.as_str()).collect();
    assert_eq!(missing, ["Potassium"]);
}

#[test]
fn doc_04_a_number_that_only_the_pdf_has_is_told() {
    let (cda, _) = both(&ionogram_report());
    let mut other = ionogram_report();
    let Block::Battery(battery) = &mut other.chapters[0].sub_chapters[0].blocks[1] else { panic!("battery") };
    battery.results.push(num("1963-8", "Bicarbonates", "Bicarbonates", "27.13", ("mmol/L", "mmol/L")));
    let outcome = compare::values(&cda, &both(&other).1).unwrap();
    assert!(outcome.missing.is_empty(), "every value of the CDA is there");
    assert_eq!(outcome.only_in_pdf, ["27.13"]);
    assert!(!outcome.is_identical());
}

#[test]
fn doc_04_the_pdf_shows_title_dates_author_and_organisation() {
    let report = ionogram_report();
    let shown = words(&both(&report).1);
    for expected in [
        "Compte rendu d'examens biologiques",
        "Compte rendu définitif",
        "Édité le 04/03/2026 16:05",
        "Laboratoire des Fougères",
        "FINESS 350999999",
        "Dr Hélène FICTIVE-MARTEAU",
        "Prélevé le : 04/03/2026 07:35",
        "Dr Paul MODELE",
        "Page 1/1",
    ] {
        assert!(shown.contains(expected), "{expected}");
    }
}

#[test]
fn doc_05_a_qualified_identity_carries_its_ins_with_the_right_key_first() {
    for (name, report) in all() {
        let (cda, _) = both(&report);
        let root = parse(&cda).unwrap();
        let ids: Vec<_> = root.find(NS, "patientRole").unwrap().children_named(NS, "id").cloned().collect();
        match &report.patient.ins {
            None => assert_eq!(ids.len(), 1, "{name}: only the local number"),
            Some(ins) => {
                assert_eq!(ids.len(), 2, "{name}");
                assert_eq!(ids[0].attr("root"), Some(ins.oid.as_str()));
                let matricule = ids[0].attr("extension").unwrap();
                let (number, key) = matricule.split_at(13);
                assert_eq!(format!("{:02}", key_of(number)), key, "{name}");
            }
        }
    }
}

#[test]
fn ins_17_without_qualification_no_form_holds_a_trace_of_the_ins() {
    let mut report = unqualified_report();
    report.display.datamatrix = true;
    let qualified = lipids_report();
    let secret = qualified.patient.ins.as_ref().unwrap().matricule.compact();
    let (cda, pdf) = both(&report);
    let forms = [
        String::from_utf8(cda.clone()).unwrap(),
        String::from_utf8_lossy(&pdf).into_owned(),
        words(&pdf),
        text::render(&report),
        file_name(&report),
    ];
    for form in &forms {
        assert!(!form.contains(INS_ARC) && !form.contains(&secret[..13]), "{form}");
        assert!(!form.contains("INS à scanner") && !form.contains("Matricule INS"), "{form}");
    }
    assert!(datamatrix::payload_of(&report).is_none());
    // The same words are there once the identity is qualified: the search above can fail.
    let (cda, pdf) = both(&qualified);
    assert!(String::from_utf8(cda).unwrap().contains(&format!(r#"root="{INS_ARC}8" extension="{secret}""#)));
    let shown = words(&pdf);
    assert!(shown.contains("INS à scanner") && shown.contains(&secret), "{shown}");
}

#[test]
fn ins_14_paper_shows_the_traits_the_matricule_and_its_nature() {
    let shown = words(&both(&lipids_report()).1);
    for expected in [
        "Nom de naissance : D'EXEMPLE DUPONT",
        "Premier prénom : ANNE-MARIE",
        "Date de naissance : 14/05/1978",
        "Sexe : F",
        "Matricule INS : 278059999904242 (NIR)",
    ] {
        assert!(shown.contains(expected), "{expected} in {shown}");
    }
    let nia = words(&both(&nia_report()).1);
    assert!(nia.contains("(NIA)") && !nia.contains("(NIR)"), "{nia}");
}

#[test]
fn ins_15_other_traits_follow_the_site_parameter() {
    let mut report = minor_report();
    assert!(words(&both(&report).1).contains("Nom utilisé : TESTEUR-ESSAI Prénom utilisé : CAMILO"));
    report.display.used_names = false;
    assert!(!words(&both(&report).1).contains("CAMILO"));
}

#[test]
fn ins_16_the_printed_symbol_reads_back_as_the_identity() {
    let report = corsican_report();
    let payload = datamatrix::payload_of(&report).unwrap();
    let symbol = datamatrix::symbol(&payload).unwrap();
    let read = ::datamatrix::DataMatrix::decode(symbol.modules(), symbol.size()).unwrap();
    let ins = datamatrix::parse_ins(std::str::from_utf8(&read).unwrap()).unwrap();
    assert_eq!(ins.matricule, report.patient.ins.as_ref().unwrap().matricule);
    assert_eq!(ins.birth_place, Some(CogCode::parse("2A999").unwrap()));
    assert_eq!((ins.birth_name.as_str(), ins.given_names.as_str()), ("ESSAIACCI", "ANTO SANTU"));
}

#[test]
fn ins_16_the_datamatrix_is_left_out_where_the_site_has_it_elsewhere() {
    let mut report = lipids_report();
    report.display.datamatrix = false;
    assert!(!words(&both(&report).1).contains("INS à scanner"));
}

#[test]
fn doc_12_versions_are_chained() {
    for (name, report) in all() {
        let root = parse(&both(&report).0).unwrap();
        let replaced = root.children_named(NS, "relatedDocument").next();
        assert_eq!(replaced.is_some(), report.version > 1, "{name}");
    }
    let (partial, last) = (partial_report(), replacing_report());
    let (first, second) = (parse(&both(&partial).0).unwrap(), parse(&both(&last).0).unwrap());
    let root = |e: &Element, name: &str| e.child(NS, name).unwrap().attr("root").unwrap().to_owned();
    assert_eq!(root(&first, "setId"), root(&second, "setId"));
    let related = second.child(NS, "relatedDocument").unwrap();
    assert_eq!(related.attr("typeCode"), Some("RPLC"));
    assert_eq!(root(related.child(NS, "parentDocument").unwrap(), "id"), root(&first, "id"));
    let status = |e: &Element| {
        e.find("urn:oid:1.3.6.1.4.1.19376.1.3.2", "statusCode").unwrap().attr("code").unwrap().to_owned()
    };
    assert_eq!((status(&first).as_str(), status(&second).as_str()), ("active", "completed"));
    assert!(words(&both(&last).1).contains("Version 2 : annule et remplace la version 1"));
}

#[test]
fn doc_12_a_partial_report_says_what_is_awaited_and_what_will_not_be_done() {
    let (cda, pdf) = both(&partial_report());
    let root = parse(&cda).unwrap();
    let statuses: Vec<_> = root
        .find_all(NS, "observation")
        .into_iter()
        .filter(|o| {
            o.children_named(NS, "templateId").any(|t| t.attr("root") == Some("1.2.250.1.213.1.1.3.80"))
        })
        .map(|o| (o.child(NS, "statusCode").unwrap().attr("code").unwrap(), o.child(NS, "value").is_some()))
        .collect();
    assert_eq!(statuses, [("completed", true), ("aborted", false), ("active", false)]);
    let shown = words(&pdf);
    assert!(shown.contains("TSH en cours") && shown.contains("Potassium non réalisé (échantillon hémolysé)"));
    assert!(shown.contains("Compte rendu partiel"));
    assert_eq!(shown.matches("Validé par").count(), 1, "the chapter that is awaited was validated by nobody");
    assert!(!shown.contains("0,27 – 4,20"), "bounds without a unit mislead");
}

#[test]
fn doc_18_all_recipients_are_in_both_forms_and_doc_19_the_address_of_the_requester_is_there() {
    let report = corsican_report();
    let (cda, pdf) = both(&report);
    let root = parse(&cda).unwrap();
    assert_eq!(root.children_named(NS, "informationRecipient").count(), report.recipients.len());
    let shown = words(&pdf);
    assert!(shown.contains("DESTINATAIRES Dr Paul MODELE Centre hospitalier d'essai"), "{shown}");
    let requester =
        root.children_named(NS, "participant").find(|p| p.attr("typeCode") == Some("REF")).unwrap();
    let addresses: Vec<_> =
        requester.find_all(NS, "telecom").iter().filter_map(|t| t.attr("value")).collect();
    assert!(addresses.contains(&"mailto:paul.modele@medecin.test.mssante.fr"), "{addresses:?}");
}

#[test]
fn doc_10_comments_of_the_four_levels_and_doc_20_the_notice_are_in_all_forms() {
    let report = ionogram_report();
    let (cda, pdf) = both(&report);
    let forms = [String::from_utf8(cda).unwrap(), words(&pdf), text::render(&report).replace('\n', " ")];
    for form in &forms {
        for expected in [
            "Prescripteur prévenu par téléphone à 10:20.",
            "Absence d'hémolyse.",
            "Sérum clair.",
            "Commentaire du chapitre : Bilan demandé en urgence.",
            "Contrôle du potassium conseillé sous 24 heures.",
            "droit d'accès et de rectification",
        ] {
            assert!(form.contains(expected), "{expected}");
        }
    }
    let root = parse(forms[0].as_bytes()).unwrap();
    let comment_acts = root
        .find_all(NS, "act")
        .into_iter()
        .filter(|a| a.child(NS, "code").is_some_and(|c| c.attr("code") == Some("48767-8")))
        .count();
    assert_eq!(
        comment_acts, 5,
        "two on results, one on the battery, one on the sub-chapter, one on the chapter"
    );
}

#[test]
fn doc_06_codes_are_loinc_or_empty_with_a_translation_and_point_at_their_label() {
    for (name, report) in all() {
        let root = parse(&both(&report).0).unwrap();
        for observation in root.find_all(NS, "observation") {
            let is_result = |t: &Element| t.attr("root") == Some("1.2.250.1.213.1.1.3.80");
            if !observation.children_named(NS, "templateId").any(is_result) {
                continue;
            }
            let code = observation.child(NS, "code").unwrap();
            match code.attr("code") {
                Some(_) => assert_eq!(code.attr("codeSystem"), Some(OID_LOINC), "{name}"),
                None => {
                    assert!(code.child(NS, "translation").is_some() && code.attributes.is_empty(), "{name}");
                }
            }
        }
    }
}

#[test]
fn every_reference_of_the_entries_points_at_one_cell_of_the_narrative() {
    for (name, report) in all() {
        let root = parse(&both(&report).0).unwrap();
        let mut ids = BTreeSet::new();
        collect_ids(&root, &mut ids, name);
        for reference in root.find_all(NS, "reference") {
            let target = reference.attr("value").unwrap().strip_prefix('#').unwrap();
            assert!(ids.contains(target), "{name}: {target}");
        }
        for shown in root.find_all(NS, "renderMultiMedia") {
            assert!(ids.contains(shown.attr("referencedObject").unwrap()), "{name}");
        }
    }
}

fn collect_ids(element: &Element, ids: &mut BTreeSet<String>, name: &str) {
    if let Some(id) = element.attr("ID") {
        assert!(ids.insert(id.to_owned()), "{name}: {id} twice");
    }
    element.children().for_each(|child| collect_ids(child, ids, name));
}

#[test]
fn doc_09_the_printed_unit_is_the_laboratory_s_and_the_entry_is_ucum() {
    let (cda, pdf) = both(&ionogram_report());
    let values = cda::values(&cda).unwrap();
    let creatinine = values.iter().find(|v| v.label == "Créatinine").unwrap();
    assert_eq!((creatinine.text.as_str(), creatinine.unit.as_deref()), ("98", Some("umol/L")));
    assert!(words(&pdf).contains("98 H µmol/L"));
    let inr = cda::values(&both(&inr_report()).0).unwrap();
    let inr = inr.iter().find(|v| v.label == "INR" && !v.previous).unwrap();
    assert_eq!((inr.text.as_str(), inr.unit.as_deref()), ("2,6", None));
}

#[test]
fn doc_08_a_qualitative_result_is_coded_and_shown() {
    let (cda, pdf) = both(&serology_report());
    let root = parse(&cda).unwrap();
    let coded: Vec<_> = root
        .find_all(NS, "value")
        .into_iter()
        .filter(|v| v.attr("codeSystem") == Some(OID_SNOMED_CT))
        .map(|v| v.attr("code").unwrap())
        .collect();
    assert_eq!(coded, ["260385009", "260385009", "10828004"]);
    assert!(words(&pdf).contains("Antigène HBs Négatif"));
}

#[test]
fn doc_11_isolate_antibiogram_and_picture_are_structured() {
    let root = parse(&both(&urine_report()).0).unwrap();
    let organizers = root.find_all(NS, "organizer");
    let isolate = organizers.iter().find(|o| o.child(NS, "specimen").is_some()).unwrap();
    let germ = isolate.find(NS, "specimenPlayingEntity").unwrap();
    assert_eq!(germ.attr("classCode"), Some("MIC"));
    assert_eq!(germ.child(NS, "code").unwrap().attr("code"), Some("112283007"));
    let signs: Vec<_> =
        isolate.find_all(NS, "interpretationCode").iter().filter_map(|i| i.attr("code")).collect();
    assert_eq!(signs, ["R", "S", "S"]);

    let root = parse(&both(&subcontracted_report()).0).unwrap();
    let pictures = root.find_all(NS, "observationMedia");
    assert!(pictures.iter().any(|m| m.child(NS, "value").unwrap().attr("mediaType") == Some("image/png")));
}

#[test]
fn sub_03_the_laboratory_that_did_the_work_is_named_in_both_forms() {
    let (cda, pdf) = both(&subcontracted_report());
    let root = parse(&cda).unwrap();
    let act = root.find(NS, "entry").unwrap().child(NS, "act").unwrap();
    let performer = act.child(NS, "performer").unwrap();
    assert_eq!(
        performer.find(NS, "representedOrganization").unwrap().child_text(NS, "name").as_deref(),
        Some("Laboratoire spécialisé d'essai")
    );
    assert!(words(&pdf).contains("Examens réalisés par : Laboratoire spécialisé d'essai"));
}

#[test]
fn sub_04_a_scanned_report_is_embedded_as_it_came() {
    let mut report = minimal_report();
    let scan = base64::engine::general_purpose::STANDARD.encode(b"%PDF-1.4 scan");
    report.second_intention =
        Some(AttachedPdf { title: "Laboratoire X, 02/03/2026".into(), base64: scan.clone() });
    let root = parse(&both(&report).0).unwrap();
    let media = root.find_all(NS, "observationMedia");
    let scanned = media.iter().find(|m| m.attr("ID") == Some("seconde-intention")).unwrap();
    assert_eq!(scanned.child_text(NS, "value").unwrap(), scan);
    assert_eq!(media.last().unwrap().attr("ID"), Some("copie-pdf"));
}

#[test]
fn doc_17_neither_script_nor_outside_link() {
    for (name, report) in all() {
        let (cda, pdf) = both(&report);
        let cda = String::from_utf8(cda).unwrap();
        let outside = cda.matches("http").count();
        assert_eq!(outside, 1, "{name}: only the namespace of XML Schema instances");
        assert!(!cda.contains("<script") && !cda.contains("linkHtml"), "{name}");
        let pdf = String::from_utf8_lossy(&pdf).into_owned();
        for forbidden in ["/JavaScript", "/Launch", "/URI", "/EmbeddedFile"] {
            assert!(!pdf.contains(forbidden), "{name}: {forbidden}");
        }
    }
}

#[test]
fn markup_in_a_free_text_stays_text() {
    let (cda, pdf) = both(&training_report());
    let values = cda::values(&cda).unwrap();
    assert!(values[0].text.contains("<atypiques> & « rares », rapport > 2"), "{}", values[0].text);
    assert!(words(&pdf).contains("10⁻³ mol·L⁻¹"));
}

#[test]
fn a_training_document_says_so_on_each_page() {
    let mut report = long_report();
    assert!(!words(&both(&report).1).contains("ÉCOLE"));
    report.training = true;
    let pdf = both(&report).1;
    let shown = words(&pdf);
    assert_eq!(shown.matches("ÉCOLE : document d'exercice").count(), 3);
    assert!(text::render(&report).contains("ÉCOLE"));
}

#[test]
fn a_long_report_repeats_identity_and_columns_on_each_page() {
    let pdf = both(&long_report()).1;
    let shown = words(&pdf);
    for page in 1..=3 {
        assert!(shown.contains(&format!("Page {page}/3")), "{page}");
    }
    assert_eq!(shown.matches("née le 14/05/1978").count(), 2, "running header of pages 2 and 3");
    assert!(shown.contains("(suite) Analyse Résultat Unité"), "{shown}");
}

#[test]
fn a_result_longer_than_a_page_is_printed_to_its_end() {
    let mut report = training_report();
    let sentence = "Texte très long qui doit être imprimé jusqu'au bout. ".repeat(400);
    first_result(&mut report).outcome =
        Outcome::Done(ReportedValue::Text(format!("{sentence} FIN DU TEXTE")));
    assert!(words(&both(&report).1).contains("FIN DU TEXTE"));
}

#[test]
fn eco_2_1_6_name_of_the_pdf() {
    let mut report = lipids_report();
    assert_eq!(
        file_name(&report),
        "20260304_CR d'examens biologiques_D'EXEMPLE DUPONT_ANNE-MARIE_202603040003.pdf"
    );
    report.request.extension = "A/B:2".into();
    assert!(file_name(&report).ends_with("_AB2.pdf"));
}

#[test]
fn a_date_of_birth_outside_the_calendar_becomes_a_valid_timestamp() {
    let mut report = minor_report();
    let birth = |r: &Report| {
        let root = parse(&both(r).0).unwrap();
        root.find(NS, "birthTime").unwrap().attr("value").unwrap().to_owned()
    };
    assert_eq!(birth(&report), "20171231");
    report.patient.traits.birth_date = "1962-17-45".to_owned().try_into().unwrap();
    assert_eq!(birth(&report), "1962");
}

#[test]
fn the_preview_has_the_values_of_the_report_and_fits_a_terminal() {
    for (name, report) in all() {
        let preview = text::render(&report);
        let flat = preview.split_whitespace().collect::<Vec<_>>().join(" ");
        for value in cda::values(&both(&report).0).unwrap() {
            if value.text.len() < 16 {
                assert!(flat.contains(&value.text), "{name}: {value:?}");
            }
        }
        let widest = preview.lines().map(|l| l.chars().count()).max().unwrap();
        assert!(widest <= 100, "{name}: {widest}");
    }
}

#[test]
fn a_faulty_report_is_refused_with_the_field() {
    type Fault = fn(&mut Report);
    let faults: [(Fault, &str); 20] = [
        (|r| r.id = "urn:1.2".into(), "identifiant du document"),
        (|r| r.id = format!("1.{}", "2".repeat(64)), "identifiant du document"),
        (|r| r.version = 0, "version"),
        (|r| r.version = 2, "version remplacée"),
        (|r| r.replaces = Some("1.2.3".into()), "version remplacée"),
        (|r| r.patient.traits.birth_place = None, "lieu de naissance"),
        (|r| r.patient.traits.sex = Sex::I, "sexe"),
        (|r| r.laboratory.finess = "123".into(), "FINESS"),
        (|r| r.laboratory.telecoms.clear(), "téléphone du laboratoire"),
        (|r| r.director.profession = Some("G99".into()), "directeur"),
        (|r| r.responsible.national_id = None, "biologiste responsable"),
        (|r| r.responsible.national_id = Some("10001".into()), "biologiste responsable"),
        (|r| r.chapters.clear(), "chapitres"),
        (|r| r.chapters[0].sub_chapters[0].specimens = vec!["X9".into()], "X9"),
        (|r| r.chapters[0].code.system = "1.2.3".into(), "chapitre"),
        (|r| first_result(r).code.loinc = None, "code de l'analyse"),
        (|r| first_result(r).at = None, "date du résultat"),
        (|r| first_result(r).outcome = Outcome::Pending, "Glucose"),
        (
            |r| {
                first_result(r).reference =
                    Some(ReferenceRange { low: Some(dec("9")), high: Some(dec("1")), ..Default::default() })
            },
            "borne basse",
        ),
        (|r| r.specimens[0].kind.system = "1.2.3".into(), "échantillon"),
    ];
    for (fault, expected) in faults {
        let mut report = ionogram_report();
        fault(&mut report);
        let refused = refusal(&report).to_string();
        assert!(refused.contains(expected), "{expected} in {refused}");
    }
}

#[test]
fn doc_09_a_unit_outside_the_closed_list_is_refused_before_sending() {
    let mut report = blood_count_report();
    let item = first_result(&mut report);
    let Outcome::Done(ReportedValue::Numeric { unit, .. }) = &mut item.outcome else { panic!("numeric") };
    *unit = Some(Unit { display: "T/L".into(), ucum: "T/L".into() });
    match refusal(&report) {
        DocumentError::UnknownUnit { field, unit } => {
            assert_eq!(unit, "T/L");
            assert!(field.contains("« Hématies »"), "{field}");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_picture_with_transparency_is_refused() {
    let mut report = subcontracted_report();
    let blocks = &mut report.chapters[0].sub_chapters[0].blocks;
    let Some(Block::Image(image)) = blocks.last_mut() else { panic!("image") };
    let engine = base64::engine::general_purpose::STANDARD;
    let mut png = engine.decode(&image.base64).unwrap();
    png[25] = 6;
    image.base64 = engine.encode(png);
    let refused = pdf::build(&report).unwrap_err().to_string();
    assert!(refused.contains("Profil d'électrophorèse") && refused.contains("transparence"), "{refused}");
}

#[test]
fn the_test_oid_is_written_as_given() {
    let root = parse(&both(&training_report()).0).unwrap();
    let id = root.find(NS, "patientRole").unwrap().child(NS, "id").unwrap();
    assert_eq!(id.attr("root"), Some(InsOid::NirTest.as_str()));
}

/// Random reports, `PAILLASSE_RANDOM_REPORTS` of them (60 by default, 1000 before a release): each becomes its three
/// forms, the same twice, with the values of the CDA in the PDF. Left for the validators beside the golden ones.
#[test]
fn random_reports_become_documents_that_agree() {
    let count: u64 =
        std::env::var("PAILLASSE_RANDOM_REPORTS").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    println!("{count} random reports");
    let folder = out_folder().join("alea");
    std::fs::create_dir_all(&folder).unwrap();
    for seed in 1..=count {
        let report = random::report(seed);
        assert_eq!(report, random::report(seed), "the seed alone decides");
        let (cda, pdf) = both(&report);
        let outcome = compare::values(&cda, &pdf).unwrap();
        let missing: Vec<_> = outcome.missing.iter().map(|i| &outcome.values[*i]).collect();
        assert!(outcome.is_identical(), "seed {seed}: {missing:?} {:?}", outcome.only_in_pdf);
        let secret = qualified_digits();
        if report.patient.ins.is_none() {
            let text = String::from_utf8_lossy(&cda);
            assert!(!text.contains(INS_ARC) && !text.contains(&secret), "seed {seed}");
        }
        let widest = text::render(&report).lines().map(|l| l.chars().count()).max().unwrap();
        assert!(widest <= 100, "seed {seed}: {widest}");
        std::fs::write(folder.join(format!("alea-{seed:04}.xml")), &cda).unwrap();
        std::fs::write(folder.join(format!("alea-{seed:04}.pdf")), &pdf).unwrap();
    }
}

fn qualified_digits() -> String {
    lipids_report().patient.ins.unwrap().matricule.number().to_owned()
}

#[test]
fn lab_10_covered_examinations_are_marked_and_without_any_nothing_is_said() {
    let report = accredited_report();
    let (cda, pdf) = both(&report);
    let narrative = String::from_utf8(cda).unwrap();
    let shown = words(&pdf);
    for form in [&shown, &text::render(&report).replace('\n', " ")] {
        assert_eq!(form.matches(" # ").count(), 3, "two analyses and the legend: {form}");
        assert!(form.contains("# : examen couvert par l'accréditation Cofrac n° 8-9999"), "{form}");
    }
    assert_eq!(narrative.matches("</content> #").count(), 2);
    assert!(narrative.contains("# : examen couvert par l'accréditation Cofrac n° 8-9999"));
    assert!(shown.contains("Accréditation Cofrac n° 8-9999, portée sur www.cofrac.fr"));
    let (cda, pdf) = both(&lipids_report());
    for form in [String::from_utf8(cda).unwrap(), words(&pdf), text::render(&lipids_report())] {
        assert!(!form.to_lowercase().contains("cofrac") && !form.contains("8-9999"), "{form}");
    }
}

#[test]
fn lab_09_validation_by_rules_is_mentioned_and_otherwise_absent() {
    let mut report = automatic_report();
    let mention = "résultats validés par un système expert";
    let forms = |r: &Report| {
        let (cda, pdf) = both(r);
        [String::from_utf8(cda).unwrap(), words(&pdf), text::render(r).replace('\n', " ")]
    };
    assert!(forms(&report).iter().all(|f| f.contains(mention)));
    report.automatic_validation = None;
    assert!(forms(&report).iter().all(|f| !f.contains("système expert")));
}

#[test]
fn several_ranges_are_all_shown_and_one_is_structured() {
    let (cda, pdf) = both(&several_ranges_report());
    let root = parse(&cda).unwrap();
    for observation in root.find_all(NS, "observation") {
        assert!(observation.children_named(NS, "referenceRange").count() <= 1);
    }
    let text: Vec<_> = root
        .find_all(NS, "observationRange")
        .iter()
        .map(|r| r.child_text(NS, "text").unwrap_or_default())
        .collect();
    assert!(text[0].contains("30 – 400 (homme) ; 30 – 150 (sujet âgé)"), "{text:?}");
    let shown = words(&pdf);
    for range in
        ["15 – 150 (femme)", "30 – 400 (homme)", "< 0,55 risque très élevé", "900 – 108000 9 SA", "> 20"]
    {
        assert!(shown.contains(range), "{range} in {shown}");
    }
}

#[test]
fn a_waiting_code_is_a_chapter_and_never_the_code_of_a_sub_chapter() {
    let root = parse(&both(&waiting_codes_report()).0).unwrap();
    let sections = root.find_all(NS, "section");
    assert_eq!(sections[0].child(NS, "code").unwrap().attr("code"), Some("930894"));
    assert!(sections[1].child(NS, "code").is_none());
    let act = root.find(NS, "entry").unwrap().child(NS, "act").unwrap();
    let code = act.child(NS, "code").unwrap();
    assert_eq!(
        (code.attr("code"), code.child(NS, "translation").unwrap().attr("code")),
        (None, Some("930894"))
    );
}

/// Pages drawn by one program, symbols read by another, fields cut by a third (`tests/tools`).
#[test]
fn ins_16_the_datamatrix_is_read_from_the_printed_page() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (name, report) in
        [("corse", corsican_report()), ("demo", demonstration_report()), ("sans", unqualified_report())]
    {
        let (cda, pdf) = both(&report);
        std::fs::write(folder.path().join(format!("{name}.xml")), cda).unwrap();
        let file = folder.path().join(format!("{name}.pdf"));
        std::fs::write(&file, pdf).unwrap();
        files.push(file);
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/datamatrix_of_page.py");
    let Ok(out) = std::process::Command::new("python3").arg(script).args(&files).output() else {
        println!("skipped: python3 is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&out.stdout);
    if out.status.code() == Some(3) {
        println!("{said}");
        return;
    }
    assert!(out.status.success(), "{said}{}", String::from_utf8_lossy(&out.stderr));
    assert!(said.contains("3 documents, 2 symbols read, 0 errors"), "{said}");
}

#[test]
fn a_curve_is_drawn_where_three_earlier_results_compare_and_nowhere_else() {
    let curves = |report: &Report| {
        let document = lopdf::Document::load_mem(&both(report).1).unwrap();
        let pages = document.get_pages();
        let lines = pages.values().map(|page| {
            let content = document.get_and_decode_page_content(*page).unwrap();
            content.operations.iter().filter(|o| o.operator == "l").count()
        });
        lines.sum::<usize>()
    };
    let drawn = curves(&history_report());
    let mut short = history_report();
    first_result(&mut short).previous.truncate(2);
    // Rectangles are lines too: what counts is the difference, five pieces of curve for six values and its end mark.
    assert!(drawn >= curves(&short) + 5, "{drawn} against {}", curves(&short));
    let mut mixed = history_report();
    let other = Some(Unit { display: "ng/L".into(), ucum: "ng/L".into() });
    for p in &mut first_result(&mut mixed).previous {
        let ReportedValue::Numeric { unit, .. } = &mut p.value else { panic!("numeric") };
        unit.clone_from(&other);
    }
    assert_eq!(curves(&mixed), curves(&short), "values in another unit make no curve");
}
