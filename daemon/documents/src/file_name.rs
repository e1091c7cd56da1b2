//! Name of the PDF twin in an exchange: rule ECO.2.1.6 of the MSSanté clients,
//! `<AAAAMMJJ>_<libellé du type>_<NOM>_<prenom>_<numero>.pdf`.
//!
//! The matricule is never part of a name (INS-23).

use paillasse_shared::domain::report::Report;

use crate::DOCUMENT_LABEL;

/// Longest label of the document type in a file name, in characters (ECO.2.1.6).
pub const MAX_LABEL: usize = 40;

/// File name of the PDF of a report: day of the act, label of the type, birth name, first given name, dossier number.
#[must_use]
pub fn file_name(report: &Report) -> String {
    let label: String = DOCUMENT_LABEL.chars().take(MAX_LABEL).collect();
    let traits = &report.patient.traits;
    let parts = [
        report.service_start.day(),
        label,
        traits.birth_name.as_str().to_owned(),
        traits.first_name.as_str().to_owned(),
        report.request.extension.clone(),
    ];
    let kept: Vec<String> = parts.iter().map(|p| clean(p)).filter(|p| !p.is_empty()).collect();
    format!("{}.pdf", kept.join("_"))
}

/// Drops what a file system or a mail client refuses.
fn clean(part: &str) -> String {
    part.chars()
        .filter(|c| !c.is_control() && !r#"/\:*?"<>|_"#.contains(*c))
        .collect::<String>()
        .trim()
        .to_owned()
}
