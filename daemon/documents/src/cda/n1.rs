//! CDA R2 level 1: a header around a PDF, for historic reports that exist on paper only (DOC-02).
//!
//! Header as at level 3 but for its templates (XDS-SD in the place of the volet's); body one `nonXMLBody`. Only the
//! rules of the structuration minimale and of the terminologies apply (CI-SIS; fact sheet of the CR-BIO, section 5).
//!
//! Invariant: a new report never becomes level 1; this is called for documents that were made elsewhere or before.

use base64::Engine as _;
use paillasse_shared::domain::report::Report;

use super::xml::Xml;
use super::{header, root, stylesheet};
use crate::compare::MAX_PDF;
use crate::error::DocumentError;

/// Wraps a PDF. The report gives the header: its chapters say what the document is about by their codes, and need no
/// results.
///
/// # Errors
/// [`DocumentError`] naming the first value that breaks a rule, or when the bytes are not a PDF of at most
/// [`MAX_PDF`] bytes.
pub fn build(report: &Report, pdf: &[u8]) -> Result<Vec<u8>, DocumentError> {
    crate::check::header(report)?;
    if !pdf.starts_with(b"%PDF-") {
        return Err(DocumentError::invalid("PDF", "le contenu n'est pas un PDF"));
    }
    if pdf.len() > MAX_PDF {
        return Err(DocumentError::invalid("PDF", format!("il dépasse {} Mo", MAX_PDF >> 20)));
    }
    let encoded = base64::engine::general_purpose::STANDARD.encode(pdf);
    let mut x = Xml::new(encoded.len() + 64 * 1024);
    for data in stylesheet::instructions(report) {
        x.instruction("xml-stylesheet", &data);
    }
    root(&mut x, |x| {
        header::write(x, report, header::Level::One);
        x.nest("component", &[], |x| {
            x.nest("nonXMLBody", &[], |x| {
                x.raw_leaf("text", &[("mediaType", "application/pdf"), ("representation", "B64")], &encoded);
            });
        });
    });
    Ok(x.finish())
}
