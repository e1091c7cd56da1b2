//! The CR-BIO as CDA R2 level 3, model BIO-CR-BIO 2024.01 of the CI-SIS.
//!
//! [`build`] writes the header ([`header`]), the sections ([`body`]) and their entries ([`entries`]) from one report
//! and the PDF made from the same report. The narrative and the entries come from the same blocks
//! ([`crate::narrative`]). The bytes depend only on the input.
//!
//! Invariant: without a qualified identity nothing of the INS is written anywhere (INS-17).
//! The document presents itself in a browser ([`stylesheet`]).
//! Deliberately not here: any signature.

mod body;
pub mod domain;
mod entries;
mod header;
pub mod n1;
pub(crate) mod read;
pub mod reading;
pub mod stylesheet;
mod xml;

use base64::Engine as _;
use paillasse_shared::domain::report::{Coded, Report};
use sha2::{Digest as _, Sha256};

use crate::error::DocumentError;
use crate::narrative::Narrative;
use xml::Xml;

pub(crate) use header::birth_time;
pub use read::{CdaValue, values};

/// Namespace of CDA R2.
pub const NAMESPACE: &str = "urn:hl7-org:v3";
/// Template of the volet CR-BIO.
pub const TEMPLATE: &str = "1.2.250.1.213.1.1.1.55";
/// Version of the volet this writer follows.
pub const TEMPLATE_VERSION: &str = "2024.01";

const OID_LOINC: &str = "2.16.840.1.113883.6.1";

/// Builds the CDA of a report around the PDF of the same report.
///
/// # Errors
/// [`DocumentError`] naming the first value that breaks a rule of the CR-BIO; nothing is written then.
pub fn build(report: &Report, pdf: &[u8]) -> Result<Vec<u8>, DocumentError> {
    crate::check::report(report)?;
    if !pdf.starts_with(b"%PDF-") {
        return Err(DocumentError::invalid("copie PDF", "le contenu n'est pas un PDF"));
    }
    let narrative = Narrative::of(report);
    let encoded = base64::engine::general_purpose::STANDARD.encode(pdf);
    let mut x = Xml::new(encoded.len() + 128 * 1024);
    for data in stylesheet::instructions(report) {
        x.instruction("xml-stylesheet", &data);
    }
    root(&mut x, |x| {
        header::write(x, report, header::Level::Three);
        body::write(x, report, &narrative, &encoded);
    });
    Ok(x.finish())
}

/// Whether our documents may carry a UCUM unit: the closed list of the CR-BIO.
#[must_use]
pub fn unit_is_accepted(ucum: &str) -> bool {
    crate::tables::cda_unit(ucum).is_some()
}

/// The root element around its content.
fn root(x: &mut Xml, content: impl FnOnce(&mut Xml)) {
    let attributes = [
        ("xmlns", NAMESPACE),
        ("xmlns:lab", "urn:oid:1.3.6.1.4.1.19376.1.3.2"),
        ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
    ];
    x.nest("ClinicalDocument", &attributes, content);
}

/// `<code …/>` or another coded element.
fn coded(x: &mut Xml, name: &str, c: &Coded) {
    match &c.system_name {
        Some(system_name) => x.empty(
            name,
            &[
                ("code", &c.code),
                ("displayName", &c.label),
                ("codeSystem", &c.system),
                ("codeSystemName", system_name),
            ],
        ),
        None => x.empty(name, &[("code", &c.code), ("displayName", &c.label), ("codeSystem", &c.system)]),
    }
}

/// A LOINC code fixed by the volet.
fn loinc(x: &mut Xml, code: &str, label: &str) {
    x.empty(
        "code",
        &[("code", code), ("displayName", label), ("codeSystem", OID_LOINC), ("codeSystemName", "LOINC")],
    );
}

fn templates(x: &mut Xml, oids: &[&str]) {
    for oid in oids {
        x.empty("templateId", &[("root", oid)]);
    }
}

/// An upper-case UUID (version 8) that depends only on the document and the role, for elements that need an
/// identifier nobody refers to.
fn derived_uuid(report: &Report, role: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(report.id.as_bytes());
    digest.update([0]);
    digest.update(role.as_bytes());
    let mut bytes = [0u8; 16];
    for (to, from) in bytes.iter_mut().zip(digest.finalize()) {
        *to = from;
    }
    let number = u128::from_be_bytes(bytes);
    let number = (number & !(0xf << 76)) | (0x8 << 76);
    let number = (number & !(0x3 << 62)) | (0x2 << 62);
    let hex = format!("{number:032X}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
