//! What may be typed on the command line, parsed into types at the edge.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use paillasse_shared::domain::dossier::DossierState;
use paillasse_shared::domain::identity::normalise::fold;
use paillasse_shared::domain::identity::{Attribute, DeviceKind};
use paillasse_shared::domain::order::{OrderState, Service};
use paillasse_shared::protocol::document::Form;
use paillasse_shared::protocol::received::ReceivedForm;
use serde::Serialize;

/// A thing by its id, or by the number of its dossier (`26-118733`), which always has a hyphen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// By id.
    Id(i64),
    /// By number of dossier.
    Number(String),
}

impl FromStr for Target {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        let fits = text.len() <= 40
            && text.contains('-')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if fits {
            Ok(Self::Number(text.to_owned()))
        } else {
            Err("il faut un identifiant ou un numéro de dossier".into())
        }
    }
}

/// A duration such as `30s`, `20m`, `1h30m`; a bare number counts seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "il faut une durée, par exemple 30s, 20m ou 1h".to_owned();
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Ok(Duration::from_secs(seconds.into()));
    }
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(parsed).map_err(|_| wrong())
}

/// A time: `JJ/MM/AAAA HH:MM` or `AAAA-MM-JJ HH:MM` of the local zone, or RFC 3339 with its zone.
pub fn time(text: &str) -> Result<Timestamp, String> {
    time_in(text, &TimeZone::system())
}

fn time_in(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    DateTime::strptime("%d/%m/%Y %H:%M", text)
        .or_else(|_| text.parse())
        .and_then(|civil| zone.to_timestamp(civil))
        .map_err(|_| "il faut une date et une heure, par exemple « 22/11/2026 07:05 »".to_owned())
}

/// A number of lines.
pub fn count(text: &str) -> Result<u16, String> {
    text.trim()
        .parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| format!("il faut un nombre, de 1 à {}", u16::MAX))
}

/// A whole number.
pub fn number(text: &str) -> Result<i64, String> {
    text.trim().parse().map_err(|_| "il faut un nombre".to_owned())
}

/// One of `all`, by its name on the wire (hyphens or underscores) or by the word shown.
fn choice<T: Copy + Serialize>(
    text: &str,
    all: &[T],
    label: impl Fn(T) -> &'static str,
) -> Result<T, String> {
    let name = |t: T| match serde_json::to_value(t) {
        Ok(serde_json::Value::String(name)) => name.replace('_', "-"),
        _ => String::new(),
    };
    let typed = fold(text).replace([' ', '_'], "-");
    all.iter()
        .copied()
        .find(|t| fold(&name(*t)) == fold(&typed) || fold(label(*t)).replace(' ', "-") == typed)
        .ok_or_else(|| {
            format!("choix possibles : {}", all.iter().map(|t| name(*t)).collect::<Vec<_>>().join(", "))
        })
}

/// A service: `insi`, `dmp`, `mss`.
pub fn service(text: &str) -> Result<Service, String> {
    choice(text, &Service::ALL, Service::label)
}

/// A queue of the outbox: a service, or the verifications of identities.
pub fn queue(text: &str) -> Result<Service, String> {
    let codes = || Service::QUEUES.map(Service::code).join(", ");
    Service::parse(text)
        .or_else(|| service(text).ok())
        .ok_or_else(|| format!("choix possibles : {}", codes()))
}

/// State of an order.
pub fn order_state(text: &str) -> Result<OrderState, String> {
    use OrderState as S;
    let all = [S::Held, S::Scheduled, S::Leased, S::Unknown, S::Delivered, S::Parked, S::Cancelled];
    choice(text, &all, S::label)
}

/// State of a dossier.
pub fn dossier_state(text: &str) -> Result<DossierState, String> {
    use DossierState as S;
    choice(text, &[S::Registered, S::InProgress, S::ToValidate, S::Partial, S::Complete], S::label)
}

/// Attribute of an identity.
pub fn attribute(text: &str) -> Result<Attribute, String> {
    use Attribute as A;
    choice(text, &[A::Homonyme, A::Douteux, A::Fictif], A::label)
}

/// Device shown by the patient.
pub fn device(text: &str) -> Result<DeviceKind, String> {
    DeviceKind::parse(text).ok_or_else(|| {
        "choix possibles : cni, passeport, sejour, france-identite, circulation, livret, acte, permis, vitale".into()
    })
}

/// Form of a document.
pub fn form(text: &str) -> Result<Form, String> {
    Form::parse(text).ok_or_else(|| "choix possibles : cda, pdf, html, text, xdm".into())
}

/// A view of a received document.
pub fn received_form(text: &str) -> Result<ReceivedForm, String> {
    ReceivedForm::parse(text)
        .ok_or_else(|| "choix possibles : pdf, text, header, structured, html, cda".into())
}

/// `oui` or `non`.
pub fn yes_no(text: &str) -> Result<bool, String> {
    match fold(text).as_str() {
        "OUI" | "O" => Ok(true),
        "NON" | "N" => Ok(false),
        _ => Err("choix possibles : oui, non".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hyphen_makes_a_dossier_number() {
        assert_eq!("12".parse(), Ok(Target::Id(12)));
        assert_eq!(" 26-118733 ".parse(), Ok(Target::Number("26-118733".into())));
        assert!("DUPONT".parse::<Target>().is_err());
    }

    #[test]
    fn durations_and_times_as_people_write_them() {
        assert_eq!(duration("20m"), Ok(Duration::from_secs(1200)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("45"), Ok(Duration::from_secs(45)));
        assert!(duration("-5s").is_err() && duration("vingt").is_err());
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let expected: Timestamp = "2026-11-22T06:05:00Z".parse().unwrap();
        for text in ["22/11/2026 07:05", "2026-11-22 07:05", "2026-11-22T06:05:00Z"] {
            assert_eq!(time_in(text, &zone), Ok(expected), "{text}");
        }
    }

    #[test]
    fn choices_are_known_by_wire_name_and_by_word() {
        for text in ["to-validate", "to_validate", "à valider", "A-VALIDER"] {
            assert_eq!(dossier_state(text), Ok(DossierState::ToValidate), "{text}");
        }
        assert_eq!(order_state("remis"), Ok(OrderState::Delivered));
        assert_eq!(service("MSSanté"), Ok(Service::Mss));
        assert!(service("ftp").unwrap_err().contains("insi, dmp, mss"));
        assert_eq!(queue("ins-verify"), Ok(Service::Verify));
        assert_eq!(queue("MSSanté"), Ok(Service::Mss));
    }
}
