//! French wording shared by the three forms of a report: values, ranges, names, addresses.
//!
//! The digits shown are those of the entries: a comma for the dot, nothing else (no thousands separator).

use paillasse_shared::domain::report::{
    Address, Civility, Organization, Outcome, Professional, ProfessionalTitle, Recipient, ReferenceRange,
    ReportedValue, Specimen, Telecom, TelecomKind, Unit,
};

/// What a report says of itself before validation.
pub(crate) const DRAFT: &str = "Aperçu avant validation : document sans valeur, à ne pas remettre";

/// Printed form of a value, without its unit.
pub(crate) fn value(value: &ReportedValue) -> String {
    match value {
        ReportedValue::Numeric { comparator: Some(sign), value, .. } => {
            format!("{} {}", sign.sign(), value.french())
        }
        ReportedValue::Numeric { comparator: None, value, .. } => value.french(),
        ReportedValue::Interval { low, high, .. } => format!("{} – {}", low.french(), high.french()),
        ReportedValue::Titre { numerator, denominator } => {
            format!("{}/{}", numerator.french(), denominator.french())
        }
        ReportedValue::Coded { text, .. } => text.trim().to_owned(),
        ReportedValue::Text(text) => text.trim().to_owned(),
    }
}

/// Unit of a value, when it has one.
pub(crate) fn unit(value: &ReportedValue) -> Option<&Unit> {
    match value {
        ReportedValue::Numeric { unit, .. } | ReportedValue::Interval { unit, .. } => unit.as_ref(),
        _ => None,
    }
}

/// Printed form of an outcome.
pub(crate) fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done(v) => value(v),
        Outcome::Pending => "en cours".to_owned(),
        Outcome::NotDone(Some(reason)) if !reason.trim().is_empty() => {
            format!("non réalisé ({})", reason.trim())
        }
        Outcome::NotDone(_) => "non réalisé".to_owned(),
    }
}

/// Printed form of a reference range.
pub(crate) fn reference(range: &ReferenceRange) -> String {
    let bounds = match (&range.low, &range.high) {
        (Some(low), Some(high)) => format!("{} – {}", low.french(), high.french()),
        (Some(low), None) if range.low_excluded => format!("> {}", low.french()),
        (Some(low), None) => format!("≥ {}", low.french()),
        (None, Some(high)) if range.high_excluded => format!("< {}", high.french()),
        (None, Some(high)) => format!("≤ {}", high.french()),
        (None, None) => String::new(),
    };
    match range.text.as_deref().map(str::trim).filter(|t| !t.is_empty()) {
        Some(text) if bounds.is_empty() => text.to_owned(),
        Some(text) => format!("{bounds} {text}"),
        None => bounds,
    }
}

/// `Dr Marcel CAMPARINI`.
pub(crate) fn professional(p: &Professional) -> String {
    let lead = match (p.title, p.civility) {
        (Some(ProfessionalTitle::Doctor), _) => Some("Dr"),
        (Some(ProfessionalTitle::Professor), _) => Some("Pr"),
        (None, Some(Civility::Mister)) => Some("M."),
        (None, Some(Civility::Madam)) => Some("Mme"),
        (None, None) => None,
    };
    let parts = [lead, p.given.as_deref(), Some(p.family.as_str())];
    parts.into_iter().flatten().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" ")
}

/// `Dr Marcel CAMPARINI, Clinique X`.
pub(crate) fn recipient(r: &Recipient) -> String {
    let person = r.person.as_ref().map(professional);
    let organization = r.organization.as_ref().map(|o| o.name.clone());
    [person, organization].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Lines of an address.
pub(crate) fn address(a: &Address) -> Vec<String> {
    let city = format!("{} {}", a.postal_code, a.city);
    a.lines
        .iter()
        .map(|l| l.trim().to_owned())
        .chain([city.trim().to_owned()])
        .filter(|l| !l.is_empty())
        .collect()
}

/// `Tél. 01 49 15 45 78`.
pub(crate) fn telecom(t: &Telecom) -> String {
    match t.kind {
        TelecomKind::Phone => format!("Tél. {}", t.value),
        TelecomKind::Fax => format!("Fax {}", t.value),
        TelecomKind::Email => t.value.clone(),
        TelecomKind::Mssante => format!("MSSanté {}", t.value),
    }
}

/// `Laboratoire X (1 rue Y, 75001 PARIS, Tél. …)`.
pub(crate) fn organization(o: &Organization) -> String {
    let mut details: Vec<String> = o.address.as_ref().map(address).unwrap_or_default();
    details.extend(o.telecoms.iter().map(telecom));
    if details.is_empty() { o.name.clone() } else { format!("{} ({})", o.name, details.join(", ")) }
}

/// One sentence about a sample: kind, site, number, when, by whom, reception.
pub(crate) fn specimen(s: &Specimen, sampler: Option<&Professional>) -> String {
    let mut parts = vec![format!("Prélèvement : {} (échantillon {})", s.kind.label, s.id.extension)];
    if let Some(act) = &s.act {
        parts.push(act.label.clone());
    }
    if let Some(site) = &s.site {
        parts.push(site.label.clone());
    }
    match s.sampled_at {
        Some(at) => parts.push(format!("prélevé le {}", at.french())),
        None => parts.push("heure de prélèvement non connue".to_owned()),
    }
    if let Some(sampler) = s.sampler.as_ref().or(sampler) {
        parts.push(format!("par {}", professional(sampler)));
    }
    if let Some(at) = s.received_at {
        parts.push(format!("reçu le {}", at.french()));
    }
    parts.join(", ")
}
