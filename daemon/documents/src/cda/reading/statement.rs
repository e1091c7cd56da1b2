//! A structured statement as one line of text.

use super::model::{Kind, Statement, Value};
use super::text::{BOLD, styled};
use super::words;

/// One statement on one line: kind, code, value, flag, range, time, method, specimen, people, status.
pub(super) fn line(s: &Statement) -> String {
    let kind = match s.kind {
        Kind::Act if s.is("1.2.250.1.213.1.1.3.32") => "Commentaire",
        Kind::Act => "Acte",
        Kind::Observation if s.link.as_deref() == Some("REFR") => "Antérieur",
        Kind::Observation => "Résultat",
        Kind::Battery => "Batterie",
        Kind::Cluster if s.specimens.iter().any(|x| x.class_code.as_deref() == Some("MIC")) => "Isolat",
        Kind::Cluster => "Groupe",
        Kind::Procedure => "Prélèvement",
        Kind::Media => "Fichier",
        Kind::Other => "Autre",
    };
    let mut parts = vec![kind.to_owned()];
    if let Some(code) = &s.code {
        let all = std::iter::once(code).chain(&code.translations);
        let codes: Vec<String> = all
            .filter_map(|c| {
                Some(format!("{} {}", c.system_name.as_deref().unwrap_or("code"), c.code.as_deref()?))
            })
            .collect();
        let words = code.words().unwrap_or_default();
        parts.push(if codes.is_empty() {
            words.to_owned()
        } else {
            format!("{words} [{}]", codes.join(" ; "))
        });
    }
    parts.extend(s.text.clone());
    for value in &s.values {
        let coded = match value {
            Value::Coded { code } => code.code.as_deref().map(|c| format!(" [{c}]")).unwrap_or_default(),
            _ => String::new(),
        };
        parts.push(format!("= {}{coded}", styled(&words::value(value), BOLD)));
    }
    parts.extend(s.interpretations.iter().filter_map(|i| i.code.clone()));
    parts.extend(s.ranges.iter().map(words::range).filter(|r| !r.is_empty()).map(|r| format!("réf. {r}")));
    parts.extend(s.time.as_ref().and_then(|t| t.french()));
    parts.extend(s.methods.iter().filter_map(|m| m.words()).map(|m| format!("méthode {m}")));
    parts.extend(s.sites.iter().filter_map(|m| m.words()).map(|m| format!("site {m}")));
    for specimen in &s.specimens {
        let words = specimen.code.as_ref().and_then(|c| c.name()).unwrap_or_default();
        let number = specimen.ids.iter().filter_map(|i| i.extension.as_deref()).collect::<Vec<_>>().join(" ");
        parts.push(format!("{words} (n° {number})"));
    }
    for party in &s.parties {
        let role = match (party.role.as_str(), party.type_code.as_deref()) {
            ("performer", _) => "exécuté par",
            ("participant", Some("AUTHEN")) => "validé par",
            ("author", _) => "auteur",
            _ => "avec",
        };
        let device = party.device_code.as_ref().and_then(|c| c.name()).unwrap_or_default();
        parts.push(format!("{role} {}", [words::party(party).as_str(), device].join(" ").trim()));
    }
    parts.extend(s.attachment.clone());
    match s.status.as_deref() {
        Some("completed") | None => {}
        Some("active") => parts.push("en cours".to_owned()),
        Some("aborted") => parts.push("non réalisé".to_owned()),
        Some(other) => parts.push(other.to_owned()),
    }
    parts.retain(|p| !p.is_empty());
    parts.join(" · ")
}
