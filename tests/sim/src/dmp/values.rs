//! Formats of the XDS metadata values (spec/dmp.md §6.4): OIDs, UTC times, patient identifiers,
//! persons, institutions.

use jiff::civil;
use jiff::tz::{Offset, TimeZone};

/// A numeric OID of at most 64 characters.
pub fn is_oid(text: &str) -> bool {
    let arcs: Vec<&str> = text.split('.').collect();
    text.len() <= 64
        && arcs.len() > 1
        && arcs.iter().all(|a| {
            !a.is_empty() && a.bytes().all(|b| b.is_ascii_digit()) && (a.len() == 1 || !a.starts_with('0'))
        })
        && matches!(arcs.first(), Some(&("0" | "1" | "2")))
}

fn number(text: &str, from: usize, to: usize) -> Option<i16> {
    text.get(from..to)?.parse().ok()
}

fn moment(text: &str) -> Option<civil::DateTime> {
    let part = |from, to| number(text, from, to).and_then(|n| i8::try_from(n).ok());
    civil::DateTime::new(
        number(text, 0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?,
        0,
    )
    .ok()
}

/// `YYYYMMDDhhmmss`, an existing moment.
pub fn is_time(text: &str) -> bool {
    text.len() == 14 && text.bytes().all(|b| b.is_ascii_digit()) && moment(text).is_some()
}

/// A CDA time with an offset, brought to UTC `YYYYMMDDhhmmss`; `None` when it has no time of day or
/// no offset, since nothing can then be compared.
pub fn cda_time_utc(text: &str) -> Option<String> {
    let sign = text.find(['+', '-'])?;
    let (clock, zone) = text.split_at_checked(sign)?;
    let clock = clock.split('.').next()?;
    if !(clock.len() == 12 || clock.len() == 14) || zone.len() != 5 {
        return None;
    }
    let seconds = format!("{clock:0<14}");
    let (hours, minutes) = (i32::from(number(zone, 1, 3)?), i32::from(number(zone, 3, 5)?));
    let offset = (hours * 60 + minutes) * 60 * if zone.starts_with('-') { -1 } else { 1 };
    let zone = TimeZone::fixed(Offset::from_seconds(offset).ok()?);
    let utc = moment(&seconds)?.to_zoned(zone).ok()?.with_time_zone(TimeZone::UTC);
    Some(utc.strftime("%Y%m%d%H%M%S").to_string())
}

/// A patient identifier `<matricule>^^^&<OID>&ISO^NH`, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientId {
    /// 15 characters.
    pub matricule: String,
    /// INS authority.
    pub oid: String,
}

/// Reads an INS patient identifier; a seventh component (a date, in the samples) is refused
/// (spec/dmp.md §2.1: do not imitate).
pub fn patient_id(text: &str) -> Option<PatientId> {
    let (matricule, rest) = text.split_once("^^^&")?;
    let oid = rest.strip_suffix("&ISO^NH")?;
    let right = matricule.len() == 15
        && matricule
            .bytes()
            .enumerate()
            .all(|(i, b)| b.is_ascii_digit() || (i == 6 && matches!(b, b'A' | b'B')));
    (right && is_oid(oid)).then(|| PatientId { matricule: matricule.to_owned(), oid: oid.to_owned() })
}

/// Reads a CX `<id>^^^&<OID>&ISO^<type>`: identifier, OID, type.
pub fn cx(text: &str) -> Option<(&str, &str, &str)> {
    let (id, rest) = text.split_once("^^^&")?;
    let (oid, kind) = rest.split_once("&ISO^")?;
    (!id.is_empty() && is_oid(oid) && !kind.is_empty()).then_some((id, oid, kind))
}

/// An XCN of a person or a device: identifier, name, assigning OID, name type, identifier type.
pub fn is_xcn(text: &str) -> bool {
    let c: Vec<&str> = text.split('^').collect();
    let part = |i: usize| c.get(i).copied().unwrap_or_default();
    let authority = part(8).strip_prefix('&').and_then(|a| a.strip_suffix("&ISO"));
    c.len() == 13
        && !part(0).is_empty()
        && !part(1).is_empty()
        && authority.is_some_and(is_oid)
        && matches!(part(9), "D" | "U" | "L")
        && matches!(part(12), "IDNPS" | "EI" | "RI")
}

/// An XON `<raison sociale>^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^<Struct_IdNat>`: the structure.
pub fn institution(text: &str) -> Option<&str> {
    let c: Vec<&str> = text.split('^').collect();
    let right = c.len() == 10
        && c.first().is_some_and(|n| !n.is_empty())
        && c.get(5) == Some(&"&1.2.250.1.71.4.2.2&ISO")
        && c.get(6) == Some(&"IDNST");
    c.get(9).copied().filter(|id| right && !id.is_empty())
}

/// `<code>^<libellé>^<OID>`.
pub fn is_specialty(text: &str) -> bool {
    let c: Vec<&str> = text.split('^').collect();
    matches!(c.as_slice(), [code, label, oid] if !code.is_empty() && !label.is_empty() && is_oid(oid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oids_are_numeric_and_short() {
        assert!(is_oid("1.2.250.1.213.1.4.10"));
        for ko in ["", "1", "1..2", "1.02", "3.1", "1.2.a", "1.2^x", &format!("1.{}", "9".repeat(63))] {
            assert!(!is_oid(ko), "{ko}");
        }
    }

    #[test]
    fn times_exist_and_cda_times_are_brought_to_utc() {
        assert!(is_time("20240229235959"));
        for ko in ["20230229000000", "20240101", "20240101000000+0100", "20240101250000"] {
            assert!(!is_time(ko), "{ko}");
        }
        assert_eq!(cda_time_utc("20210401171000+0200").as_deref(), Some("20210401151000"));
        assert_eq!(cda_time_utc("202012312330-0400").as_deref(), Some("20210101033000"));
        assert_eq!(cda_time_utc("20210401"), None);
        assert_eq!(cda_time_utc("20210401171000"), None);
    }

    #[test]
    fn values_have_the_national_forms() {
        assert!(patient_id("207058575627097^^^&1.2.250.1.213.1.4.10&ISO^NH").is_some());
        assert!(patient_id("297022A02077878^^^&1.2.250.1.213.1.4.8&ISO^NH").is_some());
        assert!(patient_id("207058575627097^^^&1.2.250.1.213.1.4.10&ISO^NH^^20100907").is_none());
        assert!(is_xcn("899900063480^MAX^LIBRE^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"));
        assert!(is_xcn("1.2.3^Modele^Paillasse^^^^^^&1.2.3.4&ISO^U^^^RI"));
        assert!(!is_xcn("MAX LIBRE"));
        let xon = "CABINET DR LIBRE^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^499900063480001";
        assert_eq!(institution(xon), Some("499900063480001"));
        assert_eq!(institution("CABINET^^^^^&1.2.3&ISO^IDNST^^^4999"), None);
        assert!(is_specialty("G15_10/SM03^Médecin - Biologie médicale (SM)^1.2.250.1.213.1.1.4.5"));
    }
}
