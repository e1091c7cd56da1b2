//! The slip of a dossier for billing, as text and as PDF.
//!
//! Invariant (INS-18): it never carries the INS. The type below has no place for a matricule, an OID or a datamatrix:
//! only the number recorded for billing, which is another field and may be a parent's. Deliberately not here: prices and
//! national codes of acts, which the catalogue does not hold; reimbursement forms, which billing software makes.

use paillasse_shared::domain::report::Moment;

use crate::error::DocumentError;
use crate::pdf;

/// Title of the slip.
pub const TITLE: &str = "Relevé pour facturation";

/// What a slip says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// Name, FINESS, address, telephone: one line each.
    pub laboratory: Vec<String>,
    /// Number of the dossier.
    pub number: String,
    /// Day of the dossier, `JJ/MM/AAAA`.
    pub day: String,
    /// Nom de naissance, with nom utilisé when there is one.
    pub name: String,
    /// Premier prénom.
    pub first_name: String,
    /// Date of birth, `JJ/MM/AAAA`.
    pub birth_date: String,
    /// Number of social security recorded for billing.
    pub social_security: Option<String>,
    /// Prescriber: name, RPPS.
    pub prescriber: Option<String>,
    /// Analyses asked for and not cancelled: code, label.
    pub analyses: Vec<(String, String)>,
    /// When the slip is made.
    pub at: Moment,
    /// Training: said on the slip.
    pub training: bool,
}

impl Slip {
    /// Lines of the slip, title left out.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = self.laboratory.clone();
        lines.push(String::new());
        lines.push(format!("Dossier {} du {}", self.number, self.day));
        lines.push(format!("Patient : {} {}, né(e) le {}", self.name, self.first_name, self.birth_date));
        lines.push(format!(
            "N° de sécurité sociale : {}",
            self.social_security.as_deref().unwrap_or("non renseigné")
        ));
        lines.push(format!("Prescripteur : {}", self.prescriber.as_deref().unwrap_or("non renseigné")));
        lines.push(String::new());
        lines.push(format!("Examens ({}) :", self.analyses.len()));
        lines.extend(self.analyses.iter().map(|(code, label)| format!("  {code}  {label}")));
        if self.training {
            lines.push(String::new());
            lines.push("FORMATION : ce relevé est fictif.".to_owned());
        }
        lines
    }

    /// Plain text for a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{TITLE}\n\n{}\n", self.lines().join("\n"))
    }

    /// PDF/A-1b, A4.
    ///
    /// # Errors
    /// The PDF could not be written.
    pub fn pdf(&self) -> Result<Vec<u8>, DocumentError> {
        pdf::plain(TITLE, &self.lines(), &self.number, self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slip() -> Slip {
        Slip {
            laboratory: vec!["LBM du Port".into(), "FINESS 690000001".into()],
            number: "26-000001".into(),
            day: "22/11/2026".into(),
            name: "EXEMPLE".into(),
            first_name: "ZOE".into(),
            birth_date: "12/03/1980".into(),
            social_security: Some("1550169382001".into()),
            prescriber: None,
            analyses: (0..120).map(|n| (format!("A{n}"), format!("Analyse {n}"))).collect(),
            at: Moment::parse("2026-11-22T12:00:00+01:00").unwrap(),
            training: true,
        }
    }

    #[test]
    fn ins_18_the_slip_has_the_billing_number_and_no_word_of_the_ins() {
        let text = slip().text();
        assert!(text.contains("1550169382001") && text.contains("A119"));
        assert!(!text.contains("INS") && !text.to_lowercase().contains("matricule"), "{text}");
        let none = Slip { social_security: None, ..slip() }.text();
        assert!(none.contains("sécurité sociale : non renseigné"));
    }

    #[test]
    fn ins_18_the_paper_says_the_same_over_several_pages_without_a_symbol() {
        let bytes = slip().pdf().unwrap();
        assert_eq!(bytes, slip().pdf().unwrap(), "equal slips give equal bytes");
        let pdf = lopdf::Document::load_mem(&bytes).unwrap();
        let pages: Vec<u32> = pdf.get_pages().keys().copied().collect();
        assert!(pages.len() > 1);
        let text = pdf.extract_text(&pages).unwrap().replace('\n', " ");
        assert!(text.contains("1550169382001") && text.contains("A119"), "{text}");
        assert!(!text.contains("INS à scanner") && !text.contains("Matricule"));
    }
}
