//! The CDA presents itself in a browser: the style sheet it carries, run by real browsers and by an XSLT processor.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, dead_code)]

mod golden;
mod support;

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use golden::*;
use paillasse_documents::{cda, compare, pdf};
use paillasse_shared::domain::report::Report;

fn both(report: &Report) -> (Vec<u8>, Vec<u8>) {
    let pdf = pdf::build(report).unwrap();
    (cda::build(report, &pdf).unwrap(), pdf)
}

/// The style sheets of a document: type and text.
fn sheets(cda: &[u8]) -> Vec<(String, String)> {
    let text = std::str::from_utf8(cda).unwrap();
    text.split("<?xml-stylesheet ")
        .skip(1)
        .map(|rest| {
            let data = rest.split("?>").next().unwrap();
            let kind = data.split("type=\"").nth(1).unwrap().split('"').next().unwrap();
            let encoded = data.split("base64,").nth(1).unwrap().trim_end_matches('"');
            let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
            (kind.to_owned(), String::from_utf8(bytes).unwrap())
        })
        .collect()
}

/// Words of an HTML text, without its style sheet, in lower case.
fn html_words(html: &str) -> Vec<String> {
    let mut text = String::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        text.push_str(&rest[..open]);
        text.push(if rest[open..].starts_with("<span") || rest[open..].starts_with("</span") {
            '\u{1}'
        } else {
            ' '
        });
        let raw = ["<style", "<title"].iter().find(|t| rest[open..].starts_with(*t));
        let end = match raw {
            Some(tag) => {
                let close = format!("</{}", &tag[1..]);
                let at = rest[open..].find(&close).unwrap();
                open + at + rest[open + at..].find('>').unwrap()
            }
            None => open + rest[open..].find('>').unwrap(),
        };
        rest = &rest[end + 1..];
    }
    text.push_str(rest);
    let text = text.replace('\u{1}', "");
    let text =
        [("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
            .iter()
            .fold(text, |t, (from, to)| t.replace(from, to));
    text.split_whitespace().map(str::to_lowercase).collect()
}

fn counts(words: impl IntoIterator<Item = String>) -> BTreeMap<String, usize> {
    words.into_iter().fold(BTreeMap::new(), |mut m, w| {
        *m.entry(w).or_default() += 1;
        m
    })
}

/// Words of the PDF that the page lacks. What only paper has is set apart: page numbers, the caption of the
/// datamatrix, the long name of a column.
fn lacking(pdf: &[u8], page: &[String]) -> Vec<String> {
    let text = compare::pdf_text(pdf).unwrap();
    let several_pages = !text.contains("Page 1/1");
    let text = text.replace("INS à scanner", "").replace("Valeurs de référence", "Référence");
    let words = text.split_whitespace().map(str::to_lowercase);
    let words =
        words.filter(|w| !w.starts_with("page") && !w.chars().all(|c| c.is_ascii_digit() || c == '/'));
    let have = counts(page.iter().cloned());
    counts(words)
        .into_iter()
        .filter(|(w, n)| match have.get(w) {
            // Paper cuts a word longer than its column.
            None if w.chars().count() > 15 && page.iter().any(|p| p.contains(w.as_str())) => false,
            None if several_pages => {
                !matches!(w.as_str(), "·" | "(suite)" | "né" | "née") && !w.ends_with(',')
            }
            None => w != "·",
            // Running headers repeat words on paper.
            // The training mark is also behind the text on paper.
            Some(m) => {
                !several_pages && m < n && w != "école" && !matches!(w.as_str(), "·" | ":" | "le" | "de")
            }
        })
        .map(|(w, _)| w)
        .collect()
}

#[test]
fn doc_13_the_style_sheet_in_the_cda_shows_what_the_pdf_says() {
    for (name, report) in all() {
        let (cda, pdf) = both(&report);
        let folder = tempfile::tempdir().unwrap();
        let sheet = folder.path().join("s.xsl");
        let (kind, xsl) = sheets(&cda).into_iter().next().unwrap();
        assert_eq!(kind, "text/xsl");
        std::fs::write(&sheet, xsl).unwrap();
        let Some(html) = support::run("xsltproc", &["--nonet", sheet.to_str().unwrap(), "-"], &cda) else {
            return;
        };
        let html = String::from_utf8(html.unwrap()).unwrap();
        let words = html_words(&html);
        assert_eq!(lacking(&pdf, &words), Vec::<String>::new(), "{name}");
    }
}

/// The page a headless browser makes of a document; `None` when it is not installed.
fn browser(path: &Path, more: &[&str]) -> Option<String> {
    let profile = tempfile::tempdir().unwrap();
    let data = format!("--user-data-dir={}", profile.path().display());
    let url = format!("file://{}", path.display());
    let mut args = vec!["--headless", "--no-sandbox", "--disable-gpu", &data];
    args.extend(more);
    args.push(&url);
    let out = support::run("chromium", &args, b"")?;
    Some(String::from_utf8(out.unwrap()).unwrap())
}

#[test]
fn doc_13_a_browser_opens_the_cda_as_a_page() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["06-ecbu", "03-lipides"] {
        let report = all().into_iter().find(|(n, _)| *n == name).unwrap().1;
        let (cda, pdf) = both(&report);
        let file = folder.path().join(format!("{name}.xml"));
        std::fs::write(&file, &cda).unwrap();
        let Some(page) = browser(&file, &["--dump-dom"]) else { return };
        if page.starts_with("<ClinicalDocument") {
            println!("skipped: this browser has no XSLT; it takes the CSS");
            return;
        }
        assert!(page.contains("<h1>Compte rendu d'examens biologiques</h1>"), "{name}");
        assert_eq!(lacking(&pdf, &html_words(&page)), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn doc_13_a_browser_without_xslt_takes_the_css() {
    let folder = tempfile::tempdir().unwrap();
    let report = all().into_iter().find(|(n, _)| *n == "06-ecbu").unwrap().1;
    let (cda, _) = both(&report);
    let file = folder.path().join("06.xml");
    std::fs::write(&file, &cda).unwrap();
    let print = folder.path().join("06.pdf");
    let to = format!("--print-to-pdf={}", print.display());
    let args = ["--disable-features=XSLT", "--no-pdf-header-footer", &to];
    if browser(&file, &args).is_none() {
        return;
    }
    let Some(text) = support::run("pdftotext", &["-layout", print.to_str().unwrap(), "-"], b"") else {
        return;
    };
    let text = String::from_utf8(text.unwrap()).unwrap();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "Laboratoire des Fougères",
        "Compte rendu définitif",
        "Patient : D'EXEMPLE DUPONT ANNE-MARIE, date de naissance 14/05/1978, sexe F",
        "Matricule INS : 278059999904242",
        "Leucocytes 850000 HH /mL ≤ 10000",
        "Ampicilline > 32 R mg/L",
        "Biologiste responsable : Dr Hélène FICTIVE-MARTEAU",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(!text.contains("POCD_HD000040") && !text.contains("Copie PDF"), "{text}");
}

#[test]
fn doc_17_the_style_sheets_hold_no_script_and_no_address() {
    for (name, report) in all() {
        let (cda, _) = both(&report);
        let found = sheets(&cda);
        assert_eq!(
            found.iter().map(|(k, _)| k.as_str()).collect::<Vec<_>>(),
            ["text/xsl", "text/css"],
            "{name}"
        );
        let whole = String::from_utf8(cda).unwrap().to_lowercase();
        assert!(!whole.contains("<script") && !whole.contains("javascript:") && !whole.contains("<linkhtml"));
        for (kind, sheet) in found {
            let sheet = sheet.to_lowercase().replace("http://www.w3.org/1999/xsl/transform", "");
            for forbidden in [
                "http:",
                "https:",
                "<script",
                "javascript",
                "@import",
                "url(",
                "document(",
                "xsl:import",
                "xsl:include",
                " onload",
                " onclick",
            ] {
                assert!(!sheet.contains(forbidden), "{name}, {kind}: {forbidden}");
            }
        }
    }
}

#[test]
fn doc_13_a_training_document_says_so_in_both_presentations() {
    let report = all().into_iter().find(|(n, _)| *n == "15-ecole").unwrap().1;
    let found = sheets(&both(&report).0);
    assert!(found[0].1.contains(r#"name="ecole" select="true()""#));
    assert!(found[1].1.contains("ÉCOLE : document d'exercice"));
    let real = sheets(&both(&ionogram_report()).0);
    assert!(real[0].1.contains(r#"name="ecole" select="false()""#));
    assert!(!real[1].1.contains("ÉCOLE"));
}
