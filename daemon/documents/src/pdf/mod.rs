//! The report on paper: PDF/A-1b, A4, French layout.
//!
//! Three steps: [`content`] lays the report out as drawing operations on pages ([`canvas`]), then [`render`] writes
//! them with krilla. Words and order come from [`crate::narrative`], as in the CDA (DOC-04). The creation date is the
//! report's, the document identifier too, so equal reports give equal bytes.
//!
//! Invariant: matricule, nature and datamatrix appear only for a qualified identity (INS-14 to INS-17).
//! Deliberately not here: electronic signature, and any letterhead picture of a laboratory.

mod canvas;
mod content;
mod fonts;
mod plain;
mod render;
mod table;
mod trend;

use paillasse_shared::domain::report::{Moment, Report};

use crate::error::DocumentError;

/// Builds the PDF/A-1b of a report.
///
/// # Errors
/// [`DocumentError`] naming the first faulty value, or the reason the PDF could not be written (for example a picture
/// with transparency, which PDF/A-1 forbids).
pub fn build(report: &Report) -> Result<Vec<u8>, DocumentError> {
    written(report, false)
}

/// The same before validation: every page says that it is a preview, so that nobody takes it for the report (DOC-14).
///
/// # Errors
/// As [`build`].
pub fn preview(report: &Report) -> Result<Vec<u8>, DocumentError> {
    written(report, true)
}

fn written(report: &Report, draft: bool) -> Result<Vec<u8>, DocumentError> {
    crate::check::report(report)?;
    let faces = fonts::faces()?;
    let pages = content::lay_out(report, faces, draft)?;
    render::write(render::metadata(report), faces, &pages)
}

/// Builds a plain PDF/A-1b: a title, then lines. `id` names the document, `at` dates it.
///
/// # Errors
/// [`DocumentError`] when the PDF could not be written.
pub fn plain(title: &str, lines: &[String], id: &str, at: Moment) -> Result<Vec<u8>, DocumentError> {
    let faces = fonts::faces()?;
    let pages = plain::lay_out(title, lines, faces);
    render::write(render::plain_metadata(title, id, at), faces, &pages)
}
