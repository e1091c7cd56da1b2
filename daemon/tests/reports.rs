//! What a report carries when it leaves: names, codes, addresses, notice, and its preview before validation.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paillasse_documents::{cda, compare, xdm};
use paillasse_shared::domain::dossier::CorrespondentRole;
use paillasse_shared::domain::ids::DossierId;
use paillasse_shared::domain::report::OID_TECHNIQUES;
use paillasse_shared::protocol::audit;
use paillasse_shared::protocol::document::{Content, Form, GetParams, ListParams};
use paillasse_shared::protocol::dossier::{
    CorrespondentChoice, CorrespondentParams, CreateParams, DossierRef, DossierView, ResultEnterParams,
    ValidateParams,
};
use paillasse_shared::protocol::methods as m;
use paillasse_xml::{Element, parse};
use support::House;
use support::flows::create;

const NOON: &str = "2026-11-22T12:00:00+01:00";
const NS: &str = cda::NAMESPACE;
const NOTICE: &str = "Vos données sont traitées par le laboratoire ; droit d'accès : dpo@essai.test.";

/// A dossier of one patient with values typed, not validated.
async fn typed(house: &mut House, correspondents: Vec<CorrespondentChoice>) -> DossierView {
    let patient = create(house, "D'EXEMPLE DUPONT", "ANNE-MARIE", "F", "12/03/1980").await;
    let opened = house
        .call::<m::DossierCreate>(CreateParams {
            patient: Some(patient),
            analyses: ["K", "CREA"].map(str::to_owned).to_vec(),
            correspondents,
            ..CreateParams::default()
        })
        .await;
    for (analysis, value) in [("K", "4,4"), ("CREA", "98")] {
        let params = ResultEnterParams {
            dossier: opened.id,
            analysis: analysis.into(),
            value: value.into(),
            comment: None,
        };
        house.call::<m::ResultEnter>(params).await;
    }
    opened
}

async fn validate(house: &mut House, id: DossierId) {
    house.call::<m::DossierValidate>(ValidateParams { id: Some(id), ..ValidateParams::default() }).await;
}

/// The last document of a dossier in a form.
async fn form(house: &mut House, dossier: DossierId, form: Form) -> Content {
    let filter = ListParams { dossier: Some(dossier), ..ListParams::default() };
    let id = house.call::<m::DocumentList>(filter).await.documents.remove(0).id;
    house.call::<m::DocumentGet>(GetParams { id, form }).await
}

async fn bytes(house: &mut House, dossier: DossierId, which: Form) -> Vec<u8> {
    STANDARD.decode(form(house, dossier, which).await.base64).unwrap()
}

/// Text of a PDF with single spaces.
fn words(pdf: &[u8]) -> String {
    flat(&compare::pdf_text(pdf).unwrap())
}

/// Everything written inside an element.
fn inside(e: &Element) -> String {
    let below: Vec<String> = e.children().map(inside).collect();
    flat(&format!("{} {}", e.text(), below.join(" ")))
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An entry of the information dictionary of a PDF.
fn information(pdf: &lopdf::Document, key: &[u8]) -> String {
    let info = pdf.trailer.get(b"Info").unwrap().as_reference().unwrap();
    let value = pdf.get_dictionary(info).unwrap().get(key).unwrap();
    lopdf::decode_text_string(value).unwrap()
}

/// The verdict of an independent validator of PDF/A-1b, where it is installed.
fn preflight(pdf: &[u8]) -> Option<bool> {
    let jars =
        ["preflight", "pdfbox2", "xmpbox", "fontbox2", "commons-logging", "javax.activation", "jaxb-api"];
    let jars: Vec<PathBuf> = jars.iter().map(|j| PathBuf::from(format!("/usr/share/java/{j}.jar"))).collect();
    if !jars.iter().all(|j| j.exists()) {
        println!("skipped: PDFBox Preflight is not installed");
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("cr.pdf");
    std::fs::write(&file, pdf).unwrap();
    let run = std::process::Command::new("java")
        .arg("-cp")
        .arg(std::env::join_paths(jars).unwrap())
        .arg("org.apache.pdfbox.preflight.Validator_A1b")
        .arg(&file)
        .output();
    match run {
        Ok(done) => Some(done.status.success()),
        Err(e) => {
            println!("skipped: java does not start: {e}");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doc_03_and_23_file_title_and_metadata_follow_the_national_rules() {
    let mut house = House::open(&[], NOON).await;
    let dossier = typed(&mut house, vec![]).await;
    validate(&mut house, dossier.id).await;

    // ECO.2.1.6: day of the act, label of the type, birth name, given name, number.
    let content = form(&mut house, dossier.id, Form::Pdf).await;
    let expected =
        format!("20261122_CR d'examens biologiques_D'EXEMPLE DUPONT_ANNE-MARIE_{}.pdf", dossier.number);
    assert_eq!(content.file_name, expected);
    let parts: Vec<&str> = content.file_name.strip_suffix(".pdf").unwrap().split('_').collect();
    assert_eq!(parts.len(), 5, "no part holds the separator");
    assert!(parts[1].chars().count() <= 40);

    // ECO.2.1.5: an archive form, with the same header as the CDA.
    let pdf = STANDARD.decode(content.base64).unwrap();
    let read = lopdf::Document::load_mem(&pdf).unwrap();
    let root = parse(&bytes(&mut house, dossier.id, Form::Cda).await).unwrap();
    let title = root.child(NS, "title").unwrap().text();
    assert_eq!(title, "Compte rendu d'examens biologiques", "exactly, as the volet wants it");
    assert_eq!(information(&read, b"Title"), title);
    assert!(information(&read, b"Author").contains("MARTIN"), "{}", information(&read, b"Author"));
    assert!(information(&read, b"CreationDate").starts_with("D:20261122"));
    let catalog = read.catalog().unwrap().get(b"Metadata").unwrap().as_reference().unwrap();
    let xmp = read.get_object(catalog).unwrap().as_stream().unwrap();
    let xmp = String::from_utf8(xmp.get_plain_content().unwrap()).unwrap();
    let said = |name: &str, value: &str| {
        xmp.contains(&format!("<{name}>{value}</{name}>")) || xmp.contains(&format!("{name}=\"{value}\""))
    };
    assert!(said("pdfaid:part", "1") && said("pdfaid:conformance", "B"), "{xmp}");
    if let Some(valid) = preflight(&pdf) {
        assert!(valid);
        let spoiled: Vec<u8> = {
            let text: String = pdf.iter().map(|b| char::from(*b)).collect();
            text.replace("/FontFile", "/XontFile").chars().map(|c| c as u8).collect()
        };
        assert_eq!(preflight(&spoiled), Some(false), "the validator sees a typeface that is missing");
    }

    // The receiver sees type, patient and date before it opens anything: in the metadata too.
    let archive = bytes(&mut house, dossier.id, Form::Xdm).await;
    let archive = xdm::read(&archive, &xdm::XdmLimits::default()).unwrap();
    let entry = &archive.subsets[0].metadata.entries[0];
    assert_eq!(entry.title, title);
    assert_eq!(entry.type_code.as_ref().unwrap().code, "11502-2");
    let shown = words(&pdf);
    for fact in [title.as_str(), "D'EXEMPLE DUPONT", "ANNE-MARIE", "22/11/2026"] {
        assert!(shown.contains(fact), "{fact}");
    }
}

/// Codes and labels of the national value set of techniques, where the reference is beside the checkout.
fn techniques() -> Option<BTreeMap<String, String>> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference/biology/technique-biologie.csv");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: the reference folder is not beside this checkout");
        return None;
    };
    let cells = |line: &str| {
        let mut cells = line.split(';').map(|c| c.trim_matches('"').to_owned());
        Some((cells.next()?, cells.next()?))
    };
    Some(text.lines().skip(1).filter_map(cells).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn doc_07_the_technique_of_an_analysis_is_its_method_code_in_the_cda() {
    let mut house = House::open(&[], NOON).await;
    let dossier = typed(&mut house, vec![]).await;
    validate(&mut house, dossier.id).await;
    let root = parse(&bytes(&mut house, dossier.id, Form::Cda).await).unwrap();
    let values: Vec<&Element> = root
        .find_all(NS, "observation")
        .into_iter()
        .filter(|o| {
            o.child(NS, "code").is_some_and(|c| ["2823-3", "14682-9"].contains(&c.attr("code").unwrap_or("")))
        })
        .collect();
    assert_eq!(values.len(), 2, "potassium and creatinine");
    let known = techniques();
    for observation in values {
        let method = observation.child(NS, "methodCode").expect("the catalogue has a technique for it");
        assert_eq!(method.attr("codeSystem"), Some(OID_TECHNIQUES));
        if let Some(known) = &known {
            let label = known.get(method.attr("code").unwrap()).expect("a code of the value set");
            assert_eq!(method.attr("displayName"), Some(label.as_str()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doc_19_the_cda_holds_the_mssante_address_of_the_requester() {
    let mut house = House::open(&[], NOON).await;
    let facts = |family: &str, address: &str| CorrespondentParams {
        family: family.into(),
        given: "Paul".into(),
        title: Some("DR".into()),
        rpps: Some("10000000017".into()),
        profession: Some("G15_10/SM54".into()),
        profession_label: None,
        mss_address: Some(address.into()),
        town: None,
    };
    let requester = facts("MODELE", "paul.modele@medecin.test.mssante.fr");
    let requester = house.call::<m::CorrespondentCreate>(requester).await;
    let mut copy = facts("AUTRE", "paul.autre@medecin.test.mssante.fr");
    copy.rpps = Some("10000000025".into());
    let copy = house.call::<m::CorrespondentCreate>(copy).await;
    let chosen = vec![
        CorrespondentChoice { correspondent: requester.id, role: CorrespondentRole::Prescriber },
        CorrespondentChoice { correspondent: copy.id, role: CorrespondentRole::Copy },
    ];
    let dossier = typed(&mut house, chosen).await;
    validate(&mut house, dossier.id).await;
    let root = parse(&bytes(&mut house, dossier.id, Form::Cda).await).unwrap();
    let requester =
        root.children_named(NS, "participant").find(|p| p.attr("typeCode") == Some("REF")).unwrap();
    let addresses: Vec<_> =
        requester.find_all(NS, "telecom").iter().filter_map(|t| t.attr("value")).collect();
    assert_eq!(addresses, ["mailto:paul.modele@medecin.test.mssante.fr"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn doc_20_the_notice_of_the_configuration_is_at_the_foot_of_the_next_report_in_both_forms() {
    let mut house = House::open(&[], NOON).await;
    let before = typed(&mut house, vec![]).await;
    validate(&mut house, before.id).await;
    assert!(!words(&bytes(&mut house, before.id, Form::Pdf).await).contains("Vos données"));

    house.reconfigure(&format!("[reports]\nnotice = \"{NOTICE}\"\n")).await;
    let after = typed(&mut house, vec![]).await;
    validate(&mut house, after.id).await;
    let pdf = words(&bytes(&mut house, after.id, Form::Pdf).await);
    assert!(pdf.contains(NOTICE), "{pdf}");
    assert!(pdf.find(NOTICE) > pdf.find("98"), "after the results");
    let root = parse(&bytes(&mut house, after.id, Form::Cda).await).unwrap();
    let section = root
        .find_all(NS, "section")
        .into_iter()
        .find(|s| s.child(NS, "text").is_some_and(|t| inside(t).contains(NOTICE)));
    assert!(section.is_some(), "a section shows it");
    // What left before stays as it left.
    assert!(!words(&bytes(&mut house, before.id, Form::Pdf).await).contains("Vos données"));
}

#[tokio::test(flavor = "multi_thread")]
async fn doc_14_before_validation_the_report_is_previewed_as_text_page_and_pdf_and_nothing_is_kept() {
    let mut house = House::open(&[], NOON).await;
    let dossier = typed(&mut house, vec![]).await;
    let asked = || DossierRef { id: Some(dossier.id), number: None };
    let text = house.call::<m::DossierPreview>(asked()).await.text;
    let files = house.call::<m::DossierPreviewFiles>(asked()).await;
    assert_eq!(files.stem, format!("apercu-{}", dossier.number), "no name of a person in a name of a file");
    let page = String::from_utf8(STANDARD.decode(&files.html).unwrap()).unwrap();
    let pdf = words(&STANDARD.decode(&files.pdf).unwrap());
    for form in [flat(&text), page.clone(), pdf.clone()] {
        assert!(form.contains("Potassium") && form.contains("4,4"), "{form}");
    }
    // Nobody takes it for the report.
    for form in [&page, &pdf] {
        assert!(form.contains("Aperçu avant validation"), "{form}");
    }
    assert!(!page.contains("<script") && page.contains("Content-Security-Policy"));
    // Nothing was built for good, nothing was decided; the reading is traced.
    let filter = ListParams { dossier: Some(dossier.id), ..ListParams::default() };
    assert!(house.call::<m::DocumentList>(filter).await.documents.is_empty());
    let lines = house.call::<m::AuditList>(audit::ListParams::default()).await.lines;
    assert!(lines.iter().any(|l| l.act == "dossier-preview"));

    // Once validated, it is the report itself, without the mark.
    validate(&mut house, dossier.id).await;
    let files = house.call::<m::DossierPreviewFiles>(asked()).await;
    assert_eq!(STANDARD.decode(&files.pdf).unwrap(), bytes(&mut house, dossier.id, Form::Pdf).await);
    let page = String::from_utf8(STANDARD.decode(&files.html).unwrap()).unwrap();
    assert!(!page.contains("Aperçu avant validation"));
}
