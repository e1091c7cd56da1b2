//! French words for what was read: dates, names, addresses, values.

use super::model::{Bound, Name, Org, Party, Range, Value};

/// `20240304073500+0100` as `04/03/2024 07:35`; what is not a date is left as it is.
#[must_use]
pub fn date(hl7: &str) -> String {
    let digits = hl7.bytes().take_while(u8::is_ascii_digit).count();
    let part = |from: usize, to: usize| hl7.get(from..to).unwrap_or_default();
    let day = |text: &str| text.to_owned();
    match digits {
        4 => day(part(0, 4)),
        6 => format!("{}/{}", part(4, 6), part(0, 4)),
        8..=11 => format!("{}/{}/{}", part(6, 8), part(4, 6), part(0, 4)),
        12.. => format!("{}/{}/{} {}:{}", part(6, 8), part(4, 6), part(0, 4), part(8, 10), part(10, 12)),
        _ => hl7.to_owned(),
    }
}

/// `Dr Marcel CAMPARINI`.
#[must_use]
pub fn name(name: &Name) -> String {
    let lead = match (name.suffix.as_deref(), name.prefix.as_deref()) {
        (Some("DR"), _) | (None, Some("DR")) => "Dr",
        (Some("PR"), _) | (None, Some("PR")) => "Pr",
        (_, Some("M")) => "M.",
        (_, Some("MME")) => "Mme",
        (_, Some(other)) | (Some(other), None) => other,
        (None, None) => "",
    };
    let first = |list: &[(Option<String>, String)]| list.first().map(|(_, t)| t.clone()).unwrap_or_default();
    let parts = [lead.to_owned(), first(&name.given), first(&name.family)];
    parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ")
}

/// `tel:0149154578` as `Tél. 01 49 15 45 78`.
#[must_use]
pub fn telecom(value: &str) -> String {
    let (scheme, rest) = value.split_once(':').unwrap_or(("", value));
    let number = || {
        if rest.len() == 10 && rest.starts_with('0') && rest.bytes().all(|b| b.is_ascii_digit()) {
            let pair = |i: usize| rest.get(2 * i..2 * i + 2).unwrap_or_default();
            (0..5).map(pair).collect::<Vec<_>>().join(" ")
        } else {
            rest.to_owned()
        }
    };
    match scheme.to_ascii_lowercase().as_str() {
        "tel" => format!("Tél. {}", number()),
        "fax" => format!("Fax {}", number()),
        "mailto" if rest.contains("mssante.fr") => format!("MSSanté {rest}"),
        _ => rest.to_owned(),
    }
}

/// Name of an organization with its addresses.
#[must_use]
pub fn organization(o: &Org) -> String {
    let name = o.name.clone().or_else(|| o.ids.first().and_then(|id| id.extension.clone()));
    name.unwrap_or_else(|| "structure sans nom".to_owned())
}

/// Who takes part, in one phrase.
#[must_use]
pub fn party(p: &Party) -> String {
    let device = p.device.as_ref().map(|(model, software)| {
        [model, software].into_iter().flatten().cloned().collect::<Vec<_>>().join(", ")
    });
    let who = p.name.as_ref().map(name).filter(|n| !n.is_empty()).or(device);
    let org = p.organization.as_ref().map(organization);
    [who, org].into_iter().flatten().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(", ")
}

fn number(text: &str) -> String {
    text.replace('.', ",")
}

fn with_unit(text: String, unit: Option<&str>) -> String {
    match unit.filter(|u| !u.is_empty() && *u != "1") {
        Some(unit) => format!("{text} {unit}"),
        None => text,
    }
}

fn interval(low: Option<&Bound>, high: Option<&Bound>) -> String {
    let sign = |b: &Bound, inside: &'static str, outside: &'static str| {
        let sign = if b.inclusive { inside } else { outside };
        with_unit(format!("{sign} {}", number(&b.value)), b.unit.as_deref())
    };
    match (low, high) {
        (Some(low), Some(high)) => {
            with_unit(format!("{} – {}", number(&low.value), number(&high.value)), high.unit.as_deref())
        }
        (Some(low), None) => sign(low, "≥", ">"),
        (None, Some(high)) => sign(high, "≤", "<"),
        (None, None) => String::new(),
    }
}

/// A value with its unit.
#[must_use]
pub fn value(value: &Value) -> String {
    match value {
        Value::Number { value, unit, translations } => {
            let first = with_unit(number(value), unit.as_deref());
            let others: Vec<String> =
                translations.iter().map(|(v, u)| with_unit(number(v), u.as_deref())).collect();
            if others.is_empty() { first } else { format!("{first} ({})", others.join(" ; ")) }
        }
        Value::Interval { low, high } => interval(low.as_ref(), high.as_ref()),
        Value::Ratio { numerator, denominator } => {
            format!("{}/{}", number(&numerator.value), number(&denominator.value))
        }
        Value::Coded { code } => code.words().unwrap_or_default().to_owned(),
        Value::Text { text } | Value::Other { text, .. } => text.clone(),
        Value::Time { time } => time.french().unwrap_or_default(),
        Value::Null { flavor } => format!("(absent : {flavor})"),
    }
}

/// A reference range.
#[must_use]
pub fn range(r: &Range) -> String {
    let bounds = r.value.as_ref().map(value).unwrap_or_default();
    let mut parts = vec![bounds];
    parts.extend(r.text.clone());
    parts.extend(r.conditions.iter().cloned());
    parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(", ")
}
