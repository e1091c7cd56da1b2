//! TD0.9: addresses of the contextual Web-PS, opened in the user's own browser (DMP sheet section 3.3).
//!
//! Nothing is sent by the daemon and no assertion is made. The address holds the INS: it is shown to the user and
//! opened, never logged.

/// A page of the Web-PS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WebPsPage {
    /// Home; works with or without a patient.
    Dashboard,
    /// The patient's DMP.
    Record,
    /// Documents of the patient: the main button of an SGL.
    Documents,
    /// Administrative data of the patient's DMP.
    Administration,
    /// Care path.
    CarePath,
    /// History of accesses.
    AccessHistory,
    /// Wishes and rights.
    Wishes,
    /// Vaccinations.
    Vaccinations,
    /// Settings of the professional; never with a patient.
    Settings,
}

impl WebPsPage {
    fn segment(self) -> &'static str {
        match self {
            Self::Dashboard => "TableauDeBord",
            Self::Record => "DossierPatient",
            Self::Documents => "Documents",
            Self::Administration => "GestionDMPPatient",
            Self::CarePath => "ParcoursDeSoins",
            Self::AccessHistory => "HistoriqueAcces",
            Self::Wishes => "VolontesEtDroits",
            Self::Vaccinations => "CarnetVaccination",
            Self::Settings => "Parametrages",
        }
    }

    /// Whether the page needs, takes or refuses a patient.
    fn patient(self) -> PatientUse {
        match self {
            Self::Dashboard => PatientUse::Optional,
            Self::Settings => PatientUse::None,
            _ => PatientUse::Required,
        }
    }
}

#[derive(PartialEq, Eq)]
enum PatientUse {
    None,
    Optional,
    Required,
}

/// Address of a page. `domain` is the host of the environment (configuration); `ins` the matricule with its key,
/// 15 characters. `None` when the page needs a patient and there is none, or when `domain` or `ins` could change
/// the meaning of the address.
#[must_use]
pub fn web_ps_url(domain: &str, page: WebPsPage, ins: Option<&str>) -> Option<String> {
    let host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':');
    if domain.is_empty() || !domain.bytes().all(host) {
        return None;
    }
    let base = format!("https://{domain}/AccesDirect/{}", page.segment());
    match (page.patient(), ins) {
        (PatientUse::Required, None) => None,
        (PatientUse::None, _) | (PatientUse::Optional, None) => Some(base),
        (_, Some(ins)) => (ins.len() == 15 && ins.bytes().all(|b| b.is_ascii_alphanumeric()))
            .then(|| format!("{base}/{ins}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dmp_13_pages_take_the_patient_they_need_and_no_other_text() {
        let ins = Some("279035121518989");
        let url = |page, ins| web_ps_url("webps.test", page, ins);
        assert_eq!(
            url(WebPsPage::Documents, ins).as_deref(),
            Some("https://webps.test/AccesDirect/Documents/279035121518989")
        );
        assert_eq!(url(WebPsPage::Documents, None), None);
        assert_eq!(
            url(WebPsPage::Dashboard, None).as_deref(),
            Some("https://webps.test/AccesDirect/TableauDeBord")
        );
        assert_eq!(
            url(WebPsPage::Settings, ins).as_deref(),
            Some("https://webps.test/AccesDirect/Parametrages")
        );
        assert_eq!(url(WebPsPage::Record, Some("../../x")), None);
        assert_eq!(web_ps_url("webps.test/x?", WebPsPage::Dashboard, None), None);
    }
}
