//! Who a message is about: PID (with ZFD-1), and the visit of PV1-19 or PID-18 (fact sheet §4.2, PAM France 2.11).
//!
//! Nothing is decided here: names stay as received, an INS is only recognised by its form. Deliberately not here:
//! movements, merging events (A40, A47), every segment that is not about the person.

use super::message::{Message, Part, Segment};
use super::read::{ReadError, read_header};
use super::results::{Header, PatientHints, PatientIdentifier};
use super::time::Hl7Time;

/// Most identifiers of one person read from PID-3, and most repetitions of names, addresses and reliability codes.
const MAX_PARTS: usize = 100;

/// The person a message is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundIdentity {
    /// MSH.
    pub header: Header,
    /// PID.
    pub person: PatientHints,
    /// PV1-19, else PID-18: the stay or the administrative file at the sender's.
    pub visit: Option<String>,
}

/// Reads the person of any HL7 v2 message that has a PID, whatever its type.
///
/// # Errors
/// [`ReadError`]; a message without PID is [`ReadError::Missing`] (PID-3), one with several is
/// [`ReadError::Unsupported`]: which of them is meant would be a guess.
pub fn read_identity(bytes: &[u8]) -> Result<InboundIdentity, ReadError> {
    let message = Message::parse(bytes)?;
    let header = read_header(&message)?;
    let mut found: Option<PatientHints> = None;
    let (mut stay, mut file) = (None, None);
    for segment in message.segments().skip(1) {
        match segment.name() {
            "PID" if found.is_some() => return Err(ReadError::Unsupported(Box::new(header))),
            "PID" => {
                file = segment.field(18).simple();
                found = Some(person(segment));
            }
            "PV1" => stay = stay.or_else(|| segment.field(19).simple()),
            // Day, month and year apart, as a lunar date needs them.
            "ZFD" => {
                if let Some(p) = &mut found {
                    p.lunar_date = lunar(segment.field(1));
                }
            }
            _ => {}
        }
    }
    let person = found.ok_or(ReadError::Missing { segment: "PID", field: 3 })?;
    Ok(InboundIdentity { header, person, visit: stay.or(file) })
}

fn parts(field: Part<'_>, most: usize) -> impl Iterator<Item = Part<'_>> {
    let none = field.is_empty();
    field.repetitions().take(most).filter(move |_| !none)
}

/// PID, read. Repetitions past the limits are left in the raw message.
pub(super) fn person(pid: Segment<'_>) -> PatientHints {
    let identifiers = parts(pid.field(3), MAX_PARTS)
        .filter_map(|part| {
            let authority = part.component(4);
            Some(PatientIdentifier {
                value: part.component(1).value()?,
                authority: authority
                    .subcomponent(2)
                    .value()
                    .or_else(|| authority.subcomponent(1).value())
                    .unwrap_or_default(),
                kind: part.component(5).text(),
            })
        })
        .collect();
    let kind = |p: &Part<'_>| p.component(7).text();
    let names: Vec<Part<'_>> = parts(pid.field(5), MAX_PARTS).collect();
    // The name of birth is the repetition of type L; senders that say no type put it first.
    let birth = names.iter().find(|p| kind(p) == "L").or_else(|| names.first());
    let used = names.iter().find(|p| kind(p) == "D");
    PatientHints {
        identifiers,
        family_name: birth.and_then(|p| p.component(1).subcomponent(1).value()),
        given_name: birth.and_then(|p| p.component(2).value()),
        given_names: birth.and_then(|p| p.component(3).value()),
        used_name: used.and_then(|p| p.component(1).subcomponent(1).value()),
        used_first_name: used.and_then(|p| p.component(2).value()),
        birth_date: Hl7Time::parse(&pid.field(7).component(1).text()),
        lunar_date: None,
        birth_place: parts(pid.field(11), MAX_PARTS)
            .find(|p| kind(p) == "BDL")
            .and_then(|p| p.component(9).value()),
        sex: pid.field(8).simple(),
        reliability: parts(pid.field(32), MAX_PARTS).filter_map(|p| p.component(1).value()).collect(),
    }
}

/// `AAAA-MM-JJ` from ZFD-1, an array of day, month and year, each perhaps 00.
fn lunar(field: Part<'_>) -> Option<String> {
    let number = |n: usize| -> Option<u16> {
        let text = field.component(n).text();
        (text.len() <= 4).then(|| text.parse().ok()).flatten()
    };
    let (day, month, year) = (number(1)?, number(2)?, number(3)?);
    (day <= 31 && month <= 12 && year >= 1000).then(|| format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> Vec<u8> {
        format!("MSH|^~\\&|DPI|CLINIQUE|P|L|20260110100000||ADT^A28^ADT_A05|C1|P|2.5|||||FRA|UNICODE UTF-8\r{body}")
            .into_bytes()
    }

    #[test]
    fn the_person_is_read_as_pam_france_writes_one() {
        let read = read_identity(&message(
            "EVN||20260110\rPID|1||77^^^CLINIQUE&1.2.3&ISO^PI~280039910004218^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.10&ISO^INS||\
             EXEMPLE^ZOE^ZOE MARIE^^^^L~MODELE^ZOE^^^^^D||19800312|F|||^^LYON^^^^H~^^^^^^BDL^^69382|||||||555^^^X^AN||||||||||||||VALI~HOMD\r\
             PV1|1|I|||||||||||||||||S99\rZFD|00^00^1980\r",
        ))
        .unwrap();
        let p = &read.person;
        assert_eq!(p.identifiers[1].kind, "INS");
        assert_eq!(p.identifiers[1].authority, "1.2.250.1.213.1.4.10");
        assert_eq!(p.family_name.as_deref(), Some("EXEMPLE"));
        assert_eq!(p.given_names.as_deref(), Some("ZOE MARIE"));
        assert_eq!((p.used_name.as_deref(), p.sex.as_deref()), (Some("MODELE"), Some("F")));
        assert_eq!(p.birth_place.as_deref(), Some("69382"));
        assert_eq!(p.reliability, ["VALI", "HOMD"]);
        assert_eq!(p.lunar_date.as_deref(), Some("1980-00-00"));
        assert_eq!(read.visit.as_deref(), Some("S99"));
    }

    #[test]
    fn one_person_and_no_more() {
        assert!(matches!(
            read_identity(&message("EVN||2026\r")),
            Err(ReadError::Missing { segment: "PID", .. })
        ));
        let two = message("PID|1||1||A^B\rPID|2||2||C^D\r");
        assert!(matches!(read_identity(&two), Err(ReadError::Unsupported(_))));
    }
}
