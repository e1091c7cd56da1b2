//! Comparison of the two forms of a report: are the values of the CDA in the PDF? (DOC-04)
//!
//! The values come from the **entries** of the CDA and the words from the PDF, so a fault of either writer shows.

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
}

impl Comparison {
    /// Whether each value of the CDA is in the PDF.
    #[must_use]
    pub fn is_identical(&self) -> bool {
        self.missing.is_empty()
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
    Ok(Comparison { values, missing })
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
