//! The three forms of golden reports: what the published rules do not test, and what a reader would notice.

mod golden;

use std::path::PathBuf;

use base64::Engine as _;
use golden::*;
use paillasse_documents::{DocumentError, cda, compare, datamatrix, file_name, pdf, text};
use paillasse_shared::domain::identity::matricule::key_of;
use paillasse_shared::domain::report::*;
use paillasse_xml::{Element, parse};

const NS: &str = cda::NAMESPACE;

fn both(report: &Report) -> (Vec<u8>, Vec<u8>) {
    let pdf = pdf::build(report).unwrap();
    let cda = cda::build(report, &pdf).unwrap();
    (cda, pdf)
}

/// Where the documents are left for the validators.
fn out_folder() -> PathBuf {
    match std::env::var_os("PAILLASSE_DOCUMENTS_OUT") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("documents"),
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
        assert_eq!(
            sections.last().unwrap().child(NS, "code").unwrap().attr("code"),
            Some("55108-5"),
            "{name}: the PDF copy is the last section"
        );
        std::fs::write(folder.join(format!("{name}.xml")), &cda).unwrap();
        std::fs::write(folder.join(format!("{name}.pdf")), &pdf).unwrap();
        std::fs::write(folder.join(format!("{name}.txt")), text::render(&report)).unwrap();
    }
}
