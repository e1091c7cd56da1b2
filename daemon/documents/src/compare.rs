//! Comparison of the two forms of a report: are the values of the CDA in the PDF, and the numbers of the PDF in the CDA?
//! (DOC-04)
//!
//! The values come from the **entries** of the CDA and the words from the PDF, so a fault of either writer shows.

use std::collections::BTreeSet;

use paillasse_xml::{Element, Node, parse};

use crate::cda::{self, CdaValue};
use crate::error::DocumentError;

/// Largest PDF that is read, in bytes.
pub const MAX_PDF: usize = 32 << 20;
/// How many words after the label of an analysis its value is looked for.
const WINDOW: usize = 120;
/// From this length on, in characters, a word may have been cut at the end of a line of the PDF.
const LONG_WORD: usize = 18;

/// Outcome of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Values found in the entries of the CDA.
    pub values: Vec<CdaValue>,
    /// Those that were not found beside their label in the PDF, as indexes into `values`.
    pub missing: Vec<usize>,
    /// Numbers printed in the PDF that stand nowhere in the CDA, each once, in order of appearance.
    pub only_in_pdf: Vec<String>,
}

impl Comparison {
    /// Whether each value of the CDA is in the PDF, and each number of the PDF in the CDA.
    #[must_use]
    pub fn is_identical(&self) -> bool {
        self.missing.is_empty() && self.only_in_pdf.is_empty()
    }
}

/// Compares the values of a CDA with the text of a PDF.
///
/// # Errors
/// [`DocumentError::Unreadable`] when one of the two cannot be read.
pub fn values(cda: &[u8], pdf: &[u8]) -> Result<Comparison, DocumentError> {
    let values = cda::values(cda)?;
    let words = pdf_words(pdf)?;
    let missing = values.iter().enumerate().filter(|(_, v)| !is_shown(&words, v)).map(|(i, _)| i).collect();
    let only_in_pdf = only_in_pdf(cda, &words)?;
    Ok(Comparison { values, missing, only_in_pdf })
}

/// Numbers of the PDF that the CDA does not hold anywhere: neither in its narrative, nor in an attribute, nor in a
/// date of the header. The number of pages is the paper's own.
fn only_in_pdf(cda: &[u8], words: &[String]) -> Result<Vec<String>, DocumentError> {
    let root = parse(cda).map_err(|e| DocumentError::Unreadable(e.to_string()))?;
    let mut known = BTreeSet::new();
    collect(&root, &mut known);
    let mut found = Vec::new();
    let mut before = "";
    for word in words {
        // « Page 1/3 », « Version 2 … la version 1 ».
        let own = before == "Page" || before.eq_ignore_ascii_case("version");
        before = word;
        if own {
            continue;
        }
        for number in numbers(word) {
            // A long number may be cut at the end of a line.
            let cut = number.len() >= LONG_WORD || word.chars().count() >= LONG_WORD;
            if !known.contains(&number) && !cut && !found.contains(&number) {
                found.push(number);
            }
        }
    }
    Ok(found)
}

fn collect(element: &Element, known: &mut BTreeSet<String>) {
    for attribute in &element.attributes {
        for number in numbers(&attribute.value) {
            // The national identifiers have a type digit that paper does not print.
            known.extend(number.get(1..).filter(|rest| !rest.is_empty()).map(str::to_owned));
            known.extend(parts_of_time(&number));
            if attribute.value.starts_with("tel:") || attribute.value.starts_with("fax:") {
                known.extend(number.as_bytes().chunks(2).map(|c| String::from_utf8_lossy(c).into_owned()));
            }
            known.insert(number);
        }
    }
    // The payload of a picture or PDF is no number that is printed.
    if element.name == "value" && element.attr("representation").is_some() {
        return;
    }
    for node in &element.nodes {
        match node {
            Node::Text(text) => known.extend(text.split_whitespace().flat_map(numbers)),
            Node::Element(child) => collect(child, known),
        }
    }
}

/// Day, month, year, hour and minute of `AAAAMMJJHHMM…`, as paper prints them.
fn parts_of_time(digits: &str) -> Vec<String> {
    let places = [0..4, 4..6, 6..8, 8..10, 10..12];
    places.into_iter().filter_map(|r| digits.get(r)).map(str::to_owned).collect()
}

/// Numbers of a word: digits with a decimal comma or point, written with a point.
fn numbers(word: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut current = String::new();
    let mut rest = word.chars().peekable();
    while let Some(c) = rest.next() {
        if c.is_ascii_digit() {
            current.push(c);
        } else if matches!(c, ',' | '.')
            && !current.is_empty()
            && rest.peek().is_some_and(char::is_ascii_digit)
        {
            current.push('.');
        } else if !current.is_empty() {
            out.push(std::mem::take(&mut current));
        }
    }
    if !current.is_empty() {
        out.push(current);
    }
    out
}

/// Text of a PDF, page after page.
///
/// # Errors
/// [`DocumentError::Unreadable`] when the PDF cannot be read or is larger than [`MAX_PDF`].
pub fn pdf_text(pdf: &[u8]) -> Result<String, DocumentError> {
    let unreadable = |e: &dyn std::fmt::Display| DocumentError::Unreadable(format!("PDF : {e}"));
    if pdf.len() > MAX_PDF {
        return Err(unreadable(&"trop volumineux"));
    }
    let document = lopdf::Document::load_mem(pdf).map_err(|e| unreadable(&e))?;
    let pages: Vec<u32> = document.get_pages().keys().copied().collect();
    document.extract_text(&pages).map_err(|e| unreadable(&e))
}

fn pdf_words(pdf: &[u8]) -> Result<Vec<String>, DocumentError> {
    Ok(pdf_text(pdf)?.split_whitespace().map(str::to_owned).collect())
}

fn is_shown(words: &[String], value: &CdaValue) -> bool {
    let label: Vec<&str> = value.label.split_whitespace().collect();
    let wanted: Vec<&str> = value.text.split_whitespace().collect();
    if wanted.is_empty() {
        return true;
    }
    if label.is_empty() {
        return position(words, &wanted).is_some();
    }
    let mut from = 0;
    while let Some(at) = words.get(from..).and_then(|rest| position(rest, &label)) {
        let start = from + at + label.len();
        let end = (start + WINDOW + wanted.len()).min(words.len());
        if words.get(start..end).is_some_and(|window| position(window, &wanted).is_some()) {
            return true;
        }
        from += at + 1;
    }
    // A word wider than its column is cut in the PDF: then the blanks say nothing.
    let long = |w: &&str| w.chars().count() >= LONG_WORD;
    if label.iter().any(long) || wanted.iter().any(long) {
        let (glued, label, wanted) = (words.concat(), label.concat(), wanted.concat());
        let reach = wanted.len() + 8 * WINDOW;
        return glued.match_indices(&label).any(|(at, found)| {
            let rest = glued.get(at + found.len()..).unwrap_or_default();
            rest.find(&wanted).is_some_and(|place| place < reach)
        });
    }
    false
}

/// Where a run of words begins.
fn position(words: &[String], wanted: &[&str]) -> Option<usize> {
    words.windows(wanted.len()).position(|window| window.iter().zip(wanted).all(|(a, b)| a == b))
}
