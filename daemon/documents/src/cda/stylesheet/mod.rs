//! How a CDA presents itself: the laboratory's style sheet, inside the document (DOC-13).
//!
//! Two `xml-stylesheet` instructions whose addresses are `data:` URIs, so that the document needs no other file, no
//! network and no script (DOC-17), and its root element stays `ClinicalDocument`, valid for the schema:
//! * XSL 1.0, which lays the header and the narrative out like the PDF. Browsers that know XSLT take it;
//! * CSS, for the browsers that no longer do (the engines have announced that they drop XSLT): the narrative shown in
//!   place, under a header of generated text that is made from the report here.
//!
//! Nothing in them is looked up elsewhere; the same report gives the same bytes (DOC-29).
//! Deliberately not here: the older « autoprésentable » form, in which an `xsl:stylesheet` wraps the document. It is
//! read ([`super::reading`]), not written.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paillasse_shared::domain::report::{Report, ReportStatus};

use crate::{DOCUMENT_TITLE, wording};

/// The style sheet of the HTML forms (the XSL and the export share it).
pub(crate) const CSS: &str = include_str!("report.css");
const XSL: &str = include_str!("report.xsl");
const FALLBACK: &str = include_str!("fallback.css");
const NOT_TRAINING: &str = r#"<xsl:variable name="ecole" select="false()"/>"#;

/// The sentence that marks a document of a training base.
pub(crate) const TRAINING: &str = "ÉCOLE : document d'exercice, sans valeur médicale";

/// XSL of real documents and of training documents, already encoded.
static ENCODED: LazyLock<[String; 2]> =
    LazyLock::new(|| [false, true].map(|training| STANDARD.encode(xsl(training))));

/// The XSL 1.0 style sheet, complete.
#[must_use]
pub fn xsl(training: bool) -> String {
    let with_css = XSL.replace("@CSS@", CSS.trim_end());
    if !training {
        return with_css;
    }
    with_css.replace(NOT_TRAINING, r#"<xsl:variable name="ecole" select="true()"/>"#)
}

/// Whether a document carries one of our style sheets as it is.
#[must_use]
pub fn is_ours(cda: &[u8]) -> bool {
    let start = cda.get(..cda.len().min(64 * 1024)).unwrap_or_default();
    let start = String::from_utf8_lossy(start);
    ENCODED.iter().any(|own| start.contains(own.as_str()))
}

/// The data of the two processing instructions `xml-stylesheet`, in their order.
pub(super) fn instructions(report: &Report) -> [String; 2] {
    let [plain, training] = &*ENCODED;
    let xsl = if report.training { training } else { plain };
    let css = STANDARD.encode(fallback(report));
    [
        format!(r#"type="text/xsl" href="data:text/xsl;base64,{xsl}""#),
        format!(r#"type="text/css" href="data:text/css;base64,{css}""#),
    ]
}

/// The CSS for browsers without XSLT: the fixed rules, then header and closing of this report as generated text.
fn fallback(report: &Report) -> String {
    let mut out = String::with_capacity(FALLBACK.len() + 2048);
    out.push_str(FALLBACK);
    rule(&mut out, "ClinicalDocument::before", &head(report));
    rule(&mut out, "ClinicalDocument::after", &tail(report));
    out
}

fn rule(out: &mut String, selector: &str, lines: &[String]) {
    out.push_str(selector);
    out.push_str("{content:\"");
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            out.push_str("\\A ");
        }
        for c in line.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                c if c.is_control() => out.push(' '),
                c => out.push(c),
            }
        }
    }
    out.push_str("\"}\n");
}

fn head(r: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if r.training {
        lines.push(TRAINING.to_owned());
    }
    let lab = &r.laboratory;
    lines.push(lab.name.clone());
    lines.push(wording::address(&lab.address).join(", "));
    lines.push(lab.telecoms.iter().map(wording::telecom).collect::<Vec<_>>().join(" · "));
    let cofrac = crate::narrative::accreditation(r);
    let cofrac = cofrac
        .map(|n| format!(" · Accréditation Cofrac n° {n}, portée sur www.cofrac.fr"))
        .unwrap_or_default();
    lines.push(format!("FINESS {}{cofrac}", lab.finess));
    lines.push(String::new());
    lines.push(DOCUMENT_TITLE.to_owned());
    lines.push(match r.status {
        ReportStatus::Final => "Compte rendu définitif".to_owned(),
        ReportStatus::Partial => "Compte rendu partiel : des résultats sont en cours".to_owned(),
    });
    lines.push(format!("Dossier n° {} · édité le {}", r.request.extension, r.created_at.french()));
    if r.version > 1 {
        lines.push(format!("Version {} : annule et remplace la version {}", r.version, r.version - 1));
    }
    lines.push(String::new());
    lines.extend(patient(r));
    if let Some(p) = &r.prescriber {
        let on = p.prescribed_at.map(|at| format!(", prescription du {}", at.french_day()));
        lines.push(format!(
            "Prescripteur : {}{}",
            wording::professional(&p.professional),
            on.unwrap_or_default()
        ));
    }
    let numbers: Vec<&str> = r.prescriptions.iter().map(|p| p.extension.as_str()).collect();
    if !numbers.is_empty() {
        lines.push(format!("Prescription n° : {}", numbers.join(", ")));
    }
    if let Some(sampler) = &r.sampler {
        lines.push(format!("Préleveur : {}", wording::professional(sampler)));
    }
    lines.push(format!(
        "Reçu le {} · résultats rendus le {}",
        r.service_start.french(),
        r.service_end.french()
    ));
    let recipients: Vec<String> = r.recipients.iter().map(wording::recipient).collect();
    if !recipients.is_empty() {
        lines.push(format!("Destinataires : {}", recipients.join(" ; ")));
    }
    lines
}

fn patient(r: &Report) -> Vec<String> {
    let t = &r.patient.traits;
    let mut lines = vec![format!(
        "Patient : {} {}, date de naissance {}, sexe {}",
        t.birth_name.as_str(),
        t.first_name.as_str(),
        t.birth_date.french(),
        t.sex.letter()
    )];
    let used = [r.patient.used.name.as_ref(), r.patient.used.first_name.as_ref()];
    let used: Vec<&str> = used.into_iter().flatten().map(|n| n.as_str()).collect();
    if r.display.used_names && !used.is_empty() {
        lines.push(format!("Identité utilisée : {}", used.join(" ")));
    }
    if let Some(ins) = &r.patient.ins {
        lines.push(format!("Matricule INS : {} ({})", ins.matricule.compact(), ins.oid.nature().label()));
    }
    lines.push(format!("N° patient : {}", r.patient.local_id.extension));
    lines
}

fn tail(r: &Report) -> Vec<String> {
    vec![
        format!("Biologiste responsable : {}", wording::professional(&r.responsible)),
        format!("Compte rendu signé le {}", r.signed_at.french()),
        "H, B : au-dessus, au-dessous des valeurs de référence ; HH, BB, ** : alerte ; * : anormal"
            .to_owned(),
    ]
}
