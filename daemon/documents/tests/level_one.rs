//! CDA level 1 around the PDF of a historic report.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, dead_code)]

mod golden;

use golden::*;
use paillasse_documents::cda::{self, n1, reading};
use paillasse_documents::pdf;
use paillasse_shared::domain::report::Report;
use paillasse_xml::parse;

/// A report of 2019, known by its PDF alone.
fn historic() -> Report {
    let mut report = lipids_report();
    report.created_at = at("2019-03-04T16:05:00+01:00");
    report.signed_at = at("2019-03-04T16:05:00+01:00");
    report.service_start = at("2019-03-04T08:10:00+01:00");
    report.service_end = at("2019-03-04T16:00:00+01:00");
    report.specimens = Vec::new();
    report.chapters.iter_mut().for_each(|c| c.sub_chapters = Vec::new());
    report
}

#[test]
fn doc_02_a_pdf_of_2019_becomes_a_level_1_document() {
    let pdf = pdf::build(&lipids_report()).unwrap();
    let bytes = n1::build(&historic(), &pdf).unwrap();
    let root = parse(&bytes).unwrap();
    let templates: Vec<_> =
        root.children_named(cda::NAMESPACE, "templateId").filter_map(|t| t.attr("root")).collect();
    assert_eq!(templates, ["2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1", "1.3.6.1.4.1.19376.1.2.20"]);
    assert!(root.find(cda::NAMESPACE, "structuredBody").is_none());
    let read = reading::read(&bytes).unwrap();
    assert_eq!(read.level, reading::Level::One);
    assert_eq!((read.attachments.len(), &read.attachments[0].bytes), (1, &pdf));
    assert_eq!(read.flags, []);
    assert_eq!(read.header.created.unwrap().value.unwrap(), "20190304160500+0100");
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("documents");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("n1-2019.xml"), &bytes).unwrap();
}

#[test]
fn doc_02_a_new_report_is_never_level_1_and_a_level_1_wraps_nothing_but_a_pdf() {
    for (name, report) in all() {
        let pdf = pdf::build(&report).unwrap();
        let read = reading::read(&cda::build(&report, &pdf).unwrap()).unwrap();
        assert_eq!(read.level, reading::Level::Three, "{name}");
    }
    let told = n1::build(&historic(), b"MZ program").unwrap_err().to_string();
    assert!(told.contains("n'est pas un PDF"), "{told}");
    let mut nobody = historic();
    nobody.responsible.national_id = None;
    assert!(n1::build(&nobody, b"%PDF-1.4").is_err());
}
