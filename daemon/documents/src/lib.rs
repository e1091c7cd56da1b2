//! Documents of a laboratory: domain in, bytes out, and back. No I/O, no clock, no randomness.
//!
//! * [`cda`]: the CR-BIO as CDA R2 level 3 (CI-SIS, BIO-CR-BIO 2024.01);
//! * [`pdf`]: the same report as PDF/A-1b;
//! * [`text`]: the same report as plain text for the terminal;
//! * [`compare`]: are the values of a CDA in a PDF?
//! * [`hprim`]: results for practices and clinics, HPRIM Santé and HPRIM Médecin;
//! * [`billing`]: the slip of a dossier for billing, which has no place for the INS;
//! * [`datamatrix`]: the INS datamatrix, written and read;
//! * [`mod@file_name`]: name of the PDF in an exchange;
//! * the XDS metadata, XDM archives and HL7 messages have their own modules.
//!
//! The report to write is a [`paillasse_shared::domain::report::Report`], in which everything is already decided. The
//! three readable forms come from one intermediate model, so order and words are the same (DOC-04).

pub mod hl7;
pub mod hprim;
pub mod lot_signature;
pub mod xdm;
pub mod xds;

pub mod billing;
pub mod cda;
pub mod compare;
pub mod datamatrix;
pub mod error;
pub mod file_name;
pub mod pdf;
pub mod text;

mod check;
mod narrative;
mod tables;
mod wording;

pub use error::DocumentError;
pub use file_name::file_name;

/// LOINC code of the document type (CR-BIO).
pub const DOCUMENT_CODE: &str = "11502-2";
/// Label of the document type, exactly as the volet wants it.
pub const DOCUMENT_LABEL: &str = "CR d'examens biologiques";
/// Title of the document, exactly as the volet wants it.
pub const DOCUMENT_TITLE: &str = "Compte rendu d'examens biologiques";
