//! What a sending costs on one core, over the golden reports: metadata, archive, signature of a lot, and the whole
//! chain from the report to the archive.
//!
//! `cargo run --release -p paillasse-documents --example bench_sending`
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic, clippy::indexing_slicing)]

#[path = "../tests/golden/mod.rs"]
mod golden;

use std::time::{Duration, Instant};

use paillasse_documents::lot_signature::{LotToSign, sign};
use paillasse_documents::xdm::{Sender, Software, XdmFile, XdmInput, XdmLimits, build, read};
use paillasse_documents::xds::*;
use paillasse_documents::{cda, pdf};
use paillasse_shared::domain::report::Report;
use paillasse_xml::testing::TestAuthority;
use paillasse_xml::{Digest, SigningIdentity};

fn rate<T>(name: &str, items: &[T], work: impl Fn(&T) -> usize) {
    items.iter().map(&work).for_each(drop);
    let start = Instant::now();
    let (mut done, mut bytes) = (0usize, 0usize);
    while start.elapsed() < Duration::from_secs(2) {
        bytes += items.iter().map(&work).sum::<usize>();
        done += items.len();
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{name:20} {:8.0} a second  {:7.3} ms each  {:6} bytes each",
        done as f64 / seconds,
        seconds * 1000.0 / done as f64,
        bytes / done
    );
}

fn lot(report: &Report, cda: &[u8]) -> Lot {
    let context = EntryContext {
        symbol: "Document01",
        uri: Some("DOC00001.XML"),
        visibility: Visibility::default(),
        cda,
    };
    let document = entry_from_report(report, &context).unwrap();
    let set = SetContext {
        submission_time: document.creation_time,
        source_id: golden::LAB_ARC.into(),
        unique_id: format!("{}.4.1", golden::LAB_ARC),
        content_type: Code::content_type_biology(),
    };
    Lot {
        set: set_for_entry(&document, set).unwrap(),
        documents: vec![document],
        signature: None,
        replacements: vec![],
    }
}

fn archive(report: &Report, cda: &[u8], pdf: &[u8]) -> Vec<u8> {
    let sender = Sender {
        organisation: report.laboratory.name.clone(),
        responsible: report.responsible.family.clone(),
        address: "8 rue Frédéric Bastia, 35000 RENNES".into(),
        phone: "02 99 00 00 00".into(),
    };
    let software =
        Software { name: "Paillasse".into(), version: "0.1".into(), vendor: "projet Paillasse".into() };
    let files = vec![
        XdmFile { name: "DOC00001.XML", label: "Compte rendu", bytes: cda },
        XdmFile { name: "DOC00001.PDF", label: "Compte rendu", bytes: pdf },
    ];
    build(&XdmInput { lot: &lot(report, cda), files, sender: &sender, software: &software }).unwrap()
}

fn main() {
    let identity =
        SigningIdentity::from_pem(TestAuthority::new("AC").issue(1, "SIGN", "1350999999", &[]).as_bytes())
            .unwrap();
    let built: Vec<_> = golden::all()
        .into_iter()
        .map(|(_, report)| {
            let pdf = pdf::build(&report).unwrap();
            let cda = cda::build(&report, &pdf).unwrap();
            (report, cda, pdf)
        })
        .collect();
    println!("{} golden reports, one thread", built.len());
    rate("metadata", &built, |(r, c, _)| submit_objects_request(&lot(r, c)).len());
    rate("archive", &built, |(r, c, p)| archive(r, c, p).len());
    rate("PDF/A + CDA + archive", &built, |(r, _, _)| {
        let pdf = pdf::build(r).unwrap();
        archive(r, &cda::build(r, &pdf).unwrap(), &pdf).len()
    });
    let archives: Vec<_> = built.iter().map(|(r, c, p)| archive(r, c, p)).collect();
    rate("archive read", &archives, |zip| read(zip, &XdmLimits::default()).unwrap().subsets.len());
    for (name, digest) in [("lot signature SHA-1", Digest::Sha1), ("lot signature SHA-256", Digest::Sha256)] {
        rate(name, &built, |(r, c, _)| {
            let to_sign = LotToSign {
                signature_id: "S-1",
                signing_time: "2026-03-05T10:00:00Z".parse().unwrap(),
                set_unique_id: "1.2.3",
                documents: vec![(&r.id, c)],
                digest,
            };
            sign(&to_sign, &identity).unwrap().len()
        });
    }
}
