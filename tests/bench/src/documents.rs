//! Figures of the documents, on one thread, over the golden reports of the tests: CDA, PDF/A, archive, signature of a lot.

use std::time::{Duration, Instant};

use paillasse_documents::lot_signature::{LotToSign, sign};
use paillasse_documents::xdm::{Sender, Software, XdmFile, XdmInput, XdmLimits, build, read};
use paillasse_documents::xds::{
    Code, EntryContext, Lot, SetContext, Visibility, entry_from_report, set_for_entry, submit_objects_request,
};
use paillasse_documents::{cda, pdf};
use paillasse_shared::domain::report::Report;
use paillasse_xml::testing::TestAuthority;
use paillasse_xml::{Digest, SigningIdentity};

use crate::table::Table;
use crate::{Effort, Outcome, now_doing};

#[path = "../../../daemon/documents/tests/golden/mod.rs"]
mod golden;

/// A report and its documents.
struct Built {
    report: Report,
    pdf: Vec<u8>,
    cda: Vec<u8>,
}

/// Measures the documents.
pub fn measure(effort: Effort, table: &mut Table) -> Outcome<()> {
    now_doing("documents");
    // Before anything else: the typefaces are read by the first preview of a process.
    let start = Instant::now();
    pdf::build(&golden::ionogram_report())?;
    let first = start.elapsed();
    let mut large = golden::long_report();
    let chapters = large.chapters.clone();
    (0..24).for_each(|_| large.chapters.extend(chapters.iter().cloned()));
    let start = Instant::now();
    pdf::build(&large)?;
    let sixty_pages = start.elapsed();
    let mut built = Vec::new();
    for (_, report) in golden::all() {
        let pdf = pdf::build(&report)?;
        let cda = cda::build(&report, &pdf)?;
        built.push(Built { report, pdf, cda });
    }
    let during = effort.seconds(2);
    let all = built.as_slice();
    table.heading("Documents (one thread, golden reports)");
    table.one("first PDF of the process".to_owned(), "ms", 1, first.as_secs_f64() * 1000.0);
    table.one("PDF of 59 pages".to_owned(), "ms", 1, sixty_pages.as_secs_f64() * 1000.0);
    rate(table, "CDA", during, all, |b| Ok(cda::build(&b.report, &b.pdf)?.len()))?;
    rate(table, "PDF/A", during, all, |b| Ok(pdf::build(&b.report)?.len()))?;
    rate(table, "PDF/A + CDA", during, all, |b| Ok(cda::build(&b.report, &pdf::build(&b.report)?)?.len()))?;
    rate(table, "PDF/A + CDA + archive IHE_XDM", during, all, |b| {
        let pdf = pdf::build(&b.report)?;
        let cda = cda::build(&b.report, &pdf)?;
        Ok(archive(&b.report, &cda, &pdf)?.len())
    })?;
    rate(table, "XDS metadata", during, all, |b| Ok(submit_objects_request(&lot(&b.report, &b.cda)?).len()))?;
    rate(table, "archive IHE_XDM alone", during, all, |b| Ok(archive(&b.report, &b.cda, &b.pdf)?.len()))?;
    let archives = all.iter().map(|b| archive(&b.report, &b.cda, &b.pdf)).collect::<Outcome<Vec<_>>>()?;
    rate(table, "archive IHE_XDM read", during, &archives, |zip| {
        Ok(read(zip, &XdmLimits::default())?.subsets.len())
    })?;
    let certificate = TestAuthority::new("AC").issue(1, "SIGN", "1350999999", &[]);
    let identity = SigningIdentity::from_pem(certificate.as_bytes())?;
    rate(table, "signature of a lot (RSA 2048)", during, all, |b| {
        let lot = LotToSign {
            signature_id: "S-1",
            signing_time: "2026-03-05T10:00:00Z".parse()?,
            set_unique_id: "1.2.3",
            documents: vec![(&b.report.id, &b.cda)],
            digest: Digest::Sha1,
        };
        Ok(sign(&lot, &identity)?.len())
    })
}

/// Does a work over and over, once unmeasured.
fn rate<T>(
    table: &mut Table,
    what: &str,
    during: Duration,
    items: &[T],
    work: impl Fn(&T) -> Outcome<usize>,
) -> Outcome<()> {
    for item in items {
        work(item)?;
    }
    let start = Instant::now();
    let (mut done, mut bytes) = (0usize, 0usize);
    while start.elapsed() < during {
        for item in items {
            bytes += work(item)?;
        }
        done += items.len();
    }
    let seconds = start.elapsed().as_secs_f64();
    let size = bytes.checked_div(done).unwrap_or(0);
    table.one(format!("{what} ({size} bytes each)"), "1/s", done, done as f64 / seconds);
    Ok(())
}

fn lot(report: &Report, cda: &[u8]) -> Outcome<Lot> {
    let context = EntryContext {
        symbol: "Document01",
        uri: Some("DOC00001.XML"),
        visibility: Visibility::default(),
        cda,
    };
    let document = entry_from_report(report, &context)?;
    let set = SetContext {
        submission_time: document.creation_time,
        source_id: golden::LAB_ARC.into(),
        unique_id: format!("{}.4.1", golden::LAB_ARC),
        content_type: Code::content_type_biology(),
    };
    Ok(Lot {
        set: set_for_entry(&document, set)?,
        documents: vec![document],
        signature: None,
        replacements: vec![],
    })
}

fn archive(report: &Report, cda: &[u8], pdf: &[u8]) -> Outcome<Vec<u8>> {
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
    Ok(build(&XdmInput { lot: &lot(report, cda)?, files, sender: &sender, software: &software })?)
}
