//! Documents per second on one core: CDA alone, PDF alone, both, over the golden reports.
//!
//! `cargo run --release -p paillasse-documents --example bench_documents`
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic, clippy::indexing_slicing)]

#[path = "../tests/golden/mod.rs"]
mod golden;

use std::time::{Duration, Instant};

use paillasse_documents::{cda, pdf};

fn rate(name: &str, mut work: impl FnMut() -> usize) {
    work();
    let start = Instant::now();
    let (mut documents, mut bytes) = (0usize, 0usize);
    while start.elapsed() < Duration::from_secs(2) {
        bytes += work();
        documents += golden::all().len();
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{name:12} {:8.0} documents/s  {:7.3} ms each  {:6} bytes each",
        documents as f64 / seconds,
        seconds * 1000.0 / documents as f64,
        bytes / documents
    );
}

fn main() {
    let reports: Vec<_> = golden::all().into_iter().map(|(_, r)| r).collect();
    let pdfs: Vec<_> = reports.iter().map(|r| pdf::build(r).unwrap()).collect();
    println!("{} golden reports, one thread", reports.len());
    rate("CDA alone", || reports.iter().zip(&pdfs).map(|(r, p)| cda::build(r, p).unwrap().len()).sum());
    rate("PDF/A alone", || reports.iter().map(|r| pdf::build(r).unwrap().len()).sum());
    rate("PDF/A + CDA", || {
        reports.iter().map(|r| cda::build(r, &pdf::build(r).unwrap()).unwrap().len()).sum()
    });
}
